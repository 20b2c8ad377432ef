/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls of guests by HVC or SMC (DEN 0028, SMCCC 1.1). Nothing reaches the firmware but the speculation
 * workarounds and what `pass smc:` lists; what is unknown gets -1, silently.
 */
#include "core/exit.h"

#include "core/psci.h"
#include "core/rng.h"
#include "core/spec/esr.h"
#include "core/spec/psci.h"
#include "core/spec/smccc.h"
#include "core/stolen.h"
#include "core/vm.h"

/* Our own UUID in the vendor hypervisor range, so that a guest can tell (DEN 0028 6.2). */
static const u32 hyp_uid[4] = { 0x516f6e71, 0x4b8a6c1d, 0x7e93a2b4, 0x0d5f2c68 };
/* TRNG back end: this generator (DEN 0098 2.3). */
static const u32 trng_uid[4] = { 0x1c8e77a3, 0x4f02b96d, 0xd58a31be, 0x61294c07 };

static void set_result(struct vcpu *v, u64 x0, u64 x1, u64 x2, u64 x3)
{
	v->x[0] = x0;
	v->x[1] = x1;
	v->x[2] = x2;
	v->x[3] = x3;
}

/* Cores without branch prediction across contexts or speculative bypass: Cortex-A35, A53, A55. */
static bool core_is_safe(const struct percpu *c)
{
	u64 part = (c->midr >> 4) & 0xfff;

	return (c->midr >> 24 & 0xff) == 0x41 && (part == 0xd04 || part == 0xd03 || part == 0xd05);
}

/*
 * What a workaround call would do on a CPU: the CPU does not need it, or the firmware's answer.
 * WORKAROUND_2 acts on the CPU, not on a guest: it is on for good where the firmware has it, and a
 * guest is told that nothing is left to do (DEN 0028 7.5).
 */
static s64 state_on(const struct percpu *c, u32 fid)
{
	static const int8_t answer[] = {
		[WA_NONE] = SMCCC_NOT_SUPPORTED, [WA_CALL] = SMCCC_SUCCESS,
		[WA_UNAFFECTED] = SMCCC_UNAFFECTED, [WA_NOT_REQUIRED] = SMCCC_NOT_REQUIRED,
	};
	u64 csv2 = (c->pfr0 >> 56) & 0xf;

	if (fid == SMCCC_ARCH_WORKAROUND_2) {
		return core_is_safe(c) || c->workaround[1] == WA_CALL ? SMCCC_NOT_REQUIRED :
								       answer[c->workaround[1]];
	}
	if (core_is_safe(c) || csv2 >= (fid == SMCCC_ARCH_WORKAROUND_1 ? 1 : 3)) {
		return SMCCC_UNAFFECTED;
	}
	return answer[c->workaround[fid == SMCCC_ARCH_WORKAROUND_1 ? 0 : 2]];
}

/* For a vCPU, which may move: a call if one of its CPUs wants it, else whatever is worst. */
static s64 workaround_state(const struct vcpu *v, u32 fid)
{
	s64 worst = state_on(this_cpu(), fid);

	for (u32 i = 0; i < cpu_count && worst != SMCCC_SUCCESS; i++) {
		const struct percpu *c = &percpus[i];

		if (c->online && (v->thread.allowed & BIT(i)) != 0) {
			s64 state = state_on(c, fid);

			worst = state == SMCCC_SUCCESS || state == SMCCC_NOT_SUPPORTED ? state : worst;
		}
	}
	return worst;
}

static s64 workaround(const struct vcpu *v, u32 fid)
{
	const struct percpu *c = this_cpu();
	u32 at_entry = c->hardening.fid & ~(u32)BIT(HARDENING_TRACE_BIT);
	struct smc_result r;

	if (workaround_state(v, fid) == SMCCC_NOT_SUPPORTED) {
		return SMCCC_NOT_SUPPORTED;
	}
	/* The way into EL2 may have made a call that does at least the same (arch/aarch64/mitigations.c). */
	if (state_on(c, fid) == SMCCC_SUCCESS && at_entry != fid && at_entry != SMCCC_ARCH_WORKAROUND_3) {
		(void)arch_firmware(fid, 0, 0, 0, &r);
	}
	/* Harmless where it is not needed, as ARCH_FEATURES has said. */
	return SMCCC_SUCCESS;
}

static s64 arch_features(const struct vcpu *v, u32 fid)
{
	switch (fid) {
	case SMCCC_VERSION:
	case SMCCC_ARCH_FEATURES:
		return SMCCC_SUCCESS;
	case PV_TIME_FEATURES:
		return stolen_features(v, fid);
	case SMCCC_ARCH_WORKAROUND_1:
	case SMCCC_ARCH_WORKAROUND_2:
	case SMCCC_ARCH_WORKAROUND_3:
		return workaround_state(v, fid);
	default:
		return SMCCC_NOT_SUPPORTED;
	}
}

static s64 trng_features(u32 fid)
{
	return fid >= TRNG_VERSION && fid <= TRNG_RND32 ? 0 :
	       fid == TRNG_RND64 ? 0 : TRNG_NOT_SUPPORTED;
}

/* `bits` random bits, the low ones in x3; words of 4 or 8 bytes (DEN 0098 2.4). */
static void trng_rnd(struct vcpu *v, u64 bits, unsigned int word)
{
	u64 out[3] = { 0, 0, 0 };
	u8 buf[24];

	if (bits == 0 || bits > 24 * word) {
		v->x[0] = (u64)TRNG_INVALID_PARAMETERS;
		return;
	}
	if (rng_bytes(buf, sizeof(buf)) != 0) {
		v->x[0] = (u64)TRNG_NO_ENTROPY;
		return;
	}
	for (unsigned int i = 0; i < bits; i++) {
		out[i / (8 * word)] |= (u64)((buf[i / 8] >> (i % 8)) & 1) << (i % (8 * word));
	}
	set_result(v, 0, out[2], out[1], out[0]);
}

static __noinline void trng_call(struct vcpu *v, u32 fid)
{
	if (!rng_ready()) {
		v->x[0] = (u64)TRNG_NOT_SUPPORTED;
		return;
	}
	switch (fid) {
	case TRNG_VERSION:
		v->x[0] = TRNG_1_0;
		break;
	case TRNG_FEATURES:
		v->x[0] = (u64)trng_features((u32)v->x[1]);
		break;
	case TRNG_GET_UUID:
		set_result(v, trng_uid[0], trng_uid[1], trng_uid[2], trng_uid[3]);
		break;
	case TRNG_RND32:
		trng_rnd(v, (u32)v->x[1], 4);
		break;
	default:
		trng_rnd(v, v->x[1], 8);
		break;
	}
}

static __noinline void arch_call(struct vcpu *v, u32 fid)
{
	switch (fid) {
	case SMCCC_VERSION:
		v->x[0] = SMCCC_1_1;
		break;
	case SMCCC_ARCH_FEATURES:
		v->x[0] = (u64)arch_features(v, (u32)v->x[1]);
		break;
	case SMCCC_ARCH_WORKAROUND_1:
	case SMCCC_ARCH_WORKAROUND_2:
	case SMCCC_ARCH_WORKAROUND_3:
		v->x[0] = (u64)workaround(v, fid);
		break;
	default:
		v->x[0] = (u64)SMCCC_NOT_SUPPORTED;
		break;
	}
}

/* A function of the machine's firmware that `pass smc:` lets this VM call: the firmware gets what was looked at. */
static bool passed_call(struct vcpu *v, u32 fid)
{
	const struct cfg_smc *s = v->vm->cfg->smc;

	while (s != NULL && (fid < s->first || fid > s->last)) {
		s = s->next;
	}
	if (s == NULL) {
		return false;
	}
	v->x[0] = fid;
	return arch_firmware_guest(v->x);
}

/* Any call but PSCI_VERSION; the PC is behind it. */
static __noinline void smccc_call(struct vcpu *v)
{
	u32 fid = (u32)v->x[0], both = fid & ~(u32)SMCCC_64;

	if (both - PSCI_VERSION < PSCI_FUNCTIONS) {
		psci_call(v, fid);
	} else if (both - TRNG_VERSION <= TRNG_RND32 - TRNG_VERSION &&
		   (fid == both || fid == TRNG_RND64)) {
		trng_call(v, fid);
	} else if (fid - SMCCC_VERSION <= SMCCC_NUMBER) {
		arch_call(v, fid);
	} else if (fid - PV_TIME_FEATURES <= PV_TIME_ST - PV_TIME_FEATURES) {
		v->x[0] = (u64)(fid == PV_TIME_ST ? stolen_structure(v) : stolen_features(v, (u32)v->x[1]));
	} else if (fid == SMCCC_VENDOR_HYP_UID) {
		set_result(v, hyp_uid[0], hyp_uid[1], hyp_uid[2], hyp_uid[3]);
	} else if (v->calls != 0 && passed_call(v, fid)) {
		return; /* behind PSCI and the ranges above, which are never the firmware's */
	} else {
		v->x[0] = (u64)SMCCC_NOT_SUPPORTED;
	}
}

void exit_hvc(struct vcpu *v, u64 esr)
{
	/* Immediates other than 0 are nobody's convention. */
	if (unlikely((esr & ESR_IMM16) != 0)) {
		/* An undefined instruction returns to itself; HVC has already moved the PC. */
		write_elr_el2(read_elr_el2() - 4);
		exit_unknown(v, esr);
		return;
	}
	if (likely((u32)v->x[0] == PSCI_VERSION)) {
		v->x[0] = PSCI_1_1;
		return;
	}
	smccc_call(v);
}

static __noinline void smc_special(struct vcpu *v, u64 esr)
{
	vcpu_skip_instruction(v, esr);
	smccc_call(v);
}

void exit_smc(struct vcpu *v, u64 esr)
{
	if (unlikely((esr & ESR_IMM16) != 0)) {
		exit_unknown(v, esr);
		return;
	}
	/* Trapped by HCR_EL2.TSC: the PC is still at the SMC. */
	if (unlikely(!skip_is_plain(read_spsr_el2()))) {
		smc_special(v, esr);
		return;
	}
	skip_plain();
	if (likely((u32)v->x[0] == PSCI_VERSION)) {
		v->x[0] = PSCI_1_1;
		return;
	}
	smccc_call(v);
}
