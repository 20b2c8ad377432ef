/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first instructions, and the 64-byte arm64 Image header they sit in (Linux Documentation/arch/arm64/booting.rst):
 * the flat binary is a kernel Image to a loader that looks, and raw code to one that does not.
 * Entered at EL1 with the MMU off and the device tree's address in x0; runs wherever it was put.
 */
#include "cpu.h"

#define SCTLR_EL1_OFF	0x30d00800	/* the RES1 bits of ARMv8.0, everything else off */
#define CPACR_EL1_FPEN	(3 << 20)
#define R_RELATIVE	1027		/* R_AARCH64_RELATIVE, ELF for AArch64 5.7.15 */

	.section .head, "ax"
	.globl	_start
_start:
	mrs	x20, cntvct_el0			/* when the guest got its first instruction */
	b	boot
	.quad	0				/* text_offset */
	.quad	_end - _start			/* image_size, BSS included */
	.quad	0xa				/* little endian, 4 KiB pages, anywhere in memory */
	.quad	0, 0, 0
#ifdef HEADERLESS
	.long	0				/* no loader is to know it */
#else
	.ascii	"ARM\x64"
#endif
	.long	0

.macro	el1_setup
	msr	daifset, #0xf
	ldr	x9, =SCTLR_EL1_OFF
	msr	sctlr_el1, x9
	mov	x9, #CPACR_EL1_FPEN
	msr	cpacr_el1, x9
	adrp	x9, vectors
	add	x9, x9, :lo12:vectors
	msr	vbar_el1, x9
	isb
.endm

boot:
	mov	x21, x0
	el1_setup

	/* Add the distance between here and the link address to every pointer in initialised data. */
	adrp	x0, _start
	ldr	x1, =LINK_ADDR
	sub	x1, x0, x1
	adrp	x2, __rela_start
	add	x2, x2, :lo12:__rela_start
	adrp	x3, __rela_end
	add	x3, x3, :lo12:__rela_end
1:	cmp	x2, x3
	b.hs	3f
	ldp	x4, x5, [x2], #16		/* offset, info */
	ldr	x6, [x2], #8			/* addend */
	cmp	w5, #R_RELATIVE
	b.ne	1b
	add	x6, x6, x1
	str	x6, [x4, x1]
	b	1b

3:	adrp	x2, __bss_start
	add	x2, x2, :lo12:__bss_start
	adrp	x3, __bss_end
	add	x3, x3, :lo12:__bss_end
4:	cmp	x2, x3
	b.hs	5f
	stp	xzr, xzr, [x2], #16
	b	4b

5:	adrp	x0, cpus
	add	x0, x0, :lo12:cpus
	msr	tpidr_el1, x0
	adrp	x2, stacks + CPU_STACK_SIZE
	add	x2, x2, :lo12:stacks + CPU_STACK_SIZE
	mov	sp, x2
	str	x2, [x0, #CPU_STACK_TOP]
	mov	x29, xzr
	mov	x30, xzr
	mov	x0, x21
	mov	x1, x20
	bl	rt_main
	b	.

	.text
	/* Where CPU_ON sends the others: x0 is the context id, our struct cpu. */
	.globl	secondary_start
secondary_start:
	mov	x19, x0
	el1_setup
	bl	mmu_load
	msr	tpidr_el1, x19
	ldr	x0, [x19, #CPU_STACK_TOP]
	mov	sp, x0
	mov	x29, xzr
	mov	x30, xzr
	mov	x0, x19
	bl	secondary_main
	b	.

	/*
	 * Switch the MMU on with the values mmu_on() left in mmu_regs; nothing to do while they are zero.
	 * Uses x9-x13 only.
	 */
	.globl	mmu_load
mmu_load:
	adrp	x9, mmu_regs
	add	x9, x9, :lo12:mmu_regs
	ldp	x10, x11, [x9]			/* mair, tcr */
	ldp	x12, x13, [x9, #16]		/* ttbr, sctlr */
	cbz	x13, 1f
	msr	mair_el1, x10
	msr	tcr_el1, x11
	msr	ttbr0_el1, x12
	tlbi	vmalle1
	dsb	nsh
	isb
	ic	iallu
	dsb	nsh
	msr	sctlr_el1, x13
	isb
1:	ret

	.bss
	.balign	16
stacks:
	.skip	MAX_CPUS * CPU_STACK_SIZE
	.globl	stacks
