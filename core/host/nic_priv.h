/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between core/host/nic.c and the drivers of network cards. A driver finds its card, fills in a struct nic (the
 * first member of its own state) and calls nic_add().
 */
#ifndef QUOIN_CORE_NIC_PRIV_H
#define QUOIN_CORE_NIC_PRIV_H

#include "core/base/lock.h"
#include "core/host/nic.h"

#define NIC_MAX 4

struct nic_ops {
	/* Sending; called with the card locked. As nic_room(), nic_send(), nic_start(). */
	u8 *(*room)(struct nic *n);
	void (*send)(struct nic *n, u32 len);
	void (*start)(struct nic *n);
	/* Receiving; the card's thread. A frame, NULL: none; give it back; let the card see what was given back. */
	u8 *(*take)(struct nic *n, u32 *len);
	void (*give)(struct nic *n, u8 *frame);
	void (*refill)(struct nic *n);
	/* nic_interrupt() is called when a frame comes, and, if `sending`, when there is room; true: it is so already. */
	bool (*listen)(struct nic *n, bool sending);
	bool (*link)(struct nic *n);   /* is there one; the card's thread, on each turn */
	bool (*broken)(struct nic *n);
};

struct nic {
	const struct nic_ops *ops;
	const char *driver;
	u8 mac[6];
	char name[12];         /* "/dev/nic0" */
	struct spinlock lock;  /* the sending side */
	bool full;             /* nic_room() had none */
	bool up, dead;
	struct nic_client *client;
	struct thread *thread;
	u64 sent, received;
};

/* nic_add - a driver has found a card; 0, -ENOSPC. Thread context. */
int nic_add(struct nic *n) __must_check;
/* nic_interrupt - frames, room, or a change of the link. Any context. */
void nic_interrupt(struct nic *n);
/* Looks for the cards of a kind and adds them. Thread context. */
void virtio_net_scan(void);
/* nic_scan - all drivers have looked when it returns. nic_at - the i-th, or NULL. Thread context. */
void nic_scan(void);
struct nic *nic_at(u32 i);

#endif
