/* SPDX-License-Identifier: Apache-2.0 */
/* The generic timer of this CPU (ARM ARM D12): the virtual one and the physical one, both of EL1. */
#ifndef RT_TIMER_H
#define RT_TIMER_H

#include "cpu.h"

#define TIMER_ENABLE	1UL
#define TIMER_IMASK	2UL
#define TIMER_ISTATUS	4UL

static inline u64 timer_frequency(void)
{
	return read_sysreg(cntfrq_el0);
}

/* The virtual count. */
static inline u64 timer_count(void)
{
	isb();
	return read_sysreg(cntvct_el0);
}

static inline void vtimer_arm(u64 deadline)
{
	write_sysreg(cntv_cval_el0, deadline);
	write_sysreg(cntv_ctl_el0, TIMER_ENABLE);
	isb();
}

static inline void vtimer_stop(void)
{
	write_sysreg(cntv_ctl_el0, 0);
	isb();
}

static inline u64 ptimer_count(void)
{
	isb();
	return read_sysreg(cntpct_el0);
}

static inline void ptimer_arm(u64 deadline)
{
	write_sysreg(cntp_cval_el0, deadline);
	write_sysreg(cntp_ctl_el0, TIMER_ENABLE);
	isb();
}

static inline void ptimer_stop(void)
{
	write_sysreg(cntp_ctl_el0, 0);
	isb();
}

/* Spin for that many microseconds of virtual time. */
static inline void delay_us(u64 us)
{
	u64 end = timer_count() + us * timer_frequency() / 1000000;

	while (timer_count() < end) {
	}
}

#endif
