/* SPDX-License-Identifier: Apache-2.0 */
/* PSCI (DEN0022) and SMCCC (DEN0028) calls by the conduit the device tree names. */
#ifndef RT_PSCI_H
#define RT_PSCI_H

#include "types.h"

#define PSCI_VERSION		0x84000000
#define PSCI_CPU_SUSPEND	0xc4000001
#define PSCI_CPU_OFF		0x84000002
#define PSCI_CPU_ON		0xc4000003
#define PSCI_AFFINITY_INFO	0xc4000004
#define PSCI_MIGRATE_INFO_TYPE	0x84000006
#define PSCI_SYSTEM_OFF		0x84000008
#define PSCI_SYSTEM_RESET	0x84000009
#define PSCI_FEATURES		0x8400000a
#define PSCI_SYSTEM_SUSPEND	0xc400000e
#define PSCI_SYSTEM_RESET2	0xc4000012

#define PSCI_SUCCESS		0
#define PSCI_NOT_SUPPORTED	(-1)
#define PSCI_INVALID_PARAMETERS	(-2)
#define PSCI_DENIED		(-3)
#define PSCI_ALREADY_ON		(-4)
#define PSCI_ON_PENDING		(-5)
#define PSCI_INVALID_ADDRESS	(-9)

#define AFFINITY_ON		0
#define AFFINITY_OFF		1
#define AFFINITY_ON_PENDING	2

#define SMCCC_VERSION		0x80000000
#define SMCCC_ARCH_FEATURES	0x80000001
#define SMCCC_ARCH_SOC_ID	0x80000002
#define SMCCC_WORKAROUND_1	0x80008000
#define SMCCC_WORKAROUND_2	0x80007fff
#define SMCCC_WORKAROUND_3	0x80003fff
#define TRNG_VERSION		0x84000050
#define TRNG_FEATURES		0x84000051
#define TRNG_GET_UUID		0x84000052
#define TRNG_RND32		0x84000053
#define TRNG_RND64		0xc4000053

struct smccc_result {
	u64 x[4];
};

/* One call by HVC or SMC, the three arguments in x1-x3, x4-x7 zero. Any context. */
struct smccc_result hvc_call(u64 function, u64 a1, u64 a2, u64 a3);
struct smccc_result smc_call(u64 function, u64 a1, u64 a2, u64 a3);

/* The same by the board's conduit; without one the answer is NOT_SUPPORTED. */
struct smccc_result smccc(u64 function, u64 a1, u64 a2, u64 a3);

/* A PSCI call: x0 as the signed 32-bit status it is. */
int psci(u64 function, u64 a1, u64 a2, u64 a3);

/* End the machine; waits for ever where there is no PSCI. */
void poweroff(void) __attribute__((noreturn));

#endif
