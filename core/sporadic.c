/* SPDX-License-Identifier: Apache-2.0 */
#include "core/sporadic.h"

#include <errno.h>
#include "arch/arch.h"
#include "core/base/memory.h"
#include "core/sched_priv.h"

/* A budget comes back no faster than this, however small it is: the CPU is not spent on its account. */
#define SHORTEST_US 50

struct replenishment {
	u64 at, amount;
};

struct sporadic {
	struct thread *thread;
	struct timer timer;   /* of the first replenishment */
	u64 period, budget;   /* ticks */
	u64 left;             /* budget now */
	u64 used;             /* since `active` and not yet entered as a replenishment */
	u64 active;           /* when it became ready with budget */
	u8 high, low, max_repl;
	u8 first, count;      /* of the ring */
	bool unarmed;         /* a first one was entered: sporadic_arm() */
	struct replenishment repl[]; /* max_repl, by time */
};

static size_t size_of(u8 max_repl)
{
	return sizeof(struct sporadic) + max_repl * sizeof(struct replenishment);
}

/* With budget and room to enter what it will use. */
static bool is_high(const struct sporadic *s)
{
	return s->left != 0 && s->count < s->max_repl;
}

static struct replenishment *repl_at(struct sporadic *s, u32 i)
{
	return &s->repl[(s->first + i) % s->max_repl];
}

/* What was used comes back one period after the activation it belongs to. */
static void enter(struct sporadic *s, u64 now)
{
	u64 soonest = now + ns_to_counter(SHORTEST_US * 1000);

	if (s->used == 0) {
		return;
	}
	*repl_at(s, s->count) = (struct replenishment) { MAX(s->active + s->period, soonest), s->used };
	s->used = 0;
	s->unarmed |= s->count == 0;
	s->count++;
}

void sporadic_activate(struct thread *t, u64 now)
{
	struct sporadic *s = t->sporadic;

	/* With something used it never stopped: woken while it was on its way off the CPU. */
	if (s != NULL && s->used == 0) {
		s->active = now;
	}
}

void sporadic_charge(struct thread *t, u64 ran, u64 now)
{
	struct sporadic *s = t->sporadic;

	if (s == NULL || t->fifo == 0) {
		return; /* what it runs at its low priority is free */
	}
	ran = MIN(ran, s->left);
	s->left -= ran;
	s->used += ran;
	if (s->left == 0 || t->state == THREAD_BLOCKED || t->state == THREAD_DEAD) {
		enter(s, now);
	}
	if (!is_high(s)) {
		t->prio = s->low;
		t->fifo = 0;
	}
}

u64 sporadic_end(const struct thread *t, u64 now)
{
	const struct sporadic *s = t->sporadic;

	return s != NULL && t->fifo != 0 ? now + s->left : ~0UL;
}

static void replenish(struct timer *timer)
{
	struct sporadic *s = container_of(timer, struct sporadic, timer);
	struct thread *t = s->thread;
	struct percpu *c = thread_lock(t);
	u64 now = counter_now(), next = ~0UL;
	bool kick = false;

	while (s->count != 0 && repl_at(s, 0)->at <= now) {
		s->left = MIN(s->left + repl_at(s, 0)->amount, s->budget);
		s->first = (u8)((s->first + 1) % s->max_repl);
		s->count--;
	}
	if (s->count != 0) {
		next = repl_at(s, 0)->at;
	}
	if (t->fifo == 0 && is_high(s)) {
		s->active = now;
		if (t->state == THREAD_RUNNING) {
			/* What it ran until now is not of the budget. */
			t->runtime += now - t->started;
			t->started = now;
		}
		kick = thread_reprioritise(c, t, s->high, true);
	} else if (t->state == THREAD_RUNNING && t->fifo != 0) {
		c->resched = 1; /* the end of its budget has moved */
		kick = true;
	}
	spin_unlock(&c->lock);
	if (next != ~0UL) {
		timer_arm(timer, next);
	}
	if (kick) {
		cpu_kick(c->id);
	}
}

void sporadic_arm(struct thread *t)
{
	struct sporadic *s = t->sporadic;

	/* Only the CPU that entered the first one gets here with it set, and no timer is armed yet. */
	if (s != NULL && s->unarmed) {
		s->unarmed = false;
		timer_arm(&s->timer, repl_at(s, 0)->at);
	}
}

int sporadic_create(struct thread *t, u8 high, u8 low, u8 max_repl, u64 period_us, u64 budget_us)
{
	struct sporadic *s = mem_alloc(size_of(max_repl));

	if (s == NULL) {
		return -ENOMEM;
	}
	s->thread = t;
	s->timer.fn = replenish;
	s->period = ns_to_counter(period_us * 1000);
	s->budget = MAX(ns_to_counter(budget_us * 1000), 1UL);
	s->left = s->budget;
	s->active = counter_now();
	s->high = high;
	s->low = low;
	s->max_repl = max_repl;
	t->prio = high;
	t->fifo = 1;
	t->sporadic = s;
	return 0;
}

void sporadic_destroy(struct thread *t)
{
	struct sporadic *s = t->sporadic;

	if (s != NULL) {
		t->sporadic = NULL;
		timer_cancel_wait(&s->timer);
		mem_free(s, size_of(s->max_repl));
	}
}
