/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses with nothing behind them: under the hypervisor they read all ones and drop writes. */
#include <string.h>

#include "check.h"

static u64 jump(u64 address)
{
	void (*nowhere)(void) = (void (*)(void))address;

	probe_begin();
	nowhere();
	return probe_end();
}

void test_hole(void)
{
	char under[16] = "";
	u64 hole = (board.uart & ~0xfffffUL) + 0x700000;
	u64 v8, v16, v32, v64, hits, post = hole;
	u64 v = 0;

	board_arg("under", under, sizeof(under));
	if (!board_is_vm() && strcmp(under, "quoin") != 0) {
		return;
	}
	probe_begin();
	v8 = mmio_read8(hole);
	v16 = mmio_read16(hole + 2);
	v32 = mmio_read32(hole + 4);
	v64 = mmio_read64(hole + 8);
	__asm__ volatile("ldr %w0, [%1], #4" : "=r"(v), "+r"(post) : : "memory");
	mmio_write8(hole, 0);
	mmio_write16(hole, 0);
	mmio_write32(hole, 0);
	mmio_write64(hole, 0);
	hits = probe_end();
	check_eq(hits, 0, "no access faults");
	check_eq(v8, 0xff, "a byte");
	check_eq(v16, 0xffff, "a halfword");
	check_eq(v32, 0xffffffff, "a word");
	check_eq(v64, ~0UL, "a doubleword");
	check(v == 0xffffffff && post == hole + 4, "a post-indexed load");
	check_eq(mmio_read32(hole), 0xffffffff, "and after writes");
	check_eq(jump(hole), 1, "a jump there aborts");
	check_eq(ESR_EC(this_cpu()->probe.esr), EC_IABT, "as an instruction abort");
	check_eq(this_cpu()->probe.elr, hole, "with the address it went to");
}
