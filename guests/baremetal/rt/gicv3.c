/* SPDX-License-Identifier: Apache-2.0 */
#include "board.h"
#include "cpu.h"
#include "gic.h"
#include "gicif.h"

/* System registers by encoding, so that assemblers without GICv3 names will do. */
#define ICC_PMR_EL1		S3_0_C4_C6_0
#define ICC_AP0R0_EL1		S3_0_C12_C8_4
#define ICC_AP1R0_EL1		S3_0_C12_C9_0
#define ICC_DIR_EL1		S3_0_C12_C11_1
#define ICC_RPR_EL1		S3_0_C12_C11_3
#define ICC_SGI1R_EL1		S3_0_C12_C11_5
#define ICC_IAR1_EL1		S3_0_C12_C12_0
#define ICC_EOIR1_EL1		S3_0_C12_C12_1
#define ICC_HPPIR1_EL1		S3_0_C12_C12_2
#define ICC_BPR1_EL1		S3_0_C12_C12_3
#define ICC_CTLR_EL1		S3_0_C12_C12_4
#define ICC_SRE_EL1		S3_0_C12_C12_5
#define ICC_IGRPEN1_EL1		S3_0_C12_C12_7

/* Two steps, so that the names above are replaced before the register is quoted. */
#define icc_read(name)		read_sysreg(name)
#define icc_write(name, value)	write_sysreg(name, value)

#define GICD_CTLR_V3		0x12		/* ARE and Group 1, in both views of security */
#define GICD_CTLR_RWP		BIT(31)
#define GICR_CTLR_RWP		BIT(3)
#define GICR_TYPER_LAST		BIT(4)
#define GICR_TYPER_VLPIS	BIT(1)
#define WAKER_SLEEP		BIT(1)
#define WAKER_ASLEEP		BIT(2)
#define ICC_CTLR_EOIMODE	BIT(1)
#define SGI1R_OTHERS		BIT(40)

static void wait_clear(u64 reg, u64 bit)
{
	unsigned int tries;

	for (tries = 0; tries < 1000000 && (mmio_read32(reg) & bit); tries++) {
	}
}

static void v3_dist_init(void)
{
	unsigned int i;

	wait_clear(board.gicd + GICD_CTLR, GICD_CTLR_RWP);
	/* ARE first: it decides what the group and route registers mean. */
	mmio_write32(board.gicd + GICD_CTLR, GICD_CTLR_V3 & ~2U);
	for (i = 32; i < gic_nr_irqs(); i += 32) {
		mmio_write32(board.gicd + GICD_IGROUPR + i / 8, ~0U);
	}
	mmio_write32(board.gicd + GICD_CTLR, GICD_CTLR_V3);
	wait_clear(board.gicd + GICD_CTLR, GICD_CTLR_RWP);
}

static u64 find_redistributor(u64 mpidr)
{
	u64 self = (mpidr & 0xffffff) | (mpidr >> 32 & 0xff) << 24;
	u64 frame = board.gicr, typer;

	do {
		typer = mmio_read64(frame + GICR_TYPER);
		if (typer >> 32 == self) {
			return frame;
		}
		frame += typer & GICR_TYPER_VLPIS ? 2 * GICR_STRIDE : GICR_STRIDE;
	} while (!(typer & GICR_TYPER_LAST) && frame < board.gicr + board.gicr_size);
	return board.gicr;
}

static void v3_cpu_init(void)
{
	struct cpu *cpu = this_cpu();

	cpu->gicr = find_redistributor(cpu->mpidr);
	mmio_write32(cpu->gicr + GICR_WAKER, mmio_read32(cpu->gicr + GICR_WAKER) & ~(u32)WAKER_SLEEP);
	wait_clear(cpu->gicr + GICR_WAKER, WAKER_ASLEEP);
	mmio_write32(cpu->gicr + GICR_SGI + GICD_IGROUPR, ~0U);
	wait_clear(cpu->gicr + GICR_CTLR, GICR_CTLR_RWP);
	icc_write(ICC_SRE_EL1, icc_read(ICC_SRE_EL1) | 1);
	isb();
	icc_write(ICC_PMR_EL1, 0xff);
	icc_write(ICC_BPR1_EL1, 0);
	icc_write(ICC_CTLR_EL1, icc_read(ICC_CTLR_EL1) & ~ICC_CTLR_EOIMODE);
	icc_write(ICC_IGRPEN1_EL1, 1);
	isb();
}

static void v3_drop_all(void)
{
	icc_write(ICC_AP0R0_EL1, 0);
	icc_write(ICC_AP1R0_EL1, 0);
	isb();
}

static void v3_route(unsigned int intid, unsigned int cpu)
{
	mmio_write64(board.gicd + GICD_IROUTER + intid * 8UL, cpus[cpu].mpidr);
}

static void v3_send_sgi(unsigned int sgi, unsigned int cpu)
{
	u64 value = (u64)sgi << 24, mpidr;

	if (cpu == SGI_OTHERS) {
		value |= SGI1R_OTHERS;
	} else {
		mpidr = cpus[cpu].mpidr;
		value |= 1UL << (mpidr & 15);			/* target list */
		value |= (mpidr >> 4 & 15) << 44;		/* RS */
		value |= (mpidr >> 8 & 0xff) << 16;
		value |= (mpidr >> 16 & 0xff) << 32;
		value |= (mpidr >> 32 & 0xff) << 48;
	}
	icc_write(ICC_SGI1R_EL1, value);
	isb();
}

static u32 v3_ack(void)
{
	u64 iar = icc_read(ICC_IAR1_EL1);

	dsb();
	return (u32)iar;
}

static void v3_eoi(u32 iar)
{
	icc_write(ICC_EOIR1_EL1, iar);
	isb();
}

static void v3_dir(u32 iar)
{
	icc_write(ICC_DIR_EL1, iar);
	isb();
}

static void v3_set_eoimode(unsigned int mode)
{
	icc_write(ICC_CTLR_EL1, (icc_read(ICC_CTLR_EL1) & ~ICC_CTLR_EOIMODE) | (mode ? ICC_CTLR_EOIMODE : 0));
	isb();
}

static void v3_set_pmr(unsigned int priority)
{
	icc_write(ICC_PMR_EL1, priority);
	isb();
}

static void v3_set_bpr(unsigned int bpr)
{
	icc_write(ICC_BPR1_EL1, bpr);
	isb();
}

static unsigned int v3_bpr(void)
{
	return (unsigned int)icc_read(ICC_BPR1_EL1);
}

static unsigned int v3_running_priority(void)
{
	return (unsigned int)icc_read(ICC_RPR_EL1) & 0xff;
}

static unsigned int v3_highest_pending(void)
{
	return (unsigned int)icc_read(ICC_HPPIR1_EL1);
}

const struct gic_version gicv3 = {
	.dist_init = v3_dist_init,
	.drop_all = v3_drop_all,
	.cpu_init = v3_cpu_init,
	.route = v3_route,
	.send_sgi = v3_send_sgi,
	.ack = v3_ack,
	.eoi = v3_eoi,
	.dir = v3_dir,
	.set_eoimode = v3_set_eoimode,
	.set_pmr = v3_set_pmr,
	.set_bpr = v3_set_bpr,
	.bpr = v3_bpr,
	.running_priority = v3_running_priority,
	.highest_pending = v3_highest_pending,
};
