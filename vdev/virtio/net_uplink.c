/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A switch's way out: a port behind which there is one of the machine's network cards, and what is
 * behind that. The switch has the card's name. It is there from its first VM on, for ever.
 */
#include "vdev/virtio/net_uplink.h"

#include <string.h>
#include "core/host/nic.h"

#define UPLINKS 4

struct uplink {
	struct net_port port;
	struct nic_client client;
	struct nic *nic;      /* NULL: free */
	const char *name;
	u32 touched;          /* ports of the batch that is being received */
	u8 bounce[NET_BOUNCE];
};

static struct uplink uplinks[UPLINKS];
static u32 opening; /* one VM at a time */

static bool claim(struct net_port *p, const struct net_port *from)
{
	return net_claimed(p, from) || net_claim(p, from);
}

static enum net_result uplink_put_frame(struct net_port *p, struct net_frame *f)
{
	struct uplink *u = container_of(p, struct uplink, port);
	u8 *to;

	if (f->len > NIC_FRAME) {
		return NET_DROPPED; /* also a segment of a size that the guest chose */
	}
	to = nic_room(u->nic);
	if (to == NULL) {
		__atomic_or_fetch(&p->waiting, 1U << (p->claimed_by - 1), __ATOMIC_SEQ_CST);
		to = nic_room(u->nic);
	}
	if (to == NULL) {
		return NET_WAIT;
	}
	net_fetch(f, 0, to, f->len);
	nic_send(u->nic, f->len);
	p->received++;
	return NET_SENT;
}

static enum net_result uplink_deliver(struct net_port *p, struct net_port *from, struct net_frame *f, bool may_wait)
{
	bool plain = f->h.gso_type == NET_GSO_NONE && (f->h.flags & NET_NEEDS_CSUM) == 0;
	enum net_result r;

	if (!p->up) {
		return NET_DROPPED;
	}
	if (!claim(p, from)) {
		if (!may_wait) {
			return NET_DROPPED;
		}
		__atomic_or_fetch(&p->busy, 1U << from->index, __ATOMIC_SEQ_CST);
		if (!claim(p, from)) {
			return NET_WAIT; /* who has it kicks us when done */
		}
	}
	r = plain ? uplink_put_frame(p, f) : net_convert(p, f, uplink_put_frame);
	return r == NET_WAIT && !may_wait ? NET_DROPPED : r;
}

static void uplink_delivered(struct net_port *p, struct net_port *from)
{
	struct uplink *u = container_of(p, struct uplink, port);

	if (!net_claimed(p, from)) {
		return;
	}
	nic_start(u->nic);
	net_unclaim(p);
}

static void uplink_kick(struct net_port *p)
{
	nic_wake(container_of(p, struct uplink, port)->nic);
}

/* The switch's other ports: the card has a link or not. */
static void uplink_link_changed(struct net_port *p, bool up)
{
	(void)p;
	(void)up;
}

/* ---- The card's thread */

static bool uplink_receive(struct nic_client *c, u8 *frame, u32 len, bool last)
{
	struct uplink *u = container_of(c, struct uplink, client);
	struct virtq_seg seg = { frame, len };
	struct net_frame f;
	enum net_result r;

	memset(&f.h, 0, sizeof(f.h));
	f.seg = &seg;
	f.skip = 0;
	f.len = len;
	f.head_len = 0;
	f.to = net_mac(frame);
	f.from = net_mac(frame + 6);
	u->port.impatient = last;
	r = net_send(&u->port, &f, !last, &u->touched);
	u->port.sent += r == NET_SENT;
	return r != NET_WAIT;
}

static void uplink_received(struct nic_client *c)
{
	struct uplink *u = container_of(c, struct uplink, client);
	u32 touched = u->touched;

	u->touched = 0;
	net_batch_end(&u->port, touched);
}

static void uplink_room(struct nic_client *c)
{
	net_room(&container_of(c, struct uplink, client)->port);
}

static void uplink_card_link(struct nic_client *c, bool up)
{
	net_link(&container_of(c, struct uplink, client)->port, up);
}

/* ---- Making one */

static const struct nic_client client = {
	uplink_receive, uplink_received, uplink_room, uplink_card_link,
};

/* The card `own` is known: its uplink, made if there is none yet. NULL, or why not. */
static const char *uplink_connect(const char *own)
{
	const char *why = "too many network cards are in use";

	for (u32 i = 0; i < UPLINKS; i++) {
		struct uplink *u = &uplinks[i];

		if (u->nic == NULL) {
			u->client = client;
			u->port = (struct net_port){
				.any_source = true, .deliver = uplink_deliver, .delivered = uplink_delivered, .kick = uplink_kick,
				.link = uplink_link_changed, .bounce = u->bounce,
			};
			u->name = own;
			u->nic = nic_open(own, &u->client, &why);
			if (u->nic == NULL) {
				return why;
			}
		}
		if (u->name == own) {
			return u->port.sw != NULL || net_join(&u->port, own) == 0 ? NULL : "too many switches";
		}
	}
	return why;
}

const char *net_uplink(const char *name, const char **own)
{
	const char *why = "there is no such network card";

	while (__atomic_exchange_n(&opening, 1, __ATOMIC_ACQUIRE) != 0) {
		vdev_pause();
	}
	*own = nic_name(name);
	if (*own != NULL) {
		why = uplink_connect(*own);
	}
	__atomic_store_n(&opening, 0, __ATOMIC_RELEASE);
	return why;
}
