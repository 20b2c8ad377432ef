/* SPDX-License-Identifier: Apache-2.0 */
#include "vdev/virtio/net_switch.h"

#include <errno.h>
#include <string.h>
#include "core/base/fmt.h"

/*
 * Addresses a switch remembers: a hash, one word each, so that it needs no lock: the address, whether it
 * is a station that has that address and no other, and the port plus one. A newer one displaces an older,
 * but never such a station's.
 */
#define MACS 128
#define FIXED BIT(7)

struct net_switch {
	char name[NET_NAME];
	u32 count;
	struct spinlock lock;  /* port, using */
	u32 present, hears_all; /* bit per port */
	struct net_port *port[NET_PORTS];
	u32 using[NET_PORTS];  /* senders that are inside port's functions */
	u64 mac[MACS];
};

static struct net_switch switches[NET_SWITCHES];
static struct spinlock switches_lock;

static u64 *entry_of(struct net_switch *sw, u64 mac)
{
	return &sw->mac[mac * 0x9e3779b97f4a7c15 >> 57];
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
	}
	return free;
}

/* A cable is up if both of its ends are; a switch is there if anybody else is. */
static void tell_links(struct net_switch *sw)
{
	u32 up = 0;

	for (u32 i = 0; i < NET_PORTS; i++) {
		up += sw->port[i] != NULL && sw->port[i]->up;
	}
	for (u32 i = 0; i < NET_PORTS; i++) {
		if (sw->port[i] != NULL) {
			sw->port[i]->link(sw->port[i], sw->port[i]->up && up > 1);
		}
	}
}

/* A free port's number; -ENOSPC, -EEXIST. */
static int find_port(const struct net_switch *sw, u64 mac)
{
	int free = -ENOSPC;

	for (int i = NET_PORTS - 1; i >= 0; i--) {
		if (sw->port[i] == NULL) {
			free = i;
		} else if (mac != 0 && sw->port[i]->mac == mac) {
			return -EEXIST;
		}
	}
	return free;
}

int net_join(struct net_port *p, const char *name)
{
	u64 flags = spin_lock_irq(&switches_lock);
	struct net_switch *sw = find_switch(name);
	int i = sw != NULL ? find_port(sw, p->mac) : -ENOSPC;

	if (i >= 0) {
		u64 *e = entry_of(sw, p->mac);

		spin_lock(&sw->lock);
		p->sw = sw;
		p->index = (u32)i;
		sw->port[i] = p;
		sw->count++;
		if (!p->any_source && (*e & FIXED) == 0) {
			WRITE_ONCE(*e, p->mac << 8 | FIXED | (u64)(i + 1));
		}
		__atomic_or_fetch(&sw->present, 1U << i, __ATOMIC_RELEASE);
		spin_unlock(&sw->lock);
		tell_links(sw);
	}
	spin_unlock_irq(&switches_lock, flags);
	return MIN(i, 0);
}

void net_leave(struct net_port *p)
{
	struct net_switch *sw = p->sw;
	u32 bit = 1U << p->index;
	u64 flags;

	if (sw == NULL) {
		return;
	}
	flags = spin_lock_irq(&switches_lock);
	spin_lock(&sw->lock);
	sw->port[p->index] = NULL;
	__atomic_and_fetch(&sw->present, ~bit, __ATOMIC_RELAXED);
	__atomic_and_fetch(&sw->hears_all, ~bit, __ATOMIC_RELAXED);
	for (u32 i = 0; i < MACS; i++) {
		if ((sw->mac[i] & (FIXED - 1)) == p->index + 1) {
			WRITE_ONCE(sw->mac[i], 0);
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

void net_hear_all(struct net_port *p, bool on)
{
	if (p->sw != NULL && on) {
		__atomic_or_fetch(&p->sw->hears_all, 1U << p->index, __ATOMIC_RELAXED);
	} else if (p->sw != NULL) {
		__atomic_and_fetch(&p->sw->hears_all, ~(1U << p->index), __ATOMIC_RELAXED);
	}
}

void net_link(struct net_port *p, bool up)
{
	u64 flags = spin_lock_irq(&switches_lock);

	p->up = up;
	if (p->sw != NULL) {
		tell_links(p->sw);
	}
	spin_unlock_irq(&switches_lock, flags);
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

/* Remember where the source is; false: it is a station at another port, and this one lies. */
static bool learn(const struct net_port *from, u64 source)
{
	u64 *e = entry_of(from->sw, source), is = READ_ONCE(*e), mine = source << 8 | (from->index + 1);

	if (is == mine || net_is_group(source)) {
		return true;
	}
	if ((is & FIXED) != 0) {
		return is >> 8 != source || is == (mine | FIXED);
	}
	WRITE_ONCE(*e, mine);
	return true;
}

/* Whom a frame is for: a mask of ports. */
static u32 route(const struct net_port *from, u64 to)
{
	struct net_switch *sw = from->sw;
	u32 mask = READ_ONCE(sw->present);

	if (!net_is_group(to)) {
		u64 e = READ_ONCE(*entry_of(sw, to));

		if (e != 0 && e >> 8 == to) {
			mask = 1U << ((e & (FIXED - 1)) - 1) | READ_ONCE(sw->hears_all);
		}
	}
	return mask & ~(1U << from->index);
}

enum net_result net_send(struct net_port *from, struct net_frame *f, bool may_wait, u32 *touched)
{
	struct net_switch *sw = from->sw; /* NULL: a card without a cable */
	/* Who has but one address has been checked and is known. */
	u32 to = sw != NULL && (!from->any_source || learn(from, f->from)) ? route(from, f->to) : 0;
	bool alone = (to & (to - 1)) == 0;
	enum net_result result = NET_DROPPED;

	for (; to != 0; to &= to - 1) {
		u32 i = (u32)__builtin_ctz(to);
		struct net_port *p = (*touched >> i & 1) != 0 ? from->reached[i] : hold(sw, i);
		enum net_result r;

		if (p == NULL) {
			continue;
		}
		from->reached[i] = p; /* and held until the batch ends */
		/* A copy for each: who cannot take one at once goes without. */
		r = p->deliver(p, from, f, may_wait && alone);
		*touched |= 1U << i; /* given something or not: it may have been claimed */
		p->dropped += r == NET_DROPPED;
		result = r == NET_SENT || !alone ? NET_SENT : r;
	}
	return result;
}

void net_batch_end(struct net_port *from, u32 touched)
{
	for (; touched != 0; touched &= touched - 1) {
		u32 i = (u32)__builtin_ctz(touched);

		from->reached[i]->delivered(from->reached[i], from);
		release(from->sw, i);
	}
}

static void kick_all(struct net_switch *sw, u32 *mask)
{
	u32 waiting = sw != NULL ? __atomic_exchange_n(mask, 0, __ATOMIC_ACQ_REL) : 0;

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
