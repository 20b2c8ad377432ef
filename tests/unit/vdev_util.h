/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A VM with devices on the faked machine, for device tests: made through vdevs_create() as the
 * monitor does, reached through the VM's windows. Interrupt 0, so no vGIC is needed: the level of
 * the line is dev->line.
 */
#ifndef TESTS_UNIT_VDEV_UTIL_H
#define TESTS_UNIT_VDEV_UTIL_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "arch/host/host.h"
#include "core/console/console.h"
#include "core/base/memory.h"
#include "core/vm.h"

struct rig {
	struct vm vm;
	struct vm_config cfg;
	struct cfg_vdev vdev;
	struct cfg_loc loc;
	struct cfg_intr intr;
	struct cfg_option options[10];
	u32 option_count;
	struct diag diag;
	char message[200]; /* the last diagnostic */
};

static inline void rig_emit(struct diag *d, enum diag_kind k, const char *line)
{
	struct rig *r = d->arg;

	(void)k;
	snprintf(r->message, sizeof(r->message), "%s", line);
}

/* A VM `name` with one device of type `type` at 0x1c090000, not created yet. */
static inline struct rig *rig_new(const char *name, const char *type)
{
	struct rig *r = calloc(1, sizeof(*r));

	snprintf(r->cfg.name, sizeof(r->cfg.name), "%s", name);
	r->vm.cfg = &r->cfg;
	r->cfg.vdev = &r->vdev;
	r->vdev.pos = (struct src_pos){ "x.qvmconf", 3, 1 };
	r->vdev.type = vdev_find(type);
	r->vdev.type_name = type;
	r->vdev.loc = &r->loc;
	r->vdev.intr = &r->intr;
	r->loc.addr = 0x1c090000;
	r->diag = (struct diag){ .emit = rig_emit, .arg = r };
	return r;
}

static inline void rig_option(struct rig *r, const char *name, const char *text, u64 num)
{
	struct cfg_option *o = &r->options[r->option_count++], **at = &r->vdev.options;

	for (const struct vdev_option *d = r->vdev.type->options; d->name != NULL; d++) {
		if (strcmp(d->name, name) == 0) {
			o->decl = d;
		}
	}
	o->str = text;
	o->num = num;
	o->pos = (struct src_pos){ "x.qvmconf", 4, 1 };
	while (*at != NULL) {
		at = &(*at)->next;
	}
	*at = o;
}

static inline int rig_start(struct rig *r)
{
	int err = vdevs_create(&r->vm, &r->diag);

	if (err == 0) {
		vdevs_reset(&r->vm);
	}
	return err;
}

static inline void rig_free(struct rig *r)
{
	vdevs_destroy(&r->vm);
	schedule(); /* what threads of it have ended is put to its account */
	free(r);
}

/* As core/mmio.c does it: aligned words on their own way, where the window has one. */
static inline enum mmio_result rig_access(struct rig *r, struct mmio *m)
{
	struct mmio_window *w = &r->vm.window[0];

	if (m->size != 4 || m->off % 4 != 0 || w->read32 == NULL) {
		return w->fn(w->arg, NULL, m);
	}
	if (m->write) {
		w->write32(w->arg, NULL, m->off, (u32)m->val);
	} else {
		m->val = w->read32(w->arg, NULL, m->off);
	}
	return MMIO_DONE;
}

/* A load of `size` bytes; all ones and a note in `message` if it aborts. */
static inline u64 rig_read(struct rig *r, u64 off, u8 size)
{
	struct mmio m = { .off = off, .size = size, .val = 0xdeadbeefdeadbeef };

	if (rig_access(r, &m) != MMIO_DONE) {
		snprintf(r->message, sizeof(r->message), "abort");
		return ~0UL;
	}
	return m.val;
}

static inline void rig_write(struct rig *r, u64 off, u8 size, u64 val)
{
	struct mmio m = { .off = off, .size = size, .val = val, .write = true };

	if (rig_access(r, &m) != MMIO_DONE) {
		snprintf(r->message, sizeof(r->message), "abort");
	}
}

#endif
