/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as an image: refused with an error, or all of it can be read. The first byte of the
 * input chooses how the rest is taken: as the file itself, with its CRCs made right; as the archive
 * of an otherwise sound image, behind an index of as many bytes as the next two say; or as a
 * start script.
 *
 *	clang -g -O1 -fsanitize=fuzzer,address,undefined -I. -Iarch/host/include -o fuzz_image \
 *		tests/fuzz/fuzz_image.c core/image.c core/script.c core/config/lexer.c core/base/[a-z]*.c
 */
#include <string.h>
#include "core/base/crc32.h"
#include "core/image.h"
#include "core/script.h"
#include "tests/fuzz/fuzz.h"

#define ARCHIVE 0x2000

static void run_script(const char *text, size_t size)
{
	static char memory[1 << 14];
	const struct src_pos start = { .file = "startup", .line = 1, .col = 1 };
	struct diag d = { .emit = fuzz_emit };
	const struct script_vm *vm;
	struct script script;
	struct arena arena;
	u32 count = 0, i;
	int ret;

	arena_init(&arena, memory, sizeof(memory));
	ret = script_parse(text, size, &start, &arena, &d, &script);
	REQUIRE((ret != 0) == (d.errors != 0));
	for (vm = script.vms; vm != NULL; vm = vm->next, count++) {
		REQUIRE(vm->word_count != 0);
		for (i = 0; i < vm->word_count; i++) {
			REQUIRE(strlen(vm->words[i].text) < size && vm->words[i].pos.line != 0);
		}
	}
	REQUIRE(count == script.vm_count);
}

/* Every byte an accepted image offers is there. */
static void read_all(const struct image *img)
{
	const struct image_entry *e;
	struct diag d = { .emit = fuzz_emit };
	const void *data;
	u64 size;
	u32 i;

	REQUIRE(strlen(image_options(img)) <= QUOIN_MONITOR_OFF);
	for (i = 0; i < img->count; i++) {
		e = &img->entry[i];
		/* A name like "./x" cannot be looked up, but must not find another file either. */
		REQUIRE(image_path(image_entry_name(img, e)) != image_entry_name(img, e) ||
			image_lookup(img, image_entry_name(img, e)) == e);
		if (image_find(img, image_entry_name(img, e), &data, &size) == 0) {
			(void)crc32_update(0, data, size);
		}
	}
	if (image_check_payloads(img, &d) != 0) {
		REQUIRE(d.errors != 0);
	}
	if (image_check_monitor(img, &d) != 0) {
		REQUIRE(d.errors != 0);
	}
	e = image_script(img);
	if (e != NULL) {
		run_script(image_entry_data(img, e), e->size);
	}
}

/* Bytes of the input that are an index cannot know their CRCs: put them right where it is safe. */
static void fix_crcs(u8 *p, size_t size)
{
	struct quoin_header h;

	if (size < QUOIN_MONITOR_OFF) {
		return;
	}
	memcpy(&h, p + QUOIN_HEADER_OFF, sizeof(h));
	if (h.index_off < size && h.index_size <= size - h.index_off) {
		struct image_index index;
		u64 at;
		u32 i;

		if (h.index_size >= sizeof(index)) {
			memcpy(&index, p + h.index_off, sizeof(index));
			at = h.index_off + sizeof(index);
			for (i = 0; i < index.count && size - at >= sizeof(struct image_entry); i++) {
				struct image_entry e;

				memcpy(&e, p + at, sizeof(e));
				if (e.crc == 0 && e.off < size && e.size <= size - e.off) {
					e.crc = crc32_update(0, p + e.off, e.size);
					memcpy(p + at, &e, sizeof(e));
				}
				at += sizeof(e);
			}
		}
		h.index_crc = crc32_update(0, p + h.index_off, h.index_size);
	}
	memcpy(p + QUOIN_HEADER_OFF, &h, sizeof(h));
	h.header_crc = image_header_crc(p);
	memcpy(p + QUOIN_HEADER_OFF, &h, sizeof(h));
}

static void make_headers(u8 *p, size_t size, u64 index_size)
{
	struct image_arm64_header a = { .magic = IMAGE_ARM64_MAGIC };
	struct quoin_header h = {
		.magic = QUOIN_MAGIC, .version = QUOIN_IMAGE_VERSION, .header_size = sizeof(h),
		.options_off = QUOIN_HEADER_OFF + sizeof(h), .file_size = size,
		.monitor_off = QUOIN_MONITOR_OFF, .monitor_size = 16,
		.archive_off = ARCHIVE, .archive_size = size - ARCHIVE,
		.index_off = ARCHIVE, .index_size = index_size, .bss_off = ALIGN_UP(size, PAGE_SIZE),
	};

	a.image_size = h.bss_off;
	memcpy(p, &a, sizeof(a));
	memcpy(p + QUOIN_HEADER_OFF, &h, sizeof(h));
}

static void run_image(const u8 *data, size_t size, bool as_archive)
{
	size_t total = as_archive ? ARCHIVE + size - 2 : size;
	struct diag d = { .emit = fuzz_emit };
	struct image img;
	u8 *p = malloc(total + 1); /* its size, so that a read behind the end is noticed */

	if (as_archive) {
		memset(p, 0, ARCHIVE);
		memcpy(p + ARCHIVE, data + 2, size - 2);
		make_headers(p, total, (u64)(data[0] | data[1] << 8));
	} else {
		memcpy(p, data, size);
	}
	fix_crcs(p, total);
	if (image_open(p, total, &img, &d) == 0) {
		REQUIRE(d.errors == 0);
		read_all(&img);
	} else {
		REQUIRE(d.errors != 0);
	}
	free(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;

	if (size < 3) {
		return 0;
	}
	if (data[0] % 3 != 2) {
		run_image(data + 1, size - 1, data[0] % 3 == 1);
		return 0;
	}
	text = malloc(size);
	memcpy(text, data + 1, size - 1);
	run_script(text, size - 1);
	free(text);
	return 0;
}
