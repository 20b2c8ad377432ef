/* SPDX-License-Identifier: Apache-2.0 */
/* The sample device of docs/vdev.md, tested as an out-of-tree device would be: its file is included. */
#include "tests/unit/test.h"
#include "tests/unit/vdev_util.h"
#include "tests/vdev-sample/ticker.c"

#define MS 1000000UL

enum { COUNT = 0, CTRL = 4, STATUS = 8 };

static void ticks(void)
{
	struct rig *r;

	host_init();
	r = rig_new("guest", "ticker");
	rig_option(r, "period", "250", 250);
	REQUIRE(rig_start(r) == 0);
	CHECK_EQ(rig_read(r, COUNT, 4), 0);
	host_pass_ns(249 * MS);
	CHECK_EQ(rig_read(r, COUNT, 4), 0);
	host_pass_ns(2 * MS);
	CHECK_EQ(rig_read(r, COUNT, 4), 1);
	CHECK_EQ(rig_read(r, STATUS, 4), 1);
	CHECK(!r->vm.vdevs->line);
	rig_write(r, CTRL, 4, 1);
	CHECK_EQ(rig_read(r, CTRL, 4), 1);
	CHECK(r->vm.vdevs->line);
	rig_write(r, STATUS, 4, 1);
	CHECK(!r->vm.vdevs->line);
	host_pass_ns(1000 * MS);
	CHECK_EQ(rig_read(r, COUNT, 4), 5);
	CHECK(r->vm.vdevs->line);
	vdevs_reset(&r->vm);
	CHECK_EQ(rig_read(r, COUNT, 4), 0);
	CHECK(!r->vm.vdevs->line);
	host_pass_ns(251 * MS);
	CHECK_EQ(rig_read(r, COUNT, 4), 1);
	/* Called late: nothing is lost. */
	host_set_time_ns(host_time_ns() + 1000 * MS);
	sched_timer_irq();
	CHECK_EQ(rig_read(r, COUNT, 4), 5);
	rig_free(r);
}

static void is_sound(void)
{
	CHECK_STR(vdev_type_ok(&vdev_type_ticker), NULL);
	CHECK(vdev_find("ticker") == &vdev_type_ticker);
}

TEST_MAIN(RUN(ticks), RUN(is_sound))
