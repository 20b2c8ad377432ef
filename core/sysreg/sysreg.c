/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trapped system registers and instructions (EC 0x18). One sorted table says
 * what each does; what is not in it follows the VM's `unsupported register`.
 */
#include "core/sysreg/sysreg.h"

#include "core/exit.h"
#include "core/spec/hcr.h"
#include "core/spec/pstate.h"
#include "core/vm.h"


enum action {
	ACT_ZERO,   /* reads as zero, writes ignored */
	ACT_DEBUG,
	ACT_PMU,
	ACT_SRE,    /* ICC_SRE_EL1: system registers always on */
	ACT_SGI,
	ACT_SGI0,
	ACT_DIR,
	ACT_PTIMER,
	ACT_COUNTER,
	ACT_CACHE,  /* identification, trapped where CPUs differ */
	ACT_SET_WAY,
	ACT_VM_REG, /* stage-1 controls, trapped while HCR_EL2.TVM is set */
};

struct sysreg_row {
	u32 key, mask; /* mask: the encoding bits that must match */
	u8 action;     /* enum action */
	bool el0;      /* EL0 may do it too, the CPU has checked its permission */
};

#define ONE(op0, op1, crn, crm, op2, act) \
	{ SYSREG(op0, op1, crn, crm, op2), SYSREG_KEY, act, false }
#define EL0(op0, op1, crn, crm, op2, act) \
	{ SYSREG(op0, op1, crn, crm, op2), SYSREG_KEY, act, true }
#define ANY_OP2(op0, op1, crn, crm, act) \
	{ SYSREG(op0, op1, crn, crm, 0), SYSREG_KEY & ~ESR_SYS_OP2, act, false }
#define EL0_ANY_OP2(op0, op1, crn, crm, act) \
	{ SYSREG(op0, op1, crn, crm, 0), SYSREG_KEY & ~ESR_SYS_OP2, act, true }
#define SPACE(op0, op1, act) \
	{ SYSREG(op0, op1, 0, 0, 0), ESR_SYS_OP0 | ESR_SYS_OP1, act, false }

/* First match wins. The order is by how often a booted guest asks. */
static const struct sysreg_row rows[] = {
	EL0(3, 3, 14, 2, 1, ACT_PTIMER),    /* CNTP_CTL_EL0 */
	EL0(3, 3, 14, 2, 2, ACT_PTIMER),    /* CNTP_CVAL_EL0 */
	EL0(3, 3, 14, 2, 0, ACT_PTIMER),    /* CNTP_TVAL_EL0 */
	EL0(3, 3, 14, 0, 1, ACT_COUNTER),   /* CNTPCT_EL0 */
	EL0(3, 3, 14, 0, 5, ACT_COUNTER),   /* CNTPCTSS_EL0 */
	ONE(3, 0, 12, 11, 5, ACT_SGI),      /* ICC_SGI1R_EL1 */
	ONE(3, 0, 12, 11, 6, ACT_SGI0),     /* ICC_ASGI1R_EL1: with one security state as SGI0R */
	ONE(3, 0, 12, 11, 7, ACT_SGI0),     /* ICC_SGI0R_EL1 */
	ONE(3, 0, 12, 11, 1, ACT_DIR),      /* ICC_DIR_EL1, while active interrupts overflow */
	ONE(3, 0, 12, 12, 5, ACT_SRE),      /* ICC_SRE_EL1 */
	ANY_OP2(1, 0, 7, 6, ACT_SET_WAY),   /* DC ISW, IGSW, IGDSW */
	ANY_OP2(1, 0, 7, 10, ACT_SET_WAY),  /* DC CSW, CGSW, CGDSW */
	ANY_OP2(1, 0, 7, 14, ACT_SET_WAY),  /* DC CISW, CIGSW, CIGDSW */
	ONE(3, 0, 1, 0, 0, ACT_VM_REG),     /* SCTLR_EL1 */
	ANY_OP2(3, 0, 2, 0, ACT_VM_REG),    /* TTBR0_EL1, TTBR1_EL1, TCR_EL1 */
	ANY_OP2(3, 0, 5, 1, ACT_VM_REG),    /* AFSR0_EL1, AFSR1_EL1 */
	ONE(3, 0, 5, 2, 0, ACT_VM_REG),     /* ESR_EL1 */
	ONE(3, 0, 6, 0, 0, ACT_VM_REG),     /* FAR_EL1 */
	ONE(3, 0, 10, 2, 0, ACT_VM_REG),    /* MAIR_EL1 */
	ONE(3, 0, 10, 3, 0, ACT_VM_REG),    /* AMAIR_EL1 */
	ONE(3, 0, 13, 0, 1, ACT_VM_REG),    /* CONTEXTIDR_EL1 */
	EL0(3, 3, 0, 0, 1, ACT_CACHE),      /* CTR_EL0 */
	ANY_OP2(3, 1, 0, 0, ACT_CACHE),     /* CCSIDR_EL1, CLIDR_EL1 */
	ONE(3, 2, 0, 0, 0, ACT_CACHE),      /* CSSELR_EL1 */
	ONE(3, 0, 1, 0, 1, ACT_ZERO),       /* ACTLR_EL1: implementation defined */
	SPACE(2, 0, ACT_DEBUG),
	SPACE(2, 3, ACT_ZERO),
	EL0_ANY_OP2(3, 3, 9, 12, ACT_PMU),
	EL0_ANY_OP2(3, 3, 9, 13, ACT_PMU),
	EL0_ANY_OP2(3, 3, 9, 14, ACT_PMU),
	ANY_OP2(3, 0, 9, 14, ACT_PMU),
	{ SYSREG(3, 3, 14, 8, 0), ESR_SYS_OP0 | ESR_SYS_OP1 | ESR_SYS_CRN | (8 << 1), ACT_PMU, true },
};

static const struct sysreg_row *find_row(u32 key)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		if ((key & rows[i].mask) == rows[i].key) {
			return &rows[i];
		}
	}
	return NULL;
}

/* TVM traps writes only: the value goes where the guest meant it to. */
static bool write_vm_reg(struct vcpu *v, u32 key, u64 val)
{
	switch (key) {
	case SYSREG(3, 0, 1, 0, 0):
		return set_way_sctlr(v, val);
	case SYSREG(3, 0, 2, 0, 0):
		write_ttbr0_el1(val);
		break;
	case SYSREG(3, 0, 2, 0, 1):
		write_ttbr1_el1(val);
		break;
	case SYSREG(3, 0, 2, 0, 2):
		write_tcr_el1(val);
		break;
	case SYSREG(3, 0, 5, 1, 0):
		write_afsr0_el1(val);
		break;
	case SYSREG(3, 0, 5, 1, 1):
		write_afsr1_el1(val);
		break;
	case SYSREG(3, 0, 5, 2, 0):
		write_esr_el1(val);
		break;
	case SYSREG(3, 0, 6, 0, 0):
		write_far_el1(val);
		break;
	case SYSREG(3, 0, 10, 2, 0):
		write_mair_el1(val);
		break;
	case SYSREG(3, 0, 10, 3, 0):
		write_amair_el1(val);
		break;
	case SYSREG(3, 0, 13, 0, 1):
		write_contextidr_el1(val);
		break;
	default:
		inject_undef(v); /* TCR2_EL1 and what else later architectures put there */
		return false;
	}
	return true;
}

/* True: *val is what a read gives, step over. False: the row has dealt with the PC itself. */
static bool do_row(struct vcpu *v, const struct sysreg_row *row, u32 key, bool read, u64 *val)
{
	unsigned int op2 = (unsigned int)field_get(ESR_SYS_OP2, key);

	switch ((enum action)row->action) {
	case ACT_ZERO:
		*val = 0;
		return true;
	case ACT_DEBUG:
		if (debug_access(v, key, read, val)) {
			return true;
		}
		break;
	case ACT_PMU:
		if (pmu_access(v, key, read, val)) {
			return true;
		}
		break;
	case ACT_SRE:
		*val = 0x7; /* SRE, DFB, DIB: fixed (IHI 0069 12.2.24) */
		if (v->vm->gic_version == 3) {
			return true;
		}
		break;
	case ACT_SGI:
		if (v->vm->gic_version == 3 && !read) {
			vgic_sgi1r(v, *val);
			return true;
		}
		break;
	case ACT_SGI0:
		if (v->vm->gic_version == 3 && !read) {
			vgic_sgi0r(v, *val);
			return true;
		}
		break;
	case ACT_DIR:
		if (v->vm->gic_version == 3 && !read) {
			vgic_dir(v, (u32)*val);
			return true;
		}
		break;
	case ACT_PTIMER:
		if (read) {
			*val = ptimer_read(v, op2);
		} else {
			ptimer_write(v, op2, *val);
		}
		return true;
	case ACT_COUNTER:
		*val = counter_now() - v->vm->cntvoff;
		if (read) {
			return true;
		}
		break;
	case ACT_CACHE:
		if (cache_access(v, key, read, val)) {
			return true;
		}
		break;
	case ACT_SET_WAY:
		if (!read && op2 != 0 && op2 % 2 == 0) {
			return set_way_clean(v);
		}
		break;
	case ACT_VM_REG:
		if (!read) {
			return write_vm_reg(v, key, *val);
		}
		break;
	}
	inject_undef(v);
	return false;
}

/* ID registers: op0 3, op1 0, CRn 0, CRm 1..7 (ARM ARM D24.2.51 HCR_EL2.TID3). */
static bool is_id(u32 key)
{
	unsigned int crm = (unsigned int)field_get(ESR_SYS_CRM, key);

	return (key & ~(u32)(ESR_SYS_CRM | ESR_SYS_OP2)) == SYSREG(3, 0, 0, 0, 0) && crm >= 1 &&
	       crm <= 7;
}

static void unsupported(struct vcpu *v, u64 esr)
{
	struct vm *vm = v->vm;
	u32 key = esr & SYSREG_KEY;
	unsigned int op0 = (unsigned int)field_get(ESR_SYS_OP0, key);
	unsigned int op1 = (unsigned int)field_get(ESR_SYS_OP1, key);
	unsigned int crn = (unsigned int)field_get(ESR_SYS_CRN, key);
	unsigned int crm = (unsigned int)field_get(ESR_SYS_CRM, key);
	unsigned int op2 = (unsigned int)field_get(ESR_SYS_OP2, key);

	switch (vm->cfg->unsup_register) {
	case UNSUP_ABORT:
		vm_unsupported(vm, "unsupported register S%u_%u_C%u_C%u_%u at %#lx", op0, op1, crn, crm,
			op2, read_elr_el2());
		return;
	case UNSUP_IGNORE:
		if ((esr & ESR_SYS_READ) != 0) {
			vcpu_set_gpr(v, (unsigned int)field_get(ESR_SYS_RT, esr), ~0UL);
		}
		vcpu_skip_instruction(v, esr);
		return;
	case UNSUP_FAIL:
		break;
	}
	log_guest(vm, "cpu %u: unsupported register S%u_%u_C%u_C%u_%u at %#lx", v->id, op0, op1,
		  crn, crm, op2, read_elr_el2());
	inject_undef(v);
}

static __noinline void exit_sysreg_slow(struct vcpu *v, u64 esr)
{
	u32 key = esr & SYSREG_KEY;
	unsigned int rt = (unsigned int)field_get(ESR_SYS_RT, esr);
	bool read = (esr & ESR_SYS_READ) != 0;
	bool el0 = (read_spsr_el2() & PSTATE_MODE) == PSTATE_EL0T;
	const struct sysreg_row *row;
	u64 val = vcpu_gpr(v, rt);

	if (is_id(key) && read && !el0) {
		val = sysreg_id_read(v->vm, key);
	} else if (el0 || !v->vm->vgic.gicc || !vgic_icc(v, key, read, &val)) {
		row = find_row(key);
		if (row == NULL && !el0) {
			unsupported(v, esr);
			return;
		}
		/* EL0 reaches here only with what EL1 lets it use, or with nothing that exists. */
		if (row == NULL || (el0 && !row->el0)) {
			inject_undef(v);
			return;
		}
		if (!do_row(v, row, key, read, &val)) {
			return;
		}
	}
	if (read) {
		vcpu_set_gpr(v, rt, val);
	}
	vcpu_skip_instruction(v, esr);
}

void exit_sysreg(struct vcpu *v, u64 esr)
{
	u64 spsr = read_spsr_el2();

	/* Inter-processor interrupts are what a running guest traps for. */
	if (likely((esr & (SYSREG_KEY | ESR_SYS_READ)) == v->vgic.sgi1r && skip_is_plain(spsr))) {
		v->exits[EXIT_SGI]++;
		skip_plain();
		vgic_sgi1r(v, vcpu_gpr(v, (unsigned int)field_get(ESR_SYS_RT, esr)));
		return;
	}
	exit_sysreg_slow(v, esr);
}
