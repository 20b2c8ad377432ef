/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets between three VMs, two of which may talk, and with the monitor's shell. */
#include "tests/unit/test.h"
#include "tests/unit/virtq_util.h"
#include "vdev/virtio/vsock.h"

#define RX_RING (RAM_IPA + 0x1000)
#define TX_RING (RAM_IPA + 0x5000)
#define BUF(slot) (RAM_IPA + 0x20000 + 0x800 * (slot))
#define OUT(slot) (RAM_IPA + 0x80000 - 0x20000 + 0x4000 * (slot)) /* may cross the RAM's middle */
#define SIZE 64

static struct rig *rigs[3], *r;
static struct driver rx[3], tx[3];
static u16 next_rx[3];

static void wr(u64 off, u32 val)
{
	rig_write(r, off, 4, val);
	schedule();
}

static void use(u32 i)
{
	guest_now = i;
	r = rigs[i];
}

static void queue(u32 index, struct driver *d, ipa_t ring)
{
	*d = (struct driver){ .ring = ring, .size = SIZE };
	memset(at_ipa(ring), 0, 0x3000);
	wr(0x30, index);
	wr(0x38, SIZE);
	wr(0x80, (u32)ring);
	wr(0x90, (u32)ring + 0x1000);
	wr(0xa0, (u32)ring + 0x2000);
	wr(0x44, 1);
}

static void drive(u32 i)
{
	use(i);
	wr(0x70, 0);
	wr(0x70, 3);
	wr(0x24, 0);
	wr(0x20, 2);
	wr(0x24, 1);
	wr(0x20, 1);
	wr(0x70, 11);
	queue(0, &rx[i], RX_RING);
	queue(1, &tx[i], TX_RING);
	next_rx[i] = 0;
	wr(0x70, 15);
}

static void buffers(u32 n)
{
	for (u32 i = 0; i < n; i++) {
		u16 slot = next_rx[guest_now]++ % 32;

		put_desc(RX_RING, 2 * slot, BUF(slot), VSOCK_HEADER, D_WRITE | D_NEXT, 2 * slot + 1);
		put_desc(RX_RING, 2 * slot + 1, BUF(slot) + VSOCK_HEADER, 1024, D_WRITE, 0);
		offer(&rx[guest_now], 2 * slot);
	}
	wr(0x50, 0);
}

/* `peer` as of a, a, b; the third may use the shell. */
static void boot(void)
{
	static const char *const names[3] = { "one", "two", "three" };

	host_init();
	CHECK(thread_reaper_start());
	for (u32 i = 0; i < 3; i++) {
		rigs[i] = rig_new(names[i], "virtio-vsock");
		rigs[i]->vm.id = i;
		use(i);
		give_ram(&r->vm);
		r->cfg.cpu_count = 1;
		rig_option(r, "peer", i < 2 ? "a" : "b", 0);
		rig_option(r, "shell", "on", i == 2);
		if (rig_start(r) != 0) {
			test_fail(__FILE__, __LINE__, "%s", r->message);
		}
		drive(i);
	}
}

static void end(void)
{
	for (u32 i = 0; i < 3; i++) {
		if (rigs[i] != NULL) {
			rig_free(rigs[i]);
		}
	}
	guest_now = 0;
}

/* A packet of `n` bytes of payload behind its header; false: it is still in the queue. */
static bool put(struct vsock_header h, const void *data, u32 n)
{
	u16 slot = tx[guest_now].avail % 4;
	u32 id, len;

	memcpy(at_ipa(OUT(slot)), &h, VSOCK_HEADER);
	memcpy(at_ipa(OUT(slot) + VSOCK_HEADER), data, n);
	put_desc(TX_RING, slot, OUT(slot), VSOCK_HEADER + n, 0, 0);
	offer(&tx[guest_now], slot);
	wr(0x50, 1);
	return take_used(&tx[guest_now], &id, &len);
}

static struct vsock_header to(u32 cid, u32 from_port, u32 to_port, u16 op)
{
	return (struct vsock_header){
		.src_cid = 3 + guest_now, .dst_cid = cid, .src_port = from_port, .dst_port = to_port, .type = VSOCK_STREAM,
		.op = op, .buf_alloc = KiB(256),
	};
}

static bool say(u32 cid, u32 from_port, u32 to_port, u16 op, const char *text)
{
	struct vsock_header h = to(cid, from_port, to_port, op);

	h.len = (u32)strlen(text);
	return put(h, text, h.len);
}

/* The next packet as text: "cid:port op payload". */
static struct vsock_header last;
static const char *got(void)
{
	static char text[1200];
	u32 id, len;

	schedule();
	if (!take_used(&rx[guest_now], &id, &len)) {
		return "";
	}
	memcpy(&last, at_ipa(BUF(id / 2)), VSOCK_HEADER);
	CHECK_EQ(last.dst_cid, 3 + guest_now);
	CHECK_EQ(len, VSOCK_HEADER + last.len);
	snprintf(text, sizeof(text), "%u:%u %u %.*s", (u32)last.src_cid, last.src_port, last.op, (int)last.len,
		 (char *)at_ipa(BUF(id / 2) + VSOCK_HEADER));
	return text;
}

static void connect(void)
{
	use(1);
	buffers(4);
	use(0);
	buffers(4);
	CHECK(say(4, 1000, 5, VSOCK_REQUEST, ""));
	use(1);
	CHECK_STR(got(), "3:1000 1 ");
	CHECK_EQ(last.dst_port, 5);
	CHECK_EQ(last.buf_alloc, KiB(256));
	CHECK(say(3, 5, 1000, VSOCK_RESPONSE, ""));
	use(0);
	CHECK_STR(got(), "4:5 2 ");
}

static void between_guests(void)
{
	static char much[3001], back[3001];
	u32 n = 0;

	boot();
	connect();
	CHECK(say(4, 1000, 5, VSOCK_RW, "hello"));
	use(1);
	CHECK_STR(got(), "3:1000 5 hello");
	/* Into buffers of 1 KiB; the end of a message is that of its last piece. */
	for (u32 i = 0; i < 3000; i++) {
		much[i] = (char)('a' + i % 26);
	}
	use(0);
	{
		struct vsock_header h = to(4, 1000, 5, VSOCK_RW);

		h.type = VSOCK_SEQPACKET;
		h.flags = 1;
		h.len = 3000;
		CHECK(put(h, much, 3000));
	}
	use(1);
	while (n < 3000 && got()[0] != '\0') {
		CHECK_EQ(last.flags, n + last.len == 3000);
		memcpy(back + n, at_ipa(BUF((next_rx[1] - 4 + 2 + n / 1024) % 32) + VSOCK_HEADER), last.len);
		n += last.len;
	}
	CHECK_EQ(n, 2048); /* four buffers: two were used before */
	buffers(1);
	CHECK(got()[0] != '\0');
	CHECK_EQ(last.len, 952);
	CHECK_EQ(last.flags, 1);
	CHECK_MEM(back, much, 2048);
	CHECK_EQ(r->vm.vdevs->line, true);
	end();
}

static void bad_packets(void)
{
	struct vsock_header h;

	boot();
	connect();
	h = to(4, 1000, 5, VSOCK_RW);
	h.src_cid = 5;
	h.len = 7;
	CHECK(put(h, "spoofed", 7));
	h = to(4, 1000, 5, VSOCK_RW);
	h.len = 70000;
	CHECK(put(h, "long", 4));
	h.len = 3;
	CHECK(put(h, "long", 4));
	CHECK(say(4, 1000, 5, 0, ""));
	CHECK(say(4, 1000, 5, 8, ""));
	CHECK(say(4, 1000, 5, VSOCK_RST, "payload"));
	use(1);
	CHECK_STR(got(), "");
	use(0);
	CHECK_STR(got(), "");
	/* Nobody, somebody else's, oneself, the monitor, a type there is not. */
	CHECK(say(77, 1, 2, VSOCK_REQUEST, ""));
	CHECK_STR(got(), "77:2 3 ");
	CHECK(say(77, 1, 2, VSOCK_RST, ""));
	CHECK_STR(got(), "");
	CHECK(say(5, 1, 2, VSOCK_REQUEST, ""));
	CHECK_STR(got(), "5:2 3 ");
	buffers(4);
	CHECK(say(3, 1, 2, VSOCK_REQUEST, ""));
	CHECK_STR(got(), "3:2 3 ");
	CHECK(say(2, 1, 23, VSOCK_REQUEST, ""));
	CHECK_STR(got(), "2:23 3 ");
	h = to(4, 1000, 5, VSOCK_RW);
	h.type = 9;
	CHECK(put(h, "", 0));
	CHECK_STR(got(), "4:5 3 ");
	CHECK_EQ(rig_read(r, 0x70, 4), 15);
	/* A buffer that is not to be written, and one without room for the header. */
	put_desc(RX_RING, 0, BUF(0), 100, 0, 0);
	offer(&rx[0], 0);
	wr(0x50, 0);
	use(1);
	CHECK(say(3, 5, 1000, VSOCK_RW, "x"));
	while (say(3, 5, 1000, VSOCK_RW, "x") && rig_read(rigs[0], 0x70, 4) == 15) {
	}
	CHECK((rig_read(rigs[0], 0x70, 4) & VIRTIO_NEEDS_RESET) != 0);
	CHECK(say(3, 5, 1000, VSOCK_RW, "x"));
	CHECK_STR(got(), "3:1000 3 ");
	end();
}

/* A receiver without buffers: its ring, then a moment's patience, then the connection ends. */
static void a_slow_receiver(void)
{
	static char block[8193];
	struct vsock_header h;
	u32 sent = 0, seen = 0, id, len;

	boot();
	connect();
	memset(block, 'b', 8192);
	h = to(4, 1000, 5, VSOCK_RW);
	h.len = 8192;
	while (sent < 100 && put(h, block, 8192)) {
		sent++;
	}
	/* Its last three buffers, and the ring. */
	CHECK_EQ(sent, (KiB(256) + 3 * 1024) / (8192 + VSOCK_HEADER));
	host_pass_ns(90000000);
	CHECK(!take_used(&tx[0], &id, &len));
	host_pass_ns(20000000);
	schedule();
	CHECK(take_used(&tx[0], &id, &len));
	CHECK_STR(got(), "4:5 3 ");
	/* From here on nobody waits for it. */
	CHECK(put(h, block, 8192));
	CHECK_STR(got(), "4:5 3 ");
	CHECK(say(77, 1, 2, VSOCK_REQUEST, ""));
	CHECK_STR(got(), "77:2 3 ");
	/* It wakes up: all that was kept in order, and the end. */
	use(1);
	for (u32 i = 0; i < 400; i++) {
		const char *text;

		buffers(1);
		while ((text = got())[0] != '\0' && last.op == VSOCK_RW) {
			seen += last.len;
		}
		if (text[0] != '\0') {
			break;
		}
	}
	CHECK_EQ(last.op, VSOCK_RST);
	CHECK_EQ(seen, sent * 8192);
	/* And it is as before. */
	use(0);
	buffers(8);
	connect();
	end();
}

static void the_other_side_ends(void)
{
	boot();
	connect();
	use(0);
	vdevs_reset(&r->vm);
	use(1);
	CHECK_STR(got(), "3:1000 3 ");
	CHECK_STR(got(), "");
	CHECK(say(3, 5, 1000, VSOCK_RW, "x"));
	CHECK_STR(got(), "3:1000 3 ");
	drive(0);
	drive(1); /* at both sides */
	CHECK_STR(got(), "");
	connect();
	CHECK(say(4, 1000, 5, VSOCK_RST, ""));
	use(1);
	CHECK_STR(got(), "3:1000 3 ");
	connect();
	rig_free(rigs[0]);
	rigs[0] = NULL;
	use(1);
	CHECK_STR(got(), "3:1000 3 ");
	end();
}

/* So many connections of a VM: those never answered make room. */
static void limits(void)
{
	boot();
	use(1);
	buffers(4);
	use(0);
	buffers(16);
	for (u32 i = 0; i < VSOCK_CONNS_VM + 10; i++) {
		CHECK(say(4, 1000 + i, 5, VSOCK_REQUEST, ""));
		CHECK_STR(got(), "");
		use(1);
		CHECK(got()[0] != '\0');
		buffers(1);
		use(0);
	}
	use(1);
	for (u32 i = 10; i < VSOCK_CONNS_VM + 10; i++) {
		CHECK(say(3, 5, 1000 + i, VSOCK_RESPONSE, ""));
		use(0);
		CHECK(got()[0] != '\0');
		buffers(1);
		use(1);
	}
	use(0);
	CHECK(say(4, 5000, 5, VSOCK_REQUEST, ""));
	CHECK_STR(got(), "4:5 3 ");
	end();
}

/* What the shell says, as one text; each packet's bytes are taken at once. */
static char heard[8192];
static u32 taken;

static void listen(void)
{
	u32 n = (u32)strlen(heard);

	for (u32 i = 0; i < 40; i++) {
		const char *text = got();

		if (text[0] == '\0') {
			host_pass_ns(1000000);
			continue;
		}
		buffers(1);
		if (last.op != VSOCK_RW) {
			snprintf(heard + n, sizeof(heard) - n, "<%u>", last.op);
		} else {
			snprintf(heard + n, sizeof(heard) - n, "%s", strchr(strchr(text, ' ') + 1, ' ') + 1);
			taken += last.len;
			struct vsock_header h = to(2, 9, 23, VSOCK_CREDIT_UPDATE);

			h.fwd_cnt = taken;
			put(h, "", 0);
		}
		n += (u32)strlen(heard + n);
	}
}

static void ask(const char *text)
{
	heard[0] = '\0';
	CHECK(say(2, 9, 23, VSOCK_RW, text));
	listen();
}

static void the_shell(void)
{
	struct vsock_header h;

	boot();
	use(2);
	buffers(16);
	taken = 0;
	heard[0] = '\0';
	CHECK(say(2, 9, 23, VSOCK_REQUEST, ""));
	listen();
	CHECK(strncmp(heard, "<2>\rquoin> ", 11) == 0);
	ask("help\r");
	CHECK(strstr(heard, "\r\nhelp     [COMMAND]") != NULL || strstr(heard, "quoin> ") != NULL);
	ask("nonsense\r");
	CHECK(strstr(heard, "no command 'nonsense'") != NULL);
	/* Another connection, and credit that was not given. */
	CHECK(say(2, 10, 23, VSOCK_REQUEST, ""));
	heard[0] = '\0';
	listen();
	CHECK_STR(heard, "<3>");
	ask("quit\r");
	CHECK(strstr(heard, "<4>") != NULL);
	heard[0] = '\0';
	CHECK(say(2, 9, 23, VSOCK_RW, "too late"));
	listen();
	CHECK_STR(heard, "<3>");
	taken = 0;
	CHECK(say(2, 9, 23, VSOCK_REQUEST, ""));
	listen();
	h = to(2, 9, 23, VSOCK_RW);
	h.len = SESSION_INPUT + 1;
	heard[0] = '\0';
	CHECK(put(h, heard, h.len));
	listen();
	CHECK(strstr(heard, "<3>") != NULL);
	/* Input that ends: what was asked is answered before the end. */
	taken = 0;
	CHECK(say(2, 9, 23, VSOCK_REQUEST, ""));
	h = to(2, 9, 23, VSOCK_SHUTDOWN);
	h.flags = 2;
	CHECK(say(2, 9, 23, VSOCK_RW, "bogus\n"));
	CHECK(put(h, "", 0));
	heard[0] = '\0';
	listen();
	CHECK(strstr(heard, "no command 'bogus'") != NULL && strstr(heard, "<4>") != NULL);
	/* Guests without the option. */
	use(0);
	buffers(1);
	CHECK(say(2, 9, 23, VSOCK_REQUEST, ""));
	CHECK_STR(got(), "2:23 3 ");
	end();
}

/* A guest that gives no credit, or goes away, in the middle of a long answer. */
static void a_deaf_guest(void)
{
	u64 before;

	boot();
	use(2);
	buffers(16);
	before = mem_free_bytes();
	for (u32 i = 0; i < 20; i++) {
		struct vsock_header h = to(2, 9, 23, VSOCK_REQUEST);

		h.buf_alloc = i % 3 * 20;
		CHECK(put(h, "", 0));
		h.op = VSOCK_RW;
		h.len = 5;
		put(h, "help\r", 5);
		if (i % 2 == 0) {
			say(2, 9, 23, VSOCK_RST, "");
		} else {
			drive(2);
		}
		buffers(16);
		for (u32 k = 0; k < 20; k++) {
			while (got()[0] != '\0') {
			}
			host_pass_ns(1000000);
			schedule();
		}
	}
	CHECK_EQ(mem_free_bytes(), before);
	end();
}

static void cids(void)
{
	host_init();
	for (u32 i = 0; i < 2; i++) {
		rigs[i] = rig_new(i == 0 ? "one" : "two", "virtio-vsock");
		rigs[i]->vm.id = i;
		give_ram(&rigs[i]->vm);
		rig_option(rigs[i], "cid", "4", 4);
	}
	rigs[2] = NULL;
	CHECK_EQ(rig_start(rigs[0]), 0);
	CHECK(rig_start(rigs[1]) != 0);
	CHECK_STR(rigs[1]->message, "x.qvmconf:4:1: error: vdev virtio-vsock: cid 4 is another's, or there are too many");
	free(rigs[1]);
	rigs[1] = rig_new("two", "virtio-vsock");
	rigs[1]->vm.id = 1;
	CHECK_EQ(rig_start(rigs[1]), 0);
	CHECK_EQ(rig_read(rigs[1], 0x100, 4), 5); /* 4 is taken */
	CHECK_EQ(rig_read(rigs[1], 0x104, 4), 0);
	end();
}

TEST_MAIN(RUN(between_guests), RUN(bad_packets), RUN(a_slow_receiver), RUN(the_other_side_ends), RUN(limits),
	  RUN(the_shell), RUN(a_deaf_guest), RUN(cids))
