/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Firmware for QEMU virt with secure=on, run from its flash at 0: what PSCI and SMCCC need of EL3 (DEN 0022,
 * DEN 0028), with the speculation workarounds, which only count how often they are called. WA1 and WA3 are what
 * SMCCC_ARCH_FEATURES says of them. SYSTEM_OFF prints the counts.
 */
#define IMAGE 0x40200000
#define TREE 0x48000000
#define UART 0x09000000
#define GICD 0x08000000
#define SECRAM 0x0e000000	/* 64 bytes a CPU: entry, context; counts of 1 and 3 */
#define STACK 0x0e010000

	.text
	.global _start
_start:
	adr	x1, vectors
	msr	vbar_el3, x1
	mov	x1, #0x531		// SCR_EL3: NS, RES1, HCE, RW; FIQ and IRQ are the lower levels'
	msr	scr_el3, x1
	msr	cptr_el3, xzr
	mov	x1, #0xf
	msr	S3_6_C12_C12_5, x1	// ICC_SRE_EL3
	isb
	mrs	x1, mpidr_el1
	and	x1, x1, #0xff
	ldr	x2, =SECRAM
	add	x2, x2, x1, lsl #6
	stp	xzr, xzr, [x2]
	stp	xzr, xzr, [x2, #16]
	ldr	x3, =STACK
	add	x3, x3, x1, lsl #8
	add	sp, x3, #256
	cbz	x1, 2f
1:	wfe
	ldp	x3, x0, [x2]
	cbz	x3, 1b
	b	3f
2:	ldr	x4, =GICD
	mov	w5, #0x30		// affinity routing, both states
	str	w5, [x4]
	mov	w5, #0x70		// and from here on only one
	str	w5, [x4]
	ldr	x3, =IMAGE
	ldr	x0, =TREE
3:	msr	elr_el3, x3
	mov	x1, #0x3c9		// EL2h, masked
	msr	spsr_el3, x1
	mov	x1, xzr
	mov	x2, xzr
	mov	x3, xzr
	eret

	.macro	is fid, label
	ldr	w4, =\fid
	cmp	w0, w4
	b.eq	\label
	.endm

smc:
	stp	x4, x5, [sp, #-16]!
	mrs	x5, mpidr_el1
	and	x5, x5, #0xff
	ldr	x4, =SECRAM
	add	x5, x4, x5, lsl #6
	is	0x80008000, wa1
	is	0x80003fff, wa3
	is	0x84000000, version
	is	0x8400000a, features
	is	0x80000000, smccc
	is	0x80000001, arch
	is	0xc4000003, cpu_on
	is	0x84000008, off
unknown:
	mov	x0, #-1
	b	done
wa1:	ldr	x4, [x5, #16]
	add	x4, x4, #1
	str	x4, [x5, #16]
	b	clobber
wa3:	ldr	x4, [x5, #24]
	add	x4, x4, #1
	str	x4, [x5, #24]
clobber:				// as the convention allows
	mov	x0, #0x1111
	mov	x1, #0x2222
	mov	x2, #0x3333
	mov	x3, #0x4444
	b	done
version:
	ldr	w0, =0x10001
	b	done
smccc:	ldr	w0, =0x10002
	b	done
features:
	mov	x0, #0
	b	done
arch:	mov	w0, w1
	is	0x80008000, 1f
	is	0x80003fff, 2f
	b	unknown
1:	mov	x0, #WA1
	b	done
2:	mov	x0, #WA3
	b	done
cpu_on:	and	x1, x1, #0xff
	ldr	x4, =SECRAM
	add	x4, x4, x1, lsl #6
	str	x3, [x4, #8]
	dsb	sy
	str	x2, [x4]
	dsb	sy
	sev
	mov	x0, #0
done:	ldp	x4, x5, [sp], #16
	eret

off:	mov	x4, #0			// the sum over 8 CPUs, as "\nEL3: 1 XXXXXXXX 3 XXXXXXXX\n"
	mov	x6, #0
	mov	x7, #0
	ldr	x5, =SECRAM
1:	ldp	x8, x9, [x5, #16]
	add	x6, x6, x8
	add	x7, x7, x9
	add	x5, x5, #64
	add	x4, x4, #1
	cmp	x4, #8
	b.ne	1b
	ldr	x5, =UART
	adr	x1, text
	bl	puts
	mov	x2, x6
	bl	hex
	bl	puts
	mov	x2, x7
	bl	hex
	bl	puts
	mov	w0, #0x18		// semihosting: exit
	adr	x1, exit
	hlt	#0xf000
	b	.
puts:	ldrb	w0, [x1], #1
	cbz	w0, 1f
	strb	w0, [x5]
	b	puts
1:	ret
hex:	mov	w3, #8
1:	ror	w2, w2, #28
	and	w0, w2, #0xf
	cmp	w0, #10
	add	w8, w0, #'0'
	add	w9, w0, #'a' - 10
	csel	w0, w8, w9, lo
	strb	w0, [x5]
	subs	w3, w3, #1
	b.ne	1b
	ret
text:	.asciz	"\nEL3: 1 "
	.asciz	" 3 "
	.asciz	"\n"
	.balign	8
exit:	.quad	0x20026, 0
	.ltorg

	.balign	2048
vectors:
	.rept	8
	.balign	128
	b	.
	.endr
	.balign	128
	b	smc
