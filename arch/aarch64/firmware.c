/* SPDX-License-Identifier: Apache-2.0 */
/* Calls to the firmware below us: SMCCC (DEN0028) through the board's PSCI conduit, PSCI (DEN0022). */
#include "arch/arch.h"

#include "core/base/log.h"
#include "core/base/board.h"
#include "core/spec/psci.h"
#include "core/spec/smccc.h"
#include "arch/aarch64/firmware.h"
#include "arch/aarch64/layout.h"

static enum board_conduit conduit;

bool arch_firmware(u64 fid, u64 a1, u64 a2, u64 a3, struct smc_result *r)
{
	register u64 x0 __asm__("x0") = fid;
	register u64 x1 __asm__("x1") = a1;
	register u64 x2 __asm__("x2") = a2;
	register u64 x3 __asm__("x3") = a3;

	switch (conduit) {
	case CONDUIT_SMC:
		/* SMCCC 1.0 lets the callee change x4-x17. */
		__asm__ volatile("smc #0"
				 : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)
				 :
				 : "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14",
				   "x15", "x16", "x17", "memory");
		break;
	case CONDUIT_HVC: /* only a hypervisor below us would listen */
	case CONDUIT_NONE:
		return false;
	}
	*r = (struct smc_result){ { x0, x1, x2, x3 } };
	return true;
}

/* Without EL3 SMC is undefined, unless an emulator answers in its place. */
static int version(void *arg)
{
	struct smc_result r;

	(void)arg;
	(void)arch_firmware(PSCI_VERSION, 0, 0, 0, &r);
	return 0;
}

void firmware_init(const struct board *b)
{
	conduit = b->psci.conduit;
	if (arch_try(version, NULL) != 0) {
		conduit = CONDUIT_NONE;
		log_warn("the device tree has PSCI by SMC, which this machine does not have: no other CPUs, no power off");
	}
}

bool arch_firmware_guest(u64 x[8])
{
	register u64 x0 __asm__("x0") = x[0];
	register u64 x1 __asm__("x1") = x[1];
	register u64 x2 __asm__("x2") = x[2];
	register u64 x3 __asm__("x3") = x[3];
	register u64 x4 __asm__("x4") = x[4];
	register u64 x5 __asm__("x5") = x[5];
	register u64 x6 __asm__("x6") = x[6];
	register u64 x7 __asm__("x7") = x[7];

	/* ID_AA64PFR0_EL1.EL3: without one SMC is UNDEFINED, though an emulator may answer PSCI. */
	if (conduit != CONDUIT_SMC || (read_id_aa64pfr0_el1() >> 12 & 0xf) == 0) {
		return false;
	}
	__asm__ volatile("smc #0"
			 : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4), "+r"(x5), "+r"(x6), "+r"(x7)
			 :
			 : "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17", "memory");
	x[0] = x0;
	x[1] = x1;
	x[2] = x2;
	x[3] = x3;
	x[4] = x4;
	x[5] = x5;
	x[6] = x6;
	x[7] = x7;
	return true;
}

static void __noreturn park(const char *what)
{
	log_info("%s: the firmware offers no way, CPU parked", what);
	log_flush();
	arch_park(PARK_NO_FIRMWARE, what);
}

void arch_system_off(void)
{
	struct smc_result r;

	arch_firmware(PSCI_SYSTEM_OFF, 0, 0, 0, &r);
	park("power off");
}

void arch_system_reset(void)
{
	struct smc_result r;

	arch_firmware(PSCI_SYSTEM_RESET, 0, 0, 0, &r);
	park("reset");
}

/* TRNG (DEN0098) of the firmware, asked for once. */
static bool firmware_trng(u64 *out)
{
	static int state; /* 0: not asked, 1: there, -1: none */
	struct smc_result r;

	if (state == 0) {
		/* Only firmware that knows SMCCC 1.1 is asked (PSCI_FEATURES of SMCCC_VERSION). */
		bool ok = arch_firmware(PSCI_FEATURES, SMCCC_VERSION, 0, 0, &r) && (s32)r.a[0] >= 0 &&
			  arch_firmware(TRNG_VERSION, 0, 0, 0, &r) && (s32)r.a[0] >= 0x10000;

		state = ok ? 1 : -1;
	}
	if (state < 0 || !arch_firmware(TRNG_RND64, 64, 0, 0, &r) || (s64)r.a[0] != 0) {
		return false;
	}
	*out = r.a[3];
	return true;
}

bool arch_random(u64 *out)
{
	if ((read_id_aa64isar0_el1() >> 60 & 0xf) != 0) { /* FEAT_RNG */
		u64 v, ok;

		/* NZCV.Z is set when no number could be had (ARM ARM C6.2.222, RNDR). */
		__asm__ volatile("mrs %0, S3_3_C2_C4_0\n\tcset %1, ne" : "=r"(v), "=r"(ok) : : "cc");
		if (ok != 0) {
			*out = v;
			return true;
		}
	}
	return firmware_trng(out);
}
