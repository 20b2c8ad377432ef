/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stage 2 of the faked machine: a short list of mappings per table. Weak, so that a test can bring
 * the real one.
 */
#include <errno.h>
#include "arch/arch.h"
#include "core/base/range.h"
#include "core/base/memory.h"

#define WEAK __attribute__((weak))
#define MAPPINGS ((PAGE_SIZE - 8) / sizeof(struct mapping))

struct mapping {
	ipa_t ipa;
	pa_t pa;
	u64 size;
	enum s2_attr attr;
	bool cpu_only;
};

struct list_of_mappings {
	u64 count;
	struct mapping m[];
};

static struct list_of_mappings *list_of(const struct s2 *s)
{
	return pa_ptr(s->root);
}

WEAK unsigned int s2_max_ipa_bits(void)
{
	return 40;
}

WEAK int s2_init(struct s2 *s, u8 vmid, unsigned int ipa_bits)
{
	if (ipa_bits < 32 || ipa_bits > s2_max_ipa_bits()) {
		return -EINVAL;
	}
	*s = (struct s2){ .vmid = vmid, .ipa_size = BIT(ipa_bits), .start_level = 1, .tables = 1 };
	s->root = mem_page_alloc();
	return s->root != 0 ? 0 : -ENOMEM;
}

WEAK int s2_map(struct s2 *s, ipa_t ipa, pa_t pa, u64 size, enum s2_attr attr)
{
	static const enum s2_attr seen[] = { [S2_RAM_CPU] = S2_RAM, [S2_ROM] = S2_ROM, [S2_ROM_CPU] = S2_ROM,
					     [S2_DEVICE] = S2_DEVICE, [S2_DEVICE_RO] = S2_DEVICE_RO, [S2_DEVICE_DMA] = S2_DEVICE };
	struct list_of_mappings *l = list_of(s);

	if (!IS_ALIGNED(ipa | pa | size, PAGE_SIZE) || !range_valid(ipa, size)
	    || ipa + size > s->ipa_size) {
		return -EINVAL;
	}
	for (u64 i = 0; i < l->count; i++) {
		if (range_overlaps(ipa, size, l->m[i].ipa, l->m[i].size)) {
			return -EEXIST;
		}
	}
	if (l->count == MAPPINGS) {
		return -ENOMEM;
	}
	l->m[l->count++] = (struct mapping){ ipa, pa, size, seen[attr],
					     attr == S2_RAM_CPU || attr == S2_ROM_CPU || attr == S2_DEVICE || attr == S2_DEVICE_RO };
	return 0;
}

/* Only whole mappings, as they were made. */
WEAK void s2_unmap(struct s2 *s, ipa_t ipa, u64 size)
{
	struct list_of_mappings *l = list_of(s);

	for (u64 i = 0; i < l->count;) {
		if (range_contains(ipa, size, l->m[i].ipa, l->m[i].size)) {
			l->m[i] = l->m[--l->count];
		} else {
			i++;
		}
	}
}

WEAK bool s2_lookup(const struct s2 *s, ipa_t ipa, struct s2_leaf *out)
{
	const struct list_of_mappings *l = list_of(s);

	for (u64 i = 0; i < l->count; i++) {
		if (ipa - l->m[i].ipa < l->m[i].size) {
			*out = (struct s2_leaf){ l->m[i].pa + (ipa - l->m[i].ipa), l->m[i].attr, 3 };
			return true;
		}
	}
	return false;
}

WEAK void s2_destroy(struct s2 *s)
{
	mem_page_free(s->root);
	s->root = 0;
}

WEAK bool s2_dma_clean, s2_dma_copied;

WEAK int s2_dma_enable(struct s2 *s, ipa_t doorbell, pa_t doorbell_pa)
{
	s->dma_root = s->root;
	s->doorbell = doorbell;
	s->doorbell_pa = doorbell_pa;
	return 0;
}

WEAK bool s2_dma_lookup(const struct s2 *s, ipa_t ipa, struct s2_leaf *out)
{
	if (s->dma_root == 0) {
		return false;
	}
	if (s->doorbell_pa != 0 && ipa - s->doorbell < PAGE_SIZE) {
		*out = (struct s2_leaf){ s->doorbell_pa + (ipa - s->doorbell), S2_DEVICE, 3 };
		return true;
	}
	for (u64 i = 0; i < list_of(s)->count; i++) {
		const struct mapping *m = &list_of(s)->m[i];

		if (ipa - m->ipa < m->size) {
			return !m->cpu_only && s2_lookup(s, ipa, out);
		}
	}
	return false;
}
