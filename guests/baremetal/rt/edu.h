/* SPDX-License-Identifier: Apache-2.0 */
/* QEMU's teaching device `edu` (docs/specs/edu.rst there), the first on the bus: a buffer of a page, DMA, an interrupt. */
#ifndef RT_EDU_H
#define RT_EDU_H

#include "types.h"

enum {
	EDU_ID = 0x00, EDU_ALIVE = 0x04, EDU_RAISE = 0x60, EDU_ACK = 0x64, EDU_SRC = 0x80, EDU_DST = 0x88, EDU_COUNT = 0x90,
	EDU_CMD = 0x98, EDU_BUFFER = 0x40000,
};

extern unsigned int edu;	/* which function it is */
extern u64 edu_regs;		/* its registers */

/* Find it and let it decode and master. False: there is none, or no bus. */
bool edu_init(void);

/* Let it begin to copy `count` bytes between its buffer and memory. */
void edu_start(u64 address, u64 count, bool to_memory);

/* The same, and wait for the end; five seconds at most. */
void edu_dma(u64 address, u64 count, bool to_memory);

#endif
