/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dumps of guests: an ELF64 core whose headers are made in a host area of their own, while the memory
 * stays in place (core/spec/dump.h). Somebody outside fetches both: tools/dump from QEMU.
 *
 *   EMPTY --dump_make--> READY --(fetched from outside)--> FETCHED --dump_drop--> EMPTY
 */
#ifndef QUOIN_CORE_DUMP_H
#define QUOIN_CORE_DUMP_H

#include "core/vm.h"

/* dump_reserve - the area of a VM that is to have dumps, when it is built. 0 or -ENOMEM. Thread context. */
int dump_reserve(struct vm *vm) __must_check;
/* dump_free - and given back. */
void dump_free(struct vm *vm);
/* dump_wanted - the VM has ended in a way that its configuration wants a dump of. */
bool dump_wanted(const struct vm *vm);
/*
 * dump_make - headers of a VM none of whose vCPUs runs: ended or paused. From then on its life-cycle
 * thread is woken now and then, until dump_drop(). 0 or -ENOMEM. Thread context.
 */
int dump_make(struct vm *vm) __must_check;
/* dump_ready - there is a dump that nobody has fetched yet; dump_fetched - there was. Any context. */
bool dump_ready(const struct vm *vm);
bool dump_fetched(const struct vm *vm);
/* dump_drop - the memory is no longer that of the dump: nobody fetches it from here on. Thread context. */
void dump_drop(struct vm *vm);

#endif
