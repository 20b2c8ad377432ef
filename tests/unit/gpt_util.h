/* SPDX-License-Identifier: Apache-2.0 */
/* GUID partition tables written into an image (UEFI 2.10 5.3), right unless a test damages them. */
#ifndef TESTS_UNIT_GPT_UTIL_H
#define TESTS_UNIT_GPT_UTIL_H

#include <string.h>
#include "core/base/crc32.h"
#include "core/base/types.h"

#define GPT_ENTRIES 128

static void gpt_put(u8 *at, u64 v, u32 size)
{
	memcpy(at, &v, size);
}

/* gpt_seal - the header at block `lba` and what it leads to get the right CRCs. */
static void __attribute__((unused)) gpt_seal(u8 *image, u64 size, u32 block, u64 lba)
{
	u8 *h = image + lba * block;
	u64 entries;
	u32 n, each, head;

	memcpy(&entries, h + 72, 8);
	memcpy(&n, h + 80, 4);
	memcpy(&each, h + 84, 4);
	memcpy(&head, h + 12, 4);
	if (entries < size / block && (u64)n * each <= size - entries * block) {
		gpt_put(h + 88, crc32_update(0, image + entries * block, (u64)n * each), 4);
	}
	gpt_put(h + 16, 0, 4);
	gpt_put(h + 16, crc32_update(0, h, head <= block ? head : block), 4);
}

/* gpt_make - an empty table on a disk of `size` bytes. */
static void __attribute__((unused)) gpt_make(u8 *image, u64 size, u32 block)
{
	u64 blocks = size / block, table = GPT_ENTRIES * 128 / block;
	const struct {
		u64 lba, other, entries;
	} copy[] = { { 1, blocks - 1, 2 }, { blocks - 1, 1, blocks - 1 - table } };

	image[446 + 4] = 0xee;
	image[510] = 0x55;
	image[511] = 0xaa;
	for (u32 i = 0; i < 2; i++) {
		u8 *h = image + copy[i].lba * block;

		memcpy(h, "EFI PART", 8);
		gpt_put(h + 8, 0x10000, 4);
		gpt_put(h + 12, 92, 4);
		gpt_put(h + 24, copy[i].lba, 8);
		gpt_put(h + 32, copy[i].other, 8);
		gpt_put(h + 40, 2 + table, 8);
		gpt_put(h + 48, blocks - 2 - table, 8);
		gpt_put(h + 72, copy[i].entries, 8);
		gpt_put(h + 80, GPT_ENTRIES, 4);
		gpt_put(h + 84, 128, 4);
		gpt_seal(image, size, block, copy[i].lba);
	}
}

/* gpt_entry - entry `i` of both copies; its UUID is 16 times `uuid`. */
static void __attribute__((unused)) gpt_entry(u8 *image, u64 size, u32 block, u32 i, u64 first, u64 last, u8 uuid,
					      const char *label)
{
	u64 blocks = size / block, table = GPT_ENTRIES * 128 / block;
	const u64 at[] = { 2, blocks - 1 - table }, head[] = { 1, blocks - 1 };

	for (u32 c = 0; c < 2; c++) {
		u8 *e = image + at[c] * block + 128 * i;

		memset(e, 0x11, 16);
		memset(e + 16, uuid, 16);
		gpt_put(e + 32, first, 8);
		gpt_put(e + 40, last, 8);
		memset(e + 56, 0, 72);
		for (u32 k = 0; label[k] != '\0'; k++) {
			e[56 + 2 * k] = (u8)label[k];
		}
		gpt_seal(image, size, block, head[c]);
	}
}

#endif
