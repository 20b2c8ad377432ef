/* SPDX-License-Identifier: Apache-2.0 */
/* Functions of the host on a VM's bus: what is shown, where BARs are mapped, messages, lines, resets, who may have it. */
#include "tests/unit/test.h"
#include "tests/unit/vpci_util.h"

static bool mapped(ipa_t ipa, pa_t pa)
{
	struct s2_leaf leaf;

	return s2_lookup(&test_vm.s2, ipa, &leaf) && leaf.pa == pa && leaf.attr == S2_DEVICE;
}

static u16 host_command(const struct fake_fn *f)
{
	return (u16)fget(f->cfg + 4, 2);
}

/* A VM with the function as 00:02.0, started. */
static struct fake_fn *begin(void)
{
	struct fake_fn *f;

	vpci_machine();
	f = fake_device(0, 3 << 3);
	if (pass_fake(0, 2 << 3) != 0) {
		fprintf(stderr, "%s\n", test_message);
		abort();
	}
	vpci_reset(&test_vm);
	pass_pci_reset(&test_vm);
	return f;
}

static void what_is_shown(void)
{
	struct fake_fn *f = begin();

	CHECK_EQ(rd(cfg_of(16, 0), 4), 0x10fb8086);
	CHECK_EQ(rd(cfg_of(16, 8), 4), 0x02000001);
	CHECK_EQ(rd(cfg_of(16, 0x2c), 4), 0x12348086);
	CHECK_EQ(rd(cfg_of(16, 0xe), 1), 0);
	/* PM, MSI, MSI-X, Express, where the host has them; nothing of another vendor, no VPD, no ATS. */
	CHECK_EQ(rd(cfg_of(16, 0x34), 1), 0x40);
	CHECK_EQ(rd(cfg_of(16, 0x40), 2), 0x5001);
	CHECK_EQ(rd(cfg_of(16, 0x50), 2), 0x7005);
	CHECK_EQ(rd(cfg_of(16, 0x70), 2), 0x8011);
	CHECK_EQ(rd(cfg_of(16, 0x80), 2), 0x0010);
	CHECK_EQ(rd(cfg_of(16, 0x60), 4), 0);
	CHECK_EQ(rd(cfg_of(16, 0xc0), 4), 0);
	CHECK_EQ(rd(cfg_of(16, 0x100), 4), 0);
	CHECK_EQ(rd(cfg_of(16, 0x52), 2), 0x0180); /* one message of the host's 32, masks */
	CHECK_EQ(rd(cfg_of(16, 0x72), 2), 7);
	CHECK_EQ(rd(cfg_of(16, 0x82), 2), 0x92);
	CHECK_EQ(rd(cfg_of(16, 0x84), 4) & BIT(28), 0);
	/* BARs: 16 KiB wide, 256 bytes grown to a page, the I/O BAR hidden. */
	wr(cfg_of(16, 0x10), 4, ~0U);
	wr(cfg_of(16, 0x18), 4, ~0U);
	wr(cfg_of(16, 0x1c), 4, ~0U);
	CHECK_EQ(rd(cfg_of(16, 0x10), 4), 0xffffc004);
	CHECK_EQ(rd(cfg_of(16, 0x18), 4), 0xfffff000);
	CHECK_EQ(rd(cfg_of(16, 0x1c), 4), 0);
	/* D3 is believed, and does not get to the host. */
	wr(cfg_of(16, 0x44), 2, 3);
	CHECK_EQ(rd(cfg_of(16, 0x44), 2) & 3, 3);
	CHECK_EQ(f->cfg[0x44], 0);
	/* Nor does a reset, or whatever is written elsewhere. */
	wr(cfg_of(16, 0x88), 2, 0xffff);
	CHECK_EQ(f->resets, 1);
	for (u32 i = 0; i < 4096; i++) {
		if (i < 4 || i > 5) {
			wr(cfg_of(16, i), 1, 0xff);
		}
	}
	CHECK_EQ(fget(f->cfg + 0x88, 2), 0x2810);
	CHECK_EQ(f->cfg[0xc2], 0);
	CHECK_EQ(fget(f->cfg + 0x60, 4), 0x00107009);
	CHECK_EQ(f->strays, 0);
	vpci_machine_end();
}

static void bars(void)
{
	struct fake_fn *f = begin();
	u64 host0 = fake_bar_at(f, 0), host2 = fake_bar_at(f, 2);

	CHECK(host0 >= FAKE_LOW && host2 >= FAKE_LOW);
	CHECK_EQ(host_command(f), PCI_CMD_MEMORY);
	wr(cfg_of(16, 0x10), 4, (u32)LOW + MiB(1));
	wr(cfg_of(16, 0x14), 4, 0);
	wr(cfg_of(16, 0x18), 4, (u32)LOW + MiB(2));
	CHECK(!mapped(LOW + MiB(1), host0));
	wr(cfg_of(16, 4), 2, 2);
	CHECK(mapped(LOW + MiB(1), host0));
	CHECK(mapped(LOW + MiB(1) + 0x1000, host0 + 0x1000));
	CHECK(mapped(LOW + MiB(2), host2));
	/* Not the pages of table and pending bits; what else is in them is reached one by one. */
	CHECK(!mapped(LOW + MiB(1) + 0x2000, host0 + 0x2000));
	CHECK(!mapped(LOW + MiB(1) + 0x3000, host0 + 0x3000));
	wr(LOW + MiB(1) + 0x2800, 4, 0x55667788);
	CHECK_EQ(fget(f->mem[0] + 0x2800, 4), 0x55667788);
	wr(LOW + MiB(1) + 0x2808, 8, 0x1122334455667788);
	CHECK_EQ(rd(LOW + MiB(1) + 0x2808, 8), 0x1122334455667788);
	wr(LOW + MiB(1) + 0x2801, 1, 0xaa);
	CHECK_EQ(rd(LOW + MiB(1) + 0x2800, 2), 0xaa88);
	/* Moved, turned off, over RAM, over itself. */
	wr(cfg_of(16, 0x10), 4, (u32)LOW + MiB(4));
	CHECK(!mapped(LOW + MiB(1), host0));
	CHECK(mapped(LOW + MiB(4), host0));
	wr(cfg_of(16, 0x10), 4, 0x80000000);
	CHECK(!mapped(LOW + MiB(4), host0) && !mapped(0x80000000, host0));
	wr(cfg_of(16, 0x10), 4, (u32)LOW + MiB(2));
	CHECK(mapped(LOW + MiB(2), host2) && !mapped(LOW + MiB(2) + 0x1000, host0 + 0x1000));
	wr(cfg_of(16, 4), 2, 0);
	CHECK(!mapped(LOW + MiB(2), host2));
	CHECK_EQ(((struct pass_fn *)test_vm.vpci->list[0])->fn.bar[2].mapped, 0);
	/* It decodes all the time: an access that is under way does not hit a wall. */
	CHECK_EQ(host_command(f) & 2, 2);
	CHECK_EQ(fake_bar_at(f, 0), host0);
	CHECK_EQ(f->strays, 0);
	vpci_machine_end();
}

static void messages(void)
{
	struct fake_fn *f = begin();
	const u8 *entry = f->mem[0] + 0x2000 + 3 * 16;
	u64 table = LOW + MiB(1) + 0x2000 + 3 * 16;

	CHECK_EQ(devices_added, 1);
	wr(cfg_of(16, 0x10), 4, (u32)LOW + MiB(1));
	wr(cfg_of(16, 0x14), 4, 0);
	wr(cfg_of(16, 4), 2, 6);
	CHECK_EQ(host_command(f), 6 | PCI_CMD_NO_INTX * 0);
	CHECK_EQ(entry[12], 1);
	wr(table, 4, (u32)DOORBELL);
	wr(table + 4, 4, 0);
	wr(table + 8, 4, 5);
	CHECK_EQ(fget(entry, 8), 0);
	wr(table + 12, 4, 0);
	CHECK_EQ(fget(entry, 8), DOORBELL + 0x100000000);
	CHECK_EQ(fget(entry + 8, 8), 1005);
	CHECK_EQ(rd(table, 8), DOORBELL);
	wr(cfg_of(16, 0x72), 2, 0x8000);
	CHECK_EQ(fget(f->cfg + 0x72, 2), 0x8000);
	/* To another address: the vector is masked. */
	wr(table, 4, 0x80000000);
	CHECK_EQ(entry[12], 1);
	CHECK_EQ(fget(entry, 8), DOORBELL + 0x100000000);
	wr(table, 4, (u32)DOORBELL);
	CHECK_EQ(entry[12], 0);
	fput(f->mem[0] + 0x3000, 0x48, 8);
	CHECK_EQ(rd(LOW + MiB(1) + 0x3000, 4), 0x48);
	wr(LOW + MiB(1) + 0x3000, 4, 0);
	CHECK_EQ(fget(f->mem[0] + 0x3000, 8), 0x48);
	/* MSI. */
	wr(cfg_of(16, 0x54), 4, (u32)DOORBELL + 4);
	wr(cfg_of(16, 0x5c), 2, 7);
	wr(cfg_of(16, 0x52), 2, 1);
	CHECK_EQ(f->cfg[0x52] & 1, 0);
	wr(cfg_of(16, 0x54), 4, (u32)DOORBELL);
	CHECK_EQ(f->cfg[0x52] & 0x71, 1);
	CHECK_EQ(fget(f->cfg + 0x54, 8), DOORBELL + 0x100000000);
	CHECK_EQ(fget(f->cfg + 0x5c, 2), 1007);
	wr(cfg_of(16, 0x60), 4, 1);
	wr(cfg_of(16, 0x52), 2, 0);
	CHECK_EQ(f->cfg[0x52] & 1, 0);
	/* A restart: all of it is off. */
	wr(cfg_of(16, 0x52), 2, 1);
	pass_pci_quiesce(&test_vm);
	CHECK_EQ(host_command(f), PCI_CMD_MEMORY | PCI_CMD_NO_INTX);
	CHECK_EQ(f->cfg[0x52] & 1, 0);
	CHECK_EQ(fget(f->cfg + 0x72, 2), 0);
	wr(cfg_of(16, 4), 2, 6); /* what comes late has no effect */
	CHECK_EQ(host_command(f), PCI_CMD_MEMORY | PCI_CMD_NO_INTX);
	vpci_reset(&test_vm);
	pass_pci_reset(&test_vm);
	CHECK_EQ(f->resets, 2);
	CHECK_EQ(entry[12], 1);
	CHECK_EQ(rd(table, 4), ~0U); /* not decoded */
	vpci_machine_end();
	CHECK_EQ(devices_added, 0);
}

static void lines(void)
{
	struct fake_fn *f = begin();

	CHECK_EQ(link_of[40], 32 + 6);
	CHECK_EQ(rd(cfg_of(16, 0x3d), 1), 1);
	CHECK_EQ(host_command(f) & PCI_CMD_NO_INTX, 0);
	wr(cfg_of(16, 4), 2, 0x400);
	CHECK_EQ(host_command(f) & PCI_CMD_NO_INTX, PCI_CMD_NO_INTX);
	wr(cfg_of(16, 4), 2, 0);
	f->cfg[6] |= 8;
	CHECK_EQ(rd(cfg_of(16, 6), 2), 0x18);
	vpci_machine_end();
	CHECK_EQ(link_of[40], 0);
	/* Without: the pin is hidden and stays off. */
	vpci_machine();
	f = fake_device(0, 3 << 3);
	link_error = 32 + 6;
	CHECK(pass_fake(0, 16) != 0);
	CHECK(strstr(test_message, "x.qvmconf:7:1: error: PCI function: its INTx, interrupt 38, is used elsewhere") != NULL);
	CHECK(devices[0].owner == NULL);
	test_fn[0].no_intx = true;
	CHECK_EQ(pass_pci_add(&test_vm, &test_pass[0], &test_fn[0], &test_diag), 0);
	pass_pci_reset(&test_vm);
	CHECK_EQ(rd(cfg_of(16, 0x3d), 1), 0);
	wr(cfg_of(16, 4), 2, 6);
	CHECK_EQ(host_command(f), 6 | PCI_CMD_NO_INTX);
	vpci_machine_end();
}

static void without_messages(void)
{
	struct fake_fn *f;

	vpci_machine();
	kind_now = MSI_NONE;
	f = fake_device(0, 3 << 3);
	CHECK_EQ(pass_fake(0, 16), 0);
	CHECK_EQ(devices_added, 0);
	pass_pci_reset(&test_vm);
	CHECK_EQ(rd(cfg_of(16, 0x41), 1), 0x80); /* PM, then Express */
	wr(cfg_of(16, 0x10), 4, (u32)LOW + MiB(1));
	wr(cfg_of(16, 0x14), 4, 0);
	wr(cfg_of(16, 4), 2, 6);
	wr(cfg_of(16, 0x72), 2, 0x8000);
	wr(cfg_of(16, 0x52), 2, 1);
	CHECK_EQ(fget(f->cfg + 0x72, 2), 0);
	CHECK_EQ(f->cfg[0x52] & 1, 0);
	CHECK(!mapped(LOW + MiB(1) + 0x2000, fake_bar_at(f, 0) + 0x2000));
	vpci_machine_end();
}

static void no_dma(void)
{
	struct fake_fn *f;

	vpci_machine();
	f = fake_device(0, 3 << 3);
	test_pass[0].dma = PASS_DMA_NONE;
	CHECK_EQ(pass_fake(0, 16), 0);
	pass_pci_reset(&test_vm);
	wr(cfg_of(16, 4), 2, 6);
	CHECK_EQ(host_command(f), 2);
	CHECK_EQ(rd(cfg_of(16, 4), 2), 6);
	vpci_machine_end();
}

/* Who may have what: each of these would let one VM's function reach another's. */
static void isolation(void)
{
	vpci_machine();
	fake_device(0, 3 << 3)->cfg[0xe] = 0x80;
	fake_device(1, 3 << 3 | 1);
	fake_device(2, 4 << 3);
	CHECK(pci_at(&fake_board, 2) != NULL);
	CHECK_EQ(devices[0].group, 3 << 3);
	CHECK_EQ(devices[1].group, 3 << 3);
	CHECK_EQ(devices[2].group, 4 << 3);
	REQUIRE(pci_take(&devices[1], "the monitor"));
	CHECK(pass_fake(0, 16) != 0);
	CHECK(strstr(test_message, "cannot be isolated from 00:03.1, which 'the monitor' uses") != NULL);
	CHECK_EQ(pass_fake(2, 16), 0);
	CHECK(pass_fake(2, 24) != 0);
	CHECK(strstr(test_message, "in use by 'guest'") != NULL);
	CHECK(pass_fake(1, 24) != 0);
	fakes[3].bdf = 9 << 3;
	CHECK(pass_fake(3, 24) != 0);
	CHECK(strstr(test_message, "there is no such function") != NULL);
	vpci_machine_end();
	CHECK(devices[2].owner == NULL);
	/* Both in one VM. */
	vpci_machine();
	fake_device(0, 3 << 3)->cfg[0xe] = 0x80;
	fake_device(1, 3 << 3 | 1);
	CHECK_EQ(pass_fake(0, 16), 0);
	CHECK_EQ(pass_fake(1, 17), 0);
	CHECK_EQ(rd(cfg_of(16, 0xe), 1), 0x80);
	CHECK_EQ(rd(cfg_of(17, 0), 4), 0x10fb8086);
	vpci_machine_end();
	/* ACS tells them apart. */
	vpci_machine();
	for (u32 i = 0; i < 2; i++) {
		fput(fake_device(i, (u16)(3 << 3 | i))->cfg + 0x100, 0x0001000d, 4);
		fput(fakes[i].cfg + 0x104, 0x7f, 2);
		fakes[i].cfg[0xe] = 0x80;
	}
	CHECK(pci_at(&fake_board, 1) != NULL);
	CHECK_EQ(devices[0].group, 3 << 3);
	CHECK_EQ(devices[1].group, 3 << 3 | 1);
	CHECK_EQ(fget(fakes[1].cfg + 0x106, 2), 0x1d);
	vpci_machine_end();
	/* ACS whose registers would be the next function's does not. */
	vpci_machine();
	for (u32 i = 0; i < 2; i++) {
		fput(fake_device(i, (u16)(3 << 3 | i))->cfg + 0x100, 0xffc1000f, 4);
		fput(fakes[i].cfg + 0xffc, 0x0001000d, 4);
		fakes[i].cfg[0xe] = 0x80;
	}
	CHECK(pci_at(&fake_board, 1) != NULL);
	CHECK_EQ(devices[0].group, 3 << 3);
	CHECK_EQ(devices[1].group, 3 << 3);
	vpci_machine_end();
}

static void capabilities_of_nonsense(void)
{
	struct s2_leaf leaf;
	struct fake_fn *f;
	u32 beyond = 0;

	vpci_machine();
	f = fake_device(0, 3 << 3);
	fput(f->cfg + 0x74, 0x3ffa, 4); /* a table in a BAR that is too small for it */
	f->cfg[0x41] = 0x80;
	f->cfg[0x81] = 0xf8;
	f->cfg[0xf8] = 5; /* one that does not fit */
	f->cfg[0xf9] = 0x70;
	f->cfg[0x70 + 1] = 0x40; /* and round again */
	CHECK_EQ(pass_fake(0, 16), 0);
	CHECK_EQ(rd(cfg_of(16, 0xf8), 1), 0);
	vpci_machine_end();
	/* A table far behind its BAR: no page of what lies there is mapped with it. */
	vpci_machine();
	f = fake_device(0, 3 << 3);
	fput(f->cfg + 0x74, MiB(1), 4);
	fput(f->cfg + 0x78, MiB(1) + 0x1000, 4);
	CHECK_EQ(pass_fake(0, 16), 0);
	pass_pci_reset(&test_vm);
	wr(cfg_of(16, 0x10), 4, (u32)LOW + MiB(1));
	wr(cfg_of(16, 0x14), 4, 0);
	wr(cfg_of(16, 4), 2, 2);
	CHECK(mapped(LOW + MiB(1) + 0x2000, fake_bar_at(f, 0) + 0x2000));
	for (u64 at = LOW + MiB(1) + FAKE_BAR; at < LOW + MiB(3); at += PAGE_SIZE) {
		beyond += s2_lookup(&test_vm.s2, at, &leaf);
	}
	CHECK_EQ(beyond, 0);
	vpci_machine_end();
	/* Gone: reads are all ones. */
	vpci_machine();
	f = fake_device(0, 3 << 3);
	CHECK_EQ(pass_fake(0, 16), 0);
	f->hung = true;
	pass_pci_reset(&test_vm);
	CHECK_EQ(rd(cfg_of(16, 0), 4), 0x10fb8086);
	vpci_machine_end();
}

/* Without FLR: what the device's own registers offer. */
static void resets_of_kinds(void)
{
	struct fake_fn *f;

	vpci_machine();
	f = fake_device(0, 3 << 3);
	f->flr = false;
	fput(f->cfg + 0x84, 2, 4);
	fput(f->cfg + 8, 0x01080200, 4);
	CHECK_EQ(pass_fake(0, 16), 0);
	fput(f->mem[0] + 0x14, 0x460001, 4);
	pass_pci_reset(&test_vm);
	CHECK_EQ(f->resets, 0);
	CHECK_EQ(fget(f->mem[0] + 0x14, 4), 0x460000);
	vpci_machine_end();
	/* xHCI: gone meanwhile, so that it says its registers begin at an odd address. */
	vpci_machine();
	f = fake_device(0, 3 << 3);
	f->flr = false;
	fput(f->cfg + 0x84, 2, 4);
	fput(f->cfg + 8, 0x0c033000, 4);
	CHECK_EQ(pass_fake(0, 16), 0);
	f->mem[0][0] = 0xff;
	f->mem[0][0xfc] = 1;
	pass_pci_reset(&test_vm);
	CHECK_EQ(f->mem[0][0xfc], 0); /* asked to halt; it does not, so no more is tried */
	vpci_machine_end();
	/* virtio: the status register of its common configuration. */
	vpci_machine();
	f = fake_device(0, 3 << 3);
	f->flr = false;
	fput(f->cfg + 0x84, 2, 4);
	fput(f->cfg, 0x10411af4, 4);
	fput(f->cfg + 0x63, 1, 1);
	fput(f->cfg + 0x64, 0, 4);
	fput(f->cfg + 0x68, 0x100, 4);
	fput(f->cfg + 0x6c, 0x38, 4);
	CHECK_EQ(pass_fake(0, 16), 0);
	CHECK_EQ(rd(cfg_of(16, 0x60), 4), 0x01107009); /* where registers are is shown */
	f->mem[0][0x114] = 15;
	pass_pci_reset(&test_vm);
	CHECK_EQ(f->mem[0][0x114], 0);
	vpci_machine_end();
}

/* A machine with an ITS for each of two bridges: the VM's doorbell is the one its functions send to. */
static void its_of_the_bridge(void)
{
	static struct board two = { .pci = { { .msi_all = 0 }, { .msi_all = 1 } }, .pci_count = 2 };
	struct pass_pci fn[2] = { { .host = 0 }, { .host = 1, .bdf = 8 } };
	struct cfg_pass second = { .pci = fn + 1, .pci_count = 1 }, first = { .pci = fn, .pci_count = 1, .next = &second };
	struct vm_config cfg = { .pass = &first };
	struct vm vm = { .cfg = &cfg };

	pass_pci_board(&two);
	CHECK_EQ(pass_pci_its(&vm), 0); /* none is behind an IOMMU */
	fn[1].has_stream = true;
	CHECK_EQ(pass_pci_its(&vm), 1);
	fn[0].has_stream = true;
	CHECK_EQ(pass_pci_its(&vm), 0);
	pass_pci_board(&fake_board);
}

TEST_MAIN(RUN(resets_of_kinds), RUN(what_is_shown), RUN(bars), RUN(messages), RUN(lines), RUN(without_messages), RUN(no_dma), RUN(isolation),
	  RUN(capabilities_of_nonsense), RUN(its_of_the_bridge))
