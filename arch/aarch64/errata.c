/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errata that a hypervisor has to do with, by MIDR_EL1 and REVIDR_EL1 (Arm's Software Developers Errata Notices); what
 * each is and what becomes of it: docs/errata.md. The workarounds need no detection but one: they are how EL2 does it
 * on every core. This is to tell them on the console.
 */
#include "arch/aarch64/mitigations.h"

#include "core/base/fmt.h"
#include "core/base/log.h"

#define REV(variant, revision) ((variant) << 4 | (revision))
#define ALL 0xff

static const struct erratum {
	u16 part;      /* MIDR_EL1.PartNum of an Arm core */
	u8 first, last; /* variant and revision */
	u8 how;        /* enum erratum_how */
	u8 fixed;      /* REVIDR_EL1 bit + 1 that says it is mended; 0: none */
	u32 number;
} errata[] = {
	{ 0xd03, 0, REV(0, 1), ERRATUM_APPLIED, 0, 819472 },
	{ 0xd03, 0, REV(0, 2), ERRATUM_APPLIED, 0, 824069 },
	{ 0xd03, 0, REV(0, 2), ERRATUM_APPLIED, 0, 826319 },
	{ 0xd03, 0, REV(0, 2), ERRATUM_APPLIED, 0, 827319 },
	{ 0xd03, 0, REV(0, 4), ERRATUM_APPLIED, 0, 835769 },
	{ 0xd03, 0, REV(0, 4), ERRATUM_APPLIED, 9, 843419 },
	{ 0xd03, 0, ALL, ERRATUM_APPLIED, 0, 1530924 },
	{ 0xd03, 0, REV(0, 3), ERRATUM_FIRMWARE, 0, 836870 },
	{ 0xd03, REV(0, 3), REV(0, 4), ERRATUM_FIRMWARE, 0, 855873 },
	{ 0xd05, 0, ALL, ERRATUM_APPLIED, 0, 1530923 },
	{ 0xd05, 0, ALL, ERRATUM_APPLIED, 0, 2441007 },
	{ 0xd07, 0, REV(1, 2), ERRATUM_APPLIED, 0, 834220 },
	{ 0xd07, 0, ALL, ERRATUM_APPLIED, 0, 1319537 },
	{ 0xd07, 0, REV(1, 1), ERRATUM_FIRMWARE, 0, 826974 },
	{ 0xd07, 0, REV(1, 1), ERRATUM_FIRMWARE, 0, 826977 },
	{ 0xd07, 0, REV(1, 1), ERRATUM_FIRMWARE, 0, 828024 },
	{ 0xd07, 0, REV(1, 2), ERRATUM_FIRMWARE, 0, 829520 },
	{ 0xd07, 0, REV(1, 2), ERRATUM_FIRMWARE, 0, 833471 },
	{ 0xd07, 0, REV(1, 3), ERRATUM_FIRMWARE, 0, 859972 },
	{ 0xd07, 0, REV(1, 2), ERRATUM_OPEN, 0, 832075 },
	{ 0xd08, 0, ALL, ERRATUM_APPLIED, 0, 1319367 },
	{ 0xd08, 0, REV(0, 3), ERRATUM_FIRMWARE, 0, 859971 },
	{ 0xd09, 0, ALL, ERRATUM_OPEN, 0, 858921 },
	{ 0xd0b, 0, REV(3, 0), ERRATUM_APPLIED, 0, 1286807 },
	{ 0xd0b, 0, REV(2, 0), ERRATUM_APPLIED, 0, 1165522 },
	{ 0xd0d, 0, REV(1, 0), ERRATUM_OPEN, 0, 1508412 },
	{ 0xd46, 0, REV(1, 1), ERRATUM_APPLIED, 0, 2441009 },
};

bool errata_text(u64 midr, u64 revidr, enum erratum_how how, char *buf, size_t size)
{
	u32 part = midr >> 4 & 0xfff, rev = (u32)(REV(midr >> 20 & 0xf, midr & 0xf));
	size_t n = 0;

	buf[0] = '\0';
	for (unsigned int i = 0; i < ARRAY_SIZE(errata) && midr >> 24 == 0x41; i++) {
		const struct erratum *e = &errata[i];

		if (e->part == part && e->how == how && rev >= e->first && rev <= e->last &&
		    (e->fixed == 0 || (revidr >> (e->fixed - 1) & 1) == 0)) {
			n += fmt_str(buf + n, size - n, " %u", e->number);
		}
	}
	return n != 0;
}

void errata_report(u32 cpu, u64 midr, u64 revidr)
{
	static const char *const what[] = {
		[ERRATUM_APPLIED] = "worked around",
		[ERRATUM_FIRMWARE] = "left to the firmware",
		[ERRATUM_OPEN] = "guests may hang this core",
	};
	char text[96];

	for (unsigned int how = 0; how < ARRAY_SIZE(what); how++) {
		if (errata_text(midr, revidr, (enum erratum_how)how, text, sizeof(text))) {
			log_debug("CPU %u: errata%s: %s", cpu, text, what[how]);
		}
	}
}
