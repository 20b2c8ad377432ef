/* SPDX-License-Identifier: Apache-2.0 */
/* The virtual GIC of a VM: building it, reset, its interface for a vCPU that runs. */
#include <errno.h>
#include <string.h>
#include "core/config/check.h"
#include "core/sysreg/sysreg.h"
#include "core/vgic/lpi.h"
#include "core/vgic/vgic_priv.h"

#define GICD_TYPER_NO1N BIT(25)
#define SGIS 0xffffu

__cold int vgic_create(struct vm *vm, u32 spi_count)
{
	const struct cfg_gic *cfg = &vm->cfg->gic;
	struct vgic *g = &vm->vgic;
	int err;

	if (spi_count > VGIC_MAX_SPIS || vm->vcpu_count < 1 || vm->vcpu_count > VM_MAX_CPUS ||
	    vm->gic_version > gic_host_version()) {
		return -EINVAL;
	}
	memset(g, 0, sizeof(*g));
	g->version = vm->gic_version;
	g->vcpus = (u8)vm->vcpu_count;
	g->words = (u8)(1 + (spi_count + 31) / 32);
	g->typer = g->words - 1u;
	if (g->version == 2) {
		g->typer |= (g->vcpus - 1u) << 5;
		g->gicc = gic_host_version() == 3;
		err = vm_add_window(vm, cfg->dist, 0x1000, vgic_dist_v2, g);
		if (!err && g->gicc) {
			err = vm_add_window(vm, cfg->gicc, CONFIG_GICC_SIZE, vgic_gicc, g);
			mmio_set_words(vm, cfg->gicc, vgic_gicc_read32, vgic_gicc_write32);
		} else if (!err) {
			err = s2_map(&vm->s2, cfg->gicc, gic_vcpu_frame(), GICC_DIR, S2_DEVICE);
		}
		if (!err && !g->gicc) {
			/* Only EOImode 1 guests write it; only a trap tells which one is meant. */
			err = vm_add_window(vm, cfg->gicc + GICC_DIR, PAGE_SIZE, vgic_gicc_dir, g);
		}
		mmio_set_words(vm, cfg->dist, vgic_dist_read32, vgic_dist_write32);
		return err;
	}
	g->gicc = gic_hw.deaf;
	/* 10 INTID bits, no LPIs, no MBIs, one security state, no 1-of-N (IHI 0069 12.9.38). */
	g->typer |= 9u << 19 | (u32)GICD_TYPER_NO1N;
	err = vm_add_window(vm, cfg->dist, 0x10000, vgic_dist_v3, g);
	if (!err) {
		err = vm_add_window(vm, cfg->gicr, (u64)g->vcpus * GICR_FRAME, vgic_redist, g);
	}
	mmio_set_words(vm, cfg->dist, vgic_dist_read32, vgic_dist_write32);
	mmio_set_words(vm, cfg->gicr, vgic_redist_read32, vgic_redist_write32);
	return err;
}

__cold void vgic_destroy(struct vm *vm)
{
	/* The windows and the stage-2 entries go with the VM. */
	vm->vgic.words = 0;
}

/* The redistributor of a vCPU as after power-on. */
static __cold void reset_private(struct vcpu *v)
{
	struct vgic_cpu *c = &v->vgic;
	u32 level = c->p.level; /* devices keep their lines; they reset on their own */

	memset(c, 0, sizeof(*c));
	c->p.level = level;
	c->p.edge = SGIS;
	/* Guests without a notion of groups expect what a Non-secure GICv3 shows them. */
	c->p.group = v->vm->gic_version == 3 ? ~0u : 0;
	c->p.enabled = v->vm->gic_version == 2 ? SGIS : 0;
	c->hcr = vgic_hcr(&v->vm->vgic);
	c->waker = 1;
	vgic_cpu_reset(v);
}

__cold void vgic_reset(struct vm *vm)
{
	struct vgic *g = &vm->vgic;

	g->ctlr = 0;
	g->group_on[0] = 0;
	g->group_on[1] = 0;
	for (u32 k = 1; k < g->words; k++) {
		u32 level = g->w[k].level;

		memset(&g->w[k], 0, sizeof(g->w[k]));
		g->w[k].level = level;
		g->w[k].group = g->version == 3 ? ~0u : 0;
	}
	memset(g->target, 0, sizeof(g->target));
	memset(g->held, 0, sizeof(g->held));
	memset(g->prio, 0, sizeof(g->prio));
	memset(g->route, 0, sizeof(g->route));
	for (u32 i = 0; i < g->vcpus; i++) {
		reset_private(vm->vcpu[i]);
	}
	for (u32 i = 32; i < g->words * 32u; i++) {
		vgic_route_spi(g, i);
	}
}

__cold void vgic_cpu_reset(struct vcpu *v)
{
	v->vgic.vmcr = ICH_VMCR_RESET;
	v->vgic.signal = 0;
	memset(v->vgic.apr, 0, sizeof(v->vgic.apr));
}

__cold void vgic_load(struct vcpu *v)
{
	struct vgic_cpu *c = &v->vgic;
	struct vgic *g = &v->vm->vgic;
	u64 aff = v->vmpidr;

	c->sgi_self = field_prep(ICC_SGIR_AFF3, (aff >> 32) & 0xff) |
		      field_prep(ICC_SGIR_AFF2, (aff >> 16) & 0xff) |
		      field_prep(ICC_SGIR_AFF1, (aff >> 8) & 0xff) |
		      field_prep(ICC_SGIR_RS, (aff >> 4) & 0xf) | BIT(aff & 0xf);
	c->hcr = vgic_hcr(g);
	c->sgi1r = vgic_emulated(c) ? ~0u : ICC_SGI1R;
	if (vgic_emulated(c)) {
		gic_set_vcpu_hcr(c->hcr); /* the rest has nothing to do with list registers */
	} else {
		gic_set_vmcr(c->vmcr);
		gic_apr_load(c->apr);
	}
	vgic_lock(g);
	c->cpu = this_cpu()->id;
	c->loaded = true;
	/* Before the configuration is read: who changes it after that sets it again. */
	(void)__atomic_exchange_n(&c->dirty, 0, __ATOMIC_ACQ_REL);
	c->live = vgic_live(g, &c->p);
	if (c->vtimer_hw) {
		/* On this CPU, too, it must not fire before the guest has ended it. */
		gic_set_active(gic_hw.vtimer_intid, true);
	}
	if (unlikely(c->routed != c->cpu + 1)) {
		vgic_link_moved(v);
	}
	vgic_settle(v);
	vgic_fill(v);
	vgic_unlock(g);
}

__cold void vgic_put(struct vcpu *v)
{
	struct vgic_cpu *c = &v->vgic;
	struct vgic *g = &v->vm->vgic;

	vgic_lock(g);
	vgic_sync(v);
	c->loaded = false;
	if (c->vtimer_hw) {
		/* Another vCPU's timer uses the same physical interrupt. */
		gic_set_active(gic_hw.vtimer_intid, false);
		c->vtimer_hw = (c->p.active & (1u << VGIC_VTIMER)) != 0;
	}
	gic_set_vcpu_hcr(0);
	if (vgic_emulated(c)) {
		vgic_gicc_put(v);
	} else {
		c->vmcr = gic_vmcr();
		gic_apr_save(c->apr);
	}
	vgic_unlock(g);
}

__cold u32 vgic_set_mask(struct vcpu *v, u32 vmcr)
{
	u32 *soft = vgic_emulated(&v->vgic) ? &v->vgic.vmcr : NULL, old = soft != NULL ? *soft : gic_vmcr();

	if (soft != NULL) {
		*soft = vmcr;
	} else {
		gic_set_vmcr(vmcr);
	}
	vgic_reconsider(v);
	return old;
}

/* Would the CPU interface signal one of these? The priority mask and its group decide. */
static bool passes(u32 prio, bool group1, u32 vmcr)
{
	return (vmcr & (group1 ? ICH_VMCR_ENG1 : ICH_VMCR_ENG0)) && prio < vmcr >> 24;
}

static __cold bool some_passes(const struct vgic_word *w, u32 bits, const u8 *prio, u32 vmcr)
{
	for (; bits; bits &= bits - 1) {
		u32 n = (u32)__builtin_ctz(bits);

		if (passes(prio[n], (w->group >> n) & 1, vmcr)) {
			return true;
		}
	}
	return false;
}

static __cold bool listed_passes(struct vcpu *v)
{
	u32 vmcr = gic_vmcr();

	for (u32 m = v->vgic.lr_used | 1; m; m &= m - 1) {
		u64 lr = gic_lr_read_n((u32)__builtin_ctz(m));

		if ((lr & ICH_LR_STATE) == ICH_LR_PENDING &&
		    passes((u32)field_get(ICH_LR_PRIO, lr), (lr & ICH_LR_GROUP) != 0, vmcr)) {
			return true;
		}
	}
	return false;
}

__cold bool vgic_has_interrupt(struct vcpu *v)
{
	struct vgic_cpu *c = &v->vgic;
	struct vgic *g = &v->vm->vgic;
	bool found;
	u64 flags;

	if (c->loaded && vgic_emulated(c)) {
		vgic_maintenance(v);
		return c->signal != 0 || (READ_ONCE(v->work) & VWORK_VGIC) != 0;
	}
	if (c->loaded) {
		if (listed_passes(v)) {
			return true;
		}
		/* What is left in memory then is no better than what is in list registers. */
		vgic_flush(v);
		return (READ_ONCE(v->work) & VWORK_VGIC) != 0 || listed_passes(v);
	}
	if (some_passes(&c->p, (vgic_pend(&c->p) | READ_ONCE(c->remote)) & vgic_live(g, &c->p) &
				       ~c->p.active, c->prio, c->vmcr)) {
		return true;
	}
	found = false;
	flags = spin_lock_irq(&g->lock);
	for (u32 s = READ_ONCE(c->spi_sum); s && !found; s &= s - 1) {
		u32 k = (u32)__builtin_ctz(s);
		const struct vgic_word *w = &g->w[k];

		if (k == 0) {
			u32 prio = vgic_lpi_best(g, v->id);

			found = prio < 256 && passes(prio, true, c->vmcr);
			continue;
		}
		found = some_passes(w, vgic_pend(w) & vgic_live(g, w) & g->target[v->id][k] &
				    ~w->active & ~w->in_lr, &g->prio[k * 32], c->vmcr);
	}
	spin_unlock_irq(&g->lock, flags);
	return found;
}

__cold void vgic_set_ctlr(struct vgic *g, u32 groups)
{
	struct vm *vm = container_of(g, struct vm, vgic);

	vgic_lock(g);
	if (groups != g->ctlr) {
		g->ctlr = groups;
		g->group_on[0] = groups & GICD_CTLR_GRP0 ? ~0u : 0;
		g->group_on[1] = groups & GICD_CTLR_GRP1 ? ~0u : 0;
		for (u32 k = 1; k < g->words; k++) {
			vgic_link_refresh(g, k, ~0u);
		}
		for (u32 i = 0; i < g->vcpus; i++) {
			atomic_or(&vm->vcpu[i]->vgic.spi_sum, (u32)BITS(g->words - 1, 0));
			vgic_reconsider(vm->vcpu[i]);
		}
	}
	vgic_unlock(g);
}
