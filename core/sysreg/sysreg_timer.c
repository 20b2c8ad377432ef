/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guest's EL1 physical timer (ARM ARM D12.2). The hardware one would raise
 * the host's interrupt, so CNTP_* traps and a software timer drives PPI 30.
 */
#include "core/sysreg/sysreg.h"

#include "core/vm.h"

#define CNTP_ENABLE  BIT(0)
#define CNTP_IMASK   BIT(1)
#define CNTP_ISTATUS BIT(2)

static u64 guest_counter(const struct vcpu *v)
{
	return vm_counter(v->vm);
}

/* ARM ARM D12.2.4: the comparison is of unsigned 64-bit values. */
static bool has_fired(const struct vcpu *v)
{
	return (v->regs.cntp_ctl & CNTP_ENABLE) != 0 && guest_counter(v) >= v->regs.cntp_cval;
}

static void expired(struct timer *t)
{
	struct vcpu *v = container_of(t, struct vcpu, ptimer);

	if (has_fired(v) && (v->regs.cntp_ctl & CNTP_IMASK) == 0) {
		vgic_set_ppi(v, VGIC_PTIMER, true);
	}
}

/* Level and wake-up time follow from the registers alone. */
static void update(struct vcpu *v)
{
	bool fired = has_fired(v);

	timer_cancel(&v->ptimer);
	v->ptimer.fn = expired;
	if (!fired && (v->regs.cntp_ctl & (CNTP_ENABLE | CNTP_IMASK)) == CNTP_ENABLE) {
		u64 at = v->regs.cntp_cval + v->vm->cntvoff;

		/* A sum that wraps is beyond what the host's counter reaches. */
		timer_arm(&v->ptimer, at < v->regs.cntp_cval ? ~0UL - 1 : at);
	}
	vgic_set_ppi(v, VGIC_PTIMER, fired && (v->regs.cntp_ctl & CNTP_IMASK) == 0);
}

u64 ptimer_read(struct vcpu *v, unsigned int op2)
{
	switch (op2) {
	case 0:
		return (u32)(v->regs.cntp_cval - guest_counter(v));
	case 1:
		return v->regs.cntp_ctl | (has_fired(v) ? CNTP_ISTATUS : 0);
	default:
		return v->regs.cntp_cval;
	}
}

void ptimer_write(struct vcpu *v, unsigned int op2, u64 val)
{
	switch (op2) {
	case 0:
		v->regs.cntp_cval = guest_counter(v) + mmio_extend(val, 4, true, true);
		break;
	case 1:
		v->regs.cntp_ctl = val & (CNTP_ENABLE | CNTP_IMASK);
		break;
	default:
		v->regs.cntp_cval = val;
		break;
	}
	update(v);
}

void ptimer_resume(struct vcpu *v)
{
	update(v);
}

void ptimer_reset(struct vcpu *v)
{
	v->regs.cntp_ctl = 0;
	v->regs.cntp_cval = 0;
	update(v);
}
