/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a capture: nothing in it is believed. */
#include "tools/qtrace/qtrace.h"

#include <string.h>
#include "core/base/fmt.h"
#include "core/exits.h"

#define HZ_MAX 100000000000UL

#define REFUSE(...) (fmt_str(why, why_size, __VA_ARGS__), false)

static bool check_header(const struct trace_header *h, size_t size, char *why, size_t why_size)
{
	if (size < sizeof(*h)) {
		return REFUSE("%zu bytes are no capture, its header alone has %zu", size, sizeof(*h));
	}
	if (memcmp(h->magic, TRACE_MAGIC, sizeof(h->magic)) != 0) {
		return REFUSE("not a capture: it does not begin with QTRACE");
	}
	if (h->version != TRACE_VERSION) {
		return REFUSE("version %u of the format, expected %u", h->version, TRACE_VERSION);
	}
	if (h->header_size != sizeof(*h) || h->event_size != sizeof(struct trace_event) || h->hz == 0 ||
	    h->hz > HZ_MAX || h->order < TRACE_MIN_ORDER || h->order > TRACE_MAX_ORDER) {
		return REFUSE("damaged: the header's sizes or frequency cannot be");
	}
	return true;
}

static bool check_ring(struct capture *c, u32 cpu, const struct trace_ring *r, char *why, size_t why_size)
{
	u32 order = c->h.order;
	u64 count = 1UL << order, first = count;

	if (r->order != order || r->cpu != cpu || r->head < count || r->head >> 56 != 0) {
		return REFUSE("damaged: the ring of CPU %u begins with what cannot be", cpu);
	}
	c->written += r->head - count;
	if (r->head > 2 * count) {
		first = r->head - count + TRACE_MARGIN;
		c->lost += first - count;
	}
	c->ring[cpu] = r->event;
	c->first[cpu] = first;
	c->end[cpu] = r->head;
	for (u64 n = c->first[cpu]; n < c->end[cpu]; n++) {
		const struct trace_event *e = &r->event[n & (count - 1)];

		if (e->lap != (u16)(n >> order) || e->kind == TRACE_NONE || e->kind >= TRACE_KINDS) {
			return REFUSE("damaged: event %lu of CPU %u", n, cpu);
		}
	}
	return true;
}

bool capture_open(struct capture *c, const void *data, size_t size, char *why, size_t why_size)
{
	const struct trace_header *h = data;
	u64 at = sizeof(*h), ring_size;

	memset(c, 0, sizeof(*c));
	if (!check_header(h, size, why, why_size)) {
		return false;
	}
	c->h = *h;
	for (u32 i = 0; i < TRACE_VMS; i++) {
		c->h.vm[i][TRACE_VM_NAME - 1] = '\0';
		for (char *p = c->h.vm[i]; *p != '\0'; p++) {
			*p = *p > ' ' && *p < 0x7f ? *p : '?';
		}
	}
	ring_size = sizeof(struct trace_ring) + (sizeof(struct trace_event) << h->order);
	for (u32 i = 0; i < TRACE_CPUS; i++) {
		if (h->ring[i] == 0) {
			continue;
		}
		if (h->ring[i] != at) {
			return REFUSE("damaged: the ring of CPU %u is not where it belongs", i);
		}
		if (size - at < ring_size) {
			return REFUSE("cut off: the ring of CPU %u ends at byte %lu, the file at %zu", i, at + ring_size,
				      size);
		}
		if (!check_ring(c, i, (const struct trace_ring *)((const char *)data + at), why, why_size)) {
			return false;
		}
		at += ring_size;
	}
	if (at != size) {
		return REFUSE("damaged: %lu bytes behind the last ring", size - at);
	}
	return true;
}

void cursor_start(const struct capture *c, struct cursor *k)
{
	memcpy(k->at, c->first, sizeof(k->at));
	k->now = 0;
}

bool next_event(const struct capture *c, struct cursor *k, struct trace_event *e, u32 *cpu)
{
	u64 mask = (1UL << c->h.order) - 1;
	bool found = false;

	for (u32 i = 0; i < TRACE_CPUS; i++) {
		if (k->at[i] < c->end[i] && (!found || c->ring[i][k->at[i] & mask].time < e->time)) {
			*e = c->ring[i][k->at[i] & mask];
			*cpu = i;
			found = true;
		}
	}
	if (found) {
		k->at[*cpu]++;
		/* Two CPUs' counters, or reads of one, may differ by a few ticks. */
		k->now = MAX(k->now, e->time);
		e->time = k->now;
	}
	return found;
}

u64 ticks_to_ns(const struct capture *c, u64 ticks)
{
	return (u64)((unsigned __int128)ticks * 1000000000 / c->h.hz);
}

void reason_name(u32 reason, char *buf, size_t size)
{
	const char *name = reason == 0x2f ? "serror" : reason < EXIT_CLASSES ? exit_name(reason) : NULL;

	if (name != NULL) {
		fmt_str(buf, size, "%s", name);
	} else if (reason < EXIT_CLASSES) {
		fmt_str(buf, size, "class 0x%02x", reason);
	} else if (reason == REASON_SGI) {
		fmt_str(buf, size, "sgi");
	} else if (reason < REASON_IRQ_MANY) {
		fmt_str(buf, size, "irq %u", reason - REASON_IRQ);
	} else {
		fmt_str(buf, size, reason == REASON_IRQ_MANY ? "lpi" : "unknown");
	}
}

void who_name(const struct capture *c, u8 who, char *buf, size_t size)
{
	u32 vm = who >> 4;
	size_t n = vm < TRACE_VMS && c->h.vm[vm][0] != '\0' ? fmt_str(buf, size, "%s", c->h.vm[vm]) :
		   fmt_str(buf, size, "vm%u", vm + 1);

	if ((who & 0xf) != TRACE_NO_VCPU) {
		fmt_str(buf + n, size - n, "/%u", who & 0xfU);
	}
}
