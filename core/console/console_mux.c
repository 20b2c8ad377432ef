/* SPDX-License-Identifier: Apache-2.0 */
/* Choice of the next byte on the console: see console_mux.h. */
#include <string.h>
#include "core/base/fmt.h"
#include "core/console/console_mux.h"

#define TO_LINE_END (~0U)

static bool is_monitor(const struct console_mux *m, const struct console_port *p)
{
	return p == &m->port[0];
}

static bool is_shell(const struct console_mux *m, const struct console_port *p)
{
	return p == &m->port[CONSOLE_SHELL];
}

static bool reached(u64 now, u64 at, u64 *wake)
{
	if (now >= at) {
		return true;
	}
	*wake = MIN(*wake, at);
	return false;
}

/* Has it something that should be shown now? It is not empty. */
static bool is_ready(const struct console_mux *m, const struct console_port *p, u64 now, u64 *wake)
{
	if (is_monitor(m, p) || m->all || !p->live) {
		return true;
	}
	if (p->batch != 0 && port_used(p) < p->size / 2 && !reached(now, p->first + p->batch, wake)) {
		return false;
	}
	if (p->raw) {
		return true;
	}
	if (is_shell(m, p)) {
		return false; /* it waits until the operator looks */
	}
	if (p->lines != 0 || p == m->open || port_used(p) >= CONSOLE_PARTIAL) {
		return true;
	}
	return reached(now, p->last + (p->eager ? m->quiet : m->slow), wake);
}

/* May it speak, although somebody's line may not have ended? */
static bool may_speak(const struct console_mux *m, struct console_port *p, u64 now, u64 *wake)
{
	const struct console_port *open = m->open;
	u32 left;

	if (open == NULL || open == p || m->all) {
		return true;
	}
	left = port_used(open);
	if (m->open_len >= (open->raw ? CONSOLE_LONG_RAW : CONSOLE_LONG)) {
		return true;
	}
	if (p->waiting == 0) {
		p->waiting = now;
	}
	/* The one who is typed to does not wait for the echo's sake. */
	if (left == 0 && (!open->live || (p->raw && !open->raw)
			  || reached(now, m->open_at + m->close, wake))) {
		return true;
	}
	return reached(now, p->waiting + m->overdue, wake);
}

static void add_pending(struct console_mux *m, const char *text)
{
	m->pend_len += fmt_str(m->pend + m->pend_len, sizeof(m->pend) - m->pend_len, "%s", text);
}

static void add_prefix(struct console_mux *m, const struct console_port *p)
{
	if (!p->raw && !is_monitor(m, p) && !is_shell(m, p)) {
		add_pending(m, p->name);
		add_pending(m, ": ");
	}
}

static void give_turn(struct console_mux *m, struct console_port *p)
{
	bool whole = is_monitor(m, p) || p->lines != 0;

	m->left = whole ? TO_LINE_END : port_used(p);
	p->waiting = 0;
	if (m->open == p) {
		return;
	}
	if (m->open != NULL && is_shell(m, m->open)) {
		add_pending(m, "\r\033[K");
		m->torn = true;
	} else if (m->open != NULL) {
		add_pending(m, "\r\n");
	}
	m->after_cr = false;
	m->open = NULL;
	add_prefix(m, p);
}

/* Who goes first, the lowest: what the dead have left to say, the monitor, the VMs in turn. */
static u32 rank(const struct console_mux *m, const struct console_port *p)
{
	u32 n = (u32)(p - m->port);

	return !p->live ? 0 : n == 0 ? 1 : 2 + (n + CONSOLE_PORTS - m->turn) % CONSOLE_PORTS;
}

static bool pick(struct console_mux *m, u64 now, u64 *wake)
{
	struct console_port *best = NULL, *go_on = NULL;

	for (u32 rest = m->filled; rest != 0; rest &= rest - 1) {
		struct console_port *p = &m->port[__builtin_ctz(rest)];

		if (!is_ready(m, p, now, wake)) {
			continue;
		}
		if (p == m->open) {
			go_on = p;
		} else if (may_speak(m, p, now, wake) && (best == NULL || rank(m, p) < rank(m, best))) {
			best = p;
		}
	}
	best = best != NULL ? best : go_on;
	m->cur = best;
	if (best == NULL) {
		return false;
	}
	if (best != go_on && !is_monitor(m, best)) {
		m->turn = (u32)(best - m->port) + 1;
	}
	give_turn(m, best);
	return true;
}

/*
 * Characters that move the cursor or program the terminal, of a VM that has not been given it: tab,
 * line end and carriage return (see guard_prefix) pass. Bytes 0x80-0x9f do so inside UTF-8 sequences
 * only, but not behind 0xc2, where they are such characters, too (C1, ECMA-48 5.3).
 */
static bool is_control(u8 c, u8 before)
{
	if (c >= 0x80) {
		return c < 0xa0 && (before < 0x80 || before == 0xc2);
	}
	return c == 0x7f || (c < ' ' && c != '\t' && c != '\n' && c != '\r');
}

static u8 take(struct console_mux *m, struct console_port *p, u64 now)
{
	u8 c = p->buf[p->tail & (p->size - 1)];

	p->tail++;
	if (port_used(p) == 0) {
		m->filled &= ~(1U << (p - m->port));
	}
	m->left -= m->left != TO_LINE_END ? 1 : 0;
	mux_passed(m, p, c, now);
	m->after_cr = c == '\r' && !p->raw && !is_monitor(m, p);
	if (c == '\n') {
		p->lines--;
		m->left = 0;
	}
	if (p->filter && is_control(c, p->before)) {
		c = '.';
	}
	p->before = c;
	return c;
}

/*
 * A bare carriage return goes back to the start of the line, where the prefix stands: it is
 * written again, or a guest could replace it with another VM's name or the monitor's.
 */
static void guard_prefix(struct console_mux *m)
{
	u8 c = m->cur->buf[m->cur->tail & (m->cur->size - 1)];

	if (m->after_cr && c != '\n' && c != '\r') {
		m->after_cr = false;
		add_prefix(m, m->cur);
	}
}

/* A line of the monitor is put with interrupts masked: pieces of it are copied, not bytes. */
void mux_put_text(struct console_mux *m, struct console_port *p, const char *s, size_t n, u32 lines, u64 now)
{
	u32 at = p->head & (p->size - 1);
	size_t first = MIN(n, (size_t)(p->size - at));

	memcpy(p->buf + at, s, first);
	memcpy(p->buf, s + first, n - first);
	p->first = port_used(p) == 0 ? now : p->first;
	p->head += (u32)n;
	p->lines += lines;
	p->last = now;
	m->filled |= 1U << (p - m->port);
}

int mux_next(struct console_mux *m, u64 now, u64 *wake)
{
	/* In front of the general way: within a piece of one port's text. */
	if (m->cur != NULL && m->pend_len == 0 && m->left != 0 && port_used(m->cur) > 1 && !m->after_cr) {
		return take(m, m->cur, now);
	}
	if (m->pend_at == m->pend_len) {
		m->pend_at = 0;
		m->pend_len = 0;
		if ((m->cur == NULL || m->left == 0 || port_used(m->cur) == 0) && !pick(m, now, wake)) {
			return -1;
		}
		guard_prefix(m);
	}
	if (m->pend_at < m->pend_len) {
		return (u8)m->pend[m->pend_at++];
	}
	return take(m, m->cur, now);
}
