/* SPDX-License-Identifier: Apache-2.0 */
#include "core/load/fdt_writer.h"

#include <errno.h>
#include <libfdt.h>
#include <string.h>
#include "core/fdt_reader.h"

static void check(struct fdt_writer *w, int libfdt_error)
{
	if (libfdt_error < 0 && w->error == 0) {
		w->error = libfdt_error == -FDT_ERR_NOSPACE ? -ENOSPC : -EINVAL;
	}
}

const char *fdt_writer_check(const void *user, size_t size)
{
	struct fdt_reader r;
	enum fdt_item item;

	if (fdt_reader_open(&r, user, size) != 0) {
		return r.error;
	}
	while ((item = fdt_reader_next(&r)) != FDT_DONE) {
		if (item == FDT_BAD) {
			return r.error;
		}
		if (item == FDT_NODE && (strcmp(r.name, "__overlay__") == 0 ||
					 strcmp(r.name, "__fixups__") == 0)) {
			return "is an overlay with unresolved references (expected a plain tree: "
			       "nodes at their own paths)";
		}
		/* Values in reg are only meaningful with the cells they were written for. */
		if (item == FDT_PROPERTY && r.depth == 1 && r.len == 4 &&
		    (strcmp(r.name, "#address-cells") == 0 ||
		     strcmp(r.name, "#size-cells") == 0) &&
		    fdt_be32(r.data) != 2) {
			return "has a root whose #address-cells or #size-cells is not 2";
		}
	}
	return NULL;
}

size_t fdt_writer_bound(const void *user)
{
	struct fdt_reader r;
	enum fdt_item item;
	u64 start, len;
	size_t n = 0;

	if (fdt_reader_open(&r, user, fdt_totalsize(user)) != 0) {
		return 0;
	}
	while (fdt_reader_reservation(&r, &start, &len)) {
		n += 16;
	}
	while ((item = fdt_reader_next(&r)) == FDT_NODE || item == FDT_PROPERTY ||
	       item == FDT_NODE_CLOSE) {
		if (item == FDT_NODE) {
			n += 8 + ALIGN_UP(r.name_len + 1, 4);
		} else if (item == FDT_PROPERTY) {
			/* Names are written once per property, not once per tree. */
			n += 12 + ALIGN_UP(r.len, 4) + strlen(r.name) + 1;
		}
	}
	return n;
}

void fdt_writer_open(struct fdt_writer *w, void *buf, size_t size, const void *user)
{
	memset(w, 0, sizeof(*w));
	w->fdt = buf;
	w->user = user;
	/* Looking every name up in the strings written so far would cost more than all the rest. */
	check(w, fdt_create_with_flags(buf, (int)MIN(size, MiB(2)), FDT_CREATE_FLAG_NO_NAME_DEDUP));
	if (user != NULL) {
		int i, n = fdt_num_mem_rsv(user);
		u64 start, len;

		for (i = 0; i < n && fdt_get_mem_rsv(user, i, &start, &len) == 0; i++) {
			check(w, fdt_add_reservemap_entry(buf, start, len));
		}
	}
	check(w, fdt_finish_reservemap(buf));
}

/*
 * What a user's tree may not change: how a node's children are to be read, the
 * mark of a VM, and what is true of one start only.
 */
static bool fixed_property(const struct fdt_writer *w, const char *name)
{
	static const char *const names[] = {
		"#address-cells", "#size-cells", "linux,initrd-start", "linux,initrd-end",
		"rng-seed", "kaslr-seed",
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		if (name[0] == names[i][0] && strcmp(name, names[i]) == 0) {
			return true;
		}
	}
	return w->depth == 1 && strcmp(name, "model") == 0;
}

static void user_properties(struct fdt_writer *w, int node)
{
	const char *name;
	const void *data;
	int at, len;

	fdt_for_each_property_offset(at, w->user, node)
	{
		data = fdt_getprop_by_offset(w->user, at, &name, &len);
		if (data == NULL) {
			w->error = -EINVAL;
			return;
		}
		if (!fixed_property(w, name)) {
			check(w, fdt_property(w->fdt, name, data, len));
		}
	}
}

void fdt_writer_begin(struct fdt_writer *w, const char *name)
{
	int node = -1;

	if (w->error != 0) {
		return;
	}
	if (w->depth == FDT_WRITER_DEPTH) {
		w->error = -E2BIG;
		return;
	}
	check(w, fdt_begin_node(w->fdt, name));
	if (w->user != NULL) {
		if (w->depth == 0) {
			node = 0;
		} else if (w->user_at[w->depth - 1] >= 0) {
			node = fdt_subnode_offset_namelen(w->user, w->user_at[w->depth - 1], name,
							  (int)strlen(name));
		}
	}
	w->user_at[w->depth++] = node;
	if (node < 0) {
		return;
	}
	if (w->matched_count == FDT_WRITER_MATCHED) {
		w->error = -E2BIG;
		return;
	}
	w->matched[w->matched_count++] = node;
	user_properties(w, node);
}

/* A whole subtree of the user's, token by token. */
static void copy_subtree(struct fdt_writer *w, int node)
{
	int at = node, next, depth = 0, len;
	const void *data;
	const char *name;

	do {
		switch (fdt_next_tag(w->user, at, &next)) {
		case FDT_BEGIN_NODE:
			check(w, fdt_begin_node(w->fdt, fdt_get_name(w->user, at, NULL)));
			depth++;
			break;
		case FDT_END_NODE:
			check(w, fdt_end_node(w->fdt));
			depth--;
			break;
		case FDT_PROP:
			data = fdt_getprop_by_offset(w->user, at, &name, &len);
			if (data != NULL) {
				check(w, fdt_property(w->fdt, name, data, len));
			}
			break;
		case FDT_NOP: break;
		default: w->error = -EINVAL; return;
		}
		at = next;
	} while (depth > 0 && w->error == 0);
}

static bool was_matched(const struct fdt_writer *w, int node)
{
	u32 i;

	for (i = 0; i < w->matched_count; i++) {
		if (w->matched[i] == node) {
			return true;
		}
	}
	return false;
}

void fdt_writer_end(struct fdt_writer *w)
{
	int node;

	if (w->error != 0) {
		return;
	}
	w->depth--;
	if (w->user_at[w->depth] >= 0) {
		fdt_for_each_subnode(node, w->user, w->user_at[w->depth])
		{
			if (w->error == 0 && !was_matched(w, node)) {
				copy_subtree(w, node);
			}
		}
	}
	check(w, fdt_end_node(w->fdt));
}

/* Room for a property to be filled in, NULL if it is the user's or there is none. */
static void *place(struct fdt_writer *w, const char *name, size_t len)
{
	int user = w->depth > 0 ? w->user_at[w->depth - 1] : -1;
	void *data = NULL;

	if (w->error != 0 || (user >= 0 && !fixed_property(w, name) &&
			      fdt_get_property(w->user, user, name, NULL) != NULL)) {
		return NULL;
	}
	check(w, fdt_property_placeholder(w->fdt, name, (int)len, &data));
	return w->error == 0 ? data : NULL;
}

void fdt_writer_bytes(struct fdt_writer *w, const char *name, const void *data, size_t len)
{
	void *p = place(w, name, len);

	if (p != NULL && len != 0) {
		memcpy(p, data, len);
	}
}

void fdt_writer_str(struct fdt_writer *w, const char *name, const char *value)
{
	fdt_writer_bytes(w, name, value, strlen(value) + 1);
}

void fdt_writer_strs(struct fdt_writer *w, const char *name, const char *const *values, u32 count)
{
	size_t len = 0, n;
	char *p;
	u32 i;

	for (i = 0; i < count; i++) {
		len += strlen(values[i]) + 1;
	}
	p = place(w, name, len);
	for (i = 0; p != NULL && i < count; i++, p += n) {
		n = strlen(values[i]) + 1;
		memcpy(p, values[i], n);
	}
}

void fdt_writer_u32(struct fdt_writer *w, const char *name, u32 value)
{
	fdt_writer_u32s(w, name, &value, 1);
}

void fdt_writer_u32s(struct fdt_writer *w, const char *name, const u32 *values, u32 count)
{
	u32 *p = place(w, name, count * 4), i; /* property values are aligned to 4 */

	for (i = 0; p != NULL && i < count; i++) {
		p[i] = __builtin_bswap32(values[i]);
	}
}

void fdt_writer_u64s(struct fdt_writer *w, const char *name, const u64 *values, u32 count)
{
	u32 *p = place(w, name, count * 8), i;

	for (i = 0; p != NULL && i < count; i++) {
		p[2 * i] = __builtin_bswap32((u32)(values[i] >> 32));
		p[2 * i + 1] = __builtin_bswap32((u32)values[i]);
	}
}

u32 fdt_writer_phandle(const struct fdt_writer *w, const char *path, u32 ours)
{
	u32 phandle, max = 0;
	int node;

	if (w->user == NULL) {
		return ours;
	}
	node = fdt_path_offset(w->user, path);
	phandle = node >= 0 ? fdt_get_phandle(w->user, node) : 0;
	if (phandle != 0 && phandle != ~0U) {
		return phandle;
	}
	if (fdt_find_max_phandle(w->user, &max) == 0 && max >= 0x8000) {
		ours += max - 0x8000; /* past all of theirs, and still distinct among ours */
	}
	return ours;
}

int fdt_writer_close(struct fdt_writer *w, size_t *size)
{
	if (w->error == 0) {
		check(w, fdt_finish(w->fdt));
	}
	*size = w->error == 0 ? fdt_totalsize(w->fdt) : 0;
	return w->error;
}
