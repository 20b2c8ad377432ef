/* SPDX-License-Identifier: Apache-2.0 */
/*
 * void debug_write(const u64 bp[16][2], u64 breakpoints, const u64 wp[16][2], u64 watchpoints):
 * values and controls of the first so many (ARM ARM D24.3, DBGBVR<n>_EL1 and its kin), which have no
 * number that a program could compute: a jump into the middle of a list.
 */
	.section .text.debug_write, "ax"

	.macro	each base, value, control
	.set	n, 15
	.rept	16
	each_one %n, \base, \value, \control
	.set	n, n - 1
	.endr
	.endm
	.altmacro
	.macro	each_one number, base, value, control
	ldp	x6, x7, [\base, #16 * \number]
	msr	S2_0_C0_C\number\()_\value, x6
	msr	S2_0_C0_C\number\()_\control, x7
	.endm

	.global debug_write
debug_write:
	adr	x4, 1f
	add	x5, x1, x1, lsl #1
	sub	x4, x4, x5, lsl #2	// 12 bytes each
	br	x4
	each	x0, 4, 5
1:	adr	x4, 2f
	add	x5, x3, x3, lsl #1
	sub	x4, x4, x5, lsl #2
	br	x4
	each	x2, 6, 7
2:	ret
