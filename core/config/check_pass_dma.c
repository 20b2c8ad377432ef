/* SPDX-License-Identifier: Apache-2.0 */
/* DMA of passed devices: what confines it, and whether it may be. */
#include "core/board.h"
#include "core/clock/clock.h"
#include "core/config/check_pass.h"

/* What devices of the tree are behind an entry's windows. */
struct behind {
	const struct cfg_pass *p;
	u32 known, streams;
	bool may, open, coherent; /* open: not all of it is behind an IOMMU that is driven */
	const char *why;          /* of an IOMMU that is not, or NULL */
	struct pass_stream stream[BOARD_DEVICE_STREAMS];
	const struct check *c;
	const char *refused; /* why one of them cannot be passed */
	struct clock_set clocks, resets;
};

static void add_device(struct behind *f, const struct board_device *d)
{
	f->known++;
	f->coherent |= d->coherent;
	clock_join(&f->clocks, &d->clocks);
	clock_join(&f->resets, &d->resets);
	f->refused = f->refused != NULL ? f->refused : check_refused(f->c, d);
	if (d->dma == DMA_NEVER) {
		return;
	}
	f->may = true;
	f->open |= d->stream_count == 0 || d->other_iommu != NULL || d->partial;
	f->why = d->other_iommu != NULL ? d->other_iommu : f->why;
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

static bool stream_works(struct check *c, const struct cfg_pass *p, const struct pass_stream *s, const struct src_pos *pos)
{
	if (c->board->stream_ok == NULL || c->board->stream_ok(s->iommu, s->sid)) {
		return true;
	}
	if (!p->implied) {
		check_error(c, pos, "stream 0x%x of %.48s: its IOMMU has no such stream, or does not work", s->sid, p->what);
	}
	return false;
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
		if (!stream_works(c, p, s, &p->pos)) {
			return false;
		}
	}
	return true;
}

#define DMA_WORDS "expected 'dma none' (it does no DMA) or 'dma unprotected' (the VM may read and write all memory with it)"

/* May it be passed as far as its DMA goes? False: not (and said, if the text names it). */
static bool judge_dma(struct check *c, struct cfg_pass *p, const struct behind *f)
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
	if (!p->implied) {
		check_error(c, &p->pos, "%.64s may do DMA and no IOMMU confines it%s%s: " DMA_WORDS, p->what,
			    f->why != NULL ? ", its own is " : "", f->why != NULL ? f->why : "");
	}
	return false;
}

bool check_dma_windows(struct check *c, struct cfg_pass *p)
{
	struct behind f = { .p = p, .c = c };

	(void)board_device_walk(c->board->board, find_behind, &f);
	f.may |= f.known == 0; /* who knows what it is? */
	f.open |= f.known == 0;
	p->coherent = f.coherent;
	if (f.refused != NULL) {
		check_error(c, &p->pos, "%.48s cannot be passed: %s", p->what, f.refused);
		return false;
	}
	return check_modules(c, p, &f.clocks, &f.resets) && judge_dma(c, p, &f);
}

bool check_dma_device(struct check *c, struct cfg_pass *p, const struct board_device *d)
{
	struct behind f = { .p = p, .c = c };

	add_device(&f, d);
	p->coherent = d->coherent;
	return judge_dma(c, p, &f);
}

bool check_dma_function(struct check *c, struct cfg_pass *p)
{
	struct behind b = { .p = p, .may = true };
	struct pass_pci *f = p->pci;

	b.open = !board_pci_stream(c->board->board, &c->board->board->pci[f->host], f->bdf, &f->stream) ||
		 c->board->board->iommu[f->stream.iommu].kind == IOMMU_OTHER;
	p->coherent = c->board->board->pci[f->host].coherent;
	f->has_stream = !b.open;
	if (f->has_stream && p->dma != PASS_DMA_NONE && !stream_works(c, p, &f->stream, f->pos)) {
		return false;
	}
	return judge_dma(c, p, &b);
}
