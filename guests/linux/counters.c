/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counts and samples its own cycles (Linux perf_event_open(2)): QUOIN-PERF-OK with the figures, or what did not
 * happen.
 */
#include "sys.h"

#define PERF_COUNT_CYCLES 0
#define SAMPLE_IP 1
#define DISABLED 1
#define EXCLUDE_HV (1 << 6)
#define ENABLE 0x2400
#define PERIOD 200000
#define DATA_HEAD 1024

struct attr {
	u32 type, size;
	u64 config, period, sample_type, read_format, flags;
	u32 wakeup, bp_type;
	u64 bp_address;
};

static long open_cycles(u64 period)
{
	struct attr a = {
		.size = sizeof(a), .config = PERF_COUNT_CYCLES, .period = period, .sample_type = SAMPLE_IP,
		.flags = DISABLED | EXCLUDE_HV,
	};

	return call6(SYS_PERF_EVENT_OPEN, (long)&a, 0, -1, -1, 0, 0);
}

static void fail(const char *what)
{
	put("QUOIN-PERF: ");
	put(what);
	put("\n");
	quit(1);
}

static u64 count(long fd)
{
	u64 n = 0;

	if (call4(SYS_READ, fd, (long)&n, sizeof(n), 0) != sizeof(n)) {
		fail("the counter cannot be read");
	}
	return n;
}

void _start(void)
{
	long counting = open_cycles(0), sampling = open_cycles(PERIOD), page;
	volatile u64 *head;
	u64 before, after;

	if (counting < 0 || sampling < 0) {
		fail("no counter");
	}
	page = call6(SYS_MMAP, 0, 8192, 3, 1, sampling, 0); /* read and write, shared */
	if (page < 0) {
		fail("no buffer");
	}
	head = (volatile u64 *)(page + DATA_HEAD);
	call4(SYS_IOCTL, counting, ENABLE, 0, 0);
	call4(SYS_IOCTL, sampling, ENABLE, 0, 0);
	before = count(counting);
	for (volatile int i = 0; i < 30000000; i++) {
	}
	after = count(counting);
	if (after <= before) {
		fail("nothing was counted");
	}
	if (*head == 0) {
		fail("nothing was sampled");
	}
	put("QUOIN-PERF-OK cycles=");
	put_number(after - before);
	put(" sampled=");
	put_number(*head);
	put("\n");
	quit(0);
}
