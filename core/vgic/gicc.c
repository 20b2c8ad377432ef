/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The CPU interface of a GICv2 guest on a machine whose GIC has none in memory (IHI 0048B 3, 4.4), or of
 * any guest where virtual interrupts do not arrive (icc.c is its face then):
 * every register traps, and an interrupt is signalled with HCR_EL2.VI or VF.
 *
 * List registers are not used: the CPU interface works on the state in memory. What stands for them is
 * `offered`, the one interrupt that is signalled. It is `in_lr` of its word meanwhile, so that whoever changes
 * something about it calls this vCPU back as with a list register, and no other vCPU takes it. Unlike with
 * a list register its pending state stays in memory.
 *
 * As in the virtual CPU interface of a GIC-400 there are 32 levels of preemption, one register of active priorities
 * for both groups, and AckCtl, FIQEn, CBPR and the aliased registers of Group 1.
 */
#include "core/spec/hcr.h"
#include "core/sysreg/sysreg.h"
#include "core/vgic/vgic_priv.h"

#define VTIMER_BIT (1u << VGIC_VTIMER)
#define NOTHING (~0u)
#define VMCR_ACKCTL (1u << 2)
#define VMCR_FIQEN (1u << 3)
#define VMCR_CBPR (1u << 4)
#define CTLR_BITS 0x21fu /* as in ICH_VMCR_EL2 */
#define BPR0_SHIFT 21
#define BPR1_SHIFT 18
#define PMR_SHIFT 24
#define IIDR 0x5102043b /* product and implementer as GICD_IIDR, architecture version 2 */

static struct vgic_word *word_of(struct vcpu *v, u32 intid)
{
	return intid < 32 ? &v->vgic.p : &v->vm->vgic.w[intid / 32];
}

static bool is_v2(const struct vcpu *v)
{
	return v->vm->vgic.version == 2;
}

static bool group1_of(struct vcpu *v, u32 intid)
{
	return (word_of(v, intid)->group >> (intid % 32)) & 1;
}

/* The best of 32, `first` their INTID: priority << 16 | INTID. */
static u32 best_of(u32 bits, const u8 *prio, u32 first, u32 best)
{
	for (; bits; bits &= bits - 1) {
		u32 n = (u32)__builtin_ctz(bits);

		best = MIN(best, (u32)prio[n] << 16 | (first + n));
	}
	return best;
}

/* Of 32 interrupts those whose group is on at the CPU interface. */
static u32 wanted(const struct vgic_cpu *c, const struct vgic_word *w)
{
	return (c->vmcr & ICH_VMCR_ENG1 ? w->group : 0) | (c->vmcr & ICH_VMCR_ENG0 ? ~w->group : 0);
}

/* The highest priority pending interrupt (IHI 0048B 3.2): priority << 16 | INTID, or NOTHING. Locked, in sync. */
static __cold u32 highest(struct vcpu *v)
{
	struct vgic_cpu *c = &v->vgic;
	struct vgic *g = &v->vm->vgic;
	u32 bits = vgic_pend(&c->p) | (c->vtimer_hw ? VTIMER_BIT : 0), best, keep = 0;

	for (u32 m = is_v2(v) ? c->p.pending & ~c->p.active & 0xffff : 0; m; m &= m - 1) {
		u32 i = (u32)__builtin_ctz(m);

		if (READ_ONCE(c->sgi_src[i]) == 0) {
			c->p.pending &= ~(1u << i); /* served with an earlier one */
			bits &= ~(1u << i);
		}
	}
	best = best_of(bits & c->live & ~c->p.active & wanted(c, &c->p), c->prio, 0, NOTHING);
	for (u32 s = __atomic_exchange_n(&c->spi_sum, 0, __ATOMIC_ACQ_REL); s; s &= s - 1) {
		u32 k = (u32)__builtin_ctz(s);
		const struct vgic_word *w = &g->w[k];

		bits = vgic_pend(w) & vgic_live(g, w) & g->target[v->id][k] & ~w->active & ~w->in_lr;
		keep |= bits ? 1u << k : 0;
		best = best_of(bits & wanted(c, w), &g->prio[k * 32], k * 32, best);
	}
	atomic_or(&c->spi_sum, keep);
	return best;
}

/* The part of a priority that counts for preemption, as a level 0..31 (IHI 0048B 3.3.3). */
static u32 level_of(const struct vgic_cpu *c, u32 prio, bool group1)
{
	u32 point = ((c->vmcr >> BPR0_SHIFT) & 7) + 1; /* lowest bit that counts */

	if (group1 && !(c->vmcr & VMCR_CBPR)) {
		point = (c->vmcr >> BPR1_SHIFT) & 7;
	}
	return (prio & 0xffu << point) >> 3;
}

static u32 running(const struct vgic_cpu *c)
{
	return c->apr[0][0] ? (u32)__builtin_ctz(c->apr[0][0]) : 32;
}

/* May the interrupt `key` be taken? Its group is on. */
static bool passes(struct vcpu *v, u32 key)
{
	const struct vgic_cpu *c = &v->vgic;

	return key != NOTHING && key >> 16 < c->vmcr >> PMR_SHIFT &&
	       level_of(c, key >> 16, group1_of(v, key & 0xffff)) < running(c);
}

__cold void vgic_gicc_sync(struct vcpu *v)
{
	struct vgic_cpu *c = &v->vgic;
	u32 intid = c->offered;

	if (intid != 0) {
		struct vgic_word *w = word_of(v, intid - 1);
		u32 bit = 1u << ((intid - 1) % 32);
		bool had = ((w->pending | w->active) & bit) != 0;

		w->in_lr &= ~bit;
		if (intid > 32) {
			w->pending &= ~(w->clr_pend & bit);
			w->active &= ~(w->clr_act & bit);
			w->clr_pend &= ~bit;
			w->clr_act &= ~bit;
			if ((v->vm->vgic.linked[(intid - 1) / 32] & bit) != 0) {
				vgic_link_settle(&v->vm->vgic, intid - 1, had);
			}
			atomic_or(&c->spi_sum, 1u << ((intid - 1) / 32));
		}
		c->offered = 0;
		c->withdrawn = (u16)intid;
	}
	vgic_settle(v);
}

/* Beside a watchdog's FIQ. */
static __cold void signal(struct vcpu *v)
{
	u64 hcr = (v->hcr & ~(HCR_VI | HCR_VF)) | v->vgic.signal | (READ_ONCE(v->fiq) != 0 ? HCR_VF : 0);

	if (hcr != v->hcr) {
		v->hcr = hcr;
		vcpu_write_hcr(v);
	}
}

/* What was signalled here and is not any more may be another vCPU's, if it is an SPI. */
static __cold void release(struct vcpu *v)
{
	struct vgic_cpu *c = &v->vgic;
	u32 intid = c->withdrawn;

	c->withdrawn = 0;
	if (intid > 32 && intid != c->offered) {
		vgic_notify(&v->vm->vgic, (intid - 1) / 32, 1u << ((intid - 1) % 32), v);
	}
}

__cold void vgic_gicc_put(struct vcpu *v)
{
	release(v);
	v->vgic.signal = 0;
	signal(v);
}

__cold void vgic_gicc_fill(struct vcpu *v)
{
	struct vgic_cpu *c = &v->vgic;
	u32 key, intid;

	vgic_recompute(v);
	if (c->vtimer_hw && !(c->p.active & VTIMER_BIT) && !vgic_vtimer_line()) {
		gic_set_active(gic_hw.vtimer_intid, false);
		c->vtimer_hw = false;
	}
	key = highest(v);
	c->signal = 0;
	if (passes(v, key)) {
		intid = key & 0xffff;
		c->offered = (u16)(intid + 1);
		c->signal = !group1_of(v, intid) && (!is_v2(v) || (c->vmcr & VMCR_FIQEN)) ? HCR_VF : HCR_VI;
		word_of(v, intid)->in_lr |= 1u << (intid % 32);
		v->vm->vgic.holder[intid] = (u8)v->id;
	}
	release(v);
	signal(v);
}

/* GICC_IAR, GICC_AIAR (IHI 0048B 4.4.4, 4.4.11) */
static __cold u32 acknowledge(struct vcpu *v, u32 key, bool alias)
{
	struct vgic_cpu *c = &v->vgic;
	u32 intid = key & 0xffff, bit = 1u << (intid % 32), src = 0;
	struct vgic_word *w;
	bool group1, latched;

	if (!passes(v, key)) {
		return INTID_SPURIOUS;
	}
	group1 = group1_of(v, intid);
	if (alias ? !group1 : group1 && !(c->vmcr & VMCR_ACKCTL)) {
		return alias ? INTID_SPURIOUS : INTID_GROUP1;
	}
	w = word_of(v, intid);
	if (intid >= 32 && (v->vm->vgic.linked[intid / 32] & bit) != 0) {
		(void)vgic_link_place(v, intid, false, &latched);
	}
	w->pending &= ~bit;
	w->active |= bit;
	if (intid < 16 && is_v2(v)) {
		src = (u32)__builtin_ctz(READ_ONCE(c->sgi_src[intid]) | 0x100u) & 7;
		if (__atomic_and_fetch(&c->sgi_src[intid], (u8)~(1u << src), __ATOMIC_ACQ_REL) != 0) {
			w->pending |= bit; /* of others, too: one at a time */
		}
		c->act_src[intid] = (u8)src;
	}
	c->apr[0][0] |= 1u << level_of(c, key >> 16, group1);
	return intid | src << 10;
}

/* GICC_HPPIR, GICC_AHPPIR (4.4.7, 4.4.13) */
static __cold u32 pending_id(struct vcpu *v, u32 key, bool alias)
{
	u32 intid = key & 0xffff;

	if (key == NOTHING) {
		return INTID_SPURIOUS;
	}
	if (alias ? !group1_of(v, intid) : group1_of(v, intid) && !(v->vgic.vmcr & VMCR_ACKCTL)) {
		return alias ? INTID_SPURIOUS : INTID_GROUP1;
	}
	if (intid < 16) {
		intid |= ((u32)__builtin_ctz(READ_ONCE(v->vgic.sgi_src[intid]) | 0x100u) & 7) << 10;
	}
	return intid;
}

static __cold void end(struct vcpu *v, u32 val)
{
	struct vgic_cpu *c = &v->vgic;

	/* Spurious ones end nothing; without an active priority there is nothing to drop. */
	if ((is_v2(v) ? val & 0x3ff : val & 0xffffff) < v->vm->vgic.words * 32u && c->apr[0][0] != 0) {
		c->apr[0][0] &= c->apr[0][0] - 1;
		if (!(c->vmcr & ICH_VMCR_EOIM)) {
			vgic_deactivate(v, val);
		}
	}
}

static __cold void set_field(u32 *vmcr, u32 mask, u32 shift, u32 val)
{
	*vmcr = (*vmcr & ~(mask << shift)) | (val & mask) << shift;
}

static __cold u32 read_reg(struct vcpu *v, u32 off)
{
	const struct vgic_cpu *c = &v->vgic;

	switch (off) {
	case GICC_CTLR:
		return c->vmcr & CTLR_BITS;
	case GICC_PMR:
		return c->vmcr >> PMR_SHIFT;
	case GICC_BPR:
		return (c->vmcr >> BPR0_SHIFT) & 7;
	case GICC_ABPR:
		return (c->vmcr >> BPR1_SHIFT) & 7;
	case GICC_IAR:
	case GICC_AIAR:
		return acknowledge(v, highest(v), off == GICC_AIAR);
	case GICC_HPPIR:
	case GICC_AHPPIR:
		return pending_id(v, highest(v), off == GICC_AHPPIR);
	case GICC_RPR:
		return c->apr[0][0] ? running(c) << 3 : 0xff;
	case GICC_APR0:
		return c->apr[0][0];
	case GICC_IIDR:
		return IIDR;
	default:
		return 0;
	}
}

static __cold void write_reg(struct vcpu *v, u32 off, u32 val)
{
	struct vgic_cpu *c = &v->vgic;

	switch (off) {
	case GICC_CTLR:
		c->vmcr = (c->vmcr & ~CTLR_BITS) | (val & CTLR_BITS);
		break;
	case GICC_PMR:
		set_field(&c->vmcr, 0xff, PMR_SHIFT, val & 0xf8);
		break;
	case GICC_BPR:
		set_field(&c->vmcr, 7, BPR0_SHIFT, MAX(val & 7, 2)); /* 32 levels (3.3.3) */
		break;
	case GICC_ABPR:
		set_field(&c->vmcr, 7, BPR1_SHIFT, MAX(val & 7, 3));
		break;
	case GICC_EOIR:
	case GICC_AEOIR:
		end(v, val);
		break;
	case GICC_APR0:
		c->apr[0][0] = val;
		break;
	case GICC_DIR:
		if (c->vmcr & ICH_VMCR_EOIM) {
			vgic_deactivate(v, val);
		}
		break;
	default:
		break;
	}
}

u32 vgic_gicc_read32(void *arg, struct vcpu *v, u64 off)
{
	struct vgic *g = arg;
	u32 val;

	vgic_lock(g);
	vgic_sync(v);
	val = read_reg(v, (u32)off);
	vgic_fill(v);
	vgic_unlock(g);
	return val;
}

void vgic_gicc_write32(void *arg, struct vcpu *v, u64 off, u32 val)
{
	struct vgic *g = arg;

	vgic_lock(g);
	vgic_sync(v);
	write_reg(v, (u32)off, val);
	vgic_fill(v);
	vgic_unlock(g);
}

enum mmio_result vgic_gicc(void *arg, struct vcpu *v, struct mmio *m)
{
	if (m->size != 4 || (m->off & 3)) {
		return MMIO_ABORT;
	}
	if (m->write) {
		vgic_gicc_write32(arg, v, m->off, (u32)m->val);
	} else {
		m->val = vgic_gicc_read32(arg, v, m->off);
	}
	return MMIO_DONE;
}
