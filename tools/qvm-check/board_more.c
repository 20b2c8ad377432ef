/* SPDX-License-Identifier: Apache-2.0 */
/* More of the report on a board: widths of addresses, performance monitors, what the secure firmware keeps. */
#include <stdio.h>
#include <string.h>
#include "core/board.h"
#include "core/board_soc.h"
#include "core/fdt_reader.h"
#include "tools/qvm-check/qvm_check.h"

/* Only where there is more than one kind of core. */
static void widths(const struct board *b)
{
	struct board_limits l;
	struct range ram[8];

	for (u32 i = 1; i < b->cpu_count; i++) {
		const char *one = b->cpu[0].compatible, *other = b->cpu[i].compatible;

		if (one != NULL && other != NULL && strcmp(one, other) != 0) {
			board_limits_of(b, ram, ARRAY_SIZE(ram), &l);
			printf("  cluster:  addresses of guests have %u bits, those of the smallest core\n", l.pa_bits);
			return;
		}
	}
}

/* Overflow interrupts that are shared ones, not private to each CPU: nodes called pmu below the root. */
static void monitors(const struct board *b)
{
	struct fdt_reader r;
	const char *core = NULL;
	enum fdt_item i;
	bool pmu = false;

	if (b->pmu.intid != 0 || b->fdt == NULL || fdt_reader_open(&r, b->fdt, ~0UL) != 0) {
		return;
	}
	while ((i = fdt_reader_next(&r)) != FDT_BAD && i != FDT_DONE) {
		if (i == FDT_NODE) {
			pmu = r.depth == 2 && strncmp(r.name, "pmu", 3) == 0;
			core = "PMU";
		} else if (pmu && i == FDT_PROPERTY && strcmp(r.name, "compatible") == 0 && fdt_is_string(r.data, r.len)) {
			core = (const char *)r.data;
		} else if (pmu && i == FDT_PROPERTY && strcmp(r.name, "interrupts-extended") == 0 && r.len % 16 == 0) {
			printf("  PMU:      %s, INTIDs", core);
			for (u32 k = 0; k < r.len / 16; k++) {
				printf(" %u", fdt_be32(r.data + 16 * k + 8) + 32);
			}
			printf(", shared ones: guests count without overflow interrupt\n");
		}
	}
}

static void secure(const struct board *b)
{
	const struct board_soc *soc = board_soc_of(b);

	if (soc == NULL) {
		return;
	}
	printf("  firmware: %s keeps", soc->compatible);
	for (u32 i = 0; i < SOC_SECURE && soc->secure[i].size != 0; i++) {
		printf(" 0x%lx,0x%lx", soc->secure[i].start, soc->secure[i].size);
	}
	printf(" (never mapped), interrupts");
	for (u32 i = 0; i < SOC_IRQS && soc->irq[i] != 0; i++) {
		printf(" %u", soc->irq[i]);
	}
	printf(" (Group 0)\n");
	if (soc->alias.size != 0) {
		printf("  firmware: 0x%lx,0x%lx is low RAM once more, not used\n", soc->alias.start, soc->alias.size);
	}
}

void report_board_more(const struct board *b)
{
	if (b->gic.version == 2 && b->gic.cpu.size >= KiB(128)) {
		printf("  GIC:      frames of 128 KiB: where registers repeat every 4 KiB of 64, GICC is at 0x%lx, GICV at 0x%lx\n",
		       b->gic.cpu.start + 0xf000, b->gic.vcpu.start + 0xf000);
	}
	widths(b);
	monitors(b);
	secure(b);
}
