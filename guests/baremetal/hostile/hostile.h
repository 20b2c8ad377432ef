/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hostile guest: everything a guest should not do, each with the exception caught and the next one tried. What
 * is tested is the hypervisor: it has to answer every probe, and still be there afterwards.
 */
#ifndef HOSTILE_H
#define HOSTILE_H

#include "rt/board.h"
#include "rt/console.h"
#include "rt/cpu.h"
#include "rt/gic.h"
#include "rt/mmu.h"
#include "rt/probe.h"
#include "rt/psci.h"
#include "rt/smp.h"
#include "rt/timer.h"
#include "rt/trap.h"

/* A probe does its deed and prints, without a newline, what came of it. */
struct hostile_probe {
	const char *name;
	void (*run)(void);
};

/* What happened to one attempt. */
struct attempt {
	u64 hits;
	u64 esr;
	u64 value;
};

/* Run statement, which may fault and may set "value". */
#define attempt(statement) ({						\
	u64 value = 0;							\
	struct attempt attempt_;					\
	probe_begin();							\
	statement;							\
	attempt_.hits = probe_end();					\
	attempt_.esr = this_cpu()->probe.esr;				\
	attempt_.value = value;						\
	attempt_;							\
})

/* "value 0x..", "UNDEF", "data abort ESR 0x.." and the like. */
void describe(const char *what, struct attempt attempt);

/* Run one instruction made at run time with x0 = argument; value is x0 afterwards. */
struct attempt run_instruction(u32 instruction, u64 argument);

/* An address without anything behind it. */
u64 hole(void);

/* The probes, by file. Each list ends with a NULL name. */
extern const struct hostile_probe access_probes[], sweep_probes[], sysreg_probes[], call_probes[], storm_probes[],
	state_probes[], mapped_probes[];

/* The deed that name stands for, for ever, on every CPU. Returns only when there is no such name. */
void forever(const char *name);

#endif
