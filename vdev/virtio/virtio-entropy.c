/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtio-entropy: random bytes (virtio 1.2 5.4) from the monitor's generator, which the board's own
 * sources seed. One queue of writable buffers. Node: virtio,mmio.
 */
#include "vdev/virtio/virtio.h"

#define QUEUE 64
#define BATCH 16 /* requests per call */
#define PIECE 64

struct entropy {
	struct virtio v;
	struct virtq_chain chain;
};

/* At most a page per request (5.4.6.1: fewer bytes than asked for is fine), but at least one. */
static u32 fill(struct entropy *e)
{
	u64 want = MIN(e->chain.in_len, PAGE_SIZE), done = 0;
	struct virtq_at at = { 0 };
	u8 piece[PIECE];

	while (done < want && vdev_random(&e->v.dev, piece, sizeof(piece)) == 0) {
		done += virtq_write(&e->chain, &at, piece, MIN(want - done, sizeof(piece)));
	}
	return (u32)done;
}

static bool serve(struct virtio *v, unsigned int queue)
{
	struct entropy *e = (struct entropy *)v;
	struct virtq *q = &v->queue[queue];
	int got = 0;

	for (u32 n = 0; n < BATCH; n++) {
		got = virtq_pop(q, &e->chain);
		if (got <= 0) {
			break;
		}
		v->requests++;
		virtq_push(q, &e->chain, fill(e));
	}
	virtio_done(v, q);
	if (got < 0) {
		virtio_broken(v);
		return false;
	}
	return virtq_listen(q);
}

static const struct virtio_type type = { .id = 4, .serve = serve };

static int create(struct vdev *d)
{
	struct entropy *e = (struct entropy *)d;

	e->v.type = &type;
	e->v.queue_count = 1;
	e->v.queue[0].max = QUEUE;
	virtio_init(&e->v);
	return 0;
}

static const struct vdev_option options[] = { VIRTIO_OPTION_LEGACY, { .name = NULL } };

VDEV(virtio_entropy) = {
	.abi = VDEV_ABI,
	.name = "virtio-entropy",
	.options = options,
	.state_size = sizeof(struct entropy),
	.create = create,
	VIRTIO_TRANSPORTS,
};
