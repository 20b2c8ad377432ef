/* SPDX-License-Identifier: Apache-2.0 */
/* Commands about VMs as such: which there are, how they fare, their life. */
#include <errno.h>
#include <string.h>
#include "core/base/fmt.h"
#include "core/console/console.h"
#include "core/shell/edit.h"
#include "core/shell/shell.h"
#include "core/shell/view.h"
#include "core/vm_life.h"

/* ---- Tables */

static u64 ram_of(const struct vm *vm)
{
	u64 size = 0;

	for (const struct cfg_mem *m = vm->cfg->mem; m != NULL; m = m->next) {
		size += m->rom ? 0 : m->size;
	}
	return size;
}

static void show_vm(struct shell *sh, struct vm *vm, u32 number)
{
	struct vcpu_view v;
	char end[32] = "-";
	u32 share = 0;

	for (u32 i = 0; view_vcpu(vm, i, &v); i++) {
		share += share_vcpu(number, i, v.ran);
	}
	if (vm->end != VM_END_NONE) {
		fmt_str(end, sizeof(end), "%u %s", vm_exit_code(vm), vm_end_name(vm));
	}
	shell_print(sh, "%2u %-16s %-9s%6u %7luK %6u %4u.%u%%  %s", number + 1, vm->cfg->name,
		    vm_state_name(vm), vm->cfg->cpu_count, ram_of(vm) >> 10, vm->starts, share / 10,
		    share % 10, end);
}

SHELL_COMMAND(vms, "vms", "", "VMs: state, size, starts, share of a CPU, last exit code")
{
	share_begin();
	shell_print(sh, "no name             state     vCPUs   memory starts  share  last end");
	for (u32 i = 0; i < VM_MAX; i++) {
		if (vm_at(i) != NULL) {
			show_vm(sh, vm_at(i), i);
		}
	}
	return 0;
}

static void show_vcpus(struct shell *sh, struct vm *vm, u32 number)
{
	struct vcpu_view v;

	for (u32 i = 0; view_vcpu(vm, i, &v); i++) {
		u32 share = share_vcpu(number, i, v.ran);
		char name[VM_NAME_MAX + 4], mask[24] = "all";

		fmt_str(name, sizeof(name), "%s.%u", vm->cfg->name, i);
		if (v.allowed != ~0UL) {
			fmt_str(mask, sizeof(mask), "0x%lx", v.allowed);
		}
		shell_print(sh, "%-18s %-9s %3u %4u%c %8s %4u.%u%% %10lu", name, v.state, v.cpu, v.prio,
			    v.alg, mask, share / 10, share % 10, v.exits);
	}
}

SHELL_COMMAND(vcpus, "vcpus", "[VM]", "vCPUs: state, CPU, priority, runmask, share, exits")
{
	struct vm *only = argc > 1 ? shell_vm(sh, argv[1]) : NULL;

	if (argc > 1 && only == NULL) {
		return 0;
	}
	share_begin();
	shell_print(sh, "vCPU               state     CPU  prio  runmask  share      exits");
	for (u32 i = 0; i < VM_MAX; i++) {
		if (vm_at(i) != NULL && (only == NULL || only == vm_at(i))) {
			show_vcpus(sh, vm_at(i), i);
		}
	}
	return 0;
}

/* ---- Life */

/* What was asked of one VM and what came of it. */
static void apply(struct shell *sh, const char *verb, int (*fn)(struct vm *vm), struct vm *vm)
{
	int err = fn(vm);

	if (err == 0) {
		shell_print(sh, "%s: %s", vm->cfg->name, vm_state_name(vm));
	} else {
		shell_print(sh, "%s: cannot %s, it is %s", vm->cfg->name, verb, vm_state_name(vm));
	}
}

static int for_vms(struct shell *sh, const char *const *argv, int (*fn)(struct vm *vm))
{
	struct vm *vm;

	if (strcmp(argv[1], "all") == 0) {
		for (u32 i = 0; i < VM_MAX; i++) {
			if (vm_at(i) != NULL) {
				apply(sh, argv[0], fn, vm_at(i));
			}
		}
		return 0;
	}
	vm = shell_vm(sh, argv[1]);
	if (vm != NULL) {
		apply(sh, argv[0], fn, vm);
	}
	return 0;
}

SHELL_COMMAND(start, "start", "VM|all", "build and start a VM that has ended")
{
	return for_vms(sh, argv, vm_start);
}

SHELL_COMMAND(stop, "stop", "VM|all", "end a VM now, its memory is given back")
{
	return for_vms(sh, argv, vm_stop);
}

SHELL_COMMAND(restart, "restart", "VM|all", "start a VM again from its image")
{
	return for_vms(sh, argv, vm_restart);
}

SHELL_COMMAND(pause, "pause", "VM|all", "let no vCPU of a VM run")
{
	return for_vms(sh, argv, vm_pause);
}

SHELL_COMMAND(resume, "resume", "VM|all", "let a paused VM go on")
{
	return for_vms(sh, argv, vm_resume);
}

static int kill_vm(struct vm *vm)
{
	return vm_abort(vm, "killed by the operator");
}

SHELL_COMMAND(kill, "kill", "VM|all", "end a VM as if it had failed: its dump and policy apply")
{
	return for_vms(sh, argv, kill_vm);
}

/* ---- The console */

SHELL_COMMAND(focus, "focus", "VM", "connect this terminal to a VM")
{
	struct vm *vm = shell_vm(sh, argv[1]);

	if (vm != NULL && sh->remote) {
		shell_print(sh, "this is not the terminal's shell");
	} else if (vm != NULL) {
		console_focus(vm);
	}
	return 0;
}

/* ---- The machine */

/* All VMs in order, as far as they let themselves be stopped. */
static void stop_all(void)
{
	for (u32 i = 0; i < VM_MAX; i++) {
		if (vm_at(i) != NULL && vm_stop(vm_at(i)) != 0) {
			continue; /* it has ended already */
		}
	}
	console_flush();
}

SHELL_COMMAND(poweroff, "poweroff", "now", "stop all VMs, then switch the machine off")
{
	if (strcmp(argv[1], "now") != 0) {
		return -EINVAL;
	}
	stop_all();
	arch_system_off();
}

SHELL_COMMAND(reset, "reset", "now", "stop all VMs, then reset the machine")
{
	if (strcmp(argv[1], "now") != 0) {
		return -EINVAL;
	}
	stop_all();
	arch_system_reset();
}
