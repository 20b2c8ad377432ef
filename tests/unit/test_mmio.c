/* SPDX-License-Identifier: Apache-2.0 */
/* Data and instruction aborts of a guest: decoding, windows, addresses that hold nothing. */
#include "tests/unit/test.h"
#include "tests/unit/guest_util.h"

/* ISS of a data abort with a valid description (ARM ARM D24.2.37), bit by bit. */
static u64 iss(unsigned int sas, bool sse, unsigned int srt, bool sf, bool write)
{
	return BIT(24) | (u64)sas << 22 | (u64)sse << 21 | (u64)srt << 16 | (u64)sf << 15 |
	       (u64)write << 6 | 0x7;
}

static void loads_fill_the_register_as_the_instruction_says(void)
{
	static const struct {
		unsigned int sas;
		bool sse, sf;
		u64 want;
	} t[] = {
		{ 0, false, false, 0x00000000000000f1 }, /* LDRB */
		{ 1, false, false, 0x000000000000f2f1 }, /* LDRH */
		{ 2, false, false, 0x00000000f4f3f2f1 }, /* LDR W */
		{ 3, false, true, 0xf8f7f6f5f4f3f2f1 },  /* LDR X */
		{ 0, true, false, 0x00000000fffffff1 },  /* LDRSB W */
		{ 0, true, true, 0xfffffffffffffff1 },   /* LDRSB X */
		{ 1, true, false, 0x00000000fffff2f1 },  /* LDRSH W */
		{ 1, true, true, 0xfffffffffffff2f1 },   /* LDRSH X */
		{ 2, true, true, 0xfffffffff4f3f2f1 },   /* LDRSW */
	};
	struct guest *g = guest_new();

	g->value = 0xf8f7f6f5f4f3f2f1;
	for (unsigned int i = 0; i < ARRAY_SIZE(t); i++) {
		guest_rewind(g);
		g->v->x[7] = 0x1111222233334444;
		guest_abort(g, G_DEV + 0x10, iss(t[i].sas, t[i].sse, 7, t[i].sf, false));
		CHECK_EQ(g->v->x[7], t[i].want);
		CHECK_EQ(g->accesses, 1);
		CHECK_EQ(g->last[0].off, 0x10);
		CHECK_EQ(g->last[0].size, 1u << t[i].sas);
		CHECK(!g->last[0].write);
		CHECK_EQ(read_elr_el2(), G_PC + 4);
	}
	guest_free(g);
}

static void stores_carry_the_accessed_bytes_only(void)
{
	static const u64 want[4] = { 0xf1, 0xf2f1, 0xf4f3f2f1, 0xf8f7f6f5f4f3f2f1 };
	struct guest *g = guest_new();

	for (unsigned int sas = 0; sas < 4; sas++) {
		guest_rewind(g);
		g->v->x[30] = 0xf8f7f6f5f4f3f2f1;
		guest_abort(g, G_DEV + 0xff8, iss(sas, false, 30, sas == 3, true));
		CHECK_EQ(g->last[0].val, want[sas]);
		CHECK_EQ(g->last[0].size, 1u << sas);
		CHECK(g->last[0].write);
		CHECK_EQ(g->v->x[30], 0xf8f7f6f5f4f3f2f1);
		CHECK_EQ(read_elr_el2(), G_PC + 4);
	}
	guest_free(g);
}

static void register_31_is_zero_and_nowhere(void)
{
	struct guest *g = guest_new();

	g->v->pc = 0xaaaa;
	g->value = 0x55;
	for (int i = 0; i < 2; i++) { /* the general path, then the short one */
		guest_abort(g, G_DEV, iss(2, false, 31, false, false));
		CHECK_EQ(g->v->pc, 0xaaaa); /* what lies behind x[30] */
		guest_abort(g, G_DEV, iss(2, false, 31, false, true));
		CHECK_EQ(g->last[(g->accesses - 1) % 4].val, 0);
	}
	CHECK_EQ(g->accesses, 4);
	guest_free(g);
}

struct outcome {
	u64 x[31], elr, spsr, elr1, esr1, far1;
	struct mmio last;
	unsigned int accesses;
	u8 state, end;
};

/* The same device through word handlers. */
static u32 device_read32(void *arg, struct vcpu *v, u64 off)
{
	struct mmio m = { .off = off, .size = 4 };

	(void)guest_device(arg, v, &m);
	return (u32)m.val;
}

static void device_write32(void *arg, struct vcpu *v, u64 off, u32 val)
{
	struct mmio m = { .off = off, .val = val, .size = 4, .write = true };

	(void)guest_device(arg, v, &m);
}

enum path { GENERAL, SHORT, WORDS, GENERAL_WORDS };

static struct outcome run(u64 addr, u64 the_iss, u64 spsr, enum path path, enum mmio_result result)
{
	struct guest *g = guest_new();
	struct outcome o;

	if (path >= WORDS) {
		mmio_set_words(&g->vm, G_DEV, device_read32, device_write32);
	}
	if (path == SHORT || path == WORDS) {
		(void)mmio_find(g->v, G_DEV);
	}
	for (unsigned int i = 0; i < 31; i++) {
		g->v->x[i] = 0x0123456789abcdef * (i + 1);
	}
	g->value = 0x8877665544332211;
	g->result = result;
	write_spsr_el2(spsr);
	guest_abort(g, addr, the_iss);
	memset(&o, 0, sizeof(o));
	memcpy(o.x, g->v->x, sizeof(o.x));
	o.elr = read_elr_el2();
	o.spsr = read_spsr_el2();
	o.elr1 = read_elr_el1();
	o.esr1 = read_esr_el1();
	o.far1 = read_far_el1();
	o.last.off = g->last[0].off;
	o.last.val = g->last[0].val;
	o.last.size = g->last[0].size;
	o.last.write = g->last[0].write;
	o.accesses = g->accesses;
	o.state = g->vm.state;
	o.end = g->vm.end;
	guest_free(g);
	return o;
}

/* The path in front of the general one is taken when the window was hit before: same results. */
static void short_path_equals_the_general_one(void)
{
	static const u64 addrs[] = { G_DEV, G_DEV + 4, G_DEV + 2, G_DEV + 0xffc, G_DEV + 0xffe,
				     G_DEV + 0xfff, G_DEV + 0x1000, G_HOLE, G_RAM };
	static const u64 fsc[] = { 0x0, 0x4, 0x5, 0x6, 0x7, 0xb, 0xf, 0x10, 0x17, 0x21, 0x30 };
	static const u64 spsrs[] = { 0x3c5, 0x0, 0xc05, 0x10, 0x30 };
	unsigned int n = 0;

	for (unsigned int flags = 0; flags < 1024; flags++) {
		/* ISV, SAS, SSE, SF, S1PTW, CM, WnR, FnV, half of SRT */
		u64 i = (u64)(flags & 1) << 24 | (u64)((flags >> 1) & 3) << 22 |
			(u64)((flags >> 3) & 1) << 21 | (u64)((flags >> 4) & 1) << 15 |
			(u64)((flags >> 5) & 1) << 7 | (u64)((flags >> 6) & 1) << 8 |
			(u64)((flags >> 7) & 1) << 6 | (u64)((flags >> 8) & 1) << 10 |
			((flags >> 9) & 1 ? 31UL << 16 : 5UL << 16);
		u64 f = fsc[n % ARRAY_SIZE(fsc)], a = addrs[flags % ARRAY_SIZE(addrs)];
		u64 s = spsrs[n % ARRAY_SIZE(spsrs)];
		enum mmio_result r = n % 7 == 0 ? MMIO_ABORT : MMIO_DONE;
		struct outcome cold, warm;

		/* ISV goes with none of these (ARM ARM D24.2.37). */
		if ((i & (BIT(7) | BIT(8) | BIT(10))) != 0 || f > 0xf) {
			i &= ~BIT(24);
		}
		n++;
		/* The fault code 0 stands for "default" in guest_abort(); all runs are alike. */
		cold = run(a, i | f, s, GENERAL, r);
		for (enum path p = SHORT; p <= GENERAL_WORDS; p++) {
			if (p >= WORDS && r != MMIO_DONE) {
				continue; /* word handlers cannot refuse */
			}
			warm = run(a, i | f, s, p, r);
			if (memcmp(&cold, &warm, sizeof(cold)) != 0) {
				test_fail(__FILE__, __LINE__,
					  "path %d: flags %#x fsc %#lx addr %#lx differ", p, flags,
					  f, a);
			}
		}
	}
	/* And the plain case really does something. */
	CHECK_EQ(run(G_DEV + 4, iss(2, false, 5, false, false), 0x3c5, SHORT, MMIO_DONE).x[5],
		 0x44332211);
}

/* A CPU that reports the stage-2 fault of an access whose stage-1 fault comes first. */
static void hidden_stage1_faults_are_executed_again(void)
{
	struct guest *g = guest_new();

	arch_recheck_faults = true;
	for (int i = 0; i < 2; i++) { /* the short path would be the second */
		guest_rewind(g);
		host_stage1_faults = false;
		guest_abort(g, G_DEV, iss(2, false, 3, false, false));
		CHECK_EQ(g->accesses, 1);
		CHECK_EQ(read_elr_el2(), G_PC + 4);
		guest_rewind(g);
		host_stage1_faults = true;
		guest_abort(g, G_DEV, iss(2, false, 3, false, false));
		CHECK_EQ(g->accesses, 0);
		CHECK_EQ(read_elr_el2(), G_PC);
	}
	arch_recheck_faults = false;
	guest_abort(g, G_DEV, iss(2, false, 3, false, false));
	CHECK_EQ(g->accesses, 1); /* no other CPU asks */
	host_stage1_faults = false;
	guest_free(g);
}

static void access_beyond_the_window_aborts(void)
{
	struct guest *g = guest_new();

	CHECK_EQ(vm_add_window(&g->vm, 0x0b000000, 4, guest_device, g), 0);
	guest_abort(g, 0x0b000000, iss(3, false, 1, true, false)); /* 8 bytes of 4 */
	CHECK(guest_took(0x25));
	CHECK_EQ(g->accesses, 0);
	CHECK_EQ(read_far_el1(), 0x0b000000);
	guest_rewind(g);
	guest_abort(g, 0x0b000000, iss(2, false, 1, false, false));
	CHECK_EQ(g->accesses, 1);
	guest_free(g);
}

static void unaligned_device_access_aborts(void)
{
	struct guest *g = guest_new();

	guest_abort(g, G_DEV + 2, iss(2, false, 1, false, false));
	CHECK(guest_took(0x25));
	CHECK_EQ(g->accesses, 0);
	guest_free(g);
}

static void device_may_refuse(void)
{
	struct guest *g = guest_new();

	g->result = MMIO_ABORT;
	g->v->x[3] = 77;
	for (int i = 0; i < 2; i++) {
		guest_rewind(g);
		guest_abort(g, G_DEV + 8, iss(2, false, 3, false, i == 1));
		CHECK(guest_took(0x25));
		CHECK_EQ(read_esr_el1(), (i == 1 ? 0x96000050 : 0x96000010));
		CHECK_EQ(read_far_el1(), G_DEV + 8);
		CHECK_EQ(g->v->x[3], 77);
	}
	guest_free(g);
}

static void every_window_is_found_and_nothing_else(void)
{
	struct guest *g = guest_new();

	for (u64 i = 0; i < MMIO_MAX_WINDOWS - 1; i++) {
		CHECK_EQ(vm_add_window(&g->vm, 0x10000000 + i * 0x20000, 0x1000 + i * 8, guest_device, g),
			 0);
	}
	for (int pass = 0; pass < 2; pass++) {
		for (u64 i = 0; i < MMIO_MAX_WINDOWS - 1; i++) {
			u64 base = 0x10000000 + i * 0x20000, size = 0x1000 + i * 8;
			struct mmio_window *w = mmio_find(g->v, base);

			CHECK(w != NULL && w->base == base);
			CHECK(mmio_find(g->v, base + size - 1) == w);
			CHECK(mmio_find(g->v, base - 1) == NULL);
			CHECK(mmio_find(g->v, base + size) == NULL);
		}
	}
	CHECK(mmio_find(g->v, 0) == NULL);
	CHECK(mmio_find(g->v, ~0UL) == NULL);
	guest_free(g);
}

static void nothing_there_follows_unsupported_reference(void)
{
	struct guest *g = guest_new();

	g->v->x[2] = 5;
	guest_abort(g, G_HOLE, iss(2, false, 2, false, false));
	CHECK_EQ(g->v->x[2], 0xffffffff);
	CHECK_EQ(read_elr_el2(), G_PC + 4);
	guest_rewind(g);
	guest_abort(g, G_HOLE, iss(3, false, 2, true, true));
	CHECK_EQ(read_elr_el2(), G_PC + 4);
	CHECK_EQ(g->v->x[2], 0xffffffff);

	guest_rewind(g);
	g->cfg.unsup_reference = UNSUP_FAIL;
	guest_abort(g, G_HOLE, iss(2, false, 2, false, false));
	CHECK(guest_took(0x25));
	CHECK_EQ(read_far_el1(), G_HOLE);

	guest_rewind(g);
	g->cfg.unsup_reference = UNSUP_ABORT;
	guest_abort(g, G_HOLE, iss(2, false, 2, false, true));
	CHECK_EQ(g->vm.end, VM_END_UNSUPPORTED);
	CHECK_STR(g->vm.reason, "write to unsupported address 0xa000000 at 0x40001000");
	guest_free(g);
}

static void rom_keeps_its_contents(void)
{
	struct guest *g = guest_new();

	/* A permission fault leaves HPFAR_EL2 as it was: here at the device. */
	write_far_el2(G_ROM + 8);
	write_hpfar_el2(G_DEV >> 12 << 4);
	g->v->x[2] = 0x55;
	(void)mmio_find(g->v, G_DEV);
	guest_exit(g, 0x24, iss(2, false, 2, false, true) | 0xf);
	CHECK_EQ(g->accesses, 0);
	CHECK_EQ(g->ram[G_RAM_SIZE + 8], 0);
	CHECK_EQ(read_elr_el2(), G_PC + 4); /* dropped, as `unsupported reference ignore` says */
	guest_free(g);
}

static void fault_on_ram_is_never_answered_with_ones(void)
{
	struct guest *g = guest_new();

	g->v->x[2] = 9;
	guest_abort(g, G_RAM + 0x100, iss(2, false, 2, false, false));
	CHECK(guest_took(0x25));
	CHECK_EQ(g->v->x[2], 9);
	guest_free(g);
}

static void cache_maintenance_of_a_device_does_nothing(void)
{
	struct guest *g = guest_new();

	guest_abort(g, G_DEV, BIT(8) | BIT(6) | 0x7);
	CHECK_EQ(g->accesses, 0);
	CHECK_EQ(read_elr_el2(), G_PC + 4);
	guest_free(g);
}

static void page_table_in_a_device_is_an_abort_of_the_walk(void)
{
	struct guest *g = guest_new();

	guest_abort(g, G_DEV, BIT(7) | 0x7);
	CHECK(guest_took(0x25));
	CHECK_EQ(read_esr_el1() & 0x3f, 0x15);
	CHECK_EQ(g->accesses, 0);
	guest_free(g);
}

static void broken_stage_2_walk_stops_the_vm(void)
{
	struct guest *g = guest_new();

	guest_abort(g, G_DEV, 0x15);
	CHECK_EQ(g->vm.end, VM_END_KILLED);
	guest_free(g);
}

static void fetch(struct guest *g, u64 pc, u64 the_iss)
{
	write_elr_el2(pc);
	write_far_el2(pc);
	write_hpfar_el2(pc >> 12 << 4);
	guest_exit(g, 0x20, the_iss);
}

static void fetch_from_nowhere_is_an_instruction_abort(void)
{
	struct guest *g = guest_new();

	fetch(g, G_HOLE, 0x6);
	CHECK_EQ(read_elr_el1(), G_HOLE);
	CHECK_EQ(read_esr_el1(), 0x86000010);
	CHECK_EQ(read_far_el1(), G_HOLE);
	CHECK_EQ(g->vm.state, VM_RUNNING);
	guest_free(g);
}

/* Its vectors in a hole: the abort would be taken there, for ever. */
static void vector_in_a_hole_stops_the_vm(void)
{
	struct guest *g = guest_new();

	write_vbar_el1(G_HOLE);
	fetch(g, G_HOLE + 0x10000, 0x6);
	CHECK_EQ(g->vm.state, VM_RUNNING);
	CHECK_EQ(read_elr_el2(), G_HOLE + 0x200);
	fetch(g, G_HOLE + 0x200, 0x6);
	CHECK_EQ(g->vm.end, VM_END_KILLED);
	CHECK(strstr(g->vm.reason, "exception vector 0xa000200") != NULL);
	CHECK(g->vm.culprit == g->v);
	CHECK_EQ(g->v->pc, G_HOLE + 0x200);
	guest_free(g);
}

static void user_code_in_a_hole_is_the_kernels_problem(void)
{
	struct guest *g = guest_new();

	write_vbar_el1(G_HOLE);
	write_spsr_el2(0x0);
	fetch(g, G_HOLE + 0x200, 0x6);
	CHECK_EQ(g->vm.state, VM_RUNNING);
	CHECK_EQ(read_elr_el2(), G_HOLE + 0x400);
	guest_free(g);
}

TEST_MAIN(RUN(loads_fill_the_register_as_the_instruction_says),
	  RUN(stores_carry_the_accessed_bytes_only), RUN(register_31_is_zero_and_nowhere),
	  RUN(short_path_equals_the_general_one), RUN(access_beyond_the_window_aborts), RUN(hidden_stage1_faults_are_executed_again),
	  RUN(unaligned_device_access_aborts), RUN(device_may_refuse),
	  RUN(every_window_is_found_and_nothing_else),
	  RUN(nothing_there_follows_unsupported_reference), RUN(rom_keeps_its_contents),
	  RUN(fault_on_ram_is_never_answered_with_ones),
	  RUN(cache_maintenance_of_a_device_does_nothing),
	  RUN(page_table_in_a_device_is_an_abort_of_the_walk), RUN(broken_stage_2_walk_stops_the_vm),
	  RUN(fetch_from_nowhere_is_an_instruction_abort), RUN(vector_in_a_hole_stops_the_vm),
	  RUN(user_code_in_a_hole_is_the_kernels_problem))
