/* SPDX-License-Identifier: Apache-2.0 */
/* Chains of descriptors that a split ring must not have. */
#include "vhostile.h"

static void chain(const char *what, u32 features, u64 addr, u32 len, u16 flags, u16 next)
{
	start(features);
	set_desc(&ring.desc[0], addr, len, flags, next);
	offer(0);
	over(what);
}

void chains(void)
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
	chain("indirect and next", F_INDIRECT, t, 16, INDIRECT | NEXT, 1);
	chain("indirect of no whole entry", F_INDIRECT, t, 17, INDIRECT, 0);
	chain("indirect of nothing", F_INDIRECT, t, 0, INDIRECT, 0);
	chain("indirect nowhere", F_INDIRECT, 0x10000, 64, INDIRECT, 0);
	chain("indirect over the end", F_INDIRECT, end - 16, 64, INDIRECT, 0);
	chain("indirect of 4 GiB", F_INDIRECT, t, 0xfffffff0, INDIRECT, 0);
	set_desc(&table[0], t, 16, INDIRECT, 0);
	chain("indirect nested", F_INDIRECT, t, 16, INDIRECT, 0);
	for (i = 0; i < N; i++) {
		set_desc(&table[i], d, 8, NEXT, (u16)((i + 1) % N));
	}
	chain("indirect loop", F_INDIRECT, t, sizeof(table), INDIRECT, 0);
	set_desc(&table[1], d, 8, NEXT, 99);
	chain("indirect next behind it", F_INDIRECT, t, sizeof(table), INDIRECT, 0);
	start(0);
	set_desc(&ring.desc[0], d, 16, NEXT | WRITE, 1);
	set_desc(&ring.desc[1], d, 16, 0, 0);
	offer(0);
	over("written before read");
	for (i = 0; i < N; i++) {
		table[i] = (struct desc){ d, ~0U, NEXT, (u16)((i + 1) % N) };
	}
	chain("indirect loop of 4 GiB pieces", F_INDIRECT, t, sizeof(table), INDIRECT, 0);
	/* A request that is short of something must not stop the queue. */
	start(0);
	set_desc(&ring.desc[0], d, 4, 0, 0);
	offer(0);
	if (!(rd(R_STATUS) & NEEDS_RESET)) {
		failures += !honest();
	}
	over("a head alone, then a good one");
	start(0);
	offer(0xffff);
	over("a head behind the table");
	start(0);
	avail()[1] = 0x7fff;
	wr(R_NOTIFY, dev->queue);
	over("an index that jumps");
	start(F_EVENT_IDX);
	avail()[1] = 0xffff;
	wr(R_NOTIFY, dev->queue);
	over("an index that goes back");
	start(0);
	set_desc(&ring.desc[0], d, 16, 0, 0);
	for (i = 0; i < N; i++) {
		avail()[2 + i] = 0;
	}
	dsb();
	avail()[1] = N;
	wr(R_NOTIFY, dev->queue);
	over("one descriptor many times");
	start(0);
	set_desc(&ring.desc[0], (u64)ring.used, 64, NEXT, 1);
	set_desc(&ring.desc[1], (u64)&ring, sizeof(ring), WRITE, 0);
	offer(0);
	over("the ring as its own buffer");
}
