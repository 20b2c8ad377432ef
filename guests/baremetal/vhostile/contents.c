/* SPDX-License-Identifier: Apache-2.0 */
/* Rings that are right, and requests in them that are not. */
#include "vhostile.h"

#define R_DEVICE_FEATURES	0x10
#define R_DEVICE_FEATURES_SEL	0x14
#define NET_CSUM		BIT(0)
#define NET_TSO			(BIT(11) | BIT(12))
#define QUEUES			16U

/* Bytes that are often small: numbers that mean something. */
static void fill(u8 *p, unsigned int n)
{
	while (n-- > 0) {
		u64 r = any();

		*p++ = (u8)(r & 0x300 ? r & 3 : r);
	}
}

static u32 offered(void)
{
	wr(R_DEVICE_FEATURES_SEL, 0);
	return rd(R_DEVICE_FEATURES);
}

static bool has_queue(unsigned int q)
{
	wr(R_SEL, q);
	return rd(R_NUM_MAX) != 0;
}

/* A chain of up to four pieces, the read ones first. */
static void offer_any(void)
{
	unsigned int n = 1 + any() % 4, out = any() % (n + 1), i;

	fill(data, 256);
	for (i = 0; i < n; i++) {
		u32 len = (u32)(any() & 3 ? any() % 64 : any() % 4096);

		set_desc(&ring.desc[i], (u64)data + any() % 128, len, (i < out ? 0 : WRITE) | (i + 1 < n ? NEXT : 0), (u16)(i + 1));
	}
	offer(0);
}

static void any_requests(void)
{
	unsigned int mine = dev->queue, i;
	u32 all = offered();

	for (dev->queue = 0; dev->queue < QUEUES; dev->queue++) {
		if (has_queue(dev->queue)) {
			start(all);
			for (i = 0; i < 300; i++) {
				offer_any();
			}
		}
	}
	dev->queue = mine;
	over("anything on each queue");
	negotiate(all, 0);
	for (dev->queue = 0; dev->queue < QUEUES; dev->queue++) {
		if (has_queue(dev->queue)) {
			set_queue(N, (u64)ring.desc, (u64)ring.avail, (u64)ring.used);
		}
	}
	wr(R_STATUS, dev->legacy ? 7 : 15);
	for (i = 0; i < 1000; i++) {
		dev->queue = any() % QUEUES;
		offer_any();
	}
	dev->queue = mine;
	over("all queues in one ring");
}

/* Only what is missing is told of: a status, and the disk goes on. */
static void disk_requests(void)
{
	static const struct {
		u32 type, len, to;	/* `to`: the data are the device's to write */
		u64 sector;
	} bad[] = {
		{ 0, 512, 1, ~0UL }, { 0, 512, 1, 1UL << 55 }, { 0, 512, 1, 0x100000 }, { 0, 511, 1, 0 }, { 0, 513, 1, 0 },
		{ 1, 512, 0, ~0UL }, { 1, 512, 0, 0x100000 }, { 1, 1, 0, 0 }, { 11, 16, 0, ~0UL }, { 13, 16, 0, 0 },
		{ 11, 15, 0, 0 }, { 11, 17, 0, 0 }, { 13, 4096, 0, 0 }, { 99, 512, 1, 0 }, { ~0U, 512, 0, 0 },
		{ 0, 512, 0, 0 }, { 1, 512, 1, 0 },
	};
	unsigned int i;

	start(0);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		volatile u16 *u = used();
		u16 before = u[1];
		u64 end = timer_count() + 20 * timer_frequency();

		memset(data, 0, 64);
		memset(data + 512, 0xff, 4096 - 512);	/* as ranges: all ones */
		*(volatile u32 *)data = bad[i].type;
		*(volatile u64 *)(data + 8) = bad[i].sector;
		data[4096] = 0xee;
		set_desc(&ring.desc[0], (u64)data, 16, NEXT, 1);
		set_desc(&ring.desc[1], (u64)data + 512, bad[i].len, NEXT | (bad[i].to ? WRITE : 0), 2);
		set_desc(&ring.desc[2], (u64)data + 4096, 1, WRITE, 0);
		offer(0);
		while (u[1] == before && timer_count() < end) {
		}
		/* A write without bytes to write, and a read without room, may also be good. */
		if (u[1] == before || (data[4096] != 1 && data[4096] != 2 && i < 15)) {
			printf("VHOSTILE-FAIL request %u: status %u\n", i, data[4096]);
			failures++;
		}
	}
	failures += !honest();	/* without a reset */
	over("requests for what is not there");
	/* The same good request in as many pieces as there are descriptors. */
	start(0);
	make_honest(ring.desc);
	set_desc(&ring.desc[0], (u64)data, 3, NEXT, 1);
	set_desc(&ring.desc[1], (u64)data + 3, 13, NEXT, 2);
	set_desc(&ring.desc[2], (u64)data + 512, 1, NEXT | WRITE, 3);
	set_desc(&ring.desc[3], (u64)data + 513, 500, NEXT | WRITE, 4);
	set_desc(&ring.desc[4], (u64)data + 1013, 11, NEXT | WRITE, 5);
	set_desc(&ring.desc[5], (u64)data + 4096, 1, WRITE, 0);
	data[4096] = 0xee;
	offer(0);
	delay_us(100000);
	failures += data[4096] != 0 || used()[1] != 1;
	over("a request in six pieces");
}

/* Offload headers of any content in front of frames to everybody. */
static void frames(void)
{
	unsigned int i;

	start(NET_CSUM | NET_TSO);
	for (i = 0; i < 600; i++) {
		u32 len = (u32)(14 + any() % 1600);

		fill(data, 12);
		data[0] = (u8)(any() & 3);
		data[1] = (u8)(any() & 0x87);
		fill(data + 12, 128);
		memset(data + 12, 0xff, 6);
		memcpy(data + 18, (u8[]){ 0x52, 0x54, 0, 0, 0, 9, i & 1 ? 0x86 : 0x08, i & 1 ? 0xdd : 0x00 }, 8);
		data[26] = i & 1 ? 0x60 : 0x45;
		data[i & 1 ? 32 : 35] = 6;
		set_desc(&ring.desc[0], (u64)data, i % 3 ? len : 12 + len % 60, 0, 0);
		offer(0);
	}
	over("offload headers");
}

/* To the monitor's shell, to a neighbour, to nobody, nearly right; nothing that comes back is received. */
static void packets(void)
{
	static const u32 ports[4] = { 23, 5, 6, ~0U }, lengths[4] = { 0, 5, 300, 70000 };
	unsigned int i;

	start(2);	/* SEQPACKET */
	for (i = 0; i < 2000; i++) {
		u64 r = any(), end = timer_count() + timer_frequency();
		u32 len = lengths[r >> 32 & 3], real = len > 300 ? 300 : len;

		memset(data, 0, 44);
		*(volatile u64 *)(data + 0) = r & 15 ? 3 : r >> 4 & 7;
		*(volatile u64 *)(data + 8) = 2 + (r >> 8 & 3);
		*(volatile u32 *)(data + 16) = ports[r >> 10 & 3];
		*(volatile u32 *)(data + 20) = ports[r >> 12 & 3];
		*(volatile u32 *)(data + 24) = r >> 14 & 15 ? len : (u32)any();
		*(volatile u32 *)(data + 28) = (r >> 18 & 15 ? 1 : (u32)(r >> 34 & 3)) | (u32)(r >> 22) % 9 << 16;
		*(volatile u32 *)(data + 32) = r >> 40 & 3;
		*(volatile u32 *)(data + 36) = (u32)any();
		*(volatile u32 *)(data + 40) = (u32)any();
		memcpy(data + 44, "help\r", 5);
		set_desc(&ring.desc[0], (u64)data, 44, NEXT, 1);
		set_desc(&ring.desc[1], (u64)data + 44, real, 0, 0);
		offer(0);
		while (used()[1] != avail()[1] && timer_count() < end) {
		}
		failures += used()[1] != avail()[1];	/* it is not held up for ever */
	}
	over("packets of all kinds");
}

void contents(void)
{
	if (!dev->legacy) {
		wr(R_STATUS, 0);
		wr(R_STATUS, 3);
		wr(R_FEATURES_SEL, 0);
		wr(R_FEATURES, ~0U);
		wr(R_FEATURES_SEL, 1);
		wr(R_FEATURES, ~0U);
		wr(R_STATUS, 11);
		failures += (rd(R_STATUS) & 8) != 0;
		over("features nobody offered");
	}
	any_requests();
	if (dev->id == BLK) {
		disk_requests();
	} else if (dev->id == NET) {
		frames();
	} else if (dev->id == VSOCK) {
		packets();
	}
}
