/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ITSs of the machine (IHI 0069H 5, 12.19): device table of two levels where it can be, its second level made for the
 * DeviceIDs that are used; a collection for each CPU; a command queue that is waited for a bounded time. LPIs, their
 * property table and the redistributors' pending tables are in its_lpi.c.
 *
 * Everything in memory is cleaned after it was written: right for an ITS that snoops the caches, too.
 */
#include <errno.h>
#include <string.h>
#include "arch/aarch64/gic/its.h"
#include "arch/arch.h"
#include "core/base/log.h"
#include "core/base/memory.h"
#include "core/base/percpu.h"

#define QUEUE_SIZE KiB(4)
#define COMMAND 32
#define FLAT_MAX MiB(1)  /* of a device table of one level */

#define TYPER_ITT_ENTRY(t) (((u32)((t) >> 4) & 0xf) + 1)
#define TYPER_EVENT_BITS(t) (((u32)((t) >> 8) & 0x1f) + 1)
#define TYPER_DEVICE_BITS(t) (((u32)((t) >> 13) & 0x1f) + 1)
#define TYPER_PTA BIT(19)
#define BASER_INDIRECT BIT(62)
#define BASER_TYPE(b) ((b) >> 56 & 7)
#define BASER_ENTRY(b) (((u32)((b) >> 48) & 0x1f) + 1)
#define BASER_CACHED (7UL << 59)
#define BASER_UNCACHED (1UL << 59)
#define BASER_SHARED (1UL << 10)
#define BASER_PAGES 0x300UL
#define TYPE_DEVICES 1
#define TYPE_COLLECTIONS 4
#define CREADR_STALLED BIT(0)

struct its {
	struct range regs;
	pa_t base;
	u64 typer;
	u8 *queue;
	u32 tail;
	bool running, failed;
	u64 devices;       /* DeviceIDs its table can have */
	u32 page, entry;   /* of the device table */
	u64 *level1;       /* NULL: it has one level */
};

static struct its itss[BOARD_MAX_ITS];

/* ---- Commands */

static bool wait_for(struct its *s, u32 at)
{
	u64 until = counter_now() + ns_to_counter(GIC_TIMEOUT_US * 1000UL), r;

	do {
		r = mmio_read64(s->base + GITS_CREADR);
		if ((r & ~CREADR_STALLED) == at) {
			return true;
		}
		cpu_relax();
	} while ((r & CREADR_STALLED) == 0 && counter_now() < until);
	return (mmio_read64(s->base + GITS_CREADR) & ~CREADR_STALLED) == at;
}

/* All that was queued is done; or the ITS is not used any more. */
static int finish(struct its *s)
{
	if (!s->failed) {
		dsb(sy);
		mmio_write64(s->base + GITS_CWRITER, s->tail);
		if (!wait_for(s, s->tail)) {
			s->failed = true;
			log_error("gic: the ITS at 0x%lx does not go on at command 0x%lx of 0x%x", s->base,
				  mmio_read64(s->base + GITS_CREADR), s->tail);
		}
	}
	return s->failed ? -EIO : 0;
}

static void command(struct its *s, u64 a, u64 b, u64 c)
{
	u64 dw[COMMAND / 8] = { a, b, c, 0 };

	memcpy(s->queue + s->tail, dw, sizeof(dw));
	arch_clean_dcache(s->queue + s->tail, sizeof(dw));
	s->tail = (s->tail + COMMAND) % QUEUE_SIZE;
	if (s->tail == QUEUE_SIZE / 2 || s->tail == 0) {
		(void)finish(s); /* half of the queue at a time: it is never full */
	}
}

static void sync(struct its *s, u32 cpu)
{
	command(s, ITS_SYNC, 0, its_target(cpu, (s->typer & TYPER_PTA) != 0));
}

static void about_event(struct its *s, u32 what, u32 devid, u32 event, u32 lpi, u32 cpu)
{
	command(s, what | (u64)devid << 32, event | (u64)lpi << 32, cpu);
}

/* ---- Tables */

/* Write GITS_BASER<n> or CBASER so that it sticks: an ITS that does not snoop gets tables that are not cached. */
static bool set_base(pa_t reg, u64 val)
{
	mmio_write64(reg, val | BASER_CACHED | BASER_SHARED);
	if ((mmio_read64(reg) & 3UL << 10) == 0) {
		mmio_write64(reg, val | BASER_UNCACHED);
	}
	return (mmio_read64(reg) & (GITS_VALID | BITS(47, 12))) == (val & (GITS_VALID | BITS(47, 12)));
}

static void *table_alloc(u64 size, u64 align)
{
	pa_t pa = mem_range_alloc(ALIGN_UP(size, PAGE_SIZE), align, 0);

	if (pa != 0) {
		arch_zero(pa_ptr(pa), ALIGN_UP(size, PAGE_SIZE));
	}
	return pa != 0 ? pa_ptr(pa) : NULL;
}

static u32 page_size(u64 baser)
{
	return (baser >> 8 & 3) == 0 ? KiB(4) : (baser >> 8 & 3) == 1 ? KiB(16) : KiB(64);
}

/* Does the ITS keep these bits of a register that is not valid? Page size 4K is asked for as well. */
static u64 try_bits(pa_t reg, u64 bits)
{
	mmio_write64(reg, (mmio_read64(reg) & ~(GITS_VALID | BASER_INDIRECT | BASER_PAGES)) | bits);
	return mmio_read64(reg);
}

static int device_table(struct its *s, pa_t reg)
{
	u64 b = try_bits(reg, BASER_INDIRECT), size;
	u32 per_page;
	void *t;

	s->page = page_size(b);
	s->entry = BASER_ENTRY(b);
	s->devices = BIT(TYPER_DEVICE_BITS(s->typer));
	per_page = s->page / s->entry;
	size = s->devices * s->entry;
	if (size > s->page && (b & BASER_INDIRECT) != 0) {
		/* As many pages of the second level as one page of the first can name. */
		s->devices = MIN(s->devices, (u64)(s->page / 8) * per_page);
		size = s->page;
	} else {
		b &= ~BASER_INDIRECT;
		size = MIN(ALIGN_UP(size, s->page), MAX(FLAT_MAX, s->page));
		s->devices = MIN(s->devices, size / s->entry);
	}
	t = table_alloc(size, s->page);
	if (t == NULL) {
		return -ENOMEM;
	}
	s->level1 = b & BASER_INDIRECT ? t : NULL;
	return set_base(reg, GITS_VALID | (b & (BASER_INDIRECT | BASER_PAGES)) | ptr_pa(t) | (size / s->page - 1)) ?
	       0 : -EIO;
}

static int collection_table(pa_t reg)
{
	u64 b = try_bits(reg, 0);
	u32 page = page_size(b);
	void *t = table_alloc(page, page);

	if (t == NULL) {
		return -ENOMEM;
	}
	return set_base(reg, GITS_VALID | (b & BASER_PAGES) | ptr_pa(t)) ? 0 : -EIO;
}

/* Memory for the entry of a DeviceID. */
static int reach_device(struct its *s, u32 devid)
{
	u32 i = devid / (s->page / s->entry);
	void *t;

	if (devid >= s->devices) {
		return -ENOSPC;
	}
	if (s->level1 != NULL && s->level1[i] == 0) {
		t = table_alloc(s->page, s->page);
		if (t == NULL) {
			return -ENOMEM;
		}
		s->level1[i] = GITS_VALID | ptr_pa(t);
		arch_clean_dcache(&s->level1[i], 8);
	}
	return 0;
}

/* ---- Bringing one up */

static int tables(struct its *s)
{
	int err = 0;

	for (u32 i = 0; i < 8 && err == 0; i++) {
		pa_t reg = s->base + GITS_BASER + i * 8UL;
		u64 type = BASER_TYPE(mmio_read64(reg));

		if (type == TYPE_DEVICES) {
			err = device_table(s, reg);
		} else if (type == TYPE_COLLECTIONS) {
			err = collection_table(reg);
		}
	}
	if (err == 0) {
		/* Bits 15:12 of its address have to be 0 (IHI 0069 12.19.2). */
		s->queue = table_alloc(QUEUE_SIZE, KiB(64));
		err = s->queue == NULL ? -ENOMEM :
		      set_base(s->base + GITS_CBASER, GITS_VALID | ptr_pa(s->queue)) ? 0 : -EIO;
	}
	return err;
}

static int bring_up(void *arg)
{
	struct its *s = arg;
	const struct range *r = &s->regs;
	int err = arch_map(r->start, r->size, MAP_DEVICE);

	if (err != 0) {
		return err;
	}
	s->base = r->start;
	s->typer = mmio_read64(s->base + GITS_TYPER);
	if (gic_silent("ITS", s->base, (u32)s->typer, (u32)(s->typer >> 32))) {
		return -EIO;
	}
	mmio_write32(s->base + GITS_CTLR, 0);
	for (u64 until = counter_now() + ns_to_counter(GIC_TIMEOUT_US * 1000UL);
	     (mmio_read32(s->base + GITS_CTLR) & GITS_CTLR_QUIESCENT) == 0;) {
		if (counter_now() > until) {
			return -EIO;
		}
		cpu_relax();
	}
	err = tables(s);
	if (err != 0) {
		return err;
	}
	mmio_write64(s->base + GITS_CWRITER, 0);
	mmio_write32(s->base + GITS_CTLR, GITS_CTLR_ENABLED);
	for (u32 cpu = 0; cpu < MAX_CPUS; cpu++) {
		if (gic_rd[cpu] != 0) {
			command(s, ITS_MAPC, 0, GITS_VALID | its_target(cpu, (s->typer & TYPER_PTA) != 0) | cpu);
			sync(s, cpu);
		}
	}
	return finish(s);
}

int its_start(const struct board *b, u32 its)
{
	struct its *s = &itss[its];
	int err;

	if (b == NULL || its >= b->gic.its_count) {
		return -ENODEV;
	}
	if (s->running || s->failed) {
		return s->failed ? -EIO : 0;
	}
	err = its_lpis_on();
	if (err == 0) {
		s->regs = b->gic.its[its];
		err = arch_try(bring_up, s);
		if (err != 0) {
			log_error("gic: the ITS at 0x%lx cannot be used (%d)", b->gic.its[its].start, err);
		}
		s->failed = err != 0;
		s->running = err == 0;
	}
	return err;
}

/* ---- Devices */

static u32 event_bits(u32 nvec)
{
	return nvec <= 2 ? 1 : 32u - (u32)__builtin_clz(nvec - 1);
}

static size_t itt_size(const struct its *s, u32 nvec)
{
	return (size_t)TYPER_ITT_ENTRY(s->typer) << event_bits(nvec);
}

int its_map(u32 its, u32 devid, u32 nvec, u32 lpi, u32 cpu, void **itt)
{
	struct its *s = &itss[its];
	u32 bits = event_bits(nvec);
	int err = bits > TYPER_EVENT_BITS(s->typer) || lpi + nvec > HOST_LPIS ? -ENOSPC : reach_device(s, devid);

	if (err != 0) {
		return err;
	}
	*itt = mem_alloc(itt_size(s, nvec));
	if (*itt == NULL) {
		return -ENOMEM;
	}
	arch_clean_inval_dcache(*itt, itt_size(s, nvec));
	its_lpi_enable(lpi, nvec, true);
	command(s, ITS_MAPD | (u64)devid << 32, bits - 1, GITS_VALID | ptr_pa(*itt));
	for (u32 i = 0; i < nvec; i++) {
		about_event(s, ITS_MAPTI, devid, i, 8192 + lpi + i, cpu);
	}
	command(s, ITS_INVALL, 0, cpu);
	sync(s, cpu);
	return finish(s);
}

void its_unmap(u32 its, u32 devid, u32 nvec, u32 lpi, void *itt)
{
	struct its *s = &itss[its];

	its_lpi_enable(lpi, nvec, false);
	for (u32 i = 0; i < nvec; i++) {
		about_event(s, ITS_DISCARD, devid, i, 0, 0);
	}
	command(s, ITS_MAPD | (u64)devid << 32, 0, 0);
	for (u32 cpu = 0; cpu < MAX_CPUS; cpu++) {
		if (gic_rd[cpu] != 0) {
			sync(s, cpu);
		}
	}
	if (finish(s) == 0) {
		mem_free(itt, itt_size(s, nvec)); /* else the ITS may still write there */
	}
}

int its_move(u32 its, u32 devid, u32 event, u32 cpu)
{
	struct its *s = &itss[its];

	about_event(s, ITS_MOVI, devid, event, 0, cpu);
	sync(s, cpu);
	return finish(s);
}
