/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The monitor's random number generator: ChaCha20 (RFC 8439) with the key
 * replaced after every request. It gives nothing before it has been seeded
 * from a real source.
 */
#ifndef QUOIN_CORE_RNG_H
#define QUOIN_CORE_RNG_H

#include "core/base/types.h"

struct board;

/* rng_init - seed from the board's rng-seed and kaslr-seed and from the hardware. Boot, once. */
void rng_init(const struct board *b);
/* rng_add - mix `n` bytes in; `bits` of entropy they are known to hold, 0 if nobody knows. Thread or boot. */
void rng_add(const void *data, size_t n, unsigned int bits);
/* rng_ready - seeded with enough. Any context. */
bool rng_ready(void);
/* rng_bytes - `n` random bytes; -ENOTSUP and zeroes until rng_ready(). Any context, at most 4 KiB in exits. */
int rng_bytes(void *out, size_t n) __must_check;

#endif
