/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A vCPU's EL1 state in and out of the hardware (ARM ARM D1.4). Switched only
 * when a different vCPU takes the CPU.
 */
#include "arch/arch.h"

#include <string.h>
#include "arch/aarch64/tlb.h"
#include "core/spec/hcr.h"

#define CNTHCTL_EL1PCTEN BIT(0)

_Static_assert(offsetof(struct vcpu_sysregs, fpcr) == offsetof(struct vcpu_sysregs, q) + 512, "fp.S");
_Static_assert(offsetof(struct vcpu_sysregs, fpsr) == offsetof(struct vcpu_sysregs, q) + 520, "fp.S");

void fp_save(__uint128_t q[32]);
void fp_restore(const __uint128_t q[32]);
void debug_write(const u64 bp[][2], u64 breakpoints, const u64 wp[][2], u64 watchpoints);

/* SCTLR_EL1 after reset: RES1 bits of ARMv8.0 only; MMU and caches off (ARM ARM, SCTLR_EL1). */
#define SCTLR_EL1_RESET 0x30d00800UL

void arch_vcpu_reset(struct vcpu_sysregs *r)
{
	memset(r, 0, sizeof(*r));
	r->sctlr = SCTLR_EL1_RESET;
}

/* ID_AA64PFR0_EL1.RAS: a guest reaches VDISR_EL2 as DISR_EL1, though it is told of no RAS. */
static bool cpu_has_ras(void)
{
	return (read_id_aa64pfr0_el1() >> 28 & 0xf) != 0;
}

#define EACH_KEY(op) \
	op(0, apiakeylo) op(1, apiakeyhi) op(2, apibkeylo) op(3, apibkeyhi) op(4, apdakeylo) \
	op(5, apdakeyhi) op(6, apdbkeylo) op(7, apdbkeyhi) op(8, apgakeylo) op(9, apgakeyhi)

static void keys_load(const u64 key[10])
{
#define LOAD(n, name) write_##name##_el1(key[n]);
	EACH_KEY(LOAD)
#undef LOAD
}

static void keys_save(u64 key[10])
{
#define SAVE(n, name) key[n] = read_##name##_el1();
	EACH_KEY(SAVE)
#undef SAVE
}

void arch_debug_load(const struct vcpu_debug *d)
{
	u64 dfr0 = read_id_aa64dfr0_el1();

	if (d == NULL) {
		write_mdscr_el1(0);
		return;
	}
	debug_write(d->bp, (dfr0 >> 12 & 0xf) + 1, d->wp, (dfr0 >> 20 & 0xf) + 1);
	write_mdscr_el1(d->mdscr);
}

/* Stage 1 is off here, since cpu_setup_el2() or the last arch_vcpu_put(). */
void arch_vcpu_load(const struct vcpu_sysregs *r, const struct vcpu_el2 *e)
{
	write_hcr_el2(e->hcr);
	write_vtcr_el2(e->vtcr);
	write_vttbr_el2(e->vttbr);
	write_vmpidr_el2(e->vmpidr);
	write_vpidr_el2(e->vpidr);
	write_cntvoff_el2(e->cntvoff);
	/* The physical counter has to show the same time: it traps where there is an offset. */
	write_cnthctl_el2(e->cntvoff == 0 ? CNTHCTL_EL1PCTEN : 0);
	write_cpacr_el1(r->cpacr);
	write_ttbr0_el1(r->ttbr0);
	write_ttbr1_el1(r->ttbr1);
	write_mair_el1(r->mair);
	write_amair_el1(r->amair);
	write_vbar_el1(r->vbar);
	write_contextidr_el1(r->contextidr);
	write_sp_el0(r->sp_el0);
	write_sp_el1(r->sp_el1);
	write_elr_el1(r->elr);
	write_spsr_el1(r->spsr);
	write_esr_el1(r->esr);
	write_far_el1(r->far);
	write_afsr0_el1(r->afsr0);
	write_afsr1_el1(r->afsr1);
	write_par_el1(r->par);
	write_tpidr_el0(r->tpidr_el0);
	write_tpidr_el1(r->tpidr_el1);
	write_tpidrro_el0(r->tpidrro_el0);
	write_csselr_el1(r->csselr);
	write_cntkctl_el1(r->cntkctl);
	if (cpu_has_ras()) {
		write_vdisr_el2(r->disr);
	}
	if ((e->hcr & HCR_API) != 0) {
		keys_load(r->key);
	}
	if (r->debug.on) {
		arch_debug_load(&r->debug);
	}
	if (r->pmu.on) {
		arch_pmu_load(&r->pmu);
	}
	fp_restore(r->q);
	write_cntv_cval_el0(r->cntv_cval);
	/* Also: CVAL and CNTVOFF before the timer may fire. */
	stage1_walks_on(r->sctlr, r->tcr);
	write_cntv_ctl_el0(r->cntv_ctl);
	if (e->tlb_flush) {
		tlb_flush_local_stage1();
	}
}

void arch_vcpu_put(struct vcpu_sysregs *r)
{
	r->cntv_ctl = read_cntv_ctl_el0();
	write_cntv_ctl_el0(0);
	isb(); /* the line is down before anything else takes the CPU */
	r->cntv_cval = read_cntv_cval_el0();
	r->sctlr = read_sctlr_el1();
	r->cpacr = read_cpacr_el1();
	r->ttbr0 = read_ttbr0_el1();
	r->ttbr1 = read_ttbr1_el1();
	r->tcr = read_tcr_el1();
	r->mair = read_mair_el1();
	r->amair = read_amair_el1();
	r->vbar = read_vbar_el1();
	r->contextidr = read_contextidr_el1();
	r->sp_el0 = read_sp_el0();
	r->sp_el1 = read_sp_el1();
	r->elr = read_elr_el1();
	r->spsr = read_spsr_el1();
	r->esr = read_esr_el1();
	r->far = read_far_el1();
	r->afsr0 = read_afsr0_el1();
	r->afsr1 = read_afsr1_el1();
	r->par = read_par_el1();
	r->tpidr_el0 = read_tpidr_el0();
	r->tpidr_el1 = read_tpidr_el1();
	r->tpidrro_el0 = read_tpidrro_el0();
	r->csselr = read_csselr_el1();
	r->cntkctl = read_cntkctl_el1();
	if (cpu_has_ras()) {
		r->disr = read_vdisr_el2();
	}
	if ((read_hcr_el2() & HCR_API) != 0) {
		keys_save(r->key);
	}
	if (r->debug.on) {
		arch_debug_load(NULL);
	}
	if (r->pmu.on) {
		arch_pmu_put(&r->pmu);
	}
	stage1_walks_off();
	fp_save(r->q);
}

bool arch_guest_translate(u64 va, bool el0, ipa_t *ipa)
{
	u64 saved = read_par_el1();
	u64 par;

	if (el0) {
		__asm__ volatile("at s1e0r, %0" : : "r"(va));
	} else {
		__asm__ volatile("at s1e1r, %0" : : "r"(va));
	}
	isb(); /* the translation before PAR_EL1 is read */
	par = read_par_el1();
	write_par_el1(saved);
	if ((par & 1) != 0) {
		return false;
	}
	*ipa = (par & BITS(47, 12)) | (va & PAGE_MASK);
	return true;
}
