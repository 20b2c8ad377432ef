/* SPDX-License-Identifier: Apache-2.0 */
/* core/console/console_focus.c: the escape key, who gets what is typed, how each VM's output looks. */
#include "tests/unit/console_util.h"

#define ESC "\x1d"
#define GOES "quoin: console input goes to "
#define HELP "quoin: Ctrl-] then 1-8: that VM, n: the next, m: the shell, Ctrl-]: itself; input goes to "

/* The shell's side without its thread: what console_shell_read() would return, if there is any. */
static const char *shell_heard(void)
{
	static char buf[CONSOLE_INPUT + 1];
	size_t n = 0;

	if (input_used(&console.typed[CONSOLE_SHELL]) != 0) {
		n = console_shell_read(buf, CONSOLE_INPUT);
	}
	buf[n] = '\0';
	return buf;
}

static void open_shell(void)
{
	console_shell_open(this_cpu()->current);
}

static void write_shell(const char *text)
{
	console_shell_write(text, strlen(text));
}

/* A switch that is typed shows at once, and in bursts. */
static const char *soon(void)
{
	host_pass_ns(MS);
	return shown();
}

static void keys_choose(void)
{
	start(3);
	type("a" ESC "2b" ESC "3c" ESC "1d");
	CHECK_STR(heard(0), "ad");
	CHECK_STR(heard(1), "b");
	CHECK_STR(heard(2), "c");
	CHECK_STR(soon(), GOES "qnx\n" GOES "rtos\n" GOES "linux\n");
	CHECK(console_focused() == &vm[0]->vm);
	type(ESC "n" "e" ESC "n" "f" ESC "n" "g");
	CHECK_STR(heard(1), "e");
	CHECK_STR(heard(2), "f");
	CHECK_STR(heard(0), "g");
	stop();
}

static void the_key_itself(void)
{
	start(1);
	type("a" ESC ESC "b" ESC);
	CHECK_STR(heard(0), "a\x1d" "b");
	type(ESC);
	CHECK_STR(heard(0), "\x1d");
	console_set_escape(-1);
	type(ESC "1");
	CHECK_STR(heard(0), "\x1d" "1");
	console_set_escape(1);
	type(ESC "\x01?");
	CHECK_STR(heard(0), "\x1d");
	CHECK_STR(soon(), "quoin: Ctrl-A then 1-8: that VM, n: the next, m: the shell, Ctrl-A: itself; "
		  "input goes to linux\n");
	console_set_escape(CONSOLE_ESCAPE);
	stop();
}

static void wrong_keys_have_one_answer(void)
{
	start(1);
	type(ESC "?");
	CHECK_STR(soon(), HELP "linux\n");
	type(ESC "hx" ESC "\r");
	CHECK_STR(soon(), HELP "linux\n" HELP "linux\n");
	type(ESC "5" ESC "m");
	CHECK_STR(soon(), "quoin: no such VM is on the console\nquoin: there is no shell\n");
	CHECK_STR(heard(0), "x");
	console_vm_end(&vm[0]->vm);
	type(ESC "1" ESC "n");
	CHECK_STR(soon(), "quoin: no such VM is on the console\nquoin: no such VM is on the console\n");
	stop();
}

/* Typed for one that does not read now: it stays his. */
static void input_stays_with_its_vm(void)
{
	char text[200];

	start(2);
	memset(text, 'a', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	type(text);
	type(text);
	type(text);
	host_pass_ns(100 * MS);
	type(ESC "2" "bbb");
	host_pass_ns(100 * MS);
	CHECK_STR(heard(1), "bbb");
	for (u32 i = 0, n = 0; n < 3 * strlen(text) && i < 1000; i++) {
		const char *got = heard(0);

		CHECK_EQ(strspn(got, "a"), strlen(got));
		n += (u32)strlen(got);
		host_pass_ns(MS);
		CHECK(i < 999);
	}
	CHECK_STR(heard(1), "");
	stop();
}

static void one_that_does_not_read_is_left(void)
{
	char text[2001];

	start(2);
	memset(text, 'a', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	host_uart_type(text);
	host_uart_type(ESC "2" "b");
	host_pass_ns(1000 * MS);
	CHECK_STR(heard(1), ""); /* he might read yet */
	host_pass_ns(3000 * MS);
	CHECK(strstr(shown(), "quoin: console input is not read, what is typed now is lost\n" GOES "qnx") != NULL);
	CHECK_STR(heard(1), "b");
	stop();
}

static void the_chosen_one_is_raw(void)
{
	start(2);
	say(0, "a\r\n");
	say(1, "\033[1mb\033[0m\r\n");
	CHECK_STR(shown(), "linux: a\nqnx: .[1mb.[0m\n");
	/* The one who is typed to edits its line even before it is chosen. */
	say(0, "x\b \b\033[K\r\n");
	CHECK_STR(shown(), "linux: x\b \b\033[K\n");
	type(ESC "2");
	CHECK_STR(soon(), GOES "qnx\n");
	say(1, "\033[2J\033[H# ");
	say(1, "\001");
	CHECK_STR(shown(), "\033[2J\033[H# \001");
	say(0, "tick\r\n");
	CHECK_STR(shown(), "");
	host_pass_ns(251 * MS);
	CHECK_STR(shown(), "\nlinux: tick\n");
	/* A prompt of another's is not waited for. */
	say(0, "~ # ");
	host_pass_ns(1001 * MS);
	CHECK_STR(shown(), "linux: ~ # ");
	say(1, "x");
	CHECK_STR(shown(), "\nx");
	console_vm_end(&vm[1]->vm);
	host_pass_ns(251 * MS);
	CHECK_STR(shown(), "\n" GOES "linux\n");
	say(0, "a\r\n");
	CHECK_STR(shown(), "linux: a\n");
	/* It runs again: the choice holds. */
	console_vm_start(&vm[1]->vm);
	say(1, "b\r\n");
	CHECK_STR(shown(), GOES "qnx\nb\n");
	type("i");
	CHECK_STR(heard(1), "i");
	stop();
}

static void control_characters_of_others(void)
{
	start(2);
	say(1, "\001\b\x1b\x7f\ta\x80z\xc2\x9bK\xe2\x80\x93\xc3\xa4\n");
	CHECK_STR(shown(), "qnx: ....\ta.z\xc2.K\xe2\x80\x93\xc3\xa4\n");
	stop();
}

static void the_shell_has_its_turn(void)
{
	start(1);
	open_shell();
	say(0, "login: ");
	CHECK_STR(shown(), "login: ");
	write_shell("quoin> ");
	CHECK_STR(shown(), ""); /* nobody looks */
	type(ESC "mvms\r");
	CHECK(console_focused() == NULL);
	CHECK_STR(shell_heard(), "vms\r");
	CHECK_STR(heard(0), "");
	CHECK_STR(soon(), "\n" GOES "the monitor's shell\nquoin> ");
	/* Others wait for the end of its line, or take its place: it draws it again. */
	write_shell("v");
	say(0, "tick\r\ntack\r\n");
	CHECK_STR(shown(), "v");
	host_pass_ns(251 * MS);
	CHECK_STR(shown(), "\r\033[Klinux: tick\nlinux: tack\n");
	CHECK_STR(shell_heard(), "\f");
	write_shell("\rquoin> v");
	CHECK_STR(shown(), "\rquoin> v");
	host_pass_ns(1000 * MS);
	CHECK_STR(shell_heard(), "");
	console_focus(&vm[0]->vm);
	CHECK_STR(soon(), "\r\033[K" GOES "linux\n");
	say(0, "raw\033[K\r\n");
	CHECK_STR(shown(), "raw\033[K\n");
	console_focus(NULL);
	CHECK_STR(soon(), GOES "the monitor's shell\n");
	stop();
}

/* Lines that the shell still has when the machine goes off are not a VM's: no name stands there. */
static void the_shell_has_no_prefix(void)
{
	start(2);
	open_shell();
	write_shell("two: ended\n");
	console_flush();
	CHECK_STR(shown(), "two: ended\n");
	stop();
}

static void the_shell_gives_back_what_it_took(void)
{
	start(2);
	open_shell();
	console_focus(NULL);
	console_leave_shell(); /* nobody had been chosen: the first, as ever */
	CHECK(console_focused() == &vm[0]->vm);
	CHECK(console.chosen == NULL);
	type(ESC "2" ESC "m" ESC "m");
	console_leave_shell();
	CHECK(console_focused() == &vm[1]->vm);
	console_focus(NULL);
	console_vm_end(&vm[1]->vm);
	console_leave_shell(); /* the one that had it is gone */
	CHECK(console_focused() == &vm[0]->vm);
	console_focus(NULL);
	console_vm_end(&vm[0]->vm);
	console_leave_shell();
	CHECK(console_focused() == NULL);
	stop();
}

TEST_MAIN(RUN(keys_choose), RUN(the_key_itself), RUN(wrong_keys_have_one_answer),
	  RUN(input_stays_with_its_vm), RUN(one_that_does_not_read_is_left), RUN(the_chosen_one_is_raw),
	  RUN(control_characters_of_others), RUN(the_shell_has_its_turn),
	  RUN(the_shell_has_no_prefix), RUN(the_shell_gives_back_what_it_took))
