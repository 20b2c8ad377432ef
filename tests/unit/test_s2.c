/* SPDX-License-Identifier: Apache-2.0 */
/* Stage 2 as the target has it, with the TLB instructions, barriers and table pages recorded. */
#include <errno.h>
#include "tests/unit/test.h"
#include "arch/host/host.h"
#include "core/base/memory.h"

/* In the order they happen. */
enum event { EV_STORE = 1, EV_BARRIER, EV_FLUSH };
static enum event events[64];
static unsigned int event_count;
static u64 flushed_vttbr;
static unsigned int flushes;

static void happened(enum event e)
{
	if (event_count < ARRAY_SIZE(events)) {
		events[event_count++] = e;
	}
}

#define QUOIN_ARCH_AARCH64_TLB_H
static void tlb_flush_vmid(void)
{
	happened(EV_FLUSH);
	flushes++;
	flushed_vttbr = read_vttbr_el2();
}

/* No stage 1 walk may start while two guests' registers are mixed: as tlb.h has it. */
__attribute__((unused)) static void stage1_walks_off(void)
{
	write_sctlr_el1(0);
	write_tcr_el1(0);
}

__attribute__((unused)) static void stage1_walks_on(u64 sctlr, u64 tcr)
{
	write_sctlr_el1(sctlr);
	write_tcr_el1(tcr);
}

#undef dsb
#define dsb(scope) happened(EV_BARRIER)
#undef WRITE_ONCE
#define WRITE_ONCE(x, v) (happened(EV_STORE), *(volatile __typeof__(x) *)&(x) = (v))

/* Table pages: how many are out, and which request fails. */
static int pages_out, page_fails = -1;

static pa_t counted_page_alloc(void)
{
	pa_t p = page_fails == 0 ? 0 : mem_page_alloc();

	page_fails -= page_fails >= 0;
	pages_out += p != 0;
	return p;
}

static void counted_page_free(pa_t p)
{
	pages_out--;
	mem_page_free(p);
}

#define mem_page_alloc counted_page_alloc
#define mem_page_free counted_page_free
/* IOMMUs, which are told after the CPUs. */
static unsigned int iommu_flushes;
static bool cpus_first;

static void flush_iommus(u8 vmid)
{
	iommu_flushes++;
	cpus_first = flushes != 0;
	CHECK_EQ(vmid, 7);
}

#define iommu_flush flush_iommus
#include "arch/aarch64/s2.c"
#include "arch/aarch64/s2_dma.c"

static struct s2 s;
static u64 free_before;

static void begin(unsigned int bits)
{
	host_init();
	free_before = mem_free_bytes();
	pages_out = 0;
	page_fails = -1;
	event_count = flushes = 0;
	CHECK_EQ(s2_init(&s, 7, bits), 0);
	write_vttbr_el2(0x1234);
	write_sctlr_el1(0x5678);
	write_tcr_el1(0x9abc);
}

static void end(void)
{
	s2_destroy(&s);
	CHECK_EQ(s.root, 0);
	CHECK_EQ(pages_out, 0);
	CHECK_EQ(mem_free_bytes(), free_before);
}

static void the_level_is_the_largest_that_fits(void)
{
	static const struct {
		u64 ipa, pa, size;
		unsigned int level;
	} t[] = {
		{ 0, 0, GiB(1), 1 },
		{ GiB(3), GiB(5), GiB(8), 1 },
		{ 0, 0, GiB(1) - PAGE_SIZE, 2 },
		{ MiB(2), 0, GiB(4), 2 },
		{ 0, MiB(2), GiB(4), 2 },
		{ MiB(2), MiB(2), GiB(4), 2 },
		{ MiB(2), MiB(4), MiB(2), 2 },
		{ MiB(2), MiB(4), MiB(2) - PAGE_SIZE, 3 },
		{ PAGE_SIZE, 0, GiB(4), 3 },
		{ 0, PAGE_SIZE, GiB(4), 3 },
		{ 0, 0, PAGE_SIZE, 3 },
		{ GiB(1) - PAGE_SIZE, GiB(1) - PAGE_SIZE, GiB(4), 3 },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(t); i++) {
		CHECK_EQ(s2_pick_level(t[i].ipa, t[i].pa, t[i].size), t[i].level);
	}
}

static void sizes_and_the_root(void)
{
	unsigned int was = pa_bits;
	pa_t odd;

	host_init();
	odd = mem_page_alloc(); /* what comes next is aligned only if asked for */
	for (unsigned int bits = 32; bits <= 43; bits++) {
		u64 root = MAX(PAGE_SIZE, BIT(bits) / GiB(1) * 8);

		pa_bits = 43;
		begin(bits);
		CHECK(IS_ALIGNED(s.root, root)); /* tables side by side: aligned to all of them */
		CHECK_EQ(free_before - mem_free_bytes(), root);
		CHECK_EQ(s.tables, root / PAGE_SIZE);
		CHECK_EQ(s.ipa_size, BIT(bits));
		CHECK_EQ(s.vttbr, s.root | 7UL << 48);
		CHECK_EQ(s.vtcr & BITS(5, 0), 64 - bits); /* T0SZ */
		CHECK_EQ(field_get(BITS(7, 6), s.vtcr), 1); /* SL0: level 1 */
		CHECK_EQ(field_get(BITS(18, 16), s.vtcr), 4); /* PS of 43 bits: 44 */
		CHECK_EQ(s.vtcr & ~(BITS(7, 0) | BITS(18, 16)), BIT(31) | 0x3500);
		/* The last page is there, the one behind it is not. */
		CHECK_EQ(s2_map(&s, BIT(bits) - PAGE_SIZE, 0, PAGE_SIZE, S2_RAM), 0);
		CHECK_EQ(s2_map(&s, BIT(bits) - PAGE_SIZE, 0, 2 * PAGE_SIZE, S2_RAM), -EINVAL);
		CHECK_EQ(s2_map(&s, BIT(bits), 0, PAGE_SIZE, S2_RAM), -EINVAL);
		CHECK(s2_lookup(&s, BIT(bits) - 1, &(struct s2_leaf){ 0 }));
		CHECK(!s2_lookup(&s, BIT(bits), &(struct s2_leaf){ 0 }));
		CHECK(!s2_lookup(&s, ~0UL, &(struct s2_leaf){ 0 }));
		end();
	}
	pa_bits = 48; /* RAM above 2^42 is still reached, whatever the guest's addresses */
	CHECK_EQ(s2_max_ipa_bits(), 42);
	begin(36);
	CHECK_EQ(field_get(BITS(18, 16), s.vtcr), 5);
	CHECK_EQ(s2_map(&s, 0, BIT(44), PAGE_SIZE, S2_RAM), 0);
	end();
	pa_bits = 40;
	CHECK_EQ(s2_init(&s, 1, 31), -EINVAL);
	CHECK_EQ(s2_init(&s, 1, 41), -EINVAL);
	s2_limit_ipa_bits(36);
	s2_limit_ipa_bits(40); /* the smallest CPU counts */
	CHECK_EQ(s2_max_ipa_bits(), 36);
	CHECK_EQ(s2_init(&s, 1, 37), -EINVAL);
	begin(36);
	CHECK_EQ(field_get(BITS(18, 16), s.vtcr), 1);
	end();
	pa_bits = was;
	mem_page_free(odd);
}

static void physical_sizes(void)
{
	static const u8 t[][2] = { { 32, 0 }, { 33, 1 }, { 36, 1 }, { 37, 2 }, { 40, 2 }, { 42, 3 },
				   { 43, 4 }, { 44, 4 }, { 48, 5 } };

	for (unsigned int i = 0; i < ARRAY_SIZE(t); i++) {
		CHECK_EQ(ps_field(t[i][0]), t[i][1]);
	}
}

/* A BAR that a guest moves about. */
static void no_more_tables_than_are_granted(void)
{
	struct s2_leaf l;
	u64 n = 0;

	begin(40);
	s.tables_max = s.tables + 8;
	while (s2_map(&s, n * MiB(2), GiB(8), KiB(16), S2_DEVICE) == 0) {
		s2_unmap(&s, n++ * MiB(2), KiB(16));
	}
	CHECK_EQ(n, 7); /* and one of level 2 */
	CHECK_EQ(s.tables, s.tables_max);
	CHECK_EQ(s2_map(&s, GiB(2), GiB(8), KiB(16), S2_DEVICE), -ENOMEM);
	CHECK_EQ(s2_map(&s, MiB(2), GiB(8), KiB(16), S2_DEVICE), 0);
	CHECK(s2_lookup(&s, MiB(2), &l) && l.pa == GiB(8));
	CHECK_EQ(s2_map(&s, GiB(4), GiB(8), GiB(1), S2_DEVICE), 0); /* takes none */
	CHECK_EQ(s.tables, s.tables_max);
	end();
}

static void init_without_memory(void)
{
	u64 all;

	host_init();
	while (mem_range_alloc(PAGE_SIZE * 2, PAGE_SIZE * 2, 0) != 0) {
	}
	all = mem_free_bytes();
	CHECK_EQ(s2_init(&s, 1, 40), -ENOMEM);
	CHECK_EQ(s.root, 0);
	CHECK_EQ(mem_free_bytes(), all);
	s2_destroy(&s); /* harmless */
}

static void maps_use_the_largest_blocks(void)
{
	struct s2_leaf l;

	begin(40);
	CHECK_EQ(s2_map(&s, GiB(1) - MiB(2) - PAGE_SIZE, GiB(5) - MiB(2) - PAGE_SIZE,
			PAGE_SIZE + MiB(2) + GiB(2) + MiB(4) + 3 * PAGE_SIZE, S2_RAM), 0);
	CHECK_EQ(s.leaf[1], 2);
	CHECK_EQ(s.leaf[2], 3);
	CHECK_EQ(s.leaf[3], 4);
	CHECK_EQ(pages_out, 4); /* level 2 and 3 at both ends */
	CHECK_EQ(s.tables, 2 + 4);
	CHECK(s2_lookup(&s, GiB(1) + 5, &l) && l.level == 1 && l.pa == GiB(5) + 5);
	CHECK(s2_lookup(&s, GiB(1) - 1, &l) && l.level == 2 && l.pa == GiB(5) - 1);
	CHECK(s2_lookup(&s, GiB(1) - MiB(2) - 1, &l) && l.level == 3 && l.pa == GiB(5) - MiB(2) - 1);
	CHECK(!s2_lookup(&s, GiB(1) - MiB(2) - PAGE_SIZE - 1, &l));
	CHECK(s2_lookup(&s, GiB(3) + MiB(4) + 3 * PAGE_SIZE - 1, &l) && l.level == 3);
	CHECK(!s2_lookup(&s, GiB(3) + MiB(4) + 3 * PAGE_SIZE, &l));
	end();
}

static void descriptors(void)
{
	static const struct {
		enum s2_attr attr;
		u64 bits; /* ARM ARM D8.3.3, D8.5.5: AF, SH, S2AP, MemAttr, XN */
	} t[] = {
		{ S2_RAM, 1UL << 10 | 3 << 8 | 3 << 6 | 15 << 2 },
		{ S2_ROM, 1UL << 10 | 3 << 8 | 1 << 6 | 15 << 2 },
		{ S2_DEVICE, 1UL << 55 | 1UL << 54 | 1UL << 10 | 3 << 6 | 1 << 2 }, /* 55: not in the view of devices */
		{ S2_DEVICE_RO, 1UL << 55 | 1UL << 54 | 1UL << 10 | 1 << 6 | 1 << 2 },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(t); i++) {
		unsigned int at;

		CHECK_EQ(s2_leaf_entry(GiB(6), t[i].attr, 1), GiB(6) | t[i].bits | 1);
		CHECK_EQ(s2_leaf_entry(MiB(6), t[i].attr, 2), MiB(6) | t[i].bits | 1);
		CHECK_EQ(s2_leaf_entry(0x6000, t[i].attr, 3), 0x6000 | t[i].bits | 3);
		CHECK_EQ(s2_attr_of(t[i].bits), t[i].attr);
		begin(40);
		CHECK_EQ(s2_map(&s, 0x5000, 0x6000, PAGE_SIZE, t[i].attr), 0);
		CHECK_EQ(*walk(&s, 0x5000, 3, false, &at), 0x6000 | t[i].bits | 3);
		CHECK_EQ(at, 3);
		end();
	}
	CHECK(s2_is_table(3, 1) && s2_is_table(3, 2) && !s2_is_table(3, 3) && !s2_is_table(1, 1) &&
	      !s2_is_table(2, 2));
	CHECK(s2_is_leaf(3, 3) && s2_is_leaf(1, 1) && s2_is_leaf(1, 2) && !s2_is_leaf(3, 2) &&
	      !s2_is_leaf(0, 3) && !s2_is_leaf(2, 3));
}

static void bad_ranges_are_refused(void)
{
	begin(40);
	CHECK_EQ(s2_map(&s, 0, 0, 0, S2_RAM), -EINVAL);
	CHECK_EQ(s2_map(&s, 1, 0, PAGE_SIZE, S2_RAM), -EINVAL);
	CHECK_EQ(s2_map(&s, 0, 1, PAGE_SIZE, S2_RAM), -EINVAL);
	CHECK_EQ(s2_map(&s, 0, 0, PAGE_SIZE + 1, S2_RAM), -EINVAL);
	CHECK_EQ(s2_map(&s, ~0UL << 12, 0, 2 * PAGE_SIZE, S2_RAM), -EINVAL);
	CHECK_EQ(s2_map(&s, 0, ~0UL << 12, 2 * PAGE_SIZE, S2_RAM), -EINVAL);
	CHECK_EQ(s2_map(&s, 0, BIT(48), PAGE_SIZE, S2_RAM), -EINVAL);
	CHECK_EQ(s2_map(&s, 0, BIT(48) - PAGE_SIZE, 2 * PAGE_SIZE, S2_RAM), -EINVAL);
	CHECK_EQ(event_count, 0);
	CHECK_EQ(s2_map(&s, 0, BIT(48) - PAGE_SIZE, PAGE_SIZE, S2_RAM), 0);
	end();
}

static void what_is_mapped_stays(void)
{
	static const u64 at[] = { GiB(4), GiB(8) + MiB(4), GiB(12) + MiB(4) + 0x5000 };
	static const u64 size[] = { GiB(1), MiB(2), PAGE_SIZE };

	begin(40);
	for (unsigned int i = 0; i < 3; i++) {
		CHECK_EQ(s2_map(&s, at[i], GiB(1), size[i], S2_ROM), 0);
	}
	for (unsigned int i = 0; i < 3; i++) {
		struct s2 was = s;
		struct s2_leaf l;
		int pages = pages_out;

		event_count = 0;
		CHECK_EQ(s2_map(&s, at[i], 0, size[i], S2_RAM), -EEXIST);
		CHECK_EQ(s2_map(&s, at[i], 0, PAGE_SIZE, S2_RAM), -EEXIST);
		CHECK_EQ(s2_map(&s, at[i] + size[i] - PAGE_SIZE, 0, GiB(1), S2_RAM), -EEXIST);
		CHECK_EQ(s2_map(&s, at[i] - GiB(2), 0, GiB(2) + PAGE_SIZE, S2_RAM), -EEXIST);
		CHECK_EQ(s2_map(&s, GiB(2), 0, GiB(100), S2_RAM), -EEXIST);
		CHECK_MEM(&s, &was, sizeof(s));
		CHECK_EQ(pages_out, pages);
		CHECK_EQ(event_count, 0); /* not even a store */
		CHECK(s2_lookup(&s, at[i] + size[i] - 1, &l) && l.attr == S2_ROM);
		CHECK(!s2_lookup(&s, at[i] - 1, &l));
		CHECK(!s2_lookup(&s, at[i] + size[i], &l));
	}
	end();
}

static void without_memory_nothing_is_left(void)
{
	const ipa_t ipa = GiB(1) - MiB(2) - PAGE_SIZE;
	const u64 size = PAGE_SIZE + MiB(2) + GiB(1) + MiB(2) + PAGE_SIZE;
	int fails = 0, err;

	do {
		struct s2_leaf l;

		begin(40);
		page_fails = fails;
		err = s2_map(&s, ipa, ipa, size, S2_RAM);
		if (err != 0) {
			CHECK_EQ(err, -ENOMEM);
			CHECK_EQ(s.leaf[1] + s.leaf[2] + s.leaf[3], 0);
			CHECK_EQ(events[event_count - 1], EV_FLUSH);
			for (ipa_t at = ipa; at < ipa + size; at += PAGE_SIZE) {
				REQUIRE(!s2_lookup(&s, at, &l));
			}
			page_fails = -1; /* and it can be mapped later, as before */
			CHECK_EQ(s2_map(&s, ipa, ipa, size, S2_RAM), 0);
			CHECK(s2_lookup(&s, ipa, &l) && s2_lookup(&s, ipa + size - 1, &l));
		}
		end();
		fails++;
	} while (err != 0 && fails < 20);
	CHECK_EQ(fails - 1, 4); /* every one of the four tables has failed once */
}

static void blocks_give_way_to_tables_that_are_there(void)
{
	begin(40);
	CHECK_EQ(s2_map(&s, GiB(1) + MiB(2), 0, PAGE_SIZE, S2_RAM), 0);
	s2_unmap(&s, GiB(1) + MiB(2), PAGE_SIZE);
	/* The tables are still there and empty: entries never go from table to block. */
	CHECK_EQ(s2_map(&s, GiB(1), GiB(1), GiB(1), S2_RAM), 0);
	CHECK_EQ(s.leaf[1], 0);
	CHECK_EQ(s.leaf[2], 511);
	CHECK_EQ(s.leaf[3], 512);
	for (u64 at = 0; at < GiB(1); at += KiB(64)) {
		struct s2_leaf l;

		REQUIRE(s2_lookup(&s, GiB(1) + at, &l) && l.pa == GiB(1) + at);
	}
	end();
}

static void stores_and_invalidations_are_in_order(void)
{
	begin(40);
	CHECK_EQ(s2_map(&s, 0, 0, PAGE_SIZE, S2_RAM), 0);
	/* Each table is visible as zeros before it is linked; entries before the function returns. */
	CHECK_EQ(event_count, 6);
	CHECK(events[0] == EV_BARRIER && events[1] == EV_STORE && events[2] == EV_BARRIER &&
	      events[3] == EV_STORE && events[4] == EV_STORE && events[5] == EV_BARRIER);
	CHECK_EQ(flushes, 0);
	event_count = 0;
	s2_unmap(&s, 0, PAGE_SIZE);
	CHECK_EQ(event_count, 2);
	CHECK(events[0] == EV_STORE && events[1] == EV_FLUSH);
	CHECK_EQ(flushed_vttbr, s.vttbr); /* by this VM's VMID, whoever is loaded */
	CHECK_EQ(read_vttbr_el2(), 0x1234);
	CHECK_EQ(read_sctlr_el1(), 0x5678);
	CHECK_EQ(read_tcr_el1(), 0x9abc);
	event_count = 0;
	u64 vttbr = s.vttbr;
	end();
	CHECK(event_count == 1 && events[0] == EV_FLUSH);
	CHECK_EQ(flushed_vttbr, vttbr);
}

#define PAGES 2048 /* two times 4 MiB, around the border of a level 1 entry */
#define LOW (GiB(1) - PAGES / 2 * PAGE_SIZE)

static void random_maps_are_those_of_a_model(void)
{
	static pa_t pa_of[PAGES];
	static u8 attr_of[PAGES]; /* 0: none */
	u64 seed = 3;

	begin(32);
	memset(attr_of, 0, sizeof(attr_of));
	for (unsigned int step = 0; step < 3000; step++) {
		u64 at, n, free_pages = 0;

		seed = seed * 6364136223846793005UL + 1442695040888963407UL;
		at = seed >> 33 & (PAGES - 1);
		n = MIN((seed >> 45 & 1) ? 512 : (seed >> 46 & 63) + 1, PAGES - at);
		if (seed >> 52 & 1) {
			at &= ~511UL;
		}
		for (u64 i = at; i < at + n; i++) {
			free_pages += attr_of[i] == 0;
		}
		if (seed >> 53 & 1) {
			enum s2_attr a = (enum s2_attr)(seed >> 54 & 1);
			pa_t pa = GiB(8) + at * PAGE_SIZE + ((seed >> 56 & 1) ? PAGE_SIZE : 0);
			int err = s2_map(&s, LOW + at * PAGE_SIZE, pa, n * PAGE_SIZE, a);

			REQUIRE(err == (free_pages == n ? 0 : -EEXIST));
			for (u64 i = 0; err == 0 && i < n; i++) {
				pa_of[at + i] = pa + i * PAGE_SIZE;
				attr_of[at + i] = (u8)a + 1;
			}
		} else {
			struct s2_leaf l;

			/* Whole blocks go: what else they hold is no longer mapped either. */
			for (u64 i = at; i < at + n; i++) {
				if (attr_of[i] != 0 && s2_lookup(&s, LOW + i * PAGE_SIZE, &l) &&
				    l.level == 2) {
					memset(&attr_of[i & ~511UL], 0, 512);
				}
				attr_of[i] = 0;
			}
			s2_unmap(&s, LOW + at * PAGE_SIZE, n * PAGE_SIZE);
		}
		for (u64 i = 0; i < PAGES; i++) {
			struct s2_leaf l;
			bool is = s2_lookup(&s, LOW + i * PAGE_SIZE + 0x123, &l);

			REQUIRE(is == (attr_of[i] != 0));
			REQUIRE(!is || (l.pa == pa_of[i] + 0x123 && l.attr == attr_of[i] - 1u));
		}
	}
	end();
}

TEST_MAIN(RUN(the_level_is_the_largest_that_fits), RUN(sizes_and_the_root), RUN(physical_sizes),
	  RUN(maps_use_the_largest_blocks), RUN(descriptors), RUN(bad_ranges_are_refused),
	  RUN(what_is_mapped_stays), RUN(without_memory_nothing_is_left),
	  RUN(blocks_give_way_to_tables_that_are_there), RUN(stores_and_invalidations_are_in_order),
	  RUN(random_maps_are_those_of_a_model), RUN(no_more_tables_than_are_granted),
	  RUN(init_without_memory))
