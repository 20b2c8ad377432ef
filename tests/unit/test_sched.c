/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scheduler with threads that really switch. The test itself is the idle thread of the CPU it
 * stands on: what it calls with schedule() comes back when nobody is ready.
 */
#include "tests/unit/test.h"
#include "arch/host/host.h"
#include "core/base/memory.h"
#include "core/irq.h"
#include "core/vcpu.h"
#include "core/vm.h"

#define US 1000UL
#define MS 1000000UL
#define SLICE (4 * MS)
#define MAX_THREADS 8

static char order[256]; /* one letter for each time a thread gets to do something */
static u32 kicked;      /* CPUs told by an SGI */
static struct thread *thread[MAX_THREADS];

void gic_send_sgi(u32 sgi, u32 cpu)
{
	CHECK_EQ(sgi, SGI_KICK);
	kicked |= 1u << cpu;
}

static void note(const char *name)
{
	size_t n = strlen(order);

	if (n + 1 < sizeof(order)) {
		order[n] = name[0];
		order[n + 1] = '\0';
	}
}

static void me_note(void)
{
	note(this_cpu()->current->name);
}

static void begin(void)
{
	host_init();
	order[0] = '\0';
	kicked = 0;
	memset(thread, 0, sizeof(thread));
}

static struct thread *start(const char *name, u8 prio, u64 allowed, void (*fn)(void *), void *arg)
{
	struct thread *t = thread_create(name, prio, allowed, fn, arg);

	CHECK(t != NULL);
	for (unsigned int i = 0; i < MAX_THREADS; i++) {
		if (thread[i] == NULL) {
			thread[i] = t;
			break;
		}
	}
	return t;
}

/* The way back from an interrupt that hit EL2. */
static void interrupt_return(void)
{
	if (this_cpu()->resched) {
		schedule();
	}
}

/* A thread computes for `ns`, in small steps; interrupts do their work. */
static void spend(u64 ns)
{
	u64 end = host_time_ns() + ns;

	while (host_time_ns() < end) {
		host_pass_ns(50 * US);
		interrupt_return();
	}
}

static void run(void)
{
	while (this_cpu()->ready != 0) {
		schedule();
	}
}

static void once(void *arg)
{
	(void)arg;
	me_note();
}

static void priorities_first_then_first_come(void)
{
	begin();
	start("a", 10, 1, once, NULL);
	start("b", 20, 1, once, NULL);
	start("c", 10, 1, once, NULL);
	start("d", 255, 1, once, NULL);
	start("e", 20, 1, once, NULL);
	start("f", 1, 1, once, NULL);
	CHECK_EQ(percpus[0].ready, 6);
	CHECK(!sched_alone(&percpus[0]));
	run();
	CHECK_STR(order, "dbeacf");
	CHECK_EQ(percpus[0].ready, 0);
	CHECK(sched_alone(&percpus[0]));
	CHECK(list_empty(&percpus[0].runq));
	CHECK(percpus[0].current == percpus[0].idle);
	CHECK_EQ(percpus[0].idle->state, THREAD_RUNNING);
	for (unsigned int i = 0; i < 6; i++) {
		CHECK_EQ(thread[i]->state, THREAD_DEAD);
		CHECK_EQ(thread[i]->on_cpu, 0);
	}
	CHECK_EQ(kicked, 0);
}

static void yield_twice(void *arg)
{
	(void)arg;
	for (unsigned int i = 0; i < 3; i++) {
		me_note();
		thread_yield();
	}
}

static void yielding_goes_behind_equals_only(void)
{
	begin();
	start("a", 10, 1, yield_twice, NULL);
	start("b", 10, 1, yield_twice, NULL);
	start("c", 5, 1, yield_twice, NULL);
	run();
	CHECK_STR(order, "abababccc");
}

static void compute(void *arg)
{
	u64 ms = (u64)arg;

	while (ms-- != 0) {
		me_note();
		spend(MS);
	}
}

static void equals_share_by_slices(void)
{
	u64 from;

	begin();
	from = host_time_ns();
	start("a", 10, 1, compute, (void *)10);
	start("b", 10, 1, compute, (void *)6);
	run();
	CHECK_STR(order, "aaaabbbbaaaabbaa");
	CHECK_EQ(host_time_ns() - from, 16 * MS);
	CHECK_EQ(thread[0]->runtime, 10 * MS);
	CHECK_EQ(thread[1]->runtime, 6 * MS);
}

static void a_fifo_thread_keeps_the_cpu(void)
{
	struct thread *a;

	begin();
	a = start("a", 10, 1, compute, (void *)10);
	a->fifo = 1;
	start("b", 10, 1, compute, (void *)2);
	start("c", 9, 1, compute, (void *)2);
	run();
	CHECK_STR(order, "aaaaaaaaaabbcc");
}

static struct thread *waiter;

static void wait_and_note(void *arg)
{
	u64 times = (u64)arg;

	while (times-- != 0) {
		thread_block();
		me_note();
	}
}

static void preempted(void *arg)
{
	(void)arg;
	note("1");
	spend(MS);
	thread_wake(waiter);
	CHECK(this_cpu()->resched);
	interrupt_return();
	note("2");
	spend(7 * MS / 2); /* 3 are left of the slice */
	note("3");
}

static void a_preempted_thread_keeps_its_place_and_rest(void)
{
	begin();
	waiter = start("w", 20, 1, wait_and_note, (void *)1);
	run();
	start("a", 10, 1, preempted, NULL);
	start("b", 10, 1, once, NULL);
	run();
	CHECK_STR(order, "1w2b3");
}

static void the_slice_timer_needs_a_ready_equal(void)
{
	struct percpu *c;

	begin();
	c = &percpus[0];
	waiter = start("w", 10, 1, wait_and_note, (void *)9);
	run();
	CHECK_EQ(host_timer_at, ~0UL);
	/* In the shoes of a running thread of priority 10. */
	c->idle_thread.prio = 10;
	c->idle = NULL;
	schedule();
	CHECK_EQ(host_timer_at, ~0UL); /* alone */
	start("l", 9, 1, once, NULL);
	CHECK_EQ(c->resched, 0);
	schedule();
	CHECK_EQ(host_timer_at, ~0UL); /* with a lower one */
	waiter->state = THREAD_BLOCKED;
	thread_wake(waiter);
	CHECK_EQ(c->resched, 1); /* an equal needs a slice to begin */
	c->idle_thread.slice_left = 0;
	schedule();
	CHECK(c->current == &c->idle_thread);
	CHECK_EQ(c->slice_end, host_time_ns() + SLICE);
	CHECK_EQ(host_timer_at, host_time_ns() + SLICE);
	c->idle_thread.fifo = 1;
	schedule();
	CHECK_EQ(host_timer_at, ~0UL);
}

static void a_wake_before_the_block_counts(void)
{
	begin();
	waiter = start("w", 10, 1, wait_and_note, (void *)3);
	thread_wake(waiter); /* ready: remembered */
	CHECK_EQ(waiter->wake_pending, 1);
	run();
	CHECK_STR(order, "w");
	CHECK_EQ(waiter->state, THREAD_BLOCKED);
	run();
	CHECK_STR(order, "w");
	thread_wake(waiter);
	thread_wake(waiter); /* two before it runs are one */
	CHECK_EQ(percpus[0].ready, 1);
	run();
	CHECK_STR(order, "ww");
	CHECK_EQ(waiter->wake_pending, 0);
	thread_wake(waiter);
	run();
	CHECK_STR(order, "www");
	CHECK_EQ(waiter->state, THREAD_DEAD);
	thread_wake(waiter); /* harmless */
	CHECK_EQ(percpus[0].ready, 0);
}

static void who_is_woken_preempts_by_priority(void)
{
	begin();
	waiter = start("w", 10, 1, wait_and_note, (void *)9);
	run();
	percpus[0].resched = 0;
	percpus[0].prio = 11;
	thread_wake(waiter);
	CHECK_EQ(percpus[0].resched, 0);
	run();
	percpus[0].resched = 0;
	percpus[0].prio = 10;
	thread_wake(waiter);
	CHECK_EQ(percpus[0].resched, 1);
	run();
	CHECK_EQ(percpus[0].resched, 0);
}

static u64 woke_at[4];

static void sleeper(void *arg)
{
	u64 i = (u64)arg;

	thread_sleep_until(host_time_ns() + (i + 1) * MS);
	woke_at[i] = host_time_ns();
	me_note();
}

static void idle_for(u64 ns)
{
	u64 end = host_time_ns() + ns;

	run();
	while (host_time_ns() < end) {
		host_pass_ns(100 * US);
		run();
	}
}

static void sleepers_wake_in_time(void)
{
	u64 from;

	begin();
	from = host_time_ns();
	start("c", 10, 1, sleeper, (void *)2);
	start("a", 10, 1, sleeper, (void *)0);
	start("b", 10, 1, sleeper, (void *)1);
	run();
	CHECK_EQ(host_timer_at, from + MS);
	idle_for(5 * MS);
	CHECK_STR(order, "abc");
	for (u64 i = 0; i < 3; i++) {
		CHECK_EQ(woke_at[i], from + (i + 1) * MS);
	}
	CHECK_EQ(host_timer_at, ~0UL);
	CHECK(list_empty(&percpus[0].timers));
}

static void a_sleeper_woken_early_leaves_no_timer(void)
{
	struct thread *t;

	begin();
	t = start("a", 10, 1, sleeper, (void *)3);
	run();
	CHECK(host_timer_at != ~0UL);
	thread_wake(t);
	run();
	CHECK_STR(order, "a");
	CHECK(t->sleep_timer.cpu == NULL);
	CHECK_EQ(host_timer_at, ~0UL);
	CHECK(list_empty(&percpus[0].timers));
}

static struct timer timer[4];

static void fired(struct timer *t)
{
	CHECK(t->cpu == NULL);
	CHECK(percpus[0].firing == t);
	CHECK_EQ(percpus[0].lock.taken, 0);
	note(&"abcd"[t - timer]);
}

static void fires_again(struct timer *t)
{
	fired(t);
	if (strlen(order) < 3) {
		timer_arm(t, host_time_ns() + MS);
	}
}

static void begin_timers(void)
{
	begin();
	memset(timer, 0, sizeof(timer));
	for (unsigned int i = 0; i < ARRAY_SIZE(timer); i++) {
		timer[i].fn = fired;
	}
}

static void timers_fire_in_order(void)
{
	u64 now;

	begin_timers();
	now = host_time_ns();
	timer_arm(&timer[2], now + 3 * MS);
	CHECK_EQ(host_timer_at, now + 3 * MS);
	timer_arm(&timer[0], now + MS);
	CHECK_EQ(host_timer_at, now + MS);
	timer_arm(&timer[1], now + 2 * MS);
	timer_arm(&timer[3], now + 2 * MS); /* the same time: behind */
	CHECK_EQ(host_timer_at, now + MS);
	host_pass_ns(MS - 1);
	CHECK_STR(order, "");
	host_pass_ns(1);
	CHECK_STR(order, "a");
	CHECK_EQ(host_timer_at, now + 2 * MS);
	host_pass_ns(MS);
	CHECK_STR(order, "abd");
	host_pass_ns(MS);
	CHECK_STR(order, "abdc");
	CHECK_EQ(host_timer_at, ~0UL);
	CHECK(percpus[0].firing == NULL);
}

static void timers_are_armed_anew_and_cancelled(void)
{
	u64 now;

	begin_timers();
	now = host_time_ns();
	timer_cancel(&timer[0]); /* never armed */
	timer_arm(&timer[0], now + MS);
	timer_arm(&timer[1], now + 2 * MS);
	timer_arm(&timer[0], now + 3 * MS); /* moves */
	CHECK_EQ(host_timer_at, now + 2 * MS);
	timer_cancel(&timer[1]);
	CHECK(timer[1].cpu == NULL);
	CHECK_EQ(host_timer_at, now + 3 * MS);
	timer_cancel(&timer[1]);
	host_pass_ns(5 * MS);
	CHECK_STR(order, "a");
	timer_arm(&timer[1], now); /* already past: fires at once */
	host_pass_ns(0);
	CHECK_STR(order, "ab");
	timer[2].fn = fires_again;
	order[0] = '\0';
	timer_arm(&timer[2], host_time_ns() + MS);
	host_pass_ns(10 * MS);
	CHECK_STR(order, "ccc");
	timer_arm(&timer[2], host_time_ns() + MS);
	timer_cancel_wait(&timer[2]);
	host_pass_ns(10 * MS);
	CHECK_STR(order, "ccc");
}

static void the_timer_serves_slices_too(void)
{
	begin_timers();
	timer_arm(&timer[3], host_time_ns() + 2 * MS);
	start("x", 10, 1, compute, (void *)5);
	start("y", 10, 1, compute, (void *)3);
	run();
	CHECK_STR(order, "xxdxxyyyx");
}

/* CPU 1 is up as well; whoever calls then stands on CPU 0. */
static void second_cpu(void)
{
	percpus[1].id = 1;
	sched_init_cpu(&percpus[1]);
	cpu_count = 2;
}

static void threads_go_where_they_may_and_fewest_are(void)
{
	struct thread *t[6];

	begin();
	second_cpu();
	t[0] = start("a", 10, ~0UL, once, NULL);
	t[1] = start("b", 10, ~0UL, once, NULL);
	t[2] = start("c", 10, 1, once, NULL);
	t[3] = start("d", 10, 1, once, NULL);
	t[4] = start("e", 10, ~0UL, once, NULL);
	t[5] = start("f", 10, BIT(5), once, NULL); /* a CPU that is not there: the caller's */
	CHECK(t[0]->cpu == 0 && t[1]->cpu == 1 && t[2]->cpu == 0 && t[3]->cpu == 0 &&
	      t[4]->cpu == 1 && t[5]->cpu == 0);
	CHECK_EQ(percpus[0].threads, 4);
	CHECK_EQ(percpus[1].threads, 2);
	CHECK_EQ(kicked, 2); /* CPU 1 is told by an interrupt, the own one is not */
	run();
	CHECK_STR(order, "acdf");
	host_percpu = &percpus[1];
	CHECK_EQ(percpus[1].resched, 1);
	run();
	CHECK_STR(order, "acdfbe");
	host_percpu = &percpus[0];
}

static void wakes_and_timers_across_cpus(void)
{
	u64 now;

	begin_timers();
	second_cpu();
	waiter = start("w", 10, 2, wait_and_note, (void *)9);
	host_percpu = &percpus[1];
	run();
	percpus[1].prio = 20; /* something more important runs there */
	host_percpu = &percpus[0];
	kicked = 0;
	thread_wake(waiter);
	CHECK_EQ(kicked, 0);
	CHECK_EQ(percpus[1].ready, 1);
	CHECK_EQ(percpus[0].ready, 0);
	/* A timer stays where it was armed, and anybody may cancel it. */
	now = host_time_ns();
	timer_arm(&timer[0], now + MS);
	host_percpu = &percpus[1];
	CHECK(timer[0].cpu == &percpus[0]);
	host_timer_at = 77;
	timer_cancel(&timer[0]);
	CHECK_EQ(host_timer_at, 77); /* the other CPU's hardware is not ours */
	CHECK(timer[0].cpu == NULL);
	timer_arm(&timer[0], now + MS);
	CHECK(timer[0].cpu == &percpus[1]);
	host_percpu = &percpus[0];
	timer_arm(&timer[0], now + 2 * MS); /* moves over */
	CHECK(timer[0].cpu == &percpus[0]);
	CHECK(list_empty(&percpus[1].timers));
	timer_cancel(&timer[0]);
}

static void a_kick_of_the_own_cpu_is_work_of_its_vcpu(void)
{
	struct vcpu v = { 0 };

	begin();
	second_cpu();
	cpu_kick(0);
	CHECK_EQ(kicked, 0);
	percpus[0].idle_thread.vcpu = &v;
	cpu_kick(0);
	CHECK_EQ(v.work, VWORK_RESCHED);
	CHECK_EQ(kicked, 0);
	cpu_kick(1);
	CHECK_EQ(kicked, 2);
	percpus[0].idle_thread.vcpu = NULL;
}

static void leaver(void *arg)
{
	(void)arg;
	me_note();
	thread_wait_off_cpu(thread[1]);
	me_note();
}

static void leaves_stack_of_1(void *arg)
{
	(void)arg;
	me_note();
	thread[1]->on_cpu = 0;
}

static void waiting_for_another_to_leave(void)
{
	begin();
	start("a", 10, 1, leaver, NULL);
	start("b", 10, 1, once, NULL);
	start("c", 10, 1, leaves_stack_of_1, NULL);
	thread[1]->on_cpu = 1; /* as if it still stood on its stack elsewhere */
	run();
	/* Woken for nothing, it left the queue: its memory goes next. */
	CHECK_STR(order, "aca");
	CHECK_EQ(thread[1]->state, THREAD_DEAD);
	thread_wake(thread[1]);
	CHECK_EQ(percpus[0].ready, 0);
}

static void no_memory_no_thread(void)
{
	u64 left;
	pa_t page;

	begin();
	page = mem_page_alloc();
	while (mem_page_alloc() != 0) {
	}
	left = mem_free_bytes();
	CHECK(thread_create("a", 10, 1, once, NULL) == NULL);
	CHECK_EQ(mem_free_bytes(), left);
	mem_page_free(page); /* room for the thread, none for its stack */
	CHECK(thread_create("a", 10, 1, once, NULL) == NULL);
	CHECK_EQ(mem_free_bytes(), left + PAGE_SIZE);
	CHECK_EQ(percpus[0].threads, 0);
	CHECK_EQ(percpus[0].ready, 0);
}

TEST_MAIN(RUN(priorities_first_then_first_come), RUN(yielding_goes_behind_equals_only),
	  RUN(equals_share_by_slices), RUN(a_fifo_thread_keeps_the_cpu),
	  RUN(a_preempted_thread_keeps_its_place_and_rest), RUN(the_slice_timer_needs_a_ready_equal),
	  RUN(a_wake_before_the_block_counts), RUN(who_is_woken_preempts_by_priority),
	  RUN(sleepers_wake_in_time), RUN(a_sleeper_woken_early_leaves_no_timer),
	  RUN(timers_fire_in_order), RUN(timers_are_armed_anew_and_cancelled),
	  RUN(the_timer_serves_slices_too), RUN(threads_go_where_they_may_and_fewest_are),
	  RUN(wakes_and_timers_across_cpus), RUN(a_kick_of_the_own_cpu_is_work_of_its_vcpu),
	  RUN(waiting_for_another_to_leave), RUN(no_memory_no_thread))
