/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Self-hosted debug of a guest (ARM ARM D2, registers D24.3): breakpoints, watchpoints, single step.
 * Every access traps, so that the debug channel, claim tags and whatever else is reached through the
 * same control stay out of sight, and memory is the truth. The hardware is given it only while something
 * may fire: a guest that is not being debugged pays nothing when its vCPU is switched.
 *
 * Debug exceptions go to EL1 (MDCR_EL2.TDE = 0) and so cannot be taken from EL2 (ARM ARM D2.4).
 */
#include "core/sysreg/sysreg.h"

#include "core/vm.h"

#define MDSCR      SYSREG(2, 0, 0, 2, 2)
#define MDSCR_SS   BIT(0)
#define MDSCR_TDCC BIT(12)
#define MDSCR_KDE  BIT(13)
#define MDSCR_MDE  BIT(15)

/* Of controls what v8.0 defines; the rest reads as zero. */
#define DBGBCR_BITS 0x00ffe1e7UL
#define DBGWCR_BITS 0x1f1fffffUL

#define OSLAR      SYSREG(2, 0, 1, 0, 4)
#define OSLSR      SYSREG(2, 0, 1, 1, 4)
#define OSLSR_OSLM BIT(3)
#define OSLSR_OSLK BIT(1)

#define DFR0_BRPS BITS(15, 12)
#define DFR0_WRPS BITS(23, 20)

/* The word an access is to, or NULL: there is none. */
static u64 *word(struct vcpu *v, u32 key, u64 *bits)
{
	u64 dfr0 = sysreg_id_read(v->vm, ID_AA64DFR0);
	struct vcpu_debug *d = &v->regs.debug;
	u64 n = field_get(ESR_SYS_CRM, key);
	unsigned int op2 = (unsigned int)field_get(ESR_SYS_OP2, key);

	if (key == MDSCR) {
		*bits = MDSCR_SS | MDSCR_TDCC | MDSCR_KDE | MDSCR_MDE;
		return &d->mdscr;
	}
	*bits = (op2 & 1) == 0 ? ~0UL : op2 == 5 ? DBGBCR_BITS : DBGWCR_BITS;
	if (n > field_get(op2 < 6 ? DFR0_BRPS : DFR0_WRPS, dfr0)) {
		return NULL;
	}
	return op2 < 6 ? &d->bp[n][op2 & 1] : &d->wp[n][op2 & 1];
}

bool debug_access(struct vcpu *v, u32 key, bool read, u64 *val)
{
	struct vcpu_debug *d = &v->regs.debug;
	u64 bits, *at;

	if (key == OSLSR) {
		*val = OSLSR_OSLM | (d->unlocked ? 0 : OSLSR_OSLK);
		return read;
	}
	if (key == OSLAR) {
		d->unlocked = (*val & 1) == 0;
	} else if (field_get(ESR_SYS_CRN, key) == 0 &&
		   (field_get(ESR_SYS_OP2, key) >= 4 || key == MDSCR)) {
		at = word(v, key, &bits);
		if (at == NULL) {
			return false;
		}
		if (read) {
			*val = *at;
			return true;
		}
		*at = *val & bits;
	} else {
		/* Debug channel, claim tags, double lock, authentication: not there. */
		*val = 0;
		return true;
	}
	if (read) {
		return false;
	}
	/* What single-steps or may hit: only then the hardware has to know. */
	d->on = d->unlocked && (d->mdscr & (MDSCR_SS | MDSCR_MDE)) != 0;
	arch_debug_load(d->on ? d : NULL);
	return true;
}
