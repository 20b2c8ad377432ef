/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stretches of EL2 code with interrupts masked. An ordinary build does nothing
 * here; the benchmark build (make bench) times each stretch and keeps the
 * longest (arch/aarch64/masked.c).
 */
#ifndef QUOIN_ARCH_MASKED_H
#define QUOIN_ARCH_MASKED_H

#ifdef QUOIN_BENCH
/*
 * masked_begin, masked_end - interrupts have just been masked; are about to be unmasked. masked_sleep - or
 * this CPU, its interrupts masked, waits for one: masked_begin() follows. This CPU.
 * masked_check - stops the machine if interrupts are not masked: who holds a lock may not be preempted.
 */
void masked_begin(void);
void masked_end(void);
void masked_sleep(void);
void masked_check(void);
#else
static inline void masked_begin(void)
{
}

static inline void masked_end(void)
{
}

static inline void masked_sleep(void)
{
}

static inline void masked_check(void)
{
}
#endif

#endif
