/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Anything is typed at the shell. The first byte chooses: 0 the line editor alone, against a terminal
 * that has to show what the editor holds; else the console of a machine with two VMs, where lines
 * become commands. In the end the shell waits for more, and what it printed is text.
 */
#include "tests/unit/term_util.h"
#include "tests/unit/shell_util.h"
#include "tests/fuzz/fuzz.h"

static const char *candidate(bool first, u32 i)
{
	static const char *const words[] = { "vms", "vcpus", "version", "", "a-name-that-is-longer-than-all-others" };

	return i < 5 - (u32)first ? words[i] : NULL;
}

static void edit(const uint8_t *data, size_t size)
{
	static struct shell sh;

	memset(&sh, 0, sizeof(sh));
	memset(&term, 0, sizeof(term));
	sh.write = term_write;
	sh.candidate = candidate;
	edit_begin(&sh);
	for (size_t i = 0; i < size; i++) {
		if (edit_byte(&sh, data[i])) {
			edit_begin(&sh);
		}
		REQUIRE(sh.len <= SHELL_LINE && sh.at <= sh.len && sh.line[sh.len] == '\0');
		REQUIRE(term_agrees(&sh));
	}
}

static void check_output(void)
{
	for (u32 i = 0; i < host_uart.out_len; i++) {
		u8 c = (u8)host_uart.out[i];

		REQUIRE((c >= ' ' && c < 0x7f) || c == '\r' || c == '\n' || c == '\a' || c == 0x1b);
	}
}

static void type_some(const uint8_t *data, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		host_uart.in[host_uart.in_head++ % sizeof(host_uart.in)] = data[i];
	}
	console_irq();
	settle_down();
}

static void operate(const uint8_t *data, size_t size)
{
	static bool booted;

	/* Once: what a machine's threads hold is not given back. */
	if (!booted) {
		REQUIRE(shell_boot());
		booted = true;
	}
	shell_forget_output();
	/* As it was, whatever the last one did. */
	type_some((const uint8_t *)"\x1dm\x03resume all\rstart all\r", 24);
	shell_forget_output();
	for (size_t i = 0; i < size; i += 32) {
		type_some(data + i, MIN(size - i, 32UL));
		check_output();
		shell_forget_output();
	}
	type_some((const uint8_t *)" \x1dm\x03version\r", 12); /* the blank is for an escape key that is open */
	REQUIRE(strstr(host_uart.out, "Quoin, build") != NULL || shell_machine != 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0 || size > 4000) {
		return 0;
	}
	if (data[0] == 0) {
		edit(data + 1, size - 1);
	} else {
		operate(data + 1, size - 1);
	}
	return 0;
}
