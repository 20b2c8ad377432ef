/* SPDX-License-Identifier: Apache-2.0 */
/* What core/console/console.c (hardware, log) and core/console/console_vm.c (ports of VMs) share. */
#ifndef QUOIN_CORE_CONSOLE_STATE_H
#define QUOIN_CORE_CONSOLE_STATE_H

#include "arch/arch.h"
#include "core/base/lock.h"
#include "core/console/console_mux.h"
#include "core/sched.h"

#define CONSOLE_INPUT 1024 /* typed ahead of the guest */
#define CONSOLE_FULL_NS 2000000000UL /* who takes none of it for so long loses what is typed then */

/* What was typed for one VM or the shell. */
struct console_input {
	u8 buf[CONSOLE_INPUT];
	u32 head, tail; /* free running */
};

struct console {
	struct spinlock lock;
	struct console_mux mux;
	const struct uart_ops *uart; /* NULL: none yet */
	pa_t base;
	u32 intid;
	bool started;    /* nothing waits any more */
	bool panicking;
	bool tx_on;      /* the UART is full: its transmit interrupt, or a poll, goes on */
	u64 burst_end;   /* no further bytes before, if not 0 */
	bool stuck;      /* the UART took no byte for too long */
	bool busy;       /* bytes moved when it was last polled */
	bool rx_off;     /* the input ring is full: the receive interrupt is masked */
	u64 full_at;     /* since when */
	bool deaf;       /* it stays full: what finds no room is dropped, but the escape key works */
	bool holding;    /* `held` is a byte the UART did not take */
	u8 held;
	u16 early;       /* a byte it had received before it was the console, and 256; or 0 */
	u32 dropped;     /* bytes that it did not take for STALLED_OUT_NS */
	u64 full_since;  /* 0: it took the last byte */
	u32 lost;        /* lines of the monitor that found no room */
	struct timer timer;
	struct spinlock arming; /* the timer; never inside `lock` */
	bool gave_way;   /* it was put off once for other timers */
	u64 armed;       /* when the timer is to fire; 0: not armed */

	/* Calls into devices: by one CPU at a time, see console_serve(). */
	bool serving, serve_again;
	bool refused;    /* some port's `refused` is set */

	/* Who has the console: core/console/console_focus.c. */
	struct console_port *focus;  /* gets the input; NULL: nobody yet */
	struct console_port *chosen; /* by the operator; NULL: not yet */
	struct console_port *before; /* chosen when the shell was chosen */
	struct console_port *told;   /* the focus that was last announced */
	bool escaped;                /* the last byte was the escape key */
	struct thread *shell;        /* reads the shell's input */
	bool wake_shell;
	struct console_input typed[CONSOLE_PORTS];
};

extern struct console console;

u64 console_lock(void);
void console_unlock(u64 flags);

/* console_direct - send a byte of `p` past the rings if that keeps the order. Lock held. */
bool console_direct(struct console_port *p, u8 c, u64 now);
/*
 * console_push - move what may go to the UART, at most a burst unless the console is still
 * synchronous. Lock held. Returns when to be called again (console_rearm), ~0: never.
 */
u64 console_push(void);
/* console_rearm - have the timer fire at `at`, no console lock held. */
void console_rearm(u64 at);
/* console_soon - have console_serve() called in a moment from a context without locks. */
void console_soon(void);
/* console_say - as console_log(), lock held; the caller pushes. */
void console_say(const char *text);
/* console_refocus - after a change of ports that live: who has the input now. Lock held. */
void console_refocus(void);
/* console_announce - tell the operator if the focus has changed. Thread context, no lock held. */
void console_announce(void);
/* console_key - one byte from the operator. Lock held. */
void console_key(u8 key);
/* console_may_receive - the next byte typed has a place to go. Lock held. */
bool console_may_receive(void);
/* console_taken - bytes of an input ring have been taken: receive again. Lock held. */
void console_taken(struct console_input *in, u32 n);
/* console_input_of - the ring of a port, NULL: of nobody. */
struct console_input *console_input_of(const struct console_port *p);

static inline u32 input_used(const struct console_input *in)
{
	return in->head - in->tail;
}

/* input_copy - the oldest bytes, at most `n`, without taking them; returns how many. */
static inline u32 input_copy(const struct console_input *in, void *to, u32 n)
{
	n = MIN(n, input_used(in));
	for (u32 i = 0; i < n; i++) {
		((u8 *)to)[i] = in->buf[(in->tail + i) % CONSOLE_INPUT];
	}
	return n;
}

/* console_kept_make - a place for what a VM says, for good: 0, -ENOMEM. console_kept_put: lock held. */
int console_kept_make(const struct vm *vm) __must_check;
void console_kept_put(const struct vm *vm, u8 c);

/* console_serve - hand input to, and report room to devices. No lock held. */
void console_serve(void);

#endif
