/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions on a VM's PCI bus and their configuration space. A guest reaches a function's image through its mask and
 * nothing else; what the image then means is done behind it: decoding (vpci_bar.c), MSI-X (vpci_msix.c), INTx, and
 * what the function's own code makes of it. Longer than others: one access reads as one way through this file.
 */
#include "core/pci/vpci.h"

#include <errno.h>
#include <string.h>
#include "core/base/memory.h"
#include "core/pci/msi.h"
#include "core/vgic/link.h"
#include "core/pci/vpci_priv.h"

#define COMMAND_WRITABLE 0x546 /* memory, master, parity, SERR#, INTx disable (PCI 3.0 6.2.2) */

/* ---- Making one */

static void put16(u8 *at, u32 val)
{
	at[0] = (u8)val;
	at[1] = (u8)(val >> 8);
}

void vpci_set32(struct vpci_fn *f, u32 off, u32 val)
{
	put16(f->config + off, val);
	put16(f->config + off + 2, val >> 16);
}

void vpci_init(struct vpci_fn *f, const struct vpci_ops *ops, const char *what, u32 id, u32 class_rev, u32 subsystem)
{
	f->ops = ops;
	f->what = what;
	f->bdf = VPCI_ANY_BDF;
	vpci_set32(f, PCI_ID, id);
	vpci_set32(f, PCI_CLASS, class_rev);
	vpci_set32(f, PCI_SUBSYSTEM, subsystem);
	put16(f->mask + PCI_COMMAND, COMMAND_WRITABLE);
	f->mask[PCI_LATENCY] = 0xff;
	f->mask[PCI_INTERRUPT] = 0xff;
	f->cap_end = 0x40;
}

int vpci_bar(struct vpci_fn *f, u32 i)
{
	struct vpci_bar *bar = &f->bar[i];
	u64 size = bar->size, mask = ~(size - 1);

	if (i + bar->wide >= VPCI_BARS || size < 16 || (size & (size - 1)) != 0 || (!bar->wide && size > GiB(2)) ||
	    size > BIT(46) || (bar->pa != 0 && ((bar->pa | size) & PAGE_MASK) != 0)) {
		return -EINVAL;
	}
	vpci_set32(f, PCI_BAR + 4 * i, (bar->wide ? 4 : 0) | (bar->prefetch ? 8 : 0));
	for (u32 k = 0; k < (bar->wide ? 8 : 4); k++) {
		f->mask[PCI_BAR + 4 * i + k] = (u8)((mask & ~0xfUL) >> 8 * k);
	}
	return 0;
}

u32 vpci_capability(struct vpci_fn *f, u32 at, const u8 *bytes, const u8 *mask, u32 len)
{
	if (at == 0) {
		at = ALIGN_UP(f->cap_end, 4);
	}
	if (at < 0x40 || (at & 3) != 0 || len < 2 || at + len > VPCI_CONFIG) {
		return 0;
	}
	memcpy(f->config + at, bytes, len);
	if (mask != NULL) {
		memcpy(f->mask + at, mask, len);
	}
	f->config[at + 1] = 0;
	f->mask[at] = f->mask[at + 1] = 0;
	f->config[f->cap_last != 0 ? f->cap_last + 1U : PCI_CAPS] = (u8)at;
	f->config[PCI_STATUS] |= PCI_STATUS_CAPS;
	f->cap_last = (u8)at;
	f->cap_end = (u8)MIN(MAX((u32)f->cap_end, at + len), 255U);
	return at;
}

/* ---- Plugging it in */

/* PCI 3.0 6.2.1: function 0 tells that there are others. */
static void mark_multi(struct vpci *b, u32 bdf)
{
	u32 zero = b->slot[bdf & ~7U];
	bool others = false;

	for (u32 fn = 1; fn < 8; fn++) {
		others |= b->slot[(bdf & ~7U) + fn] != 0;
	}
	if (zero != 0) {
		struct vpci_fn *f = b->list[zero - 1];

		f->config[PCI_HEADER] = f->initial[PCI_HEADER] = others ? PCI_MULTI : 0;
	}
}

/* A line that is none of the host's, the devices spread over what there is. */
static int virtual_pin(struct vpci *b, struct vpci_fn *f)
{
	u32 first = (f->bdf >> 3) % VPCI_PINS;

	for (u32 i = 0; i < VPCI_PINS; i++) {
		u32 pin = (first + i) % VPCI_PINS;

		if (b->linked[pin] == 0) {
			f->pin = (u8)pin;
			b->pin_users[pin]++;
			return 0;
		}
	}
	return -EINVAL;
}

static int plug(struct vpci *b, struct vpci_fn *f)
{
	u32 at = 0;

	while (at < VPCI_FNS && b->list[at] != NULL) {
		at++;
	}
	if (at == VPCI_FNS) {
		return -ENOSPC;
	}
	for (u32 dev = 1; f->bdf == VPCI_ANY_BDF && dev < 32; dev++) {
		u32 used = 0;

		for (u32 fn = 0; fn < 8; fn++) {
			used += b->slot[8 * dev + fn];
		}
		f->bdf = used == 0 ? (u16)(8 * dev) : f->bdf;
	}
	if (f->bdf > 255) {
		return -ENOSPC;
	}
	if (b->slot[f->bdf] != 0) {
		return -EEXIST;
	}
	b->list[at] = f;
	b->slot[f->bdf] = (u8)(at + 1);
	b->count = MAX(b->count, at + 1);
	return 0;
}

int vpci_add(struct vm *vm, struct vpci_fn *f)
{
	struct vpci *b = vm->vpci;
	bool emulated = f->ops->vector == NULL;
	int err;

	if (b == NULL) {
		return -ENOENT;
	}
	err = plug(b, f);
	if (err != 0) {
		return err;
	}
	f->vm = vm;
	f->on_bus = true;
	if (f->intx && emulated) {
		err = virtual_pin(b, f);
		f->intx = err == 0;
	}
	if (f->intx) {
		f->config[PCI_PIN] = (u8)(f->pin + 1);
	}
	if (err == 0) {
		err = vpci_place(b, f);
	}
	if (err == 0 && emulated && f->msix.count != 0 && msi_kind(vm) != MSI_NONE) {
		err = msi_device_add(vm, f->bdf, f->msix.count, NULL, &f->msi);
	}
	if (err != 0) {
		vpci_remove(f);
		return err;
	}
	memcpy(f->initial, f->config, sizeof(f->initial));
	mark_multi(b, f->bdf);
	return 0;
}

void vpci_remove(struct vpci_fn *f)
{
	struct vpci *b = f->vm != NULL ? f->vm->vpci : NULL;
	u64 flags;

	if (f->on_bus && b != NULL) {
		flags = spin_lock_irq(&b->lock);
		vpci_undecode(b, f);
		spin_unlock_irq(&b->lock, flags);
		vpci_follow(b);
		if (f->ops->vector == NULL) {
			vpci_intx(f, false);
			if (f->intx) {
				b->pin_users[f->pin]--;
			}
			msi_device_remove(f->msi);
			f->msi = NULL;
		}
		b->list[b->slot[f->bdf] - 1] = NULL;
		b->slot[f->bdf] = 0;
		mark_multi(b, f->bdf);
	}
	f->on_bus = false;
	if (f->msix.entry != NULL) {
		mem_free(f->msix.entry, f->msix.count * sizeof(*f->msix.entry));
		mem_free(f->msix.pending, ALIGN_UP(f->msix.count, 64) / 8);
		f->msix.entry = NULL;
	}
}

/* ---- INTx */

/* What is asserted on its line; the vGIC is told under the lock, so that levels arrive in order. */
static void update_intx(struct vpci *b, struct vpci_fn *f)
{
	u64 bit = BIT(b->slot[f->bdf] - 1), was = b->asserted[f->pin];
	u64 now = was & ~bit;

	if (!f->intx || f->ops->vector != NULL) {
		return;
	}
	if (f->level && (vpci_command(f) & PCI_CMD_NO_INTX) == 0 &&
	    (f->msix.cap == 0 || (vpci_msix_control(f) & MSIX_ENABLE) == 0)) {
		now |= bit;
	}
	b->asserted[f->pin] = now;
	if ((was != 0) != (now != 0)) {
		vgic_set_line(b->vm, b->vm->cfg->pci.intx[f->pin], now != 0);
	}
}

void vpci_intx(struct vpci_fn *f, bool level)
{
	struct vpci *b = f->vm->vpci;
	u64 flags;

	if (READ_ONCE(f->level) == level) {
		return;
	}
	flags = spin_lock_irq(&b->lock);
	f->level = level;
	update_intx(b, f);
	spin_unlock_irq(&b->lock, flags);
}

int vpci_link(struct vm *vm, u32 intid)
{
	struct vpci *b = vm->vpci;
	int err;

	for (u32 i = 0; i < VPCI_PINS; i++) {
		if (b->linked[i] == intid) {
			return (int)i;
		}
	}
	for (u32 i = 0; i < VPCI_PINS; i++) {
		if (b->linked[i] == 0 && b->pin_users[i] == 0) {
			err = vgic_link(vm, vm->cfg->pci.intx[i], intid, false, false);
			if (err != 0) {
				return err;
			}
			b->linked[i] = intid;
			return (int)i;
		}
	}
	return -ENOSPC;
}

bool vpci_mastering(const struct vpci_fn *f)
{
	return (READ_ONCE(f->config[PCI_COMMAND]) & PCI_CMD_MASTER) != 0;
}

/* ---- Configuration space as the guest sees it */

static u32 config_read(struct vpci *b, struct vcpu *v, u64 off, u32 size)
{
	u32 slot = b->slot[off >> 12 & 255], reg = off & 0xfff, val = 0;
	struct vpci_fn *f = slot != 0 ? b->list[slot - 1] : NULL;

	if (f == NULL) {
		return ~0U >> (32 - 8 * size); /* nobody answers (PCIe 5.0 2.3.2) */
	}
	if (reg >= VPCI_CONFIG || (f->ops->config != NULL && f->ops->config(f, v, reg, size, false, &val))) {
		return val;
	}
	spin_lock(&b->lock);
	memcpy(&val, f->config + reg, size);
	spin_unlock(&b->lock);
	if (f->level && reg <= PCI_STATUS && reg + size > PCI_STATUS) {
		val |= (u32)PCI_STATUS_INTX << 8 * (PCI_STATUS - reg);
	}
	return val;
}

static void config_write(struct vpci *b, struct vcpu *v, u64 off, u32 size, u32 val)
{
	u32 slot = b->slot[off >> 12 & 255], reg = off & 0xfff;
	struct vpci_fn *f = slot != 0 ? b->list[slot - 1] : NULL;
	bool work = false;

	if (f == NULL || reg >= VPCI_CONFIG || (f->ops->config != NULL && f->ops->config(f, v, reg, size, true, &val))) {
		return;
	}
	spin_lock(&b->lock);
	for (u32 i = 0; i < size; i++) {
		u8 mask = f->mask[reg + i];

		f->config[reg + i] = (u8)((f->config[reg + i] & ~mask) | (val >> 8 * i & mask));
	}
	if ((reg & ~3U) == PCI_COMMAND || (reg >= PCI_BAR && reg < PCI_BAR + 4 * VPCI_BARS)) {
		work = vpci_decode(b, f);
	}
	if (f->ops->written != NULL) {
		f->ops->written(f, reg, size);
	}
	if ((reg & ~3U) == PCI_COMMAND || (f->msix.cap != 0 && (reg & ~3U) == f->msix.cap)) {
		update_intx(b, f);
		work |= vpci_msix_waits(f);
	}
	spin_unlock(&b->lock);
	if (work) {
		vdev_work_here(&b->dev, v);
	}
}

static u32 ecam_read32(void *arg, struct vcpu *v, u64 off)
{
	return config_read(arg, v, off, 4);
}

static void ecam_write32(void *arg, struct vcpu *v, u64 off, u32 val)
{
	config_write(arg, v, off, 4, val);
}

/* Of 1, 2 or 4 bytes; whether 8 can be is implementation defined (PCIe 5.0 7.2.2): they cannot. */
static enum mmio_result ecam_access(void *arg, struct vcpu *v, struct mmio *m)
{
	if (m->size > 4) {
		return MMIO_ABORT;
	}
	if (m->write) {
		config_write(arg, v, m->off, m->size, (u32)m->val);
	} else {
		m->val = config_read(arg, v, m->off, m->size);
	}
	return MMIO_DONE;
}

/* ---- The bus */

static void bus_work(struct vdev *d)
{
	struct vpci *b = container_of(d, struct vpci, dev);

	vpci_follow(b);
	vpci_msix_flush(b);
}

static const struct vdev_type bus_type = {
	.name = "pci",
	.work = bus_work,
};

int vpci_create(struct vm *vm, struct diag *d)
{
	struct vm_config *cfg = vm->cfg;
	struct vpci *b;
	int err;

	if (!cfg->pci.present) {
		return 0;
	}
	b = mem_alloc(sizeof(*b));
	if (b == NULL) {
		diag_error(d, &cfg->pos, "no memory for the PCI bus");
		return -ENOMEM;
	}
	vm->vpci = b;
	b->vm = vm;
	b->window[0] = (struct range){ cfg->pci.low, cfg->pci.low_size };
	b->window[1] = (struct range){ cfg->pci.high, cfg->pci.high_size };
	b->dev_cfg.pos = cfg->pos;
	b->dev_cfg.type_name = bus_type.name;
	b->dev.type = &bus_type;
	b->dev.cfg = &b->dev_cfg;
	b->dev.vm = vm;
	err = vdev_worker_of(&b->dev, d);
	if (err != 0) {
		return err;
	}
	err = vm_add_window(vm, cfg->pci.ecam, CFG_PCI_ECAM_SIZE, ecam_access, b);
	if (err == 0) {
		mmio_set_words(vm, cfg->pci.ecam, ecam_read32, ecam_write32);
		err = vpci_windows(b);
	}
	if (err != 0) {
		diag_error(d, &cfg->pos, "cannot make the windows of the PCI bus (%d)", err);
	}
	return err;
}

void vpci_reset(struct vm *vm)
{
	struct vpci *b = vm->vpci;

	for (u32 i = 0; b != NULL && i < b->count; i++) {
		struct vpci_fn *f = b->list[i];
		u64 flags;

		if (f == NULL) {
			continue;
		}
		flags = spin_lock_irq(&b->lock);
		memcpy(f->config, f->initial, sizeof(f->config));
		vpci_undecode(b, f);
		f->level = false;
		update_intx(b, f);
		spin_unlock_irq(&b->lock, flags);
		vpci_msix_reset(f);
		if (f->msi != NULL) {
			msi_device_reset(f->msi);
		}
	}
	if (b != NULL) {
		vpci_follow(b);
	}
}

void vpci_destroy(struct vm *vm)
{
	struct vpci *b = vm->vpci;

	if (b == NULL) {
		return;
	}
	for (u32 i = 0; i < VPCI_PINS; i++) {
		if (b->linked[i] != 0) {
			vgic_unlink(vm, vm->cfg->pci.intx[i]);
		}
	}
	vm->vpci = NULL;
	mem_free(b, sizeof(*b));
}
