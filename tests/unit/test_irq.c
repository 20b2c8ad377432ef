/* SPDX-License-Identifier: Apache-2.0 */
/* Physical interrupts by number, with the interrupt controller's calls recorded in order. */
#include <errno.h>
#include "tests/unit/test.h"
#include "tests/unit/guest_util.h"

static u32 next_iar = INTID_SPURIOUS;
static char calls[512];

static void call(const char *what, u32 n)
{
	size_t at = strlen(calls);

	snprintf(calls + at, sizeof(calls) - at, "%s%s %u", at != 0 ? ", " : "", what, n);
}

static u32 ack(void)
{
	u32 iar = next_iar;

	next_iar = INTID_SPURIOUS;
	return iar;
}

static void eoi(u32 iar)
{
	call("eoi", iar);
}

static void deactivate(u32 iar)
{
	call("dir", iar);
}

static void enable(u32 intid, bool on)
{
	call(on ? "on" : "off", intid);
}

static void configure(u32 intid, u8 prio, bool edge, u32 cpu)
{
	call("configure", intid);
	call(edge ? "edge" : "level", prio);
	call("cpu", cpu);
}

static void vtimer(struct vcpu *v)
{
	call("vtimer", v->id);
}

static void maintenance(struct vcpu *v)
{
	call("maintenance", v->id);
}

static void kicked(struct vcpu *v)
{
	call("kicked", v->id);
}

static void el2_timer(void)
{
	call("timer", 0);
}

#undef gic_ack_fast
#undef gic_eoi_fast
#undef gic_deactivate_fast
#define gic_ack_fast ack
#define gic_eoi_fast eoi
#define gic_deactivate_fast deactivate
#define gic_enable enable
#define gic_configure configure
#define vgic_vtimer_fired vtimer
#define vgic_maintenance maintenance
#define vgic_kicked kicked
#define sched_timer_irq el2_timer
#include "core/irq.c"

static const struct board board = { .timer = { .virt = { .intid = 27 }, .hyp = { .intid = 26 } },
				    .gic = { .maintenance = { .intid = 25 } } };
static struct guest *g;

static void begin(void)
{
	g = guest_new();
	host_uart_reset();
	irq_init(&board);
	handler_count = 0;
	calls[0] = '\0';
}

static const char *in_guest(u32 iar)
{
	calls[0] = '\0';
	next_iar = iar;
	irq_guest(g->v);
	return calls;
}

static const char *in_el2(u32 iar)
{
	calls[0] = '\0';
	next_iar = iar;
	irq_el2();
	return calls;
}

static void handler(void *arg)
{
	CHECK(arg == &board);
	call("handler", 1);
}

static void other_handler(void *arg)
{
	CHECK(arg == NULL);
	call("handler", 2);
}

static void the_monitors_own(void)
{
	begin();
	CHECK_STR(in_guest(27), "eoi 27, vtimer 0"); /* the guest ends it */
	CHECK_STR(in_guest(26), "eoi 26, timer 0, dir 26");
	CHECK_STR(in_guest(25), "eoi 25, maintenance 0, dir 25");
	CHECK_STR(in_guest(0), "eoi 0, dir 0");
	CHECK_STR(in_guest(15), "eoi 15, dir 15");
	CHECK_STR(in_el2(27), "eoi 27, vtimer 0");
	CHECK_STR(in_el2(26), "eoi 26, timer 0, dir 26");
	CHECK_STR(in_el2(25), "eoi 25, maintenance 0, dir 25");
	CHECK_STR(in_el2(0), "eoi 0, dir 0");
	guest_free(g);
}

static void interrupts_of_a_guest_count(void)
{
	const u64 *n;

	begin();
	n = g->v->exits;
	in_guest(27);
	in_guest(27);
	in_guest(26);
	in_guest(25);
	in_guest(0);
	in_guest(15);
	in_guest(33);
	in_guest(1023);
	CHECK_EQ(n[EXIT_VTIMER], 2);
	CHECK_EQ(n[EXIT_TIMER], 1);
	CHECK_EQ(n[EXIT_MAINTENANCE], 1);
	CHECK_EQ(n[EXIT_KICK], 2);
	CHECK_EQ(n[EXIT_IRQ], 2);
	gic_hw.v3 = false;
	in_guest(0 | 3 << 10); /* a GICv2 names the sender */
	gic_hw.v3 = true;
	CHECK_EQ(n[EXIT_KICK], 3);
	in_el2(26); /* no guest ran */
	CHECK_EQ(n[EXIT_TIMER], 1);
	guest_free(g);
}

/* What a CPU that traces does instead: the same, and an event. */
static void traced_interrupts(void)
{
	static union {
		struct trace_ring r;
		u8 room[sizeof(struct trace_ring) + 8 * sizeof(struct trace_event)];
	} ring;
	const struct trace_event *e = ring.r.event;

	begin();
	ring.r.head = 8;
	ring.r.order = 3;
	g->v->trace_who = 0x12;
	host_percpu->trace = &ring.r;
	calls[0] = '\0';
	next_iar = 27;
	trace_irq(g->v);
	CHECK_STR(calls, "eoi 27, vtimer 0");
	CHECK_EQ(g->v->exits[EXIT_VTIMER], 1);
	CHECK(e[0].kind == TRACE_IRQ && e[0].info == 27 && e[0].who == 0x12 && e[0].a == G_PC);
	CHECK(e[1].kind == TRACE_INJECT && e[1].info == 27 && e[1].who == 0x12);
	gic_hw.v3 = false;
	calls[0] = '\0';
	next_iar = 5 | 3 << 10;
	trace_irq(g->v);
	CHECK_STR(calls, "eoi 3077, dir 3077");
	in_el2(5 | 3 << 10);
	gic_hw.v3 = true;
	CHECK(e[2].kind == TRACE_IRQ && e[2].info == 5);
	CHECK(e[3].kind == TRACE_EL2_IRQ && e[3].info == 5);
	CHECK_EQ(ring.r.head, 12);
	/* As untraced: what others have left to do is done. */
	calls[0] = '\0';
	g->v->work = VWORK_VGIC;
	next_iar = 0;
	trace_irq(g->v);
	CHECK_STR(calls, "eoi 0, dir 0, kicked 0");
	host_percpu->resched = 1;
	next_iar = 0;
	trace_irq(g->v);
	CHECK_EQ(g->v->work, VWORK_RESCHED);
	host_percpu->resched = 0;
	host_percpu->trace = NULL;
	guest_free(g);
}

static void the_board_may_number_them_otherwise(void)
{
	const struct board b = { .timer = { .virt = { .intid = 20 }, .hyp = { .intid = 21 } },
				 .gic = { .maintenance = { .intid = 22 } } };

	begin();
	irq_init(&b);
	CHECK_STR(in_guest(20), "eoi 20, vtimer 0");
	CHECK_STR(in_guest(21), "eoi 21, timer 0, dir 21");
	CHECK_STR(in_guest(22), "eoi 22, maintenance 0, dir 22");
	CHECK_STR(in_guest(27), "eoi 27, off 27, dir 27");
	guest_free(g);
}

static void spurious_ones_are_left_alone(void)
{
	begin();
	for (u32 i = 1020; i < 1024; i++) {
		CHECK_STR(in_guest(i), "");
		CHECK_STR(in_el2(i), "");
	}
	guest_free(g);
}

static void lpi(u32 intid)
{
	call("lpi", intid);
}

static void a_gicv2_names_the_sender(void)
{
	begin();
	gic_hw.v3 = false;
	CHECK_STR(in_guest(0 | 3 << 10), "eoi 3072, dir 3072"); /* all of IAR goes back */
	gic_hw.v3 = true;
	CHECK_STR(in_guest(8192), "eoi 8192"); /* an LPI is no SGI, and never active */
	irq_set_lpi(lpi);
	CHECK_STR(in_el2(65535), "eoi 65535, lpi 65535");
	irq_set_lpi(no_lpi);
	guest_free(g);
}

static void shared_ones_have_handlers(void)
{
	u32 intid;

	begin();
	CHECK_EQ(irq_register(33, false, handler, (void *)&board), 0);
	CHECK_STR(calls, "configure 33, level 160, cpu 0, on 33");
	calls[0] = '\0';
	CHECK_EQ(irq_register(34, true, other_handler, NULL), 0);
	CHECK_STR(calls, "configure 34, edge 160, cpu 0, on 34");
	CHECK_EQ(irq_register(33, false, other_handler, NULL), -EBUSY);
	CHECK_STR(in_guest(33), "eoi 33, handler 1, dir 33");
	CHECK_STR(in_el2(34), "eoi 34, handler 2, dir 34");
	/* Two devices on one line: both are asked, in the order they came. */
	calls[0] = '\0';
	CHECK_EQ(irq_share(35, false, "one", handler, (void *)&board), 0);
	CHECK_STR(calls, "configure 35, level 160, cpu 0, on 35");
	CHECK_EQ(irq_share(35, false, "two", other_handler, NULL), 0);
	CHECK_STR(calls, "configure 35, level 160, cpu 0, on 35");
	CHECK_STR(in_guest(35), "eoi 35, handler 1, handler 2, dir 35");
	CHECK_EQ(irq_share(35, true, "three", handler, NULL), -EBUSY);
	CHECK_EQ(irq_register(35, false, handler, NULL), -EBUSY);
	CHECK_EQ(irq_share(34, true, "three", handler, NULL), -EBUSY);
	CHECK_EQ(irq_share(27, false, "three", handler, NULL), -EINVAL);
	CHECK_STR(irq_describe(3 + 3, &intid), "two");
	CHECK_EQ(intid, 35);
	for (u32 i = 4; i < MAX_HANDLERS; i++) {
		CHECK_EQ(irq_register(40 + i, false, other_handler, NULL), 0);
	}
	calls[0] = '\0';
	CHECK_EQ(irq_register(99, false, handler, NULL), -ENOSPC);
	CHECK_STR(calls, "");
	CHECK_STR(in_guest(40 + MAX_HANDLERS - 1), "eoi 63, handler 2, dir 63");
	guest_free(g);
}

static void what_nobody_wants_is_disabled(void)
{
	unsigned int lines = 0;

	begin();
	host_uart_reset();
	CHECK_STR(in_guest(77), "eoi 77, off 77, dir 77");
	CHECK(strstr(host_uart.out, "interrupt 77 has no handler, disabled") != NULL);
	for (u32 i = 0; i < 50; i++) {
		CHECK(strstr(in_el2(100 + i), "off") != NULL);
	}
	for (const char *s = host_uart.out; (s = strstr(s, "no handler")) != NULL; s++) {
		lines++;
	}
	CHECK(lines <= 16 && lines > 8);
	guest_free(g);
}

static void a_timer_without_its_vcpu_is_silenced(void)
{
	begin();
	host_percpu->loaded = NULL;
	write_cntv_ctl_el0(5);
	CHECK_STR(in_el2(27), "eoi 27, dir 27");
	CHECK_EQ(read_cntv_ctl_el0(), 0);
	CHECK_STR(in_el2(25), "eoi 25, dir 25");
	guest_free(g);
}

static void a_timer_wakes_its_waiting_vcpu(void)
{
	begin();
	/* The idle thread runs; the vCPU is still loaded and waits. */
	host_percpu->current = &host_percpu->idle_thread;
	g->v->thread.state = THREAD_BLOCKED;
	next_iar = 27;
	calls[0] = '\0';
	irq_dispatch(ack());
	CHECK_STR(calls, "eoi 27, vtimer 0");
	CHECK_EQ(g->v->thread.state, THREAD_READY);
	CHECK_EQ(host_percpu->ready, 1);
	CHECK_EQ(host_percpu->resched, 1);
	guest_free(g);
}

static void after_an_interrupt_the_guest_may_have_to_wait(void)
{
	begin();
	host_percpu->resched = 1;
	in_guest(26);
	CHECK_EQ(g->v->work, VWORK_RESCHED);
	g->v->work = 0;
	host_percpu->resched = 0;
	in_guest(26);
	CHECK_EQ(g->v->work, 0);
	guest_free(g);
}

static void a_kick_with_news_for_the_gic_ends_here(void)
{
	begin();
	g->v->work = VWORK_VGIC;
	CHECK_STR(in_guest(0), "eoi 0, dir 0, kicked 0");
	CHECK_EQ(g->v->work, 0);
	/* With more to do it all goes the long way. */
	g->v->work = VWORK_VGIC | VWORK_STOP;
	CHECK_STR(in_guest(0), "eoi 0, dir 0");
	CHECK_EQ(g->v->work, VWORK_VGIC | VWORK_STOP);
	g->v->work = VWORK_VGIC;
	host_percpu->resched = 1;
	CHECK_STR(in_guest(0), "eoi 0, dir 0");
	CHECK_EQ(g->v->work, VWORK_VGIC | VWORK_RESCHED);
	host_percpu->resched = 0;
	guest_free(g);
}

TEST_MAIN(RUN(the_monitors_own), RUN(interrupts_of_a_guest_count), RUN(traced_interrupts), RUN(the_board_may_number_them_otherwise),
	  RUN(spurious_ones_are_left_alone), RUN(a_gicv2_names_the_sender),
	  RUN(shared_ones_have_handlers), RUN(what_nobody_wants_is_disabled),
	  RUN(a_timer_without_its_vcpu_is_silenced), RUN(a_timer_wakes_its_waiting_vcpu),
	  RUN(after_an_interrupt_the_guest_may_have_to_wait),
	  RUN(a_kick_with_news_for_the_gic_ends_here))
