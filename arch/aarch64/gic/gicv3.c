/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GICv3 and later with system registers (IHI 0069H). Works in the single security
 * state (GICD_CTLR.DS = 1) and as the Non-secure side of two.
 */
#include <errno.h>
#include "arch/aarch64/gic/gic_drv.h"
#include "arch/arch.h"
#include "core/base/log.h"
#include "core/base/percpu.h"

#define ICC_CTLR_EOIMODE BIT(1)
#define ICC_SRE_ALL 0xf /* SRE, DFB, DIB, Enable: EL1 uses system registers too */
#define GICD_CTLR_ENABLE 0x3 /* DS = 1: both groups; Non-secure view: Group 1, ARE or not */

static const struct src_pos board_pos = { "device tree", 0, 0 };
static const struct board_gic *board_gic;
pa_t gic_rd[MAX_CPUS];
static u64 sgi_target[MAX_CPUS]; /* affinity, RS and list bit as in ICC_SGI1R_EL1 */

static u32 affinity(u64 mpidr)
{
	return (u32)((mpidr & 0xffffff) | ((mpidr >> 32) & 0xff) << 24);
}

#define REDISTRIBUTORS 512 /* looked at in a region: more CPUs than any has */

/* GICD_PIDR2, GICR_PIDR2: of a GICv3 or v4, as nothing else would read (IHI 0069 12.9.29). */
static bool is_gic(pa_t frame)
{
	u32 version = mmio_read32(frame + GICD_PIDR2) >> 4 & 0xf;

	return version == 3 || version == 4;
}

/* The redistributor whose GICR_TYPER names this CPU (IHI 0069 12.11.37); 0: none. */
static __cold pa_t find_redistributor(u64 mpidr)
{
	for (u32 i = 0; i < board_gic->redist_count; i++) {
		const struct range *r = &board_gic->redist[i];
		u64 step, off = 0;

		for (u32 n = 0; n < REDISTRIBUTORS && off + GICR_FRAME <= r->size; n++, off += step) {
			u64 typer;

			if (!is_gic(r->start + off)) {
				log_error("GICR at 0x%lx does not answer as a GICv3's: PIDR2 reads as 0x%x", r->start + off,
					  mmio_read32(r->start + off + GICD_PIDR2));
				break;
			}
			typer = mmio_read64(r->start + off + GICR_TYPER);

			if ((typer >> 32) == affinity(mpidr)) {
				return r->start + off;
			}
			if (typer & GICR_TYPER_LAST) {
				break;
			}
			step = typer & GICR_TYPER_VLPIS ? 2 * GICR_FRAME : GICR_FRAME;
			step = board_gic->redist_stride ? board_gic->redist_stride : step;
		}
	}
	return 0;
}

__cold int gicv3_init(const struct board *b, struct diag *d)
{
	static const u32 steps[] = { 0, GICD_CTLR_ARE, GICD_CTLR_ARE | GICD_CTLR_ENABLE };
	u64 vtr;

	board_gic = &b->gic;
	for (u32 i = 0; i < b->gic.redist_count; i++) {
		if (arch_map(b->gic.redist[i].start, b->gic.redist[i].size, MAP_DEVICE)) {
			diag_error(d, &board_pos, "cannot map the GICv3's redistributors");
			return -ENOMEM;
		}
	}
	if (!is_gic(gic_hw.dist)) {
		log_error("GICD at 0x%lx is not a GICv3's: PIDR2 reads as 0x%x", gic_hw.dist,
			  mmio_read32(gic_hw.dist + GICD_PIDR2));
		return -EIO;
	}
	write_icc_sre_el2(ICC_SRE_ALL);
	isb(); /* SRE decides which interface the following accesses reach */
	if (!(read_icc_sre_el2() & 1)) {
		diag_error(d, &board_pos, "the GICv3 system registers are disabled at EL3: "
			   "firmware must set ICC_SRE_EL3");
		return -EINVAL;
	}
	if (!find_redistributor(read_mpidr_el1())) {
		diag_error(d, &board_pos, "no GICv3 redistributor for the boot CPU (MPIDR %lx)",
			   read_mpidr_el1());
		return -EINVAL;
	}
	vtr = read_ich_vtr_el2();
	gic_hw.lr_count = (u8)((vtr & 0x1f) + 1 > 16 ? 16 : (vtr & 0x1f) + 1);
	gic_hw.lr_mask = (u32)BITS(gic_hw.lr_count - 1, 0);
	if (gic_hw.lr_count < 2) {
		diag_error(d, &board_pos, "the GIC has one list register, two are needed");
		return -EINVAL;
	}
	gic_hw.tdir = (vtr & BIT(19)) != 0;
	/* 5, 6 or 7 bits of preemption: 32 active priorities in each register. */
	gic_hw.apr_count = (u8)(1u << (((vtr >> 26) & 7) > 4 ? ((vtr >> 26) & 7) - 4 : 0));
	gic_hw.apr_count = MIN(gic_hw.apr_count, 4);

	/* Affinity routing first: it may only change while the groups are off (12.9.4). */
	for (u32 i = 0; i < ARRAY_SIZE(steps); i++) {
		mmio_write32(gic_hw.dist + GICD_CTLR, steps[i]);
		if (!gic_sync(32)) {
			return -EIO;
		}
	}
	return 0;
}

__cold int gicv3_init_cpu(void)
{
	u64 mpidr = read_mpidr_el1();
	u32 id = this_cpu()->id;
	pa_t rd = find_redistributor(mpidr);

	if (!rd) {
		log_error("CPU %u (MPIDR 0x%lx): the GICv3 has no redistributor for it", id, mpidr & 0xff00ffffffUL);
		return -ENODEV;
	}
	sgi_target[id] = field_prep(ICC_SGIR_AFF3, (mpidr >> 32) & 0xff) |
			 field_prep(ICC_SGIR_AFF2, (mpidr >> 16) & 0xff) |
			 field_prep(ICC_SGIR_AFF1, (mpidr >> 8) & 0xff) |
			 field_prep(ICC_SGIR_RS, (mpidr >> 4) & 0xf) | BIT(mpidr & 0xf);
	mmio_write32(rd + GICR_WAKER, mmio_read32(rd + GICR_WAKER) & ~GICR_WAKER_SLEEP);
	if (!gic_wait_clear(rd + GICR_WAKER, GICR_WAKER_ASLEEP)) {
		log_error("GICR at 0x%lx: the redistributor of CPU %u does not wake up (GICR_WAKER)", rd, id);
		return -EIO;
	}
	gic_rd[id] = rd;
	write_icc_sre_el2(ICC_SRE_ALL);
	isb(); /* SRE decides which interface the following accesses reach */
	write_icc_pmr_el1(0xff);
	write_icc_bpr1_el1(0);
	write_icc_ctlr_el1(ICC_CTLR_EOIMODE);
	write_icc_igrpen1_el1(1);
	isb(); /* the interface is on before interrupts are unmasked */
	return 0;
}

void gicv3_send_sgi(u32 sgi, u32 cpu)
{
	write_icc_sgi1r_el1(sgi_target[cpu] | field_prep(ICC_SGIR_INTID, sgi));
	isb(); /* it is sent now, not when the next context synchronization happens to come */
}

__cold void gicv3_route(u32 intid, u32 cpu)
{
	u64 mpidr = cpu == this_cpu()->id ? read_mpidr_el1() : percpus[cpu].mpidr;

	mmio_write64(gic_hw.dist + GICD_IROUTER + intid * 8UL, mpidr & 0xff00ffffffUL);
}
