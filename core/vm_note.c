/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines about what a guest does. They are wanted on the exit path, where interrupts are masked and formatting
 * one would take longer than all the rest: what they are made of is noted, the VM's thread says them.
 */
#include "arch/arch.h"
#include "core/base/fmt.h"
#include "core/base/log.h"
#include "core/vm.h"

#define GUEST_LINES 10 /* a second */

/* Every argument of log_guest() fills a slot of 64 bits, whatever its type (AAPCS64 6.4.2, C.9 and C.11). */
static void take_arguments(struct vm_note *n, va_list *ap)
{
	u32 i = 0;

	for (const char *s = n->fmt; *s != '\0' && i < ARRAY_SIZE(n->arg); s++) {
		if (*s == '%' && *++s != '%') {
			n->arg[i++] = va_arg(*ap, u64);
		}
	}
}

static bool within_budget(struct vm *vm, u64 now)
{
	if (now - vm->guest_lines_at > counter_hz) {
		vm->guest_lines_at = now;
		vm->guest_lines = 0;
	}
	return vm->guest_lines <= GUEST_LINES;
}

void log_guest_as(struct vm *vm, const char *who, const char *fmt, va_list ap)
{
	u64 flags = spin_lock_irq(&vm->note_lock);
	bool room = vm->notes_in - vm->notes_out < VM_NOTES && within_budget(vm, counter_now());
	va_list args;

	if (room) {
		struct vm_note *n = &vm->note[vm->notes_in++ % VM_NOTES];

		*n = (struct vm_note){ .who = who, .fmt = fmt };
		if (vm->guest_lines++ == GUEST_LINES) {
			n->who = "";
			n->fmt = "more messages of this guest are dropped for a second";
		}
		va_copy(args, ap);
		take_arguments(n, &args);
		va_end(args);
	}
	spin_unlock_irq(&vm->note_lock, flags);
	if (vm->thread == NULL) {
		vm_notes_say(vm);
	} else if (room) {
		thread_wake(vm->thread);
	}
}

void log_guest(struct vm *vm, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_guest_as(vm, "", fmt, ap);
	va_end(ap);
}

void vm_notes_say(struct vm *vm)
{
	for (;;) {
		u64 flags = spin_lock_irq(&vm->note_lock);
		bool any = vm->notes_in != vm->notes_out;
		struct vm_note n = vm->note[vm->notes_out % VM_NOTES];
		char line[128];

		vm->notes_out += any;
		spin_unlock_irq(&vm->note_lock, flags);
		if (!any) {
			return;
		}
		fmt_str(line, sizeof(line), n.fmt, n.arg[0], n.arg[1], n.arg[2], n.arg[3], n.arg[4], n.arg[5],
			n.arg[6]);
		vm_log(vm, LOG_WARN, "%s%s%s", n.who, *n.who != '\0' ? ": " : "", line);
	}
}
