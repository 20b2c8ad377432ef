/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a vCPU sees of caches while it may move between CPUs whose CTR_EL0 differ: one value that is right
 * on all of them. Only such vCPUs trap (HCR_EL2.TID2).
 */
#include "core/sysreg/sysreg.h"

#include "core/vcpu.h"

#define CTR_IMIN BITS(3, 0)
#define CTR_L1IP BITS(15, 14)
#define CTR_DMIN BITS(19, 16)
#define CTR_ERG  BITS(23, 20)
#define CTR_CWG  BITS(27, 24)
#define CTR_TMIN BITS(37, 32)

static u64 least(u64 mask, u64 a, u64 b)
{
	return MIN(a & mask, b & mask);
}

/* Of a granule's logarithm; 0 means it is not told, which is as bad as the largest. */
static u64 most(u64 mask, u64 a, u64 b)
{
	return (a & mask) == 0 || (b & mask) == 0 ? 0 : MAX(a & mask, b & mask);
}

u64 cache_type_both(u64 a, u64 b)
{
	u64 same = a & b; /* IDC, DIC: only if neither needs maintenance; RES1 */

	return (same & ~(CTR_IMIN | CTR_L1IP | CTR_DMIN | CTR_ERG | CTR_CWG | CTR_TMIN)) |
	       least(CTR_IMIN, a, b) | least(CTR_L1IP, a, b) | least(CTR_DMIN, a, b) |
	       least(CTR_TMIN, a, b) | most(CTR_ERG, a, b) | most(CTR_CWG, a, b);
}

u64 cache_type_of(u64 allowed)
{
	u64 all = 0;
	bool first = true, mixed = false;

	for (u32 i = 0; i < MAX_CPUS; i++) {
		const struct percpu *c = &percpus[i];

		if (c->online && (allowed & BIT(i)) != 0) {
			mixed |= !first && c->ctr != all;
			all = first ? c->ctr : cache_type_both(all, c->ctr);
			first = false;
		}
	}
	return mixed ? all : 0;
}

bool cache_access(const struct vcpu *v, u32 key, bool read, u64 *val)
{
	switch (key) {
	case SYSREG(3, 3, 0, 0, 1): /* CTR_EL0 */
		*val = v->ctr;
		return read;
	case SYSREG(3, 1, 0, 0, 0): /* CCSIDR_EL1: for maintenance by set/way, which is done by address */
		*val = read_ccsidr_el1();
		return read;
	case SYSREG(3, 1, 0, 0, 1): /* CLIDR_EL1 */
		*val = read_clidr_el1();
		return read;
	case SYSREG(3, 2, 0, 0, 0): /* CSSELR_EL1 */
		if (read) {
			*val = read_csselr_el1();
		} else {
			write_csselr_el1(*val & 0xf);
		}
		return true;
	default:
		return false; /* CCSIDR2_EL1 belongs to a format the guest is not shown */
	}
}
