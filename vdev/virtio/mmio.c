/* SPDX-License-Identifier: Apache-2.0 */
/* The MMIO transport (virtio 1.2 4.2.2; legacy: 4.2.4). */
#include <string.h>
#include "vdev/virtio/virtio.h"

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

static struct virtq *selected(struct virtio *v)
{
	return v->queue_sel < v->queue_count ? &v->queue[v->queue_sel] : NULL;
}

static u32 read_reg(struct virtio *v, u64 off)
{
	const struct virtq *q = selected(v);

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
		return v->feature_sel[0] < 2 ? (u32)(v->offered >> 32 * v->feature_sel[0]) : 0;
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

/* Features are taken while the driver negotiates, and final once it said so (3.1.1). */
static void set_features(struct virtio *v, u32 val)
{
	u64 shift = 32 * v->feature_sel[1];

	if (v->feature_sel[1] < 2 && (v->status & (VIRTIO_FEATURES_OK | VIRTIO_DRIVER_OK)) == 0) {
		v->accepted = (v->accepted & ~(0xffffffffUL << shift)) | (u64)val << shift;
	}
}

static bool features_ok(const struct virtio *v)
{
	return (v->accepted & ~v->offered) == 0 &&
	       (v->legacy || (v->accepted & VIRTIO_F_VERSION_1) != 0);
}

/* The queues' view of what was negotiated; a legacy driver never says FEATURES_OK. */
static void settle(struct virtio *v)
{
	v->accepted &= v->offered;
	for (u32 i = 0; i < v->queue_count; i++) {
		v->queue[i].packed = virtio_has(v, VIRTIO_F_RING_PACKED);
		v->queue[i].event_idx = virtio_has(v, VIRTIO_F_EVENT_IDX);
		v->queue[i].indirect = virtio_has(v, VIRTIO_F_INDIRECT_DESC);
	}
}

static void driver_ready(struct virtio *v)
{
	if (v->type->start != NULL) {
		v->type->start(v);
	}
	for (u32 i = 0; i < v->queue_count; i++) {
		virtio_kick(v, i); /* what was queued before is served without a notification */
	}
}

static void set_status(struct virtio *v, u32 val)
{
	u32 added = val & ~v->status;

	if (val == 0) {
		__atomic_store_n(&v->reset_wanted, true, __ATOMIC_SEQ_CST);
		if (__atomic_load_n(&v->users, __ATOMIC_SEQ_CST) == 0) {
			virtio_reset(&v->dev);
		} else {
			vdev_hold(&v->dev, true); /* few drivers read back whether it is over (2.4.2) */
		}
		return;
	}
	if (v->reset_wanted) {
		return;
	}
	if ((added & VIRTIO_FEATURES_OK) != 0) {
		if (!features_ok(v)) {
			val &= ~(u32)VIRTIO_FEATURES_OK; /* read back: refused (3.1.1 6) */
			added &= ~(u32)VIRTIO_FEATURES_OK;
		} else {
			settle(v);
		}
	}
	/* Only a reset clears bits (2.1.2); NEEDS_RESET is the device's. */
	v->status |= val & ~(u32)VIRTIO_NEEDS_RESET & 0xff;
	if ((added & VIRTIO_DRIVER_OK) != 0) {
		if (v->legacy) {
			settle(v);
		} else if ((v->status & VIRTIO_FEATURES_OK) == 0) {
			v->status |= VIRTIO_NEEDS_RESET;
			return;
		}
		driver_ready(v);
	}
}

/* Queues are set up before DRIVER_OK and not moved afterwards (4.2.3.2). */
static struct virtq *changeable(struct virtio *v)
{
	struct virtq *q = selected(v);

	return q != NULL && !q->ready && (v->status & VIRTIO_DRIVER_OK) == 0 ? q : NULL;
}

static void set_ready(struct virtio *v, u32 val)
{
	struct virtq *q = changeable(v);

	/* What a ring has to look like is known once the features are final (3.1.1). */
	if (q != NULL && val == 1 && (v->legacy || (v->status & VIRTIO_FEATURES_OK) != 0) &&
	    virtq_enable(q) != 0) {
		v->status |= VIRTIO_NEEDS_RESET;
		vdev_log(&v->dev, "queue %u: bad size, alignment or memory", v->queue_sel);
	}
}

/* Legacy: one block of memory, the used ring aligned behind the rest (2.7.2). */
static void set_pfn(struct virtio *v, u32 val)
{
	struct virtq *q = val != 0 ? changeable(v) : selected(v);
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
	settle(v);
	set_ready(v, 1);
}

static void set_half(ipa_t *addr, u64 off, u32 val)
{
	*addr = (off & 4) != 0 ? (*addr & 0xffffffff) | (u64)val << 32 : (*addr & ~0xffffffffUL) | val;
}

static void write_reg(struct virtio *v, u64 off, u32 val)
{
	struct virtq *q = changeable(v);

	switch (off) {
	case DEVICE_FEATURES_SEL:
		v->feature_sel[0] = val;
		break;
	case DRIVER_FEATURES_SEL:
		v->feature_sel[1] = val;
		break;
	case DRIVER_FEATURES:
		set_features(v, val);
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
		if (!v->legacy) {
			set_ready(v, val);
		}
		break;
	case STATUS:
		set_status(v, val);
		break;
	case QUEUE_DESC:
	case QUEUE_DESC + 4:
	case QUEUE_DRIVER:
	case QUEUE_DRIVER + 4:
	case QUEUE_DEVICE:
	case QUEUE_DEVICE + 4:
		if (q != NULL && !v->legacy) {
			set_half(&q->addr[(off - QUEUE_DESC) / 0x10], off, val);
		}
		break;
	default:
		break;
	}
}

/* Any size up to the field's; beyond its end it reads as zero (4.2.2.2). */
static void access_config(struct virtio *v, struct mmio *m)
{
	u64 off = m->off - CONFIG;
	u8 *p = v->config; /* NULL: it has none */

	if (!m->write) {
		m->val = 0;
		if (off < v->config_size) {
			memcpy(&m->val, p + off, MIN((u64)m->size, v->config_size - off));
		}
	} else if (off >= v->config_write_at && off - v->config_write_at + m->size <= v->config_writable) {
		memcpy(p + off, &m->val, m->size);
		if (v->type->configured != NULL) {
			v->type->configured(v, (u32)off, m->size);
		}
	}
}

static __noinline void access_locked(struct virtio *v, struct mmio *m)
{
	vdev_lock(&v->dev);
	if (m->off >= CONFIG) {
		access_config(v, m);
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
