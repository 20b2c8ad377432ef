/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Load for tests with several VMs: for secs=N seconds every CPU takes timer ticks, passes SGIs round in a ring, calls
 * the hypervisor and keeps a pattern in its FP registers. Prints one line at the end: STRESS-OK and the counts, or
 * STRESS-FAIL and what went wrong.
 */
#include "rt/board.h"
#include "rt/console.h"
#include "rt/cpu.h"
#include "rt/fp.h"
#include "rt/gic.h"
#include "rt/mmu.h"
#include "rt/psci.h"
#include "rt/smp.h"
#include "rt/timer.h"

#define RING_SGI	5
#define TICK_HZ		1000
#define ATOMIC_ROUNDS	16

struct counters {
	volatile u64 ticks;
	volatile u64 early;		/* ticks before their deadline */
	volatile u64 tokens;		/* times the ring's token was here */
	volatile u64 fp_wrong;
	volatile u64 bad_calls;
	volatile u64 added;
	volatile bool ready;
	volatile bool done;
} __attribute__((aligned(64)));

static struct counters counters[MAX_CPUS];
static u64 end_count;
static u64 shared __attribute__((aligned(64)));

static void tick(u32 iar)
{
	struct counters *c = &counters[this_cpu()->index];
	u64 deadline = read_sysreg(cntv_cval_el0);

	(void)iar;
	c->ticks++;
	c->early += timer_count() < deadline;
	write_sysreg(cntv_tval_el0, timer_frequency() / TICK_HZ);
	isb();
	if (board.nr_cpus == 1) {
		gic_send_sgi(RING_SGI, 0);
	}
}

/* Hand the token on; it stops where the time is over. */
static void token(u32 iar)
{
	unsigned int self = this_cpu()->index;

	(void)iar;
	counters[self].tokens++;
	/* A ring of one would never let go: there the tick sends. */
	if (board.nr_cpus > 1 && timer_count() < end_count) {
		gic_send_sgi(RING_SGI, (self + 1) % board.nr_cpus);
	}
}

static void add_shared(void)
{
	u64 value;
	u32 fail;

	do {
		__asm__ volatile("ldaxr %0, [%2]\n\tadd %0, %0, #1\n\tstlxr %w1, %0, [%2]"
				 : "=&r"(value), "=&r"(fail) : "r"(&shared) : "memory");
	} while (fail);
}

static void work(void *arg)
{
	unsigned int self = this_cpu()->index, i;
	struct counters *c = &counters[self];
	u64 seed = (u64)arg;

	fp_fill(seed);
	/* A ring of SGIs must not keep the timer out. */
	gic_set_priority(board.vtimer_intid, PRIORITY_DEFAULT - 0x20);
	gic_enable(board.vtimer_intid);
	vtimer_arm(timer_count());
	c->ready = true;
	dsb();
	irq_enable();
	while (timer_count() < end_count) {
		for (i = 0; i < ATOMIC_ROUNDS; i++) {
			add_shared();
			c->added++;
		}
		c->fp_wrong += fp_check(seed);
		c->bad_calls += (u32)psci(PSCI_AFFINITY_INFO, cpus[self].mpidr, 0, 0) != AFFINITY_ON;
		c->bad_calls += (u32)psci(0x8400ffff, 0, 0, 0) != (u32)PSCI_NOT_SUPPORTED;
		wfi();
	}
	irq_disable();
	vtimer_stop();
	c->fp_wrong += fp_check(seed);
	dsb();
	c->done = true;
}

static u64 failures;

static void expect(bool good, unsigned int cpu, const char *what, u64 value)
{
	if (!good) {
		printf("STRESS-FAIL cpu%u %s %lu\n", cpu, what, value);
		failures++;
	}
}

void guest_main(void)
{
	u64 seconds = board_arg_number("secs", 5), ticks = 0, tokens = 0, added = 0, wait;
	unsigned int i;

	mmu_on();
	gic_init();
	irq_set_handler(board.vtimer_intid, tick);
	irq_set_handler(RING_SGI, token);
	end_count = timer_count() + seconds * timer_frequency();
	for (i = 1; i < board.nr_cpus; i++) {
		expect(smp_start(i, work, (void *)(0x10001UL * i)) == PSCI_SUCCESS, i, "did not start", 0);
	}
	/* An SGI to a CPU whose GIC is not set up yet would be lost, and the token with it. */
	wait = timer_count() + 5 * timer_frequency();
	for (i = 1; i < board.nr_cpus; i++) {
		while (!counters[i].ready && timer_count() < wait) {
		}
		expect(counters[i].ready, i, "is not ready", 0);
	}
	gic_send_sgi(RING_SGI, 0);
	work((void *)0x7777);
	wait = timer_count() + 5 * timer_frequency();
	for (i = 0; i < board.nr_cpus; i++) {
		while (!counters[i].done && timer_count() < wait) {
		}
		expect(counters[i].done, i, "did not end", 0);
		expect(counters[i].ticks > 0, i, "took no ticks", 0);
		expect(counters[i].early == 0, i, "early ticks", counters[i].early);
		expect(counters[i].tokens > 0, i, "never had the token", 0);
		expect(counters[i].fp_wrong == 0, i, "FP registers changed", counters[i].fp_wrong);
		expect(counters[i].bad_calls == 0, i, "calls answered wrongly", counters[i].bad_calls);
		expect(counters[0].tokens - counters[i].tokens <= 1, i, "token lost or doubled", counters[i].tokens);
		ticks += counters[i].ticks;
		tokens += counters[i].tokens;
		added += counters[i].added;
	}
	expect(added == shared, 0, "atomic additions lost", added - shared);
	expect(irq_strays() == 0, 0, "stray interrupts", irq_strays());
	if (failures == 0) {
		printf("STRESS-OK cpus=%u secs=%lu ticks=%lu tokens=%lu\n", board.nr_cpus, seconds, ticks, tokens);
	}
}
