/* SPDX-License-Identifier: Apache-2.0 */
/* The formatter against the C library's, for everything it claims to know. */
#include "tests/unit/test.h"
#include "core/base/fmt.h"

#define SAME(...) \
	do { \
		char got[64], want[64]; \
		size_t n = fmt_str(got, sizeof(got), __VA_ARGS__); \
		snprintf(want, sizeof(want), __VA_ARGS__); \
		CHECK_STR(got, want); \
		CHECK_EQ(n, strlen(want)); \
	} while (0)

static void numbers_are_the_c_librarys(void)
{
	static const u64 some[] = { 0, 1, 9, 10, 255, 0x7fffffff, 0x80000000, 0xffffffff,
				    0x100000000, 0x8000000000000000, ~0UL };

	for (size_t i = 0; i < ARRAY_SIZE(some); i++) {
		SAME("%lu %lx %#lx %ld", some[i], some[i], some[i], (long)some[i]);
		SAME("%u %x %#x %d", (u32)some[i], (u32)some[i], (u32)some[i], (int)some[i]);
		SAME("%016lx|%04x|%3u|%-12u|%03d", some[i], (u32)some[i], (u32)some[i], (u32)some[i],
		     (int)some[i]);
		SAME("%#010x|%#20lx|%020ld|%zu", (u32)some[i], some[i], (long)some[i], (size_t)some[i]);
	}
}

static void text_is_the_c_librarys(void)
{
	char three[3] = { 'a', 'b', 'c' };
	const char *volatile nowhere = NULL;
	char buf[8];

	CHECK_EQ(fmt_str(buf, sizeof(buf), "<%.*s>", 0, nowhere), 2); /* an empty slice */
	CHECK_STR(buf, "<>");
	SAME("plain, 100%% of it");
	SAME("%s%s", "", "x");
	SAME("<%8s> <%-8s> <%.2s> <%.*s>", "abc", "abc", "abc", 1, "abc");
	SAME("%.3s %.*s", three, 3, three);
	SAME("%c%c", 'o', 'k');
}

/* What is too long is cut, terminated, and the length is of what is there. */
static void never_writes_past_the_end(void)
{
	char buf[8];

	for (size_t size = 1; size <= sizeof(buf); size++) {
		memset(buf, '#', sizeof(buf));
		CHECK_EQ(fmt_str(buf, size, "%s-%012lx", "abcd", 1UL), size - 1);
		CHECK_EQ(strlen(buf), size - 1);
		for (size_t i = size; i < sizeof(buf); i++) {
			CHECK_EQ(buf[i], '#');
		}
	}
}

TEST_MAIN(RUN(numbers_are_the_c_librarys), RUN(text_is_the_c_librarys),
	  RUN(never_writes_past_the_end))
