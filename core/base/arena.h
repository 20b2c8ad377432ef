/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bump allocator over a caller's buffer. What one VM's configuration needs is
 * taken from one arena and freed as a whole, so nothing can leak piecewise.
 */
#ifndef QUOIN_CORE_BASE_ARENA_H
#define QUOIN_CORE_BASE_ARENA_H

#include <string.h>
#include "core/base/types.h"

struct arena {
	char *base;
	size_t size, used;
};

static inline void arena_init(struct arena *a, void *base, size_t size)
{
	a->base = base;
	a->size = size;
	a->used = 0;
}

/* arena_alloc - zeroed, 16-byte aligned; NULL if the arena is full. Any context, one owner. */
static inline void *arena_alloc(struct arena *a, size_t n)
{
	size_t at = (a->used + 15) & ~(size_t)15;

	if (at > a->size || n > a->size - at) {
		return NULL;
	}
	a->used = at + n;
	return memset(a->base + at, 0, n);
}

/* arena_strndup - copy of `n` bytes of `s` plus a NUL; NULL if the arena is full. */
static inline char *arena_strndup(struct arena *a, const char *s, size_t n)
{
	char *p = arena_alloc(a, n + 1);

	if (p != NULL) {
		memcpy(p, s, n);
	}
	return p;
}

#endif
