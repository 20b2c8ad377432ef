/* SPDX-License-Identifier: Apache-2.0 */
/* Registers of devices as the build machine fakes them: see arch/aarch64/include/arch_io.h. */
#ifndef QUOIN_ARCH_IO_H
#define QUOIN_ARCH_IO_H

#include "core/base/types.h"

/*
 * host_io - the machine's devices: an access of `size` bytes; what is read, or anything. NULL: reads are ~0. One that is
 * not aligned is a fault in EL2 (device memory, ARM ARM B2.10): nobody can have chosen its address.
 */
extern u64 (*host_io)(pa_t pa, u32 size, bool write, u64 val);

static inline u64 host_io_access(pa_t pa, u32 size, bool write, u64 val)
{
	if (!IS_ALIGNED(pa, size)) {
		__builtin_trap();
	}
	return host_io != NULL ? host_io(pa, size, write, val) : ~0UL;
}

#define IO_(bits) \
	static inline u##bits io_read##bits(pa_t pa) \
	{ \
		return (u##bits)host_io_access(pa, bits / 8, false, 0); \
	} \
	static inline void io_write##bits(pa_t pa, u##bits v) \
	{ \
		host_io_access(pa, bits / 8, true, v); \
	}
IO_(8)
IO_(16)
IO_(32)
#undef IO_

#endif
