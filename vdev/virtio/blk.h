/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between the halves of virtio-blk: virtio-blk.c answers the driver, and at once where the disk is memory
 * (store.c); blk_disk.c passes requests on to a disk of the machine (core/host/disk.h), which answers later.
 */
#ifndef QUOIN_VDEV_VIRTIO_BLK_H
#define QUOIN_VDEV_VIRTIO_BLK_H

#include "core/host/disk.h"
#include "vdev/virtio/store.h"
#include "vdev/virtio/virtio.h"

#define BLK_REQUESTS 64 /* on their way to a disk, pieces of the driver's requests */
#define BLK_MAX MiB(4)  /* of one read or write */
#define BLK_RANGES 16   /* of one discard or write-zeroes request */
#define SECTOR 512

enum { REQ_IN, REQ_OUT, REQ_FLUSH = 4, REQ_GET_ID = 8, REQ_DISCARD = 11, REQ_WRITE_ZEROES = 13 };
enum { STATUS_OK, STATUS_IOERR, STATUS_UNSUPP };

#define BLK_F_SIZE_MAX BIT(1)
#define BLK_F_SEG_MAX BIT(2)
#define BLK_F_RO BIT(5)
#define BLK_F_BLK_SIZE BIT(6)
#define BLK_F_FLUSH BIT(9)
#define BLK_F_TOPOLOGY BIT(10)
#define BLK_F_CONFIG_WCE BIT(11)
#define BLK_F_MQ BIT(12)
#define BLK_F_DISCARD BIT(13)
#define BLK_F_WRITE_ZEROES BIT(14)

#define BLK_ZERO_UNMAP BIT(0)

/* virtio 1.2 5.2.4 */
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

struct blk_header {
	u32 type, ioprio;
	u64 sector;
};

struct blk_range {
	u64 sector;
	u32 count, flags;
};

/* What a request that is not over has left to do: see serve_memory(). */
struct blk_job {
	struct virtq *q; /* NULL: nothing */
	u32 type;
	u32 ranges;      /* discard, write zeroes: to come behind this one */
	u64 off, left;   /* bytes of the disk */
	struct virtq_at at;
};

/* How many requests the driver of a queue keeps up: see pace(). */
struct blk_pace {
	u16 want;        /* a notification is wanted once so many wait */
	u16 fell_back;   /* while a higher number is tried: the last good one; else 0 */
	u16 good, after; /* batches since the number changed, and after how many a higher one is tried */
	bool busy;       /* so many came since the time was set */
	bool timed;      /* served because the time was over */
};

struct blk_req; /* of blk_disk.c */

struct blk {
	struct virtio v;
	struct blk_config config;
	struct store store;
	struct disk *disk;     /* or NULL: the store is all there is */
	struct blk_req *pool, *free;
	u32 starved;           /* bit per queue: waits for a free request */
	struct blk_job job;
	struct blk_pace pace[VIRTIO_QUEUES];
	bool timing;
	struct virtq_chain chain;
};

/* `n` bytes at `sector` are whole blocks inside the disk, and not too many. */
static inline bool blk_inside(const struct blk *b, u64 sector, u64 n)
{
	u64 block = b->config.blk_size;

	return sector <= b->config.capacity && n <= BLK_MAX && ((sector * SECTOR | n) & (block - 1)) == 0 &&
	       n / SECTOR <= b->config.capacity - sector;
}

/* blk_get_header, blk_get_range - the next one of the request: false: it is too short, a status: what is wrong. */
bool blk_get_header(const struct virtq_chain *c, struct virtq_at *at, struct blk_header *h);
u8 blk_get_range(const struct blk *b, u32 type, struct virtq_at *at, struct blk_range *r);
/* blk_get_id - the disk's serial number into the request; how many bytes. */
u64 blk_get_id(struct blk *b);

/*
 * blk_disk_open - the disk that `o` names, waiting for it as `delayed` says; 0 or -E, having said why.
 * blk_disk_close - no request is on its way any more. blk_disk_serve - requests of a queue go to the disk;
 * what virtio_type.serve returns. Its share of the configuration space: blk_disk_limits.
 */
int blk_disk_open(struct blk *b, const struct cfg_option *o, bool read_only) __must_check;
void blk_disk_close(struct blk *b);
void blk_disk_limits(struct blk *b);
int blk_disk_serve(struct blk *b, struct virtq *q);

#endif
