/* SPDX-License-Identifier: Apache-2.0 */
/* Shared interrupts to other CPUs, and other CPUs' private ones. */
#include "check.h"

static volatile u64 up;
static volatile bool stop;

static void listen(void *arg)
{
	(void)arg;
	irq_enable();
	up = 1;
	dsb();
	while (!stop) {
		__asm__ volatile("wfi");
	}
}

static u32 total(void)
{
	u32 n = 0;
	unsigned int i;

	for (i = 0; i < board.nr_cpus; i++) {
		n += irq_logs[i].n;
	}
	return n;
}

static void slow_hook(u32 intid)
{
	(void)intid;
	delay_us(1000);
}

static void to_cpu(unsigned int cpu)
{
	u32 irq = spare_spi(0);

	log_begin();
	gic_route(irq, cpu);
	gic_set_pending(irq);
	check(wait_for(irq_logs[cpu].n == 1), "an SPI routed to cpu%u arrives there", cpu);
	check_eq(log_drain(), 0, "and not here");

	log_begin();
	gic_disable(irq);
	gic_route(irq, 0);
	gic_set_pending(irq);
	gic_route(irq, cpu);
	gic_enable(irq);
	check(wait_for(irq_logs[cpu].n == 1), "one moved to cpu%u while pending arrives there", cpu);

	log_begin();
	gic_set_pending(irq);
	check(wait_for(irq_logs[cpu].n == 1), "again");
	check(wait_for(!gic_is_active(irq)), "seen from here, it ends there");
	gic_route(irq, 0);
	log_begin();
	gic_set_pending(irq);
	check_eq(log_drain(), 1, "routed back, it arrives here");
	check_eq(irq_logs[cpu].n, 0, "and not there");

	/* Moved while the other CPU's handler is in it: it arrives here when that has ended. */
	log_begin();
	log_hook = slow_hook;
	gic_route(irq, cpu);
	gic_set_pending(irq);
	check(wait_for(irq_logs[cpu].n == 1), "active on cpu%u", cpu);
	gic_route(irq, 0);
	gic_set_pending(irq);
	check(wait_for(({ log_drain(); irq_logs[0].n; })), "set pending and moved meanwhile, it arrives here");
	check_eq(total(), 2, "twice in all");
}

static void v2_targets(void)
{
	u64 reg = board.gicd + GICD_ITARGETSR + spare_spi(0);

	mmio_write8(reg, cpus[1].gic_target);
	check_eq(mmio_read8(reg), cpus[1].gic_target, "ITARGETSR reads back");
	check_eq(mmio_read32(board.gicd + GICD_ITARGETSR) & 0xff, cpus[0].gic_target,
		 "ITARGETSR0 shows the reader's own bit");
	/* QEMU's GICv2 gives a software-pended SPI to every target, and forgets one that has none. */
	if (!board_is_vm()) {
		mmio_write8(reg, cpus[0].gic_target);
		return;
	}
	log_begin();
	mmio_write8(reg, cpus[0].gic_target | cpus[1].gic_target);
	gic_set_pending(spare_spi(0));
	irq_enable();
	wait_for(total());
	delay_us(500);
	irq_disable();
	check_eq(total(), 1, "an SPI with two targets is taken once");
	check(wait_for(!gic_is_active(spare_spi(0))), "and ends");
	log_begin();
	mmio_write8(reg, 0);
	gic_set_pending(spare_spi(0));
	check_eq(log_drain(), 0, "an SPI without a target is not taken");
	check_eq(total(), 0, "by anyone");
	mmio_write8(reg, cpus[0].gic_target);
	check_eq(log_drain(), 1, "until it gets one");
}

static void v3_routes(void)
{
	u64 reg = board.gicd + GICD_IROUTER + spare_spi(0) * 8UL;

	mmio_write64(reg, cpus[1].mpidr);
	check_eq(mmio_read64(reg), cpus[1].mpidr, "IROUTER reads back");
	check_eq(mmio_read32(reg), cpus[1].mpidr & 0xffffffff, "its lower half by a word");
	check_eq(mmio_read32(reg + 4), cpus[1].mpidr >> 32, "its upper half too");
	mmio_write32(reg, (u32)cpus[0].mpidr);
	check_eq(mmio_read64(reg), cpus[0].mpidr, "a word written to the lower half");
	log_begin();
	/* A private interrupt of cpu1, set pending from here through its redistributor. */
	mmio_write32(cpus[1].gicr + GICR_SGI + GICD_ISENABLER, 1U << 20);
	mmio_write32(cpus[1].gicr + GICR_SGI + GICD_ISPENDR, 1U << 20);
	check(wait_for(irq_logs[1].n == 1), "a PPI set pending in cpu1's redistributor arrives there");
	mmio_write32(cpus[1].gicr + GICR_SGI + GICD_ICENABLER, 1U << 20);
	check_eq(log_drain(), 0, "and not here");
	if (!(mmio_read32(board.gicd + GICD_TYPER) & BIT(25))) {
		log_begin();
		mmio_write64(reg, BIT(31));
		gic_set_pending(spare_spi(0));
		irq_enable();
		wait_for(total());
		delay_us(500);
		irq_disable();
		check_eq(total(), 1, "an SPI to any CPU is taken once");
	}
}

void test_route(void)
{
	unsigned int i;

	spares_enable(1);
	if (board.nr_cpus == 1) {
		log_begin();
		gic_route(spare_spi(0), 0);
		gic_set_pending(spare_spi(0));
		check_eq(log_drain(), 1, "an SPI to the only CPU");
		spares_reset(1);
		log_end();
		return;
	}
	log_begin();
	stop = false;
	for (i = 1; i < board.nr_cpus; i++) {
		up = 0;
		check_eq((u32)smp_start(i, listen, NULL), PSCI_SUCCESS, "cpu%u listens", i);
		check(wait_for(up), "cpu%u is up", i);
	}
	for (i = 1; i < board.nr_cpus; i++) {
		to_cpu(i);
	}
	if (board.gic_version == 3) {
		v3_routes();
	} else {
		v2_targets();
	}
	spares_reset(1);
	stop = true;
	dsb();
	gic_send_sgi(0, SGI_OTHERS);
	for (i = 1; i < board.nr_cpus; i++) {
		check(smp_wait_off(i), "cpu%u ends", i);
	}
	log_end();
}
