/* SPDX-License-Identifier: Apache-2.0 */
/* What differs between GIC versions; one table each in gicv2.c and gicv3.c, used by gic.c. */
#ifndef RT_GICIF_H
#define RT_GICIF_H

#include "types.h"

struct gic_version {
	void (*dist_init)(void);
	void (*drop_all)(void);		/* no active priorities any more */
	void (*cpu_init)(void);
	void (*route)(unsigned int intid, unsigned int cpu);
	void (*send_sgi)(unsigned int sgi, unsigned int cpu);
	u32 (*ack)(void);
	void (*eoi)(u32 iar);
	void (*dir)(u32 iar);
	void (*set_eoimode)(unsigned int mode);
	void (*set_pmr)(unsigned int priority);
	void (*set_bpr)(unsigned int bpr);
	unsigned int (*bpr)(void);
	unsigned int (*running_priority)(void);
	unsigned int (*highest_pending)(void);
};

extern const struct gic_version gicv2, gicv3;

#endif
