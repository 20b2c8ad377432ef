/* SPDX-License-Identifier: Apache-2.0 */
/* The range allocator: placement, merging, its bounds, and random use against a map of pages. */
#include "tests/unit/test.h"
#include "arch/host/host.h"
/* Its state is looked at and emptied here. */
#include "core/memory.c"

#define BASE GiB(1)

static void empty(void)
{
	host_uart_reset();
	free_count = 0;
	spilled = NULL;
	total_bytes = free_bytes = 0;
}

/* What the ranges hold, and that they are as the invariants say. */
static u64 ranges_ok(void)
{
	u64 sum = 0;

	for (unsigned int i = 0; i < free_count; i++) {
		CHECK(free_range[i].size != 0);
		CHECK(IS_ALIGNED(free_range[i].start | free_range[i].size, PAGE_SIZE));
		if (i > 0) {
			CHECK(free_range[i - 1].start + free_range[i - 1].size < free_range[i].start);
		}
		sum += free_range[i].size;
	}
	return sum;
}

static void banks_are_rounded_inwards_and_counted_once(void)
{
	empty();
	memory_add(BASE + 1, 3 * PAGE_SIZE);
	CHECK_EQ(mem_total_bytes(), 2 * PAGE_SIZE);
	CHECK_EQ(free_range[0].start, BASE + PAGE_SIZE);
	memory_add(BASE, 4 * PAGE_SIZE); /* overlaps */
	CHECK_EQ(mem_total_bytes(), 4 * PAGE_SIZE);
	CHECK_EQ(free_count, 1);
	memory_add(BASE + 4 * PAGE_SIZE, PAGE_SIZE); /* touches */
	CHECK_EQ(free_count, 1);
	memory_add(2 * BASE, PAGE_SIZE - 1);
	memory_add(2 * BASE, 0);
	memory_add(~0UL - PAGE_SIZE, 4 * PAGE_SIZE);
	CHECK_EQ(mem_total_bytes(), 5 * PAGE_SIZE);
	CHECK_EQ(mem_free_bytes(), ranges_ok());
}

static void address_0_is_never_handed_out(void)
{
	empty();
	memory_add(0, 4 * PAGE_SIZE);
	CHECK_EQ(mem_total_bytes(), 3 * PAGE_SIZE);
	for (unsigned int i = 1; i < 4; i++) {
		CHECK_EQ(mem_range_alloc(PAGE_SIZE, PAGE_SIZE, 0), i * PAGE_SIZE);
	}
	CHECK_EQ(mem_range_alloc(PAGE_SIZE, PAGE_SIZE, 0), 0);
}

static void reserving_splits(void)
{
	empty();
	memory_add(BASE, 16 * PAGE_SIZE);
	memory_reserve(BASE + 4 * PAGE_SIZE + 1, PAGE_SIZE); /* outwards: pages 4 and 5 */
	CHECK_EQ(free_count, 2);
	CHECK_EQ(free_range[0].size, 4 * PAGE_SIZE);
	CHECK_EQ(free_range[1].start, BASE + 6 * PAGE_SIZE);
	memory_reserve(BASE, PAGE_SIZE); /* the beginning */
	memory_reserve(BASE + 15 * PAGE_SIZE, GiB(1)); /* the end and beyond */
	memory_reserve(BASE + 3 * PAGE_SIZE, 4 * PAGE_SIZE); /* across the hole */
	CHECK_EQ(mem_free_bytes(), 10 * PAGE_SIZE);
	CHECK_EQ(ranges_ok(), 10 * PAGE_SIZE);
	memory_reserve(BASE + PAGE_SIZE, 2 * PAGE_SIZE); /* all of a range */
	CHECK_EQ(free_count, 1);
	memory_reserve(~0UL, 2);
	memory_reserve(BASE + 8 * PAGE_SIZE, 0);
	CHECK_EQ(mem_free_bytes(), 8 * PAGE_SIZE);
	CHECK_EQ(ranges_ok(), 8 * PAGE_SIZE);
}

static void the_first_fit_honours_alignment_and_offset(void)
{
	empty();
	memory_add(BASE + PAGE_SIZE, MiB(8));
	CHECK_EQ(mem_range_alloc(PAGE_SIZE, PAGE_SIZE, 0), BASE + PAGE_SIZE);
	CHECK_EQ(mem_range_alloc(MiB(2), MiB(2), 0), BASE + MiB(2));
	CHECK_EQ(mem_range_alloc(PAGE_SIZE, MiB(2), 0x5000), BASE + 0x5000);
	/* Of an offset only what lies below the alignment counts. */
	CHECK_EQ(mem_range_alloc(PAGE_SIZE, MiB(2), GiB(3) + 0x7000), BASE + 0x7000);
	CHECK_EQ(mem_range_alloc(PAGE_SIZE, PAGE_SIZE, 0), BASE + 2 * PAGE_SIZE);
	CHECK_EQ(mem_range_alloc(MiB(2), MiB(2), 0x1000), BASE + MiB(4) + 0x1000);
	CHECK_EQ(mem_free_bytes(), ranges_ok());
	CHECK_EQ(mem_range_alloc(MiB(4), MiB(2), 0), 0);
	CHECK_EQ(mem_range_alloc(0, PAGE_SIZE, 0), 0);
	CHECK_EQ(mem_range_alloc(PAGE_SIZE + 1, PAGE_SIZE, 0), 0);
	CHECK_EQ(mem_range_alloc(PAGE_SIZE, 1, 0), 0);
	CHECK_EQ(mem_range_alloc(~0UL & ~PAGE_MASK, PAGE_SIZE, 0), 0);
	CHECK_EQ(mem_free_bytes(), ranges_ok());
}

static void freed_neighbours_merge(void)
{
	static const u8 order[][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 },
				       { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };

	for (unsigned int i = 0; i < ARRAY_SIZE(order); i++) {
		empty();
		memory_add(BASE, 3 * PAGE_SIZE);
		for (unsigned int j = 0; j < 3; j++) {
			CHECK_EQ(mem_range_alloc(PAGE_SIZE, PAGE_SIZE, 0), BASE + j * PAGE_SIZE);
		}
		CHECK_EQ(free_count, 0);
		for (unsigned int j = 0; j < 3; j++) {
			mem_range_free(BASE + order[i][j] * PAGE_SIZE, PAGE_SIZE);
			(void)ranges_ok();
		}
		CHECK_EQ(free_count, 1);
		CHECK_EQ(mem_range_alloc(3 * PAGE_SIZE, PAGE_SIZE, 0), BASE);
	}
}

static void a_full_list_at_boot_loses_but_never_hands_out_twice(void)
{
	empty();
	memory_add(BASE, (2 * MAX_RANGES + 8) * PAGE_SIZE);
	for (unsigned int i = 0; i < MAX_RANGES - 1; i++) {
		memory_reserve(BASE + (2 * i + 1) * PAGE_SIZE, PAGE_SIZE);
	}
	CHECK_EQ(free_count, MAX_RANGES);
	CHECK_EQ(mem_free_bytes(), ranges_ok());
	/* One more split: what is behind is lost, and counted as lost. */
	memory_reserve(BASE + (2 * MAX_RANGES) * PAGE_SIZE, PAGE_SIZE);
	CHECK_EQ(free_count, MAX_RANGES);
	CHECK_EQ(free_range[MAX_RANGES - 1].size, 2 * PAGE_SIZE);
	CHECK_EQ(mem_free_bytes(), ranges_ok());
	/* Another bank: lost with a word about it. */
	memory_add(BASE / 2, PAGE_SIZE);
	CHECK_EQ(free_count, MAX_RANGES);
	CHECK_EQ(mem_free_bytes(), ranges_ok());
	CHECK(strstr(host_uart.out, "too many banks, 4 KiB lost") != NULL);
	/* Merging needs no room. */
	mem_range_free(BASE + PAGE_SIZE, PAGE_SIZE);
	CHECK_EQ(free_count, MAX_RANGES - 1);
	CHECK_EQ(mem_free_bytes(), ranges_ok());
}

static void a_full_list_later_loses_nothing(void)
{
	static u8 ram[(2 * MAX_RANGES + 40) * PAGE_SIZE] __aligned_to(16384);
	static u64 page[2 * MAX_RANGES + 40];
	u64 in_list;

	empty();
	memory_add((pa_t)ram, sizeof(ram));
	for (unsigned int i = 0; i < ARRAY_SIZE(page); i++) {
		page[i] = mem_page_alloc();
		REQUIRE(page[i] != 0);
	}
	/* Every other page is free: more ranges than the list holds. */
	for (unsigned int i = 0; i < ARRAY_SIZE(page); i += 2) {
		mem_page_free(page[i]);
	}
	CHECK_EQ(free_count, MAX_RANGES);
	CHECK_EQ(mem_free_bytes(), sizeof(ram) / 2);
	CHECK_EQ(ranges_ok(), MAX_RANGES * PAGE_SIZE);
	/* What one takes out of the list makes room for one that waits. */
	for (unsigned int i = 0; i < ARRAY_SIZE(page) / 2; i++) {
		page[2 * i] = mem_page_alloc();
		REQUIRE(page[2 * i] != 0);
	}
	CHECK_EQ(mem_free_bytes(), 0);
	CHECK(mem_page_alloc() == 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(page); i++) {
		mem_page_free(page[i]);
	}
	CHECK_EQ(free_count, 1);
	CHECK_EQ(mem_free_bytes(), sizeof(ram));
	/* A cut with the list full: the tail waits, too. */
	for (unsigned int i = 0; i < MAX_RANGES; i++) {
		page[i] = mem_range_alloc(2 * PAGE_SIZE, 2 * PAGE_SIZE, 0);
	}
	for (unsigned int i = 0; i < MAX_RANGES - 1; i++) {
		mem_range_free(page[i], PAGE_SIZE);
	}
	CHECK_EQ(free_count, MAX_RANGES);
	in_list = ranges_ok();
	CHECK(mem_range_alloc(PAGE_SIZE, 4 * PAGE_SIZE, 3 * PAGE_SIZE) != 0);
	CHECK_EQ(free_count, MAX_RANGES);
	CHECK(spilled != NULL);
	CHECK(ranges_ok() < in_list - PAGE_SIZE);
	CHECK_EQ(mem_free_bytes(), in_list - PAGE_SIZE);
}

static void pages_and_objects_are_zeroed(void)
{
	static u8 ram[8 * PAGE_SIZE] __aligned_to(4096);
	static const u8 zero[2 * PAGE_SIZE];
	u8 *p;

	empty();
	memset(ram, 0xa5, sizeof(ram));
	memory_add((pa_t)ram, sizeof(ram));
	CHECK_EQ(mem_page_alloc(), (pa_t)ram);
	CHECK_MEM(ram, zero, PAGE_SIZE);
	CHECK_EQ(ram[PAGE_SIZE], 0xa5);
	p = mem_alloc(PAGE_SIZE + 1);
	CHECK(p == ram + PAGE_SIZE);
	CHECK_MEM(p, zero, 2 * PAGE_SIZE);
	CHECK_EQ(mem_free_bytes(), 5 * PAGE_SIZE);
	CHECK(mem_alloc(6 * PAGE_SIZE) == NULL);
	mem_free(NULL, PAGE_SIZE);
	mem_free(p, PAGE_SIZE + 1);
	mem_page_free((pa_t)ram);
	CHECK_EQ(mem_free_bytes(), mem_total_bytes());
	CHECK_EQ(free_count, 1);
}

#define PAGES 512
#define HELD 64

static bool taken[PAGES]; /* the shadow map */

/* The address first fit must give, 0: none. */
static u64 model(u64 n, u64 align, u64 offset)
{
	for (u64 i = 0; i + n <= PAGES; i++) {
		u64 at = BASE + i * PAGE_SIZE, j = 0;

		while (j < n && !taken[i + j]) {
			j++;
		}
		if (j == n && (at - offset) % align == 0) {
			return at;
		}
	}
	return 0;
}

static void random_use_is_that_of_a_page_map(void)
{
	struct range held[HELD] = { 0 };
	u64 seed = 1, used = 0;

	empty();
	memory_add(BASE, PAGES * PAGE_SIZE);
	memset(taken, 0, sizeof(taken));
	for (unsigned int step = 0; step < 10000; step++) {
		struct range *r;

		seed = seed * 6364136223846793005UL + 1442695040888963407UL;
		r = &held[seed >> 33 & (HELD - 1)];
		if (r->size != 0) {
			mem_range_free(r->start, r->size);
		} else {
			u64 n = (seed >> 40 & 15) + 1, align = PAGE_SIZE << (seed >> 45 & 3);
			u64 offset = (seed >> 50 & 7) * PAGE_SIZE % align;

			r->start = mem_range_alloc(n * PAGE_SIZE, align, offset);
			REQUIRE(r->start == model(n, align, offset));
			if (r->start == 0) {
				continue;
			}
			r->size = n * PAGE_SIZE;
		}
		for (u64 i = 0; i < r->size / PAGE_SIZE; i++) {
			taken[(r->start - BASE) / PAGE_SIZE + i] ^= true;
		}
		if (taken[(r->start - BASE) / PAGE_SIZE]) {
			used += r->size;
		} else {
			used -= r->size;
			r->size = 0;
		}
		REQUIRE(mem_free_bytes() == PAGES * PAGE_SIZE - used);
		REQUIRE(ranges_ok() == mem_free_bytes());
	}
	for (unsigned int i = 0; i < HELD; i++) {
		if (held[i].size != 0) {
			mem_range_free(held[i].start, held[i].size);
		}
	}
	CHECK_EQ(mem_free_bytes(), mem_total_bytes());
	CHECK_EQ(free_count, 1);
}

static void a_range_is_taken_where_it_is(void)
{
	empty();
	memory_add(BASE, 8 * PAGE_SIZE);
	CHECK(mem_range_take(BASE + 2 * PAGE_SIZE, 3 * PAGE_SIZE));
	CHECK_EQ(mem_free_bytes(), 5 * PAGE_SIZE);
	CHECK(!mem_range_take(BASE + 4 * PAGE_SIZE, 2 * PAGE_SIZE)); /* in part */
	CHECK(!mem_range_take(BASE + 7 * PAGE_SIZE, 2 * PAGE_SIZE));
	CHECK(!mem_range_take(BASE + 100, PAGE_SIZE));
	CHECK(!mem_range_take(BASE, 0));
	CHECK(!mem_range_take(~0UL - PAGE_SIZE + 1, 2 * PAGE_SIZE));
	CHECK_EQ(mem_free_bytes(), ranges_ok());
	CHECK(mem_range_take(BASE, 2 * PAGE_SIZE));
	CHECK(mem_range_take(BASE + 5 * PAGE_SIZE, 3 * PAGE_SIZE));
	CHECK_EQ(free_count, 0);
	mem_range_free(BASE, 8 * PAGE_SIZE);
	CHECK_EQ(mem_free_bytes(), ranges_ok());
}

TEST_MAIN(RUN(banks_are_rounded_inwards_and_counted_once), RUN(address_0_is_never_handed_out),
	  RUN(reserving_splits), RUN(the_first_fit_honours_alignment_and_offset),
	  RUN(freed_neighbours_merge), RUN(a_full_list_at_boot_loses_but_never_hands_out_twice),
	  RUN(a_full_list_later_loses_nothing),
	  RUN(pages_and_objects_are_zeroed), RUN(a_range_is_taken_where_it_is), RUN(random_use_is_that_of_a_page_map))
