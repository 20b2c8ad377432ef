/* SPDX-License-Identifier: Apache-2.0 */
/* The self-test's frame: checks that print one line each, and a record of the interrupts a CPU took. */
#ifndef SELFTEST_CHECK_H
#define SELFTEST_CHECK_H

#include "rt/board.h"
#include "rt/console.h"
#include "rt/cpu.h"
#include "rt/gic.h"
#include "rt/mmu.h"
#include "rt/probe.h"
#include "rt/psci.h"
#include "rt/smp.h"
#include "rt/timer.h"
#include "rt/trap.h"

#define LOG_SIZE	64

/* Interrupts taken by one CPU while log_begin() is in force. */
struct irq_log {
	u32 n;
	u32 iar[LOG_SIZE];
};

extern volatile struct irq_log irq_logs[MAX_CPUS];

/* "ok N - group: name", or "not ok N - group: name: got X want Y". */
void check_eq(u64 got, u64 want, const char *name, ...) __attribute__((format(printf, 3, 4)));

/* The same for a condition. */
void check(bool good, const char *name, ...) __attribute__((format(printf, 2, 3)));

/*
 * From here on every IRQ is acknowledged, written down in the CPU's log and ended, on all CPUs; the logs start
 * empty. log_end() returns to the handlers of irq_set_handler().
 */
void log_begin(void);
void log_end(void);

/* Called for each logged interrupt before it is ended; cleared by log_begin(). */
extern void (*volatile log_hook)(u32 intid);

/* With interrupts unmasked for a moment: the number of interrupts this CPU took since log_begin(). */
u32 log_drain(void);

/* INTID of entry i in this CPU's log, 1023 when there is none. */
u32 log_intid(u32 i);

/* A spare SPI: number i counted down from the last. Test code leaves them disabled, idle, edge, at home. */
unsigned int spare_spi(unsigned int i);

/* Make n spare SPIs enabled at PRIORITY_DEFAULT, or idle again. */
void spares_enable(unsigned int n);
void spares_reset(unsigned int n);

/* Wait up to two seconds for a condition that another CPU or a device brings about. */
#define wait_for(condition) ({							\
	u64 end_ = timer_count() + 2 * timer_frequency();			\
	bool met_;								\
	while (!(met_ = (condition)) && timer_count() < end_) {			\
	}									\
	met_;									\
})

/* The tests, one noun each; the list is in main.c. */
void test_id(void);
void test_psci(void);
void test_smp(void);
void test_sgi(void);
void test_timer(void);
void test_spi(void);
void test_priority(void);
void test_nesting(void);
void test_eoi(void);
void test_route(void);
void test_lpi(void);
void test_group(void);
void test_width(void);
void test_fp(void);
void test_debug(void);
void test_pmu(void);
void test_pauth(void);
void test_cache(void);
void test_event(void);
void test_forms(void);
void test_hole(void);
void test_uart(void);
void test_trng(void);

#endif
