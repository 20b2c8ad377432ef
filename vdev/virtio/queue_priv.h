/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the virtqueue share: queue.c (split rings), packed.c. */
#ifndef QUOIN_VDEV_VIRTIO_QUEUE_PRIV_H
#define QUOIN_VDEV_VIRTIO_QUEUE_PRIV_H

#include <string.h>
#include "vdev/virtio/queue.h"

/* virtio 1.2 2.7.5, 2.8.13 */
#define DESC_NEXT BIT(0)
#define DESC_WRITE BIT(1)
#define DESC_INDIRECT BIT(2)

enum { AREA_DESC, AREA_DRIVER, AREA_DEVICE };

/* `next` of a split ring; of a packed one the buffer's id stands in its place, behind it the flags. */
struct virtq_desc {
	u64 addr;
	u32 len;
	u16 flags, next;
};

struct packed_desc {
	u64 addr;
	u32 len;
	u16 id, flags;
};

struct packed_event {
	u16 desc, flags;
};

_Static_assert(sizeof(struct virtq_desc) == 16 && sizeof(struct packed_desc) == 16, "virtio 1.2 2.7.5");

/* virtq_broke - from now on nothing is taken from the ring; -EIO. */
int virtq_broke(struct virtq *q);
/* virtq_add - enter [addr, addr + len) of guest RAM: a segment for each run of it; false: no such. */
bool virtq_add(struct virtq *q, struct virtq_chain *c, u64 addr, u32 len, bool write);

/* A copy of descriptor `i`, made once. */
static inline struct virtq_desc virtq_desc(const u8 *table, u32 i)
{
	const u64 *d = (const u64 *)(table + 16UL * i);
	u64 addr = READ_ONCE(d[0]), rest = READ_ONCE(d[1]);

	return (struct virtq_desc){ addr, (u32)rest, (u16)(rest >> 32), (u16)(rest >> 48) };
}

/* Where [addr, addr + len) is, if it lies in the usual run of RAM; NULL: elsewhere. */
static inline u8 *virtq_ram(const struct virtq *q, u64 addr, u64 len)
{
	u64 off = addr - q->ram.ipa;

	return likely(off < q->ram.size && len <= q->ram.size - off) ? q->ram.p + off : NULL;
}

static inline void virtq_chain_start(struct virtq_chain *c)
{
	c->descs = 0;
	c->out = 0;
	c->in = 0;
	c->out_len = 0;
	c->in_len = 0;
}

/* virtq_table - a table of descriptors at `addr`, usable from here; NULL: there is none. */
const u8 *virtq_table(struct virtq *q, u64 addr, u32 len);

/* A struct virtq_done at once: id, descs and written, from the low end. */
static inline void virtq_set_done(struct virtq_done *d, u16 id, u32 written)
{
	u64 word = (u64)written << 32 | 1U << 16 | id;

	__builtin_memcpy(__builtin_assume_aligned(d, 8), &word, 8);
}

static inline u64 virtq_done_word(const struct virtq_done *d)
{
	u64 word;

	__builtin_memcpy(&word, __builtin_assume_aligned(d, 8), 8);
	return word;
}
/*
 * A table of descriptors (2.7.5.3, 2.8.7): `linked` ones have next fields, the others go in order. Most
 * requests have one: what it makes of the chain is kept in registers.
 */
static inline bool virtq_walk_indirect(struct virtq *q, struct virtq_chain *c, u64 addr, u32 len, bool linked)
{
	u32 count = len / 16, i = 0, n = c->out + c->in, outs = c->in != 0 ? c->out : ~0U;
	const u8 *table = virtq_table(q, addr, len);
	u64 all = c->out_len + c->in_len, out_len = c->out_len;
	u32 left = MIN(count, (u32)VIRTQ_SEGS);

	while (table != NULL && left-- != 0) {
		struct virtq_desc d = virtq_desc(table, i);
		u16 flags = linked ? d.flags : d.next; /* packed: id stands first, then the flags */
		u8 *p = virtq_ram(q, d.addr, d.len);

		if (likely((flags & DESC_WRITE) != 0 && outs == ~0U)) {
			outs = n; /* from here on the device writes */
			out_len = all;
		}
		if (unlikely(p == NULL || d.len == 0 || n == VIRTQ_SEGS || (flags & DESC_INDIRECT) != 0 ||
			     ((flags & DESC_WRITE) == 0 && outs != ~0U))) {
			c->out = (u16)MIN(outs, n);
			c->in = (u16)(n - c->out);
			c->out_len = outs == ~0U ? all : out_len;
			c->in_len = all - c->out_len;
			/* The order is checked here, too: virtq_add() does not know of a writable piece of no length. */
			if ((flags & DESC_INDIRECT) != 0 || ((flags & DESC_WRITE) == 0 && outs != ~0U) ||
			    !virtq_add(q, c, d.addr, d.len, (flags & DESC_WRITE) != 0)) {
				return false;
			}
			n = c->out + c->in;
			all = c->out_len + c->in_len;
		} else {
			c->seg[n].p = p;
			c->seg[n++].len = d.len;
			all += d.len;
		}
		i = linked ? d.next : i + 1;
		if (linked ? (flags & DESC_NEXT) == 0 : i == count) {
			c->out = (u16)MIN(outs, n);
			c->in = (u16)(n - c->out);
			c->out_len = outs == ~0U ? all : out_len;
			c->in_len = all - c->out_len;
			return true;
		}
		if (i >= count) {
			return false;
		}
	}
	return false;
}

/* `event` was passed on the way from `old` to `now` (2.7.7.2). */
static inline bool virtq_passed(u16 event, u16 now, u16 old)
{
	return (u16)(now - event - 1) < (u16)(now - old);
}

/* The packed ring's share of the functions in queue.h. */
int packed_pop(struct virtq *q, struct virtq_chain *c);
void packed_push_one(struct virtq *q, const struct virtq_done *done);
void packed_gather(struct virtq *q, struct virtq_gather *g, u64 want, u32 max);
void packed_push(struct virtq *q, const struct virtq_done *done, u32 count);
bool packed_should_tell(struct virtq *q);
bool packed_waiting(const struct virtq *q);
void packed_quiet(struct virtq *q);
bool packed_listen(struct virtq *q, u16 n);

#endif
