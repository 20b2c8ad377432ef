/* SPDX-License-Identifier: Apache-2.0 */
#include "core/fdt_reader.h"

#include <errno.h>
#include <string.h>

/* Devicetree Specification v0.4, 5.2 and 5.4. */
#define FDT_HEADER_MAGIC 0xd00dfeed
#define FDT_HEADER_SIZE  40
#define TOKEN_NODE       1
#define TOKEN_NODE_CLOSE 2
#define TOKEN_PROPERTY   3
#define TOKEN_NOP        4
#define TOKEN_DONE       9

enum header_word {
	HDR_MAGIC, HDR_TOTAL, HDR_STRUCT, HDR_STRINGS, HDR_RSV, HDR_VERSION, HDR_LAST_COMP,
	HDR_BOOT_CPU, HDR_STRINGS_SIZE, HDR_STRUCT_SIZE, HDR_WORDS
};

static enum fdt_item bad(struct fdt_reader *r, const char *what, u32 at)
{
	r->error = what;
	r->error_at = at;
	r->at = r->struct_end;
	return FDT_BAD;
}

static bool inside(u32 start, u32 size, u32 total)
{
	return start >= FDT_HEADER_SIZE && start <= total && size <= total - start;
}

int fdt_reader_open(struct fdt_reader *r, const void *fdt, size_t max_size)
{
	u32 h[HDR_WORDS], i;
	const u8 *p = fdt;

	memset(r, 0, sizeof(*r));
	r->base = p;
	if (((uintptr_t)p & 3) != 0) {
		bad(r, "is not aligned to 4 bytes", 0);
		return -EINVAL;
	}
	if (max_size < FDT_HEADER_SIZE) {
		bad(r, "is shorter than its header", 0);
		return -EINVAL;
	}
	if (fdt_be32(p) != FDT_HEADER_MAGIC) {
		bad(r, "has no device tree magic (0xd00dfeed)", 0);
		return -EINVAL;
	}
	for (i = 0; i < HDR_WORDS; i++) {
		h[i] = fdt_be32(p + 4 * i);
	}
	if (h[HDR_VERSION] < 17 || h[HDR_LAST_COMP] > 17) {
		bad(r, "has a version this reader does not know (expected 17)", 4 * HDR_VERSION);
		return -EINVAL;
	}
	if (h[HDR_TOTAL] < FDT_HEADER_SIZE || h[HDR_TOTAL] > max_size) {
		bad(r, "is truncated: its total size exceeds what is there", 4 * HDR_TOTAL);
		return -EINVAL;
	}
	if (!inside(h[HDR_STRUCT], h[HDR_STRUCT_SIZE], h[HDR_TOTAL]) || (h[HDR_STRUCT] & 3) != 0 ||
	    (h[HDR_STRUCT_SIZE] & 3) != 0) {
		bad(r, "has a structure block outside the tree", 4 * HDR_STRUCT);
		return -EINVAL;
	}
	if (!inside(h[HDR_STRINGS], h[HDR_STRINGS_SIZE], h[HDR_TOTAL])) {
		bad(r, "has a strings block outside the tree", 4 * HDR_STRINGS);
		return -EINVAL;
	}
	if (!inside(h[HDR_RSV], 16, h[HDR_TOTAL]) || (h[HDR_RSV] & 3) != 0) {
		bad(r, "has a reservation block outside the tree", 4 * HDR_RSV);
		return -EINVAL;
	}
	r->total = h[HDR_TOTAL];
	r->rsv = h[HDR_RSV];
	r->struct_start = h[HDR_STRUCT];
	r->struct_end = h[HDR_STRUCT] + h[HDR_STRUCT_SIZE];
	r->strings = h[HDR_STRINGS];
	r->strings_size = h[HDR_STRINGS_SIZE];
	r->at = r->struct_start;
	/* With a NUL at its very end every name that starts inside the block ends inside it. */
	if (r->strings_size != 0 && p[r->strings + r->strings_size - 1] != 0) {
		bad(r, "has a strings block that does not end with a NUL", r->strings);
		return -EINVAL;
	}
	return 0;
}

bool fdt_reader_reservation(struct fdt_reader *r, u64 *start, u64 *size)
{
	if (r->rsv > r->total || r->total - r->rsv < 16) {
		return false;
	}
	*start = fdt_be64(r->base + r->rsv);
	*size = fdt_be64(r->base + r->rsv + 8);
	if (*start == 0 && *size == 0) {
		return false;
	}
	r->rsv += 16;
	return true;
}

u32 fdt_reader_size(const struct fdt_reader *r)
{
	u32 size = MAX(r->struct_end, r->strings + r->strings_size);

	/* The entry behind the last one is the terminator. */
	return MIN(r->total, MAX(size, r->rsv + 16));
}

static enum fdt_item open_node(struct fdt_reader *r)
{
	const char *name = (const char *)r->base + r->at;
	size_t left = r->struct_end - r->at, n = strnlen(name, left);

	if (n == left) {
		return bad(r, "node name runs out of the structure block", r->at);
	}
	if (r->depth == FDT_READER_DEPTH) {
		return bad(r, "nodes are nested too deeply", r->at);
	}
	if (r->depth == 0 && r->props_over) {
		return bad(r, "second root node", r->at);
	}
	r->name = name;
	r->name_len = (u32)n;
	r->at += ALIGN_UP(n + 1, 4);
	r->depth++;
	r->props_over = false;
	return FDT_NODE;
}

static enum fdt_item property(struct fdt_reader *r)
{
	u32 len, name, left = r->struct_end - r->at;

	if (left < 8) {
		return bad(r, "property runs out of the structure block", r->at);
	}
	len = fdt_be32(r->base + r->at);
	name = fdt_be32(r->base + r->at + 4);
	if (len > left - 8) {
		return bad(r, "property value runs out of the structure block", r->at);
	}
	if (name >= r->strings_size) {
		return bad(r, "property name lies outside the strings block", r->at + 4);
	}
	if (r->depth == 0 || r->props_over) {
		return bad(r, "property stands outside a node or behind a subnode", r->at);
	}
	r->name = (const char *)r->base + r->strings + name;
	r->data = r->base + r->at + 8;
	r->len = len;
	r->at += 8 + ALIGN_UP(len, 4);
	return FDT_PROPERTY;
}

enum fdt_item fdt_reader_next(struct fdt_reader *r)
{
	u32 token;

	if (r->error != NULL) {
		return FDT_BAD;
	}
	/* The block's size is a multiple of 4 and so is every step: at never passes the end. */
	while (r->at < r->struct_end) {
		token = fdt_be32(r->base + r->at);
		r->at += 4;
		switch (token) {
		case TOKEN_NODE: return open_node(r);
		case TOKEN_PROPERTY: return property(r);
		case TOKEN_NODE_CLOSE:
			if (r->depth == 0) {
				return bad(r, "node ends that was never opened", r->at - 4);
			}
			r->depth--;
			r->props_over = true;
			return FDT_NODE_CLOSE;
		case TOKEN_NOP: break;
		case TOKEN_DONE:
			if (r->depth != 0 || !r->props_over) {
				return bad(r, "ends inside a node", r->at - 4);
			}
			r->at = r->struct_end;
			return FDT_DONE;
		default: return bad(r, "unknown token in the structure block", r->at - 4);
		}
	}
	return bad(r, "structure block has no end token", r->struct_end);
}

bool fdt_has_string(const u8 *data, u32 len, const char *s)
{
	const char *p = (const char *)data, *end = p + len;

	if (!fdt_is_string(data, len)) {
		return false;
	}
	for (; p < end; p += strlen(p) + 1) {
		if (*p == *s && strcmp(p, s) == 0) {
			return true;
		}
	}
	return false;
}
