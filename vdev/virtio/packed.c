/* SPDX-License-Identifier: Apache-2.0 */
/* Packed virtqueues (virtio 1.2 2.8). */
#include "vdev/virtio/queue_priv.h"

#define DESC_AVAIL BIT(7)
#define DESC_USED BIT(15)

/* Event suppression of packed rings (2.8.14). */
#define EVENT_ENABLE 0
#define EVENT_DISABLE 1
#define EVENT_DESC 2

/* A descriptor is the device's when AVAIL is the wrap counter and USED is not (2.8.1). */
static bool packed_available(const struct virtq *q, u16 flags)
{
	return ((flags & DESC_AVAIL) != 0) == q->wrap_next && ((flags & DESC_USED) != 0) != q->wrap_next;
}

static u16 packed_flags(const struct virtq *q)
{
	struct packed_desc *d = (struct packed_desc *)q->area[AREA_DESC] + q->next;

	return __atomic_load_n(&d->flags, __ATOMIC_ACQUIRE);
}

static void packed_advance(const struct virtq *q, u16 *at, bool *wrap, u16 by)
{
	u32 next = *at + by;

	if (next >= q->size) {
		next -= q->size;
		*wrap = !*wrap;
	}
	*at = (u16)next;
}

int packed_pop(struct virtq *q, struct virtq_chain *c)
{
	u32 i = q->next;

	if (!packed_available(q, packed_flags(q))) {
		return 0;
	}
	while (c->descs < q->size) {
		struct virtq_desc d = virtq_desc(q->area[AREA_DESC], i);
		u16 flags = d.next;
		bool ok;

		c->id = d.flags;
		c->descs++;
		i = i + 1 == q->size ? 0 : i + 1;
		if ((flags & DESC_INDIRECT) != 0) {
			ok = (flags & DESC_NEXT) == 0 && c->descs == 1 &&
			     virtq_walk_indirect(q, c, d.addr, d.len, false);
		} else {
			ok = virtq_add(q, c, d.addr, d.len, (flags & DESC_WRITE) != 0);
		}
		if (!ok) {
			return virtq_broke(q);
		}
		if ((flags & DESC_NEXT) == 0) {
			packed_advance(q, &q->next, &q->wrap_next, c->descs);
			return 1;
		}
	}
	return virtq_broke(q);
}

/* The first one's flags come last: the driver looks at them before it looks at the others'. */
void packed_push(struct virtq *q, const struct virtq_done *done, u32 count)
{
	struct packed_desc *ring = (struct packed_desc *)q->area[AREA_DESC], *first = &ring[q->used];
	u16 first_flags = 0;

	for (u32 i = 0; i < count; i++) {
		struct packed_desc *d = &ring[q->used];
		u16 flags = (u16)((done[i].written != 0 ? DESC_WRITE : 0) |
				  (q->wrap_used ? DESC_AVAIL | DESC_USED : 0));

		WRITE_ONCE(d->id, done[i].id);
		WRITE_ONCE(d->len, done[i].written);
		if (d == first) {
			first_flags = flags;
		} else {
			__atomic_store_n(&d->flags, flags, __ATOMIC_RELEASE);
		}
		packed_advance(q, &q->used, &q->wrap_used, done[i].descs);
		q->pushed += done[i].descs - 1U; /* one has been counted */
	}
	__atomic_store_n(&first->flags, first_flags, __ATOMIC_RELEASE);
}

bool packed_should_tell(struct virtq *q)
{
	const struct packed_event *e = (struct packed_event *)q->area[AREA_DRIVER];
	u16 flags = READ_ONCE(e->flags) & 3, off, old = q->told, now = q->used;
	bool wrap, laps = q->pushed >= q->size; /* every position was passed, and none tells which lap's */

	q->told = q->used;
	q->pushed = 0;
	if (flags != EVENT_DESC || !q->event_idx || laps) {
		return flags != EVENT_DISABLE;
	}
	off = READ_ONCE(e->desc);
	wrap = off >> 15 != 0;
	off &= 0x7fff;
	/* Positions of one lap: what lies in the lap before is a ring's length lower. */
	if (wrap != q->wrap_used) {
		off = (u16)(off - q->size);
	}
	if (now <= old) {
		old = (u16)(old - q->size);
	}
	return virtq_passed(off, now, old);
}

bool packed_waiting(const struct virtq *q)
{
	return packed_available(q, packed_flags(q));
}

void packed_quiet(struct virtq *q)
{
	WRITE_ONCE(((struct packed_event *)q->area[AREA_DEVICE])->flags, EVENT_DISABLE);
}

void packed_listen(struct virtq *q)
{
	struct packed_event *e = (struct packed_event *)q->area[AREA_DEVICE];

	WRITE_ONCE(e->desc, (u16)(q->next | (q->wrap_next ? 0x8000 : 0)));
	__atomic_store_n(&e->flags, q->event_idx ? EVENT_DESC : EVENT_ENABLE, __ATOMIC_RELEASE);
}
