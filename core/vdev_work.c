/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Work of devices outside the exit path. What a vCPU's own access asks for is done on that vCPU
 * before it goes back to the guest: with interrupts on, at its priority, in its time. Anything else
 * (a timer, another VM, a device with `sched`) is done by an EL2 thread.
 */
#include <errno.h>
#include "core/base/memory.h"
#include "core/vdev.h"
#include "core/vm.h"
#include "core/pci/vpci_priv.h"

/* A device's work is done once at a time: who comes meanwhile leaves word. */
enum vdev_working { WORK_IDLE, WORK_RUNNING, WORK_AGAIN };

struct vdev_worker {
	struct vdev_worker *next;
	struct vm *vm;
	struct thread *thread; /* NULL once it has ended */
	u32 pending;           /* bit per vdev.index */
	u32 held;              /* likewise, of the VM's first worker: whose access is not over */
	u32 busy;              /* who are in run_pending(): its thread, vCPUs */
	bool closed;           /* what is asked for is not done any more */
	bool stop, told, ended;
};

static bool claim(struct vdev *d)
{
	u8 s = WORK_IDLE;

	while (!__atomic_compare_exchange_n(&d->working, &s, s == WORK_IDLE ? WORK_RUNNING : WORK_AGAIN,
					    false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) {
	}
	return s == WORK_IDLE;
}

/* True if somebody wanted it meanwhile. */
static bool release(struct vdev *d)
{
	return __atomic_exchange_n(&d->working, WORK_IDLE, __ATOMIC_ACQ_REL) == WORK_AGAIN;
}

/* One round over what is pending; interrupts are on. */
static void run_pending(struct vdev_worker *w)
{
	u32 mask;

	__atomic_add_fetch(&w->busy, 1, __ATOMIC_SEQ_CST); /* before it: see vdev_workers_quiet() */
	mask = __atomic_exchange_n(&w->pending, 0, __ATOMIC_SEQ_CST);
	for (mask = __atomic_load_n(&w->closed, __ATOMIC_SEQ_CST) ? 0 : mask; mask != 0; mask &= mask - 1) {
		struct vdev *d = w->vm->with_work[__builtin_ctz(mask)];

		if (claim(d)) {
			d->type->work(d);
			if (release(d)) {
				vdev_work(d);
			}
		}
	}
	__atomic_sub_fetch(&w->busy, 1, __ATOMIC_RELEASE);
}

void vdev_work_run(struct vcpu *v)
{
	struct vdev_worker *w = v->vm->workers;
	struct vcpu_return r = vcpu_open(v);

	run_pending(w);
	while (__atomic_load_n(&w->held, __ATOMIC_ACQUIRE) != 0 && (READ_ONCE(v->work) & VWORK_STOP) == 0) {
		vdev_pause();
	}
	vcpu_close(v, r);
}

void vdev_work_here(struct vdev *d, struct vcpu *v)
{
	struct vcpu_return r;

	/* Whoever waits for this vCPU to stop waits for no device; v is NULL in tests. */
	if (d->cfg->sched_prio != 0 || v == NULL || (READ_ONCE(v->work) & (VWORK_STOP | VWORK_PAUSE)) != 0) {
		vdev_work(d);
	} else if (claim(d)) {
		r = vcpu_open(v);
		d->type->work(d);
		vcpu_close(v, r);
		if (release(d)) {
			vdev_work(d);
		}
	}
}

void vdev_work(struct vdev *d)
{
	struct vdev_worker *w = d->worker;
	u64 flags = irq_save();
	struct vcpu *v = current_vcpu();

	__atomic_or_fetch(&w->pending, 1U << d->index, __ATOMIC_SEQ_CST);
	if (v != NULL && v->vm == d->vm && d->cfg->sched_prio == 0) {
		vcpu_work_set(v, VWORK_DEVICE);
	} else {
		thread_wake(w->thread);
	}
	irq_restore(flags);
}

void vdev_hold(struct vdev *d, bool on)
{
	u32 *held = &d->vm->workers->held, bit = 1U << d->index;
	u64 flags = irq_save();
	struct vcpu *v = current_vcpu();

	if (!on) {
		__atomic_and_fetch(held, ~bit, __ATOMIC_RELEASE);
	} else {
		__atomic_or_fetch(held, bit, __ATOMIC_SEQ_CST);
		if (v != NULL && v->vm == d->vm) {
			vcpu_work_set(v, VWORK_DEVICE);
		}
	}
	irq_restore(flags);
}

bool vdev_held(const struct vdev *d)
{
	return (__atomic_load_n(&d->vm->workers->held, __ATOMIC_ACQUIRE) & 1U << d->index) != 0;
}

static void worker_main(void *arg)
{
	struct vdev_worker *w = arg;

	while (!READ_ONCE(w->stop)) {
		run_pending(w);
		if (READ_ONCE(w->pending) == 0 && !READ_ONCE(w->stop)) {
			thread_block();
		}
	}
	while (!__atomic_load_n(&w->told, __ATOMIC_ACQUIRE)) {
		vdev_pause(); /* who stops it still wakes it: afterwards the thread may be gone */
	}
	__atomic_store_n(&w->ended, true, __ATOMIC_RELEASE);
}

static struct vdev_worker *new_worker(struct vm *vm, u8 prio)
{
	struct vdev_worker *w = mem_alloc(sizeof(*w));

	if (w == NULL) {
		return NULL;
	}
	w->vm = vm;
	w->thread = thread_create_for(vm, vm->cfg->name, prio, ~0UL, worker_main, w);
	if (w->thread == NULL) {
		mem_free(w, sizeof(*w));
		return NULL;
	}
	return w;
}

int vdev_worker_of(struct vdev *d, struct diag *diag)
{
	struct vm *vm = d->vm;
	u8 prio = d->cfg->sched_prio, first = vm->cfg->cpu[0].prio != 0 ? vm->cfg->cpu[0].prio : PRIO_DEFAULT;
	struct vdev_worker *own;

	if (d->type->work == NULL) {
		return 0;
	}
	if (vm->with_work_count == ARRAY_SIZE(vm->with_work)) { /* the PCI bus and the ITS are among them */
		diag_error(diag, d->cfg->pos.file != NULL ? &d->cfg->pos : &vm->cfg->pos,
			   "vdev %s: more than %zu devices that have work to do", d->cfg->type_name,
			   ARRAY_SIZE(vm->with_work));
		return -ENOSPC;
	}
	/* The VM's own comes first, with the priority of its first vCPU. */
	if (vm->workers == NULL) {
		vm->workers = new_worker(vm, first);
	}
	d->worker = vm->workers;
	if (prio != 0 && vm->workers != NULL) {
		own = new_worker(vm, prio);
		if (own != NULL) {
			own->next = vm->workers->next;
			vm->workers->next = own;
		}
		d->worker = own;
	}
	if (d->worker == NULL) {
		diag_error(diag, &d->cfg->pos, "no memory for the thread of vdev %s", d->cfg->type_name);
		return -ENOMEM;
	}
	d->index = vm->with_work_count++;
	vm->with_work[d->index] = d;
	return 0;
}

void vdev_pause(void)
{
	thread_sleep_until(counter_now() + counter_hz / 20000);
}

/* Who has taken what was asked for is counted as busy since before that. */
void vdev_workers_quiet(struct vm *vm)
{
	for (struct vdev_worker *w = vm->workers; w != NULL; w = w->next) {
		__atomic_store_n(&w->pending, 0, __ATOMIC_SEQ_CST);
		while (__atomic_load_n(&w->busy, __ATOMIC_SEQ_CST) != 0) {
			vdev_pause();
			__atomic_store_n(&w->pending, 0, __ATOMIC_SEQ_CST);
		}
	}
}

void vdev_workers_close(struct vm *vm)
{
	for (struct vdev_worker *w = vm->workers; w != NULL; w = w->next) {
		__atomic_store_n(&w->closed, true, __ATOMIC_SEQ_CST);
	}
	vdev_workers_quiet(vm);
}

void vdev_workers_destroy(struct vm *vm)
{
	while (vm->workers != NULL) {
		struct vdev_worker *w = vm->workers;

		vm->workers = w->next;
		w->stop = true;
		thread_wake(w->thread);
		__atomic_store_n(&w->told, true, __ATOMIC_RELEASE);
		while (!__atomic_load_n(&w->ended, __ATOMIC_ACQUIRE)) {
			vdev_pause();
		}
		mem_free(w, sizeof(*w));
	}
	vm->with_work_count = 0;
}

/* ---- Memory that several VMs see */

void *vdev_shared_alloc(struct vdev *d, u64 size)
{
	u64 align = size >= MiB(2) ? MiB(2) : PAGE_SIZE;
	pa_t pa = mem_range_alloc(size, align, 0);

	(void)d;
	for (u64 off = 0; pa != 0 && off < size; off += MiB(1)) {
		arch_zero(pa_ptr(pa + off), MIN(MiB(1), size - off));
	}
	return pa != 0 ? pa_ptr(pa) : NULL;
}

void vdev_shared_free(struct vdev *d, void *p, u64 size)
{
	(void)d;
	mem_range_free(ptr_pa(p), size);
}

int vdev_map(struct vdev *d, ipa_t at, void *p, u64 size)
{
	int err;

	sleep_lock(&d->vm->tables_busy);
	err = s2_map(&d->vm->s2, at, ptr_pa(p), size, S2_RAM_CPU); /* others' as well: not for its devices */
	sleep_unlock(&d->vm->tables_busy);
	return err;
}

void vdev_unmap(struct vdev *d, ipa_t at, u64 size)
{
	sleep_lock(&d->vm->tables_busy);
	s2_unmap(&d->vm->s2, at, size);
	sleep_unlock(&d->vm->tables_busy);
}

/* The same for memory of devices of the host: BARs of the VM's PCI bus. */
int vm_map_device(struct vm *vm, ipa_t at, pa_t pa, u64 size)
{
	int err;

	sleep_lock(&vm->tables_busy);
	err = s2_map(&vm->s2, at, pa, size, S2_DEVICE);
	sleep_unlock(&vm->tables_busy);
	return err;
}

void vm_unmap_device(struct vm *vm, ipa_t at, u64 size)
{
	sleep_lock(&vm->tables_busy);
	s2_unmap(&vm->s2, at, size);
	sleep_unlock(&vm->tables_busy);
}
