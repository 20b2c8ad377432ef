/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine's network cards, driven by the monitor: what lies between a switch of virtual ones and
 * the drivers (core/host/). A frame is whole: checksums right, no larger than the wire's.
 */
#ifndef QUOIN_CORE_NIC_H
#define QUOIN_CORE_NIC_H

#include "core/base/types.h"

#define NIC_FRAME 1522 /* bytes of the largest frame, with a VLAN tag */

struct nic;

/* Who uses a card. Called by the card's thread, interrupts on, no lock held. */
struct nic_client {
	/*
	 * A frame has come. False: not now, offer it again soon or after nic_wake(); `last`: there is no other time.
	 * received - the batch is over, before the thread waits for anything.
	 */
	bool (*receive)(struct nic_client *c, u8 *frame, u32 len, bool last);
	void (*received)(struct nic_client *c);
	void (*room)(struct nic_client *c); /* nic_room() had none, and has again */
	void (*link)(struct nic_client *c, bool up);
};

/*
 * nic_name - the card `name`, /dev/nic0 (in the order of the board) or /dev/nic/by-mac/xx:xx:xx:xx:xx:xx, by its name of
 * the first form; NULL: there is none. Waits until the drivers have looked for their cards.
 * nic_open - it is the client's from now on, for ever; NULL: `*why` says why not (a constant).
 * Boot or thread context.
 */
const char *nic_name(const char *name);
struct nic *nic_open(const char *name, struct nic_client *c, const char **why);
/*
 * nic_room - a send buffer of NIC_FRAME bytes; NULL: none now. nic_send - send what the caller has put into it;
 * one caller at a time. nic_start - the card sees what was sent; once after several. Work or thread context.
 */
u8 *nic_room(struct nic *n);
void nic_send(struct nic *n, u32 len);
void nic_start(struct nic *n);
/* nic_wake - the client may take frames again. Any context. */
void nic_wake(struct nic *n);

#endif
