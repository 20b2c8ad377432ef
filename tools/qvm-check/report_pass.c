/* SPDX-License-Identifier: Apache-2.0 */
/* Devices: those a VM is given, and those a board has. */
#include <stdio.h>
#include <string.h>
#include "core/board.h"
#include "tools/qvm-check/qvm_check.h"

static const char *iommu_name(const struct board *b, u8 i)
{
	return b != NULL && b->iommu[i].compatible != NULL ? b->iommu[i].compatible : "IOMMU";
}

static void report_dma(const struct cfg_pass *p, const struct board *b)
{
	const struct pass_pci *f = p->pci;

	if (p->dma == PASS_DMA_UNPROTECTED) {
		printf("    DMA NOT CONFINED: it reaches all memory; the VM's RAM is at the host's addresses\n");
	} else if (p->dma == PASS_DMA_NONE) {
		printf("    DMA: none ('dma none')\n");
	} else if (p->stream_count != 0) {
		printf("    DMA: the VM's memory only, stream");
		for (u32 i = 0; i < p->stream_count; i++) {
			printf("%s 0x%x", i != 0 ? "," : "", p->stream[i].sid);
		}
		printf(" of the %s, a fault %s\n", iommu_name(b, p->stream[0].iommu), p->fault_stop ? "stops the VM" : "is logged");
	} else if (p->pci_count != 0 && f->has_stream) {
		printf("    DMA: the VM's memory only, stream 0x%x of the %s, a fault %s\n", f->stream.sid,
		       iommu_name(b, f->stream.iommu), p->fault_stop ? "stops the VM" : "is logged");
	} else if (p->pci_count != 0) {
		printf("    DMA: told when the VM starts\n");
	} else if (p->range_count != 0) {
		printf("    DMA: none, by its kind\n");
	}
}

static void attributes(u32 attrs, char *buf)
{
	static const char letters[] = "rwxcemd";

	for (u32 i = 0; i < sizeof(letters) - 1; i++) {
		if ((attrs & BIT(i)) != 0) {
			*buf++ = letters[i];
		}
	}
	*buf = '\0';
}

static void report_pass(const struct cfg_pass *p, const struct board *b)
{
	char attrs[8];

	printf("  %s%s\n", p->what, p->implied ? " (of the rest)" : "");
	for (u32 i = 0; i < p->range_count; i++) {
		const struct pass_range *r = &p->range[i];

		attributes(r->attrs, attrs);
		printf("    0x%010lx - 0x%010lx is host 0x%lx, %s%s\n", r->ipa, r->ipa + (r->size - 1), r->pa, attrs,
		       r->reserved ? ", reserved memory" : "");
	}
	for (u32 i = 0; i < p->irq_count; i++) {
		printf("    gic:%u is host interrupt %u, %s\n", p->irq[i].guest, p->irq[i].host,
		       p->irq[i].edge ? "edge" : "level");
	}
	for (u32 i = 0; i < p->clock_count; i++) {
		if (p->clock_hz[i] == 0) {
			printf("    clock %u is no fixed clock: left out of the guest's device tree\n", i);
		}
	}
	if (p->pci_count != 0) {
		printf("    PCI 00:%02x.%u in the guest%s\n", p->pci->guest_bdf >> 3 & 31, p->pci->guest_bdf & 7,
		       p->pci->no_intx ? ", without INTx" : "");
		printf("    whether the board has it, its BARs and its pin are seen when the VM starts\n");
	}
	report_dma(p, b);
}

void report_passes(const struct vm_config *cfg, const struct board *b)
{
	if (cfg->pass == NULL) {
		return;
	}
	printf("Devices of the host\n");
	for (const struct cfg_pass *p = cfg->pass; p != NULL; p = p->next) {
		if (p->kind == PASS_REST) {
			printf("  the rest: what follows%s\n", b == NULL ? " from the board, and" :
			       b->pci_count != 0 ? ", and PCI functions found when the VM starts" : "");
		} else if (p->kind == PASS_DT && b == NULL) {
			printf("  %s (no board given)\n", p->what);
		} else if (p->kind != PASS_SMC) {
			report_pass(p, b);
		}
	}
	for (const struct cfg_smc *s = cfg->smc; s != NULL; s = s->next) {
		printf("  firmware calls 0x%08x to 0x%08x\n", s->first, s->last);
	}
}

/* ---- A board by itself */

static bool report_device(const struct board_device *d, void *ctx)
{
	const struct board_limits *l = ctx;
	const char *who = NULL, *dma = d->dma == DMA_NEVER ? "no DMA" : d->stream_count != 0 && !d->other_iommu ?
			  "DMA confined" : "DMA not confined";

	for (u32 i = 0; i < d->reg_count && who == NULL; i++) {
		who = config_owner_of(l, &d->reg[i]);
	}
	if (!d->enabled) {
		return true;
	}
	printf("  %-36s %s\n   ", d->path, d->compatible != NULL ? d->compatible : "");
	for (u32 i = 0; i < d->reg_count; i++) {
		printf(" 0x%lx,0x%lx", d->reg[i].start, d->reg[i].size);
	}
	for (u32 i = 0; i < d->irq_count; i++) {
		printf("%s%u", i == 0 ? "  interrupt " : ",", d->irq[i].intid);
	}
	for (u32 i = 0; i < d->stream_count; i++) {
		printf("%s0x%x", i == 0 ? "  stream " : ",", d->stream[i].sid);
	}
	if (d->stream_count != 0 && l->board->iommu_count > 1) {
		printf(" of the IOMMU at 0x%lx", l->board->iommu[d->stream[0].iommu].regs.start);
	}
	printf("  %s%s", who != NULL ? "not to be passed: " : d->partial ? "not to be passed: too much of it" : dma,
	       who != NULL ? who : "");
	printf("%s%s\n", who == NULL && d->other_iommu != NULL ? ", its IOMMU is " : "",
	       who == NULL && d->other_iommu != NULL ? d->other_iommu : "");
	return true;
}

void report_devices(const struct board_limits *l)
{
	const struct board *b = l->board;

	for (u32 i = 0; i < b->iommu_count; i++) {
		const struct board_iommu *m = &b->iommu[i];

		printf("  IOMMU:    %s at 0x%lx%s%s%s\n", m->compatible != NULL ? m->compatible : "?", m->regs.start,
		       m->kind == IOMMU_OTHER ? ", " : m->kind == IOMMU_IPMMU && m->main == i ? ", the main one" : "",
		       m->kind != IOMMU_OTHER ? "" : m->reason != NULL ? m->reason : "of a kind that is not driven",
		       m->kind == IOMMU_OTHER ? ": it confines nothing" : "");
	}
	for (u32 i = 0; i < b->pci_count; i++) {
		const struct board_pci *p = &b->pci[i];
		u16 bdf = (u16)(p->bus_first << 8);
		struct pass_stream s;
		u32 its, id;

		printf("  PCI:      DMA %sconfined, MSIs to %s\n",
		       board_pci_stream(b, p, bdf, &s) && b->iommu[s.iommu].kind != IOMMU_OTHER ? "" : "not ",
		       board_pci_msi(b, p, bdf, &its, &id) ? "an ITS" :
		       board_pci_v2m(b, p, bdf) >= 0 ? "a GICv2m frame" : "nobody");
	}
	printf("devices (pass dt:PATH)\n");
	(void)board_device_walk(b, report_device, (void *)l);
}
