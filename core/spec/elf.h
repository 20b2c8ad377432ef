/* SPDX-License-Identifier: Apache-2.0 */
/* ELF64 files: System V ABI, "Object Files"; AAELF64. */
#ifndef QUOIN_CORE_SPEC_ELF_H
#define QUOIN_CORE_SPEC_ELF_H

#include "core/base/types.h"

#define ELF_MAGIC      0x464c457f
#define ELF_CLASS64    2
#define ELF_DATA_LSB   1
#define ELF_EXEC       2
#define ELF_DYN        3
#define ELF_CORE       4
#define ELF_AARCH64    183
#define SEGMENT_LOAD   1
#define SEGMENT_INTERP 3
#define SEGMENT_NOTE   4

struct elf_header {
	u32 magic;
	u8 class, data, version, pad[9];
	u16 type, machine;
	u32 version2;
	u64 entry, phoff, shoff;
	u32 flags;
	u16 ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct elf_segment {
	u32 type, flags;
	u64 offset, vaddr, paddr, filesz, memsz, align;
};

#endif
