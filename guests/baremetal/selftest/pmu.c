/* SPDX-License-Identifier: Apache-2.0 */
/* The performance monitors (ARM ARM D13): counting and the overflow interrupt. */
#include "check.h"

#define PMCR_E		1
#define PMCR_P		2
#define PMCR_C		4
#define PMCR_LC		0x40
#define CYCLES		BIT(31)
#define NOT_EL1		BIT(31)

static volatile u64 overflows;
static volatile unsigned int interrupts;

static void on_overflow(u32 iar)
{
	(void)iar;
	interrupts++;
	overflows = read_sysreg(pmovsclr_el0);
	write_sysreg(pmovsclr_el0, overflows);
	isb();
}

/* Where the machine has no interrupt for it: an overflow is seen in the register. */
static void poll_overflow(void)
{
	if (!board.pmu_intid && read_sysreg(pmovsclr_el0)) {
		on_overflow(0);
	}
}

static void software_events(unsigned int last)
{
	unsigned int i;

	for (i = 0; i <= last; i += last ? last : 1) {
		write_sysreg(pmselr_el0, i);
		isb();
		write_sysreg(pmxevtyper_el0, 0);
		write_sysreg(pmxevcntr_el0, 0x1000 + i);
	}
	write_sysreg(pmcntenset_el0, BIT(0) | BIT(last));
	write_sysreg(pmcr_el0, PMCR_E | PMCR_LC);
	isb();
	for (i = 0; i < 7; i++) {
		write_sysreg(pmswinc_el0, BIT(0) | (i & 1 ? BIT(last) : 0));
	}
	isb();
	check_eq(read_sysreg(pmevcntr0_el0), 0x1007, "software increments count");
	write_sysreg(pmselr_el0, last);
	isb();
	check_eq(read_sysreg(pmxevcntr_el0), 0x1003 + last, "on the last counter, too");
	write_sysreg(pmevtyper0_el0, NOT_EL1);
	isb();
	write_sysreg(pmswinc_el0, BIT(0));
	isb();
	check_eq(read_sysreg(pmevcntr0_el0), 0x1007, "but not what the filter excludes");
	write_sysreg(pmevtyper0_el0, 0);
	write_sysreg(pmcntenclr_el0, ~0UL);
}

static void overflow_by_software(void)
{
	interrupts = 0;
	write_sysreg(pmevcntr0_el0, 0xffffffff);
	write_sysreg(pmcntenset_el0, BIT(0));
	write_sysreg(pmintenset_el1, BIT(0));
	isb();
	write_sysreg(pmswinc_el0, BIT(0));
	irq_enable();
	delay_us(200);
	irq_disable();
	poll_overflow();
	check_eq(interrupts, 1, "an overflow interrupts once");
	check_eq(overflows, BIT(0), "PMOVSCLR_EL0 says which");
	check(!board.pmu_intid || !gic_is_pending(board.pmu_intid), "the line is low afterwards");
	write_sysreg(pmintenclr_el1, ~0UL);
	write_sysreg(pmcntenclr_el0, ~0UL);
}

static void cycles(void)
{
	u64 before, after;
	unsigned int i;

	write_sysreg(pmccfiltr_el0, 0);
	write_sysreg(pmccntr_el0, 0);
	write_sysreg(pmcntenset_el0, CYCLES);
	isb();
	before = read_sysreg(pmccntr_el0);
	delay_us(100);
	after = read_sysreg(pmccntr_el0);
	check(after > before, "cycles are counted");
	write_sysreg(pmcntenclr_el0, CYCLES);
	isb();
	before = read_sysreg(pmccntr_el0);
	delay_us(100);
	check_eq(read_sysreg(pmccntr_el0), before, "not while the counter is off");
	write_sysreg(pmccfiltr_el0, NOT_EL1);
	write_sysreg(pmcntenset_el0, CYCLES);
	isb();
	before = read_sysreg(pmccntr_el0);
	delay_us(100);
	check_eq(read_sysreg(pmccntr_el0), before, "nor with EL1 filtered out: EL2's do not show");
	write_sysreg(pmccfiltr_el0, 0);
	interrupts = 0;
	write_sysreg(pmintenset_el1, CYCLES);
	for (i = 1; i <= 3; i++) {
		write_sysreg(pmccntr_el0, -1000UL);
		irq_enable();
		(void)wait_for((poll_overflow(), interrupts >= i));
		irq_disable();
		check_eq(interrupts, i, "the cycle counter's overflow interrupts, %u", i);
		check_eq(overflows, CYCLES, "and is told");
	}
	write_sysreg(pmintenclr_el1, ~0UL);
	write_sysreg(pmcntenclr_el0, ~0UL);
}

void test_pmu(void)
{
	unsigned int version = read_sysreg(id_aa64dfr0_el1) >> 8 & 15, n;

	if (version == 0 || version == 15) {
		return;
	}
	write_sysreg(pmcr_el0, PMCR_P | PMCR_C | PMCR_LC);
	write_sysreg(pmcntenclr_el0, ~0UL);
	write_sysreg(pmintenclr_el1, ~0UL);
	write_sysreg(pmovsclr_el0, ~0UL);
	isb();
	check_eq(read_sysreg(pmccntr_el0), 0, "PMCR_EL0.C clears");
	n = read_sysreg(pmcr_el0) >> 11 & 31;
	if (board.pmu_intid) {
		irq_set_handler(board.pmu_intid, on_overflow);
		gic_enable(board.pmu_intid);
	}
	if (n) {
		software_events(n - 1);
		overflow_by_software();
	}
	write_sysreg(pmcr_el0, PMCR_E | PMCR_LC);
	cycles();
	write_sysreg(pmcr_el0, 0);
	if (board.pmu_intid) {
		gic_disable(board.pmu_intid);
		irq_set_handler(board.pmu_intid, NULL);
	}
}
