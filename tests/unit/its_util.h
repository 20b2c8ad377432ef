/* SPDX-License-Identifier: Apache-2.0 */
/* A VM with an ITS and memory for its tables, and a guest that writes commands. */
#ifndef TESTS_UNIT_ITS_UTIL_H
#define TESTS_UNIT_ITS_UTIL_H

#include "core/base/memory.h"
#include "core/vgic/its.h"
#include "core/vgic/lpi.h"
#include "tests/unit/vgic_util.h"

#define ITS 0x2f020000UL
#define RAM 0x40000000UL
#define RAM_SIZE MiB(1)
#define QUEUE RAM
#define PROPS (RAM + KiB(64))
#define PENDS (RAM + KiB(128)) /* 64 KiB for each vCPU */
#define LPI(n) (8192u + (n))
#define RDFRAME(cpu) (REDIST + (u64)(cpu) * GICR_FRAME)

static u32 its_lpis = 64, writer;
static u64 its_worker[16]; /* for the VM's struct vdev_worker: no thread is made */

static struct vits *its(void)
{
	return test_vm.vgic.its;
}

static u8 *ram(ipa_t at)
{
	u64 n = 1;

	return vm_ram_ptr(&test_vm, at, &n, true);
}

/* What the vCPUs that asked for it do before they are in their guest again. */
static void its_work(void)
{
	for (unsigned int i = 0; i < 20000; i++) {
		if (its()->wants == 0 && its()->doing == 0 && (its()->creadr == its()->cwriter || !its()->enabled)) {
			break;
		}
		its()->d.type->work(&its()->d);
	}
	settle_all();
}

static void its_wr(unsigned int n, ipa_t addr, unsigned int size, u64 val)
{
	wr(n, addr, size, val);
	on(0);
	its_work();
}

/* Everything a driver does first, but LPIs are enabled only where `lpis` has a bit. */
static void start_its(unsigned int vcpus, unsigned int lrs, u32 lpis)
{
	struct diag d;

	memset(&d, 0, sizeof(d));
	start(3, vcpus, lrs, 64);
	test_cfg.gic.has_its = true;
	test_cfg.gic.its = ITS;
	test_cfg.gic.num_lpis = its_lpis;
	test_vm.ram[0] = (struct vm_ram){ .ipa = RAM, .size = RAM_SIZE, .pa = mem_range_alloc(RAM_SIZE, MiB(1), 0) };
	test_vm.ram_count = 1;
	test_vm.workers = (struct vdev_worker *)its_worker;
	memset(pa_ptr(test_vm.ram[0].pa), 0, RAM_SIZE);
	if (msi_create(&test_vm, &d) != 0) {
		test_fail(__FILE__, __LINE__, "the ITS could not be made");
		return;
	}
	msi_reset(&test_vm);
	wr(0, DIST + GICD_CTLR, 4, GICD_CTLR_GRP1);
	writer = 0;
	for (u32 i = 0; i < its_lpis; i++) {
		*ram(PROPS + i) = 0xa0 | 1;
	}
	for (unsigned int i = 0; i < vcpus; i++) {
		its_wr(i, RDFRAME(i) + GICR_PROPBASER, 8, PROPS | 15);
		its_wr(i, RDFRAME(i) + GICR_PENDBASER, 8, (PENDS + i * KiB(64)) | GICR_PENDBASER_PTZ);
		if (lpis >> i & 1) {
			its_wr(i, RDFRAME(i) + GICR_CTLR, 4, GICR_CTLR_LPIS);
		}
	}
	its_wr(0, ITS + GITS_BASER, 8, GITS_VALID | (RAM + KiB(512)));
	its_wr(0, ITS + GITS_CBASER, 8, GITS_VALID | QUEUE);
	its_wr(0, ITS + GITS_CTLR, 4, GITS_CTLR_ENABLED);
}

static void stop_its(void)
{
	stop_all();
	msi_destroy(&test_vm);
	mem_range_free(test_vm.ram[0].pa, RAM_SIZE);
}

/* One command; false: it was not executed. */
static bool cmd(u64 a, u64 b, u64 c, u64 d)
{
	u64 dw[4] = { a, b, c, d };
	u32 refused = its()->refused;

	memcpy(ram(QUEUE + writer), dw, sizeof(dw));
	writer = (writer + 32) % KiB(4);
	its_wr(0, ITS + GITS_CWRITER, 8, writer);
	return its()->refused == refused;
}

static bool mapd(u64 dev, u32 bits)
{
	return cmd(ITS_MAPD | dev << 32, bits - 1, GITS_VALID | 0x1000, 0);
}

static bool mapc(u32 coll, u64 cpu)
{
	return cmd(ITS_MAPC, 0, GITS_VALID | cpu << 16 | coll, 0);
}

static bool mapti(u64 dev, u32 event, u64 lpi, u32 coll)
{
	return cmd(ITS_MAPTI | dev << 32, event | lpi << 32, coll, 0);
}

static bool of_event(u32 what, u64 dev, u32 event)
{
	return cmd(what | dev << 32, event, 0, 0);
}

static bool movi(u64 dev, u32 event, u32 coll)
{
	return cmd(ITS_MOVI | dev << 32, event, coll, 0);
}

__attribute__((unused)) static bool raise(u64 dev, u32 event)
{
	return of_event(ITS_INT, dev, event);
}

__attribute__((unused)) static void end_lpi(unsigned int n, u32 intid)
{
	on(n);
	host_gic_guest_eoi(intid, 1);
	settle(n);
}

#endif
