/* SPDX-License-Identifier: Apache-2.0 */
/* In the place of part `pci`: the board's PCI is not looked at. */
#include <errno.h>
#include "core/base/diag.h"
#include "core/config/vm_config.h"
#include "core/host/pci.h"
#include "core/pass/pass_pci.h"

#pragma GCC diagnostic ignored "-Wunused-parameter"

struct pci_dev *pci_at(const struct board *b, u32 n)
{
	return NULL;
}

bool pci_drive(struct pci_dev *d, const char *owner)
{
	return false;
}

u32 pci_capability(const struct pci_dev *d, u8 id, u32 after)
{
	return 0;
}

pa_t pci_map(const struct pci_dev *d, u32 bar, u64 off, u64 size)
{
	return 0;
}

void pass_pci_board(const struct board *b)
{
}

int pass_pci_add(struct vm *vm, const struct cfg_pass *p, const struct pass_pci *fn, struct diag *d)
{
	diag_error(d, &p->pos, "this image has no part 'pci'");
	return -ENODEV;
}

u32 pass_pci_its(const struct vm *vm)
{
	return 0;
}

void pass_pci_quiesce(struct vm *vm)
{
}

void pass_pci_reset(struct vm *vm)
{
}

void pass_pci_destroy(struct vm *vm)
{
}
