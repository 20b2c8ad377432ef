/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counting the instructions EL2 executes: PMU event 0x08 (INST_RETIRED) with the
 * filter that leaves only EL2 (ARM ARM, PMEVTYPER<n>_EL0). Guests cannot reach the PMU.
 */
#include "arch/aarch64/bench.h"

#include "arch/arch.h"
#include "core/base/log.h"

#define INST_RETIRED 0x08
#define PMEVTYPER_P BIT(31)   /* not EL1 */
#define PMEVTYPER_U BIT(30)   /* not EL0 */
#define PMEVTYPER_NSH BIT(27) /* EL2 */

static bool started;

void arch_bench_start(void)
{
	u64 version = read_id_aa64dfr0_el1() >> 8 & 0xf;

	if (version == 0 || version == 0xf) {
		log_warn("bench: this CPU has no PMU");
		return;
	}
	write_pmevtyper0_el0(PMEVTYPER_P | PMEVTYPER_U | PMEVTYPER_NSH | INST_RETIRED);
	write_pmevcntr0_el0(0);
	write_pmcntenset_el0(BIT(0));
	write_pmcr_el0(read_pmcr_el0() | BIT(0));
	isb(); /* counting from here */
	started = true;
}

void arch_bench_report(void)
{
	u64 count = read_pmevcntr0_el0() & 0xffffffff;
	u64 where, esr, longest = masked_longest(&where, &esr);

	if (!started) {
		return;
	}
	log_info("bench: el2_instructions=%lu el2_longest=%lu at=0x%lx esr=0x%lx", count, longest, where, esr);
}
