/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Per-CPU data and the instructions C has no words for. The offsets at the top are shared with start.S,
 * which finds a CPU's stack in its struct cpu.
 */
#ifndef RT_CPU_H
#define RT_CPU_H

#define CPU_STACK_TOP	0
#define CPU_STACK_SIZE	0x4000
#define MAX_CPUS	8

#ifndef __ASSEMBLER__

#include "types.h"

/* What a caught exception left behind, see probe.h. */
struct probe {
	u64 armed;
	u64 hits;
	u64 esr;
	u64 far;
	u64 elr;
};

struct cpu {
	void *stack_top;		/* CPU_STACK_TOP */
	void (*fn)(void *arg);		/* what a secondary runs, set before CPU_ON */
	void *arg;
	u64 mpidr;			/* affinity fields only, as CPU_ON takes them */
	unsigned int index;		/* 0 is the CPU the guest was entered on */
	u64 gicr;			/* GICv3: this CPU's redistributor */
	u32 gic_target;			/* GICv2: this CPU's bit in ITARGETSR */
	volatile bool running;		/* from CPU_ON until fn has returned */
	struct probe probe;
};

extern struct cpu cpus[MAX_CPUS];

#define read_sysreg(name) ({						\
	u64 value_;							\
	__asm__ volatile("mrs %0, " #name : "=r"(value_) : : "memory");	\
	value_;								\
})

#define write_sysreg(name, value)					\
	__asm__ volatile("msr " #name ", %0" : : "r"((u64)(value)) : "memory")

static inline struct cpu *this_cpu(void)
{
	return (struct cpu *)read_sysreg(tpidr_el1);
}

static inline void isb(void)
{
	__asm__ volatile("isb" : : : "memory");
}

static inline void dsb(void)
{
	__asm__ volatile("dsb sy" : : : "memory");
}

static inline void wfi(void)
{
	__asm__ volatile("dsb sy\n\twfi" : : : "memory");
}

static inline void irq_enable(void)
{
	__asm__ volatile("msr daifclr, #2\n\tisb" : : : "memory");
}

static inline void irq_disable(void)
{
	__asm__ volatile("msr daifset, #2\n\tisb" : : : "memory");
}

/* One plain load or store each: the forms a hypervisor gets a full syndrome for (ARM ARM D24.2.40, ISV). */
static inline u8 mmio_read8(u64 addr)
{
	u32 value;

	__asm__ volatile("ldrb %w0, [%1]" : "=r"(value) : "r"(addr) : "memory");
	return (u8)value;
}

static inline u16 mmio_read16(u64 addr)
{
	u32 value;

	__asm__ volatile("ldrh %w0, [%1]" : "=r"(value) : "r"(addr) : "memory");
	return (u16)value;
}

static inline u32 mmio_read32(u64 addr)
{
	u32 value;

	__asm__ volatile("ldr %w0, [%1]" : "=r"(value) : "r"(addr) : "memory");
	return value;
}

static inline u64 mmio_read64(u64 addr)
{
	u64 value;

	__asm__ volatile("ldr %0, [%1]" : "=r"(value) : "r"(addr) : "memory");
	return value;
}

static inline void mmio_write8(u64 addr, u32 value)
{
	__asm__ volatile("strb %w0, [%1]" : : "r"(value), "r"(addr) : "memory");
}

static inline void mmio_write16(u64 addr, u32 value)
{
	__asm__ volatile("strh %w0, [%1]" : : "r"(value), "r"(addr) : "memory");
}

static inline void mmio_write32(u64 addr, u32 value)
{
	__asm__ volatile("str %w0, [%1]" : : "r"(value), "r"(addr) : "memory");
}

static inline void mmio_write64(u64 addr, u64 value)
{
	__asm__ volatile("str %0, [%1]" : : "r"(value), "r"(addr) : "memory");
}

#endif
#endif
