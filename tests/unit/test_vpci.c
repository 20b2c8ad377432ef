/* SPDX-License-Identifier: Apache-2.0 */
/* The VM's PCI bus with virtual functions: images and masks, BARs, INTx, MSI-X. */
#include "tests/unit/test.h"
#include "tests/unit/vpci_util.h"

static u32 last_bar, accesses;
static u64 last_off, last_val;

static enum mmio_result fn_access(struct vpci_fn *f, u32 bar, struct vcpu *v, struct mmio *m)
{
	(void)f, (void)v;
	accesses++;
	last_bar = bar;
	last_off = m->off;
	last_val = m->val;
	m->val = m->write ? m->val : 0x11223344;
	return MMIO_DONE;
}

static const struct vpci_ops fn_ops = { .access = fn_access };
static struct vpci_fn fn[3];

static struct vpci_fn *make(u32 n, u64 size, bool wide)
{
	struct vpci_fn *f = &fn[n];

	memset(f, 0, sizeof(*f));
	vpci_init(f, &fn_ops, "test", 0x10421af4, 0x01800001, 0x00021af4);
	f->intx = true;
	f->bar[0] = (struct vpci_bar){ .size = size, .wide = wide };
	CHECK_EQ(vpci_bar(f, 0), 0);
	f->bar[2] = (struct vpci_bar){ .size = 4096 };
	CHECK_EQ(vpci_bar(f, 2), 0);
	CHECK_EQ(vpci_msix(f, 0, 3, 2, 0, 2, 0x800), 0);
	return f;
}

static void config_space(void)
{
	vpci_machine();
	REQUIRE(vpci_add(&test_vm, make(0, KiB(16), true)) == 0);
	REQUIRE(vpci_add(&test_vm, make(1, 256, false)) == 0);
	CHECK_EQ(fn[0].bdf, 8);
	CHECK_EQ(fn[1].bdf, 16);
	CHECK_EQ(rd(cfg_of(8, 0), 4), 0x10421af4);
	CHECK_EQ(rd(cfg_of(8, 2), 2), 0x1042);
	CHECK_EQ(rd(cfg_of(8, 1), 1), 0x1a);
	CHECK_EQ(rd(cfg_of(8, 8), 4), 0x01800001);
	CHECK_EQ(rd(cfg_of(8, 0x34), 1), 0x40);
	CHECK_EQ(rd(cfg_of(8, 0x40), 1), 0x11);
	CHECK_EQ(rd(cfg_of(8, 0x100), 4), 0);
	CHECK_EQ(rd(cfg_of(8, 0), 8), 0xabab);
	/* Nobody is there. */
	CHECK_EQ(rd(cfg_of(24, 0), 4), 0xffffffff);
	CHECK_EQ(rd(cfg_of(9, 2), 2), 0xffff);
	CHECK_EQ(rd(cfg_of(255, 0xfff), 1), 0xff);
	wr(cfg_of(24, 4), 4, ~0U);
	/* What can be written. */
	for (u32 i = 0; i < 256; i++) {
		if (i != 4 && i != 5) {
			wr(cfg_of(16, i), 1, 0xff);
		}
	}
	CHECK_EQ(rd(cfg_of(16, 0), 4), 0x10421af4);
	CHECK_EQ(rd(cfg_of(16, 0xc), 4), 0xff);
	CHECK_EQ(rd(cfg_of(16, 0x10), 4), 0xffffff00);
	CHECK_EQ(rd(cfg_of(16, 0x14), 4), 0);
	CHECK_EQ(rd(cfg_of(16, 0x18), 4), 0xfffff000);
	CHECK_EQ(rd(cfg_of(16, 0x30), 4), 0);
	CHECK_EQ(rd(cfg_of(16, 0x3c), 4), 0x03ff);
	CHECK_EQ(rd(cfg_of(16, 0x40), 4), 0xc0020011);
	CHECK_EQ(rd(cfg_of(16, 0x44), 4), 2);
	wr(cfg_of(16, 4), 2, 0xffff);
	CHECK_EQ(rd(cfg_of(16, 4), 2), 0x546);
	vpci_reset(&test_vm);
	CHECK_EQ(rd(cfg_of(16, 4), 4), 0x00100000);
	CHECK_EQ(rd(cfg_of(16, 0x40), 4), 0x00020011);
	/* A function besides function 0 is told of. */
	make(2, 256, false)->bdf = 9;
	REQUIRE(vpci_add(&test_vm, &fn[2]) == 0);
	CHECK_EQ(rd(cfg_of(8, 0xe), 1), 0x80);
	vpci_remove(&fn[2]);
	CHECK_EQ(rd(cfg_of(8, 0xe), 1), 0);
	make(2, 256, false)->bdf = 8;
	CHECK_EQ(vpci_add(&test_vm, &fn[2]), -EEXIST);
	vpci_remove(&fn[0]);
	vpci_remove(&fn[1]);
	CHECK_EQ(rd(cfg_of(8, 0), 4), 0xffffffff);
	CHECK_EQ(devices_added, 0);
	vpci_machine_end();
}

static void decoding(void)
{
	u64 at0, at1;

	vpci_machine();
	REQUIRE(vpci_add(&test_vm, make(0, KiB(16), true)) == 0);
	REQUIRE(vpci_add(&test_vm, make(1, 256, false)) == 0);
	at0 = rd(cfg_of(8, 0x10), 4) & ~0xfUL;
	at1 = rd(cfg_of(16, 0x10), 4) & ~0xfUL;
	CHECK_EQ(rd(cfg_of(8, 0x10), 4) & 0xf, 4);
	CHECK(at0 >= LOW && at0 + KiB(16) <= LOW + LOW_SIZE && at1 >= LOW && at1 % 256 == 0);
	accesses = 0;
	CHECK_EQ(rd(at0, 4), 0xffffffff); /* not decoded */
	wr(cfg_of(8, 4), 2, 2);
	CHECK_EQ(rd(at0 + 8, 4), 0x11223344);
	CHECK_EQ(last_off, 8);
	wr(at0 + 0x3ff8, 8, 0x123456789a);
	CHECK_EQ(last_off, 0x3ff8);
	CHECK_EQ(last_val, 0x123456789a);
	CHECK_EQ(accesses, 2);
	CHECK_EQ(rd(at1, 2), 0xffffffffffffffff);
	/* Moved while it decodes, high up; over another; out of the windows. */
	wr(cfg_of(8, 0x10), 4, (u32)LOW + MiB(2));
	CHECK_EQ(rd(at0, 4), 0xffffffff);
	CHECK_EQ(rd(LOW + MiB(2) + 0x10, 4), 0x11223344);
	wr(cfg_of(8, 0x14), 4, (u32)(HIGH >> 32));
	CHECK_EQ(rd(LOW + MiB(2), 4), 0xffffffff);
	wr(cfg_of(8, 0x10), 4, 0);
	CHECK_EQ(rd(HIGH + 0x20, 4), 0x11223344);
	wr(cfg_of(8, 0x14), 4, 0);
	wr(cfg_of(8, 0x10), 4, 0x80000000); /* where RAM may be */
	CHECK_EQ(test_vm.vpci->decoded_count, 1); /* BAR 2 */
	wr(cfg_of(8, 0x10), 4, (u32)(LOW + LOW_SIZE - KiB(16)));
	CHECK_EQ(rd(LOW + LOW_SIZE - 4, 4), 0x11223344);
	wr(cfg_of(8, 0x10), 4, (u32)at0);
	wr(cfg_of(16, 0x10), 4, (u32)at0 + 0x100);
	wr(cfg_of(16, 4), 2, 2);
	rd(at0 + 0x100, 4);
	CHECK_EQ(last_off, 0x100); /* who was there first */
	wr(cfg_of(8, 4), 2, 0);
	CHECK_EQ(rd(at0, 4), 0xffffffff);
	wr(cfg_of(16, 0x10), 4, (u32)at0 + 0x100); /* written again: free now */
	rd(at0 + 0x104, 4);
	CHECK_EQ(last_off, 4);
	vpci_remove(&fn[0]);
	vpci_remove(&fn[1]);
	CHECK_EQ(test_vm.vpci->decoded_count, 0);
	vpci_machine_end();
}

static void lines(void)
{
	vpci_machine();
	REQUIRE(vpci_add(&test_vm, make(0, 256, true)) == 0);
	make(1, 256, false)->bdf = 5 << 3;
	REQUIRE(vpci_add(&test_vm, &fn[1]) == 0);
	CHECK_EQ(fn[0].pin, fn[1].pin); /* devices 1 and 5 */
	CHECK_EQ(rd(cfg_of(8, 0x3d), 1), 2);
	vpci_intx(&fn[0], true);
	CHECK(line_level[41]);
	CHECK_EQ(rd(cfg_of(8, 6), 2), 0x18);
	vpci_intx(&fn[1], true);
	vpci_intx(&fn[0], false);
	CHECK(line_level[41]);
	wr(cfg_of(40, 4), 2, 0x400);
	CHECK(!line_level[41]);
	wr(cfg_of(40, 4), 2, 0);
	CHECK(line_level[41]);
	wr(cfg_of(40, 0x42), 2, 0x8000); /* MSI-X on */
	CHECK(!line_level[41]);
	wr(cfg_of(40, 0x42), 2, 0);
	CHECK(line_level[41]);
	vpci_reset(&test_vm);
	CHECK(!line_level[41]);
	/* Lines of the host take a pin that no virtual function has. */
	CHECK_EQ(vpci_link(&test_vm, 35), 0);
	CHECK_EQ(vpci_link(&test_vm, 35), 0);
	CHECK_EQ(vpci_link(&test_vm, 36), 2);
	CHECK_EQ(vpci_link(&test_vm, 37), 3);
	CHECK_EQ(vpci_link(&test_vm, 38), -ENOSPC);
	CHECK_EQ(link_of[42], 36);
	vpci_remove(&fn[0]);
	vpci_remove(&fn[1]);
	vpci_machine_end();
}

static void messages(void)
{
	u64 table;

	vpci_machine();
	REQUIRE(vpci_add(&test_vm, make(0, 256, false)) == 0);
	CHECK_EQ(devices_added, 1);
	table = rd(cfg_of(8, 0x18), 4);
	wr(cfg_of(8, 4), 2, 6);
	CHECK_EQ(rd(table + 12, 4), 1);
	wr(table + 16, 4, (u32)DOORBELL);
	wr(table + 24, 8, 0x77);
	CHECK_EQ(rd(table + 16, 8), DOORBELL);
	CHECK(!vpci_msi(&fn[0], 1));
	wr(cfg_of(8, 0x42), 2, 0xc000);
	CHECK(vpci_msi(&fn[0], 1)); /* all masked */
	CHECK_EQ(sent, 0);
	CHECK_EQ(rd(table + 0x800, 4), 2);
	wr(cfg_of(8, 0x42), 2, 0x8000);
	CHECK_EQ(sent, 1);
	CHECK_EQ(sent_addr, DOORBELL);
	CHECK_EQ(sent_data, 0x77);
	CHECK_EQ(rd(table + 0x800, 8), 0);
	CHECK(vpci_msi(&fn[0], 1));
	CHECK_EQ(sent, 2);
	CHECK(vpci_msi(&fn[0], 0)); /* masked alone */
	CHECK_EQ(sent, 2);
	wr(table + 12, 4, 0xfffffffe);
	CHECK_EQ(sent, 3);
	CHECK_EQ(rd(table + 12, 4), 0);
	wr(cfg_of(8, 4), 2, 2); /* no bus master, no message */
	CHECK(vpci_msi(&fn[0], 1));
	CHECK_EQ(sent, 3);
	wr(cfg_of(8, 4), 2, 6);
	CHECK_EQ(sent, 4);
	wr(table + 12, 1, 1); /* not a word */
	CHECK_EQ(rd(table + 12, 1), 0);
	CHECK(vpci_msi(&fn[0], 3)); /* no such vector */
	CHECK_EQ(sent, 4);
	vpci_reset(&test_vm);
	CHECK(!vpci_msi(&fn[0], 1));
	vpci_remove(&fn[0]);
	CHECK_EQ(devices_added, 0);
	vpci_machine_end();
}

static void limits(void)
{
	static struct vpci_fn many[VPCI_FNS + 1];
	struct vpci_fn *f = &many[0];
	u32 n = 0;

	vpci_machine();
	memset(many, 0, sizeof(many));
	vpci_init(f, &fn_ops, "test", 1, 2, 3);
	f->bar[0].size = 24;
	CHECK_EQ(vpci_bar(f, 0), -EINVAL);
	f->bar[0].size = 8;
	CHECK_EQ(vpci_bar(f, 0), -EINVAL);
	f->bar[0].size = GiB(4);
	CHECK_EQ(vpci_bar(f, 0), -EINVAL);
	f->bar[5] = (struct vpci_bar){ .size = 4096, .wide = true };
	CHECK_EQ(vpci_bar(f, 5), -EINVAL);
	CHECK_EQ(vpci_msix(f, 0, 1, 0, 0, 0, 0), -EINVAL);
	f->bar[5].size = 0;
	f->bar[0] = (struct vpci_bar){ .size = GiB(2) };
	CHECK_EQ(vpci_bar(f, 0), 0);
	CHECK_EQ(vpci_add(&test_vm, f), -ENOSPC); /* larger than the window */
	f->bar[0].size = MiB(16);
	for (n = 0; n < ARRAY_SIZE(many); n++) {
		memset(&many[n], 0, sizeof(many[n]));
		vpci_init(&many[n], &fn_ops, "test", 1, 2, 3);
		many[n].bdf = n < 64 ? (u16)(n * 4 + 4) : VPCI_ANY_BDF;
		many[n].bdf = n == 63 ? 1 : many[n].bdf;
		CHECK_EQ(vpci_add(&test_vm, &many[n]), n < VPCI_FNS ? 0 : -ENOSPC);
	}
	for (n = 0; n < VPCI_FNS; n++) {
		vpci_remove(&many[n]);
	}
	test_vm.vpci = NULL;
	CHECK_EQ(vpci_add(&test_vm, f), -ENOENT);
	host_io = NULL;
}

TEST_MAIN(RUN(config_space), RUN(decoding), RUN(lines), RUN(messages), RUN(limits))
