/* SPDX-License-Identifier: Apache-2.0 */
/* Identification: the CPU's own registers and the interrupt controller's. */
#include "check.h"

#define FIELD(value, shift)	((value) >> (shift) & 15)

/* Registers by encoding: the assembler may be older than the feature. */
#define ID_AA64ZFR0	S3_0_C0_C4_4
#define ID_AA64SMFR0	S3_0_C0_C4_5
#define id_read(name)	read_sysreg(name)

/* What a VM is never shown: state the hypervisor does not switch. ARM ARM D23.2. */
static void hidden_features(void)
{
	u64 pfr0 = read_sysreg(id_aa64pfr0_el1), pfr1 = read_sysreg(id_aa64pfr1_el1);
	u64 dfr0 = read_sysreg(id_aa64dfr0_el1), mmfr0 = read_sysreg(id_aa64mmfr0_el1);

	check_eq(FIELD(pfr0, 8), 0, "no EL2");
	check_eq(FIELD(pfr0, 32), 0, "no SVE");
	check_eq(FIELD(pfr0, 40), 0, "no MPAM");
	check_eq(FIELD(pfr0, 44), 0, "no AMU");
	check_eq(FIELD(pfr0, 24), board.gic_version == 3 ? 1 : 0, "GIC system registers as in the device tree");
	check_eq(FIELD(pfr1, 8), 0, "no MTE with tag storage");
	check_eq(FIELD(pfr1, 24), 0, "no SME");
	check_eq(FIELD(dfr0, 4), 0, "no trace unit");
	check_eq(FIELD(dfr0, 32), 0, "no SPE");
	check_eq(FIELD(dfr0, 44), 0, "no trace buffer");
	check(FIELD(mmfr0, 0) <= 6, "PARange is one of the architecture's");
	check_eq(id_read(ID_AA64ZFR0), 0, "ID_AA64ZFR0_EL1 is zero without SVE");
	check_eq(id_read(ID_AA64SMFR0), 0, "ID_AA64SMFR0_EL1 is zero without SME");
}

void test_id(void)
{
	u64 typer = mmio_read32(board.gicd + GICD_TYPER);

	check_eq(read_sysreg(CurrentEL) >> 2, 1, "running at EL1");
	check(cpus[0].mpidr == (read_sysreg(mpidr_el1) & 0xff00ffffff), "MPIDR_EL1 is in the device tree");
	check(read_sysreg(cntfrq_el0) >= 1000000, "CNTFRQ_EL0 is set");
	check(board.vtimer_intid == 27 && board.ptimer_intid == 30, "timers have their usual PPIs");
	check(typer != 0 && typer != 0xffffffff, "GICD_TYPER reads");
	check_eq(mmio_read32(board.gicd + (board.gic_version == 3 ? GICD_PIDR2 : 0xfe8)) >> 4 & 15,
		 board.gic_version, "GICD_PIDR2 gives the architecture version");
	if (board.gic_version == 3) {
		check_eq(mmio_read32(this_cpu()->gicr + GICR_PIDR2) >> 4 & 15, 3, "GICR_PIDR2 likewise");
		check_eq(mmio_read64(this_cpu()->gicr + GICR_TYPER) >> 32, cpus[0].mpidr & 0xffffff,
			 "GICR_TYPER has our affinity");
	} else {
		check_eq((mmio_read32(board.gicc + GICC_IIDR) >> 16 & 15), 2, "GICC_IIDR gives version 2");
		check((typer >> 5 & 7) + 1 >= board.nr_cpus, "GICD_TYPER counts the CPUs");
	}
	if (board_is_vm()) {
		hidden_features();
	}
}
