/* SPDX-License-Identifier: Apache-2.0 */
/* Devices that a VM is given. */
#include <stdio.h>
#include <string.h>
#include "core/board.h"
#include "tools/qvm-check/qvm_check.h"

static void report_fault(const struct cfg_pass *p, const struct board *b, u8 iommu)
{
	if (b != NULL) {
		printf(" of the %s at 0x%lx", b->iommu[iommu].compatible != NULL ? b->iommu[iommu].compatible : "IOMMU",
		       b->iommu[iommu].regs.start);
	}
	printf(", a fault %s\n", p->fault_stop ? "stops the VM" : "is logged");
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
		report_fault(p, b, p->stream[0].iommu);
	} else if (p->pci_count != 0 && f->has_stream) {
		printf("    DMA: the VM's memory only, stream 0x%x", f->stream.sid);
		report_fault(p, b, f->stream.iommu);
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
