/* SPDX-License-Identifier: Apache-2.0 */
/* A chip whose facts no tree tells: R-Car H3 in its own tree, and in trees that list as RAM what is none. */
#include "core/board.h"
#include "core/board_soc.h"
#include "core/config/check.h"
#include "core/fdt_reader.h"
#include "tests/unit/fdt_util.h"

static struct board b;
static struct heard heard;
static unsigned char *tree;
static size_t size;

static bool parse_h3(void)
{
	free(tree);
	tree = dtc_file("tests/data/r8a77951.dts", &size);
	return tree != NULL && board_parse(&b, tree, size, listen(&heard)) == 0;
}

/* A small board of that `compatible` with `memory` for its RAM. */
static bool parse_small(const char *compatible, const char *memory)
{
	char root[1500];

	snprintf(root, sizeof(root),
		 "#address-cells = <2>; #size-cells = <2>; compatible = \"maker,board\", \"%s\"; interrupt-parent = <&gic>;\n"
		 "cpus { #address-cells = <1>; #size-cells = <0>;\n"
		 "	cpu@0 { device_type = \"cpu\"; compatible = \"arm,cortex-a57\"; reg = <0>; }; };\n"
		 "gic: gic@f1010000 { compatible = \"arm,gic-400\"; interrupt-controller; #interrupt-cells = <3>;\n"
		 "	reg = <0 0xf1010000 0 0x1000>, <0 0xf1020000 0 0x20000>, <0 0xf1040000 0 0x20000>,\n"
		 "		<0 0xf1060000 0 0x20000>; };\n"
		 "reserved-memory { #address-cells = <2>; #size-cells = <2>; ranges;\n"
		 "	optee@44100000 { reg = <0 0x44100000 0 0x200000>; }; };\n"
		 "memory@40000000 { device_type = \"memory\"; reg = %s; };\n", compatible, memory);
	free(tree);
	tree = dtc_root(root, &size);
	return tree != NULL && board_parse(&b, tree, size, listen(&heard)) == 0;
}

static bool is_free(u64 start, u64 bytes)
{
	struct range ram[16];
	u32 n = board_free_ram(&b, ram, ARRAY_SIZE(ram));

	for (u32 i = 0; i < n; i++) {
		if (range_overlaps(ram[i].start, ram[i].size, start, bytes)) {
			return true;
		}
	}
	return false;
}

static bool is_unmapped(u64 start, u64 bytes)
{
	for (u32 i = 0; i < b.reserved_count; i++) {
		if (b.reserved[i].kind == RESERVED_NO_MAP &&
		    range_contains(b.reserved[i].start, b.reserved[i].size, start, bytes)) {
			return true;
		}
	}
	return false;
}

static bool is_scif(const struct board_uart *u)
{
	return board_uart_is(u, "renesas,scif");
}

static void the_board(void)
{
	const struct board_uart *u;
	struct board_limits l;
	struct range ram[8];

	REQUIRE(parse_h3());
	u = board_console(&b, is_scif);
	REQUIRE(u != NULL);
	CHECK_EQ(u->regs.start, 0xe6e88000);
	CHECK_EQ(u->irq.intid, 196);
	CHECK_EQ(b.gic.version, 2);
	CHECK_EQ(b.gic.cpu.size, 0x20000);
	CHECK_EQ(b.gic.vcpu.start, 0xf1060000);
	CHECK_EQ(b.gic.maintenance.intid, 25);
	CHECK_EQ(b.timer.hyp.intid, 26);
	CHECK_EQ(b.timer.virt.flags, 8);
	CHECK_EQ(b.timer.frequency, 0); /* CNTFRQ_EL0 */
	CHECK_EQ(b.psci.conduit, CONDUIT_SMC);
	REQUIRE(b.cpu_count == 8);
	for (u32 i = 0; i < 8; i++) {
		CHECK_EQ(b.cpu[i].mpidr, i < 4 ? i : 0x100 + i - 4);
		CHECK_STR(b.cpu[i].compatible, i < 4 ? "arm,cortex-a57" : "arm,cortex-a53");
		CHECK_EQ(b.cpu[i].enable, ENABLE_PSCI);
	}
	CHECK_EQ(b.pmu.intid, 0); /* a shared interrupt for each CPU is nothing private */
	CHECK_EQ(b.ram_count, 4);
	board_limits_of(&b, ram, ARRAY_SIZE(ram), &l);
	CHECK_EQ(l.pa_bits, 40); /* the A53s' */
	CHECK_EQ(l.ram_count, 4);
	CHECK_EQ(ram[0].start, 0x48000000);
	CHECK_EQ(ram[0].size, 0x38000000);
}

static void secure_memory_is_never_used(void)
{
	static const char *const lists[] = {
		"<0 0x40000000 0 0x40000000>",                        /* all of the low bank */
		"<0 0x43000000 0 0x00f80000>, <0 0x48000000 0 0x1000000>",
		"<4 0x00000000 0 0x40000000>, <0 0x48000000 0 0x1000000>", /* the other view */
		"<0 0x40000000 0 0x80000000>, <4 0x00000000 1 0x00000000>",
	};

	for (u32 i = 0; i < ARRAY_SIZE(lists); i++) {
		REQUIRE(parse_small("renesas,r8a7795", lists[i]));
		CHECK(is_free(0x48000000, 0x1000000) || i == 1);
		CHECK(!is_free(0x43f00000, 0x3f00000));
		CHECK(is_unmapped(0x43f00000, 0x3f00000));
		CHECK(!is_free(0x400000000, 0x80000000)); /* what is low RAM is not given twice */
		CHECK(is_unmapped(0x403f00000, 0x3f00000));
	}
	CHECK(is_free(0x480000000, 0x1000)); /* behind the other view */
	CHECK(is_free(0x43eff000, 0x1000));
	CHECK(is_free(0x47e00000, 0x1000));
	/* Another chip may have RAM there. */
	REQUIRE(parse_small("renesas,r8a77950x", lists[0]));
	CHECK(is_free(0x43f00000, 0x100000));
}

static const char *owner(u64 start, u64 bytes)
{
	const struct board_limits l = { .board = &b };
	const struct range r = { start, bytes };
	const char *who = config_owner_of(&l, &r);

	return who != NULL ? who : "nobody";
}

static void secure_memory_is_nobodys_to_pass(void)
{
	REQUIRE(parse_h3());
	CHECK_STR(owner(0x44000000, 0x1000), "the secure firmware's memory");
	CHECK_STR(owner(0x43eff000, 0x2000), "the secure firmware's memory");
	CHECK_STR(owner(0x47dff000, 0x1000), "the secure firmware's memory");
	CHECK_STR(owner(0x404000000, 0x1000), "the secure firmware's memory");
	CHECK_STR(owner(0x410000000, 0x1000), "the board's low RAM at a second address");
	CHECK_STR(owner(0x47e00000, 0x1000), "nobody");
	CHECK_STR(owner(0x43eff000, 0x1000), "nobody");
	CHECK_STR(owner(0xee140000, 0x2000), "nobody");
}

static void interrupts_of_the_firmware(void)
{
	static const u32 held[] = { 70, 97, 98, 102, 166, 171, 173 };
	struct board_limits l = { .board = &b };

	REQUIRE(parse_h3());
	for (u32 i = 0; i < ARRAY_SIZE(held); i++) {
		CHECK_STR(config_owner_irq(&l, held[i]), "the secure firmware's (Group 0)");
		CHECK(!board_soc_irq(&b, held[i] + 1) || held[i] == 97);
	}
	CHECK(config_owner_irq(&l, 199) == NULL);
	CHECK(!board_soc_irq(&b, 0));
	b.compatible_len = 0;
	CHECK(config_owner_irq(&l, 70) == NULL);
}

static void nodes_by_phandle(void)
{
	struct fdt_reader r;
	bool named = false;

	REQUIRE(parse_h3());
	for (u32 p = 1; p < 64; p++) {
		if (board_phandle_open(&b, p, &r) != 0) {
			continue;
		}
		while (fdt_reader_next(&r) == FDT_PROPERTY) {
			named |= strcmp(r.name, "regulator-name") == 0 && strcmp((const char *)r.data, "fixed-1.8V") == 0;
		}
	}
	CHECK(named);
	CHECK_EQ(board_phandle_open(&b, 9999, &r), (u64)-2);
	b.fdt = NULL;
	CHECK_EQ(board_phandle_open(&b, 1, &r), (u64)-2);
}

TEST_MAIN(RUN(the_board), RUN(secure_memory_is_never_used), RUN(secure_memory_is_nobodys_to_pass),
	  RUN(interrupts_of_the_firmware), RUN(nodes_by_phandle))
