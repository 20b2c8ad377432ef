/* SPDX-License-Identifier: Apache-2.0 */
#include "core/pass.h"

#include "core/vm.h"

int pass_create(struct vm *vm, struct diag *d)
{
	(void)vm;
	(void)d;
	return 0;
}

void pass_quiesce(struct vm *vm)
{
	(void)vm;
}

void pass_reset(struct vm *vm)
{
	(void)vm;
}

void pass_destroy(struct vm *vm)
{
	(void)vm;
}
