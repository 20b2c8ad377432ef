/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads and run queues. A vCPU is a thread whose body is the guest; EL2
 * threads do what may take long, with interrupts on. Every CPU has its own
 * queue of fixed priorities (255 highest, 0 the idle thread).
 *
 * All of this runs with interrupts masked unless said otherwise.
 */
#ifndef QUOIN_CORE_SCHED_H
#define QUOIN_CORE_SCHED_H

#include "core/base/percpu.h"

/* thread_init - make `t` ready to run fn(arg) on `stack_top`; not queued yet. Boot or thread context. */
void thread_init(struct thread *t, const char *name, u8 prio, u64 allowed, void *stack_top,
		 void (*fn)(void *arg), void *arg);
/* thread_create - allocate a guarded stack and start an EL2 thread; NULL without memory. */
struct thread *thread_create(const char *name, u8 prio, u64 allowed, void (*fn)(void *arg), void *arg);
/* thread_wake - make a blocked thread ready (its CPU is told); harmless otherwise. Any context. */
void thread_wake(struct thread *t);
/* thread_block - give the CPU away until thread_wake(); may return early: callers loop on their condition. */
void thread_block(void);
/* thread_sleep_until - as thread_block, at the latest until counter value `at`. */
void thread_sleep_until(u64 at);
void thread_yield(void);
void thread_exit(void) __noreturn;
/* thread_wait_off_cpu - until a thread that blocks for good has left its stack; it is dead then. Thread context. */
void thread_wait_off_cpu(struct thread *t);
/* schedule - run the best ready thread; returns when the caller is picked again. */
void schedule(void);
/* sched_alone - no other thread is ready on this CPU. */
static inline bool sched_alone(const struct percpu *c)
{
	return c->ready == 0;
}

/* timer_arm - fire at counter value `at` on this CPU (re-arms); timer_cancel - from any CPU. */
void timer_arm(struct timer *t, u64 at);
void timer_cancel(struct timer *t);
/* timer_cancel_wait - also wait until its function, running on another CPU, has returned. Thread context. */
void timer_cancel_wait(struct timer *t);
/* sched_timer_irq - the EL2 timer has fired. Exit context. */
void sched_timer_irq(void);

/* cpu_kick - make another CPU look at its resched flag and its vCPU's work. Any context. */
void cpu_kick(u32 cpu);

void sched_init_cpu(struct percpu *c);
void sched_start(void) __noreturn; /* turn the calling context into the idle thread */

#endif
