/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guest exits: one handler per exception class (ARM ARM D24.2.37 ESR_EL2.EC).
 * Handlers run on the vCPU's EL2 stack with interrupts masked, must be short
 * and bounded, and are reached by a tail call from exit_sync(), so that no
 * exit pays for the registers another one needs.
 *
 * While they run all GPRs of the guest are in v->x[]; its PC, PSTATE and EL1
 * registers are live in ELR_EL2, SPSR_EL2 and the *_EL1 registers.
 */
#ifndef QUOIN_CORE_EXIT_H
#define QUOIN_CORE_EXIT_H

#include "core/spec/pstate.h"
#include "core/vcpu.h"

typedef void (*exit_fn)(struct vcpu *v, u64 esr);

extern const exit_fn exit_table[64];

/* exit_sync - every synchronous exit; called by the vector, which then looks at v->work and erets. */
void exit_sync(struct vcpu *v);
/* exit_serror - a physical SError arrived while the guest ran: it becomes the guest's. By the vector. */
void exit_serror(struct vcpu *v);

/*
 * Exception injection into EL1 (ARM ARM D1.3.1): the running vCPU continues at its own vector.
 * The PC must be at the instruction that is to blame. A guest that faults again at the vector
 * itself can make no progress and is stopped.
 */
void inject_undef(struct vcpu *v);
/* As synchronous external abort on the access, or on the stage-1 walk if `esr_of_exit` says so. */
void inject_data_abort(struct vcpu *v, u64 far, u64 esr_of_exit);
void inject_instruction_abort(struct vcpu *v, u64 far, u64 esr_of_exit);
/* Virtual SError through HCR_EL2.VSE: pends until the guest unmasks it. */
void inject_serror(struct vcpu *v);

/*
 * The parts of vcpu_skip_instruction() for the paths that count instructions: an AArch64 guest without
 * BTYPE to clear or a single step to finish, and the rest.
 */
static inline bool skip_is_plain(u64 spsr)
{
	return (spsr & (PSTATE_NRW | PSTATE_BTYPE | PSTATE_SS)) == 0;
}

static inline void skip_plain(void)
{
	write_elr_el2(read_elr_el2() + 4);
}

/* Handlers named in exit_table and written where their subject is. */
void exit_hvc(struct vcpu *v, u64 esr);    /* core/smccc.c */
void exit_smc(struct vcpu *v, u64 esr);
void exit_sysreg(struct vcpu *v, u64 esr); /* core/sysreg/sysreg.c */
void exit_wfx(struct vcpu *v, u64 esr);
/* A class no guest can raise or whose instructions are refused: `unsupported instruction` decides. */
void exit_unknown(struct vcpu *v, u64 esr);
/* The instruction is undefined for this VM whatever its policy says. */
void exit_undef(struct vcpu *v, u64 esr);

#endif
