/* SPDX-License-Identifier: Apache-2.0 */
/* A virtio device from outside the tree, tests/vdev-sample/virtio-flip.c: its file is included. */
#include "tests/unit/test.h"
#include "tests/unit/virtq_util.h"
#include "tests/vdev-sample/virtio-flip.c"

static void flips(void)
{
	static const struct {
		u32 off, val;
	} steps[] = {
		{ 0x70, 3 }, { 0x24, 1 }, { 0x20, 1 }, { 0x70, 11 }, { 0x38, 8 }, { 0x80, (u32)RING_IPA },
		{ 0x90, (u32)RING_IPA + 0x1000 }, { 0xa0, (u32)RING_IPA + 0x2000 }, { 0x44, 1 }, { 0x70, 15 },
	};
	struct driver drv = { .ring = RING_IPA, .size = 8 };
	struct rig *r;
	u32 id, len;

	host_init();
	r = rig_new("guest", "virtio-flip");
	give_ram(&r->vm);
	r->cfg.cpu_count = 1;
	REQUIRE(rig_start(r) == 0);
	CHECK_EQ(rig_read(r, 0x08, 4), 42);
	for (u32 i = 0; i < ARRAY_SIZE(steps); i++) {
		rig_write(r, steps[i].off, 4, steps[i].val);
	}
	memcpy(at_ipa(DATA_IPA), "Hello, Z{@`", 11);
	put_desc(RING_IPA, 0, DATA_IPA, 11, D_NEXT, 1);
	put_desc(RING_IPA, 1, DATA_IPA + 64, 9, D_WRITE, 0);
	offer(&drv, 0);
	put_desc(RING_IPA, 2, DATA_IPA, 11, D_NEXT, 3);
	put_desc(RING_IPA, 3, DATA_IPA + 128, 100, D_WRITE, 0);
	offer(&drv, 2);
	rig_write(r, 0x50, 4, 0);
	schedule();
	REQUIRE(take_used(&drv, &id, &len));
	CHECK_EQ(len, 9);
	CHECK_MEM(at_ipa(DATA_IPA + 64), "hELLO, z{\0", 10);
	REQUIRE(take_used(&drv, &id, &len));
	CHECK_EQ(id, 2);
	CHECK_EQ(len, 11);
	CHECK(r->vm.vdevs->line);
	put_desc(RING_IPA, 0, 0x1000, 11, 0, 0); /* nowhere */
	offer(&drv, 0);
	rig_write(r, 0x50, 4, 0);
	schedule();
	CHECK_EQ(rig_read(r, 0x70, 4) & VIRTIO_NEEDS_RESET, VIRTIO_NEEDS_RESET);
	rig_free(r);
}

TEST_MAIN(RUN(flips))
