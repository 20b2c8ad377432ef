/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/mkimage/scan.h"

#include <stdlib.h>
#include <string.h>
#include "tools/mkimage/util.h"

#define WORD_MAX 4096

void scan_step(struct scan *s)
{
	if (*s->p++ == '\n') {
		s->pos.line++;
		s->pos.col = 1;
	} else {
		s->pos.col++;
	}
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

void scan_blanks(struct scan *s)
{
	while (!scan_end(s) && is_blank(*s->p)) {
		scan_step(s);
	}
	if (scan_at(s, '#')) {
		while (!scan_end(s) && *s->p != '\n') {
			scan_step(s);
		}
	}
}

void scan_space(struct scan *s)
{
	for (scan_blanks(s); scan_at(s, '\n'); scan_blanks(s)) {
		scan_step(s);
	}
}

void scan_line(struct scan *s)
{
	while (!scan_end(s) && *s->p != '\n') {
		scan_step(s);
	}
	if (!scan_end(s)) {
		scan_step(s);
	}
}

struct word {
	char text[WORD_MAX];
	size_t n;
};

static bool word_put(struct word *w, const char *s, size_t n)
{
	if (n >= sizeof(w->text) - w->n) {
		return false;
	}
	memcpy(w->text + w->n, s, n);
	w->n += n;
	return true;
}

/* ${NAME} at s. */
static bool word_variable(struct scan *s, struct word *w, const char **undefined)
{
	struct src_pos open = s->pos;
	const char *name = s->p + 2, *value;
	size_t n;

	while (!scan_end(s) && *s->p != '}' && *s->p != '\n') {
		scan_step(s);
	}
	n = (size_t)(s->p - name);
	if (!scan_at(s, '}') || n == 0) {
		diag_error(s->diag, &open, "incomplete variable, expected ${NAME}");
		return false;
	}
	scan_step(s);
	name = pool_strndup(name, n);
	value = getenv(name);
	if (value == NULL) {
		if (undefined != NULL) {
			*undefined = name;
			return true;
		}
		diag_error(s->diag, &open, "variable '%s' is not set in the environment", name);
		return false;
	}
	if (!word_put(w, value, strlen(value))) {
		diag_error(s->diag, &open, "word too long with the value of '%s'", name);
		return false;
	}
	return true;
}

char *scan_word(struct scan *s, const char *stop, const char **undefined)
{
	struct src_pos open = s->pos, start = s->pos;
	struct word w = { .n = 0 };
	bool quoted = false;

	while (!scan_end(s) && *s->p != '\n' &&
	       (quoted || (!is_blank(*s->p) && strchr(stop, *s->p) == NULL))) {
		if (*s->p == '"') {
			open = s->pos;
			quoted = !quoted;
			scan_step(s);
			continue;
		}
		if (*s->p == '$' && s->end - s->p > 1 && s->p[1] == '{') {
			if (!word_variable(s, &w, undefined)) {
				return NULL;
			}
			continue;
		}
		if (*s->p == '\\' && s->end - s->p > 1 && s->p[1] != '\n') {
			scan_step(s);
		}
		if ((u8)*s->p < 0x20 || *s->p == 0x7f) {
			diag_error(s->diag, &s->pos, "control character 0x%02x: expected text", (u8)*s->p);
			return NULL;
		}
		if (!word_put(&w, s->p, 1)) {
			diag_error(s->diag, &start, "word too long, expected at most %d characters",
				   WORD_MAX - 1);
			return NULL;
		}
		scan_step(s);
	}
	if (quoted) {
		diag_error(s->diag, &open, "missing closing '\"'");
		return NULL;
	}
	return pool_strndup(w.text, w.n);
}

char *scan_braces(struct scan *s, struct src_pos *start)
{
	struct src_pos open = s->pos;
	u32 depth = 1;
	size_t n = 0, used;
	char *text;
	struct scan ahead;

	scan_step(s);
	ahead = *s;
	while (!scan_end(&ahead) && is_blank(*ahead.p)) {
		scan_step(&ahead);
	}
	if (scan_at(&ahead, '\n')) {
		scan_step(&ahead);
		*s = ahead;
	}
	*start = s->pos;
	text = pool_alloc((size_t)(s->end - s->p) + 1);
	for (; !scan_end(s); scan_step(s)) {
		char c = *s->p;

		if (c == '\\' && s->end - s->p > 1 && (s->p[1] == '{' || s->p[1] == '}')) {
			scan_step(s);
			text[n++] = *s->p;
			continue;
		}
		if (c == '\0') {
			diag_error(s->diag, &s->pos, "control character 0x00: expected text");
			return NULL;
		}
		depth += c == '{';
		depth -= c == '}';
		if (depth == 0) {
			scan_step(s);
			for (used = n; used != 0 && is_blank(text[used - 1]); used--) {
			}
			/* The indentation of a '}' on a line of its own; elsewhere blanks are text. */
			n = used == 0 || text[used - 1] == '\n' ? used : n;
			text[n] = '\0';
			return text;
		}
		text[n++] = c;
	}
	diag_error(s->diag, &open, "missing '}' for this '{'");
	return NULL;
}
