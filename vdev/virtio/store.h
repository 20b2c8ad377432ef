/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bytes of a disk: what a `hostdev` of virtio-blk names.
 *
 *   hostdev /disks/root.img    a file of the image; what the guest writes is kept in RAM until the
 *                              VM ends (copy on write)
 *   hostdev </disks/root.img   the same, read-only
 *   hostdev ram:64M            memory of that size, zero at first
 *   hostdev [<]/dev/disk0p1    a disk of the machine (core/host/disk.h): not a store, blk_disk.c
 */
#ifndef QUOIN_VDEV_VIRTIO_STORE_H
#define QUOIN_VDEV_VIRTIO_STORE_H

#include "vdev/virtio/queue.h"

#define STORE_CHUNK KiB(64)

struct store {
	struct vdev *dev;
	u64 size;       /* bytes, a multiple of 512 */
	const u8 *file; /* what chunks start as; NULL: zeroes */
	u8 **chunk;     /* size / STORE_CHUNK of them; NULL: not written yet */
	u64 chunks;
	bool read_only;
};

/* store_check - for the option's declaration: NULL, or what was expected. Host and boot. */
const char *store_check(const char *text);
const char *store_image_path(const char *text);
/*
 * store_content - NULL, or why an image's bytes are no disk: its size, another format than raw, a GUID
 * partition table that does not fit or is damaged. Host and boot.
 */
const char *store_content(const void *data, u64 size);
/* store_is_disk - the text names a disk of the machine. Any context. */
bool store_is_disk(const char *text);
/* store_open - what `o` names, of device `d`. 0 or -E, having said why. create() only. */
int store_open(struct store *s, struct vdev *d, const struct cfg_option *o) __must_check;
void store_close(struct store *s);
/* Where `n` bytes at `off`, inside the store, are, if they are in one place that can be read (or written); NULL. */
static inline u8 *store_at(const struct store *s, u64 off, u64 n, bool write)
{
	u8 *chunk = s->chunk != NULL ? s->chunk[off / STORE_CHUNK] : NULL;

	if (likely(chunk != NULL)) {
		return off % STORE_CHUNK + n <= STORE_CHUNK ? chunk + off % STORE_CHUNK : NULL;
	}
	return s->chunk == NULL && !write ? (u8 *)s->file + off : NULL;
}

/*
 * store_read, store_write, store_zero - `n` bytes at `off`, inside the store: between it and the
 * request's buffers at `at`. 0, or -ENOSPC: no memory for what is written. Work context.
 */
int store_read(struct store *s, u64 off, u64 n, const struct virtq_chain *c, struct virtq_at *at);
int store_write(struct store *s, u64 off, u64 n, const struct virtq_chain *c, struct virtq_at *at);
int store_zero(struct store *s, u64 off, u64 n);

#endif
