/* SPDX-License-Identifier: Apache-2.0 */
/* The counter of tests/vdev-sample/trace.c, tested as an out-of-tree device would be: its file is included. */
#include "tests/unit/test.h"
#include "tests/unit/vdev_util.h"
#include "tests/vdev-sample/trace.c"

static void counts_seconds(void)
{
	struct rig *r;

	host_init();
	r = rig_new("guest", "trace");
	REQUIRE(rig_start(r) == 0);
	CHECK(!to_counter(r->vm.vdevs)->emit);
	CHECK_EQ(rig_read(r, 0, 4), 0);
	host_pass_ns(SECOND_NS - 1);
	CHECK_EQ(rig_read(r, 0, 4), 0);
	host_pass_ns(1000);
	CHECK_EQ(rig_read(r, 0, 4), 1);
	for (int i = 0; i < 9; i++) {
		host_pass_ns(SECOND_NS);
	}
	CHECK_EQ(rig_read(r, 0, 4), 10);
	rig_write(r, 0, 4, 77);
	CHECK_EQ(rig_read(r, 0, 4), 10);
	rig_free(r);
}

/* It is 32 bits wide, and a restart begins anew. */
static void wraps_and_restarts(void)
{
	struct rig *r;

	host_init();
	r = rig_new("guest", "trace");
	REQUIRE(rig_start(r) == 0);
	to_counter(r->vm.vdevs)->count = 0xffffffff;
	host_pass_ns(SECOND_NS + 1000);
	CHECK_EQ(rig_read(r, 0, 4), 0);
	host_pass_ns(SECOND_NS);
	CHECK_EQ(rig_read(r, 0, 4), 1);
	vdevs_reset(&r->vm);
	CHECK_EQ(rig_read(r, 0, 4), 0);
	rig_free(r);
}

TEST_MAIN(RUN(counts_seconds), RUN(wraps_and_restarts))
