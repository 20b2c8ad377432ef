/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as the firmware's device tree: refused with one error, or a board whose every field can
 * be used. The first byte chooses whether the header is made right, so that the walk is reached.
 *
 *	clang -g -O1 -fsanitize=fuzzer,address,undefined -I. -Iarch/host/include -o fuzz_board \
 *		tests/fuzz/fuzz_board.c libquoin.a
 */
#include <string.h>
#include "core/board.h"
#include "core/config/check.h"
#include "core/config/parse.h"
#include "core/fdt_reader.h"
#include "tests/fuzz/fuzz.h"

static void put32(uint8_t *p, size_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}

/* A header for what is behind it: byte 40 tells where the strings begin, the structure comes first. */
static void mend(uint8_t *t, size_t size)
{
	size_t strings, structure = 64;

	if (size < structure + 8) {
		return;
	}
	strings = structure + 4 * ((size_t)t[40] * (size - structure) / 1024);
	put32(t, 0xd00dfeed);
	put32(t + 4, size);
	put32(t + 8, structure);
	put32(t + 12, strings);
	put32(t + 16, 48 - (t[41] & 8));
	put32(t + 20, 17);
	put32(t + 24, 16);
	put32(t + 32, size - strings);
	put32(t + 36, strings - structure);
	t[size - 1] = 0;
}

static bool any_uart(const struct board_uart *u)
{
	return board_uart_is(u, "arm,pl011") || u->clock_hz != 1;
}

static bool each(const struct board_device *d, void *ctx)
{
	const struct board *b = ctx;
	struct fdt_reader r;

	REQUIRE(d->reg_count >= 1 && d->reg_count <= BOARD_DEVICE_REGS && d->irq_count <= BOARD_DEVICE_IRQS);
	REQUIRE(d->stream_count <= BOARD_DEVICE_STREAMS && d->clock_count <= BOARD_DEVICE_CLOCKS);
	REQUIRE(strlen(d->path) < BOARD_PATH_MAX && d->path[0] == '/');
	for (u32 i = 0; i < d->stream_count; i++) {
		REQUIRE(d->stream[i].iommu < b->iommu_count);
	}
	REQUIRE(board_node_open(b, d->node, &r) == 0);
	while (fdt_reader_next(&r) == FDT_PROPERTY) {
	}
	return true;
}

static int no_file(void *ctx, const char *path, const char **text, size_t *len)
{
	(void)ctx;
	(void)path;
	(void)text;
	(void)len;
	return -1;
}

static void quiet(struct diag *d, enum diag_kind k, const char *line)
{
	(void)d;
	(void)k;
	(void)line;
}

/* All that can be given away, and a window: whatever the tree says of them. */
static void give(const struct board_limits *l)
{
	static const char *const words[] = {
		"ram", "1M", "load", "k", "pass", "rest", "dma", "unprotected", "pass", "loc", "0xa000000,0x1000", "intr", "gic:40",
		"pass", "pci:0:1", "dma", "none", "pass", "dt:serial0",
	};
	static char mem[CONFIG_ARENA_SIZE];
	struct config_word w[ARRAY_SIZE(words)];
	struct config_source s = { w, ARRAY_SIZE(words), no_file, NULL };
	struct diag d = { .emit = quiet };
	struct vm_config cfg, *vms[] = { &cfg };
	struct arena arena;

	for (u32 i = 0; i < ARRAY_SIZE(words); i++) {
		w[i] = (struct config_word){ words[i], { "t", 1, i + 1 } };
	}
	arena_init(&arena, mem, sizeof(mem));
	if (config_parse(&cfg, &arena, &s, &d) == 0) {
		(void)!config_check(&cfg, l, &d);
		(void)!config_check_rest(vms, 1, l, &d);
	}
}

static void use(const struct board *b)
{
	struct board_device dev;
	bool reserved;

	struct range free[20];
	struct board_limits l;
	size_t sum = strlen(b->model) + strlen(b->compatible) + strlen(b->bootargs) +
		     strlen(b->stdout_options);
	u32 i;

	REQUIRE(b->cpu_count >= 1 && b->cpu_count <= BOARD_MAX_CPUS);
	REQUIRE(b->ram_count >= 1 && b->ram_count <= BOARD_MAX_RAM);
	REQUIRE(b->gic.version == 2 || b->gic.version == 3);
	REQUIRE(b->gic.dist.size != 0 && b->gic.redist_count <= BOARD_MAX_GICR);
	REQUIRE(b->timer.virt.intid >= 16 && b->timer.hyp.intid >= 16);
	REQUIRE(b->stdout_uart < (int)b->uart_count);
	for (i = 0; i < b->ram_count; i++) {
		REQUIRE(range_valid(b->ram[i].start, b->ram[i].size));
		REQUIRE(i == 0 || b->ram[i].start > b->ram[i - 1].start + b->ram[i - 1].size);
	}
	for (i = 0; i < b->reserved_count; i++) {
		REQUIRE(range_valid(b->reserved[i].start, b->reserved[i].size));
	}
	for (i = 0; i < b->cpu_count; i++) {
		sum += b->cpu[i].compatible != NULL ? strlen(b->cpu[i].compatible) : 0;
	}
	for (i = 0; i < b->module_count; i++) {
		REQUIRE(i == 0 || b->module[i].start >= b->module[i - 1].start);
		sum += b->module[i].bootargs != NULL ? strlen(b->module[i].bootargs) : 0;
	}
	for (i = 0; i < b->rng_seed_len; i++) {
		sum += b->rng_seed[i];
	}
	board_limits_of(b, free, 20, &l);
	for (i = 0; i < l.ram_count; i++) {
		REQUIRE(free[i].size != 0 && range_valid(free[i].start, free[i].size));
	}
	REQUIRE(board_device_walk(b, each, (void *)b) == 0);
	(void)!board_device_find(b, "serial0", &dev);
	(void)!board_named_range(b, "gic", free, &reserved);
	give(&l);
	REQUIRE(sum != 1 || board_console(b, any_uart) != b->uart + BOARD_MAX_UARTS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct board b;
	struct diag d = { .emit = fuzz_emit };
	uint8_t *tree;
	int err;

	if (size < 1 || size > 1 << 16) {
		return 0;
	}
	tree = malloc(size); /* of its very size */
	memcpy(tree, data + 1, size - 1);
	if ((data[0] & 1) != 0) {
		mend(tree, size - 1);
	}
	err = board_parse(&b, tree, size - 1, &d);
	REQUIRE(d.errors == (err == 0 ? 0 : 1));
	if (err == 0) {
		use(&b);
	}
	free(tree);
	return 0;
}
