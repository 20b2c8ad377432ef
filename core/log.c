/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of the monitor: formatted here, kept and sent by core/console/console.c. */
#include "arch/arch.h"
#include "core/base/fmt.h"
#include "core/base/log.h"
#include "core/console/console.h"

static enum log_level max_level = LOG_INFO;
static u32 panics;

void (*panic_hook)(void);
bool panic_resets;

void log_set_level(enum log_level level)
{
	max_level = MIN(level, LOG_VERBOSE);
}

void log_print(enum log_level level, const char *fmt, ...)
{
	char line[256];
	va_list ap;

	va_start(ap, fmt);
	fmt_vstr(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (level <= max_level) {
		log_line(level, line);
	} else {
		log_keep(level, line);
	}
}

void log_line(enum log_level level, const char *line)
{
	/* Who panics may have stopped in the middle of keeping another. */
	if (READ_ONCE(panics) == 0) {
		log_keep(level, line);
	}
	console_log(line);
}

void log_diag(struct diag *d, enum diag_kind k, const char *line)
{
	(void)d;
	log_print(k == DIAG_ERROR ? LOG_ERROR : LOG_WARN, "%s", line);
}

void panic(const char *fmt, ...)
{
	char line[256];
	va_list ap;

	irq_disable();
	/* The first to get here speaks; one that panics while panicking has nothing to add. */
	if (__atomic_fetch_add(&panics, 1, __ATOMIC_ACQ_REL) == 0) {
		console_panic_mode();
		va_start(ap, fmt);
		fmt_vstr(line, sizeof(line), fmt, ap);
		va_end(ap);
		log_print(LOG_FATAL, "panic: %s", line);
		if (panic_hook != NULL) {
			panic_hook();
		}
		console_flush();
	}
	if (panic_resets) {
		arch_system_reset();
	}
	arch_system_off();
}

void log_flush(void)
{
	console_flush();
}
