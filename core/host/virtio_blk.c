/* SPDX-License-Identifier: Apache-2.0 */
/* Disks behind virtio: virtio 1.2 5.2. One queue; a request is a header, the caller's memory, a status byte. */
#include <errno.h>
#include <string.h>
#include "arch/arch.h"
#include "core/base/log.h"
#include "core/base/memory.h"
#include "core/host/disk_priv.h"
#include "core/host/virtio.h"
#include "core/sched.h"

#define SLOTS 64  /* requests in flight */
#define TABLES 32 /* of them, with many pieces */

/* Features (5.2.3). */
#define F_SIZE_MAX BIT(1)
#define F_SEG_MAX BIT(2)
#define F_RO BIT(5)
#define F_BLK_SIZE BIT(6)
#define F_FLUSH BIT(9)
#define F_TOPOLOGY BIT(10)
#define F_DISCARD BIT(13)
#define F_WRITE_ZEROES BIT(14)

enum { T_IN = 0, T_OUT = 1, T_FLUSH = 4, T_GET_ID = 8, T_DISCARD = 11, T_WRITE_ZEROES = 13 }; /* 5.2.6 */

enum { /* 5.2.4 */
	CAPACITY = 0, SIZE_MAX_ = 8, SEG_MAX = 12, BLK_SIZE = 20, PHYSICAL_BLOCK_EXP = 24, MAX_DISCARD = 36,
	DISCARD_ALIGNMENT = 44, MAX_ZEROES = 48,
};

/* What the device reads of a request, and its answer. */
struct wire {
	struct {
		u32 type, reserved;
		u64 sector;
	} head;
	struct {
		u64 sector;
		u32 sectors, flags;
	} range;
	u8 id[20];
	u8 status;
	u8 pad[11];
};

struct slot {
	struct disk_req *req;
	struct slot *next; /* free ones */
	struct wire *wire;
};

struct blk {
	struct disk_hw hw;
	struct vio_dev *dev;
	struct vio_queue queue;
	struct slot *free;
	struct slot slot[SLOTS];
	struct wire *wire; /* SLOTS of them */
};

static struct blk *blk_of(struct disk_hw *hw)
{
	return container_of(hw, struct blk, hw);
}

static u32 type_of(const struct disk_req *r)
{
	static const u8 type[] = {
		[DISK_READ] = T_IN, [DISK_WRITE] = T_OUT, [DISK_FLUSH] = T_FLUSH,
		[DISK_DISCARD] = T_DISCARD, [DISK_ZERO] = T_WRITE_ZEROES,
	};

	return type[r->op];
}

static bool blk_put(struct disk_hw *hw, struct disk_req *r)
{
	struct blk *b = blk_of(hw);
	struct slot *s = b->free;
	bool moves = r->op == DISK_READ || r->op == DISK_WRITE, range = !moves && r->op != DISK_FLUSH;
	u32 n = moves ? r->seg_count : range ? 1 : 0;
	struct wire *w;

	if (s == NULL || !vio_chain(&b->queue, n + 2, s)) {
		return false;
	}
	b->free = s->next;
	s->req = r;
	w = s->wire;
	w->head.type = type_of(r);
	w->head.sector = moves ? r->lba : 0;
	w->status = 0xff;
	vio_add(&b->queue, &w->head, sizeof(w->head), false);
	if (moves) {
		for (u32 i = 0; i < n; i++) {
			vio_add(&b->queue, r->seg[i].at, r->seg[i].len, r->op == DISK_READ);
		}
	} else if (range) {
		w->range.sector = r->lba;
		w->range.sectors = r->sectors;
		w->range.flags = r->op == DISK_ZERO && r->unmap;
		vio_add(&b->queue, &w->range, sizeof(w->range), false);
	}
	vio_add(&b->queue, &w->status, 1, true);
	return true;
}

static void blk_start(struct disk_hw *hw)
{
	vio_kick(&blk_of(hw)->queue);
}

static struct disk_req *give_back(struct blk *b, struct slot *s)
{
	struct disk_req *r = s->req;

	s->req = NULL;
	s->next = b->free;
	b->free = s;
	return r;
}

static struct disk_req *blk_reap(struct disk_hw *hw)
{
	static const int errors[] = { 0, -EIO, -EOPNOTSUPP }; /* 5.2.6: OK, IOERR, UNSUPP */
	struct blk *b = blk_of(hw);
	u32 len;
	struct slot *s = vio_reap(&b->queue, &len);
	struct disk_req *r;
	u8 status;

	if (s == NULL) {
		return NULL;
	}
	status = READ_ONCE(s->wire->status);
	r = give_back(b, s);
	r->err = status < ARRAY_SIZE(errors) ? errors[status] : -EIO;
	return r;
}

static bool blk_listen(struct disk_hw *hw)
{
	return vio_listen(&blk_of(hw)->queue);
}

static bool blk_broken(struct disk_hw *hw)
{
	return blk_of(hw)->dev->broken;
}

static bool blk_overdue(struct disk_hw *hw, u64 before)
{
	const struct blk *b = blk_of(hw);

	for (u32 i = 0; i < SLOTS; i++) {
		if (b->slot[i].req != NULL && (s64)(b->slot[i].req->since - before) < 0) {
			return true;
		}
	}
	return false;
}

static int blk_stop(struct disk_hw *hw)
{
	u64 offered;

	return vio_begin(blk_of(hw)->dev, &offered);
}

static struct disk_req *blk_drain(struct disk_hw *hw)
{
	struct blk *b = blk_of(hw);
	struct slot *s = vio_drain(&b->queue);

	return s != NULL ? give_back(b, s) : NULL;
}

/* From vio_begin() on to a live device. */
static int go(struct blk *b)
{
	int err = vio_features_ok(b->dev, F_SIZE_MAX | F_SEG_MAX | F_RO | F_BLK_SIZE | F_FLUSH | F_TOPOLOGY |
					  F_DISCARD | F_WRITE_ZEROES);

	if (err == 0) {
		err = vio_queue(b->dev, &b->queue, 0, VIO_QUEUE_SIZE, TABLES, DISK_SEGS + 2);
	}
	if (err == 0) {
		err = vio_go(b->dev);
	}
	if (err != 0) {
		vio_fail(b->dev);
	}
	return err;
}

static int blk_revive(struct disk_hw *hw)
{
	return go(blk_of(hw));
}

static const struct disk_ops ops = {
	.put = blk_put,
	.start = blk_start,
	.reap = blk_reap,
	.listen = blk_listen,
	.broken = blk_broken,
	.overdue = blk_overdue,
	.stop = blk_stop,
	.drain = blk_drain,
	.revive = blk_revive,
};

/* 5.2.4, 5.2.5: what it says about itself, as far as the features tell that it means it. */
static void read_info(struct blk *b)
{
	struct vio_dev *d = b->dev;
	struct disk_info *i = &b->hw.info;
	u32 segs = vio_has(d, F_SEG_MAX) ? (u32)vio_config(d, SEG_MAX, 4) : 1;
	u32 size = vio_has(d, F_SIZE_MAX) ? (u32)vio_config(d, SIZE_MAX_, 4) : ~0U;
	u32 room = b->queue.size - 2U;

	i->sectors = vio_config(d, CAPACITY, 8);
	i->block = vio_has(d, F_BLK_SIZE) ? (u32)vio_config(d, BLK_SIZE, 4) : DISK_SECTOR;
	i->physical_block = i->block;
	if (vio_has(d, F_TOPOLOGY)) {
		i->physical_block = i->block << MIN(vio_config(d, PHYSICAL_BLOCK_EXP, 1), 16UL);
	}
	/* A piece is at most the whole request, so a limit of pieces is kept by one of requests. */
	i->max_sectors = MIN(size, (u32)MiB(4)) / DISK_SECTOR;
	i->max_segs = MIN(MIN(segs, room), (u32)DISK_SEGS);
	i->read_only = vio_has(d, F_RO);
	i->flush = vio_has(d, F_FLUSH);
	i->max_discard = vio_has(d, F_DISCARD) ? (u32)vio_config(d, MAX_DISCARD, 4) : 0;
	i->max_zero = vio_has(d, F_WRITE_ZEROES) ? (u32)vio_config(d, MAX_ZEROES, 4) : 0;
}

/* Before anybody knows the disk: waited for by looking. */
static bool read_serial(struct blk *b)
{
	struct wire *w = b->wire;
	u64 end = counter_now() + 5 * counter_hz;
	u32 len;

	if (!vio_chain(&b->queue, 3, &b->slot[0])) {
		return false;
	}
	w->head.type = T_GET_ID;
	vio_add(&b->queue, &w->head, sizeof(w->head), false);
	vio_add(&b->queue, w->id, sizeof(w->id), true);
	vio_add(&b->queue, &w->status, 1, true);
	vio_kick(&b->queue);
	while (vio_reap(&b->queue, &len) == NULL) {
		if (b->dev->broken || counter_now() > end) {
			return false;
		}
		thread_sleep_until(counter_now() + counter_hz / 2000);
	}
	for (u32 i = 0; w->status == 0 && i < sizeof(w->id) && w->id[i] != 0; i++) {
		b->hw.info.serial[i] = w->id[i] > ' ' && w->id[i] < 0x7f ? (char)w->id[i] : '_';
	}
	return true;
}

static int begin(struct vio_dev *d, void *mem)
{
	struct blk *b = mem;
	u64 offered;
	int err;

	b->dev = d;
	b->wire = mem_alloc(SLOTS * sizeof(*b->wire));
	if (b->wire == NULL) {
		return -ENOMEM;
	}
	for (u32 i = 0; i < SLOTS; i++) {
		b->slot[i].wire = &b->wire[i];
		b->slot[i].next = b->free;
		b->free = &b->slot[i];
	}
	err = vio_begin(b->dev, &offered);
	if (err == 0) {
		err = go(b);
	}
	if (err != 0) {
		return err;
	}
	if (!read_serial(b)) {
		vio_fail(b->dev);
		return -EIO;
	}
	read_info(b);
	b->hw.ops = &ops;
	b->hw.driver = b->dev->place;
	/* Before its thread runs nobody is to be woken. */
	err = disk_add(&b->hw);
	return err;
}

static void found(void *arg)
{
	struct blk *b = arg;

	if (b->hw.thread != NULL) {
		disk_interrupt(&b->hw);
	}
}

void virtio_blk_scan(void)
{
	vio_each(VIO_BLOCK, "disk", sizeof(struct blk), found, begin);
}
