/* SPDX-License-Identifier: Apache-2.0 */
/* Looking at a virtual GIC from outside, for people: nothing moves. */
#ifndef QUOIN_CORE_VGIC_INSPECT_H
#define QUOIN_CORE_VGIC_INSPECT_H

#include "core/base/types.h"

struct vm;

struct vgic_view {
	bool enabled, edge, group1, line, pending, active;
	u8 prio;
	u32 targets; /* vCPUs that may take it, a bit each */
};

/*
 * vgic_inspect - interrupt `intid`, a private one of vCPU `vcpu`. False: there is none, or nothing is
 * set of it. What a running vCPU has in list registers is as it was read last. Interrupts masked;
 * the VM is kept by vm_inspect().
 */
bool vgic_inspect(struct vm *vm, u32 vcpu, u32 intid, struct vgic_view *out);

#endif
