/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which byte goes out next: several rings of text in, one stream of unmixed
 * lines out. Plain data and time in, no hardware, no locks: the caller holds
 * the console's lock. Shared by core/console*.c and its test only.
 */
#ifndef QUOIN_CORE_CONSOLE_MUX_H
#define QUOIN_CORE_CONSOLE_MUX_H

#include "core/base/types.h"
#include "core/config/vm_config.h"

#define CONSOLE_VMS 8                     /* as VM_MAX */
#define CONSOLE_SHELL (CONSOLE_VMS + 1)   /* port 0 is the monitor's, this one the shell's */
#define CONSOLE_PORTS (CONSOLE_VMS + 2)
#define CONSOLE_RING 4096
#define CONSOLE_SHELL_RING 2048
#define CONSOLE_LOG_RING 8192
#define CONSOLE_PORT_DEVICES 8
/*
 * An unfinished line is shown after a time: soon if its VM is typed to, late if not, as it may have
 * lost its CPU in the middle of it. It is ended for another's line when its VM has been silent, or
 * has not been for too long.
 */
#define CONSOLE_QUIET_NS 50000000UL
#define CONSOLE_SLOW_NS 1000000000UL
#define CONSOLE_CLOSE_NS 250000000UL
#define CONSOLE_OVERDUE_NS 1000000000UL
#define CONSOLE_PARTIAL 256               /* an unfinished line of this many bytes is shown */
#define CONSOLE_LONG 1024                 /* and need not be waited for any more after these, */
#define CONSOLE_LONG_RAW 4096             /* these for one that is not prefixed */

/* A device on a port. */
struct console_end {
	struct vdev *dev;  /* NULL: this one is free */
	struct console_port *port;
	bool in, out;      /* the console's input, its output */
	bool held;         /* gets no input: it is made or reset at the moment */
	bool kept;         /* what it says is kept for console_kept_read() */
	const u8 *file;    /* input out of a file of the image */
	u64 size, at;      /* of the file, how much has been given */
};

struct console_port {
	u8 *buf;
	u32 size;          /* of buf, a power of two */
	u32 head, tail;    /* free running; head - tail bytes are waiting */
	u32 lines;         /* line ends among them */
	u64 last;          /* when the newest byte came */
	u64 waiting;       /* since when it may not speak because of another's line; 0: it may */
	bool used, live;   /* on the console; its VM runs */
	bool fed;          /* a device's input is a file */
	bool refused;      /* somebody found it full */
	bool raw;          /* no prefix: what comes goes out */
	bool filter;       /* control characters do not */
	bool eager;        /* has been typed to while it had the focus: what it says is an echo */
	u8 before;         /* the last byte that went out */
	u64 batch, first;  /* ticks to collect bytes, 0: none; when the oldest that waits came */
	struct console_end end[CONSOLE_PORT_DEVICES];
	struct vm *vm;     /* whose port it is */
	char name[VM_NAME_MAX + 1];
};

struct console_mux {
	struct console_port port[CONSOLE_PORTS];
	u32 filled;                /* bit n: port n has bytes waiting */
	bool multi;
	bool all;                  /* hold nothing back (boot, flush, panic) */
	u64 quiet, slow, close, overdue; /* those times in counter ticks */
	struct console_port *cur;  /* whose bytes are going out */
	struct console_port *open; /* in whose unfinished line the cursor stands */
	u64 open_at;               /* when its last byte went out */
	u32 open_len;              /* bytes that went out of that line */
	u32 left;                  /* bytes `cur` may send, or up to its line end */
	u32 turn;                  /* round robin over the VMs */
	bool after_cr;             /* the last byte was a carriage return of a prefixed guest */
	bool torn;                 /* the shell's unfinished line was erased for others */
	u8 pend_at, pend_len;
	char pend[VM_NAME_MAX + 8];/* line end and prefix to send before anything else */
};

static inline u32 port_used(const struct console_port *p)
{
	return p->head - p->tail;
}

static inline u32 port_room(const struct console_port *p)
{
	return p->size - port_used(p);
}

/* mux_put - append a byte to a port; the caller has looked at port_room(). */
static inline void mux_put(struct console_mux *m, struct console_port *p, u8 c, u64 now)
{
	p->first = port_used(p) == 0 ? now : p->first;
	p->buf[p->head & (p->size - 1)] = c;
	p->head++;
	p->lines += c == '\n';
	p->last = now;
	m->filled |= 1U << (p - m->port);
}

/*
 * mux_put_text - append `n` bytes with `lines` line ends among them; the caller has looked at port_room().
 */
void mux_put_text(struct console_mux *m, struct console_port *p, const char *s, size_t n, u32 lines, u64 now);

/*
 * mux_next - the next byte to send, or -1: nothing may be sent now; then *wake is lowered to the
 * time (counter ticks) at which asking again makes sense.
 */
int mux_next(struct console_mux *m, u64 now, u64 *wake);

/*
 * mux_may_pass - a byte of `p` may go out at once, past the rings: nothing waits and nothing has to
 * be put in front of it. mux_passed - it did.
 */
static inline bool mux_may_pass(const struct console_mux *m, const struct console_port *p)
{
	return p->raw && p->batch == 0 && m->filled == 0 && m->pend_at == m->pend_len
		&& (m->open == NULL || m->open == p);
}

static inline void mux_passed(struct console_mux *m, struct console_port *p, u8 c, u64 now)
{
	m->open_len = m->open == p ? m->open_len + 1 : 1;
	m->open = c == '\n' ? NULL : p;
	m->open_at = now;
}

/* mux_idle - nothing waits anywhere. */
static inline bool mux_idle(const struct console_mux *m)
{
	return m->pend_at == m->pend_len && m->filled == 0;
}

#endif
