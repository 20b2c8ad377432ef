/* SPDX-License-Identifier: Apache-2.0 */
/* Packed rings (virtio 1.2 2.8): descriptors of a ring without indices, taken by their wrap bits. */
#include "vhostile.h"

/* An empty packed ring; false if the device has none. */
static bool start_packed(u32 features, u32 size)
{
	negotiate(features, F_HIGH_PACKED);
	if (!(rd(R_STATUS) & 8)) {
		return false;
	}
	set_queue(size, (u64)ring.desc, (u64)ring.avail, (u64)ring.used);
	wr(R_STATUS, 15);
	return true;
}

/* Descriptor `i` in the first lap. */
static void put(unsigned int i, u64 addr, u32 len, u16 flags, u16 id)
{
	ring.desc[i].addr = addr;
	ring.desc[i].len = len;
	ring.desc[i].flags = id;
	dsb();
	ring.desc[i].next = flags | PACKED_AVAIL;
}

static void one(const char *what, u32 features, u64 addr, u32 len, u16 flags, u16 id)
{
	start_packed(features, N);
	put(0, addr, len, flags, id);
	wr(R_NOTIFY, dev->queue);
	over(what);
}

/* A right request in a fresh ring; the used descriptor has both bits. */
static bool honest_packed(void)
{
	u64 end = timer_count() + 20 * timer_frequency();
	struct desc d[3];
	unsigned int n = make_honest(d), i;

	for (i = n; i-- > 0;) {
		put(i, d[i].addr, d[i].len, d[i].flags, 5);
	}
	wr(R_NOTIFY, dev->queue);
	while ((ring.desc[0].next & (PACKED_AVAIL | PACKED_USED)) != (PACKED_AVAIL | PACKED_USED) &&
	       timer_count() < end) {
	}
	return ring.desc[0].flags == 5 && timer_count() < end;
}

void packed(void)
{
	u64 end = board.memory[0].base + board.memory[0].size, d = (u64)data, t = (u64)table;
	static const u32 sizes[] = { 0, 257, 0x8000, 0xffff, 0x10001 };
	unsigned int i;

	if (!start_packed(0, 7)) {
		return;
	}
	failures += !honest_packed(); /* any size will do */
	over("packed, of seven");
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		start_packed(0, sizes[i]);
		failures += rd(R_READY) != 0;
		wr(R_NOTIFY, dev->queue);
	}
	over("packed, sizes");
	one("packed, nowhere", 0, 0x10000, 64, WRITE, 0);
	one("packed, of a device", 0, board.uart, 64, 0, 0);
	one("packed, over the end of RAM", 0, end - 8, 64, 0, 0);
	one("packed, round the address space", 0, ~0UL - 7, 64, 0, 0);
	one("packed, 4 GiB", 0, d, ~0U, 0, 0);
	one("packed, of no bytes", 0, d, 0, 0, 0xffff);
	one("packed, used and available", 0, d, 16, PACKED_USED, 0);
	one("packed, indirect, not negotiated", 0, t, 16, INDIRECT, 0);
	one("packed, indirect and next", F_INDIRECT, t, 16, INDIRECT | NEXT, 0);
	one("packed, indirect of no whole entry", F_INDIRECT, t, 17, INDIRECT, 0);
	one("packed, indirect of nothing", F_INDIRECT, t, 0, INDIRECT, 0);
	one("packed, indirect nowhere", F_INDIRECT, 0x10000, 64, INDIRECT, 0);
	one("packed, indirect of 4 GiB", F_INDIRECT, t, 0xfffffff0, INDIRECT, 0);
	set_desc(&table[0], t, 16, 0, INDIRECT);
	one("packed, indirect nested", F_INDIRECT, t, 16, INDIRECT, 0);
	set_desc(&table[0], d, 16, 0, WRITE);
	set_desc(&table[1], d, 16, 0, 0);
	one("packed, indirect written before read", F_INDIRECT, t, 32, INDIRECT, 0);
	start_packed(0, N);
	for (i = N; i-- > 0;) {
		put(i, d, 16, NEXT, (u16)i); /* the ring is full, the chain has no end */
	}
	wr(R_NOTIFY, dev->queue);
	over("packed, a chain of all");
	start_packed(0, N);
	put(1, d, 16, 0, 0);
	put(0, d, 16, NEXT | WRITE, 0);
	wr(R_NOTIFY, dev->queue);
	over("packed, written before read");
	/* The driver's event structure: flags that are reserved, an offset behind the ring. */
	start_packed(F_EVENT_IDX, N);
	ring.avail[0] = 0x7fff;
	ring.avail[1] = 3;
	failures += !honest_packed();
	over("packed, events");
	for (i = 0; i < 300; i++) {
		unsigned int n;

		if (i % 16 == 0) {
			start_packed(F_INDIRECT | F_EVENT_IDX, N);
		}
		for (n = 0; n < N; n++) {
			put(n, any() & 1 ? d : any(), (u32)any() & (any() & 1 ? 0x3ff : ~0U), (u16)any(), (u16)any());
		}
		ring.avail[any() & 1] = (u16)any();
		wr(R_NOTIFY, dev->queue);
	}
	over("packed, anything");
}
