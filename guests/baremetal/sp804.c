/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The dual timer SP804 (ARM DDI 0271) against the generic timer: what it counts, when it interrupts, how it stops.
 * hz=N is its clock (1000000). SP804-OK, or SP804-FAIL with what is wrong.
 */
#include "rt/board.h"
#include "rt/console.h"
#include "rt/cpu.h"
#include "rt/fdt.h"
#include "rt/gic.h"
#include "rt/mmu.h"
#include "rt/psci.h"
#include "rt/smp.h"
#include "rt/timer.h"

enum { LOAD = 0x00, VALUE = 0x04, CONTROL = 0x08, INTCLR = 0x0c, RIS = 0x10, MIS = 0x14, BGLOAD = 0x18,
       SECOND = 0x20, ID = 0xfe0 };
enum { ONESHOT = 0x01, SIZE32 = 0x02, DIV16 = 0x04, INTEN = 0x20, PERIODIC = 0x40, ENABLE = 0x80 };

static u64 base, hz, failures;
static u32 intid;
static volatile u32 fired;

static void expect(bool good, const char *what, u64 value)
{
	if (!good) {
		printf("SP804-FAIL %s %lu\n", what, value);
		failures++;
	}
}

static u32 reg(u32 off)
{
	return *(volatile u32 *)(base + off);
}

static void set(u32 off, u32 value)
{
	*(volatile u32 *)(base + off) = value;
}

static void visit(const struct fdt_node *node)
{
	u64 size;

	if (fdt_is_compatible(node, "arm,sp804") && fdt_reg(node, 0, &base, &size)) {
		intid = fdt_cell(node, "interrupts", 1) + 32;
	}
}

/* Ticks of the device in that many of the generic timer, rounded down. */
static u64 to_ticks(u64 count)
{
	return count * hz / timer_frequency();
}

static u64 ms(u64 n)
{
	return n * timer_frequency() / 1000;
}

static void expired(u32 iar)
{
	(void)iar;
	expect(reg(MIS) == 1, "MIS in the handler", reg(MIS));
	expect(reg(SECOND + MIS) == 0, "MIS of the other", reg(SECOND + MIS));
	fired++;
	set(INTCLR, 0);
}

static void alarm(u32 iar)
{
	(void)iar;
	vtimer_stop();
}

/* Sleep until the interrupt has come that often; false after 20 seconds. */
static bool await(u32 times)
{
	u64 end = timer_count() + ms(20000);

	irq_disable();
	while (fired < times && timer_count() < end) {
		vtimer_arm(end);
		wfi();
		irq_enable();
		irq_disable();
	}
	irq_enable();
	return fired >= times;
}

static void identity(void)
{
	static const u8 id[8] = { 0x04, 0x18, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };
	u32 i;

	for (i = 0; i < 8; i++) {
		expect((reg(ID + 4 * i) & 0xff) == id[i], "identification register", i);
	}
	for (i = 0; i <= SECOND; i += SECOND) {
		expect(reg(i + VALUE) == 0xffffffff, "VALUE after reset", reg(i + VALUE));
		expect(reg(i + CONTROL) == 0x20, "CONTROL after reset", reg(i + CONTROL));
		expect(reg(i + RIS) == 0, "RIS after reset", reg(i + RIS));
	}
}

/* Between two looks it counts what lies between the generic timer's looks around them: at least, at most. */
static void free_running(u32 off, u32 control, u32 divider)
{
	u64 before[2], after[2], got, least, most;
	u32 value[2];

	set(off + LOAD, 0xffffffff);
	set(off + CONTROL, control | SIZE32 | ENABLE);
	for (int i = 0; i < 2; i++) {
		before[i] = timer_count();
		value[i] = reg(off + VALUE);
		after[i] = timer_count();
		delay_us(i == 0 ? 50000 : 0);
	}
	got = value[0] - value[1];
	least = to_ticks(before[1] - after[0]) / divider;
	most = to_ticks(after[1] - before[0]) / divider;
	expect(got + 2 >= least, "counts too slowly, ticks:", got);
	expect(got <= most + 2, "counts too fast, ticks:", got);
	set(off + CONTROL, 0);
	value[0] = reg(off + VALUE);
	delay_us(5000);
	expect(reg(off + VALUE) == value[0], "counts while it is off", reg(off + VALUE));
}

static void periodic(void)
{
	u64 began, took;
	u32 count;

	fired = 0;
	set(LOAD, (u32)(hz / 500));
	began = timer_count();
	set(CONTROL, PERIODIC | SIZE32 | INTEN | ENABLE);
	expect(await(50), "periodic interrupts:", fired);
	irq_disable();
	count = fired;
	took = timer_count() - began;
	irq_enable();
	/* One that is pending when the next expires is one: fewer may come, not more. */
	expect(took + ms(2) >= ms(2) * count, "too many periodic interrupts:", count);
	expect(reg(VALUE) <= hz / 500, "VALUE above the period", reg(VALUE));
	set(BGLOAD, (u32)(hz / 100));
	expect(reg(LOAD) == hz / 100, "LOAD after BGLOAD", reg(LOAD));
	/* The period that runs when BGLOAD is written ends as it would have. */
	count = fired;
	expect(await(count + 2), "after BGLOAD", fired);
	count = fired;
	began = timer_count();
	expect(await(count + 5), "with the new period", fired);
	/* The first two may have waited for this CPU. */
	expect(timer_count() - began + ms(22) >= ms(50), "BGLOAD has no effect, ticks:", timer_count() - began);
	set(CONTROL, 0);
	set(INTCLR, 0);
	count = fired;
	delay_us(30000);
	expect(fired == count, "interrupts after it was stopped", fired - count);
}

static void oneshot(void)
{
	u64 began;

	fired = 0;
	set(CONTROL, ONESHOT | SIZE32 | INTEN);
	set(LOAD, (u32)(hz / 50));
	began = timer_count();
	set(CONTROL, ONESHOT | SIZE32 | INTEN | ENABLE);
	expect(await(1), "no one-shot interrupt", 0);
	expect(timer_count() - began + ms(1) >= ms(20), "one-shot too early, ticks:", timer_count() - began);
	delay_us(60000);
	expect(fired == 1, "one-shot interrupts:", fired);
	expect(reg(RIS) == 0, "RIS after INTCLR", reg(RIS));
	expect(reg(VALUE) == 0, "VALUE after the one-shot", reg(VALUE));
	/* Writing LOAD starts it again. */
	set(LOAD, (u32)(hz / 50));
	expect(await(2), "no second one-shot interrupt", 0);
	/* Masked: it shows in RIS only, and as an interrupt when it is unmasked. */
	set(CONTROL, ONESHOT | SIZE32 | ENABLE);
	set(LOAD, (u32)(hz / 100));
	delay_us(30000);
	expect(reg(RIS) == 1 && reg(MIS) == 0 && fired == 2, "masked one-shot", fired);
	set(CONTROL, ONESHOT | SIZE32 | INTEN | ENABLE);
	expect(await(3), "not pending when unmasked", fired);
	set(CONTROL, 0);
}

void guest_main(void)
{
	hz = board_arg_number("hz", 1000000);
	mmu_on();
	gic_init();
	irq_set_handler(board.vtimer_intid, alarm);
	gic_enable(board.vtimer_intid);
	if (fdt_walk(board.fdt, visit) != 0 || base == 0) {
		printf("SP804-FAIL no arm,sp804\n");
		poweroff();
	}
	identity();
	irq_set_handler(intid, expired);
	gic_enable(intid);
	irq_enable();
	free_running(0, 0, 1);
	free_running(SECOND, DIV16, 16);
	periodic();
	oneshot();
	if (failures == 0) {
		printf("SP804-OK hz=%lu\n", hz);
	}
	poweroff();
}
