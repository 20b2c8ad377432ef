/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The interrupt hardware as the build machine fakes it: see arch/aarch64/include/arch_gic.h.
 * arch/host/gic.c keeps a virtual CPU interface for every CPU and plays the guest's side
 * of it too, and panics on what hardware would call UNPREDICTABLE.
 */
#ifndef QUOIN_ARCH_GIC_H
#define QUOIN_ARCH_GIC_H

#include "arch_cpu.h"
#include "core/base/types.h"
#include "core/spec/gic.h"

struct gic_hw {
	bool v3;
	u8 lr_count;
	u8 apr_count;
	bool tdir;
	bool deaf;
	u32 lr_mask;
	u32 vtimer_intid;
	u64 vtimer_link;
	pa_t dist, cpu, hyp, vcpu;
};
extern struct gic_hw gic_hw;

void gic_lr_write_n(unsigned int n, u64 lr);
u64 gic_lr_read_n(unsigned int n);
u32 gic_lr_empty(void);
u32 gic_vcpu_hcr(void);
void gic_set_vcpu_hcr(u32 v);
u32 gic_vmcr(void);
void gic_set_vmcr(u32 v);
void gic_apr_save(u32 apr[2][4]);
void gic_apr_load(const u32 apr[2][4]);

static inline void gic_lr_write(unsigned int n, u64 lr)
{
	gic_lr_write_n(n, lr);
}

static inline u64 gic_lr_read(unsigned int n)
{
	return gic_lr_read_n(n);
}

static inline pa_t gic_vcpu_frame(void)
{
	return gic_hw.vcpu;
}

u32 gic_ack(void);
void gic_eoi(u32 iar);
void gic_deactivate(u32 iar);
#define gic_ack_fast gic_ack
#define gic_eoi_fast gic_eoi
#define gic_deactivate_fast gic_deactivate

/* ---- For tests: the machine and the guest's side of the virtual CPU interface. */

/* host_gic_init - a machine of `version` with `lrs` list registers; all CPUs' interfaces empty. */
void host_gic_init(unsigned int version, unsigned int lrs);
/* host_gic_iar - what the guest reads from IAR of `group`: INTID (source in 12:10) or 1023. */
u32 host_gic_iar(unsigned int group);
/* As some implementations do: an LPI's list register is active from IAR to EOIR. */
extern bool host_gic_lpis_active;
/* host_gic_signals - the interface signals an interrupt of `group` (vFIQ 0, vIRQ 1) to the guest. */
bool host_gic_signals(unsigned int group);
/* host_gic_guest_eoi - the guest writes EOIR; with EOImode 0 this also deactivates. */
void host_gic_guest_eoi(u32 iar, unsigned int group);
/* host_gic_guest_dir - the guest writes DIR; true: trapped (ICH_HCR.TDIR), nothing was done. */
bool host_gic_guest_dir(u32 iar);
/* host_gic_misr - ICH_MISR: nonzero while the maintenance interrupt is asserted. */
u32 host_gic_misr(void);
/* host_gic_active - active state of a physical interrupt of this CPU. */
bool host_gic_active(u32 intid);
/* Shared interrupts of the machine; a test moves their lines. */
struct host_spi {
	bool enabled, edge, line, pending, active; /* pending: latched */
	u32 cpu, taken;
};
extern struct host_spi host_spi[1020];
void host_spi_line(u32 intid, bool level);
/* host_spi_fires - this CPU takes one, which is active then; 0: there is none. */
u32 host_spi_fires(void);
/* host_gic_timer_fires - the virtual timer's line is up: true if it interrupts now (then it is active). */
bool host_gic_timer_fires(void);

#endif
