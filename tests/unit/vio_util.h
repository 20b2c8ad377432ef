/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The device's side of virtio disks for tests of the monitor's own drivers: registers of both MMIO
 * layouts and of PCI functions behind an ECAM, a queue, an image in memory. Devices answer when the
 * driver tells them, or when the test says so; interrupts are delivered by vio_settle().
 */
#ifndef TESTS_UNIT_VIO_UTIL_H
#define TESTS_UNIT_VIO_UTIL_H

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "arch/host/host.h"
#include "arch_io.h"
#include "core/host/disk.h"
#include "core/sched.h"

/* The code with its state, so that each test has a machine that was never looked at. */
#define scanned vio_scanned
#include "core/host/virtio.c"
#undef scanned
#define scanned pci_scanned
#define devices pci_devices
#define device_count pci_device_count
#include "core/host/pci.c"
#undef scanned
#undef devices
#undef device_count
#include "core/host/disk_table.c"
#include "core/irq.c"

#define FAKES 4
#define FAKE_MMIO 0xa000000UL
#define FAKE_IMAGE KiB(512)

/* Features a fake may offer. */
#define FAKE_SEG_MAX BIT(2)
#define FAKE_RO BIT(5)
#define FAKE_BLK_SIZE BIT(6)
#define FAKE_FLUSH BIT(9)
#define FAKE_DISCARD BIT(13)
#define FAKE_ZEROES BIT(14)
#define FAKE_ALL (FAKE_SEG_MAX | FAKE_BLK_SIZE | FAKE_FLUSH | FAKE_DISCARD | FAKE_ZEROES | F_INDIRECT | F_EVENT_IDX)

struct fake {
	bool there, modern;
	bool lazy;     /* serves when fake_serve() is called, not when it is told */
	bool hung;     /* serves nothing */
	bool stubborn; /* does not reset */
	bool hostile;  /* it used chains before: what it finds now may be anything */
	u32 status, isr, sel[2], queue_max, size;
	u64 features, accepted, desc, avail, used;
	u16 seen;      /* available ring */
	bool ready, irq;
	u32 told, served, resets;
	u32 last_type, last_flags;
	u8 config[64], image[FAKE_IMAGE];
	char serial[20];
};

static struct fake fake[FAKES];
static struct board fake_board;

static void __maybe_unused fake_config(struct fake *f, u32 off, u64 val, u32 size)
{
	memcpy(f->config + off, &val, size);
}

static struct vio_desc fake_desc(u64 table, u32 i)
{
	struct vio_desc d;

	memcpy(&d, (void *)(table + 16 * i), 16);
	return d;
}

/* The driver has broken the rules. */
static u32 fake_trouble(const struct fake *f)
{
	if (!f->hostile) {
		abort();
	}
	return 0;
}

/* All pieces of a chain, gone through in order: the device of a driver that keeps the rules. */
static u32 fake_request(struct fake *f, u32 head)
{
	struct vio_desc d = fake_desc(f->desc, head), range = { 0, 0, 0, 0 };
	u64 table = f->desc, at;
	struct {
		u32 type, reserved;
		u64 sector;
	} h;
	u32 written = 0, n = 0;
	u8 status = 0;

	if (d.flags & VIO_DESC_INDIRECT) {
		table = d.addr;
		d = fake_desc(table, 0);
	}
	if (d.len != 16 || (d.flags & VIO_DESC_NEXT) == 0) {
		return fake_trouble(f);
	}
	memcpy(&h, (void *)d.addr, 16);
	f->last_type = h.type;
	at = h.sector * 512;
	for (;;) {
		d = fake_desc(table, d.next);
		if (++n > 300) {
			return fake_trouble(f);
		}
		if ((d.flags & VIO_DESC_NEXT) == 0) {
			break;
		}
		if (h.type == 8 && d.len == 20) {
			memcpy((void *)d.addr, f->serial, 20);
			written += d.len;
		} else if (h.type > 1) {
			range = d;
		} else if (at + d.len > FAKE_IMAGE || (h.type == 0) != ((d.flags & VIO_DESC_WRITE) != 0)) {
			status = 1;
		} else if (h.type == 0) {
			memcpy((void *)d.addr, f->image + at, d.len);
			written += d.len;
		} else {
			memcpy(f->image + at, (void *)d.addr, d.len);
		}
		at += d.len;
	}
	if (range.len == 16) {
		u64 sector;
		u32 sectors;

		memcpy(&sector, (void *)range.addr, 8);
		memcpy(&sectors, (void *)(range.addr + 8), 4);
		memcpy(&f->last_flags, (void *)(range.addr + 12), 4);
		if (sector <= FAKE_IMAGE / 512 && sectors <= FAKE_IMAGE / 512 - sector) {
			memset(f->image + sector * 512, 0, sectors * 512UL);
		}
	}
	if (d.len != 1 || (d.flags & VIO_DESC_WRITE) == 0) {
		return fake_trouble(f);
	}
	memcpy((void *)d.addr, &status, 1);
	return written + 1;
}

/* As a device does: `id` and `len` into the used ring, and an interrupt if the driver wants it. */
static void __maybe_unused fake_use(struct fake *f, u32 id, u32 len)
{
	u16 *used = (u16 *)f->used, *avail = (u16 *)f->avail, old = used[1], event = avail[2 + f->size];
	u32 *e = (u32 *)(f->used + 4) + 2 * (old % f->size);

	e[0] = id;
	e[1] = len;
	used[1] = (u16)(old + 1);
	if ((f->accepted & F_EVENT_IDX) ? old == event : (avail[0] & 1) == 0) {
		f->irq = true;
		f->isr |= 1;
	}
}

/* Serve at most `n` of what is available; how many it were. */
static u32 fake_serve(struct fake *f, u32 n)
{
	const u16 *avail = (const u16 *)f->avail;
	u32 done = 0;

	while (f->ready && !f->hung && (f->status & 4) && done < n && f->seen != avail[1]) {
		u32 head = avail[2 + f->seen % f->size];

		fake_use(f, head, fake_request(f, head));
		f->seen++;
		f->served++;
		done++;
	}
	if (f->ready && (f->accepted & F_EVENT_IDX)) {
		((u16 *)f->used)[2 + 4 * f->size] = f->seen;
	}
	return done;
}

static void fake_status(struct fake *f, u32 v)
{
	if (v == 0) {
		f->resets++;
		if (f->stubborn) {
			return;
		}
		f->ready = f->irq = false;
		f->seen = 0;
		f->isr = 0;
		f->accepted = 0;
	}
	f->status = v;
}

static void fake_write(struct fake *f, u32 off, u32 v)
{
	static const u8 address[] = { 0x80, 0x90, 0xa0 };
	u64 *where[] = { &f->desc, &f->avail, &f->used };

	switch (off) {
	case 0x14: f->sel[0] = v; break;
	case 0x24: f->sel[1] = v; break;
	case 0x20:
		if (f->sel[1] < 2) {
			f->accepted |= (u64)v << 32 * f->sel[1];
		}
		break;
	case 0x38: f->size = v; break;
	case 0x40: /* legacy */
		f->desc = (u64)v << 12;
		f->avail = f->desc + 16 * f->size;
		f->used = ALIGN_UP(f->avail + 6 + 2 * f->size, 4096);
		f->ready = v != 0;
		break;
	case 0x44: f->ready = v; break;
	case 0x50:
		f->told++;
		if (!f->lazy) {
			fake_serve(f, 1000);
		}
		break;
	case 0x64: f->isr &= ~v; break;
	case 0x70: fake_status(f, v); break;
	default:
		for (u32 i = 0; i < 3; i++) {
			if (off == address[i]) {
				*where[i] = (*where[i] & ~0xffffffffUL) | v;
			} else if (off == address[i] + 4U) {
				*where[i] = (*where[i] & 0xffffffffUL) | (u64)v << 32;
			}
		}
		break;
	}
}

static u32 fake_read(struct fake *f, u32 off)
{
	switch (off) {
	case 0x00: return 0x74726976;
	case 0x04: return f->modern ? 2 : 1;
	case 0x08: return f->there ? 2 : 0;
	case 0x10: return f->sel[0] < 2 ? (u32)((f->features | (f->modern ? F_VERSION_1 : 0)) >> 32 * f->sel[0]) : 0;
	case 0x34: return f->queue_max;
	case 0x60: return f->isr;
	case 0x70: return f->status;
	default: return 0;
	}
}

static u64 fake_access(pa_t pa, u32 size, bool write, u64 val)
{
	u64 v = 0;
	struct fake *f;
	u32 off = pa % 0x200;

	if (pa < FAKE_MMIO || pa >= FAKE_MMIO + FAKES * 0x200) {
		return ~0UL;
	}
	f = &fake[(pa - FAKE_MMIO) / 0x200];
	if (off >= 0x100) {
		if (!write && off - 0x100 + size <= sizeof(f->config)) {
			memcpy(&v, f->config + off - 0x100, size);
		}
		return v;
	}
	if (write) {
		fake_write(f, off, (u32)val);
	}
	return fake_read(f, off);
}

/* Memory that legacy devices can name, whose pages have numbers of 32 bits; it is taken first, as it is the lowest. */
static void low_memory(void)
{
	static void *ram;

	if (ram == NULL) {
		ram = mmap((void *)MiB(512), MiB(16), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	}
	memory_add((pa_t)ram, MiB(16)); /* what a machine before this one had is free again */
}

/* A fresh machine with `n` places for devices, none there yet. */
static void __maybe_unused vio_machine(u32 n)
{
	host_init();
	low_memory();
	host_uart_reset();
	memset(fake, 0, sizeof(fake));
	memset(&fake_board, 0, sizeof(fake_board));
	for (u32 i = 0; i < n; i++) {
		fake_board.virtio[i].regs = (struct range){ FAKE_MMIO + 0x200 * i, 0x200 };
		fake_board.virtio[i].irq = (struct board_irq){ 48 + i, 1 };
	}
	fake_board.virtio_count = n;
	host_io = fake_access;
	vio_scanned = pci_scanned = scanned = ONCE_NOT_YET;
	device_count = pci_device_count = disk_count = 0;
	users = NULL;
	handler_count = 0;
	vio_board(&fake_board);
	thread_reaper_start();
}

static struct fake *__maybe_unused vio_disk(u32 i, bool modern, u64 features, const char *serial)
{
	struct fake *f = &fake[i];

	f->there = true;
	f->modern = modern;
	f->features = features;
	f->queue_max = 256;
	strncpy(f->serial, serial, sizeof(f->serial));
	fake_config(f, 0, FAKE_IMAGE / 512, 8);
	fake_config(f, 12, 254, 4);
	fake_config(f, 20, 512, 4);
	fake_config(f, 36, 1000, 4);
	fake_config(f, 48, 1000, 4);
	return f;
}

/* Interrupts and threads until nothing happens any more. */
static void __maybe_unused vio_settle(void)
{
	for (u32 again = 1, guard = 0; again != 0 && guard < 10000; guard++) {
		again = 0;
		schedule();
		for (u32 i = 0; i < device_count; i++) {
			struct vio_dev *d = &devices[i];
			struct fake *f = &fake[(d->regs - FAKE_MMIO) / 0x200];

			if (f->irq && d->listening) {
				f->irq = false;
				again = 1;
				interrupt(d);
			}
		}
	}
}

/* A thread of the test's: disks are opened by threads. */
struct opener {
	const char *name, *why;
	bool write, over;
	struct disk *disk;
};

static void opener_main(void *arg)
{
	struct opener *o = arg;

	o->disk = disk_open(o->name, o->write, &o->why);
	o->over = true;
}

static struct disk *__maybe_unused vio_open(const char *name, bool write, const char **why)
{
	struct opener o = { .name = name, .write = write };

	thread_create("opener", 20, ~0UL, opener_main, &o);
	vio_settle();
	while (!o.over) {
		host_pass_ns(100000000);
		vio_settle();
	}
	if (why != NULL) {
		*why = o.why;
	}
	return o.disk;
}

#endif
