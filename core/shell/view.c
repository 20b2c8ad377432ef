/* SPDX-License-Identifier: Apache-2.0 */
#include "core/shell/view.h"

#include "core/vm_life.h"

const struct image *shell_image;
const struct board *shell_board;

static const char *state_of(const struct vcpu *v)
{
	static const char *const states[] = { "ready", "running", "waiting", "ready" };

	switch (v->power) {
	case VCPU_OFF:
		return "off";
	case VCPU_ON_PENDING:
		return "starting";
	case VCPU_SUSPENDED:
		return "suspended";
	default:
		return v->vm->state == VM_RUNNING ? states[v->thread.state & 3] : vm_state_name(v->vm);
	}
}

bool view_open(struct vm *vm, u64 *flags)
{
	*flags = irq_save();
	if (!vm_inspect(vm)) {
		irq_restore(*flags);
		return false;
	}
	return true;
}

void view_close(struct vm *vm, u64 flags)
{
	vm_inspect_end(vm);
	irq_restore(flags);
}

bool view_vcpu(struct vm *vm, u32 index, struct vcpu_view *out)
{
	bool there;
	u64 flags;

	if (!view_open(vm, &flags)) {
		return false;
	}
	there = index < vm->vcpu_count;
	if (there) {
		const struct vcpu *v = vm->vcpu[index];
		const struct thread *t = &v->thread;

		out->state = state_of(v);
		out->prio = t->prio;
		out->alg = t->sporadic != NULL ? 's' : t->fifo ? 'f' : 'r';
		out->cpu = t->cpu;
		out->allowed = t->allowed;
		out->exits = 0;
		for (u32 k = 0; k < EXIT_REASONS; k++) {
			out->exits += v->exits[k];
		}
		out->ran = thread_runtime(t);
	}
	view_close(vm, flags);
	return there;
}

/* ---- Shares of time */

static struct look {
	u64 at;
	u64 vcpu[VM_MAX][VM_MAX_CPUS];
	u64 idle[MAX_CPUS];
} last, now;

void share_begin(void)
{
	static u32 busy; /* another session does it */
	struct vcpu_view v;

	if (counter_now() - now.at > counter_hz && __atomic_exchange_n(&busy, 1, __ATOMIC_ACQUIRE) == 0) {
		last = now;
		now.at = counter_now();
		for (u32 i = 0; i < VM_MAX; i++) {
			for (u32 k = 0; vm_at(i) != NULL && k < VM_MAX_CPUS; k++) {
				now.vcpu[i][k] = view_vcpu(vm_at(i), k, &v) ? v.ran : 0;
			}
		}
		for (u32 i = 0; i < MAX_CPUS; i++) {
			now.idle[i] = thread_runtime(&percpus[i].idle_thread);
		}
		__atomic_store_n(&busy, 0, __ATOMIC_RELEASE);
	}
}

static u32 per_mille(u64 from, u64 to)
{
	u64 passed = counter_now() - last.at;

	/* A vCPU made anew has run from zero. */
	return (u32)MIN((to - (to < from ? 0 : from)) * 1000 / MAX(passed, 1UL), 1000UL);
}

u32 share_vcpu(u32 vm, u32 vcpu, u64 time)
{
	return per_mille(last.vcpu[vm][vcpu], time);
}

u32 share_idle(u32 cpu)
{
	return per_mille(last.idle[cpu], thread_runtime(&percpus[cpu].idle_thread));
}
