/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtio-console: a byte stream (virtio 1.2 5.3), one port, connected like a UART by `hostdev`. Not
 * modelled: several ports, size changes, emergency write. Node: virtio,mmio.
 */
#include <string.h>
#include "core/base/fmt.h"
#include "vdev/virtio/virtio.h"

#define QUEUE 64
#define RX 0
#define TX 1
#define TYPED 256    /* bytes kept until the driver has buffers for them */
#define BATCH 1024   /* bytes of one call, either way */
#define PIECE 32

struct console_config {
	u16 cols, rows;
	u32 max_nr_ports;
	u32 emerg_wr;
};

struct console {
	struct virtio v;
	struct console_config config;
	struct virtq_chain rx, tx;
	struct virtq_at at;  /* how far the request in `tx` is out */
	bool sending;        /* there is one */
	u8 piece[PIECE];
	u32 piece_len, piece_at;
	u8 typed[TYPED];     /* a ring, under the device's lock */
	u32 head, tail;
};

/* ---- Output */

/* What `piece` holds, to the host; false: no room now. */
static bool put_piece(struct console *c)
{
	u64 flags = vdev_lock_irq(&c->v.dev);

	c->piece_at += vdev_write(&c->v.dev, c->piece + c->piece_at, c->piece_len - c->piece_at);
	vdev_unlock_irq(&c->v.dev, flags);
	return c->piece_at == c->piece_len;
}

static bool send(struct console *c)
{
	struct virtq *q = &c->v.queue[TX];
	u32 bytes = 0;
	int got = 1;

	while (bytes < BATCH) {
		if (!put_piece(c)) {
			virtio_done(&c->v, q);
			return false; /* output_ready() comes when there is room */
		}
		if (!c->sending) {
			got = virtq_pop(q, &c->tx);
			if (got <= 0) {
				break;
			}
			c->sending = true;
			c->at = (struct virtq_at){ 0 };
		}
		c->piece_len = (u32)virtq_read(&c->tx, &c->at, c->piece, PIECE);
		c->piece_at = 0;
		bytes += c->piece_len;
		if (c->piece_len == 0) {
			virtq_push(q, &c->tx, 0);
			c->sending = false;
			c->v.requests++;
			bytes += PIECE; /* an empty one, too, takes its time */
		}
	}
	virtio_done(&c->v, q);
	if (got < 0) {
		virtio_broken(&c->v);
		return false;
	}
	return got > 0 || virtq_listen(q);
}

static void output_ready(struct vdev *d)
{
	virtio_kick((struct virtio *)d, TX);
}

/* ---- Input */

/* Bytes of the ring, as many as fit. */
static u32 take_typed(struct console *c, u8 *to, u32 n)
{
	u64 flags = vdev_lock_irq(&c->v.dev);
	u32 done = 0;

	while (done < n && c->tail != c->head) {
		to[done++] = c->typed[c->tail++ % TYPED];
	}
	if (done != 0) {
		vdev_input_more(&c->v.dev);
	}
	vdev_unlock_irq(&c->v.dev, flags);
	return done;
}

static bool receive(struct console *c)
{
	struct virtq *q = &c->v.queue[RX];
	u32 buffers = 0;
	int got = 0;

	while (READ_ONCE(c->tail) != READ_ONCE(c->head) && buffers++ < QUEUE) {
		struct virtq_at at = { 0 };
		u8 bytes[TYPED];
		u32 n;

		got = virtq_pop(q, &c->rx);
		if (got <= 0) {
			break;
		}
		n = take_typed(c, bytes, (u32)MIN(c->rx.in_len, (u64)TYPED));
		virtq_push(q, &c->rx, (u32)virtq_write(&c->rx, &at, bytes, n));
	}
	virtio_done(&c->v, q);
	if (got < 0) {
		virtio_broken(&c->v);
		return false;
	}
	/* With bytes left the driver has to say when it has buffers. */
	return READ_ONCE(c->tail) != READ_ONCE(c->head) && virtq_listen(q);
}

/* Device locked. */
static unsigned int input(struct vdev *d, const u8 *buf, unsigned int n)
{
	struct console *c = (struct console *)d;
	unsigned int taken = 0;

	if ((c->v.status & VIRTIO_DRIVER_OK) == 0) {
		return 0;
	}
	while (taken < n && c->head - c->tail < TYPED) {
		c->typed[c->head++ % TYPED] = buf[taken++];
	}
	if (taken != 0) {
		virtio_kick(&c->v, RX);
	}
	return taken;
}

/* ---- The device */

static bool serve(struct virtio *v, unsigned int queue)
{
	struct console *c = (struct console *)v;

	return queue == TX ? send(c) : receive(c);
}

static void start(struct virtio *v)
{
	vdev_input_more(&v->dev); /* what was offered before was not taken */
}

static void reset(struct virtio *v)
{
	struct console *c = (struct console *)v;

	c->sending = false;
	c->piece_len = 0;
	c->piece_at = 0;
	c->head = 0;
	c->tail = 0;
}

static const struct virtio_type type = { .id = 3, .serve = serve, .start = start, .reset = reset };

static int create(struct vdev *d)
{
	struct console *c = (struct console *)d;

	c->v.type = &type;
	c->v.queue_count = 2;
	c->v.queue[RX].max = QUEUE;
	c->v.queue[TX].max = QUEUE;
	c->config.max_nr_ports = 1;
	c->v.config = &c->config;
	c->v.config_size = sizeof(c->config);
	virtio_init(&c->v);
	return vdev_connect(d);
}

static const struct vdev_option options[] = {
	VDEV_OPTION_HOSTDEV,
	VDEV_OPTION_DELAYED,
	{ .name = "batch", .kind = VOPT_NUM }, /* the driver's buffers are batches */
	VIRTIO_OPTION_LEGACY,
	{ .name = NULL },
};

VDEV(virtio_console) = {
	.abi = VDEV_ABI,
	.name = "virtio-console",
	.options = options,
	.state_size = sizeof(struct console),
	.create = create,
	.input = input,
	.output_ready = output_ready,
	VIRTIO_MMIO,
};
