/* SPDX-License-Identifier: Apache-2.0 */
/* The sending side of virtio-net: what the driver queues, checked and handed to the switch. */
#include "vdev/virtio/net.h"

#include <string.h>

#define BATCH_FRAMES 64
#define BATCH_BYTES KiB(256)
#define PATIENCE_NS 2000000 /* how long a sender waits for a receiver's buffers */

/*
 * A driver that sends all the time looks at what has been sent before it queues more, and needs no interrupt
 * to do so: within this time of the last frame it is told when many have piled up, or when it has stopped.
 */
#define TELL_NS 400000
#define TELL_MANY 64

#define TYPE_ARP 0x0806
#define TYPE_VLAN 0x8100
#define TYPE_VLAN_OUTER 0x88a8
#define ARP_SENDER 8 /* its hardware address (RFC 826) */

/* What the driver says of its frame holds for the frame there is. */
static bool header_ok(const struct net *n, const struct net_frame *f)
{
	const struct net_header *h = &f->h;
	u8 gso = h->gso_type & (u8)~NET_GSO_ECN;

	if ((h->flags & NET_NEEDS_CSUM) != 0 &&
	    (!virtio_has(&n->v, NET_F_CSUM) || (u32)h->csum_start + h->csum_offset + 2 > f->len)) {
		return false;
	}
	if (gso == NET_GSO_NONE) {
		return f->len <= NET_MTU_FRAME && h->gso_type == 0;
	}
	return h->gso_size != 0 && (h->flags & NET_NEEDS_CSUM) != 0 &&
	       ((gso == NET_GSO_TCPV4 && virtio_has(&n->v, NET_F_HOST_TSO4)) ||
		(gso == NET_GSO_TCPV6 && virtio_has(&n->v, NET_F_HOST_TSO6)));
}

/* A card that has one address says no other one, not in an ARP packet either. */
static bool source_ok(const struct net *n, const struct net_frame *f)
{
	u32 at = 12;
	u16 type;

	if (n->port.any_source) {
		return true;
	}
	if (f->from != n->port.mac) {
		return false;
	}
	for (;;) {
		type = (u16)(f->head[at] << 8 | f->head[at + 1]);
		at += 2;
		if ((type != TYPE_VLAN && type != TYPE_VLAN_OUTER) || at + 4 > f->head_len || at > 20) {
			break;
		}
		at += 2;
	}
	return type != TYPE_ARP ||
	       (at + ARP_SENDER + 6 <= f->head_len && net_mac(f->head + at + ARP_SENDER) == n->port.mac);
}

/* The frame of n->tx; false: it is dropped. */
static bool take_frame(struct net *n, struct net_frame *f)
{
	struct virtq_at at = { 0 };

	if (n->tx.in != 0 || n->tx.out_len < n->header + 14 || n->tx.out_len > n->header + NET_FRAME_MAX) {
		return false;
	}
	f->len = (u32)n->tx.out_len - n->header;
	f->head_len = MIN(f->len, (u32)NET_HEAD);
	if (likely(n->header == sizeof(f->h) && n->tx.seg[0].len >= sizeof(f->h) + NET_HEAD)) {
		memcpy(f, n->tx.seg[0].p, sizeof(f->h) + NET_HEAD);
	} else {
		virtq_read(&n->tx, &at, &f->h, n->header);
		virtq_read(&n->tx, &at, f->head, f->head_len);
	}
	f->to = net_mac(f->head);
	f->from = net_mac(f->head + 6);
	f->seg = n->tx.seg;
	f->skip = n->header;
	f->h.flags &= NET_NEEDS_CSUM;
	f->h.num_buffers = 0;
	return header_ok(n, f) && source_ok(n, f);
}

/* expire() in so many nanoseconds. */
static void arm(struct net *n, u64 ns)
{
	u64 flags = vdev_lock_irq(&n->v.dev);

	vdev_arm(&n->v.dev, vdev_now_ns(&n->v.dev) + ns);
	n->armed = !n->stalled;
	vdev_unlock_irq(&n->v.dev, flags);
}

/* Tell the driver what has been sent, at once or when it pauses. */
static void tell(struct net *n, bool busy)
{
	struct virtq *q = &n->v.queue[NET_TX];
	u64 now = vdev_now_ns(&n->v.dev), since = now - n->sent_at;

	n->sent_at = busy ? now : n->sent_at;
	if (!busy || since >= TELL_NS || q->pushed >= TELL_MANY || n->stalled) {
		virtio_done(&n->v, q);
	} else if (!READ_ONCE(n->armed)) {
		arm(n, TELL_NS);
	}
}

void net_expire(struct vdev *d)
{
	struct net *n = (struct net *)d;
	u64 since = vdev_now_ns(d) - n->sent_at;

	n->armed = !n->stalled && since < TELL_NS;
	if (n->armed) {
		vdev_arm(d, n->sent_at + TELL_NS);
		return;
	}
	n->port.impatient = n->stalled; /* else the time is of a frame that has gone */
	virtio_kick(&n->v, NET_TX);
}

bool net_transmit(struct net *n)
{
	struct virtq *q = &n->v.queue[NET_TX];
	enum net_result r = NET_SENT;
	u64 bytes = 0;
	u32 touched = 0, frames = 0;
	int got = 0;

	virtq_quiet(q);
	while (r != NET_WAIT && frames < BATCH_FRAMES && bytes < BATCH_BYTES) {
		struct virtq_mark mark = virtq_mark(q);
		struct net_frame f;

		got = virtq_pop(q, &n->tx);
		if (got <= 0) {
			break;
		}
		r = take_frame(n, &f) ? net_send(&n->port, &f, !n->port.impatient, &touched) : NET_DROPPED;
		if (r == NET_WAIT) {
			virtq_rewind(q, mark);
			break;
		}
		n->port.impatient = false;
		n->port.sent += r == NET_SENT;
		n->port.dropped += r == NET_DROPPED;
		bytes += n->tx.out_len;
		frames++;
		virtq_push(q, &n->tx, 0);
	}
	n->stalled = r == NET_WAIT;
	net_batch_end(&n->port, touched);
	tell(n, frames != 0);
	if (got < 0) {
		virtio_broken(&n->v);
		return false;
	}
	if (r == NET_WAIT) {
		arm(n, PATIENCE_NS);
		return false;
	}
	return got > 0 || virtq_listen(q);
}
