/* SPDX-License-Identifier: Apache-2.0 */
/* LPIs of the machine (IHI 0069H 5.1): one property table, a pending table for each redistributor. */
#include <errno.h>
#include <string.h>
#include "arch/aarch64/gic/its.h"
#include "arch/arch.h"
#include "core/base/log.h"
#include "core/base/memory.h"
#include "core/base/percpu.h"

#define LPI_BITS 14                        /* of INTIDs: the least a GIC with LPIs has */
#define PROPERTIES (BIT(LPI_BITS) - 8192)  /* bytes */
#define PENDING (BIT(LPI_BITS) / 8)
#define BASER_CACHED (7UL << 7)
#define BASER_UNCACHED (1UL << 7)
#define BASER_SHARED (1UL << 10)

static u8 *properties;
static int state = 1; /* of its_lpis_on(); 1: not tried yet */

/* An address register of a redistributor: not cached if what it walks does not snoop. */
static void set_base(pa_t reg, u64 val)
{
	mmio_write64(reg, val | BASER_CACHED | BASER_SHARED);
	if ((mmio_read64(reg) & 3UL << 10) == 0) {
		mmio_write64(reg, val | BASER_UNCACHED);
	}
}

static int redistributor_on(pa_t rd)
{
	u32 ctlr = mmio_read32(rd + GICR_CTLR);
	pa_t pending;

	if ((mmio_read64(rd + GICR_TYPER) & GICR_TYPER_PLPIS) == 0) {
		return -ENODEV;
	}
	if ((ctlr & GICR_CTLR_LPIS) != 0) {
		/* Some can turn them off again; only then their tables may change (12.11.3). */
		mmio_write32(rd + GICR_CTLR, ctlr & ~GICR_CTLR_LPIS);
		if (!gic_wait_clear(rd + GICR_CTLR, GICR_CTLR_RWP | GICR_CTLR_LPIS)) {
			return -EBUSY;
		}
	}
	pending = mem_range_alloc(PAGE_SIZE, KiB(64), 0);
	if (pending == 0) {
		return -ENOMEM;
	}
	arch_zero(pa_ptr(pending), PAGE_SIZE);
	set_base(rd + GICR_PROPBASER, ptr_pa(properties) | (LPI_BITS - 1));
	set_base(rd + GICR_PENDBASER, pending | GICR_PENDBASER_PTZ);
	dsb(sy);
	mmio_write32(rd + GICR_CTLR, mmio_read32(rd + GICR_CTLR) | GICR_CTLR_LPIS);
	dsb(sy);
	return 0;
}

int its_lpis_on(void)
{
	if (state <= 0) {
		return state;
	}
	properties = mem_alloc(PROPERTIES);
	state = properties == NULL ? -ENOMEM : 0;
	if (state == 0) {
		its_lpi_enable(0, PROPERTIES, false);
	}
	for (u32 cpu = 0; cpu < MAX_CPUS && state == 0; cpu++) {
		state = gic_rd[cpu] != 0 ? redistributor_on(gic_rd[cpu]) : 0;
		if (state != 0) {
			log_error("gic: no LPIs on CPU %u%s (%d)", cpu,
				  state == -EBUSY ? ": firmware has left them on, and they cannot be turned off" : "",
				  state);
		}
	}
	return state;
}

void its_lpi_enable(u32 first, u32 n, bool on)
{
	/* Bit 1 is RES1 (5.1.1). */
	memset(properties + first, GIC_PRIO_DEFAULT | 2 | (on ? 1 : 0), n);
	arch_clean_dcache(properties + first, n);
}

u64 its_target(u32 cpu, bool pta)
{
	return pta ? gic_rd[cpu] & BITS(50, 16) : (mmio_read64(gic_rd[cpu] + GICR_TYPER) >> 8 & 0xffff) << 16;
}
