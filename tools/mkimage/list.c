/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/mkimage/list.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/crc32.h"
#include "core/base/range.h"
#include "core/image.h"
#include "core/script.h"
#include "tools/mkimage/util.h"

#define CPIO_HEADER 110

static const char *state(bool good)
{
	return good ? "ok" : "DAMAGED";
}

static void list_parts(const struct image *img, FILE *to)
{
	const struct quoin_header *h = &img->header;
	bool monitor = crc32_update(0, img->base + h->monitor_off, h->monitor_size) == h->monitor_crc;

	fprintf(to, "  build %016" PRIx64 ", %" PRIu64 " bytes, needs %" PRIu64 " KiB of memory\n", h->build_id,
		h->file_size, (h->bss_off + h->bss_size) >> 10);
	if (h->advice != 0) {
		fprintf(to, "  advised address 0x%" PRIx64 " (any 2 MiB boundary will do)\n", h->advice);
	}
	fprintf(to, "  boot options: quoin %s\n\n", image_options(img));
	fprintf(to, "  %-10s %10s  %-8s\n", "offset", "size", "crc");
	fprintf(to, "  0x%08x %10u  %08x ok       headers\n", 0, QUOIN_MONITOR_OFF, h->header_crc);
	fprintf(to, "  0x%08" PRIx64 " %10" PRIu64 "  %08x %-8s monitor\n", h->monitor_off, h->monitor_size,
		h->monitor_crc, state(monitor));
	fprintf(to, "  0x%08" PRIx64 " %10" PRIu64 "  %8s %-8s archive\n", h->archive_off, h->archive_size, "",
		"");
	fprintf(to, "  0x%08" PRIx64 " %10" PRIu64 "  %08x ok       %s\n", h->index_off, h->index_size,
		h->index_crc, IMAGE_INDEX_NAME);
}

static const char *kind(u32 flags)
{
	return (flags & IMAGE_LINK) != 0 ? "link" : (flags & IMAGE_DIR) != 0 ? "folder" :
	       (flags & IMAGE_FIFO) != 0 ? "fifo" : (flags & IMAGE_SCRIPT) != 0 ? "script" :
	       (flags & IMAGE_CONFIG) != 0 ? "config" : "file";
}

static void list_files(const struct image *img, FILE *to)
{
	u32 i;

	for (i = 0; i < img->count; i++) {
		const struct image_entry *e = &img->entry[i];
		bool data = (e->flags & (IMAGE_DIR | IMAGE_FIFO)) == 0;

		if (data) {
			fprintf(to, "  0x%08" PRIx64 " %10" PRIu64 "  %08x %-8s", e->off, e->size, e->crc,
				state(crc32_update(0, image_entry_data(img, e), e->size) == e->crc));
		} else {
			fprintf(to, "  %10s %10s  %8s %-8s", "-", "-", "", "");
		}
		fprintf(to, " %-6s /%s\n", kind(e->flags), image_entry_name(img, e));
	}
	fprintf(to, "  0x%08" PRIx64 " %10" PRIu64 "  %8s %-8s bss (memory only)\n", img->header.bss_off,
		img->header.bss_size, "", "");
}

static void list_vms(const struct image *img, FILE *to, struct diag *d)
{
	const struct image_entry *e = image_script(img);
	static const char *const idle[] = { "poweroff", "wait", "reset" };
	const struct script_vm *vm;
	struct src_pos pos = { .line = 1, .col = 1 };
	struct script script;
	struct arena arena;
	u32 i;

	if (e == NULL) {
		fprintf(to, "\n  no start script\n");
		return;
	}
	pos.file = image_entry_name(img, e);
	arena_init(&arena, pool_alloc(MiB(1) + 16 * e->size), MiB(1) + 16 * e->size);
	if (script_parse((const char *)image_entry_data(img, e), e->size, &pos, &arena, d, &script) != 0) {
		return;
	}
	fprintf(to, "\n");
	for (vm = script.vms; vm != NULL; vm = vm->next) {
		fprintf(to, "  qvm");
		for (i = 0; i < vm->word_count; i++) {
			bool quote = strpbrk(vm->words[i].text, " \t#") != NULL;

			fprintf(to, quote ? " \"%s\"" : " %s", vm->words[i].text);
		}
		fprintf(to, "\n");
	}
	fprintf(to, "  on-idle %s\n", idle[script.on_idle]);
}

static u32 hex8(const u8 *p)
{
	char text[9] = { 0 };

	memcpy(text, p, 8);
	return (u32)strtoul(text, NULL, 16);
}

/* The cpio archive says of its members what the index says. */
static bool check_cpio(const struct image *img, struct diag *d)
{
	const struct src_pos pos = { .file = "image" };
	const struct quoin_header *h = &img->header;
	u64 at = h->archive_off, end = h->archive_off + h->archive_size;
	u32 i = 0;

	for (;;) {
		const u8 *p = img->base + at;
		u64 size, name_size, data;
		const char *name;

		if (end - at < CPIO_HEADER || memcmp(p, "070701", 6) != 0) {
			break;
		}
		size = hex8(p + 54);
		name_size = hex8(p + 94);
		name = (const char *)p + CPIO_HEADER;
		if (name_size == 0 || !range_contains(at, end - at, at + CPIO_HEADER, name_size) ||
		    name[name_size - 1] != '\0') {
			break;
		}
		data = ALIGN_UP(at + CPIO_HEADER + name_size, 4);
		if (!range_contains(h->archive_off, h->archive_size, data, size)) {
			break;
		}
		if (strcmp(name, "TRAILER!!!") == 0) {
			if (i == img->count) {
				return true;
			}
			break;
		}
		if (at != h->archive_off) {
			const struct image_entry *e = &img->entry[i];
			bool whole = (e->flags & (IMAGE_LINK | IMAGE_DIR | IMAGE_FIFO)) == 0;

			if (i == img->count || strcmp(name, image_entry_name(img, e)) != 0 ||
			    (whole && (e->off != data || e->size != size))) {
				break;
			}
			i++;
		}
		at = ALIGN_UP(data + size, 4);
		if (at > end) {
			break;
		}
	}
	diag_error(d, &pos, "the archive is damaged near 0x%lx: its index says otherwise", at);
	return false;
}

bool list_image(const char *path, FILE *to, struct diag *d)
{
	const struct src_pos pos = { .file = path };
	char *gunzip[] = { "gzip", "-dc", NULL };
	struct image img;
	struct blob file;
	u32 errors = d->errors;
	int ret = file_read(path, &file);

	if (ret == 0 && file.size > 2 && file.data[0] == 0x1f && file.data[1] == 0x8b) {
		ret = run_filter(gunzip, file, GiB(8), &file);
	}
	if (ret != 0) {
		diag_error(d, &pos, "cannot read: %s", ret == -ECHILD ? "damaged gzip file" : strerror(-ret));
		return false;
	}
	if (image_open(file.data, file.size, &img, d) != 0) {
		return false;
	}
	fprintf(to, "%s: Quoin image, format %u\n", path, img.header.version);
	list_parts(&img, to);
	list_files(&img, to);
	list_vms(&img, to, d);
	ret = image_check_monitor(&img, d);
	ret |= image_check_payloads(&img, d);
	return check_cpio(&img, d) && ret == 0 && d->errors == errors;
}
