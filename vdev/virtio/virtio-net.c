/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtio-net: a network card (virtio 1.2 5.1) on a switch or a link between VMs. Checksum and TCP
 * segmentation offloads, mergeable buffers, address filter and control queue. Not modelled: several
 * queue pairs, VLAN filter, RSS. Node: virtio,mmio.
 */
#include <string.h>
#include "core/base/fmt.h"
#include "vdev/virtio/net.h"

#define QUEUE 256
#define BATCH_FRAMES 64
#define BATCH_BYTES KiB(256)
#define PATIENCE_NS 2000000 /* how long a sender waits for a receiver's buffers */

#define LINK_UP 1

/* Control queue (5.1.6.5). */
enum { CTRL_RX, CTRL_MAC };
enum { RX_PROMISC };
enum { MAC_TABLE_SET, MAC_ADDR_SET };
enum { CTRL_OK, CTRL_ERR };

/* The offloads QNX's `peerfeats` can leave out. */
#define OFFLOADS (NET_F_CSUM | NET_F_GUEST_CSUM | NET_F_GUEST_TSO4 | NET_F_GUEST_TSO6 | NET_F_GUEST_ECN | \
		  NET_F_HOST_TSO4 | NET_F_HOST_TSO6 | NET_F_HOST_ECN)

static struct net *to_net(struct virtio *v)
{
	return (struct net *)v;
}

/* ---- Sending */

/* What the driver says of its frame holds for the frame there is. */
static bool header_ok(const struct net *n, const struct net_frame *f)
{
	const struct net_header *h = &f->h;
	u8 gso = h->gso_type & (u8)~NET_GSO_ECN;

	if ((h->flags & NET_NEEDS_CSUM) != 0 &&
	    (!virtio_has(&n->v, NET_F_CSUM) || (u32)h->csum_start + h->csum_offset + 2 > f->len)) {
		return false;
	}
	if (gso == NET_GSO_NONE) {
		return f->len <= NET_MTU_FRAME && h->gso_type == 0;
	}
	return h->gso_size != 0 && (h->flags & NET_NEEDS_CSUM) != 0 &&
	       ((gso == NET_GSO_TCPV4 && virtio_has(&n->v, NET_F_HOST_TSO4)) ||
		(gso == NET_GSO_TCPV6 && virtio_has(&n->v, NET_F_HOST_TSO6)));
}

/* The frame of n->tx; false: it is dropped. */
static bool take_frame(struct net *n, struct net_frame *f)
{
	struct virtq_at at = { 0 };

	memset(&f->h, 0, sizeof(f->h));
	if (n->tx.in != 0 || n->tx.out_len < n->header + 14 || n->tx.out_len > n->header + NET_FRAME_MAX) {
		return false;
	}
	virtq_read(&n->tx, &at, &f->h, n->header);
	virtq_read(&n->tx, &at, f->eth, sizeof(f->eth));
	f->seg = n->tx.seg;
	f->segs = n->tx.out;
	f->skip = n->header;
	f->len = (u32)n->tx.out_len - n->header;
	f->h.flags &= NET_NEEDS_CSUM;
	f->h.num_buffers = 0;
	if (!header_ok(n, f)) {
		return false;
	}
	return n->port.any_source || memcmp(f->eth + 6, n->port.mac, 6) == 0;
}

static bool send(struct net *n)
{
	struct virtq *q = &n->v.queue[NET_TX];
	enum net_result r = NET_SENT;
	u64 bytes = 0;
	u32 touched = 0, frames = 0;
	int got = 0;

	virtq_quiet(q);
	while (r != NET_WAIT && frames < BATCH_FRAMES && bytes < BATCH_BYTES) {
		struct virtq_mark mark = virtq_mark(q);
		struct net_frame f;

		got = virtq_pop(q, &n->tx);
		if (got <= 0) {
			break;
		}
		r = take_frame(n, &f) ? net_send(&n->port, &f, !n->port.impatient, &touched) : NET_DROPPED;
		if (r == NET_WAIT) {
			virtq_rewind(q, mark);
			break;
		}
		n->port.impatient = false;
		n->port.sent += r == NET_SENT;
		n->port.dropped += r == NET_DROPPED;
		bytes += n->tx.out_len;
		frames++;
		virtq_push(q, &n->tx, 0);
	}
	n->stalled = r == NET_WAIT;
	net_batch_end(&n->port, touched);
	virtio_done(&n->v, q);
	if (got < 0) {
		virtio_broken(&n->v);
		return false;
	}
	if (r == NET_WAIT) {
		u64 flags = vdev_lock_irq(&n->v.dev);

		vdev_arm(&n->v.dev, vdev_now_ns(&n->v.dev) + PATIENCE_NS);
		vdev_unlock_irq(&n->v.dev, flags);
		return false;
	}
	return got > 0 || virtq_listen(q);
}

static void expire(struct vdev *d)
{
	struct net *n = (struct net *)d;

	n->port.impatient = n->stalled; /* else the time is of a frame that has gone */
	virtio_kick(&n->v, NET_TX);
}

/* ---- Control queue */

static u8 command(struct net *n)
{
	struct virtq_at at = { 0 };
	u8 head[2], data[6];
	size_t bytes;

	if (virtq_read(&n->tx, &at, head, 2) != 2) {
		return CTRL_ERR;
	}
	bytes = virtq_read(&n->tx, &at, data, sizeof(data));
	switch (head[0]) {
	case CTRL_RX:
		if (bytes < 1) {
			return CTRL_ERR;
		}
		if (head[1] == RX_PROMISC && n->promisc_allowed) {
			n->port.promiscuous = (data[0] & 1) != 0;
		}
		/* All groups come anyway; promiscuous where it is not allowed hears only its own, unaware. */
		return CTRL_OK;
	case CTRL_MAC:
		if (head[1] == MAC_TABLE_SET) {
			return CTRL_OK;
		}
		if (head[1] == MAC_ADDR_SET && bytes == 6 && n->mac_allowed && (data[0] & 1) == 0) {
			memcpy(n->port.mac, data, 6);
			memcpy(n->config.mac, data, 6);
			return CTRL_OK;
		}
		return CTRL_ERR;
	default:
		return CTRL_ERR;
	}
}

static bool control(struct net *n)
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

/* ---- The device */

static bool serve(struct virtio *v, unsigned int queue)
{
	struct net *n = to_net(v);

	switch (queue) {
	case NET_RX: /* new buffers */
		virtq_quiet(&v->queue[NET_RX]);
		net_room(&n->port);
		return false;
	case NET_TX:
		return send(n);
	default:
		return control(n);
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
	n->port.impatient = false;
	n->stuck = false;
	n->port.promiscuous = false;
	n->rx_broken = false;
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
	struct vdev *d = &n->v.dev;
	char name[2 * NET_NAME];

	link_name(d, peer->str, name, sizeof(name));
	if (strlen(name) >= NET_NAME) {
		vdev_error(d, &peer->pos, "names of a link are too long: at most %d bytes together", NET_NAME - 1);
		return -1;
	}
	if (net_join(&n->port, name) != 0) {
		vdev_error(d, &peer->pos, "no port is free: at most %d switches and links, %d ports each",
			   NET_SWITCHES, NET_PORTS);
		return -1;
	}
	return 0;
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
	memcpy(n->port.mac, n->config.mac, 6);
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

	fmt_str(buf, size, "%02x:%02x:%02x:%02x:%02x:%02x link %s, %lu sent, %lu received, %lu dropped", m[0],
		m[1], m[2], m[3], m[4], m[5], n->config.status != 0 ? "up" : "down", n->port.sent,
		n->port.received, n->port.dropped);
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
	.expire = expire,
	VIRTIO_MMIO,
	.status = status,
};
