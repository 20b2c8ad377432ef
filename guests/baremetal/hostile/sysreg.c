/* SPDX-License-Identifier: Apache-2.0 */
/* Every system register encoding there is. */
#include "hostile.h"

#define ENCODING(op0, op1, crn, crm, op2) \
	((op0) << 14 | (op1) << 11 | (crn) << 7 | (crm) << 3 | (op2))
#define MRS_X0(encoding)	(0xd5200000U | (encoding) << 5)
#define MSR_X0(encoding)	(0xd5000000U | (encoding) << 5)
#define PER_OP0			0x4000U

static u64 target[64] __attribute__((aligned(4096)));

/* Writing these would end this program, not the hypervisor: stack, vector, saved state, the CPU pointer. */
static bool own_state(u32 e)
{
	return (e & ~ENCODING(0U, 0U, 0U, 0U, 7U)) == ENCODING(3U, 0U, 4U, 0U, 0U) ||
	       (e & ~ENCODING(0U, 0U, 0U, 0U, 7U)) == ENCODING(3U, 0U, 4U, 1U, 0U) ||
	       (e & ~ENCODING(0U, 0U, 0U, 0U, 7U)) == ENCODING(3U, 0U, 4U, 2U, 0U) ||
	       (e & ~ENCODING(0U, 0U, 0U, 0U, 7U)) == ENCODING(3U, 3U, 4U, 2U, 0U) ||
	       e == ENCODING(3U, 0U, 12U, 0U, 0U) || e == ENCODING(3U, 0U, 12U, 0U, 2U) ||
	       e == ENCODING(3U, 0U, 13U, 0U, 4U) || e == ENCODING(3U, 0U, 12U, 12U, 5U) ||
	       e == ENCODING(3U, 0U, 1U, 0U, 0U);
}

static void read_all(u32 op0)
{
	u32 e, readable = 0, undefined = 0, other = 0;

	for (e = op0 * PER_OP0; e < (op0 + 1) * PER_OP0; e++) {
		struct attempt a = run_instruction(MRS_X0(e), 0);

		if (a.hits == 0) {
			readable++;
		} else if (ESR_EC(a.esr) == EC_UNKNOWN) {
			undefined++;
		} else {
			other++;
		}
	}
	printf("%u readable, %u undefined, %u other", readable, undefined, other);
}

/* Write zero, and back what was there before. */
static void write_all(u32 op0)
{
	u32 e, written = 0, refused = 0;

	for (e = op0 * PER_OP0; e < (op0 + 1) * PER_OP0; e++) {
		struct attempt old;

		if (own_state(e)) {
			continue;
		}
		old = run_instruction(MRS_X0(e), 0);
		if (run_instruction(MSR_X0(e), 0).hits) {
			refused++;
			continue;
		}
		written++;
		if (old.hits == 0) {
			run_instruction(MSR_X0(e), old.value);
		}
	}
	gic_recover();
	printf("%u written, %u refused", written, refused);
}

static void read_debug(void)
{
	read_all(2);
}

static void read_system(void)
{
	read_all(3);
}

static void write_debug(void)
{
	write_all(2);
}

static void write_system(void)
{
	write_all(3);
}

/* Cache, TLB, address translation and implementation defined instructions, on memory of our own. */
static void instructions(void)
{
	u32 e, done = 0, refused = 0;

	for (e = PER_OP0; e < 2 * PER_OP0; e++) {
		if (run_instruction(MSR_X0(e), (u64)target).hits) {
			refused++;
		} else {
			done++;
		}
	}
	printf("%u done, %u refused", done, refused);
}

static void undefined(void)
{
	describe("EL2", run_instruction(MRS_X0(ENCODING(3U, 4U, 1U, 1U, 0U)), 0));
	describe("; EL3", run_instruction(MRS_X0(ENCODING(3U, 6U, 1U, 1U, 0U)), 0));
	describe("; unallocated", run_instruction(MRS_X0(ENCODING(3U, 7U, 0U, 0U, 0U)), 0));
	describe("; UDF", run_instruction(0x00000000, 0));
}

static void pmu(void)
{
	describe("PMCR", run_instruction(MRS_X0(ENCODING(3U, 3U, 9U, 12U, 0U)), 0));
	describe("; write", run_instruction(MSR_X0(ENCODING(3U, 3U, 9U, 12U, 0U)), 0x41));
	describe("; PMCCNTR", run_instruction(MRS_X0(ENCODING(3U, 3U, 9U, 13U, 0U)), 0));
	describe("; PMINTENSET", run_instruction(MSR_X0(ENCODING(3U, 0U, 9U, 14U, 1U)), ~0UL));
}

static void breakpoints(void)
{
	describe("DBGBVR0 write", run_instruction(MSR_X0(ENCODING(2U, 0U, 0U, 0U, 4U)), 5));
	describe("; read", run_instruction(MRS_X0(ENCODING(2U, 0U, 0U, 0U, 4U)), 0));
	describe("; OSLAR", run_instruction(MSR_X0(ENCODING(2U, 0U, 1U, 0U, 4U)), 1));
	describe("; OSDLR", run_instruction(MSR_X0(ENCODING(2U, 0U, 1U, 3U, 4U)), 1));
	describe("; MDSCR", run_instruction(MSR_X0(ENCODING(2U, 0U, 0U, 2U, 2U)), 0x8000));
	run_instruction(MSR_X0(ENCODING(2U, 0U, 0U, 2U, 2U)), 0);
	run_instruction(MSR_X0(ENCODING(2U, 0U, 1U, 3U, 4U)), 0);
}

/* Features a VM is not told of: SVE, SME, AMU, SPE, trace, MPAM, RAS, memory tags, random numbers. */
static void hidden(void)
{
	describe("ZCR", run_instruction(MRS_X0(ENCODING(3U, 0U, 1U, 2U, 0U)), 0));
	describe("; SMCR", run_instruction(MRS_X0(ENCODING(3U, 0U, 1U, 2U, 6U)), 0));
	describe("; AMCR", run_instruction(MRS_X0(ENCODING(3U, 3U, 13U, 2U, 0U)), 0));
	describe("; PMSCR", run_instruction(MRS_X0(ENCODING(3U, 0U, 9U, 9U, 0U)), 0));
	describe("; TRFCR", run_instruction(MRS_X0(ENCODING(3U, 0U, 1U, 2U, 1U)), 0));
	describe("; MPAM1", run_instruction(MRS_X0(ENCODING(3U, 0U, 10U, 5U, 0U)), 0));
	describe("; ERRIDR", run_instruction(MRS_X0(ENCODING(3U, 0U, 5U, 3U, 0U)), 0));
	describe("; GCR", run_instruction(MRS_X0(ENCODING(3U, 0U, 1U, 0U, 6U)), 0));
	describe("; RDVL", run_instruction(0x04bf5020, 0));
}

const struct hostile_probe sysreg_probes[] = {
	{ "sysreg-undefined", undefined },
	{ "sysreg-pmu", pmu },
	{ "sysreg-breakpoints", breakpoints },
	{ "sysreg-hidden", hidden },
	{ "sysreg-read-debug", read_debug },
	{ "sysreg-read-all", read_system },
	{ "sysreg-write-debug", write_debug },
	{ "sysreg-write-all", write_system },
	{ "sys-instructions", instructions },
	{ NULL, NULL },
};
