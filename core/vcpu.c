/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of a vCPU's thread:
 *
 *   vcpu_main: wait until powered on -> reset -> guest ... exit ... guest
 *                 ^------------- vcpu_halt (CPU_OFF, VM ends) ------|
 *
 * vcpu_halt() drops the EL2 stack and starts vcpu_main() anew, so an exit
 * handler may end a vCPU from any depth. One long file: every step of this life changes what the others rely on.
 */
#include "core/vcpu.h"

#include "arch/arch.h"
#include "core/base/log.h"
#include "core/base/memory.h"
#include "core/spec/hcr.h"
#include "core/sporadic.h"
#include "core/sysreg/sysreg.h"
#include "core/trace.h"
#include "core/vm.h"

#define VCPU_STACK KiB(12)

_Static_assert(offsetof(struct vcpu, x) == VCPU_X(0), "core/spec/vcpu_frame.h");
_Static_assert(offsetof(struct vcpu, pc) == VCPU_PC, "core/spec/vcpu_frame.h");
_Static_assert(offsetof(struct vcpu, pstate) == VCPU_PSTATE, "core/spec/vcpu_frame.h");
_Static_assert(offsetof(struct vcpu, work) == VCPU_WORK, "core/spec/vcpu_frame.h");

static void vcpu_main(void *arg);

/* A descheduled vCPU's virtual timer is due: wake it, the hardware timer fires when it is loaded. */
static void vtimer_wake(struct timer *t)
{
	struct vcpu *v = container_of(t, struct vcpu, vtimer);

	v->timer_due = 1;
	thread_wake(&v->thread);
}

static void reset_registers(struct vcpu *v)
{
	arch_vcpu_reset(&v->regs);
	v->hcr = sysreg_guest_hcr() | (v->fiq != 0 ? HCR_VF : 0) | (v->ctr != 0 ? HCR_TID2 : 0);
	v->vmpidr = BIT(31) | v->id; /* RES1, Aff0 */
}

/* Whatever CPU it gets to, it keeps the identity of the first one it may run on. */
static u64 identity(u64 allowed)
{
	for (u32 i = 0; i < MAX_CPUS; i++) {
		if (percpus[i].online && (allowed & BIT(i)) != 0) {
			return percpus[i].midr;
		}
	}
	return read_midr_el1();
}

struct vcpu *vcpu_create(struct vm *vm, u32 id, u64 allowed, u8 prio, bool fifo)
{
	char *top = arch_stack_alloc(VCPU_STACK);
	struct vcpu *v;

	if (top == NULL) {
		return NULL;
	}
	/* The structure is the base of the stack: SP_EL2 points at it while the guest runs. */
	v = (struct vcpu *)(top - ALIGN_UP(sizeof(*v), 64));
	v->vm = vm;
	v->id = id;
	v->trace_who = trace_who(vm->id, id);
	v->power = VCPU_OFF;
	v->thread.fifo = fifo;
	thread_init(&v->thread, vm->cfg->name, prio, allowed, v, vcpu_main, v);
	if ((allowed & BIT(v->thread.cpu)) == 0) {
		log_warn("%s: vCPU %u runs on CPU %u, none that its runmask names has started",
			 vm->cfg->name, id, v->thread.cpu);
	}
	v->thread.vcpu = v;
	v->thread.vm = vm;
	v->vtimer.fn = vtimer_wake;
	v->vpidr = identity(allowed);
	v->ctr = cache_type_of(allowed);
	reset_registers(v); /* its MPIDR is looked at while it is off */
	trace_vcpu(v, TRACE_VCPU_CREATED, 0);
	return v;
}

void vcpu_destroy(struct vcpu *v)
{
	char *top = (char *)v + ALIGN_UP(sizeof(*v), 64);

	thread_wait_off_cpu(&v->thread); /* it may still be on its way out on another CPU */
	timer_cancel_wait(&v->vtimer);
	timer_cancel_wait(&v->ptimer);
	sporadic_destroy(&v->thread);
	thread_forget(&v->thread);
	arch_stack_free(top, VCPU_STACK);
}

void vcpu_reset(struct vcpu *v, u64 entry, u64 arg)
{
	for (unsigned int i = 0; i < 31; i++) {
		v->x[i] = 0;
	}
	v->x[0] = arg;
	v->pc = entry;
	v->pstate = 0x3c5; /* EL1h, DAIF masked (ARM ARM D1.2, Linux boot protocol) */
	v->sw_flush = 0;
	v->sw_pos = 0;
	v->timer_due = 0;
	timer_cancel(&v->vtimer);
	ptimer_reset(v);
	pmu_reset(v);
	reset_registers(v);
	vgic_cpu_reset(v);
}

void vcpu_work_set(struct vcpu *v, u32 bits)
{
	struct thread *t = &v->thread;
	u64 flags = irq_save(); /* an EL2 thread may change its CPU */
	struct percpu *c = this_cpu();

	__atomic_or_fetch(&v->work, bits, __ATOMIC_SEQ_CST);
	if (c->current != t) { /* else it is looked at on the way back */
		/* Behind the bit, both: who blocks, or moves to another CPU, looks at the bit after that. */
		bool blocked = __atomic_load_n(&v->blocked, __ATOMIC_SEQ_CST);
		u32 cpu = __atomic_load_n(&t->cpu, __ATOMIC_SEQ_CST);

		if (blocked) {
			thread_wake(t);
		} else if (cpu != c->id) {
			gic_send_sgi(SGI_KICK, cpu);
		}
	}
	irq_restore(flags);
}

void vcpu_set_fiq(struct vcpu *v, bool level)
{
	if (v->fiq != level) {
		WRITE_ONCE(v->fiq, level);
		vcpu_work_set(v, VWORK_FIQ);
	}
}

/* ARM ARM D1.3.5: VF makes a virtual FIQ pending beside those of the interrupt controller. */
static void update_fiq(struct vcpu *v)
{
	v->hcr = READ_ONCE(v->fiq) != 0 ? v->hcr | HCR_VF : v->hcr & ~HCR_VF;
	if (this_cpu()->loaded == v) {
		vcpu_write_hcr(v);
	}
}

void vcpu_load(struct vcpu *v)
{
	struct percpu *c = this_cpu();
	struct vm *vm = v->vm;
	const struct vcpu_el2 el2 = {
		.hcr = v->hcr,
		.vtcr = vm->s2.vtcr,
		.vttbr = vm->s2.vttbr,
		.vmpidr = v->vmpidr,
		.vpidr = v->vpidr,
		.cntvoff = vm->cntvoff,
		/* vCPUs share the VMID, but each may use an ASID for something else (ARM ARM D8.14). */
		.tlb_flush = vm->tlb_owner[c->id] != v,
	};

	timer_cancel(&v->vtimer);
	timer_take(&v->ptimer); /* its function and the registers it looks at are for one CPU at a time */
	v->timer_due = 0;
	vm->tlb_owner[c->id] = v;
	arch_vcpu_load(&v->regs, &el2);
	v->hcr &= ~HCR_VSE; /* a pending virtual SError is in the register from here on */
	vgic_load(v);
	c->loaded = v;
}

#define CNTV_ENABLE BIT(0)
#define CNTV_IMASK BIT(1)
#define CNTV_ISTATUS BIT(2)

void vcpu_put(struct vcpu *v)
{
	struct percpu *c = this_cpu();

	vgic_put(v);
	v->hcr |= read_hcr_el2() & HCR_VSE;
	arch_vcpu_put(&v->regs);
	/* One that waits for the CPU needs no waking: it is loaded when it goes on. */
	if (READ_ONCE(v->thread.state) == THREAD_BLOCKED && v->power == VCPU_ON &&
	    (v->regs.cntv_ctl & (CNTV_ENABLE | CNTV_IMASK)) == CNTV_ENABLE &&
	    (v->vgic.live & BIT(VGIC_VTIMER)) != 0) {
		timer_arm(&v->vtimer, v->regs.cntv_cval + v->vm->cntvoff);
	}
	/* Last: another CPU may take the vCPU as soon as this is seen. */
	__atomic_store_n(&c->loaded, NULL, __ATOMIC_RELEASE);
}

void vcpu_pause(struct vcpu *v)
{
	v->pc = read_elr_el2();
	v->pstate = read_spsr_el2();
}

void vcpu_resume(struct vcpu *v)
{
	struct percpu *c = this_cpu();

	if (c->loaded != v) {
		if (c->loaded != NULL) {
			vcpu_put(c->loaded);
		}
		if (v->power == VCPU_ON && !v->parked) {
			vcpu_load(v);
		}
	}
	write_elr_el2(v->pc);
	write_spsr_el2(v->pstate);
}

void vcpu_trap_halt(struct vcpu *v, bool wfi, bool wfe)
{
	enum cfg_tristate fixed = v->vm->cfg->exit_on_halt;
	u64 hcr = v->hcr & ~(HCR_TWI | HCR_TWE);

	if (fixed != TRI_AUTO) {
		wfi = fixed == TRI_ON;
		wfe = wfe && wfi;
	}
	hcr |= (wfi ? HCR_TWI : 0) | (wfe ? HCR_TWE : 0);
	if (hcr != v->hcr) {
		v->hcr = hcr;
		if (this_cpu()->loaded == v) {
			vcpu_write_hcr(v);
		}
	}
}

/* What follows takes a while. Who waits for the CPU, or for an interrupt that has come meanwhile, goes first. */
static void give_way(struct vcpu *v)
{
	if (this_cpu()->resched) {
		schedule();
	} else if (irq_waits()) {
		struct vcpu_return r = vcpu_open(v);

		isb(); /* what waits is taken here */
		vcpu_close(v, r);
	}
}

/* Leave the CPU's registers to others; the state of `v` is all in memory then. */
static void unload(struct vcpu *v)
{
	if (this_cpu()->loaded == v) {
		vcpu_put(v);
	}
	timer_cancel(&v->vtimer);
}

/* True once the vCPU is to run; otherwise what it waits for has not happened yet. */
static bool powered(struct vcpu *v)
{
	struct vm *vm = v->vm;
	bool on = false;

	spin_lock(&vm->lock);
	if (vm->state == VM_RUNNING && v->power == VCPU_ON_PENDING) { /* after a pause, if it is one */
		__atomic_store_n(&v->work, 0, __ATOMIC_RELAXED);
		v->power = VCPU_ON;
		vm->running++;
		vm->vcpu_started = true;
		on = true;
	}
	spin_unlock(&vm->lock);
	return on;
}

static void vcpu_main(void *arg)
{
	struct vcpu *v = arg;
	u64 entry, context;

	while (!powered(v)) {
		v->blocked = 1;
		thread_block();
		v->blocked = 0;
	}
	entry = v->on_entry;
	context = v->on_context;
	unload(v);
	vcpu_reset(v, entry, context);
	write_elr_el2(v->pc); /* from here on it may lose the CPU like any other */
	write_spsr_el2(v->pstate);
	give_way(v);
	if (this_cpu()->loaded != NULL) {
		vcpu_put(this_cpu()->loaded);
	}
	vcpu_load(v);
	vcpu_trap_halt(v, !sched_alone(this_cpu()), this_cpu()->slice_end != ~0UL);
	if (this_cpu()->resched) {
		cpu_kick(this_cpu()->id); /* powered() has taken it out of `work` */
	}
	arch_guest_started();
	if (trace_on()) {
		trace_vcpu(v, TRACE_VCPU_ON, entry);
		trace_entry(v);
	}
	arch_guest_enter(v);
}

void vcpu_halt(struct vcpu *v)
{
	struct vm *vm = v->vm;
	bool last;

	trace_vcpu(v, TRACE_VCPU_OFF, 0);
	if (v == vm->culprit) { /* where it happened, not where it got to since */
		write_elr_el2(v->pc);
		write_spsr_el2(v->pstate);
	}
	give_way(v);
	vcpu_pause(v);
	unload(v);
	/* Lines that come from registers go low with them: a VM that starts anew finds none pending. */
	ptimer_reset(v);
	pmu_reset(v);
	spin_lock(&vm->lock);
	if (v->power != VCPU_ON_PENDING) {
		v->power = VCPU_OFF;
	}
	last = --vm->running == vm->parked;
	spin_unlock(&vm->lock);
	if (last) {
		thread_wake(vm->thread);
	}
	arch_stack_call(v, vcpu_main, v);
}

/*
 * The virtual timer of a loaded vCPU has expired while interrupts are masked here: vcpu_load() found it
 * due, or it came due since. The interrupt is taken on the way back to the guest.
 */
static bool vtimer_waits(struct vcpu *v)
{
	return this_cpu()->loaded == v && (v->vgic.live & BIT(VGIC_VTIMER)) != 0 &&
	       (read_cntv_ctl_el0() & (CNTV_ENABLE | CNTV_IMASK | CNTV_ISTATUS)) ==
		       (CNTV_ENABLE | CNTV_ISTATUS);
}

/*
 * Until the VM goes on or ends. The state is in memory meanwhile, pc and pstate included; a thread_wake()
 * for anything else changes nothing.
 */
static void park(struct vcpu *v)
{
	struct vm *vm = v->vm;

	vcpu_pause(v);
	unload(v);
	spin_lock(&vm->lock);
	if (vm->state != VM_PAUSED) {
		spin_unlock(&vm->lock);
	} else {
		v->parked = 1;
		vm->parked++;
		spin_unlock(&vm->lock);
		thread_wake(vm->thread);
		for (;;) { /* as in vcpu_wait_interrupt(): published, then read */
			__atomic_store_n(&v->blocked, 1, __ATOMIC_SEQ_CST);
			if (!__atomic_load_n(&v->parked, __ATOMIC_SEQ_CST)) {
				break;
			}
			thread_block();
		}
		v->blocked = 0;
	}
	if (this_cpu()->loaded != v) {
		vcpu_resume(v);
	}
}

void vcpu_wait_interrupt(struct vcpu *v)
{
	for (;;) {
		if ((READ_ONCE(v->work) & VWORK_PAUSE) != 0) {
			__atomic_and_fetch(&v->work, ~(u32)VWORK_PAUSE, __ATOMIC_ACQ_REL);
			park(v);
		}
		/* Published before the conditions are read: who changes one of them sees it and wakes us. */
		__atomic_store_n(&v->blocked, 1, __ATOMIC_SEQ_CST);
		if ((__atomic_load_n(&v->work, __ATOMIC_SEQ_CST) & (VWORK_STOP | VWORK_VGIC | VWORK_FIQ)) != 0 ||
		    (v->hcr & HCR_VF) != 0 || v->timer_due || vtimer_waits(v) || vgic_has_interrupt(v)) {
			break;
		}
		if ((READ_ONCE(v->work) & VWORK_PAUSE) == 0) {
			thread_block();
		}
	}
	v->blocked = 0;
}

void vcpu_wait_wakeup(struct vcpu *v)
{
	u32 mask = vgic_set_mask(v, VGIC_MASK_OPEN); /* guests close their CPU interface first */

	for (;;) {
		u32 work;

		give_way(v);
		work = __atomic_fetch_and(&v->work, ~(u32)VWORK_VGIC, __ATOMIC_ACQ_REL);
		if ((work & (VWORK_STOP | VWORK_FIQ)) != 0 || (v->hcr & HCR_VF) != 0 || vtimer_waits(v) ||
		    (vgic_has_interrupt(v) && (READ_ONCE(v->work) & VWORK_VGIC) == 0)) {
			break;
		}
		v->timer_due = 0; /* the timer alone does not count, its interrupt has to be enabled */
		vcpu_wait_interrupt(v);
	}
	(void)vgic_set_mask(v, mask);
}

void vcpu_work(struct vcpu *v)
{
	u32 work = __atomic_exchange_n(&v->work, 0, __ATOMIC_ACQUIRE);

	if ((work & VWORK_STOP) != 0) {
		vcpu_halt(v);
	}
	if ((work & VWORK_PAUSE) != 0) {
		park(v);
	}
	if ((work & VWORK_FIQ) != 0) {
		update_fiq(v);
	}
	if ((work & VWORK_DEVICE) != 0) {
		vdev_work_run(v);
	}
	give_way(v);
	if ((work & VWORK_RESCHED) != 0 || this_cpu()->resched) {
		__atomic_or_fetch(&v->work, work & VWORK_VGIC, __ATOMIC_RELAXED); /* when it has the CPU again */
		schedule();
	} else if ((work & VWORK_VGIC) != 0) {
		vgic_flush(v);
	}
}
