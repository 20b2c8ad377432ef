/* SPDX-License-Identifier: Apache-2.0 */
/* The life-cycle thread of a VM: build, load, run, say why it ended, restart or take it down. */
#include "core/vm_build.h"

#include <string.h>
#include "core/base/log.h"
#include "core/console.h"
#include "core/base/memory.h"

static void start(struct vm *vm)
{
	u64 flags;

	vm->end = VM_END_NONE;
	vm->reason[0] = '\0';
	vm->culprit = NULL;
	vm->hold = false;
	vm->vcpu_started = false;
	vm->cntvoff = vm->cfg->counter_offset == ~0UL ? counter_now() : vm->cfg->counter_offset;
	vm->starts++;
	vm_log(vm, LOG_INFO, "starting, %u vCPU%s, %lu MiB at 0x%lx, entry 0x%lx", vm->vcpu_count,
	       vm->vcpu_count == 1 ? "" : "s", vm->ram[0].size >> 20, vm->ram[0].ipa,
	       vm->vcpu[0]->on_entry);
	console_vm_start(vm);
	flags = spin_lock_irq(&vm->lock);
	vm->state = VM_RUNNING;
	vm->vcpu[0]->power = VCPU_ON_PENDING;
	spin_unlock_irq(&vm->lock, flags);
	thread_wake(&vm->vcpu[0]->thread);
}

/* Under vm->lock: nothing runs, and no CPU_ON is still on its way to its vCPU. */
static bool all_off(const struct vm *vm)
{
	bool off = vm->running == 0 && vm->vcpu_started;

	for (u32 i = 0; i < vm->vcpu_count; i++) {
		off = off && vm->vcpu[i]->power == VCPU_OFF;
	}
	return off;
}

/* Until every vCPU has left the guest for good. */
static void wait_end(struct vm *vm)
{
	for (;;) {
		u64 flags = spin_lock_irq(&vm->lock);
		bool over = vm->running == 0 && vm->state == VM_ENDING;

		if (vm->state == VM_RUNNING && all_off(vm)) {
			/* The last vCPU switched itself off. */
			vm->state = VM_ENDING;
			vm->end = VM_END_ALL_OFF;
			over = true;
		}
		spin_unlock_irq(&vm->lock, flags);
		if (over) {
			return;
		}
		thread_block();
	}
}

static void dump_registers(struct vm *vm, const struct vcpu *v)
{
	const struct vcpu_sysregs *r = &v->regs;

	vm_log(vm, LOG_INFO, "  vCPU %u  pc 0x%lx  pstate 0x%lx  lr 0x%lx  sp_el1 0x%lx", v->id,
	       v->pc, v->pstate, v->x[30], r->sp_el1);
	for (unsigned int i = 0; i < 28; i += 4) {
		vm_log(vm, LOG_INFO, "  x%-2u %016lx %016lx %016lx %016lx", i, v->x[i],
		       v->x[i + 1], v->x[i + 2], v->x[i + 3]);
	}
	vm_log(vm, LOG_INFO, "  x28 %016lx %016lx  vbar 0x%lx  esr 0x%lx  far 0x%lx  elr 0x%lx",
	       v->x[28], v->x[29], r->vbar, r->esr, r->far, r->elr);
}

static void report(struct vm *vm)
{
	arch_bench_report(); /* first: what follows is not the guest's doing */
	switch ((enum vm_end)vm->end) {
	case VM_END_OFF:
		vm_log(vm, LOG_INFO, "ended, the guest powered off (PSCI SYSTEM_OFF)");
		break;
	case VM_END_RESET:
		vm_log(vm, LOG_INFO, "the guest asked for a reset, restarting");
		break;
	case VM_END_ALL_OFF:
		vm_log(vm, LOG_INFO, "ended, the last vCPU switched itself off (PSCI CPU_OFF)");
		break;
	case VM_END_KILLED:
		vm_log(vm, LOG_WARN, "stopped, %s", vm->reason);
		if (vm->culprit != NULL) {
			dump_registers(vm, vm->culprit);
		}
		break;
	case VM_END_WATCHDOG:
		vm_log(vm, LOG_WARN, "ended, its watchdog has expired");
		break;
	case VM_END_CONFIG:
		vm_log(vm, LOG_WARN, "not started");
		break;
	case VM_END_NONE:
		break;
	}
}

static bool run_once(struct vm *vm, struct diag *d)
{
	if (vm_load(vm, d) != 0) {
		vm->end = VM_END_CONFIG;
		return false;
	}
	vm->state = VM_READY;
	if (vm->cfg->fdt_dump_file != NULL && vm->starts == 0) {
		vm_log(vm, LOG_WARN, "set fdt-dump-file writes no file here, qvm-check does");
	}
	if (vm->cfg->dryrun) {
		vm_log(vm, LOG_INFO, "Exiting: dryrun completed");
		return false;
	}
	start(vm);
	wait_end(vm);
	return true;
}

static void vm_main(void *arg)
{
	struct vm *vm = arg;
	struct diag d = { .emit = log_diag };
	bool built;

	vm->thread = current_thread(); /* vm_create() may not have got to know it yet */
	built = vm_build(vm, &d) == 0;

	if (!built) {
		vm->end = VM_END_CONFIG;
	}
	while (built) {
		bool ran = run_once(vm, &d);

		if (vm->end != VM_END_RESET) {
			console_vm_end(vm); /* its last words come before ours */
		}
		report(vm);
		if (!ran || vm->end != VM_END_RESET) {
			break;
		}
		vm_scrub(vm);
	}
	if (!built) {
		report(vm);
	}
	console_vm_end(vm);
	if (built) {
		vm_destroy(vm);
	}
	__atomic_store_n(&vm->state, (u8)VM_DEAD, __ATOMIC_RELEASE);
	thread_wake(vm->done);
}

struct vm *vm_create(struct vm_config *cfg, u32 id, struct thread *done)
{
	struct vm *vm = mem_alloc(sizeof(*vm));

	if (vm == NULL) {
		return NULL;
	}
	vm->cfg = cfg;
	vm->id = id;
	vm->done = done;
	vm->thread = thread_create_for(vm, cfg->name, PRIO_DEFAULT, ~0UL, vm_main, vm);
	if (vm->thread == NULL) {
		mem_free(vm, sizeof(*vm));
		return NULL;
	}
	return vm;
}
