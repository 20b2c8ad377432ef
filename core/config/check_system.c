/* SPDX-License-Identifier: Apache-2.0 */
/* Checks across VMs. */
#include "core/config/check.h"

#include <errno.h>
#include <string.h>
#include "core/config/check_parts.h"

static u64 ram_of(const struct vm_config *vm)
{
	u64 sum = 0;

	for (const struct cfg_mem *m = vm->mem; m != NULL; m = m->next) {
		sum += MIN(m->size, ~sum); /* saturates */
	}
	return sum;
}

/* A number that is one VM's only. */
static void share_number(const struct cfg_option *o, const struct vm_config *other, struct diag *diag)
{
	for (const struct cfg_vdev *v = other->vdev; v != NULL; v = v->next) {
		for (const struct cfg_option *p = v->options; p != NULL; p = p->next) {
			if (p->decl == o->decl && p->num == o->num) {
				diag_error(diag, &o->pos, "%s %lu is VM '%s's already", o->decl->name, o->num,
					   other->name);
			}
		}
	}
}

static void check_pair(const struct vm_config *vm, const struct vm_config *other, const struct board_limits *board,
		       struct diag *diag)
{
	if (vm->named && other->named && strcmp(vm->name, other->name) == 0) {
		diag_error(diag, &vm->pos, "a second VM with the name '%s'", vm->name);
	}
	for (const struct cfg_vdev *v = vm->vdev; v != NULL; v = v->next) {
		for (const struct cfg_option *o = v->options; o != NULL; o = o->next) {
			if (o->decl->unique) {
				share_number(o, other, diag);
			}
		}
	}
	check_share(vm, other, diag);
	check_share_modules(vm, other, board, diag);
	check_share_modules(other, vm, board, diag);
}

int config_check_system(const struct vm_config *const *vms, u32 count,
			const struct board_limits *board, struct diag *diag)
{
	u32 errors = diag->errors;
	u64 used = 0, have = 0;

	for (u32 i = 0; board != NULL && i < board->ram_count; i++) {
		have += board->ram[i].size;
	}
	for (u32 i = 0; i < count; i++) {
		u64 ram = ram_of(vms[i]);

		for (u32 j = 0; j < i; j++) {
			check_pair(vms[i], vms[j], board, diag);
		}
		used += MIN(ram, ~used);
		if (board != NULL && used > have && used - ram <= have) {
			diag_error(diag, &vms[i]->pos, "%lu MiB of guest memory with VM '%s': "
				   "the board has %lu MiB for VMs", used >> 20, vms[i]->name, have >> 20);
		}
	}
	return diag->errors == errors ? 0 : -EINVAL;
}
