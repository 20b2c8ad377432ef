/* SPDX-License-Identifier: Apache-2.0 */
#include "core/msi_v2m.h"

#include "core/vm.h"

void v2m_board(const struct board *b)
{
	(void)b;
}

int v2m_create(struct vm *vm, struct diag *d)
{
	(void)vm, (void)d;
	return 0;
}

void v2m_destroy(struct vm *vm)
{
	(void)vm;
}

void v2m_send(struct vm *vm, u64 addr, u32 data)
{
	(void)vm, (void)addr, (void)data;
}

bool v2m_host_message(struct vm *vm, u64 addr, u32 data, u64 *host_addr, u32 *host_data)
{
	(void)vm, (void)addr, (void)data, (void)host_addr, (void)host_data;
	return false;
}
