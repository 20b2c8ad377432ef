/* SPDX-License-Identifier: Apache-2.0 */
#include "board.h"
#include "cpu.h"
#include "gic.h"
#include "gicif.h"

#define GICC_CTLR_ENABLE	BIT(0)
#define GICC_CTLR_EOIMODE	BIT(9)
#define SGIR_OTHERS		(1U << 24)

static u32 gicc_read(unsigned int reg)
{
	return mmio_read32(board.gicc + reg);
}

static void gicc_write(unsigned int reg, u32 value)
{
	mmio_write32(board.gicc + reg, value);
}

/* Bit 0 is Group 0 in a GIC without security, Group 1 in the non-secure view of one with it. */
static void v2_dist_init(void)
{
	unsigned int i;

	for (i = 32; i < gic_nr_irqs(); i += 32) {
		mmio_write32(board.gicd + GICD_IGROUPR + i / 8, 0);
	}
	mmio_write32(board.gicd + GICD_CTLR, 1);
}

static void v2_cpu_init(void)
{
	/* The first eight target registers show each CPU its own bit; a uniprocessor GIC may show none. */
	u32 self = mmio_read8(board.gicd + GICD_ITARGETSR);
	unsigned int i;

	this_cpu()->gic_target = self ? self : 1;
	mmio_write32(board.gicd + GICD_IGROUPR, 0);
	for (i = 0; i < 16; i += 4) {
		mmio_write32(board.gicd + GICD_CPENDSGIR + i, ~0U);
	}
	gicc_write(GICC_PMR, 0xff);
	gicc_write(GICC_BPR, 0);
	gicc_write(GICC_CTLR, GICC_CTLR_ENABLE);
}

static void v2_drop_all(void)
{
	gicc_write(GICC_APR, 0);
}

static void v2_route(unsigned int intid, unsigned int cpu)
{
	mmio_write8(board.gicd + GICD_ITARGETSR + intid, cpus[cpu].gic_target);
}

static void v2_send_sgi(unsigned int sgi, unsigned int cpu)
{
	u32 target = cpu == SGI_OTHERS ? SGIR_OTHERS : cpus[cpu].gic_target << 16;

	mmio_write32(board.gicd + GICD_SGIR, target | sgi);
}

static u32 v2_ack(void)
{
	return gicc_read(GICC_IAR);
}

static void v2_eoi(u32 iar)
{
	gicc_write(GICC_EOIR, iar);
	dsb();
}

static void v2_dir(u32 iar)
{
	gicc_write(GICC_DIR, iar);
	dsb();
}

static void v2_set_eoimode(unsigned int mode)
{
	gicc_write(GICC_CTLR, GICC_CTLR_ENABLE | (mode ? GICC_CTLR_EOIMODE : 0));
	dsb();
}

static void v2_set_pmr(unsigned int priority)
{
	gicc_write(GICC_PMR, priority);
	dsb();
}

static void v2_set_bpr(unsigned int bpr)
{
	gicc_write(GICC_BPR, bpr);
	dsb();
}

static unsigned int v2_bpr(void)
{
	return gicc_read(GICC_BPR);
}

static unsigned int v2_running_priority(void)
{
	return gicc_read(GICC_RPR);
}

static unsigned int v2_highest_pending(void)
{
	return gicc_read(GICC_HPPIR) & 0x3ff;
}

const struct gic_version gicv2 = {
	.dist_init = v2_dist_init,
	.drop_all = v2_drop_all,
	.cpu_init = v2_cpu_init,
	.route = v2_route,
	.send_sgi = v2_send_sgi,
	.ack = v2_ack,
	.eoi = v2_eoi,
	.dir = v2_dir,
	.set_eoimode = v2_set_eoimode,
	.set_pmr = v2_set_pmr,
	.set_bpr = v2_set_bpr,
	.bpr = v2_bpr,
	.running_priority = v2_running_priority,
	.highest_pending = v2_highest_pending,
};
