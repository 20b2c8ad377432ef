/* SPDX-License-Identifier: Apache-2.0 */
/* Cache maintenance by address to the point of coherency (ARM ARM D7.5.9). */
#include "arch/arch.h"

#include <string.h>

static u64 dline(void)
{
	return 4UL << (read_ctr_el0() >> 16 & 0xf);
}

/*
 * Not DC CVAC: early Cortex-A53 may lose a line that is cleaned without being invalidated (errata
 * 819472, 824069, 826319, 827319). What is cleaned here is for others to read; nothing is lost.
 */
void arch_clean_dcache(const void *p, size_t n)
{
	arch_clean_inval_dcache(p, n);
}

void arch_clean_inval_dcache(const void *p, size_t n)
{
	u64 line = dline();

	for (u64 a = ALIGN_DOWN(p, line); a < (u64)p + n; a += line) {
		__asm__ volatile("dc civac, %0" : : "r"(a) : "memory");
	}
	dsb(sy); /* complete before a master or a CPU with caches off looks */
}

void arch_sync_icache(void)
{
	/* EL2's VA is not the guest's: with VIPT or VPIPT caches only the whole is safe (D7.5.8). */
	__asm__ volatile("ic ialluis" : : : "memory");
	dsb(ish);
	isb();
}

void arch_zero(void *p, size_t n)
{
	u64 dczid = read_dczid_el0();
	u64 step = 4UL << (dczid & 0xf);

	if ((dczid & BIT(4)) != 0) { /* DC ZVA is prohibited */
		memset(p, 0, n);
	} else {
		for (u64 a = (u64)p; a < (u64)p + n; a += step) {
			__asm__ volatile("dc zva, %0" : : "r"(a) : "memory");
		}
	}
	arch_clean_inval_dcache(p, n);
}
