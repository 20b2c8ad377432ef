/* SPDX-License-Identifier: Apache-2.0 */
/* The interrupt state a vCPU carries: private interrupts and list registers. */
#ifndef QUOIN_CORE_VGIC_VGIC_CPU_H
#define QUOIN_CORE_VGIC_VGIC_CPU_H

#include "core/base/types.h"

#define VGIC_MAX_LRS 16

/* 32 interrupts, a bit each. What a list register holds is in `in_lr`, not in pending, active. */
struct vgic_word {
	u32 enabled, group, edge; /* as the guest configured them */
	u32 level;                /* lines of devices */
	u32 pending;              /* latched: edges, SGIs, written by the guest */
	u32 active;
	u32 in_lr;                /* in a list register of some vCPU, or was and has drained */
	u32 clr_pend, clr_act;    /* to be taken from what is in a list register */
	u32 snap_pend, snap_act;  /* what the list registers said at their last reading */
};

struct vgic_cpu {
	u64 vtimer_lr;   /* ready-made LR0 for the virtual timer; 0: take the slow way */
	u32 sgi1r;       /* what a write of ICC_SGI1R_EL1 looks like in ESR_EL2; ~0: undefined here */
	u64 sgi_self;    /* ICC_SGI1R value that names this vCPU alone, INTID 0 */
	u32 live;        /* enabled and its group is on */
	u32 sgi_direct;  /* SGIs vgic_sgi1r() may put into LR1 by itself */
	u32 lr_used;     /* list registers written and not yet seen empty; LR0 is not counted */
	struct vgic_word p;
	u16 lr_intid[VGIC_MAX_LRS];
	u32 lr_latched;  /* list registers whose pending state was a latched one */
	u32 lr_eoi;      /* private ones whose list register asks for EOI maintenance */
	u32 hcr;         /* ICH_HCR_EL2 while loaded */
	u32 cpu;         /* while loaded: where */
	bool loaded;     /* list registers are in the hardware of that CPU */
	bool vtimer_hw;  /* the timer's physical interrupt is active and LR0 does not show it */
	u16 offered;     /* emulated CPU interface: INTID + 1 of what is signalled, 0: nothing */
	u16 withdrawn;   /* likewise: what was signalled until a moment ago */
	u32 signal;      /* likewise: HCR_VI or HCR_VF */
	u8 prio[32];
	/* Changed by other CPUs with atomics, folded in by vgic_flush(). */
	u8 dirty;        /* configuration changed: read back and refill the list registers */
	u8 routed;       /* CPU + 1 its linked SPIs were last routed to; 0: none */
	u8 waker;        /* GICR_WAKER.ProcessorSleep */
	u32 remote;      /* to become pending */
	u32 remote_act;  /* to become active */
	u32 spi_sum;     /* words of SPIs that may hold something to deliver here; bit 0: LPIs */
	u32 held_sum;    /* words of SPIs that may hold one active here, not in a list register */
	u32 seq;         /* readings of the list registers, see snap_pend */
	u8 sgi_src[16];  /* GICv2: vCPUs that made the SGI pending */
	u8 act_src[16];  /* GICv2: whose SGI is active */
	u32 vmcr;        /* while not loaded; of an emulated CPU interface always */
	u32 apr[2][4];
};

#endif
