/* SPDX-License-Identifier: Apache-2.0 */
/* LPIs of the machine that are a VM's (core/vgic/its_host.c): from the interrupt to the guest, and where they go. */
#include "tests/unit/test.h"
#include "tests/unit/its_util.h"
#include "core/irq.h"

static void (*fired)(u32 intid);

static void set_lpi(void (*fn)(u32 intid))
{
	fired = fn;
}

#define irq_set_lpi set_lpi
#define begin begin_commands
#define end end_commands
#include "core/vgic/its_host.c"

#define FIRST 8192u
#define DEVID 0x318u

static const struct board machine = { .gic = { .its_count = 1, .its = { { 0x8080000, 0x20000 } } } };
static const struct msi_host at_host = { .devid = DEVID };
static u32 mapped, unmapped, moves, moved_event, moved_to;

int its_start(const struct board *b, u32 its)
{
	return b == &machine && its == 0 ? 0 : -ENODEV;
}

int its_map(u32 its, u32 devid, u32 nvec, u32 lpi, u32 cpu, void **itt)
{
	CHECK(its == 0 && devid == DEVID && lpi + nvec <= HOST_LPIS && cpu == 0);
	*itt = &mapped;
	mapped += nvec;
	return 0;
}

void its_unmap(u32 its, u32 devid, u32 nvec, u32 lpi, void *itt)
{
	CHECK(its == 0 && devid == DEVID && lpi == 0 && itt == &mapped);
	unmapped += nvec;
}

int its_move(u32 its, u32 devid, u32 event, u32 cpu)
{
	CHECK(its == 0 && devid == DEVID);
	moves++;
	moved_event = event;
	moved_to = cpu;
	return 0;
}

/* Two vCPUs on CPUs 0 and 1, a function of three events: event 2 is LPI 9 of the guest, for vCPU 0. */
static struct msi_device *start_linked(void)
{
	struct msi_device *m = NULL;

	start_its(2, 4, 3);
	msi_board(&machine);
	mapped = unmapped = moves = 0;
	test_vm.state = VM_RUNNING;
	if (msi_device_add(&test_vm, 8, 3, &at_host, &m) != 0) {
		test_fail(__FILE__, __LINE__, "the function has no LPIs");
		return NULL;
	}
	CHECK_EQ(mapped, 3);
	CHECK(mapc(0, 0) && mapc(1, 1));
	CHECK(mapd(8, 2));
	CHECK(mapti(8, 2, LPI(9), 0));
	return m;
}

static void fire_on(unsigned int cpu, u32 event)
{
	on(cpu);
	fired(FIRST + event);
	CHECK(settle_all());
}

static void an_lpi_is_the_guests(void)
{
	struct msi_device *m = start_linked();

	REQUIRE(m != NULL);
	fire_on(0, 2);
	CHECK_EQ(ack(0), LPI(9));
	end_lpi(0, LPI(9));
	fire_on(0, 1);                 /* not mapped by the guest */
	fire_on(0, 3);                 /* nobody's */
	fire_on(0, HOST_LPIS);         /* likewise */
	fire_on(0, ~0u - FIRST);
	CHECK_EQ(ack(0), NONE);
	CHECK_EQ(moves, 0);
	msi_device_remove(m);
	CHECK_EQ(unmapped, 3);
	fire_on(0, 2);
	CHECK_EQ(ack(0), NONE);
	stop_its();
}

static void it_follows_its_vcpu(void)
{
	struct msi_device *m = start_linked();

	REQUIRE(m != NULL);
	CHECK(movi(8, 2, 1));
	CHECK_EQ(moves, 1);
	CHECK_EQ(moved_event, 2);
	CHECK_EQ(moved_to, 1);
	vgic_put(on(1));
	test_vcpu[1].thread.cpu = 2;   /* the scheduler has moved it, its LPI does not know yet */
	percpus[2].id = 2;
	percpus[2].current = &test_vcpu[1].thread;
	vgic_load(on(1));
	host_pass_ns(2 * ROUTE_NS);
	fire_on(0, 2);
	its_work();
	CHECK_EQ(moves, 2);
	CHECK_EQ(moved_to, 2);
	CHECK_EQ(ack(1), LPI(9));
	end_lpi(1, LPI(9));
	fire_on(0, 2);                 /* one that was on its way: it goes where it is to go already */
	its_work();
	CHECK_EQ(moves, 2);
	msi_device_remove(m);
	stop_its();
}

/* Its work would meet the reset of the ITS; and when the VM is taken down, there is no worker any more. */
static void a_stopped_vm_is_not_asked_for_work(void)
{
	struct msi_device *m = start_linked();

	REQUIRE(m != NULL);
	CHECK(movi(8, 2, 1));
	test_vm.state = VM_ENDING;
	host_pass_ns(2 * ROUTE_NS);
	fire_on(0, 2);
	CHECK_EQ(its()->wants, 0);
	for (unsigned int i = 0; i < 2; i++) {
		vgic_put(on(i));
	}
	vgic_reset(&test_vm);
	msi_reset(&test_vm);
	fire_on(0, 2);
	CHECK_EQ(its()->wants, 0);
	for (unsigned int i = 0; i < 2; i++) {
		vgic_load(on(i));
		CHECK_EQ(ack(i), NONE);
	}
	msi_device_remove(m);
	stop_its();
}

TEST_MAIN(RUN(an_lpi_is_the_guests), RUN(it_follows_its_vcpu), RUN(a_stopped_vm_is_not_asked_for_work))
