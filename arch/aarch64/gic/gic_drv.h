/* SPDX-License-Identifier: Apache-2.0 */
/* Between the two drivers and their common front. */
#ifndef QUOIN_ARCH_AARCH64_GIC_DRV_H
#define QUOIN_ARCH_AARCH64_GIC_DRV_H

#include "arch_gic.h"
#include "core/base/diag.h"
#include "core/base/board.h"

#define GIC_PRIO_DEFAULT 0xa0
#define GIC_TIMEOUT_US 100000

extern pa_t gic_rd[]; /* GICv3: redistributor of each CPU, 0 until found */

/* gic_private - base of this CPU's registers for SGIs and PPIs, offsets as in the distributor. */
pa_t gic_private(void);
/* gic_wait_clear - poll until the bits are 0; false after GIC_TIMEOUT_US. */
bool gic_wait_clear(pa_t reg, u32 bits);
/* gic_sync - wait until a change of enable bits has taken effect (GICv3 RWP); false: it does not, said once. */
bool gic_sync(u32 intid);
/*
 * gic_silent - registers that always have some bits set and some clear, read from the frame at `base`: nothing is
 * there if they are all zeros or all ones, and this says so.
 */
bool gic_silent(const char *frame, pa_t base, u32 a, u32 b);

/*
 * gic_is_deaf - what list registers signal does not arrive at EL1. Asked on the boot CPU before any vCPU is loaded, its
 * interface is on; list registers, ICH_VMCR_EL2 and ICH_HCR_EL2 are left in use.
 */
bool gic_is_deaf(void);

int gicv2_init(const struct board *b, struct diag *d) __must_check;
int gicv2_init_cpu(void) __must_check;
void gicv2_send_sgi(u32 sgi, u32 cpu);

int gicv3_init(const struct board *b, struct diag *d) __must_check;
int gicv3_init_cpu(void) __must_check;
void gicv3_send_sgi(u32 sgi, u32 cpu);
void gicv3_route(u32 intid, u32 cpu);

#endif
