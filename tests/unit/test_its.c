/* SPDX-License-Identifier: Apache-2.0 */
/* The virtual ITS and LPIs as a guest sees them: commands one by one, wild ones, delivery. */
#include <errno.h>
#include "tests/unit/test.h"
#include "tests/unit/its_util.h"

/* A device 3 of 8 events, 0..7 on LPIs 0..7, collections 0 and 1 on vCPUs 0 and 1. */
static void start_mapped(unsigned int lrs)
{
	start_its(2, lrs, 3);
	CHECK(mapc(0, 0));
	CHECK(mapc(1, 1));
	CHECK(mapd(3, 3));
	for (u32 i = 0; i < 8; i++) {
		CHECK(mapti(3, i, LPI(i), 0));
	}
}

static void identifies_itself(void)
{
	start_its(2, 4, 0);
	CHECK_EQ(rd(0, DIST + GICD_TYPER, 4), 2 | 13 << 19 | 1 << 25 | 1 << 17 | 5 << 11);
	CHECK_EQ(rd(0, RDFRAME(1) + GICR_TYPER, 8), 1UL << 32 | 1 << 8 | GICR_TYPER_LAST | 1);
	CHECK_EQ(rd(0, RDFRAME(1) + GICR_CTLR, 4), GICR_CTLR_CES | GICR_CTLR_IR);
	CHECK_EQ(rd(0, ITS + 0xffe8, 4) >> 4 & 0xf, 3);
	CHECK_EQ(rd(0, ITS + GITS_TYPER, 8) & 1, 1);
	CHECK_EQ(rd(0, ITS + GITS_TYPER + 4, 4), rd(0, ITS + GITS_TYPER, 8) >> 32);
	CHECK_EQ(rd(0, ITS + GITS_CTLR, 4), GITS_CTLR_ENABLED | GITS_CTLR_QUIESCENT);
	CHECK_EQ(rd(0, ITS + GITS_BASER, 8), GITS_VALID | 7UL << 59 | 1UL << 56 | 7UL << 48 | 1 << 10 |
		 (RAM + KiB(512)));
	CHECK_EQ(rd(0, ITS + GITS_BASER + 8, 8), 0);
	CHECK_EQ(rd(0, ITS + GITS_TRANSLATER, 4), 0);
	CHECK_EQ(rd(0, ITS + 0xfff0, 8), 0xf00000000dUL);
	CHECK_EQ(rd(0, ITS + GITS_CTLR, 2), 0xdead0000dead0000UL);
	CHECK_EQ(rd(0, ITS + GITS_CTLR + 2, 4), 0xdead0000dead0000UL);
	stop_its();
}

static void registers_keep_what_they_may(void)
{
	start_its(2, 4, 1);
	/* Not while it is enabled. */
	its_wr(0, ITS + GITS_CBASER, 8, ~0UL);
	its_wr(0, ITS + GITS_BASER, 8, 0);
	CHECK_EQ(rd(0, ITS + GITS_CBASER, 8), GITS_VALID | 7UL << 59 | 1 << 10 | QUEUE);
	CHECK_EQ(rd(0, ITS + GITS_BASER, 8) >> 63, 1);
	its_wr(0, ITS + GITS_CWRITER, 8, 64 * 4096); /* behind the queue */
	CHECK_EQ(rd(0, ITS + GITS_CWRITER, 8), 0);
	its_wr(0, ITS + GITS_CTLR, 4, 0);
	its_wr(0, ITS + GITS_CWRITER, 4, 0xfe1);
	CHECK_EQ(rd(0, ITS + GITS_CWRITER, 8), 0xfe0);
	its_wr(0, ITS + GITS_CBASER + 4, 4, ~0u);
	its_wr(0, ITS + GITS_CBASER, 4, ~0u);
	CHECK_EQ(rd(0, ITS + GITS_CBASER, 8), (GITS_VALID | BITS(51, 12) | 0xff) | 7UL << 59 | 1 << 10);
	CHECK_EQ(rd(0, ITS + GITS_CWRITER, 8), 0);
	/* Redistributors: locked while LPIs are on there, PTZ is not shown. */
	CHECK_EQ(rd(0, RDFRAME(0) + GICR_PROPBASER, 8), PROPS | 15 | 7 << 7 | 1 << 10);
	its_wr(0, RDFRAME(0) + GICR_PROPBASER, 8, 0);
	its_wr(0, RDFRAME(0) + GICR_PENDBASER, 8, 0);
	its_wr(0, RDFRAME(1) + GICR_PENDBASER + 4, 4, 1);
	CHECK_EQ(rd(0, RDFRAME(0) + GICR_PROPBASER, 8), PROPS | 15 | 7 << 7 | 1 << 10);
	CHECK_EQ(rd(0, RDFRAME(0) + GICR_PENDBASER, 8), PENDS | 7 << 7 | 1 << 10);
	CHECK_EQ(rd(0, RDFRAME(1) + GICR_PENDBASER, 8), 1UL << 32 | (PENDS + KiB(64)) | 7 << 7 | 1 << 10);
	CHECK_EQ(rd(0, RDFRAME(0) + GICR_CTLR, 4) & 1, 1);
	CHECK_EQ(rd(0, RDFRAME(1) + GICR_CTLR, 4) & 1, 0);
	CHECK_EQ(rd(0, RDFRAME(0) + GICR_SYNCR, 4), 0);
	stop_its();
}

static void an_event_comes_as_its_lpi(void)
{
	for (u32 lrs = 2; lrs <= 4; lrs += 2) {
		for (u32 active = 0; active < 2; active++) {
			host_gic_lpis_active = active;
			start_mapped(lrs);
			CHECK(raise(3, 5));
			CHECK_EQ(ack(0), LPI(5));
			CHECK(raise(3, 5)); /* again before its end: once more */
			CHECK(raise(3, 5));
			end_lpi(0, LPI(5));
			CHECK_EQ(ack(0), LPI(5));
			end_lpi(0, LPI(5));
			CHECK_EQ(ack(0), NONE);
			CHECK_EQ(ack(1), NONE);
			CHECK(cmd(ITS_MAPC, 0, GITS_VALID | 1UL << 16, 0)); /* collection 0 to vCPU 1 */
			CHECK(raise(3, 5));
			CHECK_EQ(ack(0), NONE);
			CHECK_EQ(ack(1), LPI(5));
			end_lpi(1, LPI(5));
			stop_its();
		}
	}
	host_gic_lpis_active = false;
}

static void more_than_list_registers(void)
{
	for (u32 active = 0; active < 2; active++) {
		u32 seen = 0;

		host_gic_lpis_active = active;
		start_mapped(3);
		for (u32 i = 0; i < 8; i++) {
			CHECK(raise(3, i));
		}
		for (u32 i = 0; i < 8; i++) {
			u32 intid = ack(0);

			CHECK(intid >= LPI(0) && intid < LPI(8));
			seen |= 1u << (intid - LPI(0));
			end_lpi(0, intid);
		}
		CHECK_EQ(seen, 0xff);
		CHECK_EQ(ack(0), NONE);
		stop_its();
	}
	host_gic_lpis_active = false;
}

static void the_best_comes_first(void)
{
	start_mapped(2);
	for (u32 i = 0; i < 8; i++) {
		*ram(PROPS + i) = (u8)(0xe8 - i * 8) | 1;
		CHECK(of_event(ITS_INV, 3, i));
	}
	vgic_set_ctlr(&test_vm.vgic, 0);
	settle_all();
	for (u32 i = 0; i < 8; i++) {
		CHECK(raise(3, i));
	}
	CHECK_EQ(ack(0), NONE); /* the group is off */
	vgic_set_ctlr(&test_vm.vgic, 2);
	for (u32 i = 8; i-- > 0;) {
		CHECK_EQ(ack(0), LPI(i));
		end_lpi(0, LPI(i));
	}
	CHECK_EQ(ack(0), NONE);
	stop_its();
}

static void configuration_is_read_when_told(void)
{
	start_mapped(4);
	*ram(PROPS + 2) = 0xa0; /* disabled, but nobody has been told */
	CHECK(raise(3, 2));
	CHECK_EQ(ack(0), LPI(2));
	end_lpi(0, LPI(2));
	CHECK(of_event(ITS_INV, 3, 2));
	CHECK(raise(3, 2));
	CHECK_EQ(ack(0), NONE);
	*ram(PROPS + 2) = 0xa1;
	its_wr(0, RDFRAME(1) + GICR_INVLPIR, 8, LPI(2)); /* it has been kept pending */
	CHECK_EQ(ack(0), LPI(2));
	end_lpi(0, LPI(2));
	memset(ram(PROPS), 0, 64);
	CHECK(cmd(ITS_INVALL, 0, 0, 0));
	CHECK(raise(3, 4));
	CHECK_EQ(ack(0), NONE);
	memset(ram(PROPS), 0x21, 64);
	its_wr(0, RDFRAME(0) + GICR_INVALLR, 8, 0);
	CHECK_EQ(ack(0), LPI(4));
	end_lpi(0, LPI(4));
	/* Withdrawn from a list register. */
	CHECK(raise(3, 4));
	*ram(PROPS + 4) = 0;
	its_wr(0, RDFRAME(0) + GICR_INVLPIR, 8, LPI(4));
	CHECK_EQ(ack(0), NONE);
	/* Wild ones. */
	its_wr(0, RDFRAME(0) + GICR_INVLPIR, 8, LPI(64));
	its_wr(0, RDFRAME(0) + GICR_INVLPIR, 8, 33);
	its_wr(0, RDFRAME(0) + GICR_INVLPIR, 8, ~0UL);
	stop_its();
}

static void pending_moves(void)
{
	start_mapped(4);
	CHECK(raise(3, 1)); /* in a list register of vCPU 0 */
	CHECK(movi(3, 1, 1));
	CHECK_EQ(ack(0), NONE);
	CHECK_EQ(ack(1), LPI(1));
	end_lpi(1, LPI(1));
	CHECK(raise(3, 1));
	CHECK_EQ(ack(0), NONE);
	CHECK_EQ(ack(1), LPI(1));
	end_lpi(1, LPI(1));
	for (u32 i = 0; i < 8; i++) {
		CHECK(raise(3, i)); /* all but 1 on vCPU 0, more than fit */
	}
	CHECK(cmd(ITS_MOVALL, 0, 0UL << 16, 1UL << 16));
	CHECK_EQ(ack(0), NONE);
	for (u32 i = 0; i < 8; i++) {
		u32 intid = ack(1);

		CHECK(intid >= LPI(0) && intid < LPI(8));
		end_lpi(1, intid);
	}
	CHECK_EQ(ack(1), NONE);
	/* A vCPU that is not loaded. */
	vgic_put(on(1));
	CHECK(movi(3, 2, 1));
	CHECK(raise(3, 2));
	CHECK(vgic_has_interrupt(on(1)));
	vgic_load(on(1));
	CHECK_EQ(ack(1), LPI(2));
	end_lpi(1, LPI(2));
	stop_its();
}

static void pending_is_taken_away(void)
{
	start_mapped(4);
	CHECK(raise(3, 0));
	CHECK(of_event(ITS_CLEAR, 3, 0));
	CHECK_EQ(ack(0), NONE);
	CHECK(raise(3, 0));
	CHECK_EQ(ack(0), LPI(0));
	end_lpi(0, LPI(0));
	CHECK(raise(3, 0));
	CHECK(of_event(ITS_DISCARD, 3, 0));
	CHECK_EQ(ack(0), NONE);
	CHECK(!raise(3, 0));
	CHECK(mapti(3, 0, LPI(0), 0));
	for (u32 i = 0; i < 8; i++) {
		CHECK(raise(3, i));
	}
	CHECK(cmd(ITS_MAPD | 3UL << 32, 0, 0, 0)); /* all of them */
	CHECK_EQ(ack(0), NONE);
	CHECK(!raise(3, 0));
	CHECK_EQ(its()->spare, 64);
	stop_its();
}

static void lpis_are_enabled_for_each_vcpu(void)
{
	start_mapped(4);
	CHECK(raise(3, 0));
	its_wr(0, RDFRAME(0) + GICR_CTLR, 4, 0);
	CHECK_EQ(ack(0), NONE);
	CHECK(raise(3, 0)); /* to nobody */
	its_wr(0, RDFRAME(0) + GICR_CTLR, 4, GICR_CTLR_LPIS);
	CHECK_EQ(ack(0), NONE);
	CHECK(raise(3, 0));
	CHECK_EQ(ack(0), LPI(0));
	end_lpi(0, LPI(0));
	for (u32 i = 0; i < 8; i++) {
		CHECK(raise(3, i));
	}
	its_wr(0, RDFRAME(0) + GICR_CTLR, 4, 0);
	CHECK_EQ(ack(0), NONE);
	CHECK_EQ(test_vm.vgic.lpis->cpu[0].prios, 0);
	/* From the pending table, which the first 1 KiB is no part of. */
	memset(ram(PENDS), 0xff, KiB(1));
	*ram(PENDS + KiB(1)) = 0x82;
	its_wr(0, RDFRAME(0) + GICR_PENDBASER, 8, PENDS);
	its_wr(0, RDFRAME(0) + GICR_CTLR, 4, GICR_CTLR_LPIS);
	CHECK_EQ(ack(0), LPI(1));
	end_lpi(0, LPI(1));
	CHECK_EQ(ack(0), LPI(7));
	end_lpi(0, LPI(7));
	CHECK_EQ(ack(0), NONE);
	stop_its();
}

static void wrong_commands_are_ignored(void)
{
	start_its(2, 4, 3);
	CHECK(!mapd(256, 1));
	CHECK(!mapd(~0u, 1));
	CHECK(!mapd(1, 14));
	CHECK(!mapd(1, 7)); /* 128 events of 64 */
	CHECK(!mapc(16, 0));
	CHECK(!mapc(0, 2));
	CHECK(!mapc(0, 0x7ffffffff));
	CHECK(!mapti(1, 0, LPI(0), 0)); /* no device */
	CHECK(mapd(1, 5));
	CHECK(mapd(2, 5));
	CHECK(!mapd(3, 1)); /* all are given */
	CHECK(mapd(2, 4));
	CHECK(mapd(3, 4));
	CHECK(!mapti(1, 32, LPI(0), 0));
	CHECK(!mapti(1, ~0u, LPI(0), 0));
	CHECK(!mapti(1, 0, LPI(64), 0));
	CHECK(!mapti(1, 0, 8191, 0));
	CHECK(!mapti(1, 0, 0, 0));
	CHECK(!mapti(1, 0, ~0u, 0));
	CHECK(!mapti(1, 0, LPI(0), 16));
	CHECK(!cmd(ITS_MAPI | 1UL << 32, 31, 0, 0)); /* no LPI has that number */
	CHECK(mapti(1, 0, LPI(0), 7));
	CHECK(!raise(1, 0)); /* the collection is nowhere */
	CHECK(!movi(1, 0, 7));
	CHECK(mapc(7, 1));
	CHECK(raise(1, 0));
	CHECK_EQ(ack(1), LPI(0));
	end_lpi(1, LPI(0));
	CHECK(!movi(1, 0, 8));
	CHECK(!movi(1, 1, 7));
	CHECK(!of_event(ITS_INV, 1, 1));
	CHECK(!of_event(ITS_CLEAR, 4, 0));
	CHECK(!of_event(ITS_DISCARD, 1, 1));
	CHECK(!cmd(ITS_INVALL, 0, 6, 0));
	CHECK(!cmd(ITS_MOVALL, 0, 0, 2UL << 16));
	CHECK(!cmd(ITS_MOVALL, 0, 2UL << 16, 0));
	CHECK(!cmd(ITS_SYNC, 0, 2UL << 16, 0));
	CHECK(cmd(ITS_SYNC, 0, 1UL << 16, 0));
	for (u32 i = 0; i < 256; i++) {
		if (i == ITS_SYNC || i == ITS_MAPC || i == ITS_MAPD || i == ITS_MOVALL) {
			continue;
		}
		CHECK(!cmd(i, ~0UL, ~0UL, ~0UL));
	}
	CHECK(cmd(ITS_MAPC, 0, 7, 0)); /* unmapped */
	CHECK(!raise(1, 0));
	/* No memory at the queue: all of it is ignored. */
	its_wr(0, ITS + GITS_CTLR, 4, 0);
	its_wr(0, ITS + GITS_CBASER, 8, GITS_VALID | 0x1000 | 3);
	its_wr(0, ITS + GITS_CWRITER, 8, 0x3fe0);
	its_wr(0, ITS + GITS_CTLR, 4, 1);
	CHECK_EQ(rd(0, ITS + GITS_CREADR, 8), 0x3fe0);
	/* Without a device table. */
	its_wr(0, ITS + GITS_CTLR, 4, 0);
	its_wr(0, ITS + GITS_BASER, 8, 0);
	its_wr(0, ITS + GITS_CBASER, 8, GITS_VALID | QUEUE);
	its_wr(0, ITS + GITS_CTLR, 4, 1);
	writer = 0;
	CHECK(!mapd(1, 1));
	stop_its();
}

static void functions_send_messages(void)
{
	struct msi_device *m = NULL, *other = NULL;
	u64 addr;
	u32 data;

	start_its(1, 4, 1);
	CHECK_EQ(msi_kind(&test_vm), MSI_ITS);
	CHECK_EQ(msi_doorbell(&test_vm), ITS + 0x10000);
	CHECK_EQ(msi_device_add(&test_vm, 256, 1, NULL, &m), -EINVAL);
	CHECK_EQ(msi_device_add(&test_vm, 8, 0, NULL, &m), -EINVAL);
	CHECK_EQ(msi_device_add(&test_vm, 8, 2049, NULL, &m), -EINVAL);
	REQUIRE(msi_device_add(&test_vm, 8, 3, NULL, &m) == 0);
	CHECK_EQ(msi_device_add(&test_vm, 8, 3, NULL, &other), -EEXIST);
	msi_send(m, ITS + 0x10040, 0);
	CHECK(mapc(0, 0));
	CHECK(mapd(8, 2));
	CHECK(mapti(8, 2, LPI(9), 0));
	CHECK(!mapti(8, 3, LPI(10), 0)); /* the function has three */
	msi_send(m, ITS + 0x10040, 2);
	CHECK_EQ(ack(0), LPI(9));
	end_lpi(0, LPI(9));
	msi_send(m, ITS + 0x10044, 2);
	msi_send(m, 0, 2);
	msi_send(m, ITS + 0x10040, 3);
	msi_send(m, ITS + 0x10040, ~0u);
	CHECK_EQ(ack(0), NONE);
	CHECK(!msi_host_message(m, ITS + 0x10040, 2, &addr, &data)); /* no function of the host */
	msi_send(m, ITS + 0x10040, 2);
	msi_device_reset(m);
	CHECK_EQ(ack(0), NONE);
	CHECK(!mapti(8, 0, LPI(1), 0));
	msi_device_remove(m);
	msi_device_remove(NULL);
	stop_its();
}

static void a_reset_forgets(void)
{
	struct msi_device *m = NULL;

	start_mapped(4);
	REQUIRE(msi_device_add(&test_vm, 8, 3, NULL, &m) == 0);
	CHECK(mapd(8, 1));
	CHECK(mapti(8, 0, LPI(9), 0));
	CHECK(raise(3, 0));
	msi_send(m, ITS + 0x10040, 0);
	for (unsigned int i = 0; i < 2; i++) {
		vgic_put(on(i));
	}
	vgic_reset(&test_vm);
	msi_reset(&test_vm);
	CHECK_EQ(m->bits, 0);
	CHECK_EQ(m->event[0].lpi, VGIC_LPI_NONE);
	CHECK(its()->dev[3] == NULL && its()->dev[8] == m);
	CHECK_EQ(rd(0, ITS + GITS_CTLR, 4) & 1, 0);
	CHECK_EQ(rd(0, ITS + GITS_CBASER, 8) >> 63, 0);
	CHECK_EQ(rd(0, RDFRAME(0) + GICR_CTLR, 4) & 1, 0);
	for (unsigned int i = 0; i < 2; i++) {
		vgic_load(on(i));
		CHECK_EQ(ack(i), NONE);
	}
	msi_device_remove(m);
	stop_its();
}

static void all_lpis_there_can_be(void)
{
	its_lpis = 57344;
	start_its(1, 4, 1);
	CHECK_EQ(rd(0, DIST + GICD_TYPER, 4) & (31 << 19 | 31 << 11), 15 << 19);
	CHECK(mapc(0, 0));
	CHECK(mapd(0, 1));
	CHECK(mapti(0, 0, 65535, 0));
	CHECK(raise(0, 0));
	CHECK_EQ(ack(0), 65535);
	end_lpi(0, 65535);
	stop_its();
	its_lpis = 64;
}

TEST_MAIN(RUN(identifies_itself), RUN(registers_keep_what_they_may), RUN(an_event_comes_as_its_lpi),
	  RUN(more_than_list_registers), RUN(the_best_comes_first), RUN(configuration_is_read_when_told),
	  RUN(pending_moves), RUN(pending_is_taken_away), RUN(lpis_are_enabled_for_each_vcpu),
	  RUN(wrong_commands_are_ignored), RUN(functions_send_messages), RUN(a_reset_forgets),
	  RUN(all_lpis_there_can_be))
