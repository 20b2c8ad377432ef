/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every virtio device shares: feature negotiation, status, queues, configuration space, and
 * the transports: mmio.c (virtio 1.2 4.2; the `legacy` option gives the layout of 0.9.5, 4.2.4) and pci.c (4.1).
 *
 * A device is a struct virtio_type and a state with struct virtio first:
 *
 *   VDEV(virtio_foo) { .name = "virtio-foo", .state_size = sizeof(struct foo), VIRTIO_TRANSPORTS,
 *                      .create = create, .options = options };
 *
 * create() sets v->type, the features it offers, its queues' sizes and its configuration space.
 * serve() does the requests: it runs as the device's work (core/vdev.h), with interrupts on, never
 * twice at a time, and so has the queues for itself.
 */
#ifndef QUOIN_VDEV_VIRTIO_VIRTIO_H
#define QUOIN_VDEV_VIRTIO_VIRTIO_H

#include "core/vdev.h"
#include "vdev/virtio/queue.h"

/* Status (2.1). */
#define VIRTIO_DRIVER 2
#define VIRTIO_DRIVER_OK 4
#define VIRTIO_FEATURES_OK 8
#define VIRTIO_NEEDS_RESET 64

/* Features of the transport (6). */
#define VIRTIO_F_INDIRECT_DESC BIT(28)
#define VIRTIO_F_EVENT_IDX BIT(29)
#define VIRTIO_F_VERSION_1 BIT(32)
#define VIRTIO_F_ACCESS_PLATFORM BIT(33)
#define VIRTIO_F_RING_PACKED BIT(34)

#define VIRTIO_QUEUES 16

/* Why the driver was interrupted (4.1.4.5, 4.2.2). */
#define VIRTIO_ISR_QUEUE 1
#define VIRTIO_ISR_CONFIG 2

struct virtio;
struct virtio_pci;

struct virtio_type {
	u32 id; /* device number (5) */
	/* The driver is ready: features are final, queues may be used. Exit context, device locked. */
	void (*start)(struct virtio *v);
	/* Back to power-on state; no request is being served. Exit or thread context, device locked. */
	void (*reset)(struct virtio *v);
	/*
	 * Serve a queue that may have requests: a bounded batch. True: there is more, call again soon.
	 * Work context.
	 */
	bool (*serve)(struct virtio *v, unsigned int queue);
	/* The driver has changed a byte of the configuration space. Optional. Device locked. */
	void (*configured)(struct virtio *v, u32 off, u32 size);
};

struct virtio {
	struct vdev dev;
	const struct virtio_type *type;
	u64 offered, accepted;
	void *config;          /* the device's configuration space, and its length */
	u32 config_size;
	u32 config_write_at, config_writable; /* what of it the driver may write, from where on */
	u32 queue_count;
	struct virtq queue[VIRTIO_QUEUES];
	u32 kicked;            /* bit per queue: to be served */
	struct virtio_pci *pci; /* it is on the VM's PCI bus; NULL: on MMIO */
	u32 isr, status, generation;
	u32 feature_sel[2], queue_sel; /* device's, driver's */
	u32 page_size, queue_align; /* legacy */
	bool legacy;
	u32 users;             /* who use its queues now: its own work, and others' that deliver to it */
	bool reset_wanted;
	u64 requests, notifies, interrupts; /* for the status line and benchmarks */
};

static inline bool virtio_has(const struct virtio *v, u64 feature)
{
	return (v->accepted & feature) != 0;
}
/* virtio_kick - serve `queue` soon. Any context. */
void virtio_kick(struct virtio *v, unsigned int queue);
/* virtio_done - requests of `q` were pushed: interrupt the driver if it wants to know. Work context. */
void virtio_done(struct virtio *v, struct virtq *q);
/* virtio_push_locked - a request is done, out of turn: interrupts the driver if need be. Device locked. */
void virtio_push_locked(struct virtio *v, struct virtq *q, const struct virtq_done *done);
/* virtio_broken - the driver broke the rules: NEEDS_RESET, and an interrupt that says so. Work context. */
void virtio_broken(struct virtio *v);
/*
 * virtio_enter - use the queues of `v`, also from another device's work: false if it is not live. No
 * reset happens until virtio_leave(). Work context.
 */
bool virtio_enter(struct virtio *v);
void virtio_leave(struct virtio *v);
/* virtio_stay - one use more, by who has entered; it ends by a virtio_leave() of its own. */
static inline void virtio_stay(struct virtio *v)
{
	__atomic_add_fetch(&v->users, 1, __ATOMIC_SEQ_CST);
}
/* virtio_config_changed - the configuration space has changed; tell the driver. Device locked. */
void virtio_config_changed(struct virtio *v);
/* virtio_init - in create(), after type, offered and queue sizes are set. */
void virtio_init(struct virtio *v);

/* The members of a VDEV that are the same for all. */
enum mmio_result virtio_mmio_access(struct vdev *d, struct vcpu *c, struct mmio *m);
u32 virtio_mmio_read32(void *d, struct vcpu *c, u64 off);
void virtio_mmio_write32(void *d, struct vcpu *c, u64 off, u32 val);
void virtio_work(struct vdev *d);
void virtio_quiesce(struct vdev *d);
void virtio_reset(struct vdev *d);
void virtio_fdt(struct vdev *d, struct fdt_node *n);
void virtio_status(struct vdev *d, char *buf, size_t size);
int virtio_plug(struct vdev *d) __must_check;
void virtio_unplug(struct vdev *d);

#define VIRTIO_TRANSPORTS \
	.window = 0x200, .auto_place = true, .access = virtio_mmio_access, \
	.read32 = virtio_mmio_read32, .write32 = virtio_mmio_write32, \
	.work = virtio_work, .quiesce = virtio_quiesce, .reset = virtio_reset, .node = "virtio_mmio", .fdt = virtio_fdt, \
	.status = virtio_status, .pci = true, .plug = virtio_plug, .unplug = virtio_unplug

#define VIRTIO_OPTION_LEGACY \
	{ .name = "legacy", .kind = VOPT_FLAG, .help = "the register layout of virtio 0.9.5" }

#endif
