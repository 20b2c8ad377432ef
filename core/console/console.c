/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The physical console: its UART, its contexts, the monitor's own lines.
 *
 * Invariants
 * 1. Devices are called (console_serve) with no lock held; they call in here with theirs held.
 * 2. The timer is armed with no console lock held: the scheduler's locks rank before this one.
 * 3. After console_start() no one waits for the UART but console_flush() and panic.
 */
#include <string.h>
#include "arch/arch.h"
#include "core/base/fmt.h"
#include "core/console/console.h"
#include "core/console/console_state.h"

#define BURST 4                 /* bytes sent per call: interrupts are masked, somebody may wait for them */
#define GIVE_WAY_NS 5000UL
#define BURST_NS 25000UL        /* and at most one call in so long: guests have the CPU between two */
#define LINE 280                /* a line of the monitor with what is put around it */
#define RECEIVE 32              /* bytes received per call: what UART FIFOs hold */
#define POLL_NS 1000000UL       /* a UART without interrupt, while bytes move */
#define POLL_INPUT_NS 10000000UL /* and while none do */
#define STUCK_SPINS 4000000U    /* a UART that takes no byte for this long is given up */
#define STALLED_OUT_NS 10000000000UL /* what a UART does not take for so long is dropped, until it takes some again */
#define STALLED_NS 1000000000UL /* console_flush() gives up on a UART that takes nothing */
#define FLUSH_NS 10000000000UL  /* and on guests that never stop talking */

struct console console;
static u8 log_ring[CONSOLE_LOG_RING];

u64 console_lock(void)
{
	return console.panicking ? irq_save() : spin_lock_irq(&console.lock);
}

void console_unlock(u64 flags)
{
	if (console.panicking) {
		irq_restore(flags);
	} else {
		spin_unlock_irq(&console.lock, flags);
	}
}

/* ---- Output */

/* `wait`: until the UART takes it. One that does not is waited for once, then its bytes are dropped. */
static bool put_held(bool wait)
{
	struct console *c = &console;
	u32 spins = c->stuck ? STUCK_SPINS : 0;

	while (!c->uart->putc(c->base, c->held)) {
		if (!wait) {
			return false;
		}
		if (spins++ >= STUCK_SPINS) {
			c->stuck = true;
			c->dropped++;
			return true;
		}
		cpu_relax();
	}
	c->stuck = false;
	return true;
}

/* Its clock may have gone, or nobody reads at the other end: guests that print are not to wait for it for ever. */
static bool stalled(u64 now)
{
	return console.full_since != 0 && now - console.full_since > ns_to_counter(STALLED_OUT_NS);
}

/* Its interrupt says when it goes on. */
static bool waits(void)
{
	return console.tx_on && !stalled(counter_now());
}

enum sent { SENT_ALL, SENT_SOME, UART_FULL };

/* At most `budget` bytes; *wake as mux_next(). */
static __noinline enum sent send(u32 budget, bool wait, u64 *wake)
{
	struct console *c = &console;
	u64 now = counter_now();

	while (budget-- != 0) {
		if (!c->holding) {
			int next = mux_next(&c->mux, now, wake);

			if (next < 0) {
				return SENT_ALL;
			}
			c->held = (u8)next;
			c->holding = true;
		}
		if (put_held(wait)) {
			c->full_since = 0;
		} else if (c->full_since == 0) {
			c->full_since = MAX(now, 1UL);
			return UART_FULL;
		} else if (!stalled(now)) {
			return UART_FULL;
		} else {
			c->dropped++;
		}
		c->holding = false;
	}
	return SENT_SOME;
}

/* The monitor's own port; made on first use, so that lines before console_init() are kept. */
static struct console_port *log_port(void)
{
	struct console_port *p = &console.mux.port[0];

	if (p->buf == NULL) {
		p->buf = log_ring;
		p->size = CONSOLE_LOG_RING;
		p->used = true;
		p->live = true;
	}
	return p;
}

static void report_lost(void)
{
	struct console *c = &console;
	struct console_port *p = &c->mux.port[0];
	char line[48];
	size_t n;

	if (c->dropped != 0 && !c->stuck && c->full_since == 0 && port_room(p) >= sizeof(line)) {
		n = fmt_str(line, sizeof(line), "quoin: (%u bytes lost, the UART stood)\r\n", c->dropped);
		mux_put_text(&c->mux, p, line, n, 1, counter_now());
		c->dropped = 0;
	}
	if (c->lost == 0 || port_room(p) < sizeof(line)) {
		return;
	}
	n = fmt_str(line, sizeof(line), "quoin: (%u lines lost)\r\n", c->lost);
	mux_put_text(&c->mux, p, line, n, 1, counter_now());
	c->lost = 0;
}

static void set_tx(bool on)
{
	struct console *c = &console;

	if (c->tx_on != on) {
		c->tx_on = on;
		c->uart->irq_mask(c->base, !c->rx_off, on);
	}
}

/* The shell's line was erased: it draws it again when all is said, or after a while. */
static u64 redraw(bool idle)
{
	struct console *c = &console;
	struct console_port *p = &c->mux.port[CONSOLE_SHELL];
	struct console_input *in = console_input_of(p);
	u64 now = counter_now(), at = c->mux.open_at + c->mux.overdue;

	if (!idle && now < at) {
		return at;
	}
	c->mux.torn = false;
	if (input_used(in) != CONSOLE_INPUT) {
		in->buf[in->head++ % CONSOLE_INPUT] = CONSOLE_REDRAW;
	}
	c->wake_shell = true;
	return now;
}

u64 console_push(void)
{
	struct console *c = &console;
	u64 wake = ~0UL;
	enum sent sent;

	if (c->uart == NULL) {
		return ~0UL;
	}
	if (!c->started || c->panicking) {
		c->mux.all = true;
		(void)send(~0U, true, &wake);
		report_lost();
		(void)send(~0U, true, &wake);
		return ~0UL;
	}
	/* While the UART is full it sets the pace itself. */
	if (counter_now() < c->burst_end && !c->tx_on) {
		return c->burst_end;
	}
	sent = send(BURST, false, &wake);
	c->burst_end = sent == SENT_SOME ? counter_now() + ns_to_counter(BURST_NS) : 0;
	report_lost();
	/* A transmit interrupt is sure to come only from a FIFO that was full. */
	set_tx(sent == UART_FULL);
	c->busy |= c->tx_on;
	if (sent == UART_FULL) {
		wake = MIN(wake, c->full_since + ns_to_counter(STALLED_OUT_NS) + 1);
	}
	if (c->mux.torn && sent != UART_FULL) {
		u64 at = redraw(sent == SENT_ALL);

		wake = MIN(wake, at);
	}
	if (sent == SENT_SOME) {
		return c->burst_end;
	}
	if (c->rx_off) {
		wake = MIN(wake, c->full_at + ns_to_counter(CONSOLE_FULL_NS));
	}
	if (c->intid == 0) {
		wake = MIN(wake, counter_now() + ns_to_counter(c->busy ? POLL_NS : POLL_INPUT_NS));
	}
	return wake;
}

bool console_direct(struct console_port *p, u8 byte, u64 now)
{
	struct console *c = &console;

	if (c->uart == NULL || !c->started || c->holding || !mux_may_pass(&c->mux, p)
	    || !c->uart->putc(c->base, byte)) {
		return false;
	}
	mux_passed(&c->mux, p, byte, now);
	return true;
}

void console_flush(void)
{
	struct console *c = &console;
	u64 start = counter_now(), moved = start;
	bool idle = c->uart == NULL;

	while (!idle && counter_now() - moved < ns_to_counter(STALLED_NS)
	       && counter_now() - start < ns_to_counter(FLUSH_NS)) {
		u64 flags = console_lock();
		u64 wake;

		c->mux.all = true;
		moved = send(BURST, false, &wake) == SENT_SOME ? counter_now() : moved;
		report_lost();
		idle = !c->holding && mux_idle(&c->mux)
			&& (c->uart->busy == NULL || !c->uart->busy(c->base));
		c->mux.all = !c->started;
		console_unlock(flags);
		cpu_relax();
	}
}

/* One call, one line: no line end or cursor movement inside. */
static size_t make_line(char line[LINE], const char *text)
{
	static const char prefix[] = "quoin: ";
	size_t n = sizeof(prefix) - 1;

	memcpy(line, prefix, n);
	for (; *text != '\0' && n < LINE - 2; text++) {
		line[n++] = (u8)*text < ' ' ? ' ' : *text;
	}
	line[n++] = '\r';
	line[n++] = '\n';
	return n;
}

static void put_line(const char *line, size_t n)
{
	struct console_port *p = log_port();

	if (port_room(p) < n) {
		console.lost++;
	} else {
		mux_put_text(&console.mux, p, line, n, 1, counter_now());
	}
}

void console_say(const char *text)
{
	char line[LINE];

	put_line(line, make_line(line, text));
}

void console_log(const char *text)
{
	char line[LINE];
	size_t n = make_line(line, text); /* a thread's interrupts are still on */
	u64 flags = console_lock();
	u64 again;

	put_line(line, n);
	again = waits() ? ~0UL : console_push();
	console_unlock(flags);
	console_rearm(again);
}

void console_panic_mode(void)
{
	console.panicking = true;
	/* Whoever held the lock may have been between two steps: do not trust what was in progress. */
	console.mux.pend_at = console.mux.pend_len;
}

/* ---- Contexts */

/* The lock `arming` keeps two CPUs from arming the timer at once, and in the order of their times. */
void console_rearm(u64 at)
{
	struct console *c = &console;
	u64 flags;
	bool sooner;

	if (at == ~0UL || !c->started || c->panicking) {
		return;
	}
	flags = irq_save();
	if (this_cpu()->timers.next == NULL) {
		irq_restore(flags); /* it says why it does not come up; another CPU's line takes this one along */
		return;
	}
	spin_lock(&c->arming);
	spin_lock(&c->lock);
	sooner = c->armed == 0 || at < c->armed;
	c->armed = sooner ? at : c->armed;
	spin_unlock(&c->lock);
	if (sooner) {
		timer_arm(&c->timer, at);
	}
	spin_unlock(&c->arming);
	irq_restore(flags);
}

void console_soon(void)
{
	console_rearm(counter_now());
}

static void on_timer(struct timer *t)
{
	bool wait = timer_others_due();
	u64 flags = console_lock();
	u64 again;

	(void)t;
	console.armed = 0;
	/* Who else is due may be more important than the next bytes; not twice, or they never go out. */
	console.gave_way = wait && !console.gave_way;
	if (console.gave_way) {
		console_unlock(flags);
		console_rearm(counter_now() + ns_to_counter(GIVE_WAY_NS));
		return;
	}
	if (console.intid == 0 || console.rx_off) {
		console_unlock(flags);
		console_irq();
		return;
	}
	again = waits() ? ~0UL : console_push();
	console_unlock(flags);
	console_serve();
	console_rearm(again);
}

static void receive(void)
{
	struct console *c = &console;

	c->busy = false;
	if (c->early != 0 && console_may_receive()) {
		console_key((u8)c->early);
		c->early = 0;
	}
	for (u32 i = 0; i < RECEIVE; i++) {
		int byte;

		if (!console_may_receive()) {
			return;
		}
		byte = c->uart->getc(c->base);
		if (byte < 0) {
			return;
		}
		console_key((u8)byte);
		c->busy = true;
	}
}

void console_irq(void)
{
	struct console *c = &console;
	u64 flags = console_lock();
	u64 again;

	if (c->uart != NULL) {
		c->uart->irq_ack(c->base);
		receive();
	}
	again = console_push();
	console_unlock(flags);
	console_serve();
	console_rearm(again);
}

void console_start(void)
{
	struct console *c = &console;
	u64 flags = console_lock();

	c->timer.fn = on_timer;
	list_init(&c->timer.link);
	c->mux.quiet = ns_to_counter(CONSOLE_QUIET_NS);
	c->mux.slow = ns_to_counter(CONSOLE_SLOW_NS);
	c->mux.close = ns_to_counter(CONSOLE_CLOSE_NS);
	c->mux.overdue = ns_to_counter(CONSOLE_OVERDUE_NS);
	c->mux.all = false;
	c->started = true;
	if (c->uart != NULL && c->intid != 0) {
		c->uart->irq_mask(c->base, true, false);
	}
	console_unlock(flags);
	if (c->uart != NULL && c->intid == 0) {
		console_soon();
	}
}

u32 console_intid(void)
{
	return console.intid;
}

void console_use(const struct uart_ops *ops, pa_t base, u32 intid)
{
	u64 flags = console_lock();

	console.uart = ops;
	console.base = base;
	console.intid = intid;
	console.holding = false;
	console.tx_on = false;
	console_push();
	console_unlock(flags);
}
