/* SPDX-License-Identifier: Apache-2.0 */
/* EL2's own translation: descriptor bits and the linker's symbols (ARM ARM D8.3). */
#ifndef QUOIN_ARCH_AARCH64_MMU_H
#define QUOIN_ARCH_AARCH64_MMU_H

#include "arch/aarch64/layout.h"
#include "core/base/types.h"

#define PTE_VALID BIT(0)
#define PTE_TABLE (BIT(0) | BIT(1))
#define PTE_PAGE BIT(1) /* at level 3; 0 there is reserved, 0 at level 1 and 2 is a block */
#define PTE_ADDR BITS(47, 12)
#define PTE_AF BIT(10)
#define PTE_SH_INNER (3UL << 8)
#define PTE_AP_RES1 BIT(6) /* AP[1]: RES1 in a one-VA-range regime */
#define PTE_RO BIT(7)
#define PTE_XN BIT(54)
#define PTE_NORMAL (0UL << 2)
#define PTE_DEVICE (1UL << 2)

/* Attr0 Normal write-back allocating, Attr1 Device-nGnRE. */
#define MAIR_VALUE 0x04ffUL

#define PTE_MEM (PTE_VALID | PTE_AF | PTE_SH_INNER | PTE_AP_RES1 | PTE_NORMAL)
#define PTE_TEXT (PTE_MEM | PTE_RO | PTE_PAGE)
#define PTE_RODATA (PTE_MEM | PTE_RO | PTE_XN | PTE_PAGE)
#define PTE_DATA (PTE_MEM | PTE_XN | PTE_PAGE)

/* TCR_EL2 (E2H = 0): RES1, T0SZ 16, walks WB inner shareable, TG0 4K. PS is added. */
#define TCR_EL2_VALUE (BIT(31) | BIT(23) | (3UL << 12) | (1UL << 10) | (1UL << 8) | 16)
/* SCTLR_EL2 (E2H = 0): RES1 bits, I, SA, C, M, WXN. */
#define SCTLR_EL2_VALUE (0x30c50830UL | BIT(19) | BIT(12) | BIT(3) | BIT(2) | BIT(0))

extern char quoin_text_start[], quoin_text_end[], quoin_rodata_end[], quoin_load_end[];
extern char quoin_bss_start[], quoin_bss_end[], boot_stack_top[];
extern u64 quoin_root[512];

/* mmu_init - take over the map that early.c began. `image`, `bss`: physical. Boot CPU, once. */
void mmu_init(pa_t image, pa_t bss);

#endif
