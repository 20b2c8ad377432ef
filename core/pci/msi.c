/* SPDX-License-Identifier: Apache-2.0 */
#include "core/pci/msi.h"

#include <errno.h>
#include "core/pci/msi_v2m.h"
#include "core/spec/gic.h"
#include "core/vgic/its.h"
#include "core/vm.h"

void msi_board(const struct board *b)
{
	its_host_board(b);
}

int msi_create(struct vm *vm, struct diag *d)
{
	return vm->cfg->gic.has_its ? vits_create(vm, d) : 0;
}

void msi_reset(struct vm *vm)
{
	if (vm->vgic.its != NULL) {
		vits_reset(vm);
	}
}

void msi_settle(void)
{
	its_host_settle();
}

void msi_destroy(struct vm *vm)
{
	if (vm->vgic.its != NULL) {
		vits_destroy(vm);
	}
}

enum msi_kind msi_kind(const struct vm *vm)
{
	return vm->vgic.its != NULL ? MSI_ITS : vm->v2m != NULL ? MSI_V2M : MSI_NONE;
}

int msi_device_add(struct vm *vm, u32 devid, u32 nvec, const struct msi_host *host, struct msi_device **out)
{
	struct vits *its = vm->vgic.its;
	struct msi_device *m;
	int err;

	if (its == NULL) {
		*out = vm->v2m != NULL ? vits_device_new(vm, devid, 0) : NULL;
		return *out != NULL ? 0 : vm->v2m != NULL ? -ENOMEM : -ENODEV;
	}
	if (devid >= VITS_DEVICES || nvec == 0 || nvec > VITS_MAX_VECTORS) {
		return -EINVAL;
	}
	if (its->dev[devid] != NULL) {
		return -EEXIST;
	}
	m = vits_device_new(vm, devid, nvec);
	if (m == NULL) {
		return -ENOMEM;
	}
	err = host != NULL ? its_host_link(m, host) : 0;
	if (err != 0) {
		vits_device_free(m);
		return err;
	}
	*out = m;
	return 0;
}

void msi_device_reset(struct msi_device *m)
{
	vits_device_forget(m);
}

void msi_device_remove(struct msi_device *m)
{
	if (m != NULL) {
		its_host_unlink(m);
		vits_device_forget(m);
		vits_device_free(m);
	}
}

void msi_send(struct msi_device *m, u64 addr, u32 data)
{
	if (m->vm->vgic.its == NULL) {
		v2m_send(m->vm, addr, data);
	} else if (addr == m->vm->cfg->gic.its + GITS_TRANSLATER) {
		vits_raise(m, data);
	}
}

bool msi_host_message(struct msi_device *m, u64 addr, u32 data, u64 *host_addr, u32 *host_data)
{
	if (m->vm->vgic.its == NULL) {
		return v2m_host_message(m->vm, addr, data, host_addr, host_data);
	}
	if (!m->linked || addr != m->vm->cfg->gic.its + GITS_TRANSLATER || data >= m->nvec) {
		return false;
	}
	*host_addr = m->host.iommu ? addr : its_doorbell(m->host.its) + (GITS_TRANSLATER - GITS_TRANSLATION);
	*host_data = data;
	return true;
}

ipa_t msi_doorbell(const struct vm *vm)
{
	return vm->vgic.its != NULL ? vm->cfg->gic.its + GITS_TRANSLATION : 0;
}
