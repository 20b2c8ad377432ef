/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A payload of no known format: raw.bin has no header and runs from its first byte. Says where it is, then
 * prints a line every few seconds. Boot arguments: beats=NUMBER of lines (0: for ever), every=SECONDS.
 */
#include "rt/board.h"
#include "rt/console.h"
#include "rt/cpu.h"
#include "rt/gic.h"
#include "rt/smp.h"
#include "rt/timer.h"

static volatile u64 beats;
static u64 every;

static void beat(u32 iar)
{
	(void)iar;
	beats++;
	write_sysreg(cntv_cval_el0, read_sysreg(cntv_cval_el0) + every);
	isb();
}

void guest_main(void)
{
	u64 last = board_arg_number("beats", 0), seen = 0;

	every = board_arg_number("every", 5) * timer_frequency();
	every = every ? every : timer_frequency();
	printf("Raw payload at 0x%lx, EL%lu\n", image_base(), read_sysreg(CurrentEL) >> 2);
	gic_init();
	irq_set_handler(board.vtimer_intid, beat);
	gic_enable(board.vtimer_intid);
	vtimer_arm(timer_count() + every);
	irq_enable();
	while (last == 0 || seen < last) {
		wfi();
		while (seen < beats) {
			printf("raw payload beat %lu\n", ++seen);
		}
	}
}
