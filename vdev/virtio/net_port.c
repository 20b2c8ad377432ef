/* SPDX-License-Identifier: Apache-2.0 */
/* The receiving side of virtio-net: a frame into the driver's buffers, by the sender. */
#include "vdev/virtio/net.h"

#include <string.h>

enum claim { CLAIMED, BUSY, GONE };

/* The receiver's queue belongs to one sender until its batch is over. */
static enum claim claim(struct net *n, const struct net_port *from)
{
	u32 mine = from->index + 1, was = 0;

	if (READ_ONCE(n->claimed_by) == mine) {
		return CLAIMED;
	}
	if (!__atomic_compare_exchange_n(&n->claimed_by, &was, mine, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
		return BUSY;
	}
	if (!virtio_enter(&n->v)) {
		__atomic_store_n(&n->claimed_by, 0, __ATOMIC_RELEASE);
		return GONE;
	}
	return CLAIMED;
}

static void unclaim(struct net *n)
{
	virtio_leave(&n->v);
	__atomic_store_n(&n->claimed_by, 0, __ATOMIC_RELEASE);
	__atomic_thread_fence(__ATOMIC_SEQ_CST); /* who comes too late for this one tries again himself */
	if (READ_ONCE(n->port.busy) != 0) {
		net_free(&n->port);
	}
}

/*
 * Buffers for `want` bytes: how many. 0 if there are not enough, -1 if more would not help; nothing
 * is taken then.
 */
static int gather(struct net *n, u64 want)
{
	struct virtq *q = &n->v.queue[NET_RX];
	struct virtq_mark mark = virtq_mark(q);
	bool mergeable = virtio_has(&n->v, NET_F_MRG_RXBUF);
	u64 have = 0;
	u32 count = 0;
	int got = 0;

	n->rx_segs = 0;
	while (have < want && count < (mergeable ? NET_BUFFERS : 1U)) {
		got = virtq_pop(q, &n->rx);
		if (got > 0 && n->rx.out != 0) {
			got = -1; /* no buffer to receive into (5.1.6.3) */
		}
		if (got <= 0 || n->rx_segs + n->rx.in > ARRAY_SIZE(n->rx_seg)) {
			break;
		}
		memcpy(&n->rx_seg[n->rx_segs], n->rx.seg, n->rx.in * sizeof(n->rx.seg[0]));
		n->rx_segs += n->rx.in;
		n->rx_done[count] = (struct virtq_done){ n->rx.id, n->rx.descs, (u32)n->rx.in_len };
		have += n->rx.in_len;
		count++;
	}
	if (got < 0) {
		n->rx_broken = true;
	}
	if (have >= want) {
		n->rx_done[count - 1].written -= (u32)(have - want);
		return (int)count;
	}
	virtq_rewind(q, mark);
	return got == 0 ? 0 : -1;
}

/* The frame's bytes behind those of f->eth to `skip` bytes behind `to`. */
static void copy_frame(const struct net_frame *f, const struct virtq_seg *to, u32 skip)
{
	const struct virtq_seg *from = f->seg;
	u32 from_off = f->skip + sizeof(f->eth), to_off = skip, left = f->len - sizeof(f->eth);

	while (left != 0) {
		u32 run;

		while (from_off >= from->len) {
			from_off -= from->len;
			from++;
		}
		while (to_off >= to->len) {
			to_off -= to->len;
			to++;
		}
		run = MIN(left, MIN(from->len - from_off, to->len - to_off));
		memcpy(to->p + to_off, from->p + from_off, run);
		from_off += run;
		to_off += run;
		left -= run;
	}
}

static void put_bytes(const struct virtq_seg *to, u32 off, const void *from, u32 n)
{
	const u8 *p = from;

	for (; n != 0; n--, off++) {
		while (off >= to->len) {
			off -= to->len;
			to++;
		}
		to->p[off] = *p++;
	}
}

/* What the receiver does not take has been done for it before. */
static bool takes(const struct net *n, const struct net_header *h)
{
	switch (h->gso_type & ~NET_GSO_ECN) {
	case NET_GSO_NONE:
		return (h->flags & NET_NEEDS_CSUM) == 0 || virtio_has(&n->v, NET_F_GUEST_CSUM);
	case NET_GSO_TCPV4:
		return virtio_has(&n->v, NET_F_GUEST_TSO4) &&
		       ((h->gso_type & NET_GSO_ECN) == 0 || virtio_has(&n->v, NET_F_GUEST_ECN));
	default:
		return virtio_has(&n->v, NET_F_GUEST_TSO6) &&
		       ((h->gso_type & NET_GSO_ECN) == 0 || virtio_has(&n->v, NET_F_GUEST_ECN));
	}
}

static enum net_result put_frame(struct net *n, const struct net_frame *f)
{
	struct net_header h = f->h;
	int count = gather(n, n->header + f->len);

	if (count <= 0) {
		return count == 0 ? NET_WAIT : NET_DROPPED;
	}
	h.num_buffers = (u16)count;
	put_bytes(n->rx_seg, 0, &h, n->header);
	/* The addresses that were checked, whatever the sender has made of its buffer since. */
	put_bytes(n->rx_seg, n->header, f->eth, sizeof(f->eth));
	copy_frame(f, n->rx_seg, n->header + sizeof(f->eth));
	n->stuck = false;
	virtq_push_all(&n->v.queue[NET_RX], n->rx_done, count);
	n->port.received++;
	n->v.requests++;
	return NET_SENT;
}

/* In the way of the receiver's own filter (5.1.6.5.1); a port that may not listen to all does not. */
static bool wanted(const struct net *n, const u8 *to)
{
	if (n->port.promiscuous) {
		return true;
	}
	if ((to[0] & 1) != 0) {
		return true; /* groups: all of them, as a card with a full filter would */
	}
	return memcmp(to, n->port.mac, 6) == 0 || n->port.any_source;
}

enum net_result net_deliver(struct net_port *p, struct net_port *from, const struct net_frame *f,
			    bool may_wait)
{
	struct net *n = container_of(p, struct net, port);
	enum claim c = wanted(n, f->eth) ? claim(n, from) : GONE;
	enum net_result r;

	may_wait = may_wait && !READ_ONCE(n->stuck);
	if (c == BUSY && may_wait) {
		__atomic_or_fetch(&p->busy, 1U << from->index, __ATOMIC_SEQ_CST);
		c = claim(n, from);
		if (c == BUSY) {
			return NET_WAIT; /* who has it kicks us when done */
		}
	}
	if (c != CLAIMED) {
		return NET_DROPPED;
	}
	r = takes(n, &f->h) ? put_frame(n, f) : net_convert(n, f, put_frame);
	if (r == NET_WAIT && may_wait && !n->rx_broken) {
		__atomic_or_fetch(&p->waiting, 1U << from->index, __ATOMIC_SEQ_CST);
		if (virtq_listen(&n->v.queue[NET_RX])) {
			r = put_frame(n, f); /* came meanwhile; else the driver's notification kicks us */
		}
	}
	if (r == NET_WAIT && !may_wait) {
		n->stuck = n->stuck || from->impatient;
		r = NET_DROPPED;
	}
	return r;
}

void net_delivered(struct net_port *p, struct net_port *from)
{
	struct net *n = container_of(p, struct net, port);

	if (READ_ONCE(n->claimed_by) != from->index + 1) {
		return;
	}
	virtio_done(&n->v, &n->v.queue[NET_RX]);
	if (n->rx_broken) {
		n->rx_broken = false;
		virtio_broken(&n->v);
	}
	unclaim(n);
}
