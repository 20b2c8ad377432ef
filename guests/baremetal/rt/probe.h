/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Doing something that may fault, and hearing about it instead of dying:
 *
 *	probe_begin();
 *	... one instruction that may fault, in inline assembly ...
 *	if (probe_end()) { this_cpu()->probe.esr tells why }
 *
 * While armed, a faulting instruction is stepped over; a fetch that faults continues at the link register, so a
 * jump into nowhere must be a call (blr).
 */
#ifndef RT_PROBE_H
#define RT_PROBE_H

#include "types.h"

struct trap_frame;

/* Catch synchronous exceptions and SErrors on this CPU until probe_end(). */
void probe_begin(void);

/* Stop catching. Returns how many exceptions were caught; the last one is in this_cpu()->probe. */
u64 probe_end(void);

/* For trap.c: true when the exception was expected and the frame now continues behind it. */
bool probe_catch(struct trap_frame *frame);

#endif
