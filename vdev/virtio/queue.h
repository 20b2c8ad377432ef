/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A virtqueue as the device sees it: split and packed rings, indirect descriptors, EVENT_IDX
 * (virtio 1.2 2.7, 2.8). The only place that reads rings and descriptors a guest wrote.
 *
 * A descriptor is copied once, and only the copy is looked at. Every walk is bounded by the ring,
 * by the indirect table and by VIRTQ_SEGS. What comes out of virtq_pop() are pointers into guest
 * RAM that were checked whole; their contents may still change under the reader.
 *
 * A queue belongs to whoever runs its device's work: there is no lock in here.
 */
#ifndef QUOIN_VDEV_VIRTIO_QUEUE_H
#define QUOIN_VDEV_VIRTIO_QUEUE_H

#include "core/vdev.h"

#define VIRTQ_MAX 256  /* entries; a ring part then never needs more than a page */
#define VIRTQ_SEGS 132 /* pieces of one request: 128 of data and what frames them */

struct virtq_seg {
	u8 *p;
	u32 len;
};

struct virtq_chain {
	u16 id;      /* split: head descriptor; packed: buffer id */
	u16 descs;   /* descriptors it takes in a packed ring */
	u16 out, in; /* segments: first those the device reads, then those it writes */
	u64 out_len, in_len;
	struct virtq_seg seg[VIRTQ_SEGS];
};

struct virtq {
	struct vdev *dev;
	u16 max, size;       /* entries the device allows, and the driver chose */
	bool ready, broken;
	bool packed, event_idx, indirect; /* negotiated */
	ipa_t addr[3];       /* descriptor, driver and device area */
	u8 *area[3];         /* the same for EL2, while ready */
	u16 next, used;      /* position of the next request and of the next used element */
	u16 told;            /* `used` when the driver was last interrupted */
	bool wrap_next, wrap_used; /* packed: wrap counters */
	u32 pushed;          /* given back since then; packed: in descriptors */
	struct vdev_run ram; /* where the rings are, and most likely all else */
};

/* virtq_reset - not ready, as after a device reset. Exit or thread context. */
void virtq_reset(struct virtq *q);
/* virtq_enable - check size, alignment and memory of the areas; 0, or -EINVAL: the driver's mistake. */
int virtq_enable(struct virtq *q) __must_check;
/*
 * virtq_pop - the next request. 1: *c is filled; 0: there is none; -EIO: the driver broke the ring,
 * nothing is taken from it any more until the device is reset. Work context.
 */
int virtq_pop(struct virtq *q, struct virtq_chain *c) __must_check;
/* virtq_push - the request is done, `written` bytes of its writable part are valid. */
void virtq_push(struct virtq *q, const struct virtq_chain *c, u32 written);
/* virtq_push_all - several at once: the driver sees all of them or none. */
struct virtq_done {
	u16 id, descs; /* as of the chain */
	u32 written;
} __aligned_to(8);
void virtq_push_all(struct virtq *q, const struct virtq_done *done, u32 count);
/*
 * virtq_gather - the short way for buffers the device writes, of one descriptor each, as network cards get
 * them: take such until there are `want` bytes or `max` of them. seg[] gets the memory (pieces that
 * touch are one), done[] an entry for each with its length as `written`. How many: what is not of that kind is
 * left to virtq_pop(). *g is { 0 } at first, and counts on. Work context.
 */
struct virtq_gather {
	u64 have;
	u32 count, segs;
	struct virtq_seg *seg;   /* room for a segment for each entry of done[] */
	struct virtq_done *done;
};
void virtq_gather(struct virtq *q, struct virtq_gather *g, u64 want, u32 max);
/* virtq_mark, virtq_rewind - remember the position, and put back all that was taken since. */
struct virtq_mark {
	u16 next;
	bool wrap;
};
static inline struct virtq_mark virtq_mark(const struct virtq *q)
{
	return (struct virtq_mark){ q->next, q->wrap_next };
}

static inline void virtq_rewind(struct virtq *q, struct virtq_mark m)
{
	q->next = m.next;
	q->wrap_next = m.wrap;
}
/* virtq_should_tell - the driver wants an interrupt for what was pushed since the last one. */
bool virtq_should_tell(struct virtq *q);
/*
 * virtq_quiet - notifications are not needed for now (a hint to the driver). virtq_listen - they
 * are from here on; true if a request arrived meanwhile, which nobody will tell about. With
 * virtq_listen_for() one comes once `n` requests wait, 1 to the queue's size; true if they do
 * already. Without EVENT_IDX it is as virtq_listen().
 */
void virtq_quiet(struct virtq *q);
bool virtq_listen(struct virtq *q);
bool virtq_listen_for(struct virtq *q, u16 n);
/* virtq_waiting - how many requests wait in a split ring (packed: 1 if any). */
u16 virtq_waiting(struct virtq *q);

/* Where the next byte of a request's readable or writable part is; starts as { 0 }. */
struct virtq_at {
	u32 seg, off;
};

/*
 * virtq_read - copy the next `n` bytes of the readable part to `to` and move on; virtq_write - bytes
 * into the writable part; virtq_zero - zeroes. How many: fewer where the part ends. Any length.
 */
size_t virtq_read(const struct virtq_chain *c, struct virtq_at *at, void *to, size_t n);
size_t virtq_write(const struct virtq_chain *c, struct virtq_at *at, const void *from, size_t n);
size_t virtq_zero(const struct virtq_chain *c, struct virtq_at *at, size_t n);
/* virtq_copy - the next `n` bytes of the readable part of one into the writable part of another. */
size_t virtq_copy(const struct virtq_chain *to, struct virtq_at *to_at, const struct virtq_chain *from,
		  struct virtq_at *from_at, size_t n);
/* virtq_write_last - put a byte behind all others of the writable part, which is not empty. */
void virtq_write_last(const struct virtq_chain *c, u8 byte);

#endif
