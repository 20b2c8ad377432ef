/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the virtual GIC: between core/vgic/ and the register faces vdev/gic*.c. */
#ifndef QUOIN_CORE_VGIC_VGIC_PRIV_H
#define QUOIN_CORE_VGIC_VGIC_PRIV_H

#include "arch_gic.h"
#include "core/mmio.h"
#include "core/vm.h"

static inline u32 atomic_or(u32 *p, u32 bits)
{
	return __atomic_fetch_or(p, bits, __ATOMIC_ACQ_REL);
}

static inline u32 atomic_clear(u32 *p, u32 bits)
{
	return __atomic_fetch_and(p, ~bits, __ATOMIC_ACQ_REL);
}

/* What is enabled and has its group on, of 32 interrupts. */
static inline u32 vgic_live(const struct vgic *g, const struct vgic_word *w)
{
	return w->enabled & ((w->group & g->group_on[1]) | (~w->group & g->group_on[0]));
}

/* What is pending in memory: latched, or by its line. */
static inline u32 vgic_pend(const struct vgic_word *w)
{
	return w->pending | (w->level & ~w->edge);
}

/*
 * ICH_HCR_EL2 while nothing special is asked of it. With an emulated CPU interface list registers are off
 * and the system registers trap: a GICv2 guest has none, a GICv3 guest's are in icc.c; all that differs from ICH_HCR_EN takes the
 * general way through the list register code, which is where vgic_emulated() is asked.
 */
#define VGIC_HCR_EMULATED (ICH_HCR_TC | ICH_HCR_TALL0 | ICH_HCR_TALL1)

static inline u32 vgic_hcr(const struct vgic *g)
{
	return g->gicc ? VGIC_HCR_EMULATED : ICH_HCR_EN;
}

static inline bool vgic_emulated(const struct vgic_cpu *c)
{
	return (c->hcr & ICH_HCR_TC) != 0;
}

/* vgic_vtimer_line - the loaded vCPU's virtual timer: enabled, not masked, met (ARM ARM D12.2). */
static inline bool vgic_vtimer_line(void)
{
	return (read_cntv_ctl_el0() & 7) == 5;
}

/* vgic_recompute - after a change of enable, group, priority, GICD_CTLR. Own vCPU or not loaded. */
void vgic_recompute(struct vcpu *v);

/*
 * vgic_sync - bring every list register of the loaded `v` back to memory and empty it.
 * vgic_settle - its second half: what others have asked for. No list register is in use.
 * vgic_fill - choose what list registers hold; or, if an interrupt of the machine waits, have vgic_flush()
 * do it on the way back to the guest. With vgic.lock held; always in pairs.
 */
void vgic_sync(struct vcpu *v);
void vgic_settle(struct vcpu *v);
void vgic_fill(struct vcpu *v);

/* vgic_gicc_sync, vgic_gicc_fill - the same for an emulated CPU interface. */
void vgic_gicc_sync(struct vcpu *v);
void vgic_gicc_fill(struct vcpu *v);
/* vgic_gicc_put - after a sync, before another vCPU gets the CPU: nothing is signalled. Locked. */
void vgic_gicc_put(struct vcpu *v);
/*
 * vgic_deactivate - interrupt `val` is active no more; of a GICv2's SGI only if it is that of the source in
 * bits 12:10. Locked, between vgic_sync() and vgic_fill(). val's INTID < words * 32.
 */
void vgic_deactivate(struct vcpu *v, u32 val);

#define INTID_GROUP1 1022 /* one of Group 1 is pending: read the aliased register */

/* Around everything about SPIs. IRQs masked. */
void vgic_lock(struct vgic *g);
void vgic_unlock(struct vgic *g);

/*
 * vgic_notify - SPIs `bits` of word `w` may be deliverable: tell the vCPUs they are for. `self`, or
 * NULL, is about to call vgic_fill() anyway. Locked.
 */
void vgic_notify(struct vgic *g, u32 w, u32 bits, const struct vcpu *self);
/* vgic_recall - vCPUs with SPIs `bits` of word `w` in list registers are to reconsider. Locked. */
void vgic_recall(struct vgic *g, u32 w, u32 bits);
/*
 * vgic_place_spi - the short way of a rising SPI: into a list register of the vCPU that runs here, with `extra` bits;
 * false: the general way has to be gone. Locked, `bit` of `w` is set where pending is latched.
 */
bool vgic_place_spi(struct vgic *g, u32 intid, u32 bit, struct vgic_word *w, u64 extra);
/* vgic_reconsider - the same for everything of one vCPU. Any context. */
void vgic_reconsider(struct vcpu *v);
/* vgic_deactivate_spis - whoever has them; from list registers in time. Locked. */
void vgic_deactivate_spis(struct vgic *g, u32 w, u32 bits);
/* vgic_route_spi - recompute which vCPUs may take an SPI after route[] changed. Locked. */
void vgic_route_spi(struct vgic *g, u32 intid);
/* vgic_set_ctlr - GICD_CTLR group enables. Exit context. */
void vgic_set_ctlr(struct vgic *g, u32 groups);
/* vgic_busy - some vCPU has yet to act on a change: GICD_CTLR.RWP, GICR_CTLR.RWP. Any context. */
bool vgic_busy(const struct vgic *g);
/* vgic_send - make SGI `intid` pending on the vCPUs in `targets`, from `v` (a GICv2's source). */
void vgic_send(struct vcpu *v, u32 intid, u32 targets);

/*
 * Interrupts linked to the machine's (core/vgic/link.h). All locked, `bits` are linked ones of word `w`.
 * vgic_link_place - state and link bits of the list register one gets; what it was to get is taken from memory.
 * vgic_link_settle - one came back to memory, or what memory says has changed: `had` it a pending or active state
 * before? Brings the physical one in step.
 * vgic_link_pending - which pend in the machine. The others: what a guest's register write means for the machine.
 */
u64 vgic_link_place(struct vcpu *v, u32 intid, bool crowded, bool *latched);
void vgic_link_settle(struct vgic *g, u32 intid, bool had);
u32 vgic_link_pending(const struct vgic *g, u32 w);
void vgic_link_pend(struct vgic *g, u32 w, u32 bits, bool pend);
void vgic_link_enable(struct vgic *g, u32 w, u32 bits, bool on);
void vgic_link_activate(struct vgic *g, u32 w, u32 bits, bool on);
void vgic_link_trigger(struct vgic *g, u32 w, u32 bits);
void vgic_link_route(struct vgic *g, u32 intid);
/* vgic_link_refresh - enable, group, priority or GICD_CTLR have changed for `bits`, linked ones or not. */
void vgic_link_refresh(struct vgic *g, u32 w, u32 bits);
/* vgic_link_moved - the vCPU was loaded on another CPU than before: its interrupts follow. */
void vgic_link_moved(struct vcpu *v);

/* Registers with a bit per interrupt, in the order of their offsets / 0x80 (IHI 0069 12.9). */
enum vgic_bits {
	VGIC_GROUP = 1,
	VGIC_ENABLE,
	VGIC_DISABLE,
	VGIC_PEND,
	VGIC_UNPEND,
	VGIC_ACT,
	VGIC_DEACT,
};

/*
 * Register words. `v` is the vCPU that accesses and is loaded on this CPU; for word 0 `t` is the
 * vCPU whose private interrupts are meant, else it is not looked at. w < g->words. Exit context.
 */
u32 vgic_read_bits(struct vcpu *v, struct vcpu *t, enum vgic_bits r, u32 w);
void vgic_write_bits(struct vcpu *v, struct vcpu *t, enum vgic_bits r, u32 w, u32 val);
/* Four priority bytes from `intid` (a multiple of 4); only bytes in `mask` are written. */
u32 vgic_read_prio(struct vcpu *v, struct vcpu *t, u32 intid);
void vgic_write_prio(struct vcpu *v, struct vcpu *t, u32 intid, u32 val, u32 mask);
/* Sixteen two-bit fields from `intid` (a multiple of 16): 2 edge, 0 level. */
u32 vgic_read_config(struct vcpu *v, struct vcpu *t, u32 intid);
void vgic_write_config(struct vcpu *v, struct vcpu *t, u32 intid, u32 val);
/* GICv2 GICD_SPENDSGIR, GICD_CPENDSGIR: source bytes of four SGIs of `v`. */
u32 vgic_read_sgi_sources(struct vcpu *v, u32 sgi);
void vgic_write_sgi_sources(struct vcpu *v, u32 sgi, u32 val, bool set);

/* The faces: vdev/gic_dist.c and vdev/gic_redist.c. `arg` is the struct vgic. */
enum mmio_result vgic_dist_v2(void *arg, struct vcpu *v, struct mmio *m);
enum mmio_result vgic_dist_v3(void *arg, struct vcpu *v, struct mmio *m);
enum mmio_result vgic_redist(void *arg, struct vcpu *v, struct mmio *m);
/* The page of GICC_DIR (GICv2). */
enum mmio_result vgic_gicc_dir(void *arg, struct vcpu *v, struct mmio *m);
/* The emulated CPU interface, of a GICv2 guest in memory. */
enum mmio_result vgic_gicc(void *arg, struct vcpu *v, struct mmio *m);
u32 vgic_gicc_read32(void *arg, struct vcpu *v, u64 off);
void vgic_gicc_write32(void *arg, struct vcpu *v, u64 off, u32 val);
/* Aligned words of the same; `off` is inside the window. */
u32 vgic_dist_read32(void *arg, struct vcpu *v, u64 off);
void vgic_dist_write32(void *arg, struct vcpu *v, u64 off, u32 val);
u32 vgic_redist_read32(void *arg, struct vcpu *v, u64 at);
void vgic_redist_write32(void *arg, struct vcpu *v, u64 at, u32 val);

#endif
