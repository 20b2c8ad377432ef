/* SPDX-License-Identifier: Apache-2.0 */
/* CPUs on and off and on again. */
#include "check.h"

static volatile u64 seen_mpidr[MAX_CPUS], seen_sctlr_m[MAX_CPUS], seen_daif[MAX_CPUS], rounds[MAX_CPUS];
static volatile bool release;

static void record(void *arg)
{
	unsigned int i = this_cpu()->index;

	seen_mpidr[i] = read_sysreg(mpidr_el1) & 0xff00ffffff;
	seen_sctlr_m[i] = read_sysreg(sctlr_el1) & 1;
	seen_daif[i] = read_sysreg(daif) >> 6 & 15;
	rounds[i] += (u64)arg;
	dsb();
	while (!release) {
	}
}

static void count(void *arg)
{
	rounds[this_cpu()->index] += (u64)arg;
	dsb();
}

void test_smp(void)
{
	unsigned int i, round;

	for (i = 1; i < board.nr_cpus; i++) {
		check_eq((u32)smp_state(i), AFFINITY_OFF, "cpu%u is off at first", i);
		check_eq((u32)smp_start(i, record, (void *)5), PSCI_SUCCESS, "CPU_ON cpu%u", i);
		check(wait_for(rounds[i] == 5), "cpu%u runs with its context id", i);
		check_eq(seen_mpidr[i], cpus[i].mpidr, "cpu%u has the MPIDR it was started by", i);
		check_eq(seen_daif[i], 15, "cpu%u starts masked", i);
		check_eq((u32)smp_state(i), AFFINITY_ON, "AFFINITY_INFO of running cpu%u", i);
		check_eq((u32)psci(PSCI_CPU_ON, cpus[i].mpidr, image_base(), 0), (u32)PSCI_ALREADY_ON,
			 "CPU_ON of running cpu%u", i);
	}
	release = true;
	dsb();
	for (i = 1; i < board.nr_cpus; i++) {
		check(smp_wait_off(i), "cpu%u switches itself off", i);
	}
	for (i = 1; i < board.nr_cpus; i++) {
		for (round = 0; round < 10 && smp_run(i, count, (void *)1) == PSCI_SUCCESS; round++) {
		}
		check_eq(rounds[i], 15, "cpu%u on and off ten times", i);
	}
	check_eq((u32)smp_state(0), AFFINITY_ON, "and this CPU is on");
}
