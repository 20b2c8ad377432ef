/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every CPU needs once before it runs guests: trap controls in a known
 * state, whatever firmware left there (all of these are UNKNOWN at reset).
 */
#include "arch/aarch64/cpu.h"

#include "arch/aarch64/mitigations.h"
#include "arch/aarch64/smp.h"
#include "arch/aarch64/tlb.h"
#include "arch/arch.h"
#include "core/spec/hcr.h"

/* CPTR_EL2, E2H = 0 format: SVE, SME, AMU, trace trapped; FP not (EL2 uses none). */
#define CPTR_VALUE (0x33ffUL | BIT(20) | BIT(30))

/* MDCR_EL2: debug, PMU, SPE, trace and the OS lock are trapped. */
#define MDCR_TPMCR BIT(5)
#define MDCR_TPM BIT(6)
#define MDCR_TDA BIT(9)
#define MDCR_TDOSA BIT(10)
#define MDCR_TDRA BIT(11)
#define MDCR_TPMS BIT(14)
#define MDCR_TTRF BIT(19)
#define MDCR_TDCC BIT(27)

#define MPAM2_TRAP1 BIT(48)
#define MPAM2_TRAP0 BIT(49)
#define MPAM2_TIDR  BIT(58)
#define MPAMIDR_HAS_HCR BIT(17)
#define MPAMHCR_TRAP_MPAMIDR BIT(31)

#define CNTHCTL_EL1PCTEN BIT(0) /* the counter does not trap; the EL1 physical timer does */

void cpu_setup_el2(void)
{
	u64 pfr0 = read_id_aa64pfr0_el1();
	u64 mmfr0 = read_id_aa64mmfr0_el1();
	u64 mmfr1 = read_id_aa64mmfr1_el1();
	u64 mdcr = MDCR_TPMCR | MDCR_TPM | MDCR_TDA | MDCR_TDOSA | MDCR_TDRA | MDCR_TPMS | MDCR_TTRF |
		   MDCR_TDCC;

	write_mdcr_el2(mdcr | pmu_setup_cpu()); /* HPMN: all counters, as at reset */
	/* A guest's OS lock is emulated; the CPU's own would keep its breakpoints from working. */
	write_mdscr_el1(0);
	write_oslar_el1(0);
	write_hcr_el2(HCR_RW | HCR_IMO | HCR_FMO | HCR_AMO);
	write_cptr_el2(CPTR_VALUE);
	write_hstr_el2(0);
	write_hacr_el2(0);
	write_cnthctl_el2(CNTHCTL_EL1PCTEN);
	write_cntvoff_el2(0);
	write_cntv_ctl_el0(0);
	write_cntp_ctl_el0(0);
	write_cnthp_ctl_el2(0);
	write_vttbr_el2(0);
	/* Controls of later extensions, where they exist: nothing enabled, nothing trapped by chance. */
	if ((mmfr0 >> 56 & 0xf) != 0) { /* FEAT_FGT */
		write_hfgrtr_el2(0);
		write_hfgwtr_el2(0);
		write_hfgitr_el2(0);
		write_hdfgrtr_el2(0);
		write_hdfgwtr_el2(0);
		if ((pfr0 >> 44 & 0xf) != 0) { /* AMU */
			write_hafgrtr_el2(0);
		}
	}
	if ((mmfr0 >> 56 & 0xf) > 1) { /* FEAT_FGT2 */
		write_hfgrtr2_el2(0);
		write_hfgwtr2_el2(0);
		write_hfgitr2_el2(0);
		write_hdfgrtr2_el2(0);
		write_hdfgwtr2_el2(0);
	}
	if ((pfr0 >> 40 & 0xf) != 0 || (read_id_aa64pfr1_el1() >> 16 & 0xf) != 0) { /* MPAM */
		write_mpam2_el2(MPAM2_TIDR | MPAM2_TRAP1 | MPAM2_TRAP0);
		if ((read_mpamidr_el1() & MPAMIDR_HAS_HCR) != 0) {
			write_mpamhcr_el2(MPAMHCR_TRAP_MPAMIDR);
		}
	}
	if ((pfr0 >> 28 & 0xf) != 0) { /* RAS: syndrome of virtual SErrors, deferred ones */
		write_vsesr_el2(0);
		write_vdisr_el2(0);
	}
	if ((mmfr1 >> 40 & 0xf) != 0) { /* FEAT_HCX */
		write_hcrx_el2(0);
	}
	/*
	 * No EL1&0 walk happens until a vCPU is loaded (arch/aarch64/vcpu.c); what firmware or a
	 * bootloader left in the TLBs under any VMID is dropped.
	 */
	stage1_walks_off();
	tlb_flush_local_all_el1();
}

unsigned int cpu_pa_bits(void)
{
	static const u8 bits[] = { 32, 36, 40, 42, 44, 48, 48, 48 };

	return bits[read_id_aa64mmfr0_el1() & 7];
}

/* The hardened vectors are also those that trace: what they read of the CPU says so. */
void arch_trace(bool on)
{
	struct percpu *c = this_cpu();

	c->hardening.fid &= ~(u32)BIT(HARDENING_TRACE_BIT);
	c->hardening.fid |= (u32)on << HARDENING_TRACE_BIT;
	mitigations_vectors(c);
}
