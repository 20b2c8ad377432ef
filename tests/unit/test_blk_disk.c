/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A virtual disk over a disk of the machine: the real layers of both, on a driver made here whose requests end
 * when, in which order and how a test says.
 */
#include <errno.h>
#include "core/host/disk_priv.h"
#include "tests/unit/test.h"
#include "tests/unit/virtq_util.h"

#define HELD 64
#define ENTRIES 128
#define HEADER(i) (DATA_IPA + 0x40UL * (i))
#define STATUS(i) (HEADER(i) + 16)
#define SECTORS (DATA_IPA + 0x10000)

static u8 bytes[KiB(256)];

static struct fake {
	struct disk_hw hw;
	struct disk_req *held[HELD], *over;
	u32 count, started, most;
	bool at_once;
} fake;

static struct rig *r;
static struct driver drv;

/* ---- The driver of the machine's disk */

static void end_request(struct disk_req *q, int err)
{
	struct disk_req **end = &fake.over;
	u8 *at = bytes + q->lba * 512;

	for (u32 i = 0; err == 0 && i < q->seg_count; at += q->seg[i++].len) {
		memcpy(q->op == DISK_READ ? q->seg[i].at : at, q->op == DISK_READ ? at : q->seg[i].at, q->seg[i].len);
	}
	if (err == 0 && (q->op == DISK_ZERO || q->op == DISK_DISCARD)) {
		memset(at, 0, q->sectors * 512UL);
	}
	q->err = err;
	q->next = NULL;
	while (*end != NULL) {
		end = &(*end)->next;
	}
	*end = q;
}

static bool put(struct disk_hw *hw, struct disk_req *q)
{
	(void)hw;
	if (fake.at_once) {
		end_request(q, 0);
		return true;
	}
	if (fake.count == fake.most) {
		return false;
	}
	fake.held[fake.count++] = q;
	return true;
}

static void start(struct disk_hw *hw)
{
	fake.started++;
	if (fake.over != NULL) {
		thread_wake(hw->thread); /* locked: the interrupt comes later */
	}
}

static struct disk_req *reap(struct disk_hw *hw)
{
	struct disk_req *q = fake.over;

	(void)hw;
	fake.over = q != NULL ? q->next : NULL;
	return q;
}

static bool listens(struct disk_hw *hw)
{
	(void)hw;
	return fake.over != NULL;
}

static bool broken(struct disk_hw *hw)
{
	(void)hw;
	return false;
}

static bool overdue(struct disk_hw *hw, u64 before)
{
	(void)hw;
	(void)before;
	return false;
}

static const struct disk_ops ops = {
	.put = put, .start = start, .reap = reap, .listen = listens, .broken = broken, .overdue = overdue,
};

/* The i-th of those the disk has is over. */
static void over(u32 i, int err)
{
	struct disk_req *q = fake.held[i];

	memmove(&fake.held[i], &fake.held[i + 1], (--fake.count - i) * sizeof(q));
	end_request(q, err);
	disk_interrupt(&fake.hw);
	schedule();
}

/* ---- The driver of the virtual one */

static u32 rd(u64 off)
{
	return (u32)rig_read(r, off, 4);
}

static void wr(u64 off, u32 val)
{
	rig_write(r, off, 4, val);
	schedule();
}

static void negotiate(u32 features)
{
	memset(at_ipa(RING_IPA), 0, 0x3000);
	drv = (struct driver){ .ring = RING_IPA, .size = ENTRIES };
	wr(0x70, 0);
	wr(0x70, 3);
	wr(0x24, 1);
	wr(0x20, 1);
	wr(0x24, 0);
	wr(0x20, features);
	wr(0x70, 11);
	CHECK_EQ(rd(0x70), 11);
	wr(0x30, 0);
	wr(0x38, ENTRIES);
	wr(0x80, (u32)RING_IPA);
	wr(0x90, (u32)RING_IPA + 0x1000);
	wr(0xa0, (u32)RING_IPA + 0x2000);
	wr(0x44, 1);
	wr(0x70, 15);
	CHECK_EQ(rd(0x70), 15);
}

static void set_up(u32 features)
{
	bool first = fake.hw.ops == NULL;

	host_init();
	fake = (struct fake){ .hw = fake.hw, .most = HELD, .at_once = true };
	fake.hw.ops = &ops;
	fake.hw.driver = "fake";
	fake.hw.info = (struct disk_info){
		.sectors = sizeof(bytes) / 512, .block = 512, .physical_block = 4096, .max_sectors = 64, .max_segs = 8,
		.max_discard = 32, .max_zero = 32, .flush = true, .serial = "S-77",
	};
	/* There is one such disk; its thread ends with each test's machine. */
	REQUIRE((first ? disk_add(&fake.hw) : disk_begin(&fake.hw)) == 0);
	schedule();
	fake.at_once = false;
	memset(bytes, 0, sizeof(bytes));
	r = rig_new("guest", "virtio-blk");
	give_ram(&r->vm);
	r->cfg.cpu_count = 1;
	rig_option(r, "hostdev", "/dev/disk0", 0);
	REQUIRE(rig_start(r) == 0);
	negotiate(features);
}

static void tear_down(void)
{
	rig_free(r);
}

/* Request i: its descriptors are 3i to 3i + 2. */
static void send(u32 i, u32 type, u64 sector, ipa_t data, u32 n)
{
	u32 header[4] = { type, 0, (u32)sector, (u32)(sector >> 32) };

	memcpy(at_ipa(HEADER(i)), header, sizeof(header));
	*(u8 *)at_ipa(STATUS(i)) = 0xee;
	put_desc(RING_IPA, 3 * i, HEADER(i), 16, D_NEXT, (u16)(3 * i + (n != 0 ? 1 : 2)));
	put_desc(RING_IPA, 3 * i + 1, data, n, (u16)(D_NEXT | (type == 0 || type == 8 ? D_WRITE : 0)), (u16)(3 * i + 2));
	put_desc(RING_IPA, 3 * i + 2, STATUS(i), 1, D_WRITE, 0);
	offer(&drv, (u16)(3 * i));
	wr(0x50, 0);
}

/* The next answer: whose, and its status; ~0: none. */
static u32 answer(void)
{
	u32 id, len;

	return take_used(&drv, &id, &len) ? id / 3 << 8 | *(u8 *)at_ipa(STATUS(id / 3)) : ~0U;
}

#define ANSWER(i, status) ((i) << 8 | (status))
#define NO_ANSWER (~0U)

static void limits_are_the_disks(void)
{
	set_up(0);
	CHECK_EQ(rig_read(r, 0x100, 8), sizeof(bytes) / 512);
	CHECK_EQ(rig_read(r, 0x108, 4) * rig_read(r, 0x10c, 4), 64 * 512); /* size_max, seg_max */
	CHECK_EQ(rig_read(r, 0x114, 4), 512);
	CHECK_EQ(rig_read(r, 0x118, 1), 3);
	CHECK_EQ(rig_read(r, 0x124, 4), 32);
	CHECK_EQ(rig_read(r, 0x130, 4), 32);
	wr(0x14, 0);
	CHECK_EQ(rd(0x10) & (1 << 1 | 1 << 9 | 1 << 11 | 1 << 13 | 1 << 14), 1 << 1 | 1 << 9 | 1 << 11 | 1 << 13 | 1 << 14);
	send(0, 8, 0, SECTORS, 20);
	CHECK_EQ(answer(), ANSWER(0, 0));
	CHECK_STR((char *)at_ipa(SECTORS), "S-77");
	tear_down();
}

/* They go out in order, and are answered in the order they end. */
static void any_order(void)
{
	set_up(1 << 9);
	memset(at_ipa(SECTORS), 'a', 1024);
	send(0, 1, 3, SECTORS, 1024);
	send(1, 0, 100, SECTORS + 4096, 512);
	send(2, 4, 0, 0, 0);
	bytes[100 * 512] = 'r';
	REQUIRE(fake.count == 3);
	CHECK(fake.started >= 3);
	CHECK_EQ(fake.held[0]->op, DISK_WRITE);
	CHECK_EQ(fake.held[0]->sector, 3);
	CHECK_EQ(fake.held[0]->sectors, 2);
	CHECK(fake.held[0]->seg[0].at == at_ipa(SECTORS)); /* the guest's own memory */
	CHECK_EQ(fake.held[1]->op, DISK_READ);
	CHECK_EQ(fake.held[2]->op, DISK_FLUSH);
	CHECK_EQ(answer(), NO_ANSWER);
	CHECK(!r->vm.vdevs->line);
	over(1, 0);
	CHECK_EQ(answer(), ANSWER(1, 0));
	CHECK_EQ(*(u8 *)at_ipa(SECTORS + 4096), 'r');
	CHECK(r->vm.vdevs->line);
	CHECK_EQ(answer(), NO_ANSWER);
	over(1, 0);
	over(0, 0);
	CHECK_EQ(answer(), ANSWER(2, 0));
	CHECK_EQ(answer(), ANSWER(0, 0));
	CHECK_EQ(bytes[3 * 512 + 1023], 'a');
	tear_down();
}

static void errors(void)
{
	set_up(1 << 9);
	send(0, 0, 0, SECTORS, 512);
	send(1, 0, 1, SECTORS, 512);
	over(0, -EIO);
	over(0, -EOPNOTSUPP);
	CHECK_EQ(answer(), ANSWER(0, 1));
	CHECK_EQ(answer(), ANSWER(1, 2));
	send(2, 0, sizeof(bytes) / 512, SECTORS, 512); /* the end */
	CHECK_EQ(answer(), ANSWER(2, 1));
	send(3, 0, ~0UL, SECTORS, 512);
	CHECK_EQ(answer(), ANSWER(3, 1));
	send(4, 0, 0, SECTORS, 500);
	CHECK_EQ(answer(), ANSWER(4, 1));
	send(5, 99, 0, 0, 0);
	CHECK_EQ(answer(), ANSWER(5, 2));
	CHECK_EQ(fake.count, 0);
	tear_down();
}

/* More sectors than the disk takes at once: parts, and one answer behind the last; of an error, too. */
static void parts(void)
{
	set_up(1 << 9);
	for (u32 i = 0; i < 80 * 512; i++) {
		bytes[512 + i] = (u8)(i >> 8);
	}
	send(0, 0, 1, SECTORS, 80 * 512);
	REQUIRE(fake.count == 2);
	CHECK_EQ(fake.held[0]->sectors, 64);
	CHECK_EQ(fake.held[1]->sector, 65);
	CHECK_EQ(fake.held[1]->sectors, 16);
	over(1, 0);
	CHECK_EQ(answer(), NO_ANSWER);
	over(0, 0);
	CHECK_EQ(answer(), ANSWER(0, 0));
	CHECK_MEM(at_ipa(SECTORS), bytes + 512, 80 * 512);
	send(1, 0, 1, SECTORS, 80 * 512);
	over(0, -EIO);
	over(0, 0);
	CHECK_EQ(answer(), ANSWER(1, 1));
	tear_down();
}

/* Pieces that end inside of sectors: as many as the disk takes, whole sectors of them. */
static void small_pieces(void)
{
	u32 header[4] = { 1, 0, 8, 0 };

	set_up(1 << 9);
	memcpy(at_ipa(HEADER(0)), header, 16);
	put_desc(RING_IPA, 0, HEADER(0), 16, D_NEXT, 1);
	for (u32 i = 0; i < 16; i++) { /* 16 pieces of 160 bytes that do not touch: 5 sectors */
		memset(at_ipa(SECTORS + 0x200 * i), 'A' + (int)i, 160);
		put_desc(RING_IPA, 1 + i, SECTORS + 0x200UL * i, 160, D_NEXT, (u16)(2 + i));
	}
	put_desc(RING_IPA, 17, STATUS(0), 1, D_WRITE, 0);
	offer(&drv, 0);
	wr(0x50, 0);
	REQUIRE(fake.count == 3);
	CHECK_EQ(fake.held[0]->sectors, 2); /* 8 pieces are 1280 bytes */
	CHECK_EQ(fake.held[0]->seg_count, 7);
	CHECK_EQ(fake.held[0]->seg[6].len, 64);
	CHECK_EQ(fake.held[1]->sector, 10);
	over(0, 0);
	over(0, 0);
	over(0, 0);
	CHECK_EQ(answer(), ANSWER(0, 0));
	for (u32 i = 0; i < 16; i++) {
		CHECK_EQ(bytes[8 * 512 + 160 * i], 'A' + i);
		CHECK_EQ(bytes[8 * 512 + 160 * i + 159], 'A' + i);
	}
	tear_down();
}

/* A reset is over when the disk has let go of the guest's memory; what ends then is not answered. */
static void reset_in_flight(void)
{
	struct virtio *v;

	set_up(1 << 9);
	v = (struct virtio *)r->vm.vdevs;
	send(0, 0, 0, SECTORS, 512);
	send(1, 0, 1, SECTORS, 512);
	wr(0x70, 0);
	CHECK_EQ(rd(0x70), 15);
	CHECK(vdev_held(&v->dev));
	over(0, 0);
	CHECK_EQ(rd(0x70), 15);
	over(0, 0);
	CHECK_EQ(rd(0x70), 0);
	CHECK(!vdev_held(&v->dev));
	CHECK_EQ(answer(), NO_ANSWER);
	CHECK(!v->dev.line);
	negotiate(1 << 9);
	send(0, 0, 0, SECTORS, 512);
	over(0, 0);
	CHECK_EQ(answer(), ANSWER(0, 0));
	tear_down();
}

/* More than there are requests for: the rest waits, and nobody has to notify again. */
static void pool_runs_dry(void)
{
	u32 sent = 0, answered = 0;

	set_up(1 << 9);
	fake.most = 4; /* and the disk has room for few of them */
	for (; sent < 40; sent++) { /* of two parts */
		send(sent, 0, 0, SECTORS, 80 * 512);
	}
	while (fake.count != 0) {
		over(0, 0);
		for (u32 a = answer(); a != NO_ANSWER; a = answer()) {
			CHECK_EQ(a & 0xff, 0);
			answered++;
		}
	}
	CHECK_EQ(answered, sent);
	tear_down();
}

/* Who has no flush to ask for, or says so, is answered when the write has left the cache. */
static void write_through(void)
{
	set_up(0);
	send(0, 1, 0, SECTORS, 512);
	over(0, 0);
	CHECK_EQ(answer(), NO_ANSWER);
	REQUIRE(fake.count == 1);
	CHECK_EQ(fake.held[0]->op, DISK_FLUSH);
	over(0, 0);
	CHECK_EQ(answer(), ANSWER(0, 0));
	negotiate(1 << 9 | 1 << 11);
	send(0, 1, 0, SECTORS, 512);
	over(0, 0);
	CHECK_EQ(answer(), ANSWER(0, 0));
	CHECK_EQ(rig_read(r, 0x120, 1), 1);
	rig_write(r, 0x120, 1, 0); /* writeback: off */
	rig_write(r, 0x100, 1, 7); /* and nothing else is writable */
	CHECK_EQ(rig_read(r, 0x100, 8), sizeof(bytes) / 512);
	send(1, 1, 0, SECTORS, 512);
	over(0, 0);
	CHECK_EQ(answer(), NO_ANSWER);
	over(0, -EIO);
	CHECK_EQ(answer(), ANSWER(1, 1));
	tear_down();
}

static void ranges(void)
{
	struct {
		u64 sector;
		u32 count, flags;
	} range[2] = { { 4, 8, 1 }, { 40, 32, 0 } };

	set_up(1 << 9);
	memset(bytes, 'x', sizeof(bytes));
	memcpy(at_ipa(SECTORS), range, sizeof(range));
	send(0, 13, 0, SECTORS, 32);
	REQUIRE(fake.count == 2);
	CHECK(fake.held[0]->unmap);
	CHECK(!fake.held[1]->unmap);
	over(0, 0);
	over(0, 0);
	CHECK_EQ(answer(), ANSWER(0, 0));
	CHECK_EQ(bytes[4 * 512], 0);
	CHECK_EQ(bytes[12 * 512], 'x');
	CHECK_EQ(bytes[71 * 512], 0);
	range[1].count = 33; /* more than the disk does at once */
	memcpy(at_ipa(SECTORS), range, sizeof(range));
	send(1, 13, 0, SECTORS, 32);
	CHECK_EQ(answer(), ANSWER(1, 1));
	CHECK_EQ(fake.count, 0);
	tear_down();
}

static void no_such_disk(void)
{
	set_up(0);
	tear_down();
	r = rig_new("guest", "virtio-blk");
	give_ram(&r->vm);
	r->cfg.cpu_count = 1;
	rig_option(r, "hostdev", "/dev/disk7", 0);
	CHECK(rig_start(r) != 0);
	CHECK(strstr(r->message, "/dev/disk7: there is no such disk") != NULL);
	free(r);
}

TEST_MAIN(RUN(limits_are_the_disks), RUN(any_order), RUN(errors), RUN(parts), RUN(small_pieces), RUN(reset_in_flight),
	  RUN(pool_runs_dry), RUN(write_through), RUN(ranges), RUN(no_such_disk))
