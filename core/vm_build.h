/* SPDX-License-Identifier: Apache-2.0 */
/* From a checked configuration to a VM that can run, and back to nothing. */
#ifndef QUOIN_CORE_VM_BUILD_H
#define QUOIN_CORE_VM_BUILD_H

#include "core/vm.h"

struct board;
struct image;

/* Where `load` lines find their blobs, and whether RAM is zeroed before its first use. Once, at boot. */
void vm_sources(const struct image *img, const struct board *b, bool scrub_first);

/*
 * vm_build - memory, stage 2, vGIC, devices and vCPUs of vm->cfg. 0, or -E after an error on `d`;
 * then nothing is left behind. vm_load - scrubbed memory gets the images and a fresh device tree,
 * devices their power-on state; the boot vCPU is ready. vm_scrub - no byte of the guest is left.
 * Thread context, no vCPU runs.
 */
int vm_build(struct vm *vm, struct diag *d) __must_check;
int vm_load(struct vm *vm, struct diag *d) __must_check;
void vm_scrub(struct vm *vm);
void vm_destroy(struct vm *vm);

/* vm_create - start the life-cycle thread of a VM; NULL without memory. `done` is woken when it has ended. */
struct vm *vm_create(struct vm_config *cfg, u32 id, struct thread *done);

/* vm_file - a file of the image, in place; -ENOENT. Thread context. */
int vm_file(const char *path, const void **data, u64 *size) __must_check;

#endif
