/* SPDX-License-Identifier: Apache-2.0 */
/* virtio over MMIO (virtio 1.2 4.2): register layout 2, and 1, which is that of legacy devices (4.2.4). */
#include <errno.h>
#include "arch/arch.h"
#include "arch_io.h"
#include "core/base/log.h"
#include "core/host/virtio.h"

#define MAGIC 0x74726976

enum { /* 4.2.2, 4.2.4 */
	MAGIC_VALUE = 0x00, VERSION = 0x04, DEVICE_ID = 0x08, DEVICE_FEATURES = 0x10, DEVICE_FEATURES_SEL = 0x14,
	DRIVER_FEATURES = 0x20, DRIVER_FEATURES_SEL = 0x24, GUEST_PAGE_SIZE = 0x28, QUEUE_SEL = 0x30,
	QUEUE_NUM_MAX = 0x34, QUEUE_NUM = 0x38, QUEUE_ALIGN = 0x3c, QUEUE_PFN = 0x40, QUEUE_READY = 0x44,
	QUEUE_NOTIFY = 0x50, INTERRUPT_STATUS = 0x60, INTERRUPT_ACK = 0x64, STATUS = 0x70, QUEUE_DESC = 0x80,
	QUEUE_DRIVER = 0x90, QUEUE_DEVICE = 0xa0, CONFIG_GENERATION = 0xfc, CONFIG = 0x100,
};

static u8 status(struct vio_dev *d)
{
	return (u8)io_read32(d->regs + STATUS);
}

static void set_status(struct vio_dev *d, u8 v)
{
	io_write32(d->regs + STATUS, v);
}

static u32 features(struct vio_dev *d, u32 half)
{
	io_write32(d->regs + DEVICE_FEATURES_SEL, half);
	return io_read32(d->regs + DEVICE_FEATURES);
}

static void accept(struct vio_dev *d, u32 half, u32 bits)
{
	io_write32(d->regs + DRIVER_FEATURES_SEL, half);
	io_write32(d->regs + DRIVER_FEATURES, bits);
}

static void queue_size(struct vio_dev *d, u32 index, u32 *size)
{
	io_write32(d->regs + QUEUE_SEL, index);
	*size = MIN(*size, io_read32(d->regs + QUEUE_NUM_MAX));
}

static int queue(struct vio_dev *d, struct vio_queue *q)
{
	q->doorbell = d->regs + QUEUE_NOTIFY;
	io_write32(d->regs + QUEUE_SEL, q->index);
	io_write32(d->regs + QUEUE_NUM, q->size);
	dmb(oshst);
	if (d->legacy) {
		u64 page = (u64)q->desc >> PAGE_SHIFT;

		if (page >> 32 != 0) {
			return -ENOMEM; /* beyond what the register can name */
		}
		io_write32(d->regs + GUEST_PAGE_SIZE, PAGE_SIZE);
		io_write32(d->regs + QUEUE_ALIGN, PAGE_SIZE);
		io_write32(d->regs + QUEUE_PFN, (u32)page);
		return 0;
	}
	vio_write_address(d, QUEUE_DESC, q->desc);
	vio_write_address(d, QUEUE_DRIVER, q->avail_ring);
	vio_write_address(d, QUEUE_DEVICE, q->used_ring);
	io_write32(d->regs + QUEUE_READY, 1);
	return 0;
}

static u32 generation(struct vio_dev *d)
{
	return d->legacy ? 0 : io_read32(d->regs + CONFIG_GENERATION);
}

static bool interrupt(struct vio_dev *d)
{
	u32 why = io_read32(d->regs + INTERRUPT_STATUS);

	if (why == 0) {
		return false;
	}
	io_write32(d->regs + INTERRUPT_ACK, why);
	if ((why & 2) != 0) {
		d->changed = true;
	}
	return true;
}

static const struct vio_ops ops = {
	.status = status,
	.set_status = set_status,
	.features = features,
	.accept = accept,
	.queue_size = queue_size,
	.queue = queue,
	.generation = generation,
	.interrupt = interrupt,
};

static int read_magic(void *arg)
{
	const struct board_virtio *b = arg;

	return io_read32(b->regs.start + MAGIC_VALUE) == MAGIC ? 0 : -ENODEV;
}

static void look(struct board_virtio *b)
{
	pa_t page = ALIGN_DOWN(b->regs.start, PAGE_SIZE);
	struct vio_dev *d;
	u32 id, version;

	if (b->regs.size <= CONFIG || !IS_ALIGNED(b->regs.start, 4) ||
	    arch_map(page, ALIGN_UP(b->regs.start + b->regs.size, PAGE_SIZE) - page, MAP_DEVICE) != 0 ||
	    arch_try(read_magic, b) != 0) {
		return;
	}
	version = io_read32(b->regs.start + VERSION);
	id = io_read32(b->regs.start + DEVICE_ID);
	if (id == 0) {
		return; /* an empty place (4.2.2.2) */
	}
	d = version == 1 || version == 2 ? vio_new() : NULL;
	if (d == NULL) {
		log_warn("virtio-mmio at 0x%lx: layout %u, or one too many, not used", b->regs.start, version);
		return;
	}
	d->ops = &ops;
	d->id = id;
	d->place = "virtio-mmio";
	d->regs = b->regs.start;
	d->config = b->regs.start + CONFIG;
	d->config_size = (u32)MIN(b->regs.size, PAGE_SIZE) - CONFIG;
	d->irq = b->irq;
	d->legacy = version == 1;
	d->notify_size = 4;
}

void vio_mmio_scan(const struct board *b)
{
	for (u32 i = 0; i < b->virtio_count; i++) {
		struct board_virtio v = b->virtio[i];

		look(&v);
	}
}
