/* SPDX-License-Identifier: Apache-2.0 */
/* In the place of part `gicv2`: no VM of the image has GIC version 2 on a host with version 3. */
#include "core/vgic/vgic_priv.h"

#pragma GCC diagnostic ignored "-Wunused-parameter"

void vgic_gicc_sync(struct vcpu *v)
{
}

void vgic_gicc_fill(struct vcpu *v)
{
}

void vgic_gicc_put(struct vcpu *v)
{
}

enum mmio_result vgic_gicc(void *arg, struct vcpu *v, struct mmio *m)
{
	return MMIO_ABORT;
}

u32 vgic_gicc_read32(void *arg, struct vcpu *v, u64 off)
{
	return 0;
}

void vgic_gicc_write32(void *arg, struct vcpu *v, u64 off, u32 val)
{
}
