/* SPDX-License-Identifier: Apache-2.0 */
/* PSCI and SMCCC calls that answer without doing anything (DEN0022 5, DEN0028 7). */
#include "check.h"

#define NOWHERE	0x00ff00ff	/* an affinity no CPU has */

static void features(void)
{
	static const struct {
		u32 function;
		const char *name;
	} needed[] = {
		{ PSCI_VERSION, "PSCI_VERSION" },
		{ PSCI_CPU_OFF, "CPU_OFF" },
		{ PSCI_CPU_ON, "CPU_ON" },
		{ PSCI_AFFINITY_INFO, "AFFINITY_INFO" },
		{ PSCI_CPU_SUSPEND, "CPU_SUSPEND" },
		{ PSCI_SYSTEM_OFF, "SYSTEM_OFF" },
		{ PSCI_SYSTEM_RESET, "SYSTEM_RESET" },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(needed); i++) {
		check(psci(PSCI_FEATURES, needed[i].function, 0, 0) >= 0, "PSCI_FEATURES has %s", needed[i].name);
	}
	check_eq((u32)psci(PSCI_FEATURES, 0x8400ffff, 0, 0), (u32)PSCI_NOT_SUPPORTED,
		 "PSCI_FEATURES of an unknown function");
}

static void under_hypervisor(void)
{
	struct smccc_result r;

	check(psci(PSCI_FEATURES, SMCCC_VERSION, 0, 0) >= 0, "PSCI_FEATURES has SMCCC_VERSION");
	check((u32)psci(SMCCC_VERSION, 0, 0, 0) >= 0x10001, "SMCCC_VERSION is at least 1.1");
	check_eq((u32)psci(SMCCC_ARCH_FEATURES, SMCCC_VERSION, 0, 0), 0, "ARCH_FEATURES of SMCCC_VERSION");
	check_eq((u32)psci(SMCCC_ARCH_FEATURES, SMCCC_ARCH_FEATURES, 0, 0), 0, "ARCH_FEATURES of itself");
	check_eq((u32)psci(SMCCC_ARCH_FEATURES, 0x8000ffff, 0, 0), (u32)PSCI_NOT_SUPPORTED,
		 "ARCH_FEATURES of an unknown function");
	check_eq(psci(PSCI_MIGRATE_INFO_TYPE, 0, 0, 0), 2, "MIGRATE_INFO_TYPE: no trusted OS");
	r = smc_call(PSCI_VERSION, 0, 0, 0);
	check_eq(r.x[0], hvc_call(PSCI_VERSION, 0, 0, 0).x[0], "PSCI_VERSION by SMC and by HVC");
	r = smc_call(0x8400ffff, 0, 0, 0);
	check_eq(r.x[0], ~0UL, "unknown function by SMC");
	check_eq((u32)psci(PSCI_CPU_ON, cpus[0].mpidr | BIT(31), 0, 0), (u32)PSCI_INVALID_PARAMETERS,
		 "CPU_ON with reserved bits in the affinity");
	if (board.nr_cpus > 1) {
		check_eq((u32)psci(PSCI_CPU_ON, cpus[1].mpidr, board.uart + 0x700000, 0),
			 (u32)PSCI_INVALID_ADDRESS, "CPU_ON with an entry that is not memory");
	}
}

/* As Linux does before it suspends a CPU with a GICv3: what wakes it up is in front of the CPU interface. */
static void close_interface(bool closed)
{
	if (board.gic_version == 2) {
		mmio_write32(board.gicc + GICC_CTLR, !closed);
	} else {
		write_sysreg(S3_0_C12_C12_7, !closed); /* ICC_IGRPEN1_EL1 */
	}
	isb();
}

static void suspend_closed(void)
{
	u64 end = timer_count() + 5 * timer_frequency();
	unsigned int spi = spare_spi(0);

	gic_enable(spi);
	gic_enable(board.vtimer_intid);
	vtimer_arm(end); /* so that a failure is not for ever */
	close_interface(true);
	gic_set_pending(spi);
	check_eq((u32)psci(PSCI_CPU_SUSPEND, 1, 0, 0), PSCI_SUCCESS, "CPU_SUSPEND with the CPU interface closed");
	check(timer_count() < end, "an interrupt behind it woke it up");
	gic_clear_pending(spi);
	vtimer_stop();
	close_interface(false);
	gic_disable(board.vtimer_intid);
	gic_disable(spi);
}

static void suspend(void)
{
	u64 start = timer_count();

	gic_enable(board.vtimer_intid);
	vtimer_arm(start + timer_frequency() / 1000);
	check_eq((u32)psci(PSCI_CPU_SUSPEND, 0, 0, 0), PSCI_SUCCESS, "CPU_SUSPEND to standby returns");
	check(timer_count() >= start, "after it was woken");
	vtimer_stop();
	gic_disable(board.vtimer_intid);
}

void test_psci(void)
{
	struct smccc_result r = smccc(PSCI_VERSION, 0x1111, 0x2222, 0x3333);

	check((r.x[0] & 0xffffffff) >= 0x10000, "version is at least 1.0");
	check(r.x[0] >> 32 == 0, "the upper half of x0 is zero");
	features();
	check_eq(smccc(0x8400ffff, 0, 0, 0).x[0], ~0UL, "unknown function");
	check_eq((u32)smp_state(0), AFFINITY_ON, "AFFINITY_INFO of this CPU");
	check_eq((u32)psci(PSCI_AFFINITY_INFO, NOWHERE, 0, 0), (u32)PSCI_INVALID_PARAMETERS,
		 "AFFINITY_INFO of no CPU");
	check_eq((u32)psci(PSCI_CPU_ON, cpus[0].mpidr, image_base(), 0), (u32)PSCI_ALREADY_ON,
		 "CPU_ON of this CPU");
	check_eq((u32)psci(PSCI_CPU_ON, NOWHERE, image_base(), 0), (u32)PSCI_INVALID_PARAMETERS,
		 "CPU_ON of no CPU");
	suspend();
	if (board_is_vm()) {
		under_hypervisor();
		suspend_closed();
	}
}
