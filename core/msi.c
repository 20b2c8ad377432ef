/* SPDX-License-Identifier: Apache-2.0 */
#include "core/msi.h"

#include <errno.h>
#include "core/vm.h"

void msi_board(const struct board *b)
{
	(void)b;
}

int msi_create(struct vm *vm, struct diag *d)
{
	(void)vm;
	(void)d;
	return 0;
}

void msi_reset(struct vm *vm)
{
	(void)vm;
}

void msi_destroy(struct vm *vm)
{
	(void)vm;
}

enum msi_kind msi_kind(const struct vm *vm)
{
	(void)vm;
	return MSI_NONE;
}

int msi_device_add(struct vm *vm, u32 devid, u32 nvec, const struct msi_host *host, struct msi_device **out)
{
	(void)vm;
	(void)devid;
	(void)nvec;
	(void)host;
	(void)out;
	return -ENODEV;
}

void msi_device_reset(struct msi_device *m)
{
	(void)m;
}

void msi_device_remove(struct msi_device *m)
{
	(void)m;
}

void msi_send(struct msi_device *m, u64 addr, u32 data)
{
	(void)m;
	(void)addr;
	(void)data;
}

bool msi_host_message(struct msi_device *m, u64 addr, u32 data, u64 *host_addr, u32 *host_data)
{
	(void)m;
	(void)addr;
	(void)data;
	(void)host_addr;
	(void)host_data;
	return false;
}

pa_t its_doorbell(u32 its)
{
	(void)its;
	return 0;
}

ipa_t msi_doorbell(const struct vm *vm)
{
	(void)vm;
	return 0;
}
