/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest that lives on: says "tick N" every ms=N milliseconds (1000), sleeps in between, and does what
 * it is told by single bytes: `s` all CPUs spin from now on, `h` calls=N (1000) calls of nobody's function
 * by HVC, `r` reset, `q` power off. Whatever else is typed is answered with "got 0xNN".
 */
#include "rt/board.h"
#include "rt/console.h"
#include "rt/cpu.h"
#include "rt/gic.h"
#include "rt/psci.h"
#include "rt/smp.h"
#include "rt/timer.h"

#define UART_IMSC 0x38
#define UART_RX (1U << 4 | 1U << 6) /* receive, receive timeout */

static volatile bool spinning, due, typed;
static u64 period;

static void tick(u32 iar)
{
	(void)iar;
	due |= this_cpu()->index == 0;
	vtimer_arm(read_sysreg(cntv_cval_el0) + period);
}

/* The bytes are fetched by the main loop, the interrupt is off until then. */
static void input(u32 iar)
{
	(void)iar;
	*(volatile u32 *)(board.uart + UART_IMSC) = 0;
	typed = true;
}

static void obey(int byte)
{
	switch (byte) {
	case 's':
		printf("spinning\n");
		spinning = true;
		break;
	case 'h':
		for (u64 i = board_arg_number("calls", 1000); i != 0; i--) {
			psci(0xc6001234, i, 0, 0);
		}
		printf("called\n");
		break;
	case 'r':
		psci(PSCI_SYSTEM_RESET, 0, 0, 0);
		break;
	case 'q':
		poweroff();
	default:
		printf("got 0x%02x\n", (unsigned int)byte);
		break;
	}
}

/* The other CPUs wait until they are to spin: their own tick lets them look. */
static void other(void *arg)
{
	(void)arg;
	gic_enable(board.vtimer_intid);
	vtimer_arm(timer_count());
	irq_enable();
	for (;;) {
		if (!spinning) {
			wfi();
		}
	}
}

void guest_main(void)
{
	u64 count = 0;
	unsigned int i;

	period = board_arg_number("ms", 1000) * timer_frequency() / 1000;
	gic_init();
	irq_set_handler(board.vtimer_intid, tick);
	irq_set_handler(board.uart_intid, input);
	gic_enable(board.vtimer_intid);
	gic_enable(board.uart_intid);
	printf("steady: %u CPUs\n", board.nr_cpus);
	for (i = 1; i < board.nr_cpus; i++) {
		if (smp_start(i, other, NULL) != PSCI_SUCCESS) {
			printf("CPU %u does not start\n", i);
		}
	}
	*(volatile u32 *)(board.uart + UART_IMSC) = UART_RX;
	vtimer_arm(timer_count() + period);
	for (;;) {
		irq_disable();
		if (!due && !typed && !spinning) {
			wfi();
		}
		irq_enable();
		if (due) {
			due = false;
			printf("tick %lu\n", ++count);
		}
		if (typed) {
			int byte;

			typed = false;
			while ((byte = console_getc()) >= 0) {
				obey(byte);
			}
			*(volatile u32 *)(board.uart + UART_IMSC) = UART_RX;
		}
	}
}
