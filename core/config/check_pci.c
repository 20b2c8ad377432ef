/* SPDX-License-Identifier: Apache-2.0 */
/* The VM's PCI bus: which function is where, windows, INTx lines, what takes MSIs. */
#include "core/config/check_parts.h"

#define ECAM_AT 0x3f000000UL
#define LOW_AT 0x40000000UL
#define LOW_LEAST MiB(16)
#define HIGH_SIZE GiB(8)
#define INTX_FROM 64
#define V2M_FROM 96
#define V2M_SPIS 32

/* One slot of bus 0: who has it. 00:00.0 stays free for what guests expect there, a host bridge. */
struct slots {
	const struct src_pos *user[256];
};

static void take_slot(struct check *c, struct slots *s, u16 bdf, const struct src_pos *pos)
{
	if (bdf >> 8 != 0 || bdf >> 3 == 0) {
		check_error(c, pos, "PCI function %u:%u.%u in the guest: expected bus 0, device 1 to 31", bdf >> 8, bdf >> 3 & 31,
			    bdf & 7);
		return;
	}
	if (s->user[bdf] != NULL) {
		check_error(c, pos, "PCI function 0:%u.%u of the guest is in use already, at %s:%u:%u", bdf >> 3, bdf & 7,
			    s->user[bdf]->file, s->user[bdf]->line, s->user[bdf]->col);
		return;
	}
	s->user[bdf] = pos;
}

/* A device of its own with nobody in it; the bus is never full before the lists of devices are. */
static u16 free_slot(struct check *c, struct slots *s, const struct src_pos *pos)
{
	for (u16 dev = 1; dev < 32; dev++) {
		bool empty = true;

		for (u32 fn = 0; fn < 8; fn++) {
			empty &= s->user[dev << 3 | fn] == NULL;
		}
		if (empty) {
			s->user[dev << 3] = pos;
			return (u16)(dev << 3);
		}
	}
	check_error(c, pos, "no device number is left on the VM's PCI bus");
	return 0;
}

static void place_functions(struct check *c, struct slots *s)
{
	struct vm_config *cfg = c->cfg;

	for (struct cfg_vdev *v = cfg->vdev; v != NULL; v = v->next) {
		if (v->pci && v->loc != NULL) {
			v->pci_bdf = v->loc->fn.bdf;
			take_slot(c, s, v->pci_bdf, &v->loc->pos);
		}
	}
	for (struct cfg_pass *p = cfg->pass; p != NULL; p = p->next) {
		if (p->pci_count != 0 && p->pci->has_guest_bdf) {
			take_slot(c, s, p->pci->guest_bdf, p->pci->pos);
		}
	}
	for (struct cfg_vdev *v = cfg->vdev; v != NULL; v = v->next) {
		if (v->pci && v->loc == NULL) {
			v->pci_bdf = free_slot(c, s, &v->pos);
		}
	}
	for (struct cfg_pass *p = cfg->pass; p != NULL; p = p->next) {
		if (p->pci_count != 0 && !p->pci->has_guest_bdf) {
			p->pci->guest_bdf = free_slot(c, s, p->pci->pos);
		}
	}
	/* PCI 3.0 3.2.2.3.4: nobody looks at a device without a function 0. */
	for (u32 bdf = 8; bdf < 256; bdf++) {
		if (s->user[bdf] != NULL && s->user[bdf & ~7U] == NULL) {
			check_error(c, s->user[bdf], "PCI function 0:%u.%u of the guest: expected a function 0 of that device, too",
				    bdf >> 3, bdf & 7);
		}
	}
}

/* A free place at a multiple of `align`, below `limit`; 0: none. */
static u64 place(struct check *c, u64 from, u64 size, u64 align, u64 limit)
{
	u64 at = ALIGN_UP(check_free_place(c, from, size + align), align);

	return range_valid(at, size) && at + size <= limit && at >= from ? at : 0;
}

static void place_windows(struct check *c)
{
	struct cfg_pci *pci = &c->cfg->pci;
	u64 below = MIN(c->limit, GiB(4)), top = GiB(8);

	pci->ecam = place(c, ECAM_AT, CFG_PCI_ECAM_SIZE, CFG_PCI_ECAM_SIZE, below);
	if (pci->ecam == 0) {
		pci->ecam = place(c, PAGE_SIZE, CFG_PCI_ECAM_SIZE, CFG_PCI_ECAM_SIZE, below);
	}
	if (pci->ecam != 0) {
		check_window(c, pci->ecam, CFG_PCI_ECAM_SIZE, "PCI ECAM", NULL, &c->cfg->pos, false);
	}
	for (u64 size = MiB(256); size >= LOW_LEAST && pci->low == 0; size >>= 1) {
		pci->low_size = size;
		pci->low = place(c, LOW_AT, size, size, below);
		if (pci->low == 0) {
			pci->low = place(c, size, size, size, below);
		}
	}
	if (pci->ecam == 0 || pci->low == 0) {
		check_error(c, &c->cfg->pos, "no room for the VM's PCI bus: expected %lu MiB below 4 GiB without RAM and devices",
			    (LOW_LEAST >> 20) + 1);
		return;
	}
	check_window(c, pci->low, pci->low_size, "PCI memory", NULL, &c->cfg->pos, false);
	for (u32 i = 0; i < c->cfg->window_count; i++) {
		top = MAX(top, c->cfg->window[i].start + c->cfg->window[i].size);
	}
	pci->high = ALIGN_UP(top, HIGH_SIZE);
	if (range_valid(pci->high, HIGH_SIZE) && pci->high + HIGH_SIZE <= c->limit) {
		pci->high_size = HIGH_SIZE;
		check_window(c, pci->high, pci->high_size, "PCI memory", "above 4G", &c->cfg->pos, false);
	}
}

/* The doorbell for MSIs, unless `vdev gic` says where it is. */
static void place_msi(struct check *c, bool real, bool v2m)
{
	struct cfg_gic *g = &c->cfg->gic;
	u64 gic_end = g->version == 2 ? g->gicc + CONFIG_GICC_SIZE : g->gicr;

	if (config_gic_version(c->cfg) == 3 && !g->has_its && !v2m) {
		g->its = place(c, ALIGN_UP(gic_end, KiB(64)), CONFIG_ITS_SIZE, KiB(64), c->limit);
		g->has_its = g->its != 0;
		g->num_lpis = CONFIG_LPIS;
		if (g->has_its) {
			check_window(c, g->its, CONFIG_ITS_SIZE, "GIC ITS", NULL, &g->pos, false);
		}
	}
	/* A purely virtual frame would let real functions' messages get lost: those have pins. */
	if (config_gic_version(c->cfg) == 2 && !g->has_v2m && (v2m || !real)) {
		g->v2m = place(c, ALIGN_UP(gic_end, PAGE_SIZE), PAGE_SIZE, PAGE_SIZE, c->limit);
		g->v2m_base = check_free_line(c->cfg, V2M_FROM, V2M_SPIS);
		g->v2m_count = V2M_SPIS;
		g->has_v2m = g->v2m != 0 && g->v2m_base != 0;
		if (g->has_v2m) {
			check_window(c, g->v2m, PAGE_SIZE, "GICv2m", NULL, &g->pos, false);
		}
	}
}

void check_pci(struct check *c)
{
	struct vm_config *cfg = c->cfg;
	struct slots *s;
	const struct cfg_pass *v2m = NULL;
	bool real = false, placed = cfg->pci.ecam != 0;
	u32 line;

	cfg->pci.coherent = true;
	for (const struct cfg_vdev *v = cfg->vdev; v != NULL; v = v->next) {
		cfg->pci.present |= v->pci;
	}
	for (const struct cfg_pass *p = cfg->pass; p != NULL; p = p->next) {
		real |= p->pci_count != 0 || p->kind == PASS_REST;
		cfg->pci.coherent &= p->pci_count == 0 || p->coherent;
		v2m = p->msi_v2m ? p : v2m;
	}
	if (v2m != NULL && cfg->gic.version == 3) { /* 0: the image's maker does not know */
		check_error(c, &v2m->pos, "'msi v2m' belongs to GIC version 2: a VM with version 3 has an ITS");
	} else if (v2m != NULL && c->board != NULL && c->board->board != NULL && c->board->board->gic.v2m_count == 0) {
		check_error(c, &v2m->pos, "'msi v2m': the board has no GICv2m frame");
	}
	s = cfg->pci.present ? check_alloc(c, sizeof(*s)) : NULL;
	if (s == NULL) {
		return;
	}
	place_functions(c, s);
	if (placed) {
		return;
	}
	place_msi(c, real, v2m != NULL);
	place_windows(c);
	line = check_free_line(cfg, INTX_FROM, 4);
	for (u32 i = 0; i < 4; i++) {
		cfg->pci.intx[i] = line + i;
	}
	if (line == 0) {
		check_error(c, &cfg->pos, "no four interrupts are left for the VM's PCI bus");
	}
}
