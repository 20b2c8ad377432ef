/* SPDX-License-Identifier: Apache-2.0 */
/* The function's messages and its DMA, to where they must not get. */
#include "phostile.h"

#define CANARY 0x5ca1ab1e0ddba11UL

static void raise(void)
{
	mmio_write32(edu_regs + EDU_RAISE, 1);
	delay_us(500);
	mmio_write32(edu_regs + EDU_ACK, ~0U);
}

void message_deeds(void)
{
	volatile u64 *canary = (volatile u64 *)buffer;
	unsigned int i;
	u64 address;

	if (!set_message(0, 0, false)) {
		return;
	}
	for (i = 0; wild(i, &address); i++) {
		set_message(address, (u32)any(), true);
		raise();
		set_message(address, (u32)(any() % 64) + 32, true);
		raise();
	}
	over("messages to everywhere");
	canary[0] = CANARY;
	cache_clean(buffer, 64);
	set_message((u64)buffer, 0xdead, true);
	raise();
	if (canary[0] != CANARY) {
		printf("a message went to memory\n");	/* the guest's own: no harm, but not what was said */
	}
	over("messages to memory");
	for (i = 0; i < 256; i++) {	/* events nobody has mapped, LPIs and SPIs of others as data */
		set_message(its_base() + GITS_TRANSLATER, (u32)(i < 128 ? i : any()), true);
		raise();
	}
	over("messages of any event");
	for (i = 0; i < 5000; i++) {
		mmio_write32(edu_regs + EDU_RAISE, 1);
		mmio_write32(edu_regs + EDU_ACK, ~0U);
		if (i % 64 == 0) {
			set_message(its_base() + GITS_TRANSLATER, EVENT, i & 64);
		}
	}
	over("a flood of messages");
}

/*
 * Whatever the function reads or writes there: nothing of it is this guest's to see. The last deeds: a function that goes on
 * like this loses its DMA until the VM starts anew.
 */
void dma_deeds(void)
{
	unsigned int i, seen = 0;
	u64 address;

	for (i = 0; wild(i, &address); i++) {
		volatile u64 *word = (volatile u64 *)buffer;

		if (board_is_memory(address)) {
			continue;	/* the guest's own, which it may read and spoil */
		}
		word[0] = CANARY;
		word[1] = 0;
		cache_clean(buffer, 64);
		edu_dma((u64)buffer, 8, false);
		edu_dma(address, 8, false);
		edu_dma((u64)buffer + 8, 8, true);
		if (word[1] != CANARY && word[1] != 0 && word[1] != ~0UL) {
			printf("DMA has read 0x%lx at 0x%lx\n", word[1], address);
			seen++;
		}
		edu_dma(address, 8, true);
		edu_dma(address, PAGE, true);
	}
	failures += seen;
	for (i = 0; i < 300; i++) {
		address = any() >> (any() % 40);
		if (!board_is_memory(address) && !board_is_memory(address + PAGE)) {
			edu_dma(address, any() % PAGE, any() & 1);
		}
	}
	printf("DMA to everywhere: %s, the function %s\n", seen ? "PHOSTILE-FAIL" : "nothing was seen",
	       mmio_read32(edu_regs) == 0x10000ed ? "is there" : "is gone");
}
