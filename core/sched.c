/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Run queues, sleeping and timers of each CPU.
 *
 * Invariants (all under the CPU's lock):
 *  1. runq holds exactly the READY threads of the CPU, highest priority first,
 *     first come first within a priority; `ready` is its length.
 *  2. A thread never changes its CPU after thread_init(): whoever switches away
 *     from a stack is the only one who can switch to it again.
 *  3. The hardware timer is set to the earlier of the first timer and the end of
 *     the running thread's time slice, or off.
 */
#include "core/sched.h"

#include "arch/arch.h"
#include "core/base/log.h"
#include "core/base/memory.h"
#include "core/sysreg.h"
#include "core/vcpu.h"

#define SLICE_MS 4
#define THREAD_STACK KiB(16)

struct percpu percpus[MAX_CPUS];
u32 cpu_count;

/* The allowed CPU with the fewest threads. */
static u32 place(u64 allowed)
{
	u32 best = MAX_CPUS;

	for (u32 i = 0; i < MAX_CPUS; i++) {
		if (percpus[i].online && (allowed & BIT(i)) != 0 &&
		    (best == MAX_CPUS || percpus[i].threads < percpus[best].threads)) {
			best = i;
		}
	}
	return best == MAX_CPUS ? this_cpu()->id : best;
}

/* On the new thread's stack: nobody stands on the old one any more. */
static void finish_switch(void)
{
	__atomic_store_n(&this_cpu()->left->on_cpu, 0, __ATOMIC_RELEASE);
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

void thread_init(struct thread *t, const char *name, u8 prio, u64 allowed, void *stack_top,
		 void (*fn)(void *arg), void *arg)
{
	t->name = name;
	t->prio = prio;
	t->allowed = allowed;
	t->fn = fn;
	t->arg = arg;
	t->state = THREAD_BLOCKED;
	t->cpu = place(allowed);
	__atomic_add_fetch(&percpus[t->cpu].threads, 1, __ATOMIC_RELAXED);
	list_init(&t->link);
	t->sp = arch_thread_sp(stack_top);
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
	t->state = THREAD_READY;
}

static void dequeue(struct percpu *c, struct thread *t)
{
	list_del(&t->link);
	c->ready--;
}

/* True once the thread can get no CPU any more; one that was woken for nothing leaves the queue. */
static bool retire(struct thread *t)
{
	struct percpu *c = &percpus[t->cpu];
	u64 flags = spin_lock_irq(&c->lock);

	if (t->state == THREAD_READY) {
		dequeue(c, t);
	}
	if (t->state != THREAD_RUNNING) {
		t->state = THREAD_DEAD;
	}
	spin_unlock_irq(&c->lock, flags);
	return t->state == THREAD_DEAD;
}

void thread_wait_off_cpu(struct thread *t)
{
	while (!retire(t) || __atomic_load_n(&t->on_cpu, __ATOMIC_ACQUIRE) != 0) {
		thread_yield();
	}
}

struct thread *thread_create(const char *name, u8 prio, u64 allowed, void (*fn)(void *arg), void *arg)
{
	struct thread *t = mem_alloc(sizeof(*t));
	void *top;

	if (t == NULL) {
		return NULL;
	}
	top = arch_stack_alloc(THREAD_STACK);
	if (top == NULL) {
		mem_free(t, sizeof(*t));
		return NULL;
	}
	thread_init(t, name, prio, allowed, top, fn, arg);
	thread_wake(t);
	return t;
}

/* The hardware timer follows the earlier of the first timer and the end of the slice. */
static void program_timer(struct percpu *c)
{
	u64 at = ~0UL;

	if (!list_empty(&c->timers)) {
		at = list_entry(c->timers.next, struct timer, link)->at;
	}
	at = MIN(at, c->slice_end);
	if (at != c->timer_at) {
		c->timer_at = at;
		arch_timer_set(at);
	}
}

void thread_wake(struct thread *t)
{
	struct percpu *c = &percpus[t->cpu];
	u64 flags = spin_lock_irq(&c->lock);
	bool kick = false;

	if (t->state == THREAD_BLOCKED) {
		enqueue(c, t, false);
		/* Equal priority matters too: the running thread gets a time slice and a WFI trap. */
		if (c->current == NULL || t->prio >= c->current->prio) {
			c->resched = 1;
			kick = true;
		}
	} else {
		t->wake_pending = 1;
	}
	spin_unlock_irq(&c->lock, flags);
	if (kick) {
		cpu_kick(c->id);
	}
}

void cpu_kick(u32 cpu)
{
	if (cpu == this_cpu()->id) {
		struct thread *t = this_cpu()->current;

		if (t != NULL && t->vcpu != NULL) {
			__atomic_or_fetch(&t->vcpu->work, VWORK_RESCHED, __ATOMIC_RELAXED);
		}
	} else {
		gic_send_sgi(SGI_KICK, cpu);
	}
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

/* WFI of a guest traps while somebody else waits for the CPU. */
static void set_wfi_trap(struct percpu *c, struct vcpu *v)
{
	vcpu_trap_wfi(v, c->ready != 0);
}

void schedule(void)
{
	struct percpu *c = this_cpu();
	struct thread *prev = c->current;
	struct thread *next;
	u64 now = counter_now();

	spin_lock(&c->lock);
	c->resched = 0;
	if (prev->state == THREAD_RUNNING) {
		bool spent = false;

		if (c->slice_end != ~0UL) {
			spent = now >= c->slice_end;
			prev->slice_left = spent ? 0 : c->slice_end - now;
		}
		if (prev == c->idle) {
			prev->state = THREAD_READY;
		} else {
			enqueue(c, prev, !spent && !prev->yielding);
		}
		prev->yielding = 0;
	}
	next = c->ready == 0 ? c->idle : list_entry(c->runq.next, struct thread, link);
	if (next != c->idle) {
		dequeue(c, next);
	}
	next->state = THREAD_RUNNING;
	c->slice_end = slice_end(c, next, now);
	program_timer(c);
	spin_unlock(&c->lock);

	if (next->vcpu != NULL) {
		set_wfi_trap(c, next->vcpu);
	}
	if (next == prev) {
		return;
	}
	prev->runtime += now - prev->started;
	next->started = now;
	if (prev->vcpu != NULL) {
		vcpu_pause(prev->vcpu);
	}
	if (next->vcpu != NULL) {
		vcpu_resume(next->vcpu);
	}
	c->current = next;
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

void thread_exit(void)
{
	irq_disable();
	this_cpu()->current->state = THREAD_DEAD; /* its stack stays: threads are few and end with the machine */
	schedule();
	panic("a dead thread runs");
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
	program_timer(c);
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
				program_timer(c);
			}
		}
		spin_unlock_irq(&c->lock, flags);
	}
}

void timer_cancel_wait(struct timer *t)
{
	for (u32 i = 0; i < MAX_CPUS; i++) {
		timer_cancel(t); /* again: the function may have armed it */
		while (__atomic_load_n(&percpus[i].firing, __ATOMIC_ACQUIRE) == t) {
			cpu_relax();
		}
	}
	timer_cancel(t);
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
		t->cpu = NULL;
		c->firing = t;
		spin_unlock(&c->lock);
		t->fn(t);
		spin_lock(&c->lock);
		c->firing = NULL;
	}
	if (now >= c->slice_end) {
		c->resched = 1;
		cpu_kick(c->id);
	}
	c->timer_at = 0; /* the hardware timer is due: always set it anew */
	if (now >= c->slice_end) {
		arch_timer_set(~0UL);
	} else {
		program_timer(c);
	}
	spin_unlock(&c->lock);
}

void sched_init_cpu(struct percpu *c)
{
	struct thread *t = &c->idle_thread;

	list_init(&c->runq);
	list_init(&c->timers);
	c->slice_end = ~0UL;
	c->timer_at = ~0UL;
	t->name = "idle";
	t->prio = PRIO_IDLE;
	t->allowed = BIT(c->id);
	t->cpu = c->id;
	t->state = THREAD_RUNNING;
	list_init(&t->link);
	c->idle = t;
	c->current = t;
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
		if (this_cpu()->ready != 0) {
			schedule();
		} else {
			cpu_wfi(); /* wakes with interrupts masked; taken below */
		}
		irq_enable();
	}
}
