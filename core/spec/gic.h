/* SPDX-License-Identifier: Apache-2.0 */
/* GIC register offsets and fields: IHI 0048B (GICv2), IHI 0069H (GICv3). Pure numbers. */
#ifndef QUOIN_CORE_SPEC_GIC_H
#define QUOIN_CORE_SPEC_GIC_H

/* Distributor */
#define GICD_CTLR 0x0000
#define GICD_TYPER 0x0004
#define GICD_IIDR 0x0008
#define GICD_IGROUPR 0x0080
#define GICD_ISENABLER 0x0100
#define GICD_ICENABLER 0x0180
#define GICD_ISPENDR 0x0200
#define GICD_ICPENDR 0x0280
#define GICD_ISACTIVER 0x0300
#define GICD_ICACTIVER 0x0380
#define GICD_IPRIORITYR 0x0400
#define GICD_ITARGETSR 0x0800
#define GICD_ICFGR 0x0c00
#define GICD_SGIR 0x0f00
#define GICD_CPENDSGIR 0x0f10
#define GICD_SPENDSGIR 0x0f20
#define GICD_IROUTER 0x6000
#define GICD_IDREGS 0xffd0 /* GICv3: PIDR4..7, 0..3, CIDR0..3; GICv2: at 0xfd0 */

#define GICD_PIDR2 0xffe8  /* GICv3: bits 7:4 are the architecture's version, of redistributors as well */
#define GICD_TYPER_LPIS (1u << 17)
#define GICD_CTLR_GRP0 (1u << 0)
#define GICD_CTLR_GRP1 (1u << 1)
#define GICD_CTLR_ARE (1u << 4)
#define GICD_CTLR_DS (1u << 6)
#define GICD_CTLR_RWP (1u << 31)

/* Redistributor: RD_base, and SGI_base 64 KiB above it (bit registers as in the distributor) */
#define GICR_CTLR 0x0000
#define GICR_IIDR 0x0004
#define GICR_TYPER 0x0008
#define GICR_WAKER 0x0014
#define GICR_PROPBASER 0x0070
#define GICR_PENDBASER 0x0078
#define GICR_INVLPIR 0x00a0
#define GICR_INVALLR 0x00b0
#define GICR_SYNCR 0x00c0
#define GICR_SGI_BASE 0x10000
#define GICR_FRAME 0x20000
#define GICR_CTLR_LPIS (1u << 0)
#define GICR_CTLR_CES (1u << 1)
#define GICR_CTLR_IR (1u << 2)
#define GICR_CTLR_RWP (1u << 3)
#define GICR_WAKER_SLEEP (1u << 1)
#define GICR_WAKER_ASLEEP (1u << 2)
#define GICR_TYPER_PLPIS (1u << 0)
#define GICR_TYPER_VLPIS (1u << 1)
#define GICR_PENDBASER_PTZ (1UL << 62)
#define GICR_TYPER_LAST (1u << 4)

/* Interrupt translation service: control frame, and 64 KiB above it the frame with the doorbell */
#define GITS_CTLR 0x0000
#define GITS_IIDR 0x0004
#define GITS_TYPER 0x0008
#define GITS_CBASER 0x0080
#define GITS_CWRITER 0x0088
#define GITS_CREADR 0x0090
#define GITS_BASER 0x0100 /* 8 of 64 bits */
#define GITS_TRANSLATION 0x10000
#define GITS_TRANSLATER 0x10040
#define GITS_FRAMES 0x20000
#define GITS_CTLR_ENABLED (1u << 0)
#define GITS_CTLR_QUIESCENT (1u << 31)
#define GITS_VALID (1UL << 63) /* of CBASER and BASER<n> */

/* Commands: the low byte of their first doubleword (IHI 0069 5.3) */
#define ITS_MOVI 0x01
#define ITS_INT 0x03
#define ITS_CLEAR 0x04
#define ITS_SYNC 0x05
#define ITS_MAPD 0x08
#define ITS_MAPC 0x09
#define ITS_MAPTI 0x0a
#define ITS_MAPI 0x0b
#define ITS_INV 0x0c
#define ITS_INVALL 0x0d
#define ITS_MOVALL 0x0e
#define ITS_DISCARD 0x0f

/* GICv2 CPU interface (GICC, GICV) and hypervisor control (GICH) */
#define GICC_CTLR 0x0000
#define GICC_PMR 0x0004
#define GICC_BPR 0x0008
#define GICC_IAR 0x000c
#define GICC_EOIR 0x0010
#define GICC_RPR 0x0014
#define GICC_HPPIR 0x0018
#define GICC_ABPR 0x001c
#define GICC_AIAR 0x0020
#define GICC_AEOIR 0x0024
#define GICC_AHPPIR 0x0028
#define GICC_APR0 0x00d0
#define GICC_IIDR 0x00fc
#define GICC_DIR 0x1000
#define GICC_CTLR_EOIMODE (1u << 9)
#define GICH_HCR 0x00
#define GICH_VTR 0x04
#define GICH_VMCR 0x08
#define GICH_ELRSR0 0x30
#define GICH_APR 0xf0
#define GICH_LR 0x100

/* ICH_HCR_EL2 and GICH_HCR */
#define ICH_HCR_EN (1u << 0)
#define ICH_HCR_UIE (1u << 1)
#define ICH_HCR_LRENPIE (1u << 2)
#define ICH_HCR_NPIE (1u << 3)
#define ICH_HCR_VGRP0EIE (1u << 4)
#define ICH_HCR_VGRP0DIE (1u << 5)
#define ICH_HCR_VGRP1EIE (1u << 6)
#define ICH_HCR_VGRP1DIE (1u << 7)
#define ICH_HCR_TC (1u << 10)
#define ICH_HCR_TALL0 (1u << 11)
#define ICH_HCR_TALL1 (1u << 12)
#define ICH_HCR_TDIR (1u << 14)
#define ICH_HCR_EOICOUNT 0xf8000000u

/* ICH_VMCR_EL2 and GICH_VMCR */
#define ICH_VMCR_ENG0 (1u << 0)
#define ICH_VMCR_ENG1 (1u << 1)
#define ICH_VMCR_EOIM (1u << 9)
#define ICH_VMCR_PMR 0xff000000u
#define ICH_VMCR_RESET 0x004c0000u /* binary points at their minimum for 5 bits */

/* ICH_LR<n>_EL2 */
#define ICH_LR_VINTID 0xffffffffUL
#define ICH_LR_PINTID (0x1fffUL << 32)
#define ICH_LR_EOI (1UL << 41)     /* maintenance interrupt on EOI; HW = 0 only */
#define ICH_LR_SOURCE (7UL << 32)  /* GICv2 SGI: CPUID */
#define ICH_LR_PRIO (0xffUL << 48)
#define ICH_LR_GROUP (1UL << 60)
#define ICH_LR_HW (1UL << 61)
#define ICH_LR_PENDING (1UL << 62)
#define ICH_LR_ACTIVE (1UL << 63)
#define ICH_LR_STATE (3UL << 62)

/* ICC_SGI1R_EL1, ICC_ASGI1R_EL1, ICC_SGI0R_EL1 */
#define ICC_SGIR_LIST 0xffffUL
#define ICC_SGIR_AFF1 (0xffUL << 16)
#define ICC_SGIR_INTID (0xfUL << 24)
#define ICC_SGIR_AFF2 (0xffUL << 32)
#define ICC_SGIR_IRM (1UL << 40)
#define ICC_SGIR_RS (0xfUL << 44)
#define ICC_SGIR_AFF3 (0xffUL << 48)

#endif
