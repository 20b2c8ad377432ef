/* SPDX-License-Identifier: Apache-2.0 */
/* The random number generator: its cipher against the RFC, its states. */
#include "tests/unit/test.h"
#include <errno.h>
#include <stdlib.h>
#include "arch/host/host.h"
#include "core/base/chacha20.h"
#include "core/board.h"
#include "core/rng.h"

/* RFC 8439 2.3.2 */
static void cipher_is_the_rfcs(void)
{
	static const u32 want[16] = {
		0xe4e7f110, 0x15593bd1, 0x1fdd0f50, 0xc47120a3, 0xc7f4d1c7, 0x0368c033,
		0x9aaa2204, 0x4e6cd4c3, 0x466482d2, 0x09aa9f07, 0x05d7c214, 0xa2028bd9,
		0xd19c12b5, 0xb94e16de, 0xe883d0cb, 0x4e3c50a2,
	};
	static const u32 input[4] = { 1, 0x09000000, 0x4a000000, 0 };
	u32 key[8], out[16];

	for (u32 i = 0; i < 8; i++) {
		key[i] = 0x03020100 + i * 0x04040404;
	}
	chacha20_block(out, key, input);
	CHECK_MEM(out, want, sizeof(want));
}

static void gives_nothing_before_it_is_seeded(void)
{
	u8 buf[40];

	memset(buf, 0x55, sizeof(buf));
	CHECK(!rng_ready());
	CHECK_EQ(rng_bytes(buf, sizeof(buf)), -ENOTSUP);
	for (unsigned int i = 0; i < sizeof(buf); i++) {
		CHECK_EQ(buf[i], 0);
	}
	/* Data of unknown quality mixes in but does not count. */
	rng_add("some words", 10, 0);
	CHECK(!rng_ready());
	rng_add("12345678", 8, 64);
	CHECK(!rng_ready());
}

static bool entropy(u64 *out)
{
	static u64 n;

	*out = ++n * 0x9e3779b97f4a7c15;
	return true;
}

static void seeds_from_the_board_and_the_hardware(void)
{
	struct board b;
	static const u8 seed[32] = { 1, 2, 3 };

	memset(&b, 0, sizeof(b));
	rng_init(&b); /* nothing at all: no more ready than before */
	CHECK(!rng_ready());
	b.kaslr_seed = 0x1234;
	rng_init(&b); /* 32 bits more: 96 */
	CHECK(!rng_ready());
	host_random = entropy;
	rng_init(&b);
	CHECK(rng_ready());
	host_random = NULL;
	b.rng_seed = seed;
	b.rng_seed_len = sizeof(seed);
	rng_init(&b);
	CHECK(rng_ready());
}

static void output_differs_every_time_and_fills_any_length(void)
{
	static u8 a[1000], b[1000];
	unsigned int ones = 0;

	REQUIRE(rng_ready());
	for (size_t n = 0; n <= sizeof(a); n += 37) {
		memset(a, 0, sizeof(a));
		CHECK_EQ(rng_bytes(a, n), 0);
		CHECK(n == sizeof(a) || a[n] == 0); /* no byte more than asked */
		CHECK_EQ(rng_bytes(b, n), 0);
		CHECK(n < 8 || memcmp(a, b, n) != 0);
	}
	/* What is added does not replace what was there (time stands still here). */
	rng_add("0123456789abcdef0123456789abcdef", 32, 0);
	CHECK_EQ(rng_bytes(a, 64), 0);
	rng_add("0123456789abcdef0123456789abcdef", 32, 0);
	CHECK_EQ(rng_bytes(b, 64), 0);
	CHECK(memcmp(a, b, 64) != 0);
	CHECK_EQ(rng_bytes(a, sizeof(a)), 0);
	for (size_t i = 0; i < sizeof(a); i++) {
		ones += (unsigned int)__builtin_popcount(a[i]);
	}
	/* 8000 coin flips: 4000 on average, within eight standard deviations of 45 */
	CHECK(ones > 3640 && ones < 4360);
	/* No block comes twice. */
	for (size_t i = 0; i + 64 <= sizeof(a); i += 32) {
		CHECK(memcmp(a + i, a + i + 32, 32) != 0);
	}
}

TEST_MAIN(RUN(cipher_is_the_rfcs), RUN(gives_nothing_before_it_is_seeded),
	  RUN(seeds_from_the_board_and_the_hardware),
	  RUN(output_differs_every_time_and_fills_any_length))
