/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The measured instruction sequences, in assembly so that every compiler measures the same. Each returns the
 * CNTVCT ticks its sequence took, without the tick of reading the counter: under -icount with a 1 GHz counter
 * exactly the number of instructions executed between the two readings, the hypervisor's included.
 */
#ifndef BENCH_PATHS_H
#define BENCH_PATHS_H

#include "rt/types.h"

u64 path_hvc(u64 function);
u64 path_smc(u64 function);
u64 path_read(u64 base, u64 offset);
u64 path_read0(u64 base);
u64 path_write(u64 base, u64 offset);
u64 path_pfr0(void);
u64 path_cntp_ctl(void);

/* Cause to the second instruction of the IRQ vector (bench_vectors must be in VBAR_EL1, interrupts unmasked). */
u64 path_self_sgi_v3(u64 value);
u64 path_self_sgi_v2(u64 sgir, u64 value);
u64 path_vtimer_now(void);
/* The same, caused by a word written to a register of a device. */
u64 path_device_irq(u64 reg, u32 value);

/* Ticks from the deadline, that many ticks ahead, to the second instruction of the vector. */
u64 path_vtimer_spin(u64 ahead);
u64 path_vtimer_wfi(u64 ahead);

/* Send an SGI and sleep until answered by one; returns when it was sent. */
u64 path_ipi_v3(u64 value);
u64 path_ipi_v2(u64 sgir, u64 value);

/* Sleep until the vector ran; returns its time stamp. */
u64 path_wait(void);

extern char bench_vectors[];

#endif
