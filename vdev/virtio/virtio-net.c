/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtio-net: a network card (virtio 1.2 5.1) on a switch or a link between VMs. Checksum and TCP
 * segmentation offloads, mergeable buffers, address filter and control queue. Not modelled: several
 * queue pairs, VLAN filter, RSS. Node: virtio,mmio.
 */
#include <errno.h>
#include <string.h>
#include "core/base/fmt.h"
#include "vdev/virtio/net.h"
#include "vdev/virtio/net_uplink.h"

#define QUEUE 256

#define LINK_UP 1

/* The offloads QNX's `peerfeats` can leave out. */
#define OFFLOADS (NET_F_CSUM | NET_F_GUEST_CSUM | NET_F_GUEST_TSO4 | NET_F_GUEST_TSO6 | NET_F_GUEST_ECN | \
		  NET_F_HOST_TSO4 | NET_F_HOST_TSO6 | NET_F_HOST_ECN)

static struct net *to_net(struct virtio *v)
{
	return (struct net *)v;
}

static bool serve(struct virtio *v, unsigned int queue)
{
	struct net *n = to_net(v);

	switch (queue) {
	case NET_RX: /* new buffers */
		virtq_quiet(&v->queue[NET_RX]);
		net_room(&n->port);
		return false;
	case NET_TX:
		return net_transmit(n);
	default:
		return net_control(n);
	}
}

static void start(struct virtio *v)
{
	struct net *n = to_net(v);

	n->header = v->legacy && !virtio_has(v, NET_F_MRG_RXBUF) ? 10 : 12;
}

static void reset(struct virtio *v)
{
	struct net *n = to_net(v);

	n->stalled = false;
	n->armed = false;
	n->sent_at = 0;
	n->port.impatient = false;
	n->stuck = false;
	n->rx_broken = false;
	net_filter_reset(n);
}

static void kick(struct net_port *p)
{
	virtio_kick(&container_of(p, struct net, port)->v, NET_TX);
}

static void link_changed(struct net_port *p, bool up)
{
	struct net *n = container_of(p, struct net, port);
	u16 status = up ? LINK_UP : 0;

	if (n->config.status != status) {
		u64 flags = vdev_lock_irq(&n->v.dev);

		n->config.status = status;
		virtio_config_changed(&n->v);
		vdev_unlock_irq(&n->v.dev, flags);
	}
}

static const struct virtio_type type = { .id = 1, .serve = serve, .start = start, .reset = reset };

/* xx:xx:xx:xx:xx:xx of one station. */
static bool parse_mac(const char *text, u8 mac[6])
{
	for (u32 i = 0; i < 6; i++) {
		u32 v = 0;

		for (u32 k = 0; k < 2; k++, text++) {
			u32 c = (u8)*text | 0x20;

			if (c >= '0' && c <= '9') {
				v = v * 16 + c - '0';
			} else if (c >= 'a' && c <= 'f') {
				v = v * 16 + c - 'a' + 10;
			} else {
				return false;
			}
		}
		mac[i] = (u8)v;
		if (*text != (i < 5 ? ':' : '\0')) {
			return false;
		}
		text += i < 5;
	}
	return (mac[0] & 1) == 0;
}

static const char *check_mac(const char *text)
{
	u8 mac[6];

	return parse_mac(text, mac) ? NULL : "xx:xx:xx:xx:xx:xx, not a group's address";
}

/* Locally administered, and the same each time: of the VM's and the device's name. */
static void make_mac(struct vdev *d, u8 mac[6])
{
	const char *part[2] = { vdev_vm_name(d), d->cfg->name != NULL ? d->cfg->name : "" };
	u64 h = 0xcbf29ce484222325 ^ d->base;

	for (u32 i = 0; i < 2; i++) {
		for (const char *c = part[i]; *c != '\0'; c++) {
			h = (h ^ (u8)*c) * 0x100000001b3;
		}
		h = (h ^ '/') * 0x100000001b3;
	}
	mac[0] = 0x52;
	mac[1] = 0x54;
	for (u32 i = 2; i < 6; i++) {
		mac[i] = (u8)(h >> 8 * i);
	}
}

/* Both ends of a link between two devices have one name: theirs, in order. */
static void link_name(struct vdev *d, const char *peer, char *buf, size_t size)
{
	static const char prefix[] = "/dev/qvm/";
	char own[NET_NAME];

	if (strncmp(peer, prefix, sizeof(prefix) - 1) != 0) {
		fmt_str(buf, size, "%s", peer);
		return;
	}
	fmt_str(own, sizeof(own), "%s%s/%s", prefix, vdev_vm_name(d), d->cfg->name != NULL ? d->cfg->name : "");
	if (strcmp(own, peer) < 0) {
		fmt_str(buf, size, "%s|%s", own, peer);
	} else {
		fmt_str(buf, size, "%s|%s", peer, own);
	}
}

static int join(struct net *n, const struct cfg_option *peer)
{
	static const char card[] = "/dev/nic";
	struct vdev *d = &n->v.dev;
	char name[2 * NET_NAME];
	const char *to = peer->str, *why;
	int err;

	if (strncmp(to, card, sizeof(card) - 1) == 0) {
		why = net_uplink(to, &to);
		if (why != NULL) {
			vdev_error(d, &peer->pos, "'%s': %s", peer->str, why);
			return -1;
		}
	}
	link_name(d, to, name, sizeof(name));
	if (strlen(name) >= NET_NAME) {
		vdev_error(d, &peer->pos, "names of a link are too long: at most %d bytes together", NET_NAME - 1);
		return -1;
	}
	err = net_join(&n->port, name);
	if (err == -EEXIST) {
		vdev_error(d, &peer->pos, "another card of '%s' has the same address: expected another `mac`", name);
	} else if (err != 0) {
		vdev_error(d, &peer->pos, "no port is free: at most %d switches and links, %d ports each",
			   NET_SWITCHES, NET_PORTS);
	}
	return err;
}

static int create(struct vdev *d)
{
	struct net *n = (struct net *)d;
	const struct cfg_option *mac = vdev_option(d, "mac"), *peer = vdev_option(d, "peer");
	const struct cfg_option *feats = vdev_option(d, "peerfeats");
	const struct cfg_option *source = vdev_option(d, "source"), *promisc = vdev_option(d, "promiscuous");

	if (mac == NULL || !parse_mac(mac->str, n->config.mac)) {
		make_mac(d, n->config.mac);
	}
	n->port.mac = net_mac(n->config.mac);
	n->port.up = true;
	n->port.bounce = n->bounce;
	net_filter_reset(n);
	n->port.any_source = source != NULL && source->num != 0;
	n->promisc_allowed = promisc != NULL && promisc->num != 0;
	n->mac_allowed = n->port.any_source;
	n->port.deliver = net_deliver;
	n->port.delivered = net_delivered;
	n->port.kick = kick;
	n->port.link = link_changed;
	n->v.type = &type;
	n->v.queue_count = 3;
	n->v.queue[NET_RX].max = QUEUE;
	n->v.queue[NET_TX].max = QUEUE;
	n->v.queue[NET_CTRL].max = 64;
	n->v.config = &n->config;
	n->v.config_size = offsetof(struct net_config, max_virtqueue_pairs);
	n->v.offered = NET_F_MAC | NET_F_MRG_RXBUF | NET_F_STATUS | NET_F_CTRL_VQ | NET_F_CTRL_RX |
		       (n->mac_allowed ? NET_F_CTRL_MAC_ADDR : 0) |
		       (feats != NULL ? OFFLOADS & feats->num : OFFLOADS);
	virtio_init(&n->v);
	return peer != NULL ? join(n, peer) : 0;
}

static void destroy(struct vdev *d)
{
	net_leave(&((struct net *)d)->port);
}

static void status(struct vdev *d, char *buf, size_t size)
{
	const struct net *n = (struct net *)d;
	const u8 *m = n->config.mac;

	fmt_str(buf, size, "%02x:%02x:%02x:%02x:%02x:%02x link %s, %lu sent, %lu received, %lu dropped, %lu notifies, "
		"%lu interrupts", m[0], m[1], m[2], m[3], m[4], m[5], n->config.status != 0 ? "up" : "down",
		n->port.sent, n->port.received, n->port.dropped, n->v.notifies, n->v.interrupts);
}

static const struct vdev_option options[] = {
	{ .name = "mac", .kind = VOPT_STRING, .check = check_mac },
	{ .name = "peer", .kind = VOPT_STRING },
	{ .name = "peerfeats", .kind = VOPT_NUM },
	VIRTIO_OPTION_LEGACY,
	{ .name = "source", .kind = VOPT_ENUM, .values = "own|any" },
	{ .name = "promiscuous", .kind = VOPT_BOOL },
	{ .name = NULL },
};

VDEV(virtio_net) = {
	.abi = VDEV_ABI,
	.name = "virtio-net",
	.options = options,
	.state_size = sizeof(struct net),
	.create = create,
	.destroy = destroy,
	.expire = net_expire,
	VIRTIO_TRANSPORTS,
	.status = status,
};
