/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between core/disk*.c and the drivers of disks. A driver finds its device, fills in a struct disk_hw (the
 * first member of its own state) and calls disk_add(); from then on core/host/disk.c does the rest: order,
 * line, time limits, partitions. The driver's functions are called with the disk locked, but for stop()
 * and revive(), and none at the same time as these.
 */
#ifndef QUOIN_CORE_DISK_PRIV_H
#define QUOIN_CORE_DISK_PRIV_H

#include "core/base/lock.h"
#include "core/base/percpu.h"
#include "core/host/disk.h"

#define DISK_MAX 8
#define DISK_PARTS 128

struct disk_hw;
struct vm;

struct disk_ops {
	/* Give it to the device, which does not look yet. False: no room now; requests in flight will make some. */
	bool (*put)(struct disk_hw *hw, struct disk_req *r);
	void (*start)(struct disk_hw *hw);
	/* A request the device has finished, its `err` set; NULL: none. */
	struct disk_req *(*reap)(struct disk_hw *hw);
	/* disk_interrupt() is called at the next one; true: there is one already. */
	bool (*listen)(struct disk_hw *hw);
	bool (*broken)(struct disk_hw *hw);
	/* A request the device has since before counter value `before`. */
	bool (*overdue)(struct disk_hw *hw, u64 before);
	/* Reset the device; it touches no memory afterwards. 0, or -E: it does not react. Thread context. */
	int (*stop)(struct disk_hw *hw);
	/* After stop(): requests it had, NULL behind the last. */
	struct disk_req *(*drain)(struct disk_hw *hw);
	/* After that: bring it up again. 0, -E. Thread context. */
	int (*revive)(struct disk_hw *hw);
};

struct disk_part {
	u64 first, sectors; /* 0 sectors: there is none of this number */
	u8 uuid[16];        /* as it stands in the table */
	char label[112];    /* UTF-8; '_' for what a word of the configuration cannot have */
};

struct disk_hw {
	const struct disk_ops *ops;
	struct disk_info info;
	const char *driver;
	char name[8];          /* "disk0" */
	struct spinlock lock;  /* what follows, and the device; inside it only percpu.lock */
	struct disk_req *line, **line_end;   /* submitted, the device has no room */
	struct disk_req *ended, **ended_end; /* finished without the device */
	u32 in_flight;
	u8 prio;               /* of its thread */
	bool resetting, dead, ticking;
	bool look;             /* the timer has fired */
	u32 resets;
	struct thread *thread;
	struct timer tick;
	struct disk_part *part;
	u32 part_count;        /* highest number in use */
	const char *table;     /* what became of the partition table, for `disks` */
};

/* What was opened. */
struct disk {
	struct disk_hw *hw;
	struct disk_info info;
	u64 first;
	bool write;
	const struct vm *vm;   /* or NULL */
	struct disk *next;
};

/* disk_add - a driver has found a disk; 0, -ENOSPC, -ENOMEM, -EINVAL: it says nonsense about itself. Thread context. */
int disk_add(struct disk_hw *hw) __must_check;
/* disk_interrupt - requests may be finished. Exit context, after disk_begin(). */
void disk_interrupt(struct disk_hw *hw);
/* Looks for the disks of a kind and adds them. Thread context. */
void virtio_blk_scan(void);

/* disk_begin - it is ready for requests, its thread runs. 0, -ENOMEM. Thread context. */
int disk_begin(struct disk_hw *hw) __must_check;
/* disk_scan - all drivers have looked for their disks when it returns. Thread context. */
void disk_scan(void);
/* disk_at - the n-th disk, or NULL. After disk_scan(). */
struct disk_hw *disk_at(u32 n);
/* disk_user - the i-th (from 0) user of a disk, copied to *out; false: no more. Any context. */
bool disk_user(const struct disk_hw *hw, u32 i, struct disk *out);
/* disk_find - the disk and partition (-1: all of it) of a name. NULL, or why there is none. After disk_scan(). */
const char *disk_find(const char *name, struct disk_hw **hw, int *part);
/* disk_uuid - as text of 36 characters. */
void disk_uuid(char *buf, size_t size, const u8 *uuid);

/*
 * disk_partitions - read the GUID partition table (UEFI 2.10 5.3) of a disk of `sectors`, whose blocks are `block`
 * bytes. read() reads whole sectors, false if it cannot. Fills in `part` (DISK_PARTS of them, zeroed) and returns
 * the highest number; what has to be said about it is in *said, NULL: nothing. `buf`: GPT_BUFFER bytes.
 */
#define GPT_BUFFER KiB(64)
u32 disk_partitions(bool (*read)(void *ctx, u64 sector, u32 sectors, void *buf), void *ctx, u64 sectors, u32 block,
		    void *buf, struct disk_part *part, const char **said);

#endif
