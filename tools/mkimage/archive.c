/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/mkimage/archive.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/crc32.h"
#include "core/image.h"
#include "tools/mkimage/boot.h"

#define CPIO_HEADER 110
#define CPIO_TRAILER "TRAILER!!!"
#define TEXT_ALIGN 8

u64 cpio_member(u64 off, const char *name, u64 align)
{
	u64 end = off + CPIO_HEADER + strlen(name) + 1;

	return ALIGN_UP(end, align) - off;
}

/* The files in strcmp order of their names, without what is missing. */
struct layout {
	struct mk_file **file;
	u32 count;
	u8 *index;
	u64 index_off, index_size;
	u64 archive_off, archive_end;
};

static int by_target(const void *a, const void *b)
{
	const struct mk_file *const *x = a, *const *y = b;

	return strcmp((*x)->target, (*y)->target);
}

static void sort_files(struct buildfile *bf, struct layout *l)
{
	struct mk_file *f;

	for (f = bf->files; f != NULL; f = f->next) {
		l->count += !f->missing;
	}
	l->file = pool_alloc((l->count + 1) * sizeof(f));
	l->count = 0;
	for (f = bf->files; f != NULL; f = f->next) {
		if (!f->missing) {
			l->file[l->count++] = f;
		}
	}
	qsort(l->file, l->count, sizeof(f), by_target);
}

static bool is_payload(const struct mk_file *f)
{
	return f->type == MK_FILE && !f->script && !f->config;
}

/* What cpio stores as the member's content: a link's is where it leads. */
static struct blob content(const struct mk_file *f)
{
	if (f->type == MK_LINK) {
		return (struct blob) { .data = (const u8 *)f->link, .size = strlen(f->link) };
	}
	return f->data;
}

static u64 file_align(const struct mk_file *f)
{
	return is_payload(f) ? PAGE_SIZE : f->type == MK_FILE ? TEXT_ALIGN : 4;
}

static void place_files(struct layout *l)
{
	u64 at = l->index_off + l->index_size;
	u32 i;

	for (i = 0; i < l->count; i++) {
		struct mk_file *f = l->file[i];

		at = ALIGN_UP(at, 4);
		at += cpio_member(at, f->target, file_align(f));
		f->off = at;
		f->crc = crc32_update(0, f->data.data, f->data.size);
		at += content(f).size;
	}
	at = ALIGN_UP(at, 4);
	l->archive_end = ALIGN_UP(at + cpio_member(at, CPIO_TRAILER, 4), 4);
}

static void fill_index(struct buildfile *bf, struct layout *l, u64 names_size)
{
	struct image_index *h = (struct image_index *)(void *)l->index;
	struct image_entry *e = (struct image_entry *)(void *)(h + 1);
	char *names = (char *)(e + l->count);
	u32 name = 0, i;

	h->magic = IMAGE_INDEX_MAGIC;
	h->count = l->count;
	h->names_size = (u32)names_size;
	for (i = 0; i < l->count; i++, e++) {
		struct mk_file *f = l->file[i], *to = buildfile_find(bf, f->target);

		e->name = name;
		e->name_size = (u16)strlen(f->target);
		memcpy(names + name, f->target, e->name_size);
		name += e->name_size + 1U;
		e->flags = to->type == MK_DIR ? IMAGE_DIR : to->type == MK_FIFO ? IMAGE_FIFO :
			   to->script ? IMAGE_SCRIPT : to->config ? IMAGE_CONFIG : IMAGE_PAYLOAD;
		if (to->type == MK_FILE) {
			e->off = to->off;
			e->size = to->data.size;
			e->crc = to->crc;
		}
		if (f != to) {
			e->flags = (u16)((e->flags & ~IMAGE_SCRIPT) | IMAGE_LINK);
		}
	}
}

static void make_layout(struct buildfile *bf, u64 archive_off, struct layout *l)
{
	u64 names = 0;
	u32 i;

	memset(l, 0, sizeof(*l));
	sort_files(bf, l);
	for (i = 0; i < l->count; i++) {
		names += strlen(l->file[i]->target) + 1;
	}
	l->archive_off = archive_off;
	l->index_off = archive_off + cpio_member(archive_off, IMAGE_INDEX_NAME, TEXT_ALIGN);
	l->index_size = sizeof(struct image_index) + l->count * sizeof(struct image_entry) + names;
	l->index = pool_alloc(l->index_size);
	place_files(l);
	fill_index(bf, l, names);
}

/* A buffered file that knows where it is and remembers the first error. */
struct out {
	FILE *f;
	u64 at;
	bool failed;
};

static void put(struct out *o, const void *p, u64 n)
{
	o->failed |= n != 0 && fwrite(p, 1, n, o->f) != n;
	o->at += n;
}

static void pad_to(struct out *o, u64 at)
{
	static const u8 zero[4096];

	while (o->at < at) {
		put(o, zero, MIN(at - o->at, sizeof(zero)));
	}
}

/* One member's header and name, up to `data` where its content starts. */
static void put_member(struct out *o, const char *name, u32 mode, u32 inode, u32 uid, u32 gid,
		       u64 size, u64 data)
{
	char header[CPIO_HEADER + 1];

	pad_to(o, ALIGN_UP(o->at, 4));
	if (data == 0) {
		data = o->at + cpio_member(o->at, name, 4);
	}
	/* newc: inode mode uid gid links mtime size, device twice, name size with its NULs, check */
	snprintf(header, sizeof(header), "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x",
		 inode, mode, uid, gid, 1, 0, (u32)size, 0, 0, 0, 0,
		 (u32)(data - o->at - CPIO_HEADER), 0);
	put(o, header, CPIO_HEADER);
	put(o, name, strlen(name));
	pad_to(o, data);
}

static void put_archive(struct out *o, const struct layout *l)
{
	static const u32 mode[] = {
		[MK_FILE] = 0100000, [MK_LINK] = 0120000, [MK_DIR] = 0040000, [MK_FIFO] = 0010000,
	};
	u32 i;

	put_member(o, IMAGE_INDEX_NAME, 0100444, 1, 0, 0, l->index_size, l->index_off);
	put(o, l->index, l->index_size);
	for (i = 0; i < l->count; i++) {
		const struct mk_file *f = l->file[i];
		struct blob data = content(f);

		put_member(o, f->target, mode[f->type] | f->perms, i + 2, f->uid, f->gid, data.size,
			   f->off);
		put(o, data.data, data.size);
	}
	put_member(o, CPIO_TRAILER, 0, 0, 0, 0, 0, 0);
	pad_to(o, l->archive_end);
}

static void make_headers(const struct buildfile *bf, const struct monitor *m,
			 const struct layout *l, u8 *page)
{
	struct image_arm64_header *a = (struct image_arm64_header *)(void *)page;
	struct quoin_header *h = (struct quoin_header *)(void *)(page + QUOIN_HEADER_OFF);

	h->file_size = l->archive_end;
	h->monitor_off = QUOIN_MONITOR_OFF;
	h->monitor_size = m->flat.size;
	h->archive_off = l->archive_off;
	h->archive_size = l->archive_end - l->archive_off;
	h->index_off = l->index_off;
	h->index_size = l->index_size;
	h->bss_off = ALIGN_UP(h->file_size, PAGE_SIZE);
	h->bss_size = m->bss_size;
	h->build_id = m->build_id;
	h->advice = bf->advice;
	memcpy(h->magic, QUOIN_MAGIC, sizeof(h->magic));
	h->version = QUOIN_IMAGE_VERSION;
	h->header_size = sizeof(*h);
	h->monitor_crc = crc32_update(0, m->flat.data, m->flat.size);
	h->index_crc = crc32_update(0, l->index, l->index_size);
	_Static_assert(QUOIN_HEADER_OFF + sizeof(*h) + BOOT_OPTIONS_MAX < QUOIN_MONITOR_OFF, "room");
	h->options_off = QUOIN_HEADER_OFF + sizeof(*h);
	h->options_size = (u32)strlen(bf->options);
	memcpy(page + h->options_off, bf->options, h->options_size);

	a->code0 = 0x14000000 | m->entry / 4; /* b entry (ARM ARM C6.2.26) */
	a->image_size = h->bss_off + h->bss_size;
	a->flags = IMAGE_ARM64_FLAGS;
	a->magic = IMAGE_ARM64_MAGIC;
	h->header_crc = image_header_crc(page);
}

static bool check_sizes(struct buildfile *bf, const struct layout *l)
{
	const struct src_pos whole = { .file = bf->path };
	u32 i;

	if (l->count > IMAGE_MAX_FILES) {
		diag_error(bf->diag, &whole, "%u files, expected at most %u", l->count, IMAGE_MAX_FILES);
		return false;
	}
	for (i = 0; i < l->count; i++) {
		if (l->file[i]->data.size > 0xffffffff) {
			diag_error(bf->diag, &l->file[i]->pos, "larger than the 4 GiB a cpio archive can hold");
			return false;
		}
	}
	return true;
}

bool archive_write(struct buildfile *bf, const struct monitor *m, const char *path)
{
	const struct src_pos pos = { .file = path };
	struct layout l;
	struct out o = { 0 };
	u8 *page = pool_alloc(QUOIN_MONITOR_OFF);

	make_layout(bf, ALIGN_UP(QUOIN_MONITOR_OFF + m->flat.size, TEXT_ALIGN), &l);
	if (!check_sizes(bf, &l)) {
		return false;
	}
	make_headers(bf, m, &l, page);
	o.f = fopen(path, "wb");
	if (o.f == NULL) {
		diag_error(bf->diag, &pos, "cannot write: %s", strerror(errno));
		return false;
	}
	put(&o, page, QUOIN_MONITOR_OFF);
	put(&o, m->flat.data, m->flat.size);
	pad_to(&o, l.archive_off);
	put_archive(&o, &l);
	o.failed |= fclose(o.f) != 0;
	if (o.failed || o.at != l.archive_end) {
		diag_error(bf->diag, &pos, "cannot write: %s", strerror(errno));
		return false;
	}
	return true;
}
