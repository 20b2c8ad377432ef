/* SPDX-License-Identifier: Apache-2.0 */
/* Options a vdev type declares, those of `vdev gic`, and those of devices that come later. */
#include "core/config/check.h"
#include "core/config/parser.h"

const char *config_kind_form(char kind)
{
	switch (kind) {
	case 'n':
		return "a number";
	case 'b':
		return "on or off";
	case 't':
		return "on, off or auto";
	case 'm':
		return "ADDRESS,FIRST,COUNT";
	case 'h':
		return "ADDRESS[/CPU/SPACING][,...]";
	default:
		return "text";
	}
}

/* Numbers with `sep` between them: how many, 0 if one is none. */
static u32 count_numbers(struct slice text, char sep)
{
	u32 n = 0;
	u64 v;

	do {
		n++;
		if (value_number(slice_cut(&text, sep), &v) != VALUE_OK) {
			return 0;
		}
	} while (text.n != 0);
	return n;
}

static const char *check_msi(const char *text)
{
	return count_numbers(slice_of(text), ',') == 3 ? NULL : config_kind_form('m');
}

const struct vdev_option config_gic_options[] = {
	{ .name = "version", .kind = VOPT_NUM, .min = 2, .max = 3 },
	{ .name = "gicc", .kind = VOPT_SIZE },
	{ .name = "gicr", .kind = VOPT_SIZE },
	{ .name = "its", .kind = VOPT_SIZE },
	{ .name = "num-lpis", .kind = VOPT_NUM, .min = 1, .max = CONFIG_LPIS_MAX },
	{ .name = "msi", .kind = VOPT_STRING, .check = check_msi },
	{ .name = NULL },
};

/* ADDRESS[/CPU/SPACING], separated by commas. */
static bool gich_ok(struct slice text)
{
	do {
		if ((count_numbers(slice_cut(&text, ','), '/') & 1) == 0) {
			return false;
		}
	} while (text.n != 0);
	return true;
}

bool parse_value(struct parser *p, const struct token *opt, char kind, struct token *arg, u64 *num)
{
	struct slice text;
	int ok;

	*num = 0;
	if (!parse_arg(p, opt, config_kind_form(kind), kind != 's', arg)) {
		return false;
	}
	text = slice_of(arg->text);
	switch (kind) {
	case 'n':
		if (slice_is(text, "~0")) {
			*num = ~0UL;
			return true;
		}
		return parse_number(p, arg, text, 0, ~0UL, num);
	case 't':
	case 'b':
		ok = kind == 't' && slice_is(text, "auto") ? TRI_AUTO : value_bool(text);
		*num = (u64)ok;
		break;
	case 'm':
		ok = count_numbers(text, ',') == 3 ? 0 : -1;
		break;
	case 'h':
		ok = gich_ok(text) ? 0 : -1;
		break;
	default:
		ok = text.n != 0 ? 0 : -1;
		break;
	}
	if (ok < 0) {
		parse_bad_value(p, opt, arg, config_kind_form(kind));
	}
	return ok >= 0;
}

/* A declared option's argument; false after an error. */
static bool option_value(struct parser *p, const struct vdev_option *o, const struct token *opt,
			 struct token *arg, u64 *num)
{
	const char *wanted;
	int i;

	switch (o->kind) {
	case VOPT_FLAG:
		return true;
	case VOPT_BOOL:
		return parse_value(p, opt, 'b', arg, num);
	case VOPT_NUM:
	case VOPT_SIZE:
		return parse_arg(p, opt, config_kind_form('n'), true, arg) &&
		       parse_number(p, arg, slice_of(arg->text), o->min, o->max != 0 ? o->max : ~0UL, num);
	case VOPT_ENUM:
		i = parse_arg(p, opt, o->values, true, arg) ? parse_choice(p, arg, o->values) : -1;
		*num = (u64)i;
		return i >= 0;
	default:
		if (!parse_arg(p, opt, config_kind_form('s'), false, arg)) {
			return false;
		}
		wanted = o->check != NULL ? o->check(arg->text) : NULL;
		if (wanted != NULL) {
			parse_bad_value(p, opt, arg, wanted);
		}
		return wanted == NULL;
	}
}

/* Keep it, in place of an earlier one unless it repeats. */
static void keep_option(struct parser *p, const struct vdev_option *o, const struct token *opt,
			const struct token *arg, u64 num)
{
	struct cfg_option *c = o->repeat ? NULL : p->vdev->options;

	while (c != NULL && c->decl != o) {
		c = c->next;
	}
	if (c == NULL) {
		c = parse_alloc(p, sizeof(*c), &opt->pos);
		if (c == NULL) {
			return;
		}
		*p->option_end = c;
		p->option_end = &c->next;
	}
	c->pos = opt->pos;
	c->decl = o;
	c->num = num;
	c->str = arg->text;
}

static void declared_option(struct parser *p, const struct vdev_option *o, const struct token *opt)
{
	struct token arg = { 0 };
	u64 num = 0;

	if (!option_value(p, o, opt, &arg, &num)) {
		return;
	}
	if (o->later) {
		parse_later(p, &opt->pos, "'%s' of vdev '%s'", o->name, p->vdev->type_name);
		return;
	}
	if (o->note != NULL && o->note(arg.text) != NULL) {
		diag_warning(p->diag, &opt->pos, "'%s %.40s' of vdev '%s': %s", o->name, arg.text,
			     p->vdev->type_name, o->note(arg.text));
	}
	keep_option(p, o, opt, &arg, num);
}

bool parse_vdev_option(struct parser *p, const struct token *opt)
{
	const struct cfg_vdev *v = p->vdev;
	struct token arg;
	char kind;
	u64 num;

	for (const struct vdev_option *o = v->decl; o != NULL && o->name != NULL; o++) {
		if (strcmp(o->name, opt->text) == 0) {
			p->recovering = false;
			declared_option(p, o, opt);
			return true;
		}
	}
	if (config_option_find(p->later, opt->text, &kind) < 0) {
		return false;
	}
	p->recovering = false;
	/* A device that is left out as a whole has had its warning. */
	if ((kind == 'f' || parse_value(p, opt, kind, &arg, &num)) && v->decl != NULL) {
		parse_later(p, &opt->pos, "'%s' of vdev '%s'", opt->text, v->type_name);
	}
	return true;
}
