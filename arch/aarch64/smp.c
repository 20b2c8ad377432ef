/* SPDX-License-Identifier: Apache-2.0 */
/* Bringing up the other CPUs: PSCI CPU_ON (DEN0022 5.6) or a spin table (Linux booting.rst). */
#include "arch/aarch64/smp.h"

#include "arch/aarch64/cpu.h"
#include "arch/aarch64/layout.h"
#include "arch/aarch64/mitigations.h"
#include "arch/aarch64/mmu.h"
#include "arch/arch.h"
#include "core/base/log.h"
#include "core/base/board.h"
#include "core/base/percpu.h"
#include "core/spec/psci.h"
#include "core/spec/smccc.h"

#define START_TIMEOUT_MS 1000

/* Each CPU's own: a CPU that comes late must find its own data, not the next one's. */
struct cpu_start cpu_starts[MAX_CPUS];

_Static_assert(offsetof(struct cpu_start, mpidr) == START_MPIDR, "head.S");
_Static_assert(offsetof(struct cpu_start, parked) == START_PARKED, "head.S");
_Static_assert(sizeof(struct cpu_start) == START_SIZE && MAX_CPUS == START_COUNT, "head.S");

u64 arch_thread_sp(void *stack_top)
{
	u64 *frame = (u64 *)stack_top - 12; /* as arch_switch() leaves it: x19 .. x30 */

	for (unsigned int i = 0; i < 11; i++) {
		frame[i] = 0;
	}
	frame[11] = (u64)thread_start;
	return (u64)frame;
}

/* True: it is this CPU's turn to say so; false: the boot CPU does not wait any more. */
static bool report(u64 id, u64 state)
{
	u64 asked = START_ASKED;

	return __atomic_compare_exchange_n(&cpu_starts[id].state, &asked, state, false, __ATOMIC_ACQ_REL,
					   __ATOMIC_ACQUIRE);
}

/* What others go by is not touched before it is sure that this CPU takes part. */
static void __noreturn secondary_main(u64 arg)
{
	struct percpu *c = &percpus[arg];

	write_tpidr_el2((u64)c);
	if (__atomic_load_n(&cpu_starts[arg].state, __ATOMIC_ACQUIRE) == START_ASKED) {
		cpu_setup_el2();
		if (gic_init_cpu() != 0) {
			report(arg, START_FAILED);
		}
	}
	if (!report(arg, START_ARRIVED)) {
		arch_park(PARK_LEFT_OUT, "this CPU is not used");
	}
	s2_limit_ipa_bits(cpu_pa_bits()); /* not before: the least of all CPUs that run is what guests see */
	mitigations_init_cpu(c);
	arch_timer_init_cpu();
	cpu_main(c);
}

/*
 * Let the CPU that polls `addr` go (Linux booting.rst). The firmware's page may be RAM or not; mapped
 * already or, beside RAM, as a device.
 */
static bool release(u64 addr, pa_t entry)
{
	u64 *at = pa_ptr(addr);

	if (addr == 0 || !IS_ALIGNED(addr, 8) ||
	    arch_map(ALIGN_DOWN(addr, PAGE_SIZE), PAGE_SIZE, MAP_DEVICE) != 0) {
		return false;
	}
	WRITE_ONCE(*at, entry);
	arch_clean_inval_dcache(at, sizeof(*at)); /* it polls with its caches off */
	__asm__ volatile("sev" : : : "memory");
	return true;
}

/* Ask for CPU `bc` as number `id`; false having said why. */
static bool start_cpu(const struct board_cpu *bc, u32 id)
{
	struct percpu *c = &percpus[id];
	struct cpu_start *s = &cpu_starts[id];
	struct smc_result r = { { (u64)PSCI_NOT_SUPPORTED } };
	char *stack = arch_stack_alloc(KiB(12));

	if (stack == NULL) {
		log_error("CPU %u: no memory for its stack", id);
		return false;
	}
	c->id = id;
	c->mpidr = bc->mpidr;
	*s = boot_start;
	s->stack = (u64)stack;
	s->entry = (u64)secondary_main;
	s->arg = id;
	s->state = START_ASKED;
	arch_clean_inval_dcache(s, sizeof(*s)); /* read with caches off */
	s->mpidr = bc->mpidr | BIT(31);
	arch_clean_inval_dcache(s, sizeof(*s)); /* last: a spinning CPU goes by it */
	switch (bc->enable) {
	case ENABLE_PSCI:
		if (arch_firmware(PSCI_CPU_ON | SMCCC_64, bc->mpidr,
				  arch_image_pa((const void *)secondary_entry), arch_image_pa(s), &r) &&
		    (s32)r.a[0] == PSCI_SUCCESS) {
			return true;
		}
		log_warn("CPU %u (MPIDR 0x%lx): the firmware does not start it (%d)", id, bc->mpidr,
			 (s32)r.a[0]);
		break;
	case ENABLE_SPIN_TABLE:
		if (release(bc->release_addr, arch_image_pa((const void *)spin_entry))) {
			return true;
		}
		log_warn("CPU %u (MPIDR 0x%lx): bad cpu-release-addr 0x%lx", id, bc->mpidr,
			 bc->release_addr);
		break;
	case ENABLE_NONE:
		log_warn("CPU %u (MPIDR 0x%lx): its enable-method is not supported", id, bc->mpidr);
		break;
	}
	s->mpidr = 0;
	arch_stack_free(stack, KiB(12));
	return false;
}

/* Wait for a CPU that was asked for. One that comes after this finds itself refused. */
static void await_cpu(u32 id)
{
	u64 until = counter_now() + counter_hz / 1000 * START_TIMEOUT_MS;
	struct cpu_start *s = &cpu_starts[id];
	const char *why = "asked for but did not come";

	while (__atomic_load_n(&s->state, __ATOMIC_ACQUIRE) == START_ASKED && s->parked == 0 && counter_now() < until) {
		arch_clean_inval_dcache(&s->parked, sizeof(s->parked));
		cpu_relax();
	}
	if (!report(id, START_REFUSED) && s->state == START_ARRIVED) {
		while (!__atomic_load_n(&percpus[id].started, __ATOMIC_ACQUIRE)) {
			cpu_relax(); /* it is in secondary_main() */
		}
		mitigations_report(&percpus[id]);
		return;
	}
	if (s->state == START_FAILED) {
		why = "its part of the GIC does not work";
	} else if (s->parked != 0) {
		why = s->parked == PARK_EL1 ? "it came up at EL1, not EL2" : "its HCR_EL2.E2H is fixed to 1";
	}
	log_warn("CPU %u (MPIDR 0x%lx): %s, not used", id, percpus[id].mpidr, why);
}

u32 arch_boot_cpus(const struct board *b)
{
	u64 own = read_mpidr_el1() & MPIDR_AFFINITY;
	u32 n = 1;

	for (u32 i = 0; i < b->cpu_count && n < MAX_CPUS; i++) {
		if (b->cpu[i].mpidr != own && start_cpu(&b->cpu[i], n)) {
			await_cpu(n++);
		}
	}
	return n;
}
