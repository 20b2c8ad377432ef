/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/mkimage/payload.h"

#include <errno.h>
#include <string.h>
#include "core/base/range.h"

#define UNPACKED_MAX GiB(1)

/* Linux drivers/firmware/efi/libstub/zboot-header.S: little-endian, "zimg" at 4. */
struct zboot {
	char mz[4], zimg[4];
	u32 payload_off, payload_size;
	u32 reserved[2];
	char method[32];
};

/* A compression method as zboot names it, and the program that undoes it. */
static const struct method {
	const char *name;
	char *argv[4];
} methods[] = {
	{ "gzip", { "gzip", "-dc" } },		{ "zstd", { "zstd", "-dcq" } },
	{ "zstd22", { "zstd", "-dcq" } },	{ "xzkern", { "xz", "-dc" } },
	{ "xz", { "xz", "-dc" } },		{ "lzma", { "xz", "--format=lzma", "-dc" } },
	{ "lz4", { "lz4", "-dc" } },		{ "lzo", { "lzop", "-dc" } },
};

static void unpack(struct mk_file *f, struct blob packed, const char *name, struct diag *d)
{
	const struct src_pos pos = { .file = f->source != NULL ? f->source : f->target };
	u32 i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(methods); i++) {
		if (strcmp(methods[i].name, name) == 0) {
			break;
		}
	}
	if (i == ARRAY_SIZE(methods)) {
		diag_error(d, &pos, "compressed with '%.16s', expected gzip, zstd, xz, lzma, lz4 or lzo", name);
		return;
	}
	ret = run_filter(methods[i].argv, packed, UNPACKED_MAX, &f->data);
	if (ret == -ENOENT) {
		diag_error(d, &pos, "cannot unpack: there is no program '%s' here", methods[i].argv[0]);
	} else if (ret == -EFBIG) {
		diag_error(d, &pos, "unpacks to more than %lu MiB", UNPACKED_MAX >> 20);
	} else if (ret != 0) {
		diag_error(d, &pos, "damaged: %s cannot unpack it", methods[i].argv[0]);
	}
}

void payload_unpack(struct mk_file *f, struct diag *d)
{
	const struct src_pos pos = { .file = f->source != NULL ? f->source : f->target };
	struct zboot z;

	if (f->data.size >= sizeof(z)) {
		memcpy(&z, f->data.data, sizeof(z));
		if (memcmp(z.mz, "MZ", 2) == 0 && memcmp(z.zimg, "zimg", 4) == 0) {
			z.method[sizeof(z.method) - 1] = '\0';
			if (!range_contains(0, f->data.size, z.payload_off, z.payload_size)) {
				diag_error(d, &pos, "truncated EFI zboot image: its payload (0x%x, 0x%x bytes) lies "
					   "outside of the file", z.payload_off, z.payload_size);
				return;
			}
			unpack(f, (struct blob) { .data = f->data.data + z.payload_off,
						  .size = z.payload_size }, z.method, d);
			return;
		}
	}
	if (f->data.size >= 2 && f->data.data[0] == 0x1f && f->data.data[1] == 0x8b) {
		unpack(f, f->data, "gzip", d);
	}
}
