/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Device register accesses of the UART drivers: one load or store of exactly this width.
 * Loads acquire: erratum 832075, a Device load between exclusives may deadlock a Cortex-A57.
 */
#ifndef QUOIN_AARCH64_UART_IO_H
#define QUOIN_AARCH64_UART_IO_H

#include "arch/arch.h"

static inline u32 io_read32(pa_t a)
{
	return __atomic_load_n((const volatile u32 *)a, __ATOMIC_ACQUIRE);
}

static inline void io_write32(pa_t a, u32 v)
{
	*(volatile u32 *)a = v;
}

static inline u16 io_read16(pa_t a)
{
	return __atomic_load_n((const volatile u16 *)a, __ATOMIC_ACQUIRE);
}

static inline void io_write16(pa_t a, u16 v)
{
	*(volatile u16 *)a = v;
}

static inline u8 io_read8(pa_t a)
{
	return __atomic_load_n((const volatile u8 *)a, __ATOMIC_ACQUIRE);
}

static inline void io_write8(pa_t a, u8 v)
{
	*(volatile u8 *)a = v;
}

#endif
