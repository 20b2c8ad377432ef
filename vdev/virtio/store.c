/* SPDX-License-Identifier: Apache-2.0 */
#include "vdev/virtio/store.h"

#include <errno.h>
#include <string.h>
#include "core/base/crc32.h"

static bool is_ram(const char *text)
{
	return strncmp(text, "ram:", 4) == 0;
}

/* A size in the notation of the configuration language; 0 if it is none. */
static u64 ram_size(const char *text)
{
	u64 n;

	return vdev_number(text + 4, &n) && n % 512 == 0 ? n : 0;
}

static const char *name_of(const char *text)
{
	return *text == '<' ? text + 1 : text;
}

bool store_is_disk(const char *text)
{
	return strncmp(name_of(text), "/dev/", 5) == 0;
}

const char *store_check(const char *text)
{
	if (is_ram(text)) {
		return ram_size(text) != 0 ? NULL : "ram:SIZE, a multiple of 512 bytes";
	}
	return *name_of(text) != '\0' ? NULL : "[<]PATH of a file in the image, [<]/dev/disk..., or ram:SIZE";
}

const char *store_image_path(const char *text)
{
	return is_ram(text) || store_is_disk(text) ? NULL : name_of(text);
}

/* ---- What a file must not be */

#define GPT_HEADER 92
#define GPT_LBA 512
#define GPT_ENTRIES_MAX KiB(64)

static u64 number(const u8 *p, u32 bytes)
{
	u64 n = 0;

	while (bytes-- != 0) {
		n = n << 8 | p[bytes];
	}
	return n;
}

/* The table of a disk of 512-byte sectors (UEFI 2.10 5.3.2); `p` is where its header would be. */
static const char *check_gpt(const u8 *data, u64 size)
{
	const u8 *p = data + GPT_LBA;
	static const u8 none[4];
	u64 length, entries, bytes;
	u32 crc;

	if (size < 2 * GPT_LBA || memcmp(p, "EFI PART", 8) != 0) {
		return NULL;
	}
	length = number(p + 12, 4);
	if (length < GPT_HEADER || length > GPT_LBA) {
		return "damaged: its partition table's header has a wrong length";
	}
	crc = crc32_update(0, p, 16);
	crc = crc32_update(crc, none, 4);
	if (crc32_update(crc, p + 20, length - 20) != number(p + 16, 4)) {
		return "damaged: its partition table's header has a wrong checksum";
	}
	if (number(p + 32, 8) >= size / GPT_LBA || number(p + 48, 8) >= size / GPT_LBA) {
		return "damaged: shorter than its partition table says";
	}
	entries = number(p + 72, 8);
	bytes = number(p + 80, 4) * number(p + 84, 4);
	if (bytes <= GPT_ENTRIES_MAX && (entries >= size / GPT_LBA || bytes > size - entries * GPT_LBA ||
					 crc32_update(0, data + entries * GPT_LBA, bytes) != number(p + 88, 4))) {
		return "damaged: its partition table has a wrong checksum";
	}
	return NULL;
}

const char *store_content(const void *data, u64 size)
{
	static const struct {
		char magic[5];
		u8 length;
		const char *why;
	} other[] = {
		{ "QFI\xfb", 4, "a qcow2 image, expected a raw one" },
		{ "KDMV", 4, "a vmdk image, expected a raw one" },
		{ "\x1f\x8b", 2, "compressed, expected a raw image" },
		{ "\xfd" "7zX", 4, "compressed, expected a raw image" },
		{ "(\xb5/\xfd", 4, "compressed, expected a raw image" },
	};

	for (u32 i = 0; i < ARRAY_SIZE(other); i++) {
		if (size >= other[i].length && memcmp(data, other[i].magic, other[i].length) == 0) {
			return other[i].why;
		}
	}
	if (size == 0 || size % 512 != 0) {
		return "damaged: its size is not a multiple of 512 bytes";
	}
	return check_gpt(data, size);
}

/* ---- */

/* A chunk that can be written; NULL without memory. */
static u8 *chunk_for_write(struct store *s, u64 i)
{
	u64 left = s->size - i * STORE_CHUNK;

	if (s->chunk[i] == NULL) {
		s->chunk[i] = vdev_mem_alloc(s->dev, STORE_CHUNK);
		if (s->chunk[i] != NULL && s->file != NULL) {
			memcpy(s->chunk[i], s->file + i * STORE_CHUNK, MIN(left, STORE_CHUNK));
		}
	}
	return s->chunk[i];
}

static int open_file(struct store *s, struct vdev *d, const struct cfg_option *o)
{
	const char *path = name_of(o->str), *why;
	const void *data;

	if (vdev_file(d, path, &data, &s->size) != 0) {
		vdev_error(d, &o->pos, "'%s' is not in the image", path);
		return -ENOENT;
	}
	s->file = data;
	why = store_content(data, s->size);
	if (why != NULL) {
		vdev_error(d, &o->pos, "'%s': %s", path, why);
		return -EINVAL;
	}
	return 0;
}

static int no_memory(struct store *s, const struct cfg_option *o)
{
	vdev_error(s->dev, &o->pos, "no memory for a disk of %lu KiB", s->size >> 10);
	store_close(s);
	return -ENOMEM;
}

int store_open(struct store *s, struct vdev *d, const struct cfg_option *o)
{
	bool ram = is_ram(o->str);
	int err = 0;

	s->dev = d;
	s->read_only = o->str[0] == '<';
	if (ram) {
		s->size = ram_size(o->str);
	} else {
		err = open_file(s, d, o);
	}
	if (err != 0 || s->read_only) {
		return err;
	}
	s->chunks = ALIGN_UP(s->size, STORE_CHUNK) / STORE_CHUNK;
	s->chunk = vdev_mem_alloc(d, s->chunks * sizeof(s->chunk[0]));
	if (s->chunk == NULL) {
		return no_memory(s, o);
	}
	for (u64 i = 0; ram && i < s->chunks; i++) {
		if (chunk_for_write(s, i) == NULL) {
			return no_memory(s, o);
		}
	}
	return 0;
}

void store_close(struct store *s)
{
	for (u64 i = 0; s->chunk != NULL && i < s->chunks; i++) {
		if (s->chunk[i] != NULL) {
			vdev_mem_free(s->dev, s->chunk[i], STORE_CHUNK);
		}
	}
	if (s->chunk != NULL) {
		vdev_mem_free(s->dev, s->chunk, s->chunks * sizeof(s->chunk[0]));
	}
	s->chunk = NULL;
}

int store_read(struct store *s, u64 off, u64 n, const struct virtq_chain *c, struct virtq_at *at)
{
	while (n != 0) {
		u64 i = off / STORE_CHUNK, in = off % STORE_CHUNK, run = MIN(n, STORE_CHUNK - in);
		const u8 *from = s->chunk != NULL ? s->chunk[i] : NULL;

		if (from != NULL) {
			virtq_write(c, at, from + in, run);
		} else if (s->file != NULL) {
			virtq_write(c, at, s->file + off, run);
		} else {
			virtq_zero(c, at, run);
		}
		off += run;
		n -= run;
	}
	return 0;
}

int store_write(struct store *s, u64 off, u64 n, const struct virtq_chain *c, struct virtq_at *at)
{
	while (n != 0) {
		u64 i = off / STORE_CHUNK, in = off % STORE_CHUNK, run = MIN(n, STORE_CHUNK - in);
		u8 *to = chunk_for_write(s, i);

		if (to == NULL) {
			return -ENOSPC;
		}
		virtq_read(c, at, to + in, run);
		off += run;
		n -= run;
	}
	return 0;
}

int store_zero(struct store *s, u64 off, u64 n)
{
	while (n != 0) {
		u64 i = off / STORE_CHUNK, in = off % STORE_CHUNK, run = MIN(n, STORE_CHUNK - in);
		u8 *to = s->chunk[i];

		/* What nobody wrote to a RAM disk is zero already. */
		if (to == NULL && s->file != NULL) {
			to = chunk_for_write(s, i);
			if (to == NULL) {
				return -ENOSPC;
			}
		}
		if (to != NULL) {
			memset(to + in, 0, run);
		}
		off += run;
		n -= run;
	}
	return 0;
}
