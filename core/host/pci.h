/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PCI functions of the board, behind pci-host-ecam-generic bridges: found once, by whoever asks first. What
 * firmware has set up stays; where it has not, buses are numbered and BARs placed here (PCI 3.0 6.2.5,
 * PCI-to-PCI bridge 1.2 3.2.5). Functions nobody drives are found too, but do no DMA and raise no INTx.
 */
#ifndef QUOIN_CORE_HOST_PCI_H
#define QUOIN_CORE_HOST_PCI_H

#include "core/base/board.h"
#include "core/base/types.h"

#define PCI_DEVICES 32
#define PCI_BARS 6

/* Configuration space (PCI 3.0 6.1). */
#define PCI_ID 0x00
#define PCI_COMMAND 0x04
#define PCI_STATUS 0x06
#define PCI_CLASS 0x08
#define PCI_HEADER 0x0e
#define PCI_BAR 0x10
#define PCI_BUSES 0x18    /* of a bridge: primary, secondary, subordinate */
#define PCI_IO 0x1c
#define PCI_MEMORY 0x20
#define PCI_PREFETCH 0x24
#define PCI_SUBSYSTEM 0x2c
#define PCI_CAPS 0x34
#define PCI_PIN 0x3d

#define PCI_CMD_IO 1
#define PCI_CMD_MEMORY 2
#define PCI_CMD_MASTER 4
#define PCI_CMD_NO_INTX 0x400

#define PCI_CAP_PM 1
#define PCI_CAP_MSI 5
#define PCI_CAP_VENDOR 9
#define PCI_CAP_EXPRESS 0x10
#define PCI_CAP_MSIX 0x11
#define PCI_CAP_AF 0x13 /* conventional PCI advanced features */

struct pci_dev {
	const struct board_pci *host;
	u16 bdf;              /* bus, device, function */
	u16 vendor, device;
	u32 class;            /* base class, sub-class, interface, revision */
	struct board_irq irq; /* INTx; intid 0: none */
	struct range bar[PCI_BARS]; /* CPU addresses; size 0: not there, not memory, or without a place */
	/*
	 * Functions of one group can reach each other's memory without an IOMMU seeing it, or are not told apart by it: the
	 * bridge nearest to the root that lets them (no ACS, PCIe 5.0 6.12), or the device of several functions; else itself.
	 */
	u16 group;
	const char *owner;    /* who drives it: a part of the monitor, or a VM by name; NULL: nobody */
	const char *promised; /* the only one who may, set before anybody claims; NULL: whoever comes */
};

/* pci_at - the n-th function, bridges left out, in the order of buses; NULL behind the last. Thread context. */
struct pci_dev *pci_at(const struct board *b, u32 n);
/*
 * pci_claim - it is `owner`'s, whose text stays, and quiet; an owner may have several. False: it or one it cannot be
 * isolated from is another's, who is in *other (NULL: not asked for). pci_release - nobody's any more. Thread context.
 */
bool pci_claim(struct pci_dev *d, const char *owner, const struct pci_dev **other);
void pci_release(struct pci_dev *d);
/* pci_take - claim it and turn on memory, DMA and INTx. False: it is another's. Thread context. */
bool pci_take(struct pci_dev *d, const char *owner);
/* pci_drive - likewise for a driver of the monitor: it also gets through the IOMMU in front (core/iommu/iommu.h). Thread. */
bool pci_drive(struct pci_dev *d, const char *owner);

/* pci_address - of register `off` of configuration space, for arch_io.h. Below 4096. Any context. */
static inline pa_t pci_address(const struct board_pci *host, u16 bdf, u32 off)
{
	return host->ecam.start + ((pa_t)(u16)(bdf - (host->bus_first << 8)) << 12) + off;
}

/*
 * pci_capability - where the next capability `id` behind offset `after` (0: the first) is; 0: there is
 * none. Bounded, whatever the list says. Any context.
 */
u32 pci_capability(const struct pci_dev *d, u8 id, u32 after);
/* pci_map - [off, off + size) of a BAR, mapped for arch_io.h; 0: not inside it, or it has no place. Thread context. */
pa_t pci_map(const struct pci_dev *d, u32 bar, u64 off, u64 size);

#endif
