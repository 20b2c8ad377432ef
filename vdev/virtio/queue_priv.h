/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the virtqueue share: queue.c (split rings), packed.c. */
#ifndef QUOIN_VDEV_VIRTIO_QUEUE_PRIV_H
#define QUOIN_VDEV_VIRTIO_QUEUE_PRIV_H

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
/* virtq_desc - a copy of descriptor `i`, made once. */
struct virtq_desc virtq_desc(const u8 *table, u32 i);
/*
 * virtq_walk_indirect - a table of descriptors (2.7.5.3, 2.8.7): `linked` ones have next fields,
 * the others go in order.
 */
bool virtq_walk_indirect(struct virtq *q, struct virtq_chain *c, u64 addr, u32 len, bool linked);

/* `event` was passed on the way from `old` to `now` (2.7.7.2). */
static inline bool virtq_passed(u16 event, u16 now, u16 old)
{
	return (u16)(now - event - 1) < (u16)(now - old);
}

/* The packed ring's share of the functions in queue.h. */
int packed_pop(struct virtq *q, struct virtq_chain *c);
void packed_push(struct virtq *q, const struct virtq_done *done, u32 count);
bool packed_should_tell(struct virtq *q);
bool packed_waiting(const struct virtq *q);
void packed_quiet(struct virtq *q);
void packed_listen(struct virtq *q);

#endif
