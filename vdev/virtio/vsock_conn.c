/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which connections there are between guests: so that one VM's end is the end of its connections at the
 * other side, and that no VM has more than its share. Looked at when one begins or ends only.
 */
#include "vdev/virtio/vsock.h"

struct conn {
	u32 cid[2];  /* 0: who began it */
	u32 port[2];
	u16 life[2]; /* of the two VMs, then */
	u32 number;  /* how many there were before */
	u8 type;
	u8 state;    /* CONN_FREE, ... */
	u8 tell;     /* bit n: side n is to get a RST */
};

static struct conn conns[VSOCK_CONNS];
static u32 begun;
static struct spinlock lock;

enum { CONN_FREE, CONN_HALF, CONN_UP };

static bool is_end(const struct conn *c, u32 side, u64 cid, u32 port)
{
	return c->port[side] == port && c->cid[side] == cid;
}

/* The one a packet belongs to, or NULL; *side: the receiver's. Lock held: some ten instructions each. */
static struct conn *find(const struct vsock_header *h, u32 *side)
{
	for (u32 i = 0; i < VSOCK_CONNS; i++) {
		struct conn *c = &conns[i];

		for (*side = 0; c->state != CONN_FREE && *side < 2; ++*side) {
			if (is_end(c, *side, h->dst_cid, h->dst_port) && is_end(c, !*side, h->src_cid, h->src_port)) {
				return c;
			}
		}
	}
	return NULL;
}

/* A place for a new one: over its VM's share only that of the oldest that was never answered. */
static struct conn *place(u64 cid)
{
	struct conn *unused = NULL, *half = NULL;
	u32 count = 0;

	for (u32 i = 0; i < VSOCK_CONNS; i++) {
		struct conn *c = &conns[i];

		if (c->state == CONN_FREE) {
			unused = c;
		} else if (c->cid[0] == cid) {
			count++;
			if (c->state == CONN_HALF && (half == NULL || (s32)(c->number - half->number) < 0)) {
				half = c;
			}
		}
	}
	return count < VSOCK_CONNS_VM && unused != NULL ? unused : half;
}

bool vsock_conn_begin(const struct vsock_header *h, u16 from, u16 to)
{
	u64 flags = spin_lock_irq(&lock);
	u32 side;
	struct conn *c = find(h, &side);

	if (c == NULL) {
		spin_unlock_irq(&lock, flags);
		flags = spin_lock_irq(&lock);
		c = place(h->src_cid);
	}
	if (c != NULL) {
		*c = (struct conn){
			.cid = { (u32)h->src_cid, (u32)h->dst_cid }, .port = { h->src_port, h->dst_port },
			.life = { from, to }, .number = begun++, .type = (u8)h->type,
			.state = CONN_HALF,
		};
	}
	spin_unlock_irq(&lock, flags);
	return c != NULL;
}

void vsock_conn_seen(const struct vsock_header *h)
{
	u64 flags = spin_lock_irq(&lock);
	u32 side;
	struct conn *c = find(h, &side);

	if (c != NULL) {
		c->state = h->op == VSOCK_RST ? CONN_FREE : CONN_UP;
	}
	spin_unlock_irq(&lock, flags);
}

void vsock_conn_cut(const struct vsock_header *h)
{
	u64 flags = spin_lock_irq(&lock);
	u32 side;
	struct conn *c = find(h, &side);

	if (c != NULL) {
		c->tell = (u8)(1U << side);
	}
	spin_unlock_irq(&lock, flags);
}

bool vsock_conn_next(u64 cid, u16 life, struct vsock_header *rst)
{
	for (u32 i = 0; i < VSOCK_CONNS; i++) {
		struct conn *c = &conns[i];
		u64 flags = spin_lock_irq(&lock);
		u32 side = c->cid[1] == cid;
		bool mine = c->state != CONN_FREE && c->cid[side] == cid;
		u16 other = c->life[!side];
		bool tell = (c->tell & 1U << side) != 0;

		if (mine && c->life[side] != life) {
			c->state = CONN_FREE; /* nobody there knows of it */
			mine = false;
		}
		*rst = (struct vsock_header){
			.src_cid = c->cid[!side], .dst_cid = cid, .src_port = c->port[!side],
			.dst_port = c->port[side], .type = c->type, .op = VSOCK_RST,
		};
		spin_unlock_irq(&lock, flags);
		if (mine && (tell || !vsock_lives(rst->src_cid, other))) {
			return true;
		}
	}
	return false;
}
