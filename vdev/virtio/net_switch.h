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

/* A frame on its way: where its bytes are, behind the header. */
struct net_frame {
	struct net_header h;
	const struct virtq_seg *seg;
	u32 segs;
	u32 skip;    /* bytes of the first segments that are not the frame's */
	u32 len;
	u8 eth[14];  /* its first bytes, copied once */
};

enum net_result {
	NET_SENT,
	NET_DROPPED,
	NET_WAIT, /* no room or busy: the port is kicked when to try again */
};

struct net_switch;

struct net_port {
	struct net_switch *sw;
	u32 index;
	u8 mac[6];
	bool any_source;  /* may send from other addresses than its own */
	bool promiscuous; /* gets every frame */
	bool impatient;   /* has waited too long for who gets its next frame */
	u32 waiting;      /* ports to be kicked when this one has room */
	u32 busy;         /* and when no other sender has it any more */
	/*
	 * Bring a frame to this port. Called in the sender's work context, several at once are
	 * possible. `may_wait` false: drop it where NET_WAIT would be the answer.
	 */
	enum net_result (*deliver)(struct net_port *p, struct net_port *from, const struct net_frame *f,
				   bool may_wait);
	/* The batch of `from`, who delivered or tried to, is over: tell the driver. */
	void (*delivered)(struct net_port *p, struct net_port *from);
	void (*kick)(struct net_port *p); /* room somewhere: try again. Any context */
	void (*link)(struct net_port *p, bool up);
	u64 sent, received, dropped;
};

/* net_join - a port of the switch `name`, made on first use; -ENOSPC. net_leave: no frame is on its way. */
int net_join(struct net_port *p, const char *name) __must_check;
void net_leave(struct net_port *p);
/*
 * net_send - to the port of the destination's address, or to all but the sender. *touched gets the
 * bits of the ports that were offered something. Work context.
 */
enum net_result net_send(struct net_port *from, const struct net_frame *f, bool may_wait, u32 *touched);
/* net_batch_end - those ports may tell their drivers. */
void net_batch_end(struct net_port *from, u32 touched);
/* net_room - `p` has room again: kick who waits for that; net_free - no sender has it. Any context. */
void net_room(struct net_port *p);
void net_free(struct net_port *p);

#endif
