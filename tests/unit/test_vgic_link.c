/* SPDX-License-Identifier: Apache-2.0 */
/* Interrupts of the machine linked to a guest's (core/vgic/link.c), on GICv2 and v3, with and without HW = 1. */
#include "tests/unit/test.h"
#include "tests/unit/vgic_util.h"
#include "core/vgic/link.h"

#define GUEST 40u
#define HOST 77u
#define BIT40 (1u << (GUEST - 32))

static unsigned int version, short_ways;
static bool shortly;

/* What the machine has to say, to whoever runs on the CPUs; false: it does not stop. */
static bool machine(void)
{
	for (unsigned int turn = 0; turn < STORM; turn++) {
		bool quiet = true;
		u32 intid;

		for (unsigned int i = 0; i < test_vm.vcpu_count; i++) {
			on(i);
			intid = host_spi_fires();
			if (intid != 0) { /* as irq_guest() does, or as in EL2 */
				if (!shortly || !test_vcpu[i].vgic.loaded ||
				    !vgic_link_quick(&test_vcpu[i], vgic_link_of[intid] - 1u)) {
					vgic_link_fired(intid);
				} else {
					short_ways++;
				}
				quiet = false;
			}
		}
		if (!settle_all()) {
			return false;
		}
		if (quiet) {
			return true;
		}
	}
	return false;
}

static void reg(u32 off, u32 val)
{
	wr(0, DIST + off, 4, val);
	CHECK(machine());
}

static void route_to(unsigned int n)
{
	if (version == 3) {
		wr(0, DIST + GICD_IROUTER + GUEST * 8, 8, n);
	} else {
		wr(0, DIST + GICD_ITARGETSR + GUEST, 1, 1u << n);
	}
	CHECK(machine());
}

static u32 take(unsigned int n)
{
	u32 iar;

	CHECK(machine());
	iar = ack(n);
	CHECK(machine());
	return iar;
}

static void end(unsigned int n, u32 iar)
{
	eoi(n, iar);
	CHECK(machine());
}

static void begin(unsigned int lrs, bool edge, bool immediate)
{
	start(version, 2, lrs, 64);
	CHECK_EQ(vgic_link(&test_vm, GUEST, HOST, edge, immediate), 0);
	vgic_link_reset(&test_vm);
	wr(0, DIST + GICD_CTLR, 4, GICD_CTLR_GRP1 | GICD_CTLR_GRP0);
	for (unsigned int n = 32; n < 96; n += 4) {
		wr(0, DIST + GICD_IPRIORITYR + n, 4, 0xa0a0a0a0);
	}
	if (version == 3) {
		wr(0, REDIST + SGI_BASE(0) + GICD_ISENABLER, 4, 0xffff);
	}
	route_to(0);
}

static void finish(void)
{
	vgic_link_quiesce(&test_vm);
	CHECK(!host_spi[HOST].enabled && !host_spi[HOST].active && !host_spi[HOST].pending);
	vgic_unlink(&test_vm, GUEST);
	CHECK_EQ(vgic_link_of[HOST], 0);
	stop_all();
}

static void level_once(void)
{
	begin(4, false, false);
	host_spi_line(HOST, true);
	CHECK_EQ(take(0), NONE);           /* not enabled */
	CHECK_EQ(host_spi[HOST].taken, 0); /* nor taken */
	reg(GICD_ISENABLER + 4, BIT40);
	CHECK_EQ(take(0), GUEST);
	CHECK_EQ(take(0), NONE);
	CHECK_EQ(host_spi[HOST].taken, 1); /* active: it does not storm */
	end(0, GUEST);
	CHECK_EQ(host_spi[HOST].taken, 2); /* still up */
	CHECK_EQ(take(0), GUEST);
	host_spi_line(HOST, false);
	end(0, GUEST);
	CHECK_EQ(take(0), NONE);
	CHECK_EQ(host_spi[HOST].active, 0);
	CHECK_EQ(host_spi[HOST].taken, 2);
	for (unsigned int i = 0; i < 100; i++) {
		host_spi_line(HOST, true);
		CHECK_EQ(take(0), GUEST);
		host_spi_line(HOST, false);
		end(0, GUEST);
	}
	CHECK_EQ(host_spi[HOST].taken, 102);
	CHECK(short_ways >= (shortly && !unlinked ? 90u : 0));
	short_ways = 0;
	finish();
}

static void edge_once(void)
{
	begin(4, true, false);
	reg(GICD_ISENABLER + 4, BIT40);
	CHECK_EQ(rd(0, DIST + GICD_ICFGR + 8, 4) >> (GUEST % 16 * 2) & 3, 2);
	host_spi_line(HOST, true);
	host_spi_line(HOST, false);
	CHECK_EQ(take(0), GUEST);
	host_spi_line(HOST, true); /* while in service: kept by the machine, once */
	host_spi_line(HOST, false);
	host_spi_line(HOST, true);
	CHECK_EQ(take(0), NONE);
	CHECK_EQ(rd(0, DIST + GICD_ISPENDR + 4, 4) & BIT40, BIT40);
	CHECK_EQ(rd(0, DIST + GICD_ISACTIVER + 4, 4) & BIT40, BIT40);
	end(0, GUEST);
	CHECK_EQ(take(0), GUEST);
	end(0, GUEST);
	CHECK_EQ(take(0), NONE);
	/* Masked while it is pending and not taken: it waits in the machine. */
	on(0);
	set_iface(0, iface(0) & ~ICH_VMCR_PMR);
	host_spi_line(HOST, false);
	host_spi_line(HOST, true);
	CHECK(machine());
	CHECK_EQ(host_spi[HOST].active, 1);
	reg(GICD_ICENABLER + 4, BIT40);
	on(0);
	set_iface(0, iface(0) | 0xf0000000u);
	CHECK_EQ(take(0), NONE);
	CHECK_EQ(host_spi[HOST].active, 0);
	CHECK_EQ(host_spi[HOST].pending, 1);
	reg(GICD_ISENABLER + 4, BIT40);
	CHECK_EQ(take(0), GUEST);
	end(0, GUEST);
	finish();
}

static void immediate_once(void)
{
	begin(4, true, true);
	reg(GICD_ISENABLER + 4, BIT40);
	for (unsigned int i = 0; i < 3; i++) {
		host_spi_line(HOST, true);
		host_spi_line(HOST, false);
		CHECK_EQ(take(0), GUEST);
		CHECK_EQ(host_spi[HOST].active, 0);
		host_spi_line(HOST, true); /* comes while in service, and is pending behind it */
		host_spi_line(HOST, false);
		CHECK(machine());
		CHECK_EQ(host_spi[HOST].active, emulated); /* then it waits in memory */
		CHECK_EQ(take(0), NONE);
		end(0, GUEST);
		CHECK_EQ(take(0), GUEST);
		end(0, GUEST);
		CHECK_EQ(take(0), NONE);
	}
	/* The guest cannot make a level of it. */
	wr(0, DIST + GICD_ICFGR + 8, 4, 0);
	CHECK_EQ(host_spi[HOST].edge, 1);
	/* Nobody is there to take it: it stays active. */
	vgic_put(on(0));
	host_spi_line(HOST, true);
	host_spi_line(HOST, false);
	host_spi_line(HOST, true);
	CHECK(machine());
	CHECK_EQ(host_spi[HOST].active, 1);
	vgic_load(on(0));
	CHECK_EQ(take(0), GUEST);
	end(0, GUEST);
	finish();
}

static void masked_while_active_once(void)
{
	begin(4, false, false);
	reg(GICD_ISENABLER + 4, BIT40);
	host_spi_line(HOST, true);
	CHECK_EQ(take(0), GUEST);
	reg(GICD_ICENABLER + 4, BIT40);
	end(0, GUEST);
	CHECK_EQ(take(0), NONE);
	CHECK_EQ(host_spi[HOST].taken, 1);
	CHECK_EQ(host_spi[HOST].active, 0);
	reg(GICD_ISENABLER + 4, BIT40);
	CHECK_EQ(take(0), GUEST);
	/* Ended by hand while it is in service; the end of interrupt that follows ends nothing. */
	host_spi_line(HOST, false);
	reg(GICD_ICACTIVER + 4, BIT40);
	CHECK_EQ(host_spi[HOST].active, 0);
	CHECK_EQ(rd(0, DIST + GICD_ISACTIVER + 4, 4) & BIT40, 0);
	end(0, GUEST);
	host_spi_line(HOST, true);
	CHECK_EQ(take(0), GUEST);
	host_spi_line(HOST, false);
	end(0, GUEST);
	finish();
}

static void by_registers_once(void)
{
	begin(4, true, false);
	reg(GICD_ISENABLER + 4, BIT40);
	reg(GICD_ISPENDR + 4, BIT40); /* by the machine */
	CHECK_EQ(host_spi[HOST].taken, 1);
	CHECK_EQ(take(0), GUEST);
	reg(GICD_ISPENDR + 4, BIT40);
	CHECK_EQ(rd(0, DIST + GICD_ISPENDR + 4, 4) & BIT40, BIT40);
	reg(GICD_ICPENDR + 4, BIT40);
	CHECK_EQ(rd(0, DIST + GICD_ISPENDR + 4, 4) & BIT40, 0);
	end(0, GUEST);
	CHECK_EQ(take(0), NONE);
	/* Pending in a list register, taken back. */
	on(0);
	set_iface(0, iface(0) & ~ICH_VMCR_PMR);
	reg(GICD_ISPENDR + 4, BIT40);
	CHECK_EQ(host_spi[HOST].active, 1);
	reg(GICD_ICPENDR + 4, BIT40);
	CHECK_EQ(host_spi[HOST].active, 0);
	on(0);
	set_iface(0, iface(0) | 0xf0000000u);
	CHECK_EQ(take(0), NONE);
	/* Active by decree: it waits. */
	reg(GICD_ISACTIVER + 4, BIT40);
	CHECK_EQ(host_spi[HOST].active, 1);
	host_spi_line(HOST, true);
	CHECK_EQ(take(0), NONE);
	reg(GICD_ISACTIVER + 4, BIT40);
	reg(GICD_ICACTIVER + 4, BIT40);
	CHECK_EQ(take(0), GUEST);
	reg(GICD_ISACTIVER + 4, BIT40);
	end(0, GUEST);
	CHECK_EQ(take(0), NONE);
	/* Pending and made active: the machine keeps what pends. */
	on(0);
	set_iface(0, iface(0) & ~ICH_VMCR_PMR);
	reg(GICD_ISPENDR + 4, BIT40);
	reg(GICD_ISACTIVER + 4, BIT40);
	on(0);
	set_iface(0, iface(0) | 0xf0000000u);
	CHECK_EQ(take(0), NONE);
	CHECK_EQ(host_spi[HOST].pending, 1);
	reg(GICD_ICACTIVER + 4, BIT40);
	CHECK_EQ(take(0), GUEST);
	end(0, GUEST);
	/* The trigger is the guest's to say. */
	reg(GICD_ICFGR + 8, 0);
	CHECK_EQ(host_spi[HOST].edge, 0);
	CHECK_EQ(host_spi[HOST].enabled, 1);
	finish();
}

static void follows_its_vcpu_once(void)
{
	begin(4, false, false);
	reg(GICD_ISENABLER + 4, BIT40);
	CHECK_EQ(host_spi[HOST].cpu, 0);
	route_to(1);
	CHECK_EQ(host_spi[HOST].cpu, 1);
	host_spi_line(HOST, true);
	CHECK_EQ(take(0), NONE);
	CHECK_EQ(take(1), GUEST);
	/* In service on vCPU 1 while routed back: what comes next is for vCPU 0. */
	route_to(0);
	end(1, GUEST);
	CHECK_EQ(take(1), NONE);
	CHECK_EQ(take(0), GUEST);
	host_spi_line(HOST, false);
	end(0, GUEST);
	/* The vCPU moves to another CPU. */
	vgic_put(on(0));
	percpus[2].id = 2;
	percpus[2].current = &test_vcpu[0].thread;
	test_vcpu[0].thread.cpu = 2;
	vgic_load(on(0));
	CHECK_EQ(host_spi[HOST].cpu, 2);
	host_spi_line(HOST, true);
	CHECK_EQ(take(0), GUEST);
	host_spi_line(HOST, false);
	end(0, GUEST);
	/* Moves while it is in service. */
	host_spi_line(HOST, true);
	CHECK_EQ(take(0), GUEST);
	vgic_put(on(0));
	CHECK_EQ(host_spi[HOST].active, 1);
	test_vcpu[0].thread.cpu = 0;
	vgic_load(on(0));
	host_spi_line(HOST, false);
	end(0, GUEST);
	CHECK_EQ(host_spi[HOST].active, 0);
	finish();
}

/* More than fit: passed ones, and others of devices, in few list registers. */
static void crowded_once(void)
{
	begin(2, false, false);
	for (u32 i = 1; i < 8; i++) {
		CHECK_EQ(vgic_link(&test_vm, GUEST + i, HOST + i, (i & 1) != 0, i == 3), 0);
	}
	vgic_link_reset(&test_vm);
	reg(GICD_ISENABLER + 4, 0xffu << (GUEST - 32) | 1u << 20);
	for (u32 i = 0; i < 8; i++) {
		if (version == 2) {
			wr(0, DIST + GICD_ITARGETSR + GUEST + i, 1, 1);
		}
		host_spi_line(HOST + i, true);
	}
	vgic_set_line(&test_vm, 52, true);
	wr(0, DIST + GICD_IPRIORITYR + GUEST, 4, 0x40506070);
	for (unsigned int round = 0; round < 50; round++) {
		u32 first = take(0), second;

		CHECK(first != NONE);
		host_spi_line(HOST + first - GUEST, false);
		if (first == 52) {
			vgic_set_line(&test_vm, 52, false);
		}
		second = take(0); /* a better one comes between */
		if (second != NONE) {
			host_spi_line(HOST + second - GUEST, false);
			end(0, second);
			host_spi_line(HOST + second - GUEST, true);
		}
		end(0, first);
		if (first == 52) {
			vgic_set_line(&test_vm, 52, true);
		} else {
			host_spi_line(HOST + first - GUEST, true);
		}
		if (round % 7 == 0) {
			vgic_put(on(0));
			CHECK(machine());
			vgic_load(on(0));
		}
	}
	for (u32 i = 0; i < 8; i++) {
		host_spi_line(HOST + i, false);
	}
	vgic_set_line(&test_vm, 52, false);
	for (u32 iar = take(0); iar != NONE; iar = take(0)) {
		end(0, iar);
	}
	for (u32 i = 0; i < 8; i++) {
		CHECK_EQ(host_spi[HOST + i].active, 0);
	}
	for (u32 i = 1; i < 8; i++) {
		vgic_unlink(&test_vm, GUEST + i);
	}
	finish();
}

static void restart_once(void)
{
	for (unsigned int when = 0; when < 3; when++) {
		begin(4, when == 1, false);
		reg(GICD_ISENABLER + 4, BIT40);
		reg(GICD_ICFGR + 8, when == 1 ? 0 : ~0u);
		host_spi_line(HOST, true);
		CHECK(machine());
		if (when != 0) {
			CHECK_EQ(take(0), GUEST); /* in service when the VM ends */
		}
		vgic_put(on(0));
		vgic_put(on(1));
		vgic_link_quiesce(&test_vm);
		CHECK(!host_spi[HOST].enabled && !host_spi[HOST].active && !host_spi[HOST].pending);
		/* One that was acknowledged before and comes late. */
		host_spi[HOST].active = true;
		vgic_link_fired(HOST);
		CHECK(!host_spi[HOST].active && !host_spi[HOST].pending);
		vgic_reset(&test_vm);
		vgic_link_reset(&test_vm);
		CHECK_EQ(host_spi[HOST].edge, when == 1);
		vgic_load(on(0));
		vgic_load(on(1));
		CHECK_EQ(take(0), NONE);
		host_spi_line(HOST, false);
		on(0);
		set_iface(0, iface(0) | 0xf0000000u | ICH_VMCR_ENG0 | ICH_VMCR_ENG1);
		wr(0, DIST + GICD_CTLR, 4, GICD_CTLR_GRP1 | GICD_CTLR_GRP0);
		reg(GICD_ISENABLER + 4, BIT40);
		route_to(0);
		host_spi_line(HOST, true);
		CHECK_EQ(take(0), GUEST);
		host_spi_line(HOST, false);
		end(0, GUEST);
		finish();
	}
}

static void refused_once(void)
{
	begin(4, false, false);
	CHECK_EQ(vgic_link(&test_vm, GUEST, HOST + 1, false, false), -16);
	CHECK_EQ(vgic_link(&test_vm, GUEST + 1, HOST, false, false), -16);
	CHECK_EQ(vgic_link(&test_vm, 27, HOST + 1, false, false), -22);
	CHECK_EQ(vgic_link(&test_vm, 500, HOST + 1, false, false), -22);
	CHECK_EQ(vgic_link(&test_vm, GUEST + 1, 31, false, false), -22);
	CHECK_EQ(vgic_link(&test_vm, GUEST + 1, 1020, false, false), -22);
	CHECK_EQ(vgic_link(&test_vm, GUEST + 1, HOST + 1, false, true), -22);
	finish();
	vgic_link_fired(HOST); /* nobody's any more */
}

/*
 * GICv2 and v3; ended by the list register, or by the monitor; with and without the short way; a GICv2 guest on a
 * GICv3, ended by a trap.
 */
static void over(void (*fn)(void))
{
	version = 2;
	emulated = true;
	fn();
	emulated = false;
	for (version = 2; version <= 3; version++) {
		for (unsigned int how = 0; how < 4; how++) {
			unlinked = (how & 1) != 0;
			shortly = (how & 2) != 0;
			fn();
		}
	}
}

#define OVER(name) \
	static void name(void) \
	{ \
		over(name##_once); \
	}
OVER(level)
OVER(edge)
OVER(immediate)
OVER(masked_while_active)
OVER(by_registers)
OVER(follows_its_vcpu)
OVER(crowded)
OVER(restart)
OVER(refused)

TEST_MAIN(RUN(level), RUN(edge), RUN(immediate), RUN(masked_while_active), RUN(by_registers),
	  RUN(follows_its_vcpu), RUN(crowded), RUN(restart), RUN(refused))
