/* SPDX-License-Identifier: Apache-2.0 */
/* The buildfile language: what it means, and the exact text and place of every error. */
#include "tests/unit/test.h"
#include "tests/unit/image_util.h"
#include "tools/mkimage/elf64.c"
#include "tools/mkimage/vdevs.c"

#define BOOT "[virtual=aarch64le,raw] boot = { quoin }\n"
#define SCRIPT "[+script] startup = { qvm cpu }\n"

static void reads_entries(void)
{
	struct diag d;
	struct buildfile bf;
	struct mk_file *f;

	setenv("QUOIN_TEST", "tests/unit", 1);
	bf = parse_build("# a comment\n"
			 "[image=0x40200000 +compress]\n"
			 "[virtual=aarch64le,raw] boot = {\n\tquoin -v \"a b\" # c\n\tvdev-pl011\n\n"
			 "\tvdev-gic\n\tvdev-pl011.so\n}\n"
			 "[+script uid=7 perms=0755] startup = {\n  on-idle \\{wait\\}\n  }\n"
			 "[search=nowhere:${QUOIN_TEST}]\n"
			 "/etc/a = test.h\n"
			 "vdev-pl031.so\n"
			 "/lib/vdev-sp805.so = x\n"
			 "[+optional] /b = none\n"
			 "[+optional] /c = ${QUOIN_NOT_SET}/none\n"
			 "[type=link] /d = etc/a\n"
			 "[+dupignore] /etc/a = none.h\n"
			 "\"/with blank\" = { x { y } }\n"
			 "test.h\n", &d);
	CHECK_STR(log_text, "");
	CHECK_EQ(bf.advice, 0x40200000);
	CHECK(bf.compress);
	CHECK_STR(bf.options, "-v a b");
	REQUIRE(bf.vdevs != NULL && bf.vdevs->next != NULL && bf.vdevs->next->next != NULL);
	CHECK_STR(bf.vdevs->name, "pl011");
	CHECK_EQ(bf.vdevs->pos.line, 5);
	CHECK_STR(bf.vdevs->next->name, "pl031");
	CHECK_STR(bf.vdevs->next->next->name, "sp805");
	CHECK(bf.vdevs->next->next->next == NULL);
	REQUIRE(bf.script != NULL);
	CHECK_STR((const char *)bf.script->data.data, "  on-idle {wait}\n");
	CHECK_EQ(bf.script->text_pos.line, 11);
	CHECK_EQ(bf.script->text_pos.col, 1);
	CHECK_EQ(bf.script->uid, 7);
	CHECK_EQ(bf.script->perms, 0755);
	f = buildfile_find(&bf, "/d");
	REQUIRE(f != NULL);
	CHECK_STR(f->target, "etc/a");
	CHECK_STR(f->source, "tests/unit/test.h");
	CHECK(f->data.size > 100);
	CHECK_EQ(f->perms, 0644);
	CHECK(buildfile_find(&bf, "/proc/boot/test.h") != NULL);
	f = buildfile_find(&bf, "b");
	CHECK(f != NULL && f->missing);
	f = buildfile_find(&bf, "c");
	CHECK(f != NULL && f->missing);
	f = buildfile_find(&bf, "with blank");
	REQUIRE(f != NULL);
	CHECK_STR((const char *)f->data.data, " x { y } ");
}

static void reports_errors(void)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{ BOOT, "test.build: error: no start script, expected [+script] NAME = { qvm ... }" },
		{ SCRIPT, "test.build: error: no boot section, expected [virtual=aarch64le,raw] boot = "
		  "{ quoin }" },
		{ BOOT SCRIPT "/a = nofile", "test.build:3:6: error: cannot find 'nofile', looked beside the "
		  "buildfile, along [search=] and -I" },
		{ BOOT SCRIPT "  nofile", "test.build:3:3: error: cannot find 'nofile', looked beside the "
		  "buildfile, along [search=] and -I" },
		{ BOOT SCRIPT "/a = tests", "test.build:3:6: error: 'tests' is a folder, expected a file: name "
		  "each file" },
		{ BOOT SCRIPT "/a = { b\n", "test.build:3:6: error: missing '}' for this '{'" },
		{ BOOT SCRIPT "/a =\n", "test.build:3:5: error: expected a source file or '{' behind 'a ='" },
		{ BOOT SCRIPT "/a = {} b\n", "test.build:3:9: error: expected the end of the line: one entry a "
		  "line" },
		{ BOOT SCRIPT "a = {}\n/a = {}\n", "test.build:4:1: error: 'a' is in the image already, from "
		  "line 3" },
		{ BOOT SCRIPT "/a/../b = {}\n", "test.build:3:1: error: bad name 'a/../b' in the image: it has "
		  "an empty, '.' or '..' part" },
		{ BOOT SCRIPT ".quoin/x = {}\n", "test.build:3:1: error: bad name '.quoin/x' in the image: "
		  "names below .quoin/ are the image's own" },
		{ BOOT SCRIPT "/a = \"b\n", "test.build:3:6: error: missing closing '\"'" },
		{ BOOT SCRIPT "/a = ${NO_SUCH}/b\n", "test.build:3:6: error: variable 'NO_SUCH' is not set in "
		  "the environment" },
		{ BOOT SCRIPT "/a = ${NO\n", "test.build:3:6: error: incomplete variable, expected ${NAME}" },
		{ BOOT SCRIPT "/a\001 = b\n", "test.build:3:3: error: control character 0x01: expected text" },
		{ BOOT SCRIPT "[type=link] /a\n", "test.build:3:13: error: expected '=' behind '/a'" },
		{ BOOT SCRIPT "[type=link] /a = /b\n", "test.build:3:13: error: link 'a' leads nowhere: '/b' is "
		  "not in the image" },
		{ BOOT SCRIPT "[type=link] /a = b\n[type=link] b = a\n",
		  "test.build:3:13: error: link 'a' leads nowhere: 'b' is not in the image\n"
		  "test.build:4:13: error: link 'b' leads nowhere: 'a' is not in the image" },
		{ BOOT SCRIPT "[type=dir] /a = b\n", "test.build:3:17: error: a folder or fifo has no source" },
		{ BOOT SCRIPT "[type=dir] /a = { b }\n", "test.build:3:12: error: only a file has text of its "
		  "own" },
		{ BOOT SCRIPT "[type=disk] /a = {}\n", "test.build:3:7: error: unknown type 'disk', expected "
		  "file, link, dir or fifo" },
		{ BOOT SCRIPT "[+scrip] /a = {}\n", "test.build:3:2: error: unknown attribute 'scrip', expected "
		  "one of script, optional, type, search, compress, image, virtual, uid, gid, perms, "
		  "dupignore" },
		{ BOOT SCRIPT "[script] /a = {}\n", "test.build:3:2: error: bad attribute 'script', expected "
		  "+NAME, -NAME or NAME=VALUE" },
		{ BOOT SCRIPT "[script=1] /a = {}\n", "test.build:3:2: error: attribute 'script' is a switch, "
		  "expected +script or -" },
		{ BOOT SCRIPT "[+search] /a = {}\n", "test.build:3:2: error: attribute 'search' wants a value, "
		  "expected search=VALUE" },
		{ BOOT SCRIPT "[uid=7x] /a = {}\n", "test.build:3:6: error: bad number '7x' for uid" },
		{ BOOT SCRIPT "[perms=99] /a = {}\n", "test.build:3:8: error: bad number '99' for perms" },
		{ BOOT SCRIPT "[+script\n", "test.build:3:1: error: missing ']' for this '['" },
		{ BOOT SCRIPT "[image=high]\n", "test.build:3:8: error: bad address 'high', expected e.g. "
		  "0x40200000" },
		{ BOOT SCRIPT SCRIPT, "test.build:3:11: error: 'startup' is in the image already, from line 2" },
		{ BOOT SCRIPT "[+script] s2 = {}\n", "test.build:3:11: error: a second start script, the first "
		  "is in line 2" },
		{ BOOT BOOT SCRIPT, "test.build:2:25: error: a second boot section, expected one [virtual=...]" },
		{ SCRIPT "[virtual=x86_64,raw] boot = { quoin }", "test.build:2:10: error: processor 'x86_64' is "
		  "not supported, expected aarch64le\n"
		  "test.build: error: no boot section, expected [virtual=aarch64le,raw] boot = { quoin }" },
		{ SCRIPT "[virtual=aarch64le,elf] boot = { quoin }", "test.build:2:10: error: image format 'elf' "
		  "is not supported, expected raw\n"
		  "test.build: error: no boot section, expected [virtual=aarch64le,raw] boot = { quoin }" },
		{ SCRIPT "[virtual=aarch64le,raw] boot = file", "test.build:2:32: error: the boot section is no "
		  "file, expected '{'\n"
		  "test.build: error: no boot section, expected [virtual=aarch64le,raw] boot = { quoin }" },
		{ SCRIPT "[virtual=aarch64le,raw] boot = {\nquoin\n quoin -v\n}", "test.build:4:2: error: a second "
		  "quoin line, expected one monitor" },
		{ SCRIPT "[virtual=aarch64le,raw] boot = {\nqnx\nvdev-pl011 x\nvdev-Foo\n}",
		  "test.build:3:1: error: unknown word 'qnx' in the boot section, expected quoin, "
		  "vdev-NAME or part-NAME\n"
		  "test.build:4:12: error: 'vdev-pl011' takes no options here\n"
		  "test.build:5:1: error: unknown word 'vdev-Foo' in the boot section, expected quoin, "
		  "vdev-NAME or part-NAME" },
	};
	struct diag d;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		(void)parse_build(cases[i].text, &d);
		CHECK_STR(log_text, cases[i].message);
		CHECK(d.errors != 0);
	}
}

static void warns_of_qnx_parts(void)
{
	struct diag d;
	struct buildfile bf = parse_build(
		"[image=0x40280000]\n"
		"[virtual=aarch64le,raw +compress] .bootstrap = {\n"
		"	startup-armv8_fm -v\n"
		"	[+keeplinked module=qvm] PATH=/proc/boot procnto-smp-instr -v\n"
		"}\n"
		"[linker=x] /a = {}\n"
		SCRIPT, &d);

	CHECK_EQ(d.errors, 0);
	CHECK(bf.has_boot);
	CHECK_STR(log_text,
		  "test.build:1:8: warning: 0x40280000 is not 2 MiB aligned: firmware will choose another place\n"
		  "test.build:3:2: warning: 'startup-armv8_fm' has no part in this image, line ignored\n"
		  "test.build:4:2: warning: attributes mean nothing in the boot section\n"
		  "test.build:4:27: warning: 'PATH=/proc/boot' has no part in this image, line ignored\n"
		  "test.build:6:2: warning: attribute 'linker' means nothing to the monitor");
}

static void refuses_binary(void)
{
	struct diag d = log_start();
	struct buildfile bf = { .path = "test.build", .diag = &d };

	buildfile_parse(&bf, (struct blob) { .data = (const u8 *)"ab\n\0c", .size = 5 });
	CHECK_STR(log_text, "test.build:2:1: error: control character 0x00: expected a text file");
}

/* Any text: an end, and errors or a complete result. */
static void survives_garbage(void)
{
	static const char *const some[] = {
		"[", "]", "+script", "virtual=aarch64le,raw", " ", "\n", "{", "}", "=", "a", "/b", "\"", "\\",
		"#", "${", "${HOME}", "type=link", "type=dir", "search=:", "?", "-", "\t", "\377", "vdev-x",
		"quoin", "boot", "image=1", "\001",
	};
	u32 seed = 7, i, n;
	char text[256];
	struct diag d;

	for (i = 0; i < 20000; i++) {
		text[0] = '\0';
		for (n = 0; n < i % 24; n++) {
			seed = seed * 1664525 + 1013904223;
			strcat(text, some[(seed >> 16) % ARRAY_SIZE(some)]);
		}
		(void)parse_build(text, &d);
		CHECK(d.errors != 0 || strstr(text, "script") != NULL);
		pool_free();
	}
}

static void knows_fp_instructions(void)
{
	static const u32 fp[] = {
		0x1e604020, /* fmov d0, d1 */
		0x4ea11c20, /* mov v0.16b, v1.16b */
		0x3dc00020, /* ldr q0, [x1] */
		0xfd400020, /* ldr d0, [x1] */
		0x6d0127e8, /* stp d8, d9, [sp, #16] */
		0x0c407020, /* ld1 {v0.8b}, [x1] */
		0x1c000040, /* ldr s0, literal */
		0x9e670020, /* fmov d0, x1 */
		0x2518e3e0, /* ptrue p0.b */
		0x04e0e3e0, /* cntd x0 */
		0xd53b4400, /* mrs x0, fpcr */
		0xd51b4420, /* msr fpsr, x0 */
		0x4e284820, /* aese v0.16b, v1.16b */
	};
	static const u32 general[] = {
		0xd503201f, /* nop */
		0xf9400020, /* ldr x0, [x1] */
		0xa9bf7bfd, /* stp x29, x30, [sp, #-16]! */
		0x14000001, /* b */
		0xd65f03c0, /* ret */
		0x9ac44c63, /* crc32x w3, w3, x4 */
		0xd5380604, /* mrs x4, id_aa64isar0_el1 */
		0xd53bd040, /* mrs x0, tpidr_el0 */
		0xf8200020, /* ldadd x0, x0, [x1] */
		0x9b017c00, /* mul x0, x0, x1 */
		0xc85ffc20, /* ldaxr x0, [x1] */
		0x58000040, /* ldr x0, literal */
		0x00000000, /* udf #0 */
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(fp); i++) {
		if (!insn_is_fp(fp[i])) {
			test_fail(__FILE__, __LINE__, "0x%08x is FP/SIMD", fp[i]);
		}
	}
	for (i = 0; i < ARRAY_SIZE(general); i++) {
		if (insn_is_fp(general[i])) {
			test_fail(__FILE__, __LINE__, "0x%08x is not FP/SIMD", general[i]);
		}
	}
}

static void aligns_cpio_data(void)
{
	u64 at;

	for (at = 0; at < 9000; at += 4) {
		u64 data = at + cpio_member(at, "name", PAGE_SIZE);

		CHECK(IS_ALIGNED(data, PAGE_SIZE));
		CHECK(data - at >= 110 + 5 && data - at < 110 + 5 + PAGE_SIZE);
	}
	CHECK_EQ(cpio_member(0, "ab", 4), 116);
}

static void refuses_damaged_elf(void)
{
	Elf64_Ehdr h = {
		.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB }, .e_type = ET_REL,
		.e_machine = EM_AARCH64, .e_shentsize = sizeof(Elf64_Shdr), .e_shnum = 3, .e_shoff = 64,
	};
	struct elf64 e;
	struct blob file = { .data = (const u8 *)&h, .size = sizeof(h) };

	CHECK_STR(elf64_open(&e, file, ET_REL), "damaged ELF file: section headers");
	h.e_shoff = ~7UL;
	CHECK_STR(elf64_open(&e, file, ET_REL), "damaged ELF file: section headers");
	h.e_shoff = 0;
	h.e_shnum = 1; /* a section header out of the ELF header's bytes */
	CHECK(elf64_open(&e, file, ET_REL) != NULL);
	CHECK_STR(elf64_open(&e, file, ET_EXEC), "not an AArch64 program");
	file.size = 63;
	CHECK_STR(elf64_open(&e, file, ET_REL), "not an AArch64 object file");
}

static bool wants(const struct buildfile *bf, const char *names)
{
	char all[64] = "";

	for (const struct mk_part *p = bf->parts; p != NULL; p = p->next) {
		snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s ", p->name);
	}
	if (strcmp(all, names) != 0) {
		fprintf(stderr, "parts '%s', not '%s'\n", all, names);
	}
	return strcmp(all, names) == 0;
}

/* What a VM or a line of the boot section needs, and what that is of no use without; the last one first. */
static void links_needed_parts(void)
{
	struct cfg_pass smc = { .kind = PASS_SMC }, fn = { .next = &smc, .kind = PASS_PCI };
	struct cfg_option disk = { .str = "</dev/disk/by-serial/x" }, card = { .next = &disk, .str = "/dev/nic0" },
		number = { .next = &card }, file = { .next = &number, .str = "/dev" };
	struct cfg_vdev all = { .options = &number }, none = { .next = &all, .options = &file };
	const struct vm_config plain = { .gic.version = 3 }, old = { .gic.version = 2 }, its = { .gic.has_its = true },
		bus = { .pci.present = true, .gic.has_v2m = true }, smcs = { .pass = &smc }, fns = { .pass = &fn },
		devices = { .vdev = &none };
	static const char *const names[] = { "", "", "msi vpci ", "msi vpci ", "iommu pass ", "msi vpci pci iommu pass ",
		"disk iommu pci nic " };
	const struct vm_config *const cfg[] = { &plain, &old, &its, &bus, &smcs, &fns, &devices };
	struct diag d;
	struct buildfile bf;

	for (u32 i = 0; i < ARRAY_SIZE(cfg); i++) {
		bf = (struct buildfile){ .diag = &d };
		parts_for_vm(&bf, cfg[i]);
		CHECK(wants(&bf, names[i]));
	}
	bf = parse_build("[virtual=aarch64le,raw] boot = {\nquoin\npart-pass\npart-all\nuart-pl011\n}\n" SCRIPT, &d);
	CHECK_STR(log_text, "");
	CHECK(wants(&bf, "uart-pl011 all iommu pass "));
	REQUIRE(bf.parts != NULL);
	CHECK_EQ(bf.parts->pos.line, 5);
	CHECK(driver_wanted(&bf, "uart-pl011") && !driver_wanted(&bf, "uart-scif") && driver_wanted(&bf, "iommu-smmuv3"));
	bf.parts = NULL;
	CHECK(driver_wanted(&bf, "uart-scif") && !driver_wanted(&bf, "iommu-smmuv3"));
	pool_free();
}

TEST_MAIN(RUN(reads_entries), RUN(reports_errors), RUN(warns_of_qnx_parts), RUN(refuses_binary),
	  RUN(survives_garbage), RUN(knows_fp_instructions), RUN(aligns_cpio_data),
	  RUN(refuses_damaged_elf), RUN(links_needed_parts))
