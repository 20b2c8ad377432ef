/* SPDX-License-Identifier: Apache-2.0 */
/* Where rings are, registers at the wrong moment, and the same from two CPUs. */
#include "vhostile.h"

static volatile bool stop;

void rings(void)
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

/* The same by PFN (virtio 1.2 4.2.4): one number, a page size, an alignment. */
void legacy_rings(void)
{
	static const u32 pages[] = { 0, 1, 3, 2048, 4095, 0x80000000, 0xffffffff }, sizes[] = { 0, 3, 512, 0x10000, ~0U };
	u64 end = board.memory[0].base + board.memory[0].size;
	const u64 places[] = { 0x10000, board.uart, board.gicd, dev->base, end, end - 4096, 0xffffffffUL << 12 };
	unsigned int i;

	for (i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
		wr(R_STATUS, 0);
		wr(R_STATUS, 3);
		wr(R_PAGE_SIZE, pages[i]);
		set_queue(N, (u64)ring.desc, 0, 0);
		failures += rd(R_PFN) != 0;
		wr(R_STATUS, 7);
		wr(R_NOTIFY, dev->queue);
	}
	over("page sizes");
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		negotiate(0, 0);
		set_queue(sizes[i], (u64)ring.desc, 0, 0);
		failures += rd(R_PFN) != 0;
		wr(R_STATUS, 7);
		wr(R_NOTIFY, dev->queue);
	}
	over("sizes of rings");
	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		negotiate(0, 0);
		set_queue(N, places[i], 0, 0);
		failures += rd(R_PFN) != 0;
		wr(R_STATUS, 7);
		wr(R_NOTIFY, dev->queue);
	}
	over("places of rings");
	/* The last page there is, of pages of 64 KiB; the used ring pushed behind the end of RAM by its alignment. */
	negotiate(0, 0);
	wr(R_PAGE_SIZE, 65536);
	wr(R_SEL, dev->queue);
	wr(R_NUM, N);
	wr(R_PFN, ~0U);
	failures += rd(R_PFN) != 0;
	over("the last PFN");
	negotiate(0, 0);
	wr(R_SEL, dev->queue);
	wr(R_NUM, N);
	wr(R_ALIGN, 65536);
	wr(R_PFN, (u32)((end - 4096) / 4096));
	failures += rd(R_PFN) != 0;
	over("an alignment over the end of RAM");
	for (i = 0; i < 4; i++) {
		negotiate(0, 0);
		wr(R_SEL, dev->queue);
		wr(R_NUM, N);
		wr(R_ALIGN, (u32[]){ 0, 3, 0x80000000, ~0U }[i]);
		wr(R_PFN, (u32)((u64)ring.desc / 4096));
		wr(R_STATUS, 7);
		failures += !honest(); /* as if it had not been written */
	}
	over("alignments that are none");
	start(0);
	wr(R_PFN, (u32)(end / 4096));	/* it runs already */
	failures += !honest();
	wr(R_PFN, 0);			/* and now no more */
	wr(R_NOTIFY, dev->queue);
	wr(R_PFN, 1);
	wr(R_NOTIFY, dev->queue);
	over("PFN while it runs");
	/* Registers of the other layout are not there. */
	negotiate(0, 0);
	for (i = R_READY; i < R_CONFIG; i += 4) {
		if (i != R_NOTIFY && i != R_STATUS && i != R_ACK) {
			wr(i, 1);
		}
	}
	wr(R_STATUS, 7);
	wr(R_NOTIFY, dev->queue);
	over("registers of the modern layout");
}

void moments(void)
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
		avail()[1]++;
		n++;
		if (arg && n % 64 == 0) {
			wr(R_NOTIFY, dev->queue);
		}
		if (arg && n % 1024 == 0) {
			wr(R_STATUS, 0);
		}
	}
}

void two_cpus(void)
{
	unsigned int round, i;

	for (round = 0; board.nr_cpus > 1 && round < 2; round++) {
		stop = false;
		if (smp_start(1, rewrite, (void *)(u64)round) != 0) {
			failures++;
			return;
		}
		for (i = 0; i < 300; i++) {
			start(F_INDIRECT);
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
