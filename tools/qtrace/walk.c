/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From events to what lies between them. A vCPU is in its guest, in EL2 for it, or away: it waits or
 * another thread has its CPU. What happened before a capture begins is not known and is not counted.
 */
#include "tools/qtrace/qtrace.h"

#include <string.h>
#include "core/spec/esr.h"

enum place { NOWHERE, GUEST, EL2, AWAY };

struct vcpu_state {
	enum place place;
	u32 reason; /* of the exit that is not over yet, or REASON_UNKNOWN */
	u64 since, cost;
};

struct cpu_state {
	bool known; /* whose the CPU is */
	u8 who;
	u64 name, since;
};

struct walk {
	const struct capture *c;
	const struct visitor *v;
	void *ctx;
	struct vcpu_state vcpu[256];
	struct cpu_state cpu[TRACE_CPUS];
};

static u32 reason_of(const struct trace_event *e)
{
	if (e->kind == TRACE_IRQ) {
		return e->info < 1024 ? REASON_IRQ + e->info : REASON_IRQ_MANY;
	}
	/* ICC_SGI1R_EL1: op0 3, op1 0, CRn 12, CRm 11, op2 5, written. */
	return e->info >> 26 == EC_SYSREG && (e->info & 0x3ffc1f) == 0x3a3016 ? REASON_SGI : e->info >> 26;
}

/* Close the piece of time that ends at `now`. */
static void leave(struct walk *w, u32 cpu, u8 who, u64 now)
{
	struct vcpu_state *s = &w->vcpu[who];

	if (s->place == GUEST && w->v->guest != NULL) {
		w->v->guest(w->ctx, cpu, who, s->since, now);
	} else if (s->place == EL2) {
		s->cost += now - s->since;
		if (w->v->el2 != NULL) {
			w->v->el2(w->ctx, cpu, who, s->reason, s->since, now);
		}
	} else if (s->place == AWAY && w->v->away != NULL) {
		w->v->away(w->ctx, who, s->since, now);
	}
	s->since = now;
}

static void on_exit_event(struct walk *w, u32 cpu, const struct trace_event *e)
{
	struct vcpu_state *s = &w->vcpu[e->who];

	leave(w, cpu, e->who, e->time);
	s->place = EL2;
	s->reason = reason_of(e);
	s->since = e->time;
	s->cost = 0;
	if (w->v->exit != NULL) {
		w->v->exit(w->ctx, e->who, s->reason);
	}
}

static void on_entry(struct walk *w, u32 cpu, const struct trace_event *e)
{
	struct vcpu_state *s = &w->vcpu[e->who];
	bool whole = s->place == EL2 && s->reason != REASON_UNKNOWN;

	leave(w, cpu, e->who, e->time);
	if (whole && w->v->back != NULL) {
		w->v->back(w->ctx, e->who, s->reason, s->cost);
	}
	s->place = GUEST;
	s->since = e->time;
}

static void on_thread(struct walk *w, u32 cpu, u64 now)
{
	struct cpu_state *k = &w->cpu[cpu];

	if (k->known && w->v->thread != NULL) {
		w->v->thread(w->ctx, cpu, k->who, k->name, k->since, now);
	}
	k->known = false;
}

static void on_sched(struct walk *w, u32 cpu, const struct trace_event *e)
{
	struct cpu_state *k = &w->cpu[cpu];
	u8 prev = (u8)e->info;

	on_thread(w, cpu, e->time);
	if (prev != TRACE_NOBODY) {
		leave(w, cpu, prev, e->time);
		w->vcpu[prev].place = AWAY;
		w->vcpu[prev].since = e->time;
	}
	if (e->who != TRACE_NOBODY) {
		struct vcpu_state *s = &w->vcpu[e->who];

		if (s->place == NOWHERE) {
			s->reason = REASON_UNKNOWN;
		}
		leave(w, cpu, e->who, e->time);
		s->place = EL2;
		s->since = e->time;
	}
	*k = (struct cpu_state){ true, e->who, e->a, e->time };
}

/* What was begun on this CPU is not followed any more. */
static void on_off(struct walk *w, u32 cpu, u64 now)
{
	struct cpu_state *k = &w->cpu[cpu];

	if (k->known && k->who != TRACE_NOBODY) {
		leave(w, cpu, k->who, now);
		w->vcpu[k->who].place = NOWHERE;
	}
	on_thread(w, cpu, now);
}

void walk(const struct capture *c, const struct visitor *v, void *ctx)
{
	struct walk w = { .c = c, .v = v, .ctx = ctx };
	struct trace_event e;
	struct cursor k;
	u32 cpu;

	cursor_start(c, &k);
	while (next_event(c, &k, &e, &cpu)) {
		if (v->event != NULL) {
			v->event(ctx, cpu, &e);
		}
		if (e.kind == TRACE_EXIT || e.kind == TRACE_IRQ) {
			on_exit_event(&w, cpu, &e);
		} else if (e.kind == TRACE_ENTRY) {
			on_entry(&w, cpu, &e);
		} else if (e.kind == TRACE_SCHED) {
			on_sched(&w, cpu, &e);
		} else if (e.kind == TRACE_SWITCH && e.info == 0) {
			on_off(&w, cpu, e.time);
		} else if (e.kind == TRACE_VCPU) {
			w.vcpu[e.who].reason = REASON_UNKNOWN;
		}
		/* Before the first switch: who exits has the CPU. */
		if (!w.cpu[cpu].known && (e.kind == TRACE_EXIT || e.kind == TRACE_IRQ || e.kind == TRACE_ENTRY)) {
			w.cpu[cpu] = (struct cpu_state){ true, e.who, 0, e.time };
		}
	}
	for (u32 i = 0; i < TRACE_CPUS; i++) {
		on_off(&w, i, k.now);
	}
}
