/* SPDX-License-Identifier: Apache-2.0 */
/*
 * LPIs of the host, taken from the first use on. The events of a function get LPIs in one run; when one arrives, its
 * number leads to the function and the event. An LPI comes to the CPU of the vCPU that its event is for, and follows
 * it when it has come to another one.
 */
#include <errno.h>
#include "arch/arch.h"
#include "core/base/board.h"
#include "core/base/memory.h"
#include "core/irq.h"
#include "core/sched.h"
#include "core/trace.h"
#include "core/vgic/its.h"
#include "core/vgic/lpi.h"
#include "core/vgic/vgic_priv.h"

#define ROUTE_NS 10000000UL /* LPIs follow a vCPU not more often */

static const struct board *board;
static struct msi_device **owner;           /* of each LPI */
static struct msi_device *seen[MAX_CPUS];   /* what an interrupt on this CPU looks at */
static bool busy;                           /* one at a time gives commands to ITSs */

void its_host_board(const struct board *b)
{
	board = b;
}

pa_t its_doorbell(u32 its)
{
	return board != NULL && its < board->gic.its_count ? board->gic.its[its].start + GITS_TRANSLATION : 0;
}

inline u32 vits_translate(struct msi_device *m, u32 event)
{
	struct vgic *g = &m->vm->vgic;
	struct vits *its = g->its;
	u32 lpi = m->event[event].lpi, to = its->coll[m->event[event].coll];

	if (unlikely(lpi == VGIC_LPI_NONE || to == VITS_NOWHERE || !its->enabled)) {
		return VITS_NOWHERE;
	}
	if (trace_on()) {
		trace_put(TRACE_INJECT, trace_who(m->vm->id, TRACE_NO_VCPU), VGIC_LPI_MIN + lpi, 0, 0);
	}
	return vgic_lpi_pend(g, lpi, to) ? VITS_NOWHERE : to;
}

/*
 * The LPI of `event` may have come to another CPU than that of its vCPU: it is to follow. Not to one that has stopped:
 * the VM's worker does nothing for it while the ITS is reset, and is gone before the function is. Exit context.
 */
static __noinline __cold void lpi_astray(struct msi_device *m, u32 event, u32 to)
{
	struct vits *its = m->vm->vgic.its;

	if (m->vm->vcpu[to]->thread.cpu != this_cpu()->id && READ_ONCE(m->vm->state) == VM_RUNNING) {
		m->astray = event + 1;
		if (counter_now() - its->routed_at > ns_to_counter(ROUTE_NS)) {
			its->routed_at = counter_now();
			vits_want(m->vm, VITS_ROUTE);
		}
	}
}

/* LPI `intid` has been acknowledged. Exit context. */
static void lpi_fired(u32 intid)
{
	u32 i = intid - VGIC_LPI_MIN, to;
	struct msi_device *m = i < HOST_LPIS ? READ_ONCE(owner[i]) : NULL;
	struct msi_device **look = &seen[this_cpu()->id];

	if (unlikely(m == NULL)) {
		return;
	}
	__atomic_store_n(look, m, __ATOMIC_SEQ_CST);
	if (likely(__atomic_load_n(&owner[i], __ATOMIC_SEQ_CST) == m)) { /* it stays: its_host_settle() waits for us */
		spin_lock(&m->vm->vgic.lock);
		to = vits_translate(m, i - m->lpi);
		spin_unlock(&m->vm->vgic.lock);
		if (unlikely(to != VITS_NOWHERE)) {
			lpi_astray(m, i - m->lpi, to);
		}
	}
	__atomic_store_n(look, NULL, __ATOMIC_RELEASE);
}

/* The first of `n` LPIs in a row that are free; HOST_LPIS: none. */
static u32 find_free(u32 n)
{
	u32 run = 0;

	for (u32 i = 0; i < HOST_LPIS; i++) {
		run = owner[i] == NULL ? run + 1 : 0;
		if (run == n) {
			return i + 1 - n;
		}
	}
	return HOST_LPIS;
}

static int link(struct msi_device *m, const struct msi_host *host)
{
	u32 first, cpu = m->vm->vcpu[0]->thread.cpu;
	int err;

	if (owner == NULL) {
		owner = mem_alloc(HOST_LPIS * sizeof(struct msi_device *));
		if (owner == NULL) {
			return -ENOMEM;
		}
		irq_set_lpi(lpi_fired);
	}
	err = its_start(board, host->its);
	if (err != 0) {
		return err;
	}
	first = find_free(m->nvec);
	if (first == HOST_LPIS) {
		return -ENOSPC;
	}
	err = its_map(host->its, host->devid, m->nvec, first, cpu, &m->itt);
	if (err != 0) {
		return err;
	}
	m->host = *host;
	m->lpi = first;
	m->linked = true;
	for (u32 i = 0; i < m->nvec; i++) {
		m->event[i].cpu = (u8)cpu;
		__atomic_store_n(&owner[first + i], m, __ATOMIC_RELEASE);
	}
	return 0;
}

int its_host_link(struct msi_device *m, const struct msi_host *host)
{
	int err;

	sleep_lock(&busy);
	err = link(m, host);
	sleep_unlock(&busy);
	return err;
}

void its_host_settle(void)
{
	for (u32 i = 0; i < MAX_CPUS; i++) {
		struct msi_device *m = __atomic_load_n(&seen[i], __ATOMIC_SEQ_CST);

		while (m != NULL && __atomic_load_n(&seen[i], __ATOMIC_SEQ_CST) == m) {
			vdev_pause();
		}
	}
}

void its_host_unlink(struct msi_device *m)
{
	if (!m->linked) {
		return;
	}
	sleep_lock(&busy);
	its_unmap(m->host.its, m->host.devid, m->nvec, m->lpi, m->itt);
	for (u32 i = 0; i < m->nvec; i++) {
		__atomic_store_n(&owner[m->lpi + i], NULL, __ATOMIC_SEQ_CST);
	}
	its_host_settle();
	m->linked = false;
	sleep_unlock(&busy);
}

void its_host_route(struct msi_device *m, u32 event, u32 vcpu)
{
	u32 cpu = READ_ONCE(m->vm->vcpu[vcpu]->thread.cpu);
	u64 flags;

	if (m->linked && event < m->nvec && m->event[event].cpu != cpu) {
		/* At a guest's priority, two commands: who holds it is not preempted, or others' guests would wait for its. */
		flags = irq_save();
		sleep_lock(&busy);
		if (its_move(m->host.its, m->host.devid, event, cpu) == 0) {
			m->event[event].cpu = (u8)cpu;
		}
		sleep_unlock(&busy);
		irq_restore(flags);
	}
}
