/* SPDX-License-Identifier: Apache-2.0 */
/* The first PCI host bridge with an ECAM of the device tree, its bus 0 (PCIe 5.0 7.2.2; PCI 3.0 6.1). */
#ifndef RT_PCI_H
#define RT_PCI_H

#include "cpu.h"

enum {
	PCI_ID = 0x00, PCI_COMMAND = 0x04, PCI_STATUS = 0x06, PCI_CLASS = 0x08, PCI_HEADER = 0x0e, PCI_BAR = 0x10,
	PCI_CAP = 0x34, PCI_LINE = 0x3c, PCI_PIN = 0x3d,
};
enum { PCI_MEM = 2, PCI_MASTER = 4, PCI_INTX_OFF = 0x400 };	/* of PCI_COMMAND */
enum { PCI_CAP_PM = 1, PCI_CAP_MSI = 5, PCI_CAP_PCIE = 0x10, PCI_CAP_MSIX = 0x11 };

#define PCI_EDU		0x11e81234U	/* QEMU's teaching device */
#define PCI_FNS		256U		/* on a bus */
#define PCI_NONE	0xffffffffU

struct pci_host {
	u64 ecam, ecam_size;		/* 0: there is none */
	u64 mem, mem_pci, mem_size;	/* the window below 4 GiB: for the CPU, on the bus */
	u64 next;			/* offset in it of what is free */
	u32 intid[4];			/* INTA to INTD of device 0; 0: none */
};

extern struct pci_host pci;

/* Read the device tree. False: there is no such bridge. */
bool pci_init(void);

static inline u64 pci_at(unsigned int bdf, unsigned int off)
{
	return pci.ecam + ((u64)bdf << 12) + off;
}

static inline u32 pci_read(unsigned int bdf, unsigned int off)
{
	return mmio_read32(pci_at(bdf, off));
}

static inline void pci_write(unsigned int bdf, unsigned int off, u32 value)
{
	mmio_write32(pci_at(bdf, off), value);
}

/* The n-th function with that ID, or PCI_NONE. */
unsigned int pci_find(u32 id, unsigned int n);

/* Offset of a capability, or 0. */
unsigned int pci_cap(unsigned int bdf, unsigned int id);

/* Size of a memory BAR, 0: none or of another kind. What it held stays, the function decodes nothing meanwhile. */
u64 pci_bar_size(unsigned int bdf, unsigned int bar);

/* Where the CPU sees BAR number bar. */
u64 pci_bar(unsigned int bdf, unsigned int bar);

/*
 * Give each memory BAR without a place one, and let the function decode and master. False: no room. A place that lies
 * in no window counts as none.
 */
bool pci_enable(unsigned int bdf);

#endif
