/* SPDX-License-Identifier: Apache-2.0 */
/* Contexts (cpu, vdev, pass, reserve) and the options they have in common. */
#include "core/config/parser.h"

void opt_cpu(struct parser *p, const struct token *opt, const struct token *arg)
{
	struct vm_config *cfg = p->cfg;

	(void)arg;
	p->ctx = CTX_CPU;
	/* One more than there may be: its options still need a place. */
	p->cpu = &cfg->cpu[MIN(cfg->cpu_count, (u32)VM_MAX_CPUS - 1)];
	if (cfg->cpu_count == VM_MAX_CPUS) {
		parse_error(p, &opt->pos, "more than %d vCPUs", VM_MAX_CPUS);
		return;
	}
	cfg->cpu_count++;
	p->cpu->pos = opt->pos;
}

void opt_runmask(struct parser *p, const struct token *opt, const struct token *arg)
{
	struct slice rest = slice_of(arg->text);
	u64 mask = 0, n;

	(void)opt;
	do {
		if (!parse_number(p, arg, slice_cut(&rest, ','), 0, 63, &n)) {
			return;
		}
		mask |= BIT(n);
	} while (rest.n != 0);
	p->cpu->runmask = mask;
	p->cpu->runmask_pos = arg->pos;
}

#define LONGEST_PERIOD_US 3600000000UL /* an hour */

/* HIGH,LOW,MAXREPL,PERIOD,BUDGETs, also with a blank before the s; `high` is read already. Microseconds. */
static bool sporadic(struct parser *p, const struct token *opt, const struct token *arg, u64 high,
		     struct slice rest, struct cfg_cpu *c)
{
	struct slice text = slice_cut(&rest, ',');
	struct src_pos at = parse_at(arg, text.s);
	u64 low, repl;

	if (!parse_number(p, arg, text, 1, 255, &low)) {
		return false;
	}
	if (low > high) {
		parse_error(p, &at, "low priority %lu is above the high one, %lu", low, high);
		return false;
	}
	if (!parse_number(p, arg, slice_cut(&rest, ','), 1, 255, &repl) ||
	    !parse_number(p, arg, slice_cut(&rest, ','), 1, LONGEST_PERIOD_US, &c->period_us)) {
		return false;
	}
	if (rest.n > 1 && rest.s[rest.n - 1] == 's') {
		rest.n--;
	} else if (rest.n == 0 || !parse_next_is(p, "s")) {
		parse_bad_value(p, opt, arg, CONFIG_SCHED_FORM);
		return false;
	}
	c->prio_low = (u8)low;
	c->max_repl = (u8)repl;
	at = parse_at(arg, rest.s);
	if (!parse_number(p, arg, rest, 1, ~0UL, &c->budget_us)) {
		return false;
	}
	if (c->budget_us > c->period_us) {
		parse_error(p, &at, "budget %lu is larger than the period, %lu microseconds", c->budget_us,
			    c->period_us);
		return false;
	}
	return true;
}

void opt_sched(struct parser *p, const struct token *opt, const struct token *arg)
{
	struct slice rest = slice_of(arg->text), first = slice_cut(&rest, ',');
	struct cfg_cpu c = { .alg = SCHED_RR };
	u64 prio;

	if (rest.n == 0 && first.n > 1 && strchr("rfo", first.s[first.n - 1]) != NULL) {
		c.alg = first.s[first.n - 1] == 'f' ? SCHED_FIFO : SCHED_RR;
		first.n--;
	}
	if (!parse_number(p, arg, first, 1, 255, &prio)) {
		return;
	}
	if (rest.n != 0) {
		c.alg = SCHED_SPORADIC;
		if (!sporadic(p, opt, arg, prio, rest, &c)) {
			return;
		}
	}
	if (p->ctx == CTX_VDEV) {
		p->vdev->sched_prio = (u8)prio;
		if (p->vdev->type != NULL && p->vdev->type->work == NULL) {
			parse_later(p, &opt->pos, "'%s' of a vdev", opt->text);
		}
		return;
	}
	c.prio = (u8)prio;
	c.pos = p->cpu->pos;
	c.runmask_pos = p->cpu->runmask_pos;
	c.runmask = p->cpu->runmask;
	c.cluster = p->cpu->cluster;
	c.cluster_pos = p->cpu->cluster_pos;
	*p->cpu = c;
}

void opt_cluster(struct parser *p, const struct token *opt, const struct token *arg)
{
	(void)opt;
	p->cpu->cluster = arg->text;
	p->cpu->cluster_pos = arg->pos;
}

void opt_partition(struct parser *p, const struct token *opt, const struct token *arg)
{
	(void)arg;
	diag_warning(p->diag, &opt->pos,
		     "there are no scheduling %ss here: '%s' is ignored, use runmask and sched", opt->text,
		     opt->text);
}

/* NAME out of NAME, vdev-NAME, vdev-NAME.so. */
static char *plain_type(char *text)
{
	size_t n;

	text += strncmp(text, "vdev-", 5) == 0 ? 5 : 0;
	n = strlen(text);
	if (n > 3 && strcmp(text + n - 3, ".so") == 0) {
		text[n - 3] = '\0';
	}
	return text;
}

/* Says why there is no such device; true if it is to be left out with a warning. */
static bool known_type(struct parser *p, const struct token *opt, const struct token *arg,
		       const char *name)
{
	const struct config_known *k = config_known_find(name);
	struct nearest near = nearest_to(name);

	if (k == NULL) {
		nearest_try(&near, slice_of("gic"));
		for (k = config_known; k->name != NULL; k++) {
			nearest_try(&near, slice_of(k->name));
		}
		parse_unknown(p, "vdev type", arg, &near, "expected a type such as pl011, virtio-blk, gic");
		return false;
	}
	if (k->status == KNOWN_X86) {
		parse_error(p, &arg->pos, "vdev '%s' is for x86 only", name);
		return false;
	}
	if (k->status == KNOWN_PASS) {
		parse_error(p, &arg->pos, "vdev '%s' is not supported: use pass dt:PATH or pass pci:BUS:DEV.FN, whose DMA the "
			    "monitor confines by itself", name);
		return false;
	}
	if (k->status == KNOWN_LINKED) {
		parse_error(p, &arg->pos, "vdev '%s' is not in this image: add 'vdev-%s' to the buildfile",
			    name, name);
		return false;
	}
	diag_warning(p->diag, &opt->pos, "vdev '%s' is not supported yet: the VM starts without it", name);
	p->later = k->options;
	return true;
}

void opt_vdev(struct parser *p, const struct token *opt, const struct token *arg)
{
	char *name = plain_type(arg->text);
	const struct vdev_type *type = vdev_find(name);
	bool gic = strcmp(name, "gic") == 0;
	struct cfg_vdev *v;

	p->ctx = CTX_SKIP;
	p->later = gic ? CONFIG_GIC_LATER : "";
	if (type == NULL && !gic && !known_type(p, opt, arg, name)) {
		return;
	}
	for (v = p->cfg->vdev; gic && v != NULL; v = v->next) {
		if (strcmp(v->type_name, "gic") == 0) {
			parse_error(p, &opt->pos, "a second 'vdev gic': a VM has one");
			return;
		}
	}
	v = parse_alloc(p, sizeof(*v), &opt->pos);
	if (v == NULL) {
		return;
	}
	v->pos = opt->pos;
	v->type = type;
	v->type_name = type != NULL ? type->name : name;
	v->decl = gic ? config_gic_options : type != NULL ? type->options : NULL;
	*p->vdev_end = v;
	p->vdev_end = &v->next;
	p->ctx = CTX_VDEV;
	p->vdev = v;
	p->loc = &v->loc;
	p->intr = &v->intr;
	p->option_end = &v->options;
}

void opt_reserve(struct parser *p, const struct token *opt, const struct token *arg)
{
	struct cfg_reserve *r = parse_alloc(p, sizeof(*r), &opt->pos);

	(void)arg;
	if (r == NULL) {
		return;
	}
	r->pos = opt->pos;
	*p->reserve_end = r;
	p->reserve_end = &r->next;
	p->ctx = CTX_RESERVE;
	p->loc = &r->loc;
	p->intr = &r->intr;
}

void opt_loc(struct parser *p, const struct token *opt, const struct token *arg)
{
	struct cfg_loc *l = parse_loc(p, arg);

	if (l == NULL) {
		return;
	}
	if (p->ctx != CTX_PASS && (l->has_host || l->attrs != NULL)) {
		parse_error(p, &arg->pos, "only a pass takes attributes or '=HOST' in its location");
		return;
	}
	if (p->ctx == CTX_RESERVE && l->space == LOC_PCI) {
		parse_later(p, &opt->pos, "'%s pci:' of a reserve", opt->text);
	} else if (p->ctx == CTX_RESERVE && l->size == 0) {
		parse_error(p, &arg->pos, "'reserve loc' needs a length: expected ADDRESS,LENGTH");
		return;
	}
	if (p->ctx == CTX_PASS && (p->pass->kind == PASS_SMC || p->pass->kind == PASS_REST)) {
		parse_error(p, &arg->pos, "this pass takes no location");
		return;
	}
	*p->loc = l;
	/* A vdev has one location, the last given; the others collect. */
	if (p->ctx != CTX_VDEV) {
		p->loc = &l->next;
	}
}

void opt_intr(struct parser *p, const struct token *opt, const struct token *arg)
{
	struct cfg_intr *in = parse_intr(p, arg);

	(void)opt;
	if (in == NULL) {
		return;
	}
	if (p->ctx == CTX_PASS && p->pass->kind != PASS_WINDOW && p->pass->kind != PASS_DT) {
		parse_error(p, &arg->pos, "this pass takes no interrupt");
		return;
	}
	*p->intr = in;
	if (p->ctx != CTX_VDEV) {
		p->intr = &in->next;
	}
}

void opt_name(struct parser *p, const struct token *opt, const struct token *arg)
{
	bool gic = p->vdev->decl == config_gic_options;

	if (arg->text[0] == '\0' || (gic && strchr(arg->text, ':') != NULL)) {
		parse_bad_value(p, opt, arg, gic ? "text without ':'" : "text");
		return;
	}
	p->vdev->name = arg->text;
	if (gic) {
		p->gic_name = arg->text;
	}
}

void opt_log(struct parser *p, const struct token *opt, const struct token *arg)
{
	if (parse_log_levels(p, &arg[0]) != 0 &&
	    parse_choice(p, &arg[1], "stdout|stderr|slog|none") >= 0) {
		parse_later(p, &opt->pos, "'%s' of a vdev", opt->text);
	}
}
