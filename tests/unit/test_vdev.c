/* SPDX-License-Identifier: Apache-2.0 */
/* core/vdev*.c: types found by name, tables checked, accesses dispatched, instances made and freed. */
#include <errno.h>
#include "tests/unit/test.h"
#include "tests/unit/vdev_util.h"

/* A device with every kind of register; it remembers how it was called. */
struct probe {
	struct vdev dev;
	u64 word, last_val, last_mask;
	u32 calls, idx, resets, expired;
	bool locked;
	u64 array[4];
};

static struct probe *to_probe(struct vdev *d)
{
	return (struct probe *)d;
}

static bool destroyed;
static u32 quiesced;

static u64 get(struct vdev *d, unsigned int i)
{
	to_probe(d)->calls++;
	to_probe(d)->idx = i;
	to_probe(d)->locked = d->lock.taken != 0;
	return 0x8877665544332211UL + i;
}

static void set(struct vdev *d, unsigned int i, u64 val, u64 mask)
{
	to_probe(d)->calls++;
	to_probe(d)->idx = i;
	to_probe(d)->last_val = val;
	to_probe(d)->last_mask = mask;
	to_probe(d)->locked = d->lock.taken != 0;
}

static int create(struct vdev *d)
{
	const struct cfg_option *fail = vdev_option(d, "fail");

	if (fail != NULL) {
		vdev_error(d, &fail->pos, "told to fail: %s", fail->str);
		return -EINVAL;
	}
	return 0;
}

static void reset(struct vdev *d)
{
	to_probe(d)->resets++;
}

static void destroy(struct vdev *d)
{
	(void)d;
	destroyed = true;
}

static void quiesce(struct vdev *d)
{
	(void)d;
	quiesced++;
}

static void expire(struct vdev *d)
{
	to_probe(d)->expired++;
	to_probe(d)->locked = d->lock.taken != 0;
}

static const struct vreg regs[] = {
	{ .off = 0x00, .end = 0x04, .width = 4, .sizes = 4, .get = get, .set = set },
	{ .off = 0x04, .end = 0x05, .width = 1, .sizes = 1, .get = get, .set = set },
	{ .off = 0x06, .end = 0x08, .width = 2, .sizes = 1 | 2, .get = get, .set = set },
	{ .off = 0x08, .end = 0x10, .width = 8, .sizes = 1 | 2 | 4 | 8, .get = get, .set = set },
	{ .off = 0x10, .end = 0x20, .width = 4, .sizes = 1 | 2 | 4, .get = get, .set = set },
	{ .off = 0x20, .end = 0x24, .width = 4, .sizes = 4, .set = set },
	{ .off = 0x24, .end = 0x28, .width = 4, .sizes = 4, .get = get },
	{ .off = 0xff8, .end = 0x1000, .width = 8, .sizes = 8, .get = get, .set = set },
};
static const struct vdev_option options[] = {
	{ .name = "fail", .kind = VOPT_STRING }, { .name = "many", .kind = VOPT_NUM, .repeat = true }, { 0 },
};
static const char *const aliases[] = { "probe2", NULL };

VDEV(probe) = {
	.abi = VDEV_ABI, .name = "probe", .aliases = aliases, .regs = regs, .reg_count = ARRAY_SIZE(regs),
	.window = 0x1000, .need_loc = true, .need_intr = true, .options = options,
	.state_size = sizeof(struct probe), .create = create, .reset = reset, .quiesce = quiesce, .destroy = destroy,
	.expire = expire,
};

static enum mmio_result whole(struct vdev *d, struct vcpu *v, struct mmio *m)
{
	(void)v;
	to_probe(d)->locked = d->lock.taken != 0;
	m->val = 0x100 + m->off;
	return m->off == 13 ? MMIO_ABORT : MMIO_DONE;
}

VDEV(window) = {
	.abi = VDEV_ABI, .name = "window", .window = 0x10000, .need_loc = true,
	.state_size = sizeof(struct probe), .access = whole,
};

/* Word registers only, one of them polled. */
static const struct vreg words[] = {
	{ .off = 0x00, .end = 0x08, .width = 4, .sizes = 1 | 4, .get = get, .set = set },
	{ .off = 0x08, .end = 0x0c, .width = 4, .sizes = 4, .polled = true, .get = get, .set = set },
	{ .off = 0x10, .end = 0x20, .width = 8, .sizes = 4 | 8, .get = get, .set = set },
};

VDEV(words) = {
	.abi = VDEV_ABI, .name = "words", .regs = words, .reg_count = ARRAY_SIZE(words), .window = 0x1000,
	.need_loc = true, .state_size = sizeof(struct probe),
};

/* As the vGIC: named in configurations, but not made here. */
VDEV(stateless) = { .abi = VDEV_ABI, .name = "stateless", .window = 0x1000 };

static struct rig *rig;
static struct probe *p;

static bool start(const char *type)
{
	host_init();
	rig = rig_new("guest", type);
	if (rig->vdev.type == NULL || rig_start(rig) != 0) {
		test_fail(__FILE__, __LINE__, "%s: %s", type, rig->message);
		return false;
	}
	p = to_probe(rig->vm.vdevs);
	return true;
}

static void names(void)
{
	static const char *const good[] = {
		"probe", "vdev-probe", "probe.so", "vdev-probe.so", "probe2", "vdev-probe2.so",
		"/lib/dll/vdev-probe.so", "./probe",
	};
	static const char *const bad[] = { "", "prob", "probe3", "vdev-", ".so", "probe.s", "Probe", "x/", "vdev-vdev-probe" };

	for (u32 i = 0; i < ARRAY_SIZE(good); i++) {
		if (vdev_find(good[i]) != &vdev_type_probe) {
			test_fail(__FILE__, __LINE__, "\"%s\" is not found", good[i]);
		}
	}
	for (u32 i = 0; i < ARRAY_SIZE(bad); i++) {
		if (vdev_find(bad[i]) != NULL) {
			test_fail(__FILE__, __LINE__, "\"%s\" is found", bad[i]);
		}
	}
	CHECK(vdev_find("pl011") != NULL);
}

static void types_of_this_build(void)
{
	const struct vdev_type *t;

	for (u32 i = 0; (t = vdev_type_at(i)) != NULL; i++) {
		const char *why = vdev_type_ok(t);

		if (why != NULL) {
			test_fail(__FILE__, __LINE__, "%s: %s", t->name, why);
		}
	}
	CHECK(vdev_type_at(1000) == NULL);
}

static const char *verdict(struct vdev_type t, const struct vreg *r, u32 n)
{
	t.regs = r;
	t.reg_count = n;
	return vdev_type_ok(&t);
}

#define BAD(want, ...) \
	do { \
		static const struct vreg r_[] = { __VA_ARGS__ }; \
		CHECK_STR(verdict(vdev_type_probe, r_, ARRAY_SIZE(r_)), want); \
	} while (0)

static void broken_types(void)
{
	static struct vreg many[256];
	static const struct vdev_option twice[] = {
		{ .name = "a", .kind = VOPT_FLAG }, { .name = "a", .kind = VOPT_NUM }, { 0 },
	};
	static const struct vdev_option set_without[] = { { .name = "a", .kind = VOPT_ENUM }, { 0 } };
	struct vdev_type t = vdev_type_probe;

	BAD(NULL, { .off = 0, .end = 4, .width = 4, .sizes = 4 });
	BAD("a register's width is not 1, 2, 4 or 8", { .off = 0, .end = 3, .width = 3, .sizes = 1 });
	BAD("a register is not aligned to its width", { .off = 2, .end = 6, .width = 4, .sizes = 4 });
	BAD("a register is not aligned to its width", { .off = 0, .end = 6, .width = 4, .sizes = 4 });
	BAD("a register row is empty", { .off = 4, .end = 4, .width = 4, .sizes = 4 });
	BAD("a register row is empty", { .off = 8, .end = 4, .width = 4, .sizes = 4 });
	BAD("register rows overlap or are not sorted", { .off = 0, .end = 8, .width = 4, .sizes = 4 },
	    { .off = 4, .end = 8, .width = 4, .sizes = 4 });
	BAD("register rows overlap or are not sorted", { .off = 8, .end = 12, .width = 4, .sizes = 4 },
	    { .off = 0, .end = 4, .width = 4, .sizes = 4 });
	BAD("a register's access sizes do not fit its width", { .off = 0, .end = 4, .width = 4 });
	BAD("a register's access sizes do not fit its width",
	    { .off = 0, .end = 4, .width = 4, .sizes = 4 | 8 });
	BAD("the polled register has no 32-bit getter",
	    { .off = 0, .end = 4, .width = 4, .sizes = 4, .polled = true });
	BAD("the polled register has no 32-bit getter",
	    { .off = 0, .end = 2, .width = 2, .sizes = 2, .polled = true, .get = get });
	BAD("a register lies outside the window", { .off = 0xffc, .end = 0x1004, .width = 4, .sizes = 4 });
	CHECK_STR(verdict(t, many, 256), "the register table is too large");
	t.window = 0x20000;
	CHECK_STR(vdev_type_ok(&t), "the register table is too large");
	t = vdev_type_probe;
	t.abi++;
	CHECK_STR(vdev_type_ok(&t), "made for another version of core/vdev.h");
	t = vdev_type_probe;
	t.name = "";
	CHECK_STR(vdev_type_ok(&t), "no name");
	t = vdev_type_probe;
	t.state_size = sizeof(struct vdev) - 1;
	CHECK_STR(vdev_type_ok(&t), "state_size has no room for struct vdev");
	t = vdev_type_probe;
	t.options = twice;
	CHECK_STR(vdev_type_ok(&t), "an option is declared twice");
	t.options = set_without;
	CHECK_STR(vdev_type_ok(&t), "an option of a fixed set has no values");
}

static void reads(void)
{
	static const struct {
		u32 off;
		u8 size;
		u32 idx;
		u64 val;
	} t[] = {
		{ 0x00, 4, 0, 0x44332211 }, { 0x04, 1, 0, 0x11 }, { 0x06, 2, 0, 0x2211 },
		{ 0x06, 1, 0, 0x11 }, { 0x07, 1, 0, 0x22 }, { 0x08, 8, 0, 0x8877665544332211 },
		{ 0x08, 4, 0, 0x44332211 }, { 0x0c, 4, 0, 0x88776655 }, { 0x0e, 2, 0, 0x8877 },
		{ 0x0f, 1, 0, 0x88 }, { 0x10, 4, 0, 0x44332211 }, { 0x1c, 4, 3, 0x44332214 },
		{ 0x15, 1, 1, 0x22 }, { 0x1a, 2, 2, 0x4433 }, { 0x24, 4, 0, 0x44332211 },
		{ 0xff8, 8, 0, 0x8877665544332211 },
	};

	REQUIRE(start("probe"));
	for (u32 i = 0; i < ARRAY_SIZE(t); i++) {
		p->calls = 0;
		p->idx = ~0U;
		CHECK_EQ(rig_read(rig, t[i].off, t[i].size), t[i].val);
		CHECK_EQ(p->calls, 1);
		CHECK_EQ(p->idx, t[i].idx);
		CHECK(p->locked);
		CHECK_EQ(p->dev.lock.taken, 0);
	}
	p->calls = 0;
	CHECK_EQ(rig_read(rig, 0x20, 4), 0); /* write only */
	CHECK_EQ(p->calls, 0);
	rig_free(rig);
}

static void writes(void)
{
	static const struct {
		u32 off;
		u8 size;
		u32 idx;
		u64 val, mask;
	} t[] = {
		{ 0x00, 4, 0, 0xccddeeff, 0xffffffff },
		{ 0x04, 1, 0, 0xff, 0xff },
		{ 0x07, 1, 0, 0xff00, 0xff00 },
		{ 0x08, 8, 0, 0x8899aabbccddeeff, ~0UL },
		{ 0x0c, 4, 0, 0xccddeeff00000000, 0xffffffff00000000 },
		{ 0x0f, 1, 0, 0xff00000000000000, 0xff00000000000000 },
		{ 0x1a, 2, 2, 0xeeff0000, 0xffff0000 },
		{ 0x20, 4, 0, 0xccddeeff, 0xffffffff },
		{ 0xff8, 8, 0, 0x8899aabbccddeeff, ~0UL },
	};

	REQUIRE(start("probe"));
	for (u32 i = 0; i < ARRAY_SIZE(t); i++) {
		p->calls = 0;
		rig_write(rig, t[i].off, t[i].size, 0x8899aabbccddeeff);
		CHECK_EQ(p->calls, 1);
		CHECK_EQ(p->idx, t[i].idx);
		CHECK_EQ(p->last_val, t[i].val);
		CHECK_EQ(p->last_mask, t[i].mask);
		CHECK(p->locked);
		CHECK_EQ(p->dev.lock.taken, 0);
	}
	p->calls = 0;
	rig_write(rig, 0x24, 4, 1); /* read only */
	CHECK_EQ(p->calls, 0);
	rig_free(rig);
}

static void refused_and_holes(void)
{
	static const struct {
		u32 off;
		u8 size;
	} bad[] = {
		{ 0x00, 1 }, { 0x00, 2 }, { 0x00, 8 }, { 0x04, 2 }, { 0x04, 4 }, { 0x06, 4 }, { 0x10, 8 },
		{ 0x11, 2 }, { 0x12, 4 }, { 0x09, 8 }, { 0xff8, 4 }, { 0xffc, 4 }, { 0x22, 1 },
	}, hole[] = { { 0x05, 1 }, { 0x28, 4 }, { 0x28, 8 }, { 0x7f0, 1 }, { 0xff0, 8 }, { 0xff4, 4 } };

	REQUIRE(start("probe"));
	for (u32 i = 0; i < 2 * ARRAY_SIZE(bad); i++) {
		struct mmio m = { .off = bad[i / 2].off, .size = bad[i / 2].size, .write = i % 2 };

		if (rig_access(rig, &m) != MMIO_ABORT) {
			test_fail(__FILE__, __LINE__, "%u bytes at %#x", m.size, (u32)m.off);
		}
	}
	CHECK_EQ(p->calls, 0);
	CHECK_EQ(p->dev.unknown, 0);
	for (u32 i = 0; i < ARRAY_SIZE(hole); i++) {
		CHECK_EQ(rig_read(rig, hole[i].off, hole[i].size), 0);
		rig_write(rig, hole[i].off, hole[i].size, 1);
	}
	CHECK_EQ(p->calls, 0);
	CHECK_EQ(p->dev.unknown, 2 * ARRAY_SIZE(hole));
	rig_free(rig);
}

/* Every offset and size, with guard pages of the sanitizer around state and map. */
static void any_access_is_safe(void)
{
	REQUIRE(start("probe"));
	for (u32 off = 0; off < 0x1000; off++) {
		for (u8 size = 1; size <= 8 && off + size <= 0x1000; size *= 2) {
			rig_read(rig, off, size);
			rig_write(rig, off, size, ~0UL);
		}
	}
	rig_free(rig);
}

/* The short way of words gives the same as the long one. */
static void words_have_a_way_of_their_own(void)
{
	struct mmio_window *w;

	REQUIRE(start("words"));
	w = &rig->vm.window[0];
	REQUIRE(w->read32 != NULL && w->write32 != NULL);
	for (u32 off = 0; off < 0x40; off += 4) {
		struct mmio m = { .off = off, .size = 4 };
		u32 calls;

		p->calls = 0;
		p->idx = ~0U;
		p->locked = false;
		CHECK_EQ(w->fn(w->arg, NULL, &m), MMIO_DONE);
		calls = p->calls;
		CHECK_EQ(w->read32(w->arg, NULL, off), m.val);
		CHECK_EQ(p->calls, 2 * calls);
		CHECK_EQ(p->locked, calls != 0 && off != 8);
		m.write = true;
		m.val = 0x12345678;
		p->last_val = 0;
		CHECK_EQ(w->fn(w->arg, NULL, &m), MMIO_DONE);
		m.val = p->last_val;
		p->last_val = 0;
		w->write32(w->arg, NULL, off, 0x12345678);
		CHECK_EQ(p->last_val, m.val);
	}
	rig_free(rig);
	/* A device that refuses words somewhere has none. */
	REQUIRE(start("probe"));
	CHECK(rig->vm.window[0].read32 == NULL);
	rig_free(rig);
}

static void whole_window(void)
{
	REQUIRE(start("window"));
	CHECK_EQ(rig->vm.window[0].size, 0x10000);
	CHECK_EQ(rig_read(rig, 12, 4), 0x10c);
	CHECK(!p->locked);
	CHECK_EQ(rig_read(rig, 13, 1), ~0UL);
	rig_free(rig);
}

static void life(void)
{
	destroyed = false;
	REQUIRE(start("probe"));
	CHECK_EQ(p->resets, 1);
	CHECK_EQ(p->dev.base, 0x1c090000);
	CHECK_EQ(p->dev.size, 0x1000);
	CHECK_EQ(rig->vm.window_count, 1);
	CHECK_EQ(rig->vm.window[0].base, 0x1c090000);
	vdevs_reset(&rig->vm);
	CHECK_EQ(p->resets, 2);
	vdevs_destroy(&rig->vm);
	CHECK(destroyed);
	CHECK(rig->vm.vdevs == NULL);
	free(rig);
	host_init();
	rig = rig_new("guest", "stateless");
	CHECK_EQ(rig_start(rig), 0);
	CHECK(rig->vm.vdevs == NULL);
	rig->vdev.type = NULL; /* comes later: said by the parser, left out here */
	CHECK_EQ(rig_start(rig), 0);
	CHECK(rig->vm.vdevs == NULL);
	rig_free(rig);
}

static void failed(const char *message)
{
	CHECK_STR(rig->message, message);
	CHECK(rig->vm.vdevs == NULL);
	CHECK_EQ(rig->diag.errors, 1);
	rig_free(rig);
}

static void creation_fails(void)
{
	static struct vdev_type broken;
	u64 before;

	host_init();
	before = mem_free_bytes();
	destroyed = false;
	quiesced = 0;
	rig = rig_new("guest", "probe");
	rig_option(rig, "fail", "loudly", 0);
	CHECK_EQ(rig_start(rig), -EINVAL);
	failed("x.qvmconf:4:1: error: vdev probe: told to fail: loudly");
	CHECK(!destroyed);
	CHECK_EQ(quiesced, 0); /* what create() had made is gone */

	rig = rig_new("guest", "probe");
	rig->vdev.loc = NULL;
	CHECK_EQ(rig_start(rig), -EINVAL);
	failed("x.qvmconf:3:1: error: vdev probe: no location, expected `loc ADDRESS`");

	rig = rig_new("guest", "probe");
	rig->vdev.intr = NULL;
	CHECK_EQ(rig_start(rig), -EINVAL);
	failed("x.qvmconf:3:1: error: vdev probe: no interrupt, expected `intr gic:N`");

	broken = vdev_type_probe;
	broken.abi = 99;
	rig = rig_new("guest", "probe");
	rig->vdev.type = &broken;
	CHECK_EQ(rig_start(rig), -EINVAL);
	failed("x.qvmconf:3:1: error: vdev probe: made for another version of core/vdev.h");

	/* The second of two at one place: the first is taken down again. */
	rig = rig_new("guest", "probe");
	struct cfg_vdev second = rig->vdev;
	rig->vdev.next = &second;
	rig->loc.pos = (struct src_pos){ "x.qvmconf", 5, 7 };
	CHECK(rig_start(rig) != 0);
	CHECK(destroyed);
	failed("x.qvmconf:5:7: error: vdev probe: its window overlaps another at 0x1c090000");
	CHECK_EQ(mem_free_bytes(), before);
}

static void options_are_found(void)
{
	host_init();
	rig = rig_new("guest", "probe");
	rig_option(rig, "many", "7", 7);
	rig_option(rig, "many", "8", 8);
	REQUIRE(rig_start(rig) == 0);
	CHECK_EQ(vdev_option(rig->vm.vdevs, "many")->num, 7);
	CHECK(vdev_option(rig->vm.vdevs, "fail") == NULL);
	CHECK(vdev_option(rig->vm.vdevs, "none") == NULL);
	rig_free(rig);
}

static void deadlines(void)
{
	REQUIRE(start("probe"));
	rig->vm.cntvoff = 400;
	CHECK_EQ(vdev_now_ns(&p->dev), host_time_ns() - 400);
	vdev_arm(&p->dev, vdev_now_ns(&p->dev) + 1000);
	host_pass_ns(1000);
	CHECK_EQ(p->expired, 0);
	host_pass_ns(2);
	CHECK_EQ(p->expired, 1);
	CHECK(p->locked);
	host_pass_ns(10000);
	CHECK_EQ(p->expired, 1); /* once */
	vdev_arm(&p->dev, vdev_now_ns(&p->dev) + 1000);
	vdev_arm(&p->dev, vdev_now_ns(&p->dev) + 5000); /* moved */
	host_pass_ns(2000);
	CHECK_EQ(p->expired, 1);
	vdev_arm(&p->dev, 0);
	host_pass_ns(10000);
	CHECK_EQ(p->expired, 1);
	vdev_arm(&p->dev, vdev_now_ns(&p->dev) + 1000);
	vdevs_reset(&rig->vm);
	host_pass_ns(10000);
	CHECK_EQ(p->expired, 1);
	vdev_arm(&p->dev, vdev_now_ns(&p->dev) + 1000);
	rig_free(rig); /* armed: must not fire into freed memory */
	CHECK(list_empty(&percpus[0].timers));
}

static unsigned int greedy(struct vdev *d, const u8 *buf, unsigned int n)
{
	to_probe(d)->last_val = buf[0];
	to_probe(d)->locked = d->lock.taken != 0;
	return buf[0] == 'a' ? n + 5 : 1;
}

static void room(struct vdev *d)
{
	to_probe(d)->calls++;
	to_probe(d)->locked = d->lock.taken != 0;
}

static void input_and_room(void)
{
	static struct vdev_type t;

	host_init();
	t = vdev_type_words;
	t.input = greedy;
	t.output_ready = room;
	rig = rig_new("guest", "words");
	rig->vdev.type = &t;
	REQUIRE(rig_start(rig) == 0);
	p = to_probe(rig->vm.vdevs);
	CHECK_EQ(vdev_input(&p->dev, (const u8 *)"abc", 3), 3); /* no more than there was */
	CHECK(p->locked && p->dev.lock.taken == 0 && !p->dev.starved);
	CHECK_EQ(vdev_input(&p->dev, (const u8 *)"bc", 2), 1);
	CHECK(p->dev.starved);
	p->locked = false;
	vdev_output_ready(&p->dev);
	CHECK_EQ(p->calls, 1);
	CHECK(p->locked && p->dev.lock.taken == 0);
	rig_free(rig);
}

static void guest_lines(void)
{
	REQUIRE(start("probe"));
	host_uart_reset();
	console_use(&uart_host, 0, 0);
	rig->cfg.logger_mask = ~0U;
	vdev_log(&p->dev, "odd value %u", 5);
	CHECK(strstr(host_uart.out, "guest") != NULL);
	CHECK(strstr(host_uart.out, "probe: odd value 5\r\n") != NULL);
	rig_free(rig);
}

static void the_line(void)
{
	REQUIRE(start("probe"));
	vdev_set_irq(&p->dev, true);
	CHECK(p->dev.line);
	vdev_set_irq(&p->dev, true);
	CHECK(p->dev.line);
	vdev_set_irq(&p->dev, false);
	CHECK(!p->dev.line);
	rig_free(rig);
}

/* What the image builder looks for in an object. */
static void note(void)
{
	CHECK_EQ(sizeof(struct vdev_note), 32);
	CHECK_EQ(vdev_note_probe.namesz, 6);
	CHECK_EQ(vdev_note_probe.descsz, 12);
	CHECK_MEM(vdev_note_probe.name, "Quoin\0\0", 8);
	CHECK_EQ(vdev_note_probe.abi, VDEV_ABI);
	CHECK_EQ(vdev_note_probe.type_size, sizeof(struct vdev_type));
	CHECK_EQ(vdev_note_probe.head_size, sizeof(struct vdev));
}

/*
 * Others may ask a device for work until it has left what it shares with them, which it does in
 * destroy(): it is not done any more, but who would do it is still there.
 */
static u32 works;

static void leaving_work(struct vdev *d)
{
	(void)d;
	works++;
}

static void leave(struct vdev *d)
{
	vdev_work(d);
	schedule();
}

static void asked_while_it_leaves(void)
{
	static struct vdev_type late;
	u64 before;

	host_init();
	REQUIRE(thread_reaper_start());
	schedule();
	before = mem_free_bytes();
	late = vdev_type_probe;
	late.work = leaving_work;
	late.destroy = leave;
	works = 0;
	rig = rig_new("guest", "probe");
	rig->vdev.type = &late;
	struct cfg_vdev second = rig->vdev;
	struct cfg_loc elsewhere = rig->loc;
	elsewhere.addr += 0x10000;
	second.loc = &elsewhere;
	second.sched_prio = 5;
	rig->vdev.next = &second;
	rig->cfg.cpu_count = 1;
	REQUIRE(rig_start(rig) == 0);
	rig_free(rig);
	schedule();
	CHECK_EQ(works, 0);
	CHECK_EQ(mem_free_bytes(), before);
}

/* The PCI bus and the ITS of a VM count as well, so the configuration's limit is not enough. */
static void too_many_with_work(void)
{
	static struct vdev_type late;

	host_init();
	late = vdev_type_probe;
	late.work = leaving_work;
	rig = rig_new("guest", "probe");
	rig->vdev.type = &late;
	rig->cfg.cpu_count = 1;
	rig->vm.with_work_count = ARRAY_SIZE(rig->vm.with_work);
	CHECK_EQ(rig_start(rig), -ENOSPC);
	failed("x.qvmconf:3:1: error: vdev probe: more than 32 devices that have work to do");
}

TEST_MAIN(RUN(names), RUN(types_of_this_build), RUN(broken_types), RUN(reads), RUN(writes),
	  RUN(refused_and_holes), RUN(any_access_is_safe), RUN(words_have_a_way_of_their_own),
	  RUN(whole_window), RUN(life),
	  RUN(creation_fails), RUN(options_are_found), RUN(deadlines), RUN(the_line), RUN(input_and_room),
	  RUN(guest_lines), RUN(asked_while_it_leaves), RUN(too_many_with_work),
	  RUN(note))
