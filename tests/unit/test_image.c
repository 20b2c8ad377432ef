/* SPDX-License-Identifier: Apache-2.0 */
/* The image reader: what mkimage writes is read back; nothing damaged or forged gets through. */
#include "tests/unit/test.h"
#include "tests/unit/image_util.h"

static const char build_text[] =
	"[image=0x40200000]\n"
	"[virtual=aarch64le,raw] boot = {\n"
	"	quoin -v   earlycon=pl011,0x9000000  # options\n"
	"}\n"
	"[+script] startup = {\nqvm @/vm/a.conf\n}\n"
	"/vm/a.conf = {\nsystem a\n}\n"
	"/vm/b.conf = { system b }\n"
	"guests/zero = {}\n"
	"/guests/Image = { payload bytes }\n"
	"[type=dir] /empty\n"
	"[type=fifo] /pipe\n"
	"[type=link] /guests/kernel=Image\n"
	"[type=link] /k=/guests/kernel\n";

static u8 *image_new(struct image *img, u64 *size)
{
	struct diag d;
	u8 *p = make_image(build_text, size);

	if (p == NULL) {
		test_fail(__FILE__, __LINE__, "no image: %s", log_text);
		return NULL;
	}
	d = log_start();
	CHECK_EQ(image_open(p, *size, img, &d), 0);
	CHECK_STR(log_text, "");
	return p;
}

static void opens_and_finds(void)
{
	struct image img;
	const void *data, *other;
	u64 size, n = 0, m = 0;
	struct diag d;
	u8 *p = image_new(&img, &size);

	REQUIRE(p != NULL);
	CHECK_EQ(img.count, 9);
	CHECK_STR(image_options(&img), "-v earlycon=pl011,0x9000000");
	CHECK_EQ(img.header.advice, 0x40200000);
	CHECK_EQ(img.header.bss_off, ALIGN_UP(size, PAGE_SIZE));
	CHECK_EQ(img.header.bss_size, 0x3000);
	CHECK_EQ(*(u32 *)(void *)p, 0x14000200); /* b +0x800 */
	CHECK_EQ(((struct image_arm64_header *)(void *)p)->image_size, ALIGN_UP(size, PAGE_SIZE) + 0x3000);

	REQUIRE(image_find(&img, "/vm/a.conf", &data, &n) == 0);
	CHECK_EQ(n, 9);
	CHECK_MEM(data, "system a\n", 9);
	REQUIRE(image_find(&img, "vm/b.conf", &data, &n) == 0);
	CHECK_MEM(data, " system b ", n);
	REQUIRE(image_find(&img, "/proc/boot/guests/Image", &data, &n) == 0);
	CHECK(IS_ALIGNED((const u8 *)data - p, PAGE_SIZE));
	CHECK_MEM(data, " payload bytes ", n);
	REQUIRE(image_find(&img, "./k", &other, &m) == 0);
	CHECK(other == data && m == n);
	CHECK_EQ(image_find(&img, "/guests/zero", &data, &n), 0);
	CHECK_EQ(n, 0);
	CHECK_EQ(image_find(&img, "/empty", &data, &n), -EISDIR);
	CHECK_EQ(image_find(&img, "/pipe", &data, &n), -EISDIR);
	CHECK_EQ(image_find(&img, "/vm", &data, &n), -ENOENT);
	CHECK_EQ(image_find(&img, "", &data, &n), -ENOENT);
	REQUIRE(image_script(&img) != NULL);
	CHECK_STR(image_entry_name(&img, image_script(&img)), "startup");
	d = log_start();
	CHECK_EQ(image_check_monitor(&img, &d), 0);
	CHECK_EQ(image_check_payloads(&img, &d), 0);
	free(p);
}

static void refuses_every_truncation(void)
{
	struct image img;
	struct diag d;
	u64 size, n;
	u8 *p = image_new(&img, &size), *part;

	REQUIRE(p != NULL);
	for (n = 0; n < size; n += n < 0x1100 || n + 600 > size ? 1 : 509) {
		part = malloc(n + 1);
		memcpy(part, p, n);
		d = log_start();
		if (image_open(part, n, &img, &d) == 0 || d.errors == 0) {
			test_fail(__FILE__, __LINE__, "%lu of %lu bytes accepted", n, size);
		}
		free(part);
	}
	d = log_start();
	CHECK_EQ(image_open(p, size - 1, &img, &d), -EINVAL);
	snprintf(log_text + 4096, 4096,
		 "image: error: truncated: the header says %lu bytes, %lu are here", size, size - 1);
	CHECK_STR(log_text, log_text + 4096);
	free(p);
}

static void refuses_every_changed_byte(void)
{
	struct image img, changed;
	u64 size, at, text;
	struct diag d;
	u8 *p = image_new(&img, &size);
	const struct image_entry *conf;

	REQUIRE(p != NULL);
	conf = image_lookup(&img, "vm/a.conf");
	REQUIRE(conf != NULL);
	text = conf->off;
	for (at = 0; at < size; at++) {
		bool header = at < QUOIN_MONITOR_OFF;
		bool index = at >= img.header.index_off && at < img.header.index_off + img.header.index_size;

		p[at] ^= 0x10;
		d = log_start();
		if (header || index || (at >= text && at < text + conf->size)) {
			CHECK_EQ(image_open(p, size, &changed, &d), -EINVAL);
		} else if (at >= QUOIN_MONITOR_OFF && at < QUOIN_MONITOR_OFF + TEST_MONITOR_SIZE) {
			CHECK_EQ(image_check_monitor(&img, &d), -EINVAL);
			CHECK_STR(log_text, "image: error: the monitor is damaged (CRC)");
		}
		p[at] ^= 0x10;
		if (test_failures != 0) {
			test_fail(__FILE__, __LINE__, "byte 0x%lx", at);
			break;
		}
	}
	conf = image_lookup(&img, "guests/Image");
	p[conf->off] ^= 1;
	d = log_start();
	CHECK_EQ(image_open(p, size, &changed, &d), 0);
	CHECK_EQ(image_check_payloads(&img, &d), -EINVAL);
	CHECK_STR(log_text, "image: error: 'guests/Image' is damaged (CRC)");
	free(p);
}

/* One field forged, the CRCs right: every field must be caught by a check of its own. */
#define HEADER(field, val, msg) \
	{ false, offsetof(struct quoin_header, field), sizeof(((struct quoin_header *)0)->field), val, msg }
#define ENTRY(i, field, val, msg) \
	{ true, sizeof(struct image_index) + (i) * sizeof(struct image_entry) + \
		offsetof(struct image_entry, field), sizeof(((struct image_entry *)0)->field), val, msg }
#define INDEX(field, val, msg) \
	{ true, offsetof(struct image_index, field), sizeof(((struct image_index *)0)->field), val, msg }

static const struct forgery {
	bool index;
	size_t off, size;
	u64 value;
	const char *message; /* the start of it */
} forgeries[] = {
	HEADER(magic, 0, "not a Quoin image"),
	HEADER(version, 2, "image format version 2, expected 1"),
	HEADER(header_size, 64, "image format version 1"),
	HEADER(file_size, 1UL << 40, "truncated"),
	HEADER(file_size, QUOIN_MONITOR_OFF - 1, "truncated"),
	HEADER(file_size, QUOIN_MONITOR_OFF, "the monitor"),
	HEADER(monitor_off, 0, "the monitor"),
	HEADER(monitor_size, 0, "the monitor"),
	HEADER(monitor_size, ~0UL, "the monitor"),
	HEADER(archive_off, 0x800, "the archive"),
	HEADER(archive_off, 0x1001, "the archive"),
	HEADER(archive_off, ~0xfffUL, "the archive"),
	HEADER(archive_size, ~0UL - 0x3000, "the archive"),
	HEADER(index_off, 0, "the archive's index"),
	HEADER(index_off, 0x1084, "the archive's index"),
	HEADER(index_off, ~7UL, "the archive's index"),
	HEADER(index_size, 8, "the archive's index"),
	HEADER(index_size, ~0UL, "the archive's index"),
	HEADER(index_size, 0x100, "the archive's index is damaged (CRC)"),
	HEADER(bss_off, 0x1000, "the BSS"),
	HEADER(bss_size, ~0UL, "the BSS"),
	HEADER(bss_size, 1UL << 29, "image_size"),
	HEADER(options_off, 0x2000, "the boot options"),
	HEADER(options_off, ~0UL, "the boot options"),
	HEADER(options_size, 0x240, "the boot options"),
	HEADER(options_size, 3, "the boot options are not a string"),
	INDEX(magic, 1, "the archive's index is inconsistent"),
	INDEX(count, 0xffffffff, "the archive's index is inconsistent"),
	INDEX(count, 8, "the archive's index is inconsistent"),
	INDEX(names_size, 0, "the archive's index is inconsistent"),
	ENTRY(1, name, 0xffffffff, "the name of file 1"),
	ENTRY(1, name, 0, "the name of file 1"),
	ENTRY(1, name_size, 0, "the name of file 1"),
	ENTRY(1, name_size, 0xffff, "the name of file 1"),
	ENTRY(1, off, 0x1000, "'guests/Image' overlaps"),
	ENTRY(1, off, 0, "'guests/Image' lies outside"),
	ENTRY(1, off, ~0xfffUL, "'guests/Image' lies outside"),
	ENTRY(1, off, 0x2008, "'guests/Image' is not page aligned"),
	ENTRY(1, size, 0x1008, "'guests/zero' overlaps"),
	ENTRY(1, size, ~0UL, "'guests/Image' lies outside"),
	ENTRY(2, off, ~0UL, "'guests/kernel' lies outside"),
	ENTRY(1, flags, 0, "'guests/Image' is of no known kind (flags 0x0)"),
	ENTRY(1, flags, 0x40, "'guests/Image' is of no known kind (flags 0x40)"),
	ENTRY(1, flags, IMAGE_DIR, "'guests/Image' is of no known kind (flags 0x10)"),
	ENTRY(1, flags, IMAGE_SCRIPT | IMAGE_LINK, "'guests/Image' is of no known kind (flags 0xa)"),
	ENTRY(6, flags, IMAGE_SCRIPT | IMAGE_FIFO, "'startup' is of no known kind (flags 0x22)"),
	ENTRY(7, size, 3, "'vm/a.conf' is damaged (CRC)"),
	ENTRY(7, crc, 3, "'vm/a.conf' is damaged (CRC)"),
	ENTRY(6, crc, 3, "'startup' is damaged (CRC)"),
};

static void refuses_forged_fields(void)
{
	u64 size, i;

	for (i = 0; i < ARRAY_SIZE(forgeries); i++) {
		const struct forgery *f = &forgeries[i];
		static const char prefix[] = "image: error: ";
		struct image img;
		struct diag d;
		u8 *p = image_new(&img, &size);

		REQUIRE(p != NULL);
		memcpy(p + (f->index ? img.header.index_off : QUOIN_HEADER_OFF) + f->off, &f->value, f->size);
		fix_crcs(p, f->index);
		d = log_start();
		if (image_open(p, size, &img, &d) != -EINVAL || d.errors != 1 ||
		    strncmp(log_text, prefix, strlen(prefix)) != 0 ||
		    strncmp(log_text + strlen(prefix), f->message, strlen(f->message)) != 0) {
			test_fail(__FILE__, __LINE__, "case %lu, expected \"%s\", got \"%s\"", i, f->message,
				  log_text);
		}
		free(p);
	}
}

static void refuses_bad_names(void)
{
	struct image img;
	struct diag d;
	u64 size;
	u8 *p = image_new(&img, &size);
	char *names;

	REQUIRE(p != NULL);
	names = (char *)p + (img.names - (const char *)p);
	names[img.entry[4].name] = 'a'; /* k -> a: before "guests/zero" */
	fix_crcs(p, true);
	d = log_start();
	CHECK_EQ(image_open(p, size, &img, &d), -EINVAL);
	CHECK_STR(log_text, "image: error: 'a' is out of order in the index");
	names[img.entry[4].name] = '\n';
	fix_crcs(p, true);
	d = log_start();
	CHECK_EQ(image_open(p, size, &img, &d), -EINVAL);
	CHECK_STR(log_text, "image: error: the name of file 4 in the index is damaged");
	free(p);
}

static void refuses_misaligned(void)
{
	u8 *p = aligned_alloc(16, 8192);
	struct image img;
	struct diag d = log_start();

	memset(p, 0, 8192);
	CHECK_EQ(image_open(p + 4, 8000, &img, &d), -EINVAL);
	CHECK_EQ(image_open(p, 8192, &img, &d), -EINVAL);
	CHECK_EQ(d.errors, 2);
	free(p);
}

static void crc_is_zlibs(void)
{
	u8 buf[256];
	u32 i, whole;

	for (i = 0; i < sizeof(buf); i++) {
		buf[i] = (u8)(i * 37 + 1);
	}
	CHECK_EQ(crc32_update(0, "123456789", 9), 0xcbf43926);
	CHECK_EQ(crc32_soft(0, "", 0), 0);
	whole = crc32_soft(0, buf, sizeof(buf));
	for (i = 0; i < sizeof(buf); i++) {
		CHECK_EQ(crc32_update(crc32_update(0, buf, i), buf + i, sizeof(buf) - i), whole);
	}
}

TEST_MAIN(RUN(opens_and_finds), RUN(refuses_every_truncation), RUN(refuses_every_changed_byte),
	  RUN(refuses_forged_fields), RUN(refuses_bad_names), RUN(refuses_misaligned),
	  RUN(crc_is_zlibs))
