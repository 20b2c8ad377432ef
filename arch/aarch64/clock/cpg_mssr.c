/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clock pulse generator, module standby and software reset of R-Car H3, M3-W, M3-N and RZ/G2H, M, N (R-Car Gen3 manual, sections CPG,
 * MSSR). Clocks of a device tree: <0 N> an output of the generator, <1 NXX> a module. Rates are nowhere in the tree: all
 * below come from PLL1, which runs at 3.2 GHz whatever the crystal.
 */
#include <string.h>
#include "arch/arch.h"
#include "arch_io.h"
#include "core/base/board.h"
#include "core/base/fmt.h"
#include "core/spec/cpg_mssr.h"

static const char *const compatible[] = {
	"renesas,r8a7795-cpg-mssr", "renesas,r8a7796-cpg-mssr", "renesas,r8a77961-cpg-mssr", "renesas,r8a77965-cpg-mssr",
	"renesas,r8a774a1-cpg-mssr", "renesas,r8a774b1-cpg-mssr", "renesas,r8a774e1-cpg-mssr",
	NULL,
};

/* Modules from a number to another, and what divides PLL1 for them. The same in all of these chips. */
static const struct {
	u16 first, last, div;
} rates[] = {
	{ 202, 207, 48 },   /* SCIF: S3D4 */
	{ 217, 219, 12 },   /* SYS-DMAC: S0D3 */
	{ 310, 310, 48 },   /* SCIF2 */
	{ 311, 314, 16 },   /* SDHI: SDn, as on() sets it */
	{ 318, 331, 12 },   /* PCIe, USB3, USB-DMAC: S3D1 */
	{ 408, 408, 12 },   /* INTC-AP: S0D3 */
	{ 501, 502, 12 },   /* audio DMAC: S0D3 */
	{ 516, 520, 12 },   /* HSCIF: S3D1 */
	{ 523, 523, 48 },   /* PWM: S0D12 */
	{ 700, 705, 48 },   /* EHCI, OHCI, HSUSB: S3D4 */
	{ 812, 815, 24 },   /* EtherAVB: S0D6; SATA: S3D2 */
	{ 905, 912, 48 },   /* GPIO: S3D4 */
	{ 914, 914, 24 },   /* CAN FD: S3D2 */
	{ 915, 916, 48 },   /* CAN: S3D4 */
	{ 918, 919, 24 },   /* I2C: S0D6, S3D2 */
	{ 927, 931, 24 },
	{ 1005, 1031, 48 }, /* sound: S3D4 */
};

/* Outputs of the generator that device nodes name: S3D1 (for baud rates), SD0H to SD3H; in the order of compatible[]. */
static const struct {
	u8 s3d1, sdh;
} core[] = { { 16, 25 }, { 21, 31 }, { 21, 31 }, { 20, 29 }, { 19, 29 }, { 18, 27 }, { 19, 29 } };

static int cpg_module_of(const u32 *cells, u32 count, bool reset)
{
	if (reset) {
		return count == 1 ? cpg_module(cells[0]) : -1;
	}
	return count == 2 && cells[0] == 1 ? cpg_module(cells[1]) : -1;
}

static u32 core_div(const char *which, u32 id)
{
	for (u32 i = 0; compatible[i] != NULL; i++) {
		if (strcmp(which, compatible[i]) == 0) {
			return id == core[i].s3d1 ? 12 : id - core[i].sdh < 8 ? (id - core[i].sdh) % 2 == 0 ? 4 : 16 : 0;
		}
	}
	return 0;
}

static u32 cpg_rate(const char *which, const u32 *cells, u32 count, u32 input_hz)
{
	/* Crystals of 16.66, 20, 25 and 33.33 MHz, by the mode pins. */
	static const struct {
		u32 below, mult;
	} plls[] = { { 15000000, 0 }, { 18000000, 192 }, { 22000000, 160 }, { 28000000, 128 }, { 36000000, 96 } };
	u32 mult = 0, div = 0;

	for (u32 i = ARRAY_SIZE(plls); i-- > 0;) {
		mult = input_hz < plls[i].below ? plls[i].mult : mult;
	}
	if (count == 2 && cells[0] == 0) {
		div = core_div(which, cells[1]);
	}
	for (u32 i = 0; i < ARRAY_SIZE(rates) && count == 2 && cells[0] == 1; i++) {
		if (cells[1] >= rates[i].first && cells[1] <= rates[i].last) {
			div = rates[i].div;
		}
	}
	return div != 0 ? (u32)((u64)input_hz * mult / div) : 0;
}

static const char *cpg_refused(const char *s, u32 len)
{
	for (u32 i = 0; i < len; i += (u32)strlen(s + i) + 1) {
		const char *at = s + i;

		if (strncmp(at, "renesas,", 8) != 0) {
			continue;
		}
		if (str_ends(at, "-cpg-mssr")) {
			return "it has the clocks and resets of all devices: expected `vdev cpg-mssr`, which has those of the VM";
		}
		if (str_ends(at, "-rst")) {
			return "it resets the machine: expected `vdev cpg-mssr`, which shows the mode pins, or nothing";
		}
		if (str_ends(at, "-sysc")) {
			return "it has the power of all devices and CPUs: expected nothing, passed devices are on";
		}
		if (strncmp(at, "renesas,pfc-", 12) == 0) {
			return "it has the pins of all devices: expected nothing, firmware has set them";
		}
	}
	return NULL;
}

static u32 cpg_read(pa_t regs, u32 off)
{
	return io_read32(regs + off);
}

static void cpg_write(pa_t regs, u32 off, u32 val)
{
	io_write32(regs + CPG_WPR, ~val);
	io_write32(regs + off, val);
}

static void change(pa_t regs, u32 off, u32 mask, u32 val)
{
	u32 is = io_read32(regs + off), want = (is & ~mask) | val;

	if (is != want) {
		cpg_write(regs, off, want);
	}
}

static void cpg_on(pa_t regs, u32 module)
{
	change(regs, cpg_smstpcr[module / 32], 1U << (module % 32), 0);
	for (u32 i = 0; i < ARRAY_SIZE(cpg_sdckcr); i++) {
		if (module == CPG_SD_MODULE(i)) {
			change(regs, cpg_sdckcr[i], CPG_SD_BITS, CPG_SD_200MHZ);
		}
	}
}

static bool cpg_running(pa_t regs, u32 module)
{
	return (io_read32(regs + cpg_mstpsr[module / 32]) >> (module % 32) & 1) == 0;
}

static void cpg_reset(pa_t regs, u32 module, bool assert)
{
	if (assert) {
		change(regs, cpg_srcr[module / 32], 0, 1U << (module % 32));
	} else {
		cpg_write(regs, CPG_SRSTCLR(module / 32), 1U << (module % 32));
	}
}

CLOCK(cpg_mssr) = {
	.compatible = compatible,
	.size = CPG_WINDOW,
	.module = cpg_module_of,
	.number = cpg_number,
	.rate = cpg_rate,
	.refused = cpg_refused,
	.read = cpg_read,
	.write = cpg_write,
	.on = cpg_on,
	.running = cpg_running,
	.reset = cpg_reset,
	.reset_us = 40, /* more than a cycle of the 32 kHz clock */
};
