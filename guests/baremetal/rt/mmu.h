/* SPDX-License-Identifier: Apache-2.0 */
/* Identity-mapped virtual memory: optional, once on it stays on. */
#ifndef RT_MMU_H
#define RT_MMU_H

#include "types.h"

/*
 * Map the first 512 GiB onto themselves - memory of the device tree as Normal write-back, all else as Device -
 * and switch MMU and caches on here and on every CPU started later.
 */
void mmu_on(void);

/* True after mmu_on(). */
bool mmu_is_on(void);

/* Clean a range to the point of coherency, for observers without caches. */
void cache_clean(const void *start, size_t size);

/* Make freshly written instructions visible to this CPU's fetches. */
void cache_sync_code(const void *start, size_t size);

#endif
