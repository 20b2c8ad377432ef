/* SPDX-License-Identifier: Apache-2.0 */
/* Half-open address ranges [start, start + size). */
#ifndef QUOIN_CORE_BASE_RANGE_H
#define QUOIN_CORE_BASE_RANGE_H

#include "core/base/types.h"

struct range {
	u64 start;
	u64 size;
};

/* range_valid - true if the range is not empty and does not wrap past 2^64. Any context. */
static inline bool range_valid(u64 start, u64 size)
{
	return size != 0 && start + (size - 1) >= start;
}

/* range_overlaps - true if the two valid ranges share a byte. Any context. */
static inline bool range_overlaps(u64 a, u64 asize, u64 b, u64 bsize)
{
	return a <= b + (bsize - 1) && b <= a + (asize - 1);
}

/* range_contains - true if valid range [b, b + bsize) lies inside [a, a + asize). Any context. */
static inline bool range_contains(u64 a, u64 asize, u64 b, u64 bsize)
{
	return b >= a && bsize <= asize && b - a <= asize - bsize;
}

#endif
