/* SPDX-License-Identifier: Apache-2.0 */
/* The machine's disks, over virtio devices played by the test: names, requests, users, and devices gone bad. */
#include <errno.h>
#include "tests/unit/test.h"
#include "tests/unit/gpt_util.h"
#include "tests/unit/vio_util.h"

#define SECOND 1000000000UL

struct request {
	struct disk_req req;
	int err;
	u32 done;
};

static u8 *memory; /* of pages, where VA = PA */

static void done(struct disk_req *r, int err)
{
	struct request *q = r->owner;

	q->err = err;
	q->done++;
}

static struct request *ask(struct disk *d, enum disk_op op, u64 sector, u32 sectors, void *at)
{
	struct request *q = calloc(1, sizeof(*q));

	q->req.op = op;
	q->req.sector = sector;
	q->req.sectors = sectors;
	if (op == DISK_READ || op == DISK_WRITE) {
		q->req.seg[0] = (struct disk_seg){ at, sectors * 512 };
		q->req.seg_count = 1;
	}
	q->req.done = done;
	q->req.owner = q;
	disk_submit(d, &q->req);
	return q;
}

static int end_of(struct request *q)
{
	int err = q->done == 1 ? q->err : 1000 + (int)q->done;

	free(q);
	return err;
}

static int io(struct disk *d, enum disk_op op, u64 sector, u32 sectors, void *at)
{
	struct request *q = ask(d, op, sector, sectors, at);

	disk_start(d);
	vio_settle();
	return end_of(q);
}

/* Two disks, the first with partitions. */
static void begin(bool modern, u64 features)
{
	vio_machine(FAKES);
	memory = mem_alloc(KiB(256));
	memset(memory, 0, KiB(256));
	vio_disk(1, modern, features, "alpha");
	vio_disk(3, !modern, features, "be ta");
	gpt_make(fake[1].image, FAKE_IMAGE, 512);
	gpt_entry(fake[1].image, FAKE_IMAGE, 512, 0, 100, 199, 0xa1, "root");
	gpt_entry(fake[1].image, FAKE_IMAGE, 512, 1, 200, 399, 0xa2, "data");
}

static void end(void)
{
	mem_free(memory, KiB(256));
	host_io = NULL;
}

static void opens(const char *name, u64 sectors)
{
	const char *why;
	struct disk *d = vio_open(name, false, &why);

	if (!test_true(__FILE__, __LINE__, name, d != NULL)) {
		return;
	}
	CHECK_EQ(disk_info(d)->sectors, sectors);
	disk_close(d);
}

static void refused(const char *name, bool write, const char *want)
{
	const char *why = NULL;

	CHECK(vio_open(name, write, &why) == NULL);
	CHECK(why != NULL && strstr(why, want) != NULL);
}

static void found_by_any_name(void)
{
	for (u32 modern = 0; modern < 2; modern++) {
		begin(modern, FAKE_ALL);
		opens("/dev/disk0", 1024);
		opens("/dev/disk0p1", 100);
		opens("/dev/disk0p2", 200);
		opens("/dev/disk1", 1024);
		opens("/dev/disk/by-serial/alpha", 1024);
		opens("/dev/disk/by-serial/alpha-part2", 200);
		opens("/dev/disk/by-serial/be_ta", 1024);
		opens("/dev/disk/by-partlabel/root", 100);
		opens("/dev/disk/by-partuuid/a2a2a2a2-A2a2-a2a2-a2a2-a2a2a2a2a2a2", 200);
		refused("/dev/disk2", false, "no such disk");
		refused("/dev/disk0p3", false, "no such disk");
		refused("/dev/disk0p", false, "no such disk");
		refused("/dev/disk1p1", false, "no such disk");
		refused("/dev/disk/by-serial/", false, "no such disk");
		refused("/dev/disk/by-partlabel/", false, "no such disk");
		refused("/dev/disk/by-partlabel/roo", false, "no such disk");
		refused("disk0", false, "expected /dev/disk");
		CHECK_EQ(fake[1].resets, 1);
		end();
	}
}

static void names_that_several_have(void)
{
	begin(true, FAKE_ALL);
	strcpy(fake[3].serial, "alpha");
	refused("/dev/disk/by-serial/alpha", false, "several");
	opens("/dev/disk0", 1024);
	end();
}

static void reads_and_writes(u64 features, bool modern)
{
	struct disk *d, *all;

	begin(modern, features);
	d = vio_open("/dev/disk/by-partlabel/data", true, NULL);
	REQUIRE(d != NULL);
	memset(memory, 0x5a, 4096);
	CHECK_EQ(io(d, DISK_WRITE, 8, 8, memory), 0);
	CHECK_MEM(fake[1].image + (200 + 8) * 512, memory, 4096);
	CHECK_EQ(fake[1].image[(200 + 16) * 512], 0);
	fake[1].image[(200 + 199) * 512] = 0x77;
	CHECK_EQ(io(d, DISK_READ, 199, 1, memory + 8192), 0);
	CHECK_EQ(memory[8192], 0x77);
	/* Not a sector beyond it, however the numbers wrap. */
	CHECK_EQ(io(d, DISK_READ, 199, 2, memory), -EIO);
	CHECK_EQ(io(d, DISK_READ, 200, 1, memory), -EIO);
	CHECK_EQ(io(d, DISK_WRITE, ~0UL, 1, memory), -EIO);
	CHECK_EQ(io(d, DISK_WRITE, -100UL, 8, memory), -EIO);
	CHECK_EQ(io(d, DISK_READ, 0, 0, memory), -EIO);
	CHECK_EQ(fake[1].resets, 1);
	disk_close(d);
	all = vio_open("/dev/disk0", false, NULL);
	REQUIRE(all != NULL);
	CHECK_EQ(io(all, DISK_WRITE, 0, 1, memory), -EIO);
	CHECK_EQ(io(all, DISK_ZERO, 0, 1, NULL), -EIO);
	CHECK_EQ(io(all, DISK_READ, 208, 8, memory + 4096), 0);
	CHECK_MEM(memory + 4096, memory, 4096);
	disk_close(all);
	end();
}

static void reads_and_writes_in_bounds(void)
{
	reads_and_writes(FAKE_ALL, true);
	reads_and_writes(FAKE_ALL, false);
	reads_and_writes(FAKE_SEG_MAX, true);
	reads_and_writes(FAKE_SEG_MAX | F_INDIRECT, false);
	reads_and_writes(FAKE_SEG_MAX | F_EVENT_IDX, true);
}

/* What the pieces are is what a device goes by: they must be what was asked for. */
static void pieces_are_counted(void)
{
	struct request q = { .req = { .op = DISK_READ, .sectors = 2, .done = done, .owner = &q } };
	struct disk *d;
	static const u32 lens[][3] = { { 512, 1024, 0 }, { 1024, 0, 0 }, { 512, 0, 512 }, { 512, 511, 0 } };

	begin(true, FAKE_ALL);
	d = vio_open("/dev/disk0p1", false, NULL);
	REQUIRE(d != NULL);
	for (u32 i = 0; i < 4; i++) {
		for (u32 n = 0; n <= 3; n++) {
			bool good = i == 1 && n == 1;

			q.done = 0;
			q.req.seg_count = n;
			for (u32 k = 0; k < n; k++) {
				q.req.seg[k] = (struct disk_seg){ memory + 512 * k, lens[i][k] };
			}
			disk_submit(d, &q.req);
			disk_start(d);
			vio_settle();
			CHECK_EQ(q.done, 1);
			CHECK_EQ(q.err, good ? 0 : -EIO);
		}
	}
	q.req.seg_count = DISK_SEGS + 1;
	disk_submit(d, &q.req);
	vio_settle();
	CHECK_EQ(q.err, -EIO);
	/* As many as there may be, scattered. */
	q.req.seg_count = q.req.sectors = DISK_SEGS;
	for (u32 k = 0; k < DISK_SEGS; k++) {
		q.req.seg[k] = (struct disk_seg){ memory + 1024 * (DISK_SEGS - k), 512 };
		fake[1].image[(100 + k) * 512] = (u8)(k + 1);
	}
	disk_submit(d, &q.req);
	disk_start(d);
	vio_settle();
	CHECK_EQ(q.err, 0);
	for (u32 k = 0; k < DISK_SEGS; k++) {
		CHECK_EQ(memory[1024 * (DISK_SEGS - k)], k + 1);
	}
	disk_close(d);
	end();
}

static void what_else_a_disk_does(void)
{
	struct disk *d;

	begin(true, FAKE_ALL);
	d = vio_open("/dev/disk1", true, NULL);
	REQUIRE(d != NULL);
	CHECK(disk_info(d)->flush);
	CHECK_EQ(disk_info(d)->max_segs, DISK_SEGS);
	CHECK_EQ(disk_info(d)->max_discard, 1000);
	CHECK_EQ(io(d, DISK_FLUSH, 0, 0, NULL), 0);
	CHECK_EQ(fake[3].last_type, 4);
	memset(fake[3].image, 0xee, 4096);
	CHECK_EQ(io(d, DISK_DISCARD, 1, 2, NULL), 0);
	CHECK_EQ(fake[3].last_type, 11);
	CHECK_EQ(fake[3].image[511], 0xee);
	CHECK_EQ(fake[3].image[512], 0);
	CHECK_EQ(fake[3].image[3 * 512], 0xee);
	CHECK_EQ(io(d, DISK_ZERO, 5, 1, NULL), 0);
	CHECK_EQ(fake[3].last_type, 13);
	CHECK_EQ(fake[3].last_flags, 0);
	CHECK_EQ(io(d, DISK_ZERO, 0, 1001, NULL), -EIO);
	CHECK_EQ(io(d, DISK_DISCARD, 1000, 100, NULL), -EIO);
	disk_close(d);
	end();
	/* One without any of it. */
	begin(true, FAKE_SEG_MAX | FAKE_RO);
	refused("/dev/disk0", true, "read-only");
	refused("/dev/disk0p1", true, "read-only");
	d = vio_open("/dev/disk0", false, NULL);
	REQUIRE(d != NULL);
	CHECK(disk_info(d)->read_only && !disk_info(d)->flush);
	fake[1].served = 0;
	CHECK_EQ(io(d, DISK_FLUSH, 0, 0, NULL), 0);
	CHECK_EQ(fake[1].served, 0);
	disk_close(d);
	end();
	begin(true, FAKE_SEG_MAX);
	d = vio_open("/dev/disk0", true, NULL);
	REQUIRE(d != NULL);
	CHECK_EQ(io(d, DISK_DISCARD, 0, 1, NULL), -EOPNOTSUPP);
	CHECK_EQ(io(d, DISK_ZERO, 0, 1, NULL), -EOPNOTSUPP);
	disk_close(d);
	end();
}

static void writers_are_alone(void)
{
	struct disk *all, *one, *two, *again;

	begin(true, FAKE_ALL);
	one = vio_open("/dev/disk0p1", true, NULL);
	two = vio_open("/dev/disk0p2", true, NULL);
	CHECK(one != NULL && two != NULL);
	refused("/dev/disk0", false, "in use");
	refused("/dev/disk0p1", false, "in use");
	refused("/dev/disk/by-partlabel/data", true, "in use");
	opens("/dev/disk1", 1024);
	disk_close(two);
	refused("/dev/disk0", true, "in use");
	disk_close(one);
	all = vio_open("/dev/disk0", false, NULL);
	again = vio_open("/dev/disk0p1", false, NULL);
	CHECK(all != NULL && again != NULL);
	refused("/dev/disk0p2", true, "in use");
	disk_close(again);
	disk_close(all);
	all = vio_open("/dev/disk0", true, NULL);
	CHECK(all != NULL);
	refused("/dev/disk0p2", false, "in use");
	disk_close(all);
	/* Partitions that overlap each other, too. */
	end();
	begin(true, FAKE_ALL);
	gpt_entry(fake[1].image, FAKE_IMAGE, 512, 1, 199, 399, 0xa2, "data");
	one = vio_open("/dev/disk0p1", true, NULL);
	refused("/dev/disk0p2", true, "in use");
	disk_close(one);
	end();
}

/* More than the ring takes: in line, and none is lost. */
static void lines_up(u64 features)
{
	struct request *q[300];
	struct disk *d;

	begin(true, features);
	d = vio_open("/dev/disk1", false, NULL);
	REQUIRE(d != NULL);
	for (u32 i = 0; i < 1024; i++) {
		fake[3].image[i * 512] = (u8)i;
	}
	fake[3].lazy = true;
	for (u32 i = 0; i < 300; i++) {
		q[i] = ask(d, DISK_READ, i, 1, memory + 512 * i);
	}
	disk_start(d);
	vio_settle();
	CHECK(fake[3].seen == 0 || fake[3].ready);
	for (u32 i = 0; i < 100; i++) {
		fake_serve(&fake[3], 7);
		vio_settle();
	}
	for (u32 i = 0; i < 300; i++) {
		CHECK_EQ(memory[512 * i], (u8)i);
		CHECK_EQ(end_of(q[i]), 0);
	}
	disk_close(d);
	end();
}

static void a_full_ring(void)
{
	lines_up(FAKE_ALL);
	lines_up(FAKE_SEG_MAX);
	lines_up(FAKE_SEG_MAX | F_EVENT_IDX);
}

/* Told once for a batch, not for each. */
static void one_kick_for_a_batch(void)
{
	struct request *q[32];
	struct disk *d;
	u32 told;

	begin(true, FAKE_ALL);
	d = vio_open("/dev/disk1", false, NULL);
	REQUIRE(d != NULL);
	told = fake[3].told;
	for (u32 i = 0; i < 32; i++) {
		q[i] = ask(d, DISK_READ, i, 1, memory + 512 * i);
	}
	CHECK_EQ(fake[3].told, told);
	disk_start(d);
	CHECK_EQ(fake[3].told, told + 1);
	vio_settle();
	for (u32 i = 0; i < 32; i++) {
		CHECK_EQ(end_of(q[i]), 0);
	}
	disk_start(d); /* nothing new */
	CHECK_EQ(fake[3].told, told + 1);
	disk_close(d);
	end();
}

static void one_that_does_not_answer(void)
{
	struct request *a, *b;
	struct disk *d;

	begin(true, FAKE_ALL);
	d = vio_open("/dev/disk0p1", false, NULL);
	REQUIRE(d != NULL);
	fake[1].hung = true;
	a = ask(d, DISK_READ, 0, 8, memory);
	disk_start(d);
	vio_settle();
	for (u32 i = 0; i < 29; i++) {
		host_pass_ns(SECOND);
		vio_settle();
	}
	CHECK_EQ(a->done, 0);
	b = ask(d, DISK_READ, 0, 8, memory);
	CHECK_EQ(fake[1].resets, 1);
	host_pass_ns(12 * SECOND);
	vio_settle();
	CHECK_EQ(fake[1].resets, 2);
	CHECK_EQ(end_of(a), -EIO);
	CHECK_EQ(end_of(b), -EIO);
	CHECK(strstr(host_uart.out, "disk0: no answer for 30 s, reset; 2 requests have failed") != NULL);
	/* It lives again. */
	fake[1].hung = false;
	CHECK_EQ(io(d, DISK_READ, 0, 8, memory), 0);
	disk_close(d);
	/* One that was idle meanwhile is not late. */
	host_pass_ns(100 * SECOND);
	vio_settle();
	opens("/dev/disk0", 1024);
	CHECK_EQ(fake[1].resets, 2);
	end();
}

static void one_that_does_not_reset(void)
{
	struct request *a;
	struct disk *d;

	begin(true, FAKE_ALL);
	d = vio_open("/dev/disk0p1", false, NULL);
	REQUIRE(d != NULL);
	fake[1].hung = fake[1].stubborn = true;
	a = ask(d, DISK_READ, 0, 8, memory);
	disk_start(d);
	host_pass_ns(45 * SECOND);
	vio_settle();
	host_pass_ns(SECOND);
	vio_settle();
	CHECK_EQ(end_of(a), -EIO);
	CHECK(strstr(host_uart.out, "the disk is not used any more") != NULL);
	CHECK_EQ(io(d, DISK_READ, 0, 8, memory), -EIO);
	CHECK_EQ(io(d, DISK_FLUSH, 0, 0, memory), -EIO);
	disk_close(d);
	refused("/dev/disk0p1", false, "failed");
	opens("/dev/disk1", 1024);
	end();
}

/* What no device may write into its ring. It is reset each time, and not for ever. */
static void one_that_breaks_the_rules(void)
{
	struct request *a;
	struct disk *d;

	begin(true, FAKE_ALL);
	d = vio_open("/dev/disk1", false, NULL);
	REQUIRE(d != NULL);
	for (u32 i = 0; i < 8; i++) {
		u16 head;

		fake[3].lazy = true;
		a = ask(d, DISK_READ, 0, 8, memory);
		disk_start(d);
		head = ((u16 *)fake[3].avail)[2 + fake[3].seen % fake[3].size];
		switch (i) {
		case 0: fake_use(&fake[3], 256, 1); break;
		case 1: fake_use(&fake[3], ~0U, 1); break;
		case 2: fake_use(&fake[3], head + 1U, 1); break; /* in the middle of a chain */
		case 3: /* twice the same */
			fake_use(&fake[3], head, ~0U);
			fake_use(&fake[3], head, 1);
			break;
		case 4: ((u16 *)fake[3].used)[1] += 1000; break;
		default: ((u16 *)fake[3].used)[1] -= 1; break;
		}
		fake[3].irq = true;
		fake[3].isr = 1;
		vio_settle();
		CHECK_EQ(fake[3].resets, i + 2);
		CHECK_EQ(end_of(a), -EIO);
		fake[3].lazy = false;
		CHECK_EQ(io(d, DISK_READ, 0, 8, memory), i + 1 < 8 ? 0 : -EIO);
	}
	CHECK(strstr(host_uart.out, "disk1: the device has broken the rules, reset") != NULL);
	disk_close(d);
	refused("/dev/disk1", false, "failed");
	end();
}

static void devices_that_cannot_be_used(void)
{
	begin(true, FAKE_ALL);
	fake_config(&fake[1], 20, 511, 4);
	fake[3].queue_max = 0;
	refused("/dev/disk0", false, "no such disk");
	end();
	begin(true, FAKE_ALL);
	fake_config(&fake[1], 0, 0, 8);
	fake_config(&fake[3], 12, 0, 4);
	refused("/dev/disk0", false, "no such disk");
	end();
	begin(true, FAKE_ALL);
	fake[1].hung = true;
	fake[3].stubborn = true;
	fake[3].status = 15;
	refused("/dev/disk0", false, "no such disk");
	end();
	/* A network card is not a disk's. */
	vio_machine(0);
	refused("/dev/disk0", false, "no such disk");
	host_io = NULL;
}

/* The thread of a disk is as important as who uses it, while he does. */
static void its_thread_is_as_urgent_as_its_user(void)
{
	struct request *a;
	struct disk *d;

	begin(true, FAKE_ALL);
	d = vio_open("/dev/disk1", false, NULL);
	REQUIRE(d != NULL);
	fake[3].lazy = true;
	CHECK_EQ(d->hw->thread->prio, PRIO_DEFAULT + 1);
	host_percpu->idle_thread.prio = 99;
	a = ask(d, DISK_READ, 0, 8, memory);
	CHECK_EQ(d->hw->thread->prio, 100);
	host_percpu->idle_thread.prio = PRIO_IDLE;
	disk_start(d);
	vio_settle();
	CHECK_EQ(d->hw->thread->prio, 100);
	fake_serve(&fake[3], 1);
	vio_settle();
	CHECK_EQ(end_of(a), 0);
	CHECK_EQ(d->hw->thread->prio, PRIO_DEFAULT + 1);
	disk_close(d);
	end();
}

TEST_MAIN(RUN(found_by_any_name), RUN(names_that_several_have), RUN(reads_and_writes_in_bounds), RUN(pieces_are_counted),
	  RUN(what_else_a_disk_does), RUN(writers_are_alone), RUN(a_full_ring), RUN(one_kick_for_a_batch),
	  RUN(one_that_does_not_answer), RUN(one_that_does_not_reset), RUN(one_that_breaks_the_rules),
	  RUN(devices_that_cannot_be_used), RUN(its_thread_is_as_urgent_as_its_user))
