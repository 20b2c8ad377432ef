/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Spinlocks. A lock is held with interrupts masked, never across an eret and
 * never while blocking. Rank order (take left before right):
 *   vm -> vdev -> vgic -> sched -> console -> memory
 */
#ifndef QUOIN_CORE_BASE_LOCK_H
#define QUOIN_CORE_BASE_LOCK_H

#include "arch_cpu.h"
#include "core/base/types.h"

struct spinlock {
	u32 taken;
};

/* spin_lock - the caller has interrupts masked (exit path). */
static inline void spin_lock(struct spinlock *l)
{
	masked_check();
	while (__atomic_exchange_n(&l->taken, 1, __ATOMIC_ACQUIRE) != 0) {
		while (READ_ONCE(l->taken) != 0) {
			cpu_relax();
		}
	}
}

static inline void spin_unlock(struct spinlock *l)
{
	__atomic_store_n(&l->taken, 0, __ATOMIC_RELEASE);
}

/* spin_lock_irq - for threads: masks interrupts and returns what to give back. */
static inline u64 spin_lock_irq(struct spinlock *l)
{
	u64 flags = irq_save();

	spin_lock(l);
	return flags;
}

static inline void spin_unlock_irq(struct spinlock *l, u64 flags)
{
	spin_unlock(l);
	irq_restore(flags);
}

#endif
