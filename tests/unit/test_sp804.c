/* SPDX-License-Identifier: Apache-2.0 */
/* The SP804 dual timer, as DDI 0271 describes it. Time: 1 MHz, a tick is 1000 ns. */
#include "tests/unit/test.h"
#include "tests/unit/vdev_util.h"

#define LOAD 0x00
#define VALUE 0x04
#define CONTROL 0x08
#define INTCLR 0x0c
#define RIS 0x10
#define MIS 0x14
#define BGLOAD 0x18

static struct rig *r;

static void setup(void)
{
	host_init();
	r = rig_new("guest", "timer-sp804");
	if (rig_start(r) != 0) {
		test_fail(__FILE__, __LINE__, "not created: %s", r->message);
	}
}

static u32 rd(u64 off)
{
	return (u32)rig_read(r, off, 4);
}

static void wr(u64 off, u32 val)
{
	rig_write(r, off, 4, val);
}

static bool line(void)
{
	return r->vm.vdevs->line;
}

static void reset_state(void)
{
	setup();
	CHECK_EQ(rd(VALUE), 0xffffffff);
	CHECK_EQ(rd(CONTROL), 0x20);
	CHECK_EQ(rd(LOAD), 0);
	CHECK_EQ(rd(0x28), 0x20);
	CHECK_EQ(rd(0xfe0), 0x04);
	CHECK_EQ(rd(0xfe4), 0x18);
	CHECK_EQ(rd(0xfe8), 0x14);
	CHECK_EQ(rd(0xffc), 0xb1);
	host_pass_ns(5000);
	CHECK_EQ(rd(VALUE), 0xffffffff); /* it does not run */
	rig_free(r);
}

static void periodic(void)
{
	setup();
	wr(LOAD, 100);
	wr(CONTROL, 0xe2); /* enable, periodic, interrupt, 32 bits */
	host_pass_ns(30000);
	CHECK_EQ(rd(VALUE), 70);
	CHECK(!line());
	host_pass_ns(71000);
	CHECK(line());
	CHECK_EQ(rd(RIS), 1);
	CHECK_EQ(rd(MIS), 1);
	CHECK_EQ(rd(VALUE), 99);
	wr(INTCLR, 0);
	CHECK(!line());
	CHECK_EQ(rd(RIS), 0);
	host_pass_ns(100000);
	CHECK(line());
	host_pass_ns(1000000); /* many periods make one interrupt */
	wr(INTCLR, 1);
	CHECK(!line());
	wr(CONTROL, 0xc2); /* interrupt masked */
	host_pass_ns(200000);
	CHECK(!line());
	CHECK_EQ(rd(RIS), 1);
	CHECK_EQ(rd(MIS), 0);
	wr(CONTROL, 0xe2);
	CHECK(line());
	rig_free(r);
}

static void one_shot(void)
{
	setup();
	wr(LOAD, 10);
	wr(CONTROL, 0xa3);
	host_pass_ns(11000);
	CHECK(line());
	CHECK_EQ(rd(VALUE), 0);
	wr(INTCLR, 1);
	host_pass_ns(100000);
	CHECK(!line());
	CHECK_EQ(rd(VALUE), 0);
	wr(LOAD, 5); /* starts it again */
	host_pass_ns(6000);
	CHECK(line());
	rig_free(r);
}

/* An expired one-shot counter halts (2.2.6): enabling it again is no expiry, and out of the mode it counts on from zero. */
static void one_shot_halts(void)
{
	setup();
	wr(LOAD, 10);
	wr(CONTROL, 0xa3);
	host_pass_ns(11000);
	wr(INTCLR, 1);
	wr(CONTROL, 0xa3);
	CHECK(!line());
	wr(CONTROL, 0x23);
	wr(CONTROL, 0xa3);
	host_pass_ns(100000);
	CHECK(!line());
	CHECK_EQ(rd(VALUE), 0);
	wr(CONTROL, 0xa2); /* free-running */
	CHECK(!line());
	host_pass_ns(1000);
	CHECK_EQ(rd(VALUE), 0xffffffff);
	wr(CONTROL, 0xe2); /* periodic, as it stands */
	CHECK_EQ(rd(VALUE), 0xffffffff);
	wr(LOAD, 0); /* zero by a load is one */
	CHECK(line());
	rig_free(r);
}

/* All of 0xfe0-0xfff; what is only written reads as zero; what is reserved in Control does not stick. */
static void identification_and_holes(void)
{
	static const u8 id[8] = { 0x04, 0x18, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };

	setup();
	for (u32 i = 0; i < 8; i++) {
		CHECK_EQ(rd(0xfe0 + 4 * i), id[i]);
	}
	wr(CONTROL, 0xffffffff);
	CHECK_EQ(rd(CONTROL), 0xef);
	wr(CONTROL, 0);
	wr(LOAD, 0x12345678);
	CHECK_EQ(rd(BGLOAD), 0x12345678);
	wr(0x20, 7);
	CHECK_EQ(rd(0x38), 7);
	CHECK_EQ(rd(LOAD), 0x12345678);
	CHECK_EQ(rd(INTCLR), 0);
	CHECK_EQ(rd(0x1c), 0);
	CHECK_EQ(rd(0x40), 0);
	wr(VALUE, 5);
	CHECK_EQ(rd(VALUE), 0x5678); /* 16 bits are what counts */
	wr(0xf00, 0xffffffff);
	CHECK_EQ(rd(0xf00), 1);
	wr(0xf04, 2);
	CHECK(line());
	CHECK_EQ(rd(0xf04), 0);
	wr(0xf04, 0xfc);
	CHECK(!line());
	rig_free(r);
}

static void free_running_16_bits(void)
{
	setup();
	wr(LOAD, 0x10003); /* only 16 bits count */
	wr(CONTROL, 0xa0);
	CHECK_EQ(rd(VALUE), 3);
	host_pass_ns(4000);
	CHECK(line());
	CHECK_EQ(rd(VALUE), 0xffff);
	wr(INTCLR, 1);
	host_pass_ns(65000000);
	CHECK(!line());
	host_pass_ns(1000000);
	CHECK(line());
	rig_free(r);
}

static void prescaled(void)
{
	setup();
	wr(LOAD, 10);
	wr(CONTROL, 0xe6); /* by 16 */
	host_pass_ns(159000);
	CHECK(!line());
	CHECK_EQ(rd(VALUE), 1);
	host_pass_ns(2000);
	CHECK(line());
	wr(INTCLR, 1);
	wr(CONTROL, 0xea); /* by 256 */
	wr(LOAD, 10);
	host_pass_ns(2559000);
	CHECK(!line());
	host_pass_ns(2000);
	CHECK(line());
	rig_free(r);
}

static void background_load(void)
{
	setup();
	wr(LOAD, 100);
	wr(CONTROL, 0xe2);
	host_pass_ns(50000);
	wr(BGLOAD, 20); /* from the next time on */
	CHECK_EQ(rd(VALUE), 50);
	CHECK_EQ(rd(LOAD), 20);
	host_pass_ns(51000);
	CHECK(line());
	wr(INTCLR, 1);
	host_pass_ns(20000);
	CHECK(line());
	rig_free(r);
}

static void two_timers_one_line(void)
{
	setup();
	wr(LOAD, 100);
	wr(CONTROL, 0xe2);
	wr(0x20, 30);
	wr(0x28, 0xe2);
	host_pass_ns(31000);
	CHECK(line());
	CHECK_EQ(rd(RIS), 0);
	CHECK_EQ(rd(0x30), 1);
	host_pass_ns(70000);
	CHECK_EQ(rd(RIS), 1);
	wr(0x2c, 1);
	CHECK(line());
	wr(INTCLR, 1);
	CHECK(!line());
	wr(0xf00, 1); /* test mode: the line follows ITOP */
	wr(0xf04, 1);
	CHECK(line());
	wr(0xf00, 0);
	CHECK(!line());
	rig_free(r);
}

/* The shortest period does not make more work than the guest clears. */
static void storm_is_the_guests_own(void)
{
	setup();
	wr(LOAD, 0);
	wr(CONTROL, 0xe2);
	CHECK(line());
	host_pass_ns(1000000000);
	CHECK(line());
	CHECK_EQ(r->vm.vdevs->deadline, 0); /* nothing armed while it is pending */
	wr(INTCLR, 1);
	CHECK(r->vm.vdevs->deadline != 0);
	rig_free(r);
}

TEST_MAIN(RUN(reset_state), RUN(periodic), RUN(one_shot), RUN(one_shot_halts),
	  RUN(identification_and_holes), RUN(free_running_16_bits), RUN(prescaled),
	  RUN(background_load), RUN(two_timers_one_line), RUN(storm_is_the_guests_own))
