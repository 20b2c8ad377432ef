/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/crc32.h"

#include "arch_crc32.h"

u32 crc32_soft(u32 crc, const void *buf, size_t len)
{
	/* Four bits at a time: 64 bytes of table instead of 1 KiB, for a path few CPUs take. */
	static const u32 nibble[16] = {
		0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
		0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
		0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
	};
	const u8 *p = buf;

	crc = ~crc;
	for (; len != 0; len--) {
		crc ^= *p++;
		crc = nibble[crc & 15] ^ (crc >> 4);
		crc = nibble[crc & 15] ^ (crc >> 4);
	}
	return ~crc;
}

u32 crc32_update(u32 crc, const void *buf, size_t len)
{
	if (arch_has_crc32()) {
		return ~arch_crc32(~crc, buf, len);
	}
	return crc32_soft(crc, buf, len);
}
