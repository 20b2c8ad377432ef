/* SPDX-License-Identifier: Apache-2.0 */
/* The walk over the firmware's tree: properties, frames, address translation. */
#include "core/board_parse.h"

#include <errno.h>
#include <string.h>
#include "core/base/fmt.h"

/* Grouped by first letter; each group starts where bucket[] says. */
static const struct {
	const char *name;
	enum board_prop id;
} prop_names[] = {
	{ "#address-cells", PROP_ADDRESS_CELLS },
	{ "#clock-cells", PROP_CLOCK_CELLS },
	{ "#interrupt-cells", PROP_INTERRUPT_CELLS },
	{ "#iommu-cells", PROP_IOMMU_CELLS },
	{ "#redistributor-regions", PROP_REDIST_REGIONS },
	{ "#size-cells", PROP_SIZE_CELLS },
	{ "arm,msi-base-spi", PROP_MSI_BASE_SPI },
	{ "arm,msi-num-spis", PROP_MSI_NUM_SPIS },
	{ "bootargs", PROP_BOOTARGS },
	{ "bus-range", PROP_BUS_RANGE },
	{ "clock-frequency", PROP_CLOCK_FREQUENCY },
	{ "clocks", PROP_CLOCKS },
	{ "compatible", PROP_COMPATIBLE },
	{ "cpu-release-addr", PROP_CPU_RELEASE_ADDR },
	{ "device_type", PROP_DEVICE_TYPE },
	{ "dma-coherent", PROP_DMA_COHERENT },
	{ "enable-method", PROP_ENABLE_METHOD },
	{ "interrupt-map", PROP_INTERRUPT_MAP },
	{ "interrupt-map-mask", PROP_INTERRUPT_MAP_MASK },
	{ "interrupt-names", PROP_INTERRUPT_NAMES },
	{ "interrupt-parent", PROP_INTERRUPT_PARENT },
	{ "interrupts", PROP_INTERRUPTS },
	{ "interrupts-extended", PROP_INTERRUPTS_EXTENDED },
	{ "iommu-map", PROP_IOMMU_MAP },
	{ "iommu-map-mask", PROP_IOMMU_MAP_MASK },
	{ "iommus", PROP_IOMMUS },
	{ "kaslr-seed", PROP_KASLR_SEED },
	{ "linux,initrd-start", PROP_INITRD_START },
	{ "linux,initrd-end", PROP_INITRD_END },
	{ "linux,phandle", PROP_LINUX_PHANDLE },
	{ "linux,stdout-path", PROP_LINUX_STDOUT_PATH },
	{ "method", PROP_METHOD },
	{ "model", PROP_MODEL },
	{ "msi-map", PROP_MSI_MAP },
	{ "msi-map-mask", PROP_MSI_MAP_MASK },
	{ "msi-parent", PROP_MSI_PARENT },
	{ "no-map", PROP_NO_MAP },
	{ "phandle", PROP_PHANDLE },
	{ "power-domains", PROP_POWER_DOMAINS },
	{ "ranges", PROP_RANGES },
	{ "redistributor-stride", PROP_REDIST_STRIDE },
	{ "reg", PROP_REG },
	{ "reg-io-width", PROP_REG_IO_WIDTH },
	{ "reg-shift", PROP_REG_SHIFT },
	{ "renesas,ipmmu-main", PROP_RENESAS_IPMMU_MAIN },
	{ "resets", PROP_RESETS },
	{ "rng-seed", PROP_RNG_SEED },
	{ "status", PROP_STATUS },
	{ "stdout-path", PROP_STDOUT_PATH },
};

static struct board_parser parser;

static void __printf(3, 0) report(struct board_parser *p, enum diag_kind kind, const char *fmt,
				  va_list ap)
{
	static const struct src_pos pos = { .file = "device tree" };
	char text[280], *c;
	size_t n = 0;

	/* Of the node that is being judged its path comes first. */
	for (u32 i = 1; i < p->depth; i++) {
		board_path_put(text, &n, p->frame[i].name);
	}
	if (p->depth != 0) {
		n += fmt_str(text + n, sizeof(text) - n, "%s: ", n == 0 ? "/" : "");
	}
	fmt_vstr(text + n, sizeof(text) - n, fmt, ap);
	for (c = text; *c != '\0'; c++) {
		if (*c < ' ' || *c > '~') {
			*c = '?'; /* names of a damaged tree do not steer a terminal */
		}
	}
	diag_report(p->d, kind, &pos, "%s", text);
}

void board_fail(struct board_parser *p, const char *fmt, ...)
{
	va_list ap;

	if (p->failed) {
		return;
	}
	p->failed = true;
	va_start(ap, fmt);
	report(p, DIAG_ERROR, fmt, ap);
	va_end(ap);
}

void board_warn(struct board_parser *p, const char *fmt, ...)
{
	va_list ap;

	if (p->failed) {
		return; /* of a tree that is refused one thing is said: why */
	}
	va_start(ap, fmt);
	report(p, DIAG_WARNING, fmt, ap);
	va_end(ap);
}

u32 board_prop_u32(const struct board_parser *p, enum board_prop id, u32 otherwise)
{
	return board_has(p, id) && p->prop[id].len >= 4 ? fdt_be32(p->prop[id].data) : otherwise;
}

u64 board_prop_number(const struct board_parser *p, enum board_prop id)
{
	if (!board_has(p, id) || p->prop[id].len < 4) {
		return 0;
	}
	return fdt_cells(p->prop[id].data, p->prop[id].len < 8 ? 1 : 2);
}

const char *board_prop_string(const struct board_parser *p, enum board_prop id)
{
	if (!board_has(p, id) || !fdt_is_string(p->prop[id].data, p->prop[id].len)) {
		return NULL;
	}
	return (const char *)p->prop[id].data;
}

bool board_compatible(const struct board_parser *p, const char *s)
{
	return board_has(p, PROP_COMPATIBLE) &&
	       fdt_has_string(p->prop[PROP_COMPATIBLE].data, p->prop[PROP_COMPATIBLE].len, s);
}

/* One step up: from the address space below `f` to the one `f` lies in. */
static bool translate(const struct board_frame *f, u32 parent_cells, struct range *x)
{
	u32 step = 4 * (f->acells + parent_cells + f->scells), at;
	u64 child, size;
	const u8 *e;

	if (f->ranges == NULL) {
		return false;
	}
	if (f->ranges_len == 0) {
		return true;
	}
	if (f->acells > 2 || f->scells > 2 || parent_cells > 2 || step == 0) {
		return false; /* PCI and the like: nothing the monitor drives lies behind one */
	}
	for (at = 0; f->ranges_len - at >= step; at += step) {
		e = f->ranges + at;
		child = fdt_cells(e, f->acells);
		size = fdt_cells(e + 4 * (f->acells + parent_cells), f->scells);
		if (size != 0 && range_contains(child, size, x->start, x->size)) {
			x->start = x->start - child + fdt_cells(e + 4 * f->acells, parent_cells);
			return range_valid(x->start, x->size);
		}
	}
	return false;
}

bool board_up(const struct board_parser *p, struct range *x)
{
	for (u32 up = p->depth - 2; up > 0; up--) {
		if (!translate(&p->frame[up], p->frame[up - 1].acells, x)) {
			return false;
		}
	}
	return true;
}

bool board_reg(const struct board_parser *p, u32 i, struct range *out)
{
	const struct board_frame *bus;
	u32 step;
	const u8 *e;

	if (p->depth < 2 || !board_has(p, PROP_REG)) {
		return false;
	}
	bus = &p->frame[p->depth - 2];
	if (bus->acells - 1 > 1 || bus->scells - 1 > 1) {
		return false;
	}
	step = 4 * (bus->acells + bus->scells);
	if (p->prop[PROP_REG].len / step <= i) {
		return false;
	}
	e = p->prop[PROP_REG].data + i * step;
	out->start = fdt_cells(e, bus->acells);
	out->size = fdt_cells(e + 4 * bus->acells, bus->scells);
	return range_valid(out->start, out->size) && board_up(p, out);
}

u64 board_path_step(u64 hash, const char *name, size_t len)
{
	size_t i;

	hash = (hash ^ '/') * 0x100000001b3; /* FNV-1a, 64 bit */
	for (i = 0; i < len; i++) {
		hash = (hash ^ (u8)name[i]) * 0x100000001b3;
	}
	return hash;
}

static void note_property(struct board_parser *p)
{
	const char *name = p->r.name;
	u32 i;

	for (i = p->bucket[name[0] & 127]; i < ARRAY_SIZE(prop_names); i++) {
		if (prop_names[i].name[0] != name[0]) {
			return;
		}
		if (strcmp(prop_names[i].name, name) == 0) {
			p->prop[prop_names[i].id].data = p->r.data;
			p->prop[prop_names[i].id].len = p->r.len;
			p->have |= (u64)1 << prop_names[i].id;
			return;
		}
	}
}

/* A disabled node takes its subtree with it; "ok" is an old spelling. */
static bool enabled(const struct board_parser *p)
{
	const char *s = board_prop_string(p, PROP_STATUS);

	return s == NULL || strcmp(s, "okay") == 0 || strcmp(s, "ok") == 0;
}

static void judge(struct board_parser *p)
{
	struct board_frame *f = &p->frame[p->depth - 1];

	f->acells = board_prop_u32(p, PROP_ADDRESS_CELLS, 2);
	f->scells = board_prop_u32(p, PROP_SIZE_CELLS, 1);
	f->cells_given = board_has(p, PROP_ADDRESS_CELLS);
	if (board_has(p, PROP_RANGES)) {
		f->ranges = p->prop[PROP_RANGES].data;
		f->ranges_len = p->prop[PROP_RANGES].len;
	}
	if (f->acells > 4 || f->scells > 4 || (p->depth == 1 && (f->acells - 1 > 1 || f->scells - 1 > 1))) {
		board_fail(p, "#address-cells %u, #size-cells %u: expected %s", f->acells, f->scells,
			   p->depth == 1 ? "1 or 2" : "4 at most");
		f->acells = 2;
		f->scells = 1;
	}
	f->intr_parent = board_prop_u32(p, PROP_INTERRUPT_PARENT, f->intr_parent);
	f->enabled = f->enabled && enabled(p);
	f->coherent |= board_has(p, PROP_DMA_COHERENT);
	if (p->visit != NULL) {
		p->over = !p->visit(p);
		return;
	}
	board_note_phandle(p);
	if (f->enabled) {
		board_node(p);
	}
}

static void push(struct board_parser *p)
{
	struct board_frame *f = &p->frame[p->depth], *up = f - 1;

	memset(f, 0, sizeof(*f));
	f->name = p->r.name;
	f->node = p->r.at;
	f->enabled = true;
	if (p->depth > 0) {
		f->path_hash = board_path_step(up->path_hash, p->r.name, p->r.name_len);
		f->intr_parent = up->intr_parent;
		f->enabled = up->enabled;
		f->coherent = up->coherent;
	}
	if (p->depth == 1 && strcmp(f->name, "aliases") == 0) {
		p->aliases = p->r;
		p->has_aliases = true;
	}
	p->depth++;
	p->have = 0;
}

static void walk(struct board_parser *p)
{
	bool fresh = false; /* the current node has not been judged yet */

	while (!p->over) {
		switch (fdt_reader_next(&p->r)) {
		case FDT_NODE:
			if (fresh) {
				judge(p);
			}
			push(p);
			fresh = true;
			break;
		case FDT_PROPERTY: note_property(p); break;
		case FDT_NODE_CLOSE:
			if (fresh) {
				judge(p);
			}
			fresh = false;
			p->depth--;
			break;
		case FDT_DONE: return;
		case FDT_BAD:
			board_fail(p, "%s (at byte 0x%x)", p->r.error, p->r.error_at);
			p->depth = 0;
			return;
		}
	}
}

static void reservations(struct board_parser *p)
{
	u64 start, size;

	while (fdt_reader_reservation(&p->r, &start, &size)) {
		if (size != 0 && !range_valid(start, size)) {
			board_warn(p, "memory reservation 0x%lx,0x%lx: expected an end below 2^64; all behind it is kept",
				   start, size);
			size = 0 - start;
		}
		if (size != 0 && board_reserve(p->b, start, size, RESERVED_FIRMWARE) != 0) {
			board_fail(p, "more than %d memory reservations", BOARD_MAX_RESERVED);
			return;
		}
	}
	p->memreserves = p->b->reserved_count;
	p->b->fdt_size = fdt_reader_size(&p->r);
}

static int start(struct board_parser *p, const void *fdt, size_t max_size)
{
	memset(p->bucket, ARRAY_SIZE(prop_names), sizeof(p->bucket));
	for (u32 i = ARRAY_SIZE(prop_names); i-- > 0;) {
		p->bucket[prop_names[i].name[0] & 127] = (u8)i;
	}
	return fdt_reader_open(&p->r, fdt, max_size);
}

int board_parse(struct board *b, const void *fdt, size_t max_size, struct diag *d)
{
	struct board_parser *p = &parser;

	memset(b, 0, sizeof(*b));
	memset(p, 0, sizeof(*p));
	p->b = b;
	p->d = d;
	b->model = "";
	b->compatible = "";
	b->bootargs = "";
	b->stdout_options = "";
	b->stdout_uart = -1;
	b->fdt = fdt;
	if (start(p, fdt, max_size) != 0) {
		board_fail(p, "%s", p->r.error);
		return -EINVAL;
	}
	reservations(p);
	walk(p);
	board_finish(p);
	return p->failed ? -EINVAL : 0;
}

/* The tree has been found good once, and what is odd in it has been said. */
static void say_nothing(struct diag *d, enum diag_kind kind, const char *line)
{
	(void)d;
	(void)kind;
	(void)line;
}

int board_walk(const struct board *b, bool (*visit)(struct board_parser *p))
{
	static struct diag silent = { .emit = say_nothing };
	struct board_parser *p = &parser;

	memset(p, 0, sizeof(*p));
	p->d = &silent;
	p->visit = visit;
	/* Its total size may be far more than what is used and kept of it. */
	if (b->fdt == NULL || start(p, b->fdt, ~0UL) != 0) {
		return -EINVAL;
	}
	walk(p);
	return p->r.error != NULL ? -EINVAL : 0;
}

static bool visit_top(struct board_parser *p)
{
	return p->depth < 2 || !p->has_aliases;
}

const char *board_alias(const struct board *b, const char *name)
{
	return board_walk(b, visit_top) == 0 ? board_parser_alias(&parser, name, strlen(name)) : NULL;
}
