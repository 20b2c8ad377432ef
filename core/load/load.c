/* SPDX-License-Identifier: Apache-2.0 */
/* The planner: what each load line is, and in which order things are placed. */
#include "core/load/load.h"

#include <errno.h>
#include <string.h>
#include "core/base/fmt.h"
#include "core/fdt_reader.h"
#include "core/load/fdt_writer.h"
#include "core/load/plan.h"

static const struct range everywhere = { 0, ~0UL };

static bool starts_with(const struct load_file *f, u64 at, const char *magic, size_t n)
{
	return f->size >= at + n && memcmp(f->data + at, magic, n) == 0;
}

/* A kernel the host tools unpack; one that comes past them cannot be run. */
static const char *packed(const struct load_file *f)
{
	if (starts_with(f, 0, "\x1f\x8b", 2)) {
		return "is packed with gzip";
	}
	if (starts_with(f, 0, "MZ\0\0zimg", 8)) {
		return "is a packed EFI zboot image";
	}
	return NULL;
}

static enum load_format recognise(struct planner *pl, const struct cfg_load *l,
				  const struct load_file *f)
{
	const char *what;

	switch (l->blob) {
	case BLOB_INITRD: return FORMAT_INITRD;
	case BLOB_FDT: return FORMAT_FDT;
	case BLOB_DATA: return FORMAT_DATA;
	default: break;
	}
	what = packed(f);
	if (what != NULL) {
		plan_fail(pl, -ENOEXEC, l, "%s (mkimage unpacks a kernel it packs into an image; "
			  "'data load' takes any file as it is)", what);
	}
	return is_elf(f) ? FORMAT_ELF : is_image(f) ? FORMAT_IMAGE : FORMAT_RAW;
}

/* A tree made for a whole board names memory the VM does not have, which would kill its guest. */
static bool foreign_memory(const struct vm_config *cfg, const struct load_file *f, char *node,
			   size_t size)
{
	const struct cfg_mem *m;
	struct fdt_reader r;
	enum fdt_item item = FDT_NODE;
	char own[32];

	if (fdt_reader_open(&r, f->data, f->size) != 0) {
		return false;
	}
	while (item != FDT_DONE && item != FDT_BAD) {
		item = fdt_reader_next(&r);
		if (item != FDT_NODE || r.depth != 2 || strncmp(r.name, "memory@", 7) != 0) {
			continue;
		}
		for (m = cfg->mem; m != NULL; m = m->next) {
			fmt_str(own, sizeof(own), "memory@%lx", m->start);
			if (!m->rom && strcmp(own, r.name) == 0) {
				break;
			}
		}
		if (m == NULL) {
			fmt_str(node, size, "%.31s", r.name);
			return true;
		}
	}
	return false;
}

static void take_tree(struct planner *pl, const struct cfg_load *l, const struct load_file *f,
		      struct guest_fdt *g)
{
	const char *what = fdt_writer_check(f->data, f->size);
	char node[32];

	if (what != NULL) {
		plan_fail(pl, -EINVAL, l, "as a device tree %s", what);
	} else if (g->user != NULL) {
		plan_fail(pl, -EINVAL, l, "is a second 'fdt load'");
	} else if (foreign_memory(pl->p->cfg, f, node, sizeof(node))) {
		plan_fail(pl, -EINVAL, l, "has a node /%s, but the VM has no such ram", node);
	}
	g->user = f->data;
}

/* Read all lines; returns the boot line, NULL after an error. */
static const struct cfg_load *survey(struct planner *pl, struct load_files *files,
				     struct guest_fdt *g)
{
	const struct cfg_load *l, *guest = NULL, *plain = NULL, *initrd = NULL;
	struct load_plan *p = pl->p;
	u32 i = 0;

	for (l = p->cfg->load; l != NULL && pl->error == 0; l = l->next, i++) {
		if (i == LOAD_MAX_LINES) {
			plan_fail(pl, -E2BIG, l, "is one of more than %d load lines",
				  LOAD_MAX_LINES);
			break;
		}
		pl->error = files->open(files, l, &p->file[i], pl->d);
		if (pl->error != 0) {
			break;
		}
		if (p->file[i].size == 0) {
			plan_fail(pl, -EINVAL, l, "is empty");
			break;
		}
		p->format[i] = recognise(pl, l, &p->file[i]);
		if (l->blob == BLOB_GUEST) {
			if (guest != NULL) {
				plan_fail(pl, -EINVAL, l, "is a second 'guest load'");
			}
			guest = l;
		} else if (l->blob == BLOB_PLAIN && plain == NULL) {
			plain = l;
		} else if (l->blob == BLOB_INITRD) {
			if (initrd != NULL) {
				plan_fail(pl, -EINVAL, l, "is a second 'initrd load'");
			}
			initrd = l;
		} else if (l->blob == BLOB_FDT) {
			take_tree(pl, l, &p->file[i], g);
		}
	}
	if (pl->error == 0 && guest == NULL && plain == NULL) {
		pl->error = -ENOENT;
		diag_error(pl->d, &p->cfg->pos,
			   "nothing to start in this VM (expected a 'load' or 'guest load' line)");
	}
	return pl->error != 0 ? NULL : guest != NULL ? guest : plain;
}

/* Formats that say nothing about themselves: raw blobs, data, the initrd. */
static bool plan_plain(struct planner *pl, const struct cfg_load *l, u32 i, bool place,
		       ipa_t *entry, struct range *extent)
{
	const struct load_file *f = &pl->p->file[i];
	struct load_piece piece = { .load = l, .format = pl->p->format[i], .data = f->data,
				    .copy = f->size, .space = f->size };

	piece.margin = piece.format == FORMAT_RAW ? LOAD_RAW_MARGIN : 0;
	if (l->has_addr) {
		piece.ipa = l->addr;
	} else if (!place) {
		return false;
	} else if (!plan_find(pl, f->size, PAGE_SIZE, 0, everywhere, true, &piece.ipa) &&
		   !plan_find(pl, f->size, PAGE_SIZE, 0, everywhere, false, &piece.ipa)) {
		plan_fail(pl, -ENOMEM, l, "needs 0x%lx bytes: no ram of the VM has that free",
			  f->size);
		return false;
	}
	if (f->stays && IS_ALIGNED(piece.ipa, PAGE_SIZE) &&
	    IS_ALIGNED((uintptr_t)f->data, PAGE_SIZE)) {
		piece.map = ALIGN_DOWN(f->size, PAGE_SIZE);
	}
	plan_add(pl, &piece);
	*entry = piece.ipa;
	extent->start = piece.ipa;
	extent->size = piece.space;
	return pl->error == 0;
}

/* Place line `i` if it can be at this stage; true once it is. */
static bool place_line(struct planner *pl, const struct cfg_load *l, u32 i, bool place, bool boot)
{
	const struct load_file *f = &pl->p->file[i];
	struct range extent;
	ipa_t entry;
	bool done;

	switch (pl->p->format[i]) {
	case FORMAT_IMAGE: done = plan_image(pl, l, f, place, &entry, &extent); break;
	case FORMAT_ELF: done = plan_elf(pl, l, f, place, &entry, &extent); break;
	default: done = plan_plain(pl, l, i, place, &entry, &extent); break;
	}
	if (done && boot) {
		pl->p->entry = entry;
		pl->p->boot = extent;
	}
	if (done && l->blob == BLOB_INITRD) {
		pl->p->initrd = extent;
	}
	return done;
}

/* booting.rst: the initrd within 32 GiB, counted from the GiB the kernel starts in. */
static struct range initrd_window(const struct load_plan *p)
{
	struct range w = { ALIGN_DOWN(p->boot.start, GiB(1)), GiB(32) };

	w.size = MIN(w.size, 0 - w.start - 1);
	return w;
}

static struct range above_boot(const struct load_plan *p, struct range w)
{
	u64 skip = p->boot.start + p->boot.size - w.start;

	skip = MIN(skip, w.size);
	w.start += skip;
	w.size -= skip;
	return w;
}

static void place_initrd(struct planner *pl, const struct cfg_load *l, u32 i)
{
	struct range w = initrd_window(pl->p);
	const struct load_file *f = &pl->p->file[i];
	struct load_piece piece = { .load = l, .format = FORMAT_INITRD, .data = f->data,
				    .copy = f->size, .space = f->size };

	if (!plan_find(pl, f->size, PAGE_SIZE, 0, above_boot(pl->p, w), true, &piece.ipa) &&
	    !plan_find(pl, f->size, PAGE_SIZE, 0, w, false, &piece.ipa)) {
		plan_fail(pl, -ENOMEM, l,
			  "needs 0x%lx bytes within 32 GiB of the kernel: no ram has that free",
			  f->size);
		return;
	}
	plan_add(pl, &piece);
	pl->p->initrd.start = piece.ipa;
	pl->p->initrd.size = piece.space;
}

/* The tree's address if the text gives one: `set fdt-addr`, or that of the `fdt load` line. */
static bool fixed_fdt(struct planner *pl, struct load_piece *piece)
{
	const struct vm_config *cfg = pl->p->cfg;
	const struct cfg_load *l;

	if (cfg->has_fdt_addr) {
		piece->ipa = cfg->fdt_addr;
	} else {
		l = cfg->load;
		while (l != NULL && !(l->blob == BLOB_FDT && l->has_addr)) {
			l = l->next;
		}
		if (l == NULL) {
			return false;
		}
		piece->ipa = l->addr;
	}
	if (!IS_ALIGNED(piece->ipa, 8) ||
	    !plan_inside(cfg, piece->ipa, piece->space, false)) {
		plan_fail(pl, -EINVAL, NULL,
			  "cannot be at 0x%lx, 0x%lx bytes (expected a multiple of 8 in ram)",
			  piece->ipa, piece->space);
	}
	return true;
}

static void find_fdt(struct planner *pl, struct load_piece *piece)
{
	struct range above = above_boot(pl->p, everywhere);
	u64 size = piece->space;

	if (!plan_find(pl, size, MiB(2), 0, above, true, &piece->ipa) &&
	    !plan_find(pl, size, MiB(2), 0, everywhere, true, &piece->ipa) &&
	    !plan_find(pl, size, PAGE_SIZE, 0, above, true, &piece->ipa) &&
	    !plan_find(pl, size, PAGE_SIZE, 0, everywhere, true, &piece->ipa) &&
	    !plan_find(pl, size, PAGE_SIZE, 0, everywhere, false, &piece->ipa)) {
		plan_fail(pl, -ENOMEM, NULL, "needs 0x%lx bytes: no ram of the VM has that free",
			  size);
	}
}

static void place_all(struct planner *pl, const struct cfg_load *boot, struct guest_fdt *g)
{
	struct load_piece fdt = { .format = FORMAT_FDT, .space = guest_fdt_bound(g) };
	const struct cfg_load *l;
	bool done[LOAD_MAX_LINES] = { false };
	bool fdt_done;
	u32 i, stage;

	for (i = 0, l = pl->p->cfg->load; l != NULL; l = l->next, i++) {
		done[i] = l->blob == BLOB_FDT || place_line(pl, l, i, false, l == boot);
	}
	fdt_done = fixed_fdt(pl, &fdt);
	if (fdt_done) {
		plan_add(pl, &fdt);
	}
	for (stage = 0; stage < 3; stage++) {
		for (i = 0, l = pl->p->cfg->load; l != NULL && pl->error == 0; l = l->next, i++) {
			if (done[i] || (stage == 0 && l != boot) ||
			    (stage == 1 && l->blob != BLOB_INITRD)) {
				continue;
			}
			done[i] = true;
			if (l->blob == BLOB_INITRD) {
				place_initrd(pl, l, i);
			} else {
				place_line(pl, l, i, true, l == boot);
			}
		}
	}
	if (!fdt_done && pl->error == 0) {
		find_fdt(pl, &fdt);
		plan_add(pl, &fdt);
	}
	pl->p->fdt = fdt.ipa;
	pl->p->fdt_space = fdt.space;
}

/* Only Linux's format promises to look for its initrd no further than that. */
static void check_initrd(struct planner *pl)
{
	const struct load_plan *p = pl->p;
	struct range w = initrd_window(p);
	u32 i;

	for (i = 0; i < p->piece_count; i++) {
		if (p->piece[i].format == FORMAT_INITRD &&
		    !range_contains(w.start, w.size, p->initrd.start, p->initrd.size)) {
			plan_fail(pl, -EINVAL, p->piece[i].load,
				  "at 0x%lx lies outside the 32 GiB from 0x%lx in which a kernel "
				  "at 0x%lx looks for it", p->initrd.start, w.start, p->boot.start);
		}
	}
}

int load_plan(struct load_plan *p, const struct vm_config *cfg, struct load_files *files,
	      struct guest_fdt *g, struct diag *d)
{
	struct planner pl = { .p = p, .d = d };
	const struct cfg_load *boot;

	memset(p, 0, sizeof(*p));
	p->cfg = cfg;
	g->cfg = cfg;
	g->user = NULL;
	boot = survey(&pl, files, g);
	if (boot == NULL) {
		return pl.error;
	}
	place_all(&pl, boot, g);
	if (pl.error == 0) {
		check_initrd(&pl);
	}
	g->initrd = p->initrd;
	return pl.error;
}
