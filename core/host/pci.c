/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two walks over all buses: the first only looks what firmware has numbered and placed, the second fills in
 * the rest, behind that. New bridges get the next bus number on the way down, and on the way up a memory window
 * around what was placed below them. All of that is non-prefetchable memory below 4 GiB, if there is room. One long file:
 * both walks, and who has which function, share the table of functions, which is nobody else's.
 */
#include "core/host/pci.h"

#include <string.h>
#include "arch/arch.h"
#include "arch_io.h"
#include "core/base/lock.h"
#include "core/base/log.h"
#include "core/board.h"
#include "core/iommu/iommu.h"
#include "core/once.h"

#define DEPTH 8 /* bridges behind each other */
#define WINDOW MiB(1) /* what a bridge's window is counted in */

#define CONFIG_SIZE 0x1000
#define EXT_CAP_ACS 0x000d
#define ACS_WANTED 0x1d /* source validation, request and completion redirect, upstream forwarding */

struct level {
	u8 bus;
	u32 next;      /* function to look at, 256: all were */
	u16 bridge;    /* its function, if there is a bridge above */
	bool fresh;    /* numbered here: its window is to be set */
	u64 window;    /* where that begins */
};

struct walk {
	const struct board *board;
	const struct board_pci *host;
	bool assign;
	u32 bus;       /* highest number in use */
	u64 visited[4]; /* bit per bus: none is walked through twice */
	u64 at[2];     /* of each window: first free PCI address */
	struct level level[DEPTH];
	u32 depth;     /* of the current one */
	struct level *l;
};

static struct pci_dev devices[PCI_DEVICES];
static u32 device_count, scanned;
static const struct board *pci_board;
static struct spinlock owners;

static u32 read32(const struct walk *w, u16 bdf, u32 off)
{
	return io_read32(pci_address(w->host, bdf, off));
}

static void write32(const struct walk *w, u16 bdf, u32 off, u32 v)
{
	io_write32(pci_address(w->host, bdf, off), v);
}

/* The window that holds [pci, pci + size); -1: none. */
static int window_of(const struct board_pci *h, u64 pci, u64 size)
{
	for (int i = 0; i < 2; i++) {
		if (pci != 0 && range_contains(h->window[i].pci, h->window[i].cpu.size, pci, size)) {
			return i;
		}
	}
	return -1;
}

/* A free PCI address for `size` bytes at a multiple of it, no page shared; 0: no room. */
static u64 place(struct walk *w, u64 size, bool high)
{
	u64 room = MAX(size, PAGE_SIZE);

	for (u32 i = PCI_LOW; i <= (high ? PCI_HIGH : PCI_LOW); i++) {
		const struct board_pci_window *x = &w->host->window[i];
		u64 at = ALIGN_UP(w->at[i], room);

		if (at >= w->at[i] && range_contains(x->pci, x->cpu.size, at, room)) {
			w->at[i] = at + room;
			return at;
		}
	}
	return 0;
}

/* Something is at [pci, pci + size): what is placed later comes behind it. */
static void occupied(struct walk *w, u64 pci, u64 size)
{
	int i = window_of(w->host, pci, size);

	if (i >= 0) {
		w->at[i] = MAX(w->at[i], pci + size);
	}
}

/*
 * A place that firmware cannot have given: not at a multiple of the size (PCI 3.0 6.2.5.1), or over another BAR. The
 * function says so, and who gets it would reach the other's registers.
 */
static bool impossible(const struct walk *w, int window, u64 pci, u64 size)
{
	u64 at = w->host->window[window].cpu.start + (pci - w->host->window[window].pci);
	bool over = (pci & (size - 1)) != 0;

	for (u32 n = 0; n < device_count * PCI_BARS; n++) {
		const struct range *r = &devices[n / PCI_BARS].bar[n % PCI_BARS];

		over |= r->size != 0 && range_overlaps(r->start, r->size, at, size);
	}
	return over;
}

/*
 * BAR `i`, and the one behind it if it takes two: its size, and where it is, for the CPU in *at. Decoding is off.
 * Returns how many BARs it takes.
 */
static u32 size_bar(struct walk *w, u16 bdf, u32 i, struct range *at)
{
	u32 off = PCI_BAR + 4 * i, was = read32(w, bdf, off), was_high = 0, mask, type = was & 0xf;
	bool wide = (type & 7) == 4 && i + 1 < PCI_BARS;
	u64 size, pci;
	int window;

	if ((type & 1) != 0 || ((type & 6) != 0 && !wide)) {
		return 1; /* I/O ports, or of a reserved kind (PCI 3.0 6.2.5.1) */
	}
	write32(w, bdf, off, ~0U);
	mask = read32(w, bdf, off) & ~0xfU;
	write32(w, bdf, off, was);
	size = ~(0xffffffff00000000UL | mask) + 1;
	pci = was & ~0xfU;
	if (wide) {
		was_high = read32(w, bdf, off + 4);
		write32(w, bdf, off + 4, ~0U);
		size = ~((u64)read32(w, bdf, off + 4) << 32 | mask) + 1;
		write32(w, bdf, off + 4, was_high);
		pci |= (u64)was_high << 32;
	}
	if (mask == 0 && !wide) {
		return 1; /* not there */
	}
	if (size == 0 || (size & (size - 1)) != 0) {
		return 1 + wide;
	}
	window = window_of(w->host, pci, size);
	if (!w->assign) {
		occupied(w, pci, size);
		return 1 + wide;
	}
	if (window >= 0 && impossible(w, window, pci, size)) {
		window = -1;
	}
	if (window < 0 && (w->depth == 0 || w->l->fresh)) {
		pci = place(w, size, wide && w->depth == 0);
		window = window_of(w->host, pci, size);
		write32(w, bdf, off, (u32)pci);
		if (wide) {
			write32(w, bdf, off + 4, (u32)(pci >> 32));
		}
	}
	if (window >= 0) {
		at->start = w->host->window[window].cpu.start + (pci - w->host->window[window].pci);
		at->size = size;
	}
	return 1 + wide;
}

/* PCI-to-PCI bridge 1.2 9.1: each bridge on the way to the root turns the pins by the device's number. */
static struct board_irq line_of(const struct walk *w, u16 bdf)
{
	u32 pin = io_read8(pci_address(w->host, bdf, PCI_PIN));

	if (pin == 0 || pin > 4) {
		return (struct board_irq){ 0, 0 };
	}
	for (u32 i = w->depth; i > 0; i--) {
		pin = (pin - 1 + (bdf >> 3 & 31)) % 4 + 1;
		bdf = w->level[i].bridge;
	}
	return board_pci_irq(w->board, w->host, bdf, pin);
}

/*
 * ACS on, as far as the function has it (PCIe 5.0 7.7.8): what comes from it or from behind it goes up to the root, under
 * its own number. False: it has none, or is no Express function.
 */
static bool isolate(const struct walk *w, u16 bdf)
{
	const struct pci_dev d = { .host = w->host, .bdf = bdf };
	u32 at = 0x100, header;

	if (pci_capability(&d, PCI_CAP_EXPRESS, 0) == 0) {
		return false;
	}
	for (u32 i = 0; i < 64 && at >= 0x100; i++) {
		header = read32(w, bdf, at);
		if (header == 0 || header == ~0U) {
			return false;
		}
		if ((header & 0xffff) == EXT_CAP_ACS && at + 8 <= CONFIG_SIZE) {
			u16 can = io_read16(pci_address(w->host, bdf, at + 4));

			io_write16(pci_address(w->host, bdf, at + 6), can & ACS_WANTED);
			return true;
		}
		at = header >> 20 & 0xffc;
	}
	return false;
}

static bool multifunction(const struct walk *w, u16 bdf)
{
	return (io_read8(pci_address(w->host, bdf & ~7U, PCI_HEADER)) & 0x80) != 0;
}

/* See struct pci_dev. Bridges below one that does not isolate make no difference. */
static u16 group_of(const struct walk *w, u16 bdf)
{
	u16 at = bdf;
	bool found = false;

	for (u32 i = 1; i <= w->depth && !found; i++) {
		at = w->level[i].bridge;
		found = !isolate(w, at);
	}
	if (!found) {
		at = bdf;
		found = multifunction(w, at) && !isolate(w, at);
	}
	return found && multifunction(w, at) ? at & ~7U : at;
}

static void endpoint(struct walk *w, u16 bdf, u32 id)
{
	pa_t command = pci_address(w->host, bdf, PCI_COMMAND);
	u16 was = io_read16(command);
	struct range none, *bar = &none;
	struct pci_dev *d = NULL;

	if (w->assign && device_count < PCI_DEVICES) {
		d = &devices[device_count++];
		*d = (struct pci_dev){
			.host = w->host, .bdf = bdf, .vendor = (u16)id, .device = (u16)(id >> 16),
			.class = read32(w, bdf, PCI_CLASS), .irq = line_of(w, bdf), .group = group_of(w, bdf),
		};
	}
	if (w->assign) {
		was = (u16)((was & ~(u32)PCI_CMD_MASTER) | PCI_CMD_NO_INTX);
	}
	io_write16(command, was & ~(u32)(PCI_CMD_IO | PCI_CMD_MEMORY));
	for (u32 i = 0; i < PCI_BARS;) {
		if (d != NULL) {
			bar = &d->bar[i];
		}
		i += size_bar(w, bdf, i, bar);
	}
	io_write16(command, was);
}

/* A bridge with numbers that can be: firmware's. */
static bool numbered(const struct walk *w, u32 buses)
{
	u32 secondary = buses >> 8 & 255, subordinate = buses >> 16 & 255;

	return (buses & 255) == w->l->bus && secondary > w->l->bus && secondary <= subordinate &&
	       subordinate <= w->host->bus_last;
}

/* Go below a bridge. */
static void descend(struct walk *w, u16 bdf)
{
	u32 buses = read32(w, bdf, PCI_BUSES), secondary = buses >> 8 & 255;
	bool fresh = !numbered(w, buses);
	struct level *l;

	if (fresh && (!w->assign || w->bus >= w->host->bus_last || (w->depth != 0 && !w->l->fresh))) {
		return;
	}
	if (w->depth + 1 == DEPTH || (!fresh && (w->visited[secondary / 64] & BIT(secondary % 64)) != 0)) {
		return;
	}
	if (fresh) {
		secondary = ++w->bus;
		write32(w, bdf, PCI_BUSES, w->l->bus | secondary << 8 | (u32)w->host->bus_last << 16 |
			(buses & 0xff000000));
		w->at[PCI_LOW] = ALIGN_UP(w->at[PCI_LOW], WINDOW);
	} else {
		u32 window = read32(w, bdf, PCI_MEMORY);
		u64 from = (u64)(window & 0xfff0) << 16, to = (u64)(window | 0xfffff) + 1;

		w->bus = MAX(w->bus, buses >> 16 & 255);
		if (to > from) {
			occupied(w, from, to - from);
		}
	}
	w->visited[secondary / 64] |= BIT(secondary % 64);
	l = &w->level[++w->depth];
	*l = (struct level){ .bus = (u8)secondary, .bridge = bdf, .fresh = fresh, .window = w->at[PCI_LOW] };
	w->l = l;
}

/* All below a bridge was seen: one that was numbered here gets the window of what was placed. */
static void ascend(struct walk *w)
{
	const struct level *l = w->l;
	u32 base = (u32)(l->window >> 16) & 0xfff0, limit;
	pa_t command = pci_address(w->host, l->bridge, PCI_COMMAND);

	if (l->fresh) {
		w->at[PCI_LOW] = ALIGN_UP(w->at[PCI_LOW], WINDOW);
		limit = (u32)((w->at[PCI_LOW] - 1) >> 16) & 0xfff0;
		if (w->at[PCI_LOW] == l->window) {
			base = 0xfff0; /* nothing: base above limit (PCI-to-PCI bridge 1.2 3.2.5.8) */
			limit = 0;
		}
		write32(w, l->bridge, PCI_MEMORY, base | limit << 16);
		write32(w, l->bridge, PCI_PREFETCH, 0xfff0);
		io_write16(pci_address(w->host, l->bridge, PCI_IO), 0x00f0);
		write32(w, l->bridge, PCI_BUSES, (read32(w, l->bridge, PCI_BUSES) & 0xff00ffff) | w->bus << 16);
	}
	if (w->assign) {
		io_write16(command, io_read16(command) | PCI_CMD_MEMORY | PCI_CMD_MASTER);
	}
	w->l = &w->level[--w->depth];
}

static void look(struct walk *w)
{
	u32 fn = w->l->next++, header;
	u16 bdf = (u16)(w->l->bus << 8 | fn);
	u32 id = read32(w, bdf, PCI_ID);

	if (id == ~0U || id == 0) {
		w->l->next = (fn & 7) == 0 ? fn + 8 : fn + 1; /* without a function 0 there is no device */
		return;
	}
	header = io_read8(pci_address(w->host, bdf, PCI_HEADER));
	if (fn % 8 == 0 && (header & 0x80) == 0) {
		w->l->next = fn + 8;
	}
	if ((header & 0x7f) == 0) {
		endpoint(w, bdf, id);
	} else if ((header & 0x7f) == 1) {
		descend(w, bdf);
	}
}

static void walk(struct walk *w, bool assign)
{
	w->assign = assign;
	memset(w->visited, 0, sizeof(w->visited));
	w->visited[w->host->bus_first / 64] = BIT(w->host->bus_first % 64);
	w->depth = 0;
	w->l = &w->level[0];
	*w->l = (struct level){ .bus = w->host->bus_first };
	for (;;) {
		if (w->l->next < 256) {
			look(w);
		} else if (w->depth != 0) {
			ascend(w);
		} else {
			return;
		}
	}
}

static int try_walk(void *arg)
{
	walk(arg, false);
	walk(arg, true);
	return 0;
}

static void scan_host(const struct board *b, const struct board_pci *h)
{
	struct walk w = { .board = b, .host = h, .bus = h->bus_first };

	if (arch_map(h->ecam.start, h->ecam.size, MAP_DEVICE) != 0) {
		log_warn("PCI at 0x%lx cannot be mapped", h->ecam.start);
		return;
	}
	for (u32 i = 0; i < 2; i++) {
		w.at[i] = MAX(h->window[i].pci, PAGE_SIZE);
	}
	if (arch_try(try_walk, &w) != 0) {
		log_warn("PCI at 0x%lx: an access to 0x%lx is aborted, what is behind it is not used", h->ecam.start, arch_tried_at);
	}
}

struct pci_dev *pci_at(const struct board *b, u32 n)
{
	if (once_begin(&scanned)) {
		pci_board = b;
		for (u32 i = 0; i < b->pci_count; i++) {
			scan_host(b, &b->pci[i]);
		}
		once_end(&scanned);
	}
	return n < device_count ? &devices[n] : NULL;
}

static bool same_stream(const struct pci_dev *a, const struct pci_dev *b)
{
	struct pass_stream s, t;

	return board_pci_stream(pci_board, a->host, a->bdf, &s) && board_pci_stream(pci_board, b->host, b->bdf, &t) &&
	       s.iommu == t.iommu && s.sid == t.sid;
}

bool pci_claim(struct pci_dev *d, const char *owner, const struct pci_dev **other)
{
	pa_t command = pci_address(d->host, d->bdf, PCI_COMMAND);
	const struct pci_dev *in_the_way = d->promised != NULL && d->promised != owner ? d : NULL;
	u64 flags;

	/* Streams are read from the device tree: not under the lock. Who comes meanwhile sees this owner. */
	flags = spin_lock_irq(&owners);
	if (d->owner == NULL && in_the_way == NULL) {
		d->owner = owner;
	} else {
		in_the_way = d;
	}
	spin_unlock_irq(&owners, flags);
	for (u32 i = 0; i < device_count && in_the_way == NULL; i++) {
		const struct pci_dev *e = &devices[i];
		const char *who = READ_ONCE(e->owner);

		if (e != d && who != NULL && who != owner &&
		    ((e->host == d->host && e->group == d->group) || same_stream(d, e))) {
			in_the_way = e;
			WRITE_ONCE(d->owner, NULL);
		}
	}
	if (in_the_way != NULL) {
		if (other != NULL) {
			*other = in_the_way;
		}
		return false;
	}
	io_write16(command, (u16)((io_read16(command) & ~(u32)PCI_CMD_MASTER) | PCI_CMD_NO_INTX));
	return true;
}

void pci_release(struct pci_dev *d)
{
	pa_t command = pci_address(d->host, d->bdf, PCI_COMMAND);

	io_write16(command, (u16)((io_read16(command) & ~(u32)PCI_CMD_MASTER) | PCI_CMD_NO_INTX));
	__atomic_store_n(&d->owner, NULL, __ATOMIC_RELEASE);
}

bool pci_take(struct pci_dev *d, const char *owner)
{
	pa_t command = pci_address(d->host, d->bdf, PCI_COMMAND);

	if (!pci_claim(d, owner, NULL)) {
		return false;
	}
	io_write16(command, (u16)((io_read16(command) & ~(u32)PCI_CMD_NO_INTX) | PCI_CMD_MEMORY | PCI_CMD_MASTER));
	return true;
}

/* The IOMMU in front lets it reach RAM; true as well if there is none that could. */
static bool reach(const struct pci_dev *d, u16 requester, const char *owner)
{
	struct pass_stream s;
	int err;

	if (!board_pci_stream(pci_board, d->host, requester, &s) || !iommu_driven(s.iommu)) {
		return true;
	}
	err = iommu_attach_own(&s, owner);
	if (err != 0) {
		log_warn("%s %02x:%02x.%u: no way through its IOMMU (%d), not used", owner, d->bdf >> 8, d->bdf >> 3 & 31,
			 d->bdf & 7, err);
	}
	return err == 0;
}

bool pci_drive(struct pci_dev *d, const char *owner)
{
	/* PCI Express to PCI/PCI-X bridge 1.0 2.3: what is behind one speaks as device 0 of its bus. */
	bool aliased = d->bdf >> 8 != d->host->bus_first && pci_capability(d, PCI_CAP_EXPRESS, 0) == 0;

	return pci_take(d, owner) && reach(d, d->bdf, owner) &&
	       (!aliased || reach(d, (u16)(d->bdf & 0xff00), owner));
}

u32 pci_capability(const struct pci_dev *d, u8 id, u32 after)
{
	u32 at = after != 0 ? after + 1 : PCI_CAPS;

	if ((io_read16(pci_address(d->host, d->bdf, PCI_STATUS)) & 0x10) == 0) {
		return 0;
	}
	/* 6.7: links are to multiples of 4 behind the header, so there are no more than 48. */
	for (u32 i = 0; i < 48; i++) {
		at = io_read8(pci_address(d->host, d->bdf, at)) & 0xfcU;
		if (at < 0x40) {
			return 0;
		}
		if (io_read8(pci_address(d->host, d->bdf, at)) == id) {
			return at;
		}
		at++;
	}
	return 0;
}

pa_t pci_map(const struct pci_dev *d, u32 bar, u64 off, u64 size)
{
	pa_t at, page;

	if (bar >= PCI_BARS || size == 0 || d->bar[bar].size == 0 || !range_valid(off, size) ||
	    !range_contains(0, d->bar[bar].size, off, size)) {
		return 0;
	}
	at = d->bar[bar].start + off;
	page = ALIGN_DOWN(at, PAGE_SIZE);
	return arch_map(page, ALIGN_UP(at + size, PAGE_SIZE) - page, MAP_DEVICE) == 0 ? at : 0;
}
