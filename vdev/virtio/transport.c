/* SPDX-License-Identifier: Apache-2.0 */
/* What the transports have in common: negotiation, queues being set up, the device's configuration space. */
#include "vdev/virtio/transport.h"

#include <string.h>

struct virtq *virtio_selected(struct virtio *v)
{
	return v->queue_sel < v->queue_count ? &v->queue[v->queue_sel] : NULL;
}

u32 virtio_offered(const struct virtio *v)
{
	return v->feature_sel[0] < 2 ? (u32)(v->offered >> 32 * v->feature_sel[0]) : 0;
}

/* Features are taken while the driver negotiates, and final once it said so (3.1.1). */
void virtio_set_features(struct virtio *v, u32 half, u32 val)
{
	u64 shift = 32UL * half;

	if (half < 2 && (v->status & (VIRTIO_FEATURES_OK | VIRTIO_DRIVER_OK)) == 0) {
		v->accepted = (v->accepted & ~(0xffffffffUL << shift)) | (u64)val << shift;
	}
}

static bool features_ok(const struct virtio *v)
{
	return (v->accepted & ~v->offered) == 0 &&
	       (v->legacy || (v->accepted & VIRTIO_F_VERSION_1) != 0);
}

/* The queues' view of what was negotiated; a legacy driver never says FEATURES_OK. */
void virtio_settle(struct virtio *v)
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

void virtio_set_status(struct virtio *v, u32 val)
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
			virtio_settle(v);
		}
	}
	/* Only a reset clears bits (2.1.2); NEEDS_RESET is the device's. */
	v->status |= val & ~(u32)VIRTIO_NEEDS_RESET & 0xff;
	if ((added & VIRTIO_DRIVER_OK) != 0) {
		if (v->legacy) {
			virtio_settle(v);
		} else if ((v->status & VIRTIO_FEATURES_OK) == 0) {
			v->status |= VIRTIO_NEEDS_RESET;
			return;
		}
		driver_ready(v);
	}
}

/* Queues are set up before DRIVER_OK and not moved afterwards (4.2.3.2). */
struct virtq *virtio_changeable(struct virtio *v)
{
	struct virtq *q = virtio_selected(v);

	return q != NULL && !q->ready && (v->status & VIRTIO_DRIVER_OK) == 0 ? q : NULL;
}

void virtio_set_ready(struct virtio *v)
{
	struct virtq *q = virtio_changeable(v);

	/* What a ring has to look like is known once the features are final (3.1.1). */
	if (q != NULL && (v->legacy || (v->status & VIRTIO_FEATURES_OK) != 0) &&
	    virtq_enable(q) != 0) {
		v->status |= VIRTIO_NEEDS_RESET;
		vdev_log(&v->dev, "queue %u: bad size, alignment or memory", v->queue_sel);
	}
}

void virtio_set_half(ipa_t *addr, u64 off, u32 val)
{
	*addr = (off & 4) != 0 ? (*addr & 0xffffffff) | (u64)val << 32 : (*addr & ~0xffffffffUL) | val;
}

/* Any size up to the field's; beyond its end it reads as zero (4.2.2.2). */
void virtio_access_config(struct virtio *v, u64 off, struct mmio *m)
{
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
