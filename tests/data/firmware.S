/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Firmware for QEMU's virt with secure=on that is wrong in one way, or none: it starts at EL3 on every CPU, at 0.
 * The word at DEED says which way; the image is at IMAGE, the device tree at TREE.
 */
#define DEED 0x4ff00000
#define TABLE 0x4ff10000
#define MAIL 0x4ff20000		/* 32 bytes a CPU: entry, argument, SPSR */
#define IMAGE 0x50200000
#define TREE 0x4f000000
#define HZ 62500000
#define EL2H 0x3c9
#define EL1H 0x3c5

#define CPU_SILENT 1		/* CPU_ON of CPU 1: success, and nothing happens */
#define CPU_REFUSED 2		/* -6 */
#define CPU_AT_EL1 3
#define CPU_LATE 4		/* after 3 seconds */
#define NO_FREQUENCY 5		/* CNTFRQ_EL0 is 0 */
#define MMU_ON 6		/* as U-Boot's `go` */
#define JUNK 7			/* no device tree, x0 is 1 */
#define JUNK_HOLE 8		/* x0 is where nothing is */
#define TO_EL1 9
#define TO_EL3 10
#define NO_TIMER 11		/* the timer's interrupt is the secure world's */

	.section .text
	.global _start
_start:
	b	start
	.balign	2048
vectors:
	.space	0x400
	/* A call from below: w0. */
	mov	x4, #0x84000000
	cmp	w0, w4
	b.ne	1f
	mov	w0, #2
	movk	w0, #1, lsl #16
	eret
1:	mov	w4, #3
	movk	w4, #0xc400, lsl #16
	cmp	w0, w4
	b.eq	cpu_on
	mov	x0, #-1
	eret

cpu_on:
	ldr	x4, =MAIL
	and	x5, x1, #0xff
	lsl	x6, x5, #5
	add	x4, x4, x6
	mov	x7, #EL2H
	ldr	x6, =DEED
	ldr	w6, [x6]
	cmp	x5, #1
	b.ne	2f
	cmp	w6, #CPU_SILENT
	b.eq	3f
	cmp	w6, #CPU_REFUSED
	mov	x0, #-6
	b.eq	4f
	cmp	w6, #CPU_AT_EL1
	mov	x8, #EL1H
	csel	x7, x8, x7, eq
2:	stp	x3, x7, [x4, #8]
	dsb	sy
	str	x2, [x4]
	dsb	sy
	sev
3:	mov	x0, #0
4:	eret

start:
	ldr	x0, =vectors
	msr	vbar_el3, x0
	mov	x0, #0x531		// RW, HCE, NS
	msr	scr_el3, x0
	msr	cptr_el3, xzr
	ldr	x10, =DEED
	ldr	w10, [x10]
	ldr	x0, =HZ
	cmp	w10, #NO_FREQUENCY
	csel	x0, xzr, x0, eq
	msr	cntfrq_el0, x0
	mov	x0, #0xf
	msr	S3_6_C12_C12_5, x0	// ICC_SRE_EL3
	isb
	mrs	x5, mpidr_el1
	and	x5, x5, #0xff
	/* This CPU's interrupts are not secure. */
	ldr	x0, =0x080a0000
	add	x0, x0, x5, lsl #17
	str	wzr, [x0, #0x14]	// GICR_WAKER
	add	x0, x0, #0x10000
	mov	w1, #-1
	cmp	w10, #NO_TIMER
	mov	w2, #~(1 << 26)
	csel	w1, w2, w1, eq
	str	w1, [x0, #0x80]
	str	wzr, [x0, #0xd00]
	cbnz	x5, secondary

	ldr	x0, =0x08000000
	mov	w1, #0x30		// GICD_CTLR: ARE_S, ARE_NS
	str	w1, [x0]
	mov	w1, #-1
	add	x2, x0, #0x84
	add	x3, x0, #0x100
1:	str	w1, [x2], #4
	cmp	x2, x3
	b.lo	1b
	ldr	x4, =IMAGE
	ldr	x0, =TREE
	mov	x7, #EL2H
	cmp	w10, #TO_EL1
	mov	x8, #EL1H
	csel	x7, x8, x7, eq
	cmp	w10, #JUNK
	mov	x8, #1
	csel	x0, x8, x0, eq
	cmp	w10, #JUNK_HOLE
	mov	x8, #0x0b000000
	csel	x0, x8, x0, eq
	cmp	w10, #TO_EL3
	b.ne	2f
	br	x4
2:	cmp	w10, #MMU_ON
	b.ne	leave
	/* Identity, blocks of 1 GiB: devices, then RAM. */
	ldr	x1, =TABLE
	ldr	x2, =0x0060000000000401
	ldr	x3, =0x40000705
	stp	x2, x3, [x1]
	stp	xzr, xzr, [x1, #16]
	msr	ttbr0_el2, x1
	ldr	x2, =0xff00
	msr	mair_el2, x2
	ldr	x2, =0x80823520		// T0SZ 32, 4 KiB, 40 bits
	msr	tcr_el2, x2
	ldr	x2, =0x30c51835
	msr	sctlr_el2, x2
	tlbi	alle2
	dsb	sy
	isb
leave:
	msr	elr_el3, x4
	msr	spsr_el3, x7
	ldr	x1, =0x30d00800		// SCTLR_EL1: off
	msr	sctlr_el1, x1
	mov	x1, #0x80000000
	msr	hcr_el2, x1
	isb
	eret

secondary:
	ldr	x6, =MAIL
	add	x6, x6, x5, lsl #5
1:	wfe
	ldr	x4, [x6]
	cbz	x4, 1b
	ldp	x0, x7, [x6, #8]
	cmp	w10, #CPU_LATE
	ccmp	x5, #1, #0, eq
	b.ne	leave
	mrs	x1, cntpct_el0
	ldr	x2, =HZ * 3
	add	x1, x1, x2
2:	mrs	x2, cntpct_el0
	cmp	x2, x1
	b.lo	2b
	b	leave
	.ltorg
