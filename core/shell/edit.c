/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Line editing for terminals that understand ANSI sequences: CR, ESC[K (erase to the line's end) and
 * ESC[nD (left), ECMA-48 8.3. A change anywhere but at the line's end draws the whole line again.
 */
#include "core/shell/edit.h"

#include <string.h>
#include "core/base/fmt.h"

#define CTRL(c) ((c) & 0x1f)
#define DEL 0x7f
#define ESC 0x1b

enum escape { ESC_NONE, ESC_SEEN, ESC_CSI };

static void say(struct shell *sh, const char *text)
{
	sh->write(sh, text, strlen(text));
}

static void bell(struct shell *sh)
{
	say(sh, "\a");
}

static void draw(struct shell *sh)
{
	char text[sizeof(SHELL_PROMPT) + SHELL_LINE + 16];
	size_t n = fmt_str(text, sizeof(text), "\r" SHELL_PROMPT "%s\033[K", sh->line);

	if (sh->at < sh->len) {
		fmt_str(text + n, sizeof(text) - n, "\033[%uD", (u32)(sh->len - sh->at));
	}
	say(sh, text);
}

void edit_begin(struct shell *sh)
{
	sh->len = 0;
	sh->at = 0;
	sh->back = 0;
	sh->escape = ESC_NONE;
	sh->line[0] = '\0';
	draw(sh);
}

/* ---- Changes of the line */

static void erase(struct shell *sh, u32 from, u32 to)
{
	memmove(sh->line + from, sh->line + to, sh->len + 1U - to);
	sh->len = (u8)(sh->len - (to - from));
	sh->at = (u8)from;
	draw(sh);
}

static void insert(struct shell *sh, const char *text, size_t n)
{
	if (n > (size_t)(SHELL_LINE - sh->len)) {
		bell(sh);
		return;
	}
	memmove(sh->line + sh->at + n, sh->line + sh->at, sh->len + 1U - sh->at);
	memcpy(sh->line + sh->at, text, n);
	sh->len = (u8)(sh->len + n);
	sh->at = (u8)(sh->at + n);
	if (sh->at == sh->len) {
		sh->write(sh, text, n);
	} else {
		draw(sh);
	}
}

/* Where the word in front of the cursor begins. */
static u32 word_start(const struct shell *sh, bool skip_blanks)
{
	u32 at = sh->at;

	while (skip_blanks && at > 0 && sh->line[at - 1] == ' ') {
		at--;
	}
	while (at > 0 && sh->line[at - 1] != ' ') {
		at--;
	}
	return at;
}

/* ---- History: a line's number is how many were kept before it. */

static char *history_at(struct shell *sh, u32 number)
{
	return sh->history[number % SHELL_HISTORY];
}

static void keep(struct shell *sh)
{
	if (sh->len != 0 && (sh->kept == 0 || strcmp(history_at(sh, sh->kept - 1), sh->line) != 0)) {
		memcpy(history_at(sh, sh->kept++), sh->line, sizeof(sh->line));
	}
}

/* Show the line typed `back` lines ago; 0 is an empty one. */
static void recall(struct shell *sh, u32 back)
{
	if (back > MIN(sh->kept, (u32)SHELL_HISTORY)) { /* below 0, too */
		bell(sh);
		return;
	}
	sh->back = back;
	memset(sh->line, 0, sizeof(sh->line));
	if (back != 0) {
		memcpy(sh->line, history_at(sh, sh->kept - back), sizeof(sh->line));
	}
	sh->len = (u8)strlen(sh->line);
	sh->at = sh->len;
	draw(sh);
}

/* ---- Completion */

static void list_candidates(struct shell *sh, bool first, const char *stem, size_t n)
{
	const char *word;

	say(sh, "\r\n");
	for (u32 i = 0; (word = sh->candidate(first, i)) != NULL; i++) {
		if (strncmp(word, stem, n) == 0) {
			say(sh, word);
			say(sh, " ");
		}
	}
	say(sh, "\r\n");
	draw(sh);
}

static void complete(struct shell *sh)
{
	u32 start = word_start(sh, false), found = 0;
	bool first = strspn(sh->line, " ") >= start;
	const char *stem = sh->line + start, *word, *best = NULL;
	size_t n = sh->at - start, common = 0;

	for (u32 i = 0; (word = sh->candidate(first, i)) != NULL; i++) {
		if (strncmp(word, stem, n) != 0) {
			continue;
		}
		if (found++ == 0) {
			best = word;
			common = strlen(word);
		}
		for (size_t k = n; k < common; k++) {
			common = word[k] == best[k] ? common : k;
		}
	}
	if (found == 0) {
		bell(sh);
	} else if (common == n && found > 1) {
		list_candidates(sh, first, stem, n);
	} else {
		insert(sh, best + n, common - n);
		if (found == 1) {
			insert(sh, " ", 1);
		}
	}
}

/* ---- Keys */

static void end_line(struct shell *sh)
{
	keep(sh);
	say(sh, "\r\n");
}

/* Keys that move the cursor to another place of the line, or erase what is between it and there. */
static void move_or_erase(struct shell *sh, u32 to, bool erases)
{
	if (to > sh->len) {
		return; /* left of the start is above any length, too */
	}
	if (erases && to != sh->at) {
		erase(sh, MIN(sh->at, to), MAX(sh->at, to));
	} else {
		sh->at = (u8)to;
		draw(sh);
	}
}

static void control(struct shell *sh, u8 c)
{
	switch (c) {
	case CTRL('A'):
	case CTRL('U'):
		move_or_erase(sh, 0, c == CTRL('U'));
		break;
	case CTRL('E'):
	case CTRL('K'):
		move_or_erase(sh, sh->len, c == CTRL('K'));
		break;
	case CTRL('B'):
	case CTRL('H'):
	case DEL:
		move_or_erase(sh, sh->at - 1U, c != CTRL('B'));
		break;
	case CTRL('F'):
	case CTRL('D'):
		move_or_erase(sh, sh->at + 1U, c == CTRL('D'));
		break;
	case CTRL('W'):
		move_or_erase(sh, word_start(sh, true), true);
		break;
	case CTRL('C'):
		say(sh, "^C\r\n");
		edit_begin(sh);
		break;
	case CTRL('I'):
		complete(sh);
		break;
	case CTRL('L'):
		draw(sh);
		break;
	case CTRL('N'):
	case CTRL('P'):
		recall(sh, c == CTRL('P') ? sh->back + 1 : sh->back - 1);
		break;
	case ESC:
		sh->escape = ESC_SEEN;
		sh->parameter = 0;
		break;
	default:
		break;
	}
}

/* The control character that does what a key does which is sent as a sequence; 0: none. */
static u8 key_of(u8 final, u8 parameter)
{
	static const char letter[] = { CTRL('P'), CTRL('N'), CTRL('F'), CTRL('B'), 0, CTRL('E'), 0, CTRL('A') };
	static const char tilde[] = { 0, CTRL('A'), 0, CTRL('D'), CTRL('E'), 0, 0, CTRL('A'), CTRL('E') };

	if (final == '~') {
		return parameter < sizeof(tilde) ? (u8)tilde[parameter] : 0;
	}
	final = (u8)(final - 'A');
	return final < sizeof(letter) ? (u8)letter[final] : 0;
}

/* Inside an escape sequence: ESC [ digits final, or ESC O final. */
static void sequence(struct shell *sh, u8 c)
{
	if (sh->escape == ESC_SEEN) {
		sh->escape = c == '[' || c == 'O' ? ESC_CSI : ESC_NONE;
	} else if (c >= '0' && c <= '9') {
		sh->parameter = (u8)(sh->parameter < 10 ? sh->parameter * 10 + c - '0' : 0xff);
	} else if (c >= '@') {
		sh->escape = ESC_NONE;
		control(sh, key_of(c, sh->parameter));
	}
}

bool edit_byte(struct shell *sh, u8 c)
{
	bool after_cr = sh->after_cr;

	sh->after_cr = c == '\r';
	if (c == '\r' || (c == '\n' && !after_cr)) {
		end_line(sh);
		return true;
	}
	if (c < ' ' || c == DEL) {
		sh->escape = ESC_NONE;
		control(sh, c);
	} else if (sh->escape != ESC_NONE) {
		sequence(sh, c);
	} else if (c < DEL) {
		insert(sh, (const char *)&c, 1);
	}
	return false;
}
