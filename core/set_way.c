/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cache maintenance by set/way cannot be given to a guest: it knows one CPU's
 * caches only and the monitor moves vCPUs. What such a guest wants is its RAM
 * clean in memory before the caches go off or after they came on, so the whole
 * RAM is cleaned by address, once for each time the guest turns its caches on
 * or off. While that is to be noticed HCR_EL2.TVM traps SCTLR_EL1 writes.
 *
 * RAM may be large: every exit cleans one slice and the guest executes the
 * instruction again, taking interrupts in between, until all is done.
 */
#include "core/sysreg/sysreg.h"

#include "core/spec/hcr.h"
#include "core/spec/pstate.h"
#include "core/vm.h"

/* Four instructions a line of 64 bytes: about 500. */
#define SLICE KiB(8)

#define CACHES_ON (SCTLR_M | SCTLR_C)

/* One slice from v->sw_pos, an offset into all RAM of the VM laid end to end. True: that was the last. */
static bool clean_slice(struct vcpu *v)
{
	struct vm *vm = v->vm;
	u64 pos = v->sw_pos;

	for (u32 i = 0; i < vm->ram_count; i++) {
		const struct vm_ram *r = &vm->ram[i];
		u64 n;

		if (r->rom) {
			continue; /* cleaned when it was filled, and nobody writes it */
		}
		if (pos >= r->size) {
			pos -= r->size;
			continue;
		}
		n = MIN(SLICE, r->size - pos);
		arch_clean_inval_dcache(pa_ptr(r->pa + pos), n);
		v->sw_pos += n;
		return false;
	}
	v->sw_pos = 0;
	return true;
}

static void set_tvm(struct vcpu *v, bool on)
{
	v->hcr = on ? v->hcr | HCR_TVM : v->hcr & ~HCR_TVM;
	vcpu_write_hcr(v);
}

bool set_way_clean(struct vcpu *v)
{
	if ((v->hcr & HCR_TVM) != 0) {
		return true; /* clean since the caches were last switched */
	}
	if (!clean_slice(v)) {
		return false;
	}
	set_tvm(v, true);
	return true;
}

bool set_way_sctlr(struct vcpu *v, u64 val)
{
	bool was_on = (read_sctlr_el1() & CACHES_ON) == CACHES_ON;
	bool on = (val & CACHES_ON) == CACHES_ON;

	/* Going off, dirty lines must reach memory; coming on, stale ones must not hide it. */
	if (on != was_on && !clean_slice(v)) {
		return false;
	}
	write_sctlr_el1(val);
	if (on) {
		set_tvm(v, false);
	}
	return true;
}
