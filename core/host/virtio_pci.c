/* SPDX-License-Identifier: Apache-2.0 */
/* virtio over PCI (virtio 1.2 4.1): modern devices, and transitional ones as such. INTx. */
#include <errno.h>
#include "arch_cpu.h"
#include "arch_io.h"
#include "core/base/log.h"
#include "core/host/pci.h"
#include "core/host/virtio.h"

#define VENDOR 0x1af4

enum { /* 4.1.4.3 */
	DEVICE_SELECT = 0, DEVICE_FEATURE = 4, DRIVER_SELECT = 8, DRIVER_FEATURE = 12, NUM_QUEUES = 18, STATUS = 20,
	GENERATION = 21, QUEUE_SELECT = 22, QUEUE_SIZE = 24, QUEUE_ENABLE = 28, QUEUE_NOTIFY_OFF = 30,
	QUEUE_DESC = 32, QUEUE_DRIVER = 40, QUEUE_DEVICE = 48, COMMON_SIZE = 56,
};

/* struct virtio_pci_cap (4.1.4), from the capability's start. */
enum { CAP_TYPE = 3, CAP_BAR = 4, CAP_OFFSET = 8, CAP_LENGTH = 12, CAP_MULTIPLIER = 16 };

enum { TYPE_COMMON = 1, TYPE_NOTIFY, TYPE_ISR, TYPE_DEVICE };

static u8 status(struct vio_dev *d)
{
	return io_read8(d->regs + STATUS);
}

static void set_status(struct vio_dev *d, u8 v)
{
	io_write8(d->regs + STATUS, v);
}

static u32 features(struct vio_dev *d, u32 half)
{
	io_write32(d->regs + DEVICE_SELECT, half);
	return io_read32(d->regs + DEVICE_FEATURE);
}

static void accept(struct vio_dev *d, u32 half, u32 bits)
{
	io_write32(d->regs + DRIVER_SELECT, half);
	io_write32(d->regs + DRIVER_FEATURE, bits);
}

static void queue_size(struct vio_dev *d, u32 index, u32 *size)
{
	if (index >= io_read16(d->regs + NUM_QUEUES)) {
		*size = 0;
		return;
	}
	io_write16(d->regs + QUEUE_SELECT, (u16)index);
	*size = MIN(*size, (u32)io_read16(d->regs + QUEUE_SIZE));
}

static int queue(struct vio_dev *d, struct vio_queue *q)
{
	u64 off;

	io_write16(d->regs + QUEUE_SELECT, q->index);
	io_write16(d->regs + QUEUE_SIZE, q->size);
	off = (u64)io_read16(d->regs + QUEUE_NOTIFY_OFF) * d->notify_step;
	if (off + d->notify_size > d->notify_bytes || !IS_ALIGNED(d->notify + off, d->notify_size)) {
		return -EIO;
	}
	q->doorbell = d->notify + off;
	dmb(oshst);
	vio_write_address(d, QUEUE_DESC, q->desc);
	vio_write_address(d, QUEUE_DRIVER, q->avail_ring);
	vio_write_address(d, QUEUE_DEVICE, q->used_ring);
	io_write16(d->regs + QUEUE_ENABLE, 1);
	return 0;
}

static u32 generation(struct vio_dev *d)
{
	return io_read8(d->regs + GENERATION);
}

/* 4.1.4.5: reading acknowledges. */
static bool interrupt(struct vio_dev *d)
{
	u8 why = io_read8(d->isr);

	if ((why & 2) != 0) {
		d->changed = true;
	}
	return why != 0;
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

/* 4.1.4.3.1, 4.1.4.6.1: a multiple of 4. One that is not cannot be accessed. */
static pa_t words(pa_t at)
{
	return IS_ALIGNED(at, 4) ? at : 0;
}

/* 4.1.4: of each kind the first capability that can be used. False: something is missing, as of a legacy device. */
static bool find_parts(const struct pci_dev *p, struct vio_dev *d)
{
	/* A list that goes round in circles is left, too. */
	for (u32 at = 0, n = 0; n < 48 && (at = pci_capability(p, PCI_CAP_VENDOR, at)) != 0; n++) {
		pa_t cap = pci_address(p->host, p->bdf, at);
		u32 bar = io_read8(cap + CAP_BAR), len = io_read32(cap + CAP_LENGTH);
		u64 off = io_read32(cap + CAP_OFFSET);

		switch (io_read8(cap + CAP_TYPE)) {
		case TYPE_COMMON:
			if (d->regs == 0 && len >= COMMON_SIZE) {
				d->regs = words(pci_map(p, bar, off, len));
			}
			break;
		case TYPE_NOTIFY:
			if (d->notify == 0) {
				d->notify = pci_map(p, bar, off, len);
				d->notify_bytes = len;
				d->notify_step = io_read32(cap + CAP_MULTIPLIER);
			}
			break;
		case TYPE_ISR:
			if (d->isr == 0) {
				d->isr = pci_map(p, bar, off, 1);
			}
			break;
		case TYPE_DEVICE:
			if (d->config == 0) {
				d->config = words(pci_map(p, bar, off, len));
				d->config_size = d->config != 0 ? len : 0;
			}
			break;
		default:
			break;
		}
	}
	return d->regs != 0 && d->notify != 0 && d->isr != 0;
}

/* 4.1.2.1: modern devices by their number, transitional ones by a number of old and the kind as subsystem. */
static u32 kind(const struct pci_dev *p)
{
	if (p->vendor != VENDOR || p->device < 0x1000 || p->device > 0x107f) {
		return 0;
	}
	return p->device >= 0x1040 ? p->device - 0x1040U :
				     io_read32(pci_address(p->host, p->bdf, PCI_SUBSYSTEM)) >> 16;
}

void vio_pci_scan(const struct board *b)
{
	struct pci_dev *p;

	for (u32 n = 0; (p = pci_at(b, n)) != NULL; n++) {
		struct vio_dev found = {
			.ops = &ops, .id = kind(p), .place = "virtio-pci", .irq = p->irq, .notify_size = 2, .pci = p,
		}, *d;

		if (found.id == 0) {
			continue;
		}
		d = find_parts(p, &found) ? vio_new() : NULL;
		if (d == NULL) {
			log_warn("virtio-pci %02x:%02x.%u: no modern registers within reach, or one too many, not used",
				 p->bdf >> 8, p->bdf >> 3 & 31, p->bdf & 7);
			continue;
		}
		*d = found;
	}
}
