/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Words of the config language, from files and command-line words as one stream.
 *
 * Words are separated by blanks and line ends, which mean nothing else; `#` starts a comment
 * to the end of the line. Double quotes take blanks and `#` into a word and may begin or end
 * inside one (>"|cmd"). Inside quotes a backslash takes the next character as it is, a
 * backslash at a line end joins the lines, and a bare line end becomes one blank. Outside,
 * a backslash at a line end is blank. A word that begins with an unquoted `@` names a file
 * whose words take its place, up to LEXER_MAX_DEPTH deep.
 */
#ifndef QUOIN_CORE_CONFIG_LEXER_H
#define QUOIN_CORE_CONFIG_LEXER_H

#include "core/base/arena.h"
#include "core/base/diag.h"
#include "core/base/types.h"

#define LEXER_MAX_DEPTH 8
#define LEXER_MAX_FILES 64

/* One command-line word, quotes already gone; `pos` is what messages name. */
struct config_word {
	const char *text;
	struct src_pos pos;
};

/* Where the words come from. `@path` words are read through open(). */
struct config_source {
	const struct config_word *words;
	u32 word_count;
	/* Text of `path`, alive during the parse: 0 or -ENOENT, -EIO... NULL: there are no files. */
	int (*open)(void *ctx, const char *path, const char **text, size_t *len);
	void *ctx;
};

struct token {
	char *text; /* NUL-terminated, in the arena */
	struct src_pos pos;
};

struct lex_file {
	const char *text;
	size_t len, at;
	struct src_pos pos; /* of text[at] */
};

struct lexer {
	struct arena *arena;
	struct diag *diag;
	const struct config_source *source;
	u32 word, depth, files;
	struct lex_file file[LEXER_MAX_DEPTH];
};

/* lexer_init - start reading `source`; everything it points to must outlive the lexer. */
void lexer_init(struct lexer *lx, const struct config_source *source, struct arena *arena,
		struct diag *diag);

/*
 * lexer_next - the next word. Boot, thread or host context.
 * Returns 1 with *t filled, 0 at the end, or -EINVAL, -ENOMEM after having said why.
 */
int lexer_next(struct lexer *lx, struct token *t) __must_check;

/*
 * config_split - cut one line of text (a start script's) into command-line words by the same
 * rules; `@` words stay as they are. Positions count from `start`. Everything is in the arena.
 * Returns the number of words or -EINVAL, -ENOMEM after having said why.
 */
int config_split(const char *text, size_t len, const struct src_pos *start, struct arena *arena,
		 struct diag *diag, struct config_word **words) __must_check;

#endif
