/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/mkimage/link.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include "core/base/range.h"
#include "core/image.h"
#include "tools/mkimage/elf64.h"
#include "tools/mkimage/parts.h"
#include "tools/mkimage/vdev_type.h"
#include "tools/mkimage/vdevs.h"

#define MONITOR_MAX MiB(64)
#define VDEVS_MAX 64

/* The devices there are, for a message: "pl011, pl031". */
static char *available(const char *dir)
{
	char *list = pool_strndup("", 0);
	DIR *dp = opendir(dir);
	struct dirent *e;

	while (dp != NULL && (e = readdir(dp)) != NULL) {
		size_t n = strlen(e->d_name);

		if (strncmp(e->d_name, "vdev-", 5) == 0 && n > 7 &&
		    strcmp(e->d_name + n - 2, ".o") == 0 && strlen(list) < 128) {
			list = pool_printf("%s%s%.*s", list, list[0] != '\0' ? ", " : "", (int)n - 7,
					   e->d_name + 5);
		}
	}
	if (dp != NULL) {
		closedir(dp);
	}
	return list;
}

/* What virtio-blk and virtio-net need, VMs tell: others use disks and cards of the machine whatever those say. */
static void need_parts(struct buildfile *bf, const struct mk_vdev *v, const struct elf64 *e)
{
	for (u64 i = 0; i < e->symbol_count; i++) {
		const char *name = elf64_symbol_name(e, &e->symbol[i]);

		if (e->symbol[i].st_shndx != SHN_UNDEF) {
			continue;
		}
		if (strcmp(name, "disk_open") == 0) {
			parts_need(bf, "disk", &v->pos);
		} else if (strcmp(name, "net_uplink") == 0 && strcmp(v->name, "virtio-net") != 0) {
			parts_need(bf, "nic", &v->pos);
		}
	}
}

static bool load_vdev(struct buildfile *bf, struct mk_vdev *v, const struct link_options *o,
		      const struct elf64 *monitor)
{
	struct diag *d = bf->diag;
	char *path = path_join(o->vdev_dir, pool_printf("vdev-%s.o", v->name));
	const struct src_pos pos = { .file = path };
	const char *why;
	struct elf64 e;
	struct blob file;
	u32 i;

	if (file_read(path, &file) != 0) {
		diag_error(d, &v->pos, "no device '%.64s': cannot read %.128s; there are: %s", v->name, path,
			   available(o->vdev_dir));
		return false;
	}
	if (!vdev_object_check(path, file, monitor, d)) {
		return false;
	}
	v->types = pool_alloc(VDEV_TYPES_MAX * sizeof(*v->types));
	why = elf64_open(&e, file, ET_REL);
	why = why != NULL ? why : vdev_types_read(&e, v->types, &v->type_count);
	if (why != NULL) {
		diag_error(d, &pos, "%s", why);
		return false;
	}
	for (i = 0; i < v->type_count; i++) {
		if (vdev_find(v->types[i]->name) == NULL && !vdev_type_register(v->types[i])) {
			diag_error(d, &v->pos, "too many devices from elsewhere");
			return false;
		}
	}
	need_parts(bf, v, &e);
	v->path = path;
	return true;
}

void link_load_vdevs(struct buildfile *bf, const struct link_options *o)
{
	const struct src_pos pos = { .file = o->monitor };
	struct mk_vdev *v;
	struct elf64 monitor;
	struct blob file;
	const char *why;
	int ret = file_read(o->monitor, &file);
	u32 n = 0;

	why = ret != 0 ? strerror(-ret) : elf64_open(&monitor, file, ET_REL);
	if (why != NULL) {
		diag_error(bf->diag, &pos, "cannot use this as the monitor: %s", why);
		return;
	}
	for (v = bf->vdevs; v != NULL; v = v->next) {
		if (n++ == VDEVS_MAX) {
			diag_error(bf->diag, &v->pos, "more than %d devices", VDEVS_MAX);
			return;
		}
		(void)load_vdev(bf, v, o, &monitor);
	}
}

static bool get(const struct elf64 *e, const char *path, const char *name, u64 *value,
		struct diag *d)
{
	const struct src_pos pos = { .file = path };
	const Elf64_Sym *s = elf64_global(e, name);

	if (s == NULL) {
		diag_error(d, &pos, "the linker script does not define '%s'", name);
		return false;
	}
	*value = s->st_value;
	return true;
}

static u64 fnv1a(const u8 *p, u64 size)
{
	u64 h = 0xcbf29ce484222325, i;

	for (i = 0; i < size; i++) {
		h = (h ^ p[i]) * 0x100000001b3;
	}
	return h;
}

/* What the program headers load below `end`, at its place. */
static bool flatten(const struct elf64 *e, u64 start, u64 size, u8 *to)
{
	const Elf64_Ehdr *h = (const Elf64_Ehdr *)(const void *)e->file.data;
	const Elf64_Phdr *p = (const Elf64_Phdr *)(const void *)(e->file.data + h->e_phoff);
	u32 i;

	if (h->e_phentsize != sizeof(*p) || !IS_ALIGNED(h->e_phoff, 8) ||
	    !range_contains(0, e->file.size, h->e_phoff, (u64)h->e_phnum * sizeof(*p))) {
		return false;
	}
	for (i = 0; i < h->e_phnum; i++, p++) {
		if (p->p_type != PT_LOAD || p->p_filesz == 0) {
			continue;
		}
		if (!range_contains(0, e->file.size, p->p_offset, p->p_filesz) ||
		    !range_contains(start, size, p->p_paddr, p->p_filesz)) {
			return false;
		}
		memcpy(to + (p->p_paddr - start), e->file.data + p->p_offset, p->p_filesz);
	}
	return true;
}

static bool read_monitor(const char *path, struct diag *d, struct monitor *m)
{
	const struct src_pos pos = { .file = path };
	u64 start, entry, load_end, bss_start, bss_end;
	const char *why;
	struct elf64 e;
	struct blob file;
	u8 *flat;

	if (file_read(path, &file) != 0) {
		diag_error(d, &pos, "cannot read what the linker wrote");
		return false;
	}
	why = elf64_open(&e, file, ET_EXEC);
	if (why != NULL) {
		diag_error(d, &pos, "%s", why);
		return false;
	}
	if (!get(&e, path, "quoin_image_start", &start, d) || !get(&e, path, "quoin_entry", &entry, d) ||
	    !get(&e, path, "quoin_load_end", &load_end, d) ||
	    !get(&e, path, "quoin_bss_start", &bss_start, d) ||
	    !get(&e, path, "quoin_bss_end", &bss_end, d)) {
		return false;
	}
	start += QUOIN_MONITOR_OFF;
	if (load_end <= start || load_end - start > MONITOR_MAX || bss_end < bss_start ||
	    !IS_ALIGNED(bss_start, PAGE_SIZE) ||
	    !range_contains(start, load_end - start, entry, 4) || !IS_ALIGNED(entry, 4)) {
		diag_error(d, &pos, "the linker script's symbols make no sense (text 0x%lx, entry 0x%lx, "
			   "end 0x%lx, bss 0x%lx-0x%lx)", start, entry, load_end, bss_start, bss_end);
		return false;
	}
	flat = pool_alloc(load_end - start);
	if (!flatten(&e, start, load_end - start, flat)) {
		diag_error(d, &pos, "a segment lies outside of text, rodata and data");
		return false;
	}
	m->flat = (struct blob) { .data = flat, .size = load_end - start };
	m->entry = (u32)(entry - start) + QUOIN_MONITOR_OFF;
	m->bss_size = ALIGN_UP(bss_end - bss_start, PAGE_SIZE);
	m->build_id = fnv1a(flat, m->flat.size);
	return true;
}

bool link_monitor(const struct buildfile *bf, const struct link_options *o, const char *elf,
		  const char *map, struct monitor *m)
{
	const struct src_pos pos = { .file = o->monitor };
	u32 errors = bf->diag->errors;
	char *argv[VDEVS_MAX + PARTS_MAX + 20] = {
		pool_printf("%sld", o->cross), "-nostdlib", "-static", "--gc-sections", "--build-id=none", "-z",
		"max-page-size=4096", "-z", "noexecstack", "-T", pool_printf("%s", o->lds), "-Map",
		pool_printf("%s", map), "-o", pool_printf("%s", elf), pool_printf("%s", o->monitor),
		"--fix-cortex-a53-835769", "--fix-cortex-a53-843419",
	};
	const struct mk_vdev *v;
	u32 n = 18;
	int ret;

	for (v = bf->vdevs; v != NULL; v = v->next) {
		argv[n++] = pool_printf("%s", v->path);
	}
	n += parts_objects(bf, path_dir(o->monitor), argv + n);
	if (bf->diag->errors != errors) {
		return false;
	}
	ret = run(argv);
	if (ret != 0) {
		diag_error(bf->diag, &pos, ret == -ENOENT ? "cannot run %s: set --cross or CROSS_COMPILE" :
			   "%s failed to link the monitor", argv[0]);
		return false;
	}
	return read_monitor(elf, bf->diag, m);
}
