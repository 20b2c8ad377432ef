/* SPDX-License-Identifier: Apache-2.0 */
/* The virtio console between a driver's rings and the monitor's console. */
#include "tests/unit/test.h"
#include "tests/unit/virtq_util.h"
#include "core/console/console_state.h"

#define TX_RING (RING_IPA + 0x4000)

static struct rig *r;
static struct driver rx, tx;

static void wr(u64 off, u32 val)
{
	rig_write(r, off, 4, val);
	schedule();
}

static void set_up_queue(u32 index, struct driver *d, ipa_t ring)
{
	*d = (struct driver){ .ring = ring, .size = 8 };
	wr(0x30, index);
	wr(0x38, 8);
	wr(0x80, (u32)ring);
	wr(0x90, (u32)ring + 0x1000);
	wr(0xa0, (u32)ring + 0x2000);
	wr(0x44, 1);
}

static void setup(void)
{
	host_init();
	host_uart_reset();
	memset(&console, 0, sizeof(console)); /* what it was to do at times of another machine */
	console_use(&uart_host, 0, 33);
	console_start();
	r = rig_new("guest", "virtio-console");
	give_ram(&r->vm);
	r->cfg.cpu_count = 1;
	rig_option(r, "hostdev", "-", 0);
	if (rig_start(r) != 0) {
		test_fail(__FILE__, __LINE__, "%s", r->message);
	}
	console_vm_start(&r->vm);
	wr(0x70, 3);
	wr(0x24, 1);
	wr(0x20, 1);
	wr(0x70, 11);
	set_up_queue(0, &rx, RING_IPA);
	set_up_queue(1, &tx, TX_RING);
	wr(0x70, 15);
}

static void send(u16 slot, const char *text)
{
	ipa_t at = DATA_IPA + 0x1000 * slot;

	memcpy(at_ipa(at), text, strlen(text));
	put_desc(TX_RING, slot, at, (u32)strlen(text), 0, 0);
	offer(&tx, slot);
	wr(0x50, 1);
}

static void output(void)
{
	u32 id, len;

	setup();
	send(0, "hello from the guest\n");
	REQUIRE(take_used(&tx, &id, &len));
	CHECK_EQ(id, 0);
	console_flush();
	CHECK(strstr(host_uart.out, "hello from the guest\n") != NULL);
	rig_free(r);
}

/* More than the console holds: the rest goes out when there is room, and nothing is lost. */
static void a_full_console(void)
{
	static char text[3001];
	u32 id, len, done = 0;

	setup();
	memset(text, 'x', 3000);
	text[2999] = '\n';
	host_uart.room = 0;
	for (u16 i = 0; i < 4; i++) {
		send(i, text);
	}
	while (take_used(&tx, &id, &len)) {
		done++;
	}
	CHECK(done < 4);
	host_uart.room = ~0U;
	for (u32 i = 0; i < 3000; i++) {
		host_pass_ns(10000000);
		console_irq();
		schedule();
	}
	while (take_used(&tx, &id, &len)) {
		done++;
	}
	CHECK_EQ(done, 4);
	console_flush();
	CHECK_EQ(strspn(strchr(host_uart.out, 'x'), "x\n"), 12000);
	rig_free(r);
}

static void input_bytes(void)
{
	u32 id, len;

	setup();
	put_desc(RING_IPA, 3, DATA_IPA, 4, D_WRITE, 0);
	offer(&rx, 3);
	wr(0x50, 0);
	host_uart_type("typed");
	console_irq();
	host_pass_ns(10000000);
	schedule();
	REQUIRE(take_used(&rx, &id, &len));
	CHECK_EQ(id, 3);
	CHECK_EQ(len, 4);
	CHECK_MEM(at_ipa(DATA_IPA), "type", 4);
	put_desc(RING_IPA, 4, DATA_IPA + 64, 4, D_WRITE, 0);
	offer(&rx, 4);
	wr(0x50, 0); /* the last one waited for a buffer */
	REQUIRE(take_used(&rx, &id, &len));
	CHECK_EQ(len, 1);
	CHECK_MEM(at_ipa(DATA_IPA + 64), "d", 1);
	rig_free(r);
}

/* ---- Several ports: two VMs, each with a console, a port `data` to the other and one that is kept. */

enum { READY, ADD, REMOVE, PORT_READY, IS_CONSOLE, RESIZE, OPEN, NAME };

#define Q_RING(q) (RAM_IPA + 0x20000 + 0x4000 * (q))
#define Q_DATA(q) (RAM_IPA + 0x60000 + 0x4000 * (q)) /* buffers of 512 bytes, 8 a queue */

static struct rig *rigs[2];
static struct driver queues[2][8];

static void use(u32 i)
{
	guest_now = i;
	r = rigs[i];
}

static void give_buffer(u32 q, u16 slot)
{
	put_desc(Q_RING(q), slot, Q_DATA(q) + 512 * slot, 512, D_WRITE, 0);
	offer(&queues[guest_now][q], slot);
	wr(0x50, q);
}

static void drive(bool multiport)
{
	wr(0x70, 0);
	wr(0x70, 3);
	wr(0x24, 0);
	wr(0x20, multiport ? 3 : 0);
	wr(0x24, 1);
	wr(0x20, 1);
	wr(0x70, 11);
	for (u32 q = 0; q < (multiport ? 8 : 2); q++) {
		set_up_queue(q, &queues[guest_now][q], Q_RING(q));
		memset(at_ipa(Q_RING(q)), 0, 0x3000);
	}
	wr(0x70, 15);
}

static void two_vms(void)
{
	static const char *const names[2] = { "one", "two" };
	static const char *const peers[2] = { "/dev/qvm/two/con/data", "/dev/qvm/one/con/data" };

	host_init();
	host_uart_reset();
	memset(&console, 0, sizeof(console));
	console_use(&uart_host, 0, 33);
	console_start();
	for (u32 i = 0; i < 2; i++) {
		rigs[i] = rig_new(names[i], "virtio-console");
		rigs[i]->vdev.name = "con";
		rigs[i]->vm.id = i;
		use(i);
		give_ram(&r->vm);
		r->cfg.cpu_count = 1;
		rig_option(r, "hostdev", i == 0 ? "-" : ">-", 0);
		rig_option(r, "size", "100x30", 0);
		rig_option(r, "port", "data", 0);
		rig_option(r, "peer", peers[i], 0);
		rig_option(r, "port", "log", 0);
		rig_option(r, "hostdev", ">log", 0);
		if (rig_start(r) != 0) {
			test_fail(__FILE__, __LINE__, "%s", r->message);
		}
		console_vm_start(&r->vm);
	}
}

static void end_vms(void)
{
	rig_free(rigs[0]);
	rig_free(rigs[1]);
	guest_now = 0;
}

static void control(u32 id, u16 event, u16 value)
{
	u32 got, len;
	u16 words[2] = { event, value };

	memcpy(at_ipa(Q_DATA(3)), &id, 4);
	memcpy(at_ipa(Q_DATA(3) + 4), words, 4);
	put_desc(Q_RING(3), 0, Q_DATA(3), 8, 0, 0);
	offer(&queues[guest_now][3], 0);
	wr(0x50, 3);
	CHECK(take_used(&queues[guest_now][3], &got, &len));
}

/* The next control message as text, "" if there is none; its buffer goes back. */
static const char *told(void)
{
	static char text[64];
	u32 slot, len;
	ipa_t at;

	schedule();
	if (!take_used(&queues[guest_now][2], &slot, &len)) {
		return "";
	}
	at = Q_DATA(2) + 512 * slot;
	snprintf(text, sizeof(text), "%u:%u=%u %.*s", get32(at), get16(at + 4), get16(at + 6), (int)len - 8,
		 get16(at + 4) == NAME ? (char *)at_ipa(at + 8) : "");
	give_buffer(2, (u16)slot);
	return text;
}

static void come_up(u32 i)
{
	use(i);
	drive(true);
	for (u16 slot = 0; slot < 4; slot++) {
		give_buffer(2, slot);
	}
	control(0, READY, 1);
	while (told()[0] != '\0') {
	}
	for (u32 p = 0; p < 3; p++) {
		control(p, PORT_READY, 1);
	}
	while (told()[0] != '\0') {
	}
}

static bool say(u32 q, const char *text)
{
	u32 id, len;

	memcpy(at_ipa(Q_DATA(q)), text, strlen(text));
	put_desc(Q_RING(q), 0, Q_DATA(q), (u32)strlen(text), 0, 0);
	offer(&queues[guest_now][q], 0);
	wr(0x50, q);
	schedule();
	return take_used(&queues[guest_now][q], &id, &len);
}

static const char *hear(u32 q)
{
	static char text[513];
	u32 slot, len;

	schedule();
	if (!take_used(&queues[guest_now][q], &slot, &len)) {
		return "";
	}
	memcpy(text, at_ipa(Q_DATA(q) + 512 * slot), len);
	text[len] = '\0';
	return text;
}

static void ports_are_announced(void)
{
	two_vms();
	use(0);
	CHECK_EQ(rig_read(r, 0x100, 4), 30 << 16 | 100);
	CHECK_EQ(rig_read(r, 0x104, 4), 3);
	rig_write(r, 0x104, 4, 77); /* not the driver's */
	CHECK_EQ(rig_read(r, 0x104, 4), 3);
	drive(true);
	give_buffer(2, 0);
	control(7, READY, 1);
	/* One buffer: they come one by one. */
	CHECK_STR(told(), "0:1=1 ");
	CHECK_STR(told(), "1:1=1 ");
	CHECK_STR(told(), "2:1=1 ");
	CHECK_STR(told(), "");
	control(0, PORT_READY, 1);
	CHECK_STR(told(), "0:4=1 ");
	CHECK_EQ(get32(Q_DATA(2) + 8), 30 << 16 | 100); /* of the one after it */
	CHECK_STR(told(), "0:5=1 ");
	CHECK_STR(told(), "0:6=1 ");
	control(1, PORT_READY, 1);
	CHECK_STR(told(), "1:7=1 data"); /* nobody is at the other side */
	control(2, PORT_READY, 1);
	CHECK_STR(told(), "2:6=1 ");
	CHECK_STR(told(), "2:7=1 log");
	/* Of ports there are not, and messages cut short. */
	control(3, PORT_READY, 1);
	control(~0U, OPEN, 1);
	control(1, 99, 1);
	put_desc(Q_RING(3), 1, Q_DATA(3), 5, 0, 0);
	offer(&queues[0][3], 1);
	wr(0x50, 3);
	CHECK_STR(told(), "");
	CHECK_EQ(rig_read(r, 0x70, 4), 15);
	end_vms();
}

/* Bytes between two VMs: with the other side closed they wait, as they do when nobody reads. */
static void a_channel(void)
{
	char much[401];
	u32 sent = 0, id, len;

	two_vms();
	come_up(0);
	come_up(1);
	use(0);
	control(1, OPEN, 1);
	CHECK(!say(5, "early"));
	use(1);
	CHECK_STR(told(), "1:6=1 ");
	control(1, OPEN, 1);
	give_buffer(4, 0);
	CHECK_STR(hear(4), "early");
	use(0);
	CHECK_STR(told(), "1:6=1 ");
	CHECK(take_used(&queues[0][5], &id, &len));
	memset(much, 'm', 400);
	much[400] = '\0';
	while (sent < 20 && say(5, much)) {
		sent++;
	}
	CHECK_EQ(sent, 5); /* 2 KiB, the sixth is not out whole */
	CHECK(say(7, "others go on\n"));
	/* The closing comes behind what was said. */
	control(1, OPEN, 0);
	use(1);
	CHECK_STR(told(), "");
	for (u32 i = 0, n = 0; i < 8; i++) {
		give_buffer(4, (u16)i);
		n += (u32)strlen(hear(4));
		if (i == 5) {
			CHECK_EQ(n, 2400);
		}
	}
	CHECK_STR(told(), "1:6=0 ");
	use(0);
	CHECK(take_used(&queues[0][5], &id, &len));
	control(1, OPEN, 1);
	use(1);
	CHECK_STR(told(), "1:6=1 ");
	/* The other VM starts anew, and then is gone. */
	use(0);
	vdevs_reset(&r->vm);
	use(1);
	CHECK_STR(told(), "1:6=0 ");
	come_up(0);
	control(1, OPEN, 1);
	use(1);
	CHECK_STR(told(), "1:6=1 ");
	rig_free(rigs[0]);
	use(1);
	CHECK_STR(told(), "1:6=0 ");
	CHECK(!say(5, "nobody"));
	rig_free(rigs[1]);
	guest_now = 0;
}

static void ports_of_the_console(void)
{
	char text[100] = "";
	u32 from = 0;

	two_vms();
	come_up(0);
	CHECK(say(7, "kept\n"));
	CHECK(say(1, "shown\n"));
	console_flush();
	CHECK(strstr(host_uart.out, "shown") != NULL && strstr(host_uart.out, "kept") == NULL);
	console_kept_read(&r->vm, &from, text, sizeof(text) - 1);
	CHECK(strstr(text, "kept\n") != NULL);
	/* What is typed waits until the driver has opened its end. */
	give_buffer(0, 0);
	host_uart_type("abc");
	console_irq();
	host_pass_ns(10000000);
	CHECK_STR(hear(0), "");
	control(0, OPEN, 1);
	CHECK_STR(hear(0), "abc");
	rig_write(r, 0x108, 4, 'E');
	rig_write(r, 0x108, 1, '\n');
	console_flush();
	CHECK(strstr(host_uart.out, "E\n") != NULL);
	/* A driver that knows nothing of all this has the console. */
	drive(false);
	CHECK(say(1, "plain\n"));
	wr(0x50, 3);
	console_flush();
	CHECK(strstr(host_uart.out, "plain") != NULL);
	end_vms();
}

static const char *wrong(const char *const *words, const char *name)
{
	struct cfg_option o[8] = { 0 };
	const struct vdev_type *t = vdev_find("virtio-console");
	struct cfg_vdev v = { .type = t, .options = o, .name = name };
	const struct src_pos *at;
	u32 n = 0;

	for (; words[n] != NULL; n++) {
		size_t len = strcspn(words[n], " ");
		const struct vdev_option *d = t->options;

		while (strncmp(d->name, words[n], len) != 0) {
			d++;
		}
		o[n] = (struct cfg_option){ .decl = d, .str = words[n] + len + 1, .next = &o[n + 1] };
	}
	o[n - 1].next = NULL;
	return t->check(&v, &at);
}

#define WRONG(name, ...) wrong((const char *const[]){ __VA_ARGS__, NULL }, name)

static void options(void)
{
	CHECK(WRONG("c", "hostdev -", "port a", "peer /dev/qvm/x/c/a", "port b", "hostdev >l") == NULL);
	CHECK(WRONG(NULL, "hostdev -", "hostdev <f", "port a", "hostdev >-", "hostdev <x") == NULL);
	CHECK(WRONG("c", "peer /dev/qvm/x/c/a", "port a") != NULL);
	CHECK(WRONG(NULL, "port a", "peer /dev/qvm/x/c/a") != NULL);
	CHECK(WRONG("c", "port a", "port b", "port a") != NULL);
	CHECK(WRONG("c", "port a", "hostdev -", "peer /dev/qvm/x/c/a") != NULL);
	CHECK(WRONG("c", "port a", "peer /dev/qvm/x/c/b", "peer /dev/qvm/x/c/a") != NULL);
	CHECK(WRONG("c", "port 1", "port 2", "port 3", "port 4", "port 5", "port 6") == NULL);
	CHECK(WRONG("c", "port 1", "port 2", "port 3", "port 4", "port 5", "port 6", "port 7") != NULL);
}

TEST_MAIN(RUN(output), RUN(a_full_console), RUN(input_bytes), RUN(ports_are_announced), RUN(a_channel),
	  RUN(ports_of_the_console), RUN(options))
