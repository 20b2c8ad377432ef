/* SPDX-License-Identifier: Apache-2.0 */
/*
 * On which CPU a thread runs. It stays where it is as long as that is good enough:
 *
 *  - woken, it goes where it runs at once: its own CPU if that has nothing to do, another such one,
 *    its own or another whose thread is less important; else where it waits with the fewest;
 *  - a CPU without work takes the most important thread that waits elsewhere;
 *  - every BALANCE_MS a CPU on which somebody waits sends one thread to a better place.
 *
 * A vCPU whose registers are still in a CPU cannot leave it; that CPU saves them when another asks
 * for work (balance_offer()). Threads bound to one CPU cost nothing here.
 */
#include "core/sched_priv.h"

#include "arch/arch.h"
#include "core/vcpu.h"

#define BALANCE_MS 16
#define LOOKS 8 /* threads that one look at the balance considers */

/* What waiting on a CPU costs a thread of priority `prio`: below WAIT it runs at once. */
#define WAIT 256u
#define STARVE 512u

static u32 cost(const struct percpu *c, u8 prio)
{
	u8 running = READ_ONCE(c->prio);
	u32 ready = READ_ONCE(c->ready);

	if (running < prio) {
		return running + (ready != 0); /* somebody may be about to run there */
	}
	return (running == prio ? WAIT : STARVE) + ready;
}

static bool no_work(const struct percpu *c)
{
	return READ_ONCE(c->prio) == PRIO_IDLE && READ_ONCE(c->ready) == 0;
}

static bool may_run(const struct percpu *c, u64 allowed)
{
	return c->online && (allowed & BIT(c->id)) != 0;
}

/* Nothing of it is left in its CPU. Locked. */
static bool can_leave(const struct percpu *c, const struct thread *t)
{
	return t->floats && __atomic_load_n(&t->on_cpu, __ATOMIC_ACQUIRE) == 0 &&
	       (t->vcpu == NULL || __atomic_load_n(&c->loaded, __ATOMIC_ACQUIRE) != t->vcpu);
}

u32 balance_place(u64 allowed)
{
	u32 best = MAX_CPUS;

	for (u32 i = 0; i < MAX_CPUS; i++) {
		if (may_run(&percpus[i], allowed) &&
		    (best == MAX_CPUS || percpus[i].threads < percpus[best].threads)) {
			best = i;
		}
	}
	return best == MAX_CPUS ? this_cpu()->id : best;
}

bool balance_floats(u64 allowed)
{
	u32 n = 0;

	for (u32 i = 0; i < MAX_CPUS; i++) {
		n += may_run(&percpus[i], allowed);
	}
	return n > 1;
}

struct percpu *balance_wake(struct percpu *home, const struct thread *t)
{
	struct percpu *best = home;
	u32 least = cost(home, t->prio);

	if (least == 0 || !can_leave(home, t)) {
		return home;
	}
	for (u32 i = 0; i < cpu_count; i++) {
		struct percpu *c = &percpus[i];

		if (may_run(c, t->allowed) && cost(c, t->prio) < least) {
			best = c;
			least = cost(c, t->prio);
		}
	}
	return best;
}

void balance_move(struct percpu *from, struct percpu *to, struct thread *t)
{
	t->state = THREAD_MOVING;
	t->moves++;
	__atomic_sub_fetch(&from->threads, 1, __ATOMIC_RELAXED);
	__atomic_add_fetch(&to->threads, 1, __ATOMIC_RELAXED);
	__atomic_store_n(&t->cpu, to->id, __ATOMIC_RELEASE);
}

/* Out of `from`'s queue, which is locked, and unlock it; into that of `to`. */
static void transfer(struct percpu *from, struct percpu *to, struct thread *t)
{
	bool kick;

	thread_dequeue(from, t);
	balance_move(from, to, t);
	spin_unlock(&from->lock);
	spin_lock(&to->lock);
	kick = thread_queue(to, t, false);
	spin_unlock(&to->lock);
	if (kick) {
		cpu_kick(to->id);
	}
}

/* CPUs without work that may run one of those who wait on `c`. Locked. */
static u64 takers(struct percpu *c)
{
	u64 wanted = 0, idle = 0;
	struct list *it;

	for (u32 i = 0; i < cpu_count; i++) {
		idle |= &percpus[i] != c && no_work(&percpus[i]) ? BIT(i) : 0;
	}
	if (idle != 0) {
		list_for_each(it, &c->runq) {
			wanted |= list_entry(it, struct thread, link)->allowed;
		}
	}
	return idle & wanted;
}

void balance_offer(struct percpu *c)
{
	struct vcpu *v = c->loaded;
	u64 who;

	__atomic_thread_fence(__ATOMIC_SEQ_CST); /* invariant 5 of sched.c */
	spin_lock(&c->lock);
	who = takers(c);
	if (v != NULL && (v->thread.state != THREAD_READY || (v->thread.allowed & who) == 0)) {
		v = NULL;
	}
	spin_unlock(&c->lock);
	if (v != NULL && v != c->current->vcpu) {
		vcpu_put(v); /* waits here while an EL2 thread runs */
	}
	if (who != 0) {
		gic_send_sgi(SGI_KICK, (u32)__builtin_ctzl(who));
	}
}

/* The most important thread that waits on `from` and may run on `to`. Locked. */
static struct thread *candidate(struct percpu *from, const struct percpu *to)
{
	struct list *it;

	list_for_each(it, &from->runq) {
		struct thread *t = list_entry(it, struct thread, link);

		if (may_run(to, t->allowed) && can_leave(from, t)) {
			return t;
		}
	}
	return NULL;
}

bool balance_pull(struct percpu *me)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST); /* invariant 5 of sched.c */
	for (u32 i = 0; i < cpu_count; i++) {
		struct percpu *c = &percpus[i];
		struct vcpu *v;
		struct thread *t;
		bool saves;

		if (c == me || READ_ONCE(c->floating) == 0) {
			continue;
		}
		spin_lock(&c->lock);
		t = candidate(c, me);
		if (t != NULL) {
			transfer(c, me, t);
			return true;
		}
		/* What waits may still have its registers there, behind an EL2 thread. */
		v = READ_ONCE(c->loaded);
		saves = v != NULL && v->thread.state == THREAD_READY && may_run(me, v->thread.allowed);
		spin_unlock(&c->lock);
		if (saves) {
			WRITE_ONCE(c->resched, 1);
			gic_send_sgi(SGI_KICK, i);
		}
	}
	return false;
}

u64 balance_next(const struct percpu *c, u64 now)
{
	if (c->floating == 0) {
		return ~0UL;
	}
	return MIN(c->balance_at, now + counter_hz / 1000 * BALANCE_MS);
}

/* Where `t`, which waits on `c`, would be clearly better off; NULL: nowhere. */
static struct percpu *better(const struct percpu *c, const struct thread *t)
{
	struct percpu *best = NULL;
	u32 least = cost(c, t->prio) - 1; /* it would wait with those who wait there */

	for (u32 i = 0; i < cpu_count; i++) {
		struct percpu *o = &percpus[i];

		if (o != c && may_run(o, t->allowed) && cost(o, t->prio) < least) {
			best = o;
			least = cost(o, t->prio);
		}
	}
	return best;
}

void balance_tick(struct percpu *c, u64 now)
{
	u32 skip, looked = 0;
	struct list *it;

	spin_lock(&c->lock);
	/* A few at a time, others at the next: this runs with interrupts masked. */
	skip = c->ready > LOOKS ? c->looked++ * LOOKS % c->ready : 0;
	list_for_each(it, &c->runq) {
		struct thread *t = list_entry(it, struct thread, link);
		struct percpu *to;

		if (skip != 0) {
			skip--;
			continue;
		}
		if (looked++ == LOOKS) {
			break;
		}
		to = can_leave(c, t) ? better(c, t) : NULL;
		if (to != NULL) {
			transfer(c, to, t);
			spin_lock(&c->lock);
			break;
		}
	}
	c->balance_at = balance_next(c, now);
	spin_unlock(&c->lock);
}
