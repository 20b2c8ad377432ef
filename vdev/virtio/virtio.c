/* SPDX-License-Identifier: Apache-2.0 */
#include "vdev/virtio/transport.h"

#include "core/base/fmt.h"

/* What GuestPageSize is until it is written. A driver writes it before it resets the device: only the VM's end undoes it. */
#define LEGACY_PAGE_SIZE 4096

static struct virtio *to_virtio(struct vdev *d)
{
	return (struct virtio *)d;
}

/* For a queue, or NULL: the configuration has changed. Device locked. */
static void interrupt(struct virtio *v, const struct virtq *q)
{
	v->interrupts++;
	if (unlikely(v->pci != NULL)) {
		virtio_pci_interrupt(v, q);
		return;
	}
	v->isr |= q != NULL ? VIRTIO_ISR_QUEUE : VIRTIO_ISR_CONFIG;
	vdev_set_irq(&v->dev, true);
}

/* Device locked; nothing is being served. */
static void reset_now(struct virtio *v)
{
	v->status = 0;
	v->accepted = 0;
	v->isr = 0;
	v->kicked = 0;
	v->queue_sel = 0;
	v->feature_sel[0] = 0;
	v->feature_sel[1] = 0;
	v->queue_align = 0;
	for (u32 i = 0; i < v->queue_count; i++) {
		virtq_reset(&v->queue[i]);
	}
	if (v->pci != NULL) {
		virtio_pci_reset(v);
	}
	vdev_set_irq(&v->dev, false);
	vdev_hold(&v->dev, false);
	if (v->type->reset != NULL) {
		v->type->reset(v);
	}
	__atomic_store_n(&v->reset_wanted, false, __ATOMIC_SEQ_CST); /* last: virtio_enter() */
}

/* The VM has stopped: nobody uses its queues, and so its memory, from here to the next reset. */
void virtio_quiesce(struct vdev *d)
{
	struct virtio *v = to_virtio(d);
	u64 flags = vdev_lock_irq(d);

	__atomic_store_n(&v->reset_wanted, true, __ATOMIC_SEQ_CST);
	v->page_size = LEGACY_PAGE_SIZE;
	vdev_unlock_irq(d, flags);
	while (__atomic_load_n(&v->users, __ATOMIC_ACQUIRE) != 0) {
		vdev_pause();
	}
}

/* Called by the monitor while no vCPU runs and no work does. */
void virtio_reset(struct vdev *d)
{
	reset_now(to_virtio(d));
}

void virtio_init(struct virtio *v)
{
	v->page_size = LEGACY_PAGE_SIZE;
	v->legacy = vdev_option(&v->dev, "legacy") != NULL;
	v->offered |= VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX;
	if (!v->legacy) {
		v->offered |= VIRTIO_F_VERSION_1 | VIRTIO_F_RING_PACKED;
	}
	for (u32 i = 0; i < v->queue_count; i++) {
		v->queue[i].dev = &v->dev;
		virtq_reset(&v->queue[i]);
	}
}

void virtio_kick(struct virtio *v, unsigned int queue)
{
	__atomic_or_fetch(&v->kicked, 1U << queue, __ATOMIC_SEQ_CST);
	vdev_work(&v->dev);
}

void virtio_done(struct virtio *v, struct virtq *q)
{
	if (q->pushed != 0 && virtq_should_tell(q)) {
		u64 flags = spin_lock_irq(&v->dev.lock);

		if (!v->reset_wanted) {
			interrupt(v, q);
		}
		spin_unlock_irq(&v->dev.lock, flags);
	}
}

void virtio_push_locked(struct virtio *v, struct virtq *q, const struct virtq_done *done)
{
	virtq_push_all(q, done, 1);
	if (virtq_should_tell(q)) {
		interrupt(v, q);
	}
}

void virtio_broken(struct virtio *v)
{
	u64 flags = vdev_lock_irq(&v->dev);

	if ((v->status & VIRTIO_NEEDS_RESET) == 0 && !v->reset_wanted) {
		v->status |= VIRTIO_NEEDS_RESET;
		v->generation++;
		interrupt(v, NULL);
		vdev_log(&v->dev, "the driver broke a queue, the device needs a reset");
	}
	vdev_unlock_irq(&v->dev, flags);
}

void virtio_config_changed(struct virtio *v)
{
	v->generation++;
	if ((v->status & VIRTIO_DRIVER_OK) != 0) {
		interrupt(v, NULL);
	}
}

/* Users count first and look then, who resets says so first and counts then: one sees the other. */
bool virtio_enter(struct virtio *v)
{
	__atomic_add_fetch(&v->users, 1, __ATOMIC_SEQ_CST);
	if (likely(!__atomic_load_n(&v->reset_wanted, __ATOMIC_SEQ_CST) &&
		   (READ_ONCE(v->status) & (VIRTIO_DRIVER_OK | VIRTIO_NEEDS_RESET)) == VIRTIO_DRIVER_OK)) {
		return true;
	}
	virtio_leave(v);
	return false;
}

static __noinline void last_leaves(struct virtio *v)
{
	u64 flags = vdev_lock_irq(&v->dev);

	if (v->reset_wanted && __atomic_load_n(&v->users, __ATOMIC_SEQ_CST) == 0) {
		reset_now(v);
	}
	vdev_unlock_irq(&v->dev, flags);
}

void virtio_leave(struct virtio *v)
{
	if (unlikely(__atomic_sub_fetch(&v->users, 1, __ATOMIC_SEQ_CST) == 0 &&
		     __atomic_load_n(&v->reset_wanted, __ATOMIC_SEQ_CST))) {
		last_leaves(v);
	}
}

void virtio_work(struct vdev *d)
{
	struct virtio *v = to_virtio(d);
	u32 kicked = __atomic_exchange_n(&v->kicked, 0, __ATOMIC_ACQUIRE);
	u32 again = 0;

	if (kicked == 0 || !virtio_enter(v)) {
		return;
	}
	for (; kicked != 0 && !READ_ONCE(v->reset_wanted); kicked &= kicked - 1) {
		u32 n = (u32)__builtin_ctz(kicked);

		if (v->type->serve(v, n)) {
			again |= 1U << n;
		}
	}
	virtio_leave(v);
	if (again != 0) {
		__atomic_or_fetch(&v->kicked, again, __ATOMIC_SEQ_CST);
		vdev_work(d);
	}
}

void virtio_fdt(struct vdev *d, struct fdt_node *n)
{
	(void)d;
	fdt_node_str(n, "compatible", "virtio,mmio");
	fdt_node_reg(n);
	fdt_node_intr(n, false); /* an edge spares list registers the end of a level */
	fdt_node_flag(n, "dma-coherent");
}

void virtio_status(struct vdev *d, char *buf, size_t size)
{
	struct virtio *v = to_virtio(d);

	fmt_str(buf, size, "status 0x%x, features 0x%lx, %lu requests, %lu notifies, %lu interrupts",
		v->status, v->accepted, v->requests, v->notifies, v->interrupts);
}
