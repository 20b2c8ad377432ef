/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The trace of each CPU: core/spec/trace.h is its format, docs/operating.md how it is used.
 *
 * Exits of guests cost nothing while it is off: a CPU that traces has vectors of its own
 * (arch/aarch64/entry.S) that call trace_sync() and its like here. All else asks one flag of the CPU.
 */
#ifndef QUOIN_CORE_TRACE_H
#define QUOIN_CORE_TRACE_H

#include "arch/arch.h"
#include "core/base/percpu.h"
#include "core/spec/trace.h"

struct vcpu;
struct vm;

#define TRACE_DEFAULT_SIZE MiB(1) /* of a CPU's ring */

extern struct trace_header trace_header;

/*
 * trace_start - switch tracing on, with rings of `size` bytes for each CPU that runs (a power of two,
 * 4 KiB..32 MiB; once they exist their size stays). 0, -ENOMEM, -EINVAL. trace_stop - and off; the
 * events stay. CPUs follow when they next schedule, which they are asked to do. Boot or thread context.
 */
int trace_start(u64 size) __must_check;
void trace_stop(void);
bool trace_wanted(void);
/* trace_following - some CPU has not yet done what trace_start() or trace_stop() asked for. Any context. */
bool trace_following(void);
/* trace_size - the size that "64K" or "1M" (`n` characters) asks for; 0: no such size. Any context. */
u64 trace_size(const char *text, size_t n);

/*
 * trace_read - event number `n` of CPU `cpu`; false if it does not exist, is overwritten or was being
 * written. trace_head - the number its next event will have, 0: it has no ring. Any context.
 */
u64 trace_head(u32 cpu);
bool trace_read(u32 cpu, u64 n, struct trace_event *out);

/* trace_event_text - what `e` says, for people, without time and CPU. Returns its length. Pure. */
size_t trace_event_text(const struct trace_header *h, const struct trace_event *e, char *buf, size_t size);

/* trace_store - one event in `r`, this CPU's; interrupts are masked, so nobody else writes there. */
static inline void trace_store(struct trace_ring *r, enum trace_kind kind, u8 who, u32 info, u64 a, u64 b)
{
	u64 head = r->head, lap = head >> r->order;
	struct trace_event *e = &r->event[head - (lap << r->order)];

	*e = (struct trace_event){ counter_now(), info, (u16)lap, (u8)kind, who, a, b };
	__atomic_store_n(&r->head, head + 1, __ATOMIC_RELEASE);
}

/* trace_put - one event in this CPU's ring, if it has one. Any context. */
void trace_put(enum trace_kind kind, u8 who, u32 info, u64 a, u64 b);

/* trace_on - this CPU traces. In thread context it may be out of date, trace_put() is exact. */
static inline bool trace_on(void)
{
	return unlikely(this_cpu()->trace != NULL);
}

/* What there is to tell, at the cost of a flag when it is off. */
void trace_vcpu(const struct vcpu *v, enum trace_vcpu what, u64 a);
/* trace_vm - its state is `state` (enum vm_state) from now on. */
void trace_vm(const struct vm *vm, u32 state);
/* trace_switch - in schedule(), masked: `prev` leaves the CPU to `next`. */
void trace_switch(const struct thread *prev, const struct thread *next);
/* trace_follow - in schedule(), masked: this CPU was asked to switch its tracing. */
void trace_follow(struct percpu *c);

/* Of the tracing vectors: as exit_sync(), exit_serror(), irq_guest(); and in front of the eret. */
void trace_sync(struct vcpu *v);
void trace_serror(struct vcpu *v);
void trace_irq(struct vcpu *v);
void trace_entry(struct vcpu *v);

#endif
