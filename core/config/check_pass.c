/* SPDX-License-Identifier: Apache-2.0 */
/* `pass`: what the text says, made into ranges, interrupts, streams and functions of the board. */
#include <errno.h>
#include "core/base/fmt.h"
#include "core/board.h"
#include "core/config/check_parts.h"

#define PASS_DEFAULT (PASS_R | PASS_W)

static const struct {
	char letter;
	u8 bits;
} letters[] = {
	{ 'r', PASS_R }, { 'w', PASS_W }, { 'x', PASS_X }, { 'c', PASS_CACHED }, { 'e', PASS_REPORT }, { 'd', PASS_DMA },
	{ 'm', PASS_MEMORY | PASS_R | PASS_W | PASS_X | PASS_CACHED },
};

/* With a sign in front letters change what is there before; without, they are all there is. */
static u32 attributes(struct check *c, const struct cfg_loc *l)
{
	const char *s = l->attrs;
	u32 bits = s == NULL || s[0] == '+' || s[0] == '-' ? PASS_DEFAULT : 0;
	bool off = false;

	for (; s != NULL && *s != '\0'; s++) {
		if (*s == '+' || *s == '-') {
			off = *s == '-';
		} else if (*s == 'n') { /* not for DMA: the opposite of d */
			bits = off ? bits | PASS_DMA : bits & ~(u32)PASS_DMA;
		}
		for (u32 i = 0; i < ARRAY_SIZE(letters); i++) {
			if (letters[i].letter == *s) {
				bits = off ? bits & ~(u32)letters[i].bits : bits | letters[i].bits;
			}
		}
	}
	if ((bits & (PASS_R | PASS_W)) == 0) {
		check_error(c, &l->pos, "attributes '%s' let the VM neither read nor write", l->attrs);
	} else if ((bits & PASS_X) != 0 && (bits & PASS_CACHED) == 0) {
		check_error(c, &l->pos, "attributes '%s': instructions are only fetched from cacheable memory (c)", l->attrs);
	}
	return bits;
}

/* ---- Numbers that are names */

/* False after an error, or if nobody can tell here. */
static bool named(struct check *c, const struct cfg_loc *l, const struct cfg_asinfo *n, u64 *value, u64 *length,
		  bool *reserved)
{
	struct range at;

	if (n->name == NULL) {
		return true;
	}
	if (c->board == NULL || c->board->board == NULL) {
		return false;
	}
	if (board_named_range(c->board->board, n->name, &at, reserved) != 0) {
		check_error(c, &l->pos, "the board has no '%.40s': expected the name of a node of its device tree, below "
			    "/reserved-memory or of a device", n->name);
		return false;
	}
	*value = n->length ? at.size : at.start;
	*length = at.size;
	return true;
}

/* A range of the text; false after an error, or if it is not known here. */
static bool window(struct check *c, const struct cfg_loc *l, struct pass_range *r)
{
	u64 addr = l->addr, size = l->size, host = l->host, length = 0, end;
	bool reserved = false, ignored;

	if (!named(c, l, &l->addr_name, &addr, &length, l->has_host ? &ignored : &reserved) ||
	    !named(c, l, &l->host_name, &host, &length, &reserved) || !named(c, l, &l->size_name, &size, &end, &ignored)) {
		return false;
	}
	if (size == 0) {
		size = length != 0 ? length : PAGE_SIZE;
	}
	host = l->has_host ? host : addr;
	if (!IS_ALIGNED(addr | host | size, PAGE_SIZE)) {
		check_error(c, &l->pos, "window 0x%lx, size 0x%lx, of host 0x%lx: expected multiples of 4K (dt: takes a device's "
			    "whole pages by itself)", addr, size, host);
		return false;
	}
	if (!range_valid(addr, size) || !range_valid(host, size) || (host + (size - 1)) >> 52 != 0) {
		check_error(c, &l->pos, "window 0x%lx, size 0x%lx, of host 0x%lx wraps or ends beyond all memory", addr, size,
			    host);
		return false;
	}
	*r = (struct pass_range){ .ipa = addr, .pa = host, .size = size, .len = size, .reserved = reserved,
				  .attrs = attributes(c, l), .pos = &l->pos };
	/* A name stands for all of its range, but not for more. */
	if (reserved && host != 0 && length != 0 && size > length) {
		check_error(c, &l->pos, "window of 0x%lx bytes: '%.40s' has 0x%lx", size,
			    l->host_name.name != NULL ? l->host_name.name : l->addr_name.name, length);
	}
	return true;
}

/* ---- Interrupts */

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

static void set_irq(struct pass_irq *q, u32 guest, u32 host, u32 flags, const struct src_pos *pos)
{
	/* SPIs are active high or on a rising edge (IHI 0048 1.2.2); the other two are inverted in front. */
	bool edge = flags != 0 && (flags & 0xc) == 0;

	*q = (struct pass_irq){ .guest = guest, .host = host, .edge = edge, .flags = edge ? 1 : 4, .pos = pos };
}

static void set_flag(struct check *c, struct pass_irq *q, const struct cfg_intr *in)
{
	if (in->flag == 'u' && !q->edge && c->board != NULL && c->board->board != NULL) {
		check_error(c, &in->pos, "'u' of a level interrupt: the board's device tree says that host interrupt %u is one",
			    q->host);
	}
	q->unmasked = in->flag == 'u';
}

static void text_irqs(struct check *c, struct cfg_pass *p)
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
		set_irq(&p->irq[p->irq_count], in->line, host, k.flags, &in->pos);
		set_flag(c, &p->irq[p->irq_count++], in);
	}
}

/* ---- DMA */

/* What devices of the tree are behind an entry's windows. */
struct behind {
	const struct cfg_pass *p;
	u32 known, streams;
	bool may, open, coherent; /* open: not all of it is behind an IOMMU that is driven */
	struct pass_stream stream[BOARD_DEVICE_STREAMS];
};

static void add_device(struct behind *f, const struct board_device *d)
{
	f->known++;
	f->coherent |= d->coherent;
	if (d->dma == DMA_NEVER) {
		return;
	}
	f->may = true;
	f->open |= d->stream_count == 0 || d->other_iommu || d->partial;
	for (u32 i = 0; i < d->stream_count; i++) {
		if (f->streams == BOARD_DEVICE_STREAMS) {
			f->open = true;
			return;
		}
		f->stream[f->streams++] = d->stream[i];
	}
}

static bool find_behind(const struct board_device *d, void *ctx)
{
	struct behind *f = ctx;

	for (u32 i = 0; i < f->p->range_count; i++) {
		for (u32 k = 0; k < d->reg_count && d->enabled; k++) {
			if (range_overlaps(f->p->range[i].pa, f->p->range[i].size, d->reg[k].start, d->reg[k].size)) {
				add_device(f, d);
				return true;
			}
		}
	}
	return true;
}

static bool keep_streams(struct check *c, struct cfg_pass *p, const struct behind *f)
{
	p->stream = f->streams != 0 ? check_alloc(c, f->streams * sizeof(*p->stream)) : NULL;
	if (f->streams != 0 && p->stream == NULL) {
		return false;
	}
	p->stream_count = f->streams;
	for (u32 i = 0; i < f->streams; i++) {
		const struct pass_stream *s = &f->stream[i];

		p->stream[i] = *s;
		if (c->board->stream_ok != NULL && !c->board->stream_ok(s->iommu, s->sid)) {
			check_error(c, &p->pos, "stream 0x%x of %.48s: its IOMMU has no such stream, or does not work", s->sid,
				    p->what);
		}
	}
	return true;
}

#define DMA_WORDS "expected 'dma none' (it does no DMA) or 'dma unprotected' (the VM may read and write all memory with it)"

/* May it be passed as far as its DMA goes? False: not (and said, if not `quiet`). */
static bool judge_dma(struct check *c, struct cfg_pass *p, const struct behind *f, bool quiet)
{
	if (!f->may) {
		p->dma = p->dma == PASS_DMA_NONE ? PASS_DMA_NONE : PASS_DMA_CONFINED;
		return true;
	}
	if (p->dma == PASS_DMA_NONE) {
		return true; /* streams, if there are any, stay where they reach nothing */
	}
	if (!f->open) {
		p->dma = PASS_DMA_CONFINED;
		c->cfg->has_dma = true;
		return keep_streams(c, p, f);
	}
	if (p->dma == PASS_DMA_UNPROTECTED) {
		c->cfg->dma_identity = c->cfg->has_dma = true;
		return true;
	}
	if (!quiet) {
		check_error(c, &p->pos, "%.64s may do DMA and no IOMMU confines it: " DMA_WORDS, p->what);
	}
	return false;
}

/* ---- Entries */

static const char *text_of(struct check *c, const char *s)
{
	char *t = arena_strndup(c->cfg->arena, s, strlen(s));

	return t != NULL ? t : s;
}

/* A range of the VM's that holds the host's pages of `r`, given by a node before; NULL: there is none. */
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

static void enter_windows(struct check *c, const struct cfg_pass *p)
{
	const char *name = p->what;

	for (const char *s = name; *s != '\0'; s++) {
		name = *s == '/' && s[1] != '\0' ? s + 1 : name;
	}
	for (u32 i = 0; i < p->range_count; i++) {
		if (!p->range[i].again) {
			check_window(c, p->range[i].ipa, p->range[i].size, "pass", name, p->range[i].pos, false);
		}
	}
}

static void pass_window(struct check *c, struct cfg_pass *p)
{
	struct behind f = { .p = p };
	bool device = false;
	char text[24];
	u32 n = 0;

	for (const struct cfg_loc *l = p->loc; l != NULL; l = l->next) {
		n++;
	}
	p->range = n != 0 ? check_alloc(c, n * sizeof(*p->range)) : NULL;
	for (const struct cfg_loc *l = p->loc; l != NULL && p->range != NULL; l = l->next) {
		p->range_count += window(c, l, &p->range[p->range_count]);
	}
	text_irqs(c, p);
	if (p->range_count != 0) {
		fmt_str(text, sizeof(text), "0x%lx", p->range[0].pa);
	} else {
		fmt_str(text, sizeof(text), "interrupt %u", p->irq_count != 0 ? p->irq[0].host : 0);
	}
	p->what = text_of(c, text);
	for (u32 i = 0; i < p->range_count; i++) {
		check_window(c, p->range[i].ipa, p->range[i].size, "pass", NULL, p->range[i].pos, false);
		device |= !p->range[i].reserved;
	}
	if (c->board == NULL || c->board->board == NULL) {
		return;
	}
	if (!check_owner(c, p)) {
		return;
	}
	if (device) {
		(void)board_device_walk(c->board->board, find_behind, &f);
		f.may |= f.known == 0; /* who knows what it is? */
		f.open |= f.known == 0;
		p->coherent = f.coherent;
		(void)judge_dma(c, p, &f, false);
	}
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
			r->attrs = attributes(c, l);
		} else if (p->implied) {
			r->ipa = check_free_place(c, pa, r->size);
		}
		if (l != NULL && (!IS_ALIGNED(l->addr, PAGE_SIZE) || l->has_host || l->symbolic ||
				  (l->size != 0 && l->size != r->len))) {
			check_error(c, &l->pos, "register range %u of %.48s, 0x%lx bytes: expected loc ADDRESS, a multiple of 4K",
				    i, p->what, r->len);
		}
	}
	if (nth_loc(p, d->reg_count) != NULL) {
		check_error(c, &nth_loc(p, d->reg_count)->pos, "%.48s has %u register range%s", p->what, d->reg_count,
			    d->reg_count == 1 ? "" : "s");
	}
	return d->reg_count == 0 || p->range != NULL;
}

static bool device_irqs(struct check *c, struct cfg_pass *p, const struct board_device *d)
{
	const struct cfg_intr *in = p->intr;

	p->irq = d->irq_count != 0 ? check_alloc(c, d->irq_count * sizeof(*p->irq)) : NULL;
	for (u32 i = 0; i < d->irq_count && p->irq != NULL; i++) {
		u32 host = d->irq[i].intid, line = host;
		const struct src_pos *pos = &p->pos, *other;

		in = nth_intr(p, i);
		if (host < CONFIG_INTID_MIN || host > CONFIG_INTID_MAX) {
			if (!p->implied) {
				diag_warning(c->diag, &p->pos, "interrupt %u of %.48s is no SPI of the GIC: left out", i, p->what);
			}
			continue;
		}
		if (in != NULL) {
			line = in->line;
			pos = &in->pos;
		}
		other = check_line(c->cfg, line, pos);
		if (other != NULL && p->implied) {
			line = check_free_line(c->cfg, 64, 1);
		} else if (other != NULL && in == NULL) {
			check_error(c, pos, "interrupt gic:%u of %.48s is in use already, at %s:%u:%u: expected intr gic:N for "
				    "another", line, p->what, other->file, other->line, other->col);
		}
		set_irq(&p->irq[p->irq_count], line, host, d->irq[i].flags, pos);
		if (in != NULL) {
			set_flag(c, &p->irq[p->irq_count], in);
		}
		if (in != NULL && in->has_host && in->host != host) {
			check_error(c, &in->pos, "host interrupt %u: interrupt %u of %.48s is %u", in->host, i, p->what, host);
		}
		p->irq_count++;
	}
	if (nth_intr(p, d->irq_count) != NULL) {
		check_error(c, &nth_intr(p, d->irq_count)->pos, "%.48s has %u interrupt%s", p->what, d->irq_count,
			    d->irq_count == 1 ? "" : "s");
	}
	return d->irq_count == 0 || p->irq != NULL;
}

bool check_pass_device(struct check *c, struct cfg_pass *p, const struct board_device *d, bool quiet)
{
	struct behind f = { .p = p };

	p->what = text_of(c, d->path);
	p->node = d->node;
	p->coherent = d->coherent;
	add_device(&f, d);
	if (!judge_dma(c, p, &f, quiet) || !device_ranges(c, p, d) || !device_irqs(c, p, d)) {
		return false;
	}
	p->clock_hz = d->clock_count != 0 ? check_alloc(c, d->clock_count * sizeof(u32)) : NULL;
	for (u32 i = 0; i < d->clock_count && p->clock_hz != NULL; i++) {
		p->clock_hz[p->clock_count++] = d->clock_hz[i];
	}
	return !c->full;
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

static void pass_node(struct check *c, struct cfg_pass *p)
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
	} else if (d.partial) {
		check_error(c, &p->target_pos, "device '%.64s' has more than %d register ranges, %d interrupts or %d streams",
			    p->target, BOARD_DEVICE_REGS, BOARD_DEVICE_IRQS, BOARD_DEVICE_STREAMS);
	} else if (check_pass_device(c, p, &d, false)) {
		enter_windows(c, p);
		(void)check_owner(c, p);
	}
}

/* ---- PCI */

static bool same_function(const struct cfg_fn *a, const struct board_function *f)
{
	return a->by_id ? a->vendor == f->vendor && a->device == f->device : a->bdf == f->bdf;
}

/* The host bridge of a bus, by its tree; -1: there is none. */
static int host_of(const struct board *b, u16 bdf)
{
	for (u32 i = 0; i < b->pci_count; i++) {
		if (bdf >> 8 >= b->pci[i].bus_first && bdf >> 8 <= b->pci[i].bus_last) {
			return (int)i;
		}
	}
	return -1;
}

/* On the target: look. Tools take the text's word for it. False after an error. */
static bool find_function(struct check *c, struct cfg_pass *p, struct pass_pci *f)
{
	struct board_function at;

	if (c->board->function == NULL) {
		int host = p->fn.by_id ? 0 : host_of(c->board->board, p->fn.bdf);

		if (host < 0 || c->board->board->pci_count == 0) {
			check_error(c, f->pos, "the board has no PCI host bridge with bus %u", p->fn.bdf >> 8);
			return false;
		}
		f->host = (u8)host;
		return true;
	}
	for (u32 n = 0; c->board->function(n, &at); n++) {
		if (same_function(&p->fn, &at)) {
			f->host = at.host;
			f->bdf = at.bdf;
			f->vendor = at.vendor;
			f->device = at.device;
			f->intx = f->no_intx ? 0 : at.intx;
			f->known = true;
			if (at.owner != NULL) {
				check_error(c, f->pos, "%s is the monitor's (%s)", p->what, at.owner);
			}
			return at.owner == NULL;
		}
	}
	check_error(c, f->pos, "the board has no %s, or it is a bridge", p->what);
	return false;
}

static bool pass_function(struct check *c, struct cfg_pass *p, const struct cfg_fn *guest, const struct src_pos *pos)
{
	struct behind b = { .p = p, .may = true };
	struct pass_pci *f = check_alloc(c, sizeof(*f));
	char text[32];

	if (f == NULL) {
		return false;
	}
	if (p->fn.by_id) {
		fmt_str(text, sizeof(text), "PCI device 0x%x/0x%x", p->fn.vendor, p->fn.device);
	} else {
		fmt_str(text, sizeof(text), "PCI %02x:%02x.%u", p->fn.bdf >> 8, p->fn.bdf >> 3 & 31, p->fn.bdf & 7);
	}
	p->what = text_of(c, text);
	p->kind = PASS_PCI;
	*f = (struct pass_pci){ .pos = pos, .known = !p->fn.by_id, .bdf = p->fn.bdf, .vendor = p->fn.vendor,
				.device = p->fn.device, .no_intx = p->no_intx };
	if (guest != NULL) {
		f->guest_bdf = guest->bdf;
		f->has_guest_bdf = true;
	}
	p->pci = f;
	p->pci_count = 1;
	c->cfg->pci.present = true;
	if (c->board == NULL || c->board->board == NULL || !find_function(c, p, f)) {
		return true;
	}
	if (!f->known) {
		return true; /* its stream is known where its number is */
	}
	b.open = !board_pci_stream(c->board->board, &c->board->board->pci[f->host], f->bdf, &f->stream) ||
		 c->board->board->iommu[f->stream.iommu].kind != IOMMU_SMMUV3;
	p->coherent = c->board->board->pci[f->host].coherent;
	f->has_stream = !b.open;
	if (f->has_stream && p->dma != PASS_DMA_NONE && c->board->stream_ok != NULL &&
	    !c->board->stream_ok(f->stream.iommu, f->stream.sid)) {
		check_error(c, f->pos, "stream 0x%x of %s: its IOMMU has no such stream, or does not work", f->stream.sid,
			    p->what);
	}
	return judge_dma(c, p, &b, p->implied);
}

bool check_pass_function(struct check *c, struct cfg_pass *p)
{
	return pass_function(c, p, NULL, &p->pos);
}

/* An entry behind `p` that says the same of its devices. */
static struct cfg_pass *another(struct check *c, struct cfg_pass *p)
{
	struct cfg_pass *q = check_alloc(c, sizeof(*q));

	if (q != NULL) {
		*q = (struct cfg_pass){ .next = p->next, .pos = p->pos, .dma = p->dma, .msi_v2m = p->msi_v2m,
					.fault_stop = p->fault_stop, .no_intx = p->no_intx };
		p->next = q;
	}
	return q;
}

/* Functions named by `loc pci:` become entries of their own. */
static void split_functions(struct check *c, struct cfg_pass *p)
{
	struct cfg_loc **at = &p->loc;
	bool alone = p->intr == NULL;

	for (const struct cfg_loc *l = p->loc; l != NULL; l = l->next) {
		alone &= l->space == LOC_PCI;
	}
	while (*at != NULL) {
		struct cfg_loc *l = *at;
		struct cfg_pass *q = p;

		if (l->space != LOC_PCI) {
			at = &l->next;
			continue;
		}
		*at = l->next;
		if (!alone || p->pci_count != 0) {
			q = another(c, p);
		}
		if (q == NULL) {
			return;
		}
		q->fn = l->has_host ? l->host_fn : l->fn;
		q->split = true;
		(void)pass_function(c, q, l->has_host ? &l->fn : NULL, &l->pos);
	}
}

static void pass_one(struct check *c, struct cfg_pass *p)
{
	const struct cfg_loc *l;

	switch (p->kind) {
	case PASS_WINDOW:
		if (p->loc == NULL && p->intr == NULL) {
			check_error(c, &p->pos, "'pass' passes nothing: expected loc, intr, dt:, pci:, rest or smc:");
			return;
		}
		split_functions(c, p);
		if (p->kind == PASS_WINDOW) {
			pass_window(c, p);
		}
		return;
	case PASS_DT:
		for (l = p->loc; l != NULL; l = l->next) {
			if (l->space == LOC_PCI) {
				check_error(c, &l->pos, "a PCI location of a platform device: expected loc ADDRESS");
				return;
			}
		}
		pass_node(c, p);
		return;
	case PASS_PCI:
		l = p->loc;
		if (l != NULL && (l->space != LOC_PCI || l->has_host || l->fn.by_id || l->next != NULL)) {
			check_error(c, &l->pos, "where the function is in the guest: expected one loc pci:0:DEV[.FUNCTION]");
			return;
		}
		(void)pass_function(c, p, l != NULL ? &l->fn : NULL, l != NULL ? &l->pos : &p->target_pos);
		return;
	case PASS_REST:
		p->what = "rest";
		/* RAM has its place before it is known whether something needs it. */
		if (p->dma == PASS_DMA_UNPROTECTED && c->board != NULL && c->board->board != NULL) {
			c->cfg->dma_identity = true;
		}
		return;
	case PASS_SMC:
		p->what = "firmware calls";
		if (c->board != NULL && c->board->board != NULL && c->board->board->psci.conduit != CONDUIT_SMC) {
			check_error(c, &p->target_pos, "the board has no firmware that takes SMCs");
		}
		return;
	}
}

void check_passes(struct check *c)
{
	for (struct cfg_pass *p = c->cfg->pass; p != NULL; p = p->next) {
		if (!p->split) {
			pass_one(c, p);
		}
		p->what = p->what != NULL ? p->what : "?";
	}
	for (const struct cfg_pass *p = c->cfg->pass; p != NULL; p = p->next) {
		struct neighbour n = { .c = c, .p = p };

		if (p->kind == PASS_DT && p->node != 0) {
			(void)board_device_walk(c->board->board, find_neighbour, &n);
		}
	}
}
