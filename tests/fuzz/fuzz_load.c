/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as the files a VM loads: the plan is refused with one error, or it holds: everything
 * inside guest memory, nothing over anything, the copy stays inside, the device tree is sound.
 *
 * Input: a byte for the memory's layout, then up to six files, each an 8-byte head (kind, flags,
 * address in pages, size) and its bytes.
 *
 *	clang -g -O1 -fsanitize=fuzzer,address,undefined -I. -Iarch/host/include \
 *		-Ibuild/libfdt/include -o fuzz_load tests/fuzz/fuzz_load.c \
 *		core/load/[a-z]*.c core/fdt_reader.c core/base/[a-z]*.c build/libfdt/src/[a-z]*.c
 */
#include <libfdt.h>
#include <string.h>
#include "core/load/load.h"
#include "core/vdev.h"
#include "tests/fuzz/fuzz.h"

#define RAM_BASE  0x40000000UL
#define RAM_SIZE  MiB(4)
#define ROM_BASE  0x1000UL
#define ROM_SIZE  KiB(16)
#define MAX_FILES 6

static u8 ram[RAM_SIZE] __aligned_to(4096), rom[ROM_SIZE] __aligned_to(4096);
static struct cfg_load line[MAX_FILES];
static struct load_file file[MAX_FILES];
static struct cfg_mem mem[3];
static u64 seam; /* guest memory is contiguous only up to the next multiple of this */

static int open_file(struct load_files *files, const struct cfg_load *l, struct load_file *out,
		     struct diag *d)
{
	(void)files;
	(void)d;
	*out = file[l - line];
	return 0;
}

static void *guest_ptr(struct guest_mem *m, ipa_t ipa, u64 *run)
{
	u8 *base = ipa >= RAM_BASE ? ram : rom;
	u64 start = ipa >= RAM_BASE ? RAM_BASE : ROM_BASE, size = ipa >= RAM_BASE ? RAM_SIZE : ROM_SIZE;

	(void)m;
	REQUIRE(ipa >= start && ipa - start < size);
	*run = MIN(start + size - ipa, seam - (ipa & (seam - 1)));
	return base + (ipa - start);
}

static void written(struct guest_mem *m, void *at, u64 size)
{
	u8 *p = at;

	(void)m;
	REQUIRE(size != 0 && ((p >= ram && p + size <= ram + sizeof(ram)) ||
			      (p >= rom && p + size <= rom + sizeof(rom))));
}

static bool map(struct guest_mem *m, ipa_t ipa, const void *data, u64 size)
{
	(void)m;
	REQUIRE(ipa >= ROM_BASE && ipa + size <= ROM_BASE + ROM_SIZE);
	REQUIRE(((ipa | (uintptr_t)data | size) & PAGE_MASK) == 0);
	return true;
}

static void uart_fdt(struct vdev *dev, struct fdt_node *n)
{
	(void)dev;
	fdt_node_str(n, "compatible", "arm,pl011");
	fdt_node_reg(n);
	fdt_node_intr(n, true);
}

static bool in_memory(u64 start, u64 size)
{
	return range_contains(RAM_BASE, RAM_SIZE, start, size) ||
	       range_contains(ROM_BASE, ROM_SIZE, start, size);
}

static void check_plan(const struct load_plan *p)
{
	u64 low = ~0UL, high = 0;
	u32 i, k;

	for (i = 0; i < p->piece_count; i++) {
		const struct load_piece *q = &p->piece[i];

		REQUIRE(in_memory(q->ipa, q->space));
		REQUIRE(q->copy + q->zero <= q->space && q->map <= q->copy);
		for (k = 0; k < i; k++) {
			REQUIRE(!range_overlaps(q->ipa, q->space, p->piece[k].ipa, p->piece[k].space));
		}
		low = MIN(low, q->ipa);
		high = MAX(high, q->ipa + q->space);
	}
	REQUIRE(p->entry >= low && p->entry < high);
	REQUIRE(p->fdt % 8 == 0 && range_contains(RAM_BASE, RAM_SIZE, p->fdt, p->fdt_space));
}

static u32 read_files(const uint8_t *data, size_t size)
{
	u32 n;
	u64 len;

	for (n = 0; n < MAX_FILES && size >= 8; n++) {
		len = MIN((size_t)(data[6] | data[7] << 8), size - 8);
		line[n] = (struct cfg_load){
			.blob = data[0] % 5, .has_addr = (data[1] & 1) != 0, .path = "file",
			.addr = (data[1] & 2 ? RAM_BASE : 0) + ((u64)data[2] | data[3] << 8) * 0x100 +
				(data[1] & 4 ? data[4] : 0),
			.pos = { "vm", n + 1, 1 } };
		if ((data[1] & 8) != 0) {
			line[n].addr = 0 - line[n].addr;
		}
		if (n > 0) {
			line[n - 1].next = &line[n];
		}
		/* Aligned as in an image, and of its very size. */
		file[n].data = aligned_alloc(4096, ALIGN_UP(len + 1, 4096));
		memcpy((u8 *)file[n].data, data + 8, len);
		if (line[n].blob != BLOB_FDT && (data[1] & 16) == 0) {
			free((u8 *)file[n].data);
			file[n].data = memcpy(malloc(len + 1), data + 8, len);
			file[n].data = realloc((u8 *)file[n].data, len != 0 ? len : 1);
		}
		file[n].size = len;
		file[n].stays = (data[1] & 16) != 0;
		data += 8 + len;
		size -= 8 + len;
	}
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct load_plan plan;
	static const u8 seed[64];
	static const struct vdev_type uart = { .name = "pl011", .node = "uart", .fdt = uart_fdt };
	struct vdev dev = { .type = &uart, .base = 0x9000000, .size = 0x1000, .intid = 33 };
	struct vm_config cfg = { .name = "vm", .pos = { "vm", 1, 1 }, .cpu_count = 2, .mem = mem };
	struct guest_fdt g = { .devices = &dev, .rng_seed = seed, .rng_seed_len = 64 };
	struct load_files files = { .open = open_file };
	struct guest_mem guest = { .ptr = guest_ptr, .written = written };
	struct diag d = { .emit = fuzz_emit };
	u32 i, n;
	int err;

	if (size < 1) {
		return 0;
	}
	seam = (data[0] & 1) != 0 ? MiB(2) : KiB(64);
	guest.map = (data[0] & 2) != 0 ? map : NULL;
	cfg.gic.version = (data[0] & 4) != 0 ? 2 : 3;
	cfg.gic.dist = 0x8000000;
	cfg.has_fdt_addr = (data[0] & 8) != 0;
	cfg.fdt_addr = RAM_BASE + data[0] * 0x101;
	mem[0] = (struct cfg_mem){ .start = ROM_BASE, .size = ROM_SIZE, .rom = true, .next = &mem[1] };
	mem[1] = (struct cfg_mem){ .start = RAM_BASE, .size = MiB(1), .next = &mem[2] };
	mem[2] = (struct cfg_mem){ .start = RAM_BASE + MiB(1), .size = MiB(3) };
	memset(line, 0, sizeof(line));
	n = read_files(data + 1, size - 1);
	cfg.load = n > 0 ? line : NULL;
	err = load_plan(&plan, &cfg, &files, &g, &d);
	REQUIRE(d.errors == (err == 0 ? 0 : 1));
	if (err == 0) {
		check_plan(&plan);
		REQUIRE(load_copy(&plan, &guest, &d) == 0);
		seam = MiB(4);
		err = load_fdt(&plan, &guest, &g, &d);
		REQUIRE(err == 0 || g.user != NULL);
		REQUIRE(err != 0 || fdt_check_full(ram + (plan.fdt - RAM_BASE), plan.fdt_space) == 0);
	}
	for (i = 0; i < n; i++) {
		free((u8 *)file[i].data);
	}
	return 0;
}
