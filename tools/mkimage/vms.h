/* SPDX-License-Identifier: Apache-2.0 */
/* The VMs an image starts: found by its start script, checked by the code the monitor runs. */
#ifndef TOOLS_MKIMAGE_VMS_H
#define TOOLS_MKIMAGE_VMS_H

#include "core/config/check.h"
#include "tools/mkimage/buildfile.h"

/*
 * vms_check - parse the start script and each VM's configuration out of `bf`, check them (against
 * `board` unless NULL), mark configs and unpack kernels. Everything that would keep a VM from
 * starting is an error of bf->diag.
 */
void vms_check(struct buildfile *bf, const struct board_limits *board);

/*
 * vms_place - `line`, a message whose position names a file of the image, with the position of
 * that text on the host; `line` itself if there is nothing to translate.
 */
const char *vms_place(const struct buildfile *bf, const char *line);

#endif
