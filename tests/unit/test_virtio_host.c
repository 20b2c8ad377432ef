/* SPDX-License-Identifier: Apache-2.0 */
/* Virtio devices of the machine behind PCI, as their capabilities say where registers are. */
#include "tests/unit/test.h"
#include "arch/host/host.h"
#include "core/host/virtio_pci.c"

#define ECAM 0x4010000000UL
#define BAR 0x10000000UL
#define BAR_SIZE KiB(16)

static u8 cfg[4096], bar[BAR_SIZE];
static struct board_pci host = { .ecam = { ECAM, MiB(1) } };
static struct pci_dev dev = { .host = &host, .vendor = VENDOR, .device = 0x1042, .bar = { { BAR, BAR_SIZE } } };

static u64 access(pa_t pa, u32 size, bool write, u64 val)
{
	u8 *at = pa - ECAM < sizeof(cfg) ? cfg + (pa - ECAM) : bar + (pa - BAR);
	u64 v = 0;

	if (pa - ECAM >= sizeof(cfg) && pa - BAR > BAR_SIZE - size) {
		__builtin_trap();
	}
	if (write) {
		memcpy(at, &val, size);
	}
	memcpy(&v, at, size);
	return v;
}

static void put(u8 *at, u32 v)
{
	memcpy(at, &v, 4);
}

/* The capabilities of a device with everything, 32 bytes from 0x40 on for each; what they say is the test's. */
static void begin(u32 common, u32 notify, u32 step, u32 config)
{
	static const u32 len[] = { COMMON_SIZE, KiB(4), 1, 64 };
	const u32 at[] = { common, notify, 0x100, config };

	host_init();
	host_io = access;
	memset(cfg, 0, sizeof(cfg));
	memset(bar, 0, sizeof(bar));
	cfg[PCI_STATUS] = 0x10;
	cfg[PCI_CAPS] = 0x40;
	for (u32 i = 0; i < 4; i++) {
		u8 *c = cfg + 0x40 + 32 * i;

		c[0] = PCI_CAP_VENDOR;
		c[1] = (u8)(i < 3 ? 0x60 + 32 * i : 0);
		c[2] = 20;
		c[CAP_TYPE] = (u8)(i + 1);
		put(c + CAP_OFFSET, at[i]);
		put(c + CAP_LENGTH, len[i]);
		put(c + CAP_MULTIPLIER, step);
	}
}

static void places(void)
{
	struct vio_dev d = { .notify_size = 2 };
	struct vio_queue q = { .size = 8 };

	begin(0, 0x1000, 4, 0x200);
	REQUIRE(find_parts(&dev, &d));
	CHECK_EQ(d.regs, BAR);
	CHECK_EQ(d.notify, BAR + 0x1000);
	CHECK_EQ(d.isr, BAR + 0x100);
	CHECK_EQ(d.config, BAR + 0x200);
	CHECK_EQ(d.config_size, 64);
	bar[QUEUE_NOTIFY_OFF] = 3;
	CHECK_EQ(queue(&d, &q), 0);
	CHECK_EQ(q.doorbell, BAR + 0x100c);
	CHECK_EQ(bar[QUEUE_ENABLE], 1);
}

/* What a device says of itself is not where EL2 faults. */
static void nonsense(void)
{
	struct vio_dev d = { .notify_size = 2 }, e = { .notify_size = 2 }, f = { .notify_size = 2 };
	struct vio_queue q = { .size = 8 };

	begin(2, 0x1000, 4, 0x200);
	CHECK(!find_parts(&dev, &d));
	begin(BAR_SIZE - 8, 0x1000, 4, 0x200);
	CHECK(!find_parts(&dev, &e));
	begin(0, 0x1000, 1, 0x201);
	REQUIRE(find_parts(&dev, &f));
	CHECK_EQ(f.config, 0);
	CHECK_EQ(f.config_size, 0);
	bar[QUEUE_NOTIFY_OFF] = 3;
	CHECK_EQ(queue(&f, &q), -EIO);
	bar[QUEUE_NOTIFY_OFF] = 2;
	CHECK_EQ(queue(&f, &q), 0);
	put(bar + QUEUE_NOTIFY_OFF - 2, 0xffff0000); /* behind the end of it */
	CHECK_EQ(queue(&f, &q), -EIO);
	host_io = NULL;
}

TEST_MAIN(RUN(places), RUN(nonsense))
