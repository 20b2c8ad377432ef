/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/mkimage/elf64.h"

#include <string.h>
#include "core/base/range.h"

static bool inside(const struct elf64 *e, u64 off, u64 size)
{
	return range_contains(0, e->file.size, off, size);
}

/* A string table that ends with a NUL, so that no name in it runs out of the file. */
static bool strings(const struct elf64 *e, u32 index, const char **names, u64 *size)
{
	const Elf64_Shdr *s = &e->section[index];

	if (index >= e->section_count || s->sh_type != SHT_STRTAB || s->sh_size == 0 ||
	    e->file.data[s->sh_offset + s->sh_size - 1] != '\0') {
		return false;
	}
	*names = (const char *)e->file.data + s->sh_offset;
	*size = s->sh_size;
	return true;
}

const char *elf64_open(struct elf64 *e, struct blob file, u16 type)
{
	const Elf64_Ehdr *h = (const Elf64_Ehdr *)(const void *)file.data;
	u32 i;

	memset(e, 0, sizeof(*e));
	e->file = file;
	if (file.size < sizeof(*h) || memcmp(h->e_ident, ELFMAG, SELFMAG) != 0 ||
	    h->e_ident[EI_CLASS] != ELFCLASS64 || h->e_ident[EI_DATA] != ELFDATA2LSB ||
	    h->e_machine != EM_AARCH64 || h->e_type != type) {
		return type == ET_REL ? "not an AArch64 object file" : "not an AArch64 program";
	}
	if (h->e_shentsize != sizeof(Elf64_Shdr) || !IS_ALIGNED(h->e_shoff, 8) ||
	    !inside(e, h->e_shoff, (u64)h->e_shnum * sizeof(Elf64_Shdr))) {
		return "damaged ELF file: section headers";
	}
	e->section = (const Elf64_Shdr *)(const void *)(file.data + h->e_shoff);
	e->section_count = h->e_shnum;
	for (i = 0; i < e->section_count; i++) {
		if (e->section[i].sh_type != SHT_NOBITS &&
		    !inside(e, e->section[i].sh_offset, e->section[i].sh_size)) {
			return "damaged ELF file: a section lies outside of it";
		}
	}
	if (!strings(e, h->e_shstrndx, &e->section_names, &e->section_names_size)) {
		return "damaged ELF file: section names";
	}
	for (i = 0; i < e->section_count; i++) {
		const Elf64_Shdr *s = &e->section[i];

		if (s->sh_type != SHT_SYMTAB) {
			continue;
		}
		if (!IS_ALIGNED(s->sh_offset, 8) ||
		    !strings(e, s->sh_link, &e->symbol_names, &e->symbol_names_size)) {
			return "damaged ELF file: symbols";
		}
		e->symbol = (const Elf64_Sym *)(const void *)(file.data + s->sh_offset);
		e->symbol_count = s->sh_size / sizeof(Elf64_Sym);
	}
	return e->symbol == NULL ? "it has no symbols" : NULL;
}

const char *elf64_section_name(const struct elf64 *e, const Elf64_Shdr *s)
{
	return s->sh_name < e->section_names_size ? e->section_names + s->sh_name : "";
}

const char *elf64_symbol_name(const struct elf64 *e, const Elf64_Sym *s)
{
	return s->st_name < e->symbol_names_size ? e->symbol_names + s->st_name : "";
}

const Elf64_Shdr *elf64_section(const struct elf64 *e, const char *name)
{
	u32 i;

	for (i = 0; i < e->section_count; i++) {
		if (strcmp(elf64_section_name(e, &e->section[i]), name) == 0) {
			return &e->section[i];
		}
	}
	return NULL;
}

struct blob elf64_data(const struct elf64 *e, const Elf64_Shdr *s)
{
	if (s->sh_type == SHT_NOBITS) {
		return (struct blob) { .data = e->file.data, .size = 0 };
	}
	return (struct blob) { .data = e->file.data + s->sh_offset, .size = s->sh_size };
}

const Elf64_Sym *elf64_global(const struct elf64 *e, const char *name)
{
	u64 i;

	for (i = 0; i < e->symbol_count; i++) {
		const Elf64_Sym *s = &e->symbol[i];

		if (ELF64_ST_BIND(s->st_info) != STB_LOCAL && s->st_shndx != SHN_UNDEF &&
		    strcmp(elf64_symbol_name(e, s), name) == 0) {
			return s;
		}
	}
	return NULL;
}
