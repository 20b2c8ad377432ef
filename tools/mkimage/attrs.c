/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/mkimage/attrs.h"

#include <stdlib.h>
#include <string.h>
#include "core/config/value.h"

/* One attribute, cut into its parts: +name, -name or name=value. */
struct attr {
	char sign; /* '+', '-' or 0 */
	const char *name, *value;
	struct src_pos pos, value_pos;
};

static bool set_image(struct scan *s, const struct attr *at, struct attrs *a)
{
	/* mkifs also takes a largest address and an alignment behind the address. */
	struct slice text = { at->value, strcspn(at->value, "-,+%") };

	if (value_number(text, &a->image) != VALUE_OK) {
		diag_error(s->diag, &at->value_pos, "bad address '%s', expected e.g. 0x40200000",
			   at->value);
		return false;
	}
	if (!IS_ALIGNED(a->image, MiB(2))) {
		diag_warning(s->diag, &at->value_pos, "0x%lx is not 2 MiB aligned: firmware will choose "
			     "another place", a->image);
	}
	return true;
}

static bool set_virtual(struct scan *s, const struct attr *at, struct attrs *a)
{
	size_t cpu = strcspn(at->value, ",");
	const char *format = at->value[cpu] == ',' ? at->value + cpu + 1 : "raw";

	if (cpu != strlen("aarch64le") || strncmp(at->value, "aarch64le", cpu) != 0) {
		diag_error(s->diag, &at->value_pos, "processor '%.*s' is not supported, expected aarch64le",
			   (int)MIN(cpu, 64), at->value);
		return false;
	}
	if (strcmp(format, "raw") != 0) {
		diag_error(s->diag, &at->value_pos, "image format '%.64s' is not supported, expected raw",
			   format);
		return false;
	}
	a->boot = true;
	return true;
}

static bool set_type(struct scan *s, const struct attr *at, struct attrs *a)
{
	int i = value_index(slice_of(at->value), "file|link|dir|fifo");

	if (i < 0) {
		diag_error(s->diag, &at->value_pos, "unknown type '%.64s', expected file, link, dir or fifo",
			   at->value);
		return false;
	}
	a->type = (enum mk_type)i;
	return true;
}

/* uid, gid in decimal, perms in octal; '*' and symbolic forms keep what the source has. */
static bool set_number(struct scan *s, const struct attr *at, struct attrs *a)
{
	bool perms = strcmp(at->name, "perms") == 0;
	char *end;
	unsigned long v;

	if (at->value[0] < '0' || at->value[0] > '9') {
		return true;
	}
	v = strtoul(at->value, &end, perms ? 8 : 10);
	if (*end != '\0' || v > (perms ? 07777 : 0xffffffffUL)) {
		diag_error(s->diag, &at->value_pos, "bad number '%.64s' for %s", at->value, at->name);
		return false;
	}
	if (perms) {
		a->perms = (u32)v;
		a->has_perms = true;
	} else if (at->name[0] == 'u') {
		a->uid = (u32)v;
	} else {
		a->gid = (u32)v;
	}
	return true;
}

static bool set_search(struct scan *s, const struct attr *at, struct attrs *a)
{
	(void)s;
	a->search = at->value;
	return true;
}

static bool set_compress(struct scan *s, const struct attr *at, struct attrs *a)
{
	(void)s;
	a->compress = strcmp(at->value, "0") != 0; /* a method: here there is one */
	return true;
}

static bool warn(struct scan *s, const struct attr *at, struct attrs *a)
{
	(void)a;
	diag_warning(s->diag, &at->pos, "attribute '%s' means nothing to the monitor", at->name);
	return true;
}

#define FLAG(n, field) { n, true, offsetof(struct attrs, field), NULL }
#define VALUE(n, fn) { n, false, 0, fn }
#define IGNORED 0xffff
#define UNUSED_FLAG(n) { n, true, IGNORED, NULL }

static const struct attr_decl {
	const char *name;
	bool flag;
	u32 offset; /* of a bool in struct attrs */
	bool (*set)(struct scan *s, const struct attr *at, struct attrs *a);
} table[] = {
	FLAG("script", script), FLAG("optional", optional), FLAG("dupignore", dupignore),
	FLAG("compress", compress),
	VALUE("image", set_image), VALUE("virtual", set_virtual), VALUE("physical", set_virtual),
	VALUE("type", set_type), VALUE("search", set_search),
	VALUE("uid", set_number), VALUE("gid", set_number), VALUE("perms", set_number),
	VALUE("dperms", NULL), VALUE("mtime", NULL), VALUE("data", NULL), VALUE("code", NULL),
	VALUE("prefix", NULL), VALUE("phys_align", NULL), VALUE("pagesizes", NULL),
	VALUE("keepsection", NULL), VALUE("compress", set_compress), VALUE("pri", NULL),
	VALUE("module", warn), VALUE("linker", warn), VALUE("filter", warn), VALUE("ram", warn),
	UNUSED_FLAG("keeplinked"), UNUSED_FLAG("raw"), UNUSED_FLAG("autolink"), UNUSED_FLAG("autoso"),
	UNUSED_FLAG("big_pages"), UNUSED_FLAG("page_align"), UNUSED_FLAG("followlink"),
	UNUSED_FLAG("followsym"), UNUSED_FLAG("bigendian"), UNUSED_FLAG("secure"),
	UNUSED_FLAG("session"), UNUSED_FLAG("external"),
};

static bool apply(struct scan *s, const struct attr *at, struct attrs *a)
{
	bool flag = at->sign != '\0', known = false;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(table); i++) {
		const struct attr_decl *t = &table[i];

		if (strcmp(t->name, at->name) != 0) {
			continue;
		}
		known = true;
		if (t->flag != flag) {
			continue;
		}
		if (flag && t->offset != IGNORED) {
			*(bool *)((char *)a + t->offset) = at->sign == '+';
		}
		return t->set == NULL || t->set(s, at, a);
	}
	if (known) {
		diag_error(s->diag, &at->pos, flag ? "attribute '%s' wants a value, expected %s=VALUE" :
			   "attribute '%s' is a switch, expected +%s or -", at->name, at->name);
	} else {
		diag_error(s->diag, &at->pos, "unknown attribute '%.64s', expected one of script, optional, "
			   "type, search, compress, image, virtual, uid, gid, perms, dupignore", at->name);
	}
	return false;
}

static bool parse_one(struct scan *s, struct attrs *a)
{
	struct attr at = { .pos = s->pos };

	if (scan_at(s, '?')) {
		scan_step(s); /* mkifs: only if not set yet; what is set last wins here too */
	}
	if (scan_at(s, '+') || scan_at(s, '-')) {
		at.sign = *s->p;
		scan_step(s);
	}
	at.name = scan_word(s, "=]", NULL);
	if (at.name == NULL) {
		return false;
	}
	if (scan_at(s, '=')) {
		scan_step(s);
		at.value_pos = s->pos;
		at.value = scan_word(s, "]", NULL);
		if (at.value == NULL) {
			return false;
		}
		at.sign = '\0';
	} else if (at.sign == '\0') {
		diag_error(s->diag, &at.pos, "bad attribute '%.64s', expected +NAME, -NAME or NAME=VALUE",
			   at.name);
		return false;
	}
	return apply(s, &at, a);
}

bool attrs_parse(struct scan *s, struct attrs *a)
{
	struct src_pos open = s->pos;
	bool ok = true;

	scan_step(s);
	for (scan_space(s); !scan_at(s, ']'); scan_space(s)) {
		if (scan_end(s) || scan_at(s, '[') || scan_at(s, '{')) {
			diag_error(s->diag, &open, "missing ']' for this '['");
			scan_line(s);
			return false;
		}
		if (!parse_one(s, a)) {
			/* The rest of the block may hold more errors; its end must be found anyhow. */
			ok = false;
			while (!scan_end(s) && strchr(" \t\r\n]", *s->p) == NULL) {
				scan_step(s);
			}
		}
	}
	scan_step(s);
	return ok;
}
