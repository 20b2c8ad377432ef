/* SPDX-License-Identifier: Apache-2.0 */
/* Per-CPU set-up and choices made at boot. */
#ifndef QUOIN_ARCH_AARCH64_CPU_H
#define QUOIN_ARCH_AARCH64_CPU_H

#include "core/base/types.h"

extern char vectors[], vectors_hard[];

/* cpu_pa_bits - physical address bits of the calling CPU that EL2's format can use (at most 48). */
unsigned int cpu_pa_bits(void);
/* s2_limit_ipa_bits - a CPU with fewer bits joins: stage 2 must fit the smallest. Boot. */
void s2_limit_ipa_bits(unsigned int bits);
/* pmu_setup_cpu - the PMU idle, whatever firmware left; how many event counters it has. Each CPU, once. */
u64 pmu_setup_cpu(void);

#endif
