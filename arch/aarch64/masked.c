/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long EL2 keeps interrupts masked: a benchmark build (-DQUOIN_BENCH) notes where each stretch begins
 * and ends, on every CPU and in threads as well as in exits, and keeps the longest of each pair of places.
 *
 * With -icount QEMU runs one CPU after the other on one clock. A stretch during which another CPU may have
 * executed something is not counted: only while all others sleep in EL2's idle thread is a tick an
 * instruction of this CPU.
 */
#include "arch/aarch64/bench.h"
#include "arch/arch.h"

#ifdef QUOIN_BENCH

#include "arch_masked.h"
#include "core/base/log.h"
#include "core/base/percpu.h"

#define SITES 64
#define WORTH_TELLING 1500

struct mark {
	u64 since, from;
	bool alone, asleep;
};

struct site {
	u64 from, to, longest, esr;
	const char *who;
};

static struct mark marks[MAX_CPUS];
static struct site sites[SITES];
static struct percpu *last; /* who noted something last */
static bool watching;

void arch_guest_started(void)
{
	watching = true;
}

static bool others_sleep(const struct percpu *c)
{
	for (u32 i = 0; i < cpu_count; i++) {
		if (i != c->id && !marks[i].asleep) {
			return false;
		}
	}
	return true;
}

static void keep(const struct mark *m, u64 to, u64 took)
{
	struct site *least = sites;

	for (struct site *s = sites; s < sites + SITES; s++) {
		if (s->from == m->from && s->to == to) {
			least = s;
			break;
		}
		if (s->longest < least->longest) {
			least = s;
		}
	}
	if (took > least->longest) {
		*least = (struct site){ m->from, to, took, read_esr_el2(), this_cpu()->current->name };
	}
}

/* Not to be inlined: return addresses tell where a stretch begins and ends. */
__noinline void masked_begin(void)
{
	struct percpu *c = this_cpu();
	struct mark *m = &marks[c->id];

	last = c;
	m->asleep = false;
	m->alone = others_sleep(c);
	m->from = (u64)__builtin_return_address(0);
	m->since = read_cntpct_el0();
}

__noinline void masked_end(void)
{
	u64 now = read_cntpct_el0();
	struct percpu *c = this_cpu();
	const struct mark *m = &marks[c->id];

	if (watching && m->alone && last == c) {
		keep(m, (u64)__builtin_return_address(0), now - m->since);
	}
	last = c;
}

__noinline void masked_sleep(void)
{
	masked_end();
	marks[this_cpu()->id].asleep = true;
}

void masked_check(void)
{
	u64 daif;

	__asm__ volatile("mrs %0, daif" : "=r"(daif));
	BUG_ON((daif & BIT(7)) == 0);
}

u64 masked_longest(void)
{
	u64 longest = 0;

	for (struct site *s = sites; s < sites + SITES; s++) {
		longest = MAX(longest, s->longest);
	}
	return longest;
}

void masked_report(void)
{
	for (struct site *s = sites; s < sites + SITES; s++) {
		if (s->longest >= WORTH_TELLING) {
			log_info("bench: masked %lu from 0x%lx to 0x%lx esr 0x%lx %s", s->longest, s->from, s->to,
				 s->esr, s->who);
		}
	}
}

#else

void arch_guest_started(void)
{
}

u64 masked_longest(void)
{
	return 0;
}

void masked_report(void)
{
}

#endif
