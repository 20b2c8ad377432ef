/* SPDX-License-Identifier: Apache-2.0 */
/* Clocks of R-Car H3 in configurations and in guests' trees: rates, what is refused, what a virtual controller adds. */
#include <libfdt.h>
#include "core/clock/clock.h"
#include "core/load/guest_fdt.h"
#include "tests/unit/config_util.h"
#include "tests/unit/cpg_util.h"

static struct board b;
static struct board_limits limits;
static struct range ram[8];
static unsigned char *tree;

static bool board(void)
{
	if (!h3_board(&b, &tree)) {
		return false;
	}
	board_limits_of(&b, ram, ARRAY_SIZE(ram), &limits);
	limits.console = &b.uart[0];
	return true;
}

/* Parse and check; errors are in log_text. */
static int vm(const char *text)
{
	char all[1000];
	int r;

	snprintf(all, sizeof(all), "ram 0x80000000,64M load /k\n%s", text);
	r = parse_text(all);
	return r == 0 ? config_check(&cfg, &limits, &diag) : r;
}

static u32 rate(u32 kind, u32 id, const char *compatible, u32 crystal)
{
	return b.clock.ops->rate(compatible, (u32[2]){ kind, id }, 2, crystal);
}

static void the_board(void)
{
	struct board_device d;
	struct clock_set kept;

	REQUIRE(board());
	REQUIRE(b.clock.ops != NULL);
	CHECK_STR(b.clock.compatible, "renesas,r8a7795-cpg-mssr");
	CHECK_EQ(b.clock.regs.start, CPG_BASE);
	CHECK_EQ(b.clock.input_hz, 16640000);
	REQUIRE(board_device_find(&b, "/soc/mmc@ee100000", &d) == 0);
	CHECK_EQ(d.clock_count, 2);
	CHECK_EQ(d.clock_hz[0], 199680000); /* 16.64 MHz * 192 / 16 */
	CHECK_EQ(d.clock_hz[1], 798720000);
	CHECK_EQ(d.clock_chip, 3);
	CHECK(clock_has(&d.clocks, 3 * 32 + 14) && clock_has(&d.resets, 3 * 32 + 14));
	CHECK_EQ(d.clocks.word[3], 1U << 14);
	REQUIRE(board_device_find(&b, "/soc/serial", &d) == 0);
	CHECK_EQ(d.clock_hz[0], 66560000);
	CHECK_EQ(d.clock_hz[1], 266240000);
	CHECK_EQ(d.clock_hz[2], 32768);
	CHECK_EQ(d.clock_chip, 3);
	REQUIRE(board_device_find(&b, "/soc/odd", &d) == 0); /* no such modules */
	CHECK(clock_empty(&d.clocks) && clock_empty(&d.resets));
	CHECK_EQ(d.clock_count, 4);
	REQUIRE(board_device_find(&b, "/soc/sound", &d) == 0); /* more than there is room for: their modules still count */
	CHECK_EQ(d.clock_count, BOARD_DEVICE_CLOCKS);
	CHECK_EQ(d.clocks.word[10], 0x80001fe0);
	CHECK_EQ(d.clock_chip, 0xdf);
	clock_kept(&b, limits.console, &kept);
	CHECK_EQ(kept.word[3], 1U << 10);
	CHECK_EQ(kept.word[4], 1U << 8 | 1U << 2);
	kept.word[3] = kept.word[4] = 0;
	CHECK(clock_empty(&kept));
}

static void rates(void)
{
	REQUIRE(board());
	CHECK_EQ(rate(1, 314, b.clock.compatible, 16666666), 199999992);
	CHECK_EQ(rate(1, 812, b.clock.compatible, 16666666), 133333328);
	CHECK_EQ(rate(1, 310, b.clock.compatible, 20000000), 66666666);
	CHECK_EQ(rate(1, 310, b.clock.compatible, 25000000), 66666666);
	CHECK_EQ(rate(1, 310, b.clock.compatible, 33333300), 66666600);
	CHECK_EQ(rate(1, 910, b.clock.compatible, 33333300), 66666600);
	CHECK_EQ(rate(1, 310, b.clock.compatible, 0), 0);
	CHECK_EQ(rate(1, 310, b.clock.compatible, 50000000), 0);
	CHECK_EQ(rate(1, 208, b.clock.compatible, 16666666), 0); /* has a divider of its own */
	CHECK_EQ(rate(0, 16, "renesas,r8a7795-cpg-mssr", 20000000), 266666666);
	CHECK_EQ(rate(0, 21, "renesas,r8a7796-cpg-mssr", 20000000), 266666666);
	CHECK_EQ(rate(0, 31, "renesas,r8a7796-cpg-mssr", 20000000), 800000000);
	CHECK_EQ(rate(0, 20, "renesas,r8a77965-cpg-mssr", 20000000), 266666666);
	CHECK_EQ(rate(0, 30, "renesas,r8a77965-cpg-mssr", 20000000), 200000000);
	CHECK_EQ(rate(0, 28, "renesas,r8a77965-cpg-mssr", 20000000), 0);
	CHECK_EQ(rate(0, 19, "renesas,r8a774a1-cpg-mssr", 20000000), 266666666);
	CHECK_EQ(rate(0, 27, "renesas,r8a774b1-cpg-mssr", 20000000), 800000000);
	CHECK_EQ(rate(0, 35, "renesas,r8a774e1-cpg-mssr", 20000000), 800000000);
	CHECK_EQ(rate(0, 0, b.clock.compatible, 20000000), 0);
}

static void refused(void)
{
	REQUIRE(board());
	CHECK(vm("pass dt:/soc/clock-controller") != 0);
	CHECK_STR(log_text, "t:2:6: error: '/soc/clock-controller' cannot be passed: it has the clocks and resets of all devices: "
		  "expected `vdev cpg-mssr`, which has those of the VM");
	CHECK(vm("pass dt:/soc/reset-controller") != 0);
	CHECK(strstr(log_text, "it resets the machine") != NULL);
	CHECK(vm("pass dt:/soc/system-controller@e6180000") != 0);
	CHECK(strstr(log_text, "it has the power of all devices and CPUs") != NULL);
	CHECK(vm("pass dt:/soc/pinctrl") != 0);
	CHECK(strstr(log_text, "it has the pins of all devices") != NULL);
	CHECK(vm("pass loc 0xe6150000,0x1000 dma none") != 0);
	CHECK_STR(log_text, "t:2:1: error: 0xe6150000 cannot be passed: it has the clocks and resets of all devices: "
		  "expected `vdev cpg-mssr`, which has those of the VM");
	CHECK(vm("pass loc 0x1000,0x100000=0xe6100000 dma none") != 0);
	CHECK(strstr(log_text, "cannot be passed") != NULL);
	CHECK_EQ(vm("pass dt:/soc/mmc@ee100000 dma none"), 0);
	REQUIRE(cfg.pass->modules != NULL);
	CHECK_EQ(cfg.pass->modules[0].word[3], 1U << 14);
	CHECK_EQ(vm("pass loc 0xee100000,0x1000 dma none"), 0);
	REQUIRE(cfg.pass->modules != NULL);
	CHECK_EQ(cfg.pass->modules[1].word[3], 1U << 14);
	CHECK_EQ(vm("pass dt:/soc/usb@ee0a0000 dma none"), 0);
	REQUIRE(cfg.pass->modules != NULL);
	CHECK_EQ(cfg.pass->modules[0].word[7], 6);
	CHECK_EQ(cfg.pass->modules[1].word[7], 4);
	CHECK(!cfg.pass->no_reset);
	CHECK_EQ(vm("pass dt:/soc/usb@ee0a0000 dma none reset none"), 0);
	CHECK(cfg.pass->no_reset);
	/* With all the rest these stay. */
	CHECK_EQ(vm("pass rest dma none"), 0);
	CHECK_EQ(config_check_rest((struct vm_config *const []){ &cfg }, 1, &limits, &diag), 0);
	for (const struct cfg_pass *p = cfg.pass->next; p != NULL; p = p->next) {
		CHECK(strstr(p->what, "controller") == NULL && strstr(p->what, "pinctrl") == NULL);
	}
	CHECK(cfg.pass->next != NULL);
}

static void the_option(void)
{
	static struct vm_config other;
	struct clock_set listed;

	REQUIRE(board());
	CHECK_EQ(vm("vdev cpg-mssr"), 0);
	REQUIRE(clock_vdev(&cfg) != NULL && clock_vdev(&cfg)->loc != NULL);
	CHECK_EQ(clock_vdev(&cfg)->loc->addr, CPG_BASE);
	CHECK_EQ(vm("vdev cpg-mssr modules 314,812 modules 906"), 0);
	CHECK(vm("vdev cpg-mssr modules 314,310") != 0);
	CHECK_STR(log_text, "t:2:1: error: vdev 'cpg-mssr': module 310 is one that the monitor needs");
	CHECK(vm("vdev cpg-mssr modules 408") != 0);
	CHECK(vm("vdev cpg-mssr modules 402") != 0);
	CHECK(vm("vdev cpg-mssr modules 332") != 0);
	CHECK(strstr(log_text, "expected numbers of modules") != NULL);
	CHECK(vm("vdev cpg-mssr modules 314,") != 0);
	CHECK(vm("vdev cpg-mssr modules 1200") != 0);
	CHECK(vm("vdev cpg-mssr modules 00310") != 0);
	CHECK(vm("vdev cpg-mssr modules 4294967606") != 0);
	CHECK(vm("vdev cpg-mssr modules x") != 0);
	/* Whoever has let it pass. */
	REQUIRE(vm("vdev cpg-mssr modules 314") == 0);
	for (u32 i = 0; i < 3; i++) {
		static const char *const texts[] = { "4294967606", "18446744073709551926", "314,,312" };

		((struct cfg_vdev *)clock_vdev(&cfg))->options->str = texts[i];
		CHECK(clock_listed(b.clock.ops, &cfg, &listed) != NULL);
	}
	/* What one VM lists no other has, whichever comes first. */
	REQUIRE(parse_text("system one ram 0x80000000,64M load /k vdev cpg-mssr modules 314") == 0 &&
		config_check(&cfg, &limits, &diag) == 0);
	{
		const struct vm_config *vms[2] = { &other, &cfg };
		struct clock_set sets[2] = { { .word = { [3] = 1U << 14 } }, { .word = { [3] = 1U << 14 } } };
		struct cfg_pass p = { .kind = PASS_DT, .target = "x", .what = "x", .modules = sets };

		snprintf(other.name, sizeof(other.name), "two");
		other.pass = &p;
		CHECK(config_check_system(vms, 2, &limits, &diag) != 0);
		CHECK(strstr(log_text, "module 314 is VM 'two's already") != NULL);
		vms[0] = &cfg;
		vms[1] = &other;
		log_text[0] = '\0';
		CHECK(config_check_system(vms, 2, &limits, &diag) != 0);
		CHECK(strstr(log_text, "module 314 is VM 'two's already") != NULL);
		sets[0].word[3] = 1U << 12;
		sets[1].word[3] = 0;
		CHECK_EQ(config_check_system(vms, 2, &limits, &diag), 0);
	}
	b.clock.ops = NULL;
	CHECK(vm("vdev cpg-mssr") != 0);
	CHECK(strstr(log_text, "the board has no clock controller of that kind") != NULL);
}

/* ---- The guest's tree */

static u64 buf[8192];

static const char *cells(const char *path, const char *prop)
{
	static char text[4][200];
	static u32 turn;
	char *t = text[turn++ % 4];
	int node = fdt_path_offset(buf, path), len = 0, n = 0;
	const fdt32_t *c = node < 0 ? NULL : fdt_getprop(buf, node, prop, &len);

	t[0] = '\0';
	for (int i = 0; c != NULL && i < len / 4; i++) {
		n += snprintf(t + n, sizeof(text[0]) - n, "%s%x", i != 0 ? " " : "", fdt32_ld(&c[i]));
	}
	return node < 0 ? "(no node)" : c == NULL ? "(none)" : t;
}

static bool build(void)
{
	static struct vdev dev;
	struct guest_fdt g = { .cfg = &cfg, .board = &b };
	struct heard heard;
	size_t used;

	memset(&dev, 0, sizeof(dev));
	for (const struct cfg_vdev *v = cfg.vdev; v != NULL; v = v->next) {
		if (v->type != NULL && strcmp(v->type_name, "cpg-mssr") == 0) {
			dev.type = v->type;
			dev.cfg = v;
			dev.base = v->loc->addr;
			dev.size = v->type->window;
			g.devices = &dev;
		}
	}
	return guest_fdt_bound(&g) <= sizeof(buf) &&
	       guest_fdt_build(&g, buf, guest_fdt_bound(&g), &used, listen(&heard)) == 0 && fdt_check_full(buf, used) == 0;
}

#define MMC "/passed/mmc@ee100000"
#define CPG "/vdevs/clock-controller@e6150000"

static void fixed_clocks(void)
{
	REQUIRE(board());
	REQUIRE(vm("vdev gic version 2 pass dt:/soc/mmc@ee100000 dma none pass dt:/soc/ethernet dma none") == 0);
	REQUIRE(build());
	CHECK_EQ(strlen(cells(MMC, "clocks")), 9); /* two phandles */
	CHECK_STR(cells("/passed-clock-199680000", "clock-frequency"), "be6e000");
	CHECK_STR(cells("/passed-clock-199680000", "phandle"), "8020");
	CHECK_STR(cells(MMC, "clocks"), "8020 8021");
	CHECK_STR(cells("/passed/ethernet@e6800000", "clocks"), "8022");
	CHECK_STR(cells("/passed-clock-133120000", "phandle"), "8022");
	CHECK_STR(cells(MMC, "resets"), "(none)");
	CHECK_STR(cells(MMC, "power-domains"), "(none)");
	CHECK_STR(cells(CPG, "reg"), "(no node)");
}

static void real_clocks(void)
{
	int node;

	REQUIRE(board());
	REQUIRE(vm("vdev gic version 2 vdev cpg-mssr pass dt:/soc/mmc@ee100000 dma none pass dt:/soc/ethernet dma none") == 0);
	REQUIRE(build());
	CHECK_STR(cells(CPG, "phandle"), "8011");
	CHECK_STR(cells(MMC, "clocks"), "8011 1 13a 8011 0 19");
	CHECK_STR(cells(MMC, "resets"), "8011 13a");
	CHECK_STR(cells(MMC, "power-domains"), "8011");
	CHECK_STR(cells("/passed/ethernet@e6800000", "clocks"), "8011 1 32c");
	CHECK_STR(cells(CPG, "reg"), "0 e6150000 0 1000");
	CHECK_STR(cells(CPG, "#clock-cells"), "2");
	CHECK_STR(cells(CPG, "#reset-cells"), "1");
	CHECK_STR(cells(CPG, "#power-domain-cells"), "0");
	CHECK_STR(cells("/clock-16640000", "phandle"), strtok((char *)cells(CPG, "clocks"), " "));
	node = fdt_path_offset(buf, CPG);
	CHECK_STR(fdt_getprop(buf, node, "compatible", NULL), "renesas,r8a7795-cpg-mssr");
	node = fdt_path_offset(buf, CPG "/reset-controller@e6160000");
	REQUIRE(node >= 0);
	CHECK_STR(fdt_getprop(buf, node, "compatible", NULL), "renesas,r8a7795-rst");
	CHECK_STR(cells(CPG "/reset-controller@e6160000", "reg"), "0 e6160000 0 1000");
	node = fdt_path_offset(buf, MMC);
	CHECK_STR(fdt_getprop(buf, node, "reset-names", NULL), "r");
}

TEST_MAIN(RUN(the_board), RUN(rates), RUN(refused), RUN(the_option), RUN(fixed_clocks), RUN(real_clocks))
