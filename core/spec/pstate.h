/* SPDX-License-Identifier: Apache-2.0 */
/* Saved program status (ARM ARM C5.2.18 SPSR_EL1, C5.2.19 SPSR_EL2) and SCTLR_EL1 (D24.2.118) bits. */
#ifndef QUOIN_CORE_SPEC_PSTATE_H
#define QUOIN_CORE_SPEC_PSTATE_H

#include "core/base/types.h"

#define PSTATE_MODE   BITS(3, 0) /* with nRW = 0 */
#define PSTATE_EL0T   0x0
#define PSTATE_EL1T   0x4
#define PSTATE_EL1H   0x5
#define PSTATE_NRW    BIT(4)  /* AArch32 */
#define PSTATE_F      BIT(6)
#define PSTATE_I      BIT(7)
#define PSTATE_A      BIT(8)
#define PSTATE_D      BIT(9)
#define PSTATE_DAIF   (PSTATE_D | PSTATE_A | PSTATE_I | PSTATE_F)
#define PSTATE_BTYPE  BITS(11, 10)
#define PSTATE_SSBS   BIT(12)
#define PSTATE_ALLINT BIT(13)
#define PSTATE_IL     BIT(20)
#define PSTATE_SS     BIT(21) /* of a saved AArch32 state, too, as are PAN and DIT */
#define PSTATE_PAN    BIT(22)
#define PSTATE_UAO    BIT(23)
#define PSTATE_DIT    BIT(24)
#define PSTATE_TCO    BIT(25)
#define PSTATE_NZCV   BITS(31, 28)
/* Of a saved AArch32 state */
#define PSTATE32_T    BIT(5)
#define PSTATE32_IT   (BITS(15, 10) | BITS(26, 25))

#define SCTLR_M       BIT(0)
#define SCTLR_C       BIT(2)
#define SCTLR_SPAN    BIT(23) /* 0: PAN is set on exception entry */
#define SCTLR_DSSBS   BIT(44)
/* Bits that are one in every version of the architecture or safe to be one: MMU and caches off. */
#define SCTLR_EL1_RESET 0x30d00800UL

/* Exception vector offsets (ARM ARM D1.3.6). */
#define VECTOR_CUR_SP0  0x000
#define VECTOR_CUR_SPX  0x200
#define VECTOR_LOWER_64 0x400
#define VECTOR_LOWER_32 0x600
#define VECTOR_TABLE    0x800

#endif
