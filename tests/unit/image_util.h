/* SPDX-License-Identifier: Apache-2.0 */
/* Images made by mkimage's own code, for tests of what reads them. */
#ifndef TESTS_UNIT_IMAGE_UTIL_H
#define TESTS_UNIT_IMAGE_UTIL_H

#include <stdlib.h>
#include <unistd.h>
#include "core/base/crc32.h"
#include "core/image.h"
/* The tool is a program, not a library: its parts are compiled into the test. */
#include "tools/mkimage/archive.c"
#include "tools/mkimage/attrs.c"
#include "tools/mkimage/boot.c"
#include "tools/mkimage/buildfile.c"
#include "tools/mkimage/parts.c"
#include "tools/mkimage/scan.c"
#include "tools/mkimage/util.c"

static char log_text[8192];

static void log_emit(struct diag *d, enum diag_kind k, const char *line)
{
	size_t n = strlen(log_text);

	(void)d;
	(void)k;
	snprintf(log_text + n, sizeof(log_text) - n, "%s%s", n != 0 ? "\n" : "", line);
}

static struct diag log_start(void)
{
	log_text[0] = '\0';
	return (struct diag) { .emit = log_emit };
}

/* The buildfile `text` as test.build; what it says is in log_text. */
static struct buildfile parse_build(const char *text, struct diag *d)
{
	struct buildfile bf = { .path = "test.build", .diag = d };

	*d = log_start();
	buildfile_parse(&bf, (struct blob) { .data = (const u8 *)text, .size = strlen(text) });
	return bf;
}

#define TEST_MONITOR_SIZE 0xd00 /* the archive starts at 0x1000 */

/* The image of `text` with a monitor of TEST_MONITOR_SIZE bytes; *.conf become configs. Freed by free(). */
__attribute__((unused))
static u8 *make_image(const char *text, u64 *size)
{
	static u8 flat[TEST_MONITOR_SIZE];
	const struct monitor m = {
		.flat = { .data = flat, .size = sizeof(flat) }, .entry = 0x800, .bss_size = 0x3000,
		.build_id = 0x1122334455667788,
	};
	char path[] = "/tmp/quoin-test-XXXXXX";
	int fd = mkstemp(path);
	struct diag d;
	struct buildfile bf = parse_build(text, &d);
	struct blob file;
	struct mk_file *f;
	u8 *copy = NULL;
	u32 i;

	for (i = 0; i < sizeof(flat); i++) {
		flat[i] = (u8)(i * 7);
	}
	for (f = bf.files; f != NULL; f = f->next) {
		f->config = strstr(f->target, ".conf") != NULL;
	}
	if (fd >= 0 && d.errors == 0 && archive_write(&bf, &m, path) && file_read(path, &file) == 0) {
		/* Of its exact size, so that a read beyond it is noticed. */
		copy = aligned_alloc(8, ALIGN_UP(file.size, 8));
		memcpy(copy, file.data, file.size);
		*size = file.size;
	}
	if (fd >= 0) {
		close(fd);
		unlink(path);
	}
	return copy;
}

/* Make the CRCs right again after a field was changed. */
__attribute__((unused))
static void fix_crcs(u8 *image, bool index_too)
{
	struct quoin_header *h = (struct quoin_header *)(void *)(image + QUOIN_HEADER_OFF);

	if (index_too) {
		h->index_crc = crc32_update(0, image + h->index_off, h->index_size);
	}
	h->header_crc = image_header_crc(image);
}

#endif
