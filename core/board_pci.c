/* SPDX-License-Identifier: Apache-2.0 */
/* PCI host bridges of the board: Devicetree Specification v0.4, 2.4.3; binding "pci-host-ecam-generic"; IEEE 1275 PCI 2.2. */
#include "core/board_parse.h"

#define PCI_CELLS 3 /* of an address: what space, 64 bits */

/* Of `ranges` the first piece of each kind of memory. */
static void windows(const struct board_parser *p, struct board_pci *pci)
{
	const struct board_frame *f = &p->frame[p->depth - 1];
	u32 parent = p->frame[p->depth - 2].acells, step = 4 * (PCI_CELLS + parent + 2);
	const u8 *e = f->ranges;

	if (parent - 1 > 1 || f->scells != 2 || f->acells != PCI_CELLS) {
		return;
	}
	for (u32 left = f->ranges_len; left >= step; left -= step, e += step) {
		u32 space = fdt_be32(e) >> 24 & 3; /* 1: I/O, 2: memory in 32 bits, 3: in 64 */
		struct range cpu = { fdt_cells(e + 4 * PCI_CELLS, parent), fdt_be64(e + 4 * (PCI_CELLS + parent)) };
		u64 at = fdt_be64(e + 4);
		bool high = at + cpu.size > GiB(4);

		if (space >= 2 && pci->window[high].cpu.size == 0 && range_valid(at, cpu.size) &&
		    range_valid(cpu.start, cpu.size) && board_up(p, &cpu) && IS_ALIGNED(at | cpu.start, PAGE_SIZE)) {
			pci->window[high] = (struct board_pci_window){ at, cpu };
		}
	}
}

/* Linux bindings "pci-iommu" and "pci-msi". */
static void maps(const struct board_parser *p, struct board_pci *pci)
{
	pci->iommu_map = p->prop[PROP_IOMMU_MAP].data;
	pci->iommu_map_len = board_has(p, PROP_IOMMU_MAP) ? p->prop[PROP_IOMMU_MAP].len : 0;
	pci->iommu_mask = board_prop_u32(p, PROP_IOMMU_MAP_MASK, ~0U);
	pci->iommu_all = board_prop_u32(p, PROP_IOMMUS, 0);
	pci->msi_map = p->prop[PROP_MSI_MAP].data;
	pci->msi_map_len = board_has(p, PROP_MSI_MAP) ? p->prop[PROP_MSI_MAP].len : 0;
	pci->msi_mask = board_prop_u32(p, PROP_MSI_MAP_MASK, ~0U);
	pci->msi_all = board_prop_u32(p, PROP_MSI_PARENT, 0);
	pci->coherent = p->frame[p->depth - 1].coherent;
	pci->node = p->frame[p->depth - 1].node;
}

void board_pci_node(struct board_parser *p)
{
	struct board *b = p->b;
	struct board_pci *pci = &b->pci[b->pci_count];
	u32 first = 0, last = 255, buses;

	if (b->pci_count == BOARD_MAX_PCI || !board_reg(p, 0, &pci->ecam)) {
		return;
	}
	if (board_has(p, PROP_BUS_RANGE) && p->prop[PROP_BUS_RANGE].len >= 8) {
		first = fdt_be32(p->prop[PROP_BUS_RANGE].data);
		last = fdt_be32(p->prop[PROP_BUS_RANGE].data + 4);
	}
	buses = (u32)MIN(pci->ecam.size >> 20, 256UL);
	if (first > last || last > 255 || buses == 0 || pci->ecam.start % PAGE_SIZE != 0) {
		board_warn(p, "bus-range %u to %u with 0x%lx,0x%lx as its ECAM: expected room for a bus from a page on; it is "
			   "not used", first, last, pci->ecam.start, pci->ecam.size);
		return;
	}
	last = MIN(last, first + buses - 1);
	pci->bus_first = (u8)first;
	pci->bus_last = (u8)last;
	pci->ecam.size = MiB(last - first + 1);
	pci->irq_map = p->prop[PROP_INTERRUPT_MAP].data;
	pci->irq_map_len = p->prop[PROP_INTERRUPT_MAP].len;
	pci->irq_mask = pci->pin_mask = ~0U;
	if (board_has(p, PROP_INTERRUPT_MAP_MASK) && p->prop[PROP_INTERRUPT_MAP_MASK].len >= 16) {
		pci->irq_mask = fdt_be32(p->prop[PROP_INTERRUPT_MAP_MASK].data);
		pci->pin_mask = fdt_be32(p->prop[PROP_INTERRUPT_MAP_MASK].data + 12);
	}
	maps(p, pci);
	windows(p, pci);
	b->pci_count++;
}

struct board_irq board_pci_irq(const struct board *b, const struct board_pci *pci, u16 bdf, u32 pin)
{
	u32 step = 4 * (PCI_CELLS + 1 + 1 + b->gic.address_cells + b->gic.cells);
	u32 where = (u32)bdf << 8 & pci->irq_mask;
	const u8 *e = pci->irq_map;

	if (b->gic.address_cells > 2) {
		return (struct board_irq){ 0, 0 };
	}
	/* Entries: a function's address, its pin, the controller, an address there, an interrupt there. */
	for (u32 left = pci->irq_map_len; left >= step && fdt_be32(e + 16) == b->gic.phandle; left -= step, e += step) {
		if ((fdt_be32(e) & pci->irq_mask) == where && (fdt_be32(e + 12) & pci->pin_mask) == (pin & pci->pin_mask)) {
			return board_irq_of(e + 4 * (PCI_CELLS + 2 + b->gic.address_cells));
		}
	}
	return (struct board_irq){ 0, 0 };
}

/* Where an iommu-map or msi-map sends Requester ID `bdf`: false: nowhere. */
static bool mapped(const u8 *e, u32 len, u32 rid, u32 *phandle, u32 *id)
{
	for (; len >= 16; len -= 16, e += 16) {
		u32 first = fdt_be32(e);

		if (rid >= first && rid - first < fdt_be32(e + 12)) {
			*phandle = fdt_be32(e + 4);
			*id = fdt_be32(e + 8) + (rid - first);
			return true;
		}
	}
	return false;
}

bool board_pci_stream(const struct board *b, const struct board_pci *pci, u16 bdf, struct pass_stream *out)
{
	u32 phandle = pci->iommu_all;

	out->sid = 0;
	if (!mapped(pci->iommu_map, pci->iommu_map_len, bdf & pci->iommu_mask, &phandle, &out->sid) &&
	    (phandle == 0 || pci->iommu_map_len != 0)) {
		return false;
	}
	for (u32 i = 0; i < b->iommu_count; i++) {
		if (b->iommu[i].phandle == phandle) {
			out->iommu = (u8)i;
			return true;
		}
	}
	return false;
}

/* The MSI controller of a function and its number there; phandle 0: none is named. */
static u32 msi_parent(const struct board_pci *pci, u16 bdf, u32 *id)
{
	u32 phandle = pci->msi_all;

	*id = bdf;
	if (pci->msi_map_len != 0 && !mapped(pci->msi_map, pci->msi_map_len, bdf & pci->msi_mask, &phandle, id)) {
		return 0;
	}
	return phandle;
}

bool board_pci_msi(const struct board *b, const struct board_pci *pci, u16 bdf, u32 *its, u32 *devid)
{
	u32 phandle = msi_parent(pci, bdf, devid);

	for (u32 i = 0; phandle != 0 && i < b->gic.its_count; i++) {
		if (b->gic.its_phandle[i] == phandle) {
			*its = i;
			return true;
		}
	}
	return false;
}

int board_pci_v2m(const struct board *b, const struct board_pci *pci, u16 bdf)
{
	u32 id, phandle = msi_parent(pci, bdf, &id);

	for (u32 i = 0; phandle != 0 && i < b->gic.v2m_count; i++) {
		if (b->gic.v2m[i].phandle == phandle) {
			return (int)i;
		}
	}
	return -1;
}
