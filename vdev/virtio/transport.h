/* SPDX-License-Identifier: Apache-2.0 */
/* Between the transports mmio.c, pci.c and the device behind them. Exit context, device locked. */
#ifndef QUOIN_VDEV_VIRTIO_TRANSPORT_H
#define QUOIN_VDEV_VIRTIO_TRANSPORT_H

#include "vdev/virtio/virtio.h"

/* virtio_selected - the queue that queue_sel names, or NULL. virtio_changeable - if it may be set up now. */
struct virtq *virtio_selected(struct virtio *v);
struct virtq *virtio_changeable(struct virtio *v);
/* virtio_offered - the half of the device's features that is selected. */
u32 virtio_offered(const struct virtio *v);
/* virtio_set_features - the driver accepts `val` of half 0 or 1; others are ignored. */
void virtio_set_features(struct virtio *v, u32 half, u32 val);
/* virtio_settle - the queues' view of what was negotiated. */
void virtio_settle(struct virtio *v);
void virtio_set_status(struct virtio *v, u32 val);
/* virtio_set_ready - the selected queue is set up: check it and use it. */
void virtio_set_ready(struct virtio *v);
/* virtio_set_half - the low or, with bit 2 of `off`, the high word of an address. */
void virtio_set_half(ipa_t *addr, u64 off, u32 val);
/* virtio_access_config - m->size bytes at `off` of the device's configuration space. */
void virtio_access_config(struct virtio *v, u64 off, struct mmio *m);

/* virtio_pci_* - the device is on PCI (v->pci): its interrupts, and what a reset of it means there. */
void virtio_pci_interrupt(struct virtio *v, const struct virtq *q);
void virtio_pci_reset(struct virtio *v);

#endif
