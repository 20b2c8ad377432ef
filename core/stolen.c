/* SPDX-License-Identifier: Apache-2.0 */
#include "core/stolen.h"

#include <errno.h>
#include <string.h>
#include "core/base/memory.h"
#include "core/spec/smccc.h"
#include "core/vm.h"

/* DEN 0057; revision and attributes are 0. Little-endian, as EL2 is. */
struct stolen_time {
	u32 revision, attributes;
	u64 stolen_ns;
	u8 pad[48];
};

_Static_assert(sizeof(struct stolen_time) == 64, "DEN 0057");
_Static_assert(VM_MAX_CPUS * sizeof(struct stolen_time) <= PAGE_SIZE, "one page");

int stolen_create(struct vm *vm)
{
	int err;

	if (vm->cfg->stolen == 0) {
		return 0;
	}
	vm->stolen = mem_page_alloc();
	if (vm->stolen == 0) {
		return -ENOMEM;
	}
	err = s2_map(&vm->s2, vm->cfg->stolen, vm->stolen, PAGE_SIZE, S2_ROM_CPU);
	if (err != 0) {
		stolen_destroy(vm);
	}
	return err;
}

void stolen_destroy(struct vm *vm)
{
	if (vm->stolen != 0) {
		mem_page_free(vm->stolen);
		vm->stolen = 0;
	}
}

void stolen_reset(struct vm *vm)
{
	for (u32 i = 0; i < vm->vcpu_count; i++) {
		vm->vcpu[i]->stolen_base = vm->vcpu[i]->thread.waited;
		vm->vcpu[i]->stolen_on = false;
	}
	if (vm->stolen != 0) {
		memset(pa_ptr(vm->stolen), 0, PAGE_SIZE);
		arch_clean_dcache(pa_ptr(vm->stolen), PAGE_SIZE);
	}
}

s64 stolen_features(const struct vcpu *v, u32 fid)
{
	return v->vm->stolen != 0 && (fid == PV_TIME_FEATURES || fid == PV_TIME_ST) ?
		SMCCC_SUCCESS : SMCCC_NOT_SUPPORTED;
}

s64 stolen_structure(struct vcpu *v)
{
	if (v->vm->stolen == 0) {
		return SMCCC_NOT_SUPPORTED;
	}
	v->stolen_on = true;
	stolen_write(v);
	return (s64)(v->vm->cfg->stolen + v->id * sizeof(struct stolen_time));
}

void stolen_write(const struct vcpu *v)
{
	struct stolen_time *s = (struct stolen_time *)pa_ptr(v->vm->stolen) + v->id;

	/* One store: the guest reads it at any time (DEN 0057). */
	__atomic_store_n(&s->stolen_ns, counter_to_ns(v->thread.waited - v->stolen_base), __ATOMIC_RELAXED);
}
