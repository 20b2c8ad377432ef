/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A terminal as far as the shell's editor needs one: text, CR, LF, BEL, ESC[K, ESC[nD. Anything else
 * is counted in `odd`.
 */
#ifndef TESTS_UNIT_TERM_UTIL_H
#define TESTS_UNIT_TERM_UTIL_H

#include <stdlib.h>
#include <string.h>
#include "core/shell/edit.h"

#define TERM_WIDTH 80

struct term {
	char row[TERM_WIDTH + 1]; /* where the cursor stands */
	unsigned int at, bells, rows, odd;
	char past[4096];          /* the rows above, each ended by '\n'; the oldest are dropped */
};

static struct term term;

static void term_line_feed(void)
{
	size_t n = strlen(term.past), len = strlen(term.row);

	if (n + len + 2 > sizeof(term.past)) {
		memmove(term.past, term.past + 1024, n - 1024 + 1);
		n -= 1024;
	}
	memcpy(term.past + n, term.row, len);
	memcpy(term.past + n + len, "\n", 2);
	memset(term.row + term.at, 0, sizeof(term.row) - term.at);
	memset(term.row, 0, sizeof(term.row));
	if (term.at != 0) {
		memset(term.row, ' ', term.at);
	}
	term.rows++;
}

static void term_char(char c)
{
	if (c == '\r') {
		term.at = 0;
	} else if (c == '\n') {
		term_line_feed();
	} else if (c == '\a') {
		term.bells++;
	} else if (c < ' ' || c == 0x7f || term.at >= TERM_WIDTH) {
		term.odd++;
	} else {
		size_t len = strlen(term.row);

		if (len < term.at) {
			memset(term.row + len, ' ', term.at - len);
		}
		term.row[term.at++] = c;
	}
}

static void term_write(struct shell *sh, const char *text, size_t n)
{
	(void)sh;
	for (size_t i = 0; i < n; i++) {
		char *end;
		long count;

		if (text[i] != 0x1b) {
			term_char(text[i]);
			continue;
		}
		/* A sequence is written in one piece. */
		count = strtol(text + i + 2, &end, 10);
		if (i + 2 >= n || text[i + 1] != '[' || (size_t)(end - text) >= n) {
			term.odd++;
			return;
		}
		i = (size_t)(end - text);
		if (text[i] == 'K' && count == 0) {
			memset(term.row + term.at, 0, sizeof(term.row) - term.at);
		} else if (text[i] == 'D' && count > 0 && count <= (long)term.at) {
			term.at -= (unsigned int)count;
		} else {
			term.odd++;
		}
	}
}

/* True if the terminal shows the prompt, the line, and the cursor where the editor believes it. */
static bool term_agrees(const struct shell *sh)
{
	size_t prompt = sizeof(SHELL_PROMPT) - 1;
	size_t len = strlen(term.row);

	while (len > prompt + sh->len && term.row[len - 1] == ' ') {
		len--;
	}
	return term.odd == 0 && term.at == prompt + sh->at && len == prompt + sh->len &&
	       memcmp(term.row, SHELL_PROMPT, prompt) == 0 &&
	       memcmp(term.row + prompt, sh->line, sh->len) == 0;
}

#endif
