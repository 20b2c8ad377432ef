/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/mkimage/vdev_type.h"

#include <string.h>
#include "core/base/range.h"
#include "tools/mkimage/util.h"

#define STRING_MAX 256
#define OPTIONS_MAX 64
#define ALIASES_MAX 8
#define REGS_MAX 255

#define DAMAGED "its device type is damaged"

/* Somewhere in a section of the object: what a pointer there will point to once linked. */
struct place {
	u32 section; /* 0: NULL */
	u64 off;
};

/* Where the 8 bytes at `p` will point. False if that cannot be told. */
static bool follow(const struct elf64 *e, struct place p, struct place *to)
{
	u32 i;
	u64 n;

	*to = (struct place) { 0, 0 };
	for (i = 0; i < e->section_count; i++) {
		const Elf64_Shdr *s = &e->section[i];
		struct blob data = elf64_data(e, s);

		if (s->sh_type != SHT_RELA || s->sh_info != p.section) {
			continue;
		}
		for (n = 0; data.size - n >= sizeof(Elf64_Rela); n += sizeof(Elf64_Rela)) {
			const Elf64_Sym *sym;
			Elf64_Rela r;

			memcpy(&r, data.data + n, sizeof(r));
			if (r.r_offset != p.off) {
				continue;
			}
			if (ELF64_R_TYPE(r.r_info) != R_AARCH64_ABS64 ||
			    ELF64_R_SYM(r.r_info) >= e->symbol_count) {
				return false;
			}
			sym = &e->symbol[ELF64_R_SYM(r.r_info)];
			to->section = sym->st_shndx == SHN_UNDEF ? SHN_ABS : sym->st_shndx;
			to->off = sym->st_value + (u64)r.r_addend;
			return true;
		}
	}
	return true; /* nothing to relocate: NULL */
}

static bool get(const struct elf64 *e, struct place p, void *to, u64 size)
{
	struct blob data;

	if (p.section == 0 || p.section >= e->section_count) {
		return false;
	}
	data = elf64_data(e, &e->section[p.section]);
	if (!range_contains(0, data.size, p.off, size)) {
		return false;
	}
	memcpy(to, data.data + p.off, size);
	return true;
}

static struct place at(struct place p, u64 off)
{
	p.off += off;
	return p;
}

/* The string the pointer at `p` points to, NULL for a NULL pointer. */
static bool get_string(const struct elf64 *e, struct place p, const char **out)
{
	struct place to;
	char text[STRING_MAX];
	u64 n;

	*out = NULL;
	if (!follow(e, p, &to)) {
		return false;
	}
	if (to.section == 0) {
		return true;
	}
	for (n = 0; n < sizeof(text) && get(e, at(to, n), &text[n], 1); n++) {
		if (text[n] == '\0') {
			*out = pool_strndup(text, n);
			return true;
		}
	}
	return false;
}

static bool get_bool(const struct elf64 *e, struct place p, bool *out)
{
	u8 v;

	if (!get(e, p, &v, 1) || v > 1) {
		return false;
	}
	*out = v != 0;
	return true;
}

static u64 never(struct vdev *d, unsigned int idx)
{
	(void)d;
	(void)idx;
	return 0;
}

#define FIELD(p, type, field) at(p, offsetof(struct type, field))

static bool get_reg(const struct elf64 *e, struct place p, struct vreg *r)
{
	struct place to;

	if (!get(e, FIELD(p, vreg, off), &r->off, 2) || !get(e, FIELD(p, vreg, end), &r->end, 2) ||
	    !get(e, FIELD(p, vreg, width), &r->width, 1) || !get(e, FIELD(p, vreg, sizes), &r->sizes, 1) ||
	    !get_bool(e, FIELD(p, vreg, polled), &r->polled) || !follow(e, FIELD(p, vreg, get), &to)) {
		return false;
	}
	r->get = to.section != 0 ? never : NULL;
	return true;
}

static bool get_option(const struct elf64 *e, struct place p, struct vdev_option *o)
{
	u32 kind;

	if (!get_string(e, FIELD(p, vdev_option, name), &o->name)) {
		return false;
	}
	if (o->name == NULL) {
		return true;
	}
	if (!get(e, FIELD(p, vdev_option, kind), &kind, 4) || kind > VOPT_ENUM) {
		return false;
	}
	o->kind = (enum vopt_kind)kind;
	return get(e, FIELD(p, vdev_option, min), &o->min, 8) &&
	       get(e, FIELD(p, vdev_option, max), &o->max, 8) &&
	       get_string(e, FIELD(p, vdev_option, values), &o->values) &&
	       get_bool(e, FIELD(p, vdev_option, repeat), &o->repeat) &&
	       get_bool(e, FIELD(p, vdev_option, later), &o->later) &&
	       get_bool(e, FIELD(p, vdev_option, required), &o->required) &&
	       get_string(e, FIELD(p, vdev_option, help), &o->help);
}

static bool get_options(const struct elf64 *e, struct place p, struct vdev_type *t)
{
	struct vdev_option *o = pool_alloc((OPTIONS_MAX + 1) * sizeof(*o));
	struct place to;
	u32 i;

	if (!follow(e, p, &to)) {
		return false;
	}
	t->options = to.section != 0 ? o : NULL;
	for (i = 0; to.section != 0 && i < OPTIONS_MAX; i++) {
		if (!get_option(e, at(to, i * sizeof(*o)), &o[i])) {
			return false;
		}
		if (o[i].name == NULL) {
			return true;
		}
	}
	return to.section == 0;
}

static bool get_aliases(const struct elf64 *e, struct place p, struct vdev_type *t)
{
	const char **a = pool_alloc((ALIASES_MAX + 1) * sizeof(*a));
	struct place to;
	u32 i;

	if (!follow(e, p, &to)) {
		return false;
	}
	t->aliases = to.section != 0 ? a : NULL;
	for (i = 0; to.section != 0 && i < ALIASES_MAX; i++) {
		if (!get_string(e, at(to, i * sizeof(*a)), &a[i])) {
			return false;
		}
		if (a[i] == NULL) {
			return true;
		}
	}
	return to.section == 0;
}

static bool get_regs(const struct elf64 *e, struct place p, struct vdev_type *t)
{
	struct vreg *r;
	struct place to;
	u32 i;

	if (t->reg_count > REGS_MAX || !follow(e, p, &to)) {
		return false;
	}
	r = pool_alloc((t->reg_count + 1) * sizeof(*r));
	t->regs = r;
	for (i = 0; i < t->reg_count; i++) {
		if (!get_reg(e, at(to, i * sizeof(*r)), &r[i])) {
			return false;
		}
	}
	return true;
}

/* NULL, or what vdev_type_ok() says of which device, and of which row: the first that a shorter table does without. */
static const char *what_is_wrong(const struct vdev_type *t)
{
	struct vdev_type part = *t;
	const char *why = vdev_type_ok(t);

	if (why == NULL) {
		return NULL;
	}
	part.reg_count = 0;
	if (vdev_type_ok(&part) != NULL) { /* it is not the table */
		return pool_printf("vdev '%s': %s", t->name != NULL ? t->name : "", why);
	}
	do {
		part.reg_count++;
	} while (part.reg_count < t->reg_count && vdev_type_ok(&part) == NULL);
	part.reg_count--;
	return pool_printf("vdev '%s': %s: row %u, registers 0x%x to 0x%x", t->name, why, part.reg_count,
			   t->regs[part.reg_count].off, t->regs[part.reg_count].end);
}

static const char *read_type(const struct elf64 *e, const Elf64_Sym *s, struct vdev_type *t)
{
	struct place p = { s->st_shndx, s->st_value };

	if (!get(e, FIELD(p, vdev_type, abi), &t->abi, 4) ||
	    !get_string(e, FIELD(p, vdev_type, name), &t->name) ||
	    !get_string(e, FIELD(p, vdev_type, node), &t->node) ||
	    !get_aliases(e, FIELD(p, vdev_type, aliases), t) ||
	    !get(e, FIELD(p, vdev_type, reg_count), &t->reg_count, 4) ||
	    !get_regs(e, FIELD(p, vdev_type, regs), t) ||
	    !get(e, FIELD(p, vdev_type, window), &t->window, 4) ||
	    !get_bool(e, FIELD(p, vdev_type, need_loc), &t->need_loc) ||
	    !get_bool(e, FIELD(p, vdev_type, need_intr), &t->need_intr) ||
	    !get(e, FIELD(p, vdev_type, loc), &t->loc, 8) ||
	    !get_options(e, FIELD(p, vdev_type, options), t) ||
	    !get(e, FIELD(p, vdev_type, state_size), &t->state_size, 8)) {
		return DAMAGED;
	}
	return what_is_wrong(t);
}

const char *vdev_types_read(const struct elf64 *e, const struct vdev_type **types, u32 *count)
{
	u64 i;

	*count = 0;
	for (i = 0; i < e->symbol_count; i++) {
		const Elf64_Sym *s = &e->symbol[i];
		struct vdev_type *t;
		const char *why;

		if (ELF64_ST_BIND(s->st_info) == STB_LOCAL || s->st_shndx == SHN_UNDEF ||
		    strncmp(elf64_symbol_name(e, s), "vdev_type_", strlen("vdev_type_")) != 0) {
			continue;
		}
		if (*count == VDEV_TYPES_MAX) {
			return "it defines more than 8 devices";
		}
		t = pool_alloc(sizeof(*t));
		why = read_type(e, s, t);
		if (why != NULL) {
			return why;
		}
		types[(*count)++] = t;
	}
	return NULL;
}

/*
 * Slots in the table vdev_find() goes through. It ends at the first NULL, so free slots hold a
 * type that no word can name.
 */
static const struct vdev_type unused = { .abi = VDEV_ABI, .name = "" };

#define SLOT_2 &unused, &unused
#define SLOT_8 SLOT_2, SLOT_2, SLOT_2, SLOT_2

static const struct vdev_type *slots[16] __used __section("quoin_vdevs") = { SLOT_8, SLOT_8 };

bool vdev_type_register(const struct vdev_type *t)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(slots); i++) {
		if (slots[i] == &unused) {
			slots[i] = t;
			return true;
		}
	}
	return false;
}
