/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reader of the image the monitor came in, its configuration and payloads. Written by
 * tools/mkimage, read by both; core/spec/quoin_image.h has the format.
 */
#ifndef QUOIN_CORE_IMAGE_H
#define QUOIN_CORE_IMAGE_H

#include "core/base/diag.h"
#include "core/base/types.h"
#include "core/spec/quoin_image.h"

/* An image that image_open() accepted. */
struct image {
	const u8 *base;
	struct quoin_header header; /* a copy: nothing re-reads the original */
	const struct image_entry *entry;
	const char *names;
	u32 count;
};

/*
 * image_open - check the image at `base` (8-byte aligned), of which `limit` bytes may be read, and
 * fill `img`. Checks the headers, the index, configs and scripts with their CRCs; trusts no field.
 * Payload CRCs and the monitor have functions of their own. 0, or -EINVAL having reported why.
 * Boot context and host. Links, directories and files without data are entries too.
 */
int image_open(const void *base, u64 limit, struct image *img, struct diag *d) __must_check;

/*
 * image_check_monitor - CRC of the monitor itself. On the target this must run before anything
 * writes to .data, which is part of it. 0, or -EINVAL having reported why. Boot context and host.
 */
int image_check_monitor(const struct image *img, struct diag *d) __must_check;

/* image_check_payloads - CRC of every file (`quoin -c`). 0, or -EINVAL having reported each bad one. */
int image_check_payloads(const struct image *img, struct diag *d) __must_check;

/*
 * image_find - a file by path: 0 with its data (in place) and size, -ENOENT, or -EISDIR for what
 * holds no data. A leading '/', "./" and "/proc/boot/" are of no account. Boot or thread context.
 */
int image_find(const struct image *img, const char *path, const void **data, u64 *size) __must_check;

/* image_lookup - the entry of a path, NULL if there is none. Boot or thread context. */
const struct image_entry *image_lookup(const struct image *img, const char *path);

/* image_script - the start script; NULL if the image has none. */
const struct image_entry *image_script(const struct image *img);

/* image_path - `path` without what image_find() disregards. Any context. */
const char *image_path(const char *path);

/* image_header_crc - the value header_crc must have, for the headers at `base`. Boot context and host. */
u32 image_header_crc(const void *base);

static inline const char *image_entry_name(const struct image *img, const struct image_entry *e)
{
	return img->names + e->name;
}

static inline const void *image_entry_data(const struct image *img, const struct image_entry *e)
{
	return img->base + e->off;
}

/* image_options - the monitor's boot options, a string. */
static inline const char *image_options(const struct image *img)
{
	return (const char *)img->base + img->header.options_off;
}

#endif
