/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest with a PL011 of the machine for itself: uart=ADDRESS (decimal), intid=NUMBER. The interrupt is the level of
 * TXRIS, which stays set once a byte was sent, under IMSC. What it does is what end=WORD says:
 *   all      each deed once, then off: PASS-OK, or PASS-FAIL and what is wrong
 *   restart  the same, but SYSTEM_RESET in the middle of the handler with the line up in the first life; the second
 *            tells itself by IBRD, which a restart leaves alone
 *   storm    never lets the line down, for secs=N
 *   talk     says `TALK text` of what comes in, and sends it back, for ever
 */
#include <string.h>

#include "rt/board.h"
#include "rt/console.h"
#include "rt/cpu.h"
#include "rt/gic.h"
#include "rt/psci.h"
#include "rt/smp.h"
#include "rt/timer.h"

#define DR	0x00
#define FR	0x18
#define IBRD	0x24
#define LCR_H	0x2c
#define CR	0x30
#define IMSC	0x38
#define RIS	0x3c
#define ICR	0x44
#define TXIM	0x20
#define RXIM	0x50	/* and after a time without more */
#define LIFE	0x5a5a

static u64 uart;
static u32 intid;
static volatile u32 taken, taken_on;
static u64 failures;
static volatile u64 storm_end;
static volatile bool other_up;
static volatile enum { CLEAR, KEEP, MASK, RESET } manner;

static u32 rd(u32 reg)
{
	return *(volatile u32 *)(uart + reg);
}

static void wr(u32 reg, u32 val)
{
	*(volatile u32 *)(uart + reg) = val;
}

static void expect(bool good, const char *what, u64 value)
{
	if (!good) {
		printf("PASS-FAIL %s %lu\n", what, value);
		failures++;
	}
}

static void on_uart(u32 iar)
{
	(void)iar;
	taken++;
	taken_on = (u32)(read_sysreg(mpidr_el1) & 0xff);
	switch (manner) {
	case CLEAR:
		wr(IMSC, 0);
		break;
	case KEEP: /* nothing but this runs meanwhile */
		if (timer_count() >= storm_end) {
			wr(IMSC, 0);
		}
		break;
	case MASK:
		gic_disable(intid);
		break;
	case RESET:
		smccc(PSCI_SYSTEM_RESET, 0, 0, 0);
		break;
	}
}

static void wait_ms(u64 ms)
{
	u64 until = timer_count() + timer_frequency() * ms / 1000;

	while (timer_count() < until) {
	}
}

/* Until `n` have been taken, or for a second. */
static bool reached(u32 n)
{
	u64 until = timer_count() + timer_frequency();

	while (taken < n && timer_count() < until) {
	}
	return taken >= n;
}

static void single(u32 n)
{
	u32 i;

	taken = 0;
	for (i = 1; i <= n; i++) {
		wr(IMSC, TXIM);
		if (!reached(i)) {
			break;
		}
	}
	wait_ms(2);
	expect(taken == n, "interrupts, one for each rise of the line:", taken);
}

/* A line that stays up comes again after each end of interrupt. */
static void storm(u64 ms)
{
	manner = KEEP;
	taken = 0;
	storm_end = timer_count() + timer_frequency() * ms / 1000;
	wr(IMSC, TXIM);
	wait_ms(ms + 2);
	manner = CLEAR;
	expect(taken > ms, "interrupts while the line was up:", taken);
	single(3);
}

static void disable_while_active(void)
{
	manner = MASK;
	taken = 0;
	wr(IMSC, TXIM);
	wait_ms(5);
	expect(taken == 1, "interrupts, disabled by the first:", taken);
	expect(!gic_is_active(intid), "active after its end:", gic_is_active(intid));
	manner = CLEAR;
	gic_enable(intid);
	expect(reached(2), "interrupts after it was enabled with the line up:", taken);
	/* Up and down while it is disabled: nothing is left of a level. */
	gic_disable(intid);
	wr(IMSC, TXIM);
	wr(IMSC, 0);
	gic_enable(intid);
	wait_ms(2);
	expect(taken == 2, "interrupts of a line that fell while disabled:", taken);
	single(3);
}

static void by_registers(void)
{
	taken = 0;
	gic_set_pending(intid);
	expect(reached(1), "interrupts made pending by the guest:", taken);
	gic_set_active(intid);
	wr(IMSC, TXIM);
	wait_ms(2);
	expect(taken == 1, "interrupts while made active:", taken);
	gic_clear_active(intid);
	expect(reached(2), "interrupts after that:", taken);
	irq_disable();
	wr(IMSC, TXIM);
	wait_ms(1);
	wr(IMSC, 0);
	gic_disable(intid);
	gic_clear_pending(intid);
	gic_enable(intid);
	irq_enable();
	wait_ms(2);
	expect(taken == 2, "interrupts after it was cleared:", taken);
	single(3);
}

static void deactivated_by_hand(void)
{
	gic_set_eoimode(1);
	taken = 0;
	wr(IMSC, TXIM);
	wait_ms(2);
	expect(taken == 1, "interrupts that only dropped their priority:", taken);
	wr(IMSC, TXIM);
	wait_ms(2);
	expect(taken == 1, "interrupts while not deactivated:", taken);
	gic_dir(intid);
	expect(reached(2), "interrupts after DIR:", taken);
	gic_dir(intid);
	gic_set_eoimode(0);
	single(3);
}

static void idle(void *arg)
{
	(void)arg;
	irq_enable();
	other_up = true;
	for (;;) {
		wfi();
	}
}

static void routed(void)
{
	if (board.nr_cpus < 2) {
		return;
	}
	smp_start(1, idle, NULL);
	while (!other_up) {
	}
	gic_route(intid, 1);
	taken = 0;
	wr(IMSC, TXIM);
	expect(reached(1) && taken_on == 1, "the CPU that took it, routed to 1:", taken_on);
	gic_route(intid, 0);
	wr(IMSC, TXIM);
	expect(reached(2) && taken_on == 0, "the CPU that took it, routed to 0:", taken_on);
	single(3);
}

static void talk(void)
{
	char line[64];
	u32 n = 0;

	for (;;) {
		if (rd(FR) & 0x10) {
			continue;
		}
		line[n] = (char)rd(DR);
		wr(DR, (u32)line[n]);
		if (line[n] == '\n' || n == sizeof(line) - 2) {
			line[n] = 0;
			printf("TALK %s\n", line);
			n = 0;
		} else {
			n++;
		}
	}
}

void guest_main(void)
{
	char end[16] = "all";
	bool again;

	uart = board_arg_number("uart", 0);
	intid = (u32)board_arg_number("intid", 0);
	board_arg("end", end, sizeof(end));
	gic_init();
	wr(CR, 0x301);
	wr(IMSC, 0);
	if (strcmp(end, "talk") == 0) {
		wr(LCR_H, 0x70);
		printf("PASS-TALKS\n");
		talk();
	}
	wr(DR, 'x');
	expect((rd(RIS) & TXIM) != 0, "the UART's raw interrupts:", rd(RIS));
	again = rd(IBRD) == LIFE;
	irq_set_handler(intid, on_uart);
	gic_enable(intid);
	irq_enable();
	single(100);
	if (strcmp(end, "storm") == 0) {
		printf("PASS-STORMS\n");
		storm(board_arg_number("secs", 5) * 1000);
	}
	storm(20);
	disable_while_active();
	by_registers();
	deactivated_by_hand();
	routed();
	expect(irq_strays() == 0, "stray interrupts:", irq_strays());
	if (strcmp(end, "restart") == 0 && !again) {
		wr(IBRD, LIFE);
		printf("PASS-RESETS\n");
		manner = RESET;
		wr(IMSC, TXIM);
		wait_ms(1000);
		expect(false, "it did not reset:", taken);
	}
	wr(IBRD, 0);
	printf(failures ? "PASS-FAILED\n" : "PASS-OK\n");
	smccc(PSCI_SYSTEM_OFF, 0, 0, 0);
}
