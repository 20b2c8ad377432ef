/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A driver of virtio devices that breaks the rules in every way a device has to bear. After each deed the device is
 * reset and has to do an honest job; "refused" is a device that asked for a reset, "ignored" one that
 * went on as if nothing had been. With honest=SECONDS it does honest work alone, for so long.
 */
#include "vhostile.h"

static struct device devices[8];
static unsigned int nr_devices;

static void find(const struct fdt_node *node)
{
	u64 base, size;

	if (nr_devices < 8 && fdt_is_compatible(node, "virtio,mmio") && fdt_reg(node, 0, &base, &size)) {
		dev = &devices[nr_devices++];
		dev->base = base;
		dev->id = rd(R_ID);
		dev->legacy = rd(R_VERSION) == 1;
		dev->queue = dev->id != BLK && dev->id != ENTROPY; /* the others' second is the one that sends */
	}
}

static void honest_work(u64 seconds)
{
	u64 end = timer_count() + seconds * timer_frequency(), rounds = 0, longest = 0, at = timer_count(), now;
	unsigned int i;

	while (timer_count() < end && failures == 0) {
		for (i = 0; i < nr_devices; i++) {
			dev = &devices[i];
			if (rounds % 1000 == 0) {
				start(0);
			}
			failures += !honest() || rd(R_STATUS) != (dev->legacy ? 7 : 15);
		}
		rounds++;
		now = timer_count();
		longest = now - at > longest ? now - at : longest;
		at = now;
	}
	printf("HONEST: %u failed, %lu rounds, longest %lu us\n", failures, rounds,
	       longest * 1000000 / timer_frequency());
}

void guest_main(void)
{
	u64 seconds = board_arg_number("honest", 0);
	unsigned int i;

	mmu_on();
	gic_init();
	fdt_walk(board.fdt, find);
	if (seconds != 0) {
		honest_work(seconds);
		return;
	}
	for (i = 0; i < nr_devices; i++) {
		dev = &devices[i];
		if (dev->legacy) {
			legacy_rings();
		} else {
			rings();
			packed();
		}
		chains();
		contents();
		moments();
		two_cpus();
	}
	printf("VHOSTILE: %u devices, %u failures\n", nr_devices, failures);
}
