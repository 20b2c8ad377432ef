/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Registers of devices, one access of exactly the width named. arch/host has the same over a function
 * of the test's. Mapped by arch_map(MAP_DEVICE); ordered among themselves only (ARM ARM B2.3.10), so a
 * barrier stands between memory a device reads and the write that makes it look.
 *
 * Loads acquire: erratum 832075, a Device load between exclusives may deadlock a Cortex-A57.
 */
#ifndef QUOIN_ARCH_IO_H
#define QUOIN_ARCH_IO_H

#include "core/base/types.h"

#define IO_(bits, load, store) \
	static inline u##bits io_read##bits(pa_t pa) \
	{ \
		u##bits v; \
		__asm__ volatile(load " %w0, [%1]" : "=r"(v) : "r"(pa) : "memory"); \
		return v; \
	} \
	static inline void io_write##bits(pa_t pa, u##bits v) \
	{ \
		__asm__ volatile(store " %w0, [%1]" : : "rZ"(v), "r"(pa) : "memory"); \
	}
IO_(8, "ldarb", "strb")
IO_(16, "ldarh", "strh")
IO_(32, "ldar", "str")
#undef IO_

#endif
