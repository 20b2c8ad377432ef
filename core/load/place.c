/* SPDX-License-Identifier: Apache-2.0 */
/* Where pieces may lie and where there is room. */
#include "core/load/plan.h"

#include <errno.h>
#include "core/base/fmt.h"

const char *load_piece_name(const struct cfg_load *l, char *buf, size_t size)
{
	if (l == NULL) {
		fmt_str(buf, size, "device tree");
	} else if (l->source == SOURCE_FILE) {
		fmt_str(buf, size, "'%s'", l->path);
	} else {
		fmt_str(buf, size, l->source == SOURCE_MODULE_ADDR ? "module@0x%lx" : "module:%lu",
			l->module);
	}
	return buf;
}

void plan_fail(struct planner *pl, int error, const struct cfg_load *l, const char *fmt, ...)
{
	char name[LOAD_NAME_MAX], text[200];
	va_list ap;

	if (pl->error != 0) {
		return;
	}
	pl->error = error;
	va_start(ap, fmt);
	fmt_vstr(text, sizeof(text), fmt, ap);
	va_end(ap);
	diag_error(pl->d, l != NULL ? &l->pos : &pl->p->cfg->pos, "%s %s",
		   load_piece_name(l, name, sizeof(name)), text);
}

bool plan_inside(const struct vm_config *cfg, u64 start, u64 size, bool rom_too)
{
	const struct cfg_mem *m;
	u64 left = size, part;

	if (!range_valid(start, size)) {
		return false;
	}
	while (left > 0) {
		for (m = cfg->mem; m != NULL; m = m->next) {
			if ((rom_too || !m->rom) && start >= m->start &&
			    start - m->start < m->size) {
				break;
			}
		}
		if (m == NULL) {
			return false;
		}
		part = MIN(left, m->size - (start - m->start));
		start += part;
		left -= part;
	}
	return true;
}

static bool in_rom(const struct vm_config *cfg, u64 start, u64 size)
{
	const struct cfg_mem *m;

	for (m = cfg->mem; m != NULL; m = m->next) {
		if (m->rom && range_contains(m->start, m->size, start, size)) {
			return true;
		}
	}
	return false;
}

void plan_add(struct planner *pl, const struct load_piece *piece)
{
	struct load_plan *p = pl->p;
	char other[LOAD_NAME_MAX];
	const struct load_piece *q;
	u32 i;

	if (pl->error != 0) {
		return;
	}
	if (!plan_inside(p->cfg, piece->ipa, piece->space, true)) {
		plan_fail(pl, -EINVAL, piece->load,
			  "at 0x%lx, 0x%lx bytes, does not lie inside the VM's ram or rom",
			  piece->ipa, piece->space);
		return;
	}
	for (i = 0; i < p->piece_count; i++) {
		q = &p->piece[i];
		if (range_overlaps(piece->ipa, piece->space, q->ipa, q->space)) {
			plan_fail(pl, -EINVAL, piece->load,
				  "at 0x%lx, 0x%lx bytes, overlaps %s at 0x%lx, 0x%lx bytes",
				  piece->ipa, piece->space,
				  load_piece_name(q->load, other, sizeof(other)), q->ipa, q->space);
			return;
		}
	}
	if (p->piece_count == LOAD_MAX_PIECES) {
		plan_fail(pl, -E2BIG, piece->load, "is one of more than %d pieces to load",
			  LOAD_MAX_PIECES);
		return;
	}
	p->piece[p->piece_count] = *piece;
	if (piece->map != 0 && !in_rom(p->cfg, piece->ipa, piece->space)) {
		p->piece[p->piece_count].map = 0;
	}
	p->piece_count++;
}

/* First piece in the way of [at, at + size); NULL: free. */
static const struct load_piece *obstacle(const struct load_plan *p, u64 at, u64 size, bool margins)
{
	const struct load_piece *q;
	u64 taken;
	u32 i;

	for (i = 0; i < p->piece_count; i++) {
		q = &p->piece[i];
		taken = q->space + (margins ? q->margin : 0);
		if (q->ipa + (taken - 1) < q->ipa) {
			taken = 0 - q->ipa; /* the margin ends at the top of the address space */
		}
		if (range_overlaps(at, size, q->ipa, taken)) {
			return q;
		}
	}
	return NULL;
}

bool plan_find(const struct planner *pl, u64 size, u64 align, u64 off, struct range window,
	       bool margins, ipa_t *out)
{
	const struct load_piece *q;
	const struct cfg_mem *m;
	u64 at, lowest, next;

	for (m = pl->p->cfg->mem; m != NULL; m = m->next) {
		lowest = MAX(m->start, window.start);
		/* Each round passes one piece for good: at most piece_count + 1 of them. */
		while (!m->rom) {
			at = ALIGN_UP(lowest - MIN(off, lowest), align) + off;
			if (at < lowest || !range_valid(at, size) ||
			    !range_contains(m->start, m->size, at, size) ||
			    !range_contains(window.start, window.size, at, size)) {
				break;
			}
			q = obstacle(pl->p, at, size, margins);
			if (q == NULL) {
				*out = at;
				return true;
			}
			next = q->ipa + q->space + (margins ? q->margin : 0);
			if (next <= lowest) {
				break; /* wrapped */
			}
			lowest = next;
		}
	}
	return false;
}
