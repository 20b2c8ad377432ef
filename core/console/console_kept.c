/* SPDX-License-Identifier: Apache-2.0 */
/* Output that is not for the console, `hostdev >NAME`: its end is kept in memory, a ring per VM. */
#include <errno.h>
#include "core/base/memory.h"
#include "core/console/console.h"
#include "core/console/console_state.h"
#include "core/vm.h"

#define RING 4096

static struct {
	u8 *buf;
	u32 head; /* free running */
} kept[CONSOLE_VMS];

int console_kept_make(const struct vm *vm)
{
	u8 **buf = &kept[vm->id % CONSOLE_VMS].buf;

	/* It stays with the VM's number, as it is read after its end. */
	if (*buf == NULL) {
		*buf = mem_alloc(RING);
	}
	return *buf != NULL ? 0 : -ENOMEM;
}

void console_kept_put(const struct vm *vm, u8 c)
{
	u32 i = vm->id % CONSOLE_VMS;

	kept[i].buf[kept[i].head++ % RING] = c;
}

size_t console_kept_read(const struct vm *vm, u32 *from, char *buf, size_t n)
{
	u32 i = vm->id % CONSOLE_VMS;
	u64 flags = console_lock();
	u32 head = kept[i].head, done = 0;

	if (head - *from > RING) {
		*from = head > RING ? head - RING : 0;
	}
	while (done < n && *from != head) {
		u8 c = kept[i].buf[(*from)++ % RING];

		if (c != '\r') {
			buf[done++] = (char)((c >= ' ' && c != 0x7f) || c == '\t' || c == '\n' ? c : '.');
		}
	}
	console_unlock(flags);
	return done;
}
