/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EL2's map after early.c: RAM and devices at VA = PA, thread stacks behind
 * guard pages. Blocks of 1 GiB and 2 MiB where alignment allows.
 *
 * Invariants: nothing is writable and executable; a valid entry is never
 * changed to another valid entry (ARM ARM D8.14.1 break-before-make), mapping
 * only fills holes and unmapping breaks and invalidates.
 */
#include "arch/aarch64/mmu.h"

#include <errno.h>
#include <string.h>
#include "arch/aarch64/cpu.h"
#include "arch/aarch64/tlb.h"
#include "arch/arch.h"
#include "core/base/lock.h"
#include "core/base/memory.h"

/* Tables before the page allocator exists. */
#define EARLY_TABLES 12
static u64 early_tables[EARLY_TABLES][512] __aligned_to(4096);
static u32 early_used;
static struct spinlock mmu_lock;

static pa_t image_base, bss_base;

void mmu_init(pa_t image, pa_t bss)
{
	image_base = image;
	bss_base = bss;
}

pa_t arch_image_pa(const void *p)
{
	u64 va = (u64)p;

	if (va >= (u64)quoin_bss_start && va < (u64)quoin_bss_end) {
		return va - (u64)quoin_bss_start + bss_base;
	}
	return va - QUOIN_VA + image_base;
}

/* A new zeroed table; its physical address, 0 without memory. */
static pa_t table_new(void)
{
	if (early_used < EARLY_TABLES) {
		return arch_image_pa(early_tables[early_used++]);
	}
	return mem_page_alloc();
}

/* EL2 pointer to a table: early ones lie in the image, the others are in mapped RAM. */
static u64 *table_ptr(pa_t pa)
{
	if (pa >= bss_base && pa - bss_base < (u64)(quoin_bss_end - quoin_bss_start)) {
		return (u64 *)(pa - bss_base + (u64)quoin_bss_start);
	}
	return pa_ptr(pa);
}

static u64 attributes(enum map_kind kind)
{
	switch (kind) {
	case MAP_RAM:
		return PTE_MEM | PTE_XN;
	case MAP_RO:
		return PTE_MEM | PTE_XN | PTE_RO;
	case MAP_DEVICE:
		break;
	}
	return PTE_VALID | PTE_AF | PTE_AP_RES1 | PTE_XN | PTE_DEVICE;
}

/*
 * The entry for `va` at the level whose blocks hold `size`, or that of a larger block that is
 * there; makes tables on the way. NULL without memory.
 */
static u64 *entry_for(u64 va, u64 size)
{
	u64 *table = quoin_root;

	for (unsigned int shift = 39;; shift -= 9) {
		u64 *e = &table[va >> shift & 511];

		if (1UL << shift == size) {
			return e;
		}
		if ((*e & PTE_VALID) == 0) {
			pa_t t = table_new();

			if (t == 0) {
				return NULL;
			}
			dsb(ishst); /* the zeroed table before the walker can reach it */
			WRITE_ONCE(*e, t | PTE_TABLE);
		} else if ((*e & PTE_PAGE) == 0) {
			return e;
		}
		table = table_ptr(*e & PTE_ADDR);
	}
}

static int map(u64 va, pa_t pa, u64 size, u64 attr)
{
	while (size != 0) {
		u64 step = PAGE_SIZE;
		bool block;
		u64 *e;

		if (((va | pa) & (GiB(1) - 1)) == 0 && size >= GiB(1)) {
			step = GiB(1);
		} else if (((va | pa) & (MiB(2) - 1)) == 0 && size >= MiB(2)) {
			step = MiB(2);
		}
		e = entry_for(va, step);
		while (e != NULL && (*e & (PTE_VALID | PTE_PAGE)) == PTE_TABLE && step > PAGE_SIZE) {
			step >>= 9; /* part of the block is mapped already: fill around it */
			e = entry_for(va, step);
		}
		if (e == NULL) {
			return -ENOMEM;
		}
		block = (*e & (PTE_VALID | PTE_PAGE)) == PTE_VALID; /* there already, maybe larger than the step */
		/* Pages in a row have their entries in a row, in one table: it is looked for once. */
		do {
			if ((*e & PTE_VALID) == 0) {
				WRITE_ONCE(*e, pa | attr | (step == PAGE_SIZE ? PTE_PAGE : 0));
			}
			va += step;
			pa += step;
			size -= step;
			e++;
		} while (step == PAGE_SIZE && !block && size != 0 && (va & (MiB(2) - 1)) != 0);
	}
	dsb(ishst);
	isb();
	return 0;
}

int arch_map(pa_t pa, u64 size, enum map_kind kind)
{
	u64 flags;
	int r;

	if (!range_valid(pa, size) || pa + size > BIT(MIN(cpu_pa_bits(), 47U)) || !IS_ALIGNED(pa | size, PAGE_SIZE)) {
		return -EINVAL;
	}
	flags = spin_lock_irq(&mmu_lock);
	r = map(pa, pa, size, attributes(kind));
	spin_unlock_irq(&mmu_lock, flags);
	return r;
}

/* Break the entry of a 4 KiB page. */
static pa_t unmap_page(u64 va)
{
	u64 *e = entry_for(va, PAGE_SIZE);
	pa_t pa = *e & PTE_ADDR;

	WRITE_ONCE(*e, 0);
	tlb_flush_el2_page(va);
	return pa;
}

/* Slots of the stack region in use. */
static u64 slots[STACK_SLOTS / 64];

static unsigned int slot_take(void)
{
	for (unsigned int i = 0; i < STACK_SLOTS; i++) {
		if ((slots[i / 64] & BIT(i % 64)) == 0) {
			slots[i / 64] |= BIT(i % 64);
			return i;
		}
	}
	return STACK_SLOTS;
}

static void stack_unmap(u64 top, u64 size)
{
	for (u64 va = top - size; va < top; va += PAGE_SIZE) {
		mem_page_free(unmap_page(va));
	}
	slots[(top - 1 - QUOIN_STACKS) / STACK_SLOT / 64] &=
		~BIT((top - 1 - QUOIN_STACKS) / STACK_SLOT % 64);
}

void *arch_stack_alloc(size_t size)
{
	pa_t page[STACK_SLOT / PAGE_SIZE];
	u32 pages = (u32)(size / PAGE_SIZE), got = 0, mapped = 0;
	unsigned int slot = STACK_SLOTS;
	u64 top = 0, flags;

	/* Interrupts are on while pages are zeroed. */
	while (got < pages && (page[got] = mem_page_alloc()) != 0) {
		got++;
	}
	flags = spin_lock_irq(&mmu_lock);
	if (got == pages) {
		slot = slot_take();
		top = QUOIN_STACKS + (u64)(slot + 1) * STACK_SLOT;
	}
	while (slot < STACK_SLOTS && mapped < pages) {
		if (map(top - (mapped + 1) * PAGE_SIZE, page[mapped], PAGE_SIZE, PTE_MEM | PTE_XN) != 0) {
			stack_unmap(top, mapped * PAGE_SIZE);
			slot = STACK_SLOTS;
			break;
		}
		mapped++;
	}
	spin_unlock_irq(&mmu_lock, flags);
	if (slot < STACK_SLOTS) {
		return (void *)top;
	}
	while (got > mapped) {
		mem_page_free(page[--got]);
	}
	return NULL;
}

void arch_stack_free(void *top, size_t size)
{
	u64 flags = spin_lock_irq(&mmu_lock);

	stack_unmap((u64)top, size);
	spin_unlock_irq(&mmu_lock, flags);
}
