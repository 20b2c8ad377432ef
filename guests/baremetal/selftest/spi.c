/* SPDX-License-Identifier: Apache-2.0 */
/* One interrupt's life: enabled, pending, active, level or edge; shared and private ones. */
#include "check.h"

static u32 hook_spi;
static volatile u32 seen_active, seen_pending, times;

static void active_hook(u32 intid)
{
	seen_active = gic_is_active(intid);
	seen_pending = gic_is_pending(intid);
}

static void again_hook(u32 intid)
{
	if (times++ == 0) {
		gic_set_pending(intid);
		seen_pending = gic_is_pending(intid);
		seen_active = gic_is_active(intid);
	}
}

static void enable_and_pend(u32 irq, const char *kind)
{
	gic_disable(irq);
	check(!gic_is_enabled(irq), "%s: disabled", kind);
	log_begin();
	gic_set_pending(irq);
	check(gic_is_pending(irq), "%s: pending though disabled", kind);
	check_eq(mmio_read32(gic_reg(GICD_ICPENDR, irq, 1)) >> (irq % 32) & 1, 1, "%s: ICPENDR shows it too", kind);
	check_eq(log_drain(), 0, "%s: not taken while disabled", kind);
	gic_enable(irq);
	check(gic_is_enabled(irq), "%s: enabled", kind);
	check_eq(mmio_read32(gic_reg(GICD_ICENABLER, irq, 1)) >> (irq % 32) & 1, 1, "%s: ICENABLER shows it", kind);
	check_eq(log_drain(), 1, "%s: taken once enabled", kind);
	check_eq(log_intid(0), irq, "%s: with its INTID", kind);
	check(!gic_is_pending(irq) && !gic_is_active(irq), "%s: idle afterwards", kind);
	check_eq(log_drain(), 1, "%s: and not taken again", kind);

	log_begin();
	gic_set_pending(irq);
	gic_clear_pending(irq);
	check(!gic_is_pending(irq), "%s: ICPENDR clears", kind);
	check_eq(log_drain(), 0, "%s: cleared before taken", kind);

	log_begin();
	gic_set_pending(irq);
	gic_disable(irq);
	check_eq(log_drain(), 0, "%s: disabled between pending and taken", kind);
	gic_enable(irq);
	check_eq(log_drain(), 1, "%s: kept until enabled", kind);
}

static void active_state(u32 irq, const char *kind)
{
	log_begin();
	log_hook = active_hook;
	gic_set_pending(irq);
	check_eq(log_drain(), 1, "%s: taken", kind);
	check(seen_active && !seen_pending, "%s: active, not pending, in its handler", kind);

	log_begin();
	log_hook = again_hook;
	times = 0;
	gic_set_pending(irq);
	check_eq(log_drain(), 2, "%s: set pending in its handler, taken again", kind);
	check(seen_active && seen_pending, "%s: both active and pending in between", kind);

	log_begin();
	gic_set_active(irq);
	check(gic_is_active(irq), "%s: ISACTIVER sets", kind);
	gic_set_pending(irq);
	check_eq(log_drain(), 0, "%s: an active one is not taken", kind);
	gic_clear_active(irq);
	check(!gic_is_active(irq), "%s: ICACTIVER clears", kind);
	check_eq(log_drain(), 1, "%s: then taken", kind);
}

static void config(u32 irq)
{
	u64 reg = gic_reg(GICD_ICFGR, irq, 2);
	unsigned int shift = irq % 16 * 2 + 1;

	gic_disable(irq);
	gic_set_edge(irq, false);
	check_eq(mmio_read32(reg) >> shift & 1, 0, "SPI: ICFGR level");
	gic_enable(irq);
	log_begin();
	gic_set_pending(irq);
	check_eq(log_drain(), 1, "SPI: a level one set pending by software is taken once");
	gic_disable(irq);
	gic_set_edge(irq, true);
	check_eq(mmio_read32(reg) >> shift & 1, 1, "SPI: ICFGR edge");
	gic_enable(irq);
	check_eq(mmio_read32(gic_reg(GICD_ICFGR, 0, 2)) & 0xaaaaaaaa, 0xaaaaaaaa, "SGIs are edge");
}

static void masked(u32 irq)
{
	log_begin();
	check_eq(GIC_INTID(gic_ack()), 1023, "nothing to acknowledge");
	gic_set_pending(irq);
	isb();
	check(wait_for(read_sysreg(isr_el1) & BIT(7)), "ISR_EL1 shows an IRQ while masked");
	check_eq(gic_highest_pending(), irq, "and HPPIR which");
	gic_clear_pending(irq);
	check(wait_for(!(read_sysreg(isr_el1) & BIT(7))), "ISR_EL1 clears with it");
	check_eq(gic_highest_pending(), 1023, "HPPIR too");
	gic_set_pending(irq);
	gic_set_pmr(0);
	check_eq(GIC_INTID(gic_ack()), 1023, "PMR 0 hides it from acknowledge");
	gic_set_pmr(0xff);
	check_eq(log_drain(), 1, "and PMR 0xff shows it again");
}

/* Edge and level, enabled and not, all in one register write. */
static void many_bits(void)
{
	u32 base = spare_spi(0) & ~31U, mask = 0, got = 0, bits = 0;
	unsigned int i;

	for (i = 0; i < 12 && spare_spi(i) >= base; i++, bits++) {
		mask |= 1U << (spare_spi(i) % 32);
	}
	log_begin();
	mmio_write32(gic_reg(GICD_ISENABLER, base, 1), mask);
	check_eq(mmio_read32(gic_reg(GICD_ISENABLER, base, 1)) & mask, mask, "ISENABLER takes many bits");
	mmio_write32(gic_reg(GICD_ISPENDR, base, 1), mask);
	check_eq(mmio_read32(gic_reg(GICD_ISPENDR, base, 1)) & mask, mask, "ISPENDR takes many bits");
	log_drain();
	for (i = 0; i < irq_logs[0].n; i++) {
		got |= 1U << (log_intid(i) % 32);
	}
	check_eq(got, mask, "all of them are taken");
	check_eq(irq_logs[0].n, bits, "each once");
	mmio_write32(gic_reg(GICD_ICENABLER, base, 1), mask);
	check_eq(mmio_read32(gic_reg(GICD_ISENABLER, base, 1)) & mask, 0, "ICENABLER clears them");
	mmio_write32(gic_reg(GICD_ISENABLER, base, 1), 0);
	check_eq(mmio_read32(gic_reg(GICD_ISENABLER, base, 1)) & mask, 0, "writing zero does nothing");
}

void test_spi(void)
{
	hook_spi = spare_spi(0);
	spares_enable(1);
	enable_and_pend(hook_spi, "SPI");
	active_state(hook_spi, "SPI");
	config(hook_spi);
	masked(hook_spi);
	many_bits();
	spares_reset(12);
	enable_and_pend(20, "PPI");
	active_state(20, "PPI");
	gic_disable(20);
	log_end();
}
