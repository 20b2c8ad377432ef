/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RT_RANDOM_H
#define RT_RANDOM_H

#include "types.h"

/* A pseudo-random number; the same ones in each run. */
u64 any(void);

#endif
