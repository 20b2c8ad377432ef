/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The system registers of an emulated CPU interface of GICv3 (IHI 0069 12.2), as the registers of GICv2's in
 * memory that mean the same: what is of Group 1 there, are the aliased ones. No LPIs.
 */
#include "core/sysreg/sysreg.h"
#include "core/vgic/vgic_priv.h"

#define ICC(crm, op2) SYSREG(3, 0, 12, crm, op2)
#define ICC_PMR_EL1 SYSREG(3, 0, 4, 6, 0)
#define ICC_CTLR_EL1 ICC(12, 4)
#define ICC_IGRPEN0_EL1 ICC(12, 6)
#define ICC_IGRPEN1_EL1 ICC(12, 7)
#define ICC_CTLR_FIXED (4u << 8 | 1u << 11 | 1u << 15) /* 5 bits of priority, 24 of INTID, A3V */
#define VMCR_CBPR (1u << 4)
#define NONE 0xffffu

/* Offset in GICC, NONE for active priorities that are never set; -1: not such a register. */
static __cold int same_as(u32 key, bool read)
{
	switch (key) {
	case ICC_PMR_EL1:
		return GICC_PMR;
	case ICC(8, 0): /* ICC_IAR0_EL1 */
		return read ? GICC_IAR : -1;
	case ICC(12, 0): /* ICC_IAR1_EL1 */
		return read ? GICC_AIAR : -1;
	case ICC(8, 1): /* ICC_EOIR0_EL1 */
	case ICC(12, 1): /* ICC_EOIR1_EL1 */
		return read ? -1 : GICC_EOIR;
	case ICC(8, 2): /* ICC_HPPIR0_EL1 */
		return read ? GICC_HPPIR : -1;
	case ICC(12, 2): /* ICC_HPPIR1_EL1 */
		return read ? GICC_AHPPIR : -1;
	case ICC(8, 3): /* ICC_BPR0_EL1 */
		return GICC_BPR;
	case ICC(12, 3): /* ICC_BPR1_EL1 */
		return GICC_ABPR;
	case ICC(8, 4): /* ICC_AP0R0_EL1: one register is kept for both groups */
		return NONE;
	case ICC(9, 0): /* ICC_AP1R0_EL1 */
		return GICC_APR0;
	case ICC(11, 1): /* ICC_DIR_EL1 */
		return read ? -1 : GICC_DIR;
	case ICC(11, 3): /* ICC_RPR_EL1 */
		return read ? GICC_RPR : -1;
	default:
		return -1;
	}
}

__cold bool vgic_icc(struct vcpu *v, u32 key, bool read, u64 *val)
{
	struct vgic *g = &v->vm->vgic;
	u32 ctlr = v->vgic.vmcr, in = (u32)*val, bit;
	int off;

	if (g->version != 3) {
		return false;
	}
	switch (key) {
	case ICC_CTLR_EL1:
		*val = ICC_CTLR_FIXED | (ctlr & VMCR_CBPR ? 1 : 0) | (ctlr & ICH_VMCR_EOIM ? 2 : 0);
		ctlr = (ctlr & ~(VMCR_CBPR | ICH_VMCR_EOIM)) | (in & 1 ? VMCR_CBPR : 0) |
		       (in & 2 ? ICH_VMCR_EOIM : 0);
		break;
	case ICC_IGRPEN0_EL1:
	case ICC_IGRPEN1_EL1:
		bit = key == ICC_IGRPEN0_EL1 ? ICH_VMCR_ENG0 : ICH_VMCR_ENG1;
		*val = (ctlr & bit) != 0;
		ctlr = in & 1 ? ctlr | bit : ctlr & ~bit;
		break;
	default:
		off = same_as(key, read);
		if (off < 0) {
			return false;
		}
		if (!read) {
			vgic_gicc_write32(g, v, (u64)off, in);
			return true;
		}
		*val = vgic_gicc_read32(g, v, (u64)off);
		if (*val == INTID_GROUP1) {
			*val = INTID_SPURIOUS; /* of Group 0's registers: 1022 is for EL3 alone */
		}
		return true;
	}
	if (!read) {
		vgic_gicc_write32(g, v, GICC_CTLR, ctlr);
	}
	return true;
}
