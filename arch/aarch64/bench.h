/* SPDX-License-Identifier: Apache-2.0 */
/* What the monitor measures of itself: option `bench`. */
#ifndef QUOIN_ARCH_AARCH64_BENCH_H
#define QUOIN_ARCH_AARCH64_BENCH_H

#include "core/base/types.h"

/* masked_longest - counter ticks of the longest masked stretch after the first guest entry; 0: not measured. */
u64 masked_longest(void);
/* masked_report - log the long ones, with where they began and ended. Thread context. */
void masked_report(void);

#endif
