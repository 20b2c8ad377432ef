/* SPDX-License-Identifier: Apache-2.0 */
/* TLB maintenance (ARM ARM D8.14). Each function completes before it returns. */
#ifndef QUOIN_ARCH_AARCH64_TLB_H
#define QUOIN_ARCH_AARCH64_TLB_H

#include "arch_cpu.h"

/* The entry's store is visible to walkers before the invalidation; the invalidation is complete after. */
static inline void tlb_flush_el2_page(u64 va)
{
	dsb(ishst);
	__asm__ volatile("tlbi vae2is, %0" : : "r"(va >> PAGE_SHIFT & BITS(43, 0)) : "memory");
	/* Twice, as below. */
	dsb(ish);
	__asm__ volatile("tlbi vae2is, %0" : : "r"(va >> PAGE_SHIFT & BITS(43, 0)) : "memory");
	dsb(ish);
	isb();
}

/* What this CPU holds of the EL1&0 regime: stage 1 of the VMID in VTTBR_EL2; everything of every VMID. */
static inline void tlb_flush_local_stage1(void)
{
	__asm__ volatile("tlbi vmalle1" : : : "memory");
	dsb(nsh);
	isb();
}

static inline void tlb_flush_local_all_el1(void)
{
	__asm__ volatile("tlbi alle1" : : : "memory");
	dsb(nsh);
	isb();
}

#define TCR_EL1_EPD (BIT(7) | BIT(23)) /* no walks from TTBR0_EL1, none from TTBR1_EL1 */

/*
 * stage1_walks_off - no EL1&0 walk can start, so that a speculated AT instruction (errata 1319367,
 * 1319537, 1530923) fills no TLB entry while the regime's registers, or the VMID, are of two guests:
 * stage 1 on, and both its tables off. EPD before M: with M = 0 stage 2 alone would be walked.
 */
static inline void stage1_walks_off(void)
{
	write_tcr_el1(TCR_EL1_EPD);
	isb();
	write_sctlr_el1(0x30d00801); /* RES1, M */
	isb();
}

/* stage1_walks_on - the guest's own values, stage 2 being complete. */
static inline void stage1_walks_on(u64 sctlr, u64 tcr)
{
	isb();
	write_sctlr_el1(sctlr);
	isb();
	write_tcr_el1(tcr);
}

/* All stage-1 and stage-2 translations of the VMID in VTTBR_EL2, on all CPUs. */
static inline void tlb_flush_vmid(void)
{
	dsb(ishst);
	__asm__ volatile("tlbi vmalls12e1is" : : : "memory");
	/* Twice: a first TLBI and DSB may not cover walks in flight (erratum of A76..N2 class cores). */
	dsb(ish);
	__asm__ volatile("tlbi vmalls12e1is" : : : "memory");
	dsb(ish);
	isb();
}

#endif
