/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The real-time guest: its virtual timer ticks periodically; each time it measures how long after the deadline
 * (CNTV_CVAL) the handler runs, in counter ticks.
 *
 *	RT n=.. min=.. mean=.. p99=.. max=.. missed=..
 *
 * Boot arguments: n=SAMPLES (0: for ever), us=PERIOD in microseconds, ticks=PERIOD in counter ticks instead,
 * every=SECONDS between two lines on the way (0: none), skip=SAMPLES left out at first (10). Ends with RT-END. A deadline that passes while an
 * earlier one is still to be served is counted as missed and left out.
 */
#include "rt/board.h"
#include "rt/console.h"
#include "rt/cpu.h"
#include "rt/gic.h"
#include "rt/mmu.h"
#include "rt/smp.h"
#include "rt/timer.h"
#include "rt/trap.h"

#define EXACT 65536	/* latencies below are counted one by one, longer ones together */

struct figures {
	u64 n, sum, min, max, missed;
};

static u32 histogram[EXACT];
static volatile struct figures all;
static u64 period, wanted, skip, strays;

static void tick(struct trap_frame *frame)
{
	u64 now = timer_count(), due = read_sysreg(cntv_cval_el0), late = now - due, next = due + period;
	u32 iar = gic_ack();

	(void)frame;
	if (GIC_INTID(iar) != board.vtimer_intid) {
		strays++;
		if (GIC_INTID(iar) < 1020) {
			gic_eoi(iar);
		}
		return;
	}
	if (skip != 0) {
		skip--;
		write_sysreg(cntv_cval_el0, next > now ? next : now + period);
		isb();
		gic_eoi(iar);
		return;
	}
	histogram[late < EXACT ? late : EXACT - 1]++;
	all.sum += late;
	all.min = all.n == 0 || late < all.min ? late : all.min;
	all.max = late > all.max ? late : all.max;
	if (++all.n == wanted) {
		vtimer_stop();
	} else {
		if (next <= now) {
			all.missed += (now - next) / period + 1;
			next += ((now - next) / period + 1) * period;
		}
		write_sysreg(cntv_cval_el0, next);
		isb();
	}
	gic_eoi(iar);
}

/* The smallest latency that 99 of 100 samples do not exceed. */
static u64 percentile99(u64 n, u64 max)
{
	u64 below = 0, i;

	for (i = 0; i < EXACT - 1; i++) {
		below += histogram[i];
		if (below * 100 >= n * 99) {
			return i;
		}
	}
	return max;
}

static void report(void)
{
	struct figures f;
	u64 p99, mean;

	irq_disable();
	f = all;
	irq_enable();
	if (f.n == 0) {
		return;
	}
	/* What comes meanwhile may be in the histogram already: a few samples among many. */
	p99 = percentile99(f.n, f.max);
	mean = f.sum * 10 / f.n;
	printf("RT n=%lu min=%lu mean=%lu.%lu p99=%lu max=%lu missed=%lu\n", f.n, f.min, mean / 10, mean % 10,
	       p99, f.max, f.missed);
}

void guest_main(void)
{
	u64 hz = timer_frequency(), every = board_arg_number("every", 5) * hz, next;

	mmu_on();
	gic_init();
	wanted = board_arg_number("n", 0);
	skip = board_arg_number("skip", 10);
	period = board_arg_number("ticks", board_arg_number("us", 1000) * hz / 1000000);
	period = period ? period : 1;
	trap_set_irq(tick);
	gic_enable(board.vtimer_intid);
	printf("RT period %lu ticks of a %lu Hz counter, %lu samples%s\n", period, hz, wanted,
	       wanted ? "" : " (without end)");
	next = timer_count();
	vtimer_arm(next + period);
	next += every;
	irq_enable();
	while (wanted == 0 || all.n < wanted) {
		wfi();
		if (every && timer_count() >= next) {
			next += every;
			report();
		}
	}
	report();
	if (strays) {
		printf("RT strays=%lu\n", strays);
	}
	printf("RT-END\n");
}
