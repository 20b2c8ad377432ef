/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What contradicts itself in the firmware's tree: found once all of it is known, said in one line with the node's path.
 * What is wrong is left out, the rest is used; only a GIC that cannot be one ends it. Paths, and phandles that nothing
 * known has, are looked for by walking the tree again.
 */
#include "core/board_parse.h"

#include <string.h>
#include "core/base/fmt.h"

void board_path_put(char *path, size_t *n, const char *name)
{
	*n += fmt_str(path + *n, *n < BOARD_PATH_MAX ? BOARD_PATH_MAX - *n : 0, "/%s", name);
	*n = MIN(*n, (size_t)BOARD_PATH_MAX - 1);
}

u32 board_search(const struct board *b, const struct board_want *want, char *path)
{
	static struct {
		const char *name;
		u64 hash;
		u32 node;
	} at[FDT_READER_DEPTH];
	struct fdt_reader r;
	enum fdt_item item;
	u32 found = 0, depth = 0;
	size_t n = 0;

	if (fdt_reader_open(&r, b->fdt, ~0UL) != 0) {
		return 0;
	}
	while (found == 0 && (item = fdt_reader_next(&r)) != FDT_BAD && item != FDT_DONE) {
		depth = r.depth;
		if (item == FDT_NODE) {
			at[depth - 1].name = r.name;
			at[depth - 1].node = r.at;
			at[depth - 1].hash = depth > 1 ? board_path_step(at[depth - 2].hash, r.name, r.name_len) : 0;
			if (r.at == want->node || (want->hash != 0 && at[depth - 1].hash == want->hash)) {
				found = r.at;
			}
		} else if (item == FDT_PROPERTY && want->phandle != 0 && r.len == 4 && fdt_be32(r.data) == want->phandle &&
			   (strcmp(r.name, "phandle") == 0 || strcmp(r.name, "linux,phandle") == 0)) {
			found = at[depth - 1].node;
		}
	}
	if (path != NULL) {
		path[0] = '\0';
		for (u32 i = 1; found != 0 && i < depth; i++) {
			board_path_put(path, &n, at[i].name);
		}
	}
	return found;
}

static const char *path_of(const struct board *b, u32 node)
{
	static char path[BOARD_PATH_MAX];

	(void)board_search(b, &(struct board_want){ .node = node }, path);
	return path[0] != '\0' ? path : "/";
}

/* ---- Phandles: Devicetree Specification v0.4, 2.3.3: unique in a tree */

void board_note_phandle(struct board_parser *p)
{
	u32 phandle = board_phandle(p), bit = phandle % (32 * ARRAY_SIZE(p->phandles)), first;
	char path[BOARD_PATH_MAX];

	if (phandle == 0) {
		return;
	}
	/* Numbers of the same remainder are no twins; who makes a tree of them is looked after a few times only. */
	if ((p->phandles[bit / 32] >> bit % 32 & 1) != 0 && p->searches < 16) {
		p->searches++;
		first = board_search(p->b, &(struct board_want){ .phandle = phandle }, path);
		if (first != 0 && first != p->frame[p->depth - 1].node && p->twin_count < ARRAY_SIZE(p->twin)) {
			board_warn(p, "phandle 0x%x is that of %s: expected one of its own", phandle, path);
			p->twin[p->twin_count++] = phandle;
		}
	}
	p->phandles[bit / 32] |= 1U << bit % 32;
}

bool board_parent_lost(struct board_parser *p, const struct board_raw_irq *raw, u32 node)
{
	const struct board_gic *g = &p->b->gic;

	if (raw->data == NULL || raw->extended || raw->parent == 0 || g->phandle == 0 || raw->parent == g->phandle) {
		return false;
	}
	if (raw->parent == p->lost_parent || raw->parent == p->found_parent || p->lost_parent != 0) {
		return raw->parent == p->lost_parent;
	}
	if (board_search(p->b, &(struct board_want){ .phandle = raw->parent }, NULL) != 0) {
		p->found_parent = raw->parent;
		return false;
	}
	p->lost_parent = raw->parent;
	board_warn(p, "%s: interrupt-parent 0x%x is no node: expected the GIC's 0x%x; nothing with it has interrupts",
		   path_of(p->b, node), raw->parent, g->phandle);
	return true;
}

/* ---- Registers where there can be none */

/* Some of `regs` is RAM; what must not be mapped may be anything. */
static bool in_ram(const struct board *b, const struct range *regs)
{
	for (u32 i = 0; i < b->reserved_count; i++) {
		if (b->reserved[i].kind == RESERVED_NO_MAP &&
		    range_contains(b->reserved[i].start, b->reserved[i].size, regs->start, regs->size)) {
			return false;
		}
	}
	for (u32 i = 0; i < b->ram_count; i++) {
		if (range_overlaps(b->ram[i].start, b->ram[i].size, regs->start, regs->size)) {
			return true;
		}
	}
	return false;
}

#define GIC_FRAMES (4 + BOARD_MAX_GICR)

/* The i-th frame of the GIC, in the order of reg; size 0: it has none. */
static const struct range *gic_frame(const struct board_gic *g, u32 i)
{
	static const struct range none;
	const struct range *one[] = { &g->dist, &g->cpu, &g->hyp, &g->vcpu };

	return i < ARRAY_SIZE(one) ? one[i] : i - ARRAY_SIZE(one) < g->redist_count ? &g->redist[i - ARRAY_SIZE(one)] : &none;
}

static bool in_gic(const struct board_gic *g, const struct range *regs)
{
	for (u32 i = 0; i < GIC_FRAMES; i++) {
		const struct range *f = gic_frame(g, i);

		if (f->size != 0 && range_overlaps(f->start, f->size, regs->start, regs->size)) {
			return true;
		}
	}
	return false;
}

/* Registers of a node that cannot be where they are: said. Some chips have an ITS among the GIC's. */
static bool misplaced(struct board_parser *p, const struct range *regs, u32 node, bool of_gic)
{
	bool ram = in_ram(p->b, regs);

	if (regs->size == 0 || (!ram && (of_gic || !in_gic(&p->b->gic, regs)))) {
		return false;
	}
	board_warn(p, "%s: registers 0x%lx,0x%lx lie in %s: expected an address of their own; it is not used",
		   path_of(p->b, node), regs->start, regs->size, ram ? "RAM" : "the GIC's");
	return true;
}

static void check_gic(struct board_parser *p)
{
	struct board_gic *g = &p->b->gic;
	u32 n = 0;

	for (u32 i = 0; i < GIC_FRAMES; i++) {
		const struct range *f = gic_frame(g, i);

		if (f->size != 0 && in_ram(p->b, f)) {
			board_fail(p, "%s: registers 0x%lx,0x%lx lie in RAM: expected an address of their own",
				   path_of(p->b, p->gic_node), f->start, f->size);
			return;
		}
		for (u32 k = 0; k < i && f->size != 0; k++) {
			const struct range *e = gic_frame(g, k);

			if (e->size != 0 && range_overlaps(f->start, f->size, e->start, e->size)) {
				board_fail(p, "%s: registers 0x%lx,0x%lx and 0x%lx,0x%lx overlap: expected frames of their own",
					   path_of(p->b, p->gic_node), e->start, e->size, f->start, f->size);
				return;
			}
		}
	}
	for (u32 i = 0; i < g->its_count; i++) {
		if (!misplaced(p, &g->its[i], p->its_node[i], true)) {
			g->its_phandle[n] = g->its_phandle[i];
			g->its[n++] = g->its[i];
		}
	}
	g->its_count = n;
	n = 0;
	for (u32 i = 0; i < g->v2m_count; i++) {
		if (!misplaced(p, &g->v2m[i].regs, p->v2m_node[i], true)) {
			g->v2m[n++] = g->v2m[i];
		}
	}
	g->v2m_count = n;
}

void board_check_uarts(struct board_parser *p)
{
	struct board *b = p->b;
	u32 n = 0;

	for (u32 i = 0; i < b->uart_count; i++) {
		if (misplaced(p, &b->uart[i].regs, p->uart_node[i], false)) {
			continue;
		}
		b->uart[n] = b->uart[i];
		p->uart_irq[n] = p->uart_irq[i];
		p->uart_clock[n] = p->uart_clock[i];
		p->uart_path[n] = p->uart_path[i];
		p->uart_node[n++] = p->uart_node[i];
		(void)board_parent_lost(p, &p->uart_irq[n - 1], p->uart_node[n - 1]);
	}
	b->uart_count = n;
}

static void check_virtio(struct board_parser *p)
{
	struct board *b = p->b;
	u32 n = 0;

	for (u32 i = 0; i < b->virtio_count; i++) {
		if (!misplaced(p, &b->virtio[i].regs, p->virtio_node[i], false)) {
			p->virtio_irq[n] = p->virtio_irq[i];
			b->virtio[n++] = b->virtio[i];
		}
	}
	b->virtio_count = n;
}

/* What streams are counted by stays in its place; that it confines anything is not believed. */
static void check_iommus(struct board_parser *p)
{
	for (u32 i = 0; i < p->b->iommu_count; i++) {
		struct board_iommu *m = &p->b->iommu[i];
		bool bad = misplaced(p, &m->regs, p->iommu_node[i], false);

		for (u32 k = 0; k < p->twin_count; k++) {
			bad |= m->phandle == p->twin[k];
		}
		if (bad) {
			m->kind = IOMMU_OTHER;
			m->reason = "not to be told from something else";
		}
	}
}

static void check_pci(struct board_parser *p)
{
	struct board *b = p->b;
	u32 n = 0;

	for (u32 i = 0; i < b->pci_count; i++) {
		struct board_pci *pci = &b->pci[i];
		u32 to = pci->iommu_map_len >= 16 ? fdt_be32(pci->iommu_map + 4) : pci->iommu_all;
		bool bad = misplaced(p, &pci->ecam, pci->node, false);

		for (u32 k = 0; k < ARRAY_SIZE(pci->window) && !bad; k++) {
			bad = misplaced(p, &pci->window[k].cpu, pci->node, false);
		}
		if (bad) {
			continue;
		}
		for (u32 k = 0; k < b->iommu_count; k++) {
			to = b->iommu[k].phandle == to ? 0 : to;
		}
		if (to != 0 && board_search(b, &(struct board_want){ .phandle = to }, NULL) == 0) {
			board_warn(p, "%s: its IOMMU 0x%x is no node: expected the phandle of one; no function is confined",
				   path_of(b, pci->node), to);
		}
		b->pci[n++] = *pci;
	}
	b->pci_count = n;
}

static void check_cpus(struct board_parser *p)
{
	struct board *b = p->b;

	for (u32 i = 1; i < b->cpu_count && b->psci.conduit == CONDUIT_NONE && !p->psci_told; i++) {
		if (b->cpu[i].enable == ENABLE_PSCI) {
			board_warn(p, "/cpus: CPUs are started by PSCI, but there is no such node: expected arm,psci-0.2 or "
				   "later; they stay off");
			return;
		}
	}
}

void board_check(struct board_parser *p)
{
	check_gic(p);
	if (!p->failed) {
		check_iommus(p);
		check_pci(p);
		check_virtio(p);
		check_cpus(p);
	}
}

/* ---- Overlaps of memory */

void board_check_reserved(struct board_parser *p, const struct range *x)
{
	const struct board *b = p->b;

	for (u32 i = p->memreserves; i < b->reserved_count && !p->overlap_told; i++) {
		const struct board_reserved *r = &b->reserved[i];

		if (r->kind > RESERVED_NO_MAP || !range_overlaps(r->start, r->size, x->start, x->size)) {
			continue;
		}
		board_warn(p, "0x%lx,0x%lx overlaps 0x%lx,0x%lx: expected regions of their own; both are kept", x->start,
			   x->size, r->start, r->size);
		p->overlap_told = true;
	}
}
