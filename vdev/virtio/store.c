/* SPDX-License-Identifier: Apache-2.0 */
#include "vdev/virtio/store.h"

#include <errno.h>
#include <string.h>

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

const char *store_check(const char *text)
{
	const char *name = *text == '<' ? text + 1 : text;

	if (is_ram(text)) {
		return ram_size(text) != 0 ? NULL : "ram:SIZE, a multiple of 512 bytes";
	}
	return *name != '\0' ? NULL : "[<]PATH of a file in the image, or ram:SIZE";
}

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
	const char *path = s->read_only ? o->str + 1 : o->str;
	const void *data;

	if (vdev_file(d, path, &data, &s->size) != 0) {
		vdev_error(d, &o->pos, "'%s' is not in the image", path);
		return -ENOENT;
	}
	s->file = data;
	if (s->size == 0 || s->size % 512 != 0) {
		vdev_error(d, &o->pos, "'%s' has %lu bytes: expected a multiple of 512", path, s->size);
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
