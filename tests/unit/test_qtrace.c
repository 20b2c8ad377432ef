/* SPDX-License-Identifier: Apache-2.0 */
/* tools/qtrace on captures made here: what it reads, what it refuses, what it counts. */
#include <stdlib.h>
#include "tests/unit/test.h"
#include "core/spec/esr.h"
#include "core/trace.h"
#include "tools/qtrace/capture.c"
#include "tools/qtrace/json.c"
#include "tools/qtrace/list.c"
#include "tools/qtrace/summary.c"
#undef THREADS
#include "tools/qtrace/walk.c"

#define ORDER TRACE_MIN_ORDER
#define EVENTS (1UL << ORDER)
#define RING_SIZE (sizeof(struct trace_ring) + EVENTS * sizeof(struct trace_event))

static union {
	struct trace_header h;
	u8 bytes[sizeof(struct trace_header) + 2 * RING_SIZE];
} file;
static struct capture c;
static char why[200], *text;

static struct trace_ring *ring(u32 cpu)
{
	return (struct trace_ring *)(file.bytes + sizeof(file.h) + cpu * RING_SIZE);
}

/* Two CPUs, 1 GHz, nothing traced yet. */
static void begin(void)
{
	memset(&file, 0, sizeof(file));
	file.h = (struct trace_header){ .version = TRACE_VERSION, .header_size = sizeof(file.h),
					.event_size = 32, .order = ORDER, .hz = 1000000000,
					.ring = { sizeof(file.h), sizeof(file.h) + RING_SIZE } };
	memcpy(file.h.magic, TRACE_MAGIC, 8);
	strcpy(file.h.vm[1], "lin\"ux");
	for (u32 i = 0; i < 2; i++) {
		ring(i)->head = EVENTS;
		ring(i)->order = ORDER;
		ring(i)->cpu = i;
	}
}

static void add(u32 cpu, u64 time, enum trace_kind kind, u8 who, u32 info, u64 a, u64 b)
{
	u64 n = ring(cpu)->head++;

	ring(cpu)->event[n % EVENTS] = (struct trace_event){ time, info, (u16)(n >> ORDER), (u8)kind, who, a, b };
}

static bool open_it(void)
{
	why[0] = '\0';
	return capture_open(&c, &file, sizeof(file), why, sizeof(why));
}

static const char *output(void (*command)(const struct capture *c, int vm, FILE *to), int vm)
{
	size_t size;
	FILE *f;

	free(text);
	f = open_memstream(&text, &size);
	command(&c, vm, f);
	fclose(f);
	return text;
}

static void json(const struct capture *of, int vm, FILE *to)
{
	(void)vm;
	qtrace_json(of, to);
}

static bool says(const char *line)
{
	bool found = strstr(text, line) != NULL;

	if (!found) {
		fprintf(stderr, "no '%s' in:\n%s", line, text);
	}
	return found;
}

static void an_empty_capture_is_one(void)
{
	begin();
	CHECK(open_it());
	output(qtrace_summary, -1);
	CHECK(says("0 events in 0.000 ms, 0 older ones overwritten"));
	output(qtrace_list, -1);
	CHECK_STR(text, "");
	output(json, -1);
	CHECK(says("\"traceEvents\":["));
}

#define HVC ((u32)EC_HVC64 << 26)
#define WFI ((u32)EC_WFX << 26)

/* Two vCPUs of VM 1 and a thread of the monitor. */
static void a_story(void)
{
	begin();
	add(0, 1000, TRACE_SWITCH, TRACE_NOBODY, 1, 0, 0);
	add(0, 1000, TRACE_SCHED, 0x10, TRACE_NOBODY, 'l', 'i');
	add(0, 1100, TRACE_ENTRY, 0x10, 0, 0x80, 0);
	add(0, 1300, TRACE_EXIT, 0x10, HVC, 0x84, 0x84000000);
	add(0, 1350, TRACE_ENTRY, 0x10, 0, 0x88, 0);
	add(0, 1500, TRACE_EXIT, 0x10, HVC, 0x84, 0x84000000);
	add(0, 1650, TRACE_ENTRY, 0x10, 0, 0x88, 0);
	add(0, 2000, TRACE_EXIT, 0x10, WFI, 0x90, 0); /* 30 in the exit, 1000 away, 70 back */
	add(0, 2030, TRACE_SCHED, TRACE_NOBODY, 0x10 | TRACE_LEFT_BLOCKED << 8, 0x656c6469, 'l');
	/* Another CPU goes on with it. */
	add(1, 1200, TRACE_IRQ, 0x11, 27, 0x70, 0);
	add(1, 1210, TRACE_INJECT, 0x11, 27, 0, 0);
	add(1, 1240, TRACE_ENTRY, 0x11, 0, 0x70, 0);
	add(1, 3030, TRACE_SCHED, 0x10, 0x11, 'l', 'l');
	add(1, 3100, TRACE_ENTRY, 0x10, 0, 0x94, 0);
	add(1, 3600, TRACE_EXIT, 0x10, 0x62000000 | 0x3a3016 | 5 << 5, 0x94, 1 << 24);
}

static void costs_and_times(void)
{
	a_story();
	CHECK(open_it());
	output(qtrace_summary, -1);
	CHECK(says("15 events in 0.003 ms, 0 older ones overwritten"));
	CHECK(says("\nhvc                   2        50       100        150          0.2  58.8%\n"));
	CHECK(says("\nwfi                   1       100       100        100          0.1  29.4%\n"));
	CHECK(says("\nirq 27                1        40        40         40          0.0  11.8%\n"));
	CHECK(says("\nsgi                   1         0         0          0          0.0   0.0%\n"));
	CHECK(says("\nall                   5 "));
	/* 200 + 150 + 350 + 500 in the guest, 100 + 50 + 150 + 30 + 70 in EL2, 1000 away. */
	CHECK(says("\nlin\"ux/0                      4       0.001       0.000       0.001  46.2%\n"));
	CHECK(says("\nlin\"ux/1                      1       0.002 "));
	CHECK(says("\nidle                          1       0.002\n"));
	CHECK(says("\n0                             2       0.001  39.6%\n"));
	CHECK(says("\n1                             1       0.002  92.3%\n"));
	output(qtrace_summary, 0);
	CHECK(strstr(text, "hvc") == NULL);
}

static void lists_in_order_of_time(void)
{
	const char *inject, *hvc;

	a_story();
	CHECK(open_it());
	output(qtrace_list, -1);
	CHECK(says("    0.000000000 [0] trace on\n"));
	CHECK(says("    0.000000300 [0] lin\"ux/0: exit hvc, pc 0x84, esr 0x58000000, x0 0x84000000\n"));
	inject = strstr(text, "    0.000000210 [1] lin\"ux/1: interrupt 27 pends\n");
	hvc = strstr(text, "exit hvc");
	CHECK(inject != NULL && hvc != NULL && inject < hvc);
	CHECK(says("msr S3_0_C12_C11_5 = 0x1000000\n"));
	output(qtrace_list, 2);
	CHECK_STR(text, "");
}

static void json_has_slices(void)
{
	a_story();
	CHECK(open_it());
	output(json, -1);
	CHECK(says("{\"ph\":\"X\",\"pid\":2,\"tid\":0,\"name\":\"hvc\",\"ts\":0.300,\"dur\":0.050}"));
	CHECK(says("{\"ph\":\"X\",\"pid\":2,\"tid\":0,\"name\":\"away\",\"ts\":1.030,\"dur\":1.000}"));
	CHECK(says("{\"ph\":\"X\",\"pid\":0,\"tid\":1,\"name\":\"guest\",\"ts\":2.100,\"dur\":0.500}"));
	CHECK(says("\"name\":\"thread_name\",\"args\":{\"name\":\"lin\\\"ux/1\"}}"));
}

static void what_is_overwritten_is_told(void)
{
	begin();
	for (u64 i = 0; i < 3 * EVENTS; i++) {
		add(0, i, TRACE_TIMER, TRACE_NOBODY, 0, i, 0);
	}
	CHECK(open_it());
	CHECK_EQ(c.lost, 2 * EVENTS + TRACE_MARGIN);
	CHECK_EQ(c.first[0], 3 * EVENTS + TRACE_MARGIN);
	/* The record that was just being written is not looked at. */
	ring(0)->event[0].kind = 0xee;
	ring(0)->event[0].lap = 99;
	CHECK(open_it());
	output(qtrace_summary, -1);
	CHECK(says("112 events in 0.000 ms, 272 older ones overwritten"));
}

static void time_never_runs_backwards(void)
{
	struct trace_event e;
	struct cursor k;
	u64 last = 0;
	u32 cpu, n = 0;

	begin();
	add(0, 50, TRACE_TIMER, TRACE_NOBODY, 0, 0, 0);
	add(0, 40, TRACE_TIMER, TRACE_NOBODY, 0, 0, 0);
	add(1, 45, TRACE_TIMER, TRACE_NOBODY, 0, 0, 0);
	add(1, ~0UL, TRACE_TIMER, TRACE_NOBODY, 0, 0, 0);
	CHECK(open_it());
	for (cursor_start(&c, &k); next_event(&c, &k, &e, &cpu); n++) {
		CHECK(e.time >= last);
		last = e.time;
	}
	CHECK_EQ(n, 4);
}

#define REFUSES(what, part) \
	do { \
		a_story(); \
		CHECK(open_it()); \
		what; \
		CHECK(!open_it()); \
		CHECK(strstr(why, part) != NULL); \
	} while (0)

static void damage_is_refused(void)
{
	REFUSES(file.h.magic[0] = 'q', "does not begin with QTRACE");
	REFUSES(file.h.version = 2, "version 2 of the format, expected 1");
	REFUSES(file.h.header_size--, "sizes or frequency");
	REFUSES(file.h.event_size = 16, "sizes or frequency");
	REFUSES(file.h.order = 0, "sizes or frequency");
	REFUSES(file.h.order = 63, "sizes or frequency");
	REFUSES(file.h.order = ORDER + 1, "ring of CPU 0 begins");
	REFUSES(file.h.order = ORDER + 2, "cut off: the ring of CPU 0");
	REFUSES(file.h.hz = 0, "sizes or frequency");
	REFUSES(file.h.ring[0] = ~0UL, "ring of CPU 0 is not where it belongs");
	REFUSES(file.h.ring[1] = file.h.ring[0], "ring of CPU 1 is not where it belongs");
	REFUSES(file.h.ring[1] = 0, "bytes behind the last ring");
	REFUSES(file.h.ring[7] = sizeof(file), "cut off: the ring of CPU 7");
	REFUSES(ring(0)->head = 0, "ring of CPU 0 begins");
	REFUSES(ring(0)->head = ~0UL, "ring of CPU 0 begins");
	REFUSES(ring(1)->order = 30, "ring of CPU 1 begins");
	REFUSES(ring(1)->cpu = 0, "ring of CPU 1 begins");
	REFUSES(ring(0)->event[3].lap++, "damaged: event 131 of CPU 0");
	REFUSES(ring(0)->event[3].kind = 0, "damaged: event 131 of CPU 0");
	REFUSES(ring(0)->event[3].kind = TRACE_KINDS, "damaged: event 131 of CPU 0");
	REFUSES(ring(0)->head++, "damaged: event 137 of CPU 0");
}

static void every_cut_is_refused(void)
{
	a_story();
	for (size_t n = 0; n < sizeof(file); n++) {
		char *copy = malloc(n + 1);

		memcpy(copy, &file, n);
		CHECK(!capture_open(&c, copy, n, why, sizeof(why)));
		free(copy);
	}
}

static void reasons(void)
{
	char name[32];

	reason_name(EC_HVC64, name, sizeof(name));
	CHECK_STR(name, "hvc");
	reason_name(0x2f, name, sizeof(name));
	CHECK_STR(name, "serror");
	reason_name(0x3f, name, sizeof(name));
	CHECK_STR(name, "class 0x3f");
	reason_name(REASON_IRQ + 1023, name, sizeof(name));
	CHECK_STR(name, "irq 1023");
	reason_name(REASON_IRQ_MANY, name, sizeof(name));
	CHECK_STR(name, "lpi");
	reason_name(REASON_UNKNOWN, name, sizeof(name));
	CHECK_STR(name, "unknown");
}

TEST_MAIN(RUN(an_empty_capture_is_one), RUN(costs_and_times), RUN(lists_in_order_of_time),
	  RUN(json_has_slices), RUN(what_is_overwritten_is_told), RUN(time_never_runs_backwards),
	  RUN(damage_is_refused), RUN(every_cut_is_refused), RUN(reasons))
