/* SPDX-License-Identifier: Apache-2.0 */
/* Laying out and writing the image: headers, monitor, cpio archive with its index. */
#ifndef TOOLS_MKIMAGE_ARCHIVE_H
#define TOOLS_MKIMAGE_ARCHIVE_H

#include "tools/mkimage/buildfile.h"
#include "tools/mkimage/link.h"

/*
 * archive_write - write the image to `path`. Fills off and crc of bf's files. False having
 * reported why to bf->diag.
 */
bool archive_write(struct buildfile *bf, const struct monitor *m, const char *path);

/* cpio_member - bytes a "newc" header and its NUL-padded name take so that data at `off` + the
 * result is aligned to `align` (a power of two, at least 4). */
u64 cpio_member(u64 off, const char *name, u64 align);

#endif
