/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A virtual CPU interface in software (IHI 0069 4.8, 12.4), one per CPU, with 5 bits of
 * priority: list registers, active priorities, EOIcount, maintenance conditions.
 */
#include <errno.h>
#include <string.h>
#include "arch/arch.h"
#include "arch_gic.h"
#include "core/base/log.h"
#include "core/base/percpu.h"

struct gic_hw gic_hw;
bool host_gic_lpis_active;

static struct iface {
	u64 lr[16];
	u32 hcr, vmcr;
	u32 apr[2];    /* 32 levels a group */
	u32 active;    /* physical private interrupts */
} ifaces[MAX_CPUS];

/* Shared interrupts of the machine. */
struct host_spi host_spi[1020];

static struct iface *me(void)
{
	return &ifaces[this_cpu()->id];
}

void host_gic_init(unsigned int version, unsigned int lrs)
{
	memset(ifaces, 0, sizeof(ifaces));
	memset(host_spi, 0, sizeof(host_spi));
	gic_hw = (struct gic_hw){ .v3 = version == 3, .lr_count = (u8)lrs, .apr_count = 1,
				  .tdir = version == 3, .lr_mask = (u32)BITS(lrs - 1, 0),
				  .vtimer_intid = 27, .vcpu = 0x8040000,
				  .vtimer_link = ICH_LR_HW | field_prep(ICH_LR_PINTID, 27) };
}

int gic_init(const struct board *b, struct diag *d)
{
	(void)b;
	(void)d;
	return 0;
}

int gic_init_cpu(void)
{
	return 0;
}

unsigned int gic_host_version(void)
{
	return gic_hw.v3 ? 3 : 2;
}

u32 gic_ack(void)
{
	return INTID_SPURIOUS;
}

void gic_eoi(u32 iar)
{
	(void)iar;
}

void gic_deactivate(u32 iar)
{
	gic_set_active(iar & 0x3ff, false);
}

__attribute__((weak)) void gic_send_sgi(u32 sgi, u32 cpu)
{
	(void)sgi;
	(void)cpu;
}

void gic_enable(u32 intid, bool on)
{
	if (intid >= 32) {
		host_spi[intid].enabled = on;
	}
}

void gic_configure(u32 intid, u8 prio, bool edge, u32 cpu)
{
	(void)prio;
	gic_set_trigger(intid, edge);
	gic_route(intid, cpu);
}

u32 gic_intids(void)
{
	return ARRAY_SIZE(host_spi);
}

void gic_set_pending(u32 intid, bool pending)
{
	host_spi[intid].pending = pending;
}

bool gic_pending(u32 intid)
{
	const struct host_spi *s = &host_spi[intid];

	return s->pending || (!s->edge && s->line);
}

void gic_set_trigger(u32 intid, bool edge)
{
	/* UNPREDICTABLE while it is enabled (IHI 0069 12.9.9). */
	BUG_ON(intid >= 32 && host_spi[intid].enabled && host_spi[intid].edge != edge);
	host_spi[intid].edge = edge;
}

void gic_route(u32 intid, u32 cpu)
{
	host_spi[intid].cpu = cpu;
}

void host_spi_line(u32 intid, bool level)
{
	struct host_spi *s = &host_spi[intid];

	s->pending |= s->edge && level && !s->line;
	s->line = level;
}

u32 host_spi_fires(void)
{
	for (u32 i = 32; i < ARRAY_SIZE(host_spi); i++) {
		struct host_spi *s = &host_spi[i];

		if (s->enabled && !s->active && gic_pending(i) && s->cpu == this_cpu()->id) {
			s->pending = false;
			s->active = true;
			s->taken++;
			return i;
		}
	}
	return 0;
}

void gic_set_active(u32 intid, bool active)
{
	if (intid < 32) {
		me()->active = active ? me()->active | 1u << intid : me()->active & ~(1u << intid);
	} else if (intid < ARRAY_SIZE(host_spi)) {
		host_spi[intid].active = active;
	}
}

bool host_gic_active(u32 intid)
{
	return intid < 32 ? (me()->active >> intid) & 1 : host_spi[intid].active;
}

bool host_gic_timer_fires(void)
{
	if (host_gic_active(gic_hw.vtimer_intid)) {
		return false;
	}
	gic_set_active(gic_hw.vtimer_intid, true);
	return true;
}

static u32 vintid(u64 lr)
{
	return (u32)(lr & ICH_LR_VINTID);
}

void gic_lr_write_n(unsigned int n, u64 lr)
{
	struct iface *f = me();

	BUG_ON(n >= gic_hw.lr_count);
	if (lr & ICH_LR_STATE) {
		/* UNPREDICTABLE: one INTID twice, P and A with HW (IHI 0069 12.4.7). */
		for (unsigned int i = 0; i < gic_hw.lr_count; i++) {
			BUG_ON(i != n && (f->lr[i] & ICH_LR_STATE) &&
			       vintid(f->lr[i]) == vintid(lr));
		}
		BUG_ON((lr & ICH_LR_HW) && (lr & ICH_LR_STATE) == ICH_LR_STATE);
		BUG_ON((lr & ICH_LR_HW) && !host_gic_active((u32)field_get(ICH_LR_PINTID, lr)));
		BUG_ON(vintid(lr) >= 1020 && vintid(lr) < 8192);
		/* An LPI is never active (IHI 0069 1.2.1). */
		BUG_ON(vintid(lr) >= 8192 && (lr & (ICH_LR_ACTIVE | ICH_LR_HW)));
		BUG_ON(field_get(ICH_LR_PRIO, lr) & 7);
		BUG_ON(!gic_hw.v3 && vintid(lr) >= 16 && !(lr & ICH_LR_HW) && (lr & ICH_LR_SOURCE));
	}
	f->lr[n] = lr;
}

u64 gic_lr_read_n(unsigned int n)
{
	BUG_ON(n >= gic_hw.lr_count);
	return me()->lr[n];
}

u32 gic_lr_empty(void)
{
	u32 m = 0;

	for (u32 i = 0; i < gic_hw.lr_count; i++) {
		m |= me()->lr[i] & ICH_LR_STATE ? 0 : 1u << i;
	}
	return m;
}

u32 gic_vcpu_hcr(void)
{
	return me()->hcr;
}

void gic_set_vcpu_hcr(u32 v)
{
	me()->hcr = v;
}

u32 gic_vmcr(void)
{
	return me()->vmcr;
}

void gic_set_vmcr(u32 v)
{
	me()->vmcr = v;
}

void gic_apr_save(u32 apr[2][4])
{
	apr[0][0] = me()->apr[0];
	apr[1][0] = me()->apr[1];
}

void gic_apr_load(const u32 apr[2][4])
{
	me()->apr[0] = apr[0][0];
	me()->apr[1] = apr[1][0];
}

/* Highest active priority as a level 0..31, 32: idle. */
static u32 running(void)
{
	u32 all = me()->apr[0] | me()->apr[1];

	return all ? (u32)__builtin_ctz(all) : 32;
}

/* The highest priority pending interrupt of the enabled groups, if it may be taken (4.8). */
static int highest(void)
{
	struct iface *f = me();
	int best = -1;

	for (u32 i = 0; i < gic_hw.lr_count && (f->hcr & ICH_HCR_EN); i++) {
		u64 lr = f->lr[i];

		if ((lr & ICH_LR_STATE) == ICH_LR_PENDING &&
		    (f->vmcr & (lr & ICH_LR_GROUP ? ICH_VMCR_ENG1 : ICH_VMCR_ENG0)) &&
		    (best < 0 ||
		     field_get(ICH_LR_PRIO, lr) < field_get(ICH_LR_PRIO, f->lr[best]))) {
			best = (int)i;
		}
	}
	if (best >= 0) {
		u32 prio = (u32)field_get(ICH_LR_PRIO, f->lr[best]);

		if (prio >= f->vmcr >> 24 || prio >> 3 >= running()) {
			return -1;
		}
	}
	return best;
}

bool host_gic_signals(unsigned int group)
{
	int i = highest();

	return i >= 0 && ((me()->lr[i] & ICH_LR_GROUP) != 0) == group;
}

u32 host_gic_iar(unsigned int group)
{
	int i = highest();
	u64 *lr;

	if (!host_gic_signals(group)) {
		return INTID_SPURIOUS;
	}
	lr = &me()->lr[i];
	*lr = (*lr & ~ICH_LR_PENDING) | (vintid(*lr) < 8192 || host_gic_lpis_active ? ICH_LR_ACTIVE : 0);
	me()->apr[group] |= 1u << (field_get(ICH_LR_PRIO, *lr) >> 3);
	return vintid(*lr) |
	       (vintid(*lr) < 16 && !gic_hw.v3 ? (u32)field_get(ICH_LR_SOURCE, *lr) << 10 : 0);
}

static void deactivate(u32 iar)
{
	struct iface *f = me();

	for (u32 i = 0; i < gic_hw.lr_count; i++) {
		u64 *lr = &f->lr[i];

		if (!(*lr & ICH_LR_ACTIVE) || vintid(*lr) != (gic_hw.v3 ? iar : iar & 0x3ff) ||
		    (!gic_hw.v3 && vintid(*lr) < 16 &&
		     field_get(ICH_LR_SOURCE, *lr) != iar >> 10)) {
			continue;
		}
		*lr &= ~ICH_LR_ACTIVE;
		if (*lr & ICH_LR_HW) {
			gic_set_active((u32)field_get(ICH_LR_PINTID, *lr), false);
		}
		return;
	}
	f->hcr += iar < 8192 ? 1u << 27 : 0;
}

void host_gic_guest_eoi(u32 iar, unsigned int group)
{
	struct iface *f = me();

	if (!f->apr[group]) {
		return;
	}
	f->apr[group] &= f->apr[group] - 1;
	if (!(f->vmcr & ICH_VMCR_EOIM) || iar >= 8192) {
		deactivate(iar);
	}
}

bool host_gic_guest_dir(u32 iar)
{
	if (me()->hcr & ICH_HCR_TDIR) {
		return true;
	}
	deactivate(iar);
	return false;
}

u32 host_gic_misr(void)
{
	const struct iface *f = me();
	u32 misr = 0, valid = 0, pending = 0;

	for (u32 i = 0; i < gic_hw.lr_count; i++) {
		valid += (f->lr[i] & ICH_LR_STATE) != 0;
		pending += (f->lr[i] & ICH_LR_STATE) == ICH_LR_PENDING;
		misr |= (f->lr[i] & (ICH_LR_STATE | ICH_LR_HW | ICH_LR_EOI)) == ICH_LR_EOI;
	}
	misr |= (f->hcr & ICH_HCR_UIE) && valid <= 1 ? 2 : 0;
	misr |= (f->hcr & ICH_HCR_LRENPIE) && f->hcr >> 27 ? 4 : 0;
	misr |= (f->hcr & ICH_HCR_NPIE) && !pending ? 8 : 0;
	misr |= (f->hcr & ICH_HCR_VGRP0EIE) && (f->vmcr & ICH_VMCR_ENG0) ? 0x10 : 0;
	misr |= (f->hcr & ICH_HCR_VGRP1EIE) && (f->vmcr & ICH_VMCR_ENG1) ? 0x40 : 0;
	misr |= (f->hcr & ICH_HCR_VGRP0DIE) && !(f->vmcr & ICH_VMCR_ENG0) ? 0x20 : 0;
	misr |= (f->hcr & ICH_HCR_VGRP1DIE) && !(f->vmcr & ICH_VMCR_ENG1) ? 0x80 : 0;
	return f->hcr & ICH_HCR_EN ? misr : 0;
}

/* No ITS. A test that has one says so. */
__attribute__((weak)) int its_start(const struct board *b, u32 its)
{
	(void)b;
	(void)its;
	return -ENODEV;
}

__attribute__((weak)) int its_map(u32 its, u32 devid, u32 nvec, u32 lpi, u32 cpu, void **itt)
{
	(void)its;
	(void)devid;
	(void)nvec;
	(void)lpi;
	(void)cpu;
	(void)itt;
	return -ENODEV;
}

__attribute__((weak)) void its_unmap(u32 its, u32 devid, u32 nvec, u32 lpi, void *itt)
{
	(void)its;
	(void)devid;
	(void)nvec;
	(void)lpi;
	(void)itt;
}

__attribute__((weak)) int its_move(u32 its, u32 devid, u32 event, u32 cpu)
{
	(void)its;
	(void)devid;
	(void)event;
	(void)cpu;
	return -ENODEV;
}
