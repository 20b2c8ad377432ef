/* SPDX-License-Identifier: Apache-2.0 */
#include "gic.h"

#include "board.h"
#include "cpu.h"
#include "gicif.h"
#include "trap.h"

#define MAX_INTIDS	1020

static const struct gic_version *version;
static void (*handlers[MAX_INTIDS])(u32 iar);
static u64 strays;
static unsigned int nr_irqs;

unsigned int gic_nr_irqs(void)
{
	return nr_irqs;
}

u64 gic_reg(unsigned int family, unsigned int intid, unsigned int bits)
{
	u64 frame = board.gic_version == 3 && intid < 32 ? this_cpu()->gicr + GICR_SGI : board.gicd;

	return frame + family + (intid * bits / 32) * 4;
}

static void write_bit(unsigned int family, unsigned int intid)
{
	mmio_write32(gic_reg(family, intid, 1), 1U << (intid % 32));
	dsb();
}

static bool read_bit(unsigned int family, unsigned int intid)
{
	return mmio_read32(gic_reg(family, intid, 1)) >> (intid % 32) & 1;
}

void gic_enable(unsigned int intid)
{
	write_bit(GICD_ISENABLER, intid);
}

void gic_disable(unsigned int intid)
{
	write_bit(GICD_ICENABLER, intid);
}

bool gic_is_enabled(unsigned int intid)
{
	return read_bit(GICD_ISENABLER, intid);
}

void gic_set_pending(unsigned int intid)
{
	write_bit(GICD_ISPENDR, intid);
}

void gic_clear_pending(unsigned int intid)
{
	write_bit(GICD_ICPENDR, intid);
}

bool gic_is_pending(unsigned int intid)
{
	return read_bit(GICD_ISPENDR, intid);
}

void gic_set_active(unsigned int intid)
{
	write_bit(GICD_ISACTIVER, intid);
}

void gic_clear_active(unsigned int intid)
{
	write_bit(GICD_ICACTIVER, intid);
}

bool gic_is_active(unsigned int intid)
{
	return read_bit(GICD_ISACTIVER, intid);
}

void gic_set_priority(unsigned int intid, unsigned int priority)
{
	mmio_write8(gic_reg(GICD_IPRIORITYR, intid, 8) + intid % 4, priority);
	dsb();
}

unsigned int gic_priority(unsigned int intid)
{
	return mmio_read8(gic_reg(GICD_IPRIORITYR, intid, 8) + intid % 4);
}

void gic_set_edge(unsigned int intid, bool edge)
{
	u64 reg = gic_reg(GICD_ICFGR, intid, 2);
	u32 bit = 2U << (intid % 16 * 2);

	mmio_write32(reg, (mmio_read32(reg) & ~bit) | (edge ? bit : 0));
	dsb();
}

void gic_set_group(unsigned int intid, unsigned int group)
{
	u64 reg = gic_reg(GICD_IGROUPR, intid, 1);
	u32 bit = 1U << (intid % 32);

	mmio_write32(reg, (mmio_read32(reg) & ~bit) | (group ? bit : 0));
	dsb();
}

void gic_route(unsigned int intid, unsigned int cpu)
{
	version->route(intid, cpu);
	dsb();
}

void gic_send_sgi(unsigned int sgi, unsigned int cpu)
{
	dsb();
	version->send_sgi(sgi, cpu);
}

u32 gic_ack(void)
{
	return version->ack();
}

void gic_eoi(u32 iar)
{
	version->eoi(iar);
}

void gic_dir(u32 iar)
{
	version->dir(iar);
}

void gic_set_eoimode(unsigned int mode)
{
	version->set_eoimode(mode);
}

void gic_set_pmr(unsigned int priority)
{
	version->set_pmr(priority);
}

void gic_set_bpr(unsigned int bpr)
{
	version->set_bpr(bpr);
}

unsigned int gic_bpr(void)
{
	return version->bpr();
}

unsigned int gic_running_priority(void)
{
	return version->running_priority();
}

unsigned int gic_highest_pending(void)
{
	return version->highest_pending();
}

void irq_set_handler(unsigned int intid, void (*fn)(u32 iar))
{
	handlers[intid] = fn;
}

u64 irq_strays(void)
{
	return strays;
}

void irq_dispatch(struct trap_frame *frame)
{
	u32 iar = gic_ack();
	u32 intid = GIC_INTID(iar);

	(void)frame;
	if (intid >= MAX_INTIDS) {
		strays++;
		return;
	}
	if (handlers[intid]) {
		handlers[intid](iar);
	} else {
		strays++;
	}
	gic_eoi(iar);
}

void gic_cpu_init(void)
{
	unsigned int i;

	if (!version) {
		return;
	}
	version->cpu_init();
	mmio_write32(gic_reg(GICD_ICENABLER, 0, 1), 0xffff0000);
	mmio_write32(gic_reg(GICD_ICPENDR, 0, 1), ~0U);
	mmio_write32(gic_reg(GICD_ICACTIVER, 0, 1), ~0U);
	mmio_write32(gic_reg(GICD_ISENABLER, 0, 1), 0xffff);
	for (i = 0; i < 32; i += 4) {
		mmio_write32(gic_reg(GICD_IPRIORITYR, i, 8), PRIORITY_DEFAULT * 0x01010101U);
	}
	dsb();
}

void gic_init(void)
{
	unsigned int i;

	version = board.gic_version == 3 ? &gicv3 : &gicv2;
	nr_irqs = ((mmio_read32(board.gicd + GICD_TYPER) & 31) + 1) * 32;
	nr_irqs = nr_irqs > MAX_INTIDS ? MAX_INTIDS : nr_irqs;
	mmio_write32(board.gicd + GICD_CTLR, 0);
	for (i = 32; i < nr_irqs; i += 32) {
		mmio_write32(gic_reg(GICD_ICENABLER, i, 1), ~0U);
		mmio_write32(gic_reg(GICD_ICPENDR, i, 1), ~0U);
		mmio_write32(gic_reg(GICD_ICACTIVER, i, 1), ~0U);
	}
	for (i = 32; i < nr_irqs; i += 4) {
		mmio_write32(gic_reg(GICD_IPRIORITYR, i, 8), PRIORITY_DEFAULT * 0x01010101U);
	}
	version->dist_init();
	gic_cpu_init();
	for (i = 32; i < nr_irqs; i++) {
		version->route(i, this_cpu()->index);
	}
	dsb();
}

void gic_recover(void)
{
	unsigned int i;

	for (i = 0; i < 64 && version->running_priority() != 0xff; i++) {
		version->eoi(version->highest_pending());
		version->drop_all();
	}
	gic_init();
}
