/* SPDX-License-Identifier: Apache-2.0 */
#include "core/vgic/inspect.h"

#include "core/vgic/vgic_priv.h"

/* For SPIs vgic.lock is held. A private word may change while it is read. */
static __cold bool look(const struct vgic_word *w, u32 listed, u32 bit, struct vgic_view *out)
{
	out->enabled = (READ_ONCE(w->enabled) & bit) != 0;
	out->edge = (w->edge & bit) != 0;
	out->group1 = (w->group & bit) != 0;
	out->line = (w->level & bit) != 0;
	out->pending = ((vgic_pend(w) | (w->snap_pend & listed)) & bit) != 0;
	out->active = ((w->active | (w->snap_act & listed)) & bit) != 0;
	return out->line || out->pending || out->active || out->enabled;
}

static __cold u32 targets(const struct vgic *g, u32 intid)
{
	u32 mask = 0;

	for (u32 i = 0; i < g->vcpus; i++) {
		mask |= (g->target[i][intid / 32] >> intid % 32 & 1) << i;
	}
	return mask;
}

__cold bool vgic_inspect(struct vm *vm, u32 vcpu, u32 intid, struct vgic_view *out)
{
	struct vgic *g = &vm->vgic;
	bool used = false;

	if (vcpu < vm->vcpu_count && intid < g->words * 32u) {
		if (intid < 32) {
			const struct vgic_cpu *c = &vm->vcpu[vcpu]->vgic;

			used = look(&c->p, ~0u, 1u << intid, out);
			out->prio = c->prio[intid];
			out->targets = 1u << vcpu;
		} else {
			vgic_lock(g);
			used = look(&g->w[intid / 32], g->w[intid / 32].in_lr, 1u << intid % 32, out);
			out->prio = g->prio[intid];
			out->targets = targets(g, intid);
			vgic_unlock(g);
		}
	}
	return used;
}
