/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/chacha20.h"

#include <string.h>

static u32 rotate(u32 v, unsigned int n)
{
	return v << n | v >> (32 - n);
}

static void quarter(u32 *a, u32 *b, u32 *c, u32 *d)
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

	memcpy(&s[4], key, CHACHA20_KEY_WORDS * sizeof(u32));
	memcpy(&s[12], input, 4 * sizeof(u32));
	memcpy(out, s, sizeof(s));
	for (unsigned int i = 0; i < 10; i++) {
		for (unsigned int c = 0; c < 4; c++) {
			quarter(&out[c], &out[4 + c], &out[8 + c], &out[12 + c]);
		}
		for (unsigned int c = 0; c < 4; c++) {
			quarter(&out[c], &out[4 + (c + 1) % 4], &out[8 + (c + 2) % 4],
				&out[12 + (c + 3) % 4]);
		}
	}
	for (unsigned int i = 0; i < CHACHA20_BLOCK_WORDS; i++) {
		out[i] += s[i];
	}
}
