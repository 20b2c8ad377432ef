/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dual timer SP804 (ARM DDI 0271): two down counters, each free-running, periodic or one-shot, 16 or
 * 32 bits, prescaled, with one interrupt line for both (TIMINTC).
 *
 * Nothing counts in between: value and expiries follow from when the counter was started, and a
 * deadline is armed only for an interrupt that is enabled and not pending yet. So a guest cannot
 * have more expiries than it clears.
 */
#include "core/base/fmt.h"
#include "core/vdev.h"

#define ONESHOT BIT(0)
#define SIZE32 BIT(1)
#define PRESCALE BITS(3, 2)
#define INTEN BIT(5)
#define PERIODIC BIT(6)
#define ENABLE BIT(7)
#define CONTROL_BITS (ONESHOT | SIZE32 | PRESCALE | INTEN | PERIODIC | ENABLE)

#define HZ_DEFAULT 1000000 /* TIMCLK of Arm's boards */
#define NS 1000000000UL

struct counter {
	u32 load, control, ris;
	u32 from;    /* what it was started with, or where it stands */
	u64 began;   /* guest time of that, while it runs */
	u64 seen;    /* expiries since then that `ris` knows of */
};

struct sp804 {
	struct vdev dev; /* must be first */
	u64 hz;
	struct counter t[2];
	u32 itcr, itop;
};

static struct sp804 *to_sp804(struct vdev *d)
{
	return (struct sp804 *)d;
}

static u32 top(const struct counter *t)
{
	return (t->control & SIZE32) != 0 ? 0xffffffff : 0xffff;
}

static bool running(const struct counter *t)
{
	return (t->control & ENABLE) != 0;
}

/* Clock cycles per tick: 1, 16, 256; 3 is undefined. */
static u32 divider(const struct counter *t)
{
	return 1U << (4 * MIN(field_get(PRESCALE, t->control), 2UL));
}

/* Ticks from one expiry to the next. */
static u64 period(const struct counter *t)
{
	return (t->control & PERIODIC) != 0 ? MAX(t->load & top(t), 1U) : (u64)top(t) + 1;
}

static u64 ticks(struct sp804 *s, const struct counter *t)
{
	u64 ns = vdev_now_ns(&s->dev) - t->began;

	return (ns / NS * s->hz + ns % NS * s->hz / NS) / divider(t);
}

/* Guest time `n` ticks after the start, rounded up; saturates. */
static u64 time_of(const struct sp804 *s, const struct counter *t, u64 n)
{
	u64 cycles;

	if (__builtin_mul_overflow(n, divider(t), &cycles) || cycles / s->hz > ~0UL / NS / 2) {
		return ~0UL;
	}
	return t->began + cycles / s->hz * NS + (cycles % s->hz * NS + s->hz - 1) / s->hz;
}

static u64 expiries(const struct counter *t, u64 elapsed)
{
	if (elapsed < t->from) {
		return 0;
	}
	return (t->control & ONESHOT) != 0 ? 1 : 1 + (elapsed - t->from) / period(t);
}

static u32 value(struct sp804 *s, const struct counter *t)
{
	u64 elapsed;

	if (!running(t)) {
		return t->from;
	}
	elapsed = ticks(s, t);
	if (elapsed < t->from) {
		return t->from - (u32)elapsed;
	}
	if ((t->control & ONESHOT) != 0) {
		return 0;
	}
	return (u32)(period(t) - (elapsed - t->from) % period(t)) & top(t);
}

/* Take in what has expired. */
static void sync(struct sp804 *s, struct counter *t)
{
	u64 n = running(t) ? expiries(t, ticks(s, t)) : 0;

	t->ris |= n > t->seen;
	t->seen = MAX(n, t->seen);
}

/* When `t` will raise the line next, or 0: it is up, or never will be. */
static u64 next_time(const struct sp804 *s, const struct counter *t)
{
	if (!running(t) || (t->control & INTEN) == 0 || t->ris != 0 ||
	    ((t->control & ONESHOT) != 0 && t->seen != 0)) {
		return 0;
	}
	return time_of(s, t, t->from + t->seen * period(t));
}

static bool line(const struct sp804 *s)
{
	if (s->itcr != 0) {
		return s->itop != 0;
	}
	return ((s->t[0].ris & s->t[0].control >> 5) | (s->t[1].ris & s->t[1].control >> 5)) != 0;
}

static void update(struct sp804 *s)
{
	u64 a, b;

	sync(s, &s->t[0]);
	sync(s, &s->t[1]);
	vdev_set_irq(&s->dev, line(s));
	a = next_time(s, &s->t[0]);
	b = next_time(s, &s->t[1]);
	vdev_arm(&s->dev, a == 0 || b == 0 ? MAX(a, b) : MIN(a, b));
}

static void expire(struct vdev *d)
{
	update(to_sp804(d));
}

static void start(struct sp804 *s, struct counter *t, u32 from)
{
	t->from = from & top(t);
	t->began = vdev_now_ns(&s->dev);
	t->seen = 0;
}

static u64 get_load(struct vdev *d, unsigned int i)
{
	return to_sp804(d)->t[i].load;
}

/* TimerXLoad starts the counter anew; TimerXBGLoad takes effect when it reaches zero. */
static void set_load(struct vdev *d, unsigned int i, u64 val, u64 mask)
{
	struct sp804 *s = to_sp804(d);

	(void)mask;
	sync(s, &s->t[i]);
	s->t[i].load = (u32)val;
	start(s, &s->t[i], (u32)val);
	update(s);
}

static void set_bgload(struct vdev *d, unsigned int i, u64 val, u64 mask)
{
	struct sp804 *s = to_sp804(d);
	struct counter *t = &s->t[i];
	u32 now = value(s, t);

	(void)mask;
	sync(s, t);
	start(s, t, now);
	t->load = (u32)val;
	update(s);
}

static u64 get_value(struct vdev *d, unsigned int i)
{
	return value(to_sp804(d), &to_sp804(d)->t[i]);
}

static u64 get_control(struct vdev *d, unsigned int i)
{
	return to_sp804(d)->t[i].control;
}

static void set_control(struct vdev *d, unsigned int i, u64 val, u64 mask)
{
	struct sp804 *s = to_sp804(d);
	struct counter *t = &s->t[i];
	u32 now = value(s, t);
	bool halted;

	(void)mask;
	sync(s, t);
	halted = now == 0 && t->seen != 0; /* it has told of this zero */
	t->control = (u32)val & CONTROL_BITS;
	start(s, t, now); /* it goes on from where it stands */
	t->seen = halted;
	update(s);
}

static void set_intclr(struct vdev *d, unsigned int i, u64 val, u64 mask)
{
	struct sp804 *s = to_sp804(d);

	(void)val;
	(void)mask;
	sync(s, &s->t[i]);
	s->t[i].ris = 0;
	update(s);
}

static u64 get_ris(struct vdev *d, unsigned int i)
{
	sync(to_sp804(d), &to_sp804(d)->t[i]);
	return to_sp804(d)->t[i].ris;
}

static u64 get_mis(struct vdev *d, unsigned int i)
{
	return get_ris(d, i) & to_sp804(d)->t[i].control >> 5 & 1;
}

#define OF_TIMER(n) \
	static u64 get_load##n(struct vdev *d, unsigned int i) { (void)i; return get_load(d, n); } \
	static u64 get_value##n(struct vdev *d, unsigned int i) { (void)i; return get_value(d, n); } \
	static u64 get_control##n(struct vdev *d, unsigned int i) { (void)i; return get_control(d, n); } \
	static u64 get_ris##n(struct vdev *d, unsigned int i) { (void)i; return get_ris(d, n); } \
	static u64 get_mis##n(struct vdev *d, unsigned int i) { (void)i; return get_mis(d, n); } \
	static void set_load##n(struct vdev *d, unsigned int i, u64 v, u64 m) { (void)i; set_load(d, n, v, m); } \
	static void set_bgload##n(struct vdev *d, unsigned int i, u64 v, u64 m) { (void)i; set_bgload(d, n, v, m); } \
	static void set_control##n(struct vdev *d, unsigned int i, u64 v, u64 m) { (void)i; set_control(d, n, v, m); } \
	static void set_intclr##n(struct vdev *d, unsigned int i, u64 v, u64 m) { (void)i; set_intclr(d, n, v, m); }

OF_TIMER(0)
OF_TIMER(1)

static u64 get_itcr(struct vdev *d, unsigned int i)
{
	return i == 0 ? to_sp804(d)->itcr : 0;
}

static void set_test(struct vdev *d, unsigned int i, u64 val, u64 mask)
{
	struct sp804 *s = to_sp804(d);

	(void)mask;
	if (i == 0) {
		s->itcr = (u32)val & 1;
	} else {
		s->itop = (u32)val & 3;
	}
	update(s);
}

static u64 get_id(struct vdev *d, unsigned int i)
{
	/* PeriphID: part 0x804, ARM, revision 1. PCellID: 0xb105f00d. */
	static const u8 id[8] = { 0x04, 0x18, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };

	(void)d;
	return id[i & 7];
}

#define REG(at, getter, setter) \
	{ .off = (at), .end = (at) + 4, .width = 4, .sizes = 4, .get = (getter), .set = (setter) }
#define TIMER(at, n) \
	REG(at, get_load##n, set_load##n), REG((at) + 4, get_value##n, NULL), \
	REG((at) + 8, get_control##n, set_control##n), REG((at) + 0xc, NULL, set_intclr##n), \
	REG((at) + 0x10, get_ris##n, NULL), REG((at) + 0x14, get_mis##n, NULL), \
	REG((at) + 0x18, get_load##n, set_bgload##n)

static const struct vreg regs[] = {
	TIMER(0x000, 0),
	TIMER(0x020, 1),
	{ .off = 0xf00, .end = 0xf08, .width = 4, .sizes = 4, .get = get_itcr, .set = set_test },
	{ .off = 0xfe0, .end = 0x1000, .width = 4, .sizes = 1 | 2 | 4, .get = get_id },
};

/* From the option: the tree is also written for devices that were not created, by qvm-check. */
static u32 frequency(struct vdev *d)
{
	const struct cfg_option *hz = vdev_option(d, "frequency");

	return hz != NULL ? (u32)hz->num : HZ_DEFAULT;
}

static int create(struct vdev *d)
{
	to_sp804(d)->hz = frequency(d);
	return 0;
}

static void reset(struct vdev *d)
{
	struct sp804 *s = to_sp804(d);

	for (u32 i = 0; i < 2; i++) {
		s->t[i] = (struct counter) { .control = INTEN, .from = 0xffffffff };
	}
	s->itcr = 0;
	s->itop = 0;
	update(s);
}

static void fdt(struct vdev *d, struct fdt_node *n)
{
	static const char *const compatible[] = { "arm,sp804", "arm,primecell" };
	static const char *const clock_names[] = { "timer0clk", "timer1clk", "apb_pclk" };
	u32 clock = fdt_node_clock(n, frequency(d));
	u32 clocks[3] = { clock, clock, fdt_node_clock24m(n) };

	fdt_node_strs(n, "compatible", compatible, ARRAY_SIZE(compatible));
	fdt_node_reg(n);
	fdt_node_intr(n, true);
	fdt_node_u32s(n, "clocks", clocks, ARRAY_SIZE(clocks));
	fdt_node_strs(n, "clock-names", clock_names, ARRAY_SIZE(clock_names));
}

static void status(struct vdev *d, char *buf, size_t size)
{
	struct sp804 *s = to_sp804(d);

	fmt_str(buf, size, "timer 0 %s 0x%x of 0x%x, timer 1 %s 0x%x of 0x%x",
		running(&s->t[0]) ? "at" : "stopped at", value(s, &s->t[0]), s->t[0].load,
		running(&s->t[1]) ? "at" : "stopped at", value(s, &s->t[1]), s->t[1].load);
}

static const char *const aliases[] = { "timer", NULL };

static const struct vdev_option options[] = {
	{ .name = "frequency", .kind = VOPT_NUM, .min = 1, .max = 1000000000,
	  .help = "of the counters, in Hz (1000000)" },
	{ 0 },
};

VDEV(sp804) = {
	.abi = VDEV_ABI,
	.name = "timer-sp804",
	.aliases = aliases,
	.regs = regs,
	.reg_count = ARRAY_SIZE(regs),
	.window = 0x1000,
	.need_loc = true,
	.options = options,
	.state_size = sizeof(struct sp804),
	.create = create,
	.reset = reset,
	.node = "timer",
	.fdt = fdt,
	.expire = expire,
	.status = status,
};
