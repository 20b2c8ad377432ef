/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one physical console, shared by the monitor's log and the VMs' ports.
 *
 * One of them has the focus: what is typed goes to it. Without a choice of the operator (the escape
 * key) it is the first VM that lives. The only VM, or the one the operator has chosen, passes
 * through as it comes; lines of others start only where its line has ended, or has been silent for a
 * while. The others: whole lines, prefixed with the VM's name, control characters shown as dots.
 *
 * The console starts out synchronous (every byte is waited for): boot. From
 * console_start() on nothing waits: the UART's interrupts and a timer move the
 * bytes, in bounded bursts, and a device that finds its port full is told when
 * there is room again.
 */
#ifndef QUOIN_CORE_CONSOLE_H
#define QUOIN_CORE_CONSOLE_H

#include "core/base/types.h"

struct board;
struct board_uart;
struct console_port;
struct thread;
struct uart_ops;
struct vdev;
struct vm;

/*
 * console_early - print on a UART named by `spec`, "pl011,0x9000000" (what follows earlycon=, up to
 * a blank or the end). 0, -EINVAL (no such form), -ENODEV (no such driver), or what arch_map says.
 * What was logged before comes out first. Boot context.
 */
int console_early(const char *spec) __must_check;

/*
 * console_init - take the board's console (stdout-path, or the first UART with a driver). 0, or
 * -ENODEV: then an early console stays, or all output is kept in memory. Boot context.
 */
int console_init(const struct board *b) __must_check;

/* console_knows - there is a driver for this UART; for board_console(). */
bool console_knows(const struct board_uart *u);

/* console_use - take this UART; intid 0: it is polled. Boot context and tests. */
void console_use(const struct uart_ops *ops, pa_t base, u32 intid);

/*
 * console_start - no more waiting for bytes: from now on the UART's interrupt, which must reach
 * console_irq() (level, any CPU), and timers move them. Boot context, once, when the GIC and the
 * scheduler are up.
 */
void console_start(void);
u32 console_intid(void); /* 0: none, it is polled */
/* console_irq - the UART's interrupt. Exit or interrupt context, no lock held. */
void console_irq(void);

/* console_multi - prefix lines with VM names from now on; also done when a second port opens. */
void console_multi(bool on);

/*
 * console_log - a whole line of the monitor, without its end. Any context in which the scheduler's
 * locks are not held. Lines that find no room are counted and reported.
 */
void console_log(const char *text);

/* console_flush - wait until everything has left the UART (at most a few seconds). Thread or boot. */
void console_flush(void);

/* console_panic_mode - from now on print at once, whoever holds the lock. Any context. */
void console_panic_mode(void);

/* console_vm_end - the VM has died: its output is finished, input goes to the next. Thread context. */
void console_vm_end(struct vm *vm);
/* console_vm_start - the VM runs (again): it may have the input. Thread context. */
void console_vm_start(struct vm *vm);

/*
 * What a device is connected to; all add up. 0, -ENOMEM, -ENOSPC. Thread or boot context.
 * console_attach - the port of its VM (made on first use); output is collected for up to batch_ns.
 * console_feed - its input is `data`, from the start after each console_hold().
 * console_keep - its output is kept with that of the VM's others: the last 4 KiB.
 * console_detach - undo all; harmless without. Afterwards the device is called no more.
 * console_hold - no input while `hold`; it is on from the start, until the device has been reset.
 */
int console_attach(struct vdev *d, bool in, bool out, u64 batch_ns) __must_check;
int console_feed(struct vdev *d, const void *data, u64 size) __must_check;
int console_keep(struct vdev *d) __must_check;
void console_detach(struct vdev *d);
void console_hold(struct vdev *d, bool hold);

/*
 * console_kept_read - what the VM's devices said to `hostdev >NAME`, also after its end: at most `n`
 * bytes at or behind *from (0: the oldest there is), which is moved behind them; without carriage
 * returns, other control characters but tab and line feed as dots. How many; 0: there are none yet.
 * Any context.
 */
size_t console_kept_read(const struct vm *vm, u32 *from, char *buf, size_t n);

/* console_set_escape - the key that chooses who has the console, -1: none. Boot context. */
#define CONSOLE_ESCAPE 0x1d /* Ctrl-] */
void console_set_escape(int key);

/*
 * The operator's side. console_focus - input goes to this VM, NULL: to the shell; console_focused - who
 * has it. Without a choice of the operator it is the first VM that lives. Any context but exit.
 */
void console_focus(struct vm *vm);
struct vm *console_focused(void);
bool console_at_shell(void);
/* console_leave_shell - who was chosen before the shell has the focus again, or the first VM. */
void console_leave_shell(void);
/* console_shell_open - `t` is the shell, which can be chosen from now on. Before all that follow. */
void console_shell_open(struct thread *t);
/*
 * console_shell_read - at least one byte that was typed for the shell, at most `n`; blocks until
 * there is one. It gets CONSOLE_REDRAW as if typed when its unfinished line had to be erased because
 * others spoke. console_shell_write - text of the shell, line ends as CR LF; waits for room, and
 * while the shell has not the focus and much has been written. Thread context.
 */
#define CONSOLE_REDRAW 0x0c /* Ctrl-L: draw the prompt and the line anew */
size_t console_shell_read(char *buf, size_t n);
void console_shell_write(const char *text, size_t n);

#endif
