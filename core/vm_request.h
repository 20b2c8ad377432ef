/* SPDX-License-Identifier: Apache-2.0 */
/* Between the life-cycle thread of a VM and those who ask something of it. */
#ifndef QUOIN_CORE_VM_REQUEST_H
#define QUOIN_CORE_VM_REQUEST_H

#include "core/vm_life.h"

/* vm.verdict: what comes after the end, or after the wait of a HELD or DEAD VM. */
enum { VERDICT_POLICY, VERDICT_RELEASED, VERDICT_AGAIN, VERDICT_DEAD };

/*
 * vm_serve - act on what is asked of the VM and answer what is done. VM's own thread; it is to be called
 * whenever the thread has been woken.
 */
void vm_serve(struct vm *vm);

/* vm_register - the VM can be found from now on. Thread context, once. */
void vm_register(struct vm *vm);

#endif
