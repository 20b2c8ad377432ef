/* SPDX-License-Identifier: Apache-2.0 */
#include "its.h"

#include <string.h>

#include "board.h"
#include "cpu.h"
#include "fdt.h"
#include "gic.h"
#include "mmu.h"
#include "timer.h"

#define INNER_SHARED	(1UL << 10 | 7UL << 59)	/* of GITS_BASER, GITS_CBASER: write-back, shareable */
#define VALID		BIT(63)
#define EVENTS		32U			/* of a device */

u8 lpi_config[1U << LPI_BITS] __attribute__((aligned(4096)));
static u8 pending[1U << (LPI_BITS - 3)] __attribute__((aligned(0x10000)));
static u64 queue[ITS_QUEUE / 8] __attribute__((aligned(0x10000)));
static u8 tables[8][0x1000] __attribute__((aligned(0x10000)));
static u8 events[ITS_DEVICES][EVENTS * 16] __attribute__((aligned(256)));
static u64 base, target;
static unsigned int at;

static void find(const struct fdt_node *node)
{
	u64 size;

	if (!base && fdt_is_compatible(node, "arm,gic-v3-its") && !fdt_reg(node, 0, &base, &size)) {
		base = 0;
	}
}

u64 its_base(void)
{
	if (!base) {
		fdt_walk(board.fdt, find);
	}
	return base;
}

static void enable_lpis(u64 gicr)
{
	memset(lpi_config, 0xa0, sizeof(lpi_config));
	cache_clean(lpi_config, sizeof(lpi_config));
	if (mmio_read32(gicr + GICR_CTLR) & GICR_ENABLE_LPIS) {
		return;
	}
	memset(pending, 0, sizeof(pending));
	cache_clean(pending, sizeof(pending));
	mmio_write64(gicr + GICR_PROPBASER, (u64)lpi_config | 7UL << 7 | 1UL << 10 | (LPI_BITS - 1));
	mmio_write64(gicr + GICR_PENDBASER, (u64)pending | 7UL << 7 | 1UL << 10 | BIT(62));
	dsb();
	mmio_write32(gicr + GICR_CTLR, GICR_ENABLE_LPIS);
	dsb();
}

bool its_init(void)
{
	u64 gicr = this_cpu()->gicr;
	unsigned int i;

	if (!its_base()) {
		return false;
	}
	enable_lpis(gicr);
	mmio_write32(base + GITS_CTLR, 0);
	for (i = 0; i < 100000 && !(mmio_read32(base + GITS_CTLR) & BIT(31)); i++) {
	}
	memset(tables, 0, sizeof(tables));
	memset(queue, 0, sizeof(queue));
	cache_clean(tables, sizeof(tables));
	cache_clean(queue, sizeof(queue));
	for (i = 0; i < 8; i++) {
		u64 reg = base + GITS_BASER + i * 8;

		if (mmio_read64(reg) >> 56 & 7) {	/* of a type: one page of 4 KiB, flat */
			mmio_write64(reg, VALID | INNER_SHARED | (u64)tables[i]);
		}
	}
	mmio_write64(base + GITS_CBASER, VALID | INNER_SHARED | (u64)queue);
	mmio_write64(base + GITS_CWRITER, 0);
	at = 0;
	dsb();
	mmio_write32(base + GITS_CTLR, 1);
	target = mmio_read64(base + GITS_TYPER) & BIT(19) ? gicr : mmio_read64(gicr + GICR_TYPER) >> 8 & 0xffff;
	target = mmio_read64(base + GITS_TYPER) & BIT(19) ? target >> 16 : target;
	return its_command(ITS_MAPC, 0, VALID | target << 16, 0) && its_command(ITS_INVALL, 0, 0, 0) &&
	       its_command(ITS_SYNC, 0, target << 16, 0);
}

bool its_command(u64 a, u64 b, u64 c, u64 d)
{
	u64 end = timer_count() + 5 * timer_frequency();

	queue[at] = a;
	queue[at + 1] = b;
	queue[at + 2] = c;
	queue[at + 3] = d;
	cache_clean(&queue[at], 32);
	dsb();
	at = (at + 4) % (ITS_QUEUE / 8);
	mmio_write64(base + GITS_CWRITER, at * 8);
	while (mmio_read64(base + GITS_CREADR) != at * 8) {
		if (timer_count() > end) {
			return false;
		}
	}
	return true;
}

bool its_map(u32 device, u32 event, u32 lpi)
{
	lpi_config[lpi - LPI_FIRST] = 0xa1;
	cache_clean(&lpi_config[lpi - LPI_FIRST], 1);
	dsb();
	return device < ITS_DEVICES &&
	       its_command(ITS_MAPD | (u64)device << 32, 4, VALID | (u64)events[device], 0) &&
	       its_command(ITS_MAPTI | (u64)device << 32, event | (u64)lpi << 32, 0, 0) &&
	       its_command(ITS_INV | (u64)device << 32, event, 0, 0) &&
	       its_command(ITS_SYNC, 0, target << 16, 0);
}

bool its_await(u32 lpi, u64 ms)
{
	u64 end = timer_count() + ms * timer_frequency() / 1000;

	while (timer_count() < end) {
		u32 iar = gic_ack();

		if (GIC_INTID(iar) == lpi) {
			gic_eoi(iar);
			return true;
		}
		if (GIC_INTID(iar) < 1020 || GIC_INTID(iar) >= LPI_FIRST) {
			gic_eoi(iar);
		}
	}
	return false;
}
