/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Real devices a VM drives by itself: what happens to them while the VM is built, runs, starts anew and
 * ends. What is passed was checked and resolved before (core/config/, struct cfg_pass).
 *
 * Windows are mapped into stage 2, so that accesses do not exit; interrupts are linked (core/vgic/link.h);
 * streams are attached to the VM's view of memory (core/iommu/iommu.h); PCI functions join its virtual bus.
 */
#ifndef QUOIN_CORE_PASS_H
#define QUOIN_CORE_PASS_H

#include "core/base/types.h"

struct vm;
struct vm_config;
struct diag;

/*
 * pass_claim_ram - a VM whose devices do DMA that nothing confines has its RAM at the host's very addresses: taken for
 * as long as the machine runs, before any VM is built. 0, or -ENOMEM after one error on `d`. Thread context.
 */
int pass_claim_ram(const struct vm_config *cfg, struct diag *d) __must_check;
/*
 * pass_create - in vm_build(), when RAM, vCPUs and the vGIC are there: 0, or -E after one error on `d`; what
 * was made until then is for pass_destroy(). Thread context.
 */
int pass_create(struct vm *vm, struct diag *d) __must_check;
/*
 * pass_quiesce - no device of the VM reads, writes or interrupts from now on, and what it had raised is
 * forgotten: the first thing before RAM is scrubbed or given away. No vCPU runs. May be called again. Thread.
 */
void pass_quiesce(struct vm *vm);
/* pass_reset - before each life, the vGIC has been reset: devices may interrupt and reach RAM again. Thread. */
void pass_reset(struct vm *vm);
/* pass_destroy - give everything back; the devices are quiet. Thread context. */
void pass_destroy(struct vm *vm);

struct board;
struct board_limits;
struct vm_config;
/* pass_limits - what only the running machine knows of devices, for the checks of `pass`. Boot thread. */
void pass_limits(const struct board *b, struct board_limits *l);
/* pass_promise - what a checked configuration passes is not taken by drivers of the monitor meanwhile. Boot thread. */
void pass_promise(const struct vm_config *cfg);

#endif
