/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/qtrace/qtrace.h"

#include <stdlib.h>
#include <string.h>

#define THREADS 64

struct cost {
	u64 count, timed, min, max, total; /* ticks; `timed`: whose end is in the capture */
};

struct usage {
	u64 exits, guest, el2, away;
	bool seen;
};

struct thread_use {
	u8 who;
	u64 name, times, ticks;
};

struct summary {
	const struct capture *c;
	int vm;
	struct cost cost[REASONS];
	struct usage vcpu[256];
	struct thread_use thread[THREADS];
	u32 threads;
	u64 first, last, events, switches[TRACE_CPUS], busy[TRACE_CPUS];
};

static bool wanted(const struct summary *s, u8 who)
{
	return s->vm < 0 || (who != TRACE_NOBODY && who >> 4 == s->vm);
}

static void sum_guest(void *ctx, u32 cpu, u8 who, u64 from, u64 to)
{
	struct summary *s = ctx;

	(void)cpu;
	s->vcpu[who].seen = true;
	s->vcpu[who].guest += to - from;
}

static void sum_el2(void *ctx, u32 cpu, u8 who, u32 reason, u64 from, u64 to)
{
	struct summary *s = ctx;

	(void)cpu;
	(void)reason;
	s->vcpu[who].seen = true;
	s->vcpu[who].el2 += to - from;
}

static void sum_away(void *ctx, u8 who, u64 from, u64 to)
{
	struct summary *s = ctx;

	s->vcpu[who].seen = true;
	s->vcpu[who].away += to - from;
}

static void sum_exit_begin(void *ctx, u8 who, u32 reason)
{
	struct summary *s = ctx;

	s->vcpu[who].seen = true;
	s->vcpu[who].exits++;
	if (wanted(s, who)) {
		s->cost[reason].count++;
	}
}

static void sum_back(void *ctx, u8 who, u32 reason, u64 ticks)
{
	struct summary *s = ctx;
	struct cost *k = &s->cost[reason];

	if (wanted(s, who)) {
		k->min = k->timed == 0 ? ticks : MIN(k->min, ticks);
		k->max = MAX(k->max, ticks);
		k->total += ticks;
		k->timed++;
	}
}

static void sum_thread(void *ctx, u32 cpu, u8 who, u64 name, u64 from, u64 to)
{
	struct summary *s = ctx;
	u32 i = 0;

	if (who != TRACE_NOBODY) {
		name = 0;
	}
	while (i < s->threads && (s->thread[i].who != who || s->thread[i].name != name)) {
		i++;
	}
	if (i == THREADS) {
		i--;
	} else if (i == s->threads) {
		s->thread[s->threads++] = (struct thread_use){ .who = who, .name = name };
	}
	s->thread[i].times++;
	s->thread[i].ticks += to - from;
	/* "idle": what the CPU does when there is nothing to do. */
	s->busy[cpu] += who == TRACE_NOBODY && name == 0x656c6469 ? 0 : to - from;
}

static void sum_event(void *ctx, u32 cpu, const struct trace_event *e)
{
	struct summary *s = ctx;

	s->first = s->events++ == 0 ? e->time : s->first;
	s->last = e->time;
	s->switches[cpu] += e->kind == TRACE_SCHED;
}

static double percent(u64 part, u64 whole)
{
	return whole == 0 ? 0 : 100.0 * (double)part / (double)whole;
}

static double ms(const struct summary *s, u64 ticks)
{
	return (double)ticks_to_ns(s->c, ticks) / 1e6;
}

static const struct summary *sorting;

static int by_total(const void *a, const void *b)
{
	const struct cost *x = &sorting->cost[*(const u32 *)a], *y = &sorting->cost[*(const u32 *)b];

	if (x->total != y->total) {
		return x->total < y->total ? 1 : -1;
	}
	return x->count != y->count ? (x->count < y->count ? 1 : -1) : *(const u32 *)a > *(const u32 *)b;
}

static void print_exits(const struct summary *s, FILE *to)
{
	u32 order[REASONS], n = 0;
	u64 total = 0, count = 0;

	for (u32 i = 0; i < REASONS; i++) {
		if (s->cost[i].count != 0) {
			order[n++] = i;
			total += s->cost[i].total;
			count += s->cost[i].count;
		}
	}
	sorting = s;
	qsort(order, n, sizeof(order[0]), by_total);
	fprintf(to, "\n%-12s %10s %9s %9s %10s %12s %6s\n", "exit", "count", "min ns", "mean ns", "max ns",
		"total us", "share");
	for (u32 i = 0; i < n; i++) {
		const struct cost *k = &s->cost[order[i]];
		char name[32];

		reason_name(order[i], name, sizeof(name));
		fprintf(to, "%-12s %10lu %9lu %9lu %10lu %12.1f %5.1f%%\n", name, k->count,
			ticks_to_ns(s->c, k->min), ticks_to_ns(s->c, k->timed == 0 ? 0 : k->total / k->timed),
			ticks_to_ns(s->c, k->max), ms(s, k->total) * 1e3, percent(k->total, total));
	}
	fprintf(to, "%-12s %10lu %9s %9s %10s %12.1f\n", "all", count, "", "", "", ms(s, total) * 1e3);
}

static void print_vcpus(const struct summary *s, FILE *to)
{
	fprintf(to, "\n%-20s %10s %11s %11s %11s %6s\n", "vCPU", "exits", "guest ms", "el2 ms", "away ms",
		"guest");
	for (u32 i = 0; i < TRACE_NOBODY; i++) {
		const struct usage *u = &s->vcpu[i];
		char name[64];

		if (u->seen && wanted(s, (u8)i)) {
			who_name(s->c, (u8)i, name, sizeof(name));
			fprintf(to, "%-20s %10lu %11.3f %11.3f %11.3f %5.1f%%\n", name, u->exits, ms(s, u->guest),
				ms(s, u->el2), ms(s, u->away), percent(u->guest, s->last - s->first));
		}
	}
}

static void print_threads(const struct summary *s, FILE *to)
{
	fprintf(to, "\n%-20s %10s %11s\n", "thread", "runs", "ms");
	for (u32 i = 0; i < s->threads; i++) {
		const struct thread_use *t = &s->thread[i];
		char name[64] = "?";

		if (t->who != TRACE_NOBODY) {
			who_name(s->c, t->who, name, sizeof(name));
		} else if (t->name != 0) {
			for (u32 j = 0; j < 9; j++) {
				char ch = j < 8 ? (char)(t->name >> (8 * j)) : '\0';

				name[j] = ch == '\0' || (ch > ' ' && ch < 0x7f) ? ch : '?';
			}
		}
		fprintf(to, "%-20s %10lu %11.3f\n", name, t->times, ms(s, t->ticks));
	}
	fprintf(to, "\n%-20s %10s %11s %6s\n", "CPU", "switches", "busy ms", "busy");
	for (u32 i = 0; i < TRACE_CPUS; i++) {
		if (s->c->ring[i] != NULL) {
			fprintf(to, "%-20u %10lu %11.3f %5.1f%%\n", i, s->switches[i], ms(s, s->busy[i]),
				percent(s->busy[i], s->last - s->first));
		}
	}
}

void qtrace_summary(const struct capture *c, int vm, FILE *to)
{
	static const struct visitor visitor = {
		.guest = sum_guest, .el2 = sum_el2, .away = sum_away, .exit = sum_exit_begin, .back = sum_back,
		.thread = sum_thread, .event = sum_event,
	};
	struct summary *s = calloc(1, sizeof(*s));

	if (s == NULL) {
		return;
	}
	s->c = c;
	s->vm = vm;
	walk(c, &visitor, s);
	fprintf(to, "%lu events in %.3f ms, %lu older ones overwritten\n", s->events, ms(s, s->last - s->first),
		c->lost);
	print_exits(s, to);
	print_vcpus(s, to);
	if (vm < 0) {
		print_threads(s, to);
	}
	free(s);
}
