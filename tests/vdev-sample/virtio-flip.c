/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A virtio device from outside the tree: one queue, and each request's writable part gets the bytes of its readable
 * part with upper and lower case exchanged. Registers, features, rings and interrupts are vdev/virtio/virtio.h's.
 *
 *	make vdev SRC=tests/vdev-sample/virtio-flip.c
 */
#include "vdev/virtio/virtio.h"

#define ID 42       /* none of the numbers that are given out (virtio 1.2 5) means this */
#define QUEUE 64
#define MOST 4096U  /* bytes of a request that are looked at */

struct flip {
	struct virtio v;          /* first */
	struct virtq_chain chain; /* too large for the stack */
};

static u8 flipped(u8 c)
{
	bool letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';

	return letter ? c ^ 0x20 : c;
}

static u32 answer(const struct virtq_chain *c)
{
	struct virtq_at in = { 0 }, out = { 0 };
	u32 n = 0;
	u8 byte;

	while (n < MOST && virtq_read(c, &in, &byte, 1) == 1) {
		byte = flipped(byte);
		if (virtq_write(c, &out, &byte, 1) == 0) {
			break;
		}
		n++;
	}
	return n;
}

/* One request a call: true, and it is called again soon. */
static bool serve(struct virtio *v, unsigned int queue)
{
	struct flip *f = (struct flip *)v;
	struct virtq *q = &v->queue[queue];
	int got = virtq_pop(q, &f->chain);

	if (got < 0) {
		virtio_broken(v);
		return false;
	}
	if (got == 0) {
		return virtq_listen(q);
	}
	virtq_push(q, &f->chain, answer(&f->chain));
	virtio_done(v, q);
	v->requests++;
	return true;
}

static const struct virtio_type type = { .id = ID, .serve = serve };

static int create(struct vdev *d)
{
	struct flip *f = (struct flip *)d;

	f->v.type = &type;
	f->v.queue_count = 1;
	f->v.queue[0].max = QUEUE;
	virtio_init(&f->v);
	return 0;
}

static const struct vdev_option options[] = { VIRTIO_OPTION_LEGACY, { .name = NULL } };

VDEV(virtio_flip) = {
	.abi = VDEV_ABI,
	.name = "virtio-flip",
	.options = options,
	.state_size = sizeof(struct flip),
	.create = create,
	VIRTIO_TRANSPORTS,
};
