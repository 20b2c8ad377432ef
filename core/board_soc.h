/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known of a chip that no device tree says: memory and interrupts its secure firmware keeps. Found by the
 * `compatible` of the tree's root; one table, core/board_soc.c.
 */
#ifndef QUOIN_CORE_BOARD_SOC_H
#define QUOIN_CORE_BOARD_SOC_H

#include "core/base/board.h"

#define SOC_SECURE 3
#define SOC_IRQS 8

struct board_soc {
	const char *compatible;
	/* Not to be touched by the non-secure world, not even speculatively; size 0: the end of the list. */
	struct range secure[SOC_SECURE];
	/* The same RAM at a second place, so that nothing is used twice: this one is never used. Size 0: none. */
	struct range alias;
	u16 irq[SOC_IRQS]; /* INTIDs of Group 0: they read as zero and cannot be enabled here; 0: the end */
};

/* board_soc_of - the chip of a board, NULL: nothing is known of it. Any context. */
const struct board_soc *board_soc_of(const struct board *b);
/* board_soc_memory - who has some of `r`, NULL: nobody that this table knows of. Any context. */
const char *board_soc_memory(const struct board *b, const struct range *r);
/* board_soc_irq - the firmware has that interrupt. Any context. */
bool board_soc_irq(const struct board *b, u32 intid);
/* board_soc_apply - what is never used is reserved, not to be mapped. The range that finds no room; NULL: all good. Boot, host. */
const struct range *board_soc_apply(struct board *b);

#endif
