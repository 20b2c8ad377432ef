/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first page tables, built with the MMU off. Everything here runs at the
 * physical address: no pointer from static data may be followed, and nothing
 * but device-safe aligned accesses may be made (all memory is Device-nGnRnE,
 * ARM ARM D8.2.9).
 *
 *   idmap root:  the page of head.S at VA = PA, and the image
 *   root:        the image; C code adds RAM and devices later
 */
#include "arch/aarch64/mmu.h"
#include "arch/aarch64/smp.h"
#include "core/spec/quoin_image.h"

_Static_assert(QUOIN_HEADER_OFF + offsetof(struct quoin_header, bss_off) == IMAGE_BSS_OFF, "head.S");
_Static_assert(QUOIN_HEADER_OFF + offsetof(struct quoin_header, bss_size) == IMAGE_BSS_SIZE, "head.S");
_Static_assert(offsetof(struct cpu_start, root) == START_ROOT, "head.S");
_Static_assert(offsetof(struct cpu_start, sctlr) == START_SCTLR, "head.S");
_Static_assert(offsetof(struct cpu_start, stack) == START_STACK, "head.S");
_Static_assert(offsetof(struct cpu_start, arg) == START_ARG, "head.S");

/* Root, idmap root and the tables under them; mmu.c goes on with `quoin_root`. */
u64 quoin_root[512] __aligned_to(4096);
static u64 idmap_table[4][512] __aligned_to(4096);
static u64 image_table[3][512] __aligned_to(4096);
struct cpu_start boot_start;

static void map_page(u64 *const table[3], u64 va, u64 desc, pa_t t2, pa_t t3)
{
	table[0][va >> 30 & 511] = t2 | PTE_TABLE;
	table[1][va >> 21 & 511] = t3 | PTE_TABLE;
	table[2][va >> 12 & 511] = desc;
}

struct cpu_start *early_map(pa_t image, pa_t bss);

/*
 * Called once by head.S on the boot CPU. A symbol of the BSS is addressed here as if the BSS
 * followed the image directly; `shift` leads to where it really is.
 */
struct cpu_start *early_map(pa_t image, pa_t bss)
{
	u64 shift = bss - (u64)quoin_bss_start;
	u64 *root = (u64 *)((u64)quoin_root + shift);
	u64(*id)[512] = (void *)((u64)idmap_table + shift);
	u64(*img)[512] = (void *)((u64)image_table + shift);
	struct cpu_start *s = (void *)((u64)&boot_start + shift);
	u64 *const id_tables[3] = { id[1], id[2], id[3] };
	u64 *const img_tables[3] = { img[0], img[1], img[2] };
	u64 text = (u64)quoin_text_end - image;
	u64 load = (u64)quoin_load_end - image;
	u64 bss_at = (u64)quoin_bss_start - image;
	u64 bss_size = (u64)quoin_bss_end - (u64)quoin_bss_start;
	u64 pa_range = read_id_aa64mmfr0_el1() & 0xf;

	for (u64 off = 0; off < load; off += PAGE_SIZE) {
		map_page(img_tables, QUOIN_VA + off, (image + off) | (off < text ? PTE_TEXT : PTE_RODATA),
			 (pa_t)img[1], (pa_t)img[2]);
	}
	for (u64 off = 0; off < bss_size; off += PAGE_SIZE) {
		map_page(img_tables, QUOIN_VA + bss_at + off, (bss + off) | PTE_DATA,
			 (pa_t)img[1], (pa_t)img[2]);
	}
	root[QUOIN_VA >> 39] = (pa_t)img[0] | PTE_TABLE;

	/* The page that turns the MMU on, the image's first. */
	map_page(id_tables, image, image | PTE_TEXT, (pa_t)id[2], (pa_t)id[3]);
	id[0][image >> 39 & 511] = (pa_t)id[1] | PTE_TABLE;
	id[0][QUOIN_VA >> 39] = (pa_t)img[0] | PTE_TABLE;

	s->idmap = (pa_t)id[0];
	s->root = (pa_t)root;
	s->mair = MAIR_VALUE;
	/* PA size: as this CPU has it, but 52-bit needs another table format. */
	s->tcr = TCR_EL2_VALUE | (MIN(pa_range, 5UL) << 16);
	s->sctlr = SCTLR_EL2_VALUE;
	s->stack = QUOIN_VA + ((u64)boot_stack_top - image);
	s->entry = QUOIN_VA + ((u64)boot_cpu_main - image);
	s->arg = 0;
	return s;
}
