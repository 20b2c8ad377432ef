/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A GICv3 whose virtual interrupts do not arrive: the CPU interface asserts a line towards the core that nobody has
 * connected (QEMU's i.MX8MP before 10.0.3). A guest would wait for ever; so one interrupt is put into a list
 * register and ISR_EL1 (ARM ARM D24.2.62) read at EL1, where it shows virtual interrupts.
 */
#include "arch/aarch64/gic/gic_drv.h"
#include "arch/aarch64/tlb.h"
#include "arch/arch.h"
#include "core/spec/hcr.h"

#define ISR_I BIT(7)
#define SCTLR_EL1_OFF 0x30d00800UL /* RES1, no MMU */

u64 arch_isr_at_el1(pa_t code);
extern const char isr_at_el1[];

__cold bool gic_is_deaf(void)
{
	u64 hcr = read_hcr_el2(), flags = irq_save(), isr;

	write_icc_pmr_el1(0); /* none of the machine's in between */
	gic_set_vmcr(ICH_VMCR_RESET | ICH_VMCR_PMR | ICH_VMCR_ENG1);
	gic_lr_write(0, ICH_LR_PENDING | ICH_LR_GROUP | gic_hw.vtimer_intid);
	gic_set_vcpu_hcr(ICH_HCR_EN);
	write_hcr_el2(hcr | HCR_TID3);
	write_sctlr_el1(SCTLR_EL1_OFF);
	isr = arch_isr_at_el1(arch_image_pa(isr_at_el1));
	stage1_walks_off();
	tlb_flush_local_all_el1();
	write_hcr_el2(hcr);
	gic_set_vcpu_hcr(0);
	write_icc_pmr_el1(0xff);
	isb();
	irq_restore(flags);
	return (isr & ISR_I) == 0;
}
