/* SPDX-License-Identifier: Apache-2.0 */
/* core/vdev_hostdev.c, core/console/console_kept.c: what a serial device may be connected to. */
#include "tests/unit/console_util.h"

static struct rig *make(u32 id, const char *name, const char *hostdev)
{
	struct rig *r = rig_new(name, "pl011");

	r->vm.id = id;
	rig_option(r, "hostdev", hostdev, 0);
	return r;
}

static void begin(void)
{
	power_on();
	console_use(&uart_host, 0x1000, IRQ_NONE);
}

static void go(u32 i)
{
	CHECK_EQ(rig_start(vm[i]), 0);
	rig_write(vm[i], LCR, 4, 0x70);
}

static const char *kept(const struct vm *v, u32 *from)
{
	static char buf[5000];

	buf[console_kept_read(v, from, buf, sizeof(buf) - 1)] = '\0';
	return buf;
}

static u32 kept_end(const struct vm *v)
{
	u32 at = 0;

	kept(v, &at);
	return at;
}

static void output_is_kept(void)
{
	struct vm v;
	u32 at, from;

	begin();
	vm[0] = make(0, "linux", ">/tmp/log");
	vm[1] = make(1, "qnx", ">-");
	rig_option(vm[1], "hostdev", ">log", 0);
	go(0);
	go(1);
	console_start();
	at = kept_end(&vm[0]->vm);
	from = kept_end(&vm[1]->vm);
	say(0, "one\r\n\033[1mtwo\t\x7f");
	say(1, "both\r\n");
	CHECK_STR(shown(), "both\n");
	CHECK(!console.mux.multi); /* only one is on the console */
	CHECK_STR(kept(&vm[0]->vm, &at), "one\n.[1mtwo\t.");
	CHECK_STR(kept(&vm[0]->vm, &at), "");
	CHECK_STR(kept(&vm[1]->vm, &from), "both\n");
	/* It is there when the VM has ended, and its successor adds. */
	say(0, "last\r\n");
	v = vm[0]->vm;
	stop();
	CHECK_STR(kept(&v, &at), "last\n");
	vm[0] = make(0, "linux", ">log");
	go(0);
	for (u32 i = 0; i < 10000; i++) {
		say(0, i % 10 == 9 ? "\n" : "x");
	}
	CHECK_EQ(strlen(kept(&v, &at)), 4096);
	at = 0;
	CHECK_EQ(strlen(kept(&v, &at)), 4096);
	CHECK_EQ((rig_read(vm[0], FR, 4) & 0xa0), 0x80); /* never full */
	stop();
}

static void other_paths(void)
{
	begin();
	vm[0] = make(0, "linux", "/dev/ptyp0");
	go(0);
	console_start();
	say(0, "x");
	CHECK_STR(shown(), "x");
	type("y");
	CHECK_STR(heard(0), "y");
	stop();
	vm[0] = make(0, "linux", "</no/such/file");
	CHECK(rig_start(vm[0]) != 0);
	CHECK_STR(vm[0]->message, "x.qvmconf:4:1: error: vdev pl011: '/no/such/file' is not in the image");
	stop();
}

/* All of it in order, however it is read, and from the start for each life of the VM. */
static void input_out_of_a_file(void)
{
	static char text[1000], got[1001];
	u32 n = 0;

	for (u32 i = 0; i < sizeof(text); i++) {
		text[i] = (char)('a' + i % 26);
	}
	begin();
	console_start();
	vm[0] = make(0, "linux", ">-");
	REQUIRE(vdevs_create(&vm[0]->vm, &vm[0]->diag) == 0);
	CHECK_EQ(console_feed(vm[0]->vm.vdevs, text, sizeof(text)), 0);
	host_pass_ns(100 * MS);
	CHECK_EQ(((struct console_end *)vm[0]->vm.vdevs->backend)->at, 0); /* not before it is reset */
	for (u32 life = 0; life < 2; life++) {
		vdevs_reset(&vm[0]->vm);
		host_pass_ns(MS);
		rig_write(vm[0], LCR, 4, 0x70);
		for (u32 i = 0, at = 0; i < 10; i++) {
			const char *piece = heard(0);

			CHECK(strncmp(piece, text + at, strlen(piece)) == 0);
			at += (u32)strlen(piece);
			host_pass_ns(MS);
		}
	}
	vdevs_reset(&vm[0]->vm);
	host_pass_ns(MS);
	for (u32 i = 0; i < 5000 && n < sizeof(text); i++) {
		const char *piece = heard(0);

		strcpy(got + n, piece);
		n += (u32)strlen(piece);
		host_pass_ns(MS);
	}
	CHECK_EQ(n, sizeof(text));
	CHECK_MEM(got, text, sizeof(text));
	host_pass_ns(100 * MS);
	CHECK_STR(heard(0), "");
	stop();
	/* Nothing of it on the console. */
	begin();
	console_start();
	vm[0] = make(0, "linux", ">log");
	REQUIRE(vdevs_create(&vm[0]->vm, &vm[0]->diag) == 0);
	CHECK_EQ(console_feed(vm[0]->vm.vdevs, "abc", 3), 0);
	vdevs_reset(&vm[0]->vm);
	rig_write(vm[0], LCR, 4, 0x70);
	host_pass_ns(MS);
	CHECK_STR(heard(0), "abc");
	stop();
}

/* What is typed while the VM is being restarted is there when it runs. */
static void typed_during_a_reset(void)
{
	start(1);
	console_hold(vm[0]->vm.vdevs, true);
	type("early");
	CHECK_STR(heard(0), "");
	vdevs_reset(&vm[0]->vm);
	rig_write(vm[0], LCR, 4, 0x70);
	host_pass_ns(MS);
	CHECK_STR(heard(0), "early");
	stop();
}

static void output_in_batches(void)
{
	char much[2100];

	begin();
	vm[0] = make(0, "linux", "-");
	rig_option(vm[0], "batch", NULL, 2000);
	go(0);
	console_start();
	say(0, "ab");
	host_pass_ns(MS / 2);
	say(0, "c\r\n");
	CHECK_STR(shown(), "");
	host_pass_ns(2 * MS);
	CHECK_STR(shown(), "abc\n");
	/* Half a ring is enough, and lines of the monitor do not wait. */
	memset(much, 'x', sizeof(much) - 1);
	much[sizeof(much) - 1] = '\0';
	log_info("m");
	say(0, much);
	host_pass_ns(MS / 4);
	CHECK(strncmp(shown(), "quoin: m\nxxxx", 13) == 0);
	host_pass_ns(20 * MS);
	shown();
	say(0, "end");
	console_vm_end(&vm[0]->vm);
	host_pass_ns(MS / 4);
	CHECK_STR(shown(), "end");
	stop();
}

static void options(void)
{
	const struct vdev_option *o = vdev_find("pl011")->options;

	for (; o->name != NULL && strcmp(o->name, "batch") != 0; o++) {
	}
	REQUIRE(o->name != NULL);
	CHECK_EQ(o->max, 1000000);
}

static void delays(void)
{
	static const struct {
		const char *text;
		u32 seconds;
	} cases[] = { { "0", 0 }, { "5", 5 }, { "0x10", 16 }, { "forever", VDEV_FOREVER } };

	CHECK_EQ(vdev_check_delayed("forever") == NULL && vdev_check_delayed("3600") == NULL, 1);
	CHECK(vdev_check_delayed("") != NULL && vdev_check_delayed("soon") != NULL &&
	      vdev_check_delayed("4294967295") != NULL);
	begin();
	for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
		vm[0] = make(0, "linux", "-");
		rig_option(vm[0], "delayed", cases[i].text, 0);
		CHECK_EQ(rig_start(vm[0]), 0);
		CHECK_EQ(vdev_delayed(vm[0]->vm.vdevs), cases[i].seconds);
		stop();
	}
	vm[0] = make(0, "linux", "-");
	CHECK_EQ(rig_start(vm[0]), 0);
	CHECK_EQ(vdev_delayed(vm[0]->vm.vdevs), 0);
	stop();
}

TEST_MAIN(RUN(delays), RUN(output_is_kept), RUN(other_paths), RUN(input_out_of_a_file), RUN(typed_during_a_reset),
	  RUN(output_in_batches), RUN(options))
