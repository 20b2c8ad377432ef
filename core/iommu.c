/* SPDX-License-Identifier: Apache-2.0 */
#include "core/iommu.h"

#include <errno.h>
#include "arch/arch.h"

void iommu_init(const struct board *b)
{
	(void)b;
}

void iommu_start(void)
{
}

bool iommu_usable(u8 index, u32 sid)
{
	(void)index;
	(void)sid;
	return false;
}

int iommu_attach(struct vm *vm, const struct pass_stream *s, const char *what, bool stop_on_fault)
{
	(void)vm;
	(void)s;
	(void)what;
	(void)stop_on_fault;
	return -ENODEV;
}

int iommu_attach_own(const struct pass_stream *s, const char *what)
{
	(void)s;
	(void)what;
	return -ENODEV;
}

void iommu_detach(const struct pass_stream *s)
{
	(void)s;
}

void iommu_flush(u8 vmid)
{
	(void)vmid;
}
