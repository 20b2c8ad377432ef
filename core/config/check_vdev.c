/* SPDX-License-Identifier: Apache-2.0 */
/* Devices of a VM: location, interrupt, name; nothing used twice. */
#include "core/config/check_parts.h"

/* A device behind the window of one page all MMIO forms of later devices have. */
#define LATER_WINDOW PAGE_SIZE

static void check_location(struct check *c, const struct cfg_vdev *v)
{
	const struct vdev_type *t = v->type;
	const struct cfg_loc *l = v->loc;
	u64 size = t != NULL ? ALIGN_UP(t->window, PAGE_SIZE) : LATER_WINDOW;

	if (v->pci) {
		return;
	}
	if (t != NULL && t->need_loc && (l == NULL || l->space != LOC_MEM)) {
		check_error(c, l != NULL ? &l->pos : &v->pos, "vdev '%s' needs a location: "
			    "expected loc ADDRESS", v->type_name);
		return;
	}
	if (l == NULL || l->space != LOC_MEM || size == 0) {
		return;
	}
	if (!IS_ALIGNED(l->addr, PAGE_SIZE)) {
		check_error(c, &l->pos, "vdev '%s' at 0x%lx: expected a multiple of 4K", v->type_name,
			    l->addr);
		return;
	}
	if (t != NULL && l->size != 0 && l->size != t->window) {
		check_error(c, &l->pos, "length 0x%lx of vdev '%s': expected 0x%x, or none", l->size,
			    v->type_name, t->window);
		return;
	}
	check_window(c, l->addr, size, "vdev", v->type_name, &l->pos, t == NULL);
}

/* A device that the text gives no place has the one of its type. */
static void default_location(struct check *c, struct cfg_vdev *v)
{
	struct cfg_loc *l;

	if (v->loc != NULL || v->type == NULL || v->type->loc == 0) {
		return;
	}
	l = check_alloc(c, sizeof(*l));
	if (l != NULL) {
		l->pos = v->pos;
		l->addr = v->type->loc;
		v->loc = l;
	}
}

/* The second user of a line, in the order of the lists, is told. */
static const struct src_pos *first_user(const struct vm_config *cfg, const struct cfg_intr *in)
{
	for (const struct cfg_vdev *v = cfg->vdev; v != NULL; v = v->next) {
		if (v->intr != NULL && v->intr->line == in->line) {
			return v->intr != in ? &v->intr->pos : NULL;
		}
	}
	for (const struct cfg_pass *p = cfg->pass; p != NULL; p = p->next) {
		for (const struct cfg_intr *i = p->intr; i != NULL; i = i->next) {
			if (i->line == in->line) {
				return i != in ? &i->pos : NULL;
			}
		}
	}
	return NULL;
}

static void check_interrupt(struct check *c, const struct cfg_intr *in)
{
	const struct src_pos *other = first_user(c->cfg, in);

	if (other == NULL && c->cfg->gic.has_v2m && in->line - c->cfg->gic.v2m_base < c->cfg->gic.v2m_count) {
		other = &c->cfg->gic.pos;
	}
	if (other != NULL) {
		check_error(c, &in->pos, "interrupt gic:%u is in use already, at %s:%u:%u", in->line,
			    other->file, other->line, other->col);
	}
}

static void check_interrupts(struct check *c)
{
	for (const struct cfg_vdev *v = c->cfg->vdev; v != NULL; v = v->next) {
		if (v->intr != NULL) {
			check_interrupt(c, v->intr);
		}
	}
	for (const struct cfg_pass *p = c->cfg->pass; p != NULL; p = p->next) {
		for (const struct cfg_intr *in = p->intr; in != NULL; in = in->next) {
			check_interrupt(c, in);
		}
	}
}

static void check_name(struct check *c, const struct cfg_vdev *v)
{
	for (const struct cfg_vdev *o = c->cfg->vdev; o != v; o = o->next) {
		if (o->name != NULL && strcmp(o->name, v->name) == 0) {
			check_error(c, &v->pos, "two vdevs with the name '%.40s'", v->name);
			return;
		}
	}
}

/* Where devices without a location go, and from which interrupt on. */
#define AUTO_BASE 0x20100000UL
#define AUTO_INTID 64
#define AREA_BASE 0x30000000UL

static void place_device(struct check *c, struct cfg_vdev *v)
{
	struct cfg_loc *l = check_alloc(c, sizeof(*l));
	u64 size = ALIGN_UP(v->type->window, PAGE_SIZE);

	if (l != NULL) {
		*l = (struct cfg_loc) { .pos = v->pos, .space = LOC_MEM };
		l->addr = check_free_place(c, AUTO_BASE, size);
		check_window(c, l->addr, size, "vdev", v->type_name, &v->pos, false);
		v->loc = l;
	}
}

static void give_line(struct check *c, struct cfg_vdev *v)
{
	struct cfg_intr *in;
	u32 line = check_free_line(c->cfg, AUTO_INTID, 1);

	if (line == 0) {
		check_error(c, &v->pos, "no interrupt is left for vdev '%s'", v->type_name);
		return;
	}
	in = check_alloc(c, sizeof(*in));
	if (in != NULL) {
		*in = (struct cfg_intr) { .pos = v->pos, .pic = "gic", .line = line };
		v->intr = in;
	}
}

void check_auto(struct check *c)
{
	for (struct cfg_vdev *v = c->cfg->vdev; v != NULL; v = v->next) {
		if (v->type == NULL || !v->type->auto_place || v->pci) {
			continue;
		}
		if (v->loc == NULL) {
			place_device(c, v);
		} else if (v->loc->space != LOC_MEM) {
			check_error(c, &v->loc->pos, "vdev '%s' on PCI is not supported yet: expected loc "
				    "ADDRESS, or none for a free one", v->type_name);
		}
		if (v->intr == NULL) {
			give_line(c, v);
		}
		if (v->type->area != 0) {
			v->area = ALIGN_UP(check_free_place(c, AREA_BASE, v->type->area + MiB(2)), MiB(2));
			check_window(c, v->area, v->type->area, "area of", v->type_name, &v->pos, false);
		}
	}
}

static void check_required(struct check *c, const struct cfg_vdev *v)
{
	for (const struct vdev_option *o = v->type->options; o != NULL && o->name != NULL; o++) {
		const struct cfg_option *given = v->options;

		while (given != NULL && given->decl != o) {
			given = given->next;
		}
		if (o->required && given == NULL) {
			check_error(c, &v->pos, "vdev '%s' needs the option '%s'", v->type_name, o->name);
		}
	}
}

static void check_together(struct check *c, const struct cfg_vdev *v)
{
	const struct src_pos *at = &v->pos;
	const char *wrong = v->type->check != NULL ? v->type->check(v, &at) : NULL;

	if (wrong != NULL) {
		check_error(c, at, "vdev '%s': %s", v->type_name, wrong);
	}
}

/* The VM has a PCI bus whatever devices without a place are made of: something in the text is on it. */
static bool has_bus(const struct vm_config *cfg)
{
	for (const struct cfg_vdev *v = cfg->vdev; v != NULL; v = v->next) {
		if ((v->type != NULL && v->type->pci && v->loc != NULL && v->loc->space == LOC_PCI) ||
		    (v->type != NULL && v->type->pci && !v->type->auto_place)) {
			return true;
		}
	}
	for (const struct cfg_pass *p = cfg->pass; p != NULL; p = p->next) {
		if (p->kind == PASS_PCI || (p->loc != NULL && p->loc->space == LOC_PCI)) {
			return true;
		}
	}
	return false;
}

/* I/O BARs are what makes a device transitional (virtio 1.2 4.1.4.10); the bus has none. */
static void refuse_legacy(struct check *c, const struct cfg_vdev *v)
{
	for (const struct cfg_option *o = v->options; o != NULL; o = o->next) {
		if (strcmp(o->decl->name, "legacy") == 0) {
			check_error(c, &o->pos, "vdev '%s' on PCI has no legacy layout: expected loc ADDRESS",
				    v->type_name);
		}
	}
}

/* Where it is on the VM's PCI bus is for check_pci(). */
static bool on_pci(struct check *c, const struct cfg_vdev *v)
{
	bool there = v->loc != NULL && v->loc->space == LOC_PCI;

	if (v->type == NULL || !v->type->pci) {
		return false;
	}
	there |= v->loc == NULL && v->intr == NULL && v->type->loc == 0 && has_bus(c->cfg);
	if (there) {
		refuse_legacy(c, v);
	}
	if (there && v->loc != NULL && v->loc->fn.by_id) {
		check_error(c, &v->loc->pos, "vdev '%s' on PCI: expected loc pci:0:DEV[.FUNCTION]", v->type_name);
	}
	if (there && v->intr != NULL) {
		check_error(c, &v->intr->pos, "vdev '%s' on PCI takes no interrupt: the bus gives it one", v->type_name);
	}
	return there;
}

void check_vdevs(struct check *c)
{
	u32 count = 0;

	for (struct cfg_vdev *v = c->cfg->vdev; v != NULL; v = v->next) {
		if (v->type != NULL && ++count == VM_MAX_VDEVS + 1) {
			check_error(c, &v->pos, "more than %d vdevs", VM_MAX_VDEVS);
		}
		if (v->name != NULL) {
			check_name(c, v);
		}
		if (v->decl == config_gic_options) {
			continue;
		}
		v->pci = on_pci(c, v);
		default_location(c, v);
		check_location(c, v);
		if (v->type != NULL && v->type->need_intr && v->intr == NULL && !v->pci) {
			check_error(c, &v->pos, "vdev '%s' needs an interrupt: expected intr gic:INTID",
				    v->type_name);
		}
		if (v->type != NULL) {
			check_required(c, v);
			check_together(c, v);
		}
	}
	check_interrupts(c);
}
