/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What becomes of streams that reach for more than they have.
 *
 * Faults come from a thread that takes a few at a time and rests between: devices that fault for ever cost
 * a small part of a CPU. One alone is cut off in less than a second.
 */
#include "core/iommu/iommu_priv.h"

#include "core/base/log.h"
#include "core/board.h"
#include "core/irq.h"
#include "core/sched.h"
#include "core/vm.h"

#define BATCH 32     /* faults taken at once */
#define PACE_MS 5    /* ... and how long the rest is */
#define POLL_MS 100  /* an IOMMU without interrupts is looked at */
#define SLOW_MS 5000 /* ... one without those of devices that are nobody's */
#define LINES 4      /* about one stream, a second */
#define PRIO 200

static u32 news = 1;
static struct thread *watcher;
static bool has_irq;
static bool slow;                    /* some faults come without an interrupt */
static u32 lines[2 * BOARD_MAX_IOMMUS];  /* level interrupts, off from when one comes until all is served */
static u32 line_count;

/* Whose streams a fault may be of, one after the other behind `r`, NULL: the first. They share all that is decided. */
static struct iommu_stream *next_of(const struct iommu *u, const struct iommu_fault *f, struct iommu_stream *r)
{
	for (r = r != NULL ? r + 1 : iommu_streams; r < iommu_streams + IOMMU_STREAMS; r++) {
		if (r->used && r->what != NULL && !r->cut && iommu_units[r->unit].main == u &&
		    (r->vm != NULL ? r->vm->s2.vmid : IOMMU_VMID_OWN) == f->vmid) {
			return r;
		}
	}
	return NULL;
}

/* "00:03.0 (stream 0x18)" */
static void name(char *buf, size_t size, const struct iommu_stream *r, u32 index, const struct iommu_fault *f)
{
	const struct iommu *u = &iommu_units[index];
	const char *what = r != NULL && r->what != NULL ? r->what : "a device nobody uses";
	bool alone = f->of_view && r != NULL && next_of(u, f, (struct iommu_stream *)r) == NULL;

	if (f->of_view && !alone) {
		fmt_str(buf, size, "%s%s (IOMMU %u)", what, r != NULL ? " or another device of the same VM" : "", index);
	} else if (r != NULL && r->vm != NULL) {
		fmt_str(buf, size, "%s (stream 0x%x)", what, r->sid);
	} else {
		fmt_str(buf, size, "%s (stream 0x%x of IOMMU %u)", what, alone ? r->sid : f->sid, alone ? r->unit : index);
	}
}

static void say(const struct iommu_stream *r, u32 index, const struct iommu_fault *f)
{
	char at[32], number[16], who[96];
	const char *why = f->what, *more = f->lost ? ", others before it are lost" : "";

	at[0] = '\0';
	if (f->has_addr) {
		fmt_str(at, sizeof(at), f->of_view ? " at 0x%lx" : " at 0x%lx, %s", f->addr, f->write ? "write" : "read");
	}
	if (why == NULL) {
		fmt_str(number, sizeof(number), "event 0x%x", f->number);
		why = number;
	}
	name(who, sizeof(who), r, index, f);
	if (r != NULL && r->vm != NULL) {
		log_warn("VM '%s': DMA fault of %s%s: %s%s", r->vm->cfg->name, who, at, why, more);
	} else {
		log_warn("DMA fault of %s%s: %s%s", who, at, why, more);
	}
}

/* Nothing of it is let through or told of any more. */
static void cut_off(struct iommu_stream *r)
{
	if (iommu_set(&iommu_units[r->unit], r->sid, NULL) != 0) {
		return; /* no memory: tried again with the next fault */
	}
	r->cut = true;
	if (r->vm != NULL) {
		log_warn("VM '%s': %s (stream 0x%x) faults too often, its DMA is off until the VM starts anew",
			 r->vm->cfg->name, r->what, r->sid);
	} else {
		log_warn("stream 0x%x faults too often, its DMA is off", r->sid);
	}
}

static void fault(struct iommu *u, const struct iommu_fault *f)
{
	u8 index = (u8)(u - iommu_units);
	struct iommu_stream *r;
	u64 now = counter_now();

	sleep_lock(&iommu_busy);
	if (f->of_view) {
		r = next_of(u, f, NULL);
	} else {
		r = f->sid < u->sids ? iommu_record(index, f->sid) : NULL;
	}
	if (r == NULL) {
		static u64 said;

		if (now - said > counter_hz) {
			said = now;
			say(NULL, index, f);
		}
	} else if (!r->cut) { /* otherwise it is from before */
		if (now - r->since > counter_hz) {
			r->since = now;
			r->window = r->told = 0;
		}
		r->faults++;
		r->window++;
		r->last = *f;
		if (r->told < LINES) {
			r->told++;
			say(r, index, f);
		}
		for (struct iommu_stream *o = r; o != NULL; o = f->of_view ? next_of(u, f, o) : NULL) {
			if (o->vm != NULL && o->stop) {
				char who[96];

				name(who, sizeof(who), r, index, f);
				vm_end_for(o->vm, VM_END_DEVICE, "DMA fault of %s at 0x%lx", who, f->has_addr ? f->addr : 0);
			}
			if (r->window > IOMMU_FAULTS_MAX) {
				cut_off(o);
			}
		}
	}
	sleep_unlock(&iommu_busy);
}

/* A few of what an IOMMU has to tell; false: that was all. */
bool iommu_serve(struct iommu *u)
{
	struct iommu_fault f;
	u32 n = 0;

	u->ops->errors(u);
	while (n < BATCH && !u->dead && u->ops->fault(u, &f)) {
		fault(u, &f);
		n++;
	}
	return n != 0;
}

static void watch(void *arg)
{
	(void)arg;
	for (;;) {
		bool more = false;

		__atomic_store_n(&news, 0, __ATOMIC_SEQ_CST);
		for (u32 i = 0; i < BOARD_MAX_IOMMUS; i++) {
			struct iommu *u = iommu_working(i);

			more |= u != NULL && iommu_serve(u);
		}
		for (u32 i = 0; i < line_count && !more; i++) {
			gic_enable(lines[i], true);
		}
		if (more || !has_irq || slow) {
			u32 ms = more ? PACE_MS : has_irq ? SLOW_MS : POLL_MS;

			if (more || __atomic_load_n(&news, __ATOMIC_SEQ_CST) == 0) {
				thread_sleep_until(counter_now() + counter_hz / 1000 * ms);
			}
		} else if (__atomic_load_n(&news, __ATOMIC_SEQ_CST) == 0) {
			thread_block();
		}
	}
}

/* Exit context. */
static void interrupt(void *arg)
{
	if (arg != NULL) {
		gic_enable(*(u32 *)arg, false); /* the line stays as it is until the thread has served what pulls it */
	}
	__atomic_store_n(&news, 1, __ATOMIC_SEQ_CST);
	thread_wake(watcher);
}

static bool take(const struct board_irq *irq)
{
	bool level = (irq->flags & 0xc) != 0;

	if (level) {
		lines[line_count] = irq->intid;
	}
	if (irq->intid == 0 || irq_share(irq->intid, !level, "iommu", interrupt, level ? &lines[line_count] : NULL) != 0) {
		return false;
	}
	line_count += level;
	return true;
}

void iommu_start(void)
{
	u32 count = 0;

	for (u32 i = 0; i < BOARD_MAX_IOMMUS; i++) {
		count += iommu_working(i) != NULL;
	}
	if (count == 0) {
		return;
	}
	watcher = thread_create("iommu", PRIO, ~0UL, watch, NULL);
	if (watcher == NULL) {
		log_warn("no memory to tell of DMA faults");
		return;
	}
	has_irq = true;
	for (u32 i = 0; i < BOARD_MAX_IOMMUS; i++) {
		const struct board_iommu *b = &iommu_board->iommu[i];

		slow |= iommu_working(i) != NULL && iommu_units[i].ops->bypassed;
		if (iommu_working(i) != NULL && iommu_units[i].main == &iommu_units[i]) {
			bool events = take(&b->eventq);

			has_irq &= events;
			if (b->gerror.intid != b->eventq.intid && !take(&b->gerror)) {
				has_irq = false;
			}
		}
	}
}
