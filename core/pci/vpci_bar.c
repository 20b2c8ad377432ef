/* SPDX-License-Identifier: Apache-2.0 */
/*
 * BARs of a VM's PCI bus. What answers where is decided at once, in the guest's own access, under vpci.lock: a table
 * sorted by address. Memory of the host behind a BAR follows in work context, mapped into stage 2; until it does, and
 * after it no longer does, accesses trap and are done one by one.
 *
 * Invariants
 * 1. A BAR is decoded only inside one of the windows, so never over RAM, the vGIC or another device's window.
 * 2. No two decoded BARs overlap: who was there first stays.
 * 3. Only vpci_follow() changes stage 2, one at a time; it takes away before it puts.
 */
#include <errno.h>
#include "core/pci/vpci_priv.h"

u64 vpci_bar_value(const struct vpci_fn *f, u32 i)
{
	u64 val = vpci_config32(f, PCI_BAR + 4 * i) & ~0xfU;

	return f->bar[i].wide ? val | (u64)vpci_config32(f, PCI_BAR + 4 * i + 4) << 32 : val;
}

static bool in_window(const struct vpci *b, u64 at, u64 size)
{
	for (u32 i = 0; i < 2; i++) {
		if (b->window[i].size != 0 && range_contains(b->window[i].start, b->window[i].size, at, size)) {
			return true;
		}
	}
	return false;
}

/* The first entry that ends behind `at`. */
static u32 first_behind(const struct vpci *b, ipa_t at)
{
	u32 low = 0, high = b->decoded_count;

	while (low < high) {
		u32 mid = (low + high) / 2;

		if (at - b->decoded[mid].at < b->decoded[mid].size || at < b->decoded[mid].at) {
			high = mid;
		} else {
			low = mid + 1;
		}
	}
	return low;
}

/* False: it would overlap. */
static bool insert(struct vpci *b, struct vpci_fn *f, u32 bar, ipa_t at)
{
	u64 size = f->bar[bar].size;
	u32 n = first_behind(b, at);

	if (n < b->decoded_count && range_overlaps(b->decoded[n].at, b->decoded[n].size, at, size)) {
		return false;
	}
	for (u32 i = b->decoded_count++; i > n; i--) {
		b->decoded[i] = b->decoded[i - 1];
	}
	b->decoded[n] = (struct vpci_decoded){ at, size, f, bar };
	f->bar[bar].at = at;
	return true;
}

static void take_out(struct vpci *b, struct vpci_fn *f, u32 bar)
{
	if (f->bar[bar].at == 0) {
		return;
	}
	b->decoded_count--;
	for (u32 i = first_behind(b, f->bar[bar].at); i < b->decoded_count; i++) {
		b->decoded[i] = b->decoded[i + 1];
	}
	f->bar[bar].at = 0;
}

bool vpci_decode(struct vpci *b, struct vpci_fn *f)
{
	bool on = (vpci_command(f) & PCI_CMD_MEMORY) != 0, follow = false;

	for (u32 i = 0; i < VPCI_BARS; i++) {
		u64 at = on ? vpci_bar_value(f, i) : 0;

		if (f->bar[i].size != 0 && at != f->bar[i].at) {
			follow |= f->bar[i].pa != 0;
			take_out(b, f, i);
		}
	}
	for (u32 i = 0; on && i < VPCI_BARS; i++) {
		u64 at = vpci_bar_value(f, i), size = f->bar[i].size;
		bool inside = size != 0 && in_window(b, at, size);

		if (size == 0 || at == f->bar[i].at || (inside && insert(b, f, i, at))) {
			continue;
		}
		log_guest(b->vm, inside ? "PCI 00:%02x.%x: BAR %u at %#lx lies over another, not decoded" :
				 "PCI 00:%02x.%x: BAR %u at %#lx is outside the bus's windows, not decoded",
			  (u32)f->bdf >> 3, f->bdf & 7U, i, at);
	}
	return follow;
}

void vpci_undecode(struct vpci *b, struct vpci_fn *f)
{
	for (u32 i = 0; i < VPCI_BARS; i++) {
		take_out(b, f, i);
	}
}

/* ---- Places to begin with */

/* The lowest address from `at` on in window `w` that no BAR has; 0: none. */
static u64 free_place(const struct vpci *b, const struct range *w, u64 size)
{
	u64 at = ALIGN_UP(MAX(w->start, size), size);

	for (u32 n = 0; n < b->count && w->size != 0;) {
		const struct vpci_fn *f = b->list[n];
		u32 i = 0;

		for (; f != NULL && i < VPCI_BARS; i++) {
			u64 other = vpci_bar_value(f, i);

			if (f->bar[i].size != 0 && other != 0 && range_overlaps(other, f->bar[i].size, at, size)) {
				at = ALIGN_UP(other + f->bar[i].size, size);
				break;
			}
		}
		n = f != NULL && i < VPCI_BARS ? 0 : n + 1; /* from the start again: `at` has moved on */
	}
	return w->size != 0 && range_contains(w->start, w->size, at, size) ? at : 0;
}

int vpci_place(struct vpci *b, struct vpci_fn *f)
{
	for (u32 i = 0; i < VPCI_BARS; i++) {
		struct vpci_bar *bar = &f->bar[i];
		u64 at;

		if (bar->size == 0) {
			continue;
		}
		if (bar->size > MAX(b->window[0].size, bar->wide ? b->window[1].size : 0)) {
			return -ENOSPC;
		}
		at = free_place(b, &b->window[0], bar->size);
		if (at == 0 && bar->wide) {
			at = free_place(b, &b->window[1], bar->size);
		}
		/* No room between the others: the guest may arrange them better. */
		vpci_set32(f, PCI_BAR + 4 * i, (u32)at | (vpci_config32(f, PCI_BAR + 4 * i) & 0xf));
		if (bar->wide) {
			vpci_set32(f, PCI_BAR + 4 * i + 4, (u32)(at >> 32));
		}
	}
	return 0;
}

/* ---- Stage 2 */

/* Each piece of a BAR that is not trapped; what cannot be mapped traps. */
static void pieces(struct vpci *b, struct vpci_bar *bar, ipa_t at, bool map)
{
	u64 from = 0;

	for (u32 i = 0; from < bar->size; i++) {
		struct range hole = i < ARRAY_SIZE(bar->trapped) && bar->trapped[i].size != 0 ?
				    bar->trapped[i] : (struct range){ bar->size, 0 };

		if (hole.start > from && !map) {
			vm_unmap_device(b->vm, at + from, hole.start - from);
		} else if (hole.start > from && vm_map_device(b->vm, at + from, bar->pa + from, hole.start - from) != 0) {
			log_guest(b->vm, "PCI: no memory to map a BAR at %#lx, it is emulated", at);
		}
		from = hole.start + hole.size;
	}
}

/* One round: whoever changes something meanwhile has asked for another. */
void vpci_follow(struct vpci *b)
{
	for (u32 round = 0; round < 2; round++) {
		for (u32 n = 0; n < b->count * VPCI_BARS; n++) {
			struct vpci_fn *f = b->list[n / VPCI_BARS];
			struct vpci_bar *bar = f != NULL ? &f->bar[n % VPCI_BARS] : NULL;
			ipa_t at;

			if (bar == NULL || bar->pa == 0) {
				continue;
			}
			at = __atomic_load_n(&bar->at, __ATOMIC_ACQUIRE);
			if (round == 0 && bar->mapped != 0 && bar->mapped != at) {
				pieces(b, bar, bar->mapped, false);
				bar->mapped = 0;
			} else if (round == 1 && bar->mapped == 0 && at != 0) {
				pieces(b, bar, at, true);
				bar->mapped = at;
			}
		}
	}
}

/* ---- Accesses that trap */

/* Who answers at `at`: false, nobody. */
static bool lookup(struct vpci *b, ipa_t at, struct vpci_decoded *out)
{
	bool hit = false;
	u32 n;

	spin_lock(&b->lock);
	n = first_behind(b, at);
	if (n < b->decoded_count && at >= b->decoded[n].at) {
		*out = b->decoded[n];
		hit = true;
	}
	spin_unlock(&b->lock);
	return hit;
}

static enum mmio_result window_access(struct vpci *b, const struct range *w, struct vcpu *v, struct mmio *m)
{
	struct vpci_decoded d;
	enum mmio_result r;
	u64 off = m->off;

	if (!lookup(b, w->start + off, &d)) {
		m->val = m->write ? m->val : ~0UL; /* nobody answers (PCIe 5.0 2.3.2) */
		return MMIO_DONE;
	}
	m->off = w->start + off - d.at;
	r = vpci_msix_access(b, d.f, d.bar, m) ? MMIO_DONE : d.f->ops->access(d.f, d.bar, v, m);
	m->off = off;
	return r;
}

static u32 window_read32(struct vpci *b, const struct range *w, struct vcpu *v, u64 off)
{
	struct mmio m = { .off = off, .size = 4 };
	struct vpci_decoded d;

	if (!lookup(b, w->start + off, &d)) {
		return ~0U;
	}
	m.off = w->start + off - d.at;
	if (vpci_msix_access(b, d.f, d.bar, &m)) {
		return (u32)m.val;
	}
	if (d.f->ops->read32 != NULL) {
		return d.f->ops->read32(d.f, d.bar, v, m.off);
	}
	return d.f->ops->access(d.f, d.bar, v, &m) == MMIO_DONE ? (u32)m.val : ~0U;
}

static void window_write32(struct vpci *b, const struct range *w, struct vcpu *v, u64 off, u32 val)
{
	struct mmio m = { .off = off, .val = val, .size = 4, .write = true };
	struct vpci_decoded d;

	if (!lookup(b, w->start + off, &d)) {
		return;
	}
	m.off = w->start + off - d.at;
	if (vpci_msix_access(b, d.f, d.bar, &m)) {
		return;
	}
	if (d.f->ops->write32 != NULL) {
		d.f->ops->write32(d.f, d.bar, v, m.off, val);
	} else {
		(void)d.f->ops->access(d.f, d.bar, v, &m);
	}
}

#define WINDOW_(n) \
	static enum mmio_result access##n(void *arg, struct vcpu *v, struct mmio *m) \
	{ \
		struct vpci *b = arg; \
		return window_access(b, &b->window[n], v, m); \
	} \
	static u32 read32_##n(void *arg, struct vcpu *v, u64 off) \
	{ \
		struct vpci *b = arg; \
		return window_read32(b, &b->window[n], v, off); \
	} \
	static void write32_##n(void *arg, struct vcpu *v, u64 off, u32 val) \
	{ \
		struct vpci *b = arg; \
		window_write32(b, &b->window[n], v, off, val); \
	}
WINDOW_(0)
WINDOW_(1)
#undef WINDOW_

int vpci_windows(struct vpci *b)
{
	const struct range *w = b->window;
	int err = w[0].size != 0 ? vm_add_window(b->vm, w[0].start, w[0].size, access0, b) : 0;

	if (err == 0 && w[0].size != 0) {
		mmio_set_words(b->vm, w[0].start, read32_0, write32_0);
	}
	if (err == 0 && w[1].size != 0) {
		err = vm_add_window(b->vm, w[1].start, w[1].size, access1, b);
		mmio_set_words(b->vm, w[1].start, read32_1, write32_1);
	}
	return err;
}
