/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The PCI transport (virtio 1.2 4.1), no transitional devices: those have I/O BARs. One BAR has all of it, the bus
 * (core/pci/vpci.h) does its MSI-X table. The driver's notification is the one hot access; the rest is set-up.
 */
#include <errno.h>
#include <string.h>
#include "core/pci/vpci.h"
#include "vdev/virtio/transport.h"

#define VENDOR 0x1af4U
#define DEVICE 0x1040U /* and the type's number (4.1.2) */
#define NO_VECTOR 0xffff

/* In BAR 0. */
#define BAR_SIZE KiB(16)
#define COMMON_SIZE 0x38U
#define ISR_AT 0x100U
#define DEVICE_AT 0x200U
#define NOTIFY_AT 0x1000U
#define NOTIFY_STEP 4U
#define TABLE_AT 0x2000U
#define PBA_AT 0x3000U

/* cfg_type of a capability (4.1.4). */
enum { CAP_COMMON = 1, CAP_NOTIFY, CAP_ISR, CAP_DEVICE, CAP_PCI_CFG };
#define CAP_SIZE 16U
#define CAP_VENDOR 9

/* Fields of the common configuration (4.1.4.3). */
enum {
	DEVICE_FEATURE_SELECT = 0x00, DEVICE_FEATURE = 0x04, DRIVER_FEATURE_SELECT = 0x08, DRIVER_FEATURE = 0x0c,
	CONFIG_VECTOR = 0x10, NUM_QUEUES = 0x12, DEVICE_STATUS = 0x14, CONFIG_GENERATION = 0x15,
	QUEUE_SELECT = 0x16, QUEUE_SIZE = 0x18, QUEUE_VECTOR = 0x1a, QUEUE_ENABLE = 0x1c, QUEUE_NOTIFY_OFF = 0x1e,
	QUEUE_DESC = 0x20,
};

struct virtio_pci {
	struct vpci_fn fn;
	struct virtio *v;
	u16 vector[VIRTIO_QUEUES], config_vector;
	u8 cfg_cap; /* where VIRTIO_PCI_CAP_PCI_CFG is */
};

void virtio_pci_interrupt(struct virtio *v, const struct virtq *q)
{
	struct virtio_pci *p = v->pci;

	/* NO_VECTOR is none of the table's: nothing is sent. */
	if (!vpci_msi(&p->fn, q != NULL ? p->vector[q - v->queue] : p->config_vector)) {
		v->isr |= q != NULL ? VIRTIO_ISR_QUEUE : VIRTIO_ISR_CONFIG;
		vpci_intx(&p->fn, true);
	}
}

void virtio_pci_reset(struct virtio *v)
{
	struct virtio_pci *p = v->pci;

	memset(p->vector, 0xff, sizeof(p->vector));
	p->config_vector = NO_VECTOR;
	vpci_intx(&p->fn, false);
}

static u32 width_of(u64 off)
{
	return off < CONFIG_VECTOR || off >= QUEUE_DESC ? 4 : (off & ~1UL) == DEVICE_STATUS ? 1 : 2;
}

static u32 read_common(struct virtio_pci *p, u64 off)
{
	struct virtio *v = p->v;
	const struct virtq *q = virtio_selected(v);

	switch (off) {
	case DEVICE_FEATURE_SELECT:
		return v->feature_sel[0];
	case DEVICE_FEATURE:
		return virtio_offered(v);
	case DRIVER_FEATURE_SELECT:
		return v->feature_sel[1];
	case DRIVER_FEATURE:
		return v->feature_sel[1] < 2 ? (u32)(v->accepted >> 32 * v->feature_sel[1]) : 0;
	case CONFIG_VECTOR:
		return p->config_vector;
	case NUM_QUEUES:
		return v->queue_count;
	case DEVICE_STATUS:
		return v->status; /* keeps its value until a reset that was asked for is over */
	case CONFIG_GENERATION:
		return v->generation & 0xff;
	case QUEUE_SELECT:
		return v->queue_sel;
	case QUEUE_SIZE:
		return q != NULL ? q->size : 0;
	case QUEUE_VECTOR:
		return q != NULL ? p->vector[v->queue_sel] : NO_VECTOR;
	case QUEUE_ENABLE:
		return q != NULL && q->ready;
	case QUEUE_NOTIFY_OFF:
		return q != NULL ? v->queue_sel : 0;
	case QUEUE_DESC ... COMMON_SIZE - 1:
		return q != NULL ? (u32)(q->addr[(off - QUEUE_DESC) / 8] >> 8 * (off & 4)) : 0;
	default:
		return 0;
	}
}

/* A vector that is not there cannot be had: reads back as none (4.1.5.1.2). */
static u16 vector_of(const struct virtio_pci *p, u32 val)
{
	return val < p->fn.msix.count ? (u16)val : NO_VECTOR;
}

static void write_common(struct virtio_pci *p, u64 off, u32 val)
{
	struct virtio *v = p->v;
	struct virtq *q = virtio_changeable(v);

	switch (off) {
	case DEVICE_FEATURE_SELECT:
		v->feature_sel[0] = val;
		break;
	case DRIVER_FEATURE_SELECT:
		v->feature_sel[1] = val;
		break;
	case DRIVER_FEATURE:
		virtio_set_features(v, v->feature_sel[1], val);
		break;
	case CONFIG_VECTOR:
		p->config_vector = vector_of(p, val);
		break;
	case DEVICE_STATUS:
		virtio_set_status(v, val);
		break;
	case QUEUE_SELECT:
		v->queue_sel = val;
		break;
	case QUEUE_SIZE:
		if (q != NULL) {
			q->size = (u16)val;
		}
		break;
	case QUEUE_VECTOR:
		if (virtio_selected(v) != NULL) {
			p->vector[v->queue_sel] = vector_of(p, val);
		}
		break;
	case QUEUE_ENABLE:
		if (val == 1) {
			virtio_set_ready(v);
		}
		break;
	case QUEUE_DESC ... COMMON_SIZE - 1:
		if (q != NULL) {
			virtio_set_half(&q->addr[(off - QUEUE_DESC) / 8], off, val);
		}
		break;
	default:
		break;
	}
}

/* Fields are accessed by their width (4.1.3.1), addresses also as a whole. Anything else does nothing. */
static void access_common(struct virtio_pci *p, struct mmio *m)
{
	u64 off = m->off;

	if (m->size == 8 && off >= QUEUE_DESC && off + 8 <= COMMON_SIZE) {
		if (m->write) {
			write_common(p, off, (u32)m->val);
			write_common(p, off + 4, (u32)(m->val >> 32));
		} else {
			m->val = read_common(p, off) | (u64)read_common(p, off + 4) << 32;
		}
	} else if (m->size != width_of(off)) {
		m->val = m->write ? m->val : 0;
	} else if (m->write) {
		write_common(p, off, (u32)m->val);
	} else {
		m->val = read_common(p, off);
	}
}

/* Reading takes all of it and lowers the pin (4.1.4.5.1). */
static u32 take_isr(struct virtio_pci *p)
{
	u32 isr = p->v->isr;

	p->v->isr = 0;
	vpci_intx(&p->fn, false);
	return isr;
}

static enum mmio_result bar_access(struct vpci_fn *f, u32 bar, struct vcpu *c, struct mmio *m)
{
	struct virtio_pci *p = container_of(f, struct virtio_pci, fn);
	struct virtio *v = p->v;
	u64 off = m->off;

	(void)bar;
	if (off - NOTIFY_AT < (u64)NOTIFY_STEP * v->queue_count) {
		if (m->write) {
			v->notifies++;
			__atomic_or_fetch(&v->kicked, 1U << (off - NOTIFY_AT) / NOTIFY_STEP, __ATOMIC_SEQ_CST);
			vdev_work_here(&v->dev, c);
		} else {
			m->val = 0;
		}
		return MMIO_DONE;
	}
	vdev_lock(&v->dev);
	if (off < COMMON_SIZE) {
		access_common(p, m);
	} else if (off >= DEVICE_AT && off < NOTIFY_AT) {
		virtio_access_config(v, off - DEVICE_AT, m);
	} else if (!m->write) {
		m->val = off == ISR_AT ? take_isr(p) : 0;
	}
	vdev_unlock(&v->dev);
	return MMIO_DONE;
}

/* Registers by way of configuration space, for who has no window yet (4.1.4.9). Not the MSI-X table. */
static bool config_access(struct vpci_fn *f, struct vcpu *c, u32 off, u32 size, bool write, u32 *val)
{
	struct virtio_pci *p = container_of(f, struct virtio_pci, fn);
	struct mmio m = { .off = vpci_config32(f, p->cfg_cap + 8U), .val = *val, .write = write };
	u32 len = vpci_config32(f, p->cfg_cap + 12U);

	if (off - p->cfg_cap - CAP_SIZE >= 4) {
		return false;
	}
	if (!write) {
		*val = 0;
	}
	m.size = (u8)len;
	if (off == p->cfg_cap + CAP_SIZE && size == 4 && f->config[p->cfg_cap + 4U] == 0 &&
	    (len == 1 || len == 2 || len == 4) && (m.off & (len - 1)) == 0 && m.off + len <= TABLE_AT) {
		m.val &= ~0UL >> (64 - 8 * len);
		(void)bar_access(f, 0, c, &m);
		*val = (u32)(m.val & (~0UL >> (64 - 8 * len)));
	}
	return true;
}

static const struct vpci_ops ops = {
	.access = bar_access,
	.config = config_access,
};

static u32 put_cap(struct virtio_pci *p, u8 type, u32 at, u32 size, u32 extra)
{
	u8 bytes[CAP_SIZE + 4] = { CAP_VENDOR, 0, CAP_SIZE, type }, mask[CAP_SIZE + 4] = { 0 };
	u32 len = CAP_SIZE;

	for (u32 i = 0; i < 4; i++) {
		bytes[8 + i] = (u8)(at >> 8 * i);
		bytes[12 + i] = (u8)(size >> 8 * i);
		bytes[16 + i] = (u8)(extra >> 8 * i);
	}
	if (type == CAP_NOTIFY || type == CAP_PCI_CFG) {
		len += 4;
		bytes[2] = (u8)len;
	}
	if (type == CAP_PCI_CFG) {
		memset(mask + 4, 0xff, len - 4);
		mask[5] = mask[6] = mask[7] = 0;
	}
	return vpci_capability(&p->fn, 0, bytes, mask, len);
}

/* Class code (PCI Code and ID Assignment 1): drivers go by vendor and device, people by this. */
static u32 class_of(u32 id)
{
	return id == 1 ? 0x020000 : id == 2 ? 0x018000 : id == 3 ? 0x078000 : 0xff0000;
}

static void take_out(struct vdev *d, struct virtio_pci *p)
{
	if (p != NULL) {
		vpci_remove(&p->fn);
		vdev_mem_free(d, p, sizeof(*p));
	}
}

int virtio_plug(struct vdev *d)
{
	struct virtio *v = (struct virtio *)d;
	struct virtio_pci *p = vdev_mem_alloc(d, sizeof(*p));
	u32 id = v->type->id;
	int err = -ENOMEM;

	if (p != NULL) {
		p->v = v;
		vpci_init(&p->fn, &ops, d->type->name, (DEVICE + id) << 16 | VENDOR, class_of(id) << 8 | 1,
			  0x1100U << 16 | VENDOR);
		p->fn.bdf = d->cfg->pci_bdf;
		p->fn.intx = true;
		p->fn.bar[0].size = BAR_SIZE;
		err = vpci_bar(&p->fn, 0);
	}
	if (err == 0) {
		put_cap(p, CAP_COMMON, 0, COMMON_SIZE, 0);
		put_cap(p, CAP_NOTIFY, NOTIFY_AT, NOTIFY_STEP * v->queue_count, NOTIFY_STEP);
		put_cap(p, CAP_ISR, ISR_AT, 1, 0);
		if (v->config_size != 0) {
			put_cap(p, CAP_DEVICE, DEVICE_AT, v->config_size, 0);
		}
		p->cfg_cap = (u8)put_cap(p, CAP_PCI_CFG, 0, 0, 0);
		err = vpci_msix(&p->fn, 0, v->queue_count + 1, 0, TABLE_AT, 0, PBA_AT);
	}
	if (err == 0) {
		err = vpci_add(d->vm, &p->fn);
	}
	if (err != 0) {
		vdev_error(d, &d->cfg->pos, "cannot be put on the VM's PCI bus (%d)", err);
		take_out(d, p);
		return err;
	}
	memset(p->vector, 0xff, sizeof(p->vector));
	p->config_vector = NO_VECTOR;
	v->pci = p; /* last: another VM's device that sends to this one may have it reset at any time */
	return 0;
}

void virtio_unplug(struct vdev *d)
{
	struct virtio *v = (struct virtio *)d;

	take_out(d, v->pci);
	v->pci = NULL;
}
