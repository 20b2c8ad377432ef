/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who has the console: the escape key, the operator's choice, what was typed for whom, the shell's
 * side. A byte belongs to the one who had the focus when it was typed.
 */
#include <string.h>
#include "core/base/fmt.h"
#include "core/console/console.h"
#include "core/console/console_state.h"
#include "core/vm.h"

#define NEWS 128

static u8 shell_ring[CONSOLE_SHELL_RING];
static int escape_key = CONSOLE_ESCAPE;

static struct console_port *port_at(u32 i)
{
	return &console.mux.port[i];
}

void console_set_escape(int key)
{
	escape_key = key;
}

/* ---- Input rings */

struct console_input *console_input_of(const struct console_port *p)
{
	return &console.typed[p != NULL ? p - console.mux.port : 1];
}

/* The receive interrupt, off while what is typed has no place to go. */
static void receive_on(bool on)
{
	struct console *c = &console;

	if (c->rx_off == on && c->uart != NULL) {
		c->rx_off = !on;
		c->uart->irq_mask(c->base, on, c->tx_on);
	}
}

/*
 * With the ring full the sender has to wait, as long as that can be hoped to end: the operator must
 * be able to escape from a guest that does not read.
 */
bool console_may_receive(void)
{
	struct console *c = &console;

	if (c->deaf || input_used(console_input_of(c->focus)) != CONSOLE_INPUT) {
		return true;
	}
	if (!c->rx_off) {
		c->full_at = counter_now();
		receive_on(false);
	}
	if (counter_now() - c->full_at < ns_to_counter(CONSOLE_FULL_NS)) {
		return false;
	}
	c->deaf = true;
	receive_on(true);
	console_say("console input is not read, what is typed now is lost");
	return true;
}

void console_taken(struct console_input *in, u32 n)
{
	in->tail += n;
	if (n != 0 && in == console_input_of(console.focus)) {
		console.deaf = false;
		receive_on(true);
	}
}

static void store(u8 byte)
{
	struct console_port *p = console.focus;
	struct console_input *in = console_input_of(p);

	if (p != NULL && !p->live) {
		return;
	}
	if (input_used(in) != CONSOLE_INPUT) {
		in->buf[in->head++ % CONSOLE_INPUT] = byte;
	}
	if (p != NULL) {
		p->eager = true;
	}
	console.wake_shell |= p == port_at(CONSOLE_SHELL);
}

/* ---- The choice */

/* A device of the port, or the shell, takes input. */
static bool takes_input(const struct console_port *p)
{
	bool in = p == port_at(CONSOLE_SHELL) && console.shell != NULL;

	for (u32 i = 0; i < CONSOLE_PORT_DEVICES; i++) {
		in |= p->end[i].dev != NULL && p->end[i].in;
	}
	return p->used && p->live && in;
}

/* The operator's choice while it lives, else the first VM that does and listens, else it stays. */
static struct console_port *choose(void)
{
	struct console *c = &console;
	struct console_port *mute = NULL;

	if (c->chosen != NULL && c->chosen->live) {
		return c->chosen;
	}
	for (u32 i = 1; i <= CONSOLE_VMS; i++) {
		if (takes_input(port_at(i))) {
			return port_at(i);
		}
		if (mute == NULL && port_at(i)->used && port_at(i)->live) {
			mute = port_at(i);
		}
	}
	return mute != NULL ? mute : c->focus;
}

void console_refocus(void)
{
	struct console *c = &console;
	struct console_port *focus = choose();

	if (focus != c->focus) {
		c->focus = focus;
		c->deaf = false;
		receive_on(true);
	}
	/* What the dead have left to say comes out as they lived. */
	for (u32 i = 1; i < CONSOLE_PORTS; i++) {
		struct console_port *p = port_at(i);

		if (p->live) {
			p->raw = p == focus && (p == c->chosen || !c->mux.multi);
			p->filter = p != focus;
			p->eager &= p == focus;
		}
	}
}

/* ---- What the operator is told */

static const char *name_of(const struct console_port *p)
{
	return p == port_at(CONSOLE_SHELL) ? "the monitor's shell" : p != NULL ? p->name : "nobody";
}

/* Is the focus news? It is told from now on. Lock held. */
static bool is_news(bool *first)
{
	struct console *c = &console;
	bool news = c->focus != c->told && c->focus != NULL && takes_input(c->focus) &&
		    (escape_key >= 0 || c->mux.multi);

	*first = c->told == NULL && escape_key >= 0;
	c->told = news ? c->focus : c->told;
	return news;
}

static void make_news(char line[NEWS], const struct console_port *focus, bool first)
{
	size_t n = fmt_str(line, NEWS, "console input goes to %s", name_of(focus));

	if (first) {
		fmt_str(line + n, NEWS - n, "; Ctrl-%c m is the monitor's shell, Ctrl-%c ? helps",
			escape_key + '@', escape_key + '@');
	}
}

static void announce(void)
{
	char line[NEWS];
	bool first;

	if (is_news(&first)) {
		make_news(line, console.focus, first);
		console_say(line);
	}
}

/* Interrupts are on while the line is made. */
void console_announce(void)
{
	u64 flags = console_lock();
	bool first, news = is_news(&first);
	const struct console_port *focus = console.focus;
	char line[NEWS];

	console_unlock(flags);
	if (news) {
		make_news(line, focus, first);
		console_log(line);
	}
}

static void help(void)
{
	char line[128];

	fmt_str(line, sizeof(line), "Ctrl-%c then 1-8: that VM, n: the next, m: the shell, "
		"Ctrl-%c: itself; input goes to %s", escape_key + '@', escape_key + '@', name_of(console.focus));
	console_say(line);
}

/* ---- The escape key */

static void give(struct console_port *p)
{
	if (p == port_at(CONSOLE_SHELL) && console.chosen != p) {
		console.before = console.chosen;
	}
	console.chosen = p;
	console.mux.open_at -= console.mux.close; /* no need to wait for the end of an unfinished line */
	console.told = p == console.focus ? NULL : console.told;
	console_refocus();
	console.told = console.told == NULL ? port_at(0) : console.told; /* the long form only once */
	announce();
}

static struct console_port *next_vm(void)
{
	u32 at = console.focus != NULL ? (u32)(console.focus - console.mux.port) : 0;

	for (u32 i = 0; i < CONSOLE_VMS; i++) {
		struct console_port *p = port_at(1 + (at + i) % CONSOLE_VMS);

		if (p->used && p->live) {
			return p;
		}
	}
	return NULL;
}

static void command(u8 key)
{
	struct console_port *to = NULL;

	if (key >= '1' && key < '1' + CONSOLE_VMS) {
		to = port_at(key - '0');
	} else if (key == 'n') {
		to = next_vm();
	} else if (key == 'm' && console.shell != NULL) {
		to = port_at(CONSOLE_SHELL);
	} else if (key != 'm') {
		help();
		return;
	}
	if (to == NULL || !to->used || !to->live) {
		console_say(key == 'm' ? "there is no shell" : "no such VM is on the console");
	} else {
		give(to);
	}
}

void console_key(u8 key)
{
	struct console *c = &console;

	if (key == escape_key && !c->escaped) {
		c->escaped = true;
		return;
	}
	if (c->escaped && key != escape_key) {
		command(key);
	} else {
		store(key);
	}
	c->escaped = false;
}

/* ---- The monitor's side */

void console_shell_open(struct thread *t)
{
	u64 flags = console_lock();
	struct console_port *p = port_at(CONSOLE_SHELL);

	p->buf = shell_ring;
	p->size = CONSOLE_SHELL_RING;
	p->used = true;
	p->live = true;
	console.shell = t;
	console_refocus();
	console_unlock(flags);
}

void console_focus(struct vm *vm)
{
	u64 flags = console_lock();
	u64 again;

	if (vm == NULL && console.shell == NULL) {
		console.chosen = port_at(CONSOLE_SHELL); /* has it when it is opened */
	} else if (vm == NULL) {
		give(port_at(CONSOLE_SHELL));
	} else if (vm->console != NULL) {
		give(vm->console);
	}
	again = console_push();
	console_unlock(flags);
	console_rearm(again);
}

bool console_at_shell(void)
{
	return READ_ONCE(console.focus) == port_at(CONSOLE_SHELL);
}

void console_leave_shell(void)
{
	u64 flags = console_lock();
	u64 again;

	give(console.before != NULL && console.before->live ? console.before : NULL);
	again = console_push();
	console_unlock(flags);
	console_rearm(again);
}

struct vm *console_focused(void)
{
	const struct console_port *p = READ_ONCE(console.focus);

	return p != NULL ? p->vm : NULL;
}

size_t console_shell_read(char *buf, size_t n)
{
	struct console *c = &console;
	struct console_input *in = &c->typed[CONSOLE_SHELL];

	for (;;) {
		u64 flags = console_lock();
		u32 got;

		got = input_copy(in, buf, (u32)MIN(n, (size_t)CONSOLE_INPUT));
		console_taken(in, got);
		console_unlock(flags);
		if (got != 0) {
			return got;
		}
		thread_block();
	}
}

void console_shell_write(const char *text, size_t n)
{
	struct console *c = &console;
	struct console_port *p = port_at(CONSOLE_SHELL);

	while (n != 0) {
		u64 flags = console_lock();
		u64 again;

		for (; n != 0 && port_room(p) != 0; n--) {
			mux_put(&c->mux, p, (u8)*text++, counter_now());
		}
		again = c->tx_on ? ~0UL : console_push();
		p->refused |= n != 0;
		c->refused |= n != 0;
		console_unlock(flags);
		console_rearm(again);
		if (n != 0) {
			thread_block();
		}
	}
}
