/* SPDX-License-Identifier: Apache-2.0 */
#include "core/rng.h"

#include <errno.h>
#include <string.h>
#include "arch/arch.h"
#include "core/base/chacha20.h"
#include "core/base/lock.h"
#include "core/board.h"

#define ENOUGH_BITS 128

static struct {
	struct spinlock lock;
	u32 key[CHACHA20_KEY_WORDS];
	unsigned int bits; /* entropy counted so far, up to ENOUGH_BITS */
} rng;

/*
 * Half of each block becomes the next key before the other half leaves: what was given out cannot be
 * computed from the state afterwards. The counter's value at the call stirs in timing.
 */
static void next_block(u32 out[CHACHA20_BLOCK_WORDS])
{
	u64 now = counter_now();
	const u32 input[4] = { 0, (u32)now, (u32)(now >> 32), read_mpidr_el1() & 0xffff };

	chacha20_block(out, rng.key, input);
	memcpy(rng.key, out, sizeof(rng.key));
	memset(out, 0, sizeof(rng.key));
}

void rng_add(const void *data, size_t n, unsigned int bits)
{
	const u8 *p = data;
	u32 block[CHACHA20_BLOCK_WORDS], word[CHACHA20_KEY_WORDS];
	u64 flags = spin_lock_irq(&rng.lock);

	while (n > 0) {
		size_t part = MIN(n, sizeof(word));

		memset(word, 0, sizeof(word));
		memcpy(word, p, part);
		for (unsigned int i = 0; i < CHACHA20_KEY_WORDS; i++) {
			rng.key[i] ^= word[i];
		}
		next_block(block);
		p += part;
		n -= part;
	}
	rng.bits = MIN(rng.bits + MIN(bits, ENOUGH_BITS), ENOUGH_BITS);
	spin_unlock_irq(&rng.lock, flags);
}

bool rng_ready(void)
{
	return READ_ONCE(rng.bits) >= ENOUGH_BITS;
}

int rng_bytes(void *out, size_t n)
{
	u32 block[CHACHA20_BLOCK_WORDS];
	u8 *p = out;
	u64 flags;

	if (!rng_ready()) {
		memset(out, 0, n);
		return -ENOTSUP;
	}
	flags = spin_lock_irq(&rng.lock);
	while (n > 0) {
		size_t part = MIN(n, sizeof(block) - sizeof(rng.key));

		next_block(block);
		memcpy(p, &block[CHACHA20_KEY_WORDS], part);
		p += part;
		n -= part;
	}
	spin_unlock_irq(&rng.lock, flags);
	memset(block, 0, sizeof(block));
	__asm__ volatile("" : : "r"(block) : "memory"); /* the clearing is not dead */
	return 0;
}

void rng_init(const struct board *b)
{
	u64 word;

	/* rng-seed is the bootloader's promise of full entropy (devicetree, /chosen). */
	rng_add(b->rng_seed, b->rng_seed_len, MIN(b->rng_seed_len, ENOUGH_BITS / 8) * 8);
	if (b->kaslr_seed != 0) {
		rng_add(&b->kaslr_seed, sizeof(b->kaslr_seed), 32);
	}
	for (unsigned int i = 0; i < 4 && arch_random(&word); i++) {
		rng_add(&word, sizeof(word), 64);
	}
	/* Nobody counts on the boot's timing, but it costs nothing. */
	word = counter_now();
	rng_add(&word, sizeof(word), 0);
}
