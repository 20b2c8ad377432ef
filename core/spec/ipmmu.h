/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Renesas IPMMU-VMSA of R-Car Gen3: what two free drivers (Linux, Xen) agree on; the manual is not public. The main one,
 * IPMMU-MM, walks and has eight contexts; each cache in front of it has 48 micro-TLBs that each name a context.
 */
#ifndef QUOIN_CORE_SPEC_IPMMU_H
#define QUOIN_CORE_SPEC_IPMMU_H

#include "core/base/types.h"

#define IPMMU_REGS_SIZE 0x1000
#define IPMMU_CONTEXTS 8 /* the first is reserved */
#define IPMMU_UTLBS 48

/* ---- Of context n, at n * 0x40. A cache has IMCTR only, and of it the low three bits. */
#define IPMMU_CTX(n) ((n) * 0x40U)
#define IMCTR 0x00
#define IMCTR_MMUEN BIT(0)
#define IMCTR_FLUSH BIT(1) /* until it is done */
#define IMCTR_INTEN BIT(2)
#define IMCTR_VA64 BIT(29)
#define IMTTBCR 0x08 /* TSZ0 4:0 */
#define IMTTBCR_S1_LEVEL1 (2UL << 6) /* SL0 of stage 1 */
#define IMTTBCR_S2_LEVEL1 (1UL << 6) /* ... as VTCR_EL2 has it */
#define IMTTBCR_PMB BIT(30)          /* no stage 1 */
#define IMTTBCR_EAE BIT(31)
#define IMTTLBR0 0x10 /* address 31:12 */
#define IMTTUBR0 0x14 /* ... 39:32 */
#define IMSTR 0x20    /* cleared by writing 0 */
#define IMSTR_TF BIT(0)
#define IMSTR_PF BIT(1)
#define IMSTR_ABORT BIT(2)
#define IMSTR_MHIT BIT(4)
#define IMMAIR0 0x28
#define IMELAR 0x30 /* the address that faulted; gone when IMSTR is cleared */
#define IMEUAR 0x34

/* ---- Of micro-TLB n. Out of reset it translates nothing: all passes. */
#define IMUCTR(n) ((n) < 32 ? 0x300U + 16 * (n) : 0x600U + 16 * ((n) - 32))
#define IMUCTR_MMUEN BIT(0)
#define IMUCTR_FLUSH BIT(1)
#define IMUCTR_TTSEL(ctx) ((ctx) << 4)
#define IMUCTR_TTSEL_MASK 0xf0U
#define IMUASID(n) (IMUCTR(n) + 8)

#define IMSCTLR 0x500
#define IMSCTLR_USE_SECGRP BIT(28)
#define IMSAUXCTLR 0x504
#define IMSAUXCTLR_S2PTE BIT(3) /* tables are of stage 2; the main one only */

/* ---- What chip it is */
#define PRR_ADDRESS 0xfff00044UL
#define PRR_PRODUCT 0x7f00U
#define PRR_H3 0x4f00U
#define PRR_M3W 0x5200U
#define PRR_M3N 0x5500U
#define PRR_CUT 0xffU
#define PRR_CUT_30 0x20U

/* ---- Long descriptors of stage 1 (ARM ARM G5.5), for the chips before stage 2 */
#define LPAE_VALID BIT(0)
#define LPAE_TABLE BIT(1)    /* level 3: page */
#define LPAE_ATTR(n) ((u64)(n) << 2)
#define LPAE_NS BIT(5)       /* what it leads to is not secure; else the access is refused */
#define LPAE_AP_UNPRIV BIT(6)
#define LPAE_AP_READ_ONLY BIT(7)
#define LPAE_SH_INNER (3UL << 8)
#define LPAE_AF BIT(10)
#define LPAE_NS_TABLE BIT(63)

#endif
