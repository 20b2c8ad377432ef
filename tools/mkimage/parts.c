/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/mkimage/parts.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include "core/clock/clock.h"

#define PREFIX "part-"

/* What a part is of no use without. */
static const struct {
	const char *name, *needs;
} part_needs[] = {
	{ "disk", "pci" },
	{ "nic", "pci" },
	{ "pass", "iommu" },
	{ "pci", "iommu" },
	{ "vpci", "msi" },
};

static bool part_wanted(const struct buildfile *bf, const char *name)
{
	const struct mk_part *p = bf->parts;

	for (; p != NULL && strcmp(p->name, name) != 0; p = p->next) {
	}
	return p != NULL;
}

/* Drivers: uart-NAME, iommu-NAME. All are linked that an image can use, or those that its buildfile names. */
static bool is_driver(const char *name)
{
	return strncmp(name, "uart-", 5) == 0 || strncmp(name, "iommu-", 6) == 0;
}

static bool driver_wanted(const struct buildfile *bf, const char *name)
{
	size_t kind = strcspn(name, "-") + 1;
	bool named = false;

	if (strncmp(name, "iommu-", 6) == 0 && !part_wanted(bf, "iommu") && !part_wanted(bf, "all")) {
		return false;
	}
	for (const struct mk_part *p = bf->parts; p != NULL; p = p->next) {
		if (strcmp(p->name, name) == 0) {
			return true;
		}
		named |= strncmp(p->name, name, kind) == 0;
	}
	return !named;
}

void parts_need(struct buildfile *bf, const char *name, const struct src_pos *pos)
{
	struct mk_part *p;

	for (; name != NULL && !part_wanted(bf, name);) {
		const char *more = NULL;

		p = pool_alloc(sizeof(*p));
		*p = (struct mk_part){ .next = bf->parts, .pos = *pos, .name = name };
		bf->parts = p;
		for (size_t i = 0; i < sizeof(part_needs) / sizeof(part_needs[0]); i++) {
			more = strcmp(part_needs[i].name, name) == 0 ? part_needs[i].needs : more;
		}
		name = more;
	}
}

bool parts_add(struct buildfile *bf, const char *word, const struct src_pos *pos)
{
	const char *name = strchr(word, '-');
	size_t kind = name != NULL ? (size_t)(name - word) : 0;

	if (name == NULL || name[1] == '\0' || strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") < strlen(name)) {
		return false;
	}
	if (kind == strlen("part") && strncmp(word, "part", kind) == 0) {
		parts_need(bf, pool_strndup(name + 1, strlen(name + 1)), pos);
		return true;
	}
	if (!is_driver(word)) {
		return false;
	}
	parts_need(bf, pool_strndup(word, strlen(word)), pos);
	return true;
}

/* Disks and network cards of the machine have names of their own: /dev/disk0p1, </dev/disk/by-serial/S, /dev/nic0. */
static void for_vdev(struct buildfile *bf, const struct cfg_vdev *v)
{
	for (const struct cfg_option *o = v->options; o != NULL; o = o->next) {
		const char *name = o->str == NULL ? "" : o->str[0] == '<' ? o->str + 1 : o->str;

		if (strncmp(name, "/dev/nic", strlen("/dev/nic")) == 0) {
			parts_need(bf, "nic", &o->pos);
		} else if (strncmp(name, "/dev/", strlen("/dev/")) == 0) {
			parts_need(bf, "disk", &o->pos);
		}
	}
}

void parts_for_vm(struct buildfile *bf, const struct vm_config *cfg)
{
	const struct cfg_vdev *clocks = clock_vdev(cfg);
	bool pci = cfg->pci.present;

	if (clocks != NULL) {
		parts_need(bf, "pass", &clocks->pos);
	}
	for (const struct cfg_vdev *v = cfg->vdev; v != NULL; v = v->next) {
		for_vdev(bf, v);
	}
	for (const struct cfg_pass *p = cfg->pass; p != NULL; p = p->next) {
		parts_need(bf, "pass", &p->pos);
		if (p->kind == PASS_PCI || p->kind == PASS_REST || p->pci_count != 0) {
			parts_need(bf, "pci", &p->pos);
			pci = true;
		}
	}
	if (pci) {
		parts_need(bf, "vpci", &cfg->pos);
	}
	if (cfg->gic.has_its || cfg->gic.has_v2m) {
		parts_need(bf, "vpci", &cfg->gic.pos); /* has the nodes of the guest's device tree */
		parts_need(bf, "msi", &cfg->gic.pos);
	}
}

/* Files of parts and drivers, and what they are called in a buildfile. */
static int is_part(const struct dirent *e)
{
	size_t n = strlen(e->d_name);

	return (strncmp(e->d_name, PREFIX, strlen(PREFIX)) == 0 || is_driver(e->d_name)) && n > 2 &&
	       strcmp(e->d_name + n - 2, ".o") == 0;
}

static char *part_name(const char *file)
{
	size_t skip = is_driver(file) ? 0 : strlen(PREFIX);

	return pool_strndup(file + skip, strlen(file) - skip - strlen(".o"));
}

u32 parts_objects(const struct buildfile *bf, const char *dir, char *path[PARTS_MAX])
{
	struct dirent **files = NULL;
	int count = scandir(dir, &files, is_part, alphasort); /* in an order that is always the same */
	char *list = pool_strndup("all", 3);
	u32 n = 0;

	for (int i = 0; i < count; i++) {
		const char *name = part_name(files[i]->d_name);
		char *absent = path_join(dir, pool_printf("absent-%s.o", name));

		list = pool_printf("%s, %s", list, name);
		if (is_driver(name)) {
			if (n < PARTS_MAX && driver_wanted(bf, name)) {
				path[n++] = path_join(dir, files[i]->d_name);
			}
			continue;
		}
		if (n < PARTS_MAX && (part_wanted(bf, name) || part_wanted(bf, "all") || !path_exists(absent))) {
			path[n++] = path_join(dir, files[i]->d_name);
		} else if (n < PARTS_MAX) {
			path[n++] = absent;
		}
	}
	for (const struct mk_part *p = bf->parts; p != NULL; p = p->next) {
		bool found = strcmp(p->name, "all") == 0;

		for (int i = 0; i < count && !found; i++) {
			found = strcmp(part_name(files[i]->d_name), p->name) == 0;
		}
		if (!found && count > 0) {
			diag_error(bf->diag, &p->pos, "no part or driver '%.64s', expected %s", p->name, list);
		}
	}
	for (int i = 0; i < count; i++) {
		free(files[i]);
	}
	free(files);
	return n;
}
