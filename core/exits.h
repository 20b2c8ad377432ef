/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How often each vCPU has left its guest, by reason: vcpu.exits[]. Only the CPU that runs the vCPU
 * counts; others read a value that may be a little old. Counting is in front of every handler, short
 * paths too.
 */
#ifndef QUOIN_CORE_EXITS_H
#define QUOIN_CORE_EXITS_H

enum exit_counter {
	/* 0..63: synchronous exits by their exception class, ESR_EL2.EC (core/spec/esr.h). */
	EXIT_CLASSES = 64,
	EXIT_VTIMER = EXIT_CLASSES, /* interrupts: the guest's virtual timer, */
	EXIT_KICK,        /* another CPU's news, */
	EXIT_TIMER,       /* EL2's timer, */
	EXIT_MAINTENANCE, /* list registers to refill, */
	EXIT_IRQ,         /* the board's devices */
	EXIT_SERROR,
	EXIT_REASONS,     /* every exit is counted once below here */
	/* Parts of the above. */
	EXIT_SGI = EXIT_REASONS, /* of EC_SYSREG: ICC_SGI1R_EL1 by the short path */
	EXIT_COUNTERS
};

/* exit_name - a word for counter `n`; NULL for a class that has none (show its number). Any context. */
const char *exit_name(unsigned int n);

#endif
