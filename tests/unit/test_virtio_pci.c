/* SPDX-License-Identifier: Apache-2.0 */
/* Virtio devices and the dummy on a VM's PCI bus, as a driver sees them (virtio 1.2 4.1). */
#include "tests/unit/test.h"
#include "tests/unit/vpci_util.h"
#include "vdev/virtio/virtio.h"

#define RAM_IPA 0x80000000UL
#define BDF 32
#define RING RAM_IPA
#define BUFFER (RAM_IPA + 0x8000)

static u8 ram[KiB(64)] __attribute__((aligned(4096)));
static struct cfg_vdev vd;
static struct diag diag;
static u64 bar;

static int make(const char *type)
{
	int err;

	vpci_machine();
	memset(ram, 0, sizeof(ram));
	test_vm.ram[0] = (struct vm_ram){ RAM_IPA, sizeof(ram), (pa_t)ram, false };
	test_vm.ram_count = 1;
	vd = (struct cfg_vdev){ .type = vdev_find(type), .type_name = type, .pci = true, .pci_bdf = BDF };
	test_cfg.vdev = &vd;
	test_cfg.cpu_count = 1;
	err = vdevs_create(&test_vm, &diag);
	if (err == 0) {
		vdevs_reset(&test_vm);
		vpci_reset(&test_vm);
		bar = rd(cfg_of(BDF, 0x10), 4);
		wr(cfg_of(BDF, 4), 2, 6);
	}
	return err;
}

static void unmake(void)
{
	vdevs_destroy(&test_vm);
	schedule();
	CHECK_EQ(rd(cfg_of(BDF, 0), 4), 0xffffffff);
	test_vm.ram_count = 0;
	test_cfg.vdev = NULL;
	vpci_machine_end();
}

/* Where in the BAR the structure of a type is; the capability itself in *at. */
static u64 cap(u32 type, u32 *at)
{
	for (*at = (u32)rd(cfg_of(BDF, 0x34), 1); *at != 0; *at = (u32)rd(cfg_of(BDF, *at + 1), 1)) {
		if (rd(cfg_of(BDF, *at), 1) == 9 && rd(cfg_of(BDF, *at + 3), 1) == type) {
			CHECK_EQ(rd(cfg_of(BDF, *at + 4), 1), 0);
			return bar + rd(cfg_of(BDF, *at + 8), 4);
		}
	}
	return 0;
}

static void put(ipa_t at, u64 val, u32 size)
{
	memcpy(ram + (at - RAM_IPA), &val, size);
}

static u64 get(ipa_t at, u32 size)
{
	u64 val = 0;

	memcpy(&val, ram + (at - RAM_IPA), size);
	return val;
}

/* A driver starts entropy's queue, with vector `vector`. */
static u64 negotiate(u32 vector)
{
	u32 at;
	u64 c = cap(1, &at);

	wr(c + 0x14, 1, 0);
	CHECK_EQ(rd(c + 0x14, 1), 0);
	CHECK_EQ(rd(c + 0x1a, 2), 0xffff);
	wr(c + 0x14, 1, 3);
	wr(c, 4, 1);
	CHECK_EQ(rd(c + 4, 4) & 1, 1); /* VERSION_1 */
	wr(c + 8, 4, 1);
	wr(c + 0xc, 4, 1);
	wr(c + 0x14, 1, 11);
	CHECK_EQ(rd(c + 0x14, 1), 11);
	CHECK_EQ(rd(c + 0x12, 2), 1);
	wr(c + 0x16, 2, 0);
	CHECK(rd(c + 0x18, 2) >= 8);
	wr(c + 0x18, 2, 8);
	wr(c + 0x1a, 2, vector);
	CHECK_EQ(rd(c + 0x1a, 2), vector);
	wr(c + 0x20, 4, (u32)RING);
	wr(c + 0x24, 4, 0);
	wr(c + 0x28, 8, RING + 0x1000);
	wr(c + 0x30, 8, RING + 0x2000);
	CHECK_EQ(rd(c + 0x30, 4), RING + 0x2000);
	wr(c + 0x1c, 2, 1);
	CHECK_EQ(rd(c + 0x1c, 2), 1);
	wr(c + 0x14, 1, 15);
	CHECK_EQ(rd(c + 0x14, 1), 15);
	return c;
}

static void request(u16 n)
{
	u32 at, step;
	u64 notify = cap(2, &at);

	step = (u32)rd(cfg_of(BDF, at + 16), 4);
	put(RING, BUFFER, 8);
	put(RING + 8, 64, 4);
	put(RING + 12, 2, 2); /* the device writes */
	put(RING + 0x1004 + 2 * (n % 8), 0, 2);
	put(RING + 0x1002, n + 1UL, 2);
	wr(notify + 0 * step, 2, 0);
	schedule();
	CHECK_EQ(get(RING + 0x2002, 2), n + 1UL);
}

static void entropy(void)
{
	u64 isr, table;
	u32 at, msix;

	REQUIRE(make("virtio-entropy") == 0);
	CHECK_EQ(rd(cfg_of(BDF, 0), 4), 0x10441af4);
	CHECK_EQ(rd(cfg_of(BDF, 8), 1), 1);
	isr = cap(3, &at);
	CHECK_EQ(cap(4, &at), 0); /* it has no configuration */
	/* The pin. */
	negotiate(0xffff);
	request(0);
	CHECK(line_level[40] || line_level[41] || line_level[42] || line_level[43]);
	CHECK_EQ(rd(isr, 1), 1);
	CHECK(!(line_level[40] || line_level[41] || line_level[42] || line_level[43]));
	CHECK_EQ(rd(isr, 1), 0);
	/* MSI-X: the queue's vector and no pin. */
	for (msix = (u32)rd(cfg_of(BDF, 0x34), 1); msix != 0 && rd(cfg_of(BDF, msix), 1) != 0x11;
	     msix = (u32)rd(cfg_of(BDF, msix + 1), 1)) {
	}
	REQUIRE(msix != 0);
	CHECK_EQ(rd(cfg_of(BDF, msix + 2), 2), 1); /* two vectors */
	table = bar + (rd(cfg_of(BDF, msix + 4), 4) & ~7UL);
	wr(table + 16, 8, DOORBELL);
	wr(table + 24, 8, 0x55);
	wr(cfg_of(BDF, msix + 2), 2, 0x8000);
	put(RING + 0x2000, 0, 4);
	put(RING + 0x1002, 0, 2);
	negotiate(1);
	sent = 0;
	request(0);
	CHECK_EQ(sent, 1);
	CHECK_EQ(sent_addr, DOORBELL);
	CHECK_EQ(sent_data, 0x55);
	CHECK_EQ(rd(isr, 1), 0);
	request(1);
	CHECK_EQ(sent, 2);
	unmake();
}

static void odd_accesses(void)
{
	u64 c;
	u32 at;

	REQUIRE(make("virtio-entropy") == 0);
	c = cap(1, &at);
	wr(c + 0x10, 2, 2); /* there are vectors 0 and 1 */
	CHECK_EQ(rd(c + 0x10, 2), 0xffff);
	wr(c + 0x10, 2, 1);
	CHECK_EQ(rd(c + 0x10, 2), 1);
	wr(c + 0x10, 4, 0); /* not its width */
	CHECK_EQ(rd(c + 0x10, 2), 1);
	CHECK_EQ(rd(c + 0x10, 4), 0);
	wr(c + 0x16, 2, 0xffff);
	CHECK_EQ(rd(c + 0x18, 2), 0);
	CHECK_EQ(rd(c + 0x1a, 2), 0xffff);
	wr(c + 0x1a, 2, 1);
	wr(c + 0x1c, 2, 1);
	/* By way of configuration space. */
	CHECK(cap(5, &at) != 0);
	wr(cfg_of(BDF, at + 8), 4, 0x14);
	wr(cfg_of(BDF, at + 12), 4, 1);
	wr(cfg_of(BDF, at + 16), 4, 3);
	CHECK_EQ(rd(c + 0x14, 1), 3);
	CHECK_EQ(rd(cfg_of(BDF, at + 16), 4), 3);
	for (u32 len = 0; len < 10; len++) {
		for (u32 off = 0; off < 0x5000; off += len < 5 ? 0x11 : 0x777) {
			wr(cfg_of(BDF, at + 8), 4, off);
			wr(cfg_of(BDF, at + 12), 4, len == 9 ? ~0U : len);
			(void)rd(cfg_of(BDF, at + 16), 4);
			wr(cfg_of(BDF, at + 16), 4, off);
			(void)rd(cfg_of(BDF, at + 17), 1);
		}
	}
	for (u64 off = 0; off < KiB(16); off++) {
		for (u32 size = 1; size <= 8; size *= 2) {
			if ((off & (size - 1)) == 0) {
				(void)rd(bar + off, size);
				wr(bar + off, size, off * 0x9e3779b97f4a7c15UL);
			}
		}
	}
	schedule();
	unmake();
}

/* One finds its place taken: nothing of either is left. */
static void refused(void)
{
	struct cfg_vdev second = { .type = vdev_find("virtio-entropy"), .type_name = "virtio-entropy", .pci = true, .pci_bdf = BDF };
	u64 before = mem_free_bytes(), lost = 0;

	for (u32 i = 0; i < 2; i++) {
		vpci_machine();
		vd = second;
		test_cfg.vdev = &vd;
		test_cfg.cpu_count = 1;
		REQUIRE(vdevs_create(&test_vm, &test_diag) == 0);
		vdevs_destroy(&test_vm);
		vpci_machine_end();
		lost = before - mem_free_bytes(); /* the thread's stack, here */
		before -= lost;
	}
	vpci_machine();
	vd.next = &second;
	test_cfg.vdev = &vd;
	test_cfg.cpu_count = 1;
	CHECK_EQ(vdevs_create(&test_vm, &test_diag), -EEXIST);
	CHECK(strstr(test_message, "cannot be put on the VM's PCI bus") != NULL);
	CHECK_EQ(rd(cfg_of(BDF, 0), 4), 0xffffffff);
	test_cfg.vdev = NULL;
	vpci_machine_end();
	CHECK_EQ(before - mem_free_bytes(), lost);
}

static void dummy(void)
{
	REQUIRE(make("pci-dummy") == 0);
	CHECK_EQ(rd(cfg_of(BDF, 0), 4), 0x00001c05);
	CHECK_EQ(rd(cfg_of(BDF, 8), 4), 0xff000000);
	CHECK_EQ(rd(cfg_of(BDF, 0x34), 1), 0);
	CHECK_EQ(rd(cfg_of(BDF, 0x3d), 1), 0);
	wr(cfg_of(BDF, 0x10), 4, ~0U);
	CHECK_EQ(rd(cfg_of(BDF, 0x10), 4), 0);
	unmake();
}

TEST_MAIN(RUN(entropy), RUN(odd_accesses), RUN(refused), RUN(dummy))
