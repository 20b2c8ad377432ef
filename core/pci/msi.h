/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Message signaled interrupts of a VM's PCI functions, virtual ones and those of the host: a store of `data` to
 * `addr`. Where messages go is the VM's doorbell: GITS_TRANSLATER of its ITS (GICv3, core/vgic/its*.c), or its
 * GICv2m frame (core/pci/msi_v2m.c).
 *
 * With an ITS a message's data are the EventID, and the number of the function on the VM's bus is its DeviceID. The
 * events of a function of the host are LPIs of the host, made once when the function joins the VM; what they mean in
 * the guest is looked up when one arrives (IHI 0069 5.2).
 */
#ifndef QUOIN_CORE_MSI_H
#define QUOIN_CORE_MSI_H

#include "core/base/diag.h"
#include "core/base/types.h"

struct vm;
struct board;
struct msi_device; /* a function that can send messages */

enum msi_kind { MSI_NONE, MSI_ITS, MSI_V2M };

/* How the messages of a function of the host reach the host's ITS: board_pci_msi(). */
struct msi_host {
	u8 its;       /* index in board.gic.its[] */
	bool iommu;   /* they pass an IOMMU, which has the VM's doorbell page lead to the host's: its_doorbell() */
	u32 devid;    /* DeviceID there */
};

/* msi_board - the machine; boot. */
void msi_board(const struct board *b);
/* msi_create - the VM's ITS, if it is to have one; the vGIC is there. 0, or -E after one error on `d`. Thread. */
int msi_create(struct vm *vm, struct diag *d) __must_check;
/* msi_reset - as after power-on, every start and restart: nothing is mapped or pending. No vCPU runs. Thread. */
void msi_reset(struct vm *vm);
/* msi_settle - behind it no message of a VM that has stopped, and whose functions send no more, is under way. Thread. */
void msi_settle(void);
/* msi_destroy - all devices have been removed. Thread. */
void msi_destroy(struct vm *vm);

/* msi_kind - what takes messages in this VM. Any context. */
enum msi_kind msi_kind(const struct vm *vm);

/*
 * msi_device_add - function `devid` (its number on the VM's bus) with up to `nvec` messages (1..2048). `host`: where
 * its messages come out; NULL: it is virtual. 0; -ENODEV: the VM has no doorbell, or the host's ITS does not work (said
 * in the log); -EEXIST: there is such a device; -EINVAL; -ENOSPC: the machine has not that many LPIs; -ENOMEM. With
 * v2m `host` is not looked at. Thread context, before the VM runs.
 */
int msi_device_add(struct vm *vm, u32 devid, u32 nvec, const struct msi_host *host,
		   struct msi_device **out) __must_check;
/* msi_device_reset - what the guest has mapped for it is forgotten. No vCPU runs. Thread context. */
void msi_device_reset(struct msi_device *m);
/* msi_device_remove - it sends no more (its DMA is off); NULL is harmless. No vCPU runs. Thread context. */
void msi_device_remove(struct msi_device *m);

/*
 * msi_send - a virtual function's message as the guest has programmed it; one that does not go to the VM's doorbell or
 * means nothing there is dropped. Any context, IRQs masked or not; takes vgic.lock.
 */
void msi_send(struct msi_device *m, u64 addr, u32 data);
/*
 * msi_host_message - what the registers of the host's function get instead of (addr, data); false: this goes to no
 * doorbell of the VM, the vector has to stay masked. Any context.
 */
bool msi_host_message(struct msi_device *m, u64 addr, u32 data, u64 *host_addr, u32 *host_data);

/* its_doorbell - the host's page with GITS_TRANSLATER of ITS `its`, 0: none. Any context. */
pa_t its_doorbell(u32 its);
/* msi_doorbell - where the VM sees the doorbell: its page, 0: the VM has no ITS. Any context. */
ipa_t msi_doorbell(const struct vm *vm);

#endif
