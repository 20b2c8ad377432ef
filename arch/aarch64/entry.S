/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exception vectors of EL2 (ARM ARM D1.3.1) and the way into guests.
 *
 * While a guest runs SP_EL2 points at its struct vcpu, the base of the vCPU's
 * EL2 stack: registers are stored with immediate offsets, C runs below, and
 * x0 = sp is the vCPU.
 */
#include "arch/aarch64/layout.h"
#include "core/spec/vcpu_frame.h"

/* The benchmark build times how long interrupts stay masked; x0-x18 and x30 are free where these stand. */
#ifdef QUOIN_BENCH
	.macro	note_masked
	bl	masked_begin
	.endm
	.macro	note_unmasked
	bl	masked_end
	.endm
#else
	.macro	note_masked
	.endm
	.macro	note_unmasked
	.endm
#endif

	/* What C may change, and what it keeps: saved with stp, str, restored with ldp, ldr. */
	.macro	caller_regs pair, one
	\pair	x0, x1, [sp, #VCPU_X(0)]
	\pair	x2, x3, [sp, #VCPU_X(2)]
	x4_to_x30 \pair, \one
	.endm

	.macro	x4_to_x30 pair, one
	\pair	x4, x5, [sp, #VCPU_X(4)]
	\pair	x6, x7, [sp, #VCPU_X(6)]
	\pair	x8, x9, [sp, #VCPU_X(8)]
	\pair	x10, x11, [sp, #VCPU_X(10)]
	\pair	x12, x13, [sp, #VCPU_X(12)]
	\pair	x14, x15, [sp, #VCPU_X(14)]
	\pair	x16, x17, [sp, #VCPU_X(16)]
	\one	x18, [sp, #VCPU_X(18)]
	\one	x30, [sp, #VCPU_X(30)]
	.endm

	.macro	callee_regs pair, one
	\pair	x19, x20, [sp, #VCPU_X(19)]
	\pair	x21, x22, [sp, #VCPU_X(21)]
	\pair	x23, x24, [sp, #VCPU_X(23)]
	\pair	x25, x26, [sp, #VCPU_X(25)]
	\pair	x27, x28, [sp, #VCPU_X(27)]
	\one	x29, [sp, #VCPU_X(29)]
	.endm

	/* Nothing behind an eret is executed, not even speculatively. */
	.macro	guest_eret
	eret
	dsb	nsh
	isb
	.endm

	/* A synchronous exit: every register is saved, since a handler may want any of them. */
	.macro	guest_sync_body
	caller_regs stp, str
	callee_regs stp, str
	note_masked
	mov	x0, sp
	bl	exit_sync
	b	guest_resume
	.endm

	/* An interrupt: C keeps x19-x29 by itself. */
	.macro	guest_irq_body
	caller_regs stp, str
	note_masked
	mov	x0, sp
	bl	irq_guest
	ldr	w1, [sp, #VCPU_WORK]
	cbnz	w1, guest_irq_work
	note_unmasked
	caller_regs ldp, ldr
	guest_eret
	.endm

	/* Between two vector tables, where the first half of the second has no entries. */
	.section .text.vectors, "ax"
	.subsection 1
	.balign	64
guest_sync:
	guest_sync_body
	/* Callee-saved registers are reloaded: an emulated load may have changed them. */
	.global guest_resume
guest_resume:
	ldr	w1, [sp, #VCPU_WORK]
	cbnz	w1, guest_work
	note_unmasked
	callee_regs ldp, ldr
	caller_regs ldp, ldr
	guest_eret

guest_irq:
	guest_irq_body

guest_irq_work:
	callee_regs stp, str
guest_work:
	mov	x0, sp
	bl	vcpu_work
	b	guest_resume

guest_serror:
	caller_regs stp, str
	callee_regs stp, str
	note_masked
	mov	x0, sp
	bl	exit_serror
	b	guest_resume

	.section .text, "ax"
/* EL2 itself was running: an EL2 thread, interrupts on. */
el2_irq:
	sub	sp, sp, #192
	stp	x0, x1, [sp, #0]
	stp	x2, x3, [sp, #16]
	stp	x4, x5, [sp, #32]
	stp	x6, x7, [sp, #48]
	stp	x8, x9, [sp, #64]
	stp	x10, x11, [sp, #80]
	stp	x12, x13, [sp, #96]
	stp	x14, x15, [sp, #112]
	stp	x16, x17, [sp, #128]
	stp	x18, x30, [sp, #144]
	mrs	x0, elr_el2
	mrs	x1, spsr_el2
	stp	x0, x1, [sp, #160]
	note_masked
	bl	irq_el2
	note_unmasked
	ldp	x0, x1, [sp, #160]
	msr	elr_el2, x0
	msr	spsr_el2, x1
	ldp	x2, x3, [sp, #16]
	ldp	x4, x5, [sp, #32]
	ldp	x6, x7, [sp, #48]
	ldp	x8, x9, [sp, #64]
	ldp	x10, x11, [sp, #80]
	ldp	x12, x13, [sp, #96]
	ldp	x14, x15, [sp, #112]
	ldp	x16, x17, [sp, #128]
	ldp	x18, x30, [sp, #144]
	ldp	x0, x1, [sp, #0]
	add	sp, sp, #192
	guest_eret

/* EL2 took an exception it must never take: say which, on a stack known to be good. */
	.macro	fatal kind
	msr	daifset, #0xf
	mov	x9, sp
	ldr	x10, =fatal_stack_top
	mov	sp, x10
	sub	sp, sp, #272
	stp	x0, x1, [sp, #0]
	stp	x2, x3, [sp, #16]
	stp	x4, x5, [sp, #32]
	stp	x6, x7, [sp, #48]
	stp	x19, x20, [sp, #64]
	stp	x29, x30, [sp, #80]
	mov	x0, #\kind
	mov	x1, x9
	mov	x2, sp
	bl	el2_fatal
	b	.
	.endm

	/* In an arch_try()? Then that returns. The stack is not touched: it may be what is wrong. */
	.macro	give_up_try far
	mrs	x9, tpidr_el2
	add	x10, x9, #PERCPU_TRIED
	ldr	x9, [x9, #PERCPU_CURRENT]
	cbz	x9, 1f
	add	x10, x9, #THREAD_TRIED
1:	ldr	x10, [x10]
	cbz	x10, 2f
	\far
	ldr	x1, =arch_tried_at
	str	x0, [x1]
	mov	sp, x10
	mov	w0, #-14		// -EFAULT
	b	try_over
2:
	.endm

	/* At EL1, where only boot code is that says so, there is nothing better to do. */
	.macro	at_el2
	mrs	x9, currentel
	cmp	x9, #(2 << 2)
	b.ne	park_not_el2
	.endm

fatal_sync:
	at_el2
	mrs	x9, esr_el2
	lsr	x10, x9, #26
	cbz	x10, 3f			// not an instruction here: SMC without EL3
	cmp	x10, #0x25		// data abort of EL2
	b.ne	4f
	and	x10, x9, #0x3f
	cmp	x10, #0x10		// external abort
	b.eq	3f
	cmp	x10, #0x21		// alignment
	b.ne	4f
3:	give_up_try "mrs x0, far_el2"
4:	fatal	0
fatal_serror:
	at_el2
	give_up_try "mov x0, #-1"
	fatal	1
fatal_other:
	fatal	2
	.ltorg

/* int try_call(int (*fn)(void *), void *arg, u64 *tried): arch_try() */
	.global try_call
try_call:
	sub	sp, sp, #128
	stp	x19, x20, [sp, #0]
	stp	x21, x22, [sp, #16]
	stp	x23, x24, [sp, #32]
	stp	x25, x26, [sp, #48]
	stp	x27, x28, [sp, #64]
	stp	x29, x30, [sp, #80]
	mrs	x3, daif
	ldr	x4, [x2]
	stp	x2, x3, [sp, #96]
	str	x4, [sp, #112]
	mov	x3, sp
	str	x3, [x2]
	mov	x3, x0
	mov	x0, x1
	blr	x3
	/* What was written may come back as an SError: masked here, so it waits for being let in. */
	dsb	sy
	mrs	x1, isr_el1
	tbz	x1, #8, try_over
	msr	daifclr, #4
	isb
try_over:
	ldp	x2, x3, [sp, #96]
	ldr	x4, [sp, #112]
	str	x4, [x2]
	msr	daif, x3
	ldp	x19, x20, [sp, #0]
	ldp	x21, x22, [sp, #16]
	ldp	x23, x24, [sp, #32]
	ldp	x25, x26, [sp, #48]
	ldp	x27, x28, [sp, #64]
	ldp	x29, x30, [sp, #80]
	add	sp, sp, #128
	ret

/* void arch_switch(u64 *from_sp, u64 to_sp) */
	.global arch_switch
arch_switch:
	sub	sp, sp, #96
	stp	x19, x20, [sp, #0]
	stp	x21, x22, [sp, #16]
	stp	x23, x24, [sp, #32]
	stp	x25, x26, [sp, #48]
	stp	x27, x28, [sp, #64]
	stp	x29, x30, [sp, #80]
	mov	x2, sp
	str	x2, [x0]
	mov	sp, x1
	ldp	x19, x20, [sp, #0]
	ldp	x21, x22, [sp, #16]
	ldp	x23, x24, [sp, #32]
	ldp	x25, x26, [sp, #48]
	ldp	x27, x28, [sp, #64]
	ldp	x29, x30, [sp, #80]
	add	sp, sp, #96
	ret

/* void arch_stack_call(void *sp, void (*fn)(void *), void *arg): never returns */
	.global arch_stack_call
arch_stack_call:
	mov	sp, x0
	mov	x29, xzr
	mov	x30, xzr
	mov	x0, x2
	br	x1

/* void arch_guest_enter(struct vcpu *v): drop the EL2 stack, become the guest */
	.global arch_guest_enter
arch_guest_enter:
	mov	sp, x0
	b	guest_resume

	/*
	 * Exits of a CPU that traces, from the hardened vectors, which have saved x0-x3. The other exits
	 * do not know of it. All registers are saved, for one way back.
	 */
	.macro	traced handler
	x4_to_x30 stp, str
	callee_regs stp, str
	note_masked
	mov	x0, sp
	bl	\handler
	.endm

	.section .text.vectors, "ax"
	.subsection 1
guest_serror_traced:
	traced	trace_serror
	b	guest_resume_traced
guest_irq_traced:
	traced	trace_irq
	b	guest_resume_traced
guest_work_traced:
	mov	x0, sp
	bl	vcpu_work
	b	guest_resume_traced
guest_sync_traced:
	traced	trace_sync
guest_resume_traced:
	ldr	w1, [sp, #VCPU_WORK]
	cbnz	w1, guest_work_traced
	mov	x0, sp
	bl	trace_entry
	note_unmasked
	callee_regs ldp, ldr
	caller_regs ldp, ldr
	guest_eret
	.if	. - guest_sync > 1024
	.error	"vectors_probe is out of place"
	.endif

	.macro	vector target
	.balign	128
	b	\target
	.endm

	/*
	 * Entry with the branch history and, where the core needs it, the branch predictor made harmless
	 * first, as struct hardening of this CPU says (arch/aarch64/mitigations.c). The branches in here
	 * may be mispredicted; what they guard completes before anything behind the barriers executes.
	 */
	.macro	hard_vector target
	.balign	128
	stp	x0, x1, [sp, #VCPU_X(0)]
	stp	x2, x3, [sp, #VCPU_X(2)]
	mrs	x2, tpidr_el2
	ldp	w1, w0, [x2]		// loop, fid
	hint	#22			// CLRBHB; a NOP where it is not implemented
	cbz	w1, 3f
1:	b	2f
2:	subs	w1, w1, #1
	b.ne	1b
3:	cbz	w0, 4f
	tbnz	w0, #HARDENING_TRACE_BIT, 5f
	smc	#0			// SMCCC 1.1: changes x0-x3 at most
4:	dsb	nsh
	isb
	ldp	x2, x3, [sp, #VCPU_X(2)]
	ldp	x0, x1, [sp, #VCPU_X(0)]
	b	\target
5:	and	w0, w0, #~(1 << HARDENING_TRACE_BIT)
	cbz	w0, 6f
	smc	#0
6:	dsb	nsh
	isb
	b	\target\()_traced
	.endm

	.section .text.vectors, "ax"
	.subsection 0
	.balign	2048
	.global vectors
vectors:
	vector	fatal_other	// current EL, SP_EL0: never used
	vector	fatal_other
	vector	fatal_other
	vector	fatal_other
	vector	fatal_sync	// current EL, SP_EL2
	vector	el2_irq
	vector	el2_irq
	vector	fatal_serror
	vector	guest_sync	// lower EL, AArch64
	vector	guest_irq
	vector	guest_irq
	vector	guest_serror
	vector	guest_sync	// lower EL, AArch32 (guest EL0)
	vector	guest_irq
	vector	guest_irq
	vector	guest_serror

	.balign	2048
	.global vectors_hard
vectors_hard:
	vector	fatal_other
	vector	fatal_other
	vector	fatal_other
	vector	fatal_other
	vector	fatal_sync
	vector	el2_irq
	vector	el2_irq
	vector	fatal_serror
	hard_vector guest_sync
	hard_vector guest_irq
	hard_vector guest_irq
	hard_vector guest_serror
	hard_vector guest_sync
	hard_vector guest_irq
	hard_vector guest_irq
	hard_vector guest_serror

	/*
	 * u64 arch_isr_at_el1(pa_t code): ISR_EL1 as EL1 sees it, read with the MMU off at `code`, the physical
	 * address of isr_at_el1, again and again until it shows an interrupt. The way back is the trap of an ID
	 * register. Only x0, x1 and x9 to x11 change.
	 */
	.section .text, "ax"
	.global arch_isr_at_el1
arch_isr_at_el1:
	mrs	x9, vbar_el2
	ldr	x10, =vectors_probe
	mov	x11, #0x3c5		// EL1h, all masked
	msr	vbar_el2, x10
	msr	spsr_el2, x11
	msr	elr_el2, x0
	isb
	guest_eret
	.global isr_at_el1
isr_at_el1:
	mov	w1, #10000
1:	mrs	x0, isr_el1
	cbnz	x0, 2f
	subs	w1, w1, #1
	b.ne	1b
2:	mrs	x1, id_aa64mmfr0_el1
	b	2b
probe_back:
	msr	vbar_el2, x9
	isb
	ret
	.ltorg

	/* Only the entries from EL1 are there, in front of them the way into guests. */
	.section .text.vectors, "ax"
	.subsection 2
	.balign	1024
1:	.global vectors_probe
	.equ	vectors_probe, 1b - 0x400
	.rept	4
	vector	probe_back
	.endr

	.section .bss.stack, "aw", %nobits
	.balign	16
fatal_stack:
	.space	8192
	.global fatal_stack_top
fatal_stack_top:
