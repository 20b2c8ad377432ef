/* SPDX-License-Identifier: Apache-2.0 */
/* The virtual GICv3 as a guest sees it; what is special to GICv2 is in test_vgic_v2.c. */
#include "tests/unit/test.h"
#include "tests/unit/vgic_util.h"

#define SGI1R(intid, list) ((u64)(intid) << 24 | (list))

/* Group 1 on, SGIs and the timer enabled on all vCPUs, priorities 0xa0. */
static void start_v3(unsigned int vcpus, unsigned int lrs)
{
	start(3, vcpus, lrs, 64);
	wr(0, DIST + GICD_CTLR, 4, GICD_CTLR_GRP1 | GICD_CTLR_GRP0);
	for (unsigned int i = 0; i < vcpus; i++) {
		wr(i, REDIST + SGI_BASE(i) + GICD_ISENABLER, 4, 0x0800ffff);
		for (unsigned int n = 0; n < 32; n += 4) {
			wr(i, REDIST + SGI_BASE(i) + GICD_IPRIORITYR + n, 4, 0xa0a0a0a0);
		}
	}
	for (unsigned int n = 32; n < 96; n += 4) {
		wr(0, DIST + GICD_IPRIORITYR + n, 4, 0xa0a0a0a0);
	}
}

static void identifies_itself(void)
{
	start(3, 2, 4, 64);
	CHECK_EQ(rd(0, DIST + GICD_TYPER, 4), 2 | 9 << 19 | 1 << 25);
	CHECK_EQ(rd(0, DIST + 0xffe8, 4) >> 4 & 0xf, 3);
	CHECK_EQ(rd(0, DIST + GICD_CTLR, 4), GICD_CTLR_ARE | GICD_CTLR_DS);
	CHECK_EQ(rd(1, REDIST + GICR_TYPER, 8), 0);
	CHECK_EQ(rd(1, REDIST + GICR_FRAME + GICR_TYPER, 8), 1UL << 32 | 1 << 8 | GICR_TYPER_LAST);
	CHECK_EQ(rd(1, REDIST + GICR_FRAME + GICR_TYPER + 4, 4), 1);
	CHECK_EQ(rd(0, REDIST + 0xffe8, 4) >> 4 & 0xf, 3);
	CHECK_EQ(rd(0, REDIST + GICR_WAKER, 4), 6);
	wr(0, REDIST + GICR_WAKER, 4, 0);
	CHECK_EQ(rd(0, REDIST + GICR_WAKER, 4), 0);
	CHECK_EQ(rd(1, REDIST + GICR_FRAME + GICR_WAKER, 4), 6);
	CHECK_EQ(rd(0, REDIST + SGI_BASE(0) + GICD_ICFGR, 4), 0xaaaaaaaa);
	wr(0, DIST + GICD_CTLR, 4, ~0u);
	CHECK_EQ(rd(0, DIST + GICD_CTLR, 4), GICD_CTLR_ARE | GICD_CTLR_DS | 3);
	stop_all();
}

static void sgi_to_self_and_others(void)
{
	start_v3(3, 4);
	vgic_sgi1r(on(0), SGI1R(3, 1));
	CHECK_EQ(ack(0), 3);
	CHECK_EQ(ack(0), NONE);
	eoi(0, 3);
	CHECK_EQ(ack(0), NONE);
	vgic_sgi1r(on(0), SGI1R(5, 7)); /* list with oneself */
	for (unsigned int i = 0; i < 3; i++) {
		CHECK_EQ(ack(i), 5);
		eoi(i, 5);
	}
	vgic_sgi1r(on(1), SGI1R(6, 0) | ICC_SGIR_IRM);
	CHECK_EQ(ack(0), 6);
	CHECK_EQ(ack(1), NONE);
	CHECK_EQ(ack(2), 6);
	vgic_sgi1r(on(1), SGI1R(7, 2) | 1UL << 16); /* another cluster */
	vgic_sgi1r(on(1), SGI1R(7, 2) | 1UL << 44); /* Aff0 16..31 */
	vgic_sgi1r(on(1), SGI1R(7, 0xfff8));        /* nobody */
	CHECK_EQ(ack(1), NONE);
	stop_all();
}

/* The short way for an SGI to oneself leaves the same behind as the general one. */
static void short_sgi_is_the_general_sgi(void)
{
	for (unsigned int busy = 0; busy < 16; busy++) {
		u32 got[2][3];

		for (unsigned int way = 0; way < 2; way++) {
			start_v3(2, 4);
			if (busy & 1) {
				vgic_sgi1r(on(0), SGI1R(2, 1));
				CHECK_EQ(ack(0), 2);
			}
			if (busy & 2) {
				wr(0, REDIST + SGI_BASE(0) + GICD_ICENABLER, 4, 1 << 4);
			}
			if (busy & 4) {
				vgic_sgi1r(on(0), SGI1R(4, 1));
			}
			if (busy & 8) {
				eoi(0, 2);
				wr(0, REDIST + SGI_BASE(0) + GICD_IPRIORITYR + 4, 1, 0x40);
			}
			/* Longer list, same effect: the rest of it names nobody. */
			vgic_sgi1r(on(0), SGI1R(4, way ? 0x8001 : 1));
			got[way][0] = (u32)rd(0, REDIST + SGI_BASE(0) + GICD_ISPENDR, 4);
			got[way][1] = ack(0);
			got[way][2] = (u32)rd(0, REDIST + SGI_BASE(0) + GICD_ISACTIVER, 4);
			stop_all();
		}
		CHECK_MEM(got[0], got[1], sizeof(got[0]));
	}
}

static void sgi_groups(void)
{
	start_v3(2, 4);
	wr(1, REDIST + SGI_BASE(1) + GICD_IGROUPR, 4, ~0x10u); /* SGI 4: Group 0 */
	vgic_sgi0r(on(0), SGI1R(4, 2) | SGI1R(0, 0));
	settle(1);
	on(1);
	CHECK(host_gic_signals(0));
	CHECK(!host_gic_signals(1));
	CHECK_EQ(ack(1), 4);
	vgic_sgi0r(on(0), SGI1R(5, 2)); /* Group 1: not reached from here */
	CHECK_EQ(rd(1, REDIST + SGI_BASE(1) + GICD_ISPENDR, 4), 0);
	stop_all();
}

static void priority_order(void)
{
	start_v3(1, 4);
	for (unsigned int i = 0; i < 10; i++) {
		wr(0, REDIST + SGI_BASE(0) + GICD_IPRIORITYR + i, 1, 0xf0 - i * 8 - 0x40);
		vgic_sgi1r(on(0), SGI1R(i, 1));
	}
	settle(0);
	for (unsigned int i = 10; i-- > 0;) {
		CHECK_EQ(ack(0), i);
		CHECK_EQ(ack(0), NONE); /* nothing better: no preemption */
		eoi(0, i);
	}
	CHECK_EQ(ack(0), NONE);
	CHECK(deaf || (maintenance_exits > 0 && maintenance_exits < 12));
	stop_all();
}

/* Every interrupt preempts the one before: more are active than there are list registers. */
static void nesting_beyond_list_registers(void)
{
	start_v3(1, 4);
	for (unsigned int i = 0; i < 12; i++) {
		wr(0, REDIST + SGI_BASE(0) + GICD_IPRIORITYR + i, 1, 0xa0 - i * 8);
		vgic_sgi1r(on(0), SGI1R(i, 1));
		CHECK_EQ(ack(0), i);
	}
	CHECK_EQ(rd(0, REDIST + SGI_BASE(0) + GICD_ISACTIVER, 4), 0xfff);
	for (unsigned int i = 12; i-- > 0;) {
		eoi(0, i);
		CHECK_EQ(rd(0, REDIST + SGI_BASE(0) + GICD_ISACTIVER, 4), (1u << i) - 1);
	}
	stop_all();
}

/* EOImode 1: priority drop at once, deactivation late and in any order. */
static void split_end_of_interrupt(void)
{
	start_v3(1, 3);
	on(0);
	gic_set_vmcr(gic_vmcr() | ICH_VMCR_EOIM);
	for (unsigned int i = 0; i < 6; i++) {
		vgic_sgi1r(on(0), SGI1R(i, 1));
		CHECK_EQ(ack(0), i);
		eoi(0, i);
	}
	CHECK_EQ(rd(0, REDIST + SGI_BASE(0) + GICD_ISACTIVER, 4), 0x3f);
	for (unsigned int i = 0; i < 6; i++) {
		unsigned int k = (i * 5 + 3) % 6;

		on(0);
		if (host_gic_guest_dir(k)) {
			vgic_dir(on(0), k);
		}
		settle(0);
		CHECK_EQ(rd(0, REDIST + SGI_BASE(0) + GICD_ISACTIVER, 4) & 1u << k, 0);
	}
	CHECK_EQ(rd(0, REDIST + SGI_BASE(0) + GICD_ISACTIVER, 4), 0);
	stop_all();
}

static void level_spi_is_sampled_again(void)
{
	start_v3(2, 4);
	wr(0, DIST + GICD_IROUTER + 40 * 8, 8, 1);
	wr(0, DIST + GICD_ISENABLER + 4, 4, 1 << 8);
	vgic_set_line(&test_vm, 40, true);
	CHECK_EQ(rd(0, DIST + GICD_ISPENDR + 4, 4), 1 << 8);
	CHECK_EQ(ack(0), NONE);
	CHECK_EQ(ack(1), 40);
	CHECK_EQ(rd(0, DIST + GICD_ISACTIVER + 4, 4), 1 << 8);
	eoi(1, 40);
	CHECK_EQ(ack(1), 40); /* the line is still up */
	on(1);
	maintenance_exits = 0;
	vgic_set_line(&test_vm, 40, false);
	eoi(1, 40);
	CHECK_EQ(maintenance_exits, 0);
	CHECK_EQ(ack(1), NONE);
	/* Withdrawn before it was taken, by the CPU that has it and by another. */
	vgic_set_line(&test_vm, 40, true);
	settle_all();
	on(1);
	CHECK(host_gic_signals(1));
	vgic_set_line(&test_vm, 40, false);
	CHECK_EQ(ack(1), NONE);
	vgic_set_line(&test_vm, 40, true);
	settle_all();
	on(0);
	vgic_set_line(&test_vm, 40, false);
	CHECK_EQ(ack(1), NONE);
	stop_all();
}

static void edge_spi_is_latched(void)
{
	start_v3(1, 4);
	wr(0, DIST + GICD_ICFGR + 8, 4, 2 << 2);
	CHECK_EQ(rd(0, DIST + GICD_ICFGR + 8, 4), 2 << 2);
	wr(0, DIST + GICD_ISENABLER + 4, 4, 2);
	vgic_set_line(&test_vm, 33, true);
	CHECK_EQ(ack(0), 33);
	eoi(0, 33);
	CHECK_EQ(ack(0), NONE); /* the level does not count */
	vgic_set_line(&test_vm, 33, false);
	vgic_set_line(&test_vm, 33, true);
	CHECK_EQ(ack(0), 33);
	vgic_set_line(&test_vm, 33, false);
	vgic_set_line(&test_vm, 33, true); /* again while active */
	settle(0);
	CHECK_EQ(rd(0, DIST + GICD_ISPENDR + 4, 4), 2);
	CHECK_EQ(rd(0, DIST + GICD_ISACTIVER + 4, 4), 2);
	eoi(0, 33);
	CHECK_EQ(ack(0), 33);
	eoi(0, 33);
	CHECK_EQ(ack(0), NONE);
	stop_all();
}

static void disabled_is_pulled_back(void)
{
	start_v3(2, 4);
	vgic_sgi1r(on(0), SGI1R(1, 1));
	wr(0, REDIST + SGI_BASE(0) + GICD_ICENABLER, 4, 2);
	CHECK_EQ(ack(0), NONE);
	CHECK_EQ(rd(0, REDIST + SGI_BASE(0) + GICD_ISPENDR, 4), 2);
	wr(0, REDIST + SGI_BASE(0) + GICD_ISENABLER, 4, 2);
	CHECK_EQ(ack(0), 1);
	eoi(0, 1);
	/* An SPI in another vCPU's list registers; RWP until it is out of them. */
	wr(0, DIST + GICD_IROUTER + 33 * 8, 8, 1);
	wr(0, DIST + GICD_ISENABLER + 4, 4, 2);
	vgic_set_line(&test_vm, 33, true);
	settle_all();
	enum mmio_result r;
	access(0, DIST + GICD_ICENABLER + 4, 4, true, 2, &r);
	CHECK_EQ(rd(0, DIST + GICD_CTLR, 4) & GICD_CTLR_RWP, GICD_CTLR_RWP);
	settle(1);
	CHECK_EQ(rd(0, DIST + GICD_CTLR, 4) & GICD_CTLR_RWP, 0);
	CHECK_EQ(ack(1), NONE);
	CHECK_EQ(rd(0, DIST + GICD_ISPENDR + 4, 4), 2);
	/* By the redistributor of another vCPU */
	vgic_sgi1r(on(1), SGI1R(9, 2));
	wr(0, REDIST + SGI_BASE(1) + GICD_ICENABLER, 4, 1 << 9);
	CHECK_EQ(ack(1), NONE);
	wr(0, REDIST + SGI_BASE(1) + GICD_ISENABLER, 4, 1 << 9);
	CHECK_EQ(ack(1), 9);
	stop_all();
}

static void pending_written_by_the_guest(void)
{
	start_v3(2, 4);
	wr(0, REDIST + SGI_BASE(0) + GICD_ISPENDR, 4, 1 << 2);
	CHECK_EQ(rd(0, REDIST + SGI_BASE(0) + GICD_ISPENDR, 4), 1 << 2);
	wr(0, REDIST + SGI_BASE(0) + GICD_ICPENDR, 4, 1 << 2);
	CHECK_EQ(ack(0), NONE);
	wr(0, REDIST + SGI_BASE(1) + GICD_ISPENDR, 4, 1 << 2);
	CHECK_EQ(rd(0, REDIST + SGI_BASE(1) + GICD_ISPENDR, 4), 1 << 2);
	wr(0, REDIST + SGI_BASE(1) + GICD_ICPENDR, 4, 1 << 2);
	CHECK_EQ(ack(1), NONE);
	/* A level SPI: latched once, gone when taken. In a list register of vCPU 1. */
	wr(0, DIST + GICD_IROUTER + 50 * 8, 8, 1);
	wr(0, DIST + GICD_ISENABLER + 4, 4, 1 << 18);
	wr(0, DIST + GICD_ISPENDR + 4, 4, 1 << 18);
	CHECK_EQ(rd(0, DIST + GICD_ICPENDR + 4, 4), 1 << 18);
	wr(0, DIST + GICD_ICPENDR + 4, 4, 1 << 18);
	CHECK_EQ(ack(1), NONE);
	wr(0, DIST + GICD_ISPENDR + 4, 4, 1 << 18);
	CHECK_EQ(ack(1), 50);
	eoi(1, 50);
	CHECK_EQ(ack(1), NONE);
	/* Clearing does not help against a line. */
	vgic_set_line(&test_vm, 50, true);
	wr(0, DIST + GICD_ICPENDR + 4, 4, 1 << 18);
	CHECK_EQ(ack(1), 50);
	stop_all();
}

static void active_written_by_the_guest(void)
{
	start_v3(2, 4);
	wr(0, REDIST + SGI_BASE(0) + GICD_ISACTIVER, 4, 1 << 3);
	vgic_sgi1r(on(0), SGI1R(3, 1));
	CHECK_EQ(ack(0), NONE);
	wr(0, REDIST + SGI_BASE(0) + GICD_ICACTIVER, 4, 1 << 3);
	CHECK_EQ(ack(0), 3);
	wr(0, REDIST + SGI_BASE(0) + GICD_ICACTIVER, 4, 1 << 3);
	CHECK_EQ(rd(1, REDIST + SGI_BASE(0) + GICD_ISACTIVER, 4), 0);
	eoi(0, 3);
	wr(1, REDIST + SGI_BASE(0) + GICD_ISACTIVER, 4, 1 << 3);
	CHECK_EQ(rd(0, REDIST + SGI_BASE(0) + GICD_ISACTIVER, 4), 1 << 3);
	wr(1, REDIST + SGI_BASE(0) + GICD_ICACTIVER, 4, 1 << 3);
	CHECK_EQ(rd(0, REDIST + SGI_BASE(0) + GICD_ISACTIVER, 4), 0);
	/* An SPI that is in service on the other vCPU */
	wr(0, DIST + GICD_IROUTER + 34 * 8, 8, 1);
	wr(0, DIST + GICD_ISENABLER + 4, 4, 4);
	vgic_set_line(&test_vm, 34, true);
	CHECK_EQ(ack(1), 34);
	vgic_set_line(&test_vm, 34, false);
	settle_all();
	wr(0, DIST + GICD_ICACTIVER + 4, 4, 4);
	CHECK_EQ(rd(0, DIST + GICD_ISACTIVER + 4, 4), 0);
	wr(0, DIST + GICD_ISACTIVER + 4, 4, 4);
	CHECK_EQ(rd(0, DIST + GICD_ISACTIVER + 4, 4), 4);
	vgic_set_line(&test_vm, 34, true);
	CHECK_EQ(ack(1), NONE);
	stop_all();
}

static void routing_moves_a_pending_spi(void)
{
	start_v3(3, 4);
	wr(0, DIST + GICD_ISENABLER + 4, 4, 8);
	wr(0, DIST + GICD_IROUTER + 35 * 8, 4, 1); /* two halves */
	wr(0, DIST + GICD_IROUTER + 35 * 8 + 4, 4, 0);
	vgic_set_line(&test_vm, 35, true);
	settle_all();
	wr(0, DIST + GICD_IROUTER + 35 * 8, 8, 2);
	CHECK_EQ(ack(1), NONE);
	CHECK_EQ(ack(2), 35);
	wr(0, DIST + GICD_IROUTER + 35 * 8, 8, 0); /* active stays where it is */
	CHECK_EQ(ack(0), NONE);
	eoi(2, 35);
	CHECK_EQ(ack(2), NONE);
	CHECK_EQ(ack(0), 35);
	wr(0, DIST + GICD_IROUTER + 35 * 8, 8, 0x0500000700UL);
	CHECK_EQ(rd(0, DIST + GICD_IROUTER + 35 * 8, 8), 0x0500000700UL);
	CHECK_EQ(rd(0, DIST + GICD_IROUTER + 35 * 8 + 4, 4), 5);
	eoi(0, 35);
	for (unsigned int i = 0; i < 3; i++) {
		CHECK_EQ(ack(i), NONE);
	}
	/* Pending again and routed away while in service: delivered there, after the EOI here. */
	vgic_set_line(&test_vm, 35, false);
	wr(0, DIST + GICD_IROUTER + 35 * 8, 8, 1);
	wr(0, DIST + GICD_ISPENDR + 4, 4, 8);
	CHECK_EQ(ack(1), 35);
	wr(0, DIST + GICD_IROUTER + 35 * 8, 8, 2);
	wr(0, DIST + GICD_ISPENDR + 4, 4, 8);
	CHECK_EQ(ack(2), NONE);
	eoi(1, 35);
	CHECK_EQ(ack(1), NONE);
	CHECK_EQ(ack(2), 35);
	stop_all();
}

static void group_enables_gate(void)
{
	start_v3(1, 4);
	vgic_sgi1r(on(0), SGI1R(1, 1));
	wr(0, DIST + GICD_CTLR, 4, GICD_CTLR_GRP0);
	CHECK_EQ(ack(0), NONE);
	wr(0, REDIST + SGI_BASE(0) + GICD_IGROUPR, 4, ~2u);
	CHECK_EQ(ack(0), 1);
	eoi(0, 1);
	wr(0, DIST + GICD_CTLR, 4, 0);
	wr(0, DIST + GICD_ISENABLER + 4, 4, 1);
	vgic_set_line(&test_vm, 32, true);
	CHECK_EQ(ack(0), NONE);
	wr(0, DIST + GICD_CTLR, 4, GICD_CTLR_GRP1);
	CHECK_EQ(ack(0), 32);
	stop_all();
}

/* Interrupts of a group the CPU interface has off must not keep others out. */
static void masked_group_does_not_starve(void)
{
	start_v3(1, 4);
	wr(0, REDIST + SGI_BASE(0) + GICD_IGROUPR, 4, 0xffffff00); /* SGIs 0..7: Group 0 */
	on(0);
	gic_set_vmcr(gic_vmcr() & ~ICH_VMCR_ENG0);
	for (unsigned int i = 0; i < 8; i++) {
		wr(0, REDIST + SGI_BASE(0) + GICD_IPRIORITYR + i, 1, 0x10);
		vgic_sgi0r(on(0), SGI1R(i, 1));
	}
	vgic_sgi1r(on(0), SGI1R(9, 1));
	CHECK_EQ(ack(0), 9);
	eoi(0, 9);
	CHECK_EQ(ack(0), NONE);
	gic_set_vmcr(gic_vmcr() | ICH_VMCR_ENG0);
	for (unsigned int i = 0; i < 8; i++) {
		CHECK_EQ(ack(0), i);
		eoi(0, i);
	}
	stop_all();
}

static void timer_is_hardware_linked(void)
{
	start_v3(2, 4);
	timer_line[0] = true;
	CHECK_EQ(ack(0), 27);
	CHECK(host_gic_active(27));
	CHECK_EQ(rd(0, REDIST + SGI_BASE(0) + GICD_ISACTIVER, 4), 1 << 27);
	timer_line[0] = false;
	eoi(0, 27);
	CHECK(!host_gic_active(27));
	/* Disabled: kept back without a storm, nothing stale when enabled again. */
	wr(0, REDIST + SGI_BASE(0) + GICD_ICENABLER, 4, 1 << 27);
	timer_line[0] = true;
	CHECK_EQ(ack(0), NONE);
	CHECK(host_gic_active(27));
	CHECK_EQ(rd(0, REDIST + SGI_BASE(0) + GICD_ISPENDR, 4), 1 << 27);
	timer_line[0] = false;
	CHECK_EQ(rd(0, REDIST + SGI_BASE(0) + GICD_ISPENDR, 4), 0);
	wr(0, REDIST + SGI_BASE(0) + GICD_ISENABLER, 4, 1 << 27);
	CHECK_EQ(ack(0), NONE);
	CHECK(!host_gic_active(27));
	timer_line[0] = true;
	CHECK_EQ(ack(0), 27);
	eoi(0, 27);
	CHECK_EQ(ack(0), 27); /* still up */
	timer_line[0] = false;
	eoi(0, 27);
	/* Pending in LR0, then disabled, pulled back; its group goes off and on. */
	timer_line[0] = true;
	settle(0);
	wr(0, REDIST + SGI_BASE(0) + GICD_ICENABLER, 4, 1 << 27);
	CHECK_EQ(ack(0), NONE);
	wr(0, REDIST + SGI_BASE(0) + GICD_ISENABLER, 4, 1 << 27);
	wr(0, DIST + GICD_CTLR, 4, 0);
	CHECK_EQ(ack(0), NONE);
	wr(0, DIST + GICD_CTLR, 4, 3);
	CHECK_EQ(ack(0), 27);
	wr(0, REDIST + SGI_BASE(0) + GICD_ICACTIVER, 4, 1 << 27); /* the guest gives it up */
	CHECK_EQ(ack(0), NONE);
	eoi(0, 27);
	timer_line[0] = false;
	settle(0);
	stop_all();
}

static void move(unsigned int n, unsigned int cpu)
{
	vgic_put(on(n));
	test_vcpu[n].thread.cpu = cpu;
	percpus[cpu].current = &test_vcpu[n].thread;
	vgic_load(on(n));
	settle(n);
}

static void state_follows_the_vcpu(void)
{
	start_v3(1, 4);
	percpus[1].id = 1;
	timer_line[0] = true;
	CHECK_EQ(ack(0), 27);
	wr(0, REDIST + SGI_BASE(0) + GICD_IPRIORITYR, 4, 0x20304050);
	vgic_sgi1r(on(0), SGI1R(1, 1));
	CHECK_EQ(ack(0), 1);
	vgic_sgi1r(on(0), SGI1R(2, 1));
	move(0, 1);
	host_percpu = &percpus[0];
	CHECK(!host_gic_active(27));
	CHECK_EQ(gic_vcpu_hcr(), 0);
	on(0);
	CHECK(host_gic_active(27));
	CHECK_EQ(rd(0, REDIST + SGI_BASE(0) + GICD_ISACTIVER, 4), 1 << 27 | 2);
	CHECK_EQ(ack(0), 2); /* 0x30 preempts 0x40: active priorities have moved, too */
	eoi(0, 2);
	eoi(0, 1);
	timer_line[0] = false;
	eoi(0, 27);
	CHECK(!host_gic_active(27));
	CHECK_EQ(rd(0, REDIST + SGI_BASE(0) + GICD_ISACTIVER, 4), 0);
	/* Pending when taken off, the line falls meanwhile: nothing stale on the other CPU. */
	timer_line[0] = true;
	settle(0);
	timer_line[0] = false;
	move(0, 0);
	CHECK_EQ(ack(0), NONE);
	stop_all();
}

static void wakes_from_wfi(void)
{
	start_v3(2, 4);
	CHECK(!vgic_has_interrupt(on(0)));
	vgic_sgi1r(on(1), SGI1R(1, 1));
	CHECK(vgic_has_interrupt(on(0)));
	on(0);
	gic_set_vmcr((gic_vmcr() & ~ICH_VMCR_PMR) | 0xa0000000u);
	CHECK(!vgic_has_interrupt(on(0)));
	gic_set_vmcr((gic_vmcr() & ~(ICH_VMCR_PMR | ICH_VMCR_ENG1)) | 0xf0000000u);
	CHECK(!vgic_has_interrupt(on(0)));
	gic_set_vmcr(gic_vmcr() | ICH_VMCR_ENG1);
	CHECK(vgic_has_interrupt(on(0)));
	vgic_put(on(0));
	CHECK(vgic_has_interrupt(on(0)));
	vgic_load(on(0));
	CHECK_EQ(ack(0), 1);
	CHECK(!vgic_has_interrupt(on(0)));
	eoi(0, 1);
	vgic_put(on(0));
	CHECK(!vgic_has_interrupt(on(0)));
	wr(1, DIST + GICD_ISENABLER + 4, 4, 1);
	vgic_set_line(&test_vm, 32, true);
	CHECK(vgic_has_interrupt(on(0)));
	vgic_set_line(&test_vm, 32, false);
	CHECK(!vgic_has_interrupt(on(0)));
	vgic_sgi1r(on(1), SGI1R(1, 1));
	CHECK(vgic_has_interrupt(on(0)));
	vgic_load(on(0));
	stop_all();
}

static void software_ppi(void)
{
	start_v3(2, 4);
	wr(0, REDIST + SGI_BASE(0) + GICD_ISENABLER, 4, 1 << 30);
	vgic_set_ppi(on(0), 30, true);
	CHECK_EQ(ack(0), 30);
	eoi(0, 30);
	CHECK_EQ(ack(0), 30);
	vgic_set_ppi(on(0), 30, false);
	eoi(0, 30);
	CHECK_EQ(ack(0), NONE);
	on(1);
	vgic_set_ppi(&test_vcpu[0], 30, true);
	settle(0);
	on(0);
	CHECK(host_gic_signals(1));
	on(1);
	vgic_set_ppi(&test_vcpu[0], 30, false);
	CHECK_EQ(ack(0), NONE);
	/* Down and up again while active, as a timer that its handler arms anew. */
	on(0);
	vgic_set_ppi(&test_vcpu[0], 30, true);
	CHECK_EQ(ack(0), 30);
	vgic_set_ppi(on(0), 30, false);
	settle(0);
	vgic_set_ppi(on(0), 30, true);
	eoi(0, 30);
	CHECK_EQ(ack(0), 30);
	stop_all();
}

/* Every offset, size and direction: an answer or an abort, whatever the state, and no storm. */
static void all_accesses(void)
{
	static const u64 pattern[] = { 0, ~0UL, 0x5555aaaa5555aaaaUL };
	enum mmio_result r;

	for (unsigned int p = 0; p < ARRAY_SIZE(pattern); p++) {
		start_v3(2, 4);
		for (u64 off = 0; off < 0x10000 + 2 * GICR_FRAME; off++) {
			ipa_t a = off < 0x10000 ? DIST + off : REDIST + off - 0x10000;

			for (unsigned int size = 1; size <= 8; size *= 2) {
				struct mmio m = access(0, a, size, false, 0, &r);

				CHECK(r == MMIO_ABORT || size == 8 || m.val >> (size * 8) == 0);
				CHECK(r == MMIO_ABORT || (off & (size - 1)) == 0);
				access(1, a, size, true, pattern[p], &r);
			}
			if ((off & 0xfff) == 0xfff) {
				CHECK(settle_all());
			}
		}
		CHECK(settle_all());
		stop_all();
	}
}

/* INTIDs behind the last implemented one do not exist. */
static void unimplemented_spis(void)
{
	start(3, 1, 4, 64);
	wr(0, DIST + GICD_ISENABLER + 12, 4, ~0u);
	CHECK_EQ(rd(0, DIST + GICD_ISENABLER + 12, 4), 0);
	wr(0, DIST + GICD_IPRIORITYR + 96, 4, ~0u);
	CHECK_EQ(rd(0, DIST + GICD_IPRIORITYR + 96, 4), 0);
	wr(0, DIST + GICD_IROUTER + 96 * 8, 8, 1);
	CHECK_EQ(rd(0, DIST + GICD_IROUTER + 96 * 8, 8), 0);
	CHECK_EQ(rd(0, DIST + GICD_ISENABLER, 4), 0); /* the redistributor's */
	vgic_set_line(&test_vm, 96, true);
	vgic_set_line(&test_vm, 5, true);
	vgic_set_line(&test_vm, 1023, true);
	vgic_set_ppi(on(0), 40, true);
	vgic_dir(on(0), 1023);
	wr(0, DIST + GICD_IPRIORITYR + 35, 1, 0xff);
	CHECK_EQ(rd(0, DIST + GICD_IPRIORITYR + 32, 4), 0xf8000000);
	CHECK_EQ(rd(0, DIST + GICD_IPRIORITYR + 35, 1), 0xf8);
	stop_all();
	start(3, 1, 4, 988);
	CHECK_EQ(rd(0, DIST + GICD_TYPER, 4) & 0x1f, 31);
	wr(0, DIST + GICD_ISENABLER + 124, 4, ~0u);
	CHECK_EQ(rd(0, DIST + GICD_ISENABLER + 124, 4), 0x0fffffff);
	stop_all();
}

/* The same where virtual interrupts do not arrive: test_vgic_icc.c. */
static void all_emulated(void)
{
	deaf = true;
	identifies_itself();
	sgi_to_self_and_others();
	priority_order();
	nesting_beyond_list_registers();
	edge_spi_is_latched();
	disabled_is_pulled_back();
	pending_written_by_the_guest();
	active_written_by_the_guest();
	routing_moves_a_pending_spi();
	group_enables_gate();
	all_accesses();
	unimplemented_spis();
	deaf = false;
}

TEST_MAIN(RUN(all_emulated), RUN(identifies_itself), RUN(sgi_to_self_and_others), RUN(short_sgi_is_the_general_sgi),
	  RUN(sgi_groups), RUN(priority_order), RUN(nesting_beyond_list_registers),
	  RUN(split_end_of_interrupt), RUN(level_spi_is_sampled_again), RUN(edge_spi_is_latched),
	  RUN(disabled_is_pulled_back), RUN(pending_written_by_the_guest),
	  RUN(active_written_by_the_guest), RUN(routing_moves_a_pending_spi),
	  RUN(group_enables_gate),
	  RUN(masked_group_does_not_starve), RUN(timer_is_hardware_linked),
	  RUN(state_follows_the_vcpu), RUN(wakes_from_wfi), RUN(software_ppi), RUN(all_accesses),
	  RUN(unimplemented_spis))
