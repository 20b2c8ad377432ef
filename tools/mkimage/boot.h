/* SPDX-License-Identifier: Apache-2.0 */
/* The boot section of a buildfile: the monitor's options and the devices to link. */
#ifndef TOOLS_MKIMAGE_BOOT_H
#define TOOLS_MKIMAGE_BOOT_H

#include "tools/mkimage/buildfile.h"

#define BOOT_OPTIONS_MAX 512

/* boot_parse - `text`, whose first character stands at `pos`, into `bf`. Errors go to its diag. */
void boot_parse(struct buildfile *bf, const char *text, const struct src_pos *pos);

/*
 * boot_add_vdev - link the device of a word `vdev-NAME` or `vdev-NAME.so`. False if the word is
 * not of that form. The interrupt controller is always linked and need not be named.
 */
bool boot_add_vdev(struct buildfile *bf, const char *word, const struct src_pos *pos);

#endif
