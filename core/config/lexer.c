/* SPDX-License-Identifier: Apache-2.0 */
#include "core/config/lexer.h"

#include <errno.h>

#define BLANKS " \t\r\n\f\v"

void lexer_init(struct lexer *lx, const struct config_source *source, struct arena *arena,
		struct diag *diag)
{
	memset(lx, 0, sizeof(*lx));
	lx->source = source;
	lx->arena = arena;
	lx->diag = diag;
}

static int too_large(struct lexer *lx, const struct src_pos *pos)
{
	diag_error(lx->diag, pos, "configuration too large");
	return -ENOMEM;
}

static bool is_blank(char c)
{
	return c != '\0' && strchr(BLANKS, c) != NULL;
}

static int peek(const struct lex_file *f)
{
	return f->at < f->len ? (unsigned char)f->text[f->at] : -1;
}

static void step(struct lex_file *f)
{
	if (f->text[f->at++] == '\n') {
		f->pos.line++;
		f->pos.col = 1;
	} else {
		f->pos.col++;
	}
}

/* A backslash, perhaps a carriage return, a line end. */
static size_t joined_line(const struct lex_file *f)
{
	const char *s = f->text + f->at;
	size_t left = f->len - f->at;

	if (left >= 2 && s[0] == '\\' && s[1] == '\n') {
		return 2;
	}
	return left >= 3 && s[0] == '\\' && s[1] == '\r' && s[2] == '\n' ? 3 : 0;
}

static void skip(struct lex_file *f, size_t n)
{
	while (n-- > 0) {
		step(f);
	}
}

static void skip_blanks(struct lex_file *f)
{
	bool comment = false;
	int c;

	while ((c = peek(f)) >= 0) {
		if (c == '#') {
			comment = true;
		} else if (c == '\n') {
			comment = false;
		} else if (!comment && joined_line(f) != 0) {
			skip(f, joined_line(f) - 1);
		} else if (!comment && !is_blank((char)c)) {
			return;
		}
		step(f);
	}
}

/* One word into the arena. The text grows at the arena's end and is taken once it is complete. */
static int read_word(struct lexer *lx, struct lex_file *f, struct token *t)
{
	struct arena *a = lx->arena;
	size_t at = ALIGN_UP(a->used, 16), n = 0;
	struct src_pos quote = { 0 };
	bool quoted = false;
	int c;

	t->pos = f->pos;
	while ((c = peek(f)) >= 0) {
		if (!quoted && (is_blank((char)c) || c == '#' || joined_line(f) != 0)) {
			break;
		}
		if (c == '"') {
			quoted = !quoted;
			quote = f->pos;
			step(f);
			continue;
		}
		if (quoted && joined_line(f) != 0) {
			skip(f, joined_line(f));
			continue;
		}
		if (quoted && c == '\\' && f->at + 1 < f->len) {
			step(f);
			c = peek(f);
		} else if (quoted && c == '\r' && f->at + 1 < f->len && f->text[f->at + 1] == '\n') {
			step(f);
			continue;
		} else if (quoted && c == '\n') {
			c = ' ';
		}
		if (c == 0x7f || (c < ' ' && c != '\t')) {
			diag_error(lx->diag, &f->pos, "control character 0x%02x: expected text", c);
			return -EINVAL;
		}
		if (at >= a->size || n >= a->size - at - 1) {
			return too_large(lx, &t->pos);
		}
		a->base[at + n++] = (char)c;
		step(f);
	}
	if (quoted) {
		diag_error(lx->diag, &quote, "missing closing '\"'");
		return -EINVAL;
	}
	if (at >= a->size) {
		return too_large(lx, &t->pos);
	}
	a->base[at + n] = '\0';
	a->used = at + n + 1;
	t->text = a->base + at;
	return 1;
}

static int open_file(struct lexer *lx, const char *path, const struct src_pos *pos)
{
	const struct config_source *s = lx->source;
	struct lex_file *f;
	int err;

	if (*path == '\0') {
		diag_error(lx->diag, pos, "'@' names no file: expected @FILE");
		return -EINVAL;
	}
	for (u32 i = 0; i < lx->depth; i++) {
		if (strcmp(lx->file[i].pos.file, path) == 0) {
			diag_error(lx->diag, pos, "'@%s' includes itself", path);
			return -EINVAL;
		}
	}
	if (lx->depth == LEXER_MAX_DEPTH) {
		diag_error(lx->diag, pos, "'@%s' is nested more than %d files deep", path,
			   LEXER_MAX_DEPTH);
		return -EINVAL;
	}
	if (lx->files == LEXER_MAX_FILES) {
		diag_error(lx->diag, pos, "more than %d files", LEXER_MAX_FILES);
		return -EINVAL;
	}
	f = &lx->file[lx->depth];
	memset(f, 0, sizeof(*f));
	err = s->open != NULL ? s->open(s->ctx, path, &f->text, &f->len) : -ENOENT;
	if (err != 0) {
		diag_error(lx->diag, pos, "cannot read '%s': %s", path,
			   err == -ENOENT ? "no such file" : "read error");
		return -EINVAL;
	}
	f->pos.file = path;
	f->pos.line = 1;
	f->pos.col = 1;
	lx->depth++;
	lx->files++;
	return 0;
}

int lexer_next(struct lexer *lx, struct token *t)
{
	for (;;) {
		struct lex_file *f = NULL;
		bool include;
		int err;

		if (lx->depth == 0) {
			const struct config_word *w = &lx->source->words[lx->word];

			if (lx->word == lx->source->word_count) {
				return 0;
			}
			lx->word++;
			include = w->text[0] == '@';
			t->pos = w->pos;
			t->text = arena_strndup(lx->arena, w->text, strlen(w->text));
			if (t->text == NULL) {
				return too_large(lx, &t->pos);
			}
		} else {
			f = &lx->file[lx->depth - 1];
			skip_blanks(f);
			if (f->at == f->len) {
				lx->depth--;
				continue;
			}
			include = peek(f) == '@';
			err = read_word(lx, f, t);
			if (err < 0) {
				return err;
			}
		}
		if (!include) {
			return 1;
		}
		err = open_file(lx, t->text + 1, &t->pos);
		if (err != 0) {
			return err;
		}
	}
}

int config_split(const char *text, size_t len, const struct src_pos *start, struct arena *arena,
		 struct diag *diag, struct config_word **words)
{
	struct lexer lx = { .arena = arena, .diag = diag };
	struct lex_file f;
	struct token t;
	int count = 0;

	/* Twice over the text: the number of words first, then the words behind their array. */
	for (int pass = 0; pass < 2; pass++) {
		size_t mark = arena->used;
		int n = 0;

		f = (struct lex_file) { .text = text, .len = len, .pos = *start };
		for (skip_blanks(&f); f.at < f.len; skip_blanks(&f)) {
			int err = read_word(&lx, &f, &t);

			if (err < 0) {
				return err;
			}
			if (pass == 1) {
				(*words)[n] = (struct config_word) { t.text, t.pos };
			}
			n++;
		}
		if (pass == 0) {
			count = n;
			arena->used = mark;
			*words = arena_alloc(arena, (size_t)(n + 1) * sizeof(**words));
			if (*words == NULL) {
				return too_large(&lx, start);
			}
		}
	}
	return count;
}
