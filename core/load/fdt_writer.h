/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing a flattened device tree from front to back, with a user's tree merged
 * over it on the way: whatever properties the user's node of the same path has
 * win, and its nodes that nobody generates are copied behind the generated ones.
 *
 * libfdt's sequential writer below is an order of magnitude cheaper than
 * inserting nodes into a finished tree, and needs no second copy to merge.
 */
#ifndef QUOIN_CORE_LOAD_FDT_WRITER_H
#define QUOIN_CORE_LOAD_FDT_WRITER_H

#include "core/base/types.h"

#define FDT_WRITER_DEPTH   8
#define FDT_WRITER_MATCHED 128

struct fdt_writer {
	void *fdt;
	const void *user;                 /* NULL: nothing to merge */
	int error;                        /* first failure, -E; later calls do nothing */
	u32 depth;
	int user_at[FDT_WRITER_DEPTH];    /* node of the user's tree per open node, -1: none */
	u32 matched_count;
	int matched[FDT_WRITER_MATCHED];  /* user's nodes that were merged into generated ones */
};

/*
 * fdt_writer_check - is the `size` bytes at `user` a tree that can be merged? NULL if so, else what
 * is wrong with it. The merge only takes trees that passed. Boot or thread context.
 */
const char *fdt_writer_check(const void *user, size_t size);

/* fdt_writer_bound - bytes a checked tree adds at most to the one it is merged into. */
size_t fdt_writer_bound(const void *user);

/* fdt_writer_open - start a tree in `buf` (aligned to 8) of `size` bytes. Opens no node. */
void fdt_writer_open(struct fdt_writer *w, void *buf, size_t size, const void *user);

void fdt_writer_begin(struct fdt_writer *w, const char *name);
void fdt_writer_end(struct fdt_writer *w);

/* Properties of the open node; all before its first subnode. */
void fdt_writer_bytes(struct fdt_writer *w, const char *name, const void *data, size_t len);
void fdt_writer_str(struct fdt_writer *w, const char *name, const char *value);
void fdt_writer_strs(struct fdt_writer *w, const char *name, const char *const *values, u32 count);
void fdt_writer_u32(struct fdt_writer *w, const char *name, u32 value);
void fdt_writer_u32s(struct fdt_writer *w, const char *name, const u32 *values, u32 count);
void fdt_writer_u64s(struct fdt_writer *w, const char *name, const u64 *values, u32 count);

/* fdt_writer_phandle - what the node at `path` will have: the user's, else `ours`, kept unique. */
u32 fdt_writer_phandle(const struct fdt_writer *w, const char *path, u32 ours);

/* fdt_writer_close - finish the tree: 0 and its size, -ENOSPC if it did not fit, other -E. */
int fdt_writer_close(struct fdt_writer *w, size_t *size) __must_check;

#endif
