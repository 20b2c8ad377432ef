/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A VM's GICv2m frame. The guest reads a virtual MSI_TYPER; what it writes to the frame with its CPUs raises the virtual
 * SPI, or goes to the host's frame. A function of the host cannot be confined to some of the frame's SPIs, so the frame
 * goes to one VM, and of its SPIs only those nobody else uses are linked.
 */
#include "core/pci/msi_v2m.h"

#include <errno.h>
#include "arch/arch.h"
#include "arch_io.h"
#include "core/base/memory.h"
#include "core/board.h"
#include "core/config/check.h"
#include "core/irq.h"
#include "core/vgic/link.h"
#include "core/vm.h"

#define V2M_SIZE KiB(4)

struct v2m {
	struct vm *vm;
	ipa_t at;
	u32 base, count;   /* the guest's SPIs */
	u32 linked;        /* of those: how many are linked to the host's */
	u32 host_base;
	pa_t host;         /* the host's frame; 0: purely virtual */
};

static const struct board *board;
static struct vm *holder; /* who has the host's frame */

void v2m_board(const struct board *b)
{
	board = b;
}

/* ---- The page */

static void raise(struct v2m *m, u32 intid)
{
	if (intid - m->base >= m->count) {
		return;
	}
	if (m->host != 0) {
		if (intid - m->base < m->linked) {
			io_write32(m->host + V2M_SETSPI_NS, intid - m->base + m->host_base);
		}
		return;
	}
	vgic_set_line(m->vm, intid, true);
	vgic_set_line(m->vm, intid, false);
}

static enum mmio_result access(void *arg, struct vcpu *v, struct mmio *m)
{
	struct v2m *f = arg;

	(void)v;
	if (!m->write) {
		m->val = m->off == V2M_TYPER ? f->base << 16 | f->count : 0;
	} else if (m->off == V2M_SETSPI_NS && m->size <= 4) {
		raise(f, (u32)m->val & 0x3ff);
	}
	return MMIO_DONE;
}

void v2m_send(struct vm *vm, u64 addr, u32 data)
{
	if (vm->v2m != NULL && addr == vm->v2m->at + V2M_SETSPI_NS) {
		raise(vm->v2m, data & 0x3ff);
	}
}

bool v2m_host_message(struct vm *vm, u64 addr, u32 data, u64 *host_addr, u32 *host_data)
{
	const struct v2m *m = vm->v2m;

	if (m == NULL || m->host == 0 || addr != m->at + V2M_SETSPI_NS || data - m->base >= m->linked) {
		return false;
	}
	*host_addr = m->host + V2M_SETSPI_NS;
	*host_data = data - m->base + m->host_base;
	return true;
}

/* ---- The host's frame */

/* Somebody else's: the monitor's, an IOMMU's, a node's of the board. */
static bool used(u32 intid)
{
	u32 other;

	for (u32 i = 0; i < board->iommu_count; i++) {
		const struct board_iommu *u = &board->iommu[i];

		if (intid == u->eventq.intid || intid == u->gerror.intid || intid == u->priq.intid ||
		    intid == u->cmdq.intid) {
			return true;
		}
	}
	for (u32 i = 0; irq_describe(i, &other) != NULL; i++) {
		if (other == intid) {
			return true;
		}
	}
	return false;
}

/* The longest run of the frame's SPIs that nobody uses. */
static void free_run(u32 base, u32 count, u32 *from, u32 *len)
{
	u32 n = 0;

	*len = 0;
	for (u32 i = base; i < base + count; i++) {
		n = used(i) || i > CONFIG_INTID_MAX || i < CONFIG_INTID_MIN ? 0 : n + 1;
		if (n > *len) {
			*len = n;
			*from = i + 1 - n;
		}
	}
}

static bool wanted(const struct vm_config *cfg, const struct src_pos **pos)
{
	for (const struct cfg_pass *p = cfg->pass; p != NULL; p = p->next) {
		if (p->msi_v2m) {
			*pos = &p->pos;
			return true;
		}
	}
	return false;
}

static int take_frame(struct v2m *m, const struct src_pos *pos, struct diag *d)
{
	const struct board_v2m *f = board != NULL && board->gic.v2m_count != 0 ? &board->gic.v2m[0] : NULL;
	struct vm *nobody = NULL;
	u32 typer, n;

	if (f == NULL || !IS_ALIGNED(f->regs.start, V2M_SIZE) || arch_map(f->regs.start, PAGE_SIZE, MAP_DEVICE) != 0) {
		diag_error(d, pos, "the machine has no GICv2m frame, expected no `msi v2m`");
		return -ENODEV;
	}
	if (!__atomic_compare_exchange_n(&holder, &nobody, m->vm, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) {
		diag_error(d, pos, "the GICv2m frame is VM '%s's, expected `msi v2m` in one VM only", nobody->cfg->name);
		return -EBUSY;
	}
	m->host = f->regs.start;
	typer = io_read32(m->host + V2M_TYPER); /* SPIs as INTIDs (25:16) and how many (9:0) */
	free_run(f->count != 0 ? f->base : typer >> 16 & 0x3ff, f->count != 0 ? f->count : typer & 0x3ff, &m->host_base, &n);
	n = MIN(n, m->count);
	for (u32 i = 0; i < n; i++) {
		int err = vgic_link(m->vm, m->base + i, m->host_base + i, true, false);

		if (err != 0 && i == 0) {
			diag_error(d, pos, "no SPI of the GICv2m frame is free (%d), expected no `msi v2m`", err);
			return err;
		}
		if (err != 0) {
			break;
		}
		m->linked = i + 1;
	}
	m->count = m->linked;
	return 0;
}

/* ---- Life */

int v2m_create(struct vm *vm, struct diag *d)
{
	const struct cfg_gic *g = &vm->cfg->gic;
	const struct src_pos *pos = NULL;
	struct v2m *m;
	int err;

	if (!g->has_v2m) {
		return 0;
	}
	m = mem_alloc(sizeof(*m));
	if (m == NULL) {
		diag_error(d, &g->pos, "no memory for the GICv2m frame");
		return -ENOMEM;
	}
	*m = (struct v2m){ .vm = vm, .at = g->v2m, .base = g->v2m_base, .count = g->v2m_count };
	vm->v2m = m;
	err = vm_add_window(vm, g->v2m, V2M_SIZE, access, m);
	if (err != 0) {
		diag_error(d, &g->pos, "cannot make the GICv2m frame's window (%d)", err);
	} else if (wanted(vm->cfg, &pos)) {
		err = take_frame(m, pos, d);
	}
	return err;
}

void v2m_destroy(struct vm *vm)
{
	struct v2m *m = vm->v2m;

	if (m == NULL) {
		return;
	}
	for (u32 i = 0; i < m->linked; i++) {
		vgic_unlink(vm, m->base + i);
	}
	if (READ_ONCE(holder) == vm) {
		__atomic_store_n(&holder, NULL, __ATOMIC_RELEASE);
	}
	vm->v2m = NULL;
	mem_free(m, sizeof(*m));
}
