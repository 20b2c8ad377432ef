/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sample device: a counter that goes up once per period and may interrupt.
 *
 *   0x00 COUNT   read only, 32 bits, wraps
 *   0x04 CTRL    bit 0: interrupt enabled
 *   0x08 STATUS  bit 0: it has ticked since this was last cleared; write 1 to clear
 *
 *   irq line = CTRL.0 && STATUS.0   (level, updated on every change)
 *
 * docs/vdev.md walks through this file. In a VM's description:
 *   vdev ticker loc 0x1c100000 intr gic:40 period 250
 */
#include "core/base/fmt.h"
#include "core/vdev.h"

#define DEFAULT_PERIOD_MS 1000

struct ticker {
	struct vdev dev; /* must be first */
	u32 count;
	bool enabled, ticked;
	u64 period_ns, next_ns;
};

static struct ticker *to_ticker(struct vdev *d)
{
	return (struct ticker *)d;
}

static void update(struct ticker *t)
{
	vdev_set_irq(&t->dev, t->enabled && t->ticked);
}

static u64 get_count(struct vdev *d, unsigned int i)
{
	(void)i;
	return READ_ONCE(to_ticker(d)->count); /* polled: the lock is not held */
}

static u64 get_ctrl(struct vdev *d, unsigned int i)
{
	(void)i;
	return to_ticker(d)->enabled;
}

static void set_ctrl(struct vdev *d, unsigned int i, u64 val, u64 mask)
{
	(void)i;
	if ((mask & 1) != 0) {
		to_ticker(d)->enabled = (val & 1) != 0;
		update(to_ticker(d));
	}
}

static u64 get_status(struct vdev *d, unsigned int i)
{
	(void)i;
	return to_ticker(d)->ticked;
}

static void set_status(struct vdev *d, unsigned int i, u64 val, u64 mask)
{
	(void)i;
	(void)mask;
	if ((val & 1) != 0) {
		to_ticker(d)->ticked = false;
		update(to_ticker(d));
	}
}

static const struct vreg regs[] = {
	{ .off = 0x00, .end = 0x04, .width = 4, .sizes = 4, .polled = true, .get = get_count },
	{ .off = 0x04, .end = 0x08, .width = 4, .sizes = 4, .get = get_ctrl, .set = set_ctrl },
	{ .off = 0x08, .end = 0x0c, .width = 4, .sizes = 4, .get = get_status, .set = set_status },
};

/* A late call makes up for what was missed: the count follows the guest's clock. */
static void expire(struct vdev *d)
{
	struct ticker *t = to_ticker(d);
	u64 missed = (vdev_now_ns(d) - t->next_ns) / t->period_ns;

	WRITE_ONCE(t->count, (u32)(t->count + 1 + missed));
	t->next_ns += (1 + missed) * t->period_ns;
	t->ticked = true;
	update(t);
	vdev_arm(d, t->next_ns);
}

static int create(struct vdev *d)
{
	const struct cfg_option *period = vdev_option(d, "period");

	to_ticker(d)->period_ns = (period != NULL ? period->num : DEFAULT_PERIOD_MS) * 1000000;
	return 0;
}

static void reset(struct vdev *d)
{
	struct ticker *t = to_ticker(d);

	t->count = 0;
	t->enabled = t->ticked = false;
	update(t);
	t->next_ns = vdev_now_ns(d) + t->period_ns;
	vdev_arm(d, t->next_ns);
}

static void fdt(struct vdev *d, struct fdt_node *n)
{
	(void)d;
	fdt_node_str(n, "compatible", "quoin,ticker");
	fdt_node_reg(n);
	fdt_node_intr(n, true);
}

static void status(struct vdev *d, char *buf, size_t size)
{
	fmt_str(buf, size, "count %u", to_ticker(d)->count);
}

static const struct vdev_option options[] = {
	{ .name = "period", .kind = VOPT_NUM, .min = 1, .max = 3600000, .help = "milliseconds per tick" },
	{ 0 },
};

VDEV(ticker) = {
	.abi = VDEV_ABI,
	.name = "ticker",
	.regs = regs,
	.reg_count = ARRAY_SIZE(regs),
	.window = 0x1000,
	.need_loc = true,
	.need_intr = true,
	.options = options,
	.state_size = sizeof(struct ticker),
	.create = create,
	.reset = reset,
	.expire = expire,
	.node = "ticker",
	.fdt = fdt,
	.status = status,
};
