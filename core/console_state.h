/* SPDX-License-Identifier: Apache-2.0 */
/* What core/console.c (hardware, log) and core/console_vm.c (ports of VMs) share. */
#ifndef QUOIN_CORE_CONSOLE_STATE_H
#define QUOIN_CORE_CONSOLE_STATE_H

#include "arch/arch.h"
#include "core/base/lock.h"
#include "core/console_mux.h"
#include "core/sched.h"

#define CONSOLE_INPUT 1024 /* typed ahead of the guest */

struct console {
	struct spinlock lock;
	struct console_mux mux;
	const struct uart_ops *uart; /* NULL: none yet */
	pa_t base;
	u32 intid;
	bool started;    /* nothing waits any more */
	bool panicking;
	bool tx_on;      /* the UART is full: its transmit interrupt, or a poll, goes on */
	bool stuck;      /* the UART took no byte for too long */
	bool busy;       /* bytes moved when it was last polled */
	bool rx_off;     /* the input ring is full: the receive interrupt is masked */
	bool holding;    /* `held` is a byte the UART did not take */
	u8 held;
	u32 lost;        /* lines of the monitor that found no room */
	struct timer timer;
	struct spinlock arming; /* the timer; never inside `lock` */
	u64 armed;       /* when the timer is to fire; 0: not armed */

	/* Calls into devices: by one CPU at a time, see console_serve(). */
	bool serving, serve_again;
	bool refused;    /* some port's `refused` is set */
	u8 in[CONSOLE_INPUT];
	u32 in_head, in_tail;
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
/* console_serve - hand input to, and report room to devices. No lock held. */
void console_serve(void);

#endif
