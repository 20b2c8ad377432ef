/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which hardening of EL2 entry a CPU needs. Branch target injection (CVE-2017-5715) is closed by the
 * core where ID_AA64PFR0_EL1.CSV2 says so, else by a call to the firmware; branch history injection
 * (CVE-2022-23960) by CSV2 = 3, ECBHB, CLRBHB, a loop of branches as long as the history of the core,
 * or again the firmware. Speculative store bypass stays off in EL2 and, where it takes the firmware to
 * do so, in guests (SMCCC_ARCH_WORKAROUND_2); where there is PSTATE.SSBS, exception entry clears it
 * (SCTLR_EL2.DSSBS = 0).
 */
#include "arch/aarch64/mitigations.h"

#include "arch/aarch64/cpu.h"
#include "arch/arch.h"
#include "core/base/log.h"
#include "core/spec/psci.h"
#include "core/spec/smccc.h"

_Static_assert(offsetof(struct percpu, hardening) == 0 && offsetof(struct hardening, fid) == 4, "entry.S");

#define LOOP_UNKNOWN 32 /* mitigations=on for a core without an entry */

/* Arm's cores by MIDR part number: loop count, as Arm's Spectre-BHB note and its firmware give it. */
static const struct core {
	u16 part;
	u8 loop;
	u8 csv2_safe; /* in order: nothing is executed far enough ahead, although CSV2 is 0 */
	u8 firmware;  /* only the firmware can clear its branch history */
} cores[] = {
	{ 0xd03, 0, 1, 0 }, /* Cortex-A53 */
	{ 0xd04, 0, 1, 0 }, /* Cortex-A35 */
	{ 0xd05, 0, 1, 0 }, /* Cortex-A55 */
	{ 0xd07, 8, 0, 0 }, /* Cortex-A57 */
	{ 0xd08, 8, 0, 0 }, /* Cortex-A72 */
	{ 0xd09, 0, 0, 1 }, /* Cortex-A73 */
	{ 0xd0a, 0, 0, 1 }, /* Cortex-A75 */
	{ 0xd0b, 24, 0, 0 }, /* Cortex-A76 */
	{ 0xd0c, 24, 0, 0 }, /* Neoverse N1 */
	{ 0xd0d, 24, 0, 0 }, /* Cortex-A77 */
	{ 0xd0e, 24, 0, 0 }, /* Cortex-A76AE */
	{ 0xd40, 32, 0, 0 }, /* Neoverse V1 */
	{ 0xd41, 32, 0, 0 }, /* Cortex-A78 */
	{ 0xd42, 32, 0, 0 }, /* Cortex-A78AE */
	{ 0xd44, 32, 0, 0 }, /* Cortex-X1 */
	{ 0xd47, 32, 0, 0 }, /* Cortex-A710 */
	{ 0xd48, 32, 0, 0 }, /* Cortex-X2 */
	{ 0xd49, 32, 0, 0 }, /* Neoverse N2 */
	{ 0xd4b, 32, 0, 0 }, /* Cortex-A78C */
	{ 0xd4c, 32, 0, 0 }, /* Cortex-X1C */
	{ 0xd4d, 38, 0, 0 }, /* Cortex-A715 */
	{ 0xd4e, 132, 0, 0 }, /* Cortex-X3 */
	{ 0xd4f, 132, 0, 0 }, /* Neoverse V2 */
	{ 0xd81, 132, 0, 0 }, /* Cortex-A720 */
};

bool arch_recheck_faults;

static enum mitigations mode = MITIGATIONS_AUTO;

static const struct core *find_core(u64 midr)
{
	static const struct core unknown;

	for (unsigned int i = 0; i < ARRAY_SIZE(cores) && midr >> 24 == 0x41; i++) {
		if (cores[i].part == (midr >> 4 & 0xfff)) {
			return &cores[i];
		}
	}
	return &unknown;
}

bool core_hides_stage1_faults(u64 midr)
{
	u64 variant = midr >> 20 & 0xf, revision = midr & 0xf;

	return (midr & 0xff00fff0) == 0x4100d070 && (variant == 0 || (variant == 1 && revision <= 2));
}

struct hardening_choice harden_choose(const struct cpu_ids *ids, enum mitigations m, const u8 fw[3])
{
	const struct core *core = find_core(ids->midr);
	unsigned int csv2 = ids->pfr0 >> 56 & 0xf;
	bool targets = csv2 == 0 && !core->csv2_safe && fw[0] != WA_UNAFFECTED;
	bool history = csv2 < 3 && !core->csv2_safe && (ids->mmfr1 >> 60 & 0xf) == 0; /* ECBHB */
	bool clrbhb = (ids->isar2 >> 28 & 0xf) != 0;
	struct hardening_choice c = { .h = { 0, 0 } };

	if (m == MITIGATIONS_OFF) {
		return c;
	}
	/* Either call does what WORKAROUND_1 does, 3 clears the history besides (DEN 0028 7.6). */
	if (targets || (history && !clrbhb && core->firmware)) {
		c.h.fid = fw[2] == WA_CALL ? SMCCC_ARCH_WORKAROUND_3 :
			  fw[0] == WA_CALL ? SMCCC_ARCH_WORKAROUND_1 : 0;
		/* An implementer not named here keeps silent about CSV2: nothing is known to be wrong. */
		c.exposed = c.h.fid == 0 && (core->loop != 0 || core->firmware);
	}
	if (history && c.h.fid == 0) {
		c.clrbhb = clrbhb;
		c.h.loop = clrbhb ? 0 : core->loop;
		if (!clrbhb && core->loop == 0 && fw[2] == WA_CALL) {
			c.h.fid = SMCCC_ARCH_WORKAROUND_3;
		}
	}
	if (m == MITIGATIONS_ON && !c.clrbhb && c.h.loop == 0 && c.h.fid == 0) {
		c.h.loop = MAX(core->loop, LOOP_UNKNOWN);
	}
	return c;
}

static struct cpu_ids read_ids(void)
{
	return (struct cpu_ids){
		.midr = read_midr_el1(),
		.pfr0 = read_id_aa64pfr0_el1(),
		.mmfr1 = read_id_aa64mmfr1_el1(),
		.isar2 = read_id_aa64isar2_el1(),
	};
}

/* Only firmware of PSCI 1.0 on can say that it knows SMCCC 1.1 (DEN 0028 Appendix B). */
static bool firmware_has_smccc_1_1(void)
{
	struct smc_result r;

	return arch_firmware(PSCI_VERSION, 0, 0, 0, &r) && (s32)r.a[0] >= 0x10000 &&
	       arch_firmware(PSCI_FEATURES, SMCCC_VERSION, 0, 0, &r) && (s32)r.a[0] >= 0 &&
	       arch_firmware(SMCCC_VERSION, 0, 0, 0, &r) && (s32)r.a[0] >= SMCCC_1_1;
}

static u8 ask(u32 fid)
{
	struct smc_result r;

	if (!arch_firmware(SMCCC_ARCH_FEATURES, fid, 0, 0, &r)) {
		return WA_NONE;
	}
	switch ((s32)r.a[0]) {
	case SMCCC_SUCCESS:
		return WA_CALL;
	case SMCCC_UNAFFECTED:
		return WA_UNAFFECTED;
	case SMCCC_NOT_REQUIRED:
		return WA_NOT_REQUIRED;
	default:
		return WA_NONE;
	}
}

void mitigations_init(enum mitigations m)
{
	mode = m;
}

void mitigations_vectors(const struct percpu *c)
{
	write_vbar_el2((u64)(c->clrbhb || c->hardening.loop != 0 || c->hardening.fid != 0 ? vectors_hard :
										       vectors));
	isb();
}

void mitigations_init_cpu(struct percpu *c)
{
	static const u32 fid[3] = {
		SMCCC_ARCH_WORKAROUND_1, SMCCC_ARCH_WORKAROUND_2, SMCCC_ARCH_WORKAROUND_3,
	};
	struct cpu_ids ids = read_ids();
	struct hardening_choice choice;
	struct smc_result r;

	if (firmware_has_smccc_1_1()) {
		for (unsigned int i = 0; i < ARRAY_SIZE(fid); i++) {
			c->workaround[i] = ask(fid[i]);
		}
	}
	choice = harden_choose(&ids, mode, c->workaround);
	c->hardening = choice.h;
	c->clrbhb = choice.clrbhb;
	c->exposed = choice.exposed;
	c->midr = ids.midr;
	c->revidr = (u32)read_revidr_el1();
	arch_recheck_faults |= core_hides_stage1_faults(ids.midr);
	if (c->workaround[1] == WA_CALL) {
		(void)arch_firmware(SMCCC_ARCH_WORKAROUND_2, mode != MITIGATIONS_OFF, 0, 0, &r);
	}
	mitigations_vectors(c);
}

void mitigations_report(const struct percpu *c)
{
	static bool warned;

	log_debug("CPU %u: MIDR 0x%lx, EL2 entry: history loop %u, firmware call 0x%x, CLRBHB %s", c->id,
		  c->midr, c->hardening.loop, c->hardening.fid, c->clrbhb ? "yes" : "no");
	if (c->id == 0 || c->midr != percpus[0].midr || c->revidr != percpus[0].revidr) {
		errata_report(c->id, c->midr, c->revidr);
	}
	if (c->exposed && !warned) {
		warned = true;
		log_warn("CPU %u and its like: guests may steer the branch predictor, the firmware has no "
			 "SMCCC_ARCH_WORKAROUND_1 or 3", c->id);
	}
}
