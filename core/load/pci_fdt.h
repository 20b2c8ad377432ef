/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes of a VM's PCI bus and of what takes its MSIs: an ITS or a GICv2m frame. */
#ifndef QUOIN_CORE_LOAD_PCI_FDT_H
#define QUOIN_CORE_LOAD_PCI_FDT_H

#include "core/config/vm_config.h"
#include "core/load/fdt_writer.h"

#define PCI_FDT_BOUND 1024 /* bytes both take at most */

/* pci_fdt_bus - the host bridge, if there is one; `gic` and `msi` are phandles. */
void pci_fdt_bus(struct fdt_writer *w, const struct vm_config *cfg, u32 gic, u32 msi);
/* pci_fdt_msi - inside the GIC's node, if there is one. */
void pci_fdt_msi(struct fdt_writer *w, const struct vm_config *cfg, u32 msi);
/* pci_fdt_msi_path - where that node is, for fdt_writer_phandle(). */
void pci_fdt_msi_path(const struct vm_config *cfg, char *buf, size_t size);

#endif
