/* SPDX-License-Identifier: Apache-2.0 */
/*
 * LPIs of a VM: configuration, what is pending, the queues of vCPUs. One long file: taking the next one from a queue and giving
 * it back inline into the list registers' paths, with all that decides whether it may be there.
 */
#include "core/vgic/lpi.h"

#include <string.h>
#include "core/vgic/its.h"
#include "core/vgic/vgic_priv.h"

#define LPI_PENDING BIT(0)
#define LPI_QUEUED BIT(1)  /* and it can be delivered: it is in a queue */
#define LPI_CLEARED BIT(2) /* what a list register has of it does not count */
#define PROP_ENABLE BIT(0)

/* Caches of guests are inner shareable and write-back: that is how EL2 looks at their memory (IHI 0069 12.11.32). */
#define BASER_ATTR (7UL << 7 | 1UL << 10)
#define PROPBASER_BITS (BITS(51, 12) | 0x1fUL)
#define PENDBASER_BITS BITS(51, 16)

static inline u32 level_of(const struct vgic_lpi *p)
{
	return p->prop >> 3;
}

static inline bool wanted(const struct vgic_lpis *l, const struct vgic_lpi *p)
{
	return (p->prop & PROP_ENABLE) != 0 && l->cpu[p->vcpu].enabled;
}

static void enqueue(struct vgic_lpis *l, u32 i, bool front)
{
	struct vgic_lpi *p = &l->lpi[i];
	struct vgic_lpi_cpu *c = &l->cpu[p->vcpu];
	u32 k = level_of(p);

	p->next = p->prev = VGIC_LPI_NONE;
	if ((c->prios & 1u << k) == 0) {
		c->head[k] = c->tail[k] = (u16)i;
	} else if (front) {
		p->next = c->head[k];
		l->lpi[p->next].prev = (u16)i;
		c->head[k] = (u16)i;
	} else {
		p->prev = c->tail[k];
		l->lpi[p->prev].next = (u16)i;
		c->tail[k] = (u16)i;
	}
	c->prios |= 1u << k;
	p->state |= LPI_QUEUED;
}

static void dequeue(struct vgic_lpis *l, u32 i)
{
	struct vgic_lpi *p = &l->lpi[i];
	struct vgic_lpi_cpu *c = &l->cpu[p->vcpu];
	u32 k = level_of(p);

	if ((p->state & LPI_QUEUED) == 0) {
		return;
	}
	if (p->prev != VGIC_LPI_NONE) {
		l->lpi[p->prev].next = p->next;
	} else {
		c->head[k] = p->next;
	}
	if (p->next != VGIC_LPI_NONE) {
		l->lpi[p->next].prev = p->prev;
	} else {
		c->tail[k] = p->prev;
	}
	if (c->head[k] == VGIC_LPI_NONE) {
		c->prios &= ~(1u << k);
	}
	p->state &= (u8)~LPI_QUEUED;
}

static void tell(struct vgic *g, u32 vcpu)
{
	struct vcpu *v = container_of(g, struct vm, vgic)->vcpu[vcpu];

	atomic_or(&v->vgic.spi_sum, 1);
	vcpu_work_set(v, VWORK_VGIC);
}

/* It is pending: in its queue, if that can be, and its vCPU is told. */
static void offer(struct vgic *g, u32 i)
{
	struct vgic_lpis *l = g->lpis;

	if (wanted(l, &l->lpi[i])) {
		enqueue(l, i, false);
		tell(g, l->lpi[i].vcpu);
	}
}

static void write_lr(struct vcpu *v, u32 n, u32 i)
{
	struct vgic_cpu *c = &v->vgic;
	struct vgic_lpi *p = &v->vm->vgic.lpis->lpi[i];
	u64 lr = ICH_LR_PENDING | ICH_LR_GROUP | field_prep(ICH_LR_PRIO, p->prop & 0xf8u) | (VGIC_LPI_MIN + i);

	p->state = 0;
	c->lr_intid[n] = (u16)(VGIC_LPI_MIN + i);
	c->lr_used |= 1u << n;
	c->lr_latched &= ~(1u << n);
	if (likely(n == 2)) {
		gic_lr_write(2, lr);
	} else {
		gic_lr_write_n(n, lr);
	}
}

void vgic_lpi_place(struct vcpu *v, u32 n, u32 i)
{
	dequeue(v->vm->vgic.lpis, i);
	write_lr(v, n, i);
}

/*
 * Into a list register of `v`, which is loaded here: the one that has it (pending, it is one with that; taken, it pends
 * anew: what was active needs no list register, IHI 0069 4.8), a free one, or one that had an LPI. It is in no queue.
 */
static bool into_lr(struct vcpu *v, u32 i)
{
	struct vgic_cpu *c = &v->vgic;
	u32 intid = VGIC_LPI_MIN + i, used = c->lr_used & ~3u, empty, m, n;

	for (m = c->lr_used & ~1u; m != 0; m &= m - 1) {
		n = (u32)__builtin_ctz(m);
		if (c->lr_intid[n] == intid) {
			if ((gic_lr_read_n(n) & ICH_LR_PENDING) != 0) {
				v->vm->vgic.lpis->lpi[i].state = 0;
			} else {
				write_lr(v, n, i);
			}
			return true;
		}
	}
	m = gic_hw.lr_mask & ~used & ~3u; /* LR1 is for SGIs: place_sgi() */
	if (m == 0) {
		isb(); /* ICH_ELRSR sees list registers written on this exit */
		empty = gic_lr_empty() & used;
		for (; empty != 0 && m == 0; empty &= empty - 1) {
			n = (u32)__builtin_ctz(empty);
			m = c->lr_intid[n] >= VGIC_LPI_MIN ? 1u << n : 0;
		}
	}
	if (m == 0) {
		return false;
	}
	write_lr(v, (u32)__builtin_ctz(m), i);
	return true;
}

/* Nothing but LPIs is to be done for list registers. */
static inline bool plain(const struct vgic_cpu *c)
{
	return (READ_ONCE(c->dirty) | (c->hcr ^ ICH_HCR_EN)) == 0;
}

/* The usual case: the list register it had last is empty again. */
static inline bool again(struct vgic_cpu *c, struct vgic_lpi *p, u32 intid)
{
	u32 m = c->lr_used & ~3u, n = 0;
	u64 lr;

	for (; m != 0 && c->lr_intid[n = (u32)__builtin_ctz(m)] != intid; m &= m - 1) {
	}
	isb(); /* ICH_ELRSR sees list registers written on this exit */
	if (m == 0 || (gic_lr_empty() >> n & 1) == 0) {
		return false;
	}
	lr = ICH_LR_PENDING | ICH_LR_GROUP | field_prep(ICH_LR_PRIO, p->prop & 0xf8u) | intid;
	p->state = 0;
	if (likely(n == 2)) {
		gic_lr_write(2, lr);
	} else {
		gic_lr_write_n(n, lr);
	}
	return true;
}

bool vgic_lpi_pend(struct vgic *g, u32 i, u32 to)
{
	struct vgic_lpis *l = g->lpis;
	struct vgic_lpi *p = &l->lpi[i];
	struct vcpu *v = container_of(g, struct vm, vgic)->vcpu[to];

	if (unlikely((p->state & LPI_PENDING) != 0 || !l->cpu[to].enabled)) {
		if (l->cpu[to].enabled) {
			vgic_lpi_move(g, i, to);
		}
		return false;
	}
	p->vcpu = (u8)to;
	/* In front of the general way: it is for the vCPU that runs here. */
	if (likely((p->prop & PROP_ENABLE) != 0 && v == current_vcpu() && v->vgic.loaded && plain(&v->vgic) &&
		   g->group_on[1] != 0 && (again(&v->vgic, p, VGIC_LPI_MIN + i) || into_lr(v, i)))) {
		return true;
	}
	p->state |= LPI_PENDING;
	offer(g, i);
	return false;
}

void vgic_lpi_move(struct vgic *g, u32 i, u32 to)
{
	struct vgic_lpis *l = g->lpis;
	struct vgic_lpi *p = &l->lpi[i];
	u32 from = p->vcpu;

	if (from == to) {
		return;
	}
	dequeue(l, i);
	p->vcpu = (u8)to;
	if ((p->state & LPI_PENDING) != 0) {
		offer(g, i);
	}
	vgic_reconsider(container_of(g, struct vm, vgic)->vcpu[from]);
}

void vgic_lpi_clear(struct vgic *g, u32 i)
{
	struct vgic_lpi *p = &g->lpis->lpi[i];

	dequeue(g->lpis, i);
	p->state = LPI_CLEARED;
	vgic_reconsider(container_of(g, struct vm, vgic)->vcpu[p->vcpu]);
}

void vgic_lpi_configure(struct vgic *g, u32 i, u8 prop)
{
	struct vgic_lpis *l = g->lpis;
	struct vgic_lpi *p = &l->lpi[i];
	u8 old = p->prop;

	if (old == prop) {
		return;
	}
	dequeue(l, i);
	p->prop = prop;
	if ((p->state & LPI_PENDING) != 0) {
		offer(g, i);
	}
	if ((old & PROP_ENABLE) != 0) {
		vgic_reconsider(container_of(g, struct vm, vgic)->vcpu[p->vcpu]);
	}
}

bool vgic_lpi_back(struct vcpu *v, u32 i)
{
	struct vgic *g = &v->vm->vgic;
	struct vgic_lpis *l = g->lpis;
	struct vgic_lpi *p = &l->lpi[i];

	if ((p->state & (LPI_CLEARED | LPI_PENDING)) != 0 || !l->cpu[p->vcpu].enabled) {
		return false; /* cleared, or it pends already: once */
	}
	p->state |= LPI_PENDING;
	if (wanted(l, p)) {
		enqueue(l, i, true);
		if (p->vcpu == v->id) {
			return true;
		}
		tell(g, p->vcpu);
	}
	return false;
}

u32 vgic_lpi_next(const struct vgic *g, u32 vcpu, u32 i)
{
	const struct vgic_lpi_cpu *c = &g->lpis->cpu[vcpu];
	u32 above = ~0u;

	if (i != VGIC_LPI_NONE) {
		const struct vgic_lpi *p = &g->lpis->lpi[i];

		if (p->next != VGIC_LPI_NONE) {
			return p->next;
		}
		above = (u32)(~1UL << level_of(p));
	}
	return (c->prios & above) != 0 && c->enabled && g->group_on[1] != 0 ?
	       c->head[__builtin_ctz(c->prios & above)] : VGIC_LPI_NONE;
}

u32 vgic_lpi_best(const struct vgic *g, u32 vcpu)
{
	u32 i = g->lpis != NULL ? vgic_lpi_next(g, vcpu, VGIC_LPI_NONE) : VGIC_LPI_NONE;

	return i != VGIC_LPI_NONE ? g->lpis->lpi[i].prop & 0xf8u : 256;
}

bool vgic_lpi_flush(struct vcpu *v)
{
	struct vgic *g = &v->vm->vgic;
	struct vgic_cpu *c = &v->vgic;
	bool all = true;
	u32 i;

	if (g->lpis == NULL || !plain(c) || (c->held_sum | c->p.active) != 0) {
		return false;
	}
	vgic_lock(g);
	atomic_clear(&c->spi_sum, 1);
	while (all && (i = vgic_lpi_next(g, v->id, VGIC_LPI_NONE)) != VGIC_LPI_NONE) {
		dequeue(g->lpis, i);
		all = into_lr(v, i);
		if (!all) {
			enqueue(g->lpis, i, true);
			atomic_or(&c->spi_sum, 1);
		}
	}
	vgic_unlock(g);
	return all && READ_ONCE(c->spi_sum) == 0;
}

__cold bool vgic_lpi_drop(struct vgic *g, u32 vcpu)
{
	struct vgic_lpi_cpu *c = &g->lpis->cpu[vcpu];

	for (u32 n = 0; n < 64 && !c->enabled && c->prios != 0; n++) {
		u32 i = c->head[__builtin_ctz(c->prios)];

		dequeue(g->lpis, i);
		g->lpis->lpi[i].state = 0;
	}
	return c->enabled || c->prios == 0;
}

__cold void vgic_lpi_reset(struct vgic *g)
{
	struct vgic_lpis *l = g->lpis;

	l->propbaser = BASER_ATTR;
	memset(l->cpu, 0, sizeof(l->cpu));
	memset(l->lpi, 0, l->count * sizeof(l->lpi[0]));
	for (u32 i = 0; i < VM_MAX_CPUS; i++) {
		l->cpu[i].pendbaser = BASER_ATTR;
	}
}

/* ---- What guests tell in memory and in redistributor registers */

/* LPIs the property table has room for (IHI 0069 12.11.33). */
static u32 in_table(const struct vgic_lpis *l)
{
	u32 bits = (l->propbaser & 0x1f) + 1;

	return bits < VGIC_LPI_BITS ? 0 : MIN(l->count, (u32)BIT(MIN(bits, 16)) - VGIC_LPI_MIN);
}

__cold void vgic_lpi_load(struct vm *vm, u32 i)
{
	struct vgic *g = &vm->vgic;
	struct vgic_lpis *l = g->lpis;
	u64 flags;
	u8 prop = 0;

	if (i < in_table(l) && vm_read_ram(vm, (READ_ONCE(l->propbaser) & BITS(51, 12)) + i, &prop, 1) != 0) {
		prop = 0;
	}
	flags = spin_lock_irq(&g->lock);
	vgic_lpi_configure(g, i, prop);
	spin_unlock_irq(&g->lock, flags);
}

static __cold void write_enable(struct vcpu *t, bool on)
{
	struct vgic *g = &t->vm->vgic;
	struct vgic_lpi_cpu *c = &g->lpis->cpu[t->id];
	bool was;

	vgic_lock(g);
	was = c->enabled;
	c->enabled = on;
	vgic_unlock(g);
	if (was && !on) {
		vgic_reconsider(t);
		vits_want(t->vm, VITS_DROP);
	} else if (!was && on) {
		/* Both tables are read when LPIs are enabled (IHI 0069 5.1.2). */
		vits_want(t->vm, VITS_CONFIG | (c->pendbaser & GICR_PENDBASER_PTZ ? 0 : VITS_PENDING << t->id));
	}
}

static __cold bool any_enabled(const struct vgic *g)
{
	bool on = false;

	for (u32 i = 0; i < g->vcpus; i++) {
		on |= g->lpis->cpu[i].enabled;
	}
	return on;
}

/* The half, or all, of a 64-bit register at `off` that is written. */
static u64 merged(u64 old, u32 off, u32 size, u64 val)
{
	if (size == 8) {
		return val;
	}
	return off & 4 ? (old & 0xffffffffUL) | val << 32 : (old & ~0xffffffffUL) | (val & 0xffffffffUL);
}

__cold bool vgic_lpi_read(struct vcpu *v, struct vcpu *t, u32 off, u32 size, u64 *val)
{
	const struct vgic_lpis *l = v->vm->vgic.lpis;
	u64 r;

	if (l == NULL) {
		return false;
	}
	switch (off & ~7u) {
	case GICR_PROPBASER:
		r = l->propbaser;
		break;
	case GICR_PENDBASER:
		r = l->cpu[t->id].pendbaser & ~GICR_PENDBASER_PTZ;
		break;
	case GICR_SYNCR:
		r = off == GICR_SYNCR && vits_wants(v->vm, VITS_CONFIG) ? 1 : 0;
		break;
	case GICR_INVLPIR:
	case GICR_INVALLR:
		r = 0;
		break;
	default:
		return false;
	}
	*val = size == 8 ? r : off & 4 ? r >> 32 : (u32)r;
	return true;
}

__cold bool vgic_lpi_write(struct vcpu *v, struct vcpu *t, u32 off, u32 size, u64 val)
{
	struct vgic *g = &v->vm->vgic;
	struct vgic_lpis *l = g->lpis;

	if (l == NULL) {
		return false;
	}
	switch (off & ~7u) {
	case GICR_CTLR:
		if (size != 4) {
			return false;
		}
		if (off == GICR_CTLR) {
			write_enable(t, (val & GICR_CTLR_LPIS) != 0);
		}
		break;
	case GICR_PROPBASER:
		if (!any_enabled(g)) {
			WRITE_ONCE(l->propbaser, (merged(l->propbaser, off, size, val) & PROPBASER_BITS) |
				   BASER_ATTR);
		}
		break;
	case GICR_PENDBASER:
		if (!l->cpu[t->id].enabled) {
			l->cpu[t->id].pendbaser = (merged(l->cpu[t->id].pendbaser, off, size, val) &
						   (PENDBASER_BITS | GICR_PENDBASER_PTZ)) | BASER_ATTR;
		}
		break;
	case GICR_INVLPIR:
		/* Bit 63, V, means a virtual LPI, of which guests have none. */
		if ((off & 4) == 0 && (val >> 63) == 0 && (u32)val - VGIC_LPI_MIN < l->count) {
			vgic_lpi_load(v->vm, (u32)val - VGIC_LPI_MIN);
		}
		break;
	case GICR_INVALLR:
		if ((off & 4) == 0 && (val >> 63) == 0) {
			vits_want(v->vm, VITS_CONFIG);
		}
		break;
	default:
		return false;
	}
	return true;
}
