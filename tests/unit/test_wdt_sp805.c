/* SPDX-License-Identifier: Apache-2.0 */
/* The watchdog as a guest sees it (ARM DDI 0270): two counts, the lock, the test registers, what it does. */
#include "tests/unit/test.h"
#include "tests/unit/vdev_util.h"
#include "core/vcpu.h"

#define MS 1000000UL
#define UNLOCK 0x1acce551

enum { LOAD = 0, VALUE = 4, CONTROL = 8, INTCLR = 0xc, RIS = 0x10, MIS = 0x14, LOCK = 0xc00,
       ITCR = 0xf00, ITOP = 0xf04 };

static struct thread life; /* whom the end is told */

/* A running VM with a watchdog of 1 kHz; `action` as in its option. */
static struct rig *dog(const char *action, u64 num)
{
	struct rig *r;

	host_init();
	r = rig_new("guest", "wdt-sp805");
	rig_option(r, "frequency", "1000", 1000);
	if (action != NULL) {
		rig_option(r, "action", action, num);
	}
	if (rig_start(r) != 0) {
		printf("%s\n", r->message);
		abort();
	}
	r->vm.state = VM_RUNNING;
	r->vm.thread = &life;
	return r;
}

static u32 line(struct rig *r)
{
	return r->vm.vdevs->line;
}

static void reset_values(void)
{
	struct rig *r = dog(NULL, 0);
	u64 id = 0;

	CHECK_EQ(rig_read(r, LOAD, 4), 0xffffffff);
	CHECK_EQ(rig_read(r, VALUE, 4), 0xffffffff);
	CHECK_EQ(rig_read(r, CONTROL, 4), 0);
	CHECK_EQ(rig_read(r, RIS, 4), 0);
	CHECK_EQ(rig_read(r, LOCK, 4), 0);
	for (unsigned int i = 0; i < 4; i++) {
		id |= rig_read(r, 0xfe0 + 4 * i, 4) << 8 * i;
	}
	CHECK_EQ(id, 0x00141805); /* what Linux's driver looks for */
	host_pass_ns(10000 * MS);
	CHECK_EQ(rig_read(r, VALUE, 4), 0xffffffff); /* not enabled: stands still */
	rig_free(r);
}

static void two_counts(void)
{
	struct rig *r = dog(NULL, 0);

	rig_write(r, LOAD, 4, 100);
	CHECK_EQ(rig_read(r, VALUE, 4), 100);
	rig_write(r, CONTROL, 4, 3);
	host_pass_ns(40 * MS);
	CHECK_EQ(rig_read(r, VALUE, 4), 60);
	CHECK_EQ(line(r), 0);
	host_pass_ns(61 * MS);
	CHECK_EQ(line(r), 1);
	CHECK_EQ(rig_read(r, RIS, 4), 1);
	CHECK_EQ(rig_read(r, MIS, 4), 1);
	CHECK(rig_read(r, VALUE, 4) >= 98); /* started anew */
	rig_write(r, INTCLR, 4, 0);
	CHECK_EQ(line(r), 0);
	CHECK_EQ(rig_read(r, VALUE, 4), 100);
	/* Cleared each time it has expired once, it never ends the VM. */
	for (int i = 0; i < 10; i++) {
		host_pass_ns(150 * MS);
		CHECK_EQ(line(r), 1);
		rig_write(r, INTCLR, 4, 1);
	}
	CHECK_EQ(r->vm.end, VM_END_NONE);
	host_pass_ns(101 * MS);
	CHECK_EQ(r->vm.end, VM_END_NONE);
	host_pass_ns(101 * MS);
	CHECK_EQ(r->vm.end, VM_END_WATCHDOG);
	CHECK(!r->vm.hold);
	CHECK_EQ(rig_read(r, VALUE, 4), 0); /* stopped */
	rig_free(r);
}

static void without_resen(void)
{
	struct rig *r = dog(NULL, 0);

	rig_write(r, LOAD, 4, 10);
	rig_write(r, CONTROL, 4, 1);
	host_pass_ns(11 * MS);
	CHECK_EQ(line(r), 1);
	CHECK_EQ(r->vm.vdevs->deadline, 0); /* it costs nothing from here on */
	for (int i = 0; i < 5; i++) {
		u64 before = rig_read(r, VALUE, 4);

		host_pass_ns(3 * MS);
		CHECK_EQ(rig_read(r, VALUE, 4), before >= 3 ? before - 3 : before + 8); /* goes round */
		CHECK_EQ(line(r), 1);
	}
	CHECK_EQ(r->vm.end, VM_END_NONE);
	/* RESEN now: what is left of this count, and it bites. */
	rig_write(r, CONTROL, 4, 3);
	CHECK(r->vm.vdevs->deadline != 0);
	rig_write(r, CONTROL, 4, 1);
	rig_write(r, CONTROL, 4, 0);
	CHECK_EQ(line(r), 0);
	CHECK_EQ(rig_read(r, RIS, 4), 1);
	CHECK_EQ(rig_read(r, MIS, 4), 0);
	host_pass_ns(100 * MS);
	CHECK_EQ(r->vm.end, VM_END_NONE);
	rig_free(r);
}

/* Disabling keeps the counter where it is, enabling starts from WDOGLOAD. */
static void enable_reloads(void)
{
	struct rig *r = dog(NULL, 0);

	rig_write(r, LOAD, 4, 100);
	rig_write(r, CONTROL, 4, 1);
	host_pass_ns(30 * MS);
	rig_write(r, CONTROL, 4, 0);
	CHECK_EQ(rig_read(r, VALUE, 4), 70);
	host_pass_ns(30 * MS);
	CHECK_EQ(rig_read(r, VALUE, 4), 70);
	rig_write(r, CONTROL, 4, 1);
	CHECK_EQ(rig_read(r, VALUE, 4), 100);
	host_pass_ns(30 * MS);
	rig_write(r, CONTROL, 4, 3); /* was enabled: goes on */
	CHECK_EQ(rig_read(r, VALUE, 4), 70);
	rig_write(r, LOAD, 4, 0); /* at once */
	host_pass_ns(2 * MS);
	CHECK_EQ(line(r), 1);
	rig_free(r);
}

static void locked(void)
{
	struct rig *r = dog(NULL, 0);

	rig_write(r, LOCK, 4, 1);
	CHECK_EQ(rig_read(r, LOCK, 4), 1);
	rig_write(r, LOAD, 4, 5);
	rig_write(r, CONTROL, 4, 3);
	rig_write(r, ITCR, 4, 1);
	CHECK_EQ(rig_read(r, LOAD, 4), 0xffffffff);
	CHECK_EQ(rig_read(r, CONTROL, 4), 0);
	CHECK_EQ(rig_read(r, ITCR, 4), 0);
	rig_write(r, LOCK, 4, UNLOCK);
	CHECK_EQ(rig_read(r, LOCK, 4), 0);
	rig_write(r, LOAD, 4, 5);
	rig_write(r, CONTROL, 4, 0xffffffff);
	CHECK_EQ(rig_read(r, LOAD, 4), 5);
	CHECK_EQ(rig_read(r, CONTROL, 4), 3);
	host_pass_ns(6 * MS);
	rig_write(r, LOCK, 4, 0);
	rig_write(r, INTCLR, 4, 0); /* refused, so it ends */
	CHECK_EQ(line(r), 1);
	host_pass_ns(6 * MS);
	CHECK_EQ(r->vm.end, VM_END_WATCHDOG);
	rig_free(r);
}

static void test_mode(void)
{
	struct rig *r = dog(NULL, 0);

	rig_write(r, ITOP, 4, 2);
	CHECK_EQ(line(r), 0);
	rig_write(r, ITCR, 4, 1);
	CHECK_EQ(rig_read(r, ITCR, 4), 1);
	CHECK_EQ(line(r), 1);
	rig_write(r, ITOP, 4, 0);
	CHECK_EQ(line(r), 0);
	CHECK_EQ(r->vm.end, VM_END_NONE);
	rig_write(r, ITOP, 4, 1);
	CHECK_EQ(r->vm.end, VM_END_WATCHDOG);
	rig_free(r);
}

static void dump_is_asked_for(void)
{
	struct rig *r = dog("dump,terminate", 2);

	rig_write(r, LOAD, 4, 1);
	rig_write(r, CONTROL, 4, 3);
	host_pass_ns(10 * MS);
	CHECK_EQ(r->vm.end, VM_END_WATCHDOG);
	CHECK(r->vm.hold);
	rig_free(r);
}

/* The line stays up until the guest has fed it. */
static void fiq(void)
{
	struct rig *r = dog("fiq", 1);
	struct vcpu *v = calloc(1, sizeof(*v));

	v->vm = &r->vm;
	r->vm.vcpu[0] = v;
	r->vm.vcpu_count = 1;
	rig_write(r, LOAD, 4, 10);
	rig_write(r, CONTROL, 4, 3);
	host_pass_ns(11 * MS);
	CHECK_EQ(v->fiq, 0);
	host_pass_ns(11 * MS);
	CHECK_EQ(v->fiq, 1);
	CHECK((v->work & VWORK_FIQ) != 0);
	CHECK_EQ(r->vm.end, VM_END_NONE);
	host_pass_ns(100 * MS);
	CHECK_EQ(v->fiq, 1);
	rig_write(r, INTCLR, 4, 1);
	CHECK_EQ(v->fiq, 0);
	CHECK_EQ(rig_read(r, VALUE, 4), 10); /* runs again */
	r->vm.vcpu_count = 0;
	free(v);
	rig_free(r);
}

/* Late by any time, it expires once: the next count is a whole one. */
static void late(void)
{
	struct rig *r = dog(NULL, 0);

	rig_write(r, LOAD, 4, 100);
	rig_write(r, CONTROL, 4, 3);
	host_set_time_ns(host_time_ns() + 100000 * MS);
	sched_timer_irq();
	CHECK_EQ(line(r), 1);
	CHECK_EQ(r->vm.end, VM_END_NONE);
	CHECK_EQ(rig_read(r, VALUE, 4), 100);
	rig_free(r);
}

static void restarts_clean(void)
{
	struct rig *r = dog(NULL, 0);

	rig_write(r, LOAD, 4, 10);
	rig_write(r, CONTROL, 4, 3);
	host_pass_ns(11 * MS);
	rig_write(r, LOCK, 4, 0);
	vdevs_reset(&r->vm);
	CHECK_EQ(line(r), 0);
	CHECK_EQ(rig_read(r, LOCK, 4), 0);
	CHECK_EQ(rig_read(r, CONTROL, 4), 0);
	host_pass_ns(1000 * MS);
	CHECK_EQ(r->vm.end, VM_END_NONE);
	rig_free(r);
}

static void is_sound(void)
{
	const struct vdev_type *t = vdev_find("wdt-sp805");

	REQUIRE(t != NULL);
	CHECK_STR(vdev_type_ok(t), NULL);
	CHECK_EQ(t->loc, 0x1c0f0000);
}

TEST_MAIN(RUN(is_sound), RUN(reset_values), RUN(two_counts), RUN(without_resen), RUN(enable_reloads),
	  RUN(locked), RUN(test_mode), RUN(dump_is_asked_for), RUN(fiq), RUN(late), RUN(restarts_clean))
