/* SPDX-License-Identifier: Apache-2.0 */
/* PCI functions of `pass pci:` and `pass loc pci:`. */
#include "core/base/fmt.h"
#include "core/board.h"
#include "core/config/check_pass.h"

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

bool check_pass_function(struct check *c, struct cfg_pass *p, const struct cfg_fn *guest, const struct src_pos *pos)
{
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
	p->what = check_text(c, text);
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
	return check_dma_function(c, p);
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
void check_split_functions(struct check *c, struct cfg_pass *p)
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
		(void)check_pass_function(c, q, l->has_host ? &l->fn : NULL, &l->pos);
	}
}
