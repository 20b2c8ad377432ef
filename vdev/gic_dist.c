/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The distributor's registers (IHI 0048B 4.3, IHI 0069H 12.9). Registers with a bit
 * per interrupt are words of the state; reserved offsets read as zero and ignore
 * writes; access sizes the architecture does not allow get an external abort.
 */
#include "core/vgic/vgic_priv.h"

#define IIDR 0x5100043b /* product 'Q', implementer Arm's code as other software GICs have */

/* GICv2: CoreLink GIC-400's (QNX guests look at them); GICv3: Arm's, architecture revision 3. */
static const u8 ids_v2[12] = { 4, 0, 0, 0, 0x90, 0xb4, 0x2b, 0, 0x0d, 0xf0, 0x05, 0xb1 };
static const u8 ids_v3[12] = { 0x44, 0, 0, 0, 0x92, 0xb4, 0x3b, 0, 0x0d, 0xf0, 0x05, 0xb1 };

static __noinline __cold u32 read_ctlr(struct vgic *g)
{
	if (g->version == 2) {
		return g->ctlr;
	}
	return g->ctlr | GICD_CTLR_ARE | GICD_CTLR_DS | (vgic_busy(g) ? GICD_CTLR_RWP : 0);
}

/* IHI 0048B 4.3.12: SGIs and PPIs go to the reading CPU itself. */
static __cold u32 read_targets(struct vgic *g, struct vcpu *v, u32 intid)
{
	u32 own = 1u << v->id;

	if (intid < 32) {
		return own * 0x01010101u;
	}
	return g->route[intid] | g->route[intid + 1] << 8 | g->route[intid + 2] << 16 |
	       g->route[intid + 3] << 24;
}

static __cold void write_targets(struct vgic *g, u32 intid, u32 val, u32 mask)
{
	if (intid < 32) {
		return;
	}
	vgic_lock(g);
	for (u32 i = 0; i < 4; i++) {
		if ((mask >> (i * 8)) & 0xff) {
			g->route[intid + i] = (val >> (i * 8)) & (u32)BITS(g->vcpus - 1, 0);
			vgic_route_spi(g, intid + i);
		}
	}
	vgic_unlock(g);
}

/* GICD_SGIR (IHI 0048B 4.3.15) */
static void write_sgir(struct vgic *g, struct vcpu *v, u32 val)
{
	u32 all = (u32)BITS(g->vcpus - 1, 0), targets = 0;

	switch ((val >> 24) & 3) {
	case 0:
		targets = (val >> 16) & 0xff;
		break;
	case 1:
		targets = all & ~(1u << v->id);
		break;
	case 2:
		targets = 1u << v->id;
		break;
	default:
		break;
	}
	if (targets & all) {
		vgic_send(v, val & 0xf, targets & all);
	}
}

/*
 * Registers both versions have, by words of 32 bits; `mask` tells which bytes are accessed. With
 * affinity routing (GICv3) those of INTIDs 0..31 are the redistributor's (IHI 0069 12.9).
 */
static u32 read_common(struct vgic *g, struct vcpu *v, u32 off)
{
	u32 first = g->version == 3 ? 1 : 0, k;

	switch (off >> 7) {
	case 0:
		switch (off) {
		case GICD_CTLR:
			return read_ctlr(g);
		case GICD_TYPER:
			return g->typer;
		case GICD_IIDR:
			return IIDR;
		default:
			return 0;
		}
	case VGIC_GROUP ... VGIC_DEACT:
		k = (off >> 2) & 31;
		return k >= first && k < g->words ?
			       vgic_read_bits(v, v, (enum vgic_bits)(off >> 7), k) : 0;
	case 0x8 ... 0xf:
		k = off - GICD_IPRIORITYR;
		return k >= first * 32 && k < g->words * 32u ? vgic_read_prio(v, v, k) : 0;
	case 0x10 ... 0x17:
		k = off - GICD_ITARGETSR;
		return g->version == 2 && k < g->words * 32u ? read_targets(g, v, k) : 0;
	case 0x18 ... 0x19:
		k = (off - GICD_ICFGR) * 4;
		return k >= first * 32 && k < g->words * 32u ? vgic_read_config(v, v, k) : 0;
	case 0x1e:
		if (g->version == 2 && (off & 0x70) >= 0x10 && (off & 0x70) <= 0x20) {
			return vgic_read_sgi_sources(v, off & 0xf);
		}
		return 0;
	case 0x1f:
		return g->version == 2 && off >= 0xfd0 ? ids_v2[(off - 0xfd0) / 4] : 0;
	default:
		return 0;
	}
}

static void write_common(struct vgic *g, struct vcpu *v, u32 off, u32 val, u32 mask)
{
	u32 first = g->version == 3 ? 1 : 0, k;

	switch (off >> 7) {
	case 0:
		if (off == GICD_CTLR) {
			vgic_set_ctlr(g, val & (GICD_CTLR_GRP0 | GICD_CTLR_GRP1));
		}
		break;
	case VGIC_GROUP ... VGIC_DEACT:
		k = (off >> 2) & 31;
		if (k >= first && k < g->words) {
			vgic_write_bits(v, v, (enum vgic_bits)(off >> 7), k, val);
		}
		break;
	case 0x8 ... 0xf:
		k = off - GICD_IPRIORITYR;
		if (k >= first * 32 && k < g->words * 32u) {
			vgic_write_prio(v, v, k, val, mask);
		}
		break;
	case 0x10 ... 0x17:
		k = off - GICD_ITARGETSR;
		if (g->version == 2 && k < g->words * 32u) {
			write_targets(g, k, val, mask);
		}
		break;
	case 0x18 ... 0x19:
		k = (off - GICD_ICFGR) * 4;
		if (k >= first * 32 && k < g->words * 32u) {
			vgic_write_config(v, v, k, val);
		}
		break;
	case 0x1e:
		if (g->version != 2) {
			break;
		}
		if (off == GICD_SGIR) {
			write_sgir(g, v, val);
		} else if ((off & 0x70) == 0x10 || (off & 0x70) == 0x20) {
			vgic_write_sgi_sources(v, off & 0xf, val & mask, (off & 0x70) == 0x20);
		}
		break;
	default:
		break;
	}
}

/* Priorities, targets and SGI sources have byte access (IHI 0069 12.1.3). */
static bool byte_access(u32 off)
{
	return (off >= GICD_IPRIORITYR && off < GICD_ICFGR) ||
	       (off >= GICD_CPENDSGIR && off < GICD_SPENDSGIR + 0x10);
}

static __noinline __cold enum mmio_result access_byte(struct vgic *g, struct vcpu *v,
						      struct mmio *m)
{
	u32 off = (u32)m->off, sh = (off & 3) * 8;

	if (m->size != 1 || !byte_access(off)) {
		return MMIO_ABORT;
	}
	if (m->write) {
		write_common(g, v, off & ~3u, (u32)(m->val & 0xff) << sh, 0xffu << sh);
	} else {
		m->val = (read_common(g, v, off & ~3u) >> sh) & 0xff;
	}
	return MMIO_DONE;
}

static enum mmio_result access_common(struct vgic *g, struct vcpu *v, struct mmio *m)
{
	if (unlikely(m->size != 4 || (m->off & 3))) {
		return access_byte(g, v, m);
	}
	if (m->write) {
		write_common(g, v, (u32)m->off, (u32)m->val, ~0u);
	} else {
		m->val = read_common(g, v, (u32)m->off);
	}
	return MMIO_DONE;
}

__cold enum mmio_result vgic_dist_v2(void *arg, struct vcpu *v, struct mmio *m)
{
	if (unlikely(m->off >= 0x1000)) {
		return MMIO_ABORT;
	}
	return access_common(arg, v, m);
}

__cold enum mmio_result vgic_gicc_dir(void *arg, struct vcpu *v, struct mmio *m)
{
	(void)arg;
	if (m->size != 4 || (m->off & 3)) {
		return MMIO_ABORT;
	}
	if (m->write && m->off == 0) {
		vgic_dir(v, (u32)m->val);
	} else {
		m->val = 0;
	}
	return MMIO_DONE;
}

/* GICD_IROUTER: Aff3 in the upper word, Aff2..0 below; no 1-of-N, so IRM is RES0. */
static __noinline __cold enum mmio_result access_route(struct vgic *g, struct mmio *m)
{
	u32 intid = (u32)(m->off - GICD_IROUTER) / 8, r;
	bool high = (m->off & 4) != 0, known = intid >= 32 && intid < g->words * 32u;
	u64 val = m->val;

	if ((m->size != 4 && m->size != 8) || (m->off & (m->size - 1u))) {
		return MMIO_ABORT;
	}
	r = known ? g->route[intid] : 0;
	if (!m->write) {
		val = (r & 0xffffff) | (u64)(r >> 24) << 32;
		m->val = m->size == 8 ? val : high ? val >> 32 : (u32)val;
		return MMIO_DONE;
	}
	if (!known) {
		return MMIO_DONE;
	}
	if (m->size == 8) {
		r = (u32)((val & 0xffffff) | ((val >> 32) & 0xff) << 24);
	} else if (high) {
		r = (r & 0xffffff) | (u32)(val & 0xff) << 24;
	} else {
		r = (r & 0xff000000u) | (u32)(val & 0xffffff);
	}
	vgic_lock(g);
	if (g->route[intid] != r) {
		g->route[intid] = r;
		vgic_route_spi(g, intid);
	}
	vgic_unlock(g);
	return MMIO_DONE;
}

__cold enum mmio_result vgic_dist_v3(void *arg, struct vcpu *v, struct mmio *m)
{
	if (likely(m->off < 0x1000)) {
		return access_common(arg, v, m);
	}
	if (m->off >= GICD_IROUTER && m->off < GICD_IROUTER + 8 * VGIC_MAX_INTID) {
		return access_route(arg, m);
	}
	if (m->size != 4 || (m->off & 3) || m->off >= 0x10000) {
		return MMIO_ABORT;
	}
	if (!m->write) {
		m->val = m->off >= GICD_IDREGS ? ids_v3[(m->off - GICD_IDREGS) / 4] : 0;
	}
	return MMIO_DONE;
}

/* Aligned words without a struct mmio on the way; all of them are answered. */
static __noinline __cold u32 read_far(struct vgic *g, struct vcpu *v, u64 off)
{
	struct mmio m = { .off = off, .val = 0, .size = 4, .write = false };

	(void)vgic_dist_v3(g, v, &m);
	return (u32)m.val;
}

static __noinline __cold void write_far(struct vgic *g, struct vcpu *v, u64 off, u32 val)
{
	struct mmio m = { .off = off, .val = val, .size = 4, .write = true };

	(void)vgic_dist_v3(g, v, &m);
}

u32 vgic_dist_read32(void *arg, struct vcpu *v, u64 off)
{
	return likely(off < 0x1000) ? read_common(arg, v, (u32)off) : read_far(arg, v, off);
}

void vgic_dist_write32(void *arg, struct vcpu *v, u64 off, u32 val)
{
	if (likely(off < 0x1000)) {
		write_common(arg, v, (u32)off, val, ~0u);
	} else {
		write_far(arg, v, off, val);
	}
}
