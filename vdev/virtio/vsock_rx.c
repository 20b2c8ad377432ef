/* SPDX-License-Identifier: Apache-2.0 */
/* The receiving side of virtio-vsock: into the driver's buffers, by whoever has claimed it. */
#include "vdev/virtio/vsock.h"

#include <string.h>

#define SEQ_MARKS 3 /* ends of a message and a record (5.10.6.3.2): of its last packet only */

/* ---- Who may */

static bool claim(struct vsock *to)
{
	u32 none = 0;

	return __atomic_compare_exchange_n(&to->claimed, &none, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static void unclaim(struct vsock *to)
{
	__atomic_store_n(&to->claimed, 0, __ATOMIC_RELEASE);
	__atomic_thread_fence(__ATOMIC_SEQ_CST); /* who comes too late for this one tries again himself */
	vsock_kick(__atomic_exchange_n(&to->busy, 0, __ATOMIC_ACQ_REL));
}

static void leave(struct vsock *to)
{
	virtio_done(&to->v, &to->v.queue[VSOCK_RX]);
	if (to->broken) {
		to->broken = false;
		virtio_broken(&to->v);
	}
	if (to->head - to->tail <= VSOCK_RING / 2) {
		vsock_kick(__atomic_exchange_n(&to->full, 0, __ATOMIC_ACQ_REL));
	}
	virtio_leave(&to->v);
	unclaim(to);
	__atomic_sub_fetch(&to->using, 1, __ATOMIC_RELEASE);
}

enum vsock_result vsock_reach(struct vsock *s, struct vsock *to)
{
	if (s->to == to) {
		return VSOCK_SENT;
	}
	if (s->to != NULL) {
		leave(s->to);
		s->to = NULL;
	}
	if (to == NULL) {
		return VSOCK_SENT;
	}
	if (!claim(to)) {
		__atomic_or_fetch(&to->busy, 1U << s->index, __ATOMIC_SEQ_CST);
		if (!claim(to)) {
			return VSOCK_WAIT; /* who has it kicks us when done */
		}
	}
	if (!virtio_enter(&to->v)) {
		unclaim(to);
		return VSOCK_DROPPED;
	}
	__atomic_add_fetch(&to->using, 1, __ATOMIC_RELAXED);
	s->to = to;
	return VSOCK_SENT;
}

/* ---- The ring */

static u32 room(const struct vsock *to)
{
	return to->ring != NULL ? VSOCK_RING - (to->head - to->tail) : 0;
}

static void ring_in(struct vsock *to, const void *from, u32 n)
{
	u32 at = to->head % VSOCK_RING, first = MIN(n, VSOCK_RING - at);

	memcpy(to->ring + at, from, first);
	memcpy(to->ring, (const u8 *)from + first, n - first);
	to->head += n;
}

static void keep(struct vsock *to, const struct vsock_header *h, const struct virtq_chain *c, struct virtq_at *at)
{
	u32 from, first;

	ring_in(to, h, VSOCK_HEADER);
	from = to->head % VSOCK_RING;
	first = MIN(h->len, VSOCK_RING - from);
	virtq_read(c, at, to->ring + from, first);
	virtq_read(c, at, to->ring, h->len - first);
	to->head += h->len;
}

/* ---- Buffers */

int vsock_give(struct vsock *to, struct vsock_header *h, const struct virtq_chain *c, struct virtq_at *at, const u8 *p)
{
	struct virtq *q = &to->v.queue[VSOCK_RX];
	struct virtq_at in = { 0 };
	struct vsock_header out = *h;
	int got = to->broken ? 0 : virtq_pop(q, &to->rx);

	if (got > 0 && (to->rx.out != 0 || to->rx.in_len < VSOCK_HEADER + (h->len != 0))) {
		got = -1; /* no buffer to receive into (5.10.6.2) */
	}
	if (got <= 0) {
		to->broken |= got < 0;
		return 0;
	}
	out.len = (u32)MIN((u64)h->len, to->rx.in_len - VSOCK_HEADER);
	if (out.len < h->len && h->type == VSOCK_SEQPACKET) {
		out.flags &= ~SEQ_MARKS;
	}
	virtq_write(&to->rx, &in, &out, VSOCK_HEADER);
	if (c != NULL) {
		virtq_copy(&to->rx, &in, c, at, out.len);
	} else if (p != NULL) {
		virtq_write(&to->rx, &in, p, out.len);
	} else {
		u32 from = to->tail % VSOCK_RING, first = MIN(out.len, VSOCK_RING - from);

		virtq_write(&to->rx, &in, to->ring + from, first);
		virtq_write(&to->rx, &in, to->ring, out.len - first);
		to->tail += out.len;
	}
	virtq_push(q, &to->rx, VSOCK_HEADER + out.len);
	h->len -= out.len;
	to->stuck = false;
	to->received++;
	to->v.requests++;
	return 1;
}

bool vsock_drain(struct vsock *to)
{
	while (to->part.op != 0 || to->head != to->tail) {
		if (to->part.op == 0) {
			u32 from = to->tail % VSOCK_RING, first = MIN(VSOCK_HEADER, VSOCK_RING - from);

			memcpy(&to->part, to->ring + from, first);
			memcpy((u8 *)&to->part + first, to->ring, VSOCK_HEADER - first);
			to->tail += VSOCK_HEADER;
		}
		if (vsock_give(to, &to->part, NULL, NULL, NULL) == 0) {
			return false;
		}
		if (to->part.len == 0) {
			to->part.op = 0;
		}
	}
	return true;
}

enum vsock_result vsock_deliver(struct vsock *s, struct vsock *to, const struct vsock_header *h, bool may_wait)
{
	enum vsock_result r = vsock_reach(s, to);
	struct vsock_header left = *h;
	struct virtq_at at = { 0 };
	u8 skipped[VSOCK_HEADER];

	if (r != VSOCK_SENT) {
		s->impatient = false; /* another sender's turn is not the receiver's fault */
		return r;
	}
	virtq_read(&s->tx, &at, skipped, VSOCK_HEADER);
	/* The second time if buffers came just before the driver knew that it has to say so. */
	for (u32 n = 0; n < 2; n++) {
		if (vsock_drain(to)) {
			while (vsock_give(to, &left, &s->tx, &at, NULL) != 0) {
				if (left.len == 0) {
					return VSOCK_SENT;
				}
			}
		}
		/* Empty it has room for any. */
		if (room(to) >= VSOCK_HEADER + left.len) {
			keep(to, &left, &s->tx, &at);
			if (virtq_listen(&to->v.queue[VSOCK_RX])) {
				vsock_drain(to);
			}
			return VSOCK_SENT;
		}
		if (!virtq_listen(&to->v.queue[VSOCK_RX])) {
			break;
		}
	}
	if (!may_wait || to->stuck || to->broken) {
		to->stuck |= s->impatient;
		return VSOCK_DROPPED;
	}
	__atomic_or_fetch(&to->full, 1U << s->index, __ATOMIC_SEQ_CST);
	return VSOCK_WAIT;
}

void vsock_rx_reset(struct vsock *s)
{
	s->part.op = 0;
	s->head = 0;
	s->tail = 0;
	s->stuck = false;
	s->broken = false;
}
