/* SPDX-License-Identifier: Apache-2.0 */
#include "core/pass/pass.h"

#include <errno.h>
#include "core/base/memory.h"
#include "core/clock/clock.h"
#include "core/iommu/iommu.h"
#include "core/pci/msi.h"
#include "core/pass/pass_pci.h"
#include "core/vgic/link.h"
#include "core/vm.h"

int pass_claim_ram(const struct vm_config *cfg, struct diag *d)
{
	if (!cfg->dma_identity) {
		return 0;
	}
	for (const struct cfg_mem *m = cfg->mem; m != NULL; m = m->next) {
		if (mem_range_take(m->start, m->size)) {
			continue;
		}
		diag_error(d, &m->pos, "'dma unprotected' needs memory at the host's own address, and 0x%lx..0x%lx is "
			   "not all free RAM there", m->start, m->start + m->size - 1);
		for (const struct cfg_mem *t = cfg->mem; t != m; t = t->next) {
			mem_range_free(t->start, t->size);
		}
		return -ENOMEM;
	}
	return 0;
}

static enum s2_attr attr_of(const struct pass_range *r)
{
	if ((r->attrs & PASS_CACHED) != 0) {
		if ((r->attrs & PASS_DMA) != 0) {
			return (r->attrs & PASS_W) != 0 ? S2_RAM : S2_ROM;
		}
		return (r->attrs & PASS_W) != 0 ? S2_RAM_CPU : S2_ROM_CPU;
	}
	return (r->attrs & PASS_W) != 0 ? S2_DEVICE : S2_DEVICE_RO;
}

static int map_windows(struct vm *vm, const struct cfg_pass *p, struct diag *d)
{
	int err = 0;

	for (u32 i = 0; i < p->range_count && err == 0; i++) {
		const struct pass_range *r = &p->range[i];

		if (!r->again && (r->attrs & PASS_REPORT) == 0 && (r->attrs & (PASS_R | PASS_W)) != 0) {
			err = s2_map(&vm->s2, r->ipa, r->pa, r->size, attr_of(r));
		}
		if (err != 0) {
			diag_error(d, r->pos, "cannot map %s at 0x%lx for the VM (%d)", p->what, r->ipa, err);
		}
	}
	return err;
}

static int link_interrupts(struct vm *vm, const struct cfg_pass *p, struct diag *d)
{
	for (u32 i = 0; i < p->irq_count; i++) {
		const struct pass_irq *q = &p->irq[i];
		int err = q->again ? 0 : vgic_link(vm, q->guest, q->host, q->edge, q->unmasked);

		if (err != 0) {
			diag_error(d, q->pos, "interrupt %u of the host for %s: %s", q->host, p->what,
				   err == -EBUSY ? "the monitor uses it" :
				   err == -ENOSPC ? "too many passed interrupts" : "the GIC has no such interrupt");
			return err;
		}
		vm->pass_links++;
	}
	return 0;
}

/* All streams of platform devices and of functions, in order; the index-th of them. */
static const struct pass_stream *stream_at(const struct cfg_pass *p, u32 i)
{
	if (i < p->stream_count) {
		return &p->stream[i];
	}
	i -= p->stream_count;
	return i < p->pci_count && p->pci[i].has_stream ? &p->pci[i].stream : NULL;
}

static int attach(struct vm *vm, const struct cfg_pass *p, struct diag *d)
{
	for (u32 i = 0; i < p->stream_count + p->pci_count; i++) {
		const struct pass_stream *s = stream_at(p, i);
		int err = s == NULL ? 0 : iommu_attach(vm, s, p->what, p->fault_stop);

		if (err != 0) {
			diag_error(d, &p->pos, "%s: its DMA (stream 0x%x) cannot be confined (%d)", p->what, s->sid, err);
			while (i-- > 0) { /* all or none */
				s = stream_at(p, i);
				if (s != NULL) {
					iommu_detach(s);
				}
			}
			return err;
		}
	}
	return 0;
}

static bool has_stream(const struct cfg_pass *p)
{
	bool has = p->stream_count != 0;

	for (u32 i = 0; i < p->pci_count; i++) {
		has |= p->pci[i].has_stream;
	}
	return has;
}

static int open_dma(struct vm *vm, const struct cfg_pass *p, struct diag *d)
{
	pa_t doorbell = msi_kind(vm) == MSI_ITS ? its_doorbell(pass_pci_its(vm)) : 0;
	int err = s2_dma_enable(&vm->s2, doorbell != 0 ? msi_doorbell(vm) : 0, doorbell);

	if (err != 0) {
		diag_error(d, &p->pos, "cannot make the view of the VM's devices (%d)", err);
	}
	return err;
}

int pass_create(struct vm *vm, struct diag *d)
{
	int err = clock_hand_over(vm->cfg, d);

	for (u32 i = 0; i < vm->vcpu_count; i++) {
		vm->vcpu[i]->calls = vm->cfg->smc != NULL;
	}
	for (const struct cfg_pass *p = vm->cfg->pass; p != NULL && err == 0; p = p->next) {
		err = map_windows(vm, p, d);
		if (err == 0) {
			err = link_interrupts(vm, p, d);
		}
		if (err == 0 && has_stream(p)) {
			err = open_dma(vm, p, d);
			if (err == 0) {
				err = attach(vm, p, d);
			}
			vm->pass_streams += err == 0;
		}
		for (u32 i = 0; i < p->pci_count && err == 0; i++) {
			err = pass_pci_add(vm, p, &p->pci[i], d);
		}
	}
	return err;
}

static void detach(struct vm *vm)
{
	u32 left = vm->pass_streams;

	for (const struct cfg_pass *p = vm->cfg->pass; p != NULL && left != 0; p = p->next) {
		for (u32 i = 0; i < p->stream_count + p->pci_count; i++) {
			const struct pass_stream *s = stream_at(p, i);

			if (s != NULL) {
				iommu_detach(s);
			}
		}
		left -= has_stream(p);
	}
}

void pass_quiesce(struct vm *vm)
{
	if (vm->cfg->pass == NULL) {
		clock_quiet(vm->cfg);
		return;
	}
	pass_pci_quiesce(vm);
	msi_settle(); /* the workers that such an interrupt asks may end after this */
	detach(vm);
	clock_quiet(vm->cfg);
	vgic_link_quiesce(vm);
}

void pass_reset(struct vm *vm)
{
	struct diag d = { .emit = log_diag };
	u32 left = vm->pass_streams;

	(void)!clock_hand_over(vm->cfg, &d); /* what does not run is said */
	for (const struct cfg_pass *p = vm->cfg->pass; p != NULL && left != 0; p = p->next) {
		(void)attach(vm, p, &d); /* without it the device faults, and that is said */
		left -= has_stream(p);
	}
	pass_pci_reset(vm);
	vgic_link_reset(vm);
}

void pass_destroy(struct vm *vm)
{
	u32 left = vm->pass_links;

	pass_pci_destroy(vm);
	detach(vm);
	for (const struct cfg_pass *p = vm->cfg->pass; p != NULL; p = p->next) {
		for (u32 i = 0; i < p->irq_count && left != 0; i++, left--) {
			vgic_unlink(vm, p->irq[i].guest);
		}
	}
	vm->pass_links = 0;
	vm->pass_streams = 0;
}
