/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every CPU needs once before it runs guests: trap controls in a known
 * state, whatever firmware left there (all of these are UNKNOWN at reset).
 */
#include "arch/aarch64/cpu.h"

#include "arch/aarch64/smp.h"
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

#define CNTHCTL_EL1PCTEN BIT(0) /* the counter does not trap; the EL1 physical timer does */

static enum mitigations mitigations = MITIGATIONS_AUTO;

void cpu_set_mitigations(enum mitigations m)
{
	mitigations = m;
}

/* MIDR part numbers (implementer 0x41) whose EL2 entry is hardened when `auto`. */
static bool midr_needs_hardening(u64 midr)
{
	static const u16 parts[] = {
		0xd07, 0xd08, 0xd09, 0xd0a, /* Cortex-A57, A72, A73, A75 */
		0xd0b, 0xd0c, 0xd0d, 0xd0e, /* A76, Neoverse N1, A77, A76AE */
		0xd40, 0xd41, 0xd42, 0xd44, /* Neoverse V1, A78, A78AE, X1 */
		0xd47, 0xd48, 0xd49, 0xd4b, 0xd4c, /* A710, X2, Neoverse N2, A78C, X1C */
	};
	unsigned int part = (unsigned int)(midr >> 4 & 0xfff);

	if (midr >> 24 != 0x41) {
		return false;
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(parts); i++) {
		if (parts[i] == part) {
			return true;
		}
	}
	return false;
}

static bool cpu_is_hardened(void)
{
	if (mitigations != MITIGATIONS_AUTO) {
		return mitigations == MITIGATIONS_ON;
	}
	return midr_needs_hardening(read_midr_el1());
}

void cpu_setup_el2(void)
{
	u64 dfr0 = read_id_aa64dfr0_el1();
	u64 mmfr0 = read_id_aa64mmfr0_el1();
	u64 mmfr1 = read_id_aa64mmfr1_el1();
	u64 pmuver = dfr0 >> 8 & 0xf;
	u64 mdcr = MDCR_TPMCR | MDCR_TPM | MDCR_TDA | MDCR_TDOSA | MDCR_TDRA | MDCR_TPMS | MDCR_TTRF |
		   MDCR_TDCC;

	if (pmuver != 0 && pmuver != 0xf) {
		mdcr |= read_pmcr_el0() >> 11 & 0x1f; /* HPMN: all counters, as at reset */
	}
	write_mdcr_el2(mdcr);
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
	}
	if ((mmfr1 >> 40 & 0xf) != 0) { /* FEAT_HCX */
		write_hcrx_el2(0);
	}
	isb(); /* all of the above before anything depends on it */
	write_vbar_el2((u64)(cpu_is_hardened() ? vectors_hard : vectors));
	isb();
}

unsigned int cpu_pa_bits(void)
{
	static const u8 bits[] = { 32, 36, 40, 42, 44, 48, 48, 48 };

	return bits[read_id_aa64mmfr0_el1() & 7];
}
