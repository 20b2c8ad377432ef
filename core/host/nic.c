/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine's network cards. Sending is done by whoever has a frame, in the card's own buffers; what
 * comes is offered to the client by the card's thread. A client that cannot take a frame is waited for
 * for a moment, then it goes without: meanwhile the card drops what it has no buffers for, as any does.
 */
#include <errno.h>
#include <string.h>
#include "arch/arch.h"
#include "core/base/fmt.h"
#include "core/base/log.h"
#include "core/host/nic_priv.h"
#include "core/once.h"
#include "core/sched.h"

#define BATCH 32
#define PATIENCE_MS 2
#define PRIO_NIC (PRIO_DEFAULT + 1)

/* Who looks for cards: image by image only what a device there may ask for is linked. */
static void (*const drivers[])(void) = { virtio_net_scan };

static struct nic *nics[NIC_MAX];
static u32 nic_count, scanned;
static struct spinlock clients_lock;

void nic_scan(void)
{
	if (once_begin(&scanned)) {
		for (u32 i = 0; i < ARRAY_SIZE(drivers); i++) {
			drivers[i]();
		}
		once_end(&scanned);
	}
}

struct nic *nic_at(u32 i)
{
	return i < nic_count ? nics[i] : NULL;
}

int nic_add(struct nic *n)
{
	if (nic_count == NIC_MAX) {
		return -ENOSPC;
	}
	fmt_str(n->name, sizeof(n->name), "/dev/nic%u", nic_count);
	nics[nic_count++] = n;
	log_info("%s: %s, %02x:%02x:%02x:%02x:%02x:%02x", n->name, n->driver, n->mac[0], n->mac[1], n->mac[2],
		 n->mac[3], n->mac[4], n->mac[5]);
	return 0;
}

void nic_interrupt(struct nic *n)
{
	if (READ_ONCE(n->thread) != NULL) {
		thread_wake(n->thread);
	}
}

void nic_wake(struct nic *n)
{
	thread_wake(n->thread);
}

/* ---- Sending */

u8 *nic_room(struct nic *n)
{
	u64 flags = spin_lock_irq(&n->lock);
	u8 *p = n->dead ? NULL : n->ops->room(n);
	bool full = p == NULL && !n->dead && !n->full;

	n->full = n->full || full;
	spin_unlock_irq(&n->lock, flags);
	if (full) {
		thread_wake(n->thread); /* it waits for room, and says so */
	}
	return p;
}

void nic_send(struct nic *n, u32 len)
{
	u64 flags = spin_lock_irq(&n->lock);

	n->ops->send(n, len);
	n->sent++;
	spin_unlock_irq(&n->lock, flags);
}

void nic_start(struct nic *n)
{
	u64 flags = spin_lock_irq(&n->lock);

	n->ops->start(n);
	spin_unlock_irq(&n->lock, flags);
}

/* ---- The card's thread */

static void offer(struct nic *n, u8 *frame, u32 len)
{
	u64 until = counter_now() + counter_hz / 1000 * PATIENCE_MS;
	struct nic_client *c = n->client;
	bool last = false;

	while (!c->receive(c, frame, len, last) && !last) {
		c->received(c);
		thread_sleep_until(until);
		last = counter_now() >= until;
	}
	n->received++;
}

static bool take_frames(struct nic *n)
{
	u32 count = 0, len;
	u8 *frame;

	while (count < BATCH && (frame = n->ops->take(n, &len)) != NULL) {
		offer(n, frame, len);
		n->ops->give(n, frame);
		count++;
	}
	if (count != 0) {
		n->client->received(n->client);
		n->ops->refill(n);
	}
	return count == BATCH;
}

static void look_at_link(struct nic *n)
{
	bool up = !n->dead && n->ops->link(n);

	if (up != n->up) {
		n->up = up;
		log_info("%s: link %s", n->name, up ? "up" : "down");
		n->client->link(n->client, up);
	}
}

/* What nic_room() could not give may be there again. */
static bool look_for_room(struct nic *n)
{
	u64 flags = spin_lock_irq(&n->lock);
	bool room = n->full && !n->dead && n->ops->room(n) != NULL;

	n->full = n->full && !room;
	spin_unlock_irq(&n->lock, flags);
	return room;
}

static bool listen(struct nic *n)
{
	u64 flags = spin_lock_irq(&n->lock);
	bool more = !n->dead && n->ops->listen(n, n->full);

	spin_unlock_irq(&n->lock, flags);
	return more;
}

static void nic_main(void *arg)
{
	struct nic *n = arg;

	for (;;) {
		bool more = !n->dead && take_frames(n);

		if (!n->dead && n->ops->broken(n)) {
			log_warn("%s: the device has broken the rules, it is not used any more", n->name);
			WRITE_ONCE(n->dead, true);
		}
		look_at_link(n);
		if (look_for_room(n)) {
			n->client->room(n->client);
		}
		if (!more && !listen(n)) {
			thread_block();
		}
	}
}

/* ---- Names */

static bool is_named(const struct nic *n, const char *name)
{
	static const char by_mac[] = "/dev/nic/by-mac/";
	char own[40];

	if (strcmp(name, n->name) == 0) {
		return true;
	}
	fmt_str(own, sizeof(own), "%s%02x:%02x:%02x:%02x:%02x:%02x", by_mac, n->mac[0], n->mac[1], n->mac[2], n->mac[3],
		n->mac[4], n->mac[5]);
	for (u32 i = 0; own[i] != '\0' || name[i] != '\0'; i++) {
		char c = name[i] >= 'A' && name[i] <= 'F' ? (char)(name[i] | 32) : name[i];

		if (own[i] != c) {
			return false;
		}
	}
	return true;
}

/* The first client has it. */
static const char *enter(struct nic *n, struct nic_client *c)
{
	u64 flags = spin_lock_irq(&clients_lock);
	bool first = n->client == NULL;

	if (first) {
		n->client = c;
	}
	spin_unlock_irq(&clients_lock, flags);
	if (first) {
		WRITE_ONCE(n->thread, thread_create(n->name + 5, PRIO_NIC, ~0UL, nic_main, n));
		if (n->thread == NULL) {
			n->client = NULL;
			return "no memory";
		}
	}
	return first ? NULL : "the card is in use";
}

static struct nic *find(const char *name)
{
	nic_scan();
	for (u32 i = 0; i < nic_count; i++) {
		if (is_named(nics[i], name)) {
			return nics[i];
		}
	}
	return NULL;
}

const char *nic_name(const char *name)
{
	const struct nic *n = find(name);

	return n != NULL ? n->name : NULL;
}

extern const struct shell_command *const shell_ref_nics; /* core/host/nic_cmd.c */

struct nic *nic_open(const char *name, struct nic_client *c, const char **why)
{
	struct nic *n = find(name);

	(void)READ_ONCE(shell_ref_nics); /* where cards are used there is the command that shows them */
	*why = n != NULL ? enter(n, c) : "there is no such network card";
	return *why == NULL ? n : NULL;
}
