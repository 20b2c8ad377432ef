/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A VM with a PCI bus on a faked machine: functions of the host behind an ECAM, with BARs, capabilities, MSI-X tables and
 * resets; the guest's accesses go through the VM's windows. What the vGIC and the ITS are told is written down.
 */
#ifndef TESTS_UNIT_VPCI_UTIL_H
#define TESTS_UNIT_VPCI_UTIL_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "arch/host/host.h"
#include "core/pci/msi.h"
#include "core/vgic/link.h"
#include "core/vm.h"

/* The code with its state, on interrupts and messages that are the test's. */
static void test_line(struct vm *vm, u32 intid, bool level);
static int test_link(struct vm *vm, u32 guest, u32 host, bool edge, bool immediate);
static void test_unlink(struct vm *vm, u32 guest);
static int test_device_add(struct vm *vm, u32 devid, u32 nvec, const struct msi_host *host, struct msi_device **out);
static void test_device_reset(struct msi_device *m);
static void test_device_remove(struct msi_device *m);
static void test_send(struct msi_device *m, u64 addr, u32 data);
static bool test_host_message(struct msi_device *m, u64 addr, u32 data, u64 *host_addr, u32 *host_data);
static enum msi_kind test_kind(const struct vm *vm);
static bool test_pci_msi(const struct board *b, const struct board_pci *pci, u16 bdf, u32 *its, u32 *devid);
#define vgic_set_line test_line
#define vgic_link test_link
#define vgic_unlink test_unlink
#define msi_device_add test_device_add
#define msi_device_reset test_device_reset
#define msi_device_remove test_device_remove
#define msi_send test_send
#define msi_host_message test_host_message
#define msi_kind(vm) test_kind(vm)
#include "core/host/pci.c"
#undef DEPTH
#undef WINDOW
#include "core/pci/vpci.c"
#include "core/pci/vpci_bar.c"
#include "core/pci/vpci_msix.c"
#define board_pci_msi test_pci_msi
#include "core/pass/pass_pci.c"
#include "core/pass/pass_pci_caps.c"
#include "core/pass/pass_pci_reset.c"
#include "core/pass/pass_pci_kinds.c"
#undef board_pci_msi

#define FAKE_ECAM 0x4010000000UL
#define FAKE_LOW 0x10000000UL
#define FAKE_FNS 4
#define FAKE_BAR KiB(16)
#define ECAM 0x3f000000UL
#define LOW 0x30000000UL
#define LOW_SIZE MiB(16)
#define HIGH 0x4000000000UL
#define DOORBELL 0x2f030040UL

struct fake_fn {
	bool there;
	u16 bdf;
	u8 cfg[4096];
	u64 size[6];
	u8 mem[6][FAKE_BAR];
	u32 resets, strays; /* strays: accesses to BARs without memory decoding */
	bool flr, hung;
};

static struct fake_fn fakes[FAKE_FNS];
static struct board fake_board;
static struct vm test_vm;
static struct vm_config test_cfg;
static struct cfg_pass test_pass[FAKE_FNS];
static struct pass_pci test_fn[FAKE_FNS];
static char test_message[200];

/* What happened. */
static bool line_level[1020];
static u32 link_of[1020], link_error;
static enum msi_kind kind_now;
static u32 sent, sent_data, devices_added, doors;
static u64 sent_addr;

static void test_line(struct vm *vm, u32 intid, bool level)
{
	(void)vm;
	line_level[intid] = level;
}

static int test_link(struct vm *vm, u32 guest, u32 host, bool edge, bool immediate)
{
	(void)vm, (void)edge, (void)immediate;
	if (link_error == host) {
		return -EBUSY;
	}
	link_of[guest] = host;
	return 0;
}

static void test_unlink(struct vm *vm, u32 guest)
{
	(void)vm;
	link_of[guest] = 0;
}

static enum msi_kind test_kind(const struct vm *vm)
{
	(void)vm;
	return kind_now;
}

static int test_device_add(struct vm *vm, u32 devid, u32 nvec, const struct msi_host *host, struct msi_device **out)
{
	(void)vm, (void)nvec, (void)host;
	*out = (struct msi_device *)(u64)(devid + 1);
	devices_added++;
	return 0;
}

static void test_device_reset(struct msi_device *m)
{
	(void)m;
}

static void test_device_remove(struct msi_device *m)
{
	devices_added -= m != NULL;
}

static void test_send(struct msi_device *m, u64 addr, u32 data)
{
	(void)m;
	sent++;
	sent_addr = addr;
	sent_data = data;
}

/* Doorbell and data of the host are the guest's, but moved. */
static bool test_host_message(struct msi_device *m, u64 addr, u32 data, u64 *host_addr, u32 *host_data)
{
	(void)m;
	doors++;
	if (addr != DOORBELL) {
		return false;
	}
	*host_addr = DOORBELL + 0x100000000UL;
	*host_data = data + 1000;
	return true;
}

static bool test_pci_msi(const struct board *b, const struct board_pci *pci, u16 bdf, u32 *its, u32 *devid)
{
	(void)b;
	*its = pci->msi_all; /* the test's bridges say it by number */
	*devid = bdf;
	return true;
}

/* ---- The machine */

static void fput(u8 *at, u64 v, u32 n)
{
	memcpy(at, &v, n);
}

static u64 fget(const u8 *at, u32 n)
{
	u64 v = 0;

	memcpy(&v, at, n);
	return v;
}

static u64 fake_bar_at(const struct fake_fn *f, u32 i)
{
	u64 at = fget(f->cfg + 0x10 + 4 * i, 4) & ~0xfUL;

	return (f->cfg[0x10 + 4 * i] & 6) == 4 ? at | fget(f->cfg + 0x14 + 4 * i, 4) << 32 : at;
}

static void fake_reset(struct fake_fn *f)
{
	f->resets++;
	fput(f->cfg + 4, 0, 2);
	for (u32 i = 0; i < 6; i++) {
		fput(f->cfg + 0x10 + 4 * i, f->cfg[0x10 + 4 * i] & 0xf, 4);
	}
}

static void fake_config_write(struct fake_fn *f, u32 off, u32 size, u64 val)
{
	if (off >= 0x10 && off < 0x28 && size == 4) {
		u32 i = (off - 0x10) / 4;
		bool upper = i > 0 && (f->cfg[off - 4] & 7) == 4 && f->size[i - 1] != 0;
		u64 sz = f->size[upper ? i - 1 : i], mask = sz == 0 ? 0 : ~(sz - 1);

		fput(f->cfg + off, upper ? val & mask >> 32 : (val & mask & ~0xfUL) | (f->cfg[off] & 0xf), 4);
	} else if (off != 0 && off != 2) {
		fput(f->cfg + off, val, size);
		if (f->flr && off == 0x88 && (val & 0x8000) != 0) {
			fake_reset(f);
		}
	}
}

static u64 fake_io(pa_t pa, u32 size, bool write, u64 val)
{
	u64 v = 0;

	for (u32 n = 0; n < FAKE_FNS; n++) {
		struct fake_fn *f = &fakes[n];

		if (!f->there) {
			continue;
		}
		if (pa - FAKE_ECAM >= (u64)f->bdf << 12 && pa - FAKE_ECAM < ((u64)f->bdf + 1) << 12) {
			if (f->hung) {
				return ~0UL;
			}
			if (write) {
				fake_config_write(f, pa & 0xfff, size, val);
			}
			memcpy(&v, f->cfg + (pa & 0xfff), size);
			return v;
		}
		for (u32 i = 0; i < 6; i++) {
			u64 at = fake_bar_at(f, i);

			if (f->size[i] != 0 && at != 0 && pa - at < f->size[i]) {
				f->strays += (f->cfg[4] & 2) == 0;
				if (pa - at + size > FAKE_BAR) {
					return 0;
				}
				if (write) {
					fput(f->mem[i] + (pa - at), val, size);
				}
				return fget(f->mem[i] + (pa - at), size);
			}
		}
	}
	return ~0UL;
}

static void __maybe_unused fake_bar(struct fake_fn *f, u32 i, u64 size, u32 type)
{
	f->size[i] = size;
	f->cfg[0x10 + 4 * i] = (u8)type;
}

/* One with everything: BAR 0 of 16 KiB with MSI-X (table 0x2000, PBA 0x3000), BAR 2 of 256 bytes, an I/O BAR, MSI, PM,
 * Express with FLR, vendor-specific and VPD capabilities. */
static __maybe_unused struct fake_fn *fake_device(u32 n, u16 bdf)
{
	struct fake_fn *f = &fakes[n];

	memset(f, 0, sizeof(*f));
	f->there = f->flr = true;
	f->bdf = bdf;
	fput(f->cfg, 0x10fb8086, 4);
	fput(f->cfg + 8, 0x02000001, 4);
	fput(f->cfg + 0x2c, 0x12348086, 4);
	f->cfg[6] = 0x10;
	f->cfg[0x34] = 0x40;
	f->cfg[0x3d] = 1;
	fput(f->cfg + 0x40, 0x00035001, 4);           /* PM */
	fput(f->cfg + 0x50, 0x0180 << 16 | 0x6005, 4); /* MSI, 64 bits, masks */
	f->cfg[0x52] = 0x8a;
	fput(f->cfg + 0x60, 0x7009, 2);
	f->cfg[0x62] = 16;
	fput(f->cfg + 0x70, 7 << 16 | 0x8011, 4);    /* MSI-X, 8 vectors */
	fput(f->cfg + 0x74, 0x2000, 4);
	fput(f->cfg + 0x78, 0x3000, 4);
	fput(f->cfg + 0x80, 2 << 16 | 0xc010, 4);    /* Express */
	fput(f->cfg + 0x84, BIT(28) | 2, 4);
	fput(f->cfg + 0x88, 0x2810, 2);
	fput(f->cfg + 0xc0, 0x0003, 2);              /* VPD */
	fput(f->cfg + 0x100, 0x0001000f, 4);         /* ATS */
	fake_bar(f, 0, KiB(16), 4);
	fake_bar(f, 2, 256, 0);
	fake_bar(f, 3, 32, 1);
	return f;
}

static void test_emit(struct diag *d, enum diag_kind k, const char *line)
{
	(void)d, (void)k;
	snprintf(test_message, sizeof(test_message), "%s", line);
}

static struct diag test_diag = { .emit = test_emit };

/* A fresh machine with no function yet, and a VM with an empty bus. */
static void vpci_machine(void)
{
	static u8 map[4 * 32];
	struct board_pci *p = &fake_board.pci[0];

	host_init();
	memset(fakes, 0, sizeof(fakes));
	memset(&fake_board, 0, sizeof(fake_board));
	memset(devices, 0, sizeof(devices));
	memset(&test_vm, 0, sizeof(test_vm));
	memset(&test_cfg, 0, sizeof(test_cfg));
	memset(test_pass, 0, sizeof(test_pass));
	memset(test_fn, 0, sizeof(test_fn));
	memset(line_level, 0, sizeof(line_level));
	memset(link_of, 0, sizeof(link_of));
	memset(map, 0, sizeof(map));
	device_count = devices_added = sent = doors = link_error = 0;
	scanned = ONCE_NOT_YET;
	kind_now = MSI_ITS;
	host_io = fake_io;
	fake_board.pci_count = 1;
	fake_board.gic.cells = 3;
	fake_board.gic.phandle = 7;
	p->ecam = (struct range){ FAKE_ECAM, MiB(16) };
	p->bus_last = 15;
	p->window[PCI_LOW] = (struct board_pci_window){ FAKE_LOW, { FAKE_LOW, MiB(64) } };
	p->irq_map = map;
	p->irq_map_len = sizeof(map);
	p->irq_mask = 3 << 11;
	p->pin_mask = 7;
	for (u32 i = 0; i < 4; i++) { /* pin A of device i is interrupt 3 + i */
		fput(map + 32 * i, __builtin_bswap32(i << 11), 4);
		fput(map + 32 * i + 12, __builtin_bswap32(1), 4);
		fput(map + 32 * i + 16, __builtin_bswap32(7), 4);
		fput(map + 32 * i + 24, __builtin_bswap32(3 + i), 4);
		fput(map + 32 * i + 28, __builtin_bswap32(4), 4);
	}
	pass_pci_board(&fake_board);
	snprintf(test_cfg.name, sizeof(test_cfg.name), "guest");
	test_cfg.pos = (struct src_pos){ "x.qvmconf", 1, 1 };
	test_cfg.logger_mask = 0xff;
	test_cfg.pci = (struct cfg_pci){
		.present = true, .ecam = ECAM, .low = LOW, .low_size = LOW_SIZE, .high = HIGH, .high_size = GiB(1),
		.intx = { 40, 41, 42, 43 },
	};
	test_vm.cfg = &test_cfg;
	if (s2_init(&test_vm.s2, 1, 40) != 0 || vpci_create(&test_vm, &test_diag) != 0) {
		abort();
	}
}

static void __maybe_unused vpci_machine_end(void)
{
	pass_pci_quiesce(&test_vm);
	pass_pci_destroy(&test_vm);
	vdev_workers_quiet(&test_vm);
	vdev_workers_destroy(&test_vm);
	vpci_destroy(&test_vm);
	schedule();
	s2_destroy(&test_vm.s2);
	host_io = NULL;
}

/* Pass fake `n` as guest function `bdf`. */
static int __maybe_unused pass_fake(u32 n, u16 bdf)
{
	struct cfg_pass *p = &test_pass[n];
	struct pass_pci *c = &test_fn[n];

	p->what = "PCI function";
	p->pos = (struct src_pos){ "x.qvmconf", 7, 1 };
	*c = (struct pass_pci){ .pos = &p->pos, .known = true, .bdf = fakes[n].bdf, .guest_bdf = bdf };
	p->pci = c;
	p->pci_count = 1;
	return pass_pci_add(&test_vm, p, c, &test_diag);
}

/* ---- The guest */

static u64 guest_access(ipa_t ipa, u32 size, bool write, u64 val)
{
	struct mmio m = { .size = (u8)size, .val = val, .write = write };
	struct s2_leaf leaf;

	if (s2_lookup(&test_vm.s2, ipa, &leaf)) { /* no exit */
		return fake_io(leaf.pa, size, write, val);
	}
	for (u32 i = 0; i < test_vm.window_count; i++) {
		struct mmio_window *w = &test_vm.window[i];
		u64 flags;

		if (ipa - w->base >= w->size) {
			continue;
		}
		m.off = ipa - w->base;
		flags = irq_save();
		if (size == 4 && w->read32 != NULL) {
			if (write) {
				w->write32(w->arg, NULL, m.off, (u32)val);
			} else {
				m.val = w->read32(w->arg, NULL, m.off);
			}
		} else if (w->fn(w->arg, NULL, &m) != MMIO_DONE) {
			m.val = 0xabab;
		}
		irq_restore(flags);
		schedule(); /* the work it has asked for */
		return m.val;
	}
	return 0xabababab;
}

static u64 __maybe_unused rd(ipa_t ipa, u32 size)
{
	return guest_access(ipa, size, false, 0);
}

static void __maybe_unused wr(ipa_t ipa, u32 size, u64 val)
{
	guest_access(ipa, size, true, val);
}

static ipa_t __maybe_unused cfg_of(u32 bdf, u32 reg)
{
	return ECAM + ((u64)bdf << 12) + reg;
}

#endif
