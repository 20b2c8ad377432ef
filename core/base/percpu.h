/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A CPU's own data and the threads on it: what the scheduler keeps and the hardware layer reads
 * (core/sched.h has the functions).
 */
#ifndef QUOIN_CORE_BASE_PERCPU_H
#define QUOIN_CORE_BASE_PERCPU_H

#include "core/base/list.h"
#include "core/base/lock.h"
#include "core/base/types.h"

#define MAX_CPUS 8
#define PRIO_DEFAULT 10
#define PRIO_IDLE 0

/* MOVING: in no queue, whoever took it out of one puts it into another. */
enum thread_state { THREAD_READY, THREAD_RUNNING, THREAD_BLOCKED, THREAD_MOVING, THREAD_DEAD };

struct timer {
	struct list link;
	u64 at; /* counter value */
	void (*fn)(struct timer *t); /* exit context, interrupts masked, on the CPU that armed it */
	struct percpu *cpu; /* where it is armed, or NULL */
};

struct thread {
	u64 sp;             /* saved EL2 stack pointer while not running */
	u64 tried;          /* arch_try(): where it returns from an access that is not answered; 0: in none */
	struct list link;   /* in a run queue */
	struct timer sleep_timer;
	struct vcpu *vcpu;  /* NULL: an EL2 thread */
	void (*fn)(void *arg);
	void *arg;
	const char *name;
	u64 allowed;        /* CPUs it may run on */
	u64 runtime;        /* counter ticks run so far, but for those since `started` */
	u64 started;        /* when what it ran was last added to runtime */
	u64 waited;         /* counter ticks it was ready and did not run */
	u64 ready_at;       /* READY, MOVING: since when */
	u64 slice_left;     /* round robin: ticks left of its time slice */
	struct sporadic *sporadic; /* budget and replenishments (core/sporadic.h), or NULL */
	struct vm *vm;      /* whom its time is accounted to; NULL: the monitor */
	struct list all;    /* in the list of all threads */
	void *stack;        /* of an EL2 thread: its top */
	u32 cpu;            /* CPU it runs or queues on, or ran last */
	u32 moves;          /* how often that changed */
	u8 prio, fifo;
	u8 state;           /* enum thread_state */
	u8 floats;          /* there are several CPUs it may run on */
	u8 yielding;        /* goes behind its equals this time */
	u8 open;            /* a vCPU's: runs EL2 code with interrupts on, as EL2 threads do */
	u8 on_cpu;          /* a CPU stands on its stack */
	u8 wake_pending;    /* woken while not blocked: the next block returns at once */
};

/* What the firmware says of a speculation workaround, SMCCC_ARCH_FEATURES (DEN 0028 7.4). */
enum workaround_state { WA_NONE, WA_CALL, WA_UNAFFECTED, WA_NOT_REQUIRED };

/* How EL2 entry is hardened on a CPU; arch/aarch64/entry.S reads it. Both 0: CLRBHB alone, or nothing. */
struct hardening {
	u32 loop; /* taken branches that replace the branch history */
	u32 fid;  /* firmware call that invalidates the branch predictor, SMCCC_ARCH_WORKAROUND_1 or 3 */
};

struct percpu {
	struct hardening hardening; /* first: entry.S */
	struct thread *current;
	u64 tried;         /* as that of a thread, before there is one */
	u32 id;
	u32 resched;       /* ask for schedule() before returning to the guest */
	struct thread *left; /* whom the last switch left */
	struct vcpu *loaded; /* whose EL1 and vGIC state the hardware holds */
	struct thread *idle;
	struct spinlock lock; /* runq, timers */
	struct list runq;  /* ready threads, highest priority first */
	u32 ready;         /* how many are in runq */
	u32 floating;      /* how many of them may run on another CPU as well */
	u32 threads;       /* how many have their place here */
	u32 looked;        /* how often the balance was looked at */
	u8 prio;           /* of the running thread */
	bool in_irq;       /* an interrupt hit EL2 and is being handled */
	u64 slice_end;     /* of the running thread, ~0: none */
	u64 budget_end;    /* when the running thread's sporadic budget is spent, ~0: none */
	u64 balance_at;    /* when to look for a better CPU for those who wait, ~0: nobody floats */
	u64 timer_at;      /* what the hardware timer is set to */
	struct list timers;
	struct timer *firing; /* whose function is being called */
	u64 mpidr;
	u64 midr, pfr0, ctr; /* MIDR_EL1, ID_AA64PFR0_EL1, CTR_EL0 */
	u32 revidr;        /* REVIDR_EL1 */
	u8 workaround[3];  /* enum workaround_state of SMCCC_ARCH_WORKAROUND_1..3 */
	bool clrbhb, exposed; /* entry clears the branch history; the predictor is not protected */
	u32 gic_target;    /* GICv2: bit mask of this CPU's interface */
	bool online, started;
	struct trace_ring *trace; /* core/trace.h; NULL: this CPU does not trace */
	bool trace_change; /* tracing is to be switched: core/trace.c */
	struct thread idle_thread;
};

extern struct percpu percpus[MAX_CPUS];
extern u32 cpu_count; /* CPUs that run */

#endif
