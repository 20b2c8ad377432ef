/* SPDX-License-Identifier: Apache-2.0 */
#include "arch/aarch64/bench.h"
#include "arch/arch.h"

#ifdef QUOIN_BENCH

#include "arch_masked.h"
#include "core/base/percpu.h"

static u64 longest, longest_at, longest_esr;
static bool watching;

void arch_guest_started(void)
{
	watching = true;
}

void masked_begin(void)
{
	this_cpu()->masked_since = read_cntpct_el0();
}

/* Not to be inlined: the return address tells where the stretch ended. */
__noinline void masked_end(void)
{
	u64 took = read_cntpct_el0() - this_cpu()->masked_since;

	if (watching && took > longest) {
		longest = took;
		longest_at = (u64)__builtin_return_address(0);
		longest_esr = read_esr_el2();
	}
}

u64 masked_longest(u64 *where, u64 *esr)
{
	*where = longest_at;
	*esr = longest_esr;
	return longest;
}

#else

void arch_guest_started(void)
{
}

u64 masked_longest(u64 *where, u64 *esr)
{
	*where = 0;
	*esr = 0;
	return 0;
}

#endif
