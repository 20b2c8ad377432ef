/* SPDX-License-Identifier: Apache-2.0 */
/* Shared memory between VMs through its registers. Offsets are those of the published interface. */
#include "tests/unit/test.h"
#include "tests/unit/vdev_util.h"

#define AREA 0x30000000UL

static struct rig *r[2];

static struct rig *new_vm(u32 n, const char *option, const char *text)
{
	static const char *const name[2] = { "a", "b" };

	r[n] = rig_new(name[n], "shmem");
	r[n]->vdev.area = AREA;
	r[n]->cfg.cpu_count = 1;
	if (option != NULL) {
		rig_option(r[n], option, text, strcmp(option, "limit") == 0 ? MiB(1) : 0);
	}
	if (s2_init(&r[n]->vm.s2, (u8)(n + 1), 40) != 0 || rig_start(r[n]) != 0) {
		test_fail(__FILE__, __LINE__, "not created: %s", r[n]->message);
	}
	return r[n];
}

static void free_vm(u32 n)
{
	struct s2 s2 = r[n]->vm.s2;

	rig_free(r[n]);
	s2_destroy(&s2);
}

static u64 rd(u32 n, u64 off, u8 size)
{
	return rig_read(r[n], off, size);
}

static void wr(u32 n, u64 off, u8 size, u64 val)
{
	rig_write(r[n], off, size, val);
	schedule();
}

/* In the area: control pages. */
static u64 ctl(u32 n, ipa_t at, bool write, u64 val)
{
	struct mmio m = { .off = at - AREA, .size = 4, .val = val, .write = write };
	struct mmio_window *w = &r[n]->vm.window[1];

	CHECK_EQ(w->base, AREA);
	CHECK_EQ(w->fn(w->arg, NULL, &m), MMIO_DONE);
	schedule();
	return m.val;
}

static u64 ctl_sized(u32 n, ipa_t at, u8 size)
{
	struct mmio m = { .off = at - AREA, .size = size };

	CHECK_EQ(r[n]->vm.window[1].fn(r[n]->vm.window[1].arg, NULL, &m), MMIO_DONE);
	return m.val;
}

static void name(u32 n, const char *text)
{
	for (size_t i = 0; i <= strlen(text); i++) {
		wr(n, 0x1c + i, 1, (u8)text[i]); /* byte by byte, as guests do */
	}
}

static u64 create(u32 n, const char *text, u32 pages)
{
	name(n, text);
	wr(n, 0x18, 4, pages);
	return rd(n, 0x14, 4);
}

static pa_t behind(u32 n, ipa_t ipa)
{
	struct s2_leaf leaf;

	return s2_lookup(&r[n]->vm.s2, ipa, &leaf) ? leaf.pa : 0;
}

static void factory(void)
{
	host_init();
	new_vm(0, NULL, NULL);
	r[0]->vm.vdevs->intid = 38;
	CHECK_EQ(rd(0, 0x00, 8), 0x4d534732474d5651);
	CHECK_EQ(rd(0, 0x04, 4), 0x4d534732);
	CHECK_EQ(rd(0, 0x10, 4), 38);
	CHECK_EQ(rd(0, 0x14, 4), 0);
	CHECK_EQ(rd(0, 0x08, 8), 0);
	CHECK_EQ(rd(0, 0x100, 8), 0);
	r[0]->vm.vdevs->intid = 0;
	free_vm(0);
}

static void two_share(void)
{
	ipa_t a, b;

	host_init();
	new_vm(0, NULL, NULL);
	new_vm(1, NULL, NULL);
	CHECK_EQ(create(0, "fb", 3), 0);
	a = rd(0, 0x08, 8);
	CHECK_EQ(rd(0, 0x18, 4), 3);
	CHECK_EQ(create(1, "fb", 77), 0); /* the first one's size counts */
	CHECK_EQ(rd(1, 0x18, 4), 3);
	b = rd(1, 0x08, 8);
	for (u32 i = 0; i < 3; i++) {
		CHECK(behind(0, a + 0x1000 + 0x1000 * i) != 0);
		CHECK_EQ(behind(0, a + 0x1000 + 0x1000 * i), behind(1, b + 0x1000 + 0x1000 * i));
	}
	CHECK_EQ(behind(0, a), 0);          /* the control page traps */
	CHECK_EQ(behind(0, a + 0x4000), 0); /* and no more than three pages are there */
	CHECK_EQ(ctl(0, a + 4, false, 0), 0);
	CHECK_EQ(ctl(1, b + 4, false, 0), 1);
	/* The attaching of b was news for a; reading takes it away. */
	CHECK(r[0]->vm.vdevs->line);
	CHECK_EQ(ctl(0, a, false, 0), 3 << 16);
	CHECK(!r[0]->vm.vdevs->line);
	ctl(0, a + 8, true, 2);
	CHECK(r[1]->vm.vdevs->line);
	CHECK(!r[0]->vm.vdevs->line);
	CHECK_EQ(ctl(1, b, false, 0), 3 << 16 | 1);
	CHECK_EQ(ctl(1, b, false, 0), 3 << 16);
	CHECK(!r[1]->vm.vdevs->line);
	ctl(1, b + 8, true, ~0U); /* everyone but itself */
	CHECK(r[0]->vm.vdevs->line);
	CHECK(!r[1]->vm.vdevs->line);
	CHECK_EQ(ctl(0, a, false, 0), 3 << 16 | 2);
	ctl(0, a + 8, true, 0xfffc); /* nobody there */
	ctl(1, b + 12, true, 1);     /* detach */
	CHECK_EQ(behind(1, b + 0x1000), 0);
	CHECK_EQ(ctl(0, a, false, 0), 1 << 16);
	free_vm(1);
	free_vm(0);
}

static void errors(void)
{
	host_init();
	new_vm(0, "limit", "1M");
	CHECK_EQ(create(0, "", 1), 4);
	CHECK_EQ(create(0, "with blank", 1), 4);
	CHECK_EQ(create(0, "nothing", 0), 6);
	CHECK_EQ(create(0, "huge", 0xffffffff), 2);
	CHECK_EQ(create(0, "over", 257), 2); /* 1 MiB is this guest's share */
	CHECK_EQ(create(0, "ok", 256), 0);
	CHECK_EQ(create(0, "more", 1), 2);
	wr(0, 0x3c, 4, 0);
	CHECK_EQ(rd(0, 0x14, 4), 0);
	CHECK_EQ(rd(0, 0x1c, 1), 'o');
	wr(0, 0x3c, 4, 1);
	CHECK_EQ(rd(0, 0x14, 4), 6);
	free_vm(0);
}

/* What stands behind the end of a name is none of it. */
static void junk_behind_a_name(void)
{
	host_init();
	new_vm(0, NULL, NULL);
	new_vm(1, "allow", "fb");
	name(1, "long_before");
	CHECK_EQ(create(1, "fb", 1), 0);
	CHECK_EQ(create(0, "fb", 1), 0);
	CHECK_EQ(ctl(0, rd(0, 0x08, 8), false, 0) >> 16, 3);
	free_vm(1);
	free_vm(0);
}

/* One guest does not take all the regions there are. */
static void a_guests_share(void)
{
	char text[] = "r0";

	host_init();
	new_vm(0, NULL, NULL);
	new_vm(1, NULL, NULL);
	for (; text[1] < '8'; text[1]++) {
		CHECK_EQ(create(0, text, 1), 0);
	}
	CHECK_EQ(create(0, text, 1), 2);
	CHECK_EQ(create(1, text, 1), 0); /* another's is not its own */
	CHECK_EQ(create(0, text, 1), 0);
	ctl(0, rd(0, 0x08, 8) + 12, true, 1);
	CHECK_EQ(create(0, "r9", 1), 2);
	CHECK_EQ(create(0, "r0", 1), 0);
	ctl(0, rd(0, 0x08, 8) + 12, true, 1);
	wr(0, 0x3c, 4, 0);
	ctl(0, rd(0, 0x08, 8) + 12, true, 1); /* the last client of one that it made */
	CHECK_EQ(create(0, "r9", 1), 0);
	free_vm(1);
	free_vm(0);
}

static void sixteen_clients(void)
{
	host_init();
	new_vm(0, NULL, NULL);
	new_vm(1, NULL, NULL);
	for (u32 i = 0; i < 8; i++) {
		CHECK_EQ(create(0, "many", 1), 0);
		CHECK_EQ(create(1, "many", 1), 0);
	}
	CHECK_EQ(create(0, "many", 1), 3);
	free_vm(1); /* its eight places are free again */
	CHECK_EQ(create(0, "many", 1), 0);
	free_vm(0);
}

static void who_may(void)
{
	host_init();
	new_vm(0, "allow", "fb_*");
	CHECK_EQ(create(0, "fb_shared", 1), 0);
	CHECK_EQ(create(0, "fb", 1), 5);
	CHECK_EQ(create(0, "other", 1), 5);
	free_vm(0);
	new_vm(0, "deny", "[s-t]e?ret");
	CHECK_EQ(create(0, "secret", 1), 5);
	CHECK_EQ(create(0, "tearet", 1), 5);
	CHECK_EQ(create(0, "secrets", 1), 0);
	CHECK_EQ(create(0, "regret", 1), 0);
	free_vm(0);
}

static void made_beforehand(void)
{
	u64 free_before;

	host_init();
	REQUIRE(thread_reaper_start());
	schedule();
	free_before = mem_free_bytes();
	new_vm(0, "create", "fb,5M");
	new_vm(1, NULL, NULL);
	CHECK_EQ(create(1, "fb", 0), 0);
	CHECK_EQ(rd(1, 0x18, 4), 5 * 256);
	/* The data start where a block can map them. */
	CHECK_EQ((rd(1, 0x08, 8) + 0x1000) % MiB(2), 0);
	free_vm(0); /* still in use by the other */
	CHECK(behind(1, rd(1, 0x08, 8) + 0x1000) != 0);
	free_vm(1);
	schedule(); /* threads that have ended give their stacks back */
	CHECK_EQ(mem_free_bytes(), free_before);
}

/* A VM that stops is a client no more, and sees nothing when it starts again. */
static void a_stopped_vm(void)
{
	ipa_t a;

	host_init();
	new_vm(0, NULL, NULL);
	new_vm(1, NULL, NULL);
	CHECK_EQ(create(0, "x", 1), 0);
	a = rd(0, 0x08, 8);
	CHECK_EQ(create(1, "x", 1), 0);
	ctl(0, a, false, 0);
	vdevs_quiesce(&r[1]->vm);
	CHECK_EQ(ctl(0, a, false, 0), 1 << 16);
	vdevs_reset(&r[1]->vm);
	CHECK_EQ(rd(1, 0x08, 8), 0);
	CHECK_EQ(ctl(1, a, false, 0) & 0xffffffff, 0xffffffff);
	free_vm(1);
	free_vm(0);
}

/* The window says whether an access is to the factory page, not what was in the caller's structure before. */
static void factory_or_area(void)
{
	struct mmio m = { .off = 0, .size = 8, .area = true };

	host_init();
	new_vm(0, NULL, NULL);
	CHECK_EQ(r[0]->vm.window[0].fn(r[0]->vm.window[0].arg, NULL, &m), MMIO_DONE);
	CHECK_EQ(m.val, 0x4d534732474d5651UL);
	free_vm(0);
}

/* Compilers join and split accesses: whatever covers a register's first byte reaches it. */
static void any_access_size(void)
{
	ipa_t a;

	host_init();
	new_vm(0, NULL, NULL);
	new_vm(1, NULL, NULL);
	r[0]->vm.vdevs->intid = 38;
	wr(0, 0x1c, 8, 0x6766656463626120); /* " abcdefg", then the first letter again, by two bytes */
	wr(0, 0x1c, 2, 0x6178);
	wr(0, 0x24, 8, 0);
	CHECK_EQ(rd(0, 0x1c, 8), 0x6766656463626178);
	wr(0, 0x14, 8, 2UL << 32 | 0xffffffff); /* the status is read-only, the size behind it is not */
	CHECK_EQ(rd(0, 0x14, 4), 0);
	CHECK_EQ(rd(0, 0x18, 4), 2);
	CHECK_EQ(rd(0, 0x10, 8), 38);
	CHECK_EQ(rd(0, 0x18, 2), 2);
	CHECK_EQ(rd(0, 0x08, 4), rd(0, 0x08, 8));
	a = rd(0, 0x08, 8);
	CHECK_EQ(create(1, "xabcdefg", 1), 0);
	CHECK_EQ(ctl(1, rd(1, 0x08, 8) + 8, true, 1), 1);
	CHECK_EQ(ctl_sized(0, a, 8), 3 << 16 | 2);
	CHECK_EQ(ctl_sized(0, a + 2, 2) & 0xffff, 3);
	CHECK_EQ(ctl_sized(0, a + 4, 8), 0);
	wr(0, 0x38, 8, 0); /* the name's end and a find */
	CHECK_EQ(rd(0, 0x14, 4), 0);
	CHECK_EQ(rd(0, 0x08, 8), a);
	r[0]->vm.vdevs->intid = 0;
	free_vm(1);
	free_vm(0);
}

/* 31 characters and the NUL fit; 32 have no end. */
static void long_names(void)
{
	static const char fits[] = "0123456789abcdefghijklmnopqrstu", longer[] = "0123456789abcdefghijklmnopqrstuv";

	host_init();
	new_vm(0, NULL, NULL);
	CHECK_EQ(create(0, fits, 1), 0);
	for (u32 i = 0; i < 32; i++) {
		wr(0, 0x1c + i, 1, (u8)longer[i]);
	}
	wr(0, 0x18, 4, 1);
	CHECK_EQ(rd(0, 0x14, 4), 4);
	CHECK_EQ(create(0, "bell\a", 1), 4);
	CHECK_EQ(create(0, "\xc3\xa4", 1), 4);
	free_vm(0);
}

/* All connections are found by number, each with its page, name and size; a number goes when its connection goes. */
static void find_numbers(void)
{
	static const char *const names[3] = { "one", "two", "three" };
	ipa_t at[3];

	host_init();
	new_vm(0, NULL, NULL);
	for (u32 i = 0; i < 3; i++) {
		CHECK_EQ(create(0, names[i], i + 1), 0);
		at[i] = rd(0, 0x08, 8);
	}
	for (u32 i = 0; i < 3; i++) {
		wr(0, 0x3c, 4, 2 - i);
		CHECK_EQ(rd(0, 0x14, 4), 0);
		CHECK_EQ(rd(0, 0x3c, 4), 2 - i);
		CHECK_EQ(rd(0, 0x08, 8), at[2 - i]);
		CHECK_EQ(rd(0, 0x18, 4), 3 - i);
		CHECK_EQ(rd(0, 0x1c, 1), (u8)names[2 - i][0]);
	}
	wr(0, 0x3c, 4, 3);
	CHECK_EQ(rd(0, 0x14, 4), 6);
	wr(0, 0x3c, 4, 0xffffffff);
	CHECK_EQ(rd(0, 0x14, 4), 6);
	ctl(0, at[1] + 12, true, 0);
	wr(0, 0x3c, 4, 1);
	CHECK_EQ(rd(0, 0x08, 8), at[2]);
	wr(0, 0x3c, 4, 2);
	CHECK_EQ(rd(0, 0x14, 4), 6);
	free_vm(0);
}

/* Coming and going are news for those who are there, once for each time the status is read; not for oneself. */
static void attach_and_detach_interrupt(void)
{
	ipa_t a, b;

	host_init();
	new_vm(0, NULL, NULL);
	new_vm(1, NULL, NULL);
	CHECK_EQ(create(0, "x", 1), 0);
	a = rd(0, 0x08, 8);
	CHECK(!r[0]->vm.vdevs->line);
	CHECK_EQ(create(1, "x", 1), 0);
	b = rd(1, 0x08, 8);
	CHECK(r[0]->vm.vdevs->line);
	CHECK(!r[1]->vm.vdevs->line);
	CHECK_EQ(ctl(0, a, false, 0), 3 << 16);
	ctl(1, b + 12, true, 0); /* whatever is written */
	CHECK(r[0]->vm.vdevs->line);
	CHECK(!r[1]->vm.vdevs->line);
	CHECK_EQ(ctl(0, a, false, 0), 1 << 16);
	CHECK(!r[0]->vm.vdevs->line);
	/* A notification of nobody, of who has left, of a number there never is: nothing. */
	ctl(0, a + 8, true, 0);
	ctl(0, a + 8, true, 2);
	ctl(0, a + 8, true, 0xffff0000);
	CHECK(!r[0]->vm.vdevs->line);
	/* Reads of what is only written, and writes of what is only read. */
	CHECK_EQ(ctl(0, a + 8, false, 0), 0);
	CHECK_EQ(ctl(0, a + 12, false, 0), 0);
	ctl(0, a, true, 0xffffffff);
	ctl(0, a + 4, true, 5);
	CHECK_EQ(ctl(0, a, false, 0), 1 << 16);
	CHECK_EQ(ctl(0, a + 4, false, 0), 0);
	free_vm(1);
	free_vm(0);
}

static void several_patterns(void)
{
	host_init();
	r[0] = rig_new("a", "shmem");
	rig_option(r[0], "allow", "a", 0);
	rig_option(r[0], "deny", "b1", 0);
	rig_option(r[0], "allow", "b*", 0);
	rig_option(r[0], "deny", "b?", 0);
	r[0]->vdev.area = AREA;
	r[0]->cfg.cpu_count = 1;
	REQUIRE(s2_init(&r[0]->vm.s2, 1, 40) == 0 && rig_start(r[0]) == 0);
	CHECK_EQ(create(0, "a", 1), 0);
	CHECK_EQ(create(0, "aa", 1), 5);
	CHECK_EQ(create(0, "b1", 1), 5);
	CHECK_EQ(create(0, "b2", 1), 0);
	CHECK_EQ(create(0, "c", 1), 5);
	free_vm(0);
}

static void two_made_beforehand(void)
{
	host_init();
	r[0] = rig_new("a", "shmem");
	rig_option(r[0], "create", "one,4K", 0);
	rig_option(r[0], "create", "two,5000", 0);
	r[0]->vdev.area = AREA;
	r[0]->cfg.cpu_count = 1;
	REQUIRE(s2_init(&r[0]->vm.s2, 1, 40) == 0 && rig_start(r[0]) == 0);
	new_vm(1, NULL, NULL);
	CHECK_EQ(create(1, "one", 9), 0);
	CHECK_EQ(rd(1, 0x18, 4), 1);
	CHECK_EQ(create(1, "two", 0), 0);
	CHECK_EQ(rd(1, 0x18, 4), 2); /* rounded up to pages */
	free_vm(0);
	free_vm(1);
}

TEST_MAIN(RUN(factory), RUN(factory_or_area), RUN(any_access_size), RUN(two_share), RUN(attach_and_detach_interrupt),
	  RUN(find_numbers), RUN(errors), RUN(long_names), RUN(junk_behind_a_name), RUN(a_guests_share),
	  RUN(sixteen_clients), RUN(who_may), RUN(several_patterns), RUN(made_beforehand), RUN(two_made_beforehand),
	  RUN(a_stopped_vm))
