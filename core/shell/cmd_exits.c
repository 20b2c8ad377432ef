/* SPDX-License-Identifier: Apache-2.0 */
/* How often vCPUs have left their guests, and why. */
#include <errno.h>
#include <string.h>
#include "core/base/fmt.h"
#include "core/exits.h"
#include "core/shell/shell.h"
#include "core/shell/view.h"

static u64 counts[EXIT_COUNTERS]; /* the shell is one thread, and its stack is small */

/* The counters of vCPUs from..to-1, added up; how many vCPUs that are. */
static u32 add_up(struct vm *vm, u32 from, u32 to)
{
	u32 n = 0;
	u64 flags;

	memset(counts, 0, sizeof(counts));
	for (u32 i = from; i < to && view_open(vm, &flags); i++) {
		bool there = i < vm->vcpu_count;

		for (u32 k = 0; k < EXIT_COUNTERS && there; k++) {
			counts[k] += vm->vcpu[i]->exits[k];
		}
		n += there;
		view_close(vm, flags);
	}
	return n;
}

SHELL_COMMAND(exits, "exits", "VM [vCPU]", "how often a VM's vCPUs have left the guest, by reason")
{
	struct vm *vm = shell_vm(sh, argv[1]);
	u64 first = 0, end = VM_MAX_CPUS;

	if (vm == NULL || (argc > 2 && !shell_number(sh, argv[2], &first))) {
		return 0;
	}
	end = argc > 2 ? MIN(first, end) + 1 : end;
	if (add_up(vm, (u32)MIN(first, end), (u32)end) == 0) {
		shell_print(sh, "%s: no such vCPU now", vm->cfg->name);
	}
	for (u32 k = 0; k < EXIT_COUNTERS; k++) {
		const char *name = exit_name(k);

		if (counts[k] != 0 && name != NULL) {
			shell_print(sh, "%-12s%12lu", name, counts[k]);
		} else if (counts[k] != 0) {
			shell_print(sh, "class 0x%02x  %12lu", k, counts[k]);
		}
	}
	return 0;
}
