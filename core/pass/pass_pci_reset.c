/* SPDX-License-Identifier: Apache-2.0 */
/* A function between two lives of its VM: quiet, reset, as it was found. */
#include <errno.h>
#include "core/pass/pass_pci_priv.h"
#include "core/sched.h"

#define PM_CONTROL 4
#define PM_NO_SOFT_RESET 8
#define AF_CAPS 3
#define AF_CONTROL 4
#define AF_STATUS 5

void pass_pci_quiet(struct pass_fn *p)
{
	struct vpci *b = p->fn.vm != NULL ? p->fn.vm->vpci : NULL;
	u64 flags = irq_save();

	if (b != NULL) {
		spin_lock(&b->lock);
	}
	p->quiet = true;
	p->msi_on = false;
	io_write16(p->space + PCI_COMMAND, PCI_CMD_MEMORY | PCI_CMD_NO_INTX);
	if (p->msi != 0) {
		io_write16(p->space + p->msi + 2, host16(p, p->msi + 2U) & ~0x71U);
	}
	if (p->msix != 0) {
		io_write16(p->space + p->msix + 2, 0);
	}
	/* Read back: writes to configuration space have arrived when they are answered, DMA before them has gone. */
	(void)host16(p, PCI_COMMAND);
	if (b != NULL) {
		spin_unlock(&b->lock);
	}
	irq_restore(flags);
}

static bool transactions_pending(const struct pass_fn *p)
{
	return (p->express != 0 && (host16(p, p->express + EXP_DEVSTA) & EXP_DEVSTA_PENDING) != 0) ||
	       (p->af != 0 && (io_read8(p->space + p->af + AF_STATUS) & 1) != 0);
}

static void nap(u32 ms)
{
	thread_sleep_until(counter_now() + ms * counter_hz / 1000);
}

static bool has_flr(const struct pass_fn *p)
{
	return p->express != 0 && (io_read32(p->space + p->express + EXP_DEVCAP) & EXP_DEVCAP_FLR) != 0;
}

static bool has_af_flr(const struct pass_fn *p)
{
	return p->af != 0 && (io_read8(p->space + p->af + AF_CAPS) & 3) == 3;
}

static bool has_pm_reset(const struct pass_fn *p)
{
	return p->pm != 0 && (host16(p, p->pm + PM_CONTROL) & PM_NO_SOFT_RESET) == 0;
}

bool pass_pci_resettable(const struct pass_fn *p)
{
	return has_flr(p) || has_af_flr(p) || pass_pci_kind_known(p) || has_pm_reset(p);
}

/* PCIe 5.0 6.6.2; PCI AF ECN; PCI PM 1.2 5.4.1. True: it was asked for and takes its time. */
bool pass_pci_ask(struct pass_fn *p)
{
	/* What it has read for is to come back first, or would be taken for an answer to what comes later. */
	for (u32 i = 0; i < 10 && transactions_pending(p); i++) {
		nap(10);
	}
	if (has_flr(p)) {
		io_write16(p->space + p->express + EXP_DEVCTL, (u16)(p->saved_control[0] | EXP_DEVCTL_FLR));
		return true;
	}
	if (has_af_flr(p)) {
		io_write8(p->space + p->af + AF_CONTROL, 1);
		return true;
	}
	if (pass_pci_kind_reset(p)) {
		return false;
	}
	if (has_pm_reset(p)) {
		u16 control = host16(p, p->pm + PM_CONTROL) & ~3U;

		io_write16(p->space + p->pm + PM_CONTROL, control | 3);
		nap(10);
		io_write16(p->space + p->pm + PM_CONTROL, control);
		return true;
	}
	return false;
}

int pass_pci_ready(struct pass_fn *p)
{
	struct vpci_fn *f = &p->fn;
	u32 i = 0;

	/* 6.6.2: it may answer with "retry" for up to a second, which reads as 1 or all ones. */
	while ((io_read32(p->space + PCI_ID) != p->saved[0]) && i++ < 100) {
		nap(10);
	}
	io_write32(p->space + PCI_LATENCY, p->saved[PCI_LATENCY / 4]);
	for (u32 n = 0; n < PCI_BARS; n++) {
		io_write32(p->space + PCI_BAR + 4 * n, p->saved[PCI_BAR / 4 + n]);
	}
	if (p->express != 0) {
		io_write16(p->space + p->express + EXP_DEVCTL, p->saved_control[0]);
		if (p->saved_control[1] != 0) {
			io_write16(p->space + p->express + EXP_DEVCTL2, p->saved_control[1]);
		}
	}
	pass_pci_quiet(p);
	for (u32 n = 0; p->table != 0 && n < f->msix.count; n++) {
		io_write32(p->table + 16 * n + 12, 1);
	}
	p->quiet = false;
	if (i > 100) {
		return -EIO;
	}
	pass_pci_written(f, PCI_COMMAND, 2);
	return 0;
}
