/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of virtio-vsock share (virtio 1.2 5.10). A packet goes from the sender's buffers into
 * the receiver's in the sender's work, with its addresses checked; what a receiver has no buffers for is
 * kept in a ring of its own, and the sender goes on with the next. Credit is the guests' own business.
 */
#ifndef QUOIN_VDEV_VIRTIO_VSOCK_H
#define QUOIN_VDEV_VIRTIO_VSOCK_H

#include "core/session.h"
#include "vdev/virtio/virtio.h"

#define VSOCK_F_SEQPACKET BIT(1)

enum { VSOCK_RX, VSOCK_TX, VSOCK_EVENT };
enum { VSOCK_STREAM = 1, VSOCK_SEQPACKET };
enum {
	VSOCK_REQUEST = 1, VSOCK_RESPONSE, VSOCK_RST, VSOCK_SHUTDOWN, VSOCK_RW, VSOCK_CREDIT_UPDATE, VSOCK_CREDIT_REQUEST,
};

#define VSOCK_HOST 2       /* CID of the monitor */
#define VSOCK_CID_MIN 3
#define VSOCK_CID_MAX 0xfffffffeUL
#define VSOCK_SHELL_PORT 23
#define VSOCK_PACKET KiB(64)
#define VSOCK_RING KiB(256)
#define VSOCK_MEMBERS 16
#define VSOCK_CONNS 256    /* of all VMs */
#define VSOCK_CONNS_VM 64  /* that one may have begun */

#define VSOCK_HEADER 44 /* bytes of it; sizeof is rounded up */
struct vsock_header {
	u64 src_cid, dst_cid;
	u32 src_port, dst_port;
	u32 len;
	u16 type, op;
	u32 flags;
	u32 buf_alloc, fwd_cnt;
};

/* A guest's connection with the monitor's shell. */
struct vsock_shell {
	struct session *s;   /* NULL: none */
	u32 port;            /* the guest's */
	u32 alloc, fwd;      /* its credit: room it has in all, bytes it has taken */
	u32 sent, told;      /* bytes sent to it, and what it was told of those read from it */
	bool answer, update; /* a RESPONSE, a CREDIT_UPDATE is due */
};

struct vsock {
	struct virtio v;
	u64 cid;             /* also the configuration space */
	const char *net;     /* with whom it may talk, NULL: with nobody */
	u32 index;           /* among the members */
	bool shell_allowed;
	bool live;           /* the driver is there: packets may be brought; under the members' lock */
	u16 life;            /* which of all drivers there were */
	u32 using;           /* senders that look at this one */
	/* Sending: the device's own work. */
	struct virtq_chain tx;
	struct vsock *to;    /* whose receiving side it has claimed */
	bool stalled, impatient;
	u64 sent, dropped;
	/* Receiving: whoever has claimed it. */
	u32 claimed;
	u32 busy;            /* members to be kicked when it is not claimed any more, */
	u32 full;            /* and when its ring has room */
	bool stuck;          /* was waited for in vain */
	bool broken;
	bool resets;         /* some of its connections are at an end without its knowing */
	struct virtq_chain rx;
	struct vsock_header part; /* the ring's first packet, its `len` is what is left; op 0: not begun */
	u32 head, tail;
	u8 *ring;
	u64 received;
	struct vsock_shell shell;
};

enum vsock_result {
	VSOCK_SENT,
	VSOCK_DROPPED, /* nobody takes it */
	VSOCK_WAIT,    /* no room: the sender is kicked when to try again */
};

/* Everything below: work context, if nothing else is said. */

/*
 * vsock_reach - claim the receiving side of `to`, which stays meanwhile, and let go of the one before;
 * NULL: that only.
 */
enum vsock_result vsock_reach(struct vsock *s, struct vsock *to);
/* vsock_deliver - bring a packet to `to`: its payload is what follows in s->tx. `may_wait` false: or drop it. */
enum vsock_result vsock_deliver(struct vsock *s, struct vsock *to, const struct vsock_header *h, bool may_wait);
/*
 * vsock_give - a packet, or as much of it as one buffer takes: h->len is what is left. The payload stands
 * in `c` from *at on, or if that is NULL at `p`, or in the ring. 1, 0: no buffer. Claimed.
 */
int vsock_give(struct vsock *to, struct vsock_header *h, const struct virtq_chain *c, struct virtq_at *at, const u8 *p);
/* vsock_drain - what is in the ring, as long as there are buffers; true: it is empty. Claimed. */
bool vsock_drain(struct vsock *to);
void vsock_rx_reset(struct vsock *s);

/* vsock_kick - those members, if they live. Any context. */
void vsock_kick(u32 mask);
/* vsock_answer - the header of an answer to `h`. */
struct vsock_header vsock_answer(const struct vsock_header *h, u16 op);

/* Connections between guests (vsock_conn.c). `from`, `to`: both lives. */
/* vsock_conn_begin - a REQUEST goes out: false, too many. vsock_conn_seen - a RESPONSE or a RST is through. */
bool vsock_conn_begin(const struct vsock_header *h, u16 from, u16 to);
void vsock_conn_seen(const struct vsock_header *h);
/* vsock_conn_cut - the receiver of `h` gets a RST for its connection later. */
void vsock_conn_cut(const struct vsock_header *h);
/* vsock_conn_next - a RST that `cid`, in this life, is to get, until it is seen. */
bool vsock_conn_next(u64 cid, u16 life, struct vsock_header *rst);
/* vsock_lives - there is such a driver, the same since then. */
bool vsock_lives(u64 cid, u16 life);

/* vsock_shell_packet - of s->tx, to CID 2: false, it gets a RST. */
bool vsock_shell_packet(struct vsock *s, const struct vsock_header *h);
/* vsock_shell_serve - what the shell has for the guest; false: it waits for buffers. Claimed. */
bool vsock_shell_serve(struct vsock *s);
void vsock_shell_close(struct vsock *s);

#endif
