/* SPDX-License-Identifier: Apache-2.0 */
/* CRC-32 as zlib, gzip and Ethernet compute it (polynomial 0xEDB88320 reflected). */
#ifndef QUOIN_CORE_BASE_CRC32_H
#define QUOIN_CORE_BASE_CRC32_H

#include "core/base/types.h"

/*
 * crc32_update - CRC of what `crc` already covers followed by `len` bytes at `buf`; start with 0.
 * Uses the CPU's CRC32 instructions where it has them. Any alignment. Any context.
 */
u32 crc32_update(u32 crc, const void *buf, size_t len);

/* crc32_soft - the same in plain C, for CPUs without the instructions. Any context. */
u32 crc32_soft(u32 crc, const void *buf, size_t len);

#endif
