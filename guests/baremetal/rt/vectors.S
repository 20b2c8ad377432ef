/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The exception vector table (ARM ARM D1.3.2): sixteen slots, one way in. Every slot saves the general
 * registers in a struct trap_frame (trap.h) and calls trap_dispatch(frame, slot number). FP registers are not
 * touched: the runtime is compiled without them.
 */
#define FRAME_SIZE	288

.macro	slot	number
	.balign	0x80
	sub	sp, sp, #FRAME_SIZE
	stp	x0, x1, [sp]
	mov	x1, #\number
	b	trap_entry
.endm

	.text
	.balign	0x800
	.globl	vectors
vectors:
	slot	0
	slot	1
	slot	2
	slot	3
	slot	4
	slot	5
	slot	6
	slot	7
	slot	8
	slot	9
	slot	10
	slot	11
	slot	12
	slot	13
	slot	14
	slot	15
	.balign	0x80

trap_entry:
	stp	x2, x3, [sp, #16]
	stp	x4, x5, [sp, #32]
	stp	x6, x7, [sp, #48]
	stp	x8, x9, [sp, #64]
	stp	x10, x11, [sp, #80]
	stp	x12, x13, [sp, #96]
	stp	x14, x15, [sp, #112]
	stp	x16, x17, [sp, #128]
	stp	x18, x19, [sp, #144]
	stp	x20, x21, [sp, #160]
	stp	x22, x23, [sp, #176]
	stp	x24, x25, [sp, #192]
	stp	x26, x27, [sp, #208]
	stp	x28, x29, [sp, #224]
	mrs	x2, elr_el1
	mrs	x3, spsr_el1
	mrs	x4, esr_el1
	mrs	x5, far_el1
	stp	x30, x2, [sp, #240]
	stp	x3, x4, [sp, #256]
	str	x5, [sp, #272]
	mov	x0, sp
	bl	trap_dispatch

	ldp	x30, x2, [sp, #240]
	ldr	x3, [sp, #256]
	msr	elr_el1, x2
	msr	spsr_el1, x3
	ldp	x28, x29, [sp, #224]
	ldp	x26, x27, [sp, #208]
	ldp	x24, x25, [sp, #192]
	ldp	x22, x23, [sp, #176]
	ldp	x20, x21, [sp, #160]
	ldp	x18, x19, [sp, #144]
	ldp	x16, x17, [sp, #128]
	ldp	x14, x15, [sp, #112]
	ldp	x12, x13, [sp, #96]
	ldp	x10, x11, [sp, #80]
	ldp	x8, x9, [sp, #64]
	ldp	x6, x7, [sp, #48]
	ldp	x4, x5, [sp, #32]
	ldp	x2, x3, [sp, #16]
	ldp	x0, x1, [sp]
	add	sp, sp, #FRAME_SIZE
	eret
