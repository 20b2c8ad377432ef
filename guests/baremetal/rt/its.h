/* SPDX-License-Identifier: Apache-2.0 */
/* LPIs through the first ITS of the device tree (IHI 0069 5), for the CPU that called its_init(). */
#ifndef RT_ITS_H
#define RT_ITS_H

#include "types.h"

enum {
	GITS_CTLR = 0x0, GITS_IIDR = 0x4, GITS_TYPER = 0x8, GITS_CBASER = 0x80, GITS_CWRITER = 0x88, GITS_CREADR = 0x90,
	GITS_BASER = 0x100, GITS_TRANSLATER = 0x10040,
};
enum {
	ITS_MOVI = 1, ITS_INT = 3, ITS_CLEAR = 4, ITS_SYNC = 5, ITS_MAPD = 8, ITS_MAPC = 9, ITS_MAPTI = 0xa, ITS_MAPI = 0xb,
	ITS_INV = 0xc, ITS_INVALL = 0xd, ITS_MOVALL = 0xe, ITS_DISCARD = 0xf,
};

#define GICR_PROPBASER	0x70
#define GICR_PENDBASER	0x78
#define GICR_ENABLE_LPIS	1U

#define LPI_FIRST	8192U
#define LPI_BITS	14U		/* INTIDs 8192 to 16383 */
#define ITS_QUEUE	4096U		/* bytes */
#define ITS_DEVICES	256U		/* device IDs that may be mapped */

extern u8 lpi_config[1U << LPI_BITS];	/* of LPI_FIRST + n the n-th byte: priority and, bit 0, enabled */

u64 its_base(void);

/* Tables, the queue and collection 0. False: there is no ITS, or it does not answer. gic_init() was before. */
bool its_init(void);

/* Put a command into the queue, and wait until it was read. False: it is stuck. */
bool its_command(u64 a, u64 b, u64 c, u64 d);

/* Device and event to an LPI of this CPU, enabled. False: a command is stuck. */
bool its_map(u32 device, u32 event, u32 lpi);

/* Spin until that LPI comes, with interrupts masked, for at most ms; others are ended unseen. */
bool its_await(u32 lpi, u64 ms);

#endif
