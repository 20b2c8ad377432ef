/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What mkimage reads: any text as a buildfile, any bytes as a device object or as a compressed
 * kernel's header. The first byte of the input chooses. Sources are not opened.
 *
 *	clang -g -O1 -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -I. -Iarch/host/include \
 *		-o fuzz_mkimage tests/fuzz/fuzz_mkimage.c core/image.c core/config/value.c \
 *		core/vdev_registry.c core/base/[a-z]*.c
 */
#include <stdarg.h>
#include <string.h>
#include "tools/mkimage/attrs.c"
#include "tools/mkimage/boot.c"
#include "tools/mkimage/buildfile.c"
#include "tools/mkimage/parts.c"
#include "tools/mkimage/elf64.c"
#include "tools/mkimage/scan.c"
#include "tools/mkimage/vdev_type.c"
#include "tools/mkimage/vdevs.c"
#include "tests/fuzz/fuzz.h"

/* util.c without its files and programs. */
static void *pool[1 << 16];
static u32 pool_count;

void *pool_alloc(size_t size)
{
	REQUIRE(pool_count < ARRAY_SIZE(pool));
	return pool[pool_count++] = calloc(1, size + 1);
}

char *pool_strndup(const char *s, size_t n)
{
	return memcpy(pool_alloc(n + 1), s, n);
}

char *pool_printf(const char *fmt, ...)
{
	char text[16384], *s;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	REQUIRE(n >= 0 && (size_t)n < sizeof(text));
	s = pool_strndup(text, (size_t)n);
	return s;
}

void pool_free(void)
{
	while (pool_count != 0) {
		free(pool[--pool_count]);
	}
}

int file_read(const char *path, struct blob *out)
{
	out->data = (const u8 *)path;
	out->size = strlen(path);
	return path[0] == 'd' ? -EISDIR : 0;
}

char *path_dir(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? pool_printf(".") : pool_strndup(path, (size_t)(slash - path));
}

const char *path_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? path : slash + 1;
}

char *path_join(const char *dir, const char *name)
{
	return name[0] == '/' ? pool_strndup(name, strlen(name)) : pool_printf("%s/%s", dir, name);
}

bool path_exists(const char *path)
{
	return strlen(path) % 3 != 0;
}

static void emit(struct diag *d, enum diag_kind k, const char *line)
{
	(void)d;
	(void)k;
	REQUIRE(strlen(line) != 0);
}

static void run_buildfile(const u8 *data, size_t size)
{
	struct diag d = { .emit = emit };
	struct buildfile bf = { .path = "x/fuzz.build", .diag = &d };
	struct mk_file *f;

	buildfile_parse(&bf, (struct blob) { .data = data, .size = size });
	REQUIRE(d.errors != 0 || (bf.has_boot && bf.script != NULL && bf.options != NULL));
	for (f = bf.files; f != NULL; f = f->next) {
		REQUIRE(buildfile_exact(&bf, f->target) == f);
		REQUIRE(d.errors != 0 || buildfile_find(&bf, f->target) != NULL);
	}
}

/* AArch64, 64 bit, relocatable: what every input would otherwise have to guess. */
static void run_object(const u8 *data, size_t size)
{
	static const u8 ident[20] = { 0x7f, 'E', 'L', 'F', 2, 1, 1, [16] = 1, [18] = 183 };
	struct diag d = { .emit = emit };
	struct elf64 monitor = { .file = { .data = data, .size = 0 } };
	const struct vdev_type *types[VDEV_TYPES_MAX];
	struct elf64 e;
	u32 count, i;
	u8 *copy = malloc(size);

	memcpy(copy, data, size);
	memcpy(copy, ident, size < sizeof(ident) ? size : sizeof(ident));
	(void)vdev_object_check("/nonexistent/fuzz.o", (struct blob) { .data = copy, .size = size },
				&monitor, &d);
	if (elf64_open(&e, (struct blob) { .data = copy, .size = size }, ET_REL) == NULL &&
	    vdev_types_read(&e, types, &count) == NULL) {
		for (i = 0; i < count; i++) {
			REQUIRE(vdev_type_ok(types[i]) == NULL);
		}
	}
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	u8 *copy;

	if (size < 2) {
		return 0;
	}
	if (data[0] % 2 != 0) {
		run_object(data + 1, size - 1);
	} else {
		copy = malloc(size);
		memcpy(copy, data + 1, size - 1);
		run_buildfile(copy, size - 1);
		free(copy);
	}
	pool_free();
	return 0;
}
