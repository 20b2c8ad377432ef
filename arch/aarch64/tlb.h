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
	dsb(ish);
	isb();
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
