/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A VM's own PCI bus: a host bridge with an ECAM (PCIe 5.0 7.2.2) for bus 0, a window below 4 GiB and perhaps
 * one above for BARs. On it are functions of the host (core/pass/pass_pci.c) and virtual ones (vdev/virtio).
 *
 * The bus keeps each function's configuration space: an image of 256 bytes and a mask of what the guest may
 * write. It decodes BARs, maps those with memory of the host behind them into stage 2, emulates MSI-X tables and
 * merges INTx. A function's code only sees what is left: its trapped BARs and what the guest has changed.
 *
 * The pin a function shows (PCI 3.0 6.2.4) is chosen by the bus: INTA to INTD are interrupts cfg->pci.intx[0..3]
 * whatever the device's number is; the device tree's interrupt-map goes by the pin alone. A line that is linked to
 * one of the host's is for functions of the host only.
 *
 * Locks: vdev.lock -> vpci.lock -> vgic.lock. Handlers are called without vpci.lock unless it says so.
 */
#ifndef QUOIN_CORE_VPCI_H
#define QUOIN_CORE_VPCI_H

#include "core/base/range.h"
#include "core/base/types.h"
#include "core/vdev.h"

#define VPCI_FNS 64     /* on a bus */
#define VPCI_BARS 6
#define VPCI_CONFIG 256 /* extended space reads as zero: no extended capabilities */
#define VPCI_ANY_BDF 0xffff
#define VPCI_MAX_VECTORS 2048 /* PCI 3.0 6.8.2 */

struct vpci;
struct vpci_fn;
struct msi_device;
struct fdt_writer;

struct vpci_ops {
	/*
	 * A BAR that is not mapped, or a trapped page of one: m->off is inside the BAR, aligned to m->size. MSI-X tables
	 * and PBAs do not come here. Exit context, own vCPU; not locked.
	 */
	enum mmio_result (*access)(struct vpci_fn *f, u32 bar, struct vcpu *v, struct mmio *m);
	/* Optional: aligned words of BAR 0..5, the short way, as in struct vdev_type; both or none. */
	u32 (*read32)(struct vpci_fn *f, u32 bar, struct vcpu *v, u64 off);
	void (*write32)(struct vpci_fn *f, u32 bar, struct vcpu *v, u64 off, u32 val);
	/*
	 * Optional: an access to configuration space below 256, before the image is asked; true: it was done. Aligned, `size`
	 * 1, 2 or 4. Exit context; not locked.
	 */
	bool (*config)(struct vpci_fn *f, struct vcpu *v, u32 off, u32 size, bool write, u32 *val);
	/*
	 * Optional: the guest has written [off, off + size) of the image, masks are applied. Exit or thread (reset)
	 * context, vpci.lock held: short, no other lock but the vGIC's.
	 */
	void (*written)(struct vpci_fn *f, u32 off, u32 size);
	/* Optional: MSI-X entry `n` or what masks it has changed; likewise. NULL: a virtual function. */
	void (*vector)(struct vpci_fn *f, u32 n);
	/* Optional: read the pending bits [64 * n, 64 * n + 63] of a function with `vector`. Locked likewise. */
	u64 (*pending)(struct vpci_fn *f, u32 n);
};

struct vpci_bar {
	u64 size;       /* a power of two from 16 on; 0: not there, or the upper half of the one before */
	bool wide;      /* 64 bits: takes the next one, too */
	bool prefetch;
	pa_t pa;        /* memory of the host behind it, whole pages; 0: all of it is trapped */
	/* Of memory behind it: pages that are trapped, offsets; sorted. size 0: none. */
	struct range trapped[2];
	/* The bus's own. */
	ipa_t at;       /* decoded there; 0: nowhere */
	ipa_t mapped;   /* stage 2 has it there; changed in work only */
};

/* An entry of an MSI-X table (PCI 3.0 6.8.2.6 on). */
struct vpci_vector {
	u64 addr;
	u32 data;
	u32 ctrl; /* bit 0: masked */
};

struct vpci_msix {
	u8 cap, bar;       /* where its capability is, 0: none; whose BAR has table and PBA */
	u8 pba_bar;
	u16 count;
	u32 table, pba;    /* offsets in the BAR */
	struct vpci_vector *entry; /* [count], the bus's */
	u64 *pending;              /* a virtual function's */
};

struct vpci_fn {
	const struct vpci_ops *ops;
	const char *what;  /* for messages; stays */
	u16 bdf;           /* device << 3 | function; VPCI_ANY_BDF: the first free device */
	u8 config[VPCI_CONFIG], mask[VPCI_CONFIG];
	struct vpci_bar bar[VPCI_BARS];
	struct vpci_msix msix;
	struct msi_device *msi; /* of virtual ones the bus's */
	bool intx;         /* has a pin; which one is the bus's choice */
	/* The bus's own. */
	struct vm *vm;
	u8 pin;            /* 0: INTA */
	bool level;        /* of a virtual function's pin */
	u8 cap_end, cap_last;
	bool on_bus;
	u8 initial[VPCI_CONFIG]; /* what the image is after a reset */
};

/* ---- Making a function: f is zeroed memory of the caller's that stays until vpci_remove(). Thread context. */

/* vpci_init - header of type 0: IDs as in registers 0x00, 0x08 (class and revision) and 0x2c. */
void vpci_init(struct vpci_fn *f, const struct vpci_ops *ops, const char *what, u32 id, u32 class_rev, u32 subsystem);
/* vpci_bar - bar[i].size and so on are set: make its register. -EINVAL: no such BAR can be. */
int vpci_bar(struct vpci_fn *f, u32 i) __must_check;
/*
 * vpci_capability - put one of `len` bytes, ID and link included, at `at` (0: behind the others), as the next in
 * the chain; `mask` (NULL: none of it) says what the guest may write. Its offset, or 0: no room.
 */
u32 vpci_capability(struct vpci_fn *f, u32 at, const u8 *bytes, const u8 *mask, u32 len);
/*
 * vpci_msix - capability of `count` vectors, table at `table` (16 bytes each) of BAR `bar` and PBA at `pba` (8 for each
 * 64) of `pba_bar`, made before. 0, -EINVAL: not inside them, or they overlap; -ENOMEM.
 */
int vpci_msix(struct vpci_fn *f, u32 at, u32 count, u32 bar, u32 table, u32 pba_bar, u32 pba) __must_check;
static inline u32 vpci_config32(const struct vpci_fn *f, u32 off)
{
	return (u32)f->config[off] | (u32)f->config[off + 1] << 8 | (u32)f->config[off + 2] << 16 |
	       (u32)f->config[off + 3] << 24;
}
void vpci_set32(struct vpci_fn *f, u32 off, u32 val);

/*
 * vpci_add - plug it in; before the VM runs. BARs get places in the windows, which the guest may change. With
 * msix.count and no `vector`, its messages are those of a virtual function. 0; -ENOENT: the VM has no bus; -EEXIST:
 * there is one at f->bdf; -ENOSPC: no room on the bus or for its BARs; -EINVAL: no virtual line is left for its pin;
 * what msi_device_add() says. Thread context.
 */
int vpci_add(struct vm *vm, struct vpci_fn *f) __must_check;
/* vpci_remove - take it out again, no vCPU runs; harmless if it is not in. Thread context. */
void vpci_remove(struct vpci_fn *f);

/* ---- A virtual function's interrupts. Any context; vpci.lock is taken. */

/* vpci_intx - the level of its pin; masked while the guest has disabled INTx or enabled MSI-X. */
void vpci_intx(struct vpci_fn *f, bool level);
/* vpci_msi - raise MSI-X vector `n`; kept as pending while it is masked. False: MSI-X is not enabled. */
bool vpci_msi(struct vpci_fn *f, u32 n);
/* vpci_mastering - the guest lets the function read and write memory (COMMAND.BusMaster). */
bool vpci_mastering(const struct vpci_fn *f);

/* ---- The bus. */

/* vpci_create - if cfg->pci.present: windows. 0, -ENOMEM, what vm_add_window() says. The vGIC is there. Thread. */
int vpci_create(struct vm *vm, struct diag *d) __must_check;
/* vpci_reset - each function as after power-on, nothing is mapped. No vCPU runs. Thread. */
void vpci_reset(struct vm *vm);
/* vpci_destroy - all functions are out. Thread. */
void vpci_destroy(struct vm *vm);
/* vpci_link - pin 0..3 whose interrupt is linked to the host's `intid` (vgic_link()); -1: none left, or -E from it. */
int vpci_link(struct vm *vm, u32 intid);

#endif
