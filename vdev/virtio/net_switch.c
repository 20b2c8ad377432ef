/* SPDX-License-Identifier: Apache-2.0 */
#include "vdev/virtio/net_switch.h"

#include <errno.h>
#include <string.h>
#include "core/base/fmt.h"

#define MACS 128 /* addresses a switch remembers: a hash, a newer one displaces an older */
#define NO_PORT 0xff

struct mac_entry {
	u8 mac[6];
	u8 port;
};

struct net_switch {
	char name[NET_NAME];
	u32 count;
	struct spinlock lock;  /* ports, macs */
	struct net_port *port[NET_PORTS];
	u32 using[NET_PORTS];  /* senders that are inside port's functions */
	struct mac_entry mac[MACS];
};

static struct net_switch switches[NET_SWITCHES];
static struct spinlock switches_lock;

static u32 hash(const u8 *mac)
{
	return (mac[0] ^ mac[1] ^ mac[2] ^ mac[3] * 3 ^ mac[4] * 5 ^ mac[5] * 7u) % MACS;
}

static bool is_group(const u8 *mac)
{
	return (mac[0] & 1) != 0;
}

static struct net_switch *find_switch(const char *name)
{
	struct net_switch *free = NULL;

	for (u32 i = 0; i < NET_SWITCHES; i++) {
		struct net_switch *sw = &switches[i];

		if (sw->count != 0 && strcmp(sw->name, name) == 0) {
			return sw;
		}
		if (sw->count == 0 && free == NULL) {
			free = sw;
		}
	}
	if (free != NULL) {
		memset(free, 0, sizeof(*free));
		fmt_str(free->name, sizeof(free->name), "%s", name);
		for (u32 i = 0; i < MACS; i++) {
			free->mac[i].port = NO_PORT;
		}
	}
	return free;
}

static void tell_links(struct net_switch *sw)
{
	for (u32 i = 0; i < NET_PORTS; i++) {
		if (sw->port[i] != NULL) {
			sw->port[i]->link(sw->port[i], sw->count > 1);
		}
	}
}

int net_join(struct net_port *p, const char *name)
{
	u64 flags = spin_lock_irq(&switches_lock);
	struct net_switch *sw = find_switch(name);
	int err = -ENOSPC;

	for (u32 i = 0; sw != NULL && i < NET_PORTS && err != 0; i++) {
		if (sw->port[i] == NULL) {
			spin_lock(&sw->lock);
			p->sw = sw;
			p->index = i;
			sw->port[i] = p;
			sw->count++;
			spin_unlock(&sw->lock);
			err = 0;
			tell_links(sw);
		}
	}
	spin_unlock_irq(&switches_lock, flags);
	return err;
}

void net_leave(struct net_port *p)
{
	struct net_switch *sw = p->sw;
	u64 flags;

	if (sw == NULL) {
		return;
	}
	flags = spin_lock_irq(&switches_lock);
	spin_lock(&sw->lock);
	sw->port[p->index] = NULL;
	for (u32 i = 0; i < MACS; i++) {
		if (sw->mac[i].port == p->index) {
			sw->mac[i].port = NO_PORT;
		}
	}
	sw->count--;
	spin_unlock(&sw->lock);
	tell_links(sw);
	spin_unlock_irq(&switches_lock, flags);
	net_room(p);
	net_free(p);
	while (__atomic_load_n(&sw->using[p->index], __ATOMIC_ACQUIRE) != 0) {
		vdev_pause();
	}
	p->sw = NULL;
}

/* A port that does not go away until release(); NULL: there is none. */
static struct net_port *hold(struct net_switch *sw, u32 i)
{
	u64 flags = spin_lock_irq(&sw->lock);
	struct net_port *p = sw->port[i];

	if (p != NULL) {
		__atomic_add_fetch(&sw->using[i], 1, __ATOMIC_ACQ_REL);
	}
	spin_unlock_irq(&sw->lock, flags);
	return p;
}

static void release(struct net_switch *sw, u32 i)
{
	__atomic_sub_fetch(&sw->using[i], 1, __ATOMIC_ACQ_REL);
}

/* Whom a frame is for: a mask of ports; and whose address its source is. */
static u32 route(struct net_port *from, const struct net_frame *f)
{
	struct net_switch *sw = from->sw;
	const u8 *to = f->eth, *source = f->eth + 6;
	u32 all = 0, one = 0;
	u64 flags = spin_lock_irq(&sw->lock);
	struct mac_entry *e = &sw->mac[hash(source)];

	if (!is_group(source) && (e->port != from->index || memcmp(e->mac, source, 6) != 0)) {
		memcpy(e->mac, source, 6);
		e->port = (u8)from->index;
	}
	for (u32 i = 0; i < NET_PORTS; i++) {
		const struct net_port *p = sw->port[i];

		if (p != NULL && p != from) {
			all |= 1U << i;
			one |= p->promiscuous ? 1U << i : 0;
		}
	}
	e = &sw->mac[hash(to)];
	if (!is_group(to) && e->port != NO_PORT && memcmp(e->mac, to, 6) == 0) {
		all = e->port == from->index ? one : (1U << e->port) | one;
	}
	spin_unlock_irq(&sw->lock, flags);
	return all;
}

enum net_result net_send(struct net_port *from, const struct net_frame *f, bool may_wait, u32 *touched)
{
	struct net_switch *sw = from->sw;
	u32 to = sw != NULL ? route(from, f) : 0; /* NULL: a card without a cable */
	bool alone = (to & (to - 1)) == 0;
	enum net_result result = NET_DROPPED;

	for (; to != 0; to &= to - 1) {
		u32 i = (u32)__builtin_ctz(to);
		struct net_port *p = hold(sw, i);
		enum net_result r;

		if (p == NULL) {
			continue;
		}
		/* A copy for each: who cannot take one at once goes without. */
		r = p->deliver(p, from, f, may_wait && alone);
		*touched |= 1U << i; /* given something or not: it may have been claimed */
		p->dropped += r == NET_DROPPED;
		result = r == NET_SENT || !alone ? NET_SENT : r;
		release(sw, i);
	}
	return result;
}

void net_batch_end(struct net_port *from, u32 touched)
{
	for (; touched != 0; touched &= touched - 1) {
		u32 i = (u32)__builtin_ctz(touched);
		struct net_port *p = hold(from->sw, i);

		if (p != NULL) {
			p->delivered(p, from);
			release(from->sw, i);
		}
	}
}

static void kick_all(struct net_switch *sw, u32 *mask)
{
	u32 waiting = __atomic_exchange_n(mask, 0, __ATOMIC_ACQ_REL);

	for (; waiting != 0; waiting &= waiting - 1) {
		u32 i = (u32)__builtin_ctz(waiting);
		struct net_port *other = hold(sw, i);

		if (other != NULL) {
			other->kick(other);
			release(sw, i);
		}
	}
}

void net_room(struct net_port *p)
{
	kick_all(p->sw, &p->waiting);
}

void net_free(struct net_port *p)
{
	kick_all(p->sw, &p->busy);
}
