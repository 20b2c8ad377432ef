/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What newlib's integer formatter refers to but never reaches when it prints into a caller's
 * buffer. There is no heap at EL2: a request for one fails.
 */

#include <stddef.h>

struct _reent;

void *_malloc_r(struct _reent *r, size_t n);
void *_realloc_r(struct _reent *r, void *p, size_t n);
void _free_r(struct _reent *r, void *p);

void *_malloc_r(struct _reent *r, size_t n)
{
	(void)r;
	(void)n;
	return NULL;
}

void *_realloc_r(struct _reent *r, void *p, size_t n)
{
	(void)r;
	(void)p;
	(void)n;
	return NULL;
}

void _free_r(struct _reent *r, void *p)
{
	(void)r;
	(void)p;
}
