/* SPDX-License-Identifier: Apache-2.0 */
/* Hypercalls and firmware calls nobody should make. */
#include "hostile.h"

#define HVC(imm)	(0xd4000002U | (u32)(imm) << 5)
#define SMC(imm)	(0xd4000003U | (u32)(imm) << 5)
#define NOWHERE		0x00ff00ffUL

static volatile u64 starts;

/* The calls that do what they say: those end this program. */
static bool obeyed(u32 function)
{
	u32 number = function & 0xff00ffff;

	switch (number & ~0x40000000U) {
	case 0x84000001:	/* CPU_SUSPEND */
	case 0x84000002:	/* CPU_OFF */
	case 0x84000008:	/* SYSTEM_OFF */
	case 0x84000009:	/* SYSTEM_RESET */
	case 0x8400000c:	/* CPU_DEFAULT_SUSPEND */
	case 0x8400000e:	/* SYSTEM_SUSPEND */
	case 0x84000012:	/* SYSTEM_RESET2 */
	case 0x84000015:	/* SYSTEM_OFF2 */
		return true;
	default:
		return false;
	}
}

static void sweep(u32 instruction)
{
	u32 kind, owner, number, known = 0, calls = 0, faults = 0;

	for (kind = 0; kind < 4; kind++) {
		for (owner = 0; owner < 64; owner++) {
			for (number = 0; number < 96; number++) {
				u32 function = kind << 30 | owner << 24 | (number < 64 ? number : 0xffff - number);
				struct attempt a;

				if (obeyed(function)) {
					continue;
				}
				a = run_instruction(instruction, function);
				calls++;
				faults += a.hits != 0;
				known += a.hits == 0 && (u32)a.value != ~0U;
			}
		}
	}
	printf("%u calls, %u known, %u faulted", calls, known, faults);
}

static void hvc_sweep(void)
{
	sweep(HVC(0));
}

static void smc_sweep(void)
{
	sweep(SMC(0));
}

static void hvc_unknown(void)
{
	describe("HVC", run_instruction(HVC(0), 0x8400ffff));
	describe("; SMC", run_instruction(SMC(0), 0x8400ffff));
	describe("; upper half set", run_instruction(HVC(0), 0xdeadbeef84000000));
	describe("; all ones", run_instruction(HVC(0), ~0UL));
}

static void immediates(void)
{
	describe("HVC #0x1234", run_instruction(HVC(0x1234), PSCI_VERSION));
	describe("; HVC #0xffff", run_instruction(HVC(0xffff), PSCI_VERSION));
	describe("; SMC #1", run_instruction(SMC(1), PSCI_VERSION));
}

static void bad_cpus(void)
{
	printf("no CPU %d", psci(PSCI_CPU_ON, NOWHERE, image_base(), 0));
	printf(", all ones %d", psci(PSCI_CPU_ON, ~0UL, image_base(), 0));
	printf(", reserved bits %d", psci(PSCI_CPU_ON, 1UL << 63 | BIT(31), image_base(), 0));
	printf(", info %d", psci(PSCI_AFFINITY_INFO, NOWHERE, 0, 0));
	printf(", info at level 7 %d", psci(PSCI_AFFINITY_INFO, cpus[0].mpidr, 7, 0));
}

static void self_on(void)
{
	printf("bad entry %d", psci(PSCI_CPU_ON, cpus[0].mpidr, hole(), 0));
	printf(", misaligned %d", psci(PSCI_CPU_ON, cpus[0].mpidr, image_base() + 1, 0));
	printf(", all ones %d", psci(PSCI_CPU_ON, cpus[0].mpidr, ~0UL, ~0UL));
}

static void start(void *arg)
{
	(void)arg;
	starts = starts + 1;
}

/* Started while it starts, and again while it stops. */
static void duplicates(void)
{
	unsigned int i, odd = 0;
	int status;

	if (board.nr_cpus < 2) {
		printf("one CPU only");
		return;
	}
	for (i = 0; i < 200; i++) {
		status = smp_start(1, start, NULL);
		odd += status != 0;
		status = psci(PSCI_CPU_ON, cpus[1].mpidr, (u64)secondary_start, (u64)&cpus[1]);
		odd += status != 0 && status != PSCI_ALREADY_ON && status != PSCI_ON_PENDING;
		smp_wait_off(1);
	}
	printf("%lu starts, %u odd answers", starts, odd);
}

static void suspend(void)
{
	static const u64 states[] = { 0xffffffff, 0x80000000, 0x7fffffff, 0x01010101 };
	unsigned int i;

	gic_enable(board.vtimer_intid);
	for (i = 0; i < ARRAY_SIZE(states); i++) {
		vtimer_arm(timer_count() + timer_frequency() / 1000);
		/* Bit 16 asks for a power-down that comes back at the entry point: nowhere, so it is kept clear. */
		printf("%s0x%lx %d", i ? ", " : "", states[i] & ~BIT(16), psci(PSCI_CPU_SUSPEND, states[i] & ~BIT(16), hole(), 0));
	}
	vtimer_stop();
	gic_recover();
}

static void odd_reset(void)
{
	if (!board_is_vm()) {
		printf("not asked natively");
		return;
	}
	printf("reserved type %d", psci(PSCI_SYSTEM_RESET2, 0x7ffffff0, ~0UL, 0));
	printf(", MEM_PROTECT %d", psci(0x84000013, ~0UL, 0, 0));
	printf(", range check %d", psci(0xc4000014, ~0UL, ~0UL, 0));
	printf(", TRNG of all ones %d", psci(TRNG_RND64, ~0UL, 0, 0));
}

static void flood(void)
{
	unsigned int i;
	u64 last = 0;

	for (i = 0; i < 10000; i++) {
		last = smccc(0x8400ffff, i, i, i).x[0];
	}
	printf("10000 calls, last answer %ld", (long)last);
}

const struct hostile_probe call_probes[] = {
	{ "call-unknown", hvc_unknown },
	{ "call-immediates", immediates },
	{ "cpu-on-nobody", bad_cpus },
	{ "cpu-on-self", self_on },
	{ "cpu-on-twice", duplicates },
	{ "cpu-suspend", suspend },
	{ "odd-firmware-calls", odd_reset },
	{ "call-flood", flood },
	{ "hvc-sweep", hvc_sweep },
	{ "smc-sweep", smc_sweep },
	{ NULL, NULL },
};
