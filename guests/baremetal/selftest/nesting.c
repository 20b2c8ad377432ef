/* SPDX-License-Identifier: Apache-2.0 */
/* Preemption: handlers that let more urgent interrupts in, deeper than a hypervisor has list registers. */
#include "check.h"

#define DEPTH	6

struct entry {
	u32 intid;
	u32 running;
	u32 depth;
};

static volatile struct entry entries[16];
static volatile u32 nr_entries, depth;
static void (*volatile inside)(u32 intid);

/* Acknowledge, let others in while "inside" runs, end. ELR and SPSR are safe in the frame. */
static void nested_irq(struct trap_frame *frame)
{
	u32 iar = gic_ack(), intid = GIC_INTID(iar), n;

	(void)frame;
	if (intid >= 1020) {
		return;
	}
	n = nr_entries;
	if (n < ARRAY_SIZE(entries)) {
		entries[n].intid = intid;
		entries[n].running = gic_running_priority();
		entries[n].depth = depth;
		nr_entries = n + 1;
	}
	depth = depth + 1;
	irq_enable();
	if (inside) {
		inside(intid);
	}
	irq_disable();
	depth = depth - 1;
	gic_eoi(iar);
}

static void begin(void (*fn)(u32 intid))
{
	nr_entries = 0;
	depth = 0;
	inside = fn;
	trap_set_irq(nested_irq);
}

static void run(void)
{
	irq_enable();
	delay_us(500);
	irq_disable();
}

/* Spares 0 (0x80), 1 (0x40) and 2 (0xa0). */
static void pend_others(u32 intid)
{
	if (intid == spare_spi(0)) {
		gic_set_pending(spare_spi(2));
		gic_set_pending(spare_spi(1));
		delay_us(200);
	}
}

static void preempt(void)
{
	gic_set_priority(spare_spi(0), 0x80);
	gic_set_priority(spare_spi(1), 0x40);
	gic_set_priority(spare_spi(2), 0xa0);
	begin(pend_others);
	gic_set_pending(spare_spi(0));
	run();
	check_eq(nr_entries, 3, "three taken");
	check_eq(entries[0].running, 0x80, "RPR in the first");
	check(entries[1].intid == spare_spi(1) && entries[1].depth == 1, "the more urgent one preempts");
	check_eq(entries[1].running, 0x40, "RPR in the second");
	check(entries[2].intid == spare_spi(2) && entries[2].depth == 0, "the less urgent one waits");
	check_eq(gic_running_priority(), 0xff, "RPR is idle afterwards");
}

static void pend_urgent(u32 intid)
{
	if (intid == spare_spi(0)) {
		gic_set_pending(spare_spi(1));
		delay_us(200);
	}
}

static void binary_point(void)
{
	unsigned int old = gic_bpr();

	gic_set_priority(spare_spi(0), 0x60);
	gic_set_priority(spare_spi(1), 0x40);
	gic_set_bpr(7);
	check_eq(gic_bpr(), 7, "binary point 7");
	begin(pend_urgent);
	gic_set_pending(spare_spi(0));
	run();
	check(nr_entries == 2 && entries[1].depth == 0, "one group of priorities: no preemption");
	gic_set_bpr(0);
	check_eq(gic_bpr(), old, "binary point back at its least");
	begin(pend_urgent);
	gic_set_pending(spare_spi(0));
	run();
	check(nr_entries == 2 && entries[1].depth == 1, "preemption again");
}

/* Each handler pends the next, more urgent one. */
static void pend_next(u32 intid)
{
	u32 i = spare_spi(0) - intid;

	if (i + 1 < DEPTH) {
		gic_set_pending(intid - 1);
		delay_us(100);
	}
}

static void deep(void)
{
	unsigned int i, good = 0, idle = 0;

	for (i = 0; i < DEPTH; i++) {
		gic_set_priority(spare_spi(i), 0xc0 - i * 0x20);
	}
	begin(pend_next);
	gic_set_pending(spare_spi(0));
	run();
	for (i = 0; i < DEPTH; i++) {
		good += entries[i].intid == spare_spi(i) && entries[i].depth == i &&
			entries[i].running == 0xc0 - i * 0x20;
		idle += !gic_is_active(spare_spi(i));
	}
	check_eq(nr_entries, DEPTH, "%u levels deep", DEPTH);
	check_eq(good, DEPTH, "each inside the one before");
	check_eq(idle, DEPTH, "none is left active");
	check_eq(gic_running_priority(), 0xff, "RPR is idle after them");
}

/* Active at one level while six others wait and come later. */
static void pend_six(u32 intid)
{
	unsigned int i;

	if (intid == spare_spi(0)) {
		for (i = 1; i <= 6; i++) {
			gic_set_pending(spare_spi(i));
		}
		gic_set_pending(spare_spi(7));
		delay_us(200);
	}
}

static void crowded(void)
{
	unsigned int i;

	for (i = 0; i < 7; i++) {
		gic_set_priority(spare_spi(i), 0x80);
	}
	gic_set_priority(spare_spi(7), 0x20);
	begin(pend_six);
	gic_set_pending(spare_spi(0));
	run();
	check_eq(nr_entries, 8, "six equals and one urgent, all taken");
	check(entries[1].intid == spare_spi(7) && entries[1].depth == 1, "the urgent one at once");
	check_eq(entries[2].depth, 0, "the equals one after the other");
}

void test_nesting(void)
{
	spares_enable(8);
	preempt();
	binary_point();
	deep();
	crowded();
	inside = NULL;
	trap_set_irq(NULL);
	spares_reset(8);
}
