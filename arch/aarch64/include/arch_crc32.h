/* SPDX-License-Identifier: Apache-2.0 */
/* CRC32X and CRC32B: optional in Armv8.0, ID_AA64ISAR0_EL1.CRC32 tells (ARM ARM C6.2, D19.2). */
#ifndef QUOIN_ARCH_CRC32_H
#define QUOIN_ARCH_CRC32_H

#include "core/base/types.h"

/* arch_has_crc32 - true if this CPU has the CRC32 instructions. Any context. */
static inline bool arch_has_crc32(void)
{
	u64 isar0;

	__asm__("mrs %0, id_aa64isar0_el1" : "=r"(isar0));
	return ((isar0 >> 16) & 15) != 0;
}

static inline u32 arch_crc32_byte(u32 crc, u8 v)
{
	__asm__(".arch_extension crc\n\tcrc32b %w0, %w0, %w1" : "+r"(crc) : "r"(v));
	return crc;
}

static inline u32 arch_crc32_word(u32 crc, u64 v)
{
	__asm__(".arch_extension crc\n\tcrc32x %w0, %w0, %x1" : "+r"(crc) : "r"(v));
	return crc;
}

/*
 * arch_crc32 - the bare register, no inversion before or after. Any context, only on a CPU where
 * arch_has_crc32(). The main loop takes 64 bytes in some twenty instructions.
 */
static inline u32 arch_crc32(u32 crc, const void *buf, size_t len)
{
	const u8 *p = buf;
	const u64 *w;

	for (; len != 0 && ((uintptr_t)p & 7) != 0; len--) {
		crc = arch_crc32_byte(crc, *p++);
	}
	w = (const u64 *)(const void *)p;
	for (; len >= 64; len -= 64, w += 8) {
		crc = arch_crc32_word(crc, w[0]);
		crc = arch_crc32_word(crc, w[1]);
		crc = arch_crc32_word(crc, w[2]);
		crc = arch_crc32_word(crc, w[3]);
		crc = arch_crc32_word(crc, w[4]);
		crc = arch_crc32_word(crc, w[5]);
		crc = arch_crc32_word(crc, w[6]);
		crc = arch_crc32_word(crc, w[7]);
	}
	for (; len >= 8; len -= 8) {
		crc = arch_crc32_word(crc, *w++);
	}
	p = (const u8 *)w;
	for (; len != 0; len--) {
		crc = arch_crc32_byte(crc, *p++);
	}
	return crc;
}

#endif
