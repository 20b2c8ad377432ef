/* SPDX-License-Identifier: Apache-2.0 */
/* Trapped system registers: what each does, what a guest learns of the CPU, set/way, CNTP. */
#include "tests/unit/test.h"
#include "tests/unit/guest_util.h"
#include "core/sysreg/sysreg.h"

/* ISS of a trapped access (ARM ARM D24.2.37), Rt included. */
#define ISS(op0, op1, crn, crm, op2, rt) \
	((u64)(op0) << 20 | (u64)(op2) << 17 | (u64)(op1) << 14 | (u64)(crn) << 10 | \
	 (u64)(rt) << 5 | (u64)(crm) << 1)
#define REG(op0, op1, crn, crm, op2) ISS(op0, op1, crn, crm, op2, 5)

enum how { DONE, UNDEF, OTHER };

/* One access with x5 = `val`; *val is x5 afterwards. */
static enum how access(struct guest *g, u64 the_iss, u64 *val)
{
	guest_rewind(g);
	g->v->x[5] = *val;
	guest_exit(g, 0x18, the_iss);
	*val = g->v->x[5];
	if (read_elr_el2() == G_PC + 4 && read_elr_el1() == 0) {
		return DONE;
	}
	return guest_took(0) ? UNDEF : OTHER;
}

static enum how rd(struct guest *g, u64 the_iss, u64 *val)
{
	*val = 0x5555555555555555;
	return access(g, the_iss | 1, val);
}

static enum how wr(struct guest *g, u64 the_iss, u64 val)
{
	return access(g, the_iss, &val);
}

/* Every encoding, both directions, both levels: an answer or UNDEF, and never a crash. */
static void whole_encoding_space_is_answered(void)
{
	struct guest *g = guest_new();
	unsigned int done = 0;

	g->vm.gic_version = 2; /* SGI registers need a vGIC: see the vGIC's own tests */
	for (u32 e = 0; e < 1U << 16; e++) {
		u64 i = REG(e >> 14, (e >> 11) & 7, (e >> 7) & 15, (e >> 3) & 15, e & 7);

		if (i == REG(3, 0, 12, 11, 5)) {
			continue;
		}
		for (unsigned int k = 0; k < 4; k++) {
			u64 val = 0;
			enum how h;

			g->v->hcr = HCR_GUEST | HCR_TVM; /* set/way has nothing to clean */
			write_sctlr_el1(SCTLR_EL1_RESET);
			guest_rewind(g);
			write_spsr_el2(k & 2 ? 0 : 0x3c5);
			g->v->x[5] = 0;
			guest_exit(g, 0x18, i | (k & 1));
			h = read_elr_el2() == G_PC + 4 ? DONE : guest_took(0) ? UNDEF : OTHER;
			val = g->v->x[5];
			if (h == OTHER) {
				test_fail(__FILE__, __LINE__, "S%u_%u_C%u_C%u_%u: pc %#lx", e >> 14,
					  (e >> 11) & 7, (e >> 7) & 15, (e >> 3) & 15, e & 7,
					  read_elr_el2());
			}
			done += h == DONE;
			/* EL0 gets at the physical timer, the counter and CTR_EL0; this VM has no PMU. */
			if ((k & 2) != 0 && h == DONE && i != REG(3, 3, 0, 0, 1) && (i & ~1UL & ~(7UL << 17)) !=
			    (REG(3, 3, 14, 2, 0)) && (i & ~1UL & ~(7UL << 17)) != REG(3, 3, 14, 0, 0)) {
				test_fail(__FILE__, __LINE__, "EL0 got %#lx, value %#lx", i, val);
			}
		}
	}
	/* Debug (2 op1 values), PMU, ID, timers, VM registers, set/way: nothing near the whole. */
	CHECK(done > 8000 && done < 10500);
	CHECK_EQ(g->vm.state, VM_RUNNING);
	guest_free(g);
}

static void registers_that_read_as_zero(void)
{
	static const u64 regs[] = {
		REG(3, 0, 1, 0, 1),  /* ACTLR_EL1 */
		REG(2, 0, 0, 2, 0),  /* MDCCINT_EL1 */
		REG(2, 0, 0, 3, 2),  /* OSDTRTX_EL1 */
		REG(2, 0, 7, 8, 6),  /* DBGCLAIMSET_EL1 */
		REG(2, 0, 1, 3, 4),  /* OSDLR_EL1 */
		REG(2, 3, 0, 1, 0),  /* MDCCSR_EL0 */
		REG(3, 3, 9, 12, 0), /* PMCR_EL0 */
		REG(3, 3, 9, 14, 0), /* PMUSERENR_EL0 */
		REG(3, 0, 9, 14, 1), /* PMINTENSET_EL1 */
		REG(3, 3, 14, 15, 7), /* PMCCFILTR_EL0 */
	};
	struct guest *g = guest_new();
	u64 val;

	for (unsigned int i = 0; i < ARRAY_SIZE(regs); i++) {
		CHECK_EQ(wr(g, regs[i], 5), DONE);
		CHECK_EQ(rd(g, regs[i], &val), DONE);
		CHECK_EQ(val, 0);
	}
	CHECK_EQ(rd(g, REG(3, 0, 12, 12, 5), &val), DONE); /* ICC_SRE_EL1 */
	CHECK_EQ(val, 7);
	guest_free(g);
}

static void registers_of_hidden_features_are_undefined(void)
{
	static const u64 regs[] = {
		REG(3, 0, 2, 1, 0),   /* APIAKeyLo_EL1 */
		REG(3, 0, 10, 4, 3),  /* LORC_EL1 */
		REG(3, 3, 13, 0, 7),  /* SCXTNUM_EL0 */
		REG(3, 3, 13, 2, 0),  /* AMCR_EL0 */
		REG(3, 0, 9, 9, 0),   /* PMSCR_EL1 */
		REG(3, 0, 9, 11, 0),  /* TRBLIMITR_EL1 */
		REG(2, 1, 0, 1, 0),   /* TRCPRGCTLR */
		REG(3, 1, 0, 0, 4),   /* GMID_EL1 */
		REG(3, 0, 1, 2, 0),   /* ZCR_EL1 */
		REG(3, 0, 5, 4, 0),   /* ERXFR_EL1 */
		REG(3, 0, 15, 0, 0),  /* implementation defined */
		REG(3, 3, 11, 3, 2),
	};
	struct guest *g = guest_new();
	u64 val;

	for (unsigned int i = 0; i < ARRAY_SIZE(regs); i++) {
		CHECK_EQ(wr(g, regs[i], 5), UNDEF);
		CHECK_EQ(rd(g, regs[i], &val), UNDEF);
		CHECK_EQ(val, 0x5555555555555555);
	}
	guest_free(g);
}

static void unsupported_register_follows_the_configuration(void)
{
	struct guest *g = guest_new();
	u64 reg = REG(3, 3, 13, 2, 0), val;

	g->cfg.unsup_register = UNSUP_IGNORE;
	CHECK_EQ(rd(g, reg, &val), DONE);
	CHECK_EQ(val, ~0UL);
	CHECK_EQ(wr(g, reg, 1), DONE);
	g->cfg.unsup_register = UNSUP_ABORT;
	(void)wr(g, reg, 1);
	CHECK_EQ(g->vm.end, VM_END_UNSUPPORTED);
	CHECK_STR(g->vm.reason, "unsupported register S3_3_C13_C2_0 at 0x40001000");
	guest_free(g);
}

/* ---- Debug */

#define MDSCR  REG(2, 0, 0, 2, 2)
#define OSLAR  REG(2, 0, 1, 0, 4)
#define OSLSR  REG(2, 0, 1, 1, 4)
#define BVR(n) REG(2, 0, 0, n, 4)
#define BCR(n) REG(2, 0, 0, n, 5)
#define WVR(n) REG(2, 0, 0, n, 6)
#define WCR(n) REG(2, 0, 0, n, 7)

/* 6 breakpoints, 4 watchpoints */
static struct guest *debugged(void)
{
	struct guest *g = guest_new();

	host_sysreg[HOST_SYSREG_id_aa64dfr0_el1] = 0x10305106;
	sysreg_id_join(true);
	host_debug = NULL;
	return g;
}

static void breakpoints_are_as_many_as_the_cpus_have(void)
{
	struct guest *g = debugged();
	u64 val;

	for (u64 n = 0; n < 16; n++) {
		CHECK_EQ(wr(g, BVR(n), 0xffff000012345670 + n), n < 6 ? DONE : UNDEF);
		CHECK_EQ(wr(g, BCR(n), ~0UL), n < 6 ? DONE : UNDEF);
		CHECK_EQ(wr(g, WVR(n), 0x1000 + n), n < 4 ? DONE : UNDEF);
		CHECK_EQ(wr(g, WCR(n), ~0UL), n < 4 ? DONE : UNDEF);
	}
	for (u64 n = 0; n < 6; n++) {
		CHECK_EQ(rd(g, BVR(n), &val), DONE);
		CHECK_EQ(val, 0xffff000012345670 + n);
		CHECK_EQ(rd(g, BCR(n), &val), DONE);
		CHECK_EQ(val, 0xffe1e7); /* BT, LBN, SSC, HMC, BAS, PMC, E */
		CHECK_EQ(rd(g, WVR(n), &val), n < 4 ? DONE : UNDEF);
		CHECK_EQ(val, n < 4 ? 0x1000 + n : 0x5555555555555555);
	}
	CHECK_EQ(rd(g, WCR(3), &val), DONE);
	CHECK_EQ(val, 0x1f1fffff);
	CHECK(host_debug == NULL);
	guest_free(g);
}

static void hardware_has_breakpoints_only_while_they_may_fire(void)
{
	struct guest *g = debugged();
	u64 val;

	CHECK_EQ(rd(g, OSLSR, &val), DONE);
	CHECK_EQ(val, 0xa); /* locked after reset */
	CHECK_EQ(wr(g, OSLSR, 0), UNDEF);
	CHECK_EQ(rd(g, OSLAR, &val), UNDEF);
	CHECK_EQ(wr(g, BVR(0), 0x4000), DONE);
	CHECK_EQ(wr(g, BCR(0), 0x1e5), DONE);
	CHECK_EQ(wr(g, MDSCR, ~0UL), DONE);
	CHECK_EQ(rd(g, MDSCR, &val), DONE);
	CHECK_EQ(val, 0xb001); /* MDE, KDE, TDCC, SS: nothing of an external debugger's */
	CHECK(host_debug == NULL && !g->v->regs.debug.on);
	CHECK_EQ(wr(g, OSLAR, 0), DONE);
	CHECK_EQ(rd(g, OSLSR, &val), DONE);
	CHECK_EQ(val, 8);
	CHECK(host_debug == &g->v->regs.debug && g->v->regs.debug.on);
	CHECK_EQ(host_debug->bp[0][0], 0x4000);
	CHECK_EQ(host_debug->bp[0][1], 0x1e5);
	CHECK_EQ(wr(g, MDSCR, 0x3000), DONE); /* KDE and TDCC alone */
	CHECK(host_debug == NULL && !g->v->regs.debug.on);
	CHECK_EQ(wr(g, MDSCR, 1), DONE); /* single step */
	CHECK(host_debug == &g->v->regs.debug);
	CHECK_EQ(wr(g, OSLAR, 1), DONE);
	CHECK(host_debug == NULL && !g->v->regs.debug.on);
	guest_free(g);
}

/* SGI1R goes a short way when BTYPE is clear, the general one otherwise. */
static void sgi_registers_reach_the_vgic(void)
{
	static const u64 spsrs[] = { 0x3c5, 0xfc5 };

	for (unsigned int i = 0; i < ARRAY_SIZE(spsrs); i++) {
		struct guest *g = guest_new();
		struct vgic_cpu *c = &g->v->vgic;

		g->cfg.gic.dist = 0x08000000;
		g->cfg.gic.gicr = 0x080a0000;
		REQUIRE(vgic_create(&g->vm, 32) == 0);
		vgic_reset(&g->vm);
		vgic_load(g->v);
		write_spsr_el2(spsrs[i]);
		g->v->x[9] = 5UL << 24 | 1; /* INTID 5 to oneself */
		guest_exit(g, 0x18, ISS(3, 0, 12, 11, 5, 9));
		CHECK_EQ(read_elr_el2(), G_PC + 4);
		CHECK_EQ(read_spsr_el2(), 0x3c5);
		CHECK_EQ((c->p.pending | c->p.in_lr | c->remote) & 0xffff, BIT(5));
		g->v->x[9] = 6UL << 24 | 1;
		guest_exit(g, 0x18, ISS(3, 0, 12, 11, 7, 9)); /* SGI0R: SGI 6 is in group 1 */
		CHECK_EQ(read_elr_el2(), G_PC + 8);
		CHECK_EQ((c->p.pending | c->p.in_lr | c->remote) & 0xffff, BIT(5));
		vgic_put(g->v);
		guest_free(g);
	}
}

/* A GICv2 guest on a GICv3 has none of its system registers. */
static void no_sgi_registers_with_gicv2(void)
{
	struct guest *g = guest_new();

	g->cfg.gic.dist = 0x08000000;
	g->cfg.gic.gicc = 0x08010000;
	g->vm.gic_version = 2;
	REQUIRE(vgic_create(&g->vm, 32) == 0);
	vgic_reset(&g->vm);
	vgic_load(g->v);
	g->v->x[9] = 5UL << 24 | 1;
	guest_exit(g, 0x18, ISS(3, 0, 12, 11, 5, 9));
	CHECK_EQ(read_esr_el1() >> 26, 0);
	CHECK_EQ(read_elr_el1(), G_PC);
	CHECK_EQ(g->v->vgic.remote | g->v->vgic.p.pending, 0);
	vgic_put(g->v);
	guest_free(g);
}

static void register_31_is_not_written(void)
{
	struct guest *g = guest_new();

	g->v->pc = 0xaaaa;
	guest_exit(g, 0x18, ISS(3, 3, 14, 2, 2, 31) | 1);
	CHECK_EQ(g->v->pc, 0xaaaa);
	g->v->regs.cntp_cval = 7;
	guest_exit(g, 0x18, ISS(3, 3, 14, 2, 2, 31));
	CHECK_EQ(g->v->regs.cntp_cval, 0);
	guest_free(g);
}

/* ---- ID registers. The values of the CPUs are QEMU's. */

static u64 filtered(unsigned int crm, unsigned int op2, u64 hw, unsigned int gic)
{
	return sysreg_id_filter((u32)REG(3, 0, 0, crm, op2) & ~(31U << 5), hw, gic, 1UL << 40);
}

static void max_cpu_shows_only_what_works(void)
{
	CHECK_EQ(filtered(4, 0, 0x1301001121110222, 3), 0x1101000001110012);
	CHECK_EQ(filtered(4, 0, 0x1301001121110222, 2), 0x1101000000110012);
	CHECK_EQ(filtered(4, 1, 0x0000001001000121, 3), 0x21);
	CHECK_EQ(filtered(4, 4, 0x0110110100210021, 3), 0);
	CHECK_EQ(filtered(4, 5, 0x80f100fd00000000, 3), 0);
	CHECK_EQ(filtered(5, 0, 0x100000001030560a, 3), 0x10305606);
	CHECK_EQ(filtered(6, 0, 0x1221111110212120, 3), 0x1221111110212120);
	CHECK_EQ(filtered(6, 1, 0x0111211110211502, 3), 0x0011101110211502);
	CHECK_EQ(filtered(6, 2, 0x0000000000110012, 3), 0);
	CHECK_EQ(filtered(7, 0, 0x2100032310201126, 3), 0x100022);
	CHECK_EQ(filtered(7, 1, 0x0110112010312122, 3), 0x0000002000302002);
	CHECK_EQ(filtered(7, 2, 0x1221011112011011, 3), 0x1021001110010011);
	CHECK_EQ(filtered(7, 3, 0x1000000000000000, 3), 0);
	CHECK_EQ(filtered(1, 0, 0x11020131, 3), 0x01000131); /* ID_PFR0 */
	CHECK_EQ(filtered(1, 2, 0x0600000a, 3), 0xa);        /* ID_DFR0 */
}

static void older_cpus_show_what_they_are(void)
{
	/* Neoverse N1 */
	CHECK_EQ(filtered(4, 0, 0x1100000011110112, 3), 0x1100000001110012);
	CHECK_EQ(filtered(6, 0, 0x0000100010211120, 3), 0x0000100010211120);
	CHECK_EQ(filtered(7, 1, 0x0000000010212122, 3), 0x0000000000202002);
	/* Cortex-A57 */
	CHECK_EQ(filtered(4, 0, 0x0000000001000222, 2), 0x0000000000000012);
	CHECK_EQ(filtered(7, 0, 0x0000000000001124, 2), 0x0000000000000022);
	/* no floating point, no 4K granule, no double lock: "not implemented" is 0xf there */
	CHECK_EQ(filtered(4, 0, 0x00ff0002, 2), 0x00ff0012);
	CHECK_EQ(filtered(7, 0, 0xff000000, 2), 0xff000000);
	CHECK_EQ(filtered(5, 0, 0xf000000006, 2), 0xf000000006);
}

/* Whatever a future CPU says, no field exceeds what this version of the monitor knows. */
static void future_cpus_show_nothing_new(void)
{
	static const struct {
		unsigned int crm, op2;
		u64 most;
	} t[] = {
		{ 4, 0, 0x1101000001110012 }, { 4, 1, 0x0000000100000021 }, { 4, 2, 0 }, { 4, 3, 0 },
		{ 4, 4, 0 }, { 4, 5, 0 }, { 4, 6, 0 }, { 4, 7, 0 },
		{ 5, 0, 0x70707606 }, { 5, 1, 0 }, { 5, 4, 0 },
		{ 6, 0, 0x1221111110212120 }, { 6, 1, 0x0011101111211552 }, { 6, 2, 0x10005100 },
		{ 6, 3, 0 }, { 7, 0, 0x100022 }, { 7, 1, 0x1000003000302002 },
		{ 7, 2, 0x1021001110110111 }, { 7, 3, 0 }, { 7, 4, 0 },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(t); i++) {
		/* The largest positive value in every field. */
		CHECK_EQ(filtered(t[i].crm, t[i].op2, 0x7777777777777777, 3), t[i].most);
	}
}

static void unknown_id_registers_read_as_zero(void)
{
	struct guest *g = guest_new();
	u64 val;

	for (unsigned int crm = 1; crm < 8; crm++) {
		for (unsigned int op2 = 0; op2 < 8; op2++) {
			CHECK_EQ(rd(g, REG(3, 0, 0, crm, op2), &val), DONE);
			CHECK_EQ(wr(g, REG(3, 0, 0, crm, op2), 1), UNDEF);
		}
	}
	CHECK_EQ(rd(g, REG(3, 0, 0, 6, 7), &val), DONE);
	CHECK_EQ(val, 0);
	guest_free(g);
}

static void aarch32_registers_need_aarch32(void)
{
	struct guest *g = guest_new();
	u64 val;

	host_sysreg[HOST_SYSREG_id_pfr0_el1] = 0x131;
	host_sysreg[HOST_SYSREG_id_aa64pfr0_el1] = 0x12;
	sysreg_id_join(true);
	CHECK_EQ(rd(g, REG(3, 0, 0, 1, 0), &val), DONE);
	CHECK_EQ(val, 0x131);
	/* one CPU without it is enough */
	host_sysreg[HOST_SYSREG_id_aa64pfr0_el1] = 0x11;
	sysreg_id_join(false);
	CHECK_EQ(rd(g, REG(3, 0, 0, 1, 0), &val), DONE);
	CHECK_EQ(val, 0);
	guest_free(g);
}

static void guests_see_what_all_cpus_have(void)
{
	struct guest *g = guest_new();
	u64 val;

	/* Cortex-A57 and Cortex-A53 of one board differ in the address size; say also in atomics and FP. */
	host_sysreg[HOST_SYSREG_id_aa64isar0_el1] = 0x211120;
	host_sysreg[HOST_SYSREG_id_aa64pfr0_el1] = 0x110012;
	host_sysreg[HOST_SYSREG_id_aa64mmfr0_el1] = 0x1124;
	sysreg_id_join(true);
	host_sysreg[HOST_SYSREG_id_aa64isar0_el1] = 0x011220;
	host_sysreg[HOST_SYSREG_id_aa64pfr0_el1] = 0xff0012;
	host_sysreg[HOST_SYSREG_id_aa64mmfr0_el1] = 0x1120;
	sysreg_id_join(false);
	CHECK_EQ(rd(g, REG(3, 0, 0, 6, 0), &val), DONE);
	CHECK_EQ(val, 0x011120);
	CHECK_EQ(rd(g, REG(3, 0, 0, 4, 0), &val), DONE);
	CHECK_EQ(val & 0xffffff, 0xff0012);
	CHECK_EQ(rd(g, REG(3, 0, 0, 7, 0), &val), DONE);
	CHECK_EQ(val & 0xff, 0x20);
	CHECK_EQ(sysreg_id_least(4 << 3, 0x1ff0012, 0x2110022), 0x1ff0012);
	guest_free(g);
}

static void address_size_is_the_vms(void)
{
	static const struct {
		unsigned int bits;
		u64 hw, want;
	} t[] = {
		{ 32, 6, 0 }, { 33, 6, 1 }, { 36, 6, 1 }, { 39, 6, 2 }, { 40, 6, 2 }, { 40, 2, 2 },
		{ 42, 6, 3 }, { 44, 6, 4 }, { 48, 6, 5 }, { 48, 5, 5 }, { 40, 1, 1 },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(t); i++) {
		CHECK_EQ(sysreg_id_filter((u32)REG(3, 0, 0, 7, 0) & ~(31U << 5), t[i].hw, 3,
					  1UL << t[i].bits), t[i].want);
	}
}

/* ---- Set/way */

#define DC_CISW REG(1, 0, 7, 14, 2)
#define SCTLR REG(3, 0, 1, 0, 0)

static void set_way_cleans_in_slices_and_then_once(void)
{
	struct guest *g = guest_new();
	unsigned int slices = 0;

	while (wr(g, DC_CISW, 0) == OTHER && slices < 100) {
		slices++;
		CHECK_EQ(read_elr_el2(), G_PC); /* the instruction comes again */
		CHECK_EQ(read_elr_el1(), 0);
	}
	CHECK_EQ(slices, G_RAM_SIZE / KiB(8)); /* RAM, not ROM */
	CHECK_EQ(read_hcr_el2() & BIT(26), BIT(26)); /* SCTLR_EL1 is watched now */
	CHECK_EQ(wr(g, DC_CISW, 0), DONE);
	CHECK_EQ(wr(g, REG(1, 0, 7, 6, 2), 0), DONE);
	CHECK_EQ(wr(g, REG(1, 0, 7, 10, 2), 0), DONE);
	CHECK_EQ(wr(g, REG(1, 0, 7, 10, 6), 0), DONE); /* with tags */
	CHECK_EQ(wr(g, REG(1, 0, 7, 10, 0), 0), UNDEF);
	CHECK_EQ(wr(g, REG(1, 0, 7, 10, 3), 0), UNDEF);
	guest_free(g);
}

static unsigned int steps(struct guest *g, u64 reg, u64 val)
{
	unsigned int n = 0;

	while (wr(g, reg, val) == OTHER && n < 100) {
		n++;
	}
	return n;
}

static void switching_the_caches_cleans_again(void)
{
	struct guest *g = guest_new();
	u64 on = SCTLR_EL1_RESET | 5, off = SCTLR_EL1_RESET;

	write_sctlr_el1(on);
	CHECK_EQ(steps(g, DC_CISW, 0), 8);
	/* Other bits: no matter. */
	CHECK_EQ(steps(g, SCTLR, on | BIT(12)), 0);
	CHECK_EQ(read_sctlr_el1(), on | BIT(12));
	CHECK_EQ(read_hcr_el2() & BIT(26), 0); /* on and clean: nothing to watch for */

	CHECK_EQ(steps(g, DC_CISW, 0), 8);
	CHECK_EQ(steps(g, SCTLR, off), 8);
	CHECK_EQ(read_sctlr_el1(), off);
	CHECK_EQ(steps(g, DC_CISW, 0), 0);
	CHECK_EQ(read_hcr_el2() & BIT(26), BIT(26));
	CHECK_EQ(steps(g, SCTLR, on), 8);
	CHECK_EQ(read_sctlr_el1(), on);
	CHECK_EQ(read_hcr_el2() & BIT(26), 0);
	guest_free(g);
}

static void watched_registers_are_written(void)
{
	struct guest *g = guest_new();

	CHECK_EQ(wr(g, REG(3, 0, 2, 0, 0), 1), DONE);
	CHECK_EQ(read_ttbr0_el1(), 1);
	CHECK_EQ(wr(g, REG(3, 0, 2, 0, 1), 2), DONE);
	CHECK_EQ(read_ttbr1_el1(), 2);
	CHECK_EQ(wr(g, REG(3, 0, 2, 0, 2), 3), DONE);
	CHECK_EQ(read_tcr_el1(), 3);
	CHECK_EQ(wr(g, REG(3, 0, 5, 1, 0), 4), DONE);
	CHECK_EQ(read_afsr0_el1(), 4);
	CHECK_EQ(wr(g, REG(3, 0, 5, 1, 1), 5), DONE);
	CHECK_EQ(read_afsr1_el1(), 5);
	CHECK_EQ(wr(g, REG(3, 0, 5, 2, 0), 6), DONE);
	CHECK_EQ(read_esr_el1(), 6);
	CHECK_EQ(wr(g, REG(3, 0, 6, 0, 0), 7), DONE);
	CHECK_EQ(read_far_el1(), 7);
	CHECK_EQ(wr(g, REG(3, 0, 10, 2, 0), 8), DONE);
	CHECK_EQ(read_mair_el1(), 8);
	CHECK_EQ(wr(g, REG(3, 0, 10, 3, 0), 9), DONE);
	CHECK_EQ(read_amair_el1(), 9);
	CHECK_EQ(wr(g, REG(3, 0, 13, 0, 1), 10), DONE);
	CHECK_EQ(read_contextidr_el1(), 10);
	CHECK_EQ(wr(g, REG(3, 0, 2, 0, 3), 11), UNDEF); /* TCR2_EL1 */
	guest_free(g);
}

/* ---- The physical timer */

#define CNTP_TVAL REG(3, 3, 14, 2, 0)
#define CNTP_CTL  REG(3, 3, 14, 2, 1)
#define CNTP_CVAL REG(3, 3, 14, 2, 2)

static bool line(struct guest *g)
{
	return (g->v->vgic.p.level & BIT(30)) != 0;
}

static u64 read_reg(struct guest *g, u64 reg)
{
	u64 val;

	CHECK_EQ(rd(g, reg, &val), DONE);
	return val;
}

static void physical_timer_fires_and_is_acknowledged(void)
{
	struct guest *g = guest_new();

	CHECK_EQ(wr(g, CNTP_CVAL, host_time_ns() + 1000), DONE);
	CHECK_EQ(wr(g, CNTP_CTL, 1), DONE);
	CHECK_EQ(read_reg(g, CNTP_CTL), 1);
	CHECK_EQ(read_reg(g, CNTP_TVAL), 1000);
	host_pass_ns(999);
	CHECK(!line(g));
	host_pass_ns(1);
	CHECK(line(g));
	CHECK_EQ(read_reg(g, CNTP_CTL), 5);
	host_pass_ns(10);
	CHECK_EQ(read_reg(g, CNTP_TVAL), 0xfffffff6); /* 10 ago */
	CHECK_EQ(wr(g, CNTP_TVAL, 500), DONE);
	CHECK(!line(g));
	CHECK_EQ(read_reg(g, CNTP_CVAL), host_time_ns() + 500);
	host_pass_ns(500);
	CHECK(line(g));
	CHECK_EQ(wr(g, CNTP_CTL, 3), DONE); /* masked: condition stays, line falls */
	CHECK(!line(g));
	CHECK_EQ(read_reg(g, CNTP_CTL), 7);
	CHECK_EQ(wr(g, CNTP_CTL, 1), DONE);
	CHECK(line(g));
	CHECK_EQ(wr(g, CNTP_CTL, 0), DONE);
	CHECK(!line(g));
	CHECK_EQ(read_reg(g, CNTP_CTL), 0);
	guest_free(g);
}

static void physical_timer_in_the_past_or_never(void)
{
	struct guest *g = guest_new();

	CHECK_EQ(wr(g, CNTP_CVAL, 0), DONE);
	CHECK(!line(g));
	CHECK_EQ(wr(g, CNTP_CTL, 1), DONE);
	CHECK(line(g)); /* at once */
	CHECK_EQ(wr(g, CNTP_TVAL, 0xffffffff), DONE); /* -1 */
	CHECK(line(g));
	CHECK_EQ(wr(g, CNTP_CVAL, ~0UL), DONE);
	CHECK(!line(g));
	host_pass_ns(1000000);
	CHECK(!line(g));
	CHECK_EQ(wr(g, CNTP_CVAL, 0), DONE);
	CHECK(line(g));
	ptimer_reset(g->v);
	CHECK(!line(g));
	CHECK_EQ(read_reg(g, CNTP_CTL), 0);
	guest_free(g);
}

static void physical_counter_follows_the_vms_offset(void)
{
	struct guest *g = guest_new();
	u64 val;

	g->vm.cntvoff = 1000;
	CHECK_EQ(rd(g, REG(3, 3, 14, 0, 1), &val), DONE);
	CHECK_EQ(val, host_time_ns() - 1000);
	CHECK_EQ(wr(g, CNTP_CVAL, host_time_ns() - 1000 + 50), DONE);
	CHECK_EQ(wr(g, CNTP_CTL, 1), DONE);
	CHECK(!line(g));
	host_pass_ns(50);
	CHECK(line(g));
	guest_free(g);
}

static void user_space_may_use_the_timer_it_was_given(void)
{
	struct guest *g = guest_new();

	write_spsr_el2(0);
	guest_exit(g, 0x18, CNTP_CTL | 1);
	CHECK_EQ(read_elr_el2(), G_PC + 4);
	guest_rewind(g);
	write_spsr_el2(0);
	guest_exit(g, 0x18, REG(3, 0, 0, 4, 0) | 1); /* an ID register */
	CHECK(guest_took(0));
	CHECK_EQ(read_elr_el2(), G_VBAR + 0x400);
	guest_free(g);
}

TEST_MAIN(RUN(whole_encoding_space_is_answered), RUN(registers_that_read_as_zero),
	  RUN(breakpoints_are_as_many_as_the_cpus_have),
	  RUN(hardware_has_breakpoints_only_while_they_may_fire),
	  RUN(registers_of_hidden_features_are_undefined),
	  RUN(unsupported_register_follows_the_configuration), RUN(sgi_registers_reach_the_vgic),
	  RUN(no_sgi_registers_with_gicv2),
	  RUN(register_31_is_not_written),
	  RUN(max_cpu_shows_only_what_works), RUN(older_cpus_show_what_they_are),
	  RUN(future_cpus_show_nothing_new), RUN(unknown_id_registers_read_as_zero),
	  RUN(aarch32_registers_need_aarch32), RUN(guests_see_what_all_cpus_have), RUN(address_size_is_the_vms),
	  RUN(set_way_cleans_in_slices_and_then_once), RUN(switching_the_caches_cleans_again),
	  RUN(watched_registers_are_written), RUN(physical_timer_fires_and_is_acknowledged),
	  RUN(physical_timer_in_the_past_or_never), RUN(physical_counter_follows_the_vms_offset),
	  RUN(user_space_may_use_the_timer_it_was_given))
