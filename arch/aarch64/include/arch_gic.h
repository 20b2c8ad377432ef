/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The interrupt hardware that has to be reached in a few instructions: acknowledge
 * and end of interrupt, and the virtual CPU interface (list registers).
 *
 * core/vgic sees one list register format, that of ICH_LR<n>_EL2 (IHI 0069 12.4.7);
 * the source CPU of a GICv2 SGI stands in bits 34:32, where GICH_LR has it below its
 * physical INTID. All other GICH registers have the layout of their ICH twins.
 */
#ifndef QUOIN_ARCH_GIC_H
#define QUOIN_ARCH_GIC_H

#include "arch_cpu.h"
#include "core/base/types.h"
#include "core/spec/gic.h"

/* Set by gic_init(), constant afterwards. */
struct gic_hw {
	bool v3;
	u8 lr_count;      /* list registers of this machine, at least 2 */
	u8 apr_count;     /* active priority registers per group: 1, 2 or 4 */
	bool tdir;        /* ICH_HCR_EL2.TDIR works */
	bool deaf;        /* list registers interrupt no guest: the GIC's line for that does not reach the CPUs */
	u32 lr_mask;      /* a bit per list register */
	u32 vtimer_intid; /* physical INTID of the virtual timer */
	u64 vtimer_link;  /* how LR0 ends it: linked (HW, physical INTID), or by maintenance (EOI) */
	pa_t dist, cpu, hyp, vcpu; /* cpu, hyp, vcpu: GICv2 frames, alias quirk resolved */
};
extern struct gic_hw gic_hw;

/* Load-acquire: erratum 832075, a Device load between exclusives may deadlock a Cortex-A57. */
static inline u32 mmio_read32(pa_t pa)
{
	u32 v;

	__asm__ volatile("ldar %w0, [%1]" : "=r"(v) : "r"(pa) : "memory");
	return v;
}

static inline void mmio_write32(pa_t pa, u32 v)
{
	__asm__ volatile("str %w0, [%1]" : : "rZ"(v), "r"(pa) : "memory");
}

static inline u64 mmio_read64(pa_t pa)
{
	u64 v;

	__asm__ volatile("ldar %0, [%1]" : "=r"(v) : "r"(pa) : "memory");
	return v;
}

static inline void mmio_write64(pa_t pa, u64 v)
{
	__asm__ volatile("str %x0, [%1]" : : "rZ"(v), "r"(pa) : "memory");
}

/*
 * gic_ack_fast, gic_eoi_fast, gic_deactivate_fast - acknowledge, priority drop and deactivation, for the
 * vectors. With interrupts masked the acknowledge is self-synchronising (IHI 0069 12.2.14).
 */
static inline u32 gic_ack_fast(void)
{
	return likely(gic_hw.v3) ? (u32)read_icc_iar1_el1() : mmio_read32(gic_hw.cpu + GICC_IAR);
}

static inline void gic_eoi_fast(u32 iar)
{
	if (likely(gic_hw.v3)) {
		write_icc_eoir1_el1(iar);
	} else {
		mmio_write32(gic_hw.cpu + GICC_EOIR, iar);
	}
}

static inline void gic_deactivate_fast(u32 iar)
{
	if (likely(gic_hw.v3)) {
		write_icc_dir_el1(iar);
	} else {
		mmio_write32(gic_hw.cpu + GICC_DIR, iar);
	}
}

/* GICH_LR <-> ICH_LR */
static inline u32 gich_lr_pack(u64 lr)
{
	return (u32)((lr & 0x3ff) | ((lr >> 32) & 0x3ff) << 10 | ((lr >> 51) & 0x1f) << 23 |
		     (lr >> 62) << 28 | ((lr >> 60) & 1) << 30 | ((lr >> 61) & 1) << 31);
}

static inline u64 gich_lr_unpack(u32 v)
{
	return (v & 0x3ff) | (u64)((v >> 10) & 0x3ff) << 32 | (u64)((v >> 23) & 0x1f) << 51 |
	       (u64)((v >> 28) & 3) << 62 | (u64)((v >> 30) & 1) << 60 | (u64)(v >> 31) << 61;
}

void gic_lr_write_n(unsigned int n, u64 lr);
u64 gic_lr_read_n(unsigned int n);

/* gic_lr_write, gic_lr_read - list register n < gic_hw.lr_count of this CPU. Effective at the eret. */
static inline void gic_lr_write(unsigned int n, u64 lr)
{
	if (__builtin_constant_p(n) && n < 3 && likely(gic_hw.v3)) {
		if (n == 0) {
			write_ich_lr0_el2(lr);
		} else if (n == 1) {
			write_ich_lr1_el2(lr);
		} else {
			write_ich_lr2_el2(lr);
		}
		return;
	}
	gic_lr_write_n(n, lr);
}

static inline u64 gic_lr_read(unsigned int n)
{
	if (__builtin_constant_p(n) && n == 0 && likely(gic_hw.v3)) {
		return read_ich_lr0_el2();
	}
	return gic_lr_read_n(n);
}

/*
 * gic_lr_empty - a bit per list register that holds neither a pending nor an active interrupt. Needs an
 * isb() after list registers were written on the same exit.
 */
static inline u32 gic_lr_empty(void)
{
	return likely(gic_hw.v3) ? (u32)read_ich_elrsr_el2() :
				   mmio_read32(gic_hw.hyp + GICH_ELRSR0);
}

static inline u32 gic_vcpu_hcr(void)
{
	return likely(gic_hw.v3) ? (u32)read_ich_hcr_el2() : mmio_read32(gic_hw.hyp + GICH_HCR);
}

static inline void gic_set_vcpu_hcr(u32 v)
{
	if (likely(gic_hw.v3)) {
		write_ich_hcr_el2(v);
	} else {
		mmio_write32(gic_hw.hyp + GICH_HCR, v);
	}
}

static inline u32 gic_vmcr(void)
{
	return likely(gic_hw.v3) ? (u32)read_ich_vmcr_el2() : mmio_read32(gic_hw.hyp + GICH_VMCR);
}

static inline void gic_set_vmcr(u32 v)
{
	if (likely(gic_hw.v3)) {
		write_ich_vmcr_el2(v);
	} else {
		mmio_write32(gic_hw.hyp + GICH_VMCR, v);
	}
}

/* gic_apr_save, gic_apr_load - active priorities: [group][n]; GICv2 has one register for both. */
void gic_apr_save(u32 apr[2][4]);
void gic_apr_load(const u32 apr[2][4]);

/* gic_vcpu_frame - physical address of the 8 KiB GICV frame a GICv2 guest gets; 0: none. */
static inline pa_t gic_vcpu_frame(void)
{
	return gic_hw.vcpu;
}

#endif
