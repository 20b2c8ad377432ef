/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stage 2 of a VM (ARM ARM D8.2). Start level 1 for all sizes below 2^43 (tables
 * concatenated at the root), so a walk has at most three steps.
 *
 * Invariants: an entry only ever goes from invalid to valid or back; going back
 * is followed by an invalidation of the VMID before the memory is used again.
 */
#include "arch/aarch64/s2pte.h"

#include <errno.h>
#include <string.h>
#include "arch/aarch64/cpu.h"
#include "arch/aarch64/tlb.h"
#include "core/base/range.h"
#include "core/base/memory.h"

/*
 * Stage 2 with start level 1 reaches 43 bits; 42 is the largest size up to there that ID registers can
 * express. The output addresses are the machine's, which may lie above.
 */
#define IPA_BITS_MAX 42

static unsigned int pa_bits = 48; /* of the smallest CPU */

void s2_limit_ipa_bits(unsigned int bits)
{
	pa_bits = MIN(pa_bits, bits);
}

unsigned int s2_max_ipa_bits(void)
{
	return MIN(pa_bits, (unsigned int)IPA_BITS_MAX);
}

/* Physical address size field of VTCR_EL2.PS for `bits`. */
static u64 ps_field(unsigned int bits)
{
	return bits <= 32 ? 0 : bits <= 36 ? 1 : bits <= 40 ? 2 : bits <= 42 ? 3 : bits <= 44 ? 4 : 5;
}

u64 s2_root_size(const struct s2 *s)
{
	return MAX(PAGE_SIZE, s->ipa_size / s2_block(1) * sizeof(u64));
}

int s2_init(struct s2 *s, u8 vmid, unsigned int ipa_bits)
{
	u64 size;

	memset(s, 0, sizeof(*s));
	if (ipa_bits < 32 || ipa_bits > MIN(pa_bits, 43u)) {
		return -EINVAL;
	}
	s->ipa_size = 1UL << ipa_bits;
	s->start_level = 1;
	s->vmid = vmid;
	size = s2_root_size(s);
	s->root = mem_range_alloc(size, size, 0); /* concatenated tables: aligned to their size (D8.2.2) */
	if (s->root == 0) {
		return -ENOMEM;
	}
	memset(pa_ptr(s->root), 0, size);
	if (s2_dma_clean) {
		arch_clean_dcache(pa_ptr(s->root), size);
	}
	s->tables = (u32)(size / PAGE_SIZE);
	s->vttbr = s->root | (u64)vmid << 48;
	/* RES1, PS, TG0 4K, SH0 inner, ORGN0/IRGN0 WB, SL0 = 1 (start at level 1), T0SZ */
	s->vtcr = BIT(31) | ps_field(pa_bits) << 16 | 3UL << 12 | 1UL << 10 | 1UL << 8 | 1UL << 6 |
		  (64 - ipa_bits);
	return 0;
}

pa_t s2_table(struct s2 *s)
{
	pa_t t = s->tables_max == 0 || s->tables < s->tables_max ? mem_page_alloc() : 0;

	s->tables += t != 0;
	if (t != 0 && s2_dma_clean) {
		arch_clean_dcache(pa_ptr(t), PAGE_SIZE);
	}
	dsb(ishst); /* the zeroed table before a walker can reach it */
	return t;
}

/* The entry for `ipa` at `level`, making tables (create) or stopping at a hole or block. */
static u64 *walk(struct s2 *s, ipa_t ipa, unsigned int level, bool create, unsigned int *at)
{
	u64 *e = s2_entry(s->root, ipa, 1);

	for (unsigned int l = 1;; l++) {
		*at = l;
		if (l == level || s2_is_leaf(*e, l)) {
			return e;
		}
		if ((*e & S2_VALID) == 0) {
			pa_t t = create ? s2_table(s) : 0;

			if (t == 0) {
				return create ? NULL : e;
			}
			s2_put(e, t | S2_TABLE | S2_VALID);
		}
		e = s2_entry(*e & S2_ADDR, ipa, l + 1);
	}
}

/* True if nothing is mapped in the range. */
static bool range_free(struct s2 *s, ipa_t ipa, u64 size)
{
	ipa_t end = ipa + size;

	while (ipa < end) {
		unsigned int level;
		u64 e = *walk(s, ipa, 3, false, &level);

		if ((e & S2_VALID) != 0) {
			return false;
		}
		ipa = ALIGN_DOWN(ipa, s2_block(level)) + s2_block(level);
	}
	return true;
}

int s2_map(struct s2 *s, ipa_t ipa, pa_t pa, u64 size, enum s2_attr attr)
{
	ipa_t start = ipa;

	if (!range_valid(ipa, size) || !range_valid(pa, size) || !IS_ALIGNED(ipa | pa | size, PAGE_SIZE) ||
	    !range_contains(0, s->ipa_size, ipa, size) || (pa + size - 1) >> 48 != 0) {
		return -EINVAL;
	}
	if (!range_free(s, ipa, size) ||
	    (s->doorbell_pa != 0 && range_overlaps(ipa, size, s->doorbell, PAGE_SIZE))) {
		return -EEXIST;
	}
	while (size != 0) {
		unsigned int level = s2_pick_level(ipa, pa, size), at;
		u64 *e = walk(s, ipa, level, true, &at);

		while (e != NULL && s2_is_table(*e, level)) {
			level++; /* an empty table is there already: go below it */
			e = walk(s, ipa, level, true, &at);
		}
		if (e == NULL || !s2_dma_map(s, ipa, level, s2_leaf_entry(pa, attr, level))) {
			s2_unmap(s, start, ipa - start);
			return -ENOMEM;
		}
		s2_put(e, s2_leaf_entry(pa, attr, level));
		s->leaf[level]++;
		ipa += s2_block(level);
		pa += s2_block(level);
		size -= s2_block(level);
	}
	dsb(ishst); /* the entries before the eret of whoever runs the VM next */
	if (s->dma_root != 0 && s2_dma_copied) {
		iommu_flush(s->vmid);
	}
	return 0;
}

void s2_unmap(struct s2 *s, ipa_t ipa, u64 size)
{
	ipa_t end = ipa + size;
	u64 vttbr, sctlr, tcr, flags;

	while (ipa < end) {
		unsigned int level;
		u64 *e = walk(s, ipa, 3, false, &level);

		if (s2_is_leaf(*e, level)) {
			u64 was = *e;

			s2_put(e, 0);
			s2_dma_unmap(s, ipa, level, was);
			s->leaf[level]--;
		}
		ipa = ALIGN_DOWN(ipa, s2_block(level)) + s2_block(level);
	}
	flags = irq_save();
	vttbr = read_vttbr_el2();
	sctlr = read_sctlr_el1();
	tcr = read_tcr_el1();
	stage1_walks_off();
	write_vttbr_el2(s->vttbr); /* TLBI by the VMID in VTTBR_EL2 */
	isb();
	tlb_flush_vmid();
	write_vttbr_el2(vttbr);
	stage1_walks_on(sctlr, tcr);
	irq_restore(flags);
	if (s->dma_root != 0) {
		iommu_flush(s->vmid);
	}
}

static bool lookup(const struct s2 *s, pa_t root, ipa_t ipa, struct s2_leaf *out)
{
	const u64 *e;

	if (ipa >= s->ipa_size) {
		return false;
	}
	e = s2_entry(root, ipa, 1);
	for (unsigned int level = 1;; level++) {
		u64 v = READ_ONCE(*e);

		if ((v & S2_VALID) == 0) {
			return false;
		}
		if (s2_is_leaf(v, level)) {
			out->pa = (v & S2_ADDR) | (ipa & (s2_block(level) - 1));
			out->attr = s2_attr_of(v);
			out->level = (u8)level;
			return true;
		}
		e = s2_entry(v & S2_ADDR, ipa, level + 1);
	}
}

bool s2_lookup(const struct s2 *s, ipa_t ipa, struct s2_leaf *out)
{
	return lookup(s, s->root, ipa, out);
}

bool s2_dma_lookup(const struct s2 *s, ipa_t ipa, struct s2_leaf *out)
{
	return s->dma_root != 0 && lookup(s, s->dma_root, ipa, out);
}

void s2_destroy(struct s2 *s)
{
	u64 *root = pa_ptr(s->root);

	if (s->root == 0) {
		return;
	}
	s2_unmap(s, 0, 0); /* nothing of this VMID stays in a TLB */
	s2_dma_destroy(s);
	for (u64 i = 0; i < s->ipa_size / s2_block(1); i++) {
		if (!s2_is_table(root[i], 1)) {
			continue;
		}
		u64 *l2 = pa_ptr(root[i] & S2_ADDR);

		for (unsigned int j = 0; j < 512; j++) {
			if (s2_is_table(l2[j], 2)) {
				mem_page_free(l2[j] & S2_ADDR);
			}
		}
		mem_page_free(root[i] & S2_ADDR);
	}
	mem_range_free(s->root, s2_root_size(s));
	memset(s, 0, sizeof(*s));
}
