/* SPDX-License-Identifier: Apache-2.0 */
/* Version and frames of a VM's GIC: from `vdev gic`, the host, and the defaults. */
#include "core/config/check_parts.h"
#include "core/config/value.h"

static const struct cfg_option *find_option(const struct cfg_vdev *v, const char *name)
{
	const struct cfg_option *o = v->options;

	while (o != NULL && strcmp(o->decl->name, name) != 0) {
		o = o->next;
	}
	return o;
}

static struct cfg_vdev *gic_vdev(struct check *c)
{
	struct cfg_vdev *v = c->cfg->vdev;

	while (v != NULL && strcmp(v->type_name, "gic") != 0) {
		v = v->next;
	}
	if (v != NULL) {
		return v;
	}
	v = check_alloc(c, sizeof(*v));
	if (v != NULL) {
		v->pos = c->cfg->pos;
		v->type = vdev_find("gic");
		v->type_name = "gic";
		v->decl = config_gic_options;
		v->implicit = true;
		v->next = c->cfg->vdev;
		c->cfg->vdev = v;
	}
	return v;
}

static void host_version(struct check *c, const struct src_pos *pos)
{
	struct cfg_gic *g = &c->cfg->gic;
	u32 host = c->board != NULL ? c->board->gic_version : 0;

	if (g->version == 0) {
		g->version = (u8)host;
	} else if (host == 2 && g->version == 3) {
		check_error(c, pos, "GIC version 3 on a host with GICv2: expected 'vdev gic version 2', "
			    "or no version for the host's");
	} else if (host == 3 && g->version == 2) {
		diag_warning(c->diag, pos, "GIC version 2 on a host with GICv3: its CPU interface is emulated, "
			     "each interrupt exits twice more than with version 3");
	}
}

static void check_frame(struct check *c, const char *what, ipa_t addr, u64 align)
{
	if (!IS_ALIGNED(addr, align)) {
		check_error(c, &c->cfg->gic.pos, "%s at 0x%lx: expected a multiple of 0x%lx", what, addr,
			    align);
	}
}

/* ADDRESS,FIRST,COUNT: the form has been checked. */
static void check_msi(struct check *c, const struct cfg_option *o)
{
	struct cfg_gic *g = &c->cfg->gic;
	struct slice rest = slice_of(o->str), at = slice_cut(&rest, ','), first = slice_cut(&rest, ',');
	u64 base = 0, count = 0;

	(void)value_number(at, &g->v2m);
	(void)value_number(first, &base);
	(void)value_number(rest, &count);
	if (g->version == 3) {
		check_error(c, &o->pos, "'msi' belongs to GIC version 2: this one has version %u", config_gic_version(c->cfg));
		return;
	}
	if (base < CONFIG_INTID_MIN || count == 0 || base > CONFIG_INTID_MAX || count > CONFIG_INTID_MAX + 1 - base) {
		check_error(c, &o->pos, "'msi %.40s': expected interrupts from %d to %d", o->str, CONFIG_INTID_MIN,
			    CONFIG_INTID_MAX);
		return;
	}
	if (g->version == 0) {
		return; /* the image's maker does not know what the board has */
	}
	g->has_v2m = true;
	g->v2m_base = (u32)base;
	g->v2m_count = (u32)count;
	check_frame(c, "the GICv2m frame", g->v2m, PAGE_SIZE);
	check_window(c, g->v2m, PAGE_SIZE, "GICv2m", NULL, &o->pos, false);
}

static void check_its(struct check *c, const struct cfg_option *its, const struct cfg_option *lpis)
{
	struct cfg_gic *g = &c->cfg->gic;

	if (its == NULL) {
		check_error(c, &lpis->pos, "'num-lpis' belongs to an ITS: expected 'its ADDRESS', too");
		return;
	}
	if (config_gic_version(c->cfg) != 3) {
		check_error(c, &its->pos, "'its' belongs to GIC version 3: this one has version 2");
		return;
	}
	if (lpis == NULL) {
		check_error(c, &its->pos, "an ITS needs 'num-lpis NUMBER' (1 to %d)", CONFIG_LPIS_MAX);
		return;
	}
	g->has_its = true;
	g->its = its->num;
	g->num_lpis = (u32)lpis->num;
	check_frame(c, "the ITS", g->its, KiB(64));
	check_window(c, g->its, CONFIG_ITS_SIZE, "GIC ITS", NULL, &its->pos, false);
}

void check_gic(struct check *c)
{
	struct cfg_gic *g = &c->cfg->gic;
	struct cfg_vdev *v = gic_vdev(c);
	const struct cfg_option *version, *gicc, *gicr, *its, *lpis, *msi;
	const struct src_pos *pos;

	if (v == NULL) {
		return;
	}
	version = find_option(v, "version");
	gicc = find_option(v, "gicc");
	gicr = find_option(v, "gicr");
	its = find_option(v, "its");
	lpis = find_option(v, "num-lpis");
	msi = find_option(v, "msi");
	g->pos = v->pos;
	g->has_dist = v->loc != NULL;
	g->has_gicc = gicc != NULL;
	g->has_gicr = gicr != NULL;
	if (version != NULL) {
		g->version = (u8)version->num;
	} else if ((gicr != NULL || its != NULL) && gicc == NULL) {
		g->version = 3;
	} else if (gicc != NULL && gicr == NULL) {
		g->version = 2;
	}
	g->has_its = g->has_v2m = false;
	pos = version != NULL ? &version->pos : gicr != NULL ? &gicr->pos : gicc != NULL ? &gicc->pos :
	      &v->pos;
	host_version(c, pos);
	if (g->version == 2 && version != NULL && gicr != NULL && gicc == NULL) {
		check_error(c, &gicr->pos, "'gicr' belongs to GIC version 3: this one has version 2");
	}
	if (g->version == 3 && version != NULL && gicc != NULL && gicr == NULL) {
		diag_warning(c->diag, &gicc->pos,
			     "'gicc' of a GIC version 3 is not supported yet: ignored");
	}
	if (v->intr != NULL) {
		check_error(c, &v->intr->pos, "vdev 'gic' takes no interrupt");
	}
	if (v->loc != NULL && (v->loc->space != LOC_MEM)) {
		check_error(c, &v->loc->pos, "vdev 'gic' has no PCI form: expected loc ADDRESS");
	}
	g->dist = v->loc != NULL ? v->loc->addr : g->version == 2 ? CONFIG_GICD_V2 : CONFIG_GICD_V3;
	g->gicc = gicc != NULL ? gicc->num : CONFIG_GICC_V2;
	g->gicr = gicr != NULL ? gicr->num : CONFIG_GICR_V3;
	if (g->version == 2) {
		check_frame(c, "GICD", g->dist, PAGE_SIZE);
		check_frame(c, "GICC", g->gicc, PAGE_SIZE);
		check_window(c, g->dist, CONFIG_GICD_V2_SIZE, "GICD", NULL, &g->pos, false);
		check_window(c, g->gicc, CONFIG_GICC_SIZE, "GICC", NULL, &g->pos, false);
	} else {
		check_frame(c, "GICD", g->dist, KiB(64));
		check_frame(c, "GICR", g->gicr, KiB(64));
		check_window(c, g->dist, CONFIG_GICD_V3_SIZE, "GICD", NULL, &g->pos, false);
		check_window(c, g->gicr, c->cfg->cpu_count * CONFIG_GICR_SIZE, "GICR", NULL, &g->pos, false);
	}
	if (its != NULL || lpis != NULL) {
		check_its(c, its, lpis);
	}
	if (msi != NULL) {
		check_msi(c, msi);
	}
}
