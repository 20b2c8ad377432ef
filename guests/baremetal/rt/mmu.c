/* SPDX-License-Identifier: Apache-2.0 */
/* Stage 1, 4 KiB granule, 39-bit addresses: level 1 entries of 1 GiB, split into 2 MiB where memory begins or ends. */
#include "mmu.h"

#include "board.h"
#include "cpu.h"

#define GIB		(1UL << 30)
#define MIB2		(1UL << 21)
#define ENTRIES		512
#define MAX_SPLITS	8

/* Descriptor fields, ARM ARM D8.3. */
#define DESC_BLOCK	1UL
#define DESC_TABLE	3UL
#define DESC_DEVICE	(0UL << 2 | BIT(10) | BIT(53) | BIT(54))	/* AttrIndx 0, AF, PXN, UXN */
#define DESC_NORMAL	(1UL << 2 | 3UL << 8 | BIT(10))			/* AttrIndx 1, inner shareable, AF */

#define MAIR_VALUE	0xff04UL	/* 0: Device-nGnRE, 1: Normal write-back */
#define TCR_VALUE	(25UL | 1UL << 8 | 1UL << 10 | 3UL << 12 | BIT(23))	/* T0SZ, WB, WB, ISH, EPD1 */
#define TCR_IPS_SHIFT	32
#define SCTLR_VALUE	0x30d01805UL	/* M, C, I and the RES1 bits of ARMv8.0 */

void mmu_load(void);

/* Read by mmu_load in start.S, in this order. */
struct mmu_regs {
	u64 mair;
	u64 tcr;
	u64 ttbr;
	u64 sctlr;
};

extern struct mmu_regs mmu_regs;
struct mmu_regs mmu_regs;

static u64 level1[ENTRIES] __attribute__((aligned(4096)));
static u64 level2[MAX_SPLITS][ENTRIES] __attribute__((aligned(4096)));
static unsigned int nr_splits;

/* Whether a whole block is memory (1), none of it is (0), or a part (-1). */
static int block_kind(u64 base, u64 size)
{
	unsigned int i;

	for (i = 0; i < board.nr_memory; i++) {
		u64 start = board.memory[i].base, end = start + board.memory[i].size;

		if (base >= start && base + size <= end) {
			return 1;
		}
		if (base < end && start < base + size) {
			return -1;
		}
	}
	return 0;
}

static void map_gib(unsigned int index)
{
	u64 base = index * GIB;
	int kind = block_kind(base, GIB);
	unsigned int i;
	u64 *table;

	if (kind >= 0 || nr_splits == MAX_SPLITS) {
		level1[index] = base | DESC_BLOCK | (kind ? DESC_NORMAL : DESC_DEVICE);
		return;
	}
	table = level2[nr_splits++];
	for (i = 0; i < ENTRIES; i++, base += MIB2) {
		table[i] = base | DESC_BLOCK | (block_kind(base, MIB2) ? DESC_NORMAL : DESC_DEVICE);
	}
	level1[index] = (u64)table | DESC_TABLE;
}

void mmu_on(void)
{
	u64 parange = read_sysreg(id_aa64mmfr0_el1) & 15;
	unsigned int i;

	if (mmu_is_on()) {
		return;
	}
	for (i = 0; i < ENTRIES; i++) {
		map_gib(i);
	}
	mmu_regs = (struct mmu_regs){
		.mair = MAIR_VALUE,
		.tcr = TCR_VALUE | (parange > 5 ? 5 : parange) << TCR_IPS_SHIFT,
		.ttbr = (u64)level1,
		.sctlr = SCTLR_VALUE,
	};
	dsb();
	mmu_load();
	cache_clean(&mmu_regs, sizeof(mmu_regs));
}

bool mmu_is_on(void)
{
	return mmu_regs.sctlr != 0;
}

void cache_clean(const void *start, size_t size)
{
	u64 line = 4UL << (read_sysreg(ctr_el0) >> 16 & 15);
	u64 p;

	for (p = (u64)start & ~(line - 1); p < (u64)start + size; p += line) {
		__asm__ volatile("dc cvac, %0" : : "r"(p) : "memory");
	}
	dsb();
}

void cache_sync_code(const void *start, size_t size)
{
	u64 ctr = read_sysreg(ctr_el0);
	u64 dline = 4UL << (ctr >> 16 & 15), iline = 4UL << (ctr & 15);
	u64 p;

	for (p = (u64)start & ~(dline - 1); p < (u64)start + size; p += dline) {
		__asm__ volatile("dc cvau, %0" : : "r"(p) : "memory");
	}
	dsb();
	for (p = (u64)start & ~(iline - 1); p < (u64)start + size; p += iline) {
		__asm__ volatile("ic ivau, %0" : : "r"(p) : "memory");
	}
	dsb();
	isb();
}
