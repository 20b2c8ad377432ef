/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sporadic scheduling (POSIX SCHED_SPORADIC): a thread runs at its high priority as long as it has
 * budget, at its low one when that is spent. What it used since it last became ready comes back one
 * period after it became ready; at most `max_repl` such replenishments are outstanding. At its
 * high priority it is FIFO among equals, at its low one round robin.
 */
#ifndef QUOIN_CORE_SPORADIC_H
#define QUOIN_CORE_SPORADIC_H

#include "core/sched.h"

/*
 * sporadic_create - `t`, not ready yet, becomes sporadic: priorities high >= low, times in
 * microseconds, 0 < budget <= period. 0 or -ENOMEM. sporadic_destroy - any thread. Thread context.
 */
int sporadic_create(struct thread *t, u8 high, u8 low, u8 max_repl, u64 period_us, u64 budget_us)
	__must_check;
void sporadic_destroy(struct thread *t);

/* What the scheduler tells: all but sporadic_arm with the thread's CPU locked; threads that are not sporadic too. */

/* sporadic_activate - it becomes ready. */
void sporadic_activate(struct thread *t, u64 now);
/* sporadic_charge - it ran for `ran` ticks and stops or goes on, as its state says; may change its priority. */
void sporadic_charge(struct thread *t, u64 ran, u64 now);
/* sporadic_end - when the budget of a thread that begins to run is spent; ~0: never. */
u64 sporadic_end(const struct thread *t, u64 now);
/* sporadic_arm - the timer of a replenishment that sporadic_charge() has entered. IRQs masked, not locked. */
void sporadic_arm(struct thread *t);

#endif
