/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads and run queues. A vCPU is a thread whose body is the guest; EL2
 * threads do what may take long, with interrupts on. Every CPU has its own
 * queue of fixed priorities (255 highest, 0 the idle thread). A thread that may
 * run on several CPUs moves between them; an EL2 thread may do so between any two of
 * its instructions with interrupts on, so this_cpu() means nothing to it then.
 *
 * All of this runs with interrupts masked unless said otherwise.
 */
#ifndef QUOIN_CORE_SCHED_H
#define QUOIN_CORE_SCHED_H

#include "core/base/percpu.h"

struct vm;

/* thread_init - make `t` ready to run fn(arg) on `stack_top`; not queued yet. Boot or thread context. */
void thread_init(struct thread *t, const char *name, u8 prio, u64 allowed, void *stack_top,
		 void (*fn)(void *arg), void *arg);
/* thread_forget - a thread that will never run again leaves the books; its memory is its maker's. Thread context. */
void thread_forget(struct thread *t);
/*
 * thread_create - allocate a guarded stack and start an EL2 thread; NULL without memory. `name` has to
 * stay. When fn returns, stack and structure are freed: nobody may use the pointer any more.
 * thread_create_for - its run time counts as the VM's.
 */
struct thread *thread_create(const char *name, u8 prio, u64 allowed, void (*fn)(void *arg), void *arg);
struct thread *thread_create_for(struct vm *vm, const char *name, u8 prio, u64 allowed,
				 void (*fn)(void *arg), void *arg);
/* thread_reaper_start - the thread that frees ended ones; false without memory. Boot. */
bool thread_reaper_start(void);
/* current_thread - who calls. Any context, interrupts on or masked. */
struct thread *current_thread(void);
/* thread_wake - make a blocked thread ready (its CPU is told); harmless otherwise. Any context. */
void thread_wake(struct thread *t);
/* thread_block - give the CPU away until thread_wake(); may return early: callers loop on their condition. */
void thread_block(void);
/* thread_sleep_until - as thread_block, at the latest until counter value `at`. */
void thread_sleep_until(u64 at);
/* sleep_lock, sleep_unlock - one at a time, for what may take long: who waits sleeps. Thread context or work. */
void sleep_lock(bool *taken);
void sleep_unlock(bool *taken);
void thread_yield(void);
void thread_exit(void) __noreturn;
/* thread_set_prio - of an EL2 thread that is not sporadic. Any context. */
void thread_set_prio(struct thread *t, u8 prio);
/* thread_wait_off_cpu - until a thread that blocks for good has left its stack; it is dead then. Thread context. */
void thread_wait_off_cpu(struct thread *t);
/* schedule - run the best ready thread; returns when the caller is picked again, maybe on another CPU. */
void schedule(void);
/* sched_alone - no other thread is ready on this CPU. */
static inline bool sched_alone(const struct percpu *c)
{
	return c->ready == 0;
}

/* Counter ticks a thread ran, and was ready but did not. */
struct thread_times {
	u64 runtime, waited;
};

struct thread_info {
	const char *name;
	const struct vm *vm;     /* whom its time is accounted to, or NULL */
	const struct vcpu *vcpu; /* NULL: an EL2 thread; it may be gone */
	u32 vcpu_id;
	u32 cpu, moves;          /* where it runs or waits, or ran last; how often that changed */
	u8 prio, state;          /* now; enum thread_state */
	struct thread_times times;
};

/* thread_times, thread_runtime - up to now, also while it runs. Idle threads too: &percpus[i].idle_thread. Any context. */
void thread_times(const struct thread *t, struct thread_times *out);
u64 thread_runtime(const struct thread *t);
/* vm_runtime - counter ticks of all vCPUs a VM has and of the EL2 threads that work or worked for it. Any context. */
u64 vm_runtime(const struct vm *vm);
/* thread_info - about the index-th thread there is (not the idle ones); false: there is none. Any context. */
bool thread_info(u32 index, struct thread_info *out);

/* timer_arm - fire at counter value `at` on this CPU (re-arms); timer_cancel - from any CPU. */
void timer_arm(struct timer *t, u64 at);
void timer_cancel(struct timer *t);
/* timer_cancel_wait - also wait until its function, running on another CPU, has returned. Thread context. */
void timer_cancel_wait(struct timer *t);
/*
 * timer_take - an armed timer fires on this CPU from now on; its function runs nowhere when this returns.
 * No lock that the function takes may be held.
 */
void timer_take(struct timer *t);
/* timer_others_due - another timer of this CPU is due. IRQs masked. */
bool timer_others_due(void);
/* sched_timer_irq - the EL2 timer has fired. Exit context. */
void sched_timer_irq(void);

/* cpu_kick - make a CPU look at its resched flag and its vCPU's work. Any context. */
void cpu_kick(u32 cpu);

void sched_init_cpu(struct percpu *c);
void sched_start(void) __noreturn; /* turn the calling context into the idle thread */

#endif
