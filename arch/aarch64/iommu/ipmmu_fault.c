/* SPDX-License-Identifier: Apache-2.0 */
/* Faults of an IPMMU: of a context, so of a VM; which of its devices it was is not told. */
#include "arch/aarch64/iommu/ipmmu.h"

#define QUIET_S 60 /* between two of the empty context's: what firmware has left on may go on for ever */

static const char *fault_name(u32 status)
{
	if ((status & IMSTR_MHIT) != 0) {
		return "more than one translation";
	}
	if ((status & IMSTR_ABORT) != 0) {
		return "its tables cannot be read";
	}
	return (status & IMSTR_PF) != 0 ? "read-only" : "not its memory";
}

bool ipmmu_fault(struct iommu *u, struct iommu_fault *out)
{
	struct ipmmu *m = u->priv;

	if (u->main != u) {
		return false;
	}
	for (u32 i = 1; i < IPMMU_CONTEXTS; i++) {
		u32 n = 1 + (m->looked + i - 1) % (IPMMU_CONTEXTS - 1), at = IPMMU_CTX(n), status;

		if (!m->ctx[n].used || (n == IPMMU_EMPTY && counter_now() < m->quiet_until)) {
			continue;
		}
		status = ipmmu_read(u, at + IMSTR) & (IMSTR_MHIT | IMSTR_ABORT | IMSTR_PF | IMSTR_TF);
		if (status == 0) {
			continue;
		}
		*out = (struct iommu_fault){
			.of_view = true, .vmid = m->ctx[n].vmid, .number = status, .what = fault_name(status),
			.has_addr = true, .addr = ipmmu_read(u, at + IMELAR) | (u64)ipmmu_read(u, at + IMEUAR) << 32,
		};
		ipmmu_write(u, at + IMSTR, 0); /* the address goes with it */
		m->looked = n; /* the others first, the next time */
		if (n == IPMMU_EMPTY) {
			m->quiet_until = counter_now() + QUIET_S * counter_hz;
		}
		return true;
	}
	return false;
}
