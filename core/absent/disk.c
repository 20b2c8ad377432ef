/* SPDX-License-Identifier: Apache-2.0 */
/* In the place of part `disk`: no VM of the image has a disk of the machine. */
#include <errno.h>
#include "core/host/disk.h"
#include "vdev/virtio/blk.h"

#pragma GCC diagnostic ignored "-Wunused-parameter"

const struct disk_info *disk_info(const struct disk *d)
{
	return NULL;
}

int blk_disk_open(struct blk *b, const struct cfg_option *o, bool read_only)
{
	vdev_error(&b->v.dev, &o->pos, "this image has no part 'disk'");
	return -ENODEV;
}

void blk_disk_close(struct blk *b)
{
}

void blk_disk_limits(struct blk *b)
{
}

int blk_disk_serve(struct blk *b, struct virtq *q)
{
	return 0;
}
