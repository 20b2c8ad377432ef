/* SPDX-License-Identifier: Apache-2.0 */
/* The start script: which VMs run, and what happens when the last one has ended. */
#ifndef QUOIN_CORE_START_H
#define QUOIN_CORE_START_H

#include "core/base/types.h"

struct board;
struct image;

/* start_vms - the EL2 thread that reads the script and starts its VMs; false without memory. Boot. */
bool start_vms(const struct image *img, const struct board *b);

#endif
