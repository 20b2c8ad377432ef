/* SPDX-License-Identifier: Apache-2.0 */
/* The part of a driver that keeps the rules. */
#include "vhostile.h"

struct ring ring;
struct desc table[N] __attribute__((aligned(16)));
u8 data[8192] __attribute__((aligned(4096)));
struct device *dev;
unsigned int failures;

u32 rd(u32 off)
{
	return mmio_read32(dev->base + off);
}

void wr(u32 off, u32 value)
{
	dsb();
	mmio_write32(dev->base + off, value);
}

const char *name_of(void)
{
	static const char *const names[] = { "?", "net", "blk", "console", "entropy" };

	return dev->id == VSOCK ? "vsock" : names[dev->id < 5 ? dev->id : 0];
}

static void set_area(u32 off, u64 addr)
{
	wr(off, (u32)addr);
	wr(off + 4, (u32)(addr >> 32));
}

void set_desc(volatile struct desc *d, u64 addr, u32 len, u16 flags, u16 next)
{
	d->addr = addr;
	d->len = len;
	d->flags = flags;
	d->next = next;
}

void negotiate(u32 low, u32 high)
{
	unsigned int i;

	wr(R_STATUS, 0);
	for (i = 0; rd(R_STATUS) != 0 && i < 1000000; i++) {
	}
	memset((void *)&ring, 0, sizeof(ring));
	wr(R_STATUS, 3);
	wr(R_FEATURES_SEL, 0);
	wr(R_FEATURES, low);
	if (dev->legacy) {
		wr(R_PAGE_SIZE, 4096);
		return;
	}
	wr(R_FEATURES_SEL, 1);
	wr(R_FEATURES, high | 1);
	wr(R_STATUS, 11);
}

void set_queue(u32 size, u64 desc, u64 driver, u64 device)
{
	wr(R_SEL, dev->queue);
	wr(R_NUM, size);
	if (dev->legacy) {
		wr(R_ALIGN, 4096);
		wr(R_PFN, (u32)(desc / 4096));
		return;
	}
	set_area(R_DESC, desc);
	set_area(R_DRIVER, driver);
	set_area(R_DEVICE, device);
	wr(R_READY, 1);
}

void start(u32 features)
{
	negotiate(features, 0);
	set_queue(N, (u64)ring.desc, (u64)ring.avail, (u64)ring.used);
	wr(R_STATUS, dev->legacy ? 7 : 15);
}

volatile u16 *avail(void)
{
	return dev->legacy ? ring.legacy_avail : ring.avail;
}

volatile u16 *used(void)
{
	return dev->legacy ? ring.avail : ring.used; /* the page behind the descriptors' */
}

void offer(u16 head)
{
	volatile u16 *a = avail();
	u16 idx = a[1];

	a[2 + idx % N] = head;
	dsb();
	a[1] = idx + 1;
	wr(R_NOTIFY, dev->queue);
}

/* A sector of a disk, a frame to everybody, a byte to print, random bytes, a packet to a socket that is not there. */
unsigned int make_honest(volatile struct desc *d)
{
	memset(data, 0, 64);
	switch (dev->id) {
	case BLK:
		*(volatile u64 *)(data + 8) = 7;
		data[4096] = 0xee;
		set_desc(&d[0], (u64)data, 16, NEXT, 1);
		set_desc(&d[1], (u64)data + 512, 512, NEXT | WRITE, 2);
		set_desc(&d[2], (u64)data + 4096, 1, WRITE, 0);
		return 3;
	case NET:
		memset(data + 12, 0xff, 6);
		memcpy(data + 18, (u8[]){ 0x52, 0x54, 0, 0, 0, 9, 0x88, 0xb5 }, 8);
		set_desc(&d[0], (u64)data, 76, 0, 0);
		return 1;
	case VSOCK:
		*(volatile u64 *)(data + 0) = 3;		/* from; to the host */
		*(volatile u64 *)(data + 8) = 2;
		*(volatile u32 *)(data + 16) = 77;
		*(volatile u32 *)(data + 20) = 78;
		*(volatile u32 *)(data + 28) = 1 | 3 << 16;	/* a stream, RST */
		set_desc(&d[0], (u64)data, 44, 0, 0);
		return 1;
	case ENTROPY:
		set_desc(&d[0], (u64)data, 16, WRITE, 0);
		return 1;
	default:
		data[0] = '\n';
		set_desc(&d[0], (u64)data, 1, 0, 0);
		return 1;
	}
}

bool honest(void)
{
	volatile u16 *u = used();
	u16 before = u[1];
	u64 end = timer_count() + 20 * timer_frequency();

	make_honest(ring.desc);
	offer(0);
	while (u[1] == before && timer_count() < end) {
	}
	wr(R_ACK, rd(R_ISR));
	return u[1] != before && (dev->id != BLK || data[4096] == 0);
}

void over(const char *what)
{
	static unsigned int deeds;
	u32 status = rd(R_STATUS);
	bool good;

	start(F_INDIRECT);
	good = rd(R_STATUS) == (dev->legacy ? 7 : 15) && honest();
	failures += !good;
	printf("deed %u on %s%s, %s: %s, %s\n", ++deeds, dev->legacy ? "legacy " : "", name_of(), what,
	       (status & NEEDS_RESET) ? "refused" : "ignored", good ? "works again" : "VHOSTILE-FAIL");
}
