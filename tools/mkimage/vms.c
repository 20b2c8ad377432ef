/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/mkimage/vms.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/config/parse.h"
#include "core/load/load.h"
#include "core/script.h"
#include "core/vm.h"
#include "tools/mkimage/parts.h"
#include "tools/mkimage/payload.h"


/* As much as the monitor has (core/start.c): what does not fit there is an error here. */
#define VM_ARENA CONFIG_ARENA_SIZE

static int open_config(void *ctx, const char *path, const char **text, size_t *len)
{
	struct mk_file *f = buildfile_find(ctx, path);

	if (f == NULL || f->type != MK_FILE || f->missing) {
		return -ENOENT;
	}
	f->config = true;
	*text = (const char *)f->data.data;
	*len = f->data.size;
	return 0;
}

/* An object that was not found or is unsound was reported: it counts as what its name says. */
static bool provides(const struct mk_vdev *in, const char *name)
{
	u32 i;

	for (i = 0; i < in->type_count; i++) {
		if (strcmp(in->types[i]->name, name) == 0) {
			return true;
		}
	}
	return in->path == NULL && strcmp(in->name, name) == 0;
}

static void check_vdevs(const struct buildfile *bf, const struct vm_config *cfg)
{
	const struct cfg_vdev *v;
	const struct mk_vdev *in;

	for (v = cfg->vdev; v != NULL; v = v->next) {
		if (v->type == NULL || strcmp(v->type->name, "gic") == 0) {
			continue;
		}
		for (in = bf->vdevs; in != NULL && !provides(in, v->type->name); in = in->next) {
		}
		if (in == NULL) {
			diag_error(bf->diag, &v->pos, "device '%s' is not in this image, expected a line vdev-%s "
				   "in the boot section", v->type->name, v->type->name);
		}
	}
}

static void check_loads(const struct buildfile *bf, const struct vm_config *cfg)
{
	const struct cfg_load *l;

	for (l = cfg->load; l != NULL; l = l->next) {
		struct mk_file *f = l->source == SOURCE_FILE ? buildfile_find(bf, l->path) : NULL;

		if (l->source != SOURCE_FILE || (f != NULL && f->missing)) {
			continue; /* comes from the bootloader, or may be missing */
		}
		if (f == NULL || f->type != MK_FILE) {
			diag_error(bf->diag, &l->pos, "'%.128s' is not in the image, expected a file of the "
				   "buildfile or module:N", l->path);
			continue;
		}
		f->kernel |= l->blob == BLOB_PLAIN || l->blob == BLOB_GUEST;
	}
}

/* What a device's option names: a disk, a serial device's input. */
static void check_files(const struct buildfile *bf, const struct vm_config *cfg)
{
	for (const struct cfg_vdev *v = cfg->vdev; v != NULL; v = v->next) {
		for (const struct cfg_option *o = v->options; o != NULL; o = o->next) {
			const char *path = o->decl->image_path != NULL ? o->decl->image_path(o->str) : NULL, *why;
			const struct mk_file *f = path != NULL ? buildfile_find(bf, path) : NULL;

			if (path == NULL) {
				continue;
			}
			if (f == NULL || (f->type != MK_FILE && !f->missing)) {
				diag_error(bf->diag, &o->pos, "'%.128s' is not in the image, expected a file "
					   "of the buildfile", path);
				continue;
			}
			why = o->decl->content != NULL && !f->missing ? o->decl->content(f->data.data, f->data.size) : NULL;
			if (why != NULL) {
				diag_error(bf->diag, &o->pos, "'%.128s': %s", path, why);
			}
		}
	}
}

static struct arena *new_arena(size_t size)
{
	struct arena *a = pool_alloc(sizeof(*a));

	arena_init(a, pool_alloc(size), size);
	return a;
}

static struct vm_config *check_vm(struct buildfile *bf, const struct script_vm *vm,
				  const struct board_limits *board)
{
	const struct config_source source = {
		.words = vm->words, .word_count = vm->word_count, .open = open_config, .ctx = bf,
	};
	struct vm_config *cfg = pool_alloc(sizeof(*cfg));

	if (config_parse(cfg, new_arena(VM_ARENA), &source, bf->diag) != 0) {
		return NULL;
	}
	check_vdevs(bf, cfg);
	check_loads(bf, cfg);
	check_files(bf, cfg);
	if (config_check(cfg, board, bf->diag) != 0) {
		return NULL;
	}
	parts_for_vm(bf, cfg);
	return cfg;
}

static void unpack_kernels(struct buildfile *bf)
{
	struct mk_file *f;

	for (f = bf->files; f != NULL; f = f->next) {
		if (f->kernel && !f->config && !f->script) {
			payload_unpack(f, bf->diag);
		}
	}
}

static int open_blob(struct load_files *files, const struct cfg_load *l, struct load_file *out,
		     struct diag *d)
{
	const struct mk_file *f = buildfile_find(files->arg, l->path);

	(void)d;
	*out = (struct load_file) { .data = f->data.data, .size = f->data.size };
	return 0;
}

/* Everything the VM loads is known here: nothing comes from the bootloader or may be missing. */
static bool is_complete(const struct buildfile *bf, const struct vm_config *cfg)
{
	const struct cfg_load *l;

	for (l = cfg->load; l != NULL; l = l->next) {
		const struct mk_file *f = l->source == SOURCE_FILE ? buildfile_find(bf, l->path) : NULL;

		if (f == NULL || f->missing || f->type != MK_FILE) {
			return false;
		}
	}
	return true;
}

/* Headers of what is loaded, and room for it: the plan the monitor will make. */
static bool plan_vm(struct buildfile *bf, struct vm_config *cfg)
{
	struct load_files files = { .open = open_blob, .arg = bf };
	struct load_plan *plan = pool_alloc(sizeof(*plan));
	struct guest_fdt g = { .cfg = cfg };

	if (!is_complete(bf, cfg)) {
		return true;
	}
	cfg->gic.version = (u8)config_gic_version(cfg); /* either will do: the tree's size is a bound */
	return load_plan(plan, cfg, &files, &g, bf->diag) == 0;
}

void vms_check(struct buildfile *bf, const struct board_limits *board)
{
	struct vm_config *cfg[VM_MAX];
	const struct script_vm *vm;
	struct mk_file *f = bf->script;
	struct script script;
	u32 count = 0, errors, i;

	if (f == NULL || f->missing) {
		return;
	}
	if (script_parse((const char *)f->data.data, f->data.size, &f->text_pos, new_arena(SCRIPT_ARENA_SIZE),
			 bf->diag, &script) != 0) {
		return;
	}
	if (script.vm_count == 0 || script.vm_count > VM_MAX) {
		diag_error(bf->diag, &f->pos, "the start script starts %u VMs, expected 1 to %u",
			   script.vm_count, VM_MAX);
		return;
	}
	for (vm = script.vms; vm != NULL; vm = vm->next) {
		cfg[count] = check_vm(bf, vm, board);
		count += cfg[count] != NULL;
	}
	if (count == script.vm_count &&
	    (config_check_system((const struct vm_config *const *)cfg, count, board, bf->diag) != 0 ||
	     config_check_links((const struct vm_config *const *)cfg, count, bf->diag) != 0)) {
		return;
	}
	unpack_kernels(bf);
	errors = bf->diag->errors;
	for (i = 0; i < count && errors == 0; i++) {
		if (!plan_vm(bf, cfg[i])) {
			return;
		}
	}
}

const char *vms_place(const struct buildfile *bf, const char *line)
{
	const char *p;

	/* FILE:LINE:COL: ... with a FILE that may hold colons */
	for (p = strchr(line, ':'); p != NULL; p = strchr(p + 1, ':')) {
		u32 at_line, col;
		struct mk_file *f;
		const char *name;
		int used = 0;

		if (sscanf(p, ":%u:%u: %n", &at_line, &col, &used) != 2 || used == 0) {
			continue;
		}
		name = pool_strndup(line, (size_t)(p - line));
		f = strcmp(name, bf->path) == 0 ? NULL : buildfile_find(bf, name);
		if (f == NULL || !f->config || f->text_pos.file == NULL) {
			return line;
		}
		col += at_line == 1 ? f->text_pos.col - 1 : 0;
		return pool_printf("%s:%u:%u: %s", f->text_pos.file, at_line + f->text_pos.line - 1, col,
				   p + used);
	}
	return line;
}
