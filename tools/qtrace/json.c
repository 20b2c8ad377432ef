/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Trace Event Format that Perfetto and chrome://tracing read: one process "CPUs" with a track per
 * CPU, one for each VM with a track per vCPU. Times are microseconds from the first event on.
 */
#include "tools/qtrace/qtrace.h"

#include <string.h>
#include "core/trace.h"

#define VM_TRACK 15

struct json {
	const struct capture *c;
	FILE *to;
	u64 base;
	bool based, some;
	bool seen[256];
};

/* What a name may hold was checked: printable ASCII. */
static void put_text(FILE *to, const char *text)
{
	fputc('"', to);
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\') {
			fputc('\\', to);
		}
		fputc(*text >= ' ' && *text < 0x7f ? *text : '?', to);
	}
	fputc('"', to);
}

static void json_begin(struct json *j, const char *phase, u32 pid, u32 tid, const char *name)
{
	fprintf(j->to, "%s\n{\"ph\":\"%s\",\"pid\":%u,\"tid\":%u,\"name\":", j->some ? "," : "", phase, pid, tid);
	j->some = true;
	put_text(j->to, name);
}

static void put_us(struct json *j, const char *key, u64 ticks)
{
	u64 ns = ticks_to_ns(j->c, ticks);

	fprintf(j->to, ",\"%s\":%lu.%03lu", key, ns / 1000, ns % 1000);
}

static void slice(struct json *j, u32 pid, u32 tid, const char *name, u64 from, u64 to)
{
	json_begin(j, "X", pid, tid, name);
	put_us(j, "ts", from - j->base);
	put_us(j, "dur", to - from);
	fputc('}', j->to);
}

static void json_guest(void *ctx, u32 cpu, u8 who, u64 from, u64 to)
{
	struct json *j = ctx;

	j->seen[who] = true;
	slice(j, 0, cpu, "guest", from, to);
	slice(j, 1 + (who >> 4), who & 0xf, "guest", from, to);
}

static void json_el2(void *ctx, u32 cpu, u8 who, u32 reason, u64 from, u64 to)
{
	struct json *j = ctx;
	char name[32];

	j->seen[who] = true;
	reason_name(reason, name, sizeof(name));
	slice(j, 0, cpu, name, from, to);
	slice(j, 1 + (who >> 4), who & 0xf, name, from, to);
}

static void json_away(void *ctx, u8 who, u64 from, u64 to)
{
	struct json *j = ctx;

	j->seen[who] = true;
	slice(j, 1 + (who >> 4), who & 0xf, "away", from, to);
}

static void json_thread(void *ctx, u32 cpu, u8 who, u64 packed, u64 from, u64 to)
{
	struct json *j = ctx;
	char name[64] = "";

	if (who != TRACE_NOBODY) {
		who_name(j->c, who, name, sizeof(name));
	} else {
		memcpy(name, &packed, sizeof(packed));
	}
	slice(j, 0, cpu, name, from, to);
}

static void json_event(void *ctx, u32 cpu, const struct trace_event *e)
{
	struct json *j = ctx;
	bool on_cpu = e->who == TRACE_NOBODY;
	char text[200];

	if (!j->based) {
		j->based = true;
		j->base = e->time;
	}
	if (e->kind == TRACE_EXIT || e->kind == TRACE_IRQ || e->kind == TRACE_ENTRY || e->kind == TRACE_SCHED) {
		return; /* slices tell */
	}
	trace_event_text(&j->c->h, e, text, sizeof(text));
	j->seen[e->who] |= !on_cpu;
	json_begin(j, "i", on_cpu ? 0 : 1 + (e->who >> 4U), on_cpu ? cpu : e->who & 0xfU, text);
	put_us(j, "ts", e->time - j->base);
	fputs(",\"s\":\"t\"}", j->to);
}

static void metadata(struct json *j, const char *what, u32 pid, u32 tid, const char *name)
{
	json_begin(j, "M", pid, tid, what);
	fputs(",\"args\":{\"name\":", j->to);
	put_text(j->to, name);
	fputs("}}", j->to);
}

void qtrace_json(const struct capture *c, FILE *to)
{
	static const struct visitor visitor = {
		.guest = json_guest, .el2 = json_el2, .away = json_away, .thread = json_thread, .event = json_event,
	};
	struct json j = { .c = c, .to = to };
	char name[64];

	fputs("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[", to);
	metadata(&j, "process_name", 0, 0, "CPUs");
	for (u32 i = 0; i < TRACE_CPUS; i++) {
		if (c->ring[i] != NULL) {
			snprintf(name, sizeof(name), "CPU %u", i);
			metadata(&j, "thread_name", 0, i, name);
		}
	}
	walk(c, &visitor, &j);
	for (u32 i = 0; i < 256; i++) {
		if (j.seen[i]) {
			who_name(c, (u8)(i | TRACE_NO_VCPU), name, sizeof(name));
			metadata(&j, "process_name", 1 + (i >> 4), 0, name);
			who_name(c, (u8)i, name, sizeof(name));
			metadata(&j, "thread_name", 1 + (i >> 4), i & 0xf, name);
		}
	}
	fputs("\n]}\n", to);
}
