/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shared interrupts of the machine that belong to a VM, linked by hardware (IHI 0069 4.9.3, 12.4.7; IHI
 * 0048B 5.2.1): the monitor takes the physical interrupt and drops its priority, a list register with HW = 1
 * carries it to the guest, whose own end of interrupt deactivates both.
 *
 * As long as the guest has it pending or active the physical one is active and cannot come again: whatever
 * the guest does or does not do, nothing storms. The physical one is enabled while the virtual one is.
 */
#ifndef QUOIN_CORE_VGIC_LINK_H
#define QUOIN_CORE_VGIC_LINK_H

#include "core/base/types.h"
#include "core/vgic/vgic.h"

/* Of each physical INTID: index of its link + 1, or 0. */
extern u8 vgic_link_of[VGIC_MAX_INTID];

/*
 * vgic_link - shared interrupt `host` of the machine is the VM's `guest`. `edge`: the physical trigger, until the
 * guest configures its own. `immediate`: it is deactivated when the guest gets it, not when the guest ends it (edge
 * only). It stays masked until vgic_link_reset(). -EINVAL: no such interrupt on either side, -EBUSY: taken, -ENOSPC.
 * Thread context; the vGIC is made.
 */
int vgic_link(struct vm *vm, u32 guest, u32 host, bool edge, bool immediate) __must_check;
/* vgic_unlink - mask it, forget it. Thread context; no vCPU of the VM runs. */
void vgic_unlink(struct vm *vm, u32 guest);
/* vgic_link_quiesce - all of the VM's: masked, and what is pending or active is forgotten. Likewise. */
void vgic_link_quiesce(struct vm *vm);
/* vgic_link_reset - behind vgic_reset(): from now on they follow the guest's enable bits. Likewise. */
void vgic_link_reset(struct vm *vm);

/* vgic_link_fired - a linked physical interrupt was acknowledged and its priority dropped. Exit context. */
void vgic_link_fired(u32 intid);

#endif
