/* SPDX-License-Identifier: Apache-2.0 */
/* PCI functions of the host on a VM's bus (core/pci/vpci.h). All in thread context, no vCPU of the VM runs. */
#ifndef QUOIN_CORE_PASS_PCI_H
#define QUOIN_CORE_PASS_PCI_H

#include "core/base/types.h"

struct vm;
struct cfg_pass;
struct pass_pci;
struct diag;
struct board;

/* pass_pci_board - where functions are looked for. Boot. */
void pass_pci_board(const struct board *b);
/*
 * pass_pci_add - the function of entry `p` becomes the VM's: quiet, its BARs known, its capabilities filtered, its
 * INTx linked. Its stream is attached already. 0, or -E after one error on `d`.
 */
int pass_pci_add(struct vm *vm, const struct cfg_pass *p, const struct pass_pci *fn, struct diag *d) __must_check;
/*
 * pass_pci_its - the host's ITS whose doorbell the VM's devices behind an IOMMU find at the VM's: the one that the first
 * of its functions sends to. Others of the VM have to send to the same.
 */
u32 pass_pci_its(const struct vm *vm);
/* pass_pci_quiesce - no function of the VM reads, writes or interrupts when this returns. Again: harmless. */
void pass_pci_quiesce(struct vm *vm);
/* pass_pci_reset - as after power-on, for a new life: function level reset where there is one. The vGIC is reset. */
void pass_pci_reset(struct vm *vm);
/* pass_pci_destroy - all of them are given back. */
void pass_pci_destroy(struct vm *vm);

#endif
