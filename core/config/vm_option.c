/* SPDX-License-Identifier: Apache-2.0 */
/* The neutral options: what the VM as a whole is made of. */
#include "core/config/parser.h"

static bool is_name_char(char c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
	       (c != '\0' && strchr("_-.", c) != NULL);
}

void opt_system(struct parser *p, const struct token *opt, const struct token *arg)
{
	size_t n = 0;

	if (p->items != 1) {
		parse_error(p, &opt->pos, "'system' must come first");
		return;
	}
	while (is_name_char(arg->text[n])) {
		n++;
	}
	if (n == 0 || n > VM_NAME_MAX || arg->text[n] != '\0') {
		parse_error(p, &arg->pos, "bad VM name '%.40s': expected 1 to %d letters, digits, "
			    "'_', '-' or '.'", arg->text, VM_NAME_MAX);
		return;
	}
	/* Lines and answers of the monitor begin with the one, its shell's commands end with the other. */
	if (strcmp(arg->text, "quoin") == 0 || strcmp(arg->text, "all") == 0) {
		parse_error(p, &arg->pos, "VM name '%s' is reserved", arg->text);
		return;
	}
	memcpy(p->cfg->name, arg->text, n + 1);
	p->cfg->named = true;
	p->cfg->pos = opt->pos;
}

void opt_mem(struct parser *p, const struct token *opt, const struct token *arg)
{
	struct slice rest = slice_of(arg->text), first = slice_cut(&rest, ',');
	struct cfg_mem *m = parse_alloc(p, sizeof(*m), &opt->pos);
	bool two = first.n != strlen(arg->text);

	if (m == NULL || (two && !parse_number(p, arg, first, 0, ~0UL, &m->start)) ||
	    !parse_number(p, arg, two ? rest : first, 0, ~0UL, &m->size)) {
		return;
	}
	m->pos = arg->pos;
	m->has_start = two;
	m->rom = opt->text[1] == 'o';
	*p->mem_end = m;
	p->mem_end = &m->next;
}

void opt_blob(struct parser *p, const struct token *opt, const struct token *arg)
{
	static const char words[] = "guest|initrd|fdt|data";

	(void)arg;
	p->prefix = *opt;
	p->blob_tok = &p->prefix;
	p->blob = (u8)(BLOB_PLAIN + 1 + value_index(slice_of(opt->text), words));
	/* `acpi` is in no such list: it stays plain and is refused with its load or pass. */
}

bool parse_blob(struct parser *p, enum cfg_blob *blob)
{
	const struct token *t = p->blob_tok;

	*blob = (enum cfg_blob)p->blob;
	p->blob_tok = NULL;
	p->blob = BLOB_PLAIN;
	if (t != NULL && *blob == BLOB_PLAIN) {
		parse_error(p, &t->pos, "'acpi' is for x86 only");
		return false;
	}
	return true;
}

/* module:N and module@ADDRESS: a blob the bootloader left. False after an error. */
static bool module_source(struct parser *p, const struct token *arg, struct cfg_load *l)
{
	size_t n = strlen("module");

	l->source = SOURCE_FILE;
	if (strncmp(l->path, "module", n) != 0 || (l->path[n] != ':' && l->path[n] != '@')) {
		return true;
	}
	l->source = l->path[n] == ':' ? SOURCE_MODULE_INDEX : SOURCE_MODULE_ADDR;
	return parse_number(p, arg, slice_of(l->path + n + 1), 0, ~0UL, &l->module);
}

void opt_load(struct parser *p, const struct token *opt, const struct token *arg)
{
	struct slice rest = slice_of(arg->text), first = slice_cut(&rest, ',');
	struct cfg_load *l;
	enum cfg_blob blob;
	u64 addr = 0;
	bool split;

	if (!parse_blob(p, &blob)) {
		return;
	}
	if (p->cfg->mem == NULL) {
		parse_error(p, &opt->pos, "'load' needs guest memory: put 'ram' or 'rom' before it");
		return;
	}
	l = parse_alloc(p, sizeof(*l), &opt->pos);
	if (l == NULL) {
		return;
	}
	/* A comma splits only behind a number: paths may contain commas. */
	split = first.n != strlen(arg->text) && value_number(first, &addr) == VALUE_OK;
	l->pos = arg->pos;
	l->blob = blob;
	l->has_addr = split;
	l->addr = addr;
	l->path = split ? rest.s : arg->text;
	if (*l->path == '\0') {
		parse_error(p, &arg->pos, "'load' names no file: expected [ADDRESS,]PATH");
		return;
	}
	if (module_source(p, arg, l)) {
		*p->load_end = l;
		p->load_end = &l->next;
	}
}

void opt_cmdline(struct parser *p, const struct token *opt, const struct token *arg)
{
	(void)opt;
	p->cfg->cmdline = arg->text;
}

void opt_unsupported(struct parser *p, const struct token *opt, const struct token *arg)
{
	struct vm_config *cfg = p->cfg;
	enum cfg_unsupported *to[] = {
		&cfg->unsup_instruction, &cfg->unsup_reference, &cfg->unsup_register,
	};
	int what = parse_choice(p, &arg[0], "instruction|reference|register");
	int how = what < 0 ? -1 : parse_choice(p, &arg[1], "abort|fail|ignore");

	(void)opt;
	if (how >= 0) {
		*to[what] = (enum cfg_unsupported)how;
	}
}

u32 parse_log_levels(struct parser *p, const struct token *arg)
{
	static const char levels[] = "fatal|internal|error|warn|info|debug|verbose";
	struct slice rest = slice_of(arg->text);
	u32 mask = 0;

	do {
		struct slice one = slice_cut(&rest, ',');
		struct src_pos pos = parse_at(arg, one.s);
		int i = value_index(one, levels);

		if (i < 0) {
			parse_error(p, &pos, "bad log level '%.*s': expected %s",
				    (int)MIN(one.n, (size_t)40), one.s, levels);
			return 0;
		}
		mask |= (u32)BIT(i);
	} while (rest.n != 0);
	return mask;
}

void opt_logger(struct parser *p, const struct token *opt, const struct token *arg)
{
	u32 mask = parse_log_levels(p, &arg[0]);
	int dest = mask == 0 ? -1 : parse_choice(p, &arg[1], "stdout|stderr|slog|none");

	(void)opt;
	if (dest < 0) {
		return;
	}
	if (!p->logger_given) {
		p->cfg->logger_mask = 0;
		p->logger_given = true;
	}
	p->cfg->logger_mask |= dest < 2 ? mask : 0;
	p->cfg->logger_slog |= dest == 2 ? mask : 0;
}

void opt_dump(struct parser *p, const struct token *opt, const struct token *arg)
{
	(void)opt;
	p->cfg->dump = arg->text;
}

void opt_dryrun(struct parser *p, const struct token *opt, const struct token *arg)
{
	(void)opt;
	(void)arg;
	p->cfg->dryrun = true;
}

void opt_restart(struct parser *p, const struct token *opt, const struct token *arg)
{
	struct slice rest = slice_of(arg->text), word = slice_cut(&rest, ',');
	int i = value_index(word, "never|crash|always");
	u64 limit = 0;

	if (i < 0 || (i == 0 && word.n != strlen(arg->text))) {
		parse_bad_value(p, opt, arg, "never, crash or always[,LIMIT]");
		return;
	}
	if (word.n == strlen(arg->text) || parse_number(p, arg, rest, 1, 1000000000, &limit)) {
		p->cfg->restart = (enum cfg_restart)(RESTART_NEVER + i);
		p->cfg->restart_limit = (u32)limit;
	}
}

void opt_safety(struct parser *p, const struct token *opt, const struct token *arg)
{
	int i = parse_choice(p, arg, "none|warn|required");

	if (i >= 0) {
		p->cfg->safety = (enum cfg_safety)i;
		p->cfg->safety_pos = opt->pos;
	}
}

void opt_user(struct parser *p, const struct token *opt, const struct token *arg)
{
	struct slice groups = slice_of(arg->text), user = slice_cut(&groups, ':');
	bool colon = user.n != strlen(arg->text);

	do {
		if (user.n == 0 || (colon && slice_cut(&groups, ',').n == 0)) {
			parse_bad_value(p, opt, arg, "USER[:GROUP[,GROUP...]]");
			return;
		}
	} while (groups.n != 0);
	parse_later(p, &opt->pos, "'%s'", opt->text);
}
