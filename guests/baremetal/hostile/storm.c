/* SPDX-License-Identifier: Apache-2.0 */
/* Too many interrupts, to too many targets, and too much sleep. */
#include "hostile.h"

#define ICC_SGI0R_EL1	S3_0_C12_C11_7
#define ICC_SGI1R_EL1	S3_0_C12_C11_5
#define ICC_ASGI1R_EL1	S3_0_C12_C11_6
#define ICC_DIR_EL1	S3_0_C12_C11_1
#define ICC_EOIR1_EL1	S3_0_C12_C12_1
#define icc_write(name, value)	write_sysreg(name, value)

static volatile u64 taken;

static void count_irq(struct trap_frame *frame)
{
	u32 iar = gic_ack();

	(void)frame;
	taken = taken + 1;
	if (GIC_INTID(iar) < 1020) {
		gic_eoi(iar);
	}
}

static void drain(void)
{
	taken = 0;
	trap_set_irq(count_irq);
	irq_enable();
	delay_us(20000);
	irq_disable();
	trap_set_irq(NULL);
}

/* Every affinity, every target, every reserved bit, both groups. */
static void wild_sgi(void)
{
	unsigned int i;
	u64 faults = 0;

	if (board.gic_version == 2) {
		for (i = 0; i < 32; i++) {
			mmio_write32(board.gicd + GICD_SGIR, ~0U << i);
			mmio_write32(board.gicd + GICD_SGIR, 1U << i);
		}
	} else {
		for (i = 0; i < 64; i++) {
			faults += attempt(icc_write(ICC_SGI1R_EL1, ~0UL << i)).hits;
			faults += attempt(icc_write(ICC_SGI1R_EL1, 1UL << i)).hits;
			faults += attempt(icc_write(ICC_SGI0R_EL1, ~0UL >> i)).hits;
			faults += attempt(icc_write(ICC_ASGI1R_EL1, ~0UL >> i)).hits;
		}
	}
	drain();
	gic_recover();
	printf("%lu faults, %lu taken", faults, taken);
}

static void sgi_storm(void)
{
	unsigned int i;

	for (i = 0; i < 20000; i++) {
		gic_send_sgi(i % 16, i & 1 ? 0 : SGI_OTHERS);
	}
	drain();
	gic_recover();
	printf("20000 sent, %lu taken", taken);
}

/* Every shared interrupt there is, pending at once, in all priorities. */
static void all_pending(void)
{
	unsigned int i;

	for (i = 32; i < gic_nr_irqs(); i++) {
		gic_set_edge(i, true);
		gic_set_priority(i, i * 8 & 0xf8);
		gic_enable(i);
	}
	for (i = 32; i < gic_nr_irqs(); i += 32) {
		mmio_write32(board.gicd + GICD_ISPENDR + i / 8, ~0U);
	}
	drain();
	gic_recover();
	printf("%u pended, %lu taken", gic_nr_irqs() - 32, taken);
}

static void all_active(void)
{
	unsigned int i;

	for (i = 0; i < gic_nr_irqs(); i += 32) {
		mmio_write32(gic_reg(GICD_ISACTIVER, i, 1), ~0U);
		mmio_write32(gic_reg(GICD_ISENABLER, i, 1), ~0U);
		mmio_write32(gic_reg(GICD_ISPENDR, i, 1), ~0U);
	}
	drain();
	printf("%lu taken while active, ", taken);
	for (i = 0; i < gic_nr_irqs(); i += 32) {
		mmio_write32(gic_reg(GICD_ICENABLER, i, 1), ~0U);
		mmio_write32(gic_reg(GICD_ICACTIVER, i, 1), ~0U);
	}
	gic_recover();
	drain();
	printf("%lu after", taken);
}

static void wild_routes(void)
{
	unsigned int i;

	for (i = 32; i < gic_nr_irqs(); i++) {
		if (board.gic_version == 3) {
			mmio_write64(board.gicd + GICD_IROUTER + i * 8UL, ~0UL >> (i % 64));
		} else {
			mmio_write8(board.gicd + GICD_ITARGETSR + i, 0xff >> (i % 8));
		}
		gic_enable(i);
		gic_set_pending(i);
	}
	drain();
	gic_recover();
	printf("%lu taken", taken);
}

/* Ending and deactivating what was never begun. */
static void wild_eoi(void)
{
	u64 i, faults = 0;

	for (i = 0; i < 2048; i++) {
		if (board.gic_version == 3) {
			faults += attempt(icc_write(ICC_EOIR1_EL1, i)).hits;
			faults += attempt(icc_write(ICC_DIR_EL1, i * 0x10001)).hits;
		} else {
			faults += attempt(mmio_write32(board.gicc + GICC_EOIR, (u32)i)).hits;
			faults += attempt(mmio_write32(board.gicc + GICC_DIR, (u32)i * 0x10001)).hits;
		}
	}
	gic_set_eoimode(1);
	for (i = 0; i < 1024; i++) {
		gic_dir((u32)i);
	}
	gic_set_eoimode(0);
	gic_recover();
	printf("%lu faults", faults);
}

/* An interrupt that is pending but masked: WFI must not sleep, and need not trap. */
static void wfi_storm(void)
{
	unsigned int i;

	gic_enable(board.vtimer_intid);
	vtimer_arm(0);
	for (i = 0; i < 20000; i++) {
		wfi();
		__asm__ volatile("sev\n\twfe");
	}
	vtimer_stop();
	gic_recover();
	printf("20000 times awake");
}

static void timer_extremes(void)
{
	static const u64 values[] = { 0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 1UL << 56, 1UL << 63, ~0UL };
	unsigned int i, k;

	gic_enable(board.vtimer_intid);
	gic_enable(board.ptimer_intid);
	for (i = 0; i < ARRAY_SIZE(values); i++) {
		for (k = 0; k < 8; k++) {
			write_sysreg(cntv_cval_el0, values[i]);
			write_sysreg(cntv_ctl_el0, values[k]);
			write_sysreg(cntp_cval_el0, values[i]);
			write_sysreg(cntp_ctl_el0, values[k]);
			isb();
			write_sysreg(cntv_tval_el0, values[k]);
			write_sysreg(cntp_tval_el0, values[k]);
			write_sysreg(cntv_ctl_el0, 1);
			write_sysreg(cntp_ctl_el0, 1);
			isb();
		}
	}
	vtimer_stop();
	ptimer_stop();
	drain();
	gic_recover();
	printf("%lu taken", taken);
}

const struct hostile_probe storm_probes[] = {
	{ "wild-sgi", wild_sgi },
	{ "sgi-storm", sgi_storm },
	{ "all-pending", all_pending },
	{ "all-active", all_active },
	{ "wild-routes", wild_routes },
	{ "wild-eoi", wild_eoi },
	{ "wfi-storm", wfi_storm },
	{ "timer-extremes", timer_extremes },
	{ NULL, NULL },
};
