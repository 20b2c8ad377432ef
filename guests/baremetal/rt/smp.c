/* SPDX-License-Identifier: Apache-2.0 */
#include "smp.h"

#include "board.h"
#include "console.h"
#include "cpu.h"
#include "gic.h"
#include "mmu.h"
#include "psci.h"
#include "timer.h"

extern char _start[], stacks[];

void secondary_main(struct cpu *cpu) __attribute__((noreturn));
void rt_main(const void *fdt, u64 entry_count) __attribute__((noreturn));

struct cpu cpus[MAX_CPUS];

u64 image_base(void)
{
	return (u64)_start;
}

int smp_start(unsigned int index, void (*fn)(void *arg), void *arg)
{
	struct cpu *cpu = &cpus[index];
	int status;

	cpu->stack_top = stacks + (index + 1) * CPU_STACK_SIZE;
	cpu->fn = fn;
	cpu->arg = arg;
	cpu->running = true;
	/* It starts with its caches off and must find this in memory. */
	cache_clean(cpu, sizeof(*cpu));
	status = psci(PSCI_CPU_ON, cpu->mpidr, (u64)secondary_start, (u64)cpu);
	if (status != PSCI_SUCCESS) {
		cpu->running = false;
	}
	return status;
}

int smp_run(unsigned int index, void (*fn)(void *arg), void *arg)
{
	int status = smp_start(index, fn, arg);

	if (status == PSCI_SUCCESS && !smp_wait_off(index)) {
		status = PSCI_DENIED;
	}
	return status;
}

int smp_state(unsigned int index)
{
	return psci(PSCI_AFFINITY_INFO, cpus[index].mpidr, 0, 0);
}

bool smp_wait_off(unsigned int index)
{
	u64 end = timer_count() + 20 * timer_frequency();

	/* Some PSCI implementations say OFF between CPU_ON and the first instruction. */
	while (cpus[index].running || smp_state(index) != AFFINITY_OFF) {
		if (timer_count() > end) {
			return false;
		}
	}
	return true;
}

void secondary_main(struct cpu *cpu)
{
	gic_cpu_init();
	cpu->fn(cpu->arg);
	irq_disable();
	cpu->running = false;
	dsb();
	psci(PSCI_CPU_OFF, 0, 0, 0);
	for (;;) {
		wfi();
	}
}

void rt_main(const void *fdt, u64 entry_count)
{
	board_init(fdt);
	board.entry_count = entry_count;
	console_init(board.uart);
	guest_main();
	poweroff();
}
