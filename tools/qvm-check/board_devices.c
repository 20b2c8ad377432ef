/* SPDX-License-Identifier: Apache-2.0 */
/* `qvm-check --board x.dtb`: the devices that could be passed, what confines their DMA, and which cannot be and why. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/board.h"
#include "core/fdt_reader.h"
#include "tools/qvm-check/qvm_check.h"

struct list {
	struct board_device *dev;
	u32 count, room, disabled;
};

static bool collect(const struct board_device *d, void *ctx)
{
	struct list *l = ctx;

	if (!d->enabled) {
		l->disabled++;
		return true;
	}
	if (l->count == l->room) {
		struct board_device *more = realloc(l->dev, 2 * (l->room + 64) * sizeof(*more));

		if (more == NULL) {
			return false;
		}
		l->dev = more;
		l->room = 2 * (l->room + 64);
	}
	l->dev[l->count++] = *d;
	return true;
}

/* A PCI host bridge, by its device_type (IEEE 1275 PCI 2.2). */
static bool is_pci_host(const struct board *b, const struct board_device *d)
{
	struct fdt_reader r;

	if (board_node_open(b, d->node, &r) != 0) {
		return false;
	}
	while (fdt_reader_next(&r) == FDT_PROPERTY) {
		if (strcmp(r.name, "device_type") == 0) {
			return r.len == 4 && memcmp(r.data, "pci", 4) == 0;
		}
	}
	return false;
}

/* Who keeps it; NULL: it could be passed. */
static const char *kept_by(const struct board_limits *l, const struct board_device *d)
{
	const char *who = NULL;

	for (u32 i = 0; i < d->reg_count && who == NULL; i++) {
		who = config_owner_of(l, &d->reg[i]);
	}
	for (u32 i = 0; i < d->irq_count && who == NULL; i++) {
		who = d->irq[i].intid >= CONFIG_INTID_MIN && config_owner_irq(l, d->irq[i].intid) != NULL ?
		      "one of its interrupts is not its own" : NULL;
	}
	if (who == NULL && is_pci_host(l->board, d)) {
		who = "a PCI host bridge without a driver: its functions cannot be passed";
	}
	return who != NULL ? who : d->partial ? "more registers, interrupts or streams than fit" : NULL;
}

static void dma(const struct board *b, const struct board_device *d)
{
	if (d->dma == DMA_NEVER) {
		printf("no DMA, by its kind");
	} else if (d->stream_count != 0 && d->other_iommu == NULL) {
		printf("DMA confined by the IOMMU at 0x%lx, stream", b->iommu[d->stream[0].iommu].regs.start);
		for (u32 i = 0; i < d->stream_count; i++) {
			printf("%s 0x%x", i == 0 ? "" : ",", d->stream[i].sid);
		}
	} else if (d->other_iommu != NULL) {
		printf("DMA not confined: its IOMMU is %s", d->other_iommu);
	} else {
		printf("DMA not confined, if it does any: the tree names no IOMMU");
	}
}

static bool one_page(const struct board_device *d, const struct board_device *e)
{
	for (u32 i = 0; i < d->reg_count; i++) {
		for (u32 k = 0; k < e->reg_count; k++) {
			u64 start = ALIGN_DOWN(d->reg[i].start, PAGE_SIZE);
			u64 last = (d->reg[i].start + (d->reg[i].size - 1)) | PAGE_MASK;

			if (range_overlaps(start, last - start + 1, e->reg[k].start, e->reg[k].size)) {
				return true;
			}
		}
	}
	return false;
}

/* It goes together with those in its pages: the first of them is named. */
static void neighbours(const struct list *l, u32 n)
{
	const char *path = NULL;
	u32 more = 0;

	for (u32 i = 0; i < l->count; i++) {
		if (i != n && one_page(&l->dev[n], &l->dev[i])) {
			more++;
			path = path == NULL ? l->dev[i].path : path;
		}
	}
	if (path != NULL) {
		printf("; only with %s", path);
		if (more > 1) {
			printf(" and %u more", more - 1);
		}
		printf(" (one page)");
	}
}

static bool report_device(const struct board_limits *l, const struct list *list, u32 n)
{
	const struct board_device *d = &list->dev[n];
	const char *who = kept_by(l, d);
	u32 told = 0;

	printf("  %-36s %s\n   ", d->path, d->compatible != NULL ? d->compatible : "(no compatible)");
	for (u32 i = 0; i < d->reg_count; i++) {
		printf(" 0x%lx,0x%lx", d->reg[i].start, d->reg[i].size);
	}
	for (u32 i = 0; i < d->irq_count; i++) {
		if (d->irq[i].intid >= CONFIG_INTID_MIN) {
			printf("%s%u", told++ == 0 ? "  interrupt " : ",", d->irq[i].intid);
		}
	}
	if (told != d->irq_count) {
		printf("  (%u interrupt%s not the GIC's to pass)", d->irq_count - told, d->irq_count - told == 1 ? "" : "s");
	}
	printf("  ");
	if (who != NULL) {
		printf("not to be passed: %s\n", who);
		return false;
	}
	dma(l->board, d);
	neighbours(list, n);
	printf("\n");
	return true;
}

void report_devices(const struct board_limits *l)
{
	struct list list = { NULL, 0, 0, 0 };
	u32 free_count = 0;

	(void)board_device_walk(l->board, collect, &list);
	printf("devices (pass dt:PATH)\n");
	for (u32 i = 0; i < list.count; i++) {
		free_count += report_device(l, &list, i);
	}
	printf("%u of %u devices could be passed; %u more are disabled in the tree\n", free_count, list.count, list.disabled);
	free(list.dev);
}
