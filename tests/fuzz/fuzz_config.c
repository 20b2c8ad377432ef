/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any text as a VM's description: it is refused with an error, or what it becomes is sound.
 * Bytes 0xff part the input into files named 0, 1, 2...; the first is read, and may read others.
 * The first byte chooses the board and the size of the arena.
 *
 *	clang -g -O1 -fsanitize=fuzzer,address,undefined -I. -Iarch/host/include -o fuzz_config \
 *		tests/fuzz/fuzz_config.c core/config/[a-z]*.c core/base/[a-z]*.c core/vdev_registry.c
 */
#include <errno.h>
#include <string.h>
#include "core/config/check.h"
#include "core/config/parse.h"
#include "core/vdev.h"
#include "tests/fuzz/fuzz.h"

#define MAX_FILES 10

struct files {
	const char *text[MAX_FILES];
	size_t len[MAX_FILES];
	u32 count;
};

static const struct vdev_option options[] = {
	{ .name = "hostdev", .kind = VOPT_STRING, .repeat = true },
	{ .name = "speed", .kind = VOPT_NUM, .min = 1, .max = 9 },
	{ .name = "room", .kind = VOPT_SIZE },
	{ .name = "lit", .kind = VOPT_BOOL },
	{ .name = "colour", .kind = VOPT_ENUM, .values = "red|green" },
	{ .name = "quiet", .kind = VOPT_FLAG },
	{ .name = "soon", .kind = VOPT_STRING, .later = true },
	{ .name = NULL },
};

VDEV(fuzz) = {
	.abi = VDEV_ABI,
	.name = "w",
	.window = 0x1000,
	.need_loc = true,
	.need_intr = true,
	.options = options,
};

static const struct range ram[] = { { 0x40000000, MiB(512) }, { 0x80000000, MiB(256) } };
static const struct board_limits boards[] = {
	{ .cpu_count = 4, .gic_version = 3, .pa_bits = 40, .ram = ram, .ram_count = 2 },
	{ .cpu_count = 1, .gic_version = 2, .pa_bits = 36, .ram = ram, .ram_count = 1 },
	{ .cpu_count = 64, .gic_version = 3, .pa_bits = 52, .ram = ram, .ram_count = 2 },
};

static int open_file(void *ctx, const char *path, const char **text, size_t *len)
{
	const struct files *f = ctx;
	u32 i = (u32)(path[0] - '0');

	if (i >= f->count || path[1] != '\0') {
		return path[0] == 'e' ? -EIO : -ENOENT;
	}
	*text = f->text[i];
	*len = f->len[i];
	return 0;
}

static void emit(struct diag *d, enum diag_kind k, const char *line)
{
	(void)d;
	(void)k;
	REQUIRE(strlen(line) < 320);
}

static void split(struct files *f, const char *data, size_t size)
{
	while (f->count < MAX_FILES) {
		const char *end = size != 0 ? memchr(data, 0xff, size) : NULL;
		size_t n = end != NULL ? (size_t)(end - data) : size;

		f->text[f->count] = data;
		f->len[f->count++] = n;
		if (end == NULL) {
			return;
		}
		data += n + 1;
		size -= n + 1;
	}
}

/* What every part of the monitor may count on. */
static void require_sound(const struct vm_config *cfg)
{
	u32 mems = 0;

	REQUIRE(cfg->cpu_count >= 1 && cfg->cpu_count <= VM_MAX_CPUS);
	REQUIRE(strlen(cfg->name) >= 1 && strlen(cfg->name) <= VM_NAME_MAX);
	for (const struct cfg_mem *m = cfg->mem; m != NULL; m = m->next) {
		REQUIRE(m->size != 0 && IS_ALIGNED(m->start | m->size, PAGE_SIZE));
		mems++;
	}
	REQUIRE(mems >= 1 && mems <= VM_MAX_MEM && cfg->load != NULL);
	for (u32 i = 0; i < cfg->window_count; i++) {
		const struct cfg_window *w = &cfg->window[i];

		REQUIRE(range_valid(w->start, w->size) && w->start + w->size <= BIT(48));
		REQUIRE(i == 0 || w[-1].start + w[-1].size <= w->start);
	}
	for (const struct cfg_vdev *v = cfg->vdev; v != NULL; v = v->next) {
		REQUIRE(v->type == NULL || !v->type->need_loc || v->loc != NULL);
		REQUIRE(v->type == NULL || !v->type->need_intr || v->intr != NULL);
		REQUIRE(v->intr == NULL || (v->intr->line >= 32 && v->intr->line <= 1019));
	}
	REQUIRE(!cfg->has_fdt_addr || IS_ALIGNED(cfg->fdt_addr, 8));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char mem[CONFIG_ARENA_SIZE];
	struct config_word word = { "@0", { "command line", 1, 1 } };
	struct files files = { .count = 0 };
	struct config_source source = { &word, 1, open_file, &files };
	struct diag diag = { .emit = emit };
	const struct board_limits *board;
	struct vm_config cfg;
	struct arena arena;
	int r;

	if (size == 0) {
		return 0;
	}
	board = data[0] % 4 == 0 ? NULL : &boards[data[0] % 4 - 1];
	arena_init(&arena, mem, data[0] & 0x80 ? (size_t)(data[0] & 0x7c) << 4 : sizeof(mem));
	split(&files, (const char *)data + 1, size - 1);
	r = config_parse(&cfg, &arena, &source, &diag);
	r = r == 0 ? config_check(&cfg, board, &diag) : r;
	REQUIRE(r == 0 || r == -EINVAL || r == -ENOMEM);
	REQUIRE((r == 0) == (diag.errors == 0));
	REQUIRE(diag.errors <= 2 * CONFIG_MAX_ERRORS + 2);
	if (r == 0) {
		const struct vm_config *vms[] = { &cfg, &cfg };

		require_sound(&cfg);
		(void)!config_check_system(vms, 2, board, &diag);
	}
	return 0;
}
