/* SPDX-License-Identifier: Apache-2.0 */
/* What Arm's PrimeCell peripherals have in common: identification registers, rows of single words. */
#ifndef QUOIN_VDEV_PRIMECELL_H
#define QUOIN_VDEV_PRIMECELL_H

#include "core/vdev.h"

/* A row of one word that is accessed in `sizes`. */
#define PRIMECELL_REG(at, sizes_, getter, setter) \
	{ .off = (at), .end = (at) + 4, .width = 4, .sizes = (sizes_), .get = (getter), .set = (setter) }
/* The row of the identification registers: PeriphID0 to 3, PCellID0 to 3. */
#define PRIMECELL_ID(getter) \
	{ .off = 0xfe0, .end = 0x1000, .width = 4, .sizes = 1 | 2 | 4, .get = (getter) }

/* The i-th of them: `periph` is PeriphID3 to 0, a byte each. */
static inline u64 primecell_id(u32 periph, unsigned int i)
{
	return ((u64)0xb105f00d << 32 | periph) >> 8 * (i & 7) & 0xff;
}

#endif
