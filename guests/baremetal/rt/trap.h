/* SPDX-License-Identifier: Apache-2.0 */
/* Exceptions: a handler per exception class, a handler per interrupt, a register dump for the rest. */
#ifndef RT_TRAP_H
#define RT_TRAP_H

#include "types.h"

/* Layout known to vectors.S. */
struct trap_frame {
	u64 x[31];
	u64 elr;
	u64 spsr;
	u64 esr;
	u64 far;
	u64 pad;
};

#define EC_UNKNOWN	0x00	/* undefined instruction */
#define EC_ILLEGAL	0x0e	/* illegal execution state */
#define EC_SVC		0x15
#define EC_SYSREG	0x18
#define EC_IABT		0x21	/* instruction abort, taken without a change of level */
#define EC_PC_ALIGN	0x22
#define EC_DABT		0x25	/* data abort, likewise */
#define EC_SERROR	0x2f
#define EC_BRK		0x3c

#define ESR_EC(esr)	((unsigned int)((esr) >> 26) & 0x3f)
#define ESR_FSC(esr)	((unsigned int)(esr) & 0x3f)
#define FSC_SEA		0x10	/* synchronous external abort */
#define SPSR_IL		BIT(20)

/* Return true when the exception is dealt with and the frame may be resumed. */
#define trap_handler(name)	bool (*name)(struct trap_frame *frame)

/* Handle exceptions of class ec with fn; NULL gives the register dump back. Any context. */
void trap_set_handler(unsigned int ec, trap_handler(fn));

/*
 * Call fn for every IRQ (or FIQ) in place of the dispatcher of irq.h, NULL to restore it. fn acknowledges
 * and ends the interrupt itself. Applies to every CPU.
 */
void trap_set_irq(void (*fn)(struct trap_frame *frame));
void trap_set_fiq(void (*fn)(struct trap_frame *frame));

/* Called by the runtime for each IRQ: acknowledge, call the handler, end. Defined in irq.c. */
void irq_dispatch(struct trap_frame *frame);

#endif
