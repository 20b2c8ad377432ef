/* SPDX-License-Identifier: Apache-2.0 */
/* The board read from device trees: those of tests/data, broken ones and incomplete ones. */
#include <stdlib.h>
#include "core/board.h"
#include "core/config/check.h"
#include "tests/unit/fdt_util.h"

static struct board b;
static struct heard heard;
static unsigned char *tree;
static size_t tree_size;

static bool parse_file(const char *name)
{
	char path[100];

	snprintf(path, sizeof(path), "tests/data/%s.dts", name);
	free(tree);
	tree = dtc_file(path, &tree_size);
	return tree != NULL && board_parse(&b, tree, tree_size, listen(&heard)) == 0;
}

/* The one error of a tree that is refused, or "" if it was not. */
static const char *refusal(const void *fdt, size_t size)
{
	int err = board_parse(&b, fdt, size, listen(&heard));

	CHECK_EQ(heard.d.errors, err == 0 ? 0 : 1);
	return err == 0 ? "" : heard.last;
}

static void gicv3_board(void)
{
	REQUIRE(parse_file("virt-gicv3"));
	CHECK_EQ(heard.d.warnings, 0);
	CHECK_STR(b.model, "a board");
	CHECK_STR(b.compatible, "linux,dummy-virt");
	CHECK_EQ(b.ram_count, 1);
	CHECK_EQ(b.ram[0].start, 0x40000000);
	CHECK_EQ(b.ram[0].size, 0x80000000);
	CHECK_EQ(b.gic.version, 3);
	CHECK_EQ(b.gic.dist.start, 0x8000000);
	CHECK_EQ(b.gic.redist_count, 2);
	CHECK_EQ(b.gic.redist[0].size, 0xf60000);
	CHECK_EQ(b.gic.redist[1].start, 0x4000000000);
	CHECK_EQ(b.gic.redist_stride, 0x40000);
	CHECK_EQ(b.gic.its_count, 1);
	CHECK_EQ(b.gic.its[0].start, 0x8080000);
	CHECK_EQ(b.gic.maintenance.intid, 25);
	CHECK_EQ(b.gic.cpu.size, 0);
	CHECK_EQ(b.psci.conduit, CONDUIT_SMC);
	CHECK_EQ(b.psci.version, 0x10000);
	CHECK_EQ(b.timer.secure.intid, 29);
	CHECK_EQ(b.timer.phys.intid, 30);
	CHECK_EQ(b.timer.virt.intid, 27);
	CHECK_EQ(b.timer.hyp.intid, 26);
	CHECK_EQ(b.timer.hyp_virt.intid, 28);
	CHECK_EQ(b.timer.virt.flags, 4);
	CHECK_EQ(b.timer.frequency, 0);
	CHECK_EQ(b.pmu.intid, 23);
	CHECK_EQ(b.pmu.flags, 4);
}

static void cpus_and_affinity(void)
{
	REQUIRE(parse_file("virt-gicv3"));
	REQUIRE(b.cpu_count == 3);
	CHECK_EQ(b.cpu[0].mpidr, 0);
	CHECK_EQ(b.cpu[1].mpidr, 0x100);
	CHECK_EQ(b.cpu[2].mpidr, 0x100000000); /* Aff3, and the bits above Aff2 of the low cell dropped */
	CHECK_EQ(b.cpu[2].enable, ENABLE_PSCI);
	CHECK_STR(b.cpu[1].compatible, "arm,cortex-a53");
}

static void console_by_alias(void)
{
	REQUIRE(parse_file("virt-gicv3"));
	REQUIRE(b.uart_count == 2); /* neither the disabled one nor what looks like one behind PCI */
	CHECK_EQ(b.stdout_uart, 1);
	CHECK_STR(b.stdout_options, "115200n8");
	CHECK_EQ(b.uart[1].regs.start, 0x9000000);
	CHECK_EQ(b.uart[1].regs.size, 0x1000);
	CHECK_EQ(b.uart[1].irq.intid, 33);
	CHECK_EQ(b.uart[1].irq.flags, 4);
	CHECK_EQ(b.uart[1].clock_hz, 24000000);
	CHECK(board_uart_is(&b.uart[1], "arm,pl011"));
	CHECK(board_uart_is(&b.uart[1], "arm,primecell"));
	CHECK(!board_uart_is(&b.uart[1], "arm,pl01"));
}

static void chosen_and_modules(void)
{
	REQUIRE(parse_file("virt-gicv3"));
	CHECK_STR(b.bootargs, "-v earlycon=pl011,0x9000000");
	CHECK_EQ(b.rng_seed_len, 8);
	CHECK_EQ(b.rng_seed[0], 1);
	CHECK_EQ(b.kaslr_seed, 0x1111111122222222);
	CHECK_EQ(b.initrd.start, 0x48000000);
	CHECK_EQ(b.initrd.size, 0x1234);
	REQUIRE(b.module_count == 2);
	CHECK_EQ(b.module[0].start, 0x4a000000); /* by address, whatever the order of the nodes */
	CHECK_EQ(b.module[0].size, 0x2000);
	CHECK_EQ(b.module[0].kind, MODULE_KERNEL);
	CHECK_STR(b.module[0].bootargs, "console=ttyAMA0");
	CHECK_EQ(b.module[1].kind, MODULE_RAMDISK);
	CHECK(b.module[1].bootargs == NULL);
	CHECK(board_module_find(&b, false, 1) == &b.module[1]);
	CHECK(board_module_find(&b, true, 0x4a000000) == &b.module[0]);
	CHECK(board_module_find(&b, false, 2) == NULL);
	CHECK(board_module_find(&b, true, 0x4a000001) == NULL);
}

static void gicv2_board(void)
{
	REQUIRE(parse_file("virt-gicv2"));
	CHECK_EQ(b.gic.version, 2);
	CHECK_EQ(b.gic.dist.start, 0x8000000);
	CHECK_EQ(b.gic.cpu.start, 0x8010000);
	CHECK_EQ(b.gic.hyp.start, 0x8030000);
	CHECK_EQ(b.gic.vcpu.start, 0x8040000);
	CHECK_EQ(b.gic.redist_count, 0);
	CHECK_EQ(b.psci.conduit, CONDUIT_HVC);
	CHECK_EQ(b.psci.version, 2);
	CHECK_EQ(b.timer.frequency, 50000000);
	CHECK_EQ(b.timer.phys.intid, 30); /* interrupts-extended */
	CHECK_EQ(b.timer.phys.flags, 8);
	CHECK_EQ(b.cpu_count, 2);
}

static bool only_8250(const struct board_uart *u)
{
	return board_uart_is(u, "ns16550a");
}

static bool no_uart(const struct board_uart *u)
{
	(void)u;
	return false;
}

static void buses_are_translated(void)
{
	REQUIRE(parse_file("virt-gicv2"));
	REQUIRE(b.uart_count == 2); /* the third reaches beyond its range */
	CHECK_EQ(b.uart[0].regs.start, 0x9000000);
	CHECK_EQ(b.uart[0].reg_shift, 2);
	CHECK_EQ(b.uart[0].reg_io_width, 4);
	CHECK_EQ(b.uart[0].clock_hz, 1843200);
	CHECK_EQ(b.uart[0].irq.intid, 65);
	CHECK_EQ(b.uart[0].irq.flags, 1);
	CHECK_EQ(b.uart[1].regs.start, 0x100008000);
	CHECK_EQ(b.uart[1].irq.intid, 0); /* of another interrupt controller */
}

static void console_fallback(void)
{
	REQUIRE(parse_file("virt-gicv2"));
	CHECK_EQ(b.stdout_uart, -1);
	CHECK_STR(heard.last, "device tree: warning: /chosen: stdout-path '/soc/uart@9000000' names no node: expected an enabled "
			      "UART");
	CHECK_EQ(heard.d.warnings, 3); /* and the CPU that is there twice, and an interrupt-parent that is not there */
	CHECK(board_console(&b, only_8250) == &b.uart[1]);
	CHECK(board_console(&b, no_uart) == NULL);
	b.stdout_uart = 0;
	CHECK(board_console(&b, only_8250) == &b.uart[1]);
}

static void banks_and_reservations(void)
{
	struct range free[16];
	u32 n;

	REQUIRE(parse_file("banks"));
	CHECK_EQ(heard.d.warnings, 0);
	REQUIRE(b.ram_count == 3); /* ascending; 5_0000_0000 and 5_4000_0000 are one */
	CHECK_EQ(b.ram[0].start, 0x48000000);
	CHECK_EQ(b.ram[1].start, 0x500000000);
	CHECK_EQ(b.ram[1].size, 0x80000000);
	CHECK_EQ(b.ram[2].start, 0x600000000);
	REQUIRE(b.reserved_count == 7); /* three of them the chip's own, core/board_soc.c */
	CHECK_EQ(b.reserved[0].start, 0x44000000);
	CHECK_EQ(b.reserved[0].kind, RESERVED_FIRMWARE);
	CHECK_EQ(b.reserved[1].start, 0x54000000);
	CHECK_EQ(b.reserved[1].kind, RESERVED_NO_MAP);
	CHECK_EQ(b.gic.dist.start, 0xf1010000);
	CHECK_EQ(b.gic.cpu.size, 0x20000);
	CHECK_EQ(b.uart[0].irq.intid, 196);
	CHECK(board_uart_is(&b.uart[0], "renesas,scif"));
	n = board_free_ram(&b, free, ARRAY_SIZE(free));
	REQUIRE(n == 6);
	CHECK_EQ(free[0].start, 0x48000000);
	CHECK_EQ(free[0].size, 0xc000000);
	CHECK_EQ(free[1].start, 0x57000000);
	CHECK_EQ(free[1].size, 0x29000000);
	CHECK_EQ(free[2].start, 0x500000000);
	CHECK_EQ(free[2].size, 0x1000);
	CHECK_EQ(free[3].start, 0x500002000);
	CHECK_EQ(free[3].size, 0x3fffd000);
	CHECK_EQ(free[4].start, 0x540001000);
	CHECK_EQ(free[5].start, 0x600000000);
	CHECK_EQ(board_free_ram(&b, free, 3), 3); /* no room: less, never more */
}

static void limits(void)
{
	struct board_limits l;
	struct range ram[8];

	REQUIRE(parse_file("banks"));
	board_limits_of(&b, ram, 8, &l);
	CHECK_EQ(l.cpu_count, 3);
	CHECK_EQ(l.gic_version, 2);
	CHECK_EQ(l.pa_bits, 40);
	CHECK_EQ(l.ram_count, 6);
	REQUIRE(parse_file("virt-gicv2"));
	board_limits_of(&b, ram, 8, &l);
	CHECK_EQ(l.pa_bits, 44);
}

static void reserve(void)
{
	struct range free[4];
	u32 i;

	memset(&b, 0, sizeof(b));
	b.ram_count = 1;
	b.ram[0] = (struct range){ 0x1000, 0x10000 };
	CHECK_EQ(board_reserve(&b, ~0UL, 2, RESERVED_OWN), -22);
	CHECK_EQ(board_reserve(&b, 0, 0, RESERVED_OWN), -22);
	CHECK_EQ(board_reserve(&b, 0x800, 0x900, RESERVED_OWN), 0);     /* rounded out: 0..2000 */
	CHECK_EQ(board_reserve(&b, 0x10fff, 0x1000, RESERVED_OWN), 0);  /* 10000.. */
	CHECK_EQ(board_reserve(&b, ~0UL - 5, 6, RESERVED_OWN), 0);
	CHECK_EQ(board_free_ram(&b, free, 4), 1);
	CHECK_EQ(free[0].start, 0x2000);
	CHECK_EQ(free[0].size, 0xe000);
	CHECK_EQ(board_reserve(&b, 0, 0x20000, RESERVED_OWN), 0);
	CHECK_EQ(board_free_ram(&b, free, 4), 0);
	for (i = b.reserved_count; i < BOARD_MAX_RESERVED; i++) {
		CHECK_EQ(board_reserve(&b, 0x5000, 1, RESERVED_OWN), 0);
	}
	CHECK_EQ(board_reserve(&b, 0x5000, 1, RESERVED_OWN), -28);
}

/* Against a map with one flag per page, on arrangements of all kinds. */
static void free_ram_is_exact(void)
{
	static bool page[64];
	struct range out[40];
	u32 seed = 1, round, i, k, n, runs;

	for (round = 0; round < 2000; round++) {
		memset(&b, 0, sizeof(b));
		memset(page, 0, sizeof(page));
		b.ram_count = 2;
		b.ram[0] = (struct range){ 0x3000, 0x14000 };
		b.ram[1] = (struct range){ 0x20000, 0x1f000 };
		for (i = 0x3; i < 0x3f; i++) {
			page[i] = i < 0x17 || i >= 0x20;
		}
		for (k = round % 9; k > 0; k--) {
			seed = seed * 1664525 + 1013904223;
			i = (seed >> 10) % 0x40;
			n = 1 + (seed >> 20) % 12;
			CHECK_EQ(board_reserve(&b, i * 0x1000ull, n * 0x1000, RESERVED_OWN), 0);
			for (; n > 0 && i < 64; i++, n--) {
				page[i] = false;
			}
		}
		n = board_free_ram(&b, out, ARRAY_SIZE(out));
		for (i = runs = 0; i < n; i++) {
			CHECK(out[i].size != 0);
			CHECK(i == 0 || out[i].start >= out[i - 1].start + out[i - 1].size);
			for (k = out[i].start >> 12; k < (out[i].start + out[i].size) >> 12; k++) {
				CHECK(k < 64 && page[k]);
				page[k] = false;
			}
		}
		for (i = 0; i < 64; i++) {
			runs += page[i];
		}
		CHECK_EQ(runs, 0); /* nothing free was left out */
	}
}

static void zcu102_board(void)
{
	REQUIRE(parse_file("zcu102"));
	CHECK_EQ(heard.d.warnings, 0);
	CHECK_EQ(b.cpu_count, 4);
	CHECK_EQ(b.pmu.intid, 0); /* shared interrupts, one for each CPU */
	CHECK_EQ(b.gic.cpu.start, 0xf9020000);
	CHECK_EQ(b.gic.cpu.size, 0x20000); /* the 64K-alias layout shows in the size */
	CHECK_EQ(b.gic.vcpu.start, 0xf9060000);
	CHECK_EQ(b.ram_count, 2);
	CHECK_EQ(b.ram[0].start, 0);
	CHECK_EQ(b.ram[1].start, 0x800000000);
	CHECK_EQ(b.uart[0].clock_hz, 100000000);
	CHECK_EQ(b.uart[0].irq.intid, 53);
	CHECK_EQ(b.stdout_uart, 0);
}

static void spin_table_board(void)
{
	REQUIRE(parse_file("spin-table"));
	CHECK_EQ(b.psci.conduit, CONDUIT_NONE);
	REQUIRE(b.cpu_count == 2);
	CHECK_EQ(b.cpu[1].enable, ENABLE_SPIN_TABLE);
	CHECK_EQ(b.cpu[1].release_addr, 0xe0);
	CHECK_EQ(b.gic.dist.start, 0xff841000);
	CHECK_EQ(b.gic.vcpu.start, 0xff846000);
	CHECK_EQ(b.uart_count, 2);
	CHECK_EQ(b.uart[0].regs.start, 0xfe201000);
	CHECK_EQ(b.stdout_uart, 0);
	CHECK_EQ(b.reserved[0].start, 0);
	CHECK_EQ(b.reserved[0].size, 0x1000);
}

/* What every board needs; pieces of it are left out or replaced below. */
#define CELLS "#address-cells = <2>; #size-cells = <2>;"
#define CPUS \
	"cpus { #address-cells = <1>; #size-cells = <0>; cpu@0 { device_type = \"cpu\"; reg = <0>; }; };"
#define MEMORY "memory@0 { device_type = \"memory\"; reg = <0 0 0 0x1000000>; };"
#define GIC \
	"gic: intc { compatible = \"arm,gic-v3\"; #interrupt-cells = <3>; interrupt-controller;" \
	" reg = <0 0x8000000 0 0x10000>, <0 0x80a0000 0 0x20000>; };"

static void incomplete_trees(void)
{
	static const struct {
		const char *root, *error;
	} table[] = {
		{ CELLS CPUS MEMORY GIC, "" },
		{ CELLS CPUS MEMORY,
		  "no interrupt controller: expected arm,gic-v3, or arm,gic-400 with GICH and GICV" },
		{ CELLS MEMORY GIC, "/cpus: no usable CPU: expected nodes with device_type \"cpu\" and a reg" },
		{ CELLS CPUS GIC, "no RAM: expected a memory node with a reg" },
		{ CELLS CPUS GIC "memory@0 { device_type = \"memory\"; reg = <0 0 0 0>; };",
		  "no RAM: expected a memory node with a reg" },
		{ CELLS CPUS MEMORY "intc { compatible = \"arm,gic-v3\"; reg = <0 0x8000000 0 0x10000>; };",
		  "/intc: no usable redistributors: expected 0x20000 bytes or more in whole pages as entry 1 of reg" },
		{ CELLS CPUS MEMORY "intc { compatible = \"arm,gic-v3\"; reg = <0 0x8000000 0 0>; };",
		  "/intc: no usable distributor: expected 0x10000 bytes or more in whole pages as entry 0 of reg" },
		{ CELLS CPUS MEMORY "intc { compatible = \"arm,gic-400\"; reg = <0 0x8000000 0 0x1000>; };",
		  "/intc: no usable GICC: expected 0x2000 bytes or more in whole pages as entry 1 of reg" },
		{ CELLS CPUS MEMORY "intc { compatible = \"arm,gic-v3\"; #redistributor-regions = <9>;"
		  " reg = <0 0x8000000 0 0x1000>; };",
		  "/intc: #redistributor-regions is 9: expected 1 to 8" },
		{ CELLS CPUS MEMORY "intc { compatible = \"arm,gic-v3\"; #interrupt-cells = <1>;"
		  " reg = <0 0x8000000 0 0x1000>; };",
		  "/intc: #interrupt-cells is 1: expected 3 or 4" },
		{ "#address-cells = <5>;" CPUS, "/: #address-cells 5, #size-cells 1: expected 1 or 2" },
	};
	unsigned char *t;
	char want[160];
	size_t size, i;

	for (i = 0; i < ARRAY_SIZE(table); i++) {
		t = dtc_root(table[i].root, &size);
		REQUIRE(t != NULL);
		snprintf(want, sizeof(want), "device tree: error: %s", table[i].error);
		CHECK_STR(refusal(t, size), table[i].error[0] != '\0' ? want : "");
		free(t);
	}
}

static void modules_outside_ram(void)
{
	unsigned char *t;
	size_t size;

	t = dtc_root(CELLS CPUS MEMORY GIC
		     "chosen { #address-cells = <2>; #size-cells = <1>;"
		     " module@1 { compatible = \"multiboot,module\"; reg = <0 0x1000 0x10>; };"
		     " module@2 { compatible = \"multiboot,module\"; reg = <0 0xfffff8 0x10>; };"
		     " module@3 { compatible = \"multiboot,module\"; reg = <0 0x8ff8 0x10>; };"
		     " module@4 { compatible = \"multiboot,module\"; reg = <0 0x9010 0x10>; };"
		     " module@5 { compatible = \"multiboot,module\"; }; };"
		     "reserved-memory { #address-cells = <2>; #size-cells = <2>; ranges;"
		     " x { no-map; reg = <0 0x9000 0 0x10>; }; };", &size);
	REQUIRE(t != NULL);
	CHECK_STR(refusal(t, size), "");
	CHECK_EQ(heard.d.warnings, 4); /* two of them here; one without reg; no timer */
	REQUIRE(b.module_count == 2);
	CHECK_EQ(b.module[0].start, 0x1000);
	CHECK_EQ(b.module[0].size, 0x10);
	CHECK_EQ(b.module[0].kind, MODULE_OTHER);
	CHECK_EQ(b.module[1].start, 0x9010);
	free(t);
}

static void usual_timer_without_node(void)
{
	size_t size;
	unsigned char *t = dtc_root(CELLS CPUS MEMORY GIC, &size);

	REQUIRE(t != NULL);
	CHECK_STR(refusal(t, size), "");
	CHECK_EQ(b.timer.virt.intid, 27);
	CHECK_EQ(b.timer.hyp.intid, 26);
	CHECK_EQ(b.timer.phys.intid, 30);
	CHECK_EQ(b.gic.maintenance.intid, 25);
	CHECK_STR(heard.last, "device tree: warning: no usable arm,armv8-timer node: "
			      "PPIs 13, 14, 11 and 10 are assumed");
	free(t);
}

static void stdout_paths(void)
{
	static const struct {
		const char *chosen;
		int uart;
		const char *options;
	} table[] = {
		{ "stdout-path = \"/bus/serial@5000\";", 0, "" },
		{ "stdout-path = \"/bus/serial@5000:9600\";", 0, "9600" },
		{ "stdout-path = \"/bus//serial@5000/\";", 0, "" },
		{ "linux,stdout-path = \"s1\";", 1, "" },
		{ "stdout-path = \"s1:115200n8:x\";", 1, "115200n8:x" },
		{ "stdout-path = \"s2\";", -1, "" },
		{ "stdout-path = \"s\";", -1, "" },
		{ "stdout-path = \"/bus\";", -1, "" },
		{ "stdout-path = \"/\";", -1, "" },
		{ "stdout-path = \"\";", -1, "" },
		{ "stdout-path = \"/bus/serial@50\";", -1, "" },
		{ "stdout-path = <1>;", -1, "" },
	};
	char root[1500];
	unsigned char *t;
	size_t size, i;

	for (i = 0; i < ARRAY_SIZE(table); i++) {
		snprintf(root, sizeof(root), "%s %s chosen { %s };"
			 "bus { #address-cells = <1>; #size-cells = <1>; ranges = <0 0 0x9000000 0x10000>;"
			 "serial@5000 { compatible = \"x\"; reg = <0x5000 16>; };"
			 "serial@6000 { compatible = \"x\"; reg = <0x6000 16>; }; };"
			 "aliases { s1 = \"/bus/serial@6000:3\"; s3 = <3>; };",
			 CELLS CPUS MEMORY, GIC, table[i].chosen);
		t = dtc_root(root, &size);
		REQUIRE(t != NULL);
		CHECK_STR(refusal(t, size), "");
		CHECK_EQ(b.stdout_uart, table[i].uart);
		CHECK_STR(b.stdout_options, table[i].options);
		free(t);
	}
}

/* More of everything than there is room for must not hurt. */
static void crowds(void)
{
	static char root[8000];
	unsigned char *t;
	size_t size;
	int i, n;

	n = snprintf(root, sizeof(root), "%s %s %s reserved-memory { " CELLS " ranges;",
		     CELLS CPUS, MEMORY, GIC);
	for (i = 0; i < 60; i++) {
		n += snprintf(root + n, sizeof(root) - n, "r%d { reg = <0 %d 0 1>; };", i, i);
	}
	snprintf(root + n, sizeof(root) - n, "};");
	t = dtc_root(root, &size);
	REQUIRE(t != NULL);
	CHECK_STR(refusal(t, size), "device tree: error: /reserved-memory/r48: more than 48 reserved memory ranges");
	free(t);

	n = snprintf(root, sizeof(root), "%s %s cpus { #address-cells = <1>; #size-cells = <0>;",
		     CELLS MEMORY, GIC);
	for (i = 0; i < 70; i++) {
		n += snprintf(root + n, sizeof(root) - n,
			      "cpu@%x { device_type = \"cpu\"; reg = <%d>; };", i, i);
	}
	snprintf(root + n, sizeof(root) - n, "};");
	t = dtc_root(root, &size);
	REQUIRE(t != NULL);
	CHECK_STR(refusal(t, size), "");
	CHECK_EQ(b.cpu_count, BOARD_MAX_CPUS);
	CHECK_EQ(b.cpu_skipped, 6);
	free(t);

	n = snprintf(root, sizeof(root), "%s %s %s", CELLS CPUS, MEMORY, GIC);
	for (i = 0; i < 30; i++) {
		n += snprintf(root + n, sizeof(root) - n,
			      "serial@%x { compatible = \"x\"; reg = <0 %d 0 1>; };", i, 0x9000000 + i);
	}
	t = dtc_root(root, &size);
	REQUIRE(t != NULL);
	CHECK_STR(refusal(t, size), "");
	CHECK_EQ(b.uart_count, BOARD_MAX_UARTS);
	free(t);

	n = 0;
	for (i = 0; i < 33; i++) {
		n += snprintf(root + n, sizeof(root) - n, "n {");
	}
	for (i = 0; i < 33; i++) {
		n += snprintf(root + n, sizeof(root) - n, "};");
	}
	t = dtc_root(root, &size);
	REQUIRE(t != NULL);
	CHECK(strstr(refusal(t, size), "nodes are nested too deeply (at byte 0x") != NULL);
	free(t);
}

static void put32(unsigned char *p, uint32_t v)
{
	p[0] = v >> 24;
	p[1] = v >> 16;
	p[2] = v >> 8;
	p[3] = v;
}

static void broken_headers(void)
{
	static const struct {
		int at;
		uint32_t value;
		const char *error;
	} table[] = {
		{ 0, 0xd00dfeee, "has no device tree magic (0xd00dfeed)" },
		{ 4, 0x7fffffff, "is truncated: its total size exceeds what is there" },
		{ 4, 20, "is truncated: its total size exceeds what is there" },
		{ 8, 0xfffffff0, "has a structure block outside the tree" },
		{ 8, 58, "has a structure block outside the tree" },
		{ 36, 0xfffffff0, "has a structure block outside the tree" },
		{ 12, 0xffffff00, "has a strings block outside the tree" },
		{ 32, 0xffffff00, "has a strings block outside the tree" },
		{ 16, 0xfffffff8, "has a reservation block outside the tree" },
		{ 20, 3, "has a version this reader does not know (expected 17)" },
		{ 24, 18, "has a version this reader does not know (expected 17)" },
		{ 32, 3, "has a strings block that does not end with a NUL" },
	};
	unsigned char saved[4];
	char want[160];
	size_t i;

	REQUIRE(parse_file("zcu102"));
	for (i = 0; i < ARRAY_SIZE(table); i++) {
		memcpy(saved, tree + table[i].at, 4);
		put32(tree + table[i].at, table[i].value);
		snprintf(want, sizeof(want), "device tree: error: %s", table[i].error);
		CHECK_STR(refusal(tree, tree_size), want);
		memcpy(tree + table[i].at, saved, 4);
	}
	CHECK_STR(refusal(tree, 30), "device tree: error: is shorter than its header");
	CHECK_STR(refusal(tree + 1, tree_size - 1), "device tree: error: is not aligned to 4 bytes");
	CHECK_STR(refusal(tree, tree_size), "");
}

/* Every prefix, its total size field telling the truth: no crash, one error or none. */
static void truncated_at_every_byte(void)
{
	unsigned char *cut;
	size_t n;

	REQUIRE(parse_file("spin-table"));
	for (n = 0; n < tree_size; n++) {
		cut = malloc(n + 1);
		memcpy(cut, tree, n);
		if (n >= 8) {
			put32(cut + 4, (uint32_t)n);
		}
		refusal(cut, n);
		free(cut);
	}
}

/* Every byte changed in turn, several ways: sanitizers watch, the parser ends, errors are single. */
static void every_byte_changed(void)
{
	static const unsigned char change[] = { 0x01, 0x02, 0x08, 0x80, 0xff };
	size_t i, k;

	REQUIRE(parse_file("virt-gicv3"));
	for (i = 0; i < tree_size; i++) {
		for (k = 0; k < sizeof(change); k++) {
			tree[i] ^= change[k];
			refusal(tree, tree_size);
			tree[i] ^= change[k];
		}
	}
	CHECK_STR(refusal(tree, tree_size), "");
}

/* QEMU's trees carry a megabyte of nothing behind their content. */
static void padding_is_not_content(void)
{
	unsigned char *padded = calloc(1, 1 << 20);
	u32 size;

	REQUIRE(parse_file("zcu102") && padded != NULL);
	size = b.fdt_size;
	CHECK(size <= tree_size && size > tree_size - 16);
	memcpy(padded, tree, tree_size);
	put32(padded + 4, 1 << 20);
	CHECK_STR(refusal(padded, 1 << 20), "");
	CHECK_EQ(b.fdt_size, size);
	free(padded);
}

TEST_MAIN(RUN(gicv3_board), RUN(cpus_and_affinity), RUN(console_by_alias), RUN(chosen_and_modules),
	  RUN(gicv2_board), RUN(buses_are_translated), RUN(console_fallback),
	  RUN(banks_and_reservations), RUN(limits), RUN(reserve), RUN(free_ram_is_exact),
	  RUN(zcu102_board), RUN(spin_table_board), RUN(incomplete_trees),
	  RUN(usual_timer_without_node), RUN(modules_outside_ram), RUN(stdout_paths), RUN(crowds),
	  RUN(broken_headers), RUN(truncated_at_every_byte), RUN(every_byte_changed),
	  RUN(padding_is_not_content))
