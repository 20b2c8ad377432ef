/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a VM begins and ends. Looks whether its memory is clean, lives for ms=N milliseconds (1), then does what
 * end=WORD says:
 *   off reset cpuoff   PSCI SYSTEM_OFF, SYSTEM_RESET, CPU_OFF
 *   crash              an exception without a vector
 *   suspend            SYSTEM_SUSPEND, woken by a timer; LIFE-SUSPEND-OK
 *   race               for secs=N all CPUs switch each other on and themselves off; LIFE-RACE-OK
 * Says something only if it has to: LIFE-FAIL and what is wrong; with `loud` one line at its start, too.
 */
#include <string.h>

#include "rt/board.h"
#include "rt/console.h"
#include "rt/cpu.h"
#include "rt/gic.h"
#include "rt/mmu.h"
#include "rt/psci.h"
#include "rt/smp.h"
#include "rt/timer.h"

#define MARK	0x6c69666520616765UL

static u64 failures;

static void expect(bool good, const char *what, u64 value)
{
	if (!good) {
		printf("LIFE-FAIL %s %lu\n", what, value);
		failures++;
	}
}

/* The last life left its mark all over the memory behind the image. */
static void look_and_mark(void)
{
	const struct memory_range *m = &board.memory[0];
	u64 dirty = 0, at;

	for (at = m->base + m->size / 2; at < m->base + m->size; at += 0x1000) {
		volatile u64 *p = (volatile u64 *)(at + (at >> 12) % 500 * 8);

		/* The device tree lies here, too. */
		dirty += *p == MARK;
		if (*p == 0) {
			*p = MARK;
		}
	}
	expect(dirty == 0, "pages of memory are not clean:", dirty);
}

static void crash(void)
{
	write_sysreg(vbar_el1, 0x7ff00000);
	isb();
	__asm__ volatile(".inst 0");
}

/* ---- Suspend */

static u64 deadline;
static volatile bool hold;

static void other(void *arg)
{
	(void)arg;
	while (hold) {
	}
}

/* Resumed as a CPU that is started: interrupts masked, context id in x0. */
static void resumed(void *arg)
{
	expect(arg == (void *)MARK, "context", (u64)arg);
	expect(timer_count() >= deadline, "woken too early by ticks:", deadline - timer_count());
	expect(gic_is_pending(30), "the timer's interrupt is lost", 0);
	if (failures == 0) {
		printf("LIFE-SUSPEND-OK\n");
	}
	poweroff();
}

static void suspend(void)
{
	struct cpu *self = this_cpu();

	expect(psci(PSCI_FEATURES, PSCI_SYSTEM_SUSPEND, 0, 0) == PSCI_SUCCESS, "PSCI_FEATURES", 0);
	gic_init();
	self->fn = resumed;
	self->arg = (void *)MARK;
	if (board.nr_cpus > 1) {
		hold = true;
		expect(smp_start(1, other, NULL) == PSCI_SUCCESS, "no second CPU", 0);
		expect(psci(PSCI_SYSTEM_SUSPEND, (u64)secondary_start, (u64)self, 0) == PSCI_DENIED,
		       "suspended with another CPU on", 0);
		hold = false;
		expect(smp_wait_off(1), "second CPU stays on", 0);
	}
	expect(psci(PSCI_SYSTEM_SUSPEND, 0x7ff00000, 0, 0) == PSCI_INVALID_ADDRESS, "bad entry", 0);
	/* The virtual timer comes first, but its interrupt is off; the CPU's interface lets nothing through. */
	vtimer_arm(timer_count() + timer_frequency() / 50);
	deadline = timer_count() + timer_frequency() / 5;
	write_sysreg(cntp_tval_el0, timer_frequency() / 5 + 100);
	write_sysreg(cntp_ctl_el0, TIMER_ENABLE);
	gic_enable(30);
	gic_set_pmr(0);
	expect(false, "SYSTEM_SUSPEND returns",
	       (u64)psci(PSCI_SYSTEM_SUSPEND, (u64)secondary_start, (u64)self, 0));
}

/* ---- Races of CPU_ON */

static u64 switched_on[MAX_CPUS], came_up[MAX_CPUS], odd_answers, end_count;
static volatile u64 stop, arrived, gone;

static u64 add(volatile u64 *to, u64 n)
{
	u64 value;
	u32 fail;

	do {
		__asm__ volatile("ldaxr %0, [%2]\n\tadd %0, %0, %3\n\tstlxr %w1, %0, [%2]"
				 : "=&r"(value), "=&r"(fail) : "r"(to), "r"(n) : "memory");
	} while (fail);
	return value;
}

static void start_one(unsigned int target)
{
	int r = psci(PSCI_CPU_ON, cpus[target].mpidr, (u64)secondary_start, (u64)&cpus[target]);

	if (r == PSCI_SUCCESS) {
		add(&switched_on[target], 1);
	} else if (r != PSCI_ALREADY_ON && r != PSCI_ON_PENDING) {
		add(&odd_answers, 1);
	}
}

/* Every CPU but the first: up, tries to start the others, off again. */
static void racer(void *arg)
{
	unsigned int self = this_cpu()->index, i;

	(void)arg;
	add(&came_up[self], 1);
	for (i = 0; i < 20 && !stop; i++) {
		start_one(1 + (self + i) % (board.nr_cpus - 1));
	}
}

/* All but the last start the last one at the same moment: one of them does. */
static void caller(void *arg)
{
	unsigned int last = board.nr_cpus - 1;

	add(&arrived, 1);
	while (arrived < (u64)arg) {
	}
	start_one(last);
	add(&gone, 1);
}

static void target(void *arg)
{
	add(&came_up[this_cpu()->index], 1);
	while (gone < (u64)arg) {
	}
}

static void race(void)
{
	unsigned int n = board.nr_cpus, last = n - 1, round, i;
	u64 ups = 0;

	mmu_on();
	gic_init();
	/* Gives every CPU its stack. */
	for (i = 1; i < n; i++) {
		hold = false;
		expect(smp_run(i, other, NULL) == PSCI_SUCCESS, "does not start:", i);
	}
	for (round = 1; round <= 50 && n > 2; round++) {
		arrived = 0;
		gone = 0;
		cpus[last].fn = target;
		cpus[last].arg = (void *)(u64)last;
		dsb();
		for (i = 1; i < last; i++) {
			expect(smp_start(i, caller, (void *)(u64)last) == PSCI_SUCCESS, "caller does not start:", i);
		}
		caller((void *)(u64)last);
		for (i = 1; i < n; i++) {
			expect(smp_wait_off(i), "stays on:", i);
		}
		expect(switched_on[last] == round && came_up[last] == round, "started several times in round", round);
	}
	switched_on[last] = 0;
	came_up[last] = 0;
	for (i = 1; i < n; i++) {
		cpus[i].fn = racer;
	}
	dsb();
	end_count = timer_count() + board_arg_number("secs", 2) * timer_frequency();
	for (i = 0; timer_count() < end_count; i++) {
		start_one(1 + i % last);
	}
	stop = 1;
	for (i = 1; i < n; i++) {
		cpus[i].running = false;
		expect(smp_wait_off(i), "stays on:", i);
	}
	/* Those that one started as its last deed are on their way while it is off: twice is enough. */
	for (i = 1; i < n; i++) {
		expect(smp_wait_off(i), "stays on:", i);
		expect(switched_on[i] == came_up[i], "is not as often up as switched on:", i);
		ups += came_up[i];
	}
	expect(odd_answers == 0, "odd answers", odd_answers);
	expect(ups > 20, "hardly any starts", ups);
	if (failures == 0) {
		printf("LIFE-RACE-OK cpus=%u starts=%lu\n", n, ups);
	}
}

void guest_main(void)
{
	char end[16] = "off";

	(void)board_arg("end", end, sizeof(end));
	if (board_arg("loud", NULL, 0)) {
		printf("alive at %lu us\n", timer_count() / (timer_frequency() / 1000000));
	}
	look_and_mark();
	delay_us(1000 * board_arg_number("ms", 1));
	if (strcmp(end, "reset") == 0) {
		psci(PSCI_SYSTEM_RESET, 0, 0, 0);
	} else if (strcmp(end, "cpuoff") == 0) {
		psci(PSCI_CPU_OFF, 0, 0, 0);
	} else if (strcmp(end, "crash") == 0) {
		crash();
	} else if (strcmp(end, "suspend") == 0) {
		suspend();
	} else if (strcmp(end, "race") == 0) {
		race();
	}
}
