/* SPDX-License-Identifier: Apache-2.0 */
#include "trap.h"

#include "console.h"
#include "cpu.h"
#include "probe.h"
#include "psci.h"
#include "smp.h"

/* Slot numbers of vectors.S: the current level; guests that borrow SP_EL0 fault into slot 0. */
#define SLOT_SYNC_SP0	0
#define SLOT_SYNC	4
#define SLOT_IRQ	5
#define SLOT_FIQ	6
#define SLOT_SERROR	7

void trap_dispatch(struct trap_frame *frame, unsigned int slot);

static trap_handler(handlers[64]);
static void (*irq_hook)(struct trap_frame *frame);
static void (*fiq_hook)(struct trap_frame *frame);

static const char *const slot_names[16] = {
	"sync-sp0", "irq-sp0", "fiq-sp0", "serror-sp0",
	"sync", "irq", "fiq", "serror",
	"sync-el0", "irq-el0", "fiq-el0", "serror-el0",
	"sync-el0-32", "irq-el0-32", "fiq-el0-32", "serror-el0-32",
};

void trap_set_handler(unsigned int ec, trap_handler(fn))
{
	handlers[ec & 63] = fn;
}

void trap_set_irq(void (*fn)(struct trap_frame *frame))
{
	irq_hook = fn;
}

void trap_set_fiq(void (*fn)(struct trap_frame *frame))
{
	fiq_hook = fn;
}

static void fault(struct trap_frame *frame, unsigned int slot)
{
	printf("\nGUEST-FAULT cpu%u %s ec=0x%02x esr=0x%lx elr=0x%lx far=0x%lx spsr=0x%lx lr=0x%lx sp=0x%lx"
	       " x0=0x%lx x1=0x%lx x2=0x%lx x3=0x%lx x19=0x%lx x20=0x%lx x21=0x%lx x29=0x%lx base=0x%lx\n",
	       this_cpu()->index, slot_names[slot & 15], ESR_EC(frame->esr), frame->esr, frame->elr, frame->far,
	       frame->spsr, frame->x[30], (u64)(frame + 1), frame->x[0], frame->x[1], frame->x[2], frame->x[3],
	       frame->x[19], frame->x[20], frame->x[21], frame->x[29], image_base());
	poweroff();
}

void trap_dispatch(struct trap_frame *frame, unsigned int slot)
{
	trap_handler(handler);

	if (slot == SLOT_IRQ) {
		if (irq_hook) {
			irq_hook(frame);
		} else {
			irq_dispatch(frame);
		}
		return;
	}
	if (slot == SLOT_FIQ && fiq_hook) {
		fiq_hook(frame);
		return;
	}
	if (slot == SLOT_SYNC || slot == SLOT_SYNC_SP0 || slot == SLOT_SERROR) {
		handler = handlers[ESR_EC(frame->esr)];
		if (probe_catch(frame) || (handler && handler(frame))) {
			return;
		}
	}
	fault(frame, slot);
}
