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
#define S2_NORMAL_WB (0xfUL << 2)
#define S2_DEVICE_nGnRE (1UL << 2)
#define S2_ATTRS (S2_XN | BITS(11, 2))

static inline u64 s2_attr_bits(enum s2_attr a)
{
	switch (a) {
	case S2_RAM:
	case S2_RAM_CPU:
		return S2_AF | S2_SH_INNER | S2_NORMAL_WB | S2_R | S2_W;
	case S2_ROM:
	case S2_ROM_CPU:
		return S2_AF | S2_SH_INNER | S2_NORMAL_WB | S2_R;
	case S2_DEVICE:
		break;
	case S2_DEVICE_RO:
		return S2_AF | S2_DEVICE_nGnRE | S2_R | S2_XN;
	}
	return S2_AF | S2_DEVICE_nGnRE | S2_R | S2_W | S2_XN;
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

static inline u64 s2_leaf_entry(pa_t pa, enum s2_attr a, unsigned int level)
{
	return pa | s2_attr_bits(a) | S2_VALID | (level == 3 ? S2_TABLE : 0);
}

/* Bytes one entry of a level covers: 512 GiB, 1 GiB, 2 MiB, 4 KiB. */
static inline u64 s2_block(unsigned int level)
{
	return 1UL << (39 - 9 * level);
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

#endif
