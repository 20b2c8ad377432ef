/* SPDX-License-Identifier: Apache-2.0 */
/* Rings that wrap, readers that come too late, what an exit records, events as text. */
#include <errno.h>
#include "tests/unit/test.h"
#include "tests/unit/guest_util.h"
#include "core/base/memory.h"
#include "core/sysreg/sysreg.h"
#include "core/trace.c"

#define ORDER TRACE_MIN_ORDER
#define EVENTS (1UL << ORDER)
#define SIZE (32UL << ORDER)

static struct guest *g;

static void begin(void)
{
	for (u32 i = 0; i < MAX_CPUS; i++) {
		rings[i] = NULL; /* host_init() has forgotten its memory's use, not the memory */
	}
	memset(&trace_header, 0, sizeof(trace_header));
	host_tracing = false;
	wanted = false;
	g = guest_new();
	host_percpu->current = &host_percpu->idle_thread;
	snprintf(trace_header.vm[0], TRACE_VM_NAME, "linux");
	g->v->trace_who = trace_who(0, 0);
}

static void on(void)
{
	begin();
	CHECK_EQ(trace_start(SIZE), 0);
	schedule();
	host_percpu->current = &g->v->thread;
}

static void end(void)
{
	u64 order = trace_header.order;

	host_percpu->current = &host_percpu->idle_thread;
	guest_free(g);
	if (order != 0) {
		drop_rings((u32)order);
	}
}

static struct trace_event last(void)
{
	struct trace_event e = { 0 };

	CHECK(trace_read(0, trace_head(0) - 1, &e));
	return e;
}

static void nothing_is_recorded_while_it_is_off(void)
{
	begin();
	trace_put(TRACE_TIMER, TRACE_NOBODY, 0, 0, 0);
	CHECK(!trace_on());
	CHECK(!trace_wanted());
	CHECK_EQ(trace_head(0), 0);
	CHECK(!trace_read(0, 0, &(struct trace_event){ 0 }));
	CHECK(!trace_read(MAX_CPUS, 0, &(struct trace_event){ 0 }));
	CHECK_EQ(trace_header.order, 0);
	end();
}

static void a_cpu_follows_when_it_schedules(void)
{
	u64 free_before;

	begin();
	free_before = mem_free_bytes();
	CHECK_EQ(trace_start(SIZE), 0);
	CHECK(trace_wanted());
	CHECK(trace_following());
	CHECK(!host_tracing);
	CHECK(!trace_on());
	schedule();
	CHECK(host_tracing);
	CHECK(trace_on());
	CHECK(!trace_following());
	CHECK_EQ(last().kind, TRACE_SWITCH);
	CHECK_EQ(last().info, 1);
	CHECK_EQ(trace_head(0), EVENTS + 1);
	CHECK_EQ(memcmp(trace_header.magic, TRACE_MAGIC, 8), 0);
	CHECK_EQ(trace_header.ring[0], (u64)rings[0]);
	trace_stop();
	CHECK(trace_on());
	schedule();
	CHECK(!host_tracing);
	CHECK(!trace_on());
	CHECK_EQ(last().kind, TRACE_SWITCH);
	CHECK_EQ(last().info, 0);
	trace_put(TRACE_TIMER, TRACE_NOBODY, 0, 0, 0);
	CHECK_EQ(last().kind, TRACE_SWITCH);
	/* Again: the same rings, the same size. */
	CHECK_EQ(trace_start(MiB(1)), 0);
	schedule();
	CHECK_EQ(trace_header.order, ORDER);
	CHECK_EQ(trace_head(0), EVENTS + 3);
	CHECK_EQ(free_before - mem_free_bytes(), SIZE + PAGE_SIZE);
	/* On while it is on, off while it is off: nothing to follow. */
	CHECK_EQ(trace_start(SIZE), 0);
	CHECK(!trace_following());
	end();
}

static void no_memory_leaves_nothing_behind(void)
{
	u64 before;

	begin();
	percpus[1].online = true;
	before = mem_free_bytes();
	CHECK_EQ(trace_start(MiB(8)), -ENOMEM); /* one ring of two */
	percpus[1].online = false;
	CHECK_EQ(mem_free_bytes(), before);
	CHECK_EQ(trace_header.order, 0);
	CHECK(!trace_wanted());
	CHECK_EQ(trace_start(0), -EINVAL);
	CHECK_EQ(trace_start(SIZE / 2), -EINVAL);
	CHECK_EQ(trace_start(SIZE + 1), -EINVAL);
	CHECK_EQ(trace_start(MiB(64)), -EINVAL);
	CHECK_EQ(trace_head(0), 0);
	end();
}

static void the_oldest_is_overwritten(void)
{
	struct trace_event e;

	on();
	for (u64 i = 1; i < 5 * EVENTS / 2; i++) { /* number EVENTS is the switch */
		trace_put(TRACE_TIMER, TRACE_NOBODY, (u32)i, i, ~i);
	}
	CHECK_EQ(trace_head(0), EVENTS + 5 * EVENTS / 2);
	for (u64 n = 0; n < 5 * EVENTS; n++) {
		u64 i = n - EVENTS;
		bool there = n >= 5 * EVENTS / 2 + TRACE_MARGIN && n < EVENTS + 5 * EVENTS / 2;

		CHECK_EQ(trace_read(0, n, &e), there);
		if (there) {
			CHECK_EQ(e.info, i);
			CHECK_EQ(e.a, i);
			CHECK_EQ(e.b, ~i);
		}
	}
	end();
}

static void before_it_wraps_all_is_there(void)
{
	struct trace_event e;

	on();
	for (u64 i = 1; i < EVENTS; i++) {
		CHECK(!trace_read(0, EVENTS + i, &e));
		trace_put(TRACE_TIMER, TRACE_NOBODY, (u32)i, 0, 0);
	}
	for (u64 i = 0; i < EVENTS; i++) {
		CHECK(trace_read(0, EVENTS + i, &e));
		CHECK_EQ(e.kind, i == 0 ? TRACE_SWITCH : TRACE_TIMER);
	}
	CHECK(!trace_read(0, EVENTS - 1, &e));
	end();
}

/* A record whose slot the writer has reached meanwhile is not taken for the old one. */
static void torn_events_are_refused(void)
{
	struct trace_event e, *slot;

	on();
	for (u64 i = 1; i < 2 * EVENTS; i++) {
		trace_put(TRACE_TIMER, TRACE_NOBODY, (u32)i, 0, 0);
	}
	slot = &rings[0]->event[EVENTS / 2];
	CHECK(trace_read(0, 2 * EVENTS + EVENTS / 2, &e));
	slot->lap++;
	CHECK(!trace_read(0, 2 * EVENTS + EVENTS / 2, &e));
	slot->lap -= 2;
	CHECK(!trace_read(0, 2 * EVENTS + EVENTS / 2, &e));
	slot->lap++;
	slot->kind = TRACE_KINDS;
	CHECK(!trace_read(0, 2 * EVENTS + EVENTS / 2, &e));
	slot->kind = TRACE_NONE;
	CHECK(!trace_read(0, 2 * EVENTS + EVENTS / 2, &e));
	end();
}

/* The number's 16 bits in the record wrap as well. */
static void laps_wrap(void)
{
	struct trace_event e;

	on();
	rings[0]->head = 0xffffUL << ORDER;
	for (u64 i = 0; i < 2 * EVENTS; i++) {
		trace_put(TRACE_TIMER, TRACE_NOBODY, (u32)i, 0, 0);
	}
	CHECK(trace_read(0, (0x10000UL << ORDER) + EVENTS - 1, &e));
	CHECK_EQ(e.lap, 0);
	CHECK_EQ(e.info, 2 * EVENTS - 1);
	end();
}

static const char *text_of(const struct trace_event *e)
{
	static char buf[200];
	size_t n;

	memset(buf, '#', sizeof(buf));
	n = trace_event_text(&trace_header, e, buf, sizeof(buf));
	CHECK_EQ(n, strlen(buf));
	return buf;
}

static void exits_tell_their_reason(void)
{
	struct vcpu *v;
	struct trace_event e;
	u64 exits;

	on();
	v = g->v;
	v->x[0] = 0x84000000;
	write_esr_el2(field_prep(ESR_EC, EC_HVC64) | ESR_IL);
	exits = v->exits[EC_HVC64];
	trace_sync(v);
	CHECK_EQ(v->x[0], 0x10001); /* it was handled */
	CHECK_EQ(v->exits[EC_HVC64], exits + 1);
	e = last();
	CHECK_EQ(e.kind, TRACE_EXIT);
	CHECK_EQ(e.who, 0);
	CHECK_EQ(e.time, host_time_ns());
	CHECK_STR(text_of(&e), "linux/0: exit hvc, pc 0x40001000, esr 0x5a000000, x0 0x84000000");
	guest_rewind(g);
	trace_entry(v);
	e = last();
	CHECK_STR(text_of(&e), "linux/0: enter, pc 0x40001000");

	write_far_el2(0xffff000000000123);
	write_hpfar_el2((G_DEV + 0x1000) >> 12 << 4);
	write_esr_el2(field_prep(ESR_EC, EC_DABT_LOWER) | ESR_IL | ESR_ISV | ESR_WNR | FSC_TRANSLATION | 3);
	trace_sync(v);
	e = last();
	CHECK_EQ(e.b, G_DEV + 0x1123);
	CHECK(strstr(text_of(&e), "exit mmio, pc 0x40001000") != NULL);
	CHECK(strstr(text_of(&e), ", write 0x") != NULL);

	guest_rewind(g);
	g->vm.vgic.vcpus = 1;
	v->x[3] = 5UL << 24; /* SGI 5 to nobody */
	write_esr_el2(field_prep(ESR_EC, EC_SYSREG) | ESR_IL | SYSREG(3, 0, 12, 11, 5) |
		      field_prep(ESR_SYS_RT, 3));
	trace_sync(v);
	e = last();
	CHECK_EQ(e.kind, TRACE_INJECT);
	CHECK_STR(text_of(&e), "linux: interrupt 5 pends, SGI 0x5000000");
	CHECK(trace_read(0, trace_head(0) - 2, &e));
	CHECK_STR(text_of(&e), "linux/0: exit sysreg, pc 0x40001000, esr 0x623a3076, "
		  "msr S3_0_C12_C11_5 = 0x5000000");
	trace_serror(v);
	e = last();
	CHECK_EQ(e.kind, TRACE_EXIT);
	CHECK_EQ(v->exits[EXIT_SERROR], 1);
	end();
}

static void entries_stop_when_it_is_switched_off(void)
{
	u64 head;

	on();
	host_percpu->trace = NULL;
	head = trace_head(0);
	trace_entry(g->v); /* its exit was traced */
	CHECK_EQ(trace_head(0), head);
	end();
}

static void switches_name_both_threads(void)
{
	struct thread a = { .name = "balancing", .prio = 3, .state = THREAD_BLOCKED };
	struct trace_event e;

	on();
	trace_switch(&a, &g->v->thread);
	e = last();
	CHECK_STR(text_of(&e), "balancin (blocked) -> linux/0, priority 10");
	trace_switch(&g->v->thread, &a);
	e = last();
	CHECK_STR(text_of(&e), "linux/0 (ready) -> balancin, priority 3");
	end();
}

static void other_events_as_text(void)
{
	static const struct {
		struct trace_event e;
		const char *text;
	} rows[] = {
		{ { .kind = TRACE_IRQ, .info = 27, .a = 0x10 }, "linux/0: exit irq 27, pc 0x10" },
		{ { .kind = TRACE_EL2_IRQ, .info = 26, .who = 0xff }, "irq 26 in the monitor" },
		{ { .kind = TRACE_INJECT, .info = 37, .who = 0x0f }, "linux: interrupt 37 pends" },
		{ { .kind = TRACE_INJECT, .info = 23, .who = 0x32 }, "vm4/2: interrupt 23 pends" },
		{ { .kind = TRACE_TIMER, .who = 0xff, .time = 9, .a = 7, .b = 16 }, "timer 0x10, due 2 ticks ago" },
		{ { .kind = TRACE_VCPU, .info = TRACE_VCPU_ON }, "linux/0: vCPU on" },
		{ { .kind = TRACE_VM, .info = TRACE_VM_DEAD, .who = 0x0f }, "linux: VM is dead" },
		{ { .kind = TRACE_VM, .info = 99, .who = 0x0f }, "linux: VM is ?" },
		{ { .kind = TRACE_SWITCH, .info = 1, .who = 0xff }, "trace on" },
		{ { .kind = TRACE_EXIT, .info = 0xfc000000, .a = 1 }, "linux/0: exit class 0x3f, pc 0x1, esr 0xfc000000" },
		{ { .kind = TRACE_EXIT, .info = 0xbe000000 }, "linux/0: exit serror, pc 0x0, esr 0xbe000000" },
		{ { .kind = TRACE_SCHED, .info = 0xff, .who = 0xff, .a = 0x0a41, .b = 0 }, " (ready) -> A?, priority 0" },
	};
	char small[8];

	begin();
	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		CHECK_STR(text_of(&rows[i].e), rows[i].text);
		CHECK(trace_event_text(&trace_header, &rows[i].e, small, sizeof(small)) < sizeof(small));
	}
	end();
}

static void sizes(void)
{
	static const struct {
		const char *text;
		u64 size;
	} rows[] = {
		{ "4K", 4096 }, { "4096", 4096 }, { "1M", MiB(1) }, { "1m", MiB(1) }, { "32M", MiB(32) },
		{ "64k", KiB(64) }, { "2K", 0 }, { "64M", 0 }, { "3K", 0 }, { "", 0 }, { "K", 0 },
		{ "4KK", 0 }, { "4G", 0 }, { "-4K", 0 }, { "4K ", 0 }, { "99999999999", 0 }, { "0x1000", 0 },
	};

	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		CHECK_EQ(trace_size(rows[i].text, strlen(rows[i].text)), rows[i].size);
	}
}

TEST_MAIN(RUN(nothing_is_recorded_while_it_is_off), RUN(a_cpu_follows_when_it_schedules),
	  RUN(no_memory_leaves_nothing_behind), RUN(the_oldest_is_overwritten),
	  RUN(before_it_wraps_all_is_there), RUN(torn_events_are_refused), RUN(laps_wrap),
	  RUN(exits_tell_their_reason), RUN(entries_stop_when_it_is_switched_off),
	  RUN(switches_name_both_threads), RUN(other_events_as_text), RUN(sizes))
