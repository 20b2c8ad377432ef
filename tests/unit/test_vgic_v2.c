/* SPDX-License-Identifier: Apache-2.0 */
/* The virtual GICv2: what it does not share with GICv3. */
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
	CHECK(host_gic_signals(1));
	on(1);
	CHECK(host_gic_signals(0));
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

TEST_MAIN(RUN(identifies_itself), RUN(sgir_filters), RUN(sgi_has_a_source_each),
	  RUN(sgi_sources_are_kept), RUN(spi_targets), RUN(groups_and_banking), RUN(all_accesses))
