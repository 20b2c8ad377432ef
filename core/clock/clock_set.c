/* SPDX-License-Identifier: Apache-2.0 */
/* Clocks and resets of a chip's modules as the device tree and configurations name them. */
#include <string.h>
#include "arch/arch.h"
#include "core/board.h"
#include "core/clock/clock.h"
#include "core/config/vm_config.h"
#include "core/fdt_reader.h"
#include "core/vdev.h"

extern const struct clock_ops *const __start_quoin_clocks[] __attribute__((weak));
extern const struct clock_ops *const __stop_quoin_clocks[] __attribute__((weak));

void clock_join(struct clock_set *s, const struct clock_set *other)
{
	for (u32 i = 0; i < ARRAY_SIZE(s->word); i++) {
		s->word[i] |= other->word[i];
	}
}

bool clock_empty(const struct clock_set *s)
{
	u32 any = 0;

	for (u32 i = 0; i < ARRAY_SIZE(s->word); i++) {
		any |= s->word[i];
	}
	return any == 0;
}

const struct clock_ops *clock_driver(const char *compatible, u32 len, const char **which)
{
	for (const struct clock_ops *const *o = __start_quoin_clocks; o < __stop_quoin_clocks; o++) {
		for (const char *const *s = (*o)->compatible; *s != NULL; s++) {
			if (fdt_has_string((const u8 *)compatible, len, *s)) {
				*which = *s;
				return *o;
			}
		}
	}
	return NULL;
}

/* ---- What needs which */

struct keeping {
	const struct board *b;
	const struct board_uart *console;
	struct clock_set *out;
};

static bool is_at(const struct board_device *d, const struct range *r)
{
	return r->size != 0 && d->reg_count != 0 && d->reg[0].start == r->start;
}

static bool keep(const struct board_device *d, void *ctx)
{
	const char *name = strrchr(d->path, '/');
	struct keeping *k = ctx;
	bool needed = is_at(d, &k->b->gic.dist) || (k->console != NULL && is_at(d, &k->console->regs)) ||
		      (name != NULL && strncmp(name, "/watchdog", 9) == 0);

	for (u32 i = 0; i < k->b->iommu_count; i++) {
		needed |= is_at(d, &k->b->iommu[i].regs);
	}
	if (needed && d->enabled) {
		clock_join(k->out, &d->clocks);
		clock_join(k->out, &d->resets);
	}
	return true;
}

void clock_kept(const struct board *b, const struct board_uart *console, struct clock_set *out)
{
	struct keeping k = { b, console, out };

	memset(out, 0, sizeof(*out));
	if (b->clock.ops != NULL) {
		(void)board_device_walk(b, keep, &k);
	}
}

/* A list of numbers: 314,812. False: it is none, or one of them is no module. */
static bool list(const struct clock_ops *ops, const char *text, struct clock_set *out)
{
	u32 cells[2] = { 1, 0 };

	for (;;) {
		u64 n = 0;
		int module;

		if (*text < '0' || *text > '9') {
			return false;
		}
		for (; *text >= '0' && *text <= '9'; text++) {
			n = n < 1000000 ? n * 10 + (u64)(*text - '0') : n;
		}
		cells[1] = (u32)n;
		module = ops->module(cells, 2, false);
		if (module < 0) {
			return false;
		}
		clock_add(out, module);
		if (*text != ',') {
			return *text == '\0';
		}
		text++;
	}
}

const struct cfg_vdev *clock_vdev(const struct vm_config *cfg)
{
	const struct cfg_vdev *v = cfg->vdev;

	while (v != NULL && (v->type == NULL || v->type->node == NULL || strcmp(v->type->node, "clock-controller") != 0)) {
		v = v->next;
	}
	return v;
}

const struct src_pos *clock_listed(const struct clock_ops *ops, const struct vm_config *cfg, struct clock_set *out)
{
	const struct cfg_vdev *v = clock_vdev(cfg);

	memset(out, 0, sizeof(*out));
	for (const struct cfg_option *o = v != NULL ? v->options : NULL; o != NULL; o = o->next) {
		if (o->decl != NULL && strcmp(o->decl->name, "modules") == 0 && !list(ops, o->str, out)) {
			return &o->pos;
		}
	}
	return NULL;
}

void clock_of(const struct clock_ops *ops, const struct vm_config *cfg, struct clock_set *clocks, struct clock_set *resets)
{
	struct clock_set all;

	(void)clock_listed(ops, cfg, &all);
	*clocks = *resets = all;
	for (const struct cfg_pass *p = cfg->pass; p != NULL; p = p->next) {
		if (p->modules != NULL) {
			clock_join(clocks, &p->modules[0]);
			clock_join(resets, &p->modules[1]);
		}
	}
}
