/* SPDX-License-Identifier: Apache-2.0 */
/* The control queue of virtio-net (virtio 1.2 5.1.6.5): the receive filter, the address. */
#include "vdev/virtio/net.h"

#include <string.h>

enum { CTRL_RX, CTRL_MAC };
enum { RX_PROMISC, RX_ALLMULTI };
enum { MAC_TABLE_SET, MAC_ADDR_SET };
enum { CTRL_OK, CTRL_ERR };

/* Until the driver names its groups all come. */
void net_filter_reset(struct net *n)
{
	n->promiscuous = false;
	n->all_groups = false;
	__atomic_store_n(&n->groups, NET_ALL_GROUPS, __ATOMIC_RELEASE);
	net_hear_all(&n->port, false);
}

static u8 set_mode(struct net *n, u8 what, bool on)
{
	if (what == RX_PROMISC) {
		/* Where it is not allowed it hears only its own, unaware. */
		n->promiscuous = on && n->promisc_allowed;
		net_hear_all(&n->port, n->promiscuous);
		return CTRL_OK;
	}
	if (what == RX_ALLMULTI) {
		n->all_groups = on;
		if (on) {
			__atomic_store_n(&n->groups, NET_ALL_GROUPS, __ATOMIC_RELEASE);
		}
		return CTRL_OK;
	}
	return CTRL_ERR;
}

/* Two tables: of stations, which are the switch's business, and of groups. */
static u8 set_table(struct net *n, struct virtq_at *at)
{
	u32 count, groups;
	u8 mac[6];

	if (virtq_read(&n->tx, at, &count, 4) != 4 || count > n->tx.out_len / 6) {
		return CTRL_ERR;
	}
	for (; count != 0; count--) {
		if (virtq_read(&n->tx, at, mac, 6) != 6) {
			return CTRL_ERR;
		}
	}
	if (virtq_read(&n->tx, at, &count, 4) != 4 || count > n->tx.out_len / 6) {
		return CTRL_ERR;
	}
	groups = count > NET_GROUPS || n->all_groups ? NET_ALL_GROUPS : count;
	__atomic_store_n(&n->groups, NET_ALL_GROUPS, __ATOMIC_SEQ_CST); /* while it changes */
	for (u32 i = 0; i < count && groups != NET_ALL_GROUPS; i++) {
		if (virtq_read(&n->tx, at, mac, 6) != 6) {
			return CTRL_ERR;
		}
		WRITE_ONCE(n->group[i], net_mac(mac));
	}
	__atomic_store_n(&n->groups, groups, __ATOMIC_RELEASE);
	return CTRL_OK;
}

static u8 set_mac(struct net *n, struct virtq_at *at)
{
	u8 mac[6];
	u64 flags;

	if (!n->mac_allowed || virtq_read(&n->tx, at, mac, 6) != 6 || (mac[0] & 1) != 0) {
		return CTRL_ERR;
	}
	flags = vdev_lock_irq(&n->v.dev); /* the driver may be reading it */
	memcpy(n->config.mac, mac, 6);
	vdev_unlock_irq(&n->v.dev, flags);
	WRITE_ONCE(n->port.mac, net_mac(mac));
	return CTRL_OK;
}

static u8 command(struct net *n)
{
	struct virtq_at at = { 0 };
	u8 head[2], on;

	if (virtq_read(&n->tx, &at, head, 2) != 2) {
		return CTRL_ERR;
	}
	if (head[0] == CTRL_RX && virtio_has(&n->v, NET_F_CTRL_RX)) {
		return virtq_read(&n->tx, &at, &on, 1) == 1 ? set_mode(n, head[1], (on & 1) != 0) : CTRL_ERR;
	}
	if (head[0] == CTRL_MAC && head[1] == MAC_TABLE_SET) {
		return set_table(n, &at);
	}
	if (head[0] == CTRL_MAC && head[1] == MAC_ADDR_SET) {
		return set_mac(n, &at);
	}
	return CTRL_ERR;
}

bool net_control(struct net *n)
{
	struct virtq *q = &n->v.queue[NET_CTRL];
	int got = 0;

	for (u32 i = 0; i < 16; i++) {
		got = virtq_pop(q, &n->tx);
		if (got <= 0) {
			break;
		}
		if (n->tx.in_len == 0) {
			got = -1;
			break;
		}
		virtq_write_last(&n->tx, command(n));
		virtq_push(q, &n->tx, 1);
	}
	virtio_done(&n->v, q);
	if (got < 0) {
		virtio_broken(&n->v);
		return false;
	}
	return got > 0 || virtq_listen(q);
}
