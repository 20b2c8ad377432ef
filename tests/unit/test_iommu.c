/* SPDX-License-Identifier: Apache-2.0 */
/* Who has which stream, and what becomes of those that fault; the IOMMU itself is the test's. */
#include <errno.h>
#include <stdlib.h>
#include "tests/unit/test.h"
#include "tests/unit/guest_util.h"
#include "core/console/console.h"
#include "core/iommu/iommu.c"
#include "core/iommu/iommu_fault.c"

#define STREAMS 256

static struct iommu_view set_to[STREAMS]; /* root 0: cut off */
static bool was_set[STREAMS];
static int init_error, set_error;
static bool lost;
static u32 flushed[256], errors, to_come, coming_sid;
static struct board machine;

static int fake_init(struct iommu *u, const char **why)
{
	*why = "the test says no";
	u->sids = STREAMS;
	u->addr_bits = 48;
	return init_error;
}

static int fake_set(struct iommu *u, u32 sid, const struct iommu_view *v)
{
	(void)u;
	CHECK(sid < STREAMS);
	if (set_error != 0) {
		return set_error;
	}
	was_set[sid] = true;
	set_to[sid] = v != NULL ? *v : (struct iommu_view){ 0, 0, 0 };
	return 0;
}

static void fake_flush(struct iommu *u, u8 vmid)
{
	(void)u;
	flushed[vmid]++;
}

static bool fake_fault(struct iommu *u, struct iommu_fault *f)
{
	(void)u;
	if (to_come == 0) {
		return false;
	}
	to_come--;
	*f = (struct iommu_fault){ .sid = coming_sid, .what = "not its memory", .addr = 0x1234000, .has_addr = true, .write = true,
				   .lost = lost };
	return true;
}

static void fake_errors(struct iommu *u)
{
	(void)u;
	errors++;
}

IOMMU(fake) = {
	.compatible = "test,iommu", .init = fake_init, .set = fake_set, .flush = fake_flush, .fault = fake_fault,
	.errors = fake_errors,
};

static struct guest *g;

static void begin(void)
{
	g = guest_new();
	memset(iommu_units, 0, sizeof(struct iommu) * BOARD_MAX_IOMMUS);
	memset(iommu_streams, 0, sizeof(iommu_streams));
	memset(was_set, 0, sizeof(was_set));
	memset(flushed, 0, sizeof(flushed));
	memset(&own, 0, sizeof(own));
	memset(&machine, 0, sizeof(machine));
	machine.iommu_count = 2;
	machine.iommu[0] = (struct board_iommu){ .compatible = "some,other" };
	machine.iommu[1] = (struct board_iommu){ .compatible = "test,iommu", .regs = { 0x9050000, 0x20000 } };
	init_error = set_error = 0;
	lost = false;
	host_uart_reset();
	iommu_init(&machine);
	CHECK_EQ(s2_init(&g->vm.s2, 1, 40), 0);
	g->vm.cfg->logger_mask = 0xff;
}

static void end(void)
{
	s2_destroy(&g->vm.s2);
	guest_free(g);
}

static void a_stream_has_one_owner(void)
{
	const struct pass_stream s = { 1, 0x18 }, behind = { 1, STREAMS }, other = { 0, 1 }, none = { 9, 1 };
	struct vm *second = calloc(1, sizeof(*second));

	begin();
	CHECK(!iommu_driven(0) && iommu_driven(1) && !iommu_driven(9));
	CHECK(iommu_usable(1, 0x18) && !iommu_usable(1, STREAMS) && !iommu_usable(0, 1));
	CHECK_EQ(iommu_attach(&g->vm, &s, "x", false), -EINVAL); /* no view yet */
	CHECK_EQ(s2_dma_enable(&g->vm.s2, 0, 0), 0);
	CHECK_EQ(iommu_attach(&g->vm, &s, "x", false), 0);
	CHECK_EQ(set_to[0x18].root, g->vm.s2.dma_root);
	CHECK_EQ(set_to[0x18].vmid, 1);
	CHECK_EQ(iommu_attach(&g->vm, &s, "x", false), 0);
	CHECK_EQ(iommu_attach(&g->vm, &behind, "x", false), -ERANGE);
	CHECK_EQ(iommu_attach(&g->vm, &other, "x", false), -ENODEV);
	CHECK_EQ(iommu_attach(&g->vm, &none, "x", false), -ENODEV);
	second->cfg = g->vm.cfg;
	second->s2 = g->vm.s2;
	CHECK_EQ(iommu_attach(second, &s, "x", false), -EBUSY);
	CHECK_EQ(iommu_attach_own(&s, "disk"), -EBUSY);
	iommu_detach(&s);
	CHECK_EQ(set_to[0x18].root, empty);
	CHECK_EQ(set_to[0x18].vmid, IOMMU_VMID_EMPTY);
	CHECK_EQ(iommu_attach(second, &s, "x", false), 0);
	was_set[0x19] = false;
	iommu_detach(&(struct pass_stream){ 1, 0x19 }); /* nobody's */
	iommu_detach(&none);
	CHECK(!was_set[0x19]);
	iommu_flush(7);
	CHECK_EQ(flushed[7], 1);
	/* Memory that the IOMMU cannot reach. */
	iommu_detach(&s);
	iommu_units[1].addr_bits = 36;
	CHECK_EQ(iommu_attach(&g->vm, &s, "x", false), -ERANGE);
	iommu_units[1].addr_bits = 48;
	for (u32 i = 0; i < IOMMU_STREAMS; i++) {
		CHECK_EQ(iommu_attach(&g->vm, &(struct pass_stream){ 1, i }, "x", false), 0);
	}
	CHECK_EQ(iommu_attach(&g->vm, &(struct pass_stream){ 1, 200 }, "x", false), -ENOSPC);
	end();
	free(second);
}

static void one_that_does_not_work_is_nobodys(void)
{
	begin();
	init_error = -EIO;
	memset(iommu_units, 0, sizeof(struct iommu) * BOARD_MAX_IOMMUS);
	iommu_init(&machine);
	CHECK(iommu_driven(1) && !iommu_usable(1, 1));
	CHECK_EQ(s2_dma_enable(&g->vm.s2, 0, 0), 0);
	CHECK_EQ(iommu_attach(&g->vm, &(struct pass_stream){ 1, 1 }, "x", false), -ENODEV);
	iommu_flush(1);
	CHECK_EQ(flushed[1], 0);
	end();
}

static void faults_of(u32 sid, u32 n)
{
	coming_sid = sid;
	to_come = n;
	while (iommu_serve(&iommu_units[1])) {
	}
}

static void faults_are_said_a_few_a_second(void)
{
	const struct pass_stream s = { 1, 0x18 };

	begin();
	CHECK_EQ(s2_dma_enable(&g->vm.s2, 0, 0), 0);
	CHECK_EQ(iommu_attach(&g->vm, &s, "00:03.0", false), 0);
	host_set_time_ns(5000000000);
	faults_of(0x18, 100);
	CHECK_EQ(iommu_streams[0].faults, 100);
	CHECK_EQ(iommu_streams[0].told, LINES);
	CHECK_EQ(g->vm.state, VM_RUNNING);
	host_set_time_ns(6500000000);
	faults_of(0x18, 1);
	CHECK_EQ(iommu_streams[0].told, 1);
	/* Of a device nobody has, too. */
	faults_of(0x33, 10);
	CHECK(find(1, 0x33) != NULL && find(1, 0x33)->faults == 10);
	CHECK(strstr(host_uart.out, "are lost") == NULL);
	lost = true;
	faults_of(0x34, 1);
	CHECK(strstr(host_uart.out, "at 0x1234000, write: not its memory, others before it are lost") != NULL);
	faults_of(STREAMS + 5, 10);
	CHECK(errors != 0);
	end();
}

static void one_that_only_faults_is_cut_off_until_it_is_attached_anew(void)
{
	const struct pass_stream s = { 1, 0x18 };

	begin();
	CHECK_EQ(s2_dma_enable(&g->vm.s2, 0, 0), 0);
	CHECK_EQ(iommu_attach(&g->vm, &s, "00:03.0", false), 0);
	host_set_time_ns(5000000000);
	for (u32 i = 0; i < 10; i++) { /* much, but not too much a second */
		faults_of(0x18, IOMMU_FAULTS_MAX / 2);
		host_set_time_ns(host_time_ns() + 1100000000);
	}
	CHECK_EQ(set_to[0x18].root, g->vm.s2.dma_root);
	faults_of(0x18, IOMMU_FAULTS_MAX + 500);
	CHECK_EQ(set_to[0x18].root, 0);
	CHECK_EQ(iommu_streams[0].window, IOMMU_FAULTS_MAX + 1); /* what came later is from before */
	iommu_detach(&s);
	CHECK_EQ(set_to[0x18].root, empty);
	CHECK_EQ(iommu_attach(&g->vm, &s, "00:03.0", false), 0);
	CHECK_EQ(set_to[0x18].root, g->vm.s2.dma_root);
	faults_of(0x18, 10);
	CHECK(!iommu_streams[0].cut);
	/* A stranger is as well, and stays it. */
	faults_of(0x44, IOMMU_FAULTS_MAX + 1);
	CHECK(was_set[0x44] && set_to[0x44].root == 0);
	/* One that cannot be is told of on, and is as soon as it can. */
	set_error = -ENOMEM;
	faults_of(0x45, IOMMU_FAULTS_MAX + 1);
	CHECK(!was_set[0x45] && find(1, 0x45) != NULL && !find(1, 0x45)->cut);
	set_error = 0;
	faults_of(0x45, 1);
	CHECK(was_set[0x45] && find(1, 0x45)->cut);
	end();
}

static void a_fault_stops_the_vm_if_that_is_wanted(void)
{
	begin();
	CHECK_EQ(s2_dma_enable(&g->vm.s2, 0, 0), 0);
	CHECK_EQ(iommu_attach(&g->vm, &(struct pass_stream){ 1, 0x18 }, "00:03.0", true), 0);
	faults_of(0x19, 3);
	CHECK_EQ(g->vm.state, VM_RUNNING);
	faults_of(0x18, 3);
	CHECK_EQ(g->vm.state, VM_ENDING);
	CHECK_EQ(g->vm.end, VM_END_DEVICE);
	CHECK_STR(g->vm.reason, "DMA fault of 00:03.0 (stream 0x18) at 0x1234000");
	end();
}

static void what_the_monitor_drives_reaches_free_ram(void)
{
	struct s2_leaf l;

	begin();
	machine.ram_count = 1;
	machine.ram[0] = (struct range){ GiB(1), GiB(1) };
	machine.reserved_count = 1;
	machine.reserved[0] = (struct board_reserved){ GiB(1) + MiB(2), MiB(4), RESERVED_OWN };
	CHECK_EQ(iommu_attach_own(&(struct pass_stream){ 1, 0x20 }, "virtio-pci"), 0);
	CHECK_EQ(set_to[0x20].root, own.root);
	CHECK_EQ(set_to[0x20].vmid, IOMMU_VMID_OWN);
	CHECK(s2_lookup(&own, GiB(1), &l) && l.pa == GiB(1) && l.attr == S2_RAM);
	CHECK(!s2_lookup(&own, GiB(1) + MiB(2), &l) && !s2_lookup(&own, GiB(1) + MiB(6) - 1, &l));
	CHECK(s2_lookup(&own, GiB(1) + MiB(6), &l) && l.pa == GiB(1) + MiB(6));
	CHECK(!s2_lookup(&own, GiB(1) - 1, &l) && !s2_lookup(&own, GiB(2), &l));
	CHECK_EQ(iommu_attach_own(&(struct pass_stream){ 1, 0x20 }, "virtio-pci"), 0); /* behind one bridge */
	end();
}

TEST_MAIN(RUN(a_stream_has_one_owner), RUN(one_that_does_not_work_is_nobodys), RUN(faults_are_said_a_few_a_second),
	  RUN(one_that_only_faults_is_cut_off_until_it_is_attached_anew), RUN(a_fault_stops_the_vm_if_that_is_wanted),
	  RUN(what_the_monitor_drives_reaches_free_ram))
