/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/chacha20.h"

#include <string.h>

static inline u32 rotate(u32 v, unsigned int n)
{
	return v << n | v >> (32 - n);
}

static inline void quarter(u32 *a, u32 *b, u32 *c, u32 *d)
{
	*a += *b;
	*d = rotate(*d ^ *a, 16);
	*c += *d;
	*b = rotate(*b ^ *c, 12);
	*a += *b;
	*d = rotate(*d ^ *a, 8);
	*c += *d;
	*b = rotate(*b ^ *c, 7);
}

void chacha20_block(u32 out[CHACHA20_BLOCK_WORDS], const u32 key[CHACHA20_KEY_WORDS],
		    const u32 input[4])
{
	u32 s[CHACHA20_BLOCK_WORDS] = { 0x61707865, 0x3320646e, 0x79622d32, 0x6b206574 };
	u32 x[CHACHA20_BLOCK_WORDS];

	memcpy(&s[4], key, CHACHA20_KEY_WORDS * sizeof(u32));
	memcpy(&s[12], input, 4 * sizeof(u32));
	memcpy(x, s, sizeof(s));
	/* Only constant indices: the sixteen words stay in registers, a guest may ask for this in an exit. */
	for (unsigned int i = 0; i < 10; i++) {
		quarter(&x[0], &x[4], &x[8], &x[12]);
		quarter(&x[1], &x[5], &x[9], &x[13]);
		quarter(&x[2], &x[6], &x[10], &x[14]);
		quarter(&x[3], &x[7], &x[11], &x[15]);
		quarter(&x[0], &x[5], &x[10], &x[15]);
		quarter(&x[1], &x[6], &x[11], &x[12]);
		quarter(&x[2], &x[7], &x[8], &x[13]);
		quarter(&x[3], &x[4], &x[9], &x[14]);
	}
	for (unsigned int i = 0; i < CHACHA20_BLOCK_WORDS; i++) {
		out[i] = x[i] + s[i];
	}
}
