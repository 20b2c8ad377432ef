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
static inline bool packed_available(const struct virtq *q, u16 at, bool wrap)
{
	struct packed_desc *d = (struct packed_desc *)q->area[AREA_DESC] + at;
	u16 flags = __atomic_load_n(&d->flags, __ATOMIC_ACQUIRE);

	return (flags & (DESC_AVAIL | DESC_USED)) == (wrap ? DESC_AVAIL : DESC_USED);
}

static inline void packed_advance(const struct virtq *q, u16 *at, bool *wrap, u16 by)
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
	const u64 *first = (const u64 *)(q->area[AREA_DESC] + 16UL * q->next);
	u64 rest = __atomic_load_n(&first[1], __ATOMIC_ACQUIRE); /* length, id, flags: one copy */
	u32 i = q->next;

	if ((rest >> 48 & (DESC_AVAIL | DESC_USED)) != (q->wrap_next ? DESC_AVAIL : DESC_USED)) {
		return 0;
	}
	virtq_chain_start(c);
	if (likely((rest >> 48 & (DESC_INDIRECT | DESC_NEXT)) == DESC_INDIRECT)) {
		c->id = (u16)(rest >> 32);
		c->descs = 1;
		if (unlikely(!virtq_walk_indirect(q, c, READ_ONCE(first[0]), (u32)rest, false))) {
			return virtq_broke(q);
		}
		packed_advance(q, &q->next, &q->wrap_next, 1);
		return 1;
	}
	while (c->descs < q->size) {
		struct virtq_desc d = virtq_desc(q->area[AREA_DESC], i);
		u16 flags = d.next;

		c->id = d.flags;
		c->descs++;
		i = i + 1 == q->size ? 0 : i + 1;
		if ((flags & DESC_INDIRECT) != 0 || !virtq_add(q, c, d.addr, d.len, (flags & DESC_WRITE) != 0)) {
			return virtq_broke(q);
		}
		if ((flags & DESC_NEXT) == 0) {
			packed_advance(q, &q->next, &q->wrap_next, c->descs);
			return 1;
		}
	}
	return virtq_broke(q);
}

void packed_push_one(struct virtq *q, const struct virtq_done *done)
{
	struct packed_desc *d = (struct packed_desc *)q->area[AREA_DESC] + q->used;

	WRITE_ONCE(d->id, done->id);
	WRITE_ONCE(d->len, done->written);
	__atomic_store_n(&d->flags, (u16)((done->written != 0 ? DESC_WRITE : 0) |
					  (q->wrap_used ? DESC_AVAIL | DESC_USED : 0)), __ATOMIC_RELEASE);
	packed_advance(q, &q->used, &q->wrap_used, done->descs);
	q->pushed += done->descs;
}

#define DESC_KIND (DESC_AVAIL | DESC_USED | DESC_NEXT | DESC_INDIRECT | DESC_WRITE)

/* Once for each of the many buffers of a large frame: what it needs is kept in registers. */
void packed_gather(struct virtq *q, struct virtq_gather *g, u64 want, u32 max)
{
	const u64 *ring = (const u64 *)q->area[AREA_DESC], *at = ring + 2UL * q->next, *end = ring + 2UL * q->size;
	u64 mine = (u64)(q->wrap_next ? DESC_AVAIL : DESC_USED) | DESC_WRITE, have = g->have;
	u64 base = q->ram.ipa, size = q->ram.size;
	u8 *ram = q->ram.p, *start = NULL, *stop = NULL; /* of the segment that grows */
	struct virtq_done *done = g->done + g->count, *done_end = g->done + max;
	struct virtq_seg *seg = g->seg + g->segs;

	while (have < want && done < done_end) {
		u64 word = __atomic_load_n(&at[1], __ATOMIC_ACQUIRE); /* flags, id and length, at once */
		u64 off = READ_ONCE(at[0]) - base, len = (u32)word;
		u8 *p = ram + off;

		if ((word >> 48 & DESC_KIND) != mine || unlikely(off >= size || len - 1 >= size - off)) {
			break;
		}
		if (p != stop || len >> 31 != 0) { /* the length of a segment has 32 bits */
			if (stop != NULL) {
				*seg++ = (struct virtq_seg){ start, (u32)(stop - start) };
			}
			start = p;
		}
		stop = p + len;
		have += len;
		virtq_set_done(done++, (u16)(word >> 32), (u32)len);
		at += 2;
		if (at == end) {
			at = ring;
			mine ^= DESC_AVAIL | DESC_USED;
		}
	}
	if (stop != NULL) {
		*seg++ = (struct virtq_seg){ start, (u32)(stop - start) };
	}
	q->next = (u16)((at - ring) / 2);
	q->wrap_next = (mine & DESC_AVAIL) != 0;
	g->have = have;
	g->count = (u32)(done - g->done);
	g->segs = (u32)(seg - g->seg);
}

/* As struct packed_desc has them: length, id, flags. */
static inline u64 used_word(u64 done, u64 flags)
{
	u64 word = (done << 32 | done >> 32) & BITS(47, 0);

	return word | ((u32)word != 0 ? flags | DESC_WRITE << 48 : flags);
}

/* The first one's flags come last: the driver looks at them before it looks at the others'. */
void packed_push(struct virtq *q, const struct virtq_done *done, u32 count)
{
	u64 *ring = (u64 *)q->area[AREA_DESC] + 1, *first = ring + 2UL * q->used, *at = first;
	u64 *ring_end = ring + 2UL * q->size;
	const struct virtq_done *end = done + count;
	u64 flags = q->wrap_used ? (u64)(DESC_AVAIL | DESC_USED) << 48 : 0;
	u64 word = virtq_done_word(done), first_word = used_word(word, flags);
	u32 lap = 0;

	for (;;) {
		at += word >> 15 & 0x1fffe; /* two words for each descriptor */
		if (unlikely(at >= ring_end)) {
			at -= ring_end - ring;
			flags ^= (u64)(DESC_AVAIL | DESC_USED) << 48;
			lap += q->size;
		}
		if (++done == end) {
			break;
		}
		word = virtq_done_word(done);
		WRITE_ONCE(*at, used_word(word, flags));
	}
	q->used = (u16)((u64)(at - ring) / 2);
	q->wrap_used = flags != 0;
	q->pushed += lap + (u32)((at - first) / 2) - count; /* one of each has been counted */
	__atomic_store_n(first, first_word, __ATOMIC_RELEASE);
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
	return packed_available(q, q->next, q->wrap_next);
}

void packed_quiet(struct virtq *q)
{
	WRITE_ONCE(((struct packed_event *)q->area[AREA_DEVICE])->flags, EVENT_DISABLE);
}

/* A request takes one descriptor, with an indirect table; with more of them `n` are there sooner. */
bool packed_listen(struct virtq *q, u16 n)
{
	struct packed_event *e = (struct packed_event *)q->area[AREA_DEVICE];
	u16 at = q->next;
	bool wrap = q->wrap_next;

	packed_advance(q, &at, &wrap, (u16)(n - 1));
	WRITE_ONCE(e->desc, (u16)(at | (wrap ? 0x8000 : 0)));
	__atomic_store_n(&e->flags, q->event_idx ? EVENT_DESC : EVENT_ENABLE, __ATOMIC_RELEASE);
	__atomic_thread_fence(__ATOMIC_SEQ_CST); /* the wish, before the ring is looked at again */
	return packed_available(q, at, wrap);
}
