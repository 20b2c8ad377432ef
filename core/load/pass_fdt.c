/* SPDX-License-Identifier: Apache-2.0 */
#include "core/load/pass_fdt.h"

#include <string.h>
#include "core/base/fmt.h"
#include "core/board.h"
#include "core/clock/clock.h"
#include "core/fdt_reader.h"
#include "core/load/fdt_writer.h"
#include "core/load/pass_supply.h"

#define NAME_MAX 64
#define KEPT_MAX 48          /* phandles of passed nodes that others may refer to */
#define KEPT_BASE 0x20000    /* what they are in the guest */
#define CLOCK_BASE 0x8020
#define DEPTH_MAX 4          /* subnodes in subnodes that are copied */
#define BUS "passed"

struct kept {
	u32 count;
	u32 chip, controller; /* phandle of the chip's controller, and of the VM's; 0: it has none */
	u32 phandle[KEPT_MAX];
};

/* Made anew for the guest, or about something only the host has. */
static const char *const left_out[] = {
	"reg", "interrupts", "interrupts-extended", "interrupt-parent", "interrupt-map", "interrupt-map-mask",
	"interrupt-names", "clocks", "clock-names", "status", "phandle", "linux,phandle", "dma-coherent", "ranges",
	"dma-ranges", "iommus", "iommu-map", "iommu-map-mask", "msi-parent", "msi-map", "msi-map-mask",
	"power-domains", "power-domain-names", "interconnects", "interconnect-names", "operating-points-v2",
	"memory-region", "memory-region-names", "wakeup-parent", "assigned-clocks", "assigned-clock-parents",
	"assigned-clock-rates", "assigned-clock-sscs", "required-opps", "access-controllers", "nvmem", "dma-parent",
	NULL,
};

/* Lists that begin with a phandle: kept if the VM has the node, too; and what else goes with them. */
static const char *const references[] = {
	"resets", "dmas", "phys", "phy-handle", "phy", "mboxes", "io-channels", "io-backends", "pwms", "gpios", "gpio",
	"nvmem-cells", "hwlocks", "extcon", "leds", "backlight", "panel", "remote-endpoint", "thermal-sensors", "syscon",
	"sram", "i2c-bus", "ddc-i2c-bus", "mdio-handle", "pcs-handle", "sound-dai", "gpio-ranges", "next-level-cache",
	"fsl,iomuxc-gpr", "power-supplies", "memory-controllers", "cooling-device", "trip", NULL,
};

static const char *const names_of[][2] = {
	{ "reset-names", "resets" }, { "dma-names", "dmas" }, { "phy-names", "phys" }, { "mbox-names", "mboxes" },
	{ "io-channel-names", "io-channels" }, { "pwm-names", "pwms" }, { "nvmem-cell-names", "nvmem-cells" },
};

static bool listed(const char *const *list, const char *name)
{
	while (*list != NULL && strcmp(*list, name) != 0) {
		list++;
	}
	return *list != NULL;
}

static bool is_reference(const char *name)
{
	return listed(references, name) || str_ends(name, "-supply") || str_ends(name, "-gpios") || str_ends(name, "-gpio") ||
	       str_ends(name, ",syscon");
}

static bool open_node(const struct guest_fdt *g, const struct cfg_pass *p, struct fdt_reader *r)
{
	return g->board != NULL && p->kind == PASS_DT && p->node != 0 && board_node_open(g->board, p->node, r) == 0;
}

/* All phandles of the VM's passed nodes and of their subnodes. */
static void collect(const struct guest_fdt *g, struct kept *k)
{
	k->count = 0;
	for (const struct cfg_pass *p = g->cfg->pass; p != NULL; p = p->next) {
		struct fdt_reader r;
		enum fdt_item i;

		if (!open_node(g, p, &r)) {
			continue;
		}
		for (i = fdt_reader_next(&r); i != FDT_BAD && i != FDT_DONE && r.depth != 0; i = fdt_reader_next(&r)) {
			if (i == FDT_PROPERTY && strcmp(r.name, "phandle") == 0 && r.len == 4 && k->count < KEPT_MAX) {
				k->phandle[k->count++] = fdt_be32(r.data);
			}
		}
	}
}

u32 pass_fdt_controller(struct fdt_writer *w, ipa_t base)
{
	char path[NAME_MAX];

	fmt_str(path, sizeof(path), "/vdevs/clock-controller@%lx", base);
	return fdt_writer_phandle(w, path, GUEST_FDT_PHANDLE_CPG);
}

/* The VM has one: its nodes keep their clocks and resets. */
static void find_controller(const struct guest_fdt *g, struct fdt_writer *w, struct kept *k)
{
	const struct cfg_vdev *v = clock_vdev(g->cfg);

	k->chip = k->controller = 0;
	if (v != NULL && v->loc != NULL && g->board != NULL && g->board->clock.ops != NULL) {
		k->chip = g->board->clock.phandle;
		k->controller = pass_fdt_controller(w, v->loc->addr);
	}
}

/* The phandle in the guest, 0: it has no such node. */
static u32 kept_as(const struct kept *k, u32 phandle)
{
	if (phandle == k->chip && phandle != 0) {
		return k->controller;
	}
	for (u32 i = 0; i < k->count; i++) {
		if (k->phandle[i] == phandle) {
			return KEPT_BASE + i;
		}
	}
	return 0;
}

/* A list of references of equal length, if all of them lead to nodes of the VM: copied with its phandles. */
static bool copy_references(struct fdt_writer *w, const struct kept *k, const struct fdt_reader *r)
{
	u32 cells[32], n = r->len / 4;

	if (n == 0 || n > ARRAY_SIZE(cells) || r->len % 4 != 0) {
		return false;
	}
	for (u32 step = 1; step <= n; step++) {
		u32 good = 0;

		if (n % step != 0) {
			continue;
		}
		for (u32 i = 0; i < n; i++) {
			cells[i] = fdt_be32(r->data + 4 * i);
			if (i % step == 0) {
				cells[i] = kept_as(k, cells[i]);
				good += cells[i] != 0;
			}
		}
		if (good == n / step) {
			if (w != NULL) {
				fdt_writer_u32s(w, r->name, cells, n);
			}
			return true;
		}
	}
	return false;
}

/* Whether a list of names has what it names, in the node whose properties begin at `start`. */
static bool has_named(const struct kept *k, struct fdt_reader r, u32 start, const char *name)
{
	r.at = start;
	r.props_over = false;
	for (u32 i = 0; i < ARRAY_SIZE(names_of); i++) {
		if (strcmp(name, names_of[i][0]) != 0) {
			continue;
		}
		while (fdt_reader_next(&r) == FDT_PROPERTY) {
			if (strcmp(r.name, names_of[i][1]) == 0) {
				return copy_references(NULL, k, &r);
			}
		}
		return false;
	}
	return true;
}

static void copy_property(struct pass_fdt *f, const struct kept *k, const struct fdt_reader *r, u32 start, bool top)
{
	struct fdt_writer *w = f->w;

	if (strcmp(r->name, "phandle") == 0 && r->len == 4) {
		u32 phandle = kept_as(k, fdt_be32(r->data));

		if (phandle != 0) {
			fdt_writer_u32(w, "phandle", phandle);
		}
	} else if ((strcmp(r->name, "reg") == 0 && !top) || (strcmp(r->name, "ranges") == 0 && r->len == 0)) {
		fdt_writer_bytes(w, r->name, r->data, r->len); /* an address on the device's own bus; the same addresses */
	} else if (listed(left_out, r->name)) {
		return;
	} else if (strncmp(r->name, "pinctrl-", 8) == 0) {
		/* Pins stay as firmware set them: the states are there, for drivers that want them, and change nothing. */
		fdt_writer_bytes(w, r->name, r->data, strcmp(r->name, "pinctrl-names") == 0 ? r->len : 0);
	} else if (is_reference(r->name)) {
		u32 supply = !copy_references(w, k, r) && r->len == 4 && str_ends(r->name, "-supply") ?
			     pass_supply(f, fdt_be32(r->data)) : 0;

		if (supply != 0) {
			fdt_writer_u32(w, r->name, supply);
		}
	} else if (has_named(k, *r, start, r->name)) {
		fdt_writer_bytes(w, r->name, r->data, r->len);
	}
}

/* A clock of `hz` in the guest: its phandle. */
static u32 fixed_clock(struct pass_fdt *f, u32 hz)
{
	char path[NAME_MAX];
	u32 i = 0;

	if (hz == 24000000) {
		return f->clock_24m;
	}
	while (i < PASS_FDT_CLOCKS - 1 && f->hz[i] != 0 && f->hz[i] != hz + 1) {
		i++;
	}
	f->hz[i] = hz + 1;
	fmt_str(path, sizeof(path), "/" BUS "-clock-%u", hz);
	return fdt_writer_phandle(f->w, path, CLOCK_BASE + i);
}

static void clock_nodes(struct pass_fdt *f)
{
	char name[NAME_MAX];

	for (u32 i = 0; i < PASS_FDT_CLOCKS && f->hz[i] != 0; i++) {
		u32 hz = f->hz[i] - 1, phandle = fixed_clock(f, hz);

		fmt_str(name, sizeof(name), BUS "-clock-%u", hz);
		fdt_writer_begin(f->w, name);
		fdt_writer_str(f->w, "compatible", "fixed-clock");
		fdt_writer_u32(f->w, "#clock-cells", 0);
		fdt_writer_u32(f->w, "clock-frequency", hz);
		fdt_writer_u32(f->w, "phandle", phandle);
		fdt_writer_end(f->w);
	}
}

/* The node's own property `name` of strings, if there are `count` of them. */
static void copy_names(struct fdt_writer *w, struct fdt_reader r, const char *name, u32 count)
{
	while (fdt_reader_next(&r) == FDT_PROPERTY) {
		u32 n = 0;

		if (strcmp(r.name, name) != 0 || !fdt_is_string(r.data, r.len)) {
			continue;
		}
		for (u32 i = 0; i < r.len; i++) {
			n += r.data[i] == 0;
		}
		if (n == count) {
			fdt_writer_bytes(w, name, r.data, r.len);
		}
	}
}

/* What is different in the guest. */
static __noinline void own_properties(struct pass_fdt *f, const struct kept *k, const struct cfg_pass *p,
				      const struct fdt_reader *r)
{
	u32 cells[3 * BOARD_DEVICE_IRQS], n = 0; /* no more ranges than 16, nor clocks */

	for (u32 i = 0; i < MIN(p->range_count, 16u); i++) {
		const struct pass_range *x = &p->range[i];

		cells[n++] = (u32)((x->ipa + x->skip) >> 32);
		cells[n++] = (u32)(x->ipa + x->skip);
		cells[n++] = (u32)(x->len >> 32);
		cells[n++] = (u32)x->len;
	}
	fdt_writer_u32s(f->w, "reg", cells, n);
	n = 0;
	for (u32 i = 0; i < MIN(p->irq_count, (u32)BOARD_DEVICE_IRQS); i++) {
		cells[n++] = 0; /* SPI */
		cells[n++] = p->irq[i].guest - 32;
		cells[n++] = p->irq[i].flags;
	}
	if (n != 0) {
		fdt_writer_u32s(f->w, "interrupts", cells, n);
		copy_names(f->w, *r, "interrupt-names", p->irq_count);
	}
	n = 0;
	for (u32 i = 0; i < MIN(p->clock_count, 16u); i++) {
		if (k->controller != 0 && (p->clock_chip >> i & 1) != 0) {
			cells[n++] = k->controller;
			cells[n++] = p->clock_cells[i][0];
			cells[n++] = p->clock_cells[i][1];
		} else {
			cells[n++] = fixed_clock(f, p->clock_hz[i]);
		}
	}
	if (n != 0) {
		fdt_writer_u32s(f->w, "clocks", cells, n);
		copy_names(f->w, *r, "clock-names", p->clock_count);
	}
	if (k->controller != 0 && p->modules != NULL && !clock_empty(&p->modules[0])) {
		fdt_writer_u32(f->w, "power-domains", k->controller); /* which has the clocks of drivers that ask for none */
	}
	if (p->coherent) {
		fdt_writer_bytes(f->w, "dma-coherent", NULL, 0);
	}
}

/* "/soc/serial@9000000": the name behind the last '/', without its address. */
static u32 base_name(const struct cfg_pass *p, const char **name)
{
	const char *at = p->what;
	u32 n = 0;

	for (const char *s = p->what; *s != '\0'; s++) {
		at = *s == '/' ? s + 1 : at;
	}
	while (at[n] != '\0' && at[n] != '@' && n < 32) {
		n++;
	}
	*name = at;
	return n;
}

static void node_name(const struct cfg_pass *p, char *buf, size_t size)
{
	const char *name;
	u32 n = base_name(p, &name);

	if (p->range_count != 0) {
		fmt_str(buf, size, "%.*s@%lx", (int)n, name, p->range[0].ipa + p->range[0].skip);
	} else {
		fmt_str(buf, size, "%.*s", (int)n, name);
	}
}

/* Properties of the open node and, up to a depth, its subnodes. */
static void copy_node(struct pass_fdt *f, const struct kept *k, struct fdt_reader *r)
{
	u32 start = r->at, written = 0, depth = 0; /* open subnodes, and those of them that are written */
	enum fdt_item i;

	for (i = fdt_reader_next(r); i != FDT_BAD && i != FDT_DONE; i = fdt_reader_next(r)) {
		if (i == FDT_PROPERTY && written == depth) {
			copy_property(f, k, r, start, depth == 0);
		} else if (i == FDT_NODE) {
			if (written == depth && depth < DEPTH_MAX) {
				fdt_writer_begin(f->w, r->name);
				written++;
			}
			depth++;
			start = r->at;
		} else if (i == FDT_NODE_CLOSE) {
			if (depth == 0) {
				return;
			}
			if (written == depth) {
				fdt_writer_end(f->w);
				written--;
			}
			depth--;
		}
	}
}

static bool is_serial(const struct cfg_pass *p)
{
	static const char *const names[] = { "serial", "uart", "pl011" };
	const char *name;
	u32 n = base_name(p, &name);

	for (u32 i = 0; i < ARRAY_SIZE(names); i++) {
		if (n == strlen(names[i]) && strncmp(name, names[i], n) == 0) {
			return true;
		}
	}
	return false;
}

u32 pass_fdt_aliases(struct fdt_writer *w, const struct guest_fdt *g, u32 first)
{
	char name[NAME_MAX], path[NAME_MAX + 8], alias[16];
	u32 n = first;

	for (const struct cfg_pass *p = g->cfg->pass; p != NULL; p = p->next) {
		struct fdt_reader r;

		if (!open_node(g, p, &r) || !is_serial(p)) {
			continue;
		}
		if (n == 0) {
			fdt_writer_begin(w, "aliases");
		}
		node_name(p, name, sizeof(name));
		fmt_str(path, sizeof(path), "/" BUS "/%s", name);
		fmt_str(alias, sizeof(alias), "serial%u", n++);
		fdt_writer_str(w, alias, path);
	}
	return n - first;
}

size_t pass_fdt_bound(const struct guest_fdt *g)
{
	size_t n = 0;

	for (const struct cfg_pass *p = g->cfg->pass; p != NULL; p = p->next) {
		struct fdt_reader r;
		enum fdt_item i;

		if (!open_node(g, p, &r)) {
			continue;
		}
		n += KiB(1);
		for (i = fdt_reader_next(&r); i != FDT_BAD && i != FDT_DONE && r.depth != 0; i = fdt_reader_next(&r)) {
			n += i == FDT_PROPERTY ? 16 + r.len + strlen(r.name) : i == FDT_NODE ? 16 + r.name_len : 0;
			n += i == FDT_PROPERTY && str_ends(r.name, "-supply") ? PASS_SUPPLY_SIZE : 0;
		}
	}
	return n;
}

void pass_fdt_nodes(struct fdt_writer *w, const struct guest_fdt *g, u32 clock_24m)
{
	struct pass_fdt f = { .g = g, .w = w, .clock_24m = clock_24m };
	char name[NAME_MAX];
	bool any = false;
	struct kept k;

	collect(g, &k);
	find_controller(g, w, &k);
	for (const struct cfg_pass *p = g->cfg->pass; p != NULL; p = p->next) {
		struct fdt_reader r;

		if (!open_node(g, p, &r)) {
			continue;
		}
		if (!any) {
			fdt_writer_begin(w, BUS);
			fdt_writer_str(w, "compatible", "simple-bus");
			fdt_writer_u32(w, "#address-cells", 2);
			fdt_writer_u32(w, "#size-cells", 2);
			fdt_writer_bytes(w, "ranges", NULL, 0);
			any = true;
		}
		node_name(p, name, sizeof(name));
		fdt_writer_begin(w, name);
		own_properties(&f, &k, p, &r);
		copy_node(&f, &k, &r);
		fdt_writer_end(w);
	}
	if (any) {
		fdt_writer_end(w);
	}
	clock_nodes(&f);
	pass_supply_nodes(&f);
}
