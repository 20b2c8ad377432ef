/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The redistributors of a GICv3 (IHI 0069H 12.10, 12.11): two 64 KiB frames per vCPU,
 * in the order of the vCPUs. Any vCPU may access any of them. LPIs: core/vgic/lpi.c, if the VM
 * has an ITS.
 */
#include "core/vgic/lpi.h"
#include "core/vgic/vgic_priv.h"

#define IIDR 0x5100043b

static const u8 ids[12] = { 0x44, 0, 0, 0, 0x93, 0xb4, 0x3b, 0, 0x0d, 0xf0, 0x05, 0xb1 };

static __cold u64 typer(const struct vgic *g, const struct vcpu *t)
{
	u64 aff = (t->vmpidr & 0xffffff) | ((t->vmpidr >> 32) & 0xff) << 24;

	return aff << 32 | (u64)t->id << 8 | (t->id + 1u == g->vcpus ? GICR_TYPER_LAST : 0) |
	       (g->lpis != NULL ? GICR_TYPER_PLPIS : 0);
}

static __cold u32 ctlr(const struct vgic *g, const struct vcpu *t)
{
	u32 lpis = g->lpis == NULL ? 0 : GICR_CTLR_CES | GICR_CTLR_IR |
		   (g->lpis->cpu[t->id].enabled ? GICR_CTLR_LPIS : 0);

	return (READ_ONCE(t->vgic.dirty) && READ_ONCE(t->vgic.loaded) ? GICR_CTLR_RWP : 0) | lpis;
}

static __noinline __cold u32 read_rd(struct vgic *g, struct vcpu *v, struct vcpu *t, u32 off)
{
	u64 val;

	switch (off) {
	case GICR_CTLR:
		return ctlr(g, t);
	case GICR_IIDR:
		return IIDR;
	case GICR_TYPER:
		return (u32)typer(g, t);
	case GICR_TYPER + 4:
		return (u32)(typer(g, t) >> 32);
	case GICR_WAKER:
		return t->vgic.waker ? GICR_WAKER_SLEEP | GICR_WAKER_ASLEEP : 0;
	default:
		if (vgic_lpi_read(v, t, off, 4, &val)) {
			return (u32)val;
		}
		return off >= GICD_IDREGS ? ids[(off - GICD_IDREGS) / 4] : 0;
	}
}

static u32 read_sgi_base(struct vcpu *v, struct vcpu *t, u32 off)
{
	switch (off) {
	case GICD_IGROUPR:
	case GICD_ISENABLER:
	case GICD_ICENABLER:
	case GICD_ISPENDR:
	case GICD_ICPENDR:
	case GICD_ISACTIVER:
	case GICD_ICACTIVER:
		return vgic_read_bits(v, t, (enum vgic_bits)(off >> 7), 0);
	case GICD_IPRIORITYR ... GICD_IPRIORITYR + 31:
		return vgic_read_prio(v, t, off & 31);
	case GICD_ICFGR:
	case GICD_ICFGR + 4:
		return vgic_read_config(v, t, (off & 4) * 4);
	default:
		return 0;
	}
}

static void write_sgi_base(struct vcpu *v, struct vcpu *t, u32 off, u32 val, u32 mask)
{
	switch (off) {
	case GICD_IGROUPR:
	case GICD_ISENABLER:
	case GICD_ICENABLER:
	case GICD_ISPENDR:
	case GICD_ICPENDR:
	case GICD_ISACTIVER:
	case GICD_ICACTIVER:
		vgic_write_bits(v, t, (enum vgic_bits)(off >> 7), 0, val);
		break;
	case GICD_IPRIORITYR ... GICD_IPRIORITYR + 31:
		vgic_write_prio(v, t, off & 31, val, mask);
		break;
	case GICD_ICFGR:
	case GICD_ICFGR + 4:
		vgic_write_config(v, t, (off & 4) * 4, val);
		break;
	default:
		break;
	}
}

static __noinline __cold enum mmio_result access_odd(struct vgic *g, struct vcpu *v, struct vcpu *t,
					      struct mmio *m)
{
	u32 off = m->off & (GICR_FRAME - 1), sh = (off & 3) * 8, prio = off - GICR_SGI_BASE;

	if (m->size == 8 && off == GICR_TYPER) {
		if (!m->write) {
			m->val = typer(g, t);
		}
		return MMIO_DONE;
	}
	if (m->size == 8 && (off & 7) == 0 &&
	    (m->write ? vgic_lpi_write(v, t, off, 8, m->val) : vgic_lpi_read(v, t, off, 8, &m->val))) {
		return MMIO_DONE;
	}
	if (m->size != 1 || off < GICR_SGI_BASE || prio < GICD_IPRIORITYR ||
	    prio >= GICD_IPRIORITYR + 32) {
		return MMIO_ABORT;
	}
	if (m->write) {
		write_sgi_base(v, t, prio & ~3u, (u32)(m->val & 0xff) << sh, 0xffu << sh);
	} else {
		m->val = (read_sgi_base(v, t, prio & ~3u) >> sh) & 0xff;
	}
	return MMIO_DONE;
}

u32 vgic_redist_read32(void *arg, struct vcpu *v, u64 at)
{
	struct vcpu *t = v->vm->vcpu[at / GICR_FRAME];
	u32 off = at & (GICR_FRAME - 1);

	return off < GICR_SGI_BASE ? read_rd(arg, v, t, off) :
				     read_sgi_base(v, t, off - GICR_SGI_BASE);
}

void vgic_redist_write32(void *arg, struct vcpu *v, u64 at, u32 val)
{
	struct vcpu *t = v->vm->vcpu[at / GICR_FRAME];
	u32 off = at & (GICR_FRAME - 1);

	(void)arg;
	if (off >= GICR_SGI_BASE) {
		write_sgi_base(v, t, off - GICR_SGI_BASE, val, ~0u);
	} else if (off == GICR_WAKER) {
		t->vgic.waker = (val & GICR_WAKER_SLEEP) != 0;
	} else {
		(void)vgic_lpi_write(v, t, off, 4, val);
	}
}

__cold enum mmio_result vgic_redist(void *arg, struct vcpu *v, struct mmio *m)
{
	struct vgic *g = arg;
	u32 n = (u32)(m->off / GICR_FRAME);

	if (unlikely(n >= g->vcpus)) {
		return MMIO_ABORT;
	}
	if (unlikely(m->size != 4 || (m->off & 3))) {
		return access_odd(g, v, v->vm->vcpu[n], m);
	}
	if (m->write) {
		vgic_redist_write32(g, v, m->off, (u32)m->val);
	} else {
		m->val = vgic_redist_read32(g, v, m->off);
	}
	return MMIO_DONE;
}
