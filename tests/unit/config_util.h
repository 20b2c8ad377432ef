/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of the config language share: files in memory and a log of diagnostics. */
#ifndef TESTS_UNIT_CONFIG_UTIL_H
#define TESTS_UNIT_CONFIG_UTIL_H

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "core/config/check.h"
#include "core/config/parse.h"
#include "core/vdev.h"

struct test_file {
	const char *path, *text;
};

static const struct test_file *test_files;
static struct vm_config cfg;
static struct arena arena;
static char arena_mem[128 << 10] __attribute__((aligned(16)));
static char log_text[8192];
static struct diag diag;

static int test_open(void *ctx, const char *path, const char **text, size_t *len)
{
	(void)ctx;
	for (const struct test_file *f = test_files; f != NULL && f->path != NULL; f++) {
		if (strcmp(f->path, path) == 0) {
			*text = f->text;
			*len = strlen(f->text);
			return 0;
		}
	}
	return strcmp(path, "broken") == 0 ? -EIO : -ENOENT;
}

static void test_emit(struct diag *d, enum diag_kind k, const char *line)
{
	size_t n = strlen(log_text);

	(void)d;
	(void)k;
	snprintf(log_text + n, sizeof(log_text) - n, "%s%s", n != 0 ? "\n" : "", line);
}

/* Words as of a command line, up to a NULL; positions count as if they stood one blank apart. */
static int parse_words(const char *const *words)
{
	struct config_word w[64];
	struct config_source s = { .words = w, .open = test_open };
	u32 col = 1;

	for (; words[s.word_count] != NULL; s.word_count++) {
		w[s.word_count].text = words[s.word_count];
		w[s.word_count].pos = (struct src_pos) { "command line", 1, col };
		col += (u32)strlen(words[s.word_count]) + 1;
	}
	log_text[0] = '\0';
	diag = (struct diag) { .emit = test_emit };
	arena_init(&arena, arena_mem, sizeof(arena_mem));
	return config_parse(&cfg, &arena, &s, &diag);
}

/* The text as file t.qvmconf. */
static int parse_text(const char *text)
{
	const struct test_file files[] = { { "t", text }, { NULL, NULL } };
	const char *const words[] = { "@t", NULL };
	int r;

	test_files = files;
	r = parse_words(words);
	test_files = NULL;
	return r;
}

#endif
