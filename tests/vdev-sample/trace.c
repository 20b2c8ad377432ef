/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sample device: one read-only register of 32 bits at 0 that counts the seconds since the VM's start, and wraps.
 *
 *   vdev trace loc 0x1c110000 [emit-logger]
 *
 * emit-logger has every step logged. It is made with `make vdev SRC=tests/vdev-sample/trace.c`, named `vdev-trace` in
 * the buildfile, and read by guests/baremetal/sample.c.
 */
#include "core/base/fmt.h"
#include "core/vdev.h"

#define SECOND_NS 1000000000UL

struct trace_counter {
	struct vdev dev; /* must be first */
	u32 count;
	bool emit;
	u64 next_ns;
};

static struct trace_counter *to_counter(struct vdev *d)
{
	return (struct trace_counter *)d;
}

static u64 get_count(struct vdev *d, unsigned int i)
{
	(void)i;
	return READ_ONCE(to_counter(d)->count); /* polled: the lock is not held */
}

static const struct vreg regs[] = {
	{ .off = 0x00, .end = 0x04, .width = 4, .sizes = 4, .polled = true, .get = get_count },
};

/* A late call makes up for what was missed: the count follows the guest's clock. */
static void expire(struct vdev *d)
{
	struct trace_counter *t = to_counter(d);
	u64 steps = 1 + (vdev_now_ns(d) - t->next_ns) / SECOND_NS;

	WRITE_ONCE(t->count, (u32)(t->count + steps));
	t->next_ns += steps * SECOND_NS;
	if (t->emit) {
		vdev_log(d, "trace: %u", t->count);
	}
	vdev_arm(d, t->next_ns);
}

static int create(struct vdev *d)
{
	to_counter(d)->emit = vdev_option(d, "emit-logger") != NULL;
	return 0;
}

static void reset(struct vdev *d)
{
	struct trace_counter *t = to_counter(d);

	t->count = 0;
	t->next_ns = vdev_now_ns(d) + SECOND_NS;
	vdev_arm(d, t->next_ns);
}

static void fdt(struct vdev *d, struct fdt_node *n)
{
	(void)d;
	fdt_node_str(n, "compatible", "quoin,trace-counter");
	fdt_node_reg(n);
}

static void status(struct vdev *d, char *buf, size_t size)
{
	fmt_str(buf, size, "count %u", to_counter(d)->count);
}

static const struct vdev_option options[] = {
	{ .name = "emit-logger", .kind = VOPT_FLAG, .help = "log every step" },
	{ .name = NULL },
};

VDEV(trace) = {
	.abi = VDEV_ABI,
	.name = "trace",
	.regs = regs,
	.reg_count = ARRAY_SIZE(regs),
	.window = 0x1000,
	.need_loc = true,
	.options = options,
	.state_size = sizeof(struct trace_counter),
	.create = create,
	.reset = reset,
	.expire = expire,
	.node = "counter",
	.fdt = fdt,
	.status = status,
};
