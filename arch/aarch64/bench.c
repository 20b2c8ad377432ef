/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counting the instructions EL2 executes: PMU event 0x08 (INST_RETIRED) with the
 * filter that leaves only EL2 (ARM ARM, PMEVTYPER<n>_EL0). It takes the boot CPU's last
 * counter, which guests have one less of then (MDCR_EL2.HPMN, HPME).
 */
#include "arch/aarch64/bench.h"

#include "arch/arch.h"
#include "core/base/log.h"

#define INST_RETIRED 0x08
#define PMEVTYPER_P BIT(31)   /* not EL1 */
#define PMEVTYPER_U BIT(30)   /* not EL0 */
#define PMEVTYPER_NSH BIT(27) /* EL2 */
#define MDCR_HPMN BITS(4, 0)
#define MDCR_HPME BIT(7)

static int counter = -1;

void arch_bench_start(void)
{
	int n = (int)(read_mdcr_el2() & MDCR_HPMN) - 1;

	if (arch_pmu_counters < 0 || n < 0) {
		log_warn("bench: this CPU has no PMU");
		return;
	}
	arch_pmu_counters = MIN(arch_pmu_counters, n);
	counter = n;
	write_mdcr_el2((read_mdcr_el2() & ~MDCR_HPMN) | MDCR_HPME | (u64)n);
	write_pmselr_el0((u64)n);
	isb();
	write_pmxevtyper_el0(PMEVTYPER_P | PMEVTYPER_U | PMEVTYPER_NSH | INST_RETIRED);
	write_pmxevcntr_el0(0);
	write_pmcntenset_el0(BIT(n));
	isb(); /* counting from here */
}

bool arch_bench_report(void)
{
	u64 flags, count;

	if (counter < 0) {
		return false;
	}
	flags = irq_save();
	write_pmselr_el0((u64)counter);
	isb();
	count = read_pmxevcntr_el0() & 0xffffffff;
	irq_restore(flags);
	log_info("bench: el2_instructions=%lu el2_longest=%lu", count, masked_longest());
	masked_report();
	return true;
}
