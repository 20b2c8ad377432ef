/* SPDX-License-Identifier: Apache-2.0 */
/* Exception syndrome register: classes and fields (ARM ARM D24.2.36 ESR_EL1, D24.2.37 ESR_EL2). */
#ifndef QUOIN_CORE_SPEC_ESR_H
#define QUOIN_CORE_SPEC_ESR_H

#include "core/base/types.h"

#define ESR_EC  BITS(31, 26)
#define ESR_IL  BIT(25)
#define ESR_ISS BITS(24, 0)

#define EC_UNKNOWN    0x00
#define EC_WFX        0x01
#define EC_CP15_32    0x03
#define EC_CP15_64    0x04
#define EC_CP14_32    0x05
#define EC_CP14_LS    0x06
#define EC_FP         0x07 /* FP, SIMD, SVE access trapped */
#define EC_VMRS       0x08
#define EC_PAUTH      0x09
#define EC_LS64       0x0a
#define EC_CP14_64    0x0c
#define EC_BTI        0x0d
#define EC_ILLEGAL    0x0e
#define EC_SVC32      0x11
#define EC_HVC32      0x12
#define EC_SMC32      0x13
#define EC_SVC64      0x15
#define EC_HVC64      0x16
#define EC_SMC64      0x17
#define EC_SYSREG     0x18
#define EC_SVE        0x19
#define EC_SME        0x1d
#define EC_IABT_LOWER 0x20
#define EC_IABT_SAME  0x21
#define EC_PC_ALIGN   0x22
#define EC_DABT_LOWER 0x24
#define EC_DABT_SAME  0x25
#define EC_SP_ALIGN   0x26
#define EC_SERROR     0x2f
#define EC_BRK64      0x3c

/* Data abort, and where named so instruction abort. */
#define ESR_ISV   BIT(24)
#define ESR_SAS   BITS(23, 22)
#define ESR_SSE   BIT(21)
#define ESR_SRT   BITS(20, 16)
#define ESR_SF    BIT(15)
#define ESR_AR    BIT(14)
#define ESR_FNV   BIT(10) /* instruction abort too */
#define ESR_EA    BIT(9)
#define ESR_CM    BIT(8)
#define ESR_S1PTW BIT(7)  /* instruction abort too */
#define ESR_WNR   BIT(6)
#define ESR_FSC   BITS(5, 0)
/* Fault status codes: the level is in bits 1:0. */
#define FSC_TYPE        BITS(5, 2)
#define FSC_ADDR_SIZE   0x00
#define FSC_TRANSLATION 0x04
#define FSC_ACCESS_FLAG 0x08
#define FSC_PERMISSION  0x0c
#define FSC_EXTERNAL    0x10 /* not on a walk */
#define FSC_EXTERNAL_WALK 0x14
#define FSC_ALIGNMENT   0x21

/* Trapped MSR, MRS or system instruction (EC 0x18). */
#define ESR_SYS_OP0 BITS(21, 20)
#define ESR_SYS_OP2 BITS(19, 17)
#define ESR_SYS_OP1 BITS(16, 14)
#define ESR_SYS_CRN BITS(13, 10)
#define ESR_SYS_RT  BITS(9, 5)
#define ESR_SYS_CRM BITS(4, 1)
#define ESR_SYS_READ BIT(0)

/* Trapped WFI, WFE, WFIT, WFET (EC 0x01). */
#define ESR_WFX_TI  BITS(1, 0) /* 0 WFI, 1 WFE, 2 WFIT, 3 WFET */
/* HVC, SMC, SVC: the immediate. */
#define ESR_IMM16   BITS(15, 0)

/* HPFAR_EL2.FIPA holds bits 51:12 of the faulting IPA (ARM ARM D24.2.62). */
#define HPFAR_FIPA  BITS(43, 4)

#endif
