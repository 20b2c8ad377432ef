/* SPDX-License-Identifier: Apache-2.0 */
#include "core/image.h"

#include <errno.h>
#include <string.h>
#include "core/base/crc32.h"
#include "core/base/range.h"

_Static_assert(sizeof(struct image_arm64_header) == QUOIN_HEADER_OFF, "arm64 Image header");
_Static_assert(sizeof(struct quoin_header) == 128, "no hidden padding in the file format");
_Static_assert(sizeof(struct image_entry) == 32, "no hidden padding in the file format");

static const struct src_pos image_pos = { .file = "image" };

#define bad(d, ...) (diag_error(d, &image_pos, __VA_ARGS__), -EINVAL)

u32 image_header_crc(const void *base)
{
	static const u8 zero[4];
	const size_t field = QUOIN_HEADER_OFF + offsetof(struct quoin_header, header_crc);
	const u8 *p = base;
	u32 crc = crc32_update(0, p, field);

	crc = crc32_update(crc, zero, sizeof(zero));
	return crc32_update(crc, p + field + 4, QUOIN_MONITOR_OFF - field - 4);
}

static int check_header(const struct quoin_header *h, u64 limit, struct diag *d)
{
	if (h->file_size > limit || h->file_size < QUOIN_MONITOR_OFF) {
		return bad(d, "truncated: the header says %lu bytes, %lu are here", h->file_size, limit);
	}
	if (h->monitor_off != QUOIN_MONITOR_OFF || h->monitor_size == 0 ||
	    !range_contains(0, h->file_size, h->monitor_off, h->monitor_size)) {
		return bad(d, "the monitor (0x%lx, 0x%lx bytes) lies outside of the file", h->monitor_off,
			   h->monitor_size);
	}
	if (!IS_ALIGNED(h->archive_off, 8) ||
	    h->archive_off < h->monitor_off + h->monitor_size ||
	    !range_contains(0, h->file_size, h->archive_off, h->archive_size)) {
		return bad(d, "the archive (0x%lx, 0x%lx bytes) is misplaced", h->archive_off,
			   h->archive_size);
	}
	if (!IS_ALIGNED(h->index_off, 8) || h->index_size < sizeof(struct image_index) ||
	    !range_contains(h->archive_off, h->archive_size, h->index_off, h->index_size)) {
		return bad(d, "the archive's index (0x%lx, 0x%lx bytes) is misplaced", h->index_off,
			   h->index_size);
	}
	if (h->bss_off != ALIGN_UP(h->file_size, PAGE_SIZE) || h->bss_size > GiB(1)) {
		return bad(d, "the BSS (0x%lx, 0x%lx bytes) is not right behind the file", h->bss_off,
			   h->bss_size);
	}
	if (!range_contains(0, QUOIN_MONITOR_OFF, h->options_off, (u64)h->options_size + 1)) {
		return bad(d, "the boot options lie outside of the headers");
	}
	return 0;
}

/* A name prints and compares safely: terminated where it says, without control characters. */
static bool name_ok(const char *names, u32 names_size, const struct image_entry *e)
{
	u32 i;

	if (e->name_size == 0 || e->name_size > IMAGE_NAME_MAX ||
	    !range_contains(0, names_size, e->name, (u64)e->name_size + 1) ||
	    names[e->name + e->name_size] != '\0') {
		return false;
	}
	for (i = 0; i < e->name_size; i++) {
		if ((u8)names[e->name + i] < 0x20 || names[e->name + i] == 0x7f) {
			return false;
		}
	}
	return true;
}

/* One kind each; a link may stand for any but the script, which is run by its flag. */
static bool flags_ok(const struct image_entry *e)
{
	switch (e->flags & ~IMAGE_LINK) {
	case IMAGE_DIR:
	case IMAGE_FIFO:
		return e->off == 0 && e->size == 0;
	case IMAGE_SCRIPT:
		return (e->flags & IMAGE_LINK) == 0;
	case IMAGE_CONFIG:
	case IMAGE_PAYLOAD:
		return true;
	default:
		return e->flags == IMAGE_LINK; /* to the script */
	}
}

static int check_entries(const struct image *img, u32 names_size, struct diag *d)
{
	const struct quoin_header *h = &img->header;
	u64 end = h->index_off + h->index_size;
	const struct image_entry *e;
	u32 i;

	for (i = 0; i < img->count; i++) {
		e = &img->entry[i];
		if (!name_ok(img->names, names_size, e)) {
			return bad(d, "the name of file %u in the index is damaged", i);
		}
		if (i != 0 && strcmp(img->names + e[-1].name, img->names + e->name) >= 0) {
			return bad(d, "'%s' is out of order in the index", img->names + e->name);
		}
		if (!flags_ok(e)) {
			return bad(d, "'%s' is of no known kind (flags 0x%x)", img->names + e->name, e->flags);
		}
		if ((e->flags & (IMAGE_DIR | IMAGE_FIFO)) != 0) {
			continue;
		}
		if (!range_contains(h->archive_off, h->archive_size, e->off, e->size)) {
			return bad(d, "'%s' lies outside of the archive", img->names + e->name);
		}
		if ((e->flags & IMAGE_PAYLOAD) != 0 && !IS_ALIGNED(e->off, PAGE_SIZE)) {
			return bad(d, "'%s' is not page aligned", img->names + e->name);
		}
		if ((e->flags & IMAGE_LINK) == 0) {
			if (e->off < end) {
				return bad(d, "'%s' overlaps what precedes it", img->names + e->name);
			}
			end = e->off + e->size;
		}
	}
	return 0;
}

static bool crc_ok(const struct image *img, const struct image_entry *e)
{
	return crc32_update(0, image_entry_data(img, e), e->size) == e->crc;
}

/* Files with one of `flags` have the content the builder saw. */
static int check_files(const struct image *img, u32 flags, struct diag *d)
{
	int ret = 0;
	u32 i;

	for (i = 0; i < img->count; i++) {
		const struct image_entry *e = &img->entry[i];

		if ((e->flags & flags) != 0 && (e->flags & (IMAGE_LINK | IMAGE_DIR | IMAGE_FIFO)) == 0 &&
		    !crc_ok(img, e)) {
			ret = bad(d, "'%s' is damaged (CRC)", image_entry_name(img, e));
		}
	}
	return ret;
}

static int open_index(struct image *img, struct diag *d)
{
	const struct quoin_header *h = &img->header;
	const u8 *p = img->base + h->index_off;
	struct image_index index;
	u64 entries;

	if (crc32_update(0, p, h->index_size) != h->index_crc) {
		return bad(d, "the archive's index is damaged (CRC)");
	}
	memcpy(&index, p, sizeof(index));
	entries = (u64)index.count * sizeof(struct image_entry);
	if (index.magic != IMAGE_INDEX_MAGIC || index.count > IMAGE_MAX_FILES ||
	    h->index_size != sizeof(index) + entries + index.names_size) {
		return bad(d, "the archive's index is inconsistent (%u files)", index.count);
	}
	img->count = index.count;
	img->entry = (const struct image_entry *)(const void *)(p + sizeof(index));
	img->names = (const char *)(p + sizeof(index) + entries);
	return check_entries(img, index.names_size, d);
}

int image_open(const void *base, u64 limit, struct image *img, struct diag *d)
{
	struct image_arm64_header a;
	struct quoin_header *h = &img->header;
	int ret;

	memset(img, 0, sizeof(*img));
	if (!IS_ALIGNED((uintptr_t)base, 8) || limit < QUOIN_MONITOR_OFF) {
		return bad(d, "truncated: %lu bytes do not hold the headers", limit);
	}
	memcpy(&a, base, sizeof(a));
	memcpy(h, (const u8 *)base + QUOIN_HEADER_OFF, sizeof(*h));
	if (a.magic != IMAGE_ARM64_MAGIC || memcmp(h->magic, QUOIN_MAGIC, sizeof(h->magic)) != 0) {
		return bad(d, "not a Quoin image (no magic number)");
	}
	if (h->version != QUOIN_IMAGE_VERSION || h->header_size != sizeof(*h)) {
		return bad(d, "image format version %u, expected %u", h->version, QUOIN_IMAGE_VERSION);
	}
	if (image_header_crc(base) != h->header_crc) {
		return bad(d, "the headers are damaged (CRC)");
	}
	ret = check_header(h, limit, d);
	if (ret != 0) {
		return ret;
	}
	img->base = base;
	if (a.image_size < h->bss_off + h->bss_size) {
		return bad(d, "image_size 0x%lx does not cover the BSS", a.image_size);
	}
	if (image_options(img)[h->options_size] != '\0') {
		return bad(d, "the boot options are not a string");
	}
	ret = open_index(img, d);
	if (ret != 0) {
		return ret;
	}
	return check_files(img, IMAGE_CONFIG | IMAGE_SCRIPT, d);
}

int image_check_monitor(const struct image *img, struct diag *d)
{
	const struct quoin_header *h = &img->header;

	if (crc32_update(0, img->base + h->monitor_off, h->monitor_size) != h->monitor_crc) {
		return bad(d, "the monitor is damaged (CRC)");
	}
	return 0;
}

int image_check_payloads(const struct image *img, struct diag *d)
{
	return check_files(img, ~0U, d);
}

const char *image_path(const char *path)
{
	static const char boot[] = "proc/boot/";

	for (;;) {
		if (path[0] == '/') {
			path++;
		} else if (path[0] == '.' && path[1] == '/') {
			path += 2;
		} else if (strncmp(path, boot, sizeof(boot) - 1) == 0) {
			path += sizeof(boot) - 1;
		} else {
			return path;
		}
	}
}

const struct image_entry *image_lookup(const struct image *img, const char *path)
{
	u32 lo = 0, hi = img->count;

	path = image_path(path);
	while (lo < hi) {
		u32 mid = lo + (hi - lo) / 2;
		int order = strcmp(path, image_entry_name(img, &img->entry[mid]));

		if (order == 0) {
			return &img->entry[mid];
		}
		if (order < 0) {
			hi = mid;
		} else {
			lo = mid + 1;
		}
	}
	return NULL;
}

int image_find(const struct image *img, const char *path, const void **data, u64 *size)
{
	const struct image_entry *e = image_lookup(img, path);

	if (e == NULL) {
		return -ENOENT;
	}
	if ((e->flags & (IMAGE_DIR | IMAGE_FIFO)) != 0) {
		return -EISDIR;
	}
	*data = image_entry_data(img, e);
	*size = e->size;
	return 0;
}

const struct image_entry *image_script(const struct image *img)
{
	u32 i;

	for (i = 0; i < img->count; i++) {
		if ((img->entry[i].flags & IMAGE_SCRIPT) != 0) {
			return &img->entry[i];
		}
	}
	return NULL;
}
