/* SPDX-License-Identifier: Apache-2.0 */
/* The command that makes a dump of a VM that is well: as SIGUSR2 does to a qvm of QNX. */
#include <errno.h>
#include "core/dump.h"
#include "core/shell/shell.h"
#include "core/vm_life.h"

/* Paused it stays until its dump has been fetched, or somebody resumes it. */
static int dump_paused(struct vm *vm)
{
	int err = vm_pause(vm);

	if (err != 0 && vm->state != VM_PAUSED) {
		return err;
	}
	if (!vm_inspect(vm)) {
		return -EINVAL;
	}
	err = vm->state == VM_PAUSED ? dump_make(vm) : -EINVAL;
	vm_inspect_end(vm);
	return err;
}

SHELL_COMMAND(dump, "dump", "VM", "pause a VM until its memory has been fetched")
{
	struct vm *vm = shell_vm(sh, argv[1]);
	const char *name;
	int err;

	if (vm == NULL) {
		return 0;
	}
	name = vm->cfg->name;
	err = vm->state == VM_HELD ? 0 : dump_paused(vm);
	if (err != 0) {
		shell_print(sh, err == -ENOMEM ? "%s: no memory for a dump" : "%s is %s: it has nothing to dump",
			    name, vm_state_name(vm));
	} else {
		shell_print(sh, "%s is %s until its dump is fetched: make dump VM=%s; %s lets it go without", name,
			    vm_state_name(vm), name, vm->state == VM_HELD ? "restart or stop" : "resume");
	}
	return 0;
}
