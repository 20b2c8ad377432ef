/* SPDX-License-Identifier: Apache-2.0 */
/* What the boot loader says: /chosen and the modules in it. */
#include "core/board_parse.h"

void board_chosen_node(struct board_parser *p)
{
	const char *path = board_prop_string(p, PROP_STDOUT_PATH);
	const char *args = board_prop_string(p, PROP_BOOTARGS);
	struct board *b = p->b;
	u64 start, end;

	if (path == NULL) {
		path = board_prop_string(p, PROP_LINUX_STDOUT_PATH);
	}
	p->stdout_path = path;
	if (args != NULL) {
		b->bootargs = args;
	}
	start = board_prop_number(p, PROP_INITRD_START);
	end = board_prop_number(p, PROP_INITRD_END);
	if (end > start) {
		b->initrd.start = start;
		b->initrd.size = end - start;
		if (board_reserve(b, start, end - start, RESERVED_INITRD) != 0) {
			board_fail(p, "more than %d reserved memory ranges", BOARD_MAX_RESERVED);
		}
	}
	if (board_has(p, PROP_RNG_SEED)) {
		b->rng_seed = p->prop[PROP_RNG_SEED].data;
		b->rng_seed_len = p->prop[PROP_RNG_SEED].len;
	}
	b->kaslr_seed = board_prop_number(p, PROP_KASLR_SEED);
}

/* As Xen's booting.txt has it: reg in the cells of /chosen, which some forget to give. */
static bool module_range(const struct board_parser *p, struct range *x)
{
	const struct board_frame *chosen = &p->frame[p->depth - 2];
	u32 len = board_has(p, PROP_REG) ? p->prop[PROP_REG].len : 0;
	u32 ac = chosen->acells, sc = chosen->scells;

	if (!chosen->cells_given) {
		ac = len == 8 ? 1 : 2;
		sc = len == 16 ? 2 : 1;
	}
	if (ac - 1 > 1 || sc - 1 > 1 || len < 4 * (ac + sc)) {
		return false;
	}
	x->start = fdt_cells(p->prop[PROP_REG].data, ac);
	x->size = fdt_cells(p->prop[PROP_REG].data + 4 * ac, sc);
	return range_valid(x->start, x->size);
}

void board_module_node(struct board_parser *p)
{
	struct board *b = p->b;
	struct board_module *m;
	struct range x;
	u32 i;

	if (!module_range(p, &x)) {
		board_warn(p, "no usable reg: expected an address and a size; this module is left out");
		return;
	}
	if (b->module_count == BOARD_MAX_MODULES ||
	    board_reserve(b, x.start, x.size, RESERVED_MODULE) != 0) {
		board_fail(p, "more than %d boot modules or %d reserved ranges", BOARD_MAX_MODULES,
			   BOARD_MAX_RESERVED);
		return;
	}
	for (i = b->module_count++; i > 0 && b->module[i - 1].start > x.start; i--) {
		b->module[i] = b->module[i - 1];
	}
	m = &b->module[i];
	m->start = x.start;
	m->size = x.size;
	m->bootargs = board_prop_string(p, PROP_BOOTARGS);
	m->kind = board_compatible(p, "multiboot,kernel") ? MODULE_KERNEL :
		  board_compatible(p, "multiboot,ramdisk") ? MODULE_RAMDISK :
		  board_compatible(p, "multiboot,device-tree") ? MODULE_DEVICE_TREE : MODULE_OTHER;
}
