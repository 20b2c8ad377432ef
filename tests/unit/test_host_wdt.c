/* SPDX-License-Identifier: Apache-2.0 */
/* Watchdogs firmware has left running, against models of their registers. */
#include "arch/host/host.h"
#include "arch_io.h"
#include "core/board.h"
#include "core/host/host_wdt.h"
#include "tests/unit/fdt_util.h"

static const char host[] =
	"#address-cells = <2>; #size-cells = <2>; interrupt-parent = <&gic>; compatible = \"a,board\";\n"
	"memory@40000000 { device_type = \"memory\"; reg = <0 0x40000000 0 0x40000000>; };\n"
	"cpus { #address-cells = <1>; #size-cells = <0>;\n"
	"	cpu@0 { device_type = \"cpu\"; compatible = \"arm,armv8\"; reg = <0>; }; };\n"
	"gic: intc@8000000 { compatible = \"arm,gic-v3\"; interrupt-controller; #interrupt-cells = <3>;\n"
	"	reg = <0 0x8000000 0 0x10000>, <0 0x80a0000 0 0x20000>; };\n";

static struct {
	const char *node;
	u32 on_at, on_val;  /* what it reads while it runs */
	u32 kick_at, kick_val, stop_at, stop_val;
} const kinds[] = {
	{ "compatible = \"arm,sp805\", \"arm,primecell\"; reg = <0 0x9000000 0 0x1000>;", 0x8, 3, 0xc, 1, 0x8, 0 },
	{ "compatible = \"arm,sbsa-gwdt\"; reg = <0 0x9000000 0 0x1000>, <0 0x9001000 0 0x1000>;", 0, 1, 0x1000, 0, 0, 0 },
	{ "compatible = \"renesas,r8a7795-wdt\", \"renesas,rcar-gen3-wdt\"; reg = <0 0x9000000 0 0xc>;", 4, 0x87, 0,
	  0x5a5a0000, 4, 0xa5a5a507 },
	{ "compatible = \"cdns,wdt-r1p2\"; reg = <0 0x9000000 0 0x1000>;", 0, 0x1c3, 8, 0x1999, 0, 0xabc1c2 },
	{ "compatible = \"brcm,bcm2835-pm-wdt\"; reg = <0 0x9000000 0 0x1000>;", 0x1c, 0x25, 0x24, 0x5a0fffff, 0x1c,
	  0x5a000005 },
	{ "compatible = \"fsl,imx8mq-wdt\", \"fsl,imx21-wdt\"; reg = <0 0x9000000 0 0x1000>;", 0, 4, 2, 0xaaaa, ~0u, 0 },
};

static const char *node; /* instead of a kind's */
static unsigned int kind;
static bool running, locked, passed;
static unsigned int kicks, stops, touched;

static u64 io(pa_t pa, u32 size, bool write, u64 val)
{
	u32 off = (u32)(pa - 0x9000000);

	(void)size;
	touched++;
	if (!write) {
		return off == kinds[kind].on_at && running ? kinds[kind].on_val : 0;
	}
	if (off == 0xc00) {
		locked = val != 0x1acce551;
	} else if (kind != 0 || !locked) {
		kicks += off == kinds[kind].kick_at && val == kinds[kind].kick_val;
		stops += off == kinds[kind].stop_at && val == kinds[kind].stop_val;
	}
	return 0;
}

static bool taken(const struct range *regs)
{
	CHECK(ALIGN_DOWN(regs->start, PAGE_SIZE) == 0x9000000 || regs->start == 0x9001000);
	return passed;
}

static void boot(enum host_wdt_mode mode)
{
	static struct board board;
	static unsigned char *tree;
	struct heard heard;
	char text[2048];
	size_t size;

	host_init();
	host_io = io;
	locked = true;
	kicks = stops = touched = 0;
	snprintf(text, sizeof(text), "%swatchdog@9000000 { %s };\n", host, node != NULL ? node : kinds[kind].node);
	free(tree);
	tree = dtc_root(text, &size);
	if (tree == NULL || board_parse(&board, tree, size, listen(&heard)) != 0) {
		test_fail(__FILE__, __LINE__, "no board: %s", heard.last);
		return;
	}
	host_wdt_option(mode);
	host_wdt_start(&board, taken);
}

static void all_kinds(void)
{
	for (kind = 0; kind < ARRAY_SIZE(kinds); kind++) {
		running = true;
		boot(HOST_WDT_LEAVE);
		CHECK_EQ(touched, 0);
		boot(HOST_WDT_KICK);
		CHECK_EQ(kicks, 1);
		CHECK_EQ(stops, 0);
		host_pass_ns(2000000000);
		CHECK_EQ(kicks, 5);
		boot(HOST_WDT_STOP);
		CHECK_EQ(stops, kinds[kind].stop_at != ~0u);
		host_pass_ns(1000000000);
		CHECK_EQ(kicks, kinds[kind].stop_at != ~0u ? 0 : 3); /* one that cannot be stopped */
		running = false;
		boot(HOST_WDT_KICK);
		host_pass_ns(1000000000);
		CHECK_EQ(kicks, 0);
		running = passed = true;
		boot(HOST_WDT_KICK);
		CHECK_EQ(touched, 0); /* a VM's */
		passed = false;
	}
	host_io = NULL;
}

/* Registers that are not all in what the device tree gives, or not where they could be: it is left alone. */
static void registers_that_are_not_there(void)
{
	static const char *const nodes[] = {
		"compatible = \"arm,sp805\"; reg = <0 0x9000800 0 0x800>;",
		"compatible = \"arm,sp805\"; reg = <0 0x9000002 0 0x1000>;",
		"compatible = \"arm,sp805\"; reg = <0 0x9000000 0 0>;",
		"compatible = \"arm,sbsa-gwdt\"; reg = <0 0x9000000 0 0x1000>;",
		"compatible = \"arm,sbsa-gwdt\"; reg = <0 0x9000000 0 0x1000>, <0 0x9001000 0 2>;",
		"compatible = \"cdns,wdt-r1p2\"; reg = <0 0x9000ff8 0 0x8>;",
		"compatible = \"brcm,bcm2835-pm-wdt\"; reg = <0 0x9000fe0 0 0x24>;",
	};

	kind = 0;
	running = true;
	for (unsigned int i = 0; i < ARRAY_SIZE(nodes); i++) {
		node = nodes[i];
		boot(HOST_WDT_KICK);
		CHECK_EQ(touched, 0);
	}
	node = NULL;
	host_io = NULL;
}

TEST_MAIN(RUN(all_kinds), RUN(registers_that_are_not_there))
