/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One virtual CPU. It lives at the base of its own EL2 stack: SP_EL2 points at
 * the structure while the guest runs, so that the vector saves registers into
 * x[] with immediate offsets and C gets the vCPU as its first argument.
 *
 * While a vCPU is loaded its EL1 registers, its PC (ELR_EL2), PSTATE (SPSR_EL2)
 * and its list registers live in the hardware; vcpu_put() brings them back here.
 */
#ifndef QUOIN_CORE_VCPU_H
#define QUOIN_CORE_VCPU_H

#include "arch/arch.h"
#include "core/base/types.h"
#include "core/exits.h"
#include "core/sched.h"
#include "core/vgic/vgic_cpu.h"

struct vm;
struct mmio_window;

/* Bits of vcpu.work: looked at before every return to the guest. Set with vcpu_work_set(). */
#define VWORK_VGIC BIT(0)    /* interrupt state changed by someone else: vgic_flush() */
#define VWORK_STOP BIT(1)    /* the VM ends or restarts: leave the guest for good */
#define VWORK_DEVICE BIT(5)  /* a device has work to be done here: vdev_work_run() */
#define VWORK_PAUSE BIT(2)   /* the VM is paused: put everything to memory and wait */
#define VWORK_RESCHED BIT(3) /* another thread wants the CPU */
#define VWORK_FIQ BIT(4)     /* the level of its FIQ line has changed */

enum vcpu_power { VCPU_OFF, VCPU_ON_PENDING, VCPU_ON, VCPU_SUSPENDED };

struct vcpu {
	u64 x[31];
	u64 pc;     /* valid while it is not the CPU's current thread */
	u64 pstate; /* likewise */
	u64 pad;
	u32 work;   /* VWORK_*, changed with atomics; the vector tests it */
	u32 id;     /* 0.. in its VM */
	struct vm *vm;
	struct vgic_cpu vgic;
	struct mmio_window *mmio_cache[8]; /* by bits 18:16 of the IPA: last window hit */
	u64 hcr;    /* HCR_EL2 while it runs */
	u64 vmpidr, vpidr;
	u64 ctr;    /* what CTR_EL0 reads as, if it traps; or 0 */
	struct thread thread;
	struct vcpu_sysregs regs;
	struct timer vtimer, ptimer; /* wake-up of a descheduled vCPU; emulated CNTP */
	u8 power;   /* enum vcpu_power, under vm->lock */
	u8 sw_flush;/* set/way: caches are being cleaned (position in sw_pos) or done */
	u8 blocked; /* its thread waits: power-on or an interrupt */
	u8 timer_due; /* its virtual timer expired while it was not loaded */
	u8 fiq;     /* level of its FIQ line: HCR_EL2.VF, once VWORK_FIQ is seen to */
	u8 parked;  /* paused: nothing of it is in the hardware */
	u8 calls;   /* its VM may call functions of the firmware: cfg->smc */
	u8 suspended; /* in PSCI SYSTEM_SUSPEND, for the shell */
	u8 trace_who; /* core/spec/trace.h */
	u64 sw_pos;
	u64 on_entry, on_context; /* CPU_ON arguments until it starts */
	u64 exits[EXIT_COUNTERS]; /* core/exits.h */
	u64 stolen_base; /* core/stolen.c: thread.waited when its VM started */
	bool stolen_on;  /* the guest knows its stolen time structure */
};

/* vcpu_work_set - ask a vCPU to look at `bits` before it goes on; kicks the CPU it runs on. Any context. */
void vcpu_work_set(struct vcpu *v, u32 bits);

/* vcpu_set_fiq - drive its FIQ line, for a device; one device has it. Any context. */
void vcpu_set_fiq(struct vcpu *v, bool level);

/* current_vcpu - the vCPU whose exit is being handled, or NULL in an EL2 thread. */
static inline struct vcpu *current_vcpu(void)
{
	return this_cpu()->current->vcpu;
}

/*
 * The PC of the running vCPU moves only here: past the trapped instruction (ARM ARM D1.3: an
 * AArch64 guest's instruction is always 4 bytes; AArch32 EL0 traps carry ESR_EL2.IL).
 */
void vcpu_skip_instruction(struct vcpu *v, u64 esr);

/* Guest GPR by number as in ESR.SRT: 31 is XZR. Exit context, own vCPU. */
static inline u64 vcpu_gpr(const struct vcpu *v, unsigned int n)
{
	return n < 31 ? v->x[n] : 0;
}

static inline void vcpu_set_gpr(struct vcpu *v, unsigned int n, u64 val)
{
	if (n < 31) {
		v->x[n] = val;
	}
}

/* vcpu_create - allocate a vCPU of `vm` with its stack; NULL without memory. Thread context. */
struct vcpu *vcpu_create(struct vm *vm, u32 id, u64 allowed, u8 prio, bool fifo);
void vcpu_destroy(struct vcpu *v);
/* vcpu_reset - reset state (ARM ARM D1.2 warm reset of EL1): starts at `entry` with x0 = `arg`. Not loaded. */
void vcpu_reset(struct vcpu *v, u64 entry, u64 arg);
/* vcpu_load, vcpu_put - give the CPU's EL1 and vGIC state to `v` and take it back. IRQs masked. */
void vcpu_load(struct vcpu *v);
void vcpu_put(struct vcpu *v);
/* vcpu_pause, vcpu_resume - another thread gets or gave back the CPU; EL1 state moves only if need be. */
void vcpu_pause(struct vcpu *v);
void vcpu_resume(struct vcpu *v);
/* vcpu_trap_halt - whether WFI and WFE of `v` exit, unless its VM's exit-on-halt fixes that. IRQs masked. */
void vcpu_trap_halt(struct vcpu *v, bool wfi, bool wfe);
/* vcpu_wait_interrupt - the guest executed WFI: block until an interrupt is pending for it. Exit context. */
void vcpu_wait_interrupt(struct vcpu *v);
/*
 * vcpu_wait_wakeup - as in a power-down state: block until an enabled interrupt is pending for it, whatever
 * its CPU interface masks. Exit context.
 */
void vcpu_wait_wakeup(struct vcpu *v);
/*
 * vcpu_open, vcpu_close - around what is done with interrupts on; another thread may have the CPU meanwhile. Exit
 * context, own vCPU, no lock held, all of `v` is in the hardware or in memory.
 */
struct vcpu_return {
	u64 pc, pstate; /* where the guest goes on: an interrupt taken meanwhile changes both registers */
};

static inline struct vcpu_return vcpu_open(struct vcpu *v)
{
	struct vcpu_return r = { read_elr_el2(), read_spsr_el2() };

	v->thread.open = 1;
	irq_enable();
	return r;
}

static inline void vcpu_close(struct vcpu *v, struct vcpu_return r)
{
	irq_disable();
	v->thread.open = 0;
	write_elr_el2(r.pc);
	write_spsr_el2(r.pstate);
}

/* vcpu_work - the slow way back to the guest: flush, stop, pause, reschedule. Called by the vector. */
void vcpu_work(struct vcpu *v);
/* vcpu_halt - power off: drops the EL2 stack; the vCPU starts anew at the next CPU_ON. Exit context, own vCPU. */
void vcpu_halt(struct vcpu *v) __noreturn;

#endif
