/* SPDX-License-Identifier: Apache-2.0 */
#include "psci.h"

#include "board.h"
#include "cpu.h"

/* Opcodes in place of mnemonics: not every assembler knows smc by default. */
#define HVC_0	".inst 0xd4000002"
#define SMC_0	".inst 0xd4000003"

/* x0-x3 carry results; SMCCC 1.0 lets the callee change the rest up to x17 (DEN0028 2.6). */
#define CALL(instruction)							\
	register u64 x0 __asm__("x0") = function;				\
	register u64 x1 __asm__("x1") = a1;					\
	register u64 x2 __asm__("x2") = a2;					\
	register u64 x3 __asm__("x3") = a3;					\
	register u64 x4 __asm__("x4") = 0;					\
	register u64 x5 __asm__("x5") = 0;					\
	register u64 x6 __asm__("x6") = 0;					\
	register u64 x7 __asm__("x7") = 0;					\
	__asm__ volatile(instruction						\
			 : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3),		\
			   "+r"(x4), "+r"(x5), "+r"(x6), "+r"(x7) :		\
			 : "x8", "x9", "x10", "x11", "x12", "x13", "x14",	\
			   "x15", "x16", "x17", "memory");			\
	return (struct smccc_result){ { x0, x1, x2, x3 } }

struct smccc_result hvc_call(u64 function, u64 a1, u64 a2, u64 a3)
{
	CALL(HVC_0);
}

struct smccc_result smc_call(u64 function, u64 a1, u64 a2, u64 a3)
{
	CALL(SMC_0);
}

struct smccc_result smccc(u64 function, u64 a1, u64 a2, u64 a3)
{
	switch (board.conduit) {
	case CONDUIT_HVC:
		return hvc_call(function, a1, a2, a3);
	case CONDUIT_SMC:
		return smc_call(function, a1, a2, a3);
	default:
		return (struct smccc_result){ { (u64)PSCI_NOT_SUPPORTED } };
	}
}

int psci(u64 function, u64 a1, u64 a2, u64 a3)
{
	return (int)smccc(function, a1, a2, a3).x[0];
}

void poweroff(void)
{
	psci(PSCI_SYSTEM_OFF, 0, 0, 0);
	for (;;) {
		wfi();
	}
}
