/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a device object declares: name, window, registers, options. Read out of the object itself,
 * so that a device built elsewhere can be configured and checked like one of our own.
 */
#ifndef TOOLS_MKIMAGE_VDEV_TYPE_H
#define TOOLS_MKIMAGE_VDEV_TYPE_H

#include "core/vdev.h"
#include "tools/mkimage/elf64.h"

#define VDEV_TYPES_MAX 8 /* of one object */

/*
 * vdev_types_read - the types of a checked object, their number in *count. NULL if all are sound, else
 * what is wrong. Functions are not there: checks of option texts are left to the target.
 */
const char *vdev_types_read(const struct elf64 *e, const struct vdev_type **types, u32 *count);

/* vdev_type_register - make vdev_find() find it from now on. False if there is no room. */
bool vdev_type_register(const struct vdev_type *t);

#endif
