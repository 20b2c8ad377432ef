/* SPDX-License-Identifier: Apache-2.0 */
/* What may be asked of a VM at any time: its memory, its windows, its end. */
#include "core/vm.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include "core/base/fmt.h"
#include "core/base/log.h"
#include "core/base/range.h"
#include "core/trace.h"

/* Lines a guest may cause per second. */

void vm_unpark(struct vm *vm)
{
	for (u32 i = 0; i < vm->vcpu_count; i++) {
		__atomic_store_n(&vm->vcpu[i]->parked, 0, __ATOMIC_SEQ_CST);
	}
	vm->parked = 0;
}

/* Under vm->lock: the first reason to end is the one that counts. */
static bool end_locked(struct vm *vm, enum vm_end why)
{
	if ((vm->state != VM_RUNNING && vm->state != VM_PAUSED) || vm->end != VM_END_NONE) {
		return false;
	}
	vm->end = (u8)why;
	vm->state = VM_ENDING;
	trace_vm(vm, VM_ENDING);
	vm_unpark(vm);
	return true;
}

static void stop_vcpus(struct vm *vm)
{
	for (u32 i = 0; i < vm->vcpu_count; i++) {
		vcpu_work_set(vm->vcpu[i], VWORK_STOP);
	}
	thread_wake(vm->thread);
}

void vm_end_request(struct vm *vm, enum vm_end why)
{
	u64 flags = spin_lock_irq(&vm->lock);
	bool first = end_locked(vm, why);

	spin_unlock_irq(&vm->lock, flags);
	if (first) {
		stop_vcpus(vm);
	}
}

void vm_end_for(struct vm *vm, enum vm_end why, const char *fmt, ...)
{
	char reason[sizeof(vm->reason)];
	bool first;
	va_list ap;
	u64 flags;

	va_start(ap, fmt);
	fmt_vstr(reason, sizeof(reason), fmt, ap);
	va_end(ap);
	flags = spin_lock_irq(&vm->lock);
	first = end_locked(vm, why);
	if (first) {
		struct thread *t = current_thread();

		memcpy(vm->reason, reason, sizeof(reason));
		if (t->vcpu != NULL && t->vcpu->vm == vm) {
			vm->culprit = t->vcpu;
			t->vcpu->pc = read_elr_el2();
			t->vcpu->pstate = read_spsr_el2();
		}
	}
	spin_unlock_irq(&vm->lock, flags);
	if (first) {
		stop_vcpus(vm);
	}
}

void vm_log(struct vm *vm, enum log_level level, const char *fmt, ...)
{
	bool show = (vm->cfg->logger_mask & BIT(level)) != 0;
	char line[192];
	va_list ap;
	size_t n;

	if (!show && (vm->cfg->logger_slog & BIT(level)) == 0) {
		return;
	}
	n = fmt_str(line, sizeof(line), "%s: ", vm->cfg->name);
	va_start(ap, fmt);
	fmt_vstr(line + n, sizeof(line) - n, fmt, ap);
	va_end(ap);
	if (show) {
		log_line(level, line);
	} else {
		log_keep(level, line);
	}
}

void *vm_ram_ptr(struct vm *vm, ipa_t ipa, u64 *len, bool write)
{
	for (u32 i = 0; i < vm->ram_count; i++) {
		const struct vm_ram *r = &vm->ram[i];

		if (ipa - r->ipa < r->size) {
			u64 off = ipa - r->ipa;

			if (write && r->rom) {
				return NULL;
			}
			*len = MIN(*len, r->size - off);
			return pa_ptr(r->pa + off);
		}
	}
	return NULL;
}

/* True while the guest's own view of its RAM bypasses the caches. */
static bool caches_off(struct vm *vm)
{
	u64 flags = irq_save(); /* an EL2 thread may change its CPU */
	struct vcpu *v = this_cpu()->loaded;
	bool off = v == NULL || v->vm != vm || (read_sctlr_el1() & BIT(2)) == 0;

	irq_restore(flags);
	return off;
}

int vm_read_ram(struct vm *vm, ipa_t from, void *to, size_t n)
{
	u8 *out = to;

	while (n != 0) {
		u64 run = n;
		void *p = vm_ram_ptr(vm, from, &run, false);

		if (p == NULL) {
			return -EFAULT;
		}
		if (caches_off(vm)) {
			arch_clean_inval_dcache(p, run); /* what the guest wrote past the caches */
		}
		memcpy(out, p, run);
		out += run;
		from += run;
		n -= run;
	}
	return 0;
}

int vm_write_ram(struct vm *vm, ipa_t to, const void *from, size_t n)
{
	const u8 *in = from;

	while (n != 0) {
		u64 run = n;
		void *p = vm_ram_ptr(vm, to, &run, true);

		if (p == NULL) {
			return -EFAULT;
		}
		memcpy(p, in, run);
		if (caches_off(vm)) {
			arch_clean_inval_dcache(p, run);
		}
		in += run;
		to += run;
		n -= run;
	}
	return 0;
}

int vm_add_window(struct vm *vm, ipa_t base, u64 size, mmio_fn fn, void *arg)
{
	u32 i = vm->window_count;

	if (!range_valid(base, size)) {
		return -EINVAL;
	}
	if (i == MMIO_MAX_WINDOWS) {
		return -ENOSPC;
	}
	while (i > 0 && vm->window[i - 1].base > base) {
		i--;
	}
	if ((i > 0 && range_overlaps(vm->window[i - 1].base, vm->window[i - 1].size, base, size)) ||
	    (i < vm->window_count && range_overlaps(vm->window[i].base, vm->window[i].size, base, size))) {
		return -EEXIST;
	}
	memmove(&vm->window[i + 1], &vm->window[i], (vm->window_count - i) * sizeof(vm->window[0]));
	vm->window[i] = (struct mmio_window){ .base = base, .size = size, .fn = fn, .arg = arg };
	vm->window_count++;
	return 0;
}
