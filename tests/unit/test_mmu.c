/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EL2's own map as the target has it, its tables walked by the test: what is mapped how, guard pages,
 * and that a valid entry is never changed but to nothing.
 */
#include <errno.h>
#include "tests/unit/test.h"

/* The build machine has its own idea of these. */
#define arch_map el2_map
#define arch_stack_alloc el2_stack_alloc
#define arch_stack_free el2_stack_free
#define arch_image_pa el2_image_pa
#include "arch/host/host.h"
#include "core/base/memory.h"

#define QUOIN_ARCH_AARCH64_TLB_H
static unsigned int flushes;
static u64 flushed;
static bool entry_was_valid;
static void tlb_flush_el2_page(u64 va);

/* Every store to an entry: only from nothing to something or back. */
static unsigned int bad_stores;
static void store(u64 *e, u64 v)
{
	bad_stores += (*e & 1) != 0 && (v & 1) != 0;
	*e = v;
}
#undef WRITE_ONCE
#define WRITE_ONCE(x, v) store(&(x), v)

static int page_fails = -1;
static pa_t failing_page_alloc(void)
{
	pa_t p = page_fails == 0 ? 0 : mem_page_alloc();

	page_fails -= page_fails > 0;
	return p;
}
#define mem_page_alloc failing_page_alloc

#include "arch/aarch64/mmu.c"

static unsigned int pa_bits = 48;

unsigned int cpu_pa_bits(void)
{
	return pa_bits;
}

/* The image's BSS holds the early tables, at a physical address that is not its virtual one. */
#define BSS_PA 0x70000000UL
__asm__(".globl quoin_bss_start\n.set quoin_bss_start, early_tables\n"
	".globl quoin_bss_end\n.set quoin_bss_end, early_tables + 4096 * 12\n");
u64 quoin_root[512] __aligned_to(4096);

/* The entry that maps `va`, and the size of its block; NULL: nothing there. */
static const u64 *leaf(u64 va, u64 *size)
{
	const u64 *table = quoin_root;

	for (unsigned int shift = 39;; shift -= 9) {
		const u64 *e = &table[va >> shift & 511];

		*size = 1UL << shift;
		if ((*e & PTE_VALID) == 0) {
			return NULL;
		}
		if (shift == 12 || (*e & PTE_PAGE) == 0) {
			return e;
		}
		table = table_ptr(*e & PTE_ADDR);
	}
}

static void tlb_flush_el2_page(u64 va)
{
	u64 size;

	flushes++;
	flushed = va;
	entry_was_valid |= leaf(va, &size) != NULL;
}

static void begin(void)
{
	host_init();
	memset(quoin_root, 0, sizeof(quoin_root));
	memset(early_tables, 0, sizeof(early_tables));
	memset(slots, 0, sizeof(slots));
	early_used = 0;
	page_fails = -1;
	bad_stores = flushes = 0;
	entry_was_valid = false;
	mmu_init(0x40200000, BSS_PA);
}

static void image_addresses(void)
{
	begin();
	CHECK_EQ(arch_image_pa((void *)QUOIN_VA), 0x40200000);
	CHECK_EQ(arch_image_pa((void *)(QUOIN_VA + 0x1234)), 0x40201234);
	CHECK_EQ(arch_image_pa(early_tables), BSS_PA);
	CHECK_EQ(arch_image_pa(&early_tables[11][511]), BSS_PA + 0xbff8);
	CHECK(table_ptr(BSS_PA + 0x1000) == early_tables[1]);
	CHECK(table_ptr(BSS_PA + 0xc000) == (u64 *)(BSS_PA + 0xc000));
	CHECK(table_ptr(BSS_PA - 0x1000) == (u64 *)(BSS_PA - 0x1000));
}

static void attributes_are_never_executable(void)
{
	static const struct {
		enum map_kind kind;
		u64 bits; /* ARM ARM D8.3.3: XN, AF, SH, AP, AttrIndx */
	} t[] = {
		{ MAP_RAM, 1UL << 54 | 1 << 10 | 3 << 8 | 1 << 6 },
		{ MAP_RO, 1UL << 54 | 1 << 10 | 3 << 8 | 1 << 7 | 1 << 6 },
		{ MAP_DEVICE, 1UL << 54 | 1 << 10 | 1 << 6 | 1 << 2 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		const u64 *e;
		u64 size;

		begin();
		CHECK_EQ(arch_map(GiB(4), GiB(1) + MiB(2) + PAGE_SIZE, t[i].kind), 0);
		e = leaf(GiB(4) + 5, &size);
		CHECK(e != NULL && size == GiB(1) && *e == (GiB(4) | t[i].bits | 1));
		e = leaf(GiB(5), &size);
		CHECK(e != NULL && size == MiB(2) && *e == (GiB(5) | t[i].bits | 1));
		e = leaf(GiB(5) + MiB(2), &size);
		CHECK(e != NULL && size == PAGE_SIZE && *e == (GiB(5) + MiB(2)) + (t[i].bits | 3));
		CHECK(leaf(GiB(4) - 1, &size) == NULL);
		CHECK(leaf(GiB(5) + MiB(2) + PAGE_SIZE, &size) == NULL);
		CHECK_EQ(bad_stores, 0);
		CHECK_EQ(flushes, 0);
	}
}

static void bad_ranges_are_refused(void)
{
	begin();
	CHECK_EQ(arch_map(0, 0, MAP_RAM), -EINVAL);
	CHECK_EQ(arch_map(1, PAGE_SIZE, MAP_RAM), -EINVAL);
	CHECK_EQ(arch_map(0, PAGE_SIZE - 1, MAP_RAM), -EINVAL);
	CHECK_EQ(arch_map(~0UL << 12, 2 * PAGE_SIZE, MAP_RAM), -EINVAL);
	CHECK_EQ(arch_map(BIT(47), PAGE_SIZE, MAP_RAM), -EINVAL);
	CHECK_EQ(arch_map(BIT(47) - PAGE_SIZE, 2 * PAGE_SIZE, MAP_RAM), -EINVAL);
	/* What the CPU has no wires for would fault at the first access. */
	pa_bits = 40;
	CHECK_EQ(arch_map(BIT(40) - PAGE_SIZE, 2 * PAGE_SIZE, MAP_RAM), -EINVAL);
	pa_bits = 48;
	CHECK_EQ(early_used, 0);
	CHECK_EQ(arch_map(BIT(47) - PAGE_SIZE, PAGE_SIZE, MAP_RAM), 0);
}

static void what_is_there_stays_and_is_filled_around(void)
{
	u64 size;

	begin();
	CHECK_EQ(arch_map(GiB(1) + MiB(2) + 0x3000, 2 * PAGE_SIZE, MAP_RO), 0);
	CHECK_EQ(arch_map(GiB(1) + MiB(8), MiB(2), MAP_DEVICE), 0);
	CHECK_EQ(arch_map(0, GiB(3), MAP_RAM), 0);
	CHECK_EQ(bad_stores, 0);
	for (u64 va = GiB(1); va < GiB(2); va += PAGE_SIZE) {
		const u64 *e = leaf(va, &size);
		u64 in_2m = va & ~(MiB(2) - 1);

		REQUIRE(e != NULL);
		REQUIRE(((*e & PTE_ADDR) | (va & (size - 1))) == va);
		if (va - (GiB(1) + MiB(2) + 0x3000) < 2 * PAGE_SIZE) {
			REQUIRE((*e & PTE_RO) != 0 && size == PAGE_SIZE);
		} else if (in_2m == GiB(1) + MiB(8)) {
			REQUIRE((*e & PTE_DEVICE) != 0 && size == MiB(2));
		} else {
			REQUIRE((*e & (PTE_RO | PTE_DEVICE)) == 0);
			REQUIRE(size == (in_2m == GiB(1) + MiB(2) ? PAGE_SIZE : MiB(2)));
		}
	}
	CHECK(leaf(0, &size) != NULL && size == GiB(1));
	CHECK(leaf(GiB(2), &size) != NULL && size == GiB(1));
	/* Pages of a block that is there: nothing changes. */
	CHECK_EQ(arch_map(GiB(2) + PAGE_SIZE, PAGE_SIZE, MAP_RO), 0);
	CHECK_EQ(arch_map(GiB(1) + MiB(9), PAGE_SIZE, MAP_RO), 0);
	CHECK(leaf(GiB(2) + PAGE_SIZE, &size) != NULL && size == GiB(1));
	CHECK_EQ(bad_stores, 0);
}

static void early_tables_first_then_pages(void)
{
	u64 before, size;

	begin();
	before = mem_free_bytes();
	for (u64 i = 0; i < 6; i++) {
		CHECK_EQ(arch_map(GiB(2 * i) + PAGE_SIZE, PAGE_SIZE, MAP_RAM), 0);
	}
	CHECK_EQ(early_used, 12);
	CHECK_EQ(before - mem_free_bytes(), PAGE_SIZE); /* 1 + 2 for each of six: one over */
	page_fails = 0;
	CHECK_EQ(arch_map(GiB(100), PAGE_SIZE, MAP_RAM), -ENOMEM);
	CHECK(leaf(GiB(100), &size) == NULL);
	page_fails = 1;
	CHECK_EQ(arch_map(GiB(100), PAGE_SIZE, MAP_RAM), -ENOMEM);
	CHECK(leaf(GiB(100), &size) == NULL);
	page_fails = -1;
	CHECK_EQ(arch_map(GiB(100), PAGE_SIZE, MAP_RAM), 0);
	CHECK(leaf(GiB(100), &size) != NULL);
	CHECK(leaf(GiB(10) + PAGE_SIZE, &size) != NULL);
}

static void stacks_have_guard_pages(void)
{
	void *top[3];
	u64 before, size;

	begin();
	early_used = EARLY_TABLES; /* count all */
	top[0] = arch_stack_alloc(KiB(12));
	before = mem_free_bytes();
	top[1] = arch_stack_alloc(KiB(16));
	top[2] = arch_stack_alloc(KiB(28)); /* the largest there may be */
	CHECK_EQ(before - mem_free_bytes(), KiB(44));
	for (unsigned int i = 0; i < 3; i++) {
		static const u64 sizes[] = { KiB(12), KiB(16), KiB(28) };
		u64 t = (u64)top[i];

		CHECK_EQ(t, QUOIN_STACKS + (i + 1) * STACK_SLOT);
		for (u64 off = 0; off < STACK_SLOT; off += PAGE_SIZE) {
			const u64 *e = leaf(t - off - 1, &size);

			if (off < sizes[i]) {
				REQUIRE(e != NULL && size == PAGE_SIZE);
				CHECK_EQ(*e & ~PTE_ADDR, PTE_DATA);
			} else {
				CHECK(e == NULL);
			}
		}
	}
	CHECK_EQ(flushes, 0);
	arch_stack_free(top[1], KiB(16));
	CHECK_EQ(flushes, 4);
	CHECK(!entry_was_valid); /* broken before it is invalidated */
	CHECK_EQ(flushed, (u64)top[1] - PAGE_SIZE);
	CHECK(leaf((u64)top[1] - 1, &size) == NULL);
	CHECK(leaf((u64)top[2] - 1, &size) != NULL && leaf((u64)top[0] - 1, &size) != NULL);
	CHECK_EQ(before - mem_free_bytes(), KiB(28));
	CHECK(arch_stack_alloc(KiB(4)) == top[1]); /* the slot is used again */
	CHECK(leaf((u64)top[1] - PAGE_SIZE - 1, &size) == NULL);
	CHECK_EQ(bad_stores, 0);
	arch_stack_free(top[0], KiB(12));
	arch_stack_free(top[1], KiB(4));
	arch_stack_free(top[2], KiB(28));
	CHECK_EQ(slots[0] | slots[1], 0);
	CHECK_EQ(mem_free_bytes(), before + KiB(12));
}

static void slots_run_out(void)
{
	void *top = NULL, *last;
	u64 before;

	begin();
	for (unsigned int i = 0; i < STACK_SLOTS; i++) {
		last = top;
		top = arch_stack_alloc(PAGE_SIZE);
		REQUIRE(top != NULL && top > last);
	}
	before = mem_free_bytes();
	CHECK(arch_stack_alloc(PAGE_SIZE) == NULL);
	CHECK_EQ(mem_free_bytes(), before);
	arch_stack_free(top, PAGE_SIZE);
	CHECK(arch_stack_alloc(PAGE_SIZE) == top);
	for (u64 i = 1; i <= STACK_SLOTS; i++) {
		arch_stack_free((void *)(QUOIN_STACKS + i * STACK_SLOT), PAGE_SIZE);
	}
}

static void a_stack_without_memory_leaves_nothing(void)
{
	void *top = NULL;
	int fails = 0;

	for (; top == NULL && fails < 20; fails++) {
		u64 before, tables;

		begin();
		early_used = EARLY_TABLES;
		before = mem_free_bytes();
		page_fails = fails;
		top = arch_stack_alloc(KiB(16));
		page_fails = -1;
		CHECK_EQ(slots[0], top != NULL ? 1 : 0);
		tables = 0;
		for (u64 *t = quoin_root; t != NULL && tables < 3; tables++) {
			u64 e = t[tables == 0 ? QUOIN_STACKS >> 39 & 511 :
				  tables == 1 ? QUOIN_STACKS >> 30 & 511 : 0];
			if ((e & PTE_VALID) == 0) {
				break;
			}
			t = table_ptr(e & PTE_ADDR);
		}
		if (top != NULL) {
			arch_stack_free(top, KiB(16));
		}
		/* Only the tables stay, for the next one. */
		CHECK_EQ(before - mem_free_bytes(), tables * PAGE_SIZE);
		CHECK_EQ(bad_stores, 0);
	}
	CHECK_EQ(fails - 1, 4 + 3);
}

TEST_MAIN(RUN(image_addresses), RUN(attributes_are_never_executable), RUN(bad_ranges_are_refused),
	  RUN(what_is_there_stays_and_is_filled_around), RUN(early_tables_first_then_pages),
	  RUN(stacks_have_guard_pages), RUN(slots_run_out), RUN(a_stack_without_memory_leaves_nothing))
