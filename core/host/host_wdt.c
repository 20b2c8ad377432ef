/* SPDX-License-Identifier: Apache-2.0 */
#include "core/host/host_wdt.h"

#include "arch/arch.h"
#include "arch_io.h"
#include "core/base/log.h"
#include "core/board.h"
#include "core/fdt_reader.h"
#include "core/sched.h"

#define MAX_WDTS 4
#define PERIOD_MS 500 /* far below what any firmware sets */

/* What there is to know of a kind; `regs` are the node's, in its order. */
struct kind {
	const char *compatible;
	u32 frames, size; /* what has to be there: `size` bytes in each of its regions that are used */
	bool (*runs)(const struct range *regs);
	void (*kick)(const struct range *regs);
	void (*stop)(const struct range *regs); /* NULL: cannot be stopped */
};

/* DDI 0270 3.3: WdogControl, WdogIntClr (reloads the counter), WdogLock. */
static bool sp805_runs(const struct range *r)
{
	return (io_read32(r->start + 0x8) & 1) != 0;
}

static void sp805_write(const struct range *r, u32 off, u32 val)
{
	io_write32(r->start + 0xc00, 0x1acce551);
	io_write32(r->start + off, val);
	io_write32(r->start + 0xc00, 0);
}

static void sp805_kick(const struct range *r)
{
	sp805_write(r, 0xc, 1);
}

static void sp805_stop(const struct range *r)
{
	sp805_write(r, 0x8, 0);
}

/* DEN 0029 (BSA) appendix A: control frame WCS, refresh frame WRR. */
static bool sbsa_runs(const struct range *r)
{
	return (io_read32(r[0].start) & 1) != 0;
}

static void sbsa_kick(const struct range *r)
{
	io_write32(r[1].start, 0);
}

static void sbsa_stop(const struct range *r)
{
	io_write32(r[0].start, 0);
}

/* R-Car Gen3 manual, RWDT: RWTCNT and RWTCSRA with their write keys; TME is bit 7, the counter goes up from what is written. */
static bool rwdt_runs(const struct range *r)
{
	return (io_read8(r->start + 4) & 0x80) != 0;
}

static void rwdt_kick(const struct range *r)
{
	io_write32(r->start, 0x5a5a0000);
}

static void rwdt_stop(const struct range *r)
{
	io_write32(r->start + 4, 0xa5a5a500 | (io_read8(r->start + 4) & 7));
}

/* UG1087, SWDT: MODE (key 0xabc, bit 0 enables), RESTART. */
static bool cadence_runs(const struct range *r)
{
	return (io_read32(r->start) & 1) != 0;
}

static void cadence_kick(const struct range *r)
{
	io_write32(r->start + 8, 0x1999);
}

static void cadence_stop(const struct range *r)
{
	io_write32(r->start, 0xabc000 | (io_read32(r->start) & 0xffe));
}

/* BCM2711 power management: PM_RSTC bits 5:4 = 2 arm it, PM_WDOG counts down at 65,536 Hz; both with password 0x5a. */
static bool bcm_runs(const struct range *r)
{
	return (io_read32(r->start + 0x1c) & 0x30) == 0x20;
}

static void bcm_kick(const struct range *r)
{
	io_write32(r->start + 0x24, 0x5a0fffff);
}

static void bcm_stop(const struct range *r)
{
	io_write32(r->start + 0x1c, 0x5a000000 | (io_read32(r->start + 0x1c) & 0xffffcf));
}

/* i.MX manuals, WDOG: WDE (WCR bit 2) once set stays; WSR takes 0x5555, then 0xaaaa. */
static bool imx_runs(const struct range *r)
{
	return (io_read16(r->start) & 4) != 0;
}

static void imx_kick(const struct range *r)
{
	io_write16(r->start + 2, 0x5555);
	io_write16(r->start + 2, 0xaaaa);
}

static const struct kind kinds[] = {
	{ "arm,sp805", 1, 0xc04, sp805_runs, sp805_kick, sp805_stop },
	{ "arm,sbsa-gwdt", 2, 4, sbsa_runs, sbsa_kick, sbsa_stop },
	{ "renesas,rcar-gen3-wdt", 1, 8, rwdt_runs, rwdt_kick, rwdt_stop },
	{ "cdns,wdt-r1p2", 1, 0xc, cadence_runs, cadence_kick, cadence_stop },
	{ "brcm,bcm2835-pm-wdt", 1, 0x28, bcm_runs, bcm_kick, bcm_stop },
	{ "fsl,imx21-wdt", 1, 4, imx_runs, imx_kick, NULL },
};

static struct wdt {
	const struct kind *kind;
	struct range regs[2];
} wdts[MAX_WDTS];
static u32 wdt_count;
static struct timer timer;
static enum host_wdt_mode mode;
static bool (*reg_taken)(const struct range *regs);

static void kick_all(struct timer *t)
{
	for (u32 i = 0; i < wdt_count; i++) {
		wdts[i].kind->kick(wdts[i].regs);
	}
	timer_arm(t, counter_now() + counter_hz * PERIOD_MS / 1000);
}

static const struct kind *kind_of(const struct board_device *d)
{
	for (const struct kind *k = kinds; k < kinds + ARRAY_SIZE(kinds); k++) {
		if (d->compatible_len != 0 && fdt_has_string((const u8 *)d->compatible, d->compatible_len, k->compatible)) {
			return k;
		}
	}
	return NULL;
}

/* All of its registers are, whatever the device tree says of their size: an access beside what is mapped ends EL2. */
static bool reachable(const struct board_device *d, const struct kind *k)
{
	if (d->reg_count < k->frames) {
		return false;
	}
	for (u32 i = 0; i < MIN(d->reg_count, 2u); i++) {
		pa_t page = ALIGN_DOWN(d->reg[i].start, PAGE_SIZE);

		if ((i < k->frames && (!IS_ALIGNED(d->reg[i].start, 4) || d->reg[i].size < k->size)) || reg_taken(&d->reg[i]) ||
		    arch_map(page, ALIGN_UP(d->reg[i].start + d->reg[i].size, PAGE_SIZE) - page, MAP_DEVICE) != 0) {
			return false;
		}
	}
	return true;
}

struct probe {
	const struct kind *k;
	struct range regs[2];
};

/* 1: it runs, and is not to be stopped. */
static int probe(void *arg)
{
	const struct probe *p = arg;

	if (!p->k->runs(p->regs)) {
		return 0;
	}
	if (mode == HOST_WDT_STOP && p->k->stop != NULL) {
		p->k->stop(p->regs);
		return 2;
	}
	return 1;
}

static bool look(const struct board_device *d, void *ctx)
{
	const struct kind *k = d->enabled ? kind_of(d) : NULL;
	struct probe p = { k, { d->reg[0], d->reg[1] } };

	(void)ctx;
	if (k == NULL || !reachable(d, k)) {
		return true;
	}
	switch (arch_try(probe, &p)) {
	case 0:
		log_debug("watchdog %s: not running", d->path);
		break;
	case 2:
		log_info("watchdog %s: stopped", d->path);
		break;
	case 1:
		wdts[wdt_count] = (struct wdt){ k, { p.regs[0], p.regs[1] } };
		wdt_count++;
		log_info("watchdog %s: runs, kicked from now on", d->path);
		break;
	default:
		log_warn("watchdog %s at 0x%lx does not answer", d->path, p.regs[0].start);
	}
	return wdt_count < MAX_WDTS;
}

void host_wdt_option(enum host_wdt_mode m)
{
	mode = m;
}

void host_wdt_start(const struct board *b, bool (*taken)(const struct range *regs))
{
	u64 flags;

	if (mode == HOST_WDT_LEAVE) {
		return;
	}
	wdt_count = 0;
	reg_taken = taken;
	(void)board_device_walk(b, look, NULL);
	if (wdt_count != 0) {
		timer.fn = kick_all;
		flags = irq_save();
		kick_all(&timer);
		irq_restore(flags);
	}
}
