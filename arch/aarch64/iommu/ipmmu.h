/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the IPMMU driver share. */
#ifndef QUOIN_ARCH_AARCH64_IOMMU_IPMMU_H
#define QUOIN_ARCH_AARCH64_IOMMU_IPMMU_H

#include "arch/arch.h"
#include "arch_io.h"
#include "core/base/lock.h"
#include "core/spec/ipmmu.h"

#define IPMMU_EMPTY 1U        /* the context of the empty stage 2, for good: VMs have those behind it */
#define IPMMU_TIMEOUT_US 1000 /* a flush takes some hundred ns */
#define IPMMU_ADDR_BITS 40
#define IPMMU_IN_BITS 32      /* of addresses that go through a table of the driver's */

struct ipmmu_context {
	bool used;
	u8 vmid, t0sz; /* of the view */
	u32 users;  /* micro-TLBs that name it, and who is at it */
	pa_t root;  /* of the view */
	pa_t table; /* what is walked: `root`, or a copy in the other format */
};

struct ipmmu_cache {
	struct iommu *u;
	struct ipmmu_cache *next;
	u32 on;              /* bit n: context n */
	u8 ctx[IPMMU_UTLBS]; /* what a micro-TLB was told to name; 0: nothing, it bypasses */
};

struct ipmmu {
	struct iommu *u;     /* IPMMU-MM */
	bool stage2;         /* it walks the view itself */
	struct ipmmu_cache *caches;
	struct spinlock lock; /* IMCTR, and which VMID has which context */
	struct ipmmu_context ctx[IPMMU_CONTEXTS];
	u32 looked;          /* the last context whose fault was told */
	u64 quiet_until;     /* no more of the empty one's */
};

static inline u32 ipmmu_read(const struct iommu *u, u32 reg)
{
	return io_read32(u->regs + reg);
}

static inline void ipmmu_write(const struct iommu *u, u32 reg, u64 v)
{
	io_write32(u->regs + reg, (u32)v);
}

/* ipmmu_forget - nothing of context `n` is remembered. False: stopped. Boot or thread. */
bool ipmmu_forget(struct ipmmu *m, u32 n);
/* ipmmu_stop - for good: no micro-TLB that was ever told anything reaches anything. Any context but exits. */
void ipmmu_stop(struct ipmmu *m, const char *why);
/* ipmmu_fault - as in struct iommu_ops. */
bool ipmmu_fault(struct iommu *u, struct iommu_fault *out);

/*
 * ipmmu_table_new - a root for ipmmu_table_sync(), 0 without memory; ipmmu_table_free - with all below it, walked by
 * nobody. ipmmu_table_sync - make the table at `table` lead where the view at `root` leads, of 64 - t0sz bits.
 * 0; -ENOMEM: something lacks; -ERANGE: something lies where it cannot reach. The TLBs remain. One caller per table. Thread.
 */
pa_t ipmmu_table_new(void);
void ipmmu_table_free(pa_t table);
int ipmmu_table_sync(pa_t table, pa_t root, u32 t0sz);

#endif
