/* SPDX-License-Identifier: Apache-2.0 */
/* trace on [SIZE], off, status, show [N] */
#include <errno.h>
#include <string.h>
#include "arch/arch.h"
#include "core/sched.h"
#include "core/shell/shell.h"
#include "core/trace.h"

#define SHOW_DEFAULT 20
#define SHOW_MAX 1000

static void status(struct shell *sh)
{
	const struct trace_header *h = &trace_header;

	shell_print(sh, "trace is %s%s", trace_wanted() ? "on" : "off",
		    trace_following() ? ", not yet on every CPU" : "");
	for (u32 i = 0; i < MAX_CPUS; i++) {
		u64 head = trace_head(i), ring = 1UL << h->order;

		if (head != 0) {
			shell_print(sh, "CPU %u: %lu events, %lu overwritten, ring of %lu at 0x%lx", i, head - ring,
				    head > 2 * ring ? head - 2 * ring : 0, ring, h->ring[i]);
		}
	}
}

/* Event number at[cpu] of each CPU is the next; the CPU that has the earliest, or MAX_CPUS. */
static u32 earliest(u64 at[MAX_CPUS], const u64 end[MAX_CPUS], struct trace_event *out)
{
	u32 best = MAX_CPUS;
	struct trace_event e;

	for (u32 i = 0; i < MAX_CPUS; i++) {
		while (at[i] < end[i] && !trace_read(i, at[i], &e)) {
			at[i]++; /* overwritten meanwhile */
		}
		if (at[i] < end[i] && (best == MAX_CPUS || e.time < out->time)) {
			best = i;
			*out = e;
		}
	}
	return best;
}

/* The last `n` events of all CPUs together, in order of time. */
static void show(struct shell *sh, u64 n)
{
	u64 at[MAX_CPUS], end[MAX_CPUS], first = 0, all = 0;
	struct trace_event e;
	u32 cpu;

	for (u32 i = 0; i < MAX_CPUS; i++) {
		u64 ring = 1UL << trace_header.order, count;

		end[i] = trace_head(i);
		count = end[i] == 0 ? 0 : MIN(end[i] - ring, MIN(n, ring));
		at[i] = end[i] - count;
		all += count;
	}
	while ((cpu = earliest(at, end, &e)) != MAX_CPUS) {
		char text[160];
		u64 us;

		at[cpu]++;
		if (all-- > n) {
			continue;
		}
		if (first == 0) {
			first = e.time;
		}
		us = counter_to_ns(e.time - first) / 1000;
		trace_event_text(&trace_header, &e, text, sizeof(text));
		shell_print(sh, "%6lu.%06lu [%u] %s", us / 1000000, us % 1000000, cpu, text);
	}
}

static void follow(struct shell *sh)
{
	for (u32 ms = 0; ms < 100 && trace_following(); ms++) {
		thread_sleep_until(counter_now() + counter_hz / 1000);
	}
	status(sh);
}

SHELL_COMMAND(trace, "trace", "[on|off|status|show] [SIZE|N]", "record what guests and CPUs do")
{
	const char *what = argc > 1 ? argv[1] : "status";
	u64 n = SHOW_DEFAULT;

	if (strcmp(what, "on") == 0 && argc <= 3) {
		u64 size = argc == 3 ? trace_size(argv[2], strlen(argv[2])) : TRACE_DEFAULT_SIZE;

		if (size == 0) {
			shell_print(sh, "trace: bad size '%s', expected a power of two from 4K to 32M", argv[2]);
		} else if (trace_start(size) != 0) {
			shell_print(sh, "trace: no memory for the rings");
		} else {
			follow(sh);
		}
	} else if (strcmp(what, "off") == 0 && argc == 2) {
		trace_stop();
		follow(sh);
	} else if (strcmp(what, "status") == 0 && argc <= 2) {
		status(sh);
	} else if (strcmp(what, "show") == 0 && argc <= 3) {
		if (argc == 3 && !shell_number(sh, argv[2], &n)) {
			return 0;
		}
		show(sh, MIN(n, (u64)SHOW_MAX));
	} else {
		return -EINVAL;
	}
	return 0;
}
