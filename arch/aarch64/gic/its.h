/* SPDX-License-Identifier: Apache-2.0 */
/* Between the ITSs and the machine's LPIs. */
#ifndef QUOIN_ARCH_AARCH64_GIC_ITS_H
#define QUOIN_ARCH_AARCH64_GIC_ITS_H

#include "arch/aarch64/gic/gic_drv.h"

/*
 * its_lpis_on - LPIs of every CPU are on, all of them disabled in their table. 0, also if they were on by this; -ENODEV:
 * a redistributor has none; -EBUSY: firmware's are on and stay on; -ENOMEM. Errors are logged, once. Thread context.
 */
int its_lpis_on(void) __must_check;
/* its_lpi_enable - LPIs [first, first + n) from 8192 in the property table; an INV or INVALL has to follow. */
void its_lpi_enable(u32 first, u32 n, bool on);
/* its_target - a CPU's redistributor as RDbase of a command: its address with `pta`, else its number (IHI 0069 5.3). */
u64 its_target(u32 cpu, bool pta);

#endif
