/* SPDX-License-Identifier: Apache-2.0 */
/* LPIs and the ITS (IHI 0069 5), with events that INT commands make: no device is needed. */
#include "check.h"
#include "rt/its.h"

#define DEVICE 2U
#define LPIS 24U	/* more than there are list registers */
#define VALID BIT(63)
#define GICR_INVLPIR 0xa0
#define GICR_SYNCR 0xc0

static u8 pending1[0x10000] __attribute__((aligned(0x10000)));
static volatile bool up, stop;

static void listen(void *arg)
{
	(void)arg;
	irq_enable();
	up = true;
	dsb();
	while (!stop) {
		__asm__ volatile("wfi");
	}
}

/* RDbase of a command (5.3): its address or its number. */
static u64 target(unsigned int cpu)
{
	u64 gicr = cpus[cpu].gicr;

	return mmio_read64(its_base() + GITS_TYPER) & BIT(19) ? gicr :
	       (mmio_read64(gicr + GICR_TYPER) >> 8 & 0xffff) << 16;
}

static bool of(u32 command, u32 event)
{
	return its_command(command | (u64)DEVICE << 32, event, 0, 0) && its_command(ITS_SYNC, 0, target(0), 0);
}

static bool to(u32 event, u32 collection)
{
	return its_command(ITS_MOVI | (u64)DEVICE << 32, event, collection, 0) &&
	       its_command(ITS_SYNC, 0, target(1), 0) && its_command(ITS_SYNC, 0, target(0), 0);
}

static void configure(u32 lpi, u8 byte)
{
	lpi_config[lpi] = byte;
	cache_clean(&lpi_config[lpi], 1);
	dsb();
}

/* The same, and it is told. */
static void set(u32 lpi, u8 byte)
{
	configure(lpi, byte);
	of(ITS_INV, lpi);
}

/* A bit for each LPI this CPU has taken since log_begin(), and how many. */
static u32 taken(u32 *count)
{
	u32 bits = 0, i;

	*count = 0;
	for (i = 0; log_intid(i) != 1023; i++) {
		if (log_intid(i) >= LPI_FIRST && log_intid(i) < LPI_FIRST + LPIS) {
			bits |= 1U << (log_intid(i) - LPI_FIRST);
			++*count;
		}
	}
	return bits;
}

static void one(void)
{
	log_begin();
	check(of(ITS_INT, 3), "INT is executed");
	check_eq(log_drain(), 1, "its LPI comes");
	check_eq(log_intid(0), LPI_FIRST + 3, "as that LPI");
	log_begin();
	check_eq(log_drain(), 0, "once");
	of(ITS_INT, 3);
	of(ITS_CLEAR, 3);
	check_eq(log_drain(), 0, "CLEAR takes it away");
	set(3, 0xa0);
	of(ITS_INT, 3);
	check_eq(log_drain(), 0, "disabled it does not come");
	configure(3, 0xa1);
	of(ITS_INV, 3);
	check_eq(log_drain(), 1, "enabled it does");
	gic_set_pmr(0xa0);
	of(ITS_INT, 3);
	check_eq(log_drain(), 1, "its priority is masked");
	set(3, 0x91);
	check_eq(log_drain(), 2, "and raised it comes");
	gic_set_pmr(0xff);
	set(3, 0xa1);
}

static void direct(void)
{
	u64 gicr = cpus[0].gicr;

	if (!(mmio_read32(gicr + GICR_CTLR) & 4)) {
		return; /* IR: invalidation by registers */
	}
	log_begin();
	configure(4, 0xa0);
	mmio_write64(gicr + GICR_INVLPIR, LPI_FIRST + 4);
	check(wait_for(!(mmio_read32(gicr + GICR_SYNCR) & 1)), "GICR_SYNCR ends");
	of(ITS_INT, 4);
	check_eq(log_drain(), 0, "GICR_INVLPIR disables");
	configure(4, 0xa1);
	mmio_write64(gicr + GICR_INVLPIR, LPI_FIRST + 4);
	check_eq(log_drain(), 1, "and enables");
}

static void many(void)
{
	u32 count, i;

	log_begin();
	set(17, 0x41);
	for (i = 0; i < LPIS; i++) {
		of(ITS_INT, i);
	}
	gic_send_sgi(5, 0);
	spares_enable(2);
	gic_set_pending(spare_spi(0));
	gic_set_pending(spare_spi(1));
	check_eq(log_drain(), LPIS + 3, "more than list registers, an SGI and two SPIs");
	check_eq(taken(&count), (1UL << LPIS) - 1, "each of the LPIs");
	check_eq(count, LPIS, "once");
	check_eq(log_intid(0), LPI_FIRST + 17, "the best first");
	spares_reset(2);
	set(17, 0xa1);
	for (i = 0; i < 2000; i++) {
		log_begin();
		of(ITS_INT, i % LPIS);
		if (log_drain() != 1) {
			break;
		}
	}
	check_eq(i, 2000, "one after the other");
}

static void moved(void)
{
	u32 i, count;

	log_begin();
	check(to(6, 1), "MOVI is executed");
	of(ITS_INT, 6);
	check(wait_for(irq_logs[1].n == 1), "moved to cpu1 it comes there");
	check_eq(log_drain(), 0, "and not here");
	to(6, 0);
	log_begin();
	of(ITS_INT, 6);
	to(6, 1);
	check(wait_for(irq_logs[1].n == 1), "moved while it was pending it comes there");
	check_eq(log_drain(), 0, "and not here");
	log_begin();
	for (i = 0; i < LPIS; i++) {
		to(i, 0);
		of(ITS_INT, i);
	}
	its_command(ITS_MOVALL, 0, target(0), target(1));
	its_command(ITS_SYNC, 0, target(1), 0);
	check(wait_for(irq_logs[1].n == LPIS), "MOVALL moves all that are pending");
	check_eq(taken(&count), 0, "none is left");
	log_begin();
	for (i = 0; i < LPIS; i++) {
		to(i, i & 1);
	}
	for (i = 0; i < 200; i++) {
		u32 event = i % LPIS, there = irq_logs[1].n;

		of(ITS_INT, event);
		if (event & 1) {
			wait_for(irq_logs[1].n == there + 1);
		}
	}
	check_eq(irq_logs[1].n, 100, "half of them there");
	check_eq(log_drain(), LPIS / 2, "half of them here, pending once each");
}

static void off(void)
{
	u32 event = 9;

	log_begin();
	of(ITS_INT, event);
	of(ITS_DISCARD, event);
	check_eq(log_drain(), 0, "DISCARD takes it away");
	of(ITS_INT, event);
	check_eq(log_drain(), 0, "and its event means nothing");
	its_command(ITS_MAPTI | (u64)DEVICE << 32, event | (u64)(LPI_FIRST + event) << 32, 0, 0);
	of(ITS_INT, event);
	check_eq(log_drain(), 1, "until it is mapped again");
	log_begin();
	its_command(ITS_MAPC, 0, 0, 0);
	its_command(ITS_INT | (u64)DEVICE << 32, event, 0, 0);
	check_eq(log_drain(), 0, "a collection that is not mapped leads nowhere");
	its_command(ITS_MAPC, 0, VALID | target(0), 0);
	of(ITS_INT, event);
	check_eq(log_drain(), 1, "mapped again it leads here");
	its_command(ITS_MAPD | (u64)DEVICE << 32, 0, 0, 0);
	of(ITS_INT, event);
	check_eq(log_drain(), 1, "a device that is not mapped has no events");
}

void test_lpi(void)
{
	u32 i;
	u64 gicr;

	if (board.gic_version != 3 || !its_base()) {
		return;
	}
	check(its_init(), "the ITS executes commands");
	check(its_map(DEVICE, 0, LPI_FIRST), "MAPD, MAPTI");
	for (i = 0; i < LPIS; i++) {
		configure(i, 0xa1);
		its_command(ITS_MAPTI | (u64)DEVICE << 32, i | (u64)(LPI_FIRST + i) << 32, 0, 0);
	}
	its_command(ITS_INVALL, 0, 0, 0);
	its_command(ITS_SYNC, 0, target(0), 0);
	one();
	direct();
	many();
	if (board.nr_cpus > 1 && smp_start(1, listen, NULL) == PSCI_SUCCESS) {
		check(wait_for(up), "cpu1 listens");
		gicr = cpus[1].gicr;
		mmio_write64(gicr + GICR_PROPBASER, (u64)lpi_config | 7UL << 7 | 1UL << 10 | (LPI_BITS - 1));
		mmio_write64(gicr + GICR_PENDBASER, (u64)pending1 | 7UL << 7 | 1UL << 10 | BIT(62));
		dsb();
		mmio_write32(gicr + GICR_CTLR, GICR_ENABLE_LPIS);
		its_command(ITS_MAPC, 0, VALID | target(1) | 1, 0);
		its_command(ITS_INVALL, 0, 1, 0);
		its_command(ITS_SYNC, 0, target(1), 0);
		moved();
		stop = true;
		gic_send_sgi(5, 1);
		for (i = 0; i < LPIS; i++) {
			to(i, 0);
		}
		check(smp_wait_off(1), "cpu1 ends");
	}
	off();
}
