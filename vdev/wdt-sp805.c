/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Watchdog SP805 (ARM DDI 0270).
 *
 * The counter runs down from WDOGLOAD while INTEN is set. The first time it reaches zero it raises
 * the interrupt and starts anew; the second time, unless the guest has cleared the interrupt, it
 * stops and, if RESEN is set, pulls the reset line: what that does is option `action`.
 *
 *   IDLE --INTEN--> FIRST --zero--> SECOND --zero, RESEN--> BITTEN
 *                     ^---- INTCLR, LOAD ----|-----------------'
 *
 * While the VM is paused nothing expires; a count that ran out meanwhile is seen once, late, and
 * the next one is a whole one, so a guest that was kept from running always gets its second chance.
 */
#include "core/base/fmt.h"
#include "vdev/primecell.h"

#define INTEN BIT(0)
#define RESEN BIT(1)

#define ITOP_RES BIT(0)
#define ITOP_INT BIT(1)

#define UNLOCK 0x1acce551
#define HZ_DEFAULT 25000000

/* Indices of the option's values. */
enum action { TERMINATE, FIQ, DUMP_TERMINATE, DUMP_FIQ };

struct sp805 {
	struct vdev dev; /* must be first */
	u64 hz;
	u64 began;       /* guest time at which the counter held `from` */
	u32 load, from;  /* `from`: what the running count began with, or where the counter stands */
	u32 control, ris, itcr, itop;
	u8 action;       /* enum action */
	bool locked, bitten;
};

static struct sp805 *to_sp805(struct vdev *d)
{
	return (struct sp805 *)d;
}

static bool running(const struct sp805 *s)
{
	return (s->control & INTEN) != 0 && !s->bitten;
}

/* A count of zero ends at once: one tick. */
static u64 ticks_ns(const struct sp805 *s, u32 ticks)
{
	return MAX(ticks, 1U) * 1000000000UL / s->hz;
}

/* Further zeros change nothing: the interrupt is raised already, and there is nobody to bite. */
static bool idles(const struct sp805 *s)
{
	return s->ris != 0 && (s->control & RESEN) == 0;
}

static u32 value(struct sp805 *s)
{
	u64 ns = vdev_now_ns(&s->dev) - s->began;
	u64 ticks = ns / 1000000000 * s->hz + ns % 1000000000 * s->hz / 1000000000;

	if (!running(s)) {
		return s->from;
	}
	if (ticks <= s->from) {
		return s->from - (u32)ticks;
	}
	return idles(s) ? s->load - (u32)((ticks - s->from - 1) % (s->load + 1UL)) : 0;
}

/* Both outputs, from state; in integration test mode from ITOP (DDI 0270 4.2). */
static void update(struct sp805 *s)
{
	bool test = s->itcr != 0;
	bool res = test ? (s->itop & ITOP_RES) != 0 : s->bitten;

	vdev_set_irq(&s->dev, test ? (s->itop & ITOP_INT) != 0 : (s->ris & s->control & INTEN) != 0);
	if ((s->action & 1) == FIQ) {
		vdev_set_fiq(&s->dev, res);
	} else if (res) {
		vdev_watchdog(&s->dev, s->action == DUMP_TERMINATE);
	}
}

static void count_from(struct sp805 *s, u32 from)
{
	s->from = from;
	s->began = vdev_now_ns(&s->dev);
	vdev_arm(&s->dev, running(s) && !idles(s) ? s->began + ticks_ns(s, from) : 0);
}

static void expire(struct vdev *d)
{
	struct sp805 *s = to_sp805(d);

	s->bitten = s->ris != 0 && (s->control & RESEN) != 0;
	s->ris = 1;
	count_from(s, s->bitten ? 0 : s->load);
	update(s);
}

static u64 get_load(struct vdev *d, unsigned int i)
{
	(void)i;
	return to_sp805(d)->load;
}

static void set_load(struct vdev *d, unsigned int i, u64 val, u64 mask)
{
	struct sp805 *s = to_sp805(d);

	(void)i;
	(void)mask;
	if (!s->locked) {
		s->load = (u32)val;
		s->bitten = false;
		count_from(s, s->load);
		update(s);
	}
}

static u64 get_value(struct vdev *d, unsigned int i)
{
	(void)i;
	return value(to_sp805(d));
}

static u64 get_control(struct vdev *d, unsigned int i)
{
	(void)i;
	return to_sp805(d)->control;
}

static void set_control(struct vdev *d, unsigned int i, u64 val, u64 mask)
{
	struct sp805 *s = to_sp805(d);
	u32 was = s->control, now = value(s);

	(void)i;
	(void)mask;
	if (s->locked) {
		return;
	}
	s->control = (u32)val & (INTEN | RESEN);
	if ((s->control & RESEN) == 0) {
		s->bitten = false;
	}
	if (was != s->control) {
		/* Enabling starts from WDOGLOAD; all else leaves the counter where it is. */
		count_from(s, (~was & s->control & INTEN) != 0 ? s->load : now);
	}
	update(s);
}

static void set_intclr(struct vdev *d, unsigned int i, u64 val, u64 mask)
{
	struct sp805 *s = to_sp805(d);

	(void)i;
	(void)val;
	(void)mask;
	if (!s->locked) {
		s->ris = 0;
		s->bitten = false;
		count_from(s, s->load);
		update(s);
	}
}

static u64 get_ris(struct vdev *d, unsigned int i)
{
	(void)i;
	return to_sp805(d)->ris;
}

static u64 get_mis(struct vdev *d, unsigned int i)
{
	(void)i;
	return to_sp805(d)->ris & to_sp805(d)->control & INTEN;
}

static u64 get_lock(struct vdev *d, unsigned int i)
{
	(void)i;
	return to_sp805(d)->locked;
}

static void set_lock(struct vdev *d, unsigned int i, u64 val, u64 mask)
{
	(void)i;
	(void)mask;
	to_sp805(d)->locked = val != UNLOCK;
}

static u64 get_itcr(struct vdev *d, unsigned int i)
{
	(void)i;
	return to_sp805(d)->itcr;
}

/* ITCR and ITOP, the second write only. */
static void set_test(struct vdev *d, unsigned int i, u64 val, u64 mask)
{
	struct sp805 *s = to_sp805(d);

	(void)mask;
	if (s->locked) {
		return;
	}
	if (i == 0) {
		s->itcr = (u32)val & 1;
	} else {
		s->itop = (u32)val & (ITOP_RES | ITOP_INT);
	}
	update(s);
}

static u64 get_test(struct vdev *d, unsigned int i)
{
	return i == 0 ? get_itcr(d, 0) : 0;
}

static u64 get_id(struct vdev *d, unsigned int i)
{
	(void)d;
	return primecell_id(0x00141805, i); /* PeriphID: part 0x805, ARM, revision 1 */
}

#define REG(at, getter, setter) PRIMECELL_REG(at, 4, getter, setter)

static const struct vreg regs[] = {
	REG(0x000, get_load, set_load),
	REG(0x004, get_value, NULL),
	REG(0x008, get_control, set_control),
	REG(0x00c, NULL, set_intclr),
	REG(0x010, get_ris, NULL),
	REG(0x014, get_mis, NULL),
	REG(0xc00, get_lock, set_lock),
	{ .off = 0xf00, .end = 0xf08, .width = 4, .sizes = 4, .get = get_test, .set = set_test },
	PRIMECELL_ID(get_id),
};

/* From the option: the tree is also written for devices that were not created, by qvm-check. */
static u32 frequency(struct vdev *d)
{
	return (u32)vdev_option_num(d, "frequency", HZ_DEFAULT);
}

static int create(struct vdev *d)
{
	struct sp805 *s = to_sp805(d);

	s->hz = frequency(d);
	s->action = (u8)vdev_option_num(d, "action", TERMINATE);
	return 0;
}

static void reset(struct vdev *d)
{
	struct sp805 *s = to_sp805(d);

	s->control = s->ris = s->itcr = s->itop = 0;
	s->locked = s->bitten = false;
	s->load = ~0U;
	count_from(s, s->load);
	update(s);
}

static void fdt(struct vdev *d, struct fdt_node *n)
{
	static const char *const clock_names[] = { "wdog_clk", "apb_pclk" };
	u32 clocks[2] = { fdt_node_clock(n, frequency(d)), fdt_node_clock24m(n) };

	fdt_node_primecell(n, "arm,sp805", clock_names, clocks, ARRAY_SIZE(clocks));
}

static void status(struct vdev *d, char *buf, size_t size)
{
	struct sp805 *s = to_sp805(d);

	fmt_str(buf, size, "%s, load %u value %u%s%s", running(s) ? "running" : "stopped", s->load,
		value(s), s->ris != 0 ? ", expired once" : "", s->bitten ? ", bitten" : "");
}

static const struct vdev_option options[] = {
	{ .name = "action", .kind = VOPT_ENUM, .values = "terminate|fiq|dump,terminate|dump,fiq",
	  .help = "what the second expiry does" },
	{ .name = "frequency", .kind = VOPT_NUM, .min = 1, .max = 1000000000,
	  .help = "of the counter, in Hz (25000000)" },
	{ 0 },
};

VDEV(sp805) = {
	.abi = VDEV_ABI,
	.name = "wdt-sp805",
	.regs = regs,
	.reg_count = ARRAY_SIZE(regs),
	.window = 0x1000,
	.loc = 0x1c0f0000,
	.options = options,
	.state_size = sizeof(struct sp805),
	.create = create,
	.reset = reset,
	.node = "watchdog",
	.fdt = fdt,
	.expire = expire,
	.status = status,
};
