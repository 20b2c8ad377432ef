/* SPDX-License-Identifier: Apache-2.0 */
/* Exception classes, and what a guest sees when the monitor raises an exception in it. */
#include "tests/unit/test.h"
#include "tests/unit/guest_util.h"

static void every_class_has_a_handler(void)
{
	for (unsigned int i = 0; i < 64; i++) {
		CHECK(exit_table[i] != NULL);
	}
}

static u64 counted(const struct vcpu *v)
{
	u64 sum = 0;

	for (unsigned int i = 0; i < EXIT_REASONS; i++) {
		sum += v->exits[i];
	}
	return sum;
}

static void every_exit_counts_once(void)
{
	struct guest *g = guest_new();
	struct vcpu *v = g->v;

	for (unsigned int ec = 0; ec < 64; ec++) {
		u64 before = v->exits[ec], sum = counted(v);

		guest_rewind(g);
		v->work = VWORK_VGIC; /* WFI does not wait */
		guest_exit(g, ec, 0);
		CHECK_EQ(v->exits[ec], before + 1);
		CHECK_EQ(counted(v), sum + 1);
		CHECK(ec == EC_HVC64 || ec == EC_SYSREG || v->exits[ec] == 1);
	}
	exit_serror(v);
	CHECK_EQ(v->exits[EXIT_SERROR], 1);
	CHECK_EQ(counted(v), 65);
	/* The short paths. */
	v->x[0] = 0x84000000; /* PSCI_VERSION */
	guest_exit(g, EC_HVC64, 0);
	guest_exit(g, EC_SMC64, 0);
	CHECK_EQ(v->exits[EC_HVC64], 2);
	CHECK_EQ(v->exits[EC_SMC64], 2);
	g->vm.vgic.vcpus = 1;
	v->x[0] = 0; /* to nobody */
	guest_exit(g, EC_SYSREG, 3 << 20 | 5 << 17 | 12 << 10 | 1 << 5 | 11 << 1); /* ICC_SGI1R_EL1 */
	CHECK_EQ(v->exits[EC_SYSREG], 2);
	CHECK_EQ(v->exits[EXIT_SGI], 1);
	guest_abort(g, G_DEV, ESR_ISV | field_prep(ESR_SAS, 2));
	CHECK_EQ(v->exits[EC_DABT_LOWER], 2);
	guest_free(g);
}

static void reasons_have_names(void)
{
	CHECK_STR(exit_name(EC_HVC64), "hvc");
	CHECK_STR(exit_name(EC_DABT_LOWER), "mmio");
	CHECK_STR(exit_name(EXIT_VTIMER), "vtimer");
	CHECK(exit_name(0x3f) == NULL);
	CHECK(exit_name(EXIT_COUNTERS) == NULL);
	for (unsigned int i = EXIT_CLASSES; i < EXIT_COUNTERS; i++) {
		CHECK(exit_name(i) != NULL);
	}
}

static bool has_own_handler(unsigned int ec)
{
	return ec == 0x01 || ec == 0x16 || ec == 0x17 || ec == 0x18 || ec == 0x20 || ec == 0x24;
}

static void classes_nobody_expects_are_undefined_instructions(void)
{
	struct guest *g = guest_new();

	for (unsigned int ec = 0; ec < 64; ec++) {
		guest_rewind(g);
		if (!has_own_handler(ec)) {
			guest_exit(g, ec, 0x1234);
			CHECK_EQ(read_esr_el1(), 0x02000000);
			CHECK_EQ(read_elr_el1(), G_PC);
			CHECK_EQ(read_elr_el2(), G_VBAR + 0x200);
		}
	}
	CHECK_EQ(g->vm.state, VM_RUNNING);
	guest_free(g);
}

static void unsupported_instruction_follows_the_configuration(void)
{
	struct guest *g = guest_new();

	g->cfg.unsup_instruction = UNSUP_IGNORE;
	guest_exit(g, 0x3f, 0);
	CHECK_EQ(read_elr_el2(), G_PC + 4);
	CHECK_EQ(read_elr_el1(), 0);
	guest_rewind(g);
	g->cfg.unsup_instruction = UNSUP_ABORT;
	guest_exit(g, 0x3f, 0);
	CHECK_EQ(g->vm.end, VM_END_UNSUPPORTED);
	CHECK(strstr(g->vm.reason, "unsupported instruction at 0x40001000") != NULL);
	CHECK_EQ(g->v->work & VWORK_STOP, VWORK_STOP);
	guest_free(g);
}

/* SVE is not the guest's: no policy lets it through. */
static void absent_features_ignore_the_policy(void)
{
	struct guest *g = guest_new();

	g->cfg.unsup_instruction = UNSUP_IGNORE;
	guest_exit(g, 0x19, 0);
	CHECK(guest_took(0));
	guest_rewind(g);
	guest_exit(g, 0x07, 0);
	CHECK(guest_took(0));
	guest_free(g);
}

/* ARM ARM D1.3.6: the vector by the level and stack pointer the exception is taken from. */
static void vector_and_class_follow_where_it_came_from(void)
{
	static const struct {
		u64 spsr, offset;
		bool same;
	} from[] = {
		{ 0x4, 0x000, true },   /* EL1t */
		{ 0x5, 0x200, true },   /* EL1h */
		{ 0x0, 0x400, false },  /* EL0t */
		{ 0x10, 0x600, false }, /* AArch32 User */
		{ 0x30, 0x600, false }, /* the same, T32 */
	};
	struct guest *g = guest_new();

	for (unsigned int i = 0; i < ARRAY_SIZE(from); i++) {
		guest_rewind(g);
		write_spsr_el2(from[i].spsr);
		inject_undef(g->v);
		CHECK_EQ(read_elr_el2(), G_VBAR + from[i].offset);
		CHECK_EQ(read_spsr_el1(), from[i].spsr);
		CHECK_EQ(read_elr_el1(), G_PC);
		CHECK_EQ(read_esr_el1(), 0x02000000);

		guest_rewind(g);
		write_spsr_el2(from[i].spsr);
		inject_data_abort(g->v, 0x1234, BIT(25) | BIT(6) | 0x7);
		CHECK_EQ(read_elr_el2(), G_VBAR + from[i].offset);
		CHECK_EQ(read_esr_el1(), (from[i].same ? 0x96000050 : 0x92000050));
		CHECK_EQ(read_far_el1(), 0x1234);

		guest_rewind(g);
		write_spsr_el2(from[i].spsr);
		inject_instruction_abort(g->v, 0x5678, 0x7);
		CHECK_EQ(read_esr_el1(), (from[i].same ? 0x86000010 : 0x82000010));
		CHECK_EQ(read_far_el1(), 0x5678);
	}
	guest_free(g);
}

static void abort_on_a_walk_says_so(void)
{
	struct guest *g = guest_new();

	inject_data_abort(g->v, 0, BIT(25) | BIT(7) | 0x7);
	CHECK_EQ(read_esr_el1(), 0x96000015);
	guest_rewind(g);
	inject_instruction_abort(g->v, 0, BIT(7) | 0x7);
	CHECK_EQ(read_esr_el1(), 0x86000015);
	guest_free(g);
}

static u64 pstate_after(u64 spsr, u64 sctlr)
{
	struct guest *g = guest_new();
	u64 p;

	write_spsr_el2(spsr);
	write_sctlr_el1(sctlr);
	inject_undef(g->v);
	p = read_spsr_el2();
	guest_free(g);
	return p;
}

/* ARM ARM D1.3.1: what exception entry does to PSTATE. Bit numbers are literal on purpose. */
static void pstate_is_that_of_an_exception_entry(void)
{
	u64 span = BIT(23);

	CHECK_EQ(pstate_after(0x5, span), 0x3c5);
	CHECK_EQ(pstate_after(0x0, span), 0x3c5);
	CHECK_EQ(pstate_after(0xf0000005, span), 0xf00003c5); /* NZCV stay */
	CHECK_EQ(pstate_after(BIT(22) | 0x5, span), 0x4003c5); /* PAN stays */
	CHECK_EQ(pstate_after(0x5, 0), 0x4003c5); /* SPAN 0: PAN is set */
	CHECK_EQ(pstate_after(BIT(12) | 0x5, span), 0x3c5); /* SSBS becomes DSSBS */
	CHECK_EQ(pstate_after(0x5, span | BIT(44)), 0x13c5);
	CHECK_EQ(pstate_after(BIT(24) | 0x5, span), 0x10003c5); /* DIT stays */
	CHECK_EQ(pstate_after(BIT(24) | 0x10, span), 0x10003c5); /* likewise from AArch32 */
	CHECK_EQ(pstate_after(BIT(21) | 0x10, span), 0x3c5); /* a single step is not DIT */
	/* UAO, SS, IL, BTYPE, ALLINT, TCO go */
	CHECK_EQ(pstate_after(BIT(23) | BIT(21) | BIT(20) | 0xc00 | BIT(13) | BIT(25) | 0x5, span),
		 0x3c5);
}

static void skip_moves_over_one_instruction(void)
{
	struct guest *g = guest_new();

	vcpu_skip_instruction(g->v, ESR_IL);
	CHECK_EQ(read_elr_el2(), G_PC + 4);
	write_spsr_el2(0xc05); /* BTYPE 3 */
	vcpu_skip_instruction(g->v, ESR_IL);
	CHECK_EQ(read_elr_el2(), G_PC + 8);
	CHECK_EQ(read_spsr_el2(), 0x5);
	write_spsr_el2(0x30);
	vcpu_skip_instruction(g->v, 0); /* 16-bit T32 */
	CHECK_EQ(read_elr_el2(), G_PC + 10);
	vcpu_skip_instruction(g->v, ESR_IL);
	CHECK_EQ(read_elr_el2(), G_PC + 14);
	guest_free(g);
}

/* What was emulated was the one instruction of the step: its exception is next (ARM ARM D2.12). */
static void skip_finishes_a_single_step(void)
{
	struct guest *g = guest_new();

	write_spsr_el2(PSTATE_SS | 0x5);
	vcpu_skip_instruction(g->v, ESR_IL);
	CHECK_EQ(read_spsr_el2(), 0x5);
	CHECK_EQ(read_elr_el2(), G_PC + 4);
	write_spsr_el2(PSTATE_SS | 0x10);
	vcpu_skip_instruction(g->v, ESR_IL);
	CHECK_EQ(read_spsr_el2(), 0x10);
	/* The paths that count instructions leave it to the one that clears it. */
	guest_rewind(g);
	write_spsr_el2(PSTATE_SS | 0x3c5);
	guest_abort(g, G_DEV, ESR_ISV | field_prep(ESR_SAS, 2) | field_prep(ESR_SRT, 3));
	CHECK_EQ(g->accesses, 1);
	CHECK_EQ(read_spsr_el2(), 0x3c5);
	CHECK_EQ(read_elr_el2(), G_PC + 4);
	guest_rewind(g);
	write_spsr_el2(PSTATE_SS | 0x3c5);
	guest_exit(g, EC_SMC64, 0);
	CHECK_EQ(read_spsr_el2(), 0x3c5);
	CHECK_EQ(read_elr_el2(), G_PC + 4);
	guest_free(g);
}

static void wfi_ends_with_the_interrupt_and_behind_itself(void)
{
	struct guest *g = guest_new();

	g->v->timer_due = 1; /* something to wake for: the call must not block */
	guest_exit(g, 0x01, 0);
	CHECK_EQ(read_elr_el2(), G_PC + 4);
	guest_rewind(g);
	guest_exit(g, 0x01, 1); /* WFE, alone on the CPU */
	CHECK_EQ(read_elr_el2(), G_PC + 4);
	CHECK_EQ(g->v->work, 0);
	host_percpu->ready = 1;
	guest_exit(g, 0x01, 1);
	CHECK_EQ(g->v->work, VWORK_RESCHED);
	guest_free(g);
}

static void serror_becomes_the_guests(void)
{
	struct guest *g = guest_new();

	exit_serror(g->v);
	CHECK_EQ(read_hcr_el2() & BIT(8), BIT(8));
	CHECK_EQ(read_elr_el2(), G_PC);
	CHECK_EQ(g->v->hcr & BIT(8), 0); /* the register alone knows when it has been taken */
	guest_free(g);
}

/* An exception at the first instruction of the vector it leads to would go round for ever. */
static void exception_loop_in_the_vectors_stops_the_vm(void)
{
	struct guest *g = guest_new();

	write_elr_el2(G_VBAR + 0x200);
	guest_exit(g, 0x00, 0);
	CHECK_EQ(read_elr_el1(), G_VBAR + 0x200);
	CHECK_EQ(read_elr_el2(), G_VBAR + 0x200);
	CHECK_EQ(g->vm.state, VM_RUNNING); /* the first one may be repaired by the handler */
	guest_exit(g, 0x00, 0);
	CHECK_EQ(g->vm.end, VM_END_KILLED);
	CHECK(strstr(g->vm.reason, "exception loop") != NULL);
	guest_free(g);
}

/* A handler in the table that provokes a fault and steps over it makes progress. */
static void fault_in_the_vectors_that_is_stepped_over_is_none(void)
{
	struct guest *g = guest_new();

	for (int i = 0; i < 100; i++) {
		write_elr_el2(G_VBAR + 0x240);
		guest_exit(g, 0x00, 0);
		CHECK_EQ(read_elr_el1(), G_VBAR + 0x240);
		write_elr_el1(G_VBAR + 0x244);
	}
	CHECK_EQ(g->vm.state, VM_RUNNING);
	guest_free(g);
}

static void same_fault_outside_the_vectors_is_the_guests_business(void)
{
	struct guest *g = guest_new();

	for (int i = 0; i < 100; i++) {
		write_elr_el2(G_PC);
		guest_exit(g, 0x00, 0);
	}
	CHECK_EQ(g->vm.state, VM_RUNNING);
	guest_free(g);
}

TEST_MAIN(RUN(every_class_has_a_handler), RUN(every_exit_counts_once),
	  RUN(reasons_have_names), RUN(classes_nobody_expects_are_undefined_instructions),
	  RUN(unsupported_instruction_follows_the_configuration),
	  RUN(absent_features_ignore_the_policy), RUN(vector_and_class_follow_where_it_came_from),
	  RUN(abort_on_a_walk_says_so), RUN(pstate_is_that_of_an_exception_entry),
	  RUN(skip_moves_over_one_instruction), RUN(skip_finishes_a_single_step), RUN(wfi_ends_with_the_interrupt_and_behind_itself),
	  RUN(serror_becomes_the_guests), RUN(exception_loop_in_the_vectors_stops_the_vm),
	  RUN(fault_in_the_vectors_that_is_stepped_over_is_none),
	  RUN(same_fault_outside_the_vectors_is_the_guests_business))
