/* SPDX-License-Identifier: Apache-2.0 */
/* PCI functions behind an ECAM played by the test: numbering, places, what firmware has done, nonsense. */
#include "tests/unit/test.h"
#include <stdlib.h>
#include "arch/host/host.h"
#include "core/host/pci.c"

#define ECAM 0x4010000000UL
#define LOW 0x10000000UL
#define HIGH 0x8000000000UL

struct fn {
	int above;      /* the bridge it is behind, -1: on the root bus */
	u8 devfn;
	u8 cfg[256];
	u64 size[6];    /* of each BAR; wide ones count for the next, too */
};

static struct fn fns[12];
static u32 fn_count;
static u8 map[2 * 4 * 10];
static struct board board;
static u32 accesses;

static void put32(u8 *at, u32 v)
{
	memcpy(at, &v, 4);
}

static u32 get32(const u8 *at)
{
	u32 v;

	memcpy(&v, at, 4);
	return v;
}

static struct fn *function(u32 bus, u32 devfn)
{
	for (u32 i = 0; i < fn_count; i++) {
		struct fn *f = &fns[i];
		u32 is = f->above < 0 ? board.pci[0].bus_first : fns[f->above].cfg[PCI_BUSES + 1];

		if (f->devfn == devfn && is == bus && (f->above < 0 || bus != board.pci[0].bus_first)) {
			return f;
		}
	}
	return NULL;
}

static void write_bar(struct fn *f, u32 i, u32 v)
{
	bool upper = i > 0 && (f->cfg[PCI_BAR + 4 * (i - 1)] & 7) == 4;
	u64 size = f->size[upper ? i - 1 : i], mask = size == 0 ? 0 : ~(size - 1);
	u32 kept = upper ? 0 : f->cfg[PCI_BAR + 4 * i] & 0xf;

	put32(f->cfg + PCI_BAR + 4 * i, (v & (u32)(upper ? mask >> 32 : mask) & ~(upper ? 0 : 0xfU)) | kept);
}

static u64 access(pa_t pa, u32 size, bool write, u64 val)
{
	u32 off = pa & 0xfff;
	struct fn *f = function((u32)((pa - ECAM) >> 20) + board.pci[0].bus_first, (u32)(pa - ECAM) >> 12 & 255);
	u64 v = 0;

	if (pa < ECAM || pa - ECAM >= board.pci[0].ecam.size || ++accesses > 500000) {
		abort();
	}
	if (f == NULL || off + size > 256) {
		return ~0UL;
	}
	if (!write) {
		memcpy(&v, f->cfg + off, size);
	} else if (off >= PCI_BAR && off < PCI_BAR + 24 && f->cfg[PCI_HEADER] == 0) {
		write_bar(f, (off - PCI_BAR) / 4, (u32)val);
	} else {
		memcpy(f->cfg + off, &val, size);
	}
	return v;
}

static struct fn *add_fn(int above, u8 dev, u8 pin)
{
	struct fn *f = &fns[fn_count++];

	memset(f, 0, sizeof(*f));
	f->above = above;
	f->devfn = (u8)(dev << 3);
	put32(f->cfg, 0x10011af4);
	f->cfg[PCI_PIN] = pin;
	f->cfg[PCI_COMMAND] = PCI_CMD_MASTER;
	return f;
}

static void bar(struct fn *f, u32 i, u64 size, bool wide, u64 at)
{
	f->size[i] = size;
	put32(f->cfg + PCI_BAR + 4 * i, (u32)at | (wide ? 4 : 0));
	if (wide) {
		put32(f->cfg + PCI_BAR + 4 * i + 4, (u32)(at >> 32));
	}
}

static int add_bridge(int above, u8 dev, u32 buses)
{
	struct fn *f = add_fn(above, dev, 0);

	f->cfg[PCI_HEADER] = 1;
	put32(f->cfg + PCI_BUSES, buses);
	return (int)(f - fns);
}

static void begin(void)
{
	struct board_pci *p = &board.pci[0];

	host_init();
	memset(&board, 0, sizeof(board));
	memset(devices, 0, sizeof(devices));
	fn_count = device_count = accesses = 0;
	scanned = ONCE_NOT_YET;
	host_io = access;
	board.pci_count = 1;
	board.gic.cells = 3;
	board.gic.phandle = 7;
	p->ecam = (struct range){ ECAM, MiB(32) };
	p->bus_last = 31;
	p->window[PCI_LOW] = (struct board_pci_window){ LOW, { LOW, MiB(64) } };
	p->window[PCI_HIGH] = (struct board_pci_window){ HIGH, { HIGH + GiB(1), GiB(512) } };
	/* Pin 1 of devices 0 and 2 is interrupt 3, pin 2 is 4. */
	p->irq_map = map;
	p->irq_map_len = 2 * 4 * 8;
	p->irq_mask = 1 << 11;
	p->pin_mask = 7;
	for (u32 i = 0; i < 2; i++) {
		u8 *e = map + 32 * i;

		memset(e, 0, 32);
		put32(e + 12, __builtin_bswap32(1 + i));
		put32(e + 16, __builtin_bswap32(7));
		put32(e + 24, __builtin_bswap32(3 + i));
		put32(e + 28, __builtin_bswap32(4));
	}
}

static bool inside(const struct range *r, u64 at, u64 size)
{
	return range_contains(at, size, r->start, r->size);
}

static void numbers_and_places(void)
{
	struct pci_dev *d;
	int one, two, empty;
	u32 window, k;

	begin();
	bar(add_fn(-1, 1, 0), 0, 4096, false, 0);
	one = add_bridge(-1, 2, 0);
	bar(add_fn(one, 0, 1), 4, KiB(16), true, 0);
	two = add_bridge(one, 3, 0);
	bar(add_fn(two, 1, 1), 1, KiB(64), false, 0);
	empty = add_bridge(-1, 4, 0);
	bar(add_fn(-1, 6, 1), 2, GiB(1), true, 0);
	CHECK(pci_at(&board, 4) == NULL);
	for (u32 i = 0; i < 4; i++) {
		d = pci_at(&board, i);
		k = i == 0 ? 0 : i == 1 ? 4 : i == 2 ? 1 : 2;
		REQUIRE(d != NULL && d->bar[k].size != 0);
		CHECK_EQ(d->bar[k].start % d->bar[k].size, 0);
		CHECK(i == 3 ? inside(&d->bar[k], HIGH + GiB(1), GiB(512)) : inside(&d->bar[k], LOW, MiB(64)));
		for (u32 j = 0; j < i; j++) {
			const struct pci_dev *o = pci_at(&board, j);

			for (u32 b = 0; b < 6; b++) {
				CHECK(o->bar[b].size == 0 || !range_overlaps(o->bar[b].start, o->bar[b].size,
									      d->bar[k].start, d->bar[k].size));
			}
		}
	}
	CHECK_EQ(get32(fns[one].cfg + PCI_BUSES) & 0xffffff, 0x020100);
	CHECK_EQ(get32(fns[two].cfg + PCI_BUSES) & 0xffffff, 0x020201);
	CHECK_EQ(get32(fns[empty].cfg + PCI_BUSES) & 0xffffff, 0x030300);
	/* A bridge's window holds what is behind it, and nothing else's. */
	window = get32(fns[two].cfg + PCI_MEMORY);
	CHECK(inside(&pci_at(&board, 2)->bar[1], (u64)(window & 0xfff0) << 16, MiB(1)));
	CHECK_EQ(window & 0xfff0, window >> 16 & 0xfff0);
	window = get32(fns[one].cfg + PCI_MEMORY);
	CHECK(inside(&pci_at(&board, 1)->bar[4], (u64)(window & 0xfff0) << 16, MiB(2)));
	CHECK(inside(&pci_at(&board, 2)->bar[1], (u64)(window & 0xfff0) << 16, MiB(2)));
	CHECK(!inside(&pci_at(&board, 0)->bar[0], (u64)(window & 0xfff0) << 16, MiB(2)));
	window = get32(fns[empty].cfg + PCI_MEMORY);
	CHECK((window & 0xfff0) > (window >> 16 & 0xfff0));
	CHECK_EQ(fns[one].cfg[PCI_COMMAND], PCI_CMD_MEMORY | PCI_CMD_MASTER);
	/* Nobody drives it: no DMA, no interrupt. */
	CHECK_EQ(get32(fns[0].cfg + PCI_COMMAND) & 0xffff, PCI_CMD_NO_INTX);
	CHECK(pci_take(pci_at(&board, 0), "test"));
	CHECK_EQ(get32(fns[0].cfg + PCI_COMMAND) & 0xffff, PCI_CMD_MEMORY | PCI_CMD_MASTER);
	CHECK(!pci_take(pci_at(&board, 0), "another"));
	/* Pins turn behind bridges: pin 1 of device 1 is pin 2 of device 3 of bus 1, that is pin 1 of device 2. */
	CHECK_EQ(pci_at(&board, 0)->irq.intid, 0);
	CHECK_EQ(pci_at(&board, 1)->irq.intid, 32 + 3);
	CHECK_EQ(pci_at(&board, 2)->irq.intid, 32 + 3);
	CHECK_EQ(pci_at(&board, 3)->irq.intid, 32 + 3);
	CHECK_EQ(board_pci_irq(&board, &board.pci[0], 0, 2).intid, 32 + 4);
	CHECK_EQ(board_pci_irq(&board, &board.pci[0], 1 << 3, 1).intid, 0);
	CHECK_EQ(board_pci_irq(&board, &board.pci[0], 0, 3).intid, 0);
}

static void firmware_is_left_alone(void)
{
	int b;

	begin();
	bar(add_fn(-1, 1, 1), 0, 4096, false, LOW + MiB(8));
	b = add_bridge(-1, 2, 0x050500);
	put32(fns[b].cfg + PCI_MEMORY, (u32)((LOW + MiB(16)) >> 16) | ((u32)(LOW + MiB(16)) & 0xfff00000));
	bar(add_fn(b, 0, 1), 0, 4096, true, LOW + MiB(16));
	bar(add_fn(-1, 3, 1), 0, 4096, false, 0);
	bar(add_fn(-1, 4, 1), 0, 4096, false, 0x70000000); /* where no window is */
	add_bridge(-1, 5, 0);
	REQUIRE(pci_at(&board, 3) != NULL);
	CHECK_EQ(pci_at(&board, 0)->bar[0].start, LOW + MiB(8));
	CHECK_EQ(pci_at(&board, 1)->bdf, 5 << 8);
	CHECK_EQ(pci_at(&board, 1)->bar[0].start, LOW + MiB(16));
	CHECK(pci_at(&board, 2)->bar[0].start >= LOW + MiB(17));
	CHECK(pci_at(&board, 3)->bar[0].start > pci_at(&board, 2)->bar[0].start);
	CHECK_EQ(get32(fns[b].cfg + PCI_BUSES), 0x050500);
	CHECK_EQ(get32(fns[fn_count - 1].cfg + PCI_BUSES), 0x060600);
}

/* Whatever bridges, capabilities and BARs say, it ends, and gives out nothing that is not there. */
static void nonsense(void)
{
	struct pci_dev *d;
	struct fn *f;
	int b;

	begin();
	board.pci[0].window[PCI_HIGH].cpu.size = 0;
	b = add_bridge(-1, 0, 0x010100);
	add_bridge(b, 0, 0x010101);
	add_bridge(b, 1, 0x020201);
	add_bridge(-1, 1, 0x010100); /* twice the same bus */
	for (int i = 0, at = b; i < 7; i++) {
		at = add_bridge(at, 2, 0); /* bridges below firmware's are not numbered */
	}
	f = add_fn(-1, 7, 9);
	bar(f, 0, GiB(2), false, 0); /* no room */
	bar(f, 5, 4096, true, 0);    /* there is no BAR behind it */
	f->cfg[PCI_STATUS] = 0x10;
	f->cfg[PCI_CAPS] = 0x40;
	f->cfg[0x40] = 5;
	f->cfg[0x41] = 0x48;
	f->cfg[0x48] = PCI_CAP_VENDOR;
	f->cfg[0x49] = 0x40;
	d = pci_at(&board, 0);
	REQUIRE(d != NULL);
	CHECK(pci_at(&board, 1) == NULL);
	CHECK_EQ(d->irq.intid, 0);
	for (u32 i = 0; i < 6; i++) {
		CHECK_EQ(d->bar[i].size, 0);
		CHECK_EQ(pci_map(d, i, 0, 1), 0);
	}
	CHECK_EQ(pci_capability(d, PCI_CAP_VENDOR, 0), 0x48);
	CHECK_EQ(pci_capability(d, PCI_CAP_VENDOR, 0x48), 0x48); /* round it goes: callers bound their loops */
	CHECK_EQ(pci_capability(d, 3, 0), 0);
	f->cfg[PCI_STATUS] = 0;
	CHECK_EQ(pci_capability(d, PCI_CAP_VENDOR, 0), 0);
	d->bar[0] = (struct range){ LOW, 4096 };
	CHECK_EQ(pci_map(d, 0, 16, 4080), LOW + 16);
	CHECK_EQ(pci_map(d, 0, 16, 4081), 0);
	CHECK_EQ(pci_map(d, 0, ~0UL, 2), 0);
	CHECK_EQ(pci_map(d, 6, 0, 1), 0);
}

/* Places as devices that lie about their sizes have them: no two functions' registers are one. */
static void overlaps(void)
{
	struct pci_dev *d;
	int b;

	begin();
	bar(add_fn(-1, 1, 1), 0, KiB(64), false, LOW + MiB(8));
	bar(add_fn(-1, 2, 1), 0, 4096, false, LOW + MiB(8) + KiB(16)); /* inside the first one */
	bar(add_fn(-1, 3, 1), 0, 4096, true, LOW + MiB(9) + KiB(32));
	bar(add_fn(-1, 4, 1), 0, KiB(64), false, LOW + MiB(9)); /* around the one before */
	b = add_bridge(-1, 5, 0x050500);
	bar(add_fn(b, 0, 1), 0, 4096, false, LOW + MiB(8)); /* where nothing can be moved */
	REQUIRE(pci_at(&board, 4) != NULL);
	CHECK_EQ(pci_at(&board, 0)->bar[0].start, LOW + MiB(8));
	CHECK_EQ(pci_at(&board, 2)->bar[0].start, LOW + MiB(9) + KiB(32));
	CHECK_EQ(pci_at(&board, 4)->bar[0].size, 0);
	for (u32 i = 1; i < 4; i += 2) {
		d = pci_at(&board, i);
		CHECK(d->bar[0].size != 0 && d->bar[0].start >= LOW + MiB(9) + KiB(64));
		CHECK_EQ(d->bar[0].start % d->bar[0].size, 0);
		CHECK_EQ(get32(fns[i].cfg + PCI_BAR), d->bar[0].start);
	}
	CHECK(!range_overlaps(pci_at(&board, 1)->bar[0].start, 4096, pci_at(&board, 3)->bar[0].start, KiB(64)));
}

static void deep(void)
{
	int at = -1;

	begin();
	for (u32 i = 0; i < 10; i++) {
		at = add_bridge(at, 0, 0);
	}
	add_fn(at, 0, 1);
	CHECK(pci_at(&board, 0) == NULL);
	CHECK_EQ(fns[DEPTH - 2].cfg[PCI_BUSES + 2], DEPTH - 1);
	begin();
	board.pci[0].bus_first = 3;
	board.pci[0].bus_last = 4; /* buses run out */
	at = add_bridge(-1, 0, 0);
	add_bridge(-1, 1, 0);
	add_fn(at, 0, 1);
	CHECK(pci_at(&board, 0) != NULL && pci_at(&board, 0)->bdf == 4 << 8);
	host_io = NULL;
}

TEST_MAIN(RUN(numbers_and_places), RUN(firmware_is_left_alone), RUN(nonsense), RUN(overlaps), RUN(deep))
