/* SPDX-License-Identifier: Apache-2.0 */
/* Bringing up the other CPUs: PSCI CPU_ON (DEN0022 5.6) or a spin table (Linux booting.rst). */
#include "arch/aarch64/smp.h"

#include "arch/aarch64/cpu.h"
#include "arch/aarch64/mmu.h"
#include "arch/arch.h"
#include "core/base/log.h"
#include "core/base/board.h"
#include "core/base/percpu.h"
#include "core/spec/psci.h"
#include "core/spec/smccc.h"

#define START_TIMEOUT_MS 500

/* Each CPU's own: a CPU that comes late must find its own data, not the next one's. */
static struct cpu_start start[MAX_CPUS];
static u64 boot_mpidr;

u64 arch_thread_sp(void *stack_top)
{
	u64 *frame = (u64 *)stack_top - 12; /* as arch_switch() leaves it: x19 .. x30 */

	for (unsigned int i = 0; i < 11; i++) {
		frame[i] = 0;
	}
	frame[11] = (u64)thread_start;
	return (u64)frame;
}

static void __noreturn secondary_main(u64 arg)
{
	struct percpu *c = &percpus[arg];

	write_tpidr_el2((u64)c);
	cpu_setup_el2();
	s2_limit_ipa_bits(cpu_pa_bits());
	arch_timer_init_cpu(NULL);
	gic_init_cpu();
	cpu_main(c);
}

/* Ask for CPU `bc` as number `id`; false having said why. */
static bool start_cpu(const struct board_cpu *bc, u32 id)
{
	struct percpu *c = &percpus[id];
	struct cpu_start *s = &start[id];
	pa_t entry = arch_image_pa((const void *)secondary_entry);
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
	arch_clean_inval_dcache(s, sizeof(*s)); /* read with caches off */
	switch (bc->enable) {
	case ENABLE_PSCI:
		if (arch_firmware(PSCI_CPU_ON | SMCCC_64, bc->mpidr, entry, arch_image_pa(s), &r) &&
		    (s32)r.a[0] == PSCI_SUCCESS) {
			return true;
		}
		log_warn("CPU %u (MPIDR 0x%lx): the firmware does not start it (%d)", id, bc->mpidr,
			 (s32)r.a[0]);
		break;
	case ENABLE_SPIN_TABLE:
	case ENABLE_NONE:
		log_warn("CPU %u (MPIDR 0x%lx): its enable-method is not supported", id, bc->mpidr);
		break;
	}
	arch_stack_free(stack, KiB(12));
	return false;
}

u32 arch_boot_cpus(const struct board *b)
{
	u32 n = 1;

	boot_mpidr = read_mpidr_el1() & MPIDR_AFFINITY;
	for (u32 i = 0; i < b->cpu_count && n < MAX_CPUS; i++) {
		u64 until = counter_now() + counter_hz / 1000 * START_TIMEOUT_MS;

		if (b->cpu[i].mpidr == boot_mpidr || !start_cpu(&b->cpu[i], n)) {
			continue;
		}
		while (!__atomic_load_n(&percpus[n].started, __ATOMIC_ACQUIRE) && counter_now() < until) {
			cpu_relax();
		}
		if (!percpus[n].started) {
			log_warn("CPU %u (MPIDR 0x%lx): started but never arrived", n, b->cpu[i].mpidr);
		}
		n++;
	}
	return n;
}
