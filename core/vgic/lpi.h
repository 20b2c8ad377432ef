/* SPDX-License-Identifier: Apache-2.0 */
/*
 * LPIs of a VM (IHI 0069 5.1). An LPI is pending or not, never active. Pending ones that may be delivered wait in a
 * queue of their vCPU and priority, so the best is found in a few steps however many there are; with something in its
 * queues, bit 0 of a vCPU's spi_sum is set, or it is about to look for another reason.
 *
 * What is in a list register is no longer pending here; it comes back by vgic_lpi_back() if it was not taken. Priority
 * and enable are what the guest's property table said when it was last asked to be read. Everything is under vgic.lock.
 */
#ifndef QUOIN_CORE_VGIC_LPI_H
#define QUOIN_CORE_VGIC_LPI_H

#include "core/base/types.h"
#include "core/config/vm_config.h"

struct vm;
struct vcpu;
struct vgic;

#define VGIC_LPI_MIN 8192
#define VGIC_LPI_BITS 14 /* of INTIDs, least; 16 with more than 8192 LPIs */
#define VGIC_MAX_LPIS (65536 - VGIC_LPI_MIN)
#define VGIC_LPI_NONE 0xffff
#define VGIC_LPI_PRIOS 32 /* levels a list register tells apart */

struct vgic_lpi {
	u16 next, prev; /* in its queue; VGIC_LPI_NONE: an end */
	u8 prop;        /* as in the guest's table: priority, bit 0: enabled */
	u8 vcpu;        /* whose it is, or was when it was last pending */
	u8 state;       /* LPI_* */
	u8 pad;
};

struct vgic_lpi_cpu {
	u32 prios;      /* queues that are not empty */
	bool enabled;   /* GICR_CTLR.EnableLPIs */
	u16 head[VGIC_LPI_PRIOS], tail[VGIC_LPI_PRIOS];
	u64 pendbaser;
};

struct vgic_lpis {
	u32 count;      /* a multiple of 32 */
	u64 propbaser;  /* one for all redistributors */
	struct vgic_lpi_cpu cpu[VM_MAX_CPUS];
	struct vgic_lpi lpi[];
};

/* In all of them `i` is the number of an LPI, counted from 8192, below lpis->count. vgic.lock is held. */

/* vgic_lpi_pend - it becomes pending on vCPU `to`, unless that has LPIs disabled. True: that runs here and has it. */
bool vgic_lpi_pend(struct vgic *g, u32 i, u32 to);
/* vgic_lpi_clear - no longer pending, nor will be what a list register has of it. */
void vgic_lpi_clear(struct vgic *g, u32 i);
/* vgic_lpi_move - it belongs to vCPU `to` from now on, pending or not. */
void vgic_lpi_move(struct vgic *g, u32 i, u32 to);
/* vgic_lpi_configure - its byte of the property table. */
void vgic_lpi_configure(struct vgic *g, u32 i, u8 prop);
/* vgic_lpi_drop - forget what is pending of a vCPU whose LPIs are disabled, at most 64; true: that was all. */
bool vgic_lpi_drop(struct vgic *g, u32 vcpu);
/* vgic_lpi_reset - nothing is pending or configured, LPIs are disabled. No vCPU runs. */
void vgic_lpi_reset(struct vgic *g);

/*
 * For core/vgic/lr.c. vgic_lpi_next - the one behind `i` among those that can be delivered to `vcpu`, best first;
 * VGIC_LPI_NONE: the first, or there is none. vgic_lpi_place - put it into list register `n`. vgic_lpi_back - a list
 * register had it pending; true: it waits for the same vCPU. vgic_lpi_flush - all that wait into list registers that
 * are free, not locked; false: something else is to be done, or there was no room. vgic_lpi_best - the priority of the
 * best one; 256: none can be delivered.
 */
u32 vgic_lpi_next(const struct vgic *g, u32 vcpu, u32 i);
void vgic_lpi_place(struct vcpu *v, u32 n, u32 i);
bool vgic_lpi_back(struct vcpu *v, u32 i);
bool vgic_lpi_flush(struct vcpu *v);
u32 vgic_lpi_best(const struct vgic *g, u32 vcpu);

/*
 * Redistributor registers of vCPU `t` (IHI 0069 12.11): GICR_CTLR's bits of LPIs, PROPBASER, PENDBASER, INVLPIR,
 * INVALLR, SYNCR. False: it is none of these. 32 or 64 bits at `off`. Exit context, not locked.
 */
bool vgic_lpi_read(struct vcpu *v, struct vcpu *t, u32 off, u32 size, u64 *val);
bool vgic_lpi_write(struct vcpu *v, struct vcpu *t, u32 off, u32 size, u64 val);

/* vgic_lpi_load - read what the property table says of LPI `i`, and have it so. Not locked. Any context. */
void vgic_lpi_load(struct vm *vm, u32 i);

#endif
