/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stage 2 as the VM's devices see it through an IOMMU: a root of its own over the CPU's lower levels.
 *
 * Below the root a table is the CPU's as long as everything in it is for devices too. One that got something
 * else (S2_MIXED, for good) has a copy without it. So the two never differ in what is shared, and
 * what devices do not have never is in a table they walk:
 *
 * Before the CPU's table gets a leaf that devices do not have, they get the copy, and every IOMMU has
 * forgotten the pointer to the original. Both lead to the same leaves, so there is no moment without
 * them and none with two different ones (ARM ARM D8.16.1, nothing to break here).
 */
#include <errno.h>
#include <string.h>
#include "arch/aarch64/s2pte.h"
#include "core/base/memory.h"
#include "core/base/range.h"

bool s2_dma_clean, s2_dma_copied;

/* A table without what devices do not have; 0 without memory. */
static pa_t copy_of(struct s2 *s, pa_t table, unsigned int level)
{
	const u64 *from = pa_ptr(table);
	pa_t t = s2_table(s);
	u64 *to = pa_ptr(t);

	for (u32 i = 0; t != 0 && i < 512; i++) {
		if (s2_is_table(from[i], level)) {
			to[i] = from[i] & ~S2_MIXED; /* shared, for now */
		} else if ((from[i] & (S2_VALID | S2_CPU_ONLY)) == S2_VALID) {
			to[i] = from[i];
		}
	}
	if (t != 0 && s2_dma_clean) {
		arch_clean_dcache(to, PAGE_SIZE);
	}
	dsb(ishst);
	return t;
}

/*
 * One step down for the devices from *d, where the CPU has `c` (0: nothing), into a table that is not the
 * CPU's: it is made, or what was shared is copied. False without memory.
 */
static bool own_table(struct s2 *s, u64 *d, u64 c, unsigned int level, bool *unshared)
{
	bool shared = s2_same_table(*d, c, level);
	pa_t t;

	if (s2_is_table(*d, level) && !shared) {
		return true;
	}
	t = shared ? copy_of(s, c & S2_ADDR, level + 1) : s2_table(s);
	if (t == 0) {
		return false;
	}
	s2_put(d, t | S2_TABLE | S2_VALID);
	*unshared |= shared;
	return true;
}

/* The way of a leaf that devices do not have: no table on it is shared with them from here on. */
static bool part(struct s2 *s, ipa_t ipa, unsigned int level)
{
	u64 *c = s2_entry(s->root, ipa, 1), *d = s->dma_root != 0 ? s2_entry(s->dma_root, ipa, 1) : NULL;
	bool unshared = false;

	for (unsigned int l = 1; l < level; l++) {
		if (d != NULL && (*d == 0 || !own_table(s, d, *c, l, &unshared))) {
			if (*d != 0) {
				return false;
			}
			d = NULL;
		}
		if ((*c & S2_MIXED) == 0) {
			s2_put(c, *c | S2_MIXED);
		}
		d = d != NULL ? s2_entry(*d & S2_ADDR, ipa, l + 1) : NULL;
		c = s2_entry(*c & S2_ADDR, ipa, l + 1);
	}
	if (unshared) {
		dsb(ishst);
		iommu_flush(s->vmid);
	}
	return true;
}

bool s2_dma_map(struct s2 *s, ipa_t ipa, unsigned int level, u64 v)
{
	u64 *c, *d;
	bool unshared = false;

	if ((v & S2_CPU_ONLY) != 0) {
		return part(s, ipa, level);
	}
	if (s->dma_root == 0) {
		return true;
	}
	c = s2_entry(s->root, ipa, 1);
	d = s2_entry(s->dma_root, ipa, 1);
	for (unsigned int l = 1; l < level; l++) {
		if (*d == 0 && (*c & S2_MIXED) == 0) {
			s2_put(d, *c); /* there is nothing in it yet, or it is all theirs */
		}
		if (s2_same_table(*d, *c, l)) {
			return true;
		}
		if (!own_table(s, d, 0, l, &unshared)) {
			return false;
		}
		c = s2_entry(*c & S2_ADDR, ipa, l + 1);
		d = s2_entry(*d & S2_ADDR, ipa, l + 1);
	}
	s2_put(d, v);
	return true;
}

void s2_dma_unmap(struct s2 *s, ipa_t ipa, unsigned int level, u64 v)
{
	u64 *c, *d;

	if (s->dma_root == 0 || (v & S2_CPU_ONLY) != 0) {
		return;
	}
	c = s2_entry(s->root, ipa, 1);
	d = s2_entry(s->dma_root, ipa, 1);
	for (unsigned int l = 1; l < level; l++) {
		if (*d == 0 || s2_same_table(*d, *c, l)) {
			return;
		}
		c = s2_entry(*c & S2_ADDR, ipa, l + 1);
		d = s2_entry(*d & S2_ADDR, ipa, l + 1);
	}
	s2_put(d, 0);
}

/* What the CPU has there already, into a table of the devices': entry `c` of a level. */
static bool adopt(struct s2 *s, u64 *d, u64 c, unsigned int level)
{
	pa_t t;

	if (!s2_is_table(c, level)) {
		if ((c & (S2_VALID | S2_CPU_ONLY)) == S2_VALID) {
			s2_put(d, c);
		}
		return true;
	}
	if ((c & S2_MIXED) == 0) {
		s2_put(d, c);
		return true;
	}
	t = copy_of(s, c & S2_ADDR, level + 1);
	if (t != 0) {
		s2_put(d, t | S2_TABLE | S2_VALID);
	}
	return t != 0;
}

static bool adopt_all(struct s2 *s)
{
	const u64 *c1 = pa_ptr(s->root);
	u64 *d1 = pa_ptr(s->dma_root);

	for (u64 i = 0; i < s->ipa_size / s2_block(1); i++) {
		if (!adopt(s, &d1[i], c1[i], 1)) {
			return false;
		}
		if (!s2_is_table(c1[i], 1) || s2_same_table(d1[i], c1[i], 1)) {
			continue;
		}
		const u64 *c2 = pa_ptr(c1[i] & S2_ADDR);
		u64 *d2 = pa_ptr(d1[i] & S2_ADDR);

		for (u32 j = 0; j < 512; j++) {
			/* copy_of() has shared all tables: those that are mixed are not to be. */
			if (s2_is_table(c2[j], 2) && (c2[j] & S2_MIXED) != 0 && !adopt(s, &d2[j], c2[j], 2)) {
				return false;
			}
		}
	}
	return true;
}

static int add_doorbell(struct s2 *s, ipa_t doorbell, pa_t pa)
{
	u64 *d = s2_entry(s->dma_root, doorbell, 1), *c = s2_entry(s->root, doorbell, 1);
	struct s2_leaf leaf;
	bool unshared = false;

	if (s2_lookup(s, doorbell, &leaf)) {
		return -EEXIST;
	}
	for (unsigned int l = 1; l < 3; l++) {
		u64 cpu = c != NULL ? *c : 0;

		if (!own_table(s, d, cpu, l, &unshared)) {
			return -ENOMEM;
		}
		c = s2_is_table(cpu, l) ? s2_entry(cpu & S2_ADDR, doorbell, l + 1) : NULL;
		d = s2_entry(*d & S2_ADDR, doorbell, l + 1);
	}
	s2_put(d, s2_leaf_entry(pa, S2_DEVICE_DMA, 3));
	dsb(ishst);
	if (unshared || s2_dma_copied) {
		iommu_flush(s->vmid);
	}
	s->doorbell = doorbell;
	s->doorbell_pa = pa;
	return 0;
}

int s2_dma_enable(struct s2 *s, ipa_t doorbell, pa_t doorbell_pa)
{
	u64 size = s2_root_size(s);

	if (!IS_ALIGNED(doorbell | doorbell_pa, PAGE_SIZE) || doorbell >= s->ipa_size) {
		return -EINVAL;
	}
	if (s->dma_root == 0) {
		s->dma_root = mem_range_alloc(size, size, 0);
		if (s->dma_root == 0) {
			return -ENOMEM;
		}
		memset(pa_ptr(s->dma_root), 0, size);
		if (s2_dma_clean) {
			arch_clean_dcache(pa_ptr(s->dma_root), size);
		}
		s->tables += (u32)(size / PAGE_SIZE);
		if (!adopt_all(s)) {
			s2_dma_destroy(s);
			return -ENOMEM;
		}
		dsb(ishst);
	}
	if (doorbell_pa == 0 || (doorbell == s->doorbell && doorbell_pa == s->doorbell_pa)) {
		return 0;
	}
	return s->doorbell_pa != 0 ? -EEXIST : add_doorbell(s, doorbell, doorbell_pa);
}

void s2_dma_destroy(struct s2 *s)
{
	u64 *d1 = pa_ptr(s->dma_root), *c1 = pa_ptr(s->root);

	for (u64 i = 0; s->dma_root != 0 && i < s->ipa_size / s2_block(1); i++) {
		if (!s2_is_table(d1[i], 1) || s2_same_table(d1[i], c1[i], 1)) {
			continue;
		}
		u64 *d2 = pa_ptr(d1[i] & S2_ADDR);
		const u64 *c2 = s2_is_table(c1[i], 1) ? pa_ptr(c1[i] & S2_ADDR) : NULL;

		for (u32 j = 0; j < 512; j++) {
			if (s2_is_table(d2[j], 2) && (c2 == NULL || !s2_same_table(d2[j], c2[j], 2))) {
				mem_page_free(d2[j] & S2_ADDR);
				s->tables--;
			}
		}
		mem_page_free(d1[i] & S2_ADDR);
		s->tables--;
	}
	if (s->dma_root != 0) {
		mem_range_free(s->dma_root, s2_root_size(s));
		s->tables -= (u32)(s2_root_size(s) / PAGE_SIZE);
	}
	s->dma_root = 0;
	s->doorbell_pa = 0;
}
