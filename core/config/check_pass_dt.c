/* SPDX-License-Identifier: Apache-2.0 */
/* `pass dt:`: a node of the board's device tree with all it has. */
#include "core/board.h"
#include "core/config/check_pass.h"

/* A range of the VM's that holds the host's pages of `r`, given by a node before or by this; NULL: there is none. */
static const struct pass_range *same_pages(const struct vm_config *cfg, const struct pass_range *r)
{
	for (const struct cfg_pass *p = cfg->pass; p != NULL; p = p->next) {
		for (u32 i = 0; i < p->range_count && p->kind == PASS_DT; i++) {
			if (&p->range[i] != r && range_contains(p->range[i].pa, p->range[i].size, r->pa, r->size)) {
				return &p->range[i];
			}
		}
	}
	return NULL;
}

/* Enter range `r`, as the last name of the node's path. */
static void enter_window(struct check *c, const struct cfg_pass *p, const struct pass_range *r)
{
	const char *name = p->what;

	for (const char *s = name; *s != '\0'; s++) {
		name = *s == '/' && s[1] != '\0' ? s + 1 : name;
	}
	check_window(c, r->ipa, r->size, "pass", name, r->pos, false);
}

/* The i-th `loc` or `intr` of an entry; NULL: there is none. */
static const struct cfg_loc *nth_loc(const struct cfg_pass *p, u32 i)
{
	const struct cfg_loc *l = p->loc;

	while (l != NULL && i-- != 0) {
		l = l->next;
	}
	return l;
}

static const struct cfg_intr *nth_intr(const struct cfg_pass *p, u32 i)
{
	const struct cfg_intr *in = p->intr;

	while (in != NULL && i-- != 0) {
		in = in->next;
	}
	return in;
}

static bool device_ranges(struct check *c, struct cfg_pass *p, const struct board_device *d)
{
	p->range = d->reg_count != 0 ? check_alloc(c, d->reg_count * sizeof(*p->range)) : NULL;
	for (u32 i = 0; i < d->reg_count && p->range != NULL; i++) {
		const struct cfg_loc *l = nth_loc(p, i);
		u64 pa = ALIGN_DOWN(d->reg[i].start, PAGE_SIZE), last = (d->reg[i].start + (d->reg[i].size - 1)) | PAGE_MASK;
		struct pass_range *r = &p->range[p->range_count];
		const struct pass_range *same;

		*r = (struct pass_range){ .ipa = pa, .pa = pa, .size = last - pa + 1, .len = d->reg[i].size,
					  .skip = (u32)(d->reg[i].start - pa), .attrs = PASS_DEFAULT, .pos = &p->pos };
		same = same_pages(c->cfg, r);
		p->range_count++;
		if (same != NULL && (l == NULL || l->addr == same->ipa + (pa - same->pa))) {
			r->ipa = same->ipa + (pa - same->pa);
			r->again = true;
		} else if (l != NULL) {
			r->ipa = l->addr;
			r->pos = &l->pos;
			r->attrs = check_attributes(c, l);
		} else if (p->implied) {
			r->ipa = check_free_place(c, pa, r->size);
		}
		if (l != NULL && (!IS_ALIGNED(l->addr, PAGE_SIZE) || l->has_host || l->symbolic ||
				  (l->size != 0 && l->size != r->len))) {
			check_error(c, &l->pos, "register range %u of %.48s, 0x%lx bytes: expected loc ADDRESS, a multiple of 4K",
				    i, p->what, r->len);
		}
		if (!r->again) {
			enter_window(c, p, r);
		}
	}
	if (nth_loc(p, d->reg_count) != NULL) {
		check_error(c, &nth_loc(p, d->reg_count)->pos, "%.48s has %u register range%s", p->what, d->reg_count,
			    d->reg_count == 1 ? "" : "s");
	}
	return d->reg_count == 0 || p->range != NULL;
}

/* Nodes list a line as often as they have uses of it. */
static const struct pass_irq *same_line(const struct cfg_pass *p, u32 host)
{
	for (u32 i = 0; i < p->irq_count; i++) {
		if (p->irq[i].host == host) {
			return &p->irq[i];
		}
	}
	return NULL;
}

/* Interrupt `i` of the node, `in` what the text says of it. False: an implied entry finds no line. */
static bool device_irq(struct check *c, struct cfg_pass *p, const struct board_irq *irq, u32 i, const struct cfg_intr *in)
{
	u32 host = irq->intid, line = in != NULL ? in->line : host;
	const struct src_pos *pos = in != NULL ? &in->pos : &p->pos, *other;
	const struct pass_irq *same = same_line(p, host);
	struct pass_irq *q = &p->irq[p->irq_count];

	if (host < CONFIG_INTID_MIN || host > CONFIG_INTID_MAX) {
		if (!p->implied) {
			diag_warning(c->diag, &p->pos, "interrupt %u of %.48s is no SPI of the GIC: left out", i, p->what);
		}
		return true;
	}
	if (in != NULL && in->has_host && in->host != host) {
		check_error(c, &in->pos, "host interrupt %u: interrupt %u of %.48s is %u", in->host, i, p->what, host);
	}
	if (same != NULL) {
		if (in != NULL) {
			check_error(c, pos, "interrupt %u of %.48s is gic:%u already: expected no intr for it", i, p->what,
				    same->guest);
		}
		*q = *same;
		q->again = true;
		p->irq_count++;
		return true;
	}
	other = check_line(c->cfg, line, in != NULL ? pos : NULL);
	if (other != NULL && p->implied) {
		line = check_free_line(c->cfg, 64, 1);
	} else if (other != NULL && in == NULL) {
		check_error(c, pos, "interrupt gic:%u of %.48s is in use already, at %s:%u:%u: expected intr gic:N for "
			    "another", line, p->what, other->file, other->line, other->col);
	}
	check_irq_set(q, line, host, irq->flags, pos);
	if (in != NULL) {
		check_irq_flag(c, q, in);
	}
	p->irq_count++;
	return line != 0;
}

static bool device_irqs(struct check *c, struct cfg_pass *p, const struct board_device *d)
{
	p->irq = d->irq_count != 0 ? check_alloc(c, d->irq_count * sizeof(*p->irq)) : NULL;
	for (u32 i = 0; i < d->irq_count && p->irq != NULL; i++) {
		if (!device_irq(c, p, &d->irq[i], i, nth_intr(p, i))) {
			return false;
		}
	}
	if (nth_intr(p, d->irq_count) != NULL) {
		check_error(c, &nth_intr(p, d->irq_count)->pos, "%.48s has %u interrupt%s", p->what, d->irq_count,
			    d->irq_count == 1 ? "" : "s");
	}
	return d->irq_count == 0 || p->irq != NULL;
}

bool check_pass_device(struct check *c, struct cfg_pass *p, const struct board_device *d)
{
	p->what = check_text(c, d->path);
	p->node = d->node;
	if (!device_irqs(c, p, d) || !device_ranges(c, p, d)) {
		return false;
	}
	return check_device_clocks(c, p, d) && !c->full;
}

/* A device with registers in the same page as one that is passed: the VM would get both. */
struct neighbour {
	struct check *c;
	const struct cfg_pass *p;
	bool found;
};

static bool passed(const struct vm_config *cfg, u32 node)
{
	for (const struct cfg_pass *p = cfg->pass; p != NULL; p = p->next) {
		if (p->node == node) {
			return true;
		}
	}
	return false;
}

static bool find_neighbour(const struct board_device *d, void *ctx)
{
	struct neighbour *n = ctx;

	for (u32 i = 0; i < n->p->range_count; i++) {
		const struct pass_range *r = &n->p->range[i];

		for (u32 k = 0; k < d->reg_count && d->enabled; k++) {
			if (range_overlaps(r->pa, r->size, d->reg[k].start, d->reg[k].size) && !passed(n->c->cfg, d->node)) {
				check_error(n->c, &n->p->pos, "%.48s shares a page with %.48s: expected a pass of that, too",
					    n->p->what, d->path);
				return false;
			}
		}
	}
	return true;
}

static bool has_shared_irq(const struct board_device *d)
{
	bool has = false;

	for (u32 i = 0; i < d->irq_count; i++) {
		has |= d->irq[i].intid >= CONFIG_INTID_MIN;
	}
	return has;
}

void check_pass_node(struct check *c, struct cfg_pass *p)
{
	static struct board_device d; /* one check at a time, as board_device_find() */
	int err;

	p->what = p->target;
	if (c->board == NULL || c->board->board == NULL) {
		return;
	}
	err = board_device_find(c->board->board, p->target, &d);
	if (err != 0) {
		check_error(c, &p->target_pos, "the board has no device '%.64s': expected a path of its device tree or an "
			    "alias", p->target);
	} else if (!d.enabled) {
		check_error(c, &p->target_pos, "device '%.64s' is disabled in the board's device tree", p->target);
	} else if (d.reg_count == 0 && d.irq_count == 0) {
		check_error(c, &p->target_pos, "'%.64s' is no device: it has neither registers nor interrupts", p->target);
	} else if (d.reg_count == 0 && !has_shared_irq(&d)) {
		check_error(c, &p->target_pos, "'%.64s' is no device to pass: its interrupts are each CPU's, a VM has its own",
			    p->target);
	} else if (check_refused(c, &d) != NULL) {
		check_error(c, &p->target_pos, "'%.64s' cannot be passed: %s", p->target, check_refused(c, &d));
	} else if (d.partial) {
		check_error(c, &p->target_pos, "device '%.64s' has more than %d register ranges, %d interrupts or %d streams",
			    p->target, BOARD_DEVICE_REGS, BOARD_DEVICE_IRQS, BOARD_DEVICE_STREAMS);
	} else if (check_pass_device(c, p, &d) && check_owner(c, p)) {
		(void)check_dma_device(c, p, &d);
	}
}

void check_neighbours(struct check *c)
{
	for (const struct cfg_pass *p = c->cfg->pass; p != NULL; p = p->next) {
		struct neighbour n = { .c = c, .p = p };

		if (p->kind == PASS_DT && p->node != 0) {
			(void)board_device_walk(c->board->board, find_neighbour, &n);
		}
	}
}
