/* SPDX-License-Identifier: Apache-2.0 */
/* The start script: what it means, and the exact text and place of every error. */
#include "tests/unit/test.h"
#include <errno.h>
#include <stdlib.h>
#include "core/script.h"

static char log_text[4096];
static char memory[16384];

static void emit(struct diag *d, enum diag_kind k, const char *line)
{
	size_t n = strlen(log_text);

	(void)d;
	(void)k;
	snprintf(log_text + n, sizeof(log_text) - n, "%s%s", n != 0 ? "\n" : "", line);
}

static int parse_n(const char *text, size_t n, size_t room, struct script *s)
{
	const struct src_pos start = { .file = "startup", .line = 1, .col = 1 };
	struct diag d = { .emit = emit };
	struct arena a;
	char *copy = malloc(n + 1);
	int ret;

	memcpy(copy, text, n);
	log_text[0] = '\0';
	arena_init(&a, memory, room);
	ret = script_parse(copy, n, &start, &a, &d, s);
	CHECK_EQ(ret != 0, d.errors != 0);
	free(copy);
	return ret;
}

static int parse(const char *text, struct script *s)
{
	return parse_n(text, strlen(text), sizeof(memory), s);
}

static void reads_vms(void)
{
	struct script s;
	const struct script_vm *vm;

	CHECK_EQ(parse("# comment\n\n  qvm @/vm/a.qvmconf ram 64M # more\n"
		       "\tqvm system \"b c\" \\\n  cpu\r\n"
		       "on-idle reset\n"
		       "qvm cmdline \"two\nlines\" &", &s), 0);
	CHECK_STR(log_text, "");
	CHECK_EQ(s.vm_count, 3);
	CHECK_EQ(s.on_idle, IDLE_RESET);
	vm = s.vms;
	REQUIRE(vm != NULL && vm->word_count == 3);
	CHECK_EQ(vm->pos.line, 3);
	CHECK_EQ(vm->pos.col, 3);
	CHECK_STR(vm->words[0].text, "@/vm/a.qvmconf");
	CHECK_STR(vm->words[2].text, "64M");
	CHECK_EQ(vm->words[2].pos.line, 3);
	CHECK_EQ(vm->words[2].pos.col, 26);
	CHECK_STR(vm->words[2].pos.file, "startup");
	vm = vm->next;
	REQUIRE(vm != NULL && vm->word_count == 3);
	CHECK_STR(vm->words[1].text, "b c");
	CHECK_STR(vm->words[2].text, "cpu");
	CHECK_EQ(vm->words[2].pos.line, 5);
	vm = vm->next;
	REQUIRE(vm != NULL && vm->word_count == 2);
	CHECK_STR(vm->words[1].text, "two lines");
	CHECK(vm->next == NULL);
}

static void defaults(void)
{
	struct script s;

	CHECK_EQ(parse("", &s), 0);
	CHECK_EQ(s.vm_count, 0);
	CHECK(s.vms == NULL);
	CHECK_EQ(s.on_idle, IDLE_POWEROFF);
	CHECK_EQ(parse("on-idle wait", &s), 0);
	CHECK_EQ(s.on_idle, IDLE_WAIT);
	CHECK_EQ(parse("on-idle wait\non-idle poweroff", &s), 0);
	CHECK_EQ(s.on_idle, IDLE_POWEROFF);
}

static void reports_errors(void)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{ "qvm", "startup:1:1: error: qvm without a VM, expected: qvm @FILE or options" },
		{ "\n  qvm &\n", "startup:2:3: error: qvm without a VM, expected: qvm @FILE or options" },
		{ "qwm @x", "startup:1:1: error: unknown command 'qwm', expected qvm or on-idle" },
		{ "on-idle", "startup:1:1: error: expected: on-idle poweroff, wait or reset" },
		{ "on-idle stop", "startup:1:9: error: expected: on-idle poweroff, wait or reset" },
		{ "on-idle wait a", "startup:1:14: error: expected: on-idle poweroff, wait or reset" },
		{ "qvm \"abc\ncpu", "startup:1:5: error: missing closing '\"'" },
		{ "qvm a\001b", "startup:1:6: error: control character 0x01: expected text" },
		{ "a\nb\nqvm @c", "startup:1:1: error: unknown command 'a', expected qvm or on-idle\n"
		  "startup:2:1: error: unknown command 'b', expected qvm or on-idle" },
	};
	struct script s;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		CHECK_EQ(parse(cases[i].text, &s), -EINVAL);
		CHECK_STR(log_text, cases[i].message);
	}
	CHECK_EQ(s.vm_count, 1); /* the good line of the last case */
}

static void skips_qnx_lines(void)
{
	struct script s;

	CHECK_EQ(parse("procmgr_symlink ../../proc/boot/libc.so.5 /usr/lib/ldqnx-64.so.2\n"
		       "PATH=/proc/boot\n[+session] ksh &\nslogger2\n[pri=10r] qvm @a &\n", &s), 0);
	CHECK_EQ(s.vm_count, 1);
	CHECK_STR(log_text,
		  "startup:1:1: warning: 'procmgr_symlink' means nothing to the monitor, line ignored\n"
		  "startup:2:1: warning: 'PATH=/proc/boot' means nothing to the monitor, line ignored\n"
		  "startup:3:12: warning: 'ksh' means nothing to the monitor, line ignored\n"
		  "startup:4:1: warning: 'slogger2' means nothing to the monitor, line ignored");
	REQUIRE(s.vms != NULL && s.vms->word_count == 1);
	CHECK_STR(s.vms->words[0].text, "@a");
}

static void survives_a_small_arena(void)
{
	static const char text[] = "qvm @/vm/a.qvmconf ram 64M cpu\nqvm @/vm/b.qvmconf cmdline \"a b\"\n";
	struct script s;
	size_t room;
	int ret = 0;

	for (room = 0; room < sizeof(memory); room += 8) {
		ret = parse_n(text, sizeof(text) - 1, room, &s);
		if (ret == 0) {
			break;
		}
		CHECK_EQ(ret, -ENOMEM);
	}
	CHECK_EQ(ret, 0);
	CHECK_EQ(s.vm_count, 2);
}

/* Any bytes: an answer, no crash, no read beyond the text. */
static void survives_garbage(void)
{
	static const char some[] = "qvm on-idle\"\\\n\r#[]&@ =\0\377\t";
	u32 seed = 1, i, n;
	char text[64];
	struct script s;

	for (i = 0; i < 20000; i++) {
		u32 len = i % sizeof(text);

		for (n = 0; n < len; n++) {
			seed = seed * 1664525 + 1013904223;
			text[n] = some[(seed >> 16) % (sizeof(some) - 1)];
		}
		(void)parse_n(text, len, sizeof(memory), &s);
	}
}

TEST_MAIN(RUN(reads_vms), RUN(defaults), RUN(reports_errors), RUN(skips_qnx_lines),
	  RUN(survives_a_small_arena), RUN(survives_garbage))
