/* SPDX-License-Identifier: Apache-2.0 */
#include "probe.h"

#include "cpu.h"
#include "trap.h"

void probe_begin(void)
{
	struct probe *probe = &this_cpu()->probe;

	probe->hits = 0;
	probe->esr = 0;
	probe->far = 0;
	probe->elr = 0;
	probe->armed = 1;
	__asm__ volatile("" : : : "memory");
}

u64 probe_end(void)
{
	struct probe *probe = &this_cpu()->probe;

	/* An SError raised by what was probed arrives here at the latest. */
	dsb();
	isb();
	probe->armed = 0;
	return probe->hits;
}

bool probe_catch(struct trap_frame *frame)
{
	struct probe *probe = &this_cpu()->probe;
	unsigned int ec = ESR_EC(frame->esr);

	if (!probe->armed) {
		return false;
	}
	probe->hits++;
	probe->esr = frame->esr;
	probe->far = frame->far;
	probe->elr = frame->elr;
	switch (ec) {
	case EC_IABT:
	case EC_PC_ALIGN:
		frame->elr = frame->x[30];
		break;
	case EC_ILLEGAL:
		frame->spsr &= ~SPSR_IL;
		break;
	case EC_SVC:
	case EC_SERROR:
		break;
	default:
		frame->elr += 4;
		break;
	}
	return true;
}
