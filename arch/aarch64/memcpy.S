/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memcpy with general registers only, takes the place of newlib's: what devices copy is long, and an
 * instruction pair moves 16 bytes, so the loop has to cost next to nothing: 62 instructions for 480 bytes.
 * Up to 128 bytes are all loaded before they are stored. Loads need not be aligned; the long loop's stores are.
 */
	/* Up to six pairs at those offsets from the last piece's start, which the pointers are 480 past. */
	.macro	six a, b, c, d, e, f
	ldp	x6, x7, [x1, #\a - 480]
	ldp	x8, x9, [x1, #\b - 480]
	ldp	x10, x11, [x1, #\c - 480]
	ldp	x12, x13, [x1, #\d - 480]
	ldp	x14, x15, [x1, #\e - 480]
	.ifnb	\f
	ldp	x16, x17, [x1, #\f - 480]
	.endif
	stp	x6, x7, [x3, #\a - 480]
	stp	x8, x9, [x3, #\b - 480]
	stp	x10, x11, [x3, #\c - 480]
	stp	x12, x13, [x3, #\d - 480]
	stp	x14, x15, [x3, #\e - 480]
	.ifnb	\f
	stp	x16, x17, [x3, #\f - 480]
	.endif
	.endm

	.section .text.memcpy, "ax"
	.balign 16
	.global memcpy
	.type memcpy, %function
memcpy:
	add	x4, x1, x2
	add	x5, x0, x2
	cmp	x2, #16
	b.hs	2f
	/* 0 to 15: two overlapping pieces */
	tbz	x2, #3, 1f
	ldr	x6, [x1]
	ldur	x7, [x4, #-8]
	str	x6, [x0]
	stur	x7, [x5, #-8]
	ret
1:	tbz	x2, #2, 1f
	ldr	w6, [x1]
	ldur	w7, [x4, #-4]
	str	w6, [x0]
	stur	w7, [x5, #-4]
	ret
1:	cbz	x2, 1f
	lsr	x8, x2, #1
	ldrb	w6, [x1]
	ldurb	w7, [x4, #-1]
	ldrb	w9, [x1, x8]
	strb	w6, [x0]
	strb	w9, [x0, x8]
	sturb	w7, [x5, #-1]
1:	ret
	/* 16 to 128: 16, 32, 64 from both ends */
2:	ldp	x6, x7, [x1]
	ldp	x8, x9, [x4, #-16]
	cmp	x2, #128
	b.hi	4f
	cmp	x2, #32
	b.ls	3f
	ldp	x10, x11, [x1, #16]
	ldp	x12, x13, [x4, #-32]
	cmp	x2, #64
	b.ls	2f
	ldp	x14, x15, [x1, #32]
	ldp	x16, x17, [x1, #48]
	ldp	x2, x3, [x4, #-64]
	ldp	x1, x4, [x4, #-48]
	stp	x14, x15, [x0, #32]
	stp	x16, x17, [x0, #48]
	stp	x2, x3, [x5, #-64]
	stp	x1, x4, [x5, #-48]
2:	stp	x10, x11, [x0, #16]
	stp	x12, x13, [x5, #-32]
3:	stp	x6, x7, [x0]
	stp	x8, x9, [x5, #-16]
	ret
4:	sub	x3, x1, x0
	cmp	x3, x2
	b.lo	9f
	/* The first 16, then from an aligned place on; the last 64 overlap what was copied before them. */
	stp	x6, x7, [x0]
	and	x3, x0, #15
	sub	x1, x1, x3
	bic	x3, x0, #15
	add	x1, x1, #16
	add	x3, x3, #16
	sub	x2, x5, x3
	subs	x2, x2, #480
	b.lo	6f
5:	ldp	x6, x7, [x1], #480
	stp	x6, x7, [x3], #480
	six	16, 32, 48, 64, 80, 96
	six	112, 128, 144, 160, 176, 192
	six	208, 224, 240, 256, 272, 288
	six	304, 320, 336, 352, 368, 384
	six	400, 416, 432, 448, 464
	subs	x2, x2, #480
	b.hs	5b
6:	adds	x2, x2, #416 /* what is left, less 64 */
	b.le	8f
7:	ldp	x6, x7, [x1], #64
	ldp	x8, x9, [x1, #-48]
	ldp	x10, x11, [x1, #-32]
	ldp	x12, x13, [x1, #-16]
	stp	x6, x7, [x3], #64
	stp	x8, x9, [x3, #-48]
	stp	x10, x11, [x3, #-32]
	stp	x12, x13, [x3, #-16]
	subs	x2, x2, #64
	b.gt	7b
8:	ldp	x6, x7, [x4, #-64]
	ldp	x8, x9, [x4, #-48]
	ldp	x10, x11, [x4, #-32]
	ldp	x12, x13, [x4, #-16]
	stp	x6, x7, [x5, #-64]
	stp	x8, x9, [x5, #-48]
	stp	x10, x11, [x5, #-32]
	stp	x12, x13, [x5, #-16]
	ret
	/* Down by less than the length: memmove() relies on it. */
9:	mov	x3, x0
10:	ldp	x6, x7, [x1], #16
	stp	x6, x7, [x3], #16
	sub	x2, x2, #16
	cmp	x2, #16
	b.hs	10b
	cbz	x2, 12f
11:	ldrb	w6, [x1], #1
	strb	w6, [x3], #1
	subs	x2, x2, #1
	b.ne	11b
12:	ret
	.size memcpy, . - memcpy
