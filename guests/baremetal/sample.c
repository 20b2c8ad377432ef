/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Drives the counter of tests/vdev-sample/trace.c, which goes up once a second: reads it until it has gone up three
 * times, and compares with the generic timer. SAMPLE-OK, or SAMPLE-FAIL with what is wrong.
 */
#include "rt/board.h"
#include "rt/console.h"
#include "rt/cpu.h"
#include "rt/fdt.h"
#include "rt/psci.h"
#include "rt/smp.h"
#include "rt/timer.h"

static u64 at;

static void visit(const struct fdt_node *node)
{
	u64 size;

	if (fdt_is_compatible(node, "quoin,trace-counter")) {
		fdt_reg(node, 0, &at, &size);
	}
}

static u32 count(void)
{
	return *(volatile u32 *)at;
}

void guest_main(void)
{
	u64 began, took, end;
	u32 first, last;

	if (fdt_walk(board.fdt, visit) != 0 || at == 0) {
		printf("SAMPLE-FAIL no quoin,trace-counter\n");
		poweroff();
	}
	first = last = count();
	end = timer_count() + 30 * timer_frequency();
	while (count() == first && timer_count() < end) {
	}
	began = timer_count();
	first = count();
	while (last < first + 3 && timer_count() < end) {
		u32 now = count();

		if (now < last) {
			printf("SAMPLE-FAIL counts down, %u after %u\n", now, last);
			poweroff();
		}
		last = now;
	}
	took = timer_count() - began;
	*(volatile u32 *)at = 0; /* read only */
	/* The first step may have been seen late, by a CPU that others keep. */
	if (last < first + 3 || took < 2 * timer_frequency() || count() < last) {
		printf("SAMPLE-FAIL from %u to %u in %lu ticks, then %u\n", first, last, took, count());
	} else {
		printf("SAMPLE-OK counted to %u\n", last);
	}
	poweroff();
}
