/* SPDX-License-Identifier: Apache-2.0 */
/* Loading of guests: formats, placement, overlaps, copying; well-formed and malformed files. */
#include <libfdt.h>
#include "core/load/load.h"
#include "core/vdev.h"
#include "tests/unit/fdt_util.h"

#define MAX_LINES 30

static struct vm_config cfg;
static struct cfg_mem mem[4];
static struct cfg_load line[MAX_LINES];
static struct load_file file[MAX_LINES];
static u32 mem_count, line_count;
static struct guest_fdt g;
static struct load_plan plan;
static struct heard heard;

static int open_file(struct load_files *files, const struct cfg_load *l, struct load_file *out,
		     struct diag *d)
{
	CHECK(files->arg == &cfg);
	if (strcmp(l->path, "missing") == 0) {
		diag_error(d, &l->pos, "'missing' is not there");
		return -2;
	}
	*out = file[l - line];
	return 0;
}

static void setup(void)
{
	memset(&cfg, 0, sizeof(cfg));
	memset(mem, 0, sizeof(mem));
	memset(line, 0, sizeof(line));
	memset(file, 0, sizeof(file));
	memset(&g, 0, sizeof(g));
	mem_count = line_count = 0;
	snprintf(cfg.name, sizeof(cfg.name), "vm");
	cfg.pos = (struct src_pos){ "vm.qvmconf", 1, 1 };
	cfg.cpu_count = 1;
	cfg.gic.version = 3;
	cfg.gic.dist = 0x2f000000;
	cfg.gic.gicr = 0x2f100000;
}

static void memory(u64 start, u64 size, bool rom)
{
	struct cfg_mem *m = &mem[mem_count++];

	*m = (struct cfg_mem){ .start = start, .size = size, .rom = rom };
	if (mem_count > 1) {
		m[-1].next = m;
	}
	cfg.mem = mem;
}

/* One load line; addr ~0: none given. */
static struct load_file *load(enum cfg_blob blob, const char *path, u64 addr, const void *data,
			      u64 size)
{
	struct cfg_load *l = &line[line_count];
	struct load_file *f = &file[line_count++];

	*l = (struct cfg_load){ .blob = blob, .path = path, .has_addr = addr != ~0UL, .addr = addr,
				.pos = { "vm.qvmconf", line_count + 1, 1 } };
	if (line_count > 1) {
		l[-1].next = l;
	}
	cfg.load = line;
	f->data = data;
	f->size = size;
	return f;
}

/* Plan; "" or the error, of which there must be one exactly. */
static const char *error(void)
{
	struct load_files files = { .open = open_file, .arg = &cfg };
	int err = load_plan(&plan, &cfg, &files, &g, listen(&heard));
	u32 i, k;

	CHECK_EQ(heard.d.errors, err == 0 ? 0 : 1);
	for (i = 0; err == 0 && i < plan.piece_count; i++) { /* what holds for every plan */
		for (k = 0; k < i; k++) {
			CHECK(!range_overlaps(plan.piece[i].ipa, plan.piece[i].space,
					      plan.piece[k].ipa, plan.piece[k].space));
		}
	}
	return err == 0 ? "" : heard.last;
}

static const struct load_piece *piece(const char *path)
{
	u32 i;

	for (i = 0; i < plan.piece_count; i++) {
		if (plan.piece[i].load != NULL && strcmp(plan.piece[i].load->path, path) == 0) {
			return &plan.piece[i];
		}
	}
	return NULL;
}

static u64 ipa_of(const char *path)
{
	const struct load_piece *p = piece(path);

	return p == NULL ? 0 : p->ipa;
}

/* --- files --- */

struct image_header {
	u32 code[2];
	u64 text_offset, image_size, flags, reserved[3];
	u32 magic, pe_offset;
};

static u8 image_file[0x3000];

static u8 *image(u64 text_offset, u64 image_size, u64 flags)
{
	struct image_header h = { .text_offset = text_offset, .image_size = image_size,
				  .flags = flags, .magic = 0x644d5241 };
	size_t i;

	for (i = 0; i < sizeof(image_file); i++) {
		image_file[i] = (u8)(i * 7);
	}
	memcpy(image_file, &h, sizeof(h));
	return image_file;
}

struct elf_header {
	u8 ident[16];
	u16 type, machine;
	u32 version;
	u64 entry, phoff, shoff;
	u32 flags;
	u16 ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct elf_segment {
	u32 type, flags;
	u64 offset, vaddr, paddr, filesz, memsz, align;
};

static struct {
	struct elf_header h;
	struct elf_segment s[3];
	u8 data[0x800];
} elf_file;

static void elf(u16 type, u64 base)
{
	static const u8 ident[16] = { 0x7f, 'E', 'L', 'F', 2, 1, 1 };
	size_t i;

	memset(&elf_file, 0, sizeof(elf_file));
	memcpy(elf_file.h.ident, ident, 16);
	elf_file.h.type = type;
	elf_file.h.machine = 183;
	elf_file.h.entry = base + 0x40;
	elf_file.h.phoff = offsetof(typeof(elf_file), s);
	elf_file.h.phentsize = sizeof(struct elf_segment);
	elf_file.h.phnum = 3;
	elf_file.s[0] = (struct elf_segment){ .type = 1, .offset = offsetof(typeof(elf_file), data),
		.vaddr = base, .paddr = base, .filesz = 0x400, .memsz = 0x400 };
	elf_file.s[1] = (struct elf_segment){ .type = 0x6474e551, .memsz = ~0UL }; /* GNU_STACK */
	elf_file.s[2] = (struct elf_segment){ .type = 1, .offset = offsetof(typeof(elf_file), data) + 0x400,
		.vaddr = base + 0x10000, .paddr = base + 0x10000, .filesz = 0x400, .memsz = 0x2400 };
	for (i = 0; i < sizeof(elf_file.data); i++) {
		elf_file.data[i] = (u8)(i * 3 + 1);
	}
}

static u8 blob[0x5000];

static struct load_file *load_image(enum cfg_blob b, u64 addr)
{
	return load(b, "Image", addr, image_file, sizeof(image_file));
}

static struct load_file *load_elf(u64 addr)
{
	return load(BLOB_PLAIN, "elf", addr, &elf_file, sizeof(elf_file));
}

/* --- placement --- */

static void linux_guest(void)
{
	setup();
	memory(0x80000000, MiB(256), false);
	image(0, MiB(30), 0xa);
	load_image(BLOB_PLAIN, ~0UL);
	load(BLOB_INITRD, "initrd", ~0UL, blob, sizeof(blob));
	CHECK_STR(error(), "");
	CHECK_EQ(plan.entry, 0x80000000);
	CHECK_EQ(ipa_of("Image"), 0x80000000);
	CHECK_EQ(piece("Image")->space, MiB(30));
	CHECK_EQ(piece("Image")->zero, 0); /* the kernel clears its BSS itself */
	CHECK_EQ(plan.initrd.start, 0x80000000 + MiB(30));
	CHECK_EQ(plan.initrd.size, sizeof(blob));
	CHECK_EQ(g.initrd.start, plan.initrd.start);
	CHECK_EQ(plan.fdt, 0x80000000 + MiB(32));
	CHECK(plan.fdt_space >= 4096 && plan.fdt_space <= MiB(2));
}

static void virt_like(void)
{
	setup();
	memory(0x40000000, MiB(128), false);
	image(0x80000, MiB(20), 0x2);
	load(BLOB_DATA, "table", 0x40000000, blob, 0x1000);
	load_image(BLOB_GUEST, ~0UL);
	load(BLOB_INITRD, "initrd", 0x44000000, blob, sizeof(blob));
	cfg.has_fdt_addr = true;
	cfg.fdt_addr = 0x47000000;
	CHECK_STR(error(), "");
	CHECK_EQ(plan.entry, 0x40080000); /* 2 MiB aligned plus text_offset, clear of the table */
	CHECK_EQ(plan.fdt, 0x47000000);
	CHECK_EQ(plan.initrd.start, 0x44000000);
	line[0].addr = 0x40081000;
	CHECK_STR(error(), "");
	CHECK_EQ(plan.entry, 0x40280000);
}

static void image_with_address(void)
{
	setup();
	memory(0x80000000, MiB(64), false);
	image(0, MiB(10), 0xa);
	load_image(BLOB_PLAIN, 0x80400000);
	CHECK_STR(error(), "");
	CHECK_EQ(plan.entry, 0x80400000);
	CHECK_EQ(plan.fdt, 0x80400000 + MiB(10));
	line[0].addr = 0x80401000;
	CHECK_STR(error(), "vm.qvmconf:2:1: error: 'Image' is an Image and cannot run at 0x80401000 "
			   "(expected a multiple of 2 MiB plus 0x0)");
	line[0].addr = 0x83800000;
	CHECK_STR(error(), "vm.qvmconf:2:1: error: 'Image' at 0x83800000, 0xa00000 bytes, does not lie "
			   "inside the VM's ram or rom");
}

static void ancient_image(void)
{
	setup();
	memory(0x80000000, MiB(64), false);
	image(0x1234, 0, 0); /* text_offset means nothing then */
	load_image(BLOB_PLAIN, ~0UL);
	CHECK_STR(error(), "");
	CHECK_EQ(plan.entry, 0x80080000);
	CHECK(plan.fdt >= 0x80080000 + MiB(16));
}

static void broken_images(void)
{
	setup();
	memory(0x80000000, MiB(64), false);
	image(0, MiB(10), 0xb);
	load_image(BLOB_PLAIN, ~0UL);
	CHECK_STR(error(), "vm.qvmconf:2:1: error: 'Image' is a big-endian Image (expected little-endian)");
	image(MiB(2), MiB(10), 0xa);
	CHECK_STR(error(), "vm.qvmconf:2:1: error: 'Image' has a broken Image header: "
			   "text_offset 0x200000, image_size 0xa00000");
	image(0, ~0UL, 0xa);
	CHECK_STR(error(), "vm.qvmconf:2:1: error: 'Image' has a broken Image header: "
			   "text_offset 0x0, image_size 0xffffffffffffffff");
	image(0, MiB(65), 0xa);
	CHECK_STR(error(), "vm.qvmconf:2:1: error: 'Image' needs 0x4100000 bytes at a multiple of 2 MiB "
			   "plus 0x0: no ram of the VM has that free");
	image(0, 0x100, 0xa); /* shorter than the file: the file counts */
	CHECK_STR(error(), "");
	CHECK_EQ(piece("Image")->space, sizeof(image_file));
	file[0].size = 63; /* no header any more: a raw blob */
	CHECK_STR(error(), "");
	CHECK_EQ(plan.piece[0].format, FORMAT_RAW);
}

static void packed_kernels(void)
{
	static const u8 gzip[] = { 0x1f, 0x8b, 8, 0 }, zboot[] = "MZ\0\0zimg....";

	setup();
	memory(0x80000000, MiB(64), false);
	load(BLOB_PLAIN, "Image.gz", ~0UL, gzip, sizeof(gzip));
	CHECK_STR(error(), "vm.qvmconf:2:1: error: 'Image.gz' is packed with gzip (mkimage unpacks a "
			   "kernel it packs into an image; 'data load' takes any file as it is)");
	file[0].data = zboot;
	file[0].size = sizeof(zboot);
	CHECK(strstr(error(), "'Image.gz' is a packed EFI zboot image (mkimage") != NULL);
	line[0].blob = BLOB_DATA;
	load(BLOB_PLAIN, "raw", ~0UL, blob, 16);
	load(BLOB_INITRD, "initrd.gz", ~0UL, gzip, sizeof(gzip));
	CHECK_STR(error(), "");
}

static void raw_blobs(void)
{
	setup();
	memory(0x80000000, MiB(16), false);
	load(BLOB_PLAIN, "first", 0x80012345, blob, 100);
	load(BLOB_PLAIN, "second", ~0UL, blob, 100);
	load(BLOB_PLAIN, "third", ~0UL, blob, 100);
	CHECK_STR(error(), "");
	CHECK_EQ(plan.entry, 0x80012345); /* any address will do */
	CHECK_EQ(ipa_of("second"), 0x80000000);
	CHECK(ipa_of("third") >= 0x80012345 + 100 + LOAD_RAW_MARGIN);
	CHECK(plan.fdt >= ipa_of("third") + 100 + LOAD_RAW_MARGIN);
	CHECK_EQ(plan.fdt % MiB(2), 0);
}

/* Where there is no room for margins there is still room for the images. */
static void little_ram(void)
{
	setup();
	memory(0x80000000, KiB(64), false);
	load(BLOB_PLAIN, "first", ~0UL, blob, 0x5000);
	load(BLOB_DATA, "second", ~0UL, blob, 0x5000);
	CHECK_STR(error(), "");
	CHECK_EQ(plan.entry, 0x80000000);
	CHECK_EQ(ipa_of("second"), 0x80005000);
	CHECK_EQ(plan.fdt, 0x8000a000);
	mem[0].size = 0xb000;
	CHECK_STR(error(), "vm.qvmconf:1:1: error: device tree needs 0x2000 bytes: no ram of the VM has "
			   "that free");
	mem[0].size = 0x9000;
	CHECK_STR(error(), "vm.qvmconf:3:1: error: 'second' needs 0x5000 bytes: no ram of the VM has that "
			   "free");
}

static void which_one_boots(void)
{
	setup();
	memory(0x80000000, MiB(64), false);
	elf(2, 0x82000000);
	image(0, MiB(10), 0xa);
	load(BLOB_DATA, "data", 0x83000000, blob, 16);
	load(BLOB_PLAIN, "raw", 0x80001000, blob, 16);
	load_elf(~0UL);
	CHECK_STR(error(), "");
	CHECK_EQ(plan.entry, 0x80001000); /* the first plain one */
	line[2].blob = BLOB_GUEST;
	CHECK_STR(error(), "");
	CHECK_EQ(plan.entry, 0x82000040); /* or the one that says so */
	load_image(BLOB_GUEST, ~0UL);
	CHECK_STR(error(), "vm.qvmconf:5:1: error: 'Image' is a second 'guest load'");
	setup();
	memory(0x80000000, MiB(64), false);
	load(BLOB_DATA, "data", ~0UL, blob, 16);
	CHECK_STR(error(), "vm.qvmconf:1:1: error: nothing to start in this VM (expected a 'load' or "
			   "'guest load' line)");
}

static void lines_in_error(void)
{
	int i;

	setup();
	memory(0x80000000, MiB(64), false);
	load(BLOB_PLAIN, "missing", ~0UL, blob, 16);
	CHECK_STR(error(), "vm.qvmconf:2:1: error: 'missing' is not there");
	line[0].path = "empty";
	file[0].size = 0;
	CHECK_STR(error(), "vm.qvmconf:2:1: error: 'empty' is empty");
	file[0].size = 16;
	load(BLOB_INITRD, "i1", ~0UL, blob, 16);
	load(BLOB_INITRD, "i2", ~0UL, blob, 16);
	CHECK_STR(error(), "vm.qvmconf:4:1: error: 'i2' is a second 'initrd load'");
	setup();
	memory(0x80000000, MiB(64), false);
	for (i = 0; i < MAX_LINES - 1; i++) {
		load(BLOB_PLAIN, "n", ~0UL, blob, 16);
	}
	CHECK_STR(error(), "vm.qvmconf:26:1: error: 'n' is one of more than 24 load lines");
}

static void overlaps(void)
{
	setup();
	memory(0x80000000, MiB(64), false);
	image(0, MiB(10), 0xa);
	load_image(BLOB_PLAIN, 0x80000000);
	load(BLOB_DATA, "inside", 0x809fffff, blob, 1);
	CHECK_STR(error(), "vm.qvmconf:3:1: error: 'inside' at 0x809fffff, 0x1 bytes, overlaps 'Image' at "
			   "0x80000000, 0xa00000 bytes");
	line[1].addr = 0x80a00000;
	CHECK_STR(error(), "");
	cfg.has_fdt_addr = true;
	cfg.fdt_addr = 0x80a00000;
	CHECK_STR(error(), "vm.qvmconf:1:1: error: device tree at 0x80a00000, 0x2000 bytes, overlaps "
			   "'inside' at 0x80a00000, 0x1 bytes");
	cfg.fdt_addr = 0x80a01004;
	CHECK_STR(error(), "vm.qvmconf:1:1: error: device tree cannot be at 0x80a01004, 0x2000 bytes "
			   "(expected a multiple of 8 in ram)");
	cfg.fdt_addr = 0x84000000 - 0x1000;
	CHECK(strstr(error(), "cannot be at 0x83fff000") != NULL);
	cfg.fdt_addr = 0x80a01008;
	CHECK_STR(error(), "");
	CHECK_EQ(plan.fdt, 0x80a01008);
	line[1].addr = 0x84000000 - 1;
	file[1].size = 2;
	CHECK(strstr(error(), "'inside' at 0x83ffffff, 0x2 bytes, does not lie inside") != NULL);
	line[1].addr = ~0UL - 1;
	line[1].has_addr = true;
	file[1].size = 0x4000;
	CHECK(strstr(error(), "does not lie inside the VM's ram or rom") != NULL);
}

static void several_banks(void)
{
	setup();
	memory(0x1000, 0x3000, true);
	memory(0x80000000, MiB(4), false);
	memory(0x80400000, MiB(4), false);
	memory(0x900000000, MiB(64), false);
	image(0, MiB(10), 0xa);
	load_image(BLOB_PLAIN, ~0UL);
	load(BLOB_DATA, "rom", 0x1000, blob, 0x2800);
	load(BLOB_DATA, "seam", 0x803ff000, blob, 0x2000);
	load(BLOB_INITRD, "initrd", ~0UL, blob, 16);
	CHECK_STR(error(), "");
	CHECK_EQ(plan.entry, 0x900000000); /* the first that is big enough; automatic never in rom */
	CHECK_EQ(plan.initrd.start, 0x900000000 + MiB(10)); /* not 4 KiB below 4 GiB */
	line[3].has_addr = true;
	line[3].addr = 0x80000000;
	CHECK_STR(error(), "vm.qvmconf:5:1: error: 'initrd' at 0x80000000 lies outside the 32 GiB from "
			   "0x900000000 in which a kernel at 0x900000000 looks for it");
	line[3].addr = 0x900000000 + MiB(60);
	CHECK_STR(error(), "");
	line[2].addr = 0x807ff001;
	CHECK(strstr(error(), "'seam' at 0x807ff001, 0x2000 bytes, does not lie inside") != NULL);
}

static void initrd_below_if_it_must(void)
{
	setup();
	memory(0x80000000, MiB(4), false);
	elf(2, 0x803e0000);
	load_elf(~0UL);
	load(BLOB_INITRD, "initrd", ~0UL, blob, 0x5000);
	file[1].size = sizeof(blob);
	mem[0].size = 0x3f4000;
	CHECK_STR(error(), "");
	CHECK_EQ(plan.initrd.start, 0x80000000);
}

/* Automatic places go to the boot image first, then to the initrd, wherever their lines stand. */
static void order_of_placement(void)
{
	setup();
	memory(0x80000000, MiB(64), false);
	image(0, MiB(4), 0xa);
	load(BLOB_DATA, "data", ~0UL, blob, 0x1000);
	load(BLOB_INITRD, "initrd", ~0UL, blob, 0x1000);
	load_image(BLOB_PLAIN, ~0UL);
	CHECK_STR(error(), "");
	CHECK_EQ(plan.entry, 0x80000000);
	CHECK_EQ(plan.initrd.start, 0x80000000 + MiB(4));
	CHECK_EQ(ipa_of("data"), 0x80001000 + MiB(4));
	CHECK_EQ(plan.fdt, 0x80000000 + MiB(6));
}

static void names_of_modules(void)
{
	char name[40];

	setup();
	memory(0x1000, MiB(1), true);
	memory(0x80000000, MiB(1), false);
	load(BLOB_PLAIN, NULL, 0x1001, blob, 0x1000);
	line[0].source = SOURCE_MODULE_INDEX;
	line[0].module = 3;
	CHECK_STR(load_piece_name(line, name, sizeof(name)), "module:3");
	CHECK_STR(load_piece_name(NULL, name, sizeof(name)), "device tree");
	line[0].source = SOURCE_MODULE_ADDR;
	line[0].module = 0x48000000;
	CHECK_STR(load_piece_name(line, name, sizeof(name)), "module@0x48000000");
	cfg.has_fdt_addr = true;
	cfg.fdt_addr = 0x10000; /* not in rom */
	line[0].path = "x";
	CHECK(strstr(error(), "device tree cannot be at 0x10000") != NULL);
}

/* --- ELF --- */

static void elf_guest(void)
{
	setup();
	memory(0x80000000, MiB(64), false);
	elf(2, 0x80010000);
	load_elf(~0UL);
	CHECK_STR(error(), "");
	CHECK_EQ(plan.entry, 0x80010040);
	CHECK_EQ(plan.piece_count, 3);
	CHECK_EQ(plan.piece[0].ipa, 0x80010000);
	CHECK_EQ(plan.piece[0].copy, 0x400);
	CHECK_EQ(plan.piece[1].ipa, 0x80020000);
	CHECK_EQ(plan.piece[1].copy, 0x400);
	CHECK_EQ(plan.piece[1].zero, 0x2000);
	CHECK_EQ(plan.boot.start, 0x80010000);
	CHECK_EQ(plan.boot.size, 0x12400);
	CHECK_EQ(plan.fdt, 0x80200000);
	line[0].has_addr = true;
	line[0].addr = 0x80010000;
	CHECK_STR(error(), "");
	line[0].addr = 0x80020000;
	CHECK_STR(error(), "vm.qvmconf:2:1: error: 'elf' is an ELF file linked for 0x80010000 and cannot "
			   "be loaded at 0x80020000 (leave the address out)");
}

static void elf_position_independent(void)
{
	setup();
	memory(0x80000000, MiB(64), false);
	elf(3, 0);
	load_elf(~0UL);
	CHECK_STR(error(), "");
	CHECK_EQ(plan.entry, 0x80000040);
	elf(3, 0x40011000); /* keeps its place inside 2 MiB */
	CHECK_STR(error(), "");
	CHECK_EQ(plan.entry, 0x80011040);
	elf(3, 0);
	line[0].has_addr = true;
	line[0].addr = 0x81001000;
	CHECK_STR(error(), "");
	CHECK_EQ(plan.entry, 0x81001040);
	CHECK_EQ(plan.piece[1].ipa, 0x81011000);
	line[0].addr = ~0UL - 0x800;
	CHECK(strstr(error(), "'elf' does not fit at 0xfffffffffffff7ff") != NULL);
}

static void elf_virtual_entry(void)
{
	u64 kernel = 0xffff800000000000;

	setup();
	memory(0x80000000, MiB(64), false);
	elf(2, 0x80010000);
	elf_file.s[0].vaddr = kernel;
	elf_file.s[2].vaddr = kernel + 0x10000;
	elf_file.h.entry = kernel + 0x10010;
	load_elf(~0UL);
	CHECK_STR(error(), "");
	CHECK_EQ(plan.entry, 0x80020010);
	elf_file.h.entry = kernel;
	CHECK_STR(error(), "");
	CHECK_EQ(plan.entry, 0x80010000);
	elf_file.h.entry = kernel + 0x400;
	CHECK_STR(error(), "vm.qvmconf:2:1: error: 'elf' has an ELF entry point outside its segments");
	elf_file.s[0].vaddr = 0x80020000; /* both a physical and a virtual address: physical */
	elf_file.h.entry = 0x80020010;
	CHECK_STR(error(), "");
	CHECK_EQ(plan.entry, 0x80020010);
}

static void malformed_elf(void)
{
	static const struct {
		u32 at, size;
		u64 value;
		const char *what;
	} table[] = {
		{ 4, 1, 1, "is not a 64-bit little-endian AArch64 ELF file" },
		{ 5, 1, 2, "is not a 64-bit little-endian AArch64 ELF file" },
		{ 18, 2, 62, "is not a 64-bit little-endian AArch64 ELF file" },
		{ 16, 2, 1, "is not an executable ELF file (expected type EXEC or DYN)" },
		{ 16, 2, 4, "is not an executable ELF file (expected type EXEC or DYN)" },
		{ 56, 2, 0, "has ELF program headers outside the file" },
		{ 56, 2, 0xffff, "has ELF program headers outside the file" },
		{ 56, 2, 0x7fff, "has ELF program headers outside the file" },
		{ 54, 2, 8, "has ELF program headers outside the file" },
		{ 54, 2, 0xffff, "has ELF program headers outside the file" },
		{ 32, 8, ~0UL, "has ELF program headers outside the file" },
		{ 32, 8, sizeof(elf_file) - 8, "has ELF program headers outside the file" },
		{ 24, 8, 0x90000000, "has an ELF entry point outside its segments" },
		{ 64 + 8, 8, sizeof(elf_file), "has an ELF segment that reaches beyond the file" },
		{ 64 + 8, 8, ~0UL, "has an ELF segment that reaches beyond the file" },
		{ 64 + 32, 8, 0x401, "has an ELF segment that reaches beyond the file" },
		{ 64 + 32, 8, ~0UL, "has an ELF segment that reaches beyond the file" },
		{ 64 + 40, 8, ~0UL, "has an ELF segment that wraps around the address space" },
		{ 64 + 24, 8, ~0UL, "has an ELF segment that wraps around the address space" },
		{ 64 + 16, 8, ~0UL, "has an ELF segment that wraps around the address space" },
		{ 64, 4, 3, "needs a dynamic linker (expected a statically linked ELF file)" },
		{ 64 + 24, 8, 0x80020000, "at 0x80020000, 0x2400 bytes, overlaps 'elf' at 0x80020000, "
		  "0x400 bytes" },
		{ 64 + 24, 8, 0x70000000, "at 0x70000000, 0x400 bytes, does not lie inside the VM's ram "
		  "or rom" },
	};
	char want[200];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(table); i++) {
		setup();
		memory(0x80000000, MiB(64), false);
		elf(2, 0x80010000);
		memcpy((char *)&elf_file + table[i].at, &table[i].value, table[i].size);
		load_elf(~0UL);
		snprintf(want, sizeof(want), "vm.qvmconf:2:1: error: 'elf' %s", table[i].what);
		CHECK_STR(error(), want);
	}
	setup();
	memory(0x80000000, MiB(64), false);
	elf(2, 0x80010000);
	elf_file.s[0].type = elf_file.s[2].type = 0;
	load_elf(~0UL);
	CHECK_STR(error(), "vm.qvmconf:2:1: error: 'elf' has no ELF segment to load");
	file[0].size = 63;
	CHECK_STR(error(), "vm.qvmconf:2:1: error: 'elf' is shorter than an ELF header");
}

/* Every byte of the headers changed in turn, on a file of exactly its size: sanitizers watch. */
static void every_elf_byte_changed(void)
{
	static const u8 change[] = { 1, 0x10, 0x80, 0xff };
	u8 *exact = malloc(sizeof(elf_file));
	size_t i, k;

	setup();
	memory(0x80000000, MiB(64), false);
	elf(2, 0x80010000);
	memcpy(exact, &elf_file, sizeof(elf_file));
	load(BLOB_PLAIN, "elf", ~0UL, exact, sizeof(elf_file));
	for (i = 4; i < offsetof(typeof(elf_file), data); i++) {
		for (k = 0; k < sizeof(change); k++) {
			exact[i] ^= change[k];
			error();
			exact[i] ^= change[k];
		}
	}
	CHECK_STR(error(), "");
	for (i = 4; i < offsetof(typeof(elf_file), data); i++) {
		u8 *cut = malloc(i);

		memcpy(cut, exact, i);
		file[0].data = cut;
		file[0].size = i;
		CHECK(error()[0] != '\0');
		free(cut);
	}
	free(exact);
}

/* --- the device tree --- */

static void user_tree(void)
{
	size_t size;
	u8 *user = dtc_root("#address-cells = <2>; #size-cells = <2>; n { };", &size);

	REQUIRE(user != NULL);
	setup();
	memory(0x80000000, MiB(64), false);
	load(BLOB_PLAIN, "raw", ~0UL, blob, 16);
	load(BLOB_FDT, "user.dtb", 0x81000000, user, size);
	CHECK_STR(error(), "");
	CHECK(g.user == user);
	CHECK_EQ(plan.fdt, 0x81000000);
	cfg.has_fdt_addr = true; /* wins */
	cfg.fdt_addr = 0x82000000;
	CHECK_STR(error(), "");
	CHECK_EQ(plan.fdt, 0x82000000);
	load(BLOB_FDT, "more.dtb", ~0UL, user, size);
	CHECK_STR(error(), "vm.qvmconf:4:1: error: 'more.dtb' is a second 'fdt load'");
	file[1].size = size - 1;
	CHECK_STR(error(), "vm.qvmconf:3:1: error: 'user.dtb' as a device tree is truncated: its total "
			   "size exceeds what is there");
	free(user);
}

static void tree_of_a_whole_board(void)
{
	size_t size;
	u8 *user = dtc_root("#address-cells = <2>; #size-cells = <2>;"
			    "memory@80000000 { device_type = \"memory\"; reg = <0 0x80000000 0 1>; };"
			    "soc { memory@1 { reg = <0 1>; }; };"
			    "memory@c0000000 { device_type = \"memory\"; reg = <0 0xc0000000 0 1>; };",
			    &size);

	REQUIRE(user != NULL);
	setup();
	memory(0x80000000, MiB(64), false);
	load(BLOB_PLAIN, "raw", ~0UL, blob, 16);
	load(BLOB_FDT, "board.dtb", ~0UL, user, size);
	CHECK_STR(error(), "vm.qvmconf:3:1: error: 'board.dtb' has a node /memory@c0000000, but the VM "
			   "has no such ram");
	memory(0xc0000000, MiB(64), true);
	CHECK(error()[0] != '\0');
	mem[1].rom = false;
	CHECK_STR(error(), "");
	free(user);
}

/* --- copying --- */

static u8 ram[0x40000], rom[0x3000];
static u64 written_bytes, mapped_bytes;
static u32 yields, writes;

static void *guest_ptr(struct guest_mem *m, ipa_t ipa, u64 *run)
{
	CHECK(m->arg == ram);
	if (ipa >= 0x80000000 && ipa < 0x80000000 + sizeof(ram)) {
		/* Contiguous up to the next 64 KiB only, as pages of a host may be. */
		*run = 0x10000 - (ipa & 0xffff);
		return ram + (ipa - 0x80000000);
	}
	if (ipa >= 0x1000 && ipa < 0x1000 + sizeof(rom)) {
		*run = 0x1000 + sizeof(rom) - ipa;
		return rom + (ipa - 0x1000);
	}
	return NULL;
}

static void note_written(struct guest_mem *m, void *at, u64 size)
{
	(void)m;
	(void)at;
	writes++;
	written_bytes += size;
}

static bool map(struct guest_mem *m, ipa_t ipa, const void *data, u64 size)
{
	(void)m;
	CHECK_EQ(ipa, 0x1000);
	CHECK_EQ((uintptr_t)data & 0xfff, 0);
	mapped_bytes += size;
	return true;
}

static void count_yield(struct guest_mem *m)
{
	(void)m;
	yields++;
}

static struct guest_mem guest = { .ptr = guest_ptr, .written = note_written, .yield = count_yield,
				  .arg = ram };

static void copy_setup(void)
{
	setup();
	memory(0x80000000, sizeof(ram), false);
	memory(0x1000, sizeof(rom), true);
	memset(ram, 0xee, sizeof(ram));
	memset(rom, 0xee, sizeof(rom));
	written_bytes = mapped_bytes = yields = writes = 0;
	guest.map = NULL;
}

static void copying(void)
{
	u32 i;

	copy_setup();
	elf(2, 0x8000f000); /* both segments and the BSS lie across seams */
	elf_file.s[0].filesz = elf_file.s[0].memsz = 0x400;
	elf_file.s[2].memsz = 0x11000;
	load_elf(~0UL);
	for (i = 0; i < sizeof(blob); i++) {
		blob[i] = (u8)(i >> 3);
	}
	load(BLOB_DATA, "rom", 0x1001, blob, 0x2fff);
	CHECK_STR(error(), "");
	REQUIRE(load_copy(&plan, &guest, listen(&heard)) == 0);
	CHECK_MEM(ram + 0xf000, elf_file.data, 0x400);
	CHECK_EQ(ram[0xf400], 0xee);
	CHECK_MEM(ram + 0x1f000, elf_file.data + 0x400, 0x400);
	for (i = 0x1f400; i < 0x30000; i++) {
		if (ram[i] != 0) {
			CHECK_EQ(i, 0);
			break;
		}
	}
	CHECK_EQ(ram[0x30000], 0xee);
	CHECK_EQ(rom[0], 0xee);
	CHECK_MEM(rom + 1, blob, 0x2fff);
	CHECK_EQ(written_bytes, 0x400 + 0x11000 + 0x2fff);
	CHECK_EQ(yields, writes);
	memset(ram, 0xdd, sizeof(ram)); /* and again, as when the VM restarts */
	REQUIRE(load_copy(&plan, &guest, listen(&heard)) == 0);
	CHECK_MEM(ram + 0xf000, elf_file.data, 0x400);
	CHECK_EQ(ram[0x2ffff], 0);
}

static void mapping_instead(void)
{
	static u8 archive[0x3000] __attribute__((aligned(4096)));
	struct load_file *f;

	copy_setup();
	memset(archive, 0x42, sizeof(archive));
	load(BLOB_PLAIN, "raw", 0x80000000, archive, 0x1000)->stays = true; /* ram is never mapped */
	f = load(BLOB_DATA, "rom", 0x1000, archive, 0x2800);
	CHECK_STR(error(), "");
	CHECK_EQ(piece("rom")->map, 0); /* it does not say it stays */
	f->stays = true;
	CHECK_STR(error(), "");
	CHECK_EQ(piece("rom")->map, 0x2000);
	CHECK_EQ(piece("raw")->map, 0);
	guest.map = map;
	REQUIRE(load_copy(&plan, &guest, listen(&heard)) == 0);
	CHECK_EQ(mapped_bytes, 0x2000);
	CHECK_EQ(rom[0x1fff], 0xee); /* not copied */
	CHECK_EQ(rom[0x2000], 0x42); /* the tail is: its page holds other files' bytes in the archive */
	CHECK_EQ(rom[0x2800], 0xee);
	f->data++;
	CHECK_STR(error(), "");
	CHECK_EQ(piece("rom")->map, 0);
}

static void missing_memory(void)
{
	copy_setup();
	mem[0].size = sizeof(ram) + 0x1000; /* configured, but not backed */
	load(BLOB_PLAIN, "raw", 0x80000000 + sizeof(ram) - 8, blob, 16);
	CHECK_STR(error(), "");
	CHECK_EQ(load_copy(&plan, &guest, listen(&heard)), -14);
	CHECK_STR(heard.last, "vm.qvmconf:1:1: error: guest memory at 0x80040000 is not there to load into");
}

static void device_tree_in_place(void)
{
	copy_setup();
	load(BLOB_PLAIN, "raw", 0x80000000, blob, 16);
	CHECK_STR(error(), "");
	CHECK_EQ(plan.fdt, 0x80001000);
	REQUIRE(load_fdt(&plan, &guest, &g, listen(&heard)) == 0);
	CHECK_EQ(fdt_check_full(ram + 0x1000, plan.fdt_space), 0);
	CHECK_EQ(written_bytes, fdt_totalsize(ram + 0x1000));
	CHECK_EQ(ram[0x1000 + plan.fdt_space], 0xee);
	plan.fdt = 0x8000f000; /* not contiguous there */
	CHECK_EQ(load_fdt(&plan, &guest, &g, listen(&heard)), -14);
	CHECK_EQ(heard.d.errors, 1);
}

TEST_MAIN(RUN(linux_guest), RUN(virt_like), RUN(image_with_address), RUN(ancient_image),
	  RUN(broken_images), RUN(packed_kernels), RUN(raw_blobs), RUN(little_ram),
	  RUN(which_one_boots), RUN(lines_in_error), RUN(overlaps), RUN(several_banks),
	  RUN(initrd_below_if_it_must), RUN(order_of_placement), RUN(names_of_modules),
	  RUN(elf_guest), RUN(elf_position_independent), RUN(elf_virtual_entry),
	  RUN(malformed_elf), RUN(every_elf_byte_changed), RUN(user_tree), RUN(tree_of_a_whole_board), RUN(copying),
	  RUN(mapping_instead), RUN(missing_memory), RUN(device_tree_in_place))
