/* SPDX-License-Identifier: Apache-2.0 */
/* In the place of part `vpci`: no VM of the image has a PCI bus, and all virtio devices are on MMIO. */
#include <errno.h>
#include "core/config/check_parts.h"
#include "core/pci/vpci.h"
#include "vdev/virtio/transport.h"

#pragma GCC diagnostic ignored "-Wunused-parameter"

void check_pci(struct check *c)
{
	for (const struct cfg_vdev *v = c->cfg->vdev; v != NULL; v = v->next) {
		if (v->pci) {
			check_error(c, &v->pos, "this image has no part 'vpci'");
		}
	}
}

int vpci_create(struct vm *vm, struct diag *d)
{
	return 0;
}

void vpci_reset(struct vm *vm)
{
}

void vpci_destroy(struct vm *vm)
{
}

void vpci_init(struct vpci_fn *f, const struct vpci_ops *ops, const char *what, u32 id, u32 class_rev, u32 subsystem)
{
}

int vpci_bar(struct vpci_fn *f, u32 i)
{
	return -ENODEV;
}

u32 vpci_capability(struct vpci_fn *f, u32 at, const u8 *bytes, const u8 *mask, u32 len)
{
	return 0;
}

int vpci_msix(struct vpci_fn *f, u32 at, u32 count, u32 bar, u32 table, u32 pba_bar, u32 pba)
{
	return -ENODEV;
}

int vpci_add(struct vm *vm, struct vpci_fn *f)
{
	return -ENODEV;
}

void vpci_remove(struct vpci_fn *f)
{
}

int vpci_link(struct vm *vm, u32 intid)
{
	return -ENODEV;
}

int virtio_plug(struct vdev *d)
{
	return -ENODEV;
}

void virtio_unplug(struct vdev *d)
{
}

void virtio_pci_interrupt(struct virtio *v, const struct virtq *q)
{
}

void virtio_pci_reset(struct virtio *v)
{
}
