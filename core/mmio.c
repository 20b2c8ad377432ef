/* SPDX-License-Identifier: Apache-2.0 */
/* Stage-2 aborts of a guest: which address, which device, what access (ARM ARM D24.2.37, EC 0x24). */
#include "core/mmio.h"

#include "core/exit.h"
#include "core/spec/esr.h"
#include "core/spec/pstate.h"
#include "core/vm.h"

static inline struct mmio_window **cache_slot(struct vcpu *v, ipa_t ipa)
{
	return &v->mmio_cache[(ipa >> 16) % ARRAY_SIZE(v->mmio_cache)];
}

static __noinline struct mmio_window *find_window(struct vcpu *v, ipa_t ipa)
{
	struct vm *vm = v->vm;
	u32 low = 0, high = vm->window_count;

	while (low < high) {
		u32 mid = (low + high) / 2;
		struct mmio_window *w = &vm->window[mid];

		if (ipa < w->base) {
			high = mid;
		} else if (ipa - w->base >= w->size) {
			low = mid + 1;
		} else {
			/* The fast path relies on whole words and on the syndrome. */
			if (((w->base | w->size) & 3) == 0 && !arch_recheck_faults) {
				*cache_slot(v, ipa) = w;
			}
			return w;
		}
	}
	return NULL;
}

struct mmio_window *mmio_find(struct vcpu *v, ipa_t ipa)
{
	struct mmio_window *w = *cache_slot(v, ipa);

	if (likely(w != NULL && ipa - w->base < w->size)) {
		return w;
	}
	return find_window(v, ipa);
}

void mmio_set_words(struct vm *vm, ipa_t base, mmio_read32_fn read32, mmio_write32_fn write32)
{
	for (u32 i = 0; i < vm->window_count; i++) {
		if (vm->window[i].base == base) {
			vm->window[i].read32 = read32;
			vm->window[i].write32 = write32;
		}
	}
}

/* Nothing emulated is at `ipa`: no memory, or ROM that is written. */
static enum mmio_result access_nothing(struct vcpu *v, ipa_t ipa, bool write, u64 *val)
{
	struct vm *vm = v->vm;
	const char *what = write ? "write to" : "read from";
	u64 len = 1;

	if (vm_ram_ptr(vm, ipa, &len, true) != NULL) {
		return MMIO_ABORT; /* RAM that faults is broken, not absent: never answer with ~0 */
	}
	*val = ~0UL;
	switch (vm->cfg->unsup_reference) {
	case UNSUP_ABORT:
		vm_unsupported(vm, "%s unsupported address %#lx at %#lx", what, ipa, read_elr_el2());
		return MMIO_DONE;
	case UNSUP_FAIL:
		log_guest(vm, "cpu %u: %s unsupported address %#lx at %#lx: abort", v->id, what, ipa,
			  read_elr_el2());
		return MMIO_ABORT;
	case UNSUP_IGNORE:
		break;
	}
	log_guest(vm, "cpu %u: %s unsupported address %#lx at %#lx ignored", v->id, what, ipa,
		  read_elr_el2());
	return MMIO_DONE;
}

enum mmio_result mmio_access(struct vcpu *v, ipa_t ipa, unsigned int size, bool write, u64 *val)
{
	struct mmio_window *w = mmio_find(v, ipa);
	struct mmio m;
	enum mmio_result r;

	if (write) {
		*val = mmio_extend(*val, size, false, true);
	}
	if (w == NULL) {
		r = access_nothing(v, ipa, write, val);
	} else {
		m.off = ipa - w->base;
		m.val = write ? *val : 0;
		m.size = (u8)size;
		m.write = write;
		/* Devices are Device memory: unaligned is a fault (ARM ARM B2.10), so is half a register. */
		if (!IS_ALIGNED(ipa, size) || w->size - m.off < size) {
			return MMIO_ABORT;
		}
		if (size == 4 && w->read32 != NULL) {
			if (write) {
				w->write32(w->arg, v, m.off, (u32)m.val);
			} else {
				m.val = w->read32(w->arg, v, m.off);
			}
			r = MMIO_DONE;
		} else {
			r = w->fn(w->arg, v, &m);
		}
		*val = m.val;
	}
	if (!write) {
		*val = mmio_extend(*val, size, false, true);
	}
	return r;
}

u64 mmio_extend(u64 val, unsigned int size, bool sign, bool to64)
{
	unsigned int unused = 64 - 8 * size;

	val = sign ? (u64)((s64)(val << unused) >> unused) : val << unused >> unused;
	return to64 ? val : (u32)val;
}

/* ARM ARM D24.2.62: HPFAR_EL2 is not written by a permission fault that is not on a stage-1 walk. */
static bool fault_address(u64 esr, u64 far, ipa_t *ipa)
{
	if ((esr & ESR_FSC & ~3UL) == FSC_PERMISSION && (esr & ESR_S1PTW) == 0) {
		u64 spsr = read_spsr_el2();

		return arch_guest_translate(far, (spsr & PSTATE_NRW) != 0 ||
					    (spsr & PSTATE_MODE) == PSTATE_EL0T, ipa);
	}
	*ipa = (read_hpfar_el2() & HPFAR_FIPA) << 8 | (far & PAGE_MASK);
	return true;
}

/* Erratum 834220: the access has a stage-1 fault, which it reports when it is executed again. */
static bool stage1_faults(u64 far)
{
	u64 spsr = read_spsr_el2();
	ipa_t ipa;

	return !arch_guest_translate(far, (spsr & PSTATE_NRW) != 0 || (spsr & PSTATE_MODE) == PSTATE_EL0T,
				     &ipa);
}

static bool access_by_syndrome(struct vcpu *v, u64 esr, ipa_t ipa)
{
	unsigned int size = 1U << field_get(ESR_SAS, esr), rt = (unsigned int)field_get(ESR_SRT, esr);
	bool write = (esr & ESR_WNR) != 0;
	u64 val = vcpu_gpr(v, rt);

	if (mmio_access(v, ipa, size, write, &val) != MMIO_DONE) {
		return false;
	}
	if (!write) {
		vcpu_set_gpr(v, rt, mmio_extend(val, size, (esr & ESR_SSE) != 0,
						(esr & ESR_SF) != 0));
	}
	return true;
}

static __noinline void data_abort(struct vcpu *v, u64 esr)
{
	u64 fsc = esr & ESR_FSC, far = read_far_el2();
	ipa_t ipa;

	if ((fsc & ~3UL) == FSC_EXTERNAL_WALK && (esr & ESR_S1PTW) == 0) {
		vm_kill(v->vm, "external abort on a stage-2 table walk, address %#lx", far);
		return;
	}
	if (arch_recheck_faults && (esr & ESR_S1PTW) == 0 && (fsc & ~3UL) == FSC_TRANSLATION &&
	    stage1_faults(far)) {
		return;
	}
	/* A stage-1 walk through an address without memory, or a fault that is not about addresses. */
	if ((esr & ESR_S1PTW) != 0 || fsc > (FSC_PERMISSION | 3) || (esr & ESR_FNV) != 0 ||
	    !fault_address(esr, far, &ipa)) {
		inject_data_abort(v, far, esr);
		return;
	}
	/* Cache maintenance of an address that is not cached has nothing to do. */
	if ((esr & ESR_CM) == 0 && !((esr & ESR_ISV) != 0 ? access_by_syndrome(v, esr, ipa)
							 : emulate_access(v, esr, ipa))) {
		inject_data_abort(v, far, esr);
		return;
	}
	vcpu_skip_instruction(v, esr);
}

static __noinline void read_word(struct vcpu *v, u64 esr, struct mmio_window *w, u64 off)
{
	struct mmio m = { .off = off, .val = 0, .size = 4, .write = false };

	if (unlikely(w->fn(w->arg, v, &m) != MMIO_DONE)) {
		inject_data_abort(v, read_far_el2(), esr);
		return;
	}
	vcpu_set_gpr(v, (unsigned int)field_get(ESR_SRT, esr), (u32)m.val);
	skip_plain();
}

static __noinline void write_word(struct vcpu *v, u64 esr, struct mmio_window *w, u64 off)
{
	u32 val = (u32)vcpu_gpr(v, (unsigned int)field_get(ESR_SRT, esr));
	struct mmio m = { .off = off, .val = val, .size = 4, .write = true };

	if (unlikely(w->fn(w->arg, v, &m) != MMIO_DONE)) {
		inject_data_abort(v, read_far_el2(), esr);
		return;
	}
	skip_plain();
}

static __noinline void read_word_short(struct vcpu *v, struct mmio_window *w, u64 off)
{
	u32 val = w->read32(w->arg, v, off);

	/* Read once more rather than kept over the call: nothing has changed it. */
	vcpu_set_gpr(v, (unsigned int)field_get(ESR_SRT, read_esr_el2()), val);
	skip_plain();
}

static __noinline void write_word_short(struct vcpu *v, u64 esr, struct mmio_window *w, u64 off)
{
	skip_plain();
	w->write32(w->arg, v, off, (u32)vcpu_gpr(v, (unsigned int)field_get(ESR_SRT, esr)));
}

/*
 * In front of the general path: a 32-bit load or store without sign extension to the window that was
 * hit last, by far the most frequent access. ISV = 1 implies that the fault is not on a walk and not
 * from cache maintenance. The last fault codes with valid HPFAR_EL2 are translation faults, 4..7; a
 * permission fault would leave an old address there.
 */
void exit_data_abort(struct vcpu *v, u64 esr)
{
	ipa_t ipa = read_hpfar_el2() << 8 | (read_far_el2() & PAGE_MASK);
	struct mmio_window *w = *cache_slot(v, ipa);

	if (unlikely((esr & (ESR_ISV | ESR_SAS | ESR_SSE | BITS(5, 3))) !=
		     (ESR_ISV | field_prep(ESR_SAS, 2)) || !skip_is_plain(read_spsr_el2()) ||
		     w == NULL || (ipa & 3) != 0 || ipa - w->base >= w->size)) {
		data_abort(v, esr);
	} else if ((esr & ESR_WNR) != 0) {
		if (w->write32 != NULL) {
			write_word_short(v, esr, w, ipa - w->base);
		} else {
			write_word(v, esr, w, ipa - w->base);
		}
	} else if (w->read32 != NULL) {
		read_word_short(v, w, ipa - w->base);
	} else {
		read_word(v, esr, w, ipa - w->base);
	}
}

void exit_instruction_abort(struct vcpu *v, u64 esr)
{
	u64 fsc = esr & ESR_FSC, far = read_far_el2(), spsr = read_spsr_el2();

	if ((fsc & ~3UL) == FSC_EXTERNAL_WALK && (esr & ESR_S1PTW) == 0) {
		vm_kill(v->vm, "external abort on a stage-2 table walk, address %#lx", far);
		return;
	}
	if ((spsr & PSTATE_NRW) == 0 && (spsr & PSTATE_MODE) != PSTATE_EL0T &&
	    far == read_elr_el2() && far - read_vbar_el1() < VECTOR_TABLE) {
		vm_kill(v->vm, "no memory at the guest's own exception vector %#lx, syndrome %#lx",
			far, esr);
		return;
	}
	log_guest(v->vm, "cpu %u: no memory at %#lx to fetch instructions from", v->id, far);
	inject_instruction_abort(v, far, esr);
}
