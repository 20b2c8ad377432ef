/* SPDX-License-Identifier: Apache-2.0 */
/* Is an object file fit to run at EL2 as a device of this monitor? */
#ifndef TOOLS_MKIMAGE_VDEVS_H
#define TOOLS_MKIMAGE_VDEVS_H

#include "core/base/diag.h"
#include "tools/mkimage/elf64.h"

/*
 * vdev_object_check - the ABI note, that it registers a device, that every undefined symbol is one
 * `monitor` (quoin.o) exports, that no instruction touches FP/SIMD registers (they hold the guest's
 * state), and stack frames as told by the compiler's .su file beside the object, if there is one.
 * Errors name `path`. True if all is well.
 */
bool vdev_object_check(const char *path, struct blob file, const struct elf64 *monitor,
		       struct diag *d);

/* insn_is_fp - the instruction reads or writes FP, SIMD, SVE or SME state (ARM ARM C4.1). */
bool insn_is_fp(u32 insn);

#endif
