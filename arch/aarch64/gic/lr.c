/* SPDX-License-Identifier: Apache-2.0 */
/* List and active priority registers by number: system registers have none, hence the tables. */
#include "arch_gic.h"

#define LRS(x) x(1) x(2) x(3) x(4) x(5) x(6) x(7) x(8) x(9) x(10) x(11) x(12) x(13) x(14) x(15)

void gic_lr_write_n(unsigned int n, u64 lr)
{
	if (!gic_hw.v3) {
		mmio_write32(gic_hw.hyp + GICH_LR + n * 4, gich_lr_pack(lr));
		return;
	}
	switch (n) {
#define W(i) \
	case i: \
		write_ich_lr##i##_el2(lr); \
		break;
	LRS(W)
	default:
		write_ich_lr0_el2(lr);
	}
}

u64 gic_lr_read_n(unsigned int n)
{
	if (!gic_hw.v3) {
		return gich_lr_unpack(mmio_read32(gic_hw.hyp + GICH_LR + n * 4));
	}
	switch (n) {
#define R(i) \
	case i: \
		return read_ich_lr##i##_el2();
	LRS(R)
	default:
		return read_ich_lr0_el2();
	}
}

__cold void gic_apr_save(u32 apr[2][4])
{
	if (!gic_hw.v3) {
		apr[0][0] = mmio_read32(gic_hw.hyp + GICH_APR);
		return;
	}
	apr[0][0] = (u32)read_ich_ap0r0_el2();
	apr[1][0] = (u32)read_ich_ap1r0_el2();
	if (gic_hw.apr_count > 1) {
		apr[0][1] = (u32)read_ich_ap0r1_el2();
		apr[1][1] = (u32)read_ich_ap1r1_el2();
	}
	if (gic_hw.apr_count > 2) {
		apr[0][2] = (u32)read_ich_ap0r2_el2();
		apr[1][2] = (u32)read_ich_ap1r2_el2();
		apr[0][3] = (u32)read_ich_ap0r3_el2();
		apr[1][3] = (u32)read_ich_ap1r3_el2();
	}
}

__cold void gic_apr_load(const u32 apr[2][4])
{
	if (!gic_hw.v3) {
		mmio_write32(gic_hw.hyp + GICH_APR, apr[0][0]);
		return;
	}
	write_ich_ap0r0_el2(apr[0][0]);
	write_ich_ap1r0_el2(apr[1][0]);
	if (gic_hw.apr_count > 1) {
		write_ich_ap0r1_el2(apr[0][1]);
		write_ich_ap1r1_el2(apr[1][1]);
	}
	if (gic_hw.apr_count > 2) {
		write_ich_ap0r2_el2(apr[0][2]);
		write_ich_ap1r2_el2(apr[1][2]);
		write_ich_ap0r3_el2(apr[0][3]);
		write_ich_ap1r3_el2(apr[1][3]);
	}
}
