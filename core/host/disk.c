/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests on their way to a disk and back. disk_submit() hands them to the device from whoever calls it; what
 * the device has no room for waits in line. An interrupt wakes the disk's thread, which takes back what is
 * finished, fills up from the line and calls done(). A timer that runs while requests are out makes it
 * look for one that takes too long: then the device is reset, and what it had ends with -EIO.
 *
 * The thread's priority is above that of whoever has submitted since the disk was last idle: a VM's disk is
 * as urgent as the VM, and never disturbs a more important one.
 */
#include <errno.h>
#include <string.h>
#include "arch/arch.h"
#include "core/base/log.h"
#include "core/host/disk_priv.h"
#include "core/sched.h"

#define TIMEOUT_S 30
#define TICK_S 10
#define MAX_RESETS 8
#define LAST_LOOKS 100000
/* Requests taken back, and given to the device, with the lock held once: one may have DISK_SEGS pieces. */
#define BATCH 8
#define BATCH_OUT 4
#define PRIO_DISK (PRIO_DEFAULT + 1)

static void append(struct disk_req ***end, struct disk_req *r)
{
	r->next = NULL;
	**end = r;
	*end = &r->next;
}

/* It ends without the device; its thread says so. Locked. */
static void end(struct disk_hw *hw, struct disk_req *r, int err)
{
	r->err = err;
	append(&hw->ended_end, r);
}

/* The device gets it, if it has room. Locked. */
static bool put(struct disk_hw *hw, struct disk_req *r)
{
	r->since = counter_now();
	if (!hw->ops->put(hw, r)) {
		return false;
	}
	hw->in_flight++;
	if (!hw->ticking) {
		hw->ticking = true;
		timer_arm(&hw->tick, r->since + TICK_S * counter_hz);
	}
	return true;
}

static bool in_bounds(const struct disk *d, const struct disk_req *r, u32 most)
{
	return r->sectors != 0 && r->sectors <= most && r->sector < d->info.sectors &&
	       r->sectors <= d->info.sectors - r->sector;
}

/* The pieces together are what is to be moved: a device goes by them. */
static bool pieces_fit(const struct disk *d, const struct disk_req *r)
{
	u64 bytes = 0;

	if (r->seg_count == 0 || r->seg_count > MIN(d->info.max_segs, (u32)DISK_SEGS)) {
		return false;
	}
	for (u32 i = 0; i < r->seg_count; i++) {
		bytes += r->seg[i].len;
		if (r->seg[i].len == 0) {
			return false;
		}
	}
	return bytes == (u64)r->sectors * DISK_SECTOR;
}

/* 1: the device does it; otherwise how it ends. */
static int judge(const struct disk *d, const struct disk_req *r)
{
	const struct disk_info *i = &d->info;
	u32 most = r->op == DISK_DISCARD ? i->max_discard : r->op == DISK_ZERO ? i->max_zero : i->max_sectors;

	if (r->op == DISK_FLUSH) {
		return i->flush ? 1 : 0;
	}
	if (r->op != DISK_READ && !d->write) {
		return -EIO;
	}
	if (r->op == DISK_DISCARD || r->op == DISK_ZERO) {
		return most == 0 ? -EOPNOTSUPP : in_bounds(d, r, most) ? 1 : -EIO;
	}
	return in_bounds(d, r, most) && pieces_fit(d, r) ? 1 : -EIO;
}

void disk_submit(struct disk *d, struct disk_req *r)
{
	struct disk_hw *hw = d->hw;
	int how = judge(d, r);
	u8 prio;
	u64 flags;

	r->lba = d->first + (r->op == DISK_FLUSH ? 0 : r->sector);
	flags = spin_lock_irq(&hw->lock);
	prio = this_cpu()->current->prio;
	if (how <= 0 || hw->dead) {
		end(hw, r, hw->dead ? -EIO : how);
		how = 0;
	} else if (hw->line != NULL || hw->resetting || !put(hw, r)) {
		append(&hw->line_end, r);
	}
	if (unlikely(prio >= hw->prio && prio != 255)) {
		hw->prio = (u8)(prio + 1);
		thread_set_prio(hw->thread, hw->prio);
	}
	spin_unlock_irq(&hw->lock, flags);
	if (how == 0) {
		thread_wake(hw->thread);
	}
}

void disk_start(struct disk *d)
{
	u64 flags = spin_lock_irq(&d->hw->lock);

	if (!d->hw->resetting && !d->hw->dead) {
		d->hw->ops->start(d->hw);
	}
	spin_unlock_irq(&d->hw->lock, flags);
}

/*
 * The first request that is finished ends right here, if the disk's thread would get this CPU anyway: alone it is
 * done in less than the switch to the thread and back would take. All else is the thread's.
 */
void disk_interrupt(struct disk_hw *hw)
{
	struct disk_req *r = NULL;
	bool more = true;

	spin_lock(&hw->lock);
	if (this_cpu()->current->prio < hw->prio && hw->line == NULL && !hw->resetting && !hw->dead) {
		r = hw->ops->reap(hw);
	}
	if (r != NULL) {
		hw->in_flight--;
		more = hw->ops->listen(hw) || (hw->in_flight == 0 && hw->prio != PRIO_DISK);
	}
	spin_unlock(&hw->lock);
	if (r != NULL) {
		r->next = NULL;
		r->done(r, r->err);
	}
	if (more) {
		thread_wake(hw->thread);
	}
}

static void ticked(struct timer *t)
{
	struct disk_hw *hw = container_of(t, struct disk_hw, tick);

	hw->look = true;
	thread_wake(hw->thread);
}

/* Those in line go to the device, or end. True: maybe not all that could. Locked. */
static bool advance(struct disk_hw *hw)
{
	bool any = false;
	u32 i = 0;

	for (; i < BATCH_OUT && hw->line != NULL; i++) {
		struct disk_req *r = hw->line, *next = r->next;

		if (hw->dead) {
			end(hw, r, -EIO);
		} else if (!put(hw, r)) {
			break;
		}
		any = true;
		hw->line = next;
		if (next == NULL) {
			hw->line_end = &hw->line;
		}
	}
	if (any && !hw->dead) {
		hw->ops->start(hw);
	}
	return i == BATCH_OUT;
}

/* What is finished, at most a batch; *more: there may be more. */
static struct disk_req *take_back(struct disk_hw *hw, bool *more)
{
	struct disk_req *list = NULL, **list_end = &list, *r;
	u64 flags = spin_lock_irq(&hw->lock);
	u32 n = 0;

	for (; n < BATCH && (r = hw->ops->reap(hw)) != NULL; n++) {
		hw->in_flight--;
		append(&list_end, r);
	}
	*more = n == BATCH;
	if (hw->line != NULL && advance(hw)) {
		*more = true;
	}
	for (n = 0; n < BATCH && hw->ended != NULL; n++) {
		r = hw->ended;
		hw->ended = r->next;
		append(&list_end, r);
	}
	if (hw->ended == NULL) {
		hw->ended_end = &hw->ended;
	}
	if (hw->in_flight == 0 && hw->line == NULL && hw->prio != PRIO_DISK) {
		hw->prio = PRIO_DISK;
		thread_set_prio(hw->thread, PRIO_DISK);
	}
	spin_unlock_irq(&hw->lock, flags);
	return list;
}

static void finish(struct disk_req *list)
{
	while (list != NULL) {
		struct disk_req *r = list;

		list = r->next;
		r->next = NULL;
		r->done(r, r->err);
	}
}

/* Everything it had ends with -EIO; it goes on if it lives again. Thread context, its own. */
static void recover(struct disk_hw *hw, const char *why)
{
	struct disk_req *list = NULL, **list_end = &list, *r;
	u64 flags = spin_lock_irq(&hw->lock);
	u32 count = 0;
	int err;

	hw->resetting = true;
	spin_unlock_irq(&hw->lock, flags);
	err = hw->ops->stop(hw);
	while ((r = hw->ops->drain(hw)) != NULL) {
		r->err = -EIO;
		append(&list_end, r);
		count++;
	}
	hw->resets++;
	if (err == 0) {
		err = hw->resets < MAX_RESETS ? hw->ops->revive(hw) : -EIO;
	}
	flags = spin_lock_irq(&hw->lock);
	hw->in_flight -= count;
	hw->resetting = false;
	hw->dead = err != 0;
	spin_unlock_irq(&hw->lock, flags);
	log_warn("%s: %s, reset; %u requests have failed%s", hw->name, why, count,
		 err != 0 ? ", the disk is not used any more" : "");
	finish(list);
}

/* The timer: again if there is something to watch. True: a request takes too long. */
static bool watch(struct disk_hw *hw)
{
	u64 now = counter_now(), flags = spin_lock_irq(&hw->lock);
	bool late = hw->in_flight != 0 && hw->ops->overdue(hw, now - TIMEOUT_S * counter_hz);

	hw->look = false;
	hw->ticking = hw->in_flight != 0;
	if (hw->ticking) {
		timer_arm(&hw->tick, now + TICK_S * counter_hz);
	}
	spin_unlock_irq(&hw->lock, flags);
	return late;
}

/*
 * A request is late by the clock. An emulator's may jump while all CPUs sleep (QEMU -icount sleep=off), so that 30
 * seconds were no time for its disk: it gets 50 ms more in which this CPU does not sleep.
 */
static bool still_late(struct disk_hw *hw)
{
	u64 now = counter_now(), end = now + counter_hz / 20, flags;
	bool late = true, more;

	for (u32 i = 0; late && i < LAST_LOOKS && counter_now() < end; i++) {
		finish(take_back(hw, &more));
		flags = spin_lock_irq(&hw->lock);
		late = hw->in_flight != 0 && hw->ops->overdue(hw, now - TIMEOUT_S * counter_hz);
		spin_unlock_irq(&hw->lock, flags);
	}
	return late;
}

static bool listen(struct disk_hw *hw)
{
	u64 flags = spin_lock_irq(&hw->lock);
	bool more = hw->ended != NULL || (!hw->dead && hw->ops->listen(hw));

	spin_unlock_irq(&hw->lock, flags);
	return more;
}

static void disk_main(void *arg)
{
	struct disk_hw *hw = arg;

	for (;;) {
		bool more;

		finish(take_back(hw, &more));
		if (!hw->dead && hw->ops->broken(hw)) {
			recover(hw, "the device has broken the rules");
		} else if (READ_ONCE(hw->look) && watch(hw) && !hw->dead && still_late(hw)) {
			recover(hw, "no answer for 30 s");
		} else if (!more && !listen(hw)) {
			thread_block();
		}
	}
}

int disk_begin(struct disk_hw *hw)
{
	hw->line_end = &hw->line;
	hw->ended_end = &hw->ended;
	hw->tick.fn = ticked;
	hw->prio = PRIO_DISK;
	hw->thread = thread_create(hw->name, PRIO_DISK, ~0UL, disk_main, hw);
	return hw->thread != NULL ? 0 : -ENOMEM;
}
