/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of virtio-net share. */
#ifndef QUOIN_VDEV_VIRTIO_NET_H
#define QUOIN_VDEV_VIRTIO_NET_H

#include "vdev/virtio/net_switch.h"

/* virtio 1.2 5.1.3 */
#define NET_F_CSUM BIT(0)
#define NET_F_GUEST_CSUM BIT(1)
#define NET_F_MAC BIT(5)
#define NET_F_GUEST_TSO4 BIT(7)
#define NET_F_GUEST_TSO6 BIT(8)
#define NET_F_GUEST_ECN BIT(9)
#define NET_F_HOST_TSO4 BIT(11)
#define NET_F_HOST_TSO6 BIT(12)
#define NET_F_HOST_ECN BIT(13)
#define NET_F_MRG_RXBUF BIT(15)
#define NET_F_STATUS BIT(16)
#define NET_F_CTRL_VQ BIT(17)
#define NET_F_CTRL_RX BIT(18)
#define NET_F_CTRL_MAC_ADDR BIT(23)

#define NET_RX 0
#define NET_TX 1
#define NET_CTRL 2

#define NET_BUFFERS 80     /* of one frame: 64 KiB in buffers of a packet's size, and some */
#define NET_FRAME_MAX 65562 /* 64 KiB of IP, and an Ethernet header with a VLAN tag twice */
#define NET_MTU_FRAME 1522

struct net_config {
	u8 mac[6];
	u16 status;
	u16 max_virtqueue_pairs, mtu;
};

struct net {
	struct virtio v;
	struct net_config config;
	struct net_port port;
	u32 header;           /* bytes of struct net_header in this driver's frames */
	bool promisc_allowed, mac_allowed;
	/* Sending: the device's own work. */
	struct virtq_chain tx;
	bool stalled;         /* a receiver has no room, or another sender has it */
	/* Receiving: whoever has claimed it. */
	u32 claimed_by;       /* index of the sender's port, plus one */
	bool rx_broken;
	bool stuck;           /* was waited for in vain: nobody waits until it takes a frame again */
	u32 rx_segs;
	struct virtq_chain rx;
	struct virtq_seg rx_seg[VIRTQ_SEGS];
	struct virtq_done rx_done[NET_BUFFERS];
	u8 bounce[2048];      /* segments made of a large frame for a driver that takes none */
};

enum net_result net_deliver(struct net_port *p, struct net_port *from, const struct net_frame *f,
			    bool may_wait);
void net_delivered(struct net_port *p, struct net_port *from);

/*
 * net_convert - do for the receiver what it did not negotiate: the checksum, the segmentation. Gives
 * the result to put(). NET_DROPPED: not a frame this can be done for. The receiver is claimed.
 */
enum net_result net_convert(struct net *n, const struct net_frame *f,
			    enum net_result (*put)(struct net *n, const struct net_frame *f));

#endif
