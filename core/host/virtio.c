/* SPDX-License-Identifier: Apache-2.0 */
/* Finding devices, and bringing them up (virtio 1.2 2.1-2.6, 3.1). */
#include "core/host/virtio.h"

#include <errno.h>
#include <string.h>
#include "arch/arch.h"
#include "arch_io.h"
#include "core/base/log.h"
#include "core/base/memory.h"
#include "core/host/pci.h"
#include "core/irq.h"
#include "core/once.h"

#define MAX_DEVICES 32

/* Status (2.1). */
#define ACKNOWLEDGE 1
#define DRIVER 2
#define DRIVER_OK 4
#define FEATURES_OK 8
#define FAILED 128

/* Features of the transport (6): the memory is reached at its physical address, with the bus's barriers. */
#define F_INDIRECT BIT(28)
#define F_EVENT_IDX BIT(29)
#define F_VERSION_1 BIT(32)
#define F_ACCESS_PLATFORM BIT(33)
#define F_ORDER_PLATFORM BIT(36)
#define F_OURS (F_INDIRECT | F_EVENT_IDX | F_VERSION_1 | F_ACCESS_PLATFORM | F_ORDER_PLATFORM)

static const struct board *board;
static struct vio_dev devices[MAX_DEVICES];
static u32 device_count, scanned;

void vio_board(const struct board *b)
{
	board = b;
}

struct vio_dev *vio_new(void)
{
	if (device_count == MAX_DEVICES) {
		return NULL;
	}
	memset(&devices[device_count], 0, sizeof(devices[0]));
	return &devices[device_count++];
}

struct vio_dev *vio_find(u32 id, u32 n)
{
	if (once_begin(&scanned)) {
		if (board != NULL) {
			vio_mmio_scan(board);
			vio_pci_scan(board);
		}
		once_end(&scanned);
	}
	for (u32 i = 0; i < device_count; i++) {
		if (devices[i].id == id && n-- == 0) {
			return &devices[i];
		}
	}
	return NULL;
}

bool vio_take(struct vio_dev *d)
{
	return !__atomic_exchange_n(&d->taken, true, __ATOMIC_ACQ_REL) && (d->pci == NULL || pci_drive(d->pci, d->place));
}

void vio_each(u32 id, const char *what, size_t size, void (*interrupt)(void *mem),
	      int (*begin)(struct vio_dev *d, void *mem))
{
	struct vio_dev *d;

	for (u32 n = 0; (d = vio_find(id, n)) != NULL; n++) {
		int err = -ENOMEM;

		if (!vio_take(d)) {
			log_info("a %s behind %s is not used: a VM has it, or its IOMMU keeps it out", what, d->place);
			continue;
		}
		d->arg = mem_alloc(size);
		if (d->arg != NULL) {
			d->interrupt = interrupt;
			err = begin(d, d->arg);
		}
		if (err != 0) {
			/* Its memory stays the device's: it may still write there. */
			log_warn("a %s behind %s cannot be used: error %d", what, d->place, -err);
		}
	}
}

/* 2.4: reset is over when the status reads 0; a device of the machine needs no time, one of a bus may. */
static int reset(struct vio_dev *d)
{
	u64 end = counter_now() + counter_hz / 4;

	d->ops->set_status(d, 0);
	while (d->ops->status(d) != 0) {
		if (counter_now() > end) {
			return -EIO;
		}
		thread_sleep_until(counter_now() + counter_hz / 1000);
	}
	return 0;
}

int vio_begin(struct vio_dev *d, u64 *offered)
{
	if (reset(d) != 0) {
		return -EIO;
	}
	d->ops->set_status(d, ACKNOWLEDGE);
	d->ops->set_status(d, ACKNOWLEDGE | DRIVER);
	*offered = d->ops->features(d, 0);
	if (!d->legacy) {
		*offered |= (u64)d->ops->features(d, 1) << 32;
	}
	d->features = *offered;
	return 0;
}

int vio_features_ok(struct vio_dev *d, u64 wanted)
{
	d->features &= wanted | F_OURS;
	d->ops->accept(d, 0, (u32)d->features);
	if (d->legacy) {
		return 0;
	}
	d->ops->accept(d, 1, (u32)(d->features >> 32));
	if (!vio_has(d, F_VERSION_1)) {
		return -EIO; /* a modern one without it is none (6.1) */
	}
	d->ops->set_status(d, ACKNOWLEDGE | DRIVER | FEATURES_OK);
	return (d->ops->status(d) & FEATURES_OK) != 0 ? 0 : -EIO;
}

static u64 config_once(const struct vio_dev *d, u32 off, u32 size)
{
	pa_t at = d->config + off;

	switch (size) {
	case 1:
		return io_read8(at);
	case 2:
		return io_read16(at);
	case 4:
		return io_read32(at);
	default:
		return io_read32(at) | (u64)io_read32(at + 4) << 32;
	}
}

u64 vio_config(struct vio_dev *d, u32 off, u32 size)
{
	u32 before;
	u64 v;

	if (off + size > d->config_size) {
		return 0;
	}
	/* 2.5.1: a value of several parts is one if the generation stayed. A device that never rests is not waited for. */
	for (u32 i = 0; i < 8; i++) {
		before = d->ops->generation(d);
		v = config_once(d, off, size);
		if (d->ops->generation(d) == before) {
			break;
		}
	}
	return v;
}

/* Exit context. The line may be others' as well. */
static void interrupt(void *arg)
{
	struct vio_dev *d = arg;

	if (d->ops->interrupt(d) && d->interrupt != NULL) {
		d->interrupt(d->arg);
	}
}

int vio_go(struct vio_dev *d)
{
	int err = 0;

	if (!d->listening) {
		err = irq_share(d->irq.intid, (d->irq.flags & 0xc) == 0, d->place, interrupt, d);
		d->listening = err == 0;
	}
	if (err == 0) {
		d->broken = false;
		d->ops->set_status(d, ACKNOWLEDGE | DRIVER | DRIVER_OK | (d->legacy ? 0 : FEATURES_OK));
	}
	return err;
}

void vio_fail(struct vio_dev *d)
{
	d->broken = true;
	if (reset(d) == 0) {
		d->ops->set_status(d, FAILED);
	}
}

/* Bytes of the rings in one piece, as the legacy layout wants them (2.7.2): the used ring on a page of its own. */
static u64 used_offset(u32 size)
{
	return ALIGN_UP(size * sizeof(struct vio_desc) + 2 * (size + 3), PAGE_SIZE);
}

static u64 ring_bytes(u32 size)
{
	return used_offset(size) + PAGE_SIZE;
}

static u64 private_bytes(u32 size, u32 tables)
{
	return size * (sizeof(struct vio_slot) + 2) + tables * 2;
}

static int allocate(struct vio_queue *q, u32 size, u32 tables, u32 pieces)
{
	u64 table_bytes = (u64)tables * pieces * sizeof(struct vio_desc);
	u8 *rings = mem_alloc(ring_bytes(size) + table_bytes), *own = mem_alloc(private_bytes(size, tables));

	if (rings == NULL || own == NULL) {
		if (rings != NULL) {
			mem_free(rings, ring_bytes(size) + table_bytes);
		}
		if (own != NULL) {
			mem_free(own, private_bytes(size, tables));
		}
		return -ENOMEM;
	}
	q->desc = (void *)rings;
	q->avail_ring = (void *)(rings + size * sizeof(struct vio_desc));
	q->used_ring = (void *)(rings + used_offset(size));
	q->table = (void *)(rings + ring_bytes(size));
	q->slot = (void *)own;
	q->link = (void *)(own + size * sizeof(struct vio_slot));
	q->table_link = q->link + size;
	q->size = (u16)size;
	q->tables = (u16)tables;
	q->pieces = (u16)pieces;
	return 0;
}

/* As a device that was just reset expects it, all descriptors free. */
static void clear(struct vio_queue *q)
{
	memset(q->desc, 0, ring_bytes(q->size));
	memset(q->slot, 0, private_bytes(q->size, q->tables));
	for (u32 i = 0; i < q->size; i++) {
		q->link[i] = (u16)(i + 1);
		q->desc[i].next = (u16)(i + 1);
	}
	for (u32 i = 0; i < q->tables; i++) {
		q->table_link[i] = (u16)(i + 1);
	}
	q->free = q->table_free = 0;
	q->free_count = q->size;
	q->avail = q->kicked = q->seen = q->used_idx = q->in_flight = 0;
}

int vio_queue(struct vio_dev *d, struct vio_queue *q, u32 index, u32 size, u32 tables, u32 pieces)
{
	u32 takes = MIN(size, (u32)VIO_QUEUE_SIZE);
	int err;

	q->dev = d;
	q->index = (u16)index;
	d->ops->queue_size(d, index, &takes);
	/* A split queue's size is a power of two (2.7); one whose memory is there stays as it is. */
	while (takes != 0 && (takes & (takes - 1)) != 0) {
		takes &= takes - 1;
	}
	if (takes == 0 || takes < q->size) {
		return -ENOENT;
	}
	if (q->desc == NULL) {
		err = allocate(q, takes, tables, pieces);
		if (err != 0) {
			return err;
		}
	}
	clear(q);
	if (!vio_has(d, F_INDIRECT)) {
		q->table_free = q->tables;
	}
	return d->ops->queue(d, q);
}
