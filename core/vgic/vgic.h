/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtual GIC of a VM: state and delivery (IHI 0048B, IHI 0069H). The register
 * faces are in vdev/gic*.c.
 *
 * 1. Memory is truth. An interrupt's pending and active state is in a struct
 *    vgic_word, or, while its `in_lr` bit is set, in one list register of the vCPU
 *    `holder` names. A vCPU that is not loaded holds nothing in list registers.
 * 2. List registers stay in the hardware while the vCPU is loaded; exits that do
 *    not concern interrupts leave them alone. LR0 is for the virtual timer only.
 * 3. Private state belongs to its vCPU, which takes no lock for it. Others set bits
 *    in `remote` and friends and VWORK_VGIC. SPIs are under vgic.lock.
 * 4. Whatever makes an interrupt deliverable sets VWORK_VGIC on the vCPU concerned:
 *    vgic_flush() runs before that vCPU goes on.
 */
#ifndef QUOIN_CORE_VGIC_VGIC_H
#define QUOIN_CORE_VGIC_VGIC_H

#include "core/base/lock.h"
#include "core/base/types.h"
#include "core/config/vm_config.h"
#include "core/vgic/vgic_cpu.h"

struct vm;
struct vcpu;
struct vgic_lpis;
struct vits;

#define VGIC_MAX_INTID 1020
#define VGIC_WORDS 32
#define VGIC_VTIMER 27 /* of the guest; the physical one is the board's */
#define VGIC_PTIMER 30
#define VGIC_PMU 23
#define VGIC_MAX_SPIS (VGIC_MAX_INTID - 32)

struct vgic {
	u8 version; /* 2 or 3 */
	u8 words;   /* in use, the private one included */
	u8 vcpus;
	bool gicc;  /* version 2 on a GICv3, or a deaf one: the CPU interface is emulated, gicc.c */
	u32 ctlr;   /* GICD_CTLR.EnableGrp0, EnableGrp1 */
	u32 typer;  /* GICD_TYPER */
	u32 group_on[2]; /* all ones if the group is enabled in ctlr: for bitmaps */
	struct spinlock lock;
	struct vgic_word w[VGIC_WORDS];         /* [0] unused */
	u32 target[VM_MAX_CPUS][VGIC_WORDS];    /* SPIs a vCPU may take */
	u32 held[VM_MAX_CPUS][VGIC_WORDS];      /* active here, not in its list registers */
	u8 prio[VGIC_WORDS * 32];
	u8 holder[VGIC_WORDS * 32];             /* vCPU whose list register it is in */
	u32 route[VGIC_WORDS * 32];             /* v3: Aff3..Aff0 packed; v2: target mask */
	u32 linked[VGIC_WORDS];                 /* SPIs that are the machine's: core/vgic/link.h */
	u8 link[VGIC_WORDS * 32];               /* index of their link + 1 */
	struct vgic_lpis *lpis;                 /* core/vgic/lpi.h; NULL: there are none */
	struct vits *its;                       /* core/vgic/its.h; NULL likewise */
};

/*
 * vgic_create - set up for vm->gic_version and `spi_count` SPIs (rounded up to 32s, at most
 * VGIC_MAX_SPIS); adds its windows, maps the CPU interface of a GICv2. 0, -EINVAL, or what
 * vm_add_window() and s2_map() say. Thread context, stage 2 is set up, vCPUs need not exist yet.
 */
int vgic_create(struct vm *vm, u32 spi_count) __must_check;
void vgic_destroy(struct vm *vm);
/* vgic_reset - power-on state of the whole VM's GIC, redistributors and CPU interfaces of all its
 * vCPUs included: every start and restart; vmpidr is set, no vCPU runs. Lines of devices stay. */
void vgic_reset(struct vm *vm);
/* vgic_cpu_reset - power-on state of a vCPU's CPU interface (CPU_ON): its redistributor keeps what
 * others may have configured while it was off (IHI 0069 2.2). It is not loaded. */
void vgic_cpu_reset(struct vcpu *v);

/*
 * vgic_load, vgic_put - list registers, VMCR, active priorities to and from the hardware. Masked.
 * The vCPU's virtual timer is in the hardware: put before it is taken off, load after it is there.
 */
void vgic_load(struct vcpu *v);
void vgic_put(struct vcpu *v);

/* vgic_set_line - level of a device's line (an edge SPI pends on the rise). Exit or thread. */
void vgic_set_line(struct vm *vm, u32 intid, bool level);
/* vgic_set_ppi - the same for a private interrupt of `v`, any CPU. */
void vgic_set_ppi(struct vcpu *v, u32 intid, bool level);
/* vgic_vtimer_fired - the physical virtual-timer PPI was acknowledged and its priority dropped (not
 * deactivated) while `v` is loaded: hand it to the guest hardware-linked. Exit context. */
void vgic_vtimer_fired(struct vcpu *v);
/* vgic_maintenance - the maintenance interrupt: refill list registers. Exit, loaded vCPU. */
void vgic_maintenance(struct vcpu *v);
/* vgic_flush - take in what others have made pending, fill list registers. Exit, loaded vCPU. */
void vgic_flush(struct vcpu *v);
/*
 * vgic_kicked - as vgic_flush(), in front of it a short way for the usual reason of a kick: one SGI
 * of another vCPU. Exit context, loaded vCPU.
 */
void vgic_kicked(struct vcpu *v);
/*
 * vgic_has_interrupt - something enabled is pending and the CPU interface's mask lets it through
 * (WFI wakes); or vgic_flush() is to be called again first (VWORK_VGIC). Loaded or not; own vCPU, or one that cannot start running meanwhile. A timer that
 * has expired while its vCPU is not loaded is the caller's to see.
 */
bool vgic_has_interrupt(struct vcpu *v);
/*
 * vgic_set_mask - priority mask and group enables of the loaded vCPU's CPU interface, as ICH_VMCR_EL2
 * holds them (IHI 0069 12.4.8); returns what they were. VGIC_MASK_OPEN lets everything through. Exit context.
 */
#define VGIC_MASK_OPEN 0xff000003u
u32 vgic_set_mask(struct vcpu *v, u32 vmcr);
/* vgic_sgi1r - ICC_SGI1R_EL1 written by `v` (IHI 0069 12.2.18): SGIs of either group. Exit. */
void vgic_sgi1r(struct vcpu *v, u64 val);
/* vgic_sgi0r - ICC_SGI0R_EL1 or ICC_ASGI1R_EL1 written: SGIs in Group 0 only. Exit. */
void vgic_sgi0r(struct vcpu *v, u64 val);
/*
 * vgic_icc - any other ICC_*_EL1, trapped because the CPU interface is emulated: `key` as in ESR_EL2, read or
 * written with *val. False: not one of these, or not so accessed. Exit context, EL1.
 */
bool vgic_icc(struct vcpu *v, u32 key, bool read, u64 *val);
/* vgic_dir - ICC_DIR_EL1 written, trapped by ICH_HCR_EL2.TDIR while active interrupts overflow; or
 * GICC_DIR, with its source CPU in bits 12:10. Exit context. */
void vgic_dir(struct vcpu *v, u32 val);

#endif
