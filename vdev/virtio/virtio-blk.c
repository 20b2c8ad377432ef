/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtio-blk: a disk (virtio 1.2 5.2) over a file of the image, memory, or a disk of the machine. Read,
 * write, flush, discard, write zeroes, serial number; a queue per vCPU. Not modelled: lifetime, secure
 * erase, zones. Node: virtio,mmio. One long file, compiled as one for the instructions a request costs.
 */
#include <string.h>
#include "vdev/virtio/blk.h"

#define QUEUE 256
#define PIECE KiB(256)   /* of what one call of serve() moves */
#define REQUEST_COST 512 /* what a request counts beside its bytes */
#define ZERO_SECTORS 8192 /* of one discard or write-zeroes range */
#define ID_BYTES 20

/* pace() */
#define WANT_MAX 16
#define WAIT_NS 50000 /* for each request that is waited for */
#define TRY_SOON 4
#define TRY_LATE 256

_Static_assert(offsetof(struct blk_config, num_queues) == 34, "virtio 1.2 5.2.4");
_Static_assert(offsetof(struct blk_config, write_zeroes_may_unmap) == 56, "virtio 1.2 5.2.4");

bool blk_get_header(const struct virtq_chain *c, struct virtq_at *at, struct blk_header *h)
{
	return virtq_read(c, at, h, sizeof(*h)) == sizeof(*h);
}

u8 blk_get_range(const struct blk *b, u32 type, struct virtq_at *at, struct blk_range *r)
{
	u32 most = type == REQ_DISCARD ? b->config.max_discard_sectors : b->config.max_write_zeroes_sectors;

	virtq_read(&b->chain, at, r, sizeof(*r));
	/* Unmap is for write zeroes alone; other flags are for later (5.2.6.2). */
	if ((r->flags & ~BLK_ZERO_UNMAP) != 0 || (type == REQ_DISCARD && r->flags != 0)) {
		return STATUS_UNSUPP;
	}
	return r->count <= most && r->sector <= b->config.capacity &&
	       r->count <= b->config.capacity - r->sector ? STATUS_OK : STATUS_IOERR;
}

u64 blk_get_id(struct blk *b)
{
	const char *name = b->v.dev.cfg->name;
	struct virtq_at at = { 0 };
	char id[ID_BYTES] = { 0 };

	if (name == NULL) {
		name = b->disk != NULL && disk_info(b->disk)->serial[0] != '\0' ? disk_info(b->disk)->serial : "quoin";
	}
	memcpy(id, name, MIN(strlen(name), sizeof(id)));
	return virtq_write(&b->chain, &at, id, MIN(sizeof(id), b->chain.in_len - 1));
}

/* ---- Memory: at once, but in pieces */

/* The next range with something in it; 0 left: there is none. */
static u8 next_range(struct blk *b)
{
	struct blk_job *j = &b->job;
	struct blk_range r;

	while (j->left == 0 && j->ranges != 0) {
		u8 status = blk_get_range(b, j->type, &j->at, &r);

		if (status != STATUS_OK) {
			return status;
		}
		j->ranges--;
		j->off = r.sector * SECTOR;
		j->left = (u64)r.count * SECTOR;
	}
	return STATUS_OK;
}

static u8 start_zero(struct blk *b, u64 bytes)
{
	if (b->store.read_only || bytes / sizeof(struct blk_range) > BLK_RANGES ||
	    bytes % sizeof(struct blk_range) != 0) {
		return STATUS_IOERR;
	}
	b->job.ranges = (u32)(bytes / sizeof(struct blk_range));
	return next_range(b);
}

/* The request in b->chain: what there is to do, or how it ended without doing anything. */
static inline u8 start(struct blk *b, u64 *written)
{
	const struct virtq_chain *c = &b->chain;
	struct blk_job *j = &b->job;
	struct blk_header h;
	u64 n;

	j->at = (struct virtq_at){ 0 };
	j->left = 0;
	j->ranges = 0;
	if (unlikely(!blk_get_header(c, &j->at, &h))) {
		return STATUS_IOERR;
	}
	j->type = h.type;
	j->off = h.sector * SECTOR;
	switch (h.type) {
	case REQ_IN:
		n = c->in_len - 1;
		if (!blk_inside(b, h.sector, n)) {
			return STATUS_IOERR;
		}
		j->at = (struct virtq_at){ 0 };
		j->left = n;
		*written = n;
		return STATUS_OK;
	case REQ_OUT:
		n = c->out_len - sizeof(h);
		if (b->store.read_only || !blk_inside(b, h.sector, n)) {
			return STATUS_IOERR;
		}
		j->left = n;
		return STATUS_OK;
	case REQ_FLUSH:
		return STATUS_OK; /* what is written is there */
	case REQ_GET_ID:
		*written = blk_get_id(b);
		return STATUS_OK;
	case REQ_DISCARD:
	case REQ_WRITE_ZEROES:
		return start_zero(b, c->out_len - sizeof(h));
	default:
		return STATUS_UNSUPP;
	}
}

/* A piece of the job: its status is final if nothing is left. */
static inline u8 piece(struct blk *b)
{
	struct blk_job *j = &b->job;
	u64 n = MIN(j->left, PIECE), off = j->off;
	int err;

	j->off += n;
	j->left -= n;
	if (j->type == REQ_IN) {
		err = store_read(&b->store, off, n, &b->chain, &j->at);
	} else if (j->type == REQ_OUT) {
		err = store_write(&b->store, off, n, &b->chain, &j->at);
	} else {
		err = store_zero(&b->store, off, n);
	}
	if (err != 0) {
		j->left = 0;
		return STATUS_IOERR;
	}
	return j->ranges != 0 ? next_range(b) : STATUS_OK;
}

static inline void finish(struct blk *b, struct virtq *q, u8 status, u64 written)
{
	virtq_write_last(&b->chain, status);
	b->v.requests++;
	virtq_push(q, &b->chain, (u32)written + 1);
}

/* Go on with a long request: true once it is over. Another queue than the caller's may have sent it. */
static __noinline bool go_on(struct blk *b)
{
	struct virtq *q = b->job.q;
	u8 status = piece(b);

	if (b->job.left != 0) {
		return false;
	}
	b->job.q = NULL;
	finish(b, q, status, b->job.type == REQ_IN ? b->chain.in_len - 1 : 0);
	virtio_done(&b->v, q);
	virtio_kick(&b->v, (unsigned int)(q - b->v.queue));
	return true;
}

/*
 * In front of the general way, by far the most frequent request: a header, data in one piece on either side, the
 * status. False: nothing was done.
 */
static inline bool quick(struct blk *b, struct virtq *q)
{
	const struct virtq_seg *s = b->chain.seg;
	const u64 *h = (const u64 *)(const void *)s[0].p;
	bool write = b->chain.out == 2;
	u64 sector, n = s[1].len;
	u8 *at;

	if (b->chain.out + b->chain.in != 3 || b->chain.in == 0 || s[0].len != sizeof(struct blk_header) || s[2].len != 1 ||
	    !IS_ALIGNED((uintptr_t)h, 8) || (u32)READ_ONCE(h[0]) != (write ? REQ_OUT : REQ_IN) ||
	    (write && b->store.read_only) || n > KiB(64)) {
		return false;
	}
	sector = READ_ONCE(h[1]);
	if (!blk_inside(b, sector, n)) {
		return false;
	}
	at = store_at(&b->store, sector * SECTOR, n, write);
	if (at == NULL || b->chain.out == 0) {
		return false;
	}
	memcpy(write ? at : s[1].p, write ? s[1].p : at, n);
	*s[2].p = STATUS_OK;
	b->v.requests++;
	virtq_push(q, &b->chain, (u32)(write ? 0 : n) + 1);
	return true;
}

/* The next request of `q`: 1 and its bytes, or what virtq_pop() says. */
static inline int serve_one(struct blk *b, struct virtq *q, u64 *bytes)
{
	int got = virtq_pop(q, &b->chain);
	u64 written = 0;
	u8 status;

	if (got <= 0) {
		return got;
	}
	if (likely(quick(b, q))) {
		*bytes += REQUEST_COST + b->chain.seg[1].len;
		return 1;
	}
	if (b->chain.in_len == 0) {
		return -1; /* no room for the status: there is no way to answer */
	}
	status = start(b, &written);
	if (b->job.left != 0) {
		*bytes += MIN(b->job.left, PIECE);
		status = piece(b);
		if (unlikely(b->job.left != 0)) {
			b->job.q = q;
			return 1;
		}
	}
	finish(b, q, status, written);
	*bytes += REQUEST_COST;
	return 1;
}

/*
 * A driver that keeps several requests up still notifies for each of them, as each is answered before the
 * next is sent. So it is asked to notify less often, for `want` at a time (2.7.10, the event index), as long
 * as that many come soon; a higher number is tried now and then, and ever less often when it fails. A
 * driver with one request at a time waits for that, once in TRY_LATE times. True: a higher number is tried,
 * its time starts now.
 */
static bool pace(struct blk_pace *p, u32 served, u32 size)
{
	bool tries = false;

	if (served >= p->want) {
		p->busy = true;
		if (p->fell_back != 0) {
			p->fell_back = 0;
			p->after = TRY_SOON;
			p->good = 0;
		} else if (2U * p->want <= MIN(WANT_MAX, size) && ++p->good >= p->after) {
			p->fell_back = p->want;
			p->want *= 2;
			p->busy = false;
			tries = true;
		}
	} else if (p->timed) {
		p->after = p->fell_back != 0 ? MIN(2 * p->after, TRY_LATE) : TRY_SOON;
		p->want = p->fell_back != 0 ? p->fell_back : (u16)MAX(served, 1U);
		p->fell_back = 0;
		p->good = 0;
	}
	p->timed = false;
	return tries;
}

/* Device locked. */
static void set_time(struct blk *b, u32 want)
{
	b->timing = true;
	vdev_arm(&b->v.dev, vdev_now_ns(&b->v.dev) + (u64)want * WAIT_NS);
}

static inline bool listen(struct blk *b, struct virtq *q, struct blk_pace *p, u32 served)
{
	if (!q->event_idx) {
		return virtq_listen(q);
	}
	if (pace(p, served, q->size) || (p->want > 1 && !b->timing)) {
		u64 flags = vdev_lock_irq(&b->v.dev);

		set_time(b, p->want);
		vdev_unlock_irq(&b->v.dev, flags);
	}
	return virtq_listen_for(q, p->want);
}

/* Those who were waited for in vain are served; who was served meanwhile has its time again. */
static void expire(struct vdev *d)
{
	struct blk *b = (struct blk *)d;
	u32 again = 0;

	b->timing = false;
	for (u32 i = 0; i < b->v.queue_count; i++) {
		struct blk_pace *p = &b->pace[i];

		if (p->want > 1 && p->busy) {
			again = MAX(again, (u32)p->want);
		} else if (p->want > 1) {
			p->timed = true;
			virtio_kick(&b->v, i);
		}
		p->busy = false;
	}
	if (again != 0) {
		set_time(b, again);
	}
}

static bool serve(struct virtio *v, unsigned int queue)
{
	struct blk *b = (struct blk *)v;
	struct virtq *q = &v->queue[queue];
	u64 bytes = 0;
	u32 served = 0;
	int got = 1;

	if (b->disk != NULL) {
		got = blk_disk_serve(b, q);
		if (got < 0) {
			virtio_broken(v);
		}
		return got > 0;
	}
	if (b->job.q != NULL && !go_on(b)) {
		return true;
	}
	while (bytes < PIECE && b->job.q == NULL && (got = serve_one(b, q, &bytes)) > 0) {
		served++;
	}
	virtio_done(v, q);
	if (got < 0) {
		virtio_broken(v);
		return false;
	}
	return got > 0 || listen(b, q, &b->pace[queue], served);
}

static void reset(struct virtio *v)
{
	struct blk *b = (struct blk *)v;

	b->job.q = NULL;
	b->timing = false;
	vdev_arm(&v->dev, 0);
	for (u32 i = 0; i < v->queue_count; i++) {
		b->pace[i] = (struct blk_pace){ .want = 1, .after = TRY_SOON };
	}
	b->config.writeback = 1;
}

static const struct virtio_type type = { .id = 2, .serve = serve, .reset = reset };

static void set_config(struct blk *b)
{
	struct blk_config *c = &b->config;

	c->capacity = b->store.size / SECTOR;
	c->seg_max = VIRTQ_SEGS - 6;
	c->blk_size = SECTOR;
	c->physical_block_exp = 3;
	c->num_queues = (u16)b->v.queue_count;
	c->max_discard_sectors = ZERO_SECTORS;
	c->max_discard_seg = BLK_RANGES;
	c->discard_sector_alignment = 8;
	c->max_write_zeroes_sectors = ZERO_SECTORS;
	c->max_write_zeroes_seg = BLK_RANGES;
	c->write_zeroes_may_unmap = 1;
}

static int create(struct vdev *d)
{
	struct blk *b = (struct blk *)d;
	const struct cfg_option *host = vdev_option(d, "hostdev");
	bool ro;
	int err;

	if (host == NULL) {
		vdev_error(d, &d->cfg->pos, "no disk: expected hostdev [<]PATH or hostdev ram:SIZE");
		return -1;
	}
	ro = host->str[0] == '<';
	err = store_is_disk(host->str) ? blk_disk_open(b, host, ro) : store_open(&b->store, d, host);
	if (err != 0) {
		return err;
	}
	b->v.type = &type;
	b->v.queue_count = MIN(vdev_vcpu_count(d), (u32)VIRTIO_QUEUES);
	for (u32 i = 0; i < b->v.queue_count; i++) {
		b->v.queue[i].max = QUEUE;
	}
	b->v.offered = BLK_F_SEG_MAX | BLK_F_BLK_SIZE | BLK_F_TOPOLOGY | BLK_F_MQ |
		       (ro ? BLK_F_RO : BLK_F_DISCARD | BLK_F_WRITE_ZEROES);
	b->v.config = &b->config;
	b->v.config_size = sizeof(b->config);
	set_config(b);
	if (b->disk != NULL) {
		blk_disk_limits(b);
	}
	virtio_init(&b->v);
	return 0;
}

static void destroy(struct vdev *d)
{
	struct blk *b = (struct blk *)d;

	blk_disk_close(b);
	store_close(&b->store);
}

static const struct vdev_option options[] = {
	{ .name = "hostdev", .kind = VOPT_STRING, .check = store_check, .image_path = store_image_path,
	  .content = store_content },
	VDEV_OPTION_DELAYED,
	VIRTIO_OPTION_LEGACY,
	{ .name = "threads", .kind = VOPT_NUM, .min = 1, .max = 64 },     /* the device has one */
	{ .name = "dio", .kind = VOPT_ENUM, .values = "disable|enable" }, /* nothing is cached here */
	{ .name = NULL },
};

VDEV(virtio_blk) = {
	.abi = VDEV_ABI,
	.name = "virtio-blk",
	.options = options,
	.state_size = sizeof(struct blk),
	.create = create,
	.destroy = destroy,
	.expire = expire,
	VIRTIO_TRANSPORTS,
};
