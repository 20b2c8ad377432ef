/* SPDX-License-Identifier: Apache-2.0 */
/* What core/iommu*.c share. */
#ifndef QUOIN_CORE_IOMMU_PRIV_H
#define QUOIN_CORE_IOMMU_PRIV_H

#include "arch/arch.h"
#include "core/base/fmt.h"
#include "core/iommu/iommu.h"

#define IOMMU_STREAMS 128 /* a DMA controller of R-Car alone has 16 */

/* A stream that somebody has, or that has faulted. */
struct iommu_stream {
	bool used, stop, cut;
	u8 unit;
	u32 sid;
	const char *what;  /* NULL: nobody's */
	struct vm *vm;     /* NULL: nobody's, or the monitor's */
	u64 since;         /* its second began */
	u32 window, told;  /* faults and lines in it */
	u64 faults;
	struct iommu_fault last;
};

extern struct iommu iommu_units[];
extern struct iommu_stream iommu_streams[IOMMU_STREAMS];
extern const struct board *iommu_board;
extern bool iommu_busy; /* sleep_lock(): streams change, one at a time */

/* iommu_working - NULL: there is none, or it lets nothing through. */
static inline struct iommu *iommu_working(u32 index)
{
	struct iommu *u = &iommu_units[index];

	return u->ops != NULL && !u->dead ? u : NULL;
}

/* iommu_record - a stream's, maybe a new one in the place of a stranger that has its peace; NULL: none is left. Locked. */
struct iommu_stream *iommu_record(u8 index, u32 sid);
/* iommu_set - as struct iommu_ops has it. Locked. */
int iommu_set(struct iommu *u, u32 sid, const struct iommu_view *v);
/* iommu_serve - tell of a few faults; false: there was none. Thread context. */
bool iommu_serve(struct iommu *u);

#endif
