/* SPDX-License-Identifier: Apache-2.0 */
/* What good qvmconf texts mean: the structure they become. */
#include "core/base/log.h"
#include "core/config/value.h"
#include "tests/unit/config_util.h"
#include "tests/unit/test.h"

static const struct range board_ram[] = { { 0x40000000, MiB(2048) } };
static const struct board_limits board_v3 = { .cpu_count = 4, .gic_version = 3, .pa_bits = 40, .ram = board_ram, .ram_count = 1 };
static const struct board_limits board_v2 = { .cpu_count = 4, .gic_version = 2, .pa_bits = 40, .ram = board_ram, .ram_count = 1 };

/* Parses and checks without an error; what was said is in log_text. */
static void good(const char *text, const struct board_limits *board)
{
	CHECK_EQ(parse_text(text), 0);
	CHECK_EQ(config_check(&cfg, board, &diag), 0);
	if (diag.errors != 0) {
		CHECK_STR(log_text, "");
	}
}

static const struct cfg_vdev *vdev(const char *name)
{
	const struct cfg_vdev *v = cfg.vdev;

	while (v != NULL && strcmp(v->type_name, name) != 0) {
		v = v->next;
	}
	return v;
}

static void numbers(void)
{
	static const struct {
		const char *text;
		u64 want;
	} ok[] = {
		{ "0", 0 }, { "007", 7 }, { "0x10", 16 }, { "0XfF", 255 }, { "0d16384", 16384 },
		{ "4K", 4096 }, { "32m", 32 << 20 }, { "0x10k", 16384 }, { "0d2G", 2UL << 30 },
		{ "18446744073709551615", ~0UL }, { "0xffffffffffffffff", ~0UL },
		{ "0x3ffffffffG", 0xffffffffc0000000 },
	};
	static const char *const bad[] = {
		"", "x", "0x", "0d", "K", "-1", "+1", "1 ", " 1", "1kk", "0xg", "0d0x1", "1.5M", "0x1_0",
	};
	static const char *const large[] = {
		"18446744073709551616", "0x10000000000000000", "0x400000000G", "99999999999999999999999",
	};
	u64 v;

	for (size_t i = 0; i < ARRAY_SIZE(ok); i++) {
		CHECK_EQ(value_number(slice_of(ok[i].text), &v), VALUE_OK);
		CHECK_EQ(v, ok[i].want);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		CHECK_EQ(value_number(slice_of(bad[i]), &v), VALUE_BAD);
	}
	for (size_t i = 0; i < ARRAY_SIZE(large); i++) {
		CHECK_EQ(value_number(slice_of(large[i]), &v), VALUE_TOO_LARGE);
	}
	CHECK_EQ(value_bool(slice_of("yes")), 1);
	CHECK_EQ(value_bool(slice_of("0")), 0);
	CHECK_EQ(value_bool(slice_of("ON")), (u64)-1);
}

static void nearest_words(void)
{
	static const struct {
		const char *word, *want;
	} rows[] = {
		{ "cmdlien", "cmdline" }, { "cmdlines", "cmdline" }, { "cmdlxxx", "" }, { "lod", "load" },
		{ "lxxd", "" }, { "", "" }, { "ram", "ram" }, { "rams", "ram" }, { "rim", "rom" },
		{ "a-word-of-more-than-twenty-three", "" },
	};
	static const char *const words[] = { "cmdline", "rom", "ram", "load" };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct nearest n = nearest_to(rows[i].word);

		for (size_t j = 0; j < ARRAY_SIZE(words); j++) {
			nearest_try(&n, slice_of(words[j]));
		}
		CHECK_EQ(n.best.n, strlen(rows[i].want));
		CHECK(n.best.n == 0 || slice_is(n.best, rows[i].want));
	}
}

static void words(void)
{
	/* Comments, quotes anywhere in a word, escapes, joined lines, line ends in quotes, CRLF. */
	CHECK_EQ(parse_text("cmdline \"a # b\" # \"comment\r\n"), 0);
	CHECK_STR(cfg.cmdline, "a # b");
	CHECK_EQ(parse_text("cmdline a\"b c\"d\"\"#x"), 0);
	CHECK_STR(cfg.cmdline, "ab cd");
	CHECK_EQ(parse_text("cmdline \"say \\\"hi\\\" \\\\ \\x\""), 0);
	CHECK_STR(cfg.cmdline, "say \"hi\" \\ x");
	CHECK_EQ(parse_text("cmdline \"one \\\n two\\\r\nthree\n four\r\nfive\""), 0);
	CHECK_STR(cfg.cmdline, "one  twothree  four five");
	CHECK_EQ(parse_text("cmdline \\\n  c:\\dir\\x\\\ndryrun"), 0);
	CHECK_STR(cfg.cmdline, "c:\\dir\\x");
	CHECK(cfg.dryrun);
	CHECK_EQ(parse_text("cmdline \"\""), 0);
	CHECK_STR(cfg.cmdline, "");
	CHECK_EQ(parse_text("cmdline \"@t\" cmdline \"tab\there\" cmdline \xc3\xa9"), 0);
	CHECK_STR(cfg.cmdline, "\xc3\xa9");
	CHECK_EQ(parse_text(""), 0);
	CHECK_EQ(parse_text("# only a comment"), 0);
	CHECK_EQ(cfg.cpu_count, 1);
	CHECK_STR(cfg.name, "qvm-guest");
	CHECK(!cfg.named);
}

static void one_stream_of_files_and_words(void)
{
	const struct test_file files[] = {
		{ "/vm/a", "system box cpu" }, { "/vm/b", "sched 9 @/vm/c" }, { "/vm/c", "ram\n" },
		{ NULL, NULL },
	};
	/* A context and even an option waiting for its argument go on across the border. */
	const char *const list[] = {
		"@/vm/a", "runmask", "1", "@/vm/b", "0x80000000,64M", "cmdline", "a b", NULL,
	};

	test_files = files;
	CHECK_EQ(parse_words(list), 0);
	CHECK_STR(cfg.name, "box");
	CHECK_EQ(cfg.cpu_count, 1);
	CHECK_EQ(cfg.cpu[0].runmask, 2);
	CHECK_EQ(cfg.cpu[0].prio, 9);
	REQUIRE(cfg.mem != NULL);
	CHECK_EQ(cfg.mem->size, MiB(64));
	CHECK_STR(cfg.mem->pos.file, "command line");
	CHECK_EQ(cfg.mem->pos.col, 25);
	CHECK_STR(cfg.cmdline, "a b");
	test_files = NULL;
}

static void contexts(void)
{
	/* Neutral options close no context. */
	CHECK_EQ(parse_text("cpu sched 8 ram 32m cpu ram 32m sched 6"), 0);
	CHECK_EQ(cfg.cpu_count, 2);
	CHECK_EQ(cfg.cpu[0].prio, 8);
	CHECK_EQ(cfg.cpu[1].prio, 6);
	CHECK_EQ(parse_text("cpu sched 8 sched 6 cpu"), 0);
	CHECK_EQ(cfg.cpu_count, 2);
	CHECK_EQ(cfg.cpu[0].prio, 6);
	CHECK_EQ(cfg.cpu[1].prio, 0);
	CHECK_EQ(parse_text("vdev pl011 set exit-on-halt off loc 0x1000 cpu runmask 0,2 sched 7r"), 0);
	REQUIRE(cfg.vdev != NULL && cfg.vdev->loc != NULL);
	CHECK_EQ(cfg.vdev->loc->addr, 0x1000);
	CHECK_EQ(cfg.cpu[0].runmask, 5);
	CHECK_EQ(cfg.cpu[0].prio, 7);
	CHECK_EQ(cfg.exit_on_halt, TRI_OFF);
	CHECK_EQ(parse_text("cpu sched 12f cpu sched 0d13o"), 0);
	CHECK_EQ(cfg.cpu[0].alg, SCHED_FIFO);
	CHECK_EQ(cfg.cpu[0].prio, 12);
	CHECK_EQ(cfg.cpu[1].alg, SCHED_RR);
	CHECK_EQ(parse_text("cpu sched 9,8,7,100,50s"), 0);
	CHECK_EQ(cfg.cpu[0].alg, SCHED_SPORADIC);
	CHECK_EQ(cfg.cpu[0].prio, 9);
	CHECK_EQ(cfg.cpu[0].prio_low, 8);
	CHECK_EQ(cfg.cpu[0].max_repl, 7);
	CHECK_EQ(cfg.cpu[0].period_us, 100);
	CHECK_EQ(cfg.cpu[0].budget_us, 50);
	CHECK_EQ(parse_text("cpu sched 9,9,1,3600000000,3600000000 s runmask 1 cpu"), 0);
	CHECK_EQ(cfg.cpu[0].alg, SCHED_SPORADIC);
	CHECK_EQ(cfg.cpu[0].budget_us, 3600000000);
	CHECK_EQ(cfg.cpu[0].runmask, 2);
	CHECK_EQ(cfg.cpu_count, 2);
}

static void defaults(void)
{
	good("ram 64M load /k", NULL);
	CHECK_EQ(cfg.cpu_count, 1);
	CHECK_EQ(cfg.cpu[0].runmask, 0);
	CHECK_EQ(cfg.mem->start, 0x80000000);
	CHECK_EQ(cfg.unsup_instruction, UNSUP_FAIL);
	CHECK_EQ(cfg.unsup_reference, UNSUP_IGNORE);
	CHECK_EQ(cfg.unsup_register, UNSUP_FAIL);
	CHECK_EQ(cfg.logger_mask, 0x1f);
	CHECK_EQ(cfg.exit_on_halt, TRI_AUTO);
	CHECK_EQ(cfg.counter_offset, 0);
	CHECK(!cfg.has_fdt_addr && !cfg.dryrun && cfg.cmdline == NULL && cfg.dump == NULL);
	CHECK_EQ(cfg.safety, SAFETY_NONE);
	REQUIRE(cfg.vdev != NULL);
	CHECK_STR(cfg.vdev->type_name, "gic");
	CHECK(cfg.vdev->implicit);
	CHECK_STR(log_text, "");
}

static void neutral_options(void)
{
	CHECK_EQ(parse_text("unsupported instruction abort unsupported reference fail "
			    "unsupported register ignore logger fatal,error stderr "
			    "logger verbose stdout logger info none dryrun safety none "
			    "set counter-offset ~0 set fdt-addr 0x88000000 set fdt-dump-file x.dtb "
			    "set exit-on-halt true set counter-offset 7 cmdline a cmdline b"), 0);
	CHECK_EQ(cfg.unsup_instruction, UNSUP_ABORT);
	CHECK_EQ(cfg.unsup_reference, UNSUP_FAIL);
	CHECK_EQ(cfg.unsup_register, UNSUP_IGNORE);
	CHECK_EQ(cfg.logger_mask, 1U << LOG_FATAL | 1U << LOG_ERROR | 1U << LOG_VERBOSE);
	CHECK(cfg.dryrun);
	CHECK_EQ(cfg.counter_offset, 7);
	CHECK(cfg.has_fdt_addr);
	CHECK_EQ(cfg.fdt_addr, 0x88000000);
	CHECK_STR(cfg.fdt_dump_file, "x.dtb");
	CHECK_EQ(cfg.exit_on_halt, TRI_ON);
	CHECK_STR(cfg.cmdline, "b");
	CHECK_EQ(parse_text("set counter-offset ~0 logger info none"), 0);
	CHECK_EQ(cfg.counter_offset, ~0UL);
	CHECK_EQ(cfg.logger_mask, 0);
	CHECK(!cfg.pmu_off);
	CHECK_EQ(parse_text("set pmu off"), 0);
	CHECK(cfg.pmu_off);
	CHECK_EQ(parse_text("set pmu off set pmu on"), 0);
	CHECK(!cfg.pmu_off);
	CHECK_EQ(cfg.logger_slog, 1U << LOG_INTERNAL);
	CHECK_EQ(parse_text("logger info,debug slog logger info stdout logger warn,fatal none"), 0);
	CHECK_EQ(cfg.logger_mask, 1U << LOG_INFO);
	CHECK_EQ(cfg.logger_slog, 1U << LOG_INTERNAL | 1U << LOG_INFO | 1U << LOG_DEBUG);
	CHECK_EQ(parse_text("set ?"), 0);
	CHECK(strstr(log_text, "note: set exit-on-halt on, off or auto\n") != NULL);
	CHECK(strstr(log_text, "note: set grow-heap a number (not supported yet)") != NULL);
}

static void memory_and_loads(void)
{
	const struct cfg_load *l;

	good("ram 0x80000000,64M rom 1M ram 4K reserve loc 0x84102000,4K intr 40\n"
	     "vdev pl011 loc 0x84101000 intr gic:37\n"
	     "load /k load 0x80008000,/a,b,c initrd load module:2 fdt load module@0x48000000\n"
	     "data load 0x80000000,module:0 load x,y guest load 0d2147549184,z", NULL);
	CHECK_EQ(cfg.mem->next->start, 0x84000000);
	CHECK(cfg.mem->next->rom && !cfg.mem->rom);
	CHECK_EQ(cfg.mem->next->next->start, 0x84100000);
	l = cfg.load;
	CHECK_STR(l->path, "/k");
	CHECK_EQ(l->blob, BLOB_PLAIN);
	CHECK(!l->has_addr);
	l = l->next;
	CHECK_STR(l->path, "/a,b,c");
	CHECK_EQ(l->addr, 0x80008000);
	l = l->next;
	CHECK_EQ(l->blob, BLOB_INITRD);
	CHECK_EQ(l->source, SOURCE_MODULE_INDEX);
	CHECK_EQ(l->module, 2);
	l = l->next;
	CHECK_EQ(l->blob, BLOB_FDT);
	CHECK_EQ(l->source, SOURCE_MODULE_ADDR);
	CHECK_EQ(l->module, 0x48000000);
	l = l->next;
	CHECK_EQ(l->blob, BLOB_DATA);
	CHECK(l->has_addr);
	CHECK_EQ(l->source, SOURCE_MODULE_INDEX);
	l = l->next;
	CHECK_STR(l->path, "x,y");
	l = l->next;
	CHECK_EQ(l->blob, BLOB_GUEST);
	CHECK_STR(l->path, "z");
	CHECK_EQ(l->addr, 0x80010000);
	CHECK(l->next == NULL);
}

static void automatic_ram_keeps_clear(void)
{
	/* Behind the highest so far, past a device, past a reservation. */
	good("ram 0x80000000,1M ram 1M load /k vdev pl011 loc 0x80180000 intr gic:37 "
	     "reserve loc 0x80181000,0x800", NULL);
	CHECK_EQ(cfg.mem->next->start, 0x80182000);
	good("ram 0x40000000,1M rom 0x90000000,1M ram 1M load /k", NULL);
	CHECK_EQ(cfg.mem->next->next->start, 0x90100000);
}

static void gic_resolution(void)
{
	static const struct {
		const char *text;
		const struct board_limits *board;
		u32 version;
		u64 dist, second;
	} rows[] = {
		{ "", NULL, 0, 0x2f000000, 0x2f100000 },
		{ "", &board_v3, 3, 0x2f000000, 0x2f100000 },
		{ "", &board_v2, 2, 0x2c001000, 0x2c002000 },
		{ "vdev gic", &board_v2, 2, 0x2c001000, 0x2c002000 },
		{ "vdev vdev-gic.so version 2", NULL, 2, 0x2c001000, 0x2c002000 },
		{ "vdev gic version 2 version 3", NULL, 3, 0x2f000000, 0x2f100000 },
		{ "vdev gic loc 0x08000000 gicr 0x080a0000", NULL, 3, 0x08000000, 0x080a0000 },
		{ "vdev gic loc 0x08000000 gicc 0x08010000", NULL, 2, 0x08000000, 0x08010000 },
		{ "vdev gic loc 0x08000000 gicc 0x08010000 gicr 0x080a0000", &board_v2, 2, 0x08000000,
		  0x08010000 },
		{ "vdev gic loc 0x08000000 gicc 0x08010000 gicr 0x080a0000", &board_v3, 3, 0x08000000,
		  0x080a0000 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char text[200];

		snprintf(text, sizeof(text), "ram 64M load /k %s", rows[i].text);
		good(text, rows[i].board);
		CHECK_STR(log_text, "");
		CHECK_EQ(cfg.gic.version, rows[i].version);
		CHECK_EQ(cfg.gic.dist, rows[i].dist);
		CHECK_EQ(cfg.gic.version == 2 ? cfg.gic.gicc : cfg.gic.gicr, rows[i].second);
		CHECK(cfg.vdev->decl == config_gic_options);
	}
	/* Its name is another word for gic, once given. */
	good("ram 64M load /k vdev gic name pic vdev pl011 loc 0x1000 intr pic:40", NULL);
	CHECK_EQ(vdev("pl011")->intr->line, 40);
}

static void map_is_sorted_and_whole(void)
{
	static const char *const want[] = { "vdev pl011", "GICD", "stolen time", "GICR", "rom", "ram" };

	good("ram 0x80000000,64M rom 0x40000000,1M load /k vdev pl011 loc 0x1c090000 intr gic:37 cpu cpu",
	     &board_v3);
	CHECK_EQ(cfg.window_count, ARRAY_SIZE(want));
	for (size_t i = 0; i < MIN(ARRAY_SIZE(want), (size_t)cfg.window_count); i++) {
		CHECK_STR(cfg.window[i].what, want[i]);
	}
	CHECK_EQ(cfg.window[3].size, 0x40000);
}

static void pass_forms(void)
{
	const struct cfg_pass *p;
	const struct cfg_loc *l;
	const struct cfg_intr *in;

	CHECK_EQ(parse_text("pass loc mem:0x0F000000,0x01000000,rwn=0x0E000000 intr gic:44=150,t intr gic:45,u "
			    "pass loc 0xe6055400,0x050 loc mem:0x2000,r=0x1000 loc pci:0:12.0=pci:0x8086/0x1 "
			    "loc pci:0x1/0x2 loc $asinfo_start{uart},$asinfo_length{uart},+rw-x "
			    "data pass intr gic:144=33 dma none fault stop"), 0);
	p = cfg.pass;
	REQUIRE(p != NULL && p->next != NULL && p->next->next != NULL);
	l = p->loc;
	CHECK_EQ(l->addr, 0x0f000000);
	CHECK_EQ(l->size, 0x01000000);
	CHECK_STR(l->attrs, "rwn");
	CHECK(l->has_host);
	CHECK_EQ(l->host, 0x0e000000);
	in = p->intr;
	CHECK_EQ(in->line, 44);
	CHECK_EQ(in->host, 150);
	CHECK_EQ(in->flag, 't');
	CHECK_EQ(in->next->flag, 'u');
	CHECK(!in->next->has_host);
	l = p->next->loc;
	CHECK_EQ(l->size, 0x50);
	CHECK(l->attrs == NULL);
	l = l->next;
	CHECK_EQ(l->size, 0);
	CHECK_STR(l->attrs, "r");
	CHECK_EQ(l->host, 0x1000);
	l = l->next;
	CHECK_EQ(l->space, LOC_PCI);
	CHECK_EQ(l->fn.bdf, 12 << 3);
	CHECK(l->host_fn.by_id);
	CHECK_EQ(l->host_fn.vendor, 0x8086);
	CHECK_EQ(l->host_fn.device, 1);
	l = l->next;
	CHECK_EQ(l->space, LOC_PCI);
	CHECK(!l->has_host);
	l = l->next;
	CHECK(l->symbolic);
	CHECK_STR(l->attrs, "+rw-x");
	CHECK_STR(l->addr_name.name, "uart");
	CHECK(!l->addr_name.length && l->size_name.length);
	CHECK_EQ(p->next->next->blob, BLOB_DATA);
	CHECK_EQ(p->next->next->dma, PASS_DMA_NONE);
	CHECK(p->next->next->fault_stop);
	CHECK_EQ(diag.warnings, 0);
}

static void vdev_spellings_and_options(void)
{
	const struct cfg_option *o;

	good("ram 64M load /k vdev vdev-pl011.so hostdev >- hostdev <\"-\" hostdev \"/dev/x y\" loc 0x1000 loc 0x2000 "
	     "intr gic:36 intr gic:37 name u vdev vdev-pl011 loc 0x3000 intr gic:38", NULL);
	REQUIRE(vdev("pl011") != NULL);
	CHECK(vdev("pl011")->type == vdev_find("pl011"));
	CHECK_EQ(vdev("pl011")->loc->addr, 0x2000);
	CHECK(vdev("pl011")->loc->next == NULL);
	CHECK_EQ(vdev("pl011")->intr->line, 37);
	CHECK_STR(vdev("pl011")->name, "u");
	o = vdev("pl011")->options;
	REQUIRE(o != NULL && o->next != NULL);
	CHECK_STR(o->decl->name, "hostdev");
	CHECK_STR(o->str, ">-");
	CHECK_STR(o->next->str, "<-");
	CHECK_EQ(diag.warnings, 1); /* a host file comes later */
}

/* Configurations seen in the field, shortened; PCI, host paths and all. */
static void field_configurations(void)
{
	good("system guest_2   ram 0x80000000,512M   cpu   load image.bin\n"
	     "cmdline \"console=ttyAMA0,115200 earlycon=pl011,mmio32,0x1c090000 root=/dev/vda rw rootwait\"\n"
	     "vdev gic version 2\n"
	     "vdev pl011 hostdev - loc 0x1c090000 intr gic:37\n"
	     "vdev virtio-blk loc 0x1c0d0000 intr gic:41 hostdev fs.img name rootfs\n"
	     "vdev virtio-net loc 0x1c0c0000 intr gic:40 mac 52:54:00:00:01:02 peer /dev/vdevpeers/vp1 "
	     "peerfeats 0x19c3 name guest_to_host\n"
	     "vdev virtio-net loc 0x20040000 intr gic:43 mac 52:54:00:00:01:03 peer "
	     "/dev/qvm/guest_1/guest_to_guest peerfeats 0 name guest_to_guest\n", &board_v2);
	CHECK_EQ(diag.warnings, 0);
	CHECK_EQ(cfg.gic.version, 2);
	good("system qnx ram 0x80000000,256M load qnx.ifs cpu cpu\n"
	     "vdev pl011 loc 0x1c090000 intr\n gic:37 hostdev >-\n"
	     "vdev virtio-console loc 0x20000000 intr gic:42\n"
	     "vdev shmem loc 0x1c050000 intr gic:38 create fb_shared,0x400000 allow fb_shared\n"
	     "vdev virtio-blk loc 0x1c0d0000 intr gic:41 hostdev /dev/qvmdisk0\n"
	     "vdev wdt-sp805 loc 0x1c0f0000 intr gic:45 action dump,terminate frequency 25000000\n"
	     "pass loc mem:0xfe204000,0x1000,rwn intr gic:44=150\n", &board_v3);
	CHECK_EQ(diag.warnings, 0);
	good("ram 0x80000000,256M load kernel initrd load bxrfs.img fdt load sa8155-vm-xxx.dtb\n"
	     "vdev vdev-pl011.so loc 0x1c090000 intr gic:37 sched 20 hostdev /dev/ptyqa\n"
	     "vdev vdev-virtio-blk.so sched 10 loc 0x1c0b0000 intr gic:40 threads 4 hostdev FILE\n"
	     "vdev vdev-virtio-blk.so loc 0x1c0c0000 intr gic:41 hostdev FILE dio enable legacy\n",
	     &board_v3);
	good("system zephyr cpu ram 0x80000000,128M vdev gic version 2 load ./zephyr.elf "
	     "vdev pl011 hostdev >- loc 0x1c090000 intr gic:37", &board_v2);
	CHECK_EQ(diag.warnings, 0);
}

static void script_words(void)
{
	struct src_pos start = { "startup", 3, 5 };
	struct config_word *w;

	log_text[0] = '\0';
	diag = (struct diag) { .emit = test_emit };
	arena_init(&arena, arena_mem, sizeof(arena_mem));
	REQUIRE(config_split("qvm @/x  cmdline \"a b\" # c", 26, &start, &arena, &diag, &w) == 4);
	CHECK_STR(w[0].text, "qvm");
	CHECK_STR(w[1].text, "@/x");
	CHECK_EQ(w[1].pos.line, 3);
	CHECK_EQ(w[1].pos.col, 9);
	CHECK_STR(w[3].text, "a b");
	CHECK_EQ(config_split("", 0, &start, &arena, &diag, &w), 0);
	CHECK_EQ(config_split("a \"b", 4, &start, &arena, &diag, &w), -EINVAL);
	CHECK_STR(log_text, "startup:3:7: error: missing closing '\"'");
}

TEST_MAIN(RUN(numbers), RUN(nearest_words), RUN(words), RUN(one_stream_of_files_and_words),
	  RUN(contexts), RUN(defaults),
	  RUN(neutral_options), RUN(memory_and_loads), RUN(automatic_ram_keeps_clear),
	  RUN(gic_resolution), RUN(map_is_sorted_and_whole), RUN(pass_forms),
	  RUN(vdev_spellings_and_options), RUN(field_configurations), RUN(script_words))
