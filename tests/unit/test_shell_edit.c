/* SPDX-License-Identifier: Apache-2.0 */
/* The shell's line editor against a terminal: after each key the screen shows what the editor holds. */
#include "tests/unit/test.h"
#include "tests/unit/term_util.h"

#define UP "\033[A"
#define DOWN "\033[B"
#define RIGHT "\033[C"
#define LEFT "\033[D"

static struct shell shell;
static char ended[256]; /* the lines that were ended, each with a '|' */

/* What there is to complete: commands and VMs. */
static const char *candidate(bool first, u32 i)
{
	static const char *const commands[] = { "pause", "poweroff", "vcpus", "vms", "version" };
	static const char *const names[] = { "linux", "linux-2", "rt" };

	return first ? i < 5 ? commands[i] : NULL : i < 3 ? names[i] : NULL;
}

static void begin(void)
{
	memset(&shell, 0, sizeof(shell));
	memset(&term, 0, sizeof(term));
	shell.write = term_write;
	shell.candidate = candidate;
	ended[0] = '\0';
	edit_begin(&shell);
}

static void type(const char *keys)
{
	for (; *keys != '\0'; keys++) {
		if (edit_byte(&shell, (u8)*keys)) {
			snprintf(ended + strlen(ended), sizeof(ended) - strlen(ended), "%s|", shell.line);
			edit_begin(&shell);
		}
		CHECK(shell.escape != 0 || term_agrees(&shell));
	}
}

/* `keys` and what is in the line then, the cursor shown as a '_' behind it. */
static void check(const char *keys, const char *want)
{
	char got[SHELL_LINE + 2];

	begin();
	type(keys);
	snprintf(got, sizeof(got), "%.*s_%s", shell.at, shell.line, shell.line + shell.at);
	CHECK_STR(got, want);
	CHECK_EQ(shell.len, strlen(shell.line));
}

static void text_goes_where_the_cursor_stands(void)
{
	check("vms", "vms_");
	check("abd" LEFT "c", "abc_d");
	check("bc\001a", "a_bc");
	check("abc\001\005d", "abcd_");
	check("ac" LEFT RIGHT LEFT "b", "ab_c");
	check("ab\002\002\002\006x", "ax_b");
	check(LEFT RIGHT UP DOWN, "_");
}

static void keys_that_erase(void)
{
	check("abc\177", "ab_");
	check("abc\b\b\b\b", "_");
	check("abcd" LEFT "\177", "ab_d");
	check("abcd\001\004", "_bcd");
	check("abcd" LEFT LEFT "\013", "ab_");
	check("abcd" LEFT LEFT "\025", "_cd");
	check("stop linux\027", "stop _");
	check("stop linux   \027", "stop _");
	check("stop linux\027\027\027", "_");
	check("stop linux" LEFT LEFT "\027", "stop _ux");
	check("abc\001\033[3~", "_bc");
	check("abc\033[3~", "abc_");
}

static void keys_as_terminals_send_them(void)
{
	check("bc\033[Ha\033[Fd", "abcd_");
	check("bc\033OHa\033OFd", "abcd_");
	check("bc\033[1~a\033[4~d", "abcd_");
	check("bc\033[7~a\033[8~d", "abcd_");
	check("ac\033ODb", "ab_c");
	check("ab\033[1;5Dc", "ac_b"); /* with Ctrl held */
}

static void other_bytes_are_ignored(void)
{
	check("a\033[99~\033[5~\033[@\033[I\033[~b", "ab_");
	check("a\033[999999999999999Ab", "ab_");
	check("a\033xb", "ab_"); /* Alt-x */
	check("a\200\377\303\251b", "ab_");
	check("a\002\003b", "b_"); /* Ctrl-C */
	check("a\022\024\026\031\032\034\035\036\037b", "ab_");
	check("a\033[1\177b", "b_"); /* the key that interrupts a sequence counts */
	begin();
	type("a");
	(void)edit_byte(&shell, 0);
	type("b");
	CHECK_STR(shell.line, "ab");
}

static void line_ends(void)
{
	begin();
	type("one\rtwo\nthree\r\nfour\n\r");
	CHECK_STR(ended, "one|two|three|four||");
	begin();
	type("\r\n\r\n\n");
	CHECK_STR(ended, "|||");
	begin();
	type("gone\003kept\r");
	CHECK_STR(ended, "kept|");
	CHECK(strstr(term.past, "gone^C\n") != NULL);
}

static void long_lines_end_with_a_bell(void)
{
	begin();
	for (int i = 0; i < 3 * SHELL_LINE; i++) {
		type("x");
	}
	CHECK_EQ(shell.len, SHELL_LINE);
	CHECK_EQ(term.bells, 2 * SHELL_LINE);
	type("\001y"); /* nor does it fit in front */
	CHECK_EQ(shell.line[0], 'x');
	type("\004y");
	CHECK_EQ(shell.line[0], 'y');
	CHECK_EQ(shell.len, SHELL_LINE);
}

static void redraws(void)
{
	begin();
	type("abc" LEFT);
	memset(&term, 0, sizeof(term)); /* somebody has cleared the screen */
	type("\f");
	CHECK_STR(term.row, SHELL_PROMPT "abc");
}

static void history(void)
{
	begin();
	type("one\rtwo\rtwo\r\rthree\r");
	type(UP);
	CHECK_STR(shell.line, "three");
	type(UP UP); /* what was typed twice is there once, what was empty not at all */
	CHECK_STR(shell.line, "one");
	CHECK_EQ(term.bells, 0);
	type(UP);
	CHECK_STR(shell.line, "one");
	CHECK_EQ(term.bells, 1);
	type("\016!\r"); /* Ctrl-N */
	type("\020");
	CHECK_STR(shell.line, "two!");
	type(UP UP UP);
	CHECK_STR(shell.line, "one");
	type(DOWN DOWN DOWN DOWN);
	CHECK_STR(shell.line, "");
	type(DOWN);
	CHECK_EQ(term.bells, 2);
	CHECK_STR(ended, "one|two|two||three|two!|");
}

static void history_is_bounded(void)
{
	char line[16];

	begin();
	for (int i = 0; i < 3 * SHELL_HISTORY; i++) {
		snprintf(line, sizeof(line), "%d\r", i);
		type(line);
	}
	for (int i = 0; i < 2 * SHELL_HISTORY; i++) {
		type(UP);
	}
	CHECK_EQ(term.bells, SHELL_HISTORY);
	snprintf(line, sizeof(line), "%d", 2 * SHELL_HISTORY);
	CHECK_STR(shell.line, line);
}

static void completion(void)
{
	check("pa\t", "pause _");
	check("  pa\tx", "  pause x_");
	check("p\t", "p_");
	check("ver\t\t", "version _"); /* linux, linux-2 and rt have nothing in common */
	check("pause r\t", "pause rt _");
	check("pause l\t", "pause linux_");
	check("pause linux-\t", "pause linux-2 _");
	check("pause li x" LEFT LEFT "\t", "pause linux_ x");
	check("q\t", "q_");
	CHECK_EQ(term.bells, 1);
	begin();
	type("pause \t");
	CHECK(strstr(term.past, "linux linux-2 rt ") != NULL);
	CHECK_STR(shell.line, "pause ");
	begin();
	type("v\t");
	CHECK(strstr(term.past, "vcpus vms version ") != NULL);
}

TEST_MAIN(RUN(text_goes_where_the_cursor_stands), RUN(keys_that_erase), RUN(keys_as_terminals_send_them),
	  RUN(other_bytes_are_ignored), RUN(line_ends), RUN(long_lines_end_with_a_bell), RUN(redraws),
	  RUN(history), RUN(history_is_bounded), RUN(completion))
