/* SPDX-License-Identifier: Apache-2.0 */
/* The ChaCha20 block function (RFC 8439 2.3). */
#ifndef QUOIN_CORE_BASE_CHACHA20_H
#define QUOIN_CORE_BASE_CHACHA20_H

#include "core/base/types.h"

#define CHACHA20_KEY_WORDS 8
#define CHACHA20_BLOCK_WORDS 16

/*
 * chacha20_block - the 64-byte key stream block for `key` and `input` (block counter, then nonce), as
 * little-endian words. Any context.
 */
void chacha20_block(u32 out[CHACHA20_BLOCK_WORDS], const u32 key[CHACHA20_KEY_WORDS],
		    const u32 input[4]);

#endif
