/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The unit test harness, all of it: include this in one tests/unit/test_NAME.c, write
 * `static void what_it_does(void)` functions that CHECK, and close the file with
 *
 *	TEST_MAIN(RUN(what_it_does), RUN(what_else))
 *
 * A failed check prints where and the values, and the test goes on: write checks so that they
 * do not crash when an earlier one failed, or use REQUIRE, which returns from the test function.
 * `build/host/test_NAME [-l] [TEST...]` lists or runs single tests.
 */
#ifndef TESTS_UNIT_TEST_H
#define TESTS_UNIT_TEST_H

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct test_case {
	const char *name;
	void (*run)(void);
};

static int test_failures;

__attribute__((format(printf, 3, 4), unused))
static void test_fail(const char *file, int line, const char *fmt, ...)
{
	__builtin_va_list args;

	test_failures++;
	fflush(stdout);
	fprintf(stderr, "%s:%d: ", file, line);
	__builtin_va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	__builtin_va_end(args);
	fputc('\n', stderr);
}

/* Integers of any type, compared and shown as 64-bit; true if they are the same. */
__attribute__((unused))
static bool test_eq(const char *file, int line, const char *what, uint64_t got, uint64_t want)
{
	if (got != want) {
		test_fail(file, line, "%s is %#" PRIx64 " (%" PRId64 "), expected %#" PRIx64
			  " (%" PRId64 ")", what, got, (int64_t)got, want, (int64_t)want);
	}
	return got == want;
}

__attribute__((unused))
static bool test_str(const char *file, int line, const char *what, const char *got,
		     const char *want)
{
	bool same = got == want || (got && want && strcmp(got, want) == 0);

	if (!same) {
		test_fail(file, line, "%s is\n  \"%s\", expected\n  \"%s\"", what,
			  got ? got : "(null)", want ? want : "(null)");
	}
	return same;
}

__attribute__((unused))
static bool test_mem(const char *file, int line, const char *what, const void *got,
		     const void *want, size_t len)
{
	const unsigned char *g = got, *w = want;

	for (size_t i = 0; i < len; i++) {
		if (g[i] != w[i]) {
			test_fail(file, line, "%s differs at byte %zu of %zu: %#x, expected %#x",
				  what, i, len, g[i], w[i]);
			return false;
		}
	}
	return true;
}

__attribute__((unused))
static bool test_true(const char *file, int line, const char *what, bool is)
{
	if (!is) {
		test_fail(file, line, "failed: %s", what);
	}
	return is;
}

#define CHECK(cond)		((void)test_true(__FILE__, __LINE__, #cond, !!(cond)))
#define CHECK_EQ(got, want) \
	((void)test_eq(__FILE__, __LINE__, #got, (uint64_t)(got), (uint64_t)(want)))
#define CHECK_STR(got, want)	((void)test_str(__FILE__, __LINE__, #got, (got), (want)))
#define CHECK_MEM(got, want, len) \
	((void)test_mem(__FILE__, __LINE__, #got, (got), (want), (len)))
/* As CHECK, but leaves the test function when it fails. */
#define REQUIRE(cond) \
	do { \
		if (!test_true(__FILE__, __LINE__, #cond, !!(cond))) { \
			return; \
		} \
	} while (0)

#define RUN(fn)		{ #fn, fn }
#define TEST_MAIN(...) \
	int main(int argc, char **argv) \
	{ \
		static const struct test_case tests[] = { __VA_ARGS__ }; \
		return test_main(__FILE__, tests, sizeof(tests) / sizeof(tests[0]), argc, argv); \
	}

static bool test_wanted(const char *name, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], name) == 0) {
			return true;
		}
	}
	return argc < 2;
}

static int test_main(const char *file, const struct test_case *tests, size_t count, int argc,
		     char **argv)
{
	const char *base = strstr(file, "test_");
	int bad = 0;

	base = base ? base + strlen("test_") : file;
	if (argc == 2 && strcmp(argv[1], "-l") == 0) {
		for (size_t i = 0; i < count; i++) {
			puts(tests[i].name);
		}
		return 0;
	}
	for (size_t i = 0; i < count; i++) {
		if (!test_wanted(tests[i].name, argc, argv)) {
			continue;
		}
		test_failures = 0;
		tests[i].run();
		bad += test_failures != 0;
		printf("%s - %.*s.%s\n", test_failures ? "not ok" : "ok",
		       (int)strcspn(base, "."), base, tests[i].name);
		fflush(stdout);
	}
	return bad ? 1 : 0;
}

#endif
