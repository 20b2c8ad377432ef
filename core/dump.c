/* SPDX-License-Identifier: Apache-2.0 */
#include "core/dump.h"

#include <errno.h>
#include <string.h>
#include "core/base/memory.h"
#include "core/spec/dump.h"
#include "core/spec/elf.h"
#include "core/spec/pstate.h"

/* Notes of one vCPU: three headers and what follows them. */
#define NOTES (3 * sizeof(struct core_note) + sizeof(struct core_prstatus) + \
	       sizeof(struct core_fpregs) + sizeof(struct core_sysregs))
#define LOOK_MS 100 /* how often it is looked whether a dump has been fetched */

/* Signals a debugger shows as the reason: they are the nearest in meaning. */
enum { SIG_KILL = 9, SIG_USR2 = 12, SIG_ALRM = 14 };

_Static_assert(DUMP_VMS == VM_MAX && DUMP_PIECES == VM_MAX_RAM, "core/spec/dump.h");

static struct dump {
	struct timer timer;
	struct vm *vm;
	struct dump_area *area;
	size_t size;
} dumps[VM_MAX];

/* Found by its magic and by this name. */
struct dump_table quoin_dumps = { DUMP_MAGIC, DUMP_VERSION, DUMP_VMS, { 0 } };

static struct dump *dump_of(const struct vm *vm)
{
	return &dumps[vm->id];
}

static void look(struct timer *t)
{
	struct dump *d = container_of(t, struct dump, timer);

	thread_wake(d->vm->thread);
	if (!dump_fetched(d->vm)) {
		timer_arm(t, counter_now() + counter_hz / 1000 * LOOK_MS);
	}
}

int dump_reserve(struct vm *vm)
{
	struct dump *d = dump_of(vm);

	if (d->area != NULL) {
		return 0;
	}
	d->size = DUMP_HEADER_OFF + sizeof(struct elf_header) +
		  (1 + vm->ram_count) * sizeof(struct elf_segment) + vm->vcpu_count * NOTES;
	d->area = mem_alloc(d->size);
	if (d->area == NULL) {
		return -ENOMEM;
	}
	d->vm = vm;
	d->timer.fn = look;
	list_init(&d->timer.link);
	return 0;
}

void dump_free(struct vm *vm)
{
	struct dump *d = dump_of(vm);

	if (d->area != NULL) {
		dump_drop(vm);
		mem_free(d->area, d->size);
		d->area = NULL;
	}
}

bool dump_wanted(const struct vm *vm)
{
	switch ((enum vm_end)vm->end) {
	case VM_END_KILLED:
	case VM_END_UNSUPPORTED:
	case VM_END_DEVICE:
		return vm->cfg->dump != NULL;
	case VM_END_WATCHDOG:
		return vm->hold;
	default:
		return false;
	}
}

static u8 *put(u8 *at, const void *what, size_t n)
{
	memcpy(at, what, n);
	return at + n;
}

/* A note's header; what it says comes behind it. */
static u8 *put_note(u8 *at, const char *name, u32 type, u32 size)
{
	struct core_note n = { .namesz = (u32)strlen(name) + 1, .descsz = size, .type = type };

	memcpy(n.name, name, n.namesz);
	return put(at, &n, sizeof(n));
}

/* What the guest calls SP: by the exception level it was at, and PSTATE.SP (ARM ARM D1.1.2). */
static u64 stack_pointer(const struct vcpu *v)
{
	return (v->pstate & PSTATE_MODE) == PSTATE_EL1H ? v->regs.sp_el1 : v->regs.sp_el0;
}

static u8 *put_vcpu(u8 *at, const struct vcpu *v, u32 signal)
{
	const struct vcpu_sysregs *r = &v->regs;
	struct core_prstatus s = {
		.signo = signal, .cursig = (u16)signal, .pid = v->id + 1, .fpvalid = 1,
		.sp = stack_pointer(v), .pc = v->pc, .pstate = v->pstate,
	};
	const struct core_sysregs sys = {
		r->sctlr, r->tcr, r->ttbr0, r->ttbr1, r->mair, r->vbar, r->esr, r->far, r->elr, r->spsr,
		r->sp_el0, r->sp_el1, r->tpidr_el0, r->tpidr_el1,
	};
	const u32 fp[4] = { (u32)r->fpsr, (u32)r->fpcr };

	memcpy(s.x, v->x, sizeof(s.x));
	at = put(put_note(at, "CORE", NT_PRSTATUS, sizeof(s)), &s, sizeof(s));
	at = put_note(at, "CORE", NT_FPREGSET, sizeof(struct core_fpregs));
	at = put(put(at, r->q, sizeof(r->q)), fp, sizeof(fp));
	return put(put_note(at, "Quoin", NT_QUOIN_SYSREGS, sizeof(sys)), &sys, sizeof(sys));
}

/* The vCPU that matters comes first: a debugger begins there. Those that never ran are left out. */
static u8 *put_vcpus(u8 *at, const struct vm *vm, u32 signal)
{
	u32 first = vm->culprit != NULL ? vm->culprit->id : 0;

	for (u32 i = 0; i < vm->vcpu_count; i++) {
		const struct vcpu *v = vm->vcpu[i == 0 ? first : i <= first ? i - 1 : i];

		if ((v->pc | v->pstate) != 0) {
			at = put_vcpu(at, v, signal);
		}
	}
	return at;
}

static u64 write_headers(struct vm *vm, struct dump_area *a, u32 signal)
{
	struct elf_header h = {
		.magic = ELF_MAGIC, .class = ELF_CLASS64, .data = ELF_DATA_LSB, .version = 1,
		.type = ELF_CORE, .machine = ELF_AARCH64, .version2 = 1, .phoff = sizeof(h),
		.ehsize = sizeof(h), .phentsize = sizeof(struct elf_segment),
		.phnum = (u16)(vm->ram_count + 1),
	};
	u8 *start = (u8 *)a + DUMP_HEADER_OFF;
	u8 *at = put(start, &h, sizeof(h)), *notes = at + h.phnum * sizeof(struct elf_segment);
	u8 *end = put_vcpus(notes, vm, signal);
	struct elf_segment s = { .type = SEGMENT_NOTE, .align = 4, .offset = (u64)(notes - start),
				 .filesz = (u64)(end - notes) };

	at = put(at, &s, sizeof(s));
	s = (struct elf_segment){ .type = SEGMENT_LOAD, .align = 1, .offset = (u64)(end - start) };
	for (u32 i = 0; i < vm->ram_count; i++) {
		const struct vm_ram *r = &vm->ram[i];

		s.flags = r->rom ? 5 : 7; /* PF_X, PF_W, PF_R */
		s.vaddr = s.paddr = r->ipa;
		s.filesz = s.memsz = a->piece[i].size = r->size;
		a->piece[i].pa = r->pa;
		at = put(at, &s, sizeof(s));
		s.offset += r->size;
	}
	return (u64)(end - start);
}

int dump_make(struct vm *vm)
{
	struct dump *d = dump_of(vm);
	struct dump_area *a;
	u32 signal = vm->end == VM_END_NONE ? SIG_USR2 : vm->end == VM_END_WATCHDOG ? SIG_ALRM : SIG_KILL;

	if (dump_reserve(vm) != 0) {
		return -ENOMEM;
	}
	a = d->area;
	memset(a, 0, d->size);
	memcpy(a->name, vm->cfg->name, sizeof(a->name));
	a->pieces = vm->ram_count;
	a->header_size = write_headers(vm, a, signal);
	/* All of it, for a debugger that reads memory past the caches. */
	for (u32 i = 0; i < vm->ram_count; i++) {
		arch_clean_dcache(pa_ptr(vm->ram[i].pa), vm->ram[i].size);
	}
	a->state = DUMP_READY;
	quoin_dumps.area[vm->id] = ptr_pa(a);
	arch_clean_dcache(a, d->size);
	arch_clean_dcache(&quoin_dumps, sizeof(quoin_dumps));
	timer_arm(&d->timer, counter_now());
	return 0;
}

static u32 state_of(const struct vm *vm)
{
	const struct dump *d = dump_of(vm);

	return d->area != NULL ? READ_ONCE(d->area->state) : DUMP_EMPTY;
}

bool dump_ready(const struct vm *vm)
{
	return state_of(vm) == DUMP_READY;
}

bool dump_fetched(const struct vm *vm)
{
	return state_of(vm) == DUMP_FETCHED;
}

void dump_drop(struct vm *vm)
{
	struct dump *d = dump_of(vm);

	if (d->area != NULL) {
		quoin_dumps.area[vm->id] = 0;
		WRITE_ONCE(d->area->state, DUMP_EMPTY);
		timer_cancel_wait(&d->timer);
	}
}
