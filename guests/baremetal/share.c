/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How much of the machine a guest gets. From second from=N to second until=N of the counter, which all VMs share, each
 * CPU does what mode= says and counts:
 *
 *   spin   compute all the time: rounds
 *   tick   sleep in WFI and take a timer interrupt every period=MICROSECONDS: ticks, and how late the latest was
 *   rest   sleep in WFI until the end
 *
 * One line per CPU at the end: SHARE cpu=N rounds=N ticks=N late_us=N stolen_us=N, the last as the hypervisor says
 * (DEN 0057), or SHARE-LATE when the guest was started behind its time.
 */
#include "rt/board.h"
#include "rt/console.h"
#include "rt/cpu.h"
#include "rt/gic.h"
#include "rt/mmu.h"
#include "rt/psci.h"
#include "rt/smp.h"
#include "rt/timer.h"

#define PV_TIME_FEATURES	0xc5000020UL
#define PV_TIME_ST		0xc5000021UL

#define MAX(a, b)	((a) > (b) ? (a) : (b))
#define ROUND	200	/* iterations between two looks at the clock */

struct result {
	volatile u64 rounds;
	volatile u64 ticks;
	volatile u64 late;
	volatile u64 stolen_ns;
	volatile u64 next;
	volatile bool done;
} __attribute__((aligned(64)));

static struct result results[MAX_CPUS];
static u64 from, until, period;
static char mode[16];

/*
 * The structure of the calling CPU, or NULL. It wants to be mapped as Normal write-back; as Device, which it is here,
 * it is up to date only on machines whose caches hide nothing, such as QEMU.
 */
static const volatile u64 *stolen_time(void)
{
	int at;

	if (psci(SMCCC_ARCH_FEATURES, PV_TIME_FEATURES, 0, 0) != 0 ||
	    psci(PV_TIME_FEATURES, PV_TIME_ST, 0, 0) != 0) {
		return NULL;
	}
	at = psci(PV_TIME_ST, 0, 0, 0); /* below 2 GiB, as the VM's description has it */
	return at > 0 ? (const volatile u64 *)(u64)at : NULL;
}

static void tick(u32 iar)
{
	struct result *r = &results[this_cpu()->index];
	u64 now = timer_count();

	(void)iar;
	if (r->next == 0) {
		vtimer_stop();
		return;
	}
	if (now >= from && now < until) {
		r->late = MAX(r->late, now - r->next);
		r->ticks++;
	}
	r->next = MAX(r->next + period, now);
	vtimer_arm(r->next);
}

static void sleep_until(u64 at)
{
	while (timer_count() < at) {
		vtimer_arm(at);
		wfi();
		irq_enable();
		irq_disable();
	}
}

static void measure(void *arg)
{
	struct result *r = &results[this_cpu()->index];
	const volatile u64 *stolen = stolen_time();
	u64 before = stolen != NULL ? stolen[1] : 0; /* who is kept waiting from the beginning counts that, too */

	(void)arg;
	gic_enable(board.vtimer_intid);
	sleep_until(from);
	if (mode[0] == 't') {
		r->next = timer_count() + period;
		vtimer_arm(r->next);
		while (timer_count() < until) {
			wfi();
			irq_enable();
			irq_disable();
		}
		r->next = 0;
	} else if (mode[0] == 'r') {
		sleep_until(until);
	} else {
		irq_enable();
		while (timer_count() < until) {
			for (unsigned int i = 0; i < ROUND; i++) {
				__asm__ volatile("" : : : "memory");
			}
			r->rounds++;
		}
		irq_disable();
	}
	r->stolen_ns = stolen != NULL ? stolen[1] - before : 0;
	vtimer_stop();
	dsb();
	r->done = true;
}

void guest_main(void)
{
	u64 hz = timer_frequency(), wait;
	unsigned int i;

	if (!board_arg("mode", mode, sizeof(mode))) {
		mode[0] = 's';
	}
	from = board_arg_number("from", 2) * hz;
	until = board_arg_number("until", 4) * hz;
	period = board_arg_number("period", 1000) * hz / 1000000;
	mmu_on();
	gic_init();
	irq_set_handler(board.vtimer_intid, tick);
	if (stolen_time() == NULL) {
		printf("SHARE-NONE no stolen time\n");
	}
	for (i = 1; i < board.nr_cpus; i++) {
		smp_start(i, measure, NULL);
	}
	if (timer_count() >= from) {
		printf("SHARE-LATE\n");
	}
	measure(NULL);
	wait = until + 20 * hz;
	for (i = 0; i < board.nr_cpus; i++) {
		while (!results[i].done && timer_count() < wait) {
			sleep_until(timer_count() + hz / 100);
		}
		printf("SHARE cpu=%u rounds=%lu ticks=%lu late_us=%lu stolen_us=%lu%s\n", i, results[i].rounds,
		       results[i].ticks, results[i].late * 1000000 / hz, results[i].stolen_ns / 1000,
		       results[i].done ? "" : " UNFINISHED");
	}
}
