/* SPDX-License-Identifier: Apache-2.0 */
/* Cache and TLB maintenance leaves memory as it is; by set and way it may be slow, but it ends. */
#include "check.h"

static u64 buffer[512] __attribute__((aligned(4096)));
static u32 code[4] __attribute__((aligned(64)));

static void fill(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(buffer); i++) {
		buffer[i] = 0x0101010101010101UL * i;
	}
}

static unsigned int intact(void)
{
	unsigned int i, good = 0;

	for (i = 0; i < ARRAY_SIZE(buffer); i++) {
		good += ((volatile u64 *)buffer)[i] == 0x0101010101010101UL * i;
	}
	return good;
}

/* Clean and invalidate every line of every data cache level, as CCSIDR describes them (ARM ARM D7.5.9). */
static u64 by_set_and_way(void)
{
	u64 clidr = read_sysreg(clidr_el1), operations = 0;
	unsigned int level, set, way;

	for (level = 0; level < 7 && (clidr >> (level * 3) & 7); level++) {
		u64 ccsidr, line;
		unsigned int sets, ways, way_shift;

		if ((clidr >> (level * 3) & 7) < 2) {
			continue;
		}
		write_sysreg(csselr_el1, level << 1);
		isb();
		ccsidr = read_sysreg(ccsidr_el1);
		line = (ccsidr & 7) + 4;
		ways = (ccsidr >> 3 & 0x3ff) + 1;
		sets = (ccsidr >> 13 & 0x7fff) + 1;
		way_shift = ways > 1 ? (unsigned int)__builtin_clz(ways - 1) : 0;
		for (way = 0; way < ways; way++) {
			for (set = 0; set < sets; set++) {
				u64 value = (u64)way << way_shift | (u64)set << line | level << 1;

				if (operations++ & 1) {
					__asm__ volatile("dc csw, %0" : : "r"(value) : "memory");
				} else {
					__asm__ volatile("dc cisw, %0" : : "r"(value) : "memory");
				}
			}
		}
	}
	dsb();
	return operations;
}

static void new_code(void)
{
	u64 (*fn)(void) = (u64 (*)(void))code;

	code[0] = 0xd2800540;	/* mov x0, #42 */
	code[1] = 0xd65f03c0;	/* ret */
	cache_sync_code(code, sizeof(code));
	check_eq(fn(), 42, "code written and run");
	code[0] = 0xd2800560;	/* mov x0, #43 */
	cache_sync_code(code, sizeof(code));
	check_eq(fn(), 43, "changed and run again");
}

void test_cache(void)
{
	u64 p, line = 4UL << (read_sysreg(ctr_el0) >> 16 & 15);
	u64 dczid = read_sysreg(dczid_el0), zeroed = 0;

	fill();
	check(by_set_and_way() > 0, "by set and way");
	check_eq(intact(), ARRAY_SIZE(buffer), "memory is intact after it");
	for (p = (u64)buffer; p < (u64)buffer + sizeof(buffer); p += line) {
		__asm__ volatile("dc civac, %0" : : "r"(p) : "memory");
	}
	dsb();
	check_eq(intact(), ARRAY_SIZE(buffer), "and after DC CIVAC");
	__asm__ volatile("tlbi vmalle1\n\tdsb sy\n\tisb\n\ttlbi vmalle1is\n\tdsb sy\n\tisb" : : : "memory");
	__asm__ volatile("ic iallu\n\tdsb sy\n\tisb\n\tic ialluis\n\tdsb sy\n\tisb" : : : "memory");
	check_eq(intact(), ARRAY_SIZE(buffer), "and after TLBI and IC");
	new_code();
	/* DC ZVA needs Normal memory. */
	if (mmu_is_on() && !(dczid & 16)) {
		__asm__ volatile("dc zva, %0" : : "r"(buffer) : "memory");
		for (p = 0; p < 1UL << (dczid & 15); p++) {
			zeroed += ((volatile u32 *)buffer)[p] == 0;
		}
		check_eq(zeroed, 1UL << (dczid & 15), "DC ZVA zeroes its block");
		check_eq(buffer[511], 0x0101010101010101UL * 511, "and no more");
	}
}
