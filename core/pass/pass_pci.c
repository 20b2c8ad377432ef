/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions of the host on a VM's PCI bus. What the guest sees is an image made here; the host's function keeps its
 * place and is written to only by the monitor: command register, MSI, MSI-X table, each after having been looked at.
 * Memory decoding stays on as long as the VM has the function, so that no access to it goes unanswered.
 */
#include "core/pass/pass_pci.h"

#include <errno.h>
#include <string.h>
#include "core/base/fmt.h"
#include "core/base/memory.h"
#include "core/board.h"
#include "core/iommu/iommu.h"
#include "core/pci/msi_v2m.h"
#include "core/pass/pass_pci_priv.h"
#include "core/vgic/link.h"

static const struct board *machine;

void pass_pci_board(const struct board *b)
{
	machine = b;
}

/* ---- Registers of BARs that are not mapped */

static enum mmio_result bar_access(struct vpci_fn *f, u32 bar, struct vcpu *v, struct mmio *m)
{
	const struct pass_fn *p = container_of(f, struct pass_fn, fn);
	const struct range *r = &p->dev->bar[bar];
	pa_t at = r->start + m->off;
	u32 size = MIN(m->size, 4U);

	(void)v;
	if (m->off >= r->size) { /* the rest of a page */
		m->val = m->write ? m->val : 0;
		return MMIO_DONE;
	}
	if (m->write) {
		for (u32 i = 0; i < m->size; i += size) {
			u64 val = m->val >> 8 * i;

			size == 1 ? io_write8(at, (u8)val) : size == 2 ? io_write16(at, (u16)val) : io_write32(at + i, (u32)val);
		}
	} else {
		m->val = size == 1 ? io_read8(at) : size == 2 ? io_read16(at) : io_read32(at);
		if (m->size == 8) {
			m->val |= (u64)io_read32(at + 4) << 32;
		}
	}
	return MMIO_DONE;
}

static const struct vpci_ops ops = {
	.access = bar_access,
	.config = pass_pci_config,
	.written = pass_pci_written,
	.vector = pass_pci_vector,
	.pending = pass_pci_pending,
};

/* ---- Making one */

/* Another function's BAR lies in the same page: firmware has placed it so. */
static bool page_shared(const struct pci_dev *dev, u32 bar)
{
	u64 from = ALIGN_DOWN(dev->bar[bar].start, PAGE_SIZE);
	u64 size = ALIGN_UP(dev->bar[bar].start + dev->bar[bar].size, PAGE_SIZE) - from;
	const struct pci_dev *e;

	for (u32 n = 0; (e = pci_at(machine, n)) != NULL; n++) {
		for (u32 i = 0; i < PCI_BARS; i++) {
			if ((e != dev || i != bar) && e->bar[i].size != 0 &&
			    range_overlaps(e->bar[i].start, e->bar[i].size, from, size)) {
				return true;
			}
		}
	}
	return false;
}

static int make_bars(struct pass_fn *p)
{
	const struct pci_dev *dev = p->dev;
	int err = 0;

	for (u32 i = 0; i < PCI_BARS && err == 0; i++) {
		u32 reg = io_read32(p->space + PCI_BAR + 4 * i);
		const struct range *r = &dev->bar[i];
		struct vpci_bar *bar = &p->fn.bar[i];

		if (r->size == 0) {
			continue; /* not there, I/O ports, or without a place */
		}
		bar->size = MAX(r->size, PAGE_SIZE);
		bar->wide = (reg & 7) == 4;
		bar->prefetch = (reg & 8) != 0;
		bar->pa = page_shared(dev, i) || !IS_ALIGNED(r->start, PAGE_SIZE) ? 0 : r->start;
		err = vpci_bar(&p->fn, i);
		if (err == 0 && pci_map(dev, i, 0, r->size) == 0) {
			err = -ENOMEM;
		}
	}
	return err;
}

/* Pages of the table and of the pending bits do not get into stage 2. What the function says lies beyond is not there. */
static void trap_pages(struct vpci_fn *f, u32 bar, u64 off, u64 size)
{
	u64 end = bar < PCI_BARS ? f->bar[bar].size : 0;
	u64 from = ALIGN_DOWN(off, PAGE_SIZE), to = MIN(ALIGN_UP(off + size, PAGE_SIZE), end);
	struct range *t;

	if (from >= to) {
		return;
	}
	t = f->bar[bar].trapped;
	if (t[0].size != 0 && from <= t[0].start + t[0].size && t[0].start <= to) {
		to = MAX(to, t[0].start + t[0].size);
		from = MIN(from, t[0].start);
		t[0] = (struct range){ from, to - from };
	} else if (t[0].size != 0 && from < t[0].start) {
		t[1] = t[0];
		t[0] = (struct range){ from, to - from };
	} else {
		t[t[0].size != 0] = (struct range){ from, to - from };
	}
}

static void trap_msix(struct pass_fn *p)
{
	u32 table, pba, count;

	if (p->msix == 0) {
		return;
	}
	/* Shown or not: who could write the table could have the function write anywhere. */
	count = (host16(p, p->msix + 2U) & 0x7ff) + 1U;
	table = io_read32(p->space + p->msix + 4);
	pba = io_read32(p->space + p->msix + 8);
	trap_pages(&p->fn, table & 7, table & ~7U, 16UL * count);
	trap_pages(&p->fn, pba & 7, pba & ~7U, ALIGN_UP(count, 64UL) / 8);
}

/* Can messages of a function of the host get to this VM? */
static bool takes_messages(const struct vm *vm)
{
	u64 addr;
	u32 data;

	switch (msi_kind(vm)) {
	case MSI_ITS:
		return true;
	case MSI_V2M:
		return v2m_host_message((struct vm *)vm, vm->cfg->gic.v2m + V2M_SETSPI_NS, vm->cfg->gic.v2m_base,
					&addr, &data);
	default:
		return false;
	}
}

u32 pass_pci_its(const struct vm *vm)
{
	u32 its, devid;

	for (const struct cfg_pass *p = machine != NULL ? vm->cfg->pass : NULL; p != NULL; p = p->next) {
		for (u32 i = 0; i < p->pci_count; i++) {
			const struct pass_pci *c = &p->pci[i];

			if (c->has_stream && board_pci_msi(machine, &machine->pci[c->host], c->bdf, &its, &devid)) {
				return its;
			}
		}
	}
	return 0;
}

static int add_messages(struct vm *vm, struct pass_fn *p, const struct pass_pci *c, struct diag *d)
{
	struct msi_host host = { 0 };
	u32 its;
	int err;

	if (p->vectors == 0) {
		return 0;
	}
	if (board_pci_msi(machine, p->dev->host, p->dev->bdf, &its, &host.devid)) {
		host.its = (u8)its;
	} else if (msi_kind(vm) == MSI_ITS) {
		diag_error(d, c->pos, "%s: the host has no ITS for its messages, expected `vdev gic` without `its`", p->what);
		return -ENODEV;
	}
	host.iommu = c->has_stream && iommu_usable(c->stream.iommu, c->stream.sid);
	if (msi_kind(vm) == MSI_ITS && host.iommu && host.its != pass_pci_its(vm)) {
		diag_error(d, c->pos, "%s: its messages go to another ITS of the host than those of the VM's first function, "
			   "expected one of the same", p->what);
		return -ENODEV;
	}
	err = msi_device_add(vm, p->fn.bdf, p->vectors, &host, &p->fn.msi);
	if (err != 0) {
		diag_error(d, c->pos, "%s: no messages for %u vectors (%d)", p->what, p->vectors, err);
	}
	return err;
}

static int add_line(struct vm *vm, struct pass_fn *p, const struct pass_pci *c, struct diag *d)
{
	int pin;

	if (c->no_intx || p->dev->irq.intid == 0) {
		return 0;
	}
	pin = vpci_link(vm, p->dev->irq.intid);
	if (pin < 0) {
		diag_error(d, c->pos, "%s: its INTx, interrupt %u, %s, expected `intx none`", p->what, p->dev->irq.intid,
			   pin == -ENOSPC ? "finds no free line on the VM's bus" : "is used elsewhere");
		return pin;
	}
	p->fn.pin = (u8)pin;
	p->fn.intx = p->linked = true;
	return 0;
}

static struct pci_dev *find_function(const struct pass_pci *c)
{
	struct pci_dev *d;

	for (u32 n = 0; (d = pci_at(machine, n)) != NULL; n++) {
		if (d->host == &machine->pci[c->host] && d->bdf == c->bdf) {
			return d;
		}
	}
	return NULL;
}

static struct pci_dev *claim(struct vm *vm, const char *what, const struct pass_pci *c, struct diag *d)
{
	struct pci_dev *dev = find_function(c);
	const struct pci_dev *other = NULL;

	if (dev == NULL) {
		diag_error(d, c->pos, "%s: there is no such function, expected one of the machine's", what);
		return NULL;
	}
	if (pci_claim(dev, vm->cfg->name, &other)) {
		return dev;
	}
	if (other == dev) {
		diag_error(d, c->pos, "%s: in use by '%s', expected a free one", what,
			   other->owner != NULL ? other->owner : other->promised);
	} else {
		diag_error(d, c->pos, "%s: cannot be isolated from %02x:%02x.%x, which '%s' uses, expected both in one VM",
			   what, other->bdf >> 8, other->bdf >> 3 & 31U, other->bdf & 7U, other->owner);
	}
	return NULL;
}

static void drop(struct pass_fn *p)
{
	pass_pci_quiet(p);
	vpci_remove(&p->fn);
	msi_device_remove(p->fn.msi);
	pci_release(p->dev);
	mem_free(p, sizeof(*p));
}

static int fill(struct vm *vm, struct pass_fn *p, const struct cfg_pass *cp, const struct pass_pci *c, struct diag *d)
{
	int err;

	p->no_master = cp->dma == PASS_DMA_NONE;
	for (u32 i = 0; i < ARRAY_SIZE(p->saved); i++) {
		p->saved[i] = io_read32(p->space + 4 * i);
	}
	vpci_init(&p->fn, &ops, p->what, p->saved[0], p->saved[PCI_CLASS / 4], p->saved[PCI_SUBSYSTEM / 4]);
	p->fn.bdf = c->guest_bdf;
	err = make_bars(p);
	if (err == 0) {
		err = pass_pci_caps(p, takes_messages(vm));
		trap_msix(p);
	}
	if (err != 0) {
		diag_error(d, c->pos, "%s: its BARs or capabilities cannot be (%d)", p->what, err);
		return err;
	}
	pass_pci_quiet(p);
	if (!pass_pci_resettable(p)) {
		vm_log(vm, LOG_INFO, "%s cannot be reset: between two lives of the VM only its DMA is stopped", p->what);
	}
	err = add_line(vm, p, c, d);
	if (err == 0 && p->vectors == 0 && !p->linked && p->saved[PCI_INTERRUPT / 4] >> 8 != 0 && !c->no_intx) {
		vm_log(vm, LOG_WARN, "%s has no interrupt", p->what);
	}
	if (err == 0) {
		err = vpci_add(vm, &p->fn);
		if (err != 0) {
			diag_error(d, c->pos, "%s: no room on the VM's PCI bus at 00:%02x.%x (%d)", p->what,
				   p->fn.bdf >> 3 & 31U, p->fn.bdf & 7U, err);
		}
	}
	return err == 0 ? add_messages(vm, p, c, d) : err;
}

int pass_pci_add(struct vm *vm, const struct cfg_pass *cp, const struct pass_pci *c, struct diag *d)
{
	struct pci_dev *dev;
	struct pass_fn *p;
	int err;

	if (vm->vpci == NULL || machine == NULL) {
		diag_error(d, c->pos, "%s: the VM has no PCI bus", cp->what);
		return -ENODEV;
	}
	dev = claim(vm, cp->what, c, d);
	if (dev == NULL) {
		return -EBUSY;
	}
	p = mem_alloc(sizeof(*p));
	if (p == NULL) {
		pci_release(dev);
		diag_error(d, c->pos, "%s: no memory", cp->what);
		return -ENOMEM;
	}
	p->dev = dev;
	p->what = cp->what;
	p->space = pci_address(dev->host, dev->bdf, 0);
	err = fill(vm, p, cp, c, d);
	if (err != 0) {
		drop(p);
	}
	return err;
}

/* ---- All of a VM's */

static struct pass_fn *nth(struct vm *vm, u32 *i)
{
	struct vpci *b = vm->vpci;

	for (; b != NULL && *i < b->count; (*i)++) {
		if (b->list[*i] != NULL && b->list[*i]->ops == &ops) {
			return container_of(b->list[(*i)++], struct pass_fn, fn);
		}
	}
	return NULL;
}

void pass_pci_quiesce(struct vm *vm)
{
	struct pass_fn *p;

	for (u32 i = 0; (p = nth(vm, &i)) != NULL;) {
		pass_pci_quiet(p);
	}
}

void pass_pci_reset(struct vm *vm)
{
	struct pass_fn *p;
	bool wait = false;

	for (u32 i = 0; (p = nth(vm, &i)) != NULL;) {
		pass_pci_quiet(p);
		wait |= pass_pci_ask(p);
	}
	if (wait) {
		thread_sleep_until(counter_now() + PASS_PCI_RESET_MS * counter_hz / 1000);
	}
	for (u32 i = 0; (p = nth(vm, &i)) != NULL;) {
		if (pass_pci_ready(p) != 0) {
			vm_log(vm, LOG_WARN, "%s does not answer after its reset", p->what);
		}
	}
}

void pass_pci_destroy(struct vm *vm)
{
	struct pass_fn *p;

	for (u32 i = 0; (p = nth(vm, &i)) != NULL;) {
		drop(p);
	}
}
