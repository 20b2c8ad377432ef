/* SPDX-License-Identifier: Apache-2.0 */
/* The token loop of the config language, and what its option handlers share. */
#include "core/config/parser.h"

#include <errno.h>
#include "core/base/fmt.h"
#include "core/base/log.h"

#define DEFAULT_NAME "qvm-guest"
#define LOGGER_DEFAULT \
	(BIT(LOG_FATAL) | BIT(LOG_INTERNAL) | BIT(LOG_ERROR) | BIT(LOG_WARN) | BIT(LOG_INFO))

/* Longest message; diag_report() has room for it behind a position. */
#define MESSAGE_MAX 240

void parse_error(struct parser *p, const struct src_pos *pos, const char *fmt, ...)
{
	char text[MESSAGE_MAX];
	va_list ap;

	va_start(ap, fmt);
	fmt_vstr(text, sizeof(text), fmt, ap);
	va_end(ap);
	diag_error(p->diag, pos, "%s", text);
}

void parse_later(struct parser *p, const struct src_pos *pos, const char *fmt, ...)
{
	char text[MESSAGE_MAX];
	va_list ap;

	va_start(ap, fmt);
	fmt_vstr(text, sizeof(text), fmt, ap);
	va_end(ap);
	diag_warning(p->diag, pos, "%s is not supported yet: ignored", text);
}

void *parse_alloc(struct parser *p, size_t size, const struct src_pos *pos)
{
	void *mem = arena_alloc(p->cfg->arena, size);

	if (mem == NULL && p->fatal == 0) {
		diag_error(p->diag, pos, "configuration too large");
		p->fatal = -ENOMEM;
	}
	return mem;
}

struct src_pos parse_at(const struct token *arg, const char *piece)
{
	struct src_pos pos = arg->pos;

	pos.col += (u32)(piece - arg->text);
	return pos;
}

bool parse_number(struct parser *p, const struct token *arg, struct slice piece, u64 min, u64 max,
		  u64 *out)
{
	struct src_pos pos = parse_at(arg, piece.s);
	int n = (int)MIN(piece.n, (size_t)40);
	enum value_result r = value_number(piece, out);

	if (r == VALUE_OK && *out >= min && *out <= max) {
		return true;
	}
	if (n == 0) {
		parse_error(p, &pos, "missing number in '%.40s'", arg->text);
	} else if (r == VALUE_BAD) {
		parse_error(p, &pos, "bad number '%.*s': expected decimal, 0x hex or 0d decimal, "
			    "perhaps with K, M or G behind", n, piece.s);
	} else if (r == VALUE_TOO_LARGE || max == ~0UL) {
		parse_error(p, &pos, "number '%.*s' is too %s", n, piece.s,
			    r == VALUE_OK ? "small" : "large");
	} else {
		parse_error(p, &pos, "%.*s is out of range: expected %lu to %lu", n, piece.s, min, max);
	}
	return false;
}

int parse_choice(struct parser *p, const struct token *arg, const char *choices)
{
	int i = value_index(slice_of(arg->text), choices);

	if (i < 0) {
		parse_error(p, &arg->pos, "'%.40s': expected one of %s", arg->text, choices);
	}
	return i;
}

static bool next_token(struct parser *p, struct token *t)
{
	int r;

	if (p->pushed) {
		p->pushed = false;
		*t = p->tok;
		return true;
	}
	r = lexer_next(&p->lx, t);
	if (r < 0) {
		p->fatal = r;
	}
	return r > 0;
}

bool parse_peek(struct parser *p, struct token *t)
{
	if (!next_token(p, t)) {
		return false;
	}
	p->tok = *t;
	p->pushed = true;
	return true;
}

bool parse_next_is(struct parser *p, const char *word)
{
	struct token t;

	if (!next_token(p, &t)) {
		return false;
	}
	if (strcmp(t.text, word) != 0) {
		p->tok = t;
		p->pushed = true;
		return false;
	}
	return true;
}

bool parse_arg(struct parser *p, const struct token *opt, const char *expects, bool value,
	       struct token *arg)
{
	if (!next_token(p, arg)) {
		if (p->fatal == 0) {
			parse_error(p, &opt->pos, "'%s' ends the text: expected %s", opt->text, expects);
		}
		return false;
	}
	if (value && config_keyword_find(arg->text) != NULL) {
		parse_error(p, &arg->pos, "option '%s' follows '%s': expected %s", arg->text, opt->text,
			    expects);
		p->tok = *arg;
		p->pushed = true;
		return false;
	}
	return true;
}

void parse_bad_value(struct parser *p, const struct token *opt, const struct token *arg,
		     const char *wanted)
{
	parse_error(p, &arg->pos, "bad value '%.40s' of '%s': expected %s", arg->text, opt->text, wanted);
}

void parse_unknown(struct parser *p, const char *what, const struct token *word,
		   const struct nearest *near, const char *hint)
{
	if (near->best.n != 0) {
		parse_error(p, &word->pos, "unknown %s '%.40s': did you mean '%.*s'?", what, word->text,
			    (int)near->best.n, near->best.s);
	} else {
		parse_error(p, &word->pos, "unknown %s '%.40s': %s", what, word->text, hint);
	}
}

/* Some vdev has an option of that name. */
static bool is_vdev_option(const char *word)
{
	char kind;

	for (const struct config_known *k = config_known; k->name != NULL; k++) {
		if (config_option_find(k->options, word, &kind) >= 0) {
			return true;
		}
	}
	for (const struct vdev_option *o = config_gic_options; o->name != NULL; o++) {
		if (strcmp(o->name, word) == 0) {
			return true;
		}
	}
	return config_option_find(CONFIG_GIC_LATER, word, &kind) >= 0;
}

/* Options of the open vdev: into a list, cut short at the buffer's end, and as candidates. */
static void list_vdev_options(const struct parser *p, struct nearest *near, char *buf, size_t size)
{
	size_t n = fmt_str(buf, size, "loc, intr, name");
	struct slice rest = slice_of(p->later);

	for (const struct vdev_option *o = p->vdev->decl; o != NULL && o->name != NULL; o++) {
		n += fmt_str(buf + n, size - n, ", %s", o->name);
		nearest_try(near, slice_of(o->name));
	}
	while (rest.n != 0) {
		struct slice kind = slice_cut(&rest, ' '), word = slice_cut(&kind, '=');

		n += fmt_str(buf + n, size - n, ", %.*s", (int)word.n, word.s);
		nearest_try(near, word);
	}
}

static void unknown_option(struct parser *p, const struct token *t)
{
	struct nearest near = nearest_to(t->text);
	char list[160];

	p->recovering = true;
	for (const struct config_keyword *k = config_keywords; k->apply != NULL; k++) {
		nearest_try(&near, slice_of(k->name));
	}
	if (p->ctx == CTX_VDEV) {
		list_vdev_options(p, &near, list, sizeof(list));
	}
	if (near.best.n == 0 && p->ctx == CTX_VDEV) {
		parse_error(p, &t->pos, "vdev '%s' has no option '%.40s': expected %s or a VM option",
			    p->vdev->type_name, t->text, list);
	} else if (near.best.n == 0 && is_vdev_option(t->text)) {
		parse_error(p, &t->pos, "misplaced option '%s': it belongs to a vdev", t->text);
	} else {
		parse_unknown(p, "option", t, &near, "expected an option such as "
			      "cpu, ram, load, cmdline, vdev, pass, set");
	}
}

static void misplaced_option(struct parser *p, const struct token *t,
			     const struct config_keyword *k)
{
	const char *where = "vdev";

	if (k->ctx == CTX_CPU) {
		where = "cpu";
	} else if (k->ctx == (CTX_CPU | CTX_VDEV)) {
		where = "cpu or vdev";
	} else if (k->ctx == CTX_PASS) {
		where = "pass";
	} else if ((k->ctx & CTX_PASS) != 0) {
		where = "vdev, pass or reserve";
	}
	parse_error(p, &t->pos, "misplaced option '%s': it belongs to %s", t->text, where);
}

/* initrd, fdt, ... without what they qualify. */
static void lone_blob(struct parser *p)
{
	parse_error(p, &p->blob_tok->pos, "'%s' stands alone: expected 'load' or 'pass' behind it",
		    p->blob_tok->text);
	p->blob_tok = NULL;
	p->blob = BLOB_PLAIN;
}

static void handle(struct parser *p, const struct token *t)
{
	const struct config_keyword *k = config_keyword_find(t->text);
	struct token arg[2] = { 0 };

	if (p->blob_tok != NULL && (k == NULL || (k->apply != opt_load && k->apply != opt_pass))) {
		lone_blob(p);
	}
	/* Behind a refused vdev only a VM option is sure to be one. */
	if (p->ctx == CTX_SKIP && (k == NULL || k->ctx != CTX_VM)) {
		return;
	}
	if (p->ctx == CTX_VDEV && parse_vdev_option(p, t)) {
		return;
	}
	if (k == NULL) {
		if (!p->recovering) {
			unknown_option(p, t);
		}
		return;
	}
	p->recovering = false;
	for (u32 i = 0; i < k->args; i++) {
		if (!parse_arg(p, t, k->expects, k->value, &arg[i])) {
			return;
		}
	}
	if (k->ctx != CTX_VM && (k->ctx & p->ctx) == 0) {
		misplaced_option(p, t, k);
		return;
	}
	k->apply(p, t, arg);
}

static void set_defaults(struct vm_config *cfg, struct arena *arena)
{
	memset(cfg, 0, sizeof(*cfg));
	cfg->arena = arena;
	memcpy(cfg->name, DEFAULT_NAME, sizeof(DEFAULT_NAME));
	cfg->unsup_instruction = UNSUP_FAIL;
	cfg->unsup_reference = UNSUP_IGNORE;
	cfg->unsup_register = UNSUP_FAIL;
	cfg->logger_mask = (u32)LOGGER_DEFAULT;
	cfg->logger_slog = (u32)BIT(LOG_INTERNAL);
	cfg->exit_on_halt = TRI_AUTO;
}

int config_parse(struct vm_config *cfg, struct arena *arena, const struct config_source *source,
		 struct diag *diag)
{
	struct parser p = { .cfg = cfg, .diag = diag, .first_error = diag->errors };
	struct token t;

	set_defaults(cfg, arena);
	lexer_init(&p.lx, source, arena, diag);
	p.mem_end = &cfg->mem;
	p.load_end = &cfg->load;
	p.vdev_end = &cfg->vdev;
	p.pass_end = &cfg->pass;
	p.smc_end = &cfg->smc;
	p.reserve_end = &cfg->reserve;
	while (p.fatal == 0 && next_token(&p, &t)) {
		if (p.items++ == 0) {
			cfg->pos = t.pos;
		}
		handle(&p, &t);
		if (p.fatal == 0 && diag->errors - p.first_error >= CONFIG_MAX_ERRORS) {
			diag_error(diag, &t.pos, "too many errors: giving up");
			p.fatal = -EINVAL;
		}
	}
	if (p.blob_tok != NULL && p.fatal == 0) {
		lone_blob(&p);
	}
	if (cfg->cpu_count == 0) {
		cfg->cpu[0].pos = cfg->pos;
		cfg->cpu_count = 1;
	}
	return p.fatal == 0 && diag->errors != p.first_error ? -EINVAL : p.fatal;
}
