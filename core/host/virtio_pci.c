/* SPDX-License-Identifier: Apache-2.0 */
/* virtio over PCI (virtio 1.2 4.1). */
#include "core/host/virtio.h"

void vio_pci_scan(const struct board *b)
{
	(void)b;
}
