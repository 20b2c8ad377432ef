/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trees of tests/data with one thing wrong in each: exactly one line that names the node and what was expected, and what
 * is left of the board.
 */
#include <libfdt.h>
#include "core/board.h"
#include "core/config/check.h"
#include "tests/unit/fdt_util.h"

enum how { DO_SET = 1, DO_TEXT, DO_DROP, DO_ADD, DO_CUT };

struct change {
	enum how how;
	const char *node, *name; /* ADD: a node `name` below `node`; CUT: the node itself */
	const char *text;
	u32 count, cell[8];
};

/* What is to be left: 0 is not looked at, NONE is none. */
#define NONE 255
struct left {
	u8 cpus, uarts, iommus, pci, virtio, its, ram;
};

#define SMMU "virt-smmu-gicv3"

#define SET(node, name, ...) { DO_SET, node, name, NULL, sizeof((u32[]){ __VA_ARGS__ }) / 4, { __VA_ARGS__ } }
#define TEXT(node, name, text) { DO_TEXT, node, name, text, 0, { 0 } }
#define DROP(node, name) { DO_DROP, node, name, NULL, 0, { 0 } }
#define ADD(node, name) { DO_ADD, node, name, NULL, 0, { 0 } }
#define CUT(node) { DO_CUT, node, NULL, NULL, 0, { 0 } }

static const struct {
	const char *file;
	struct change change[4];
	const char *want; /* behind "device tree: "; NULL: nothing is said */
	struct left left;
} rows[] = {
	/* CPUs. */
	{ SMMU, { DROP("/cpus/cpu@1", "reg") },
	  "warning: /cpus/cpu@1: no usable reg: expected its MPIDR in 1 cell; this CPU is left out", { .cpus = 3 } },
	{ SMMU, { SET("/cpus/cpu@2", "reg", 0) },
	  "warning: /cpus/cpu@2: MPIDR 0x0 is that of a CPU before: expected one of its own; this CPU is left out", { .cpus = 3 } },
	{ SMMU, { SET("/cpus", "#address-cells", 3) },
	  "error: /cpus: #address-cells is 3: expected 1 or 2, for the CPUs' MPIDRs", { 0 } },
	{ SMMU, { CUT("/cpus") },
	  "error: /cpus: no usable CPU: expected nodes with device_type \"cpu\" and a reg", { 0 } },
	{ SMMU, { DROP("/psci", "method") },
	  "warning: /psci: no method \"smc\" or \"hvc\": firmware calls are not used, other CPUs stay off", { .cpus = 4 } },
	{ SMMU, { TEXT("/psci", "method", "svc") },
	  "warning: /psci: no method \"smc\" or \"hvc\": firmware calls are not used, other CPUs stay off", { .cpus = 4 } },
	{ SMMU, { CUT("/psci") },
	  "warning: /cpus: CPUs are started by PSCI, but there is no such node: expected arm,psci-0.2 or later; they stay off",
	  { .cpus = 4 } },
	{ "spin-table", { DROP("/cpus/cpu@1", "cpu-release-addr") },
	  "warning: /cpus/cpu@1: a spin table without cpu-release-addr: expected an address; it stays off unless it is the boot "
	  "CPU", { .cpus = 2 } },
	/* Memory. */
	{ SMMU, { SET("/", "#address-cells", 3) },
	  "error: /: #address-cells 3, #size-cells 2: expected 1 or 2", { 0 } },
	{ SMMU, { SET("/", "#size-cells", 0) },
	  "error: /: #address-cells 2, #size-cells 0: expected 1 or 2", { 0 } },
	{ SMMU, { SET("/platform-bus@c000000", "#size-cells", 0x40000000) },
	  "error: /platform-bus@c000000: #address-cells 1, #size-cells 1073741824: expected 4 at most", { 0 } },
	{ SMMU, { DROP("/memory@40000000", "reg") }, "error: no RAM: expected a memory node with a reg", { 0 } },
	{ SMMU, { SET("/memory@40000000", "reg", 0, 0x40000000, 0, 0x40000000, 0, 0x80000000) },
	  "warning: /memory@40000000: reg of 24 bytes: expected a multiple of 16, an address and a size", { .ram = 1 } },
	{ SMMU, { SET("/memory@40000000", "reg", 0, 0x40000000, 0, 0x40000000, 0, 0x7ffff000, 0, 0x40001000) },
	  "warning: /memory@40000000: 0x7ffff000,0x40001000 overlaps 0x40000000,0x40000000: expected banks of their own; they are "
	  "one", { .ram = 1 } },
	{ SMMU, { SET("/memory@40000000", "reg", 0, 0x40000000, 0, 0x40000000, ~0U, 0, 2, 0) },
	  "warning: /memory@40000000: 0xffffffff00000000,0x200000000: expected an end below 2^64; it is not used", { .ram = 1 } },
	{ SMMU, { ADD("/", "memory@b0000000"), TEXT("/memory@b0000000", "device_type", "memory"),
		  SET("/memory@b0000000", "reg", 0, 0xb0000000, 0, 0x20000000) },
	  "warning: /memory@40000000: 0x40000000,0x80000000 overlaps 0xb0000000,0x20000000: expected banks of their own; they are "
	  "one", { .ram = 1 } },
	/* Reserved memory: what is there twice is kept once more. */
	{ SMMU, { ADD("/reserved-memory", "twin@4f001000"),
		  SET("/reserved-memory/twin@4f001000", "reg", 0, 0x4f001000, 0, 0x1000) },
	  "warning: /reserved-memory/mailbox@4f000000: 0x4f000000,0x4000 overlaps 0x4f001000,0x1000: expected regions of their own; "
	  "both are kept", { .ram = 1 } },
	{ SMMU, { ADD("/reserved-memory", "odd"), SET("/reserved-memory/odd", "reg", 0, 0x50000000, 0) },
	  "warning: /reserved-memory/odd: reg of 12 bytes, with 2 address and 2 size cells: cannot be read, expected an address "
	  "and a size", { .ram = 1 } },
	{ SMMU, { DROP("/reserved-memory", "ranges") }, NULL, { .ram = 1 } },
	/* The interrupt controller. */
	{ SMMU, { SET("/intc@8000000", "reg", 0, 0x50000000, 0, 0x10000, 0, 0x80a0000, 0, 0xf60000) },
	  "error: /intc@8000000: registers 0x50000000,0x10000 lie in RAM: expected an address of their own", { 0 } },
	{ SMMU, { SET("/intc@8000000", "reg", 0, 0x8000000, 0, 0x10000, 0, 0xbff00000, 0, 0xf60000) },
	  "error: /intc@8000000: registers 0xbff00000,0xf60000 lie in RAM: expected an address of their own", { 0 } },
	{ SMMU, { SET("/intc@8000000", "reg", 0, 0x8000000, 0, 0x100000, 0, 0x80a0000, 0, 0xf60000) },
	  "error: /intc@8000000: registers 0x8000000,0x100000 and 0x80a0000,0xf60000 overlap: expected frames of their own", { 0 } },
	{ SMMU, { SET("/intc@8000000", "reg", 0, 0x8000800, 0, 0x10000, 0, 0x80a0000, 0, 0xf60000) },
	  "error: /intc@8000000: no usable distributor: expected 0x10000 bytes or more in whole pages as entry 0 of reg", { 0 } },
	{ SMMU, { SET("/intc@8000000", "reg", 0, 0x8000000, 0, 0x10000) },
	  "error: /intc@8000000: no usable redistributors: expected 0x20000 bytes or more in whole pages as entry 1 of reg", { 0 } },
	{ "virt-smmu-gicv2", { SET("/intc@8000000", "#interrupt-cells", 0x40000001) },
	  "error: /intc@8000000: #interrupt-cells is 1073741825: expected 3 or 4", { 0 } },
	{ SMMU, { SET("/intc@8000000/its@8080000", "reg", 0, 0x60000000, 0, 0x20000) },
	  "warning: /intc@8000000/its@8080000: registers 0x60000000,0x20000 lie in RAM: expected an address of their own; it is "
	  "not used", { .its = NONE } },
	/* Interrupts. */
	{ SMMU, { SET("/pl011@9000000", "interrupt-parent", 0x99) },
	  "warning: /pl011@9000000: interrupt-parent 0x99 is no node: expected the GIC's 0x8005; nothing with it has interrupts",
	  { .uarts = 1 } },
	{ SMMU, { SET("/", "interrupt-parent", 0x99) },
	  "warning: /pl011@9000000: interrupt-parent 0x99 is no node: expected the GIC's 0x8005; nothing with it has interrupts",
	  { .uarts = 1 } },
	{ SMMU, { SET("/timer", "interrupt-parent", 0x99) },
	  "warning: /timer: interrupt-parent 0x99 is no node: expected the GIC's 0x8005; nothing with it has interrupts",
	  { .cpus = 4 } },
	{ SMMU, { SET("/pl061@9030000", "interrupt-parent", 0x8008) }, NULL, { .cpus = 4 } }, /* itself */
	{ SMMU, { DROP("/timer", "interrupts") },
	  "warning: /timer: no interrupts: expected four PPIs of the GIC; 13, 14, 11 and 10 are assumed", { .cpus = 4 } },
	{ SMMU, { SET("/timer", "interrupts", 1, 13, 4, 1, 14, 4) },
	  "warning: /timer: unusable interrupts: expected four PPIs of the GIC; 13, 14, 11 and 10 are assumed", { .cpus = 4 } },
	{ SMMU, { CUT("/timer") },
	  "warning: no usable arm,armv8-timer node: PPIs 13, 14, 11 and 10 are assumed", { .cpus = 4 } },
	{ SMMU, { SET("/pl061@9030000", "phandle", 0x8005) },
	  "warning: /intc@8000000: phandle 0x8005 is that of /pl061@9030000: expected one of its own", { .cpus = 4 } },
	{ SMMU, { SET("/pl061@9030000", "phandle", 0x8007) },
	  "warning: /smmuv3@9050000: phandle 0x8007 is that of /pl061@9030000: expected one of its own", { .iommus = NONE } },
	/* The console. */
	{ SMMU, { TEXT("/chosen", "stdout-path", "/nothing@0:115200") },
	  "warning: /chosen: stdout-path '/nothing@0:115200' names no node: expected an enabled UART", { .uarts = 1 } },
	{ SMMU, { TEXT("/chosen", "stdout-path", "serial9") },
	  "warning: /chosen: stdout-path 'serial9' names no node: expected an enabled UART", { .uarts = 1 } },
	{ SMMU, { TEXT("/chosen", "stdout-path", "/pl031@9010000") },
	  "warning: /chosen: stdout-path '/pl031@9010000' names none, or one without registers: expected an enabled UART",
	  { .uarts = 1 } },
	{ SMMU, { SET("/pl011@9000000", "reg-shift", 40), DROP("/chosen", "stdout-path") },
	  "warning: /pl011@9000000: reg-shift 40, reg-io-width 0: expected up to 4; this UART is left out", { .uarts = NONE } },
	/* Devices in RAM, or in the GIC. */
	{ SMMU, { SET("/pl011@9000000", "reg", 0, 0xbffff000, 0, 0x2000), DROP("/chosen", "stdout-path") },
	  "warning: /pl011@9000000: registers 0xbffff000,0x2000 lie in RAM: expected an address of their own; it is not used",
	  { .uarts = NONE } },
	{ SMMU, { SET("/pl011@9000000", "reg", 0, 0x8000000, 0, 0x1000), DROP("/chosen", "stdout-path") },
	  "warning: /pl011@9000000: registers 0x8000000,0x1000 lie in the GIC's: expected an address of their own; it is not used",
	  { .uarts = NONE } },
	{ SMMU, { SET("/smmuv3@9050000", "reg", 0, 0x40000000, 0, 0x20000) },
	  "warning: /smmuv3@9050000: registers 0x40000000,0x20000 lie in RAM: expected an address of their own; it is not used",
	  { .iommus = NONE } },
	{ SMMU, { SET("/virtio_mmio@a000200", "reg", 0, 0x40000200, 0, 0x200) },
	  "warning: /virtio_mmio@a000200: registers 0x40000200,0x200 lie in RAM: expected an address of their own; it is not used",
	  { .virtio = 1 } },
	{ SMMU, { SET("/pcie@10000000", "reg", 0, 0x40000000, 0, 0x10000000) },
	  "warning: /pcie@10000000: registers 0x40000000,0x10000000 lie in RAM: expected an address of their own; it is not used",
	  { .pci = NONE } },
	{ SMMU, { SET("/pcie@10000000", "iommu-map", 0, 0x77, 0, 0x10000) },
	  "warning: /pcie@10000000: its IOMMU 0x77 is no node: expected the phandle of one; no function is confined", { .pci = 1 } },
	{ SMMU, { SET("/pcie@10000000", "bus-range", 9, 3) },
	  "warning: /pcie@10000000: bus-range 9 to 3 with 0x4010000000,0x10000000 as its ECAM: expected room for a bus from a page "
	  "on; it is not used", { .pci = NONE } },
	/* Buses that lead nowhere, in a circle, or are cut off in the middle: what is behind them is not found. */
	{ SMMU, { SET("/platform-bus@c000000", "ranges", 0, 0, 0xc000000) }, NULL, { .cpus = 4 } },
	{ SMMU, { SET("/platform-bus@c000000", "ranges", 0xc000000, 0, 0xc000000, 0x2000000) }, NULL, { .cpus = 4 } },
	{ "spin-table", { SET("/soc", "ranges", 0x7e000000, 0, 0x7e000000, 0x2000000) },
	  "error: /soc/interrupt-controller@40041000: no usable distributor: expected 0x1000 bytes or more in whole pages as entry "
	  "0 of reg", { 0 } },
};

static struct board b;
static char said[2000];

static void say(struct diag *d, enum diag_kind k, const char *line)
{
	size_t n = strlen(said);

	(void)d;
	(void)k;
	snprintf(said + n, sizeof(said) - n, "%s%s", n != 0 ? "\n" : "", line);
}

static bool change(void *fdt, const struct change *c)
{
	fdt32_t cells[8];
	int node = fdt_path_offset(fdt, c->node);

	if (node < 0 && c->how == DO_TEXT && strcmp(c->node, "/chosen") == 0) {
		node = fdt_add_subnode(fdt, 0, "chosen");
	}
	for (u32 i = 0; i < c->count; i++) {
		cells[i] = cpu_to_fdt32(c->cell[i]);
	}
	switch (c->how) {
	case DO_SET: return fdt_setprop(fdt, node, c->name, cells, 4 * (int)c->count) == 0;
	case DO_TEXT: return fdt_setprop_string(fdt, node, c->name, c->text) == 0;
	case DO_DROP: return node < 0 || fdt_delprop(fdt, node, c->name) != -FDT_ERR_BADSTRUCTURE;
	case DO_ADD: return fdt_add_subnode(fdt, node, c->name) >= 0;
	case DO_CUT: return fdt_del_node(fdt, node) == 0;
	}
	return true;
}

/* The tree of a row; to be freed. */
static unsigned char *make(size_t row)
{
	char path[100];
	unsigned char *tree, *room = malloc(1 << 16);
	size_t size;

	snprintf(path, sizeof(path), "tests/data/%s.dts", rows[row].file);
	tree = dtc_file(path, &size);
	if (tree == NULL || fdt_open_into(tree, room, 1 << 16) != 0) {
		free(tree);
		free(room);
		return NULL;
	}
	free(tree);
	for (const struct change *c = rows[row].change; c < rows[row].change + 4 && c->how != 0; c++) {
		if (!change(room, c)) {
			test_fail(__FILE__, __LINE__, "row %zu: %s is not there to be changed", row, c->node);
		}
	}
	if (fdt_pack(room) != 0) {
		free(room);
		return NULL;
	}
	return realloc(room, fdt_totalsize(room)); /* sanitizers see a look behind it */
}

static void left(size_t row, const char *what, u8 expected, u32 have)
{
	if (expected != 0 && have != (expected == NONE ? 0 : expected)) {
		test_fail(__FILE__, __LINE__, "row %zu: %u %s left", row, have, what);
	}
}

static void one_line_each(void)
{
	char want[300];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct diag d = { .emit = say };
		const struct left *l = &rows[i].left;
		unsigned char *tree = make(i);
		u32 iommus = 0;
		int err;

		REQUIRE(tree != NULL);
		said[0] = want[0] = '\0';
		err = board_parse(&b, tree, fdt_totalsize(tree), &d);
		if (rows[i].want != NULL) {
			snprintf(want, sizeof(want), "device tree: %s", rows[i].want);
		}
		CHECK_STR(said, want);
		CHECK_EQ(err != 0, rows[i].want != NULL && strncmp(rows[i].want, "error", 5) == 0);
		for (u32 k = 0; k < b.iommu_count; k++) {
			iommus += b.iommu[k].kind != IOMMU_OTHER;
		}
		left(i, "CPUs", l->cpus, b.cpu_count);
		left(i, "UARTs", l->uarts, b.uart_count);
		left(i, "IOMMUs", l->iommus, iommus);
		left(i, "PCI bridges", l->pci, b.pci_count);
		left(i, "transports", l->virtio, b.virtio_count);
		left(i, "ITSs", l->its, b.gic.its_count);
		left(i, "banks of RAM", l->ram, b.ram_count);
		free(tree);
	}
}

/* With a tree that is refused there is still a console to say why. */
static void console_of_a_refused_tree(void)
{
	struct diag d = { .emit = say };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (strcmp(rows[i].file, SMMU) == 0 && rows[i].want != NULL && strstr(rows[i].want, "error: /intc") != NULL) {
			unsigned char *tree = make(i);

			REQUIRE(tree != NULL);
			CHECK(board_parse(&b, tree, fdt_totalsize(tree), &d) != 0);
			CHECK(b.stdout_uart >= 0 && b.uart[b.stdout_uart].regs.start == 0x9000000);
			free(tree);
		}
	}
}

/* Where there is no GIC nobody knows how long an interrupt is: none is read behind the end of its property. */
static void no_gic_no_interrupts(void)
{
	struct diag d = { .emit = say };
	size_t size;
	unsigned char *tree = dtc_root("#address-cells = <2>; #size-cells = <2>; serial@9000000 { compatible = \"x\";"
				       "reg = <0 0x9000000 0 0x1000>; interrupts-extended = <0>; };", &size);

	REQUIRE(tree != NULL && board_parse(&b, tree, size, &d) != 0);
	REQUIRE(b.uart_count == 1);
	CHECK_EQ(b.uart[0].irq.intid, 0);
	free(tree);
}

/* A device that a tree puts into RAM is nobody's to pass. */
static void in_ram_is_not_passed(void)
{
	static const struct range regs = { 0x50000000, 0x1000 };
	struct board_limits l;
	struct diag d = { .emit = say };
	struct range ram[8];
	unsigned char *tree = make(0);

	REQUIRE(tree != NULL && board_parse(&b, tree, fdt_totalsize(tree), &d) == 0);
	board_limits_of(&b, ram, ARRAY_SIZE(ram), &l);
	CHECK_STR(config_owner_of(&l, &regs), "RAM");
	free(tree);
}

/* Every tree cut off behind every byte, with a total size that says so and one that does not: one error. */
static void truncated_anywhere(void)
{
	static const char *const files[] = { SMMU, "virt-gicv2", "zcu102", "banks", "sbsa-ref" };
	char path[100];

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		unsigned char *tree;
		size_t size;

		snprintf(path, sizeof(path), "tests/data/%s.dts", files[i]);
		tree = dtc_file(path, &size);
		REQUIRE(tree != NULL);
		for (size_t n = 0; n < size; n++) {
			for (int honest = 0; honest < 2; honest++) {
				struct diag d = { .emit = say };
				unsigned char *cut = malloc(n != 0 ? n : 1);

				memcpy(cut, tree, n);
				if (honest && n >= 8) {
					fdt_set_totalsize(cut, (u32)n);
				}
				said[0] = '\0';
				if (board_parse(&b, cut, n, &d) == 0 || d.errors != 1) {
					test_fail(__FILE__, __LINE__, "%s, %zu bytes: %s", files[i], n, said);
				}
				free(cut);
			}
		}
		free(tree);
	}
}

TEST_MAIN(RUN(one_line_each), RUN(console_of_a_refused_tree), RUN(no_gic_no_interrupts), RUN(in_ram_is_not_passed), RUN(truncated_anywhere))
