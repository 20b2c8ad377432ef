/* SPDX-License-Identifier: Apache-2.0 */
/* The VM's devices, the places of its blobs, its device tree: by the monitor's own code. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "tools/qvm-check/qvm_check.h"

/* Payloads mkimage unpacks first; their size in memory is not known here. */
static bool is_packed(const char *data, size_t len)
{
	return len > 8 && (memcmp(data, "\x1f\x8b", 2) == 0 ||
			   (memcmp(data, "MZ", 2) == 0 && memcmp(data + 4, "zimg", 4) == 0));
}

static bool at_hand(const struct cfg_load *l, const struct search *s)
{
	const char *data;
	size_t len;
	bool kernel = l->blob == BLOB_PLAIN || l->blob == BLOB_GUEST;

	return l->source == SOURCE_FILE && file_find(s, l->path, &data, &len) == 0 &&
	       !(kernel && is_packed(data, len));
}

static int open_blob(struct load_files *files, const struct cfg_load *l, struct load_file *out,
		     struct diag *d)
{
	const char *data;
	size_t len;
	int err = file_find(files->arg, l->path, &data, &len);

	if (err != 0) {
		diag_error(d, &l->pos, "cannot read '%s': %s", l->path, strerror(-err));
		return err;
	}
	*out = (struct load_file) { .data = (const u8 *)data, .size = len };
	return 0;
}

static bool list_devices(struct check_vm *vm)
{
	struct vdev **end = &vm->devices;

	for (const struct cfg_vdev *v = vm->cfg.vdev; v != NULL; v = v->next) {
		struct vdev *d;

		if (v->type == NULL || v->decl == config_gic_options) {
			continue;
		}
		d = calloc(1, v->type->state_size > sizeof(*d) ? v->type->state_size : sizeof(*d));
		if (d == NULL) {
			return false;
		}
		d->type = v->type;
		d->cfg = v;
		d->base = v->loc != NULL ? v->loc->addr : 0;
		d->size = v->type->window;
		d->intid = v->intr != NULL ? v->intr->line : 0;
		*end = d;
		end = &d->next;
	}
	return true;
}

bool vm_place(struct check_vm *vm, const struct search *s, struct diag *diag)
{
	struct load_files files = { .open = open_blob, .arg = (void *)s };

	/* Without a board the tree is made for a host with GICv3. */
	vm->cfg.gic.version = (u8)config_gic_version(&vm->cfg);
	vm->fdt.cfg = &vm->cfg;
	if (!list_devices(vm)) {
		diag_error(diag, &vm->cfg.pos, "out of memory");
		return false;
	}
	vm->fdt.devices = vm->devices;
	for (const struct cfg_load *l = vm->cfg.load; l != NULL; l = l->next) {
		vm->missing += !at_hand(l, s);
	}
	if (vm->missing != 0) {
		return true;
	}
	vm->planned = load_plan(&vm->plan, &vm->cfg, &files, &vm->fdt, diag) == 0;
	return vm->planned;
}

bool vm_write_fdt(struct check_vm *vm, const char *path, struct diag *diag)
{
	size_t size = guest_fdt_bound(&vm->fdt), used = 0;
	struct src_pos pos = { path, 0, 0 };
	void *buf = aligned_alloc(16, (size + 15) & ~(size_t)15);
	int err;

	if (buf == NULL) {
		diag_error(diag, &pos, "out of memory");
		return false;
	}
	if (guest_fdt_build(&vm->fdt, buf, size, &used, diag) != 0) {
		free(buf);
		return false;
	}
	err = file_write(path, buf, used);
	free(buf);
	if (err != 0) {
		diag_error(diag, &pos, "cannot write: %s", strerror(-err));
	}
	return err == 0;
}
