/* SPDX-License-Identifier: Apache-2.0 */
/* FP/SIMD registers as a test pattern; no other code of the runtime uses them. */
#ifndef RT_FP_H
#define RT_FP_H

#include "types.h"

/* Fill v0-v31 with values made from seed. */
void fp_fill(u64 seed);

/* How many of v0-v31 differ from what fp_fill(seed) left. */
u64 fp_check(u64 seed);

/* The bits that are set in any of v0-v31. */
u64 fp_any(void);

#endif
