/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every message of the config language with its exact text and position: one row a kind.
 * The text stands in a file `t`.
 */
#include "tests/unit/config_util.h"
#include "tests/unit/test.h"

struct row {
	const char *text, *want;
};

static const char *check_option(const char *text)
{
	return strcmp(text, "good") == 0 ? NULL : "the word good";
}

static const struct vdev_option widget_options[] = {
	{ .name = "speed", .kind = VOPT_NUM, .min = 1, .max = 9 },
	{ .name = "room", .kind = VOPT_SIZE },
	{ .name = "lit", .kind = VOPT_BOOL },
	{ .name = "colour", .kind = VOPT_ENUM, .values = "red|green" },
	{ .name = "mood", .kind = VOPT_STRING, .check = check_option },
	{ .name = "quiet", .kind = VOPT_FLAG },
	{ .name = "soon", .kind = VOPT_STRING, .later = true },
	{ .name = NULL },
};

VDEV(widget) = {
	.abi = VDEV_ABI,
	.name = "widget",
	.window = 0x1000,
	.need_loc = true,
	.need_intr = true,
	.options = widget_options,
};

static const struct range board_ram[] = { { 0x40000000, MiB(512) }, { 0x80000000, MiB(256) } };
static const struct board_limits board_v3 = { .cpu_count = 4, .gic_version = 3, .pa_bits = 40, .ram = board_ram, .ram_count = 2 };
static const struct board_limits board_v2 = { .cpu_count = 4, .gic_version = 2, .pa_bits = 40, .ram = board_ram, .ram_count = 2 };

static void run_rows(const struct row *rows, size_t n, const struct board_limits *board, bool checked)
{
	for (size_t i = 0; i < n; i++) {
		int r = parse_text(rows[i].text);

		if (r == 0 && checked) {
			r = config_check(&cfg, board, &diag);
		}
		if (strcmp(log_text, rows[i].want) != 0) {
			printf("# row %zu: %s\n", i, rows[i].text);
		}
		CHECK_STR(log_text, rows[i].want);
		CHECK_EQ(r != 0, diag.errors != 0);
	}
}

/* Refused word by word. */
static const struct row parse_rows[] = {
	{ "ram",
	  "t:1:1: error: 'ram' ends the text: expected [ADDRESS,]SIZE" },
	{ "ram cpu",
	  "t:1:5: error: option 'cpu' follows 'ram': expected [ADDRESS,]SIZE" },
	{ "ram 32q",
	  "t:1:5: error: bad number '32q': expected decimal, 0x hex or 0d decimal, perhaps "
	  "with K, M or G behind" },
	{ "ram 0x",
	  "t:1:5: error: bad number '0x': expected decimal, 0x hex or 0d decimal, perhaps with "
	  "K, M or G behind" },
	{ "ram 0x100000000000G",
	  "t:1:5: error: number '0x100000000000G' is too large" },
	{ "ram 99999999999999999999",
	  "t:1:5: error: number '99999999999999999999' is too large" },
	{ "ram 0x1,",
	  "t:1:9: error: missing number in '0x1,'" },
	{ "ram ,4K",
	  "t:1:5: error: missing number in ',4K'" },
	{ "bogus 12 ram 32q",
	  "t:1:1: error: unknown option 'bogus': expected an option such as cpu, ram, load, "
	  "cmdline, vdev, pass, set\n"
	  "t:1:14: error: bad number '32q': expected decimal, 0x hex or 0d decimal, perhaps "
	  "with K, M or G behind" },
	{ "sytem linux",
	  "t:1:1: error: unknown option 'sytem': did you mean 'system'?" },
	{ "cmdlnie \"a b\"",
	  "t:1:1: error: unknown option 'cmdlnie': did you mean 'cmdline'?" },
	{ "cpu system x",
	  "t:1:5: error: 'system' must come first" },
	{ "system \"my vm\"",
	  "t:1:8: error: bad VM name 'my vm': expected 1 to 31 letters, digits, '_', '-' or '.'" },
	{ "system 0123456789012345678901234567890123456789",
	  "t:1:8: error: bad VM name '0123456789012345678901234567890123456789': expected 1 to "
	  "31 letters, digits, '_', '-' or '.'" },
	{ "system quoin",
	  "t:1:8: error: VM name 'quoin' is reserved" },
	{ "system all",
	  "t:1:8: error: VM name 'all' is reserved" },
	{ "system linux system linux",
	  "t:1:14: error: 'system' must come first" },
	{ "sched 8",
	  "t:1:1: error: misplaced option 'sched': it belongs to cpu or vdev" },
	{ "loc 0x1000",
	  "t:1:1: error: misplaced option 'loc': it belongs to vdev, pass or reserve" },
	{ "cpu loc 0x1000",
	  "t:1:5: error: misplaced option 'loc': it belongs to vdev, pass or reserve" },
	{ "pass name x",
		  "t:1:6: error: misplaced option 'name': it belongs to vdev" },
	{ "runmask 1",
	  "t:1:1: error: misplaced option 'runmask': it belongs to cpu" },
	{ "vdev widget runmask 1",
	  "t:1:13: error: misplaced option 'runmask': it belongs to cpu" },
	{ "hostdev -",
	  "t:1:1: error: misplaced option 'hostdev': it belongs to a vdev" },
	{ "cpu hostdev -",
	  "t:1:5: error: misplaced option 'hostdev': it belongs to a vdev" },
	{ "cpu runmask 64",
	  "t:1:13: error: 64 is out of range: expected 0 to 63" },
	{ "cpu runmask 1,x",
	  "t:1:15: error: bad number 'x': expected decimal, 0x hex or 0d decimal, perhaps with "
	  "K, M or G behind" },
	{ "cpu sched 0",
	  "t:1:11: error: 0 is out of range: expected 1 to 255" },
	{ "cpu sched 256",
	  "t:1:11: error: 256 is out of range: expected 1 to 255" },
	{ "cpu sched 8z",
	  "t:1:11: error: bad number '8z': expected decimal, 0x hex or 0d decimal, perhaps "
	  "with K, M or G behind" },
	{ "cpu sched 9,8,7",
	  "t:1:16: error: missing number in '9,8,7'" },
	{ "cpu sched 9,8,7,100,200s",
	  "t:1:21: error: budget 200 is larger than the period, 100 microseconds" },
	{ "cpu sched 9,10,7,100,50s",
	  "t:1:13: error: low priority 10 is above the high one, 9" },
	{ "cpu sched 300,10,7,100,50s",
	  "t:1:11: error: 300 is out of range: expected 1 to 255" },
	{ "cpu sched 9,0,7,100,50s",
	  "t:1:13: error: 0 is out of range: expected 1 to 255" },
	{ "cpu sched 9,8,0,100,50s",
	  "t:1:15: error: 0 is out of range: expected 1 to 255" },
	{ "cpu sched 9,8,256,100,50s",
	  "t:1:15: error: 256 is out of range: expected 1 to 255" },
	{ "cpu sched 9,8,7,0,0s",
	  "t:1:17: error: 0 is out of range: expected 1 to 3600000000" },
	{ "cpu sched 9,8,7,100,0s",
	  "t:1:21: error: number '0' is too small" },
	{ "cpu sched 9,8,7,100,50 ram",
	  "t:1:11: error: bad value '9,8,7,100,50' of 'sched': expected PRIORITY[r|f|o] or "
	  "HIGH,LOW,MAXREPL,PERIOD,BUDGETs\n"
	  "t:1:24: error: 'ram' ends the text: expected [ADDRESS,]SIZE" },
	{ "cpu sched 9,8,7,100,50",
	  "t:1:11: error: bad value '9,8,7,100,50' of 'sched': expected PRIORITY[r|f|o] or "
	  "HIGH,LOW,MAXREPL,PERIOD,BUDGETs" },
	{ "cpu cpu cpu cpu cpu cpu cpu cpu cpu sched 3 cpu",
	  "t:1:33: error: more than 8 vCPUs\n"
	  "t:1:45: error: more than 8 vCPUs" },
	{ "load /k",
	  "t:1:1: error: 'load' needs guest memory: put 'ram' or 'rom' before it" },
	{ "ram 4K load",
	  "t:1:8: error: 'load' ends the text: expected [ADDRESS,]PATH" },
	{ "ram 4K load 0x1000,",
	  "t:1:13: error: 'load' names no file: expected [ADDRESS,]PATH" },
	{ "ram 4K load module:x",
	  "t:1:20: error: bad number 'x': expected decimal, 0x hex or 0d decimal, perhaps with "
	  "K, M or G behind" },
	{ "ram 4K load module@",
	  "t:1:20: error: missing number in 'module@'" },
	{ "acpi load /t",
	  "t:1:1: error: 'acpi' is for x86 only" },
	{ "ram 4K acpi load /t",
	  "t:1:8: error: 'acpi' is for x86 only" },
	{ "initrd ram 4K",
	  "t:1:1: error: 'initrd' stands alone: expected 'load' or 'pass' behind it" },
	{ "ram 4K data",
	  "t:1:8: error: 'data' stands alone: expected 'load' or 'pass' behind it" },
	{ "fdt vdev widget initrd",
	  "t:1:1: error: 'fdt' stands alone: expected 'load' or 'pass' behind it\n"
	  "t:1:17: error: 'initrd' stands alone: expected 'load' or 'pass' behind it" },
	{ "restart sometimes",
	  "t:1:9: error: bad value 'sometimes' of 'restart': expected never, crash or always[,LIMIT]" },
	{ "restart never,3",
	  "t:1:9: error: bad value 'never,3' of 'restart': expected never, crash or always[,LIMIT]" },
	{ "restart crash,0", "t:1:15: error: 0 is out of range: expected 1 to 1000000000" },
	{ "restart always,", "t:1:16: error: missing number in 'always,'" },
	{ "restart always,3x",
	  "t:1:16: error: bad number '3x': expected decimal, 0x hex or "
	  "0d decimal, perhaps with K, M or G behind" },
	{ "restart", "t:1:1: error: 'restart' ends the text: expected never, crash or always[,LIMIT]" },
	{ "restart cpu",
	  "t:1:9: error: option 'cpu' follows 'restart': expected never, crash or "
	  "always[,LIMIT]" },
	{ "unsupported foo abort",
	  "t:1:13: error: 'foo': expected one of instruction|reference|register" },
	{ "unsupported register maybe",
	  "t:1:22: error: 'maybe': expected one of abort|fail|ignore" },
	{ "unsupported cpu",
	  "t:1:13: error: option 'cpu' follows 'unsupported': expected "
	  "instruction|reference|register abort|fail|ignore" },
	{ "logger loud stdout",
	  "t:1:8: error: bad log level 'loud': expected "
	  "fatal|internal|error|warn|info|debug|verbose" },
	{ "logger fatal,,info stdout",
	  "t:1:14: error: bad log level '': expected "
	  "fatal|internal|error|warn|info|debug|verbose" },
	{ "logger info console",
	  "t:1:13: error: 'console': expected one of stdout|stderr|slog|none" },
	{ "set nosuch 1",
	  "t:1:5: error: unknown variable 'nosuch': 'set ?' lists them" },
	{ "set fdt-adr 1",
	  "t:1:5: error: unknown variable 'fdt-adr': did you mean 'fdt-addr'?" },
	{ "set",
	  "t:1:1: error: 'set' ends the text: expected a variable and its value ('set ?' lists "
	  "them)" },
	{ "set exit-on-halt maybe",
	  "t:1:18: error: bad value 'maybe' of 'exit-on-halt': expected on, off or auto" },
	{ "set exit-on-halt",
	  "t:1:5: error: 'exit-on-halt' ends the text: expected on, off or auto" },
	{ "set counter-offset x",
	  "t:1:20: error: bad number 'x': expected decimal, 0x hex or 0d decimal, perhaps with "
	  "K, M or G behind" },
	{ "set fdt-addr 12z",
	  "t:1:14: error: bad number '12z': expected decimal, 0x hex or 0d decimal, perhaps "
	  "with K, M or G behind" },
	{ "set gic-hwassist auto",
	  "t:1:18: error: bad value 'auto' of 'gic-hwassist': expected on or off" },
	{ "set fdt-dump-file \"\"",
	  "t:1:19: error: bad value '' of 'fdt-dump-file': expected text" },
	{ "set host-paddr-gich 0x1000/2",
	  "t:1:21: error: bad value '0x1000/2' of 'host-paddr-gich': expected "
	  "ADDRESS[/CPU/SPACING][,...]" },
	{ "set posted-interrupts on",
	  "t:1:5: error: 'set posted-interrupts' is for x86 only" },
	{ "safety high",
	  "t:1:8: error: 'high': expected one of none|warn|required" },
	{ "user :a",
	  "t:1:6: error: bad value ':a' of 'user': expected USER[:GROUP[,GROUP...]]" },
	{ "user a:",
	  "t:1:6: error: bad value 'a:' of 'user': expected USER[:GROUP[,GROUP...]]" },
	{ "vdev",
	  "t:1:1: error: 'vdev' ends the text: expected the type of a virtual device" },
	{ "vdev p1011",
	  "t:1:6: error: unknown vdev type 'p1011': did you mean 'pl011'?" },
	{ "vdev virtio-blok",
	  "t:1:6: error: unknown vdev type 'virtio-blok': did you mean 'virtio-blk'?" },
	{ "vdev nonsense loc 0x1000 intr gic:33 hostdev -",
	  "t:1:6: error: unknown vdev type 'nonsense': expected a type such as pl011, "
	  "virtio-blk, gic" },
	{ "vdev hpet loc 0x1 intr apic cpu",
	  "t:1:6: error: vdev 'hpet' is for x86 only" },
	{ "vdev vdev-8259.so loc 0x20 name master",
	  "t:1:6: error: vdev '8259' is for x86 only" },
	{ "vdev gic vdev gic",
	  "t:1:10: error: a second 'vdev gic': a VM has one" },
	{ "vdev widget speed 0",
	  "t:1:19: error: 0 is out of range: expected 1 to 9" },
	{ "vdev widget speed 10",
	  "t:1:19: error: 10 is out of range: expected 1 to 9" },
	{ "vdev widget speed fast",
	  "t:1:19: error: bad number 'fast': expected decimal, 0x hex or 0d decimal, perhaps "
	  "with K, M or G behind" },
	{ "vdev widget speed",
	  "t:1:13: error: 'speed' ends the text: expected a number" },
	{ "vdev widget speed cpu",
	  "t:1:19: error: option 'cpu' follows 'speed': expected a number" },
	{ "vdev widget room x",
	  "t:1:18: error: bad number 'x': expected decimal, 0x hex or 0d decimal, perhaps with "
	  "K, M or G behind" },
	{ "vdev widget lit maybe",
	  "t:1:17: error: bad value 'maybe' of 'lit': expected on or off" },
	{ "vdev widget colour blue",
	  "t:1:20: error: 'blue': expected one of red|green" },
	{ "vdev widget mood bad",
	  "t:1:18: error: bad value 'bad' of 'mood': expected the word good" },
	{ "vdev widget hostdev -",
	  "t:1:13: error: vdev 'widget' has no option 'hostdev': expected loc, intr, name, "
	  "speed, room, lit, colour, mood, quiet, soon or a VM option" },
	{ "vdev widget spede 3",
	  "t:1:13: error: unknown option 'spede': did you mean 'speed'?" },
	{ "vdev virtio-blk frobnicate yes",
	  "t:1:17: error: vdev 'virtio-blk' has no option 'frobnicate': expected loc, intr, "
	  "name, hostdev, delayed, legacy, threads, dio or a VM option" },
	{ "vdev virtio-blk threads lots",
	  "t:1:25: error: bad number 'lots': expected decimal, 0x hex or 0d decimal, perhaps "
	  "with K, M or G behind" },
	{ "vdev widget hostvector 3",
	  "t:1:13: error: vdev 'widget' has no option 'hostvector': expected loc, intr, name, "
	  "speed, room, lit, colour, mood, quiet, soon or a VM option" },
	{ "vdev gic name a:b",
	  "t:1:15: error: bad value 'a:b' of 'name': expected text without ':'" },
	{ "vdev gic version 4",
	  "t:1:18: error: 4 is out of range: expected 2 to 3" },
	{ "vdev gic msi 0x30000000,0x50",
	  "t:1:14: error: bad value '0x30000000,0x50' of 'msi': expected ADDRESS,FIRST,COUNT" },
	{ "vdev widget name \"\"",
	  "t:1:18: error: bad value '' of 'name': expected text" },
	{ "vdev widget log loud stdout",
	  "t:1:17: error: bad log level 'loud': expected "
	  "fatal|internal|error|warn|info|debug|verbose" },
	{ "vdev widget loc",
	  "t:1:13: error: 'loc' ends the text: expected a location" },
	{ "vdev widget loc mem:",
	  "t:1:17: error: empty location: expected [mem:]ADDRESS[,LENGTH[,ATTRIBUTES]][=HOST] "
	  "or pci:BUS:DEV[.FUNCTION]" },
	{ "vdev widget loc io:0x20",
	  "t:1:17: error: 'io:' locations are for x86 only" },
	{ "vdev widget loc 0x1000,rw",
	  "t:1:17: error: only a pass takes attributes or '=HOST' in its location" },
	{ "vdev widget loc 0x1000=0x1000",
	  "t:1:17: error: only a pass takes attributes or '=HOST' in its location" },
	{ "vdev widget loc 0x1000,0",
	  "t:1:24: error: a location of no length" },
	{ "vdev widget loc $asinfo_start{uart}",
	  "t:1:17: error: bad substitution '$asinfo_start{uart}': expected $asinfo_start{NAME} "
	  "or $asinfo_length{NAME} in a pass" },
	{ "vdev widget loc pci:0",
	  "t:1:17: error: bad PCI location 'pci:0': expected pci:BUS:DEV[.FUNCTION] or "
	  "pci:0xVENDOR/0xDEVICE, in a pass also =pci:..." },
	{ "pass loc 0x1000,0x1000,rwz",
		  "t:1:26: error: bad attribute 'z': expected letters of +-rwxcemdnst" },
	{ "pass loc 0xfffffffffffff000,0x2000",
		  "t:1:10: error: location '0xfffffffffffff000,0x2000' wraps past the end of memory" },
	{ "pass loc $nope{uart},0x1000",
		  "t:1:10: error: bad substitution '$nope{uart}': expected $asinfo_start{NAME} or "
	  "$asinfo_length{NAME} in a pass" },
	{ "pass loc pci:0:1=pci:zz",
		  "t:1:10: error: bad PCI location 'pci:0:1=pci:zz': expected pci:BUS:DEV[.FUNCTION] "
	  "or pci:0xVENDOR/0xDEVICE, in a pass also =pci:..." },
	{ "reserve loc 0x1000",
	  "t:1:13: error: 'reserve loc' needs a length: expected ADDRESS,LENGTH" },
	{ "reserve intr gic:31",
	  "t:1:18: error: 31 is out of range: expected 32 to 1019" },
	{ "vdev widget intr",
	  "t:1:13: error: 'intr' ends the text: expected an interrupt, such as gic:37" },
	{ "vdev widget intr 37",
	  "t:1:18: error: unknown interrupt controller in '37': expected gic:INTID, such as "
	  "gic:37" },
	{ "vdev widget intr gic",
	  "t:1:18: error: 'gic' names no line: expected gic:INTID, such as gic:37" },
	{ "vdev widget intr apic",
	  "t:1:18: error: interrupt controller 'apic' is for x86 only" },
	{ "vdev widget intr cpu:irq",
	  "t:1:18: error: interrupt controller 'cpu' is for x86 only" },
	{ "vdev widget intr master:2",
	  "t:1:18: error: unknown interrupt controller in 'master:2': expected gic:INTID, such "
	  "as gic:37" },
	{ "vdev widget intr gic:31",
	  "t:1:22: error: 31 is out of range: expected 32 to 1019" },
	{ "vdev widget intr gic:1020",
	  "t:1:22: error: 1020 is out of range: expected 32 to 1019" },
	{ "vdev widget intr gic:40,t",
	  "t:1:25: error: bad interrupt flag 't': expected t or u, in a pass only" },
	{ "vdev widget intr gic:40=50",
	  "t:1:18: error: 'gic:40=50' names a host interrupt: only a pass has one" },
	{ "pass intr gic:40,x",
		  "t:1:18: error: bad interrupt flag 'x': expected t or u, in a pass only" },
	{ "pass intr gic:40=7",
		  "t:1:18: error: 7 is out of range: expected 32 to 1019" },
	{ "cmdline \"never ends",
	  "t:1:9: error: missing closing '\"'" },
	{ "ram 4K\1",
	  "t:1:7: error: control character 0x01: expected text" },
	{ "@",
	  "t:1:1: error: '@' names no file: expected @FILE" },
	{ "@missing",
	  "t:1:1: error: cannot read 'missing': no such file" },
	{ "@broken",
	  "t:1:1: error: cannot read 'broken': read error" },
	{ "@t",
	  "t:1:1: error: '@t' includes itself" },
};

/* Parsed, checked, and answered with one warning each. */
static const struct row later_rows[] = {
	{ "cpu sched 8f", "" },
	{ "cpu sched 9,8,7,100,50s", "" },
	{ "cpu partition p cluster c",
	  "t:1:5: warning: there are no scheduling partitions here: 'partition' is ignored, use runmask and "
	  "sched" },
	{ "vdev widget sched 8 log info stderr soon x",
	  "t:1:13: warning: 'sched' of a vdev is not supported yet: ignored\n"
	  "t:1:21: warning: 'log' of a vdev is not supported yet: ignored\n"
	  "t:1:37: warning: 'soon' of vdev 'widget' is not supported yet: ignored" },
	{ "vdev gic hostvector 0 its 0x2f020000 num-lpis 64 msi 0x30000000,0x50,0x100 "
	  "host-gicd 1",
	  "t:1:10: warning: 'hostvector' of vdev 'gic' is not supported yet: ignored\n"
	  "t:1:76: warning: 'host-gicd' of vdev 'gic' is not supported yet: ignored" },
	{ "vdev virtio-input loc 0x1c0c0000 intr gic:40 screen keyboard zorder 3 "
	  "force_dev_presence name n",
	  "t:1:1: warning: vdev 'virtio-input' is not supported yet: the VM starts without it" },
	{ "pass loc mem:0xfe204000,0x1000,rwn intr gic:44=150", "" },
	{ "reserve loc pci:0:1",
	  "t:1:9: warning: 'loc pci:' of a reserve is not supported yet: ignored" },
	{ "user root:a,b",
	  "t:1:1: warning: 'user' is not supported yet: ignored" },
	{ "set grow-heap 1M set message-block-timeout 5 set vdev-message-block-timeout 5 set "
	  "slog-buffer 4K",
	  "t:1:1: warning: 'set grow-heap' is not supported yet: ignored\n"
	  "t:1:18: warning: 'set message-block-timeout' is not supported yet: ignored\n"
	  "t:1:46: warning: 'set vdev-message-block-timeout' is not supported yet: ignored\n"
	  "t:1:79: warning: 'set slog-buffer' is not supported yet: ignored" },
	{ "set debug on set gic-hwassist no set host-paddr-gicd 1 set host-paddr-gich "
	  "0x1000/2/0x100,5 set host-paddr-gicv 2",
	  "t:1:1: warning: 'set debug' is not supported yet: ignored\n"
	  "t:1:14: warning: 'set gic-hwassist' is not supported yet: ignored\n"
	  "t:1:34: warning: 'set host-paddr-gicd' is not supported yet: ignored\n"
	  "t:1:56: warning: 'set host-paddr-gich' is not supported yet: ignored\n"
	  "t:1:93: warning: 'set host-paddr-gicv' is not supported yet: ignored" },
};

/* Refused as a whole, on any board. */
static const struct row check_rows[] = {
	{ "cpu",
	  "t:1:1: error: no guest memory: expected 'ram [ADDRESS,]SIZE'\n"
	  "t:1:1: error: nothing to run: expected 'load PATH' or 'guest load PATH'" },
	{ "rom 0x80000000,4K load /k",
	  "t:1:1: error: no guest memory: expected 'ram [ADDRESS,]SIZE'" },
	{ "ram 0x80000000,64M",
	  "t:1:1: error: nothing to run: expected 'load PATH' or 'guest load PATH'" },
	{ "ram 0x80000000,64M initrd load /i",
	  "t:1:1: error: nothing to run: expected 'load PATH' or 'guest load PATH'" },
	{ "ram 0x80000000,0 load /k",
	  "t:1:5: error: ram size 0x0: expected a multiple of 4K, not 0" },
	{ "ram 0x80000000,5000 load /k",
	  "t:1:5: error: ram size 0x1388: expected a multiple of 4K, not 0" },
	{ "ram 0x80000800,64M load /k",
	  "t:1:5: error: ram at 0x80000800: expected a multiple of 4K" },
	{ "ram 0xffff00000000,4G ram 0x1000000000000,4K load /k",
	  "t:1:27: error: ram at 0x1000000000000, size 0x1000, is outside the VM's address "
	  "space (0 to 0xffffffffffff)" },
	{ "ram 0xfffffffffffff000,8K load /k",
	  "t:1:5: error: ram at 0xfffffffffffff000, size 0x2000, is outside the VM's address "
	  "space (0 to 0xffffffffffff)" },
	{ "ram 0x2f000000,1M load /k",
	  "t:1:5: error: ram at 0x2f000000, size 0x100000, overlaps GICD at 0x2f000000, size "
	  "0x10000" },
	{ "ram 0x80000000,64M rom 0x83000000,1M load /k",
	  "t:1:24: error: rom at 0x83000000, size 0x100000, overlaps ram at 0x80000000, size "
	  "0x4000000" },
	{ "ram 0,64M ram 0x10000000,64M rom 0x10000000,4K load /k",
	  "t:1:34: error: rom at 0x10000000, size 0x1000, overlaps ram at 0x10000000, size "
	  "0x4000000" },
	{ "ram 0x1c090000,64K load /k vdev widget loc 0x1c090000 intr gic:37",
	  "t:1:44: error: vdev widget at 0x1c090000, size 0x1000, overlaps ram at 0x1c090000, "
	  "size 0x10000" },
	{ "ram 0x80000000,64M load 0x90000000,/k",
	  "t:1:25: error: load address 0x90000000 is in no ram or rom of the VM" },
	{ "ram 0x80000000,64M guest load /k guest load /l initrd load /i initrd load /j fdt "
	  "load /a fdt load /b",
	  "t:1:45: error: a second 'guest load': a VM has one\n"
	  "t:1:75: error: a second 'initrd load': a VM has one\n"
	  "t:1:99: error: a second 'fdt load': a VM has one" },
	{ "ram 0x80000000,64M load /k set fdt-addr 0x10000000",
	  "t:1:41: error: fdt-addr 0x10000000: expected a multiple of 8 inside the VM's RAM" },
	{ "ram 0x80000000,64M load /k set fdt-addr 0x80000004",
	  "t:1:41: error: fdt-addr 0x80000004: expected a multiple of 8 inside the VM's RAM" },
	{ "ram 0x80000000,64M rom 0x90000000,4K load /k set fdt-addr 0x90000000",
	  "t:1:59: error: fdt-addr 0x90000000: expected a multiple of 8 inside the VM's RAM" },
	{ "ram 0x80000000,64M load /k reserve",
	  "t:1:28: error: 'reserve' reserves nothing: expected loc or intr" },
	{ "ram 0x80000000,64M load /k pass",
	  "t:1:28: error: 'pass' passes nothing: expected loc, intr, dt:, pci:, rest or smc:" },
	{ "ram 0x80000000,64M load /k safety required",
	  "t:1:28: error: 'safety required' cannot be met: this monitor is not safety certified" },
	{ "ram 0x80000000,64M load /k safety warn",
	  "t:1:28: warning: this monitor and its vdevs are not safety certified" },
	{ "ram 0x80000000,64M load /k vdev widget",
	  "t:1:28: error: vdev 'widget' needs a location: expected loc ADDRESS\n"
	  "t:1:28: error: vdev 'widget' needs an interrupt: expected intr gic:INTID" },
	{ "ram 0x80000000,64M load /k vdev widget loc pci:0:1 intr gic:40",
	  "t:1:44: error: vdev 'widget' needs a location: expected loc ADDRESS" },
	{ "ram 0x80000000,64M load /k vdev widget loc 0x1000 intr gic:40 vdev widget loc "
	  "0x1000 intr gic:40",
	  "t:1:91: error: interrupt gic:40 is in use already, at t:1:56\n"
	  "t:1:79: error: vdev widget at 0x1000, size 0x1000, overlaps vdev widget at 0x1000, "
	  "size 0x1000" },
	{ "ram 0x80000000,64M load /k vdev widget loc 0x1004 intr gic:40",
	  "t:1:44: error: vdev 'widget' at 0x1004: expected a multiple of 4K" },
	{ "ram 0x80000000,64M load /k vdev widget loc 0x1000,0x2000 intr gic:40",
	  "t:1:44: error: length 0x2000 of vdev 'widget': expected 0x1000, or none" },
	{ "ram 0x80000000,64M load /k vdev widget loc 0x2f010000 intr gic:40 vdev widget loc "
	  "0x2f100000 intr gic:41",
	  "t:1:83: error: vdev widget at 0x2f100000, size 0x1000, overlaps GICR at 0x2f100000, "
	  "size 0x20000" },
	{ "ram 0x80000000,64M load /k vdev widget loc 0x1000 intr gic:40 name a vdev widget "
	  "loc 0x2000 intr gic:41 name a",
	  "t:1:70: error: two vdevs with the name 'a'" },
	{ "ram 0x80000000,64M load /k vdev virtio-blk loc 0x1000 intr gic:40 vdev widget loc "
	  "0x1000 intr gic:40",
	  "t:1:95: error: interrupt gic:40 is in use already, at t:1:60\n"
	  "t:1:83: error: vdev widget at 0x1000, size 0x1000, overlaps vdev virtio-blk at "
	  "0x1000, size 0x1000" },
	{ "ram 0x80000000,64M load /k vdev widget loc 0x1000 intr gic:40 pass loc "
	  "0x1000,0x1000 intr gic:40",
	  "t:1:91: error: interrupt gic:40 is in use already, at t:1:56\n"
	  "t:1:72: error: pass at 0x1000, size 0x1000, overlaps vdev widget at 0x1000, size "
	  "0x1000" },
	{ "ram 0x80000000,64M load /k vdev gic version 2 gicr 0x2f100000",
	  "t:1:47: error: 'gicr' belongs to GIC version 3: this one has version 2" },
	{ "ram 0x80000000,64M load /k vdev gic version 3 gicc 0x2c002000",
	  "t:1:47: warning: 'gicc' of a GIC version 3 is not supported yet: ignored" },
	{ "ram 0x80000000,64M load /k vdev gic intr gic:40",
	  "t:1:42: error: vdev 'gic' takes no interrupt" },
	{ "ram 0x80000000,64M load /k vdev gic loc pci:0:1",
	  "t:1:41: error: vdev 'gic' has no PCI form: expected loc ADDRESS" },
	{ "ram 0x80000000,64M load /k vdev gic loc 0x8001000",
	  "t:1:28: error: GICD at 0x8001000: expected a multiple of 0x10000" },
	{ "ram 0x80000000,64M load /k vdev gic gicc 0x8000800",
	  "t:1:28: error: GICC at 0x8000800: expected a multiple of 0x1000" },
	{ "ram 0x80000000,64M load /k vdev gic gicr 0x80000000",
	  "t:1:28: error: GICR at 0x80000000, size 0x20000, overlaps ram at 0x80000000, size "
	  "0x4000000" },
	{ "ram 4K ram 4K ram 4K ram 4K ram 4K ram 4K ram 4K ram 4K ram 4K ram 4K ram 4K ram 4K "
	  "ram 4K ram 4K ram 4K ram 4K ram 4K load /k",
	  "t:1:117: error: more than 16 ram and rom options" },
};

/* On a board with GICv3, 4 CPUs, 40 bits of address, 512 and 256 MiB of RAM. */
static const struct row v3_rows[] = {
	{ "ram 0x80000000,64M load /k vdev gic version 2",
	  "t:1:37: warning: GIC version 2 on a host with GICv3: its CPU interface is emulated, "
	  "each interrupt exits twice more than with version 3" },
	{ "ram 0x80000000,64M load /k vdev gic gicc 0x8010000",
	  "t:1:37: warning: GIC version 2 on a host with GICv3: its CPU interface is emulated, "
	  "each interrupt exits twice more than with version 3" },
	{ "ram 0x80000000,600M load /k",
	  "t:1:5: error: ram of 600 MiB: the board's largest free range has 512 MiB" },
	{ "ram 0x80000000,400M load /k ram 0x40000000,400M",
	  "t:1:1: error: 800 MiB of guest memory: the board has 768 MiB for VMs" },
	{ "ram 0x10000000000,64M load /k",
	  "t:1:5: error: ram at 0x10000000000, size 0x4000000, is outside the VM's address "
	  "space (0 to 0xffffffffff)" },
	{ "ram 0x80000000,64M load /k cpu runmask 3 cpu runmask 2,4",
	  "t:1:54: error: runmask names CPU 4: the board has 0 to 3" },
};

/* The same board with GICv2. */
static const struct row v2_rows[] = {
	{ "ram 0x80000000,64M load /k vdev gic version 3",
	  "t:1:37: error: GIC version 3 on a host with GICv2: expected 'vdev gic version 2', "
	  "or no version for the host's" },
	{ "ram 0x80000000,64M load /k vdev gic gicr 0x80a0000",
	  "t:1:37: error: GIC version 3 on a host with GICv2: expected 'vdev gic version 2', "
	  "or no version for the host's" },
	{ "ram 0x80000000,64M load /k vdev gic gicr 0x80a0000 gicc 0x8010000",
	  "" },
};

static void words_refused(void)
{
	run_rows(parse_rows, ARRAY_SIZE(parse_rows), NULL, false);
}

static void what_comes_later_warns(void)
{
	run_rows(later_rows, ARRAY_SIZE(later_rows), NULL, false);
}

static void vm_refused(void)
{
	run_rows(check_rows, ARRAY_SIZE(check_rows), NULL, true);
}

static void board_refuses(void)
{
	run_rows(v3_rows, ARRAY_SIZE(v3_rows), &board_v3, true);
	run_rows(v2_rows, ARRAY_SIZE(v2_rows), &board_v2, true);
}

static void position_counts_lines_and_columns(void)
{
	CHECK(parse_text("# comment ram\n\n\tram  1Q\n") != 0);
	CHECK_STR(log_text, "t:3:7: error: bad number '1Q': expected decimal, 0x hex or 0d decimal, "
		  "perhaps with K, M or G behind");
	/* An argument on the next line is still the option's. */
	CHECK(parse_text("vdev widget intr\n   gic:7") != 0);
	CHECK_STR(log_text, "t:2:8: error: 7 is out of range: expected 32 to 1019");
	CHECK(parse_text("ram 4K cmdline \"a\nb\\\nc\" bad") != 0);
	CHECK_STR(log_text, "t:3:4: error: unknown option 'bad': expected an option such as "
		  "cpu, ram, load, cmdline, vdev, pass, set");
}

static void position_names_file_or_word(void)
{
	const struct test_file files[] = {
		{ "/a", "ram 4K\n@/b cpu oops\n" },
		{ "/b", "cpu\nsched 0\n" },
		{ NULL, NULL },
	};
	const char *const words[] = { "@/a", "ram", "3x", NULL };

	test_files = files;
	CHECK(parse_words(words) != 0);
	CHECK_STR(log_text, "/b:2:7: error: 0 is out of range: expected 1 to 255\n"
		  "/a:2:9: error: unknown option 'oops': expected an option such as "
		  "cpu, ram, load, cmdline, vdev, pass, set\n"
		  "command line:1:9: error: bad number '3x': expected decimal, 0x hex or 0d decimal, "
		  "perhaps with K, M or G behind");
	test_files = NULL;
}

static void every_error_is_reported_but_not_endlessly(void)
{
	char text[400] = "";

	for (int i = 0; i < 30; i++) {
		strcat(text, "ram 1x\n");
	}
	CHECK(parse_text(text) != 0);
	CHECK_EQ(diag.errors, CONFIG_MAX_ERRORS + 1);
	CHECK(strstr(log_text, "t:20:5: error: bad number") != NULL);
	CHECK(strstr(log_text, "t:20:1: error: too many errors: giving up") != NULL);
	CHECK(strstr(log_text, "t:21:") == NULL);
}

static void an_unknown_option_hides_its_arguments_only(void)
{
	CHECK(parse_text("frob a b c\nram 1x\nvdev bogus loc 1 hostdev - speed 3\nsafety no") != 0);
	CHECK_EQ(diag.errors, 4);
}

static void nesting_is_bounded(void)
{
	static const struct test_file chain[] = {
		{ "1", "@2" }, { "2", "@3" }, { "3", "@4" }, { "4", "@5" }, { "5", "@6" },
		{ "6", "@7" }, { "7", "@8" }, { "8", "ram 4K" }, { NULL, NULL },
	};
	struct test_file deeper[10];
	const char *const words[] = { "@1", NULL };

	test_files = chain;
	CHECK_EQ(parse_words(words), 0);
	CHECK(cfg.mem != NULL);
	memcpy(deeper, chain, sizeof(chain));
	deeper[7].text = "\n @9";
	deeper[8] = (struct test_file) { "9", "ram 4K" };
	deeper[9] = (struct test_file) { NULL, NULL };
	test_files = deeper;
	CHECK(parse_words(words) != 0);
	CHECK_STR(log_text, "8:2:2: error: '@9' is nested more than 8 files deep");
	deeper[3].text = "@2";
	CHECK(parse_words(words) != 0);
	CHECK_STR(log_text, "4:1:1: error: '@2' includes itself");
	test_files = NULL;
}

static void number_of_files_is_bounded(void)
{
	static const struct test_file files[] = { { "a", "cmdline x" }, { NULL, NULL } };
	const char *words[LEXER_MAX_FILES + 2];

	for (int i = 0; i < 40; i++) {
		words[i] = "@a";
	}
	words[40] = NULL;
	test_files = files;
	CHECK_EQ(parse_words(words), 0);
	for (int i = 0; i < 60; i++) {
		words[i] = "@b";
	}
	words[60] = NULL;
	test_files = (const struct test_file[]) { { "a", "" }, { "b", "@a @a" }, { NULL, NULL } };
	CHECK(parse_words(words) != 0);
	CHECK_STR(log_text, "b:1:1: error: more than 64 files");
	test_files = NULL;
}

/* Any arena size gives the one message or success, never anything else. */
static void full_arena_is_one_error(void)
{
	static const char text[] = "system x cpu runmask 1 ram 0x80000000,64M load 0x80000000,/k\n"
		"vdev widget loc 0x1000 intr gic:40 mood good name n speed 3\n"
		"pass loc 0x2000,0x1000,rw intr gic:41=50 reserve loc 0x9000,4K intr 50 cmdline \"a b\"";
	const struct test_file files[] = { { "t", text }, { NULL, NULL } };
	struct config_word w = { "@t", { "command line", 1, 1 } };
	struct config_source s = { .words = &w, .word_count = 1, .open = test_open };
	bool done = false;

	test_files = files;
	for (size_t size = 0; size < 16384 && !done; size += 16) {
		int r;

		log_text[0] = '\0';
		diag = (struct diag) { .emit = test_emit };
		arena_init(&arena, arena_mem, size);
		r = config_parse(&cfg, &arena, &s, &diag);
		r = r == 0 ? config_check(&cfg, &board_v3, &diag) : r;
		CHECK_EQ(diag.errors, r != 0);
		CHECK((r != 0) == (strstr(log_text, "error: configuration too large") != NULL));
		CHECK(r == 0 || r == -ENOMEM);
		done = r == 0;
	}
	CHECK(done);
	test_files = NULL;
}

/* Two VMs, the second parsed into another arena. */
static void system_rows(const char *first, const char *second, const struct board_limits *board,
			const char *want)
{
	static struct vm_config other;
	static char other_mem[sizeof(arena_mem)] __attribute__((aligned(16)));
	const struct vm_config *vms[] = { &other, &cfg };
	struct config_source s = { .open = test_open };
	struct config_word w = { "@u", { "command line", 1, 1 } };
	struct arena a;

	CHECK_EQ(parse_text(second), 0);
	CHECK_EQ(config_check(&cfg, board, &diag), 0);
	arena_init(&a, other_mem, sizeof(other_mem));
	s.words = &w;
	s.word_count = 1;
	test_files = (const struct test_file[]) { { "u", first }, { NULL, NULL } };
	CHECK_EQ(config_parse(&other, &a, &s, &diag), 0);
	CHECK_EQ(config_check(&other, board, &diag), 0);
	test_files = NULL;
	log_text[0] = '\0';
	CHECK_EQ((config_check_system(vms, 2, board, &diag) | config_check_links(vms, 2, &diag)) != 0,
		 strstr(want, "error") != NULL);
	CHECK_STR(log_text, want);
}

#define A "system a ram 64M load /k vdev virtio-net "
#define B "system b ram 64M load /k vdev virtio-net "

static void cards_refused_together(void)
{
	system_rows(A "name e peer /dev/qvm/b/e", B "name e peer /dev/qvm/a/e", NULL, "");
	system_rows(A "name e peer sw", B "name e peer sw mac 52:54:00:00:00:01", NULL, "");
	system_rows(A "peer sw mac 52:54:00:00:00:0A", B "peer other mac 52:54:00:00:00:0a", NULL,
		    "t:1:53: error: mac 52:54:00:00:00:0a is that of a card of VM 'a' already");
	system_rows(A "mac 52:54:00:00:00:01 vdev virtio-net mac 52:54:00:00:00:01", B "peer sw", NULL,
		    "u:1:80: error: mac 52:54:00:00:00:01 is that of a card of VM 'a' already");
	system_rows(A "name e peer /dev/qvm/b/f", B "name e peer sw", NULL,
		    "u:1:49: error: VM 'b' has no virtio-net with the name 'f'");
	system_rows(A "name e peer /dev/qvm/b/e", "system b ram 64M load /k vdev virtio-blk name e hostdev ram:1M", NULL,
		    "u:1:49: error: VM 'b' has no virtio-net with the name 'e'");
	system_rows(A "name e peer /dev/qvm/b/e", B "name e peer /dev/qvm/a/ee", NULL,
		    "u:1:49: error: the peer of '/dev/qvm/b/e' is not this card, expected peer /dev/qvm/a/e there\n"
		    "t:1:49: error: VM 'a' has no virtio-net with the name 'ee'");
	system_rows(A "name e peer /dev/qvm/a/e", B "peer sw", NULL, "u:1:49: error: this card is its own peer");
	system_rows(A "name e peer /dev/qvm/b", B "peer sw", NULL,
		    "u:1:49: error: peer '/dev/qvm/b': expected /dev/qvm/VM/NAME");
	system_rows(A "peer /dev/qvm/b/e", B "name e peer /dev/qvm/a/e", NULL,
		    "u:1:42: error: a card with a link needs a `name`, which the other end's peer gives\n"
		    "t:1:49: error: VM 'a' has no virtio-net with the name 'e'");
	system_rows(A "name e peer /dev/qvm/c/e", B "peer sw", NULL,
		    "u:1:49: warning: there is no VM 'c': the link stays down");
}

/* From 64 on lines are given out; here two are left. */
static void lines_are_used_up(void)
{
	static char text[16384];
	size_t n = (size_t)snprintf(text, sizeof(text), "ram 64M load /k\n"
				    "vdev shmem\nvdev shmem\nvdev shmem\nreserve");
	const struct cfg_vdev *v;

	for (unsigned int line = 64; line <= 1019; line++) {
		if (line != 70 && line != 1019) {
			n += (size_t)snprintf(text + n, sizeof(text) - n, " intr gic:%u", line);
		}
	}
	REQUIRE(parse_text(text) == 0);
	CHECK(config_check(&cfg, NULL, &diag) != 0);
	CHECK_STR(log_text, "t:4:1: error: no interrupt is left for vdev 'shmem'");
	v = cfg.vdev;
	while (v != NULL && strcmp(v->type_name, "shmem") != 0) {
		v = v->next;
	}
	REQUIRE(v != NULL && v->intr != NULL && v->next->intr != NULL);
	CHECK_EQ(v->intr->line, 70);
	CHECK_EQ(v->next->intr->line, 1019);
}

static void vms_refused_together(void)
{
	system_rows("system a ram 64M load /k", "system a ram 64M load /k", NULL,
		    "t:1:1: error: a second VM with the name 'a'");
	system_rows("ram 64M load /k", "ram 64M load /k", NULL, "");
	system_rows("ram 0x80000000,400M load /k", "system b ram 0x80000000,400M load /k", &board_v3,
		    "t:1:1: error: 800 MiB of guest memory with VM 'b': the board has 768 MiB for VMs");
	system_rows("system a ram 64M load /k pass loc 0x1000,0x1000,rw intr gic:40",
		    "system b ram 64M load /k pass loc 0x9000,0x2000,rw=0x0 intr gic:41=40", NULL,
		    "t:1:35: error: host range at 0x1000 is passed to VM 'a' already, at u:1:35\n"
		    "t:1:61: error: host interrupt 40 is passed to VM 'a' already, at u:1:57");
	system_rows("system a ram 64M load /k vdev virtio-vsock cid 7", "system b ram 64M load /k vdev virtio-vsock cid 7",
		    NULL, "t:1:44: error: cid 7 is VM 'a's already");
	system_rows("system a ram 64M load /k vdev virtio-vsock cid 7", "system b ram 64M load /k vdev virtio-vsock cid 8",
		    NULL, "");
}

TEST_MAIN(RUN(words_refused), RUN(what_comes_later_warns), RUN(vm_refused), RUN(board_refuses),
	  RUN(position_counts_lines_and_columns), RUN(position_names_file_or_word),
	  RUN(every_error_is_reported_but_not_endlessly),
	  RUN(an_unknown_option_hides_its_arguments_only), RUN(nesting_is_bounded),
	  RUN(number_of_files_is_bounded), RUN(full_arena_is_one_error), RUN(vms_refused_together), RUN(cards_refused_together),
	  RUN(lines_are_used_up))
