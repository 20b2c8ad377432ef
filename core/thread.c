/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads: making them, their end, their times. What an ended EL2 thread leaves, its stack and its
 * structure, is freed by the reaper, as nobody can free the stack he stands on.
 */
#include "core/sched_priv.h"

#include <string.h>
#include "arch/arch.h"
#include "core/base/log.h"
#include "core/base/memory.h"
#include "core/vm.h"

#define THREAD_STACK KiB(16)

static struct spinlock list_lock; /* threads, ended; taken before a percpu.lock */
static struct list threads;       /* all but the idle ones */
static struct list ended;
static struct thread *reaper;

void threads_init(void)
{
	list_init(&threads);
	list_init(&ended);
	reaper = NULL;
}

void thread_init(struct thread *t, const char *name, u8 prio, u64 allowed, void *stack_top,
		 void (*fn)(void *arg), void *arg)
{
	u64 flags;

	t->name = name;
	t->prio = prio;
	t->allowed = allowed;
	t->fn = fn;
	t->arg = arg;
	t->state = THREAD_BLOCKED;
	t->cpu = balance_place(allowed);
	t->floats = balance_floats(allowed);
	__atomic_add_fetch(&percpus[t->cpu].threads, 1, __ATOMIC_RELAXED);
	list_init(&t->link);
	t->sp = arch_thread_sp(stack_top);
	flags = spin_lock_irq(&list_lock);
	list_add_tail(&threads, &t->all);
	spin_unlock_irq(&list_lock, flags);
}

void thread_forget(struct thread *t)
{
	u64 flags = spin_lock_irq(&list_lock);

	list_del(&t->all);
	if (t->vm != NULL) {
		t->vm->helped += t->runtime;
	}
	spin_unlock_irq(&list_lock, flags);
	__atomic_sub_fetch(&percpus[t->cpu].threads, 1, __ATOMIC_RELAXED);
}

struct thread *thread_create_for(struct vm *vm, const char *name, u8 prio, u64 allowed,
				 void (*fn)(void *arg), void *arg)
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
	t->vm = vm;
	t->stack = top;
	thread_init(t, name, prio, allowed, top, fn, arg);
	thread_wake(t);
	return t;
}

struct thread *thread_create(const char *name, u8 prio, u64 allowed, void (*fn)(void *arg), void *arg)
{
	return thread_create_for(NULL, name, prio, allowed, fn, arg);
}

struct thread *current_thread(void)
{
	u64 flags = irq_save();
	struct thread *t = this_cpu()->current;

	irq_restore(flags);
	return t;
}

/* True once the thread can get no CPU any more; one that was woken for nothing leaves the queue. */
static bool retire(struct thread *t)
{
	u64 flags = irq_save();
	struct percpu *c = thread_lock(t);
	bool dead;

	if (t->state == THREAD_READY) {
		thread_dequeue(c, t);
	}
	if (t->state != THREAD_RUNNING && t->state != THREAD_MOVING) {
		t->state = THREAD_DEAD;
	}
	dead = t->state == THREAD_DEAD;
	spin_unlock_irq(&c->lock, flags);
	return dead;
}

void sleep_lock(bool *taken)
{
	while (__atomic_exchange_n(taken, true, __ATOMIC_ACQUIRE)) {
		thread_sleep_until(counter_now() + counter_hz / 20000);
	}
}

void sleep_unlock(bool *taken)
{
	__atomic_store_n(taken, false, __ATOMIC_RELEASE);
}

void thread_wait_off_cpu(struct thread *t)
{
	while (!retire(t) || __atomic_load_n(&t->on_cpu, __ATOMIC_ACQUIRE) != 0) {
		thread_yield();
	}
}

void thread_exit(void)
{
	struct percpu *c;

	irq_disable();
	c = this_cpu();
	spin_lock(&c->lock);
	c->current->state = THREAD_DEAD;
	spin_unlock(&c->lock);
	schedule();
	panic("a dead thread runs");
}

void thread_ended(struct thread *t)
{
	spin_lock(&list_lock);
	list_add_tail(&ended, &t->link);
	spin_unlock(&list_lock);
	if (reaper != NULL) {
		thread_wake(reaper);
	}
}

static struct thread *next_ended(void)
{
	u64 flags = spin_lock_irq(&list_lock);
	struct thread *t = NULL;

	if (!list_empty(&ended)) {
		t = list_entry(ended.next, struct thread, link);
		list_del(&t->link);
	}
	spin_unlock_irq(&list_lock, flags);
	return t;
}

static void reaper_main(void *arg)
{
	struct thread *t;

	(void)arg;
	for (;;) {
		while ((t = next_ended()) != NULL) {
			thread_forget(t);
			arch_stack_free(t->stack, THREAD_STACK);
			mem_free(t, sizeof(*t));
		}
		thread_block();
	}
}

bool thread_reaper_start(void)
{
	reaper = thread_create("reaper", PRIO_DEFAULT, ~0UL, reaper_main, NULL);
	return reaper != NULL;
}

void thread_times(const struct thread *t, struct thread_times *out)
{
	u64 flags = irq_save();
	struct percpu *c = thread_lock(t);
	u64 now = counter_now();

	out->runtime = t->runtime;
	out->waited = t->waited;
	if (t->state == THREAD_RUNNING) {
		out->runtime += now - t->started;
	} else if (t->state == THREAD_READY || t->state == THREAD_MOVING) {
		out->waited += now - t->ready_at;
	}
	spin_unlock_irq(&c->lock, flags);
}

u64 thread_runtime(const struct thread *t)
{
	struct thread_times times;

	thread_times(t, &times);
	return times.runtime;
}

u64 vm_runtime(const struct vm *vm)
{
	u64 flags = spin_lock_irq(&list_lock), sum = vm->helped;
	struct list *it;

	list_for_each(it, &threads) {
		const struct thread *t = list_entry(it, struct thread, all);

		sum += t->vm == vm ? thread_runtime(t) : 0;
	}
	spin_unlock_irq(&list_lock, flags);
	return sum;
}

bool thread_info(u32 index, struct thread_info *out)
{
	u64 flags = spin_lock_irq(&list_lock);
	struct list *it;
	bool found = false;

	list_for_each(it, &threads) {
		const struct thread *t = list_entry(it, struct thread, all);

		if (index-- == 0) {
			*out = (struct thread_info) {
				.name = t->name, .vm = t->vm, .vcpu = t->vcpu, .cpu = t->cpu, .moves = t->moves,
				.vcpu_id = t->vcpu != NULL ? t->vcpu->id : 0,
				.prio = t->prio, .state = t->state,
			};
			thread_times(t, &out->times);
			found = true;
			break;
		}
	}
	spin_unlock_irq(&list_lock, flags);
	return found;
}
