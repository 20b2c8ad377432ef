/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stolen time (DEN 0057): how long a vCPU was ready while something else had its CPU. One page per
 * VM, read-only for the guest and not part of its RAM, holds a structure of 64 bytes for each vCPU.
 * It is written when a vCPU gets the CPU back, and only once the guest has asked where it is.
 */
#ifndef QUOIN_CORE_STOLEN_H
#define QUOIN_CORE_STOLEN_H

#include "core/vcpu.h"

/* stolen_create - map the page at cfg->stolen, if there is such an address; 0 or -E. stolen_destroy - any VM. Thread context. */
int stolen_create(struct vm *vm) __must_check;
void stolen_destroy(struct vm *vm);
/* stolen_reset - the VM starts: nothing was stolen yet. No vCPU runs. */
void stolen_reset(struct vm *vm);

/* stolen_features - PV_TIME_FEATURES of call `fid`, and ARCH_FEATURES of that. SMCCC_SUCCESS or _NOT_SUPPORTED. */
s64 stolen_features(const struct vcpu *v, u32 fid);
/* stolen_structure - PV_TIME_ST: the address of the vCPU's structure, or SMCCC_NOT_SUPPORTED. Exit context. */
s64 stolen_structure(struct vcpu *v);

void stolen_write(const struct vcpu *v);
/* stolen_update - `v` gets the CPU. IRQs masked. */
static inline void stolen_update(const struct vcpu *v)
{
	if (v->stolen_on) {
		stolen_write(v);
	}
}

#endif
