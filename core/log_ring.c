/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last lines of the log, with their times: for the shell, gdb and a dump of memory. What is
 * kept is at free-running positions [tail, head) of a byte ring, the newest lines displacing whole
 * old ones. A record: its length, its level, the counter's value, the text.
 */
#include <string.h>
#include "arch/arch.h"
#include "core/base/fmt.h"
#include "core/base/lock.h"
#include "core/base/log.h"

#define RING KiB(16)
#define HEAD 10 /* bytes of a record in front of its text */

static struct {
	struct spinlock lock;
	u64 head, tail;
	u8 buf[RING];
} log_ring;

static void copy_in(u64 at, const void *from, size_t n)
{
	size_t first = MIN(n, (size_t)(RING - at % RING));

	memcpy(log_ring.buf + at % RING, from, first);
	memcpy(log_ring.buf, (const u8 *)from + first, n - first);
}

static void copy_out(void *to, u64 at, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		((u8 *)to)[i] = log_ring.buf[(at + i) % RING];
	}
}

void log_keep(enum log_level level, const char *line)
{
	u64 now = counter_now();
	u8 n = (u8)MIN(strlen(line), 255UL), kind = (u8)level;
	u64 flags = spin_lock_irq(&log_ring.lock);

	while (log_ring.head + HEAD + n - log_ring.tail > RING) {
		log_ring.tail += HEAD + (u64)log_ring.buf[log_ring.tail % RING];
	}
	copy_in(log_ring.head, &n, 1);
	copy_in(log_ring.head + 1, &kind, 1);
	copy_in(log_ring.head + 2, &now, sizeof(now));
	copy_in(log_ring.head + HEAD, line, n);
	log_ring.head += HEAD + (u64)n;
	spin_unlock_irq(&log_ring.lock, flags);
}

size_t log_read(u64 *from, char *line, size_t size)
{
	char text[256];
	u64 flags = spin_lock_irq(&log_ring.lock);
	u64 at = MAX(*from, log_ring.tail), when;
	u8 n;

	if (at >= log_ring.head) {
		*from = log_ring.head;
		spin_unlock_irq(&log_ring.lock, flags);
		return 0;
	}
	n = log_ring.buf[at % RING];
	copy_out(&when, at + 2, sizeof(when));
	copy_out(text, at + HEAD, n);
	*from = at + HEAD + n;
	spin_unlock_irq(&log_ring.lock, flags);
	text[n] = '\0';
	for (u32 i = 0; i < n; i++) {
		text[i] = (u8)text[i] < ' ' ? ' ' : text[i];
	}
	when = counter_to_ns(when) / 1000;
	return fmt_str(line, size, "[%5lu.%06lu] %s", when / 1000000, when % 1000000, text);
}
