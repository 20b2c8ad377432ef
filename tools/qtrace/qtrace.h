/* SPDX-License-Identifier: Apache-2.0 */
/* qtrace: captures of the monitor's trace (core/spec/trace.h) for people and for Perfetto. */
#ifndef QUOIN_TOOLS_QTRACE_H
#define QUOIN_TOOLS_QTRACE_H

#include <stdio.h>
#include "core/spec/trace.h"

/* A capture that was checked: every event that next_event() gives has a kind, and times only grow. */
struct capture {
	struct trace_header h;
	const struct trace_event *ring[TRACE_CPUS]; /* NULL: no such CPU */
	u64 first[TRACE_CPUS], end[TRACE_CPUS];     /* numbers of the events there are */
	u64 written, lost;                          /* by all CPUs; overwritten ones of them */
};

struct cursor {
	u64 at[TRACE_CPUS];
	u64 now; /* time of the last event */
};

/*
 * capture_open - check `data`, aligned to 8 bytes, which must outlive *c. False: `why` says in one line
 * what is wrong.
 */
bool capture_open(struct capture *c, const void *data, size_t size, char *why, size_t why_size);
void cursor_start(const struct capture *c, struct cursor *k);
/* next_event - all CPUs' events in order of time; its time is not before the last one's. False: no more. */
bool next_event(const struct capture *c, struct cursor *k, struct trace_event *e, u32 *cpu);
u64 ticks_to_ns(const struct capture *c, u64 ticks);

/* Why a guest was left: exception classes, then SGIs as a class of their own, then interrupts. */
#define REASON_SGI 64
#define REASON_IRQ 65
#define REASON_IRQ_MANY (REASON_IRQ + 1024) /* LPIs, together */
#define REASONS (REASON_IRQ_MANY + 1)
#define REASON_UNKNOWN REASONS

void reason_name(u32 reason, char *buf, size_t size);
/* who_name - "linux/0"; the same text as in trace_event_text(). */
void who_name(const struct capture *c, u8 who, char *buf, size_t size);

/* What walk() finds between the events; any function may be NULL. Times are ticks. */
struct visitor {
	/* The guest ran, EL2 worked for it; an exit with a switch in it has several such pieces. */
	void (*guest)(void *ctx, u32 cpu, u8 who, u64 from, u64 to);
	void (*el2)(void *ctx, u32 cpu, u8 who, u32 reason, u64 from, u64 to);
	/* The vCPU waited or another thread had its CPU. */
	void (*away)(void *ctx, u8 who, u64 from, u64 to);
	/* An exit begins, and is over having cost so much, without what it was away. */
	void (*exit)(void *ctx, u8 who, u32 reason);
	void (*back)(void *ctx, u8 who, u32 reason, u64 cost);
	/* A thread had the CPU; `name` as in TRACE_SCHED if `who` is TRACE_NOBODY. */
	void (*thread)(void *ctx, u32 cpu, u8 who, u64 name, u64 from, u64 to);
	void (*event)(void *ctx, u32 cpu, const struct trace_event *e);
};

void walk(const struct capture *c, const struct visitor *v, void *ctx);

/* The tool's commands: write to `to`. vm: only of this VM's number, or -1. */
void qtrace_list(const struct capture *c, int vm, FILE *to);
void qtrace_summary(const struct capture *c, int vm, FILE *to);
void qtrace_json(const struct capture *c, FILE *to);

#endif
