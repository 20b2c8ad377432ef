/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The driver's side of virtio 1.2, for the monitor's own use of the board's devices: split queues over
 * MMIO (register layouts 1 and 2) and PCI. A driver finds its device, negotiates, sets up queues, goes;
 * then adds chains, kicks once per batch, and takes back what the device has used:
 *
 *   vio_find, vio_begin, vio_features_ok, vio_queue, vio_go
 *   vio_chain + vio_add for each piece (under the driver's lock), vio_kick
 *   interrupt -> vio_dev.interrupt in exit context -> the driver's thread -> vio_reap ... vio_listen
 *
 * What a device writes into its rings is checked: identifiers, indices and lengths are bounded, and a
 * device that breaks the rules is marked broken and gives nothing any more until it is reset. It is
 * not defended against a device that writes where it was not told to.
 *
 * Memory is named by pointers where VA = PA: from core/base/memory.h or a guest's RAM, not the image
 * or a stack. No cache maintenance: virtio devices are coherent, being software (virtio 1.2 2.7.7
 * speaks of barriers only, 6.1 VIRTIO_F_ORDER_PLATFORM adds those of the bus, which are used always).
 */
#ifndef QUOIN_CORE_HOST_VIRTIO_H
#define QUOIN_CORE_HOST_VIRTIO_H

#include "core/base/board.h"
#include "core/base/types.h"
#include "arch_io.h"

#define VIO_NET 1 /* device numbers (5) */
#define VIO_BLOCK 2

#define VIO_QUEUE_SIZE 256 /* most entries of a queue */

struct vio_dev;
struct pci_dev;

/* 2.7.5 */
struct vio_desc {
	u64 addr;
	u32 len;
	u16 flags, next;
};

#define VIO_DESC_NEXT 1
#define VIO_DESC_WRITE 2
#define VIO_DESC_INDIRECT 4

/* A chain the device has, by its first descriptor. */
struct vio_slot {
	void *token;  /* NULL: the device does not have it */
	u32 writable; /* bytes the device may write */
	u16 last;     /* its last descriptor */
	u16 table;    /* indirect table + 1, or 0 */
	u16 count;    /* descriptors of the ring */
};

struct vio_queue {
	struct vio_dev *dev;
	u16 index, size;
	u16 pieces;       /* room of an indirect table */
	u16 free, free_count; /* descriptors: first, how many */
	u16 avail, kicked; /* next entry of the available ring; what the device was told of */
	u16 seen, used_idx; /* next entry of the used ring; how far the device was, when last asked */
	u16 in_flight;    /* chains */
	u16 table_free, tables;
	/* The chain that is being built. */
	struct vio_desc *fill;
	u16 head, at, left;
	/* The rings, which the device reads and writes. */
	struct vio_desc *desc;
	u16 *avail_ring;  /* flags, idx, ring[size], used_event */
	u16 *used_ring;   /* flags, idx, { u32 id, len } [size], avail_event */
	pa_t doorbell;
	struct vio_desc *table;
	/* What it does not reach. */
	struct vio_slot *slot;
	u16 *link;        /* descriptor behind each */
	u16 *table_link;
};

struct vio_ops;

struct vio_dev {
	const struct vio_ops *ops;
	u32 id;
	u64 features;         /* accepted, from vio_features_ok() on */
	bool broken;          /* its ring has broken the rules */
	bool changed;         /* the configuration space has changed: set by an interrupt */
	/* Exit context; short. The used rings may have something. Set before vio_go(). */
	void (*interrupt)(void *arg);
	void *arg;
	const char *place;    /* "virtio-mmio", "virtio-pci" */
	/* Of the transport. */
	pa_t regs, isr, config, notify;
	u32 config_size, notify_step, notify_bytes;
	u32 notify_size;      /* bytes of a write to a doorbell */
	struct board_irq irq;
	bool legacy, taken, listening;
	struct pci_dev *pci;  /* or NULL */
};

/* vio_board - where to look. Boot, once. */
void vio_board(const struct board *b);
/*
 * vio_find - the n-th (from 0) device of a number, in the order of the board: MMIO first, then PCI; NULL
 * behind the last. The first call looks for all of them. Thread context.
 */
struct vio_dev *vio_find(u32 id, u32 n);
/* vio_take - it is this driver's from now on, for ever; false: it is another's. Any context. */
bool vio_take(struct vio_dev *d);

/*
 * vio_each - a driver's way to all of its devices: for each of a number that is nobody's, memory of `size` bytes, zero, and
 * begin() with it, after which `interrupt` may come with it. What cannot be used, a `what` ("disk"), is told of. Thread.
 */
void vio_each(u32 id, const char *what, size_t size, void (*interrupt)(void *mem),
	      int (*begin)(struct vio_dev *d, void *mem));

/*
 * vio_begin - reset the device; *offered is what it offers. 0, -EIO: it does not reset. Also when it was
 * in use: its queues keep their memory, vio_drain() gives back what it had. Thread context.
 * vio_features_ok - accept of `wanted` what is offered, with what the transport can do. 0, -EIO.
 */
int vio_begin(struct vio_dev *d, u64 *offered) __must_check;
int vio_features_ok(struct vio_dev *d, u64 wanted) __must_check;
static inline bool vio_has(const struct vio_dev *d, u64 feature)
{
	return (d->features & feature) != 0;
}
/* vio_config - `size` (1, 2, 4, 8) bytes of the configuration space; 0 behind its end. Thread context. */
u64 vio_config(struct vio_dev *d, u32 off, u32 size);
/*
 * vio_queue - set up queue `index` with at most `size` entries (a power of two) and, where the device
 * takes them, `tables` indirect tables for chains of up to `pieces`. The queue was zero, or set up before.
 * 0, -ENOENT: no such queue, -ENOMEM. Thread context.
 */
int vio_queue(struct vio_dev *d, struct vio_queue *q, u32 index, u32 size, u32 tables, u32 pieces) __must_check;
/* vio_go - the device is live; its interrupt is taken. 0, -E as of irq_share(). Thread context. */
int vio_go(struct vio_dev *d) __must_check;
/* vio_fail - the driver gives up: reset, FAILED. Thread context. */
void vio_fail(struct vio_dev *d);

/*
 * vio_chain - begin a chain of `n` pieces; `token` comes back from vio_reap(). False: there is no room for
 * it now. Then exactly `n` times vio_add(). Any context, the queue locked by its driver.
 */
bool vio_chain(struct vio_queue *q, u32 n, void *token);
/* vio_add - a piece of memory; `in`: the device writes it. Those it reads come first (2.7.4.2). */
static inline void vio_add(struct vio_queue *q, const void *at, u32 len, bool in)
{
	struct vio_desc *d = q->fill;

	d->addr = (u64)at;
	d->len = len;
	d->flags = (u16)((in ? VIO_DESC_WRITE : 0) | (--q->left != 0 ? VIO_DESC_NEXT : 0));
	if (in) {
		q->slot[q->head].writable += len;
	}
	if (q->slot[q->head].table != 0) {
		d->next = ++q->at;
		q->fill = d + 1;
	} else if (q->left != 0) {
		q->at = q->link[q->at];
		q->fill = &q->desc[q->at];
	}
}
/* vio_kick - the device sees what was added, and is told if it wants to be. As vio_chain(). */
void vio_kick(struct vio_queue *q);
/*
 * vio_reap - the token of a chain the device has used, and how many bytes it has written (never more than
 * the chain had room for); NULL: none. As vio_chain().
 */
void *vio_reap(struct vio_queue *q, u32 *len);
/* vio_listen - interrupts on from the next chain used; true: one was already. vio_quiet - not wanted. */
bool vio_listen(struct vio_queue *q);
void vio_quiet(struct vio_queue *q);
/* vio_drain - after vio_begin(): the token of a chain the device had, NULL behind the last. Before vio_queue(). */
void *vio_drain(struct vio_queue *q);

/* ---- Between core/host/virtio*.c */

struct vio_ops {
	u8 (*status)(struct vio_dev *d);
	void (*set_status)(struct vio_dev *d, u8 status);
	u32 (*features)(struct vio_dev *d, u32 half);
	void (*accept)(struct vio_dev *d, u32 half, u32 bits);
	/* Its size in *size is lowered to what the device takes; 0: there is no such queue. */
	void (*queue_size)(struct vio_dev *d, u32 index, u32 *size);
	int (*queue)(struct vio_dev *d, struct vio_queue *q);
	u32 (*generation)(struct vio_dev *d);
	bool (*interrupt)(struct vio_dev *d); /* exit context: acknowledge; false: not its own */
};

/* Find and note the devices of a kind; vio_new() gives room for one, or NULL. */
void vio_mmio_scan(const struct board *b);
void vio_pci_scan(const struct board *b);
struct vio_dev *vio_new(void);

/* vio_write_address - where a ring is: a field of 64 bits as two of 32 (virtio 1.2 4.1.3.1). */
static inline void vio_write_address(struct vio_dev *d, u32 reg, const void *p)
{
	io_write32(d->regs + reg, (u32)(u64)p);
	io_write32(d->regs + reg + 4, (u32)((u64)p >> 32));
}

#endif
