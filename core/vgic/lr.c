/* SPDX-License-Identifier: Apache-2.0 */
/*
 * List registers: what goes in, what comes back (IHI 0069 4.x, 12.4; IHI 0048B 5).
 *
 * With more pending and active interrupts than list registers the best pending
 * one, then active ones, then further pending ones get them. Maintenance
 * interrupts tell when none is left to take (NPIE, UIE) and when the guest ended one
 * that is in no list register (LRENPIE, ICH_HCR_EL2.EOIcount; TDIR with EOImode 1).
 *
 * One long file: what runs at an exit is inlined into flush and sync, a call more is an instruction more at each.
 */
#include "core/vgic/lpi.h"
#include "core/vgic/vgic_priv.h"

#define VTIMER_BIT (1u << VGIC_VTIMER)
#define KEY_MASKED (1u << 31) /* its group is off at the CPU interface: last choice */

/* The best `count` (at most `max`) of `total` candidates, by group enable, priority, INTID. */
struct best {
	u32 total, count, max;
	u32 words;      /* of SPIs that gave one */
	u32 key[VGIC_MAX_LRS];
};

static inline struct vgic_word *word_of(struct vcpu *v, u32 intid)
{
	return intid < 32 ? &v->vgic.p : &v->vm->vgic.w[intid / 32];
}

static inline bool is_v2_sgi(struct vcpu *v, u32 intid)
{
	return intid < 16 && v->vm->vgic.version == 2;
}

static inline u32 prio_of(struct vcpu *v, u32 intid)
{
	return intid < 32 ? v->vgic.prio[intid] : v->vm->vgic.prio[intid];
}

static u64 vtimer_lr(const struct vgic_cpu *c)
{
	return gic_hw.vtimer_link | (c->p.group & VTIMER_BIT ? ICH_LR_GROUP : 0) |
	       field_prep(ICH_LR_PRIO, c->prio[VGIC_VTIMER]) | VGIC_VTIMER;
}

void vgic_recompute(struct vcpu *v)
{
	struct vgic_cpu *c = &v->vgic;
	u32 t = VTIMER_BIT;

	c->live = vgic_live(&v->vm->vgic, &c->p);
	/* Not GICv2, whose SGIs have sources. */
	c->sgi_direct = c->hcr == ICH_HCR_EN && v->vm->vgic.version == 3 ? c->live & 0xffff : 0;
	c->vtimer_lr = 0;
	if ((c->live & t) && !((c->p.pending | c->p.active | c->p.in_lr) & t) &&
	    c->hcr == ICH_HCR_EN) {
		c->vtimer_lr = vtimer_lr(c) | ICH_LR_PENDING;
	}
}

static void fold_remote(struct vgic_cpu *c)
{
	if (READ_ONCE(c->remote) != 0) {
		c->p.pending |= __atomic_exchange_n(&c->remote, 0, __ATOMIC_ACQ_REL);
	}
	if (READ_ONCE(c->remote_act) != 0) {
		c->p.active |= __atomic_exchange_n(&c->remote_act, 0, __ATOMIC_ACQ_REL);
	}
}

/* An SPI came back from a list register: it may be somebody else's now. Its word, if it may be ours. */
static u32 hand_back(struct vcpu *v, u32 intid, u32 bit)
{
	struct vgic *g = &v->vm->vgic;
	u32 w = intid / 32;

	if (g->w[w].active & bit) {
		g->held[v->id][w] |= bit;
		v->vgic.held_sum |= 1u << w;
		return 0;
	}
	if ((vgic_pend(&g->w[w]) & bit) != 0) {
		if ((g->target[v->id][w] & bit) != 0 && (g->version == 3 || g->route[intid] == 1u << v->id)) {
			return 1u << w; /* only ours */
		}
		vgic_notify(g, w, bit, v);
	}
	return 0;
}

/* What a list register held when it was last in our hands. */
static void snap(struct vgic_word *w, u32 bit, u64 lr)
{
	w->snap_pend = lr & ICH_LR_PENDING ? w->snap_pend | bit : w->snap_pend & ~bit;
	w->snap_act = lr & ICH_LR_ACTIVE ? w->snap_act | bit : w->snap_act & ~bit;
}

/* Take what list register `n` said back to memory: hand_back(). Locked. */
static __cold u32 fold(struct vcpu *v, u32 n, u64 lr)
{
	struct vgic_cpu *c = &v->vgic;
	u32 intid = c->lr_intid[n], bit = 1u << (intid % 32);
	struct vgic_word *w;
	u8 source = (u8)field_get(ICH_LR_SOURCE, lr);

	if (intid >= VGIC_LPI_MIN) {
		return (lr & ICH_LR_PENDING) != 0 && vgic_lpi_back(v, intid - VGIC_LPI_MIN);
	}
	w = word_of(v, intid);
	w->in_lr &= ~bit;
	snap(w, bit, lr);
	if (lr & ICH_LR_PENDING) {
		if (is_v2_sgi(v, intid)) {
			__atomic_fetch_or(&c->sgi_src[intid], (u8)(1u << source), __ATOMIC_RELAXED);
			w->pending |= bit;
		} else if ((w->edge & bit) || (c->lr_latched & (1u << n))) {
			w->pending |= bit;
		}
	}
	if (lr & ICH_LR_ACTIVE) {
		w->active |= bit;
		if (is_v2_sgi(v, intid)) {
			c->act_src[intid] = source;
		}
	}
	if (intid >= 32) {
		bool had = (lr & ICH_LR_STATE) != 0 || ((w->pending | w->active) & bit) != 0;

		w->pending &= ~(w->clr_pend & bit);
		w->active &= ~(w->clr_act & bit);
		w->clr_pend &= ~bit;
		w->clr_act &= ~bit;
		if (unlikely((v->vm->vgic.linked[intid / 32] & bit) != 0)) {
			vgic_link_settle(&v->vm->vgic, intid, had);
		}
		return hand_back(v, intid, bit);
	}
	return 0;
}

/* The guest ended `count` interrupts that are active but in no list register: the best ones. */
static __cold void end_unlisted(struct vcpu *v, u32 count)
{
	struct vgic *g = &v->vm->vgic;
	struct vgic_cpu *c = &v->vgic;

	for (; count > 0; count--) {
		u32 best = ~0u;

		for (u32 m = c->p.active & ~VTIMER_BIT; m; m &= m - 1) {
			u32 i = (u32)__builtin_ctz(m);

			best = MIN(best, prio_of(v, i) << 16 | i);
		}
		for (u32 s = c->held_sum; s; s &= s - 1) {
			u32 k = (u32)__builtin_ctz(s);

			for (u32 m = g->held[v->id][k] & g->w[k].active; m; m &= m - 1) {
				u32 i = k * 32 + (u32)__builtin_ctz(m);

				best = MIN(best, prio_of(v, i) << 16 | i);
			}
		}
		if (best == ~0u) {
			return;
		}
		best &= 0xffff;
		word_of(v, best)->active &= ~(1u << (best % 32));
		if (best >= 32) {
			g->held[v->id][best / 32] &= ~(1u << (best % 32));
			if (g->linked[best / 32] >> best % 32 & 1) {
				vgic_link_settle(g, best, true);
			}
			vgic_notify(g, best / 32, 1u << (best % 32), v);
		}
	}
}

__cold void vgic_settle(struct vcpu *v)
{
	struct vgic_cpu *c = &v->vgic;

	fold_remote(c);
	if (READ_ONCE(c->p.clr_pend) | READ_ONCE(c->p.clr_act)) {
		c->p.pending &= ~__atomic_exchange_n(&c->p.clr_pend, 0, __ATOMIC_ACQ_REL);
		c->p.active &= ~__atomic_exchange_n(&c->p.clr_act, 0, __ATOMIC_ACQ_REL);
	}
	c->p.snap_pend = c->p.pending | (vgic_vtimer_line() ? VTIMER_BIT : 0);
	c->p.snap_act = c->p.active;
	WRITE_ONCE(c->seq, c->seq + 1);
}

__cold void vgic_sync(struct vcpu *v)
{
	struct vgic_cpu *c = &v->vgic;
	u32 words = 0;
	u64 lr;

	if (vgic_emulated(c)) {
		vgic_gicc_sync(v);
		return;
	}
	if (c->hcr & ICH_HCR_LRENPIE) {
		fold_remote(c); /* it may have been ended since */
		end_unlisted(v, gic_vcpu_hcr() >> 27);
	}
	for (u32 m = c->lr_used; m; m &= m - 1) {
		u32 n = (u32)__builtin_ctz(m);

		/* Not ICH_ELRSR: it may lag behind a list register written on this exit. */
		words |= fold(v, n, gic_lr_read_n(n));
		gic_lr_write_n(n, 0); /* an empty one, too: its EOI bit asserts maintenance */
	}
	if (words) {
		atomic_or(&c->spi_sum, words);
	}
	c->lr_used = 0;
	c->lr_latched = 0;
	lr = gic_lr_read(0);
	if ((lr & ICH_LR_STATE) || (lr & (ICH_LR_HW | ICH_LR_EOI)) == ICH_LR_EOI) {
		/* Pending, it is so by its line, which fill_vtimer() asks. */
		c->p.active |= lr & ICH_LR_ACTIVE ? VTIMER_BIT : 0;
		c->vtimer_hw = true;
		gic_lr_write(0, 0);
	}
	vgic_settle(v);
}

/*
 * Put an interrupt that is pending or active in memory into list register n. `crowded`: others are
 * left out, so an active one that pends again must not come back by itself before better ones.
 */
static void place(struct vcpu *v, u32 n, u32 intid, bool crowded)
{
	struct vgic_cpu *c = &v->vgic;
	struct vgic_word *w;
	u32 bit = 1u << (intid % 32), src;
	bool active, latched;
	u64 lr;

	if (intid >= VGIC_LPI_MIN) {
		vgic_lpi_place(v, n, intid - VGIC_LPI_MIN);
		return;
	}
	w = word_of(v, intid);
	active = (w->active & bit) != 0;
	latched = (w->pending & bit) != 0;
	lr = intid | field_prep(ICH_LR_PRIO, prio_of(v, intid)) | (w->group & bit ? ICH_LR_GROUP : 0);
	if (is_v2_sgi(v, intid)) {
		/* One source at a time; the EOI maintenance interrupt fetches the next. */
		src = c->act_src[intid];
		if (!active) {
			src = (u32)__builtin_ctz(c->sgi_src[intid] | 0x100u) & 7;
			__atomic_fetch_and(&c->sgi_src[intid], (u8)~(1u << src), __ATOMIC_RELAXED);
		}
		lr |= active ? ICH_LR_ACTIVE : ICH_LR_PENDING;
		lr |= field_prep(ICH_LR_SOURCE, src);
		if (READ_ONCE(c->sgi_src[intid]) != 0) {
			lr |= ICH_LR_EOI;
		} else {
			w->pending &= ~bit;
		}
	} else if (unlikely(intid >= 32 && (v->vm->vgic.linked[intid / 32] & bit) != 0)) {
		bool taken;

		lr |= vgic_link_place(v, intid, crowded, &taken);
		c->lr_latched |= taken ? 1u << n : 0;
	} else {
		if (active && (crowded || (intid >= 32 &&
					   !(v->vm->vgic.target[v->id][intid / 32] & bit)))) {
			/* Or routed away in service: what pends is another vCPU's after the EOI. */
			lr |= latched ? ICH_LR_EOI : 0;
		} else if ((!active || latched) && (vgic_live(&v->vm->vgic, w) & bit)) {
			lr |= ICH_LR_PENDING;
			w->pending &= ~bit;
			c->lr_latched |= latched ? 1u << n : 0;
		}
		lr |= active ? ICH_LR_ACTIVE : 0;
		lr |= w->level & ~w->edge & bit ? ICH_LR_EOI : 0;
		if (intid < 32) {
			c->lr_eoi = lr & ICH_LR_EOI ? c->lr_eoi | bit : c->lr_eoi & ~bit;
		}
	}
	w->active &= ~bit;
	w->in_lr |= bit;
	snap(w, bit, lr);
	c->lr_intid[n] = (u16)intid;
	c->lr_used |= 1u << n;
	if (intid >= 32) {
		v->vm->vgic.holder[intid] = (u8)v->id;
		v->vm->vgic.held[v->id][intid / 32] &= ~bit;
	}
	gic_lr_write_n(n, lr);
}

static __cold void consider(struct best *b, u32 key)
{
	u32 i;

	b->total++;
	if (b->count < b->max) {
		i = b->count++;
	} else if (b->max > 0 && key < b->key[b->max - 1]) {
		i = b->max - 1;
	} else {
		return;
	}
	for (; i > 0 && b->key[i - 1] > key; i--) {
		b->key[i] = b->key[i - 1];
	}
	b->key[i] = key;
}

/* `masked`: a bit per group that is off at the CPU interface. */
static u32 key_of(struct vcpu *v, u32 intid, bool group1, u32 masked)
{
	return (masked & (group1 ? ICH_VMCR_ENG1 : ICH_VMCR_ENG0) ? KEY_MASKED : 0) |
	       prio_of(v, intid) << 16 | intid;
}

static __cold void consider_word(struct best *b, struct vcpu *v, u32 k, u32 bits, u32 masked)
{
	u32 group = (k ? &v->vm->vgic.w[k] : &v->vgic.p)->group;

	b->words |= bits && k ? 1u << k : 0;
	for (; bits; bits &= bits - 1) {
		u32 n = (u32)__builtin_ctz(bits), i = k * 32 + n;

		if (is_v2_sgi(v, i) && !(v->vgic.p.active & (1u << i)) && v->vgic.sgi_src[i] == 0) {
			v->vgic.p.pending &= ~(1u << i); /* served with an earlier one */
			continue;
		}
		consider(b, key_of(v, i, (group >> n) & 1, masked));
	}
}

/* LPIs: one more than there is room for tells that some are left out. */
static __cold void consider_lpis(struct best *b, struct vcpu *v, u32 masked)
{
	struct vgic *g = &v->vm->vgic;
	u32 n = 0, i = VGIC_LPI_NONE;

	while (g->lpis != NULL && n++ <= b->max && (i = vgic_lpi_next(g, v->id, i)) != VGIC_LPI_NONE) {
		b->words |= 1;
		consider(b, (masked & ICH_VMCR_ENG1 ? KEY_MASKED : 0) | (g->lpis->lpi[i].prop & 0xf8u) << 16 |
			    (VGIC_LPI_MIN + i));
	}
}

static __cold void collect(struct vcpu *v, struct best *p, struct best *a, u32 masked)
{
	struct vgic *g = &v->vm->vgic;
	struct vgic_cpu *c = &v->vgic;
	u32 own = c->vtimer_hw ? ~VTIMER_BIT : ~0u, sum;

	consider_word(p, v, 0, vgic_pend(&c->p) & c->live & ~c->p.active & own, masked);
	consider_word(a, v, 0, c->p.active & own, 0);
	sum = READ_ONCE(c->spi_sum) ? __atomic_exchange_n(&c->spi_sum, 0, __ATOMIC_ACQ_REL) : 0;
	for (; sum; sum &= sum - 1) {
		u32 k = (u32)__builtin_ctz(sum);
		const struct vgic_word *w = &g->w[k];

		if (k == 0) {
			consider_lpis(p, v, masked);
			continue;
		}
		consider_word(p, v, k, vgic_pend(w) & vgic_live(g, w) & g->target[v->id][k] &
			      ~w->active & ~w->in_lr, masked);
	}
	sum = c->held_sum;
	c->held_sum = 0;
	for (; sum; sum &= sum - 1) {
		u32 k = (u32)__builtin_ctz(sum);

		consider_word(a, v, k, g->w[k].active & g->held[v->id][k] & ~g->w[k].in_lr, 0);
	}
}

/* LR0: the timer's physical interrupt is active and waits for the guest to see and end it. */
static __cold void fill_vtimer(struct vcpu *v, u32 best_left, u32 masked)
{
	struct vgic_cpu *c = &v->vgic;
	u32 key = key_of(v, VGIC_VTIMER, c->p.group & VTIMER_BIT, masked);
	u64 lr = vtimer_lr(c);

	if (c->p.active & VTIMER_BIT) {
		/* Not pending as well: a hardware interrupt may not be both (IHI 0069 12.4.7). */
		gic_lr_write(0, lr | ICH_LR_ACTIVE);
		c->p.active &= ~VTIMER_BIT;
	} else if (!vgic_vtimer_line()) {
		gic_set_active(gic_hw.vtimer_intid, false);
	} else if ((c->live & VTIMER_BIT) && key < best_left) {
		/* With better ones left out, a pending LR0 would hide that the others are taken. */
		gic_lr_write(0, lr | ICH_LR_PENDING);
	} else {
		return; /* kept active, so that it does not come again, until it can be delivered */
	}
	c->vtimer_hw = false;
}

/*
 * An interrupt of the machine waits: it goes first, since filling list registers takes a while. Until
 * vgic_flush(), on the way back to the guest, they are empty.
 */
static __cold bool later(struct vcpu *v)
{
	struct vgic_cpu *c = &v->vgic;

	if (c->hcr != ICH_HCR_EN) {
		c->hcr = ICH_HCR_EN; /* or empty list registers are an interrupt of the machine */
		gic_set_vcpu_hcr(c->hcr);
		isb();
	}
	if (!irq_waits()) {
		return false;
	}
	__atomic_store_n(&c->dirty, 1, __ATOMIC_RELEASE);
	__atomic_or_fetch(&v->work, VWORK_VGIC, __ATOMIC_RELAXED);
	c->vtimer_lr = 0;
	c->sgi_direct = 0;
	return true;
}

/* For no list register but that of the virtual timer. */
static inline bool nothing(const struct vgic_cpu *c)
{
	return ((vgic_pend(&c->p) & c->live) | c->p.active | c->held_sum | READ_ONCE(c->spi_sum)) == 0;
}

/* What list registers hold from now on; the key of the best one left out. */
static __cold u32 choose(struct vcpu *v, u32 vmcr)
{
	struct vgic_cpu *c = &v->vgic;
	u32 slots = gic_hw.lr_count - 1u, hcr = ICH_HCR_EN, first, n = 1;
	struct best p = { .max = slots }, a = { .max = slots };
	u32 use_p, use_a, best_left = ~0u;

	collect(v, &p, &a, ~vmcr);
	first = p.count && !(p.key[0] & KEY_MASKED);
	use_a = p.total + a.total <= slots ? a.count : MIN(a.count, slots - MIN(first, slots));
	use_p = MIN(p.count, slots - use_a);
	for (u32 i = 0; i < use_p; i++) {
		place(v, n++, p.key[i] & 0xffff, false);
	}
	for (u32 i = 0; i < use_a; i++) {
		place(v, n++, a.key[i] & 0xffff, p.total > use_p);
	}
	if (p.total > use_p) {
		best_left = use_p < p.count ? p.key[use_p] : p.key[p.count - 1];
		/* Without one in a list register all of them wait for their group. */
		hcr |= use_p ? ICH_HCR_NPIE | (slots > 1 ? ICH_HCR_UIE : 0) : 0;
		hcr |= vmcr & ICH_VMCR_ENG0 ? ICH_HCR_VGRP0DIE : ICH_HCR_VGRP0EIE;
		hcr |= vmcr & ICH_VMCR_ENG1 ? ICH_HCR_VGRP1DIE : ICH_HCR_VGRP1EIE;
		atomic_or(&c->spi_sum, p.words);
	}
	if (a.total > use_a) {
		if (!(vmcr & ICH_VMCR_EOIM)) {
			hcr |= ICH_HCR_LRENPIE;
		} else if (v->vm->vgic.version == 3) {
			hcr |= gic_hw.tdir ? ICH_HCR_TDIR : ICH_HCR_LRENPIE;
		}
		c->held_sum |= a.words;
	}
	c->hcr = hcr;
	return best_left;
}

__cold void vgic_fill(struct vcpu *v)
{
	struct vgic_cpu *c = &v->vgic;
	u32 vmcr, best_left = ~0u;

	if (vgic_emulated(c)) {
		vgic_gicc_fill(v);
		return;
	}
	vmcr = gic_vmcr();
	if (nothing(c)) {
		c->hcr = ICH_HCR_EN;
	} else if (!later(v)) {
		best_left = choose(v, vmcr);
	} else {
		return;
	}
	gic_set_vcpu_hcr(c->hcr);
	if (c->vtimer_hw) {
		fill_vtimer(v, best_left, ~vmcr);
	}
	vgic_recompute(v);
}

static void refill(struct vcpu *v)
{
	vgic_lock(&v->vm->vgic);
	if (__atomic_exchange_n(&v->vgic.dirty, 0, __ATOMIC_ACQ_REL)) {
		vgic_recompute(v);
	}
	vgic_sync(v);
	vgic_fill(v);
	vgic_unlock(&v->vm->vgic);
}

void vgic_flush(struct vcpu *v)
{
	struct vgic_cpu *c = &v->vgic;
	u32 m, empty, drained;

	/* In front of the general way: private interrupts, and room for them. */
	fold_remote(c);
	if ((READ_ONCE(c->dirty) | READ_ONCE(c->spi_sum) | c->held_sum | c->p.active |
	     (c->hcr ^ ICH_HCR_EN)) != 0 &&
	    (READ_ONCE(c->spi_sum) != 1 || !vgic_lpi_flush(v))) {
		refill(v);
		return;
	}
	isb(); /* ICH_ELRSR sees list registers written on this exit */
	empty = gic_lr_empty();
	for (drained = c->lr_used & empty; drained; drained &= drained - 1) {
		u32 n = (u32)__builtin_ctz(drained), intid = c->lr_intid[n];

		if (intid >= VGIC_LPI_MIN) {
			c->lr_used &= ~(1u << n);
			continue;
		}
		if (intid >= 32 || !(c->p.edge & (1u << intid))) {
			refill(v);
			return;
		}
		if (v->vm->vgic.version == 2) {
			gic_lr_write_n(n, 0); /* its EOI bit may be set */
		}
		c->p.in_lr &= ~(1u << intid);
		c->lr_used &= ~(1u << n);
		c->lr_latched &= ~(1u << n);
	}
	/* Pending again while in a list register: it has to learn of it. */
	if (((c->p.pending | (c->p.level & ~c->p.edge & ~c->lr_eoi & c->live)) & c->p.in_lr) |
	    (c->p.pending & VTIMER_BIT)) {
		refill(v);
		return;
	}
	m = vgic_pend(&c->p) & c->live & ~c->p.in_lr;
	empty = gic_hw.lr_mask & ~c->lr_used & ~1u;
	for (; m; m &= m - 1, empty &= empty - 1) {
		u32 intid = (u32)__builtin_ctz(m);

		if (!empty || (is_v2_sgi(v, intid) && c->sgi_src[intid] == 0)) {
			refill(v);
			return;
		}
		place(v, (u32)__builtin_ctz(empty), intid, false);
	}
}

void vgic_maintenance(struct vcpu *v)
{
	refill(v);
}

void vgic_vtimer_fired(struct vcpu *v)
{
	u64 lr = v->vgic.vtimer_lr;

	if (likely(lr != 0)) {
		gic_lr_write(0, lr);
		return;
	}
	v->vgic.vtimer_hw = true;
	refill(v);
}

__cold void vgic_deactivate(struct vcpu *v, u32 val)
{
	struct vgic *g = &v->vm->vgic;
	u32 intid = g->version == 2 ? val & 0x3ff : val & 0xffffff, bit = 1u << (intid % 32);

	if (intid >= g->words * 32u) {
		return;
	}
	if (intid >= 32) {
		/* Any CPU may deactivate an SPI, one in service elsewhere, too (IHI 0069 4.8). */
		vgic_deactivate_spis(g, intid / 32, bit);
		vgic_notify(g, intid / 32, bit, v);
	} else if (!is_v2_sgi(v, intid) || v->vgic.act_src[intid] == ((val >> 10) & 7)) {
		v->vgic.p.active &= ~bit;
	}
}

__cold void vgic_dir(struct vcpu *v, u32 val)
{
	if (gic_vmcr() & ICH_VMCR_EOIM) {
		vgic_lock(&v->vm->vgic);
		vgic_sync(v);
		vgic_deactivate(v, val);
		vgic_fill(v);
		vgic_unlock(&v->vm->vgic);
	}
}
