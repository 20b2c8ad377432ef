/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What devices reach with DMA: the board's IOMMUs, whatever their kind (a driver per FDT compatible,
 * IOMMU() of arch/arch.h), and which stage 2 each stream of them goes through.
 *
 *   boot            every stream: an empty stage 2. Nothing is reached, attempts are logged.
 *   a VM's          s2_dma_enable(&vm->s2, ...), then iommu_attach() for each stream of its devices
 *   end, restart    iommu_detach() first of all, with the devices' own DMA off if that can be done;
 *                   iommu_attach() again when the VM starts anew
 *   the monitor's   iommu_attach_own()
 *
 * A device that faults more than IOMMU_FAULTS_MAX times a second is cut off (nothing is recorded of it
 * any more) until its stream is attached anew.
 */
#ifndef QUOIN_CORE_IOMMU_H
#define QUOIN_CORE_IOMMU_H

#include "core/base/types.h"

struct board;
struct pass_stream;
struct vm;

#define IOMMU_FAULTS_MAX 4000 /* a second and stream; one bad copy of a page can be 1024 */

/*
 * iommu_init - take all IOMMUs of the board over from firmware, before any device of EL2 does DMA. One
 * that cannot be used is said and lets nothing through, if it can be told so. Boot context, once.
 * iommu_start - take interrupts, tell of faults. Boot context, once there are threads.
 */
void iommu_init(const struct board *b);
void iommu_start(void);
/* iommu_usable - IOMMU `index` of the board works and has a stream `sid`. Any context. */
bool iommu_usable(u8 index, u32 sid);
/* iommu_driven - there is a driver for IOMMU `index`: it confines, or lets nothing through. Any context. */
bool iommu_driven(u8 index);

/*
 * iommu_attach - stream `s` reaches the DMA view of the VM (s2_dma_enable() before) and nothing else.
 * `what` names the device in log lines ("00:03.0", a path) and stays as long as the VM; a fault stops
 * the VM if `stop_on_fault`. Again after iommu_detach(), or to let a device that was cut off go on.
 * 0; -ENODEV: no such IOMMU, or it does not work; -ERANGE: it has no such stream, or cannot reach the
 * addresses of the VM (said); -EBUSY: another's; -ENOSPC: too many streams; -ENOMEM. Thread context.
 */
int iommu_attach(struct vm *vm, const struct pass_stream *s, const char *what, bool stop_on_fault) __must_check;
/*
 * iommu_attach_own - stream `s` is of a device the monitor drives: it reaches RAM at its own addresses,
 * but not the monitor's image nor what firmware keeps. For good. As iommu_attach(). Thread context.
 */
int iommu_attach_own(const struct pass_stream *s, const char *what) __must_check;
/*
 * iommu_detach - the stream goes back to the empty stage 2; when this returns no access through the old
 * one is under way any more. Harmless if it is nobody's. Thread context.
 */
void iommu_detach(const struct pass_stream *s);

#endif
