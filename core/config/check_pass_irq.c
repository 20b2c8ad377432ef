/* SPDX-License-Identifier: Apache-2.0 */
/* Interrupts of a VM: who has which line, and those `pass` gives it. */
#include "core/board.h"
#include "core/config/check_pass.h"

const struct src_pos *check_line(const struct vm_config *cfg, u32 line, const struct src_pos *skip)
{
	for (const struct cfg_vdev *v = cfg->vdev; v != NULL; v = v->next) {
		if (v->intr != NULL && v->intr->line == line && &v->intr->pos != skip) {
			return &v->intr->pos;
		}
	}
	for (const struct cfg_pass *p = cfg->pass; p != NULL; p = p->next) {
		for (const struct cfg_intr *i = p->intr; i != NULL; i = i->next) {
			if (i->line == line && &i->pos != skip) {
				return &i->pos;
			}
		}
		for (u32 i = 0; i < p->irq_count; i++) {
			if (p->irq[i].guest == line && p->irq[i].pos != skip) {
				return p->irq[i].pos;
			}
		}
	}
	for (u32 i = 0; i < ARRAY_SIZE(cfg->pci.intx) && cfg->pci.present; i++) {
		if (cfg->pci.intx[i] == line) {
			return &cfg->pos;
		}
	}
	return cfg->gic.has_v2m && line - cfg->gic.v2m_base < cfg->gic.v2m_count ? &cfg->gic.pos : NULL;
}

static bool reserved_line(const struct vm_config *cfg, u32 line)
{
	for (const struct cfg_reserve *r = cfg->reserve; r != NULL; r = r->next) {
		for (const struct cfg_intr *i = r->intr; i != NULL; i = i->next) {
			if (i->line == line) {
				return true;
			}
		}
	}
	return false;
}

u32 check_free_line(const struct vm_config *cfg, u32 from, u32 count)
{
	u32 run = 0;

	for (u32 line = from; line <= CONFIG_INTID_MAX; line++) {
		run = check_line(cfg, line, NULL) != NULL || reserved_line(cfg, line) ? 0 : run + 1;
		if (run == count) {
			return line - count + 1;
		}
	}
	return 0;
}

struct line_kind {
	u32 intid;
	u8 flags; /* 0: not found */
};

static bool find_irq(const struct board_device *d, void *ctx)
{
	struct line_kind *k = ctx;

	for (u32 i = 0; i < d->irq_count && d->enabled; i++) {
		if (d->irq[i].intid == k->intid) {
			k->flags = (u8)d->irq[i].flags;
		}
	}
	return k->flags == 0;
}

void check_irq_set(struct pass_irq *q, u32 guest, u32 host, u32 flags, const struct src_pos *pos)
{
	/* SPIs are active high or on a rising edge (IHI 0048 1.2.2); the other two are inverted in front. */
	bool edge = flags != 0 && (flags & 0xc) == 0;

	*q = (struct pass_irq){ .guest = guest, .host = host, .edge = edge, .flags = edge ? 1 : 4, .pos = pos };
}

void check_irq_flag(struct check *c, struct pass_irq *q, const struct cfg_intr *in)
{
	if (in->flag == 'u' && !q->edge && c->board != NULL && c->board->board != NULL) {
		check_error(c, &in->pos, "'u' of a level interrupt: the board's device tree says that host interrupt %u is one",
			    q->host);
	}
	q->unmasked = in->flag == 'u';
}

void check_text_irqs(struct check *c, struct cfg_pass *p)
{
	u32 n = 0;

	for (const struct cfg_intr *in = p->intr; in != NULL; in = in->next) {
		n++;
	}
	p->irq = n != 0 ? check_alloc(c, n * sizeof(*p->irq)) : NULL;
	for (const struct cfg_intr *in = p->intr; in != NULL && p->irq != NULL; in = in->next) {
		u32 host = in->has_host ? in->host : in->line;
		struct line_kind k = { host, 0 };

		if (c->board != NULL && c->board->board != NULL) {
			(void)board_device_walk(c->board->board, find_irq, &k);
		}
		check_irq_set(&p->irq[p->irq_count], in->line, host, k.flags, &in->pos);
		check_irq_flag(c, &p->irq[p->irq_count++], in);
	}
}
