/* SPDX-License-Identifier: Apache-2.0 */
/* Who owns what: pages, interrupts, streams and PCI functions, of VMs and of the monitor. */
#include "core/board.h"
#include "core/board_soc.h"
#include "core/base/fmt.h"
#include "core/config/check_parts.h"

/* Whole pages: what a VM gets. */
static bool meets(const struct range *a, const struct range *b)
{
	u64 start = ALIGN_DOWN(a->start, PAGE_SIZE), last = (a->start + (a->size - 1)) | PAGE_MASK;
	u64 from = ALIGN_DOWN(b->start, PAGE_SIZE);

	return a->size != 0 && b->size != 0 && range_overlaps(start, last - start + 1, from,
							      ((b->start + (b->size - 1)) | PAGE_MASK) - from + 1);
}

static const char *owner_gic(const struct board_gic *g, const struct range *regs)
{
	const struct range *one[] = { &g->dist, &g->cpu, &g->hyp, &g->vcpu };
	bool hit = false;

	for (u32 i = 0; i < ARRAY_SIZE(one); i++) {
		hit |= meets(one[i], regs);
	}
	for (u32 i = 0; i < g->redist_count; i++) {
		hit |= meets(&g->redist[i], regs);
	}
	for (u32 i = 0; i < g->its_count; i++) {
		hit |= meets(&g->its[i], regs);
	}
	for (u32 i = 0; i < g->v2m_count && !hit; i++) {
		if (meets(&g->v2m[i].regs, regs)) {
			return "a GICv2m frame ('msi v2m' gives it to a VM)";
		}
	}
	return hit ? "the GIC" : NULL;
}

const char *config_owner_of(const struct board_limits *l, const struct range *regs)
{
	const struct board *b = l->board;
	const char *who = board_soc_memory(b, regs);

	who = who != NULL ? who : owner_gic(&b->gic, regs);
	for (u32 i = 0; i < b->reserved_count && who == NULL; i++) {
		const struct range r = { b->reserved[i].start, b->reserved[i].size };

		if (meets(&r, regs)) {
			who = "reserved memory (a node below /reserved-memory can be named: $asinfo_start{NAME})";
		}
	}
	for (u32 i = 0; i < b->ram_count && who == NULL; i++) {
		who = meets(&b->ram[i], regs) ? "RAM" : NULL;
	}
	for (u32 i = 0; i < b->iommu_count && who == NULL; i++) {
		who = meets(&b->iommu[i].regs, regs) ? "an IOMMU" : NULL;
	}
	for (u32 i = 0; i < b->pci_count && who == NULL; i++) {
		const struct board_pci *p = &b->pci[i];

		if (meets(&p->ecam, regs) || meets(&p->window[0].cpu, regs) || meets(&p->window[1].cpu, regs)) {
			who = "the PCI host bridge's (expected pass pci:BUS:DEV.FN)";
		}
	}
	if (who == NULL && l->console != NULL && meets(&l->console->regs, regs)) {
		who = "the monitor's console";
	}
	return who == NULL && l->owned != NULL ? l->owned(regs, 0) : who;
}

static bool is_intx(const struct board *b, u32 intid)
{
	for (u32 i = 0; i < b->pci_count; i++) {
		for (u32 n = 0; n < 32 * 4; n++) {
			u16 bdf = (u16)(b->pci[i].bus_first << 8 | n / 4 << 3);

			if (board_pci_irq(b, &b->pci[i], bdf, n % 4 + 1).intid == intid) {
				return true;
			}
		}
	}
	return false;
}

const char *config_owner_irq(const struct board_limits *l, u32 intid)
{
	const struct board *b = l->board;

	if (l->console != NULL && l->console->irq.intid == intid) {
		return "the monitor's console's";
	}
	if (board_soc_irq(b, intid)) {
		return "the secure firmware's (Group 0)";
	}
	for (u32 i = 0; i < b->iommu_count; i++) {
		const struct board_iommu *m = &b->iommu[i];

		if (m->eventq.intid == intid || m->gerror.intid == intid || m->priq.intid == intid ||
		    m->cmdq.intid == intid) {
			return "an IOMMU's";
		}
	}
	if (is_intx(b, intid)) {
		return "a PCI host bridge's (expected pass pci:BUS:DEV.FN)";
	}
	return l->owned != NULL ? l->owned(NULL, intid) : NULL;
}

bool check_owner(struct check *c, const struct cfg_pass *p)
{
	bool free = true;

	for (u32 i = 0; i < p->range_count; i++) {
		const struct pass_range *r = &p->range[i];
		const struct range regs = { r->pa, r->size };
		const char *who = r->reserved ? board_soc_memory(c->board->board, &regs) : config_owner_of(c->board, &regs);

		if (who != NULL) {
			free = false;
			check_error(c, r->pos, "host range at 0x%lx, size 0x%lx, is %s", r->pa, r->size, who);
		}
	}
	for (u32 i = 0; i < p->irq_count; i++) {
		const char *who = config_owner_irq(c->board, p->irq[i].host);

		if (who != NULL) {
			free = false;
			check_error(c, p->irq[i].pos, "host interrupt %u is %s", p->irq[i].host, who);
		} else if (c->board->intids != 0 && p->irq[i].host >= c->board->intids) {
			free = false;
			check_error(c, p->irq[i].pos, "host interrupt %u: the board's GIC has 32 to %u", p->irq[i].host,
				    c->board->intids - 1);
		}
	}
	return free;
}

/* ---- Between VMs, or two passes of one */

static void taken(struct diag *d, const struct src_pos *pos, const char *what, const struct vm_config *other,
		  const struct src_pos *at)
{
	diag_error(d, pos, "%s is passed to VM '%s' already, at %s:%u:%u", what, other->name, at->file, at->line,
		   at->col);
}

static void share_ranges(const struct cfg_pass *a, const struct cfg_pass *b, const struct vm_config *other,
			 bool same_vm, struct diag *d)
{
	char what[64];

	for (u32 i = 0; i < a->range_count; i++) {
		for (u32 j = 0; j < b->range_count; j++) {
			const struct pass_range *r = &a->range[i], *s = &b->range[j];

			if (range_overlaps(r->pa, r->size, s->pa, s->size) && !(same_vm && (r->again || s->again))) {
				fmt_str(what, sizeof(what), "host range at 0x%lx", MAX(r->pa, s->pa));
				taken(d, r->pos, what, other, s->pos);
			}
		}
	}
	for (u32 i = 0; i < a->irq_count; i++) {
		for (u32 j = 0; j < b->irq_count; j++) {
			if (a->irq[i].host == b->irq[j].host) {
				fmt_str(what, sizeof(what), "host interrupt %u", a->irq[i].host);
				taken(d, a->irq[i].pos, what, other, b->irq[j].pos);
			}
		}
	}
}

/* The i-th stream of an entry, those of its functions behind its own. */
static const struct pass_stream *stream_at(const struct cfg_pass *p, u32 i)
{
	if (i < p->stream_count) {
		return &p->stream[i];
	}
	i -= p->stream_count;
	return i < p->pci_count && p->pci[i].has_stream ? &p->pci[i].stream : NULL;
}

static void share_streams(const struct cfg_pass *a, const struct cfg_pass *b, const struct vm_config *other,
			  struct diag *d)
{
	const struct pass_stream *s, *t;
	char what[80];

	for (u32 i = 0; (s = stream_at(a, i)) != NULL; i++) {
		for (u32 j = 0; (t = stream_at(b, j)) != NULL; j++) {
			if (s->iommu == t->iommu && s->sid == t->sid) {
				fmt_str(what, sizeof(what), "stream 0x%x (of %.32s)%s", s->sid, a->what,
					strcmp(a->what, b->what) != 0 ? ", one for several devices," : "");
				taken(d, &a->pos, what, other, &b->pos);
			}
		}
	}
}

static void share_functions(const struct cfg_pass *a, const struct cfg_pass *b, const struct vm_config *other,
			    bool same_vm, struct diag *d)
{
	const struct pass_pci *f, *g;
	char what[64];

	if (a->pci_count == 0 || b->pci_count == 0) {
		return;
	}
	f = a->pci;
	g = b->pci;
	if (f->known && g->known ? f->host == g->host && f->bdf == g->bdf :
	    !f->known && !g->known && f->vendor == g->vendor && f->device == g->device) {
		fmt_str(what, sizeof(what), "%.48s", a->what);
		taken(d, f->pos, what, other, g->pos);
	} else if (!same_vm && f->intx != 0 && f->intx == g->intx && !f->no_intx && !g->no_intx) {
		diag_error(d, f->pos, "%s shares interrupt %u with %s of VM '%s', at %s:%u:%u: expected 'intx none' "
			   "for one of them (it has to use MSI then)", a->what, f->intx, b->what, other->name,
			   g->pos->file, g->pos->line, g->pos->col);
	}
}

/* Devices of both reach the host's very addresses: so does their RAM. */
static void share_ram(const struct vm_config *vm, const struct vm_config *other, struct diag *d)
{
	for (const struct cfg_mem *m = vm->mem; m != NULL; m = m->next) {
		for (const struct cfg_mem *n = other->mem; n != NULL; n = n->next) {
			if (range_overlaps(m->start, m->size, n->start, n->size)) {
				diag_error(d, &m->pos, "memory at 0x%lx is VM '%s's, at %s:%u:%u: with 'dma unprotected' both "
					   "are at the host's addresses", MAX(m->start, n->start), other->name, n->pos.file,
					   n->pos.line, n->pos.col);
			}
		}
	}
}

void check_share(const struct vm_config *vm, const struct vm_config *other, struct diag *d)
{
	u32 first = d->errors;

	if (vm != other && vm->dma_identity && other->dma_identity) {
		share_ram(vm, other, d);
	}
	for (const struct cfg_pass *a = vm->pass; a != NULL && d->errors - first < CONFIG_MAX_ERRORS; a = a->next) {
		for (const struct cfg_pass *b = other->pass; b != NULL && b != a && d->errors - first < CONFIG_MAX_ERRORS;
		     b = b->next) {
			share_ranges(a, b, other, vm == other, d);
			share_functions(a, b, other, vm == other, d);
			if (vm != other) {
				share_streams(a, b, other, d);
			}
			if (a->kind == PASS_DT && b->kind == PASS_DT && a->node == 0 && b->node == 0 &&
			    strcmp(a->target, b->target) == 0) {
				taken(d, &a->target_pos, a->target, other, &b->target_pos);
			}
			if (a->kind == PASS_REST && b->kind == PASS_REST) {
				taken(d, &a->pos, "the rest", other, &b->pos);
			}
			if (vm != other && a->msi_v2m && b->msi_v2m) {
				taken(d, &a->pos, "the GICv2m frame", other, &b->pos);
			}
		}
	}
}
