/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Host RAM: one allocator of ranges that honours alignment, used for VM RAM
 * and for pages. Allocation happens when something is built or destroyed,
 * never on an exit path.
 */
#ifndef QUOIN_CORE_BASE_MEMORY_H
#define QUOIN_CORE_BASE_MEMORY_H

#include "core/base/range.h"
#include "core/base/types.h"

/* memory_add - give [start, start + size) to the allocator, rounded inwards to pages. Boot. */
void memory_add(pa_t start, u64 size);
/* memory_reserve - take a range out again, rounded outwards. Boot, before any allocation. */
void memory_reserve(pa_t start, u64 size);

/*
 * mem_range_alloc - `size` bytes (whole pages) at a multiple of `align` (a power of two, at least a
 * page) plus `offset`; 0 if there is no such range. Lowest address first. Not zeroed.
 */
pa_t mem_range_alloc(u64 size, u64 align, u64 offset);
void mem_range_free(pa_t start, u64 size);
/* mem_range_take - that very range (whole pages); false if not all of it is free. Boot or thread context. */
bool mem_range_take(pa_t start, u64 size) __must_check;

/* mem_page_alloc - a zeroed page, 0 without memory. */
pa_t mem_page_alloc(void);
void mem_page_free(pa_t page);

/* mem_alloc - zeroed memory in whole pages; NULL without memory. mem_free takes the same size. */
void *mem_alloc(size_t size);
void mem_free(void *p, size_t size);

u64 mem_free_bytes(void);
u64 mem_total_bytes(void);

#endif
