/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clocks and resets of R-Car H3 against a model of the registers: what the monitor needs stays on, whatever guests write
 * to their virtual controller; each of two guests has its own bits of a shared word.
 */
#include "core/base/diag.h"
#include "core/clock/clock.c"
#include "tests/unit/cpg_util.h"
#include "tests/unit/vdev_util.h"

static struct board board;
static unsigned char *tree;
static struct heard heard;

/* A VM with devices of these modules (0: no more), and a virtual controller. */
struct guest {
	struct rig *r;
	struct cfg_pass pass;
	struct clock_set sets[2];
};

static void check_locked(void)
{
	cpg.odd += ctl.lock.taken == 0;
}

static bool machine(void)
{
	host_init();
	m_fresh();
	cpg.spy = check_locked;
	if (!h3_board(&board, &tree)) {
		return false;
	}
	clock_init(&board, board.uart_count != 0 ? &board.uart[0] : NULL);
	return ctl.b != NULL;
}

static void guest_new(struct guest *g, const char *name, const u32 *modules)
{
	memset(g, 0, sizeof(*g));
	g->r = rig_new(name, "cpg-mssr");
	for (; *modules != 0; modules++) {
		clock_add(&g->sets[0], (int)(*modules / 100 * 32 + *modules % 100));
		clock_add(&g->sets[1], (int)(*modules / 100 * 32 + *modules % 100));
	}
	g->pass = (struct cfg_pass){ .kind = PASS_DT, .what = "x", .modules = g->sets };
	g->r->cfg.pass = &g->pass;
	clock_promise(&g->r->cfg);
}

static bool guest_start(struct guest *g)
{
	return clock_hand_over(&g->r->cfg, listen(&heard)) == 0 && rig_start(g->r) == 0;
}

static void the_monitors_own(void)
{
	host_init();
	m_fresh();
	REQUIRE(h3_board(&board, &tree));
	cpg.reg[m_smstp[3] / 4] = cpg.reg[m_smstp[4] / 4] = ~0U; /* firmware has left all off */
	clock_init(&board, &board.uart[0]);
	CHECK(!m_stopped(310) && !m_stopped(408) && !m_stopped(402));
	CHECK(m_stopped(314) && m_stopped(311) && m_stopped(407));
	CHECK_EQ(cpg.refused, 0);
	CHECK_EQ(cpg.odd, 0);
	CHECK_EQ(cpg.reg[m_smstp[3] / 4], ~(1U << 10));
	/* What runs is left alone. */
	cpg.writes = 0;
	clock_init(&board, &board.uart[0]);
	CHECK_EQ(cpg.writes, 0);
	/* Without a driver, or a controller: nothing. */
	board.clock.ops = NULL;
	clock_init(&board, &board.uart[0]);
	CHECK(!clock_there());
	clock_update(0x13c, ~0U, ~0U);
	CHECK_EQ(cpg.writes, 0);
	CHECK_EQ(clock_read(0x13c), 0);
}

static void one_that_never_comes(void)
{
	struct guest g;
	const u32 mine[] = { 812, 0 };
	u32 looks;

	REQUIRE(machine());
	cpg.stuck[8] = 1U << 12;
	guest_new(&g, "one", mine);
	CHECK(!guest_start(&g));
	CHECK(strstr(heard.last, "clock 812 of a passed device does not start") != NULL);
	cpg.stuck[8] = 0;
	cpg.lag = TRIES - 10; /* late, but it comes */
	cpg.reg[m_smstp[8] / 4] = ~0U;
	CHECK(guest_start(&g));
	looks = cpg.lagging;
	CHECK_EQ(looks, 0);
	rig_free(g.r);
}

static void writes_need_the_key(void)
{
	REQUIRE(machine());
	m_io(CPG_BASE + 0x13c, 4, true, ~0UL);
	CHECK_EQ(cpg.refused, 1); /* the model does it */
	CHECK(!m_stopped(310));
	clock_update(0x13c, 1U << 14, 0);
	CHECK_EQ(cpg.refused, 1);
	CHECK(!m_stopped(314));
}

static u32 guest_read(struct guest *g, u32 off)
{
	return (u32)rig_read(g->r, off, 4);
}

static void guest_write(struct guest *g, u32 off, u32 val)
{
	rig_write(g->r, off, 4, val);
}

static void hand_over(void)
{
	const u32 mine[] = { 314, 812, 0 };
	struct guest g;

	REQUIRE(machine());
	guest_new(&g, "one", mine);
	REQUIRE(guest_start(&g));
	CHECK(!m_stopped(314) && !m_stopped(812) && m_stopped(313));
	CHECK_EQ(cpg.reg[0x74 / 4], 1); /* 200 MHz */
	CHECK_EQ(cpg.reg[0x78 / 4], 0x305); /* not its */
	CHECK_EQ(cpg.reg[0x268 / 4], 0x305);
	/* The guest leaves it all off, slow and in reset; its next life begins as the first. */
	guest_write(&g, 0x13c, ~0U);
	guest_write(&g, 0x990, ~0U);
	guest_write(&g, 0xb8, ~0U);
	guest_write(&g, 0x74, 0x31f);
	CHECK(m_stopped(314) && m_stopped(812) && m_in_reset(314) && cpg.reg[0x74 / 4] == 0x31f);
	CHECK(!m_in_reset(310) && !m_stopped(310) && !m_stopped(312));
	CHECK_EQ(clock_hand_over(&g.r->cfg, listen(&heard)), 0);
	CHECK(!m_stopped(314) && !m_stopped(812) && !m_in_reset(314) && cpg.reg[0x74 / 4] == 1);
	vdevs_reset(&g.r->vm);
	CHECK_EQ(guest_read(&g, 0x13c) >> 14 & 1, 0);
	CHECK_EQ(cpg.refused, 0);
	CHECK_EQ(cpg.odd, 0);
	rig_free(g.r);
}

static u32 pulse_low, pulse_high, others;

static void watch_pulse(void)
{
	check_locked();
	pulse_low += m_in_reset(314) && m_in_reset(812);
	pulse_high += !m_stopped(314) && !m_stopped(812);
	others |= (cpg.reg[m_srcr[3] / 4] & ~(1U << 14)) ^ 1U << 5;
}

static void quiet_thread(void *arg)
{
	clock_quiet(arg);
}

static void reset_between_lives(void)
{
	const u32 mine[] = { 314, 812, 702, 0 }, theirs[] = { 702, 0 };
	struct guest g, h;
	struct thread *t;
	u64 from;

	REQUIRE(machine());
	guest_new(&g, "one", mine);
	guest_new(&h, "two", theirs);
	REQUIRE(guest_start(&g));
	guest_write(&g, 0x990, ~0U); /* the reset finds the clock off */
	cpg.plain_srcr = true;
	cpg.reg[m_srcr[3] / 4] = 1U << 5; /* somebody else's */
	cpg.spy = watch_pulse;
	from = host_time_ns();
	pulse_low = pulse_high = others = 0;
	t = thread_create("quiet", 10, ~0UL, quiet_thread, &g.r->cfg);
	REQUIRE(t != NULL);
	schedule();
	CHECK(m_in_reset(314) && m_in_reset(812) && !m_stopped(812));
	host_pass_ns(20000);
	schedule();
	CHECK(m_in_reset(314)); /* more than a cycle of 32 kHz */
	host_pass_ns(100000);
	schedule();
	CHECK(!m_in_reset(314) && !m_in_reset(812));
	CHECK(host_time_ns() - from >= 31250 && pulse_low != 0);
	CHECK(!m_in_reset(702) && !m_stopped(310)); /* another VM has it, too */
	CHECK_EQ(others, 0);
	/* Not if the text says so. */
	g.pass.no_reset = true;
	cpg.writes = 0;
	clock_quiet(&g.r->cfg);
	CHECK_EQ(cpg.writes, 0);
	CHECK_EQ(cpg.refused, 0);
	CHECK_EQ(cpg.odd, 0);
	rig_free(g.r);
	free(h.r);
}

/* What Linux' driver of the controller does at the end of its start: each clock that runs and nobody uses is disabled. */
static void linux_sweep(struct guest *g, const u32 *used)
{
	for (u32 n = 0; n < 12; n++) {
		for (u32 bit = 0; bit < 32; bit++) {
			bool in_use = false;

			for (const u32 *u = used; *u != 0; u++) {
				in_use |= *u == n * 100 + bit;
			}
			if (!in_use && (guest_read(g, m_mstps[n]) >> bit & 1) == 0) {
				guest_write(g, m_smstp[n], guest_read(g, m_smstp[n]) | 1U << bit);
			}
		}
	}
}

/* Its enable: clear the bit, then look at the status a thousand times. */
static bool linux_enable(struct guest *g, u32 number)
{
	u32 n = number / 100, bit = number % 100;

	guest_write(g, m_smstp[n], guest_read(g, m_smstp[n]) & ~(1U << bit));
	for (u32 i = 0; i < 1000; i++) {
		if ((guest_read(g, m_mstps[n]) >> bit & 1) == 0) {
			return true;
		}
	}
	return false;
}

static void the_sweep(void)
{
	const u32 mine[] = { 314, 313, 812, 0 }, used[] = { 314, 0 };
	struct guest g;
	u32 before[12];

	REQUIRE(machine());
	guest_new(&g, "one", mine);
	REQUIRE(guest_start(&g));
	for (u32 n = 0; n < 12; n++) {
		before[n] = cpg.reg[m_smstp[n] / 4];
	}
	CHECK_EQ(guest_read(&g, 0x48) >> 10 & 1, 0); /* it sees the console's clock run */
	linux_sweep(&g, used);
	CHECK(!m_stopped(310) && !m_stopped(408) && !m_stopped(402) && !m_stopped(312));
	CHECK(m_stopped(313) && m_stopped(812) && !m_stopped(314));
	(void)guest_read(&g, 0x48);
	(void)guest_read(&g, 0x48);
	(void)guest_read(&g, 0x48);
	for (u32 n = 0; n < 12; n++) {
		u32 own = n == 3 ? 3U << 13 : n == 8 ? 1U << 12 : 0;

		CHECK_EQ(cpg.reg[m_smstp[n] / 4] & ~own, before[n] & ~own);
		/* All it has stopped reads as stopped. */
		CHECK_EQ(guest_read(&g, m_mstps[n]), n == 3 ? ~(1U << 14) : ~0U);
		CHECK_EQ(guest_read(&g, m_smstp[n]), n == 3 ? ~(1U << 14) : ~0U);
	}
	/* A driver that comes later gets its clock, real or not. */
	CHECK(linux_enable(&g, 812) && !m_stopped(812));
	CHECK(linux_enable(&g, 310) && linux_enable(&g, 1017) && m_stopped(1017));
	/* Its own that does not come, does not. */
	guest_write(&g, 0x990, ~0U);
	cpg.stuck[8] = 1U << 12;
	for (u32 i = 0; i <= cpg.lag; i++) {
		(void)guest_read(&g, 0x9a0);
	}
	CHECK(!linux_enable(&g, 812));
	CHECK_EQ(cpg.refused, 0);
	CHECK_EQ(cpg.odd, 0);
	rig_free(g.r);
}

static void resets(void)
{
	const u32 mine[] = { 314, 0 };
	struct guest g;

	REQUIRE(machine());
	cpg.reg[m_srcr[3] / 4] = 1U << 5; /* somebody else's */
	guest_new(&g, "one", mine);
	REQUIRE(guest_start(&g));
	for (u32 plain = 0; plain < 2; plain++) {
		cpg.plain_srcr = plain != 0;
		guest_write(&g, 0xb8, 1U << 14 | 1U << 10);
		CHECK(m_in_reset(314) && !m_in_reset(310) && m_in_reset(305));
		CHECK_EQ(guest_read(&g, 0xb8), 1U << 14 | 1U << 10 | 1U << 5);
		guest_write(&g, 0xb8, 0); /* zeros do nothing */
		CHECK(m_in_reset(314));
		guest_write(&g, 0x94c, 1U << 10);
		CHECK(m_in_reset(314));
		guest_write(&g, 0x94c, 1U << 14 | 1U << 5);
		CHECK(!m_in_reset(314) && m_in_reset(305));
		CHECK_EQ(guest_read(&g, 0xb8), 0); /* as it believes */
		CHECK_EQ(guest_read(&g, 0x94c), 0);
		guest_write(&g, 0xb8, 1U << 5);
	}
	CHECK_EQ(cpg.refused, 0);
	CHECK_EQ(cpg.odd, 0);
	rig_free(g.r);
}

static void two_guests_one_word(void)
{
	const u32 a_has[] = { 314, 702, 0 }, b_has[] = { 312, 702, 0 };
	struct guest a, b;
	u32 stale;

	REQUIRE(machine());
	guest_new(&a, "a", a_has);
	guest_new(&b, "b", b_has);
	REQUIRE(guest_start(&a) && guest_start(&b));
	/* A reads, B changes its own, A writes back what it read. */
	stale = guest_read(&a, 0x13c);
	guest_write(&b, 0x13c, guest_read(&b, 0x13c) | 1U << 12);
	CHECK(m_stopped(312));
	guest_write(&a, 0x13c, stale | 1U << 14);
	CHECK(m_stopped(312) && m_stopped(314) && !m_stopped(310));
	guest_write(&b, 0x13c, 0);
	CHECK(!m_stopped(312) && m_stopped(314));
	/* What both have neither stops, though each sees what it did. */
	guest_write(&a, 0x14c, ~0U);
	CHECK(!m_stopped(702));
	CHECK_EQ(guest_read(&a, 0x1c4) >> 2 & 1, 1);
	CHECK_EQ(guest_read(&b, 0x1c4) >> 2 & 1, 0);
	guest_write(&a, 0x1cc, ~0U);
	CHECK(!m_in_reset(702));
	/* SD clocks, each its own. */
	guest_write(&a, 0x74, 0x104);
	guest_write(&a, 0x268, 0x3ff);
	CHECK_EQ(cpg.reg[0x74 / 4], 0x104);
	CHECK_EQ(cpg.reg[0x268 / 4], 1);
	CHECK_EQ(guest_read(&a, 0x268), 0x31f);
	CHECK_EQ(guest_read(&b, 0x268), 1);
	guest_write(&b, 0x268, 0xffffffff);
	CHECK_EQ(cpg.reg[0x268 / 4], 0x31f);
	CHECK_EQ(cpg.refused, 0);
	CHECK_EQ(cpg.odd, 0);
	rig_free(a.r);
	rig_free(b.r);
}

/* Nothing of the model but the bits of modules 314 and 812 may differ from `was`. */
static bool only_own(const u32 *was)
{
	for (u32 i = 0; i < 0x400; i++) {
		u32 own = i == 0x13c / 4 || i == 0xb8 / 4 ? 1U << 14 : i == 0x990 / 4 || i == 0x920 / 4 ? 1U << 12 :
			  i == 0x74 / 4 ? 0x31f : 0;

		if (((cpg.reg[i] ^ was[i]) & ~own) != 0) {
			test_fail(__FILE__, __LINE__, "register 0x%x has changed: 0x%x, 0x%x", i * 4, was[i], cpg.reg[i]);
			return false;
		}
	}
	return true;
}

/* Every width, alignment and offset, several values: the console's clock, all others' bits and all dividers stay. */
static void hostile_writes(void)
{
	static const u64 values[] = { 0, ~0UL, 0xa5a5a5a55a5a5a5a, 0x5a5affff, 0xa5a50000 };
	const u32 mine[] = { 314, 812, 0 };
	static u32 was[0x400];
	struct guest g;
	u64 seed = 88172645463325252;

	REQUIRE(machine());
	guest_new(&g, "one", mine);
	REQUIRE(guest_start(&g));
	memcpy(was, cpg.reg, sizeof(was));
	for (u32 off = 0; off < 0x11000; off++) {
		for (u8 size = 1; size <= 8; size *= 2) {
			for (u32 v = 0; v < ARRAY_SIZE(values) && off + size <= 0x11000; v++) {
				g.r->message[0] = '\0';
				rig_write(g.r, off, size, values[v]);
				CHECK_EQ(strcmp(g.r->message, "abort") == 0, size != 4 || off % 4 != 0);
				if (off < 0x1000 || off >= 0x10000) {
					REQUIRE(only_own(was));
				}
			}
			if (off + size <= 0x11000) {
				(void)rig_read(g.r, off, size);
			}
		}
	}
	/* And in any order. */
	for (u32 i = 0; i < 200000; i++) {
		seed ^= seed << 13;
		seed ^= seed >> 7;
		seed ^= seed << 17;
		rig_write(g.r, seed % 0x1000 & ~3UL, 4, seed >> 20);
		if (i % 64 == 0) {
			REQUIRE(only_own(was));
		}
	}
	CHECK(!m_stopped(310) && !m_in_reset(310) && !m_stopped(408) && !m_in_reset(408));
	CHECK_EQ(cpg.refused, 0);
	CHECK_EQ(cpg.odd, 0);
	rig_free(g.r);
}

static void without_modules(void)
{
	const u32 none[] = { 0 }, console[] = { 310, 408, 402, 0 };
	struct guest g;
	u32 writes;

	REQUIRE(machine());
	guest_new(&g, "one", none);
	REQUIRE(guest_start(&g));
	writes = cpg.writes;
	linux_sweep(&g, none);
	guest_write(&g, 0xb8, ~0U);
	CHECK_EQ(cpg.writes, writes);
	rig_free(g.r);
	/* Devices that name the console's module do not make it theirs. */
	guest_new(&g, "two", console);
	REQUIRE(guest_start(&g));
	writes = cpg.writes;
	linux_sweep(&g, none);
	guest_write(&g, 0xb8, ~0U);
	CHECK_EQ(cpg.writes, writes);
	CHECK(!m_stopped(310));
	rig_free(g.r);
}

static void what_is_read(void)
{
	const u32 mine[] = { 314, 0 };
	char text[80];
	struct guest g;

	REQUIRE(machine());
	guest_new(&g, "one", mine);
	REQUIRE(guest_start(&g));
	CHECK_EQ(guest_read(&g, 0xd0), 0x1f00);
	CHECK_EQ(guest_read(&g, 0x240), 0x1f);
	guest_write(&g, 0x240, 0);
	CHECK_EQ(guest_read(&g, 0x240), 0x1f);
	/* Its own bits are the real ones: the monitor has switched one on again. */
	guest_write(&g, 0x13c, ~0U);
	clock_update(0x13c, 1U << 14, 0);
	CHECK_EQ(guest_read(&g, 0x13c), ~(1U << 14));
	CHECK_EQ(guest_read(&g, 0x900), 0);
	CHECK_EQ(guest_read(&g, 0x10060), 0x00c06100);
	CHECK_EQ(guest_read(&g, 0x10054), 0);
	CHECK_EQ(guest_read(&g, 0x5000), 0);
	g.r->vm.vdevs->type->status(g.r->vm.vdevs, text, sizeof(text));
	CHECK_STR(text, "1 modules of its own, 0 stopped");
	CHECK_EQ(cpg.odd, 0);
	rig_free(g.r);
	/* No controller, no VM with one. */
	memset(&ctl, 0, sizeof(ctl));
	g.r = rig_new("two", "cpg-mssr");
	CHECK(rig_start(g.r) != 0);
	CHECK(strstr(g.r->message, "the board has no clock controller") != NULL);
	free(g.r);
}

TEST_MAIN(RUN(the_monitors_own), RUN(one_that_never_comes), RUN(writes_need_the_key), RUN(hand_over), RUN(reset_between_lives),
	  RUN(the_sweep), RUN(resets), RUN(two_guests_one_word), RUN(hostile_writes), RUN(without_modules), RUN(what_is_read))
