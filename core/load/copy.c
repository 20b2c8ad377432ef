/* SPDX-License-Identifier: Apache-2.0 */
/* Carrying a plan out: every write goes through one accessor, piecewise. */
#include <errno.h>
#include <string.h>
#include "core/load/load.h"

struct copier {
	const struct load_plan *p;
	struct guest_mem *mem;
	struct diag *d;
	int error;
};

static void not_backed(struct copier *c, ipa_t ipa)
{
	c->error = -EFAULT;
	diag_error(c->d, &c->p->cfg->pos, "guest memory at 0x%lx is not there to load into", ipa);
}

/* Write `size` bytes of `data`, or of zeros if that is NULL. */
static void put(struct copier *c, ipa_t ipa, const u8 *data, u64 size)
{
	u64 n, run;
	void *at;

	while (size > 0 && c->error == 0) {
		run = 0;
		at = c->mem->ptr(c->mem, ipa, &run);
		if (at == NULL || run == 0) {
			not_backed(c, ipa);
			return;
		}
		n = MIN(MIN(size, run), LOAD_CHUNK);
		if (data != NULL) {
			memcpy(at, data, n);
			data += n;
		} else {
			memset(at, 0, n);
		}
		c->mem->written(c->mem, at, n);
		ipa += n;
		size -= n;
		if (c->mem->yield != NULL) {
			c->mem->yield(c->mem);
		}
	}
}

int load_copy(const struct load_plan *p, struct guest_mem *mem, struct diag *d)
{
	struct copier c = { .p = p, .mem = mem, .d = d };
	const struct load_piece *q;
	u64 mapped;
	u32 i;

	for (i = 0; i < p->piece_count && c.error == 0; i++) {
		q = &p->piece[i];
		if (q->load == NULL) {
			continue; /* the device tree: load_fdt() */
		}
		mapped = 0;
		if (q->map != 0 && mem->map != NULL && mem->map(mem, q->ipa, q->data, q->map)) {
			mapped = q->map;
		}
		put(&c, q->ipa + mapped, q->data + mapped, q->copy - mapped);
		put(&c, q->ipa + q->copy, NULL, q->zero);
	}
	return c.error;
}

int load_fdt(const struct load_plan *p, struct guest_mem *mem, const struct guest_fdt *g,
	     struct diag *d)
{
	struct copier c = { .p = p, .mem = mem, .d = d };
	u64 run = 0;
	size_t used;
	void *at = mem->ptr(mem, p->fdt, &run);
	int err;

	if (at == NULL || run < p->fdt_space || ((uintptr_t)at & 7) != 0) {
		not_backed(&c, p->fdt);
		return c.error;
	}
	err = guest_fdt_build(g, at, p->fdt_space, &used, d);
	mem->written(mem, at, err == 0 ? used : p->fdt_space);
	return err;
}
