/* SPDX-License-Identifier: Apache-2.0 */
#include "board.h"

#include <string.h>

#include "cpu.h"
#include "fdt.h"

#define MPIDR_AFFINITY	0xff00ffffffUL

struct board board;

static void copy_string(char *to, const char *from, size_t size)
{
	size_t length = strnlen(from, size - 1);

	memcpy(to, from, length);
	to[length] = 0;
}

/* INTID of the index-th specifier of "interrupts" (three cells: SPI 0 or PPI 1, number, flags). */
static u32 interrupt(const struct fdt_node *node, unsigned int index)
{
	return fdt_cell(node, "interrupts", index * 3 + 1) + (fdt_cell(node, "interrupts", index * 3) ? 16 : 32);
}

static void visit_gic(const struct fdt_node *node)
{
	u64 size;

	if (board.gicd) {
		return;
	}
	if (fdt_is_compatible(node, "arm,gic-v3")) {
		board.gic_version = 3;
		fdt_reg(node, 0, &board.gicd, &size);
		fdt_reg(node, 1, &board.gicr, &board.gicr_size);
	} else if (fdt_is_compatible(node, "arm,cortex-a15-gic") || fdt_is_compatible(node, "arm,gic-400")) {
		board.gic_version = 2;
		fdt_reg(node, 0, &board.gicd, &size);
		fdt_reg(node, 1, &board.gicc, &size);
	}
}

static void visit_node(const struct fdt_node *node)
{
	const char *type = fdt_string(node, "device_type");
	u64 base, size;
	unsigned int i;

	if (strcmp(fdt_string(node, "status"), "disabled") == 0) {
		return;
	}
	if (node->depth == 0) {
		copy_string(board.model, fdt_string(node, "model"), sizeof(board.model));
	} else if (strcmp(node->name, "chosen") == 0) {
		copy_string(board.bootargs, fdt_string(node, "bootargs"), sizeof(board.bootargs));
	} else if (strcmp(type, "memory") == 0) {
		for (i = 0; fdt_reg(node, i, &base, &size); i++) {
			if (size && board.nr_memory < MAX_MEMORY) {
				board.memory[board.nr_memory++] = (struct memory_range){ base, size };
			}
		}
	} else if (strcmp(type, "cpu") == 0) {
		if (board.nr_cpus < MAX_CPUS && fdt_reg(node, 0, &base, &size)) {
			cpus[board.nr_cpus++].mpidr = base;
		}
	} else if (fdt_is_compatible(node, "arm,pl011")) {
		if (!board.uart && fdt_reg(node, 0, &board.uart, &size)) {
			board.uart_intid = interrupt(node, 0);
		}
	} else if (fdt_is_compatible(node, "arm,armv8-timer")) {
		board.ptimer_intid = interrupt(node, 1);
		board.vtimer_intid = interrupt(node, 2);
	} else if (fdt_is_compatible(node, "arm,armv8-pmuv3")) {
		board.pmu_intid = fdt_prop(node, "interrupts") ? interrupt(node, 0) : 0;
	} else if (fdt_is_compatible(node, "arm,psci-0.2") || fdt_is_compatible(node, "arm,psci-1.0")) {
		board.conduit = strcmp(fdt_string(node, "method"), "smc") == 0 ? CONDUIT_SMC : CONDUIT_HVC;
	}
	visit_gic(node);
}

/* QEMU virt as seen from EL1, one CPU: something to print with when no tree came along. */
static void guess(void)
{
	copy_string(board.model, "(no device tree)", sizeof(board.model));
	board.nr_memory = 1;
	board.memory[0] = (struct memory_range){ 0x40000000, 0x8000000 };
	board.nr_cpus = 1;
	board.uart = 0x09000000;
	board.uart_intid = 33;
	board.gicd = 0x08000000;
	board.gicc = 0x08010000;
	board.gicr = 0x080a0000;
	board.gicr_size = 0x20000;
	board.gic_version = (read_sysreg(id_aa64pfr0_el1) >> 24 & 15) ? 3 : 2;
	board.ptimer_intid = 30;
	board.vtimer_intid = 27;
	board.conduit = CONDUIT_HVC;
}

/* The CPU we run on becomes cpus[0]; the others keep the tree's order. */
static void order_cpus(void)
{
	u64 self = read_sysreg(mpidr_el1) & MPIDR_AFFINITY;
	unsigned int i;

	for (i = 0; i < board.nr_cpus && cpus[i].mpidr != self; i++) {
	}
	if (i == board.nr_cpus) {
		i = 0;
		board.nr_cpus = board.nr_cpus ? board.nr_cpus : 1;
	}
	for (; i > 0; i--) {
		cpus[i].mpidr = cpus[i - 1].mpidr;
	}
	cpus[0].mpidr = self;
	for (i = 0; i < MAX_CPUS; i++) {
		cpus[i].index = i;
	}
}

void board_init(const void *fdt)
{
	if (fdt_valid(fdt) && fdt_walk(fdt, visit_node) == 0) {
		board.fdt = fdt;
	} else {
		guess();
	}
	order_cpus();
}

bool board_is_vm(void)
{
	return strncmp(board.model, "QVM-", 4) == 0;
}

bool board_arg(const char *name, char *value, size_t size)
{
	size_t length = strlen(name), i;
	const char *p = board.bootargs;

	for (;;) {
		while (*p == ' ') {
			p++;
		}
		if (!*p) {
			return false;
		}
		if (strncmp(p, name, length) == 0 && (p[length] == '=' || p[length] == ' ' || !p[length])) {
			break;
		}
		while (*p && *p != ' ') {
			p++;
		}
	}
	p += length;
	p += *p == '=' ? 1 : 0;
	for (i = 0; i + 1 < size && p[i] && p[i] != ' '; i++) {
		value[i] = p[i];
	}
	if (size) {
		value[i] = 0;
	}
	return true;
}

u64 board_arg_number(const char *name, u64 fallback)
{
	char text[24];
	u64 number = 0;
	size_t i;

	if (!board_arg(name, text, sizeof(text)) || !text[0]) {
		return fallback;
	}
	for (i = 0; text[i] >= '0' && text[i] <= '9'; i++) {
		number = number * 10 + (u64)(text[i] - '0');
	}
	return number;
}

bool board_is_memory(u64 address)
{
	unsigned int i;

	for (i = 0; i < board.nr_memory; i++) {
		if (address - board.memory[i].base < board.memory[i].size) {
			return true;
		}
	}
	return false;
}
