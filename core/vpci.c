/* SPDX-License-Identifier: Apache-2.0 */
#include "core/vpci.h"

#include <errno.h>
#include "core/vm.h"

void vpci_init(struct vpci_fn *f, const struct vpci_ops *ops, const char *what, u32 id, u32 class_rev, u32 subsystem)
{
	f->ops = ops;
	f->what = what;
	vpci_set32(f, 0, id);
	vpci_set32(f, 8, class_rev);
	vpci_set32(f, 0x2c, subsystem);
}

void vpci_set32(struct vpci_fn *f, u32 off, u32 val)
{
	for (u32 i = 0; i < 4; i++) {
		f->config[off + i] = (u8)(val >> 8 * i);
	}
}

int vpci_bar(struct vpci_fn *f, u32 i)
{
	(void)f, (void)i;
	return -ENOSYS;
}

u32 vpci_capability(struct vpci_fn *f, u32 at, const u8 *bytes, const u8 *mask, u32 len)
{
	(void)f, (void)at, (void)bytes, (void)mask, (void)len;
	return 0;
}

int vpci_msix(struct vpci_fn *f, u32 at, u32 count, u32 bar, u32 table, u32 pba)
{
	(void)f, (void)at, (void)count, (void)bar, (void)table, (void)pba;
	return -ENOSYS;
}

int vpci_add(struct vm *vm, struct vpci_fn *f)
{
	(void)vm, (void)f;
	return -ENOSYS;
}

void vpci_remove(struct vpci_fn *f)
{
	(void)f;
}

void vpci_intx(struct vpci_fn *f, bool level)
{
	(void)f, (void)level;
}

bool vpci_msi(struct vpci_fn *f, u32 n)
{
	(void)f, (void)n;
	return false;
}

bool vpci_msix_on(const struct vpci_fn *f)
{
	(void)f;
	return false;
}

bool vpci_mastering(const struct vpci_fn *f)
{
	(void)f;
	return true;
}

int vpci_create(struct vm *vm, struct diag *d)
{
	(void)vm, (void)d;
	return 0;
}

void vpci_reset(struct vm *vm)
{
	(void)vm;
}

void vpci_destroy(struct vm *vm)
{
	(void)vm;
}

int vpci_link(struct vm *vm, u32 intid)
{
	(void)vm, (void)intid;
	return -ENOSYS;
}

void vpci_report(struct vm *vm)
{
	(void)vm;
}
