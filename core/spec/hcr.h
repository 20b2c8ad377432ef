/* SPDX-License-Identifier: Apache-2.0 */
/* Hypervisor configuration register HCR_EL2 (ARM ARM D24.2.51). */
#ifndef QUOIN_CORE_SPEC_HCR_H
#define QUOIN_CORE_SPEC_HCR_H

#include "core/base/types.h"

#define HCR_VM    BIT(0)  /* stage 2 on */
#define HCR_SWIO  BIT(1)  /* set/way invalidate also cleans */
#define HCR_PTW   BIT(2)  /* stage-1 walk of device memory faults */
#define HCR_FMO   BIT(3)
#define HCR_IMO   BIT(4)
#define HCR_AMO   BIT(5)
#define HCR_VF    BIT(6)
#define HCR_VI    BIT(7)
#define HCR_VSE   BIT(8)  /* virtual SError pending */
#define HCR_FB    BIT(9)  /* TLB maintenance is broadcast */
#define HCR_BSU_IS BIT(10) /* barriers reach at least the inner shareable domain */
#define HCR_DC    BIT(12)
#define HCR_TWI   BIT(13)
#define HCR_TWE   BIT(14)
#define HCR_TID0  BIT(15)
#define HCR_TID1  BIT(16)
#define HCR_TID2  BIT(17)
#define HCR_TID3  BIT(18) /* ID registers */
#define HCR_TSC   BIT(19) /* SMC */
#define HCR_TIDCP BIT(20) /* implementation defined registers */
#define HCR_TACR  BIT(21) /* ACTLR_EL1 */
#define HCR_TSW   BIT(22) /* cache maintenance by set/way */
#define HCR_TPC   BIT(23)
#define HCR_TPU   BIT(24)
#define HCR_TTLB  BIT(25)
#define HCR_TVM   BIT(26) /* writes to stage-1 control registers */
#define HCR_TGE   BIT(27)
#define HCR_TDZ   BIT(28)
#define HCR_HCD   BIT(29)
#define HCR_TRVM  BIT(30)
#define HCR_RW    BIT(31) /* EL1 is AArch64 */
#define HCR_CD    BIT(32)
#define HCR_ID    BIT(33)
#define HCR_E2H   BIT(34)
#define HCR_TLOR  BIT(35) /* LORegions */
#define HCR_TERR  BIT(36) /* RAS error records */
#define HCR_TEA   BIT(37)
#define HCR_APK   BIT(40) /* 0: pointer authentication keys trap */
#define HCR_API   BIT(41) /* 0: pointer authentication instructions trap */
#define HCR_NV    BIT(42)
#define HCR_FWB   BIT(46)
#define HCR_FIEN  BIT(47)
#define HCR_TID4  BIT(49)
#define HCR_TICAB BIT(50)
#define HCR_TOCU  BIT(52)
#define HCR_ENSCXT BIT(53) /* 0: SCXTNUM_EL0/1 trap */
#define HCR_ATA   BIT(56) /* 0: memory tagging off */
#define HCR_TID5  BIT(58)

/*
 * What every guest runs with; TWI and TWE depend on who shares the CPU, TVM on the state of set/way
 * cleaning. Traps for features a CPU lacks are reserved bits that read as zero.
 */
#define HCR_GUEST                                                                                  \
	(HCR_VM | HCR_SWIO | HCR_PTW | HCR_FMO | HCR_IMO | HCR_AMO | HCR_FB | HCR_BSU_IS |         \
	 HCR_TID3 | HCR_TSC | HCR_TIDCP | HCR_TACR | HCR_TSW | HCR_RW | HCR_TLOR | HCR_TERR |      \
	 HCR_TID5)

#endif
