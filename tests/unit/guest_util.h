/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A VM on the faked machine for tests of guest exits: RAM with ROM behind it, one device that records
 * what it is asked, vCPU 0 loaded and running at EL1. A test sets registers as the CPU leaves them at
 * an exit and calls exit_sync().
 */
#ifndef TESTS_UNIT_GUEST_UTIL_H
#define TESTS_UNIT_GUEST_UTIL_H

#include <stdlib.h>
#include <string.h>
#include "arch/host/host.h"
#include "arch_gic.h"
#include "core/exit.h"
#include "core/mmio.h"
#include "core/spec/esr.h"
#include "core/spec/hcr.h"
#include "core/spec/pstate.h"
#include "core/sysreg/sysreg.h"
#include "core/vm.h"

#define G_RAM   0x40000000UL
#define G_ROM   0x50000000UL
#define G_DEV   0x09000000UL
#define G_HOLE  0x0a000000UL
#define G_VBAR  0x40008000UL
#define G_PC    0x40001000UL
#define G_RAM_SIZE KiB(64)

struct guest {
	struct vm vm;
	struct vm_config cfg;
	struct vcpu *v;
	u8 *ram;
	/* The device at G_DEV, 0x1000 bytes */
	struct mmio last[4];
	unsigned int accesses;
	u64 value;   /* what it reads as; later accesses one more */
	enum mmio_result result;
	struct thread life;
};

static inline enum mmio_result guest_device(void *arg, struct vcpu *v, struct mmio *m)
{
	struct guest *g = arg;

	(void)v;
	g->last[g->accesses % 4] = *m;
	if (!m->write) {
		m->val = g->value + g->accesses;
	}
	g->accesses++;
	return g->result;
}

static inline struct vcpu *guest_add_vcpu(struct guest *g, u32 id)
{
	struct vcpu *v = aligned_alloc(64, ALIGN_UP(sizeof(*v), 64));

	memset(v, 0, sizeof(*v));
	v->id = id;
	v->vm = &g->vm;
	v->vmpidr = BIT(31) | id;
	v->hcr = HCR_GUEST;
	v->power = VCPU_OFF;
	v->thread.vcpu = v;
	v->thread.name = "guest";
	v->thread.prio = 10;
	v->thread.allowed = 1;
	v->thread.state = THREAD_RUNNING;
	list_init(&v->thread.link);
	v->vgic.sgi1r = ICC_SGI1R;
	g->vm.vcpu[id] = v;
	g->vm.vcpu_count = MAX(g->vm.vcpu_count, id + 1);
	return v;
}

static inline struct guest *guest_new(void)
{
	struct guest *g = calloc(1, sizeof(*g));

	host_init();
	host_gic_init(3, 4);
	g->ram = aligned_alloc(PAGE_SIZE, G_RAM_SIZE * 2);
	memset(g->ram, 0, G_RAM_SIZE * 2);
	snprintf(g->cfg.name, sizeof(g->cfg.name), "guest");
	g->cfg.unsup_instruction = UNSUP_FAIL;
	g->cfg.unsup_register = UNSUP_FAIL;
	g->cfg.unsup_reference = UNSUP_IGNORE;
	g->vm.cfg = &g->cfg;
	g->vm.gic_version = 3;
	g->vm.state = VM_RUNNING;
	g->vm.s2.ipa_size = 1UL << 40;
	g->vm.ram[0] = (struct vm_ram){ G_RAM, G_RAM_SIZE, (pa_t)g->ram, false };
	g->vm.ram[1] = (struct vm_ram){ G_ROM, G_RAM_SIZE, (pa_t)g->ram + G_RAM_SIZE, true };
	g->vm.ram_count = 2;
	g->vm.thread = &g->life;
	list_init(&g->life.link);
	g->life.state = THREAD_RUNNING;
	if (vm_add_window(&g->vm, G_DEV, 0x1000, guest_device, g) != 0) {
		abort();
	}
	g->v = guest_add_vcpu(g, 0);
	g->v->power = VCPU_ON;
	host_percpu->current = &g->v->thread;
	host_percpu->loaded = g->v;
	write_hcr_el2(g->v->hcr);
	write_vbar_el1(G_VBAR);
	write_sctlr_el1(SCTLR_EL1_RESET | SCTLR_M | SCTLR_C);
	write_elr_el2(G_PC);
	write_spsr_el2(PSTATE_EL1H | PSTATE_DAIF);
	return g;
}

static inline void guest_free(struct guest *g)
{
	host_percpu->loaded = NULL;
	host_percpu->current = &host_percpu->idle_thread;
	for (u32 i = 0; i < g->vm.vcpu_count; i++) {
		timer_cancel(&g->vm.vcpu[i]->ptimer);
		free(g->vm.vcpu[i]);
	}
	free(g->ram);
	free(g);
}

/* The faked CPU takes an exit of class `ec`. */
static inline void guest_exit(struct guest *g, unsigned int ec, u64 iss)
{
	write_esr_el2(field_prep(ESR_EC, ec) | ESR_IL | iss);
	exit_sync(g->v);
}

/* A data abort at IPA = VA `addr`, translation fault at level 3 unless `iss` says otherwise. */
static inline void guest_abort(struct guest *g, u64 addr, u64 iss)
{
	write_far_el2(addr);
	write_hpfar_el2(addr >> 12 << 4);
	guest_exit(g, EC_DABT_LOWER, iss | ((iss & ESR_FSC) != 0 ? 0 : FSC_TRANSLATION | 3));
}

/* Back to the state before the exit. */
static inline void guest_rewind(struct guest *g)
{
	write_elr_el2(G_PC);
	write_spsr_el2(PSTATE_EL1H | PSTATE_DAIF);
	write_elr_el1(0);
	write_esr_el1(0);
	g->accesses = 0;
}

/* True if EL1 has taken an exception of class `ec` from G_PC. */
static inline bool guest_took(unsigned int ec)
{
	return read_elr_el1() == G_PC && field_get(ESR_EC, read_esr_el1()) == ec &&
	       read_elr_el2() - read_vbar_el1() < VECTOR_TABLE;
}

#endif
