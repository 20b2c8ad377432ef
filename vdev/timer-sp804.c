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
#include "vdev/primecell.h"

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

/* Words of a timer, each TIMER_WORDS behind the other's. */
enum { LOAD, VALUE, CONTROL, INTCLR, RIS, MIS, BGLOAD, TIMER_WORDS = 8 };

static u64 get_timer(struct vdev *d, unsigned int i)
{
	struct sp804 *s = to_sp804(d);
	struct counter *t = &s->t[i / TIMER_WORDS];

	switch (i % TIMER_WORDS) {
	case LOAD:
	case BGLOAD:
		return t->load;
	case VALUE:
		return value(s, t);
	case CONTROL:
		return t->control;
	case RIS:
		sync(s, t);
		return t->ris;
	case MIS:
		sync(s, t);
		return t->ris & t->control >> 5 & 1;
	default:
		return 0;
	}
}

static void set_timer(struct vdev *d, unsigned int i, u64 val, u64 mask)
{
	struct sp804 *s = to_sp804(d);
	struct counter *t = &s->t[i / TIMER_WORDS];
	u32 now = value(s, t);
	bool halted;

	(void)mask;
	sync(s, t);
	switch (i % TIMER_WORDS) {
	case LOAD: /* starts the counter anew */
		t->load = (u32)val;
		start(s, t, (u32)val);
		break;
	case BGLOAD: /* takes effect when it reaches zero */
		start(s, t, now);
		t->load = (u32)val;
		break;
	case CONTROL:
		halted = now == 0 && t->seen != 0; /* it has told of this zero */
		t->control = (u32)val & CONTROL_BITS;
		start(s, t, now); /* it goes on from where it stands */
		t->seen = halted;
		break;
	case INTCLR:
		t->ris = 0;
		break;
	default:
		return;
	}
	update(s);
}

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
	(void)d;
	return primecell_id(0x00141804, i); /* PeriphID: part 0x804, ARM, revision 1 */
}

static const struct vreg regs[] = {
	{ .off = 0x000, .end = 0x040, .width = 4, .sizes = 4, .get = get_timer, .set = set_timer },
	{ .off = 0xf00, .end = 0xf08, .width = 4, .sizes = 4, .get = get_itcr, .set = set_test },
	PRIMECELL_ID(get_id),
};

/* From the option: the tree is also written for devices that were not created, by qvm-check. */
static u32 frequency(struct vdev *d)
{
	return (u32)vdev_option_num(d, "frequency", HZ_DEFAULT);
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
	static const char *const clock_names[] = { "timer0clk", "timer1clk", "apb_pclk" };
	u32 clock = fdt_node_clock(n, frequency(d));
	u32 clocks[3] = { clock, clock, fdt_node_clock24m(n) };

	fdt_node_primecell(n, "arm,sp804", clock_names, clocks, ARRAY_SIZE(clocks));
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
