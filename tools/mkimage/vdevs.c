/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/mkimage/vdevs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/vdev.h"
#include "tools/mkimage/util.h"

#define STACK_MAX 1024

bool insn_is_fp(u32 insn)
{
	u32 op0 = insn >> 25 & 15;
	u32 sysreg = insn >> 5 & 0x7fff; /* o0 op1 CRn CRm op2 */

	if ((op0 & 7) == 7 || op0 == 2 || (op0 == 0 && (insn >> 31) != 0)) {
		return true; /* FP and SIMD data processing; SVE; SME */
	}
	if ((op0 & 5) == 4 && (insn >> 26 & 1) != 0) {
		return true; /* loads and stores with V set */
	}
	/* MRS, MSR of FPCR (3, 3, c4, c4, 0) and FPSR (3, 3, c4, c4, 1) */
	return (insn & 0xffd00000) == 0xd5100000 && (sysreg & ~1U) == 0x5a20;
}

/* Literal pools are no code: the mapping symbols $x and $d tell (AAELF64 5.5.4). */
static int by_value(const void *a, const void *b)
{
	const Elf64_Sym *const *x = a, *const *y = b;

	return ((*x)->st_value > (*y)->st_value) - ((*x)->st_value < (*y)->st_value);
}

static bool is_mapping(const char *name, char kind)
{
	return name[0] == '$' && name[1] == kind && (name[2] == '\0' || name[2] == '.');
}

static void check_code(const char *path, const struct elf64 *e, u32 index, struct diag *d)
{
	const struct src_pos pos = { .file = path };
	struct blob code = elf64_data(e, &e->section[index]);
	const Elf64_Sym **map = pool_alloc((e->symbol_count + 1) * sizeof(*map));
	const char *function = elf64_section_name(e, &e->section[index]);
	u64 n = 0, at, i, next = 0;
	bool is_code = true;

	for (i = 0; i < e->symbol_count; i++) {
		const Elf64_Sym *s = &e->symbol[i];

		if (s->st_shndx == index && (is_mapping(elf64_symbol_name(e, s), 'x') ||
					     is_mapping(elf64_symbol_name(e, s), 'd') ||
					     ELF64_ST_TYPE(s->st_info) == STT_FUNC)) {
			map[n++] = s;
		}
	}
	qsort(map, n, sizeof(*map), by_value);
	for (at = 0; at + 4 <= code.size; at += 4) {
		u32 insn;

		for (; next < n && map[next]->st_value <= at; next++) {
			const char *name = elf64_symbol_name(e, map[next]);

			if (name[0] == '$') {
				is_code = name[1] == 'x';
			} else {
				function = name;
			}
		}
		memcpy(&insn, code.data + at, 4);
		if (is_code && insn_is_fp(insn)) {
			diag_error(d, &pos, "FP/SIMD instruction 0x%08x in %s, expected none at EL2: compile "
				   "with -mgeneral-regs-only", insn, function);
			return;
		}
	}
}

static void check_note(const char *path, const struct elf64 *e, struct diag *d)
{
	const struct src_pos pos = { .file = path };
	const Elf64_Shdr *s = elf64_section(e, ".note.quoin.vdev");
	struct blob data;
	struct vdev_note note;
	u64 at;

	if (s == NULL || elf64_section(e, "quoin_vdevs") == NULL) {
		diag_error(d, &pos, "it registers no device, expected VDEV() of core/vdev.h");
		return;
	}
	data = elf64_data(e, s);
	for (at = 0; at < data.size; at += sizeof(note)) {
		if (data.size - at < sizeof(note)) {
			diag_error(d, &pos, "damaged ABI note");
			return;
		}
		memcpy(&note, data.data + at, sizeof(note));
		if (note.namesz != 6 || note.descsz != 12 || strcmp(note.name, "Quoin") != 0) {
			diag_error(d, &pos, "damaged ABI note");
			return;
		}
		if (note.abi != VDEV_ABI || note.type_size != sizeof(struct vdev_type) ||
		    note.head_size != sizeof(struct vdev)) {
			diag_error(d, &pos, "built for device ABI %u (%u, %u), expected %u (%lu, %lu): compile it "
				   "against this core/vdev.h", note.abi, note.type_size, note.head_size,
				   VDEV_ABI, sizeof(struct vdev_type), sizeof(struct vdev));
			return;
		}
	}
}

/* The names a device may use are listed in a section of the monitor: others are global for its own parts. */
static bool is_exported(const struct elf64 *monitor, const char *name)
{
	const Elf64_Shdr *s = elf64_section(monitor, ".quoin.exports");
	struct blob list = s != NULL ? elf64_data(monitor, s) : (struct blob){ 0 };
	size_t n = strlen(name);

	if (s == NULL) {
		return elf64_global(monitor, name) != NULL;
	}
	for (u64 at = 0; at < list.size;) {
		const u8 *line = list.data + at, *end = memchr(line, '\n', list.size - at);
		u64 length = end != NULL ? (u64)(end - line) : list.size - at;

		if (length == n && memcmp(line, name, n) == 0) {
			return true;
		}
		at += length + 1;
	}
	return false;
}

static void check_symbols(const char *path, const struct elf64 *e, const struct elf64 *monitor,
			  struct diag *d)
{
	const struct src_pos pos = { .file = path };
	bool registers = false;
	u64 i;

	for (i = 0; i < e->symbol_count; i++) {
		const Elf64_Sym *s = &e->symbol[i];
		const char *name = elf64_symbol_name(e, s);

		if (ELF64_ST_BIND(s->st_info) == STB_LOCAL || name[0] == '\0') {
			continue;
		}
		if (s->st_shndx != SHN_UNDEF) {
			registers |= strncmp(name, "vdev_type_", strlen("vdev_type_")) == 0;
		} else if (!is_exported(monitor, name)) {
			diag_error(d, &pos, "it uses '%.128s', which is not part of the device interface", name);
		}
	}
	if (!registers) {
		diag_error(d, &pos, "it defines no vdev_type_NAME, expected VDEV() of core/vdev.h");
	}
}

/* Lines of -fstack-usage: file:line:col:function TAB bytes TAB static|dynamic|dynamic,bounded */
static void check_stack(const char *path, struct diag *d)
{
	char *name = pool_strndup(path, strlen(path)), *line = NULL;
	size_t n = strlen(name), size = 0;
	FILE *f;

	if (n > 2 && strcmp(name + n - 2, ".o") == 0) {
		name[n - 2] = '\0';
	}
	name = pool_printf("%s.su", name);
	f = fopen(name, "r");
	if (f == NULL) {
		return;
	}
	while (getline(&line, &size, f) > 0) {
		const struct src_pos pos = { .file = path };
		char *where = line, *bytes = strchr(line, '\t');
		char *kind = bytes != NULL ? strchr(bytes + 1, '\t') : NULL;

		if (kind == NULL) {
			continue;
		}
		*bytes++ = '\0';
		*kind++ = '\0';
		kind[strcspn(kind, "\n")] = '\0';
		if (strtoul(bytes, NULL, 10) > STACK_MAX || strcmp(kind, "dynamic") == 0) {
			diag_error(d, &pos, "%.128s uses %s bytes of stack (%s), expected at most %d", where,
				   bytes, kind, STACK_MAX);
		}
	}
	free(line);
	fclose(f);
}

bool vdev_object_check(const char *path, struct blob file, const struct elf64 *monitor,
		       struct diag *d)
{
	const struct src_pos pos = { .file = path };
	u32 errors = d->errors, i;
	struct elf64 e;
	const char *why = elf64_open(&e, file, ET_REL);

	if (why != NULL) {
		diag_error(d, &pos, "%s", why);
		return false;
	}
	check_note(path, &e, d);
	check_symbols(path, &e, monitor, d);
	for (i = 0; i < e.section_count; i++) {
		if ((e.section[i].sh_flags & SHF_EXECINSTR) != 0) {
			check_code(path, &e, i, d);
		}
	}
	check_stack(path, d);
	return d->errors == errors;
}
