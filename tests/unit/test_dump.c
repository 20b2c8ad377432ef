/* SPDX-License-Identifier: Apache-2.0 */
/* The headers of a dump: what a tool finds in memory, and what ELF readers make of it. */
#include <stdlib.h>
#include "arch/host/host.h"
#include "core/base/memory.h"
#include "core/dump.h"
#include "core/spec/dump.h"
#include "core/spec/elf.h"
#include "core/spec/pstate.h"
#include "tests/unit/test.h"

extern struct dump_table quoin_dumps;

static struct vm vm;
static struct vm_config cfg;
static struct vcpu vcpu[3];
static struct thread life;

static void setup(void)
{
	host_init();
	memset(&vm, 0, sizeof(vm));
	memset(&cfg, 0, sizeof(cfg));
	memset(vcpu, 0, sizeof(vcpu));
	memset(&life, 0, sizeof(life));
	life.state = THREAD_RUNNING;
	snprintf(cfg.name, sizeof(cfg.name), "boiler");
	vm.cfg = &cfg;
	vm.id = 2;
	vm.thread = &life;
	vm.vcpu_count = 3;
	for (u32 i = 0; i < 3; i++) {
		vm.vcpu[i] = &vcpu[i];
		vcpu[i].id = i;
		vcpu[i].vm = &vm;
	}
	vcpu[0].pc = 0x80001000;
	vcpu[0].pstate = PSTATE_EL1H;
	vcpu[0].x[30] = 0x1234;
	vcpu[0].regs.sp_el1 = 0xe1;
	vcpu[0].regs.sp_el0 = 0xe0;
	vcpu[0].regs.ttbr1 = 0x88;
	vcpu[0].regs.q[31] = 0x55;
	vcpu[2].pc = 0x80002000; /* at EL0; vCPU 1 has never run */
	vcpu[2].regs.sp_el1 = 0xf1;
	vcpu[2].regs.sp_el0 = 0xf0;
	vm.ram_count = 2;
	vm.ram[0] = (struct vm_ram){ .ipa = 0x80000000, .size = 0x3000, .pa = mem_range_alloc(0x3000, PAGE_SIZE, 0) };
	vm.ram[1] = (struct vm_ram){ .ipa = 0x1000, .size = 0x1000, .pa = mem_range_alloc(0x1000, PAGE_SIZE, 0),
				     .rom = true };
}

/* The n-th note of that type: its contents, NULL if there is none. */
static const void *find_note(const u8 *notes, u64 size, const char *name, u32 type, u32 n)
{
	for (u64 at = 0; at + sizeof(struct core_note) <= size;) {
		struct core_note h;

		memcpy(&h, notes + at, sizeof(h));
		CHECK(h.namesz > 4 && h.namesz <= 8 && h.descsz % 4 == 0);
		if (h.type == type && strcmp(h.name, name) == 0 && n-- == 0) {
			return notes + at + sizeof(h);
		}
		at += sizeof(h) + h.descsz;
	}
	return NULL;
}

static void headers(void)
{
	const struct dump_area *a;
	const u8 *start, *notes;
	struct core_prstatus s;
	struct core_sysregs sys;
	struct elf_segment seg[3];
	struct elf_header h;

	setup();
	vm.culprit = &vcpu[2];
	vm.end = VM_END_KILLED;
	REQUIRE(dump_make(&vm) == 0);
	CHECK_MEM(quoin_dumps.magic, DUMP_MAGIC, 8);
	CHECK_EQ(quoin_dumps.version, DUMP_VERSION);
	CHECK_EQ(quoin_dumps.area[1], 0);
	REQUIRE(quoin_dumps.area[2] != 0);
	a = pa_ptr(quoin_dumps.area[2]);
	CHECK_EQ(a->state, DUMP_READY);
	CHECK_STR(a->name, "boiler");
	CHECK_EQ(a->pieces, 2);
	CHECK_EQ(a->piece[0].pa, vm.ram[0].pa);
	CHECK_EQ(a->piece[1].size, 0x1000);

	start = (const u8 *)a + DUMP_HEADER_OFF;
	memcpy(&h, start, sizeof(h));
	CHECK_EQ(h.magic, ELF_MAGIC);
	CHECK_EQ(h.type, ELF_CORE);
	CHECK_EQ(h.machine, ELF_AARCH64);
	REQUIRE(h.phnum == 3 && h.phoff == 64 && h.phentsize == 56);
	memcpy(seg, start + h.phoff, sizeof(seg));
	CHECK_EQ(seg[0].type, SEGMENT_NOTE);
	CHECK_EQ(seg[0].offset + seg[0].filesz, a->header_size);
	CHECK_EQ(seg[1].type, SEGMENT_LOAD);
	CHECK_EQ(seg[1].offset, a->header_size);
	CHECK_EQ(seg[1].vaddr, 0x80000000);
	CHECK_EQ(seg[1].flags, 7);
	CHECK_EQ(seg[2].offset, a->header_size + 0x3000);
	CHECK_EQ(seg[2].paddr, 0x1000);
	CHECK_EQ(seg[2].flags, 5);

	/* The culprit first; the one that never ran is not there. */
	notes = start + seg[0].offset;
	REQUIRE(find_note(notes, seg[0].filesz, "CORE", NT_PRSTATUS, 1) != NULL);
	CHECK(find_note(notes, seg[0].filesz, "CORE", NT_PRSTATUS, 2) == NULL);
	memcpy(&s, find_note(notes, seg[0].filesz, "CORE", NT_PRSTATUS, 0), sizeof(s));
	CHECK_EQ(s.pid, 3);
	CHECK_EQ(s.cursig, 9);
	CHECK_EQ(s.pc, 0x80002000);
	CHECK_EQ(s.sp, 0xf0);
	memcpy(&s, find_note(notes, seg[0].filesz, "CORE", NT_PRSTATUS, 1), sizeof(s));
	CHECK_EQ(s.pid, 1);
	CHECK_EQ(s.sp, 0xe1);
	CHECK_EQ(s.x[30], 0x1234);
	memcpy(&sys, find_note(notes, seg[0].filesz, "Quoin", NT_QUOIN_SYSREGS, 1), sizeof(sys));
	CHECK_EQ(sys.ttbr1, 0x88);
	CHECK_EQ(((const u8 *)find_note(notes, seg[0].filesz, "CORE", NT_FPREGSET, 1))[31 * 16], 0x55);
	dump_free(&vm);
	CHECK_EQ(quoin_dumps.area[2], 0);
}

/* The life-cycle thread is woken until somebody has fetched it, and nothing runs on behind. */
static void fetched(void)
{
	u64 before = mem_free_bytes();
	struct dump_area *a;

	setup();
	before = mem_free_bytes();
	REQUIRE(dump_reserve(&vm) == 0);
	CHECK(!dump_ready(&vm) && !dump_fetched(&vm));
	REQUIRE(dump_make(&vm) == 0);
	a = pa_ptr(quoin_dumps.area[2]);
	CHECK(dump_ready(&vm));
	host_pass_ns(1);
	CHECK(life.wake_pending);
	life.wake_pending = 0;
	host_pass_ns(150 * 1000000);
	CHECK(life.wake_pending);
	a->state = DUMP_FETCHED;
	CHECK(!dump_ready(&vm) && dump_fetched(&vm));
	host_pass_ns(150 * 1000000);
	life.wake_pending = 0;
	host_pass_ns(1000UL * 1000000);
	CHECK(!life.wake_pending);
	dump_drop(&vm);
	CHECK(!dump_ready(&vm) && !dump_fetched(&vm));
	REQUIRE(dump_make(&vm) == 0); /* in the same area */
	CHECK_EQ(quoin_dumps.area[2], ptr_pa(a));
	dump_free(&vm);
	dump_free(&vm);
	CHECK_EQ(mem_free_bytes(), before);
	host_pass_ns(1000UL * 1000000);
}

static void who_is_held(void)
{
	setup();
	for (u32 end = VM_END_NONE; end <= VM_END_RESTART; end++) {
		bool crash = end == VM_END_KILLED || end == VM_END_UNSUPPORTED || end == VM_END_DEVICE;

		vm.end = (u8)end;
		vm.hold = false;
		cfg.dump = NULL;
		CHECK(!dump_wanted(&vm));
		cfg.dump = "/tmp";
		CHECK_EQ(dump_wanted(&vm), crash);
		cfg.dump = NULL;
		vm.hold = true;
		CHECK_EQ(dump_wanted(&vm), end == VM_END_WATCHDOG);
	}
}

TEST_MAIN(RUN(headers), RUN(fetched), RUN(who_is_held))
