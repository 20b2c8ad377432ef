/* SPDX-License-Identifier: Apache-2.0 */
/* Which disks and partitions there are, what they are called, and who has them open. */
#include <errno.h>
#include <string.h>
#include "arch/arch.h"
#include "core/base/fmt.h"
#include "core/base/log.h"
#include "core/base/memory.h"
#include "core/host/disk_priv.h"
#include "core/once.h"
#include "core/vm.h"

#define PARTS_SIZE (DISK_PARTS * sizeof(struct disk_part))

/* Who looks for disks: image by image only what a device there may ask for is linked. */
static void (*const drivers[])(void) = { virtio_blk_scan };

static struct disk_hw *disks[DISK_MAX];
static u32 disk_count, scanned;
static struct spinlock users_lock; /* inside it nothing is taken */
static struct disk *users;

void disk_scan(void)
{
	if (once_begin(&scanned)) {
		for (u32 i = 0; i < ARRAY_SIZE(drivers); i++) {
			drivers[i]();
		}
		once_end(&scanned);
	}
}

struct disk_hw *disk_at(u32 n)
{
	return n < disk_count ? disks[n] : NULL;
}

/* One read, waited for. */
struct wait {
	struct disk_req req;
	struct thread *who;
	int err;
	bool over;
};

static void read_done(struct disk_req *r, int err)
{
	struct wait *w = r->owner;

	w->err = err;
	__atomic_store_n(&w->over, true, __ATOMIC_RELEASE);
	thread_wake(w->who);
}

struct reader {
	struct disk disk;
	struct wait wait;
};

static bool read_sectors(void *ctx, u64 sector, u32 sectors, void *buf)
{
	struct reader *r = ctx;
	struct wait *w = &r->wait;

	for (u32 done = 0, n; done < sectors; done += n) {
		n = MIN(sectors - done, r->disk.info.max_sectors);
		w->over = false;
		w->who = current_thread();
		w->req = (struct disk_req){
			.op = DISK_READ, .sector = sector + done, .sectors = n, .seg_count = 1,
			.seg = { { (u8 *)buf + done * DISK_SECTOR, n * DISK_SECTOR } },
			.done = read_done, .owner = w,
		};
		disk_submit(&r->disk, &w->req);
		disk_start(&r->disk);
		while (!__atomic_load_n(&w->over, __ATOMIC_ACQUIRE)) {
			thread_block();
		}
		if (w->err != 0) {
			return false;
		}
	}
	return true;
}

static void read_table(struct disk_hw *hw)
{
	struct reader *r = mem_alloc(sizeof(*r));
	void *buf = mem_alloc(GPT_BUFFER);
	const char *said = "has partitions that were not looked for: no memory";

	hw->part = mem_alloc(PARTS_SIZE);
	if (r != NULL && buf != NULL && hw->part != NULL) {
		r->disk.hw = hw;
		r->disk.info = hw->info;
		hw->part_count = disk_partitions(read_sectors, r, hw->info.sectors, hw->info.block, buf, hw->part, &said);
	}
	if (said != NULL) {
		log_warn("%s %s", hw->name, said);
	}
	if (r != NULL) {
		mem_free(r, sizeof(*r));
	}
	if (buf != NULL) {
		mem_free(buf, GPT_BUFFER);
	}
	if (hw->part_count == 0 && hw->part != NULL) {
		mem_free(hw->part, PARTS_SIZE);
		hw->part = NULL;
	}
}

int disk_add(struct disk_hw *hw)
{
	struct disk_info *i = &hw->info;
	u32 unit = i->block / DISK_SECTOR;
	int err;

	if (i->block < DISK_SECTOR || i->block > PAGE_SIZE || (i->block & (i->block - 1)) != 0 ||
	    i->sectors < unit || i->sectors >> 54 != 0 || i->max_segs == 0 || i->max_sectors < 2 * PAGE_SIZE / DISK_SECTOR) {
		return -EINVAL;
	}
	if (disk_count == DISK_MAX) {
		return -ENOSPC;
	}
	i->sectors = ALIGN_DOWN(i->sectors, unit);
	i->max_sectors = (u32)ALIGN_DOWN(i->max_sectors, unit);
	fmt_str(hw->name, sizeof(hw->name), "disk%u", disk_count);
	err = disk_begin(hw);
	if (err != 0) {
		return err;
	}
	read_table(hw);
	disks[disk_count++] = hw;
	log_info("%s: %s, %lu KiB, %u partitions%s", hw->name, hw->driver, i->sectors / 2, hw->part_count,
		 i->read_only ? ", read-only" : "");
	return 0;
}

/* ---- Names */

static bool same_text(const char *a, const char *b, bool any_case)
{
	for (; *a != '\0' || *b != '\0'; a++, b++) {
		char x = *a, y = *b;

		if (any_case) {
			x = x >= 'A' && x <= 'Z' ? (char)(x | 32) : x;
			y = y >= 'A' && y <= 'Z' ? (char)(y | 32) : y;
		}
		if (x != y) {
			return false;
		}
	}
	return true;
}

/* `name`, behind /dev/, is partition `p` (-1: all) of this disk. */
static bool is_named(const struct disk_hw *hw, int p, const char *name)
{
	static const char by_serial[] = "disk/by-serial/", by_label[] = "disk/by-partlabel/",
			  by_uuid[] = "disk/by-partuuid/";
	char own[48];
	int n = 0;

	if (strncmp(name, by_serial, sizeof(by_serial) - 1) == 0) {
		name += sizeof(by_serial) - 1;
		n = (int)fmt_str(own, sizeof(own), "%s%s", hw->info.serial, p < 0 ? "" : "-part");
	} else if (p >= 0 && strncmp(name, by_label, sizeof(by_label) - 1) == 0) {
		return *hw->part[p].label != '\0' && same_text(name + sizeof(by_label) - 1, hw->part[p].label, false);
	} else if (p >= 0 && strncmp(name, by_uuid, sizeof(by_uuid) - 1) == 0) {
		disk_uuid(own, sizeof(own), hw->part[p].uuid);
		return same_text(name + sizeof(by_uuid) - 1, own, true);
	} else {
		n = (int)fmt_str(own, sizeof(own), "%s%s", hw->name, p < 0 ? "" : "p");
	}
	if (p >= 0) {
		fmt_str(own + n, sizeof(own) - (size_t)n, "%u", (u32)p + 1);
	}
	return *own != '\0' && *own != '-' && same_text(name, own, false);
}

const char *disk_find(const char *name, struct disk_hw **hw, int *part)
{
	u32 found = 0;

	if (strncmp(name, "/dev/", 5) != 0) {
		return "expected /dev/disk...";
	}
	for (u32 i = 0; i < disk_count; i++) {
		for (int p = -1; p < (int)disks[i]->part_count; p++) {
			if ((p < 0 || disks[i]->part[p].sectors != 0) && is_named(disks[i], p, name + 5)) {
				found++;
				*hw = disks[i];
				*part = p;
			}
		}
	}
	return found == 1 ? NULL : found == 0 ? "there is no such disk or partition" : "several have this name";
}

/* ---- Users */

bool disk_user(const struct disk_hw *hw, u32 i, struct disk *out)
{
	u64 flags = spin_lock_irq(&users_lock);
	struct disk *d = users;

	while (d != NULL && (d->hw != hw || i-- != 0)) {
		d = d->next;
	}
	if (d != NULL) {
		*out = *d;
	}
	spin_unlock_irq(&users_lock, flags);
	return d != NULL;
}

/* Among the users if nobody is in the way: one who writes is alone with what he has. */
static bool enter(struct disk *d)
{
	u64 flags = spin_lock_irq(&users_lock);
	bool free = true;

	for (const struct disk *u = users; u != NULL; u = u->next) {
		if (u->hw == d->hw && (u->write || d->write) &&
		    range_overlaps(u->first, u->info.sectors, d->first, d->info.sectors)) {
			free = false;
		}
	}
	if (free) {
		d->next = users;
		users = d;
	}
	spin_unlock_irq(&users_lock, flags);
	return free;
}

extern const struct shell_command *const shell_ref_disks; /* core/host/disk_cmd.c */

struct disk *disk_open(const char *name, bool write, const char **why)
{
	struct disk_hw *hw;
	struct disk *d;
	int part;

	(void)READ_ONCE(shell_ref_disks); /* where disks are used there is the command that shows them */
	disk_scan();
	*why = disk_find(name, &hw, &part);
	if (*why != NULL) {
		return NULL;
	}
	if (hw->dead) {
		*why = "the disk has failed";
		return NULL;
	}
	if (write && hw->info.read_only) {
		*why = "the disk is read-only";
		return NULL;
	}
	d = mem_alloc(sizeof(*d));
	if (d == NULL) {
		*why = "no memory";
		return NULL;
	}
	d->hw = hw;
	d->info = hw->info;
	d->write = write;
	d->vm = current_thread()->vm;
	if (part >= 0) {
		d->first = hw->part[part].first;
		d->info.sectors = hw->part[part].sectors;
	}
	if (!enter(d)) {
		mem_free(d, sizeof(*d));
		*why = "in use: who writes to a disk or partition has it alone";
		return NULL;
	}
	return d;
}

void disk_close(struct disk *d)
{
	u64 flags = spin_lock_irq(&users_lock);

	for (struct disk **u = &users; *u != NULL; u = &(*u)->next) {
		if (*u == d) {
			*u = d->next;
			break;
		}
	}
	spin_unlock_irq(&users_lock, flags);
	mem_free(d, sizeof(*d));
}

const struct disk_info *disk_info(const struct disk *d)
{
	return &d->info;
}
