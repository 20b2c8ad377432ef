/* SPDX-License-Identifier: Apache-2.0 */
/* The receiving side of virtio-net: a frame into the driver's buffers, by the sender. */
#include "vdev/virtio/net.h"

#include <string.h>

enum claim { CLAIMED, BUSY, GONE };

/* The receiver's queue belongs to one sender until its batch is over. */
static enum claim claim(struct net *n, const struct net_port *from)
{
	if (net_claimed(&n->port, from)) {
		return CLAIMED;
	}
	if (!net_claim(&n->port, from)) {
		return BUSY;
	}
	if (!virtio_enter(&n->v)) {
		net_unclaim(&n->port);
		return GONE;
	}
	return CLAIMED;
}

/* Buffers of any form: what virtq_gather() has left. Negative: not a buffer to receive into (5.1.6.3). */
static int gather_rest(struct net *n, struct virtq_gather *g, u64 want, u32 max)
{
	int got = 0;

	while (g->have < want && g->count < max) {
		got = virtq_pop(&n->v.queue[NET_RX], &n->rx);
		if (got > 0 && n->rx.out != 0) {
			got = -1;
		}
		if (got <= 0 || g->segs + n->rx.in > ARRAY_SIZE(n->rx_seg)) {
			break;
		}
		memcpy(&n->rx_seg[g->segs], n->rx.seg, n->rx.in * sizeof(n->rx.seg[0]));
		g->segs += n->rx.in;
		n->rx_done[g->count++] = (struct virtq_done){ n->rx.id, n->rx.descs, (u32)n->rx.in_len };
		g->have += n->rx.in_len;
	}
	return got;
}

/*
 * Buffers for `want` bytes: how many. 0 if there are not enough, -1 if more would not help; nothing
 * is taken then.
 */
static int gather(struct net *n, u64 want)
{
	struct virtq *q = &n->v.queue[NET_RX];
	struct virtq_mark mark = virtq_mark(q);
	struct virtq_gather g = { .seg = n->rx_seg, .done = n->rx_done };
	u32 max = virtio_has(&n->v, NET_F_MRG_RXBUF) ? NET_BUFFERS : 1;
	int got = 0;

	virtq_gather(q, &g, want, max);
	if (g.have < want) {
		got = gather_rest(n, &g, want, max);
	}
	if (got < 0) {
		n->rx_broken = true;
	}
	if (g.have >= want) {
		n->rx_done[g.count - 1].written -= (u32)(g.have - want);
		return (int)g.count;
	}
	virtq_rewind(q, mark);
	return got == 0 && g.count < max ? 0 : -1;
}

/* Where the next byte goes to. */
struct place {
	const struct virtq_seg *seg;
	u32 off;
};

static void put(struct place *to, const u8 *from, u32 n)
{
	while (n != 0) {
		u32 run = MIN(n, to->seg->len - to->off);

		if (run == 0) {
			to->seg++;
			to->off = 0;
			continue;
		}
		memcpy(to->seg->p + to->off, from, run);
		to->off += run;
		from += run;
		n -= run;
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

static enum net_result put_frame(struct net_port *p, struct net_frame *f)
{
	struct net *n = container_of(p, struct net, port);
	int count = gather(n, n->header + f->len);
	const struct virtq_seg *from = f->seg;
	u32 off = f->skip + f->head_len, left = f->len - f->head_len;
	struct place to = { n->rx_seg, 0 };

	if (count <= 0) {
		return count == 0 ? NET_WAIT : NET_DROPPED;
	}
	f->h.num_buffers = (u16)count;
	/* The head is what was looked at, whatever the sender has made of its buffer since. */
	if (likely(n->header == sizeof(f->h) && to.seg->len >= sizeof(f->h) + f->head_len)) {
		to.off = sizeof(f->h) + f->head_len;
		memcpy(to.seg->p, f, to.off);
	} else {
		put(&to, (const u8 *)&f->h, n->header);
		put(&to, f->head, f->head_len);
	}
	for (; left != 0; from++) {
		u32 run;

		if (off >= from->len) {
			off -= from->len;
			continue;
		}
		run = MIN(left, from->len - off);
		put(&to, from->p + off, run);
		left -= run;
		off = 0;
	}
	n->stuck = false;
	virtq_push_all(&n->v.queue[NET_RX], n->rx_done, (u32)count);
	n->port.received++;
	n->v.requests++;
	return NET_SENT;
}

static enum net_result bring(struct net *n, struct net_frame *f)
{
	return takes(n, &f->h) ? put_frame(&n->port, f) : net_convert(&n->port, f, put_frame);
}

/* In the way of the receiver's own filter (5.1.6.5.1); a port that may not listen to all does not. */
static bool wanted(const struct net *n, u64 to)
{
	u32 groups = __atomic_load_n(&n->groups, __ATOMIC_ACQUIRE);

	if (to == READ_ONCE(n->port.mac) || READ_ONCE(n->promiscuous) || to == NET_BROADCAST) {
		return true;
	}
	if (!net_is_group(to)) {
		return n->port.any_source;
	}
	for (u32 i = 0; i < groups && groups != NET_ALL_GROUPS; i++) {
		if (READ_ONCE(n->group[i]) == to) {
			return true;
		}
	}
	return groups == NET_ALL_GROUPS;
}

enum net_result net_deliver(struct net_port *p, struct net_port *from, struct net_frame *f,
			    bool may_wait)
{
	struct net *n = container_of(p, struct net, port);
	enum claim c = wanted(n, f->to) ? claim(n, from) : GONE;
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
	r = bring(n, f);
	if (r == NET_WAIT && may_wait && !n->rx_broken) {
		__atomic_or_fetch(&p->waiting, 1U << from->index, __ATOMIC_SEQ_CST);
		if (virtq_listen(&n->v.queue[NET_RX])) {
			r = bring(n, f); /* came meanwhile; else the driver's notification kicks us */
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

	if (!net_claimed(p, from)) {
		return;
	}
	virtio_done(&n->v, &n->v.queue[NET_RX]);
	if (n->rx_broken) {
		n->rx_broken = false;
		virtio_broken(&n->v);
	}
	virtio_leave(&n->v);
	net_unclaim(p);
}
