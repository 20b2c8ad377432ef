/* SPDX-License-Identifier: Apache-2.0 */
/* The shell's commands, typed at the console of a machine with two VMs. */
#include "tests/unit/test.h"
#include "tests/unit/shell_util.h"

static bool has(const char *text, const char *what)
{
	if (strstr(text, what) == NULL) {
		test_fail(__FILE__, __LINE__, "no '%s' in '%s'", what, text);
		return false;
	}
	return true;
}

static bool open_shell(void)
{
	static bool before;
	bool ok;

	if (before) {
		shell_type("\x1dm\x03stop all\r"); /* there is memory for one machine */
	}
	before = true;
	ok = shell_boot();
	if (!ok) {
		test_fail(__FILE__, __LINE__, "no machine");
		return false;
	}
	shell_forget_output();
	shell_type("\x1dm");
	return has(host_uart.out, "quoin: console input goes to the monitor's shell") &&
	       has(host_uart.out, SHELL_PROMPT);
}

/* One line, and it names what there is to do. */
static void check_answer(const char *line, const char *want)
{
	CHECK_STR(shell_says(line), want);
}

static void each_wrong_line_has_one_answer(void)
{
	static const struct {
		const char *line, *answer;
	} cases[] = {
		{ "frobnicate", "no command 'frobnicate', help lists them\n" },
		{ "VMS", "no command 'VMS', help lists them\n" },
		{ "help frob", "no command 'frob', help lists them\n" },
		{ "help vms vms", "expected: help [COMMAND]\n" },
		{ "vms 1", "expected: vms\n" },
		{ "vcpus one two", "expected: vcpus [VM]\n" },
		{ "vcpus three", "no VM 'three', there is: one two\n" },
		{ "exits", "expected: exits VM [vCPU]\n" },
		{ "exits three", "no VM 'three', there is: one two\n" },
		{ "exits one x", "'x' is not a number, expected 4096, 0x1000, 4K\n" },
		{ "exits one 2", "one: no such vCPU now\n" },
		{ "exits one 99999999999", "one: no such vCPU now\n" },
		{ "start", "expected: start VM|all\n" },
		{ "start one two", "expected: start VM|all\n" },
		{ "start 3", "no VM '3', there is: one two\n" },
		{ "start -1", "no VM '-1', there is: one two\n" },
		{ "start one", "one: cannot start, it is running\n" },
		{ "stop onetwo", "no VM 'onetwo', there is: one two\n" },
		{ "resume one", "one: cannot resume, it is running\n" },
		{ "kill", "expected: kill VM|all\n" },
		{ "pause all all", "expected: pause VM|all\n" },
		{ "focus", "expected: focus VM\n" },
		{ "focus all", "no VM 'all', there is: one two\n" },
		{ "regs", "expected: regs VM [vCPU]\n" },
		{ "regs one 2", "one: no vCPU 2 now\n" },
		{ "regs one 4294967296", "one: no vCPU 4294967296 now\n" },
		{ "regs one one", "'one' is not a number, expected 4096, 0x1000, 4K\n" },
		{ "md one", "expected: md VM ADDRESS|v:ADDRESS [BYTES]\n" },
		{ "md one 0x40000000 1 1", "expected: md VM ADDRESS|v:ADDRESS [BYTES]\n" },
		{ "md one 0xx", "'0xx' is not a number, expected 4096, 0x1000, 4K\n" },
		{ "md one 0", "one: no RAM or ROM at 0x0\n" },
		{ "md one 0xffffffffffffffff", "one: no RAM or ROM at 0xffffffffffffffff\n" },
		{ "md one 0x10000000000000000", "'0x10000000000000000' is not a number, expected 4096, 0x1000, 4K\n" },
		{ "mem three", "no VM 'three', there is: one two\n" },
		{ "irqs one two", "expected: irqs [VM]\n" },
		{ "devices 8", "no VM '8', there is: one two\n" },
		{ "poweroff", "expected: poweroff now\n" },
		{ "poweroff later", "expected: poweroff now\n" },
		{ "reset 1", "expected: reset now\n" },
		{ "log x", "'x' is not a number, expected 4096, 0x1000, 4K\n" },
		{ "output", "expected: output VM\n" },
		{ "", "" },
		{ "    ", "" },
	};

	REQUIRE(open_shell());
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		check_answer(cases[i].line, cases[i].answer);
	}
	CHECK_EQ(shell_machine, 0);
}

static void more_words_than_there_is_room_for(void)
{
	REQUIRE(open_shell());
	check_answer("vms 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20", "expected: vms\n");
}

static void every_command_is_in_the_help(void)
{
	static const char *const names[] = {
		"cpus", "devices", "exit", "exits", "focus", "help", "irqs", "kill", "log", "md", "mem", "output", "pause",
		"poweroff", "quit", "regs", "reset", "restart", "resume", "start", "stop", "threads", "uptime",
		"vcpus", "version", "vms",
	};
	const char *text;

	REQUIRE(open_shell());
	text = shell_says("help");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char line[32];

		snprintf(line, sizeof(line), "\n%s ", names[i]);
		CHECK(strncmp(text, names[i], strlen(names[i])) == 0 || has(text, line));
	}
	has(shell_says("help md"), "md VM ADDRESS|v:ADDRESS [BYTES]: guest memory");
}

static void tables(void)
{
	REQUIRE(open_shell());
	const char *text = shell_says("vms");

	has(text, " 1 one              running       2    1024K      1 ");
	has(text, " 2 two              running       1    1024K      1 ");
	text = shell_says("vcpus");
	has(text, "one.0              waiting     0   10r      all ");
	has(text, "one.1              off         0   10r      all ");
	has(text, "two.0              waiting     0   20f      0x1 ");
	text = shell_says("vcpus 2");
	CHECK(strstr(text, "one.0") == NULL);
	has(text, "two.0");
	has(shell_says("version"), "Quoin, build 1122334455667788, on test board, GICv3\n");
	has(shell_says("uptime"), "up 0:00:");
	has(shell_says("exits two"), "wfi ");
	has(shell_says("cpus"), "  0 ");
	text = shell_says("threads");
	has(text, "shell ");
	has(text, "two.0 ");
}

static void the_log(void)
{
	char text[4000];
	const char *last;

	REQUIRE(open_shell());
	log_info("the last line but one");
	log_info("the last line");
	settle_down();
	snprintf(text, sizeof(text), "%s", shell_says("log 1"));
	last = strchr(text, ']');
	CHECK_STR(last != NULL ? last : text, "] the last line\n");
	has(shell_says("log 2"), "] the last line but one\n");
	has(shell_says("log"), "one: starting");
	CHECK_STR(shell_says("log 0"), "");
}

static void maps(void)
{
	REQUIRE(open_shell());
	const char *text = shell_says("mem");

	has(text, "RAM           40000000-00007fffffff  1048576 KiB\n");
	has(text, "monitor       40000000-0000401fffff     2048 KiB\n");
	text = shell_says("mem one");
	has(text, "ram           40000000-0000400fffff     1024 KiB at ");
	has(text, "pl011         1c090000-00001c090fff        4 KiB\n");
	has(text, "x 4 KiB in ");
	text = shell_says("devices two");
	has(text, "two          pl011            1c090000    37 low      0\n");
	has(text, "cr 0301");
	CHECK(strstr(text, "one") == NULL);
}

static void interrupts(void)
{
	struct vm *vm;

	REQUIRE(open_shell());
	has(shell_says("irqs"), "   27 virtual timers\n");
	vm = vm_at(0);
	vm->vcpu[1]->vgic.p.enabled |= 1u << VGIC_VTIMER;
	vm->vgic.w[1].enabled |= 1u << 5;
	vgic_set_line(vm, 37, true);
	const char *text = shell_says("irqs one");

	has(text, "   27    1   00 1 level enabled low  -       -      virtual timer\n");
	has(text, "   37  0x1   00 1 level enabled high pending -      pl011\n");
}

static void registers_and_memory(void)
{
	struct vm *vm;
	const char *text;

	REQUIRE(open_shell());
	vm = vm_at(1);
	vm->vcpu[0]->x[3] = 0x1234567890;
	text = shell_says("regs two");
	has(text, "x3  0000001234567890  x4  0000000000000000  x5 ");
	has(text, "pc  ");
	CHECK_EQ(vm->state, VM_RUNNING); /* on it goes */
	CHECK_EQ(vm_write_ram(vm, 0x40000ffc, "ab\001z", 4), 0);
	check_answer("md two 0x40000ffd 0x5",
		     "0040000ffd  62 01 7a                                         b.z\n"
		     "0040001000  00 00                                            ..\n");
	text = shell_says("md two 0x400ffff8 64"); /* over the end */
	has(text, "00400ffff8  ");
	has(text, "two: no RAM or ROM at 0x40100000\n");
	CHECK_EQ(strlen(shell_says("md two 0x40000000 0x7fffffffffffffff")), KiB(4) / 16 * 78);
}

static void put_entry(struct vm *vm, ipa_t base, u64 index, u64 entry)
{
	CHECK_EQ(vm_write_ram(vm, base + 8 * index, &entry, sizeof(entry)), 0);
}

static void virtual_addresses(void)
{
	struct vm *vm;
	struct vcpu_sysregs *r;

	REQUIRE(open_shell());
	vm = vm_at(1);
	r = &vm->vcpu[0]->regs;
	CHECK_EQ(vm_write_ram(vm, 0x40005010, "here", 4), 0);
	has(shell_says("md two v:0x40005010 4"), "here"); /* its MMU is off */
	/* 39 bits of 4 KiB pages above, 42 bits of 64 KiB pages below. */
	r->sctlr |= 1;
	r->tcr = 22 | 1UL << 14 | 25UL << 16 | 2UL << 30;
	r->ttbr1 = 0x40010001 | 7UL << 48;
	r->ttbr0 = 0x40020000;
	put_entry(vm, 0x40010000, 0, 0x40011003);
	put_entry(vm, 0x40010000, 511, 0x40011003);
	put_entry(vm, 0x40011000, 0, 0x40012003);
	put_entry(vm, 0x40011000, 1, 0x40000401 | 1UL << 54); /* a block, not executable */
	put_entry(vm, 0x40011000, 2, 0x20000003);             /* a table outside its RAM */
	put_entry(vm, 0x40012000, 3, 0x40005003 | 1UL << 54);
	put_entry(vm, 0x40012000, 4, 0x40005001);             /* reserved */
	put_entry(vm, 0x40020000, 1, 0x40030003);
	put_entry(vm, 0x40030000, 2, 0x40000003);
	has(shell_says("md two v:0xffffff8000003010 4"), "ffffff8000003010  68 65 72 65  ");
	has(shell_says("md two v:0xffffff8000205010 4"), "here");
	has(shell_says("md two v:0xffffffffc0003010 4"), "here"); /* by the last entry of the first table */
	has(shell_says("md two v:0x20025010 4"), "here");
	has(shell_says("md two v:0xab00000020025010 4"), "here"); /* with a tag */
	check_answer("md two v:0xffffff8000001000", "two: no RAM or ROM at v:0xffffff8000001000\n");
	check_answer("md two v:0xffffff8000004000", "two: no RAM or ROM at v:0xffffff8000004000\n");
	check_answer("md two v:0xffffff8000400000", "two: no RAM or ROM at v:0xffffff8000400000\n");
	check_answer("md two v:0xffffff7fc0003010", "two: no RAM or ROM at v:0xffffff7fc0003010\n");
	check_answer("md two v:0x40020025010", "two: no RAM or ROM at v:0x40020025010\n");
	check_answer("md two v:", "'' is not a number, expected 4096, 0x1000, 4K\n");
	r->tcr = 0; /* 64 bits */
	check_answer("md two v:0x20025010", "two: no RAM or ROM at v:0x20025010\n");
	r->tcr = 63 | 3UL << 14;
	check_answer("md two v:1", "two: no RAM or ROM at v:0x1\n");
}

static void life(void)
{
	REQUIRE(open_shell());
	has(shell_says("pause one"), "one: paused\n");
	check_answer("pause one", "one: cannot pause, it is paused\n");
	has(shell_says("vcpus one"), "one.0              paused ");
	has(shell_says("regs one"), "x0 "); /* and stays paused */
	CHECK_EQ(vm_at(0)->state, VM_PAUSED);
	has(shell_says("resume 1"), "one: running\n");
	has(shell_says("restart one"), "one: running\n");
	CHECK_EQ(vm_at(0)->starts, 2);
	CHECK_EQ(vm_at(1)->starts, 1);
	has(shell_says("stop one"), "one: ended\n");
	check_answer("stop one", "one: cannot stop, it is ended\n");
	check_answer("regs one", "one: no vCPU 0 now\n");
	check_answer("md one 0x40000000", "one: no RAM or ROM at 0x40000000\n");
	has(shell_says("devices"), "two  ");
	has(shell_says("irqs one"), "INTID");
	has(shell_says("mem one"), "stage 2");
	has(shell_says("vms"), " 1 one              ended ");
	has(shell_says("start all"), "one: running\n");
	CHECK_EQ(vm_at(0)->state, VM_RUNNING);
	has(shell_says("kill two"), "two: stopped, killed by the operator");
}

static void on_idle_waits_for_the_operator(void)
{
	REQUIRE(open_shell());
	has(shell_says("stop all"), "no VM runs; on-idle waits until the shell is left or not used for 30 s");
	host_pass_ns(25000000000);
	settle_down();
	has(shell_says("start one"), "one: running");
	has(shell_says("stop all"), "no VM runs; on-idle waits");
	shell_forget_output();
	host_pass_ns(29000000000);
	settle_down();
	CHECK_STR(host_uart.out, "");
	host_pass_ns(2000000000);
	settle_down();
	has(host_uart.out, "quoin: no VM runs, waiting");
}

static void quit(void)
{
	REQUIRE(open_shell());
	shell_says("quit");
	has(host_uart.out, "quoin: console input goes to one");
	CHECK(console_focused() == vm_at(0));
	shell_type("\x1dm");
	has(host_uart.out, SHELL_PROMPT);
	shell_says("focus two");
	CHECK(console_focused() == vm_at(1));
	shell_type("\x1dm");
	shell_says("exit");
	CHECK(console_focused() == vm_at(1));
}

static void names_are_completed(void)
{
	REQUIRE(open_shell());
	shell_type("vcp\ttw\t");
	has(shell_says(""), "two.0");
}

static void the_machine_ends(void)
{
	REQUIRE(open_shell());
	shell_says("reset now");
	CHECK_EQ(shell_machine, 'r');
	CHECK_EQ(vm_at(0)->state, VM_DEAD);
	CHECK_EQ(vm_at(1)->state, VM_DEAD);
	REQUIRE(open_shell());
	shell_says("poweroff now");
	CHECK_EQ(shell_machine, 'o');
}

TEST_MAIN(RUN(each_wrong_line_has_one_answer), RUN(more_words_than_there_is_room_for),
	  RUN(every_command_is_in_the_help), RUN(tables), RUN(the_log), RUN(maps), RUN(interrupts),
	  RUN(registers_and_memory), RUN(virtual_addresses), RUN(life), RUN(on_idle_waits_for_the_operator), RUN(quit), RUN(names_are_completed), RUN(the_machine_ends))
