/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of a host function's capabilities a guest sees, at the offsets where the host has them: MSI, MSI-X, Express as
 * of an endpoint inside the root complex, power management that stays in D0, and virtio's vendor capabilities, which
 * only say where registers are. All else, and all of extended space, is hidden.
 */
#include <errno.h>
#include <string.h>
#include "core/pass/pass_pci_priv.h"

#define VENDOR_VIRTIO 0x1af4
#define VIRTIO_COMMON 1 /* virtio 1.2 4.1.4.3 */
#define VIRTIO_STATUS 20
#define VIRTIO_CFG 5 /* 4.1.4.9: reaches any register through configuration space */

/* MSI (PCI 3.0 6.8.1), from the capability's start. */
enum { MSI_CONTROL = 2, MSI_ADDR = 4, MSI_ADDR_HIGH = 8 };
#define MSI_ENABLE 1
#define MSI_64 0x80
#define MSI_MASKS 0x100

/* Power management (PCI PM 1.2 3.2). */
enum { PM_CAPS = 2, PM_CONTROL = 4 };
#define PM_NO_SOFT_RESET 8

static u32 msi_data(const struct pass_fn *p)
{
	return p->msi + (p->msi_wide ? 12U : 8U);
}

static u32 msi_mask(const struct pass_fn *p)
{
	return msi_data(p) + 4;
}

/* ---- What is shown */

static void copy(const struct pass_fn *p, u32 at, u8 *to, u32 len)
{
	for (u32 i = 0; i < len; i++) {
		to[i] = io_read8(p->space + at + i);
	}
}

/* One message: which of several a function sends is up to it. */
static bool show_msi(struct pass_fn *p, u32 at)
{
	u32 control = host16(p, at + MSI_CONTROL), len;
	u8 bytes[24] = { PCI_CAP_MSI }, mask[24] = { 0 };

	p->msi_wide = (control & MSI_64) != 0;
	p->msi_masks = (control & MSI_MASKS) != 0;
	len = (p->msi_wide ? 14 : 10) + (p->msi_masks ? 10 : 0);
	bytes[MSI_CONTROL] = (u8)(control & MSI_64);
	bytes[MSI_CONTROL + 1] = (u8)((control & MSI_MASKS) >> 8);
	mask[MSI_CONTROL] = MSI_ENABLE;
	mask[MSI_ADDR] = 0xfc;
	memset(mask + MSI_ADDR + 1, 0xff, p->msi_wide ? 7 : 3);
	memset(mask + msi_data(p) - p->msi, 0xff, 2);
	if (p->msi_masks) {
		mask[msi_mask(p) - p->msi] = 1;
	}
	return vpci_capability(&p->fn, at, bytes, mask, len) != 0;
}

static int show_msix(struct pass_fn *p, u32 at)
{
	u32 count = (host16(p, at + 2) & 0x7ff) + 1U;
	u32 table = io_read32(p->space + at + 4), pba = io_read32(p->space + at + 8);
	int err = vpci_msix(&p->fn, at, count, table & 7, table & ~7U, pba & 7, pba & ~7U);

	if (err == 0) {
		p->table = pci_map(p->dev, table & 7, table & ~7U, 16UL * count);
		p->pba = pci_map(p->dev, pba & 7, pba & ~7U, ALIGN_UP(count, 64UL) / 8);
		err = p->table == 0 || p->pba == 0 ? -EINVAL : 0;
	}
	return err;
}

/* PCIe 5.0 7.5.3.2: an endpoint on the root bus is an integrated one (type 9), which has no link. */
static bool show_express(struct pass_fn *p, u32 at)
{
	u32 version = host16(p, at + EXP_FLAGS) & 0xf, devcap = io_read32(p->space + at + EXP_DEVCAP);
	u32 control = host16(p, at + EXP_DEVCTL);
	u8 bytes[EXP_SIZE] = { PCI_CAP_EXPRESS }, mask[EXP_SIZE] = { 0 };

	if (version == 0 || at + (version == 1 ? EXP_SIZE_V1 : EXP_SIZE) > VPCI_CONFIG) {
		return true; /* nothing one can use */
	}
	bytes[EXP_FLAGS] = (u8)(MIN(version, 2U) | 9 << 4);
	/* Payload as large as the path to it is set up for, role based errors; no phantom functions, no reset. */
	devcap = (devcap & (7 << 6 | 7 << 9 | 1 << 15 | 1 << 5)) | (control >> 5 & 7);
	memcpy(bytes + EXP_DEVCAP, &devcap, 4);
	memcpy(bytes + EXP_DEVCTL, &control, 2);
	/* Of no effect: error reporting, sizes, ordering; not the reset. */
	mask[EXP_DEVCTL] = 0xff;
	mask[EXP_DEVCTL + 1] = 0x7e;
	return vpci_capability(&p->fn, at, bytes, mask, version == 1 ? EXP_SIZE_V1 : EXP_SIZE) != 0;
}

/* D0 for ever; that a driver asks for D3 is kept, so that it finds what it wrote, and has no effect. */
static bool show_pm(struct pass_fn *p, u32 at)
{
	u8 bytes[8] = { PCI_CAP_PM }, mask[8] = { 0 };

	bytes[PM_CAPS] = (u8)(host16(p, at + PM_CAPS) & 7);
	bytes[PM_CONTROL] = PM_NO_SOFT_RESET;
	mask[PM_CONTROL] = 3;
	return vpci_capability(&p->fn, at, bytes, mask, sizeof(bytes)) != 0;
}

static bool show_vendor(struct pass_fn *p, u32 at)
{
	u8 bytes[32], len = io_read8(p->space + at + 2);

	if ((p->saved[0] & 0xffff) != VENDOR_VIRTIO || len < 4 || len > sizeof(bytes) || at + len > VPCI_CONFIG) {
		return true;
	}
	copy(p, at, bytes, len);
	if (bytes[3] == VIRTIO_COMMON && p->status == 0 && len >= 16) {
		p->status = pci_map(p->dev, bytes[4], io_read32(p->space + at + 8) + VIRTIO_STATUS, 1);
	}
	return bytes[3] == VIRTIO_CFG || vpci_capability(&p->fn, at, bytes, NULL, len) != 0;
}

static bool show(struct pass_fn *p, u32 at, bool with_msi)
{
	switch (io_read8(p->space + at)) {
	case PCI_CAP_PM:
		p->pm = (u8)at;
		return show_pm(p, at);
	case PCI_CAP_MSI:
		p->msi = (u8)at;
		p->shows_msi = with_msi && show_msi(p, at);
		p->vectors = MAX(p->vectors, (u16)p->shows_msi);
		return true;
	case PCI_CAP_VENDOR:
		return show_vendor(p, at);
	case PCI_CAP_EXPRESS:
		p->express = (u8)at;
		p->saved_control[0] = host16(p, at + EXP_DEVCTL);
		p->saved_control[1] = (host16(p, at + EXP_FLAGS) & 0xf) > 1 ? host16(p, at + EXP_DEVCTL2) : 0;
		return show_express(p, at);
	case PCI_CAP_MSIX:
		p->msix = (u8)at;
		p->shows_msix = with_msi && show_msix(p, at) == 0;
		p->vectors = MAX(p->vectors, p->fn.msix.count);
		return true;
	case PCI_CAP_AF:
		p->af = (u8)at;
		return true;
	default:
		return true;
	}
}

int pass_pci_caps(struct pass_fn *p, bool with_msi)
{
	u32 at = PCI_CAPS;

	if ((p->saved[PCI_COMMAND / 4] >> 16 & PCI_STATUS_CAPS) == 0) {
		return 0;
	}
	/* PCI 3.0 6.7: there are no more than 48, whatever the list says. */
	for (u32 i = 0; i < 48; i++) {
		at = io_read8(p->space + at) & 0xfcU;
		if (at < 0x40) {
			return 0;
		}
		/* In a list that goes in circles the second of a kind is not shown. */
		if (p->fn.config[at] == 0 && !show(p, at, with_msi)) {
			return -EINVAL;
		}
		at++;
	}
	return 0;
}

/* ---- What the guest writes. vpci.lock is held. */

static void set_command(struct pass_fn *p)
{
	u32 wanted = vpci_command(&p->fn), command = PCI_CMD_MEMORY;

	if (p->quiet) {
		return;
	}
	if ((wanted & PCI_CMD_MASTER) != 0 && !p->no_master) {
		command |= PCI_CMD_MASTER;
	}
	if ((wanted & PCI_CMD_NO_INTX) != 0 || !p->linked) {
		command |= PCI_CMD_NO_INTX;
	}
	io_write16(p->space + PCI_COMMAND, (u16)command);
}

static void set_msi(struct pass_fn *p)
{
	const struct vpci_fn *f = &p->fn;
	u64 addr = vpci_config32(f, p->msi + MSI_ADDR);
	u32 data = vpci_config32(f, msi_data(p)) & 0xffff;
	bool on = (f->config[p->msi + MSI_CONTROL] & MSI_ENABLE) != 0 && !p->quiet;

	if (p->msi_wide) {
		addr |= (u64)vpci_config32(f, p->msi + MSI_ADDR_HIGH) << 32;
	}
	on = on && p->fn.msi != NULL && msi_host_message(p->fn.msi, addr, data, &addr, &data) &&
	     (p->msi_wide || addr >> 32 == 0) && data <= 0xffff;
	if (on) {
		io_write32(p->space + p->msi + MSI_ADDR, (u32)addr);
		if (p->msi_wide) {
			io_write32(p->space + p->msi + MSI_ADDR_HIGH, (u32)(addr >> 32));
		}
		io_write16(p->space + msi_data(p), (u16)data);
		if (p->msi_masks) {
			io_write32(p->space + msi_mask(p), ~1U | vpci_config32(f, msi_mask(p)));
		}
	}
	if (on || p->msi_on) {
		/* Several messages allowed: none (bits 6:4). */
		io_write16(p->space + p->msi + MSI_CONTROL,
			   (u16)((host16(p, p->msi + MSI_CONTROL) & ~0x71U) | (on ? MSI_ENABLE : 0)));
	}
	p->msi_on = on;
}

static void set_msix(struct pass_fn *p)
{
	u32 control = p->quiet ? 0 : vpci_msix_control(&p->fn) & (MSIX_ENABLE | MSIX_MASKALL);

	io_write16(p->space + p->msix + 2, (u16)control);
}

void pass_pci_written(struct vpci_fn *f, u32 off, u32 size)
{
	struct pass_fn *p = container_of(f, struct pass_fn, fn);
	u32 end = off + size;

	if (off < PCI_COMMAND + 2 && end > PCI_COMMAND) {
		set_command(p);
	}
	if (p->shows_msi && off < p->msi + 24U && end > p->msi) {
		set_msi(p);
	}
	if (p->shows_msix && off < p->msix + 4U && end > p->msix) {
		set_msix(p);
	}
}

void pass_pci_vector(struct vpci_fn *f, u32 n)
{
	struct pass_fn *p = container_of(f, struct pass_fn, fn);
	const struct vpci_vector *e = &f->msix.entry[n];
	pa_t at = p->table + 16 * n;
	u64 addr;
	u32 data;

	if (!p->shows_msix) {
		return;
	}
	/* Masked while it changes: half an old message is one as well. */
	io_write32(at + 12, 1);
	if ((e->ctrl & 1) == 0 && !p->quiet && f->msi != NULL && msi_host_message(f->msi, e->addr, e->data, &addr, &data)) {
		io_write32(at, (u32)addr);
		io_write32(at + 4, (u32)(addr >> 32));
		io_write32(at + 8, data);
		io_write32(at + 12, 0);
	}
}

u64 pass_pci_pending(struct vpci_fn *f, u32 n)
{
	const struct pass_fn *p = container_of(f, struct pass_fn, fn);

	return p->pba == 0 ? 0 : io_read32(p->pba + 8 * n) | (u64)io_read32(p->pba + 8 * n + 4) << 32;
}

/* Two bits of the host show through: a level pin that is asserted, a masked message that is pending. */
bool pass_pci_config(struct vpci_fn *f, struct vcpu *v, u32 off, u32 size, bool write, u32 *val)
{
	struct pass_fn *p = container_of(f, struct pass_fn, fn);
	u32 pending = p->shows_msi && p->msi_masks ? msi_mask(p) + 4 : ~0U;

	(void)v;
	if (write) {
		return false;
	}
	if (off == pending) {
		*val = io_read8(p->space + off) & 1;
		return true;
	}
	if (off <= PCI_STATUS && off + size > PCI_STATUS) { /* Linux reads it with the command register */
		memcpy(val, f->config + off, size);
		*val |= (u32)(host16(p, PCI_STATUS) & PCI_STATUS_INTX) << 8 * (PCI_STATUS - off);
		return true;
	}
	return false;
}
