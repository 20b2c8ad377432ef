/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading a flattened device tree, one token after the other, in one pass that
 * checks all it hands out (Devicetree Specification v0.4, chapter 5).
 *
 * libfdt's fdt_check_full() followed by a walk costs two to three times the
 * whole instruction budget of a cold boot for this; a tree is read here once.
 */
#ifndef QUOIN_CORE_FDT_READER_H
#define QUOIN_CORE_FDT_READER_H

#include "core/base/types.h"

#define FDT_READER_DEPTH 32 /* nodes inside nodes, the root included */

struct fdt_reader {
	const u8 *base;
	u32 total;                   /* totalsize of the header */
	u32 rsv;                     /* memory reservation block: first entry not yet read */
	u32 struct_start, struct_end;
	u32 strings, strings_size;
	u32 at;                      /* of the next token */
	u32 depth;                   /* open nodes */
	bool props_over;             /* a subnode was seen: no more properties in this node */
	/* The current item. */
	const char *name;            /* of a node or property */
	u32 name_len;                /* of a node */
	const u8 *data;              /* of a property, aligned to 4 */
	u32 len;
	/* After FDT_BAD: what is wrong and at which byte of the tree. */
	const char *error;
	u32 error_at;
};

enum fdt_item { FDT_BAD, FDT_NODE, FDT_PROPERTY, FDT_NODE_CLOSE, FDT_DONE };

/*
 * fdt_reader_open - check the header of the tree at `fdt` (aligned to 4), of
 * which at most `max_size` bytes are readable. 0, or -EINVAL with r->error set.
 * Boot or thread context.
 */
int fdt_reader_open(struct fdt_reader *r, const void *fdt, size_t max_size) __must_check;

/* fdt_reader_next - the next item, checked; after FDT_BAD or FDT_DONE nothing follows. */
enum fdt_item fdt_reader_next(struct fdt_reader *r);

/* fdt_reader_reservation - next entry of the reservation block; false at its end. */
bool fdt_reader_reservation(struct fdt_reader *r, u64 *start, u64 *size);

/* fdt_reader_size - bytes the tree's parts occupy: QEMU pads totalsize to 1 MiB. */
u32 fdt_reader_size(const struct fdt_reader *r);

static inline u32 fdt_be32(const u8 *p)
{
	return __builtin_bswap32(*(const u32 *)(const void *)p);
}

static inline u64 fdt_be64(const u8 *p)
{
	return ((u64)fdt_be32(p) << 32) | fdt_be32(p + 4);
}

/* fdt_cells - number of `n` cells (0..2) at `p`; the caller has checked the length. */
static inline u64 fdt_cells(const u8 *p, u32 n)
{
	return n == 0 ? 0 : n == 1 ? fdt_be32(p) : fdt_be64(p);
}

/* fdt_is_string - true if the property value is one or more NUL-terminated strings. */
static inline bool fdt_is_string(const u8 *data, u32 len)
{
	return len != 0 && data[len - 1] == 0;
}

/* fdt_has_string - true if the string list contains `s`. */
bool fdt_has_string(const u8 *data, u32 len, const char *s);

#endif
