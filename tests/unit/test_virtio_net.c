/* SPDX-License-Identifier: Apache-2.0 */
/* Network cards of three VMs on one switch, driven through their registers and rings. */
#include "tests/unit/test.h"
#include "core/host/nic_priv.h"
#include "tests/unit/virtq_util.h"

#define RX_RING RING_IPA
#define TX_RING (RING_IPA + 0x4000)
#define RX_DATA (RAM_IPA + 0x20000)
#define TX_DATA (RAM_IPA + 0x80000)

#define CSUM BIT(0)
#define GUEST_CSUM BIT(1)
#define GUEST_TSO4 BIT(7)
#define HOST_TSO4 BIT(11)
#define MRG BIT(15)

struct card {
	struct rig *r;
	struct driver rx, tx;
	u16 filled; /* receive buffers given */
};

static struct card card[3];
static const char *const macs[3] = { "52:54:00:00:00:01", "52:54:00:00:00:02", "52:54:00:00:00:03" };

static void at(u32 n)
{
	guest_now = n;
}

static void wr(u32 n, u64 off, u32 val)
{
	rig_write(card[n].r, off, 4, val);
	schedule();
}

static u32 rd(u32 n, u64 off)
{
	return (u32)rig_read(card[n].r, off, 4);
}

static void set_up_queue(u32 n, u32 index, struct driver *d, ipa_t ring)
{
	*d = (struct driver){ .ring = ring, .size = 8 };
	memset(at_ipa(ring), 0, 0x3000);
	wr(n, 0x30, index);
	wr(n, 0x38, 8);
	wr(n, 0x80, (u32)ring);
	wr(n, 0x90, (u32)ring + 0x1000);
	wr(n, 0xa0, (u32)ring + 0x2000);
	wr(n, 0x44, 1);
}

static void start_driver(u32 n, u64 features)
{
	at(n);
	wr(n, 0x70, 0);
	wr(n, 0x70, 3);
	wr(n, 0x24, 0);
	wr(n, 0x20, (u32)features);
	wr(n, 0x24, 1);
	wr(n, 0x20, 1);
	wr(n, 0x70, 11);
	set_up_queue(n, 0, &card[n].rx, RX_RING);
	set_up_queue(n, 1, &card[n].tx, TX_RING);
	wr(n, 0x70, 15);
	CHECK_EQ(rd(n, 0x70), 15);
	card[n].filled = 0;
}

static const char *peer = "sw0";

static void new_card(u32 n, const char *option, const char *text, u64 num)
{
	static const char *const vm[3] = { "a", "b", "c" };
	struct rig *r = rig_new(vm[n], "virtio-net");

	at(n);
	give_ram(&r->vm);
	r->cfg.cpu_count = 1;
	rig_option(r, "mac", macs[n], 0);
	rig_option(r, "peer", peer, 0);
	if (option != NULL) {
		rig_option(r, option, text, num);
	}
	card[n] = (struct card){ .r = r };
	if (rig_start(r) != 0) {
		test_fail(__FILE__, __LINE__, "%s", r->message);
	}
}

static void new_cards(u32 count, u64 features)
{
	host_init();
	for (u32 n = 0; n < count; n++) {
		new_card(n, NULL, NULL, 0);
	}
	for (u32 n = 0; n < count; n++) {
		start_driver(n, features);
	}
}

static void free_cards(u32 count)
{
	for (u32 n = 0; n < count; n++) {
		rig_free(card[n].r);
	}
}

/* Give card `n` a receive buffer of `len` bytes. */
static void fill(u32 n, u32 len)
{
	struct card *c = &card[n];
	u16 i = c->filled++ % 8;

	at(n);
	memset(at_ipa(RX_DATA + 0x1000 * i), 0xcc, 0x1000);
	put_desc(RX_RING, i, RX_DATA + 0x1000 * i, len, D_WRITE, 0);
	offer(&c->rx, i);
	wr(n, 0x50, 0);
}

/* A received buffer: its bytes with the header; NULL: none. */
static u8 *receive(u32 n, u32 *len)
{
	u32 id;

	at(n);
	return take_used(&card[n].rx, &id, len) ? at_ipa(RX_DATA + 0x1000 * id) : NULL;
}

static u8 tx_header[12];

/* Queue a frame of card `n`: 14 bytes of Ethernet and `bytes` of payload at `payload`. */
static void queue_frame(u32 n, u8 to, u8 from, const void *payload, u32 bytes)
{
	struct card *c = &card[n];
	u16 i = (u16)(c->tx.avail % 4 * 2);
	ipa_t data = TX_DATA + 0x11000 * (i / 2);
	u8 eth[14] = { 0x52, 0x54, 0, 0, 0, to, 0x52, 0x54, 0, 0, 0, from, 0x08, 0x00 };

	at(n);
	if (to == 0xff) {
		memset(eth, 0xff, 6);
	}
	memcpy(at_ipa(data), tx_header, 12);
	memcpy(at_ipa(data + 12), eth, 14);
	memcpy(at_ipa(data + 26), payload, bytes);
	put_desc(TX_RING, i, data, 12, D_NEXT, i + 1); /* the header apart, as drivers do */
	put_desc(TX_RING, i + 1, data + 12, 14 + bytes, 0, 0);
	offer(&c->tx, i);
}

static bool was_sent(u32 n)
{
	u32 id, len;

	at(n);
	return take_used(&card[n].tx, &id, &len);
}

static void send(u32 n, u8 to, u8 from, const void *payload, u32 bytes)
{
	queue_frame(n, to, from, payload, bytes);
	wr(n, 0x50, 1);
}

static void frames_arrive(void)
{
	u32 len;
	u8 *p;

	new_cards(3, 0);
	for (u32 n = 0; n < 3; n++) {
		fill(n, 1526);
		fill(n, 1526);
	}
	send(0, 0xff, 1, "hello all", 10);
	CHECK(was_sent(0));
	CHECK(receive(0, &len) == NULL);
	for (u32 n = 1; n < 3; n++) {
		p = receive(n, &len);
		REQUIRE(p != NULL);
		CHECK_EQ(len, 12 + 14 + 10);
		CHECK_EQ(p[10], 1); /* num_buffers */
		CHECK_STR((char *)p + 26, "hello all");
		CHECK(card[n].r->vm.vdevs->line);
	}
	/* 1 answers: from now on both are known, and 2 hears nothing. */
	send(1, 1, 2, "hello", 6);
	p = receive(0, &len);
	REQUIRE(p != NULL);
	CHECK_STR((char *)p + 26, "hello");
	CHECK(receive(2, &len) == NULL);
	send(0, 2, 1, "you", 4);
	CHECK(receive(1, &len) != NULL);
	CHECK(receive(2, &len) == NULL);
	free_cards(3);
}

static void false_frames(void)
{
	u32 len;

	new_cards(2, CSUM);
	fill(1, 1526);
	send(0, 2, 9, "not mine", 9); /* another's source address */
	CHECK(was_sent(0));
	CHECK(receive(1, &len) == NULL);
	tx_header[0] = 1;             /* a checksum behind the frame's end */
	tx_header[6] = 20;
	send(0, 2, 1, "x", 2);
	CHECK(was_sent(0));
	CHECK(receive(1, &len) == NULL);
	memset(tx_header, 0, 12);
	tx_header[1] = 1;             /* segments that were not negotiated */
	tx_header[4] = 100;
	send(0, 2, 1, "x", 2);
	CHECK(was_sent(0));
	CHECK(receive(1, &len) == NULL);
	memset(tx_header, 0, 12);
	send(0, 2, 1, guest_rams[2], 2000); /* longer than a wire takes */
	CHECK(was_sent(0));
	CHECK(receive(1, &len) == NULL);
	put_desc(TX_RING, 0, TX_DATA, 20, 0, 0); /* shorter than a frame */
	at(0);
	offer(&card[0].tx, 0);
	wr(0, 0x50, 1);
	CHECK(was_sent(0));
	CHECK_EQ(rd(0, 0x70), 15);
	send(0, 2, 1, "good", 5);
	CHECK(receive(1, &len) != NULL);
	free_cards(2);
}

/* A receiver without buffers is waited for, for a moment; then its frames are dropped. */
static void a_slow_receiver(void)
{
	u32 len;

	new_cards(2, 0);
	send(0, 2, 1, "one", 4);
	CHECK(!was_sent(0));
	fill(1, 1526);
	schedule();
	CHECK(was_sent(0));
	CHECK(receive(1, &len) != NULL);
	send(0, 2, 1, "two", 4);
	CHECK(!was_sent(0));
	host_pass_ns(3000000);
	schedule();
	CHECK(was_sent(0));
	send(0, 2, 1, "three", 6); /* no waiting any more */
	CHECK(was_sent(0));
	fill(1, 1526);
	CHECK(receive(1, &len) == NULL);
	send(0, 2, 1, "four", 5);
	CHECK(was_sent(0));
	CHECK_STR((char *)receive(1, &len) + 26, "four");
	free_cards(2);
}

static u16 be16(const u8 *p)
{
	return (u16)(p[0] << 8 | p[1]);
}

static u16 fold(u32 s)
{
	while (s >> 16 != 0) {
		s = (s & 0xffff) + (s >> 16);
	}
	return (u16)s;
}

static u32 add(const u8 *p, u32 n, u32 s)
{
	for (u32 i = 0; i < n; i++) {
		s += i % 2 == 0 ? (u32)p[i] << 8 : p[i];
	}
	return s;
}

static u8 tcp[3060]; /* IPv4, TCP, payload */

static void make_tcp(u32 payload)
{
	u32 s;

	memset(tcp, 0, sizeof(tcp));
	tcp[0] = 0x45;
	tcp[2] = (u8)((40 + payload) >> 8);
	tcp[3] = (u8)(40 + payload);
	tcp[5] = 7;
	tcp[8] = 64;
	tcp[9] = 6;
	memcpy(tcp + 12, "\x0a\0\0\1\x0a\0\0\2", 8);
	memcpy(tcp + 24, "\0\0\1\0", 4); /* sequence number 256 */
	tcp[32] = 0x50;
	tcp[33] = 0x19;                 /* ACK PSH FIN */
	for (u32 i = 0; i < payload; i++) {
		tcp[40 + i] = (u8)(i * 7);
	}
	s = add(tcp + 12, 8, 6 + 20 + payload);
	tcp[36] = (u8)(fold(s) >> 8);   /* of the pseudo header */
	tcp[37] = (u8)fold(s);
	memset(tx_header, 0, 12);
	tx_header[0] = 1;
	tx_header[6] = 34;              /* csum_start */
	tx_header[8] = 16;              /* csum_offset */
}

static bool tcp_sum_ok(const u8 *ip, u32 len)
{
	return fold(add(ip + 20, len - 20, add(ip + 12, 8, 6 + len - 20))) == 0xffff;
}

static void put_header16(u32 at, u16 v)
{
	memcpy(tx_header + at, &v, 2);
}

static void checksum_for_who_takes_none(void)
{
	u32 len;
	u8 *p;

	new_cards(2, CSUM);
	fill(1, 1526);
	make_tcp(101);
	send(0, 2, 1, tcp, 141);
	p = receive(1, &len);
	REQUIRE(p != NULL);
	CHECK_EQ(len, 26 + 141);
	CHECK_EQ(p[0], 0);
	CHECK(tcp_sum_ok(p + 26, 141));
	start_driver(1, GUEST_CSUM);
	fill(1, 1526);
	send(0, 2, 1, tcp, 141);
	p = receive(1, &len);
	REQUIRE(p != NULL);
	CHECK_EQ(p[0], 1); /* it does that itself */
	CHECK_MEM(p + 26, tcp, 141);
	memset(tx_header, 0, 12);
	free_cards(2);
}

static void segments_for_who_takes_none(void)
{
	u32 len, seq = 256;
	u8 *p;

	new_cards(2, CSUM | HOST_TSO4);
	for (u32 i = 0; i < 4; i++) {
		fill(1, 1526);
	}
	make_tcp(2500);
	tx_header[1] = 1;
	tx_header[4] = 1000 & 0xff;
	tx_header[5] = 1000 >> 8;
	send(0, 2, 1, tcp, 2540);
	CHECK(was_sent(0));
	for (u32 i = 0; i < 3; i++) {
		u32 bytes = i < 2 ? 1000 : 500;

		p = receive(1, &len);
		REQUIRE(p != NULL);
		CHECK_EQ(len, 26 + 40 + bytes);
		CHECK_EQ(p[1], 0);
		p += 26;
		CHECK_EQ(be16(p + 2), 40 + bytes);
		CHECK_EQ(be16(p + 4), 7 + i);
		CHECK_EQ(fold(add(p, 20, 0)), 0xffff);
		CHECK_EQ((u32)be16(p + 24) << 16 | be16(p + 26), seq);
		CHECK_EQ(p[33], i < 2 ? 0x10 : 0x19);
		CHECK(tcp_sum_ok(p, 40 + bytes));
		CHECK_MEM(p + 40, tcp + 40 + 1000 * i, bytes);
		seq += bytes;
	}
	CHECK(receive(1, &len) == NULL);
	memset(tx_header, 0, 12);
	free_cards(2);
}

static void large_frame_in_many_buffers(void)
{
	u32 len, got = 0;
	u8 *p, frame[26 + 2540];

	new_cards(2, CSUM | GUEST_CSUM | HOST_TSO4 | GUEST_TSO4 | MRG);
	make_tcp(2500);
	tx_header[1] = 1;
	tx_header[4] = 1000 & 0xff;
	tx_header[5] = 1000 >> 8;
	fill(1, 1000);
	fill(1, 1000);
	send(0, 2, 1, tcp, 2540); /* 2566 with header: two are not enough, and none is used */
	CHECK(!was_sent(0));
	CHECK(receive(1, &len) == NULL);
	fill(1, 1000);
	schedule();
	CHECK(was_sent(0));
	for (u32 i = 0; i < 3; i++) {
		p = receive(1, &len);
		REQUIRE(p != NULL && got + len <= sizeof(frame));
		memcpy(frame + got, p, len);
		got += len;
	}
	CHECK_EQ(got, sizeof(frame));
	CHECK_EQ(frame[10], 3);
	CHECK_EQ(frame[1], 1);
	CHECK_MEM(frame + 26, tcp, 2540);
	memset(tx_header, 0, 12);
	free_cards(2);
}

static void links_come_and_go(void)
{
	host_init();
	new_card(0, NULL, NULL, 0);
	CHECK_EQ(rig_read(card[0].r, 0x106, 2), 0); /* nobody there */
	start_driver(0, 0);
	new_card(1, NULL, NULL, 0);
	CHECK_EQ(rig_read(card[0].r, 0x106, 2), 1);
	CHECK_EQ(rd(0, 0x60) & 2, 2); /* and was told */
	rig_free(card[1].r);
	CHECK_EQ(rig_read(card[0].r, 0x106, 2), 0);
	at(0);
	send(0, 2, 1, "anybody", 8);
	CHECK(was_sent(0));
	rig_free(card[0].r);
}

/* A VM that has stopped gets nothing more, and nobody waits for it. */
static void a_stopped_receiver(void)
{
	u32 len;

	new_cards(2, 0);
	fill(1, 1526);
	vdevs_quiesce(&card[1].r->vm);
	send(0, 2, 1, "late", 5);
	CHECK(was_sent(0));
	CHECK(receive(1, &len) == NULL);
	vdevs_reset(&card[1].r->vm);
	CHECK_EQ(rd(1, 0x70), 0);
	free_cards(2);
}

static void promiscuous_where_allowed(void)
{
	u32 len;

	host_init();
	new_card(0, NULL, NULL, 0);
	new_card(1, NULL, NULL, 0);
	new_card(2, "promiscuous", "on", 1);
	for (u32 n = 0; n < 3; n++) {
		start_driver(n, BIT(17) | BIT(18));
		at(n);
		fill(n, 1526);
		fill(n, 1526);
	}
	for (u32 n = 1; n < 3; n++) {
		struct driver ctrl;

		at(n);
		wr(n, 0x70, 0);
		wr(n, 0x70, 3);
		wr(n, 0x24, 0);
		wr(n, 0x20, BIT(17) | BIT(18));
		wr(n, 0x24, 1);
		wr(n, 0x20, 1);
		wr(n, 0x70, 11);
		set_up_queue(n, 0, &card[n].rx, RX_RING);
		set_up_queue(n, 2, &ctrl, TX_RING);
		wr(n, 0x70, 15);
		card[n].filled = 0;
		fill(n, 1526);
		fill(n, 1526);
		memcpy(at_ipa(TX_DATA), "\0\0\1", 3); /* CTRL_RX, PROMISC, on */
		put_desc(TX_RING, 0, TX_DATA, 3, D_NEXT, 1);
		put_desc(TX_RING, 1, TX_DATA + 16, 1, D_WRITE, 0);
		*(u8 *)at_ipa(TX_DATA + 16) = 9;
		offer(&ctrl, 0);
		wr(n, 0x50, 2);
		CHECK_EQ(*(u8 *)at_ipa(TX_DATA + 16), 0);
	}
	/* Somebody nobody knows: flooded, but only who may listen hears it. */
	send(0, 7, 1, "secret", 7);
	CHECK(receive(1, &len) == NULL);
	CHECK(receive(2, &len) != NULL);
	free_cards(3);
}

/* No cable: what is sent is gone. */
static void a_card_alone(void)
{
	host_init();
	struct rig *r = rig_new("a", "virtio-net");

	at(0);
	give_ram(&r->vm);
	r->cfg.cpu_count = 1;
	rig_option(r, "mac", macs[0], 0);
	card[0] = (struct card){ .r = r };
	REQUIRE(rig_start(r) == 0);
	start_driver(0, 0);
	fill(0, 1526);
	send(0, 0xff, 1, "anybody", 8);
	CHECK(was_sent(0));
	rig_free(r);
}

/* Who waits for a receiver's buffers does not keep it: others deliver to it, and it can be reset. */
static void a_receiver_is_let_go(void)
{
	u32 len;

	new_cards(3, 0);
	send(0, 0xff, 1, "one", 4); /* to all: nobody waits */
	CHECK(was_sent(0));
	fill(0, 1526);
	send(1, 1, 2, "two", 4); /* the switch knows both now */
	CHECK(receive(0, &len) != NULL);
	send(0, 2, 1, "three", 6);
	CHECK(!was_sent(0));
	CHECK_EQ(((struct virtio *)card[1].r->vm.vdevs)->users, 0);
	fill(1, 1526);
	schedule();
	CHECK(was_sent(0));
	CHECK(receive(1, &len) != NULL);
	/* Dropped in the end: not kept either. */
	send(0, 2, 1, "four", 5);
	host_pass_ns(3000000);
	schedule();
	CHECK(was_sent(0));
	at(1);
	wr(1, 0x70, 0);
	CHECK_EQ(rd(1, 0x70), 0);
	free_cards(3);
}

/* One that never takes anything costs its senders one wait, not one for each frame to others. */
static void a_dead_receiver(void)
{
	u32 len;

	new_cards(3, 0);
	for (u32 n = 1; n < 3; n++) {
		fill(0, 1526);
		send(n, 1, (u8)(n + 1), "here", 5);
		CHECK(receive(0, &len) != NULL);
	}
	send(0, 2, 1, "x", 2);
	CHECK(!was_sent(0));
	host_pass_ns(3000000);
	schedule();
	CHECK(was_sent(0));
	fill(2, 1526);
	send(0, 3, 1, "live", 5);
	CHECK(was_sent(0));
	CHECK(receive(2, &len) != NULL);
	send(0, 2, 1, "y", 2);
	CHECK(was_sent(0));
	free_cards(3);
}

/* Something to be read in the receive queue is the driver's mistake, not a want of buffers. */
static void readable_receive_buffer(void)
{
	new_cards(2, MRG);
	at(1);
	put_desc(RX_RING, 0, RX_DATA, 1526, 0, 0);
	offer(&card[1].rx, 0);
	wr(1, 0x50, 0);
	send(0, 2, 1, "x", 2);
	CHECK(was_sent(0));
	CHECK_EQ(rd(1, 0x70), 15 | 64);
	free_cards(2);
}

/* ---- A card of the machine: it keeps what it sends, and sends what it is given. */

static struct {
	struct nic nic;
	u8 out[NIC_FRAME], guard[16]; /* the send buffer is no larger than promised */
	u8 in[NIC_FRAME];
	u32 out_len, in_len, sent, started;
	bool full;
} wire;

static u8 *wire_room(struct nic *n)
{
	(void)n;
	return wire.full ? NULL : wire.out;
}

static void wire_send(struct nic *n, u32 len)
{
	(void)n;
	wire.out_len = len;
	wire.sent++;
}

static void wire_start(struct nic *n)
{
	(void)n;
	wire.started++;
}

static u8 *wire_take(struct nic *n, u32 *len)
{
	(void)n;
	*len = wire.in_len;
	return wire.in_len != 0 ? wire.in : NULL;
}

static void wire_give(struct nic *n, u8 *frame)
{
	(void)n;
	(void)frame;
	wire.in_len = 0;
}

static void wire_refill(struct nic *n)
{
	(void)n;
}

static bool wire_listen(struct nic *n, bool sending)
{
	(void)n;
	return wire.in_len != 0 || (sending && !wire.full);
}

static bool wire_link(struct nic *n)
{
	(void)n;
	return true;
}

static bool wire_broken(struct nic *n)
{
	(void)n;
	return false;
}

static const struct nic_ops wire_ops = {
	wire_room, wire_send, wire_start, wire_take, wire_give, wire_refill, wire_listen, wire_link, wire_broken,
};

static void uplink(void)
{
	u32 len;
	u8 *p;

	peer = "/dev/nic0";
	wire.nic = (struct nic){ .ops = &wire_ops, .driver = "a wire", .mac = { 2, 0, 0, 0, 0, 9 } };
	host_init();
	REQUIRE(nic_add(&wire.nic) == 0);
	new_card(0, NULL, NULL, 0);
	start_driver(0, CSUM | HOST_TSO4);
	schedule();
	CHECK(wire.nic.up);

	/* Out: as it is, with its checksum made, cut up. */
	send(0, 9, 1, "out", 3);
	CHECK_EQ(wire.sent, 1);
	CHECK(wire.started != 0);
	CHECK_EQ(wire.out_len, 17);
	CHECK_MEM(wire.out + 14, "out", 3);
	make_tcp(101);
	send(0, 9, 1, tcp, 141);
	CHECK_EQ(wire.sent, 2);
	CHECK(tcp_sum_ok(wire.out + 14, 141));
	make_tcp(3000);
	tx_header[1] = 1; /* TCPv4 */
	put_header16(2, 54);
	put_header16(4, 1460);
	send(0, 9, 1, tcp, 3040);
	CHECK_EQ(wire.sent, 5);

	/* Segments larger than the wire's: the send buffer has no room for them. */
	memset(wire.guard, 0x5a, sizeof(wire.guard));
	put_header16(4, 1990);
	send(0, 9, 1, tcp, 3040);
	CHECK_EQ(wire.sent, 5);
	for (u32 i = 0; i < sizeof(wire.guard); i++) {
		CHECK_EQ(wire.guard[i], 0x5a);
	}
	memset(tx_header, 0, 12);

	/* No room: waits, and goes when there is. */
	wire.full = true;
	send(0, 9, 1, "late", 4);
	CHECK_EQ(wire.sent, 5);
	wire.full = false;
	nic_interrupt(&wire.nic);
	schedule();
	CHECK_EQ(wire.sent, 6);
	CHECK_MEM(wire.out + 14, "late", 4);

	/* In. */
	fill(0, 1526);
	memcpy(wire.in, "\x52\x54\0\0\0\1\2\0\0\0\0\7\x08\0in", 16);
	wire.in_len = 16;
	nic_interrupt(&wire.nic);
	schedule();
	p = receive(0, &len);
	REQUIRE(p != NULL);
	CHECK_EQ(len, 12 + 16);
	CHECK_MEM(p + 12 + 14, "in", 2);
	peer = "sw0";
	free_cards(1);
}

TEST_MAIN(RUN(frames_arrive), RUN(false_frames), RUN(a_slow_receiver), RUN(checksum_for_who_takes_none),
	  RUN(segments_for_who_takes_none), RUN(large_frame_in_many_buffers), RUN(links_come_and_go),
	  RUN(a_stopped_receiver), RUN(promiscuous_where_allowed), RUN(a_card_alone),
	  RUN(a_receiver_is_let_go), RUN(a_dead_receiver), RUN(readable_receive_buffer), RUN(uplink))
