/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtio-blk over a disk of the machine (core/host/disk.h): the driver's requests become the disk's, whose device
 * reads and writes the guest's pages itself. A request takes several of ours if it has more pieces or
 * sectors than the disk takes at once, or several ranges; the first of them, its head, stands for it.
 *
 * 1. Ours come from a pool of the device. With the pool empty a queue rests until a request is over.
 * 2. A head counts as a user of the virtio device, so that no reset, and no end of the VM, is over while the
 *    disk may still touch the guest's memory. The disk's time limits bound that.
 * 3. Requests end in the disk's thread, in any order. The pool, the used rings and what heads count are
 *    under the device's lock; the rest of a queue belongs to the device's work.
 *
 * One long file: a request's way out and back is compiled as one, for the instructions it costs.
 */
#include <errno.h>
#include "vdev/virtio/blk.h"

#define BATCH 32 /* of the driver's requests per call of serve() */

struct blk_req {
	struct disk_req r;
	struct blk *b;
	struct blk_req *head;
	struct blk_req *next;    /* free, or behind this one in a request */
	/* Of a head. */
	struct virtq *q;
	struct virtq_done done;
	u8 *status;
	u32 left;                /* of its parts */
	int err;
	bool through;            /* a write that is not over before the disk's cache is empty */
};

_Static_assert(offsetof(struct blk_req, r) == 0, "done() gets the request");

/* ---- The end of a request */

/* Device locked. */
static void put_free(struct blk *b, struct blk_req *p)
{
	p->next = b->free;
	b->free = p;
}

static void answer(struct blk *b, struct virtq *q, u8 *status, const struct virtq_done *done, u8 code)
{
	*status = code;
	b->v.requests++;
	virtio_push_locked(&b->v, q, done);
}

static void done(struct disk_req *r, int err);

static void flush_behind(struct blk_req *p)
{
	p->through = false;
	p->left = 1;
	p->r.op = DISK_FLUSH;
	p->r.seg_count = 0;
	disk_submit(p->b->disk, &p->r);
	disk_start(p->b->disk);
}

static void done(struct disk_req *r, int err)
{
	struct blk_req *p = r->owner, *head = p->head;
	struct blk *b = p->b;
	u64 flags = vdev_lock_irq(&b->v.dev);
	bool last = --head->left == 0, more;
	u32 starved = b->starved;

	head->err = head->err == 0 ? err : head->err;
	more = last && head->through && head->err == 0;
	if (p != head) {
		put_free(b, p);
	}
	if (last && !more) {
		/* What a reset was asked for meanwhile has no rings any more to be seen in. */
		if (!b->v.reset_wanted) {
			answer(b, head->q, head->status, &head->done, head->err == 0 ? STATUS_OK
			       : head->err == -EOPNOTSUPP ? STATUS_UNSUPP : STATUS_IOERR);
		}
		put_free(b, head);
	}
	b->starved = 0;
	vdev_unlock_irq(&b->v.dev, flags);
	if (more) {
		flush_behind(head);
		return;
	}
	for (; starved != 0; starved &= starved - 1) {
		virtio_kick(&b->v, (unsigned int)__builtin_ctz(starved));
	}
	if (last) {
		virtio_leave(&b->v);
	}
}

/* ---- Its parts */

/* One more of ours at the end of a list; NULL: there is none, `q` is woken when there is. */
static struct blk_req *take(struct blk *b, struct virtq *q)
{
	u64 flags = vdev_lock_irq(&b->v.dev);
	struct blk_req *p = b->free;

	if (p != NULL) {
		b->free = p->next;
	} else {
		b->starved |= 1U << (q - b->v.queue);
	}
	vdev_unlock_irq(&b->v.dev, flags);
	if (p != NULL) {
		p->next = NULL;
		p->r.seg_count = 0;
		p->r.sector = 0;
		p->r.sectors = 0;
		p->r.unmap = false;
	}
	return p;
}

static void put_back(struct blk *b, struct blk_req *list)
{
	u64 flags = vdev_lock_irq(&b->v.dev);

	while (list != NULL) {
		struct blk_req *p = list;

		list = p->next;
		put_free(b, p);
	}
	vdev_unlock_irq(&b->v.dev, flags);
}

/* Move on by `n` bytes, which are there. */
static void skip(const struct virtq_seg *s, struct virtq_at *at, u64 n)
{
	while (n != 0) {
		u64 run = MIN(n, (u64)(s[at->seg].len - at->off));

		at->off += (u32)run;
		n -= run;
		if (at->off == s[at->seg].len) {
			at->seg++;
			at->off = 0;
		}
	}
}

/* Up to `n` bytes from `at` on: whole blocks; how many bytes, 0: the pieces are too small. */
static u64 fill(const struct disk_info *info, struct disk_req *r, const struct virtq_seg *s, struct virtq_at *at, u64 n)
{
	u64 got = 0, most = MIN(n, (u64)info->max_sectors * SECTOR), rest;
	struct virtq_at to = *at;

	while (got < most) {
		u8 *p = s[to.seg].p + to.off;
		u64 run = MIN(most - got, (u64)(s[to.seg].len - to.off));
		struct disk_seg *last = r->seg_count != 0 ? &r->seg[r->seg_count - 1] : NULL;

		if (last != NULL && (u8 *)last->at + last->len == p) {
			last->len += (u32)run;
		} else if (run != 0) {
			if (r->seg_count == MIN(info->max_segs, (u32)DISK_SEGS)) {
				break;
			}
			r->seg[r->seg_count++] = (struct disk_seg){ p, (u32)run };
		}
		got += run;
		to.seg++;
		to.off = 0;
	}
	rest = got % info->block;
	got -= rest;
	while (rest != 0) {
		struct disk_seg *last = &r->seg[r->seg_count - 1];
		u32 cut = (u32)MIN(rest, (u64)last->len);

		last->len -= cut;
		r->seg_count -= last->len == 0;
		rest -= cut;
	}
	skip(s, at, got);
	return got;
}

/* What one of the functions below makes of a request. */
struct parts {
	struct blk_req *list, **tail;
	u32 count;
};

static int add_part(struct blk *b, struct virtq *q, struct parts *l, enum disk_op op)
{
	struct blk_req *p = take(b, q);

	if (p == NULL) {
		return l->count == BLK_REQUESTS ? -EIO : -EAGAIN;
	}
	p->r.op = op;
	*l->tail = p;
	l->tail = &p->next;
	l->count++;
	return 0;
}

static struct blk_req *last_of(struct parts *l)
{
	return container_of(l->tail, struct blk_req, next);
}

static int data_parts(struct blk *b, struct virtq *q, struct parts *l, const struct blk_header *h, struct virtq_at at)
{
	const struct virtq_chain *c = &b->chain;
	bool read = h->type == REQ_IN;
	u64 n = read ? c->in_len - 1 : c->out_len - sizeof(*h), sector = h->sector;

	if ((!read && b->store.read_only) || !blk_inside(b, sector, n)) {
		return -EIO;
	}
	while (n != 0) {
		int err = add_part(b, q, l, read ? DISK_READ : DISK_WRITE);
		struct disk_req *r;
		u64 got;

		if (err != 0) {
			return err;
		}
		r = &last_of(l)->r;
		got = fill(disk_info(b->disk), r, read ? c->seg + c->out : c->seg, &at, n);
		if (got == 0) {
			return -EIO;
		}
		r->sector = sector;
		r->sectors = (u32)(got / SECTOR);
		sector += r->sectors;
		n -= got;
	}
	return 0;
}

static int range_parts(struct blk *b, struct virtq *q, struct parts *l, u32 type, struct virtq_at at)
{
	u64 bytes = b->chain.out_len - sizeof(struct blk_header), count = bytes / sizeof(struct blk_range);

	if (b->store.read_only || count > BLK_RANGES || bytes % sizeof(struct blk_range) != 0) {
		return -EIO;
	}
	for (; count != 0; count--) {
		struct blk_range g;
		u8 status = blk_get_range(b, type, &at, &g);
		struct disk_req *r;
		int err;

		if (status != STATUS_OK) {
			return status == STATUS_UNSUPP ? -EOPNOTSUPP : -EIO;
		}
		if (g.count == 0) {
			continue;
		}
		err = add_part(b, q, l, type == REQ_DISCARD ? DISK_DISCARD : DISK_ZERO);
		if (err != 0) {
			return err;
		}
		r = &last_of(l)->r;
		r->sector = g.sector;
		r->sectors = g.count;
		r->unmap = (g.flags & BLK_ZERO_UNMAP) != 0;
	}
	return 0;
}

/* Without a cache that the driver knows of and can flush, what is written is to stay (5.2.6.2). */
static bool writes_through(const struct blk *b)
{
	return disk_info(b->disk)->flush &&
	       (virtio_has(&b->v, BLK_F_CONFIG_WCE) ? b->config.writeback == 0 : !virtio_has(&b->v, BLK_F_FLUSH));
}

static void submit(struct blk *b, struct virtq *q, struct parts *l, const struct virtq_done *done, bool through)
{
	struct blk_req *head = l->list, *p, *next;
	const struct virtq_seg *last = &b->chain.seg[b->chain.out + b->chain.in - 1];

	head->q = q;
	head->done = *done;
	head->status = last->p + last->len - 1;
	head->left = l->count;
	head->err = 0;
	head->through = through;
	virtio_stay(&b->v);
	for (p = head; p != NULL; p = next) {
		next = p->next;
		p->head = head;
		disk_submit(b->disk, &p->r);
	}
}

/* The request in b->chain: 1: the disk has it, 0: it is answered, -EAGAIN: not now. */
static int request(struct blk *b, struct virtq *q)
{
	struct virtq_done done = { b->chain.id, b->chain.descs, 1 };
	const struct virtq_seg *last = &b->chain.seg[b->chain.out + b->chain.in - 1];
	struct parts l = { .tail = &l.list };
	struct blk_header h = { .type = ~0U };
	struct virtq_at at = { 0 };
	u64 flags;
	int err = -EIO;

	if (blk_get_header(&b->chain, &at, &h)) {
		switch (h.type) {
		case REQ_IN:
			at = (struct virtq_at){ 0 };
			done.written = (u32)b->chain.in_len;
			err = data_parts(b, q, &l, &h, at);
			break;
		case REQ_OUT:
			err = data_parts(b, q, &l, &h, at);
			break;
		case REQ_FLUSH:
			err = add_part(b, q, &l, DISK_FLUSH);
			break;
		case REQ_GET_ID:
			done.written = (u32)blk_get_id(b) + 1;
			err = 0;
			break;
		case REQ_DISCARD:
		case REQ_WRITE_ZEROES:
			err = range_parts(b, q, &l, h.type, at);
			break;
		default:
			err = -EOPNOTSUPP;
		}
	}
	if (err == 0 && l.count != 0) {
		submit(b, q, &l, &done, h.type != REQ_IN && h.type != REQ_FLUSH && writes_through(b));
		return 1;
	}
	put_back(b, l.list);
	if (err != -EAGAIN) {
		flags = vdev_lock_irq(&b->v.dev);
		answer(b, q, last->p + last->len - 1, &done,
		       err == 0 ? STATUS_OK : err == -EOPNOTSUPP ? STATUS_UNSUPP : STATUS_IOERR);
		vdev_unlock_irq(&b->v.dev, flags);
	}
	return err == -EAGAIN ? err : 0;
}

int blk_disk_serve(struct blk *b, struct virtq *q)
{
	bool any = false;
	int got = 1, how = 0;

	for (u32 i = 0; i < BATCH && how >= 0; i++) {
		struct virtq_mark m = virtq_mark(q);

		got = virtq_pop(q, &b->chain);
		if (got <= 0 || b->chain.in_len == 0) {
			got = got > 0 ? -EIO : got; /* no room for the status: there is no way to answer */
			break;
		}
		how = request(b, q);
		any |= how > 0;
		if (how < 0) {
			virtq_rewind(q, m);
		}
	}
	if (any) {
		disk_start(b->disk);
	}
	if (got < 0 || how < 0) {
		return got < 0 ? got : 0; /* done() serves the queue again */
	}
	return got > 0 || virtq_listen(q);
}

/* ---- Its life */

static struct disk *wait_for(struct vdev *d, const char *name, bool write, const char **why)
{
	u64 begun = vdev_now_ns(d), most = vdev_delayed(d) * 1000000000UL;
	struct disk *disk = disk_open(name, write, why);

	if (disk == NULL && most != 0) {
		vdev_log(d, "waits for its disk: %s", *why);
	}
	while (disk == NULL && vdev_now_ns(d) - begun < most && vdev_wait(d, 200)) {
		disk = disk_open(name, write, why);
	}
	return disk;
}

int blk_disk_open(struct blk *b, const struct cfg_option *o, bool read_only)
{
	const char *name = read_only ? o->str + 1 : o->str, *why;

	b->store.read_only = read_only;
	b->pool = vdev_mem_alloc(&b->v.dev, BLK_REQUESTS * sizeof(struct blk_req));
	if (b->pool == NULL) {
		vdev_error(&b->v.dev, &o->pos, "no memory for its requests");
		return -ENOMEM;
	}
	b->disk = wait_for(&b->v.dev, name, !read_only, &why);
	if (b->disk == NULL) {
		vdev_error(&b->v.dev, &o->pos, "%s: %s", name, why);
		blk_disk_close(b);
		return -ENODEV;
	}
	for (u32 i = 0; i < BLK_REQUESTS; i++) {
		struct blk_req *p = &b->pool[i];

		p->b = b;
		p->r.owner = p;
		p->r.done = done;
		put_free(b, p);
	}
	return 0;
}

void blk_disk_close(struct blk *b)
{
	if (b->disk != NULL) {
		disk_close(b->disk);
	}
	if (b->pool != NULL) {
		vdev_mem_free(&b->v.dev, b->pool, BLK_REQUESTS * sizeof(struct blk_req));
	}
	b->disk = NULL;
	b->pool = NULL;
}

void blk_disk_limits(struct blk *b)
{
	const struct disk_info *i = disk_info(b->disk);
	struct blk_config *c = &b->config;
	u32 segs = MIN(i->max_segs, (u32)DISK_SEGS);

	c->capacity = i->sectors;
	c->blk_size = i->block;
	c->physical_block_exp = (u8)(__builtin_ctz(MAX(i->physical_block, i->block)) - __builtin_ctz(i->block));
	/* A request of so many pieces of that size is one of the disk's, too. */
	if ((u64)i->max_sectors * SECTOR < BLK_MAX) {
		c->size_max = MAX(i->max_sectors * SECTOR / segs, 4096U);
		segs = MAX(i->max_sectors * SECTOR / c->size_max, 1U);
		b->v.offered |= BLK_F_SIZE_MAX;
	}
	c->seg_max = segs;
	c->discard_sector_alignment = MAX(i->physical_block, i->block) / SECTOR;
	c->max_discard_sectors = i->max_discard;
	c->max_write_zeroes_sectors = i->max_zero;
	b->v.offered &= i->max_discard != 0 ? ~0UL : ~BLK_F_DISCARD;
	b->v.offered &= i->max_zero != 0 ? ~0UL : ~BLK_F_WRITE_ZEROES;
	if (i->flush && !b->store.read_only) {
		b->v.offered |= BLK_F_FLUSH | BLK_F_CONFIG_WCE;
		b->v.config_write_at = offsetof(struct blk_config, writeback);
		b->v.config_writable = 1;
	}
}
