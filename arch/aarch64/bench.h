/* SPDX-License-Identifier: Apache-2.0 */
/* What the monitor measures of itself: option `bench`. */
#ifndef QUOIN_ARCH_AARCH64_BENCH_H
#define QUOIN_ARCH_AARCH64_BENCH_H

#include "core/base/types.h"

/*
 * masked_longest - counter ticks of the longest masked stretch after the first guest entry, where it
 * ended and the last syndrome of that CPU; 0: not measured.
 */
u64 masked_longest(u64 *where, u64 *esr);

#endif
