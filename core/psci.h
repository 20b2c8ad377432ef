/* SPDX-License-Identifier: Apache-2.0 */
/* Power calls of guests (DEN 0022, PSCI 1.1). */
#ifndef QUOIN_CORE_PSCI_H
#define QUOIN_CORE_PSCI_H

#include "core/base/types.h"

struct vcpu;

/*
 * psci_call - function `fid` of the standard range 0..0x1f (SMC32 or SMC64); arguments in v->x[1..3], the
 * result in v->x[0]. The PC is behind the call. Does not return if the vCPU turns itself off.
 * Exit context.
 */
void psci_call(struct vcpu *v, u32 fid);

#endif
