/* SPDX-License-Identifier: Apache-2.0 */
/* Power state coordination interface (DEN 0022). SMC64 variants have SMCCC_64 (bit 30) set. */
#ifndef QUOIN_CORE_SPEC_PSCI_H
#define QUOIN_CORE_SPEC_PSCI_H

#include "core/base/types.h"

#define PSCI_VERSION           0x84000000U
#define PSCI_CPU_SUSPEND       0x84000001U
#define PSCI_CPU_OFF           0x84000002U
#define PSCI_CPU_ON            0x84000003U
#define PSCI_AFFINITY_INFO     0x84000004U
#define PSCI_MIGRATE           0x84000005U
#define PSCI_MIGRATE_INFO_TYPE 0x84000006U
#define PSCI_SYSTEM_OFF        0x84000008U
#define PSCI_SYSTEM_RESET      0x84000009U
#define PSCI_FEATURES          0x8400000aU
#define PSCI_SYSTEM_SUSPEND    0x8400000eU
#define PSCI_SYSTEM_RESET2     0x84000012U
#define PSCI_FUNCTIONS         0x20 /* numbers 0..0x1f of the standard range are PSCI's */

#define PSCI_1_1 0x10001

#define PSCI_SUCCESS            0
#define PSCI_NOT_SUPPORTED      (-1)
#define PSCI_INVALID_PARAMETERS (-2)
#define PSCI_DENIED             (-3)
#define PSCI_ALREADY_ON         (-4)
#define PSCI_ON_PENDING         (-5)
#define PSCI_INTERNAL_FAILURE   (-6)
#define PSCI_NOT_PRESENT        (-7)
#define PSCI_DISABLED           (-8)
#define PSCI_INVALID_ADDRESS    (-9)

/* power_state of CPU_SUSPEND, original format (DEN 0022 5.4.2.1) */
#define PSCI_SUSPEND_POWERDOWN BIT(16)
#define PSCI_SUSPEND_RESERVED  (BITS(31, 26) | BITS(23, 17))
/* AFFINITY_INFO */
#define PSCI_AFFINITY_ON         0
#define PSCI_AFFINITY_OFF        1
#define PSCI_AFFINITY_ON_PENDING 2
/* MIGRATE_INFO_TYPE: there is no trusted OS that would need migration */
#define PSCI_MIGRATE_NOT_REQUIRED 2
/* MPIDR affinity fields in an SMC64 target_cpu */
#define MPIDR_AFFINITY (BITS(39, 32) | BITS(23, 0))

#endif
