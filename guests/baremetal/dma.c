/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DMA attacks. By default the guest has QEMU's `edu`, a PCI function that copies up to a page between its buffer and
 * memory, and has it read and write everything there is but the guest's own RAM: the machine's RAM in steps, where the
 * monitor is, the GIC, the ITS, devices, addresses beyond all. What it reads must be nobody's bytes. Then it starts one
 * more copy and resets; the next life must not find it in its RAM. With `restart` twice, "DMA: 0 failed" twice.
 *
 * With role=victim the guest fills its RAM with bytes of its own and compares them for ever: "victim: round N".
 *
 * step=MIB (16), ram=BASE (0x40000000, decimal) and mib=N (256): what of the machine's RAM is tried;
 * list=N: how many of the other places.
 */
#include "rt/board.h"
#include "rt/console.h"
#include "rt/cpu.h"
#include "rt/edu.h"
#include "rt/gic.h"
#include "rt/its.h"
#include "rt/mmu.h"
#include "rt/pci.h"
#include "rt/psci.h"
#include "rt/smp.h"
#include "rt/timer.h"

#include <string.h>

#define PAGE	4096UL
#define SECRET	0x5ec2e75ec2e70000UL
#define CANARY	0x0bad5eedca11ab1eUL
#define FREE	0x1000000UL	/* behind it nothing of the guest's lies */

static u64 failures;

/* The guest's own memory is what its device may have. */
static bool own_memory(void)
{
	volatile u64 *from = (volatile u64 *)(board.memory[0].base + FREE), *to = from + PAGE;

	for (unsigned int i = 0; i < PAGE / 8; i++) {
		from[i] = CANARY + i;
		to[i] = 0;
	}
	cache_clean((void *)from, 3 * PAGE);
	edu_dma((u64)from, PAGE, false);
	edu_dma((u64)to, PAGE, true);
	for (unsigned int i = 0; i < PAGE / 8; i++) {
		if (to[i] != CANARY + i) {
			printf("its own memory: 0x%lx instead of 0x%lx\n", to[i], CANARY + i);
			return false;
		}
	}
	return true;
}

static void canaries(volatile u64 *word)
{
	for (unsigned int i = 0; i < 8; i++) {
		word[i] = CANARY;
	}
	cache_clean((void *)word, 64);
}

static void attack(u64 address)
{
	volatile u64 *word = (volatile u64 *)(board.memory[0].base + FREE);

	if (board_is_memory(address)) {
		return;
	}
	canaries(word);
	edu_dma((u64)word, 64, false);
	edu_dma(address, 64, false);
	edu_dma((u64)word, 64, true);
	for (unsigned int i = 0; i < 8; i++) {
		if (word[i] != CANARY && word[i] != 0 && word[i] != ~0UL) {
			printf("read at 0x%lx: 0x%lx\n", address + 8 * i, word[i]);
			failures++;
			break;
		}
	}
	edu_dma(address, 64, true);	/* canaries still, or what a failed read has left */
}

static void attack_all(void)
{
	const u64 step = board_arg_number("step", 16) << 20, ram = board_arg_number("ram", 0x40000000);
	const u64 size = board_arg_number("mib", 256) << 20;
	const u64 list[] = {
		0x40201000, 0x40210000, 0x40240000, 0x08080000, 0x08090040, 0x09050000, its_base(), 0xfffffffff000,
		0, 0x08000000, 0x080a0000, 0x09000000, 0x10000000, 0x100000000, 0x4010000000, 0x8000000000,
		board.memory[0].base + board.memory[0].size, board.gicd, board.gicr, board.uart, pci.ecam, its_base() + 0x20000,
	};
	const u64 most = board_arg_number("list", ARRAY_SIZE(list));
	unsigned int n = 0;

	for (u64 at = ram; at < ram + size; at += step, n++) {
		attack(at);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(list) && i < most; i++, n++) {
		attack(list[i]);
	}
	printf("DMA: %u places tried\n", n);
}

static void attacker(void)
{
	volatile u64 *left = (volatile u64 *)(board.memory[0].base + FREE + 0x100000UL);

	mmu_on();
	gic_init();
	delay_us(300000);	/* a copy the last life has started would be done by now */
	for (unsigned int i = 0; i < PAGE / 8; i++) {
		if (left[i] != 0) {
			printf("0x%lx is left in memory of the last life's copy\n", left[i]);
			failures++;
			break;
		}
	}
	if (!edu_init()) {
		printf("DMA: there is no edu\n");
		return;
	}
	printf("DMA: edu at 0x%lx\n", edu_regs);
	failures += !own_memory();
	attack_all();
	failures += !own_memory();
	printf("DMA: %lu failed\n", failures);
	edu_start((u64)left, PAGE, true);
	psci(PSCI_SYSTEM_RESET, 0, 0, 0);
}

static void victim(void)
{
	volatile u64 *word = (volatile u64 *)(board.memory[0].base + FREE);
	const u64 count = (board.memory[0].size - FREE) / 8;
	u64 said = timer_count();

	mmu_on();
	for (u64 i = 0; i < count; i++) {
		word[i] = SECRET + i;
	}
	for (u64 round = 1;; round++) {
		for (u64 i = 0; i < count; i++) {
			if (word[i] != SECRET + i) {
				printf("VICTIM-FAIL: 0x%lx at 0x%lx\n", word[i], (u64)&word[i]);
				poweroff();
			}
		}
		while (timer_count() - said < timer_frequency()) {
		}
		said = timer_count();
		printf("victim: round %lu\n", round);
	}
}

void guest_main(void)
{
	char role[16] = "";

	if (board_arg("role", role, sizeof(role)) && strcmp(role, "victim") == 0) {
		victim();
	} else {
		attacker();
	}
}
