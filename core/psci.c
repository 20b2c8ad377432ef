/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PSCI 1.1 for guests (DEN 0022). Power states of all vCPUs of a VM change
 * under vm->lock only, so that races between CPU_ON, CPU_OFF and AFFINITY_INFO
 * have one winner.
 */
#include "core/psci.h"

#include "core/exit.h"
#include "core/spec/psci.h"
#include "core/spec/pstate.h"
#include "core/spec/smccc.h"
#include "core/vm.h"

typedef s64 (*psci_fn)(struct vcpu *v, const u64 arg[3]);

static s64 version(struct vcpu *v, const u64 arg[3])
{
	(void)v;
	(void)arg;
	return PSCI_1_1;
}

/* Guest code starts in RAM or ROM, on an instruction boundary (DEN 0022 5.6.2). */
static bool entry_ok(struct vm *vm, u64 entry)
{
	u64 len = 4;

	return (entry & 3) == 0 && vm_ram_ptr(vm, entry, &len, false) != NULL;
}

/*
 * A suspend in the power-down state ends as a reset does: at the entry point with everything but the
 * virtual interface state lost. What is UNKNOWN then keeps its old value here.
 */
static void resume_at(u64 entry)
{
	write_sctlr_el1(SCTLR_EL1_RESET);
	write_elr_el2(entry);
	write_spsr_el2(PSTATE_DAIF | PSTATE_EL1H);
}

static s64 cpu_suspend(struct vcpu *v, const u64 arg[3])
{
	u64 state = (u32)arg[0], entry = arg[1], context = arg[2];

	if ((state & PSCI_SUSPEND_RESERVED) != 0) {
		return PSCI_INVALID_PARAMETERS;
	}
	if ((state & PSCI_SUSPEND_POWERDOWN) == 0) {
		vcpu_wait_wakeup(v); /* not as WFI: Linux puts its GICv3 CPU interface to sleep first */
		return PSCI_SUCCESS;
	}
	if (!entry_ok(v->vm, entry)) {
		return PSCI_INVALID_ADDRESS;
	}
	vcpu_wait_wakeup(v);
	resume_at(entry);
	return (s64)context; /* what goes to x0 */
}

/* DEN 0022 5.20: the last CPU that is on sleeps until an interrupt is pending for it. */
static s64 system_suspend(struct vcpu *v, const u64 arg[3])
{
	struct vm *vm = v->vm;
	bool alone = true;

	spin_lock(&vm->lock);
	for (u32 i = 0; i < vm->vcpu_count; i++) {
		alone = alone && (vm->vcpu[i] == v || vm->vcpu[i]->power == VCPU_OFF);
	}
	spin_unlock(&vm->lock);
	if (!alone) {
		return PSCI_DENIED;
	}
	if (!entry_ok(vm, arg[0])) {
		return PSCI_INVALID_ADDRESS;
	}
	v->suspended = 1;
	vcpu_wait_wakeup(v);
	v->suspended = 0;
	resume_at(arg[0]);
	return (s64)arg[1];
}

/* The VM ends when its last CPU is off; the VM's thread sees to that. */
static s64 cpu_off(struct vcpu *v, const u64 arg[3])
{
	(void)arg;
	spin_lock(&v->vm->lock);
	v->power = VCPU_OFF;
	spin_unlock(&v->vm->lock);
	vcpu_halt(v);
	return PSCI_DENIED; /* not reached */
}

static struct vcpu *find_target(struct vm *vm, u64 target)
{
	for (u32 i = 0; i < vm->vcpu_count; i++) {
		if ((vm->vcpu[i]->vmpidr & MPIDR_AFFINITY) == target) {
			return vm->vcpu[i];
		}
	}
	return NULL;
}

static s64 cpu_on(struct vcpu *v, const u64 arg[3])
{
	struct vm *vm = v->vm;
	struct vcpu *t = find_target(vm, arg[0]);
	s64 r = PSCI_SUCCESS;

	if (t == NULL) {
		return PSCI_INVALID_PARAMETERS;
	}
	spin_lock(&vm->lock);
	if (t->power == VCPU_ON || t->power == VCPU_SUSPENDED) {
		r = PSCI_ALREADY_ON;
	} else if (t->power == VCPU_ON_PENDING) {
		r = PSCI_ON_PENDING;
	} else if (!entry_ok(vm, arg[1])) {
		r = PSCI_INVALID_ADDRESS;
	} else {
		t->on_entry = arg[1];
		t->on_context = arg[2];
		t->power = VCPU_ON_PENDING;
	}
	spin_unlock(&vm->lock);
	if (r == PSCI_SUCCESS) {
		thread_wake(&t->thread); /* its loop finds ON_PENDING, resets and enters */
	}
	return r;
}

/* Level n leaves affinity fields 0..n-1 out of the comparison. */
static s64 affinity_info(struct vcpu *v, const u64 arg[3])
{
	static const u64 level_mask[] = {
		MPIDR_AFFINITY, MPIDR_AFFINITY & ~BITS(7, 0), MPIDR_AFFINITY & ~BITS(15, 0),
		MPIDR_AFFINITY & ~BITS(23, 0),
	};
	struct vm *vm = v->vm;
	bool found = false, pending = false, on = false;

	if (arg[1] >= ARRAY_SIZE(level_mask) || (arg[0] & ~MPIDR_AFFINITY) != 0) {
		return PSCI_INVALID_PARAMETERS;
	}
	spin_lock(&vm->lock);
	for (u32 i = 0; i < vm->vcpu_count; i++) {
		const struct vcpu *t = vm->vcpu[i];

		if (((t->vmpidr ^ arg[0]) & level_mask[arg[1]]) == 0) {
			found = true;
			pending = pending || t->power == VCPU_ON_PENDING;
			on = on || t->power == VCPU_ON || t->power == VCPU_SUSPENDED;
		}
	}
	spin_unlock(&vm->lock);
	if (!found) {
		return PSCI_INVALID_PARAMETERS;
	}
	return on ? PSCI_AFFINITY_ON : pending ? PSCI_AFFINITY_ON_PENDING : PSCI_AFFINITY_OFF;
}

static s64 migrate_info_type(struct vcpu *v, const u64 arg[3])
{
	(void)v;
	(void)arg;
	return PSCI_MIGRATE_NOT_REQUIRED;
}

/* The requests that end the VM do not return to the guest; the value is for one that would. */
static s64 system_off(struct vcpu *v, const u64 arg[3])
{
	(void)arg;
	vm_end_request(v->vm, VM_END_OFF);
	return PSCI_INTERNAL_FAILURE;
}

static s64 system_reset(struct vcpu *v, const u64 arg[3])
{
	(void)arg;
	vm_end_request(v->vm, VM_END_RESET);
	return PSCI_INTERNAL_FAILURE;
}

static s64 system_reset2(struct vcpu *v, const u64 arg[3])
{
	/* 0 is SYSTEM_WARM_RESET, the only architectural type (DEN 0022 5.11). */
	return (u32)arg[0] == 0 ? system_reset(v, arg) : PSCI_INVALID_PARAMETERS;
}

static s64 features(struct vcpu *v, const u64 arg[3]);

#define CALL(fid) [(fid) - PSCI_VERSION]

static const psci_fn calls[] = {
	CALL(PSCI_VERSION) = version,
	CALL(PSCI_CPU_SUSPEND) = cpu_suspend,
	CALL(PSCI_CPU_OFF) = cpu_off,
	CALL(PSCI_CPU_ON) = cpu_on,
	CALL(PSCI_AFFINITY_INFO) = affinity_info,
	CALL(PSCI_MIGRATE_INFO_TYPE) = migrate_info_type,
	CALL(PSCI_SYSTEM_OFF) = system_off,
	CALL(PSCI_SYSTEM_RESET) = system_reset,
	CALL(PSCI_FEATURES) = features,
	CALL(PSCI_SYSTEM_SUSPEND) = system_suspend,
	CALL(PSCI_SYSTEM_RESET2) = system_reset2,
};

/* Functions that have an SMC64 variant: those with addresses or affinities. */
#define HAS_64 \
	(BIT(PSCI_CPU_SUSPEND - PSCI_VERSION) | BIT(PSCI_CPU_ON - PSCI_VERSION) | \
	 BIT(PSCI_AFFINITY_INFO - PSCI_VERSION) | BIT(PSCI_SYSTEM_RESET2 - PSCI_VERSION) | \
	 BIT(PSCI_SYSTEM_SUSPEND - PSCI_VERSION))

static psci_fn find_call(u32 fid)
{
	u32 n = (fid & ~(u32)SMCCC_64) - PSCI_VERSION;

	if (n >= ARRAY_SIZE(calls) || ((fid & SMCCC_64) != 0 && (HAS_64 & BIT(n)) == 0)) {
		return NULL;
	}
	return calls[n];
}

static s64 features(struct vcpu *v, const u64 arg[3])
{
	u32 fid = (u32)arg[0];

	(void)v;
	/* 0 for CPU_SUSPEND too: original power_state format, platform-coordinated mode. */
	return fid == SMCCC_VERSION || find_call(fid) != NULL ? PSCI_SUCCESS : PSCI_NOT_SUPPORTED;
}

void psci_call(struct vcpu *v, u32 fid)
{
	psci_fn fn = find_call(fid);
	/* SMC32 arguments are the low words (DEN 0028 3.1). */
	u64 mask = (fid & SMCCC_64) != 0 ? ~0UL : ~0U;
	const u64 arg[3] = { v->x[1] & mask, v->x[2] & mask, v->x[3] & mask };

	v->x[0] = (u64)(fn != NULL ? fn(v, arg) : PSCI_NOT_SUPPORTED);
}
