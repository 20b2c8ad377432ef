/* SPDX-License-Identifier: Apache-2.0 */
/* Kernels that come compressed are unpacked here: EL2 has no decompressor. */
#ifndef TOOLS_MKIMAGE_PAYLOAD_H
#define TOOLS_MKIMAGE_PAYLOAD_H

#include "tools/mkimage/buildfile.h"

/*
 * payload_unpack - replace the content of a kernel that is gzip'ed (Image.gz) or an EFI zboot
 * image by what is in it; anything else stays. Errors go to `d`.
 */
void payload_unpack(struct mk_file *f, struct diag *d);

#endif
