/* SPDX-License-Identifier: Apache-2.0 */
/* The emulated CPU interface of a GICv3 guest; what is common to all is in test_vgic.c. */
#include "core/spec/hcr.h"
#include "tests/unit/test.h"
#include "tests/unit/vgic_util.h"

#define ICC_PMR SYSREG(3, 0, 4, 6, 0)

static u32 signalled(void)
{
	return (u32)(test_vcpu[0].hcr & (HCR_VI | HCR_VF));
}

/* System registers where virtual interrupts do not arrive (IHI 0069 12.2). */
static void emulated_registers(void)
{
	static const u32 others[] = { ICC(8, 5), ICC(9, 1), ICC(11, 5), ICC(12, 5), SYSREG(3, 0, 4, 6, 1) };
	static const u32 read_only[] = { ICC(8, 0), ICC(8, 2), ICC(11, 3), ICC(12, 0), ICC(12, 2) };
	static const u32 write_only[] = { ICC(8, 1), ICC(11, 1), ICC(12, 1) };
	u64 val = 0;

	deaf = true;
	start(3, 2, 4, 64);
	wr(0, DIST + GICD_CTLR, 4, GICD_CTLR_GRP1 | GICD_CTLR_GRP0);
	for (unsigned int i = 0; i < 2; i++) {
		wr(i, REDIST + SGI_BASE(i) + GICD_ISENABLER, 4, 0xffff);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(others); i++) {
		CHECK(!vgic_icc(on(0), others[i], true, &val) && !vgic_icc(on(0), others[i], false, &val));
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(read_only); i++) {
		CHECK(!vgic_icc(on(0), read_only[i], false, &val));
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(write_only); i++) {
		CHECK(!vgic_icc(on(0), write_only[i], true, &val));
	}
	icc_wr(0, ICC_PMR, 0xff);
	CHECK_EQ(icc_rd(0, ICC_PMR), 0xf8);
	CHECK_EQ(icc_rd(0, ICC(12, 4)), 4 << 8 | 1 << 11 | 1 << 15);
	icc_wr(0, ICC(12, 4), 3);
	CHECK_EQ(icc_rd(0, ICC(12, 4)) & 3, 3);
	CHECK_EQ(iface(0) & (ICH_VMCR_EOIM | ICH_VMCR_ENG1 | 1 << 4), ICH_VMCR_EOIM | ICH_VMCR_ENG1 | 1 << 4);
	icc_wr(0, ICC(12, 4), 0);
	CHECK_EQ(icc_rd(0, ICC(12, 4)) & 3, 0);
	CHECK_EQ(icc_rd(0, ICC(12, 7)), 1);
	CHECK_EQ(icc_rd(0, ICC(8, 3)), 2);
	CHECK_EQ(icc_rd(0, ICC(12, 3)), 3);
	CHECK_EQ(icc_rd(0, ICC(12, 2)), NONE);
	CHECK_EQ(icc_rd(0, ICC(11, 3)), 0xff);
	wr(0, REDIST + SGI_BASE(0) + GICD_IPRIORITYR, 4, 0x40208080);
	vgic_sgi1r(on(0), 1UL << 24 | 1); /* to itself */
	settle(0);
	CHECK_EQ(signalled(), HCR_VI);
	CHECK_EQ(icc_rd(0, ICC(12, 2)), 1);
	CHECK_EQ(icc_rd(0, ICC(8, 0)), NONE); /* of Group 1 */
	CHECK_EQ(icc_rd(0, ICC(12, 0)), 1);
	CHECK_EQ(signalled(), 0);
	CHECK_EQ(icc_rd(0, ICC(11, 3)), 0x80);
	CHECK_EQ(icc_rd(0, ICC(9, 0)), 1 << 16);
	vgic_sgi1r(on(0), 2UL << 24 | 1); /* better: preempts */
	vgic_sgi1r(on(0), 2UL << 24 | 2); /* and at the other */
	settle_all();
	CHECK_EQ(icc_rd(0, ICC(12, 0)), 2);
	CHECK_EQ(icc_rd(1, ICC(12, 0)), 2);
	icc_wr(0, ICC(12, 1), 2);
	icc_wr(0, ICC(12, 1), 1);
	icc_wr(0, ICC(12, 1), 8192); /* ends nothing */
	CHECK_EQ(rd(0, REDIST + SGI_BASE(0) + GICD_ISACTIVER, 4), 0);
	CHECK_EQ(icc_rd(0, ICC(11, 3)), 0xff);
	icc_wr(0, ICC(12, 4), 2); /* priority drop and deactivation apart */
	vgic_sgi1r(on(0), 1UL << 24 | 1);
	settle(0);
	CHECK_EQ(icc_rd(0, ICC(12, 0)), 1);
	icc_wr(0, ICC(12, 1), 1);
	CHECK_EQ(rd(0, REDIST + SGI_BASE(0) + GICD_ISACTIVER, 4), 1 << 1);
	icc_wr(0, ICC(11, 1), 1);
	CHECK_EQ(rd(0, REDIST + SGI_BASE(0) + GICD_ISACTIVER, 4), 0);
	wr(0, REDIST + SGI_BASE(0) + GICD_IGROUPR, 4, ~(1u << 3)); /* Group 0 as FIQ */
	vgic_sgi0r(on(0), 3UL << 24 | 1);
	settle(0);
	CHECK_EQ(signalled(), HCR_VF);
	CHECK_EQ(icc_rd(0, ICC(12, 0)), NONE);
	CHECK_EQ(icc_rd(0, ICC(8, 0)), 3);
	icc_wr(0, ICC(12, 7), 0);
	vgic_sgi1r(on(0), 2UL << 24 | 1);
	settle(0);
	CHECK_EQ(signalled(), 0);
	icc_wr(0, ICC(12, 7), 1);
	CHECK_EQ(signalled(), HCR_VI);
	vgic_put(on(0));
	CHECK_EQ(signalled(), 0);
	vgic_load(on(0));
	CHECK_EQ(signalled(), HCR_VI);
	stop_all();
	deaf = false;
}

TEST_MAIN(RUN(emulated_registers))
