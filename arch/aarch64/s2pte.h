/* SPDX-License-Identifier: Apache-2.0 */
/* Stage-2 descriptors (ARM ARM D8.3.3): creating and classifying one entry, nothing else. */
#ifndef QUOIN_ARCH_AARCH64_S2PTE_H
#define QUOIN_ARCH_AARCH64_S2PTE_H

#include "arch/arch.h"

#define S2_VALID BIT(0)
#define S2_TABLE BIT(1) /* levels 1 and 2: table, level 3: page */
#define S2_ADDR BITS(47, 12)
#define S2_AF BIT(10)
#define S2_SH_INNER (3UL << 8)
#define S2_R BIT(6)
#define S2_W BIT(7)
#define S2_XN BIT(54)
/* For software (D8.3.3): a leaf that devices do not have; a table that has, or had, such leaves below it. */
#define S2_CPU_ONLY BIT(55)
#define S2_MIXED BIT(55)
#define S2_NORMAL_WB (0xfUL << 2)
#define S2_DEVICE_nGnRE (1UL << 2)
#define S2_ATTRS (S2_XN | BITS(11, 2))

static inline u64 s2_attr_bits(enum s2_attr a)
{
	const u64 normal = S2_AF | S2_SH_INNER | S2_NORMAL_WB | S2_R;
	const u64 device = S2_AF | S2_DEVICE_nGnRE | S2_R | S2_W | S2_XN;

	switch (a) {
	case S2_RAM:
		return normal | S2_W;
	case S2_RAM_CPU:
		return normal | S2_W | S2_CPU_ONLY;
	case S2_ROM:
		return normal;
	case S2_ROM_CPU:
		return normal | S2_CPU_ONLY;
	case S2_DEVICE_DMA:
		return device;
	case S2_DEVICE:
		break;
	case S2_DEVICE_RO:
		return (device & ~S2_W) | S2_CPU_ONLY;
	}
	return device | S2_CPU_ONLY;
}

static inline enum s2_attr s2_attr_of(u64 e)
{
	if ((e & S2_NORMAL_WB) != S2_NORMAL_WB) {
		return (e & S2_W) != 0 ? S2_DEVICE : S2_DEVICE_RO;
	}
	return (e & S2_W) != 0 ? S2_RAM : S2_ROM;
}

static inline bool s2_is_table(u64 e, unsigned int level)
{
	return level < 3 && (e & (S2_VALID | S2_TABLE)) == (S2_VALID | S2_TABLE);
}

static inline bool s2_is_leaf(u64 e, unsigned int level)
{
	return (e & S2_VALID) != 0 && !s2_is_table(e, level);
}

/* Both are tables, and the same one. */
static inline bool s2_same_table(u64 a, u64 b, unsigned int level)
{
	return s2_is_table(a, level) && s2_is_table(b, level) && ((a ^ b) & S2_ADDR) == 0;
}

static inline u64 s2_leaf_entry(pa_t pa, enum s2_attr a, unsigned int level)
{
	return pa | s2_attr_bits(a) | S2_VALID | (level == 3 ? S2_TABLE : 0);
}

/* Bytes one entry of a level covers: 512 GiB, 1 GiB, 2 MiB, 4 KiB. */
static inline u64 s2_block(unsigned int level)
{
	return 1UL << (39 - 9 * level);
}

/* The entry of a level's table that `ipa` goes through; several tables are one at level 1. */
static inline u64 *s2_entry(pa_t table, ipa_t ipa, unsigned int level)
{
	u64 i = ipa >> (39 - 9 * level);

	return (u64 *)pa_ptr(table) + (level == 1 ? i : i & 511);
}

/*
 * The level at which to map the next piece: the largest block that both addresses and the rest
 * of the size allow. Level 0 has no blocks with the 4K granule.
 */
static inline unsigned int s2_pick_level(ipa_t ipa, pa_t pa, u64 size)
{
	for (unsigned int level = 1; level < 3; level++) {
		u64 b = s2_block(level);

		if (((ipa | pa) & (b - 1)) == 0 && size >= b) {
			return level;
		}
	}
	return 3;
}

/* s2_put - write an entry, where a walker that does not see the caches finds it. */
static inline void s2_put(u64 *e, u64 v)
{
	WRITE_ONCE(*e, v);
	if (s2_dma_clean) {
		arch_clean_dcache(e, sizeof(*e));
	}
}

/* s2_table - a table of zeroes; 0 without memory. */
pa_t s2_table(struct s2 *s);
u64 s2_root_size(const struct s2 *s);

/* ---- The view of the VM's devices (arch/aarch64/s2_dma.c); nothing where it is not enabled. */

/*
 * s2_dma_map - before leaf `v` is written into the CPU's table at `level`, whose tables are there: whatever
 * devices see of it. False without memory: the leaf must not be written then.
 */
bool s2_dma_map(struct s2 *s, ipa_t ipa, unsigned int level, u64 v);
/* s2_dma_unmap - `v` was there; the IOMMUs are still to be flushed. */
void s2_dma_unmap(struct s2 *s, ipa_t ipa, unsigned int level, u64 v);
void s2_dma_destroy(struct s2 *s);

#endif
