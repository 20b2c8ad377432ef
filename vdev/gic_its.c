/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ITS's registers (IHI 0069H 12.19): a frame of control registers, and above it the one with GITS_TRANSLATER,
 * which is for devices; what CPUs store there is dropped. 64-bit registers are accessed whole or by halves.
 */
#include "core/vgic/its.h"
#include "core/vgic/vgic_priv.h"

#define IIDR 0x5100043b

/* Physical LPIs, 8 bytes an entry, 13 bits of EventID, 8 of DeviceID, 16 collections kept inside, RDbase a number. */
#define TYPER (1UL | 7UL << 4 | (VITS_EVENT_BITS - 1UL) << 8 | 7UL << 13 | (u64)VITS_COLLECTIONS << 24 | 3UL << 32 | \
	       1UL << 36)
/* Queue and table are memory that EL2 looks at as inner shareable and write-back. */
#define CBASER_ATTR (7UL << 59 | 1UL << 10)
#define CBASER_BITS (GITS_VALID | BITS(51, 12) | 0xffUL)
#define BASER_ATTR (7UL << 59 | 1UL << 56 | 7UL << 48 | 1UL << 10) /* flat; devices, 8 bytes each */
#define BASER_BITS (GITS_VALID | BITS(47, 12) | 0x3ffUL)
#define WRITER_BITS 0xfffe0UL

static const u8 ids[12] = { 0x44, 0, 0, 0, 0x94, 0xb4, 0x3b, 0, 0x0d, 0xf0, 0x05, 0xb1 };

static u64 read_reg(const struct vits *its, u32 off)
{
	switch (off) {
	case GITS_CTLR: /* and IIDR */
		return (its->enabled ? GITS_CTLR_ENABLED : 0) |
		       (READ_ONCE(its->d.working) == 0 ? GITS_CTLR_QUIESCENT : 0) | (u64)IIDR << 32;
	case GITS_TYPER:
		return TYPER;
	case GITS_CBASER:
		return its->cbaser | CBASER_ATTR;
	case GITS_CWRITER:
		return its->cwriter;
	case GITS_CREADR:
		return READ_ONCE(its->creadr);
	case GITS_BASER:
		return its->baser | BASER_ATTR;
	default:
		return off >= GICD_IDREGS && off < 0x10000 ?
		       ids[(off - GICD_IDREGS) / 4] | (u64)ids[(off - GICD_IDREGS) / 4 + 1] << 32 : 0;
	}
}

/* `mask`: what of it is written. True: commands may be waiting. vgic.lock is held. */
static bool write_reg(struct vits *its, u32 off, u64 val, u64 mask)
{
	switch (off) {
	case GITS_CTLR:
		if ((mask & GITS_CTLR_ENABLED) != 0) {
			its->enabled = (val & GITS_CTLR_ENABLED) != 0;
		}
		return true;
	case GITS_CBASER:
		if (!its->enabled) {
			its->cbaser = ((its->cbaser & ~mask) | (val & mask)) & CBASER_BITS;
			its->creadr = its->cwriter = 0;
			its->epoch++;
		}
		return false;
	case GITS_CWRITER:
		val = ((its->cwriter & ~mask) | (val & mask)) & WRITER_BITS;
		if (val < vits_queue(its)) {
			its->cwriter = (u32)val;
		}
		return true;
	case GITS_BASER:
		if (!its->enabled) {
			its->baser = ((its->baser & ~mask) | (val & mask)) & BASER_BITS;
		}
		return false;
	default:
		return false;
	}
}

enum mmio_result vits_access(void *arg, struct vcpu *v, struct mmio *m)
{
	struct vits *its = arg;
	u32 off = (u32)m->off, sh = (off & 4) * 8;
	u64 mask = m->size == 8 ? ~0UL : 0xffffffffUL << sh;
	bool kick;

	if (m->size < 4 || (off & (m->size - 1u)) != 0) {
		return off >= GITS_TRANSLATION && m->size == 2 && (off & 1) == 0 ? MMIO_DONE : MMIO_ABORT;
	}
	if (off >= GITS_TRANSLATION) {
		m->val = m->write ? m->val : 0;
	} else if (m->write) {
		vgic_lock(&its->vm->vgic);
		kick = write_reg(its, off & ~7u, m->val << (m->size == 8 ? 0 : sh), mask);
		vgic_unlock(&its->vm->vgic);
		if (kick) {
			vits_kick(its, v);
		}
	} else {
		m->val = (read_reg(its, off & ~7u) & mask) >> (m->size == 8 ? 0 : sh);
	}
	return MMIO_DONE;
}
