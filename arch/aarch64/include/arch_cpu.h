/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What C code may ask of the CPU it runs on: system registers by name,
 * barriers, interrupt masks, the counter. arch/host/include has the same names
 * over ordinary memory, so that core/ compiles and runs on the build machine.
 */
#ifndef QUOIN_ARCH_CPU_H
#define QUOIN_ARCH_CPU_H

#include "arch_masked.h"
#include "core/base/types.h"

#define DAIF_I BIT(7)

#define SR_RD_(n, e) \
	static inline u64 read_##n(void) \
	{ \
		u64 v; \
		__asm__ volatile("mrs %0, " #e : "=r"(v)); \
		return v; \
	}
#define SR_WR_(n, e) \
	static inline void write_##n(u64 v) \
	{ \
		__asm__ volatile("msr " #e ", %x0" : : "rZ"(v) : "memory"); \
	}
#define SR_RO(n, e) SR_RD_(n, e)
#define SR_RW(n, e) SR_RD_(n, e) SR_WR_(n, e)
#define SR(n, e, a) SR_##a(n, e)
#include "arch/aarch64/sysregs.def"
#undef SR

static inline void isb(void)
{
	__asm__ volatile("isb" : : : "memory");
}

/* dsb - complete all earlier accesses and maintenance, `scope` a literal: ish, ishst, sy, nsh. */
#define dsb(scope) __asm__ volatile("dsb " #scope : : : "memory")
#define dmb(scope) __asm__ volatile("dmb " #scope : : : "memory")

static inline void cpu_relax(void)
{
	__asm__ volatile("yield" : : : "memory");
}

/* cpu_wfi - wait for an interrupt, which may stay masked; waiting does not count as masked time. */
static inline void cpu_wfi(void)
{
	masked_sleep();
	__asm__ volatile("dsb sy\n\twfi" : : : "memory");
	masked_begin();
}

static inline void irq_disable(void)
{
	__asm__ volatile("msr daifset, #2" : : : "memory");
	masked_begin();
}

static inline void irq_enable(void)
{
	masked_end();
	__asm__ volatile("msr daifclr, #2" : : : "memory");
}

static inline u64 irq_save(void)
{
	u64 daif;

	__asm__ volatile("mrs %0, daif\n\tmsr daifset, #2" : "=r"(daif) : : "memory");
	if ((daif & DAIF_I) == 0) {
		masked_begin();
	}
	return daif;
}

static inline void irq_restore(u64 daif)
{
	if ((daif & DAIF_I) == 0) {
		masked_end();
	}
	__asm__ volatile("msr daif, %0" : : "r"(daif) : "memory");
}

/* irq_waits - an interrupt of the machine waits to be unmasked (ARM ARM, ISR_EL1.I as read at EL2). */
static inline bool irq_waits(void)
{
	return (read_isr_el1() & BIT(7)) != 0;
}

struct percpu;

/* this_cpu - the running CPU's own data. Valid after cpu bring-up; stable only with IRQs masked. */
static inline struct percpu *this_cpu(void)
{
	struct percpu *p;

	__asm__ volatile("mrs %0, tpidr_el2" : "=r"(p));
	return p;
}

#endif
