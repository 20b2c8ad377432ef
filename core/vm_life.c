/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life-cycle thread of a VM: build, load, run, say why it ended, restart or take it down. One state machine in one
 * file; what is asked of it comes through vm_request.c.
 */
#include "core/vm_request.h"

#include <errno.h>
#include <string.h>
#include "core/base/log.h"
#include "core/base/memory.h"
#include "core/console/console.h"
#include "core/dump.h"
#include "core/trace.h"
#include "core/vm_build.h"

/* A VM that lives shorter than a second again and again: from here on its restarts are not all logged. */
#define QUICK_LINES 10
/* ... and the pause before a restart has grown to what the restart itself costs, at most a second. */
#define QUICK_PAUSE 16

static void set_state(struct vm *vm, enum vm_state state)
{
	__atomic_store_n(&vm->state, (u8)state, __ATOMIC_RELEASE);
	trace_vm(vm, state);
}

static void start(struct vm *vm)
{
	u64 flags;

	vm->end = VM_END_NONE;
	vm->code = 0;
	vm->verdict = VERDICT_POLICY;
	vm->reason[0] = '\0';
	vm->culprit = NULL;
	vm->hold = false;
	vm->vcpu_started = false;
	vm->stopped_at = 0;
	vm->cntvoff = vm->cfg->counter_offset == ~0UL ? counter_now() : vm->cfg->counter_offset;
	vm->starts++;
	if (!vm->hush) {
		vm_log(vm, LOG_INFO, "starting, %u vCPU%s, %lu MiB at 0x%lx, entry 0x%lx", vm->vcpu_count,
		       vm->vcpu_count == 1 ? "" : "s", vm->ram[0].size >> 20, vm->ram[0].ipa,
		       vm->vcpu[0]->on_entry);
		log_debug("%s: start %u, %lu pages free", vm->cfg->name, vm->starts,
			  mem_free_bytes() / PAGE_SIZE);
		vm->said_at = counter_now();
	}
	console_vm_start(vm);
	flags = spin_lock_irq(&vm->lock);
	for (u32 i = 0; i < vm->vcpu_count; i++) {
		vm->vcpu[i]->power = VCPU_OFF; /* a CPU_ON may have met the end of the last life */
	}
	set_state(vm, VM_RUNNING);
	vm->started_at = counter_now();
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

/* vCPUs that do not get to leave because of others' priorities: the highest one, and back. */
static void set_priorities(struct vm *vm, bool highest)
{
	for (u32 i = 0; i < vm->vcpu_count; i++) {
		const struct cfg_cpu *c = &vm->cfg->cpu[i];

		/* A sporadic one has a high priority of its own, every so often. */
		if (c->alg != SCHED_SPORADIC) {
			thread_set_prio(&vm->vcpu[i]->thread,
					highest ? 255 : c->prio != 0 ? c->prio : PRIO_DEFAULT);
		}
	}
}

/* Some vCPU is still to halt or to park. */
static bool leaving(const struct vm *vm)
{
	return READ_ONCE(vm->state) != VM_RUNNING && READ_ONCE(vm->running) != READ_ONCE(vm->parked);
}

/* Under vm->lock: no vCPU will run again. */
static bool over(struct vm *vm)
{
	if ((vm->state == VM_RUNNING || vm->state == VM_PAUSED) && all_off(vm)) {
		/* The last vCPU switched itself off. */
		vm->state = VM_ENDING;
		vm->end = VM_END_ALL_OFF;
	}
	return vm->running == 0 && vm->state == VM_ENDING;
}

/* Until every vCPU has left the guest for good. */
static void wait_end(struct vm *vm)
{
	u64 patience = 0;
	bool hurried = false;

	for (;;) {
		u64 flags = spin_lock_irq(&vm->lock);
		bool ended = over(vm);

		spin_unlock_irq(&vm->lock, flags);
		if (!ended) {
			vm_serve(vm);
		}
		if (!leaving(vm)) {
			if (hurried) {
				set_priorities(vm, false);
			}
			hurried = false;
			patience = 0;
			if (ended) {
				return;
			}
			thread_block();
			continue;
		}
		patience = patience != 0 ? patience : counter_now() + counter_hz / 10;
		if (!hurried && counter_now() >= patience) {
			set_priorities(vm, true);
			hurried = true;
		}
		if (hurried) {
			thread_block();
		} else {
			thread_sleep_until(patience);
		}
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

/* What a QNX qvm would have exited with. */
static u8 exit_code(const struct vm *vm)
{
	switch ((enum vm_end)vm->end) {
	case VM_END_STOPPED:
	case VM_END_RESTART:
		return 3;
	case VM_END_WATCHDOG:
		return 4;
	case VM_END_UNSUPPORTED:
		return 5;
	case VM_END_DEVICE:
		return 6;
	case VM_END_KILLED:
		return 7;
	case VM_END_CONFIG:
		return vm->starts != 0 ? 96 : 65;
	case VM_END_NONE:
	case VM_END_OFF:
	case VM_END_RESET:
	case VM_END_ALL_OFF:
		break;
	}
	return 0;
}

/* Does the VM's `restart` want another life after this end? */
static bool policy_restarts(const struct vm *vm)
{
	switch ((enum vm_end)vm->end) {
	case VM_END_RESTART:
		return true;
	case VM_END_RESET:
		return vm->cfg->restart != RESTART_NEVER;
	case VM_END_OFF:
	case VM_END_ALL_OFF:
		return vm->cfg->restart == RESTART_ALWAYS;
	case VM_END_NONE:
	case VM_END_CONFIG:
	case VM_END_STOPPED:
		return false;
	case VM_END_KILLED:
	case VM_END_UNSUPPORTED:
	case VM_END_WATCHDOG:
	case VM_END_DEVICE:
		break;
	}
	return vm->cfg->restart == RESTART_CRASH || vm->cfg->restart == RESTART_ALWAYS;
}

static void report(struct vm *vm, bool restarts)
{
	switch ((enum vm_end)vm->end) {
	case VM_END_OFF:
		vm_log(vm, LOG_INFO, "ended, the guest powered off (PSCI SYSTEM_OFF), exit code 0");
		break;
	case VM_END_RESET:
		vm_log(vm, LOG_INFO, restarts ? "the guest asked for a reset, restarting" :
		       "ended, the guest asked for a reset, exit code 0");
		break;
	case VM_END_ALL_OFF:
		vm_log(vm, LOG_INFO, "ended, the last vCPU switched itself off (PSCI CPU_OFF), exit code 0");
		break;
	case VM_END_STOPPED:
		vm_log(vm, LOG_INFO, "ended, stopped by the operator, exit code 3");
		break;
	case VM_END_RESTART:
		vm_log(vm, LOG_INFO, "restarted by the operator");
		break;
	case VM_END_WATCHDOG:
		vm_log(vm, LOG_WARN, "ended, its watchdog has expired, exit code 4");
		break;
	case VM_END_KILLED:
	case VM_END_UNSUPPORTED:
	case VM_END_DEVICE:
		vm_log(vm, LOG_WARN, "stopped, %s, exit code %u", vm->reason, vm->code);
		if (vm->culprit != NULL) {
			dump_registers(vm, vm->culprit);
		}
		break;
	case VM_END_CONFIG:
		vm_log(vm, LOG_WARN, "not started, exit code %u", vm->code);
		break;
	case VM_END_NONE:
		break;
	}
}

/* Its ends and restarts by policy, unless there are too many of them to be told. */
static void report_restart(struct vm *vm)
{
	vm->hush = vm->quick > QUICK_LINES && counter_now() - vm->said_at < counter_hz;
	if (vm->hush) {
		vm->unsaid++;
		return;
	}
	report(vm, true);
	if (vm->unsaid != 0) {
		vm_log(vm, LOG_INFO, "%u restarts before this one were not logged", vm->unsaid);
		vm->unsaid = 0;
	}
	if (vm->cfg->restart_limit != 0 && vm->end != VM_END_RESTART) {
		vm_log(vm, LOG_INFO, "restart %u of %u", vm->restarts, vm->cfg->restart_limit);
	} else if (vm->end != VM_END_RESTART && vm->end != VM_END_RESET) {
		vm_log(vm, LOG_INFO, "restarting");
	}
}

/* Until somebody wants something else than to wait. */
static void wait_verdict(struct vm *vm)
{
	for (;;) {
		vm_serve(vm);
		if (vm->verdict != VERDICT_POLICY) {
			return;
		}
		thread_block();
	}
}

/* A VM that does nothing but restart leaves half of the time to others. */
static void back_off(struct vm *vm)
{
	u64 share = vm->cost * MIN(vm->quick, QUICK_PAUSE) / QUICK_PAUSE;
	u64 until = counter_now() + MIN(share, counter_hz);

	vm_serve(vm);
	while (vm->quick > 1 && vm->verdict == VERDICT_POLICY && counter_now() < until) {
		thread_sleep_until(until);
		vm_serve(vm);
	}
}

/* After an end: report it and decide whether the VM gets another life. */
static bool again(struct vm *vm)
{
	bool restart = policy_restarts(vm), limit;

	vm->quick = counter_now() - vm->started_at < counter_hz ? vm->quick + 1 : 0;
	vm->code = exit_code(vm);
	vm_notes_say(vm);
	limit = restart && vm->end != VM_END_RESTART && vm->cfg->restart_limit != 0 &&
		vm->restarts >= vm->cfg->restart_limit;
	restart = restart && !limit;
	if (restart) {
		vm->restarts += vm->end != VM_END_RESTART;
		report_restart(vm);
	} else {
		console_vm_end(vm); /* its last words come before ours */
		report(vm, false);
	}
	if (limit) {
		vm_log(vm, LOG_WARN, "restarted %u times, not again", vm->restarts);
	}
	if (dump_wanted(vm) && dump_make(vm) == 0) {
		set_state(vm, VM_HELD);
		vm_log(vm, LOG_WARN, "held for its dump, fetch it with: make dump VM=%s", vm->cfg->name);
		wait_verdict(vm);
		dump_drop(vm);
		set_state(vm, VM_ENDING);
	} else if (restart) {
		back_off(vm);
	}
	vm_serve(vm);
	if (vm->verdict == VERDICT_AGAIN) {
		vm->restarts = 0;
		vm->quick = 0;
		vm->hush = false;
		return true;
	}
	if (restart && vm->verdict == VERDICT_DEAD) {
		/* It was about to live again. */
		vm->end = VM_END_STOPPED;
		vm->code = exit_code(vm);
		report(vm, false);
		return false;
	}
	return restart;
}

static bool run_once(struct vm *vm, struct diag *d)
{
	set_state(vm, VM_READY);
	if (vm_load(vm, d) != 0) {
		vm->end = VM_END_CONFIG;
		return false;
	}
	if (vm->cfg->fdt_dump_file != NULL && vm->starts == 0) {
		vm_log(vm, LOG_WARN, "set fdt-dump-file writes no file here, qvm-check does");
	}
	if (vm->cfg->dryrun) {
		vm_log(vm, LOG_INFO, "Exiting: dryrun completed");
		return false;
	}
	return true;
}

/* Nobody looks at what is taken down. */
static void unbuild(struct vm *vm)
{
	u64 flags = spin_lock_irq(&vm->lock);

	vm->built = false;
	spin_unlock_irq(&vm->lock, flags);
	while (READ_ONCE(vm->users) != 0) {
		thread_block();
	}
	vm_destroy(vm);
}

/* From nothing to nothing. */
static void live(struct vm *vm)
{
	struct diag d = { .emit = log_diag };
	int err;

	set_state(vm, VM_NEW);
	vm->end = VM_END_NONE;
	vm->code = 0;
	vm->verdict = VERDICT_POLICY;
	vm->restarts = 0;
	vm->quick = 0;
	vm->hush = false;
	vm->cost = 0;
	err = vm_build(vm, &d);
	vm->built = err == 0;
	if (err != 0) {
		vm->end = VM_END_CONFIG;
	}
	while (vm->built) {
		u64 began = counter_now();

		if (!run_once(vm, &d)) {
			break;
		}
		vm->cost += counter_now() - began;
		start(vm);
		wait_end(vm);
		if (arch_bench_report()) { /* first: what follows is not the guest's doing */
			vdevs_report(vm);
		}
		if (!again(vm)) {
			break;
		}
		began = counter_now();
		vm_scrub(vm);
		vm->cost = counter_now() - began;
	}
	console_vm_end(vm);
	if (vm->end == VM_END_CONFIG) {
		vm->code = err == -ENOMEM ? 64 : exit_code(vm);
		report(vm, false);
	}
	if (vm->built) {
		unbuild(vm);
	}
	log_debug("%s: ended, %lu pages free", vm->cfg->name, mem_free_bytes() / PAGE_SIZE);
}

static void vm_main(void *arg)
{
	struct vm *vm = arg;

	vm->thread = current_thread(); /* vm_create() may not have got to know it yet */
	for (;;) {
		live(vm);
		vm->verdict = VERDICT_POLICY;
		set_state(vm, VM_DEAD);
		thread_wake(vm->done);
		do {
			vm->verdict = VERDICT_POLICY;
			wait_verdict(vm);
		} while (vm->verdict != VERDICT_AGAIN);
	}
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
	vm_register(vm);
	return vm;
}
