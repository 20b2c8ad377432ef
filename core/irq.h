/* SPDX-License-Identifier: Apache-2.0 */
/* Physical interrupts: who handles what. */
#ifndef QUOIN_CORE_IRQ_H
#define QUOIN_CORE_IRQ_H

#include "core/base/types.h"

struct board;
struct vcpu;

/* irq_init - learn the private interrupts' numbers. Boot CPU, before any is enabled. */
void irq_init(const struct board *b);

/*
 * irq_register - call fn(arg) in exit context for shared interrupt `intid`, delivered to the
 * calling CPU. -EBUSY if taken, -ENOSPC. Boot or thread context.
 */
int irq_register(u32 intid, bool edge, void (*fn)(void *arg), void *arg) __must_check;

/*
 * irq_share - as irq_register(), for a line that several devices may pull: each one's fn is called, and finds out
 * whether it was its own. Delivered to the boot CPU. `name`, who uses it, stays. -EINVAL: no shared
 * interrupt; -EBUSY: taken by irq_register(), or with another trigger; -ENOSPC. Thread context.
 */
int irq_share(u32 intid, bool edge, const char *name, void (*fn)(void *arg), void *arg) __must_check;

/* irq_taken - somebody has registered for it. Any context. */
bool irq_taken(u32 intid);

/* irq_set_lpi - fn(INTID) is called in exit context for each LPI. Thread context, once. */
void irq_set_lpi(void (*fn)(u32 intid));

/* irq_describe - the `i`-th interrupt EL2 uses: its INTID and what for; NULL behind the last. Any context. */
const char *irq_describe(u32 i, u32 *intid);

/* Called by the vectors, interrupts masked: an interrupt hit the guest `v`, or EL2 itself. */
void irq_guest(struct vcpu *v);
void irq_el2(void);

#endif
