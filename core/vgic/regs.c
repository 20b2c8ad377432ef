/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Register words of the distributor and redistributors over the state bitmaps: a
 * register with a bit per interrupt is one word operation (IHI 0069 12.9, 12.11).
 */
#include "core/vgic/vgic_priv.h"

#define SGIS 0xffffu
#define RECALL_SPINS 400

/*
 * Pending and active state that another vCPU has in its list registers: have it read, and wait
 * for that, a bounded time. Our own requests are served meanwhile, so two may ask each other.
 * False if the time was up; the state will be known later.
 */
static __cold bool await_sync(struct vcpu *v, struct vcpu *t)
{
	u32 seq = READ_ONCE(t->vgic.seq);

	vgic_reconsider(t);
	for (u32 i = 0; i < RECALL_SPINS; i++) {
		if (READ_ONCE(t->vgic.seq) != seq || !READ_ONCE(t->vgic.loaded)) {
			return true;
		}
		if (READ_ONCE(v->vgic.dirty)) {
			vgic_flush(v);
		}
		cpu_relax();
	}
	return false;
}

static __cold bool await_holders(struct vcpu *v, u32 w)
{
	bool known = true;
	struct vgic *g = &v->vm->vgic;
	u32 holders = 0;

	for (u32 m = READ_ONCE(g->w[w].in_lr); m; m &= m - 1) {
		holders |= 1u << READ_ONCE(g->holder[w * 32 + (u32)__builtin_ctz(m)]);
	}
	for (holders &= ~(1u << v->id); holders; holders &= holders - 1) {
		known &= await_sync(v, v->vm->vcpu[__builtin_ctz(holders)]);
	}
	return known;
}

/* Bring what `v` itself has in list registers up to date in the snapshots, and go on. */
static __cold void resync(struct vcpu *v)
{
	vgic_lock(&v->vm->vgic);
	vgic_sync(v);
	vgic_fill(v);
	vgic_unlock(&v->vm->vgic);
}

static __cold u32 read_state(struct vcpu *v, struct vcpu *t, u32 w, bool active)
{
	struct vgic *g = &v->vm->vgic;
	const struct vgic_word *p = w ? &g->w[w] : &t->vgic.p;
	bool known = true;
	u32 val;

	if (w == 0 && t != v && READ_ONCE(t->vgic.loaded)) {
		known = await_sync(v, t);
	} else if (w != 0 && (READ_ONCE(p->in_lr) != 0)) {
		known = await_holders(v, w);
	}
	if (w == 0 ? t == v : p->in_lr != 0) {
		resync(v);
	}
	val = active ? p->active | (p->snap_act & (w ? p->in_lr : ~0u)) :
		       vgic_pend(p) | (p->snap_pend & (w ? p->in_lr : ~0u));
	if (w != 0 && !active && v->vm->vgic.linked[w] != 0) {
		val |= vgic_link_pending(g, w);
	}
	if (active && !known) {
		val |= p->snap_pend & p->in_lr; /* perhaps taken: who waits asks again */
	}
	if (w == 0) {
		val |= active ? READ_ONCE(t->vgic.remote_act) : READ_ONCE(t->vgic.remote);
		val |= !active && t == v && vgic_vtimer_line() ? 1u << VGIC_VTIMER : 0;
	}
	return val;
}

u32 vgic_read_bits(struct vcpu *v, struct vcpu *t, enum vgic_bits r, u32 w)
{
	const struct vgic_word *p = w ? &v->vm->vgic.w[w] : &t->vgic.p;

	switch (r) {
	case VGIC_GROUP:
		return p->group;
	case VGIC_ENABLE:
	case VGIC_DISABLE:
		return p->enabled;
	case VGIC_PEND:
	case VGIC_UNPEND:
		return read_state(v, t, w, false);
	default:
		return read_state(v, t, w, true);
	}
}

/* The one change of a word; returns interrupts whose list register may now be wrong. */
static __cold u32 change_word(struct vgic_word *p, enum vgic_bits r, u32 val)
{
	u32 old;

	switch (r) {
	case VGIC_GROUP:
		old = __atomic_exchange_n(&p->group, val, __ATOMIC_ACQ_REL);
		return old ^ val;
	case VGIC_ENABLE:
		return val & ~atomic_or(&p->enabled, val);
	case VGIC_DISABLE:
		return val & atomic_clear(&p->enabled, val);
	case VGIC_PEND:
		p->pending |= val;
		return val;
	case VGIC_UNPEND:
		p->pending &= ~val;
		return val;
	case VGIC_ACT:
		p->active |= val;
		return val;
	default:
		p->active &= ~val;
		return val;
	}
}

static __cold void write_own(struct vcpu *v, enum vgic_bits r, u32 val)
{
	struct vgic *g = &v->vm->vgic;
	struct vgic_cpu *c = &v->vgic;

	if (r == VGIC_ENABLE || r == VGIC_DISABLE) {
		val &= r == VGIC_ENABLE ? ~c->p.enabled : c->p.enabled;
		if (!val) {
			return;
		}
	}
	vgic_lock(g);
	vgic_sync(v);
	if (g->version == 2 && (r == VGIC_PEND || r == VGIC_UNPEND)) {
		val &= ~SGIS; /* read-only: they have SPENDSGIR, CPENDSGIR (IHI 0048B 4.3.7) */
	}
	change_word(&c->p, r, val);
	vgic_recompute(v);
	vgic_fill(v);
	vgic_unlock(g);
}

static __cold void write_other(struct vcpu *t, enum vgic_bits r, u32 val)
{
	struct vgic_cpu *c = &t->vgic;

	switch (r) {
	case VGIC_PEND:
		atomic_clear(&c->p.clr_pend, val);
		atomic_or(&c->remote, val);
		break;
	case VGIC_UNPEND:
		atomic_clear(&c->remote, val);
		atomic_or(&c->p.clr_pend, val);
		break;
	case VGIC_ACT:
		atomic_clear(&c->p.clr_act, val);
		atomic_or(&c->remote_act, val);
		break;
	case VGIC_DEACT:
		atomic_clear(&c->remote_act, val);
		atomic_or(&c->p.clr_act, val);
		break;
	default:
		if (!change_word(&c->p, r, val)) {
			return;
		}
	}
	vgic_reconsider(t);
}

/* Active by decree: it belongs to a vCPU it may be delivered to, the first. Locked. */
static __cold void hold(struct vgic *g, u32 w, u32 bits)
{
	struct vm *vm = container_of(g, struct vm, vgic);

	for (u32 i = 0; i < g->vcpus && bits; i++) {
		u32 mine = bits & (i + 1u == g->vcpus ? ~0u : g->target[i][w]);

		if (mine) {
			g->held[i][w] |= mine;
			vm->vcpu[i]->vgic.held_sum |= 1u << w;
			vcpu_work_set(vm->vcpu[i], VWORK_VGIC);
			bits &= ~mine;
		}
	}
}

__cold void vgic_deactivate_spis(struct vgic *g, u32 w, u32 bits)
{
	u32 was = g->w[w].active;

	g->w[w].active &= ~bits;
	g->w[w].clr_act |= bits & g->w[w].in_lr;
	for (u32 i = 0; i < g->vcpus; i++) {
		g->held[i][w] &= ~bits;
	}
	vgic_link_activate(g, w, bits & was & g->linked[w], false);
	vgic_recall(g, w, bits);
}

static __cold void write_spis(struct vgic *g, enum vgic_bits r, u32 w, u32 val)
{
	struct vgic_word *p = &g->w[w];
	u32 was_active, changed;

	if ((r == VGIC_ENABLE && !(val & ~p->enabled)) ||
	    (r == VGIC_DISABLE && !(val & p->enabled))) {
		return;
	}
	vgic_lock(g);
	was_active = p->active | p->in_lr;
	if (r == VGIC_PEND && (val & g->linked[w]) != 0) {
		vgic_link_pend(g, w, val & g->linked[w], true); /* it comes from there */
		val &= ~g->linked[w];
	}
	changed = r == VGIC_DEACT ? val : change_word(p, r, val);
	switch (r) {
	case VGIC_ENABLE:
	case VGIC_DISABLE:
		vgic_link_enable(g, w, changed & g->linked[w], r == VGIC_ENABLE);
		break;
	case VGIC_UNPEND:
		p->clr_pend |= val & p->in_lr;
		vgic_link_pend(g, w, val & g->linked[w], false);
		break;
	case VGIC_DEACT:
		vgic_deactivate_spis(g, w, val);
		break;
	case VGIC_PEND:
		p->clr_pend &= ~val;
		break;
	case VGIC_ACT:
		p->clr_act &= ~val;
		hold(g, w, val & ~was_active);
		vgic_link_activate(g, w, val & g->linked[w], true);
		break;
	default:
		break;
	}
	if (r != VGIC_ENABLE) {
		vgic_recall(g, w, changed);
	}
	vgic_link_refresh(g, w, changed);
	vgic_notify(g, w, changed, NULL);
	vgic_unlock(g);
}

void vgic_write_bits(struct vcpu *v, struct vcpu *t, enum vgic_bits r, u32 w, u32 val)
{
	if (r != VGIC_GROUP && val == 0) {
		return;
	}
	if (w != 0) {
		write_spis(&v->vm->vgic, r, w, w == 31 ? val & 0x0fffffff : val);
	} else if (t == v) {
		write_own(v, r, val);
	} else {
		write_other(t, r, val);
	}
}

static u8 *prio_bytes(struct vcpu *v, struct vcpu *t, u32 intid)
{
	return intid < 32 ? &t->vgic.prio[intid] : &v->vm->vgic.prio[intid];
}

__cold u32 vgic_read_prio(struct vcpu *v, struct vcpu *t, u32 intid)
{
	const u8 *p = prio_bytes(v, t, intid);

	return p[0] | (u32)p[1] << 8 | (u32)p[2] << 16 | (u32)p[3] << 24;
}

__cold void vgic_write_prio(struct vcpu *v, struct vcpu *t, u32 intid, u32 val, u32 mask)
{
	struct vgic *g = &v->vm->vgic;
	u8 *p = prio_bytes(v, t, intid);
	u32 changed = 0;

	for (u32 i = 0; i < 4; i++) {
		/* Five bits are implemented, as in the list registers. */
		u8 prio = (u8)(val >> (i * 8)) & 0xf8;

		if (((mask >> (i * 8)) & 0xff) && p[i] != prio) {
			WRITE_ONCE(p[i], prio);
			changed |= 1u << (intid % 32 + i);
		}
	}
	if (!changed) {
		return;
	}
	if (intid >= 32) {
		vgic_lock(g);
		vgic_link_refresh(g, intid / 32, changed);
		vgic_recall(g, intid / 32, changed);
		vgic_notify(g, intid / 32, changed, NULL);
		vgic_unlock(g);
	} else if (t != v) {
		vgic_reconsider(t);
	} else {
		vgic_recompute(v);
		if (((v->vgic.p.in_lr | vgic_pend(&v->vgic.p)) & changed) ||
		    (gic_lr_read(0) & ICH_LR_STATE) || v->vgic.vtimer_hw) {
			resync(v);
		}
	}
}

__cold u32 vgic_read_config(struct vcpu *v, struct vcpu *t, u32 intid)
{
	u32 edge = (intid < 32 ? &t->vgic.p : &v->vm->vgic.w[intid / 32])->edge >> (intid % 32);
	u32 val = 0;

	for (u32 i = 0; i < 16; i++) {
		val |= ((edge >> i) & 1) << (2 * i + 1);
	}
	return val;
}

__cold void vgic_write_config(struct vcpu *v, struct vcpu *t, u32 intid, u32 val)
{
	struct vgic *g = &v->vm->vgic;
	struct vgic_word *p = intid < 32 ? &t->vgic.p : &g->w[intid / 32];
	u32 edge = 0, changed;

	if (intid < 16) {
		return; /* SGIs are edge-triggered */
	}
	for (u32 i = 0; i < 16; i++) {
		edge |= ((val >> (2 * i + 1)) & 1) << (intid % 32 + i);
	}
	vgic_lock(g);
	changed = (p->edge ^ edge) & (0xffffu << (intid % 32));
	__atomic_fetch_xor(&p->edge, changed, __ATOMIC_ACQ_REL);
	if (intid >= 32) {
		vgic_link_trigger(g, intid / 32, changed & g->linked[intid / 32]);
		vgic_recall(g, intid / 32, changed);
		vgic_notify(g, intid / 32, changed, NULL);
	}
	vgic_unlock(g);
	if (intid < 32 && changed) {
		vgic_reconsider(t);
	}
}

__cold u32 vgic_read_sgi_sources(struct vcpu *v, u32 sgi)
{
	const u8 *s = &v->vgic.sgi_src[sgi];
	u32 val = 0;

	vgic_lock(&v->vm->vgic);
	vgic_sync(v);
	for (u32 i = 0; i < 4; i++) {
		val |= (u32)READ_ONCE(s[i]) << (i * 8);
	}
	vgic_fill(v);
	vgic_unlock(&v->vm->vgic);
	return val;
}

__cold void vgic_write_sgi_sources(struct vcpu *v, u32 sgi, u32 val, bool set)
{
	struct vgic_cpu *c = &v->vgic;

	vgic_lock(&v->vm->vgic);
	vgic_sync(v);
	for (u32 i = 0; i < 4; i++) {
		u8 bits = (u8)(val >> (i * 8)), now;

		now = set ? __atomic_or_fetch(&c->sgi_src[sgi + i], bits, __ATOMIC_ACQ_REL) :
			    __atomic_and_fetch(&c->sgi_src[sgi + i], (u8)~bits, __ATOMIC_ACQ_REL);
		c->p.pending = now ? c->p.pending | 1u << (sgi + i) :
				     c->p.pending & ~(1u << (sgi + i));
	}
	vgic_fill(v);
	vgic_unlock(&v->vm->vgic);
}
