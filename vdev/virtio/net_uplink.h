/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QUOIN_VDEV_VIRTIO_NET_UPLINK_H
#define QUOIN_VDEV_VIRTIO_NET_UPLINK_H

#include "vdev/virtio/net_switch.h"

/*
 * net_uplink - the switch behind the machine's card `name` is there; *own is the switch's name, for net_join().
 * NULL, or why not (a constant). create() only.
 */
const char *net_uplink(const char *name, const char **own);

#endif
