/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every system register there can be: what keeps a value must be one that a vCPU is known to own. The list is that
 * of docs/vcpu-state.md; what is missing in it would be shared between VMs.
 */
#include "rt/console.h"
#include "rt/cpu.h"
#include "rt/mmu.h"
#include "rt/probe.h"
#include "state.h"

#define REG(op0, op1, crn, crm, op2)	((op0) << 19 | (op1) << 16 | (crn) << 12 | (crm) << 8 | (op2) << 5)
#define OP2				(7 << 5)
#define CRM				(15 << 8)
#define MRS_X0				0xd5200000U
#define MSR_X0				0xd5000000U
#define RET				0xd65f03c0U
#define CPACR_ALL			0x03330000UL	/* no traps of EL1's own: FPEN, ZEN, SMEN */
#define PATTERN				0x0055005500550054UL

/* Encodings with bits that are left open. Not tried is what would end the test. */
static const struct known {
	u32 reg, open;
	bool untried;
} known[] = {
	{ REG(3, 0, 0, 0, 0), CRM | OP2, true },	/* identification */
	{ REG(3, 0, 1, 0, 0), OP2, true },		/* SCTLR, ACTLR, CPACR */
	{ REG(3, 0, 2, 0, 0), OP2, false },		/* TTBR0, TTBR1, TCR */
	{ REG(3, 0, 2, 1, 0), OP2, false },		/* pointer authentication keys */
	{ REG(3, 0, 2, 2, 0), OP2, false },
	{ REG(3, 0, 2, 3, 0), OP2, false },
	{ REG(3, 0, 4, 0, 0), OP2, false },		/* SPSR, ELR */
	{ REG(3, 0, 4, 1, 0), 0, false },		/* SP_EL0 */
	{ REG(3, 0, 4, 2, 0), OP2, true },		/* PSTATE */
	{ REG(3, 0, 4, 3, 0), OP2, true },
	{ REG(3, 0, 4, 6, 0), 0, true },		/* ICC_PMR */
	{ REG(3, 0, 5, 1, 0), OP2, false },		/* AFSR0, AFSR1 */
	{ REG(3, 0, 5, 2, 0), 0, false },		/* ESR */
	{ REG(3, 0, 6, 0, 0), 0, false },		/* FAR */
	{ REG(3, 0, 7, 4, 0), 0, false },		/* PAR */
	{ REG(3, 0, 9, 14, 0), OP2, true },		/* PMU */
	{ REG(3, 0, 10, 2, 0), 0, true },		/* MAIR */
	{ REG(3, 0, 10, 3, 0), 0, false },		/* AMAIR */
	{ REG(3, 0, 12, 0, 0), 0, true },		/* VBAR */
	{ REG(3, 0, 12, 1, 0), OP2, true },		/* ISR, DISR */
	{ REG(3, 0, 12, 8, 0), OP2, true },		/* the GIC's CPU interface */
	{ REG(3, 0, 12, 9, 0), OP2, true },
	{ REG(3, 0, 12, 11, 0), OP2, true },
	{ REG(3, 0, 12, 12, 0), OP2, true },
	{ REG(3, 0, 13, 0, 1), 0, false },		/* CONTEXTIDR */
	{ REG(3, 0, 13, 0, 4), 0, true },		/* TPIDR_EL1 */
	{ REG(3, 0, 14, 1, 0), 0, false },		/* CNTKCTL */
	{ REG(3, 2, 0, 0, 0), 0, false },		/* CSSELR */
	{ REG(3, 3, 2, 4, 0), OP2, true },		/* RNDR */
	{ REG(3, 3, 4, 2, 0), OP2, true },		/* PSTATE */
	{ REG(3, 3, 4, 4, 0), OP2, false },		/* FPCR, FPSR */
	{ REG(3, 3, 9, 0, 0), CRM | OP2, true },	/* PMU */
	{ REG(3, 3, 13, 0, 2), 0, false },		/* TPIDR_EL0, TPIDRRO_EL0 */
	{ REG(3, 3, 13, 0, 3), 0, false },
	{ REG(3, 3, 14, 0, 0), CRM | OP2, true },	/* timers, PMU */
};
#define DEBUG	REG(2, 0, 0, 0, 0)			/* all of op0 2, op1 0: emulated */

static u32 code[2] __attribute__((aligned(64)));

/* Execute it with *x in x0, and back; false if it is undefined. */
static bool done(u32 instruction, u64 *x)
{
	u64 value = *x;

	code[0] = instruction;
	code[1] = RET;
	cache_sync_code(code, sizeof(code));
	probe_begin();
	__asm__ volatile("mov x0, %0\n\tblr %1\n\tmov %0, x0" : "+r"(value) : "r"(code) : "x0", "x30", "memory");
	*x = value;
	return probe_end() == 0;
}

static const struct known *find(u32 reg)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(known); i++) {
		if ((reg & ~known[i].open) == known[i].reg) {
			return &known[i];
		}
	}
	return NULL;
}

unsigned int strangers(void)
{
	u64 cpacr = read_sysreg(cpacr_el1);
	unsigned int readable = 0, n = 0;
	u32 reg;

	write_sysreg(cpacr_el1, CPACR_ALL);
	isb();
	for (reg = REG(2, 0, 0, 0, 0); reg < REG(4U, 0, 0, 0, 0); reg += REG(0, 0, 0, 0, 1)) {
		const struct known *k = find(reg);
		u64 was = 0, now = PATTERN;

		if ((k && k->untried) || !done(MRS_X0 | reg, &was)) {
			continue;
		}
		readable++;
		if ((reg & ~(0xffffU)) == DEBUG) {
			continue;
		}
		(void)done(MSR_X0 | reg, &now);
		now = was;
		(void)done(MRS_X0 | reg, &now);
		if (now != was) {
			u64 back = was;

			(void)done(MSR_X0 | reg, &back);
			if (!k) {
				n++;
				printf("STATE: S%u_%u_C%u_C%u_%u keeps what is written\n", reg >> 19, reg >> 16 & 7,
				       reg >> 12 & 15, reg >> 8 & 15, reg >> 5 & 7);
			}
		}
	}
	write_sysreg(cpacr_el1, cpacr);
	isb();
	return readable > 20 ? n : 1;
}
