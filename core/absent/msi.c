/* SPDX-License-Identifier: Apache-2.0 */
/* In the place of part `msi`: no VM of the image has an ITS, a GICv2m frame or LPIs; the machine's ITS stays off. */
#include <errno.h>
#include "core/load/pci_fdt.h"
#include "core/pci/msi.h"
#include "core/pci/msi_v2m.h"
#include "core/vgic/lpi.h"
#include "core/vm.h"

#pragma GCC diagnostic ignored "-Wunused-parameter"

void pci_fdt_bus(struct fdt_writer *w, const struct vm_config *cfg, u32 gic, u32 msi)
{
}

void pci_fdt_msi(struct fdt_writer *w, const struct vm_config *cfg, u32 msi)
{
}

void pci_fdt_msi_path(const struct vm_config *cfg, char *buf, size_t size)
{
}

void msi_board(const struct board *b)
{
}

void v2m_board(const struct board *b)
{
}

int msi_create(struct vm *vm, struct diag *d)
{
	if (!vm->cfg->gic.has_its && !vm->cfg->gic.has_v2m) {
		return 0;
	}
	diag_error(d, &vm->cfg->gic.pos, "this image has no part 'msi'");
	return -ENODEV;
}

int v2m_create(struct vm *vm, struct diag *d)
{
	return 0;
}

void msi_reset(struct vm *vm)
{
}

void msi_settle(void)
{
}

void msi_destroy(struct vm *vm)
{
}

void v2m_destroy(struct vm *vm)
{
}

enum msi_kind msi_kind(const struct vm *vm)
{
	return MSI_NONE;
}

int msi_device_add(struct vm *vm, u32 devid, u32 nvec, const struct msi_host *host, struct msi_device **out)
{
	*out = NULL;
	return -ENODEV;
}

void msi_device_reset(struct msi_device *m)
{
}

void msi_device_remove(struct msi_device *m)
{
}

void msi_send(struct msi_device *m, u64 addr, u32 data)
{
}

bool msi_host_message(struct msi_device *m, u64 addr, u32 data, u64 *host_addr, u32 *host_data)
{
	return false;
}

bool v2m_host_message(struct vm *vm, u64 addr, u32 data, u64 *host_addr, u32 *host_data)
{
	return msi_host_message(NULL, addr, data, host_addr, host_data);
}

pa_t its_doorbell(u32 its)
{
	return 0;
}

ipa_t msi_doorbell(const struct vm *vm)
{
	return 0;
}

/* Without vgic.lpis nothing is asked but these. */
u32 vgic_lpi_next(const struct vgic *g, u32 vcpu, u32 i)
{
	return VGIC_LPI_NONE;
}

void vgic_lpi_place(struct vcpu *v, u32 n, u32 i)
{
}

bool vgic_lpi_back(struct vcpu *v, u32 i)
{
	return false;
}

bool vgic_lpi_flush(struct vcpu *v)
{
	return false;
}

u32 vgic_lpi_best(const struct vgic *g, u32 vcpu)
{
	return 256;
}

bool vgic_lpi_read(struct vcpu *v, struct vcpu *t, u32 off, u32 size, u64 *val)
{
	return false;
}

bool vgic_lpi_write(struct vcpu *v, struct vcpu *t, u32 off, u32 size, u64 val)
{
	return false;
}
