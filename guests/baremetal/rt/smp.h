/* SPDX-License-Identifier: Apache-2.0 */
/* Bringing up the other CPUs. */
#ifndef RT_SMP_H
#define RT_SMP_H

#include "types.h"

/* A guest's main program, called on the first CPU with console and traps ready, interrupts masked. */
void guest_main(void);

/*
 * Start cpus[index] by CPU_ON: it runs fn(arg) with interrupts masked, its traps and its part of the GIC set up
 * (and the MMU on when mmu_on() was called before), and switches itself off when fn returns.
 * Returns the PSCI status. The CPU must be off.
 */
int smp_start(unsigned int index, void (*fn)(void *arg), void *arg);

/* What smp_start() gives CPU_ON as entry point; the context id is the struct cpu. */
void secondary_start(void);

/* Start it and wait until fn returned and the CPU is off again. Returns 0 or the PSCI status. */
int smp_run(unsigned int index, void (*fn)(void *arg), void *arg);

/* AFFINITY_INFO of cpus[index]. */
int smp_state(unsigned int index);

/* Wait until the CPU is off, at most 20 seconds. Returns false on timeout. */
bool smp_wait_off(unsigned int index);

/* The address the image was loaded at. */
u64 image_base(void);

#endif
