/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ethernet between virtio-net devices: learning switches, and links of two, which are switches with
 * two ports. A frame is copied once, from the sender's buffers into the receiver's, by the sender.
 *
 * A receiver without buffers holds up the senders to it for a moment, so that nothing is lost; then
 * its frames are dropped until it takes some again. So it stalls nobody.
 */
#ifndef QUOIN_VDEV_VIRTIO_NET_SWITCH_H
#define QUOIN_VDEV_VIRTIO_NET_SWITCH_H

#include "vdev/virtio/virtio.h"

#define NET_SWITCHES 8
#define NET_PORTS 16
#define NET_NAME 64
#define NET_HEAD 64         /* first bytes of a frame, which are looked at */
#define NET_BOUNCE 2048     /* room for a frame of the wire's size, and its headers */
#define NET_FRAME_MAX 65562 /* 64 KiB of IP, and an Ethernet header with a VLAN tag twice */
#define NET_MTU_FRAME 1522

/* struct virtio_net_hdr (virtio 1.2 5.1.6). Legacy drivers without mergeable buffers leave out the last. */
struct net_header {
	u8 flags, gso_type;
	u16 hdr_len, gso_size, csum_start, csum_offset, num_buffers;
};

#define NET_NEEDS_CSUM 1
#define NET_DATA_VALID 2
#define NET_GSO_NONE 0
#define NET_GSO_TCPV4 1
#define NET_GSO_TCPV6 4
#define NET_GSO_ECN 0x80

/*
 * A frame on its way: where its bytes are, behind the header. The first ones are copied and are what is
 * sent, whatever becomes of the place they were copied from.
 */
struct net_frame {
	struct net_header h; /* num_buffers is the receiver's to fill in */
	u8 head[NET_HEAD];   /* right behind it, as in a driver's buffer */
	const struct virtq_seg *seg;
	u32 skip;       /* bytes of the first segments that are not the frame's */
	u32 len;        /* at least an Ethernet header's */
	u32 head_len;
	u64 to, from;   /* addresses of its head */
};

_Static_assert(offsetof(struct net_frame, head) == sizeof(struct net_header), "copied together");

enum net_result {
	NET_SENT,
	NET_DROPPED,
	NET_WAIT, /* no room or busy: the port is kicked when to try again */
};

struct net_switch;

struct net_port {
	struct net_switch *sw;
	u32 index;
	u64 mac;          /* its station's; 0: many are behind it */
	bool any_source;  /* may send from other addresses than its own */
	bool up;          /* its own end of the cable */
	bool impatient;   /* has waited too long for who gets its next frame */
	u32 waiting;      /* ports to be kicked when this one has room */
	u32 busy;         /* and when no other sender has it any more */
	u32 claimed_by;   /* index of the port that delivers, plus one: net_claim() */
	u8 *bounce;       /* NET_BOUNCE bytes, of whoever delivers */
	/*
	 * Bring a frame to this port. Called in the sender's work context, several at once are
	 * possible. `may_wait` false: drop it where NET_WAIT would be the answer.
	 */
	enum net_result (*deliver)(struct net_port *p, struct net_port *from, struct net_frame *f,
				   bool may_wait);
	/* The batch of `from`, who delivered or tried to, is over: tell the driver. */
	void (*delivered)(struct net_port *p, struct net_port *from);
	void (*kick)(struct net_port *p); /* room somewhere: try again. Any context */
	void (*link)(struct net_port *p, bool up);
	u64 sent, received, dropped;
	struct net_port *reached[NET_PORTS]; /* in this batch, as net_send() says in *touched */
};

/* An Ethernet address as a number: the first byte on the wire is the highest. */
static inline u64 net_mac(const u8 *b)
{
	return (u64)b[0] << 40 | (u64)b[1] << 32 | (u64)((u32)b[2] << 24 | (u32)b[3] << 16 | (u32)b[4] << 8 | b[5]);
}

static inline bool net_is_group(u64 mac)
{
	return (mac >> 40 & 1) != 0;
}

/*
 * net_join - a port of the switch `name`, made on first use; -ENOSPC; -EEXIST: another port has its address.
 * net_leave: no frame is on its way. net_hear_all - it gets all frames, or no longer. net_link - its
 * own end has changed. Thread or work context.
 */
int net_join(struct net_port *p, const char *name) __must_check;
void net_leave(struct net_port *p);
void net_hear_all(struct net_port *p, bool on);
void net_link(struct net_port *p, bool up);
/*
 * net_send - to the port of the destination's address, or to all but the sender. *touched is 0 at first and
 * gets the bits of the ports that were offered something. Work context.
 */
enum net_result net_send(struct net_port *from, struct net_frame *f, bool may_wait, u32 *touched);
/* net_batch_end - after any number of them: those ports may tell their drivers, and go away. */
void net_batch_end(struct net_port *from, u32 touched);
/* net_room - `p` has room again: kick who waits for that; net_free - no sender has it. Any context. */
void net_room(struct net_port *p);
void net_free(struct net_port *p);
/*
 * net_claim - what takes frames at `p` belongs to `from` until its batch is over; false: another has it. net_unclaim - no
 * longer; who waited is kicked. Whoever delivers. net_claimed - `from` has it.
 */
static inline bool net_claimed(const struct net_port *p, const struct net_port *from)
{
	return READ_ONCE(p->claimed_by) == from->index + 1;
}
static inline bool net_claim(struct net_port *p, const struct net_port *from)
{
	u32 none = 0;

	return __atomic_compare_exchange_n(&p->claimed_by, &none, from->index + 1, false, __ATOMIC_ACQUIRE,
					   __ATOMIC_RELAXED);
}
static inline void net_unclaim(struct net_port *p)
{
	__atomic_store_n(&p->claimed_by, 0, __ATOMIC_RELEASE);
	__atomic_thread_fence(__ATOMIC_SEQ_CST); /* who comes too late for this one tries again himself */
	if (READ_ONCE(p->busy) != 0) {
		net_free(p);
	}
}
/* net_fetch - bytes [off, off + n) of the frame. */
void net_fetch(const struct net_frame *f, u32 off, u8 *to, u32 n);
/*
 * net_convert - do for the receiver what it does not take: the checksum, the segmentation. Gives
 * the result to put(), through p->bounce. NET_DROPPED: not a frame this can be done for. The port is the caller's.
 */
enum net_result net_convert(struct net_port *p, struct net_frame *f,
			    enum net_result (*put)(struct net_port *p, struct net_frame *f));

#endif
