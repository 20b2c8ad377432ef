/* SPDX-License-Identifier: Apache-2.0 */
/* The board once its tree has been walked: completion, and questions about it. */
#include "core/board.h"

#include <errno.h>
#include <string.h>
#include "core/board_parse.h"
#include "core/board_soc.h"

int board_reserve(struct board *b, pa_t start, u64 size, enum board_reserve_kind kind)
{
	if (!range_valid(start, size)) {
		return -EINVAL;
	}
	if (b->reserved_count == BOARD_MAX_RESERVED) {
		return -ENOSPC;
	}
	b->reserved[b->reserved_count].start = start;
	b->reserved[b->reserved_count].size = size;
	b->reserved[b->reserved_count++].kind = kind;
	return 0;
}

struct board_irq board_irq_of(const u8 *cells)
{
	static const u32 base[] = { 32, 16, 4096, 1056 }; /* SPI, PPI, extended SPI and PPI */
	static const u32 count[] = { 988, 16, 1024, 64 };
	u32 type = fdt_be32(cells), number = fdt_be32(cells + 4);
	struct board_irq irq = { 0, 0 };

	if (type < ARRAY_SIZE(base) && number < count[type]) {
		irq.intid = base[type] + number;
		irq.flags = fdt_be32(cells + 8) & 0xf;
	}
	return irq;
}

/* Interrupt `i` of a node; {0, 0} if it has none or not at the GIC. */
struct board_irq board_irq_at(const struct board_gic *g, const struct board_raw_irq *raw, u32 i)
{
	u32 cells = g->cells + raw->extended, step = 4 * cells;
	const u8 *e;

	if (g->cells < 3 || raw->len / step <= i) { /* 0: there is no GIC */
		return (struct board_irq){ 0, 0 };
	}
	e = raw->data + i * step;
	if (raw->extended) {
		return fdt_be32(e) == g->phandle ? board_irq_of(e + 4) : (struct board_irq){ 0, 0 };
	}
	if (raw->parent != 0 && g->phandle != 0 && raw->parent != g->phandle) {
		return (struct board_irq){ 0, 0 };
	}
	return board_irq_of(e);
}

static bool is_ppi(u32 intid)
{
	return intid >= 16 && intid < 32;
}

/* The timer binding's order is fixed; without a usable node the PPIs every Arm server uses. */
static void finish_timer(struct board_parser *p)
{
	struct board_timer *t = &p->b->timer;
	struct {
		struct board_irq *irq;
		u32 usual;
	} const line[] = {
		{ &t->secure, 29 }, { &t->phys, 30 }, { &t->virt, 27 }, { &t->hyp, 26 },
	};
	bool good = true;
	char path[BOARD_PATH_MAX];
	u32 i;

	for (i = 0; i < ARRAY_SIZE(line); i++) {
		*line[i].irq = board_irq_at(&p->b->gic, &p->timer, i);
	}
	t->hyp_virt = board_irq_at(&p->b->gic, &p->timer, 4);
	for (i = 2; i < ARRAY_SIZE(line); i++) {
		good &= is_ppi(line[i].irq->intid) && line[i].irq->intid != line[(i + 1) % 4].irq->intid;
	}
	if (good) {
		return;
	}
	if (p->timer_node == 0) {
		board_warn(p, "no usable arm,armv8-timer node: PPIs 13, 14, 11 and 10 are assumed");
	} else if (!board_parent_lost(p, &p->timer, p->timer_node)) {
		(void)board_search(p->b, &(struct board_want){ .node = p->timer_node }, path);
		board_warn(p, "%s: %s: expected four PPIs of the GIC; 13, 14, 11 and 10 are assumed", path,
			   p->timer.data == NULL ? "no interrupts" : "unusable interrupts");
	}
	for (i = 0; i < ARRAY_SIZE(line); i++) {
		line[i].irq->intid = line[i].usual;
		line[i].irq->flags = 8;
	}
}

const char *board_parser_alias(struct board_parser *p, const char *name, size_t len)
{
	struct fdt_reader r = p->aliases;

	if (!p->has_aliases) {
		return NULL;
	}
	while (fdt_reader_next(&r) == FDT_PROPERTY) {
		if (strncmp(r.name, name, len) == 0 && r.name[len] == '\0') {
			return fdt_is_string(r.data, r.len) ? (const char *)r.data : NULL;
		}
	}
	return NULL;
}

/* Devicetree Specification v0.4, 3.6: a path or an alias, then options behind ':'. */
static void finish_stdout(struct board_parser *p)
{
	const char *path = p->stdout_path, *end;
	size_t n, step;
	u64 hash = 0;
	u32 i;

	if (path == NULL) {
		return;
	}
	n = strcspn(path, ":");
	if (path[n] == ':') {
		p->b->stdout_options = path + n + 1;
	}
	if (path[0] != '/') {
		path = board_parser_alias(p, path, n);
		n = path == NULL ? 0 : strcspn(path, ":");
	}
	for (end = path == NULL ? NULL : path + n; path < end; path += step) {
		path += strspn(path, "/");
		step = strcspn(path, "/:");
		if (step != 0) {
			hash = board_path_step(hash, path, step);
		}
	}
	for (i = 0; hash != 0 && i < p->b->uart_count; i++) {
		if (p->uart_path[i] == hash) {
			p->b->stdout_uart = (int)i;
			return;
		}
	}
	board_warn(p, "/chosen: stdout-path '%.64s' names %s: expected an enabled UART", p->stdout_path,
		   hash == 0 || board_search(p->b, &(struct board_want){ .hash = hash }, NULL) == 0 ? "no node" :
		   "none, or one without registers");
}

static void finish_uarts(struct board_parser *p)
{
	struct board_uart *u;
	u32 i, k;

	for (k = 0; k < p->clock_count; k++) {
		if (p->clock[k].phandle == p->clock_input) {
			p->b->clock.input_hz = p->clock[k].hz;
		}
	}
	for (i = 0; i < p->b->uart_count; i++) {
		u = &p->b->uart[i];
		u->irq = board_irq_at(&p->b->gic, &p->uart_irq[i], 0);
		for (k = 0; u->clock_hz == 0 && k < p->clock_count; k++) {
			if (p->clock[k].phandle == p->uart_clock[i]) {
				u->clock_hz = p->clock[k].hz;
			}
		}
	}
}

/* Ascending and disjoint: neighbours become one, so that a VM may span two banks' seam. */
static void finish_ram(struct board *b)
{
	struct range x, *last;
	u32 i, k, n = 0;
	u64 end;

	for (i = 1; i < b->ram_count; i++) {
		x = b->ram[i];
		for (k = i; k > 0 && b->ram[k - 1].start > x.start; k--) {
			b->ram[k] = b->ram[k - 1];
		}
		b->ram[k] = x;
	}
	for (i = 0; i < b->ram_count; i++) {
		x = b->ram[i];
		last = n > 0 ? &b->ram[n - 1] : NULL;
		if (last != NULL && x.start - last->start <= last->size) {
			end = MAX(last->start + (last->size - 1), x.start + (x.size - 1));
			last->size = end - last->start + 1;
		} else {
			b->ram[n++] = x;
		}
	}
	b->ram_count = n;
}

/* Wholly in RAM that may be read: what a loader calls a blob elsewhere would fault. */
static bool readable(const struct board *b, u64 start, u64 size)
{
	u32 i;

	for (i = 0; i < b->reserved_count; i++) {
		if (b->reserved[i].kind == RESERVED_NO_MAP &&
		    range_overlaps(start, size, b->reserved[i].start, b->reserved[i].size)) {
			return false;
		}
	}
	for (i = 0; i < b->ram_count; i++) {
		if (range_contains(b->ram[i].start, b->ram[i].size, start, size)) {
			return true;
		}
	}
	return false;
}

static void finish_modules(struct board_parser *p)
{
	struct board *b = p->b;
	u32 i, n = 0;

	for (i = 0; i < b->module_count; i++) {
		if (readable(b, b->module[i].start, b->module[i].size)) {
			b->module[n++] = b->module[i];
		} else {
			board_warn(p,
				   "boot module at 0x%lx, 0x%lx bytes, lies outside RAM, ignored",
				   b->module[i].start, b->module[i].size);
		}
	}
	b->module_count = n;
}

void board_finish(struct board_parser *p)
{
	struct board *b = p->b;

	finish_ram(b);
	board_check_uarts(p);
	finish_uarts(p);
	finish_stdout(p);
	if (b->gic.version == 0) {
		board_fail(p,
			   "no interrupt controller: expected arm,gic-v3, or arm,gic-400 with GICH and GICV");
	} else if (b->cpu_count == 0) {
		board_fail(p, "/cpus: no usable CPU: expected nodes with device_type \"cpu\" and a reg");
	}
	board_check(p);
	if (p->failed) {
		return;
	}
	if (board_soc_apply(b) != NULL) {
		board_fail(p, "more than %d reserved memory ranges", BOARD_MAX_RESERVED);
		return;
	}
	finish_modules(p);
	b->gic.maintenance = board_irq_at(&b->gic, &p->maintenance, 0);
	if (!is_ppi(b->gic.maintenance.intid)) {
		b->gic.maintenance.intid = 25;
		b->gic.maintenance.flags = 4;
	}
	b->pmu = board_irq_at(&b->gic, &p->pmu, 0);
	if (b->pmu.intid >= 32) {
		b->pmu.intid = 0;
	}
	for (u32 i = 0; i < b->virtio_count; i++) {
		b->virtio[i].irq = board_irq_at(&b->gic, &p->virtio_irq[i], 0);
	}
	board_finish_iommus(p);
	finish_timer(p);
	if (b->ram_count == 0) {
		board_fail(p, "no RAM: expected a memory node with a reg"); /* last: firmware adds it, all else is known */
	}
}

const struct board_uart *board_console(const struct board *b,
				       bool (*known)(const struct board_uart *u))
{
	u32 i;

	if (b->stdout_uart >= 0 && known(&b->uart[b->stdout_uart])) {
		return &b->uart[b->stdout_uart];
	}
	for (i = 0; i < b->uart_count; i++) {
		if (known(&b->uart[i])) {
			return &b->uart[i];
		}
	}
	return NULL;
}

bool board_uart_is(const struct board_uart *u, const char *compatible)
{
	return fdt_has_string((const u8 *)u->compatible, u->compatible_len, compatible);
}

const struct board_module *board_module_find(const struct board *b, bool by_addr, u64 key)
{
	u32 i;

	for (i = 0; i < b->module_count; i++) {
		if (by_addr ? b->module[i].start == key : i == key) {
			return &b->module[i];
		}
	}
	return NULL;
}
