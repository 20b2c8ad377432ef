/* SPDX-License-Identifier: Apache-2.0 */
/* GUID partition tables: good ones, damaged ones, and disks without. */
#include "tests/unit/test.h"
#include "tests/unit/gpt_util.h"
#include "core/host/disk_priv.h"

#define SIZE MiB(1)

static u8 image[SIZE];
static u32 block;
static struct disk_part part[DISK_PARTS];
static u8 buf[GPT_BUFFER];
static const char *said;
static u64 bad_sector; /* cannot be read */
static u32 reads;

static bool from_image(void *ctx, u64 sector, u32 sectors, void *to)
{
	(void)ctx;
	reads++;
	if (sector + sectors > SIZE / 512 || (bad_sector - sector < sectors)) {
		return false;
	}
	memcpy(to, image + sector * 512, sectors * 512UL);
	return true;
}

static u32 parse(void)
{
	memset(part, 0, sizeof(part));
	reads = 0;
	return disk_partitions(from_image, NULL, SIZE / 512, block, buf, part, &said);
}

static u64 last_block(void)
{
	return SIZE / block - 1;
}

static void begin(u32 size)
{
	memset(image, 0, sizeof(image));
	block = size;
	bad_sector = ~0UL;
	gpt_make(image, SIZE, block);
	gpt_entry(image, SIZE, block, 0, 64, 99, 0xa1, "root");
	gpt_entry(image, SIZE, block, 4, 100, 100, 0xa2, "a b\x7f");
}

static void good_ones(void)
{
	static const u32 blocks[] = { 512, 1024, 4096 };
	char uuid[40];

	for (u32 i = 0; i < 3; i++) {
		begin(blocks[i]);
		CHECK_EQ(parse(), 5);
		CHECK_STR(said, NULL);
		CHECK_EQ(part[0].first, 64 * blocks[i] / 512);
		CHECK_EQ(part[0].sectors, 36 * blocks[i] / 512);
		CHECK_STR(part[0].label, "root");
		CHECK_EQ(part[1].sectors, 0);
		CHECK_EQ(part[4].sectors, blocks[i] / 512);
		CHECK_STR(part[4].label, "a_b_");
		disk_uuid(uuid, sizeof(uuid), part[0].uuid);
		CHECK_STR(uuid, "a1a1a1a1-a1a1-a1a1-a1a1-a1a1a1a1a1a1");
	}
	disk_uuid(uuid, sizeof(uuid), (const u8 *)"\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff");
	CHECK_STR(uuid, "33221100-5544-7766-8899-aabbccddeeff");
}

/* Whatever is wrong with the first one, the backup says what there is. */
static void the_backup_is_used(void)
{
	for (u32 at = 512; at < 512 + 92; at++) {
		begin(512);
		image[at] ^= 0x80;
		CHECK_EQ(parse(), 5);
		CHECK_STR(said, "has a damaged partition table, its backup is used");
		CHECK_STR(part[0].label, "root");
	}
	begin(512);
	image[1024 + 40] ^= 1; /* an entry */
	CHECK_EQ(parse(), 5);
	CHECK_STR(said, "has a damaged partition table, its backup is used");
	CHECK_EQ(part[0].sectors, 36);
	begin(512);
	memset(image, 0, 34 * 512); /* all of the beginning, as an overwritten disk has it */
	CHECK_EQ(parse(), 5);
	CHECK(said != NULL);
	begin(512);
	bad_sector = 1;
	CHECK_EQ(parse(), 5);
	CHECK(said != NULL);
}

static void a_damaged_backup_is_told(void)
{
	begin(512);
	image[last_block() * 512 + 60] ^= 1;
	CHECK_EQ(parse(), 5);
	CHECK_STR(said, "has a damaged backup of its partition table");
	begin(512);
	image[(last_block() - 32) * 512] ^= 1;
	CHECK_EQ(parse(), 5);
	CHECK(said != NULL);
}

static void both_damaged(void)
{
	begin(512);
	image[512 + 30] ^= 1;
	image[last_block() * 512 + 30] ^= 1;
	CHECK_EQ(parse(), 0);
	CHECK_STR(said, "has a damaged partition table and no good backup: no partitions");
	CHECK(reads < 10);
}

/* CRCs are right, and the numbers are not. */
static void lies(void)
{
	static const struct {
		u32 off, size;
		u64 val;
	} lie[] = {
		{ 12, 4, 91 }, { 12, 4, 513 }, { 12, 4, ~0U }, { 24, 8, 2 }, { 40, 8, 3000 }, { 48, 8, 1UL << 50 },
		{ 48, 8, SIZE / 512 }, { 72, 8, ~0UL }, { 72, 8, SIZE / 512 - 1 }, { 80, 4, 0 }, { 80, 4, ~0U },
		{ 84, 4, 0 }, { 84, 4, 64 }, { 84, 4, 129 }, { 84, 4, ~7U }, { 40, 8, 0 }, { 40, 8, 1 },
	};

	for (u32 i = 0; i < ARRAY_SIZE(lie); i++) {
		begin(512);
		for (u32 c = 0; c < 2; c++) {
			u64 lba = c == 0 ? 1 : last_block();

			gpt_put(image + lba * 512 + lie[i].off, lie[i].val, lie[i].size);
			gpt_seal(image, SIZE, 512, lba);
		}
		CHECK_EQ(parse(), 0);
		CHECK(said != NULL);
	}
}

static void odd_entries_are_left_out(void)
{
	static const u64 range[][2] = { { 99, 64 }, { 33, 64 }, { 64, SIZE / 512 - 33 }, { 64, ~0UL }, { ~0UL, ~0UL } };

	for (u32 i = 0; i < ARRAY_SIZE(range); i++) {
		begin(512);
		gpt_entry(image, SIZE, 512, 7, range[i][0], range[i][1], 1, "odd");
		CHECK_EQ(parse(), 5);
		CHECK(said != NULL && strstr(said, "left out") != NULL);
		CHECK_EQ(part[7].sectors, 0);
	}
	begin(512);
	gpt_entry(image, SIZE, 512, 127, 64, SIZE / 512 - 34, 1, "the last one, its label has 36 chars");
	CHECK_EQ(parse(), 128);
	CHECK_STR(part[127].label, "the_last_one,_its_label_has_36_chars");
}

static void none(void)
{
	begin(512);
	memset(image, 0, sizeof(image));
	CHECK_EQ(parse(), 0);
	CHECK_STR(said, NULL);
	/* A file system over it all, with text where a header would be. */
	memset(image, 'x', sizeof(image));
	CHECK_EQ(parse(), 0);
	CHECK_STR(said, NULL);
	/* An old partition table: what may be behind it is no longer meant. */
	begin(512);
	image[446 + 4] = 0x83;
	CHECK_EQ(parse(), 0);
	CHECK_STR(said, NULL);
	/* One beside the protective entry is none. */
	begin(512);
	image[446 + 16 + 4] = 0x0c;
	CHECK_EQ(parse(), 5);
	CHECK_EQ(disk_partitions(from_image, NULL, 4, 512, buf, part, &said), 0);
	CHECK_EQ(disk_partitions(from_image, NULL, 8, 4096, buf, part, &said), 0);
}

TEST_MAIN(RUN(good_ones), RUN(the_backup_is_used), RUN(a_damaged_backup_is_told), RUN(both_damaged), RUN(lies),
	  RUN(odd_entries_are_left_out), RUN(none))
