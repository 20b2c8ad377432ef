/* SPDX-License-Identifier: Apache-2.0 */
/* What is recorded at each exit while a CPU traces: compiled for speed, a few dozen instructions. */
#include "core/trace.h"

#include "core/exit.h"
#include "core/spec/esr.h"
#include "core/sysreg/sysreg.h"
#include "core/vm.h"

void trace_put(enum trace_kind kind, u8 who, u32 info, u64 a, u64 b)
{
	u64 flags = irq_save();
	struct trace_ring *r = this_cpu()->trace;

	if (r != NULL) {
		trace_store(r, kind, who, info, a, b);
	}
	irq_restore(flags);
}

/* What tells most about the exit besides its syndrome. HPFAR_EL2 is not valid for all faults. */
static inline u64 detail(const struct vcpu *v, u32 esr, u32 class)
{
	switch (class) {
	case EC_HVC64:
	case EC_SMC64:
		return v->x[0];
	case EC_SYSREG:
		return (esr & ESR_SYS_READ) != 0 ? 0 : vcpu_gpr(v, (u32)field_get(ESR_SYS_RT, esr));
	case EC_IABT_LOWER:
	case EC_DABT_LOWER:
		return (read_hpfar_el2() & HPFAR_FIPA) << 8 | (read_far_el2() & PAGE_MASK);
	default:
		return 0;
	}
}

void trace_sync(struct vcpu *v)
{
	struct trace_ring *r = this_cpu()->trace;
	u32 esr = (u32)read_esr_el2(), class = esr >> 26;
	u64 val = detail(v, esr, class);

	trace_store(r, TRACE_EXIT, v->trace_who, esr, read_elr_el2(), val);
	if (class == EC_SYSREG && (esr & (SYSREG_KEY | ESR_SYS_READ)) == SYSREG(3, 0, 12, 11, 5)) {
		trace_store(r, TRACE_INJECT, v->trace_who | TRACE_NO_VCPU, (u32)(val >> 24) & 0xf, val, 0);
	}
	exit_sync(v);
}

void trace_entry(struct vcpu *v)
{
	struct trace_ring *r = this_cpu()->trace;

	/* It may have been switched off between the vCPU's exit and this. */
	if (r != NULL) {
		trace_store(r, TRACE_ENTRY, v->trace_who, 0, read_elr_el2(), 0);
	}
}
