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
#define NET_GROUPS 32      /* groups a card listens to one by one; with more it hears all */
#define NET_ALL_GROUPS ~0U
#define NET_BROADCAST 0xffffffffffffUL

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
	/* The receive filter: written by the device's own work, read by who delivers. */
	bool promiscuous, all_groups;
	u32 groups;           /* how many of group[], or NET_ALL_GROUPS */
	u64 group[NET_GROUPS];
	/* Sending: the device's own work. */
	struct virtq_chain tx;
	bool armed;           /* expire() will tell the driver */
	u64 sent_at;          /* when it last sent something */
	bool stalled;         /* a receiver has no room, or another sender has it */
	/* Receiving: whoever has claimed the port. */
	bool rx_broken;
	bool stuck;           /* was waited for in vain: nobody waits until it takes a frame again */
	struct virtq_chain rx;
	struct virtq_seg rx_seg[VIRTQ_SEGS];
	struct virtq_done rx_done[NET_BUFFERS];
	u8 bounce[NET_BOUNCE];
};

/* net_port.c: a frame to this card. As struct net_port has them. */
enum net_result net_deliver(struct net_port *p, struct net_port *from, struct net_frame *f,
			    bool may_wait);
void net_delivered(struct net_port *p, struct net_port *from);
/* net_tx.c: serve the send queue; true: there is more. Work context. */
bool net_transmit(struct net *n);
void net_expire(struct vdev *d);
/* net_ctrl.c: serve the control queue, likewise; the receive filter as after a reset. */
bool net_control(struct net *n);
void net_filter_reset(struct net *n);

#endif
