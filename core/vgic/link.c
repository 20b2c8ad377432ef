/* SPDX-License-Identifier: Apache-2.0 */
/* See link.h. All state is under vgic.lock of the VM; a link's VM does not change while it is in use. */
#include "core/vgic/link.h"

#include <errno.h>
#include "core/irq.h"
#include "core/trace.h"
#include "core/vgic/vgic_priv.h"

u8 vgic_link_of[VGIC_MAX_INTID];
struct vgic_link vgic_links[VGIC_MAX_LINKS];
static struct spinlock links_lock;

static struct vgic_link *link_at(const struct vgic *g, u32 guest)
{
	return &vgic_links[g->link[guest] - 1];
}

static u32 bit_of(u32 intid)
{
	return 1u << (intid % 32);
}

/* It may not be delivered now: an edge stays pending in the machine, a level comes again by itself. */
static void give_back(const struct vgic_link *l)
{
	if (l->edge) {
		gic_set_pending(l->host, true);
	}
	gic_set_active(l->host, false);
}

/* What the short way goes by. Locked, after any change of what it holds. */
static void refresh(struct vgic *g, u32 intid)
{
	const struct vm *vm = container_of(g, struct vm, vgic);
	struct vgic_link *l = link_at(g, intid);
	const struct vgic_word *w = &g->w[intid / 32];
	struct vcpu *only = NULL;
	u32 targets = 0, bit = bit_of(intid);

	for (u32 i = 0; i < g->vcpus; i++) {
		if ((g->target[i][intid / 32] & bit) != 0) {
			only = vm->vcpu[i];
			targets++;
		}
	}
	WRITE_ONCE(l->ready, l->lr | ICH_LR_PENDING | (w->group & bit ? ICH_LR_GROUP : 0) |
		   field_prep(ICH_LR_PRIO, g->prio[intid]) | intid);
	WRITE_ONCE(l->vcpu, l->live && !l->immediate && targets == 1 && (vgic_live(g, w) & bit) != 0 ? only : NULL);
}

__cold void vgic_link_refresh(struct vgic *g, u32 w, u32 bits)
{
	for (bits &= g->linked[w]; bits; bits &= bits - 1) {
		refresh(g, w * 32 + (u32)__builtin_ctz(bits));
	}
}

/* The list register that has it, for the next time. */
static void note_register(const struct vcpu *v, struct vgic_link *l)
{
	for (u32 m = v->vgic.lr_used; m; m &= m - 1) {
		if (v->vgic.lr_intid[__builtin_ctz(m)] == l->guest) {
			l->n = (u8)__builtin_ctz(m);
		}
	}
}

void vgic_link_fired(u32 intid)
{
	u32 i = READ_ONCE(vgic_link_of[intid]), k, bit;
	struct vgic_link *l = &vgic_links[i != 0 ? i - 1 : 0];
	struct vm *vm = i != 0 ? READ_ONCE(l->vm) : NULL;
	struct vgic_word *w;
	struct vgic *g;

	if (unlikely(vm == NULL)) { /* given back meanwhile */
		gic_set_active(intid, false);
		return;
	}
	g = &vm->vgic;
	spin_lock(&g->lock);
	k = l->guest / 32;
	bit = bit_of(l->guest);
	w = &g->w[k];
	if (unlikely(!l->live || l->host != intid)) {
		gic_set_active(intid, false);
	} else if (unlikely((w->enabled & bit) == 0)) {
		give_back(l); /* the guest has masked it meanwhile */
	} else {
		if (trace_on()) {
			trace_put(TRACE_INJECT, trace_who(vm->id, TRACE_NO_VCPU), l->guest, 0, 0);
		}
		w->pending |= bit;
		if (!vgic_place_spi(g, l->guest, bit, w, l->lr)) {
			vgic_notify(g, k, bit, NULL);
		} else if (l->immediate) {
			gic_set_active(l->host, false);
		} else {
			note_register(current_vcpu(), l);
		}
	}
	spin_unlock(&g->lock);
}

__cold u64 vgic_link_place(struct vcpu *v, u32 intid, bool crowded, bool *latched)
{
	struct vgic *g = &v->vm->vgic;
	struct vgic_word *w = &g->w[intid / 32];
	const struct vgic_link *l = link_at(g, intid);
	u32 bit = bit_of(intid);
	bool active = (w->active & bit) != 0, pending = (w->pending & bit) != 0;

	*latched = false;
	if (active && !l->immediate) {
		if (pending) {
			w->pending &= ~bit;
			gic_set_pending(l->host, true); /* never both in one list register */
		}
		return l->lr | ICH_LR_ACTIVE;
	}
	if (active && (crowded || !(g->target[v->id][intid / 32] & bit))) {
		return ICH_LR_ACTIVE | (pending ? ICH_LR_EOI : 0);
	}
	if (pending) {
		*latched = true;
		w->pending &= ~bit;
		if (l->immediate) {
			gic_set_active(l->host, false);
		}
	}
	return l->lr | (active ? ICH_LR_ACTIVE : 0) | (pending ? ICH_LR_PENDING : 0);
}

__cold void vgic_link_settle(struct vgic *g, u32 intid, bool had)
{
	const struct vgic_link *l = link_at(g, intid);
	struct vgic_word *w = &g->w[intid / 32];
	u32 bit = bit_of(intid);

	if ((w->pending & w->active & bit) != 0 && !l->immediate) {
		w->pending &= ~bit;
		gic_set_pending(l->host, true);
	} else if ((w->pending & ~w->enabled & bit) != 0) {
		w->pending &= ~bit;
		give_back(l);
	} else if (((w->pending | w->active) & bit) == 0 && (had || (l->lr & (ICH_LR_HW | ICH_LR_EOI)) == ICH_LR_EOI)) {
		gic_set_active(l->host, false);
	}
}

__cold u32 vgic_link_pending(const struct vgic *g, u32 w)
{
	u32 val = 0;

	for (u32 m = g->linked[w]; m; m &= m - 1) {
		u32 n = (u32)__builtin_ctz(m);

		val |= gic_pending(link_at(g, w * 32 + n)->host) ? 1u << n : 0;
	}
	return val;
}

__cold void vgic_link_pend(struct vgic *g, u32 w, u32 bits, bool pend)
{
	for (; bits; bits &= bits - 1) {
		u32 n = (u32)__builtin_ctz(bits);

		gic_set_pending(link_at(g, w * 32 + n)->host, pend);
		if (!pend && ((g->w[w].in_lr | g->w[w].active | g->w[w].pending) >> n & 1) == 0) {
			gic_set_active(link_at(g, w * 32 + n)->host, false);
		}
	}
}

__cold void vgic_link_enable(struct vgic *g, u32 w, u32 bits, bool on)
{
	for (; bits; bits &= bits - 1) {
		u32 intid = w * 32 + (u32)__builtin_ctz(bits);
		const struct vgic_link *l = link_at(g, intid);

		if (l->live) {
			gic_enable(l->host, on);
		}
		if (!on && !(g->w[w].in_lr & bit_of(intid))) {
			vgic_link_settle(g, intid, false);
		}
	}
}

__cold void vgic_link_activate(struct vgic *g, u32 w, u32 bits, bool on)
{
	for (; bits; bits &= bits - 1) {
		u32 intid = w * 32 + (u32)__builtin_ctz(bits);

		if (on) {
			gic_set_active(link_at(g, intid)->host, true);
		}
		if (!(g->w[w].in_lr & bit_of(intid))) {
			vgic_link_settle(g, intid, !on);
		}
	}
}

__cold void vgic_link_trigger(struct vgic *g, u32 w, u32 bits)
{
	for (; bits; bits &= bits - 1) {
		u32 intid = w * 32 + (u32)__builtin_ctz(bits);
		struct vgic_link *l = link_at(g, intid);

		if (!l->immediate) { /* a level would come again at once */
			l->edge = (g->w[w].edge & bit_of(intid)) != 0;
			gic_enable(l->host, false); /* or it is UNPREDICTABLE (IHI 0069 12.9.9) */
			gic_set_trigger(l->host, l->edge);
			gic_enable(l->host, l->live && (g->w[w].enabled & bit_of(intid)) != 0);
		}
	}
}

/* To the CPU of the first vCPU that may take it. */
static void route(struct vgic *g, u32 intid)
{
	const struct vm *vm = container_of(g, struct vm, vgic);

	for (u32 i = 0; i < g->vcpus; i++) {
		const struct vcpu *v = vm->vcpu[i];

		if (v != NULL && (g->target[i][intid / 32] & bit_of(intid)) != 0) {
			gic_route(link_at(g, intid)->host, v->vgic.loaded ? v->vgic.cpu : v->thread.cpu);
			return;
		}
	}
}

__cold void vgic_link_route(struct vgic *g, u32 intid)
{
	route(g, intid);
	refresh(g, intid);
}

__cold void vgic_link_moved(struct vcpu *v)
{
	struct vgic *g = &v->vm->vgic;

	v->vgic.routed = (u8)(v->vgic.cpu + 1);
	for (u32 k = 1; k < g->words; k++) {
		for (u32 m = g->linked[k] & g->target[v->id][k]; m; m &= m - 1) {
			route(g, k * 32 + (u32)__builtin_ctz(m));
		}
	}
}

__cold int vgic_link(struct vm *vm, u32 guest, u32 host, bool edge, bool immediate)
{
	struct vgic *g = &vm->vgic;
	u32 i = 0;
	u64 flags;

	if (guest < 32 || guest >= g->words * 32u || host < 32 || host >= MIN(gic_intids(), (u32)VGIC_MAX_INTID) ||
	    (immediate && !edge)) {
		return -EINVAL;
	}
	flags = spin_lock_irq(&links_lock);
	while (i < VGIC_MAX_LINKS && vgic_links[i].vm != NULL) {
		i++;
	}
	if (g->link[guest] != 0 || vgic_link_of[host] != 0 || irq_taken(host)) {
		i = VGIC_MAX_LINKS + 1;
	} else if (i < VGIC_MAX_LINKS) {
		vgic_links[i] = (struct vgic_link){ .vm = vm, .guest = (u16)guest, .host = (u16)host, .edge = edge, .w = &g->w[guest / 32], .bit = bit_of(guest),
					       .immediate = immediate, .configured = edge };
		if (!immediate) {
			vgic_links[i].lr = (gic_hw.vtimer_link & ICH_LR_HW) != 0 ?
				ICH_LR_HW | field_prep(ICH_LR_PINTID, host) : ICH_LR_EOI;
		}
		__atomic_store_n(&vgic_link_of[host], (u8)(i + 1), __ATOMIC_RELEASE);
	}
	spin_unlock_irq(&links_lock, flags);
	if (i >= VGIC_MAX_LINKS) {
		return i > VGIC_MAX_LINKS ? -EBUSY : -ENOSPC;
	}
	gic_enable(host, false);
	gic_set_pending(host, false);
	gic_configure(host, 0xa0, edge, 0);
	flags = spin_lock_irq(&g->lock);
	g->link[guest] = (u8)(i + 1);
	g->linked[guest / 32] |= bit_of(guest);
	spin_unlock_irq(&g->lock, flags);
	return 0;
}

/* Masked and forgotten. One that is on its way finds it not live. */
static void quiet(struct vgic *g, u32 intid)
{
	struct vgic_link *l = link_at(g, intid);
	u64 flags = spin_lock_irq(&g->lock);

	l->live = false;
	refresh(g, intid);
	g->w[intid / 32].pending &= ~bit_of(intid);
	g->w[intid / 32].active &= ~bit_of(intid);
	gic_enable(l->host, false);
	gic_set_pending(l->host, false);
	gic_set_active(l->host, false);
	spin_unlock_irq(&g->lock, flags);
}

static void for_each(struct vm *vm, void (*fn)(struct vgic *g, u32 intid))
{
	for (u32 k = 1; k < vm->vgic.words; k++) {
		for (u32 m = vm->vgic.linked[k]; m; m &= m - 1) {
			fn(&vm->vgic, k * 32 + (u32)__builtin_ctz(m));
		}
	}
}

__cold void vgic_link_quiesce(struct vm *vm)
{
	for_each(vm, quiet);
}

static void revive(struct vgic *g, u32 intid)
{
	struct vgic_link *l = link_at(g, intid);
	u64 flags;

	quiet(g, intid);
	l->edge = l->configured;
	gic_set_trigger(l->host, l->edge);
	flags = spin_lock_irq(&g->lock);
	g->w[intid / 32].edge |= l->edge ? bit_of(intid) : 0;
	route(g, intid);
	l->live = true;
	refresh(g, intid);
	spin_unlock_irq(&g->lock, flags);
}

__cold void vgic_link_reset(struct vm *vm)
{
	for_each(vm, revive);
}

__cold void vgic_unlink(struct vm *vm, u32 guest)
{
	struct vgic *g = &vm->vgic;
	struct vgic_link *l;
	u64 flags;

	if (guest >= g->words * 32u || g->link[guest] == 0) {
		return;
	}
	quiet(g, guest);
	l = link_at(g, guest);
	flags = spin_lock_irq(&g->lock);
	g->linked[guest / 32] &= ~bit_of(guest);
	g->link[guest] = 0;
	spin_unlock_irq(&g->lock, flags);
	/* Behind it nothing new is on its way; what is, finds it not live, or is nobody's. */
	flags = spin_lock_irq(&links_lock);
	vgic_link_of[l->host] = 0;
	l->vm = NULL;
	spin_unlock_irq(&links_lock, flags);
}
