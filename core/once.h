/* SPDX-License-Identifier: Apache-2.0 */
/* What the first thread that needs it does, while others who need it wait. */
#ifndef QUOIN_CORE_ONCE_H
#define QUOIN_CORE_ONCE_H

#include "arch/arch.h"
#include "core/sched.h"

enum once_state { ONCE_NOT_YET, ONCE_RUNS, ONCE_DONE };

/*
 * once_begin - true: the caller does it, and calls once_end(). False: it is done; another may have been
 * waited for. Thread context.
 */
static inline bool once_begin(u32 *state)
{
	u32 none = ONCE_NOT_YET;

	if (__atomic_compare_exchange_n(state, &none, ONCE_RUNS, false, __ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE)) {
		return true;
	}
	while (__atomic_load_n(state, __ATOMIC_ACQUIRE) != ONCE_DONE) {
		thread_sleep_until(counter_now() + counter_hz / 1000);
	}
	return false;
}

static inline void once_end(u32 *state)
{
	__atomic_store_n(state, ONCE_DONE, __ATOMIC_RELEASE);
}

#endif
