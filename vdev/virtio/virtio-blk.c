/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtio-blk: a disk (virtio 1.2 5.2) over a store: a file of the image or memory. Read, write,
 * flush, discard, write zeroes, serial number; a queue per vCPU. Not modelled: lifetime, secure
 * erase, zones. Node: virtio,mmio.
 */
#include <string.h>
#include "vdev/virtio/store.h"
#include "vdev/virtio/virtio.h"

#define QUEUE 256
#define BATCH_BYTES KiB(256) /* per call of serve() */
#define REQUEST_COST 512     /* what a request counts beside its bytes */
#define REQUEST_MAX MiB(4)
#define ZERO_SECTORS 8192    /* of one discard or write-zeroes range */
#define ZERO_RANGES 16
#define SECTOR 512

enum { REQ_IN, REQ_OUT, REQ_FLUSH = 4, REQ_GET_ID = 8, REQ_DISCARD = 11, REQ_WRITE_ZEROES = 13 };
enum { STATUS_OK, STATUS_IOERR, STATUS_UNSUPP };

#define F_SEG_MAX BIT(2)
#define F_RO BIT(5)
#define F_BLK_SIZE BIT(6)
#define F_FLUSH BIT(9)
#define F_TOPOLOGY BIT(10)
#define F_MQ BIT(12)
#define F_DISCARD BIT(13)
#define F_WRITE_ZEROES BIT(14)

#define ID_BYTES 20
#define ZERO_UNMAP BIT(0)

struct blk_config {
	u64 capacity;
	u32 size_max, seg_max;
	u8 geometry[4];
	u32 blk_size;
	u8 physical_block_exp, alignment_offset;
	u16 min_io_size;
	u32 opt_io_size;
	u8 writeback, unused;
	u16 num_queues;
	u32 max_discard_sectors, max_discard_seg, discard_sector_alignment;
	u32 max_write_zeroes_sectors, max_write_zeroes_seg;
	u8 write_zeroes_may_unmap, unused1[3];
};

_Static_assert(offsetof(struct blk_config, num_queues) == 34, "virtio 1.2 5.2.4");
_Static_assert(offsetof(struct blk_config, write_zeroes_may_unmap) == 56, "virtio 1.2 5.2.4");

struct blk_header {
	u32 type, ioprio;
	u64 sector;
};

struct blk_range {
	u64 sector;
	u32 count, flags;
};

struct blk {
	struct virtio v;
	struct blk_config config;
	struct store store;
	struct virtq_chain chain;
	u64 bytes_read, bytes_written;
};

/* `n` bytes at `sector` are inside the disk. */
static bool inside(const struct blk *b, u64 sector, u64 n)
{
	return sector <= b->config.capacity && n <= REQUEST_MAX && n % SECTOR == 0 &&
	       n / SECTOR <= b->config.capacity - sector;
}

static u8 zero_ranges(struct blk *b, u32 type, u64 bytes, struct virtq_at *at, u64 *cost)
{
	u64 count = bytes / sizeof(struct blk_range);
	struct blk_range r;

	if (b->store.read_only || count > ZERO_RANGES || bytes % sizeof(r) != 0) {
		return STATUS_IOERR;
	}
	for (; count != 0; count--) {
		virtq_read(&b->chain, at, &r, sizeof(r));
		if (r.count > ZERO_SECTORS || !inside(b, r.sector, (u64)r.count * SECTOR)) {
			return STATUS_IOERR;
		}
		/* Unmap is for write zeroes alone; other flags are for later (5.2.6.2). */
		if ((r.flags & ~ZERO_UNMAP) != 0 || (type == REQ_DISCARD && r.flags != 0)) {
			return STATUS_UNSUPP;
		}
		*cost += (u64)r.count * SECTOR;
		if (store_zero(&b->store, r.sector * SECTOR, (u64)r.count * SECTOR) != 0) {
			return STATUS_IOERR;
		}
	}
	return STATUS_OK;
}

static u8 get_id(struct blk *b, u64 *written)
{
	const char *name = b->v.dev.cfg->name != NULL ? b->v.dev.cfg->name : "quoin";
	struct virtq_at at = { 0 };
	char id[ID_BYTES] = { 0 };

	memcpy(id, name, MIN(strlen(name), sizeof(id)));
	*written = virtq_write(&b->chain, &at, id, MIN(sizeof(id), b->chain.in_len - 1));
	return STATUS_OK;
}

/* One request; *written: how much of the writable part is data, *cost grows. The status byte has room. */
static u8 request(struct blk *b, u64 *written, u64 *cost)
{
	const struct virtq_chain *c = &b->chain;
	struct virtq_at out = { 0 }, in = { 0 };
	struct blk_header h;
	u64 n;

	if (virtq_read(c, &out, &h, sizeof(h)) != sizeof(h)) {
		return STATUS_IOERR;
	}
	switch (h.type) {
	case REQ_IN:
		n = c->in_len - 1;
		if (!inside(b, h.sector, n)) {
			return STATUS_IOERR;
		}
		*written = n;
		b->bytes_read += n;
		return store_read(&b->store, h.sector * SECTOR, n, c, &in) == 0 ? STATUS_OK : STATUS_IOERR;
	case REQ_OUT:
		n = c->out_len - sizeof(h);
		if (b->store.read_only || !inside(b, h.sector, n)) {
			return STATUS_IOERR;
		}
		b->bytes_written += n;
		return store_write(&b->store, h.sector * SECTOR, n, c, &out) == 0 ? STATUS_OK : STATUS_IOERR;
	case REQ_FLUSH:
		return STATUS_OK; /* memory: what is written is there */
	case REQ_GET_ID:
		return get_id(b, written);
	case REQ_DISCARD:
	case REQ_WRITE_ZEROES:
		return zero_ranges(b, h.type, c->out_len - sizeof(h), &out, cost);
	default:
		return STATUS_UNSUPP;
	}
}

/* The next request of `q`: 1 and its bytes, or what virtq_pop() says. */
static int serve_one(struct blk *b, struct virtq *q, u64 *bytes)
{
	struct virtq_chain *c = &b->chain;
	int got = virtq_pop(q, c);
	u64 written = 0;
	u8 status;

	if (got <= 0) {
		return got;
	}
	if (c->in_len == 0) {
		return -1; /* no room for the status: there is no way to answer */
	}
	status = request(b, &written, bytes);
	virtq_write_last(c, status);
	b->v.requests++;
	*bytes += c->in_len + c->out_len + REQUEST_COST;
	virtq_push(q, c, (u32)written + 1);
	return 1;
}

static bool serve(struct virtio *v, unsigned int queue)
{
	struct blk *b = (struct blk *)v;
	struct virtq *q = &v->queue[queue];
	u64 bytes = 0;
	int got = 1;

	while (bytes < BATCH_BYTES && got > 0) {
		got = serve_one(b, q, &bytes);
	}
	virtio_done(v, q);
	if (got < 0) {
		virtio_broken(v);
		return false;
	}
	return got > 0 || virtq_listen(q);
}

static const struct virtio_type type = { .id = 2, .serve = serve };

static void set_config(struct blk *b)
{
	struct blk_config *c = &b->config;

	c->capacity = b->store.size / SECTOR;
	c->seg_max = VIRTQ_SEGS - 6;
	c->blk_size = SECTOR;
	c->physical_block_exp = 3;
	c->opt_io_size = 0;
	c->num_queues = (u16)b->v.queue_count;
	c->max_discard_sectors = ZERO_SECTORS;
	c->max_discard_seg = ZERO_RANGES;
	c->discard_sector_alignment = 8;
	c->max_write_zeroes_sectors = ZERO_SECTORS;
	c->max_write_zeroes_seg = ZERO_RANGES;
	c->write_zeroes_may_unmap = 1;
}

static int create(struct vdev *d)
{
	struct blk *b = (struct blk *)d;
	const struct cfg_option *host = vdev_option(d, "hostdev");
	int err;

	if (host == NULL) {
		vdev_error(d, &d->cfg->pos, "no disk: expected hostdev [<]/PATH or hostdev ram:SIZE");
		return -1;
	}
	err = store_open(&b->store, d, host);
	if (err != 0) {
		return err;
	}
	b->v.type = &type;
	b->v.queue_count = MIN(vdev_vcpu_count(d), (u32)VIRTIO_QUEUES);
	for (u32 i = 0; i < b->v.queue_count; i++) {
		b->v.queue[i].max = QUEUE;
	}
	b->v.offered = F_SEG_MAX | F_BLK_SIZE | F_FLUSH | F_TOPOLOGY | F_MQ |
		       (b->store.read_only ? F_RO : F_DISCARD | F_WRITE_ZEROES);
	b->v.config = &b->config;
	b->v.config_size = sizeof(b->config);
	virtio_init(&b->v);
	set_config(b);
	return 0;
}

static void destroy(struct vdev *d)
{
	store_close(&((struct blk *)d)->store);
}

static const struct vdev_option options[] = {
	{ .name = "hostdev", .kind = VOPT_STRING, .check = store_check, .file = true },
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
	VIRTIO_MMIO,
};
