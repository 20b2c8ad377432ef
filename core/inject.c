/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exceptions the monitor raises in a guest: what the CPU itself does on
 * exception entry to EL1 from AArch64 or AArch32 (ARM ARM D1.3.1).
 */
#include "core/exit.h"

#include "core/spec/esr.h"
#include "core/spec/hcr.h"
#include "core/spec/pstate.h"
#include "core/sysreg/sysreg.h"
#include "core/vm.h"

static u64 vector_offset(u64 spsr)
{
	if ((spsr & PSTATE_NRW) != 0) {
		return VECTOR_LOWER_32;
	}
	switch (spsr & PSTATE_MODE) {
	case PSTATE_EL0T:
		return VECTOR_LOWER_64;
	case PSTATE_EL1T:
		return VECTOR_CUR_SP0;
	default:
		return VECTOR_CUR_SPX;
	}
}

/* PSTATE after the exception (ARM ARM D1.3.1; RES0 where the CPU lacks the feature). */
static u64 entry_pstate(u64 spsr)
{
	u64 sctlr = read_sctlr_el1();
	u64 p = (spsr & (PSTATE_NZCV | PSTATE_PAN)) | PSTATE_DAIF | PSTATE_EL1H;

	/* Without FEAT_PAN bit 22 stays as the saved state had it, and SPAN is RES1. */
	if ((sctlr & SCTLR_SPAN) == 0) {
		p |= PSTATE_PAN;
	}
	if ((sctlr & SCTLR_DSSBS) != 0) {
		p |= PSTATE_SSBS;
	}
	if ((spsr & PSTATE_DIT) != 0) {
		p |= PSTATE_DIT;
	}
	return p; /* UAO, TCO, ALLINT, SS, IL and BTYPE are cleared */
}

/*
 * A fault at an instruction of the vector table that EL1 reached by the very same fault: the guest
 * would take it for ever. (A handler that may fault leaves the table first and never sees
 * ELR_EL1 at itself.)
 */
static bool stuck_in_vector(u64 spsr, u64 pc, u64 esr)
{
	return (spsr & (PSTATE_NRW | PSTATE_MODE)) != PSTATE_EL0T && (spsr & PSTATE_NRW) == 0 &&
	       pc - read_vbar_el1() < VECTOR_TABLE && read_elr_el1() == pc &&
	       read_esr_el1() == esr;
}

static void inject(struct vcpu *v, unsigned int ec_lower, bool has_same, u64 iss)
{
	u64 spsr = read_spsr_el2(), pc = read_elr_el2();
	u64 offset = vector_offset(spsr);
	unsigned int ec = ec_lower;
	u64 esr;

	if (has_same && offset < VECTOR_LOWER_64) {
		ec++; /* 0x20 to 0x21, 0x24 to 0x25: taken from the same level */
	}
	esr = field_prep(ESR_EC, ec) | iss;
	if (unlikely(stuck_in_vector(spsr, pc, esr))) {
		vm_kill(v->vm, "exception loop in the guest's own vectors at %#lx, syndrome %#lx",
			pc, read_esr_el2());
		return;
	}
	write_elr_el1(pc);
	write_spsr_el1(spsr);
	write_esr_el1(esr);
	write_spsr_el2(entry_pstate(spsr));
	write_elr_el2(read_vbar_el1() + offset);
}

void inject_undef(struct vcpu *v)
{
	inject(v, EC_UNKNOWN, false, ESR_IL);
}

/* The guest sees the fault of a bus: external abort on the access, or on a walk by the MMU. */
static u64 external_fsc(u64 esr_of_exit)
{
	/* Which level the walk was at is not reported; 1 exists with every granule. */
	return (esr_of_exit & ESR_S1PTW) != 0 ? FSC_EXTERNAL_WALK | 1 : FSC_EXTERNAL;
}

void inject_data_abort(struct vcpu *v, u64 far, u64 esr_of_exit)
{
	write_far_el1(far);
	inject(v, EC_DABT_LOWER, true,
	       (esr_of_exit & (ESR_IL | ESR_WNR | ESR_CM)) | external_fsc(esr_of_exit));
}

void inject_instruction_abort(struct vcpu *v, u64 far, u64 esr_of_exit)
{
	write_far_el1(far);
	inject(v, EC_IABT_LOWER, true, ESR_IL | external_fsc(esr_of_exit));
}

void inject_serror(struct vcpu *v)
{
	(void)v;
	write_hcr_el2(read_hcr_el2() | HCR_VSE);
}

/* VSE lives in the register while the vCPU is loaded: the CPU clears it when the guest takes it. */
void vcpu_write_hcr(struct vcpu *v)
{
	write_hcr_el2(v->hcr | (read_hcr_el2() & HCR_VSE));
}
