/* SPDX-License-Identifier: Apache-2.0 */
/* Virtqueues as a driver builds them, well and badly. */
#include <errno.h>
#include "tests/unit/test.h"
#include "tests/unit/virtq_util.h"
#include "vdev/virtio/queue.h"

static struct vm vm;
static struct vdev dev;
static struct virtq q;
static struct driver drv;
static struct virtq_chain c;

static void setup(u16 size, bool packed)
{
	host_init();
	memset(&vm, 0, sizeof(vm));
	give_ram(&vm);
	dev = (struct vdev){ .vm = &vm };
	drv = (struct driver){ .ring = RING_IPA, .size = size };
	q = (struct virtq){ .dev = &dev, .max = 256 };
	virtq_reset(&q);
	q.size = size;
	q.packed = packed;
	q.indirect = true;
	q.addr[0] = RING_IPA;
	q.addr[1] = RING_IPA + 0x1000;
	q.addr[2] = RING_IPA + 0x2000;
	if (virtq_enable(&q) != 0) {
		test_fail(__FILE__, __LINE__, "the queue is refused");
	}
}

static void request_and_answer(void)
{
	struct virtq_at out = { 0 }, in = { 0 };
	u32 id, len;
	char buf[16] = { 0 };

	setup(8, false);
	memcpy(at_ipa(DATA_IPA), "question", 8);
	put_desc(RING_IPA, 5, DATA_IPA, 3, D_NEXT, 2);
	put_desc(RING_IPA, 2, DATA_IPA + 3, 5, D_NEXT, 7);
	put_desc(RING_IPA, 7, DATA_IPA + 0x100, 4, D_WRITE, 0);
	CHECK_EQ(virtq_pop(&q, &c), 0);
	offer(&drv, 5);
	REQUIRE(virtq_pop(&q, &c) == 1);
	CHECK_EQ(c.out, 2);
	CHECK_EQ(c.in, 1);
	CHECK_EQ(c.out_len, 8);
	CHECK_EQ(c.in_len, 4);
	CHECK_EQ(virtq_read(&c, &out, buf, 5), 5);
	CHECK_MEM(buf, "quest", 5);
	CHECK_EQ(virtq_read(&c, &out, buf, 16), 3);
	CHECK_MEM(buf, "ion", 3);
	CHECK_EQ(virtq_write(&c, &in, "answer", 6), 4);
	CHECK_MEM(at_ipa(DATA_IPA + 0x100), "answ", 4);
	virtq_write_last(&c, 0x7f);
	CHECK_MEM(at_ipa(DATA_IPA + 0x100), "ans\x7f", 4);
	virtq_push(&q, &c, 4);
	REQUIRE(take_used(&drv, &id, &len));
	CHECK_EQ(id, 5);
	CHECK_EQ(len, 4);
	CHECK_EQ(virtq_pop(&q, &c), 0);
}

static void indices_wrap(void)
{
	u32 id, len;

	setup(4, false);
	for (u32 n = 0; n < 70000; n++) {
		put_desc(RING_IPA, n % 4, DATA_IPA, n % 100 + 1, D_WRITE, 0);
		offer(&drv, n % 4);
		REQUIRE(virtq_pop(&q, &c) == 1);
		REQUIRE(c.in_len == n % 100 + 1);
		virtq_push(&q, &c, n);
		REQUIRE(take_used(&drv, &id, &len));
		REQUIRE(id == n % 4 && len == n);
	}
}

static void indirect_table(void)
{
	setup(4, false);
	put_desc(DATA_IPA, 0, DATA_IPA + 0x1000, 16, D_NEXT, 2);
	put_desc(DATA_IPA, 2, DATA_IPA + 0x2000, 512, D_WRITE | D_NEXT, 1);
	put_desc(DATA_IPA, 1, DATA_IPA + 0x3000, 1, D_WRITE, 0);
	put_desc(RING_IPA, 3, DATA_IPA, 48, D_INDIRECT, 0);
	offer(&drv, 3);
	REQUIRE(virtq_pop(&q, &c) == 1);
	CHECK_EQ(c.id, 3);
	CHECK_EQ(c.out_len, 16);
	CHECK_EQ(c.in_len, 513);
	CHECK(c.seg[1].p == (u8 *)at_ipa(DATA_IPA + 0x2000));
}

/* A buffer across two pieces of the VM's RAM becomes two segments. */
static void buffer_across_pieces(void)
{
	setup(4, false);
	put_desc(RING_IPA, 0, RAM_IPA + RAM_SIZE / 2 - 10, 30, D_WRITE, 0);
	offer(&drv, 0);
	REQUIRE(virtq_pop(&q, &c) == 1);
	CHECK_EQ(c.in, 2);
	CHECK_EQ(c.seg[0].len, 10);
	CHECK_EQ(c.seg[1].len, 20);
}

/* What no driver may do: each breaks the queue, which then gives nothing more. */
static void broken_rings(void)
{
	static const struct {
		u64 addr;
		u32 len;
		u16 flags, next;
	} bad[] = {
		{ DATA_IPA, 1, D_NEXT, 0 },                         /* a loop */
		{ DATA_IPA, 1, D_NEXT, 8 },                         /* next beyond the ring */
		{ RAM_IPA - 1, 1, 0, 0 },                           /* no memory */
		{ RAM_IPA + RAM_SIZE - 1, 2, D_WRITE, 0 },          /* beyond the end */
		{ ~0UL - 3, 8, 0, 0 },                              /* wraps */
		{ 0x1c090000, 4, D_WRITE, 0 },                      /* a device */
		{ DATA_IPA, 0, D_INDIRECT, 0 },                     /* an empty table */
		{ DATA_IPA, 17, D_INDIRECT, 0 },                    /* half a descriptor */
		{ DATA_IPA, 16, D_INDIRECT | D_NEXT, 1 },           /* a table in a chain */
		{ RAM_IPA + RAM_SIZE - 8, 16, D_INDIRECT, 0 },      /* a table beyond the end */
		{ DATA_IPA + 0x800, 32, D_INDIRECT, 0 },            /* a table in a table */
		{ DATA_IPA + 0x900, 16, D_INDIRECT, 0 },            /* next beyond the table */
		{ DATA_IPA + 0xa00, 16 * 300, D_INDIRECT, 0 },      /* more pieces than a request has */
	};

	for (u32 i = 0; i < ARRAY_SIZE(bad); i++) {
		setup(8, false);
		put_desc(DATA_IPA + 0x800, 0, DATA_IPA, 16, D_INDIRECT, 0);
		put_desc(DATA_IPA + 0x900, 0, DATA_IPA, 16, D_NEXT, 1);
		for (u32 k = 0; k < 300; k++) {
			put_desc(DATA_IPA + 0xa00, k, DATA_IPA, 1, D_NEXT, (u16)(k + 1));
		}
		put_desc(RING_IPA, 0, bad[i].addr, bad[i].len, bad[i].flags, bad[i].next);
		offer(&drv, 0);
		if (virtq_pop(&q, &c) != -EIO) {
			test_fail(__FILE__, __LINE__, "row %u is taken", i);
		}
		put_desc(RING_IPA, 0, DATA_IPA, 1, 0, 0);
		CHECK_EQ(virtq_pop(&q, &c), -EIO);
		virtq_reset(&q);
		CHECK_EQ(virtq_pop(&q, &c), 0);
	}
	setup(8, false); /* readable behind writable */
	put_desc(RING_IPA, 0, DATA_IPA, 1, D_WRITE | D_NEXT, 1);
	put_desc(RING_IPA, 1, DATA_IPA, 1, 0, 0);
	offer(&drv, 0);
	CHECK_EQ(virtq_pop(&q, &c), -EIO);
	setup(8, false); /* a head that does not exist */
	offer(&drv, 8);
	CHECK_EQ(virtq_pop(&q, &c), -EIO);
	setup(8, false); /* more requests than the ring holds */
	put16(avail_ipa(&drv) + 2, 9);
	CHECK_EQ(virtq_pop(&q, &c), -EIO);
	setup(8, false); /* not negotiated */
	q.indirect = false;
	put_desc(DATA_IPA, 0, DATA_IPA, 1, 0, 0);
	put_desc(RING_IPA, 0, DATA_IPA, 16, D_INDIRECT, 0);
	offer(&drv, 0);
	CHECK_EQ(virtq_pop(&q, &c), -EIO);
}

/*
 * Memory the guest may only read stays on the device's reading side: a table that writes first, even
 * nothing, has no more to read.
 */
static void read_only_is_not_written(void)
{
	for (u32 packed = 0; packed < 2; packed++) {
		setup(4, packed != 0);
		vm.ram[1].rom = true;
		if (packed != 0) {
			put_desc(DATA_IPA, 0, DATA_IPA, 0, 0, D_WRITE);
			put_desc(DATA_IPA, 1, RAM_IPA + RAM_SIZE / 2, 64, 0, 0);
			put_desc(RING_IPA, 0, DATA_IPA, 32, 7, D_INDIRECT | 0x80);
		} else {
			put_desc(DATA_IPA, 0, DATA_IPA, 0, D_WRITE | D_NEXT, 1);
			put_desc(DATA_IPA, 1, RAM_IPA + RAM_SIZE / 2, 64, 0, 0);
			put_desc(RING_IPA, 0, DATA_IPA, 32, D_INDIRECT, 0);
			offer(&drv, 0);
		}
		CHECK_EQ(virtq_pop(&q, &c), -EIO);
	}
}

static void queues_refused(void)
{
	setup(8, false);
	virtq_reset(&q);
	q.addr[0] = RING_IPA;
	q.addr[1] = RING_IPA + 0x1000;
	q.addr[2] = RING_IPA + 0x2000;
	q.size = 0;
	CHECK_EQ(virtq_enable(&q), -EINVAL);
	q.size = 6;
	CHECK_EQ(virtq_enable(&q), -EINVAL);
	q.size = 512;
	CHECK_EQ(virtq_enable(&q), -EINVAL);
	q.size = 8;
	q.addr[0] = RING_IPA + 8;
	CHECK_EQ(virtq_enable(&q), -EINVAL);
	q.addr[0] = RAM_IPA + RAM_SIZE - 64;
	CHECK_EQ(virtq_enable(&q), -EINVAL);
	q.addr[0] = ~0UL - 15;
	CHECK_EQ(virtq_enable(&q), -EINVAL);
	q.addr[0] = RING_IPA;
	vm.ram[0].rom = true; /* the used ring is written */
	CHECK_EQ(virtq_enable(&q), -EINVAL);
	vm.ram[0].rom = false;
	CHECK_EQ(virtq_enable(&q), 0);
}

static void push_n(u32 n)
{
	for (; n != 0; n--) {
		virtq_push(&q, &c, 0);
	}
}

static void interrupts_when_wanted(void)
{
	setup(8, false);
	CHECK(!virtq_should_tell(&q)); /* nothing to tell */
	push_n(1);
	CHECK(virtq_should_tell(&q));
	CHECK(!virtq_should_tell(&q));
	put16(avail_ipa(&drv), 1); /* VIRTQ_AVAIL_F_NO_INTERRUPT */
	push_n(1);
	CHECK(!virtq_should_tell(&q));
	q.event_idx = true; /* the flag does not count then */
	put16(avail_ipa(&drv) + 4 + 2 * 8, 4);
	push_n(2); /* used is 4: elements up to 3 */
	CHECK(!virtq_should_tell(&q));
	push_n(1);
	CHECK(virtq_should_tell(&q));
	push_n(3);
	CHECK(!virtq_should_tell(&q));
	put16(avail_ipa(&drv) + 4 + 2 * 8, 9);
	push_n(3);
	CHECK(virtq_should_tell(&q));
}

static void notifications_when_needed(void)
{
	setup(8, false);
	virtq_quiet(&q);
	CHECK_EQ(get16(used_ipa(&drv)), 1);
	CHECK(!virtq_listen(&q));
	CHECK_EQ(get16(used_ipa(&drv)), 0);
	offer(&drv, 0);
	CHECK(virtq_listen(&q)); /* came before the driver was told to notify */
	q.event_idx = true;
	put_desc(RING_IPA, 0, DATA_IPA, 1, 0, 0);
	REQUIRE(virtq_pop(&q, &c) == 1);
	CHECK(!virtq_listen(&q));
	CHECK_EQ(get16(used_ipa(&drv) + 4 + 8 * 8), 1);
}

static void put_back(void)
{
	struct virtq_mark m;

	setup(8, false);
	put_desc(RING_IPA, 3, DATA_IPA, 7, 0, 0);
	offer(&drv, 3);
	m = virtq_mark(&q);
	REQUIRE(virtq_pop(&q, &c) == 1);
	virtq_rewind(&q, m);
	REQUIRE(virtq_pop(&q, &c) == 1);
	CHECK_EQ(c.out_len, 7);
}

/* Several used elements become visible at once. */
static void several_at_once(void)
{
	const struct virtq_done done[3] = { { 4, 1, 10 }, { 2, 1, 20 }, { 7, 1, 30 } };
	u32 id, len;

	setup(8, false);
	virtq_push_all(&q, done, 3);
	for (u32 i = 0; i < 3; i++) {
		REQUIRE(take_used(&drv, &id, &len));
		CHECK_EQ(id, done[i].id);
		CHECK_EQ(len, done[i].written);
	}
	CHECK(!take_used(&drv, &id, &len));
}

/* ---- Packed rings: { addr, len, id, flags }, AVAIL is bit 7, USED bit 15. */

static void put_packed(u32 i, u64 addr, u32 len, u16 id, u16 flags)
{
	put_desc(RING_IPA, i, addr, len, id, flags);
}

static u16 packed_at(u32 i, u32 *len, u16 *id)
{
	*len = get32(RING_IPA + 16 * i + 8);
	*id = get16(RING_IPA + 16 * i + 12);
	return get16(RING_IPA + 16 * i + 14);
}

static void packed_laps(void)
{
	u32 at = 0, len;
	struct virtq_mark m;
	bool wrap = true;
	u16 id;

	setup(5, true); /* need not be a power of two */
	CHECK_EQ(virtq_pop(&q, &c), 0);
	for (u16 n = 0; n < 1000; n++) {
		u32 first = at, two = n % 2;
		bool w = wrap;

		for (u32 k = 0; k <= two; k++) {
			u16 f = (u16)((w ? 0x80 : 0x8000) | (k < two ? D_NEXT : D_WRITE));

			put_packed(at, DATA_IPA + 64 * k, 10 + k, n, f);
			at = at + 1 == 5 ? 0 : at + 1;
			w = at == 0 ? !w : w;
		}
		m = virtq_mark(&q);
		REQUIRE(virtq_pop(&q, &c) == 1);
		REQUIRE(c.id == n && c.descs == two + 1 && c.in_len == 10 + two);
		if (n % 7 == 0) {
			virtq_rewind(&q, m);
			REQUIRE(virtq_pop(&q, &c) == 1);
		}
		virtq_push(&q, &c, n);
		/* Used: both bits are the wrap counter of the first descriptor. */
		REQUIRE((packed_at(first, &len, &id) & 0x8080) == (wrap ? 0x8080 : 0));
		REQUIRE(len == n && id == n);
		wrap = w;
	}
}

static void packed_indirect_and_bad(void)
{
	setup(4, true);
	put_desc(DATA_IPA, 0, DATA_IPA + 0x1000, 16, 77, 0);
	put_desc(DATA_IPA, 1, DATA_IPA + 0x2000, 32, 78, D_WRITE);
	put_packed(0, DATA_IPA, 32, 9, 0x80 | D_INDIRECT);
	REQUIRE(virtq_pop(&q, &c) == 1);
	CHECK_EQ(c.id, 9);
	CHECK_EQ(c.out_len, 16);
	CHECK_EQ(c.in_len, 32);
	setup(4, true); /* a chain without an end */
	for (u32 i = 0; i < 4; i++) {
		put_packed(i, DATA_IPA, 1, 0, 0x80 | D_NEXT);
	}
	CHECK_EQ(virtq_pop(&q, &c), -EIO);
	setup(4, true);
	put_packed(0, RAM_IPA + RAM_SIZE, 1, 0, 0x80);
	CHECK_EQ(virtq_pop(&q, &c), -EIO);
}

static void packed_events(void)
{
	setup(4, true);
	c.descs = 1;
	put16(q.addr[1] + 2, 1); /* driver: no interrupts */
	push_n(1);
	CHECK(!virtq_should_tell(&q));
	put16(q.addr[1] + 2, 0);
	push_n(1);
	CHECK(virtq_should_tell(&q));
	q.event_idx = true;
	put16(q.addr[1] + 2, 2);
	put16(q.addr[1], 0x8000 | 3); /* when descriptor 3 of this lap is used */
	push_n(1);
	CHECK(!virtq_should_tell(&q));
	push_n(1);
	CHECK(virtq_should_tell(&q));
	put16(q.addr[1], 1); /* descriptor 1 of the next lap */
	push_n(1);
	CHECK(!virtq_should_tell(&q));
	push_n(1);
	CHECK(virtq_should_tell(&q));
	virtq_quiet(&q);
	CHECK_EQ(get16(q.addr[2] + 2), 1);
	CHECK(!virtq_listen(&q));
	CHECK_EQ(get16(q.addr[2] + 2), 2);
	CHECK_EQ(get16(q.addr[2]), 0x8000);
}

/* Laps of a small ring between two looks at what the driver wants to hear of. */
static void packed_two_laps(void)
{
	setup(4, true);
	q.event_idx = true;
	CHECK(!virtq_should_tell(&q));
	for (u32 n = 0; n < 8; n++) {
		bool wrap = n < 4;

		put_packed(n % 4, DATA_IPA, 16, (u16)n, wrap ? 0x80 : 0x8000);
		REQUIRE(virtq_pop(&q, &c) == 1);
		virtq_push(&q, &c, 0);
	}
	put16(RING_IPA + 0x1000, 0x8002); /* of the lap that has come */
	put16(RING_IPA + 0x1002, 2);
	CHECK(virtq_should_tell(&q));
	CHECK(!virtq_should_tell(&q));
}

TEST_MAIN(RUN(request_and_answer), RUN(indices_wrap), RUN(indirect_table), RUN(buffer_across_pieces),
	  RUN(broken_rings), RUN(read_only_is_not_written), RUN(queues_refused), RUN(interrupts_when_wanted),
	  RUN(notifications_when_needed), RUN(put_back), RUN(several_at_once), RUN(packed_laps),
	  RUN(packed_indirect_and_bad), RUN(packed_events), RUN(packed_two_laps))
