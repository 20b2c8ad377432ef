/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Network cards behind virtio: virtio 1.2 5.1. One pair of queues, no offloads: whoever sends through it
 * has computed checksums, and what comes has them. It hears all addresses, as the ports behind it have theirs.
 */
#include <errno.h>
#include <string.h>
#include "arch/arch.h"
#include "core/base/log.h"
#include "core/base/memory.h"
#include "core/host/virtio.h"
#include "core/host/nic_priv.h"
#include "core/sched.h"

#define RX_BUFFERS 128
#define TX_BUFFERS 64
#define BUFFER 2048
#define FRAME_AT 16 /* behind the header */

/* Features (5.1.3). */
#define F_MAC BIT(5)
#define F_STATUS BIT(16)
#define F_CTRL_VQ BIT(17)
#define F_CTRL_RX BIT(18)

enum { RX, TX, CTRL };
enum { MAC = 0, STATUS = 6 };   /* 5.1.4 */
enum { CLASS_RX = 0, RX_PROMISC = 0, ANSWER_OK = 0 }; /* 5.1.6.5.1 */
#define LINK_UP 1

struct card {
	struct nic nic;
	struct vio_dev *dev;
	struct vio_queue queue[3];
	u32 header;             /* bytes of it; without mergeable buffers a legacy one is shorter (5.1.6.1) */
	u8 *rx, *tx;            /* BUFFER bytes each */
	u32 tx_free;            /* how many of tx_list are free */
	u8 *tx_list[TX_BUFFERS];
	bool asked, link;       /* was there a link, when last asked */
};

static struct card *card_of(struct nic *n)
{
	return container_of(n, struct card, nic);
}

/* ---- Sending */

static void take_back_sent(struct card *c)
{
	u32 len;
	u8 *b;

	/* A few at a time: the lock is held. */
	for (u32 i = 0; i < 8 && (b = vio_reap(&c->queue[TX], &len)) != NULL; i++) {
		c->tx_list[c->tx_free++] = b;
	}
}

static u8 *card_room(struct nic *n)
{
	struct card *c = card_of(n);

	if (c->tx_free <= TX_BUFFERS / 2) {
		take_back_sent(c);
	}
	return c->tx_free != 0 && c->queue[TX].free_count >= 2 ? c->tx_list[c->tx_free - 1] + FRAME_AT : NULL;
}

static void card_send(struct nic *n, u32 len)
{
	struct card *c = card_of(n);
	u8 *b = c->tx_list[c->tx_free - 1];

	if (vio_chain(&c->queue[TX], 2, b)) {
		vio_add(&c->queue[TX], b, c->header, false);
		vio_add(&c->queue[TX], b + FRAME_AT, len, false);
		c->tx_free--;
	}
}

static void card_start(struct nic *n)
{
	vio_kick(&card_of(n)->queue[TX]);
}

/* ---- Receiving */

static bool offer_buffer(struct card *c, u8 *b)
{
	if (!vio_chain(&c->queue[RX], 2, b)) {
		return false;
	}
	vio_add(&c->queue[RX], b, c->header, true);
	vio_add(&c->queue[RX], b + FRAME_AT, NIC_FRAME, true);
	return true;
}

static u8 *card_take(struct nic *n, u32 *len)
{
	struct card *c = card_of(n);
	u32 bytes;
	u8 *b;

	while ((b = vio_reap(&c->queue[RX], &bytes)) != NULL) {
		if (bytes >= c->header + 14) {
			*len = bytes - c->header;
			return b + FRAME_AT;
		}
		if (!offer_buffer(c, b)) { /* not a frame */
			return NULL;
		}
	}
	return NULL;
}

static void card_give(struct nic *n, u8 *frame)
{
	(void)offer_buffer(card_of(n), frame - FRAME_AT); /* it fits where it was, or the device is broken */
}

static void card_refill(struct nic *n)
{
	vio_kick(&card_of(n)->queue[RX]);
}

static bool card_listen(struct nic *n, bool sending)
{
	struct card *c = card_of(n);
	bool rx = vio_listen(&c->queue[RX]);

	if (!sending) {
		vio_quiet(&c->queue[TX]);
		return rx;
	}
	return vio_listen(&c->queue[TX]) || rx;
}

static bool card_link(struct nic *n)
{
	struct card *c = card_of(n);

	/* Asked at first and after a change: configuration space is slow to reach. */
	if (!c->asked || __atomic_exchange_n(&c->dev->changed, false, __ATOMIC_ACQ_REL)) {
		c->asked = true;
		c->link = !vio_has(c->dev, F_STATUS) || (vio_config(c->dev, STATUS, 2) & LINK_UP) != 0;
	}
	return c->link;
}

static bool card_broken(struct nic *n)
{
	return card_of(n)->dev->broken;
}

static const struct nic_ops ops = {
	.room = card_room,
	.send = card_send,
	.start = card_start,
	.take = card_take,
	.give = card_give,
	.refill = card_refill,
	.listen = card_listen,
	.link = card_link,
	.broken = card_broken,
};

/* ---- Life */

/* 5.1.6.5.1: all frames, whatever address. A card without the command hears all from the start. */
static int hear_all(struct card *c)
{
	struct vio_queue *q = &c->queue[CTRL];
	u8 *b = c->tx; /* nothing is sent yet */
	u64 end = counter_now() + counter_hz;
	u32 len;

	if (!vio_has(c->dev, F_CTRL_VQ) || !vio_has(c->dev, F_CTRL_RX)) {
		return 0;
	}
	b[0] = CLASS_RX;
	b[1] = RX_PROMISC;
	b[2] = 1;
	b[3] = 0xff;
	if (!vio_chain(q, 3, b)) {
		return -EIO;
	}
	vio_add(q, b, 2, false);
	vio_add(q, b + 2, 1, false);
	vio_add(q, b + 3, 1, true);
	vio_kick(q);
	while (vio_reap(q, &len) == NULL) {
		if (c->dev->broken || counter_now() > end) {
			return -EIO;
		}
		thread_sleep_until(counter_now() + counter_hz / 2000);
	}
	return READ_ONCE(b[3]) == ANSWER_OK ? 0 : -EIO;
}

static int set_up(struct card *c)
{
	struct vio_dev *d = c->dev;
	u64 offered;
	int err = vio_begin(d, &offered);

	if (err == 0) {
		err = vio_features_ok(d, F_MAC | F_STATUS | F_CTRL_VQ | F_CTRL_RX);
	}
	for (u32 i = RX; err == 0 && i <= (vio_has(d, F_CTRL_VQ) ? CTRL : TX); i++) {
		err = vio_queue(d, &c->queue[i], i, i == RX ? 2 * RX_BUFFERS : 2 * TX_BUFFERS, 0, 0);
	}
	return err == 0 ? vio_go(d) : err;
}

static int begin(struct vio_dev *d, void *mem)
{
	struct card *c = mem;
	int err;

	c->dev = d;
	c->rx = mem_alloc(RX_BUFFERS * BUFFER);
	c->tx = mem_alloc(TX_BUFFERS * BUFFER);
	if (c->rx == NULL || c->tx == NULL) {
		return -ENOMEM;
	}
	err = set_up(c);
	if (err == 0) {
		err = hear_all(c);
	}
	if (err != 0) {
		vio_fail(d);
		return err;
	}
	memset(c->tx, 0, 4); /* headers that say nothing */
	c->header = d->legacy ? 10 : 12;
	for (u32 i = 0; i < TX_BUFFERS; i++) {
		c->tx_list[c->tx_free++] = c->tx + i * BUFFER;
	}
	for (u32 i = 0; i < RX_BUFFERS && offer_buffer(c, c->rx + i * BUFFER); i++) {
	}
	for (u32 i = 0; i < 6; i++) {
		c->nic.mac[i] = vio_has(d, F_MAC) ? (u8)vio_config(d, MAC + i, 1) : 0;
	}
	c->nic.ops = &ops;
	c->nic.driver = d->place;
	vio_kick(&c->queue[RX]);
	return nic_add(&c->nic);
}

static void interrupt(void *arg)
{
	nic_interrupt(&((struct card *)arg)->nic);
}

void virtio_net_scan(void)
{
	vio_each(VIO_NET, "network card", sizeof(struct card), interrupt, begin);
}
