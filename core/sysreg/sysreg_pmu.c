/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The performance monitors of a guest (ARM ARM D13, registers D24.5): PMUv3, a set for each vCPU. Every
 * access traps (MDCR_EL2.TPM), works on struct vcpu_pmu with the hardware stopped, and starts it again if
 * anything is to be counted. So a guest cannot reach EL2's events or another vCPU's, nor another CPU's
 * through the filters, and a vCPU that counts nothing pays nothing when it is switched.
 *
 * The overflow interrupt is level-sensitive. While the guest's is asserted the physical one is switched off
 * in the PMU; whatever may lower it is an access of the guest, which traps.
 */
#include "core/sysreg/sysreg.h"

#include "core/base/board.h"
#include "core/irq.h"
#include "core/spec/pstate.h"
#include "core/vm.h"

#define PMCR_E  BIT(0)
#define PMCR_P  BIT(1) /* write: event counters to zero */
#define PMCR_C  BIT(2) /* write: cycle counter to zero */
#define PMCR_D  BIT(3)
#define PMCR_DP BIT(5)
#define PMCR_LC BIT(6)
#define PMCR_LP BIT(7) /* PMUv3p5 */
#define PMCR_N  BITS(15, 11)

#define CYCLES BIT(31)
#define SEL_CYCLES 31

/* Filters: EL1 and EL0, of either security state. EL2, EL3 and other threads of the core are not for guests. */
#define TYPE_P   BIT(31)
#define TYPE_U   BIT(30)
#define TYPE_NSK BIT(29)
#define TYPE_NSU BIT(28)
#define TYPE_FILTERS (TYPE_P | TYPE_U | TYPE_NSK | TYPE_NSU)
#define TYPE_EVENT BITS(15, 0)
#define EVENT_SW_INCR 0

#define DFR0_PMUVER BITS(11, 8)
#define PMUV3P5 6

static u32 intid; /* of the physical interrupt; 0: none */

bool pmu_visible(const struct vm *vm)
{
	return arch_pmu_counters >= 0 && !vm->cfg->pmu_off;
}

bool pmu_has_interrupt(void)
{
	return intid != 0;
}

/* PMUv3p5 makes event counters 64 bits wide. */
static bool wide(const struct vcpu *v)
{
	return field_get(DFR0_PMUVER, sysreg_id_read(v->vm, ID_AA64DFR0)) >= PMUV3P5;
}

static void stop(struct vcpu_pmu *p)
{
	if (p->on) {
		arch_pmu_put(p);
		p->on = false;
	}
}

/* Interrupt line and hardware follow from the registers alone. */
static void start(struct vcpu *v)
{
	struct vcpu_pmu *p = &v->regs.pmu;
	bool line = (p->pmcr & PMCR_E) != 0 && (p->overflow & p->interrupt) != 0;

	if (line != p->line) {
		p->line = line;
		vgic_set_ppi(v, VGIC_PMU, line);
	}
	/* EL0's permissions are checked by the CPU, in front of the trap. */
	p->on = ((p->pmcr & PMCR_E) != 0 && p->enabled != 0) || p->user != 0;
	if (p->on) {
		arch_pmu_load(p);
	}
}

static void overflowed(void *arg)
{
	struct vcpu *v = this_cpu()->loaded;

	(void)arg;
	if (v != NULL && v->regs.pmu.on) {
		stop(&v->regs.pmu);
		start(v);
	} else {
		write_pmintenclr_el1(~0U); /* a leftover */
	}
	isb(); /* the line is down before the interrupt is deactivated */
}

void pmu_init(const struct board *b)
{
	intid = b->pmu.intid;
	if (intid == 0 || irq_register(intid, false, overflowed, NULL) != 0) {
		intid = 0;
		if (arch_pmu_counters >= 0) {
			log_info("no private PMU interrupt in the device tree, guests' counters have none");
		}
	}
}

void pmu_join(void)
{
	if (intid != 0) {
		gic_enable(intid, true);
	}
}

void pmu_reset(struct vcpu *v)
{
	if (v->regs.pmu.line) {
		vgic_set_ppi(v, VGIC_PMU, false);
		v->regs.pmu.line = false;
	}
}

/* Index of counter `n` as PMSELR_EL0 names it, -1: the guest has no such counter. */
static int counter_index(u64 n)
{
	return n == SEL_CYCLES ? VCPU_CYCLES : (int)n < arch_pmu_counters ? (int)n : -1;
}

static void type_access(struct vcpu_pmu *p, u64 n, bool read, u64 *val)
{
	int i = counter_index(n);

	if (i < 0) {
		*val = 0;
	} else if (read) {
		*val = p->type[i];
	} else {
		p->type[i] = *val & (i == VCPU_CYCLES ? TYPE_FILTERS : TYPE_FILTERS | TYPE_EVENT);
	}
}

static void counter_access(struct vcpu *v, u64 n, bool read, u64 *val)
{
	int i = counter_index(n);

	if (i < 0) {
		*val = 0;
	} else if (read) {
		*val = v->regs.pmu.counter[i];
	} else {
		v->regs.pmu.counter[i] = i == VCPU_CYCLES || wide(v) ? *val : (u32)*val;
	}
}

/* A register of a bit per counter, by its writing address for ones or for zeroes. */
static void bits_access(u32 *bits, bool set, bool read, u64 *val)
{
	u64 all = CYCLES | (BIT(arch_pmu_counters) - 1);

	if (read) {
		*val = *bits;
	} else {
		*bits = (u32)(set ? *bits | (*val & all) : *bits & ~*val);
	}
}

static void control_access(struct vcpu *v, bool read, u64 *val)
{
	struct vcpu_pmu *p = &v->regs.pmu;

	if (read) {
		*val = p->pmcr | field_prep(PMCR_N, arch_pmu_counters);
		return;
	}
	p->pmcr = (u32)(*val & (PMCR_E | PMCR_D | PMCR_DP | PMCR_LC | (wide(v) ? PMCR_LP : 0)));
	if ((*val & PMCR_P) != 0) {
		for (int i = 0; i < arch_pmu_counters; i++) {
			p->counter[i] = 0;
		}
	}
	if ((*val & PMCR_C) != 0) {
		p->counter[VCPU_CYCLES] = 0;
	}
}

/* PMSWINC_EL0: the one event that software makes. */
static void software_increment(struct vcpu *v, u64 mask)
{
	struct vcpu_pmu *p = &v->regs.pmu;
	bool el0 = (read_spsr_el2() & (PSTATE_NRW | PSTATE_MODE)) == PSTATE_EL0T, is_wide = wide(v);
	bool whole = is_wide && (p->pmcr & PMCR_LP) != 0;

	mask &= (p->pmcr & PMCR_E) != 0 ? p->enabled : 0;
	for (int i = 0; i < arch_pmu_counters; i++) {
		u64 type = p->type[i];
		bool hidden = el0 ? !(type & TYPE_U) != !(type & TYPE_NSU) :
				    !(type & TYPE_P) != !(type & TYPE_NSK);
		u64 next = p->counter[i] + 1;

		if ((mask >> i & 1) == 0 || (type & TYPE_EVENT) != EVENT_SW_INCR || hidden) {
			continue;
		}
		p->counter[i] = is_wide ? next : (u32)next;
		if ((whole ? next : (u32)next) == 0) {
			p->overflow |= 1U << i;
		}
	}
}

/* By CRm and op2 of op1 3, CRn 9; what is written to a register that can only be read is ignored. */
static void common_access(struct vcpu *v, u64 reg, bool read, u64 *val)
{
	struct vcpu_pmu *p = &v->regs.pmu;

	switch (reg) {
	case 12 << 3 | 0: /* PMCR */
		control_access(v, read, val);
		break;
	case 12 << 3 | 1: /* PMCNTENSET, PMCNTENCLR */
	case 12 << 3 | 2:
		bits_access(&p->enabled, (reg & 1) != 0, read, val);
		break;
	case 12 << 3 | 3: /* PMOVSCLR, PMOVSSET */
	case 14 << 3 | 3:
		bits_access(&p->overflow, reg == (14 << 3 | 3), read, val);
		break;
	case 12 << 3 | 4: /* PMSWINC */
		if (!read) {
			software_increment(v, *val);
		}
		break;
	case 12 << 3 | 5: /* PMSELR */
		if (read) {
			*val = p->selected;
		} else {
			p->selected = *val & 0x1f;
		}
		break;
	case 12 << 3 | 6: /* PMCEID0, PMCEID1 */
		*val = read_pmceid0_el0();
		break;
	case 12 << 3 | 7:
		*val = read_pmceid1_el0();
		break;
	case 13 << 3 | 0: /* PMCCNTR */
		counter_access(v, SEL_CYCLES, read, val);
		break;
	case 13 << 3 | 1: /* PMXEVTYPER */
		type_access(p, p->selected, read, val);
		break;
	case 13 << 3 | 2: /* PMXEVCNTR: not the cycle counter's way */
		counter_access(v, MIN(p->selected, SEL_CYCLES - 1U), read, val);
		break;
	case 14 << 3 | 0: /* PMUSERENR */
		if (read) {
			*val = p->user;
		} else {
			p->user = *val & 0xf;
		}
		break;
	default:
		*val = 0;
		break;
	}
}

bool pmu_access(struct vcpu *v, u32 key, bool read, u64 *val)
{
	struct vcpu_pmu *p = &v->regs.pmu;
	u64 crm = field_get(ESR_SYS_CRM, key), reg = crm << 3 | field_get(ESR_SYS_OP2, key);

	if (!pmu_visible(v->vm)) {
		*val = 0; /* some clear it all the same */
		return (read_spsr_el2() & PSTATE_MODE) != PSTATE_EL0T;
	}
	stop(p);
	if (field_get(ESR_SYS_CRN, key) == 14) {
		if (crm >= 12) { /* PMEVTYPER<n>, PMCCFILTR */
			type_access(p, reg & 0x1f, read, val);
		} else { /* PMEVCNTR<n>; there is none for the cycle counter */
			counter_access(v, MIN(reg & 0x1f, SEL_CYCLES - 1UL), read, val);
		}
	} else if (field_get(ESR_SYS_OP1, key) == 3) {
		common_access(v, reg, read, val);
	} else if (reg == (14 << 3 | 1) || reg == (14 << 3 | 2)) { /* PMINTENSET, PMINTENCLR */
		bits_access(&p->interrupt, (reg & 1) != 0, read, val);
	} else {
		*val = 0; /* PMMIR_EL1 */
	}
	start(v);
	return true;
}
