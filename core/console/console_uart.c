/* SPDX-License-Identifier: Apache-2.0 */
/* The UART drivers of this build, registered by UART() in one linker section; which is the console. */
#include <errno.h>
#include <string.h>
#include "arch/arch.h"
#include "core/base/log.h"
#include "core/board.h"
#include "core/config/value.h"
#include "core/console/console.h"
#include "core/console/console_state.h"

extern const struct uart_ops *const __start_quoin_uarts[] __attribute__((weak));
extern const struct uart_ops *const __stop_quoin_uarts[] __attribute__((weak));

static const struct uart_ops *uart_at(size_t i)
{
	return i < (size_t)(__stop_quoin_uarts - __start_quoin_uarts) ? __start_quoin_uarts[i] : NULL;
}

const struct uart_ops *uart_by_compatible(const char *compatible)
{
	const struct uart_ops *u;

	for (size_t i = 0; (u = uart_at(i)) != NULL; i++) {
		for (const char *const *c = u->compatible; *c != NULL; c++) {
			if (strcmp(*c, compatible) == 0) {
				return u;
			}
		}
	}
	return NULL;
}

const struct uart_ops *uart_by_early_name(const char *name)
{
	const struct uart_ops *u;

	for (size_t i = 0; (u = uart_at(i)) != NULL; i++) {
		if (strcmp(u->early_name, name) == 0) {
			return u;
		}
	}
	return NULL;
}

/* ---- Whether one is there and runs: its clock may be off, its address wrong */

#define NO_ROOM 4000000U /* looks at a UART that takes no byte */
#define NOISE 2048       /* bytes of all zeros or all ones in a row: more than any FIFO has */

struct candidate {
	const struct uart_ops *ops;
	pa_t base;
	const struct board_uart *u;
	const char *why; /* it is not used */
	int typed;       /* -1, or what it had received */
};

/* In arch_try(). What cannot be told from a UART that works, lost writes, does no harm. */
static int try_uart(void *arg)
{
	struct candidate *c = arg;
	u32 n = 0;

	if (c->ops->init(c->base, c->u) != 0) {
		c->why = "its registers do not keep what is written";
		return -EIO;
	}
	while (n < NOISE && ((c->typed = c->ops->getc(c->base)) == 0 || c->typed == 0xff)) {
		n++;
	}
	if (n == NOISE) {
		c->why = "it receives without end";
		return -EIO;
	}
	for (n = 0; !c->ops->putc(c->base, '\r'); n++) {
		if (n == NO_ROOM) {
			c->why = "it takes no byte";
			return -EIO;
		}
	}
	return 0;
}

static int open_uart(const struct uart_ops *ops, pa_t base, u64 size, const struct board_uart *u)
{
	struct candidate c = { ops, base, u, "an access is aborted", -1 };
	pa_t page = ALIGN_DOWN(base, PAGE_SIZE);
	int err = arch_map(page, ALIGN_UP(base + size, PAGE_SIZE) - page, MAP_DEVICE);

	if (err == 0 || err == -EEXIST) {
		err = arch_try(try_uart, &c);
	}
	if (err == 0) {
		console.early = c.typed > 0 ? (u16)(0x100 | c.typed) : 0;
		console_use(ops, base, u != NULL ? u->irq.intid : 0);
	} else {
		log_warn("UART at 0x%lx does not answer (%s), not used: is its clock on?", base, c.why);
	}
	return err;
}

int console_early(const char *spec)
{
	struct slice at = { spec, strcspn(spec, " ") };
	struct slice driver = slice_cut(&at, ',');
	const struct uart_ops *ops;
	char name[16];
	u64 base;

	if (driver.n >= sizeof(name) || value_number(at, &base) != VALUE_OK) {
		return -EINVAL;
	}
	memcpy(name, driver.s, driver.n);
	name[driver.n] = '\0';
	ops = uart_by_early_name(name);
	return ops != NULL ? open_uart(ops, base, PAGE_SIZE, NULL) : -ENODEV;
}

/* The driver for the first of a UART's compatible strings that has one. */
static const struct uart_ops *driver_for(const struct board_uart *u)
{
	const char *s = u->compatible, *end = s + u->compatible_len;

	while (s < end) {
		const struct uart_ops *ops = uart_by_compatible(s);

		if (ops != NULL) {
			return ops;
		}
		s += strlen(s) + 1;
	}
	return NULL;
}

bool console_knows(const struct board_uart *u)
{
	return driver_for(u) != NULL;
}

static u64 given_up; /* of a board's UARTs */
static const struct board *board;

static bool console_may_use(const struct board_uart *u)
{
	return driver_for(u) != NULL && (given_up >> (u - board->uart) & 1) == 0;
}

int console_init(const struct board *b)
{
	const struct board_uart *u;

	board = b;
	while ((u = board_console(b, console_may_use)) != NULL) {
		if (console.uart != NULL && console.base == u->regs.start) {
			console.intid = u->irq.intid;
			return 0;
		}
		if (open_uart(driver_for(u), u->regs.start, u->regs.size, u) == 0) {
			return 0;
		}
		given_up |= 1UL << (u - b->uart);
	}
	return -ENODEV;
}
