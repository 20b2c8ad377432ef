/* SPDX-License-Identifier: Apache-2.0 */
/* Entropy by SMCCC (DEN0098), where there is any. */
#include "check.h"

#define TRNG_INVALID_PARAMETERS	(-2)

void test_trng(void)
{
	struct smccc_result a, b;

	if (!board_is_vm()) {
		return;
	}
	a = smccc(TRNG_VERSION, 0, 0, 0);
	if ((int)a.x[0] < 0) {
		check_eq((u32)a.x[0], (u32)PSCI_NOT_SUPPORTED, "no entropy here");
		return;
	}
	check((a.x[0] & 0xffffffff) >= 0x10000, "version is at least 1.0");
	check((int)smccc(TRNG_FEATURES, TRNG_RND64, 0, 0).x[0] >= 0, "TRNG_RND64 is a feature");
	a = smccc(TRNG_GET_UUID, 0, 0, 0);
	check((u32)a.x[0] != ~0U, "it has a UUID");
	a = smccc(TRNG_RND64, 192, 0, 0);
	b = smccc(TRNG_RND64, 192, 0, 0);
	check(a.x[0] == 0 && b.x[0] == 0, "192 bits twice");
	check(a.x[1] != b.x[1] && a.x[2] != b.x[2] && a.x[3] != b.x[3], "all different");
	a = smccc(TRNG_RND64, 8, 0, 0);
	check(a.x[0] == 0 && a.x[1] == 0 && a.x[2] == 0 && a.x[3] < 256, "8 bits are the lowest of x3");
	a = smccc(TRNG_RND32, 96, 0, 0);
	check(a.x[0] == 0 && a.x[1] >> 32 == 0 && a.x[2] >> 32 == 0 && a.x[3] >> 32 == 0, "96 bits in words");
	check_eq((u32)smccc(TRNG_RND64, 0, 0, 0).x[0], (u32)TRNG_INVALID_PARAMETERS, "0 bits are refused");
	check_eq((u32)smccc(TRNG_RND64, 193, 0, 0).x[0], (u32)TRNG_INVALID_PARAMETERS, "193 bits too");
	check_eq((u32)smccc(TRNG_RND32, 97, 0, 0).x[0], (u32)TRNG_INVALID_PARAMETERS, "and 97 by the 32-bit call");
}
