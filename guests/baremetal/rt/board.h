/* SPDX-License-Identifier: Apache-2.0 */
/* What the guest knows of the machine it runs on, read once from the device tree. */
#ifndef RT_BOARD_H
#define RT_BOARD_H

#include "types.h"

#define MAX_MEMORY	8

enum conduit { CONDUIT_NONE, CONDUIT_HVC, CONDUIT_SMC };

struct memory_range {
	u64 base;
	u64 size;
};

struct board {
	const void *fdt;		/* NULL: none was given, the rest is a guess at QEMU virt */
	char model[64];
	char bootargs[512];
	u64 entry_count;		/* CNTVCT at the guest's first instruction */
	unsigned int nr_memory;
	struct memory_range memory[MAX_MEMORY];
	unsigned int nr_cpus;		/* the CPUs themselves are in cpus[] */
	u64 uart;
	u32 uart_intid;
	unsigned int gic_version;	/* 2 or 3 */
	u64 gicd;
	u64 gicc;			/* GICv2 */
	u64 gicr;			/* GICv3, first region */
	u64 gicr_size;
	u32 ptimer_intid;
	u32 vtimer_intid;
	u32 pmu_intid;			/* overflow of performance counters, 0: they do not interrupt */
	enum conduit conduit;		/* of PSCI */
};

extern struct board board;

/* Fill the structure in. fdt may be NULL or rubbish. */
void board_init(const void *fdt);

/* True when the root's model begins with "QVM-": guests are told so that they run under the hypervisor. */
bool board_is_vm(void);

/*
 * Value of a "name=value" word of the boot arguments, copied into value (at most size bytes, terminated).
 * A bare word gives "". Returns false when the word is missing; size 0 just asks.
 */
bool board_arg(const char *name, char *value, size_t size);

/* The number in "name=NUMBER" (decimal), or fallback. */
u64 board_arg_number(const char *name, u64 fallback);

/* True when address lies in a memory range. */
bool board_is_memory(u64 address);

#endif
