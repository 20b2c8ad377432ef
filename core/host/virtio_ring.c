/* SPDX-License-Identifier: Apache-2.0 */
/* Split queues from the driver's side (virtio 1.2 2.7). The rings are little-endian, and so is EL2. */
#include <stddef.h>
#include "arch_cpu.h"
#include "arch_io.h"
#include "core/host/virtio.h"

#define F_EVENT_IDX BIT(29)
#define NO_NOTIFY 1    /* used ring's flags */
#define NO_INTERRUPT 1 /* available ring's flags */
#define DIRECT 4       /* pieces up to which descriptors of the ring are used, if there are enough */

enum { FLAGS, IDX, RING };

/* used_event and avail_event stand behind the rings (2.7.6, 2.7.8). */
static u16 *used_event(const struct vio_queue *q)
{
	return &q->avail_ring[RING + q->size];
}

static u16 *avail_event(const struct vio_queue *q)
{
	return &q->used_ring[RING + 4 * q->size];
}

/* Entry `i` of the used ring: identifier, length. */
static const u32 *used_entry(const struct vio_queue *q, u16 i)
{
	return (const u32 *)(const void *)&q->used_ring[RING] + 2 * (i & (q->size - 1));
}

bool vio_chain(struct vio_queue *q, u32 n, void *token)
{
	bool direct = (n <= DIRECT || q->table_free == q->tables) && n <= q->free_count;
	u16 head = q->free, last = head;
	struct vio_slot *s = &q->slot[head];

	if (n == 0 || q->dev->broken ||
	    (!direct && (q->table_free == q->tables || n > q->pieces || q->free_count == 0))) {
		return false;
	}
	s->token = token;
	s->writable = 0;
	s->table = 0;
	q->head = q->at = head;
	q->left = (u16)n;
	q->fill = &q->desc[head];
	s->count = (u16)(direct ? n : 1);
	q->free_count = (u16)(q->free_count - s->count);
	if (direct) {
		for (u32 i = 1; i < n; i++) {
			last = q->link[last];
		}
	} else {
		u32 table = q->table_free;
		struct vio_desc *d = q->fill;

		q->table_free = q->table_link[table];
		s->table = (u16)(table + 1);
		q->fill = &q->table[table * q->pieces];
		q->at = 0;
		d->addr = (u64)q->fill;
		d->len = n * (u32)sizeof(*d);
		d->flags = VIO_DESC_INDIRECT;
	}
	s->last = last;
	q->free = q->link[last];
	q->avail_ring[RING + (q->avail & (q->size - 1))] = head;
	q->avail++;
	q->in_flight++;
	return true;
}

void vio_kick(struct vio_queue *q)
{
	u16 old = q->kicked, new = q->avail;
	bool tell;

	if (old == new) {
		return;
	}
	dmb(oshst); /* what was added before the index that says so */
	WRITE_ONCE(q->avail_ring[IDX], new);
	q->kicked = new;
	dmb(osh); /* the index before the device is asked whether it looks (2.7.7.2), or told to */
	if (vio_has(q->dev, F_EVENT_IDX)) {
		tell = (u16)(new - READ_ONCE(*avail_event(q)) - 1) < (u16)(new - old);
	} else {
		tell = (READ_ONCE(q->used_ring[FLAGS]) & NO_NOTIFY) == 0;
	}
	if (!tell) {
		return;
	}
	if (q->dev->notify_size == 2) {
		io_write16(q->doorbell, q->index);
	} else {
		io_write32(q->doorbell, q->index);
	}
}

/* The chain is the driver's again. */
static void release(struct vio_queue *q, u16 head)
{
	struct vio_slot *s = &q->slot[head];

	if (s->table != 0) {
		q->table_link[s->table - 1] = q->table_free;
		q->table_free = (u16)(s->table - 1);
	}
	q->link[s->last] = q->free;
	q->desc[s->last].next = q->free;
	q->free = head;
	q->free_count = (u16)(q->free_count + s->count);
	q->in_flight--;
	s->token = NULL;
}

static void *broken(struct vio_queue *q)
{
	q->dev->broken = true;
	q->used_idx = q->seen;
	return NULL;
}

void *vio_reap(struct vio_queue *q, u32 *len)
{
	const u32 *e;
	void *token;
	u32 id;

	if (q->seen == q->used_idx) {
		q->used_idx = READ_ONCE(q->used_ring[IDX]);
		if (q->seen == q->used_idx || q->dev->broken) {
			return NULL;
		}
		if ((u16)(q->used_idx - q->seen) > q->in_flight) {
			return broken(q);
		}
		dmb(oshld); /* the index before the entries */
	}
	e = used_entry(q, q->seen);
	id = READ_ONCE(e[0]);
	if (id >= q->size || q->slot[id].token == NULL) {
		return broken(q);
	}
	*len = MIN(READ_ONCE(e[1]), q->slot[id].writable);
	token = q->slot[id].token;
	release(q, (u16)id);
	q->seen++;
	return token;
}

bool vio_listen(struct vio_queue *q)
{
	if (vio_has(q->dev, F_EVENT_IDX)) {
		WRITE_ONCE(*used_event(q), q->seen);
	} else {
		WRITE_ONCE(q->avail_ring[FLAGS], 0);
	}
	dmb(osh); /* asked for before what is there is looked at (2.7.7.1) */
	return READ_ONCE(q->used_ring[IDX]) != q->seen && !q->dev->broken;
}

void vio_quiet(struct vio_queue *q)
{
	if (vio_has(q->dev, F_EVENT_IDX)) {
		WRITE_ONCE(*used_event(q), (u16)(q->seen + 0x8000));
	} else {
		WRITE_ONCE(q->avail_ring[FLAGS], NO_INTERRUPT);
	}
}

void *vio_drain(struct vio_queue *q)
{
	for (u32 i = 0; i < q->size; i++) {
		void *token = q->slot[i].token;

		if (token != NULL) {
			q->slot[i].token = NULL;
			return token;
		}
	}
	return NULL;
}
