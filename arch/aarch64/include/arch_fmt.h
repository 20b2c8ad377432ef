/* SPDX-License-Identifier: Apache-2.0 */
/* The C library's formatter: at EL2 newlib's integer-only one. */
#ifndef QUOIN_ARCH_FMT_H
#define QUOIN_ARCH_FMT_H

#include <stdio.h>

#define arch_vsnprintf vsniprintf

#endif
