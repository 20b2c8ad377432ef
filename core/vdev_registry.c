/* SPDX-License-Identifier: Apache-2.0 */
/* The device types of this image: found by name, checked for sound register tables. */
#include <string.h>
#include "core/vdev.h"

/*
 * Both ends of the section every VDEV() adds a pointer to. Weak: an image without devices has no
 * such section. The device objects are linked after this one is compiled, so this is the only way.
 */
extern const struct vdev_type *const __start_quoin_vdevs[] __attribute__((weak));
extern const struct vdev_type *const __stop_quoin_vdevs[] __attribute__((weak));

const struct vdev_type *vdev_type_at(unsigned int i)
{
	size_t count = (size_t)(__stop_quoin_vdevs - __start_quoin_vdevs);

	return i < count ? __start_quoin_vdevs[i] : NULL;
}

static bool name_is(const char *want, const char *name, size_t len)
{
	return strlen(want) == len && memcmp(want, name, len) == 0;
}

static bool type_is(const struct vdev_type *t, const char *name, size_t len)
{
	if (name_is(t->name, name, len)) {
		return true;
	}
	for (const char *const *a = t->aliases; a != NULL && *a != NULL; a++) {
		if (name_is(*a, name, len)) {
			return true;
		}
	}
	return false;
}

const struct vdev_type *vdev_find(const char *name)
{
	const char *slash = strrchr(name, '/');
	const struct vdev_type *t;
	size_t len;

	name = slash != NULL ? slash + 1 : name;
	if (strncmp(name, "vdev-", 5) == 0) {
		name += 5;
	}
	len = strlen(name);
	if (len > 3 && memcmp(name + len - 3, ".so", 3) == 0) {
		len -= 3;
	}
	for (unsigned int i = 0; (t = vdev_type_at(i)) != NULL; i++) {
		if (type_is(t, name, len)) {
			return t;
		}
	}
	return NULL;
}

static bool is_width(unsigned int n)
{
	return n == 1 || n == 2 || n == 4 || n == 8;
}

/* Rows [0, i) are known to be right. */
static const char *row_ok(const struct vdev_type *t, unsigned int i)
{
	const struct vreg *r = &t->regs[i];

	if (!is_width(r->width)) {
		return "a register's width is not 1, 2, 4 or 8";
	}
	if (r->off % r->width != 0 || r->end % r->width != 0) {
		return "a register is not aligned to its width";
	}
	if (r->end <= r->off) {
		return "a register row is empty";
	}
	if (i > 0 && r->off < r[-1].end) {
		return "register rows overlap or are not sorted";
	}
	if (r->sizes == 0 || r->sizes >= 2 * r->width) {
		return "a register's access sizes do not fit its width";
	}
	if (r->polled && (r->get == NULL || r->width < 4 || (r->sizes & 4) == 0)) {
		return "the polled register has no 32-bit getter";
	}
	return NULL;
}

static const char *options_ok(const struct vdev_type *t)
{
	static const char *const common[] = { "loc", "intr", "name", "log", "sched" };

	for (const struct vdev_option *o = t->options; o != NULL && o->name != NULL; o++) {
		for (unsigned int i = 0; i < ARRAY_SIZE(common); i++) {
			if (strcmp(o->name, common[i]) == 0) {
				return "an option is one that every device has";
			}
		}
		if (o->kind == VOPT_ENUM && o->values == NULL) {
			return "an option of a fixed set has no values";
		}
		for (const struct vdev_option *p = t->options; p < o; p++) {
			if (strcmp(p->name, o->name) == 0) {
				return "an option is declared twice";
			}
		}
	}
	return NULL;
}

const char *vdev_type_ok(const struct vdev_type *t)
{
	const char *why;

	if (t->abi != VDEV_ABI) {
		return "made for another version of core/vdev.h";
	}
	if (t->name == NULL || t->name[0] == '\0') {
		return "no name";
	}
	if (t->state_size != 0 && t->state_size < sizeof(struct vdev)) {
		return "state_size has no room for struct vdev";
	}
	/* Row numbers are kept in bytes, and offsets in 16 bits. */
	if (t->reg_count > 255 || (t->reg_count > 0 && t->window > KiB(64))) {
		return "the register table is too large";
	}
	for (unsigned int i = 0; i < t->reg_count; i++) {
		why = row_ok(t, i);
		if (why != NULL) {
			return why;
		}
		if (t->regs[i].end > t->window) {
			return "a register lies outside the window";
		}
	}
	if (t->fdt != NULL && t->node == NULL) {
		return "an FDT node without a name";
	}
	return options_ok(t);
}
