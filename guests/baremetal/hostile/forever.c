/* SPDX-License-Identifier: Apache-2.0 */
/* Deeds that never end, for tests of what the hypervisor and other VMs do meanwhile: hostile=NAME, on every CPU. */
#include <string.h>

#include "hostile.h"

static u32 trap_page[1024] __attribute__((aligned(4096)));	/* zeros are UDF */

static void __attribute__((noreturn)) undefined(void)
{
	for (;;) {
		__asm__ volatile(".inst 0");
	}
}

/* Never seen by a hypervisor: each vector slot faults into itself. */
static void vector_loop(void)
{
	write_sysreg(vbar_el1, (u64)trap_page);
	isb();
	undefined();
}

static void unmapped_vector(void)
{
	write_sysreg(vbar_el1, hole());
	isb();
	undefined();
}

static void device_vector(void)
{
	write_sysreg(vbar_el1, board.gicd);
	isb();
	undefined();
}

static void unmapped_pc(void)
{
	write_sysreg(vbar_el1, hole());
	isb();
	((void (*)(void))hole())();
}

/* Not even the vectors can be translated. */
static void unmapped_tables(void)
{
	mmu_on();
	write_sysreg(ttbr0_el1, hole() & ~0xfffUL);
	__asm__ volatile("isb\n\ttlbi vmalle1\n\tdsb sy\n\tisb" : : : "memory");
	undefined();
}

static void sleep(void)
{
	for (;;) {
		wfi();
	}
}

static void spin(void)
{
	for (;;) {
		__asm__ volatile("");
	}
}

static void wfi_storm(void)
{
	gic_enable(board.vtimer_intid);
	vtimer_arm(0);
	sleep();
}

static void wfe_storm(void)
{
	for (;;) {
		__asm__ volatile("wfe");
	}
}

static void sgi_storm(void)
{
	irq_enable();
	for (;;) {
		gic_send_sgi(1, SGI_OTHERS);
		gic_send_sgi(2, this_cpu()->index);
	}
}

/* The handler leaves the timer as it is, so it fires again at once. */
static void timer_storm(void)
{
	gic_enable(board.vtimer_intid);
	gic_enable(board.ptimer_intid);
	vtimer_arm(0);
	ptimer_arm(0);
	irq_enable();
	sleep();
}

static void pend_again(u32 iar)
{
	gic_set_pending(GIC_INTID(iar));
}

static void irq_storm(void)
{
	unsigned int irq;

	for (irq = gic_nr_irqs() - 8; irq < gic_nr_irqs(); irq++) {
		irq_set_handler(irq, pend_again);
		gic_enable(irq);
		gic_set_pending(irq);
	}
	irq_enable();
	sleep();
}

static void hvc_flood(void)
{
	for (;;) {
		hvc_call(0x8400ffff, ~0UL, ~0UL, ~0UL);
	}
}

static void smc_flood(void)
{
	for (;;) {
		smc_call(0x8400ffff, ~0UL, ~0UL, ~0UL);
	}
}

static void mmio_flood(void)
{
	for (;;) {
		mmio_read32(hole());
		mmio_write32(hole() + 8, 1);
	}
}

static void gic_flood(void)
{
	u32 i;

	for (i = 0;; i++) {
		mmio_write32(board.gicd + (i * 4 & 0xfff), 0);
		mmio_read32(board.gicd + (i * 4 & 0xfff));
	}
}

static void abort_flood(void)
{
	u64 value;

	probe_begin();
	for (;;) {
		__asm__ volatile("ldxr %w0, [%1]" : "=r"(value) : "r"(board.gicd) : "memory");
	}
}

static void sysreg_flood(void)
{
	probe_begin();
	for (;;) {
		__asm__ volatile("mrs x8, S3_3_C9_C12_0\n\tmrs x8, S3_0_C1_C2_0\n\tmrs x8, actlr_el1" : : : "x8");
	}
}

static void setway_flood(void)
{
	u64 i;

	for (i = 0;; i++) {
		__asm__ volatile("dc cisw, %0" : : "r"(i << 6 & 0xffffff) : "memory");
	}
}

static void uart_flood(void)
{
	for (;;) {
		console_putc('!');
		console_putc(27);
	}
}

static void nothing(void *arg)
{
	(void)arg;
}

/* CPUs on and off as fast as they go; with one CPU just the calls. */
static void psci_flood(void)
{
	for (;;) {
		if (board.nr_cpus > 1 && this_cpu()->index == 0) {
			smp_run(1, nothing, NULL);
		}
		psci(PSCI_AFFINITY_INFO, cpus[0].mpidr, 0, 0);
	}
}

static void cpu_off(void)
{
	psci(PSCI_CPU_OFF, 0, 0, 0);
}

static void cpu_on_nowhere(void)
{
	printf("CPU_ON: %d\n", psci(PSCI_CPU_ON, cpus[board.nr_cpus > 1].mpidr, hole(), 0));
	sleep();
}

static void suspend(void)
{
	psci(PSCI_SYSTEM_SUSPEND, image_base(), 0, 0);
	sleep();
}

static void reset(void)
{
	psci(PSCI_SYSTEM_RESET, 0, 0, 0);
}

static const struct {
	const char *name;
	void (*run)(void);
	bool alone;		/* on the first CPU only */
} deeds[] = {
	{ "vector-loop", vector_loop, false },
	{ "unmapped-vector", unmapped_vector, true },
	{ "device-vector", device_vector, true },
	{ "unmapped-pc", unmapped_pc, true },
	{ "unmapped-tables", unmapped_tables, true },
	{ "wfi", sleep, false },
	{ "spin", spin, false },
	{ "wfi-storm", wfi_storm, false },
	{ "wfe-storm", wfe_storm, false },
	{ "sgi-storm", sgi_storm, false },
	{ "timer-storm", timer_storm, false },
	{ "irq-storm", irq_storm, true },
	{ "hvc-flood", hvc_flood, false },
	{ "smc-flood", smc_flood, false },
	{ "mmio-flood", mmio_flood, false },
	{ "gic-flood", gic_flood, false },
	{ "abort-flood", abort_flood, false },
	{ "sysreg-flood", sysreg_flood, false },
	{ "setway-flood", setway_flood, false },
	{ "uart-flood", uart_flood, false },
	{ "psci-flood", psci_flood, true },
	{ "cpu-off", cpu_off, false },
	{ "cpu-on-nowhere", cpu_on_nowhere, true },
	{ "suspend", suspend, true },
	{ "reset", reset, true },
};

static void on_secondary(void *arg)
{
	((void (*)(void))arg)();
}

void forever(const char *name)
{
	unsigned int i, cpu;

	for (i = 0; i < ARRAY_SIZE(deeds); i++) {
		if (strcmp(deeds[i].name, name) != 0) {
			continue;
		}
		printf("HOSTILE: %s, for ever\n", name);
		for (cpu = 1; !deeds[i].alone && cpu < board.nr_cpus; cpu++) {
			smp_start(cpu, on_secondary, (void *)deeds[i].run);
		}
		deeds[i].run();
	}
}
