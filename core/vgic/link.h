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

#include "arch_gic.h"
#include "core/base/types.h"
#include "core/vcpu.h"
#include "core/vgic/vgic.h"

/*
 * `lr` is what its list register says besides state, group, priority and number: HW and the physical INTID; where
 * that does not work EOI, and the monitor deactivates after the maintenance interrupt; nothing if `immediate`.
 *
 * Physically active <=> pending or active for the guest, in memory or in a list register. `immediate`: only
 * while pending in memory.
 */
struct vgic_link {
	struct vcpu *vcpu; /* for the short way: the one that may take it, NULL: go the general one */
	struct vgic_word *w;
	u64 ready;         /* the list register as it is to be written */
	u32 bit;           /* in `w` */
	u16 guest, host;
	u8 n;              /* list register it had last */
	bool edge, immediate;
	bool configured;   /* `edge` as each life begins */
	bool live;         /* between reset and quiesce */
	struct vm *vm;     /* NULL: free */
	u64 lr;
};

#define VGIC_MAX_LINKS 192

/* Of each physical INTID: its link, NULL: none. */
extern u8 vgic_link_of[VGIC_MAX_INTID]; /* index + 1, or 0 */
extern struct vgic_link vgic_links[VGIC_MAX_LINKS];

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

/*
 * vgic_link_quick - in front of it, when it has hit the guest `v`: the list register it had last is its own still and
 * empty. No lock: who changes something meanwhile has the list registers read back before `v` goes on. False: the
 * general way. A test proves that it gives the same result.
 */
static inline bool vgic_link_quick(struct vcpu *v, u32 index)
{
	const struct vgic_link *l = &vgic_links[index];
	const struct vgic_cpu *c = &v->vgic;
	u32 n = l->n;

	if (READ_ONCE(l->vcpu) != v || (READ_ONCE(l->w->in_lr) & ~READ_ONCE(l->w->active) & ~READ_ONCE(l->w->pending) & l->bit) == 0 ||
	    c->lr_intid[n] != l->guest || ((c->lr_used & gic_lr_empty()) >> n & 1) == 0 || c->hcr != ICH_HCR_EN) {
		return false;
	}
	if (likely(n == 2)) {
		gic_lr_write(2, l->ready);
	} else {
		gic_lr_write_n(n, l->ready);
	}
	return true;
}

#endif
