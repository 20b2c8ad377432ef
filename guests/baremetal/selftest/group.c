/* SPDX-License-Identifier: Apache-2.0 */
/* Interrupt groups: the distributor's and the CPU interface's enables; Group 0 as FIQ on a GICv3. */
#include "check.h"

#define ICC_IAR0_EL1		S3_0_C12_C8_0
#define ICC_EOIR0_EL1		S3_0_C12_C8_1
#define ICC_IGRPEN0_EL1		S3_0_C12_C12_6
#define ICC_IGRPEN1_EL1		S3_0_C12_C12_7
#define icc_read(name)		read_sysreg(name)
#define icc_write(name, value)	write_sysreg(name, value)

static volatile u32 fiqs;

static void take_fiq(struct trap_frame *frame)
{
	u32 iar = (u32)icc_read(ICC_IAR0_EL1);

	(void)frame;
	if (iar == spare_spi(0)) {
		fiqs = fiqs + 1;
	}
	icc_write(ICC_EOIR0_EL1, iar);
	isb();
}

static void distributor(void)
{
	u32 old = mmio_read32(board.gicd + GICD_CTLR);

	log_begin();
	mmio_write32(board.gicd + GICD_CTLR, old & ~3U);
	gic_set_pending(spare_spi(0));
	check_eq(log_drain(), 0, "GICD_CTLR off: not taken");
	check(gic_is_pending(spare_spi(0)), "but pending");
	mmio_write32(board.gicd + GICD_CTLR, old);
	check_eq(mmio_read32(board.gicd + GICD_CTLR) & 0x7fffffff, old & 0x7fffffff, "GICD_CTLR reads back");
	check_eq(log_drain(), 1, "on again: taken");
}

static void cpu_interface_v2(void)
{
	log_begin();
	mmio_write32(board.gicc + GICC_CTLR, 0);
	gic_set_pending(spare_spi(0));
	check_eq(log_drain(), 0, "GICC_CTLR off: not taken");
	mmio_write32(board.gicc + GICC_CTLR, 1);
	check_eq(log_drain(), 1, "on again: taken");
}

static void cpu_interface_v3(void)
{
	log_begin();
	icc_write(ICC_IGRPEN1_EL1, 0);
	isb();
	gic_set_pending(spare_spi(0));
	check_eq(log_drain(), 0, "ICC_IGRPEN1 off: not taken");
	icc_write(ICC_IGRPEN1_EL1, 1);
	isb();
	check_eq(log_drain(), 1, "on again: taken");
}

/* Only where the guest sees a GIC without security states, as a VM does. */
static void group0_as_fiq(void)
{
	u32 old = mmio_read32(board.gicd + GICD_CTLR);

	gic_set_group(spare_spi(0), 0);
	if (mmio_read32(gic_reg(GICD_IGROUPR, spare_spi(0), 1)) >> (spare_spi(0) % 32) & 1) {
		printf("# group 0 is not for us here\n");
		return;
	}
	fiqs = 0;
	log_begin();
	trap_set_fiq(take_fiq);
	mmio_write32(board.gicd + GICD_CTLR, old | 1);
	icc_write(ICC_IGRPEN0_EL1, 1);
	isb();
	__asm__ volatile("msr daifclr, #1" : : : "memory");
	gic_set_pending(spare_spi(0));
	log_drain();
	__asm__ volatile("msr daifset, #1" : : : "memory");
	check_eq(fiqs, 1, "Group 0 is taken as FIQ");
	check_eq(irq_logs[0].n, 0, "and not as IRQ");
	icc_write(ICC_IGRPEN0_EL1, 0);
	isb();
	mmio_write32(board.gicd + GICD_CTLR, old);
	gic_set_group(spare_spi(0), 1);
	gic_set_pending(spare_spi(0));
	check_eq(log_drain(), 1, "back in Group 1 it is an IRQ");
	trap_set_fiq(NULL);
}

void test_group(void)
{
	spares_enable(1);
	distributor();
	if (board.gic_version == 3) {
		cpu_interface_v3();
		group0_as_fiq();
	} else {
		cpu_interface_v2();
	}
	spares_reset(1);
	log_end();
}
