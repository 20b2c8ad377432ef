/* SPDX-License-Identifier: Apache-2.0 */
/* The two EL1 timers, on every CPU (ARM ARM D12.2). */
#include "check.h"

struct timer {
	const char *name;
	u64 (*now)(void);
	void (*arm)(u64 deadline);
	void (*arm_in)(u64 ticks);
	void (*mask)(u64 deadline);
	void (*stop)(void);
	u64 (*control)(void);
};

static void v_arm_in(u64 ticks)
{
	write_sysreg(cntv_tval_el0, ticks);
	write_sysreg(cntv_ctl_el0, TIMER_ENABLE);
	isb();
}

static void v_mask(u64 deadline)
{
	write_sysreg(cntv_cval_el0, deadline);
	write_sysreg(cntv_ctl_el0, TIMER_ENABLE | TIMER_IMASK);
	isb();
}

static u64 v_control(void)
{
	return read_sysreg(cntv_ctl_el0);
}

static void p_arm_in(u64 ticks)
{
	write_sysreg(cntp_tval_el0, ticks);
	write_sysreg(cntp_ctl_el0, TIMER_ENABLE);
	isb();
}

static void p_mask(u64 deadline)
{
	write_sysreg(cntp_cval_el0, deadline);
	write_sysreg(cntp_ctl_el0, TIMER_ENABLE | TIMER_IMASK);
	isb();
}

static u64 p_control(void)
{
	return read_sysreg(cntp_ctl_el0);
}

static const struct timer vtimer = {
	"virtual", timer_count, vtimer_arm, v_arm_in, v_mask, vtimer_stop, v_control,
};
static const struct timer ptimer = {
	"physical", ptimer_count, ptimer_arm, p_arm_in, p_mask, ptimer_stop, p_control,
};

static volatile const struct timer *ticking;
static volatile u64 ticks_left, lateness;

static void stop_hook(u32 intid)
{
	if (intid == board.vtimer_intid) {
		lateness = timer_count() - read_sysreg(cntv_cval_el0);
		vtimer_stop();
	} else if (intid == board.ptimer_intid) {
		lateness = ptimer_count() - read_sysreg(cntp_cval_el0);
		ptimer_stop();
	}
}

static void again_hook(u32 intid)
{
	(void)intid;
	if (--ticks_left == 0) {
		ticking->stop();
	}
}

static void tick_hook(u32 intid)
{
	(void)intid;
	if (--ticks_left == 0) {
		ticking->stop();
	} else {
		ticking->arm_in(timer_frequency() / 10000);
	}
}

/*
 * QEMU's GICv2 does not look at the physical line again when a guest's EOI deactivates a linked interrupt (it updates
 * the virtual interface only), so this is not asked where that is what we may be on.
 */
static void left_running(const struct timer *t)
{
	if (board_is_vm() && board.gic_version == 2) {
		printf("# a timer left running is not tried on a GICv2\n");
		return;
	}
	log_begin();
	log_hook = again_hook;
	ticking = t;
	ticks_left = 3;
	t->arm(t->now());
	check_eq(log_drain(), 3, "%s left running fires again after each EOI", t->name);
}

static void one_timer(const struct timer *t, u32 intid)
{
	u64 ms = timer_frequency() / 1000, start;
	volatile u32 *n = &irq_logs[this_cpu()->index].n;
	bool woken;

	log_begin();
	log_hook = stop_hook;
	gic_enable(intid);
	start = t->now();
	t->arm(start + ms);
	irq_enable();
	check(wait_for(*n), "%s fires while computing", t->name);
	irq_disable();
	check_eq(log_intid(0), intid, "%s on its own INTID", t->name);
	check(lateness < timer_frequency(), "%s not before its deadline", t->name);

	log_begin();
	log_hook = stop_hook;
	t->arm(t->now() + ms);
	/* WFI wakes with interrupts masked; it may also wake early, so the condition decides. */
	woken = wait_for(({ wfi(); t->control() & TIMER_ISTATUS; }));
	check(woken && *n == 0, "%s ends WFI", t->name);
	check_eq(log_drain(), 1, "%s is then taken once", t->name);

	log_begin();
	log_hook = stop_hook;
	t->mask(t->now());
	check_eq(log_drain(), 0, "%s with IMASK is not taken", t->name);
	check_eq(t->control(), TIMER_ENABLE | TIMER_IMASK | TIMER_ISTATUS, "%s shows ISTATUS", t->name);
	t->arm(t->now() + 1000 * timer_frequency());
	check_eq(log_drain(), 0, "%s far ahead does not fire", t->name);
	check_eq(t->control(), TIMER_ENABLE, "%s ISTATUS clear", t->name);
	t->arm(0);
	check_eq(log_drain(), 1, "%s with a deadline long past fires", t->name);
	t->arm_in((u64)-1000);
	check_eq(log_drain(), 2, "%s with a negative TVAL fires", t->name);

	left_running(t);

	log_begin();
	gic_disable(intid);
	t->arm(t->now());
	check_eq(log_drain(), 0, "%s disabled in the GIC is not taken", t->name);
	check(gic_is_pending(intid), "%s shows as pending", t->name);
	t->stop();
	check(!gic_is_pending(intid), "%s stopped shows as idle", t->name);
	gic_enable(intid);
	check_eq(log_drain(), 0, "%s enabled again: nothing left", t->name);

	log_begin();
	log_hook = tick_hook;
	ticking = t;
	ticks_left = 50;
	t->arm_in(1);
	irq_enable();
	check(wait_for(*n == 50), "%s ticks 50 times", t->name);
	irq_disable();
	gic_disable(intid);
	log_end();
}

static void both(void)
{
	u64 soon;

	log_begin();
	log_hook = stop_hook;
	gic_enable(board.vtimer_intid);
	gic_enable(board.ptimer_intid);
	soon = timer_frequency() / 2000;
	v_arm_in(soon);
	p_arm_in(soon);
	irq_enable();
	check(wait_for(irq_logs[this_cpu()->index].n == 2), "both at once are two");
	irq_disable();
	gic_disable(board.vtimer_intid);
	gic_disable(board.ptimer_intid);
	log_end();
}

static void on_this_cpu(void *arg)
{
	(void)arg;
	one_timer(&vtimer, board.vtimer_intid);
	one_timer(&ptimer, board.ptimer_intid);
	both();
}

void test_timer(void)
{
	u64 first = timer_count(), second = timer_count();
	unsigned int i;

	check(second >= first, "the virtual count does not go back");
	first = ptimer_count();
	second = ptimer_count();
	check(second >= first, "nor does the physical one");
	for (i = 0; i < board.nr_cpus; i++) {
		printf("# cpu%u\n", i);
		if (i == 0) {
			on_this_cpu(NULL);
		} else {
			check_eq((u32)smp_run(i, on_this_cpu, NULL), PSCI_SUCCESS, "ran on cpu%u", i);
		}
	}
}
