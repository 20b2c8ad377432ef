/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Free RAM as a sorted array of ranges.
 *
 * Invariants: ranges are page aligned, ascending, disjoint and not adjacent
 * (adjacent ones are merged on free). What is free and finds no room in the
 * array waits in a list, whose links lie in the free memory itself, until there is.
 */
#include "core/base/memory.h"

#include <string.h>
#include "arch/arch.h"
#include "core/base/lock.h"
#include "core/base/log.h"

#define MAX_RANGES 128

static struct range free_range[MAX_RANGES];
static unsigned int free_count;
static u64 total_bytes, free_bytes;
static struct spinlock mem_lock;

static struct spill {
	struct spill *next;
	u64 size;
} *spilled;

static void spill(u64 start, u64 size)
{
	struct spill *s = pa_ptr(start);

	s->size = size;
	s->next = spilled;
	spilled = s;
}

static void remove_at(unsigned int i)
{
	free_count--;
	memmove(&free_range[i], &free_range[i + 1], (free_count - i) * sizeof(free_range[0]));
}

/* Insert before index i; false if the array is full. */
static bool insert_at(unsigned int i, u64 start, u64 size)
{
	if (free_count == MAX_RANGES) {
		return false;
	}
	memmove(&free_range[i + 1], &free_range[i], (free_count - i) * sizeof(free_range[0]));
	free_range[i] = (struct range){ start, size };
	free_count++;
	return true;
}

static void put_range(u64 start, u64 size)
{
	unsigned int i = 0;

	free_bytes += size;
	while (i < free_count && free_range[i].start < start) {
		i++;
	}
	if (i > 0 && free_range[i - 1].start + free_range[i - 1].size == start) {
		free_range[--i].size += size;
	} else if (i < free_count && start + size == free_range[i].start) {
		free_range[i].start = start;
		free_range[i].size += size;
	} else if (!insert_at(i, start, size)) {
		spill(start, size);
		return;
	}
	if (i + 1 < free_count && free_range[i].start + free_range[i].size == free_range[i + 1].start) {
		free_range[i].size += free_range[i + 1].size;
		remove_at(i + 1);
	}
}

/* What had no room in the array gets it. */
static void unspill(void)
{
	while (spilled != NULL && free_count < MAX_RANGES) {
		struct spill *s = spilled;
		u64 size = s->size;

		spilled = s->next;
		*s = (struct spill){ 0 }; /* scrubbed memory stays that */
		free_bytes -= size;
		put_range(ptr_pa(s), size);
	}
}

/* Take [start, end) out of range i, which contains it. While booting it may not be written to yet. */
static void cut(unsigned int i, u64 start, u64 end, bool boot)
{
	u64 rstart = free_range[i].start;
	u64 rend = rstart + free_range[i].size;

	if (rstart < start && end < rend && !insert_at(i + 1, end, rend - end)) {
		if (boot) {
			free_bytes -= rend - end; /* the tail is lost, never handed out twice */
		} else {
			spill(end, rend - end);
		}
	}
	if (rstart < start) {
		free_range[i].size = start - rstart;
	} else if (end < rend) {
		free_range[i] = (struct range){ end, rend - end };
	} else {
		remove_at(i);
	}
	free_bytes -= end - start;
}

void memory_add(pa_t start, u64 size)
{
	u64 s = MAX(ALIGN_UP(start, PAGE_SIZE), PAGE_SIZE); /* address 0 means "none" to those who ask */
	u64 e = ALIGN_DOWN(start + size, PAGE_SIZE);

	if (!range_valid(start, size) || e <= s) {
		return;
	}
	memory_reserve(s, e - s); /* banks that overlap count once */
	if (free_count == MAX_RANGES) {
		log_error("memory: too many banks, %lu KiB lost", (e - s) >> 10);
		return;
	}
	put_range(s, e - s);
	total_bytes = free_bytes;
}

void memory_reserve(pa_t start, u64 size)
{
	u64 s = ALIGN_DOWN(start, PAGE_SIZE);
	u64 e = ALIGN_UP(start + size, PAGE_SIZE);

	if (!range_valid(start, size) || e <= s) {
		return;
	}
	for (unsigned int i = 0; i < free_count;) {
		u64 rs = free_range[i].start;
		u64 re = rs + free_range[i].size;

		if (rs < e && s < re) {
			cut(i, MAX(rs, s), MIN(re, e), true);
			i = 0;
		} else {
			i++;
		}
	}
}

pa_t mem_range_alloc(u64 size, u64 align, u64 offset)
{
	u64 flags;
	pa_t found = 0;

	if (size == 0 || !IS_ALIGNED(size, PAGE_SIZE) || align < PAGE_SIZE) {
		return 0;
	}
	flags = spin_lock_irq(&mem_lock);
	for (unsigned int i = 0; i < free_count; i++) {
		u64 at = ALIGN_DOWN(free_range[i].start, align) + (offset & (align - 1));

		if (at < free_range[i].start) {
			at += align;
		}
		if (range_contains(free_range[i].start, free_range[i].size, at, size)) {
			cut(i, at, at + size, false);
			found = at;
			break;
		}
	}
	unspill();
	spin_unlock_irq(&mem_lock, flags);
	return found;
}

bool mem_range_take(pa_t start, u64 size)
{
	u64 flags;
	bool found = false;

	if (!range_valid(start, size) || !IS_ALIGNED(start | size, PAGE_SIZE)) {
		return false;
	}
	flags = spin_lock_irq(&mem_lock);
	for (unsigned int i = 0; i < free_count && !found; i++) {
		if (range_contains(free_range[i].start, free_range[i].size, start, size)) {
			cut(i, start, start + size, false);
			found = true;
		}
	}
	unspill();
	spin_unlock_irq(&mem_lock, flags);
	return found;
}

void mem_range_free(pa_t start, u64 size)
{
	u64 flags = spin_lock_irq(&mem_lock);

	put_range(start, size);
	unspill();
	spin_unlock_irq(&mem_lock, flags);
}

pa_t mem_page_alloc(void)
{
	pa_t p = mem_range_alloc(PAGE_SIZE, PAGE_SIZE, 0);

	if (p != 0) {
		memset(pa_ptr(p), 0, PAGE_SIZE);
	}
	return p;
}

void mem_page_free(pa_t page)
{
	mem_range_free(page, PAGE_SIZE);
}

void *mem_alloc(size_t size)
{
	u64 n = ALIGN_UP(size, PAGE_SIZE);
	pa_t p = mem_range_alloc(n, PAGE_SIZE, 0);

	return p == 0 ? NULL : memset(pa_ptr(p), 0, n);
}

void mem_free(void *p, size_t size)
{
	if (p != NULL) {
		mem_range_free(ptr_pa(p), ALIGN_UP(size, PAGE_SIZE));
	}
}

u64 mem_free_bytes(void)
{
	return free_bytes;
}

u64 mem_total_bytes(void)
{
	return total_bytes;
}
