/* SPDX-License-Identifier: Apache-2.0 */
/* SMC calling convention (DEN 0028) and true random number firmware (DEN 0098). */
#ifndef QUOIN_CORE_SPEC_SMCCC_H
#define QUOIN_CORE_SPEC_SMCCC_H

#include "core/base/types.h"

#define SMCCC_FAST   BIT(31)
#define SMCCC_64     BIT(30)
#define SMCCC_OWNER  BITS(29, 24)
#define SMCCC_NUMBER BITS(15, 0)
#define SMCCC_OWNER_ARCH 0
#define SMCCC_OWNER_STANDARD 4
#define SMCCC_OWNER_VENDOR_HYP 6

#define SMCCC_VERSION           0x80000000U
#define SMCCC_ARCH_FEATURES     0x80000001U
#define SMCCC_ARCH_SOC_ID       0x80000002U
#define SMCCC_ARCH_WORKAROUND_1 0x80008000U
#define SMCCC_ARCH_WORKAROUND_2 0x80007fffU
#define SMCCC_ARCH_WORKAROUND_3 0x80003fffU
#define SMCCC_VENDOR_HYP_UID    0x8600ff01U

#define SMCCC_1_1 0x10001

#define SMCCC_SUCCESS 0
#define SMCCC_NOT_SUPPORTED (-1)
#define SMCCC_NOT_REQUIRED  (-2)
#define SMCCC_UNAFFECTED    1 /* of ARCH_FEATURES(WORKAROUND_n) */

/* Paravirtualized time (DEN 0057). */
#define PV_TIME_FEATURES 0xc5000020U
#define PV_TIME_ST       0xc5000021U

#define TRNG_VERSION  0x84000050U
#define TRNG_FEATURES 0x84000051U
#define TRNG_GET_UUID 0x84000052U
#define TRNG_RND32    0x84000053U
#define TRNG_RND64    0xc4000053U
#define TRNG_1_0      0x10000
#define TRNG_NOT_SUPPORTED (-1)
#define TRNG_INVALID_PARAMETERS (-2)
#define TRNG_NO_ENTROPY (-3)

#endif
