/* SPDX-License-Identifier: Apache-2.0 */
/* core/log.c and core/log_ring.c: what is kept of the log. */
#include "tests/unit/test.h"
#include "arch/host/host.h"
#include "core/base/log.h"

static char line[300];

/* The next kept line without its time, "" if there is none. */
static const char *next(u64 *at)
{
	const char *text;

	if (log_read(at, line, sizeof(line)) == 0) {
		return "";
	}
	text = strstr(line, "] ");
	return text != NULL ? text + 2 : "no time";
}

static u64 end_of_log(void)
{
	u64 at = 0;

	while (log_read(&at, line, sizeof(line)) != 0) {
	}
	return at;
}

static void lines_of_all_levels_are_kept(void)
{
	u64 at, again;

	host_init();
	host_uart_reset();
	at = again = end_of_log();
	CHECK_STR(next(&at), "");
	log_info("one %u", 1U);
	log_print(LOG_VERBOSE, "two");
	log_keep(LOG_INFO, "three\r\n\033[x");
	CHECK(strstr(host_uart.out, "two") == NULL && strstr(host_uart.out, "three") == NULL);
	CHECK_STR(next(&at), "one 1");
	CHECK_STR(next(&at), "two");
	CHECK_STR(next(&at), "three   [x");
	CHECK_STR(next(&at), "");
	CHECK_STR(next(&again), "one 1");
}

static void times_are_seconds(void)
{
	u64 at = end_of_log();
	u64 ns = counter_to_ns(counter_now());

	host_pass_ns(12345678000 - ns);
	log_info("x");
	CHECK(log_read(&at, line, sizeof(line)) != 0);
	CHECK_STR(line, "[   12.345678] x");
}

/* Whole old lines make room; who reads too slowly goes on with the oldest. */
static void old_lines_go(void)
{
	u64 at = end_of_log(), slow = at, before = at;
	u32 first, count = 0;

	for (u32 i = 0; i < 5000; i++) {
		log_keep(LOG_INFO, "");
		log_print(LOG_VERBOSE, "line %u %.*s", i, (int)(i % 90),
			  "------------------------------------------------------------------------------------------");
		if (i % 7 == 0) {
			next(&at);
			CHECK(at > before);
			before = at;
		}
	}
	next(&slow);
	if (strlen(line) < 20) {
		next(&slow);
	}
	CHECK_EQ(sscanf(strstr(line, "line "), "line %u", &first), 1);
	CHECK(first > 4600 && first < 4999);
	while (log_read(&slow, line, sizeof(line)) != 0) {
		count++;
	}
	CHECK(count >= 2 * (4999 - first) && count <= 2 * (5000 - first));
	CHECK_EQ(slow, end_of_log());
	/* From the far future there is nothing. */
	at = ~0UL;
	CHECK_STR(next(&at), "");
	CHECK_EQ(at, slow);
}

static void the_longest_line(void)
{
	char text[600];
	u64 at = end_of_log();

	memset(text, 'z', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	log_keep(LOG_WARN, text);
	CHECK_EQ(strlen(next(&at)), 255);
	log_keep(LOG_WARN, text);
	CHECK_EQ(log_read(&at, line, 20), 19);
	CHECK_STR(next(&at), "");
}

TEST_MAIN(RUN(lines_of_all_levels_are_kept), RUN(times_are_seconds), RUN(old_lines_go), RUN(the_longest_line))
