/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A view of devices in the only format that early R-Car Gen3 chips walk: LPAE of stage 1, 32 bits in, 40 out.
 *
 * A table of level 2 for each GiB, one of level 3 where the view has one. They stay until all of it goes, so an
 * entry only changes between nothing and one leaf, as in the view itself.
 */
#include "arch/aarch64/iommu/ipmmu.h"

#include <errno.h>
#include "arch/aarch64/s2pte.h"
#include "core/base/memory.h"

#define ROOT_ENTRIES (BIT(IPMMU_IN_BITS) / GiB(1))

static void put(u64 *e, u64 v)
{
	if (*e != v) {
		WRITE_ONCE(*e, v);
		arch_clean_dcache(e, sizeof(*e));
	}
}

static pa_t new_page(void)
{
	pa_t t = mem_page_alloc();

	if (t != 0) {
		arch_clean_dcache(pa_ptr(t), PAGE_SIZE);
	}
	return t;
}

pa_t ipmmu_table_new(void)
{
	return new_page();
}

void ipmmu_table_free(pa_t table)
{
	const u64 *l1 = pa_ptr(table);

	for (u32 i = 0; i < ROOT_ENTRIES; i++) {
		const u64 *l2 = pa_ptr(l1[i] & S2_ADDR);

		for (u32 j = 0; l1[i] != 0 && j < 512; j++) {
			if (s2_is_table(l2[j], 2)) {
				mem_page_free(l2[j] & S2_ADDR);
			}
		}
		if (l1[i] != 0) {
			mem_page_free(l1[i] & S2_ADDR);
		}
	}
	mem_page_free(table);
}

/* The leaf of stage 1 that does what `e` of stage 2 does, `offset` bytes into it. */
static u64 leaf(u64 e, unsigned int level, unsigned int at, u64 offset)
{
	u64 v = LPAE_VALID | (level == 3 ? LPAE_TABLE : 0) | LPAE_NS | LPAE_AP_UNPRIV | LPAE_SH_INNER | LPAE_AF;

	if (!s2_is_leaf(e, at) || (e & S2_CPU_ONLY) != 0 || (e & S2_R) == 0) {
		return 0;
	}
	v |= (e & S2_NORMAL_WB) == S2_NORMAL_WB ? LPAE_ATTR(0) : LPAE_ATTR(1); /* IMMAIR0 */
	return v | ((e & S2_W) == 0 ? LPAE_AP_READ_ONLY : 0) | ((e & S2_ADDR) + offset);
}

/* One step down from *d, with a table made if there is none; NULL without memory. */
static u64 *below(u64 *d)
{
	if (*d == 0) {
		pa_t t = new_page();

		if (t == 0) {
			return NULL;
		}
		dsb(oshst); /* it is empty before it is reached */
		put(d, t | LPAE_TABLE | LPAE_VALID | LPAE_NS_TABLE);
	}
	return pa_ptr(*d & S2_ADDR);
}

/* 2 MiB: entry `e` of the view's level `at`, 1 or 2, `offset` bytes into it. False without memory. */
static bool sync_level2(u64 *d, u64 e, unsigned int at, u64 offset)
{
	const u64 *from = pa_ptr(e & S2_ADDR);
	u64 *to;

	if (!s2_is_table(e, at)) { /* nor was it ever one: the view's tables stay */
		put(d, leaf(e, 2, at, offset));
		return true;
	}
	if (!s2_is_table(*d, 2)) {
		put(d, 0);
	}
	to = below(d);
	for (u32 k = 0; to != NULL && k < 512; k++) {
		put(&to[k], leaf(from[k], 3, 3, 0));
	}
	return to != NULL;
}

/* A GiB of the view without anything in it? */
static bool nothing(u64 e)
{
	const u64 *l2 = pa_ptr(e & S2_ADDR);

	if (!s2_is_table(e, 1)) {
		return (e & S2_VALID) == 0;
	}
	for (u32 j = 0; j < 512; j++) {
		const u64 *l3 = pa_ptr(l2[j] & S2_ADDR);

		if (s2_is_leaf(l2[j], 2)) {
			return false;
		}
		for (u32 k = 0; s2_is_table(l2[j], 2) && k < 512; k++) {
			if (s2_is_leaf(l3[k], 3)) {
				return false;
			}
		}
	}
	return true;
}

int ipmmu_table_sync(pa_t table, pa_t root, u32 t0sz)
{
	const u64 *from = pa_ptr(root);
	u64 *to = pa_ptr(table);
	int err = 0;

	for (u64 i = 0; i < BIT(64 - t0sz) / s2_block(1); i++) {
		const u64 *l2 = pa_ptr(from[i] & S2_ADDR);
		u64 *d;

		if (i >= ROOT_ENTRIES) {
			err = nothing(from[i]) ? err : -ERANGE;
			continue;
		}
		if (from[i] == 0 && to[i] == 0) {
			continue;
		}
		d = below(&to[i]);
		if (d == NULL) {
			err = -ENOMEM;
			continue;
		}
		for (u32 j = 0; j < 512; j++) {
			bool split = s2_is_table(from[i], 1);

			if (!sync_level2(&d[j], split ? l2[j] : from[i], split ? 2 : 1, split ? 0 : j * s2_block(2))) {
				err = -ENOMEM;
			}
		}
	}
	dsb(oshst);
	return err;
}
