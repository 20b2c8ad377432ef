/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Timers: a sorted list per CPU, and the one hardware timer they share with time slices, budgets and
 * balancing. It is set to what comes first, or off: a CPU with nothing to wait for has no interrupts.
 */
#include "core/sched_priv.h"

#include "arch/arch.h"
#include "core/trace.h"

void timers_program(struct percpu *c)
{
	u64 at = MIN(MIN(c->slice_end, c->budget_end), c->balance_at);

	if (!list_empty(&c->timers)) {
		at = MIN(at, list_entry(c->timers.next, struct timer, link)->at);
	}
	if (at != c->timer_at) {
		c->timer_at = at;
		arch_timer_set(at);
	}
}

void timer_arm(struct timer *t, u64 at)
{
	struct percpu *c;
	struct list *it;
	u64 flags;

	timer_cancel(t);
	flags = irq_save();
	c = this_cpu();
	spin_lock(&c->lock);
	t->at = at;
	t->cpu = c;
	list_for_each(it, &c->timers) {
		if (list_entry(it, struct timer, link)->at > at) {
			break;
		}
	}
	list_add_tail(it, &t->link);
	timers_program(c);
	spin_unlock_irq(&c->lock, flags);
}

void timer_cancel(struct timer *t)
{
	struct percpu *c;

	while ((c = READ_ONCE(t->cpu)) != NULL) {
		u64 flags = spin_lock_irq(&c->lock);

		if (t->cpu == c) {
			list_del(&t->link);
			t->cpu = NULL;
			if (c == this_cpu()) {
				timers_program(c);
			}
		}
		spin_unlock_irq(&c->lock, flags);
	}
}

static void wait_fired(struct timer *t)
{
	for (u32 i = 0; i < cpu_count; i++) {
		while (__atomic_load_n(&percpus[i].firing, __ATOMIC_ACQUIRE) == t) {
			cpu_relax();
		}
	}
}

void timer_cancel_wait(struct timer *t)
{
	for (u32 i = 0; i < MAX_CPUS; i++) {
		timer_cancel(t); /* again: the function may have armed it */
		wait_fired(t);
	}
	timer_cancel(t);
}

void timer_take(struct timer *t)
{
	struct percpu *c = READ_ONCE(t->cpu);

	if (c == this_cpu()) {
		return;
	}
	if (c != NULL) {
		timer_arm(t, t->at);
	}
	wait_fired(t);
}

bool timer_others_due(void)
{
	struct percpu *c = this_cpu();
	bool due;

	spin_lock(&c->lock);
	due = !list_empty(&c->timers) && list_entry(c->timers.next, struct timer, link)->at <= counter_now();
	spin_unlock(&c->lock);
	return due;
}

void sched_timer_irq(void)
{
	struct percpu *c = this_cpu();
	u64 now = counter_now();

	spin_lock(&c->lock);
	/* Each timer of a VM stands here once, so what is due is bounded by how many there are. */
	while (!list_empty(&c->timers)) {
		struct timer *t = list_entry(c->timers.next, struct timer, link);

		if (t->at > now) {
			break;
		}
		list_del(&t->link);
		/* Before the timer can be seen idle: who looks at `cpu` and then here misses nothing. */
		__atomic_store_n(&c->firing, t, __ATOMIC_RELEASE);
		__atomic_store_n(&t->cpu, NULL, __ATOMIC_RELEASE);
		spin_unlock(&c->lock);
		if (trace_on()) {
			trace_put(TRACE_TIMER, TRACE_NOBODY, 0, t->at, (u64)t->fn);
		}
		t->fn(t);
		__atomic_store_n(&c->firing, NULL, __ATOMIC_RELEASE);
		spin_lock(&c->lock);
	}
	if (now >= c->balance_at) {
		c->balance_at = ~0UL;
		spin_unlock(&c->lock);
		balance_tick(c, now);
		spin_lock(&c->lock);
	}
	if (now >= MIN(c->slice_end, c->budget_end)) {
		/* schedule() sets the timer for who runs then. */
		c->resched = 1;
		cpu_kick(c->id);
		c->timer_at = ~0UL;
		arch_timer_set(~0UL);
	} else {
		c->timer_at = 0; /* the hardware timer is due: always set it anew */
		timers_program(c);
	}
	spin_unlock(&c->lock);
}
