/* SPDX-License-Identifier: Apache-2.0 */
#include "core/irq.h"

#include <errno.h>
#include "arch/arch.h"
#include "arch_gic.h"
#include "core/base/log.h"
#include "core/board.h"
#include "core/sched.h"
#include "core/trace.h"
#include "core/vcpu.h"
#include "core/vgic/link.h"

#define MAX_HANDLERS 24

struct irq_handler {
	u32 intid;
	bool edge;
	const char *name; /* NULL: not shared */
	void (*fn)(void *arg);
	void *arg;
};

static struct irq_handler handlers[MAX_HANDLERS];
static u32 handler_count; /* those below it do not change */
static struct spinlock adding;

static void no_lpi(u32 intid)
{
	(void)intid;
}

static void (*lpi_fn)(u32 intid) = no_lpi;
static u32 vtimer_intid = 27, el2_timer_intid = 26, maintenance_intid = 25;

void irq_init(const struct board *b)
{
	vtimer_intid = b->timer.virt.intid;
	el2_timer_intid = b->timer.hyp.intid;
	maintenance_intid = b->gic.maintenance.intid;
}

/* A handler more; `first`: of its interrupt. */
static int add(const struct irq_handler *h, bool *first)
{
	u64 flags = spin_lock_irq(&adding);
	int err = handler_count < MAX_HANDLERS ? 0 : -ENOSPC;

	if (h->intid < VGIC_MAX_INTID && vgic_link_of[h->intid] != 0) {
		err = -EBUSY; /* a guest's */
	}

	*first = true;
	for (u32 i = 0; i < handler_count; i++) {
		if (handlers[i].intid == h->intid) {
			*first = false;
			if (handlers[i].name == NULL || h->name == NULL || handlers[i].edge != h->edge) {
				err = -EBUSY;
			}
		}
	}
	if (err == 0) {
		handlers[handler_count] = *h;
		__atomic_store_n(&handler_count, handler_count + 1, __ATOMIC_RELEASE);
	}
	spin_unlock_irq(&adding, flags);
	return err;
}

int irq_register(u32 intid, bool edge, void (*fn)(void *arg), void *arg)
{
	const struct irq_handler h = { intid, edge, NULL, fn, arg };
	bool first;
	int err = add(&h, &first);

	if (err == 0) {
		gic_configure(intid, 0xa0, edge, this_cpu()->id);
		gic_enable(intid, true);
	}
	return err;
}

int irq_share(u32 intid, bool edge, const char *name, void (*fn)(void *arg), void *arg)
{
	const struct irq_handler h = { intid, edge, name, fn, arg };
	bool first;
	int err = intid < 32 ? -EINVAL : add(&h, &first);

	if (err == 0 && first) {
		gic_configure(intid, 0xa0, edge, 0);
		gic_enable(intid, true);
	}
	return err;
}

bool irq_taken(u32 intid)
{
	bool taken = false;

	for (u32 i = 0; i < __atomic_load_n(&handler_count, __ATOMIC_ACQUIRE); i++) {
		taken |= handlers[i].intid == intid;
	}
	return taken;
}

__cold void irq_set_lpi(void (*fn)(u32 intid))
{
	__atomic_store_n(&lpi_fn, fn, __ATOMIC_RELEASE);
}

__cold const char *irq_describe(u32 i, u32 *intid)
{
	switch (i) {
	case 0:
		*intid = el2_timer_intid;
		return "scheduler";
	case 1:
		*intid = vtimer_intid;
		return "virtual timers";
	case 2:
		*intid = maintenance_intid;
		return "list registers";
	default:
		*intid = i - 3 < handler_count ? handlers[i - 3].intid : 0;
		return *intid == 0 ? NULL : handlers[i - 3].name != NULL ? handlers[i - 3].name : "device";
	}
}

/* The virtual timer of the loaded vCPU; without one it is a leftover and is silenced. */
static void vtimer_fired(u32 iar)
{
	struct vcpu *v = this_cpu()->loaded;

	gic_eoi_fast(iar);
	if (v == NULL) {
		write_cntv_ctl_el0(0);
		gic_deactivate_fast(iar);
		return;
	}
	vgic_vtimer_fired(v);
	if (v->thread.state == THREAD_BLOCKED) {
		thread_wake(&v->thread);
	}
}

static void unexpected(u32 intid)
{
	static u32 told;

	gic_enable(intid, false); /* nobody wants it: it must not come again */
	if (told < 16) {
		told++;
		log_warn("interrupt %u has no handler, disabled", intid);
	}
}

/* A GICv2 also names the sender of an SGI. */
static u32 intid_of(u32 iar)
{
	return iar & (gic_hw.v3 ? 0xffffff : 0x3ff);
}

/* The interrupt behind `iar` is dealt with. What it counts as if it has left a guest: enum exit_counter. */
static __noinline u32 irq_dispatch(u32 iar)
{
	u32 intid = intid_of(iar), kind = EXIT_IRQ;

	if (intid >= 1020) {
		if (intid >= 8192) { /* an LPI is never active: nothing to deactivate */
			gic_eoi_fast(iar);
			lpi_fn(intid);
		}
		return kind; /* or spurious */
	}
	if (intid == vtimer_intid) {
		vtimer_fired(iar);
		return EXIT_VTIMER;
	}
	gic_eoi_fast(iar);
	if (intid < VGIC_MAX_INTID && READ_ONCE(vgic_link_of[intid]) != 0) {
		vgic_link_fired(intid); /* it stays active: the guest ends it */
		return kind;
	}
	if (intid < 16) {
		gic_deactivate_fast(iar); /* SGI_KICK: what is to be done stands in resched or vcpu.work */
		return EXIT_KICK;
	}
	if (intid == el2_timer_intid) {
		sched_timer_irq();
		kind = EXIT_TIMER;
	} else if (intid == maintenance_intid) {
		struct vcpu *v = this_cpu()->loaded;

		if (v != NULL) {
			vgic_maintenance(v);
		}
		kind = EXIT_MAINTENANCE;
	} else {
		u32 n = __atomic_load_n(&handler_count, __ATOMIC_ACQUIRE);
		bool known = false;

		for (u32 i = 0; i < n; i++) {
			if (handlers[i].intid == intid) {
				handlers[i].fn(handlers[i].arg);
				known = true;
			}
		}
		if (!known) {
			unexpected(intid);
		}
	}
	gic_deactivate_fast(iar);
	return kind;
}

/* What the interrupt has left to do for the vCPU it has interrupted. */
static inline __attribute__((always_inline)) void after(struct vcpu *v)
{
	if (this_cpu()->resched) {
		vcpu_work_set(v, VWORK_RESCHED);
	} else if (__atomic_load_n(&v->work, __ATOMIC_ACQUIRE) == VWORK_VGIC) {
		__atomic_and_fetch(&v->work, ~(u32)VWORK_VGIC, __ATOMIC_ACQ_REL);
		vgic_kicked(v);
	}
}

/*
 * In front of the general way: the virtual timer, and another CPU's news for this vCPU's GIC, which
 * then needs no return through vcpu_work(). Both end here in every case but odd ones.
 */
void irq_guest(struct vcpu *v)
{
	u32 iar = gic_ack_fast(), link;

	if (likely(iar == vtimer_intid)) {
		gic_eoi_fast(iar);
		v->exits[EXIT_VTIMER]++;
		vgic_vtimer_fired(v);
		return;
	}
	if (iar >= 16) {
		if (iar < VGIC_MAX_INTID && (link = READ_ONCE(vgic_link_of[iar])) != 0) {
			gic_eoi_fast(iar);
			v->exits[EXIT_IRQ]++;
			if (likely(vgic_link_quick(v, link - 1u))) {
				return;
			}
			vgic_link_fired(iar);
			after(v);
			return;
		}
		if (iar >= 8192) { /* an LPI; a GICv2's IAR is smaller */
			gic_eoi_fast(iar);
			v->exits[EXIT_IRQ]++;
			lpi_fn(iar);
			after(v);
			return;
		}
		v->exits[irq_dispatch(iar)]++;
	} else {
		v->exits[EXIT_KICK]++;
		gic_eoi_fast(iar);
		gic_deactivate_fast(iar);
	}
	after(v);
}

void trace_irq(struct vcpu *v)
{
	struct trace_ring *r = this_cpu()->trace;
	u32 iar = gic_ack_fast();

	trace_store(r, TRACE_IRQ, v->trace_who, intid_of(iar), read_elr_el2(), 0);
	if (likely(iar == vtimer_intid)) {
		gic_eoi_fast(iar);
		v->exits[EXIT_VTIMER]++;
		trace_store(r, TRACE_INJECT, v->trace_who, VGIC_VTIMER, 0, 0);
		vgic_vtimer_fired(v);
		return;
	}
	v->exits[irq_dispatch(iar)]++;
	after(v);
}

void irq_el2(void)
{
	u32 iar = gic_ack_fast();

	if (trace_on()) {
		trace_put(TRACE_EL2_IRQ, TRACE_NOBODY, intid_of(iar), 0, 0);
	}
	this_cpu()->in_irq = true;
	irq_dispatch(iar);
	this_cpu()->in_irq = false;
	if (this_cpu()->resched) {
		schedule();
	}
}
