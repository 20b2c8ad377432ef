/* SPDX-License-Identifier: Apache-2.0 */
/* A driver of virtio devices that breaks the rules: what its parts share. */
#ifndef VHOSTILE_H
#define VHOSTILE_H

#include "rt/board.h"
#include "rt/console.h"
#include "rt/cpu.h"
#include "rt/fdt.h"
#include "rt/gic.h"
#include "rt/mmu.h"
#include "rt/random.h"
#include "rt/smp.h"
#include "rt/timer.h"

#include <string.h>

#define N		8U		/* entries of a ring */
#define NEXT		1
#define WRITE		2
#define INDIRECT	4
#define PACKED_AVAIL	BIT(7)
#define PACKED_USED	BIT(15)
#define NEEDS_RESET	64

#define F_INDIRECT	BIT(28)
#define F_EVENT_IDX	BIT(29)
#define F_HIGH_PACKED	4		/* in the upper word, with bit 0, VERSION_1 */

enum { NET = 1, BLK = 2, CONSOLE = 3, ENTROPY = 4, VSOCK = 19 };

/* Registers of the transport (virtio 1.2 4.2.2; legacy 4.2.4). */
enum {
	R_VERSION = 0x04, R_ID = 0x08, R_FEATURES = 0x20, R_FEATURES_SEL = 0x24, R_PAGE_SIZE = 0x28, R_SEL = 0x30,
	R_NUM_MAX = 0x34, R_NUM = 0x38, R_ALIGN = 0x3c, R_PFN = 0x40, R_READY = 0x44, R_NOTIFY = 0x50, R_ISR = 0x60,
	R_ACK = 0x64, R_STATUS = 0x70, R_DESC = 0x80, R_DRIVER = 0x90, R_DEVICE = 0xa0, R_CONFIG = 0x100,
};

struct desc {
	u64 addr;
	u32 len;
	u16 flags, next;		/* of a packed ring: id, flags */
};

/* Of one queue. A legacy one has `avail` behind the descriptors, the rest of that page. */
struct ring {
	volatile struct desc desc[N] __attribute__((aligned(4096)));
	volatile u16 legacy_avail[3 + N];
	volatile u16 avail[3 + N] __attribute__((aligned(4096)));
	volatile u16 used[3 + 4 * N] __attribute__((aligned(4096)));
};

struct device {
	u64 base;
	u32 id;
	bool legacy;
	unsigned int queue;		/* the one that is played with */
};

extern struct ring ring;
extern struct desc table[N];		/* an indirect one */
extern u8 data[8192];
extern struct device *dev;
extern unsigned int failures;

/* driver.c */
u32 rd(u32 off);
void wr(u32 off, u32 value);
void set_desc(volatile struct desc *d, u64 addr, u32 len, u16 flags, u16 next);
/* Reset, and features taken: the device's status is 11, or 3 with the legacy layout. */
void negotiate(u32 low, u32 high);
/* The queue played with. */
void set_queue(u32 size, u64 desc, u64 avail, u64 used);
/* All of that with a good ring, and DRIVER_OK. */
void start(u32 features);
volatile u16 *avail(void);
/* The used ring, its second element the index. */
volatile u16 *used(void);
void offer(u16 head);
/* A request of this kind of device that is right, in descriptors 0 to 2; how many it takes. */
unsigned int make_honest(volatile struct desc *d);
/* Offer that and wait for it. */
bool honest(void);
/* What has come of a deed is printed; a reset, and the device has to work again. */
void over(const char *what);
const char *name_of(void);

/* The deeds, on the device `dev`. */
void rings(void);
void legacy_rings(void);
void moments(void);
void two_cpus(void);
void chains(void);
void packed(void);
void contents(void);

#endif
