/* SPDX-License-Identifier: Apache-2.0 */
/* The MMIO transport and the disk, driven by register accesses and rings as a guest does it. */
#include "tests/unit/test.h"
#include "tests/unit/virtq_util.h"

#define HEADER DATA_IPA
#define SECTORS (DATA_IPA + 0x1000)
#define STATUS_BYTE (DATA_IPA + 0x800)

static struct rig *r;
static struct driver drv;

static struct rig *disk(const char *hostdev)
{
	host_init();
	r = rig_new("guest", "virtio-blk");
	give_ram(&r->vm);
	r->cfg.cpu_count = 1;
	rig_option(r, "hostdev", hostdev, 0);
	return r;
}

static u32 rd(u64 off)
{
	return (u32)rig_read(r, off, 4);
}

static void wr(u64 off, u32 val)
{
	rig_write(r, off, 4, val);
	schedule(); /* the thread that does the work */
}

static void set_up_queue(u32 n)
{
	memset(at_ipa(RING_IPA), 0, 0x3000);
	drv = (struct driver){ .ring = RING_IPA, .size = 8 };
	wr(0x30, n);
	wr(0x38, 8);
	wr(0x80, (u32)RING_IPA);
	wr(0x84, 0);
	wr(0x90, (u32)RING_IPA + 0x1000);
	wr(0xa0, (u32)RING_IPA + 0x2000);
	wr(0x44, 1);
}

/* As a driver of version 1 without further features. */
static void negotiate(void)
{
	wr(0x70, 0);
	wr(0x70, 1);
	wr(0x70, 3);
	wr(0x24, 1);
	wr(0x20, 1);
	wr(0x24, 0);
	wr(0x20, 1 << 28);
	wr(0x70, 11);
	CHECK_EQ(rd(0x70), 11);
	set_up_queue(0);
	CHECK_EQ(rd(0x44), 1);
	wr(0x70, 15);
	CHECK_EQ(rd(0x70), 15);
}

/* One request of a header, data and the status byte; the status, ~0 if none came. */
static u32 request(u32 type, u64 sector, u32 bytes, bool device_writes)
{
	u32 header[4] = { type, 0, (u32)sector, (u32)(sector >> 32) };
	u32 id, len;

	memcpy(at_ipa(HEADER), header, sizeof(header));
	*(u8 *)at_ipa(STATUS_BYTE) = 0xee;
	put_desc(RING_IPA, 0, HEADER, 16, D_NEXT, bytes != 0 ? 1 : 2);
	put_desc(RING_IPA, 1, SECTORS, bytes, (u16)(D_NEXT | (device_writes ? D_WRITE : 0)), 2);
	put_desc(RING_IPA, 2, STATUS_BYTE, 1, D_WRITE, 0);
	offer(&drv, 0);
	wr(0x50, 0);
	return take_used(&drv, &id, &len) ? *(u8 *)at_ipa(STATUS_BYTE) : ~0U;
}

static void identity_and_negotiation(void)
{
	r = disk("ram:1M");
	REQUIRE(rig_start(r) == 0);
	CHECK_EQ(rd(0x00), 0x74726976);
	CHECK_EQ(rd(0x04), 2);
	CHECK_EQ(rd(0x08), 2);
	CHECK_EQ(rd(0x34), 256);
	wr(0x30, 1);
	CHECK_EQ(rd(0x34), 0); /* one vCPU: one queue */
	wr(0x14, 1);
	CHECK_EQ(rd(0x10) & 1, 1); /* VIRTIO_F_VERSION_1 */
	wr(0x14, 2);
	CHECK_EQ(rd(0x10), 0);
	CHECK_EQ(rig_read(r, 0x100, 8), 2048); /* capacity, in sectors */
	CHECK_EQ(rig_read(r, 0x122, 2), 1);    /* num_queues */
	/* A driver that leaves VERSION_1 out, or wants what is not offered, is told so. */
	wr(0x70, 3);
	wr(0x70, 11);
	CHECK_EQ(rd(0x70), 3);
	wr(0x24, 1);
	wr(0x20, 0x80000001);
	wr(0x70, 11);
	CHECK_EQ(rd(0x70), 3);
	wr(0x20, 1);
	wr(0x70, 11);
	CHECK_EQ(rd(0x70), 11);
	wr(0x70, 1); /* bits are not taken back but by a reset */
	CHECK_EQ(rd(0x70), 11);
	wr(0x70, 0);
	CHECK_EQ(rd(0x70), 0);
	r->message[0] = 0;
	rig_read(r, 0x70, 2);
	CHECK_STR(r->message, "abort");
	rig_free(r);
}

static void read_and_write(void)
{
	r = disk("ram:1M");
	REQUIRE(rig_start(r) == 0);
	negotiate();
	memset(at_ipa(SECTORS), 'a', 512);
	memset(at_ipa(SECTORS + 512), 'b', 512);
	CHECK_EQ(request(1, 127, 1024, false), 0); /* over the border of two chunks */
	CHECK(r->vm.vdevs->line);
	CHECK_EQ(rd(0x60), 1);
	wr(0x64, 1);
	CHECK(!r->vm.vdevs->line);
	memset(at_ipa(SECTORS), 0, 1024);
	CHECK_EQ(request(0, 128, 512, true), 0);
	CHECK_EQ(*(u8 *)at_ipa(SECTORS), 'b');
	CHECK_EQ(request(0, 126, 1024, true), 0);
	CHECK_EQ(*(u8 *)at_ipa(SECTORS), 0);
	CHECK_EQ(*(u8 *)at_ipa(SECTORS + 512), 'a');
	CHECK_EQ(request(4, 0, 0, false), 0); /* flush */
	CHECK_EQ(request(8, 0, 20, true), 0); /* serial number */
	CHECK_STR((char *)at_ipa(SECTORS), "quoin");
	rig_free(r);
}

static void zeroes(void)
{
	struct {
		u64 sector;
		u32 count, flags;
	} range = { 10, 1, 0 };

	r = disk("ram:1M");
	REQUIRE(rig_start(r) == 0);
	negotiate();
	memset(at_ipa(SECTORS), 'x', 1024);
	CHECK_EQ(request(1, 10, 1024, false), 0);
	memcpy(at_ipa(SECTORS), &range, 16);
	CHECK_EQ(request(13, 0, 16, false), 0);
	CHECK_EQ(request(0, 10, 1024, true), 0);
	CHECK_EQ(*(u8 *)at_ipa(SECTORS), 0);
	CHECK_EQ(*(u8 *)at_ipa(SECTORS + 512), 'x');
	range.count = 8193;
	memcpy(at_ipa(SECTORS), &range, 16);
	CHECK_EQ(request(13, 0, 16, false), 1);
	range.count = 1;
	range.flags = 2;
	memcpy(at_ipa(SECTORS), &range, 16);
	CHECK_EQ(request(13, 0, 16, false), 2);
	CHECK_EQ(request(11, 0, 15, false), 1);
	rig_free(r);
}

static void requests_refused(void)
{
	r = disk("ram:1M");
	REQUIRE(rig_start(r) == 0);
	negotiate();
	CHECK_EQ(request(0, 2048, 512, true), 1);  /* behind the end */
	CHECK_EQ(request(0, 2047, 1024, true), 1);
	CHECK_EQ(request(0, ~0UL, 512, true), 1);
	CHECK_EQ(request(1, ~0UL - 1, 1024, false), 1);
	CHECK_EQ(request(0, 0, 100, true), 1);     /* no whole sector */
	CHECK_EQ(request(99, 0, 0, false), 2);
	CHECK_EQ(rd(0x70), 15);
	/* No room for the status: no answer is possible. */
	put_desc(RING_IPA, 0, HEADER, 16, 0, 0);
	offer(&drv, 0);
	wr(0x50, 0);
	CHECK_EQ(rd(0x70), 15 | 64);
	CHECK_EQ(rd(0x60) & 2, 2);
	CHECK_EQ(request(4, 0, 0, false), ~0U); /* nothing goes on before a reset */
	negotiate();
	CHECK_EQ(request(4, 0, 0, false), 0);
	rig_free(r);
}

static void queue_registers(void)
{
	r = disk("ram:1M");
	REQUIRE(rig_start(r) == 0);
	wr(0x70, 3);
	wr(0x24, 1);
	wr(0x20, 1);
	wr(0x70, 11);
	wr(0x30, 0);
	wr(0x38, 7);
	wr(0x80, (u32)RING_IPA);
	wr(0x44, 1); /* not a power of two */
	CHECK_EQ(rd(0x44), 0);
	CHECK_EQ(rd(0x70) & 64, 64);
	negotiate();
	wr(0x80, 0); /* a queue in use stays where it is */
	CHECK_EQ(request(4, 0, 0, false), 0);
	wr(0x50, 77); /* no such queue */
	wr(0x30, 0xffffffff);
	wr(0x38, 8);
	wr(0x44, 1);
	CHECK_EQ(rd(0x44), 0);
	CHECK_EQ(rd(0x34), 0);
	CHECK_EQ(rig_read(r, 0x1fc, 4), 0); /* behind the configuration space */
	rig_write(r, 0x100, 4, 5);          /* which is not writable */
	CHECK_EQ(rig_read(r, 0x100, 4), 2048);
	rig_free(r);
}

/* The layout a driver negotiated once is not that of the next one; and none is known before it is. */
static void rings_before_features(void)
{
	r = disk("ram:1M");
	REQUIRE(rig_start(r) == 0);
	wr(0x70, 3);
	wr(0x24, 1);
	wr(0x20, 5); /* VERSION_1, RING_PACKED */
	wr(0x70, 11);
	CHECK_EQ(rd(0x70), 11);
	wr(0x70, 0);
	wr(0x70, 3);
	wr(0x30, 0);
	wr(0x38, 3); /* good for a packed ring alone */
	wr(0x80, (u32)RING_IPA);
	wr(0x90, (u32)(RAM_IPA + RAM_SIZE - 4)); /* likewise */
	wr(0xa0, (u32)(RAM_IPA + RAM_SIZE - 8));
	wr(0x44, 1);
	CHECK_EQ(rd(0x44), 0);
	wr(0x24, 1);
	wr(0x20, 1);
	wr(0x70, 11);
	wr(0x44, 1);
	CHECK_EQ(rd(0x44), 0);
	CHECK_EQ(rd(0x70) & 64, 64);
	rig_free(r);
}

/* A reset while somebody uses the queues: over when he has left. */
static void reset_in_use(void)
{
	struct virtio *v;

	r = disk("ram:1M");
	REQUIRE(rig_start(r) == 0);
	negotiate();
	v = (struct virtio *)r->vm.vdevs;
	REQUIRE(virtio_enter(v));
	wr(0x70, 0);
	CHECK_EQ(rd(0x70), 15);
	CHECK(!virtio_enter(v));
	CHECK(vdev_held(&v->dev));
	virtio_leave(v);
	CHECK_EQ(rd(0x70), 0);
	CHECK(!vdev_held(&v->dev));
	rig_free(r);
}

static void read_only_disk(void)
{
	r = disk("ram:1M");
	REQUIRE(rig_start(r) == 0);
	rig_free(r);
	r = disk("/no/such/file");
	CHECK(rig_start(r) != 0);
	CHECK(strstr(r->message, "'/no/such/file' is not in the image") != NULL);
	free(r);
	r = disk("ram:64G");
	CHECK(rig_start(r) != 0);
	CHECK(strstr(r->message, "no memory for a disk") != NULL);
	free(r);
}

static u16 avail_event(void)
{
	return get16(used_ipa(&drv) + 4 + 8 * 8);
}

/* One of several reads of a sector, all with the same header and status. */
static void offer_read(u16 head, bool tell)
{
	memset(at_ipa(HEADER), 0, 16);
	put_desc(RING_IPA, 0, HEADER, 16, D_NEXT, 1);
	put_desc(RING_IPA, 1, SECTORS, 512, D_NEXT | D_WRITE, 2);
	put_desc(RING_IPA, 2, STATUS_BYTE, 1, D_WRITE, 0);
	offer(&drv, head);
	if (tell) {
		wr(0x50, 0);
	}
}

/* Who keeps several requests up is asked to notify for several, and served without when fewer come. */
static void paced_notifications(void)
{
	u16 most = 1;
	u32 id, len;

	r = disk("ram:1M");
	REQUIRE(rig_start(r) == 0);
	wr(0x70, 0);
	wr(0x70, 3);
	wr(0x24, 1);
	wr(0x20, 1);
	wr(0x24, 0);
	wr(0x20, 1U << 29); /* EVENT_IDX */
	wr(0x70, 11);
	set_up_queue(0);
	wr(0x70, 15);
	for (u32 i = 0; i < 200; i++) {
		u16 wanted = (u16)(avail_event() + 1 - drv.avail);

		REQUIRE(wanted >= 1 && wanted <= 8);
		most = MAX(most, wanted);
		/* As many as the ring has room for; the rest of them does not come in time. */
		for (u16 n = 0; n < MIN(wanted, (u16)4); n++) {
			offer_read(0, n + 1 == wanted);
		}
		if (wanted > 4) {
			host_pass_ns(2000000);
			schedule();
		}
		while (take_used(&drv, &id, &len)) {
			CHECK_EQ(id, 0);
		}
		REQUIRE(drv.seen == drv.avail); /* all are answered */
	}
	CHECK_EQ(most, 8); /* 8 were tried, not reached, and never more */
	rig_free(r);
}

static void legacy_layout(void)
{
	r = disk("ram:1M");
	rig_option(r, "legacy", "", 0);
	REQUIRE(rig_start(r) == 0);
	CHECK_EQ(rd(0x04), 1);
	/* As Linux does it: the page size, then a reset, then the rest. */
	wr(0x28, 4096);
	wr(0x70, 0);
	wr(0x70, 3);
	wr(0x30, 0);
	wr(0x38, 8);
	wr(0x40, RING_IPA / 4096);
	CHECK_EQ(rd(0x40), RING_IPA / 4096);
	wr(0x70, 7);
	/* The available ring follows the descriptors, the used ring the next page. */
	put16(RING_IPA + 128 + 2, 1);
	memset(at_ipa(HEADER), 0, 16);
	put_desc(RING_IPA, 0, HEADER, 16, D_NEXT, 1);
	put_desc(RING_IPA, 1, SECTORS, 513, D_WRITE, 0);
	wr(0x50, 0);
	CHECK_EQ(get16(RING_IPA + 4096 + 2), 1);
	CHECK_EQ(get32(RING_IPA + 4096 + 8), 513);
	rig_free(r);
}

/* The used ring is where QueueAlign says; a value that is no alignment counts as none. */
static void legacy_alignment(void)
{
	static const struct {
		u32 align, used;
	} at[] = { { 64, 192 }, { 4, 152 }, { 8192, 4096 }, { 0, 4096 }, { 12, 4096 }, { 1u << 31, 4096 }, { 2, 4096 } };

	for (u32 i = 0; i < ARRAY_SIZE(at); i++) {
		r = disk("ram:1M");
		rig_option(r, "legacy", "", 0);
		REQUIRE(rig_start(r) == 0);
		wr(0x70, 3);
		wr(0x28, 4096);
		wr(0x30, 0);
		wr(0x38, 8);
		wr(0x3c, 64); /* the last one counts */
		wr(0x3c, at[i].align);
		wr(0x40, 0x100002 | i << 24); /* far outside */
		CHECK_EQ(rd(0x40), 0);
		CHECK_EQ(rd(0x70) & 64, 64);
		wr(0x70, 0);
		CHECK_EQ(rd(0x40), 0);
		wr(0x70, 3);
		wr(0x38, 8);
		wr(0x3c, at[i].align);
		wr(0x28, 3); /* no page size: no place */
		wr(0x40, RING_IPA / 4096);
		CHECK_EQ(rd(0x40), 0);
		wr(0x28, 4096);
		wr(0x40, RING_IPA / 4096);
		wr(0x70, 7);
		put16(RING_IPA + 128 + 2, 1);
		memset(at_ipa(HEADER), 0, 16);
		put_desc(RING_IPA, 0, HEADER, 16, D_NEXT, 1);
		put_desc(RING_IPA, 1, SECTORS, 513, D_WRITE, 0);
		wr(0x50, 0);
		CHECK_EQ(get16(RING_IPA + at[i].used + 2), 1);
		rig_free(r);
	}
}

/* Without a configuration space there is nothing to read, at any offset. */
static void no_configuration(void)
{
	host_init();
	r = rig_new("guest", "virtio-entropy");
	give_ram(&r->vm);
	r->cfg.cpu_count = 1;
	REQUIRE(rig_start(r) == 0);
	CHECK_EQ(rd(0x100), 0);
	CHECK_EQ(rd(0x1c0), 0);
	wr(0x1c0, 5);
	rig_free(r);
}

static void entropy(void)
{
	u32 id, len;

	host_init();
	r = rig_new("guest", "virtio-entropy");
	give_ram(&r->vm);
	r->cfg.cpu_count = 1;
	REQUIRE(rig_start(r) == 0);
	CHECK_EQ(rd(0x08), 4);
	negotiate();
	put_desc(RING_IPA, 0, DATA_IPA, 64, D_WRITE, 0);
	offer(&drv, 0);
	wr(0x50, 0);
	REQUIRE(take_used(&drv, &id, &len));
	CHECK(len == 64 || len == 0); /* 0: the machine has no source, and no byte is made up */
	rig_free(r);
}

TEST_MAIN(RUN(identity_and_negotiation), RUN(read_and_write), RUN(zeroes), RUN(requests_refused),
	  RUN(queue_registers), RUN(rings_before_features), RUN(reset_in_use), RUN(read_only_disk), RUN(paced_notifications), RUN(legacy_layout),
	  RUN(legacy_alignment), RUN(no_configuration), RUN(entropy))
