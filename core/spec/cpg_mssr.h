/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Renesas clock pulse generator, module standby and software reset (R-Car Gen3 manual, sections CPG and MSSR). "MSTP
 * nXX" is bit XX of register n. A set bit stops the module's clock, holds it in reset.
 */
#ifndef QUOIN_SPEC_CPG_MSSR_H
#define QUOIN_SPEC_CPG_MSSR_H

#include "core/base/types.h"

#define CPG_WORDS 12
#define CPG_SIZE 0x1000
#define CPG_WINDOW 0x11000 /* with the page of the mode pins, of the reset controller behind it */

static const u16 cpg_smstpcr[CPG_WORDS] = { /* module stop control, the system's */
	0x130, 0x134, 0x138, 0x13c, 0x140, 0x144, 0x148, 0x14c, 0x990, 0x994, 0x998, 0x99c,
};
static const u16 cpg_mstpsr[CPG_WORDS] = { /* status: the clock stands */
	0x030, 0x038, 0x040, 0x048, 0x04c, 0x03c, 0x1c0, 0x1c4, 0x9a0, 0x9a4, 0x9a8, 0x9ac,
};
static const u16 cpg_srcr[CPG_WORDS] = { /* software reset */
	0x0a0, 0x0a8, 0x0b0, 0x0b8, 0x0bc, 0x0c4, 0x1c8, 0x1cc, 0x920, 0x924, 0x928, 0x92c,
};
#define CPG_SRSTCLR(n) (0x940U + 4 * (n)) /* write one: out of reset */
#define CPG_WPR 0x900U                    /* takes the complement of what is written next */
#define CPG_WPCR 0x904U

/* Clocks of SDHI 0 to 3, modules 314 to 311: stops 9:8, dividers 4:2 and 1:0. */
static const u16 cpg_sdckcr[4] = { 0x074, 0x078, 0x268, 0x26c };
#define CPG_SD_MODULE(n) (3U * 32 + 14 - (n))
#define CPG_SD_BITS 0x31fU
#define CPG_SD_200MHZ 1U /* 800 MHz / 1 / 4, running */

/* The reset controller's mode pins, 64 KiB behind. */
#define CPG_MODEMR 0x10060U

/* A module as device trees number it. */
static inline int cpg_module(u32 number)
{
	return number / 100 < CPG_WORDS && number % 100 < 32 ? (int)(number / 100 * 32 + number % 100) : -1;
}

static inline u32 cpg_number(u32 module)
{
	return module / 32 * 100 + module % 32;
}

#endif
