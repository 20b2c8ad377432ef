/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Device accesses the syndrome does not describe: pairs, and forms that write
 * their base register back (ARM ARM C4.1.96 "Loads and stores"). The encoding
 * is read from guest RAM and checked against the fault address, so that code
 * that changes meanwhile can do no more than abort.
 *
 * Left out on purpose and answered with an external abort: FP and SIMD
 * registers, exclusive, ordered and atomic forms, DC ZVA, AArch32.
 */
#include "core/mmio.h"

#include "core/exit.h"
#include "core/spec/esr.h"
#include "core/spec/pstate.h"
#include "core/vm.h"

#define NO_REG 32

/* One decoded instruction: `count` elements of `size` bytes at base + offset. */
struct access {
	u8 count, size;
	u8 rt[2], rn;
	bool write, sign, to64;
	bool writeback, post;
	s64 offset;
};

static u64 bits(u32 insn, unsigned int hi, unsigned int lo)
{
	return (insn & BITS(hi, lo)) >> lo;
}

static s64 sbits(u32 insn, unsigned int hi, unsigned int lo)
{
	return (s64)((u64)insn << (63 - hi)) >> (63 - hi + lo);
}

/* LDP, STP, LDPSW, LDNP, STNP of general registers. */
static bool decode_pair(u32 insn, struct access *a)
{
	unsigned int opc = (unsigned int)bits(insn, 31, 30), mode = (unsigned int)bits(insn, 24, 23);
	bool load = (insn & BIT(22)) != 0;

	/* opc 01 is LDPSW, whose no-allocate and store places are other instructions. */
	if (opc == 3 || (opc == 1 && (!load || mode == 0))) {
		return false;
	}
	a->count = 2;
	a->size = opc == 2 ? 8 : 4;
	a->sign = opc == 1;
	a->to64 = opc != 0;
	a->write = !load;
	a->writeback = mode == 1 || mode == 3;
	a->post = mode == 1;
	a->offset = sbits(insn, 21, 15) * a->size;
	a->rt[1] = (u8)bits(insn, 14, 10);
	/* CONSTRAINED UNPREDICTABLE: both halves to one register. */
	return !(load && a->rt[0] == a->rt[1]);
}

/* Register offset: Rm, extended as `option` says and shifted by the access size if S. */
static bool register_offset(const struct vcpu *v, u32 insn, unsigned int shift, s64 *offset)
{
	u64 rm = vcpu_gpr(v, (unsigned int)bits(insn, 20, 16));

	switch (bits(insn, 15, 13)) {
	case 2: /* UXTW */
		rm = (u32)rm;
		break;
	case 6: /* SXTW */
		rm = mmio_extend(rm, 4, true, true);
		break;
	case 3: /* LSL */
	case 7: /* SXTX */
		break;
	default:
		return false;
	}
	*offset = (s64)(rm << ((insn & BIT(12)) != 0 ? shift : 0));
	return true;
}

/* One general register: unscaled, unprivileged, pre- and post-index, register and scaled offset. */
static bool decode_single(const struct vcpu *v, u32 insn, struct access *a)
{
	unsigned int shift = (unsigned int)bits(insn, 31, 30);
	unsigned int opc = (unsigned int)bits(insn, 23, 22), form = (unsigned int)bits(insn, 11, 10);

	if ((shift == 3 && opc >= 2) || (shift == 2 && opc == 3)) {
		return false; /* prefetch or unallocated */
	}
	a->count = 1;
	a->size = (u8)(1U << shift);
	a->write = opc == 0;
	a->sign = opc >= 2;
	a->to64 = opc == 2 || shift == 3;
	if ((insn & BIT(24)) != 0) {
		a->offset = (s64)(bits(insn, 21, 10) << shift);
		return true;
	}
	if ((insn & BIT(21)) != 0) {
		return form == 2 && register_offset(v, insn, shift, &a->offset);
	}
	a->writeback = form == 1 || form == 3;
	a->post = form == 1;
	a->offset = sbits(insn, 20, 12);
	return true;
}

static bool decode(const struct vcpu *v, u32 insn, struct access *a)
{
	bool known = false;

	*a = (struct access){ .rt = { (u8)bits(insn, 4, 0), NO_REG }, .rn = (u8)bits(insn, 9, 5) };
	if ((insn & 0x3e000000) == 0x28000000) {
		known = decode_pair(insn, a);
	} else if ((insn & 0x3e000000) == 0x38000000) {
		known = decode_single(v, insn, a);
	}
	/* CONSTRAINED UNPREDICTABLE: writeback of a register that is also transferred. */
	return known && !(a->writeback && a->rn != 31 &&
			  (a->rn == a->rt[0] || a->rn == a->rt[1]));
}

static bool on_sp_el1(u64 spsr)
{
	return (spsr & PSTATE_MODE) == PSTATE_EL1H;
}

static u64 base_register(const struct vcpu *v, unsigned int rn, u64 spsr)
{
	if (rn != 31) {
		return v->x[rn];
	}
	return on_sp_el1(spsr) ? read_sp_el1() : read_sp_el0();
}

static void set_base_register(struct vcpu *v, unsigned int rn, u64 spsr, u64 val)
{
	if (rn != 31) {
		v->x[rn] = val;
	} else if (on_sp_el1(spsr)) {
		write_sp_el1(val);
	} else {
		write_sp_el0(val);
	}
}

static bool fetch(struct vcpu *v, u64 spsr, u32 *insn)
{
	u64 pc = read_elr_el2();
	ipa_t ipa;

	return (pc & 3) == 0 &&
	       arch_guest_translate(pc, (spsr & PSTATE_MODE) == PSTATE_EL0T, &ipa) &&
	       vm_read_ram(v->vm, ipa, insn, sizeof(*insn)) == 0;
}

bool emulate_access(struct vcpu *v, u64 esr, ipa_t ipa)
{
	u64 spsr = read_spsr_el2(), far = read_far_el2();
	u64 base, addr, skew, val[2];
	struct access a;
	u32 insn;

	if ((spsr & PSTATE_NRW) != 0 || !fetch(v, spsr, &insn) || !decode(v, insn, &a) ||
	    a.write != ((esr & ESR_WNR) != 0)) {
		return false;
	}
	base = base_register(v, a.rn, spsr);
	addr = a.post ? base : base + (u64)a.offset;
	/*
	 * The fault is at either element; tags in the top byte may differ. Both elements must be in
	 * the page whose IPA is known.
	 */
	skew = (far - addr) & BITS(55, 0);
	if ((skew != 0 && (skew != a.size || a.count != 2)) ||
	    (addr & PAGE_MASK) + (u64)a.count * a.size > PAGE_SIZE) {
		return false;
	}
	ipa -= skew;
	for (unsigned int i = 0; i < a.count; i++) {
		val[i] = vcpu_gpr(v, a.rt[i]);
		if (mmio_access(v, ipa + i * a.size, a.size, a.write, &val[i]) != MMIO_DONE) {
			return false;
		}
	}
	for (unsigned int i = 0; !a.write && i < a.count; i++) {
		vcpu_set_gpr(v, a.rt[i], mmio_extend(val[i], a.size, a.sign, a.to64));
	}
	if (a.writeback) {
		set_base_register(v, a.rn, spsr, base + (u64)a.offset);
	}
	return true;
}
