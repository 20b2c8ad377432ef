/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/mkimage/buildfile.h"

#include <errno.h>
#include <string.h>
#include "core/image.h"
#include "tools/mkimage/attrs.h"
#include "tools/mkimage/boot.h"
#include "tools/mkimage/scan.h"

#define LINK_DEPTH 8
#define ERRORS_MAX 50

struct mk_file *buildfile_exact(const struct buildfile *bf, const char *path)
{
	struct mk_file *f;

	path = image_path(path);
	for (f = bf->files; f != NULL; f = f->next) {
		if (strcmp(f->target, path) == 0) {
			return f;
		}
	}
	return NULL;
}

struct mk_file *buildfile_find(const struct buildfile *bf, const char *path)
{
	struct mk_file *f = buildfile_exact(bf, path);
	int depth;

	for (depth = 0; f != NULL && f->type == MK_LINK; depth++) {
		if (depth == LINK_DEPTH) {
			return NULL;
		}
		f = buildfile_exact(bf, path_join(f->link[0] == '/' ? "/" : path_dir(f->target), f->link));
	}
	return f;
}

/* What is wrong with a name in the image; NULL if nothing. */
static const char *bad_target(const char *target)
{
	const char *p = target;

	if (strlen(target) > IMAGE_NAME_MAX) {
		return "it is longer than 255 characters";
	}
	do {
		size_t n = strcspn(p, "/");

		if (n == 0 || (n == 1 && p[0] == '.') || (n == 2 && p[0] == '.' && p[1] == '.')) {
			return "it has an empty, '.' or '..' part";
		}
		p += n;
	} while (*p++ == '/');
	if (strncmp(target, ".quoin/", strlen(".quoin/")) == 0) {
		return "names below .quoin/ are the image's own";
	}
	return NULL;
}

/* The host path of `source`: beside the buildfile, along [search=], along -I, from where we are. */
static char *find_source(const struct buildfile *bf, const struct attrs *a, const char *source)
{
	char *home = path_dir(bf->path), *path = path_join(home, source);
	const char *p = a->search;
	u32 i;

	if (source[0] == '/' || path_exists(path)) {
		return path_exists(path) ? path : NULL;
	}
	while (p != NULL && *p != '\0') {
		size_t n = strcspn(p, ":");

		path = path_join(path_join(home, pool_strndup(p, n)), source);
		if (n != 0 && path_exists(path)) {
			return path;
		}
		p += n + (p[n] == ':');
	}
	for (i = 0; bf->include != NULL && bf->include[i] != NULL; i++) {
		path = path_join(bf->include[i], source);
		if (path_exists(path)) {
			return path;
		}
	}
	return path_exists(source) ? pool_strndup(source, strlen(source)) : NULL;
}

static void load_source(struct buildfile *bf, struct mk_file *f, const struct attrs *a,
			const char *source, const struct src_pos *pos)
{
	char *path = find_source(bf, a, source);
	int ret;

	if (path == NULL) {
		f->missing = true;
		if (!a->optional) {
			diag_error(bf->diag, pos, "cannot find '%.128s', looked beside the buildfile, along "
				   "[search=] and -I", source);
		}
		return;
	}
	ret = file_read(path, &f->data);
	if (ret == -EISDIR) {
		diag_error(bf->diag, pos, "'%.128s' is a folder, expected a file: name each file", path);
	} else if (ret != 0) {
		diag_error(bf->diag, pos, "cannot read '%.128s': %s", path, strerror(-ret));
	}
	f->source = path;
	f->text_pos = (struct src_pos) { .file = path, .line = 1, .col = 1 };
}

/* False if it was refused (reported) or is a duplicate that is to be ignored. */
static bool add_file(struct buildfile *bf, struct mk_file *f, const struct attrs *a)
{
	struct mk_file **tail = &bf->files, *old;
	const char *why = bad_target(f->target);

	if (why != NULL) {
		diag_error(bf->diag, &f->pos, "bad name '%.128s' in the image: %s", f->target, why);
		return false;
	}
	old = buildfile_exact(bf, f->target);
	if (old != NULL) {
		if (!a->dupignore) {
			diag_error(bf->diag, &f->pos, "'%.128s' is in the image already, from line %u",
				   f->target, old->pos.line);
		}
		return false;
	}
	if (a->script && f->type == MK_FILE) {
		if (bf->script != NULL) {
			diag_error(bf->diag, &f->pos, "a second start script, the first is in line %u",
				   bf->script->pos.line);
		}
		bf->script = f;
		f->script = true;
	}
	f->perms = a->has_perms ? a->perms : f->type == MK_DIR ? 0755 : 0644;
	f->uid = a->uid;
	f->gid = a->gid;
	while (*tail != NULL) {
		tail = &(*tail)->next;
	}
	*tail = f;
	return true;
}

static void parse_inline(struct buildfile *bf, struct scan *s, struct mk_file *f,
			 const struct attrs *a)
{
	char *text = scan_braces(s, &f->text_pos);

	if (text == NULL) {
		return;
	}
	if (a->boot) {
		if (bf->has_boot) {
			diag_error(bf->diag, &f->pos, "a second boot section, expected one [virtual=...]");
			return;
		}
		boot_parse(bf, text, &f->text_pos);
		return;
	}
	if (f->type != MK_FILE) {
		diag_error(bf->diag, &f->pos, "only a file has text of its own");
		return;
	}
	f->data = (struct blob) { .data = (const u8 *)text, .size = strlen(text) };
	(void)add_file(bf, f, a);
}

/* vdev-pl011.so: QNX's way to have a device; there is nothing to put into the archive. */
static bool is_vdev_object(const struct mk_file *f)
{
	const char *base = path_base(f->target);
	size_t n = strlen(base);

	return f->type == MK_FILE && strncmp(base, "vdev-", 5) == 0 && n > 8 &&
	       strcmp(base + n - 3, ".so") == 0;
}

/* False if the line's rest was not read. */
static bool parse_source(struct buildfile *bf, struct scan *s, struct mk_file *f,
			 const struct attrs *a)
{
	const char *undefined = NULL;
	struct src_pos pos = s->pos;
	char *source = scan_word(s, "", a->optional ? &undefined : NULL);

	if (source == NULL) {
		return false;
	}
	if (source[0] == '\0') {
		diag_error(bf->diag, &pos, "expected a source file or '{' behind '%.128s ='", f->target);
	} else if (a->boot) {
		diag_error(bf->diag, &pos, "the boot section is no file, expected '{'");
	} else if (f->type == MK_LINK) {
		f->link = source;
		(void)add_file(bf, f, a);
	} else if (f->type != MK_FILE) {
		diag_error(bf->diag, &pos, "a folder or fifo has no source");
	} else if (is_vdev_object(f) && boot_add_vdev(bf, path_base(f->target), &f->pos)) {
		return true;
	} else if (add_file(bf, f, a)) {
		f->missing = undefined != NULL;
		if (!f->missing) {
			load_source(bf, f, a, source, &pos);
		}
	}
	return true;
}

/* An entry without '=': a name for type dir and fifo, else a source that keeps its base name. */
static void parse_bare(struct buildfile *bf, struct mk_file *f, const struct attrs *a, char *word)
{
	if (a->boot || f->type == MK_LINK) {
		diag_error(bf->diag, &f->pos, "expected '=' behind '%.128s'", word);
		return;
	}
	if (f->type == MK_FILE) {
		f->target = path_base(word);
		if (is_vdev_object(f) && boot_add_vdev(bf, f->target, &f->pos)) {
			return;
		}
	}
	if (add_file(bf, f, a) && f->type == MK_FILE) {
		load_source(bf, f, a, word, &f->pos);
	}
}

static bool parse_entry(struct buildfile *bf, struct scan *s, const struct attrs *a)
{
	struct mk_file *f = pool_alloc(sizeof(*f));
	char *word;

	f->pos = s->pos;
	f->type = a->type;
	word = scan_word(s, "=", NULL);
	if (word == NULL) {
		return false;
	}
	f->target = image_path(word);
	scan_blanks(s);
	if (!scan_at(s, '=')) {
		parse_bare(bf, f, a, word);
	} else {
		scan_step(s);
		scan_blanks(s);
		if (scan_at(s, '{')) {
			parse_inline(bf, s, f, a);
		} else if (!parse_source(bf, s, f, a)) {
			return false;
		}
	}
	scan_blanks(s);
	if (!scan_end(s) && *s->p != '\n') {
		diag_error(bf->diag, &s->pos, "expected the end of the line: one entry a line");
		return false;
	}
	return true;
}

static void check_links(struct buildfile *bf)
{
	struct mk_file *f;

	for (f = bf->files; f != NULL; f = f->next) {
		struct mk_file *to = f->type == MK_LINK ? buildfile_find(bf, f->target) : f;

		if (to == NULL) {
			diag_error(bf->diag, &f->pos, "link '%.128s' leads nowhere: '%.128s' is not in the image",
				   f->target, f->link);
		}
	}
}

static bool is_text(struct buildfile *bf, struct scan s)
{
	if (memchr(s.p, '\0', (size_t)(s.end - s.p)) == NULL) {
		return true;
	}
	while (*s.p != '\0') {
		scan_step(&s);
	}
	diag_error(bf->diag, &s.pos, "control character 0x00: expected a text file");
	return false;
}

void buildfile_parse(struct buildfile *bf, struct blob text)
{
	const struct src_pos whole = { .file = bf->path };
	struct scan s = {
		.p = (const char *)text.data, .end = (const char *)text.data + text.size,
		.pos = { .file = bf->path, .line = 1, .col = 1 }, .diag = bf->diag,
	};
	struct attrs defaults = { .type = MK_FILE };

	if (!is_text(bf, s)) {
		return;
	}
	for (scan_space(&s); !scan_end(&s); scan_space(&s)) {
		struct attrs a = defaults;
		bool ok = true;

		while (ok && scan_at(&s, '[')) {
			ok = attrs_parse(&s, &a);
			scan_blanks(&s);
		}
		bf->advice = a.image != 0 ? a.image : bf->advice;
		bf->compress |= a.compress;
		if (scan_end(&s) || *s.p == '\n') {
			defaults = ok ? a : defaults;
			continue;
		}
		/* Bad attributes, too: the entry's own text must not be taken for more entries. */
		if (!parse_entry(bf, &s, &a)) {
			scan_line(&s);
		}
		if (a.boot) {
			defaults.boot = false;
		}
		if (bf->diag->errors > ERRORS_MAX) {
			diag_error(bf->diag, &s.pos, "too many errors");
			return;
		}
	}
	check_links(bf);
	if (!bf->has_boot) {
		diag_error(bf->diag, &whole, "no boot section, expected [virtual=aarch64le,raw] boot = "
			   "{ quoin }");
	}
	if (bf->script == NULL) {
		diag_error(bf->diag, &whole, "no start script, expected [+script] NAME = { qvm ... }");
	}
}
