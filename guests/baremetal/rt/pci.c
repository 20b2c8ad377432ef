/* SPDX-License-Identifier: Apache-2.0 */
#include "pci.h"

#include "board.h"
#include "fdt.h"

struct pci_host pci;

static void find(const struct fdt_node *node)
{
	unsigned int at, cells;
	const struct fdt_prop *p;

	if (pci.ecam || !fdt_is_compatible(node, "pci-host-ecam-generic") ||
	    !fdt_reg(node, 0, &pci.ecam, &pci.ecam_size)) {
		return;
	}
	cells = 3 + node->address_cells + 2;	/* child, parent, size */
	p = fdt_prop(node, "ranges");
	for (at = 0; p && (at + cells) * 4 <= p->length; at += cells) {
		u64 cpu = fdt_cell(node, "ranges", at + 3);

		if (node->address_cells == 2) {
			cpu = cpu << 32 | fdt_cell(node, "ranges", at + 4);
		}
		if ((fdt_cell(node, "ranges", at) >> 24 & 3) == 2) {
			pci.mem = cpu;
			pci.mem_pci = fdt_cell(node, "ranges", at + 2);
			pci.mem_size = (u64)fdt_cell(node, "ranges", at + cells - 2) << 32 |
				       fdt_cell(node, "ranges", at + cells - 1);
		}
	}
}

bool pci_init(void)
{
	if (fdt_walk(board.fdt, find) != 0) {
		pci.ecam = 0;
	}
	return pci.ecam != 0;
}

unsigned int pci_find(u32 id, unsigned int n)
{
	unsigned int bdf;

	for (bdf = 0; bdf < PCI_FNS; bdf++) {
		if (pci_read(bdf, PCI_ID) == id && n-- == 0) {
			return bdf;
		}
	}
	return PCI_NONE;
}

unsigned int pci_cap(unsigned int bdf, unsigned int id)
{
	unsigned int at, n;
	u32 head;

	if (!(pci_read(bdf, PCI_COMMAND) >> 16 & 0x10)) {
		return 0;
	}
	at = pci_read(bdf, PCI_CAP) & 0xfc;
	for (n = 0; at >= 0x40 && n < 48; n++) {
		head = pci_read(bdf, at);
		if ((head & 0xff) == id) {
			return at;
		}
		at = head >> 8 & 0xfc;
	}
	return 0;
}

static bool is_wide(unsigned int bdf, unsigned int bar)
{
	return (pci_read(bdf, PCI_BAR + bar * 4) & 7) == 4;
}

u64 pci_bar_size(unsigned int bdf, unsigned int bar)
{
	unsigned int at = PCI_BAR + bar * 4;
	u32 command = pci_read(bdf, PCI_COMMAND) & 0xffff, low = pci_read(bdf, at), high = 0, mask, upper = ~0U;
	bool none;

	if (low & 1) {
		return 0;
	}
	pci_write(bdf, PCI_COMMAND, command & ~(u32)PCI_MEM);
	pci_write(bdf, at, ~0U);
	mask = pci_read(bdf, at) & ~0xfU;
	none = mask == 0;
	pci_write(bdf, at, low);
	if (is_wide(bdf, bar)) {
		high = pci_read(bdf, at + 4);
		pci_write(bdf, at + 4, ~0U);
		upper = pci_read(bdf, at + 4);
		none = none && upper == 0;
		pci_write(bdf, at + 4, high);
	}
	pci_write(bdf, PCI_COMMAND, command);
	return none ? 0 : ~((u64)upper << 32 | mask) + 1;
}

u64 pci_bar(unsigned int bdf, unsigned int bar)
{
	unsigned int at = PCI_BAR + bar * 4;
	u64 value = pci_read(bdf, at) & ~0xfU;

	if (is_wide(bdf, bar)) {
		value |= (u64)pci_read(bdf, at + 4) << 32;
	}
	return value - pci.mem_pci < pci.mem_size ? value - pci.mem_pci + pci.mem : value;
}

bool pci_enable(unsigned int bdf)
{
	unsigned int bar;

	for (bar = 0; bar < 6; bar++) {
		unsigned int at = PCI_BAR + bar * 4;
		u64 size = pci_bar_size(bdf, bar);
		bool wide = is_wide(bdf, bar);

		if (size && (pci_read(bdf, at) & ~0xfU) == 0 && !(wide && pci_read(bdf, at + 4))) {
			pci.next = (pci.next + size - 1) & ~(size - 1);
			if (pci.next + size > pci.mem_size) {
				return false;
			}
			pci_write(bdf, at, (u32)(pci.mem_pci + pci.next));
			if (wide) {
				pci_write(bdf, at + 4, 0);
			}
			pci.next += size;
		}
		bar += wide;
	}
	pci_write(bdf, PCI_COMMAND, PCI_MEM | PCI_MASTER);
	return true;
}
