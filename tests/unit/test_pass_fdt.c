/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes of passed devices in a VM's tree: what is taken from the host's nodes, and what is not. */
#include <libfdt.h>
#include "core/board.h"
#include "core/load/guest_fdt.h"
#include "core/vdev.h"
#include "tests/unit/fdt_util.h"
#include "tests/unit/tree_util.h"

static const char host[] =
	"#address-cells = <2>; #size-cells = <2>; interrupt-parent = <&gic>; compatible = \"a,board\";\n"
	"memory@40000000 { device_type = \"memory\"; reg = <0 0x40000000 0 0x40000000>; };\n"
	"cpus { #address-cells = <1>; #size-cells = <0>;\n"
	"	cpu@0 { device_type = \"cpu\"; compatible = \"arm,armv8\"; reg = <0>; }; };\n"
	"gic: intc@8000000 { compatible = \"arm,gic-v3\"; interrupt-controller; #interrupt-cells = <3>;\n"
	"	reg = <0 0x8000000 0 0x10000>, <0 0x80a0000 0 0x20000>; };\n"
	"slow: slow { compatible = \"fixed-clock\"; #clock-cells = <0>; clock-frequency = <32768>; };\n"
	"fast: fast { compatible = \"fixed-clock\"; #clock-cells = <0>; clock-frequency = <24000000>; };\n"
	"cpg: cpg@e000000 { reg = <0 0xe000000 0 0x1000>; #clock-cells = <2>; #reset-cells = <1>; };\n"
	"soc { #address-cells = <1>; #size-cells = <1>; ranges = <0 0 0x9000000 0x1000000>; compatible = \"simple-bus\";\n"
	"	uart: serial@1000 { compatible = \"arm,pl011\", \"arm,primecell\"; reg = <0x1000 0x1000>;\n"
	"		interrupts = <0 8 4>; clocks = <&slow>, <&fast>, <&cpg 1 2>; clock-names = \"a\", \"b\", \"c\";\n"
	"		resets = <&cpg 4>; reset-names = \"r\"; power-domains = <&cpg>; pinctrl-0 = <&slow>;\n"
	"		pinctrl-names = \"default\"; current-speed = <115200>; vendor,mode = \"fancy\"; vendor,flag;\n"
	"		vmmc-supply = <&slow>; status = \"okay\"; };\n"
	"	gpio: gpio@2000 { compatible = \"v,gpio\"; reg = <0x2000 0x100>; interrupts = <0 9 1>;\n"
	"		gpio-controller; #gpio-cells = <2>; interrupt-names = \"line\"; };\n"
	"	net@3000 { compatible = \"v,net\"; reg = <0x3000 0x1000>, <0x8000 0x100>; reg-names = \"x\", \"y\";\n"
	"		interrupts = <0 10 4>, <0 11 4>; interrupt-names = \"rx\", \"tx\"; dma-coherent;\n"
	"		phy-handle = <&phy>; reset-gpios = <&gpio 3 1>; enable-gpios = <&slow 3 1>; local-mac-address = [ 02 00 00 00 00 01 ];\n"
	"		dmas = <&gpio 1 2>, <&gpio 3 4>; dma-names = \"p\", \"q\"; #address-cells = <1>; #size-cells = <0>;\n"
	"		mdio { #address-cells = <1>; #size-cells = <0>;\n"
	"			phy: phy@7 { reg = <7>; compatible = \"v,phy\"; interrupts = <1 2 3>; max-speed = <100>; }; }; };\n"
	"};\n";

static struct board board;
static struct board_device found;
static struct heard heard;
static struct vm_config cfg;
static struct cfg_mem mem = { .start = 0x80000000, .size = 0x10000000 };
static struct cfg_pass pass[4];
static struct pass_range range[4][2];
static struct pass_irq irq[4][2];
static u32 clocks[4][8];
static char what[4][BOARD_PATH_MAX];
static struct guest_fdt g;
static u64 buf[8192];
static size_t used;
static unsigned char *tree;

/* What the checker makes of `pass dt:PATH` with `ipa` for its first window. */
static void add(unsigned int i, const char *path, ipa_t ipa)
{
	struct cfg_pass *p = &pass[i];

	if (board_device_find(&board, path, &found) != 0) {
		test_fail(__FILE__, __LINE__, "no %s", path);
		return;
	}
	*p = (struct cfg_pass){ .kind = PASS_DT, .node = found.node, .range = range[i], .irq = irq[i],
				.clock_hz = clocks[i], .clock_count = found.clock_count,
				.coherent = found.coherent, .what = what[i], .range_count = found.reg_count,
				.irq_count = found.irq_count };
	memcpy(what[i], found.path, sizeof(what[i]));
	memcpy(clocks[i], found.clock_hz, sizeof(clocks[i]));
	for (u32 n = 0; n < found.reg_count; n++) {
		u64 skip = found.reg[n].start % PAGE_SIZE;

		range[i][n] = (struct pass_range){ .ipa = ipa + n * MiB(1), .pa = found.reg[n].start - skip,
						   .size = PAGE_SIZE, .skip = (u32)skip, .len = found.reg[n].size };
	}
	for (u32 n = 0; n < found.irq_count; n++) {
		irq[i][n] = (struct pass_irq){ .guest = found.irq[n].intid + 10, .host = found.irq[n].intid,
					       .flags = (u8)found.irq[n].flags };
	}
	p->next = cfg.pass;
	cfg.pass = p;
}

static bool setup(void)
{
	size_t size;

	free(tree);
	tree = dtc_root(host, &size);
	memset(&cfg, 0, sizeof(cfg));
	snprintf(cfg.name, sizeof(cfg.name), "vm");
	cfg.cpu_count = 1;
	cfg.gic = (struct cfg_gic){ .version = 3, .dist = 0x2f000000, .gicr = 0x2f100000 };
	cfg.mem = &mem;
	g = (struct guest_fdt){ .cfg = &cfg, .board = &board };
	return tree != NULL && board_parse(&board, tree, size, listen(&heard)) == 0;
}

static bool build(void)
{
	size_t bound = guest_fdt_bound(&g);

	return bound <= sizeof(buf) && guest_fdt_build(&g, buf, bound, &used, listen(&heard)) == 0 &&
	       fdt_check_full(buf, used) == 0;
}

static const char *cells(const char *path, const char *prop)
{
	return tree_cells(buf, path, prop);
}

static const char *string(const char *path, const char *prop)
{
	return tree_string(buf, path, prop);
}

static void a_device_as_the_guest_sees_it(void)
{
	static const char *const gone[] = { "resets", "reset-names", "power-domains",
					    "vmmc-supply", "status", "phandle", "dma-coherent" };
	const char *at = "/passed/serial@1c0a0000";

	REQUIRE(setup());
	add(0, "/soc/serial@1000", 0x1c0a0000);
	REQUIRE(build());
	CHECK_STR(cells(at, "reg"), "0 1c0a0000 0 1000");
	CHECK_STR(cells(at, "interrupts"), "0 12 4");
	CHECK_STR(string(at, "compatible"), "arm,pl011");
	CHECK_STR(string(at, "vendor,mode"), "fancy");
	CHECK_STR(cells(at, "vendor,flag"), "");
	CHECK_STR(cells(at, "current-speed"), "1c200");
	CHECK_STR(string(at, "pinctrl-names"), "default"); /* a state of no pins: Linux makes a dummy of it */
	CHECK_STR(cells(at, "pinctrl-0"), "");
	for (unsigned int i = 0; i < ARRAY_SIZE(gone); i++) {
		CHECK_STR(cells(at, gone[i]), "(none)");
	}
	/* Clocks: of 32768 Hz, the one of 24 MHz there is anyway, and one nobody knows the rate of. */
	CHECK_STR(cells(at, "clocks"), "8020 8002 8021");
	CHECK_STR(string(at, "clock-names"), "a");
	CHECK_STR(cells("/passed-clock-32768", "clock-frequency"), "8000");
	CHECK_STR(cells("/passed-clock-32768", "phandle"), "8020");
	CHECK_STR(cells("/passed-clock-0", "phandle"), "8021");
	/* It is the guest's only serial port, and so its console. */
	CHECK_STR(string("/aliases", "serial0"), at);
	CHECK_STR(string("/chosen", "stdout-path"), "serial0");
}

static void references_inside_the_vm_stay(void)
{
	const char *at = "/passed/net@10000000";
	unsigned int gpio;

	REQUIRE(setup());
	add(0, "/soc/net@3000", 0x10000000);
	add(1, "/soc/gpio@2000", 0x10800000);
	REQUIRE(build());
	CHECK_STR(cells(at, "reg"), "0 10000000 0 1000 0 10100000 0 100");
	CHECK_STR(cells(at, "interrupts"), "0 14 4 0 15 4");
	CHECK_STR(string(at, "interrupt-names"), "rx");
	CHECK_STR(cells(at, "dma-coherent"), "");
	CHECK_STR(string(at, "reg-names"), "x");
	CHECK_STR(cells(at, "enable-gpios"), "(none)");
	REQUIRE(sscanf(cells("/passed/gpio@10800000", "phandle"), "%x", &gpio) == 1);
	char want[60];
	snprintf(want, sizeof(want), "%x 3 1", gpio);
	CHECK_STR(cells(at, "reset-gpios"), want);
	snprintf(want, sizeof(want), "%x 1 2 %x 3 4", gpio, gpio);
	CHECK_STR(cells(at, "dmas"), want);
	CHECK_STR(string(at, "dma-names"), "p");
	CHECK_STR(cells("/passed/net@10000000/mdio/phy@7", "reg"), "7");
	CHECK_STR(cells("/passed/net@10000000/mdio/phy@7", "interrupts"), "(none)");
	CHECK_STR(cells("/passed/net@10000000/mdio/phy@7", "max-speed"), "64");
	snprintf(want, sizeof(want), "%s", cells("/passed/net@10000000/mdio/phy@7", "phandle"));
	CHECK_STR(cells(at, "phy-handle"), want);
	/* Without it they go, and what names them. */
	cfg.pass = NULL;
	add(0, "/soc/net@3000", 0x10000000);
	REQUIRE(build());
	CHECK_STR(cells(at, "reset-gpios"), "(none)");
	CHECK_STR(cells(at, "dmas"), "(none)");
	CHECK_STR(cells(at, "dma-names"), "(none)");
	CHECK_STR(string("/chosen", "stdout-path"), NULL);
}

static void nothing_without_a_board(void)
{
	REQUIRE(setup());
	add(0, "/soc/serial@1000", 0x1c0a0000);
	g.board = NULL;
	REQUIRE(build());
	CHECK_STR(cells("/passed", "ranges"), "(no node)");
	free(tree);
	tree = NULL;
}

TEST_MAIN(RUN(a_device_as_the_guest_sees_it), RUN(references_inside_the_vm_stay), RUN(nothing_without_a_board))
