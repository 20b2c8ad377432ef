/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/mkimage/boot.h"

#include <string.h>
#include "tools/mkimage/parts.h"
#include "tools/mkimage/scan.h"

bool boot_add_vdev(struct buildfile *bf, const char *word, const struct src_pos *pos)
{
	struct mk_vdev **tail = &bf->vdevs;
	const char *name = word + strlen("vdev-");
	size_t n;

	if (strncmp(word, "vdev-", strlen("vdev-")) != 0) {
		return false;
	}
	n = strlen(name);
	if (n > 3 && strcmp(name + n - 3, ".so") == 0) {
		n -= 3;
	}
	if (n == 0 || strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_") < n) {
		return false;
	}
	name = pool_strndup(name, n);
	if (strcmp(name, "gic") == 0) {
		return true;
	}
	for (; *tail != NULL; tail = &(*tail)->next) {
		if (strcmp((*tail)->name, name) == 0) {
			return true;
		}
	}
	*tail = pool_alloc(sizeof(**tail));
	(*tail)->name = name;
	(*tail)->pos = *pos;
	return true;
}

static bool is_qnx_word(const char *word)
{
	return strncmp(word, "startup-", strlen("startup-")) == 0 ||
	       strncmp(word, "procnto", strlen("procnto")) == 0 || strchr(word, '=') != NULL;
}

/* The words of a line as one string, single blanks between them. NULL having said why. */
static char *rest_of_line(struct scan *s)
{
	char *text = pool_strndup("", 0);

	for (scan_blanks(s); !scan_end(s) && *s->p != '\n'; scan_blanks(s)) {
		char *word = scan_word(s, "", NULL);

		if (word == NULL) {
			return NULL;
		}
		text = pool_printf("%s%s%s", text, text[0] != '\0' ? " " : "", word);
	}
	return text;
}

static void parse_quoin(struct buildfile *bf, struct scan *s, const struct src_pos *pos)
{
	char *options = rest_of_line(s);

	if (options == NULL) {
		return;
	}
	if (bf->options != NULL) {
		diag_error(bf->diag, pos, "a second quoin line, expected one monitor");
	} else if (strlen(options) > BOOT_OPTIONS_MAX) {
		diag_error(bf->diag, pos, "boot options too long, expected at most %d characters",
			   BOOT_OPTIONS_MAX);
	} else {
		bf->options = options;
	}
}

static void parse_line(struct buildfile *bf, struct scan *s)
{
	struct src_pos pos = s->pos, extra;
	char *word;

	if (scan_at(s, '[')) { /* [+keeplinked module=qvm] PATH=... procnto: its first word is as telling */
		while (!scan_end(s) && *s->p != ']' && *s->p != '\n') {
			scan_step(s);
		}
		if (!scan_at(s, ']')) {
			diag_error(bf->diag, &pos, "missing ']' for this '['");
			return;
		}
		scan_step(s);
		scan_blanks(s);
		diag_warning(bf->diag, &pos, "attributes mean nothing in the boot section");
		pos = s->pos;
	}
	word = scan_word(s, "", NULL);
	if (word == NULL || word[0] == '\0') {
		return;
	}
	if (strcmp(word, "quoin") == 0) {
		parse_quoin(bf, s, &pos);
	} else if (boot_add_vdev(bf, word, &pos) || parts_add(bf, word, &pos)) {
		scan_blanks(s);
		extra = s->pos;
		if (!scan_end(s) && *s->p != '\n') {
			diag_error(bf->diag, &extra, "'%s' takes no options here",
				   word);
		}
	} else if (is_qnx_word(word)) {
		diag_warning(bf->diag, &pos, "'%.64s' has no part in this image, line ignored", word);
	} else {
		diag_error(bf->diag, &pos, "unknown word '%.64s' in the boot section, expected quoin, "
			   "vdev-NAME or part-NAME", word);
	}
}

void boot_parse(struct buildfile *bf, const char *text, const struct src_pos *pos)
{
	struct scan s = { .p = text, .end = text + strlen(text), .pos = *pos, .diag = bf->diag };

	bf->has_boot = true;
	for (scan_space(&s); !scan_end(&s); scan_space(&s)) {
		parse_line(bf, &s);
		scan_line(&s);
	}
	if (bf->options == NULL) {
		bf->options = "";
	}
}
