/* SPDX-License-Identifier: Apache-2.0 */
#include "core/pass_pci.h"

#include <errno.h>
#include "core/vm.h"

void pass_pci_board(const struct board *b)
{
	(void)b;
}

int pass_pci_add(struct vm *vm, const struct cfg_pass *p, const struct pass_pci *fn, struct diag *d)
{
	(void)vm, (void)fn;
	(void)p, (void)d;
	return -ENOSYS;
}

void pass_pci_quiesce(struct vm *vm)
{
	(void)vm;
}

void pass_pci_reset(struct vm *vm)
{
	(void)vm;
}

void pass_pci_destroy(struct vm *vm)
{
	(void)vm;
}
