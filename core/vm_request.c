/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests to a VM's life-cycle thread. Each lies on the stack of who asks and hangs in the VM's list until
 * the thread has answered it; only that thread decides, so requests and ends have one order.
 */
#include "core/vm_request.h"

#include <errno.h>
#include <string.h>
#include "core/dump.h"
#include "core/sysreg/sysreg.h"
#include "core/trace.h"

enum ask { ASK_START, ASK_STOP, ASK_RESTART, ASK_PAUSE, ASK_RESUME, ASK_RELEASE, ASK_ENDED };

#define PENDING 1

struct vm_request {
	struct vm_request *next;
	struct thread *from;
	u32 starts;   /* vm->starts when it was begun */
	u8 what;      /* enum ask */
	bool begun;
	bool done;    /* last: the request is gone then */
	int result;
};

static struct vm *vm_table[VM_MAX];

void vm_register(struct vm *vm)
{
	vm_table[vm->id] = vm;
}

struct vm *vm_at(u32 index)
{
	return index < VM_MAX ? vm_table[index] : NULL;
}

struct vm *vm_by_name(const char *name)
{
	for (u32 i = 0; i < VM_MAX; i++) {
		if (vm_table[i] != NULL && strcmp(vm_table[i]->cfg->name, name) == 0) {
			return vm_table[i];
		}
	}
	return name[0] >= '1' && name[0] <= '9' && name[1] == '\0' ? vm_at((u32)(name[0] - '1')) : NULL;
}

/* ---- What a request does, in the VM's thread */

static bool alive(const struct vm *vm)
{
	return vm->state == VM_RUNNING || vm->state == VM_PAUSED;
}

/* 0 once it has been started since the request was begun, -EIO if it could not be. */
static int started(const struct vm *vm, const struct vm_request *r)
{
	if (vm->starts != r->starts && vm->state != VM_READY) {
		return 0;
	}
	return vm->state == VM_DEAD && vm->verdict != VERDICT_AGAIN ? -EIO : PENDING;
}

static int do_start(struct vm *vm, const struct vm_request *r)
{
	if (r->begun) {
		return started(vm, r);
	}
	if (vm->state != VM_DEAD) {
		return vm->state == VM_HELD ? -EBUSY : -EALREADY;
	}
	vm->verdict = VERDICT_AGAIN;
	return PENDING;
}

static int do_stop(struct vm *vm, const struct vm_request *r)
{
	if (vm->state == VM_DEAD) {
		return r->begun ? 0 : -EALREADY;
	}
	/* Again for each life: one that was about to begin must not. */
	vm->verdict = VERDICT_DEAD;
	if (alive(vm)) {
		vm_end_request(vm, VM_END_STOPPED);
	}
	return PENDING;
}

static int do_restart(struct vm *vm, const struct vm_request *r)
{
	if (r->begun) {
		return started(vm, r);
	}
	vm->verdict = VERDICT_AGAIN;
	if (alive(vm)) {
		vm_end_request(vm, VM_END_RESTART);
	}
	return PENDING;
}

static int do_pause(struct vm *vm, const struct vm_request *r)
{
	u64 flags = spin_lock_irq(&vm->lock);
	bool begin = vm->state == VM_RUNNING && !r->begun, paused = vm->state == VM_PAUSED;
	int ret = paused ? (r->begun ? PENDING : -EALREADY) : -EINVAL;

	if (begin) {
		vm->state = VM_PAUSED;
		trace_vm(vm, VM_PAUSED);
		paused = true;
		ret = PENDING;
	}
	if (paused && ret == PENDING && vm->parked == vm->running) {
		vm->stopped_at = counter_now();
		ret = 0;
	}
	spin_unlock_irq(&vm->lock, flags);
	for (u32 i = 0; begin && i < vm->vcpu_count; i++) {
		vcpu_work_set(vm->vcpu[i], VWORK_PAUSE);
	}
	return ret;
}

static int do_resume(struct vm *vm)
{
	u64 flags = spin_lock_irq(&vm->lock);
	u64 gap = vm->stopped_at != 0 ? counter_now() - vm->stopped_at : 0;
	bool paused = vm->state == VM_PAUSED;

	if (paused) {
		/* In this order: who reads both meanwhile sees time that has stood still too long. */
		vm->cntvoff += gap;
		__atomic_store_n(&vm->stopped_at, 0, __ATOMIC_RELEASE);
		vm->state = VM_RUNNING;
		trace_vm(vm, VM_RUNNING);
		vm_unpark(vm);
	}
	spin_unlock_irq(&vm->lock, flags);
	dump_drop(vm);
	if (!paused) {
		return vm->state == VM_RUNNING ? -EALREADY : -EINVAL;
	}
	vdevs_resume(vm, gap);
	for (u32 i = 0; i < vm->vcpu_count; i++) {
		ptimer_resume(vm->vcpu[i]);
		thread_wake(&vm->vcpu[i]->thread);
	}
	return 0;
}

static int do_release(struct vm *vm)
{
	if (vm->state != VM_HELD) {
		return -EINVAL;
	}
	vm->verdict = VERDICT_RELEASED;
	return 0;
}

static int step(struct vm *vm, const struct vm_request *r)
{
	switch ((enum ask)r->what) {
	case ASK_START:
		return do_start(vm, r);
	case ASK_STOP:
		return do_stop(vm, r);
	case ASK_RESTART:
		return do_restart(vm, r);
	case ASK_PAUSE:
		return do_pause(vm, r);
	case ASK_RESUME:
		return do_resume(vm);
	case ASK_RELEASE:
		return do_release(vm);
	case ASK_ENDED:
		break;
	}
	return vm->state == VM_DEAD || vm->state == VM_HELD || vm->starts != r->starts ? 0 : PENDING;
}

/* Its dump has been fetched: what was kept for it goes on. */
static void go_on(struct vm *vm)
{
	dump_drop(vm);
	if (do_release(vm) != 0) {
		(void)do_resume(vm);
	}
}

void vm_serve(struct vm *vm)
{
	struct vm_request **at = &vm->requests, *r;

	vm_notes_say(vm);

	if (dump_fetched(vm)) {
		go_on(vm);
	}
	/* Only this thread takes one out, others append. */
	while ((r = __atomic_load_n(at, __ATOMIC_ACQUIRE)) != NULL) {
		int result = step(vm, r);

		if (result == PENDING) {
			r->starts = r->begun ? r->starts : vm->starts;
			r->begun = true;
			at = &r->next;
		} else {
			struct thread *from = r->from;
			u64 flags = spin_lock_irq(&vm->lock);

			*at = r->next;
			r->result = result;
			__atomic_store_n(&r->done, true, __ATOMIC_RELEASE);
			thread_wake(from); /* it cannot end before the lock is free */
			spin_unlock_irq(&vm->lock, flags);
		}
	}
}

/* ---- Who asks */

static int wait_for(struct vm *vm, struct vm_request *r)
{
	struct vm_request **at;
	u64 flags;

	r->from = current_thread();
	flags = spin_lock_irq(&vm->lock);
	at = &vm->requests;
	while (*at != NULL) {
		at = &(*at)->next;
	}
	__atomic_store_n(at, r, __ATOMIC_RELEASE);
	spin_unlock_irq(&vm->lock, flags);
	thread_wake(vm->thread);
	while (!__atomic_load_n(&r->done, __ATOMIC_ACQUIRE)) {
		thread_block();
	}
	flags = spin_lock_irq(&vm->lock);
	spin_unlock_irq(&vm->lock, flags);
	return r->result;
}

static int ask(struct vm *vm, enum ask what)
{
	struct vm_request r = { .what = (u8)what };

	return wait_for(vm, &r);
}

int vm_start(struct vm *vm)
{
	return ask(vm, ASK_START);
}

int vm_stop(struct vm *vm)
{
	return ask(vm, ASK_STOP);
}

int vm_restart(struct vm *vm)
{
	return ask(vm, ASK_RESTART);
}

int vm_pause(struct vm *vm)
{
	return ask(vm, ASK_PAUSE);
}

int vm_resume(struct vm *vm)
{
	return ask(vm, ASK_RESUME);
}

int vm_release(struct vm *vm)
{
	return ask(vm, ASK_RELEASE);
}

int vm_abort(struct vm *vm, const char *why)
{
	/* Begun already, with the life that is to end. */
	struct vm_request r = { .what = ASK_ENDED, .begun = true, .starts = READ_ONCE(vm->starts) };

	if (!alive(vm)) {
		return vm->state == VM_DEAD || vm->state == VM_HELD ? -EALREADY : -EBUSY;
	}
	vm_kill(vm, "%s", why);
	return wait_for(vm, &r);
}

bool vm_inspect(struct vm *vm)
{
	u64 flags = spin_lock_irq(&vm->lock);
	bool built = vm->built;

	vm->users += built;
	spin_unlock_irq(&vm->lock, flags);
	return built;
}

void vm_inspect_end(struct vm *vm)
{
	u64 flags = spin_lock_irq(&vm->lock);
	bool awaited = --vm->users == 0 && !vm->built;

	spin_unlock_irq(&vm->lock, flags);
	if (awaited) {
		thread_wake(vm->thread);
	}
}

/* ---- Words */

const char *vm_state_name(const struct vm *vm)
{
	static const char *const name[] = { "building", "ready", "running", "paused", "ending", "held",
					    "ended" };

	return name[READ_ONCE(vm->state)];
}

const char *vm_end_name(const struct vm *vm)
{
	static const char *const name[] = {
		[VM_END_NONE] = "", [VM_END_OFF] = "powered off", [VM_END_RESET] = "reset",
		[VM_END_KILLED] = "crashed", [VM_END_CONFIG] = "not started",
		[VM_END_ALL_OFF] = "all CPUs off", [VM_END_UNSUPPORTED] = "unsupported operation",
		[VM_END_WATCHDOG] = "watchdog", [VM_END_DEVICE] = "device failed",
		[VM_END_STOPPED] = "stopped", [VM_END_RESTART] = "restarted",
	};

	return name[READ_ONCE(vm->end)];
}

u32 vm_exit_code(const struct vm *vm)
{
	return READ_ONCE(vm->code);
}
