/* SPDX-License-Identifier: Apache-2.0 */
/* What the checks of `pass` ask of the running machine (struct board_limits). */
#include "core/board.h"
#include "core/clock/clock.h"
#include "core/config/check.h"
#include "core/console/console.h"
#include "core/host/pci.h"
#include "core/host/virtio.h"
#include "core/iommu/iommu.h"
#include "core/pass/pass.h"
#include "arch/arch.h"

static const struct board *board;

static bool function_at(u32 n, struct board_function *out)
{
	const struct pci_dev *d = pci_at(board, n);

	if (d == NULL) {
		return false;
	}
	*out = (struct board_function){ .host = (u8)(d->host - board->pci), .bdf = d->bdf, .vendor = d->vendor,
					.device = d->device, .intx = d->irq.intid, .owner = d->owner };
	return true;
}

/* The next transport of a device the monitor could drive in `regs`, NULL: none is left. */
static struct vio_dev *transport(const struct range *regs, u32 id, u32 *n)
{
	struct vio_dev *d;
	bool some = false;

	/* To look for devices is work nobody has asked for. */
	for (u32 i = 0; i < board->virtio_count; i++) {
		some |= range_overlaps(regs->start, regs->size, board->virtio[i].regs.start, 1);
	}
	while (some && (d = vio_find(id, (*n)++)) != NULL) {
		if (d->pci == NULL && range_overlaps(regs->start, regs->size, d->regs, 1)) {
			return d;
		}
	}
	return NULL;
}

static const u32 driven[] = { VIO_NET, VIO_BLOCK };

static const char *owned(const struct range *regs, u32 intid)
{
	const struct vio_dev *d;

	(void)intid;
	for (u32 i = 0; i < ARRAY_SIZE(driven) && regs != NULL; i++) {
		for (u32 n = 0; (d = transport(regs, driven[i], &n)) != NULL;) {
			if (d->taken) {
				return "a disk or card of the monitor's";
			}
		}
	}
	return NULL;
}

void pass_limits(const struct board *b, struct board_limits *l)
{
	board = b;
	l->board = b;
	l->console = board_console(b, console_knows);
	l->intids = gic_intids();
	l->function = function_at;
	l->owned = owned;
	l->stream_ok = iommu_usable;
}

void pass_promise(const struct vm_config *cfg)
{
	struct pci_dev *d;

	clock_promise(cfg);
	for (const struct cfg_pass *p = cfg->pass; p != NULL; p = p->next) {
		for (u32 n = 0; p->pci_count != 0 && (d = pci_at(board, n)) != NULL; n++) {
			if (d->host == &board->pci[p->pci->host] && d->bdf == p->pci->bdf) {
				d->promised = cfg->name;
			}
		}
		for (u32 i = 0; i < p->range_count; i++) {
			const struct range regs = { p->range[i].pa, p->range[i].size };

			for (u32 k = 0; k < ARRAY_SIZE(driven); k++) {
				struct vio_dev *t;

				for (u32 n = 0; (t = transport(&regs, driven[k], &n)) != NULL;) {
					(void)!vio_take(t);
				}
			}
		}
	}
}
