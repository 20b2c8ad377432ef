/* SPDX-License-Identifier: Apache-2.0 */
/* The device tree of a VM, read back with libfdt and judged by dtc; merging of a user's tree. */
#include <libfdt.h>
#include <unistd.h>
#include "core/load/fdt_writer.h"
#include "core/load/guest_fdt.h"
#include "core/vdev.h"
#include "tests/unit/fdt_util.h"
#include "tests/unit/tree_util.h"

static void uart_fdt(struct vdev *dev, struct fdt_node *n)
{
	static const char *const compatible[] = { "arm,pl011", "arm,primecell" };
	static const char *const clock_names[] = { "uartclk", "apb_pclk" };
	u32 clocks[] = { fdt_node_clock24m(n), fdt_node_clock24m(n) };

	(void)dev;
	fdt_node_strs(n, "compatible", compatible, 2);
	fdt_node_reg(n);
	fdt_node_intr(n, true);
	fdt_node_u32s(n, "clocks", clocks, 2);
	fdt_node_strs(n, "clock-names", clock_names, 2);
}

static void other_fdt(struct vdev *dev, struct fdt_node *n)
{
	(void)dev;
	fdt_node_str(n, "compatible", "virtio,mmio");
	fdt_node_reg(n);
	fdt_node_intr(n, false);
	fdt_node_flag(n, "dma-coherent");
}

static void timed_fdt(struct vdev *dev, struct fdt_node *n)
{
	u32 clocks[] = { fdt_node_clock(n, dev->intid * 1000), fdt_node_clock24m(n) };

	fdt_node_str(n, "compatible", "vendor,timed");
	fdt_node_reg(n);
	fdt_node_u32s(n, "clocks", clocks, 2);
}

static const struct vdev_type timed_type = { .name = "timed", .node = "timer", .fdt = timed_fdt };
static const struct vdev_type uart_type = { .name = "pl011", .node = "uart", .fdt = uart_fdt };
static const struct vdev_type other_type = { .name = "virtio", .node = "virtio_mmio", .fdt = other_fdt };
static const struct vdev_type silent_type = { .name = "gic" };

static struct vm_config cfg;
static struct cfg_mem mem[3];
static struct vdev dev[4];
static struct guest_fdt g;
static struct heard heard;
static u64 buf[16384]; /* 128 KiB, aligned to 8 */
static size_t used;

/* The VM of configs/linux.qvmconf, more or less. */
static void setup(void)
{
	memset(&cfg, 0, sizeof(cfg));
	memset(&g, 0, sizeof(g));
	memset(mem, 0, sizeof(mem));
	memset(dev, 0, sizeof(dev));
	memset(buf, 0xa5, sizeof(buf));
	snprintf(cfg.name, sizeof(cfg.name), "linux");
	cfg.pos = (struct src_pos){ "linux.qvmconf", 1, 1 };
	cfg.cpu_count = 2;
	cfg.cmdline = "console=ttyAMA0";
	cfg.gic.version = 3;
	cfg.gic.dist = 0x2f000000;
	cfg.gic.gicr = 0x2f100000;
	cfg.gic.gicc = 0x2c002000;
	mem[0] = (struct cfg_mem){ .start = 0x80000000, .size = 0x10000000, .next = &mem[1] };
	mem[1] = (struct cfg_mem){ .start = 0x1000, .size = 0x1000, .rom = true, .next = &mem[2] };
	mem[2] = (struct cfg_mem){ .start = 0x880000000, .size = 0x80000000 };
	cfg.mem = mem;
	dev[0] = (struct vdev){ .type = &silent_type, .next = &dev[1] };
	dev[1] = (struct vdev){ .type = &other_type, .base = 0x1c0b0000, .size = 0x200, .intid = 40,
				.next = &dev[2] };
	dev[2] = (struct vdev){ .type = &uart_type, .base = 0x1c090000, .size = 0x1000, .intid = 37,
				.next = &dev[3] };
	dev[3] = (struct vdev){ .type = &uart_type, .base = 0x1c0a0000, .size = 0x1000, .intid = 38 };
	g.cfg = &cfg;
	g.devices = dev;
}

static int build(void)
{
	return guest_fdt_build(&g, buf, sizeof(buf), &used, listen(&heard));
}

static const char *string(const char *path, const char *prop)
{
	return tree_string(buf, path, prop);
}

static const char *cells(const char *path, const char *prop)
{
	return tree_cells(buf, path, prop);
}

/* No complaint at all from dtc about the tree, warnings included. */
static void check_with_dtc(void)
{
	char path[] = "/tmp/quoin-dtb-XXXXXX", command[120], line[300];
	int fd = mkstemp(path);
	FILE *f;

	REQUIRE(fd >= 0);
	CHECK_EQ(write(fd, buf, used), used);
	close(fd);
	snprintf(command, sizeof(command), "dtc -I dtb -O dtb -o /dev/null %s 2>&1", path);
	fflush(stdout);
	f = popen(command, "r");
	while (fgets(line, sizeof(line), f) != NULL) {
		CHECK_STR(line, "(no output of dtc)");
	}
	CHECK_EQ(pclose(f), 0);
	remove(path);
}

static void linux_vm(void)
{
	setup();
	REQUIRE(build() == 0);
	CHECK_EQ(fdt_check_full(buf, used), 0);
	CHECK(used <= guest_fdt_bound(&g));
	check_with_dtc();
	CHECK_STR(string("/", "model"), "QVM-Quoin linux");
	CHECK_STR(string("/", "compatible"), "quoin,vm");
	CHECK_STR(cells("/", "#address-cells"), "2");
	CHECK_STR(cells("/", "#size-cells"), "2");
	CHECK_STR(cells("/", "interrupt-parent"), "8001");
	CHECK_STR(cells("/intc@2f000000", "phandle"), "8001");
	CHECK_STR(string("/intc@2f000000", "compatible"), "arm,gic-v3");
	CHECK_STR(cells("/intc@2f000000", "reg"), "0 2f000000 0 10000 0 2f100000 0 40000");
	CHECK_STR(cells("/intc@2f000000", "#interrupt-cells"), "3");
	CHECK_STR(cells("/timer", "interrupts"), "1 d 4 1 e 4 1 b 4 1 a 4");
	CHECK_STR(cells("/timer", "always-on"), "");
	CHECK_STR(string("/psci", "compatible"), "arm,psci-1.0");
	CHECK_STR(string("/psci", "method"), "hvc");
}

static void performance_monitors(void)
{
	setup();
	g.pmu = true;
	REQUIRE(build() == 0);
	check_with_dtc();
	CHECK_STR(string("/pmu", "compatible"), "arm,armv8-pmuv3");
	CHECK_STR(cells("/pmu", "interrupts"), "(none)");
	setup();
	g.pmu = true;
	g.pmu_interrupt = true;
	REQUIRE(build() == 0);
	check_with_dtc();
	CHECK_STR(cells("/pmu", "interrupts"), "1 7 4");
	setup();
	REQUIRE(build() == 0);
	CHECK(string("/pmu", "compatible") == NULL);
}

static void cpus_and_memory(void)
{
	setup();
	REQUIRE(build() == 0);
	CHECK_STR(string("/cpus/cpu@0", "enable-method"), "psci");
	CHECK_STR(string("/cpus/cpu@1", "device_type"), "cpu");
	CHECK_STR(string("/cpus/cpu@1", "compatible"), "arm,armv8");
	CHECK_STR(cells("/cpus/cpu@1", "reg"), "1");
	CHECK(string("/cpus/cpu@2", "reg") == NULL);
	CHECK_STR(cells("/memory@80000000", "reg"), "0 80000000 0 10000000");
	CHECK_STR(string("/memory@80000000", "device_type"), "memory");
	CHECK_STR(cells("/memory@880000000", "reg"), "8 80000000 0 80000000");
	CHECK(fdt_path_offset(buf, "/memory@1000") < 0); /* a rom is not memory to a guest */
}

static void devices(void)
{
	setup();
	REQUIRE(build() == 0);
	CHECK_STR(string("/vdevs", "compatible"), "simple-bus");
	CHECK_STR(cells("/vdevs", "ranges"), "");
	CHECK_STR(cells("/vdevs/uart@1c090000", "reg"), "0 1c090000 0 1000");
	CHECK_STR(cells("/vdevs/uart@1c090000", "interrupts"), "0 5 4"); /* gic:37 is SPI 5 */
	CHECK_STR(cells("/vdevs/uart@1c090000", "clocks"), "8002 8002");
	CHECK_STR(cells("/clock-24m", "phandle"), "8002");
	CHECK_STR(cells("/clock-24m", "clock-frequency"), "16e3600");
	CHECK_STR(cells("/vdevs/virtio_mmio@1c0b0000", "interrupts"), "0 8 1");
	CHECK_STR(cells("/vdevs/virtio_mmio@1c0b0000", "dma-coherent"), "");
	CHECK_STR(string("/aliases", "serial0"), "/vdevs/uart@1c090000");
	CHECK_STR(string("/aliases", "serial1"), "/vdevs/uart@1c0a0000");
	CHECK_STR(string("/chosen", "stdout-path"), "serial0");
}

static void chosen(void)
{
	static const u8 seed[64] = { 1, 2, 3, 4 };
	int len;

	setup();
	REQUIRE(build() == 0);
	CHECK_STR(string("/chosen", "bootargs"), "console=ttyAMA0");
	CHECK(string("/chosen", "rng-seed") == NULL);
	CHECK(string("/chosen", "kaslr-seed") == NULL);
	CHECK(string("/chosen", "linux,initrd-start") == NULL);
	g.rng_seed = seed;
	g.rng_seed_len = sizeof(seed);
	g.kaslr_seed = 0x123456789abcdef0;
	g.initrd = (struct range){ 0x88000000, 0x123456 };
	REQUIRE(build() == 0);
	check_with_dtc();
	CHECK_MEM(string("/chosen", "rng-seed"), seed, sizeof(seed));
	fdt_getprop(buf, fdt_path_offset(buf, "/chosen"), "rng-seed", &len);
	CHECK_EQ(len, 64);
	CHECK_STR(cells("/chosen", "kaslr-seed"), "12345678 9abcdef0");
	CHECK_STR(cells("/chosen", "linux,initrd-start"), "0 88000000");
	CHECK_STR(cells("/chosen", "linux,initrd-end"), "0 88123456");
}

static void gicv2_vm(void)
{
	setup();
	cfg.gic.version = 2;
	cfg.cpu_count = 3;
	REQUIRE(build() == 0);
	check_with_dtc();
	CHECK_STR(string("/intc@2f000000", "compatible"), "arm,gic-400");
	CHECK_STR(cells("/intc@2f000000", "reg"), "0 2f000000 0 1000 0 2c002000 0 2000");
	CHECK_STR(cells("/timer", "interrupts"), "1 d 704 1 e 704 1 b 704 1 a 704");
}

static void bare_vm(void)
{
	setup();
	g.devices = NULL;
	cfg.cmdline = NULL;
	REQUIRE(build() == 0);
	check_with_dtc();
	CHECK(fdt_path_offset(buf, "/aliases") < 0);
	CHECK(string("/chosen", "stdout-path") == NULL);
	CHECK_STR(string("/chosen", "bootargs"), "");
}

static void too_small(void)
{
	size_t full, n;

	setup();
	REQUIRE(build() == 0);
	full = used;
	for (n = 0; n < full; n++) {
		CHECK_EQ(guest_fdt_build(&g, buf, n, &used, listen(&heard)), -28);
		CHECK_EQ(heard.d.errors, 1);
	}
	CHECK_STR(heard.last, "linux.qvmconf:1:1: error: the VM's device tree does not fit into its "
			      "space of memory");
}

/* The space planned for a tree is enough for the largest of VMs. */
static void bound_of_a_big_vm(void)
{
	static struct cfg_mem many_mem[40];
	static struct vdev many[60];
	static char cmdline[3000];
	static const u8 seed[64] = { 1 };
	size_t i;

	setup();
	for (i = 0; i < ARRAY_SIZE(many_mem); i++) {
		many_mem[i] = (struct cfg_mem){ .start = 0xff0000000000 + (i << 21), .size = 1 << 21,
						.next = &many_mem[i + 1] };
	}
	many_mem[i - 1].next = NULL;
	for (i = 0; i < ARRAY_SIZE(many); i++) {
		many[i] = (struct vdev){ .type = &uart_type, .base = 0xfe0000000000 + (i << 12),
					 .size = 0x1000, .intid = 1000, .next = &many[i + 1] };
	}
	many[i - 1].next = NULL;
	memset(cmdline, 'x', sizeof(cmdline) - 1);
	cfg.mem = many_mem;
	cfg.cpu_count = VM_MAX_CPUS;
	cfg.cmdline = cmdline;
	memset(cfg.name, 'n', sizeof(cfg.name) - 1);
	g.devices = many;
	g.rng_seed = seed;
	g.rng_seed_len = sizeof(seed);
	g.kaslr_seed = 1;
	g.initrd.size = 1;
	REQUIRE(build() == 0);
	CHECK(used <= guest_fdt_bound(&g));
	CHECK(used > 16384);
	check_with_dtc();
}

static unsigned char *merge(const char *root)
{
	size_t size;
	unsigned char *user = dtc_root(root, &size);

	setup();
	g.user = user;
	if (user == NULL || !test_true(__FILE__, __LINE__, "tree can be merged",
				       fdt_writer_check(user, size) == NULL)) {
		return user;
	}
	CHECK(guest_fdt_bound(&g) <= sizeof(buf));
	CHECK_EQ(build(), 0);
	CHECK_EQ(fdt_check_full(buf, used), 0);
	CHECK(used <= guest_fdt_bound(&g));
	return user;
}

static void user_properties_win(void)
{
	unsigned char *user = merge(
		"#address-cells = <2>; #size-cells = <2>; compatible = \"my,board\"; model = \"mine\";"
		"extra = <7>;"
		"vdevs { #address-cells = <2>; #size-cells = <2>;"
		"  uart@1c090000 { compatible = \"my,uart\"; current-speed = <115200>; child { x; }; }; };"
		"psci { method = \"smc\"; };"
		"cpus { #address-cells = <1>; #size-cells = <0>;"
		"  cpu@1 { compatible = \"arm,cortex-a72\"; }; };");

	REQUIRE(user != NULL);
	check_with_dtc();
	CHECK_STR(string("/", "compatible"), "my,board");
	CHECK_STR(string("/", "model"), "QVM-Quoin linux"); /* the mark of a VM stays */
	CHECK_STR(cells("/", "extra"), "7");
	CHECK_STR(string("/vdevs/uart@1c090000", "compatible"), "my,uart");
	CHECK_STR(cells("/vdevs/uart@1c090000", "current-speed"), "1c200");
	CHECK_STR(cells("/vdevs/uart@1c090000", "interrupts"), "0 5 4"); /* the rest as generated */
	CHECK_STR(cells("/vdevs/uart@1c090000/child", "x"), "");
	CHECK_STR(string("/vdevs/uart@1c0a0000", "compatible"), "arm,pl011");
	CHECK_STR(string("/psci", "method"), "smc");
	CHECK_STR(string("/cpus/cpu@0", "compatible"), "arm,armv8");
	CHECK_STR(string("/cpus/cpu@1", "compatible"), "arm,cortex-a72");
	free(user);
}

/* What is true of one start only is never taken from a file. */
static void stale_chosen(void)
{
	static const u8 seed[64] = { 9 };
	unsigned char *user = merge(
		"#address-cells = <2>; #size-cells = <2>;"
		"chosen { bootargs = \"mine\"; linux,initrd-start = <1 2>; linux,initrd-end = <3 4>;"
		" kaslr-seed = <5 6>; rng-seed = <7>; };");

	REQUIRE(user != NULL);
	CHECK_STR(string("/chosen", "bootargs"), "mine");
	CHECK_STR(cells("/chosen", "linux,initrd-start"), "(none)");
	CHECK_STR(cells("/chosen", "kaslr-seed"), "(none)");
	CHECK_STR(cells("/chosen", "rng-seed"), "(none)");
	g.initrd = (struct range){ 0x88000000, 0x1000 };
	g.rng_seed = seed;
	g.rng_seed_len = sizeof(seed);
	g.kaslr_seed = 0x10;
	CHECK_EQ(build(), 0);
	CHECK_STR(cells("/chosen", "linux,initrd-start"), "0 88000000");
	CHECK_STR(cells("/chosen", "linux,initrd-end"), "0 88001000");
	CHECK_STR(cells("/chosen", "kaslr-seed"), "0 10");
	CHECK_MEM(string("/chosen", "rng-seed"), seed, sizeof(seed));
	free(user);
}

static void user_nodes_are_added(void)
{
	unsigned char *user = merge(
		"#address-cells = <2>; #size-cells = <2>;"
		"soc { #address-cells = <2>; #size-cells = <2>; ranges; compatible = \"simple-bus\";"
		"  gpio: gpio@e0000000 { reg = <0 0xe0000000 0 0x1000>; gpio-controller;"
		"     #gpio-cells = <2>; interrupts = <0 50 4>; inner { deep { deeper { v = <1>; }; }; }; }; };"
		"leds { compatible = \"gpio-leds\"; led { gpios = <&gpio 1 2>; }; };");
	int node, count = 0;

	REQUIRE(user != NULL);
	check_with_dtc();
	CHECK_STR(cells("/soc/gpio@e0000000", "interrupts"), "0 32 4");
	CHECK_STR(cells("/soc/gpio@e0000000/inner/deep/deeper", "v"), "1");
	CHECK_STR(cells("/leds/led", "gpios"), cells("/soc/gpio@e0000000", "phandle")[0] == '1' ?
			"1 1 2" : "");
	CHECK_STR(cells("/", "interrupt-parent"), "8001");
	fdt_for_each_subnode(node, buf, 0)
	{
		count++;
	}
	CHECK_EQ(count, 12); /* 10 generated and these two: none lost, none doubled */
	free(user);
}

/* A user's tree may describe the GIC by a label of its own and refer to it. */
static void user_phandles_hold(void)
{
	unsigned char *user = merge(
		"#address-cells = <2>; #size-cells = <2>;"
		"dev { interrupt-parent = <&gic>; interrupts = <0 1 4>; clocks = <&clk>; };"
		"gic: intc@2f000000 { }; clk: clock-24m { };");

	REQUIRE(user != NULL);
	CHECK_STR(cells("/intc@2f000000", "phandle"), "1");
	CHECK_STR(cells("/", "interrupt-parent"), "1");
	CHECK_STR(cells("/dev", "interrupt-parent"), "1");
	CHECK_STR(cells("/clock-24m", "phandle"), "2");
	CHECK_STR(cells("/vdevs/uart@1c090000", "clocks"), "2 2");
	check_with_dtc();
	free(user);
	user = merge("#address-cells = <2>; #size-cells = <2>; a { phandle = <0x8001>; };"
		     "b { phandle = <0x9005>; };");
	REQUIRE(user != NULL);
	CHECK_STR(cells("/intc@2f000000", "phandle"), "9006");
	CHECK_STR(cells("/clock-24m", "phandle"), "9007");
	CHECK_STR(cells("/a", "phandle"), "8001");
	check_with_dtc();
	free(user);
}

static void reservations_are_merged(void)
{
	size_t size;
	unsigned char *user = dtc_text("/dts-v1/; /memreserve/ 0x81000000 0x2000;\n/ { };", &size);
	u64 start = 0, len = 0;

	REQUIRE(user != NULL);
	setup();
	g.user = user;
	REQUIRE(build() == 0);
	CHECK_EQ(fdt_num_mem_rsv(buf), 1);
	CHECK_EQ(fdt_get_mem_rsv(buf, 0, &start, &len), 0);
	CHECK_EQ(start, 0x81000000);
	CHECK_EQ(len, 0x2000);
	free(user);
}

static void trees_that_cannot_be_merged(void)
{
	static const struct {
		const char *root, *what;
	} table[] = {
		{ "#address-cells = <1>; #size-cells = <2>;",
		  "has a root whose #address-cells or #size-cells is not 2" },
		{ "fragment@0 { target-path = \"/\"; __overlay__ { x; }; };",
		  "is an overlay with unresolved references (expected a plain tree: "
		  "nodes at their own paths)" },
	};
	unsigned char *user;
	size_t size, i;

	for (i = 0; i < ARRAY_SIZE(table); i++) {
		user = dtc_root(table[i].root, &size);
		REQUIRE(user != NULL);
		CHECK_STR(fdt_writer_check(user, size), table[i].what);
		free(user);
	}
	CHECK_STR(fdt_writer_check("garbage garbage garbage garbage garbage garbage", 44),
		  "has no device tree magic (0xd00dfeed)");
}

/* A tree that passes the check never crashes the merge, whatever its bytes are. */
static void damaged_trees(void)
{
	static const unsigned char change[] = { 0x01, 0x04, 0x80, 0xff };
	unsigned char *user;
	size_t size, i, k, merged = 0;

	user = dtc_root("#address-cells = <2>; #size-cells = <2>; compatible = \"x\";"
			"vdevs { uart@1c090000 { a = <1>; b { c; }; }; }; n { p = <&l>; l: m { }; };",
			&size);
	REQUIRE(user != NULL);
	setup();
	g.user = user;
	for (i = 0; i < size; i++) {
		for (k = 0; k < sizeof(change); k++) {
			user[i] ^= change[k];
			if (fdt_writer_check(user, size) == NULL) {
				merged++;
				build();
			}
			user[i] ^= change[k];
		}
	}
	CHECK(merged > 100);
	free(user);
}

/* Clocks of devices: one node for each frequency, whoever asks; with too many the last one counts. */
static void clocks_of_devices(void)
{
	setup();
	dev[0].type = dev[1].type = dev[2].type = dev[3].type = &timed_type;
	dev[0].base = 0x1c080000;
	dev[0].intid = 37;
	REQUIRE(build() == 0);
	check_with_dtc();
	CHECK_STR(cells("/clock-37000", "clock-frequency"), "9088");
	CHECK_STR(cells("/clock-37000", "phandle"), "8003");
	CHECK_STR(cells("/clock-40000", "phandle"), "8004");
	CHECK_STR(cells("/clock-38000", "phandle"), "8005");
	CHECK_STR(cells("/vdevs/timer@1c080000", "clocks"), "8003 8002");
	CHECK_STR(cells("/vdevs/timer@1c0b0000", "clocks"), "8004 8002");
	CHECK_STR(cells("/vdevs/timer@1c090000", "clocks"), "8003 8002");
	CHECK_STR(cells("/vdevs/timer@1c0a0000", "clocks"), "8005 8002");
}

TEST_MAIN(RUN(clocks_of_devices), RUN(linux_vm), RUN(performance_monitors), RUN(cpus_and_memory), RUN(devices), RUN(chosen), RUN(gicv2_vm),
	  RUN(bare_vm), RUN(too_small), RUN(bound_of_a_big_vm), RUN(user_properties_win),
	  RUN(stale_chosen),
	  RUN(user_nodes_are_added), RUN(user_phandles_hold), RUN(reservations_are_merged),
	  RUN(trees_that_cannot_be_merged), RUN(damaged_trees))
