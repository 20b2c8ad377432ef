/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Run queues: who gets the CPU, and the switch.
 *
 * Invariants, all under the CPU's lock:
 *  1. runq holds exactly the READY threads of the CPU, highest priority first, first come first
 *     within a priority; `ready` is its length, `floating` counts those that other CPUs may take.
 *  2. t->cpu names the CPU whose lock guards the thread's state. It changes only while the thread is
 *     neither running nor on any CPU's stack (`on_cpu`) nor its vCPU's registers in a CPU
 *     (`percpu.loaded`): balance_move(), with the old CPU's lock held. Whoever locked it looks
 *     again (thread_lock()). Between two queues it is MOVING.
 *  3. A vCPU is loaded nowhere but on t->cpu. It becomes so only while it is RUNNING, and `loaded` and
 *     `on_cpu` are released last: who reads them free may take everything that was saved before.
 *  4. The hardware timer is set to what is due first: a timer, the end of the running thread's time
 *     slice or of its budget, the next look at the balance; or off.
 *  5. Who makes a thread ready that may run elsewhere looks for CPUs without work after that; a CPU
 *     without work looks for such threads after it has said so. One of them sees the other.
 */
#include "core/sched_priv.h"

#include "arch/arch.h"
#include "core/base/log.h"
#include "core/sporadic.h"
#include "core/stolen.h"
#include "core/sysreg/sysreg.h"
#include "core/trace.h"
#include "core/vcpu.h"

#define SLICE_MS 4

struct percpu percpus[MAX_CPUS];
u32 cpu_count;

struct percpu *thread_lock(const struct thread *t)
{
	for (;;) {
		u32 cpu = __atomic_load_n(&t->cpu, __ATOMIC_ACQUIRE);
		struct percpu *c = &percpus[cpu];

		spin_lock(&c->lock);
		if (READ_ONCE(t->cpu) == cpu) {
			return c;
		}
		spin_unlock(&c->lock);
	}
}

/* On the new thread's stack: nobody stands on the old one any more. */
static void finish_switch(void)
{
	struct percpu *c = this_cpu();
	struct thread *left = c->left;
	bool dead = left->state == THREAD_DEAD && left->vcpu == NULL;

	__atomic_store_n(&left->on_cpu, 0, __ATOMIC_RELEASE);
	if (dead) {
		thread_ended(left);
	}
	if (c->floating != 0) {
		balance_offer(c);
	}
}

/* First code of every thread, reached by the first switch to it; interrupts are masked. */
void thread_start(void)
{
	struct thread *t = this_cpu()->current;

	finish_switch();
	if (t->vcpu == NULL) {
		irq_enable();
	}
	t->fn(t->arg);
	thread_exit();
}

static void enqueue(struct percpu *c, struct thread *t, bool first)
{
	struct list *at;

	list_for_each(at, &c->runq) {
		u8 prio = list_entry(at, struct thread, link)->prio;

		if (prio < t->prio || (first && prio == t->prio)) {
			break;
		}
	}
	list_add_tail(at, &t->link);
	c->ready++;
	c->floating += t->floats;
	t->state = THREAD_READY;
}

void thread_dequeue(struct percpu *c, struct thread *t)
{
	list_del(&t->link);
	c->ready--;
	c->floating -= t->floats;
}

bool thread_queue(struct percpu *c, struct thread *t, bool first)
{
	enqueue(c, t, first);
	/*
	 * Equal priority matters too: the running thread gets a time slice. So does the first one that
	 * waits: a running guest's WFI must trap from now on.
	 */
	if (t->prio >= c->prio || (c->ready == 1 && c->current->vcpu != NULL)) {
		c->resched = 1;
		return true;
	}
	return false;
}

bool thread_reprioritise(struct percpu *c, struct thread *t, u8 prio, bool fifo)
{
	u8 was = t->prio;

	t->fifo = fifo;
	if (t->state == THREAD_READY) {
		thread_dequeue(c, t);
		t->prio = prio;
		return thread_queue(c, t, false);
	}
	t->prio = prio;
	if (t->state == THREAD_RUNNING && prio != was) {
		c->prio = prio;
		c->resched = 1;
		return true;
	}
	return false;
}

void thread_set_prio(struct thread *t, u8 prio)
{
	u64 flags = irq_save();
	struct percpu *c = thread_lock(t);
	bool kick = thread_reprioritise(c, t, prio, t->fifo);

	spin_unlock(&c->lock);
	if (kick) {
		cpu_kick(c->id);
	}
	irq_restore(flags);
}

void thread_wake(struct thread *t)
{
	u64 flags = irq_save();
	struct percpu *home = thread_lock(t), *c;
	bool kick;

	if (t->state != THREAD_BLOCKED) {
		t->wake_pending = 1;
		spin_unlock(&home->lock);
		irq_restore(flags);
		return;
	}
	t->ready_at = counter_now();
	sporadic_activate(t, t->ready_at);
	c = balance_wake(home, t);
	if (c != home) {
		balance_move(home, c, t);
		spin_unlock(&home->lock);
		spin_lock(&c->lock);
	}
	kick = thread_queue(c, t, false);
	spin_unlock(&c->lock);
	if (kick) {
		cpu_kick(c->id);
	}
	irq_restore(flags);
}

void cpu_kick(u32 cpu)
{
	u64 flags = irq_save();
	struct percpu *c = this_cpu();
	struct thread *t = c->current;

	if (cpu != c->id) {
		gic_send_sgi(SGI_KICK, cpu);
	} else if (t != NULL && t->vcpu != NULL && t->open == 0) {
		__atomic_or_fetch(&t->vcpu->work, VWORK_RESCHED, __ATOMIC_RELAXED);
	} else if (t != c->idle && !c->in_irq) {
		gic_send_sgi(SGI_KICK, cpu); /* taken as soon as this thread unmasks interrupts */
	}
	irq_restore(flags);
}

/* The slice of `t`: only round robin threads with an equal waiting have one. */
static u64 slice_end(struct percpu *c, struct thread *t, u64 now)
{
	if (t == c->idle || t->fifo || c->ready == 0 ||
	    list_entry(c->runq.next, struct thread, link)->prio != t->prio) {
		return ~0UL;
	}
	if (t->slice_left == 0) {
		t->slice_left = counter_hz / 1000 * SLICE_MS;
	}
	return now + t->slice_left;
}

/* WFI of a guest traps while somebody else waits for the CPU, WFE while an equal does. */
static void set_halt_traps(struct percpu *c, struct vcpu *v)
{
	vcpu_trap_halt(v, c->ready != 0, c->slice_end != ~0UL);
}

/* `prev` is about to lose the CPU, or to keep it: what it has used up, and its place in the queue. */
static void requeue(struct percpu *c, struct thread *prev, u64 now)
{
	u64 ran = now - prev->started;
	bool spent = false;

	prev->runtime += ran;
	prev->started = now;
	sporadic_charge(prev, ran, now);
	if (prev->state != THREAD_RUNNING) {
		return;
	}
	if (c->slice_end != ~0UL) {
		spent = now >= c->slice_end;
		prev->slice_left = spent ? 0 : c->slice_end - now;
	}
	prev->ready_at = now;
	if (prev == c->idle) {
		prev->state = THREAD_READY;
	} else {
		/* A priority lowered just now is behind its new equals. */
		enqueue(c, prev, !spent && !prev->yielding && prev->prio == c->prio);
	}
	prev->yielding = 0;
}

static struct thread *pick(struct percpu *c, u64 now)
{
	struct thread *next = c->idle;

	if (c->ready != 0) {
		next = list_entry(c->runq.next, struct thread, link);
		thread_dequeue(c, next);
	}
	next->state = THREAD_RUNNING;
	next->started = now;
	next->waited += now - next->ready_at;
	c->prio = next->prio;
	c->slice_end = slice_end(c, next, now);
	c->budget_end = sporadic_end(next, now);
	c->balance_at = balance_next(c, now);
	timers_program(c);
	return next;
}

void schedule(void)
{
	struct percpu *c = this_cpu();
	struct thread *prev = c->current;
	struct thread *next;
	u64 now;

	spin_lock(&c->lock);
	now = counter_now(); /* not before: others, too, set `started` under the lock */
	c->resched = 0;
	if (unlikely(c->trace_change)) {
		trace_follow(c);
	}
	requeue(c, prev, now);
	next = pick(c, now);
	spin_unlock(&c->lock);
	sporadic_arm(prev);

	if (next->vcpu != NULL) {
		set_halt_traps(c, next->vcpu);
	}
	if (next == prev) {
		if (c->floating != 0) {
			balance_offer(c);
		}
		return;
	}
	if (trace_on()) {
		trace_switch(prev, next);
	}
	if (prev->vcpu != NULL) {
		vcpu_pause(prev->vcpu);
	}
	c->current = next;
	if (next->vcpu != NULL) {
		vcpu_resume(next->vcpu);
		stolen_update(next->vcpu);
	}
	c->left = prev;
	next->on_cpu = 1;
	arch_switch(&prev->sp, next->sp);
	finish_switch();
}

void thread_block(void)
{
	u64 flags = irq_save();
	struct percpu *c = this_cpu();
	struct thread *t = c->current;

	spin_lock(&c->lock);
	if (t->wake_pending) {
		t->wake_pending = 0;
		spin_unlock(&c->lock);
	} else {
		t->state = THREAD_BLOCKED;
		spin_unlock(&c->lock);
		schedule();
		t->wake_pending = 0;
	}
	irq_restore(flags);
}

void thread_yield(void)
{
	u64 flags = irq_save();

	this_cpu()->current->yielding = 1;
	schedule();
	irq_restore(flags);
}

static void sleeper_wake(struct timer *t)
{
	thread_wake(container_of(t, struct thread, sleep_timer));
}

void thread_sleep_until(u64 at)
{
	u64 flags = irq_save();
	struct thread *t = this_cpu()->current;

	t->sleep_timer.fn = sleeper_wake;
	timer_arm(&t->sleep_timer, at);
	thread_block();
	timer_cancel(&t->sleep_timer);
	irq_restore(flags);
}

void sched_init_cpu(struct percpu *c)
{
	struct thread *t = &c->idle_thread;

	list_init(&c->runq);
	list_init(&c->timers);
	c->slice_end = ~0UL;
	c->budget_end = ~0UL;
	c->balance_at = ~0UL;
	c->timer_at = ~0UL;
	c->prio = PRIO_IDLE;
	c->midr = read_midr_el1();
	c->pfr0 = read_id_aa64pfr0_el1();
	c->ctr = read_ctr_el0();
	t->name = "idle";
	t->prio = PRIO_IDLE;
	t->allowed = BIT(c->id);
	t->cpu = c->id;
	t->state = THREAD_RUNNING;
	t->started = counter_now();
	list_init(&t->link);
	c->idle = t;
	c->current = t;
	if (c->id == 0) {
		threads_init();
	}
	sysreg_id_join(c->id == 0);
	c->online = true;
}

void cpu_main(struct percpu *c)
{
	sched_init_cpu(c);
	__atomic_store_n(&c->started, true, __ATOMIC_RELEASE);
	sched_start();
}

void sched_start(void)
{
	for (;;) {
		irq_disable();
		if (this_cpu()->ready != 0 || balance_pull(this_cpu())) {
			schedule();
		} else {
			cpu_wfi(); /* wakes with interrupts masked; taken below */
		}
		irq_enable();
	}
}
