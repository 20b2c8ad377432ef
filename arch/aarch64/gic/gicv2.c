/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GICv2 (IHI 0048B). Works with and without the Security Extensions: bit 0 of the
 * control registers enables what this side of them can see, bit 9 is EOImode, and
 * no group register is touched.
 */
#include <errno.h>
#include "arch/aarch64/gic/gic_drv.h"
#include "arch/arch.h"
#include "core/base/log.h"
#include "core/base/percpu.h"

#define IIDR_QEMU 0x0002043b /* GIC-400's is 0x0202043b */

/* The tree as a whole is to blame. */
static const struct src_pos board_pos = { "device tree", 0, 0 };

/*
 * GIC-400 on a 64 KiB bus: each 4 KiB page is repeated over 64 KiB, the second page
 * (GICC_DIR) lies at +0x10000. 4 KiB below that the two are neighbours again.
 * Such a frame is 128 KiB and has the same IIDR at +0xfc and +0xf0fc.
 */
static __cold bool has_alias(const struct range *r)
{
	return r->size >= KiB(128) &&
	       mmio_read32(r->start + GICC_IIDR) == mmio_read32(r->start + 0xf000 + GICC_IIDR);
}

__cold int gicv2_init(const struct board *b, struct diag *d)
{
	const struct board_gic *g = &b->gic;
	u64 off;
	u32 vtr;

	if (g->cpu.size < KiB(8) || g->hyp.size < 0x1000 || g->vcpu.size < KiB(8)) {
		diag_error(d, &board_pos, "the GICv2 has no usable GICC (8 KiB), GICH or GICV "
			   "frame: it cannot host virtual machines");
		return -EINVAL;
	}
	if (arch_map(g->cpu.start, g->cpu.size, MAP_DEVICE) ||
	    arch_map(g->hyp.start, g->hyp.size, MAP_DEVICE)) {
		diag_error(d, &board_pos, "cannot map the GICv2's frames");
		return -ENOMEM;
	}
	if (gic_silent("GICC", g->cpu.start, mmio_read32(g->cpu.start + GICC_IIDR), mmio_read32(g->cpu.start + GICC_IIDR))) {
		return -EIO;
	}
	off = has_alias(&g->cpu) ? 0xf000 : 0;
	gic_hw.cpu = g->cpu.start + off;
	gic_hw.vcpu = g->vcpu.start + (g->vcpu.size >= KiB(128) ? off : 0);
	gic_hw.hyp = g->hyp.start;
	vtr = mmio_read32(gic_hw.hyp + GICH_VTR);
	if (gic_silent("GICH", gic_hw.hyp, vtr, vtr)) {
		return -EIO;
	}
	/* What guests are given is not touched otherwise: it is to abort here, not in one of them. */
	if (arch_map(g->vcpu.start, g->vcpu.size, MAP_DEVICE) != 0 ||
	    gic_silent("GICV", g->vcpu.start, mmio_read32(gic_hw.vcpu + GICC_IIDR), mmio_read32(gic_hw.vcpu + GICC_IIDR))) {
		return -EIO;
	}
	gic_hw.lr_count = (u8)MIN((vtr & 0x3f) + 1, 16);
	gic_hw.lr_mask = (u32)BITS(gic_hw.lr_count - 1, 0);
	if (gic_hw.lr_count < 2) {
		diag_error(d, &board_pos, "the GIC has one list register, two are needed");
		return -EINVAL;
	}
	gic_hw.apr_count = 1;
	if (mmio_read32(gic_hw.cpu + GICC_IIDR) == IIDR_QEMU) {
		/*
		 * Its model does not look at the line again when a guest's EOI ends a linked
		 * interrupt: one that rose while in service would be lost. Ours is to end it.
		 */
		gic_hw.vtimer_link = ICH_LR_EOI;
	}
	mmio_write32(gic_hw.dist + GICD_CTLR, 1);
	return 0;
}

__cold int gicv2_init_cpu(void)
{
	u32 own = 0;

	/* Only the CPU itself sees which interface it has (IHI 0048B 4.3.12); RAZ on one CPU. */
	for (u32 i = 0; i < 32; i += 4) {
		own |= mmio_read32(gic_hw.dist + GICD_ITARGETSR + i);
	}
	own |= own >> 16;
	own |= own >> 8;
	own &= 0xff;
	this_cpu()->gic_target = own ? own : 1;
	mmio_write32(gic_hw.cpu + GICC_PMR, 0xff);
	if (mmio_read32(gic_hw.cpu + GICC_PMR) == 0) {
		/* Also where firmware has left it at a priority that only it may change (IHI 0048B 4.4.2). */
		log_error("GICC at 0x%lx: writes to GICC_PMR are lost on CPU %u", gic_hw.cpu, this_cpu()->id);
		return -EIO;
	}
	mmio_write32(gic_hw.cpu + GICC_BPR, 0);
	mmio_write32(gic_hw.cpu + GICC_CTLR, 1 | GICC_CTLR_EOIMODE);
	return 0;
}

void gicv2_send_sgi(u32 sgi, u32 cpu)
{
	mmio_write32(gic_hw.dist + GICD_SGIR, percpus[cpu].gic_target << 16 | sgi);
}
