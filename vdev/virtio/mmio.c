/* SPDX-License-Identifier: Apache-2.0 */
/* The MMIO transport (virtio 1.2 4.2.2; legacy: 4.2.4). */
#include "vdev/virtio/transport.h"

enum {
	MAGIC = 0x00, VERSION = 0x04, DEVICE_ID = 0x08, VENDOR_ID = 0x0c,
	DEVICE_FEATURES = 0x10, DEVICE_FEATURES_SEL = 0x14,
	DRIVER_FEATURES = 0x20, DRIVER_FEATURES_SEL = 0x24, GUEST_PAGE_SIZE = 0x28,
	QUEUE_SEL = 0x30, QUEUE_NUM_MAX = 0x34, QUEUE_NUM = 0x38, QUEUE_ALIGN = 0x3c,
	QUEUE_PFN = 0x40, QUEUE_READY = 0x44, QUEUE_NOTIFY = 0x50,
	INTERRUPT_STATUS = 0x60, INTERRUPT_ACK = 0x64, STATUS = 0x70,
	QUEUE_DESC = 0x80, QUEUE_DRIVER = 0x90, QUEUE_DEVICE = 0xa0,
	SHM_LEN = 0xb0, SHM_BASE = 0xb8,
	CONFIG_GENERATION = 0xfc, CONFIG = 0x100,
};

#define MAGIC_VALUE 0x74726976 /* "virt" */
#define VENDOR 0x4e4f5551      /* "QUON" */

static u32 read_reg(struct virtio *v, u64 off)
{
	const struct virtq *q = virtio_selected(v);

	switch (off) {
	case MAGIC:
		return MAGIC_VALUE;
	case VERSION:
		return v->legacy ? 1 : 2;
	case DEVICE_ID:
		return v->type->id;
	case VENDOR_ID:
		return VENDOR;
	case DEVICE_FEATURES:
		return virtio_offered(v);
	case QUEUE_NUM_MAX:
		return q != NULL ? q->max : 0;
	case QUEUE_PFN:
		return v->legacy && q != NULL && q->ready && v->page_size != 0 ? (u32)(q->addr[0] / v->page_size) : 0;
	case QUEUE_READY:
		return !v->legacy && q != NULL && q->ready;
	case STATUS:
		return v->status; /* keeps its value until a reset that was asked for is over */
	case SHM_LEN:
	case SHM_LEN + 4:
	case SHM_BASE:
	case SHM_BASE + 4:
		return ~0U; /* no such region (4.2.2.1) */
	case CONFIG_GENERATION:
		return v->generation;
	default:
		return 0;
	}
}

/* Legacy: one block of memory, the used ring aligned behind the rest (2.7.2). */
static void set_pfn(struct virtio *v, u32 val)
{
	struct virtq *q = val != 0 ? virtio_changeable(v) : virtio_selected(v);
	u64 at = (u64)val * v->page_size, align = v->queue_align != 0 ? v->queue_align : v->page_size;

	if (q == NULL || (val != 0 && v->page_size == 0)) {
		return;
	}
	if (val == 0) {
		q->ready = false;
		return;
	}
	q->addr[0] = at;
	q->addr[1] = at + 16UL * q->size;
	q->addr[2] = ALIGN_UP(q->addr[1] + 6 + 2UL * q->size, align);
	virtio_settle(v);
	virtio_set_ready(v);
}

static void write_reg(struct virtio *v, u64 off, u32 val)
{
	struct virtq *q = virtio_changeable(v);

	switch (off) {
	case DEVICE_FEATURES_SEL:
		v->feature_sel[0] = val;
		break;
	case DRIVER_FEATURES_SEL:
		v->feature_sel[1] = val;
		break;
	case DRIVER_FEATURES:
		virtio_set_features(v, v->feature_sel[1], val);
		break;
	case GUEST_PAGE_SIZE:
		/* With one that is none no queue gets a place. */
		if (v->legacy) {
			v->page_size = val >= 4096 && val <= 65536 && (val & (val - 1)) == 0 ? val : 0;
		}
		break;
	case QUEUE_SEL:
		v->queue_sel = val;
		break;
	case QUEUE_NUM:
		if (q != NULL) {
			q->size = (u16)MIN(val, 0xffffU);
		}
		break;
	case QUEUE_ALIGN:
		/* Any power of two that keeps the used ring's elements aligned; else as if not written. */
		v->queue_align = val >= 4 && val <= 65536 && (val & (val - 1)) == 0 ? val : 0;
		break;
	case QUEUE_PFN:
		if (v->legacy) {
			set_pfn(v, val);
		}
		break;
	case QUEUE_READY:
		if (!v->legacy && val == 1) {
			virtio_set_ready(v);
		}
		break;
	case STATUS:
		virtio_set_status(v, val);
		break;
	case QUEUE_DESC:
	case QUEUE_DESC + 4:
	case QUEUE_DRIVER:
	case QUEUE_DRIVER + 4:
	case QUEUE_DEVICE:
	case QUEUE_DEVICE + 4:
		if (q != NULL && !v->legacy) {
			virtio_set_half(&q->addr[(off - QUEUE_DESC) / 0x10], off, val);
		}
		break;
	default:
		break;
	}
}

static __noinline void access_locked(struct virtio *v, struct mmio *m)
{
	vdev_lock(&v->dev);
	if (m->off >= CONFIG) {
		virtio_access_config(v, m->off - CONFIG, m);
	} else if (m->write) {
		write_reg(v, m->off, (u32)m->val);
	} else {
		m->val = read_reg(v, m->off);
	}
	vdev_unlock(&v->dev);
}

static __noinline u32 read_any(struct virtio *v, u64 off)
{
	struct mmio m = { .off = off, .size = 4 };

	access_locked(v, &m);
	return (u32)m.val;
}

static __noinline void write_any(struct virtio *v, u64 off, u32 val)
{
	struct mmio m = { .off = off, .val = val, .size = 4, .write = true };

	access_locked(v, &m);
}

u32 virtio_mmio_read32(void *d, struct vcpu *c, u64 off)
{
	struct virtio *v = d;

	(void)c;
	return likely(off == INTERRUPT_STATUS) ? READ_ONCE(v->isr) : read_any(v, off);
}

void virtio_mmio_write32(void *d, struct vcpu *c, u64 off, u32 val)
{
	struct virtio *v = d;

	if (likely(off == QUEUE_NOTIFY)) {
		v->notifies++;
		if (val < v->queue_count) {
			__atomic_or_fetch(&v->kicked, 1U << val, __ATOMIC_SEQ_CST);
			vdev_work_here(&v->dev, c);
		}
	} else if (off == INTERRUPT_ACK) {
		spin_lock(&v->dev.lock);
		/* Down first: what came between the driver's look and its acknowledgement is a new edge. */
		v->isr &= ~val;
		vdev_set_irq(&v->dev, false);
		if (unlikely(v->isr != 0)) {
			vdev_set_irq(&v->dev, true);
		}
		spin_unlock(&v->dev.lock);
	} else {
		write_any(v, off, val);
	}
}

enum mmio_result virtio_mmio_access(struct vdev *d, struct vcpu *c, struct mmio *m)
{
	if (m->size != 4) {
		if (m->off < CONFIG) {
			return MMIO_ABORT;
		}
		access_locked((struct virtio *)d, m);
	} else if (m->write) {
		virtio_mmio_write32(d, c, m->off, (u32)m->val);
	} else {
		m->val = virtio_mmio_read32(d, c, m->off);
	}
	return MMIO_DONE;
}
