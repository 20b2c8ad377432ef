/* SPDX-License-Identifier: Apache-2.0 */
/* Between the parts of the scheduler: sched.c, balance.c, sporadic.c, thread.c, timer.c. */
#ifndef QUOIN_CORE_SCHED_PRIV_H
#define QUOIN_CORE_SCHED_PRIV_H

#include "core/sched.h"

/* thread_lock - lock the CPU whose queue `t` is, or would be, in; IRQs masked. Unlock c->lock. */
struct percpu *thread_lock(const struct thread *t);
/* thread_queue - make `t` ready on `c`; true if that CPU has to look. Locked; `first`: before its equals. */
bool thread_queue(struct percpu *c, struct thread *t, bool first);
void thread_dequeue(struct percpu *c, struct thread *t);
/* thread_reprioritise - READY, RUNNING or not; true if its CPU has to look. Locked. */
bool thread_reprioritise(struct percpu *c, struct thread *t, u8 prio, bool fifo);
/* timers_program - the hardware timer follows whatever of this CPU is due first. Locked, own CPU. */
void timers_program(struct percpu *c);

/* balance_place - CPU for a new thread. */
u32 balance_place(u64 allowed);
/* balance_floats - several of the CPUs that are there are allowed. */
bool balance_floats(u64 allowed);
/* balance_wake - the CPU on which `t`, blocked on `home`, had best become ready. home->lock held. */
struct percpu *balance_wake(struct percpu *home, const struct thread *t);
/* balance_move - `t`, blocked or ready, belongs to `to` from now on, in no queue. from->lock held. */
void balance_move(struct percpu *from, struct percpu *to, struct thread *t);
/* balance_offer - somebody waits here: CPUs with nothing to do are told to come for them. IRQs masked. */
void balance_offer(struct percpu *c);
/* balance_pull - nothing to do here: take a waiting thread from another CPU; true if one came. */
bool balance_pull(struct percpu *me);
/* balance_tick - c->balance_at has come: move one thread whose place is bad. Own CPU, not locked. */
void balance_tick(struct percpu *c, u64 now);
/* balance_next - when it is to come next, on a CPU somebody waits for. */
u64 balance_next(const struct percpu *c, u64 now);

/* threads_init - there are no threads yet. Boot CPU. */
void threads_init(void);
/* thread_ended - `t` stands on no stack any more and is to be freed. IRQs masked. */
void thread_ended(struct thread *t);

#endif
