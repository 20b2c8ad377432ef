/* SPDX-License-Identifier: Apache-2.0 */
/* Clocks and resets of the chip's modules: what devices need, who may have what. */
#include "arch/arch.h"
#include "core/board.h"
#include "core/clock/clock.h"
#include "core/config/check_pass.h"

const char *check_refused(const struct check *c, const struct board_device *d)
{
	const struct clock_ops *ops = c->board->board->clock.ops;

	return ops != NULL && d->compatible != NULL ? ops->refused(d->compatible, d->compatible_len) : NULL;
}

bool check_modules(struct check *c, struct cfg_pass *p, const struct clock_set *clocks, const struct clock_set *resets)
{
	if (clock_empty(clocks) && clock_empty(resets)) {
		return true;
	}
	p->modules = check_alloc(c, 2 * sizeof(*p->modules));
	if (p->modules != NULL) {
		p->modules[0] = *clocks;
		p->modules[1] = *resets;
	}
	return p->modules != NULL;
}

bool check_device_clocks(struct check *c, struct cfg_pass *p, const struct board_device *d)
{
	u32 n = d->clock_count;

	p->clock_hz = n != 0 ? check_alloc(c, n * sizeof(*p->clock_hz)) : NULL;
	p->clock_cells = d->clock_chip != 0 ? check_alloc(c, n * sizeof(*p->clock_cells)) : NULL;
	if ((n != 0 && p->clock_hz == NULL) || (d->clock_chip != 0 && p->clock_cells == NULL)) {
		return false;
	}
	p->clock_count = n;
	p->clock_chip = d->clock_chip;
	for (u32 i = 0; i < n; i++) {
		p->clock_hz[i] = d->clock_hz[i];
		if (p->clock_cells != NULL) {
			p->clock_cells[i][0] = d->clock_cells[i][0];
			p->clock_cells[i][1] = d->clock_cells[i][1];
		}
	}
	return check_modules(c, p, &d->clocks, &d->resets);
}

/* Of two sets, the first module that both have; -1: there is none. */
static int common(const struct clock_set *a, const struct clock_set *b)
{
	for (u32 i = 0; i < CLOCK_MODULES; i++) {
		if (clock_has(a, i) && clock_has(b, i)) {
			return (int)i;
		}
	}
	return -1;
}

void check_clock_vdev(struct check *c)
{
	const struct cfg_vdev *v = clock_vdev(c->cfg);
	const struct board *b = c->board != NULL ? c->board->board : NULL;
	struct clock_set listed, kept;
	const struct src_pos *bad;
	int both;

	if (v == NULL || b == NULL) {
		return;
	}
	if (b->clock.ops == NULL) {
		check_error(c, &v->pos, "vdev '%s': the board has no clock controller of that kind", v->type_name);
		return;
	}
	bad = clock_listed(b->clock.ops, c->cfg, &listed);
	if (bad != NULL) {
		check_error(c, bad, "'modules' lists what is no module of the board");
		return;
	}
	if (clock_empty(&listed)) {
		return;
	}
	clock_kept(b, c->board->console, &kept);
	both = common(&listed, &kept);
	if (both >= 0) {
		check_error(c, &v->pos, "vdev '%s': module %u is one that the monitor needs", v->type_name,
			    b->clock.ops->number((u32)both));
	}
}

void check_share_modules(const struct vm_config *vm, const struct vm_config *other, const struct board_limits *board,
			 struct diag *d)
{
	const struct clock_ops *ops = board != NULL && board->board != NULL ? board->board->clock.ops : NULL;
	struct clock_set mine, theirs, resets;
	int both;

	if (ops == NULL || clock_vdev(vm) == NULL) {
		return;
	}
	(void)clock_listed(ops, vm, &mine);
	clock_of(ops, other, &theirs, &resets);
	clock_join(&theirs, &resets);
	both = common(&mine, &theirs);
	if (both >= 0) {
		diag_error(d, &clock_vdev(vm)->pos, "module %u is VM '%s's already: neither could stop it",
			   ops->number((u32)both), other->name);
	}
}
