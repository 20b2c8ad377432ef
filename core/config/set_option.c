/* SPDX-License-Identifier: Apache-2.0 */
/* The variables of `set`. */
#include "core/config/parser.h"

/* In this order. The others have no function yet, or none outside x86. */
enum { VAR_EXIT_ON_HALT, VAR_COUNTER_OFFSET, VAR_PMU, VAR_FDT_ADDR, VAR_FDT_DUMP };

static const struct {
	const char *vars; /* see config_option_find() */
	const char *status;
} groups[] = {
	{ "exit-on-halt=t counter-offset=n pmu=b fdt-addr=n fdt-dump-file=s", "" },
	{ "grow-heap=n message-block-timeout=n vdev-message-block-timeout=n slog-buffer=n debug=b "
	  "gic-hwassist=b host-paddr-gicd=n host-paddr-gich=h host-paddr-gicv=n",
	  " (not supported yet)" },
	{ "legacy-free=b posted-interrupts=b virtual-interrupts=b", " (x86 only)" },
};
#define GROUP_LATER 1
#define GROUP_X86 2

/* Every variable: to a note each, or as a candidate for what `n` looks for. */
static void each_var(struct parser *p, const struct src_pos *pos, struct nearest *n)
{
	for (u32 g = 0; g < ARRAY_SIZE(groups); g++) {
		struct slice rest = slice_of(groups[g].vars);

		while (rest.n != 0) {
			struct slice kind = slice_cut(&rest, ' '), word = slice_cut(&kind, '=');

			if (n != NULL) {
				nearest_try(n, word);
			} else {
				diag_report(p->diag, DIAG_NOTE, pos, "set %.*s %s%s", (int)word.n, word.s,
					    config_kind_form(kind.s[0]), groups[g].status);
			}
		}
	}
}

static void set_var(struct parser *p, int i, const struct token *val, u64 num)
{
	struct vm_config *cfg = p->cfg;

	switch (i) {
	case VAR_EXIT_ON_HALT:
		cfg->exit_on_halt = (enum cfg_tristate)num;
		break;
	case VAR_COUNTER_OFFSET:
		cfg->counter_offset = num;
		break;
	case VAR_PMU:
		cfg->pmu_off = num == 0;
		break;
	case VAR_FDT_ADDR:
		cfg->has_fdt_addr = true;
		cfg->fdt_addr = num;
		cfg->fdt_addr_pos = val->pos;
		break;
	default:
		cfg->fdt_dump_file = val->text;
		break;
	}
}

void opt_set(struct parser *p, const struct token *opt, const struct token *arg)
{
	struct nearest near = nearest_to(arg->text);
	struct token val;
	u32 group = 0;
	char kind;
	u64 num;
	int i = -1;

	if (strcmp(arg->text, "?") == 0) {
		each_var(p, &opt->pos, NULL);
		return;
	}
	while (group < ARRAY_SIZE(groups) &&
	       (i = config_option_find(groups[group].vars, arg->text, &kind)) < 0) {
		group++;
	}
	p->recovering = i < 0 || group == GROUP_X86; /* its value follows */
	if (i < 0) {
		each_var(p, &opt->pos, &near);
		parse_unknown(p, "variable", arg, &near, "'set ?' lists them");
	} else if (group == GROUP_X86) {
		parse_error(p, &arg->pos, "'set %s' is for x86 only", arg->text);
	} else if (parse_value(p, arg, kind, &val, &num)) {
		if (group == GROUP_LATER) {
			parse_later(p, &opt->pos, "'set %s'", arg->text);
		} else {
			set_var(p, i, &val, num);
		}
	}
}
