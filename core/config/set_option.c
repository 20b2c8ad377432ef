/* SPDX-License-Identifier: Apache-2.0 */
/* The variables of `set`. */
#include "core/base/fmt.h"
#include "core/config/parser.h"

enum var_type { VAR_BOOL, VAR_TRISTATE, VAR_ADDRESS, VAR_NUMBER, VAR_STRING, VAR_GICH };

static const char *const type_word[] = {
	[VAR_BOOL] = "on or off",
	[VAR_TRISTATE] = "on, off or auto",
	[VAR_ADDRESS] = "an address or size",
	[VAR_NUMBER] = "a number",
	[VAR_STRING] = "text",
	[VAR_GICH] = "ADDRESS[/CPU/SPACING][,...]",
};

/* What a variable does: those behind VAR_LATER have no function yet. */
enum var_id {
	VAR_EXIT_ON_HALT, VAR_COUNTER_OFFSET, VAR_FDT_ADDR, VAR_FDT_DUMP, VAR_LATER, VAR_X86,
};

static const struct config_var {
	char name[30];
	u8 type, id;
} vars[] = {
	{ "exit-on-halt", VAR_TRISTATE, VAR_EXIT_ON_HALT },
	{ "counter-offset", VAR_NUMBER, VAR_COUNTER_OFFSET },
	{ "fdt-addr", VAR_ADDRESS, VAR_FDT_ADDR },
	{ "fdt-dump-file", VAR_STRING, VAR_FDT_DUMP },
	{ "grow-heap", VAR_ADDRESS, VAR_LATER },
	{ "message-block-timeout", VAR_NUMBER, VAR_LATER },
	{ "vdev-message-block-timeout", VAR_NUMBER, VAR_LATER },
	{ "slog-buffer", VAR_ADDRESS, VAR_LATER },
	{ "debug", VAR_BOOL, VAR_LATER },
	{ "gic-hwassist", VAR_BOOL, VAR_LATER },
	{ "host-paddr-gicd", VAR_ADDRESS, VAR_LATER },
	{ "host-paddr-gich", VAR_GICH, VAR_LATER },
	{ "host-paddr-gicv", VAR_ADDRESS, VAR_LATER },
	{ "legacy-free", VAR_BOOL, VAR_X86 },
	{ "posted-interrupts", VAR_BOOL, VAR_X86 },
	{ "virtual-interrupts", VAR_BOOL, VAR_X86 },
};

static void list_vars(struct parser *p, const struct src_pos *pos)
{
	for (u32 i = 0; i < ARRAY_SIZE(vars); i++) {
		diag_report(p->diag, DIAG_NOTE, pos, "set %s %s%s", vars[i].name,
			    type_word[vars[i].type], vars[i].id == VAR_LATER ? " (not supported yet)" :
			    vars[i].id == VAR_X86 ? " (x86 only)" : "");
	}
}

static const struct config_var *find_var(const char *name, const char **near)
{
	u32 limit = 2;

	*near = NULL;
	for (u32 i = 0; i < ARRAY_SIZE(vars); i++) {
		u32 d = value_distance(name, vars[i].name);

		if (d == 0 || strcmp(name, vars[i].name) == 0) {
			return &vars[i];
		}
		if (d <= limit) {
			*near = vars[i].name;
			limit = d;
		}
	}
	return NULL;
}

/* ADDRESS[/CPU/SPACING], separated by commas. */
static bool gich_ok(struct slice text)
{
	u64 n;

	do {
		struct slice one = slice_cut(&text, ',');
		u32 parts = 0;

		do {
			parts++;
			if (value_number(slice_cut(&one, '/'), &n) != VALUE_OK) {
				return false;
			}
		} while (one.n != 0);
		if (parts != 1 && parts != 3) {
			return false;
		}
	} while (text.n != 0);
	return true;
}

/* The value as a number where the type has one; false after an error. */
static bool var_value(struct parser *p, const struct config_var *v, const struct token *arg,
		      u64 *num)
{
	struct slice text = slice_of(arg->text);
	int i;

	switch (v->type) {
	case VAR_TRISTATE:
	case VAR_BOOL:
		i = value_bool(text);
		if (v->type == VAR_TRISTATE && slice_is(text, "auto")) {
			i = TRI_AUTO;
		}
		*num = (u64)i;
		if (i >= 0) {
			return true;
		}
		break;
	case VAR_NUMBER:
		if (slice_is(text, "~0")) {
			*num = ~0UL;
			return true;
		}
		return parse_number(p, arg, text, 0, ~0UL, num);
	case VAR_ADDRESS:
		return parse_number(p, arg, text, 0, ~0UL, num);
	case VAR_GICH:
		if (gich_ok(text)) {
			return true;
		}
		break;
	default:
		if (text.n != 0) {
			return true;
		}
		break;
	}
	parse_error(p, &arg->pos, "bad value '%.40s' of '%s': expected %s", arg->text, v->name,
		    type_word[v->type]);
	return false;
}

void opt_set(struct parser *p, const struct token *opt, const struct token *arg)
{
	struct vm_config *cfg = p->cfg;
	const struct config_var *v;
	const char *near;
	struct token val;
	u64 num = 0;

	if (strcmp(arg->text, "?") == 0) {
		list_vars(p, &opt->pos);
		return;
	}
	v = find_var(arg->text, &near);
	p->recovering = v == NULL || v->id == VAR_X86; /* its value follows */
	if (v == NULL) {
		if (near != NULL) {
			parse_error(p, &arg->pos, "unknown variable '%.40s': did you mean '%s'?", arg->text,
				    near);
		} else {
			parse_error(p, &arg->pos, "unknown variable '%.40s': 'set ?' lists them", arg->text);
		}
		return;
	}
	if (v->id == VAR_X86) {
		parse_error(p, &arg->pos, "'set %s' is for x86 only", v->name);
		return;
	}
	if (!parse_arg(p, arg, type_word[v->type], true, &val) || !var_value(p, v, &val, &num)) {
		return;
	}
	switch (v->id) {
	case VAR_EXIT_ON_HALT:
		cfg->exit_on_halt = (enum cfg_tristate)num;
		break;
	case VAR_COUNTER_OFFSET:
		cfg->counter_offset = num;
		break;
	case VAR_FDT_ADDR:
		cfg->has_fdt_addr = true;
		cfg->fdt_addr = num;
		cfg->fdt_addr_pos = val.pos;
		break;
	case VAR_FDT_DUMP:
		cfg->fdt_dump_file = val.text;
		break;
	default:
		parse_later(p, &opt->pos, "'set %s' is", v->name);
		break;
	}
}
