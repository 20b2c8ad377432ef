/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A driver of virtio disks and network cards that breaks the rules in every way a device has to bear. After each deed
 * the device is reset and has to do an honest job; "refused" is a device that asked for a reset, "ignored" one that
 * went on as if nothing had been. With honest=SECONDS it does honest work alone, for so long.
 */
#include "rt/board.h"
#include "rt/console.h"
#include "rt/cpu.h"
#include "rt/fdt.h"
#include "rt/gic.h"
#include "rt/mmu.h"
#include "rt/smp.h"
#include "rt/timer.h"

#include <string.h>

#define N		8U		/* entries of a ring */
#define NEXT		1
#define WRITE		2
#define INDIRECT	4
#define NEEDS_RESET	64
#define INDIRECT_DESC	(1U << 28)
#define F_EVENT_IDX	(1U << 29)

/* Registers of the transport (virtio 1.2 4.2.2). */
enum {
	R_ID = 0x08, R_FEATURES = 0x20, R_FEATURES_SEL = 0x24, R_SEL = 0x30, R_NUM = 0x38, R_READY = 0x44,
	R_NOTIFY = 0x50, R_ISR = 0x60, R_ACK = 0x64, R_STATUS = 0x70, R_DESC = 0x80, R_DRIVER = 0x90, R_DEVICE = 0xa0,
	R_CONFIG = 0x100,
};

struct desc {
	u64 addr;
	u32 len;
	u16 flags, next;
};

struct ring {
	volatile struct desc desc[N] __attribute__((aligned(4096)));
	volatile u16 avail[3 + N] __attribute__((aligned(4096)));
	volatile u16 used[3 + 4 * N] __attribute__((aligned(4096)));
};

struct device {
	u64 base;
	u32 id;
	unsigned int queue;		/* the one that is played with */
};

static struct ring ring;
static struct desc table[N] __attribute__((aligned(16)));
static u8 data[8192] __attribute__((aligned(4096)));
static struct device devices[4], *dev;
static unsigned int nr_devices, failures, deeds;
static volatile bool stop;

static u32 rd(u32 off)
{
	return mmio_read32(dev->base + off);
}

static void wr(u32 off, u32 value)
{
	dsb();
	mmio_write32(dev->base + off, value);
}

static void set_area(u32 off, u64 addr)
{
	wr(off, (u32)addr);
	wr(off + 4, (u32)(addr >> 32));
}

static void set_desc(volatile struct desc *d, u64 addr, u32 len, u16 flags, u16 next)
{
	d->addr = addr;
	d->len = len;
	d->flags = flags;
	d->next = next;
}

/* Reset, and features taken; status 11. */
static void negotiate(u32 low, u32 high)
{
	unsigned int i;

	wr(R_STATUS, 0);
	for (i = 0; rd(R_STATUS) != 0 && i < 1000000; i++) {
	}
	memset((void *)&ring, 0, sizeof(ring));
	wr(R_STATUS, 3);
	wr(R_FEATURES_SEL, 0);
	wr(R_FEATURES, low);
	wr(R_FEATURES_SEL, 1);
	wr(R_FEATURES, high | 1);
	wr(R_STATUS, 11);
}

static void set_queue(u32 size, u64 desc, u64 avail, u64 used)
{
	wr(R_SEL, dev->queue);
	wr(R_NUM, size);
	set_area(R_DESC, desc);
	set_area(R_DRIVER, avail);
	set_area(R_DEVICE, used);
	wr(R_READY, 1);
}

static void start(u32 features)
{
	negotiate(features, 0);
	set_queue(N, (u64)ring.desc, (u64)ring.avail, (u64)ring.used);
	wr(R_STATUS, 15);
}

static void offer(u16 head)
{
	u16 idx = ring.avail[1];

	ring.avail[2 + idx % N] = head;
	dsb();
	ring.avail[1] = idx + 1;
	wr(R_NOTIFY, dev->queue);
}

/* A request that is right: a sector of a disk, or a frame to everybody. Used entry awaited. */
static bool honest(void)
{
	u16 before = ring.used[1];
	u64 end = timer_count() + 20 * timer_frequency();

	memset(data, 0, 64);
	if (dev->id == 2) {
		*(volatile u64 *)(data + 8) = 7;
		data[4096] = 0xee;
		set_desc(&ring.desc[0], (u64)data, 16, NEXT, 1);
		set_desc(&ring.desc[1], (u64)data + 512, 512, NEXT | WRITE, 2);
		set_desc(&ring.desc[2], (u64)data + 4096, 1, WRITE, 0);
	} else {
		memset(data + 12, 0xff, 6);
		memcpy(data + 18, (u8[]){ 0x52, 0x54, 0, 0, 0, 9, 0x88, 0xb5 }, 8);
		set_desc(&ring.desc[0], (u64)data, 76, 0, 0);
	}
	offer(0);
	while (ring.used[1] == before && timer_count() < end) {
	}
	wr(R_ACK, rd(R_ISR));
	return ring.used[1] != before && (dev->id != 2 || data[4096] == 0);
}

/* What has come of it; and the device works again. */
static void over(const char *what)
{
	u32 status = rd(R_STATUS);
	bool good;

	start(INDIRECT_DESC);
	good = rd(R_STATUS) == 15 && honest();
	deeds++;
	failures += !good;
	printf("deed %u on %s, %s: %s, %s\n", deeds, dev->id == 2 ? "blk" : "net", what,
	       (status & NEEDS_RESET) ? "refused" : "ignored", good ? "works again" : "VHOSTILE-FAIL");
}

/* ---- Where rings are */

static void rings(void)
{
	static const u32 sizes[] = { 0, 3, 7, 12, 512, 0x8000, 0x10000, 0xffffffff };
	u64 end = board.memory[0].base + board.memory[0].size;
	/* Unmapped, a device, behind the RAM, over its end, round the address space, unaligned. */
	const u64 places[] = { 0x10000, board.uart, board.gicd, dev->base, end, end - 16, ~0xfffUL, ~0xfUL,
			       (u64)ring.desc + 1, (u64)1 << 52, 0 };
	unsigned int i, area;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		negotiate(0, 0);
		set_queue(sizes[i], (u64)ring.desc, (u64)ring.avail, (u64)ring.used);
		failures += rd(R_READY) != 0 && sizes[i] != 0;
		wr(R_STATUS, 15);
		wr(R_NOTIFY, dev->queue);
	}
	over("sizes of rings");
	for (area = 0; area < 3; area++) {
		for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
			negotiate(0, 0);
			set_queue(N, area == 0 ? places[i] : (u64)ring.desc, area == 1 ? places[i] : (u64)ring.avail,
				  area == 2 ? places[i] : (u64)ring.used);
			failures += rd(R_READY) != 0;
			wr(R_STATUS, 15);
			wr(R_NOTIFY, dev->queue);
		}
		over(area == 0 ? "places of descriptors" : area == 1 ? "places of avail" : "places of used");
	}
	/* A ring made before the features, of a layout they do not have. */
	negotiate(0, 4);
	wr(R_STATUS, 0);
	wr(R_STATUS, 3);
	set_queue(3, (u64)ring.desc, end - 4, end - 8);
	failures += rd(R_READY) != 0;
	wr(R_FEATURES_SEL, 1);
	wr(R_FEATURES, 1);
	wr(R_STATUS, 11);
	wr(R_STATUS, 15);
	wr(R_NOTIFY, dev->queue);
	over("rings before features");
}

/* ---- Chains */

static void chain(const char *what, u32 features, u64 addr, u32 len, u16 flags, u16 next)
{
	start(features);
	set_desc(&ring.desc[0], addr, len, flags, next);
	offer(0);
	over(what);
}

static void chains(void)
{
	u64 end = board.memory[0].base + board.memory[0].size, d = (u64)data, t = (u64)table;
	unsigned int i;

	chain("a chain of itself", 0, d, 16, NEXT, 0);
	chain("an empty loop", 0, d, 0, NEXT, 0);
	chain("next behind the table", 0, d, 16, NEXT, 0xffff);
	chain("over the end of RAM", 0, end - 8, 64, 0, 0);
	chain("round the address space", 0, ~0UL - 7, 64, 0, 0);
	chain("4 GiB", 0, d, 0xffffffff, 0, 0);
	chain("of a device", 0, board.uart, 64, 0, 0);
	chain("nowhere", 0, 0x10000, 64, WRITE, 0);
	chain("all written", 0, d, 64, WRITE, 0);
	chain("all read", 0, d, 16, 0, 0);
	chain("of no bytes", 0, d, 0, 0, 0);
	chain("indirect, not negotiated", 0, t, 16, INDIRECT, 0);
	chain("indirect and next", INDIRECT_DESC, t, 16, INDIRECT | NEXT, 1);
	chain("indirect of no whole entry", INDIRECT_DESC, t, 17, INDIRECT, 0);
	chain("indirect of nothing", INDIRECT_DESC, t, 0, INDIRECT, 0);
	chain("indirect nowhere", INDIRECT_DESC, 0x10000, 64, INDIRECT, 0);
	chain("indirect over the end", INDIRECT_DESC, end - 16, 64, INDIRECT, 0);
	chain("indirect of 4 GiB", INDIRECT_DESC, t, 0xfffffff0, INDIRECT, 0);
	set_desc(&table[0], t, 16, INDIRECT, 0);
	chain("indirect nested", INDIRECT_DESC, t, 16, INDIRECT, 0);
	for (i = 0; i < N; i++) {
		set_desc(&table[i], d, 8, NEXT, (u16)((i + 1) % N));
	}
	chain("indirect loop", INDIRECT_DESC, t, sizeof(table), INDIRECT, 0);
	set_desc(&table[1], d, 8, NEXT, 99);
	chain("indirect next behind it", INDIRECT_DESC, t, sizeof(table), INDIRECT, 0);
	start(0);
	set_desc(&ring.desc[0], d, 16, NEXT | WRITE, 1);
	set_desc(&ring.desc[1], d, 16, 0, 0);
	offer(0);
	over("written before read");
	start(0);
	offer(0xffff);
	over("a head behind the table");
	start(0);
	ring.avail[1] = 0x7fff;
	wr(R_NOTIFY, dev->queue);
	over("an index that jumps");
	start(F_EVENT_IDX);
	ring.avail[1] = 0xffff;
	wr(R_NOTIFY, dev->queue);
	over("an index that goes back");
	start(0);
	set_desc(&ring.desc[0], d, 16, 0, 0);
	for (i = 0; i < N; i++) {
		ring.avail[2 + i] = 0;
	}
	dsb();
	ring.avail[1] = N;
	wr(R_NOTIFY, dev->queue);
	over("one descriptor many times");
	start(0);
	set_desc(&ring.desc[0], (u64)ring.used, 64, NEXT, 1);
	set_desc(&ring.desc[1], (u64)&ring, sizeof(ring), WRITE, 0);
	offer(0);
	over("the ring as its own buffer");
}

/* ---- Registers, at the wrong moment */

static void moments(void)
{
	unsigned int i;

	start(0);
	for (i = 0; i < 64; i++) {
		mmio_write8(dev->base + R_CONFIG + i, 0xff);
	}
	set_queue(4, 0x10000, 0x10000, 0x10000);
	wr(R_FEATURES, ~0U);
	wr(R_STATUS, 0xff);
	failures += !honest();
	over("configuration while it runs");
	for (i = 0; i < 200; i++) {
		start(0);
		set_desc(&ring.desc[0], (u64)data, 16, NEXT, 1);
		set_desc(&ring.desc[1], (u64)data, 4096, WRITE, 0);
		offer(0);
		wr(R_STATUS, 0);
		failures += rd(R_STATUS) != 0;
	}
	over("reset with a request on its way");
	start(0);
	for (i = 0; i < 20000; i++) {
		wr(R_NOTIFY, i & 1 ? dev->queue : i);
	}
	over("a flood of notifications");
	wr(R_STATUS, 0);
	wr(R_STATUS, 4);
	wr(R_NOTIFY, dev->queue);
	over("DRIVER_OK and nothing else");
}

/* ---- From another CPU */

/* What the first CPU offers changes all the time, and the device is notified and reset from here, too. */
static void rewrite(void *arg)
{
	u64 places[] = { (u64)data, 0x10000, board.uart, ~0xfUL, (u64)&ring }, n = 0;

	while (!stop) {
		volatile struct desc *d = &ring.desc[n % 3];

		d->addr = places[n % 5];
		d->len = (u32)(n * 2654435761U);
		d->flags = (u16)n & 7;
		d->next = (u16)(n >> 3) & 15;
		ring.avail[1]++;
		n++;
		if (arg && n % 64 == 0) {
			wr(R_NOTIFY, dev->queue);
		}
		if (arg && n % 1024 == 0) {
			wr(R_STATUS, 0);
		}
	}
}

static void two_cpus(void)
{
	unsigned int round, i;

	for (round = 0; board.nr_cpus > 1 && round < 2; round++) {
		stop = false;
		if (smp_start(1, rewrite, (void *)(u64)round) != 0) {
			failures++;
			return;
		}
		for (i = 0; i < 300; i++) {
			start(INDIRECT_DESC);
			set_desc(&ring.desc[0], (u64)data, 16, NEXT, 1);
			set_desc(&ring.desc[1], (u64)data + 512, 512, NEXT | WRITE, 2);
			set_desc(&ring.desc[2], (u64)data + 4096, 1, WRITE, 0);
			offer(0);
			wr(R_NOTIFY, dev->queue);
		}
		stop = true;
		failures += !smp_wait_off(1);
		over(round ? "two CPUs notify and reset" : "descriptors rewritten in use");
	}
}

static void find(const struct fdt_node *node)
{
	u64 base, size;

	if (nr_devices < 4 && fdt_is_compatible(node, "virtio,mmio") && fdt_reg(node, 0, &base, &size)) {
		dev = &devices[nr_devices++];
		dev->base = base;
		dev->id = rd(R_ID);
		dev->queue = dev->id == 1; /* a card's second is the one that sends */
	}
}

static void honest_work(u64 seconds)
{
	u64 end = timer_count() + seconds * timer_frequency(), rounds = 0;
	unsigned int i;

	while (timer_count() < end && failures == 0) {
		for (i = 0; i < nr_devices; i++) {
			dev = &devices[i];
			if (rounds % 1000 == 0) {
				start(0);
			}
			failures += !honest() || rd(R_STATUS) != 15;
		}
		rounds++;
	}
	printf("HONEST: %u failed, %lu rounds\n", failures, rounds);
}

void guest_main(void)
{
	u64 seconds = board_arg_number("honest", 0);
	unsigned int i;

	mmu_on();
	gic_init();
	fdt_walk(board.fdt, find);
	if (seconds != 0) {
		honest_work(seconds);
		return;
	}
	for (i = 0; i < nr_devices; i++) {
		dev = &devices[i];
		rings();
		chains();
		moments();
		two_cpus();
	}
	printf("VHOSTILE: %u deeds on %u devices, %u failures\n", deeds, nr_devices, failures);
}
