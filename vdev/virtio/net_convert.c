/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checksums and TCP segments for receivers that take frames of the wire's form only: the slow way,
 * one segment after the other through a buffer.
 */
#include "vdev/virtio/net_switch.h"

#include <string.h>

#define IP_TCP 6
#define HEADERS_MAX 192
#define SEGMENTS_MAX 256 /* what a receiver has buffers for */

static u16 get16(const u8 *p)
{
	return (u16)(p[0] << 8 | p[1]);
}

static void put16(u8 *p, u32 v)
{
	p[0] = (u8)(v >> 8);
	p[1] = (u8)v;
}

static u32 get32(const u8 *p)
{
	return (u32)get16(p) << 16 | get16(p + 2);
}

static void put32(u8 *p, u32 v)
{
	put16(p, v >> 16);
	put16(p + 2, v);
}

/* Those of its head are the ones that were looked at. */
void net_fetch(const struct net_frame *f, u32 off, u8 *to, u32 n)
{
	const struct virtq_seg *s = f->seg;

	if (off < f->head_len) {
		u32 run = MIN(n, f->head_len - off);

		memcpy(to, f->head + off, run);
		to += run;
		off += run;
		n -= run;
	}
	off += f->skip;
	while (n != 0) {
		u32 run;

		while (off >= s->len) {
			off -= s->len;
			s++;
		}
		run = MIN(n, s->len - off);
		memcpy(to, s->p + off, run);
		to += run;
		off += run;
		n -= run;
	}
}

/* Ones' complement sum of big-endian words (RFC 1071); an odd last byte is the high one. */
static u64 sum(const u8 *p, u32 n, u64 s)
{
	for (; n > 1; p += 2, n -= 2) {
		s += get16(p);
	}
	return n != 0 ? s + (u32)(p[0] << 8) : s;
}

static u16 fold(u64 s)
{
	while (s >> 16 != 0) {
		s = (s & 0xffff) + (s >> 16);
	}
	return (u16)~s;
}

/* `len` bytes in the bounce buffer, whole; made of `of`. */
static enum net_result put_bounce(struct net_port *p, u32 len, const struct net_frame *of,
				  enum net_result (*put)(struct net_port *p, struct net_frame *f))
{
	struct virtq_seg seg = { p->bounce, len };
	struct net_frame f;

	memset(&f.h, 0, sizeof(f.h));
	f.seg = &seg;
	f.skip = 0;
	f.len = len;
	f.head_len = 0;
	f.to = of->to;
	f.from = of->from;
	return put(p, &f);
}

/* The field holds the sum of the pseudo header already (5.1.6.2.1). */
static enum net_result checksummed(struct net_port *p, struct net_frame *f,
				   enum net_result (*put)(struct net_port *p, struct net_frame *f))
{
	u32 start = f->h.csum_start, field = start + f->h.csum_offset;
	u16 s;

	if (f->len > NET_BOUNCE || field + 2 > f->len) {
		return NET_DROPPED;
	}
	net_fetch(f, 0, p->bounce, f->len);
	s = fold(sum(p->bounce + start, f->len - start, 0));
	put16(p->bounce + field, s != 0 ? s : 0xffff);
	return put_bounce(p, f->len, f, put);
}

/* Where things are in a TCP frame. */
struct tcp_frame {
	u32 ip, tcp, payload; /* offsets */
	bool v6;
};

static bool parse_tcp(const u8 *h, u32 len, struct tcp_frame *t)
{
	u32 type = 12;

	while (type < 20 && (get16(h + type) == 0x8100 || get16(h + type) == 0x88a8)) {
		type += 4;
	}
	t->ip = type + 2;
	t->v6 = get16(h + type) == 0x86dd;
	if (t->v6) {
		t->tcp = t->ip + 40;
		if (t->ip + 40 > len || h[t->ip + 6] != IP_TCP) {
			return false;
		}
	} else {
		if (get16(h + type) != 0x0800 || t->ip + 20 > len || h[t->ip + 9] != IP_TCP) {
			return false;
		}
		t->tcp = t->ip + 4u * (h[t->ip] & 15);
	}
	if (t->tcp < t->ip + 20 || t->tcp + 20 > len) {
		return false;
	}
	t->payload = t->tcp + 4u * (h[t->tcp + 12] >> 4);
	return t->payload >= t->tcp + 20 && t->payload <= len;
}

/* Lengths, identification, flags and checksums of segment `i` of `bytes` of payload in the bounce buffer. */
static void finish_segment(u8 *h, const struct tcp_frame *t, u32 i, u32 done, u32 bytes, bool last)
{
	u32 tcp_len = t->payload - t->tcp + bytes;
	u64 s;

	if (t->v6) {
		put16(h + t->ip + 4, tcp_len);
		s = sum(h + t->ip + 8, 32, 0);
	} else {
		put16(h + t->ip + 2, t->tcp - t->ip + tcp_len);
		put16(h + t->ip + 4, get16(h + t->ip + 4) + i);
		put16(h + t->ip + 10, 0);
		put16(h + t->ip + 10, fold(sum(h + t->ip, t->tcp - t->ip, 0)));
		s = sum(h + t->ip + 12, 8, 0);
	}
	put32(h + t->tcp + 4, get32(h + t->tcp + 4) + done);
	if (!last) {
		h[t->tcp + 13] &= (u8)~(0x01 | 0x08); /* FIN and PSH are the last one's */
	}
	if (i != 0) {
		h[t->tcp + 13] &= (u8)~0x80;          /* CWR the first one's (RFC 3168 6.1.2) */
	}
	put16(h + t->tcp + 16, 0);
	put16(h + t->tcp + 16, fold(sum(h + t->tcp, tcp_len, s + IP_TCP + tcp_len)));
}

static enum net_result segmented(struct net_port *p, struct net_frame *f,
				 enum net_result (*put)(struct net_port *p, struct net_frame *f))
{
	u8 headers[HEADERS_MAX];
	u32 have = MIN(f->len, (u32)HEADERS_MAX), size = f->h.gso_size, done = 0;
	struct tcp_frame t;
	enum net_result r = NET_SENT;

	net_fetch(f, 0, headers, have);
	if (have < 54 || !parse_tcp(headers, have, &t) || size == 0 || t.payload + size > NET_BOUNCE ||
	    (f->len - t.payload) / size >= SEGMENTS_MAX) {
		return NET_DROPPED;
	}
	for (u32 i = 0; t.payload + done < f->len && r == NET_SENT; i++) {
		u32 bytes = MIN(size, f->len - t.payload - done);

		memcpy(p->bounce, headers, t.payload);
		net_fetch(f, t.payload + done, p->bounce + t.payload, bytes);
		finish_segment(p->bounce, &t, i, done, bytes, t.payload + done + bytes == f->len);
		r = put_bounce(p, t.payload + bytes, f, put);
		done += bytes;
	}
	/* Some have gone: the rest is lost as on a wire, TCP sends it again. */
	return r == NET_WAIT && done > size ? NET_SENT : r;
}

enum net_result net_convert(struct net_port *p, struct net_frame *f,
			    enum net_result (*put)(struct net_port *p, struct net_frame *f))
{
	return f->h.gso_type == NET_GSO_NONE ? checksummed(p, f, put) : segmented(p, f, put);
}
