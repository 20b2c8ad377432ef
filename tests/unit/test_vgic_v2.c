/* SPDX-License-Identifier: Apache-2.0 */
/* The virtual GICv2: what it does not share with GICv3. */
#include "core/spec/hcr.h"
#include "tests/unit/test.h"
#include "tests/unit/vgic_util.h"

#define FROM(src, sgi) ((u32)(src) << 10 | (sgi))

static void start_v2(unsigned int vcpus, unsigned int lrs)
{
	start(2, vcpus, lrs, 64);
	wr(0, DIST + GICD_CTLR, 4, 3);
	for (unsigned int i = 0; i < vcpus; i++) {
		wr(i, DIST + GICD_ISENABLER, 4, 1 << 27);
		for (unsigned int n = 0; n < 32; n += 4) {
			wr(i, DIST + GICD_IPRIORITYR + n, 4, 0xa0a0a0a0);
		}
	}
	for (unsigned int n = 32; n < 96; n += 4) {
		wr(0, DIST + GICD_IPRIORITYR + n, 4, 0xa0a0a0a0);
	}
}

static void identifies_itself(void)
{
	struct s2_leaf leaf;

	start_v2(3, 4);
	CHECK_EQ(rd(0, DIST + GICD_TYPER, 4), 2 | 2 << 5);
	CHECK_EQ(rd(0, DIST + 0xfe8, 4) >> 4 & 0xf, 2);
	/* QNX guests take these two for a GICv2. */
	CHECK_EQ(rd(0, DIST + 0xfe0, 4), 0x90);
	CHECK_EQ(rd(0, DIST + 0xfe4, 4), 0xb4);
	CHECK_EQ(rd(0, DIST + GICD_CTLR, 4), 3);
	CHECK_EQ(rd(0, DIST + GICD_ISENABLER, 4), 0x0800ffff); /* SGIs: always enabled */
	CHECK_EQ(rd(0, DIST + GICD_ITARGETSR, 4), 0x01010101);
	CHECK_EQ(rd(2, DIST + GICD_ITARGETSR + 28, 4), 0x04040404);
	CHECK_EQ(rd(2, DIST + GICD_ITARGETSR + 3, 1), 4);
	if (emulated) {
		CHECK(!s2_lookup(&test_vm.s2, GICC, &leaf));
		stop_all();
		return;
	}
	REQUIRE(s2_lookup(&test_vm.s2, GICC, &leaf));
	CHECK_EQ(leaf.pa, gic_vcpu_frame());
	CHECK(leaf.attr == S2_DEVICE);
	CHECK(!s2_lookup(&test_vm.s2, GICC + 0x1000, &leaf)); /* GICC_DIR traps */
	stop_all();
}

static void sgir_filters(void)
{
	start_v2(4, 4);
	wr(1, DIST + GICD_SGIR, 4, 0x5 << 16 | 3); /* vCPUs 0 and 2 */
	CHECK_EQ(ack(0), FROM(1, 3));
	CHECK_EQ(ack(1), NONE);
	CHECK_EQ(ack(2), FROM(1, 3));
	CHECK_EQ(ack(3), NONE);
	eoi(0, FROM(1, 3));
	eoi(2, FROM(1, 3));
	wr(1, DIST + GICD_SGIR, 4, 1 << 24 | 0xff << 16 | 4); /* all but self */
	for (unsigned int i = 0; i < 4; i++) {
		CHECK_EQ(ack(i), i == 1 ? NONE : FROM(1, 4));
	}
	wr(3, DIST + GICD_SGIR, 4, 2 << 24 | 5); /* self */
	eoi(3, FROM(1, 4));
	CHECK_EQ(ack(3), FROM(3, 5));
	wr(1, DIST + GICD_SGIR, 4, 3 << 24 | 0xff << 16 | 6); /* reserved */
	wr(1, DIST + GICD_SGIR, 4, 0xf0 << 16 | 6);           /* nobody */
	for (unsigned int i = 0; i < 4; i++) {
		CHECK_EQ(ack(i), NONE);
	}
	CHECK_EQ(rd(1, DIST + GICD_SGIR, 4), 0);
	stop_all();
}

static void sgi_has_a_source_each(void)
{
	u32 seen = 0;

	start_v2(4, 4);
	for (unsigned int i = 0; i < 4; i++) {
		wr(i, DIST + GICD_SGIR, 4, 1 << 16 | 9);
	}
	CHECK_EQ(rd(0, DIST + GICD_SPENDSGIR + 9, 1), 0xf);
	CHECK_EQ(rd(0, DIST + GICD_CPENDSGIR + 8, 4), 0xf00);
	CHECK_EQ(rd(0, DIST + GICD_ISPENDR, 4), 1 << 9);
	wr(0, DIST + GICD_ICPENDR, 4, 1 << 9); /* read-only for SGIs */
	wr(0, DIST + GICD_CPENDSGIR + 9, 1, 4);
	for (unsigned int i = 0; i < 3; i++) {
		u32 iar = ack(0);

		CHECK_EQ(iar & 0x3ff, 9);
		CHECK_EQ(ack(0), NONE);
		seen |= 1u << (iar >> 10);
		eoi(0, iar);
	}
	CHECK_EQ(seen, 0xb);
	CHECK_EQ(ack(0), NONE);
	wr(0, DIST + GICD_SPENDSGIR + 12, 4, 0x02000000); /* SGI 15 from vCPU 1 */
	CHECK_EQ(ack(0), FROM(1, 15));
	wr(1, DIST + GICD_SGIR, 4, 1 << 16 | 15); /* again while active */
	CHECK_EQ(ack(0), NONE);
	CHECK_EQ(rd(0, DIST + GICD_SPENDSGIR + 15, 1), 2);
	CHECK_EQ(rd(0, DIST + GICD_ISACTIVER, 4), 1 << 15);
	eoi(0, FROM(1, 15));
	CHECK_EQ(ack(0), FROM(1, 15));
	eoi(0, FROM(1, 15));
	stop_all();
}

/* Sources and active state survive a change of CPU and an overflow. */
static void sgi_sources_are_kept(void)
{
	start_v2(2, 2);
	wr(1, DIST + GICD_SGIR, 4, 1 << 16 | 2);
	CHECK_EQ(ack(0), FROM(1, 2));
	for (unsigned int i = 3; i < 8; i++) {
		wr(0, DIST + GICD_IPRIORITYR + i, 1, 0x90 - i * 8);
		wr(i & 1, DIST + GICD_SGIR, 4, 1 << 16 | i);
	}
	vgic_put(on(0));
	vgic_load(on(0));
	CHECK_EQ(rd(0, DIST + GICD_ISACTIVER, 4), 1 << 2);
	for (unsigned int i = 8; i-- > 3;) {
		CHECK_EQ(ack(0), FROM(i & 1, i));
		eoi(0, FROM(i & 1, i));
	}
	eoi(0, FROM(1, 2));
	CHECK_EQ(rd(0, DIST + GICD_ISACTIVER, 4), 0);
	CHECK_EQ(ack(0), NONE);
	stop_all();
}

static void spi_targets(void)
{
	start_v2(3, 4);
	wr(0, DIST + GICD_ISENABLER + 4, 4, 1);
	vgic_set_line(&test_vm, 32, true);
	for (unsigned int i = 0; i < 3; i++) {
		CHECK_EQ(ack(i), NONE); /* no target after reset */
	}
	wr(0, DIST + GICD_ITARGETSR + 32, 1, 4);
	CHECK_EQ(ack(2), 32);
	eoi(2, 32);
	wr(0, DIST + GICD_ITARGETSR + 32, 4, 0xffffffff);
	CHECK_EQ(rd(0, DIST + GICD_ITARGETSR + 32, 4), 0x07070707);
	u32 taken = 0;
	for (unsigned int i = 0; i < 3; i++) {
		taken += ack(i) == 32;
	}
	CHECK_EQ(taken, 1); /* 1 of N */
	wr(0, DIST + GICD_ITARGETSR + 4, 4, ~0u); /* read-only */
	CHECK_EQ(rd(0, DIST + GICD_ITARGETSR + 4, 4), 0x01010101);
	stop_all();
	start_v2(1, 4); /* one CPU: all SPIs are its own */
	wr(0, DIST + GICD_ISENABLER + 4, 4, 2);
	vgic_set_line(&test_vm, 33, true);
	CHECK_EQ(ack(0), 33);
	stop_all();
}

static void groups_and_banking(void)
{
	start_v2(2, 4);
	wr(0, DIST + GICD_IGROUPR, 4, 1 << 4);
	CHECK_EQ(rd(0, DIST + GICD_IGROUPR, 4), 1 << 4);
	CHECK_EQ(rd(1, DIST + GICD_IGROUPR, 4), 0);
	wr(0, DIST + GICD_SGIR, 4, 3 << 16 | 4);
	settle_all();
	on(0);
	CHECK(emulated || host_gic_signals(1));
	on(1);
	CHECK(emulated || host_gic_signals(0));
	wr(0, DIST + GICD_CTLR, 4, 1);
	CHECK_EQ(ack(0), NONE);
	CHECK_EQ(ack(1), FROM(0, 4));
	wr(0, DIST + GICD_ICFGR + 4, 4, 0x00000002);
	CHECK_EQ(rd(0, DIST + GICD_ICFGR + 4, 4), 2);
	CHECK_EQ(rd(1, DIST + GICD_ICFGR + 4, 4), 0);
	stop_all();
}

static void all_accesses(void)
{
	static const u64 pattern[] = { 0, ~0UL, 0x01ff0503aaaa5555UL };
	enum mmio_result r;

	for (unsigned int p = 0; p < ARRAY_SIZE(pattern); p++) {
		start_v2(2, 4);
		for (u64 off = 0; off < 0x1000; off++) {
			for (unsigned int size = 1; size <= 8; size *= 2) {
				struct mmio m = access(0, DIST + off, size, false, 0, &r);
				bool bytes = (off >= 0x400 && off < 0xc00) ||
					     (off >= 0xf10 && off < 0xf30);
				bool ok = (size == 4 || (size == 1 && bytes)) &&
					  (off & (size - 1)) == 0;

				CHECK_EQ(r, ok ? MMIO_DONE : MMIO_ABORT);
				CHECK(r == MMIO_ABORT || m.val >> (size * 8) == 0);
				access(1, DIST + off, size, true, pattern[p], &r);
				CHECK_EQ(r, ok ? MMIO_DONE : MMIO_ABORT);
			}
			if ((off & 0xff) == 0xff) {
				CHECK(settle_all());
			}
		}
		stop_all();
	}
}

#define CTLR(bits) wr(0, GICC + GICC_CTLR, 4, bits)
#define READ(reg) rd(0, GICC + (reg), 4)

static void start_emulated(u32 ctlr)
{
	emulated = true;
	start_v2(2, 4);
	CTLR(ctlr);
	wr(0, GICC + GICC_PMR, 4, 0xff);
}

static void sgi(u32 intid, u8 prio)
{
	wr(0, DIST + GICD_IPRIORITYR + intid, 1, prio);
	wr(0, DIST + GICD_SGIR, 4, 2 << 24 | intid);
}

/* IHI 0048B 4.4, what both groups have in common. */
static void emulated_interface(void)
{
	start_emulated(1);
	CHECK_EQ(READ(GICC_CTLR), 1);
	CHECK_EQ(READ(GICC_PMR), 0xf8);
	CHECK_EQ(READ(GICC_BPR), 2);
	CHECK_EQ(READ(GICC_ABPR), 3);
	CHECK_EQ(READ(GICC_RPR), 0xff);
	CHECK_EQ(READ(GICC_HPPIR), NONE);
	CHECK_EQ(READ(GICC_IAR), NONE);
	CHECK_EQ(READ(GICC_IIDR) >> 16 & 0xf, 2);
	sgi(1, 0x80);
	CHECK(test_vcpu[0].hcr & HCR_VI);
	CHECK_EQ(READ(GICC_HPPIR), FROM(0, 1));
	CHECK_EQ(READ(GICC_IAR), FROM(0, 1));
	CHECK(!(test_vcpu[0].hcr & HCR_VI));
	CHECK_EQ(READ(GICC_RPR), 0x80);
	CHECK_EQ(READ(GICC_APR0), 1 << 16);
	sgi(2, 0x80); /* of the same priority: waits */
	CHECK_EQ(READ(GICC_IAR), NONE);
	CHECK_EQ(READ(GICC_HPPIR), FROM(0, 2));
	sgi(3, 0x78); /* preempts */
	CHECK_EQ(READ(GICC_IAR), FROM(0, 3));
	CHECK_EQ(READ(GICC_APR0), 3 << 15);
	wr(0, GICC + GICC_EOIR, 4, NONE); /* ends nothing */
	CHECK_EQ(READ(GICC_RPR), 0x78);
	wr(0, GICC + GICC_EOIR, 4, FROM(0, 3));
	CHECK_EQ(READ(GICC_RPR), 0x80);
	wr(0, GICC + GICC_EOIR, 4, FROM(0, 1));
	CHECK_EQ(READ(GICC_IAR), FROM(0, 2));
	wr(0, GICC + GICC_EOIR, 4, FROM(1, 2)); /* of another source: dropped, not deactivated */
	CHECK_EQ(READ(GICC_RPR), 0xff);
	CHECK_EQ(rd(0, DIST + GICD_ISACTIVER, 4), 1 << 2);
	wr(0, GICC + GICC_EOIR, 4, FROM(0, 2)); /* nothing to drop */
	wr(0, GICC + GICC_DIR, 4, FROM(0, 2));  /* not in EOImode 0 */
	CHECK_EQ(rd(0, DIST + GICD_ISACTIVER, 4), 1 << 2);
	wr(0, DIST + GICD_ICACTIVER, 4, 1 << 2);
	wr(0, GICC + GICC_PMR, 4, 0x50);
	sgi(4, 0x50); /* masked */
	CHECK_EQ(READ(GICC_IAR), NONE);
	CHECK(!(test_vcpu[0].hcr & HCR_VI));
	wr(0, GICC + GICC_PMR, 4, 0x58);
	CHECK(test_vcpu[0].hcr & HCR_VI);
	CTLR(0);
	CHECK(!(test_vcpu[0].hcr & HCR_VI));
	CHECK_EQ(READ(GICC_IAR), NONE);
	stop_all();
	emulated = false;
}

static void emulated_binary_point(void)
{
	start_emulated(1);
	wr(0, GICC + GICC_BPR, 4, 5); /* groups of 0x40 */
	CHECK_EQ(READ(GICC_BPR), 5);
	sgi(1, 0xb8);
	CHECK_EQ(READ(GICC_IAR), FROM(0, 1));
	CHECK_EQ(READ(GICC_RPR), 0x80);
	sgi(2, 0x80); /* better, in the same group */
	CHECK_EQ(READ(GICC_IAR), NONE);
	sgi(3, 0x78);
	CHECK_EQ(READ(GICC_IAR), FROM(0, 3));
	wr(0, GICC + GICC_EOIR, 4, FROM(0, 3));
	wr(0, GICC + GICC_EOIR, 4, FROM(0, 1));
	CHECK_EQ(READ(GICC_IAR), FROM(0, 2));
	stop_all();
	emulated = false;
}

/* Group 1: AckCtl, the aliased registers, FIQEn. */
static void emulated_groups(void)
{
	start_emulated(3);
	wr(0, DIST + GICD_IGROUPR, 4, 1 << 1 | 1 << 2);
	sgi(1, 0x40);
	sgi(3, 0x60);
	CHECK(test_vcpu[0].hcr & HCR_VI);
	CHECK_EQ(READ(GICC_HPPIR), 1022);
	CHECK_EQ(READ(GICC_IAR), 1022);
	CHECK_EQ(READ(GICC_AHPPIR), FROM(0, 1));
	CHECK_EQ(READ(GICC_AIAR), FROM(0, 1));
	wr(0, GICC + GICC_AEOIR, 4, FROM(0, 1));
	CHECK_EQ(READ(GICC_AHPPIR), NONE); /* the best is of Group 0 */
	CHECK_EQ(READ(GICC_AIAR), NONE);
	CHECK_EQ(READ(GICC_IAR), FROM(0, 3));
	wr(0, GICC + GICC_EOIR, 4, FROM(0, 3));
	CTLR(7);
	sgi(2, 0x40);
	CHECK_EQ(READ(GICC_HPPIR), FROM(0, 2));
	CHECK_EQ(READ(GICC_IAR), FROM(0, 2));
	wr(0, GICC + GICC_EOIR, 4, FROM(0, 2));
	CTLR(0xb); /* Group 0 as FIQ */
	sgi(2, 0x40);
	CHECK_EQ(test_vcpu[0].hcr & (HCR_VI | HCR_VF), HCR_VI);
	sgi(3, 0x38);
	CHECK_EQ(test_vcpu[0].hcr & (HCR_VI | HCR_VF), HCR_VF);
	vgic_put(on(0)); /* nothing is signalled to one that is not there */
	CHECK_EQ(test_vcpu[0].hcr & (HCR_VI | HCR_VF), 0);
	vgic_load(on(0));
	CHECK_EQ(test_vcpu[0].hcr & (HCR_VI | HCR_VF), HCR_VF);
	CTLR(2);
	CHECK_EQ(test_vcpu[0].hcr & (HCR_VI | HCR_VF), HCR_VI);
	stop_all();
	emulated = false;
}

/* Priority drop and deactivation apart; a level that falls before it is acknowledged. */
static void emulated_lines(void)
{
	start_emulated(0x201);
	wr(0, DIST + GICD_ISENABLER + 4, 4, 3);
	wr(0, DIST + GICD_ITARGETSR + 32, 4, 0x0303);
	vgic_set_line(&test_vm, 32, true);
	settle_all();
	CHECK((test_vcpu[0].hcr ^ test_vcpu[1].hcr) & HCR_VI); /* one of them */
	vgic_set_line(&test_vm, 32, false);
	settle_all();
	CHECK(!((test_vcpu[0].hcr | test_vcpu[1].hcr) & HCR_VI));
	vgic_set_line(&test_vm, 32, true);
	settle_all();
	CHECK_EQ(READ(GICC_IAR), 32);
	wr(0, GICC + GICC_EOIR, 4, 32);
	CHECK_EQ(READ(GICC_RPR), 0xff);
	CHECK_EQ(READ(GICC_IAR), NONE);
	wr(0, GICC + GICC_DIR, 4, 33);
	CHECK_EQ(READ(GICC_IAR), NONE);
	wr(1, GICC + GICC_CTLR, 4, 0x201);
	wr(1, GICC + GICC_DIR, 4, 32); /* any CPU may; then one of them gets it */
	CHECK_EQ(READ(GICC_IAR) + rd(1, GICC + GICC_IAR, 4), 32 + NONE);
	stop_all();
	emulated = false;
}

static void emulated_accesses(void)
{
	enum mmio_result r;

	start_emulated(3);
	for (u64 off = 0; off < 0x2000; off++) {
		for (unsigned int size = 1; size <= 8; size *= 2) {
			bool ok = size == 4 && (off & 3) == 0;

			access(0, GICC + off, size, false, 0, &r);
			CHECK_EQ(r, ok ? MMIO_DONE : MMIO_ABORT);
			access(1, GICC + off, size, true, ~0UL, &r);
			CHECK_EQ(r, ok ? MMIO_DONE : MMIO_ABORT);
		}
	}
	CHECK(settle_all());
	stop_all();
	emulated = false;
}

static void all_emulated(void)
{
	emulated = true;
	identifies_itself();
	sgir_filters();
	sgi_has_a_source_each();
	sgi_sources_are_kept();
	spi_targets();
	groups_and_banking();
	emulated = false;
}

TEST_MAIN(RUN(all_emulated), RUN(emulated_interface), RUN(emulated_binary_point), RUN(emulated_groups),
	  RUN(emulated_lines), RUN(emulated_accesses), RUN(identifies_itself), RUN(sgir_filters), RUN(sgi_has_a_source_each),
	  RUN(sgi_sources_are_kept), RUN(spi_targets), RUN(groups_and_banking), RUN(all_accesses))
