/* SPDX-License-Identifier: Apache-2.0 */
/*
 * First instructions of every CPU. Entered with the MMU off, as the arm64 boot
 * protocol says (x0 = device tree), at any 2 MiB-aligned address: all code here
 * and in early.c is PC-relative until the image's own mapping is on.
 *
 * The same tables serve EL2 and, where firmware was wrong to start us at EL1, EL1, so
 * that C code can say so on the console.
 */
#include "arch/aarch64/layout.h"

	.section .text.head, "ax"

	.global quoin_entry
quoin_entry:
	msr	daifset, #0xf
	mov	x19, x0				// device tree
	adr	x20, quoin_image_start		// where the image was loaded
	mrs	x0, currentel
	cmp	x0, #(3 << 2)
	b.hs	park_el3
	bl	mmu_off
	ldr	x21, [x20, #IMAGE_BSS_OFF]
	add	x21, x21, x20			// where its BSS is
	ldr	x22, [x20, #IMAGE_BSS_SIZE]

	/* Data and BSS: drop stale lines, fill with caches off, drop what was speculated meanwhile. */
	bl	bss_invalidate
	mov	x0, x21
	add	x1, x21, x22
1:	stp	xzr, xzr, [x0], #16
	cmp	x0, x1
	b.lo	1b
	mov	x0, x21
	adr	x1, quoin_rodata_end		// 16-byte units, as the linker script says
	adr	x2, quoin_load_end
	b	3f
2:	ldp	x3, x4, [x1], #16
	stp	x3, x4, [x0], #16
3:	cmp	x1, x2
	b.lo	2b
	bl	bss_invalidate

	adrp	x0, boot_stack_top		// a stack by physical address
	adrp	x1, quoin_bss_start
	sub	x0, x0, x1
	add	sp, x0, x21
	mov	x0, x20
	mov	x1, x21
	bl	early_map			// x0 = struct cpu_start, physical
	mov	x1, #0
	b	cpu_start

/*
 * From a spin table, which several CPUs may share and none passes an argument by: wait until a
 * struct cpu_start says the own MPIDR. smp.c cleans it to memory and sends an event.
 */
	.global spin_entry
spin_entry:
	msr	daifset, #0xf
	adr	x20, quoin_image_start
	ldr	x21, [x20, #IMAGE_BSS_OFF]
	add	x21, x21, x20			// the BSS, as for the boot CPU
	ldr	x2, =cpu_starts
	ldr	x1, =quoin_bss_start
	sub	x2, x2, x1
	add	x21, x21, x2
	mrs	x3, mpidr_el1
	ldr	x4, =0xff00ffffff
	and	x3, x3, x4
	orr	x3, x3, #(1 << 31)
1:	mov	x0, x21
	mov	x5, #START_COUNT
2:	ldr	x4, [x0, #START_MPIDR]
	cmp	x4, x3
	b.eq	secondary_entry
	add	x0, x0, #START_SIZE
	subs	x5, x5, #1
	b.ne	2b
	wfe
	b	1b

/* Secondary CPUs, from PSCI CPU_ON or a spin table: x0 = struct cpu_start, physical. */
	.global secondary_entry
secondary_entry:
	msr	daifset, #0xf
	mrs	x1, currentel
	mov	x2, #PARK_EL1
	cmp	x1, #(2 << 2)
	b.ne	park_told
	b	cpu_start

/*
 * Turn the MMU on with the tables of struct cpu_start and continue in C on its
 * stack: entry(arg, x19.. as the boot CPU left them in x0..x3).
 */
cpu_start:
	ldr	x2, [x0, #START_IDMAP]
	ldr	x3, [x0, #START_ROOT]
	ldr	x4, [x0, #START_MAIR]
	ldr	x5, [x0, #START_TCR]
	ldr	x6, [x0, #START_SCTLR]
	ldr	x7, [x0, #START_STACK]
	ldr	x8, [x0, #START_ENTRY]
	ldr	x9, [x0, #START_ARG]
	mrs	x10, currentel
	cmp	x10, #(2 << 2)
	b.eq	el2_on

	/* EL1: the EL1&0 regime, TG1 disabled (EPD1), ASID 0, same 48-bit lower range */
	mov	x5, #(1 << 23)
	movk	x5, #0x3510			// T0SZ 16, IRGN0/ORGN0 WB, SH0 inner, TG0 4K
	movk	x5, #5, lsl #32			// IPS 48 bits
	mrs	x10, id_aa64mmfr0_el1
	bfi	x5, x10, #32, #3
	msr	mair_el1, x4
	msr	tcr_el1, x5
	msr	ttbr0_el1, x2
	ldr	x6, =0x30d01805			// SCTLR_EL1: RES1, I, C, M
	isb
	tlbi	vmalle1
	ic	iallu
	dsb	nsh
	isb
	msr	sctlr_el1, x6
	isb
	b	mapped

el2_on:
	mov	x10, #(1 << 31)			// HCR_EL2.RW; E2H stays 0
	msr	hcr_el2, x10
	isb
	mrs	x11, hcr_el2
	mov	x2, #PARK_E2H
	tbnz	x11, #34, park_told		// a CPU with E2H fixed to 1
	ldr	x2, [x0, #START_IDMAP]
	mrs	x10, id_aa64mmfr0_el1		// PS: what the boot CPU and this one both have
	and	x10, x10, #0xf
	ubfx	x11, x5, #16, #3
	cmp	x10, x11
	csel	x10, x10, x11, lo
	bfi	x5, x10, #16, #3
	msr	mair_el2, x4
	msr	tcr_el2, x5
	msr	ttbr0_el2, x2
	isb					// the tables before the walk that the next line allows
	tlbi	alle2
	ic	iallu
	dsb	nsh
	isb
	msr	sctlr_el2, x6
	isb

mapped:
	ldr	x10, =1f			// leave the identity-mapped page for the image's address
	br	x10
1:	mrs	x10, currentel
	cmp	x10, #(2 << 2)
	b.ne	2f
	ldr	x10, =vectors
	msr	vbar_el2, x10
	msr	ttbr0_el2, x3			// the identity page is gone from here on
	isb
	tlbi	alle2
	dsb	nsh
	isb
	b	3f
2:	msr	ttbr0_el1, x3			// EL1: C adds what it maps to the same root
	isb
	tlbi	vmalle1
	dsb	nsh
	isb
3:	mov	sp, x7
	mov	x29, xzr
	mov	x30, xzr
	mov	x0, x9
	mov	x1, x19
	mov	x2, x20
	mov	x3, x21
	br	x8

/* x21 = BSS, x22 = size; clobbers x0-x3. ARM ARM D7.5: DC IVAC by the smallest line. */
bss_invalidate:
	mrs	x3, ctr_el0
	ubfx	x3, x3, #16, #4
	mov	x2, #4
	lsl	x2, x2, x3
	mov	x0, x21
	add	x1, x21, x22
1:	dc	ivac, x0
	add	x0, x0, x2
	cmp	x0, x1
	b.lo	1b
	dsb	sy
	ret

/*
 * Nothing can be printed here: park with a code in x0 that a debugger shows,
 * "QUOI" in its upper half.
 */
park_el3:
	mov	x0, #PARK_EL3			// start me at EL2
	b	arch_park
	.global park_not_el2
park_not_el2:
	mov	x0, #PARK_EL1
	b	arch_park
park_told:
	str	x2, [x0, #START_PARKED]		// for the boot CPU, which waits for this one
	dsb	sy
	mov	x0, x2
	.global arch_park
arch_park:
	msr	daifset, #0xf
	movk	x0, #0x4f49, lsl #32		// "OI"
	movk	x0, #0x5155, lsl #48		// "QU"
9:	wfe
	b	9b
	.ltorg

	.section .text.mmu_off, "ax"
/*
 * Some loaders leave MMU and caches on (U-Boot's `go`). What runs and is read with them off has to be in memory;
 * the same addresses have to lead there. x20 = image; clobbers x0-x3.
 */
mmu_off:
	mrs	x0, sctlr_el1
	mrs	x1, currentel
	cmp	x1, #(2 << 2)
	b.ne	1f
	mrs	x0, sctlr_el2
1:	tbz	x0, #0, 5f
	b.ne	2f
	at	s1e2r, x20
	b	3f
2:	at	s1e1r, x20
3:	isb
	mrs	x2, par_el1
	eor	x2, x2, x20
	tst	x2, #0xfffffffff000
	b.ne	park_mmu
	mrs	x3, ctr_el0
	ubfx	x3, x3, #16, #4
	mov	x2, #4
	lsl	x2, x2, x3
	mov	x3, x20
	adr	x1, quoin_load_end
4:	dc	civac, x3
	add	x3, x3, x2
	cmp	x3, x1
	b.lo	4b
	dsb	sy
	mov	x2, #0x1005			// I, C, M
	bic	x0, x0, x2
	mrs	x1, currentel
	cmp	x1, #(2 << 2)
	b.ne	6f
	msr	sctlr_el2, x0
	isb
	tlbi	alle2
	b	7f
6:	msr	sctlr_el1, x0
	isb
	tlbi	vmalle1
7:	ic	iallu
	dsb	sy
	isb
5:	ret
park_mmu:
	mov	x0, #PARK_MMU			// mapped elsewhere than it lies
	b	arch_park

	.section .bss.stack, "aw", %nobits
	.balign	4096
	.global boot_stack
boot_stack:
	.space	16384
	.global boot_stack_top
boot_stack_top:
