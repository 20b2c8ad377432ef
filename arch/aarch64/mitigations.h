/* SPDX-License-Identifier: Apache-2.0 */
/* How a CPU is hardened against speculation steered by guests; docs/errata.md has the rules. */
#ifndef QUOIN_ARCH_AARCH64_MITIGATIONS_H
#define QUOIN_ARCH_AARCH64_MITIGATIONS_H

#include "core/base/percpu.h"

enum mitigations { MITIGATIONS_AUTO, MITIGATIONS_ON, MITIGATIONS_OFF };

/* The identification registers that decide. */
struct cpu_ids {
	u64 midr, pfr0, mmfr1, isar2; /* MIDR_EL1, ID_AA64PFR0_EL1, ID_AA64MMFR1_EL1, ID_AA64ISAR2_EL1 */
};

struct hardening_choice {
	struct hardening h;
	bool clrbhb;  /* CLRBHB at each entry */
	bool exposed; /* the core needs a firmware call that the firmware does not offer */
};

/* harden_choose - pure. `fw`: enum workaround_state of SMCCC_ARCH_WORKAROUND_1..3. */
struct hardening_choice harden_choose(const struct cpu_ids *ids, enum mitigations m, const u8 fw[3]);

/* core_hides_stage1_faults - Cortex-A57 before r1p3, erratum 834220; pure. */
bool core_hides_stage1_faults(u64 midr);

/* mitigations_init - `mitigations=`; before mitigations_init_cpu() of any CPU. Boot. */
void mitigations_init(enum mitigations m);
/* mitigations_init_cpu - ask the firmware, choose and set VBAR_EL2. Every CPU, itself. */
void mitigations_init_cpu(struct percpu *c);
/* mitigations_vectors - VBAR_EL2 as c->hardening needs it. Every CPU, itself; masked. */
void mitigations_vectors(const struct percpu *c);
/* mitigations_report - what CPU `c` uses, at -v; what it lacks, always. Boot CPU. */
void mitigations_report(const struct percpu *c);

/* What becomes of an erratum: EL2 does without what triggers it; only EL3 can; nobody does. */
enum erratum_how { ERRATUM_APPLIED, ERRATUM_FIRMWARE, ERRATUM_OPEN };

/*
 * errata_text - the numbers of the errata that a core has and `how` is said of, each behind a blank; false: none, *buf is
 * empty. What does not fit is left out. Pure.
 */
bool errata_text(u64 midr, u64 revidr, enum erratum_how how, char *buf, size_t size);
/* errata_report - all of them, a line for each kind, at -v. Boot CPU. */
void errata_report(u32 cpu, u64 midr, u64 revidr);

#endif
