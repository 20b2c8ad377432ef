/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages of the monitor and of the host tools. On the target they go to the
 * console (core/log.c) and are kept (core/log_ring.c), in the tools to stderr.
 *
 * Rule: nothing a guest does may cause a LOG_ERROR line; guest-caused lines go
 * through log_guest(), which is rate limited per VM.
 */
#ifndef QUOIN_CORE_BASE_LOG_H
#define QUOIN_CORE_BASE_LOG_H

#include "core/base/diag.h"
#include "core/base/types.h"

enum log_level { LOG_FATAL, LOG_INTERNAL, LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG, LOG_VERBOSE };

/* log_print - one line (a newline is added). Any context but with no lock held that the console takes. */
void log_print(enum log_level level, const char *fmt, ...) __printf(2, 3);

#define log_error(...) log_print(LOG_ERROR, __VA_ARGS__)
#define log_warn(...) log_print(LOG_WARN, __VA_ARGS__)
#define log_info(...) log_print(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_print(LOG_DEBUG, __VA_ARGS__)

/*
 * log_keep - keep a line without showing it; what is shown is kept as well. Any context.
 * log_read - the oldest kept line at or behind *from (0: the oldest there is), with the seconds since
 * power-on in front, and *from moved behind it. Its length, below `size`; 0: none yet. Any context.
 */
void log_keep(enum log_level level, const char *line);
size_t log_read(u64 *from, char *line, size_t size);

/* log_line - show and keep a formatted line, whatever its level. As log_print. */
void log_line(enum log_level level, const char *line);

/* log_diag - a diag.emit that logs: errors as errors, all else as warnings. Any context log_print() may be called in. */
void log_diag(struct diag *d, enum diag_kind k, const char *line);

/* log_set_level - lines above this level are kept, but not shown; LOG_INFO at first, each -v is one more. Boot. */
void log_set_level(enum log_level level);

/* log_flush - wait until what was logged has left the machine. Boot or thread context. */
void log_flush(void);

/* panic - print the reason and stop the machine. Only for our own bugs, never for what a guest chose. */
void panic(const char *fmt, ...) __printf(1, 2) __noreturn;
/* panic_hook - called by panic() after the reason, to log registers and the like; NULL: none. */
extern void (*panic_hook)(void);
/* panic_resets - restart the machine after a panic instead of powering it off. */
extern bool panic_resets;

#define BUG_ON(cond) \
	do { \
		if (unlikely(cond)) { \
			panic("BUG at %s:%d: %s", __FILE__, __LINE__, #cond); \
		} \
	} while (0)

#endif
