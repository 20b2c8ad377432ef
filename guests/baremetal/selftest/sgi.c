/* SPDX-License-Identifier: Apache-2.0 */
/* Software generated interrupts: to this CPU, to each other one, to all others. */
#include "check.h"

static volatile u64 up[MAX_CPUS];
static volatile bool stop;

static void listen(void *arg)
{
	(void)arg;
	irq_enable();
	up[this_cpu()->index] = 1;
	dsb();
	while (!stop) {
		__asm__ volatile("wfi");
	}
}

static void send_back(void *arg)
{
	(void)arg;
	gic_send_sgi(3, 0);
}

static void to_self(void)
{
	unsigned int i, good = 0;

	log_begin();
	for (i = 0; i < 16; i++) {
		gic_send_sgi(i, 0);
		log_drain();
		good += log_intid(i) == i;
	}
	check_eq(good, 16, "each of the 16 to this CPU");
	check_eq(irq_logs[0].n, 16, "and each once");

	log_begin();
	gic_send_sgi(5, 0);
	gic_send_sgi(5, 0);
	check(gic_is_pending(5), "pending while masked");
	check_eq(gic_highest_pending(), 5, "and the highest pending");
	check_eq(log_drain(), 1, "sent twice, taken once");
	check(!gic_is_pending(5) && !gic_is_active(5), "idle afterwards");

	log_begin();
	gic_disable(6);
	/* A GICv2 may have SGIs that are always enabled (IHI 0048 4.3.5). */
	if (!gic_is_enabled(6)) {
		gic_send_sgi(6, 0);
		check_eq(log_drain(), 0, "not taken while disabled");
		gic_enable(6);
		check_eq(log_drain(), 1, "taken when enabled");
	}

	log_begin();
	for (i = 0; i < 16; i++) {
		gic_set_priority(i, 0x10 + (15 - i) * 8);
	}
	for (i = 0; i < 16; i++) {
		gic_send_sgi(i, 0);
	}
	log_drain();
	for (i = 0, good = 0; i < 16; i++) {
		good += log_intid(i) == 15 - i;
		gic_set_priority(i, PRIORITY_DEFAULT);
	}
	check_eq(good, 16, "all 16 at once, in order of priority");
}

static void by_register_v2(void)
{
	log_begin();
	mmio_write8(board.gicd + GICD_SPENDSGIR + 7, cpus[0].gic_target);
	check_eq(mmio_read8(board.gicd + GICD_SPENDSGIR + 7), cpus[0].gic_target, "SPENDSGIR shows its source");
	mmio_write8(board.gicd + GICD_CPENDSGIR + 7, cpus[0].gic_target);
	check_eq(log_drain(), 0, "CPENDSGIR takes it back");
	mmio_write32(board.gicd + GICD_SGIR, 2U << 24 | 7);
	check_eq(log_drain(), 1, "SGIR with the filter for this CPU");
}

static void by_register_v3(void)
{
	log_begin();
	gic_set_pending(7);
	check(gic_is_pending(7), "GICR_ISPENDR0 sets one pending");
	gic_clear_pending(7);
	check_eq(log_drain(), 0, "GICR_ICPENDR0 takes it back");
	gic_set_pending(7);
	check_eq(log_drain(), 1, "set again, taken");
}

/* GICv2 keeps one pending SGI per sender. */
static void two_senders(void)
{
	log_begin();
	gic_send_sgi(3, 0);
	check_eq((u32)smp_run(1, send_back, NULL), PSCI_SUCCESS, "cpu1 sends one here and ends");
	log_drain();
	if (board.gic_version == 3) {
		check_eq(irq_logs[0].n, 1, "the same from two CPUs is one");
		return;
	}
	check_eq(irq_logs[0].n, 2, "the same from two CPUs is two");
	check_eq((irq_logs[0].iar[0] >> 10 & 7) + (irq_logs[0].iar[1] >> 10 & 7), 1, "with their senders in GICC_IAR");
}

void test_sgi(void)
{
	unsigned int i, sgi, good;

	to_self();
	if (board.gic_version == 3) {
		by_register_v3();
	} else {
		by_register_v2();
	}
	if (board.nr_cpus == 1) {
		log_end();
		return;
	}
	two_senders();
	log_begin();
	stop = false;
	for (i = 1; i < board.nr_cpus; i++) {
		check_eq((u32)smp_start(i, listen, NULL), PSCI_SUCCESS, "cpu%u listens", i);
		check(wait_for(up[i]), "cpu%u is up", i);
	}
	for (i = 1; i < board.nr_cpus; i++) {
		for (sgi = 0, good = 0; sgi < 16; sgi++) {
			gic_send_sgi(sgi, i);
			good += wait_for(irq_logs[i].n == sgi + 1) && GIC_INTID(irq_logs[i].iar[sgi]) == sgi;
		}
		check_eq(good, 16, "each of the 16 to cpu%u", i);
	}
	check_eq(log_drain(), 0, "none of them here");
	log_begin();
	gic_send_sgi(9, SGI_OTHERS);
	for (i = 1; i < board.nr_cpus; i++) {
		check(wait_for(irq_logs[i].n == 1), "one to all others reaches cpu%u", i);
	}
	check_eq(log_drain(), 0, "and not this CPU");
	stop = true;
	dsb();
	gic_send_sgi(0, SGI_OTHERS);
	for (i = 1; i < board.nr_cpus; i++) {
		check(smp_wait_off(i), "cpu%u ends", i);
	}
	log_end();
}
