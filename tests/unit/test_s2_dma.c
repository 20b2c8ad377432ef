/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The view of a VM's devices against what was mapped, in random order. A walker of an IOMMU is played that
 * remembers every table it has passed until it is told to forget: through none of them may it ever find what
 * devices do not have.
 */
#include <errno.h>
#include <stdlib.h>
#include "tests/unit/test.h"
#include "arch/host/host.h"
#include "core/base/memory.h"

#define QUOIN_ARCH_AARCH64_TLB_H
static unsigned int cpu_flushes, iommu_flushes;

static void tlb_flush_vmid(void)
{
	cpu_flushes++;
}

static void stage1_walks_off(void)
{
}

static void stage1_walks_on(u64 sctlr, u64 tcr)
{
	(void)sctlr;
	(void)tcr;
}

static void forget(u8 vmid);
#define iommu_flush forget

static int page_fails = -1;

static pa_t counted_page_alloc(void)
{
	pa_t p = page_fails == 0 ? 0 : mem_page_alloc();

	page_fails -= page_fails >= 0;
	return p;
}

#define mem_page_alloc counted_page_alloc

/* What the walker has seen of a non-snooping memory: entries written without being cleaned would be lost. */
static u64 cleaned;
static void clean(const void *p, size_t n)
{
	(void)p;
	cleaned += n;
}
#define arch_clean_dcache clean

#include "arch/aarch64/s2.c"
#include "arch/aarch64/s2_dma.c"

static struct s2 s;

/* ---- The walker's memory */
#define SEEN 512
static struct {
	ipa_t ipa;  /* that goes through it */
	pa_t table;
	unsigned int level;
} seen[SEEN];
static u32 seen_count;

static void forget(u8 vmid)
{
	CHECK_EQ(vmid, 3);
	iommu_flushes++;
	seen_count = 0;
}

static void walk_as_device(ipa_t ipa)
{
	u64 e = *s2_entry(s.dma_root, ipa, 1);

	for (unsigned int l = 1; s2_is_table(e, l); l++) {
		if (seen_count < SEEN) {
			seen[seen_count].ipa = ipa;
			seen[seen_count].table = e & S2_ADDR;
			seen[seen_count++].level = l + 1;
		}
		e = *s2_entry(e & S2_ADDR, ipa, l + 1);
	}
}

/* Nothing that is remembered leads to a leaf that devices do not have. */
static bool memory_is_harmless(void)
{
	for (u32 i = 0; i < seen_count; i++) {
		u64 e = *s2_entry(seen[i].table, seen[i].ipa, seen[i].level);
		unsigned int l = seen[i].level;

		for (; s2_is_table(e, l); l++) {
			e = *s2_entry(e & S2_ADDR, seen[i].ipa, l + 1);
		}
		if ((e & S2_VALID) != 0 && (e & S2_CPU_ONLY) != 0) {
			return false;
		}
	}
	return true;
}

/* ---- The model */
#define MAPS 48
static struct {
	ipa_t ipa;
	pa_t pa;
	u64 size;
	enum s2_attr attr;
} maps[MAPS];
static u32 map_count;
static ipa_t bell;
static pa_t bell_pa;

static bool for_devices(enum s2_attr a)
{
	return a == S2_RAM || a == S2_ROM || a == S2_DEVICE_DMA;
}

static bool compare(ipa_t ipa)
{
	struct s2_leaf c, d;
	bool cpu = s2_lookup(&s, ipa, &c), dma = s2_dma_lookup(&s, ipa, &d);

	for (u32 i = 0; i < map_count; i++) {
		if (ipa - maps[i].ipa < maps[i].size) {
			pa_t pa = maps[i].pa + (ipa - maps[i].ipa);

			if (!cpu || c.pa != pa || dma != (s.dma_root != 0 && for_devices(maps[i].attr))) {
				return false;
			}
			return !dma || (d.pa == pa && d.attr == c.attr && d.level == c.level);
		}
	}
	if (cpu) {
		return false;
	}
	if (bell_pa != 0 && ipa - bell < PAGE_SIZE) {
		return dma && d.pa == bell_pa + (ipa - bell) && d.attr == S2_DEVICE;
	}
	return !dma;
}

static bool compare_all(void)
{
	bool good = true;

	for (u32 i = 0; i < map_count; i++) {
		good &= compare(maps[i].ipa) & compare(maps[i].ipa + maps[i].size - 1) & compare(maps[i].ipa - 1) &
			compare(maps[i].ipa + maps[i].size) & compare(maps[i].ipa + maps[i].size / 2);
	}
	for (u32 i = 0; i < 200; i++) {
		good &= compare((u64)random() % 8 << 30 | (u64)random() % 4 << 21 | ((u64)random() % 16 << 12 & BITS(20, 0)));
	}
	return good & compare(bell) & compare(bell + PAGE_SIZE);
}

/* A place where much meets much: few GiB, few 2 MiB in them, few pages in those. */
static u64 place(u32 grain)
{
	u64 at = (u64)random() % 8 << 30;

	if (grain < 2) {
		at |= (u64)random() % 4 << 21;
	}
	if (grain < 1) {
		at |= (u64)random() % 16 << 12;
	}
	return at;
}

static void add(void)
{
	static const enum s2_attr attrs[] = { S2_RAM, S2_RAM, S2_RAM, S2_ROM, S2_DEVICE, S2_DEVICE, S2_RAM_CPU, S2_ROM_CPU,
					      S2_DEVICE_RO, S2_DEVICE_DMA };
	u32 grain = (u32)random() % 3;
	u64 unit = grain == 0 ? PAGE_SIZE : grain == 1 ? MiB(2) : GiB(1), size = unit * (1 + (u64)random() % 3);
	ipa_t ipa = place(grain);
	pa_t pa = place(grain == 2 ? 1 + (u32)random() % 2 : (u32)random() % 3) + GiB(16);
	enum s2_attr attr = attrs[(u32)random() % ARRAY_SIZE(attrs)];
	bool free = ipa + size <= s.ipa_size;
	int want = free ? 0 : -EINVAL, got;

	for (u32 i = 0; i < map_count && free; i++) {
		want = range_overlaps(ipa, size, maps[i].ipa, maps[i].size) ? -EEXIST : want;
	}
	if (free && bell_pa != 0 && range_overlaps(ipa, size, bell, PAGE_SIZE)) {
		want = -EEXIST;
	}
	if (map_count == MAPS) {
		return;
	}
	page_fails = random() % 8 == 0 ? (int)(random() % 5) : -1;
	got = s2_map(&s, ipa, pa, size, attr);
	if (got == -ENOMEM && page_fails == -1) {
		want = -ENOMEM;
	}
	page_fails = -1;
	CHECK_EQ(got, want);
	if (got == 0) {
		maps[map_count].ipa = ipa;
		maps[map_count].pa = pa;
		maps[map_count].size = size;
		maps[map_count++].attr = attr;
	}
}

static void remove_one(void)
{
	u32 i = (u32)random() % map_count, flushes = iommu_flushes;

	s2_unmap(&s, maps[i].ipa, maps[i].size);
	CHECK_EQ(iommu_flushes > flushes, s.dma_root != 0);
	maps[i] = maps[--map_count];
}

static void whatever_is_mapped_both_views_are_right(void)
{
	host_init();
	for (u32 round = 0; round < 60; round++) {
		u64 before = mem_free_bytes();
		u32 enable_at = (u32)random() % 80, bell_at = enable_at + (u32)random() % 40;

		srandom(round);
		s2_dma_clean = round % 4 == 0;
		map_count = seen_count = 0;
		bell = bell_pa = 0;
		CHECK_EQ(s2_init(&s, 3, 33), 0);
		for (u32 step = 0; step < 160; step++) {
			bool good;

			if (step == enable_at) {
				CHECK_EQ(s2_dma_enable(&s, 0, 0), 0);
			}
			if (step == bell_at) {
				ipa_t at = place(0);
				struct s2_leaf l;
				bool there = s2_lookup(&s, at, &l);
				int err = s2_dma_enable(&s, at, 0x8090000);

				CHECK_EQ(err, there ? -EEXIST : 0);
				if (err == 0) {
					bell = at;
					bell_pa = 0x8090000;
					CHECK_EQ(s2_dma_enable(&s, at, 0x8090000), 0);
					CHECK_EQ(s2_dma_enable(&s, at + PAGE_SIZE, 0x8090000), -EEXIST);
				}
			}
			if (map_count != 0 && random() % 3 == 0) {
				remove_one();
			} else {
				add();
			}
			for (u32 i = 0; s.dma_root != 0 && i < 64; i++) {
				walk_as_device(place((u32)random() % 3));
			}
			good = compare_all();
			CHECK(good);
			CHECK(memory_is_harmless());
			if (!good) {
				printf("round %u, step %u\n", round, step);
				return;
			}
		}
		s2_destroy(&s);
		CHECK_EQ(mem_free_bytes(), before);
	}
}

/* RAM and nothing else: not a table more than the root. */
static void what_is_only_ram_is_shared(void)
{
	u32 tables;

	host_init();
	CHECK_EQ(s2_init(&s, 3, 36), 0);
	CHECK_EQ(s2_map(&s, GiB(2), GiB(5) + PAGE_SIZE, MiB(4), S2_RAM), 0);
	CHECK_EQ(s2_map(&s, GiB(8), GiB(6), MiB(512), S2_RAM), 0);
	CHECK_EQ(s2_map(&s, MiB(16), MiB(144), PAGE_SIZE, S2_DEVICE), 0);
	tables = s.tables;
	CHECK_EQ(s2_dma_enable(&s, 0, 0), 0);
	CHECK(s.tables <= tables + 3); /* the root, and a copy of two where there are devices */
	CHECK(s2_same_table(*s2_entry(s.root, GiB(2), 1), *s2_entry(s.dma_root, GiB(2), 1), 1));
	CHECK(s2_same_table(*s2_entry(s.root, GiB(8), 1), *s2_entry(s.dma_root, GiB(8), 1), 1));
	iommu_flushes = 0;
	CHECK_EQ(s2_map(&s, GiB(3), GiB(10), GiB(1), S2_RAM), 0);
	CHECK_EQ(s2_map(&s, GiB(9), GiB(6), PAGE_SIZE, S2_DEVICE), 0);
	CHECK_EQ(iommu_flushes, 0);
	CHECK_EQ(s2_map(&s, GiB(2) + MiB(8), GiB(12), PAGE_SIZE, S2_DEVICE), 0); /* beside RAM: parted first */
	CHECK_EQ(iommu_flushes, 1);
	CHECK(!s2_same_table(*s2_entry(s.root, GiB(2), 1), *s2_entry(s.dma_root, GiB(2), 1), 1));
	s2_destroy(&s);
}

/* A view that cannot be made leaves nothing behind. */
static void without_memory_there_is_no_view(void)
{
	host_init();
	for (int n = 0; n < 6; n++) {
		u64 before = mem_free_bytes();
		int err;

		CHECK_EQ(s2_init(&s, 3, 36), 0);
		CHECK_EQ(s2_map(&s, GiB(2), GiB(5) + PAGE_SIZE, MiB(1), S2_RAM), 0);
		CHECK_EQ(s2_map(&s, GiB(2) + MiB(1), GiB(12), PAGE_SIZE, S2_DEVICE), 0);
		page_fails = n;
		err = s2_dma_enable(&s, MiB(16), 0x8090000);
		page_fails = -1;
		CHECK_EQ(err, n < 4 ? -ENOMEM : 0);
		CHECK(n >= 2 || s.dma_root == 0);
		s2_destroy(&s);
		CHECK_EQ(mem_free_bytes(), before);
	}
	CHECK_EQ(s2_init(&s, 3, 36), 0);
	CHECK_EQ(s2_dma_enable(&s, 12, 0x8090000), -EINVAL);
	CHECK_EQ(s2_dma_enable(&s, GiB(64), 0x8090000), -EINVAL);
	s2_destroy(&s);
}

/* Where walkers do not see the caches every entry written is cleaned. */
static void a_walker_past_the_caches_is_served(void)
{
	host_init();
	s2_dma_clean = true;
	CHECK_EQ(s2_init(&s, 3, 36), 0);
	cleaned = 0;
	CHECK_EQ(s2_map(&s, GiB(2), GiB(5) + PAGE_SIZE, PAGE_SIZE, S2_RAM), 0);
	CHECK_EQ(cleaned, 2 * PAGE_SIZE + 3 * 8);
	CHECK_EQ(s2_dma_enable(&s, 0, 0), 0);
	cleaned = 0;
	s2_unmap(&s, GiB(2), PAGE_SIZE);
	CHECK_EQ(cleaned, 8);
	s2_destroy(&s);
	s2_dma_clean = false;
}

TEST_MAIN(RUN(whatever_is_mapped_both_views_are_right), RUN(what_is_only_ram_is_shared), RUN(without_memory_there_is_no_view),
	  RUN(a_walker_past_the_caches_is_served))
