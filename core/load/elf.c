/* SPDX-License-Identifier: Apache-2.0 */
/* ELF64 executables: System V ABI, "Object Files"; AAELF64. */
#include "core/load/plan.h"

#include <errno.h>
#include <string.h>
#include "core/spec/elf.h"

#define ELF_PLACE      MiB(2) /* alignment for a position-independent file without an address */

/* A checked file: its program headers and the physical range they cover. */
struct elf {
	struct elf_header h;
	const struct load_file *f;
	u64 low, high; /* [low, high) */
};

bool is_elf(const struct load_file *f)
{
	u32 magic;

	if (f->size < sizeof(magic)) {
		return false;
	}
	memcpy(&magic, f->data, sizeof(magic));
	return magic == ELF_MAGIC;
}

static void segment(const struct elf *e, u32 i, struct elf_segment *s)
{
	memcpy(s, e->f->data + e->h.phoff + (u64)i * e->h.phentsize, sizeof(*s));
}

static const char *header_error(struct elf *e)
{
	const struct elf_header *h = &e->h;
	u64 size = e->f->size;

	if (size < sizeof(*h)) {
		return "is shorter than an ELF header";
	}
	memcpy(&e->h, e->f->data, sizeof(*h));
	if (h->class != ELF_CLASS64 || h->data != ELF_DATA_LSB || h->machine != ELF_AARCH64) {
		return "is not a 64-bit little-endian AArch64 ELF file";
	}
	if (h->type != ELF_EXEC && h->type != ELF_DYN) {
		return "is not an executable ELF file (expected type EXEC or DYN)";
	}
	if (h->phnum == 0 || h->phnum == 0xffff || h->phentsize < sizeof(struct elf_segment) ||
	    h->phoff > size || (u64)h->phnum * h->phentsize > size - h->phoff) {
		return "has ELF program headers outside the file";
	}
	return NULL;
}

static const char *segment_error(struct elf *e, const struct elf_segment *s)
{
	if (s->type == SEGMENT_INTERP) {
		return "needs a dynamic linker (expected a statically linked ELF file)";
	}
	if (s->type != SEGMENT_LOAD || s->memsz == 0) {
		return NULL;
	}
	if (s->filesz > s->memsz || s->offset > e->f->size || s->filesz > e->f->size - s->offset) {
		return "has an ELF segment that reaches beyond the file";
	}
	if (!range_valid(s->paddr, s->memsz) || s->paddr + s->memsz == 0 ||
	    !range_valid(s->vaddr, s->memsz)) {
		return "has an ELF segment that wraps around the address space";
	}
	e->low = MIN(e->low, s->paddr);
	e->high = MAX(e->high, s->paddr + s->memsz);
	return NULL;
}

static const char *parse(struct elf *e)
{
	const char *what = header_error(e);
	struct elf_segment s;
	u32 i;

	e->low = ~0UL;
	e->high = 0;
	for (i = 0; what == NULL && i < e->h.phnum; i++) {
		segment(e, i, &s);
		what = segment_error(e, &s);
	}
	if (what == NULL && e->high == 0) {
		what = "has no ELF segment to load";
	}
	return what;
}

/*
 * The entry point as a physical address. Files linked at virtual addresses
 * (vmlinux) give a virtual one, which is found in its segment.
 */
static bool find_entry(const struct elf *e, u64 *entry)
{
	struct elf_segment s;
	u32 i, pass;
	u64 base;

	for (pass = 0; pass < 2; pass++) {
		for (i = 0; i < e->h.phnum; i++) {
			segment(e, i, &s);
			base = pass == 0 ? s.paddr : s.vaddr;
			if (s.type == SEGMENT_LOAD && e->h.entry >= base &&
			    e->h.entry - base < s.memsz) {
				*entry = e->h.entry - base + s.paddr;
				return true;
			}
		}
	}
	return false;
}

static void add_segments(struct planner *pl, const struct cfg_load *l, const struct elf *e,
			 u64 bias)
{
	struct elf_segment s;
	u32 i;

	for (i = 0; i < e->h.phnum; i++) {
		segment(e, i, &s);
		if (s.type == SEGMENT_LOAD && s.memsz != 0) {
			plan_add(pl, &(struct load_piece){
				.load = l, .format = FORMAT_ELF, .ipa = s.paddr + bias,
				.data = e->f->data + s.offset, .copy = s.filesz,
				.zero = s.memsz - s.filesz, .space = s.memsz });
		}
	}
}

bool plan_elf(struct planner *pl, const struct cfg_load *l, const struct load_file *f, bool place,
	      ipa_t *entry, struct range *extent)
{
	static const struct range anywhere = { 0, ~0UL };
	struct elf e = { .f = f };
	const char *what = parse(&e);
	u64 start;

	if (what == NULL && !find_entry(&e, entry)) {
		what = "has an ELF entry point outside its segments";
	}
	if (what != NULL) {
		plan_fail(pl, -ENOEXEC, l, "%s", what);
		return false;
	}
	start = l->has_addr ? l->addr : e.low;
	if (e.h.type == ELF_EXEC && start != e.low) {
		plan_fail(pl, -EINVAL, l, "is an ELF file linked for 0x%lx and cannot be loaded at "
			  "0x%lx (leave the address out)", e.low, start);
		return false;
	}
	if (e.h.type == ELF_DYN && !l->has_addr) {
		if (!place) {
			return false;
		}
		if (!plan_find(pl, e.high - e.low, ELF_PLACE, e.low & (ELF_PLACE - 1), anywhere,
			       true, &start)) {
			plan_fail(pl, -ENOMEM, l,
				  "needs 0x%lx bytes: no ram of the VM has that free",
				  e.high - e.low);
			return false;
		}
	}
	if (!range_valid(start, e.high - e.low)) {
		plan_fail(pl, -EINVAL, l, "does not fit at 0x%lx", start);
		return false;
	}
	add_segments(pl, l, &e, start - e.low);
	*entry += start - e.low;
	extent->start = start;
	extent->size = e.high - e.low;
	return pl->error == 0;
}
