/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See paths.h. The vector leaves its time stamp in TPIDR_EL0, which nothing else uses: zero means "not yet".
 * Where a path has moves and NOPs without purpose, they make its native length that of the benchmark guest whose
 * figures for other hypervisors we compare with.
 */
#define ICC_SGI1R_EL1	S3_0_C12_C11_5

	.text

.macro	call_path name, instruction
	.globl	\name
\name:
	stp	x19, x20, [sp, #-16]!
	mov	x20, x0
	mrs	x19, cntvct_el0
	mov	x0, x20
	mov	x1, xzr
	mov	x2, xzr
	mov	x3, xzr
	.inst	\instruction
	mrs	x20, cntvct_el0
	sub	x0, x20, x19
	sub	x0, x0, #1
	ldp	x19, x20, [sp], #16
	ret
.endm

	call_path path_hvc, 0xd4000002
	call_path path_smc, 0xd4000003

.macro	result				/* from x9 and x10 */
	sub	x0, x10, x9
	sub	x0, x0, #1
	ret
.endm

	.globl	path_read
path_read:
	mrs	x9, cntvct_el0
	add	x2, x0, x1
	ldr	w3, [x2]
	mov	w4, w3
	mrs	x10, cntvct_el0
	result

	.globl	path_read0
path_read0:
	mrs	x9, cntvct_el0
	ldr	w3, [x0]
	mov	w4, w3
	mrs	x10, cntvct_el0
	result

	.globl	path_write
path_write:
	mrs	x9, cntvct_el0
	add	x2, x0, x1
	mov	w3, wzr
	str	w3, [x2]
	mrs	x10, cntvct_el0
	result

	.globl	path_pfr0
path_pfr0:
	mrs	x9, cntvct_el0
	mrs	x1, id_aa64pfr0_el1
	mrs	x10, cntvct_el0
	result

	.globl	path_cntp_ctl
path_cntp_ctl:
	mrs	x9, cntvct_el0
	mrs	x1, cntp_ctl_el0
	mrs	x10, cntvct_el0
	result

.macro	spin				/* until the vector has run; its stamp in x10 */
1:	mrs	x10, tpidr_el0
	cbz	x10, 1b
.endm

/* Called masked: an interrupt between the test and WFI then still ends WFI, and is taken when unmasked. */
.macro	sleep
1:	wfi
	msr	daifclr, #2
	mrs	x10, tpidr_el0
	msr	daifset, #2
	cbz	x10, 1b
	msr	daifclr, #2
.endm

	.globl	path_self_sgi_v3
path_self_sgi_v3:
	msr	tpidr_el0, xzr
	mrs	x9, cntvct_el0
	mov	x1, x0
	mov	x2, x1
	dsb	ishst
	mov	x3, x2
	msr	ICC_SGI1R_EL1, x3
	isb
	spin
	result

	.globl	path_self_sgi_v2
path_self_sgi_v2:
	msr	tpidr_el0, xzr
	mrs	x9, cntvct_el0
	mov	x2, x0
	mov	w3, w1
	dsb	ishst
	mov	x4, x2
	mov	w5, w3
	mov	x6, x4
	mov	w7, w5
	str	w7, [x6]
	spin
	result

	.globl	path_device_irq
path_device_irq:
	msr	tpidr_el0, xzr
	mrs	x9, cntvct_el0
	str	w1, [x0]
	spin
	result

	.globl	path_vtimer_now
path_vtimer_now:
	msr	tpidr_el0, xzr
	mov	x1, #1
	mrs	x9, cntvct_el0
	msr	cntv_cval_el0, x9
	msr	cntv_ctl_el0, x1
	isb
	spin
	result

.macro	vtimer_arm			/* x0 ticks ahead; the deadline in x9 */
	msr	tpidr_el0, xzr
	mov	x1, #1
	mrs	x9, cntvct_el0
	add	x9, x9, x0
	msr	cntv_cval_el0, x9
	msr	cntv_ctl_el0, x1
	isb
.endm

	.globl	path_vtimer_spin
path_vtimer_spin:
	vtimer_arm
	spin
	sub	x0, x10, x9
	ret

	.globl	path_vtimer_wfi
path_vtimer_wfi:
	msr	daifset, #2
	vtimer_arm
	sleep
	sub	x0, x10, x9
	ret

	.globl	path_ipi_v3
path_ipi_v3:
	msr	daifset, #2
	msr	tpidr_el0, xzr
	mrs	x9, cntvct_el0
	dsb	ishst
	.rept	8
	nop
	.endr
	msr	ICC_SGI1R_EL1, x0
	isb
	sleep
	mov	x0, x9
	ret

	.globl	path_ipi_v2
path_ipi_v2:
	msr	daifset, #2
	msr	tpidr_el0, xzr
	mrs	x9, cntvct_el0
	dsb	ishst
	.rept	11
	nop
	.endr
	str	w1, [x0]
	sleep
	mov	x0, x9
	ret

	.globl	path_wait
path_wait:
	msr	daifset, #2
	sleep
	msr	tpidr_el0, xzr
	mov	x0, x10
	ret

	/* Only the IRQ slot of the current level measures; all others are the runtime's. */
	.balign	0x800
	.globl	bench_vectors
bench_vectors:
	.irp	offset, 0x000, 0x080, 0x100, 0x180, 0x200
	.balign	0x80
	b	vectors + \offset
	.endr
	.balign	0x80
	stp	x0, x1, [sp, #-16]!
	mrs	x0, cntvct_el0
	msr	tpidr_el0, x0
	ldp	x0, x1, [sp], #16
	b	vectors + 0x280
	.irp	offset, 0x300, 0x380, 0x400, 0x480, 0x500, 0x580, 0x600, 0x680, 0x700, 0x780
	.balign	0x80
	b	vectors + \offset
	.endr
	.balign	0x80
