/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arm SMMU version 3 (IHI 0070), stage 2 only.
 *
 * The stream table has two levels. All first-level descriptors lead to one leaf of 64 equal entries, "stage 2,
 * empty": an entry does not tell whose it is, so one page serves all streams there are. The
 * first time a stream is set, its group of 64 gets a leaf of its own. An SMMU with up to 64 streams has
 * that one leaf as a linear table.
 *
 * An entry is changed in three steps (3.21.3): to "abort", which is one word; what else is in it; back to stage 2.
 * After each of the first and the last the SMMU has forgotten the old one.
 *
 * ATS, PRI, substreams and stalls are off, broadcast TLB maintenance is not listened to.
 */
#include "arch/aarch64/iommu/smmuv3.h"

#include <errno.h>
#include <string.h>
#include "core/base/board.h"
#include "core/base/memory.h"

#define LEAF_ENTRIES (1u << SMMU_SPLIT)

static u8 oas_bits(u8 oas)
{
	static const u8 bits[6] = { 32, 36, 40, 42, 44, 48 };

	return bits[oas];
}

/* Writes of a register that holds still until the next step are waited for where they tell of it. */
static bool set_cr0(struct smmu *s, u32 v)
{
	s->cr0 = v;
	smmu_write(s, SMMU_CR0, v);
	return smmu_wait(s, SMMU_CR0ACK, CR0_SMMUEN | CR0_EVENTQEN | CR0_CMDQEN | CR0_ATSCHK, v);
}

static void write64(const struct smmu *s, u32 reg, u64 v)
{
	smmu_write(s, reg, (u32)v);
	smmu_write(s, reg + 4, (u32)(v >> 32));
}

/* 6.3.15, 6.3.9: nothing passes, whatever firmware has left. */
static bool close(struct smmu *s)
{
	smmu_write(s, SMMU_IRQ_CTRL, 0);
	if (!smmu_wait(s, SMMU_GBPA, GBPA_UPDATE, 0)) {
		return false;
	}
	smmu_write(s, SMMU_GBPA, GBPA_ABORT | GBPA_UPDATE);
	return smmu_wait(s, SMMU_GBPA, GBPA_ABORT | GBPA_UPDATE, GBPA_ABORT) && set_cr0(s, 0);
}

/* The words of an entry behind the first. */
static void fill(const struct smmu *s, u64 *ste, const struct iommu_view *v)
{
	u64 vtcr = v->vtcr, oas = s->oas;

	vtcr = (vtcr & ~BITS(18, 16)) | MIN(vtcr >> 16 & 7, oas) << 16; /* S2PS: no more than it can */
	if (!s->u->coherent) {
		vtcr = (vtcr & ~VTCR_SH_IR_OR) | VTCR_SH_OUTER;
	}
	ste[1] = STE_1_SHCFG_INCOMING;
	ste[2] = v->vmid | STE_2_VTCR(vtcr) | STE_2_S2AA64 | STE_2_S2R;
	ste[3] = v->root;
}

static const char *make_tables(struct smmu *s, u32 sid_bits)
{
	const struct iommu_view empty = { s->u->empty, IOMMU_EMPTY_VTCR, IOMMU_VMID_EMPTY };
	u64 l1_size = ALIGN_UP(sizeof(u64) << (sid_bits > SMMU_SPLIT ? sid_bits - SMMU_SPLIT : 0), PAGE_SIZE);
	pa_t leaf = mem_page_alloc();

	s->cmd = pa_ptr(mem_page_alloc());
	s->event = pa_ptr(mem_page_alloc());
	s->leaf = pa_ptr(leaf);
	s->l1 = NULL;
	if (sid_bits > SMMU_SPLIT) {
		/* 6.3.24: aligned to its size. */
		s->l1 = pa_ptr(mem_range_alloc(l1_size, l1_size, 0));
	}
	if (leaf == 0 || s->cmd == NULL || s->event == NULL || (sid_bits > SMMU_SPLIT && s->l1 == NULL)) {
		return "no memory for its tables";
	}
	for (u32 i = 0; i < LEAF_ENTRIES; i++) {
		u64 *ste = s->leaf + i * SMMU_STE_WORDS;

		fill(s, ste, &empty);
		ste[0] = STE_V | STE_S2;
	}
	smmu_clean(s, s->leaf, PAGE_SIZE);
	for (u64 i = 0; s->l1 != NULL && i < 1UL << (sid_bits - SMMU_SPLIT); i++) {
		s->l1[i] = leaf | L1STD_SPAN(SMMU_SPLIT);
	}
	if (s->l1 != NULL) {
		smmu_clean(s, s->l1, l1_size);
	}
	smmu_clean(s, s->cmd, PAGE_SIZE);
	if (!s->u->coherent) {
		arch_clean_inval_dcache(s->event, PAGE_SIZE);
	}
	return NULL;
}

/* The steps of 6.3.9 and 3.11, each enabled part before what needs it. */
static const char *open(struct smmu *s, u32 idr0, u32 sid_bits)
{
	static const u64 forget[][2] = { { CMD_CFGI_STE_RANGE, 31 }, { CMD_TLBI_NSNH_ALL, 0 }, { CMD_TLBI_EL2_ALL, 0 } };
	u64 ra = s->u->coherent ? STRTAB_RA : 0;

	smmu_write(s, SMMU_CR1, s->u->coherent ? CR1_COHERENT : 0);
	smmu_write(s, SMMU_CR2, CR2_RECINVSID | CR2_PTM);
	write64(s, SMMU_STRTAB_BASE, ptr_pa(s->l1 != NULL ? s->l1 : s->leaf) | ra);
	smmu_write(s, SMMU_STRTAB_BASE_CFG, sid_bits | (s->l1 != NULL ? STRTAB_2LEVEL | SMMU_SPLIT << 6 : 0));
	write64(s, SMMU_CMDQ_BASE, ptr_pa(s->cmd) | s->cmd_log2 | ra);
	smmu_write(s, SMMU_CMDQ_PROD, 0);
	smmu_write(s, SMMU_CMDQ_CONS, 0);
	write64(s, SMMU_EVENTQ_BASE, ptr_pa(s->event) | s->event_log2 | ra);
	smmu_write(s, SMMU_EVENTQ_PROD, 0);
	smmu_write(s, SMMU_EVENTQ_CONS, 0);
	smmu_write(s, SMMU_GERRORN, smmu_read(s, SMMU_GERROR));
	if (!set_cr0(s, CR0_CMDQEN) || !smmu_command(s, forget[0], (idr0 & IDR0_HYP) != 0 ? 3 : 2) ||
	    !set_cr0(s, CR0_CMDQEN | CR0_EVENTQEN)) {
		return "it does not start";
	}
	if (idr0 & IDR0_MSI) {
		write64(s, SMMU_GERROR_IRQ_CFG0, 0); /* by wire */
		write64(s, SMMU_EVENTQ_IRQ_CFG0, 0);
	}
	smmu_write(s, SMMU_IRQ_CTRL, IRQ_GERROR | IRQ_EVENTQ);
	if (!smmu_wait(s, SMMU_IRQ_CTRLACK, IRQ_GERROR | IRQ_EVENTQ, IRQ_GERROR | IRQ_EVENTQ) ||
	    !set_cr0(s, s->cr0 | CR0_SMMUEN | ((idr0 & IDR0_ATS) != 0 ? CR0_ATSCHK : 0))) {
		return "it does not start";
	}
	return NULL;
}

static const char *unusable(u32 idr0, u32 idr1, u32 idr5)
{
	if ((idr0 & IDR0_S2P) == 0) {
		return "it has no stage 2 (with QEMU: machine virt-9.2 or later)";
	}
	if ((idr0 & IDR0_TTF_AA64) == 0 || (idr5 & IDR5_GRAN4K) == 0 || (idr0 & IDR0_BIG_ENDIAN) == IDR0_BIG_ENDIAN) {
		return "it cannot read our tables (AArch64, 4K, little-endian)";
	}
	if ((idr0 & IDR0_STALL_MODEL) == IDR0_STALL_FORCED) {
		return "it cannot but stall devices";
	}
	if ((idr1 & (IDR1_QUEUES_PRESET | IDR1_TABLES_PRESET)) != 0) {
		return "its tables are at fixed places";
	}
	return NULL;
}

static int init(struct iommu *u, const char **why)
{
	struct smmu *s = mem_alloc(sizeof(*s));
	u32 idr0, idr1, idr5, sid_bits;

	if (s == NULL || u->regs_size < SMMU_REGS_SIZE) {
		*why = s == NULL ? "no memory for it" : "its registers are not all there";
		return -EINVAL;
	}
	u->priv = s;
	s->u = u;
	if (!close(s)) {
		*why = "it cannot be closed, DMA behind it is NOT confined";
		return -EIO;
	}
	idr0 = smmu_read(s, SMMU_IDR0);
	idr1 = smmu_read(s, SMMU_IDR1);
	idr5 = smmu_read(s, SMMU_IDR5);
	*why = unusable(idr0, idr1, idr5);
	if (*why != NULL) {
		return -ENODEV;
	}
	u->coherent = u->coherent && (idr0 & IDR0_COHACC) != 0;
	if (!u->coherent) {
		s2_dma_clean = true;
	}
	s->oas = MIN(idr5 & 7, 5U); /* 52 bits would be another format */
	u->addr_bits = oas_bits(s->oas);
	sid_bits = MIN(idr1 & 0x3f, (idr0 & IDR0_ST_2LEVEL) != 0 ? (u32)SMMU_SID_BITS : (u32)SMMU_SPLIT);
	u->sids = 1UL << sid_bits;
	s->cmd_log2 = MIN(idr1 >> 21 & 0x1f, (u32)SMMU_CMDS);
	s->event_log2 = MIN(idr1 >> 16 & 0x1f, (u32)SMMU_EVENTS);
	*why = make_tables(s, sid_bits);
	if (*why == NULL) {
		*why = open(s, idr0, sid_bits);
	}
	if (*why != NULL) {
		close(s);
		return -EIO;
	}
	return 0;
}

/* The entry of a stream, in a leaf that may be changed; NULL without memory or if the SMMU has stopped. */
static u64 *entry(struct smmu *s, u32 sid)
{
	u64 *ste = s->leaf;

	if (s->l1 != NULL) {
		u64 *l1 = &s->l1[sid >> SMMU_SPLIT];
		const u64 forget[2] = { (u64)(sid & ~(LEAF_ENTRIES - 1)) << 32 | CMD_CFGI_STE_RANGE, SMMU_SPLIT - 1 };

		ste = pa_ptr(*l1 & BITS(55, 12));
		if (ste == s->leaf) {
			pa_t own = mem_page_alloc();

			if (own == 0) {
				return NULL;
			}
			ste = pa_ptr(own);
			memcpy(ste, s->leaf, PAGE_SIZE);
			smmu_clean(s, ste, PAGE_SIZE);
			WRITE_ONCE(*l1, own | L1STD_SPAN(SMMU_SPLIT));
			smmu_clean(s, l1, sizeof(*l1));
			if (!smmu_command(s, forget, 1)) {
				return NULL;
			}
		}
	}
	return ste + (sid & (LEAF_ENTRIES - 1)) * SMMU_STE_WORDS;
}

static int set(struct iommu *u, u32 sid, const struct iommu_view *v)
{
	struct smmu *s = u->priv;
	const u64 forget[2] = { (u64)sid << 32 | CMD_CFGI_STE, 1 };
	u64 *ste = u->dead ? NULL : entry(s, sid);

	if (ste == NULL) {
		return u->dead ? -ENODEV : -ENOMEM;
	}
	WRITE_ONCE(ste[0], STE_V | STE_ABORT);
	smmu_clean(s, ste, sizeof(*ste));
	if (!smmu_command(s, forget, 1)) {
		return -ENODEV;
	}
	if (v == NULL) {
		return 0;
	}
	fill(s, ste, v);
	smmu_clean(s, ste, SMMU_STE_WORDS * sizeof(*ste));
	WRITE_ONCE(ste[0], STE_V | STE_S2);
	smmu_clean(s, ste, sizeof(*ste));
	return smmu_command(s, forget, 1) ? 0 : -ENODEV;
}

static void flush(struct iommu *u, u8 vmid)
{
	const u64 forget[2] = { (u64)vmid << 32 | CMD_TLBI_S12_VMALL, 0 };

	if (!u->dead) {
		smmu_command(u->priv, forget, 1);
	}
}

IOMMU(smmuv3) = {
	.compatible = "arm,smmu-v3",
	.kind = IOMMU_SMMUV3,
	.init = init,
	.set = set,
	.flush = flush,
	.fault = smmu_fault,
	.errors = smmu_errors,
};
