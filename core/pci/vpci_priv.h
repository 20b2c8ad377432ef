/* SPDX-License-Identifier: Apache-2.0 */
/* The insides of a VM's PCI bus: core/vpci*.c and core/pass_pci*.c only. */
#ifndef QUOIN_CORE_VPCI_PRIV_H
#define QUOIN_CORE_VPCI_PRIV_H

#include "core/base/lock.h"
#include "core/host/pci.h"
#include "core/vm.h"
#include "core/pci/vpci.h"

#define VPCI_PINS 4
#define PCI_LATENCY 0x0c /* cache line size, latency timer, header type, BIST */
#define PCI_INTERRUPT 0x3c /* line, pin, grant, latency */
#define PCI_STATUS_INTX 0x08 /* PCI 3.0 6.2.3: the function asserts its pin */
#define PCI_STATUS_CAPS 0x10
#define PCI_MULTI 0x80 /* of the header type */

#define MSIX_ENABLE 0x8000
#define MSIX_MASKALL 0x4000

/* A BAR that answers: sorted by address, no two overlap. */
struct vpci_decoded {
	ipa_t at;
	u64 size;
	struct vpci_fn *f;
	u32 bar;
};

struct vpci {
	struct vdev dev;         /* for its work: stage 2 follows the BARs, messages that were kept are sent */
	struct cfg_vdev dev_cfg;
	struct vm *vm;
	struct spinlock lock;    /* images, `decoded`, lines */
	u32 count;
	struct vpci_fn *list[VPCI_FNS];
	u8 slot[256];            /* of each device and function: index in `list` + 1 */
	u32 decoded_count;
	struct vpci_decoded decoded[VPCI_FNS * VPCI_BARS];
	u64 asserted[VPCI_PINS]; /* virtual functions, by index in `list` */
	u32 linked[VPCI_PINS];   /* the host's INTID; 0: not linked */
	u8 pin_users[VPCI_PINS]; /* virtual functions on it */
	struct range window[2];  /* below 4 GiB, above */
};

static inline u32 vpci_command(const struct vpci_fn *f)
{
	return f->config[PCI_COMMAND] | (u32)f->config[PCI_COMMAND + 1] << 8;
}

static inline u32 vpci_msix_control(const struct vpci_fn *f)
{
	return f->config[f->msix.cap + 2U] | (u32)f->config[f->msix.cap + 3U] << 8;
}

/* The guest has masked entry `n`, or all of them. */
static inline bool vpci_msix_masked(const struct vpci_fn *f, u32 n)
{
	return (f->msix.entry[n].ctrl & 1) != 0 || (vpci_msix_control(f) & (MSIX_ENABLE | MSIX_MASKALL)) != MSIX_ENABLE;
}

/* ---- core/pci/vpci_bar.c. Locked: vpci.lock is held. */

/* vpci_bar_value - what the registers of BAR `i` hold. Locked. */
u64 vpci_bar_value(const struct vpci_fn *f, u32 i);
/* vpci_decode - command or BARs of `f` may have changed: what it answers to. True: stage 2 has to follow. Locked. */
bool vpci_decode(struct vpci *b, struct vpci_fn *f);
/* vpci_undecode - it answers to nothing. Locked. */
void vpci_undecode(struct vpci *b, struct vpci_fn *f);
/* vpci_place - a place in the windows for each BAR. -ENOSPC: one is larger than any window. Thread. */
int vpci_place(struct vpci *b, struct vpci_fn *f);
/* vpci_follow - the work: stage 2 maps what is decoded and nothing else. Thread context, or a vCPU's open exit. */
void vpci_follow(struct vpci *b);
/* vpci_windows - claim the address windows. Thread. */
int vpci_windows(struct vpci *b);

/* ---- core/pci/vpci_msix.c */

/* vpci_msix_access - true: m->off in BAR `bar` is in the table or the PBA, and was done. Exit; not locked. */
bool vpci_msix_access(struct vpci *b, struct vpci_fn *f, u32 bar, struct mmio *m);
/* vpci_msix_reset - all masked, nothing pending. MSI-X is disabled: nobody looks. Not locked, it takes its time. */
void vpci_msix_reset(struct vpci_fn *f);
/*
 * vpci_msix_waits - a virtual function has kept messages that perhaps may be sent by now. Locked. vpci_msix_flush - the
 * work: send them. There may be thousands. Thread context, or a vCPU's open exit.
 */
bool vpci_msix_waits(const struct vpci_fn *f);
void vpci_msix_flush(struct vpci *b);

/* vm_map_device, vm_unmap_device - device memory of the host in the guest, while it runs: work context or thread. */
int vm_map_device(struct vm *vm, ipa_t at, pa_t pa, u64 size) __must_check;
void vm_unmap_device(struct vm *vm, ipa_t at, u64 size);

#endif
