/* SPDX-License-Identifier: Apache-2.0 */
/* The performance monitors of a guest: registers, what the hardware is given, the overflow interrupt. */
#include "tests/unit/test.h"
#include "tests/unit/guest_util.h"
#include "core/base/board.h"
#include "core/sysreg/sysreg.h"

#define REG(op0, op1, crn, crm, op2) \
	((u64)(op0) << 20 | (u64)(op2) << 17 | (u64)(op1) << 14 | (u64)(crn) << 10 | 5UL << 5 | \
	 (u64)(crm) << 1)
#define PMCR       REG(3, 3, 9, 12, 0)
#define CNTENSET   REG(3, 3, 9, 12, 1)
#define CNTENCLR   REG(3, 3, 9, 12, 2)
#define OVSCLR     REG(3, 3, 9, 12, 3)
#define SWINC      REG(3, 3, 9, 12, 4)
#define SELR       REG(3, 3, 9, 12, 5)
#define CEID0      REG(3, 3, 9, 12, 6)
#define CCNTR      REG(3, 3, 9, 13, 0)
#define XEVTYPER   REG(3, 3, 9, 13, 1)
#define XEVCNTR    REG(3, 3, 9, 13, 2)
#define USERENR    REG(3, 3, 9, 14, 0)
#define OVSSET     REG(3, 3, 9, 14, 3)
#define INTENSET   REG(3, 0, 9, 14, 1)
#define INTENCLR   REG(3, 0, 9, 14, 2)
#define PMMIR      REG(3, 0, 9, 14, 6)
#define EVCNTR(n)  REG(3, 3, 14, 8 + (n) / 8, (n) % 8)
#define EVTYPER(n) REG(3, 3, 14, 12 + (n) / 8, (n) % 8)
#define CCFILTR    EVTYPER(31)

#define PMU_LINE (1U << VGIC_PMU)

static struct guest *monitored(unsigned int version)
{
	struct guest *g = guest_new();

	host_sysreg[HOST_SYSREG_id_aa64dfr0_el1] = 0x10305006 | version << 8;
	sysreg_id_join(true);
	arch_pmu_counters = 6;
	host_pmu = NULL;
	return g;
}

static void done(struct guest *g)
{
	arch_pmu_counters = -1;
	guest_free(g);
}

static u64 rd(struct guest *g, u64 reg)
{
	guest_rewind(g);
	g->v->x[5] = 0x5555;
	guest_exit(g, EC_SYSREG, reg | 1);
	CHECK_EQ(read_elr_el2(), G_PC + 4);
	return g->v->x[5];
}

static void wr(struct guest *g, u64 reg, u64 val)
{
	guest_rewind(g);
	g->v->x[5] = val;
	guest_exit(g, EC_SYSREG, reg);
	CHECK_EQ(read_elr_el2(), G_PC + 4);
}

static void registers_keep_what_guests_may_have(void)
{
	struct guest *g = monitored(4);

	CHECK_EQ(rd(g, PMCR), 6 << 11);
	wr(g, PMCR, ~0UL);
	CHECK_EQ(rd(g, PMCR), 6 << 11 | 0x69); /* E, D, DP, LC; no LP, no X, no P and C */
	wr(g, PMCR, 0);
	for (u64 n = 0; n < 31; n++) {
		wr(g, EVTYPER(n), ~0UL);
		wr(g, EVCNTR(n), 0x123456789 + n);
		CHECK_EQ(rd(g, EVTYPER(n)), n < 6 ? 0xf000ffff : 0); /* no EL2, EL3, other threads */
		CHECK_EQ(rd(g, EVCNTR(n)), n < 6 ? 0x23456789 + n : 0); /* 32 bits before v3p5 */
	}
	wr(g, CCFILTR, ~0UL);
	CHECK_EQ(rd(g, CCFILTR), 0xf0000000);
	wr(g, CCNTR, 0xfedcba9876543210);
	CHECK_EQ(rd(g, CCNTR), 0xfedcba9876543210);
	wr(g, SELR, ~0UL);
	CHECK_EQ(rd(g, SELR), 31);
	CHECK_EQ(rd(g, XEVTYPER), 0xf0000000);
	CHECK_EQ(rd(g, XEVCNTR), 0);
	wr(g, SELR, 2);
	CHECK_EQ(rd(g, XEVCNTR), 0x2345678b);
	wr(g, XEVTYPER, 0x11);
	CHECK_EQ(rd(g, EVTYPER(2)), 0x11);
	wr(g, CNTENSET, ~0UL);
	CHECK_EQ(rd(g, CNTENCLR), 0x8000003f);
	wr(g, CNTENCLR, 0x80000001);
	CHECK_EQ(rd(g, CNTENSET), 0x3e);
	wr(g, INTENSET, ~0UL);
	wr(g, INTENCLR, 2);
	CHECK_EQ(rd(g, INTENSET), 0x8000003d);
	wr(g, OVSSET, ~0UL);
	wr(g, OVSCLR, 4);
	CHECK_EQ(rd(g, OVSSET), 0x8000003b);
	wr(g, USERENR, ~0UL);
	CHECK_EQ(rd(g, USERENR), 0xf);
	host_sysreg[HOST_SYSREG_pmceid0_el0] = 0x7fff0f3f;
	CHECK_EQ(rd(g, CEID0), 0x7fff0f3f);
	CHECK_EQ(rd(g, PMMIR), 0);
	wr(g, PMCR, 6); /* P, C */
	CHECK_EQ(rd(g, EVCNTR(5)), 0);
	CHECK_EQ(rd(g, CCNTR), 0);
	CHECK_EQ(rd(g, EVTYPER(5)), 0xf000ffff);
	done(g);
}

static void hardware_counts_only_if_something_is_to_be_counted(void)
{
	struct guest *g = monitored(4);

	wr(g, EVTYPER(0), 0x8);
	wr(g, CNTENSET, 1);
	CHECK(host_pmu == NULL && !g->v->regs.pmu.on);
	wr(g, PMCR, 1);
	CHECK(host_pmu == &g->v->regs.pmu && g->v->regs.pmu.on);
	CHECK_EQ(rd(g, EVTYPER(0)), 0x8);
	CHECK(host_pmu == &g->v->regs.pmu && g->v->regs.pmu.on);
	wr(g, CNTENCLR, 1);
	CHECK(host_pmu == NULL && !g->v->regs.pmu.on);
	wr(g, USERENR, 1); /* EL0's permission is checked by the CPU */
	CHECK(host_pmu == &g->v->regs.pmu && g->v->regs.pmu.on);
	wr(g, USERENR, 0);
	CHECK(host_pmu == NULL);
	done(g);
}

static void overflow_asserts_the_interrupt_until_it_is_cleared(void)
{
	struct guest *g = monitored(4);

	wr(g, INTENSET, 1);
	wr(g, OVSSET, 3);
	CHECK(!(g->v->vgic.p.level & PMU_LINE)); /* not before E */
	wr(g, CNTENSET, 3);
	wr(g, PMCR, 1);
	CHECK(g->v->vgic.p.level & PMU_LINE);
	CHECK(host_pmu != NULL && host_pmu->line);
	wr(g, OVSCLR, 2);
	CHECK(g->v->vgic.p.level & PMU_LINE);
	wr(g, INTENCLR, 1);
	CHECK(!(g->v->vgic.p.level & PMU_LINE) && !host_pmu->line);
	wr(g, INTENSET, 1);
	CHECK(g->v->vgic.p.level & PMU_LINE);
	wr(g, OVSCLR, 1);
	CHECK(!(g->v->vgic.p.level & PMU_LINE));
	/* A reset leaves no line behind. */
	wr(g, OVSSET, 1);
	CHECK(g->v->vgic.p.level & PMU_LINE);
	pmu_reset(g->v);
	CHECK(!(g->v->vgic.p.level & PMU_LINE));
	done(g);
}

static void software_increments_what_its_filter_allows(void)
{
	static const struct {
		u64 type, spsr;
		bool counts;
	} t[] = {
		{ 0, 0x3c5, true }, { 0, 0, true }, { 1, 0x3c5, false },
		{ BIT(31), 0x3c5, false }, { BIT(31), 0, true }, { BIT(30), 0, false },
		{ BIT(31) | BIT(29), 0x3c5, true }, { BIT(29), 0x3c5, false },
		{ BIT(30) | BIT(28), 0, true }, { BIT(28), 0, false },
	};
	struct guest *g = monitored(4);

	wr(g, CNTENSET, 3);
	wr(g, PMCR, 1);
	for (unsigned int i = 0; i < ARRAY_SIZE(t); i++) {
		wr(g, EVTYPER(1), t[i].type);
		wr(g, EVCNTR(1), 7);
		guest_rewind(g);
		write_spsr_el2(t[i].spsr);
		g->v->x[5] = 2;
		guest_exit(g, EC_SYSREG, SWINC);
		CHECK_EQ(rd(g, EVCNTR(1)), t[i].counts ? 8 : 7);
		CHECK_EQ(rd(g, EVCNTR(0)), 0);
	}
	wr(g, EVTYPER(1), 0);
	wr(g, EVCNTR(1), 0xffffffff);
	wr(g, INTENSET, 2);
	wr(g, SWINC, 2);
	CHECK_EQ(rd(g, EVCNTR(1)), 0);
	CHECK_EQ(rd(g, OVSSET), 2);
	CHECK(g->v->vgic.p.level & PMU_LINE);
	wr(g, CNTENCLR, 2);
	wr(g, SWINC, 2);
	CHECK_EQ(rd(g, EVCNTR(1)), 0);
	done(g);
}

static void counters_are_wide_from_v3p5_on(void)
{
	struct guest *g = monitored(6);

	wr(g, PMCR, ~0UL & ~6UL);
	CHECK_EQ(rd(g, PMCR), 6 << 11 | 0xe9); /* LP */
	wr(g, CNTENSET, 1);
	wr(g, EVCNTR(0), 0xffffffff);
	wr(g, SWINC, 1);
	CHECK_EQ(rd(g, EVCNTR(0)), 0x100000000);
	CHECK_EQ(rd(g, OVSSET), 0);
	wr(g, EVCNTR(0), ~0UL);
	wr(g, SWINC, 1);
	CHECK_EQ(rd(g, OVSSET), 1);
	wr(g, OVSCLR, 1);
	wr(g, PMCR, 1);
	wr(g, EVCNTR(0), 0x2ffffffff);
	wr(g, SWINC, 1);
	CHECK_EQ(rd(g, EVCNTR(0)), 0x300000000);
	CHECK_EQ(rd(g, OVSSET), 1);
	done(g);
}

static void hidden_monitors_read_as_zero(void)
{
	struct guest *g = monitored(4);
	u32 dfr0 = (u32)ID_AA64DFR0;

	CHECK_EQ(sysreg_id_read(&g->vm, dfr0), 0x10305406);
	g->cfg.pmu_off = true;
	CHECK_EQ(sysreg_id_read(&g->vm, dfr0), 0x10305006);
	CHECK(!pmu_visible(&g->vm));
	wr(g, PMCR, ~0UL);
	wr(g, CNTENSET, ~0UL);
	CHECK_EQ(rd(g, PMCR), 0);
	CHECK_EQ(rd(g, CNTENSET), 0);
	CHECK(host_pmu == NULL);
	/* nor anything for EL0 */
	guest_rewind(g);
	write_spsr_el2(0);
	guest_exit(g, EC_SYSREG, CCNTR | 1);
	CHECK(guest_took(EC_UNKNOWN));
	g->cfg.pmu_off = false;
	arch_pmu_counters = -1;
	CHECK(!pmu_visible(&g->vm));
	done(g);
}

/* Any value anywhere, in any state: an answer each time, and nothing beyond what a guest may have. */
static void wild_accesses_stay_inside(void)
{
	struct guest *g = monitored(6);
	struct vcpu_pmu *p = &g->v->regs.pmu;
	u64 x = 88172645463325252;

	arch_pmu_counters = VCPU_COUNTERS;
	for (unsigned int i = 0; i < 20000; i++) {
		u64 reg;

		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		reg = x & 1 ? REG(3, 3, 14, 8 + (x >> 1) % 8, (x >> 4) % 8) :
			      REG(x & 2 ? 3 : 0, x & 2 ? 3 : 0, 9, 12 + (x >> 2) % 3, (x >> 4) % 8);
		if (field_get(ESR_SYS_OP1, reg) == 0) {
			reg |= 14 << 1;
		}
		guest_rewind(g);
		write_spsr_el2(x >> 40 & 1 ? 0x3c5 : 0);
		g->v->x[5] = x >> (x >> 58);
		guest_exit(g, EC_SYSREG, reg | (x >> 8 & 1));
		CHECK(read_elr_el2() == G_PC + 4 || guest_took(EC_UNKNOWN));
		CHECK(((p->enabled | p->interrupt | p->overflow) & ~0x800000ffU) == 0);
		for (unsigned int n = 0; n <= VCPU_CYCLES; n++) {
			CHECK((p->type[n] & ~0xf000ffffUL) == 0);
		}
		CHECK_EQ(p->line, (g->v->vgic.p.level & PMU_LINE) != 0);
		CHECK_EQ(p->on, host_pmu == p);
	}
	done(g);
}

TEST_MAIN(RUN(wild_accesses_stay_inside), RUN(registers_keep_what_guests_may_have), RUN(hardware_counts_only_if_something_is_to_be_counted),
	  RUN(overflow_asserts_the_interrupt_until_it_is_cleared),
	  RUN(software_increments_what_its_filter_allows), RUN(counters_are_wide_from_v3p5_on),
	  RUN(hidden_monitors_read_as_zero))
