/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What newlib wants from the system, and the memory and string functions that replace its own. newlib's are
 * written for normal memory: they read and write unaligned words. A guest that has not switched its MMU on
 * sees all memory as Device, where an unaligned access is an alignment fault (ARM ARM B2.7.2).
 */
#include "types.h"

struct _reent;

void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int byte, size_t size);
int memcmp(const void *a, const void *b, size_t size);
void *memchr(const void *from, int byte, size_t size);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t size);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t size);
void *_malloc_r(struct _reent *reent, size_t size);
void *_realloc_r(struct _reent *reent, void *old, size_t size);
void _free_r(struct _reent *reent, void *old);

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
	const u8 *source = from;
	u8 *dest = to;

	while (size--) {
		*dest++ = *source++;
	}
	return to;
}

void *memmove(void *to, const void *from, size_t size)
{
	const u8 *source = from;
	u8 *dest = to;

	if (dest <= source) {
		return memcpy(to, from, size);
	}
	while (size--) {
		dest[size] = source[size];
	}
	return to;
}

void *memset(void *to, int byte, size_t size)
{
	u8 *dest = to;

	while (size--) {
		*dest++ = (u8)byte;
	}
	return to;
}

int memcmp(const void *a, const void *b, size_t size)
{
	const u8 *left = a, *right = b;

	for (; size; size--, left++, right++) {
		if (*left != *right) {
			return *left - *right;
		}
	}
	return 0;
}

void *memchr(const void *from, int byte, size_t size)
{
	const u8 *p = from;

	for (; size; size--, p++) {
		if (*p == (u8)byte) {
			return (void *)(uintptr_t)p;
		}
	}
	return NULL;
}

size_t strlen(const char *s)
{
	size_t n = 0;

	while (s[n]) {
		n++;
	}
	return n;
}

size_t strnlen(const char *s, size_t size)
{
	size_t n = 0;

	while (n < size && s[n]) {
		n++;
	}
	return n;
}

int strncmp(const char *a, const char *b, size_t size)
{
	for (; size; size--, a++, b++) {
		if (*a != *b || !*a) {
			return (u8)*a - (u8)*b;
		}
	}
	return 0;
}

int strcmp(const char *a, const char *b)
{
	return strncmp(a, b, SIZE_MAX);
}

/* The formatter asks for memory only on paths vsniprintf never takes. */
void *_malloc_r(struct _reent *reent, size_t size)
{
	(void)reent;
	(void)size;
	return NULL;
}

void *_realloc_r(struct _reent *reent, void *old, size_t size)
{
	(void)reent;
	(void)old;
	(void)size;
	return NULL;
}

void _free_r(struct _reent *reent, void *old)
{
	(void)reent;
	(void)old;
}
