/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The VMs' side of the console: ports, the devices on them, input and the news of room. One long file: what a port is, and
 * when it goes, is decided under one lock.
 */
#include <errno.h>
#include <string.h>
#include "core/base/fmt.h"
#include "core/console/console.h"
#include "core/console/console_state.h"
#include "core/base/memory.h"
#include "core/shell/shell.h"
#include "core/vm.h"

#define LAST_WORDS 300 /* milliseconds waited for them at most */
#define PIECE 16 /* bytes offered at once, */
#define PIECES 4 /* and how often per call */

/* ---- Ports */

/* The port of a VM stands at its number, so that input goes by the order of the start script. */
static struct console_port *slot_of(const struct vm *vm)
{
	return &console.mux.port[1 + vm->id % CONSOLE_VMS];
}

static void open_port(struct console_port *p, struct vm *vm)
{
	u32 used = 0;

	p->waiting = 0;
	p->refused = false;
	fmt_str(p->name, sizeof(p->name), "%s", vm->cfg->name);
	p->vm = vm;
	p->live = true;
	p->used = true;
	for (u32 i = 1; i <= CONSOLE_VMS; i++) {
		used += console.mux.port[i].used;
	}
	console.mux.multi |= used > 1;
}

/* The device's end, made if it has none; NULL if there are too many. Lock held. */
static struct console_end *end_of(struct vdev *d)
{
	struct console_port *p = slot_of(d->vm);
	struct console_end *e = d->backend;

	for (u32 i = 0; i < CONSOLE_PORT_DEVICES && e == NULL; i++) {
		if (p->end[i].dev == NULL) {
			e = &p->end[i];
			*e = (struct console_end){ .dev = d, .port = p, .held = true };
			d->vm->console = p;
			d->backend = e;
		}
	}
	return e;
}

/*
 * A ring stays with its slot for good: what a VM has left to say is shown after its end, and VMs
 * come and go while slots do not grow.
 */
static int make_ring(struct console_port *p)
{
	if (p->buf == NULL) {
		p->buf = mem_alloc(CONSOLE_RING);
		p->size = CONSOLE_RING;
	}
	return p->buf != NULL ? 0 : -ENOMEM;
}

int console_attach(struct vdev *d, bool in, bool out, u64 batch_ns)
{
	struct console_port *p = slot_of(d->vm);
	struct console_end *e;
	u64 flags;

	if (make_ring(p) != 0) {
		return -ENOMEM;
	}
	flags = console_lock();
	e = end_of(d);
	if (e != NULL) {
		if (!p->live) {
			open_port(p, d->vm);
			p->batch = 0;
		}
		e->in |= in;
		e->out |= out;
		p->batch = MAX(p->batch, ns_to_counter(batch_ns));
		console_refocus();
	}
	console_unlock(flags);
	return e != NULL ? 0 : -ENOSPC;
}

int console_feed(struct vdev *d, const void *data, u64 size)
{
	u64 flags = console_lock();
	struct console_end *e = end_of(d);

	if (e != NULL) {
		e->port->fed = true;
		e->file = data;
		e->size = size;
	}
	console_unlock(flags);
	return e != NULL ? 0 : -ENOSPC;
}

int console_keep(struct vdev *d)
{
	int err = console_kept_make(d->vm);
	struct console_end *e;
	u64 flags;

	if (err != 0) {
		return err;
	}
	flags = console_lock();
	e = end_of(d);
	if (e != NULL) {
		e->kept = true;
	}
	console_unlock(flags);
	return e != NULL ? 0 : -ENOSPC;
}

static bool is_empty(const struct console_port *p)
{
	u32 i = 0;

	while (i < CONSOLE_PORT_DEVICES && p->end[i].dev == NULL) {
		i++;
	}
	return i == CONSOLE_PORT_DEVICES;
}

/* A call into the device may be on its way: it is short, and no new one can start. Thread context. */
static void wait_served(void)
{
	while (READ_ONCE(console.serving)) {
		cpu_relax();
	}
}

void console_detach(struct vdev *d)
{
	u64 flags = console_lock();
	struct console_end *e = d->backend;

	if (e == NULL) {
		console_unlock(flags);
		return;
	}
	e->dev = NULL;
	d->backend = NULL;
	if (is_empty(e->port)) {
		e->port->live = false;
		d->vm->console = NULL;
	}
	console_refocus();
	console_unlock(flags);
	wait_served();
	console_soon();
}

void console_hold(struct vdev *d, bool hold)
{
	u64 flags = console_lock();
	struct console_end *e = d->backend;

	if (e != NULL) {
		e->held = hold;
		e->at = 0;
	}
	console_unlock(flags);
	if (e != NULL && hold) {
		wait_served();
	} else if (e != NULL) {
		console_soon();
	}
}

static void set_live(struct vm *vm, bool live)
{
	struct console_port *p = vm->console;
	u64 flags;

	if (p == NULL || !p->used) {
		return;
	}
	flags = console_lock();
	p->live = live;
	if (!live) {
		console_taken(console_input_of(p), input_used(console_input_of(p)));
	}
	console_refocus();
	console_unlock(flags);
	console_announce();
	console_soon();
}

void console_vm_end(struct vm *vm)
{
	const struct console_port *p = vm->console;

	/* What stands in the FIFOs of its devices, too, unless the UART is stuck. */
	for (u32 i = 0; i < LAST_WORDS && p != NULL && READ_ONCE(p->refused); i++) {
		thread_sleep_until(counter_now() + counter_hz / 1000);
	}
	set_live(vm, false);
}

void console_vm_start(struct vm *vm)
{
	set_live(vm, true);
}

void console_multi(bool on)
{
	u64 flags = console_lock();

	console.mux.multi = on;
	console_refocus();
	console_unlock(flags);
}

/* ---- Output of devices. The device's lock is held. */

bool vdev_putc(struct vdev *d, u8 c)
{
	struct console_end *e = d->backend;
	struct console_port *p;
	u64 flags, now, again = ~0UL;
	bool taken = true;

	if (e == NULL) {
		return true; /* connected to nothing: gone */
	}
	p = e->port;
	flags = console_lock();
	now = counter_now();
	if (e->out && !console_direct(p, c, now)) {
		taken = port_room(p) != 0;
		if (taken) {
			mux_put(&console.mux, p, c, now);
			again = console.tx_on ? ~0UL : console_push();
		} else {
			p->refused = true;
			console.refused = true;
		}
	}
	if (taken && e->kept) {
		console_kept_put(d->vm, c);
	}
	console_unlock(flags);
	console_rearm(again);
	return taken;
}

u32 vdev_write(struct vdev *d, const u8 *bytes, u32 n)
{
	struct console_end *e = d->backend;
	u64 flags, again = ~0UL;
	u32 done = n, lines = 0;

	if (e == NULL || n == 0) {
		return n;
	}
	flags = console_lock();
	if (e->out) {
		done = MIN(n, port_room(e->port));
		for (u32 i = 0; i < done; i++) {
			lines += bytes[i] == '\n';
		}
	}
	if (e->out && done != 0) {
		mux_put_text(&console.mux, e->port, (const char *)bytes, done, lines, counter_now());
		again = console.tx_on ? ~0UL : console_push();
	}
	for (u32 i = 0; e->kept && i < done; i++) {
		console_kept_put(d->vm, bytes[i]);
	}
	e->port->refused |= done != n;
	console.refused |= done != n;
	console_unlock(flags);
	console_rearm(again);
	return done;
}

bool vdev_output_full(struct vdev *d)
{
	struct console_end *e = d->backend;

	return e != NULL && e->out && port_room(e->port) == 0;
}

void vdev_input_more(struct vdev *d)
{
	if (d->starved) {
		d->starved = false;
		console_soon();
	}
}

/* ---- Calls into devices */

/* Where what is typed for a port goes: its first device that takes it. Lock held. */
static struct console_end *input_end(struct console_port *p)
{
	for (u32 k = 0; p->live && k < CONSOLE_PORT_DEVICES; k++) {
		if (p->end[k].dev != NULL && p->end[k].in) {
			return p->end[k].held ? NULL : &p->end[k];
		}
	}
	return NULL;
}

/* Some bytes for the device; how many it took. Lock held, given up meanwhile. */
static u32 offer(struct console_end *e, const u8 *bytes, u32 n, u64 *flags)
{
	struct vdev *d = e->dev;
	u32 taken;

	console_unlock(*flags);
	taken = vdev_input(d, bytes, n);
	*flags = console_lock();
	return taken;
}

/* One piece of what was typed; false when there is none, or it is not taken. Lock as offer(). */
static bool hand_over_typed(struct console_port *p, u64 *flags)
{
	struct console_end *e = input_end(p);
	struct console_input *in = console_input_of(p);
	u8 piece[PIECE];
	u32 n = e != NULL ? input_copy(in, piece, sizeof(piece)) : 0, taken;

	if (n == 0) {
		return false;
	}
	taken = offer(e, piece, n, flags);
	console_taken(in, taken);
	return taken == n;
}

/* The same out of a file. */
static bool hand_over_file(struct console_end *e, u64 *flags)
{
	u32 n = e->dev != NULL && !e->held ? (u32)MIN(e->size - e->at, (u64)PIECE) : 0, taken;

	if (n == 0) {
		return false;
	}
	taken = offer(e, e->file + e->at, n, flags);
	e->at += taken;
	return taken == n;
}

/* True if there is more than one call hands over. */
static bool hand_over(struct console_port *p, u64 *flags)
{
	bool more = true;
	u32 n;

	for (n = 0; n < PIECES && more; n++) {
		more = hand_over_typed(p, flags);
	}
	for (u32 k = 0; k < CONSOLE_PORT_DEVICES; k++) {
		bool file = p->end[k].file != NULL;

		for (n = 0; n < PIECES && file; n++) {
			file = hand_over_file(&p->end[k], flags);
		}
		more |= file;
	}
	return more;
}

/* Tell the devices of ports that were full; there is room for a good part of a FIFO each. */
static void report_room(u64 *flags)
{
	console.refused = false;
	for (u32 i = 1; i < CONSOLE_PORTS; i++) {
		struct console_port *p = &console.mux.port[i];

		console.wake_shell |= i == CONSOLE_SHELL && p->refused;
		if (!p->refused || port_room(p) < p->size / 2) {
			console.refused |= p->refused;
			continue;
		}
		p->refused = false;
		for (u32 k = 0; k < CONSOLE_PORT_DEVICES; k++) {
			struct vdev *d = p->end[k].dev;

			if (d != NULL) {
				console_unlock(*flags);
				vdev_output_ready(d);
				*flags = console_lock();
			}
		}
	}
}

/* Some port has input: asked each time bytes are moved, so without calls. */
static bool some_input(const struct console *c)
{
	u32 some = 0;

	for (u32 i = 1; i <= CONSOLE_VMS; i++) {
		some |= c->mux.port[i].fed | input_used(&c->typed[i]);
	}
	return some != 0;
}

static bool has_input(const struct console_port *p)
{
	return p->fed || input_used(console_input_of(p)) != 0;
}

void console_serve(void)
{
	struct console *c = &console;
	u64 flags = console_lock();
	struct thread *shell;
	bool again = false;

	if (c->serving) {
		c->serve_again = true; /* who serves now looks again */
		console_unlock(flags);
		return;
	}
	c->serving = true;
	c->serve_again = false;
	if (c->refused) {
		report_room(&flags);
	}
	for (u32 i = 1; i <= CONSOLE_VMS && some_input(c); i++) {
		again |= has_input(&c->mux.port[i]) && hand_over(&c->mux.port[i], &flags);
	}
	again |= c->serve_again;
	c->serving = false;
	shell = c->wake_shell ? c->shell : NULL;
	c->wake_shell = false;
	console_unlock(flags);
	if (shell != NULL) {
		thread_wake(shell);
		shell_watch();
	}
	if (again) {
		console_soon();
	}
}
