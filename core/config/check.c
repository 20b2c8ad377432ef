/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of one VM as a whole. */
#include "core/config/check.h"

#include <errno.h>
#include "core/base/fmt.h"
#include "core/config/check_parts.h"

/* Windows besides those of ram, rom, vdev and pass: two of the GIC, stolen time. */
#define OWN_WINDOWS 3
/* IPA bits without a board: what stage 2 can have at most with 4K pages (ARM ARM D8.2). */
#define IPA_BITS_MAX 48

void check_error(struct check *c, const struct src_pos *pos, const char *fmt, ...)
{
	char text[200];
	va_list ap;

	if (c->diag->errors - c->first_error >= CONFIG_MAX_ERRORS) {
		return;
	}
	va_start(ap, fmt);
	fmt_vstr(text, sizeof(text), fmt, ap);
	va_end(ap);
	diag_error(c->diag, pos, "%s", text);
}

void *check_alloc(struct check *c, size_t size)
{
	void *mem = arena_alloc(c->cfg->arena, size);

	if (mem == NULL && !c->full) {
		diag_error(c->diag, &c->cfg->pos, "configuration too large");
	}
	c->full |= mem == NULL;
	return mem;
}

void check_window(struct check *c, u64 start, u64 size, const char *what, const char *name,
		  const struct src_pos *pos, bool absent)
{
	struct vm_config *cfg = c->cfg;
	struct cfg_window *w;

	if (!range_valid(start, size) || start + (size - 1) >= c->limit) {
		check_error(c, pos, "%s%s%s at 0x%lx, size 0x%lx, is outside the VM's address space "
			    "(0 to 0x%lx)", what, name != NULL ? " " : "", name != NULL ? name : "", start,
			    size, c->limit - 1);
		return;
	}
	if (cfg->window_count == c->room) {
		struct cfg_window *more = check_alloc(c, 2 * (c->room + 8) * sizeof(*more));

		if (more == NULL) {
			return;
		}
		memcpy(more, cfg->window, c->room * sizeof(*more));
		cfg->window = more;
		c->room = 2 * (c->room + 8);
	}
	w = &cfg->window[cfg->window_count++];
	*w = (struct cfg_window) { .start = start, .size = size, .pos = pos, .absent = absent };
	fmt_str(w->what, sizeof(w->what), "%s%s%s", what, name != NULL ? " " : "",
		name != NULL ? name : "");
}

static bool make_room(struct check *c)
{
	const struct vm_config *cfg = c->cfg;

	c->room = OWN_WINDOWS;
	for (const struct cfg_mem *m = cfg->mem; m != NULL; m = m->next) {
		c->room++;
	}
	for (const struct cfg_vdev *v = cfg->vdev; v != NULL; v = v->next) {
		c->room += v->type != NULL && v->type->area != 0 ? 2 : 1;
	}
	c->cfg->window = check_alloc(c, c->room * sizeof(struct cfg_window));
	c->cfg->window_count = 0;
	return c->cfg->window != NULL;
}

u64 check_free_place(struct check *c, u64 at, u64 size)
{
	const struct vm_config *cfg = c->cfg;
	bool moved = true;

	while (moved && range_valid(at, size)) {
		moved = false;
		for (u32 i = 0; i < cfg->window_count; i++) {
			const struct cfg_window *w = &cfg->window[i];

			if (range_overlaps(at, size, w->start, w->size)) {
				at = ALIGN_UP(w->start + w->size, PAGE_SIZE);
				moved = true;
			}
		}
		for (const struct cfg_reserve *r = cfg->reserve; r != NULL; r = r->next) {
			for (const struct cfg_loc *l = r->loc; l != NULL; l = l->next) {
				if (l->size != 0 && range_overlaps(at, size, l->addr, l->size)) {
					moved = l->addr + l->size > at;
					at = ALIGN_UP(l->addr + l->size, PAGE_SIZE);
				}
			}
		}
	}
	return at;
}

static bool host_ram(const struct check *c, const struct cfg_mem *m)
{
	for (u32 i = 0; i < c->board->ram_count; i++) {
		if (range_contains(c->board->ram[i].start, c->board->ram[i].size, m->start, m->size)) {
			return true;
		}
	}
	return false;
}

/* Where the VM sees nothing else and the board has free RAM, as high as can be: the monitor takes its own from below. */
static u64 host_place(struct check *c, u64 size, u64 otherwise)
{
	for (u32 i = c->board->ram_count; i-- > 0;) {
		const struct range *r = &c->board->ram[i];
		u64 at = r->size >= size ? ALIGN_DOWN(r->start + r->size - size, MIN(size & -size, MiB(2))) : 0;

		if (at >= r->start && r->size >= size && check_free_place(c, at, size) == at) {
			return at;
		}
	}
	return otherwise;
}

static void check_memory(struct check *c)
{
	struct vm_config *cfg = c->cfg;
	u64 top = 0, total = 0, largest = 0, board = 0;
	u32 count = 0;
	bool ram = false;

	for (u32 i = 0; c->board != NULL && i < c->board->ram_count; i++) {
		board += c->board->ram[i].size;
		largest = MAX(largest, c->board->ram[i].size);
	}
	for (struct cfg_mem *m = cfg->mem; m != NULL; m = m->next) {
		const char *word = m->rom ? "rom" : "ram";

		ram |= !m->rom;
		if (m->size == 0 || !IS_ALIGNED(m->size, PAGE_SIZE)) {
			check_error(c, &m->pos, "%s size 0x%lx: expected a multiple of 4K, not 0", word,
				    m->size);
			continue;
		}
		if (m->has_start && !IS_ALIGNED(m->start, PAGE_SIZE)) {
			check_error(c, &m->pos, "%s at 0x%lx: expected a multiple of 4K", word, m->start);
			continue;
		}
		if (!m->has_start) {
			m->start = check_free_place(c, top != 0 ? top : CONFIG_RAM_BASE, m->size);
			if (cfg->dma_identity) {
				m->start = host_place(c, m->size, m->start);
			}
		}
		if (cfg->dma_identity && !host_ram(c, m)) {
			check_error(c, &m->pos, "%s at 0x%lx, size 0x%lx: with 'dma unprotected' it has to be free RAM of the "
				    "board at that very address", word, m->start, m->size);
			continue;
		}
		check_window(c, m->start, m->size, word, NULL, &m->pos, false);
		if (range_valid(m->start, m->size)) {
			top = MAX(top, m->start + m->size);
		}
		if (++count == VM_MAX_MEM + 1) {
			check_error(c, &m->pos, "more than %d ram and rom options", VM_MAX_MEM);
		}
		if (c->board != NULL && m->size > largest) {
			check_error(c, &m->pos, "%s of %lu MiB: the board's largest free range has %lu MiB",
				    word, m->size >> 20, largest >> 20);
			continue;
		}
		total += MIN(m->size, ~total); /* saturates */
	}
	if (!ram) {
		check_error(c, &cfg->pos, "no guest memory: expected 'ram [ADDRESS,]SIZE'");
	}
	if (c->board != NULL && total > board) {
		check_error(c, &cfg->pos, "%lu MiB of guest memory: the board has %lu MiB for VMs",
			    total >> 20, board >> 20);
	}
}

/* A page of the monitor's, as near to the GIC as there is room. No room is no error: nobody asked for it. */
static void place_stolen(struct check *c)
{
	struct vm_config *cfg = c->cfg;
	u64 at = check_free_place(c, ALIGN_UP(cfg->gic.dist, PAGE_SIZE), PAGE_SIZE);

	cfg->stolen = 0;
	if (range_valid(at, PAGE_SIZE) && at + PAGE_SIZE <= c->limit) {
		cfg->stolen = at;
		check_window(c, at, PAGE_SIZE, "stolen time", NULL, &cfg->pos, false);
	}
}

static bool in_memory(const struct vm_config *cfg, u64 addr, bool rom_too)
{
	for (const struct cfg_mem *m = cfg->mem; m != NULL; m = m->next) {
		if ((rom_too || !m->rom) && m->size != 0 && range_contains(m->start, m->size, addr, 1)) {
			return true;
		}
	}
	return false;
}

static void check_loads(struct check *c)
{
	static const char *const only_one[BLOB_DATA + 1] = {
		[BLOB_GUEST] = "guest", [BLOB_INITRD] = "initrd", [BLOB_FDT] = "fdt",
	};
	const struct cfg_load *seen[BLOB_DATA + 1] = { NULL };
	const struct vm_config *cfg = c->cfg;

	for (const struct cfg_load *l = cfg->load; l != NULL; l = l->next) {
		if (l->has_addr && !in_memory(cfg, l->addr, true)) {
			check_error(c, &l->pos, "load address 0x%lx is in no ram or rom of the VM", l->addr);
		}
		if (seen[l->blob] != NULL && only_one[l->blob] != NULL) {
			check_error(c, &l->pos, "a second '%s load': a VM has one", only_one[l->blob]);
		}
		seen[l->blob] = l;
	}
	if (seen[BLOB_GUEST] == NULL && seen[BLOB_PLAIN] == NULL) {
		check_error(c, &cfg->pos, "nothing to run: expected 'load PATH' or 'guest load PATH'");
	}
	if (cfg->has_fdt_addr &&
	    (!in_memory(cfg, cfg->fdt_addr, false) || !IS_ALIGNED(cfg->fdt_addr, 8))) {
		check_error(c, &cfg->fdt_addr_pos,
			    "fdt-addr 0x%lx: expected a multiple of 8 inside the VM's RAM", cfg->fdt_addr);
	}
}

static void check_contexts(struct check *c)
{
	const struct vm_config *cfg = c->cfg;

	for (const struct cfg_reserve *r = cfg->reserve; r != NULL; r = r->next) {
		if (r->loc == NULL && r->intr == NULL) {
			check_error(c, &r->pos, "'reserve' reserves nothing: expected loc or intr");
		}
	}
	if (cfg->safety == SAFETY_REQUIRED) {
		check_error(c, &cfg->safety_pos,
			    "'safety required' cannot be met: this monitor is not safety certified");
	} else if (cfg->safety == SAFETY_WARN) {
		diag_warning(c->diag, &cfg->safety_pos, "this monitor and its vdevs are not safety certified");
	}
}

/* Sort the map, then report each pair that shares an address, at the one further down the text. */
void check_overlaps(struct check *c)
{
	struct cfg_window *w = c->cfg->window;
	u32 n = c->cfg->window_count;

	for (u32 i = 1; i < n; i++) {
		struct cfg_window one = w[i];
		u32 j = i;

		for (; j > 0 && w[j - 1].start > one.start; j--) {
			w[j] = w[j - 1];
		}
		w[j] = one;
	}
	for (u32 i = 1; i < n; i++) {
		const struct cfg_window *a = &w[i - 1], *b = &w[i], *swap;

		/* A window that reaches further than its neighbour meets the next one too. */
		for (u32 j = i; j < n && range_overlaps(a->start, a->size, w[j].start, w[j].size); j++) {
			b = &w[j];
			swap = a;
			if (b->pos->line < a->pos->line ||
			    (b->pos->line == a->pos->line && b->pos->col < a->pos->col)) {
				swap = b;
				b = a;
			}
			check_error(c, b->pos, "%s at 0x%lx, size 0x%lx, overlaps %s at 0x%lx, size 0x%lx",
				    b->what, b->start, b->size, swap->what, swap->start, swap->size);
		}
	}
}

void check_begin(struct check *c, struct vm_config *cfg, const struct board_limits *board, struct diag *diag)
{
	u32 bits = board != NULL ? MIN((u32)board->pa_bits, (u32)IPA_BITS_MAX) : IPA_BITS_MAX;

	*c = (struct check){ .cfg = cfg, .board = board, .diag = diag, .first_error = diag->errors,
			     .room = cfg->window_count, .limit = BIT(bits) };
}

int config_check(struct vm_config *cfg, const struct board_limits *board, struct diag *diag)
{
	struct check c;

	cfg->window_count = 0;
	check_begin(&c, cfg, board, diag);
	if (make_room(&c)) {
		check_gic(&c);
		check_vdevs(&c);
		check_contexts(&c);
		check_passes(&c);
		check_clock_vdev(&c);
		check_memory(&c);
		check_auto(&c);
		check_pci(&c);
		place_stolen(&c);
		check_loads(&c);
		check_cpus(&c);
		check_overlaps(&c);
		check_share(cfg, cfg, diag);
	}
	if (c.full) {
		return -ENOMEM;
	}
	return diag->errors == c.first_error ? 0 : -EINVAL;
}
