/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest to be debugged: comes to a bad end deep in a chain of calls, all of whose functions and arguments a debugger
 * must find; or, with crash=fiq, does not: its watchdog is a FIQ it handles. crash=watchdog: the last one spins until the SP805 ends it; crash=reference: it reads where nothing is;
 * crash=spin: it does so for ever. The second CPU, if there is one, spins in a chain of its own. mmu=off: without MMU.
 */
#include "rt/board.h"
#include "rt/console.h"
#include "rt/cpu.h"
#include "rt/mmu.h"
#include "rt/smp.h"
#include "rt/timer.h"
#include "rt/trap.h"

#define WATCHDOG 0x1c0f0000UL
#define NOWHERE 0x3fff0000UL

#define FRAME __attribute__((noinline, noclone))

static volatile u64 turns;
static volatile u64 second_since;
static volatile u64 fiqs;
static char how[16];

static void mmio_write(u64 address, u32 value)
{
	*(volatile u32 *)address = value;
}

static void watch(u32 ticks)
{
	mmio_write(WATCHDOG + 0xc00, 0x1acce551);
	mmio_write(WATCHDOG + 8, 0);
	mmio_write(WATCHDOG + 0, ticks);
	mmio_write(WATCHDOG + 8, ticks != 0 ? 3 : 0);
}

static void on_fiq(struct trap_frame *frame)
{
	(void)frame;
	fiqs++;
	mmio_write(WATCHDOG + 0xc, 1);
}

/* The line goes up while this CPU computes, and while it sleeps; fed, the watchdog leaves it alone. */
static void take_fiqs(void)
{
	u64 until;

	trap_set_fiq(on_fiq);
	watch(500000); /* 20 ms */
	__asm__ volatile("msr daifclr, #1\n\tisb" : : : "memory");
	while (fiqs == 0) {
	}
	while (fiqs < 3) {
		__asm__ volatile("wfi" : : : "memory");
	}
	watch(0);
	until = timer_count() + timer_frequency() / 10;
	while (timer_count() < until) {
	}
	printf("FIQS: %lu\n", fiqs);
}

FRAME static u64 last_words(u64 pressure, const char *why)
{
	u64 before = turns;

	if (why[0] == 'r') {
		return *(volatile u64 *)NOWHERE + pressure;
	}
	for (;;) {
		turns++;
		if (turns < before) {
			return pressure;
		}
	}
}

FRAME static u64 open_valve(u64 pressure)
{
	u64 got = last_words(pressure + 1, how);

	return got + turns;
}

FRAME static u64 fill_boiler(unsigned int boiler, u64 pressure)
{
	u64 got = open_valve(pressure * 2);

	return got + boiler;
}

FRAME static void second_waits(u64 since)
{
	for (;;) {
		second_since = since;
	}
}

FRAME static void second_main(void *arg)
{
	second_waits((u64)arg + 0x22);
	printf("not reached\n");
}

void guest_main(void)
{
	char text[16];

	if (!board_arg("mmu", text, sizeof(text)) || text[1] != 'f') {
		mmu_on();
	}
	if (!board_arg("crash", how, sizeof(how))) {
		how[0] = 's';
	}
	if (board.nr_cpus > 1 && smp_start(1, second_main, (void *)0x2000) == 0) {
		while (second_since == 0) {
		}
	}
	printf("CRASH: %s\n", how);
	if (how[0] == 'f') {
		take_fiqs();
		return;
	}
	if (how[0] == 'w') {
		watch(2500000); /* 0.1 s of the default 25 MHz */
	}
	printf("not reached: %lu\n", fill_boiler(7, 0x1000));
}
