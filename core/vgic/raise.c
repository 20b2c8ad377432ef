/* SPDX-License-Identifier: Apache-2.0 */
/* What makes an interrupt pending: device lines, SGIs; and telling the vCPU it is for. */
#include "core/vgic/vgic_priv.h"

#include "core/trace.h"

static u32 packed_affinity(const struct vcpu *v)
{
	return (u32)((v->vmpidr & 0xffffff) | ((v->vmpidr >> 32) & 0xff) << 24);
}

__cold void vgic_reconsider(struct vcpu *v)
{
	__atomic_store_n(&v->vgic.dirty, 1, __ATOMIC_RELEASE);
	vcpu_work_set(v, VWORK_VGIC);
}

__cold bool vgic_busy(const struct vgic *g)
{
	const struct vm *vm = container_of(g, struct vm, vgic);

	for (u32 i = 0; i < g->vcpus; i++) {
		if (READ_ONCE(vm->vcpu[i]->vgic.dirty) && READ_ONCE(vm->vcpu[i]->vgic.loaded)) {
			return true;
		}
	}
	return false;
}

__cold void vgic_recall(struct vgic *g, u32 w, u32 bits)
{
	struct vm *vm = container_of(g, struct vm, vgic);
	u32 holders = 0;

	for (bits &= g->w[w].in_lr; bits; bits &= bits - 1) {
		holders |= 1u << g->holder[w * 32 + (u32)__builtin_ctz(bits)];
	}
	for (; holders; holders &= holders - 1) {
		vgic_reconsider(vm->vcpu[__builtin_ctz(holders)]);
	}
}

void vgic_lock(struct vgic *g)
{
	spin_lock(&g->lock);
}

void vgic_unlock(struct vgic *g)
{
	spin_unlock(&g->lock);
}

void vgic_notify(struct vgic *g, u32 w, u32 bits, const struct vcpu *self)
{
	struct vm *vm = container_of(g, struct vm, vgic);
	const struct vgic_word *p = &g->w[w];

	bits &= vgic_pend(p) & vgic_live(g, p);
	if (!bits) {
		return;
	}
	if (bits & p->in_lr) {
		vgic_recall(g, w, bits);
		bits &= ~p->in_lr;
	}
	bits &= ~p->active;
	for (u32 i = 0; bits && i < g->vcpus; i++) {
		if (bits & g->target[i][w]) {
			atomic_or(&vm->vcpu[i]->vgic.spi_sum, 1u << w);
			if (vm->vcpu[i] != self) {
				vcpu_work_set(vm->vcpu[i], VWORK_VGIC);
			}
		}
	}
}

/* A level line fell while the interrupt is in a list register. */
static __cold __noinline void line_fell(struct vgic *g, u32 intid, u32 bit)
{
	struct vm *vm = container_of(g, struct vm, vgic);
	struct vcpu *h = vm->vcpu[g->holder[intid]];
	struct vgic_cpu *c = &h->vgic;
	u64 lr;
	u32 n;

	if (!c->loaded || c->cpu != this_cpu()->id || vgic_emulated(c)) {
		vgic_reconsider(h);
		return;
	}
	/* Ours: withdraw it, or spare the guest the maintenance exit at its EOI. */
	for (u32 m = c->lr_used; m; m &= m - 1) {
		n = (u32)__builtin_ctz(m);
		if (c->lr_intid[n] != intid) {
			continue;
		}
		lr = gic_lr_read_n(n);
		if (!(c->lr_latched & (1u << n))) {
			lr &= ~ICH_LR_PENDING;
		}
		gic_lr_write_n(n, lr & ICH_LR_STATE ? lr & ~ICH_LR_EOI : 0);
		if (!(lr & ICH_LR_STATE)) {
			g->w[intid / 32].in_lr &= ~bit;
			c->lr_used &= ~(1u << n);
		}
		return;
	}
}

/*
 * In front of the general way: an SPI rises for the vCPU that runs here, on whose behalf this is done, and
 * the list register it had last is empty again, or one it may have is. A test proves that the general way
 * gives the same result. Locked.
 */
static inline __attribute__((always_inline)) bool place_spi(struct vgic *g, u32 intid, u32 bit,
							    struct vgic_word *w, u64 extra)
{
	struct vcpu *v = current_vcpu();
	struct vgic_cpu *c;
	u32 n = 0, m;
	u64 lr;

	if (v == NULL || &v->vm->vgic != g) {
		return false;
	}
	c = &v->vgic;
	if (!c->loaded || (g->target[v->id][intid / 32] & vgic_live(g, w) & ~w->active & bit) == 0 ||
	    (READ_ONCE(c->dirty) | (c->hcr ^ ICH_HCR_EN)) != 0) {
		return false;
	}
	if ((w->in_lr & bit) != 0) {
		for (m = c->lr_used & ~3u; m != 0 && c->lr_intid[n = (u32)__builtin_ctz(m)] != intid; m &= m - 1) {
		}
		if (m == 0 || g->holder[intid] != v->id) {
			return false;
		}
		isb(); /* ICH_ELRSR sees list registers written on this exit */
		if ((gic_lr_empty() & 1u << n) == 0) {
			return false;
		}
	} else {
		m = gic_hw.lr_mask & ~c->lr_used & ~3u; /* LR1 is for SGIs: place_sgi() */
		if (m == 0) {
			return false;
		}
		n = (u32)__builtin_ctz(m);
		c->lr_used |= 1u << n;
		c->lr_intid[n] = (u16)intid;
		w->in_lr |= bit;
		g->holder[intid] = (u8)v->id;
	}
	w->snap_pend |= bit;
	w->snap_act &= ~bit;
	if ((w->pending & bit) != 0) {
		w->pending &= ~bit;
		c->lr_latched |= 1u << n;
	} else {
		c->lr_latched &= ~(1u << n);
	}
	lr = ICH_LR_PENDING | (w->group & bit ? ICH_LR_GROUP : 0) | extra |
	     field_prep(ICH_LR_PRIO, g->prio[intid]) | intid;
	if (likely(n == 2)) {
		gic_lr_write(2, lr);
	} else {
		gic_lr_write_n(n, lr);
	}
	return true;
}

bool vgic_place_spi(struct vgic *g, u32 intid, u32 bit, struct vgic_word *w, u64 extra)
{
	return place_spi(g, intid, bit, w, extra);
}

void vgic_set_line(struct vm *vm, u32 intid, bool level)
{
	struct vgic *g = &vm->vgic;
	u32 bit = 1u << (intid % 32), was;
	struct vgic_word *w;
	u64 flags;

	if (intid < 32 || intid >= g->words * 32u) {
		return;
	}
	w = &g->w[intid / 32];
	flags = spin_lock_irq(&g->lock);
	was = w->level & bit;
	w->level = level ? w->level | bit : w->level & ~bit;
	if (level && !was) {
		if (trace_on()) {
			trace_put(TRACE_INJECT, trace_who(vm->id, TRACE_NO_VCPU), intid, 0, 0);
		}
		w->pending |= w->edge & bit;
		if (!place_spi(g, intid, bit, w, w->edge & bit ? 0 : ICH_LR_EOI)) {
			vgic_notify(g, intid / 32, bit, NULL);
		}
	} else if (!level && was && (w->in_lr & ~w->edge & bit)) {
		line_fell(g, intid, bit);
	}
	spin_unlock_irq(&g->lock, flags);
}

__cold void vgic_set_ppi(struct vcpu *v, u32 intid, bool level)
{
	struct vgic_cpu *c = &v->vgic;
	u32 bit = 1u << (intid % 32), was;

	if (intid < 16 || intid >= 32) {
		return;
	}
	was = level ? atomic_or(&c->p.level, bit) : atomic_clear(&c->p.level, bit);
	if (level && !(was & bit)) {
		if (trace_on()) {
			trace_put(TRACE_INJECT, v->trace_who, intid, 0, 0);
		}
		if (READ_ONCE(c->p.edge) & bit) {
			atomic_or(&c->remote, bit);
		}
		vcpu_work_set(v, VWORK_VGIC);
	} else if (!level && (was & bit) && (READ_ONCE(c->p.in_lr) & bit)) {
		vgic_reconsider(v);
	}
}

void vgic_send(struct vcpu *v, u32 intid, u32 targets)
{
	struct vm *vm = v->vm;
	u32 bit = 1u << intid;

	for (u32 m = targets & (u32)BITS(vm->vgic.vcpus - 1, 0); m; m &= m - 1) {
		struct vcpu *t = vm->vcpu[__builtin_ctz(m)];

		if (vm->vgic.version == 2) {
			__atomic_fetch_or(&t->vgic.sgi_src[intid], (u8)(1u << v->id),
					  __ATOMIC_RELEASE);
		}
		/* Whoever set the bit before has called or will call; it is not consumed yet. */
		if (!(atomic_or(&t->vgic.remote, bit) & bit) && t != v) {
			vcpu_work_set(t, VWORK_VGIC);
		}
	}
	if (targets & (1u << v->id)) {
		vgic_flush(v);
	}
}

/* The vCPUs of a target list (IHI 0069 12.2.18) but those whose SGI is in a group not meant. */
static __noinline void send_list(struct vcpu *v, u64 val, bool group1)
{
	struct vm *vm = v->vm;
	u32 intid = (u32)field_get(ICC_SGIR_INTID, val), targets = 0;
	u32 cluster = (u32)(field_get(ICC_SGIR_AFF3, val) << 16 |
			    field_get(ICC_SGIR_AFF2, val) << 8 | field_get(ICC_SGIR_AFF1, val));

	/* vCPU n has Aff0 = n and zeroes above (arch_vcpu_reset): a plain list needs no search. */
	if (group1 && (val & ~(ICC_SGIR_INTID | ICC_SGIR_LIST)) == 0) {
		vgic_send(v, intid, (u32)field_get(ICC_SGIR_LIST, val));
		return;
	}
	for (u32 i = 0; i < vm->vgic.vcpus; i++) {
		const struct vcpu *t = vm->vcpu[i];
		u32 aff = packed_affinity(t);
		bool meant = val & ICC_SGIR_IRM ?
			t != v :
			aff >> 8 == cluster && (aff & 0xf0) >> 4 == field_get(ICC_SGIR_RS, val) &&
			((val >> (aff & 0xf)) & 1);

		if (meant && (group1 || !(READ_ONCE(t->vgic.p.group) & (1u << intid)))) {
			targets |= 1u << i;
		}
	}
	if (targets) {
		vgic_send(v, intid, targets);
	}
}

/*
 * One edge-triggered SGI, enabled, nothing of it under way, and LR1 is empty and had an SGI: no
 * lock, one list register written. A test proves that the general way gives the same result.
 */
static inline bool place_sgi(struct vgic_cpu *c, u32 intid)
{
	u32 bit = 1u << intid, others;

	if (!(c->sgi_direct & bit) || !(gic_lr_empty() & 2) || c->lr_intid[1] >= 16) {
		return false;
	}
	others = c->p.in_lr & ~(c->lr_used & 2 ? 1u << c->lr_intid[1] : 0);
	if ((others | c->p.pending | c->p.active | READ_ONCE(c->remote)) & bit) {
		return false;
	}
	c->p.in_lr = others | bit;
	c->lr_used |= 2;
	c->lr_latched |= 2;
	c->lr_intid[1] = (u16)intid;
	gic_lr_write(1, ICH_LR_PENDING | (c->p.group & bit ? ICH_LR_GROUP : 0) |
				field_prep(ICH_LR_PRIO, c->prio[intid]) | intid);
	return true;
}

void vgic_sgi1r(struct vcpu *v, u64 val)
{
	struct vgic_cpu *c = &v->vgic;

	/* To oneself alone. */
	if ((val & ~ICC_SGIR_INTID) != c->sgi_self ||
	    !place_sgi(c, (u32)field_get(ICC_SGIR_INTID, val))) {
		send_list(v, val, true);
	}
}

void vgic_kicked(struct vcpu *v)
{
	struct vgic_cpu *c = &v->vgic;
	u32 sgi = READ_ONCE(c->remote);

	if ((sgi & (sgi - 1)) == 0 && (sgi & c->sgi_direct) != 0 &&
	    (READ_ONCE(c->dirty) | READ_ONCE(c->spi_sum) | c->held_sum | READ_ONCE(c->remote_act) |
	     (READ_ONCE(c->p.level) & ~c->p.edge & c->live)) == 0) {
		/* Only this one bit: what others set meanwhile stays for the next time. */
		__atomic_fetch_and(&c->remote, ~sgi, __ATOMIC_ACQ_REL);
		if (place_sgi(c, (u32)__builtin_ctz(sgi))) {
			return;
		}
		c->p.pending |= sgi;
	}
	vgic_flush(v);
}

__cold void vgic_sgi0r(struct vcpu *v, u64 val)
{
	send_list(v, val, false);
}

__cold void vgic_route_spi(struct vgic *g, u32 intid)
{
	struct vm *vm = container_of(g, struct vm, vgic);
	u32 w = intid / 32, bit = 1u << (intid % 32);

	for (u32 i = 0; i < g->vcpus; i++) {
		bool to = g->version == 2 ? g->vcpus == 1 || ((g->route[intid] >> i) & 1) :
					    g->route[intid] == packed_affinity(vm->vcpu[i]);

		g->target[i][w] = to ? g->target[i][w] | bit : g->target[i][w] & ~bit;
	}
	if ((g->linked[w] & bit) != 0) {
		vgic_link_route(g, intid);
	}
	vgic_recall(g, w, bit);
	vgic_notify(g, w, bit, NULL);
}
