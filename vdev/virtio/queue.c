/* SPDX-License-Identifier: Apache-2.0 */
#include "vdev/virtio/queue_priv.h"

#include <errno.h>
#include <string.h>

#define AVAIL_NO_INTERRUPT BIT(0)
#define USED_NO_NOTIFY BIT(0)

struct split_ring {
	u16 flags, idx;
	u16 ring[];
};

struct used_elem {
	u32 id, len;
};

struct used_ring {
	u16 flags, idx;
	struct used_elem ring[];
};

static struct split_ring *avail_of(const struct virtq *q)
{
	return (struct split_ring *)q->area[AREA_DRIVER];
}

static struct used_ring *used_of(const struct virtq *q)
{
	return (struct used_ring *)q->area[AREA_DEVICE];
}

static u16 *used_event(const struct virtq *q)
{
	return &avail_of(q)->ring[q->size];
}

static u16 *avail_event(const struct virtq *q)
{
	return (u16 *)&used_of(q)->ring[q->size];
}

int virtq_broke(struct virtq *q)
{
	q->broken = true;
	return -EIO;
}

void virtq_reset(struct virtq *q)
{
	q->size = q->max;
	q->ready = false;
	q->broken = false;
	q->packed = false;
	q->event_idx = false;
	q->indirect = false;
	memset(q->addr, 0, sizeof(q->addr));
	memset(q->area, 0, sizeof(q->area));
	q->next = 0;
	q->used = 0;
	q->told = 0;
	q->wrap_next = true;
	q->wrap_used = true;
	q->pushed = 0;
	q->ram = (struct vdev_run){ 0 };
}

static u64 area_size(const struct virtq *q, int area)
{
	if (area == AREA_DESC) {
		return 16UL * q->size;
	}
	if (q->packed) {
		return sizeof(struct packed_event);
	}
	/* With the event index behind it, negotiated or not: a driver always has room for it. */
	return area == AREA_DRIVER ? 6 + 2UL * q->size : 6 + 8UL * q->size;
}

int virtq_enable(struct virtq *q)
{
	static const u8 split_align[] = { 16, 2, 4 };

	if (q->size == 0 || q->size > q->max || (!q->packed && (q->size & (q->size - 1)) != 0)) {
		return -EINVAL;
	}
	for (int i = 0; i < 3; i++) {
		bool write = i == AREA_DEVICE || (q->packed && i == AREA_DESC);
		u64 want = area_size(q, i), run = want;

		if (!IS_ALIGNED(q->addr[i], q->packed && i != AREA_DESC ? 4 : split_align[i])) {
			return -EINVAL;
		}
		q->area[i] = vdev_ram(q->dev, q->addr[i], &run, write);
		if (q->area[i] == NULL || run != want) {
			return -EINVAL;
		}
	}
	q->ram = vdev_ram_run(q->dev, q->addr[AREA_DESC]);
	q->ready = true;
	return 0;
}

/* ---- One request */

__cold bool virtq_add(struct virtq *q, struct virtq_chain *c, u64 addr, u32 len, bool write)
{
	if (!write && c->in != 0) {
		return false; /* readable ones come first (2.7.4.2) */
	}
	if (addr + len < addr) {
		return false;
	}
	while (len != 0) {
		u64 run = len;
		u8 *p = vdev_ram(q->dev, addr, &run, write);
		u32 n = c->out + c->in;

		if (p == NULL || n == VIRTQ_SEGS) {
			return false;
		}
		c->seg[n].p = p;
		c->seg[n].len = (u32)run;
		if (write) {
			c->in++;
			c->in_len += run;
		} else {
			c->out++;
			c->out_len += run;
		}
		addr += run;
		len -= (u32)run;
	}
	return true;
}

const u8 *virtq_table(struct virtq *q, u64 addr, u32 len)
{
	const u8 *table = virtq_ram(q, addr, len);
	u64 run = len;

	if (unlikely(table == NULL)) {
		table = vdev_ram(q->dev, addr, &run, false);
	}
	return likely(q->indirect && len != 0 && len % 16 == 0 && run == len && (addr & 7) == 0) ? table : NULL;
}

static bool walk_split(struct virtq *q, struct virtq_chain *c, u32 i)
{
	for (u32 seen = 0; seen < q->size; seen++) {
		struct virtq_desc d = virtq_desc(q->area[AREA_DESC], i);

		if ((d.flags & DESC_INDIRECT) != 0) {
			return (d.flags & DESC_NEXT) == 0 && virtq_walk_indirect(q, c, d.addr, d.len, true);
		}
		if (!virtq_add(q, c, d.addr, d.len, (d.flags & DESC_WRITE) != 0)) {
			return false;
		}
		if ((d.flags & DESC_NEXT) == 0) {
			return true;
		}
		i = d.next;
		if (i >= q->size) {
			return false;
		}
	}
	return false; /* a loop */
}

static int pop_split(struct virtq *q, struct virtq_chain *c)
{
	const struct split_ring *avail = avail_of(q);
	u16 waiting = (u16)(__atomic_load_n(&avail->idx, __ATOMIC_ACQUIRE) - q->next);
	u16 head;

	if (waiting == 0) {
		return 0;
	}
	head = READ_ONCE(avail->ring[q->next & (q->size - 1)]);
	if (waiting > q->size || head >= q->size) {
		return virtq_broke(q);
	}
	virtq_chain_start(c);
	c->id = head;
	if (!walk_split(q, c, head)) {
		return virtq_broke(q);
	}
	q->next++;
	return 1;
}

int virtq_pop(struct virtq *q, struct virtq_chain *c)
{
	if (unlikely(!q->ready || q->broken)) {
		return q->broken ? -EIO : 0;
	}
	return q->packed ? packed_pop(q, c) : pop_split(q, c);
}

static void gather_split(struct virtq *q, struct virtq_gather *g, u64 want, u32 max)
{
	const struct split_ring *avail = avail_of(q);
	u16 waiting = (u16)(__atomic_load_n(&avail->idx, __ATOMIC_ACQUIRE) - q->next);

	if (waiting > q->size) {
		return;
	}
	for (; waiting != 0 && g->have < want && g->count < max; waiting--, q->next++) {
		u16 head = READ_ONCE(avail->ring[q->next & (q->size - 1)]);
		struct virtq_desc d;
		struct virtq_seg *last;
		u8 *p;

		if (head >= q->size) {
			return;
		}
		d = virtq_desc(q->area[AREA_DESC], head);
		p = virtq_ram(q, d.addr, d.len);
		if (p == NULL || d.len == 0 || (d.flags & (DESC_NEXT | DESC_WRITE | DESC_INDIRECT)) != DESC_WRITE) {
			return;
		}
		last = g->seg + g->segs - (g->segs != 0);
		if (g->segs != 0 && last->p + last->len == p && (s32)d.len > 0) { /* what was there is shorter than a frame */
			last->len += d.len;
		} else {
			g->seg[g->segs++] = (struct virtq_seg){ p, d.len };
		}
		virtq_set_done(&g->done[g->count++], head, d.len);
		g->have += d.len;
	}
}

void virtq_gather(struct virtq *q, struct virtq_gather *g, u64 want, u32 max)
{
	if (!q->ready || q->broken) {
		return;
	}
	if (q->packed) {
		packed_gather(q, g, want, max);
	} else {
		gather_split(q, g, want, max);
	}
}

/* ---- Its end */

void virtq_push_all(struct virtq *q, const struct virtq_done *done, u32 count)
{
	struct used_ring *used = used_of(q);

	if (!q->ready || count == 0) {
		return;
	}
	q->pushed += count;
	if (q->packed) {
		packed_push(q, done, count);
		return;
	}
	for (u32 i = 0; i < count; i++) {
		struct used_elem *e = &used->ring[q->used & (q->size - 1)];

		WRITE_ONCE(e->id, done[i].id);
		WRITE_ONCE(e->len, done[i].written);
		q->used++;
	}
	__atomic_store_n(&used->idx, q->used, __ATOMIC_RELEASE);
}

void virtq_push(struct virtq *q, const struct virtq_chain *c, u32 written)
{
	const struct virtq_done done = { c->id, c->descs, written };

	if (likely(q->packed && q->ready)) {
		packed_push_one(q, &done);
	} else {
		virtq_push_all(q, &done, 1);
	}
}

bool virtq_should_tell(struct virtq *q)
{
	u16 old = q->told;

	if (!q->ready || q->pushed == 0) {
		return false;
	}
	__atomic_thread_fence(__ATOMIC_SEQ_CST); /* what was pushed, before the driver's wish is read */
	if (q->packed) {
		return packed_should_tell(q);
	}
	q->told = q->used;
	q->pushed = 0;
	if (q->event_idx) {
		return virtq_passed(READ_ONCE(*used_event(q)), q->used, old);
	}
	return (READ_ONCE(avail_of(q)->flags) & AVAIL_NO_INTERRUPT) == 0;
}

u16 virtq_waiting(struct virtq *q)
{
	if (!q->ready || q->broken) {
		return 0;
	}
	if (q->packed) {
		return packed_waiting(q);
	}
	return (u16)(__atomic_load_n(&avail_of(q)->idx, __ATOMIC_ACQUIRE) - q->next);
}

void virtq_quiet(struct virtq *q)
{
	if (!q->ready) {
		return;
	}
	if (q->packed) {
		packed_quiet(q);
	} else if (!q->event_idx) {
		WRITE_ONCE(used_of(q)->flags, USED_NO_NOTIFY);
	} /* an event index that is not moved on says the same */
}

bool virtq_listen_for(struct virtq *q, u16 n)
{
	if (!q->ready || q->broken) {
		return false;
	}
	n = q->event_idx ? n : 1;
	if (q->packed) {
		return packed_listen(q, n);
	}
	if (q->event_idx) {
		WRITE_ONCE(*avail_event(q), (u16)(q->next + n - 1));
	} else {
		WRITE_ONCE(used_of(q)->flags, 0);
	}
	__atomic_thread_fence(__ATOMIC_SEQ_CST); /* the wish, before the ring is looked at again */
	return virtq_waiting(q) >= n;
}

bool virtq_listen(struct virtq *q)
{
	return virtq_listen_for(q, 1);
}
