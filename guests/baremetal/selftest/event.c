/* SPDX-License-Identifier: Apache-2.0 */
/* WFE and SEV, exclusives between CPUs, and WFI that ends by an interrupt of another CPU. */
#include "check.h"

#define ROUNDS	2000

static volatile u64 turn, woken, rounds;
static u64 shared __attribute__((aligned(64)));

static void add_shared(void)
{
	u64 value;
	u32 fail;

	do {
		__asm__ volatile("ldaxr %0, [%2]\n\tadd %0, %0, #1\n\tstlxr %w1, %0, [%2]"
				 : "=&r"(value), "=&r"(fail) : "r"(&shared) : "memory");
	} while (fail);
}

static void partner(void *arg)
{
	unsigned int i;

	(void)arg;
	for (i = 0; i < ROUNDS; i++) {
		add_shared();
	}
	for (i = 0; i < 20; i++) {
		while (turn != 2 * i + 1) {
			__asm__ volatile("wfe");
		}
		turn = 2 * i + 2;
		rounds = rounds + 1;
		__asm__ volatile("dsb sy\n\tsev");
	}
	/* Asleep with interrupts masked: an SGI ends WFI but is not taken. */
	woken = 1;
	while (!gic_is_pending(1)) {
		wfi();
	}
	gic_eoi(gic_ack());
	woken = 2;
}

void test_event(void)
{
	unsigned int i;
	bool good = true;

	__asm__ volatile("sevl\n\twfe\n\tsev\n\twfe" : : : "memory");
	check(true, "WFE returns after SEVL and SEV");
	if (board.nr_cpus == 1 || !mmu_is_on()) {
		return;
	}
	shared = 0;
	turn = 0;
	check_eq((u32)smp_start(1, partner, NULL), PSCI_SUCCESS, "cpu1 is our partner");
	for (i = 0; i < ROUNDS; i++) {
		add_shared();
	}
	for (i = 0; i < 20 && good; i++) {
		turn = 2 * i + 1;
		__asm__ volatile("dsb sy\n\tsev");
		good = wait_for(turn == 2 * i + 2);
	}
	check_eq(rounds, 20, "turns passed by WFE and SEV");
	check_eq(shared, 2 * ROUNDS, "exclusive additions of both CPUs all count");
	check(wait_for(woken == 1), "cpu1 sleeps in WFI, masked");
	gic_send_sgi(1, 1);
	check(wait_for(woken == 2), "an SGI wakes it");
	check(smp_wait_off(1), "cpu1 ends");
}
