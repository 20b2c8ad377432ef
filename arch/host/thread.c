/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads of the faked machine: contexts of the C library with large stacks of their own, as the
 * sanitizers need more than a thread of the target has. A thread's saved sp is its context.
 */
#include <stdio.h>
#include <stdlib.h>
#include <ucontext.h>
#include "arch/host/host.h"
#include "core/sched.h"

#define FIBER_STACK MiB(1)

#ifdef __has_feature /* clang's way to tell */
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/common_interface_defs.h>
#else
#define __sanitizer_start_switch_fiber(save, bottom, size) ((void)(bottom), (void)(size))
#define __sanitizer_finish_switch_fiber(save, bottom, size) ((void)(bottom), (void)(size))
#endif

struct fiber {
	struct fiber *next; /* of all, to be freed */
	ucontext_t context;
	const void *stack;
	size_t stack_size;
	void (*fn)(void *arg);
	void *arg;
};

static struct fiber boot_fiber; /* whoever called host_init() */
static struct fiber *fibers, *current = &boot_fiber, *left;

void (*host_guest)(struct vcpu *v);
void vcpu_work(struct vcpu *v); /* core/vcpu.h: what the vectors call on the way back to a guest */

static void landed(void)
{
	const void *stack = NULL;
	size_t size = 0;

	__sanitizer_finish_switch_fiber(NULL, &stack, &size);
	if (left == &boot_fiber) {
		boot_fiber.stack = stack;
		boot_fiber.stack_size = size;
	}
}

static void fiber_main(void)
{
	landed();
	if (current->fn != NULL) {
		current->fn(current->arg);
	} else {
		thread_start();
	}
	abort();
}

static struct fiber *fiber_new(void (*fn)(void *arg), void *arg)
{
	struct fiber *f = calloc(1, sizeof(*f));

	f->fn = fn;
	f->arg = arg;
	f->next = fibers;
	fibers = f;
	return f;
}

/* Go on in `f`; what runs now can be come back to. */
static void go(struct fiber *f)
{
	left = current;
	current = f;
	if (f->stack == NULL && f != &boot_fiber) {
		f->stack_size = FIBER_STACK;
		f->stack = malloc(FIBER_STACK);
		getcontext(&f->context);
		f->context.uc_stack.ss_sp = (void *)f->stack;
		f->context.uc_stack.ss_size = FIBER_STACK;
		makecontext(&f->context, fiber_main, 0);
	}
	__sanitizer_start_switch_fiber(NULL, f->stack, f->stack_size);
	swapcontext(&left->context, &f->context);
	landed();
}

void host_threads_reset(void)
{
	if (current != &boot_fiber) {
		fprintf(stderr, "host_init: called by a thread\n");
		abort();
	}
	while (fibers != NULL) {
		struct fiber *f = fibers;

		fibers = f->next;
		free((void *)f->stack);
		free(f);
	}
}

/* ---- arch.h */

u64 arch_thread_sp(void *stack_top)
{
	(void)stack_top;
	return (u64)fiber_new(NULL, NULL);
}

void arch_switch(u64 *from_sp, u64 to_sp)
{
	if (to_sp == 0) {
		fprintf(stderr, "thread switch: this thread has never run\n");
		abort();
	}
	*from_sp = (u64)current;
	go((struct fiber *)to_sp);
}

void arch_stack_call(void *sp, void (*fn)(void *), void *arg)
{
	(void)sp;
	go(fiber_new(fn, arg));
	abort();
}

/* The guest: what host_guest does between its exits. */
void arch_guest_enter(struct vcpu *v)
{
	if (host_guest == NULL) {
		fprintf(stderr, "guest entry: there is no guest\n");
		abort();
	}
	for (;;) {
		host_guest(v);
		vcpu_work(v);
	}
}
