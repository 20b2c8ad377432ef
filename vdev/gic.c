/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The `vdev gic` of a VM: its options. It is implicit, there is always one; its state
 * and windows are made by core/vgic when the VM is built.
 */
#include "core/vdev.h"

static const struct vdev_option options[] = {
	{ .name = "version", .kind = VOPT_NUM, .min = 2, .max = 3,
	  .help = "architecture version the guest sees: 2 or 3; default: the host's" },
	{ .name = "gicc", .kind = VOPT_SIZE, .help = "address of the GICv2 CPU interface" },
	{ .name = "gicr", .kind = VOPT_SIZE,
	  .help = "address of the redistributors; implies version 3" },
	{ .name = "its", .kind = VOPT_SIZE, .later = true,
	  .help = "address of the ITS; implies version 3" },
	{ .name = "num-lpis", .kind = VOPT_NUM, .later = true,
	  .help = "how many LPIs the ITS offers" },
	{ .name = "msi", .kind = VOPT_STRING, .later = true,
	  .help = "ADDR,BASE,NUM: an MSI frame of a GICv2" },
	{ .name = "host-gicd", .kind = VOPT_STRING, .later = true,
	  .help = "the board's device tree says where the host's GIC is" },
	{ .name = "host-gich", .kind = VOPT_STRING, .later = true,
	  .help = "the board's device tree says where the host's GIC is" },
	{ .name = "host-gicv", .kind = VOPT_STRING, .later = true,
	  .help = "the board's device tree says where the host's GIC is" },
	{ .name = NULL },
};

static int gic_create(struct vdev *d)
{
	(void)d;
	return 0;
}

static void gic_nothing(struct vdev *d)
{
	(void)d;
}

VDEV(gic) = {
	.abi = VDEV_ABI,
	.name = "gic",
	.options = options,
	.state_size = sizeof(struct vdev),
	.create = gic_create,
	.reset = gic_nothing,
	.destroy = gic_nothing,
};
