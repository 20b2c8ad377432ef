/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Device nodes of the board's tree, looked at when somebody asks for them: nothing of it is in the way of a
 * cold boot. One walk notes phandles (clocks, IOMMU cells); a second one the nodes.
 */
#include "core/board.h"

#include <errno.h>
#include <string.h>
#include "core/board_parse.h"
#include "core/clock/clock.h"
#include "arch/arch.h"

#define MAX_PROVIDERS 64

/* State of the walk: one at a time, see core/board.h. */
static struct {
	const struct board *b;
	u32 provider_count;
	struct {
		u32 phandle, cells, hz;
	} provider[MAX_PROVIDERS]; /* of clocks */
	struct board_device dev;
	bool (*each)(const struct board_device *d, void *ctx);
	void (*stream)(const struct pass_stream *s, void *ctx);
	void *ctx;
	/* What board_device_find() and board_named_range() look for. */
	const char *path;
	struct board_device *out;
	struct range *range;
	bool reserved, found;
} walk;

/*
 * Kinds of devices without a bus master port of their own (their manuals): a DMA controller beside them may serve
 * some, but is another node. What is not listed may do DMA.
 */
static const char *const no_dma[] = {
	"arm,pl010", "arm,pl011", "arm,pl031", "arm,pl061", "arm,pl050", "arm,pl022", "arm,sp804", "arm,sp805",
	"arm,sbsa-uart", "arm,sbsa-gwdt", "arm,armv7-timer-mem", "arm,pl030", "arm,sp810",
	"ns8250", "ns16450", "ns16550", "ns16550a", "snps,dw-apb-uart", "brcm,bcm2835-aux-uart",
	"snps,designware-i2c", "snps,dw-apb-gpio", "snps,dw-wdt", "snps,dw-apb-timer",
	"cdns,uart-r1p8", "cdns,uart-r1p12", "xlnx,xuartps", "xlnx,zynqmp-uart", "cdns,ttc", "cdns,wdt-r1p2",
	"cdns,i2c-r1p14", "cdns,i2c-r1p10", "cdns,spi-r1p6", "xlnx,zynqmp-gpio-1.0", "xlnx,versal-gpio-1.0",
	"xlnx,pmc-gpio-1.0", "xlnx,zynqmp-rtc", "xlnx,versal-wwdt", "xlnx,zynqmp-can-1.0", "xlnx,canfd-2.0",
	"renesas,rcar-gen3-scif", "renesas,scif", "renesas,rcar-gen3-hscif", "renesas,hscif",
	"renesas,rcar-gen3-gpio", "renesas,rcar-gen3-i2c", "renesas,rcar-gen3-wdt", "renesas,rcar-gen3-thermal",
	"renesas,tmu", "renesas,rcar-gen3-cmt0", "renesas,rcar-gen3-cmt1", "renesas,rcar-gen3-msiof",
	"renesas,pwm-rcar",
	"brcm,bcm2835-gpio", "brcm,bcm2711-gpio", "brcm,bcm2835-i2c", "brcm,bcm2835-spi", "brcm,bcm2835-rng",
	"brcm,bcm2711-rng200", "brcm,bcm2835-pm-wdt", "brcm,bcm2835-pwm", "brcm,bcm2835-system-timer",
	"fsl,imx8mp-uart", "fsl,imx6q-uart", "fsl,imx35-gpio", "fsl,imx21-i2c", "fsl,imx21-wdt", "fsl,imx51-ecspi",
	"fsl,imx27-pwm", "google,goldfish-rtc", "cfi-flash", "jedec-flash", "mmio-sram",
};

/* Streams of the current node, one after the other; *other: why some are behind nothing that is driven. */
static void each_stream(const struct board_parser *p, void (*each)(const struct pass_stream *s, void *ctx), void *ctx,
			const char **other)
{
	const u8 *e = p->prop[PROP_IOMMUS].data;
	u32 left = board_has(p, PROP_IOMMUS) ? p->prop[PROP_IOMMUS].len / 4 : 0;
	struct board_pci bridge = { 0 };
	struct pass_stream s;

	while (left != 0) {
		const struct board_iommu *m = NULL;
		u32 i;

		for (i = 0; i < walk.b->iommu_count && m == NULL; i++) {
			if (walk.b->iommu[i].phandle == fdt_be32(e)) {
				m = &walk.b->iommu[i];
			}
		}
		if (m == NULL || m->kind == IOMMU_OTHER || left < 1 + m->cells) {
			*other = m != NULL && m->reason != NULL ? m->reason : "of a kind that is not driven";
			if (m == NULL || left < 1 + m->cells) {
				return;
			}
		} else {
			s = (struct pass_stream){ (u8)(i - 1), fdt_be32(e + 4) };
			each(&s, ctx);
		}
		left -= 1 + m->cells;
		e += 4 * (1 + m->cells);
	}
	/* A bridge that is passed with all that is behind it, if that is one stream. */
	if (board_has(p, PROP_IOMMU_MAP)) {
		bridge.iommu_map = p->prop[PROP_IOMMU_MAP].data;
		bridge.iommu_map_len = p->prop[PROP_IOMMU_MAP].len;
		if (board_prop_u32(p, PROP_IOMMU_MAP_MASK, ~0U) != 0) {
			*other = "one with many streams for what is behind this bridge";
		} else if (board_pci_stream(walk.b, &bridge, 0, &s) && walk.b->iommu[s.iommu].kind != IOMMU_OTHER) {
			each(&s, ctx);
		} else {
			*other = "of a kind that is not driven";
		}
	}
}

static void note_stream(const struct pass_stream *s, void *ctx)
{
	struct board_device *d = ctx;

	if (d->stream_count == BOARD_DEVICE_STREAMS) {
		d->partial = true;
	} else {
		d->stream[d->stream_count++] = *s;
	}
}

/* Entry of `clocks` of the chip's controller: the module it gates, its rate. */
static u32 chip_clock(struct board_device *d, const u32 *cells)
{
	const struct board_clock *c = &walk.b->clock;

	clock_add(&d->clocks, c->ops->module(cells, 2, false));
	if (d->clock_count < BOARD_DEVICE_CLOCKS) {
		d->clock_chip |= (u8)(1U << d->clock_count);
		d->clock_cells[d->clock_count][0] = cells[0];
		d->clock_cells[d->clock_count][1] = cells[1];
	}
	return c->ops->rate(c->compatible, cells, 2, c->input_hz);
}

static void note_resets(const struct board_parser *p, struct board_device *d)
{
	const struct board_clock *c = &walk.b->clock;
	const u8 *e = p->prop[PROP_RESETS].data;
	u32 n = board_has(p, PROP_RESETS) && c->ops != NULL ? p->prop[PROP_RESETS].len / 8 : 0;

	for (; n != 0 && fdt_be32(e) == c->phandle; n--, e += 8) { /* others have cells nobody counts */
		u32 cell = fdt_be32(e + 4);

		clock_add(&d->resets, c->ops->module(&cell, 1, true));
	}
}

static void note_clocks(const struct board_parser *p, struct board_device *d)
{
	const u8 *e = p->prop[PROP_CLOCKS].data;
	u32 left = board_has(p, PROP_CLOCKS) ? p->prop[PROP_CLOCKS].len / 4 : 0;

	while (left != 0) {
		u32 cells = ~0U, hz = 0;

		for (u32 i = 0; i < walk.provider_count; i++) {
			if (walk.provider[i].phandle == fdt_be32(e)) {
				cells = walk.provider[i].cells;
				hz = walk.provider[i].hz;
			}
		}
		if (walk.b->clock.ops != NULL && fdt_be32(e) == walk.b->clock.phandle && cells == 2 && left > 2) {
			hz = chip_clock(d, (u32[2]){ fdt_be32(e + 4), fdt_be32(e + 8) });
		}
		if (d->clock_count < BOARD_DEVICE_CLOCKS) {
			d->clock_hz[d->clock_count++] = hz;
		}
		if (left - 1 < cells) {
			return; /* whose cells nobody knows: the rest cannot be told apart */
		}
		left -= 1 + cells;
		e += 4 * (1 + cells);
	}
}

/* All that is known of the current node, but its path. */
static void note_device(struct board_parser *p, struct board_device *d)
{
	const struct board_frame *f = &p->frame[p->depth - 1];
	struct board_raw_irq raw = { 0 };
	struct range x;
	u32 cells;

	memset(d, 0, sizeof(*d));
	d->compatible = board_prop_string(p, PROP_COMPATIBLE);
	d->compatible_len = d->compatible != NULL ? p->prop[PROP_COMPATIBLE].len : 0;
	d->node = f->node;
	d->phandle = board_phandle(p);
	d->enabled = f->enabled;
	d->coherent = f->coherent;
	while (board_reg(p, d->reg_count, &x)) {
		if (d->reg_count == BOARD_DEVICE_REGS) {
			d->partial = true;
			break;
		}
		d->reg[d->reg_count++] = x;
	}
	board_raw_irq_of(p, &raw);
	cells = walk.b->gic.cells + raw.extended;
	for (u32 n = walk.b->gic.cells != 0 ? raw.len / (4 * cells) : 0; d->irq_count < n; d->irq_count++) {
		if (d->irq_count == BOARD_DEVICE_IRQS) {
			d->partial = true;
			break;
		}
		d->irq[d->irq_count] = board_irq_at(&walk.b->gic, &raw, d->irq_count);
	}
	each_stream(p, note_stream, d, &d->other_iommu);
	note_clocks(p, d);
	note_resets(p, d);
	for (u32 i = 0; d->compatible != NULL && i < ARRAY_SIZE(no_dma); i++) {
		if (fdt_has_string((const u8 *)d->compatible, d->compatible_len, no_dma[i])) {
			d->dma = DMA_NEVER;
		}
	}
	if (board_has(p, PROP_IOMMUS) || board_has(p, PROP_IOMMU_MAP)) {
		d->dma = DMA_MAYBE;
	}
}

static void note_path(const struct board_parser *p, char *path)
{
	size_t n = 0;

	path[0] = '\0';
	for (u32 i = 1; i < p->depth; i++) {
		board_path_put(path, &n, p->frame[i].name);
	}
	for (char *c = path; *c != '\0'; c++) {
		*c = *c < ' ' || *c > '~' ? '?' : *c; /* names of a damaged tree do not steer a terminal */
	}
}

/* The current node is below /cpus, /memory, /reserved-memory or /chosen: no device. */
static bool no_device(const struct board_parser *p)
{
	static const char *const tops[] = { "cpus", "chosen", "reserved-memory", "aliases" };
	const char *top = p->frame[MIN(p->depth, 2U) - 1].name, *type = board_prop_string(p, PROP_DEVICE_TYPE);

	for (u32 i = 0; i < ARRAY_SIZE(tops); i++) {
		if (strcmp(top, tops[i]) == 0) {
			return true;
		}
	}
	return p->depth < 2 || strncmp(top, "memory@", 7) == 0 || (type != NULL && strcmp(type, "memory") == 0);
}

static bool visit_provider(struct board_parser *p)
{
	if (board_has(p, PROP_CLOCK_CELLS) && walk.provider_count < MAX_PROVIDERS && board_phandle(p) != 0) {
		u32 cells = MIN(board_prop_u32(p, PROP_CLOCK_CELLS, 0), 64U);

		walk.provider[walk.provider_count].phandle = board_phandle(p);
		walk.provider[walk.provider_count].cells = cells;
		walk.provider[walk.provider_count++].hz =
			board_compatible(p, "fixed-clock") ? board_prop_u32(p, PROP_CLOCK_FREQUENCY, 0) : 0;
	}
	return true;
}

static int begin(const struct board *b)
{
	memset(&walk, 0, sizeof(walk));
	walk.b = b;
	return board_walk(b, visit_provider);
}

static bool visit_each(struct board_parser *p)
{
	struct range x;

	if (no_device(p) || !board_reg(p, 0, &x)) {
		return true;
	}
	note_device(p, &walk.dev);
	note_path(p, walk.dev.path);
	return walk.each(&walk.dev, walk.ctx);
}

int board_device_walk(const struct board *b, bool (*each)(const struct board_device *d, void *ctx), void *ctx)
{
	int err = begin(b);

	walk.each = each;
	walk.ctx = ctx;
	return err != 0 ? err : board_walk(b, visit_each);
}

static bool visit_streams(struct board_parser *p)
{
	const char *other;

	each_stream(p, walk.stream, walk.ctx, &other);
	return true;
}

int board_stream_walk(const struct board *b, void (*each)(const struct pass_stream *s, void *ctx), void *ctx)
{
	memset(&walk, 0, sizeof(walk));
	walk.b = b;
	walk.stream = each;
	walk.ctx = ctx;
	return board_walk(b, visit_streams);
}

/* The current node's path is walk.path; a name there without a unit address fits any. */
static bool is_path(const struct board_parser *p)
{
	const char *s = walk.path;

	for (u32 i = 1; i < p->depth; i++) {
		const char *name = p->frame[i].name;
		size_t n;

		if (*s++ != '/') {
			return false;
		}
		n = strcspn(s, "/");
		if (strncmp(name, s, n) != 0 || (name[n] != '\0' && (name[n] != '@' || memchr(s, '@', n) != NULL))) {
			return false;
		}
		s += n;
	}
	return s[strspn(s, "/")] == '\0';
}

static bool visit_path(struct board_parser *p)
{
	if (p->depth >= 2 && is_path(p)) {
		note_device(p, walk.out);
		note_path(p, walk.out->path);
		walk.found = true;
		return false;
	}
	return true;
}

int board_device_find(const struct board *b, const char *path, struct board_device *out)
{
	int err = begin(b);
	const char *s = path;

	if (err == 0 && s[0] != '/') {
		s = board_alias(b, s);
	}
	if (err != 0 || s == NULL) {
		return err != 0 ? err : -ENOENT;
	}
	walk.path = s;
	walk.out = out;
	err = board_walk(b, visit_path);
	return err != 0 ? err : walk.found ? 0 : -ENOENT;
}

static bool visit_name(struct board_parser *p)
{
	const char *name = p->depth >= 2 ? p->frame[p->depth - 1].name : "";
	size_t n = strlen(walk.path);
	bool reserved = p->depth == 3 && strcmp(p->frame[1].name, "reserved-memory") == 0;

	if (strncmp(name, walk.path, n) != 0 || (name[n] != '\0' && name[n] != '@') || n == 0 ||
	    (walk.found && !reserved) || (!reserved && no_device(p)) || !board_reg(p, 0, walk.range)) {
		return true;
	}
	walk.found = true;
	walk.reserved = reserved;
	return !reserved;
}

int board_named_range(const struct board *b, const char *name, struct range *out, bool *reserved)
{
	int err = begin(b);

	walk.path = name;
	walk.range = out;
	err = err != 0 ? err : board_walk(b, visit_name);
	*reserved = walk.reserved;
	return err != 0 ? err : walk.found ? 0 : -ENOENT;
}

int board_node_open(const struct board *b, u32 node, struct fdt_reader *r)
{
	if (b->fdt == NULL || node == 0 || fdt_reader_open(r, b->fdt, ~0UL) != 0 || node < r->struct_start ||
	    node >= r->struct_end) {
		return -EINVAL;
	}
	r->at = node;
	r->depth = 1;
	return 0;
}

int board_phandle_open(const struct board *b, u32 phandle, struct fdt_reader *r)
{
	u32 start[FDT_READER_DEPTH];
	enum fdt_item i;

	if (b->fdt == NULL || fdt_reader_open(r, b->fdt, ~0UL) != 0) {
		return -ENOENT;
	}
	while ((i = fdt_reader_next(r)) != FDT_BAD && i != FDT_DONE) {
		if (i == FDT_NODE) {
			start[r->depth - 1] = r->at;
		} else if (i == FDT_PROPERTY && r->len == 4 && fdt_be32(r->data) == phandle &&
			   (strcmp(r->name, "phandle") == 0 || strcmp(r->name, "linux,phandle") == 0)) {
			return board_node_open(b, start[r->depth - 1], r) != 0 ? -ENOENT : 0;
		}
	}
	return -ENOENT;
}
