/* SPDX-License-Identifier: Apache-2.0 */
/* Trapped system registers: what sysreg*.c share, and what the rest of the monitor may ask of them. */
#ifndef QUOIN_CORE_SYSREG_H
#define QUOIN_CORE_SYSREG_H

#include "core/base/types.h"
#include "core/spec/esr.h"

struct board;
struct vm;
struct vcpu;

/*
 * A register by its encoding in the place ESR_EL2.ISS has it: Rt and direction are zero. Keys order
 * by op0, op2, op1, CRn, CRm.
 */
#define SYSREG(op0, op1, crn, crm, op2)                                                            \
	((u32)((op0) << 20 | (op2) << 17 | (op1) << 14 | (crn) << 10 | (crm) << 1))
#define SYSREG_KEY (ESR_SYS_OP0 | ESR_SYS_OP1 | ESR_SYS_OP2 | ESR_SYS_CRN | ESR_SYS_CRM)

/*
 * sysreg_id_read - the value a guest of `vm` sees in an ID register of the HCR_EL2.TID3 group, from
 * the running CPU's and a whitelist of fields. Registers that are not known read as zero. Any context.
 */
u64 sysreg_id_read(const struct vm *vm, u32 key);
/*
 * sysreg_id_join - the calling CPU takes part: from now on no guest is told of a feature it lacks
 * (`first`: nor of one that only others lacked before). Every CPU before VMs are made, one at a time.
 */
void sysreg_id_join(bool first);
/* sysreg_id_least - field by field the lesser of two values of register `reg`, CRm << 3 | op2; pure. */
u64 sysreg_id_least(unsigned int reg, u64 a, u64 b);

/*
 * sysreg_id_filter - the same of a given hardware value; pure. `ipa_size` in bytes.
 */
u64 sysreg_id_filter(u32 key, u64 hw, unsigned int gic_version, u64 ipa_size);

#define ICC_SGI1R SYSREG(3, 0, 12, 11, 5)
#define ID_AA64DFR0 SYSREG(3, 0, 0, 5, 0)
/* sysreg_guest_hcr - HCR_EL2 of a vCPU after reset: features that every CPU has are switched on. Any context. */
u64 sysreg_guest_hcr(void);

/*
 * debug_access - a guest's access to a debug register (op0 2), of which memory holds the truth: false if it
 * is undefined. Exit context, own vCPU.
 */
bool debug_access(struct vcpu *v, u32 key, bool read, u64 *val);

/* pmu_init - the board's PMU interrupt; pmu_join - on the calling CPU, too. Boot CPU, then each CPU. */
void pmu_init(const struct board *b);
void pmu_join(void);
/* pmu_visible - the VM has performance monitors; pmu_has_interrupt - and an overflow interrupt. Any context. */
bool pmu_visible(const struct vm *vm);
bool pmu_has_interrupt(void);
/* pmu_access - a guest's access to a PMU register; false if it is undefined. Exit context, own vCPU. */
bool pmu_access(struct vcpu *v, u32 key, bool read, u64 *val);
/* pmu_reset - its interrupt line low. The vCPU does not run. */
void pmu_reset(struct vcpu *v);

/* cache_type_both - a CTR_EL0 that is right on two CPUs; pure. */
u64 cache_type_both(u64 a, u64 b);
/* cache_type_of - the one for a vCPU that may run on `allowed`; 0: they are all alike. Any context. */
u64 cache_type_of(u64 allowed);
/* cache_access - what HCR_EL2.TID2 traps; false if it is undefined. Exit context, own vCPU. */
bool cache_access(const struct vcpu *v, u32 key, bool read, u64 *val);

/* The emulated physical timer, CNTP_*_EL0 (core/sysreg/sysreg_timer.c). `op2`: 0 TVAL, 1 CTL, 2 CVAL. */
u64 ptimer_read(struct vcpu *v, unsigned int op2);
void ptimer_write(struct vcpu *v, unsigned int op2, u64 val);
/* ptimer_resume - after a pause, with the clock set on: its timer is armed anew. The vCPU does not run. */
void ptimer_resume(struct vcpu *v);
/* ptimer_reset - off, its interrupt line low. The vCPU does not run. */
void ptimer_reset(struct vcpu *v);

/* vcpu_write_hcr - v->hcr to the hardware of the loaded vCPU, which keeps a pending virtual SError. */
void vcpu_write_hcr(struct vcpu *v);

/*
 * Cleaning of the VM's RAM for a guest that believes in set/way (core/set_way.c). True: done, the
 * instruction may be stepped over; false: one slice is done, execute it again.
 */
bool set_way_clean(struct vcpu *v);
bool set_way_sctlr(struct vcpu *v, u64 val);

#endif
