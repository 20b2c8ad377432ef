/* SPDX-License-Identifier: Apache-2.0 */
/* `pass rest`: what no VM and not the monitor has. */
#include <errno.h>
#include "core/board.h"
#include "core/config/check_pass.h"
#include "core/fdt_reader.h"
#include "core/vgic/link.h"

struct rest {
	struct check c;
	struct vm_config *const *vms;
	u32 count, open, left; /* left out because of their DMA; because the VM has no room for them */
	const struct cfg_pass *from;
	struct cfg_pass *last;
	bool dropped;
};

static bool range_taken(const struct rest *r, const struct range *regs)
{
	const struct range page = { ALIGN_DOWN(regs->start, PAGE_SIZE),
				    ((regs->start + (regs->size - 1)) | PAGE_MASK) - ALIGN_DOWN(regs->start, PAGE_SIZE) + 1 };

	for (u32 i = 0; i < r->count; i++) {
		for (const struct cfg_pass *p = r->vms[i]->pass; p != NULL; p = p->next) {
			for (u32 k = 0; k < p->range_count && !p->implied; k++) {
				if (range_overlaps(p->range[k].pa, p->range[k].size, page.start, page.size)) {
					return true;
				}
			}
		}
	}
	return config_owner_of(r->c.board, regs) != NULL;
}

static bool irq_taken(const struct rest *r, u32 intid)
{
	for (u32 i = 0; i < r->count; i++) {
		for (const struct cfg_pass *p = r->vms[i]->pass; p != NULL; p = p->next) {
			for (u32 k = 0; k < p->irq_count; k++) {
				if (p->irq[k].host == intid) {
					return true;
				}
			}
		}
	}
	return config_owner_irq(r->c.board, intid) != NULL || (r->c.board->intids != 0 && intid >= r->c.board->intids);
}

static struct cfg_pass *candidate(struct rest *r, enum cfg_pass_kind kind)
{
	struct cfg_pass *p = check_alloc(&r->c, sizeof(*p));

	if (p != NULL) {
		*p = (struct cfg_pass){ .next = r->last->next, .pos = r->from->pos, .kind = kind, .dma = r->from->dma,
					.msi_v2m = r->from->msi_v2m, .fault_stop = r->from->fault_stop,
					.no_intx = r->from->no_intx, .no_reset = r->from->no_reset, .implied = true, .split = true };
	}
	return p;
}

/* Some VM has a disk or card of the machine through the monitor: which one, only its drivers know. */
static bool names(const struct rest *r, const char *what)
{
	for (u32 i = 0; i < r->count; i++) {
		for (const struct cfg_vdev *v = r->vms[i]->vdev; v != NULL; v = v->next) {
			for (const struct cfg_option *o = v->options; o != NULL; o = o->next) {
				const char *s = o->str != NULL ? o->str : "";

				s += *s == '<';
				if (strncmp(s, what, strlen(what)) == 0) {
					return true;
				}
			}
		}
	}
	return false;
}

static bool monitors(const struct rest *r, u32 vendor, u32 device)
{
	return vendor == 0x1af4 && (((device == 0x1001 || device == 0x1042) && names(r, "/dev/disk")) ||
				    ((device == 0x1000 || device == 0x1041) && names(r, "/dev/nic")));
}

/* Interrupts of all VMs that need a link; pins of functions have theirs, too, one line for many. */
#define PINS 16

static bool in_reach(const struct rest *r, const struct board_device *d)
{
	u32 links = d->irq_count + PINS;

	for (u32 i = 0; i < r->count; i++) {
		for (const struct cfg_pass *p = r->vms[i]->pass; p != NULL; p = p->next) {
			links += p->irq_count;
		}
	}
	for (u32 i = 0; i < d->reg_count; i++) {
		if (d->reg[i].start >= r->c.limit || d->reg[i].size > r->c.limit - d->reg[i].start) {
			return false;
		}
	}
	return links <= VGIC_MAX_LINKS;
}

/* A device of the tree that can be driven by somebody: it has a name for drivers and it is whole. */
static bool add_device(const struct board_device *d, void *ctx)
{
	struct rest *r = ctx;
	struct arena *arena = r->c.cfg->arena;
	size_t mark = arena->used; /* of one that is left out nothing stays */
	struct cfg_pass *p;

	if (!d->enabled || d->compatible == NULL || d->partial || d->reg_count == 0) {
		return true;
	}
	if (fdt_has_string((const u8 *)d->compatible, d->compatible_len, "virtio,mmio") &&
	    (names(r, "/dev/disk") || names(r, "/dev/nic"))) {
		return true;
	}
	if (check_refused(&r->c, d) != NULL) {
		return true;
	}
	for (u32 i = 0; i < d->reg_count; i++) {
		if (range_taken(r, &d->reg[i])) {
			return true;
		}
	}
	for (u32 i = 0; i < d->irq_count; i++) {
		if (d->irq[i].intid >= CONFIG_INTID_MIN && irq_taken(r, d->irq[i].intid)) {
			return true;
		}
	}
	if (!in_reach(r, d)) {
		r->left++;
		return true;
	}
	p = candidate(r, PASS_DT);
	if (p == NULL) {
		return false;
	}
	p->target = "rest";
	r->last->next = p;
	if (!check_dma_device(&r->c, p, d)) {
		r->open++;
	} else if (!check_pass_device(&r->c, p, d)) {
		r->left++;
	} else {
		p->target = p->what;
		r->last = p;
		return true;
	}
	r->last->next = p->next;
	arena->used = mark;
	return !r->c.full;
}

static bool is_implied(const struct rest *r, u32 node)
{
	for (const struct cfg_pass *p = r->from->next; p != NULL; p = p->next) {
		if (p->node == node) {
			return true;
		}
	}
	return false;
}

static void drop_window(struct vm_config *cfg, u64 start)
{
	for (u32 i = 0; i < cfg->window_count; i++) {
		if (cfg->window[i].start == start) {
			cfg->window[i] = cfg->window[--cfg->window_count];
			return;
		}
	}
}

/* Devices that share a page with one that stays with nobody or somebody else cannot be given away. */
static bool drop_neighbours(const struct board_device *d, void *ctx)
{
	struct rest *r = ctx;

	if (!d->enabled || is_implied(r, d->node)) {
		return true;
	}
	for (struct cfg_pass **at = (struct cfg_pass **)&r->from->next; *at != NULL;) {
		struct cfg_pass *p = *at;
		bool hit = false;

		for (u32 i = 0; i < p->range_count && p->implied; i++) {
			for (u32 k = 0; k < d->reg_count; k++) {
				hit |= range_overlaps(p->range[i].pa, p->range[i].size, d->reg[k].start, d->reg[k].size);
			}
		}
		if (hit) {
			for (u32 i = 0; i < p->range_count; i++) {
				drop_window(r->c.cfg, p->range[i].ipa);
			}
			*at = p->next;
			r->dropped = true;
		} else {
			at = &p->next;
		}
	}
	return true;
}

static bool function_taken(const struct rest *r, const struct board_function *f)
{
	for (u32 i = 0; i < r->count; i++) {
		for (const struct cfg_pass *p = r->vms[i]->pass; p != NULL; p = p->next) {
			if (p->pci_count == 0) {
				continue;
			}
			if (!p->pci->known || (p->pci->host == f->host && p->pci->bdf == f->bdf)) {
				return true;
			}
			/* Its pin is another VM's. */
			if (r->vms[i] != r->c.cfg && f->intx != 0 && p->pci->intx == f->intx && !r->from->no_intx) {
				return true;
			}
		}
	}
	return f->owner != NULL || monitors(r, f->vendor, f->device);
}

/* Device numbers of the VM's bus that nobody has, at least. */
static u32 free_slots(const struct vm_config *cfg)
{
	u32 n = 31;

	for (const struct cfg_vdev *v = cfg->vdev; v != NULL; v = v->next) {
		n -= MIN(n, (u32)v->pci);
	}
	for (const struct cfg_pass *p = cfg->pass; p != NULL; p = p->next) {
		n -= MIN(n, p->pci_count);
	}
	return n;
}

static void add_functions(struct rest *r)
{
	u32 room = free_slots(r->c.cfg);
	struct board_function f;

	for (u32 n = 0; r->c.board->function != NULL && r->c.board->function(n, &f); n++) {
		struct cfg_pass *p;

		if (function_taken(r, &f)) {
			continue;
		}
		if (room == 0) {
			r->left++;
			continue;
		}
		p = candidate(r, PASS_PCI);
		if (p == NULL) {
			return;
		}
		p->fn = (struct cfg_fn){ .given = true, .bdf = f.bdf };
		if (check_pass_function(&r->c, p, NULL, &p->pos)) {
			r->last->next = p;
			r->last = p;
			room--;
		} else {
			r->open++;
		}
	}
}

static int expand(struct rest *r)
{
	const struct board *b = r->c.board->board;
	int err = board_device_walk(b, add_device, r);

	do {
		r->dropped = false;
		err = err != 0 ? err : board_device_walk(b, drop_neighbours, r);
	} while (r->dropped && err == 0);
	/* The list may have lost its end. */
	for (r->last = (struct cfg_pass *)r->from; r->last->next != NULL && r->last->next->implied;) {
		r->last = r->last->next;
	}
	add_functions(r);
	if (b->pci_count != 0) {
		r->c.cfg->pci.present = true;
	}
	check_pci(&r->c);
	check_overlaps(&r->c);
	if (r->open != 0) {
		diag_warning(r->c.diag, &r->from->pos, "%u device%s left out that may do DMA and %s confined by an IOMMU: 'dma "
			     "unprotected' would add them", r->open, r->open == 1 ? "" : "s", r->open == 1 ? "is not" : "are not");
	}
	if (r->left != 0) {
		diag_warning(r->c.diag, &r->from->pos, "%u device%s left out: the VM has no interrupt, address or PCI "
			     "device number left", r->left, r->left == 1 ? "" : "s");
	}
	return err;
}

int config_check_rest(struct vm_config *const *vms, u32 count, const struct board_limits *board, struct diag *diag)
{
	u32 errors = diag->errors;

	for (u32 i = 0; i < count && board != NULL && board->board != NULL; i++) {
		for (struct cfg_pass *p = vms[i]->pass; p != NULL; p = p->next) {
			struct rest r = { .vms = vms, .count = count, .from = p, .last = p };

			if (p->kind != PASS_REST || (p->next != NULL && p->next->implied)) {
				continue;
			}
			check_begin(&r.c, vms[i], board, diag);
			if (expand(&r) != 0 || r.c.full) {
				return r.c.full ? -ENOMEM : -EINVAL;
			}
		}
	}
	return diag->errors == errors ? 0 : -EINVAL;
}
