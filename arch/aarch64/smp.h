/* SPDX-License-Identifier: Apache-2.0 */
/* How a CPU starts: what head.S needs, by physical address, with caches off. */
#ifndef QUOIN_ARCH_AARCH64_SMP_H
#define QUOIN_ARCH_AARCH64_SMP_H

#include "arch_cpu.h"
#include "core/base/types.h"

/* Whether a CPU came in time; one that is late has no place any more. */
enum { START_ASKED, START_ARRIVED, START_REFUSED, START_FAILED };

struct cpu_start {
	pa_t idmap, root;
	u64 mair, tcr, sctlr;
	u64 stack, entry, arg;
	u64 mpidr; /* BIT(31) set: in use. Those of a spin table find their structure by it */
	u64 state; /* START_*, atomic, both sides with caches on */
	u64 parked; /* PARK_*, written with caches off; 0: it is not */
};

extern struct cpu_start boot_start, cpu_starts[];

void boot_cpu_main(u64 arg, u64 fdt, pa_t image, pa_t bss) __noreturn;
void secondary_entry(void);
void spin_entry(void);
/* cpu_setup_el2 - trap controls and everything a CPU needs once before it runs guests. Every CPU. */
void cpu_setup_el2(void);

#endif
