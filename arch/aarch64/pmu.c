/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A vCPU's performance counters in and out of the hardware (ARM ARM D13). Every access of a guest
 * traps and works on struct vcpu_pmu; the hardware only counts, and only EL1 and EL0, as the filters
 * are checked before they get here (core/sysreg/sysreg_pmu.c). A counter that EL2 keeps for itself is the last,
 * behind MDCR_EL2.HPMN: it does not obey PMCR_EL0.E.
 */
#include "arch/arch.h"

#include "arch/aarch64/cpu.h"

#define CYCLES BIT(31)

int arch_pmu_counters = VCPU_COUNTERS;

static u64 guest_mask(void)
{
	return CYCLES | (BIT(arch_pmu_counters) - 1);
}

u64 pmu_setup_cpu(void)
{
	u64 version = read_id_aa64dfr0_el1() >> 8 & 0xf;
	int n;

	if (version == 0 || version == 0xf) {
		arch_pmu_counters = -1;
		return 0;
	}
	n = read_pmcr_el0() >> 11 & 0x1f;
	arch_pmu_counters = MIN(arch_pmu_counters, n);
	write_pmcr_el0(0);
	write_pmcntenclr_el0(0xffffffff);
	write_pmintenclr_el1(0xffffffff);
	write_pmovsclr_el0(0xffffffff);
	write_pmuserenr_el0(0);
	return (u64)n;
}

static void select(u64 n)
{
	write_pmselr_el0(n);
	isb();
}

void arch_pmu_load(const struct vcpu_pmu *p)
{
	for (int i = 0; i < arch_pmu_counters; i++) {
		select((u64)i);
		write_pmxevtyper_el0(p->type[i]);
		write_pmxevcntr_el0(p->counter[i]);
	}
	write_pmccfiltr_el0(p->type[VCPU_CYCLES]);
	write_pmccntr_el0(p->counter[VCPU_CYCLES]);
	write_pmovsset_el0(p->overflow);
	write_pmintenset_el1(p->line ? 0 : p->interrupt);
	write_pmuserenr_el0(p->user);
	write_pmcr_el0(p->pmcr);
	write_pmcntenset_el0(p->enabled);
}

void arch_pmu_put(struct vcpu_pmu *p)
{
	u64 all = guest_mask();

	write_pmcntenclr_el0(all);
	write_pmcr_el0(0);
	write_pmintenclr_el1(all);
	write_pmuserenr_el0(0);
	isb(); /* nothing counts any more */
	p->overflow = (u32)(read_pmovsset_el0() & all);
	write_pmovsclr_el0(all);
	for (int i = 0; i < arch_pmu_counters; i++) {
		select((u64)i);
		p->counter[i] = read_pmxevcntr_el0();
	}
	p->counter[VCPU_CYCLES] = read_pmccntr_el0();
}
