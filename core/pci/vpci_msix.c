/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MSI-X of functions on a VM's PCI bus (PCI 3.0 6.8.2): the table and the pending bits are the bus's. What an entry
 * means for a function of the host is that function's code's; messages of virtual ones are sent here.
 */
#include <errno.h>
#include <string.h>
#include "core/base/memory.h"
#include "core/pci/msi.h"
#include "core/pci/vpci_priv.h"

#define CAP_MSIX 0x11

int vpci_msix(struct vpci_fn *f, u32 at, u32 count, u32 bar, u32 table, u32 pba_bar, u32 pba)
{
	u64 bits = ALIGN_UP((u64)count, 64) / 8, size = bar < VPCI_BARS ? f->bar[bar].size : 0;
	u64 pba_size = pba_bar < VPCI_BARS ? f->bar[pba_bar].size : 0;
	u8 bytes[12] = { CAP_MSIX, 0, (u8)(count - 1), (u8)((count - 1) >> 8) }, mask[12] = { 0, 0, 0, 0xc0 };

	if (count == 0 || count > VPCI_MAX_VECTORS || ((table | pba) & 7) != 0 || size == 0 || pba_size == 0 ||
	    !range_contains(0, size, table, 16UL * count) || !range_contains(0, pba_size, pba, bits) ||
	    (bar == pba_bar && range_overlaps(table, 16UL * count, pba, bits))) {
		return -EINVAL;
	}
	for (u32 i = 0; i < 4; i++) {
		bytes[4 + i] = (u8)((table | bar) >> 8 * i);
		bytes[8 + i] = (u8)((pba | pba_bar) >> 8 * i);
	}
	f->msix.entry = mem_alloc(count * sizeof(*f->msix.entry));
	f->msix.pending = mem_alloc(bits);
	f->msix.count = (u16)count;
	f->msix.bar = (u8)bar;
	f->msix.pba_bar = (u8)pba_bar;
	f->msix.table = table;
	f->msix.pba = pba;
	f->msix.cap = (u8)vpci_capability(f, at, bytes, mask, sizeof(bytes));
	if (f->msix.entry == NULL || f->msix.pending == NULL || f->msix.cap == 0) {
		if (f->msix.entry != NULL) {
			mem_free(f->msix.entry, count * sizeof(*f->msix.entry));
		}
		if (f->msix.pending != NULL) {
			mem_free(f->msix.pending, bits);
		}
		f->msix.entry = NULL;
		f->msix.count = 0;
		return -ENOMEM;
	}
	vpci_msix_reset(f);
	return 0;
}

void vpci_msix_reset(struct vpci_fn *f)
{
	for (u32 i = 0; i < f->msix.count; i++) {
		f->msix.entry[i] = (struct vpci_vector){ 0, 0, 1 };
	}
	if (f->msix.count != 0) {
		memset(f->msix.pending, 0, ALIGN_UP(f->msix.count, 64UL) / 8);
	}
}

static bool msix_on(const struct vpci_fn *f)
{
	return f->msix.cap != 0 && (vpci_msix_control(f) & MSIX_ENABLE) != 0;
}

/* ---- Messages of a virtual function */

/* A message is a write to memory: without bus mastering there is none. */
static bool can_send(const struct vpci_fn *f, u32 n)
{
	return !vpci_msix_masked(f, n) && vpci_mastering(f);
}

static bool is_pending(const struct vpci_fn *f, u32 n)
{
	return (READ_ONCE(f->msix.pending[n / 64]) & BIT(n % 64)) != 0;
}

/* Entry `n` may have been unmasked. Locked, released while the message is sent. */
static void send_pending(struct vpci *b, struct vpci_fn *f, u32 n)
{
	struct vpci_vector e = f->msix.entry[n];

	if (!is_pending(f, n) || !can_send(f, n)) {
		return;
	}
	f->msix.pending[n / 64] &= ~BIT(n % 64);
	if (f->msi != NULL) {
		spin_unlock(&b->lock);
		msi_send(f->msi, e.addr, e.data);
		spin_lock(&b->lock);
	}
}

bool vpci_msix_waits(const struct vpci_fn *f)
{
	bool some = false;

	for (u32 n = 0; f->ops->vector == NULL && n < f->msix.count; n += 64) {
		some |= f->msix.pending[n / 64] != 0;
	}
	return some && msix_on(f) && vpci_mastering(f);
}

void vpci_msix_flush(struct vpci *b)
{
	for (u32 i = 0; i < b->count; i++) {
		struct vpci_fn *f = b->list[i];

		for (u32 n = 0; f != NULL && f->ops->vector == NULL && n < f->msix.count; n++) {
			if (is_pending(f, n)) {
				u64 flags = spin_lock_irq(&b->lock);

				send_pending(b, f, n);
				spin_unlock_irq(&b->lock, flags);
			}
		}
	}
}

bool vpci_msi(struct vpci_fn *f, u32 n)
{
	struct vpci *b = f->vm->vpci;
	struct vpci_vector e;
	bool on, send = false;
	u64 flags;

	if (n >= f->msix.count) {
		return msix_on(f);
	}
	flags = spin_lock_irq(&b->lock);
	on = msix_on(f);
	e = f->msix.entry[n];
	if (on) {
		send = can_send(f, n);
		f->msix.pending[n / 64] |= send ? 0 : BIT(n % 64);
	}
	spin_unlock_irq(&b->lock, flags);
	if (send && f->msi != NULL) {
		msi_send(f->msi, e.addr, e.data);
	}
	return on;
}

/* ---- The table */

static u64 table_read(const struct vpci_fn *f, u32 off)
{
	const struct vpci_vector *e = &f->msix.entry[off / 16];

	return (off & 8) == 0 ? e->addr : e->data | (u64)e->ctrl << 32;
}

static void table_write(struct vpci *b, struct vpci_fn *f, u32 off, u32 size, u64 val)
{
	struct vpci_vector *e = &f->msix.entry[off / 16];
	u64 mask = size == 8 ? ~0UL : 0xffffffffUL << 8 * (off & 4), at;

	if (size < 4) {
		return; /* 6.8.2: whole words only */
	}
	at = (table_read(f, off) & ~mask) | (val << 8 * (off & 4) & mask);
	if ((off & 8) == 0) {
		e->addr = at & ~3UL;
	} else {
		e->data = (u32)at;
		e->ctrl = (u32)(at >> 32) & 1;
	}
	if (f->ops->vector != NULL) {
		f->ops->vector(f, off / 16);
	} else {
		send_pending(b, f, off / 16);
	}
}

static u64 pba_read(struct vpci_fn *f, u32 n)
{
	if (f->ops->vector == NULL) {
		return f->msix.pending[n];
	}
	return f->ops->pending != NULL ? f->ops->pending(f, n) : 0;
}

bool vpci_msix_access(struct vpci *b, struct vpci_fn *f, u32 bar, struct mmio *m)
{
	const struct vpci_msix *x = &f->msix;
	u64 table = m->off - x->table, pba = m->off - x->pba, val;

	if (x->cap == 0 || !((bar == x->bar && table < 16UL * x->count) ||
			     (bar == x->pba_bar && pba < ALIGN_UP(x->count, 64UL) / 8))) {
		return false;
	}
	spin_lock(&b->lock);
	if (bar != x->bar || table >= 16UL * x->count) {
		if (!m->write) {
			m->val = pba_read(f, (u32)pba / 8) >> 8 * (pba & 7);
		}
	} else if (m->write) {
		table_write(b, f, (u32)table, m->size, m->val);
	} else {
		val = table_read(f, (u32)table);
		m->val = val >> 8 * (table & 7);
	}
	spin_unlock(&b->lock);
	if (!m->write && m->size < 8) {
		m->val &= ~0UL >> (64 - 8 * m->size);
	}
	return true;
}
