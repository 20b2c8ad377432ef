/* SPDX-License-Identifier: Apache-2.0 */
/* A view of an AArch64 ELF64 file that believes none of its offsets. */
#ifndef TOOLS_MKIMAGE_ELF64_H
#define TOOLS_MKIMAGE_ELF64_H

#include <elf.h>
#include "tools/mkimage/util.h"

struct elf64 {
	struct blob file;
	const Elf64_Shdr *section;
	u32 section_count;
	const char *section_names; /* NUL-terminated as a whole */
	u64 section_names_size;
	const Elf64_Sym *symbol;
	u64 symbol_count;
	const char *symbol_names;
	u64 symbol_names_size;
};

/* elf64_open - NULL if the file is a sound ELF of type `type` (ET_REL, ET_EXEC), else what is wrong. */
const char *elf64_open(struct elf64 *e, struct blob file, u16 type);

const char *elf64_section_name(const struct elf64 *e, const Elf64_Shdr *s);
const char *elf64_symbol_name(const struct elf64 *e, const Elf64_Sym *s);

/* elf64_section - by name, NULL if there is none; its content is elf64_data(). */
const Elf64_Shdr *elf64_section(const struct elf64 *e, const char *name);
struct blob elf64_data(const struct elf64 *e, const Elf64_Shdr *s);

/* elf64_global - the defined global symbol `name`, NULL if there is none. */
const Elf64_Sym *elf64_global(const struct elf64 *e, const char *name);

#endif
