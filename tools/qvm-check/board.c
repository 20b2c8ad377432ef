/* SPDX-License-Identifier: Apache-2.0 */
/* `qvm-check --board x.dtb` without a VM: what the monitor would find and use on that board, and what it lacks. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "arch/arch.h"
#include "core/board.h"
#include "core/console/console.h"
#include "tools/qvm-check/qvm_check.h"

/* What it cannot run without, and what it would be better with. */
static const char *missing[8], *wanting[8];
static u32 missing_count, wanting_count;

static void lack(const char *what)
{
	if (missing_count < ARRAY_SIZE(missing)) {
		missing[missing_count++] = what;
	}
}

static void want(const char *what)
{
	if (wanting_count < ARRAY_SIZE(wanting)) {
		wanting[wanting_count++] = what;
	}
}

static const char *first(const char *list)
{
	return list != NULL && list[0] != '\0' ? list : "unnamed";
}

static const char *s_of(u32 n)
{
	return n == 1 ? "" : "s";
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

struct named {
	u64 start;
	char *path;
};

static bool at_address(const struct board_device *d, void *ctx)
{
	struct named *n = ctx;

	if (d->reg_count == 0 || d->reg[0].start != n->start || !d->enabled) {
		return true;
	}
	strcpy(n->path, d->path);
	return false;
}

/* The node whose registers begin there; valid until the next call. */
static const char *node_at(const struct board *b, u64 start)
{
	static char path[BOARD_PATH_MAX];
	struct named n = { start, path };

	strcpy(path, "?");
	(void)board_device_walk(b, at_address, &n);
	return path;
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
			want("an interrupt of the console: without one there is no input");
		}
		printf("%s, %s\n", u == named ? ", as stdout-path says" : "", node_at(b, u->regs.start));
	}
	if (named != NULL && named != u) {
		printf("  console:  no driver for stdout-path's %s at 0x%lx\n", first(named->compatible), named->regs.start);
	}
	if (u == NULL) {
		lack(named != NULL ? "a driver for the console" : b->uart_count != 0 ? "a UART with a driver" : "an enabled UART");
	}
}

static void frame(const char *name, const struct range *r)
{
	if (r->size != 0) {
		printf("            %-4s 0x%lx - 0x%lx\n", name, r->start, r->start + (r->size - 1));
	}
}

static void gic(const struct board *b)
{
	const struct board_gic *g = &b->gic;

	if (g->version == 0) {
		lack("a GICv2 with virtualization or a GICv3");
		return;
	}
	printf("  GIC:      version %u at 0x%lx", g->version, g->dist.start);
	for (u32 i = 0; i < g->its_count; i++) {
		printf(", ITS at 0x%lx", g->its[i].start);
	}
	for (u32 i = 0; i < g->v2m_count; i++) {
		printf(", GICv2m frame at 0x%lx", g->v2m[i].regs.start);
	}
	printf(", maintenance INTID %u, %s\n", g->maintenance.intid, node_at(b, g->dist.start));
	frame("GICD", &g->dist);
	for (u32 i = 0; i < g->redist_count; i++) {
		frame("GICR", &g->redist[i]);
	}
	frame("GICC", &g->cpu);
	frame("GICH", &g->hyp);
	frame("GICV", &g->vcpu);
	printf("  timers:   virtual INTID %u, physical %u, EL2 %u", b->timer.virt.intid, b->timer.phys.intid,
	       b->timer.hyp.intid);
	if (b->timer.frequency != 0) {
		printf(", %u Hz", b->timer.frequency);
	}
	if (b->pmu.intid != 0) {
		printf("; PMU INTID %u", b->pmu.intid);
	}
	printf("\n");
}

/* Binding "arm/cpus": cores with threads have Aff0 for these and Aff1 for the core; of others all have 0 there. */
static u32 cluster_of(const struct board *b, u32 i)
{
	u32 low = 0;

	for (u32 k = 0; k < b->cpu_count; k++) {
		low |= (u32)b->cpu[k].mpidr & 0xff;
	}
	return (u32)((b->cpu[i].mpidr & 0xffffffff) >> (low == 0 && b->cpu_count > 1 ? 16 : 8));
}

/* CPUs in a row of one kind and one cluster. */
static void clusters(const struct board *b)
{
	static const char *const how[] = { "no way to start it", "PSCI", "spin table" };

	for (u32 i = 0, k; i < b->cpu_count; i = k) {
		const char *kind = first(b->cpu[i].compatible);

		for (k = i + 1; k < b->cpu_count && strcmp(first(b->cpu[k].compatible), kind) == 0 &&
		     cluster_of(b, k) == cluster_of(b, i) && b->cpu[k].enable == b->cpu[i].enable; k++) {
		}
		printf("            %s %u", k - i == 1 ? "CPU" : "CPUs", i);
		if (k - i > 1) {
			printf(" to %u", k - 1);
		}
		printf(": %s, cluster %u, MPIDR 0x%lx", kind, cluster_of(b, i), b->cpu[i].mpidr);
		if (k - i > 1) {
			printf(" to 0x%lx", b->cpu[k - 1].mpidr);
		}
		printf(", %s\n", how[b->cpu[i].enable]);
	}
	if (b->cpu_skipped != 0) {
		printf("            %u more than the monitor has room for\n", b->cpu_skipped);
	}
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
		want("PSCI 0.2 or a spin table: only the boot CPU runs");
	}
	clusters(b);
}

static void memory(const struct board *b)
{
	static const char *const kind[] = {
		[RESERVED_FIRMWARE] = "reserved", [RESERVED_NO_MAP] = "reserved, not even mapped",
		[RESERVED_MODULE] = "boot module", [RESERVED_INITRD] = "initrd", [RESERVED_OWN] = "the monitor's",
	};
	struct range free[64];
	u64 size = 0;
	u32 n;

	for (u32 i = 0; i < b->ram_count; i++) {
		size += b->ram[i].size;
	}
	if (b->ram_count == 0) {
		printf("  RAM:      none in the tree, firmware has to add it\n");
		want("RAM in the tree: firmware has to add it");
	} else {
		printf("  RAM:      %lu MiB in %u range%s from 0x%lx, %u reserved\n", size >> 20, b->ram_count,
		       s_of(b->ram_count), b->ram[0].start, b->reserved_count);
	}
	for (u32 i = 0; i < b->ram_count; i++) {
		printf("            0x%010lx - 0x%010lx  %lu MiB\n", b->ram[i].start, b->ram[i].start + (b->ram[i].size - 1),
		       b->ram[i].size >> 20);
	}
	for (u32 i = 0; i < b->reserved_count; i++) {
		printf("            0x%010lx - 0x%010lx  %s\n", b->reserved[i].start,
		       b->reserved[i].start + (b->reserved[i].size - 1), kind[b->reserved[i].kind]);
	}
	n = board_free_ram(b, free, ARRAY_SIZE(free));
	size = 0;
	for (u32 i = 0; i < n; i++) {
		size += free[i].size;
	}
	if (b->ram_count != 0) {
		printf("            %lu MiB are left for the monitor and VMs, in %u range%s\n", size >> 20, n, s_of(n));
	}
}

static void iommus(const struct board *b)
{
	u32 driven = 0;

	for (u32 i = 0; i < b->iommu_count; i++) {
		const struct board_iommu *m = &b->iommu[i];

		printf("  IOMMU:    %s at 0x%lx, %s", first(m->compatible), m->regs.start, node_at(b, m->regs.start));
		if (m->kind == IOMMU_OTHER) {
			printf(": %s, it confines nothing\n", m->reason != NULL ? m->reason : "of a kind that is not driven");
			continue;
		}
		driven++;
		printf(": driven%s", m->kind == IOMMU_IPMMU && m->main == i ? ", the main one" : "");
		if (m->kind == IOMMU_IPMMU && m->main != i) {
			printf(" by the one at 0x%lx", b->iommu[m->main].regs.start);
		} else if (m->eventq.intid != 0 || m->gerror.intid != 0) {
			printf(", faults at INTID %u, errors at %u", m->eventq.intid, m->gerror.intid);
		} else {
			printf(", no interrupt for faults");
		}
		printf("\n");
	}
	if (driven == 0) {
		want("an IOMMU with a driver: a passed device that does DMA is not confined");
	}
}

static void pci(const struct board *b)
{
	static const char *const space[] = { "below 4 GiB", "anywhere" };

	for (u32 i = 0; i < b->pci_count; i++) {
		const struct board_pci *p = &b->pci[i];
		u16 bdf = (u16)(p->bus_first << 8);
		struct pass_stream s;
		u32 its, id;

		printf("  PCI:      ECAM at 0x%lx, buses %u to %u, %s\n", p->ecam.start, p->bus_first, p->bus_last,
		       node_at(b, p->ecam.start));
		for (u32 k = 0; k < ARRAY_SIZE(p->window); k++) {
			if (p->window[k].cpu.size != 0) {
				printf("            memory %s: 0x%lx,0x%lx is 0x%lx on the bus\n", space[k], p->window[k].cpu.start,
				       p->window[k].cpu.size, p->window[k].pci);
			}
		}
		if (!board_pci_stream(b, p, bdf, &s)) {
			printf("            DMA not confined: no IOMMU in front");
		} else if (b->iommu[s.iommu].kind == IOMMU_OTHER) {
			printf("            DMA not confined: the %s in front is not driven", first(b->iommu[s.iommu].compatible));
		} else {
			printf("            DMA confined by the IOMMU at 0x%lx", b->iommu[s.iommu].regs.start);
		}
		printf("; MSIs to %s; functions are seen when the machine runs\n", board_pci_msi(b, p, bdf, &its, &id) ? "an ITS" :
		       board_pci_v2m(b, p, bdf) >= 0 ? "a GICv2m frame" : "nobody");
	}
}

bool report_board(const char *path, const struct board *b, bool whole)
{
	missing_count = wanting_count = 0;
	if (!whole && b->cpu_count == 0 && b->ram_count == 0 && b->gic.version == 0 && b->uart_count == 0) {
		return false; /* it cannot even be read */
	}
	printf("board %s: %s\n", path, first(b->model));
	console(b);
	gic(b);
	cpus(b);
	memory(b);
	report_board_more(b);
	iommus(b);
	pci(b);
	if (b->virtio_count != 0) {
		printf("  virtio:   %u transport%s from 0x%lx\n", b->virtio_count, s_of(b->virtio_count), b->virtio[0].regs.start);
	}
	if (!whole && b->ram_count != 0 && missing_count == 0) {
		lack("a device tree that does not contradict itself");
	}
	for (u32 i = 0; i < missing_count; i++) {
		printf("  missing:  %s\n", missing[i]);
	}
	for (u32 i = 0; i < wanting_count; i++) {
		printf("  lacks:    %s\n", wanting[i]);
	}
	/* RAM that firmware adds is not the tree's fault. */
	return missing_count == 0 && (whole || b->ram_count == 0);
}
