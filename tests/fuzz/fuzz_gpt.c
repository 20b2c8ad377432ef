/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Partition tables of any content. The first byte says how large blocks are, and whether the headers
 * get right CRCs, so that what stands in them is looked at; the rest is the disk, zeroes behind it.
 */
#include "core/host/disk_priv.h"
#include "tests/unit/gpt_util.h"
#include "tests/fuzz/fuzz.h"

#define SIZE KiB(128)

static u8 image[SIZE];

static bool from_image(void *ctx, u64 sector, u32 sectors, void *to)
{
	u64 *left = ctx;

	if (sector >= SIZE / 512 || sectors > SIZE / 512 - sector || *left == 0) {
		abort(); /* the reader is never asked for what is not there, nor for ever */
	}
	(*left)--;
	memcpy(to, image + sector * 512, sectors * 512UL);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	u32 block = size != 0 && (data[0] & 1) ? 4096 : 512, count;
	struct disk_part *part = calloc(DISK_PARTS, sizeof(*part));
	void *buf = malloc(GPT_BUFFER);
	const char *said;
	u64 left = 8;

	memset(image, 0, sizeof(image));
	if (size > 1) {
		memcpy(image, data + 1, MIN(size - 1, SIZE / 2));
		if (data[0] & 4) { /* the second half of the input is the end of the disk */
			memcpy(image + SIZE - size / 2, data + size - size / 2, size / 2);
		}
		if (data[0] & 2) {
			gpt_seal(image, SIZE, block, 1);
			gpt_seal(image, SIZE, block, SIZE / block - 1);
		}
	}
	count = disk_partitions(from_image, &left, SIZE / 512, block, buf, part, &said);
	if (count > DISK_PARTS) {
		abort();
	}
	for (u32 i = 0; i < DISK_PARTS; i++) {
		const struct disk_part *p = &part[i];

		if (p->sectors > SIZE / 512 || p->first > SIZE / 512 - p->sectors || (i >= count && p->sectors != 0) ||
		    strlen(p->label) >= sizeof(p->label)) {
			abort();
		}
	}
	free(part);
	free(buf);
	return 0;
}
