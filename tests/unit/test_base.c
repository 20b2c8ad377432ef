/* SPDX-License-Identifier: Apache-2.0 */
/* The base: lists, ranges, arenas, diagnostics, locks, bit fields. */
#include "tests/unit/test.h"
#include "core/base/arena.h"
#include "core/base/diag.h"
#include "core/base/list.h"
#include "core/base/lock.h"
#include "core/base/range.h"

static void fields_and_alignment(void)
{
	CHECK_EQ(BIT(63), 0x8000000000000000UL);
	CHECK_EQ(BITS(63, 0), ~0UL);
	CHECK_EQ(BITS(0, 0), 1);
	CHECK_EQ(BITS(47, 12), 0xfffffffff000UL);
	CHECK_EQ(field_get(BITS(7, 4), 0x1a5), 0xa);
	CHECK_EQ(field_prep(BITS(7, 4), 0x1a), 0xa0); /* what is too large is cut */
	CHECK_EQ(field_get(BIT(63), ~0UL), 1);
	CHECK_EQ(field_prep(BIT(63), 1), BIT(63));
	CHECK_EQ(ALIGN_UP(1, 4096), 4096);
	CHECK_EQ(ALIGN_UP(4096, 4096), 4096);
	CHECK_EQ(ALIGN_DOWN(8191, 4096), 4096);
	CHECK(IS_ALIGNED(8192, 4096) && !IS_ALIGNED(8193, 4096));
	CHECK_EQ(GiB(4), 1UL << 32);
}

struct item {
	int n;
	struct list link;
};

static int sum_up(const struct list *h)
{
	struct list *it;
	int digits = 0;

	list_for_each(it, h) {
		digits = digits * 10 + list_entry(it, struct item, link)->n;
	}
	return digits;
}

static void lists(void)
{
	struct item a = { .n = 1 }, b = { .n = 2 }, c = { .n = 3 };
	struct list h;

	list_init(&h);
	CHECK(list_empty(&h));
	CHECK_EQ(sum_up(&h), 0);
	list_add_tail(&h, &a.link);
	list_add_tail(&h, &c.link);
	CHECK(!list_empty(&h));
	list_add_tail(&c.link, &b.link); /* in front of a node */
	CHECK_EQ(sum_up(&h), 123);
	CHECK(h.prev == &c.link && c.link.prev == &b.link && a.link.prev == &h);
	list_del(&b.link);
	CHECK_EQ(sum_up(&h), 13);
	CHECK(list_empty(&b.link));
	list_del(&b.link); /* twice is harmless */
	CHECK_EQ(sum_up(&h), 13);
	list_del(&a.link);
	list_del(&c.link);
	CHECK(list_empty(&h) && h.prev == &h);
}

static void ranges(void)
{
	CHECK(!range_valid(5, 0));
	CHECK(range_valid(0, ~0UL));
	CHECK(range_valid(~0UL, 1)); /* the last byte there is */
	CHECK(!range_valid(~0UL, 2));
	CHECK(!range_valid(2, ~0UL));
	CHECK(range_valid(1, ~0UL));

	CHECK(range_overlaps(10, 10, 19, 1));
	CHECK(!range_overlaps(10, 10, 20, 1));
	CHECK(range_overlaps(10, 10, 5, 6));
	CHECK(!range_overlaps(10, 10, 5, 5));
	CHECK(range_overlaps(10, 10, 0, 100) && range_overlaps(0, 100, 10, 10));
	CHECK(range_overlaps(~0UL, 1, ~0UL - 4, 5)); /* up to the end: no wrap */
	CHECK(!range_overlaps(~0UL, 1, 0, 1));

	CHECK(range_contains(10, 10, 10, 10));
	CHECK(range_contains(10, 10, 19, 1));
	CHECK(!range_contains(10, 10, 19, 2));
	CHECK(!range_contains(10, 10, 9, 2));
	CHECK(!range_contains(10, 10, 20, 1));
	CHECK(!range_contains(10, 10, 15, ~0UL));
	CHECK(range_contains(~0UL - 9, 10, ~0UL, 1));
}

static void arenas(void)
{
	static char mem[256] __aligned_to(16);
	struct arena a;
	char *p, *q;

	memset(mem, 'x', sizeof(mem));
	arena_init(&a, mem, sizeof(mem));
	p = arena_alloc(&a, 3);
	CHECK(p == mem && p[0] == 0 && p[2] == 0 && p[3] == 'x');
	q = arena_alloc(&a, 16);
	CHECK(q == mem + 16);
	CHECK(arena_alloc(&a, 256 - 32 + 1) == NULL);
	volatile size_t huge = ~(size_t)0;

	CHECK(arena_alloc(&a, huge) == NULL);
	CHECK_EQ(a.used, 32); /* a refusal costs nothing */
	p = arena_strndup(&a, "hello world", 5);
	CHECK_STR(p, "hello");
	CHECK(p == mem + 32);
	p = arena_alloc(&a, 256 - 48);
	CHECK(p == mem + 48);
	CHECK(arena_alloc(&a, 1) == NULL);
	CHECK(arena_strndup(&a, "", 0) == NULL);
	CHECK(arena_alloc(&a, 0) != NULL);
	arena_init(&a, mem, 5);
	CHECK(arena_strndup(&a, "hello", 5) == NULL);
	CHECK(arena_alloc(&a, 1) == mem);
	CHECK(arena_alloc(&a, 1) == NULL); /* the alignment alone is beyond the end */
}

static char line[512];
static enum diag_kind kind;

static void emit(struct diag *d, enum diag_kind k, const char *text)
{
	CHECK(d->arg == line);
	kind = k;
	snprintf(line, sizeof(line), "%s", text);
}

static void diagnostics(void)
{
	const struct src_pos pos = { "a.conf", 3, 14 }, whole = { "a.conf", 0, 0 };
	struct diag d = { .emit = emit, .arg = line };
	char longer[600];

	diag_error(&d, &pos, "bad '%s', expected %u", "x", 5);
	CHECK_STR(line, "a.conf:3:14: error: bad 'x', expected 5");
	CHECK_EQ(kind, DIAG_ERROR);
	diag_warning(&d, &whole, "odd");
	CHECK_STR(line, "a.conf: warning: odd");
	CHECK_EQ(kind, DIAG_WARNING);
	diag_error(&d, NULL, "no file");
	CHECK_STR(line, "error: no file");
	diag_report(&d, DIAG_NOTE, &pos, "%d%%", -1);
	CHECK_STR(line, "a.conf:3:14: note: -1%");
	CHECK_EQ(d.errors, 2);
	CHECK_EQ(d.warnings, 1);
	memset(longer, 'l', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	diag_error(&d, &pos, "%s", longer);
	CHECK_EQ(strlen(line), 319);
	const struct src_pos far = { longer, 1, 1 };
	diag_error(&d, &far, "text");
	CHECK(strlen(line) < 320);
}

static void locks(void)
{
	struct spinlock l = { 0 };
	u64 flags;

	spin_lock(&l);
	CHECK_EQ(l.taken, 1);
	spin_unlock(&l);
	CHECK_EQ(l.taken, 0);
	flags = spin_lock_irq(&l);
	CHECK_EQ(l.taken, 1);
	spin_unlock_irq(&l, flags);
	CHECK_EQ(l.taken, 0);
}

TEST_MAIN(RUN(fields_and_alignment), RUN(lists), RUN(ranges), RUN(arenas), RUN(diagnostics),
	  RUN(locks))
