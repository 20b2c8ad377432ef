/* SPDX-License-Identifier: Apache-2.0 */
/* FP/SIMD registers keep their values through interrupts, hypercalls, WFI and other CPUs' use of theirs. */
#include "check.h"
#include "rt/fp.h"

static volatile u64 ticks[MAX_CPUS], wrong[MAX_CPUS];

static void tick(u32 iar)
{
	(void)iar;
	ticks[this_cpu()->index]++;
	write_sysreg(cntv_tval_el0, timer_frequency() / 5000);
	isb();
}

static void work(void *arg)
{
	unsigned int self = this_cpu()->index;
	u64 seed = 0x1234567 * (self + 1), end = timer_count() + timer_frequency() / 20, round = 0;

	(void)arg;
	write_sysreg(fpcr, 0x01000000UL * (self & 1));
	write_sysreg(fpsr, 0x9f & (self * 3));
	fp_fill(seed);
	vtimer_arm(timer_count());
	gic_enable(board.vtimer_intid);
	irq_enable();
	while (timer_count() < end) {
		if (++round % 16 == 0) {
			psci(PSCI_VERSION, 0, 0, 0);
			mmio_read32(board.gicd + GICD_TYPER);
			wfi();
		}
		wrong[self] += fp_check(seed);
	}
	irq_disable();
	vtimer_stop();
	gic_disable(board.vtimer_intid);
	wrong[self] += read_sysreg(fpcr) != 0x01000000UL * (self & 1);
	wrong[self] += read_sysreg(fpsr) != (0x9f & (self * 3));
	write_sysreg(fpcr, 0);
}

void test_fp(void)
{
	unsigned int i;

	irq_set_handler(board.vtimer_intid, tick);
	for (i = 1; i < board.nr_cpus; i++) {
		check_eq((u32)smp_start(i, work, NULL), PSCI_SUCCESS, "cpu%u works", i);
	}
	work(NULL);
	for (i = 0; i < board.nr_cpus; i++) {
		if (i) {
			check(smp_wait_off(i), "cpu%u ends", i);
		}
		check(ticks[i] > 10, "cpu%u was interrupted", i);
		check_eq(wrong[i], 0, "cpu%u kept v0-v31, FPCR and FPSR", i);
	}
	irq_set_handler(board.vtimer_intid, NULL);
}
