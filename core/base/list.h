/* SPDX-License-Identifier: Apache-2.0 */
/* Intrusive doubly linked list. A head is a node that links to itself when empty. */
#ifndef QUOIN_CORE_BASE_LIST_H
#define QUOIN_CORE_BASE_LIST_H

#include "core/base/types.h"

struct list {
	struct list *next, *prev;
};

static inline void list_init(struct list *h)
{
	h->next = h;
	h->prev = h;
}

static inline bool list_empty(const struct list *h)
{
	return h->next == h;
}

/* list_add_tail - append `n` before head (or node) `h`. */
static inline void list_add_tail(struct list *h, struct list *n)
{
	n->prev = h->prev;
	n->next = h;
	h->prev->next = n;
	h->prev = n;
}

/* list_del - unlink `n`; it becomes an empty list, so deleting twice is harmless. */
static inline void list_del(struct list *n)
{
	n->prev->next = n->next;
	n->next->prev = n->prev;
	list_init(n);
}

#define list_entry(n, type, member) container_of(n, type, member)
#define list_for_each(it, h) for (it = (h)->next; it != (h); it = it->next)

#endif
