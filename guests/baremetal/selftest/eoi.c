/* SPDX-License-Identifier: Apache-2.0 */
/* Ending interrupts in one step (EOImode 0) and in two (EOImode 1): priority drop, then deactivation. */
#include "check.h"

#define MANY	6

static u32 ack_wait(void)
{
	u32 iar = 1023;

	wait_for(GIC_INTID(iar = gic_ack()) < 1020);
	return iar;
}

static void one_step(void)
{
	u32 iar;

	gic_set_pending(spare_spi(0));
	iar = ack_wait();
	check_eq(GIC_INTID(iar), spare_spi(0), "acknowledged by hand");
	check(gic_is_active(spare_spi(0)), "active");
	check_eq(gic_running_priority(), PRIORITY_DEFAULT, "running at its priority");
	gic_set_pending(spare_spi(1));
	check_eq(GIC_INTID(gic_ack()), 1023, "an equal one is not acknowledged meanwhile");
	gic_eoi(iar);
	check(!gic_is_active(spare_spi(0)), "ended in one step");
	iar = ack_wait();
	check_eq(GIC_INTID(iar), spare_spi(1), "the equal one follows");
	gic_eoi(iar);
}

static void two_steps(void)
{
	u32 iar, other;

	gic_set_pending(spare_spi(0));
	iar = ack_wait();
	gic_eoi(iar);
	check(gic_is_active(spare_spi(0)), "EOImode 1: active after the drop");
	check_eq(gic_running_priority(), 0xff, "EOImode 1: priority dropped");
	gic_set_pending(spare_spi(0));
	check_eq(GIC_INTID(gic_ack()), 1023, "EOImode 1: not taken again while active");
	gic_set_pending(spare_spi(1));
	other = ack_wait();
	check_eq(GIC_INTID(other), spare_spi(1), "EOImode 1: an equal one is taken");
	gic_dir(iar);
	check(!gic_is_active(spare_spi(0)), "EOImode 1: deactivated out of order");
	check_eq(GIC_INTID(gic_ack()), 1023, "EOImode 1: but the running priority holds it back");
	gic_eoi(other);
	gic_dir(other);
	iar = ack_wait();
	check_eq(GIC_INTID(iar), spare_spi(0), "EOImode 1: taken again once deactivated");
	gic_eoi(iar);
	gic_dir(iar);
	check(!gic_is_active(spare_spi(0)) && !gic_is_pending(spare_spi(0)), "EOImode 1: idle at last");
}

/* More interrupts dropped but not deactivated than there are list registers, then deactivated in any order. */
static void many_active(void)
{
	unsigned int i, active = 0, idle = 0;
	u32 iars[MANY];

	for (i = 0; i < MANY; i++) {
		gic_set_pending(spare_spi(i));
		iars[i] = ack_wait();
		gic_eoi(iars[i]);
	}
	for (i = 0; i < MANY; i++) {
		active += gic_is_active(spare_spi(i));
	}
	check_eq(active, MANY, "EOImode 1: %u active at once", MANY);
	for (i = 0; i < MANY; i++) {
		gic_set_pending(spare_spi(i));
	}
	check_eq(GIC_INTID(gic_ack()), 1023, "EOImode 1: none of them taken again");
	for (i = 0; i < MANY; i++) {
		gic_dir(iars[(i * 5 + 2) % MANY]);
	}
	for (i = 0; i < MANY; i++) {
		idle += !gic_is_active(spare_spi(i));
	}
	check_eq(idle, MANY, "EOImode 1: all deactivated");
	for (i = 0, active = 0; i < MANY; i++) {
		u32 iar = ack_wait();

		active += GIC_INTID(iar) < 1020;
		gic_eoi(iar);
		gic_dir(iar);
	}
	check_eq(active, MANY, "EOImode 1: and taken again");
	check_eq(GIC_INTID(gic_ack()), 1023, "EOImode 1: nothing left");
}

static void sgi_two_steps(void)
{
	u32 iar;

	gic_send_sgi(4, 0);
	iar = ack_wait();
	check_eq(GIC_INTID(iar), 4, "EOImode 1: an SGI");
	gic_eoi(iar);
	check(gic_is_active(4), "EOImode 1: active after the drop too");
	gic_dir(iar);
	check(!gic_is_active(4), "EOImode 1: and deactivated");
}

/* The timer is linked to the physical interrupt under a hypervisor. */
static void timer_two_steps(void)
{
	u32 iar;

	gic_enable(board.vtimer_intid);
	vtimer_arm(timer_count());
	iar = ack_wait();
	check_eq(GIC_INTID(iar), board.vtimer_intid, "EOImode 1: the timer");
	vtimer_stop();
	gic_eoi(iar);
	gic_dir(iar);
	check(!gic_is_active(board.vtimer_intid), "EOImode 1: deactivated");
	vtimer_arm(timer_count());
	iar = ack_wait();
	check_eq(GIC_INTID(iar), board.vtimer_intid, "EOImode 1: the timer again");
	vtimer_stop();
	gic_eoi(iar);
	gic_dir(iar);
	gic_disable(board.vtimer_intid);
}

void test_eoi(void)
{
	spares_enable(MANY);
	one_step();
	gic_set_eoimode(1);
	two_steps();
	many_active();
	sgi_two_steps();
	timer_two_steps();
	gic_set_eoimode(0);
	one_step();
	spares_reset(MANY);
}
