/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An R-Car H3 for tests: a device tree of what matters to its clocks, and its clock controller as a model of registers,
 * written from what the manual's sections CPG and MSSR say of them (core/spec/cpg_mssr.h has the same numbers; here they
 * stand once more). Writes take the complement of the value in CPGWPR first, status follows with a delay.
 */
#ifndef TESTS_UNIT_CPG_UTIL_H
#define TESTS_UNIT_CPG_UTIL_H

#include "arch/host/host.h"
#include "arch_io.h"
#include "core/board.h"
#include "tests/unit/fdt_util.h"

#define CPG_BASE 0xe6150000UL

static const u16 m_smstp[12] = { 0x130, 0x134, 0x138, 0x13c, 0x140, 0x144, 0x148, 0x14c, 0x990, 0x994, 0x998, 0x99c };
static const u16 m_mstps[12] = { 0x030, 0x038, 0x040, 0x048, 0x04c, 0x03c, 0x1c0, 0x1c4, 0x9a0, 0x9a4, 0x9a8, 0x9ac };
static const u16 m_srcr[12] = { 0x0a0, 0x0a8, 0x0b0, 0x0b8, 0x0bc, 0x0c4, 0x1c8, 0x1cc, 0x920, 0x924, 0x928, 0x92c };
static const u16 m_sd[4] = { 0x074, 0x078, 0x268, 0x26c };

static struct {
	u32 reg[0x400];       /* by offset / 4 */
	u32 status[12];       /* what MSTPSR says */
	u32 lag, lagging;     /* looks until status follows; those left */
	u32 stuck[12];        /* modules whose clock never comes */
	u32 key;
	bool has_key, plain_srcr; /* plain: SRCR holds what is written, zeros too */
	u32 odd;              /* accesses of another width, or to what is not there */
	u32 refused;          /* writes without the key */
	u32 writes;
	void (*spy)(void);    /* at each write of a register */
} cpg;

static inline int m_find(const u16 *t, u32 n, u32 off)
{
	for (u32 i = 0; i < n; i++) {
		if (t[i] == off) {
			return (int)i;
		}
	}
	return -1;
}

static inline void m_write(u32 off, u32 val)
{
	int i;

	if (off == 0x900) {
		cpg.key = val;
		cpg.has_key = true;
		return;
	}
	cpg.writes++;
	if (cpg.spy != NULL) {
		cpg.spy();
	}
	if (!cpg.has_key || cpg.key != ~val) {
		cpg.refused++;
		return;
	}
	cpg.has_key = false;
	if (off >= 0x940 && off < 0x970) {
		cpg.reg[m_srcr[(off - 0x940) / 4] / 4] &= ~val;
	} else if ((i = m_find(m_srcr, 12, off)) >= 0 && !cpg.plain_srcr) {
		cpg.reg[off / 4] |= val;
	} else {
		cpg.reg[off / 4] = val;
		cpg.lagging = m_find(m_smstp, 12, off) >= 0 ? cpg.lag : cpg.lagging;
	}
}

static inline u32 m_read(u32 off)
{
	int i = m_find(m_mstps, 12, off);

	if (off >= 0x940 && off < 0x970) {
		return 0xdeadbeef; /* write only */
	}
	if (i < 0) {
		return cpg.reg[off / 4];
	}
	if (cpg.lagging != 0) {
		cpg.lagging--;
	} else {
		for (u32 n = 0; n < 12; n++) {
			cpg.status[n] = cpg.reg[m_smstp[n] / 4] | cpg.stuck[n];
		}
	}
	return cpg.status[i];
}

static inline u64 m_io(pa_t pa, u32 size, bool write, u64 val)
{
	u64 off = pa - CPG_BASE;

	if (off == 0x10060 && size == 4 && !write) {
		return 0x00c06100; /* MODEMR */
	}
	if (off >= 0x1000 || size != 4 || off % 4 != 0) {
		cpg.odd++;
		return ~0UL;
	}
	return write ? (m_write((u32)off, (u32)val), 0) : m_read((u32)off);
}

/* Power on: most modules stand, some that firmware uses run. */
static inline void m_fresh(void)
{
	memset(&cpg, 0, sizeof(cpg));
	for (u32 i = 0; i < 12; i++) {
		cpg.reg[m_smstp[i] / 4] = cpg.status[i] = 0xffffffff;
	}
	cpg.reg[m_smstp[3] / 4] = cpg.status[3] = ~(1U << 10 | 1U << 12); /* SCIF2, SDHI2 */
	cpg.reg[m_smstp[4] / 4] = cpg.status[4] = ~(1U << 8);             /* INTC-AP */
	for (u32 i = 0; i < 4; i++) {
		cpg.reg[m_sd[i] / 4] = 0x305;
	}
	cpg.reg[0xd0 / 4] = 0x1f00;
	cpg.reg[0x240 / 4] = 0x1f;
	cpg.lag = 3;
	host_io = m_io;
}

static inline bool m_stopped(u32 number)
{
	return (cpg.reg[m_smstp[number / 100] / 4] >> (number % 100) & 1) != 0;
}

static inline bool m_in_reset(u32 number)
{
	return (cpg.reg[m_srcr[number / 100] / 4] >> (number % 100) & 1) != 0;
}

#define H3_NODE(name, at, irq, clocks, reset, more) \
	name "@" #at " { compatible = \"renesas,x\"; reg = <0 0x" #at " 0 0x1000>; interrupts = <0 " #irq " 4>;\n" \
	"	clocks = " clocks "; resets = <&cpg " #reset ">; power-domains = <&sysc 32>; " more " };\n"

static const char h3_tree[] =
	"/dts-v1/;\n/ { #address-cells = <2>; #size-cells = <2>; interrupt-parent = <&gic>; compatible = \"renesas,r8a7795\";\n"
	"extal: extal { compatible = \"fixed-clock\"; #clock-cells = <0>; clock-frequency = <16640000>; };\n"
	"extalr: extalr { compatible = \"fixed-clock\"; #clock-cells = <0>; clock-frequency = <32768>; };\n"
	"memory@48000000 { device_type = \"memory\"; reg = <0 0x48000000 0 0x38000000>; };\n"
	"cpus { #address-cells = <1>; #size-cells = <0>;\n"
	"	cpu@0 { device_type = \"cpu\"; compatible = \"arm,cortex-a57\"; reg = <0>; }; };\n"
	"chosen { stdout-path = \"/soc/serial@e6e88000\"; };\n"
	"soc { compatible = \"simple-bus\"; #address-cells = <2>; #size-cells = <2>; ranges;\n"
	"gic: interrupt-controller@f1010000 { compatible = \"arm,gic-400\"; #interrupt-cells = <3>; interrupt-controller;\n"
	"	reg = <0 0xf1010000 0 0x1000>, <0 0xf1020000 0 0x20000>, <0 0xf1040000 0 0x20000>, <0 0xf1060000 0 0x20000>;\n"
	"	interrupts = <1 9 4>; clocks = <&cpg 1 408>; clock-names = \"clk\"; resets = <&cpg 408>; };\n"
	"cpg: clock-controller@e6150000 { compatible = \"renesas,r8a7795-cpg-mssr\"; reg = <0 0xe6150000 0 0x1000>;\n"
	"	clocks = <&extal>, <&extalr>; clock-names = \"extal\", \"extalr\"; #clock-cells = <2>;\n"
	"	#power-domain-cells = <0>; #reset-cells = <1>; };\n"
	"rst: reset-controller@e6160000 { compatible = \"renesas,r8a7795-rst\"; reg = <0 0xe6160000 0 0x200>; };\n"
	"sysc: system-controller@e6180000 { compatible = \"renesas,r8a7795-sysc\"; reg = <0 0xe6180000 0 0x400>;\n"
	"	#power-domain-cells = <1>; };\n"
	"pfc: pinctrl@e6060000 { compatible = \"renesas,pfc-r8a7795\"; reg = <0 0xe6060000 0 0x50c>; };\n"
	"scif2: serial@e6e88000 { compatible = \"renesas,scif-r8a7795\", \"renesas,rcar-gen3-scif\", \"renesas,scif\";\n"
	"	reg = <0 0xe6e88000 0 64>; interrupts = <0 164 4>; clocks = <&cpg 1 310>, <&cpg 0 16>, <&extalr>;\n"
	"	clock-names = \"fck\", \"brg_int\", \"scif_clk\"; resets = <&cpg 310>; };\n"
	H3_NODE("watchdog", e6020000, 140, "<&cpg 1 402>", 402, "")
	H3_NODE("mmc", ee100000, 165, "<&cpg 1 314>, <&cpg 0 25>", 314, "clock-names = \"core\", \"clkh\"; reset-names = \"r\";")
	H3_NODE("mmc", ee140000, 167, "<&cpg 1 312>, <&cpg 0 29>", 312, "clock-names = \"core\", \"clkh\";")
	H3_NODE("ethernet", e6800000, 39, "<&cpg 1 812>", 812, "clock-names = \"fck\";")
	H3_NODE("usb", ee0a0000, 112, "<&cpg 1 702>, <&cpg 1 701>", 702, "")
	H3_NODE("usb", ee0c0000, 113, "<&cpg 1 702>", 702, "")
	H3_NODE("sound", ec500000, 200, "<&cpg 1 1005>, <&cpg 1 1006>, <&cpg 1 1007>, <&cpg 1 1008>, <&cpg 1 1009>, <&extal>, "
		"<&cpg 1 1010>, <&cpg 1 1011>, <&cpg 1 1012>, <&cpg 1 1031>", 1005, "")
	H3_NODE("odd", ee0e0000, 114, "<&cpg 1 1299>, <&cpg 1 332>, <&cpg 1 0xffffffff>, <&cpg 2 310>", 9999, "")
	"}; };\n";

static inline bool h3_board(struct board *b, unsigned char **tree)
{
	struct heard heard;
	size_t size;

	free(*tree);
	*tree = dtc_text(h3_tree, &size);
	memset(b, 0, sizeof(*b));
	return *tree != NULL && board_parse(b, *tree, size, listen(&heard)) == 0;
}

#endif
