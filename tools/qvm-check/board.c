/* SPDX-License-Identifier: Apache-2.0 */
/* `qvm-check --board x.dtb` without a VM: what the monitor would find and use on that board, and what it lacks. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "arch/arch.h"
#include "core/board.h"
#include "core/console/console.h"
#include "tools/qvm-check/qvm_check.h"

static const char *missing[8];
static u32 missing_count;

static void lack(const char *what)
{
	if (missing_count < ARRAY_SIZE(missing)) {
		missing[missing_count++] = what;
	}
}

static const char *first(const char *list)
{
	return list != NULL && list[0] != '\0' ? list : "unnamed";
}

/* The driver that the monitor would choose: by the first of the compatible strings that has one. */
static const char *driver_of(const struct board_uart *u)
{
	for (const char *s = u->compatible; s < u->compatible + u->compatible_len; s += strlen(s) + 1) {
		const struct uart_ops *ops = uart_by_compatible(s);

		if (ops != NULL) {
			return ops->early_name;
		}
	}
	return NULL;
}

static void console(const struct board *b)
{
	const struct board_uart *u = board_console(b, console_knows);
	const struct board_uart *named = b->stdout_uart >= 0 ? &b->uart[b->stdout_uart] : NULL;

	if (u != NULL) {
		printf("  console:  %s at 0x%lx", driver_of(u), u->regs.start);
		if (u->irq.intid != 0) {
			printf(", INTID %u", u->irq.intid);
		} else {
			printf(", no interrupt: no input");
		}
		printf("%s\n", u == named ? ", as stdout-path says" : "");
	}
	if (named != NULL && named != u) {
		printf("  console:  no driver for stdout-path's %s at 0x%lx\n", first(named->compatible), named->regs.start);
	}
	if (u == NULL) {
		lack(named != NULL ? "a driver for the console" : b->uart_count != 0 ? "a UART with a driver" : "an enabled UART");
	}
}

static void gic(const struct board *b)
{
	if (b->gic.version == 0) {
		lack("a GICv2 with virtualization or a GICv3");
		return;
	}
	printf("  GIC:      version %u at 0x%lx", b->gic.version, b->gic.dist.start);
	for (u32 i = 0; i < b->gic.its_count; i++) {
		printf(", ITS at 0x%lx", b->gic.its[i].start);
	}
	printf(", maintenance INTID %u\n", b->gic.maintenance.intid);
	printf("  timers:   virtual INTID %u, physical %u, EL2 %u\n", b->timer.virt.intid, b->timer.phys.intid,
	       b->timer.hyp.intid);
}

static void cpus(const struct board *b)
{
	static const char *const conduit[] = { [CONDUIT_SMC] = "PSCI by SMC", [CONDUIT_HVC] = "PSCI by HVC" };
	u32 psci = 0, spin = 0;

	for (u32 i = 0; i < b->cpu_count; i++) {
		psci += b->cpu[i].enable == ENABLE_PSCI;
		spin += b->cpu[i].enable == ENABLE_SPIN_TABLE;
	}
	if (b->cpu_count == 0) {
		lack("CPUs");
		return;
	}
	printf("  CPUs:     %u", b->cpu_count);
	for (u32 i = 0; i < b->cpu_count; i++) {
		bool told = false;

		for (u32 k = 0; k < i; k++) {
			told = told || strcmp(first(b->cpu[k].compatible), first(b->cpu[i].compatible)) == 0;
		}
		if (!told) {
			printf("%s%s", i == 0 ? ", " : " and ", first(b->cpu[i].compatible));
		}
	}
	if (psci != 0 && b->psci.conduit != CONDUIT_NONE) {
		printf(", started by %s\n", conduit[b->psci.conduit]);
	} else if (spin != 0) {
		printf(", started through a spin table\n");
	} else if (b->cpu_count == 1) {
		printf(", nothing to start\n");
	} else {
		printf(", only the boot CPU runs: no way to start the others\n");
	}
}

static void memory(const struct board *b)
{
	u64 size = 0;

	for (u32 i = 0; i < b->ram_count; i++) {
		size += b->ram[i].size;
	}
	if (b->ram_count == 0) {
		printf("  RAM:      none in the tree, firmware has to add it\n");
	} else {
		printf("  RAM:      %lu MiB in %u range%s from 0x%lx, %u reserved\n", size >> 20, b->ram_count,
		       b->ram_count == 1 ? "" : "s", b->ram[0].start, b->reserved_count);
	}
}

static void devices(const struct board *b)
{
	for (u32 i = 0; i < b->pci_count; i++) {
		printf("  PCI:      ECAM at 0x%lx, buses %u to %u\n", b->pci[i].ecam.start, b->pci[i].bus_first,
		       b->pci[i].bus_last);
	}
	if (b->virtio_count != 0) {
		printf("  virtio:   %u transports from 0x%lx\n", b->virtio_count, b->virtio[0].regs.start);
	}
}

bool report_board(const char *path, const struct board *b, bool whole)
{
	missing_count = 0;
	printf("board %s: %s\n", path, first(b->model));
	console(b);
	gic(b);
	cpus(b);
	memory(b);
	report_board_more(b);
	devices(b);
	for (u32 i = 0; i < missing_count; i++) {
		printf("  missing:  %s\n", missing[i]);
	}
	/* RAM that firmware adds is not the tree's fault. */
	return missing_count == 0 && (whole || b->ram_count == 0);
}
