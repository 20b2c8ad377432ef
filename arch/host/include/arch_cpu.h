/* The CPU as the build machine fakes it: see arch/aarch64/include/arch_cpu.h. */
#ifndef QUOIN_ARCH_CPU_H
#define QUOIN_ARCH_CPU_H

#include "core/base/types.h"

enum host_sysreg_id {
#define SR(n, e, a) HOST_SYSREG_##n,
#include "arch/aarch64/sysregs.def"
#undef SR
	HOST_SYSREG_COUNT
};
extern u64 host_sysreg[HOST_SYSREG_COUNT];
extern struct percpu *host_percpu;

#define SR_RD_(n) \
	static inline u64 read_##n(void) \
	{ \
		return host_sysreg[HOST_SYSREG_##n]; \
	}
#define SR_WR_(n) \
	static inline void write_##n(u64 v) \
	{ \
		host_sysreg[HOST_SYSREG_##n] = v; \
	}
#define SR_RO(n) SR_RD_(n)
#define SR_RW(n) SR_RD_(n) SR_WR_(n)
#define SR(n, e, a) SR_##a(n)
#include "arch/aarch64/sysregs.def"
#undef SR

static inline void isb(void)
{
}

#define dsb(scope) __asm__ volatile("" : : : "memory")
#define dmb(scope) __asm__ volatile("" : : : "memory")

static inline void cpu_relax(void)
{
}

void cpu_wfi(void);

static inline void irq_disable(void)
{
}

static inline void irq_enable(void)
{
}

static inline u64 irq_save(void)
{
	return 0;
}

static inline void irq_restore(u64 daif)
{
	(void)daif;
}

static inline void masked_check(void)
{
}

static inline bool irq_waits(void)
{
	return false;
}

static inline struct percpu *this_cpu(void)
{
	return host_percpu;
}

#endif
