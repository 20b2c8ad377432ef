/* SPDX-License-Identifier: Apache-2.0 */
/* Options a vdev type declares, those of `vdev gic`, and those of devices that come later. */
#include "core/config/parser.h"

static const char *check_msi(const char *text)
{
	struct slice rest = slice_of(text);
	u64 v;

	for (int i = 0; i < 3; i++) {
		if (value_number(slice_cut(&rest, ','), &v) != VALUE_OK) {
			return "ADDRESS,FIRST,COUNT";
		}
	}
	return rest.n == 0 ? NULL : "ADDRESS,FIRST,COUNT";
}

const struct vdev_option config_gic_options[] = {
	{ .name = "version", .kind = VOPT_NUM, .min = 2, .max = 3, .help = "GIC architecture version" },
	{ .name = "gicc", .kind = VOPT_SIZE, .help = "address of the CPU interface (version 2)" },
	{ .name = "gicr", .kind = VOPT_SIZE, .help = "address of the redistributors (version 3)" },
	{ .name = "its", .kind = VOPT_SIZE, .later = true, .help = "address of the ITS" },
	{ .name = "num-lpis", .kind = VOPT_NUM, .later = true, .help = "number of LPIs" },
	{ .name = "msi", .kind = VOPT_STRING, .later = true, .check = check_msi, .help = "v2m frame" },
	{ .name = "host-gicd", .kind = VOPT_SIZE, .later = true, .help = "deprecated" },
	{ .name = "host-gich", .kind = VOPT_SIZE, .later = true, .help = "deprecated" },
	{ .name = "host-gicv", .kind = VOPT_SIZE, .later = true, .help = "deprecated" },
	{ .name = NULL },
};

static const char *const kind_form[] = {
	[VOPT_FLAG] = "",
	[VOPT_NUM] = "a number",
	[VOPT_SIZE] = "an address or size",
	[VOPT_BOOL] = "on or off",
	[VOPT_STRING] = "text",
	[VOPT_ENUM] = "a word",
};

static bool option_value(struct parser *p, const struct vdev_option *o, const struct token *arg,
			 u64 *num)
{
	const char *wanted = o->check != NULL ? o->check(arg->text) : NULL;
	int i;

	if (wanted != NULL) {
		parse_error(p, &arg->pos, "bad value '%.40s' of '%s': expected %s", arg->text, o->name,
			    wanted);
		return false;
	}
	switch (o->kind) {
	case VOPT_NUM:
	case VOPT_SIZE:
		return parse_number(p, arg, slice_of(arg->text), o->min, o->max != 0 ? o->max : ~0UL, num);
	case VOPT_BOOL:
		i = value_bool(slice_of(arg->text));
		if (i < 0) {
			parse_error(p, &arg->pos, "bad value '%.40s' of '%s': expected on or off",
				    arg->text, o->name);
		}
		*num = (u64)i;
		return i >= 0;
	case VOPT_ENUM:
		i = parse_choice(p, arg, o->values);
		*num = (u64)i;
		return i >= 0;
	default:
		return true;
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

	if (o->kind != VOPT_FLAG &&
	    (!parse_arg(p, opt, kind_form[o->kind], o->kind != VOPT_STRING, &arg) ||
	     !option_value(p, o, &arg, &num))) {
		return;
	}
	if (o->later) {
		parse_later(p, &opt->pos, "'%s' of vdev '%s' is", o->name, p->vdev->type_name);
		return;
	}
	if (o->later_if != NULL && o->later_if(arg.text)) {
		parse_later(p, &opt->pos, "'%s %.40s' of vdev '%s' is", o->name, arg.text,
			    p->vdev->type_name);
		return;
	}
	keep_option(p, o, opt, &arg, num);
}

/* Of a device that is left out: only its form matters. */
static void known_option(struct parser *p, char kind, const struct token *opt)
{
	static const struct vdev_option form[] = {
		{ .kind = VOPT_STRING }, { .kind = VOPT_NUM },
	};
	const struct vdev_option *o = &form[kind == 'n'];
	struct token arg;
	u64 num;

	if (kind != 'f' && parse_arg(p, opt, kind_form[o->kind], o->kind != VOPT_STRING, &arg)) {
		(void)option_value(p, o, &arg, &num);
	}
}

bool parse_vdev_option(struct parser *p, const struct token *opt)
{
	char kind = p->known != NULL ? config_known_option(p->known->options, opt->text) : 0;

	if (kind != 0) {
		p->recovering = false;
		known_option(p, kind, opt);
		return true;
	}
	for (const struct vdev_option *o = p->vdev->decl; o != NULL && o->name != NULL; o++) {
		if (strcmp(o->name, opt->text) == 0) {
			p->recovering = false;
			declared_option(p, o, opt);
			return true;
		}
	}
	return false;
}
