/* SPDX-License-Identifier: Apache-2.0 */
/* Characters and words of a buildfile, with their places. */
#ifndef TOOLS_MKIMAGE_SCAN_H
#define TOOLS_MKIMAGE_SCAN_H

#include "core/base/diag.h"
#include "core/base/types.h"

struct scan {
	const char *p, *end;
	struct src_pos pos;
	struct diag *diag;
};

static inline bool scan_end(const struct scan *s)
{
	return s->p == s->end;
}

static inline bool scan_at(const struct scan *s, char c)
{
	return s->p != s->end && *s->p == c;
}

void scan_step(struct scan *s);

/* scan_blanks - past blanks and a comment, to a word or the line's end. */
void scan_blanks(struct scan *s);

/* scan_space - the same over any number of lines. */
void scan_space(struct scan *s);

/* scan_line - behind the end of this line. */
void scan_line(struct scan *s);

/*
 * scan_word - the word up to a blank, the line's end or one of `stop`, with quotes, backslashes
 * and ${VARIABLES} resolved. NULL having said why; *undefined instead (the word is then unusable
 * but not an error) for a variable that is not set, if `undefined` is not NULL.
 */
char *scan_word(struct scan *s, const char *stop, const char **undefined);

/*
 * scan_braces - the text between the '{' at s and its '}', pairs of braces inside included; `\{`
 * and `\}` stand for one brace alone. What follows '{' on its line and the blanks before '}' do
 * not count if they are blank. NULL having said why; *start is the place of the first character.
 */
char *scan_braces(struct scan *s, struct src_pos *start);

#endif
