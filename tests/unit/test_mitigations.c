/* SPDX-License-Identifier: Apache-2.0 */
/* Which hardening each core gets, by its identification registers and what the firmware offers. */
#include "tests/unit/test.h"
#include <string.h>
#include "arch/host/host.h"
#include "arch/aarch64/errata.c"
#include "arch/aarch64/mitigations.c"

char vectors[1], vectors_hard[1];

#define CSV2(n) ((u64)(n) << 56)
#define ECBHB (1UL << 60)
#define CLRBHB (1UL << 28)
#define WA1 0x80008000
#define WA3 0x80003fff

static const struct {
	u64 midr, pfr0, mmfr1, isar2;
	u8 mode, fw1, fw3;
	u32 loop, fid;
	bool clrbhb, exposed;
} table[] = {
	/* Cortex-A53: nothing, whatever the firmware has */
	{ 0x410fd034, 0, 0, 0, MITIGATIONS_AUTO, WA_NONE, WA_NONE, 0, 0, false, false },
	{ 0x410fd034, 0, 0, 0, MITIGATIONS_AUTO, WA_CALL, WA_CALL, 0, 0, false, false },
	{ 0x410fd034, 0, 0, 0, MITIGATIONS_AUTO, WA_UNAFFECTED, WA_UNAFFECTED, 0, 0, false, false },
	{ 0x410fd034, 0, 0, 0, MITIGATIONS_ON, WA_NONE, WA_NONE, 32, 0, false, false },
	/* Cortex-A57 */
	{ 0x411fd073, 0, 0, 0, MITIGATIONS_AUTO, WA_NONE, WA_NONE, 8, 0, false, true },
	{ 0x411fd073, 0, 0, 0, MITIGATIONS_AUTO, WA_CALL, WA_NONE, 0, WA1, false, false },
	{ 0x411fd073, 0, 0, 0, MITIGATIONS_AUTO, WA_CALL, WA_CALL, 0, WA3, false, false },
	{ 0x411fd073, 0, 0, 0, MITIGATIONS_OFF, WA_CALL, WA_CALL, 0, 0, false, false },
	{ 0x411fd073, 0, 0, 0, MITIGATIONS_ON, WA_CALL, WA_NONE, 0, WA1, false, false },
	/* Cortex-A72 before and from r1p0 */
	{ 0x410fd083, 0, 0, 0, MITIGATIONS_AUTO, WA_CALL, WA_CALL, 0, WA3, false, false },
	{ 0x411fd080, CSV2(1), 0, 0, MITIGATIONS_AUTO, WA_UNAFFECTED, WA_CALL, 8, 0, false, false },
	/* Cortex-A73, A75: only the firmware can */
	{ 0x410fd092, 0, 0, 0, MITIGATIONS_AUTO, WA_CALL, WA_CALL, 0, WA3, false, false },
	{ 0x410fd0a1, CSV2(1), 0, 0, MITIGATIONS_AUTO, WA_UNAFFECTED, WA_CALL, 0, WA3, false, false },
	{ 0x410fd092, 0, 0, 0, MITIGATIONS_AUTO, WA_NONE, WA_NONE, 0, 0, false, true },
	/* Cortex-A76, Neoverse N1, V1, Cortex-X3 */
	{ 0x414fd0b1, CSV2(1), 0, 0, MITIGATIONS_AUTO, WA_NONE, WA_NONE, 24, 0, false, false },
	{ 0x414fd0c1, CSV2(1), 0, 0, MITIGATIONS_AUTO, WA_NONE, WA_NONE, 24, 0, false, false },
	{ 0x411fd402, CSV2(1), 0, 0, MITIGATIONS_AUTO, WA_NONE, WA_NONE, 32, 0, false, false },
	{ 0x411fd4e0, CSV2(1), 0, 0, MITIGATIONS_AUTO, WA_NONE, WA_NONE, 132, 0, false, false },
	/* what the core says of itself comes first */
	{ 0x411fd402, CSV2(1), 0, CLRBHB, MITIGATIONS_AUTO, WA_NONE, WA_NONE, 0, 0, true, false },
	{ 0x411fd402, CSV2(1), ECBHB, CLRBHB, MITIGATIONS_AUTO, WA_NONE, WA_NONE, 0, 0, false, false },
	{ 0x411fd402, CSV2(3), 0, CLRBHB, MITIGATIONS_AUTO, WA_NONE, WA_NONE, 0, 0, false, false },
	{ 0x411fd402, CSV2(3), 0, 0, MITIGATIONS_ON, WA_NONE, WA_NONE, 32, 0, false, false },
	/* cores of others: what their firmware offers, and no alarm without; QEMU's max */
	{ 0x431f0af1, 0, 0, 0, MITIGATIONS_AUTO, WA_CALL, WA_NONE, 0, WA1, false, false },
	{ 0xc00fac30, CSV2(1), 0, 0, MITIGATIONS_AUTO, WA_NONE, WA_CALL, 0, WA3, false, false },
	{ 0x000f0510, 0, 0, 0, MITIGATIONS_AUTO, WA_NONE, WA_NONE, 0, 0, false, false },
	{ 0x611fd0c0, CSV2(1), 0, 0, MITIGATIONS_AUTO, WA_NONE, WA_NONE, 0, 0, false, false },
};

static void by_core_and_firmware(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(table); i++) {
		const struct cpu_ids ids = { table[i].midr, table[i].pfr0, table[i].mmfr1, table[i].isar2 };
		const u8 fw[3] = { table[i].fw1, WA_NONE, table[i].fw3 };
		struct hardening_choice c = harden_choose(&ids, (enum mitigations)table[i].mode, fw);

		if (c.h.loop != table[i].loop || c.h.fid != table[i].fid || c.clrbhb != table[i].clrbhb ||
		    c.exposed != table[i].exposed) {
			test_fail(__FILE__, __LINE__, "row %u: loop %u fid %#x clrbhb %d exposed %d", i, c.h.loop,
				  c.h.fid, c.clrbhb, c.exposed);
		}
	}
}

/* ---- Asking the firmware */

static u64 psci, known, smccc, answer[3], ssb;

static bool firmware(u64 fid, u64 a1, u64 a2, u64 a3, struct smc_result *r)
{
	(void)a2;
	(void)a3;
	memset(r, 0, sizeof(*r));
	switch (fid) {
	case 0x84000000:
		r->a[0] = psci;
		break;
	case 0x8400000a:
		r->a[0] = a1 == 0x80000000 ? known : ~0UL;
		break;
	case 0x80000000:
		r->a[0] = smccc;
		break;
	case 0x80000001:
		r->a[0] = answer[a1 == WA1 ? 0 : a1 == 0x80007fff ? 1 : 2];
		break;
	case 0x80007fff:
		ssb = a1;
		break;
	default:
		test_fail(__FILE__, __LINE__, "%#lx reached the firmware", fid);
	}
	return true;
}

static struct percpu asked(enum mitigations m)
{
	struct percpu c = { .id = 3 };

	ssb = 99;
	mitigations_init(m);
	mitigations_init_cpu(&c);
	mitigations_report(&c);
	return c;
}

static void firmware_is_asked_with_care(void)
{
	struct percpu c;

	host_init();
	host_sysreg[HOST_SYSREG_midr_el1] = 0x411fd073;
	c = asked(MITIGATIONS_AUTO); /* none at all */
	CHECK_EQ(c.workaround[0] | c.workaround[1] | c.workaround[2], WA_NONE);
	CHECK_EQ(c.hardening.loop, 8);
	CHECK(c.exposed);
	CHECK_EQ(host_sysreg[HOST_SYSREG_vbar_el2], (u64)vectors_hard);
	host_firmware = firmware;
	psci = 0x10001;
	smccc = 0x10001;
	answer[1] = 0;
	answer[2] = ~0UL;
	c = asked(MITIGATIONS_AUTO);
	CHECK_EQ(c.workaround[0], WA_CALL);
	CHECK_EQ(c.workaround[1], WA_CALL);
	CHECK_EQ(c.workaround[2], WA_NONE);
	CHECK_EQ(c.hardening.fid, WA1);
	CHECK_EQ(c.midr, 0x411fd073);
	CHECK_EQ(ssb, 1);
	c = asked(MITIGATIONS_OFF);
	CHECK_EQ(host_sysreg[HOST_SYSREG_vbar_el2], (u64)vectors);
	CHECK_EQ(ssb, 0);
	answer[0] = 1;
	answer[1] = (u64)-2;
	answer[2] = 0x7fff;
	c = asked(MITIGATIONS_AUTO);
	CHECK_EQ(c.workaround[0], WA_UNAFFECTED);
	CHECK_EQ(c.workaround[1], WA_NOT_REQUIRED);
	CHECK_EQ(c.workaround[2], WA_NONE);
	CHECK_EQ(ssb, 99);
	/* before PSCI 1.0, SMCCC 1.1 or without PSCI_FEATURES of it: not even asked */
	psci = 2;
	CHECK_EQ(asked(MITIGATIONS_AUTO).workaround[0], WA_NONE);
	psci = 0x10000;
	known = ~0UL;
	CHECK_EQ(asked(MITIGATIONS_AUTO).workaround[0], WA_NONE);
	known = 0;
	smccc = 0x10000;
	CHECK_EQ(asked(MITIGATIONS_AUTO).workaround[0], WA_NONE);
	host_firmware = NULL;
}

static void early_a57_hide_faults(void)
{
	CHECK(core_hides_stage1_faults(0x410fd070));
	CHECK(core_hides_stage1_faults(0x411fd070));
	CHECK(core_hides_stage1_faults(0x411fd072));
	CHECK(!core_hides_stage1_faults(0x411fd073));
	CHECK(!core_hides_stage1_faults(0x412fd070));
	CHECK(!core_hides_stage1_faults(0x410fd080));
	CHECK(!core_hides_stage1_faults(0x510fd070));
}

static const struct {
	u64 midr, revidr;
	const char *applied, *firmware, *open;
} errata_of[] = {
	{ 0x410fd034, 0, " 835769 843419 1530924", " 855873", "" },
	{ 0x410fd034, BIT(8), " 835769 1530924", " 855873", "" },
	{ 0x410fd032, 0, " 824069 826319 827319 835769 843419 1530924", " 836870", "" },
	{ 0x410fd031, 0, " 819472 824069 826319 827319 835769 843419 1530924", " 836870", "" },
	{ 0x411fd070, 0, " 834220 1319537", " 826974 826977 828024 829520 833471 859972", " 832075" },
	{ 0x411fd073, 0, " 1319537", " 859972", "" }, /* R-Car H3 */
	{ 0x410fd083, 0, " 1319367", " 859971", "" },
	{ 0x411fd080, 0, " 1319367", "", "" },
	{ 0x414fd0b1, 0, "", "", "" },
	{ 0x413fd0b0, 0, " 1286807", "", "" },
	{ 0x414fd0c1, 0, "", "", "" },
	{ 0x511fd070, 0, "", "", "" }, /* not Arm's */
	{ 0x000f0510, 0, "", "", "" },
};

static void errata_by_revision(void)
{
	char buf[96];

	for (unsigned int i = 0; i < ARRAY_SIZE(errata_of); i++) {
		const char *const want[] = { errata_of[i].applied, errata_of[i].firmware, errata_of[i].open };

		for (unsigned int how = 0; how < 3; how++) {
			bool any = errata_text(errata_of[i].midr, errata_of[i].revidr, (enum erratum_how)how, buf,
					       sizeof(buf));

			if (strcmp(buf, want[how]) != 0 || any != (want[how][0] != '\0')) {
				test_fail(__FILE__, __LINE__, "row %u, %u:%s, want%s", i, how, buf, want[how]);
			}
		}
	}
	errata_report(0, 0x411fd070, 0);
	CHECK(errata_text(0x411fd070, 0, ERRATUM_FIRMWARE, buf, 20)); /* cut off, not written behind */
	CHECK_EQ(strlen(buf), 19);
}

TEST_MAIN(RUN(errata_by_revision), RUN(early_a57_hide_faults), RUN(by_core_and_firmware), RUN(firmware_is_asked_with_care))
