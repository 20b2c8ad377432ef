/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Renesas IPMMU-VMSA of R-Car Gen3: which micro-TLB goes through which context.
 *
 * A micro-TLB that names no context bypasses it all. So one context is the empty stage 2: those that the tree gives to
 * devices name it from boot on, and whenever they are nobody's; none is ever let go back to bypassing. The rest of the
 * contexts are VMs', one each whatever the number of its devices.
 *
 * From ES3.0 on the walker takes the VM's view as it is. Before, it is given a copy (ipmmu_table.c). Its walks do not see
 * the caches; it forgets whole contexts only.
 */
#include "arch/aarch64/iommu/ipmmu.h"

#include <errno.h>
#include "core/base/board.h"
#include "core/base/log.h"
#include "core/base/memory.h"

#define MAIR 0x04ff /* of a copy: 0 is write-back memory, 1 a device */

static u64 imctr(const struct ipmmu *m, u32 n)
{
	return IMCTR_MMUEN | (n != IPMMU_EMPTY ? IMCTR_INTEN : 0) | (m->stage2 ? IMCTR_VA64 : 0);
}

/* Locked, from here to forget(). */
static void set_root(const struct ipmmu *m, u32 n, pa_t root)
{
	ipmmu_write(m->u, IPMMU_CTX(n) + IMTTLBR0, root & BITS(31, 12));
	ipmmu_write(m->u, IPMMU_CTX(n) + IMTTUBR0, root >> 32 & 0xff);
}

static void to_context(const struct ipmmu_cache *c, u32 utlb, u32 n)
{
	ipmmu_write(c->u, IMUASID(utlb), 0);
	ipmmu_write(c->u, IMUCTR(utlb), IMUCTR_TTSEL(n) | IMUCTR_FLUSH | IMUCTR_MMUEN);
}

void ipmmu_stop(struct ipmmu *m, const char *why)
{
	u64 flags;

	if (__atomic_exchange_n(&m->u->dead, true, __ATOMIC_ACQ_REL)) {
		return;
	}
	flags = spin_lock_irq(&m->lock);
	for (struct ipmmu_cache *c = m->caches; c != NULL; c = c->next) {
		c->u->dead = true;
		for (u32 i = 0; i < IPMMU_UTLBS; i++) {
			if (c->ctx[i] > IPMMU_EMPTY) {
				to_context(c, i, IPMMU_EMPTY);
			}
		}
	}
	for (u32 n = IPMMU_EMPTY + 1; n < IPMMU_CONTEXTS; n++) {
		set_root(m, n, m->u->empty);
		ipmmu_write(m->u, IPMMU_CTX(n) + IMCTR, imctr(m, n) & ~IMCTR_INTEN);
	}
	spin_unlock_irq(&m->lock, flags);
	log_warn("IPMMU at 0x%lx: %s, no device of a VM reaches memory through it any more", m->u->regs, why);
}

static bool flushing(const struct ipmmu *m, u32 n)
{
	return (ipmmu_read(m->u, IPMMU_CTX(n) + IMCTR) & IMCTR_FLUSH) != 0;
}

bool ipmmu_forget(struct ipmmu *m, u32 n)
{
	u64 flags, end = counter_now() + ns_to_counter(IPMMU_TIMEOUT_US * 1000UL);

	/* One that is under way has maybe passed what is to be forgotten now. */
	for (;;) {
		bool late = counter_now() > end;

		flags = spin_lock_irq(&m->lock);
		if (late || !flushing(m, n)) {
			break;
		}
		spin_unlock_irq(&m->lock, flags);
		cpu_relax();
	}
	if (!flushing(m, n)) {
		dsb(oshst); /* the tables before the order */
		for (struct ipmmu_cache *c = m->caches; c != NULL; c = c->next) {
			u32 v = (c->on & BIT(n)) != 0 ? ipmmu_read(c->u, IPMMU_CTX(n) + IMCTR) : 0;

			if (v != 0) {
				ipmmu_write(c->u, IPMMU_CTX(n) + IMCTR, v | IMCTR_FLUSH);
			}
		}
		ipmmu_write(m->u, IPMMU_CTX(n) + IMCTR, ipmmu_read(m->u, IPMMU_CTX(n) + IMCTR) | IMCTR_FLUSH);
		dsb(sy); /* it is asked before it is polled */
	}
	spin_unlock_irq(&m->lock, flags);
	end = counter_now() + ns_to_counter(IPMMU_TIMEOUT_US * 1000UL);
	while (flushing(m, n)) {
		if (counter_now() > end && flushing(m, n)) {
			ipmmu_stop(m, "it does not forget what it was told to");
			return false;
		}
		cpu_relax();
	}
	return true;
}

/* ---- Contexts */

/* Whose context it is; 0: there is none. Locked. */
static u32 context_of(const struct ipmmu *m, u8 vmid)
{
	for (u32 n = IPMMU_EMPTY; n < IPMMU_CONTEXTS; n++) {
		if (m->ctx[n].used && m->ctx[n].vmid == vmid) {
			return n;
		}
	}
	return 0;
}

/* The registers of a context whose table is there. False: stopped. */
static bool open_context(struct ipmmu *m, u32 n, const struct iommu_view *v)
{
	const u32 at = IPMMU_CTX(n), in = 64 - (v->vtcr & 63);
	u64 tcr = IMTTBCR_EAE | IMTTBCR_S1_LEVEL1;

	if (m->stage2) {
		/* TSZ0 has 5 bits: what is smaller than 39 bits has a root as large, and zeroes behind its end. */
		tcr = IMTTBCR_EAE | IMTTBCR_PMB | IMTTBCR_S2_LEVEL1 | (64 - MAX(in, 39U));
	}
	set_root(m, n, m->ctx[n].table);
	ipmmu_write(m->u, at + IMTTBCR, tcr);
	ipmmu_write(m->u, at + IMMAIR0, MAIR);
	ipmmu_write(m->u, at + IMSTR, 0);
	ipmmu_write(m->u, at + IMCTR, imctr(m, n));
	return ipmmu_forget(m, n);
}

static pa_t table_of(struct ipmmu *m, const struct iommu_view *v, int *err)
{
	pa_t t = m->stage2 || v->vmid == IOMMU_VMID_EMPTY ? v->root : ipmmu_table_new();

	*err = t == 0 ? -ENOMEM : 0;
	if (t != 0 && t != v->root) {
		*err = ipmmu_table_sync(t, v->root, v->vtcr & 63);
		if (*err != 0) {
			ipmmu_table_free(t);
		}
	}
	if (*err == -ERANGE) {
		log_warn("IPMMU at 0x%lx: this chip's takes addresses of %u bits, the VM has memory above", m->u->regs,
			 IPMMU_IN_BITS);
	}
	return *err == 0 ? t : 0;
}

/* The context of a view, made if it is the first of its VM's, counted once; or -E. One caller at a time. */
static int get_context(struct ipmmu *m, const struct iommu_view *v)
{
	u64 flags = spin_lock_irq(&m->lock);
	u32 n = context_of(m, v->vmid);
	struct ipmmu_context *x = &m->ctx[n];
	int err = 0;

	x->users += n != 0;
	spin_unlock_irq(&m->lock, flags);
	if (n != 0) {
		return (int)n;
	}
	if (64 - (v->vtcr & 63) > IPMMU_ADDR_BITS) {
		return -ERANGE;
	}
	for (n = IPMMU_EMPTY; n < IPMMU_CONTEXTS && m->ctx[n].used; n++) {
	}
	if (n == IPMMU_CONTEXTS) {
		log_warn("IPMMU at 0x%lx: all its %u contexts are in use, no further VM can have a device behind it",
			 m->u->regs, IPMMU_CONTEXTS - 1 - IPMMU_EMPTY);
		return -ENOSPC;
	}
	x = &m->ctx[n];
	x->table = table_of(m, v, &err);
	if (err != 0) {
		return err;
	}
	x->root = v->root;
	x->t0sz = (u8)(v->vtcr & 63);
	x->vmid = v->vmid;
	x->users = 1;
	if (!open_context(m, n, v)) {
		return -ENODEV;
	}
	__atomic_store_n(&x->used, true, __ATOMIC_RELEASE); /* flush() may find it */
	return (int)n;
}

/* The last of its users turns a context off; nothing of it is remembered any more. */
static void put_context(struct ipmmu *m, u32 n)
{
	struct ipmmu_context *x = &m->ctx[n];
	u64 flags = spin_lock_irq(&m->lock);
	pa_t table = 0;

	if (--x->users == 0) {
		for (struct ipmmu_cache *c = m->caches; c != NULL; c = c->next) {
			if ((c->on & BIT(n)) != 0) {
				ipmmu_write(c->u, IPMMU_CTX(n) + IMCTR, 0);
				c->on &= ~BIT(n);
			}
		}
		ipmmu_write(m->u, IPMMU_CTX(n) + IMCTR, 0);
		ipmmu_write(m->u, IPMMU_CTX(n) + IMSTR, 0);
		table = x->table != x->root ? x->table : 0;
		x->used = false;
	}
	spin_unlock_irq(&m->lock, flags);
	if (table != 0) {
		ipmmu_table_free(table);
	}
}

/* ---- Micro-TLBs */

static void enable(struct ipmmu *m, struct ipmmu_cache *c, u32 n)
{
	u64 flags = spin_lock_irq(&m->lock);

	if ((c->on & BIT(n)) == 0) {
		c->on |= BIT(n);
		ipmmu_write(c->u, IPMMU_CTX(n) + IMCTR, (imctr(m, n) | IMCTR_FLUSH) & ~IMCTR_VA64);
	}
	spin_unlock_irq(&m->lock, flags);
}

/* A micro-TLB is where we have left it; what firmware or somebody else made of it is not a VM's to have. */
static bool as_left(const struct ipmmu_cache *c, u32 utlb, u32 n)
{
	u32 is = ipmmu_read(c->u, IMUCTR(utlb)) & (IMUCTR_TTSEL_MASK | IMUCTR_MMUEN), was = c->ctx[utlb];

	if (was != 0 ? is == (IMUCTR_TTSEL(was) | IMUCTR_MMUEN) && (was == IPMMU_EMPTY || was == n) :
	    (is & IMUCTR_MMUEN) == 0) {
		return true;
	}
	log_warn("IPMMU at 0x%lx: uTLB %u names context %u already", c->u->regs, utlb, is >> 4);
	return false;
}

static int set(struct iommu *u, u32 sid, const struct iommu_view *v)
{
	struct ipmmu_cache *c = u->priv;
	struct ipmmu *m = u->main->priv;
	u32 n = IPMMU_EMPTY, was;
	int err;

	if (u->dead) {
		return -ENODEV;
	}
	was = c->ctx[sid];
	if (v != NULL && v->vmid != IOMMU_VMID_EMPTY) {
		err = get_context(m, v);
		if (err < 0) {
			return err;
		}
		n = (u32)err;
		if (was == n || !as_left(c, sid, n)) {
			put_context(m, n);
			return was == n ? 0 : -EBUSY;
		}
	}
	enable(m, c, n);
	c->ctx[sid] = (u8)n;
	to_context(c, sid, n);
	dsb(sy);
	if (was > IPMMU_EMPTY) {
		if (!ipmmu_forget(m, was)) {
			return -ENODEV;
		}
		put_context(m, was);
	}
	return 0;
}

static void flush(struct iommu *u, u8 vmid)
{
	struct ipmmu *m = u->main->priv;
	u64 flags;
	u32 n;

	if (u->main != u) {
		return; /* the main one does it for all */
	}
	flags = spin_lock_irq(&m->lock);
	n = context_of(m, vmid);
	m->ctx[n].users += n != 0;
	spin_unlock_irq(&m->lock, flags);
	if (n == 0) {
		return;
	}
	if (!m->stage2 && ipmmu_table_sync(m->ctx[n].table, m->ctx[n].root, m->ctx[n].t0sz) != 0) {
		log_warn("IPMMU at 0x%lx: not all of a VM's new memory can be reached by its devices", u->regs);
	}
	if (ipmmu_forget(m, n)) {
		put_context(m, n);
	}
}

/* ---- Start */

static bool has_stage2(void)
{
	u32 prr, product;

	if (arch_map(ALIGN_DOWN(PRR_ADDRESS, PAGE_SIZE), PAGE_SIZE, MAP_DEVICE) != 0) {
		return false;
	}
	prr = io_read32(PRR_ADDRESS);
	product = prr & PRR_PRODUCT;
	return product == PRR_M3N || ((product == PRR_H3 || product == PRR_M3W) && (prr & PRR_CUT) >= PRR_CUT_30);
}

/* What firmware has left: its contexts go, its other settings stay. */
static void from_firmware(struct iommu *u)
{
	for (u32 n = 0; n < IPMMU_CONTEXTS; n++) {
		ipmmu_write(u, IPMMU_CTX(n) + IMCTR, 0);
	}
	ipmmu_write(u, IMSCTLR, ipmmu_read(u, IMSCTLR) & ~IMSCTLR_USE_SECGRP);
	u->coherent = false;
	u->addr_bits = IPMMU_ADDR_BITS;
	s2_dma_clean = true;
}

static int init_main(struct iommu *u, const char **why)
{
	const struct iommu_view v = { u->empty, IOMMU_EMPTY_VTCR, IOMMU_VMID_EMPTY };
	struct ipmmu *m = mem_alloc(sizeof(*m));
	u32 aux;

	if (m == NULL) {
		*why = "no memory for it, DMA behind it is NOT confined";
		return -ENOMEM;
	}
	u->priv = m;
	m->u = u;
	m->stage2 = has_stage2();
	s2_dma_copied |= !m->stage2;
	from_firmware(u);
	aux = ipmmu_read(u, IMSAUXCTLR);
	ipmmu_write(u, IMSAUXCTLR, m->stage2 ? aux | IMSAUXCTLR_S2PTE : aux & ~IMSAUXCTLR_S2PTE);
	if (get_context(m, &v) != IPMMU_EMPTY || (ipmmu_read(u, IPMMU_CTX(IPMMU_EMPTY) + IMCTR) & IMCTR_MMUEN) == 0) {
		*why = "it does not answer, DMA behind it is NOT confined";
		return -EIO;
	}
	log_info("IPMMU at 0x%lx: %s", u->regs, m->stage2 ? "stage 2 as the CPUs have it" :
		 "an early chip, tables of its own for addresses of 32 bits");
	return 0;
}

static int init(struct iommu *u, const char **why)
{
	struct ipmmu_cache *c;
	struct ipmmu *m;

	if (u->regs_size < IPMMU_REGS_SIZE) {
		*why = "its registers are not all there, DMA behind it is NOT confined";
		return -EINVAL;
	}
	if (u->main == u) {
		return init_main(u, why);
	}
	c = u->main->dead ? NULL : mem_alloc(sizeof(*c));
	if (c == NULL) {
		*why = u->main->dead ? "its main one does not work, DMA behind it is NOT confined" :
		       "no memory for it, DMA behind it is NOT confined";
		return -ENODEV;
	}
	m = u->main->priv;
	from_firmware(u);
	u->priv = c;
	u->sids = IPMMU_UTLBS;
	c->u = u;
	c->next = m->caches;
	m->caches = c;
	return 0;
}

static void errors(struct iommu *u)
{
	(void)u;
}

IOMMU(ipmmu) = {
	.compatible = "renesas,ipmmu",
	.kind = IOMMU_IPMMU,
	.bypassed = true,
	.init = init,
	.set = set,
	.flush = flush,
	.fault = ipmmu_fault,
	.errors = errors,
};
