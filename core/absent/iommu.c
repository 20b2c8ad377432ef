/* SPDX-License-Identifier: Apache-2.0 */
/* In the place of part `iommu`: neither a VM of the image nor the monitor has a device that does DMA. */
#include <errno.h>
#include "arch/aarch64/s2pte.h"
#include "arch/arch.h"
#include "core/base/board.h"
#include "core/base/log.h"
#include "core/iommu/iommu.h"

#pragma GCC diagnostic ignored "-Wunused-parameter"

bool s2_dma_clean, s2_dma_copied;

void iommu_init(const struct board *b)
{
	if (b->iommu_count != 0) {
		log_info("iommu: %u left as firmware has set it up: no VM has devices", b->iommu_count);
	}
}

void iommu_start(void)
{
}

bool iommu_usable(u8 index, u32 sid)
{
	return false;
}

bool iommu_driven(u8 index)
{
	return false;
}

int iommu_attach(struct vm *vm, const struct pass_stream *s, const char *what, bool stop_on_fault)
{
	return -ENODEV;
}

int iommu_attach_own(const struct pass_stream *s, const char *what)
{
	return -ENODEV;
}

void iommu_detach(const struct pass_stream *s)
{
}

void iommu_flush(u8 vmid)
{
}

int s2_dma_enable(struct s2 *s, ipa_t doorbell, pa_t doorbell_pa)
{
	return -EINVAL;
}

bool s2_dma_map(struct s2 *s, ipa_t ipa, unsigned int level, u64 v)
{
	return true;
}

void s2_dma_unmap(struct s2 *s, ipa_t ipa, unsigned int level, u64 v)
{
}

void s2_dma_destroy(struct s2 *s)
{
}
