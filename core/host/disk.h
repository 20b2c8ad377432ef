/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Disks and their partitions: what lies between the back ends of virtual disks and whoever holds the
 * bytes: a driver of a real disk (core/host/), later another VM.
 *
 * A request names memory by pointers where VA = PA (guest RAM from vdev_ram(), or the monitor's own from
 * core/base/memory.h; neither a stack nor a variable); the disk reads and writes it in place, nothing is copied. The memory and the request stay
 * the disk's until done() is called. Requests complete in any order.
 */
#ifndef QUOIN_CORE_DISK_H
#define QUOIN_CORE_DISK_H

#include "core/base/types.h"

#define DISK_SECTOR 512 /* what offsets and lengths are counted in, whatever the disk's own block is */
#define DISK_SEGS 64    /* pieces of a request */

enum disk_op { DISK_READ, DISK_WRITE, DISK_FLUSH, DISK_DISCARD, DISK_ZERO };

struct disk_seg {
	void *at;
	u32 len; /* bytes, not 0; together a multiple of DISK_SECTOR */
};

struct disk;

struct disk_req {
	struct disk_req *next; /* for who holds the request */
	enum disk_op op;
	bool unmap;            /* DISK_ZERO: blocks may be given back */
	u64 sector;            /* on the disk or partition it was submitted to */
	u32 sectors;
	u32 seg_count;         /* DISK_READ, DISK_WRITE */
	struct disk_seg seg[DISK_SEGS];
	/* Finished: `err` is 0, -EIO, -EOPNOTSUPP. Thread or exit context, no lock held; bounded and short. */
	void (*done)(struct disk_req *r, int err);
	void *owner;
	/* The disk's own while it has the request. */
	u64 lba;               /* sector on the whole disk */
	u64 since;             /* counter value: the device has it since then */
	int err;
};

/* What a virtual disk tells its driver of the real one. */
struct disk_info {
	u64 sectors;
	u32 block, physical_block; /* bytes: least unit of I/O, of I/O without read-modify-write */
	u32 max_sectors, max_segs; /* of one request; at least one page's worth */
	u32 max_discard, max_zero; /* sectors, 0: not supported; see disk_submit() */
	bool read_only, flush;     /* flush: there is a volatile cache, DISK_FLUSH empties it */
	char serial[21];
};

/*
 * disk_open - a disk or partition by name: /dev/disk0 and /dev/disk0p1 (in the order of the board),
 * /dev/disk/by-serial/S, /dev/disk/by-partlabel/L, /dev/disk/by-partuuid/U. Many may read; who writes has it
 * and what overlaps it alone. NULL: `*why` says why not (a constant). The first call looks for the disks, others
 * wait for that. The user that `disks` shows is the VM of the calling thread. Thread context.
 */
struct disk *disk_open(const char *name, bool write, const char **why);
/* disk_close - after the last done(). Thread context. */
void disk_close(struct disk *d);
const struct disk_info *disk_info(const struct disk *d);
/*
 * disk_submit - start `r`, or keep it in line: never fails, done() tells, never from inside this call. Requests
 * outside the disk, beyond the limits of disk_info(), and those that write to what was opened to read end with
 * -EIO; a flush of a disk without a cache with 0. disk_start - the device sees what was submitted; call once
 * after several. Thread or work context, also in done().
 */
void disk_submit(struct disk *d, struct disk_req *r);
void disk_start(struct disk *d);

#endif
