/* SPDX-License-Identifier: Apache-2.0 */
/* The VMs' side of the console: ports, the devices on them, input and the news of room. */
#include <errno.h>
#include <string.h>
#include "core/base/fmt.h"
#include "core/console.h"
#include "core/console_state.h"
#include "core/base/memory.h"
#include "core/vm.h"

#define SERVE_BYTES 64 /* input handed over per call */

/* ---- Ports */

/* The port of a VM stands at its number, so that input goes by the order of the start script. */
static struct console_port *slot_of(const struct vm *vm)
{
	return &console.mux.port[1 + vm->id % CONSOLE_VMS];
}

static void open_port(struct console_port *p, const char *name)
{
	u32 used = 0;

	p->waiting = 0;
	p->refused = false;
	fmt_str(p->name, sizeof(p->name), "%s", name);
	p->live = true;
	p->used = true;
	for (u32 i = 1; i <= CONSOLE_VMS; i++) {
		used += console.mux.port[i].used;
	}
	console.mux.multi |= used > 1;
}

/*
 * A ring stays with its slot for good: what a VM has left to say is shown after its end, and VMs
 * come and go while slots do not grow.
 */
static struct console_port *make_port(struct vm *vm)
{
	struct console_port *p = slot_of(vm);
	u64 flags;

	if (p->buf == NULL) {
		p->buf = mem_alloc(CONSOLE_RING);
		p->size = CONSOLE_RING;
	}
	if (p->buf == NULL) {
		return NULL;
	}
	flags = console_lock();
	open_port(p, vm->cfg->name);
	p->vm = vm;
	vm->console = p;
	console_unlock(flags);
	return p;
}

int console_attach(struct vdev *d, bool in, bool out)
{
	struct console_port *p = d->vm->console;
	u64 flags;
	int err = -ENOSPC;

	if (p == NULL) {
		p = make_port(d->vm);
		if (p == NULL) {
			return -ENOMEM;
		}
	}
	flags = console_lock();
	for (u32 i = 0; i < CONSOLE_PORT_DEVICES && err != 0; i++) {
		if (p->dev[i] == NULL || p->dev[i] == d) {
			p->in[i] = in || (p->dev[i] == d && p->in[i]);
			p->dev[i] = d;
			d->backend = out ? p : d->backend;
			err = 0;
		}
	}
	console_refocus();
	console_unlock(flags);
	return err;
}

static bool remove_device(struct console_port *p, const struct vdev *d)
{
	u32 i = 0;

	while (i < CONSOLE_PORT_DEVICES && p->dev[i] != d) {
		i++;
	}
	if (i == CONSOLE_PORT_DEVICES) {
		return false;
	}
	/* The others keep their order: the first that takes input has it. */
	for (; i + 1 < CONSOLE_PORT_DEVICES; i++) {
		p->dev[i] = p->dev[i + 1];
		p->in[i] = p->in[i + 1];
	}
	p->dev[i] = NULL;
	return true;
}

void console_detach(struct vdev *d)
{
	struct console_port *p = d->vm->console;
	bool called = true;

	if (p == NULL) {
		return;
	}
	/* A call into the device may be on its way: it is short, and no new one can start. */
	while (called) {
		u64 flags = console_lock();

		if (remove_device(p, d) && p->dev[0] == NULL) {
			p->live = false;
			d->vm->console = NULL;
		}
		console_refocus();
		d->backend = NULL;
		called = console.serving;
		console_unlock(flags);
		cpu_relax();
	}
	console_soon();
}

static void set_live(struct vm *vm, bool live)
{
	struct console_port *p = vm->console;
	u64 flags;

	if (p == NULL) {
		return;
	}
	flags = console_lock();
	p->live = live;
	if (!live) {
		console_taken(console_input_of(p), input_used(console_input_of(p)));
	}
	console_refocus();
	console_announce();
	console_unlock(flags);
	console_soon();
}

void console_vm_end(struct vm *vm)
{
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
	struct console_port *p = d->backend;
	u64 flags, now, again = ~0UL;
	bool room;

	if (p == NULL) {
		return true; /* connected to nothing: gone */
	}
	flags = console_lock();
	now = counter_now();
	if (console_direct(p, c, now)) {
		console_unlock(flags);
		return true;
	}
	room = port_room(p) != 0;
	if (room) {
		mux_put(&console.mux, p, c, now);
		again = console.tx_on ? ~0UL : console_push();
	} else {
		p->refused = true;
		console.refused = true;
	}
	console_unlock(flags);
	console_rearm(again);
	return room;
}

bool vdev_output_full(struct vdev *d)
{
	struct console_port *p = d->backend;

	return p != NULL && port_room(p) == 0;
}

void vdev_input_more(struct vdev *d)
{
	if (d->starved) {
		d->starved = false;
		console_soon();
	}
}

/* ---- Calls into devices */

/* Where a port's input goes: its first device that takes it. Lock held. */
static struct vdev *input_device(const struct console_port *p)
{
	for (u32 k = 0; p->live && k < CONSOLE_PORT_DEVICES; k++) {
		if (p->dev[k] != NULL && p->in[k]) {
			return p->dev[k];
		}
	}
	return NULL;
}

/* One piece of input; false when there is none, or it is not taken. Lock held, given up meanwhile. */
static bool hand_over_input(const struct console_port *p, u64 *flags)
{
	struct vdev *d = input_device(p);
	struct console_input *in = console_input_of(p);
	u8 piece[16];
	u32 n = d != NULL ? input_copy(in, piece, sizeof(piece)) : 0, taken;

	if (n == 0) {
		return false;
	}
	console_unlock(*flags);
	taken = vdev_input(d, piece, n);
	*flags = console_lock();
	console_taken(in, taken);
	return taken == n;
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
			struct vdev *d = p->dev[k];

			if (d != NULL) {
				console_unlock(*flags);
				vdev_output_ready(d);
				*flags = console_lock();
			}
		}
	}
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
	for (u32 i = 1; i <= CONSOLE_VMS; i++) {
		for (u32 n = 0; n < SERVE_BYTES / 16 && hand_over_input(&c->mux.port[i], &flags); n++) {
			again |= n + 1 == SERVE_BYTES / 16;
		}
	}
	again |= c->serve_again;
	c->serving = false;
	shell = c->wake_shell ? c->shell : NULL;
	c->wake_shell = false;
	console_unlock(flags);
	if (shell != NULL) {
		thread_wake(shell);
	}
	if (again) {
		console_soon();
	}
}
