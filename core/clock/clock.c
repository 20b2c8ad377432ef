/* SPDX-License-Identifier: Apache-2.0 */
#include "core/clock/clock.h"

#include <errno.h>
#include <string.h>
#include "arch/arch.h"
#include "core/base/diag.h"
#include "core/base/log.h"
#include "core/config/vm_config.h"
#include "core/sched.h"
#include "core/vdev.h"
#include "core/vm.h"

#define TRIES 10000 /* looks at a status, each an access of a device: a millisecond or more */

static struct {
	const struct board_clock *b; /* NULL: there is none */
	struct spinlock lock;        /* registers; inside a device's lock, nothing inside it */
	struct clock_set kept, seen, shared; /* by the monitor; by some VM, by two */
} ctl;

static void clock_leave(struct clock_set *s, const struct clock_set *other)
{
	for (u32 i = 0; i < ARRAY_SIZE(s->word); i++) {
		s->word[i] &= ~other->word[i];
	}
}

void clock_promise(const struct vm_config *cfg)
{
	struct clock_set all, resets;

	if (ctl.b == NULL) {
		return;
	}
	clock_of(ctl.b->ops, cfg, &all, &resets);
	clock_join(&all, &resets);
	for (u32 i = 0; i < ARRAY_SIZE(all.word); i++) {
		ctl.shared.word[i] |= ctl.seen.word[i] & all.word[i];
	}
	clock_join(&ctl.seen, &all);
}

void clock_owned(const struct vm_config *cfg, struct clock_set *clocks, struct clock_set *resets)
{
	memset(clocks, 0, sizeof(*clocks));
	memset(resets, 0, sizeof(*resets));
	if (ctl.b == NULL) {
		return;
	}
	clock_of(ctl.b->ops, cfg, clocks, resets);
	clock_leave(clocks, &ctl.kept);
	clock_leave(clocks, &ctl.shared);
	clock_leave(resets, &ctl.kept);
	clock_leave(resets, &ctl.shared);
}

void clock_owned_by(const struct vdev *d, struct clock_set *clocks, struct clock_set *resets)
{
	clock_owned(d->vm->cfg, clocks, resets);
}

/* ---- The real one */

static void reset(u32 module, bool assert)
{
	u64 flags = spin_lock_irq(&ctl.lock);

	ctl.b->ops->reset(ctl.b->regs.start, module, assert);
	spin_unlock_irq(&ctl.lock, flags);
}

static bool run(u32 module)
{
	u64 flags = spin_lock_irq(&ctl.lock);
	bool runs = false;

	ctl.b->ops->on(ctl.b->regs.start, module);
	spin_unlock_irq(&ctl.lock, flags);
	for (u32 i = 0; i < TRIES && !runs; i++) {
		runs = ctl.b->ops->running(ctl.b->regs.start, module);
	}
	return runs;
}

void clock_init(const struct board *b, const struct board_uart *console)
{
	const struct board_clock *c = &b->clock;

	memset(&ctl, 0, sizeof(ctl));
	if (c->ops == NULL) {
		return;
	}
	clock_kept(b, console, &ctl.kept);
	if (!IS_ALIGNED(c->regs.start, PAGE_SIZE) ||
	    arch_map(c->regs.start, MAX(ALIGN_UP(c->regs.size, PAGE_SIZE), (u64)c->ops->size), MAP_DEVICE) != 0) {
		log_warn("%s: its registers cannot be mapped, clocks stay as firmware has left them", c->compatible);
		return;
	}
	ctl.b = c;
	for (u32 i = 0; i < CLOCK_MODULES; i++) {
		if (clock_has(&ctl.kept, i) && !run(i)) {
			log_error("%s: clock %u, which the monitor needs, does not start", c->compatible, c->ops->number(i));
		}
	}
}

int clock_hand_over(const struct vm_config *cfg, struct diag *d)
{
	struct clock_set clocks, resets;
	int err = 0;

	if (ctl.b == NULL) {
		return 0;
	}
	clock_of(ctl.b->ops, cfg, &clocks, &resets);
	for (u32 i = 0; i < CLOCK_MODULES && err == 0; i++) {
		if (clock_has(&clocks, i) && !run(i)) {
			diag_error(d, &cfg->pos, "clock %u of a passed device does not start", ctl.b->ops->number(i));
			err = -ETIMEDOUT;
		}
	}
	clock_owned(cfg, &clocks, &resets);
	for (u32 i = 0; i < CLOCK_MODULES && err == 0; i++) {
		if (clock_has(&resets, i)) {
			reset(i, false);
		}
	}
	return err;
}

void clock_quiet(const struct vm_config *cfg)
{
	struct clock_set clocks, resets;

	clock_owned(cfg, &clocks, &resets);
	for (const struct cfg_pass *p = cfg->pass; p != NULL; p = p->next) {
		if (p->no_reset && p->modules != NULL) {
			clock_leave(&resets, &p->modules[1]);
		}
	}
	if (ctl.b == NULL || clock_empty(&resets)) {
		return;
	}
	for (u32 i = 0; i < CLOCK_MODULES; i++) {
		if (clock_has(&clocks, i)) {
			(void)run(i); /* a reset is taken over with the clock */
		}
		if (clock_has(&resets, i)) {
			reset(i, true);
		}
	}
	thread_sleep_until(counter_now() + counter_hz * ctl.b->ops->reset_us / 1000000 + 1);
	for (u32 i = 0; i < CLOCK_MODULES; i++) {
		if (clock_has(&resets, i)) {
			reset(i, false);
		}
	}
}

bool clock_there(void)
{
	return ctl.b != NULL;
}

u32 clock_read(u32 off)
{
	return ctl.b != NULL && off < ctl.b->ops->size ? ctl.b->ops->read(ctl.b->regs.start, off) : 0;
}

void clock_update(u32 off, u32 mask, u32 val)
{
	u64 flags;
	u32 is;

	if (ctl.b == NULL || off >= ctl.b->ops->size) {
		return;
	}
	flags = spin_lock_irq(&ctl.lock);
	is = mask == ~0U ? 0 : ctl.b->ops->read(ctl.b->regs.start, off);
	ctl.b->ops->write(ctl.b->regs.start, off, (is & ~mask) | (val & mask));
	spin_unlock_irq(&ctl.lock, flags);
}
