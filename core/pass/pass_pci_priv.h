/* SPDX-License-Identifier: Apache-2.0 */
/* A function of the host on a VM's bus: core/pass_pci*.c only. */
#ifndef QUOIN_CORE_PASS_PCI_PRIV_H
#define QUOIN_CORE_PASS_PCI_PRIV_H

#include "arch/arch.h"
#include "arch_io.h"
#include "core/pci/msi.h"
#include "core/pci/vpci_priv.h"

struct pass_fn {
	struct vpci_fn fn; /* first */
	struct pci_dev *dev;
	const char *what;  /* "PCI 00:03.0" */
	pa_t space;        /* its configuration space */
	/* Offsets of capabilities, in the host's function and, where it is shown, in the image; 0: none. */
	u8 express, pm, af, msi, msix;
	bool linked;       /* its pin is a line of the VM's */
	bool quiet;        /* nothing may be turned on: between two lives */
	bool no_master;    /* the VM's configuration says that it does no DMA */
	bool msi_wide, msi_masks, msi_on;
	bool shows_msi, shows_msix;
	u16 vectors;
	pa_t table, pba;   /* MSI-X, mapped */
	pa_t status;       /* of a virtio device: its device status, mapped; 0: it is none */
	u32 saved[16];     /* the header as it was found */
	u16 saved_control[2]; /* Express: device control 1 and 2 */
};

/* Express (PCIe 5.0 7.5.3), from the capability's start. */
enum {
	EXP_FLAGS = 2, EXP_DEVCAP = 4, EXP_DEVCTL = 8, EXP_DEVSTA = 10, EXP_DEVCTL2 = 40, EXP_SIZE = 60, EXP_SIZE_V1 = 20,
};
#define EXP_DEVCAP_FLR BIT(28)
#define EXP_DEVCTL_FLR 0x8000
#define EXP_DEVSTA_PENDING 0x20

/* ---- core/pass/pass_pci_caps.c */

/* pass_pci_caps - find the host's capabilities and show those that may be. 0 or -E. Thread. */
int pass_pci_caps(struct pass_fn *p, bool with_msi) __must_check;
/* Handlers of struct vpci_ops. */
void pass_pci_written(struct vpci_fn *f, u32 off, u32 size);
void pass_pci_vector(struct vpci_fn *f, u32 n);
u64 pass_pci_pending(struct vpci_fn *f, u32 n);
bool pass_pci_config(struct vpci_fn *f, struct vcpu *v, u32 off, u32 size, bool write, u32 *val);

/* ---- core/pass/pass_pci_reset.c */

/* pass_pci_quiet - no DMA, no interrupt, of any kind, until pass_pci_ready(). Thread. */
void pass_pci_quiet(struct pass_fn *p);
/* pass_pci_ask, pass_pci_ready - begin a reset, which needs PASS_PCI_RESET_MS; afterwards: as it was found, memory on. */
#define PASS_PCI_RESET_MS 100
bool pass_pci_ask(struct pass_fn *p);
/* pass_pci_resettable - there is some way to do it. Thread. */
bool pass_pci_resettable(const struct pass_fn *p);
int pass_pci_ready(struct pass_fn *p) __must_check;

/* ---- core/pass/pass_pci_kinds.c: devices whose registers say how they are reset */

/* pass_pci_kind_reset - false: of no known kind, or it does not end. Memory is on, mastering is off. Thread. */
bool pass_pci_kind_reset(const struct pass_fn *p);
bool pass_pci_kind_known(const struct pass_fn *p);

static inline u16 host16(const struct pass_fn *p, u32 off)
{
	return io_read16(p->space + off);
}

#endif
