/* SPDX-License-Identifier: Apache-2.0 */
/* The EL2 physical timer and counter arithmetic (ARM ARM D11). */
#include "arch/arch.h"

#include "core/base/board.h"
#include "core/base/log.h"

#define CNT_ENABLE BIT(0)
#define CNT_IMASK BIT(1)

#define GUESS_HZ 62500000
#define STUCK_READS 1000000

u64 counter_hz = 1;

const char *arch_counter_init(const struct board *b)
{
	u64 start = counter_now();
	u32 n = 0;

	while (counter_now() == start) {
		if (n++ == STUCK_READS) {
			return "the system counter (CNTPCT_EL0) stands still: firmware has to start it";
		}
	}
	counter_hz = read_cntfrq_el0();
	if (counter_hz == 0) {
		counter_hz = b->timer.frequency != 0 ? b->timer.frequency : GUESS_HZ; /* firmware forgot it */
		log_warn("CNTFRQ_EL0 is 0: %lu Hz %s", counter_hz,
			 b->timer.frequency != 0 ? "by clock-frequency of the device tree" : "assumed, times are wrong");
	}
	return NULL;
}

void arch_timer_init_cpu(void)
{
	write_cnthp_ctl_el2(0);
}

void arch_timer_set(u64 at)
{
	if (at == ~0UL) {
		write_cnthp_ctl_el2(0);
	} else {
		write_cnthp_cval_el2(at);
		write_cnthp_ctl_el2(CNT_ENABLE);
	}
	isb(); /* the line follows before interrupts are looked at */
}

/* a * b / c without overflow in between, saturating. */
static u64 mul_div(u64 a, u64 b, u64 c)
{
	u64 whole = a / c;

	if (whole != 0 && b > ~0UL / whole) {
		return ~0UL;
	}
	return whole * b + (a % c) * b / c; /* (a % c) * b < 2^63 for c, b below 2^31 */
}

u64 counter_to_ns(u64 ticks)
{
	return mul_div(ticks, 1000000000, counter_hz);
}

u64 ns_to_counter(u64 ns)
{
	return mul_div(ns, counter_hz, 1000000000);
}
