/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the SMMUv3 driver share. */
#ifndef QUOIN_ARCH_AARCH64_IOMMU_SMMUV3_H
#define QUOIN_ARCH_AARCH64_IOMMU_SMMUV3_H

#include "arch/arch.h"
#include "arch_io.h"
#include "core/base/lock.h"
#include "core/spec/smmu.h"

#define SMMU_SPLIT 6     /* a leaf of the stream table is a page: 64 entries */
#define SMMU_SID_BITS 20 /* streams behind are refused; the first level takes 128 KiB then */
#define SMMU_CMDS 8      /* log2: a page of commands, and of events */
#define SMMU_EVENTS 7
#define SMMU_TIMEOUT_MS 100

struct smmu {
	struct iommu *u;
	u64 *l1;          /* of a two-level stream table, or NULL */
	u64 *leaf;        /* what all streams have, or the whole of a linear table: never one stream's alone */
	struct spinlock lock; /* the command queue, GERRORN */
	u64 *cmd, *event;
	u32 cmd_log2, event_log2;
	u64 prod, done;   /* commands ever put in, and taken; no more than the queue has room for apart */
	u32 cons;         /* of events: index and lap, and which overflow was seen */
	u32 retries;      /* of commands that could not be read */
	u32 cr0;
	u8 oas;           /* width of addresses, as the field of IDR5 */
};

static inline u32 smmu_read(const struct smmu *s, u32 reg)
{
	return io_read32(s->u->regs + reg);
}

static inline void smmu_write(const struct smmu *s, u32 reg, u32 v)
{
	io_write32(s->u->regs + reg, v);
}

/* smmu_clean - what was written is in memory before the SMMU is told. */
static inline void smmu_clean(const struct smmu *s, const void *p, size_t n)
{
	if (!s->u->coherent) {
		arch_clean_dcache(p, n);
	}
	dsb(oshst);
}

/* smmu_wait - until (register & mask) == want; false: it does not come. Boot or thread. */
bool smmu_wait(const struct smmu *s, u32 reg, u32 mask, u32 want);
/* smmu_stop - for good: nothing passes. Any context but exits. */
void smmu_stop(struct smmu *s, const char *why);
/* smmu_command - one or more commands (two words each), then wait until all before are done. False: stopped. Boot or thread. */
bool smmu_command(struct smmu *s, const u64 *cmds, u32 n);
/* smmu_fault, smmu_errors - as in struct iommu_ops. */
bool smmu_fault(struct iommu *u, struct iommu_fault *out);
void smmu_errors(struct iommu *u);

#endif
