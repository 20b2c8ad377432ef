/* SPDX-License-Identifier: Apache-2.0 */
/* void fp_fill(u64 seed), u64 fp_check(u64 seed): vN holds seed + N in its lower and ~(seed + N) in its upper half. */
	.text
	.globl	fp_fill
fp_fill:
	.irp	n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	add	x1, x0, #\n
	mvn	x2, x1
	fmov	d\n, x1
	fmov	v\n\().d[1], x2
	.endr
	ret

	.globl	fp_check
fp_check:
	mov	x5, #0
	.irp	n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	add	x1, x0, #\n
	mvn	x2, x1
	fmov	x3, d\n
	fmov	x4, v\n\().d[1]
	cmp	x3, x1
	ccmp	x4, x2, #0, eq
	cinc	x5, x5, ne
	.endr
	mov	x0, x5
	ret

	.globl	fp_any
fp_any:
	mov	x0, #0
	.irp	n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	fmov	x1, d\n
	fmov	x2, v\n\().d[1]
	orr	x0, x0, x1
	orr	x0, x0, x2
	.endr
	ret
