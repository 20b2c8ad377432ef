/* SPDX-License-Identifier: Apache-2.0 */
/* The class table of guest exits and the classes too small for a file of their own. */
#include "core/exit.h"

#include "core/mmio.h"
#include "core/spec/esr.h"
#include "core/spec/hcr.h"
#include "core/spec/pstate.h"
#include "core/vm.h"

/*
 * What is not named here has no business to arrive: AArch32 EL1 does not exist, debug exceptions,
 * SVC, FP exceptions, PC and SP alignment faults stay at EL1, memory copy and 64-byte store
 * classes need features that are switched off.
 */
const exit_fn exit_table[64] = {
	[EC_UNKNOWN] = exit_unknown,
	[EC_WFX] = exit_wfx,
	[0x02] = exit_unknown,
	/* Coprocessor registers of AArch32 at EL0: nothing trapped is emulated there. */
	[EC_CP15_32] = exit_undef,
	[EC_CP15_64] = exit_undef,
	[EC_CP14_32] = exit_undef,
	[EC_CP14_LS] = exit_undef,
	/* CPTR_EL2 lets FP and SIMD through: these are SVE and SME, which the guest does not have. */
	[EC_FP] = exit_undef,
	[EC_VMRS] = exit_undef,
	[EC_PAUTH] = exit_undef,
	[EC_LS64] = exit_undef,
	[0x0b] = exit_unknown,
	[EC_CP14_64] = exit_undef,
	[EC_BTI ... 0x15] = exit_unknown,
	[EC_HVC64] = exit_hvc,
	[EC_SMC64] = exit_smc,
	[EC_SYSREG] = exit_sysreg,
	[EC_SVE] = exit_undef,
	[0x1a ... 0x1c] = exit_unknown,
	[EC_SME] = exit_undef,
	[0x1e ... 0x1f] = exit_unknown,
	[EC_IABT_LOWER] = exit_instruction_abort,
	[EC_IABT_SAME ... 0x23] = exit_unknown,
	[EC_DABT_LOWER] = exit_data_abort,
	[EC_DABT_SAME ... 0x3f] = exit_unknown,
};

void exit_sync(struct vcpu *v)
{
	u64 esr = read_esr_el2(), class = field_get(ESR_EC, esr);

	v->exits[class]++;
	exit_table[class](v, esr);
}

void vcpu_skip_instruction(struct vcpu *v, u64 esr)
{
	u64 spsr = read_spsr_el2();

	(void)v;
	if (likely(skip_is_plain(spsr))) {
		skip_plain();
	} else if ((spsr & PSTATE_NRW) != 0) {
		write_spsr_el2(spsr & ~PSTATE_SS);
		write_elr_el2(read_elr_el2() + ((esr & ESR_IL) != 0 ? 4 : 2));
	} else {
		/*
		 * A completed instruction leaves BTYPE 0 (ARM ARM D8.4.6); no trapped one branches. A step
		 * is over with it (D2.12.5).
		 */
		write_spsr_el2(spsr & ~(PSTATE_BTYPE | PSTATE_SS));
		skip_plain();
	}
}

void exit_wfx(struct vcpu *v, u64 esr)
{
	/* First: what wakes the vCPU may make it run an interrupt handler, which returns behind it. */
	vcpu_skip_instruction(v, esr);
	if ((esr & ESR_WFX_TI) == 0) {
		vcpu_wait_interrupt(v);
	} else if (!sched_alone(this_cpu())) {
		/* WFE traps only while an equal waits: it may hold what this one spins for. */
		v->thread.yielding = 1;
		vcpu_work_set(v, VWORK_RESCHED);
	}
}

void exit_undef(struct vcpu *v, u64 esr)
{
	(void)esr;
	inject_undef(v);
}

void exit_unknown(struct vcpu *v, u64 esr)
{
	struct vm *vm = v->vm;

	switch (vm->cfg->unsup_instruction) {
	case UNSUP_ABORT:
		vm_unsupported(vm, "unsupported instruction at %#lx, syndrome %#lx", read_elr_el2(), esr);
		return;
	case UNSUP_IGNORE:
		vcpu_skip_instruction(v, esr);
		return;
	case UNSUP_FAIL:
		break;
	}
	log_guest(vm, "cpu %u: instruction at %#lx refused, syndrome %#lx", v->id, read_elr_el2(),
		  esr);
	inject_undef(v);
}

void exit_serror(struct vcpu *v)
{
	v->exits[EXIT_SERROR]++;
	log_guest(v->vm, "cpu %u: SError at %#lx, syndrome %#lx", v->id, read_elr_el2(),
		  read_esr_el2());
	inject_serror(v);
}
