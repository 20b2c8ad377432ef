/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads between CPUs, their books and their end. One CPU runs at a time: a test says which one it
 * stands on, and what the others seem to be doing.
 */
#include "tests/unit/test.h"
#include "arch/host/host.h"
#include "core/base/memory.h"
#include "core/sched_priv.h"
#include "core/vcpu.h"
#include "core/vm.h"

#define MS 1000000UL
#define ANY ~0UL

static u32 kicked;
static char order[64];

void gic_send_sgi(u32 sgi, u32 cpu)
{
	CHECK_EQ(sgi, SGI_KICK);
	kicked |= 1u << cpu;
}

static void on(u32 cpu)
{
	host_percpu = &percpus[cpu];
}

static void begin(u32 cpus)
{
	host_init();
	for (u32 i = 1; i < cpus; i++) {
		percpus[i].id = i;
		sched_init_cpu(&percpus[i]);
	}
	cpu_count = cpus;
	kicked = 0;
	order[0] = '\0';
}

static void run(void)
{
	while (this_cpu()->ready != 0) {
		schedule();
	}
}

static void waits(void *arg)
{
	(void)arg;
	for (;;) {
		size_t n = strlen(order);

		thread_block();
		order[n] = (char)('0' + this_cpu()->id);
		order[n + 1] = '\0';
	}
}

/* A thread that has run on CPU 0 and waits there. */
static struct thread *waiter(u8 prio, u64 allowed)
{
	struct thread *t = thread_create("w", prio, allowed, waits, NULL);

	CHECK(t != NULL);
	on(t->cpu);
	run();
	on(0);
	CHECK_EQ(t->state, THREAD_BLOCKED);
	kicked = 0;
	return t;
}

/* CPU `i` looks as if a thread of that priority ran on it. */
static void busy(u32 i, u8 prio)
{
	percpus[i].prio = prio;
}

static void woken_where_it_runs_at_once(void)
{
	static const struct {
		u8 prio[3];   /* of who runs */
		u32 ready[3]; /* who waits */
		u32 want;
	} t[] = {
		{ { 0, 0, 0 }, { 0, 0, 0 }, 0 },   /* its own */
		{ { 5, 0, 0 }, { 0, 0, 0 }, 1 },   /* without work, though it could have its own */
		{ { 5, 9, 4 }, { 0, 0, 0 }, 2 },   /* the least important makes room */
		{ { 9, 9, 9 }, { 0, 0, 0 }, 0 },
		{ { 20, 20, 0 }, { 0, 0, 0 }, 2 },
		{ { 20, 10, 20 }, { 0, 0, 0 }, 1 }, /* equals share */
		{ { 10, 10, 10 }, { 2, 1, 3 }, 1 }, /* with the fewest */
		{ { 20, 20, 20 }, { 2, 2, 1 }, 2 },
		{ { 10, 20, 20 }, { 5, 0, 0 }, 0 }, /* waiting for equals is better than for better ones */
		{ { 0, 0, 0 }, { 1, 0, 0 }, 1 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		struct thread *w;

		begin(3);
		w = waiter(10, ANY);
		CHECK_EQ(w->cpu, 0);
		for (u32 c = 0; c < 3; c++) {
			busy(c, t[i].prio[c]);
			percpus[c].ready = t[i].ready[c];
		}
		thread_wake(w);
		CHECK_EQ(w->cpu, t[i].want);
		if (w->cpu != t[i].want) {
			fprintf(stderr, "# row %zu\n", i);
		}
		CHECK_EQ(w->state, THREAD_READY);
		CHECK_EQ(percpus[t[i].want].ready, t[i].ready[t[i].want] + 1);
		CHECK_EQ(percpus[t[i].want].floating, 1);
		CHECK_EQ(percpus[0].threads, w->cpu == 0);
		CHECK_EQ(percpus[w->cpu].threads, 1);
		CHECK_EQ(percpus[w->cpu].runq.next == &w->link, true);
	}
}

static void runs_on_where_it_was_moved(void)
{
	struct thread *w;

	begin(2);
	w = waiter(10, ANY);
	busy(0, 20);
	thread_wake(w);
	CHECK_EQ(w->cpu, 1);
	CHECK_EQ(kicked, 2);
	on(1);
	run();
	CHECK_STR(order, "1");
	busy(1, 20);
	busy(0, 0);
	thread_wake(w);
	on(0);
	run();
	CHECK_STR(order, "10");
}

static void bound_ones_stay(void)
{
	struct thread *w;

	begin(3);
	w = waiter(10, 1);
	busy(0, 20);
	thread_wake(w);
	CHECK_EQ(w->cpu, 0);
	CHECK_EQ(percpus[0].floating, 0);
	CHECK_EQ(balance_next(&percpus[0], 5), ~0UL);
	on(1);
	CHECK(!balance_pull(&percpus[1]));
	balance_tick(&percpus[0], 0);
	CHECK_EQ(w->cpu, 0);
	/* Two of three. */
	begin(3);
	w = waiter(10, 5);
	busy(0, 20);
	thread_wake(w);
	CHECK_EQ(w->cpu, 2);
}

static void what_the_cpu_holds_of_it_stays(void)
{
	struct vcpu v = { 0 };
	struct thread *w;

	begin(2);
	w = waiter(10, ANY);
	w->vcpu = &v;
	percpus[0].loaded = &v; /* its registers */
	busy(0, 20);
	thread_wake(w);
	CHECK_EQ(w->cpu, 0);
	on(1);
	CHECK(!balance_pull(&percpus[1]));
	CHECK_EQ(w->cpu, 0);
	percpus[0].loaded = NULL;
	w->on_cpu = 1; /* its stack */
	CHECK(!balance_pull(&percpus[1]));
	w->on_cpu = 0;
	kicked = 0;
	CHECK(balance_pull(&percpus[1]));
	CHECK_EQ(w->cpu, 1);
	CHECK_EQ(percpus[0].ready, 0);
	CHECK_EQ(percpus[0].floating, 0);
	CHECK_EQ(percpus[1].ready, 1);
	CHECK_EQ(kicked, 0);
	w->vcpu = NULL;
}

/* Whoever waits with his registers still there is asked for by a CPU without work. */
static void a_cpu_is_asked_to_save_registers(void)
{
	struct vcpu v = { 0 };

	begin(2);
	thread_init(&v.thread, "v", 10, ANY, &v, waits, NULL);
	v.thread.vcpu = &v;
	busy(0, 20);
	busy(1, 20);
	thread_wake(&v.thread);
	CHECK_EQ(v.thread.cpu, 0);
	percpus[0].loaded = &v;
	percpus[0].resched = 0;
	busy(1, 0);
	on(1);
	kicked = 0;
	CHECK(!balance_pull(&percpus[1]));
	CHECK_EQ(kicked, 1);
	CHECK_EQ(percpus[0].resched, 1);
	/* Not for one that may not come. */
	percpus[0].resched = 0;
	kicked = 0;
	v.thread.allowed = 1;
	CHECK(!balance_pull(&percpus[1]));
	CHECK_EQ(kicked, 0);
	CHECK_EQ(percpus[0].resched, 0);
	thread_forget(&v.thread);
}

static void the_most_important_is_taken(void)
{
	struct thread *t[3];

	begin(2);
	busy(0, 200);
	busy(1, 200);
	t[0] = thread_create("a", 10, ANY, waits, NULL);
	t[1] = thread_create("b", 30, 1, waits, NULL);
	t[2] = thread_create("c", 20, ANY, waits, NULL);
	for (u32 i = 0; i < 3; i++) {
		CHECK_EQ(t[i]->state, THREAD_READY);
	}
	/* Wherever they were put: bring all to CPU 0. */
	on(0);
	while (balance_pull(&percpus[0])) {
	}
	CHECK_EQ(percpus[0].ready, 3);
	on(1);
	busy(1, 0);
	CHECK(balance_pull(&percpus[1]));
	CHECK_EQ(t[2]->cpu, 1);
	CHECK(balance_pull(&percpus[1]));
	CHECK_EQ(t[0]->cpu, 1);
	CHECK(!balance_pull(&percpus[1]));
	CHECK_EQ(t[1]->cpu, 0);
}

static void who_waits_is_offered_to_cpus_without_work(void)
{
	begin(3);
	busy(0, 20);
	busy(1, 20);
	busy(2, 20);
	thread_create("a", 10, 3, waits, NULL);
	CHECK_EQ(percpus[0].ready, 1);
	kicked = 0;
	balance_offer(&percpus[0]);
	CHECK_EQ(kicked, 0);
	busy(2, 0); /* not for it */
	balance_offer(&percpus[0]);
	CHECK_EQ(kicked, 0);
	busy(1, 0);
	balance_offer(&percpus[0]);
	CHECK_EQ(kicked, 2);
}

static void the_tick_mends_bad_places(void)
{
	struct thread *t[4];

	begin(2);
	busy(0, 10);
	busy(1, 10);
	for (u32 i = 0; i < 4; i++) {
		t[i] = thread_create("t", 10, ANY, waits, NULL);
	}
	CHECK_EQ(percpus[0].ready, 2);
	CHECK_EQ(percpus[1].ready, 2);
	/* Even: nothing moves, and it looks again in a while. */
	balance_tick(&percpus[0], 100);
	CHECK_EQ(percpus[0].ready, 2);
	CHECK_EQ(percpus[0].balance_at, 100 + 16 * MS);
	/* One more is not worth a move, two more are. */
	while (!list_empty(&percpus[1].runq)) {
		thread_dequeue(&percpus[1], list_entry(percpus[1].runq.next, struct thread, link));
	}
	percpus[1].ready = 1;
	balance_tick(&percpus[0], 100);
	CHECK_EQ(percpus[0].ready, 2);
	percpus[1].ready = 0;
	balance_tick(&percpus[0], 100);
	CHECK_EQ(percpus[0].ready, 1);
	CHECK_EQ(percpus[1].ready, 1);
	/* Waiting for a better one: rather among equals. */
	busy(0, 20);
	balance_tick(&percpus[0], 100);
	CHECK_EQ(percpus[0].ready, 0);
	CHECK_EQ(percpus[0].balance_at, ~0UL);
	CHECK_EQ(percpus[1].ready, 2);
	(void)t;
}

static void the_tick_comes_only_while_somebody_floats_and_waits(void)
{
	begin(2);
	busy(1, 200);
	thread_create("a", 10, 1, waits, NULL);
	schedule();
	CHECK_EQ(percpus[0].balance_at, ~0UL);
	CHECK_EQ(host_timer_at, ~0UL);
	/* Two that float have to wait for something better. */
	percpus[0].idle_thread.prio = 200;
	percpus[0].idle = NULL;
	thread_create("b", 10, ANY, waits, NULL);
	thread_create("c", 10, ANY, waits, NULL);
	schedule();
	CHECK_EQ(percpus[0].floating, 2);
	CHECK_EQ(percpus[0].balance_at, host_time_ns() + 16 * MS);
	CHECK_EQ(host_timer_at, percpus[0].balance_at);
	percpus[0].idle = &percpus[0].idle_thread;
}

static struct timer timer;
static u32 fired_on;

static void fired(struct timer *t)
{
	(void)t;
	fired_on = this_cpu()->id;
}

static void a_timer_can_be_taken_along(void)
{
	begin(2);
	memset(&timer, 0, sizeof(timer));
	timer.fn = fired;
	timer_take(&timer); /* not armed: stays so */
	CHECK(timer.cpu == NULL);
	timer_arm(&timer, host_time_ns() + MS);
	timer_take(&timer);
	CHECK(timer.cpu == &percpus[0]);
	on(1);
	timer_take(&timer);
	CHECK(timer.cpu == &percpus[1]);
	CHECK(list_empty(&percpus[0].timers));
	fired_on = 9;
	host_pass_ns(2 * MS);
	CHECK_EQ(fired_on, 1);
	on(0);
}

static void a_less_important_waiter_makes_wfi_trap(void)
{
	struct vm_config cfg = { .exit_on_halt = TRI_AUTO };
	struct vm vm = { .cfg = &cfg };
	struct vcpu v = { .vm = &vm };
	struct percpu *c;

	begin(1);
	c = &percpus[0];
	c->idle_thread.vcpu = &v; /* as if it were the current thread, of a guest */
	busy(0, 20);
	thread_create("a", 10, 1, waits, NULL);
	CHECK_EQ(c->resched, 1);
	CHECK_EQ(v.work, VWORK_RESCHED);
	c->resched = 0;
	thread_create("b", 10, 1, waits, NULL); /* the second one changes nothing */
	CHECK_EQ(c->resched, 0);
	c->idle_thread.vcpu = NULL;
}

static void computes(void *arg)
{
	host_pass_ns((u64)arg);
}

static void times_are_kept_while_it_runs_and_waits(void)
{
	struct thread_times times;
	struct thread_info info;
	struct vm vm = { .id = 3 };
	struct thread *t;
	u64 from;

	begin(1);
	from = host_time_ns();
	t = thread_create_for(&vm, "t", 10, 1, computes, (void *)(5 * MS));
	CHECK(t->vm == &vm);
	host_set_time_ns(from + 3 * MS);
	thread_times(t, &times);
	CHECK(times.runtime == 0 && times.waited == 3 * MS);
	CHECK(thread_info(0, &info));
	CHECK(info.vm == &vm && info.vcpu == NULL && info.prio == 10 && info.state == THREAD_READY);
	CHECK_STR(info.name, "t");
	CHECK_EQ(info.times.waited, 3 * MS);
	CHECK(!thread_info(1, &info));
	run();
	thread_times(t, &times);
	CHECK(times.runtime == 5 * MS && times.waited == 3 * MS);
	CHECK_EQ(vm_runtime(&vm), 5 * MS);
	/* While it runs. */
	CHECK_EQ(thread_runtime(&percpus[0].idle_thread), 3 * MS);
	host_set_time_ns(from + 10 * MS);
	CHECK_EQ(thread_runtime(&percpus[0].idle_thread), 5 * MS);
}

static void ended_threads_are_freed(void)
{
	struct thread_info info;
	struct vm vm = { 0 };
	u64 left;

	begin(1);
	CHECK(thread_reaper_start());
	run();
	left = mem_free_bytes();
	for (u64 i = 1; i <= 20; i++) {
		CHECK(thread_create_for(&vm, "t", (u8)(5 + i % 10), 1, computes, (void *)(i * MS)) != NULL);
		if (i % 3 == 0) {
			run();
		}
	}
	run();
	CHECK_EQ(mem_free_bytes(), left);
	CHECK_EQ(percpus[0].threads, 1);
	CHECK(thread_info(0, &info));
	CHECK_STR(info.name, "reaper");
	CHECK(!thread_info(1, &info));
	/* What they did for the VM stays. */
	CHECK_EQ(vm_runtime(&vm), 210 * MS);
}

TEST_MAIN(RUN(woken_where_it_runs_at_once), RUN(runs_on_where_it_was_moved), RUN(bound_ones_stay),
	  RUN(what_the_cpu_holds_of_it_stays), RUN(a_cpu_is_asked_to_save_registers),
	  RUN(the_most_important_is_taken), RUN(who_waits_is_offered_to_cpus_without_work),
	  RUN(the_tick_mends_bad_places), RUN(the_tick_comes_only_while_somebody_floats_and_waits),
	  RUN(a_timer_can_be_taken_along), RUN(a_less_important_waiter_makes_wfi_trap),
	  RUN(times_are_kept_while_it_runs_and_waits), RUN(ended_threads_are_freed))
