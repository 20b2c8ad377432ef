/* SPDX-License-Identifier: Apache-2.0 */
/* Sporadic budgets: what runs when, by the millisecond. Threads really switch; see test_sched.c. */
#include "tests/unit/test.h"
#include "arch/host/host.h"
#include "core/base/memory.h"
#include "core/sporadic.h"
#include "core/vcpu.h"

#define US 1000UL
#define MS 1000000UL

static char order[256]; /* a letter for each millisecond computed */
static u64 began;

void gic_send_sgi(u32 sgi, u32 cpu)
{
	(void)sgi;
	(void)cpu;
}

static void begin(void)
{
	host_init();
	order[0] = '\0';
	began = host_time_ns();
}

static void note(void)
{
	size_t n = strlen(order);

	if (n + 1 < sizeof(order)) {
		order[n] = this_cpu()->current->name[0];
		order[n + 1] = '\0';
	}
}

/* Compute for a millisecond of the thread's own time. */
static void work(unsigned int ms)
{
	for (unsigned int i = 0; i < ms * 20; i++) {
		if (i % 20 == 0) {
			note();
		}
		host_pass_ns(50 * US);
		if (this_cpu()->resched) {
			schedule();
		}
	}
}

static void compute(void *arg)
{
	work((unsigned int)(u64)arg);
}

static struct thread *sporadic(void (*fn)(void *), u64 arg, u8 low, u8 max_repl, u64 period, u64 budget)
{
	struct thread *t = thread_create("s", 20, 1, fn, (void *)arg);

	CHECK(t != NULL);
	CHECK_EQ(sporadic_create(t, 20, low, max_repl, period, budget), 0);
	return t;
}

static void run(void)
{
	while (this_cpu()->ready != 0) {
		schedule();
	}
}

/* Nobody is ready, but time goes on. */
static void idle_until(u64 ms)
{
	run();
	while (host_time_ns() < began + ms * MS) {
		host_pass_ns(50 * US);
		run();
	}
}

static void the_budget_goes_first_and_comes_back(void)
{
	struct thread *s;

	begin();
	thread_create("o", 10, 1, compute, (void *)40);
	s = sporadic(compute, 12, 5, 4, 20000, 5000);
	run();
	CHECK_STR(order, "sssssooooooooooooooosssssooooooooooooooossoooooooooo");
	CHECK_EQ(s->runtime, 12 * MS);
	CHECK_EQ(host_time_ns() - began, 52 * MS);
}

static void with_nobody_else_nothing_is_lost(void)
{
	struct thread *s;

	begin();
	s = sporadic(compute, 50, 5, 1, 20000, 5000);
	run();
	CHECK_EQ(host_time_ns() - began, 50 * MS);
	CHECK_EQ(s->runtime, 50 * MS);
}

static void sleep_until(u64 ms)
{
	while (host_time_ns() < began + ms * MS) {
		thread_sleep_until(began + ms * MS);
	}
}

static void in_pieces(void *arg)
{
	(void)arg;
	work(2);          /* 0: two of five used, back at 20 */
	sleep_until(4);
	work(9);          /* 4: three are left, back at 24; and on when there is some again */
}

static void each_piece_comes_back_a_period_after_it_was_due(void)
{
	begin();
	thread_create("o", 10, 1, compute, (void *)40);
	sporadic(in_pieces, 0, 5, 4, 20000, 5000);
	run();
	/*                 0 2 4  7            2 2 2  2            4: what was used from 20 on
	 *                                     0 2 4  7            0 */
	CHECK_STR(order, "ssoosssooooooooooooossoosssooooooooooooosoooooooooo");
}

static void many_pieces(void *arg)
{
	for (u64 at = 2; at <= (u64)arg; at += 2) {
		work(1);
		sleep_until(at);
	}
}

static void no_more_pieces_than_replenishments(void)
{
	begin();
	thread_create("o", 10, 1, compute, (void *)30);
	sporadic(many_pieces, 30, 5, 2, 20000, 10000);
	run();
	/* Two of a millisecond; the eight that are left of the budget wait for the first to come back, at 20. */
	CHECK_STR(order, "sosooooooooooooooooossssssssssoooooooooosssoo");
}

static void at_the_low_priority_it_takes_turns(void)
{
	struct thread *s;

	begin();
	thread_create("o", 10, 1, compute, (void *)20);
	s = sporadic(compute, 20, 10, 4, 1000000, 2000);
	run();
	/* Behind its equals, slices of four. */
	CHECK_STR(order, "ssoooossssoooossssoooossssoooossssooooss");
	CHECK_EQ(s->runtime, 20 * MS);
}

static void higher_ones_do_not_cost_budget(void)
{
	struct thread *s;

	begin();
	thread_create("h", 30, 1, compute, (void *)10);
	thread_create("o", 10, 1, compute, (void *)5);
	s = sporadic(compute, 6, 5, 4, 20000, 5000);
	run();
	CHECK_STR(order, "hhhhhhhhhhsssssooooos");
	CHECK_EQ(s->waited, 15 * MS);
}

static void a_tiny_period_does_not_eat_the_cpu(void)
{
	unsigned int fired = 0;
	u64 last = 0;

	begin();
	thread_create("o", 10, 1, compute, (void *)1);
	sporadic(compute, 1, 5, 4, 1, 1);
	while (this_cpu()->ready != 0 && fired < 1000) {
		schedule();
		if (host_timer_at != last) {
			last = host_timer_at;
			fired++;
		}
	}
	CHECK_STR(order, "so");
}

static void what_waits_is_replenished_too(void)
{
	struct thread *s;

	begin();
	s = sporadic(many_pieces, 4, 5, 4, 20000, 5000);
	run();
	idle_until(3);
	CHECK_EQ(s->state, THREAD_BLOCKED);
	CHECK_EQ(s->prio, 20);
	idle_until(30);
	CHECK_EQ(s->state, THREAD_DEAD);
}

static void unmaking_leaves_no_timer(void)
{
	u64 free_before;
	struct thread *s;

	begin();
	s = sporadic(many_pieces, 2, 5, 255, 20000, 5000);
	free_before = mem_free_bytes();
	run();
	idle_until(10);
	CHECK_EQ(s->state, THREAD_DEAD);
	CHECK(!list_empty(&this_cpu()->timers)); /* of what it used last */
	sporadic_destroy(s);
	CHECK(list_empty(&this_cpu()->timers));
	CHECK(s->sporadic == NULL);
	CHECK(mem_free_bytes() > free_before);
	sporadic_destroy(s);
}

TEST_MAIN(RUN(the_budget_goes_first_and_comes_back), RUN(with_nobody_else_nothing_is_lost),
	  RUN(each_piece_comes_back_a_period_after_it_was_due), RUN(no_more_pieces_than_replenishments),
	  RUN(at_the_low_priority_it_takes_turns), RUN(higher_ones_do_not_cost_budget),
	  RUN(a_tiny_period_does_not_eat_the_cpu), RUN(what_waits_is_replenished_too),
	  RUN(unmaking_leaves_no_timer))
