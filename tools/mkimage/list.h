/* SPDX-License-Identifier: Apache-2.0 */
/* mkimage -l: what is in an image, and is it whole? */
#ifndef TOOLS_MKIMAGE_LIST_H
#define TOOLS_MKIMAGE_LIST_H

#include <stdio.h>
#include "core/base/diag.h"

/* list_image - describe the image `path` on `to`. False if it is damaged, reported to `d`. */
bool list_image(const char *path, FILE *to, struct diag *d);

#endif
