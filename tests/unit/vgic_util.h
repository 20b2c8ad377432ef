/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A VM with nothing but vCPUs and a GIC on a faked machine: vCPU n runs on CPU n. What the guest
 * does is done through the register faces and the faked virtual CPU interface (arch/host/gic.c).
 */
#ifndef TESTS_UNIT_VGIC_UTIL_H
#define TESTS_UNIT_VGIC_UTIL_H

#include <string.h>
#include "arch/host/host.h"
#include "core/sysreg/sysreg.h"
#include "core/vgic/vgic_priv.h"

#define DIST 0x08000000UL
#define REDIST 0x080a0000UL
#define GICC 0x08010000UL
#define SGI_BASE(cpu) ((u64)(cpu) * GICR_FRAME + GICR_SGI_BASE)
#define NONE 1023
#define STORM 64 /* exits in a row without progress of the guest */

static struct vm test_vm;
static struct vcpu test_vcpu[VM_MAX_CPUS];
static struct vm_config test_cfg;
static bool emulated; /* version 2 on a GICv3: start(2, ...) makes a VM whose CPU interface traps */
static bool deaf; /* version 3 on a machine whose list registers are of no use */
static bool unlinked; /* the timer's interrupt is ended by the monitor, not by its list register */
static unsigned int maintenance_exits;
static bool timer_line[VM_MAX_CPUS]; /* of vCPU n's virtual timer, while loaded */

/* The CPU that executes from here on is that of vCPU n. */
static struct vcpu *on(unsigned int n)
{
	host_percpu = &percpus[test_vcpu[n].thread.cpu];
	host_sysreg[HOST_SYSREG_cntv_ctl_el0] = timer_line[n] ? 5 : 1;
	return &test_vcpu[n];
}

/* A kick is served at once, or by settle() if the sender holds the lock the receiver needs. */
void gic_send_sgi(u32 sgi, u32 cpu)
{
	struct percpu *from = host_percpu;
	struct vcpu *v = percpus[cpu].current->vcpu;

	(void)sgi;
	if (test_vm.vgic.lock.taken == 0 && v->vgic.loaded && (v->work & VWORK_VGIC)) {
		on(v->id);
		v->work = 0;
		vgic_flush(v);
		on(from->current->vcpu->id);
	}
}

static struct mmio access(unsigned int n, ipa_t addr, unsigned int size, bool write, u64 val,
			  enum mmio_result *r)
{
	struct vcpu *v = on(n);
	struct mmio m = { .val = val, .size = (u8)size, .write = write };

	*r = mmio_access(v, addr, size, write, &m.val);
	return m;
}

static u64 rd(unsigned int n, ipa_t addr, unsigned int size)
{
	enum mmio_result r;
	struct mmio m = access(n, addr, size, false, ~0UL, &r);

	return r == MMIO_DONE ? m.val : 0xdead0000dead0000UL;
}

/* Way back to the guest of vCPU n: work, maintenance, the timer, until all is quiet. */
static bool settle(unsigned int n)
{
	static unsigned int turn;
	struct vcpu *v = on(n);

	for (unsigned int i = 0; i < STORM; i++) {
		if (v->work & VWORK_VGIC) {
			v->work = 0;
			if (v->vgic.loaded && ++turn % 2) {
				vgic_kicked(v);
			} else if (v->vgic.loaded) {
				vgic_flush(v);
			}
		} else if (v->vgic.loaded && host_gic_misr()) {
			maintenance_exits++;
			vgic_maintenance(v);
		} else if (v->vgic.loaded && timer_line[n] && host_gic_timer_fires()) {
			vgic_vtimer_fired(v);
		} else {
			return true;
		}
	}
	return false;
}

static bool settle_all(void)
{
	bool quiet = true;

	for (unsigned int i = 0; i < test_vm.vcpu_count; i++) {
		quiet &= settle(i);
	}
	return quiet;
}

static void wr(unsigned int n, ipa_t addr, unsigned int size, u64 val)
{
	enum mmio_result r;

	access(n, addr, size, true, val, &r);
	if (r != MMIO_DONE || !settle_all()) {
		test_fail(__FILE__, __LINE__, "write of %u bytes at %#lx failed", size, addr);
	}
}

#define ICC(crm, op2) SYSREG(3, 0, 12, crm, op2)

/* ICC_*_EL1 of a deaf machine, where they trap. */
__attribute__((unused)) static u64 icc_rd(unsigned int n, u32 key)
{
	u64 val = ~0UL;

	CHECK(vgic_icc(on(n), key, true, &val));
	return val;
}

__attribute__((unused)) static void icc_wr(unsigned int n, u32 key, u64 val)
{
	CHECK(vgic_icc(on(n), key, false, &val));
}

/* The guest's CPU interface as ICH_VMCR_EL2 has it. */
__attribute__((unused)) static u32 iface(unsigned int n)
{
	on(n);
	return emulated || deaf ? test_vcpu[n].vgic.vmcr : gic_vmcr();
}

__attribute__((unused)) static void set_iface(unsigned int n, u32 vmcr)
{
	on(n);
	if (emulated) {
		wr(n, GICC + GICC_CTLR, 4, vmcr & 0x21f);
		wr(n, GICC + GICC_PMR, 4, vmcr >> 24);
	} else if (deaf) {
		icc_wr(n, ICC(12, 4), (vmcr & ICH_VMCR_EOIM) >> 8 | (vmcr >> 4 & 1));
		icc_wr(n, ICC(12, 6), vmcr & 1);
		icc_wr(n, ICC(12, 7), vmcr >> 1 & 1);
		icc_wr(n, SYSREG(3, 0, 4, 6, 0), vmcr >> 24);
	} else {
		gic_set_vmcr(vmcr);
	}
}

static void start(unsigned int version, unsigned int vcpus, unsigned int lrs, unsigned int spis)
{
	host_init();
	host_gic_init(emulated ? 3 : version, lrs);
	gic_hw.deaf = deaf;
	if (unlinked) {
		gic_hw.vtimer_link = ICH_LR_EOI;
	}
	memset(&test_vm, 0, sizeof(test_vm));
	memset(test_vcpu, 0, sizeof(test_vcpu));
	memset(timer_line, 0, sizeof(timer_line));
	maintenance_exits = 0;
	test_cfg.gic = (struct cfg_gic){ .version = (u8)version, .dist = DIST, .gicr = REDIST,
					 .gicc = GICC };
	test_vm.cfg = &test_cfg;
	test_vm.gic_version = (u8)version;
	test_vm.vcpu_count = vcpus;
	for (unsigned int i = 0; i < vcpus; i++) {
		struct vcpu *v = &test_vcpu[i];

		v->id = i;
		v->vm = &test_vm;
		v->vmpidr = BIT(31) | i;
		v->thread.cpu = i;
		v->thread.vcpu = v;
		percpus[i].id = i;
		percpus[i].current = &v->thread;
		test_vm.vcpu[i] = v;
	}
	if (s2_init(&test_vm.s2, 1, 40) || vgic_create(&test_vm, spis)) {
		test_fail(__FILE__, __LINE__, "the GIC could not be made");
		return;
	}
	vgic_reset(&test_vm);
	for (unsigned int i = 0; i < vcpus; i++) {
		struct vcpu *v = on(i);

		vgic_load(v);
		percpus[i].loaded = v;
		set_iface(i, iface(i) | 0xf0000000u | ICH_VMCR_ENG0 | ICH_VMCR_ENG1 | (emulated ? 4 : 0));
	}
	on(0);
}

static void stop_all(void)
{
	for (unsigned int i = 0; i < test_vm.vcpu_count; i++) {
		if (test_vcpu[i].vgic.loaded) {
			vgic_put(on(i));
		}
	}
	s2_destroy(&test_vm.s2);
}

/* The guest on vCPU n acknowledges what is signalled: INTID (v2 SGI: source in 12:10) or NONE. */
__attribute__((unused)) static u32 ack(unsigned int n)
{
	u32 iar;

	if (!settle(n)) {
		test_fail(__FILE__, __LINE__, "vCPU %u: an interrupt storm", n);
	}
	if (emulated) {
		return (u32)rd(n, GICC + GICC_IAR, 4);
	}
	if (deaf) {
		iar = (u32)icc_rd(n, ICC(12, 0));
		return iar != NONE ? iar : (u32)icc_rd(n, ICC(8, 0));
	}
	iar = host_gic_iar(1);
	return iar != NONE ? iar : host_gic_iar(0);
}

__attribute__((unused)) static unsigned int group_of(unsigned int n, u32 intid)
{
	intid &= 0x3ff;
	return ((intid < 32 ? test_vcpu[n].vgic.p.group : test_vm.vgic.w[intid / 32].group) >>
		(intid % 32)) & 1;
}

__attribute__((unused)) static void eoi(unsigned int n, u32 iar)
{
	on(n);
	if (emulated) {
		wr(n, GICC + GICC_EOIR, 4, iar);
	} else if (deaf) {
		icc_wr(n, ICC(group_of(n, iar) ? 12 : 8, 1), iar);
	} else {
		host_gic_guest_eoi(iar, group_of(n, iar));
	}
	settle(n);
}

#endif
