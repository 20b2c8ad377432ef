/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The interrupt controller: GICv2 (IHI 0048) and GICv3 (IHI 0069) behind one set of calls. The runtime uses
 * Group 0 interrupts on a GICv2 and Group 1 on a GICv3, which is what a guest without a secure world sees as IRQ.
 */
#ifndef RT_GIC_H
#define RT_GIC_H

#include "types.h"

struct trap_frame;

#define GICD_CTLR	0x000
#define GICD_TYPER	0x004
#define GICD_IIDR	0x008
#define GICD_IGROUPR	0x080
#define GICD_ISENABLER	0x100
#define GICD_ICENABLER	0x180
#define GICD_ISPENDR	0x200
#define GICD_ICPENDR	0x280
#define GICD_ISACTIVER	0x300
#define GICD_ICACTIVER	0x380
#define GICD_IPRIORITYR	0x400
#define GICD_ITARGETSR	0x800
#define GICD_ICFGR	0xc00
#define GICD_SGIR	0xf00
#define GICD_CPENDSGIR	0xf10
#define GICD_SPENDSGIR	0xf20
#define GICD_IROUTER	0x6000
#define GICD_PIDR2	0xffe8

#define GICR_CTLR	0x0000
#define GICR_TYPER	0x0008
#define GICR_WAKER	0x0014
#define GICR_PIDR2	0xffe8
#define GICR_SGI	0x10000	/* the second frame, laid out like the distributor */
#define GICR_STRIDE	0x20000

#define GICC_CTLR	0x00
#define GICC_PMR	0x04
#define GICC_BPR	0x08
#define GICC_IAR	0x0c
#define GICC_EOIR	0x10
#define GICC_RPR	0x14
#define GICC_HPPIR	0x18
#define GICC_APR	0xd0
#define GICC_IIDR	0xfc
#define GICC_DIR	0x1000

#define PRIORITY_DEFAULT	0xa0
#define SGI_OTHERS		0xffffffffU	/* target of gic_send_sgi: all CPUs but this one */

/* The distributor and this CPU's part; call once, on the first CPU. Leaves every interrupt disabled. */
void gic_init(void);

/* gic_init() once more, after dropping whatever priorities are active here: for tests that leave a mess. */
void gic_recover(void);

/* A CPU's own part, SGIs enabled; called by the runtime on CPUs started after gic_init(). */
void gic_cpu_init(void);

/* How many INTIDs the distributor has. */
unsigned int gic_nr_irqs(void);

/*
 * Address of the register of that family that holds INTID's bits: where the SGIs and PPIs of the calling CPU
 * are found differs between versions. bits is the width of a field: 1, 2 or 8.
 */
u64 gic_reg(unsigned int family, unsigned int intid, unsigned int bits);

void gic_enable(unsigned int intid);
void gic_disable(unsigned int intid);
bool gic_is_enabled(unsigned int intid);
void gic_set_pending(unsigned int intid);
void gic_clear_pending(unsigned int intid);
bool gic_is_pending(unsigned int intid);
void gic_set_active(unsigned int intid);
void gic_clear_active(unsigned int intid);
bool gic_is_active(unsigned int intid);
void gic_set_priority(unsigned int intid, unsigned int priority);
unsigned int gic_priority(unsigned int intid);
void gic_set_edge(unsigned int intid, bool edge);
void gic_set_group(unsigned int intid, unsigned int group);

/* Send an SPI to cpus[cpu]. */
void gic_route(unsigned int intid, unsigned int cpu);

/* SGI number sgi to cpus[cpu] or to SGI_OTHERS. */
void gic_send_sgi(unsigned int sgi, unsigned int cpu);

/* The CPU interface. An iar is what gic_ack() returned; GIC_INTID() takes the interrupt number out of it. */
#define GIC_INTID(iar)	(board.gic_version == 2 ? (iar) & 0x3ff : (iar) & 0xffffff)
u32 gic_ack(void);
void gic_eoi(u32 iar);
void gic_dir(u32 iar);
void gic_set_eoimode(unsigned int mode);
void gic_set_pmr(unsigned int priority);
void gic_set_bpr(unsigned int bpr);
unsigned int gic_bpr(void);
unsigned int gic_running_priority(void);
unsigned int gic_highest_pending(void);

/* Call fn(iar) for interrupt intid on any CPU. An interrupt without a handler is counted as stray. */
void irq_set_handler(unsigned int intid, void (*fn)(u32 iar));
u64 irq_strays(void);

#endif
