/* SPDX-License-Identifier: Apache-2.0 */
#include "core/exits.h"

#include "core/base/types.h"
#include "core/spec/esr.h"

static const struct {
	u8 n;
	char name[12];
} names[] = {
	{ EC_UNKNOWN, "undefined" },
	{ EC_WFX, "wfi" },
	{ EC_FP, "sve" },
	{ EC_PAUTH, "pauth" },
	{ EC_HVC64, "hvc" },
	{ EC_SMC64, "smc" },
	{ EC_SYSREG, "sysreg" },
	{ EC_IABT_LOWER, "fetch-abort" },
	{ EC_DABT_LOWER, "mmio" },
	{ EXIT_VTIMER, "vtimer" },
	{ EXIT_KICK, "kick" },
	{ EXIT_TIMER, "el2-timer" },
	{ EXIT_MAINTENANCE, "maintenance" },
	{ EXIT_IRQ, "irq" },
	{ EXIT_SERROR, "serror" },
	{ EXIT_SGI, "sgi" },
};

const char *exit_name(unsigned int n)
{
	for (u32 i = 0; i < ARRAY_SIZE(names); i++) {
		if (names[i].n == n) {
			return names[i].name;
		}
	}
	return NULL;
}
