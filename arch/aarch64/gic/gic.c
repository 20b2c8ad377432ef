/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine's interrupt controller, what GICv2 and GICv3 have in common. All
 * interrupts are Group 1 in the monitor's view, EOImode is 1: an interrupt that
 * goes to a guest stays active until the guest ends it.
 */
#include <errno.h>
#include "arch/aarch64/gic/gic_drv.h"
#include "arch/arch.h"
#include "core/base/lock.h"
#include "core/base/log.h"
#include "core/base/percpu.h"

struct gic_hw gic_hw;
static u32 timer_intid, maintenance_intid;
static u32 lines; /* INTIDs of the distributor, 32..1020 */

__cold bool gic_wait_clear(pa_t reg, u32 bits)
{
	u64 end = counter_now() + ns_to_counter(GIC_TIMEOUT_US * 1000UL);

	while (mmio_read32(reg) & bits) {
		if (counter_now() > end) {
			return (mmio_read32(reg) & bits) == 0;
		}
		cpu_relax();
	}
	return true;
}

__cold pa_t gic_private(void)
{
	return gic_hw.v3 ? gic_rd[this_cpu()->id] + GICR_SGI_BASE : gic_hw.dist;
}

static pa_t bank(u32 intid)
{
	return intid < 32 ? gic_private() : gic_hw.dist;
}

/* One bit of a register with a bit per INTID. */
static __cold void write_bit(u32 reg, u32 intid)
{
	mmio_write32(bank(intid) + reg + intid / 32 * 4, 1u << (intid % 32));
}

__cold bool gic_sync(u32 intid)
{
	static bool stuck;
	bool done = true;

	if (gic_hw.v3 && !stuck) {
		done = intid < 32 ? gic_wait_clear(gic_rd[this_cpu()->id] + GICR_CTLR,
						   GICR_CTLR_RWP) :
				    gic_wait_clear(gic_hw.dist + GICD_CTLR, GICD_CTLR_RWP);
	}
	if (!done) {
		stuck = true; /* not waited for again */
		log_error("GIC%c at 0x%lx: a write is pending for ever (RWP)", intid < 32 ? 'R' : 'D',
			  intid < 32 ? gic_rd[this_cpu()->id] : gic_hw.dist);
	}
	return done;
}

__cold bool gic_silent(const char *frame, pa_t base, u32 a, u32 b)
{
	bool silent = ((a | b) == 0) | ((a & b) == ~0u);

	if (silent) {
		log_error("%s at 0x%lx does not answer: it reads as 0x%x", frame, base, a);
	}
	return silent;
}

/* Which frame an access was for; the device tree says where they are. */
static __cold int report_abort(const struct board_gic *g)
{
	const struct { const char *name; const struct range *r; u32 n; } frames[] = {
		{ "GICD", &g->dist, 1 }, { "GICC", &g->cpu, 1 }, { "GICH", &g->hyp, 1 }, { "GICV", &g->vcpu, 1 },
		{ "GICR", g->redist, g->redist_count },
	};

	for (u32 i = 0; i < ARRAY_SIZE(frames); i++) {
		for (u32 k = 0; k < frames[i].n; k++) {
			const struct range *r = &frames[i].r[k];

			if (arch_tried_at - r->start < r->size) {
				log_error("%s at 0x%lx does not answer: an access to 0x%lx is aborted", frames[i].name,
					  r->start, arch_tried_at);
				return -EIO;
			}
		}
	}
	log_error("a frame of the GIC does not answer: external abort");
	return -EIO;
}

__cold unsigned int gic_host_version(void)
{
	return gic_hw.v3 ? 3 : 2;
}

void gic_send_sgi(u32 sgi, u32 cpu)
{
	/* What the other CPU is to see must be visible before the interrupt is. */
	dsb(ishst);
	if (gic_hw.v3) {
		gicv3_send_sgi(sgi, cpu);
	} else {
		gicv2_send_sgi(sgi, cpu);
	}
}

__cold void gic_enable(u32 intid, bool on)
{
	if (intid >= lines) {
		return;
	}
	write_bit(on ? GICD_ISENABLER : GICD_ICENABLER, intid);
	if (!on) {
		gic_sync(intid);
	}
}

__cold void gic_set_active(u32 intid, bool active)
{
	if (intid >= lines) {
		return;
	}
	write_bit(active ? GICD_ISACTIVER : GICD_ICACTIVER, intid);
	if (active) {
		/* Read back: it must have arrived before the interrupt can be signalled. */
		(void)mmio_read32(bank(intid) + GICD_ISACTIVER + intid / 32 * 4);
	}
}

__cold u32 gic_intids(void)
{
	return lines;
}

__cold void gic_set_pending(u32 intid, bool pending)
{
	if (intid < lines) {
		write_bit(pending ? GICD_ISPENDR : GICD_ICPENDR, intid);
	}
}

__cold bool gic_pending(u32 intid)
{
	return intid < lines && (mmio_read32(bank(intid) + GICD_ISPENDR + intid / 32 * 4) >> intid % 32 & 1) != 0;
}

/* Read-modify-write of a field, whose neighbours are other interrupts', perhaps other CPUs' to configure. */
static __cold void write_field(pa_t reg, u32 mask, u32 val)
{
	static struct spinlock lock;
	u64 flags = spin_lock_irq(&lock);

	mmio_write32(reg, (mmio_read32(reg) & ~mask) | val);
	spin_unlock_irq(&lock, flags);
}

__cold void gic_set_trigger(u32 intid, bool edge)
{
	u32 cfg = intid % 16 * 2;

	if (intid >= 16 && intid < lines) {
		write_field(bank(intid) + GICD_ICFGR + intid / 16 * 4, 2u << cfg, edge ? 2u << cfg : 0);
	}
}

__cold void gic_route(u32 intid, u32 cpu)
{
	u32 sh = intid % 4 * 8;

	if (intid < 32 || intid >= lines) {
		return;
	}
	if (gic_hw.v3) {
		gicv3_route(intid, cpu);
	} else {
		write_field(gic_hw.dist + GICD_ITARGETSR + intid / 4 * 4, 0xffu << sh, percpus[cpu].gic_target << sh);
	}
}

__cold void gic_configure(u32 intid, u8 prio, bool edge, u32 cpu)
{
	u32 sh = intid % 4 * 8;

	if (intid < lines) {
		write_field(bank(intid) + GICD_IPRIORITYR + intid / 4 * 4, 0xffu << sh, (u32)prio << sh);
		gic_set_trigger(intid, edge);
		gic_route(intid, cpu);
	}
}

/* Everything off, idle, Group 1 where we may say so, at the default priority (IHI 0069 12.9). */
static __cold void quiet(pa_t base, u32 from, u32 to)
{
	for (u32 i = from; i < to; i += 32) {
		u32 w = i / 32 * 4;

		mmio_write32(base + GICD_ICENABLER + w, ~0u);
		mmio_write32(base + GICD_ICPENDR + w, ~0u);
		mmio_write32(base + GICD_ICACTIVER + w, ~0u);
		if (gic_hw.v3) {
			mmio_write32(base + GICD_IGROUPR + w, ~0u);
		}
		for (u32 n = i; n < i + 32; n += 4) {
			mmio_write32(base + GICD_IPRIORITYR + n, GIC_PRIO_DEFAULT * 0x01010101u);
		}
	}
}

static const struct board *board;
static struct diag *diag;

static __cold int init(void *arg)
{
	const struct board *b = board;
	struct diag *d = diag;
	int err;

	(void)arg;

	gic_hw.v3 = b->gic.version == 3;
	gic_hw.vtimer_intid = b->timer.virt.intid ? b->timer.virt.intid : 27;
	gic_hw.vtimer_link = ICH_LR_HW | field_prep(ICH_LR_PINTID, gic_hw.vtimer_intid);
	timer_intid = b->timer.hyp.intid ? b->timer.hyp.intid : 26;
	maintenance_intid = b->gic.maintenance.intid ? b->gic.maintenance.intid : 25;
	gic_hw.dist = b->gic.dist.start;
	err = arch_map(gic_hw.dist, b->gic.dist.size, MAP_DEVICE);
	if (!err && gic_silent("GICD", gic_hw.dist, mmio_read32(gic_hw.dist + GICD_TYPER),
			       mmio_read32(gic_hw.dist + GICD_IIDR))) {
		err = -EIO;
	}
	if (!err) {
		err = gic_hw.v3 ? gicv3_init(b, d) : gicv2_init(b, d);
	}
	if (err) {
		return err;
	}
	lines = ((mmio_read32(gic_hw.dist + GICD_TYPER) & 0x1f) + 1) * 32;
	lines = MIN(lines, 1020);
	quiet(gic_hw.dist, 32, lines);
	return 0;
}

__cold int gic_init(const struct board *b, struct diag *d)
{
	int err;

	board = b;
	diag = d;
	err = arch_try(init, NULL);
	return err == -EFAULT ? report_abort(&b->gic) : err;
}

/* The timer of EL2 is what everything that waits goes by: does its interrupt come? */
static __cold void check_timer(void)
{
	u64 end = counter_now() + ns_to_counter(GIC_TIMEOUT_US * 1000UL);
	bool came;

	arch_timer_set(0);
	do {
		came = gic_pending(timer_intid);
	} while (!came && counter_now() < end);
	arch_timer_set(~0UL);
	gic_set_pending(timer_intid, false);
	if (!came) {
		log_error("CPU %u: the hypervisor timer's interrupt %u does not come, nothing that waits for a time goes on",
			  this_cpu()->id, timer_intid);
	}
}

static __cold int init_cpu(void *arg)
{
	static const u32 no_apr[2][4];
	int err = gic_hw.v3 ? gicv3_init_cpu() : 0;

	(void)arg;
	if (err != 0) {
		return err;
	}
	quiet(gic_private(), 0, 32);
	if (!gic_sync(0)) {
		return -EIO;
	}
	err = gic_hw.v3 ? 0 : gicv2_init_cpu();
	if (err != 0) {
		return err;
	}
	if (gic_hw.v3 && this_cpu()->id == 0 && gic_is_deaf()) {
		gic_hw.deaf = true;
		log_warn("the GIC's virtual interrupts do not reach the CPUs: guests get them by HCR_EL2.VI, slowly");
	}
	/* A warm start may have left a guest's interrupts behind (IHI 0069 12.4). */
	gic_set_vcpu_hcr(0);
	for (u32 i = 0; i < gic_hw.lr_count; i++) {
		gic_lr_write_n(i, 0);
	}
	gic_apr_load(no_apr);
	gic_set_vmcr(ICH_VMCR_RESET);
	gic_enable(SGI_KICK, true);
	gic_enable(maintenance_intid, true);
	gic_enable(timer_intid, true);
	gic_enable(gic_hw.vtimer_intid, true);
	isb();
	check_timer();
	return 0;
}

__cold int gic_init_cpu(void)
{
	int err = arch_try(init_cpu, NULL);

	return err == -EFAULT ? report_abort(&board->gic) : err;
}
